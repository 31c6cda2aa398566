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
/* How often a thread is asked for of which no event may tell. */
#define LOST_TIME (1000 * MILLISECOND)
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
	if (diversion->thread.tid && find(diversion) &&
	    (diversion->held || diversion->limit))
		return;
	pause_in(diversion, "choosing");
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
		struct tracee *tracee = find(diversion);
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
	const struct tracee *tracee = find(diversion);
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

/* The thread while its stops are ours; NULL: it has ended, or what has its
 * number now is another one, after an exec. */
static struct tracee *find_ours(const struct diversion *diversion)
{
	struct tracee *tracee = find(diversion);

	return tracee && tracee->ours ? tracee : NULL;
}

static void set_diverted(struct diversion *diversion, bool diverted)
{
	diversion->diverted = diverted;
	atomic_store(&diversion->shared->diverted, diverted);
}

/* What it stands in: 0 if it does not, or is no more. */
static int stop_of(const struct diversion *diversion)
{
	const struct tracee *tracee = find_ours(diversion);

	return tracee ? tracee->stop : 0;
}

/* From now on its stops are. */
static void make_ours(struct diversion *diversion)
{
	struct tracee *tracee = find(diversion);

	if (tracee) {
		tracee->ours = tracee->moved = true;
		tracee->stop = PTRACE_EVENT_STOP << 8 | SIGTRAP;
		if (tracee->group_stop)
			tracee->stop = PTRACE_EVENT_STOP << 8 | SIGSTOP;
	}
	set_diverted(diversion, true);
}

/* Whether it is still to be waited for, at `now` after `start`. */
static bool has_time(const struct diversion *diversion, uint64_t start,
		     uint64_t now, uint64_t deadline)
{
	if (now < deadline)
		return true;
	/* What is to run may just have got no processor. */
	return !diversion->limit && now - start < BUSY_STEP_TIME &&
	       thread_state(diversion->tracees->procfd,
			    diversion->thread.tid) == 'R';
}

/*
 * Until a stop that is ours; `tracee->stop` stays 0 if it takes too long.
 * False: the thread has ended. An exec may end it without an event.
 */
static bool wait_for_stop(struct diversion *diversion, uint64_t deadline)
{
	uint64_t start = clock_now();
	const struct tracee *tracee;

	for (;;) {
		uint64_t now = clock_now(), until = now + LOST_TIME;

		tracees_event_of(diversion->tracees, diversion->thread.tid);
		tracees_events(diversion->tracees);
		tracee = find_ours(diversion);
		if (!tracee || tracee->stop)
			return tracee != NULL;
		if (!has_time(diversion, start, now, deadline))
			return true;
		if (now >= deadline)
			until = now + LOST_TIME / 10;
		else if (deadline < until)
			until = deadline;
		agent_events_wait(diversion->events, until, true);
	}
}

/* Lets it go on, in one of the ways of ptrace, with a signal or 0, up to its
 * next stop. */
static bool run_to_stop(struct diversion *diversion, int kind, int signal,
			uint64_t deadline)
{
	struct tracee *tracee = find_ours(diversion);

	if (!tracee)
		return false;
	tracee->stop = 0;
	tracee->stopped = false;
	if (request_ptrace(kind, tracee->tid, 0, (void *)(long)signal) != 0 &&
	    errno != ESRCH) {
		tracee->stopped = true;
		return false;
	}
	return wait_for_stop(diversion, deadline);
}

/*
 * From any stop of ours to an event stop, with the signal that came in between:
 * nothing of the program is executed on the way. Only from there a thread may
 * be let go, or be left by an agent that ends: elsewhere the kernel would keep
 * it stepping, and the next step's SIGTRAP would be its own (__ptrace_unlink()
 * does not end a single step).
 */
static void settle(struct diversion *diversion)
{
	struct tracee *tracee = find_ours(diversion);
	pid_t tid = diversion->thread.tid;

	while (tracee && tracee->stop >> 8 != PTRACE_EVENT_STOP) {
		request_ptrace(PTRACE_INTERRUPT, tid, 0, NULL);
		if (!run_to_stop(diversion, PTRACE_CONT, diversion->signal,
				 UINT64_MAX))
			break;
		diversion->signal = 0;
		tracee = find_ours(diversion);
		/* Another signal may come first; it is handed on, too. */
		if (tracee && tracee->stop >> 8 != PTRACE_EVENT_STOP)
			diversion->signal = tracee->stop & 0x7f;
		/* A handler may have been entered: look at it anew. */
		diversion->stands &= !diversion->signal;
	}
	diversion->signal = 0;
	tracee = find_ours(diversion);
	if (!tracee)
		return;
	tracee->group_stop = (tracee->stop & 0xff) != SIGTRAP;
	tracee->ours = false;
}

/* Gives back the registers and the mask. */
static void restore(struct diversion *diversion)
{
	pid_t tid = diversion->thread.tid;

	pause_in(diversion, "stepped");
	registers_unguard(tid);
	registers_write(tid, &diversion->saved);
	request_ptrace(PTRACE_SETSIGMASK, tid, MASK_SIZE, &diversion->mask);
	diversion->stands &= !diversion->signal;
	settle(diversion);
	set_diverted(diversion, false);
	pause_in(diversion, "restored");
}

/* The stops of PTRACE_SYSCALL, which nothing else looks like. */
enum { CALL_STOP = SIGTRAP | 0x80 };

/* To the entry or the exit of its call. No signal can come in between, but for
 * SIGSTOP, which is handed on; false then. */
static bool run_to_call(struct diversion *diversion)
{
	int stop;

	if (!run_to_stop(diversion, PTRACE_SYSCALL, 0, UINT64_MAX))
		return false;
	stop = stop_of(diversion);
	if (stop == CALL_STOP)
		return true;
	if (stop >> 8 != PTRACE_EVENT_STOP)
		diversion->signal = stop & 0x7f;
	return false;
}

/*
 * See registers_must_lead(): to the exit of its call, which does nothing. What
 * is not skipped goes on as the kernel has it; nothing is put back then.
 */
static enum thread_reason lead(struct diversion *diversion)
{
	unsigned long options = tracees_options(diversion->tracees);
	pid_t tid = diversion->thread.tid;
	uint64_t all = ~UINT64_C(0);
	bool led;

	if (request_ptrace(PTRACE_SETOPTIONS, tid, 0,
			   (void *)(options | PTRACE_O_TRACESYSGOOD)) != 0)
		return REASON_REGISTERS;
	make_ours(diversion);
	led = request_ptrace(PTRACE_SETSIGMASK, tid, MASK_SIZE, &all) == 0 &&
	      run_to_call(diversion) &&
	      registers_skip(tid, &diversion->saved) &&
	      run_to_call(diversion) && registers_write(tid, &diversion->saved);
	request_ptrace(PTRACE_SETSIGMASK, tid, MASK_SIZE, &diversion->mask);
	request_ptrace(PTRACE_SETOPTIONS, tid, 0, (void *)options);
	if (led)
		return REASON_NONE;
	settle(diversion);
	set_diverted(diversion, false);
	return find(diversion) ? REASON_PENDING : REASON_ENDED;
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

/* Such codes are the kernel's, for what the thread itself did just now; others
 * may also come from a timer, say, or from another process. */
static bool is_trap(const siginfo_t *info)
{
	enum { TRAP_BREAKPOINT = 1, TRAP_STEP = 2, TRAP_HARDWARE = 4 };

	return info->si_signo == SIGTRAP &&
	       (info->si_code == TRAP_BREAKPOINT ||
		info->si_code == TRAP_STEP || info->si_code == TRAP_HARDWARE);
}

/*
 * A signal that stands before the instruction: its own fault, or another one,
 * which the thread gets when it goes on. The address of a fault may be unknown:
 * arm64 says 0 for an external abort without a valid one (do_sea()). Nobody
 * else can send a positive code.
 */
static enum step judge_signal(struct diversion *diversion,
			      const siginfo_t *info, struct agent_fault *ret)
{
	enum { BUS_ACTION_OPTIONAL = 5 };
	const struct instruction *instruction = &diversion->request.instruction;
	uint64_t address = (uint64_t)(uintptr_t)info->si_addr;

	if ((info->si_signo != SIGSEGV && info->si_signo != SIGBUS) ||
	    info->si_code <= 0 || info->si_code == BUS_ACTION_OPTIONAL) {
		diversion->signal = info->si_signo;
		return STEP_NOT_MADE;
	}
	if (address - instruction->address < instruction->length)
		return STEP_CODE;
	*ret = (struct agent_fault){
		.signal = info->si_signo,
		.code = info->si_code,
		.address = address,
		.thread = diversion->thread.tid,
	};
	return STEP_FAULT;
}

/*
 * What has become of the step. `*ret_again`, unless it is 0: nothing can be
 * said yet, and it has to go on in that way of ptrace. A stop of job control
 * comes before the signal that the step or its fault has already made.
 */
static enum step judge(struct diversion *diversion, struct agent_answer *answer,
		       int *ret_again)
{
	const struct instruction *instruction = &diversion->request.instruction;
	int stop = stop_of(diversion);
	pid_t tid = diversion->thread.tid;
	struct registers now;
	siginfo_t info = {0};
	bool before, behind;

	*ret_again = 0;
	if (!registers_read(tid, &now))
		return STEP_LOST;
	before = registers_pc(&now) == instruction->address;
	behind = registers_pc(&now) ==
		 instruction->address + instruction->length;
	if (stop >> 8 == PTRACE_EVENT_STOP) {
		*ret_again = before   ? PTRACE_SINGLESTEP
			     : behind ? PTRACE_CONT
				      : 0;
		return STEP_LOST;
	}
	if (request_ptrace(PTRACE_GETSIGINFO, tid, 0, &info) != 0)
		return STEP_LOST;
	if (behind) {
		answer->value = registers_loaded(&now, instruction);
		if (!is_trap(&info))
			diversion->signal = info.si_signo;
		return STEP_MADE;
	}
	return before ? judge_signal(diversion, &info, &answer->fault)
		      : STEP_LOST;
}

/* True: the thread is pointed at the access. */
static bool aim(struct diversion *diversion)
{
	const struct agent_request *request = &diversion->request;
	const struct instruction *instruction = &request->instruction;
	struct registers aimed = diversion->saved;
	uint64_t mask = ~access_signals();
	pid_t tid = diversion->thread.tid;

	registers_aim(&aimed, instruction, request->address, request->value);
	make_ours(diversion);
	return registers_guard(tid, instruction) &&
	       request_ptrace(PTRACE_SETSIGMASK, tid, MASK_SIZE, &mask) == 0 &&
	       registers_write(tid, &aimed);
}

/* The thread has ended, or what goes by its number is another one. */
static void forget(struct diversion *diversion)
{
	set_diverted(diversion, false);
	diversion->held = diversion->stands = false;
	diversion->thread.tid = 0;
	diversion->signal = 0;
}

/* From a stop of the step on, to its end. */
static enum step finish(struct diversion *diversion,
			struct agent_answer *answer, uint64_t deadline)
{
	enum step result;
	int kind;

	for (;;) {
		result = judge(diversion, answer, &kind);
		if (!kind)
			break;
		if (!run_to_stop(diversion, kind, 0, deadline)) {
			if (find_ours(diversion))
				break;
			forget(diversion);
			return STEP_LOST;
		}
		if (!stop_of(diversion))
			return STEP_STUCK;
	}
	restore(diversion);
	if (!find(diversion))
		forget(diversion);
	return result;
}

static enum step step(struct diversion *diversion, struct agent_answer *answer)
{
	uint64_t deadline = clock_now() + STEP_TIME;

	if (diversion->limit && diversion->limit < deadline)
		deadline = diversion->limit;
	if (!aim(diversion)) {
		restore(diversion);
		return STEP_NOT_MADE;
	}
	pause_in(diversion, "diverted");
	if (!run_to_stop(diversion, PTRACE_SINGLESTEP, 0, deadline)) {
		if (find_ours(diversion))
			restore(diversion);
		else
			forget(diversion);
		return STEP_LOST;
	}
	return stop_of(diversion) ? finish(diversion, answer, deadline)
				  : STEP_STUCK;
}

void diversion_poll(struct diversion *diversion)
{
	struct agent_answer answer = {0};
	const struct tracee *tracee;

	if (!diversion->diverted)
		return;
	tracees_event_of(diversion->tracees, diversion->thread.tid);
	tracee = find_ours(diversion);
	if (!tracee) {
		forget(diversion);
		return;
	}
	if (!tracee->stop || finish(diversion, &answer, 0) == STEP_STUCK ||
	    !diversion->thread.tid)
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
	if (!find(diversion))
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
	pause_in(diversion, "held");
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
		reason = lead(diversion);
	if (reason) {
		give_up(diversion, reason, answer);
		return;
	}
	diversion->request = *request;
	answer->first.tid = diversion->thread.tid;
	made = step(diversion, answer);
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
		agent_events_wait(diversion->events, clock_now() + LOST_TIME,
				  true);
		tracees_events(diversion->tracees);
	}
	diversion_rest(diversion);
	free(diversion->avoided);
	diversion->avoided = NULL;
}
