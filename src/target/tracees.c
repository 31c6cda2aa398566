/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/tracees.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/root.h"
#include "base/text.h"
#include "target/registers.h"
#include "target/thread.h"

/* How long a refusal must last to be one, and how often it must come. */
#define DENIED_NANOSECONDS UINT64_C(100000000)
enum { DENIED_TIMES = 50, EVENTS_AT_ONCE = 4096 };

/* Never PTRACE_O_EXITKILL: our end must not be theirs. */
enum {
	OPTIONS_ALL = PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC,
	OPTIONS_ALONE = PTRACE_O_TRACEEXEC,
};

/* The table */

static size_t place_of(const struct tracees *tracees, pid_t tid)
{
	size_t low = 0, high = tracees->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tracees->items[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct tracee *tracees_find(const struct tracees *tracees, pid_t tid)
{
	size_t at = place_of(tracees, tid);

	return at < tracees->count && tracees->items[at].tid == tid
		       ? &tracees->items[at]
		       : NULL;
}

static struct tracee *add(struct tracees *tracees, pid_t tid)
{
	size_t at = place_of(tracees, tid);
	struct tracee *tracee = tracees_find(tracees, tid);

	if (tracee)
		return tracee;
	if (!list_grow(&tracees->items, tracees->count, &tracees->capacity,
		       sizeof(*tracees->items))) {
		tracees->no_memory = true;
		return NULL;
	}
	tracee = &tracees->items[at];
	memmove(tracee + 1, tracee, (tracees->count - at) * sizeof(*tracee));
	tracees->count++;
	*tracee = (struct tracee){.tid = tid};
	return tracee;
}

static void drop(struct tracees *tracees, struct tracee *tracee)
{
	size_t at = (size_t)(tracee - tracees->items);

	tracees->count--;
	memmove(tracee, tracee + 1,
		(tracees->count - at) * sizeof(*tracees->items));
}

void tracees_deinit(struct tracees *tracees)
{
	free(tracees->items);
	tracees->items = NULL;
	tracees->count = tracees->capacity = 0;
}

/* Events */

static long request(int kind, pid_t tid, unsigned long data)
{
	return ptrace((enum __ptrace_request)kind, tid, NULL, (void *)data);
}

/* Takes what a wait told of one: an ended thread is reaped by that. */
static void consume(pid_t tid, int kind)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)tid, &info, kind | __WALL | WNOHANG) < 0 &&
	       errno == EINTR)
		;
}

/* The table after an exec by any thread: it goes by the number of the leader
 * now, and the others have ended. */
static void after_exec(struct tracees *tracees, pid_t tid)
{
	tracees->executed = true;
	tracees->count = 0;
	add(tracees, tid);
}

/*
 * A thread is about to go on, perhaps to make its call again. If a handler is
 * to run first, the call fails, as without us. A signal for the process goes to
 * its first thread, if that lets it (complete_signal(), kernel/signal.c).
 */
static void heed_handlers(const struct tracees *tracees,
			  const struct tracee *tracee)
{
	pid_t tid = tracee->tid;
	struct thread_status status;
	uint64_t mask = 0;

	if (!tracee->moved || !registers_forget_calls() ||
	    !call_heeds_handlers(tracees->calls, &tracee->seen.call) ||
	    thread_status_read(tracees->procfd, tid, &status) != 0 ||
	    ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof(mask), &mask) != 0)
		return;
	if (tid != tracees->pid)
		status.pending &= ~status.shared;
	if (status.pending & status.caught & ~mask & ~tracee->seen.blocked)
		registers_fail(tid, &tracee->seen);
}

/* Lets go of one that stands in an event stop. */
static void detach(struct tracees *tracees, struct tracee *tracee)
{
	heed_handlers(tracees, tracee);
	request(PTRACE_DETACH, tracee->tid, 0);
	drop(tracees, tracee);
}

static void go_on(const struct tracees *tracees, struct tracee *tracee)
{
	heed_handlers(tracees, tracee);
	request(tracee->group_stop ? PTRACE_LISTEN : PTRACE_CONT, tracee->tid,
		0);
	tracee->stopped = tracee->moved = false;
	tracee->seen.effect = CALL_UNSEEN;
	tracee->seen.call.inside = false;
}

/* An event stop, other than that of a signal that is being delivered. */
static void stopped(struct tracees *tracees, struct tracee *tracee, int signal)
{
	const bool was_stopped = tracee->group_stop;

	if (tracee->stray) {
		detach(tracees, tracee);
		return;
	}
	tracee->asked = false;
	tracee->group_stop = signal != SIGTRAP;
	/* At once, so that it goes on as it should if we end. What job control
	 * stops is interrupted without us, too: by that stop, and so at the one
	 * which tells that it is over. */
	if (!tracee->group_stop && !was_stopped)
		tracee->moved = registers_mend(tracee->tid, &tracee->seen);
	if (tracee->leaving) {
		detach(tracees, tracee);
	} else if (tracees->holding || tracee->held) {
		consume(tracee->tid, WSTOPPED);
		tracee->stopped = true;
	} else {
		go_on(tracees, tracee);
	}
}

/*
 * A signal that is ignored does not interrupt a thread, unless it is traced:
 * then it is kept for the tracer to see (sig_ignored(), kernel/signal.c). What
 * it has interrupted so is mended.
 */
static void mend_ignored(const struct tracees *tracees,
			 const struct tracee *tracee, int signal)
{
	const uint64_t bit = UINT64_C(1) << (signal - 1);
	const bool by_default = signal == SIGCHLD || signal == SIGCONT ||
				signal == SIGURG || signal == SIGWINCH;
	/* It was not looked at. */
	const struct call_look look = {.filtered = tracee->seen.filtered};
	struct thread_status status;

	if (!registers_interrupted(tracee->tid) ||
	    thread_status_read(tracees->procfd, tracee->tid, &status) != 0)
		return;
	if (status.ignored & bit || (by_default && !(status.caught & bit)))
		registers_mend(tracee->tid, &look);
}

static void on_stop(struct tracees *tracees, pid_t tid, int status)
{
	int signal = status & 0xff, event = status >> 8;
	struct tracee *tracee = tracees_find(tracees, tid);
	bool known = tracee != NULL;
	unsigned long message = 0;

	if (tracee && tracee->ours && event != PTRACE_EVENT_EXEC) {
		/* Consumed: if we end now, the kernel delivers no signal that
		 * was only for us (ptrace_signal(), kernel/signal.c). */
		consume(tid, WSTOPPED);
		tracee->stop = status;
		tracee->stopped = true;
		return;
	}
	if (event == PTRACE_EVENT_EXEC) {
		/* Until it is waited for, ptrace says ESRCH if it was not the
		 * leader that made the exec (looks_like_a_spurious_pid(),
		 * kernel/ptrace.c, since 5.14). It is no signal: nothing is
		 * lost if we end here. */
		consume(tid, WSTOPPED);
		after_exec(tracees, tid);
		request(PTRACE_CONT, tid, 0);
		return;
	}
	tracee = add(tracees, tid);
	if (!tracee) {
		/* Not to be kept in mind, but not to be left standing. */
		request(PTRACE_CONT, tid, event ? 0 : (unsigned long)signal);
		return;
	}
	if (event == PTRACE_EVENT_STOP) {
		/* Also a child that shares the address space comes to us, if
		 * it is to end without SIGCHLD (kernel_clone(), 6.1). */
		tracee->stray = !known && !thread_is_of(tracees->procfd, tid);
		if (!known)
			tracee->seen.filtered = tracees->filtered;
		stopped(tracees, tracee, signal);
		return;
	}
	if (event == PTRACE_EVENT_CLONE &&
	    ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) == 0 &&
	    thread_is_of(tracees->procfd, (pid_t)message)) {
		struct tracee *made = add(tracees, (pid_t)message);

		if (made)
			made->seen.filtered = tracees->filtered;
		tracee = tracees_find(tracees, tid);
	}
	if (!event)
		mend_ignored(tracees, tracee, signal);
	if (tracee->leaving && !event) {
		/* One that was given up while it ran. */
		request(PTRACE_DETACH, tid, (unsigned long)signal);
		drop(tracees, tracee);
		return;
	}
	/* Any stop does away with an interrupt that was still to come
	 * (ptrace_stop(), kernel/signal.c); one that is sent during the stop is
	 * the next thing that happens to the thread. */
	tracee->asked = (tracees->holding || tracee->held) &&
			request(PTRACE_INTERRUPT, tid, 0) == 0;
	/* A signal is handed on as it came: the kernel keeps its siginfo. */
	request(PTRACE_CONT, tid, event ? 0 : (unsigned long)signal);
}

/* One event of `which` thread, or of any. False: there is none. */
static bool take_event(struct tracees *tracees, idtype_t type, pid_t which)
{
	siginfo_t info = {0};

	if (waitid(type, (id_t)which, &info,
		   WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL) < 0) {
		struct tracee *tracee = tracees_find(tracees, which);

		/* No more ours: it has ended, or was renumbered by an exec. */
		if (errno == ECHILD && type == P_PID && tracee)
			drop(tracees, tracee);
		return false;
	}
	if (!info.si_pid)
		return false;
	if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED) {
		on_stop(tracees, info.si_pid, info.si_status);
	} else {
		struct tracee *tracee = tracees_find(tracees, info.si_pid);

		consume(info.si_pid, WEXITED);
		if (tracee)
			drop(tracees, tracee);
	}
	return true;
}

static bool is_late(const struct tracees *tracees)
{
	return tracees->holding && clock_now() >= tracees->deadline;
}

/* A leader that others outlive has no more event for us until they have ended.
 */
static bool leader_has_ended(const struct tracees *tracees,
			     struct tracee *tracee)
{
	if (tracee->tid == tracees->pid && !tracee->leader_gone)
		tracee->leader_gone =
			thread_state(tracees->procfd, tracee->tid) == 'Z';
	return tracee->leader_gone;
}

/*
 * While all are to stop, each is asked for by its number, which the kernel
 * finds faster than any one of thousands; and only up to the first that has not
 * stopped yet: its SIGCHLD is still to come. False: there is such a one, or the
 * time is up.
 */
static bool take_stops(struct tracees *tracees)
{
	for (size_t i = 0; i < tracees->count;) {
		struct tracee *tracee = &tracees->items[i];
		pid_t tid = tracee->tid;

		if (tracee->stopped || leader_has_ended(tracees, tracee)) {
			i++;
			continue;
		}
		if (is_late(tracees))
			return false;
		if (!take_event(tracees, P_PID, tid) && i < tracees->count &&
		    tracees->items[i].tid == tid)
			return false;
	}
	return true;
}

void tracees_event_of(struct tracees *tracees, pid_t tid)
{
	take_event(tracees, P_PID, tid);
}

bool tracees_events(struct tracees *tracees)
{
	if (tracees->holding && !take_stops(tracees))
		return true;
	/* Threads may make events as fast as we take them. */
	for (int i = 0; i < EVENTS_AT_ONCE; i++) {
		if (is_late(tracees))
			return true;
		if (!take_event(tracees, P_ALL, 0))
			return false;
	}
	return true;
}

/* Seizing */

unsigned long tracees_options(const struct tracees *tracees)
{
	return tracees->alone ? OPTIONS_ALONE : OPTIONS_ALL;
}

static bool is_worker(const struct tracees *tracees, pid_t tid)
{
	struct thread_schedule schedule;

	return thread_schedule_read(tracees->procfd, tid, &schedule) &&
	       schedule.flags & tracees->worker_flags;
}

static struct tracees *seizing;

/*
 * While PTRACE_SEIZE waits for a thread that is about to exec, that thread may
 * wait for us: for the end of other threads that are ours to be reaped
 * (de_thread(), fs/exec.c, holds cred_guard_mutex, which ptrace_attach()
 * wants). So events are taken here, too, where that wait is interrupted. All of
 * this may be done in a handler, for it is let in around that one call only.
 */
static void on_child(int signal)
{
	int saved = errno;

	(void)signal;
	tracees_events(seizing);
	errno = saved;
}

void tracees_init(struct tracees *tracees, pid_t pid, int procfd, bool narrow,
		  bool alone)
{
	struct sigaction action = {.sa_handler = on_child};

	*tracees = (struct tracees){
		.pid = pid,
		.procfd = procfd,
		.calls = call_set_of(narrow),
		.alone = alone,
		.worker_flags = thread_worker_flags(),
	};
	seizing = tracees;
	sigaction(SIGCHLD, &action, NULL);
}

static int seize(const struct tracees *tracees, pid_t tid)
{
	sigset_t child;
	long result;
	int errnum;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &child, NULL);
	result = request(PTRACE_SEIZE, tid, tracees_options(tracees));
	errnum = errno;
	sigprocmask(SIG_BLOCK, &child, NULL);
	return result < 0 ? errnum : 0;
}

/* Seizes one. `*ret_new` is set if another look at the list is needed. */
static int seize_one(struct tracees *tracees, pid_t tid, bool *ret_new,
		     pid_t *ret_tracer)
{
	struct thread_status status;
	struct tracee *tracee;
	int errnum = is_worker(tracees, tid) ? ESRCH : seize(tracees, tid);

	if (errnum && errnum != EPERM)
		return errnum == ESRCH ? 0 : errnum;
	/* It has ended, or goes by another number since an exec. */
	if (thread_status_read(tracees->procfd, tid, &status) != 0) {
		*ret_new |= !errnum;
		return 0;
	}
	if (status.tracer != getpid()) {
		/* Ending, or ended: a leader that others outlive, too. */
		if (!errnum || status.state == 'Z' || status.state == 'X')
			return 0;
		*ret_tracer = status.tracer;
		if (status.tracer)
			return EPERM;
		/* Or it has ended meanwhile, and an exec has given its number
		 * to another one. */
		tracees->denied = true;
		*ret_new = true;
		return 0;
	}
	/* EPERM: it came to us by itself, when it was made. */
	*ret_new |= !errnum;
	tracee = add(tracees, tid);
	if (!tracee)
		return ENOMEM;
	tracee->seen.filtered = status.filtered;
	tracees->filtered |= status.filtered;
	if (tracees->holding)
		tracee->asked = request(PTRACE_INTERRUPT, tid, 0) == 0;
	return 0;
}

int tracees_seize_one(struct tracees *tracees, pid_t tid, pid_t *ret_tracer)
{
	struct tracee *tracee = tracees_find(tracees, tid);
	bool new = false;
	int errnum;

	*ret_tracer = 0;
	if (tracee) {
		tracee->leaving = false;
		return 0;
	}
	tracees->denied = false;
	errnum = seize_one(tracees, tid, &new, ret_tracer);
	if (errnum || tracees_find(tracees, tid))
		return errnum;
	return tracees->denied ? EPERM : ESRCH;
}

/* Forgets those that are not ours any more: an exec by a thread that was not
 * ours gives it the leader's number. */
static bool drop_strangers(struct tracees *tracees)
{
	size_t before = tracees->count;

	for (size_t i = 0; i < tracees->count;) {
		pid_t tid = tracees->items[i].tid;
		siginfo_t info;

		if (waitid(P_PID, (id_t)tid, &info,
			   WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL) <
			    0 &&
		    errno == ECHILD)
			drop(tracees, &tracees->items[i]);
		else
			i++;
	}
	return tracees->count != before;
}

/* A listing ends early if the thread that it stands at ends just then
 * (next_tid(), fs/proc/base.c). */
static bool is_whole(const struct tracees *tracees, size_t listed)
{
	cleanup_free char *text = file_line(tracees->procfd, "status");

	return !text || atol(text_after(text, "\nThreads:")) <= (long)listed;
}

/* Seizes those that are not yet; `*ret_new`: look once more. */
static int seize_listed(struct tracees *tracees, bool *ret_new,
			pid_t *ret_tracer)
{
	cleanup_names char **names = folder_names(tracees->procfd, "task");
	size_t listed = 0;
	int errnum = 0;

	*ret_new = false;
	if (!names)
		return errno == ENOMEM ? ENOMEM : ESRCH;
	for (; names[listed] && !errnum; listed++) {
		pid_t tid = (pid_t)atoi(names[listed]);

		if (tracees_find(tracees, tid))
			continue;
		errnum = seize_one(tracees, tid, ret_new, ret_tracer);
		/* Threads that are ours already must not wait for us. */
		if (listed % 64 == 63)
			tracees_events(tracees);
	}
	tracees_events(tracees);
	*ret_new |= drop_strangers(tracees);
	/* What runs comes and goes; what stands still does not. */
	if (tracees->holding)
		*ret_new |= !is_whole(tracees, listed);
	return errnum ? errnum : tracees->no_memory ? ENOMEM : 0;
}

int tracees_seize(struct tracees *tracees, uint64_t deadline, pid_t *ret_tracer)
{
	uint64_t denied_since = 0;
	unsigned denied = 0;
	bool new = true;
	int errnum;

	*ret_tracer = 0;
	while (new) {
		tracees->denied = false;
		errnum = seize_listed(tracees, &new, ret_tracer);
		if (errnum)
			return errnum;
		denied = tracees->denied ? denied + 1 : 0;
		if (denied == 1)
			denied_since = clock_now();
		if (denied >= DENIED_TIMES &&
		    clock_now() - denied_since > DENIED_NANOSECONDS)
			return EPERM;
		if (!tracees->count && !tracees->denied)
			return ESRCH;
		if (new &&clock_now() > deadline)
			return ETIMEDOUT;
	}
	return 0;
}

/* Stopping */

void tracees_interrupt(struct tracees *tracees, uint64_t deadline)
{
	tracees->holding = true;
	tracees->deadline = deadline;
	for (size_t i = 0; i < tracees->count; i++) {
		struct tracee *tracee = &tracees->items[i];

		if (!tracee->stopped && !tracee->asked &&
		    request(PTRACE_INTERRUPT, tracee->tid, 0) == 0)
			tracee->asked = true;
	}
}

struct tracee *tracees_moving(struct tracees *tracees)
{
	for (size_t i = 0; i < tracees->count; i++) {
		struct tracee *tracee = &tracees->items[i];

		if (!tracee->stopped && !leader_has_ended(tracees, tracee))
			return tracee;
	}
	return NULL;
}

size_t tracees_standing(const struct tracees *tracees)
{
	size_t count = 0;

	for (size_t i = 0; i < tracees->count; i++)
		count += tracees->items[i].stopped;
	return count;
}

void tracees_resume(struct tracees *tracees)
{
	tracees->holding = false;
	for (size_t i = 0; i < tracees->count; i++)
		if (tracees->items[i].stopped && !tracees->items[i].ours)
			go_on(tracees, &tracees->items[i]);
}

bool tracees_hold(struct tracees *tracees, pid_t tid)
{
	struct tracee *tracee = tracees_find(tracees, tid);

	if (!tracee)
		return false;
	tracee->held = true;
	if (!tracee->stopped && !tracee->asked)
		tracee->asked = request(PTRACE_INTERRUPT, tid, 0) == 0;
	return tracee->asked || tracee->stopped;
}

void tracees_release(struct tracees *tracees, pid_t tid)
{
	struct tracee *tracee = tracees_find(tracees, tid);

	if (!tracee)
		return;
	tracee->held = false;
	if (!tracee->stopped) {
		/* What runs cannot be let go of. */
		tracee->leaving = tracees->alone;
	} else if (tracees->alone) {
		/* The kernel puts it back where job control had it
		 * (__ptrace_unlink(), kernel/ptrace.c). */
		detach(tracees, tracee);
	} else if (!tracees->holding) {
		go_on(tracees, tracee);
	}
}

bool tracees_asked(const struct tracees *tracees)
{
	for (size_t i = 0; i < tracees->count; i++)
		if (tracees->items[i].asked && !tracees->items[i].leader_gone)
			return true;
	return false;
}

/* Looking */

struct tracee *tracees_look(struct tracees *tracees, bool force,
			    size_t *ret_count)
{
	struct tracee *first = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < tracees->count; i++) {
		struct tracee *tracee = &tracees->items[i];
		struct call_look *seen = &tracee->seen, now;
		struct thread_status status;

		now.effect =
			thread_look(tracees->procfd, tracees->pid, tracee->tid,
				    tracees->calls, &status, &now.call);
		/* What was asked to stop may have left the call for that. */
		if (!tracee->asked || !seen->call.inside) {
			seen->effect = now.effect;
			seen->call = now.call;
			seen->blocked = status.blocked;
		}
		if (status.state) {
			seen->filtered = status.filtered;
			tracees->filtered |= status.filtered;
		}
		if (seen->effect == CALL_UNSEEN || seen->effect == CALL_AGAIN ||
		    (force && seen->effect != CALL_TIMED))
			continue;
		if (!(*ret_count)++)
			first = tracee;
	}
	return first;
}
