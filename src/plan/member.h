/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of structs and unions by their names. Those of an anonymous member
 * are members of what that stands in. */
#ifndef MMIODBG_PLAN_MEMBER_H
#define MMIODBG_PLAN_MEMBER_H

#include <stdint.h>

#include "names/type.h"

struct error;
struct names;

struct found_member {
	const struct member *member; /* NULL: there is none such */
	uint64_t offset; /* bytes from the start of the outermost struct */
};

struct error *member_find(struct names *names, const struct type *type,
			  const char *name, struct found_member *ret)
	__attribute__((nonnull, warn_unused_result));

/* Calls `each` for all that have a name, in their order. */
typedef void member_each_fn(void *data, const struct member *member);
struct error *member_each(struct names *names, const struct type *type,
			  member_each_fn *each, void *data)
	__attribute__((nonnull(1, 2, 3), warn_unused_result));

#endif
