/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmiothreads: a process in one of the situations that are difficult for who
 * attaches to it and stops it
 *
 *   mmiothreads [OPTION...]
 *
 *   --threads=N         N threads in all (1); all but one wait in futex
 *   --call=NAME[:MS]    another one is in this system call, for so long at most
 *   --alone             --director; the target's only thread makes the call,
 *                       or naps
 *   --filter            under a seccomp filter, which kills on restart_syscall
 *   --naps              another one sleeps for 1 ms, again and again
 *   --leader-gone       the main thread has ended
 *   --churn=N           N more, each of which starts another one and ends
 *   --untraced=N        N more of CLONE_UNTRACED that do so, and N that wait
 *   --share=SIGNAL      a process shares the address space and tells its end by
 *                       SIGNAL, which may be 0
 *   --vfork             a thread waits for a child that shares it
 *   --vfork-alone       a thread waits so for one that does not
 *   --forks=N           N children, and children's children, come and go
 *   --large=BYTES       private memory of this size at ADDRESS
 *   --file=PATH         what is at ADDRESS is this file, which is made
 *   --director          another process, the parent, obeys instead
 *   --exec-loop=A,B     executes itself all the time, from its threads in turn,
 *                       with the files A and B mapped in turn at one place
 *
 * Prints "ready PID ADDRESS OTHER THREAD" when all of it has come about.
 * ADDRESS is a page of shared memory of which the Nth word is 0x5e1f0000 + N;
 * OTHER is the other process, THREAD the one in the call or in vfork, or 0.
 * Then it obeys commands from standard input, one a line, and answers each with
 * one line:
 *
 *   ping                "ok" when all threads have been heard of
 *   wake                gives the call what it waits for
 *   signal              SIGUSR1 to the thread in the call; it has a handler
 *   result              waits for the call: "result VALUE ERRNO MILLISECONDS"
 *   naps                "ok" when the thread has napped once more
 *   release             lets the other process end, and waits for that
 *   share SIGNAL        makes one now: "process PID"
 *   exec leader|thread PROGRAM [ARGUMENT]
 *   send N              (director) queues N signals, with values
 *   received N          (director) waits for them: "received N wrong N"
 *   seen                (director) what waitpid told of the target
 *   exit STATUS
 *
 * It ends at the end of standard input.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	PAGE_WORD = 0x5e1f0000,
	STACK = 65536,
	BULK = 1 << 17, /* twice what a pipe holds */
	MAX_EVENTS = 256,
	MAX_UNTRACED = 64,
};

#define LOOP_ADDRESS ((void *)(uintptr_t)0x5e0000000000)

/* Shared with the director, and with the children. */
static struct shared {
	uint32_t words[PAGE / sizeof(uint32_t)];
	atomic_uint generation; /* a futex: of pings */
	atomic_uint heard;      /* threads that have seen the last one */
	atomic_uint listeners;
	atomic_uint naps;
	atomic_uint forks; /* that live */
	atomic_int received, wrong;
	atomic_int ready;
	atomic_int other; /* process */
} * shared;

static struct {
	unsigned threads, churn, untraced, forks;
	const char *call;
	long limit; /* of the call, in milliseconds; -1: none */
	bool filter, naps, leader_gone, vfork, vfork_alone, director, share;
	bool alone;
	int share_signal;
	size_t large;
	char *loop, *file;
} options = {.threads = 1, .limit = -1};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "mmiothreads: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void *checked(void *address, const char *what)
{
	if (!address || address == MAP_FAILED)
		die(what);
	return address;
}

static int need(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static pid_t own_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static void nap(long milliseconds)
{
	struct timespec time = {.tv_nsec = milliseconds * 1000000};

	syscall(SYS_nanosleep, &time, NULL);
}

static long futex(atomic_uint *word, int command, unsigned value)
{
	return syscall(SYS_futex, word, command, value, NULL, NULL, 0);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* Threads */

static pthread_t start(void *(*function)(void *), void *data)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	while ((errno = pthread_create(&thread, &attributes, function, data)) !=
	       0) {
		if (errno != EAGAIN || !options.churn)
			die("pthread_create");
		nap(1);
	}
	pthread_attr_destroy(&attributes);
	return thread;
}

/* Field 3 of its stat. */
static char state_of(pid_t tid)
{
	char path[64], text[512] = "", *end;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	stream = fopen(path, "re");
	if (!stream)
		return 0;
	if (!fgets(text, sizeof(text), stream))
		text[0] = 0;
	fclose(stream);
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : '\0';
}

/* Until the thread is asleep in this system call. */
static void await_call(pid_t tid, long number)
{
	char path[64], text[256];
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)tid);
	for (;;) {
		stream = checked(fopen(path, "re"), path);
		if (!fgets(text, sizeof(text), stream))
			text[0] = 0;
		fclose(stream);
		if (text[0] >= '0' && text[0] <= '9' && atol(text) == number)
			return;
		nap(1);
	}
}

static void listen_to(unsigned seen)
{
	unsigned now_at = atomic_load(&shared->generation);

	while (now_at == seen) {
		futex(&shared->generation, FUTEX_WAIT, seen);
		now_at = atomic_load(&shared->generation);
	}
}

static void *listener(void *data)
{
	unsigned seen = 0;

	(void)data;
	atomic_fetch_add(&shared->listeners, 1);
	for (;;) {
		listen_to(seen);
		seen = atomic_load(&shared->generation);
		atomic_fetch_add(&shared->heard, 1);
	}
	return NULL;
}

static void ping(void)
{
	atomic_store(&shared->heard, 0);
	atomic_fetch_add(&shared->generation, 1);
	futex(&shared->generation, FUTEX_WAKE, INT32_MAX);
	while (atomic_load(&shared->heard) < atomic_load(&shared->listeners))
		nap(1);
}

static void *churner(void *data)
{
	nap(2);
	start(churner, data);
	return NULL;
}

/* Untraced threads: these use the C library's variables of who made them, so
 * that they call nothing that fails. */

struct untraced {
	_Atomic pid_t tid; /* 0 when it has ended: the kernel writes that */
	bool stays;
	char *stack;
};

static int untraced_thread(void *data)
{
	const struct untraced *self = data;
	struct timespec time = {.tv_nsec = 2000000};

	do
		syscall(SYS_nanosleep, &time, NULL);
	while (self->stays);
	return 0;
}

static void *untraced_maker(void *data)
{
	static struct untraced all[2 * MAX_UNTRACED];

	(void)data;
	for (unsigned i = 0;; i = (i + 1) % (2 * options.untraced)) {
		struct untraced *item = &all[i];

		if (i == 0)
			nap(1);
		if (atomic_load(&item->tid))
			continue;
		item->stays = i < options.untraced;
		if (!item->stack)
			item->stack = checked(malloc(STACK), "malloc");
		atomic_store(&item->tid, 1);
		need(clone(untraced_thread, item->stack + STACK,
			   CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
				   CLONE_THREAD | CLONE_SYSVSEM |
				   CLONE_UNTRACED | CLONE_CHILD_CLEARTID |
				   CLONE_PARENT_SETTID,
			   item, &item->tid, NULL, &item->tid),
		     "clone");
		if (i == 2 * options.untraced - 1)
			atomic_store(&shared->ready, 1);
	}
	return NULL;
}

/* The call */

enum { END_READ, END_WRITE };

/* Shared with the director: with --alone it does what is around the call. */
static struct call {
	pid_t tid;
	int fds[2], semaphores;
	aio_context_t context;
	struct epoll_event event;
	atomic_uint word;
	atomic_int over;
	long value;
	int error;
	double length;
} * call;

/* Of the process that the call's thread is in. */
static pid_t call_pid(void)
{
	return options.alone ? call->tid : getpid();
}

static struct timespec *limit_time(void)
{
	static struct timespec time;

	if (options.limit < 0)
		return NULL;
	time.tv_sec = options.limit / 1000;
	time.tv_nsec = options.limit % 1000 * 1000000;
	return &time;
}

static void begin_event(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	call->fds[0] = need(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	call->fds[1] = need(eventfd(0, EFD_CLOEXEC), "eventfd");
	need(epoll_ctl(call->fds[0], EPOLL_CTL_ADD, call->fds[1], &event),
	     "epoll_ctl");
}

static void wake_event(void)
{
	uint64_t one = 1;

	need((int)write(call->fds[1], &one, sizeof(one)), "write");
}

#ifdef SYS_epoll_wait
static long make_epoll_wait(void)
{
	return syscall(SYS_epoll_wait, call->fds[0], &call->event, 1,
		       (int)options.limit);
}
#endif

static long make_epoll_pwait(void)
{
	return syscall(SYS_epoll_pwait, call->fds[0], &call->event, 1,
		       (int)options.limit, NULL, 8);
}

#ifdef SYS_poll
static long make_poll(void)
{
	struct pollfd poller = {.fd = call->fds[1], .events = POLLIN};

	return syscall(SYS_poll, &poller, 1, (int)options.limit);
}
#endif

static long make_ppoll(void)
{
	struct pollfd poller = {.fd = call->fds[1], .events = POLLIN};

	return syscall(SYS_ppoll, &poller, 1, limit_time(), NULL, 8);
}

/* What is left of the time is written back, before it goes on as well. */
#ifdef SYS_select
static long make_select(void)
{
	static struct timeval time;
	fd_set set;

	time.tv_sec = options.limit / 1000;
	time.tv_usec = options.limit % 1000 * 1000;
	FD_ZERO(&set);
	FD_SET(call->fds[1], &set);
	return syscall(SYS_select, call->fds[1] + 1, &set, NULL, NULL,
		       options.limit < 0 ? NULL : &time);
}
#endif

static long make_pselect6(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(call->fds[1], &set);
	return syscall(SYS_pselect6, call->fds[1] + 1, &set, NULL, NULL,
		       limit_time(), NULL);
}

/* The semaphores outlive us: somebody else sees to their end. */
static void begin_semaphores(void)
{
	int pipes[2];
	char byte;

	call->semaphores = need(semget(IPC_PRIVATE, 1, 0600), "semget");
	need(pipe2(pipes, O_CLOEXEC), "pipe2");
	if (need(fork(), "fork") != 0)
		return;
	close(pipes[1]);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	(void)!read(pipes[0], &byte, 1);
	semctl(call->semaphores, 0, IPC_RMID);
	_exit(0);
}

static void wake_semaphores(void)
{
	struct sembuf up = {.sem_op = 1};

	need(semop(call->semaphores, &up, 1), "semop");
}

static long make_semtimedop(void)
{
	struct sembuf down = {.sem_op = -1};

	return syscall(SYS_semtimedop, call->semaphores, &down, 1,
		       limit_time());
}

static void begin_signal(void)
{
}

static void wake_signal(void)
{
	syscall(SYS_tgkill, call_pid(), call->tid, SIGUSR2);
}

static long make_sigtimedwait(void)
{
	uint64_t set = UINT64_C(1) << (SIGUSR2 - 1);

	return syscall(SYS_rt_sigtimedwait, &set, NULL, limit_time(), 8);
}

static void begin_socket(void)
{
	struct timeval time = {.tv_sec = options.limit / 1000,
			       .tv_usec = options.limit % 1000 * 1000};

	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, call->fds),
	     "socketpair");
	if (options.limit >= 0)
		need(setsockopt(call->fds[END_READ], SOL_SOCKET, SO_RCVTIMEO,
				&time, sizeof(time)),
		     "SO_RCVTIMEO");
}

static void wake_socket(void)
{
	need((int)write(call->fds[END_WRITE], "x", 1), "write");
}

static long make_recv(void)
{
	char byte;

	return syscall(SYS_recvfrom, call->fds[END_READ], &byte, 1, 0, NULL,
		       NULL);
}

static long make_read(void)
{
	char byte;

	return syscall(SYS_read, call->fds[END_READ], &byte, 1);
}

static void begin_context(void)
{
	need((int)syscall(SYS_io_setup, 1, &call->context), "io_setup");
	call->fds[0] = need(open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
			    "/proc/self/exe");
}

static void wake_context(void)
{
	static char buffer[16];
	struct iocb block = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)call->fds[0],
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = sizeof(buffer),
	};
	struct iocb *blocks[] = {&block};

	need((int)syscall(SYS_io_submit, call->context, 1, blocks),
	     "io_submit");
}

static long make_io_getevents(void)
{
	struct io_event event;

	return syscall(SYS_io_getevents, call->context, 1, 1, &event,
		       limit_time());
}

static void begin_pipe(void)
{
	need(pipe2(call->fds, O_CLOEXEC), "pipe2");
}

/* Takes what comes until that was all. */
static void wake_pipe(void)
{
	static char bytes[BULK];

	while (!atomic_load(&call->over)) {
		struct pollfd poller = {.fd = call->fds[END_READ],
					.events = POLLIN};

		if (poll(&poller, 1, 1) > 0)
			need((int)read(call->fds[END_READ], bytes,
				       sizeof(bytes)),
			     "read");
	}
}

static long make_write(void)
{
	static char bytes[BULK];

	return syscall(SYS_write, call->fds[END_WRITE], bytes, sizeof(bytes));
}

static void wake_nothing(void)
{
}

static long make_nanosleep(void)
{
	return syscall(SYS_nanosleep, limit_time(), NULL);
}

static long make_clock_nanosleep(void)
{
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, limit_time(),
		       NULL);
}

static void wake_futex(void)
{
	atomic_store(&call->word, 1);
	futex(&call->word, FUTEX_WAKE, 1);
}

static long make_futex(void)
{
	return syscall(SYS_futex, &call->word, FUTEX_WAIT, 0, limit_time(),
		       NULL, 0);
}

static const struct kind {
	const char *name;
	long number;
	void (*begin)(void);
	long (*make)(void);
	void (*wake)(void);
} kinds[] = {
#ifdef SYS_epoll_wait
	{"epoll_wait", SYS_epoll_wait, begin_event, make_epoll_wait,
	 wake_event},
#endif
#ifdef SYS_select
	{"select", SYS_select, begin_event, make_select, wake_event},
#endif
	{"pselect6", SYS_pselect6, begin_event, make_pselect6, wake_event},
#ifdef SYS_poll
	{"poll", SYS_poll, begin_event, make_poll, wake_event},
#endif
	{"epoll_pwait", SYS_epoll_pwait, begin_event, make_epoll_pwait,
	 wake_event},
	{"ppoll", SYS_ppoll, begin_event, make_ppoll, wake_event},
	{"semtimedop", SYS_semtimedop, begin_semaphores, make_semtimedop,
	 wake_semaphores},
	{"rt_sigtimedwait", SYS_rt_sigtimedwait, begin_signal,
	 make_sigtimedwait, wake_signal},
	{"recvfrom", SYS_recvfrom, begin_socket, make_recv, wake_socket},
	{"read", SYS_read, begin_socket, make_read, wake_socket},
	{"pipe", SYS_read, begin_pipe, make_read, wake_socket},
	{"io_getevents", SYS_io_getevents, begin_context, make_io_getevents,
	 wake_context},
	{"write", SYS_write, begin_pipe, make_write, wake_pipe},
	{"nanosleep", SYS_nanosleep, begin_signal, make_nanosleep,
	 wake_nothing},
	{"clock_nanosleep", SYS_clock_nanosleep, begin_signal,
	 make_clock_nanosleep, wake_nothing},
	{"futex", SYS_futex, begin_signal, make_futex, wake_futex},
};

static const struct kind *kind;

static void find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			kind = &kinds[i];
	if (!kind) {
		fprintf(stderr, "mmiothreads: no call %s\n", name);
		_exit(77);
	}
}

static void install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_restart_syscall, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
	need(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program),
	     "PR_SET_SECCOMP");
}

/* SIGUSR1 is for this thread alone. */
static void let_signal_in(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *caller(void *data)
{
	double begun;

	(void)data;
	let_signal_in();
	if (options.filter)
		install_filter();
	__atomic_store_n(&call->tid, own_tid(), __ATOMIC_SEQ_CST);
	begun = now();
	call->value = kind->make();
	call->error = call->value < 0 ? errno : 0;
	call->length = now() - begun;
	atomic_store(&call->over, 1);
	for (;;)
		pause();
	return NULL;
}

static void begin_call(void)
{
	find_kind(options.call);
	if (options.alone && kind->begin == begin_context) {
		fputs("mmiothreads: its context is of one process\n", stderr);
		_exit(77);
	}
	kind->begin();
}

static void await_caller(void)
{
	while (!__atomic_load_n(&call->tid, __ATOMIC_SEQ_CST))
		nap(1);
	await_call(call->tid, kind->number);
}

static void start_call(void)
{
	begin_call();
	start(caller, NULL);
	await_caller();
}

static void *napper(void *data)
{
	(void)data;
	if (options.filter)
		install_filter();
	for (;;) {
		nap(1);
		atomic_fetch_add(&shared->naps, 1);
	}
	return NULL;
}

/* Other processes */

static int release[2]; /* a pipe: its end ends them */

/* Uses nothing of the C library but system calls: the variables are ours. */
static int other_process(void *data)
{
	struct pollfd poller = {.fd = release[0], .events = POLLIN};

	(void)data;
	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	atomic_store(&shared->other, (int)syscall(SYS_getpid));
	syscall(SYS_ppoll, &poller, 1, NULL, NULL, 8);
	syscall(SYS_exit, 0);
	return 0;
}

static int make_other(int flags)
{
	char *stack = checked(malloc(STACK), "malloc");

	atomic_store(&shared->other, 0);
	return need(clone(other_process, stack + STACK, flags, NULL), "clone");
}

static void *vfork_parent(void *data)
{
	(void)data;
	__atomic_store_n(&call->tid, own_tid(), __ATOMIC_SEQ_CST);
	make_other(CLONE_VFORK | SIGCHLD | (options.vfork ? CLONE_VM : 0));
	for (;;)
		pause();
	return NULL;
}

static void await_other(void)
{
	while (!atomic_load(&shared->other))
		nap(1);
}

static void release_other(void)
{
	int other = atomic_load(&shared->other);

	need((int)write(release[1], "x", 1), "write");
	while (waitpid(other, NULL, __WALL) < 0 && errno == EINTR)
		;
}

static bool fork_is_free(void)
{
	if (atomic_fetch_add(&shared->forks, 1) < options.forks)
		return true;
	atomic_fetch_sub(&shared->forks, 1);
	return false;
}

/* A child of --forks: has children of its own while there is room. */
static _Noreturn void grow(pid_t root)
{
	for (int i = 0; i < 2 && kill(root, 0) == 0; i++) {
		pid_t child = fork_is_free() ? fork() : 1;

		if (child < 0)
			atomic_fetch_sub(&shared->forks, 1);
		if (child == 0)
			i = -1;
		nap(20 + own_tid() % 40);
	}
	atomic_fetch_sub(&shared->forks, 1);
	_exit(0);
}

static void *forker(void *data)
{
	pid_t root = getpid(), child;

	(void)data;
	for (;;) {
		if (!fork_is_free()) {
			atomic_store(&shared->ready, 1);
			nap(1);
			continue;
		}
		child = fork();
		if (child == 0)
			grow(root);
		if (child < 0)
			atomic_fetch_sub(&shared->forks, 1);
	}
	return NULL;
}

/* The program that executes itself */

static int loop_number;
static char **loop_arguments;
static pthread_barrier_t loop_barrier; /* all threads are there */

static void exec_next(void)
{
	char number[16];

	nap(2 + loop_number * 7 % 5);
	snprintf(number, sizeof(number), "%d", loop_number + 1);
	setenv("MMIOTHREADS_LOOP", number, 1);
	execv("/proc/self/exe", loop_arguments);
	die("execv");
}

static void *loop_thread(void *data)
{
	pthread_barrier_wait(&loop_barrier);
	if ((intptr_t)data == loop_number % 4)
		exec_next();
	for (;;)
		pause();
	return NULL;
}

static _Noreturn void exec_loop(char **arguments)
{
	const char *number = getenv("MMIOTHREADS_LOOP");
	char *second = strchr(options.loop, ',');
	int fd;

	loop_number = number ? atoi(number) : 0;
	loop_arguments = arguments;
	if (!second)
		_exit(2);
	*second = '\0';
	fd = need(open(loop_number % 2 ? second + 1 : options.loop,
		       O_RDWR | O_CLOEXEC),
		  options.loop);
	*second = ',';
	checked(mmap(LOOP_ADDRESS, 2 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0),
		"mmap");
	if (!number) {
		printf("ready %d %p 0 0\n", (int)getpid(), LOOP_ADDRESS);
		fflush(stdout);
	}
	pthread_barrier_init(&loop_barrier, NULL, 4);
	for (intptr_t i = 1; i < 4; i++)
		start(loop_thread, (void *)i);
	loop_thread(NULL);
	_exit(1);
}

/* The director */

static char events[MAX_EVENTS];
static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t target;

static void *watcher(void *data)
{
	(void)data;
	for (;;) {
		int status;
		size_t length;

		if (waitpid(target, &status, WUNTRACED | WCONTINUED) < 0)
			continue;
		pthread_mutex_lock(&events_lock);
		length = strlen(events);
		snprintf(events + length, sizeof(events) - length, " %s:%d",
			 WIFSTOPPED(status)     ? "stopped"
			 : WIFCONTINUED(status) ? "continued"
			 : WIFSIGNALED(status)  ? "killed"
						: "exited",
			 WIFSTOPPED(status)    ? WSTOPSIG(status)
			 : WIFSIGNALED(status) ? WTERMSIG(status)
					       : 0);
		pthread_mutex_unlock(&events_lock);
		if (WIFEXITED(status) || WIFSIGNALED(status))
			return NULL;
	}
}

static void send_signals(int count)
{
	static int value;

	for (int i = 0; i < count; i++) {
		union sigval with = {.sival_int = value++};

		while (sigqueue(target, SIGRTMIN + 1, with) < 0) {
			if (errno != EAGAIN)
				die("sigqueue");
			nap(1);
		}
		if (i % 8 == 7)
			nap(1);
	}
}

static void on_value(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (signal != SIGRTMIN + 1 || info->si_code != SI_QUEUE ||
	    info->si_pid != getppid() ||
	    info->si_value.sival_int != atomic_load(&shared->received))
		atomic_fetch_add(&shared->wrong, 1);
	atomic_fetch_add(&shared->received, 1);
}

static void on_signal(int signal)
{
	(void)signal;
}

/* All but the main thread have them blocked. */
static void set_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction value = {.sa_sigaction = on_value,
				  .sa_flags = SA_SIGINFO | SA_RESTART};
	sigset_t set;

	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGRTMIN + 1, &value, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (options.forks)
		signal(SIGCHLD, SIG_IGN);
}

/* Commands */

struct exec_command {
	char *words[3];
};

static void *execute(void *data)
{
	char **words = ((struct exec_command *)data)->words;

	execv(words[0], words);
	die("execv");
}

static void do_exec(bool leader)
{
	static struct exec_command command;

	command.words[0] = strtok(NULL, " ");
	command.words[1] = strtok(NULL, " ");
	if (!command.words[0])
		_exit(2);
	puts("ok");
	fflush(stdout);
	if (leader)
		execute(&command);
	start(execute, &command);
	for (;;)
		pause();
}

static void print_result(void)
{
	while (!atomic_load(&call->over))
		nap(1);
	printf("result %ld %s %.0f\n", call->value,
	       !call->error               ? "-"
	       : call->error == EINTR     ? "EINTR"
	       : call->error == EAGAIN    ? "EAGAIN"
	       : call->error == ETIMEDOUT ? "ETIMEDOUT"
					  : strerror(call->error),
	       call->length);
}

static unsigned argument(void)
{
	const char *word = strtok(NULL, " ");

	return word ? (unsigned)atoi(word) : 0;
}

static void print_received(void)
{
	int count = (int)argument();

	while (atomic_load(&shared->received) < count)
		nap(1);
	printf("received %d wrong %d\n", atomic_load(&shared->received),
	       atomic_load(&shared->wrong));
}

static void await_nap(void)
{
	unsigned before = atomic_load(&shared->naps);

	while (atomic_load(&shared->naps) - before < 2)
		nap(1);
}

static void do_wake(void)
{
	kind->wake();
}

static void do_signal(void)
{
	syscall(SYS_tgkill, call_pid(), call->tid, SIGUSR1);
}

static void do_send(void)
{
	send_signals((int)argument());
}

static const struct {
	const char *name;
	void (*function)(void);
} commands[] = {
	{"ping", ping},      {"wake", do_wake}, {"signal", do_signal},
	{"naps", await_nap}, {"send", do_send}, {"release", release_other},
};

/* Those that answer something other than "ok". */
static bool obey_special(const char *verb)
{
	if (strcmp(verb, "result") == 0) {
		print_result();
	} else if (strcmp(verb, "received") == 0) {
		print_received();
	} else if (strcmp(verb, "share") == 0) {
		printf("process %d\n", make_other(CLONE_VM | (int)argument()));
	} else if (strcmp(verb, "seen") == 0) {
		pthread_mutex_lock(&events_lock);
		printf("seen%s\n", events);
		pthread_mutex_unlock(&events_lock);
	} else if (strcmp(verb, "exec") == 0) {
		const char *who = strtok(NULL, " ");

		do_exec(who && strcmp(who, "leader") == 0);
	} else if (strcmp(verb, "exit") == 0) {
		_exit((int)argument());
	} else {
		return false;
	}
	return true;
}

static void obey_line(char *line)
{
	const char *verb = strtok(line, " ");

	if (!verb || obey_special(verb))
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, verb) == 0) {
			commands[i].function();
			puts("ok");
			return;
		}
	puts("error: no such command");
}

static void *obey(void *data)
{
	char line[512];
	size_t length = 0;

	(void)data;
	/* As read(2): who obeys is in a call that goes on unseen. */
	while (length < sizeof(line) &&
	       need((int)read(STDIN_FILENO, line + length, 1), "read") == 1) {
		if (line[length++] != '\n')
			continue;
		line[length - 1] = '\0';
		length = 0;
		obey_line(line);
		fflush(stdout);
	}
	if (target)
		kill(target, SIGKILL);
	_exit(0);
}

/* The beginning */

static int make_file(void)
{
	int fd = need(open(options.file, O_RDWR | O_CREAT | O_CLOEXEC, 0600),
		      options.file);

	need(ftruncate(fd, sizeof(*shared)), "ftruncate");
	return fd;
}

static uint32_t *make_memory(void)
{
	int fd = options.file ? make_file() : -1;

	shared = checked(mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0),
			 "mmap");
	if (fd >= 0)
		close(fd);
	for (uint32_t i = 0; i < PAGE / sizeof(uint32_t); i++)
		shared->words[i] = PAGE_WORD + i;
	call = checked(mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		       "mmap");
	if (!options.large)
		return shared->words;
	return checked(mmap(NULL, options.large, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
		       "mmap");
}

static void start_others(void)
{
	need(pipe2(release, O_CLOEXEC), "pipe2");
	if (options.vfork || options.vfork_alone)
		start(vfork_parent, NULL);
	if (options.share)
		make_other(CLONE_VM | options.share_signal);
	if (options.vfork || options.vfork_alone || options.share)
		await_other();
	while ((options.vfork || options.vfork_alone) &&
	       state_of(call->tid) != 'D')
		nap(1);
	if (options.forks)
		start(forker, NULL);
}

static void start_threads(void)
{
	for (unsigned i = 1; i < options.threads; i++)
		start(listener, NULL);
	if (options.call)
		start_call();
	if (options.naps)
		start(napper, NULL);
	for (unsigned i = 0; i < options.churn; i++)
		start(churner, NULL);
	if (options.untraced)
		start(untraced_maker, NULL);
	start_others();
	while (atomic_load(&shared->listeners) < options.threads - 1 ||
	       (options.naps && !atomic_load(&shared->naps)) ||
	       ((options.untraced || options.forks) &&
		!atomic_load(&shared->ready)))
		nap(1);
}

static void print_ready(const uint32_t *address)
{
	printf("ready %d %p %d %d\n", target ? (int)target : (int)getpid(),
	       (const void *)address, atomic_load(&shared->other),
	       (int)call->tid);
	fflush(stdout);
}

/* The target is our child, and waits for signals. */
static _Noreturn void direct(const uint32_t *address)
{
	sigset_t none;

	if (options.alone && options.call)
		begin_call();
	target = need(fork(), "fork");
	if (target == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (options.alone) {
			atomic_store(&shared->ready, 2);
			(options.call ? caller : napper)(NULL);
		}
		start_threads();
		sigemptyset(&none);
		pthread_sigmask(SIG_SETMASK, &none, NULL);
		atomic_store(&shared->ready, 2);
		for (;;)
			pause();
	}
	while (atomic_load(&shared->ready) != 2)
		nap(1);
	if (options.alone && options.call)
		await_caller();
	start(watcher, NULL);
	print_ready(address);
	obey(NULL);
	_exit(0);
}

static void *obey_alone(void *data)
{
	while (state_of(getpid()) != 'Z')
		nap(1);
	print_ready(data);
	return obey(NULL);
}

enum option_code {
	OPTION_THREADS = 256,
	OPTION_CALL,
	OPTION_ALONE,
	OPTION_FILTER,
	OPTION_NAPS,
	OPTION_LEADER_GONE,
	OPTION_CHURN,
	OPTION_UNTRACED,
	OPTION_SHARE,
	OPTION_VFORK,
	OPTION_VFORK_ALONE,
	OPTION_FORKS,
	OPTION_LARGE,
	OPTION_FILE,
	OPTION_DIRECTOR,
	OPTION_EXEC_LOOP,
};

static const struct option long_options[] = {
	{"threads", required_argument, NULL, OPTION_THREADS},
	{"call", required_argument, NULL, OPTION_CALL},
	{"alone", no_argument, NULL, OPTION_ALONE},
	{"filter", no_argument, NULL, OPTION_FILTER},
	{"naps", no_argument, NULL, OPTION_NAPS},
	{"leader-gone", no_argument, NULL, OPTION_LEADER_GONE},
	{"churn", required_argument, NULL, OPTION_CHURN},
	{"untraced", required_argument, NULL, OPTION_UNTRACED},
	{"share", required_argument, NULL, OPTION_SHARE},
	{"vfork", no_argument, NULL, OPTION_VFORK},
	{"vfork-alone", no_argument, NULL, OPTION_VFORK_ALONE},
	{"forks", required_argument, NULL, OPTION_FORKS},
	{"large", required_argument, NULL, OPTION_LARGE},
	{"file", required_argument, NULL, OPTION_FILE},
	{"director", no_argument, NULL, OPTION_DIRECTOR},
	{"exec-loop", required_argument, NULL, OPTION_EXEC_LOOP},
	{0},
};

static void set_call(char *text)
{
	char *colon = strchr(text, ':');

	if (colon) {
		*colon = '\0';
		options.limit = atol(colon + 1);
	}
	options.call = text;
}

static void set_option(int code)
{
	unsigned number = optarg ? (unsigned)atoi(optarg) : 0;

	switch ((enum option_code)code) {
	case OPTION_THREADS:
		options.threads = number;
		break;
	case OPTION_CALL:
		set_call(optarg);
		break;
	case OPTION_ALONE:
		options.alone = options.director = true;
		break;
	case OPTION_FILTER:
		options.filter = true;
		break;
	case OPTION_NAPS:
		options.naps = true;
		break;
	case OPTION_LEADER_GONE:
		options.leader_gone = true;
		break;
	case OPTION_CHURN:
		options.churn = number;
		break;
	case OPTION_UNTRACED:
		options.untraced =
			number < MAX_UNTRACED ? number : MAX_UNTRACED;
		break;
	case OPTION_SHARE:
		options.share = true;
		options.share_signal = (int)number;
		break;
	case OPTION_VFORK:
		options.vfork = true;
		break;
	case OPTION_VFORK_ALONE:
		options.vfork_alone = true;
		break;
	case OPTION_FORKS:
		options.forks = number;
		break;
	case OPTION_LARGE:
		options.large = (size_t)atoll(optarg);
		break;
	case OPTION_FILE:
		options.file = optarg;
		break;
	case OPTION_DIRECTOR:
		options.director = true;
		break;
	case OPTION_EXEC_LOOP:
		options.loop = optarg;
		break;
	default:
		_exit(2);
	}
}

int main(int argc, char **argv)
{
	uint32_t *address;
	int code;

	while ((code = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		set_option(code);
	if (options.loop)
		exec_loop(argv);
	address = make_memory();
	set_signals();
	if (options.director)
		direct(address);
	start_threads();
	if (options.leader_gone) {
		start(obey_alone, address);
		pthread_exit(NULL);
	}
	print_ready(address);
	obey(NULL);
	return 0;
}
