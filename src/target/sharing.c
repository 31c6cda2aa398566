/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/sharing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/root.h"

/* KCMP_VM of linux/kcmp.h */
enum { COMPARE_VM = 1, TRIES = 8 };

/* The last field of /proc/loadavg: the number that was given out last. */
static long last_made(const struct root *root)
{
	cleanup_free char *text = file_line(root->fd, "proc/loadavg");
	long last = 0;

	return text && sscanf(text, "%*s %*s %*s %*s %ld", &last) == 1 ? last
								       : 0;
}

static bool same_space(pid_t pid, pid_t other)
{
	return syscall(SYS_kcmp, pid, other, COMPARE_VM, 0, 0) == 0;
}

/* Those that have none, kernel threads and what is ending, have the same. */
static bool has_space(const struct root *root, pid_t pid)
{
	cleanup_free char *text =
		file_line(root->fd, "proc/%d/statm", (int)pid);

	return text && strncmp(text, "0 ", 2) != 0;
}

/* A thread that still has the address space: a leader that others outlive has
 * none, as kernel threads have none. */
static pid_t live_thread(const struct sharing *sharing)
{
	cleanup_names char **names = folder_names(
		sharing->root->fd, "proc/%d/task", (int)sharing->pid);

	for (size_t i = 0; names && names[i]; i++) {
		cleanup_free char *state =
			stat_field(sharing->root->fd, 3, "proc/%d/task/%s/stat",
				   (int)sharing->pid, names[i]);

		if (state && *state != 'Z' && *state != 'X')
			return (pid_t)atoi(names[i]);
	}
	return sharing->pid;
}

/* Whether a number is in a list that folder_names() has sorted; `*at` is where
 * to go on looking for a larger one. */
static bool is_in(char *const *names, size_t *at, pid_t pid)
{
	while (names && names[*at] && atoi(names[*at]) < pid)
		(*at)++;
	return names && names[*at] && atoi(names[*at]) == pid;
}

void sharing_find(struct sharing *sharing)
{
	cleanup_names char **before = sharing->seen;
	/* With one found, the rest was not looked at. */
	char **known = sharing->found ? NULL : before;
	pid_t own = live_thread(sharing);
	size_t at = 0;

	sharing->seen = NULL;
	/* Before the list: who comes later makes it another number. */
	sharing->last = last_made(sharing->root);
	/* ESRCH: it has ended meanwhile; others may live on. */
	for (int i = 0; !same_space(own, own); i++) {
		sharing->errnum = errno;
		if (errno != ESRCH || i == TRIES)
			return;
		own = live_thread(sharing);
	}
	sharing->errnum = 0;
	sharing->seen = folder_names(sharing->root->fd, "proc");
	if (!sharing->seen) {
		sharing->errnum = errno;
		return;
	}
	sharing->found = 0;
	for (size_t i = 0; sharing->seen[i] && !sharing->found; i++) {
		pid_t pid = (pid_t)atoi(sharing->seen[i]);

		if (pid > 0 && pid != sharing->pid && !is_in(known, &at, pid) &&
		    same_space(own, pid) && has_space(sharing->root, pid))
			sharing->found = pid;
	}
	/* It has ended meanwhile: what was compared then, was not. */
	if (!sharing->found && !same_space(own, own)) {
		sharing->errnum = errno;
		names_free(sharing->seen);
		sharing->seen = NULL;
	}
}

int sharing_find_new(struct sharing *sharing, pid_t *ret)
{
	long last = last_made(sharing->root);

	if (!last || last != sharing->last || sharing->found || sharing->errnum)
		sharing_find(sharing);
	*ret = sharing->found;
	return sharing->errnum;
}
