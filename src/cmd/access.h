/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `read` and `write` have in common: all but which way the data goes. */
#ifndef MMIODBG_CMD_ACCESS_H
#define MMIODBG_CMD_ACCESS_H

#include "cmd/command.h"

/* Runs the command on its locations. */
struct error *access_run(const struct command_context *context, bool write,
			 int *ret_status)
	__attribute__((nonnull, warn_unused_result));

#endif
