/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of a replay (struct replay) have in common. */
#ifndef MMIODBG_CMD_REPLAY_H
#define MMIODBG_CMD_REPLAY_H

#include "cmd/snapshot.h"

/* snapshot-replay.c: the registers that are replayed, by number */
size_t replay_count(const struct replay *replay) __attribute__((nonnull));
const struct snapshot_register *replay_register(const struct replay *replay,
						size_t i)
	__attribute__((nonnull, returns_nonnull));
/* The bits of it that count. */
uint64_t replay_mask(const struct replay *replay, size_t i)
	__attribute__((nonnull));
/* How many from this one on are one range, which is read in the same order. */
size_t replay_run_from(const struct replay *replay, size_t i)
	__attribute__((nonnull));
/* An error about a register of the file. Returns its argument. */
struct error *replay_in_file(const struct replay *replay,
			     const struct snapshot_register *one,
			     struct error *error) __attribute__((nonnull));

/* snapshot-regions.c: `regions`, first as they are in the snapshot, then, once
 * there is a session, as they are to be found in its target. ERROR_UNSAFE: only
 * others would do. */
struct error *replay_copy_regions(struct replay *replay)
	__attribute__((nonnull, warn_unused_result));
struct error *replay_find_regions(struct replay *replay)
	__attribute__((nonnull, warn_unused_result));

/* snapshot-check.c: whether an operation of the plan is the registers that were
 * saved, in their device; whether no two are one in this target */
struct error *replay_check_operation(const struct replay *replay, size_t index)
	__attribute__((nonnull, warn_unused_result));
struct error *replay_check_places(const struct replay *replay)
	__attribute__((nonnull, warn_unused_result));

#endif
