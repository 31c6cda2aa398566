/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries a plan out, or walks it dry. Order, and what follows a failure, are
 * those of the contract: elements ascending, locations in their order; a read
 * goes on past a failed element, a write stops at the first failure.
 *
 * No value is shown before the mapping that it came from has been found
 * unchanged after the access: a target may map something else meanwhile.
 */
#ifndef MMIODBG_PLAN_RUN_H
#define MMIODBG_PLAN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/element.h"
#include "target/attachment.h"

struct run_summary {
	uint64_t elements;     /* in the plan */
	uint64_t done, failed; /* elements; the others were not reached */
	uint64_t written;      /* elements, failed ones among them */
	bool partly; /* a failed element had an access that was made */
	int status;  /* the exit status */
	struct stop_report stop;
	struct agent_pauses pauses; /* of threads that made accesses */
	bool interrupted;           /* for that the rest was not reached */
	struct error *end_error; /* of its end; the caller destroys; or NULL */
};

/*
 * Runs the plan, or with `dry` only reports what it would do. The error is one
 * from before the first access (a mapping that has changed since; threads that
 * cannot be stopped; an interruption); failures of accesses go to the sink. If
 * the plan wants the target to stand still, the sink gets its first result when
 * the target runs again.
 */
struct error *run_plan(struct plan *plan, bool dry, const struct run_sink *sink,
		       struct run_summary *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * A run that goes on, for what is read again and again: plans are added to it,
 * and results are held back until they are settled: confirmed together, as
 * those of one command are, and given to the sink. Only for plans that read, of
 * one session, and without a stop. What a plan and its locations say has to
 * last until then.
 */
struct run;

/* Accesses are tried again for `retry` nanoseconds. */
struct error *run_create(struct session *session, uint64_t retry, bool force,
			 const struct run_sink *sink, struct run **ret)
	__attribute__((nonnull, warn_unused_result));

/* What is held is lost. Legal on NULL. */
void run_destroy(struct run *run);

/*
 * Before the first access of a plan since the last settling: whether all is
 * mapped as it was when the plan was made, and the devices are awake. Nothing
 * may be held.
 */
struct error *run_check(struct run *run, const struct plan *plan)
	__attribute__((nonnull, warn_unused_result));

/*
 * The same of several plans, some of which may be fit to be run and others not:
 * `ret_errors[i]` is NULL, or why the i-th is not; the caller destroys it. The
 * error is one that holds for all of them, as that the target has ended; then
 * the others are not set. That the target is gone is also what each may say.
 */
struct error *run_check_each(struct run *run, const struct plan *const *plans,
			     size_t count, struct error **ret_errors)
	__attribute__((nonnull, warn_unused_result));

/* What elements that are made from here on are to be known by: element.tag. */
void run_tag(struct run *run, uint64_t tag) __attribute__((nonnull));

/* For how long accesses are tried again from here on, nanoseconds. */
void run_retry(struct run *run, uint64_t retry) __attribute__((nonnull));

/*
 * Makes the accesses of a plan. False: something has failed since the last
 * settling, of this plan or before it, or a signal has come; then the run is to
 * be settled. It settles by itself when much is held, or after a pause.
 */
bool run_add(struct run *run, const struct plan *plan)
	__attribute__((nonnull, warn_unused_result));

/* What the last element had, which may not be confirmed yet; false: it failed.
 */
bool run_peek(const struct run *run, uint64_t *ret) __attribute__((nonnull));

/* Confirms what is held, and gives it to the sink. */
void run_settle(struct run *run) __attribute__((nonnull));

/* How it went so far: what is settled. `status` is that of run_plan(). The
 * error in it stays the run's. */
const struct run_summary *run_so_far(struct run *run)
	__attribute__((nonnull, returns_nonnull));

#endif
