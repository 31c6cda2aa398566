/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EXPRESSION and PATH: the names of objects and registers. */
#include <string.h>

#include "base/text.h"
#include "plan/location-scan.h"

/* A module or a source file may stand before "::", with its directories. */
static const char scope_bytes[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_.+-~/";

size_t scope_length(const struct cursor *c)
{
	const char *text = c->text + c->at;
	size_t length = strspn(text, scope_bytes);

	if (strncmp(text + length, "::", 2) != 0)
		return 0;
	for (size_t i = 0; i + 1 < length; i++)
		if (text[i] == '.' && text[i + 1] == '.')
			return 0;
	return length;
}

/* A module may stand before a source file: both have a '.' or a '/' in them. */
static size_t all_scopes_length(const struct cursor *c)
{
	struct cursor behind = *c;
	size_t length = scope_length(c), total = 0;

	while (length) {
		total = behind.at + length - c->at;
		behind.at += length + 2;
		length = scope_length(&behind);
		if (length && !memchr(behind.text + behind.at, '.', length) &&
		    !memchr(behind.text + behind.at, '/', length))
			break;
	}
	return total;
}

static struct error *scan_scope(struct cursor *c, char **ret)
{
	size_t length = all_scopes_length(c);
	char *scope;

	if (!length)
		return NULL;
	scope = strndup(c->text + c->at, length);
	if (!scope)
		return error_no_memory();
	c->at += length + 2;
	*ret = scope;
	return NULL;
}

/* NAME, with C++'s "::" in it where that may stand. */
static struct error *scan_qualified(struct cursor *c, bool scoped, char **ret)
{
	size_t start = c->at, length;
	char *name;

	for (;;) {
		if (!is_name_start(cursor_peek(c)))
			return not_here(c, "a name",
					"a name starts with a letter or '_'");
		c->at += cursor_word(c);
		if (!scoped || !cursor_take(c, "::"))
			break;
	}
	length = c->at - start;
	name = strndup(c->text + start, length);
	if (!name)
		return error_no_memory();
	*ret = name;
	return NULL;
}

/* ".N" or "[N]" behind the punctuation. */
static struct error *scan_number_step(struct cursor *c, struct name_step *step)
{
	size_t start = c->at;
	struct error *error = scan_number(c, &step->number);

	step->kind = STEP_NUMBER;
	step->span = cursor_span(c, start);
	return error;
}

static struct error *scan_dot_step(struct cursor *c, struct name_step *step)
{
	size_t start = c->at;
	struct error *error;

	if (is_digit(cursor_peek(c)))
		return scan_number_step(c, step);
	step->kind = STEP_MEMBER;
	error = scan_name(c, "a member, an index or a bit", &step->name);
	step->span = cursor_span(c, start);
	return error;
}

/* `[7:4]` and `[0..3]` are what other languages write. */
static struct error *not_closed(const struct cursor *c)
{
	struct error *error = never_here(c);

	if (error)
		return error;
	error = usage_here(c, "']' must stand here");
	if (cursor_peek(c) == ':')
		return error_help(error, "bits are written .HIGH:LOW");
	return error_help(error, "several elements are NAME[N]..+LENGTH, with "
				 "the length in bytes");
}

static struct error *scan_index_step(struct cursor *c, struct name_step *step)
{
	struct error *error;

	if (!is_digit(cursor_peek(c)))
		return not_here(c, "the number of an element",
				"write NAME[3] or NAME.3");
	error = scan_number_step(c, step);
	step->kind = STEP_INDEX;
	if (!error && !cursor_take(c, "]"))
		error = not_closed(c);
	return error;
}

/* ".7:4" is no step: it is what the location is about, bits. */
static bool sees_bit_range(const struct cursor *c)
{
	struct cursor behind = *c;

	if (!cursor_take(&behind, ".") || !is_digit(cursor_peek(&behind)))
		return false;
	behind.at += cursor_word(&behind);
	return cursor_peek(&behind) == ':' && !cursor_sees(&behind, "::");
}

typedef struct error *scan_step_fn(struct cursor *, struct name_step *);

static scan_step_fn *next_step(struct cursor *c)
{
	if (cursor_sees(c, "..") || sees_bit_range(c))
		return NULL;
	if (cursor_take(c, ".") || cursor_take(c, "->"))
		return scan_dot_step;
	return cursor_take(c, "[") ? scan_index_step : NULL;
}

static struct error *scan_steps(struct cursor *c,
				struct name_expression *expression)
{
	size_t capacity = 0;
	scan_step_fn *scan;

	while ((scan = next_step(c)) != NULL) {
		struct name_step *step;
		struct error *error;

		if (!list_grow(&expression->steps, expression->n_steps,
			       &capacity, sizeof(*step)))
			return error_no_memory();
		step = &expression->steps[expression->n_steps++];
		*step = (struct name_step){0};
		error = scan(c, step);
		if (error)
			return error;
	}
	return NULL;
}

struct error *scan_expression(struct cursor *c, bool scoped,
			      struct name_expression *expression)
{
	struct error *error = NULL;

	if (scoped)
		error = scan_scope(c, &expression->scope);
	if (!error)
		error = scan_qualified(c, scoped, &expression->name);
	if (!error)
		error = scan_steps(c, expression);
	return error;
}

struct error *member_path_parse(const char *text, struct name_expression *ret)
{
	struct cursor c = cursor_over(text);
	struct name_expression path = {0};
	struct error *error = scan_expression(&c, false, &path);

	if (!error && !cursor_ended(&c)) {
		error = never_here(&c);
		if (!error)
			error = usage_here(&c, "only '.' or '[' may stand "
					       "here");
	}
	if (error)
		expression_deinit(&path);
	else
		*ret = path;
	return error;
}

void expression_deinit(struct name_expression *expression)
{
	for (size_t i = 0; i < expression->n_steps; i++)
		free(expression->steps[i].name);
	free(expression->steps);
	free(expression->scope);
	free(expression->name);
}
