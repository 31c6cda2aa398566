/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which thread of a target is to make accesses: the one to which it matters
 * least. Nothing here changes a thread.
 */
#ifndef MMIODBG_TARGET_CHOICE_H
#define MMIODBG_TARGET_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/agent-protocol.h"
#include "target/calls.h"

struct root;
struct tracees;

/* One that may be used. */
struct choice {
	pid_t tid;
	unsigned rank; /* the less the better */
	struct call_look seen;
	bool timed; /* its call may be one that restart_syscall continues */
};

/* One that was tried, and in vain. */
struct avoided {
	pid_t tid;
	enum thread_reason reason;
	struct agent_thread thread; /* as it was then */
	uint64_t until;             /* CLOCK_MONOTONIC */
};

struct choices {
	struct choice *items; /* best first */
	size_t count, capacity;
	struct agent_reason reasons[N_REASONS]; /* of the others */
	bool passing;  /* there is a reason that may pass */
	size_t listed; /* how many there are, usable or not */
	int ignored;   /* a signal that the process ignores, or 0 */
	int errnum;    /* why there is no list: ENOMEM, ESRCH */
};

/* The signals that an access may make. A process that ignores one of them would
 * be changed by that for good (force_sig_info_to_task(), kernel/signal.c). */
uint64_t access_signals(void);

/* One of them that is ignored, or 0. */
int access_signal_ignored(uint64_t ignored);

/*
 * Looks at all threads; with `request->thread`, at that one; with
 * `tracees->holding`, at those that stand still. `choices_deinit()` releases.
 */
void choices_make(const struct root *root, const struct tracees *tracees,
		  const struct agent_request *request,
		  const struct avoided *avoided, size_t n_avoided,
		  struct choices *ret);
void choices_deinit(struct choices *choices);

/*
 * Looks once more at one that was chosen, which may be in another call by now:
 * why it cannot be used, as far as its call is concerned, or REASON_NONE.
 */
enum thread_reason choice_look(const struct tracees *tracees, bool force,
			       struct choice *choice);

/* What it was seen like. */
void choice_describe(const struct tracees *tracees, const struct choice *choice,
		     struct agent_thread *ret);

/* It was interrupted when it was seen like that, and has not stopped yet. */
void choice_keep(const struct tracees *tracees, const struct call_look *seen,
		 struct choice *choice);

/* Whether a thread that has this reason may do something else in a moment. */
bool reason_may_pass(enum thread_reason reason);

/* Notes a thread that cannot be used. */
void reason_add(struct agent_reason *reasons, enum thread_reason reason,
		const struct agent_thread *thread);

/* What can be said of a thread: its state and its call. */
void thread_describe(const struct tracees *tracees, pid_t tid,
		     enum call_effect effect, struct agent_thread *ret);

#endif
