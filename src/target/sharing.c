/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/sharing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/root.h"

/* KCMP_VM of linux/kcmp.h */
enum { COMPARE_VM = 1 };

/* The last field of /proc/loadavg: the number that was given out last. */
static long last_made(const struct root *root)
{
	cleanup_free char *text = file_line(root->fd, "proc/loadavg");
	long last = 0;

	return text && sscanf(text, "%*s %*s %*s %*s %ld", &last) == 1 ? last
								       : 0;
}

static bool shares(pid_t pid, pid_t other)
{
	return syscall(SYS_kcmp, pid, other, COMPARE_VM, 0, 0) == 0;
}

int sharing_find(struct sharing *sharing, pid_t *ret)
{
	cleanup_names char **names = NULL;

	/* Before the list: who comes later makes it another number. */
	sharing->last = last_made(sharing->root);
	if (!shares(sharing->pid, sharing->pid))
		return errno;
	names = folder_names(sharing->root->fd, "proc");
	if (!names)
		return errno;
	*ret = 0;
	for (size_t i = 0; names[i] && !*ret; i++) {
		pid_t pid = (pid_t)atoi(names[i]);

		if (pid > 0 && pid != sharing->pid && shares(sharing->pid, pid))
			*ret = pid;
	}
	return 0;
}

int sharing_find_new(struct sharing *sharing, pid_t *ret)
{
	long last = last_made(sharing->root);

	*ret = 0;
	return last && last == sharing->last ? 0 : sharing_find(sharing, ret);
}
