/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/outline.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "names/names.h"
#include "plan/location.h"
#include "plan/member.h"
#include "plan/plan.h"

/* Pointers to pointers: against types without an end. */
enum { DEEPEST = 64 };

static struct error *leads_nowhere(void)
{
	return error_create(ERROR_NO_NAME, 0,
			    "nothing is known to stand there");
}

struct error *outline_aggregate(struct names *names,
				const struct outline *outline,
				const struct type **ret)
{
	type_id id = outline->is_field ? NO_TYPE : outline->type;

	*ret = NULL;
	for (unsigned i = 0; id != NO_TYPE && i < DEEPEST; i++) {
		const struct type *type;
		struct error *error = names_type(names, id, &type);

		if (error)
			return error;
		if (type->kind == TYPE_STRUCT || type->kind == TYPE_UNION)
			*ret = type;
		if (type->kind != TYPE_POINTER)
			break;
		id = type->target;
	}
	return NULL;
}

struct error *outline_member(struct names *names, const char *name,
			     struct outline *outline)
{
	struct found_member found = {0};
	const struct type *type;
	struct error *error = outline_aggregate(names, outline, &type);

	if (!error && type)
		error = member_find(names, type, name, &found);
	if (error)
		return error;
	if (!found.member)
		return leads_nowhere();
	*outline = (struct outline){
		.type = found.member->type,
		.is_field = found.member->bits != 0,
		.parent = outline->type,
	};
	return NULL;
}

/* An element of an array, or what a pointer points to; or a bit. */
static struct error *enter_element(struct names *names, struct outline *outline)
{
	const struct type *type;
	struct error *error;

	if (outline->type == NO_TYPE)
		return leads_nowhere();
	error = names_type(names, outline->type, &type);
	if (error)
		return error;
	if (outline->is_field ||
	    (type->kind != TYPE_ARRAY && type->kind != TYPE_POINTER))
		return leads_nowhere();
	*outline = (struct outline){.type = type->target};
	return NULL;
}

static struct error *take_steps(struct names *names,
				const struct name_expression *expression,
				struct outline *outline)
{
	struct error *error = NULL;

	for (size_t i = 0; i < expression->n_steps && !error; i++) {
		const struct name_step *step = &expression->steps[i];

		error = step->kind == STEP_MEMBER
				? outline_member(names, step->name, outline)
				: enter_element(names, outline);
	}
	return error;
}

static struct error *find_object(struct names *names, const struct place *place,
				 struct outline *ret)
{
	const struct name_expression *expression = &place->expression;
	cleanup_free struct symbol *symbols = NULL;
	size_t count = 0, first = 0;
	struct error *error = names_find_all(
		names, expression->scope, expression->name, &symbols, &count);

	if (error)
		return error;
	while (first < count && !symbols[first].has_type)
		first++;
	if (first == count)
		return leads_nowhere();
	*ret = (struct outline){.type = symbols[first].type};
	error = take_steps(names, expression, ret);
	return error || place->kind != BASE_POINTER ? error
						    : enter_element(names, ret);
}

static struct error *take_path(struct names *names, const char *text,
			       struct outline *outline)
{
	struct name_expression path = {0};
	struct error *error = member_path_parse(text, &path);

	if (!error)
		error = outline_member(names, path.name, outline);
	if (!error)
		error = take_steps(names, &path, outline);
	expression_deinit(&path);
	return error;
}

struct error *outline_find(struct names *names, const struct location *location,
			   const struct plan_options *options,
			   struct outline *ret)
{
	const struct place *place = &location->start;
	struct outline outline = {0};
	struct error *error;

	if (options->type)
		error = names_find_type(names, options->type, &outline.type);
	else if (place->kind < BASE_POINTER || place->has_offset ||
		 location->range != RANGE_NONE)
		error = leads_nowhere();
	else
		error = find_object(names, place, &outline);
	if (!error && options->member)
		error = take_path(names, options->member, &outline);
	if (!error && location->bits.kind == BITS_RANGE)
		error = leads_nowhere();
	if (!error && location->bits.kind == BITS_FIELD)
		error = outline_member(names, location->bits.field, &outline);
	if (!error)
		*ret = outline;
	return error;
}
