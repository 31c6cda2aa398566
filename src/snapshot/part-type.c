/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/text.h"
#include "plan/plan.h"
#include "snapshot/part.h"
#include "snapshot/snapshot.h"

/* A scalar as it stands in the file, and what it is of. */
struct draft {
	char *name;
	struct scalar scalar;
	unsigned high, low;
	struct field *fields;
	size_t n_fields, capacity;
};

static void draft_deinit(struct draft *draft)
{
	struct snapshot_type type = {
		.view = {.type = draft->name,
			 .scalar = draft->scalar,
			 .fields = draft->fields,
			 .n_fields = draft->n_fields},
	};

	snapshot_type_deinit(&type);
	*draft = (struct draft){0};
}

#define cleanup_draft cleanup_with(draft_deinit)

PART_TEXT(draft_name, draft, name)

static struct error *draft_kind(struct reader *reader, void *object)
{
	struct draft *draft = object;
	cleanup_free char *name = NULL;
	struct error *error = reader_text(reader, &name);

	if (!error && !snapshot_kind_find(name, &draft->scalar))
		error = reader_error(
			reader, "\"kind\": there is no kind '%.40s'", name);
	return error;
}

PART_BOOLEAN(draft_signed, draft, scalar.is_signed)

static struct error *draft_bits(struct reader *reader, void *object)
{
	struct draft *draft = object;

	return part_bits(reader, &draft->high, &draft->low);
}

PART_TEXT(enumerator_name, enumerator, name)

static struct error *enumerator_value(struct reader *reader, void *object)
{
	return reader_hexadecimal(reader, 16,
				  &((struct enumerator *)object)->value);
}

static const struct reader_member enumerator_members[] = {
	{"name", true, enumerator_name},
	{"value", true, enumerator_value},
};

/* A list that is read: of what belongs to a scalar. */
struct enumerators {
	struct enumerator *items;
	size_t count, capacity;
};

static struct error *read_enumerator(struct reader *reader, void *data)
{
	struct enumerators *list = data;
	struct enumerator *one;

	if (!list_grow(&list->items, list->count, &list->capacity,
		       sizeof(*list->items)))
		return error_no_memory();
	one = &list->items[list->count++];
	*one = (struct enumerator){0};
	return reader_object(reader, enumerator_members,
			     PART_COUNT(enumerator_members), one);
}

static struct error *draft_enumerators(struct reader *reader, void *object)
{
	struct draft *draft = object;
	struct enumerators list = {0};
	struct error *error = reader_list(reader, read_enumerator, &list);

	draft->scalar.enumerators = list.items;
	draft->scalar.n_enumerators = list.count;
	return error;
}

static const struct reader_member field_members[] = {
	{"name", true, draft_name},
	{"bits", true, draft_bits},
	{"kind", true, draft_kind},
	{"signed", false, draft_signed},
	{"enumerators", false, draft_enumerators},
};

static struct error *check_scalar(const struct reader *reader,
				  const struct scalar *scalar)
{
	if (scalar->n_enumerators && scalar->kind != TYPE_ENUM)
		return reader_error(reader, "\"enumerators\" are of an enum");
	return NULL;
}

static struct error *read_field(struct reader *reader, void *data)
{
	cleanup_draft struct draft field = {0};
	struct draft *type = data;
	struct error *error = reader_object(reader, field_members,
					    PART_COUNT(field_members), &field);

	if (!error)
		error = check_scalar(reader, &field.scalar);
	if (!error && !list_grow(&type->fields, type->n_fields, &type->capacity,
				 sizeof(*type->fields)))
		error = error_no_memory();
	if (error)
		return error;
	type->fields[type->n_fields++] = (struct field){
		.name = steal(field.name),
		.high = field.high,
		.low = field.low,
		.scalar = field.scalar,
	};
	field.scalar = (struct scalar){0};
	return NULL;
}

static struct error *draft_fields(struct reader *reader, void *object)
{
	return reader_list(reader, read_field, object);
}

static const struct reader_member type_members[] = {
	{"name", false, draft_name},
	{"kind", true, draft_kind},
	{"signed", false, draft_signed},
	{"enumerators", false, draft_enumerators},
	{"fields", false, draft_fields},
};

struct error *part_read_type(struct reader *reader, void *data)
{
	cleanup_draft struct draft draft = {0};
	struct snapshot *snapshot = data;
	struct error *error = reader_object(reader, type_members,
					    PART_COUNT(type_members), &draft);

	if (!error)
		error = check_scalar(reader, &draft.scalar);
	if (!error &&
	    !list_grow(&snapshot->types, snapshot->n_types,
		       &snapshot->types_capacity, sizeof(*snapshot->types)))
		error = error_no_memory();
	if (error)
		return error;
	snapshot->types[snapshot->n_types++].view = (struct view){
		.type = draft.name,
		.scalar = draft.scalar,
		.fields = draft.fields,
		.n_fields = draft.n_fields,
	};
	draft = (struct draft){0};
	return NULL;
}
