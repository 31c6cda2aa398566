/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/diversion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/text.h"
#include "target/process.h"
#include "target/remote.h"
#include "target/sequence.h"
#include "target/step.h"
#include "target/thread.h"

#define MILLISECOND UINT64_C(1000000)

/* How long a thread may take to stop, and until one is found that can be used;
 * how long before the list is looked at again. */
#define THREAD_TIME (100 * MILLISECOND)
#define LOOK_TIME   MILLISECOND
/* And until one is found, after one that ran has not stopped in time. */
#define BUSY_TIME (1000 * MILLISECOND)

/* At most a tenth of the time: after a pause, nine times as long without. */
enum { REST = 9 };

/* Letting go */

static void note_pause(struct diversion *diversion)
{
	uint64_t now = clock_now(), length = now - diversion->started;

	if (length > diversion->pauses.longest)
		diversion->pauses.longest = length;
	diversion->pauses.bursts++;
	/* What took longer, a busy machine has made of it. */
	if (length > diversion->max_pause)
		length = diversion->max_pause;
	diversion->next = now + REST * length;
}

void diversion_rest(struct diversion *diversion)
{
	if (!diversion->thread.tid || diversion->diverted)
		return;
	if (diversion->held) {
		tracees_release(diversion->tracees, diversion->thread.tid);
		note_pause(diversion);
		diversion->held = false;
		step_pause_in(diversion, "released");
	}
	/* One that stands with all others stays chosen. */
	if (!diversion->limit)
		diversion->thread.tid = 0;
	diversion->stands = false;
}

/* Preparing */

static struct avoided *find_avoided(struct diversion *diversion, pid_t tid)
{
	for (size_t i = 0; i < diversion->n_avoided; i++)
		if (diversion->avoided[i].tid == tid)
			return &diversion->avoided[i];
	return NULL;
}

static void avoid(struct diversion *diversion, enum thread_reason reason)
{
	pid_t tid = diversion->thread.tid;
	struct avoided *found = find_avoided(diversion, tid);
	char state = thread_state(diversion->tracees->procfd, tid);
	uint64_t until = UINT64_MAX;

	/* What runs may just have got no processor, or have stopped by now. */
	if (reason_may_pass(reason) &&
	    (reason != REASON_LATE || state == 'R' || state == 't'))
		until = clock_now() + LOOK_TIME;
	if (reason == REASON_LATE)
		diversion->patience = BUSY_TIME;
	if (!found) {
		if (!list_grow(&diversion->avoided, diversion->n_avoided,
			       &diversion->capacity,
			       sizeof(*diversion->avoided)))
			return;
		found = &diversion->avoided[diversion->n_avoided++];
	}
	*found = (struct avoided){
		.tid = tid,
		.reason = reason,
		.until = until,
	};
	choice_describe(diversion->tracees, &diversion->thread, &found->thread);
}

/* The time is over: they get no other chance. */
static void avoid_for_good(struct diversion *diversion)
{
	for (size_t i = 0; i < diversion->n_avoided; i++)
		diversion->avoided[i].until = UINT64_MAX;
}

/* Whether the process is still the one that the main process looked at. What is
 * seized cannot get another address space without our noticing. */
static bool is_same_space(const struct diversion *diversion)
{
	cleanup_free char *now = process_space(diversion->tracees->procfd);

	return !diversion->space || !now || strcmp(now, diversion->space) == 0;
}

static enum agent_result seize(struct diversion *diversion,
			       const struct choice *choice,
			       struct agent_answer *answer)
{
	struct tracee *tracee;
	int errnum = tracees_seize_one(diversion->tracees, choice->tid,
				       &answer->other);

	answer->errnum = errnum;
	if (errnum == ESRCH)
		return AGENT_NOT_READY;
	if (errnum == EPERM)
		return answer->other ? AGENT_TRACED : AGENT_DENIED;
	tracee = tracees_find(diversion->tracees, choice->tid);
	if (errnum || !tracee)
		return AGENT_FAILED;
	if (!is_same_space(diversion))
		return AGENT_EXECUTED;
	diversion->thread = *choice;
	return AGENT_DONE;
}

/* The best thread that there is now. AGENT_NOT_READY: there may be one soon. */
static enum agent_result choose(struct diversion *diversion,
				const struct agent_request *request,
				struct agent_answer *answer)
{
	enum agent_result result = AGENT_NO_THREAD;
	struct choices choices;

	choices_make(diversion->root, diversion->tracees, request,
		     diversion->avoided, diversion->n_avoided, &choices);
	memcpy(answer->reasons, choices.reasons, sizeof(answer->reasons));
	diversion->alone = choices.listed == 1;
	if (choices.ignored) {
		answer->errnum = choices.ignored;
		result = AGENT_IGNORES;
	} else if (choices.errnum) {
		answer->errnum = choices.errnum;
		result = choices.errnum == ESRCH ? AGENT_GONE : AGENT_FAILED;
	} else if (choices.passing || choices.count) {
		result = AGENT_NOT_READY;
	}
	for (size_t i = 0; i < choices.count && result == AGENT_NOT_READY; i++)
		result = seize(diversion, &choices.items[i], answer);
	choices_deinit(&choices);
	return result;
}

/* Lets events in, until then. False: the main process is gone. */
static bool wait_until(struct diversion *diversion, uint64_t deadline)
{
	while (clock_now() < deadline) {
		if (!agent_events_wait(diversion->events, deadline, false))
			return false;
		tracees_events(diversion->tracees);
	}
	return true;
}

void diversion_prepare(struct diversion *diversion,
		       const struct agent_request *request,
		       struct agent_answer *answer)
{
	uint64_t deadline, start, pause;

	answer->result = AGENT_STUCK;
	if (diversion->diverted)
		return;
	diversion->max_pause = request->nanoseconds;
	diversion->narrow = request->narrow;
	diversion->force = request->force;
	answer->result = AGENT_DONE;
	if (diversion->thread.tid && step_thread(diversion) &&
	    (diversion->held || diversion->limit))
		return;
	step_pause_in(diversion, "choosing");
	answer->result = AGENT_FAILED;
	if (!diversion->limit && !wait_until(diversion, diversion->next))
		return;
	diversion_rest(diversion);
	/* What failed before was another access. */
	if (!request->again) {
		diversion->failing = 0;
		diversion->n_avoided = 0;
	}
	if (!diversion->failing) {
		diversion->failing = clock_now();
		diversion->patience = diversion->refused ? 0 : THREAD_TIME;
	}
	deadline = diversion->failing + diversion->patience;
	if (clock_now() >= deadline)
		avoid_for_good(diversion);
	do {
		start = clock_now();
		answer->result = choose(diversion, request, answer);
		if (answer->result != AGENT_NOT_READY)
			break;
		answer->result = AGENT_NO_THREAD;
		/* To look takes time that others could use. */
		pause = REST * (clock_now() - start);
		if (pause < LOOK_TIME)
			pause = LOOK_TIME;
	} while (clock_now() < deadline &&
		 wait_until(diversion, clock_now() + pause));
	if (answer->result == AGENT_DONE)
		return;
	/* The next access will hardly find more. */
	diversion->refused = true;
	diversion->failing = 0;
	diversion->n_avoided = 0;
}

/* Holding */

/*
 * Until the thread that was chosen is in a call, or none, that it may be
 * interrupted in: it was chosen some time ago, and may be elsewhere by now. It
 * is looked at for a tenth of the time; where there are others, not for long.
 * One that has been interrupted is left as it was seen then.
 */
static enum thread_reason await_moment(struct diversion *diversion,
				       uint64_t deadline)
{
	struct tracees *tracees = diversion->tracees;
	enum thread_reason reason;

	/* To look for another one takes about as long. */
	if (!diversion->alone)
		deadline = clock_now() + LOOK_TIME;
	for (;;) {
		struct tracee *tracee = step_thread(diversion);
		uint64_t start = clock_now(), now, next;

		if (!tracee || tracees->executed)
			return REASON_ENDED;
		if (tracee->asked && tracee->seen.call.inside) {
			choice_keep(tracees, &tracee->seen, &diversion->thread);
			return REASON_NONE;
		}
		reason = choice_look(tracees, diversion->force,
				     &diversion->thread);
		if (!reason)
			tracee->seen = diversion->thread.seen;
		now = clock_now();
		next = now + REST * (now - start);
		if (next > deadline)
			next = deadline;
		if (!reason || !reason_may_pass(reason) || now >= deadline ||
		    !agent_events_wait(diversion->events, next, false))
			return reason;
		tracees_events(tracees);
	}
}

/* Until the thread that was prepared stands still. */
static enum thread_reason hold(struct diversion *diversion)
{
	uint64_t deadline = clock_now() + THREAD_TIME;
	const struct tracee *tracee = step_thread(diversion);
	enum thread_reason reason;

	if (tracee && tracee->stopped)
		return REASON_NONE;
	if (diversion->limit)
		return REASON_LATE;
	reason = await_moment(diversion, deadline);
	if (reason)
		return reason;
	deadline = clock_now() + THREAD_TIME;
	if (!tracees_hold(diversion->tracees, diversion->thread.tid))
		return REASON_ENDED;
	for (;;) {
		tracees_events(diversion->tracees);
		tracee = step_thread(diversion);
		if (!tracee || diversion->tracees->executed)
			return REASON_ENDED;
		if (tracee->stopped)
			break;
		if (clock_now() >= deadline ||
		    !agent_events_wait(diversion->events, deadline, false))
			return REASON_LATE;
	}
	/* What it took to stop is not its pause: until then it ran. */
	diversion->held = true;
	diversion->started = clock_now();
	diversion->deadline = diversion->started + diversion->max_pause;
	return REASON_NONE;
}

/* Whether the thread that stands may be diverted. */
static enum thread_reason look(struct diversion *diversion, int *ret_ignored)
{
	pid_t tid = diversion->thread.tid;
	struct thread_status status;

	if (thread_status_read(diversion->tracees->procfd, tid, &status) != 0)
		return REASON_ENDED;
	*ret_ignored = access_signal_ignored(status.ignored);
	if (status.pending & access_signals())
		return REASON_PENDING;
	if (!registers_read(tid, &diversion->saved) ||
	    step_request(PTRACE_GETSIGMASK, tid, STEP_MASK_SIZE,
			 &diversion->mask) != 0)
		return REASON_REGISTERS;
	if (registers_set(&diversion->saved) !=
	    registers_set_of(diversion->narrow))
		return REASON_MODE;
	if (!sequence_is_outside(tid, registers_pc(&diversion->saved),
				 registers_in_call(&diversion->saved)))
		return REASON_SEQUENCE;
	return REASON_NONE;
}

void diversion_poll(struct diversion *diversion)
{
	if (!diversion->diverted || !step_poll(diversion))
		return;
	/* All others may go on already, or stand still again. */
	if (!diversion->held && !diversion->limit)
		tracees_release(diversion->tracees, diversion->thread.tid);
	diversion_rest(diversion);
}

/* What an answer says of a step. */
static const enum agent_result results[] = {
	[STEP_MADE] = AGENT_DONE,   [STEP_NOT_MADE] = AGENT_DISTURBED,
	[STEP_FAULT] = AGENT_FAULT, [STEP_CODE] = AGENT_CODE,
	[STEP_LOST] = AGENT_LOST,   [STEP_STUCK] = AGENT_STUCK,
};

/* Another reason to let the thread go, and to take another one. */
static void give_up(struct diversion *diversion, enum thread_reason reason,
		    struct agent_answer *answer)
{
	answer->result = AGENT_NOT_READY;
	if (reason == REASON_ENDED && diversion->tracees->executed)
		answer->result = AGENT_EXECUTED;
	avoid(diversion, reason);
	if (!diversion->held && !diversion->limit)
		tracees_release(diversion->tracees, diversion->thread.tid);
	diversion_rest(diversion);
	diversion->thread.tid = 0;
}

/* Whether the instruction still stands where it was found. */
static bool is_there(const struct diversion *diversion,
		     const struct instruction *instruction)
{
	uint8_t bytes[LONGEST_INSTRUCTION];

	return remote_read(diversion->thread.tid, instruction->address, bytes,
			   instruction->length) &&
	       memcmp(bytes, instruction->bytes, instruction->length) == 0;
}

/* Until the thread stands as it has to; the answer says why if it does not. */
static bool make_ready(struct diversion *diversion, struct agent_answer *answer)
{
	enum thread_reason reason = REASON_NONE;
	int ignored = 0;

	if (diversion->stands)
		return true;
	if (!step_thread(diversion))
		reason = REASON_ENDED;
	if (!reason)
		reason = hold(diversion);
	if (!reason)
		reason = look(diversion, &ignored);
	if (ignored)
		reason = REASON_PENDING;
	if (!reason) {
		diversion->stands = true;
		return true;
	}
	give_up(diversion, reason, answer);
	if (ignored) {
		answer->result = AGENT_IGNORES;
		answer->errnum = ignored;
	}
	return false;
}

void diversion_access(struct diversion *diversion,
		      const struct agent_request *request,
		      struct agent_answer *answer)
{
	enum thread_reason reason = REASON_NONE;
	enum step made;

	answer->result = diversion->diverted ? AGENT_STUCK : AGENT_NOT_READY;
	if (diversion->diverted || !diversion->thread.tid)
		return;
	if (diversion->held && clock_now() >= diversion->deadline) {
		diversion_rest(diversion);
		return;
	}
	if (!make_ready(diversion, answer))
		return;
	diversion->refused = false;
	diversion->failing = 0;
	diversion->n_avoided = 0;
	step_pause_in(diversion, "held");
	/* Who has asked for it may have been killed: then it is not made. */
	if (!agent_events_attended(diversion->events)) {
		diversion_rest(diversion);
		return;
	}
	if (!is_there(diversion, &request->instruction)) {
		answer->result = AGENT_CODE;
		diversion_rest(diversion);
		return;
	}
	diversion->disarm(diversion->data);
	if (registers_must_lead(diversion->thread.tid, &diversion->saved,
				diversion->thread.timed))
		reason = step_lead(diversion);
	if (reason) {
		give_up(diversion, reason, answer);
		return;
	}
	diversion->request = *request;
	answer->first.tid = diversion->thread.tid;
	made = step_make(diversion, answer);
	answer->result = results[made];
	if (made == STEP_STUCK)
		return;
	/* One access alone need not wait for another, and one that has failed
	 * is tried again after a pause. */
	if (!diversion->burst || made != STEP_MADE || !diversion->stands ||
	    clock_now() >= diversion->deadline)
		diversion_rest(diversion);
	diversion->burst = made == STEP_MADE;
}

void diversion_end(struct diversion *diversion)
{
	for (;;) {
		diversion_poll(diversion);
		if (!diversion->diverted)
			break;
		agent_events_wait(diversion->events,
				  clock_now() + STEP_LOST_TIME, true);
		tracees_events(diversion->tracees);
	}
	diversion_rest(diversion);
	free(diversion->avoided);
	diversion->avoided = NULL;
}
