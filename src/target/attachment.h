/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The deeper ways to be attached to a target: to all of its threads, running
 * (--attach) or standing still (--stop). What is done to them is done by the
 * agent's process; here is what it means.
 */
#ifndef MMIODBG_TARGET_ATTACHMENT_H
#define MMIODBG_TARGET_ATTACHMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/agent-protocol.h"

struct error;
struct session;

/* How a stop was. */
struct stop_report {
	bool made;            /* else the rest is unset */
	uint64_t nanoseconds; /* from the first thread asked to the last resumed
			       */
	unsigned threads;
};

/*
 * Whether the session's process may be attached to at all, or stopped: not
 * ourselves; not stopped, one of our ancestors, process 1, or what this
 * architecture's kernel would not let go on as before. Touches nothing.
 */
struct error *attachment_check(const struct session *session, bool stop)
	__attribute__((nonnull, warn_unused_result));

/* Attaches to all threads of the session's process; they run on. `stop`: they
 * are to be stopped later. */
struct error *attachment_create(struct session *session, bool stop)
	__attribute__((nonnull, warn_unused_result));

/* Whether the session is attached to all threads, as far as is known. */
bool attachment_is_whole(const struct session *session)
	__attribute__((nonnull));

/* Starts the agent, if it does not run yet; it attaches to nothing. */
struct error *attachment_start(struct session *session)
	__attribute__((nonnull, warn_unused_result));

/*
 * Asks the agent, and waits for its answer until `nanoseconds` are over. The
 * error is what stands in the way, or, with `*ret_answered` false, that there
 * is no answer, and no agent any more. What an answer to AGENT_PREPARE and
 * AGENT_ACCESS means besides is for the caller.
 */
struct error *attachment_ask(struct session *session,
			     const struct agent_request *request,
			     uint64_t nanoseconds, struct agent_answer *ret,
			     bool *ret_answered)
	__attribute__((nonnull(1, 2, 4), warn_unused_result));

/* The error for a process that `tracer` traces. */
struct error *attachment_traced(const struct session *session, pid_t tracer)
	__attribute__((nonnull, warn_unused_result));

/* Whether the agent has a thread at hand for an access, as far as is known; and
 * how threads were held. */
bool attachment_has_thread(const struct session *session)
	__attribute__((nonnull));
void attachment_set_thread(struct session *session, bool has)
	__attribute__((nonnull));
struct agent_pauses attachment_pauses(const struct session *session)
	__attribute__((nonnull));

/* Lets go of them. Legal on NULL. */
struct attachment;
void attachment_destroy(struct attachment *attachment);

/*
 * Stops all threads, for at most `nanoseconds`: then they run again, whatever
 * we do. `force`: even if a thread's system call fails with EINTR by it. The
 * error means that they run.
 */
struct error *attachment_stop(struct session *session, uint64_t nanoseconds,
			      bool force)
	__attribute__((nonnull, warn_unused_result));

/* Lets them run again, if they do not yet, and tells how it was. */
struct error *attachment_resume(struct session *session,
				struct stop_report *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * What has happened to the process since it was attached to: NULL, or
 * ERROR_GONE for an exit or an exec, or, of one that is to stand still,
 * ERROR_RESUMED; ERROR_BUSY if the agent has ended. Without a session's
 * attachment: NULL.
 */
struct error *attachment_event(const struct session *session)
	__attribute__((nonnull, warn_unused_result));

#endif
