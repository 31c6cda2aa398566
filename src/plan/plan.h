/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: everything that a command will access, resolved and checked before
 * the first access. The run and the dry run walk the same operations.
 */
#ifndef MMIODBG_PLAN_PLAN_H
#define MMIODBG_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/backend.h"
#include "plan/layout.h"
#include "plan/location.h"
#include "plan/shown.h"

struct error;
struct session;

/* Where the values of a write come from, if the location does not tell one. */
struct value_source {
	/* The bytes of an element, as the target's memory is to have them: in
	 * the order of addresses. They are asked for once, right before the
	 * element is written; an error is that element's. */
	struct error *(*bytes)(void *data, uint64_t index, void *ret,
			       unsigned length);
	void *data;
};

/* Where the names of elements come from, if each has one of its own. */
struct label_source {
	const char *(*name)(const void *data, uint64_t index);
	const void *data;
};

/* What the options say of all locations. */
struct plan_options {
	bool write;
	bool plain; /* only whole elements that are all alike: no struct, no
		     * bits, no halves */
	/* Of each element that is written; NULL: the locations have values. */
	const struct value_source *values;
	bool indexes; /* what an index means is known to the user: a batch */
	struct width width; /* -w; bits 0: not given */
	bool has_count;
	uint64_t count; /* -n; at least 1 */
	bool fill;      /* a value for each element of a range */
	bool force;
	bool verify;
	const struct backend *backend; /* --via; NULL: auto */
	bool attach;                   /* to the threads, too */
	bool stop;                     /* the target is to stand still */
	uint64_t max_stop;             /* nanoseconds; 0: the default */
	uint64_t retry;                /* nanoseconds; 0: one attempt */
	pid_t thread;                  /* --thread; 0: any */
	uint64_t max_pause;            /* nanoseconds; 0: the default */
	const char *type;              /* -t, of all locations; or NULL */
	const char *member;            /* -m, of all locations; or NULL */
};

/* How long a target stands still at most, unless it is said otherwise. */
#define DEFAULT_MAX_STOP UINT64_C(1000000000)

/* For how long an access that did not touch the device is tried again, unless
 * it is said otherwise. */
#define DEFAULT_RETRY UINT64_C(100000000)

enum operation_kind {
	OPERATION_READ,   /* one read an element (or the three of 32x2) */
	OPERATION_WRITE,  /* one write */
	OPERATION_MODIFY, /* one read, one write */
};

struct operation {
	const struct location *location;
	enum operation_kind kind;
	unsigned bits;       /* of one access */
	unsigned value_bits; /* of an element: 64 for halves, else as bits */
	bool swap;           /* the device's byte order is not the machine's */
	bool halves;         /* 32x2 */
	bool verify;
	bool has_field; /* high and low: what of a value is meant */
	unsigned high, low;
	uint64_t clear, set; /* new = (old & ~clear) | set, after the swap */
	/* Instead of `set`, of an OPERATION_WRITE: each element's own. */
	const struct value_source *values;
	struct route read, write; /* those of the two that are needed */
	struct resolved place;
	/* Where the location, or with -m the member of it, was found to start,
	 * in the space of the place. */
	uint64_t start;
	/* Of a place with a type: what it is called, and what its value means.
	 */
	bool has_view;
	bool is_array; /* even if it has one element */
	bool means;    /* what the view says is said of all the bits that are
			* shown, and not of some of them */
	struct view view;
	/* With a view: of its elements; NULL: they are called after its label.
	 */
	const struct label_source *names;
};

struct plan {
	struct session *session; /* borrowed */
	struct operation *operations;
	size_t count, capacity;
	bool stop; /* as in plan_options */
	bool force;
	uint64_t max_stop; /* nanoseconds */
	uint64_t retry;    /* nanoseconds */
};

/* How an operation's reads, or its writes, are made. */
static inline const struct route *route_of(const struct operation *operation,
					   bool write)
{
	return write ? &operation->write : &operation->read;
}

/*
 * Resolves and checks each location. Touches no device. The locations are
 * borrowed and must outlive the plan; plan_deinit() releases `*ret`.
 */
struct error *plan_make(struct session *session,
			struct location *const *locations, size_t n_locations,
			const struct plan_options *options, struct plan *ret)
	__attribute__((nonnull, warn_unused_result));
void plan_deinit(struct plan *plan);

/*
 * What can be said of a location without a session: its width (-w, /WIDTH or
 * 32) and whether value, mask and bits fit. `*ret` has bits set.
 */
struct error *plan_width(const struct location *location,
			 const struct width *given, struct width *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * The checks that need no session, for all locations: widths, what a command
 * needs and what it cannot take, and the hints for the syntax of other tools.
 */
struct error *plan_check(struct location *const *locations, size_t n_locations,
			 const struct plan_options *options)
	__attribute__((nonnull, warn_unused_result));

/* The state of the devices of a plan, as it was checked when it was made. */
struct error *plan_check_awake(const struct plan *plan)
	__attribute__((nonnull, warn_unused_result));

/* `bits` ones. */
static inline uint64_t ones(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

#define cleanup_plan cleanup_with(plan_deinit)

#endif
