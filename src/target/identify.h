/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function per kind of mapping: what it shows of which device. */
#ifndef MMIODBG_TARGET_IDENTIFY_H
#define MMIODBG_TARGET_IDENTIFY_H

#include <stddef.h>

#include "target/device.h"

/* How far the pieces of UIO mappings have been followed. */
struct uio_run {
	bool started;
	bool broken;        /* a piece does not fit: nor do those behind it */
	size_t position;    /* of the piece that was looked at last */
	uint64_t map, size; /* the map that it shows, and its size */
	uint64_t skipped, left; /* bytes of the map before it and from it on */
};

/* What identification may look at. */
struct identify_context {
	struct machine *machine;
	int procfd; /* /proc/PID, or -1 */
	const struct mapping_list *mappings;
	size_t position; /* of the mapping in them */
	struct uio_run *run;
};

/*
 * A row of the table of kinds. A mapping is of the first row whose prefix its
 * path has and whose `identify` accepts it. Adding a kind is adding a row and,
 * if its place in the device can be told, a function.
 */
struct mapping_kind_row {
	struct mapping_kind kind;
	const char *prefix;
	/* Fills region, placement, physical, sysfs. Returns NULL; `ret_mine`
	 * false says that the row does not fit after all. */
	struct error *(*identify)(const struct identify_context *context,
				  struct device_mapping *device,
				  bool *ret_mine);
	bool without_flags; /* a device even if VmFlags has neither pf nor io */
};

extern const struct mapping_kind_row mapping_kinds[];
extern const size_t n_mapping_kinds;

/* The row for --treat-as-device. */
extern const struct mapping_kind_row mapping_kind_stand_in;

#endif
