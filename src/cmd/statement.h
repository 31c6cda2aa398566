/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a batch or a shell understands besides commands: a table of statements,
 * which also carries their help. */
#ifndef MMIODBG_CMD_STATEMENT_H
#define MMIODBG_CMD_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct interpreter;
struct words;

struct statement {
	const char *name;
	const char *arguments;
	const char *summary;
	size_t least, most; /* words behind the name */
	/* `interpreter->checking`: only finds out what is wrong. */
	struct error *(*run)(struct interpreter *interpreter,
			     const struct words *words);
};

/* For the options and words of `assert`, which is no command of the command
 * line. */
struct command;
extern const struct command command_assert;

extern const struct statement statements[]; /* the last has no name */

/* NULL: there is none of that name. */
const struct statement *statement_find(const char *name)
	__attribute__((nonnull));

#endif
