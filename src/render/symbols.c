/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/symbols.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "render/cell.h"
#include "render/json.h"
#include "render/value.h"
#include "target/session.h"

void symbol_rows_deinit(struct symbol_row_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].scope);
		free(list->items[i].type);
		free(list->items[i].problem);
	}
	free(list->items);
	*list = (struct symbol_row_list){0};
}

const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static char *name_text(const void *data)
{
	return cell_copy(((const struct symbol_row *)data)->name);
}

static void name_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;

	json_object_object_add(object, "name", json_text(row->name));
}

static char *address_text(const void *data)
{
	const struct symbol_row *row = data;

	return row->has_address ? cell_print("0x%" PRIx64, row->address) : NULL;
}

static void address_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;

	json_object_object_add(object, "address",
			       row->has_address ? json_address(row->address)
						: NULL);
}

/* The part of a device in which the object itself is. */
static char *region_text(const void *data)
{
	const struct symbol_row *row = data;

	return row->has_address ? device_place(row->session, row->address)
				: NULL;
}

static void region_json(const void *data, json_object *object)
{
	cleanup_free char *text = region_text(data);

	json_object_object_add(object, "region", json_text(text));
}

static char *size_text(const void *data)
{
	const struct symbol_row *row = data;

	return row->has_size ? cell_print("%" PRIu64, row->size) : NULL;
}

static void size_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;

	json_object_object_add(object, "size",
			       row->has_size ? json_object_new_uint64(row->size)
					     : NULL);
}

static char *bits_text(const void *data)
{
	const struct symbol_row *row = data;

	return cell_bits(row->low, row->bits);
}

static void bits_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;

	json_add_bits(object, row->low, row->bits);
}

static char *type_text(const void *data)
{
	const struct symbol_row *row = data;

	return row->is_function ? cell_copy("(function)")
				: cell_copy(row->type);
}

static void type_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;

	json_object_object_add(object, "type", json_text(row->type));
	json_object_object_add(object, "is_function",
			       json_object_new_boolean(row->is_function));
}

static char *value_text(const void *data)
{
	const struct symbol_row *row = data;

	return row->has_value ? cell_print("0x%" PRIx64, row->value) : NULL;
}

static void value_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;

	json_object_object_add(object, "value",
			       row->has_value ? json_address(row->value)
					      : NULL);
}

/* What a pointer leads to. */
static const char *target_kind(const struct symbol_row *row)
{
	const struct session *session = row->session;

	if (!row->has_value)
		return NULL;
	if (!row->value)
		return "null";
	if (device_list_find(&session->devices, row->value))
		return "device";
	return mapping_list_find(&session->mappings, row->value) ? "memory"
								 : "nothing";
}

static char *memory_text(const struct symbol_row *row)
{
	const struct mapping *mapping =
		mapping_list_find(&row->session->mappings, row->value);

	if (!mapping || !*mapping->path)
		return cell_copy("memory");
	return cell_print("memory (%s)", last_component(mapping->path));
}

static char *target_text(const void *data)
{
	const struct symbol_row *row = data;
	const char *kind = target_kind(row);
	char *place = kind ? device_place(row->session, row->value) : NULL;

	if (!kind || place)
		return place;
	return strcmp(kind, "memory") == 0 ? memory_text(row) : cell_copy(kind);
}

static void target_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;
	const char *kind = target_kind(row);
	const struct mapping *mapping =
		kind ? mapping_list_find(&row->session->mappings, row->value)
		     : NULL;
	cleanup_free char *place =
		kind ? device_place(row->session, row->value) : NULL;

	json_object_object_add(object, "target", json_text(kind));
	json_object_object_add(object, "points_to", json_text(place));
	json_object_object_add(
		object, "target_path",
		mapping && *mapping->path ? json_text(mapping->path) : NULL);
}

static char *module_text(const void *data)
{
	const struct symbol_row *row = data;

	return cell_copy(last_component(row->symbol.module));
}

static void module_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;

	json_object_object_add(object, "module", json_text(row->symbol.module));
}

static char *source_text(const void *data)
{
	const struct symbol *symbol =
		&((const struct symbol_row *)data)->symbol;

	if (!symbol->file)
		return NULL;
	if (!symbol->line)
		return cell_copy(last_component(symbol->file));
	return cell_print("%s:%u", last_component(symbol->file), symbol->line);
}

static void source_json(const void *data, json_object *object)
{
	const struct symbol *symbol =
		&((const struct symbol_row *)data)->symbol;

	json_object_object_add(object, "file", json_text(symbol->file));
	json_object_object_add(
		object, "line",
		symbol->line ? json_object_new_int64(symbol->line) : NULL);
}

static char *scope_text(const void *data)
{
	return cell_copy(((const struct symbol_row *)data)->scope);
}

static void scope_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;

	json_object_object_add(object, "scope", json_text(row->scope));
}

static char *problem_text(const void *data)
{
	return cell_copy(((const struct symbol_row *)data)->problem);
}

static void problem_json(const void *data, json_object *object)
{
	const struct symbol_row *row = data;

	json_object_object_add(object, "problem", json_text(row->problem));
}

#define COLUMN(name_, stem, right_, help_)                                     \
	{                                                                      \
		.name = (name_), .help = (help_), .standard = true,            \
		.right = (right_), .text = stem##_text, .json = stem##_json,   \
	}

const struct table_column symbol_columns[] = {
	COLUMN("NAME", name, false, "of the object, as a location has it"),
	COLUMN("ADDRESS", address, true, "of the object, in the process"),
	COLUMN("REGION", region, false, "the part of a device that it is in"),
	COLUMN("SIZE", size, true, "bytes; of a bit-field, of its unit"),
	COLUMN("BITS", bits, true, "of its unit, that a bit-field has"),
	COLUMN("TYPE", type, false, "as C writes it"),
	COLUMN("VALUE", value, true, "of a pointer"),
	COLUMN("TARGET", target, false, "what a pointer leads to"),
	COLUMN("MODULE", module, false, "program or library that has it"),
	COLUMN("SOURCE", source, false, "file and line that declare it"),
	COLUMN("SCOPE", scope, false, "that selects it: SCOPE::NAME"),
	COLUMN("PROBLEM", problem, false, "why it has no address or no type"),
};
const size_t n_symbol_columns =
	sizeof(symbol_columns) / sizeof(symbol_columns[0]);
