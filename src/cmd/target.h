/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands share: their locations, and the target these lead to. */
#ifndef MMIODBG_CMD_TARGET_H
#define MMIODBG_CMD_TARGET_H

#include <stddef.h>

#include "cmd/command.h"
#include "plan/location.h"

struct session;

/* The target of a batch or a shell, which its commands share. */
struct held_target {
	struct session *session; /* NULL: none yet */
	bool attach;             /* to all threads, also between commands */
	/* Nobody has asked for that: where it is refused, a note says so, and
	 * the target is held without. */
	bool may_do_without;
	bool refused; /* it was, of this target */
	/* Device mappings have changed since it was opened, or since `maps` has
	 * shown them: an index may mean another one. */
	bool renumbered;
	uint64_t changes;  /* how often they have */
	uint64_t released; /* how often a target was let go of */
	/* Grows whenever what was resolved before points nowhere. */
	uint64_t generation;
};

/* Lets go of the session. */
void held_target_release(struct held_target *held) __attribute__((nonnull));

/*
 * The held session as it is now. ERROR_GONE if its process has ended or is
 * another program; the session stays held.
 */
struct error *held_target_refresh(struct held_target *held)
	__attribute__((nonnull, warn_unused_result));

/* All device mappings of `shown` have been listed: if it is the held target,
 * and that has them still, an index means what the list shows from then on.
 * Legal on NULL. */
void held_target_listed(struct held_target *held, const struct session *shown)
	__attribute__((nonnull(2)));

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
 * that has the device of the locations mapped, if there is exactly one. In a
 * batch or a shell it is the session that is held, as it is now; or if there is
 * none, it will be held. The caller lets go of it with session_destroy().
 */
struct error *target_open(const struct command_context *context,
			  const struct location_list *locations,
			  struct session **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Attaches as deeply as a command wants: `stop` for one that stops the target.
 * What a batch has attached to before is used, or replaced.
 */
struct error *target_attach(const struct command_context *context,
			    struct session *session, bool attach, bool stop)
	__attribute__((nonnull, warn_unused_result));

/* What names the process, for the help of errors: "-p PID". Static. */
const char *target_named_by(const struct command_context *context)
	__attribute__((nonnull, returns_nonnull));

/* How diagnostics look under these options. */
struct diagnostic_style;
struct diagnostic_style style_of(const struct options *options);
/* Whether standard output is to be coloured. */
bool color_output(const struct options *options);

#define cleanup_location_list cleanup_with(location_list_deinit)

#endif
