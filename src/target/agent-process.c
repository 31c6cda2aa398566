/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/agent-process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/root.h"
#include "target/agent-protocol.h"
#include "target/sharing.h"
#include "target/tracees.h"

/* How long threads may come and go before we give up attaching. */
enum { ATTACH_SECONDS = 2 };

#define SECOND UINT64_C(1000000000)

struct agent_state {
	const struct agent_process_setup *setup;
	struct tracees tracees;
	struct sharing sharing;
	int events; /* signalfd of SIGCHLD */
	bool attached;
	bool stopping;              /* from the first interrupt on */
	bool expired;               /* the last stop ended by its deadline */
	uint64_t started, deadline; /* of the stop */
	uint64_t length;            /* of the last stop */
	size_t stopped_threads;
	struct agent_request request;
};

/* Tests */

/*
 * MMIODBG_TEST_AGENT=STATE:FILE makes the agent pause in a state: it writes its
 * number to FILE, and waits for the end of the main process, 10 seconds at
 * most. For the test that kills the main process in each state.
 */
static void pause_in(const struct agent_state *state, const char *name)
{
	static bool paused;
	const char *test = secure_getenv("MMIODBG_TEST_AGENT");
	struct pollfd poller = {.fd = state->setup->socket};
	size_t length = strlen(name);
	int fd;

	if (!test || paused || strncmp(test, name, length) != 0 ||
	    test[length] != ':')
		return;
	paused = true;
	fd = open(test + length + 1, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return;
	dprintf(fd, "%d\n", (int)getpid());
	close(fd);
	poll(&poller, 1, 10000);
}

/* Answers */

static int answer_socket;
static uint32_t answer_serial;

static void send_answer(const struct agent_answer *answer)
{
	/* The main process takes one answer for each request: this does not
	 * block, and if it is gone, that is seen at the next poll. */
	(void)!send(answer_socket, answer, sizeof(*answer),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

/*
 * PTRACE_SEIZE waits for a thread that is in the middle of an exec, which may
 * wait for something else (cred_guard_mutex). Nothing but our end gets out of
 * it; the kernel lets go of all threads then.
 */
static void overdue(int signal)
{
	const struct agent_answer answer = {
		.serial = answer_serial,
		.result = AGENT_BUSY,
	};

	(void)signal;
	send_answer(&answer);
	_exit(0);
}

/* Bounds what may block in the kernel. */
static void set_alarm(uint64_t nanoseconds)
{
	struct itimerval limit = {
		.it_value.tv_sec = (time_t)(nanoseconds / SECOND),
		.it_value.tv_usec =
			(suseconds_t)(nanoseconds % SECOND / 1000 + 1),
	};

	setitimer(ITIMER_REAL, &limit, NULL);
}

static void clear_alarm(void)
{
	static const struct itimerval none;
	static const struct timespec now;
	sigset_t alarm;

	setitimer(ITIMER_REAL, &none, NULL);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	/* It may have come where it is not let in. */
	sigtimedwait(&alarm, NULL, &now);
}

/* The stop */

static uint64_t wait_milliseconds(uint64_t deadline)
{
	uint64_t time = monotonic();

	return deadline > time ? (deadline - time + 999999) / 1000000 : 0;
}

/* Waits for a thread's event, or the end of the main process: false. */
static bool wait_for_event(const struct agent_state *state, uint64_t deadline)
{
	struct pollfd pollers[] = {
		{.fd = state->events, .events = POLLIN},
		{.fd = state->setup->socket}, /* POLLHUP comes unasked */
	};
	struct signalfd_siginfo info;

	if (poll(pollers, 2, (int)wait_milliseconds(deadline)) < 0)
		return true;
	if (pollers[0].revents)
		while (read(state->events, &info, sizeof(info)) > 0)
			;
	return !pollers[1].revents;
}

static void end_stop(struct agent_state *state)
{
	if (!state->stopping)
		return;
	atomic_store(&state->setup->shared->stopped, 0);
	tracees_resume(&state->tracees);
	state->length = monotonic() - state->started;
	state->stopping = false;
}

static void publish(struct agent_state *state)
{
	struct agent_shared *shared = state->setup->shared;

	if (state->tracees.executed)
		atomic_store(&shared->executed, 1);
	if (state->attached && !state->tracees.count)
		atomic_store(&shared->ended, 1);
}

static void describe(const struct agent_state *state,
		     const struct tracee *tracee, struct agent_thread *ret)
{
	struct call call;
	const char *name = NULL;

	ret->tid = tracee->tid;
	ret->state = tracee_state(&state->tracees, tracee->tid);
	ret->effect = tracee->effect;
	if (tracee_call(&state->tracees, tracee->tid, &call) && call.inside)
		name = call_name(state->tracees.calls, call.number);
	snprintf(ret->call, sizeof(ret->call), "%s", name ? name : "");
}

/* Until all that are known stand still. False: the time is up, or the main
 * process is gone, or there is another program now. */
static bool stop_known(struct agent_state *state)
{
	for (;;) {
		tracees_events(&state->tracees);
		tracees_interrupt(&state->tracees);
		if (state->tracees.executed || !state->tracees.count)
			return false;
		if (!tracees_moving(&state->tracees))
			return true;
		if (monotonic() >= state->deadline ||
		    !wait_for_event(state, state->deadline))
			return false;
	}
}

/* Stops all, those included that come into being meanwhile. */
static bool stop_all(struct agent_state *state, pid_t *ret_tracer)
{
	size_t before;

	do {
		if (!stop_known(state))
			return false;
		before = state->tracees.count;
		if (tracees_seize(&state->tracees, state->deadline,
				  ret_tracer) != 0)
			return false;
	} while (state->tracees.count != before ||
		 tracees_moving(&state->tracees));
	return !state->tracees.executed;
}

static void explain_failure(struct agent_state *state, pid_t tracer,
			    struct agent_answer *answer)
{
	struct tracee *moving = tracees_moving(&state->tracees);

	if (state->tracees.executed)
		answer->result = AGENT_EXECUTED;
	else if (!state->tracees.count)
		answer->result = AGENT_GONE;
	else if (tracer)
		answer->result = AGENT_TRACED;
	else
		answer->result = moving ? AGENT_UNSTOPPABLE : AGENT_BUSY;
	answer->other = tracer;
	if (moving)
		describe(state, moving, &answer->first);
}

static void explain_sharing(int errnum, pid_t other,
			    struct agent_answer *answer)
{
	if (errnum) {
		answer->result = AGENT_UNKNOWABLE;
		answer->errnum = errnum;
	} else if (other) {
		answer->result = AGENT_SHARED;
		answer->other = other;
	}
}

static void do_stop(struct agent_state *state, struct agent_answer *answer)
{
	struct tracee *first;
	pid_t other = 0;
	size_t count;
	int errnum;
	bool all;

	state->expired = false;
	errnum = sharing_find(&state->sharing, &other);
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
	state->started = monotonic();
	state->deadline = state->started + state->request.nanoseconds;
	state->stopping = true;
	set_alarm(state->request.nanoseconds);
	tracees_interrupt(&state->tracees);
	pause_in(state, "interrupted");
	all = stop_all(state, &other);
	clear_alarm();
	if (all) {
		errnum = sharing_find_new(&state->sharing, &other);
		explain_sharing(errnum, other, answer);
	} else {
		explain_failure(state, other, answer);
	}
	publish(state);
	if (answer->result != AGENT_DONE) {
		end_stop(state);
		return;
	}
	state->stopped_threads = state->tracees.count;
	atomic_store(&state->setup->shared->stopped, 1);
	pause_in(state, "stopped");
}

static void do_attach(struct agent_state *state, struct agent_answer *answer)
{
	pid_t tracer = 0;
	int errnum;

	tracees_init(&state->tracees, state->setup->pid, state->setup->procfd,
		     state->request.narrow);
	set_alarm(ATTACH_SECONDS * SECOND);
	pause_in(state, "started");
	errnum = tracees_seize(&state->tracees,
			       monotonic() + ATTACH_SECONDS * SECOND, &tracer);
	clear_alarm();
	answer->errnum = errnum;
	answer->other = tracer;
	answer->result = !errnum               ? AGENT_DONE
			 : errnum == ESRCH     ? AGENT_GONE
			 : errnum == ETIMEDOUT ? AGENT_BUSY
			 : tracer              ? AGENT_TRACED
			 : errnum == EPERM     ? AGENT_DENIED
					       : AGENT_FAILED;
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
	answer->expired = state->expired;
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
	answer.serial = answer_serial = state->request.serial;
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
	send_answer(&answer);
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
		int timeout = state->stopping
				      ? (int)wait_milliseconds(state->deadline)
				      : -1;

		if (poll(pollers, 2, timeout) < 0 && errno != EINTR)
			return;
		if (state->stopping && monotonic() >= state->deadline) {
			state->expired = true;
			end_stop(state);
		}
		if (pollers[1].revents) {
			while (read(state->events, &info, sizeof(info)) > 0)
				;
			tracees_events(&state->tracees);
			publish(state);
		}
		if (pollers[0].revents & POLLIN ? !serve(state)
						: pollers[0].revents != 0)
			return;
	}
}

/* Nothing of the main process's may live longer because we do: a reader of its
 * standard output waits for the last one that has it open. */
static void close_others(const struct agent_process_setup *setup)
{
	const int kept[] = {setup->root->fd, setup->procfd, setup->socket};
	cleanup_names char **names = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	names = folder_names(AT_FDCWD, "/proc/self/fd");
	for (size_t i = 0; names && names[i]; i++) {
		int fd = atoi(names[i]);
		bool keep = fd <= 2;

		for (size_t j = 0; j < sizeof(kept) / sizeof(kept[0]); j++)
			keep |= fd == kept[j];
		if (!keep)
			close(fd);
	}
}

void agent_process_run(const struct agent_process_setup *setup)
{
	struct sigaction action = {.sa_handler = overdue};
	struct agent_state state = {
		.setup = setup,
		.sharing = {.root = setup->root, .pid = setup->pid},
	};
	sigset_t child;

	setsid();
	prctl(PR_SET_NAME, "mmiodbg-agent");
	close_others(setup);
	answer_socket = setup->socket;
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	state.events = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (state.events >= 0)
		loop(&state);
	end_stop(&state);
	pause_in(&state, "ending");
	_exit(0);
}
