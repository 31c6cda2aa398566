/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of all commands: a row each, with how its argument is taken. What
 * finds them among the words is options.h.
 */
#ifndef MMIODBG_CMD_OPTION_ROW_H
#define MMIODBG_CMD_OPTION_ROW_H

#include <stddef.h>

struct error;
struct options;

struct option_row {
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* NULL: none */
	const char *help;
	unsigned groups; /* GROUP_..., of commands that take it */
	/* `argument` lives as long as the options; NULL: it takes none. */
	struct error *(*set)(struct options *options, const char *argument);
};

/* `given` of struct options has a bit for each. */
enum { OPTION_MOST_ROWS = 64 };

extern const struct option_row option_rows[];
extern const size_t option_row_count;

#endif
