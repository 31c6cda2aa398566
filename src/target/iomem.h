/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who owns which physical addresses: /proc/iomem. */
#ifndef MMIODBG_TARGET_IOMEM_H
#define MMIODBG_TARGET_IOMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;
struct root;

struct iomem {
	struct iomem_range {
		uint64_t start, end; /* end included */
		unsigned depth;
		char *name;
	} * items;
	size_t count, capacity;
	bool visible; /* false: the kernel shows us zeros (CAP_SYS_ADMIN) */
};

enum ram_answer { RAM_NO, RAM_YES, RAM_UNKNOWN };

struct error *iomem_read(const struct root *root, struct iomem *ret)
	__attribute__((nonnull, warn_unused_result));
void iomem_deinit(struct iomem *iomem);

#define cleanup_iomem cleanup_with(iomem_deinit)

/* The innermost range around an address, NULL if there is none or they are not
 * visible. */
const struct iomem_range *iomem_find(const struct iomem *iomem,
				     uint64_t address) __attribute__((nonnull));

/* The innermost owner of an address: NULL if nobody or not visible. */
const char *iomem_owner(const struct iomem *iomem, uint64_t address)
	__attribute__((nonnull));

/*
 * Whether an address is ordinary memory. Where /proc/iomem is hidden, the
 * firmware's own map (/sys/firmware/memmap, readable for all) is asked.
 */
enum ram_answer iomem_is_ram(const struct iomem *iomem, const struct root *root,
			     uint64_t address) __attribute__((nonnull));

#endif
