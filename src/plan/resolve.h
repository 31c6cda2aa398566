/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what a location names to where it starts, and how many elements it
 * holds; then, through shown.h, to mappings. Touches no device. */
#ifndef MMIODBG_PLAN_RESOLVE_H
#define MMIODBG_PLAN_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/shown.h"

struct error;
struct location;
struct session;

/* Where a location starts. Whether anything is mapped there is not asked. */
struct error *resolve_start(struct session *session,
			    const struct location *location, struct anchor *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * How many elements of `bytes` each a location holds from the anchor on, if it
 * is a range: at least 1. `*ret_count` stays as it is if it is none.
 */
struct error *
resolve_count(struct session *session, const struct location *location,
	      const struct anchor *anchor, unsigned bytes, uint64_t *ret_count)
	__attribute__((nonnull, warn_unused_result));

/*
 * All of it: finds `count` elements of `bytes` each from a location's start on;
 * or, if the location is a range, those that it holds (`count` must be 0 then).
 * The rest is as shown_elements() has it.
 */
struct error *resolve_location(struct session *session,
			       const struct location *location, unsigned bytes,
			       unsigned alignment, uint64_t count, bool write,
			       struct resolved *ret)
	__attribute__((nonnull, warn_unused_result));

#endif
