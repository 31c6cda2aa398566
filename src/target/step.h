/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One step of the thread that a diversion holds: it is pointed at an
 * instruction, stepped, and given back its registers and its mask. What stops
 * it meanwhile is ours; another signal is handed on. See diversion.h.
 */
#ifndef MMIODBG_TARGET_STEP_H
#define MMIODBG_TARGET_STEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/choice.h"

struct agent_answer;
struct diversion;
struct tracee;

enum step {
	STEP_MADE,
	STEP_NOT_MADE, /* another signal came first */
	STEP_FAULT,
	STEP_CODE, /* the instruction is not there */
	STEP_LOST,
	STEP_STUCK,
};

/* Of signals, in bytes. */
enum { STEP_MASK_SIZE = 8 };

/* How often a thread is asked for of which no event may tell; nanoseconds. */
#define STEP_LOST_TIME UINT64_C(1000000000)

/* ptrace(2), with numbers for what it takes. */
long step_request(int kind, pid_t tid, unsigned long address, const void *data);

/* The thread that was prepared; NULL: it has ended. */
struct tracee *step_thread(const struct diversion *diversion)
	__attribute__((nonnull));

/* Where tests make the agent pause; see agent_pause(). */
void step_pause_in(const struct diversion *diversion, const char *state)
	__attribute__((nonnull));

/*
 * Makes the access of `diversion->request` by the thread that stands, whose
 * registers and mask are saved there. Afterwards it stands as before, unless it
 * is stuck (`diversion->diverted` then) or has ended (its number is 0 then).
 * `*answer` gets the value that was loaded, or the fault.
 */
enum step step_make(struct diversion *diversion, struct agent_answer *answer)
	__attribute__((nonnull));

/* Whether one that was stuck has ended, and its thread stands as before. */
bool step_poll(struct diversion *diversion) __attribute__((nonnull));

/*
 * See registers_must_lead(): to the exit of its call, which does nothing. What
 * is not skipped goes on as the kernel has it; nothing is put back then.
 */
enum thread_reason step_lead(struct diversion *diversion)
	__attribute__((nonnull));

#endif
