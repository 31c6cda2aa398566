/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/borrow.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/root.h"
#include "target/attachment.h"
#include "target/choice.h"
#include "target/code.h"
#include "target/machine.h"
#include "target/registers.h"
#include "target/session.h"
#include "target/thread.h"

#define SECOND UINT64_C(1000000000)

/* How often one access is asked for anew: threads come and go, code is
 * unmapped, signals arrive. The agent gives up earlier, by time. */
enum { MOST_TRIES = 1000 };

/* Reasons */

static struct error *ignores(const struct session *session, int ignored)
{
	return error_create(ERROR_UNSAFE, 0,
			    "process %d ignores SIG%s, and would not any more "
			    "after an access by one of its threads",
			    (int)session->process.pid,
			    ignored == SIGBUS    ? "BUS"
			    : ignored == SIGSEGV ? "SEGV"
						 : "TRAP");
}

static const char *const reasons[N_REASONS] = {
	[REASON_ENDED] = "has ended",
	[REASON_SLEEPS] = "is in uninterruptible sleep (state D)",
	[REASON_REALTIME] = "is scheduled as real-time; --thread takes it all "
			    "the same",
	[REASON_ISOLATED] = "is on an isolated CPU; --thread takes it all the "
			    "same",
	[REASON_FAILS] = "would see its system call fail with EINTR",
	[REASON_CUT] = "might see its system call do only a part of its work",
	[REASON_FILTERED] = "is under a seccomp filter, which may kill it when "
			    "its system call goes on",
	[REASON_PENDING] = "has a signal pending that an access needs",
	[REASON_LATE] = "did not stop in time",
	[REASON_MODE] = "executes other instructions, or steps itself",
	[REASON_SEQUENCE] = "may be in a critical section of rseq",
	[REASON_REGISTERS] = "has registers that cannot be used",
};

static bool is_vfork(const struct agent_thread *thread)
{
	return thread->state == 'D' && (strcmp(thread->call, "vfork") == 0 ||
					strncmp(thread->call, "clone", 5) == 0);
}

static void add_reason(struct error *error, enum thread_reason reason,
		       const struct agent_reason *found)
{
	const struct agent_thread *thread = &found->first;
	const char *what = reason == REASON_SLEEPS && is_vfork(thread)
				   ? "waits for the child of its vfork"
				   : reasons[reason];
	char more[40] = "";

	if (found->count > 1)
		snprintf(more, sizeof(more), ", and %u more", found->count - 1);
	error_evidence(error, "thread %d%s%s%s %s", (int)thread->tid,
		       *thread->call ? ", in " : "", thread->call, more, what);
}

static struct error *no_thread(const struct session *session,
			       const struct agent_answer *answer)
{
	const struct agent_reason *first = NULL;
	enum thread_reason why = REASON_NONE;
	struct error *error;
	unsigned kinds = 0;
	char thread[32];

	for (int i = REASON_ENDED + 1; i < N_REASONS; i++) {
		if (!answer->reasons[i].count)
			continue;
		kinds++;
		if (!first) {
			first = &answer->reasons[i];
			why = (enum thread_reason)i;
		}
	}
	snprintf(thread, sizeof(thread), "thread %d",
		 first ? (int)first->first.tid : 0);
	error = error_create(
		ERROR_NO_THREAD, 0,
		"no thread of process %d can make the access%s%s%s%s%s%s%s",
		(int)session->process.pid, first ? ": " : "",
		first ? thread : "", first && *first->first.call ? ", in " : "",
		first ? first->first.call : "", first ? ", " : "",
		!first ? ""
		: why == REASON_SLEEPS && is_vfork(&first->first)
			? "waits for the child of its vfork"
			: reasons[why],
		kinds > 1 || (first && first->count > 1)
			? "; others cannot, either"
			: "");
	for (int i = REASON_ENDED; i < N_REASONS; i++)
		if (answer->reasons[i].count)
			add_reason(error, (enum thread_reason)i,
				   &answer->reasons[i]);
	if (why == REASON_FAILS || why == REASON_CUT)
		error_help(error, "try again when it waits elsewhere, or let "
				  "it happen with --force");
	return error;
}

struct error *borrow_allowed(struct session *session, unsigned bits, bool write)
{
	enum instruction_set set = registers_set_of(session_is_narrow(session));
	pid_t pid = session->process.pid;
	const struct instruction *instruction;
	struct thread_status status;
	int ignored;

	if (session->machine->root.captured)
		return error_create(ERROR_UNSUPPORTED, 0,
				    "there is no process %d with threads: this "
				    "is a captured tree",
				    (int)pid);
	if (pid == getpid() || pid == 1)
		return error_create(ERROR_UNSAFE, 0,
				    "threads of process %d%s are not used",
				    (int)pid, pid == 1 ? "" : ", ourselves,");
	if (set == SET_NONE)
		return error_create(ERROR_UNSUPPORTED, 0,
				    "on this architecture threads of %s are "
				    "not used",
				    session_is_narrow(session)
					    ? "32-bit processes"
					    : "a process");
	if (bits > instruction_widest(set))
		return error_create(ERROR_WIDTH, 0,
				    "a 32-bit process has no access of %u bits",
				    bits);
	if (session->tracer)
		return attachment_traced(session, session->tracer);
	if (thread_status_read(session->process.procfd, pid, &status) == 0) {
		ignored = access_signal_ignored(status.ignored);
		if (ignored)
			return ignores(session, ignored);
	}
	return code_find(session, set, bits, write, &instruction);
}

/* Requests */

static struct error *stuck(const struct session *session, pid_t thread)
{
	return error_help(
		error_create(ERROR_INDETERMINATE, 0,
			     "thread %d of process %d has not finished the "
			     "access: it is in the kernel, in a fault handler "
			     "as it seems",
			     (int)thread, (int)session->process.pid),
		"the agent waits for it, and then lets the thread go on as it "
		"was");
}

static struct error *lost(const struct session *session, bool write)
{
	if (session_ended(session) && !write)
		return session_gone(session);
	return error_create(ERROR_INDETERMINATE, 0,
			    "the thread that made the access was ended in it");
}

/* What an answer to AGENT_ACCESS means, if the access was perhaps made. */
static enum borrow_result conclude(struct session *session, bool write,
				   const struct agent_answer *answer,
				   struct borrowed *ret)
{
	switch (answer->result) {
	case AGENT_IGNORES:
		ret->error = ignores(session, answer->errnum);
		return BORROW_REFUSED;
	case AGENT_DONE:
		ret->value = answer->value;
		return BORROW_DONE;
	case AGENT_FAULT:
		ret->fault = answer->fault;
		return BORROW_FAULT;
	case AGENT_STUCK:
		ret->error = stuck(session, answer->first.tid);
		return BORROW_UNCLEAR;
	default:
		ret->error = lost(session, write);
		return ret->error->kind == ERROR_GONE ? BORROW_REFUSED
						      : BORROW_UNCLEAR;
	}
}

static bool is_not_made(enum agent_result result)
{
	return result == AGENT_NOT_READY || result == AGENT_CODE ||
	       result == AGENT_DISTURBED;
}

/* A thread that is ready to make the access; `again`: another one than before.
 */
static struct error *prepare(struct session *session, bool again)
{
	const struct agent_request request = {
		.verb = AGENT_PREPARE,
		.nanoseconds = session->threads.max_pause,
		.narrow = session_is_narrow(session),
		.force = session->threads.force,
		.thread = session->threads.only,
		.again = again,
	};
	struct agent_answer answer;
	struct error *error = attachment_start(session);

	if (error)
		return error;
	error = attachment_ask(session, &request,
			       15 * SECOND + 10 * request.nanoseconds, &answer,
			       NULL);
	if (error)
		return error;
	if (answer.result == AGENT_NO_THREAD)
		return no_thread(session, &answer);
	if (answer.result == AGENT_IGNORES)
		return ignores(session, answer.errnum);
	if (answer.result == AGENT_STUCK)
		return error_create(ERROR_BUSY, 0,
				    "an earlier access of a thread has not "
				    "ended yet");
	return NULL;
}

enum borrow_result borrow_access(struct session *session, uint64_t address,
				 unsigned bits, bool write, uint64_t value,
				 borrow_check *check, void *data,
				 struct borrowed *ret)
{
	enum instruction_set set = registers_set_of(session_is_narrow(session));
	struct agent_request request = {
		.verb = AGENT_ACCESS,
		.address = address,
		.value = value,
	};
	const struct instruction *instruction;
	struct agent_answer answer;
	bool answered;

	*ret = (struct borrowed){0};
	for (int i = 0; i < MOST_TRIES; i++) {
		ret->error = code_find(session, set, bits, write, &instruction);
		if (ret->error)
			return BORROW_REFUSED;
		request.instruction = *instruction;
		if (!attachment_has_thread(session)) {
			ret->error = prepare(session, i > 0);
			if (!ret->error)
				ret->error = check(data);
			if (ret->error)
				return BORROW_REFUSED;
		}
		attachment_set_thread(session, false);
		ret->error = attachment_ask(session, &request, 20 * SECOND,
					    &answer, &answered);
		if (ret->error && answered)
			return BORROW_REFUSED;
		if (ret->error) {
			/* The agent has ended, nobody knows when. */
			error_destroy(ret->error);
			if (session_ended(session) && !write) {
				ret->error = session_gone(session);
				return BORROW_REFUSED;
			}
			ret->error = error_create(
				ERROR_INDETERMINATE, 0,
				"the agent ended while a thread of process %d "
				"made the access",
				(int)session->process.pid);
			return BORROW_UNCLEAR;
		}
		if (!is_not_made(answer.result)) {
			attachment_set_thread(session,
					      answer.result == AGENT_DONE);
			return conclude(session, write, &answer, ret);
		}
		if (answer.result == AGENT_CODE)
			code_forget(session);
	}
	ret->error = error_create(ERROR_BUSY, 0,
				  "the threads of process %d changed until it "
				  "was too late",
				  (int)session->process.pid);
	return BORROW_REFUSED;
}

void borrow_rest(struct session *session)
{
	const struct agent_request request = {.verb = AGENT_REST};
	struct agent_answer answer;

	if (!attachment_has_thread(session))
		return;
	attachment_set_thread(session, false);
	error_destroy(
		attachment_ask(session, &request, 5 * SECOND, &answer, NULL));
}

struct agent_pauses borrow_pauses(const struct session *session)
{
	return attachment_pauses(session);
}
