/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/agent-process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/root.h"
#include "target/agent-protocol.h"
#include "target/sharing.h"
#include "target/thread.h"
#include "target/tracees.h"

/* How long threads may come and go before we give up attaching; how long any
 * request may take besides; how much later than its deadline a stop may end
 * before the agent is ended; how long calls are mended in the end. */
enum {
	ATTACH_SECONDS = 2,
	REQUEST_SECONDS = 3,
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
	struct sharing sharing;
	int events; /* signalfd of SIGCHLD */
	timer_t end;
	bool attached;
	bool stopping;              /* from the first interrupt on */
	uint64_t started, deadline; /* of the stop */
	uint64_t length;            /* of the last stop */
	size_t stopped_threads;
	bool more; /* there may be events that no SIGCHLD will tell of */
	struct agent_request request;
};

/* Time */

static struct timespec time_until(uint64_t deadline)
{
	uint64_t now = clock_now();
	uint64_t left = deadline > now ? deadline - now : 0;

	return (struct timespec){
		.tv_sec = (time_t)(left / SECOND),
		.tv_nsec = (long)(left % SECOND),
	};
}

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

/* Tests */

/*
 * MMIODBG_TEST_AGENT=STATE:FIFO makes the agent pause in a state: it writes its
 * number to the FIFO, and waits for the end of the main process; not longer
 * than the deadline of the stop, or 5 seconds. For the tests that kill the main
 * process in each state. Not for a program that was given privilege by its
 * file.
 */
static void pause_in(const struct agent_state *state, const char *name)
{
	static bool paused;
	const char *test = secure_getenv("MMIODBG_TEST_AGENT");
	struct pollfd poller = {.fd = state->setup->socket};
	uint64_t limit = clock_now() + 5 * SECOND;
	size_t length = strlen(name);
	struct timespec time;
	struct stat stat;
	int fd;

	if (!test || paused || strncmp(test, name, length) != 0 ||
	    test[length] != ':')
		return;
	paused = true;
	fd = open(test + length + 1,
		  O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &stat) == 0 && S_ISFIFO(stat.st_mode)) {
		dprintf(fd, "%d\n", (int)getpid());
		if (state->stopping && state->deadline < limit)
			limit = state->deadline;
		time = time_until(limit);
		ppoll(&poller, 1, &time, NULL);
	}
	close(fd);
}

/* The stop */

/* Waits for a thread's event, or the end of the main process: false. */
static bool wait_for_event(const struct agent_state *state, uint64_t deadline)
{
	struct pollfd pollers[] = {
		{.fd = state->events, .events = POLLIN},
		{.fd = state->setup->socket}, /* POLLHUP comes unasked */
	};
	struct timespec time = time_until(deadline);
	struct signalfd_siginfo info;

	if (ppoll(pollers, 2, &time, NULL) < 0)
		return true;
	if (pollers[0].revents)
		while (read(state->events, &info, sizeof(info)) > 0)
			;
	return !pollers[1].revents;
}

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
	tracees_resume(&state->tracees);
	state->length = clock_now() - state->started;
	/* What was not looked at since the time was up: its SIGCHLD has been
	 * taken already. */
	state->more = tracees_events(&state->tracees);
	publish(state);
	state->stopping = false;
	end_not(state);
}

static void describe(const struct agent_state *state,
		     const struct tracee *tracee, struct agent_thread *ret)
{
	struct call call;
	const char *name = NULL;

	ret->tid = tracee->tid;
	ret->state = thread_state(state->tracees.procfd, tracee->tid);
	ret->effect = tracee->effect;
	if (thread_call(state->tracees.procfd, tracee->tid, &call) &&
	    call.inside)
		name = call_name(state->tracees.calls, call.number);
	snprintf(ret->call, sizeof(ret->call), "%s", name ? name : "");
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
		    !wait_for_event(state, state->deadline))
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
		describe(state, moving, &answer->first);
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

static void stop_threads(struct agent_state *state, struct agent_answer *answer)
{
	pid_t other = 0;
	int errnum = 0;

	state->started = clock_now();
	state->deadline = stop_deadline(state);
	state->stopping = true;
	end_at(state, state->started + state->request.nanoseconds +
			      GRACE_MILLISECONDS * MILLISECOND);
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
	atomic_store(&state->setup->shared->stopped, 1);
	pause_in(state, "stopped");
}

static void do_stop(struct agent_state *state, struct agent_answer *answer)
{
	struct tracee *first;
	pid_t other = 0;
	size_t count;
	int errnum;

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
		describe(state, first, &answer->first);
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
		     state->request.narrow);
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
	switch (state->request.verb) {
	case AGENT_ATTACH:
		do_attach(state, &answer);
		break;
	case AGENT_STOP:
		do_stop(state, &answer);
		break;
	case AGENT_RESUME:
		do_resume(state, &answer);
		break;
	}
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

static void loop(struct agent_state *state)
{
	struct pollfd pollers[] = {
		{.fd = state->setup->socket, .events = POLLIN},
		{.fd = state->events, .events = POLLIN},
	};
	struct signalfd_siginfo info;

	for (;;) {
		struct timespec time =
			time_until(state->more ? 0 : state->deadline);

		if (ppoll(pollers, 2,
			  state->stopping || state->more ? &time : NULL,
			  NULL) < 0 &&
		    errno != EINTR)
			return;
		if (state->stopping && clock_now() >= state->deadline)
			end_stop(state);
		if (pollers[1].revents || state->more) {
			while (read(state->events, &info, sizeof(info)) > 0)
				;
			state->more = tracees_events(&state->tracees);
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
	struct pollfd poller = {.fd = state->events, .events = POLLIN};
	struct signalfd_siginfo info;

	end_at(state, deadline + SECOND);
	tracees_events(&state->tracees);
	while (tracees_asked(&state->tracees) && clock_now() < deadline) {
		struct timespec time = time_until(deadline);

		ppoll(&poller, 1, &time, NULL);
		while (read(state->events, &info, sizeof(info)) > 0)
			;
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
		.sharing = {.root = setup->root, .pid = setup->pid},
	};
	sigset_t child;

	setsid();
	prctl(PR_SET_NAME, "mmiodbg-agent");
	hurry();
	(void)!chdir("/");
	close_others(setup);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	state.events = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (state.events >= 0 &&
	    timer_create(CLOCK_MONOTONIC, &end, &state.end) == 0) {
		loop(&state);
		end_stop(&state);
		mend_calls(&state);
	}
	pause_in(&state, "ending");
	_exit(0);
}
