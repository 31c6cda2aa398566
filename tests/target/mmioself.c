/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmioself: a process that notices what is done to it
 *
 * Its threads do what programs do (compute, sleep, wait, talk to each other,
 * take signals, have children) and verify the results, all the time, while a
 * test has mmiodbg look at it.  What a debugger may do wrong shows as damage:
 * a register that changed, a call that was interrupted though no handler ran,
 * a sleep that was too short or began anew, a signal lost, doubled or stripped
 * of its value.
 *
 *   mmioself [OPTION...]
 *
 *   --registers=N  so many threads of each kind.  A pair is two threads that
 *   --memory=N     talk to each other, each pair in another of the ways in the
 *   --timers=N     table `wire_kinds`; by default there is one of each.
 *   --pairs=N
 *   --children=N
 *   --churn=N
 *   --storm[=N]    N threads (3) that receive signals, and one that sends them
 *   --eintr        threads in calls that any stop interrupts, by the design of
 *                  the kernel: what they get is counted and is no damage
 *   --neighbour    another debugger is there that makes epoll_wait give EINTR,
 *                  as strace and gdb do: that is counted and is no damage
 *   --seed=N       of all random numbers
 *   --late=MS      a sleep may last so much too long, besides what the machine
 *                  as a whole was late (1000), and ten times that in threads
 *                  which a tracer has to let go on, as those that take signals
 *   --stall=MS     and that may be so long at once (20000)
 *   --parent       runs all that in a child; to the parent, nothing may happen
 *                  to it but its end
 *
 * Prints "ready PID ADDRESS" when all threads run.  ADDRESS is a page of shared
 * anonymous memory: a 64-bit counter that changes, then words of which the Nth
 * is PAGE_WORD + N; the second half is for a test to write to.
 *
 * On SIGTERM, or at the end of standard input, all threads end.  Then come, on
 * standard output, "note: ..." and "eintr ..." lines, "damage: KIND: WHAT"
 * lines, and
 *
 *   checked registers=N memory=N timers=N syscalls=N signals=N children=N
 *           threads=N
 *
 * in one line.  The status is 0 if there is no damage and no N is 0 that could
 * have been more.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "held.h"
#include "passes.h"
#include "witness.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define PAGE_WORD UINT32_C(0x5e1f0000)

enum {
	MAX_WORKERS = 256,
	MAX_RECEIVERS = 16,
	MAX_INTERRUPTIBLES = 16,
	MAX_CHANGES = 200,
	PAGE_SIZE = 4096,
	BUFFER_WORDS = 4096,
	HANG_S = 60,      /* a thread that takes longer to end hangs */
	TIMER_US = 7000,  /* the interval timer's */
	WINDOW = 32,      /* signals under way, of one kind to one thread */
	WINDOW_ANY = 256, /* and of those that any thread takes */
	SEEN = 4 * WINDOW_ANY, /* a power of two */
	BULK = 1 << 20,
};

enum kind_of_check {
	REGISTERS,
	MEMORY,
	TIMERS,
	SYSCALLS,
	SIGNALS,
	CHILDREN,
	THREADS,
	N_KINDS,
};

static const char *const check_names[N_KINDS] = {
	"registers", "memory",   "timers",  "syscalls",
	"signals",   "children", "threads",
};

struct worker {
	const char *name;
	void (*run)(struct worker *me);
	unsigned int index; /* among those of its kind */
	pthread_t thread;
	uint64_t random;
	sigset_t mask;
	/* Handlers that ran in this thread; only it looks. */
	volatile sig_atomic_t handled;
	/* It takes signals, or makes threads: of a traced process, it stands
	 * still then until the tracer has had the processor.
	 */
	bool waits_for_tracer;
	char *stack; /* the alternate one */
	size_t stack_size;
};

static struct {
	unsigned int registers, memory, timers, pairs, children, churn, storm;
	bool eintr, neighbour, parent;
	uint64_t seed;
	uint64_t late_ns, stall_ns;
} options = {
	.registers = 2,
	.memory = 1,
	.timers = 4,
	.children = 1,
	.churn = 1,
	.seed = 1,
	.late_ns = UINT64_C(1000000000),
	.stall_ns = UINT64_C(20000000000),
};

static struct worker workers[MAX_WORKERS];
static unsigned int n_workers;
static atomic_uint n_started;
static atomic_bool stopping;    /* the workers are to end */
static atomic_bool storm_over;  /* then the receivers are */
static atomic_uint n_receiving; /* they are ready for signals */
static atomic_ullong checked[N_KINDS];
static __thread struct worker *self;
static pid_t our_pid;
static uid_t our_uid;
static sigset_t base_mask; /* all but what a fault gives */

static void check_done(enum kind_of_check kind)
{
	atomic_fetch_add_explicit(&checked[kind], 1, memory_order_relaxed);
}

static uint64_t random_next(struct worker *me)
{
	return random_of(&me->random);
}

/* From @min to @max, both included. */
static uint64_t random_from(struct worker *me, uint64_t min, uint64_t max)
{
	return min + random_next(me) % (max - min + 1);
}

static void run_heart(struct worker *me)
{
	heart_run(me->index, options.stall_ns);
}

/* Masks */

static void set_mask(struct worker *me, const sigset_t *mask)
{
	me->mask = *mask;
	pthread_sigmask(SIG_SETMASK, mask, NULL);
}

static void check_mask(struct worker *me)
{
	if (!mask_check(me->name, &me->mask))
		set_mask(me, &me->mask);
}

/* Registers */

static void check_spinning(struct worker *me, uint64_t spins)
{
	held_spin(&me->random, spins);
	check_done(REGISTERS);
}

/* The same across a sleep. */
static void check_sleeping(struct worker *me, uint64_t ns)
{
	struct timespec t = to_timespec(ns);
	uint64_t start = now_ns();
	long result = held_call(&me->random, SYS_clock_nanosleep,
				CLOCK_MONOTONIC, 0, (uintptr_t)&t, 0);

	check_done(REGISTERS);
	if (result)
		damage("registers", "clock_nanosleep gave %ld", result);
	else if (now_ns() - start < ns)
		damage("timers", "clock_nanosleep ended too early");
}

static void run_registers(struct worker *me)
{
	uint64_t spins = held_spins_of_1ms(&me->random);

	while (!atomic_load(&stopping)) {
		check_spinning(me, random_from(me, spins / 2, spins * 3 / 2));
		check_sleeping(me, random_from(me, 1000000, 12000000));
		check_mask(me);
	}
}

/* Memory */

static struct {
	_Alignas(8) atomic_ullong counter;
	uint32_t words[(PAGE_SIZE - 8) / 4]; /* the first is word 2 */
} * page;

static atomic_ullong page_counted;

static void page_init(void)
{
	page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		fatal("mmap");
	for (unsigned int i = 2; i < PAGE_SIZE / 4; i++)
		page->words[i - 2] = PAGE_WORD + i;
}

static void page_check(void)
{
	for (unsigned int i = 2; i < PAGE_SIZE / 4 / 2; i++) {
		uint32_t word = page->words[i - 2];

		if (word != PAGE_WORD + i)
			damage("memory", "word %u of the page is 0x%x", i,
			       word);
	}
}

static void run_memory(struct worker *me)
{
	volatile uint64_t *buffer =
		mmap(NULL, BUFFER_WORDS * 8, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigset_t all;

	if (buffer == MAP_FAILED)
		fatal("mmap");
	/* Even the signals of faults: a debugger that makes one sees that. */
	sigfillset(&all);
	set_mask(me, &all);
	while (!atomic_load(&stopping)) {
		uint64_t seed = random_next(me);

		for (unsigned int i = 0; i < BUFFER_WORDS; i++)
			buffer[i] = seed ^ i * UINT64_C(0x9e3779b97f4a7c15);
		for (unsigned int i = 0; i < 20000; i++)
			atomic_fetch_add(&page->counter, 1);
		atomic_fetch_add(&page_counted, 20000);
		if (random_next(me) & 1)
			check_sleeping(me, random_from(me, 100000, 8000000));
		for (unsigned int i = 0; i < BUFFER_WORDS; i++)
			if (buffer[i] !=
			    (seed ^ i * UINT64_C(0x9e3779b97f4a7c15)))
				damage("memory", "word %u of a buffer changed",
				       i);
		page_check();
		check_mask(me);
		check_sleeping(me, random_from(me, 1000000, 8000000));
		check_done(MEMORY);
	}
}

/* Lets @ns pass by way of @pass, and verifies that. */
static void check_pass(struct worker *me, const struct pass *pass, uint64_t ns)
{
	pass_check(pass, ns, options.late_ns * (me->waits_for_tracer ? 10 : 1),
		   &me->handled);
	check_done(TIMERS);
}

static void nap(struct worker *me, uint64_t min_us, uint64_t max_us)
{
	check_pass(me, &passes[random_from(me, 0, n_passes - 1)],
		   random_from(me, min_us, max_us) * 1000);
}

/* Most are short, for many; a long one shows that it began anew. */
static void run_timers(struct worker *me)
{
	unsigned int turn = me->index * 3;

	while (!atomic_load(&stopping)) {
		uint64_t dice = random_from(me, 0, 99);
		uint64_t us = dice < 70   ? random_from(me, 500, 30000)
			      : dice < 90 ? random_from(me, 30000, 300000)
					  : random_from(me, 1500000, 2500000);

		check_pass(me, &passes[turn++ % n_passes], us * 1000);
		check_mask(me);
	}
}

/* An interval timer: what it says must be the time that went by */

enum { SIG_DIRECT0, SIG_DIRECT1, SIG_ORDERED, SIG_ANY, SIG_TIMER };

static atomic_ullong expirations;

static void on_timer(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	self->handled++;
	if (info->si_code != SI_TIMER ||
	    info->si_value.sival_ptr != &expirations)
		damage("signals", "a timer's signal with code %d, value %p",
		       info->si_code, info->si_value.sival_ptr);
	else
		atomic_fetch_add(&expirations, 1 + info->si_overrun);
	check_done(SIGNALS);
}

static void run_interval(struct worker *me)
{
	const uint64_t period = TIMER_US * UINT64_C(1000);
	struct itimerspec t = {.it_interval = to_timespec(period)};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = SIGRTMIN + SIG_TIMER,
				 .sigev_value.sival_ptr = &expirations};
	uint64_t start, missing = UINT64_MAX;
	unsigned int checks = 0;
	sigset_t mask = base_mask;
	timer_t timer;

	event.sigev_notify_thread_id = syscall(SYS_gettid);
	sigdelset(&mask, SIGRTMIN + SIG_TIMER);
	me->waits_for_tracer = true;
	set_mask(me, &mask);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		fatal("timer_create");
	start = now_ns();
	t.it_value = to_timespec(start + period);
	timer_settime(timer, TIMER_ABSTIME, &t, NULL);
	while (!atomic_load(&stopping) || checks) {
		uint64_t seen, elapsed;

		nap(me, 1000, 40000);
		/* In this order: never more than the time allows. */
		seen = atomic_load(&expirations);
		elapsed = (now_ns() - start) / period;
		if (seen > elapsed) {
			damage("timers",
			       "an interval timer expired %" PRIu64
			       " times, not %" PRIu64,
			       seen, elapsed);
			atomic_store(&expirations, elapsed);
		} else if (elapsed - seen < missing) {
			missing = elapsed - seen;
		}
		check_mask(me);
		check_done(TIMERS);
		/* One of the last may just not have come. */
		if (++checks < 20)
			continue;
		if (missing) {
			damage("timers",
			       "%" PRIu64 " expirations of an interval timer "
			       "got lost",
			       missing);
			atomic_fetch_add(&expirations, missing);
		}
		checks = 0;
		missing = UINT64_MAX;
	}
	timer_delete(timer);
}

/*
 * Wires: ways for one thread to wait for a number from another.  The number is
 * never 0; only one is under way at a time.  A call that gives anything but
 * exactly what it should is damage.
 */

struct wire {
	int fd[2]; /* to read, to write */
	int epoll;
	uint64_t number;    /* of a futex ... */
	atomic_uint posted; /* ... which changes with each */
	atomic_uint woken;  /* and follows, when the waker has called */
	unsigned int taken;
};

static void odd_result(const char *call, int64_t result)
{
	damage("syscalls", "%s gave %" PRId64 " (%s)", call, result,
	       result < 0 ? error_name(errno) : "wrong");
}

static void open_pipe(struct wire *wire)
{
	if (pipe2(wire->fd, O_CLOEXEC))
		fatal("pipe2");
}

static void open_epoll(struct wire *wire)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x600d};

	open_pipe(wire);
	wire->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (wire->epoll < 0 ||
	    epoll_ctl(wire->epoll, EPOLL_CTL_ADD, wire->fd[0], &event))
		fatal("epoll");
}

static void open_stream(struct wire *wire)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire->fd))
		fatal("socketpair");
}

static void open_packets(struct wire *wire)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wire->fd))
		fatal("socketpair");
}

static void open_eventfd(struct wire *wire)
{
	wire->fd[0] = wire->fd[1] = eventfd(0, EFD_CLOEXEC);
	if (wire->fd[0] < 0)
		fatal("eventfd");
}

static void open_futex(struct wire *wire)
{
	(void)wire;
}

static void put_write(struct wire *wire, uint64_t number)
{
	ssize_t result = write(wire->fd[1], &number, sizeof number);

	if (result != sizeof number)
		odd_result("write", result);
}

static uint64_t get_read(struct wire *wire)
{
	uint64_t number = 0;
	ssize_t result = read(wire->fd[0], &number, sizeof number);

	if (result != sizeof number)
		odd_result("read", result);
	return number;
}

static atomic_uint epoll_interrupted;

/*
 * A stop makes epoll_wait give EINTR, signal(7), even without a limit of time;
 * but then a debugger can have the call started again, and mmiodbg does.
 */
static uint64_t get_epoll(struct wire *wire)
{
	struct epoll_event event[2] = {{.events = 0}};
	int result;

	while ((result = epoll_wait(wire->epoll, event, 2, -1)) < 0 &&
	       errno == EINTR && options.neighbour)
		atomic_fetch_add(&epoll_interrupted, 1);
	if (result != 1 || event[0].events != EPOLLIN ||
	    event[0].data.u64 != 0x600d)
		odd_result("epoll_wait", result);
	return get_read(wire);
}

static uint64_t get_poll(struct wire *wire)
{
	struct pollfd event = {.fd = wire->fd[0], .events = POLLIN};
	int result = poll(&event, 1, -1);

	if (result != 1 || event.revents != POLLIN)
		odd_result("poll", result);
	return get_read(wire);
}

static uint64_t get_ppoll(struct wire *wire)
{
	struct pollfd event = {.fd = wire->fd[0], .events = POLLIN};
	int result = ppoll(&event, 1, NULL, &self->mask);

	if (result != 1 || event.revents != POLLIN)
		odd_result("ppoll", result);
	return get_read(wire);
}

static uint64_t get_select(struct wire *wire)
{
	fd_set set;
	int result;

	FD_ZERO(&set);
	FD_SET(wire->fd[0], &set);
	result = select(wire->fd[0] + 1, &set, NULL, NULL, NULL);
	if (result != 1 || !FD_ISSET(wire->fd[0], &set))
		odd_result("select", result);
	return get_read(wire);
}

static uint64_t get_recvmsg(struct wire *wire)
{
	char control[64];
	uint64_t number[2] = {0};
	struct iovec vector = {number, sizeof number};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof control};
	ssize_t result = recvmsg(wire->fd[0], &message, 0);

	if (result != sizeof *number || message.msg_flags)
		odd_result("recvmsg", result);
	return number[0];
}

static void put_futex(struct wire *wire, uint64_t number)
{
	wire->number = number;
	atomic_fetch_add(&wire->posted, 1);
	if (syscall(SYS_futex, &wire->posted, FUTEX_WAKE_PRIVATE, 1, NULL, NULL,
		    0) < 0)
		odd_result("futex wake", -1);
	atomic_fetch_add(&wire->woken, 1);
}

static uint64_t get_futex(struct wire *wire)
{
	while (atomic_load(&wire->posted) == wire->taken) {
		/* Else the call that woke us the last time is still to come. */
		bool quiet = atomic_load(&wire->woken) == wire->taken;
		int result =
			syscall(SYS_futex, &wire->posted, FUTEX_WAIT_PRIVATE,
				wire->taken, NULL, NULL, 0);

		if ((result < 0 && errno != EAGAIN) || result > 0 ||
		    (quiet && atomic_load(&wire->posted) == wire->taken))
			odd_result("futex wait", result);
	}
	wire->taken++;
	return wire->number;
}

static const struct wire_kind {
	const char *name;
	void (*open)(struct wire *wire);
	void (*put)(struct wire *wire, uint64_t number);
	uint64_t (*get)(struct wire *wire);
} wire_kinds[] = {
	{"pipe", open_pipe, put_write, get_read},
	{"socketpair", open_stream, put_write, get_read},
	{"eventfd", open_eventfd, put_write, get_read},
	{"futex", open_futex, put_futex, get_futex},
	{"poll", open_pipe, put_write, get_poll},
	{"ppoll", open_pipe, put_write, get_ppoll},
	{"select", open_pipe, put_write, get_select},
	{"recvmsg", open_packets, put_write, get_recvmsg},
	{"epoll", open_epoll, put_write, get_epoll},
};

enum { N_WIRES = sizeof wire_kinds / sizeof *wire_kinds };

static struct pair {
	struct wire there, back;
} pairs[MAX_WORKERS];

/* The numbers of a pair; the last one is another. */
#define LAST_NUMBER (UINT64_MAX - 1)

static uint64_t nth_number(uint64_t n)
{
	return (mix(n) >> 1) | 1;
}

static void check_number(const char *what, const char *name, uint64_t number,
			 uint64_t n)
{
	if (number != nth_number(n))
		damage("syscalls",
		       "%s by %s: number %" PRIu64 " is 0x%" PRIx64
		       ", not 0x%" PRIx64,
		       what, name, n, number, nth_number(n));
	check_done(SYSCALLS);
}

static void run_ping(struct worker *me)
{
	const struct wire_kind *kind = &wire_kinds[me->index % N_WIRES];
	struct pair *pair = &pairs[me->index];
	uint64_t n = 0;

	while (!atomic_load(&stopping)) {
		kind->put(&pair->there, nth_number(++n));
		check_number("pong", kind->name, kind->get(&pair->back), n);
		/* Mostly the other one waits for this one. */
		if (random_from(me, 0, 3))
			nap(me, 500, 12000);
	}
	kind->put(&pair->there, LAST_NUMBER);
}

static void run_pong(struct worker *me)
{
	const struct wire_kind *kind = &wire_kinds[me->index % N_WIRES];
	struct pair *pair = &pairs[me->index];
	uint64_t n = 0;

	for (;;) {
		uint64_t number = kind->get(&pair->there);

		if (number == LAST_NUMBER)
			return;
		check_number("ping", kind->name, number, ++n);
		if (!random_from(me, 0, 3))
			nap(me, 500, 4000);
		kind->put(&pair->back, nth_number(n));
		check_mask(me);
	}
}

/* Children */

static atomic_ullong child_signals, child_changes;

static void on_child(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	self->handled++;
	if (info->si_code != CLD_EXITED && info->si_code != CLD_KILLED &&
	    info->si_code != CLD_STOPPED && info->si_code != CLD_CONTINUED)
		damage("children", "SIGCHLD with code %d", info->si_code);
	atomic_fetch_add(&child_signals, 1);
	check_done(SIGNALS);
}

/* The child does not return from here; it ends with this thread. */
static pid_t start_child(void (*run)(int code), int code)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		fatal("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() == parent)
			run(code);
		_exit(255);
	}
	return pid;
}

static void child_exits(int code)
{
	struct timespec t = to_timespec(code % 5 * UINT64_C(4000000));

	nanosleep(&t, NULL);
	_exit(code);
}

static void child_waits(int code)
{
	(void)code;
	for (;;)
		pause();
}

static void check_child(pid_t pid, int flags, const char *wanted, bool is_it,
			pid_t result, int status)
{
	if (result != pid || !is_it)
		damage("children",
		       "waitpid of %d with 0x%x gave %d, status 0x%x (%s), not "
		       "%s",
		       (int)pid, (unsigned int)flags, (int)result,
		       (unsigned int)status,
		       result < 0 ? error_name(errno) : "0", wanted);
	check_done(CHILDREN);
	atomic_fetch_add(&child_changes, 1);
}

static void check_no_news(pid_t pid)
{
	int status = 0;
	pid_t result = waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED);

	if (result)
		damage("children", "waitpid without news gave %d, 0x%x",
		       (int)result, (unsigned int)status);
	check_done(CHILDREN);
}

static void check_exit(struct worker *me)
{
	int code = random_from(me, 0, 254), status = 0;
	pid_t pid = start_child(child_exits, code), result;

	if (random_next(me) & 1) {
		result = waitpid(pid, &status, 0);
		check_child(pid, 0, "its exit",
			    WIFEXITED(status) && WEXITSTATUS(status) == code,
			    result, status);
	} else {
		siginfo_t info = {.si_pid = 0};

		result = waitid(P_PID, pid, &info, WEXITED);
		if (result || info.si_pid != pid ||
		    info.si_code != CLD_EXITED || info.si_status != code)
			damage("children",
			       "waitid gave %d (%s), code %d, status %d",
			       (int)result,
			       result < 0 ? error_name(errno) : "0",
			       info.si_code, info.si_status);
		check_done(CHILDREN);
		atomic_fetch_add(&child_changes, 1);
	}
}

static void check_stop(struct worker *me)
{
	pid_t pid = start_child(child_waits, 0), result;
	int status = 0, flags = WUNTRACED | WCONTINUED;

	nap(me, 500, 5000);
	check_no_news(pid);
	kill(pid, SIGSTOP);
	result = waitpid(pid, &status, flags);
	check_child(pid, flags, "a stop",
		    WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, result,
		    status);
	nap(me, 500, 5000);
	check_no_news(pid);
	kill(pid, SIGCONT);
	result = waitpid(pid, &status, flags);
	check_child(pid, flags, "that it goes on", WIFCONTINUED(status), result,
		    status);
	nap(me, 500, 5000);
	check_no_news(pid);
	kill(pid, SIGKILL);
	result = waitpid(pid, &status, flags);
	check_child(pid, flags, "its death",
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, result,
		    status);
}

static void run_children(struct worker *me)
{
	sigset_t mask = base_mask;

	sigdelset(&mask, SIGCHLD);
	me->waits_for_tracer = true;
	set_mask(me, &mask);
	while (!atomic_load(&stopping)) {
		if (random_from(me, 0, 3))
			check_exit(me);
		else
			check_stop(me);
		nap(me, 5000, 30000);
		check_mask(me);
	}
}

/* Threads that come and go */

static void *short_life(void *argument)
{
	uintptr_t n = (uintptr_t)argument;
	uint64_t ns = n % 4 * UINT64_C(700000), start = now_ns();
	struct timespec t = to_timespec(ns);
	int error = ns ? clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) : 0;

	if (error)
		damage("timers", "clock_nanosleep of a new thread gave %s",
		       error_name(error));
	else if (now_ns() - start < ns)
		damage("timers", "clock_nanosleep of a new thread ended early");
	return (void *)mix(n);
}

static void run_churn(struct worker *me)
{
	pthread_t threads[3];
	void *value;
	uintptr_t n = 0;

	me->waits_for_tracer = true;
	while (!atomic_load(&stopping)) {
		for (unsigned int i = 0; i < 3; i++) {
			int error = pthread_create(&threads[i], NULL,
						   short_life, (void *)(n + i));

			if (error) {
				errno = error;
				fatal("pthread_create");
			}
		}
		for (unsigned int i = 0; i < 3; i++, n++) {
			int error = pthread_join(threads[i], &value);

			if (error || (uintptr_t)value != mix(n))
				damage("threads", "pthread_join gave %s, %p",
				       error_name(error), value);
			check_done(THREADS);
		}
		nap(me, 5000, 25000);
	}
}

/*
 * The storm.  Signals of a lane come one after the other: the value has the
 * lane and the number.  What any thread may take has no order, but comes once.
 */

enum {
	LANE_ORDERED = 2 * MAX_RECEIVERS, /* to the process, for one thread */
	LANE_ANY,                         /* to the process, for all of them */
	N_LANES,
};

static struct lane {
	uint64_t sent; /* the sender's */
	atomic_ullong handled;
} lanes[N_LANES];

static struct receiver {
	struct worker *worker;
	int wake; /* an eventfd */
	/* SIGUSR1 is sent when the last one was handled, SIGUSR2 at any time */
	unsigned long long sent1, sent2, handled2_before;
	atomic_ullong handled1, handled2;
} receivers[MAX_RECEIVERS];

/* The last number, plus one, that came there. */
static atomic_ullong seen[SEEN];

static void check_any(uint64_t n)
{
	uint64_t before = atomic_exchange(&seen[n % SEEN], n + 1);

	if (before == n + 1)
		damage("signals", "signal %" PRIu64 " for any came twice", n);
	else if (before != (n < SEEN ? 0 : n + 1 - SEEN))
		damage("signals", "signal %" PRIu64 " for any did not come",
		       n - SEEN);
	if (before != n + 1)
		atomic_fetch_add(&lanes[LANE_ANY].handled, 1);
}

static void check_ordered(struct lane *lane, unsigned int index, uint64_t n)
{
	uint64_t next = atomic_load(&lane->handled);

	if (n < next) {
		damage("signals",
		       "signal %" PRIu64 " of lane %u came again, or late", n,
		       index);
		return;
	}
	if (n > next)
		damage("signals",
		       "%" PRIu64 " signals of lane %u are missing before "
		       "%" PRIu64,
		       n - next, index, n);
	atomic_store(&lane->handled, n + 1);
}

static void check_stack(void)
{
	char here;
	bool is_there = self->stack && &here >= self->stack &&
			&here < self->stack + self->stack_size;

	if (self->stack && !is_there)
		damage("signals", "a handler ran on the wrong stack");
}

static bool check_sender(int signal, const siginfo_t *info, int code)
{
	if (info->si_signo == signal && info->si_code == code &&
	    info->si_pid == our_pid && info->si_uid == our_uid)
		return true;
	damage("signals",
	       "signal %d with signo %d code %d pid %d uid %d value %p", signal,
	       info->si_signo, info->si_code, (int)info->si_pid,
	       (int)info->si_uid, info->si_value.sival_ptr);
	return false;
}

static void on_queued(int signal, siginfo_t *info, void *context)
{
	uint64_t value = (uintptr_t)info->si_value.sival_ptr;
	uint64_t n = value & ((UINT64_C(1) << 48) - 1);
	unsigned int index = value >> 48, wanted;

	(void)context;
	self->handled++;
	check_stack();
	check_done(SIGNALS);
	if (!check_sender(signal, info, SI_QUEUE))
		return;
	switch (signal - SIGRTMIN) {
	case SIG_DIRECT0:
	case SIG_DIRECT1:
		wanted = 2 * self->index + (signal - SIGRTMIN);
		break;
	case SIG_ORDERED:
		wanted = LANE_ORDERED;
		break;
	default:
		wanted = LANE_ANY;
		break;
	}
	if (index != wanted)
		damage("signals", "signal %d of lane %u came in thread %u",
		       signal, index, self->index);
	else if (index == LANE_ANY)
		check_any(n);
	else
		check_ordered(&lanes[index], index, n);
}

static void on_plain(int signal, siginfo_t *info, void *context)
{
	struct receiver *receiver = &receivers[self->index];

	(void)context;
	self->handled++;
	check_stack();
	check_done(SIGNALS);
	check_sender(signal, info, SI_TKILL);
	atomic_fetch_add(signal == SIGUSR1 ? &receiver->handled1
					   : &receiver->handled2,
			 1);
}

/* Sleeps on after each handler, as programs do. */
static void check_interrupted_sleep(struct worker *me, uint64_t ns)
{
	uint64_t start = now_ns(), elapsed;
	struct timespec t = to_timespec(ns), left;

	for (;;) {
		sig_atomic_t handled = me->handled;

		if (!nanosleep(&t, &left))
			break;
		if (errno != EINTR || handled == me->handled)
			damage("timers", "nanosleep gave %s, no handler ran",
			       error_name(errno));
		/* It may have the slack of the timer in it. */
		if (to_ns(&left) > to_ns(&t) + 1000000)
			damage("timers", "nanosleep: more is left than was");
		t = left;
	}
	elapsed = now_ns() - start;
	if (elapsed < ns)
		damage("timers",
		       "nanosleep of %" PRIu64 " ns, in parts, ended %" PRIu64
		       " ns too early",
		       ns, ns - elapsed);
	check_done(TIMERS);
}

static void check_wake(struct receiver *receiver)
{
	uint64_t number = 0;
	ssize_t result = read(receiver->wake, &number, sizeof number);

	/* SA_RESTART: it is never EINTR. */
	if (result != sizeof number || !number)
		odd_result("read under signals", result);
	check_done(SYSCALLS);
}

static void run_receiver(struct worker *me)
{
	struct receiver *receiver = &receivers[me->index];
	uint64_t spins = held_spins_of_1ms(&me->random);
	sigset_t mask = base_mask;
	stack_t stack = {.ss_flags = SS_DISABLE}, before = stack, found;

	receiver->worker = me;
	me->waits_for_tracer = true;
	if (!me->index) {
		me->stack_size = 65536 + sysconf(_SC_MINSIGSTKSZ);
		me->stack = malloc(me->stack_size);
		if (!me->stack)
			fatal("malloc");
		stack = (stack_t){.ss_sp = me->stack,
				  .ss_size = me->stack_size};
		sigaltstack(&stack, &before);
	}
	sigdelset(&mask, SIGUSR1);
	sigdelset(&mask, SIGUSR2);
	sigdelset(&mask, SIGRTMIN + SIG_DIRECT0);
	sigdelset(&mask, SIGRTMIN + SIG_DIRECT1);
	sigdelset(&mask, SIGRTMIN + SIG_ANY);
	if (me->index == options.storm - 1)
		sigdelset(&mask, SIGRTMIN + SIG_ORDERED);
	set_mask(me, &mask);
	atomic_fetch_add(&n_receiving, 1);
	while (!atomic_load(&storm_over)) {
		switch (random_from(me, 0, 3)) {
		case 0:
			check_spinning(me, spins);
			break;
		case 1:
			check_interrupted_sleep(
				me, random_from(me, 1000, 20000) * 1000);
			break;
		case 2:
			check_wake(receiver);
			break;
		default:
			nap(me, 1000, 10000);
			break;
		}
		check_mask(me);
	}
	if (!me->stack)
		return;
	/* That of the thread, which a sanitizer frees, comes back. */
	set_mask(me, &base_mask);
	sigaltstack(&before, &found);
	if (found.ss_sp != stack.ss_sp || found.ss_size != stack.ss_size ||
	    found.ss_flags & ~SS_ONSTACK)
		damage("signals", "the alternate stack changed");
}

/* False if it cannot be sent now. */
static bool send_queued(unsigned int index, int signal, pthread_t *thread,
			unsigned int window)
{
	struct lane *lane = &lanes[index];
	union sigval value = {
		.sival_ptr = (void *)(uintptr_t)((uint64_t)index << 48 |
						 lane->sent)};
	int error;

	if (lane->sent - atomic_load(&lane->handled) >= window)
		return false;
	if (thread)
		error = pthread_sigqueue(*thread, SIGRTMIN + signal, value);
	else
		error = sigqueue(our_pid, SIGRTMIN + signal, value) ? errno : 0;
	if (error) {
		/* EAGAIN: as many are queued as this user may have. */
		if (error != EAGAIN)
			damage("signals", "sigqueue gave %s",
			       error_name(error));
		return false;
	}
	lane->sent++;
	return true;
}

static void send_one(struct worker *me)
{
	unsigned int index = random_from(me, 0, options.storm - 1);
	struct receiver *to = &receivers[index];
	unsigned int which;

	switch (random_from(me, 0, 7)) {
	case 0:
		if (to->sent1 == atomic_load(&to->handled1)) {
			to->sent1++;
			pthread_kill(to->worker->thread, SIGUSR1);
		}
		break;
	case 1:
		to->sent2++;
		to->handled2_before = atomic_load(&to->handled2);
		pthread_kill(to->worker->thread, SIGUSR2);
		break;
	case 2:
	case 3:
		send_queued(LANE_ORDERED, SIG_ORDERED, NULL, WINDOW);
		break;
	case 4:
	case 5:
		send_queued(LANE_ANY, SIG_ANY, NULL, WINDOW_ANY);
		break;
	default:
		which = random_from(me, 0, 1);
		send_queued(2 * index + which, SIG_DIRECT0 + which,
			    &to->worker->thread, WINDOW);
		break;
	}
}

static void wake_receivers(void)
{
	for (unsigned int i = 0; i < options.storm; i++) {
		uint64_t one = 1;
		ssize_t result = write(receivers[i].wake, &one, sizeof one);

		if (result != sizeof one)
			odd_result("write", result);
	}
}

/* What is still missing; or -- @report -- says so. */
static unsigned int signals_missing(bool report)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < N_LANES; i++) {
		uint64_t n = lanes[i].sent - atomic_load(&lanes[i].handled);

		missing += n != 0;
		if (n && report)
			damage("signals",
			       "%" PRIu64 " of the signals of lane %u got lost",
			       n, i);
	}
	for (unsigned int i = 0; i < options.storm; i++) {
		struct receiver *r = &receivers[i];
		unsigned long long handled1 = atomic_load(&r->handled1);
		unsigned long long handled2 = atomic_load(&r->handled2);

		if (handled1 < r->sent1 ||
		    (r->sent2 && handled2 == r->handled2_before))
			missing++;
		if (!report)
			continue;
		if (handled1 != r->sent1)
			damage("signals", "%llu of %llu SIGUSR1 handled",
			       handled1, r->sent1);
		if (handled2 > r->sent2 ||
		    (r->sent2 && handled2 == r->handled2_before))
			damage("signals",
			       "SIGUSR2: %llu sent, %llu handled; %llu before "
			       "the last",
			       r->sent2, handled2, r->handled2_before);
	}
	return missing;
}

static void run_sender(struct worker *me)
{
	uint64_t end;

	while (atomic_load(&n_receiving) < options.storm)
		nap(me, 500, 1000);
	while (!atomic_load(&stopping)) {
		for (unsigned int n = random_from(me, 1, 12); n; n--)
			send_one(me);
		wake_receivers();
		nap(me, 500, 8000);
	}
	end = now_ns() + 20 * UINT64_C(1000000000);
	while (signals_missing(false) && now_ns() < end) {
		nap(me, 1000, 2000);
		wake_receivers();
	}
	signals_missing(true);
	atomic_store(&storm_over, true);
	wake_receivers();
}

/*
 * Calls that give EINTR whenever the thread is stopped, signal(7).  They are
 * counted; nobody can do better.
 */

static void *slow_reader(void *argument)
{
	struct timespec t = to_timespec(1000000);
	static char buffer[65536];
	int fd = *(int *)argument;

	while (read(fd, buffer, sizeof buffer) > 0)
		nanosleep(&t, NULL);
	return NULL;
}

/* More than a pipe holds: a stop between two parts makes the write short. */
static int wait_bulk(void)
{
	static const char buffer[BULK];
	pthread_t thread;
	ssize_t result;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) ||
	    pthread_create(&thread, NULL, slow_reader, &fd[0]))
		fatal("pipe");
	result = write(fd[1], buffer, sizeof buffer);
	close(fd[1]);
	pthread_join(thread, NULL);
	close(fd[0]);
	return result == sizeof buffer ? 0 : EINTR;
}

static struct interruptible {
	atomic_ullong tries, interrupted;
} interruptibles[MAX_INTERRUPTIBLES];

/* After the passes that any stop interrupts. */
static const char *interruptible_name(unsigned int index)
{
	return index < n_interruptible_passes ? interruptible_passes[index].name
					      : "short-write";
}

static void run_interruptible(struct worker *me)
{
	struct interruptible *it = &interruptibles[me->index];

	while (!atomic_load(&stopping)) {
		int error =
			me->index < n_interruptible_passes
				? interruptible_passes[me->index].run(50000000)
				: wait_bulk();

		atomic_fetch_add(&it->tries, 1);
		if (error == EINTR)
			atomic_fetch_add(&it->interrupted, 1);
		else if (error)
			damage("syscalls", "%s gave %s",
			       interruptible_name(me->index),
			       error_name(error));
		nap(me, 1000, 10000);
	}
}

/* Signals that nobody sends */

static const int unexpected[] = {SIGTRAP, SIGCONT, SIGHUP, SIGURG,
				 SIGALRM, SIGIO,   SIGQUIT};

static void on_unexpected(int signal, siginfo_t *info, void *context)
{
	(void)context;
	damage("signals", "unexpected signal %d, code %d, from %d", signal,
	       info->si_code, (int)info->si_pid);
}

/* The end; it cannot wait for the report. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	damage_crash("signal %d, code %d, address %p, in %s", signal,
		     info->si_code, info->si_addr,
		     self ? self->name : "the main thread");
}

static void install_handlers(void)
{
	handlers_note();
	for (size_t i = 0; i < sizeof unexpected / sizeof *unexpected; i++)
		handle(unexpected[i], on_unexpected, 0);
	handle(SIGSEGV, on_fault, 0);
	handle(SIGBUS, on_fault, 0);
	handle(SIGILL, on_fault, 0);
	handle(SIGFPE, on_fault, 0);
	handle(SIGCHLD, on_child, 0);
	handle(SIGRTMIN + SIG_TIMER, on_timer, 0);
	handle(SIGUSR1, on_plain, SA_ONSTACK);
	handle(SIGUSR2, on_plain, SA_ONSTACK);
	for (int i = SIG_DIRECT0; i <= SIG_ANY; i++)
		handle(SIGRTMIN + i, on_queued, SA_ONSTACK);
}

/* All of it */

static void *start_worker(void *argument)
{
	struct worker *me = argument;

	self = me;
	me->mask = base_mask;
	prctl(PR_SET_NAME, me->name, 0, 0, 0);
	atomic_fetch_add(&n_started, 1);
	me->run(me);
	return NULL;
}

static void add_workers(const char *name, void (*run)(struct worker *me),
			unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct worker *worker = &workers[n_workers];

		if (n_workers == MAX_WORKERS) {
			errno = E2BIG;
			fatal("threads");
		}
		worker->name = name;
		worker->run = run;
		worker->index = i;
		worker->random = mix(options.seed + n_workers);
		n_workers++;
	}
}

static void prepare_workers(void)
{
	hearts_init();
	add_workers("heart", run_heart, n_hearts);
	add_workers("registers", run_registers, options.registers);
	add_workers("memory", run_memory, options.memory);
	add_workers("timers", run_timers, options.timers);
	add_workers("interval", run_interval, options.timers ? 1 : 0);
	for (unsigned int i = 0; i < options.pairs; i++) {
		wire_kinds[i % N_WIRES].open(&pairs[i].there);
		wire_kinds[i % N_WIRES].open(&pairs[i].back);
	}
	add_workers("ping", run_ping, options.pairs);
	add_workers("pong", run_pong, options.pairs);
	add_workers("children", run_children, options.children);
	add_workers("churn", run_churn, options.churn);
	if (options.eintr)
		add_workers("eintr", run_interruptible,
			    n_interruptible_passes + 1);
	for (unsigned int i = 0; i < options.storm; i++) {
		receivers[i].wake = eventfd(0, EFD_CLOEXEC);
		if (receivers[i].wake < 0)
			fatal("eventfd");
	}
	add_workers("receiver", run_receiver, options.storm);
}

static void start_workers(unsigned int from)
{
	for (unsigned int i = from; i < n_workers; i++) {
		errno = pthread_create(&workers[i].thread, NULL, start_worker,
				       &workers[i]);
		if (errno)
			fatal("pthread_create");
	}
	while (atomic_load(&n_started) < n_workers)
		usleep(1000);
}

/* Until SIGTERM or the end of standard input. */
static void wait_for_end(void)
{
	struct pollfd events[2] = {{.fd = STDIN_FILENO, .events = POLLIN}};
	char buffer[256];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	events[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	events[1].events = POLLIN;
	for (;;) {
		int result = poll(events, 2, -1);

		if (result <= 0) {
			odd_result("poll", result);
			continue;
		}
		if (events[1].revents)
			return;
		if (read(STDIN_FILENO, buffer, sizeof buffer) <= 0)
			return;
	}
}

/* False if one hangs. */
static bool join_workers(unsigned int from, unsigned int to,
			 const struct timespec *end)
{
	for (unsigned int i = from; i < to; i++) {
		int error = pthread_timedjoin_np(workers[i].thread, NULL, end);

		if (error) {
			damage("hang", "%s %u: %s", workers[i].name,
			       workers[i].index, error_name(error));
			return false;
		}
	}
	return true;
}

static void join_all(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += HANG_S;
	atomic_store(&stopping, true);
	/* The hearts are the first; the sender of a storm tells the receivers.
	 */
	if (!options.storm)
		atomic_store(&storm_over, true);
	if (!join_workers(n_hearts, n_workers, &end))
		return;
	hearts_end();
	join_workers(0, n_hearts, &end);
}

static void check_end(void)
{
	unsigned long long changes = atomic_load(&child_changes);
	unsigned long long signals = atomic_load(&child_signals);

	handlers_check();
	page_check();
	if (atomic_load(&page->counter) != atomic_load(&page_counted))
		damage("memory", "the counter is %llu, not %llu",
		       atomic_load(&page->counter), atomic_load(&page_counted));
	if (signals > changes || (changes && !signals))
		damage("children", "%llu SIGCHLD of %llu changes", signals,
		       changes);
}

static int report(void)
{
	const bool wanted[N_KINDS] = {
		[REGISTERS] = options.registers,
		[MEMORY] = options.memory,
		[TIMERS] = options.timers,
		[SYSCALLS] = options.pairs,
		[SIGNALS] = options.timers || options.storm || options.children,
		[CHILDREN] = options.children,
		[THREADS] = options.churn,
	};
	int status = 0;

	printf("note: %u threads; at most %" PRIu64 " ms late at once\n",
	       n_workers + 1, hearts_late_longest() / 1000000);
	if (options.eintr) {
		printf("eintr");
		for (unsigned int i = 0; i <= n_interruptible_passes; i++)
			printf(" %s=%llu/%llu", interruptible_name(i),
			       atomic_load(&interruptibles[i].interrupted),
			       atomic_load(&interruptibles[i].tries));
		printf("\n");
	}
	if (options.neighbour)
		printf("eintr epoll_wait=%u\n",
		       atomic_load(&epoll_interrupted));
	if (damages_print())
		status = 1;
	printf("checked");
	for (unsigned int i = 0; i < N_KINDS; i++) {
		unsigned long long n = atomic_load(&checked[i]);

		printf(" %s=%llu", check_names[i], n);
		if (!n && wanted[i])
			status = 1;
	}
	printf("\n");
	if (fflush(stdout))
		status = 1;
	return status;
}

static void run_all(void)
{
	unsigned int n;

	our_pid = getpid();
	our_uid = getuid();
	sigfillset(&base_mask);
	for (size_t i = 0; i < 5; i++)
		sigdelset(&base_mask, (const int[]){SIGSEGV, SIGBUS, SIGILL,
						    SIGFPE, SIGTRAP}[i]);
	pthread_sigmask(SIG_SETMASK, &base_mask, NULL);
	install_handlers();
	page_init();
	prepare_workers();
	start_workers(0);
	/* The sender knows where to send. */
	n = n_workers;
	if (options.storm)
		add_workers("sender", run_sender, 1);
	start_workers(n);
	printf("ready %ld %p\n", (long)our_pid, (void *)page);
	fflush(stdout);
	wait_for_end();
	join_all();
	check_end();
	/* Not exit(): a thread may hang. */
	_exit(report());
}

/* The parent of --parent */

static atomic_uint parent_signals;
static volatile sig_atomic_t child_pid;

static void on_parent_child(int signal)
{
	(void)signal;
	atomic_fetch_add(&parent_signals, 1);
}

static void on_parent_term(int signal)
{
	kill(child_pid, signal);
}

static int run_parent(void)
{
	struct sigaction term = {.sa_handler = on_parent_term,
				 .sa_flags = SA_RESTART};
	struct sigaction child = {.sa_handler = on_parent_child,
				  .sa_flags = SA_RESTART};
	unsigned int count = 0;
	pid_t parent = getpid(), pid;
	int status;

	sigaction(SIGCHLD, &child, NULL);
	pid = fork();
	if (pid < 0)
		fatal("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() == parent)
			run_all();
		_exit(2);
	}
	child_pid = pid;
	sigaction(SIGTERM, &term, NULL);
	for (;;) {
		pid_t result = waitpid(pid, &status, WUNTRACED | WCONTINUED);

		if (result != pid) {
			printf("damage: parent: waitpid gave %d\n",
			       (int)result);
			count++;
			if (errno == EINTR)
				continue;
			return 1;
		}
		if (WIFEXITED(status) || WIFSIGNALED(status))
			break;
		count++;
		if (count <= MAX_CHANGES)
			printf("damage: parent: the child %s, status 0x%x\n",
			       WIFSTOPPED(status) ? "stopped" : "went on",
			       (unsigned int)status);
		fflush(stdout);
	}
	if (WIFSIGNALED(status))
		printf("damage: parent: the child died of signal %d\n",
		       WTERMSIG(status));
	if (!count && atomic_load(&parent_signals) != 1) {
		printf("damage: parent: %u SIGCHLD\n",
		       atomic_load(&parent_signals));
		count++;
	}
	fflush(stdout);
	return count || !WIFEXITED(status) ? 1 : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{"registers", required_argument, NULL, 'r'},
		{"memory", required_argument, NULL, 'm'},
		{"timers", required_argument, NULL, 't'},
		{"pairs", required_argument, NULL, 'p'},
		{"children", required_argument, NULL, 'c'},
		{"churn", required_argument, NULL, 'u'},
		{"storm", optional_argument, NULL, 's'},
		{"eintr", no_argument, NULL, 'e'},
		{"neighbour", no_argument, NULL, 'n'},
		{"seed", required_argument, NULL, 'S'},
		{"late", required_argument, NULL, 'l'},
		{"stall", required_argument, NULL, 'L'},
		{"parent", no_argument, NULL, 'P'},
		{NULL, 0, NULL, 0},
	};
	int option;

	options.pairs = N_WIRES;
	while ((option = getopt_long(argc, argv, "", table, NULL)) >= 0) {
		switch (option) {
		case 'r':
			options.registers = number(optarg, 32);
			break;
		case 'm':
			options.memory = number(optarg, 32);
			break;
		case 't':
			options.timers = number(optarg, 32);
			break;
		case 'p':
			options.pairs = number(optarg, 32);
			break;
		case 'c':
			options.children = number(optarg, 8);
			break;
		case 'u':
			options.churn = number(optarg, 8);
			break;
		case 's':
			options.storm =
				optarg ? number(optarg, MAX_RECEIVERS) : 3;
			break;
		case 'e':
			options.eintr = true;
			break;
		case 'n':
			options.neighbour = true;
			break;
		case 'S':
			options.seed = number(optarg, UINT64_MAX);
			break;
		case 'l':
			options.late_ns = number(optarg, 1000000) * 1000000;
			break;
		case 'L':
			options.stall_ns = number(optarg, 1000000) * 1000000;
			break;
		case 'P':
			options.parent = true;
			break;
		default:
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "mmioself: %s: no such argument\n",
			argv[optind]);
		return 2;
	}
	if (options.parent)
		return run_parent();
	run_all();
}
