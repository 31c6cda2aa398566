/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that lines of a batch name. Those that a line makes are promised to the
 * lines behind it while nothing is carried out yet: such a file is not there,
 * or it is an older one.
 */
#ifndef MMIODBG_CMD_PROMISE_H
#define MMIODBG_CMD_PROMISE_H

#include <stdbool.h>

#include "cmd/command.h"

struct lh_table;

struct promises {
	struct lh_table *files; /* NULL: none */
	bool any;               /* one of which the name is not known */
};

/* Takes note of the file that a command would make, if it would make one. */
struct error *promises_add(struct promises *promises,
			   const struct command_context *context)
	__attribute__((nonnull, warn_unused_result));
void promises_deinit(struct promises *promises) __attribute__((nonnull));

/* The file among them that a command would read, or NULL. It is the options'.
 */
const char *promises_find(const struct promises *promises,
			  const struct command_context *context)
	__attribute__((nonnull));

/* The standard input that a command would read, or NULL; as above. */
const char *standard_input_of(const struct command_context *context)
	__attribute__((nonnull));

/* Whether `check` of a command can find out what is wrong with this file: it is
 * not made before, and can be read twice. */
bool may_read_early(const struct command_context *context, const char *path)
	__attribute__((nonnull));

#endif
