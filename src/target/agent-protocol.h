/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the main process and the agent's process say to each other: one plain
 * struct a message over a SOCK_SEQPACKET socket, and a page that both have
 * mapped, from which the main process learns without asking what has happened.
 *
 * A request is answered by one message, with the same serial number. Both run
 * the same program, so there is no version to agree on.
 */
#ifndef MMIODBG_TARGET_AGENT_PROTOCOL_H
#define MMIODBG_TARGET_AGENT_PROTOCOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum agent_verb {
	AGENT_ATTACH, /* seize all threads; they run on */
	AGENT_STOP,   /* stop them, for at most `nanoseconds` */
	AGENT_RESUME, /* end the stop; they stay attached */
};

struct agent_request {
	uint32_t serial;
	enum agent_verb verb;
	uint64_t nanoseconds; /* the longest stop */
	bool force;  /* also where a thread's call would fail with EINTR */
	bool narrow; /* AGENT_ATTACH: a 32-bit target */
	bool stop;   /* AGENT_ATTACH: it is to be stopped later */
};

enum agent_result {
	AGENT_DONE,
	AGENT_GONE,         /* the process has ended */
	AGENT_EXECUTED,     /* it has become another program meanwhile */
	AGENT_DENIED,       /* a thread could not be seized: errnum */
	AGENT_TRACED,       /* it is traced already, by `other` */
	AGENT_BUSY,         /* its threads changed until the time was up */
	AGENT_INTERRUPTING, /* `threads` would notice, `first` is one */
	AGENT_UNSTOPPABLE,  /* `first` did not stop in time; it runs again */
	AGENT_SHARED,       /* `other` has the same address space */
	AGENT_UNKNOWABLE,   /* whether one has: no kcmp() */
	AGENT_FAILED,       /* errnum */
};

/* A thread that stands in the way, and what it is about. */
struct agent_thread {
	pid_t tid;
	char state;      /* of /proc/PID/task/TID/stat */
	uint32_t effect; /* enum call_effect: what an interruption would do */
	char call[24];   /* the name of its system call, "" if unknown */
};

struct agent_answer {
	uint32_t serial;
	enum agent_result result;
	int errnum;
	uint32_t threads;     /* that are attached, or stand in the way */
	uint64_t nanoseconds; /* how long the stop was */
	pid_t other;
	struct agent_thread first;
};

/* Written by the agent only. */
struct agent_shared {
	_Atomic uint32_t stopped;  /* all threads stand still */
	_Atomic uint32_t executed; /* an exec was seen: another address space */
	_Atomic uint32_t ended;    /* no thread is left */
};

#endif
