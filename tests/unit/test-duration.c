/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths of time: what is read, what is refused, how they are written. */
#include "unit.h"

#include "base/duration.h"

static const struct {
	const char *text;
	uint64_t nanoseconds;
	const char *written; /* NULL: as it was read */
} right[] = {
	{"1ns", 1, NULL},
	{"0s", 0, NULL},
	{"0ns", 0, "0s"},
	{"999ns", 999, NULL},
	{"1000ns", 1000, "1us"},
	{"1us", 1000, NULL},
	{"250us", 250000, NULL},
	{"1ms", 1000000, NULL},
	{"100ms", 100000000, NULL},
	{"1500ms", 1500000000, NULL},
	{"0x10ms", 16000000, "16ms"},
	{"1_000ms", 1000000000, "1s"},
	{"1s", 1000000000, NULL},
	{"59s", UINT64_C(59000000000), NULL},
	{"60s", UINT64_C(60000000000), "1m"},
	{"90s", UINT64_C(90000000000), NULL},
	{"10m", UINT64_C(600000000000), NULL},
	/* the longest of each unit */
	{"18446744073709551615ns", UINT64_MAX, NULL},
	{"18446744073709551us", UINT64_C(18446744073709551000), NULL},
	{"18446744073709ms", UINT64_C(18446744073709000000), NULL},
	{"18446744073s", UINT64_C(18446744073000000000), NULL},
	{"307445734m", UINT64_C(18446744040000000000), NULL},
};

START_TEST(right_times)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		const char *text = right[i].text;
		cleanup_error struct error *error = NULL;
		char written[DURATION_LENGTH];
		uint64_t value = 77;

		error = duration_parse("--max-stop", text, &value);
		ck_assert_msg(!error, "%s: %s", text,
			      error ? error->message : "");
		ck_assert_msg(value == right[i].nanoseconds, "%s: %llu", text,
			      (unsigned long long)value);
		ck_assert_str_eq(duration_format(value, written),
				 right[i].written ? right[i].written : text);
	}
}
END_TEST

static const char *const wrong[] = {
	"",
	"s",
	"ms",
	"5",
	"1x",
	"5h",
	"-1s",
	"+1s",
	" 1s",
	"1.5s",
	"1 s",
	"1s ",
	"1S",
	"1sec",
	"1min",
	"1mss",
	"1n",
	"1u",
	"1s1s",
	"1s500ms",
	"010s",
	"1e3s",
	"0xs",
	"1__0s",
	"99999999999999999999s",
	"18446744073709551616ns",
	"18446744073709552us",
	"18446744073710ms",
	"18446744074s",
	"307445735m",
};

START_TEST(wrong_times)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const char *text = wrong[i];
		cleanup_error struct error *error = NULL;
		uint64_t value = 77;

		error = duration_parse("--max-stop", text, &value);
		ck_assert_msg(error, "%s is taken", text);
		ck_assert_msg(error->kind == ERROR_USAGE, "%s: kind", text);
		ck_assert_msg(strncmp(error->message, "--max-stop: ", 12) == 0,
			      "%s: %s", text, error->message);
		ck_assert_msg(error->help, "%s: no help", text);
		ck_assert_msg(value == 77, "%s is written", text);
		ck_assert_msg(!error->input ||
				      error->input_start +
						      error->input_length <=
					      strlen(error->input),
			      "%s: the mark is outside", text);
	}
}
END_TEST

static const struct {
	const char *text;
	size_t start, length; /* of what is wrong in it */
} marks[] = {
	{"", 0, 0},     {"s", 0, 1},       {"ms", 0, 2},
	{"5", 1, 0},    {"1sec", 1, 3},    {"1mss", 1, 3},
	{"100n", 3, 1}, {"1s500ms", 1, 6}, {"18446744074s", 0, 12},
};

START_TEST(marked)
{
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		const char *text = marks[i].text;
		cleanup_error struct error *error = NULL;
		uint64_t value;

		error = duration_parse("--max-stop", text, &value);
		ck_assert_msg(error && error->input &&
				      strcmp(error->input, text) == 0,
			      "%s is not shown", text);
		ck_assert_msg(error->input_start == marks[i].start, "%s: %zu",
			      text, error->input_start);
		ck_assert_msg(error->input_length == marks[i].length,
			      "%s: %zu long", text, error->input_length);
	}
}
END_TEST

/* What is written is read back as the same. */
START_TEST(round_trips)
{
	uint64_t value = 1;

	for (int i = 0; i < 20000; i++) {
		cleanup_error struct error *error = NULL;
		char text[DURATION_LENGTH];
		uint64_t again;

		value = value * UINT64_C(6364136223846793005) +
			1442695040888963;
		duration_format(value >> (i % 64), text);
		error = duration_parse("it", text, &again);
		ck_assert_msg(!error && again == value >> (i % 64), "%s", text);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		right_times,
		wrong_times,
		marked,
		round_trips,
	};

	return run_suite(
		suite_of("duration", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
