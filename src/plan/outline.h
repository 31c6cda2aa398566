/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an expression would lead to, by its types alone: nothing of the target's
 * memory is read, pointers included. For somebody who is still typing.
 */
#ifndef MMIODBG_PLAN_OUTLINE_H
#define MMIODBG_PLAN_OUTLINE_H

#include <stdbool.h>

#include "names/type.h"

struct error;
struct location;
struct names;
struct plan_options;

struct outline {
	type_id type;   /* NO_TYPE: none is known */
	bool is_field;  /* bits of a register: it has no parts */
	type_id parent; /* what it is a member of; NO_TYPE: of nothing */
};

/*
 * Of the object that a location names; of several of that name, of one. A type
 * and a member in the options (-t, -m) count. ERROR_NO_NAME and the like where
 * the way does not lead on.
 */
struct error *outline_find(struct names *names, const struct location *location,
			   const struct plan_options *options,
			   struct outline *ret)
	__attribute__((nonnull, warn_unused_result));

/* From an outline to a member of it. */
struct error *outline_member(struct names *names, const char *name,
			     struct outline *outline)
	__attribute__((nonnull, warn_unused_result));

/* The struct or union whose members stand behind "." of the outline, through
 * pointers; NULL: none do. */
struct error *outline_aggregate(struct names *names,
				const struct outline *outline,
				const struct type **ret)
	__attribute__((nonnull, warn_unused_result));

#endif
