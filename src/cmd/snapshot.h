/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between snapshots and plans, for `save`, `diff` and `restore`: what a plan
 * will read, as a snapshot; what a snapshot holds, as a plan. */
#ifndef MMIODBG_CMD_SNAPSHOT_H
#define MMIODBG_CMD_SNAPSHOT_H

#include "cmd/command.h"
#include "cmd/target.h"
#include "plan/run.h"
#include "snapshot/snapshot.h"

struct json_object;
struct machine;
struct selection;
struct session;

/*
 * Which device a place shows. `*ret_placed`: `*ret_offset` is the place in its
 * region, which is a BAR where that is known. snapshot_device_deinit() releases
 * `*ret`. Touches nothing.
 */
struct error *snapshot_identify(struct machine *machine,
				const struct site *site,
				struct snapshot_device *ret, bool *ret_placed,
				uint64_t *ret_offset)
	__attribute__((nonnull, warn_unused_result));

/*
 * A snapshot that a plan is to fill: one register for each element, and no
 * values yet. ERROR_USAGE if two of them are the same, or overlap.
 * snapshot_deinit() releases `*ret`.
 */
struct error *snapshot_of_plan(const struct command_context *context,
			       const struct plan *plan, struct snapshot *ret)
	__attribute__((nonnull, warn_unused_result));

/* A sink that keeps in a snapshot what the run of its plan finds. */
struct snapshot_recorder {
	struct snapshot *snapshot;
	struct run_sink next; /* gets it all, too */
	size_t at;            /* registers that have been filled */
	bool lost;            /* memory ran out */
};

struct run_sink snapshot_recorder_sink(struct snapshot_recorder *recorder)
	__attribute__((nonnull));

/* What was not reached is told to be that. */
struct error *snapshot_recorder_end(struct snapshot_recorder *recorder)
	__attribute__((nonnull, warn_unused_result));

/* Reads the snapshot in a file; "-" is standard input. */
struct error *snapshot_load(const char *path, struct snapshot *ret)
	__attribute__((nonnull, warn_unused_result));

/* The registers that one location is of. */
struct replay_range {
	size_t first; /* of those that are replayed */
	struct label_source names;
	const struct replay *replay;
};

/* A plan for what a snapshot holds. */
struct replay {
	const struct snapshot *snapshot; /* borrowed */
	const char *file;                /* what it was read from */
	/* What is written; NULL: everything is read. */
	const struct selection *selection;
	bool force; /* even if the device is another one */
	struct session *session;
	struct location_list locations;
	struct replay_range *ranges; /* of each location */
	/* The regions in which its devices are found in the target. */
	char **regions;
	struct plan plan;
};

/*
 * Opens the session, finds the registers in it and checks that they are of the
 * same devices, as is told by PCI ids, BAR and size; nothing is accessed. What
 * is written may be a part of a register, and then is one read and one write.
 * replay_deinit() releases `replay`, in any case. ERROR_UNSAFE: it is another
 * device.
 */
struct error *replay_prepare(const struct command_context *context,
			     struct replay *replay)
	__attribute__((nonnull, warn_unused_result));
void replay_deinit(struct replay *replay);

#define cleanup_replay cleanup_with(replay_deinit)

#endif
