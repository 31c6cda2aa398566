/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kind of word stands where: by the tables of commands, statements and
 * options. */
#include <ctype.h>
#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/interpreter.h"
#include "cmd/shell-complete.h"
#include "cmd/statement.h"
#include "render/table.h"
#include "script/partial.h"
#include "shell/candidates.h"

/* A line that is being completed. */
struct line {
	struct interpreter *interpreter;
	const struct partial *partial;
	struct candidates *ret;
	const struct command *command;
	/* Words of the command before the last one. */
	const char **positional;
	size_t n_positional;
	const char *type, *member; /* of -t and -m, or NULL */
	const char
		*begun; /* the last word; of "--via=tr" what follows the "=" */
	/* What it is called as an option's argument; NULL: it is none. */
	const char *wanted;
	bool only_arguments; /* "--" was there */
};

static void add_words(const struct line *line, const char *const *words)
{
	for (; *words; words++)
		candidates_add_word(line->ret, line->begun, *words, true);
}

static struct location_question question_of(const struct line *line)
{
	return (struct location_question){
		.interpreter = line->interpreter,
		.begun = line->begun,
		.type = line->type,
		.member = line->member,
		.is_written =
			line->command && line->command->groups & GROUP_WRITE,
		.ret = line->ret,
	};
}

/* Kinds of words */

static void add_location(const struct line *line)
{
	const struct location_question question = question_of(line);

	complete_location(&question);
}

static void add_device(const struct line *line)
{
	const struct location_question question = question_of(line);

	complete_device(&question);
}

static void add_type(const struct line *line)
{
	const struct location_question question = question_of(line);

	complete_type(&question);
}

static void add_member(const struct line *line)
{
	const struct location_question question = question_of(line);

	if (line->type)
		complete_member_of_type(&question);
}

static void add_process(const struct line *line)
{
	const struct location_question question = question_of(line);

	complete_process(&question);
}

static void add_file(const struct line *line)
{
	complete_file(line->begun, line->ret);
}

static void add_operator(const struct line *line)
{
	static const char *const words[] = {"eq", "ne",  "lt",    "le", "gt",
					    "ge", "set", "clear", NULL};

	add_words(line, words);
}

static void add_value(const struct line *line)
{
	const struct location_question question = question_of(line);

	if (line->n_positional)
		complete_value(&question, line->positional[0]);
}

static void add_width(const struct line *line)
{
	static const char *const words[] = {"8",    "16",   "32",   "64",
					    "16be", "32be", "64be", "16le",
					    "32le", "64le", "32x2", NULL};

	add_words(line, words);
}

static void add_backend(const struct line *line)
{
	static const char *const words[] = {"auto", "kernel", "tracee", NULL};

	add_words(line, words);
}

static void add_when(const struct line *line)
{
	static const char *const words[] = {"auto", "always", "never", NULL};

	add_words(line, words);
}

static void add_form(const struct line *line)
{
	static const char *const words[] = {"raw", "hex", NULL};

	add_words(line, words);
}

static void add_behaviour(const struct line *line)
{
	static const char *const words[] = {"stop", "continue", NULL};

	add_words(line, words);
}

/* But for what a shell refuses. */
static void add_statements(const struct line *line)
{
	for (size_t i = 0; statements[i].name; i++)
		if (strcmp(statements[i].name, "on-error") != 0)
			candidates_add_word(line->ret, line->begun,
					    statements[i].name, true);
}

static void add_commands(const struct line *line)
{
	const struct command *const *commands =
		line->interpreter->context.commands;

	for (; *commands; commands++)
		if (!((*commands)->groups & (GROUP_BATCH | GROUP_SHELL)))
			candidates_add_word(line->ret, line->begun,
					    (*commands)->name, true);
	add_statements(line);
}

static void add_variable(const void *node, VISIT visit, void *data)
{
	const struct variable *variable = *(struct variable *const *)node;
	const struct line *line = data;

	if (visit == postorder || visit == leaf)
		candidates_add_word(line->ret, line->begun, variable->name,
				    true);
}

static void add_variables(const struct line *line)
{
	twalk_r(line->interpreter->variables.tree, add_variable, (void *)line);
}

static void add_column(const struct line *line, const char *before,
		       const char *name)
{
	cleanup_free char *small = strdup(name);

	candidates_add(line->ret, line->begun,
		       (const char *[]){before, name, NULL}, strlen(before),
		       false);
	/* Names are taken in any case. */
	for (char *c = small; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (small && line->begun[strlen(before)])
		candidates_add(line->ret, line->begun,
			       (const char *[]){before, small, NULL},
			       strlen(before), false);
}

/* "PID,CL", "+cl" */
static void add_columns(const struct line *line)
{
	const struct command_table *table = line->command->tables;
	const char *begun = line->begun, *comma = strrchr(begun, ',');
	size_t length = comma ? (size_t)(comma + 1 - begun) : *begun == '+';
	cleanup_free char *before = strndup(begun, length);

	for (; before && table && table->columns; table++)
		for (size_t i = 0; i < *table->count; i++)
			add_column(line, before, table->columns[i].name);
}

/* What usage calls a word, and what it may be. The first that occurs counts. */
static const struct {
	const char *part;
	void (*add)(const struct line *line);
} kinds[] = {
	{"LOCATION", add_location}, {"FILE", add_file},
	{"DEVICE", add_device},     {"REGION", add_device},
	{"COMMAND", add_commands},  {"PID", add_process},
	{"WIDTH", add_width},       {"BACKEND", add_backend},
	{"WHEN", add_when},         {"FORM", add_form},
	{"stop", add_behaviour},    {"VALUE", add_value},
	{"OP", add_operator},       {"NAME", add_location},
	{"COLUMNS", add_columns},   {"TYPE", add_type},
	{"MEMBER", add_member},
};

static void add_kind(const struct line *line, const char *called)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strstr(called, kinds[i].part)) {
			kinds[i].add(line);
			return;
		}
}

/* The word of usage that stands for the number'th argument; NULL: none does.
 * The last one may stand for more: "LOCATION...". The caller frees. */
static char *called_at(const char *usage, size_t number)
{
	size_t length = strcspn(usage, " ");

	while (number && usage[length]) {
		usage += length + 1;
		length = strcspn(usage, " ");
		number--;
	}
	if (!length || (number && !strstr(usage, "...")))
		return NULL;
	return strndup(usage, length);
}

static void add_argument(const struct line *line, const char *usage,
			 size_t number)
{
	cleanup_free char *called = called_at(usage, number);

	if (called)
		add_kind(line, called);
}

/* Options */

static bool find_option(const struct command *command, const char *name,
			size_t length, char letter, struct option_word *ret)
{
	size_t row = 0;

	while (options_next(command, &row, ret))
		if (name ? strlen(ret->name) == length &&
				    strncmp(ret->name, name, length) == 0
			 : ret->letter == letter)
			return true;
	return false;
}

static void note_argument(struct line *line, const struct option_word *option,
			  const char *argument)
{
	if (option->letter == 't')
		line->type = argument;
	if (option->letter == 'm')
		line->member = argument;
}

/* `*ret_waits`: the next word is the argument of the option. */
static void take_long(struct line *line, const char *word,
		      struct option_word *option, bool *ret_waits)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : strlen(word);

	if (!find_option(line->command, word, length, 0, option) ||
	    !option->argument)
		return;
	*ret_waits = !equals;
	if (equals)
		note_argument(line, option, equals + 1);
}

static void take_letters(struct line *line, const char *word,
			 struct option_word *option, bool *ret_waits)
{
	for (; *word; word++) {
		if (!find_option(line->command, NULL, 0, *word, option) ||
		    !option->argument)
			continue;
		*ret_waits = !word[1];
		if (word[1])
			note_argument(line, option, word + 1);
		return;
	}
}

static bool is_option(const struct line *line, const char *word)
{
	return *word == '-' && !line->only_arguments &&
	       (word[1] < '0' || word[1] > '9');
}

/* The words from `first` on, but the last one. */
static void take_words(struct line *line, size_t first)
{
	const struct words *words = &line->partial->before;
	struct option_word option;
	bool waits = false;

	for (size_t i = first; i < words->count; i++) {
		const char *word = words->items[i].text;

		if (waits) {
			note_argument(line, &option, word);
			waits = false;
		} else if (strcmp(word, "--") == 0) {
			line->only_arguments = true;
		} else if (!is_option(line, word)) {
			line->positional[line->n_positional++] = word;
		} else if (word[1] == '-') {
			take_long(line, word + 2, &option, &waits);
		} else {
			take_letters(line, word + 1, &option, &waits);
		}
	}
	line->wanted = waits ? option.argument : NULL;
}

/* Options that name the target: a line has none. */
static bool is_of_all(const struct command *command,
		      const struct option_word *option)
{
	return command != &command_maps &&
	       (strcmp(option->name, "pid") == 0 ||
		strcmp(option->name, "treat-as-device") == 0);
}

static void add_options(const struct line *line)
{
	struct option_word option;
	size_t row = 0;

	while (options_next(line->command, &row, &option))
		if (!is_of_all(line->command, &option))
			candidates_add(
				line->ret, line->begun,
				(const char *[]){"--", option.name, NULL}, 0,
				true);
}

/* "--via=tr": `begun` becomes its argument. */
static void take_last(struct line *line)
{
	const char *word = line->begun, *equals = strchr(word, '=');
	struct option_word option;

	if (line->wanted || line->only_arguments || !equals ||
	    !text_starts(word, "--", &word) ||
	    !find_option(line->command, word, (size_t)(equals - word), 0,
			 &option) ||
	    !option.argument)
		return;
	line->wanted = option.argument;
	line->begun = equals + 1;
}

static void add_option_argument(const struct line *line)
{
	const char *whole = line->partial->text;
	cleanup_free char *before =
		strndup(whole, (size_t)(line->begun - whole));

	add_kind(line, line->wanted);
	if (*before)
		candidates_put_before(line->ret, before);
}

static void complete_command(struct line *line, size_t first)
{
	line->positional = calloc(line->partial->before.count + 1,
				  sizeof(*line->positional));
	if (!line->positional)
		return;
	take_words(line, first);
	take_last(line);
	if (line->wanted)
		add_option_argument(line);
	else if (is_option(line, line->begun))
		add_options(line);
	else
		add_argument(line, line->command->arguments,
			     line->n_positional);
	free(line->positional);
}

/* Statements whose words are those of a command from some word on. */
static const struct {
	const char *name;
	const struct command *command;
	size_t first;
} disguises[] = {
	{"assert", &command_assert, 1},
	{"let", &command_read, 3},
};

static bool complete_disguised(struct line *line, const char *name)
{
	for (size_t i = 0; i < sizeof(disguises) / sizeof(disguises[0]); i++) {
		if (strcmp(name, disguises[i].name) != 0 ||
		    line->partial->before.count < disguises[i].first)
			continue;
		line->command = disguises[i].command;
		complete_command(line, disguises[i].first);
		return true;
	}
	return false;
}

static void complete_statement(struct line *line,
			       const struct statement *statement)
{
	size_t number = line->partial->before.count - 1;

	if (complete_disguised(line, statement->name))
		return;
	if (number == 0 && (strcmp(statement->name, "set") == 0 ||
			    strcmp(statement->name, "let") == 0))
		add_variables(line);
	else if (number == 1 && strcmp(statement->name, "let") == 0)
		add_words(line, (const char *const[]){"read", NULL});
	else if (strcmp(statement->name, "set") != 0)
		add_argument(line, statement->arguments, number);
}

void shell_complete(struct interpreter *interpreter,
		    const struct partial *partial, struct candidates *ret)
{
	struct line line = {
		.interpreter = interpreter,
		.partial = partial,
		.begun = partial->text,
		.ret = ret,
	};
	const struct statement *statement;
	const char *name;

	if (partial->in_variable) {
		add_variables(&line);
		return;
	}
	if (!partial->before.count) {
		add_commands(&line);
		return;
	}
	name = partial->before.items[0].text;
	statement = statement_find(name);
	line.command = command_find(interpreter->context.commands, name);
	if (statement)
		complete_statement(&line, statement);
	else if (line.command)
		complete_command(&line, 1);
}
