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
	ACCESS_NOT_MADE, /* the device was not touched; errnum says more */
	ACCESS_NO_SPACE, /* the address space is gone: exit or exec */
	ACCESS_UNCLEAR,  /* it may or may not have happened */
};

struct backend {
	const char *name; /* as --via and `info` have it */
	/*
	 * NULL if it can make such an access there; else why not. `bits` is 8,
	 * 16, 32 or 64, the address aligned. Touches nothing.
	 */
	struct error *(*check)(const struct session *session,
			       const struct site *site, unsigned bits,
			       bool write);
	/*
	 * Makes one access: `value` points to an unsigned integer of `bits` in
	 * the machine's byte order. On any result but ACCESS_DONE it is
	 * untouched, and `*ret_errnum` is set.
	 */
	enum access_result (*make)(struct session *session, uint64_t address,
				   unsigned bits, bool write, void *value,
				   int *ret_errnum);
};

/* In the order in which `auto` prefers them. */
extern const struct backend *const backends[];
extern const size_t n_backends;

/* By name, or NULL. */
const struct backend *backend_find(const char *name) __attribute__((nonnull));

/*
 * The first backend that can make the access, or, with `only`, that one. The
 * error is that of the last one asked.
 */
struct error *backend_choose(const struct session *session,
			     const struct site *site, unsigned bits, bool write,
			     const struct backend *only,
			     const struct backend **ret)
	__attribute__((nonnull(1, 2, 6), warn_unused_result));

extern const struct backend backend_kernel;

#endif
