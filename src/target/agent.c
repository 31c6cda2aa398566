/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/root.h"

/* Linux 5.3; the C library's wrapper is newer than some that we build on. */
int process_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

static int open_folder(int dirfd, const char *path)
{
	return openat(dirfd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The letter of its state; 0 if it cannot be read. */
static char process_state(int procfd)
{
	cleanup_free char *state = stat_field(procfd, 3, "stat");

	return state ? *state : '\0';
}

/* A thread of a process whose leader is a zombie: its folder serves as the
 * process's (KERNEL.md section 2). -1: there is none. */
static int open_live_thread(int procfd)
{
	cleanup_names char **threads = folder_names(procfd, "task");

	for (size_t i = 0; threads && threads[i]; i++) {
		cleanup_free char *path = NULL;
		cleanup_close int fd = -1;
		char state;

		if (asprintf(&path, "task/%s", threads[i]) < 0) {
			path = NULL;
			return -1;
		}
		fd = open_folder(procfd, path);
		state = fd < 0 ? '\0' : process_state(fd);
		if (state && state != 'Z' && state != 'X')
			return steal_fd(&fd);
	}
	return -1;
}

bool agent_has_ended(int pidfd)
{
	struct pollfd poller = {.fd = pidfd, .events = POLLIN};

	return poll(&poller, 1, 0) > 0;
}

int agent_hold(const struct agent *agent, pid_t pid, struct agent_process *ret)
{
	cleanup_close int pidfd = -1, procfd = -1;
	char path[32];
	char state;

	if (pid <= 0)
		return EINVAL;
	if (!agent->root->captured) {
		pidfd = process_pidfd(pid);
		/* ENOSYS: an old kernel; EINVAL, since 6.9 ENOENT: the number
		 * of a thread, which the caller tells apart. */
		if (pidfd < 0 && errno != ENOSYS && errno != EINVAL &&
		    errno != ENOENT)
			return errno;
	}
	snprintf(path, sizeof(path), "proc/%d", (int)pid);
	procfd = open_folder(agent->root->fd, path);
	if (procfd < 0)
		return errno == ENOENT ? ESRCH : errno;
	/* Still there, or a zombie: so the folder is that process's, and not
	 * that of another which has got its number since. */
	state = process_state(procfd);
	if (state != 'Z' && pidfd >= 0 && agent_has_ended(pidfd))
		return ESRCH;
	ret->pid = pid;
	ret->procfd = steal_fd(&procfd);
	ret->pidfd = steal_fd(&pidfd);
	if (state == 'Z' || state == 'X')
		agent_follow(agent, ret);
	return 0;
}

bool agent_follow(const struct agent *agent, struct agent_process *process)
{
	cleanup_close int folder = -1;
	char path[32];
	int thread;

	snprintf(path, sizeof(path), "proc/%d", (int)process->pid);
	folder = open_folder(agent->root->fd, path);
	if (folder < 0 ||
	    (process->pidfd >= 0 && agent_has_ended(process->pidfd)))
		return false;
	thread = open_live_thread(folder);
	if (thread < 0)
		return false;
	close(process->procfd);
	process->procfd = thread;
	return true;
}

void agent_release(struct agent_process *process)
{
	if (process->procfd >= 0)
		close(process->procfd);
	if (process->pidfd >= 0)
		close(process->pidfd);
	process->procfd = process->pidfd = -1;
}

int agent_open(const struct agent *agent, const struct agent_process *process,
	       enum agent_file file, int *ret_fd)
{
	static const struct {
		const char *path;
		int flags;
	} files[] = {
		[AGENT_MAPS] = {"maps", O_RDONLY},
		[AGENT_SMAPS] = {"smaps", O_RDONLY},
		[AGENT_MEMORY] = {"mem", O_RDONLY},
		[AGENT_MEMORY_WRITE] = {"mem", O_RDWR},
	};
	int fd = openat(process->procfd, files[file].path,
			files[file].flags | O_CLOEXEC | O_NOCTTY);

	(void)agent;
	if (fd < 0)
		return errno == ENOENT && file != AGENT_SMAPS ? ESRCH : errno;
	*ret_fd = fd;
	return 0;
}
