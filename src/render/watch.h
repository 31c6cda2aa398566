/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `watch` prints, by a thread of its own: who takes the samples never
 * waits for it. What there is to print comes through a ring; what finds no room
 * there is lost, and that is counted.
 *
 * While it runs, nobody else may write to standard output, and the columns and
 * the session's mappings and names may be changed only between watch_lock() and
 * watch_unlock().
 */
#ifndef MMIODBG_RENDER_WATCH_H
#define MMIODBG_RENDER_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;
struct histogram;
struct operation;
struct session;
struct watch_form;
struct watch_printer;

/* One register that is watched. */
struct watch_column {
	char *label;                   /* what it is called */
	char *place;                   /* where it is */
	const char *location;          /* as the user wrote it */
	const struct operation *shape; /* which bits are shown; never changes */
	/* What values mean, as far as it is known: of this only that is looked
	 * at. */
	const struct operation *operation;
	bool hidden; /* of it only failures, and the end of them, are told */
	/* For the histogram. */
	bool masked;       /* only some bits of what is shown count */
	uint64_t failures; /* samples without a value */
};

enum watch_event {
	WATCH_FIRST,   /* the first value */
	WATCH_CHANGE,  /* another one */
	WATCH_SAME,    /* the same, or one that differs where it does not count
			*/
	WATCH_BACK,    /* the first value after a failure */
	WATCH_FAILURE, /* none */
};

/* What happened to a column; a failure to `count` of them at once. */
struct watch_item {
	enum watch_event event;
	uint32_t column, count;
	uint64_t sample;  /* its number, from 1 */
	uint64_t time;    /* of the access: clock_now() */
	uint64_t clock;   /* the same, in nanoseconds since 1970 */
	uint64_t value;   /* whole, as those of elements */
	bool has_before;  /* there was one before that was told */
	uint64_t before;  /* whole */
	uint64_t changes; /* so far */
	uint64_t away;    /* WATCH_BACK: for how long it failed, nanoseconds */
	uint64_t lost;    /* samples, between the item before and this one */
	struct error *error; /* WATCH_FAILURE; owned */
};

/* All of this has to last as long as the printer. */
struct watch_setup {
	const struct watch_form *form;
	struct session *session;
	struct watch_column *columns;
	size_t n_columns;
	bool relative;  /* times from the start on */
	bool color;     /* of standard output */
	uint64_t start; /* clock_now() */
	int64_t offset; /* from clock_now() to nanoseconds since 1970 */
	/* Set at the end, for what is printed then. */
	uint64_t end; /* clock_now() */
	uint64_t samples, lost;
	uint64_t missed; /* samples that were due and were not taken */
	uint64_t gap;    /* the longest time between two samples */
};

extern const struct watch_form watch_text, watch_quiet, watch_json,
	watch_json_lines, watch_screen;

/* Creates the printer, which does not run yet. */
struct error *watch_printer_create(const struct watch_setup *setup,
				   struct watch_printer **ret)
	__attribute__((nonnull, warn_unused_result));

/* Starts it. Signals are kept (base/interrupt.h). */
struct error *watch_printer_start(struct watch_printer *printer)
	__attribute__((nonnull, warn_unused_result));

/* Legal on NULL, and if it was never started; not while it runs. */
void watch_printer_destroy(struct watch_printer *printer);

/* Takes the item over, with its error; false: there was no room, and it stays
 * the caller's. */
bool watch_put(struct watch_printer *printer, const struct watch_item *item)
	__attribute__((nonnull, warn_unused_result));

/* How many samples were taken so far. */
void watch_count(struct watch_printer *printer, uint64_t samples)
	__attribute__((nonnull));

void watch_lock(struct watch_printer *printer) __attribute__((nonnull));
void watch_unlock(struct watch_printer *printer) __attribute__((nonnull));

/* A descriptor that can be read once output fails: nobody reads what is
 * printed; and whether that is so. */
int watch_printer_descriptor(const struct watch_printer *printer)
	__attribute__((nonnull));
bool watch_printer_failed(const struct watch_printer *printer)
	__attribute__((nonnull));

/* Waits until all that was put is printed, and the thread has ended. A signal
 * that comes meanwhile ends us after some seconds. */
void watch_printer_end(struct watch_printer *printer) __attribute__((nonnull));

/*
 * The end of the output, when the thread has ended: the sum of what was lost,
 * and the histogram unless it is NULL. For JSON this is where the document
 * ends, also if no printer was created; `condition`, and whether it was met,
 * and `error` are told there: each may be NULL.
 */
struct watch_result {
	const char *condition; /* --until */
	bool met;
	const struct error *error;
};
struct error *
watch_finish(const struct watch_setup *setup, struct watch_printer *printer,
	     struct histogram *histogram, const struct watch_result *result)
	__attribute__((nonnull(1, 4), warn_unused_result));

DEFINE_CLEANUP(watch_printer, struct watch_printer, watch_printer_destroy)
#define cleanup_watch_printer cleanup_with(watch_printer_cleanup_)

#endif
