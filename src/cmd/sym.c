/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sym`: where a name is, how a type is laid out, which variables point into a
 * device. Touches no device. Here: the command, its options, which of the three
 * is asked for, and what they share. */
#include "cmd/sym.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "cmd/command.h"
#include "cmd/target.h"
#include "names/names.h"
#include "render/cell.h"
#include "render/diagnostic.h"
#include "render/json.h"
#include "render/layout.h"
#include "render/symbols.h"
#include "target/session.h"

struct error *sym_check_no_member(const struct options *options)
{
	if (!options->plan.member)
		return NULL;
	return error_help(
		error_create(ERROR_USAGE, 0, "-m is for the layout of a type"),
		"a member of an object is NAME.MEMBER");
}

struct error *sym_open_named(struct inquiry *inquiry)
{
	static const struct location_list none = {0};

	if (inquiry->options->process)
		return target_open(inquiry->context, &none, &inquiry->session);
	return error_help(error_create(ERROR_USAGE, 0, "of which process?"),
			  "%s names it", target_named_by(inquiry->context));
}

struct error *sym_print_table(const struct inquiry *inquiry,
			      const struct table_column *columns,
			      size_t n_columns, const char *standard,
			      const void *rows, size_t n_rows, size_t size)
{
	const struct options *options = inquiry->options;
	struct table_options table = {
		.no_headings = options->no_headings,
		.raw = options->raw,
	};
	cleanup_free const struct table_column **chosen = NULL;
	cleanup_free const void **pointers = NULL;
	cleanup_free char *names = NULL;
	struct error *error;
	size_t n_chosen;

	/* Its own standard, to which "+NAME" adds. */
	if (standard && (!options->columns || *options->columns == '+'))
		names = cell_print(
			"%s%s%s", standard, options->columns ? "," : "",
			options->columns ? options->columns + 1 : "");
	error = table_choose(columns, n_columns,
			     names ? names : options->columns, &chosen,
			     &n_chosen);
	if (error || !n_rows)
		return error;
	pointers = calloc(n_rows, sizeof(*pointers));
	if (!pointers)
		return error_no_memory();
	for (size_t i = 0; i < n_rows; i++)
		pointers[i] = (const char *)rows + i * size;
	return table_print(chosen, n_chosen, pointers, n_rows, &table);
}

static const struct question *question_of(const struct options *options)
{
	if (options->into)
		return &sym_question_into;
	if (options->plan.type)
		return &sym_question_types;
	for (size_t i = 0; i < options->n_arguments; i++)
		if (sym_is_type(options->arguments[i]))
			return &sym_question_types;
	return &sym_question_names;
}

static const char *list_of(const struct options *options)
{
	return question_of(options)->list;
}

static void print_json(const struct inquiry *inquiry,
		       const struct question *question,
		       const struct error *error)
{
	struct json_document document;
	json_object *tail = json_tail(error);

	json_document_init(
		&document, inquiry->options->json_lines, question->list,
		json_head(inquiry->context->command->name, inquiry->session));
	if (!error)
		question->add_json(inquiry, &document);
	if (inquiry->exceeded)
		json_object_object_add(tail, "exceeded",
				       json_object_new_boolean(true));
	json_document_end(&document, tail);
}

static struct error *inquire(struct inquiry *inquiry,
			     const struct question *question)
{
	struct error *error = question->check(inquiry->options);

	if (!error)
		error = table_choose(question->columns, *question->n_columns,
				     inquiry->options->columns,
				     &inquiry->chosen, &inquiry->n_chosen);
	if (!error)
		error = question->open(inquiry);
	if (!error)
		error = session_names(inquiry->session, &inquiry->names);
	if (!error)
		error = question->ask(inquiry);
	return inquiry->session ? session_judge(inquiry->session, error)
				: error;
}

static void inquiry_deinit(struct inquiry *inquiry)
{
	for (size_t i = 0; i < inquiry->n_layouts; i++)
		type_layout_deinit(&inquiry->layouts[i]);
	free(inquiry->layouts);
	free(inquiry->chosen);
	symbol_rows_deinit(&inquiry->rows);
	session_destroy(inquiry->session);
}

static void note_exceeded(const struct inquiry *inquiry)
{
	if (inquiry->exceeded)
		diagnostic_note("there is more than was looked at: types too "
				"deep, or too many of them");
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	const struct question *question = question_of(context->options);
	struct inquiry inquiry = {
		.context = context,
		.options = context->options,
	};
	struct error *error = inquire(&inquiry, question);
	bool nothing = !error && question->none && !inquiry.rows.count;

	if (context->options->json)
		print_json(&inquiry, question, error);
	else if (!error)
		error = question->print(&inquiry);
	if (!error)
		note_exceeded(&inquiry);
	if (!error && nothing)
		diagnostic_note("%s", question->none);
	*ret_status = nothing ? STATUS_FAILED : STATUS_DONE;
	inquiry_deinit(&inquiry);
	return error;
}

/* All but printing: that reads no memory of a device. */
static struct error *check(const struct command_context *context)
{
	struct inquiry inquiry = {
		.context = context,
		.options = context->options,
	};
	struct error *error = inquire(&inquiry, question_of(context->options));

	inquiry_deinit(&inquiry);
	return error;
}

static const struct command_table tables[] = {
	{"names and pointers", symbol_columns, &n_symbol_columns},
	{"types", layout_columns, &n_layout_columns},
	{NULL, NULL, NULL},
};

const struct command command_sym = {
	.name = "sym",
	.list_of = list_of,
	.arguments = "[NAME|'struct NAME'...]",
	.summary = "where a name is, how a type is laid out, what points into "
		   "a device",
	.help = "  sym -p app regs               each object of that name; "
		"what a pointer leads to\n"
		"  sym -p app drv.c::regs.ctrl   a member; SCOPE is a module, "
		"file or function\n"
		"  sym -p app 'struct regs'      its layout: offsets, bits, "
		"padding; also union, enum\n"
		"  sym -p app -t regs_t -m id    of a typedef; one member of "
		"it\n"
		"  sym --into @03:00.0/bar0      which variables point into it "
		"(1: none)\n",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_TABLE |
		  GROUP_SYMBOLS,
	.tables = tables,
	.check = check,
	.run = run,
};
