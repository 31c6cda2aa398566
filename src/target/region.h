/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name of a part of a device, as a user writes it behind "@" and as `maps`
 * shows it. Plain data. */
#ifndef MMIODBG_TARGET_REGION_H
#define MMIODBG_TARGET_REGION_H

#include <stdbool.h>
#include <stdint.h>

enum region_kind {
	REGION_INDEX, /* @3: the mapping with that index in `maps` */
	REGION_PCI,   /* @[DDDD:]BB:DD.F/barN */
	REGION_UIO,   /* @uioN[/mapN] */
	REGION_VFIO,  /* @vfioN/regionN */
	REGION_MEM,   /* @mem: physical memory, by address */
	REGION_HPET,  /* @hpet */
	REGION_DRI,   /* @dri/NAME */
	REGION_FILE,  /* @file:PATH */
};

struct region_name {
	enum region_kind kind;
	unsigned domain, bus, device, function; /* REGION_PCI */
	uint64_t number; /* REGION_INDEX; N of uioN and vfioN */
	bool has_part;   /* false: any part (only where the caller allows) */
	uint64_t part;   /* the N of barN, mapN, regionN */
	char *name;      /* REGION_DRI: NAME; REGION_FILE: PATH, unescaped */
};

/* Releases what a name holds. */
void region_name_deinit(struct region_name *region);

/*
 * The name as the location grammar takes it back, without the "@":
 * "0000:03:00.0/bar0", "file:/tmp/a\x2bb". The caller frees; NULL when memory
 * runs out.
 */
char *region_name_format(const struct region_name *region)
	__attribute__((nonnull, warn_unused_result));

/* "0000:03:00.0" of a REGION_PCI; the caller frees. */
char *region_pci_address(const struct region_name *region)
	__attribute__((nonnull, warn_unused_result));

/* Whether `name` is the same region as `other`; a name without a part is the
 * same as all parts of its device. */
bool region_name_matches(const struct region_name *name,
			 const struct region_name *other)
	__attribute__((nonnull));

#endif
