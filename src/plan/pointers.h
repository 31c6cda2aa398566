/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which variables of a target point into a device mapping. Only ordinary memory
 * is read (process_vm_readv refuses device mappings: target/remote.h), and
 * nothing where a device is mapped, so this touches none.
 */
#ifndef MMIODBG_PLAN_POINTERS_H
#define MMIODBG_PLAN_POINTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/names.h"

struct device_mapping;
struct error;
struct region_name;
struct session;

/* A pointer into a device. */
struct device_pointer {
	char *name;           /* as a location has it: "e1000.c::dev.bars[0]" */
	struct symbol symbol; /* the variable that leads to it */
	uint64_t address;     /* of the pointer itself */
	uint64_t value;
	const struct device_mapping *device; /* that it points into */
	type_id type;                        /* of the pointer, as declared */
	size_t order;                        /* in which it was found */
};

struct device_pointer_list {
	struct device_pointer *items; /* by their place in the region */
	size_t count, capacity;
	bool exceeded; /* there was more to look at than is looked at */
};

/*
 * The pointers into the device mappings that show a region or, without a part,
 * a whole device: variables of files and functions, members of structs and
 * elements of arrays, and of what pointers of these lead to, one step far. Each
 * is told once. device_pointers_deinit() releases `*ret`. ERROR_NOT_MAPPED if
 * the target maps nothing of the region; ERROR_DENIED if its memory cannot be
 * read.
 */
struct error *device_pointers_find(struct session *session,
				   const struct region_name *region,
				   struct device_pointer_list *ret)
	__attribute__((nonnull, warn_unused_result));
void device_pointers_deinit(struct device_pointer_list *list);

/*
 * The value of a pointer of `type` that stands at `address`. False: it cannot
 * be read, with errno; EFAULT where a device is mapped, for that is not read.
 */
bool device_pointer_read(const struct session *session, const struct type *type,
			 uint64_t address, uint64_t *ret)
	__attribute__((nonnull, warn_unused_result));

#endif
