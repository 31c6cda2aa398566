/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An access made by the target itself: one of its threads is held, pointed at
 * an instruction of its own code, single-stepped, and given back all that it
 * had. Done by the agent's process alone.
 *
 * Whether the access happened is told by the program counter, and by nothing
 * else: behind the instruction, it did; at it, it did not. A step that does not
 * end is waited for: a thread with foreign registers is never let go.
 */
#ifndef MMIODBG_TARGET_DIVERSION_H
#define MMIODBG_TARGET_DIVERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/agent-events.h"
#include "target/agent-protocol.h"
#include "target/choice.h"
#include "target/registers.h"
#include "target/tracees.h"

struct root;

struct diversion {
	/* Set by its owner: */
	const struct root *root;
	const struct agent_events *events;
	struct tracees *tracees;
	struct agent_shared *shared;
	const char *space; /* process_space(), or NULL */
	uint64_t limit; /* when a stop of all threads ends; 0: there is none */
	/* Called before a thread is diverted: nothing may end the agent then.
	 */
	void (*disarm)(void *data);
	void *data;
	/* The rest is its own. */
	struct choice thread; /* that was prepared; tid 0: none */
	bool alone;           /* there is no other one to take */
	bool narrow;
	bool force;    /* also in a call that fails for it */
	bool held;     /* it stands still, for us alone */
	bool stands;   /* it has been looked at since it stands */
	bool diverted; /* its registers are not its own */
	bool burst;    /* an access was made before: others may follow */
	uint64_t started, deadline; /* of its being held */
	uint64_t max_pause;
	uint64_t next;     /* no thread is held before */
	bool refused;      /* the last request found no thread */
	uint64_t patience; /* for how long one is looked for */
	uint64_t failing;  /* since when none could be held; 0: it could */
	struct agent_request request; /* that is being made */
	int signal; /* of somebody else's, that the thread is to get; or 0 */
	struct registers saved;
	uint64_t mask; /* of its signals */
	struct avoided *avoided;
	size_t n_avoided, capacity;
	struct agent_pauses pauses;
};

/* Requests: they set the answer's result, and what belongs to it. */
void diversion_prepare(struct diversion *diversion,
		       const struct agent_request *request,
		       struct agent_answer *answer);
void diversion_access(struct diversion *diversion,
		      const struct agent_request *request,
		      struct agent_answer *answer);

/* Lets the thread go on, if one is held; not one that is stuck. */
void diversion_rest(struct diversion *diversion);

/* A step that was stuck may have ended: looks, after events of threads, and
 * gives the thread back. */
void diversion_poll(struct diversion *diversion);

/* The end: gives back whatever is held, and waits for a step that is stuck. */
void diversion_end(struct diversion *diversion);

#endif
