/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sym 'struct NAME'` and `sym -t`: how a type, or a member of it, is laid
 * out. */
#include "cmd/sym.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/names.h"
#include "plan/object.h"
#include "render/json.h"
#include "render/layout.h"

bool sym_is_type(const char *text)
{
	static const char *const words[] = {"struct ", "union ", "enum ",
					    "class "};
	const char *colons;

	for (;;) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (text_starts(text, words[i], NULL))
				return true;
		colons = strstr(text, "::");
		if (!colons)
			return false;
		text = colons + 2;
	}
}

/* In a type alone there is no pointer to follow. */
static struct error *no_pointers(struct error *error)
{
	struct error *other;

	if (!error || error->kind != ERROR_UNSAFE)
		return error;
	other = error_create(ERROR_USAGE, 0,
			     "-m: a type's pointer leads to no place");
	error_destroy(error);
	return error_help(other, "name the type that it points to");
}

/* A member of a type, by where it would be if the type began at 0. */
static struct error *narrow(struct inquiry *inquiry, struct layout_whole *whole)
{
	const char *member = inquiry->options->plan.member;
	struct name_expression path = {0};
	struct object object = {
		.at = {.space = SPACE_REGION},
		.type = whole->type,
	};
	struct error *error = member_path_parse(member, &path);

	if (error)
		return error_prefix(error, "-m");
	error = no_pointers(object_walk(inquiry->session, member, "the type",
					&path, &object));
	expression_deinit(&path);
	if (error)
		return error;
	*whole = (struct layout_whole){
		.type = object.type,
		.name = member,
		.offset = object.at.position,
		.bits = object.has_bit ? 1 : object.bits,
		.low = object.has_bit ? object.low + object.bit : object.low,
		.unit_size = object.unit_size,
	};
	return NULL;
}

static struct error *lay_out(struct inquiry *inquiry, const char *text)
{
	struct type_layout *layout = &inquiry->layouts[inquiry->n_layouts];
	struct layout_whole whole = {0};
	struct error *error =
		names_find_type(inquiry->names, text, &whole.type);

	if (!error && inquiry->options->plan.member)
		error = narrow(inquiry, &whole);
	if (!error)
		error = type_layout_make(inquiry->names, &whole, layout);
	if (error)
		return error->subject ? error : error_subject(error, text);
	inquiry->exceeded |= layout->is_cut;
	inquiry->n_layouts++;
	for (size_t i = 0; i < layout->count; i++)
		layout->rows[i].indent = !inquiry->options->raw;
	return NULL;
}

static struct error *ask_types(struct inquiry *inquiry)
{
	const struct options *options = inquiry->options;
	struct error *error = NULL;

	inquiry->layouts =
		calloc(options->n_arguments + 1, sizeof(*inquiry->layouts));
	if (!inquiry->layouts)
		return error_no_memory();
	if (options->plan.type)
		error = lay_out(inquiry, options->plan.type);
	for (size_t i = 0; i < options->n_arguments && !error; i++)
		error = lay_out(inquiry, options->arguments[i]);
	return error;
}

static struct error *check_types(const struct options *options)
{
	for (size_t i = 0; i < options->n_arguments; i++)
		if (!sym_is_type(options->arguments[i]))
			return error_subject(
				error_help(error_create(ERROR_USAGE, 0,
							"names and types are "
							"not told together"),
					   "ask for either alone; -t gives the "
					   "layout of one type"),
				options->arguments[i]);
	return NULL;
}

static struct error *print_types(const struct inquiry *inquiry)
{
	struct error *error = NULL;

	for (size_t i = 0; i < inquiry->n_layouts && !error; i++) {
		const struct type_layout *layout = &inquiry->layouts[i];

		if (i)
			putchar('\n');
		error = sym_print_table(
			inquiry, layout_columns, n_layout_columns,
			layout->is_enum ? "MEMBER,VALUE,SIZE,TYPE" : NULL,
			layout->rows, layout->count, sizeof(*layout->rows));
	}
	return error;
}

static void add_types_json(const struct inquiry *inquiry,
			   struct json_document *document)
{
	for (size_t i = 0; i < inquiry->n_layouts; i++)
		json_document_add(document,
				  type_layout_json(&inquiry->layouts[i]));
}

const struct question sym_question_types = {
	.list = "types",
	.columns = layout_columns,
	.n_columns = &n_layout_columns,
	.check = check_types,
	.open = sym_open_named,
	.ask = ask_types,
	.print = print_types,
	.add_json = add_types_json,
};
