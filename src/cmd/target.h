/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands share: their locations, and the target these lead to. */
#ifndef MMIODBG_CMD_TARGET_H
#define MMIODBG_CMD_TARGET_H

#include <stddef.h>

#include "cmd/command.h"
#include "plan/location.h"

struct session;

struct location_list {
	struct location **items;
	size_t count;
};

/* Parses all arguments as locations; there must be one at least. */
struct error *locations_parse(const struct options *options,
			      struct location_list *ret)
	__attribute__((nonnull, warn_unused_result));
void location_list_deinit(struct location_list *list);

/*
 * Opens the session that -p or MMIODBG_PID names, else one with the process
 * that has the device of the locations mapped, if there is exactly one.
 */
struct error *target_open(const struct command_context *context,
			  const struct location_list *locations,
			  struct session **ret)
	__attribute__((nonnull, warn_unused_result));

/* How diagnostics look under these options. */
struct diagnostic_style;
struct diagnostic_style style_of(const struct options *options);
/* Whether standard output is to be coloured. */
bool color_output(const struct options *options);

#define cleanup_location_list cleanup_with(location_list_deinit)

#endif
