/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mappings of a process, as /proc/PID/maps and smaps show them (Linux
 * fs/proc/task_mmu.c, show_map_vma). Lines that a later kernel adds are passed
 * over.
 */
#ifndef MMIODBG_TARGET_MAPS_H
#define MMIODBG_TARGET_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"

struct error;

struct mapping {
	uint64_t start, end; /* end excluded */
	bool readable, writable, executable, shared;
	uint64_t offset; /* bytes; what it means depends on the driver */
	unsigned major, minor;
	uint64_t inode;
	char *path;   /* "" for anonymous memory; \012 decoded */
	bool deleted; /* path had " (deleted)" behind it, which is cut off */
	char *flags;  /* VmFlags of smaps: "rd wr sh"; NULL: not read */
	bool pfnmap;  /* VmFlags pf: memory without struct page */
	bool io;      /* VmFlags io: memory-mapped I/O */
};

struct mapping_list {
	struct mapping *items; /* ascending, disjoint */
	size_t count, capacity;
};

/* One line of maps without its newline. False if it is none. `*ret` is then
 * untouched; else mapping_deinit() releases it, and its path is NULL if memory
 * ran out. */
bool mapping_parse(const char *line, struct mapping *ret)
	__attribute__((nonnull, warn_unused_result));
void mapping_deinit(struct mapping *mapping);

/*
 * Reads maps or smaps to the end. A process that ends meanwhile just ends the
 * list. The error is ERROR_FAILED, with errno.
 */
struct error *mapping_list_read(FILE *stream, struct mapping_list *ret)
	__attribute__((nonnull, warn_unused_result));
void mapping_list_deinit(struct mapping_list *list);

/* The mapping that holds `address`, or NULL. */
const struct mapping *mapping_list_find(const struct mapping_list *list,
					uint64_t address)
	__attribute__((nonnull));

/* Whether VmFlags were read and have this one: "ar". */
bool mapping_has_flag(const struct mapping *mapping, const char *flag)
	__attribute__((nonnull));

/* Same range, permissions, file and offset (DESIGN: identity). */
bool mapping_same(const struct mapping *left, const struct mapping *right)
	__attribute__((nonnull));

bool mapping_list_same(const struct mapping_list *left,
		       const struct mapping_list *right)
	__attribute__((nonnull));

/* "rw-s", in a static buffer of the caller's. */
void mapping_permissions(const struct mapping *mapping, char ret[5])
	__attribute__((nonnull));

/* Whether maps alone leaves it open that this maps a device, so that smaps is
 * worth reading. */
bool mapping_may_be_device(const struct mapping *mapping)
	__attribute__((nonnull));

#define cleanup_mapping_list cleanup_with(mapping_list_deinit)

#endif
