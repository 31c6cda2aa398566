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
	long last; /* the process or thread that was made last, 0: unknown */
};

/*
 * Looks for one with kcmp(2). 0 and `*ret`, which is 0 if there is none; or an
 * errno: ENOSYS if the kernel cannot tell. A process that we may not look at
 * counts as another one: with other credentials none is made in this way.
 */
int sharing_find(struct sharing *sharing, pid_t *ret);

/* The same once more, at next to no cost if no process was made since. */
int sharing_find_new(struct sharing *sharing, pid_t *ret);

#endif
