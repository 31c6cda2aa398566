/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

/* clang-format off */
const struct command *const all_commands[] = {
	&command_maps,
	&command_info,
	&command_read,
	&command_write,
	&command_sym,
	&command_watch,
	&command_wait,
	&command_dump,
	&command_load,
	&command_save,
	&command_diff,
	&command_restore,
	&command_batch,
	&command_shell,
	NULL,
};
/* clang-format on */
