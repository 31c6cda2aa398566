/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sym NAME`: each object of that name, or a member of it; and the rows of
 * symbols. */
#include "cmd/sym.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cmd/target.h"
#include "names/names.h"
#include "plan/object.h"
#include "plan/pointers.h"
#include "render/cell.h"
#include "render/json.h"
#include "render/symbols.h"
#include "target/session.h"

struct symbol_row *sym_add_row(struct inquiry *inquiry)
{
	struct symbol_row_list *list = &inquiry->rows;

	if (!list_grow(&list->items, list->count, &list->capacity,
		       sizeof(*list->items)))
		return NULL;
	list->items[list->count] =
		(struct symbol_row){.session = inquiry->session};
	return &list->items[list->count++];
}

char *sym_scope_of(const struct symbol *symbols, size_t count, size_t self)
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

void sym_add_rows_json(const struct inquiry *inquiry,
		       struct json_document *document)
{
	for (size_t i = 0; i < inquiry->rows.count; i++)
		json_document_add(document,
				  table_json(inquiry->chosen, inquiry->n_chosen,
					     &inquiry->rows.items[i]));
}

static struct error *print_symbols(const struct inquiry *inquiry)
{
	return sym_print_table(inquiry, symbol_columns, n_symbol_columns, NULL,
			       inquiry->rows.items, inquiry->rows.count,
			       sizeof(*inquiry->rows.items));
}

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
	struct symbol_row *row = sym_add_row(inquiry);

	if (!row)
		return error_no_memory();
	row->symbol = symbols[self];
	row->name = strdup(location->text);
	row->scope = sym_scope_of(symbols, count, self);
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

static struct error *check_names(const struct options *options)
{
	struct error *error = sym_check_no_member(options);

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

const struct question sym_question_names = {
	.list = "symbols",
	.columns = symbol_columns,
	.n_columns = &n_symbol_columns,
	.check = check_names,
	.open = sym_open_named,
	.ask = ask_names,
	.print = print_symbols,
	.add_json = sym_add_rows_json,
};
