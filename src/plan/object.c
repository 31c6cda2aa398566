/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/names.h"
#include "plan/location.h"
#include "plan/member.h"
#include "target/remote.h"
#include "target/session.h"

typedef unsigned long long ull;

/* How many pointers may stand before a member: against types without an end. */
enum { DEEPEST = 64 };

/* The walk along an expression. */
struct walk {
	struct session *session;
	struct names *names;
	const char *text;  /* that has the steps */
	size_t start;      /* of the expression in it */
	size_t end;        /* of what was walked so far */
	const char *whole; /* what it starts from, where that is not in text */
	unsigned followed; /* pointers, since then */
	struct object *object;
};

/* The expression so far, as C would write it. */
static char *so_far(const struct walk *walk)
{
	const char *text = walk->text + walk->start;
	int length = (int)(walk->end - walk->start);
	static const char stars[] = "********";
	int n_stars = walk->followed < sizeof(stars) ? (int)walk->followed
						     : (int)sizeof(stars) - 1;
	char *shown;

	if (walk->end <= walk->start) {
		text = walk->whole;
		length = (int)strlen(text);
	}
	return asprintf(&shown, "%.*s%.*s", n_stars, stars, length, text) < 0
		       ? NULL
		       : shown;
}

static struct error *at_step(const struct walk *walk,
			     const struct name_step *step, struct error *error)
{
	return error_at(error, walk->text, step->span.start, step->span.length);
}

/* Of the object so far. */
static struct error *no_type(const struct walk *walk)
{
	const struct object *object = walk->object;
	cleanup_free char *name = so_far(walk);
	struct error *error;

	if (object->is_function)
		return error_create(ERROR_USAGE, 0, "%s is a function",
				    name ? name : "?");
	error = error_create(ERROR_NO_NAME, 0, "the type of %s is not known",
			     name ? name : "?");
	if (object->untyped)
		error_help(error, "%s", object->untyped);
	return error;
}

static struct error *type_here(const struct walk *walk, const struct type **ret)
{
	if (walk->object->type == NO_TYPE)
		return no_type(walk);
	return names_type(walk->names, walk->object->type, ret);
}

/* A bit-field and a bit have no parts. */
static struct error *check_whole(const struct walk *walk)
{
	cleanup_free char *name = NULL;

	if (!walk->object->bits && !walk->object->has_bit)
		return NULL;
	name = so_far(walk);
	return error_create(ERROR_USAGE, 0,
			    "%s is a bit-field: it has no parts",
			    name ? name : "?");
}

static struct error *broken(const struct walk *walk, uint64_t value)
{
	cleanup_free char *name = so_far(walk);

	if (!value)
		return error_create(ERROR_NOT_MAPPED, 0,
				    "the chain ends here: %s is a null pointer",
				    name ? name : "?");
	return error_address(
		error_create(ERROR_NOT_MAPPED, 0,
			     "the chain ends here: %s is 0x%llx, and process "
			     "%d has nothing mapped there",
			     name ? name : "?", (ull)value,
			     (int)walk->session->process.pid),
		value);
}

/* A pointer in a device's registers would take an access to follow. */
static struct error *check_memory(const struct walk *walk)
{
	uint64_t address = walk->object->at.position;
	cleanup_free char *name = NULL;

	if (walk->object->at.space == SPACE_TARGET &&
	    !device_list_find(&walk->session->devices, address))
		return NULL;
	name = so_far(walk);
	return error_help(error_create(ERROR_UNSAFE, 0,
				       "%s stands in a device's registers: to "
				       "follow it would be an access",
				       name ? name : "it"),
			  "read it, and name the address that it holds");
}

static struct error *unreadable(const struct walk *walk, int errnum)
{
	const struct object *object = walk->object;
	uint64_t address = object->at.position;
	cleanup_free char *name = so_far(walk);
	const char *shown = name ? name : "?";

	if (!mapping_list_find(&walk->session->mappings, address))
		return error_address(
			error_create(ERROR_NOT_MAPPED, 0,
				     "%s would stand at 0x%llx, where process "
				     "%d has nothing mapped",
				     shown, (ull)address,
				     (int)walk->session->process.pid),
			address);
	return error_address(
		error_create(errnum == EPERM ? ERROR_DENIED : ERROR_FAILED,
			     errnum, "%s at 0x%llx cannot be read", shown,
			     (ull)address),
		address);
}

static bool read_memory(const struct walk *walk, void *buffer, size_t length)
{
	pid_t tid = session_thread(walk->session);

	errno = ESRCH;
	return tid > 0 &&
	       remote_read(tid, walk->object->at.position, buffer, length);
}

/* The value of a pointer of `size` bytes in ordinary memory. */
static struct error *read_pointer(const struct walk *walk, uint64_t size,
				  bool big, uint64_t *ret)
{
	struct error *error = check_memory(walk);
	uint32_t narrow;
	uint64_t wide;

	if (error)
		return error;
	if (size == 8 && read_memory(walk, &wide, sizeof(wide)))
		*ret = big ? __builtin_bswap64(wide) : wide;
	else if (size == 4 && read_memory(walk, &narrow, sizeof(narrow)))
		*ret = big ? __builtin_bswap32(narrow) : narrow;
	else if (size != 4 && size != 8)
		return error_create(ERROR_FAILED, 0,
				    "a pointer of %llu bytes: damaged debug "
				    "information",
				    (ull)size);
	else
		return unreadable(walk, errno);
	return NULL;
}

/* From a pointer to what it points to. */
static struct error *follow(struct walk *walk, const struct type *type)
{
	struct object *object = walk->object;
	uint64_t value;
	struct error *error;

	error = read_pointer(walk, type->size, type->is_big, &value);
	if (error)
		return error;
	if (!mapping_list_find(&walk->session->mappings, value))
		return broken(walk, value);
	walk->followed++;
	*object = (struct object){
		.at = {.space = SPACE_TARGET, .position = value},
		.type = type->kind == TYPE_POINTER ? type->target : NO_TYPE,
		.untyped = type->kind == TYPE_POINTER
				   ? "it is a pointer to void"
				   : "it is a number, not a pointer",
	};
	return NULL;
}

static struct error *move(const struct walk *walk, uint64_t distance)
{
	if (!__builtin_add_overflow(walk->object->at.position, distance,
				    &walk->object->at.position))
		return NULL;
	return error_create(ERROR_USAGE, 0,
			    "the place is beyond the end of all addresses");
}

static char *near_members(const struct type *type, const char *name)
{
	const char **names = calloc(type->n_members + 1, sizeof(*names));
	char *text;
	size_t count = 0;

	if (!names)
		return NULL;
	for (size_t i = 0; i < type->n_members; i++)
		if (type->members[i].name)
			names[count++] = type->members[i].name;
	text = text_nearest(name, names);
	free(names);
	return text;
}

static struct error *no_member(struct names *names, type_id id,
			       const struct type *type, const char *name)
{
	cleanup_free char *spelled = names_spell(names, id), *near = NULL;
	struct error *error;

	if (type->is_declaration)
		return error_create(ERROR_NO_NAME, 0,
				    "what is in %s is not known: it is only "
				    "declared",
				    spelled ? spelled : "it");
	error = error_create(ERROR_NO_NAME, 0, "%s has no member '%s'",
			     spelled ? spelled : "it", name);
	near = near_members(type, name);
	return near ? error_help(error, "near names: %s", near) : error;
}

static void enter_member(struct object *object,
			 const struct found_member *found)
{
	struct object before = *object;

	*object = (struct object){
		.at = before.at,
		.type = found->member->type,
		.bits = found->member->bits,
		.low = found->member->low,
		.unit_size = found->member->unit_size,
		.has_parent = true,
		.parent_at = before.at,
		.parent = before.type,
	};
}

static struct error *member_of(struct names *names, const struct type *type,
			       const char *name, struct walk *walk)
{
	struct found_member found = {0};
	struct error *error = member_find(names, type, name, &found);

	if (error)
		return error;
	if (!found.member)
		return no_member(names, walk->object->type, type, name);
	if (found.member->problem)
		return error_create(ERROR_WIDTH, 0, "%s: %s", name,
				    found.member->problem);
	enter_member(walk->object, &found);
	return move(walk, found.offset);
}

static bool is_aggregate(const struct type *type)
{
	return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

/* ".NAME": pointers before it are followed. */
static struct error *step_member(struct walk *walk, const char *name)
{
	const struct type *type;
	struct error *error = check_whole(walk);
	cleanup_free char *whole = NULL;

	for (unsigned i = 0; !error && i < DEEPEST; i++) {
		error = type_here(walk, &type);
		if (error || type->kind != TYPE_POINTER)
			break;
		error = follow(walk, type);
	}
	if (error)
		return error;
	if (is_aggregate(type))
		return member_of(walk->names, type, name, walk);
	whole = so_far(walk);
	return error_create(ERROR_NO_NAME, 0,
			    "%s has no member '%s': it is no struct or union",
			    whole ? whole : "it", name);
}

static struct error *element_size(struct walk *walk, type_id id, uint64_t *ret)
{
	const struct type *type;
	struct error *error;

	if (id == NO_TYPE)
		return error_create(ERROR_USAGE, 0,
				    "it is a pointer to void: its elements "
				    "have no size");
	error = names_type(walk->names, id, &type);
	if (!error && !type->has_size)
		error = error_create(ERROR_FAILED, 0,
				     "its elements have no size that is known");
	if (!error)
		*ret = type->size;
	return error;
}

static struct error *go_to_element(struct walk *walk, type_id target,
				   uint64_t number)
{
	uint64_t size, distance;
	struct error *error = element_size(walk, target, &size);

	if (error)
		return error;
	if (__builtin_mul_overflow(size, number, &distance))
		return error_create(ERROR_USAGE, 0,
				    "the element is beyond the end of all "
				    "addresses");
	*walk->object = (struct object){.at = walk->object->at, .type = target};
	return move(walk, distance);
}

/* An array without a bound, or of no element, goes on behind its struct. */
static struct error *step_array(struct walk *walk, const struct type *type,
				uint64_t number)
{
	cleanup_free char *name = NULL;

	if (!type->has_count || !type->count || number < type->count)
		return go_to_element(walk, type->target, number);
	name = so_far(walk);
	return error_help(
		error_create(ERROR_USAGE, 0, "%s has %llu elements, 0 to %llu",
			     name ? name : "it", (ull)type->count,
			     (ull)type->count - 1),
		"an offset leads beyond it: %s+0x10", name ? name : "NAME");
}

static bool is_scalar(const struct type *type)
{
	return type->kind <= TYPE_ENUM;
}

static struct error *step_bit(struct walk *walk, const struct type *type,
			      uint64_t number)
{
	uint64_t bits =
		walk->object->bits ? walk->object->bits : 8 * type->size;
	cleanup_free char *name = NULL;

	if (number < bits && number < 64) {
		walk->object->has_bit = true;
		walk->object->bit = (unsigned)number;
		return NULL;
	}
	name = so_far(walk);
	return error_create(ERROR_USAGE, 0, "%s has bits 0 to %llu",
			    name ? name : "it", (ull)bits - 1);
}

/* ".N" or "[N]": an element; and of a scalar, ".N", a bit. */
static struct error *step_number(struct walk *walk,
				 const struct name_step *step, bool last)
{
	const struct type *type;
	struct error *error;
	cleanup_free char *name = NULL;

	error = walk->object->has_bit ? check_whole(walk)
				      : type_here(walk, &type);
	if (error)
		return error;
	if (type->kind == TYPE_ARRAY && !walk->object->bits)
		return step_array(walk, type, step->number);
	if (type->kind == TYPE_POINTER && !walk->object->bits) {
		error = follow(walk, type);
		return error ? error
			     : go_to_element(walk, walk->object->type,
					     step->number);
	}
	/* A union may be one register; if it is not, that is told later. */
	if ((is_scalar(type) || type->kind == TYPE_UNION) &&
	    step->kind == STEP_NUMBER && last)
		return step_bit(walk, type, step->number);
	name = so_far(walk);
	return error_create(ERROR_USAGE, 0, "%s is no array",
			    name ? name : "it");
}

/* A reference of C++ is what it refers to. */
static struct error *pass_references(struct walk *walk)
{
	const struct type *type;
	struct error *error = NULL;

	for (unsigned i = 0; !error && i < DEEPEST; i++) {
		if (walk->object->type == NO_TYPE || walk->object->bits)
			return NULL;
		error = names_type(walk->names, walk->object->type, &type);
		if (error || type->kind != TYPE_POINTER || !type->is_reference)
			return error;
		error = follow(walk, type);
	}
	return error;
}

static struct error *take_steps(struct walk *walk,
				const struct name_expression *expression)
{
	for (size_t i = 0; i < expression->n_steps; i++) {
		const struct name_step *step = &expression->steps[i];
		bool last = i + 1 == expression->n_steps;
		struct error *error = step->kind == STEP_MEMBER
					      ? step_member(walk, step->name)
					      : step_number(walk, step, last);

		if (error)
			return at_step(walk, step, error);
		walk->end = step->span.start + step->span.length +
			    (step->kind == STEP_INDEX); /* "]" */
		walk->followed = 0;
		error = pass_references(walk);
		if (error)
			return at_step(walk, step, error);
	}
	return NULL;
}

static struct object object_of(const struct symbol *symbol)
{
	return (struct object){
		.at = {.space = SPACE_TARGET, .position = symbol->address},
		.type = symbol->has_type ? symbol->type : NO_TYPE,
		.untyped = symbol->no_type,
		.has_size = symbol->has_size,
		.size = symbol->size,
		.is_function = symbol->is_function,
	};
}

/* Where the steps begin: behind the name. */
static size_t name_end(const struct location *location,
		       const struct place *place)
{
	const struct name_expression *expression = &place->expression;
	size_t end = place->base_span.start + place->base_span.length;

	if (!expression->n_steps)
		return end;
	end = expression->steps[0].span.start;
	/* ".", "->" or "[" stands before it. */
	while (end > place->base_span.start &&
	       strchr(".->[", location->text[end - 1]))
		end--;
	return end;
}

/* It is said to be a pointer, and is as large as one. */
static struct error *follow_untyped(struct walk *walk)
{
	const char *untyped = walk->object->untyped;
	const struct type type = {.kind = TYPE_POINTER,
				  .size = walk->object->size};
	struct error *error = follow(walk, &type);

	if (!error)
		walk->object->untyped = untyped;
	return error;
}

/* ptr:EXPRESSION. Drivers keep addresses in integers, too. */
static struct error *dereference(struct walk *walk)
{
	const struct type *type;
	struct error *error = check_whole(walk);
	cleanup_free char *name = NULL;
	bool address;

	if (!error && walk->object->type == NO_TYPE && walk->object->has_size &&
	    !walk->object->is_function &&
	    (walk->object->size == 8 || walk->object->size == 4))
		return follow_untyped(walk);
	if (!error)
		error = type_here(walk, &type);
	if (error)
		return error;
	address = type->kind == TYPE_INTEGER && !type->is_character &&
		  type->size == sizeof(uint64_t);
	if (type->kind == TYPE_POINTER || address)
		return follow(walk, type);
	name = so_far(walk);
	return error_help(error_create(ERROR_USAGE, 0, "%s is no pointer",
				       name ? name : "it"),
			  "without ptr: it is the object itself");
}

struct error *object_find(struct session *session,
			  const struct location *location,
			  const struct place *place, struct object *ret)
{
	const struct name_expression *expression = &place->expression;
	struct walk walk = {
		.session = session,
		.text = location->text,
		.whole = expression->name,
		.object = ret,
	};
	const char *prefix = place->kind == BASE_POINTER    ? "ptr:"
			     : place->kind == BASE_VARIABLE ? "var:"
							    : "";
	struct symbol symbol;
	struct error *error = session_names(session, &walk.names);

	if (!error)
		error = names_find(walk.names, expression->scope,
				   expression->name, &symbol);
	if (error)
		return error_at_base(error, location, place);
	*ret = object_of(&symbol);
	walk.start = place->base_span.start;
	if (strncmp(location->text + walk.start, prefix, strlen(prefix)) == 0)
		walk.start += strlen(prefix);
	walk.end = name_end(location, place);
	error = pass_references(&walk);
	if (error)
		return error_at_base(error, location, place);
	error = take_steps(&walk, expression);
	if (error || place->kind != BASE_POINTER)
		return error;
	error = dereference(&walk);
	return error ? error_at_base(error, location, place) : NULL;
}

struct error *object_walk(struct session *session, const char *text,
			  const char *whole, const struct name_expression *path,
			  struct object *object)
{
	struct walk walk = {
		.session = session,
		.text = text,
		.whole = whole,
		.object = object,
	};
	struct error *error = session_names(session, &walk.names);

	if (!error)
		error = step_member(&walk, path->name);
	if (error)
		return error_at(error, text, 0, strlen(path->name));
	walk.end = strlen(path->name);
	return take_steps(&walk, path);
}

struct error *object_member(struct session *session, const char *name,
			    struct object *object)
{
	struct walk walk = {
		.session = session,
		.text = name,
		.whole = name,
		.object = object,
	};
	const struct type *type;
	struct error *error = session_names(session, &walk.names);

	if (!error)
		error = type_here(&walk, &type);
	if (!error && !is_aggregate(type))
		error = error_create(ERROR_NO_NAME, 0, "it has no field '%s'",
				     name);
	return error ? error : member_of(walk.names, type, name, &walk);
}
