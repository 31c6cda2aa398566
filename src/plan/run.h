/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries a plan out, or walks it dry. Order, and what follows a failure, are
 * those of the contract: elements ascending, locations in their order; a read
 * goes on past a failed element, a write stops at the first failure.
 */
#ifndef MMIODBG_PLAN_RUN_H
#define MMIODBG_PLAN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"
#include "target/attachment.h"

/* One element of an operation. */
struct element {
	const struct operation *operation;
	uint64_t index;    /* in the operation, from 0 */
	uint64_t position; /* in the space of the operation's place */
	struct site site;
};

/* One access on the bus, or one that a dry run would make. */
struct access_record {
	uint64_t address;
	unsigned bits;
	bool write;
	bool known;     /* value is set: not for what a dry run would read */
	uint64_t value; /* in the operation's byte order */
	unsigned attempts;
	uint64_t nanoseconds;      /* of the last attempt */
	uint64_t waited;           /* nanoseconds, for the last attempt */
	const struct error *error; /* NULL: it was made */
};

/* What came of one element. */
struct element_result {
	bool known;     /* value is set */
	uint64_t value; /* what was read, or written; whole, not the field */
	bool has_old;
	uint64_t old; /* what the read of a modify found */
	bool wrote;
	bool made;    /* an access of it was made, whatever came of others */
	bool suspect; /* all ones from a device's register */
	unsigned attempts;
	uint64_t nanoseconds; /* of its accesses, of each the last attempt */
	uint64_t waited;      /* nanoseconds, between attempts */
	const struct error *error; /* NULL: done */
};

/* Where results go. `data` is handed back; the rest is valid in the call. */
struct run_sink {
	void *data;
	void (*access)(void *data, const struct element *element,
		       const struct access_record *record); /* may be NULL */
	void (*element)(void *data, const struct element *element,
			const struct element_result *result);
};

struct run_summary {
	uint64_t elements;     /* in the plan */
	uint64_t done, failed; /* elements; the others were not reached */
	uint64_t written;      /* elements, failed ones among them */
	bool partly; /* a failed element had an access that was made */
	int status;  /* the exit status */
	struct stop_report stop;
	struct error *stop_error; /* of its end; the caller destroys; or NULL */
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
