/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One element of an operation: the accesses that it takes, in the order of the
 * contract (one read; one write; a read and a write; the halves of a counter),
 * and what came of them.
 */
#ifndef MMIODBG_PLAN_ELEMENT_H
#define MMIODBG_PLAN_ELEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/attempt.h"
#include "plan/plan.h"

/* One element of an operation. */
struct element {
	const struct operation *operation;
	uint64_t index;    /* in the operation, from 0 */
	uint64_t position; /* in the space of the operation's place */
	struct site site;
	uint64_t tag; /* of run_tag() */
};

/* One access on the bus, or one that a dry run would make. */
struct access_record {
	const struct backend
		*backend; /* that made it, or was the last to try */
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
	const struct backend *backend; /* of its last access */
	bool known;                    /* value is set */
	uint64_t value; /* what was read, or written; whole, not the field */
	bool has_old;
	uint64_t old; /* what the read of a modify found */
	bool wrote;
	bool made;    /* an access of it was made, whatever came of others */
	bool suspect; /* all ones from a device's register */
	unsigned attempts;
	uint64_t nanoseconds; /* of its accesses, of each the last attempt */
	uint64_t waited;      /* nanoseconds, between attempts */
	uint64_t time; /* of its last access: clock_now() before it; 0: none */
	const struct error *error; /* NULL: done */
};

/* What of a value is shown: the field, or all of it; and its bits. */
static inline uint64_t operation_shown(const struct operation *operation,
				       uint64_t value)
{
	if (!operation->has_field)
		return value;
	return value >> operation->low &
	       ones(operation->high - operation->low + 1);
}

static inline unsigned operation_shown_bits(const struct operation *operation)
{
	return operation->has_field ? operation->high - operation->low + 1
				    : operation->value_bits;
}

/* A whole value of an operation as the bytes that the target's memory has, in
 * the order of addresses: value_bits / 8 of them. */
void element_bytes(const struct operation *operation, uint64_t value,
		   unsigned char ret[8]) __attribute__((nonnull));

/* Where results go. `data` is handed back; the rest is valid in the call. */
struct run_sink {
	void *data;
	void (*access)(void *data, const struct element *element,
		       const struct access_record *record); /* may be NULL */
	void (*element)(void *data, const struct element *element,
			const struct element_result *result);
	/* Each result as soon as its accesses are made, also while the target
	 * stands still: it is not known yet whether it will stand, and nothing
	 * is to be told of it. False: no more are made. May be NULL. */
	bool (*made)(void *data, const struct element *element,
		     const struct element_result *result);
	bool at_once; /* each result before the next access */
};

/* What makes elements. */
struct element_maker {
	bool dry; /* only reports what it would do */
	struct attempts attempts;
	const struct run_sink *sink; /* gets the accesses */
};

/*
 * Makes the accesses of an element. `*ret` is set in any case; the error,
 * which is also in it, belongs to the caller.
 */
struct error *element_make(struct element_maker *maker,
			   const struct element *element,
			   struct element_result *ret)
	__attribute__((nonnull, warn_unused_result));

#endif
