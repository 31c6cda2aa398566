/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/agent-process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/root.h"
#include "target/agent-events.h"
#include "target/agent-protocol.h"
#include "target/diversion.h"
#include "target/sharing.h"
#include "target/thread.h"
#include "target/tracees.h"

/* How long threads may come and go before we give up attaching; how long any
 * request may take besides; how much later than its deadline a stop may end
 * before the agent is ended; how long calls are mended in the end. */
enum {
	ATTACH_SECONDS = 2,
	REQUEST_SECONDS = 3,
	PREPARE_SECONDS = 10,
	GRACE_MILLISECONDS = 50,
	MEND_MILLISECONDS = 100,
};

/* What it takes to let one thread go on. */
enum { RESUME_NANOSECONDS = 4000 };

#define SECOND      UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)

struct agent_state {
	const struct agent_process_setup *setup;
	struct tracees tracees;
	struct diversion diversion;
	struct sharing sharing;
	struct agent_events events;
	timer_t end;
	bool attached;
	bool stopping;              /* from the first interrupt on */
	uint64_t started, deadline; /* of the stop */
	uint64_t limit;             /* when it has to be over at the latest */
	uint64_t length;            /* of the last stop */
	size_t stopped_threads;
	bool more; /* there may be events that no SIGCHLD will tell of */
	struct agent_request request;
};

/* Time */

/*
 * Ends this process, at that time, whatever it does by then: it may sleep in
 * the kernel where nothing else wakes it (PTRACE_SEIZE and kcmp wait for an
 * exec to be over), or be stopped. The kernel lets go of all threads then.
 */
static void end_at(const struct agent_state *state, uint64_t deadline)
{
	const struct itimerspec time = {
		.it_value.tv_sec = (time_t)(deadline / SECOND),
		.it_value.tv_nsec = (long)(deadline % SECOND),
	};

	timer_settime(state->end, TIMER_ABSTIME, &time, NULL);
}

static void end_not(const struct agent_state *state)
{
	static const struct itimerspec never;

	timer_settime(state->end, 0, &never, NULL);
}

/* Not longer than the stop may be. */
static void pause_in(const struct agent_state *state, const char *name)
{
	agent_pause(&state->events, name,
		    state->stopping ? state->deadline : UINT64_MAX);
}

/* The stop */

static void publish(struct agent_state *state)
{
	struct agent_shared *shared = state->setup->shared;

	if (state->tracees.executed)
		atomic_store(&shared->executed, 1);
	if (state->attached && !state->tracees.count)
		atomic_store(&shared->ended, 1);
}

static void end_stop(struct agent_state *state)
{
	if (!state->stopping)
		return;
	atomic_store(&state->setup->shared->stopped, 0);
	state->diversion.limit = 0;
	diversion_rest(&state->diversion);
	tracees_resume(&state->tracees);
	state->length = clock_now() - state->started;
	/* What was not looked at since the time was up: its SIGCHLD has been
	 * taken already. */
	state->more = tracees_events(&state->tracees);
	publish(state);
	state->stopping = false;
	end_not(state);
}

/* Until all that are known stand still. False: the time is up, or the main
 * process is gone, or there is another program now. */
static bool stop_known(struct agent_state *state)
{
	for (;;) {
		tracees_events(&state->tracees);
		tracees_interrupt(&state->tracees, state->deadline);
		if (state->tracees.executed || !state->tracees.count)
			return false;
		if (!tracees_moving(&state->tracees))
			return true;
		if (clock_now() >= state->deadline ||
		    !agent_events_wait(&state->events, state->deadline, false))
			return false;
	}
}

/* Stops all, those included that come into being meanwhile. */
static bool stop_all(struct agent_state *state, pid_t *ret_tracer,
		     int *ret_errnum)
{
	size_t before;

	do {
		if (!stop_known(state))
			return false;
		before = state->tracees.count;
		*ret_errnum = tracees_seize(&state->tracees, state->deadline,
					    ret_tracer);
		if (*ret_errnum)
			return false;
	} while (state->tracees.count != before ||
		 tracees_moving(&state->tracees));
	return !state->tracees.executed;
}

/* What it means that tracees_seize() has failed. */
static enum agent_result seize_result(int errnum, pid_t tracer)
{
	switch (errnum) {
	case 0:
		return AGENT_DONE;
	case ESRCH:
		return AGENT_GONE;
	case ETIMEDOUT:
		return AGENT_BUSY;
	case EPERM:
		return tracer ? AGENT_TRACED : AGENT_DENIED;
	default:
		return AGENT_FAILED;
	}
}

/* `errnum`: of tracees_seize(), or 0. */
static void explain_failure(struct agent_state *state, int errnum, pid_t tracer,
			    struct agent_answer *answer)
{
	struct tracee *moving = tracees_moving(&state->tracees);

	answer->errnum = errnum;
	answer->other = tracer;
	if (state->tracees.executed)
		answer->result = AGENT_EXECUTED;
	else if (!state->tracees.count)
		answer->result = AGENT_GONE;
	else if (errnum)
		answer->result = seize_result(errnum, tracer);
	else
		answer->result = moving ? AGENT_UNSTOPPABLE : AGENT_BUSY;
	if (moving)
		thread_describe(&state->tracees, moving->tid,
				moving->seen.effect, &answer->first);
}

static void explain_sharing(int errnum, pid_t other,
			    struct agent_answer *answer)
{
	if (errnum == ESRCH) {
		/* Its threads end faster than they can be asked about. */
		answer->result = AGENT_BUSY;
	} else if (errnum) {
		answer->result = AGENT_UNKNOWABLE;
		answer->errnum = errnum;
	} else if (other) {
		answer->result = AGENT_SHARED;
		answer->other = other;
	}
}

/* When the threads have to go on, so that the last of them does in time. */
static uint64_t stop_deadline(const struct agent_state *state)
{
	uint64_t length = state->request.nanoseconds;
	uint64_t resuming = state->tracees.count * RESUME_NANOSECONDS;

	if (resuming > length / 2)
		resuming = length / 2;
	return state->started + length - resuming;
}

static void arm_stop(const struct agent_state *state)
{
	end_at(state, state->limit + GRACE_MILLISECONDS * MILLISECOND);
}

static void stop_threads(struct agent_state *state, struct agent_answer *answer)
{
	pid_t other = 0;
	int errnum = 0;

	state->started = clock_now();
	state->deadline = stop_deadline(state);
	state->stopping = true;
	state->limit = state->started + state->request.nanoseconds;
	arm_stop(state);
	tracees_interrupt(&state->tracees, state->deadline);
	pause_in(state, "interrupted");
	if (stop_all(state, &other, &errnum)) {
		errnum = sharing_find_new(&state->sharing, &other);
		explain_sharing(errnum, other, answer);
	} else {
		explain_failure(state, errnum, other, answer);
	}
	publish(state);
	if (answer->result != AGENT_DONE) {
		end_stop(state);
		return;
	}
	state->stopped_threads = tracees_standing(&state->tracees);
	state->diversion.limit = state->deadline;
	atomic_store(&state->setup->shared->stopped, 1);
	pause_in(state, "stopped");
}

static void do_stop(struct agent_state *state, struct agent_answer *answer)
{
	struct tracee *first;
	pid_t other = 0;
	size_t count;
	int errnum;

	if (state->diversion.diverted) {
		answer->result = AGENT_STUCK;
		return;
	}
	diversion_rest(&state->diversion);
	tracees_events(&state->tracees);
	publish(state);
	if (state->tracees.executed || !state->tracees.count) {
		explain_failure(state, 0, 0, answer);
		return;
	}
	errnum = sharing_find_new(&state->sharing, &other);
	explain_sharing(errnum, other, answer);
	if (answer->result != AGENT_DONE)
		return;
	first = tracees_look(&state->tracees, state->request.force, &count);
	if (first) {
		answer->result = AGENT_INTERRUPTING;
		answer->threads = (uint32_t)count;
		thread_describe(&state->tracees, first->tid, first->seen.effect,
				&answer->first);
		return;
	}
	pause_in(state, "looked");
	stop_threads(state, answer);
}

static void do_attach(struct agent_state *state, struct agent_answer *answer)
{
	pid_t tracer = 0;
	int errnum;

	tracees_init(&state->tracees, state->setup->pid, state->setup->procfd,
		     state->request.narrow, false);
	pause_in(state, "started");
	/* Before the first thread is ours: this may take its time. What it
	 * finds is told to those who want a stop. */
	if (state->request.stop)
		sharing_find(&state->sharing);
	errnum = tracees_seize(&state->tracees,
			       clock_now() + ATTACH_SECONDS * SECOND, &tracer);
	answer->errnum = errnum;
	answer->other = tracer;
	answer->result = seize_result(errnum, tracer);
	state->attached = true;
	publish(state);
	pause_in(state, "attached");
}

static void do_resume(struct agent_state *state, struct agent_answer *answer)
{
	pause_in(state, "resuming");
	end_stop(state);
	pause_in(state, "resumed");
	answer->nanoseconds = state->length;
	answer->threads = (uint32_t)state->stopped_threads;
}

/* One thread alone is seized for accesses, if all are not. */
static void do_prepare(struct agent_state *state, struct agent_answer *answer)
{
	if (!state->tracees.pid)
		tracees_init(&state->tracees, state->setup->pid,
			     state->setup->procfd, state->request.narrow, true);
	/* It may have to wait until a thread may be held again. */
	if (!state->stopping)
		end_at(state, clock_now() + PREPARE_SECONDS * SECOND +
				      10 * state->request.nanoseconds);
	diversion_prepare(&state->diversion, &state->request, answer);
}

/* A thread that is diverted needs us, however long that takes. */
static void disarm(void *data)
{
	end_not(data);
}

static void do_access(struct agent_state *state, struct agent_answer *answer)
{
	diversion_access(&state->diversion, &state->request, answer);
	if (state->stopping && !state->diversion.diverted)
		arm_stop(state);
}

static void do_rest(struct agent_state *state, struct agent_answer *answer)
{
	(void)answer;
	diversion_rest(&state->diversion);
	state->diversion.failing = 0;
}

static void (*const verbs[])(struct agent_state *, struct agent_answer *) = {
	[AGENT_ATTACH] = do_attach, [AGENT_STOP] = do_stop,
	[AGENT_RESUME] = do_resume, [AGENT_PREPARE] = do_prepare,
	[AGENT_ACCESS] = do_access, [AGENT_REST] = do_rest,
};

/* False: the main process is gone, or nothing is to be done any more. */
static bool serve(struct agent_state *state)
{
	struct agent_answer answer = {0};
	ssize_t length = recv(state->setup->socket, &state->request,
			      sizeof(state->request), MSG_DONTWAIT);

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (length != sizeof(state->request))
		return false;
	answer.serial = state->request.serial;
	/* A stop has a deadline of its own. */
	if (!state->stopping)
		end_at(state, clock_now() + REQUEST_SECONDS * SECOND);
	if ((size_t)state->request.verb < sizeof(verbs) / sizeof(verbs[0]))
		verbs[state->request.verb](state, &answer);
	publish(state);
	answer.pauses = state->diversion.pauses;
	if (answer.result == AGENT_DONE && !answer.threads)
		answer.threads = (uint32_t)state->tracees.count;
	if (!state->stopping)
		end_not(state);
	/* The main process takes one answer for each request: this does not
	 * block, and if it is gone, that is seen at the next poll. */
	(void)!send(state->setup->socket, &answer, sizeof(answer),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	return true;
}

/* When something has to be done without being asked. */
static uint64_t next_deadline(const struct agent_state *state)
{
	uint64_t deadline = state->stopping ? state->deadline : UINT64_MAX;

	if (state->more)
		return 0;
	/* An exec may end its thread without an event. */
	if (state->diversion.diverted && clock_now() + SECOND < deadline)
		deadline = clock_now() + SECOND;
	if (state->diversion.held && !state->diversion.diverted &&
	    state->diversion.deadline < deadline)
		deadline = state->diversion.deadline;
	return deadline;
}

static void keep_deadlines(struct agent_state *state)
{
	uint64_t now = clock_now();

	if (state->stopping && now >= state->deadline)
		end_stop(state);
	if (state->diversion.held && now >= state->diversion.deadline)
		diversion_rest(&state->diversion);
}

static void loop(struct agent_state *state)
{
	struct pollfd pollers[] = {
		{.fd = state->setup->socket, .events = POLLIN},
		{.fd = state->events.signals, .events = POLLIN},
	};

	for (;;) {
		uint64_t deadline = next_deadline(state);
		struct timespec time = time_until(deadline);

		if (ppoll(pollers, 2, deadline == UINT64_MAX ? NULL : &time,
			  NULL) < 0 &&
		    errno != EINTR)
			return;
		keep_deadlines(state);
		diversion_poll(&state->diversion);
		if (pollers[1].revents || state->more) {
			agent_events_clear(&state->events);
			state->more = tracees_events(&state->tracees);
			diversion_poll(&state->diversion);
			publish(state);
		}
		if (pollers[0].revents & POLLIN ? !serve(state)
						: pollers[0].revents != 0)
			return;
	}
}

/* Threads that were asked to stop are yet to be seen standing: what has become
 * of their calls is mended then. Some never stop. */
static void mend_calls(struct agent_state *state)
{
	uint64_t deadline = clock_now() + MEND_MILLISECONDS * MILLISECOND;

	end_at(state, deadline + SECOND);
	tracees_events(&state->tracees);
	while (tracees_asked(&state->tracees) && clock_now() < deadline) {
		agent_events_wait(&state->events, deadline, true);
		tracees_events(&state->tracees);
	}
}

static bool is_kept(const struct agent_process_setup *setup, int fd)
{
	return fd <= 2 || fd == setup->root->fd || fd == setup->procfd ||
	       fd == setup->socket;
}

/* Nothing of the main process's may live longer because we do: a reader of its
 * standard output waits for the last one that has it open. */
static void close_others(const struct agent_process_setup *setup)
{
	cleanup_names char **names = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	names = folder_names(AT_FDCWD, "/proc/self/fd");
	for (size_t i = 0; names && names[i]; i++)
		if (!is_kept(setup, atoi(names[i])))
			close(atoi(names[i]));
	for (int fd = 3; !names && fd < sysconf(_SC_OPEN_MAX); fd++)
		if (!is_kept(setup, fd))
			close(fd);
}

/* Threads of the target wait for this process, so nothing else should, as far
 * as we are permitted: its own session makes it a group of its own for the
 * scheduler (sched_autogroup), which starves on a busy machine. */
static void hurry(void)
{
	const struct sched_param first = {.sched_priority = 1};

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) < 0)
		setpriority(PRIO_PROCESS, 0, -20);
}

void agent_process_run(const struct agent_process_setup *setup)
{
	struct sigevent end = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGKILL,
	};
	struct agent_state state = {
		.setup = setup,
		.events = {.socket = setup->socket},
		.sharing = {.root = setup->root, .pid = setup->pid},
	};
	sigset_t child;

	state.diversion = (struct diversion){
		.root = setup->root,
		.events = &state.events,
		.tracees = &state.tracees,
		.shared = setup->shared,
		.space = setup->space,
		.disarm = disarm,
		.data = &state,
	};
	setsid();
	prctl(PR_SET_NAME, "mmiodbg-agent");
	hurry();
	(void)!chdir("/");
	close_others(setup);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	state.events.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (state.events.signals >= 0 &&
	    timer_create(CLOCK_MONOTONIC, &end, &state.end) == 0) {
		loop(&state);
		end_stop(&state);
		end_not(&state);
		diversion_end(&state.diversion);
		mend_calls(&state);
	}
	pause_in(&state, "ending");
	_exit(0);
}
