/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmiohostile: a process in which a debugger that borrows a thread for a moment
 * has every opportunity to be noticed
 *
 * mmioself is a program as there are many.  This one provokes faults and
 * handles them, blocks their signals, has critical sections of rseq, filters
 * that kill on restart_syscall, vfork, timers, and threads that come and go.
 *
 *   mmiohostile --file=PATH [OPTION...]
 *
 *   --file=PATH     maps the whole of this file, shared, and never touches it:
 *                   it is for the test, a device or what stands in for one
 *   --threads=N     so many threads (64), besides the hearts and the main one;
 *                   of each kind its share, and one at least
 *   --without=KIND,...
 *                   none of these kinds
 *   --only=KIND,... none but these
 *   --ignore=SIGNAL ignores it (a number), instead of handling it
 *   --seed=N        of all random numbers
 *   --late=MS       a call may last so much too long, besides what the machine
 *                   as a whole was late (1000)
 *   --break=WHAT    does damage to itself, for a test of the tests; see
 * `breaks`
 *
 * The kinds of threads, which are their names, too:
 *
 *   spin      hold known values in all registers and below the stack
 *   calls     the same across system calls
 *   faults    provoke SIGSEGV, SIGBUS and SIGTRAP of each kind, and handle them
 *   timers    take signals of POSIX timers and of setitimer
 *   rseq      count in critical sections: a section that was not aborted when
 * it had to be loses a count filtered  have a seccomp filter that kills at
 * restart_syscall, and sleep vfork     wait for children that have the address
 * space meanwhile blocked   block SIGSEGV, SIGBUS, SIGTRAP, in all combinations
 *   waits     are in calls without a limit of time; `feeder` ends those
 *   timed     are in calls that time out
 *   eintr     are in those of them that any stop interrupts, signal(7)
 *   starter   start threads, called `brief`, that live for some milliseconds,
 *             and do one of these things
 *
 * Prints "ready PID ADDRESS COUNTER" when all threads run.  ADDRESS is where
 * the file is mapped, COUNTER that of a 64-bit word which counts the checks.
 *
 * For each line of standard input "ping" it prints "pong" when each thread that
 * lives on has done a check since, or "stuck NAME" when one has not for long.
 *
 * On SIGTERM, or at the end of standard input, all threads end.  Then come, on
 * standard output, "note: ..." lines, "damage: KIND: WHAT" lines, and one line
 * "checked KIND=N ...", see check_names.  The status is 0 if there is no
 * damage, and each kind of check that can happen with these threads has.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "held.h"
#include "passes.h"
#include "witness.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum {
	THREADS = 64,
	MAX_WORKERS = 512,
	MAX_PROCESSORS = 1024, /* CPU_SETSIZE */
	BRIEFS = 4,            /* of a starter, at a time */
	MAX_STRAYS = 3,        /* faults that a thread did not provoke */
	BUFFER_WORDS = 512,
	HANG_S = 60, /* a thread that takes longer hangs */
	PAGE = 4096,
	MS = 1000000, /* in ns */
	TIMER_NS = 3 * MS,
	ITIMER_US = 5000,
};

/* What our signals are for. */
enum { SIG_TIMER, SIG_LINE };

enum kind_of_check {
	REGISTERS,
	MEMORY,
	RESULTS,
	TIMES,
	FAULTS,
	TIMERS,
	SECTIONS,
	FILTERED,
	VFORKS,
	BLOCKED,
	MASKS,
	BRIEF,
	N_CHECKS,
};

static const char *const check_names[N_CHECKS] = {
	"registers", "memory",   "results", "times",   "faults", "timers",
	"sections",  "filtered", "vforks",  "blocked", "masks",  "brief",
};

/* A fault that a thread is about to provoke. */
struct fault {
	volatile sig_atomic_t signal; /* 0: none */
	int code;
	uintptr_t address;
	uintptr_t pc;     /* as the handler finds it */
	uintptr_t resume; /* where it goes on */
	volatile sig_atomic_t handled;
};

struct worker {
	const struct kind *kind;
	const char *name;
	unsigned int index; /* among those of its kind */
	pthread_t thread;
	uint64_t random;
	sigset_t mask;
	atomic_ullong checks; /* of any kind */
	/* Handlers that ran in this thread; only it looks. */
	volatile sig_atomic_t handled;
	unsigned int strays;
	struct fault fault;
	char *stack; /* the alternate one */
	size_t stack_size;
	/* Of a timer, which signals this thread. */
	atomic_ullong expirations;
};

struct kind {
	const char *name;
	void (*run)(struct worker *me);
	unsigned int share;  /* of THREADS */
	unsigned int checks; /* that it does, a bit each */
};

static struct {
	unsigned int threads;
	const char *file, *without, *only, *breaks;
	int ignore;
	uint64_t seed;
	uint64_t late_ns;
} options = {
	.threads = THREADS,
	.seed = 1,
	.late_ns = UINT64_C(1000) * MS,
};

static struct worker workers[MAX_WORKERS];
static unsigned int n_workers;
static atomic_uint n_started;
static atomic_bool stopping; /* the workers are to end */
static atomic_ullong checked[N_CHECKS];
static atomic_ullong *counter; /* of all checks, on a page of its own */
static __thread struct worker *self;
static sigset_t base_mask; /* all but what a fault gives */

static void check_done(enum kind_of_check kind)
{
	atomic_fetch_add_explicit(&checked[kind], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
	if (self)
		atomic_fetch_add_explicit(&self->checks, 1,
					  memory_order_relaxed);
}

/* From @min to @max, both included. */
static uint64_t random_from(struct worker *me, uint64_t min, uint64_t max)
{
	return min + random_of(&me->random) % (max - min + 1);
}

/* Once only, and some time after the start: are we told to do this damage? */
static bool breaks(const char *what)
{
	static atomic_bool done;

	return options.breaks && !strcmp(options.breaks, what) &&
	       atomic_load(counter) > 10000 && !atomic_exchange(&done, true);
}

static void set_mask(struct worker *me, const sigset_t *mask)
{
	me->mask = *mask;
	pthread_sigmask(SIG_SETMASK, mask, NULL);
}

static void check_mask(struct worker *me)
{
	/* What it has become stays so: who looks at /proc is to see it, too. */
	mask_check(me->name, &me->mask);
	check_done(MASKS);
}

/* Sleeps, with known values in the registers. */
static void check_sleep(struct worker *me, uint64_t ns)
{
	struct timespec t = to_timespec(ns);
	uint64_t start = now_ns();
	long result = held_call(&me->random, SYS_clock_nanosleep,
				CLOCK_MONOTONIC, 0, (uintptr_t)&t, 0);

	if (result)
		damage("results", "%s: clock_nanosleep gave %s", me->name,
		       error_name(-result));
	else if (now_ns() - start < ns)
		damage("times", "%s: clock_nanosleep ended too early",
		       me->name);
	check_done(REGISTERS);
	check_done(TIMES);
}

static void check_time(struct worker *me, const struct pass *pass, uint64_t ns)
{
	pass_check(pass, ns, options.late_ns, &me->handled);
	check_done(TIMES);
}

/* Most are short, for many; a long one shows that it began anew. */
static uint64_t random_time(struct worker *me)
{
	uint64_t dice = random_from(me, 0, 99);

	return dice < 70   ? random_from(me, MS / 2, 30 * MS)
	       : dice < 95 ? random_from(me, 30 * MS, 300 * MS)
			   : random_from(me, 1500 * MS, UINT64_C(2500) * MS);
}

/* Registers and memory */

static void run_spin(struct worker *me)
{
	uint64_t spins = held_spins_of_1ms(&me->random);
	uint64_t buffer[BUFFER_WORDS];
	volatile uint64_t *words = buffer;

	while (!atomic_load(&stopping)) {
		uint64_t seed = random_of(&me->random);

		for (unsigned int i = 0; i < BUFFER_WORDS; i++)
			words[i] = mix(seed + i);
		held_spin(&me->random, random_from(me, spins / 4, spins));
		check_done(REGISTERS);
		held_red_zone(&me->random, spins * 20);
		if (breaks("memory"))
			words[random_from(me, 0, BUFFER_WORDS - 1)]++;
		for (unsigned int i = 0; i < BUFFER_WORDS; i++)
			if (words[i] != mix(seed + i))
				damage("memory", "word %u of a buffer changed",
				       i);
		check_done(MEMORY);
		check_mask(me);
		check_sleep(me, random_from(me, 1, 8) * MS);
	}
}

static void check_call(struct worker *me, const char *name, long result,
		       long wanted)
{
	if (result != wanted)
		damage("results", "%s: %s gave %ld, not %ld", me->name, name,
		       result, wanted);
	check_done(REGISTERS);
	check_done(RESULTS);
}

static void run_calls(struct worker *me)
{
	uint32_t word = 0;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		fatal("pipe2");
	while (!atomic_load(&stopping)) {
		uint64_t random = random_of(&me->random), number = 0;
		struct timespec t = to_timespec(random_from(me, 1, 20) * MS);

		check_call(me, "getppid",
			   held_call(&me->random, SYS_getppid, 0, 0, 0, 0),
			   getppid());
		check_call(me, "write",
			   held_call(&me->random, SYS_write, fd[1],
				     (uintptr_t)&random, sizeof random, 0),
			   sizeof random);
		check_call(me, "read",
			   held_call(&me->random, SYS_read, fd[0],
				     (uintptr_t)&number, sizeof number, 0),
			   sizeof number);
		if (number != random)
			damage("results",
			       "a pipe gave 0x%" PRIx64 ", not 0x%" PRIx64,
			       number, random);
		check_call(me, "futex",
			   held_call(&me->random, SYS_futex, (uintptr_t)&word,
				     FUTEX_WAIT_PRIVATE, 0, (uintptr_t)&t),
			   -ETIMEDOUT);
		check_call(me, "ppoll",
			   held_call(&me->random, SYS_ppoll, 0, 0,
				     (uintptr_t)&t, 0),
			   0);
		check_call(me, "close",
			   held_call(&me->random, SYS_close, -1, 0, 0, 0),
			   -EBADF);
		check_mask(me);
	}
}

/*
 * Faults.  The instructions are known, and where the thread goes on: that is to
 * be what the handler finds.
 */

extern const char fault_load[], fault_store[], fault_trap[], fault_resume[];

/* clang-format off */
#if defined __x86_64__
asm(".text; .type fault_at, @function; .hidden fault_load, fault_store;"
    ".hidden fault_trap, fault_resume;"
    ".global fault_load, fault_store, fault_trap, fault_resume; fault_at:"
    "endbr64; test %esi, %esi; js 1f; jnz fault_store;"
    "fault_load: mov (%rdi), %eax; jmp fault_resume;"
    "fault_store: mov %esi, (%rdi); jmp fault_resume;"
    "1: fault_trap: int3;"
    "fault_resume: ret; .size fault_at, .-fault_at");
enum { TRAP_CODE = SI_KERNEL, TRAP_LENGTH = 1 };
#elif defined __aarch64__
asm(".text; .balign 4; .type fault_at, %function;"
    ".hidden fault_load; .hidden fault_store;"
    ".hidden fault_trap; .hidden fault_resume;"
    ".global fault_load; .global fault_store; .global fault_trap;"
    ".global fault_resume; fault_at:"
    "hint #34; tbnz w1, #31, 1f; cbnz w1, fault_store;"
    "fault_load: ldr w0, [x0]; b fault_resume;"
    "fault_store: str w1, [x0]; b fault_resume;"
    "1: fault_trap: brk #0;"
    "fault_resume: ret; .size fault_at, .-fault_at");
enum { TRAP_CODE = TRAP_BRKPT, TRAP_LENGTH = 0 };
#else
#error "x86-64 and aarch64 only"
#endif
/* clang-format on */

enum fault_how { LOAD = 0, STORE = 1, TRAP = -1 };

/* Loads from @address, stores to it, or traps. */
void fault_at(void *address, enum fault_how how) asm("fault_at");

static uintptr_t *context_pc(ucontext_t *context)
{
#if defined __x86_64__
	return (uintptr_t *)&context->uc_mcontext.gregs[REG_RIP];
#else
	return (uintptr_t *)&context->uc_mcontext.pc;
#endif
}

static void check_stack(const struct worker *me)
{
	const char *here = __builtin_frame_address(0);

	if (me->stack &&
	    (here < me->stack || here >= me->stack + me->stack_size))
		damage("faults", "%s: a handler ran on the wrong stack",
		       me->name);
}

/* Of SIGSEGV, SIGBUS and SIGTRAP. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
	uintptr_t *pc = context_pc(context);
	struct worker *me = self;
	struct fault *f;

	if (!me)
		damage_crash("signal %d, code %d, address %p, pc 0x%" PRIxPTR
			     " in the main thread",
			     signal, info->si_code, info->si_addr, *pc);
	me->handled++;
	f = &me->fault;
	if (f->signal != signal || *pc != f->pc) {
		damage("stray",
		       "signal %d, code %d, address %p, pc 0x%" PRIxPTR
		       " in %s, which did not provoke it",
		       signal, info->si_code, info->si_addr, *pc, me->name);
		/* Else it may go on so for ever. */
		if (me->strays++ == MAX_STRAYS)
			damage_crash("signal %d, code %d, address %p again, "
				     "in %s",
				     signal, info->si_code, info->si_addr,
				     me->name);
		return;
	}
	check_stack(me);
	if (info->si_signo != signal || info->si_code != f->code ||
	    (signal != SIGTRAP && (uintptr_t)info->si_addr != f->address))
		damage("faults",
		       "signal %d has signo %d, code %d, address %p, not %d, "
		       "%d, 0x%" PRIxPTR,
		       signal, info->si_signo, info->si_code, info->si_addr,
		       signal, f->code, f->address);
	f->signal = 0;
	f->handled++;
	*pc = f->resume;
}

static char *guard_page; /* PROT_NONE */
static char *const_page; /* PROT_READ */
static char *file_page;  /* beyond the end of its file */

static void faults_init(void)
{
	int fd = memfd_create("mmiohostile", MFD_CLOEXEC);
	char *file;

	guard_page =
		mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const_page =
		mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || ftruncate(fd, PAGE))
		fatal("memfd");
	file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (guard_page == MAP_FAILED || const_page == MAP_FAILED ||
	    file == MAP_FAILED)
		fatal("mmap");
	file_page = file + PAGE;
	close(fd);
}

/* Provokes one; the signals must not be blocked. */
static void check_fault(struct worker *me)
{
	enum fault_how how = random_from(me, 0, 1) ? LOAD : STORE;
	unsigned int offset = random_from(me, 0, PAGE / 4 - 1) * 4;
	struct fault *f = &me->fault;
	sig_atomic_t before = f->handled;

	f->signal = SIGSEGV;
	f->code = SEGV_ACCERR;
	switch (random_from(me, 0, 4)) {
	case 0:
		f->address = (uintptr_t)guard_page + offset;
		break;
	case 1:
		f->address = (uintptr_t)const_page + offset;
		how = STORE;
		break;
	case 2:
		f->address = offset;
		f->code = SEGV_MAPERR;
		break;
	case 3:
		f->address = (uintptr_t)file_page + offset;
		f->code = BUS_ADRERR;
		f->signal = SIGBUS;
		break;
	default:
		how = TRAP;
		f->address = 0;
		f->code = TRAP_CODE;
		f->signal = SIGTRAP;
		break;
	}
	f->pc = (uintptr_t)(how == LOAD    ? fault_load
			    : how == STORE ? fault_store
					   : fault_trap + TRAP_LENGTH);
	f->resume = (uintptr_t)fault_resume;
	if (options.ignore && options.ignore == f->signal) {
		f->signal = 0;
		return;
	}
	if (!breaks("fault"))
		fault_at((void *)f->address, how);
	if (f->handled != before + 1)
		damage("faults", "%s: signal %d was handled %d times", me->name,
		       (int)f->signal, (int)(f->handled - before));
	f->signal = 0;
	check_done(FAULTS);
}

static void run_faults(struct worker *me)
{
	uint64_t spins = held_spins_of_1ms(&me->random);

	while (!atomic_load(&stopping)) {
		for (unsigned int n = random_from(me, 1, 50); n; n--)
			check_fault(me);
		held_spin(&me->random, spins / 10);
		check_done(REGISTERS);
		check_mask(me);
		check_sleep(me, random_from(me, 1, 5) * MS);
	}
}

/* Timers: no signal gets lost, and none comes twice */

static atomic_ullong itimer_signals[_NSIG];

static void on_timer(int signal, siginfo_t *info, void *context)
{
	struct worker *me = self;

	(void)context;
	me->handled++;
	check_stack(me);
	if (info->si_code != SI_TIMER || info->si_value.sival_ptr != me)
		damage("timers", "signal %d of a timer has code %d, value %p",
		       signal, info->si_code, info->si_value.sival_ptr);
	else
		atomic_fetch_add(&me->expirations, 1 + info->si_overrun);
}

static void on_itimer(int signal, siginfo_t *info, void *context)
{
	(void)context;
	self->handled++;
	check_stack(self);
	if (info->si_code != SI_KERNEL)
		damage("timers", "signal %d of setitimer has code %d", signal,
		       info->si_code);
	atomic_fetch_add(&itimer_signals[signal], 1);
}

/* Any of the ways to let time pass, under signals. */
static void check_disturbed(struct worker *me, uint64_t spins)
{
	if (random_from(me, 0, 1)) {
		held_spin(&me->random, spins);
		check_done(REGISTERS);
	} else {
		/* Under signals, time passes when the tracer has let it. */
		pass_check(&passes[random_from(me, 0, n_passes - 1)],
			   random_from(me, MS, 15 * MS), 10 * options.late_ns,
			   &me->handled);
		check_done(TIMES);
	}
	check_mask(me);
}

/* Sleeps on after each handler, as programs do. */
static void check_remaining(struct worker *me, uint64_t ns)
{
	uint64_t start = now_ns(), elapsed;
	struct timespec t = to_timespec(ns), left = {0, 0};

	for (;;) {
		uint64_t before = now_ns(), after;
		sig_atomic_t handled = me->handled;

		if (!nanosleep(&t, &left))
			break;
		after = now_ns();
		if (errno != EINTR || handled == me->handled)
			damage("results", "nanosleep gave %s, no handler ran",
			       error_name(errno));
		/* It may have the slack of the timer in it. */
		if (to_ns(&left) + (after - before) + MS < to_ns(&t) ||
		    to_ns(&left) > to_ns(&t) + MS)
			damage("times",
			       "nanosleep of %" PRIu64 " ns: after %" PRIu64
			       " are left %" PRIu64,
			       to_ns(&t), after - before, to_ns(&left));
		t = left;
	}
	elapsed = now_ns() - start;
	if (elapsed < ns)
		damage("times",
		       "nanosleep of %" PRIu64 " ns, in parts, ended %" PRIu64
		       " ns too early",
		       ns, ns - elapsed);
	check_done(TIMES);
}

static void run_posix_timer(struct worker *me, uint64_t spins)
{
	struct itimerspec t = {.it_interval = to_timespec(TIMER_NS)};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = SIGRTMIN + SIG_TIMER,
				 .sigev_value.sival_ptr = me};
	uint64_t start, missing = UINT64_MAX;
	unsigned int checks = 0;
	timer_t timer;

	event.sigev_notify_thread_id = syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		fatal("timer_create");
	start = now_ns();
	t.it_value = to_timespec(start + TIMER_NS);
	timer_settime(timer, TIMER_ABSTIME, &t, NULL);
	while (!atomic_load(&stopping) || checks) {
		uint64_t seen, elapsed;

		if (random_from(me, 0, 1))
			check_disturbed(me, spins / 2);
		else
			check_remaining(me, random_from(me, MS, 30 * MS));
		if (breaks("timer"))
			atomic_fetch_sub(&me->expirations, 1);
		/* In this order: never more than the time allows. */
		seen = atomic_load(&me->expirations);
		elapsed = (now_ns() - start) / TIMER_NS;
		if (seen > elapsed) {
			damage("timers",
			       "a timer expired %" PRIu64
			       " times, not %" PRIu64,
			       seen, elapsed);
			atomic_store(&me->expirations, elapsed);
		} else if (elapsed - seen < missing) {
			missing = elapsed - seen;
		}
		check_done(TIMERS);
		/* One of the last may just not have come. */
		if (++checks < 20)
			continue;
		if (missing) {
			damage("timers",
			       "%" PRIu64 " expirations of a timer got lost",
			       missing);
			atomic_fetch_add(&me->expirations, missing);
		}
		checks = 0;
		missing = UINT64_MAX;
	}
	timer_delete(timer);
}

/* One whose signal got lost while it was pending never comes again. */
static void run_itimers(struct worker *me, uint64_t spins)
{
	static const struct {
		int which, signal;
	} all[] = {{ITIMER_REAL, SIGALRM},
		   {ITIMER_VIRTUAL, SIGVTALRM},
		   {ITIMER_PROF, SIGPROF}};
	struct itimerval t = {{0, ITIMER_US}, {0, ITIMER_US}}, off = {0};
	uint64_t start = now_ns(), end;

	for (unsigned int i = 0; i < 3; i++)
		setitimer(all[i].which, &t, NULL);
	while (!atomic_load(&stopping)) {
		uint64_t most;

		check_disturbed(me, spins);
		most = atomic_load(&itimer_signals[SIGALRM]);
		if (most > (now_ns() - start) / (ITIMER_US * 1000))
			damage("timers",
			       "%" PRIu64 " SIGALRM of setitimer are too many",
			       most);
		check_done(TIMERS);
	}
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t before = atomic_load(&itimer_signals[all[i].signal]);

		end = now_ns() + HANG_S * UINT64_C(500) * MS;
		while (atomic_load(&itimer_signals[all[i].signal]) == before &&
		       now_ns() < end)
			check_disturbed(me, spins);
		if (atomic_load(&itimer_signals[all[i].signal]) == before)
			damage("timers", "signal %d of setitimer is lost",
			       all[i].signal);
		setitimer(all[i].which, &off, NULL);
	}
}

static void run_timers(struct worker *me)
{
	uint64_t spins = held_spins_of_1ms(&me->random);
	sigset_t mask = base_mask;

	if (me->index == 1) {
		sigdelset(&mask, SIGALRM);
		sigdelset(&mask, SIGVTALRM);
		sigdelset(&mask, SIGPROF);
		set_mask(me, &mask);
		run_itimers(me, spins);
	} else {
		sigdelset(&mask, SIGRTMIN + SIG_TIMER);
		set_mask(me, &mask);
		run_posix_timer(me, spins);
	}
	set_mask(me, &base_mask);
}

/*
 * Restartable sequences.  A section reads the count of a processor, dawdles,
 * and stores one more.  Who is preempted meanwhile begins anew; or another
 * thread's counts were overwritten.
 */

static struct {
	alignas(64) uint64_t n;
} counts[MAX_PROCESSORS];
static atomic_ullong counted, begun_anew;

static bool has_rseq(void)
{
	return __rseq_size != 0;
}

static volatile struct rseq *own_rseq(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() +
			       __rseq_offset);
}

/* False: it is to be done anew. */
static bool count_once(uint64_t spins)
{
	volatile struct rseq *rseq = own_rseq();
	uint32_t processor = rseq->cpu_id_start;
	volatile uint64_t *place = &counts[processor % MAX_PROCESSORS].n;

	/* clang-format off */
#if defined __x86_64__
	asm goto(".pushsection .data.rel.ro, \"aw\"; .balign 32;"
		 "3: .long 0, 0; .quad 1f, 2f - 1f, 4f; .popsection;"
		 "lea 3b(%%rip), %%rax; mov %%rax, (%[section]);"
		 "1: cmp %[processor], (%[id]); jne 4f;"
		 "mov (%[place]), %%rax; mov %[spins], %%rcx;"
		 "5: dec %%rcx; jnz 5b; inc %%rax; mov %%rax, (%[place]);"
		 "2: jmp 6f; .byte 0x0f, 0xb9, 0x3d; .long 0x53053053;"
		 "4: jmp %l[anew]; 6:"
		 :
		 : [section] "r"(&rseq->rseq_cs), [id] "r"(&rseq->cpu_id),
		   [processor] "r"(processor), [place] "r"(place),
		   [spins] "r"(spins)
		 : "rax", "rcx", "cc", "memory"
		 : anew);
	_Static_assert(RSEQ_SIG == 0x53053053, "what stands before label 4");
#else
	asm goto(".pushsection .data.rel.ro, \"aw\"; .balign 32;"
		 "3: .long 0, 0; .quad 1f, 2f - 1f, 4f; .popsection;"
		 "adrp x9, 3b; add x9, x9, :lo12:3b; str x9, [%[section]];"
		 "1: ldr w9, [%[id]]; cmp w9, %w[processor]; b.ne 4f;"
		 "ldr x9, [%[place]]; mov x10, %[spins];"
		 "5: subs x10, x10, #1; b.ne 5b; add x9, x9, #1;"
		 "str x9, [%[place]];"
		 "2: b 6f; .inst 0xd428bc00;"
		 "4: b %l[anew]; 6:"
		 :
		 : [section] "r"(&rseq->rseq_cs), [id] "r"(&rseq->cpu_id),
		   [processor] "r"(processor), [place] "r"(place),
		   [spins] "r"(spins)
		 : "x9", "x10", "cc", "memory"
		 : anew);
	_Static_assert(RSEQ_SIG == 0xd428bc00, "what stands before label 4");
#endif
	/* clang-format on */
	return true;
anew:
	return false;
}

static void count_for(struct worker *me, uint64_t ns)
{
	uint64_t end = now_ns() + ns, done = 0, anew = 0;

	do {
		uint64_t spins = random_from(me, 1000, 20000);

		while (!count_once(spins))
			anew++;
		done++;
	} while (now_ns() < end);
	if (breaks("section"))
		done++;
	atomic_fetch_add(&counted, done);
	atomic_fetch_add(&begun_anew, anew);
	check_done(SECTIONS);
}

static void run_rseq(struct worker *me)
{
	while (!atomic_load(&stopping)) {
		if (has_rseq())
			count_for(me, random_from(me, 1, 4) * MS);
		check_mask(me);
		check_sleep(me, random_from(me, 1, 10) * MS);
	}
}

static void check_counts(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < MAX_PROCESSORS; i++)
		sum += counts[i].n;
	if (sum != atomic_load(&counted))
		damage("sections",
		       "the counts of all processors are %" PRIu64 ", not %llu",
		       sum, atomic_load(&counted));
}

/* A filter that kills the process at restart_syscall */

static void install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_restart_syscall, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		fatal("seccomp");
}

static void run_filtered(struct worker *me)
{
	uint64_t spins = held_spins_of_1ms(&me->random);

	install_filter();
	while (!atomic_load(&stopping)) {
		check_time(me, &passes[random_from(me, 0, n_passes - 1)],
			   random_time(me) / 4);
		held_spin(&me->random, spins);
		check_done(REGISTERS);
		check_mask(me);
		if (breaks("filter"))
			syscall(SYS_restart_syscall);
		check_done(FILTERED);
	}
}

/* vfork */

/* The child has our memory until it ends, by _exit(@code) after @ns. */
static __attribute__((noinline)) pid_t start_child(int code, uint64_t ns)
{
	struct timespec t = to_timespec(ns);
	pid_t pid = vfork();

	if (!pid) {
		/* No function that has state. */
		syscall(SYS_nanosleep, &t, NULL);
		_exit(code);
	}
	return pid;
}

static void run_vfork(struct worker *me)
{
	while (!atomic_load(&stopping)) {
		int code = random_from(me, 0, 255), status = 0;
		uint64_t ns = random_from(me, 1, 20) * MS;
		uint64_t start = now_ns();
		pid_t pid = start_child(code, ns), result;

		if (pid < 0)
			fatal("vfork");
		if (now_ns() - start < ns)
			damage("vforks", "vfork returned too early");
		result = waitpid(pid, &status, __WALL);
		if (result != pid || !WIFEXITED(status) ||
		    WEXITSTATUS(status) != code)
			damage("vforks",
			       "waitpid gave %d (%s), status 0x%x, not %d with "
			       "code %d",
			       (int)result,
			       result < 0 ? error_name(errno) : "0",
			       (unsigned int)status, (int)pid, code);
		check_done(VFORKS);
		check_mask(me);
		check_sleep(me, random_from(me, 1, 5) * MS);
	}
}

/* Signals of faults that are blocked */

static void run_blocked(struct worker *me)
{
	static const int all[] = {SIGSEGV, SIGBUS, SIGTRAP};
	uint64_t spins = held_spins_of_1ms(&me->random);
	sigset_t mask = base_mask;

	for (unsigned int i = 0; i < 3; i++)
		if ((me->index + 1) >> i & 1 || me->index == 7)
			sigaddset(&mask, all[i]);
	set_mask(me, &mask);
	while (!atomic_load(&stopping)) {
		held_spin(&me->random, random_from(me, spins / 4, spins));
		check_done(REGISTERS);
		if (me->index == 6) {
			held_red_zone(&me->random, spins * 10);
			check_done(MEMORY);
		}
		if (breaks("mask"))
			pthread_sigmask(SIG_SETMASK, &base_mask, NULL);
		check_mask(me);
		check_done(BLOCKED);
		check_sleep(me, random_from(me, 1, 8) * MS);
	}
}

/*
 * Calls that wait for something without a limit of time.  The feeder gives them
 * a number when the last one was taken.
 */

struct line {
	int fd[2]; /* to read, to write */
	int other; /* epoll, or a set of semaphores */
	uint64_t number;
	uint64_t when; /* it was given */
	atomic_uint given, taken;
	pthread_t thread;
	atomic_bool waits; /* `thread` is known */
};

/* The last number of each line. */
#define LAST_NUMBER (UINT64_MAX - 1)

static void odd_result(const char *call, int64_t result)
{
	damage("results", "%s gave %" PRId64 " (%s)", call, result,
	       result < 0 ? error_name(errno) : "wrong");
}

/* The result of @call, called @name, which is made again after EINTR: that is
 * damage, but the number is still to come.
 */
#define insist(name, call)                                                     \
	({                                                                     \
		int64_t result_;                                               \
                                                                               \
		while ((result_ = (call)) < 0 && errno == EINTR)               \
			odd_result(name, result_);                             \
		result_;                                                       \
	})

static void open_pipe(struct line *line)
{
	if (pipe2(line->fd, O_CLOEXEC))
		fatal("pipe2");
}

static void open_socket(struct line *line)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line->fd))
		fatal("socketpair");
}

static void open_epoll(struct line *line)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x600d};

	open_pipe(line);
	line->other = epoll_create1(EPOLL_CLOEXEC);
	if (line->other < 0 ||
	    epoll_ctl(line->other, EPOLL_CTL_ADD, line->fd[0], &event))
		fatal("epoll");
}

static void open_semaphore(struct line *line)
{
	line->other = semget(IPC_PRIVATE, 1, 0600);
	if (line->other < 0)
		fatal("semget");
}

static void open_nothing(struct line *line)
{
	(void)line;
}

static void give_write(struct line *line)
{
	ssize_t result = write(line->fd[1], &line->number, sizeof line->number);

	if (result != sizeof line->number)
		odd_result("write", result);
}

static void give_futex(struct line *line)
{
	if (syscall(SYS_futex, &line->given, FUTEX_WAKE_PRIVATE, 1, NULL, NULL,
		    0) < 0)
		odd_result("futex wake", -1);
}

static void give_signal(struct line *line)
{
	union sigval value = {.sival_ptr = (void *)(uintptr_t)line->number};
	int error;

	while (!atomic_load(&line->waits))
		usleep(1000);
	error = pthread_sigqueue(line->thread, SIGRTMIN + SIG_LINE, value);
	if (error)
		damage("results", "pthread_sigqueue gave %s",
		       error_name(error));
}

static void give_semaphore(struct line *line)
{
	struct sembuf give = {.sem_op = 1};

	if (semop(line->other, &give, 1))
		odd_result("semop", -1);
}

static uint64_t take_read(struct line *line)
{
	uint64_t number = 0;
	ssize_t result =
		insist("read", read(line->fd[0], &number, sizeof number));

	if (result != sizeof number)
		odd_result("read", result);
	return number;
}

static uint64_t take_recv(struct line *line)
{
	uint64_t number = 0;
	ssize_t result =
		insist("recv", recv(line->fd[0], &number, sizeof number, 0));

	if (result != sizeof number)
		odd_result("recv", result);
	return number;
}

static uint64_t take_epoll(struct line *line)
{
	struct epoll_event event[2] = {{.events = 0}};
	int result =
		insist("epoll_wait", epoll_wait(line->other, event, 2, -1));

	if (result != 1 || event[0].events != EPOLLIN ||
	    event[0].data.u64 != 0x600d)
		odd_result("epoll_wait", result);
	return take_read(line);
}

/* With a limit that is far away: the rest of it is told. */
static uint64_t take_ppoll(struct line *line)
{
	const uint64_t limit = UINT64_C(100000) * MS;
	struct pollfd event = {.fd = line->fd[0], .events = POLLIN};
	struct timespec t = to_timespec(limit);
	struct late late = late_start();
	uint64_t start = now_ns(), end, number, left, least;
	int result;

	/* The C library does not tell it. */
	result = insist("ppoll", syscall(SYS_ppoll, &event, 1, &t, NULL, 8));
	end = now_ns();
	if (result != 1 || event.revents != POLLIN)
		odd_result("ppoll", result);
	number = take_read(line);
	late_end(&late);
	left = to_ns(&t);
	/* It waited until the number was given, and no longer than till now. */
	least = line->when > start ? line->when - start : 0;
	if (left > limit || left + (end - start) < limit ||
	    left + least >
		    limit + options.late_ns + 4 * late.worst + 2 * late.sum)
		damage("times",
		       "ppoll has %" PRIu64 " ns left of %" PRIu64
		       " after %" PRIu64 " to %" PRIu64 " ns",
		       left, limit, least, end - start);
	check_done(TIMES);
	return number;
}

static uint64_t take_futex(struct line *line)
{
	unsigned int taken = atomic_load(&line->taken);

	while (atomic_load(&line->given) == taken) {
		int result = syscall(SYS_futex, &line->given,
				     FUTEX_WAIT_PRIVATE, taken, NULL, NULL, 0);

		if (result > 0 || (result < 0 && errno != EAGAIN))
			odd_result("futex wait", result);
	}
	return line->number;
}

static uint64_t take_signal(struct line *line)
{
	siginfo_t info = {.si_code = 0};
	sigset_t set;
	int result;

	line->thread = pthread_self();
	atomic_store(&line->waits, true);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + SIG_LINE);
	result = insist("sigwaitinfo", sigwaitinfo(&set, &info));
	if (result != SIGRTMIN + SIG_LINE || info.si_code != SI_QUEUE ||
	    info.si_pid != getpid())
		odd_result("sigwaitinfo", result);
	return (uintptr_t)info.si_value.sival_ptr;
}

static uint64_t take_semaphore(struct line *line)
{
	struct sembuf take = {.sem_op = -1};
	int result = insist("semop", semop(line->other, &take, 1));

	if (result)
		odd_result("semop", result);
	return line->number;
}

static const struct line_kind {
	const char *name;
	void (*open)(struct line *line);
	void (*give)(struct line *line);
	uint64_t (*take)(struct line *line);
} line_kinds[] = {
	{"read", open_pipe, give_write, take_read},
	{"epoll_wait", open_epoll, give_write, take_epoll},
	{"futex", open_nothing, give_futex, take_futex},
	{"ppoll", open_pipe, give_write, take_ppoll},
	{"recv", open_socket, give_write, take_recv},
	{"sigwaitinfo", open_nothing, give_signal, take_signal},
	{"semop", open_semaphore, give_semaphore, take_semaphore},
};

enum { N_LINE_KINDS = sizeof line_kinds / sizeof *line_kinds };

static struct line lines[MAX_WORKERS];
static unsigned int n_lines;

static const struct line_kind *kind_of_line(unsigned int index)
{
	return &line_kinds[index % N_LINE_KINDS];
}

static uint64_t nth_number(unsigned int line, uint64_t n)
{
	return (mix((uint64_t)line << 32 | n) >> 1) | 1;
}

static void run_waits(struct worker *me)
{
	const struct line_kind *kind = kind_of_line(me->index);
	struct line *line = &lines[me->index];
	uint64_t number, n = 0;

	for (;;) {
		number = kind->take(line);
		if (number == LAST_NUMBER)
			break;
		n++;
		if (number != nth_number(me->index, n))
			damage("results",
			       "%s: number %" PRIu64 " is 0x%" PRIx64
			       ", not 0x%" PRIx64,
			       kind->name, n, number, nth_number(me->index, n));
		atomic_fetch_add(&line->taken, 1);
		check_done(RESULTS);
		check_mask(me);
	}
}

static void give(unsigned int index, uint64_t number)
{
	struct line *line = &lines[index];

	line->number = number;
	line->when = now_ns();
	atomic_fetch_add(&line->given, 1);
	kind_of_line(index)->give(line);
}

static void run_feeder(struct worker *me)
{
	uint64_t end;

	while (!atomic_load(&stopping)) {
		for (unsigned int i = 0; i < n_lines; i++) {
			struct line *line = &lines[i];
			unsigned int given = atomic_load(&line->given);

			/* Mostly they wait for some time. */
			if (given == atomic_load(&line->taken) &&
			    !random_from(me, 0, 9))
				give(i, nth_number(i, given + 1));
		}
		check_mask(me);
		check_sleep(me, random_from(me, 1, 4) * MS);
	}
	end = now_ns() + HANG_S * UINT64_C(500) * MS;
	for (unsigned int i = 0; i < n_lines; i++) {
		while (atomic_load(&lines[i].given) !=
		       atomic_load(&lines[i].taken)) {
			if (now_ns() > end) {
				damage("results", "%s does not return",
				       kind_of_line(i)->name);
				return;
			}
			usleep(1000);
		}
		give(i, LAST_NUMBER);
	}
}

static void remove_semaphores(void)
{
	for (unsigned int i = 0; i < n_lines; i++)
		if (kind_of_line(i)->take == take_semaphore)
			semctl(lines[i].other, 0, IPC_RMID);
}

/* Calls that time out */

static void run_timed(struct worker *me)
{
	const struct pass *pass = &passes[me->index % n_passes];

	while (!atomic_load(&stopping)) {
		check_time(me, pass, random_time(me));
		check_mask(me);
	}
}

static void run_eintr(struct worker *me)
{
	const struct pass *pass =
		&interruptible_passes[me->index % n_interruptible_passes];

	while (!atomic_load(&stopping)) {
		check_time(me, pass, random_time(me));
		check_mask(me);
	}
}

/* Threads that come and go */

static void *brief_life(void *argument)
{
	struct worker *me = argument;

	self = me;
	prctl(PR_SET_NAME, "brief", 0, 0, 0);
	check_mask(me);
	switch (random_from(me, 0, 4)) {
	case 0:
		check_fault(me);
		break;
	case 1:
		if (has_rseq())
			count_for(me, MS / 2);
		break;
	case 2:
		held_spin(&me->random, 1000);
		break;
	case 3:
		check_time(me, &passes[random_from(me, 0, n_passes - 1)],
			   random_from(me, 1, 5) * MS);
		break;
	default:
		break;
	}
	check_mask(me);
	check_done(BRIEF);
	return (void *)(uintptr_t)mix(me->index);
}

static void run_starter(struct worker *me)
{
	static const struct kind kind = {.name = "brief"};
	struct worker briefs[BRIEFS];
	unsigned int n = 0;

	while (!atomic_load(&stopping)) {
		for (unsigned int i = 0; i < BRIEFS; i++) {
			briefs[i] = (struct worker){
				.kind = &kind,
				.name = kind.name,
				.index = n++,
				.random = random_of(&me->random),
				.mask = me->mask,
			};
			errno = pthread_create(&briefs[i].thread, NULL,
					       brief_life, &briefs[i]);
			if (errno)
				fatal("pthread_create");
		}
		check_sleep(me, random_from(me, 0, 3) * MS);
		for (unsigned int i = 0; i < BRIEFS; i++) {
			void *value;
			int error = pthread_join(briefs[i].thread, &value);

			if (error || (uintptr_t)value != mix(briefs[i].index))
				damage("brief", "pthread_join gave %s, %p",
				       error_name(error), value);
		}
		check_mask(me);
		check_sleep(me, random_from(me, 1, 10) * MS);
	}
}

/* Signals that nobody sends */

static const int unexpected[] = {SIGCONT, SIGHUP,  SIGURG, SIGIO,  SIGQUIT,
				 SIGUSR1, SIGUSR2, SIGSYS, SIGILL, SIGFPE};

static void on_unexpected(int signal, siginfo_t *info, void *context)
{
	(void)context;
	damage("stray", "signal %d, code %d, from %d", signal, info->si_code,
	       (int)info->si_pid);
	if (info->si_code > 0)
		damage_crash("signal %d", signal);
}

static void install_handlers(void)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGTRAP};
	static const int itimers[] = {SIGALRM, SIGVTALRM, SIGPROF};

	if (options.ignore)
		signal(options.ignore, SIG_IGN);
	handlers_note();
	for (size_t i = 0; i < sizeof unexpected / sizeof *unexpected; i++)
		handle(unexpected[i], on_unexpected, 0);
	for (size_t i = 0; i < 3; i++) {
		if (faults[i] != options.ignore)
			handle(faults[i], on_fault, SA_ONSTACK);
		handle(itimers[i], on_itimer, SA_ONSTACK);
	}
	handle(SIGRTMIN + SIG_TIMER, on_timer, SA_ONSTACK);
}

/* All of it */

#define BIT(x) (1u << (x))

enum {
	ANY = BIT(MASKS) | BIT(REGISTERS) | BIT(TIMES),
};

static const struct kind kinds[] = {
	{"spin", run_spin, 5, ANY | BIT(MEMORY)},
	{"calls", run_calls, 4, BIT(MASKS) | BIT(REGISTERS) | BIT(RESULTS)},
	{"faults", run_faults, 6, ANY | BIT(FAULTS)},
	{"timers", run_timers, 4, ANY | BIT(TIMERS)},
	{"rseq", run_rseq, 5, ANY | BIT(SECTIONS)},
	{"filtered", run_filtered, 4, ANY | BIT(FILTERED)},
	{"vfork", run_vfork, 2, ANY | BIT(VFORKS)},
	{"blocked", run_blocked, 8, ANY | BIT(BLOCKED)},
	{"waits", run_waits, 7, BIT(MASKS) | BIT(RESULTS)},
	{"timed", run_timed, 6, BIT(MASKS) | BIT(TIMES)},
	{"eintr", run_eintr, 5, BIT(MASKS) | BIT(TIMES)},
	{"starter", run_starter, 2, ANY | BIT(BRIEF)},
};

enum { N_OF_KINDS = sizeof kinds / sizeof *kinds };

static const struct kind feeder = {"feeder", run_feeder, 1, ANY};

static void run_heart(struct worker *me)
{
	heart_run(me->index, UINT64_C(20000) * MS);
}

static const struct kind heart = {"heart", run_heart, 0, 0};

/* is_in LIST NAME: words, with commas between them */
static bool is_in(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (!strncmp(list, name, length) &&
		    (!list[length] || list[length] == ','))
			return true;
	return false;
}

static bool is_wanted(const struct kind *kind)
{
	return options.only ? is_in(options.only, kind->name)
			    : !is_in(options.without, kind->name);
}

/* All that @list names must be kinds. */
static void check_list(const char *list)
{
	char *copy = list ? strdup(list) : NULL, *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		bool found = false;

		for (unsigned int i = 0; i < N_OF_KINDS; i++)
			found |= !strcmp(word, kinds[i].name);
		if (!found) {
			fprintf(stderr, "mmiohostile: %s: no such kind\n",
				word);
			exit(2);
		}
	}
	free(copy);
}

static void give_stack(struct worker *me)
{
	stack_t stack;

	/* Every other thread that handles signals has one. */
	if (me->index % 2)
		return;
	me->stack_size = 65536 + sysconf(_SC_MINSIGSTKSZ);
	me->stack = malloc(me->stack_size);
	if (!me->stack)
		fatal("malloc");
	stack = (stack_t){.ss_sp = me->stack, .ss_size = me->stack_size};
	if (sigaltstack(&stack, NULL))
		fatal("sigaltstack");
}

static void take_stack(struct worker *me)
{
	stack_t off = {.ss_flags = SS_DISABLE}, found;

	if (!me->stack)
		return;
	sigaltstack(&off, &found);
	if (found.ss_sp != me->stack || found.ss_size != me->stack_size ||
	    found.ss_flags & ~SS_ONSTACK)
		damage("signals", "%s: the alternate stack changed", me->name);
	/* A handler of this thread may still want to know it. */
}

static void *start_worker(void *argument)
{
	struct worker *me = argument;

	self = me;
	me->mask = base_mask;
	prctl(PR_SET_NAME, me->name, 0, 0, 0);
	give_stack(me);
	atomic_fetch_add(&n_started, 1);
	me->kind->run(me);
	check_mask(me);
	take_stack(me);
	return NULL;
}

static void add_workers(const struct kind *kind, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct worker *worker = &workers[n_workers];

		if (n_workers == MAX_WORKERS) {
			errno = E2BIG;
			fatal("threads");
		}
		worker->kind = kind;
		worker->name = kind->name;
		worker->index = i;
		worker->random = mix(options.seed + n_workers);
		n_workers++;
	}
}

/* How many of @kind there are. */
static unsigned int share_of(const struct kind *kind)
{
	unsigned int count = kind->share * options.threads / THREADS;

	if (!is_wanted(kind))
		return 0;
	return count ? count : 1;
}

static void prepare_workers(void)
{
	hearts_init();
	add_workers(&heart, n_hearts);
	for (unsigned int i = 0; i < N_OF_KINDS; i++) {
		unsigned int count = share_of(&kinds[i]);

		add_workers(&kinds[i], count);
		if (kinds[i].run != run_waits || !count)
			continue;
		for (n_lines = 0; n_lines < count; n_lines++)
			kind_of_line(n_lines)->open(&lines[n_lines]);
		add_workers(&feeder, 1);
	}
}

static void start_workers(void)
{
	for (unsigned int i = 0; i < n_workers; i++) {
		errno = pthread_create(&workers[i].thread, NULL, start_worker,
				       &workers[i]);
		if (errno)
			fatal("pthread_create");
	}
	while (atomic_load(&n_started) < n_workers)
		usleep(1000);
}

/* Each worker must do a check from now on. */
static void answer_ping(void)
{
	static unsigned long long before[MAX_WORKERS];
	uint64_t end = now_ns() + HANG_S * UINT64_C(1000) * MS;

	for (unsigned int i = n_hearts; i < n_workers; i++)
		before[i] = atomic_load(&workers[i].checks);
	for (unsigned int i = n_hearts; i < n_workers; i++) {
		while (atomic_load(&workers[i].checks) == before[i]) {
			if (now_ns() > end) {
				printf("stuck %s %u\n", workers[i].name,
				       workers[i].index);
				fflush(stdout);
				return;
			}
			usleep(1000);
		}
	}
	printf("pong\n");
	fflush(stdout);
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
		ssize_t length;

		if (result <= 0) {
			odd_result("poll", result);
			continue;
		}
		if (events[1].revents)
			return;
		length = read(STDIN_FILENO, buffer, sizeof buffer);
		if (length <= 0)
			return;
		for (ssize_t i = 0; i < length; i++)
			if (buffer[i] == '\n')
				answer_ping();
	}
}

static void join_all(void)
{
	struct timespec end;
	bool hangs = false;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += HANG_S;
	atomic_store(&stopping, true);
	/* The hearts are the first. */
	for (unsigned int i = n_hearts; i < n_workers + n_hearts; i++) {
		struct worker *worker = &workers[i % n_workers];
		int error;

		if (i == n_workers)
			hearts_end();
		error = pthread_timedjoin_np(worker->thread, NULL, &end);
		if (error)
			damage("hang", "%s %u: %s", worker->name, worker->index,
			       error_name(error));
		hangs |= error;
	}
	/* What it has in hand is not counted. */
	if (!hangs)
		check_counts();
}

static int report(void)
{
	unsigned int wanted = 0;
	int status = 0;

	for (unsigned int i = 0; i < N_OF_KINDS; i++)
		wanted |= share_of(&kinds[i]) ? kinds[i].checks : 0;
	if (!has_rseq()) {
		printf("note: no rseq\n");
		wanted &= ~BIT(SECTIONS);
	}
	printf("note: %u threads; at most %" PRIu64
	       " ms late at once; %llu sections, %llu begun anew\n",
	       n_workers + 1, hearts_late_longest() / MS, atomic_load(&counted),
	       atomic_load(&begun_anew));
	if (damages_print())
		status = 1;
	printf("checked");
	for (unsigned int i = 0; i < N_CHECKS; i++) {
		unsigned long long n = atomic_load(&checked[i]);

		printf(" %s=%llu", check_names[i], n);
		if (!n && wanted & BIT(i))
			status = 1;
	}
	printf("\n");
	if (fflush(stdout))
		status = 1;
	return status;
}

/* Where the whole of the file is mapped. */
static void *map_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat stat;
	void *address;

	if (fd < 0 || fstat(fd, &stat))
		fatal(path);
	address = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);
	if (address == MAP_FAILED)
		fatal(path);
	close(fd);
	return address;
}

static void run_all(void)
{
	static const int of_faults[] = {SIGSEGV, SIGBUS,  SIGILL,
					SIGFPE,  SIGTRAP, SIGSYS};
	void *address = map_file(options.file);

	counter = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counter == MAP_FAILED)
		fatal("mmap");
	sigfillset(&base_mask);
	for (size_t i = 0; i < sizeof of_faults / sizeof *of_faults; i++)
		sigdelset(&base_mask, of_faults[i]);
	pthread_sigmask(SIG_SETMASK, &base_mask, NULL);
	install_handlers();
	faults_init();
	prepare_workers();
	atexit(remove_semaphores);
	start_workers();
	printf("ready %ld %p %p\n", (long)getpid(), address, (void *)counter);
	fflush(stdout);
	wait_for_end();
	mask_check("main", &base_mask);
	join_all();
	if (options.breaks && !strcmp(options.breaks, "handler"))
		signal(SIGBUS, SIG_DFL);
	handlers_check();
	remove_semaphores();
	/* Not exit(): a thread may hang. */
	_exit(report());
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{"file", required_argument, NULL, 'f'},
		{"threads", required_argument, NULL, 't'},
		{"without", required_argument, NULL, 'w'},
		{"only", required_argument, NULL, 'o'},
		{"ignore", required_argument, NULL, 'i'},
		{"seed", required_argument, NULL, 'S'},
		{"late", required_argument, NULL, 'l'},
		{"break", required_argument, NULL, 'b'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", table, NULL)) >= 0) {
		switch (option) {
		case 'f':
			options.file = optarg;
			break;
		case 't':
			options.threads = number(optarg, MAX_WORKERS / 2);
			break;
		case 'w':
			options.without = optarg;
			break;
		case 'o':
			options.only = optarg;
			break;
		case 'i':
			options.ignore = number(optarg, SIGRTMAX);
			break;
		case 'S':
			options.seed = number(optarg, UINT64_MAX);
			break;
		case 'l':
			options.late_ns = number(optarg, 1000000) * MS;
			break;
		case 'b':
			options.breaks = optarg;
			break;
		default:
			return 2;
		}
	}
	if (optind < argc || !options.file) {
		fprintf(stderr, "mmiohostile: %s\n",
			options.file ? "too many arguments" : "no --file");
		return 2;
	}
	check_list(options.without);
	check_list(options.only);
	run_all();
}
