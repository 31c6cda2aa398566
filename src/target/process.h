/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says about a process: who it is, and which one a name means. */
#ifndef MMIODBG_TARGET_PROCESS_H
#define MMIODBG_TARGET_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct error;
struct root;

struct process_status {
	char *name;    /* comm; a target's own choice of bytes */
	char state;    /* R, S, D, T, t, Z, X, I */
	pid_t leader;  /* Tgid */
	pid_t tracer;  /* TracerPid; 0: none */
	uid_t uids[4]; /* real, effective, saved, filesystem */
	gid_t gids[4];
	unsigned long long permitted; /* capabilities */
	bool kernel_thread;
};

/* `procfd`: the folder /proc/PID. False: gone, or not readable. */
bool process_status_read(int procfd, struct process_status *ret)
	__attribute__((nonnull, warn_unused_result));
void process_status_deinit(struct process_status *status);

/*
 * What tells its address space from that of a program that it starts later
 * (exec): where code, data, stack, arguments and environment stand. NULL where
 * that is not to be had. The caller frees.
 */
char *process_space(int procfd) __attribute__((warn_unused_result));

/* Whether there is no address space to look at: the error, else NULL. */
struct error *process_check(pid_t pid, const struct process_status *status)
	__attribute__((nonnull, warn_unused_result));

/*
 * The process that `text` names: a number, or the name of exactly one process
 * (its comm, or the last component of its program's path or first argument).
 */
struct error *process_find(const struct root *root, const char *text,
			   pid_t *ret)
	__attribute__((nonnull, warn_unused_result));

/* All process ids, ascending, ended by 0; the caller frees. NULL: no memory
 * or no /proc. */
pid_t *process_list(const struct root *root)
	__attribute__((nonnull, warn_unused_result));

#define cleanup_process_status cleanup_with(process_status_deinit)

#endif
