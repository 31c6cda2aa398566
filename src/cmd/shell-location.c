/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completing words about the target: regions, names, members, values. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/text.h"
#include "cmd/interpreter.h"
#include "cmd/shell-complete.h"
#include "names/names.h"
#include "plan/location.h"
#include "plan/member.h"
#include "plan/outline.h"
#include "shell/candidates.h"
#include "target/scan.h"
#include "target/session.h"

/* Nanoseconds. What is found by then is offered. */
#define LONGEST_SEARCH UINT64_C(500000000)

typedef struct location_question question_t;

/* Regions */

/* "03:00.0/bar0" of 0000:03:00.0/bar0, as one may type it. */
static const char *without_domain(const char *region)
{
	const char *rest;

	return text_starts(region, "0000:", &rest) ? rest : region;
}

static void add_region(const question_t *question, const char *before,
		       const char *region)
{
	const char *begun = question->begun + strlen(before);
	const char *text = region;

	if (!text_starts(region, begun, NULL))
		text = without_domain(region);
	candidates_add(question->ret, question->begun,
		       (const char *[]){before, text, NULL}, 0, false);
}

static void add_regions(const question_t *question, const char *before,
			const struct session *session)
{
	for (size_t i = 0; i < session->devices.count; i++)
		add_region(question, before,
			   session->devices.items[i].region_text);
}

/* Of a device that is mapped alone, its index would only stand in the way. */
static void add_indexes(const question_t *question,
			const struct session *session)
{
	for (size_t i = 0;
	     session->devices.count > 1 && i < session->devices.count; i++) {
		char index[24];

		snprintf(index, sizeof(index), "%u",
			 session->devices.items[i].index);
		candidates_add(question->ret, question->begun,
			       (const char *[]){"@", index, NULL}, 0, false);
	}
}

/* As it is mapped now; of a target that is gone, as it was. */
static struct session *session_of(const question_t *question)
{
	struct held_target *held = &question->interpreter->held;

	if (held->session)
		error_destroy(held_target_refresh(held));
	return held->session;
}

/* Of all processes. */
static struct error *scan(const question_t *question, struct scan_result *ret)
{
	const struct command_context *context = &question->interpreter->context;

	return scan_processes(context->machine, context->options->stand_in,
			      ret);
}

static void complete_region(const question_t *question, const char *before)
{
	struct session *session = session_of(question);
	cleanup_error struct error *error = NULL;
	struct scan_result all = {0};

	if (session) {
		add_regions(question, before, session);
		if (*before)
			add_indexes(question, session);
		return;
	}
	error = scan(question, &all);
	for (size_t i = 0; i < all.count; i++)
		add_regions(question, before, all.sessions[i]);
	scan_result_deinit(&all);
}

void complete_device(const question_t *question)
{
	complete_region(question, "");
}

void complete_process(const question_t *question)
{
	cleanup_error struct error *error = NULL;
	struct scan_result all = {0};

	error = scan(question, &all);
	for (size_t i = 0; i < all.count; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%d",
			 (int)all.sessions[i]->process.pid);
		candidates_add_word(question->ret, question->begun, number,
				    true);
	}
	scan_result_deinit(&all);
}

/* Names */

/* What completing a part of a word adds to: the word up to there. */
struct addition {
	const question_t *question;
	char *before;
	size_t shown;
};

static void add_name(void *data, const char *name, bool is_scope)
{
	const struct addition *addition = data;

	candidates_add(addition->question->ret, addition->question->begun,
		       (const char *[]){addition->before, name,
					is_scope ? "::" : "", NULL},
		       addition->shown, false);
}

/* "ptr:SCOPE::NA" */
static struct error *complete_name(const question_t *question,
				   struct names *names)
{
	static const char *const prefixes[] = {"ptr:", "var:"};
	const char *begun = question->begun, *scope, *name, *colons;
	cleanup_free char *scope_text = NULL, *before = NULL;
	struct addition addition = {.question = question};

	scope = begun;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (text_starts(begun, prefixes[i], &scope))
			break;
	for (name = scope; (colons = strstr(name, "::")) != NULL;)
		name = colons + 2;
	if (name != scope) {
		scope_text = strndup(scope, (size_t)(name - 2 - scope));
		if (!scope_text)
			return error_no_memory();
	}
	before = strndup(begun, (size_t)(name - begun));
	if (!before)
		return error_no_memory();
	addition.before = before;
	addition.shown = strlen(before);
	return names_list(names, scope_text, name, add_name, &addition);
}

/* Members */

struct member_addition {
	struct addition to;
	struct names *names;
	bool fields_only; /* bits of a register */
};

static bool has_parts(struct names *names, const struct member *member)
{
	const struct outline outline = {.type = member->type,
					.is_field = member->bits != 0};
	const struct type *aggregate = NULL, *type;
	cleanup_error struct error *error = NULL;

	if (outline.is_field || member->type == NO_TYPE)
		return false;
	error = outline_aggregate(names, &outline, &aggregate);
	if (!error)
		error = names_type(names, member->type, &type);
	return error || aggregate || type->kind == TYPE_ARRAY;
}

static void add_member(void *data, const struct member *member)
{
	const struct member_addition *addition = data;
	const question_t *question = addition->to.question;
	bool ends = !question->is_written && !addition->fields_only &&
		    !has_parts(addition->names, member);

	if (addition->fields_only && !member->bits)
		return;
	candidates_add(
		question->ret, question->begun,
		(const char *[]){addition->to.before, member->name, NULL},
		addition->to.shown, ends);
}

static struct error *find_outline(const question_t *question,
				  struct names *names, const char *text,
				  struct outline *ret)
{
	const struct plan_options options = {
		.type = question->type,
		.member = question->member,
	};
	cleanup_location struct location *location = NULL;
	struct error *error = location_parse(text, &location);

	return error ? error : outline_find(names, location, &options, ret);
}

static struct error *add_members(const question_t *question,
				 struct names *names,
				 const struct outline *outline, size_t length,
				 bool fields_only)
{
	cleanup_free char *before = strndup(question->begun, length);
	struct member_addition addition = {
		.to = {.question = question, .before = before, .shown = length},
		.names = names,
		.fields_only = fields_only,
	};
	const struct type *type;
	struct error *error;

	if (!before)
		return error_no_memory();
	error = outline_aggregate(names, outline, &type);
	return error || !type ? error
			      : member_each(names, type, add_member, &addition);
}

/* Where the last "." or "->" is; NULL: there is none. */
static const char *last_step(const char *begun)
{
	const char *dot = strrchr(begun, '.'), *arrow = NULL;

	for (const char *at = begun; (at = strstr(at, "->")) != NULL; at += 2)
		arrow = at;
	return !dot || (arrow && arrow > dot) ? arrow : dot;
}

/* "regs.ctrl.mo", from the last step on. */
static struct error *complete_member(const question_t *question,
				     struct names *names, const char *step)
{
	size_t length = (size_t)(step - question->begun);
	cleanup_free char *whole = strndup(question->begun, length);
	struct outline outline;
	struct error *error;

	if (!whole)
		return error_no_memory();
	error = find_outline(question, names, whole, &outline);
	return error ? error
		     : add_members(question, names, &outline,
				   length + (*step == '-' ? 2 : 1), false);
}

/* Values */

/* Behind one that is assigned others may follow. */
static struct error *add_values(const question_t *question, struct names *names,
				const struct outline *outline,
				const char *before)
{
	const struct type *type;
	struct error *error;

	if (outline->type == NO_TYPE)
		return NULL;
	error = names_type(names, outline->type, &type);
	if (error)
		return error;
	for (size_t i = 0; i < type->n_enumerators; i++)
		candidates_add(question->ret, question->begun,
			       (const char *[]){
				       before, type->enumerators[i].name, NULL},
			       strlen(before), !*before);
	for (int i = 0; type->kind == TYPE_BOOLEAN && i < 2; i++)
		candidates_add(
			question->ret, question->begun,
			(const char *[]){before, i ? "true" : "false", NULL},
			strlen(before), !*before);
	return NULL;
}

/* Behind a comma: a field beside the first one, or its value. */
static struct error *complete_sibling(const question_t *question,
				      struct names *names, const char *field,
				      const struct outline *outline)
{
	struct outline parent = {.type = outline->parent};
	const char *equals = strchr(field, '=');
	cleanup_free char *name = NULL, *before = NULL;
	struct error *error;

	if (!equals)
		return add_members(question, names, &parent,
				   (size_t)(field - question->begun), true);
	name = strndup(field, (size_t)(equals - field));
	before = strndup(question->begun,
			 (size_t)(equals + 1 - question->begun));
	if (!name || !before)
		return error_no_memory();
	error = outline_member(names, name, &parent);
	return error ? error : add_values(question, names, &parent, before);
}

/* "regs.ctrl.mode=FA", "regs.ctrl.mode=FAST,en" */
static struct error *complete_assigned(const question_t *question,
				       struct names *names, const char *equals)
{
	size_t length = (size_t)(equals - question->begun);
	cleanup_free char *location = strndup(question->begun, length);
	cleanup_free char *before = strndup(question->begun, length + 1);
	const char *comma = strrchr(equals, ',');
	struct outline outline;
	struct error *error;

	if (!location || !before)
		return error_no_memory();
	error = find_outline(question, names, location, &outline);
	if (error)
		return error;
	return comma ? complete_sibling(question, names, comma + 1, &outline)
		     : add_values(question, names, &outline, before);
}

/* A question about names, within its time. */
typedef struct error *names_fn(const question_t *question, struct names *names,
			       const char *data);

static void ask_names(const question_t *question, names_fn *ask,
		      const char *data)
{
	struct session *session = session_of(question);
	cleanup_error struct error *error = NULL;
	struct names *names;

	if (!session)
		return;
	error = session_names(session, &names);
	if (error)
		return;
	names_limit(names, clock_now() + LONGEST_SEARCH);
	error = ask(question, names, data);
	question->ret->cut |= names_are_stopped(names);
	names_limit(names, 0);
}

static struct error *ask_value(const question_t *question, struct names *names,
			       const char *location)
{
	struct outline outline;
	struct error *error = find_outline(question, names, location, &outline);

	return error ? error : add_values(question, names, &outline, "");
}

void complete_value(const question_t *question, const char *location)
{
	ask_names(question, ask_value, location);
}

static void add_type(void *data, const char *name, bool is_scope)
{
	const question_t *question = data;

	(void)is_scope;
	candidates_add_word(question->ret, question->begun, name, true);
}

static struct error *ask_type(const question_t *question, struct names *names,
			      const char *begun)
{
	return names_list_types(names, begun, add_type, (void *)question);
}

void complete_type(const question_t *question)
{
	ask_names(question, ask_type, question->begun);
}

/* "ctrl.mo", of the type. */
static struct error *ask_type_member(const question_t *question,
				     struct names *names, const char *step)
{
	size_t length = step ? (size_t)(step - question->begun) : 0;
	cleanup_free char *parent = strndup(question->begun, length);
	question_t whole = *question;
	struct outline outline;
	struct error *error;

	if (!parent)
		return error_no_memory();
	whole.member = step ? parent : NULL;
	/* Any place will do. */
	error = find_outline(&whole, names, "0x0", &outline);
	return error ? error
		     : add_members(question, names, &outline,
				   step ? length + 1 : 0, false);
}

void complete_member_of_type(const question_t *question)
{
	ask_names(question, ask_type_member, strrchr(question->begun, '.'));
}

static struct error *ask_expression(const question_t *question,
				    struct names *names, const char *step)
{
	struct error *error = NULL;

	if (step)
		error = complete_member(question, names, step);
	/* "e1000.c" may be a scope, too. */
	if (!error && question->ret->count)
		return NULL;
	error_destroy(error);
	return complete_name(question, names);
}

void complete_location(const question_t *question)
{
	const char *begun = question->begun;
	const char *equals = strchr(begun, '=');

	if (*begun == '@' && !strpbrk(begun, "+=")) {
		complete_region(question, "@");
		return;
	}
	if (equals)
		ask_names(question, complete_assigned, equals);
	else
		ask_names(question, ask_expression, last_step(begun));
}
