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
	struct error *end_error; /* of its end; the caller destroys; or NULL */
};

/*
 * Runs the plan, or with `dry` only reports what it would do. The error is one
 * from before the first access (a mapping that has changed since; threads that
 * cannot be stopped); failures of accesses go to the sink. If the plan wants
 * the target to stand still, the sink gets its first result when the target
 * runs again.
 */
struct error *run_plan(struct plan *plan, bool dry, const struct run_sink *sink,
		       struct run_summary *ret)
	__attribute__((nonnull, warn_unused_result));

#endif
