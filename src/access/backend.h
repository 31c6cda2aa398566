/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backends: ways to make one access. A backend says beforehand whether it can
 * make an access exactly and safely; what it then makes is one access on the
 * bus, of that width, or none.
 */
#ifndef MMIODBG_ACCESS_BACKEND_H
#define MMIODBG_ACCESS_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/agent-protocol.h"
#include "target/device.h"

struct error;
struct session;

/* Where in the target an access goes. */
struct site {
	const struct mapping *mapping;
	const struct device_mapping *device; /* NULL: ordinary memory */
	uint64_t address;
};

static inline enum mapping_class site_class(const struct site *site)
{
	return site->device ? site->device->class : CLASS_MEMORY;
}

enum access_result {
	ACCESS_DONE,
	ACCESS_NOT_MADE, /* the device was not touched */
	ACCESS_REFUSED,  /* nor here; what stands in the way will stay */
	ACCESS_REJECTED, /* the device or the bus said no */
	ACCESS_NO_SPACE, /* the address space is gone: exit or exec */
	ACCESS_UNCLEAR,  /* it may or may not have happened */
};

/* What is known of an access that was not made, or not surely. */
struct access_failure {
	int errnum; /* or 0 */
	/* What a load or store by the target's own thread met. */
	struct agent_fault fault; /* signal 0: none */
	/* Of ACCESS_REFUSED and ACCESS_UNCLEAR: why, or NULL; of others, why
	 * another backend did not help. Owned. */
	struct error *error;
};

struct backend {
	const char *name; /* as --via and `info` have it */
	/*
	 * NULL if it can make such an access there; else why not. `bits` is 8,
	 * 16, 32 or 64, the address aligned. Touches nothing.
	 */
	struct error *(*check)(struct session *session, const struct site *site,
			       unsigned bits, bool write);
	/*
	 * Makes one access: `value` points to an unsigned integer of `bits` in
	 * the machine's byte order. On any result but ACCESS_DONE it is
	 * untouched, and `*ret` is set; the caller destroys its error.
	 */
	enum access_result (*make)(struct session *session,
				   const struct site *site, unsigned bits,
				   bool write, void *value,
				   struct access_failure *ret);
};

/* In the order in which `auto` prefers them. */
extern const struct backend *const backends[];
extern const size_t n_backends;

/* By name, or NULL. */
const struct backend *backend_find(const char *name) __attribute__((nonnull));

/* How accesses of one kind are made: the backend, and one that may settle what
 * its failures mean, or NULL. That one has not been checked. */
struct route {
	const struct backend *backend, *fallback;
};

/*
 * The first backend that can make the access, or, with `only`, that one; a
 * fallback is there only where the choice is left to us. The error is that of
 * the first one, with what the others say added to it.
 */
struct error *backend_choose(struct session *session, const struct site *site,
			     unsigned bits, bool write,
			     const struct backend *only, struct route *ret)
	__attribute__((nonnull(1, 2, 6), warn_unused_result));

/* The same, for whatever `question` asks of a backend: NULL if it will do, else
 * why not. */
typedef struct error *backend_question(void *data,
				       const struct backend *backend);
struct error *backend_choose_by(backend_question *question, void *data,
				const struct backend *only, struct route *ret)
	__attribute__((nonnull(1, 4), warn_unused_result));

extern const struct backend backend_kernel;
extern const struct backend backend_tracee;

#endif
