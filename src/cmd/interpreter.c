/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/interpreter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cmd/burst.h"
#include "cmd/promise.h"
#include "cmd/statement.h"
#include "render/diagnostic.h"
#include "render/json.h"
#include "render/output.h"
#include "script/words.h"
#include "target/attachment.h"
#include "target/machine.h"
#include "target/process.h"
#include "target/session.h"

static void note_status(struct interpreter *interpreter, int status)
{
	if (status == STATUS_DONE)
		return;
	interpreter->failed++;
	if (!interpreter->status)
		interpreter->status = status;
	if (!interpreter->go_on && !interpreter->checking)
		interpreter->ended = true;
}

/* A command that could not print its document is told by one all the same. */
static void put_json(const struct interpreter *interpreter,
		     const struct error *error)
{
	const struct options *options = interpreter->context.options;
	struct json_document document;
	const struct statement *statement =
		interpreter->name ? statement_find(interpreter->name) : NULL;
	const struct command *command;

	if (!options->json || json_documents_ended() > interpreter->documents)
		return;
	command = interpreter->name
			  ? command_find(interpreter->context.commands,
					 interpreter->name)
			  : NULL;
	if (command || !statement) {
		command_failed(command, options, interpreter->documents, error);
		return;
	}
	json_document_init(&document, options->json_lines, NULL,
			   json_head(statement->name, NULL));
	json_document_end(&document, json_tail(error));
}

void interpreter_fail(struct interpreter *interpreter, struct error *error)
{
	struct diagnostic_style style = style_of(interpreter->context.options);

	put_json(interpreter, error);

	if (interpreter->source)
		diagnostic_place(interpreter->source, interpreter->line);
	fflush(stdout);
	output_check();
	diagnostic_error(&style, error);
	note_status(interpreter, error_kind_status(error->kind));
	error_destroy(error);
}

static void on_told(void *data, uint64_t line, int status)
{
	(void)line;
	note_status(data, status);
}

static void on_line(void *data, uint64_t line)
{
	struct interpreter *interpreter = data;

	if (interpreter->source)
		diagnostic_place(interpreter->source, line);
}

struct error *interpreter_init(struct interpreter *interpreter,
			       const struct command_context *context)
{
	*interpreter = (struct interpreter){.context = *context};
	interpreter->context.held = &interpreter->held;
	interpreter->held.attach = context->options->plan.attach;
	return burst_create(&interpreter->context, on_told, on_line,
			    interpreter, &interpreter->burst);
}

void interpreter_deinit(struct interpreter *interpreter)
{
	burst_destroy(interpreter->burst);
	held_target_release(&interpreter->held);
	variables_deinit(&interpreter->variables);
	promises_deinit(&interpreter->promises);
	diagnostic_place(NULL, 0);
}

void interpreter_settle(struct interpreter *interpreter)
{
	burst_settle(interpreter->burst);
	if (interpreter->source)
		diagnostic_place(interpreter->source, interpreter->line);
}

void interpreter_release(struct interpreter *interpreter)
{
	interpreter_settle(interpreter);
	held_target_release(&interpreter->held);
}

/* Of two agents only one can have the threads of a process. */
static void release_threads_of(struct interpreter *interpreter, pid_t pid)
{
	struct session *session = interpreter->held.session;

	if (!session || session->process.pid != pid || interpreter->checking ||
	    interpreter->context.options->dry_run)
		return;
	interpreter_settle(interpreter);
	attachment_destroy(session->attachment);
	session->attachment = NULL;
}

struct error *interpreter_attach(struct interpreter *interpreter,
				 const char *process)
{
	const struct command_context *context = &interpreter->context;
	const struct options *options = context->options;
	struct session *session = NULL;
	struct error *error;
	bool before, refused;
	pid_t pid;

	if (!*process)
		return error_create(ERROR_USAGE, 0, "an empty process name");
	error = process_find(&context->machine->root, process, &pid);
	if (!error)
		error = session_create(context->machine, pid, options->stand_in,
				       &session);
	if (error)
		return error;
	session->no_debuginfod = options->no_debuginfod;
	release_threads_of(interpreter, pid);
	before = interpreter->held.refused;
	interpreter->held.refused = false;
	if (!interpreter->checking && !options->dry_run)
		error = target_attach(context, session, false, false);
	refused = interpreter->held.refused;
	interpreter->held.refused = before;
	if (error) {
		session_destroy(session);
		return error;
	}
	interpreter_release(interpreter);
	interpreter->held.session = session;
	interpreter->held.refused = refused;
	return NULL;
}

/* The words as main() would have them. */
static const char **argument_vector(const struct words *words, size_t first)
{
	size_t count = words->count - first;
	const char **arguments = calloc(count + 1, sizeof(*arguments));

	for (size_t i = 0; arguments && i < count; i++)
		arguments[i] = words->items[first + i].text;
	return arguments;
}

static struct error *check_place(const struct interpreter *interpreter,
				 const struct command *command)
{
	if (!(command->groups & (GROUP_BATCH | GROUP_SHELL)))
		return NULL;
	return error_create(ERROR_USAGE, 0, "%s holds no `%s`",
			    interpreter->source ? "a batch" : "a shell",
			    command->name);
}

/* The target is that of the batch; what only looks may look at another one. */
static struct error *check_process(struct interpreter *interpreter,
				   const struct command *command,
				   struct options *options)
{
	const struct options *all = interpreter->context.options;
	const struct session *session = interpreter->held.session;

	if (options->stand_in != all->stand_in && command != &command_maps)
		return error_help(error_create(ERROR_USAGE, 0,
					       "a line has no "
					       "--treat-as-device: there is "
					       "one target for all"),
				  "it can stand beside the name of the target");
	if (options->process != all->process && command != &command_maps)
		return error_help(error_create(ERROR_USAGE, 0,
					       "a line has no -p: there is one "
					       "target for all"),
				  "`attach PID` takes another one");
	if (session && options->process == all->process) {
		snprintf(interpreter->process, sizeof(interpreter->process),
			 "%d", (int)session->process.pid);
		options->process = interpreter->process;
	}
	return NULL;
}

/* What is held after the command: as it should be for the next one. */
static void detach_from_threads(struct interpreter *interpreter)
{
	struct session *session = interpreter->held.session;

	if (!session || !session->attachment || interpreter->held.attach ||
	    !attachment_is_whole(session))
		return;
	attachment_destroy(session->attachment);
	session->attachment = NULL;
}

/* Commands and statements that are near. */
static struct error *unknown(const struct interpreter *interpreter,
			     const char *name)
{
	const char *names[] = {NULL, NULL};
	struct error *error =
		command_unknown(interpreter->context.commands, name);

	for (size_t i = 0; statements[i].name; i++) {
		cleanup_free char *near = NULL;

		names[0] = statements[i].name;
		near = text_nearest(name, names);
		if (near && !text_starts(error->help, "near", NULL))
			return error_help(error, "near: %s", near);
	}
	if (!interpreter->source && !text_starts(error->help, "near", NULL))
		return error_help(error, "`help` lists them");
	return error;
}

struct error *interpreter_parse(struct interpreter *interpreter,
				const struct command *command,
				const struct words *words, size_t first,
				struct options *ret_options,
				struct command_context *ret_context)
{
	cleanup_free const char **arguments = argument_vector(words, first);
	int count = (int)(words->count - first), index = 1;
	struct options options;
	struct error *error;

	if (!arguments)
		return error_no_memory();
	error = check_place(interpreter, command);
	if (error)
		return error;
	error = options_inherit(&options, interpreter->context.options, count);
	if (error)
		return error;
	error = options_parse(&options, command, count, (char **)arguments,
			      &index);
	if (!error)
		error = check_process(interpreter, command, &options);
	if (error && !error->input && options.wrong)
		error_at(error, options.wrong, 0, strlen(options.wrong));
	if (error) {
		options_deinit(&options);
		return error;
	}
	/* All of it has one form. */
	if (interpreter->context.options->json)
		options.json_lines = interpreter->context.options->json_lines;
	options.only_checked = interpreter->checking && !options.dry_run;
	options.dry_run |= interpreter->checking;
	*ret_options = options;
	*ret_context = interpreter->context;
	ret_context->options = ret_options;
	ret_context->command = command;
	ret_context->machine->trust_kernel = options.trust_kernel;
	return NULL;
}

struct error *interpreter_help(const struct interpreter *interpreter,
			       const struct command *command)
{
	if (interpreter->context.options->json)
		return error_create(ERROR_USAGE, 0,
				    "help is text, and JSON is wanted");
	if (!interpreter->checking)
		command_print_help(command);
	return NULL;
}

void interpreter_put_off(const struct interpreter *interpreter)
{
	diagnostic_note("`%s` depends on a value that is not read in a dry run",
			interpreter->name);
}

static struct error *run_unless_promised(struct interpreter *interpreter,
					 const struct command_context *context,
					 int *ret_status)
{
	bool dry = context->options->dry_run;
	const char *file =
		dry ? promises_find(&interpreter->promises, context) : NULL;
	struct error *error;

	if (file) {
		diagnostic_note("`%s` reads %s, which is not made in a dry run",
				interpreter->name, file);
		return NULL;
	}
	error = context->command->run(context, ret_status);
	if (!error && dry)
		error = promises_add(&interpreter->promises, context);
	detach_from_threads(interpreter);
	return error;
}

static struct error *check_input(const struct interpreter *interpreter,
				 const struct command_context *context)
{
	const char *file =
		interpreter->takes_input ? standard_input_of(context) : NULL;

	return file ? error_at(error_create(ERROR_USAGE, 0,
					    "the lines come from standard "
					    "input: no file can"),
			       file, 0, strlen(file))
		    : NULL;
}

/* What holds a value that is not known yet is not resolved, nor is a file read
 * that a line before it makes. */
static struct error *check_parsed(struct interpreter *interpreter,
				  const struct command_context *context,
				  bool late)
{
	const struct command *command = context->command;
	struct command_context own = *context;
	struct error *error = NULL;

	own.is_promised = promises_find(&interpreter->promises, context);
	interpreter->promises.any |= late && command->file_use == FILE_MADE;
	if (command->check && !late)
		error = command->check(&own);
	return error ? error : promises_add(&interpreter->promises, context);
}

static struct error *run_parsed(struct interpreter *interpreter,
				const struct command_context *context,
				bool late, int *ret_status)
{
	const struct options *options = context->options;
	struct error *error = check_input(interpreter, context);

	if (error)
		return error;
	if (options->help || options->version) {
		error = interpreter_help(interpreter, context->command);
	} else if (interpreter->checking) {
		error = check_parsed(interpreter, context, late);
	} else if (late) {
		interpreter->promises.any |=
			context->command->file_use == FILE_MADE;
		interpreter_put_off(interpreter);
	} else {
		error = run_unless_promised(interpreter, context, ret_status);
	}
	return error;
}

static struct error *run_command(struct interpreter *interpreter,
				 const struct words *words, int *ret_status)
{
	const char *name = words->items[0].text;
	const struct command *const *commands = interpreter->context.commands;
	const struct command *command = command_find(commands, name);
	struct command_context context;
	struct options options;
	struct error *error;

	if (!command)
		return error_at(unknown(interpreter, name), name, 0,
				strlen(name));
	error = interpreter_parse(interpreter, command, words, 0, &options,
				  &context);
	if (error)
		return error;
	error = run_parsed(interpreter, &context, words_are_late(words, 0),
			   ret_status);
	options_deinit(&options);
	return error;
}

static bool is_read(const struct words *words)
{
	if (command_find((const struct command *const[]){&command_read, NULL},
			 words->items[0].text) == NULL)
		return false;
	for (size_t i = 1; i < words->count; i++)
		if (*words->items[i].text == '-')
			return false;
	return words->count > 1;
}

/* A line that can be read with others, or not: `*ret_done` tells. */
static struct error *read_in_burst(struct interpreter *interpreter,
				   const char *line, const struct words *words,
				   bool *ret_done)
{
	struct burst *burst = interpreter->burst;
	struct reading *reading = NULL;
	cleanup_free const char **arguments = NULL;
	struct error *error = NULL;

	*ret_done = false;
	if (interpreter->checking || !burst_serves(&interpreter->context))
		return NULL;
	/* What a variable says may be different the next time. */
	if (!words && !strchr(line, '$'))
		error = burst_find(burst, line, &reading);
	if (error || (!words && !reading))
		return error;
	if (!reading) {
		if (!is_read(words) || strchr(line, '$'))
			return NULL;
		arguments = argument_vector(words, 1);
		if (!arguments)
			return error_no_memory();
		error = burst_learn(burst, line, arguments, words->count - 1,
				    &reading);
	}
	if (!error && reading) {
		*ret_done = true;
		error = burst_read(burst, reading, interpreter->line);
	}
	return error;
}

static struct error *run_words(struct interpreter *interpreter,
			       const struct words *words, int *ret_status)
{
	const char *name = words->items[0].text;
	const struct statement *statement = statement_find(name);
	struct error *error;

	*ret_status = STATUS_DONE;
	if (!statement)
		return run_command(interpreter, words, ret_status);
	if (words->count - 1 < statement->least ||
	    words->count - 1 > statement->most)
		return error_help(error_at(error_create(ERROR_USAGE, 0,
							"`%s` takes other "
							"words",
							name),
					   name, 0, strlen(name)),
				  "%s %s", name, statement->arguments);
	error = statement->run(interpreter, words);
	detach_from_threads(interpreter);
	return error;
}

/* Wrong words are shown in their line. */
static struct error *locate(const struct words *words, const char *line,
			    struct error *error)
{
	if (!error->input && error->kind != ERROR_USAGE)
		return error;
	words_locate(words, line, error);
	if (!error->input && words->count)
		error_at(error, line, words->items[0].start,
			 words->items[0].length);
	return error;
}

/* What each JSON document, or line, of a line has besides is its number.
 * `words`: NULL or none if it is not known what the line is. */
static void begin_line(struct interpreter *interpreter,
		       const struct words *words)
{
	json_object *members;

	interpreter->documents = json_documents_ended();
	interpreter->name = words && words->count ? words->items[0].text : NULL;
	if (!interpreter->context.options->json || !interpreter->source)
		return;
	members = json_object_new_object();
	json_object_object_add(
		members, "batch_line",
		json_object_new_int64((int64_t)interpreter->line));
	json_object_object_add(members, "batch_source",
			       json_text(interpreter->source));
	json_nest_members(members);
}

void interpreter_unread(struct interpreter *interpreter, struct error *error)
{
	begin_line(interpreter, NULL);
	interpreter_settle(interpreter);
	if (interpreter->ended)
		error_destroy(error);
	else
		interpreter_fail(interpreter, error);
	interpreter->ended = true;
}

static void carry_out(struct interpreter *interpreter, const char *line)
{
	cleanup_words struct words words = {0};
	struct error *error;
	int status = STATUS_DONE;
	bool done;

	error = read_in_burst(interpreter, line, NULL, &done);
	if (!error && done)
		return;
	if (!error)
		error = words_split(line, &interpreter->variables, &words);
	if (!error && !words.count)
		return;
	begin_line(interpreter, &words);
	if (!error)
		error = read_in_burst(interpreter, line, &words, &done);
	if (!error && !done) {
		interpreter_settle(interpreter);
		if (interpreter->ended)
			return;
		error = run_words(interpreter, &words, &status);
	} else if (!error) {
		return;
	} else {
		interpreter_settle(interpreter);
	}
	output_check();
	/* A line before it may have failed only now. */
	if (error && interpreter->ended)
		error_destroy(error);
	else if (error)
		interpreter_fail(interpreter, locate(&words, line, error));
	else
		note_status(interpreter, status);
}

void interpreter_line(struct interpreter *interpreter, const char *line)
{
	carry_out(interpreter, line);
	interpreter->name = NULL;
	/* By a signal that came in the middle of the line. */
	interpreter->ended |=
		!burst_is_open(interpreter->burst) && interrupt_is_final();
}
