/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/member.h"

#include <string.h>

#include "base/error.h"
#include "names/names.h"

/* How many anonymous members may stand in each other, and how many aggregates
 * are looked at: against types without an end. */
enum { DEEPEST = 64, MOST_AGGREGATES = 100 * 1000 };

/* A walk over the members of a type; with a name, until that is found. */
struct member_walk {
	struct names *names;
	const char *name; /* or NULL */
	struct found_member found;
	member_each_fn *each;
	void *data;
	unsigned looked_at; /* aggregates */
};

static struct error *walk_members(struct member_walk *walk,
				  const struct type *type, uint64_t offset,
				  unsigned depth);

static struct error *enter(struct member_walk *walk,
			   const struct member *member, uint64_t offset,
			   unsigned depth)
{
	const struct type *inner;
	struct error *error;

	if (member->bits || depth >= DEEPEST || member->type == NO_TYPE)
		return NULL;
	error = names_type(walk->names, member->type, &inner);
	return error ? error
		     : walk_members(walk, inner, offset + member->offset,
				    depth + 1);
}

static struct error *walk_members(struct member_walk *walk,
				  const struct type *type, uint64_t offset,
				  unsigned depth)
{
	struct error *error = NULL;

	if (++walk->looked_at > MOST_AGGREGATES)
		return error_create(ERROR_FAILED, 0,
				    "types stand in each other without an end: "
				    "damaged debug information");
	for (size_t i = 0; i < type->n_members && !error; i++) {
		const struct member *member = &type->members[i];

		if (!member->name) {
			error = enter(walk, member, offset, depth);
		} else if (!walk->name) {
			walk->each(walk->data, member);
		} else if (strcmp(member->name, walk->name) == 0) {
			walk->found.member = member;
			walk->found.offset = offset + member->offset;
		}
		if (walk->found.member)
			break;
	}
	return error;
}

struct error *member_find(struct names *names, const struct type *type,
			  const char *name, struct found_member *ret)
{
	struct member_walk walk = {.names = names, .name = name};
	struct error *error = walk_members(&walk, type, 0, 0);

	if (!error)
		*ret = walk.found;
	return error;
}

struct error *member_each(struct names *names, const struct type *type,
			  member_each_fn *each, void *data)
{
	struct member_walk walk = {
		.names = names,
		.each = each,
		.data = data,
	};

	return walk_members(&walk, type, 0, 0);
}
