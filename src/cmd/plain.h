/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `dump` and `load` have in common: one plain range, and a file. */
#ifndef MMIODBG_CMD_PLAIN_H
#define MMIODBG_CMD_PLAIN_H

#include "cmd/target.h"
#include "render/access.h"
#include "render/progress.h"

struct plan;
struct run_summary;

/* The one location of the arguments; and plan_options.plain. */
struct error *plain_location(const struct command_context *context,
			     struct plan_options *options,
			     struct location_list *ret)
	__attribute__((nonnull, warn_unused_result));

struct plain_run {
	const struct command_context *context;
	struct access_renderer renderer;
	struct file_transfer
		transfer; /* file, form and hooks are the caller's */
	struct progress progress;
	struct run_summary summary;
	bool ran; /* the summary is set */
};

/*
 * Carries the plan out, or walks it dry. With `error` (from before) it only
 * begins the output. The error is that one, or one from before the first
 * access. `bar`: there may be one.
 */
struct error *plain_run(struct plain_run *run, const char *location,
			struct plan *plan, bool bar, struct error *error)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* The error that nothing has failed, and yet not all was done. */
struct error *plain_run_cut(const struct plain_run *run)
	__attribute__((nonnull, warn_unused_result));

/* Ends the output. `error` is only told in JSON. The exit status of the run. */
int plain_run_end(struct plain_run *run, const struct error *error)
	__attribute__((nonnull(1)));

#endif
