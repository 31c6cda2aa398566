/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One mapping, without reading all of them: PROCMAP_QUERY (Linux 6.11,
 * fs/proc/task_mmu.c, do_procmap_query), an ioctl of /proc/PID/maps.
 */
#ifndef MMIODBG_TARGET_MAPQUERY_H
#define MMIODBG_TARGET_MAPQUERY_H

#include <stdbool.h>
#include <stdint.h>

struct mapping;

/*
 * The mapping at `address`, of the process whose maps `fd` is. 0, or an errno:
 * ENOENT, there is none; ENOTTY, the kernel does not have this. `*ret` gets no
 * path and no flags: it is for comparing.
 */
int mapping_query(int fd, uint64_t address, struct mapping *ret)
	__attribute__((nonnull, warn_unused_result));

#endif
