/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/duration.h"

enum { MOST_DESCRIPTORS = 4 };

static bool pending;
static sigset_t before; /* what was blocked, while one is pending */

/* Those that would end us: not those that whoever started us had ignored. */
static void ending_signals(sigset_t *ret)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	sigemptyset(ret);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction action;

		if (sigaction(signals[i], NULL, &action) == 0 &&
		    action.sa_handler == SIG_DFL)
			sigaddset(ret, signals[i]);
	}
}

static enum wait_end wait_for(const int *descriptors, size_t count, int signals,
			      uint64_t end)
{
	struct pollfd pollers[MOST_DESCRIPTORS + 1] = {
		{.fd = signals, .events = POLLIN}};

	for (size_t i = 0; i < count && i < MOST_DESCRIPTORS; i++)
		pollers[i + 1] =
			(struct pollfd){.fd = descriptors[i], .events = POLLIN};
	for (;;) {
		uint64_t time = clock_now(), left = end > time ? end - time : 0;
		struct timespec timeout = {
			.tv_sec = (time_t)(left / 1000000000),
			.tv_nsec = (long)(left % 1000000000),
		};
		int ready = ppoll(pollers, (nfds_t)count + 1, &timeout, NULL);

		if (ready < 0 && errno != EINTR)
			return WAIT_EVENT;
		if (ready < 0)
			continue;
		if (pollers[0].revents)
			return WAIT_SIGNAL;
		return ready ? WAIT_EVENT : WAIT_OVER;
	}
}

enum wait_end interrupt_wait(const int *descriptors, size_t count,
			     uint64_t nanoseconds)
{
	uint64_t start = clock_now(), end;
	sigset_t signals, blocked;
	enum wait_end result;
	int fd;

	if (pending)
		return WAIT_SIGNAL;
	if (__builtin_add_overflow(start, nanoseconds, &end))
		end = UINT64_MAX;
	ending_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, &blocked);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	result = wait_for(descriptors, count, fd, end);
	if (fd >= 0)
		close(fd);
	if (result == WAIT_SIGNAL) {
		pending = true;
		before = blocked;
	} else {
		sigprocmask(SIG_SETMASK, &blocked, NULL);
	}
	return result;
}

bool interrupt_pending(void)
{
	return pending;
}

void interrupt_deliver(void)
{
	if (!pending)
		return;
	pending = false;
	sigprocmask(SIG_SETMASK, &before, NULL);
}
