/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/histogram.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"

enum { FIRST_SLOTS = 64 };

struct sums {
	uint64_t total, others;
};

/* A hash table with open addressing, at most half full; a row whose count is 0
 * is free. */
struct histogram {
	struct sums *sums; /* of each register */
	struct histogram_row *rows;
	size_t slots; /* a power of two */
	size_t used, most;
};

struct error *histogram_create(size_t registers, size_t most,
			       struct histogram **ret)
{
	cleanup_histogram struct histogram *histogram =
		calloc(1, sizeof(*histogram));

	if (!histogram)
		return error_no_memory();
	histogram->most = most;
	histogram->slots = FIRST_SLOTS;
	histogram->sums = calloc(registers + 1, sizeof(*histogram->sums));
	histogram->rows = calloc(FIRST_SLOTS, sizeof(*histogram->rows));
	if (!histogram->sums || !histogram->rows)
		return error_no_memory();
	*ret = steal(histogram);
	return NULL;
}

void histogram_destroy(struct histogram *histogram)
{
	if (!histogram)
		return;
	free(histogram->sums);
	free(histogram->rows);
	free(histogram);
}

/* All bits of the result depend on all of both (Steele, Lea, Flood: Fast
 * splittable pseudorandom number generators, 2014). */
static uint64_t hash_of(size_t of, uint64_t value)
{
	uint64_t hash = value + of * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
	return hash ^ hash >> 31;
}

/* The row of a value, or the free one where it belongs. */
static struct histogram_row *find(struct histogram_row *rows, size_t slots,
				  size_t of, uint64_t value)
{
	size_t at = (size_t)hash_of(of, value) & (slots - 1);

	while (rows[at].count && (rows[at].of != of || rows[at].value != value))
		at = (at + 1) & (slots - 1);
	return &rows[at];
}

static bool has_room(struct histogram *histogram)
{
	size_t slots = histogram->slots * 2;
	struct histogram_row *rows;

	if (histogram->used == histogram->most)
		return false;
	if (histogram->used < histogram->slots / 2)
		return true;
	rows = calloc(slots, sizeof(*rows));
	if (!rows)
		return false;
	for (size_t i = 0; i < histogram->slots; i++) {
		const struct histogram_row *row = &histogram->rows[i];

		if (row->count)
			*find(rows, slots, row->of, row->value) = *row;
	}
	free(histogram->rows);
	histogram->rows = rows;
	histogram->slots = slots;
	return true;
}

void histogram_add(struct histogram *histogram, size_t of, uint64_t value,
		   uint64_t time)
{
	struct sums *sums = &histogram->sums[of];
	struct histogram_row *row =
		find(histogram->rows, histogram->slots, of, value);

	sums->total++;
	if (row->count) {
		row->count++;
		row->last = time;
		return;
	}
	if (!has_room(histogram)) {
		sums->others++;
		return;
	}
	row = find(histogram->rows, histogram->slots, of, value);
	*row = (struct histogram_row){
		.value = value,
		.count = 1,
		.first = time,
		.last = time,
		.of = of,
	};
	histogram->used++;
}

static int compare_rows(const void *left, const void *right)
{
	const struct histogram_row *a = left, *b = right;

	if (!a->count || !b->count)
		return !a->count - !b->count;
	if (a->of != b->of)
		return a->of < b->of ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->value < b->value ? -1 : a->value > b->value;
}

const struct histogram_row *histogram_rows(struct histogram *histogram,
					   size_t *ret_count)
{
	qsort(histogram->rows, histogram->slots, sizeof(*histogram->rows),
	      compare_rows);
	*ret_count = histogram->used;
	return histogram->rows;
}

uint64_t histogram_total(const struct histogram *histogram, size_t of)
{
	return histogram->sums[of].total;
}

uint64_t histogram_others(const struct histogram *histogram, size_t of)
{
	return histogram->sums[of].others;
}
