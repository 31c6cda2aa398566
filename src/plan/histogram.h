/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often each value was there, for many registers, in bounded memory: once
 * there are so many different values, further ones are counted together.
 */
#ifndef MMIODBG_PLAN_HISTOGRAM_H
#define MMIODBG_PLAN_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;
struct histogram;

struct histogram_row {
	uint64_t value;
	uint64_t count;
	uint64_t first, last; /* the times of the first and the last one */
	size_t of;            /* the register, from 0 */
};

/* For `registers` of them, with `most` different values of all together. */
struct error *histogram_create(size_t registers, size_t most,
			       struct histogram **ret)
	__attribute__((nonnull, warn_unused_result));

/* Legal on NULL. */
void histogram_destroy(struct histogram *histogram);

void histogram_add(struct histogram *histogram, size_t of, uint64_t value,
		   uint64_t time) __attribute__((nonnull));

/* Sorts what is there: by registers, the most frequent values first, and of
 * equally frequent ones the lowest. Nothing can be added any more. The rows
 * stay the histogram's. */
const struct histogram_row *histogram_rows(struct histogram *histogram,
					   size_t *ret_count)
	__attribute__((nonnull));

/* Of a register: all that was added, and what of it has no row. */
uint64_t histogram_total(const struct histogram *histogram, size_t of)
	__attribute__((nonnull));
uint64_t histogram_others(const struct histogram *histogram, size_t of)
	__attribute__((nonnull));

DEFINE_CLEANUP(histogram, struct histogram, histogram_destroy)
#define cleanup_histogram cleanup_with(histogram_cleanup_)

#endif
