/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "render/json.h"
#include "render/table.h"

static void put_columns(const struct command_table *table, bool first)
{
	printf("\nColumns%s%s%s:\n", table->of ? " of " : "",
	       table->of ? table->of : "",
	       first ? " (* shown without -o; -o +NAME adds)" : "");
	for (size_t i = 0; i < *table->count; i++)
		printf("  %-12s %c %s\n", table->columns[i].name,
		       table->columns[i].standard ? '*' : ' ',
		       table->columns[i].help);
}

void command_print_help(const struct command *command)
{
	const struct command_table *table;

	printf("Usage: mmiodbg [options] %s [options]%s%s\n\n%s\n",
	       command->name, *command->arguments ? " " : "",
	       command->arguments, command->summary);
	if (command->alias)
		printf("Also called `%s`.\n", command->alias);
	if (command->help)
		printf("\n%s", command->help);
	puts("\nOptions:");
	options_help(stdout, command->groups | GROUP_ALWAYS);
	for (table = command->tables; table && table->columns; table++)
		put_columns(table, table == command->tables);
}

const struct command *command_find(const struct command *const *commands,
				   const char *name)
{
	for (; *commands; commands++)
		if (strcmp((*commands)->name, name) == 0 ||
		    ((*commands)->alias &&
		     strcmp((*commands)->alias, name) == 0))
			return *commands;
	return NULL;
}

struct error *command_unknown(const struct command *const *commands,
			      const char *word)
{
	cleanup_free const char **names = NULL;
	cleanup_free char *near = NULL;
	struct error *error;
	size_t count = 0;

	while (commands[count])
		count++;
	names = calloc(2 * count + 1, sizeof(*names));
	if (!names)
		return error_no_memory();
	for (count = 0; *commands; commands++) {
		names[count++] = (*commands)->name;
		if ((*commands)->alias)
			names[count++] = (*commands)->alias;
	}
	near = text_nearest(word, names);
	error = error_create(ERROR_USAGE, 0, "unknown command '%.60s'", word);
	if (near)
		return error_help(error, "near: %s", near);
	return error_help(error, "`mmiodbg --help` lists them");
}

static const char *list_of(const struct command *command,
			   const struct options *options)
{
	if (!command)
		return NULL;
	return command->list_of ? command->list_of(options) : command->list;
}

void command_failed(const struct command *command,
		    const struct options *options, size_t before,
		    const struct error *error)
{
	struct json_document document;

	if (!options->json || json_documents_ended() > before)
		return;
	json_document_init(&document, options->json_lines,
			   list_of(command, options),
			   json_head(command ? command->name : NULL, NULL));
	json_document_end(&document, json_tail(error));
}
