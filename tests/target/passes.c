/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "passes.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "witness.h"

static int error_of(int result)
{
	return result < 0 ? errno : result ? ODD : 0;
}

static int pass_nanosleep(uint64_t ns)
{
	struct timespec t = to_timespec(ns), left;

	return error_of(nanosleep(&t, &left));
}

static int pass_clock_nanosleep(uint64_t ns)
{
	struct timespec t = to_timespec(ns);

	return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

static int pass_clock_nanosleep_realtime(uint64_t ns)
{
	struct timespec t = to_timespec(ns);

	return clock_nanosleep(CLOCK_REALTIME, 0, &t, NULL);
}

static int pass_usleep(uint64_t ns)
{
	return error_of(usleep((ns + 999) / 1000));
}

static int pass_poll(uint64_t ns)
{
	return error_of(poll(NULL, 0, (ns + 999999) / 1000000));
}

static int pass_ppoll(uint64_t ns)
{
	struct timespec t = to_timespec(ns);

	return error_of(ppoll(NULL, 0, &t, NULL));
}

static int pass_ppoll_mask(uint64_t ns)
{
	struct timespec t = to_timespec(ns);
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return error_of(ppoll(NULL, 0, &t, &mask));
}

static int pass_select(uint64_t ns)
{
	struct timeval t = {ns / 1000000000, (ns + 999) / 1000 % 1000000};

	return error_of(select(0, NULL, NULL, NULL, &t));
}

static int pass_pselect(uint64_t ns)
{
	struct timespec t = to_timespec(ns);

	return error_of(pselect(0, NULL, NULL, NULL, &t, NULL));
}

static int pass_futex(uint64_t ns)
{
	struct timespec t = to_timespec(ns);
	uint32_t word = 0;

	if (!syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0))
		return ODD;
	return errno == ETIMEDOUT ? 0 : errno;
}

static int pass_sem(uint64_t ns)
{
	struct timespec t = to_timespec(now_ns() + ns);
	sem_t sem;
	int error = ODD;

	sem_init(&sem, 0, 0);
	if (sem_clockwait(&sem, CLOCK_MONOTONIC, &t))
		error = errno == ETIMEDOUT ? 0 : errno;
	sem_destroy(&sem);
	return error;
}

static int pass_timerfd(uint64_t ns)
{
	struct itimerspec t = {.it_value = to_timespec(ns)};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t times = 0;
	ssize_t length;
	int error = 0;

	if (fd < 0 || timerfd_settime(fd, 0, &t, NULL))
		fatal("timerfd");
	length = read(fd, &times, sizeof times);
	if (length < 0)
		error = errno;
	else if (length != sizeof times || times != 1)
		error = ODD;
	close(fd);
	return error;
}

const struct pass passes[] = {
	{"nanosleep", pass_nanosleep, false, 0},
	{"clock_nanosleep", pass_clock_nanosleep, false, 0},
	{"clock_nanosleep (realtime)", pass_clock_nanosleep_realtime, false, 0},
	{"usleep", pass_usleep, false, 0},
	{"poll", pass_poll, false, 0},
	{"ppoll", pass_ppoll, true, 0},
	{"ppoll with a mask", pass_ppoll_mask, true, 0},
	{"select", pass_select, true, 100000},
	{"pselect", pass_pselect, true, 0},
	{"futex", pass_futex, false, 0},
	{"sem_clockwait", pass_sem, false, 0},
	{"read of a timerfd", pass_timerfd, false, 0},
};

const unsigned int n_passes = sizeof passes / sizeof *passes;

/* Those that give EINTR whenever the thread is stopped, signal(7) */

static int pass_epoll(uint64_t ns)
{
	struct epoll_event event;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int result = epoll_wait(epoll, &event, 1, (ns + 999999) / 1000000);
	int error = errno;

	close(epoll);
	return result > 0 ? ODD : result < 0 ? error : 0;
}

static int pass_semtimedop(uint64_t ns)
{
	struct timespec t = to_timespec(ns);
	struct sembuf take = {.sem_op = -1};
	int sem = semget(IPC_PRIVATE, 1, 0600);
	int result = semtimedop(sem, &take, 1, &t);
	int error = errno;

	semctl(sem, 0, IPC_RMID);
	return result >= 0 ? ODD : error != EAGAIN ? error : 0;
}

static int pass_sigtimedwait(uint64_t ns)
{
	struct timespec t = to_timespec(ns);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	if (sigtimedwait(&set, NULL, &t) >= 0)
		return ODD;
	return errno != EAGAIN ? errno : 0;
}

static int pass_recv(uint64_t ns)
{
	struct timeval t = {ns / 1000000000, (ns + 999) / 1000 % 1000000};
	ssize_t result;
	int fd[2], error;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		fatal("socketpair");
	setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	result = recv(fd[0], &byte, 1, 0);
	error = errno;
	close(fd[0]);
	close(fd[1]);
	return result >= 0 ? ODD : error != EAGAIN ? error : 0;
}

static int pass_getevents(uint64_t ns)
{
	/* It stays: io_destroy may take a second (725 ms were measured, with no
	 * debugger there).
	 */
	static __thread aio_context_t context;
	struct timespec t = to_timespec(ns);
	struct io_event event;
	long result;

	/* Not every kernel has it. */
	if (!context && syscall(SYS_io_setup, 1, &context))
		return pass_nanosleep(ns);
	result = syscall(SYS_io_getevents, context, 1, 1, &event, &t);
	return result > 0 ? ODD : result < 0 ? errno : 0;
}

const struct pass interruptible_passes[] = {
	{"epoll_wait", pass_epoll, false, 0},
	/* Those that count in ticks, as recv does, may end early: by 8 ms, as
	 * was measured with no debugger there.
	 */
	{"semtimedop", pass_semtimedop, false, 50000000},
	{"sigtimedwait", pass_sigtimedwait, false, 0},
	{"recv", pass_recv, false, 50000000},
	{"io_getevents", pass_getevents, false, 0},
};

const unsigned int n_interruptible_passes =
	sizeof interruptible_passes / sizeof *interruptible_passes;

void pass_check(const struct pass *pass, uint64_t ns, uint64_t late_ns,
		const volatile sig_atomic_t *handled)
{
	sig_atomic_t before = *handled;
	struct late late = late_start();
	uint64_t start = now_ns(), elapsed;
	uint64_t more = late_ns;
	int error = pass->run(ns);

	elapsed = now_ns() - start;
	late_end(&late);
	more += 4 * late.worst + (pass->counts_down ? 2 * late.sum : 0);
	if (error == EINTR && before != *handled)
		return; /* it was a handler of ours */
	if (error)
		damage("timers",
		       "%s of %" PRIu64 " us gave %s after %" PRIu64 " us",
		       pass->name, ns / 1000,
		       error == ODD ? "an odd result" : error_name(error),
		       elapsed / 1000);
	else if (elapsed + pass->may_be_early_ns < ns)
		damage("timers",
		       "%s of %" PRIu64 " ns ended %" PRIu64 " ns too early",
		       pass->name, ns, ns - elapsed);
	else if (elapsed > ns + more)
		damage("timers",
		       "%s of %" PRIu64 " ms lasted %" PRIu64
		       " ms; the machine was %" PRIu64 " ms late",
		       pass->name, ns / 1000000, elapsed / 1000000,
		       late.worst / 1000000);
}
