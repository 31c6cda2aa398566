/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/typed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/names.h"
#include "plan/object.h"
#include "plan/plan.h"
#include "plan/resolve.h"
#include "target/session.h"

typedef unsigned long long ull;

void typed_deinit(struct typed *typed)
{
	free(typed->location.more);
	layout_deinit(&typed->layout);
	*typed = (struct typed){0};
}

static struct error *at_span(const struct location *location,
			     const struct text_span *span, struct error *error)
{
	return error_at(error, location->text, span->start, span->length);
}

static bool is_named(const struct location *location)
{
	return location->start.kind >= BASE_POINTER;
}

bool typed_is_wanted(const struct location *location,
		     const struct plan_options *options)
{
	return is_named(location) || options->type || options->member;
}

/* The first name in a location that only a type can tell, or NULL. */
static const struct text_span *name_in(const struct location *location)
{
	if (location->bits.kind == BITS_FIELD)
		return &location->bits.span;
	if (location->value.kind == VALUE_NAME)
		return &location->value.span;
	for (size_t i = 0; i < location->n_more; i++) {
		if (location->more[i].bits.kind == BITS_FIELD)
			return &location->more[i].bits.span;
		if (location->more[i].value.kind == VALUE_NAME)
			return &location->more[i].value.span;
	}
	return NULL;
}

struct error *typed_check(const struct location *location,
			  const struct plan_options *options)
{
	const struct text_span *span = name_in(location);

	bool typed = options->type ||
		     (is_named(location) && !location->start.has_offset &&
		      location->range == RANGE_NONE);

	if (span && !typed)
		return at_span(location, span,
			       error_help(error_create(ERROR_USAGE, 0,
						       "a name here needs a "
						       "type"),
					  "-t TYPE gives it one; or write bits "
					  "(.7:4) and numbers (0xff)"));
	if (options->type && location->range != RANGE_NONE)
		return at_span(location, &location->range_span,
			       error_help(error_create(ERROR_USAGE, 0,
						       "a range has no type"),
					  "-t 'TYPE [N]' is N of them"));
	if (options->member && !options->type &&
	    (!is_named(location) || location->start.has_offset ||
	     location->range != RANGE_NONE))
		return at_span(
			location, &location->start.base_span,
			error_help(error_create(ERROR_USAGE, 0,
						"this place has no type, "
						"so it has no members"),
				   "-t TYPE gives it one"));
	return NULL;
}

/* The object at the start of a location; an offset or a range leaves the place
 * alone. */
static struct error *find_object(struct session *session,
				 const struct location *location,
				 const struct plan_options *options,
				 struct object *ret)
{
	const struct place *start = &location->start;
	struct names *names;
	struct error *error;

	*ret = (struct object){0};
	if (is_named(location) && start->kind != BASE_REGISTER &&
	    !start->has_offset && location->range == RANGE_NONE)
		error = object_find(session, location, start, ret);
	else
		error = resolve_start(session, location, &ret->at);
	if (error || !options->type)
		return error;
	error = session_names(session, &names);
	if (!error && (ret->bits || ret->has_bit))
		error = error_create(ERROR_USAGE, 0,
				     "-t: bits have no other type");
	if (error)
		return error;
	*ret = (struct object){.at = ret->at};
	error = names_find_type(names, options->type, &ret->type);
	return error && !error->input ? error_at(error, options->type, 0,
						 strlen(options->type))
				      : error;
}

/* What the object is called: the location without its bits, width and value. */
static char *label_of(const struct location *location,
		      const struct plan_options *options)
{
	size_t length = location_place_length(location);
	const struct bits *bits = &location->bits;
	bool behind = bits->kind != BITS_NONE && options->member, wrap;
	char *text;

	if (bits->kind != BITS_NONE && !options->member)
		length = bits->span.start + bits->span.length;
	/* In parentheses what is a member only by -t. */
	wrap = options->type && location->start.kind == BASE_POINTER;
	if (asprintf(&text, "%s%.*s%s%s%s%s%.*s", wrap ? "(" : "", (int)length,
		     location->text, wrap ? ")" : "",
		     options->member ? "." : "",
		     options->member ? options->member : "", behind ? "." : "",
		     behind ? (int)bits->span.length : 0,
		     location->text + bits->span.start) < 0)
		return NULL;
	return text;
}

static struct error *walk_members(struct session *session,
				  const struct location *location,
				  const struct plan_options *options,
				  struct object *object)
{
	struct name_expression path = {0};
	struct error *error = NULL;

	if (options->member) {
		error = member_path_parse(options->member, &path);
		if (!error)
			error = object_walk(session, options->member,
					    location->text, &path, object);
		expression_deinit(&path);
	}
	if (!error && location->bits.kind == BITS_FIELD) {
		error = object_member(session, location->bits.field, object);
		if (error)
			at_span(location, &location->bits.span, error);
	}
	return error;
}

/* Bits that were named or numbered within an object, in its unit. */
static struct error *place_bits(const struct location *location,
				const struct object *object, struct bits *bits)
{
	if (bits->kind == BITS_FIELD) /* it is in the object by now */
		bits->kind = BITS_NONE;
	if (object->has_bit) {
		bits->kind = BITS_RANGE;
		bits->high = bits->low = object->bit;
		bits->span = location->start.base_span;
	}
	if (!object->bits)
		return NULL;
	if (bits->kind == BITS_NONE) {
		bits->kind = BITS_RANGE;
		bits->high = object->bits - 1;
		bits->low = 0;
		bits->span = location->start.base_span;
	}
	if (bits->high >= object->bits)
		return at_span(location, &bits->span,
			       error_create(ERROR_USAGE, 0,
					    "the bit-field has bits 0 to %u",
					    object->bits - 1));
	bits->high += object->low;
	bits->low += object->low;
	return NULL;
}

static char *near_enumerators(const struct scalar *scalar, const char *name)
{
	const char **names = calloc(scalar->n_enumerators + 1, sizeof(*names));
	char *text;

	if (!names)
		return NULL;
	for (size_t i = 0; i < scalar->n_enumerators; i++)
		names[i] = scalar->enumerators[i].name;
	text = text_nearest(name, names);
	free(names);
	return text;
}

/* An enumerator's name becomes its number; it may be negative. */
static struct error *place_value(const struct location *location,
				 const struct scalar *scalar,
				 struct value *value)
{
	cleanup_free char *near = NULL;
	struct error *error;
	uint64_t number;

	if (value->kind != VALUE_NAME)
		return NULL;
	if (scalar_named_value(scalar, value->name, &number)) {
		value->kind = VALUE_NUMBER;
		value->negative = scalar->is_signed && (int64_t)number < 0;
		value->number = value->negative ? 0 - number : number;
		return NULL;
	}
	error = error_create(ERROR_NO_NAME, 0,
			     scalar->n_enumerators
				     ? "its enumeration has no value '%s'"
				     : "'%s': its type has no names for values",
			     value->name);
	near = near_enumerators(scalar, value->name);
	if (near)
		error_help(error, "near names: %s", near);
	return at_span(location, &value->span, error);
}

/* A field that is named beside the first: in the same unit. */
static struct error *place_sibling(struct session *session,
				   const struct location *location,
				   const struct object *object,
				   struct assignment *more)
{
	struct object other = {.at = object->parent_at, .type = object->parent};
	struct scalar scalar = {0};
	struct names *names;
	struct error *error;

	if (more->bits.kind == BITS_RANGE)
		return more->value.kind == VALUE_NAME
			       ? at_span(location, &more->value.span,
					 error_create(ERROR_USAGE, 0,
						      "bits have no names for "
						      "values"))
			       : NULL;
	if (!object->has_parent || !object->bits)
		return at_span(location, &more->bits.span,
			       error_create(ERROR_USAGE, 0,
					    "a field beside what is no field"));
	error = object_member(session, more->bits.field, &other);
	if (error)
		return at_span(location, &more->bits.span, error);
	if (!other.bits || other.at.position != object->at.position ||
	    other.unit_size != object->unit_size)
		return at_span(location, &more->bits.span,
			       error_help(error_create(ERROR_USAGE, 0,
						       "%s is in another "
						       "register",
						       more->bits.field),
					  "give it a location of its own"));
	more->bits.kind = BITS_NONE;
	error = place_bits(location, &other, &more->bits);
	if (!error)
		error = session_names(session, &names);
	if (!error)
		error = scalar_of(names, other.type, &scalar);
	return error ? error : place_value(location, &scalar, &more->value);
}

/* What the parser could not see in names: that each value is for bits, and that
 * no bit is given two. */
static struct error *check_assignments(const struct location *location,
				       const struct location *concrete)
{
	if (concrete->n_more && concrete->bits.kind != BITS_RANGE)
		return at_span(location, &location->value.span,
			       error_help(error_create(ERROR_USAGE, 0,
						       "this is for all of the "
						       "register, and other "
						       "values follow"),
					  "several values must all name bits"));
	return location_check_assignments(concrete);
}

/* The location with numbers for names. */
static struct error *place_all(struct session *session,
			       const struct location *location,
			       const struct object *object,
			       const struct scalar *scalar, struct typed *typed)
{
	struct location *concrete = &typed->location;
	struct error *error;

	*concrete = *location;
	concrete->more = calloc(location->n_more + 1, sizeof(*concrete->more));
	if (!concrete->more)
		return error_no_memory();
	if (location->n_more)
		memcpy(concrete->more, location->more,
		       location->n_more * sizeof(*concrete->more));
	if (location->has_mask && (object->bits || object->has_bit))
		return at_span(location, &location->mask_span,
			       error_create(ERROR_USAGE, 0,
					    "bits and a mask: one of them"));
	error = place_bits(location, object, &concrete->bits);
	if (!error)
		error = place_value(location, scalar, &concrete->value);
	for (size_t i = 0; i < location->n_more && !error; i++)
		error = place_sibling(session, location, object,
				      &concrete->more[i]);
	return error ? error : check_assignments(location, concrete);
}

static struct error *lay_out(struct session *session,
			     const struct location *location,
			     const struct plan_options *options,
			     const struct object *object, struct typed *typed)
{
	cleanup_free char *label = label_of(location, options);
	const struct type *type;
	struct labels labels = {.whole = label, .of_members = label};
	struct names *names;
	struct error *error;

	if (!label)
		return error_no_memory();
	/* With a type of its own, what is behind the pointer has a name only
	 * through it. */
	if (!options->type)
		text_starts(label, "ptr:", &labels.of_members);
	if (options->member)
		labels.whole = labels.of_members;
	error = session_names(session, &names);
	if (!error)
		error = layout_make(names, object, &labels, &typed->layout);
	if (!error)
		error = names_type(names, object->type, &type);
	if (error)
		return error;
	typed->has_type = true;
	typed->is_struct = type->kind == TYPE_STRUCT;
	return NULL;
}

static struct error *check_function(const struct location *location,
				    const struct object *object)
{
	if (!object->is_function)
		return NULL;
	return error_at(
		error_create(ERROR_USAGE, 0, "it is a function, and no object"),
		location->text, location->start.base_span.start,
		location->start.base_span.length);
}

static unsigned symbol_bits(const struct object *object)
{
	return object->has_size && object->size <= 8 &&
			       __builtin_popcountll(object->size) == 1
		       ? (unsigned)object->size * 8
		       : 0;
}

static struct error *find(struct session *session,
			  const struct location *location,
			  const struct plan_options *options, struct typed *ret)
{
	cleanup_typed struct typed typed = {0};
	struct scalar scalar = {.kind = TYPE_OTHER};
	struct object object;
	struct error *error;

	error = find_object(session, location, options, &object);
	if (!error)
		error = check_function(location, &object);
	if (!error)
		error = walk_members(session, location, options, &object);
	if (!error && object.type != NO_TYPE)
		error = lay_out(session, location, options, &object, &typed);
	if (error)
		return error->input ? error
				    : error_at_base(error, location,
						    &location->start);
	typed.some_bits = object.has_bit || location->bits.kind == BITS_RANGE;
	typed.at = object.at;
	typed.untyped = object.untyped;
	typed.symbol_size = object.has_size ? object.size : 0;
	typed.symbol_bits = symbol_bits(&object);
	if (typed.layout.count == 1)
		scalar = typed.layout.items[0].view.scalar;
	error = place_all(session, location, &object, &scalar, &typed);
	if (!error && typed.some_bits && location->value.kind == VALUE_NAME)
		error = at_span(location, &location->value.span,
				error_create(ERROR_USAGE, 0,
					     "bits have no names for values"));
	if (error)
		return error;
	*ret = typed;
	typed = (struct typed){0};
	return NULL;
}

struct error *typed_find(struct session *session,
			 const struct location *location,
			 const struct plan_options *options, struct typed *ret)
{
	return session_judge(session, find(session, location, options, ret));
}

struct error *typed_describe(struct session *session,
			     const struct location *location, char **ret)
{
	static const struct plan_options none;
	cleanup_free char *spelled = NULL;
	struct object object;
	struct names *names;
	struct error *error;

	*ret = NULL;
	error = typed_check(location, &none);
	if (error)
		return error;
	if (!is_named(location) || location->start.has_offset ||
	    location->range != RANGE_NONE)
		return NULL;
	error = find_object(session, location, &none, &object);
	if (!error && object.type != NO_TYPE)
		error = session_names(session, &names);
	if (error || object.type == NO_TYPE)
		return error;
	spelled = names_spell(names, object.type);
	if (spelled && object.bits == 1 &&
	    asprintf(ret, "%s, bit %u of %u", spelled, object.low,
		     object.unit_size * 8) < 0)
		*ret = NULL;
	if (spelled && object.bits > 1 &&
	    asprintf(ret, "%s, bits %u to %u of %u", spelled,
		     object.low + object.bits - 1, object.low,
		     object.unit_size * 8) < 0)
		*ret = NULL;
	if (!object.bits)
		*ret = steal(spelled);
	return *ret ? NULL : error_no_memory();
}
