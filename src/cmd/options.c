/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/option-row.h"

enum { LONG_BASE = 256 }; /* behind all letters */

static struct error *make_lists(struct options *options, int argc)
{
	size_t room = (size_t)argc + 1;

	options->arguments = calloc(room, sizeof(*options->arguments));
	options->only = (struct word_list){
		.items = calloc(room, sizeof(*options->only.items)),
	};
	options->lines = (struct word_list){
		.items = calloc(room, sizeof(*options->lines.items)),
	};
	options->n_arguments = 0;
	if (options->arguments && options->only.items && options->lines.items)
		return NULL;
	options_deinit(options);
	return error_no_memory();
}

struct error *options_inherit(struct options *options,
			      const struct options *base, int argc)
{
	*options = *base;
	options->given = 0;
	options->stand_in_given = false;
	options->help = options->version = false;
	return make_lists(options, argc);
}

void options_deinit(struct options *options)
{
	free(options->arguments);
	free(options->only.items);
	free(options->lines.items);
	options->arguments = options->only.items = options->lines.items = NULL;
}

struct error *options_init(struct options *options, int argc)
{
	const char *process = getenv("MMIODBG_PID");
	const char *no_color = getenv("NO_COLOR");

	*options = (struct options){.plan = {.retry = DEFAULT_RETRY}};
	if (process && *process)
		options->process = process;
	if (no_color && *no_color)
		options->color = COLOR_NEVER;
	return make_lists(options, argc);
}

static void make_getopt(struct option longs[OPTION_MOST_ROWS + 1],
			char shorts[2 * OPTION_MOST_ROWS + 3])
{
	/* "+" stops at the first argument, and ":" keeps getopt silent. */
	char *out = shorts;

	*out++ = '+';
	*out++ = ':';
	for (size_t i = 0; i < option_row_count; i++) {
		longs[i] = (struct option){
			.name = option_rows[i].name,
			.has_arg = option_rows[i].argument ? required_argument
							   : no_argument,
			.val = LONG_BASE + (int)i,
		};
		if (!option_rows[i].letter)
			continue;
		*out++ = option_rows[i].letter;
		if (option_rows[i].argument)
			*out++ = ':';
	}
	*out = '\0';
	longs[option_row_count] = (struct option){0};
}

static const struct option_row *find_row(int value)
{
	if (value >= LONG_BASE)
		return &option_rows[value - LONG_BASE];
	for (size_t i = 0; i < option_row_count; i++)
		if (value && option_rows[i].letter == value)
			return &option_rows[i];
	return NULL;
}

static struct error *unknown_option(const char *word)
{
	const char *names[OPTION_MOST_ROWS + 1] = {NULL};
	cleanup_free char *name = NULL, *near = NULL;
	struct error *error;

	error = error_create(ERROR_USAGE, 0, "unknown option '%.60s'", word);
	if (word[1] != '-')
		return error;
	for (size_t i = 0; i < option_row_count; i++)
		names[i] = option_rows[i].name;
	name = strndup(word + 2, strcspn(word + 2, "="));
	near = name ? text_nearest(name, names) : NULL;
	return near ? error_help(error, "near: --%s", near) : error;
}

static bool takes(const struct command *command, const struct option_row *row)
{
	return row->groups & (command->groups | GROUP_ALWAYS);
}

static struct error *not_taken(const struct command *command,
			       const struct option_row *row)
{
	return error_help(error_create(ERROR_USAGE, 0, "`%s` takes no --%s",
				       command->name, row->name),
			  "`mmiodbg %s --help` lists what it takes",
			  command->name);
}

/* Options before the command were taken without knowing it. */
static struct error *check_given(const struct options *options,
				 const struct command *command)
{
	for (size_t i = 0; i < option_row_count; i++)
		if (options->given >> i & 1 && !takes(command, &option_rows[i]))
			return not_taken(command, &option_rows[i]);
	return NULL;
}

static struct error *apply(struct options *options,
			   const struct command *command, int value,
			   const char *word, const char *argument)
{
	const struct option_row *row;

	row = find_row(value == '?' || value == ':' ? optopt : value);
	if (!row) {
		/* A letter may stand among others: -qx. */
		char letter[3] = {'-', (char)optopt, '\0'};

		return unknown_option(optopt ? letter : word);
	}
	if (value == '?')
		return error_create(ERROR_USAGE, 0, "--%s takes no value",
				    row->name);
	if (value == ':')
		return error_create(ERROR_USAGE, 0, "--%s needs its %s",
				    row->name, row->argument);
	if (command && !takes(command, row))
		return not_taken(command, row);
	options->given |= UINT64_C(1) << (row - option_rows);
	return row->set(options, argument);
}

const char *options_given(const struct options *options, unsigned groups)
{
	for (size_t i = 0; i < option_row_count; i++)
		if (options->given >> i & 1 && option_rows[i].groups & groups)
			return option_rows[i].name;
	return NULL;
}

static bool is_negative_number(const char *word)
{
	return word[0] == '-' && word[1] >= '0' && word[1] <= '9';
}

void options_seek_json(struct options *options, int argc, char **argv,
		       int index)
{
	for (; index < argc && strcmp(argv[index], "--") != 0; index++) {
		bool lines = strcmp(argv[index], "--jsonl") == 0;

		options->json_lines |= lines;
		options->json |= lines || strcmp(argv[index], "--json") == 0;
	}
}

/* It remembers a place in the words of the last time, which are gone. */
static void restart_getopt(void)
{
	char *nothing[] = {(char *)"", NULL};

	optind = 0;
	(void)getopt_long(1, nothing, "+", NULL, NULL);
}

struct error *options_parse(struct options *options,
			    const struct command *command, int argc,
			    char **argv, int *index)
{
	struct option longs[OPTION_MOST_ROWS + 1];
	char shorts[2 * OPTION_MOST_ROWS + 3];

	make_getopt(longs, shorts);
	opterr = 0;
	restart_getopt();
	optind = *index;
	while (optind < argc) {
		int before = optind, value;
		struct error *error;

		/* A negative value is no option. */
		if (command && is_negative_number(argv[optind])) {
			options->arguments[options->n_arguments++] =
				argv[optind++];
			continue;
		}
		optopt = 0;
		value = getopt_long(argc, argv, shorts, longs, NULL);
		if (value != -1) {
			const char *word =
				argv[before < argc ? before : argc - 1];

			error = apply(options, command, value, word, optarg);
			if (error) {
				options->wrong = word;
				options_seek_json(options, argc, argv, optind);
				return error;
			}
			continue;
		}
		if (!command)
			break;
		/* An argument, or all that follows "--". */
		if (optind > before)
			while (optind < argc)
				options->arguments[options->n_arguments++] =
					argv[optind++];
		else
			options->arguments[options->n_arguments++] =
				argv[optind++];
	}
	*index = optind;
	return command ? check_given(options, command) : NULL;
}

bool options_next(const struct command *command, size_t *row,
		  struct option_word *ret)
{
	while (*row < option_row_count) {
		const struct option_row *taken = &option_rows[(*row)++];

		if (!takes(command, taken))
			continue;
		*ret = (struct option_word){
			.letter = taken->letter,
			.name = taken->name,
			.argument = taken->argument,
		};
		return true;
	}
	return false;
}

void options_help(FILE *stream, unsigned groups)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		char left[64];

		if (!(row->groups & groups))
			continue;
		snprintf(left, sizeof(left), "%c%c%c --%s%s%s",
			 row->letter ? '-' : ' ',
			 row->letter ? row->letter : ' ',
			 row->letter ? ',' : ' ', row->name,
			 row->argument ? " " : "",
			 row->argument ? row->argument : "");
		fprintf(stream, "  %-28s %s\n", left, row->help);
	}
}
