/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One access, with all the attempts that it takes. An attempt that failed
 * before the device was touched is made again, with growing pauses, until the
 * time for that is used up; what the target has mapped is checked before each.
 * What may have happened is never tried again.
 */
#ifndef MMIODBG_PLAN_ATTEMPT_H
#define MMIODBG_PLAN_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/backend.h"

struct error;
struct given_up;
struct session;

/* What is the same for all accesses of a run, and what they leave behind. */
struct attempts {
	struct session *session;
	uint64_t retry; /* nanoseconds; 0: one attempt each */
	bool stopped;   /* the target is to stand still */
	bool force;     /* even if the device sleeps */
	bool doubt;     /* something was found changed: check before each */
	bool waited;    /* there was a pause: devices may sleep by now */
	/* What has to be put away before a pause. */
	void (*before_pause)(void *data); /* may be NULL */
	void *data;
	bool interrupted; /* a signal has come (base/interrupt.h) */
	/* Where the time was used up in vain: until an access of that mapping
	 * succeeds again, each is tried once. */
	struct given_up *given_up;
	size_t n_given_up, capacity;
};

/* Releases what they leave behind. */
void attempts_deinit(struct attempts *attempts);

/* One access, and how it went. */
struct attempt {
	struct site site;
	struct route route;
	unsigned bits;
	bool write;
	bool check; /* the mapping before the first attempt, too */
	/* The rest is set by attempt_make(). */
	const struct backend *used; /* by the last attempt, or NULL */
	bool made;                  /* it has happened, whatever the error */
	unsigned count;             /* of attempts */
	uint64_t time;              /* clock_now() before the last one */
	uint64_t nanoseconds;       /* that the last one took */
	uint64_t waited; /* nanoseconds from the end of the first to the
			  * start of the last, or to the end of waiting
			  * for a device that sleeps */
};

/*
 * Makes the access. `value` points to an unsigned integer of `bits` in the
 * machine's byte order; it is untouched unless the access was made. The error
 * is that of the last attempt.
 */
struct error *attempt_make(struct attempts *attempts, struct attempt *attempt,
			   void *value)
	__attribute__((nonnull, warn_unused_result));

#endif
