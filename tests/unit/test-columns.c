/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What text takes of a terminal, and candidates in columns. */
#include <locale.h>
#include <stdio.h>
#include <wchar.h>

#include "shell/candidates.h"
#include "shell/columns.h"
#include "shell/width.h"
#include "unit.h"

static void set_up(void)
{
	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
}

static void tear_down(void)
{
	setlocale(LC_ALL, "C");
}

START_TEST(widths)
{
	static const struct {
		const char *text;
		size_t width;
	} cases[] = {
		{"", 0},
		{"abc", 3},
		{"\xc3\xa4\xe2\x82\xac", 2},
		{"\xe4\xb8\xad", 2}, /* wide */
		{"a\xcc\x88", 1},    /* one that combines */
		{"\x01\x7f", 4},     /* ^A^? */
		{"\xee\x80\x80", 1}, /* of private use */
		{"\xef\xbf\xbf", 7}, /* \U+ffff */
		{"a\xff\xfe", 3},    /* no text */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(width_of(cases[i].text) == cases[i].width,
			      "case %zu: %zu", i, width_of(cases[i].text));
}
END_TEST

START_TEST(walks)
{
	static const struct {
		size_t at;
		const wchar_t *text;
		size_t columns, wanted;
	} cases[] = {
		{0, L"", 10, 0},
		{3, L"abc", 10, 6},
		{8, L"abcd", 10, 12},
		{9, L"a", 10, 10}, /* the cursor is in the next row */
		{0, L"\t", 80, 8},
		{7, L"\t", 80, 8},
		{8, L"\ta", 80, 17},
		{12, L"\t", 10, 18}, /* from the row's start */
		{8, L"\x4e2d", 10, 10},
		{9, L"\x4e2d", 10, 12}, /* not in two rows */
		{9, L"\x01", 10, 11},   /* that is */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const wchar_t *text = cases[i].text;
		size_t found =
			width_walk(cases[i].at, text, text + wcslen(text),
				   cases[i].columns);

		ck_assert_msg(found == cases[i].wanted, "case %zu: %zu", i,
			      found);
	}
}
END_TEST

static void expect_columns(const struct candidates *candidates, size_t width,
			   const char *wanted)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	columns_put(out, width, candidates);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, wanted);
	free(text);
}

START_TEST(columns)
{
	static const char *const words[] = {"one", "two", "three", "four",
					    "five"};
	cleanup_candidates struct candidates candidates = {0};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		candidates_add_word(&candidates, "", words[i], true);
	expect_columns(&candidates, 80, "one    two    three  four   five\n");
	/* The last column of the terminal stays free. */
	expect_columns(&candidates, 20, "one    three  five\ntwo    four\n");
	expect_columns(&candidates, 19, "one    four\ntwo    five\nthree\n");
	expect_columns(&candidates, 12, "one\ntwo\nthree\nfour\nfive\n");
	expect_columns(&candidates, 2, "one\ntwo\nthree\nfour\nfive\n");
	candidates.cut = true;
	expect_columns(&candidates, 80,
		       "one    two    three  four   five\n"
		       "... there may be more\n");
}
END_TEST

/* From `shown` on, escaped, and by what the terminal makes of it. */
START_TEST(cells)
{
	cleanup_candidates struct candidates candidates = {0};

	candidates_add(&candidates, "",
		       (const char *[]){"regs.", "\xe4\xb8\xad", NULL}, 5,
		       true);
	candidates_add(&candidates, "",
		       (const char *[]){"regs.", "a\xff", NULL}, 5, true);
	candidates_add(&candidates, "", (const char *[]){"regs.", "b", NULL}, 5,
		       true);
	expect_columns(&candidates, 80, "\xe4\xb8\xad     a\\xff  b\n");
}
END_TEST

START_TEST(many)
{
	cleanup_candidates struct candidates candidates = {0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (int i = 0; i < MOST_LISTED + 17; i++)
		candidates_add_word(&candidates, "", "word", true);
	ck_assert_ptr_nonnull(out);
	columns_put(out, 7, &candidates);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_uint_eq(size, MOST_LISTED * strlen("word\n") +
					strlen("... and 17 more\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n... and 17 more\n"));
	free(text);
}
END_TEST

/* Nobody can type them, and a line would end by one. */
START_TEST(controls)
{
	static const char *const words[] = {"a\nb", "a\x1b[31m", "a\tb",
					    "a\x7f", "\r"};
	cleanup_candidates struct candidates candidates = {0};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		candidates_add_word(&candidates, "", words[i], true);
	ck_assert_uint_eq(candidates.count, 0);
	ck_assert(!candidates.cut);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		widths, walks, columns, cells, many, controls,
	};

	return run_suite(suite_of("columns", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
