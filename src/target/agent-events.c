/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/agent-events.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/duration.h"

#define SECOND UINT64_C(1000000000)

struct timespec time_until(uint64_t deadline)
{
	uint64_t now = clock_now();
	uint64_t left = deadline > now ? deadline - now : 0;

	return (struct timespec){
		.tv_sec = (time_t)(left / SECOND),
		.tv_nsec = (long)(left % SECOND),
	};
}

void agent_events_clear(const struct agent_events *events)
{
	struct signalfd_siginfo info;

	while (read(events->signals, &info, sizeof(info)) > 0)
		;
}

bool agent_events_wait(const struct agent_events *events, uint64_t deadline,
		       bool alone)
{
	struct pollfd pollers[] = {
		{.fd = events->signals, .events = POLLIN},
		{.fd = events->socket}, /* POLLHUP comes unasked */
	};
	struct timespec time = time_until(deadline);

	if (ppoll(pollers, alone ? 1 : 2, deadline == UINT64_MAX ? NULL : &time,
		  NULL) < 0)
		return true;
	if (pollers[0].revents)
		agent_events_clear(events);
	return alone || !pollers[1].revents;
}

bool agent_events_attended(const struct agent_events *events)
{
	struct pollfd poller = {.fd = events->socket};

	return poll(&poller, 1, 0) <= 0 || !(poller.revents & POLLHUP);
}

void agent_pause(const struct agent_events *events, const char *state,
		 uint64_t limit)
{
	static bool paused;
	const char *test = secure_getenv("MMIODBG_TEST_AGENT");
	struct pollfd poller = {.fd = events->socket};
	uint64_t longest = clock_now() + 5 * SECOND;
	size_t length = strlen(state);
	struct timespec time;
	struct stat stat;
	int fd;

	if (!test || paused || strncmp(test, state, length) != 0 ||
	    test[length] != ':')
		return;
	paused = true;
	fd = open(test + length + 1,
		  O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &stat) == 0 && S_ISFIFO(stat.st_mode)) {
		dprintf(fd, "%d\n", (int)getpid());
		time = time_until(limit < longest ? limit : longest);
		ppoll(&poller, 1, &time, NULL);
	}
	close(fd);
}
