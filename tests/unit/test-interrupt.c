/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting that a signal ends in good order. What ends us is tried in children,
 * which tell how they fared by a byte in a pipe and by how they end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/duration.h"
#include "base/interrupt.h"
#include "unit.h"

#define MILLISECOND UINT64_C(1000000)
#define MINUTE      (60000 * MILLISECOND)

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void default_signals(void)
{
	static const struct rlimit no_core = {0};

	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		signal(ending[i], SIG_DFL);
}

static void block(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static bool is_blocked(int number)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, number) == 1;
}

static bool is_pending(int number)
{
	sigset_t set;

	return sigpending(&set) == 0 && sigismember(&set, number) == 1;
}

/* A child and the end of the pipe that it writes to. */
struct child {
	pid_t pid;
	int fd;
};

static int to_parent;

static void say(char byte)
{
	if (write(to_parent, &byte, 1) != 1)
		_exit(98);
}

/* It runs `body`, which is to end it. */
static struct child start(void (*body)(int number), int number)
{
	struct child child;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	child.pid = fork();
	ck_assert_int_ge(child.pid, 0);
	if (!child.pid) {
		close(fds[0]);
		to_parent = fds[1];
		default_signals();
		body(number);
		_exit(97);
	}
	close(fds[1]);
	child.fd = fds[0];
	return child;
}

static char heard(const struct child *child)
{
	char byte;

	return read(child->fd, &byte, 1) == 1 ? byte : '-';
}

/* What waitpid() says of its end. */
static int end_of(struct child *child)
{
	int status;

	close(child->fd);
	ck_assert_int_eq(waitpid(child->pid, &status, 0), child->pid);
	return status;
}

static uint64_t blocked_of(pid_t pid)
{
	unsigned long long mask = 0;
	char path[64], line[256];
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	stream = fopen(path, "re");
	ck_assert_ptr_nonnull(stream);
	while (fgets(line, sizeof(line), stream))
		if (sscanf(line, "SigBlk: %llx", &mask) == 1)
			break;
	fclose(stream);
	return mask;
}

/* Until it is in a wait, which is when this signal is blocked. */
static void await_wait(const struct child *child, int number)
{
	uint64_t end = clock_now() + MINUTE;

	while (!(blocked_of(child->pid) & UINT64_C(1) << (number - 1))) {
		ck_assert_msg(clock_now() < end, "signal %d", number);
		usleep(1000);
	}
}

START_TEST(time_is_over)
{
	static const int none[] = {-1, -1};
	static const uint64_t times[] = {0, 1, 50000, 20 * MILLISECOND};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		for (size_t n = 0; n <= 2; n++) {
			uint64_t start = clock_now();

			ck_assert_int_eq(interrupt_wait(none, n, times[i]),
					 WAIT_OVER);
			ck_assert_uint_ge(clock_now() - start, times[i]);
			ck_assert(!interrupt_pending());
		}
	ck_assert_int_eq(interrupt_wait(NULL, 0, 1), WAIT_OVER);
	interrupt_deliver();
}
END_TEST

/* What is there already, in each place among the others. */
START_TEST(events_before)
{
	int data[2], closed[2], idle[2];

	ck_assert_int_eq(pipe2(data, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(closed, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(idle, O_CLOEXEC), 0);
	ck_assert_int_eq(write(data[1], "x", 1), 1);
	close(closed[1]);
	for (size_t i = 0; i < 4; i++) {
		int fds[] = {-1, idle[0], idle[0], -1};
		uint64_t time = i % 2 ? MINUTE : UINT64_MAX;

		fds[i] = data[0];
		ck_assert_int_eq(interrupt_wait(fds, 4, time), WAIT_EVENT);
		fds[i] = closed[0];
		ck_assert_int_eq(interrupt_wait(fds, 4, time), WAIT_EVENT);
		fds[i] = idle[0];
		ck_assert_int_eq(interrupt_wait(fds, 4, MILLISECOND),
				 WAIT_OVER);
		fds[i] = data[0];
		ck_assert_int_eq(interrupt_wait(fds, i, MILLISECOND),
				 WAIT_OVER);
	}
	ck_assert(!interrupt_pending());
	close(data[0]);
	close(data[1]);
	close(closed[0]);
	close(idle[0]);
	close(idle[1]);
}
END_TEST

static void end_later(int number)
{
	(void)number;
	usleep(20000);
	_exit(0);
}

/* A descriptor that comes to have something to say. */
START_TEST(event_meanwhile)
{
	struct child child = start(end_later, 0);

	ck_assert_int_eq(interrupt_wait(&child.fd, 1, MINUTE), WAIT_EVENT);
	ck_assert_int_eq(end_of(&child), 0);
}
END_TEST

/* What was blocked is blocked again, and nothing else. */
START_TEST(mask_is_restored)
{
	sigset_t at_first, before, after;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	close(fds[1]);
	sigprocmask(SIG_BLOCK, NULL, &at_first);
	for (unsigned i = 0; i < 4; i++) {
		sigset_t set;

		sigemptyset(&set);
		if (i & 1)
			sigaddset(&set, SIGHUP);
		if (i & 1)
			sigaddset(&set, SIGTSTP);
		sigprocmask(SIG_SETMASK, &set, NULL);
		sigprocmask(SIG_BLOCK, NULL, &before);
		ck_assert_int_eq(interrupt_wait(fds, i / 2, MILLISECOND),
				 i / 2 ? WAIT_EVENT : WAIT_OVER);
		sigprocmask(SIG_BLOCK, NULL, &after);
		for (int number = 1; number < 32; number++)
			ck_assert_msg(sigismember(&before, number) ==
					      sigismember(&after, number),
				      "%d", number);
	}
	sigprocmask(SIG_SETMASK, &at_first, NULL);
	close(fds[0]);
}
END_TEST

/* The signal ends the wait, and us only when we say so. */
static void wait_for_signal(int number)
{
	bool right = interrupt_wait(NULL, 0, MINUTE) == WAIT_SIGNAL;

	right = right && interrupt_pending() && is_pending(number);
	/* From now on there is no waiting. */
	right = right && interrupt_wait(NULL, 0, MINUTE) == WAIT_SIGNAL;
	say(right ? 'r' : 'w');
	interrupt_deliver();
	say('!');
}

START_TEST(signals)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct child child = start(wait_for_signal, ending[i]);
		int status;

		await_wait(&child, ending[i]);
		ck_assert_int_eq(kill(child.pid, ending[i]), 0);
		ck_assert_int_eq(heard(&child), 'r');
		ck_assert_int_eq(heard(&child), '-');
		status = end_of(&child);
		ck_assert(WIFSIGNALED(status));
		ck_assert_int_eq(WTERMSIG(status), ending[i]);
	}
}
END_TEST

/* Before the signal there is nothing to deliver; what others have blocked
 * stays so. */
static void deliver_nothing(int number)
{
	block(number);
	interrupt_deliver();
	say(interrupt_pending() || !is_blocked(number) ? 'w' : 'r');
	_exit(0);
}

START_TEST(nothing_to_deliver)
{
	struct child child = start(deliver_nothing, SIGUSR1);

	ck_assert_int_eq(heard(&child), 'r');
	ck_assert_int_eq(end_of(&child), 0);
}
END_TEST

/* Waits while the parent sends `number`: that does not end the wait, but its
 * event does. `number` must not end us afterwards either. */
static int from_parent;

static void wait_for_parent(int number)
{
	enum wait_end end = interrupt_wait(&from_parent, 1, MINUTE);

	(void)number;
	say(end == WAIT_EVENT && !interrupt_pending() ? 'r' : 'w');
	interrupt_deliver();
	say('!');
	_exit(0);
}

static void expect_no_end(void (*body)(int number), int number, int look_at)
{
	struct child child;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	from_parent = fds[0];
	child = start(body, number);
	await_wait(&child, look_at);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(kill(child.pid, number), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_msg(heard(&child) == 'r', "signal %d", number);
	ck_assert_msg(heard(&child) == '!', "signal %d", number);
	ck_assert_int_eq(end_of(&child), 0);
	close(fds[0]);
	close(fds[1]);
}

/* nohup, or a shell that starts us in the background */
static void wait_with_ignored(int number)
{
	signal(number, SIG_IGN);
	wait_for_parent(number);
}

START_TEST(ignored_signals)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		expect_no_end(wait_with_ignored, ending[i],
			      ending[i] == SIGTERM ? SIGINT : SIGTERM);
}
END_TEST

static volatile sig_atomic_t handled;

static void handle(int number)
{
	(void)number;
	handled = 1;
}

static void wait_with_handler(int number)
{
	struct sigaction action = {.sa_handler = handle};

	sigaction(number, &action, NULL);
	wait_for_parent(number);
}

START_TEST(handled_signals)
{
	expect_no_end(wait_with_handler, SIGHUP, SIGTERM);
	expect_no_end(wait_with_handler, SIGUSR1, SIGTERM);
}
END_TEST

/* While --stop holds a target, Ctrl-Z is blocked: it stays so, and pending. */
static void wait_without_job_control(int number)
{
	enum wait_end end;

	block(number);
	end = interrupt_wait(&from_parent, 1, MINUTE);
	say(end == WAIT_EVENT && is_blocked(number) && is_pending(number)
		    ? 'r'
		    : 'w');
	say('!');
	_exit(0);
}

START_TEST(blocked_job_control)
{
	expect_no_end(wait_without_job_control, SIGTSTP, SIGTERM);
	expect_no_end(wait_without_job_control, SIGTTOU, SIGTERM);
}
END_TEST

/* A signal that was blocked before does not end us, so it ends no wait. */
static void wait_with_blocked(int number)
{
	block(number);
	wait_for_parent(number);
}

START_TEST(blocked_signals)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		expect_no_end(wait_with_blocked, ending[i],
			      ending[i] == SIGTERM ? SIGINT : SIGTERM);
}
END_TEST

/* A stop is no event: the wait goes on after it. */
START_TEST(stopped_meanwhile)
{
	struct child child;
	int fds[2], status;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	from_parent = fds[0];
	child = start(wait_for_parent, 0);
	await_wait(&child, SIGTERM);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(kill(child.pid, SIGSTOP), 0);
		ck_assert_int_eq(waitpid(child.pid, &status, WUNTRACED),
				 child.pid);
		ck_assert(WIFSTOPPED(status));
		ck_assert_int_eq(kill(child.pid, SIGCONT), 0);
	}
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(heard(&child), 'r');
	ck_assert_int_eq(heard(&child), '!');
	ck_assert_int_eq(end_of(&child), 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		time_is_over,     events_before,     event_meanwhile,
		mask_is_restored, signals,           nothing_to_deliver,
		ignored_signals,  handled_signals,   blocked_job_control,
		blocked_signals,  stopped_meanwhile,
	};

	return run_suite(
		suite_of("interrupt", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
