/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/piece.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "names/names.h"

typedef unsigned long long ull;

/* Against types without an end, and against reads that nobody wants. The work
 * is comparisons of registers; to look into a type is worth TYPE_WORK. */
enum {
	DEEPEST = 64,
	MOST_REGISTERS = 65536,
	TYPE_WORK = 100,
	MOST_WORK = 100 * 1000 * 1000,
};

static void piece_deinit(struct piece *piece)
{
	view_deinit(&piece->layout.view);
	free(piece->path);
	free(piece->own_path);
	*piece = (struct piece){0};
}

void pieces_deinit(struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->count; i++)
		piece_deinit(&pieces->items[i]);
	free(pieces->items);
	*pieces = (struct pieces){.work = pieces->work};
}

/* Takes the piece over, in any case. */
static struct error *add_piece(struct pieces *pieces, struct piece *piece)
{
	struct error *error = NULL;

	if (pieces->count >= MOST_REGISTERS)
		error = error_help(error_create(ERROR_USAGE, 0,
						"it has more than %d registers",
						MOST_REGISTERS),
				   "name a part of it");
	else if (!piece->path || !list_grow(&pieces->items, pieces->count,
					    &pieces->capacity, sizeof(*piece)))
		error = error_no_memory();
	if (error)
		piece_deinit(piece);
	else
		pieces->items[pieces->count++] = *piece;
	return error;
}

static bool is_width(uint64_t bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

static bool is_scalar(const struct type *type)
{
	return type->kind <= TYPE_POINTER;
}

static struct error *no_width(struct names *names, type_id id,
			      const struct type *type)
{
	cleanup_free char *spelled = names_spell(names, id);
	const char *shown = spelled ? spelled : "its type";

	if (type->is_declaration)
		return error_create(ERROR_NO_NAME, 0,
				    "what is in %s is not known: it is only "
				    "declared",
				    shown);
	if (type->kind == TYPE_FUNCTION)
		return error_create(ERROR_USAGE, 0, "it is a function");
	if (!type->has_size)
		return error_help(error_create(ERROR_USAGE, 0,
					       "the size of %s is not known",
					       shown),
				  "name an element of it, NAME[0]");
	if (!is_width(type->size))
		return error_help(
			error_create(ERROR_WIDTH, 0,
				     "no access is as wide as %s: %llu bytes",
				     shown, (ull)type->size),
			"an offset and a width read parts of it");
	return error_help(error_create(ERROR_USAGE, 0,
				       "%s is a type that cannot be read",
				       shown),
			  "name an address and a width");
}

static struct error *spend(struct pieces *pieces, size_t work)
{
	*pieces->work += work;
	if (*pieces->work <= MOST_WORK)
		return NULL;
	return error_help(
		error_create(ERROR_USAGE, 0, "it consists of too many parts"),
		"name a part of it");
}

static struct error *flatten(struct names *names, type_id id, unsigned depth,
			     struct pieces *ret);
static struct error *check_disjoint(struct pieces *pieces);

static struct error *flatten_scalar(struct names *names, type_id id,
				    const struct type *type, struct pieces *ret)
{
	struct piece piece = {
		.layout = {.bytes = (unsigned)type->size,
			   .count = 1,
			   .is_big = type->is_big,
			   .view.type = names_spell(names, id)},
		.path = strdup(""),
		.is_named = true,
	};
	struct error *error = scalar_of(names, id, &piece.layout.view.scalar);

	if (!error && !piece.layout.view.type)
		error = error_no_memory();
	if (!error)
		return add_piece(ret, &piece);
	piece_deinit(&piece);
	return error;
}

char *path_join(const char *prefix, const char *path)
{
	char *text;
	bool dot = *prefix && *path && *path != '[';

	return asprintf(&text, "%s%s%s", prefix, dot ? "." : "", path) < 0
		       ? NULL
		       : text;
}

/* What is named by an aggregate that has no name itself, is not. */
static void leave_anonymous(struct piece *piece, uint64_t offset)
{
	if (piece->own_path) {
		free(piece->path);
		piece->path = steal(piece->own_path);
	} else if (!*piece->path) {
		piece->is_named = false;
		piece->distance += offset;
	}
}

/* The pieces of a part, as pieces of the whole: they stand `offset` further,
 * and their paths begin with `name`. An anonymous part has none. */
static struct error *take_over(struct pieces *part, const char *name,
			       uint64_t offset, struct pieces *ret)
{
	for (size_t i = 0; i < part->count; i++) {
		struct piece *piece = &part->items[i];
		struct view *view = &piece->layout.view;
		struct error *error;
		char *path;

		if (!*name)
			leave_anonymous(piece, offset);
		path = path_join(name, piece->path);
		free(piece->path);
		free(steal(piece->own_path));
		piece->path = path;
		if (__builtin_add_overflow(piece->layout.offset, offset,
					   &piece->layout.offset))
			return error_create(ERROR_FAILED, 0,
					    "a member is beyond the end of all "
					    "addresses: damaged debug "
					    "information");
		for (size_t j = 0; *name && j < view->n_fields; j++) {
			char *longer = path_join(name, view->fields[j].name);

			if (!longer)
				return error_no_memory();
			free(view->fields[j].name);
			view->fields[j].name = longer;
		}
		error = add_piece(ret, piece);
		*piece = (struct piece){0};
		if (error)
			return error;
	}
	return NULL;
}

static struct error *flatten_array(struct names *names, type_id id,
				   const struct type *type, unsigned depth,
				   struct pieces *ret)
{
	const struct type *element;
	struct error *error;

	if (type->target == NO_TYPE)
		return no_width(names, id, type);
	error = names_type(names, type->target, &element);
	if (error)
		return error;
	/* A flexible array is as long as somebody knows who is not asked. */
	if (!type->has_count || !type->count)
		return depth ? NULL : no_width(names, id, type);
	if (element->has_size && !type->has_size)
		return error_create(ERROR_USAGE, 0,
				    "it is larger than all memory: damaged "
				    "debug information");
	if (is_scalar(element) && element->has_size &&
	    is_width(element->size)) {
		error = flatten_scalar(names, type->target, element, ret);
		if (!error) {
			ret->items[ret->count - 1].layout.count = type->count;
			ret->items[ret->count - 1].layout.is_array = true;
		}
		return error;
	}
	if (!element->has_size)
		return no_width(names, type->target, element);
	for (uint64_t i = 0; i < type->count && !error; i++) {
		cleanup_pieces struct pieces part = {.work = ret->work};
		char name[32];
		uint64_t offset;

		snprintf(name, sizeof(name), "[%llu]", (ull)i);
		if (i >= MOST_REGISTERS ||
		    __builtin_mul_overflow(element->size, i, &offset))
			return error_create(ERROR_USAGE, 0,
					    "it has more than %d elements",
					    MOST_REGISTERS);
		error = flatten(names, type->target, depth + 1, &part);
		if (!error)
			error = take_over(&part, name, offset, ret);
	}
	/* What is in an element may be beyond its end. */
	return error ? error : check_disjoint(ret);
}

static struct error *add_field(struct names *names, struct piece *piece,
			       const struct member *member, unsigned low)
{
	struct view *view = &piece->layout.view;
	struct field field = {.high = low + member->bits - 1, .low = low};
	struct field *grown;
	struct error *error;

	if (!member->name)
		return NULL;
	error = scalar_of(names, member->type, &field.scalar);
	if (error)
		return error;
	grown = realloc(view->fields, (view->n_fields + 1) * sizeof(*grown));
	if (!grown)
		return error_no_memory();
	view->fields = grown;
	field.name = strdup(member->name);
	if (!field.name)
		return error_no_memory();
	view->fields[view->n_fields++] = field;
	return NULL;
}

static bool overlap(uint64_t left, uint64_t left_bytes, uint64_t right,
		    uint64_t right_bytes)
{
	return left < right + right_bytes && right < left + left_bytes;
}

/* Makes a unit wider, so that it holds another one, too. */
static void widen(struct piece *piece, uint64_t offset, unsigned bytes)
{
	unsigned shift = (unsigned)(piece->layout.offset - offset) * 8;
	struct view *view = &piece->layout.view;

	for (size_t i = 0; i < view->n_fields; i++) {
		view->fields[i].high += shift;
		view->fields[i].low += shift;
	}
	piece->layout.offset = piece->distance = offset;
	piece->layout.bytes = bytes;
}

/* A unit of this struct that the field's stands in, or that stands in it. */
static struct piece *shared_unit(struct pieces *pieces, size_t first,
				 uint64_t offset, unsigned bytes)
{
	for (size_t i = pieces->count; i > first; i--) {
		struct piece *piece = &pieces->items[i - 1];
		const struct register_layout *layout = &piece->layout;

		/* They ascend, but where a file is damaged: then they overlap,
		 * and are refused. */
		if (layout->offset + sizeof(uint64_t) <= offset)
			break;
		if (!piece->is_unit || *piece->path ||
		    !overlap(layout->offset, layout->bytes, offset, bytes))
			continue;
		if (layout->offset <= offset &&
		    offset + bytes <= layout->offset + layout->bytes)
			return piece;
		if (offset <= layout->offset &&
		    layout->offset + layout->bytes <= offset + bytes) {
			widen(piece, offset, bytes);
			return piece;
		}
	}
	return NULL;
}

static struct error *flatten_bits(struct names *names,
				  const struct member *member,
				  struct pieces *ret)
{
	uint64_t offset = member->offset;
	unsigned bytes = member->unit_size, low = member->low;
	struct piece *unit;
	const struct type *field;
	struct error *error;

	error = names_type(names, member->type, &field);
	if (error)
		return error;
	unit = shared_unit(ret, 0, offset, bytes);
	if (!unit) {
		struct piece piece = {
			.layout = {.offset = offset,
				   .bytes = bytes,
				   .count = 1,
				   .is_big = field->is_big,
				   .view.scalar.kind = TYPE_INTEGER},
			.path = strdup(""),
			.is_unit = true,
			.distance = offset,
		};

		/* Padding is no register. */
		if (!member->name) {
			free(piece.path);
			return NULL;
		}
		error = add_piece(ret, &piece);
		if (error)
			return error;
		unit = &ret->items[ret->count - 1];
	}
	low += (unsigned)(offset - unit->layout.offset) * 8;
	return add_field(names, unit, member, low);
}

static int compare_pieces(const void *left, const void *right)
{
	const struct piece *one = left, *other = right;

	if (one->layout.offset != other->layout.offset)
		return one->layout.offset < other->layout.offset ? -1 : 1;
	return 0;
}

static uint64_t extent(const struct piece *piece)
{
	return piece->layout.bytes * piece->layout.count;
}

/* What a piece is called in an error. */
static const char *piece_name(const struct piece *piece)
{
	if (*piece->path)
		return piece->path;
	return piece->layout.view.n_fields ? piece->layout.view.fields[0].name
					   : "it";
}

static struct error *twice(const struct piece *one, const struct piece *other)
{
	return error_help(
		error_create(ERROR_USAGE, 0,
			     "%s (%llu bytes at +0x%llx) and %s (%llu bytes at "
			     "+0x%llx) overlap: both cannot be read without "
			     "reading something twice",
			     piece_name(one), (ull)extent(one),
			     (ull)one->layout.offset, piece_name(other),
			     (ull)extent(other), (ull)other->layout.offset),
		"name one of them, or with -m");
}

static bool in_order(const struct pieces *pieces)
{
	for (size_t i = 1; i < pieces->count; i++)
		if (compare_pieces(&pieces->items[i - 1], &pieces->items[i]) >
		    0)
			return false;
	return true;
}

static struct error *check_disjoint(struct pieces *pieces)
{
	struct error *error = spend(pieces, pieces->count);

	if (error)
		return error;
	/* Most are, and to sort after each member of a union takes long. */
	if (!in_order(pieces)) {
		error = spend(pieces, 16 * pieces->count);
		if (error)
			return error;
		qsort(pieces->items, pieces->count, sizeof(*pieces->items),
		      compare_pieces);
	}
	for (size_t i = 1; i < pieces->count; i++) {
		const struct piece *one = &pieces->items[i - 1];
		const struct piece *other = &pieces->items[i];

		if (other->layout.offset - one->layout.offset < extent(one))
			return twice(one, other);
	}
	return NULL;
}

static struct error *flatten_member(struct names *names,
				    const struct member *member, unsigned depth,
				    struct pieces *ret)
{
	cleanup_pieces struct pieces part = {.work = ret->work};
	struct error *error;

	if (member->type == NO_TYPE)
		return NULL;
	error = flatten(names, member->type, depth + 1, &part);
	if (error)
		return member->name && error->kind != ERROR_NO_MEMORY
			       ? error_prefix(error, member->name)
			       : error;
	return take_over(&part, member->name ? member->name : "",
			 member->offset, ret);
}

/* A struct that is one unit, all of it, is that register itself. */
static void name_whole(struct pieces *pieces, const struct type *type)
{
	struct piece *only = pieces->items;

	if (pieces->count != 1 || !only->is_unit || only->layout.offset ||
	    !type->has_size || extent(only) != type->size || *only->path)
		return;
	only->distance = 0;
	only->is_named = true;
}

static struct error *flatten_struct(struct names *names,
				    const struct type *type, unsigned depth,
				    struct pieces *ret)
{
	struct error *error = NULL;

	for (size_t i = 0; i < type->n_members && !error; i++) {
		const struct member *member = &type->members[i];

		if (member->problem)
			error = error_create(ERROR_WIDTH, 0, "%s: %s",
					     member->name ? member->name
							  : "a member",
					     member->problem);
		else if (member->bits)
			error = flatten_bits(names, member, ret);
		else
			error = flatten_member(names, member, depth, ret);
	}
	if (!error)
		error = check_disjoint(ret);
	if (!error)
		name_whole(ret, type);
	return error;
}

/* An array's elements, each for itself: a union may name them one by one. */
static struct error *split_arrays(struct pieces *pieces)
{
	struct pieces split = {.work = pieces->work};
	struct error *error = NULL;

	for (size_t i = 0; i < pieces->count && !error; i++) {
		struct piece *piece = &pieces->items[i];
		uint64_t count = piece->layout.count;

		for (uint64_t j = 0; j < count && !error; j++) {
			struct piece one = *piece;
			char *name = NULL;

			if (piece->layout.is_array &&
			    asprintf(&name, "%s[%llu]", piece->path, (ull)j) <
				    0)
				name = NULL;
			one.path = piece->layout.is_array ? name
							  : strdup(piece->path);
			one.layout.count = 1;
			one.layout.is_array = false;
			one.layout.offset += j * piece->layout.bytes;
			one.layout.view.type =
				piece->layout.view.type
					? strdup(piece->layout.view.type)
					: NULL;
			if (count == 1) {
				one.layout.view.fields =
					steal(piece->layout.view.fields);
				piece->layout.view.n_fields = 0;
			}
			error = add_piece(&split, &one);
		}
	}
	pieces_deinit(pieces);
	*pieces = split;
	return error;
}

static struct error *add_fields_of(struct piece *piece, struct piece *other)
{
	struct view *into = &piece->layout.view, *from = &other->layout.view;
	size_t count = into->n_fields + from->n_fields;
	struct field *grown;

	if (!from->n_fields)
		return NULL;
	grown = realloc(into->fields, count * sizeof(*grown));
	if (!grown)
		return error_no_memory();
	into->fields = grown;
	memcpy(grown + into->n_fields, from->fields,
	       from->n_fields * sizeof(*grown));
	into->n_fields = count;
	from->n_fields = 0;
	return NULL;
}

/* The piece of `pieces`, which are sorted, that is or overlaps this one. */
static struct piece *same_place(struct pieces *pieces,
				const struct piece *piece)
{
	size_t low = 0, high = pieces->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct piece *other = &pieces->items[middle];

		if (overlap(other->layout.offset, extent(other),
			    piece->layout.offset, extent(piece)))
			return other;
		if (other->layout.offset < piece->layout.offset)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The name of a whole register goes before that of its bits. */
static struct error *merge_piece(struct pieces *ret, size_t sorted,
				 struct piece *piece)
{
	struct pieces before = {.items = ret->items, .count = sorted};
	struct piece *same = same_place(&before, piece);
	struct error *error;

	if (!same) {
		error = add_piece(ret, piece);
		*piece = (struct piece){0};
		return error;
	}
	if (same->layout.offset != piece->layout.offset ||
	    same->layout.bytes != piece->layout.bytes)
		return twice(same, piece);
	error = add_fields_of(same, piece);
	if (error || !same->is_unit || piece->is_unit)
		return error;
	/* The first was a unit of bits; the name of the other is better. */
	free(same->path);
	free(same->own_path);
	same->path = steal(piece->path);
	same->own_path = steal(piece->own_path);
	same->is_unit = false;
	same->is_named = piece->is_named;
	same->distance = 0;
	same->layout.view.type = steal(piece->layout.view.type);
	same->layout.view.scalar = piece->layout.view.scalar;
	return NULL;
}

/* A union that is one register is that itself, whatever its members. */
static void name_union(struct pieces *pieces, const struct type *type)
{
	struct piece *only = pieces->items;

	if (pieces->count != 1 || only->layout.offset || !type->has_size ||
	    extent(only) != type->size)
		return;
	if (*only->path) {
		free(only->own_path);
		only->own_path = strdup(only->path);
		only->path[0] = '\0';
	}
	only->is_named = true;
	only->distance = 0;
}

static struct error *flatten_union(struct names *names, const struct type *type,
				   unsigned depth, struct pieces *ret)
{
	struct error *error = NULL;

	for (size_t i = 0; i < type->n_members && !error; i++) {
		cleanup_pieces struct pieces part = {.work = ret->work};
		const struct member *member = &type->members[i];
		size_t sorted = ret->count;

		if (member->problem)
			return error_create(ERROR_WIDTH, 0, "%s: %s",
					    member->name ? member->name
							 : "a member",
					    member->problem);
		error = member->bits
				? flatten_bits(names, member, &part)
				: flatten_member(names, member, depth, &part);
		if (!error)
			error = split_arrays(&part);
		for (size_t j = 0; j < part.count && !error; j++)
			error = merge_piece(ret, sorted, &part.items[j]);
		if (!error && ret->count > sorted)
			error = check_disjoint(ret);
	}
	if (!error)
		name_union(ret, type);
	return error;
}

static struct error *flatten(struct names *names, type_id id, unsigned depth,
			     struct pieces *ret)
{
	const struct type *type;
	struct error *error;

	if (depth > DEEPEST)
		return error_create(ERROR_FAILED, 0,
				    "types stand in each other without an end: "
				    "damaged debug information");
	error = spend(ret, TYPE_WORK);
	if (!error)
		error = names_type(names, id, &type);
	if (error)
		return error;
	if (is_scalar(type) && type->has_size && is_width(type->size))
		return flatten_scalar(names, id, type, ret);
	if (type->kind == TYPE_ARRAY)
		return flatten_array(names, id, type, depth, ret);
	if (type->is_declaration ||
	    (type->kind != TYPE_STRUCT && type->kind != TYPE_UNION))
		return no_width(names, id, type);
	return type->kind == TYPE_STRUCT
		       ? flatten_struct(names, type, depth, ret)
		       : flatten_union(names, type, depth, ret);
}

struct error *pieces_make(struct names *names, type_id id, struct pieces *ret)
{
	size_t work = 0;
	struct error *error;

	ret->work = &work;
	error = flatten(names, id, 0, ret);
	ret->work = NULL;
	return error;
}
