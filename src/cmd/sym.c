/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sym`: where a name is, how a type is laid out, which variables point into a
 * device. Touches no device. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/target.h"
#include "names/names.h"
#include "plan/object.h"
#include "plan/pointers.h"
#include "render/cell.h"
#include "render/diagnostic.h"
#include "render/json.h"
#include "render/layout.h"
#include "render/symbols.h"
#include "target/session.h"

/* One run of the command. */
struct inquiry {
	const struct command_context *context;
	const struct options *options;
	struct session *session;
	struct names *names;
	struct symbol_row_list rows;
	struct type_layout *layouts;
	size_t n_layouts;
	bool exceeded;
	/* By -o; without it all that is standard. */
	const struct table_column **chosen;
	size_t n_chosen;
};

/* What the arguments ask for. */
struct question {
	const char *list; /* what it is called in JSON */
	const char *none; /* what is said if there is nothing; NULL: no way */
	const struct table_column *columns;
	const size_t *n_columns;
	struct error *(*check)(const struct options *options);
	struct error *(*open)(struct inquiry *inquiry);
	struct error *(*ask)(struct inquiry *inquiry);
	struct error *(*print)(const struct inquiry *inquiry);
	void (*add_json)(const struct inquiry *inquiry,
			 struct json_document *document);
};

/* Whether an argument is a type, with or without a scope before it. */
static bool is_type(const char *text)
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

/* Tables */

static void note_exceeded(const struct inquiry *inquiry)
{
	if (inquiry->exceeded)
		diagnostic_note("there is more than was looked at: types too "
				"deep, or too many of them");
}

static struct error *print_table(const struct inquiry *inquiry,
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

static struct error *print_symbols(const struct inquiry *inquiry)
{
	return print_table(inquiry, symbol_columns, n_symbol_columns, NULL,
			   inquiry->rows.items, inquiry->rows.count,
			   sizeof(*inquiry->rows.items));
}

static void add_symbols_json(const struct inquiry *inquiry,
			     struct json_document *document)
{
	for (size_t i = 0; i < inquiry->rows.count; i++)
		json_document_add(document,
				  table_json(inquiry->chosen, inquiry->n_chosen,
					     &inquiry->rows.items[i]));
}

/* Names */

static struct error *not_a_name(const struct location *location,
				const struct text_span *span)
{
	return error_subject(
		error_at(error_help(error_create(ERROR_USAGE, 0,
						 "`sym` takes the name of an "
						 "object and of its members"),
				    "regs, drv.c::regs.ctrl; 'struct NAME' for "
				    "a type"),
			 location->text, span->start, span->length),
		location->text);
}

/* A location that has nothing but a name. */
static struct error *check_name(const struct location *location)
{
	const struct place *start = &location->start;

	if (start->kind != BASE_NAME && start->kind != BASE_VARIABLE)
		return not_a_name(location, &start->base_span);
	if (start->has_offset)
		return not_a_name(location, &start->offset_span);
	if (location->range != RANGE_NONE)
		return not_a_name(location, &location->range_span);
	if (location->width.bits)
		return not_a_name(location, &location->width_span);
	if (location->bits.kind != BITS_NONE)
		return not_a_name(location, &location->bits.span);
	if (location->value.kind != VALUE_NONE || location->n_more)
		return not_a_name(location, &location->value.span);
	return NULL;
}

/* What has to stand before a candidate's name to select it. */
static char *scope_of(const struct symbol *symbols, size_t count, size_t self)
{
	const struct symbol *symbol = &symbols[self];
	const char *module = last_component(symbol->module);

	if (!symbol->scope)
		return strdup(module);
	for (size_t i = 0; i < count; i++)
		if (i != self && symbols[i].scope &&
		    strcmp(symbols[i].module, symbol->module) != 0 &&
		    strcmp(symbols[i].scope, symbol->scope) == 0)
			return cell_print("%s::%s", module, symbol->scope);
	return strdup(symbol->scope);
}

static struct symbol_row *add_row(struct inquiry *inquiry)
{
	struct symbol_row_list *list = &inquiry->rows;

	if (!list_grow(&list->items, list->count, &list->capacity,
		       sizeof(*list->items)))
		return NULL;
	list->items[list->count] =
		(struct symbol_row){.session = inquiry->session};
	return &list->items[list->count++];
}

static const char *why_unread(const struct symbol_row *row, int errnum)
{
	if (device_list_find(&row->session->devices, row->address))
		return "it stands in a device's registers, which are not read";
	return strerror(errnum);
}

static struct error *describe_type(struct inquiry *inquiry, type_id id,
				   struct symbol_row *row)
{
	const struct type *type;
	struct error *error;

	if (id == NO_TYPE)
		return NULL;
	row->type = names_spell(inquiry->names, id);
	error = names_type(inquiry->names, id, &type);
	if (error && error->kind != ERROR_NO_MEMORY) {
		row->problem = strdup(error->message);
		error_destroy(error);
		return NULL;
	}
	if (error)
		return error;
	if (type->has_size) {
		row->has_size = true;
		row->size = type->size;
	}
	row->is_pointer = type->kind == TYPE_POINTER;
	if (!row->is_pointer || !row->has_address)
		return NULL;
	row->has_value = device_pointer_read(inquiry->session, type,
					     row->address, &row->value);
	if (!row->has_value)
		row->problem = cell_print("its value is not known: %s",
					  why_unread(row, errno));
	return NULL;
}

static struct error *describe_symbol(struct inquiry *inquiry,
				     const struct symbol *symbol,
				     struct symbol_row *row)
{
	row->has_address = symbol->has_address;
	row->address = symbol->address;
	row->has_size = symbol->has_size;
	row->size = symbol->size;
	row->is_function = symbol->is_function;
	row->problem = cell_copy(symbol->problem       ? symbol->problem
				 : symbol->is_function ? NULL
						       : symbol->no_type);
	if (!symbol->has_type || symbol->is_function)
		return NULL;
	return describe_type(inquiry, symbol->type, row);
}

static struct error *describe_object(struct inquiry *inquiry,
				     const struct object *object,
				     struct symbol_row *row)
{
	struct error *error;

	row->has_address = object->at.space == SPACE_TARGET;
	row->address = object->at.position;
	row->has_size = object->has_size;
	row->size = object->size;
	row->is_function = object->is_function;
	if (object->type == NO_TYPE)
		row->problem = cell_copy(object->untyped);
	error = describe_type(inquiry, object->type, row);
	if (object->bits) {
		row->size = object->unit_size;
		row->has_size = true;
	}
	row->bits = object->has_bit ? 1 : object->bits;
	row->low = object->has_bit ? object->low + object->bit : object->low;
	return error;
}

/* The steps behind the name: ".ring[3]". */
static const char *steps_text(const struct location *location)
{
	const struct name_expression *expression = &location->start.expression;
	size_t at;

	if (!expression->n_steps)
		return "";
	at = expression->steps[0].span.start;
	while (at > 0 && strchr(".->[", location->text[at - 1]))
		at--;
	return location->text + at;
}

/* A member of one of several candidates: as if it had been asked for with the
 * scope that selects it. */
static struct error *find_selected(struct inquiry *inquiry,
				   const struct location *location,
				   const struct symbol_row *row,
				   struct object *ret)
{
	cleanup_location struct location *selected = NULL;
	cleanup_free char *text = cell_print(
		"%s::%s%s", row->scope, row->symbol.name, steps_text(location));
	struct error *error;

	if (!text)
		return error_no_memory();
	error = location_parse(text, &selected);
	return error ? error
		     : object_find(inquiry->session, selected, &selected->start,
				   ret);
}

static struct error *describe_member(struct inquiry *inquiry,
				     const struct location *location,
				     bool is_only, struct symbol_row *row)
{
	struct object object;
	struct error *error;

	if (!row->symbol.has_address && !is_only) {
		row->problem = cell_copy(row->symbol.problem);
		return NULL;
	}
	if (is_only)
		error = object_find(inquiry->session, location,
				    &location->start, &object);
	else
		error = find_selected(inquiry, location, row, &object);
	if (!error)
		return describe_object(inquiry, &object, row);
	if (is_only || error->kind == ERROR_NO_MEMORY)
		return error;
	row->problem = strdup(error->message);
	error_destroy(error);
	return NULL;
}

static struct error *describe(struct inquiry *inquiry,
			      const struct location *location,
			      const struct symbol *symbols, size_t count,
			      size_t self)
{
	struct symbol_row *row = add_row(inquiry);

	if (!row)
		return error_no_memory();
	row->symbol = symbols[self];
	row->name = strdup(location->text);
	row->scope = scope_of(symbols, count, self);
	if (!row->name || !row->scope)
		return error_no_memory();
	if (location->start.expression.n_steps)
		return describe_member(inquiry, location, count == 1, row);
	return describe_symbol(inquiry, &symbols[self], row);
}

/* Why there is none, with near names. */
static struct error *explain_nothing(struct inquiry *inquiry,
				     const struct location *location)
{
	const struct name_expression *expression = &location->start.expression;
	struct symbol unused;
	struct error *error = names_find(inquiry->names, expression->scope,
					 expression->name, &unused);

	return error ? error_at_base(error, location, &location->start) : NULL;
}

/* Of the members of several candidates one at least has to be there. */
static struct error *check_any(const struct inquiry *inquiry,
			       const struct location *location, size_t count)
{
	const struct symbol_row *rows =
		inquiry->rows.items + inquiry->rows.count - count;

	if (!location->start.expression.n_steps)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (rows[i].has_address)
			return NULL;
	return error_help(error_create(ERROR_NO_NAME, 0,
				       "none of the %zu objects '%s' has such "
				       "a member: %s",
				       count, location->start.expression.name,
				       rows[0].problem ? rows[0].problem : "?"),
			  "`mmiodbg sym -p %d %s` lists them",
			  (int)inquiry->session->process.pid,
			  location->start.expression.name);
}

static struct error *look_up(struct inquiry *inquiry,
			     const struct location *location)
{
	const struct name_expression *expression = &location->start.expression;
	cleanup_free struct symbol *symbols = NULL;
	size_t count;
	struct error *error =
		names_find_all(inquiry->names, expression->scope,
			       expression->name, &symbols, &count);

	if (error)
		return error_at_base(error, location, &location->start);
	if (!count)
		return explain_nothing(inquiry, location);
	for (size_t i = 0; i < count && !error; i++)
		error = describe(inquiry, location, symbols, count, i);
	return error ? error : check_any(inquiry, location, count);
}

static struct error *check_arguments(const struct options *options)
{
	if (!options->plan.member)
		return NULL;
	return error_help(
		error_create(ERROR_USAGE, 0, "-m is for the layout of a type"),
		"a member of an object is NAME.MEMBER");
}

static struct error *check_names(const struct options *options)
{
	struct error *error = check_arguments(options);

	if (!error && !options->n_arguments)
		return error_help(
			error_create(ERROR_USAGE, 0, "there is no name"),
			"name an object, or 'struct NAME'; --into REGION finds "
			"pointers");
	return error;
}

static struct error *ask_names(struct inquiry *inquiry)
{
	cleanup_location_list struct location_list locations = {0};
	struct error *error = locations_parse(inquiry->options, &locations);

	for (size_t i = 0; i < locations.count && !error; i++)
		error = check_name(locations.items[i]);
	for (size_t i = 0; i < locations.count && !error; i++) {
		error = look_up(inquiry, locations.items[i]);
		if (error)
			error_subject(error, locations.items[i]->text);
	}
	return error;
}

static struct error *open_named(struct inquiry *inquiry)
{
	static const struct location_list none = {0};

	if (inquiry->options->process)
		return target_open(inquiry->context, &none, &inquiry->session);
	return error_help(error_create(ERROR_USAGE, 0, "of which process?"),
			  "-p PID names it");
}

/* Types */

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
		if (!is_type(options->arguments[i]))
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
		error = print_table(
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

/* Pointers */

static struct error *check_into(const struct options *options)
{
	struct error *error = check_arguments(options);

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
	struct symbol_row *row = add_row(inquiry);
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
	row->scope = scope_of(&pointer->symbol, 1, 0);
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
	return print_table(inquiry, symbol_columns, n_symbol_columns,
			   "TARGET,NAME,TYPE,ADDRESS,MODULE,SOURCE",
			   inquiry->rows.items, inquiry->rows.count,
			   sizeof(*inquiry->rows.items));
}

static const struct question question_names = {
	.list = "symbols",
	.columns = symbol_columns,
	.n_columns = &n_symbol_columns,
	.check = check_names,
	.open = open_named,
	.ask = ask_names,
	.print = print_symbols,
	.add_json = add_symbols_json,
};

static const struct question question_types = {
	.list = "types",
	.columns = layout_columns,
	.n_columns = &n_layout_columns,
	.check = check_types,
	.open = open_named,
	.ask = ask_types,
	.print = print_types,
	.add_json = add_types_json,
};

static const struct question question_into = {
	.list = "pointers",
	.columns = symbol_columns,
	.n_columns = &n_symbol_columns,
	.none = "no variable that is known points into it",
	.check = check_into,
	.open = open_holder,
	.ask = ask_into,
	.print = print_pointers,
	.add_json = add_symbols_json,
};

static const struct question *question_of(const struct options *options)
{
	if (options->into)
		return &question_into;
	if (options->plan.type)
		return &question_types;
	for (size_t i = 0; i < options->n_arguments; i++)
		if (is_type(options->arguments[i]))
			return &question_types;
	return &question_names;
}

static void print_json(const struct inquiry *inquiry,
		       const struct question *question,
		       const struct error *error)
{
	struct json_document document;
	json_object *head = json_object_new_object();
	json_object *tail = json_object_new_object();

	json_object_object_add(head, "command", json_object_new_string("sym"));
	if (inquiry->session) {
		json_object_object_add(
			head, "pid",
			json_object_new_int(
				(int)inquiry->session->process.pid));
		json_object_object_add(head, "process",
				       json_text(inquiry->session->name));
	}
	json_document_init(&document, inquiry->options->json_lines,
			   question->list, head);
	if (error)
		json_object_object_add(tail, "error", json_error(error));
	else
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
	return error;
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

static void put_columns(const struct table_column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("  %-12s %c %s\n", columns[i].name,
		       columns[i].standard ? '*' : ' ', columns[i].help);
}

static void print_columns(void)
{
	puts("\nColumns of names and pointers (* shown without -o; -o +NAME "
	     "adds):");
	put_columns(symbol_columns, n_symbol_columns);
	puts("\nColumns of types:");
	put_columns(layout_columns, n_layout_columns);
}

const struct command command_sym = {
	.name = "sym",
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
	.more_help = print_columns,
	.run = run,
};
