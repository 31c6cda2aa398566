/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main process's end of the agent's process: starts it, asks, ends it. */
#ifndef MMIODBG_TARGET_AGENT_CLIENT_H
#define MMIODBG_TARGET_AGENT_CLIENT_H

#include <sys/types.h>

#include "target/agent-protocol.h"

struct agent_client;
struct error;
struct root;

/* Starts the process for one target. `procfd`: /proc/PID; `space`:
 * process_space() of it, or NULL; both borrowed. */
struct error *agent_client_create(const struct root *root, pid_t pid,
				  int procfd, const char *space,
				  struct agent_client **ret)
	__attribute__((nonnull(1, 5), warn_unused_result));

/* Ends it, and waits until it has let go of the target; not if a thread is
 * diverted, for then that may take any time. Legal on NULL. */
void agent_client_destroy(struct agent_client *client);

/*
 * Asks, and waits for the answer until `nanoseconds` are over. What the answer
 * says is for the caller; the error means that there is none.
 */
struct error *agent_client_ask(struct agent_client *client,
			       struct agent_request request,
			       uint64_t nanoseconds, struct agent_answer *ret)
	__attribute__((nonnull, warn_unused_result));

/* Whether it is still there; if not, the target runs, unattached. */
bool agent_client_lives(const struct agent_client *client)
	__attribute__((nonnull));

/* What it has told without being asked. */
const struct agent_shared *
agent_client_shared(const struct agent_client *client) __attribute__((nonnull));

#endif
