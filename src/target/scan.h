/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All processes that we may look at, one session after another. */
#ifndef MMIODBG_TARGET_SCAN_H
#define MMIODBG_TARGET_SCAN_H

#include <stddef.h>

struct error;
struct machine;
struct session;

struct scan_result {
	struct session **sessions; /* those with device mappings */
	size_t count, capacity;
	size_t denied; /* processes that we may not look at */
};

/*
 * Opens a session with each process that has a device mapping. Processes that
 * end meanwhile, and ourselves, are passed over. `stand_in`: as
 * session_create().
 */
struct error *scan_processes(struct machine *machine, const char *stand_in,
			     struct scan_result *ret)
	__attribute__((nonnull(1, 3), warn_unused_result));
void scan_result_deinit(struct scan_result *result);

#endif
