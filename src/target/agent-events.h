/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent's process waits for, and where tests make it pause. */
#ifndef MMIODBG_TARGET_AGENT_EVENTS_H
#define MMIODBG_TARGET_AGENT_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct agent_events {
	int signals; /* signalfd of SIGCHLD, which is blocked */
	int socket;  /* to the main process */
};

/* The time that is left until `deadline`, of CLOCK_MONOTONIC. */
struct timespec time_until(uint64_t deadline);

/*
 * Waits for an event of a thread, until `deadline` (nanoseconds of
 * CLOCK_MONOTONIC; UINT64_MAX: for ever). False: the main process is gone,
 * which `alone` does not look for.
 */
bool agent_events_wait(const struct agent_events *events, uint64_t deadline,
		       bool alone);

/* Whether the main process is still there. */
bool agent_events_attended(const struct agent_events *events);

/* Takes in what the descriptor of SIGCHLD has to tell. */
void agent_events_clear(const struct agent_events *events);

/*
 * MMIODBG_TEST_AGENT=STATE:FIFO makes the agent pause in a state: it writes its
 * number to the FIFO, and waits for the end of the main process; not longer
 * than until `limit`, or 5 seconds. For the tests that kill the main process in
 * each state. Not for a program that was given privilege by its file.
 */
void agent_pause(const struct agent_events *events, const char *state,
		 uint64_t limit);

#endif
