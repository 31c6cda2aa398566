/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has worked in a session: for each page of the target that was accessed,
 * when it was last read and written. It is the one thing known of a page that
 * fails now without asking its device.
 */
#ifndef MMIODBG_TARGET_HISTORY_H
#define MMIODBG_TARGET_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct history_page {
	uint64_t page;    /* its address */
	uint64_t read;    /* CLOCK_MONOTONIC in nanoseconds; 0: never */
	uint64_t written; /* the same */
};

struct history {
	struct history_page *pages; /* ascending */
	size_t count, capacity;
	size_t last; /* the one that was noted last */
	uint64_t page_size;
};

/* An access has been made. What finds no memory is forgotten. */
void history_note(struct history *history, uint64_t address, bool write,
		  uint64_t time) __attribute__((nonnull));

/* The page of `address`, or NULL if no access of it was made. */
const struct history_page *history_find(const struct history *history,
					uint64_t address)
	__attribute__((nonnull));

/* Any page in [start, end) but that of `except`, or NULL. */
const struct history_page *history_other(const struct history *history,
					 uint64_t start, uint64_t end,
					 uint64_t except)
	__attribute__((nonnull));

void history_deinit(struct history *history);

#define cleanup_history cleanup_with(history_deinit)

#endif
