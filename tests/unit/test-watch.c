/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `watch` prints of items that come through the ring: lines, times, what
 * was lost, changed bits. */
#include <time.h>

#include "plan/element.h"
#include "render/changes.h"
#include "render/watch.h"
#include "target/session.h"
#include "unit.h"

#define SECOND UINT64_C(1000000000)
/* 2026-11-29T23:59:58Z */
#define EVENING (UINT64_C(1795996798) * SECOND)

static struct session session = {.name = (char *)"app"};
static struct operation shape = {.bits = 32, .value_bits = 32};
static struct watch_column columns[] = {
	{.label = (char *)"first",
	 .place = (char *)"@uio0+0x0",
	 .location = "first",
	 .shape = &shape,
	 .operation = &shape},
	{.label = (char *)"second",
	 .place = (char *)"@uio0+0x4",
	 .location = "second",
	 .shape = &shape,
	 .operation = &shape},
	{.label = (char *)"th\001ird",
	 .place = (char *)"@uio0+0x8",
	 .location = "third",
	 .shape = &shape,
	 .operation = &shape},
};

static void set_up(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
}

/* Standard output goes to a file meanwhile. */
static FILE *captured;
static int kept;

static void capture(void)
{
	fflush(stdout);
	captured = tmpfile();
	ck_assert_ptr_nonnull(captured);
	kept = dup(STDOUT_FILENO);
	ck_assert_int_ge(kept, 0);
	ck_assert_int_ge(dup2(fileno(captured), STDOUT_FILENO), 0);
}

static void expect_output(const char *wanted)
{
	char text[8192] = "";
	size_t length;

	fflush(stdout);
	ck_assert_int_ge(dup2(kept, STDOUT_FILENO), 0);
	close(kept);
	rewind(captured);
	length = fread(text, 1, sizeof(text) - 1, captured);
	text[length] = '\0';
	fclose(captured);
	ck_assert_str_eq(text, wanted);
}

/* Prints them, in the form. */
static void print(const struct watch_form *form, bool relative,
		  const struct watch_item *items, size_t count, uint64_t lost)
{
	cleanup_watch_printer struct watch_printer *printer = NULL;
	struct watch_setup setup = {
		.form = form,
		.session = &session,
		.columns = columns,
		.n_columns = ARRAY_SIZE(columns),
		.relative = relative,
		.start = 5 * SECOND,
		.lost = lost,
	};
	static const struct watch_result result = {.met = false};

	expect_no_error(watch_printer_create(&setup, &printer), "create");
	capture();
	expect_no_error(watch_printer_start(printer), "start");
	for (size_t i = 0; i < count; i++) {
		struct watch_item item = items[i];

		item.clock = item.time + EVENING - 5 * SECOND;
		if (item.event == WATCH_FAILURE)
			item.error =
				error_create(ERROR_REVOKED, 0, "it is\n gone");
		else
			item.count = 1;
		ck_assert(watch_put(printer, &item));
	}
	watch_printer_end(printer);
	expect_no_error(watch_finish(&setup, printer, NULL, &result), "finish");
}

static const struct watch_item items[] = {
	{.event = WATCH_FIRST, .column = 0, .time = 5 * SECOND, .value = 0x10},
	{.event = WATCH_CHANGE,
	 .column = 0,
	 .time = 5 * SECOND + 1001,
	 .value = 0x13,
	 .has_before = true,
	 .before = 0x10},
	{.event = WATCH_FAILURE,
	 .column = 1,
	 .count = 2,
	 .time = 6 * SECOND + 999999999,
	 .lost = 1},
	{.event = WATCH_FAILURE, .column = 0, .count = 1, .time = 7 * SECOND},
	{.event = WATCH_BACK,
	 .column = 0,
	 .time = 8 * SECOND,
	 .value = 0x13,
	 .has_before = true,
	 .before = 0x13,
	 .away = SECOND + 500000},
	{.event = WATCH_BACK,
	 .column = 2,
	 .time = 8 * SECOND,
	 .value = 0x80000000,
	 .has_before = true,
	 .away = 1000},
	{.event = WATCH_BACK, .column = 1, .time = 9 * SECOND, .away = SECOND},
	{.event = WATCH_SAME,
	 .column = 0,
	 .time = 10 * SECOND,
	 .value = 0x13,
	 .has_before = true,
	 .before = 0x13,
	 .lost = 1234},
};

START_TEST(lines)
{
	print(&watch_text, false, items, ARRAY_SIZE(items), 0);
	expect_output("23:59:58.000000 first = 0x00000010\n"
		      "23:59:58.000001 first = 0x00000013 "
		      "(was 0x00000010, bits 1:0)\n"
		      "1 sample was lost\n"
		      "23:59:59.999999 second to th\\x01ird (2 elements): "
		      "it is\\x0a gone\n"
		      "2026-11-30\n"
		      "00:00:00.000000 first: it is\\x0a gone\n"
		      "00:00:01.000000 first = 0x00000013 "
		      "(back after 1.000500 s)\n"
		      "00:00:01.000000 th\\x01ird = 0x80000000 "
		      "(back after 0.000001 s; was 0x00000000, bit 31)\n"
		      "00:00:02.000000 second = 0x00000000 "
		      "(back after 1.000000 s)\n"
		      "1234 samples were lost\n"
		      "00:00:03.000000 first = 0x00000013\n");
}
END_TEST

START_TEST(relative_lines)
{
	print(&watch_text, true, items, 2, 1);
	expect_output("+0.000000 first = 0x00000010\n"
		      "+0.000001 first = 0x00000013 "
		      "(was 0x00000010, bits 1:0)\n"
		      "1 sample was lost in all\n");
}
END_TEST

START_TEST(values_only)
{
	print(&watch_quiet, false, items, 4, 0);
	expect_output("0x00000010\n0x00000013\n-\n-\n-\n");
}
END_TEST

/* What finds no room stays the caller's, and what is left when nothing is
 * printed is released. */
START_TEST(full_ring)
{
	cleanup_watch_printer struct watch_printer *printer = NULL;
	struct watch_setup setup = {
		.form = &watch_text,
		.session = &session,
		.columns = columns,
		.n_columns = ARRAY_SIZE(columns),
	};
	struct watch_item item = {.event = WATCH_FAILURE, .count = 1};
	size_t count = 0;

	expect_no_error(watch_printer_create(&setup, &printer), "create");
	for (;;) {
		item.error = error_create(ERROR_REVOKED, 0, "gone");
		if (!watch_put(printer, &item))
			break;
		count++;
	}
	error_destroy(item.error);
	ck_assert_uint_gt(count, 10000);
	watch_printer_destroy(NULL);
}
END_TEST

static void expect_bits(uint64_t mask, unsigned bits, const char *wanted)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	put_bits(stream, mask, bits);
	fclose(stream);
	ck_assert_str_eq(text, wanted);
	free(text);
}

START_TEST(bits)
{
	expect_bits(0x1, 32, "bit 0");
	expect_bits(0x80000000, 32, "bit 31");
	expect_bits(UINT64_C(1) << 63, 64, "bit 63");
	expect_bits(0x3, 32, "bits 1:0");
	expect_bits(0xf2, 8, "bits 7:4, 1");
	expect_bits(0xffffffff, 32, "bits 31:0");
	expect_bits(UINT64_MAX, 64, "bits 63:0");
	expect_bits(0x55, 8, "bits 6, 4, 2, 0");
	expect_bits(0x155, 12, "bits 0x155");
	expect_bits(0x155, 64, "bits 0x0000000000000155");
}
END_TEST

/* Digits that have a changed bit stand out, neighbours together. */
START_TEST(digits)
{
	static const struct operation field = {
		.bits = 32,
		.value_bits = 32,
		.has_field = true,
		.high = 16,
		.low = 4,
	};
	static const struct {
		const struct operation *operation;
		uint64_t value, changed;
		bool color;
		const char *text;
	} cases[] = {
		{&shape, 0x12345678, 0, true, "0x12345678"},
		{&shape, 0x12345678, 0xffffffff, false, "0x12345678"},
		{&shape, 0x12345678, 0x80000001, true,
		 "0x\033[1;36m1\033[0m234567\033[1;36m8\033[0m"},
		{&shape, 0x12345678, 0x00111000, true,
		 "0x12\033[1;36m345\033[0m678"},
		{&field, 0x1fff0, 0, true, "0x1fff"},
		{&field, 0x1fff0, 0x1000, true, "0x\033[1;36m1\033[0mfff"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *stream = open_memstream(&text, &size);

		ck_assert_ptr_nonnull(stream);
		put_digits(stream, cases[i].operation, cases[i].value,
			   cases[i].changed, cases[i].color);
		fclose(stream);
		ck_assert_str_eq(text, cases[i].text);
		free(text);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		lines, relative_lines, values_only, full_ring, bits, digits,
	};

	return run_suite(
		suite_of("watch", set_up, NULL, tests, ARRAY_SIZE(tests)));
}
