/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The build id of a program file, from where a target has it in its memory. */
#ifndef MMIODBG_TARGET_BUILDID_H
#define MMIODBG_TARGET_BUILDID_H

#include <stddef.h>
#include <sys/types.h>

struct module_source;

/*
 * Reads the headers and notes of a module through a live thread of the target:
 * of its memory nothing but what it has mapped of that file, and of a device
 * nothing (remote.h). What stands there may be wrong in any way. NULL: there is
 * none, or no memory. The caller frees.
 */
unsigned char *memory_build_id(pid_t tid, const struct module_source *module,
			       size_t *ret_length)
	__attribute__((nonnull, warn_unused_result));

#endif
