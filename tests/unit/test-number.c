/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers: what is read, what is refused, and where the error points. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char *text;
	uint64_t value;
	size_t used;
	bool bare;
} right[] = {
	{"0", 0, 1, false},
	{"1", 1, 1, false},
	{"9", 9, 1, false},
	{"10", 10, 2, true},
	{"1_0", 10, 3, true},
	{"1000000", 1000000, 7, true},
	{"1_000_000", 1000000, 9, true},
	{"18446744073709551615", UINT64_MAX, 20, true},
	{"0x0", 0, 3, false},
	{"0x00", 0, 4, false},
	{"0X1f", 0x1f, 4, false},
	{"0xdeadBEEF", 0xdeadbeef, 10, false},
	{"0xffff_ffff", 0xffffffff, 11, false},
	{"0xffffffffffffffff", UINT64_MAX, 18, false},
	{"0x00000000000000000001", 1, 22, false},
	{"0b0", 0, 3, false},
	{"0b101", 5, 5, false},
	{"0B1111_0000", 0xf0, 11, false},
	{"0b1111111111111111111111111111111111111111111111111111111111111111",
	 UINT64_MAX, 66, false},
	{"0d0", 0, 3, false},
	{"0d10", 10, 4, false},
	{"0D010", 10, 5, false},
	{"0d18446744073709551615", UINT64_MAX, 22, false},
	/* what is no word ends the number */
	{"1.5", 1, 1, false},
	{"0x10+4", 0x10, 4, false},
	{"7:4", 7, 1, false},
	{"12=", 12, 2, true},
	{"3 ", 3, 1, false},
	{"3\xff", 3, 1, false},
	{"4-5", 4, 1, false},
};

START_TEST(right_numbers)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		const char *text = right[i].text;
		uint64_t value = 77;
		size_t used = 77, bad = 77;
		bool bare = !right[i].bare;

		ck_assert_msg(number_scan(text, strlen(text), &value, &used,
					  &bare, &bad) == NUMBER_OK,
			      "%s", text);
		ck_assert_msg(value == right[i].value, "%s", text);
		ck_assert_msg(used == right[i].used, "%s", text);
		ck_assert_msg(bare == right[i].bare, "%s", text);
	}
}
END_TEST

static const struct {
	const char *text;
	enum number_result result;
	size_t used, bad;
} wrong[] = {
	{"", NUMBER_EMPTY, 0, 0},
	{"x", NUMBER_EMPTY, 1, 0},
	{"abc", NUMBER_EMPTY, 3, 0},
	{"+1", NUMBER_EMPTY, 0, 0},
	{"-1", NUMBER_EMPTY, 0, 0},
	{" 1", NUMBER_EMPTY, 0, 0},
	{"\xff", NUMBER_EMPTY, 0, 0},
	{"0x", NUMBER_EMPTY, 2, 2},
	{"0b", NUMBER_EMPTY, 2, 2},
	{"0d", NUMBER_EMPTY, 2, 2},
	{"0x+1", NUMBER_EMPTY, 2, 2},
	{"00", NUMBER_LEADING_ZERO, 2, 0},
	{"010", NUMBER_LEADING_ZERO, 3, 0},
	{"08", NUMBER_LEADING_ZERO, 2, 0},
	{"0_1", NUMBER_LEADING_ZERO, 3, 0},
	{"01x", NUMBER_LEADING_ZERO, 3, 0},
	{"0o17", NUMBER_BAD_DIGIT, 4, 1},
	{"0k", NUMBER_BAD_DIGIT, 2, 1},
	{"12k", NUMBER_BAD_DIGIT, 3, 2},
	{"1f", NUMBER_BAD_DIGIT, 2, 1},
	{"1e3", NUMBER_BAD_DIGIT, 3, 1},
	{"0x1g", NUMBER_BAD_DIGIT, 4, 3},
	{"0x10L", NUMBER_BAD_DIGIT, 5, 4},
	{"0xx", NUMBER_BAD_DIGIT, 3, 2},
	{"0b2", NUMBER_BAD_DIGIT, 3, 2},
	{"0b1x", NUMBER_BAD_DIGIT, 4, 3},
	{"0d1f", NUMBER_BAD_DIGIT, 4, 3},
	{"_", NUMBER_UNDERSCORE, 1, 0},
	{"_1", NUMBER_UNDERSCORE, 2, 0},
	{"1__0", NUMBER_UNDERSCORE, 4, 2},
	{"0x_1", NUMBER_UNDERSCORE, 4, 2},
	{"0x1__2", NUMBER_UNDERSCORE, 6, 4},
	{"18446744073709551616", NUMBER_OVERFLOW, 20, 19},
	{"99999999999999999999999", NUMBER_OVERFLOW, 23, 19},
	{"0x10000000000000000", NUMBER_OVERFLOW, 19, 18},
	{"0b10000000000000000000000000000000000000000000000000000000000000000",
	 NUMBER_OVERFLOW, 67, 66},
};

START_TEST(wrong_numbers)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const char *text = wrong[i].text;
		uint64_t value = 77;
		size_t used = 77, bad = 77;
		enum number_result result;
		bool bare;

		result = number_scan(text, strlen(text), &value, &used, &bare,
				     &bad);
		ck_assert_msg(result == wrong[i].result, "%s: %d", text,
			      (int)result);
		ck_assert_msg(value == 77, "%s is written", text);
		ck_assert_msg(used == wrong[i].used, "%s: %zu", text, used);
		ck_assert_msg(bad == wrong[i].bad, "%s: %zu", text, bad);
	}
}
END_TEST

/* A '_' at the end: whatever is pointed at, it is in the run or at its end. */
START_TEST(underscore_at_the_end)
{
	static const char *const texts[] = {"1_", "0x1_", "0x_", "0b1_",
					    "1_0_"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t length = strlen(texts[i]), used, bad;
		uint64_t value;
		bool bare;

		ck_assert_msg(number_scan(texts[i], length, &value, &used,
					  &bare, &bad) == NUMBER_UNDERSCORE,
			      "%s", texts[i]);
		ck_assert_uint_eq(used, length);
		ck_assert_uint_le(bad, length);
	}
}
END_TEST

/* Nothing behind `length` is looked at. */
START_TEST(length_counts)
{
	uint64_t value;
	size_t used, bad;
	bool bare;

	ck_assert_int_eq(number_scan("123", 2, &value, &used, &bare, &bad),
			 NUMBER_OK);
	ck_assert_uint_eq(value, 12);
	ck_assert_int_eq(number_scan("0x10", 3, &value, &used, &bare, &bad),
			 NUMBER_OK);
	ck_assert_uint_eq(value, 1);
	ck_assert_int_eq(number_scan("0x10", 1, &value, &used, &bare, &bad),
			 NUMBER_OK);
	ck_assert_uint_eq(value, 0);
	ck_assert_int_eq(number_scan("1", 0, &value, &used, &bare, &bad),
			 NUMBER_EMPTY);
}
END_TEST

START_TEST(explained)
{
	for (int i = NUMBER_OK; i <= NUMBER_OVERFLOW; i++) {
		ck_assert_ptr_nonnull(number_explain((enum number_result)i));
		ck_assert_ptr_nonnull(number_advice((enum number_result)i));
	}
	for (int i = NUMBER_EMPTY; i <= NUMBER_OVERFLOW; i++) {
		ck_assert_str_ne(number_explain((enum number_result)i), "");
		ck_assert_str_ne(number_advice((enum number_result)i), "");
	}
}
END_TEST

/* The whole of an argument; no text: it is accepted as `value`. */
static const struct {
	const char *argument;
	uint64_t limit, value;
	size_t start, length;
	const char *text;
} arguments[] = {
	{"0", 0, 0, 0, 0, NULL},
	{"10", 10, 10, 0, 0, NULL},
	{"0x10", 0x10, 0x10, 0, 0, NULL},
	{"18446744073709551615", UINT64_MAX, UINT64_MAX, 0, 0, NULL},
	{"11", 10, 0, 0, 2, "count: the number is above 10"},
	{"1", 0, 0, 0, 1, "above 0"},
	{"", 10, 0, 0, 0, "count: a number must stand here"},
	{"x", 10, 0, 0, 1, "a number must stand here"},
	{"1 ", 10, 0, 1, 1, "not a digit"},
	{" 1", 10, 0, 0, 1, "a number must stand here"},
	{"1.5", 10, 0, 1, 1, "not a digit"},
	{"-1", 10, 0, 0, 1, "a number must stand here"},
	{"+1", 10, 0, 0, 1, "a number must stand here"},
	{"1k", 10, 0, 1, 1, "not a digit"},
	{"010", 10, 0, 0, 1, "leading zero"},
	{"0x", 10, 0, 2, 0, "a number must stand here"},
	{"18446744073709551616", UINT64_MAX, 0, 19, 1, "64 bits"},
};

START_TEST(parsed_arguments)
{
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
		const char *argument = arguments[i].argument;
		cleanup_error struct error *error = NULL;
		uint64_t value = 77;

		error = number_parse("count", argument, arguments[i].limit,
				     &value);
		if (!arguments[i].text) {
			ck_assert_msg(!error, "%s", argument);
			ck_assert_msg(value == arguments[i].value, "%s",
				      argument);
			continue;
		}
		ck_assert_msg(error && value == 77, "%s", argument);
		ck_assert_int_eq(error->kind, ERROR_USAGE);
		ck_assert_str_eq(error->input, argument);
		ck_assert_msg(error->input_start == arguments[i].start &&
				      error->input_length ==
					      arguments[i].length,
			      "'%s': %zu, %zu", argument, error->input_start,
			      error->input_length);
		ck_assert_msg(strstr(error->message, arguments[i].text),
			      "'%s': %s", argument, error->message);
	}
}
END_TEST

static uint64_t random_state = 0x6d6d696f;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* What is printed is read back. */
START_TEST(round_trips)
{
	static const char *const formats[] = {"%llu", "0d%llu", "0x%llx",
					      "0x%016llX"};

	for (unsigned i = 0; i < 100000; i++) {
		uint64_t number = next_random() >> next_random() % 64;
		uint64_t value = 0;
		char text[40];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), formats[i % ARRAY_SIZE(formats)],
			 (unsigned long long)number);
#pragma GCC diagnostic pop
		ck_assert_ptr_null(
			number_parse("number", text, UINT64_MAX, &value));
		ck_assert_uint_eq(value, number);
	}
}
END_TEST

/* Any text: what is used and what is bad stay within it. */
START_TEST(random_texts)
{
	static const char bytes[] = "0123456789abcdefxXbBdD_g+. ";

	for (unsigned i = 0; i < 200000; i++) {
		size_t length = next_random() % 24, used, bad;
		enum number_result result;
		uint64_t value = 0;
		char text[24];
		bool bare;

		for (size_t at = 0; at < length; at++)
			text[at] = bytes[next_random() % (sizeof(bytes) - 1)];
		result = number_scan(text, length, &value, &used, &bare, &bad);
		ck_assert_uint_le(used, length);
		ck_assert_uint_le(bad, used);
		if (result == NUMBER_OK)
			ck_assert_uint_gt(used, 0);
	}
}
END_TEST

static Suite *number_suite(void)
{
	const TTest *const tests[] = {
		right_numbers, wrong_numbers, underscore_at_the_end,
		length_counts, explained,     parsed_arguments,
		round_trips,   random_texts,
	};
	Suite *suite = suite_create("number");
	TCase *tcase = tcase_create("number");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(number_suite());
	int failed;

	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
