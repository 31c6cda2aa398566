/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which registers of a snapshot, and which of their bits, the names that a user
 * gives mean. */
#ifndef MMIODBG_SNAPSHOT_SELECT_H
#define MMIODBG_SNAPSHOT_SELECT_H

#include "snapshot/snapshot.h"

struct selected {
	size_t index;  /* of the register */
	uint64_t mask; /* bits of it, never 0 */
	bool named;    /* it, or a field of it, by its own name */
};

struct selection {
	struct selected *items; /* in the order of the snapshot */
	size_t count;
};

/*
 * A name is that of a register; else what registers or fields begin with, up to
 * one of ". [ +" ("regs": all of regs.*; "regs.ctrl.mode": the field), and if
 * it begins with "@" also what is in that region, place or range as a whole.
 * `file` stands in errors: ERROR_USAGE for a name that fits nothing.
 * selection_deinit() releases `*ret`.
 */
struct error *snapshot_select(const struct snapshot *snapshot,
			      const char *const *names, size_t n_names,
			      const char *file, struct selection *ret)
	__attribute__((nonnull, warn_unused_result));
void selection_deinit(struct selection *selection);

#define cleanup_selection cleanup_with(selection_deinit)

#endif
