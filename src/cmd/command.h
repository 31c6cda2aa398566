/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: one file each, one `const struct command`; commands.c lists them.
 */
#ifndef MMIODBG_CMD_COMMAND_H
#define MMIODBG_CMD_COMMAND_H

#include "cmd/options.h"

struct error;
struct table_column;
struct machine;

struct held_target;

/* What a command works with. */
struct command_context {
	struct machine *machine;
	const struct options *options;
	const struct command *command;
	const struct command *const *commands; /* all of them, then NULL */
	struct held_target *held; /* of a batch or a shell; else NULL */
	/* For `check`: a line before it makes the file that it reads. */
	bool is_promised;
};

/* What a command does with files that its words name. */
enum file_use {
	FILE_UNUSED,
	FILE_MADE,  /* of --file */
	FILE_READ,  /* of --file */
	FILES_READ, /* of the arguments */
};

/* A table that a command prints. */
struct command_table {
	const char *of; /* "names"; NULL: it prints no other one */
	const struct table_column *columns; /* NULL: the end of a list */
	const size_t *count;
};

struct command {
	const char *name;
	const char *alias;     /* or NULL */
	const char *arguments; /* as usage shows them: "LOCATION..." */
	const char *summary;   /* one line */
	const char *list;      /* of its JSON; NULL: none, or list_of() tells */
	const char *(*list_of)(const struct options *options); /* or NULL */
	const char *help; /* more, for `COMMAND --help`; or NULL */
	unsigned groups;  /* enum option_group: the options it takes */
	const struct command_table *tables; /* that -o is for; or NULL */
	/* For a batch: finds out what is wrong with the arguments without an
	 * access. NULL: only by running it. */
	struct error *(*check)(const struct command_context *context);
	/* It only looks at a process, as that is now, and in a batch or a shell
	 * takes a session of its own for it. */
	bool only_looks;
	enum file_use file_use;
	/* The exit status goes to `*ret_status`; an error sets another. With
	 * --json it prints one document. If it fails before that is begun, it
	 * may leave it to command_failed(). */
	struct error *(*run)(const struct command_context *context,
			     int *ret_status);
};

/*
 * A command has failed, or the words that should have been one (`command` is
 * NULL): prints the JSON document that says so, if --json asks for one, unless
 * more than `before` have been ended by now (json_documents_ended()).
 */
void command_failed(const struct command *command,
		    const struct options *options, size_t before,
		    const struct error *error) __attribute__((nonnull(2, 4)));

extern const struct command command_maps, command_info, command_read,
	command_write, command_sym, command_watch, command_wait, command_dump,
	command_load, command_save, command_diff, command_restore,
	command_batch, command_shell;

/* All of them, as --help lists them, then NULL. */
extern const struct command *const all_commands[];

/* The command of a name or an alias, or NULL; and the error for that. */
const struct command *command_find(const struct command *const *commands,
				   const char *name) __attribute__((nonnull));
struct error *command_unknown(const struct command *const *commands,
			      const char *word)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));

/* `COMMAND --help`. */
void command_print_help(const struct command *command) __attribute__((nonnull));

#endif
