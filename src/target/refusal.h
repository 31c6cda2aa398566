/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a process cannot be attached to: the diagnosis of a refusal. */
#ifndef MMIODBG_TARGET_REFUSAL_H
#define MMIODBG_TARGET_REFUSAL_H

#include <sys/types.h>

struct error;
struct root;

/*
 * Why the kernel refused `what` ("opening its memory") with EACCES or EPERM,
 * in the order in which the kernel asks (__ptrace_may_access, kernel/ptrace.c,
 * 6.1): ERROR_DENIED with one cause and what would help. `procfd`: the folder
 * /proc/PID.
 */
struct error *refusal_diagnose(const struct root *root, int procfd, pid_t pid,
			       const char *what, int errnum)
	__attribute__((nonnull, warn_unused_result));

#endif
