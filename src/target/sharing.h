/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other processes with the address space of a process: children of vfork(), and
 * of clone() with CLONE_VM and without CLONE_THREAD. What stops the threads of
 * a process does not stop these.
 */
#ifndef MMIODBG_TARGET_SHARING_H
#define MMIODBG_TARGET_SHARING_H

#include <sys/types.h>

struct root;

struct sharing {
	const struct root *root;
	pid_t pid;
	/* The rest is its own. */
	char **seen; /* the processes that were looked at, and their number */
	long last;   /* the process or thread that was made last, 0: unknown */
	int errnum;
	pid_t found;
};

/*
 * Looks for one with kcmp(2), which may wait for an exec of any other process
 * to be over. A process that we may not look at is not one: it has other
 * credentials, and so would have to be a child that has changed them before its
 * exec.
 */
void sharing_find(struct sharing *sharing);

/*
 * The same once more, for the processes that were made since: at next to no
 * cost if there are none. 0 and `*ret`, which is 0 if no process shares; or an
 * errno: ENOSYS if the kernel cannot tell.
 */
int sharing_find_new(struct sharing *sharing, pid_t *ret);

#endif
