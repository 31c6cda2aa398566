/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands: one file each, one `const struct command`; main.c lists them. */
#ifndef MMIODBG_CMD_COMMAND_H
#define MMIODBG_CMD_COMMAND_H

#include "cmd/options.h"

struct error;
struct machine;

/* What a command works with. */
struct command_context {
	struct machine *machine;
	const struct options *options;
	const struct command *command;
};

struct command {
	const char *name;
	const char *alias;     /* or NULL */
	const char *arguments; /* as usage shows them: "LOCATION..." */
	const char *summary;   /* one line */
	const char *help;      /* more, for `COMMAND --help`; or NULL */
	unsigned groups;       /* enum option_group: the options it takes */
	/* What `COMMAND --help` tells behind the options; or NULL. */
	void (*more_help)(void);
	/* The exit status goes to `*ret_status`; an error sets another. */
	struct error *(*run)(const struct command_context *context,
			     int *ret_status);
};

extern const struct command command_maps, command_info, command_read,
	command_write, command_sym;

#endif
