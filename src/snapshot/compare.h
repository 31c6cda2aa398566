/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two snapshots differ in. Pure: neither is looked up in a target. */
#ifndef MMIODBG_SNAPSHOT_COMPARE_H
#define MMIODBG_SNAPSHOT_COMPARE_H

#include "snapshot/snapshot.h"

struct difference {
	enum difference_kind {
		DIFFERENCE_VALUE,
		DIFFERENCE_FORM,   /* another width, order of bytes, or bits:
				    * values are not compared */
		DIFFERENCE_UNREAD, /* only one of the two could be read */
		DIFFERENCE_OLD,    /* only the old one has it */
		DIFFERENCE_NEW,    /* only the new one has it */
	} kind;
	const struct snapshot_register *old, *new; /* NULL: it has none */
	uint64_t changed; /* DIFFERENCE_VALUE: bits of the register */
};

struct difference_list {
	struct difference *items;
	size_t count, capacity;
	uint64_t compared; /* registers that are in both */
	/* The first of these that is of another device in the new one, whether
	 * or not it differs otherwise; without any, the first one of each that
	 * is in a device, if that is so. Else NULL for both. */
	struct difference stranger;
};

/*
 * Registers are the same if they have the same name. In the order of the old
 * one; then what only the new one has, in its order. One that could be read in
 * neither is no difference. difference_list_deinit() releases `*ret`; it points
 * into the snapshots.
 */
struct error *snapshot_compare(const struct snapshot *old,
			       const struct snapshot *new,
			       struct difference_list *ret)
	__attribute__((nonnull, warn_unused_result));
void difference_list_deinit(struct difference_list *list);

/*
 * What tells that a device is not the one that it was; NULL: nothing. With
 * `region` that is another region, too. The caller frees.
 */
char *snapshot_device_differs(const struct snapshot_device *was,
			      const struct snapshot_device *is, bool region)
	__attribute__((nonnull));

/* "value", "form", "unread", "only-old", "only-new". */
const char *difference_name(enum difference_kind kind)
	__attribute__((returns_nonnull));

#define cleanup_difference_list cleanup_with(difference_list_deinit)

#endif
