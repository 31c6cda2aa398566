/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `read` and `write` have in common: all but which way the data goes. */
#ifndef MMIODBG_CMD_ACCESS_H
#define MMIODBG_CMD_ACCESS_H

#include <stdint.h>

#include "cmd/command.h"

struct location_list;
struct plan;
struct session;

/*
 * From locations to a checked plan, in a session that is attached to as the
 * options want; nothing is accessed. plan_deinit() and session_destroy()
 * release the results, which may also be set if there is an error. The
 * locations have to outlive the plan.
 */
struct error *access_prepare(const struct command_context *context,
			     const struct plan_options *options,
			     const struct location_list *locations,
			     struct session **ret_session,
			     struct plan *ret_plan)
	__attribute__((nonnull, warn_unused_result));

/* The parts of that, for a command that looks at the session in between: what
 * options exclude each other; a plan, in a session that is open; attaching to
 * threads. */
struct error *access_check_options(const struct plan_options *options)
	__attribute__((nonnull, warn_unused_result));
struct error *access_plan(const struct command_context *context,
			  const struct plan_options *options,
			  const struct location_list *locations,
			  struct session *session, struct plan *ret_plan)
	__attribute__((nonnull, warn_unused_result));
struct error *access_attach(const struct command_context *context,
			    const struct plan_options *options,
			    struct session *session)
	__attribute__((nonnull, warn_unused_result));

/* Whether that would go well, for `check` of a command: the plan is made and
 * given up. */
struct error *access_check(const struct command_context *context,
			   const struct plan_options *options,
			   const struct location_list *locations)
	__attribute__((nonnull, warn_unused_result));

/* What the kernel may do by the accesses of a plan, as a note; once a command.
 */
void access_warn(const struct command_context *context, const struct plan *plan)
	__attribute__((nonnull));

/* Shows the accesses of a plan that reads, in the form that is wanted, and
 * makes none. `*ret_status` is not set with an error. */
struct error *access_walk_dry(const struct command_context *context,
			      struct plan *plan, int *ret_status)
	__attribute__((nonnull, warn_unused_result));

/* Reads the one element of a plan: its whole value. With -v the access is told.
 */
struct error *access_read_one(const struct command_context *context,
			      struct plan *plan, uint64_t *ret)
	__attribute__((nonnull, warn_unused_result));

/* In which form results are shown. */
enum access_format access_format_of(const struct options *options)
	__attribute__((nonnull));

/* `check` of `read` and `write`. */
struct error *access_check_arguments(const struct command_context *context,
				     bool write)
	__attribute__((nonnull, warn_unused_result));

/* Runs the command on its locations. */
struct error *access_run(const struct command_context *context, bool write,
			 int *ret_status)
	__attribute__((nonnull, warn_unused_result));

#endif
