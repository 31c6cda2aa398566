/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/layout.h"

#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/names.h"
#include "render/cell.h"
#include "render/json.h"

/* What bounds a layout: types may contain themselves, and names be long. */
enum {
	DEEPEST = 24,
	MOST_ROWS = 200 * 1000,
	MOST_TEXT = 32 << 20, /* bytes of names, paths and types */
};

struct builder {
	struct names *names;
	struct type_layout *layout;
	size_t text;
};

/* A struct or union while its members are added. */
struct frame {
	const char
		*path;   /* of what stands in it: of its parent, if anonymous */
	uint64_t offset; /* of it, from the whole on */
	unsigned depth;  /* of its members */
};

static struct error *add_parts(struct builder *builder, type_id id,
			       const struct frame *frame);

static bool is_full(struct builder *builder)
{
	if (builder->layout->count < MOST_ROWS && builder->text < MOST_TEXT)
		return false;
	builder->layout->is_cut = true;
	return true;
}

/* Takes the texts of `row` over. */
static struct error *add_row(struct builder *builder, struct layout_row row)
{
	struct type_layout *layout = builder->layout;

	builder->text += (row.name ? strlen(row.name) : 0) +
			 (row.path ? strlen(row.path) : 0) +
			 (row.type ? strlen(row.type) : 0);
	if (list_grow(&layout->rows, layout->count, &layout->capacity,
		      sizeof(row))) {
		row.indent = true;
		layout->rows[layout->count++] = row;
		return NULL;
	}
	free(row.name);
	free(row.path);
	free(row.type);
	return error_no_memory();
}

static struct error *add_padding(struct builder *builder,
				 const struct frame *frame, uint64_t from,
				 uint64_t to)
{
	if (from >= to || is_full(builder))
		return NULL;
	return add_row(builder, (struct layout_row){
					.kind = LAYOUT_PADDING,
					.depth = frame->depth,
					.offset = frame->offset + from / 8,
					.padding = to - from,
				});
}

static char *member_path(const struct frame *frame, const char *name)
{
	if (!name)
		return strdup(frame->path);
	return cell_print("%s%s%s", frame->path, *frame->path ? "." : "", name);
}

/* What an array consists of, over all its dimensions. */
static struct error *element_of(struct names *names, type_id id,
				type_id *ret_id, unsigned *ret_dimensions,
				const struct type **ret)
{
	const struct type *type;
	struct error *error = names_type(names, id, &type);

	*ret_dimensions = 0;
	while (!error && type->kind == TYPE_ARRAY && type->target != NO_TYPE &&
	       *ret_dimensions < DEEPEST) {
		id = type->target;
		++*ret_dimensions;
		error = names_type(names, id, &type);
	}
	*ret_id = id;
	*ret = type;
	return error;
}

static char *with_elements(char *path, unsigned dimensions)
{
	for (; path && dimensions; dimensions--) {
		char *longer = cell_print("%s[0]", path);

		free(path);
		path = longer;
	}
	return path;
}

/* What stands in a member, or in the first element of an array. */
static struct error *add_inner(struct builder *builder, type_id id,
			       const char *path, uint64_t offset,
			       unsigned depth)
{
	cleanup_free char *inner = NULL;
	const struct type *type;
	struct frame frame = {.offset = offset, .depth = depth};
	unsigned dimensions;
	struct error *error;

	error = element_of(builder->names, id, &id, &dimensions, &type);
	if (error || !type ||
	    (type->kind != TYPE_STRUCT && type->kind != TYPE_UNION))
		return error;
	if (depth > DEEPEST) {
		builder->layout->is_cut = true;
		return NULL;
	}
	inner = strdup(path);
	inner = with_elements(steal(inner), dimensions);
	if (!inner)
		return error_no_memory();
	frame.path = inner;
	return add_parts(builder, id, &frame);
}

/* Damaged types go no further; what runs out of memory does. */
static struct error *only_fatal(struct error *error)
{
	if (error && error->kind == ERROR_NO_MEMORY)
		return error;
	error_destroy(error);
	return NULL;
}

static bool has_inner(struct names *names, type_id id)
{
	const struct type *type = NULL;
	unsigned dimensions;
	struct error *error;

	if (id == NO_TYPE)
		return false;
	error = element_of(names, id, &id, &dimensions, &type);
	error_destroy(error);
	return !error &&
	       (type->kind == TYPE_STRUCT || type->kind == TYPE_UNION);
}

/* One of the rows of a struct, with what stands in it. */
static struct error *add_member(struct builder *builder,
				const struct frame *frame,
				const struct member *member)
{
	cleanup_free char *path = member_path(frame, member->name);
	const struct type *type = NULL;
	struct layout_row row = {
		.kind = LAYOUT_MEMBER,
		.depth = frame->depth,
		.offset = frame->offset + member->offset,
		.bits = member->bits,
		.low = member->low,
		.problem = member->problem,
	};
	struct error *error = NULL;

	if (member->type != NO_TYPE)
		error = only_fatal(
			names_type(builder->names, member->type, &type));
	if (error)
		return error;
	row.has_size = member->bits || (type && type->has_size);
	row.size = member->bits ? member->unit_size : type ? type->size : 0;
	row.has_members =
		!member->bits && has_inner(builder->names, member->type);
	row.name = cell_copy(member->name);
	row.path = path ? strdup(path) : NULL;
	row.type = names_spell(builder->names, member->type);
	error = add_row(builder, row);
	if (error || !row.has_members)
		return error;
	return only_fatal(add_inner(builder, member->type, path ? path : "",
				    frame->offset + member->offset,
				    frame->depth + 1));
}

/* Where the bits of a member begin and end in the struct; false: not known. */
static bool member_extent(struct names *names, const struct member *member,
			  uint64_t *ret_start, uint64_t *ret_end)
{
	const struct type *type = NULL;
	bool big = __BYTE_ORDER == __BIG_ENDIAN;
	uint64_t size;

	if (member->offset > UINT32_MAX || member->type == NO_TYPE)
		return false;
	error_destroy(names_type(names, member->type, &type));
	if (!type)
		return false;
	*ret_start = 8 * member->offset;
	if (member->bits) {
		*ret_start += big || type->is_big
				      ? 8 * member->unit_size - member->low -
						member->bits
				      : member->low;
		*ret_end = *ret_start + member->bits;
		return true;
	}
	/* A flexible array has none. */
	size = type->kind == TYPE_ARRAY && !type->has_count ? 0 : type->size;
	*ret_end = *ret_start + 8 * size;
	return size <= UINT32_MAX && (type->has_size || !size);
}

/* A member in the order of places. */
struct placed_member {
	const struct member *member;
	uint64_t start, end; /* bits in the struct */
	bool is_known;
};

static int compare_members(const void *left, const void *right)
{
	const struct placed_member *one = left, *other = right;

	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	if (one->member == other->member)
		return 0;
	return one->member < other->member ? -1 : 1; /* as declared */
}

static struct error *place_members(struct names *names, const struct type *type,
				   struct placed_member **ret,
				   bool *ret_all_known)
{
	struct placed_member *placed =
		calloc(type->n_members + 1, sizeof(*placed));

	if (!placed)
		return error_no_memory();
	*ret_all_known = type->has_size && type->size <= UINT32_MAX;
	for (size_t i = 0; i < type->n_members; i++) {
		const struct member *member = &type->members[i];

		placed[i].member = member;
		if (!member_extent(names, member, &placed[i].start,
				   &placed[i].end) ||
		    (member->problem && !member->bits)) {
			*ret_all_known = false;
			placed[i].start = placed[i].end = 0;
		}
	}
	if (*ret_all_known)
		qsort(placed, type->n_members, sizeof(*placed),
		      compare_members);
	*ret = placed;
	return NULL;
}

/* The members, and what stands between them. */
static struct error *add_parts(struct builder *builder, type_id id,
			       const struct frame *frame)
{
	cleanup_free struct placed_member *placed = NULL;
	const struct type *type;
	struct error *error;
	uint64_t at = 0;
	bool all_known;

	error = names_type(builder->names, id, &type);
	if (!error)
		error = place_members(builder->names, type, &placed,
				      &all_known);
	for (size_t i = 0; !error && i < type->n_members; i++) {
		if (is_full(builder))
			return NULL;
		if (all_known)
			error = add_padding(builder, frame, at,
					    placed[i].start);
		if (placed[i].end > at)
			at = placed[i].end;
		if (!error)
			error = add_member(builder, frame, placed[i].member);
	}
	if (!error && all_known && type->n_members)
		error = add_padding(builder, frame, at, 8 * type->size);
	return error;
}

static struct error *add_enumerators(struct builder *builder,
				     const struct type *type)
{
	struct error *error = NULL;

	builder->layout->is_enum = true;
	for (size_t i = 0; i < type->n_enumerators && !error; i++) {
		const struct enumerator *enumerator = &type->enumerators[i];

		if (is_full(builder))
			break;
		error = add_row(builder,
				(struct layout_row){
					.kind = LAYOUT_ENUMERATOR,
					.depth = 1,
					.name = strdup(enumerator->name),
					.value = enumerator->value,
					.is_signed = type->is_signed,
				});
	}
	return error;
}

static struct error *add_whole(struct builder *builder,
			       const struct layout_whole *whole,
			       const struct type *type)
{
	return add_row(
		builder,
		(struct layout_row){
			.kind = LAYOUT_TYPE,
			.type = names_spell(builder->names, whole->type),
			.name = cell_copy(whole->name),
			.path = strdup(whole->name ? whole->name : ""),
			.offset = whole->offset,
			.has_size = whole->bits || type->has_size,
			.size = whole->bits ? whole->unit_size : type->size,
			.bits = whole->bits,
			.low = whole->low,
			.has_members = !whole->bits &&
				       has_inner(builder->names, whole->type),
		});
}

struct error *type_layout_make(struct names *names,
			       const struct layout_whole *whole,
			       struct type_layout *ret)
{
	cleanup_type_layout struct type_layout layout = {0};
	struct builder builder = {.names = names, .layout = &layout};
	const struct type *type;
	struct error *error = names_type(names, whole->type, &type);

	if (!error)
		error = add_whole(&builder, whole, type);
	if (!error && type->kind == TYPE_ENUM)
		error = add_enumerators(&builder, type);
	else if (!error && !whole->bits)
		error = add_inner(&builder, whole->type,
				  whole->name ? whole->name : "", whole->offset,
				  1);
	if (error)
		return error;
	*ret = layout;
	layout = (struct type_layout){0};
	return NULL;
}

void type_layout_deinit(struct type_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		free(layout->rows[i].name);
		free(layout->rows[i].path);
		free(layout->rows[i].type);
	}
	free(layout->rows);
	*layout = (struct type_layout){0};
}

/* The columns */

static bool has_place(const struct layout_row *row)
{
	return row->kind != LAYOUT_ENUMERATOR;
}

static char *offset_text(const void *data)
{
	const struct layout_row *row = data;

	return has_place(row) ? cell_print("0x%" PRIx64, row->offset) : NULL;
}

static char *size_text(const void *data)
{
	const struct layout_row *row = data;

	if (row->kind == LAYOUT_PADDING && row->padding % 8 == 0)
		return cell_print("%" PRIu64, row->padding / 8);
	return row->has_size ? cell_print("%" PRIu64, row->size) : NULL;
}

static char *bits_text(const void *data)
{
	const struct layout_row *row = data;

	return cell_bits(row->low, row->bits);
}

static char *value_text(const void *data)
{
	const struct layout_row *row = data;

	if (row->kind != LAYOUT_ENUMERATOR)
		return NULL;
	return row->is_signed ? cell_print("%" PRId64, (int64_t)row->value)
			      : cell_print("%" PRIu64, row->value);
}

static char *padding_text(const struct layout_row *row)
{
	uint64_t bytes = row->padding / 8;

	if (row->padding % 8)
		return cell_print("/* %" PRIu64 " bit%s of padding */",
				  row->padding, row->padding == 1 ? "" : "s");
	return cell_print("/* %" PRIu64 " byte%s of padding */", bytes,
			  bytes == 1 ? "" : "s");
}

static char *member_text(const void *data)
{
	const struct layout_row *row = data;
	unsigned depth = row->indent && row->depth ? row->depth - 1 : 0;
	cleanup_free char *padding = NULL;
	const char *text = row->name;

	if (row->kind == LAYOUT_PADDING)
		text = padding = padding_text(row);
	return text ? cell_print("%*s%s", (int)(2 * depth), "", text) : NULL;
}

static char *type_text(const void *data)
{
	return cell_copy(((const struct layout_row *)data)->type);
}

static char *path_text(const void *data)
{
	return cell_copy(((const struct layout_row *)data)->path);
}

static char *problem_text(const void *data)
{
	return cell_copy(((const struct layout_row *)data)->problem);
}

/* A layout is a tree in JSON: see type_layout_json(). */
#define COLUMN(name_, stem, standard_, right_, help_)                          \
	{                                                                      \
		.name = (name_), .help = (help_), .standard = (standard_),     \
		.right = (right_), .text = stem##_text,                        \
	}

const struct table_column layout_columns[] = {
	COLUMN("OFFSET", offset, true, true, "bytes from the start"),
	COLUMN("SIZE", size, true, true, "bytes; of a bit-field, of its unit"),
	COLUMN("BITS", bits, true, true, "of its unit, that a bit-field has"),
	COLUMN("MEMBER", member, true, false, "name; an enumerator's, too"),
	COLUMN("TYPE", type, true, false, "as C writes it"),
	COLUMN("VALUE", value, false, true, "of an enumerator"),
	COLUMN("PATH", path, false, false, "of the member, as -m takes it"),
	COLUMN("PROBLEM", problem, false, false, "why it cannot be read"),
};
const size_t n_layout_columns =
	sizeof(layout_columns) / sizeof(layout_columns[0]);

/* JSON */

static json_object *json_enumerator(const struct layout_row *row)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "name", json_text(row->name));
	json_add_value(object, "value", row->value, 64);
	if (row->is_signed && (int64_t)row->value < 0 &&
	    (int64_t)row->value >= -(INT64_C(1) << 53))
		json_object_object_add(
			object, "signed",
			json_object_new_int64((int64_t)row->value));
	return object;
}

static json_object *json_row(const struct layout_row *row)
{
	json_object *object = json_object_new_object();

	if (row->kind == LAYOUT_MEMBER || row->name)
		json_object_object_add(object, "name", json_text(row->name));
	json_object_object_add(object, "offset",
			       json_object_new_uint64(row->offset));
	json_object_object_add(object, "type", json_text(row->type));
	json_object_object_add(object, "size",
			       row->has_size ? json_object_new_uint64(row->size)
					     : NULL);
	json_add_bits(object, row->low, row->bits);
	if (row->problem)
		json_object_object_add(object, "problem",
				       json_text(row->problem));
	return object;
}

/* Its list of what stands in it, which is made when it is first asked for. */
static json_object *list_in(json_object *object, const char *key)
{
	json_object *list;

	if (!json_object_object_get_ex(object, key, &list)) {
		list = json_object_new_array();
		json_object_object_add(object, key, list);
	}
	return list;
}

json_object *type_layout_json(const struct type_layout *layout)
{
	/* The object of each depth that is being filled. */
	json_object *open[DEEPEST + 2] = {json_row(&layout->rows[0])};

	if (layout->rows[0].has_members)
		list_in(open[0], "members");
	if (layout->is_enum)
		list_in(open[0], "enumerators");
	for (size_t i = 1; i < layout->count; i++) {
		const struct layout_row *row = &layout->rows[i];

		if (row->kind == LAYOUT_ENUMERATOR) {
			json_object_array_add(list_in(open[0], "enumerators"),
					      json_enumerator(row));
		} else if (row->kind == LAYOUT_MEMBER) {
			json_object *object = json_row(row);

			json_object_array_add(
				list_in(open[row->depth - 1], "members"),
				object);
			if (row->has_members)
				list_in(object, "members");
			open[row->depth] = object;
		}
	}
	if (layout->is_cut)
		json_object_object_add(open[0], "is_cut",
				       json_object_new_boolean(true));
	return open[0];
}
