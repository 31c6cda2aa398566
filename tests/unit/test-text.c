/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text: what may reach a terminal, what is near, how lists grow. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

static const struct {
	const char *text, *escaped;
} escapes[] = {
	{"", ""},
	{"plain text, 100%", "plain text, 100%"},
	{" ~!\"'", " ~!\"'"},
	{"a\\b", "a\\b"},
	{"\\x41", "\\x41"},
	{"tab\there", "tab\\x09here"},
	{"a\nb\r", "a\\x0ab\\x0d"},
	{"\x1b[31m", "\\x1b[31m"},
	{"\x01\x1f\x7f", "\\x01\\x1f\\x7f"},
	/* UTF-8 of two, three and four bytes */
	{"\xc3\xa9", "\xc3\xa9"},
	{"\xe2\x82\xac", "\xe2\x82\xac"},
	{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	{"\xc2\xa0", "\xc2\xa0"},
	{"\xed\x9f\xbf", "\xed\x9f\xbf"},
	{"\xee\x80\x80", "\xee\x80\x80"},
	{"\xef\xbf\xbd", "\xef\xbf\xbd"},
	/* cut short */
	{"\xc3", "\\xc3"},
	{"\xe2\x82", "\\xe2\\x82"},
	{"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},
	{"\xe2\x82z", "\\xe2\\x82z"},
	{"\xc3\xc3\xa9", "\\xc3\xc3\xa9"},
	{"\xf0\x9f\x98\xc3\xa9", "\\xf0\\x9f\\x98\xc3\xa9"},
	/* no lead byte, or none that exists */
	{"\x80", "\\x80"},
	{"\xbf\xbf", "\\xbf\\xbf"},
	{"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
	{"\xfe\xff", "\\xfe\\xff"},
	/* too long for what they say */
	{"\xc0\x80", "\\xc0\\x80"},
	{"\xc1\xbf", "\\xc1\\xbf"},
	{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
	{"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
	{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
	{"\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
	{"\xe0\xa0\x80", "\xe0\xa0\x80"},
	{"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
	/* surrogates, and above U+10FFFF */
	{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
	{"\xed\xbf\xbf", "\\xed\\xbf\\xbf"},
	{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
	{"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
	/* C1 controls, marks without width, changes of direction */
	{"\xc2\x80", "\\xc2\\x80"},
	{"\xc2\x9b", "\\xc2\\x9b"},
	{"\xc2\x9f", "\\xc2\\x9f"},
	{"\xc2\xad", "\\xc2\\xad"},
	{"\xe2\x80\x8b", "\\xe2\\x80\\x8b"},
	{"\xe2\x80\x8f", "\\xe2\\x80\\x8f"},
	{"\xe2\x80\x90", "\xe2\x80\x90"},
	{"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},
	{"\xe2\x80\xae", "\\xe2\\x80\\xae"},
	{"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},
	{"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},
	{"\xef\xbf\xbf", "\\xef\\xbf\\xbf"},
	{"\xf3\xa0\x80\x81", "\\xf3\\xa0\\x80\\x81"},
};

START_TEST(escaped_text)
{
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
		cleanup_free char *escaped =
			text_escape(escapes[i].text, strlen(escapes[i].text));

		ck_assert_str_eq(escaped, escapes[i].escaped);
	}
}
END_TEST

/* The length counts: a NUL is a byte like others, and nothing behind the end
 * is looked at. */
START_TEST(escaped_by_length)
{
	static const char text[] = {'a', '\0', '\xe2', '\x82', '\xac', 'b'};
	static const char *const escaped[] = {
		"",
		"a",
		"a\\x00",
		"a\\x00\\xe2",
		"a\\x00\\xe2\\x82",
		"a\\x00\xe2\x82\xac",
		"a\\x00\xe2\x82\xac\x62",
	};

	for (size_t length = 0; length <= sizeof(text); length++) {
		cleanup_free char *copy = malloc(length + 1);
		cleanup_free char *got = NULL;

		memcpy(copy, text, length);
		copy = realloc(copy, length ? length : 1);
		got = text_escape(copy, length);
		ck_assert_str_eq(got, escaped[length]);
	}
}
END_TEST

/* Every code point comes out as it is or wholly as \xHH. */
START_TEST(escaped_code_points)
{
	for (uint32_t code = 0x80; code < 0x800; code++) {
		const char text[] = {(char)(0xc0 | code >> 6),
				     (char)(0x80 | (code & 0x3f)), '\0'};
		cleanup_free char *escaped = text_escape(text, 2);

		ck_assert(strlen(escaped) == 2 || strlen(escaped) == 8);
		if (code < 0xa0)
			ck_assert_uint_eq(strlen(escaped), 8);
	}
}
END_TEST

static const char *const words[] = {"uio",  "vfio", "mem",       "hpet",
				    "dri",  "file", "registers", "Status",
				    "ctrl", "az",   NULL};

static const struct {
	const char *name, *near;
} nearest[] = {
	{"uio", "uio"},
	{"UIO", "uio"},
	{"uoi", "uio"},
	{"AZ", "az"},
	{"ui", "uio"},
	{"uiox", "uio"},
	{"uixo", "uio"},
	{"vuio", "uio, vfio"},
	{"vfoi", "vfio"},
	{"mme", "mem"},
	{"hept", "hpet"},
	{"registres", "registers"},
	{"regsters", "registers"},
	{"rigusterz", "registers"},
	{"rigustirz", NULL},
	{"status", "Status"},
	{"sttus", "Status"},
	{"crtl", "ctrl"},
	{"contrl", "ctrl"},
	{"control", NULL},
	{"", NULL},
	{"x", NULL},
	{"xyz", NULL},
	{"mmmm", NULL},
};

START_TEST(near_names)
{
	static const char *const none[] = {NULL};
	static const char *const empty[] = {"", "a", NULL};

	for (size_t i = 0; i < ARRAY_SIZE(nearest); i++) {
		cleanup_free char *near = text_nearest(nearest[i].name, words);

		if (nearest[i].near)
			ck_assert_str_eq(near, nearest[i].near);
		else
			ck_assert_msg(!near, "'%s' is near '%s'", near,
				      nearest[i].name);
	}
	ck_assert_ptr_null(text_nearest("uio", none));
	ck_assert_ptr_null(text_nearest("b", empty));
}
END_TEST

/* Neither long names nor many of them take long. */
START_TEST(far_names)
{
	enum { LONG = 1 << 20, MANY = 2000 };
	cleanup_free char *a = malloc(LONG + 1);
	cleanup_free char *b = malloc(LONG + 1);
	cleanup_free const char **names = calloc(MANY + 1, sizeof(*names));
	clock_t start = clock();

	memset(a, 'a', LONG);
	memset(b, 'b', LONG);
	a[LONG] = b[LONG] = '\0';
	for (size_t i = 0; i < MANY; i++)
		names[i] = b;
	ck_assert_ptr_null(text_nearest(a, names));
	ck_assert_ptr_null(text_nearest("uio", names));
	ck_assert_ptr_null(text_nearest(a, words));
	ck_assert_int_lt(clock() - start, 2 * CLOCKS_PER_SEC);
}
END_TEST

/* Names around the longest that are compared: nothing is read beyond them. */
START_TEST(lengths_of_names)
{
	char name[200], other[200];
	const char *const names[] = {other, NULL};

	for (size_t i = 0; i < sizeof(name); i++) {
		for (size_t j = 0; j < sizeof(other); j++) {
			cleanup_free char *near = NULL;
			size_t longer = i > j ? i : j, shorter = i + j - longer;

			memset(name, 'n', sizeof(name));
			memset(other, 'n', sizeof(other));
			name[i] = other[j] = '\0';
			near = text_nearest(name, names);
			if (longer - shorter > longer / 3)
				ck_assert_ptr_null(near);
			else if (longer <= 64 && longer)
				ck_assert_str_eq(near, other);
		}
	}
}
END_TEST

START_TEST(starts)
{
	const char *text = "prefix-rest", *rest = NULL;

	ck_assert(text_starts(text, "prefix-", &rest));
	ck_assert_ptr_eq(rest, text + 7);
	ck_assert(text_starts(text, "", &rest));
	ck_assert_ptr_eq(rest, text);
	ck_assert(text_starts(text, text, &rest));
	ck_assert_str_eq(rest, "");
	ck_assert(text_starts(text, "pre", NULL));
	rest = NULL;
	ck_assert(!text_starts(text, "prefix-rest+", &rest));
	ck_assert(!text_starts(text, "Prefix", &rest));
	ck_assert(!text_starts("", "p", &rest));
	ck_assert_ptr_null(rest);
	ck_assert(text_starts("", "", &rest));
}
END_TEST

START_TEST(growing_list)
{
	struct item {
		size_t number;
		char more[24];
	} *items = NULL;
	size_t capacity = 0, allocations = 0;

	for (size_t i = 0; i < 100000; i++) {
		size_t before = capacity;

		ck_assert(list_grow(&items, i, &capacity, sizeof(*items)));
		ck_assert_uint_gt(capacity, i);
		allocations += capacity != before;
		items[i].number = i;
	}
	for (size_t i = 0; i < 100000; i++)
		ck_assert_uint_eq(items[i].number, i);
	/* By half each time, and not by one. */
	ck_assert_uint_lt(allocations, 40);
	free(items);
}
END_TEST

/* What cannot be allocated leaves the list alone. */
START_TEST(list_too_large)
{
	char *items = NULL;
	char *kept;
	size_t capacity = 0;

	ck_assert(list_grow(&items, 0, &capacity, 1));
	kept = items;
	kept[0] = 'k';
	capacity = 1;
	ck_assert(!list_grow(&items, 1, &capacity, SIZE_MAX / 4));
	ck_assert_ptr_eq(items, kept);
	ck_assert_uint_eq(capacity, 1);
	ck_assert_int_eq(items[0], 'k');
	free(items);
}
END_TEST

static Suite *text_suite(void)
{
	const TTest *const tests[] = {
		escaped_text, escaped_by_length, escaped_code_points,
		near_names,   far_names,         lengths_of_names,
		starts,       growing_list,      list_too_large,
	};
	Suite *suite = suite_create("text");
	TCase *tcase = tcase_create("text");

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(text_suite());
	int failed;

	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
