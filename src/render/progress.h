/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bar on standard error, if that is a terminal, for what takes longer than a
 * second. It is drawn anew five times a second at most, goes away for each
 * diagnostic, and at the end without a trace.
 */
#ifndef MMIODBG_RENDER_PROGRESS_H
#define MMIODBG_RENDER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *verb; /* "dump"; NULL: there is no bar */
	uint64_t total;   /* elements, at least 1 */
	unsigned bytes;   /* of each */
	uint64_t done;
	uint64_t start, next; /* clock_now() */
};

/* Starts the clock. */
void progress_start(struct progress *progress, const char *verb, uint64_t total,
		    unsigned bytes) __attribute__((nonnull));

/* One more is done. */
void progress_step(struct progress *progress) __attribute__((nonnull));

/* The last of it: the bar is erased. Legal on one that never started. */
void progress_end(struct progress *progress) __attribute__((nonnull));

/* Erases what is drawn, before something else is written to standard error. */
void progress_hide(void);

#endif
