/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cmd/interpreter.h"
#include "render/diagnostic.h"
#include "render/json.h"
#include "render/output.h"
#include "script/lines.h"

/* So many wrong lines are told. */
enum { MOST_ERRORS = 20 };

/* The lines of a batch that is there as a whole. */
struct text {
	struct text_line {
		char *text;
		const char *source; /* where it stands, for diagnostics */
		uint64_t number;    /* in there, from 1 */
	} * lines;
	size_t count, capacity;
};

static void text_deinit(struct text *text)
{
	for (size_t i = 0; i < text->count; i++)
		free(text->lines[i].text);
	free(text->lines);
}

static struct error *text_add(struct text *text, const char *line,
			      const char *source, uint64_t number)
{
	char *copy = strdup(line);

	if (!copy || !list_grow(&text->lines, text->count, &text->capacity,
				sizeof(*text->lines))) {
		free(copy);
		return error_no_memory();
	}
	text->lines[text->count++] = (struct text_line){
		.text = copy,
		.source = source,
		.number = number,
	};
	return NULL;
}

/* A place for what is wrong before any line is carried out. */
static struct error *at_line(const char *source, const struct lines *lines,
			     struct error *error)
{
	diagnostic_place(source, lines->number);
	return error;
}

static struct error *read_all(int fd, const char *source, struct text *ret)
{
	struct lines lines;
	struct error *error = lines_init(&lines, fd);
	char *line = NULL;

	if (error)
		return error;
	do {
		error = lines_next(&lines, &line);
		if (error)
			error = at_line(source, &lines, error);
		else if (line)
			error = text_add(ret, line, source, lines.number);
	} while (!error && line);
	lines_deinit(&lines);
	return error;
}

/* The document of a batch: those of its commands, and what became of it. */
static void begin_json(const struct command_context *context,
		       struct json_document *document)
{
	const struct options *options = context->options;

	if (!options->json)
		return;
	json_document_init(document, options->json_lines, "results",
			   json_head("batch", NULL));
	json_nest_begin(document);
}

static void end_json(const struct command_context *context, int status,
		     const struct error *error)
{
	json_object *tail;

	if (!context->options->json)
		return;
	json_nest_members(NULL);
	tail = json_tail(error);
	json_object_object_add(tail, "status", json_object_new_int(status));
	json_nest_end(tail);
}

static void carry_out(struct interpreter *interpreter, const struct text *text)
{
	for (size_t i = 0; i < text->count && !interpreter->ended; i++) {
		const struct text_line *line = &text->lines[i];

		if (interpreter->source != line->source)
			interpreter_settle(interpreter);
		interpreter->source = line->source;
		interpreter->line = line->number;
		interpreter_line(interpreter, line->text);
		if (interpreter->checking && interpreter->failed >= MOST_ERRORS)
			break;
	}
	interpreter_settle(interpreter);
}

static void sum_up(uint64_t failed)
{
	diagnostic_place(NULL, 0);
	diagnostic_note("%llu line%s wrong%s; nothing was accessed",
			(unsigned long long)failed,
			failed == 1 ? " is" : "s are",
			failed >= MOST_ERRORS ? " at least" : "");
}

/* Whether anything is wrong with it; nothing is accessed. */
static struct error *check_text(const struct command_context *context,
				const struct text *text, bool takes_input,
				int *ret_status)
{
	struct interpreter interpreter;
	struct error *error = interpreter_init(&interpreter, context);

	if (error)
		return error;
	interpreter.checking = true;
	interpreter.takes_input = takes_input;
	carry_out(&interpreter, text);
	*ret_status = interpreter.status;
	if (interpreter.failed)
		sum_up(interpreter.failed);
	interpreter_deinit(&interpreter);
	return NULL;
}

static struct error *run_text(const struct command_context *context,
			      const struct text *text, int *ret_status)
{
	struct interpreter interpreter;
	struct error *error = check_text(context, text, false, ret_status);

	if (error || *ret_status)
		return error;
	error = interpreter_init(&interpreter, context);
	if (error)
		return error;
	carry_out(&interpreter, text);
	*ret_status = interpreter.status;
	interpreter_deinit(&interpreter);
	return NULL;
}

/* Line by line, as they come. Whoever waits for an answer gets it before the
 * next line is waited for. */
static void carry_out_stream(struct interpreter *interpreter,
			     struct lines *lines)
{
	while (!interpreter->ended) {
		struct error *error;
		char *line;

		if (!lines_ready(lines)) {
			interpreter_settle(interpreter);
			output_check();
			fflush(stdout);
			if (interpreter->ended)
				break;
		}
		error = lines_next(lines, &line);
		interpreter->line = lines->number;
		if (error) {
			interpreter_unread(interpreter, error);
		} else if (line) {
			interpreter_line(interpreter, line);
		} else {
			break;
		}
	}
	interpreter_settle(interpreter);
}

/* Behind `before`, the lines of -e, which are checked as a whole before. */
static struct error *run_stream(const struct command_context *context, int fd,
				const char *source, const struct text *before,
				int *ret_status)
{
	struct interpreter interpreter;
	struct lines lines;
	bool takes_input = fd == STDIN_FILENO;
	struct error *error =
		check_text(context, before, takes_input, ret_status);

	if (error || *ret_status)
		return error;
	error = lines_init(&lines, fd);
	if (error)
		return error;
	error = interpreter_init(&interpreter, context);
	if (!error) {
		interpreter.takes_input = takes_input;
		carry_out(&interpreter, before);
		interpreter.source = source;
		carry_out_stream(&interpreter, &lines);
		*ret_status = interpreter.status;
		interpreter_deinit(&interpreter);
	}
	lines_deinit(&lines);
	return error;
}

static struct error *run_fd(const struct command_context *context, int fd,
			    const char *source, struct text *before,
			    int *ret_status)
{
	struct error *error;
	struct stat status;

	if (fstat(fd, &status) != 0)
		return error_subject(error_create(ERROR_FAILED, errno,
						  "the batch cannot be read"),
				     source);
	if (!S_ISREG(status.st_mode) || fd == STDIN_FILENO)
		return run_stream(context, fd, source, before, ret_status);
	error = read_all(fd, source, before);
	return error ? error : run_text(context, before, ret_status);
}

static struct error *run_file(const struct command_context *context,
			      const char *path, struct text *before,
			      int *ret_status)
{
	cleanup_close int fd = -1;

	if (strcmp(path, "-") == 0)
		return run_fd(context, STDIN_FILENO, "stdin", before,
			      ret_status);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_subject(error_create(ERROR_FAILED, errno,
						  "the batch cannot be opened"),
				     path);
	return run_fd(context, fd, path, before, ret_status);
}

/* A line of -e. More of them in one word would be one, a comment perhaps. */
static struct error *add_argument(struct text *text, const char *line,
				  uint64_t number)
{
	if (strchr(line, '\n')) {
		diagnostic_place("-e", number);
		return error_help(error_create(ERROR_USAGE, 0,
					       "there is more than one line"),
				  "an -e for each");
	}
	return text_add(text, line, "-e", number);
}

/* The lines of -e, and then those of the file. */
static struct error *run_all(const struct command_context *context,
			     int *ret_status)
{
	const struct options *options = context->options;
	const struct word_list *lines = &options->lines;
	cleanup_with(text_deinit) struct text text = {0};
	struct error *error = NULL;

	for (size_t i = 0; i < lines->count && !error; i++)
		error = add_argument(&text, lines->items[i], i + 1);
	if (error)
		return error;
	if (lines->count && !options->n_arguments)
		return run_text(context, &text, ret_status);
	return run_file(context,
			options->n_arguments ? options->arguments[0] : "-",
			&text, ret_status);
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	const struct options *options = context->options;
	struct json_document document;
	struct error *error = NULL;

	if (options->n_arguments > 1)
		error = error_help(
			error_create(ERROR_USAGE, 0, "a batch is one file"),
			"lines are given by -e LINE");
	if (error)
		return error;
	*ret_status = STATUS_DONE;
	begin_json(context, &document);
	error = run_all(context, ret_status);
	if (!error && *ret_status == STATUS_DONE && interrupt_is_final())
		error = error_create(ERROR_INTERRUPTED, 0, "interrupted");
	end_json(context, error ? error_kind_status(error->kind) : *ret_status,
		 error);
	return error;
}

const struct command command_batch = {
	.name = "batch",
	.arguments = "[FILE|-]",
	.summary = "carry out commands, a line each, over one session",
	.help = "  batch -p app setup.mmio\n"
		"  batch -p app -e 'write @uio0=1' -e 'wait @uio0+0x4 set 1'\n"
		"  batch -p app -e 'set base @uio0' setup.mmio   first the "
		"line, then the file\n"
		"  generate | mmiodbg batch -p app\n\n"
		"A file is checked as a whole before the first access, "
		"standard "
		"input line by line.\n"
		"mmiodbg-batch(5) tells the language.\n",
	.list = "results",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS |
		  GROUP_VALUES | GROUP_BATCH,
	.run = run,
};
