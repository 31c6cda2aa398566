/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/step.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>

#include "base/duration.h"
#include "target/diversion.h"
#include "target/thread.h"

/* How long a step may take before the main process is told that it is stuck. */
#define STEP_TIME      UINT64_C(1000000000)
#define BUSY_STEP_TIME (10 * STEP_TIME)

long step_request(int kind, pid_t tid, unsigned long address, const void *data)
{
	return ptrace((enum __ptrace_request)kind, tid, (void *)address,
		      (void *)(uintptr_t)data);
}

struct tracee *step_thread(const struct diversion *diversion)
{
	return tracees_find(diversion->tracees, diversion->thread.tid);
}

void step_pause_in(const struct diversion *diversion, const char *state)
{
	uint64_t limit = diversion->held    ? diversion->deadline
			 : diversion->limit ? diversion->limit
					    : UINT64_MAX;

	agent_pause(diversion->events, state, limit);
}

/* Stops that are ours */

/* The thread while its stops are ours; NULL: it has ended, or what has its
 * number now is another one, after an exec. */
static struct tracee *find_ours(const struct diversion *diversion)
{
	struct tracee *tracee = step_thread(diversion);

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
	struct tracee *tracee = step_thread(diversion);

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
		uint64_t now = clock_now(), until = now + STEP_LOST_TIME;

		tracees_event_of(diversion->tracees, diversion->thread.tid);
		tracees_events(diversion->tracees);
		tracee = find_ours(diversion);
		if (!tracee || tracee->stop)
			return tracee != NULL;
		if (!has_time(diversion, start, now, deadline))
			return true;
		if (now >= deadline)
			until = now + STEP_LOST_TIME / 10;
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
	if (step_request(kind, tracee->tid, 0, (void *)(long)signal) != 0 &&
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
		step_request(PTRACE_INTERRUPT, tid, 0, NULL);
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

	step_pause_in(diversion, "stepped");
	registers_unguard(tid);
	registers_write(tid, &diversion->saved);
	step_request(PTRACE_SETSIGMASK, tid, STEP_MASK_SIZE, &diversion->mask);
	diversion->stands &= !diversion->signal;
	settle(diversion);
	set_diverted(diversion, false);
	step_pause_in(diversion, "restored");
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

enum thread_reason step_lead(struct diversion *diversion)
{
	unsigned long options = tracees_options(diversion->tracees);
	pid_t tid = diversion->thread.tid;
	uint64_t all = ~UINT64_C(0);
	bool led;

	if (step_request(PTRACE_SETOPTIONS, tid, 0,
			 (void *)(options | PTRACE_O_TRACESYSGOOD)) != 0)
		return REASON_REGISTERS;
	make_ours(diversion);
	led = step_request(PTRACE_SETSIGMASK, tid, STEP_MASK_SIZE, &all) == 0 &&
	      run_to_call(diversion) &&
	      registers_skip(tid, &diversion->saved) &&
	      run_to_call(diversion) && registers_write(tid, &diversion->saved);
	step_request(PTRACE_SETSIGMASK, tid, STEP_MASK_SIZE, &diversion->mask);
	step_request(PTRACE_SETOPTIONS, tid, 0, (void *)options);
	if (led)
		return REASON_NONE;
	settle(diversion);
	set_diverted(diversion, false);
	return step_thread(diversion) ? REASON_PENDING : REASON_ENDED;
}

/* Stepping */

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
	if (step_request(PTRACE_GETSIGINFO, tid, 0, &info) != 0)
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
	       step_request(PTRACE_SETSIGMASK, tid, STEP_MASK_SIZE, &mask) ==
		       0 &&
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
	if (!step_thread(diversion))
		forget(diversion);
	return result;
}

enum step step_make(struct diversion *diversion, struct agent_answer *answer)
{
	uint64_t deadline = clock_now() + STEP_TIME;

	if (diversion->limit && diversion->limit < deadline)
		deadline = diversion->limit;
	if (!aim(diversion)) {
		restore(diversion);
		return STEP_NOT_MADE;
	}
	step_pause_in(diversion, "diverted");
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

bool step_poll(struct diversion *diversion)
{
	struct agent_answer answer = {0};
	const struct tracee *tracee;

	tracees_event_of(diversion->tracees, diversion->thread.tid);
	tracee = find_ours(diversion);
	if (!tracee) {
		forget(diversion);
		return false;
	}
	return tracee->stop && finish(diversion, &answer, 0) != STEP_STUCK &&
	       diversion->thread.tid;
}
