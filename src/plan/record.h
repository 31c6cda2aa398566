/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results that wait: until the mapping that they came from has been found
 * unchanged, and while a target stands still, for a reader of our output may
 * block us. A record is a sink that keeps what it gets and gives it to another
 * one later, in the same order.
 */
#ifndef MMIODBG_PLAN_RECORD_H
#define MMIODBG_PLAN_RECORD_H

#include "plan/element.h"

struct record_entry;

struct record {
	struct record_entry *entries;
	size_t count, capacity;
	bool lost; /* there was no memory for one */
};

/* The sink that fills it, for what `like` takes. */
struct run_sink record_sink(struct record *record, const struct run_sink *like)
	__attribute__((nonnull));

/* How many elements are in it. */
size_t record_elements(const struct record *record) __attribute__((nonnull));

/* Whether there is an access that was made. */
bool record_has_made(const struct record *record) __attribute__((nonnull));

/*
 * What is left of an access, or of an element of which an access was made, now
 * that its mapping has been looked at: NULL, all of it; else the error, and no
 * value is known. `wrote`: a write was made; `before`: the error that it had,
 * or NULL.
 */
typedef struct error *record_judge(void *data, const struct element *element,
				   bool wrote, const struct error *before);

/* Asks `judge` of each, in their order. The record owns the errors. */
void record_review(struct record *record, record_judge *judge, void *data)
	__attribute__((nonnull(1, 2)));

/* Gives all to `sink`, and empties the record. */
void record_replay(struct record *record, const struct run_sink *sink)
	__attribute__((nonnull));

void record_deinit(struct record *record);

#define cleanup_record cleanup_with(record_deinit)

#endif
