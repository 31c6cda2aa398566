/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that the lines of a dry run would make. A line that reads one of them
 * cannot be shown: the file is not there, or it is an older one.
 */
#ifndef MMIODBG_CMD_PROMISE_H
#define MMIODBG_CMD_PROMISE_H

#include <stdbool.h>

#include "cmd/command.h"

struct lh_table;

/* Takes note of the file that a command would make, if it would make one.
 * `*promises` is NULL at first; promises_destroy() takes NULL, too. */
struct error *promises_add(struct lh_table **promises,
			   const struct command_context *context)
	__attribute__((nonnull, warn_unused_result));
void promises_destroy(struct lh_table *promises);

/* The file among them that a command would read, or NULL. It is the options'.
 */
const char *promises_find(struct lh_table *promises,
			  const struct command_context *context)
	__attribute__((nonnull(2)));

#endif
