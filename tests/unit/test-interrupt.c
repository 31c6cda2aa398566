/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that are held, and waiting that they end in good order. What ends us
 * is tried in children, which tell how they fared by a byte in a pipe and by
 * how they end. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/duration.h"
#include "base/interrupt.h"
#include "unit.h"

#define MILLISECOND UINT64_C(1000000)
#define MINUTE      (60000 * MILLISECOND)

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static struct sigaction at_first[ARRAY_SIZE(ending)];
static sigset_t mask_at_first;

/* Who runs us may have some of them ignored. */
static void default_signals(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		signal(ending[i], SIG_DFL);
}

static void set_up(void)
{
	sigprocmask(SIG_BLOCK, NULL, &mask_at_first);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaction(ending[i], NULL, &at_first[i]);
	default_signals();
}

static void tear_down(void)
{
	interrupt_release();
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaction(ending[i], &at_first[i], NULL);
	sigprocmask(SIG_SETMASK, &mask_at_first, NULL);
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
		static const struct rlimit no_core = {0};

		setrlimit(RLIMIT_CORE, &no_core);
		close(fds[0]);
		to_parent = fds[1];
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

/* Until it holds signals, which is when this one is blocked. */
static void await_hold(const struct child *child, int number)
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
		for (size_t n = 0; n < 6; n++) {
			uint64_t start = clock_now();

			if (n % 2)
				interrupt_hold();

			if (n)
				interrupt_hold();
			ck_assert_int_eq(interrupt_wait(none, n / 2, times[i]),
					 WAIT_OVER);
			ck_assert_uint_ge(clock_now() - start, times[i]);
			ck_assert(!interrupt_pending());
			interrupt_release();
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
	interrupt_hold();
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
	interrupt_release();
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
	for (unsigned held = 0; held < 2; held++) {
		struct child child = start(end_later, 0);

		if (held)
			interrupt_hold();
		ck_assert_int_eq(interrupt_wait(&child.fd, 1, MINUTE),
				 WAIT_EVENT);
		interrupt_release();
		ck_assert_int_eq(end_of(&child), 0);
	}
}
END_TEST

/* Whether just these differ: the signals that end us, but those of `except`. */
static void expect_held(const sigset_t *before, const sigset_t *except)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	for (int number = 1; number < 32; number++) {
		bool ends = number == SIGINT || number == SIGTERM ||
			    number == SIGHUP || number == SIGQUIT;
		bool held = except && ends && !sigismember(except, number);

		ck_assert_msg(sigismember(&now, number) ==
				      (held || sigismember(before, number)),
			      "signal %d", number);
	}
}

/* While they are held, the signals that end us are blocked; a wait changes
 * nothing. Afterwards what was blocked is blocked, and nothing else. */
START_TEST(mask_is_restored)
{
	sigset_t before;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	close(fds[1]);
	for (unsigned i = 0; i < 8; i++) {
		sigset_t set;
		bool hold = i / 2 % 2;

		sigemptyset(&set);
		if (i & 1)
			sigaddset(&set, SIGHUP);
		if (i & 1)
			sigaddset(&set, SIGTSTP);
		sigprocmask(SIG_SETMASK, &set, NULL);
		sigprocmask(SIG_BLOCK, NULL, &before);
		if (hold)
			interrupt_hold();
		expect_held(&before, hold ? &set : NULL);
		ck_assert_int_eq(interrupt_wait(fds, i / 4, MILLISECOND),
				 i / 4 ? WAIT_EVENT : WAIT_OVER);
		ck_assert(!interrupt_pending());
		expect_held(&before, hold ? &set : NULL);
		interrupt_release();
		expect_held(&before, NULL);
	}
	close(fds[0]);
}
END_TEST

/* They do not nest, and what was not held is not released. */
START_TEST(no_nesting)
{
	sigset_t before;

	interrupt_release();
	expect_held(&mask_at_first, NULL);
	interrupt_hold();
	interrupt_hold();
	ck_assert(is_blocked(SIGTERM));
	interrupt_release();
	expect_held(&mask_at_first, NULL);
	interrupt_release();
	expect_held(&mask_at_first, NULL);
	/* What is blocked later by others is theirs. */
	interrupt_hold();
	interrupt_release();
	block(SIGTERM);
	sigprocmask(SIG_BLOCK, NULL, &before);
	interrupt_release();
	expect_held(&before, NULL);
}
END_TEST

/* What is kept stays held, whoever releases it, until it is over. */
START_TEST(kept)
{
	interrupt_keep();
	ck_assert(is_blocked(SIGTERM));
	interrupt_release();
	ck_assert(is_blocked(SIGTERM));
	interrupt_hold();
	interrupt_release();
	ck_assert(is_blocked(SIGTERM));
	ck_assert(!interrupt_pending() && !interrupt_look());
	ck_assert_int_eq(interrupt_wait(NULL, 0, 1), WAIT_OVER);
	interrupt_keep_no_more();
	expect_held(&mask_at_first, NULL);
	interrupt_keep_no_more();
	expect_held(&mask_at_first, NULL);
	/* What was held before is not released by a keep that fails to end. */
	interrupt_hold();
	interrupt_keep();
	interrupt_keep_no_more();
	expect_held(&mask_at_first, NULL);
}
END_TEST

/* The signal ends the wait, and us only when we say so. */
static void wait_for_signal(int number)
{
	bool right;

	interrupt_hold();
	right = interrupt_wait(NULL, 0, MINUTE) == WAIT_SIGNAL;
	/* It was taken; more of them are held. */
	right = right && interrupt_pending() && !is_pending(number) &&
		is_blocked(number);
	/* From now on each wait says the same. */
	interrupt_hold();
	right = right && interrupt_wait(NULL, 0, MINUTE) == WAIT_SIGNAL &&
		is_blocked(number);
	interrupt_release();
	right = right && interrupt_wait(NULL, 0, MINUTE) == WAIT_SIGNAL &&
		interrupt_pending();
	say(right ? 'r' : 'w');
	interrupt_deliver();
	say('!');
}

/* What a child is to say before a signal ends it: "r", or nothing. */
static void expect_end(struct child *child, const char *says, int number)
{
	int status;

	for (; *says; says++)
		ck_assert_int_eq(heard(child), *says);
	ck_assert_int_eq(heard(child), '-');
	status = end_of(child);
	ck_assert_msg(WIFSIGNALED(status), "signal %d: status %#x", number,
		      (unsigned)status);
	ck_assert_int_eq(WTERMSIG(status), number);
}

START_TEST(signals)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct child child = start(wait_for_signal, ending[i]);

		await_hold(&child, ending[i]);
		ck_assert_int_eq(kill(child.pid, ending[i]), 0);
		expect_end(&child, "r", ending[i]);
	}
}
END_TEST

/* What comes while they are held, but nobody waits, is kept as well: until we
 * ask, or until they are released. */
static void ask_for_signal(int number)
{
	bool right;

	interrupt_hold();
	right = !interrupt_pending();
	raise(number);
	right = right && interrupt_pending() && interrupt_pending();
	right = right && !is_pending(number) && is_blocked(number);
	say(right ? 'r' : 'w');
	interrupt_deliver();
	say('!');
}

static void release_signal(int number)
{
	bool right;

	interrupt_hold();
	raise(number);
	interrupt_release();
	right = !is_pending(number) && is_blocked(number);
	right = right && interrupt_pending();
	right = right && interrupt_wait(NULL, 0, 1) == WAIT_SIGNAL;
	interrupt_release();
	say(right ? 'r' : 'w');
	interrupt_deliver();
	say('!');
}

/* Kept, it is not asked for by interrupt_pending(), but it is there. */
static void keep_signal(int number)
{
	bool right;

	interrupt_keep();
	raise(number);
	right = !interrupt_pending() && is_pending(number);
	interrupt_release();
	right = right && is_blocked(number) && interrupt_look() &&
		interrupt_pending() && !is_pending(number);
	interrupt_keep_no_more();
	right = right && is_blocked(number) && interrupt_pending();
	say(right ? 'r' : 'w');
	interrupt_deliver();
	say('!');
}

/* Either thread may be the one that finds it. */
static void *wait_for_both(void *data)
{
	(void)data;
	return interrupt_wait(NULL, 0, MINUTE) == WAIT_SIGNAL ? (void *)1
							      : NULL;
}

static void keep_for_two(int number)
{
	void *found = NULL;
	pthread_t thread;
	bool right;

	(void)number;
	/* Check has a handler of its own, which kills us all. */
	signal(SIGALRM, SIG_DFL);
	interrupt_keep();
	if (pthread_create(&thread, NULL, wait_for_both, NULL))
		_exit(96);
	right = wait_for_both(NULL) != NULL;
	pthread_join(thread, &found);
	say(right && found && interrupt_pending() ? 'r' : 'w');
	interrupt_keep_no_more();
	interrupt_deliver();
	say('!');
}

/* Held, let through and held again, as around each attempt: what comes while
 * it is let through ends us at once. */
static void let_through(int number)
{
	interrupt_hold();
	interrupt_release();
	interrupt_hold();
	interrupt_release();
	say('r');
	raise(number);
	say('!');
}

/* A second one changes nothing: be it there already when the first one is
 * taken, ... */
static void second_at_once(int number)
{
	interrupt_hold();
	raise(number);
	raise(number == SIGTERM ? SIGINT : SIGTERM);
	say('r');
	interrupt_pending();
	interrupt_deliver();
	say('!');
}

/* ... or later, be they held again or not. */
static void second_later(int number)
{
	interrupt_hold();
	raise(number);
	say(interrupt_pending() ? 'r' : 'w');
	raise(SIGTERM);
	raise(number);
	interrupt_deliver();
	say('!');
}

static void second_held(int number)
{
	interrupt_hold();
	raise(number);
	interrupt_release();
	interrupt_hold();
	say(interrupt_pending() ? 'r' : 'w');
	raise(SIGTERM);
	interrupt_deliver();
	say('!');
}

/* What takes too long then does not take for ever. */
static void never_ends(int number)
{
	/* Check has a handler of its own, which kills us all. */
	signal(SIGALRM, SIG_DFL);
	interrupt_hold();
	raise(number);
	say(interrupt_pending() ? 'r' : 'w');
	for (;;)
		pause();
}

/* Nor where that which ends it was ignored or blocked before. */
static void never_ends_ignored(int number)
{
	signal(SIGALRM, SIG_IGN);
	interrupt_hold();
	raise(number);
	say(interrupt_pending() ? 'r' : 'w');
	usleep(10000000);
	say('!');
}

static void never_ends_blocked(int number)
{
	signal(SIGALRM, SIG_DFL);
	block(SIGALRM);
	interrupt_hold();
	raise(number);
	say(interrupt_pending() ? 'r' : 'w');
	usleep(10000000);
	say('!');
}

static void never_held(int number)
{
	say(interrupt_pending() ? 'w' : 'r');
	raise(number);
	say('!');
}

START_TEST(ends)
{
	static const struct {
		void (*body)(int number);
		int by; /* 0: by the signal that came first */
	} cases[] = {
		{ask_for_signal, 0}, {release_signal, 0}, {let_through, 0},
		{never_held, 0},     {second_later, 0},   {second_held, 0},
		{keep_signal, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (size_t j = 0; j < ARRAY_SIZE(ending); j++) {
			struct child child = start(cases[i].body, ending[j]);

			expect_end(&child, "r",
				   cases[i].by ? cases[i].by : ending[j]);
		}
}
END_TEST

START_TEST(two_threads)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct child child = start(keep_for_two, 0);

		await_hold(&child, ending[i]);
		usleep(2000);
		ck_assert_int_eq(kill(child.pid, ending[i]), 0);
		expect_end(&child, "r", ending[i]);
	}
}
END_TEST

/* The lowest number is taken first. */
START_TEST(two_at_once)
{
	struct child child = start(second_at_once, SIGINT);

	expect_end(&child, "r", SIGINT);
	child = start(second_at_once, SIGTERM);
	expect_end(&child, "r", SIGINT);
	child = start(second_at_once, SIGHUP);
	expect_end(&child, "r", SIGHUP);
}
END_TEST

START_TEST(too_slow)
{
	struct child child = start(never_ends, SIGINT);

	expect_end(&child, "r", SIGALRM);
	child = start(never_ends_ignored, SIGINT);
	expect_end(&child, "r", SIGALRM);
	child = start(never_ends_blocked, SIGINT);
	expect_end(&child, "r", SIGALRM);
}
END_TEST

/* A wait while they are not held is no hold: the signal ends us at once. */
static void wait_without_hold(int number)
{
	(void)number;
	say('r');
	interrupt_wait(NULL, 0, MINUTE);
	say('!');
}

START_TEST(not_held)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		struct child child = start(wait_without_hold, ending[i]);

		ck_assert_int_eq(heard(&child), 'r');
		usleep(1000);
		ck_assert_int_eq(kill(child.pid, ending[i]), 0);
		expect_end(&child, "", ending[i]);
	}
}
END_TEST

/* Before the signal there is nothing to deliver; what others have blocked
 * stays so. */
static void deliver_nothing(int number)
{
	block(number);
	interrupt_deliver();
	interrupt_hold();
	interrupt_deliver();
	interrupt_release();
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
	enum wait_end end;

	(void)number;
	interrupt_hold();
	end = interrupt_wait(&from_parent, 1, MINUTE);
	say(end == WAIT_EVENT && !interrupt_pending() ? 'r' : 'w');
	interrupt_release();
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
	await_hold(&child, look_at);
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
	interrupt_hold();
	end = interrupt_wait(&from_parent, 1, MINUTE);
	interrupt_release();
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
	await_hold(&child, SIGTERM);
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

/* In a shell SIGINT ends what is done, and not us. */
START_TEST(caught)
{
	interrupt_catch();
	ck_assert(!interrupt_pending());
	ck_assert_int_eq(interrupt_wait(NULL, 0, MILLISECOND), WAIT_OVER);
	raise(SIGINT);
	ck_assert(interrupt_pending());
	ck_assert(!interrupt_is_final());
	ck_assert_int_eq(interrupt_wait(NULL, 0, MINUTE), WAIT_SIGNAL);
	interrupt_clear();
	ck_assert(!interrupt_pending());
	ck_assert_int_eq(interrupt_wait(NULL, 0, MILLISECOND), WAIT_OVER);
	interrupt_hold();
	raise(SIGINT);
	interrupt_release();
	ck_assert_msg(is_blocked(SIGTERM), "let through when one had come");
	ck_assert(!interrupt_is_final());
	interrupt_clear();
	interrupt_release();
	ck_assert(!is_blocked(SIGTERM));
}
END_TEST

static void take_both(int number)
{
	interrupt_catch();
	interrupt_hold();
	raise(SIGINT);
	raise(number);
	say(interrupt_is_final() ? 'f' : '-');
	interrupt_clear();
	say(interrupt_pending() && interrupt_is_final() ? 'f' : '-');
	interrupt_deliver();
}

/* One that ends us is not hidden by it. */
START_TEST(final_beside_caught)
{
	struct child child = start(take_both, SIGTERM);
	int status;

	ck_assert_int_eq(heard(&child), 'f');
	ck_assert_int_eq(heard(&child), 'f');
	status = end_of(&child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		time_is_over,
		events_before,
		event_meanwhile,
		mask_is_restored,
		no_nesting,
		kept,
		signals,
		ends,
		two_threads,
		two_at_once,
		too_slow,
		not_held,
		nothing_to_deliver,
		ignored_signals,
		handled_signals,
		blocked_job_control,
		blocked_signals,
		stopped_meanwhile,
		caught,
		final_beside_caught,
	};

	return run_suite(suite_of("interrupt", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
