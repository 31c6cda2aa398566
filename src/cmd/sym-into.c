/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sym --into REGION`: which variables point into a device. */
#include "cmd/sym.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cmd/target.h"
#include "names/names.h"
#include "plan/pointers.h"
#include "render/symbols.h"
#include "target/session.h"

static struct error *check_into(const struct options *options)
{
	struct error *error = sym_check_no_member(options);

	if (!error && (options->n_arguments || options->plan.type))
		error = error_create(ERROR_USAGE, 0,
				     "--into takes neither names nor a type");
	return error;
}

/* The process that has it mapped, if none is named. */
static struct error *open_holder(struct inquiry *inquiry)
{
	cleanup_free char *text = strdup(inquiry->options->into);
	struct location location = {
		.text = text,
		.start = {.kind = BASE_REGION},
	};
	struct location *only = &location;
	const struct location_list list = {.items = &only, .count = 1};
	struct error *error;

	if (!text)
		return error_no_memory();
	error = region_name_parse(text, &location.start.region);
	if (error)
		return error_prefix(error, "--into");
	error = target_open(inquiry->context, &list, &inquiry->session);
	region_name_deinit(&location.start.region);
	return error;
}

static struct error *add_pointer(struct inquiry *inquiry,
				 struct device_pointer *pointer)
{
	struct symbol_row *row = sym_add_row(inquiry);
	const struct type *type;
	struct error *error;

	if (!row)
		return error_no_memory();
	error = names_type(inquiry->names, pointer->type, &type);
	if (error)
		return error;
	row->has_size = type->has_size;
	row->size = type->size;
	row->symbol = pointer->symbol;
	row->name = steal(pointer->name);
	row->scope = sym_scope_of(&pointer->symbol, 1, 0);
	row->has_address = true;
	row->address = pointer->address;
	row->is_pointer = true;
	row->has_value = true;
	row->value = pointer->value;
	row->type = names_spell(inquiry->names, pointer->type);
	return NULL;
}

static struct error *ask_into(struct inquiry *inquiry)
{
	struct device_pointer_list list = {0};
	struct region_name region;
	struct error *error =
		region_name_parse(inquiry->options->into, &region);

	if (error)
		return error_prefix(error, "--into");
	error = device_pointers_find(inquiry->session, &region, &list);
	region_name_deinit(&region);
	if (error)
		return error_subject(error, inquiry->options->into);
	inquiry->exceeded = list.exceeded;
	for (size_t i = 0; i < list.count && !error; i++)
		error = add_pointer(inquiry, &list.items[i]);
	device_pointers_deinit(&list);
	return error;
}

static struct error *print_pointers(const struct inquiry *inquiry)
{
	return sym_print_table(inquiry, symbol_columns, n_symbol_columns,
			       "TARGET,NAME,TYPE,ADDRESS,MODULE,SOURCE",
			       inquiry->rows.items, inquiry->rows.count,
			       sizeof(*inquiry->rows.items));
}

const struct question sym_question_into = {
	.list = "pointers",
	.columns = symbol_columns,
	.n_columns = &n_symbol_columns,
	.none = "no variable that is known points into it",
	.check = check_into,
	.open = open_holder,
	.ask = ask_into,
	.print = print_pointers,
	.add_json = sym_add_rows_json,
};
