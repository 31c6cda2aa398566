/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Results that wait: while a target stands still nothing is printed, for a
 * reader of our output may block us. A record is a sink that keeps what it gets
 * and gives it to another one later, in the same order.
 */
#ifndef MMIODBG_PLAN_RECORD_H
#define MMIODBG_PLAN_RECORD_H

#include "plan/run.h"

struct record_entry;

struct record {
	struct record_entry *entries;
	size_t count, capacity;
	bool lost; /* there was no memory for one */
};

/* The sink that fills it, for what `like` takes. */
struct run_sink record_sink(struct record *record, const struct run_sink *like)
	__attribute__((nonnull));

/* Gives all to `sink`, and empties the record. */
void record_replay(struct record *record, const struct run_sink *sink)
	__attribute__((nonnull));

void record_deinit(struct record *record);

#define cleanup_record cleanup_with(record_deinit)

#endif
