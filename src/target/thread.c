/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/root.h"
#include "base/text.h"
#include "target/agent.h"

/* The first line of the file is the thread's name, in which the kernel escapes
 * newlines. */
static uint64_t signals(const char *text, const char *key)
{
	return strtoull(text_after(text, key), NULL, 16);
}

int thread_status_read(int procfd, pid_t tid, struct thread_status *ret)
{
	cleanup_free char *text = file_line(procfd, "task/%d/status", (int)tid);

	if (!text)
		return errno;
	*ret = (struct thread_status){
		.tracer = (pid_t)atoi(text_after(text, "\nTracerPid:")),
		.filtered = atoi(text_after(text, "\nSeccomp:")) != 0,
		.pending =
			signals(text, "\nSigPnd:") | signals(text, "\nShdPnd:"),
		.shared = signals(text, "\nShdPnd:"),
		.blocked = signals(text, "\nSigBlk:"),
		.ignored = signals(text, "\nSigIgn:"),
		.caught = signals(text, "\nSigCgt:"),
	};
	sscanf(text_after(text, "\nState:"), " %c", &ret->state);
	return 0;
}

char thread_state(int procfd, pid_t tid)
{
	cleanup_free char *state =
		stat_field(procfd, 3, "task/%d/stat", (int)tid);

	return state ? *state : '\0';
}

bool thread_call(int procfd, pid_t tid, struct call *ret)
{
	cleanup_free char *text =
		file_line(procfd, "task/%d/syscall", (int)tid);

	if (!text)
		return false;
	errno = EINVAL;
	return call_parse(text, ret);
}

bool thread_is_of(int procfd, pid_t tid)
{
	char path[32];

	snprintf(path, sizeof(path), "task/%d", (int)tid);
	return faccessat(procfd, path, F_OK, 0) == 0;
}

/* Fields of /proc/PID/stat, proc(5). */
enum { FIELD_FLAGS = 9, FIELD_CPU = 39, FIELD_POLICY = 41 };

bool thread_schedule_read(int procfd, pid_t tid, struct thread_schedule *ret)
{
	cleanup_free char *text = file_line(procfd, "task/%d/stat", (int)tid);
	struct thread_schedule schedule = {0};
	char *rest = text ? strrchr(text, ')') : NULL;
	const char *field;

	if (!rest)
		return false;
	for (int i = 2; (field = strsep(&rest, " ")) != NULL; i++) {
		if (i == FIELD_FLAGS)
			schedule.flags = strtoul(field, NULL, 10);
		else if (i == FIELD_CPU)
			schedule.cpu = (unsigned)strtoul(field, NULL, 10);
		else if (i == FIELD_POLICY)
			schedule.policy = (unsigned)strtoul(field, NULL, 10);
	}
	*ret = schedule;
	return true;
}

char *thread_cpus(int procfd, pid_t tid)
{
	cleanup_free char *text = file_line(procfd, "task/%d/status", (int)tid);
	const char *list = text ? text_after(text, "\nCpus_allowed_list:") : "";

	list += strspn(list, " \t");
	return *list ? strndup(list, strcspn(list, "\n")) : NULL;
}

/* PF_IO_WORKER since 5.12, PF_USER_WORKER since 6.4. These bits meant other
 * things before, when such workers were no threads of a process. */
enum { FLAG_IO_WORKER = 0x10, FLAG_USER_WORKER = 0x4000 };

unsigned long thread_worker_flags(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	if (uname(&name) < 0 ||
	    sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return (major > 5 || (major == 5 && minor >= 12) ? FLAG_IO_WORKER : 0) |
	       (major > 6 || (major == 6 && minor >= 4) ? FLAG_USER_WORKER : 0);
}

/* Whether the socket that a thread waits for has a timeout. */
static bool has_timeout(int procfd, pid_t pid, pid_t tid, uint64_t fd)
{
	cleanup_free char *link =
		link_target(procfd, "task/%d/fd/%d", (int)tid, (int)fd);
	static const int options[] = {SO_RCVTIMEO, SO_SNDTIMEO};
	cleanup_close int pidfd = -1, copy = -1;

	/* No socket, or closed by now: it does not wait for it any more. */
	if (link ? strncmp(link, "socket:", 7) != 0 : errno == ENOENT)
		return false;
#if defined(SYS_pidfd_getfd)
	pidfd = process_pidfd(pid);
	if (pidfd >= 0)
		copy = (int)syscall(SYS_pidfd_getfd, pidfd, (int)fd, 0);
#else
	(void)pid;
#endif
	if (copy < 0)
		return true; /* for all that we know */
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct timeval time = {0};
		socklen_t length = sizeof(time);

		if (getsockopt(copy, SOL_SOCKET, options[i], &time, &length) !=
			    0 ||
		    time.tv_sec || time.tv_usec)
			return true;
	}
	return false;
}

enum call_effect thread_look(int procfd, pid_t pid, pid_t tid,
			     enum call_set calls,
			     struct thread_status *ret_status,
			     struct call *ret_call)
{
	struct thread_status status = {0};
	struct call call = {0};
	enum call_effect effect;
	int errnum = thread_status_read(procfd, tid, &status);

	if (!errnum && status.state != 'T' && status.state != 't' &&
	    !thread_call(procfd, tid, &call))
		errnum = errno;
	*ret_status = errnum ? (struct thread_status){0} : status;
	*ret_call = errnum ? (struct call){0} : call;
	/* It has ended; or it cannot be told what it does. */
	if (errnum)
		return errnum == ENOENT || errnum == ESRCH ? CALL_UNSEEN
							   : CALL_FAILS;
	/* Stopped by job control, it has been interrupted already. */
	if (status.state == 'T' || status.state == 't')
		return CALL_UNSEEN;
	effect = call_effect(calls, &call);
	if (effect == CALL_SOCKET)
		effect = has_timeout(procfd, pid, tid, call.arguments[0])
				 ? CALL_FAILS
				 : CALL_UNSEEN;
	if (effect == CALL_TIMED && !status.filtered)
		effect = CALL_UNSEEN;
	/* In D state nothing interrupts it: a write to a disk, say. */
	if (effect == CALL_CUT && status.state == 'D')
		effect = CALL_UNSEEN;
	return effect;
}
