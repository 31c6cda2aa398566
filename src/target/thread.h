/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /proc says of one thread: its state, its signals, its system call, and
 * what an interruption of that would do. `procfd` is the folder /proc/PID.
 * Nothing here needs ptrace, or changes the thread.
 */
#ifndef MMIODBG_TARGET_THREAD_H
#define MMIODBG_TARGET_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/calls.h"

struct thread_status {
	char state;    /* R, S, D, T, t, Z, X, I */
	pid_t tracer;  /* 0: none */
	bool filtered; /* by seccomp */
	/* Signals: bit N - 1 for signal N. */
	uint64_t pending; /* for the thread or for the process */
	uint64_t shared;  /* for the process */
	uint64_t blocked, ignored, caught;
};

/* 0, or an errno: ENOENT or ESRCH if it is no more. */
int thread_status_read(int procfd, pid_t tid, struct thread_status *ret);

/* The letter of its state, 0 if it is no more. */
char thread_state(int procfd, pid_t tid);

/* Its call. False: it cannot be told; errno says why. */
bool thread_call(int procfd, pid_t tid, struct call *ret);

/* Whether the process, the folder of which this is, has such a thread. */
bool thread_is_of(int procfd, pid_t tid);

/* How the scheduler takes it. */
struct thread_schedule {
	unsigned policy;     /* SCHED_OTHER ... */
	unsigned cpu;        /* that it ran on last */
	unsigned long flags; /* PF_..., include/linux/sched.h */
};

/* False: it is no more. */
bool thread_schedule_read(int procfd, pid_t tid, struct thread_schedule *ret);

/* The CPUs that it may run on, "0-3,8"; NULL if that is not to be had. The
 * caller frees. */
char *thread_cpus(int procfd, pid_t tid);

/*
 * Which of these flags mean that a thread is one of the kernel's that serves a
 * process (io_uring, vhost). They never run its program, so they need not stop,
 * and an interruption would fail what they work on.
 */
unsigned long thread_worker_flags(void);

/*
 * What an interruption of a thread would do now: CALL_FAILS where it cannot be
 * told what it does, CALL_UNSEEN for one that has ended. `*ret_status` and
 * `*ret_call` are what was seen; of a thread that has ended or cannot be looked
 * at they are empty.
 */
enum call_effect thread_look(int procfd, pid_t pid, pid_t tid,
			     enum call_set calls,
			     struct thread_status *ret_status,
			     struct call *ret_call);

#endif
