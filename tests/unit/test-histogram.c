/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often each value was there, against a plain count; the order; the end of
 * the memory that it may use. */
#include "plan/histogram.h"
#include "unit.h"

static struct histogram *make(size_t registers, size_t most)
{
	struct histogram *histogram;

	expect_no_error(histogram_create(registers, most, &histogram),
			"create");
	return histogram;
}

START_TEST(empty)
{
	cleanup_histogram struct histogram *histogram = make(3, 10);
	size_t count = 77;

	histogram_rows(histogram, &count);
	ck_assert_uint_eq(count, 0);
	for (size_t of = 0; of < 3; of++) {
		ck_assert_uint_eq(histogram_total(histogram, of), 0);
		ck_assert_uint_eq(histogram_others(histogram, of), 0);
	}
	histogram_destroy(NULL);
}
END_TEST

START_TEST(order)
{
	static const struct {
		size_t of;
		uint64_t value;
	} added[] = {
		{1, 5}, {0, 9}, {1, UINT64_MAX}, {0, 9}, {0, 0},
		{0, 3}, {1, 5}, {0, 3},          {1, 5}, {2, 5},
	};
	static const struct histogram_row wanted[] = {
		{.of = 0, .value = 3, .count = 2, .first = 105, .last = 107},
		{.of = 0, .value = 9, .count = 2, .first = 101, .last = 103},
		{.of = 0, .value = 0, .count = 1, .first = 104, .last = 104},
		{.of = 1, .value = 5, .count = 3, .first = 100, .last = 108},
		{.of = 1,
		 .value = UINT64_MAX,
		 .count = 1,
		 .first = 102,
		 .last = 102},
		{.of = 2, .value = 5, .count = 1, .first = 109, .last = 109},
	};
	cleanup_histogram struct histogram *histogram = make(4, 10);
	const struct histogram_row *rows;
	size_t count;

	for (size_t i = 0; i < ARRAY_SIZE(added); i++)
		histogram_add(histogram, added[i].of, added[i].value, 100 + i);
	rows = histogram_rows(histogram, &count);
	ck_assert_uint_eq(count, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(rows[i].of, wanted[i].of);
		ck_assert_uint_eq(rows[i].value, wanted[i].value);
		ck_assert_uint_eq(rows[i].count, wanted[i].count);
		ck_assert_uint_eq(rows[i].first, wanted[i].first);
		ck_assert_uint_eq(rows[i].last, wanted[i].last);
	}
	ck_assert_uint_eq(histogram_total(histogram, 0), 5);
	ck_assert_uint_eq(histogram_total(histogram, 1), 4);
	ck_assert_uint_eq(histogram_total(histogram, 2), 1);
	ck_assert_uint_eq(histogram_total(histogram, 3), 0);
}
END_TEST

enum { REGISTERS = 3, VALUES = 5000, ADDED = 100000 };

static uint64_t counts[REGISTERS][VALUES];

/* Values that differ in the low bits, in the high ones, or in many. */
static uint64_t value_of(size_t number)
{
	static const uint64_t factors[] = {1, UINT64_C(1) << 51,
					   UINT64_C(0x9e3779b97f4a7c15)};

	return number * factors[number % 3];
}

/* And back: by the inverse of each factor, modulo 2^64. */
static size_t number_of(uint64_t value)
{
	const uint64_t numbers[] = {value, value >> 51,
				    value * UINT64_C(0xf1de83e19937733d)};

	for (size_t i = 0; i < 3; i++)
		if (numbers[i] < VALUES && value_of(numbers[i]) == value)
			return numbers[i];
	ck_abort_msg("there is no such value: %llu", (unsigned long long)value);
	return 0;
}

/* As many values as there are, or fewer: each that has a row has the right
 * count, and the others are counted together. */
START_TEST(many)
{
	static const size_t mosts[] = {0, 1, 32, 33, 1000, 14999, 15000, 70000};
	uint64_t seed = 1;

	for (size_t i = 0; i < ARRAY_SIZE(mosts); i++) {
		cleanup_histogram struct histogram *histogram =
			make(REGISTERS, mosts[i]);
		uint64_t sums[REGISTERS] = {0}, rowed[REGISTERS] = {0};
		const struct histogram_row *rows;
		size_t count, all = 0;

		memset(counts, 0, sizeof(counts));
		for (size_t n = 0; n < ADDED; n++) {
			size_t of, number;

			seed = seed * UINT64_C(6364136223846793005) + 1;
			of = (seed >> 33) % REGISTERS;
			number = (seed >> 40) % VALUES;
			all += !counts[of][number]++;
			sums[of]++;
			histogram_add(histogram, of, value_of(number), n);
		}
		rows = histogram_rows(histogram, &count);
		ck_assert_uint_eq(count, all < mosts[i] ? all : mosts[i]);
		for (size_t n = 0; n < count; n++) {
			size_t number = number_of(rows[n].value);

			ck_assert_uint_eq(rows[n].count,
					  counts[rows[n].of][number]);
			rowed[rows[n].of] += rows[n].count;
			ck_assert_uint_le(rows[n].first, rows[n].last);
		}
		for (size_t of = 0; of < REGISTERS; of++) {
			ck_assert_uint_eq(histogram_total(histogram, of),
					  sums[of]);
			ck_assert_uint_eq(histogram_others(histogram, of),
					  sums[of] - rowed[of]);
		}
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		empty,
		order,
		many,
	};

	return run_suite(
		suite_of("histogram", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
