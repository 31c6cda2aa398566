/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has worked in a session: the pages of the target that were read and
 * written. It is the one thing known of a page that fails now without asking
 * its device.
 */
#ifndef MMIODBG_TARGET_HISTORY_H
#define MMIODBG_TARGET_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct history_page {
	uint64_t page; /* its address */
	bool read, written;
};

struct history {
	struct history_page *pages; /* ascending */
	size_t count, capacity;
	size_t last; /* the one that was noted last */
	uint64_t page_size;
};

/* An access has been made. What finds no memory is forgotten. */
void history_note(struct history *history, uint64_t address, bool write)
	__attribute__((nonnull));

/* The page of `address`, or NULL if no access of it was made. */
const struct history_page *history_find(const struct history *history,
					uint64_t address)
	__attribute__((nonnull));

/* Any page in [start, end) but that of `except`, or NULL. */
const struct history_page *history_other(const struct history *history,
					 uint64_t start, uint64_t end,
					 uint64_t except)
	__attribute__((nonnull));

/* All pages in [start, end): what is mapped there is not what it was. */
void history_forget(struct history *history, uint64_t start, uint64_t end)
	__attribute__((nonnull));

void history_deinit(struct history *history);

#define cleanup_history cleanup_with(history_deinit)

#endif
