/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an interruption does to a thread that is in a system call. A ptrace stop
 * interrupts it as a signal does that no handler takes: mostly the kernel
 * starts it again, unseen (signal(7), "Interruption of system calls and library
 * functions by stop signals"; KERNEL.md section 7).
 */
#ifndef MMIODBG_TARGET_CALLS_H
#define MMIODBG_TARGET_CALLS_H

#include <stdbool.h>
#include <stdint.h>

enum call_effect {
	CALL_UNSEEN, /* started again, or goes on, as if nothing had been */
	CALL_AGAIN,  /* would be seen, but can be started again exactly: it
		      * waits without a limit of time */
	CALL_FAILS,  /* fails with EINTR, or starts over in full */
	CALL_CUT,    /* returns what it has done so far: a short count */
	CALL_TIMED,  /* goes on through restart_syscall, which a seccomp
		      * filter may not permit: then it kills */
	CALL_SOCKET, /* CALL_FAILS if its socket has a timeout, else unseen */
};

enum call_set { CALLS_X86_64, CALLS_I386, CALLS_GENERIC };

/* One thread's call, as /proc/PID/task/TID/syscall shows it. */
struct call {
	bool inside; /* in a call; else running, or in a fault */
	long number;
	uint64_t arguments[6];
};

/* What was seen of a thread, before an interruption. */
struct call_look {
	struct call call;
	enum call_effect effect;
	bool filtered;    /* by seccomp */
	uint64_t blocked; /* signals, while it is in that call */
};

/* Reads the text of that file. False: not understood. */
bool call_parse(const char *text, struct call *ret)
	__attribute__((nonnull, warn_unused_result));

/* What an interruption would do to it. */
enum call_effect call_effect(enum call_set set, const struct call *call)
	__attribute__((nonnull));

/* Whether restart_syscall would continue it, with or without a filter. */
bool call_is_timed(enum call_set set, const struct call *call)
	__attribute__((nonnull));

/* Whether it fails with EINTR if a handler runs, whatever SA_RESTART says, so
 * that restarting it behind one would be seen (signal(7)). */
bool call_heeds_handlers(enum call_set set, const struct call *call)
	__attribute__((nonnull));

/* Whether a call of this number that has failed with EINTR for an interruption
 * may be made once more. */
bool call_may_repeat(enum call_set set, long number);

/* Its name, or NULL: not one that matters. */
const char *call_name(enum call_set set, long number);

/* Which calls the threads of a target make, by whether it is a 32-bit one. */
enum call_set call_set_of(bool narrow);

/* Whether there is a table for the programs of this machine. */
bool calls_known(bool narrow);

#endif
