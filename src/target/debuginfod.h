/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug information from a server, through the tool of elfutils: it speaks to
 * the network, and so it runs as a process of its own.
 */
#ifndef MMIODBG_TARGET_DEBUGINFOD_H
#define MMIODBG_TARGET_DEBUGINFOD_H

#include <stdbool.h>

/* Whether the user has named servers: DEBUGINFOD_URLS. */
bool debuginfod_is_wanted(void);

/*
 * Opens the debug information of a build id (lower-case hexadecimal): what the
 * cache of debuginfod has, else what a server gives. Nothing is done unless
 * DEBUGINFOD_URLS is set, and no server is asked with raised privileges. -1:
 * none; then `*ret_why`, which the caller frees, is why it was not asked or
 * what it said, or NULL.
 */
int debuginfod_fetch(const char *build_id, char **ret_why)
	__attribute__((nonnull, warn_unused_result));

#endif
