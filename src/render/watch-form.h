/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The forms in which `watch` prints: what they share, for them alone. */
#ifndef MMIODBG_RENDER_WATCH_FORM_H
#define MMIODBG_RENDER_WATCH_FORM_H

#include "render/json.h"
#include "render/watch.h"

struct screen_table;

struct watch_output {
	const struct watch_setup *setup;
	struct watch_printer *printer;
	struct json_document document; /* of JSON */
	struct screen_table *table;    /* of watch_screen */
	int day; /* of the year, of the last local time; -1: none yet */
};

/*
 * All but `put` may be NULL. In the thread that prints: `begin`, `put` for each
 * item, `rest` when no more are there, `end`. In the one that takes samples:
 * `prepare` before these, and `finish` after them; and `release`, at last.
 */
struct watch_form {
	bool is_json;
	uint64_t period; /* `rest` is called that often at least; 0: not so */
	struct error *(*prepare)(struct watch_output *output);
	void (*begin)(struct watch_output *output);
	void (*put)(struct watch_output *output, const struct watch_item *item);
	void (*rest)(struct watch_output *output);
	void (*end)(struct watch_output *output);
	/* Of another descriptor that is to be read when it can be; -1: none. */
	int (*descriptor)(const struct watch_output *output);
	struct error *(*finish)(struct watch_output *output,
				struct histogram *histogram,
				const struct watch_result *result);
	void (*release)(struct watch_output *output);
};

/* The number that watch_count() said last. */
uint64_t watch_counted(const struct watch_output *output);

enum { WATCH_TIME_LENGTH = 48 };

/* "12:00:01.123456", local, or with --relative "+0.123456". */
const char *watch_time(const struct watch_setup *setup, uint64_t time,
		       uint64_t clock, char buffer[WATCH_TIME_LENGTH]);

/* "2026-11-29T12:00:01.123456789Z" */
const char *watch_rfc3339(uint64_t clock, char buffer[WATCH_TIME_LENGTH]);

/* "12 samples were lost". */
void watch_put_lost(uint64_t lost);

/* The bits of what is shown in which the value of an item differs from the one
 * before. */
uint64_t watch_changed(const struct watch_setup *setup,
		       const struct watch_item *item);

/* The histogram as a table, and as a list of objects. */
struct error *watch_histogram_print(const struct watch_setup *setup,
				    struct histogram *histogram)
	__attribute__((nonnull, warn_unused_result));
json_object *watch_histogram_json(const struct watch_setup *setup,
				  struct histogram *histogram)
	__attribute__((nonnull));

/* `finish` of text. */
struct error *watch_finish_text(struct watch_output *output,
				struct histogram *histogram,
				const struct watch_result *result)
	__attribute__((nonnull(1, 3), warn_unused_result));

#endif
