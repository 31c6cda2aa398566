/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/diversion.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/text.h"
#include "target/process.h"
#include "target/remote.h"
#include "target/sequence.h"
#include "target/thread.h"

#define MILLISECOND UINT64_C(1000000)

/* How long a thread may take to stop, and until one is found that can be used;
 * how long before the list is looked at again; how long a step may take before
 * the main process is told that it is stuck. */
#define THREAD_TIME    (100 * MILLISECOND)
#define LOOK_TIME      MILLISECOND
#define STEP_TIME      (1000 * MILLISECOND)
#define BUSY_STEP_TIME (10 * STEP_TIME)
/* And until one is found, after one that ran has not stopped in time. */
#define BUSY_TIME (1000 * MILLISECOND)

/* At most a tenth of the time: after a pause, nine times as long without. */
enum { REST = 9 };

enum { MASK_SIZE = 8 };

static long request_ptrace(int kind, pid_t tid, unsigned long address,
			   const void *data)
{
	return ptrace((enum __ptrace_request)kind, tid, (void *)address,
		      (void *)(uintptr_t)data);
}

static struct tracee *find(const struct diversion *diversion)
{
	return tracees_find(diversion->tracees, diversion->thread.tid);
}

/* Letting go */

static void pause_in(const struct diversion *diversion, const char *state)
{
	uint64_t limit = diversion->held    ? diversion->deadline
			 : diversion->limit ? diversion->limit
					    : UINT64_MAX;

	agent_pause(diversion->events, state, limit);
}

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
		pause_in(diversion, "released");
	}
	/* One that stands with all others stays chosen. */
	if (!diversion->limit)
		diversion->thread.tid = 0;
	diversion->stands = false;
}

/* Preparing */

static void avoid(struct diversion *diversion, enum thread_reason reason)
{
	uint64_t until = UINT64_MAX;

	/* What runs may just have got no processor. */
	if (reason == REASON_SEQUENCE || reason == REASON_PENDING ||
	    reason == REASON_ENDED ||
	    (reason == REASON_LATE &&
	     thread_state(diversion->tracees->procfd, diversion->thread.tid) ==
		     'R'))
		until = clock_now() + LOOK_TIME;
	if (reason == REASON_LATE)
		diversion->patience = BUSY_TIME;
	if (!list_grow(&diversion->avoided, diversion->n_avoided,
		       &diversion->capacity, sizeof(*diversion->avoided)))
		return;
	diversion->avoided[diversion->n_avoided++] = (struct avoided){
		.tid = diversion->thread.tid,
		.reason = reason,
		.until = until,
	};
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
	if (!tracee->stopped) {
		tracee->effect = choice->effect;
		tracee->filtered = choice->filtered;
	}
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
	uint64_t deadline;

	answer->result = AGENT_STUCK;
	if (diversion->diverted)
		return;
	diversion->max_pause = request->nanoseconds;
	diversion->narrow = request->narrow;
	answer->result = AGENT_DONE;
	if (diversion->thread.tid && find(diversion) &&
	    (diversion->held || diversion->limit))
		return;
	pause_in(diversion, "choosing");
	answer->result = AGENT_FAILED;
	if (!diversion->limit && !wait_until(diversion, diversion->next))
		return;
	diversion_rest(diversion);
	if (!diversion->failing) {
		diversion->failing = clock_now();
		diversion->patience = diversion->refused ? 0 : THREAD_TIME;
	}
	deadline = diversion->failing + diversion->patience;
	do {
		answer->result = choose(diversion, request, answer);
		if (answer->result != AGENT_NOT_READY)
			break;
		answer->result = AGENT_NO_THREAD;
	} while (clock_now() < deadline &&
		 wait_until(diversion, clock_now() + LOOK_TIME));
	if (answer->result == AGENT_DONE)
		return;
	/* The next access will hardly find more. */
	diversion->refused = true;
	diversion->failing = 0;
	diversion->n_avoided = 0;
}

/* Holding */

/* Until the thread that was prepared stands still. */
static enum thread_reason hold(struct diversion *diversion)
{
	uint64_t deadline = clock_now() + THREAD_TIME;
	const struct tracee *tracee = find(diversion);

	if (tracee && tracee->stopped)
		return REASON_NONE;
	if (diversion->limit)
		return REASON_LATE;
	if (!tracees_hold(diversion->tracees, diversion->thread.tid))
		return REASON_ENDED;
	for (;;) {
		tracees_events(diversion->tracees);
		tracee = find(diversion);
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

/* Until a stop that is ours; `tracee->stop` stays 0 if it takes too long.
 * False: the thread has ended. */
static bool wait_for_stop(struct diversion *diversion, uint64_t deadline)
{
	uint64_t start = clock_now();
	const struct tracee *tracee;

	for (;;) {
		uint64_t now = clock_now();

		tracees_events(diversion->tracees);
		tracee = find(diversion);
		if (!tracee || tracee->stop)
			return tracee != NULL;
		/* What is to run may just have got no processor. */
		if (now >= deadline &&
		    (diversion->limit || now - start >= BUSY_STEP_TIME ||
		     thread_state(diversion->tracees->procfd, tracee->tid) !=
			     'R'))
			return true;
		if (now >= deadline)
			deadline = now + STEP_TIME / 10;
		agent_events_wait(diversion->events, deadline, true);
	}
}

/* Lets it go on, in one of the ways of ptrace, up to its next stop. */
static bool run_to_stop(struct diversion *diversion, int kind,
			uint64_t deadline)
{
	struct tracee *tracee = find(diversion);

	tracee->stop = 0;
	tracee->stopped = false;
	if (request_ptrace(kind, tracee->tid, 0, NULL) != 0 && errno != ESRCH) {
		tracee->stopped = true;
		return false;
	}
	return wait_for_stop(diversion, deadline);
}

/* The stops of PTRACE_SYSCALL, which nothing else looks like. */
enum { CALL_STOP = SIGTRAP | 0x80 };

/* To the entry or the exit of its call. No signal can come in between, but for
 * SIGSTOP, which it gets when it goes on; false then. */
static bool run_to_call(struct diversion *diversion)
{
	struct tracee *tracee;

	if (!run_to_stop(diversion, PTRACE_SYSCALL, UINT64_MAX))
		return false;
	tracee = find(diversion);
	tracee->trapped = tracee->stop >> 8 != PTRACE_EVENT_STOP;
	if (tracee->stop == CALL_STOP)
		return true;
	if (tracee->trapped)
		tracee->signal = tracee->stop & 0xff;
	else
		tracee->group_stop = (tracee->stop & 0xff) != SIGTRAP;
	return false;
}

/*
 * See registers_must_lead(): to the exit of its call, which does nothing. What
 * is not skipped goes on as the kernel has it; nothing is put back then.
 */
static enum thread_reason lead(struct diversion *diversion)
{
	const struct tracees *tracees = diversion->tracees;
	unsigned long options = tracees_options(tracees);
	pid_t tid = diversion->thread.tid;
	uint64_t all = ~UINT64_C(0);
	enum thread_reason reason = REASON_PENDING;
	struct tracee *tracee = find(diversion);

	if (request_ptrace(PTRACE_SETOPTIONS, tid, 0,
			   (void *)(options | PTRACE_O_TRACESYSGOOD)) != 0 ||
	    request_ptrace(PTRACE_SETSIGMASK, tid, MASK_SIZE, &all) != 0)
		return REASON_REGISTERS;
	tracee->ours = true;
	if (run_to_call(diversion) && registers_skip(tid, &diversion->saved) &&
	    run_to_call(diversion) && registers_write(tid, &diversion->saved))
		reason = REASON_NONE;
	request_ptrace(PTRACE_SETSIGMASK, tid, MASK_SIZE, &diversion->mask);
	request_ptrace(PTRACE_SETOPTIONS, tid, 0, (void *)options);
	tracee = find(diversion);
	if (!tracee)
		return REASON_ENDED;
	tracee->ours = false;
	return reason;
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
	    request_ptrace(PTRACE_GETSIGMASK, tid, MASK_SIZE,
			   &diversion->mask) != 0)
		return REASON_REGISTERS;
	if (registers_set(&diversion->saved) !=
	    registers_set_of(diversion->narrow))
		return REASON_MODE;
	if (!sequence_is_outside(tid, registers_pc(&diversion->saved),
				 registers_in_call(&diversion->saved)))
		return REASON_SEQUENCE;
	if (registers_must_lead(tid, &diversion->saved,
				diversion->thread.timed))
		return lead(diversion);
	return REASON_NONE;
}

/* Stepping */

enum step {
	STEP_MADE,
	STEP_NOT_MADE, /* another signal came first */
	STEP_FAULT,
	STEP_CODE, /* the instruction is not there */
	STEP_LOST,
	STEP_STUCK,
};

static void restore(struct diversion *diversion)
{
	pid_t tid = diversion->thread.tid;
	struct tracee *tracee = find(diversion);

	pause_in(diversion, "stepped");
	registers_write(tid, &diversion->saved);
	request_ptrace(PTRACE_SETSIGMASK, tid, MASK_SIZE, &diversion->mask);
	if (tracee)
		tracee->ours = false;
	diversion->diverted = false;
	atomic_store(&diversion->shared->diverted, 0);
	pause_in(diversion, "restored");
}

/* Such codes are the kernel's, for what the thread itself did just now; others
 * may also come from a timer, say, or from another process. */
static bool is_trap(const siginfo_t *info)
{
	enum { TRAP_BREAKPOINT = 1, TRAP_STEP = 2, TRAP_HARDWARE = 4 };

	return info->si_signo == SIGTRAP &&
	       (info->si_code == TRAP_BREAKPOINT ||
		info->si_code == TRAP_STEP || info->si_code == TRAP_HARDWARE);
}

static bool is_in(uint64_t address, uint64_t start, uint64_t length)
{
	return address - start < length;
}

/* A signal that stands before the instruction: its own fault, or another one,
 * which the thread gets when it goes on. */
static enum step judge_signal(const struct agent_request *request,
			      const siginfo_t *info, struct tracee *tracee,
			      struct agent_fault *ret)
{
	enum { CODE_KERNEL = 0x80, BUS_ACTION_OPTIONAL = 5 };
	const struct instruction *instruction = &request->instruction;
	uint64_t address = (uint64_t)(uintptr_t)info->si_addr;
	bool fault = (info->si_signo == SIGSEGV || info->si_signo == SIGBUS) &&
		     info->si_code > 0 && info->si_code != BUS_ACTION_OPTIONAL;

	if (fault && (is_in(address, request->address, instruction->bits / 8) ||
		      info->si_code == CODE_KERNEL)) {
		*ret = (struct agent_fault){
			.signal = info->si_signo,
			.code = info->si_code,
			.address = address,
			.thread = tracee->tid,
		};
		return STEP_FAULT;
	}
	if (fault && is_in(address, instruction->address, instruction->length))
		return STEP_CODE;
	tracee->signal = info->si_signo;
	return STEP_NOT_MADE;
}

/*
 * What has become of the step. `*ret_again`, unless it is 0: nothing can be
 * said yet, and it has to go on in that way of ptrace. A stop of job control
 * comes before the signal that the step or its fault has already made.
 */
static enum step judge(struct diversion *diversion,
		       const struct agent_request *request,
		       struct agent_answer *answer, int *ret_again)
{
	const struct instruction *instruction = &request->instruction;
	struct tracee *tracee = find(diversion);
	int signal = tracee->stop & 0xff, event = tracee->stop >> 8;
	struct registers now;
	siginfo_t info = {0};
	bool before, behind;

	*ret_again = 0;
	if (!registers_read(tracee->tid, &now))
		return STEP_LOST;
	before = registers_pc(&now) == instruction->address;
	behind = registers_pc(&now) ==
		 instruction->address + instruction->length;
	tracee->trapped = event != PTRACE_EVENT_STOP;
	if (event == PTRACE_EVENT_STOP) {
		tracee->group_stop = signal != SIGTRAP;
		*ret_again = before   ? PTRACE_SINGLESTEP
			     : behind ? PTRACE_CONT
				      : 0;
		return STEP_LOST;
	}
	if (request_ptrace(PTRACE_GETSIGINFO, tracee->tid, 0, &info) != 0)
		return STEP_LOST;
	if (behind) {
		answer->value = registers_loaded(&now, instruction);
		if (!is_trap(&info))
			tracee->signal = signal;
		return STEP_MADE;
	}
	return before ? judge_signal(request, &info, tracee, &answer->fault)
		      : STEP_LOST;
}

static bool aim(struct diversion *diversion,
		const struct agent_request *request)
{
	struct registers aimed = diversion->saved;
	uint64_t mask = ~access_signals();
	pid_t tid = diversion->thread.tid;

	registers_aim(&aimed, &request->instruction, request->address,
		      request->value);
	find(diversion)->ours = true;
	diversion->diverted = true;
	atomic_store(&diversion->shared->diverted, 1);
	return request_ptrace(PTRACE_SETSIGMASK, tid, MASK_SIZE, &mask) == 0 &&
	       registers_write(tid, &aimed);
}

static enum step step(struct diversion *diversion,
		      const struct agent_request *request,
		      struct agent_answer *answer)
{
	uint64_t deadline = clock_now() + STEP_TIME;
	enum step result = STEP_LOST;
	int kind = PTRACE_SINGLESTEP;

	if (diversion->limit && diversion->limit < deadline)
		deadline = diversion->limit;
	if (!aim(diversion, request)) {
		restore(diversion);
		return STEP_NOT_MADE;
	}
	pause_in(diversion, "diverted");
	while (kind) {
		if (!run_to_stop(diversion, kind, deadline)) {
			if (find(diversion))
				restore(diversion);
			return STEP_LOST;
		}
		if (!find(diversion)->stop)
			return STEP_STUCK;
		result = judge(diversion, request, answer, &kind);
	}
	restore(diversion);
	return result;
}

/* The thread has ended, or its registers are gone with it. */
static void forget(struct diversion *diversion)
{
	diversion->diverted = diversion->held = diversion->stands = false;
	diversion->thread.tid = 0;
	atomic_store(&diversion->shared->diverted, 0);
}

void diversion_poll(struct diversion *diversion)
{
	const struct tracee *tracee = find(diversion);

	if (diversion->diverted && !tracee) {
		forget(diversion);
	} else if (diversion->diverted && tracee->stop) {
		restore(diversion);
		/* All others may go on already, or stand still again. */
		if (!diversion->held && !diversion->limit)
			tracees_release(diversion->tracees,
					diversion->thread.tid);
		diversion_rest(diversion);
	}
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

void diversion_access(struct diversion *diversion,
		      const struct agent_request *request,
		      struct agent_answer *answer)
{
	enum thread_reason reason = REASON_NONE;
	enum step made;
	int ignored = 0;

	answer->result = diversion->diverted ? AGENT_STUCK : AGENT_NOT_READY;
	if (diversion->diverted || !diversion->thread.tid)
		return;
	if (diversion->held && clock_now() >= diversion->deadline) {
		diversion_rest(diversion);
		return;
	}
	if (!find(diversion))
		reason = REASON_ENDED;
	if (!reason && !diversion->stands)
		reason = hold(diversion);
	if (!reason && !diversion->stands)
		reason = look(diversion, &ignored);
	if (ignored) {
		give_up(diversion, REASON_PENDING, answer);
		answer->result = AGENT_IGNORES;
		answer->errnum = ignored;
		return;
	}
	if (reason) {
		give_up(diversion, reason, answer);
		return;
	}
	diversion->stands = true;
	diversion->refused = false;
	diversion->failing = 0;
	diversion->n_avoided = 0;
	pause_in(diversion, "held");
	if (!is_there(diversion, &request->instruction)) {
		answer->result = AGENT_CODE;
		diversion_rest(diversion);
		return;
	}
	answer->first.tid = diversion->thread.tid;
	made = step(diversion, request, answer);
	answer->result = results[made];
	if (!find(diversion))
		forget(diversion);
	/* One access alone need not wait for another. */
	if (!diversion->burst || made != STEP_MADE ||
	    clock_now() >= diversion->deadline)
		diversion_rest(diversion);
	diversion->burst = made == STEP_MADE;
}

void diversion_end(struct diversion *diversion)
{
	while (diversion->diverted) {
		diversion_poll(diversion);
		if (!diversion->diverted)
			break;
		agent_events_wait(diversion->events, UINT64_MAX, true);
		tracees_events(diversion->tracees);
	}
	diversion_rest(diversion);
	free(diversion->avoided);
	diversion->avoided = NULL;
}
