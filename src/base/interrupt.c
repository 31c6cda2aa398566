/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/duration.h"

enum { MOST_DESCRIPTORS = 4, OURS = 3, LONGEST_END = 3 /* seconds */ };

static atomic_bool caught;       /* SIGINT */
static int wakers[2] = {-1, -1}; /* a pipe: something to read once caught */
static atomic_bool holding, kept;
static sigset_t held;      /* set before `holding` is */
static atomic_int arrived; /* the number of the signal, or 0 */
/* While signals are kept: something to read once one has arrived. What one
 * thread has taken, a signalfd does not show to another one. */
static int arrival = -1;
static void (*at_end)(void);
static pid_t at_end_of;

/* Its handler is gone by now: it ends us when this returns. */
static void on_end(int number)
{
	if (at_end && getpid() == at_end_of)
		at_end();
	raise(number);
}

void interrupt_on_end(void (*function)(void))
{
	static const int signals[] = {SIGINT,  SIGTERM, SIGHUP,
				      SIGQUIT, SIGALRM, SIGPIPE};
	struct sigaction ours = {.sa_handler = on_end,
				 .sa_flags = SA_RESETHAND};
	struct sigaction plain = {.sa_handler = SIG_DFL};

	if (function) {
		at_end_of = getpid();
		at_end = function;
	}
	sigfillset(&ours.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction now;

		if (sigaction(signals[i], NULL, &now) != 0)
			continue;
		if (function && now.sa_handler == SIG_DFL)
			sigaction(signals[i], &ours, NULL);
		if (!function && now.sa_handler == on_end)
			sigaction(signals[i], &plain, NULL);
	}
	if (!function)
		at_end = NULL;
}

/* Those that would end us: not those that are ignored or blocked. */
static void ending_signals(sigset_t *ret)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t blocked;

	sigemptyset(ret);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction action;

		if (!sigismember(&blocked, signals[i]) &&
		    sigaction(signals[i], NULL, &action) == 0 &&
		    (action.sa_handler == SIG_DFL ||
		     action.sa_handler == on_end))
			sigaddset(ret, signals[i]);
	}
}

void interrupt_hold(void)
{
	if (holding)
		return;
	ending_signals(&held);
	sigprocmask(SIG_BLOCK, &held, NULL);
	holding = true;
}

/* What ends us if all else takes too long, also where who started us has that
 * signal ignored or blocked. */
static void limit_end(void)
{
	struct sigaction ours = {.sa_handler = at_end ? on_end : SIG_DFL,
				 .sa_flags = SA_RESETHAND};
	struct sigaction now;
	sigset_t limit;

	sigfillset(&ours.sa_mask);
	if (sigaction(SIGALRM, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		sigaction(SIGALRM, &ours, NULL);
	sigemptyset(&limit);
	sigaddset(&limit, SIGALRM);
	pthread_sigmask(SIG_UNBLOCK, &limit, NULL);
	alarm(LONGEST_END);
}

bool interrupt_look(void)
{
	static const struct timespec at_once = {0};
	int number;

	if (caught || !holding || arrived)
		return caught || arrived;
	number = sigtimedwait(&held, NULL, &at_once);
	if (number <= 0)
		return caught || arrived;
	arrived = number;
	limit_end();
	if (arrival >= 0)
		eventfd_write(arrival, 1);
	return true;
}

bool interrupt_pending(void)
{
	return kept ? caught || arrived : interrupt_look();
}

void interrupt_release(void)
{
	/* What came just now is taken, too: it would end us without a word. */
	if (!holding || kept || interrupt_look())
		return;
	holding = false;
	sigprocmask(SIG_UNBLOCK, &held, NULL);
}

void interrupt_keep(void)
{
	interrupt_hold();
	if (arrival < 0)
		arrival = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	kept = true;
}

void interrupt_keep_no_more(void)
{
	kept = false;
	if (arrival >= 0)
		close(arrival);
	arrival = -1;
	interrupt_release();
}

enum wait_end interrupt_wait(const int *descriptors, size_t count,
			     uint64_t nanoseconds)
{
	struct pollfd pollers[MOST_DESCRIPTORS + OURS];
	uint64_t end, start = clock_now();
	int signals, ready;
	size_t used = 0;

	if (interrupt_look())
		return WAIT_SIGNAL;
	if (__builtin_add_overflow(start, nanoseconds, &end))
		end = UINT64_MAX;
	signals =
		holding ? signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	pollers[used++] = (struct pollfd){.fd = signals, .events = POLLIN};
	pollers[used++] = (struct pollfd){.fd = wakers[0], .events = POLLIN};
	pollers[used++] = (struct pollfd){.fd = arrival, .events = POLLIN};
	for (size_t i = 0; i < count && i < MOST_DESCRIPTORS; i++)
		pollers[used++] = (struct pollfd){
			.fd = descriptors[i],
			.events = POLLIN,
		};
	do {
		uint64_t now = clock_now(), left = end > now ? end - now : 0;
		struct timespec timeout = {
			.tv_sec = (time_t)(left / 1000000000),
			.tv_nsec = (long)(left % 1000000000),
		};

		ready = ppoll(pollers, (nfds_t)used, &timeout, NULL);
	} while (ready < 0 && errno == EINTR);
	if (signals >= 0)
		close(signals);
	if (interrupt_look())
		return WAIT_SIGNAL;
	return ready > 0 ? WAIT_EVENT : WAIT_OVER;
}

static void on_interrupt(int number)
{
	int saved = errno;

	(void)number;
	caught = true;
	/* A full pipe wakes, too. */
	if (write(wakers[1], "", 1) < 0)
		errno = saved;
	errno = saved;
}

void interrupt_catch(void)
{
	struct sigaction action = {.sa_handler = on_interrupt};

	if (wakers[0] < 0 && pipe2(wakers, O_CLOEXEC | O_NONBLOCK) != 0)
		return;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
}

void interrupt_clear(void)
{
	char byte;

	caught = false;
	while (wakers[0] >= 0 && read(wakers[0], &byte, 1) > 0)
		;
}

bool interrupt_is_final(void)
{
	bool pending = interrupt_pending();

	/* SIGINT goes first there, and may have hidden the other one. */
	if (pending && caught && holding && !arrived) {
		caught = false;
		interrupt_pending();
		caught = true;
	}
	return arrived != 0;
}

void interrupt_deliver(void)
{
	sigset_t signals;

	if (!arrived)
		return;
	sigemptyset(&signals);
	sigaddset(&signals, arrived);
	raise(arrived);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

void job_control_hold(sigset_t *ret)
{
	static const int signals[] = {SIGTSTP, SIGTTIN, SIGTTOU};
	sigset_t before;

	sigemptyset(ret);
	sigprocmask(SIG_BLOCK, NULL, &before);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigismember(&before, signals[i]))
			sigaddset(ret, signals[i]);
	sigprocmask(SIG_BLOCK, ret, NULL);
}

void job_control_release(const sigset_t *signals)
{
	sigprocmask(SIG_UNBLOCK, signals, NULL);
}
