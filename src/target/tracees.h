/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads of one process under ptrace: seized, stopped, resumed. Used by
 * the agent's process alone, for ptrace belongs to a thread.
 *
 * What can happen to us in between: a signal that was taken from the kernel by
 * a wait and not yet handed on would be lost if we were killed. So stops are
 * looked at without being consumed (WNOWAIT): whenever this process ends, in
 * whatever way, the kernel lets all of the threads go on, with their signals
 * (exit_ptrace and ptrace_signal, kernel/ptrace.c and kernel/signal.c, 6.1).
 * What is lost then is the mending of calls (registers.h) of threads that were
 * asked to stop and had not been seen standing.
 */
#ifndef MMIODBG_TARGET_TRACEES_H
#define MMIODBG_TARGET_TRACEES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/calls.h"

struct tracee {
	pid_t tid;
	bool stopped;     /* stands in an event stop */
	bool group_stop;  /* and its process is stopped by job control */
	bool asked;       /* PTRACE_INTERRUPT was sent, and not answered */
	bool stray;       /* no thread of the process: to be let go */
	bool leader_gone; /* a zombie that others outlive: it stops no more */
	bool held;        /* this one is to stand still, whatever others do */
	bool leaving;     /* to be let go of as soon as it stops */
	bool ours; /* it is being diverted: its stops are only written down */
	int stop;  /* of one that is ours: what waitid(2) told, or 0 */
	struct call_look seen; /* when its call was looked at */
	bool moved; /* by us, so that it may be before its call once more */
};

struct tracees {
	pid_t pid;
	int procfd; /* /proc/PID; borrowed */
	enum call_set calls;
	unsigned long worker_flags; /* of threads that are left alone */
	struct tracee *items;       /* by tid */
	size_t count, capacity;
	bool alone;   /* single threads are seized; those they make are not */
	bool holding; /* threads are to stand still: they are not continued */
	uint64_t deadline; /* while they are: when this has to end */
	bool filtered;     /* a thread was seen under a seccomp filter */
	bool executed;     /* an exec was seen */
	bool no_memory;
	bool denied; /* in the last look at the list, a thread was */
};

/* `procfd`: /proc/PID, borrowed. `narrow`: a 32-bit process. `alone`: single
 * threads are to be seized, not all. Changes what this process does at SIGCHLD,
 * which must be blocked. */
void tracees_init(struct tracees *tracees, pid_t pid, int procfd, bool narrow,
		  bool alone);
void tracees_deinit(struct tracees *tracees);

/*
 * Seizes each thread that is not yet, and lists them again until nothing new is
 * found. `deadline`: of CLOCK_MONOTONIC, in nanoseconds. 0; ESRCH: the process
 * has ended; EPERM, with `*ret_tracer` the process that traces it already or 0;
 * ETIMEDOUT: always new ones, until the deadline; ENOMEM. It may block for
 * longer where a thread is in the middle of an exec.
 */
int tracees_seize(struct tracees *tracees, uint64_t deadline,
		  pid_t *ret_tracer);

/*
 * The options of ptrace that threads are seized with. One thread: found by its
 * number, or NULL; seized, if it is not yet (0 or an errno as above; ESRCH: it
 * is none, or has ended); asked to stop and to stand; let go on, and where
 * single threads are seized, let go of. What is let go of is forgotten. A
 * pointer to one is good until the next event is taken in.
 */
unsigned long tracees_options(const struct tracees *tracees);
struct tracee *tracees_find(const struct tracees *tracees, pid_t tid);
int tracees_seize_one(struct tracees *tracees, pid_t tid, pid_t *ret_tracer);
bool tracees_hold(struct tracees *tracees, pid_t tid);
void tracees_release(struct tracees *tracees, pid_t tid);

/* Asks each of them to stop; `deadline` is when they are to go on. */
void tracees_interrupt(struct tracees *tracees, uint64_t deadline);

/* Whether there are some that were asked, and have neither stopped nor ended.
 * Their calls may have to be mended when they do. */
bool tracees_asked(const struct tracees *tracees);

/* Takes in what has happened to one, whatever the deadline; it is forgotten if
 * it is none of ours any more. */
void tracees_event_of(struct tracees *tracees, pid_t tid);

/* Takes in what has happened to them, up to the deadline of a stop; never
 * blocks. True: there may be more. */
bool tracees_events(struct tracees *tracees);

/* One that has still to stop, or NULL: all of them stand. */
struct tracee *tracees_moving(struct tracees *tracees);

/* How many stand still. */
size_t tracees_standing(const struct tracees *tracees);

/* Lets them go on; those that job control has stopped stay so. */
void tracees_resume(struct tracees *tracees);

/* Looks at the call of each. The first one that an interruption would be seen
 * by, or NULL; `*ret_count` of them. */
struct tracee *tracees_look(struct tracees *tracees, bool force,
			    size_t *ret_count);

#endif
