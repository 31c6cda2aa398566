/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/statement.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cmd/access.h"
#include "cmd/condition.h"
#include "cmd/interpreter.h"
#include "plan/run.h"
#include "render/json.h"
#include "script/words.h"
#include "target/session.h"

static const char *text_of(const struct words *words, size_t i)
{
	return words->items[i].text;
}

static struct error *check_name(const char *name)
{
	if (*name && variable_name_length(name) == strlen(name))
		return NULL;
	return error_at(
		error_help(error_create(ERROR_USAGE, 0,
					"this is no name of a variable"),
			   "a name is letters, digits and _"),
		name, 0, strlen(name));
}

static struct error *run_set(struct interpreter *interpreter,
			     const struct words *words)
{
	struct error *error = check_name(text_of(words, 1));

	return error ? error
		     : variables_set(&interpreter->variables, text_of(words, 1),
				     text_of(words, 2), words->items[2].late);
}

static struct error *check_one(const struct plan *plan, const char *text)
{
	if (plan->count == 1 && plan->operations->place.count == 1)
		return NULL;
	return error_at(error_create(ERROR_USAGE, 0,
				     "a variable holds the value of one "
				     "register"),
			text, 0, strlen(text));
}

/* What is only checked is not shown, and JSON has nothing of statements. */
static struct error *walk_dry(const struct interpreter *interpreter,
			      const struct command_context *context,
			      struct plan *plan)
{
	int status;

	return interpreter->checking || context->options->json
		       ? NULL
		       : access_walk_dry(context, plan, &status);
}

/* What stands behind `let NAME`. `ret` stays as it is in a dry run. */
static struct error *let_read(const struct interpreter *interpreter,
			      const struct command_context *context,
			      char ret[24])
{
	cleanup_location_list struct location_list locations = {0};
	cleanup_session struct session *session = NULL;
	cleanup_plan struct plan plan = {0};
	const struct options *options = context->options;
	struct error *error = locations_parse(options, &locations);
	uint64_t value;

	if (!error)
		error = access_prepare(context, &options->plan, &locations,
				       &session, &plan);
	if (!error)
		error = check_one(&plan, locations.items[0]->text);
	if (!error && options->dry_run)
		return walk_dry(interpreter, context, &plan);
	if (error)
		return error;
	error = access_read_one(context, &plan, &value);
	if (!error)
		snprintf(ret, 24, "0x%0*llx",
			 (int)(operation_shown_bits(plan.operations) + 3) / 4,
			 (unsigned long long)operation_shown(plan.operations,
							     value));
	return error;
}

/* Any number does until the value is known. */
#define SOME_VALUE "0x1"

static struct error *run_let(struct interpreter *interpreter,
			     const struct words *words)
{
	const char *name = text_of(words, 1), *command = text_of(words, 2);
	const struct command *const reads[] = {&command_read, NULL};
	struct command_context context;
	struct options options;
	struct error *error = check_name(name);
	char value[24] = SOME_VALUE;
	bool late;

	if (!error && !command_find(reads, command))
		error = error_at(
			error_help(error_create(ERROR_USAGE, 0,
						"a value comes from `read`"),
				   "let %s read LOCATION; `set` takes a text",
				   name),
			command, 0, strlen(command));
	if (!error)
		error = interpreter_parse(interpreter, &command_read, words, 2,
					  &options, &context);
	if (error)
		return error;
	late = options.dry_run;
	if (options.help || options.version) {
		options_deinit(&options);
		return interpreter_help(interpreter, &command_read);
	}
	/* A value that was there before must not stand for one that could not
	 * be read. */
	if (!interpreter->checking)
		variables_unset(&interpreter->variables, name);
	if (!words_are_late(words, 2))
		error = let_read(interpreter, &context, value);
	options_deinit(&options);
	return error ? error
		     : variables_set(&interpreter->variables, name, value,
				     late);
}

static struct error *run_echo(struct interpreter *interpreter,
			      const struct words *words)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *stream;

	if (interpreter->checking)
		return NULL;
	if (words_are_late(words, 0)) {
		interpreter_put_off(interpreter);
		return NULL;
	}
	stream = open_memstream(&text, &size);
	if (!stream)
		return error_no_memory();
	for (size_t i = 1; i < words->count; i++)
		fprintf(stream, "%s%s", i > 1 ? " " : "", text_of(words, i));
	if (fclose(stream))
		return error_no_memory();
	if (interpreter->context.options->json) {
		struct json_document document;
		json_object *tail = json_tail(NULL);

		json_object_object_add(tail, "text", json_text(text));
		json_document_init(&document,
				   interpreter->context.options->json_lines,
				   NULL, json_head("echo", NULL));
		json_document_end(&document, tail);
		return NULL;
	}
	puts(text);
	return NULL;
}

static struct error *run_sleep(struct interpreter *interpreter,
			       const struct words *words)
{
	uint64_t time;
	struct error *error = duration_parse("sleep", text_of(words, 1), &time);

	if (error || interpreter->checking ||
	    interpreter->context.options->dry_run)
		return error;
	fflush(stdout);
	interrupt_wait(NULL, 0, time);
	return interrupt_pending()
		       ? error_create(ERROR_INTERRUPTED, 0, "interrupted")
		       : NULL;
}

const struct command command_assert = {
	.name = "assert",
	.arguments = "LOCATION OP [VALUE]",
	.summary = "fail (status 1) unless a condition holds; one read",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS,
};

static struct error *assert_condition(const struct interpreter *interpreter,
				      const struct command_context *context)
{
	cleanup_condition_plan struct condition_plan of;
	const struct options *options = context->options;
	struct error *error = condition_plan_make(context, options->arguments,
						  options->n_arguments, &of);
	uint64_t value;

	if (!error && options->dry_run)
		return walk_dry(interpreter, context, &of.plan);
	if (error)
		return error;
	error = access_read_one(context, &of.plan, &value);
	if (!error && !condition_holds(&of.condition, &of.plan, value))
		error = condition_plan_failed(&of, ERROR_ASSERTION, value);
	return error;
}

static struct error *run_assert(struct interpreter *interpreter,
				const struct words *words)
{
	struct command_context context;
	struct options options;
	struct error *error = interpreter_parse(interpreter, &command_assert,
						words, 0, &options, &context);

	if (error)
		return error;
	if (options.help || options.version)
		error = interpreter_help(interpreter, &command_assert);
	else if (!words_are_late(words, 0))
		error = assert_condition(interpreter, &context);
	else if (!interpreter->checking)
		interpreter_put_off(interpreter);
	options_deinit(&options);
	return error;
}

static struct error *run_on_error(struct interpreter *interpreter,
				  const struct words *words)
{
	const char *what = text_of(words, 1);

	if (!interpreter->source)
		return error_create(ERROR_USAGE, 0,
				    "a shell goes on whatever fails");
	if (strcmp(what, "continue") != 0 && strcmp(what, "stop") != 0)
		return error_at(error_help(error_create(ERROR_USAGE, 0,
							"on-error does not "
							"know this"),
					   "stop or continue"),
				what, 0, strlen(what));
	if (!interpreter->checking)
		interpreter->go_on = strcmp(what, "continue") == 0;
	return NULL;
}

static struct error *run_attach(struct interpreter *interpreter,
				const struct words *words)
{
	if (!words_are_late(words, 1))
		return interpreter_attach(interpreter, text_of(words, 1));
	if (!interpreter->checking)
		interpreter_put_off(interpreter);
	return NULL;
}

static struct error *run_detach(struct interpreter *interpreter,
				const struct words *words)
{
	(void)words;
	interpreter_release(interpreter);
	return NULL;
}

static struct error *run_exit(struct interpreter *interpreter,
			      const struct words *words)
{
	(void)words;
	if (!interpreter->checking)
		interpreter->ended = true;
	return NULL;
}

static void list_all(const struct interpreter *interpreter)
{
	const struct command *const *commands = interpreter->context.commands;

	puts("Commands; `COMMAND --help` tells more:");
	for (; *commands; commands++)
		if (!((*commands)->groups & (GROUP_BATCH | GROUP_SHELL)))
			printf("  %-10s %-28s %s\n", (*commands)->name,
			       (*commands)->arguments, (*commands)->summary);
	puts("\nStatements:");
	for (size_t i = 0; statements[i].name; i++)
		printf("  %-10s %-28s %s\n", statements[i].name,
		       statements[i].arguments, statements[i].summary);
}

static struct error *run_help(struct interpreter *interpreter,
			      const struct words *words)
{
	const char *name = words->count > 1 ? text_of(words, 1) : NULL;
	const struct statement *statement = name ? statement_find(name) : NULL;
	const struct command *command =
		name ? command_find(interpreter->context.commands, name) : NULL;

	if (name && !statement && !command)
		return error_at(
			command_unknown(interpreter->context.commands, name),
			name, 0, strlen(name));
	if (command || interpreter->context.options->json)
		return interpreter_help(interpreter, command);
	if (interpreter->checking)
		return NULL;
	if (statement)
		printf("%s%s%s\n\n%s\n", statement->name,
		       *statement->arguments ? " " : "", statement->arguments,
		       statement->summary);
	else
		list_all(interpreter);
	return NULL;
}

const struct statement statements[] = {
	{"set", "NAME TEXT", "a variable: ${NAME} is TEXT from here on", 2, 2,
	 run_set},
	{"let", "NAME read LOCATION", "a variable with the value of a register",
	 3, SIZE_MAX, run_let},
	{"assert", "LOCATION OP [VALUE]",
	 "fail (status 1) unless the condition holds; one read", 1, SIZE_MAX,
	 run_assert},
	{"sleep", "TIME", "wait for so long: 10ms", 1, 1, run_sleep},
	{"echo", "TEXT...", "print words", 0, SIZE_MAX, run_echo},
	{"on-error", "stop|continue",
	 "whether a line that fails ends all (at first: stop)", 1, 1,
	 run_on_error},
	{"attach", "PID|NAME", "take another process for the target", 1, 1,
	 run_attach},
	{"detach", "", "let go of the target", 0, 0, run_detach},
	{"help", "[COMMAND]", "this list, or what a command takes", 0, 1,
	 run_help},
	{"exit", "", "end", 0, 0, run_exit},
	{NULL, NULL, NULL, 0, 0, NULL},
};

const struct statement *statement_find(const char *name)
{
	if (strcmp(name, "quit") == 0)
		name = "exit";
	for (size_t i = 0; statements[i].name; i++)
		if (strcmp(statements[i].name, name) == 0)
			return &statements[i];
	return NULL;
}
