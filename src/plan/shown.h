/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which mappings of a target show a place, and where. Touches no device. */
#ifndef MMIODBG_PLAN_SHOWN_H
#define MMIODBG_PLAN_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/backend.h"
#include "base/cleanup.h"

struct device_mapping;
struct error;
struct location;
struct place;
struct region_name;
struct session;

enum base_space {
	SPACE_TARGET,   /* positions are addresses in the target */
	SPACE_PHYSICAL, /* physical addresses */
	SPACE_REGION,   /* offsets in the region that the location names */
};

/* Where elements begin. */
struct anchor {
	enum base_space space;
	uint64_t position; /* of the first element, in that space */
};

/* A run of elements that stand behind each other in one mapping. */
struct span {
	struct site site; /* of the first element */
	uint64_t count;   /* elements, at least 1 */
};

struct resolved {
	enum base_space space;
	uint64_t position; /* of the first element, in that space */
	char *base_text;   /* "@uio0/map0", as the user wrote it; or "" */
	struct span *spans;
	size_t n_spans, capacity;
	uint64_t count; /* elements in all spans */
};

/*
 * Finds `count` elements of `bytes` each from an anchor on. That need not be
 * where the location starts: of the location only the name of the region is
 * taken, and its text for errors, which point at its start. `write`: of several
 * mappings that show the place, a writable one is taken. Checks alignment, the
 * ends of mappings and regions, and that no element is in two pages.
 * resolved_deinit() releases `*ret`.
 */
struct error *
shown_elements(struct session *session, const struct location *location,
	       const struct anchor *anchor, unsigned bytes, unsigned alignment,
	       uint64_t count, bool write, struct resolved *ret)
	__attribute__((nonnull, warn_unused_result));
void resolved_deinit(struct resolved *resolved);

/* Whether a device mapping shows any part of a region or a whole device. */
bool region_is_shown(struct session *session,
		     const struct device_mapping *device,
		     const struct region_name *region) __attribute__((nonnull));

/* The name of an element for people: "@uio0/map0+0x10", "0x7f0000001000". The
 * caller frees; NULL when memory runs out. */
char *resolved_label(const struct resolved *resolved, uint64_t position)
	__attribute__((nonnull, warn_unused_result));

/* `error`, with carets at the base of a place of the location, or at its offset
 * if it has one. Both return their argument. */
struct error *error_at_base(struct error *error,
			    const struct location *location,
			    const struct place *place)
	__attribute__((returns_nonnull, nonnull));
struct error *error_at_place(struct error *error,
			     const struct location *location,
			     const struct place *place)
	__attribute__((returns_nonnull, nonnull));

#endif
