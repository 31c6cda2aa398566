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

#include "target/instruction.h"

enum agent_verb {
	AGENT_ATTACH,  /* seize all threads; they run on */
	AGENT_STOP,    /* stop them, for at most `nanoseconds` */
	AGENT_RESUME,  /* end the stop; they stay attached */
	AGENT_PREPARE, /* choose a thread to make accesses, seize it */
	AGENT_ACCESS,  /* have it make one */
	AGENT_REST,    /* none follows at once: let it go on */
};

struct agent_request {
	uint32_t serial;
	enum agent_verb verb;
	uint64_t nanoseconds; /* the longest stop; AGENT_PREPARE: the longest
			       * time that a thread is held */
	bool force;   /* also where a thread's call would fail with EINTR */
	bool narrow;  /* a 32-bit target */
	bool stop;    /* AGENT_ATTACH: it is to be stopped later */
	pid_t thread; /* AGENT_PREPARE: this one and no other; 0: any */
	bool again;   /* AGENT_PREPARE: for an access that was not ready */
	/* AGENT_ACCESS: */
	uint64_t address, value; /* the value is for a store */
	struct instruction instruction;
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
	/* Of AGENT_PREPARE: */
	AGENT_NO_THREAD, /* `reasons` say why */
	AGENT_IGNORES,   /* the process ignores signal `errnum` */
	/* Of AGENT_ACCESS, which was not made: */
	AGENT_NOT_READY, /* ask AGENT_PREPARE again */
	AGENT_CODE,      /* another instruction stands there, or none */
	AGENT_DISTURBED, /* a signal came first */
	AGENT_FAULT,     /* `fault` says what the load or store met */
	/* Of AGENT_ACCESS, which may have been made: */
	AGENT_STUCK, /* it takes too long; the agent waits for it */
	AGENT_LOST,  /* the thread ended in it */
};

/* Why a thread cannot be used, in the order in which it is asked. */
enum thread_reason {
	REASON_NONE,
	REASON_ENDED,     /* it has, or is the kernel's own */
	REASON_SLEEPS,    /* uninterruptible sleep */
	REASON_REALTIME,  /* SCHED_FIFO, SCHED_RR or SCHED_DEADLINE */
	REASON_ISOLATED,  /* on an isolated CPU */
	REASON_FAILS,     /* its call would see EINTR */
	REASON_CUT,       /* its call might fall short */
	REASON_FILTERED,  /* seccomp might kill it when its call goes on */
	REASON_PENDING,   /* a signal waits that the access needs */
	REASON_LATE,      /* it did not stop in time */
	REASON_MODE,      /* it steps itself, or runs other instructions */
	REASON_SEQUENCE,  /* in a critical section of rseq, as far as known */
	REASON_REGISTERS, /* they could not be read or written */
	N_REASONS
};

/* A thread that stands in the way, and what it is about. */
struct agent_thread {
	pid_t tid;
	char state;      /* of /proc/PID/task/TID/stat */
	uint32_t effect; /* enum call_effect: what an interruption would do */
	char call[24];   /* the name of its system call, "" if unknown */
};

/* Threads that cannot be used for one reason. */
struct agent_reason {
	uint32_t count;
	struct agent_thread first;
};

/* A fault, as siginfo_t has it. */
struct agent_fault {
	int signal, code;
	uint64_t address;
	pid_t thread;
};

/* How threads were held for accesses, since the agent began. */
struct agent_pauses {
	uint32_t bursts;
	uint64_t longest; /* nanoseconds, from the stop to the release */
};

struct agent_answer {
	uint32_t serial;
	enum agent_result result;
	int errnum;
	uint32_t threads;     /* that are attached, or stand in the way */
	uint64_t nanoseconds; /* how long the stop was */
	pid_t other;
	struct agent_thread first;
	uint64_t value; /* of a load */
	struct agent_fault fault;
	struct agent_pauses pauses;
	struct agent_reason reasons[N_REASONS];
};

/* Written by the agent only. */
struct agent_shared {
	_Atomic uint32_t stopped;  /* all threads stand still */
	_Atomic uint32_t executed; /* an exec was seen: another address space */
	_Atomic uint32_t ended;    /* no thread is left */
	_Atomic uint32_t diverted; /* a thread has foreign registers */
};

#endif
