/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities, by name, through libcap. */
#ifndef MMIODBG_TARGET_CAPABILITY_H
#define MMIODBG_TARGET_CAPABILITY_H

#include <stdbool.h>

/* Whether we have "cap_sys_ptrace" or the like in effect. */
bool capability_have(const char *name) __attribute__((nonnull));

/* The names of those in `set` (bits as in /proc/PID/status) that we are not
 * permitted: "cap_net_admin, cap_sys_rawio"; NULL if there are none. The
 * caller frees. */
char *capability_missing(unsigned long long set)
	__attribute__((warn_unused_result));

#endif
