/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether two types that are called the same are the same. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "names/inside.h"

/* DEPTH: how far into members, elements and what pointers point to.
 * MOST_COMPARED: types in one search, against hostile files. */
enum { DEPTH = 3, MOST_COMPARED = 1000 * 1000, LONGEST_ALIAS = 64 };

bool texts_are_equal(const char *left, const char *right)
{
	return left && right ? strcmp(left, right) == 0 : left == right;
}

static bool same_member(const struct member *left, const struct member *right)
{
	return texts_are_equal(left->name, right->name) &&
	       left->offset == right->offset && left->bits == right->bits &&
	       left->low == right->low && left->unit_size == right->unit_size &&
	       left->from_top == right->from_top &&
	       !left->problem == !right->problem;
}

/* What two types say of themselves, without those that they refer to. */
static bool same_facts(const struct type *left, const struct type *right)
{
	return left->kind == right->kind && left->has_size == right->has_size &&
	       left->size == right->size &&
	       left->is_signed == right->is_signed &&
	       left->is_character == right->is_character &&
	       left->is_big == right->is_big &&
	       left->is_reference == right->is_reference &&
	       left->has_count == right->has_count &&
	       left->count == right->count &&
	       left->n_members == right->n_members &&
	       left->n_enumerators == right->n_enumerators;
}

static bool same_enumerators(const struct type *left, const struct type *right)
{
	for (size_t i = 0; i < left->n_enumerators; i++)
		if (left->enumerators[i].value != right->enumerators[i].value ||
		    strcmp(left->enumerators[i].name,
			   right->enumerators[i].name) != 0)
			return false;
	return true;
}

static bool same_layout(struct names *names, type_id left, type_id right,
			unsigned depth, struct comparison *comparison);

static bool same_members(struct names *names, const struct type *left,
			 const struct type *right, unsigned depth,
			 struct comparison *comparison)
{
	for (size_t i = 0; i < left->n_members; i++) {
		const struct member *one = &left->members[i];
		const struct member *other = &right->members[i];

		if (!same_member(one, other) ||
		    (depth && one->type && other->type &&
		     !same_layout(names, one->type, other->type, depth - 1,
				  comparison)))
			return false;
	}
	return true;
}

/* Whether the layout of what a pointer points to is told where it stands:
 * nothing else is read to find out. */
static bool is_complete(struct names *names, type_id id)
{
	for (unsigned i = 0; i < LONGEST_ALIAS && id != NO_TYPE; i++) {
		const struct type *type;
		struct error *error = names_type_as_written(names, id, &type);

		if (error) {
			error_destroy(error);
			return false;
		}
		if (type->kind != TYPE_ALIAS)
			return !type->is_declaration;
		id = type->target;
	}
	return false;
}

static bool same_pointers(struct names *names, const struct type *left,
			  const struct type *right, unsigned depth,
			  struct comparison *comparison)
{
	cleanup_free char *one = names_spell(names, left->target);
	cleanup_free char *other = names_spell(names, right->target);

	if (!one || !other || strcmp(one, other) != 0)
		return false;
	return !depth || !is_complete(names, left->target) ||
	       !is_complete(names, right->target) ||
	       same_layout(names, left->target, right->target, depth - 1,
			   comparison);
}

static bool compare_layout(struct names *names, type_id left, type_id right,
			   unsigned depth, struct comparison *comparison)
{
	const struct type *one, *other;
	struct error *error = names_type(names, left, &one);

	if (!error)
		error = names_type(names, right, &other);
	if (error) {
		error_destroy(error);
		return false;
	}
	if (!same_facts(one, other) || !same_enumerators(one, other) ||
	    !same_members(names, one, other, depth, comparison))
		return false;
	if (one->kind == TYPE_POINTER)
		return same_pointers(names, one, other, depth, comparison);
	return one->kind != TYPE_ARRAY || !depth ||
	       same_layout(names, one->target, other->target, depth - 1,
			   comparison);
}

/* Two units that include the same header have the same type twice. */
static bool same_layout(struct names *names, type_id left, type_id right,
			unsigned depth, struct comparison *comparison)
{
	struct same_pair *pair =
		&comparison->pairs[(left * 31 + right) % KEPT_PAIRS];

	if (left == right || (pair->left == left && pair->right == right &&
			      depth <= pair->depth))
		return true;
	/* Members that are structs of many members, and so on: then they count
	 * as different. */
	if (comparison->compared++ >= MOST_COMPARED ||
	    !compare_layout(names, left, right, depth, comparison))
		return false;
	*pair = (struct same_pair){left, right, depth};
	return true;
}

bool types_are_alike(struct names *names, type_id left, type_id right,
		     struct comparison *comparison)
{
	return same_layout(names, left, right, DEPTH, comparison);
}

bool comparison_is_spent(const struct comparison *comparison)
{
	return comparison->compared >= MOST_COMPARED;
}
