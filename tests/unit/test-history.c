/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has worked in a session, page by page. */
#include "target/history.h"
#include "unit.h"

enum { PAGE = 4096, MANY = 3000 };

static struct history history;

static void set_up(void)
{
	history = (struct history){.page_size = PAGE};
}

static void tear_down(void)
{
	history_deinit(&history);
}

static void expect_page(uint64_t address, uint64_t page, bool read,
			bool written)
{
	const struct history_page *found = history_find(&history, address);

	ck_assert_msg(found != NULL, "%#llx", (unsigned long long)address);
	ck_assert_uint_eq(found->page, page);
	ck_assert(found->read == read);
	ck_assert(found->written == written);
}

static void expect_order(void)
{
	for (size_t i = 0; i < history.count; i++) {
		ck_assert_uint_eq(history.pages[i].page % history.page_size, 0);
		ck_assert(!i ||
			  history.pages[i - 1].page < history.pages[i].page);
	}
}

START_TEST(empty)
{
	ck_assert_ptr_null(history_find(&history, 0));
	ck_assert_ptr_null(history_find(&history, UINT64_MAX));
	ck_assert_ptr_null(history_other(&history, 0, UINT64_MAX, 0));
	history_forget(&history, 0, UINT64_MAX);
	history_deinit(&history);
	history_deinit(&history);
}
END_TEST

/* Whether a page was read, and whether it was written. */
START_TEST(both_ways)
{
	history_note(&history, 0x1004, false);
	expect_page(0x1004, 0x1000, true, false);
	history_note(&history, 0x1ffc, true);
	expect_page(0x1000, 0x1000, true, true);
	history_note(&history, 0x1000, false);
	expect_page(0x1fff, 0x1000, true, true);
	history_note(&history, 0x2000, true);
	history_note(&history, 0x1800, true);
	expect_page(0x1abc, 0x1000, true, true);
	expect_page(0x2abc, 0x2000, false, true);
	ck_assert_ptr_null(history_find(&history, 0xfff));
	ck_assert_ptr_null(history_find(&history, 0x3000));
	ck_assert_uint_eq(history.count, 2);
}
END_TEST

/* The ends of the address space. */
START_TEST(ends)
{
	history_note(&history, UINT64_MAX, false);
	history_note(&history, 0, true);
	expect_page(UINT64_MAX - 100, UINT64_MAX - PAGE + 1, true, false);
	expect_page(4095, 0, false, true);
	ck_assert_ptr_null(history_find(&history, PAGE));
	ck_assert_ptr_null(history_find(&history, UINT64_MAX - PAGE));
}
END_TEST

/* All orders of five pages, the odd ones written; each is noted twice, so that
 * the shortcut to the last one is used, and is wrong each time that another
 * follows. */
START_TEST(any_order)
{
	for (unsigned number = 0; number < 3125; number++) {
		unsigned rest = number, seen = 0;

		history_deinit(&history);
		for (unsigned i = 0; i < 5; i++, rest /= 5) {
			uint64_t page = rest % 5;

			seen |= 1u << page;
			history_note(&history, page * PAGE + 8, false);
			history_note(&history, page * PAGE + 16, page % 2);
			ck_assert_uint_eq(history.count,
					  (size_t)__builtin_popcount(seen));
			expect_order();
		}
		for (uint64_t page = 0; page < 5; page++)
			if (seen & 1u << page)
				expect_page(page * PAGE, page * PAGE, true,
					    page % 2);
			else
				ck_assert_ptr_null(
					history_find(&history, page * PAGE));
	}
}
END_TEST

/* 7919 is a prime, so that all come, and in no order. */
START_TEST(many_pages)
{
	for (uint64_t i = 0; i < MANY; i++)
		history_note(&history, i * 7919 % MANY * 2 * PAGE, i % 2);
	ck_assert_uint_eq(history.count, MANY);
	expect_order();
	for (uint64_t i = 0; i < MANY; i++) {
		uint64_t page = i * 7919 % MANY * 2 * PAGE;

		expect_page(page + 77, page, i % 2 == 0, i % 2 == 1);
		ck_assert_ptr_null(history_find(&history, page + PAGE));
	}
}
END_TEST

/* Any in the range but that of the address. */
START_TEST(other_page)
{
	static const struct {
		uint64_t start, end, except;
		bool found;
	} cases[] = {
		{0x1000, 0x4000, 0x1000, true},
		{0x1000, 0x4000, 0x3fff, true},
		{0x1000, 0x3000, 0x2000, true},
		{0x1000, 0x2000, 0x1000, false},
		{0x3000, 0x4000, 0x3004, false},
		{0x3000, 0x4000, 0x1000, true},
		{0x2000, 0x3000, 0x1000, false},
		{0x2000, 0x3000, 0x2000, false},
		{0x2000, 0x4000, 0x2000, true},
		{0x0000, 0x1000, 0x0000, false},
		{0x0000, 0x1001, 0x0000, true},
		{0x4000, 0x8000, 0x4000, false},
	};

	history_note(&history, 0x3010, false);
	history_note(&history, 0x1010, true);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct history_page *page =
			history_other(&history, cases[i].start, cases[i].end,
				      cases[i].except);

		ck_assert_msg((page != NULL) == cases[i].found, "case %zu", i);
		if (!page)
			continue;
		ck_assert_uint_ne(page->page, cases[i].except / PAGE * PAGE);
		ck_assert(page->page >= cases[i].start &&
			  page->page < cases[i].end);
	}
}
END_TEST

START_TEST(page_sizes)
{
	history.page_size = 65536;
	history_note(&history, 0x12345, false);
	history_note(&history, 0x1ffff, true);
	expect_page(0x10000, 0x10000, true, true);
	ck_assert_uint_eq(history.count, 1);
	ck_assert_ptr_null(history_find(&history, 0x20000));
	history_forget(&history, 0x10000, 0x20000);
	ck_assert_ptr_null(history_find(&history, 0x12345));
}
END_TEST

/* After it, there is nothing, and it can be used anew. */
START_TEST(put_away)
{
	history_note(&history, 0x5000, false);
	history_note(&history, 0x6000, false);
	history_deinit(&history);
	ck_assert_ptr_null(history_find(&history, 0x6000));
	ck_assert_ptr_null(history_other(&history, 0, UINT64_MAX, 0));
	history_note(&history, 0x6000, true);
	expect_page(0x6000, 0x6000, false, true);
	ck_assert_uint_eq(history.count, 1);
}
END_TEST

/* The pages from `start` on that stand before `end`, and no others; of pages 1,
 * 2, 3, 5 and 8. */
START_TEST(forgotten)
{
	static const uint64_t pages[] = {3, 1, 8, 2, 5};
	static const struct {
		uint64_t start, end;
		const char *left;
	} cases[] = {
		{0, 0, "12358"},
		{0, 1, "12358"},
		{0, 2, "2358"},
		{1, 2, "2358"},
		{2, 3, "1358"},
		{2, 5, "158"},
		{4, 5, "12358"},
		{4, 6, "1238"},
		{5, 9, "123"},
		{8, 9, "1235"},
		{9, 100, "12358"},
		{1, 9, ""},
		{0, UINT64_MAX / PAGE, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		history_deinit(&history);
		for (size_t j = 0; j < ARRAY_SIZE(pages); j++)
			history_note(&history, pages[j] * PAGE + 4, j % 2);
		history_forget(&history, cases[i].start * PAGE,
			       cases[i].end * PAGE);
		expect_order();
		ck_assert_uint_eq(history.count, strlen(cases[i].left));
		for (size_t j = 0; j < ARRAY_SIZE(pages); j++) {
			uint64_t page = pages[j] * PAGE;

			if (strchr(cases[i].left, (int)('0' + pages[j])))
				expect_page(page, page, j % 2 == 0, j % 2 == 1);
			else
				ck_assert_ptr_null(
					history_find(&history, page));
		}
	}
}
END_TEST

/* What is noted next is noted at its own page, though the one that was noted
 * last stands elsewhere now, or is no more. */
START_TEST(noted_after_forgetting)
{
	for (uint64_t last = 1; last <= 4; last++)
		for (uint64_t next = 1; next <= 5; next++) {
			history_deinit(&history);
			for (uint64_t page = 1; page <= 4; page++)
				history_note(&history, page * PAGE, false);
			history_note(&history, last * PAGE, false);
			history_forget(&history, 2 * PAGE, 4 * PAGE);
			ck_assert_uint_eq(history.count, 2);
			history_note(&history, next * PAGE, true);
			expect_order();
			expect_page(next * PAGE, next * PAGE,
				    next == 1 || next == 4, true);
			if (next != 1)
				expect_page(PAGE, PAGE, true, false);
			if (next != 4)
				expect_page(4 * PAGE, 4 * PAGE, true, false);
			ck_assert_uint_eq(history.count,
					  next == 1 || next == 4 ? 2 : 3);
		}
}
END_TEST

/* What was left of no page at all. */
START_TEST(nothing_to_forget)
{
	history_forget(&history, 0, UINT64_MAX);
	ck_assert_uint_eq(history.count, 0);
	history_note(&history, 0x1000, false);
	history_forget(&history, 0x1000, 0x2000);
	history_forget(&history, 0x1000, 0x2000);
	ck_assert_uint_eq(history.count, 0);
	history_note(&history, 0x1000, true);
	expect_page(0x1000, 0x1000, false, true);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		empty,
		both_ways,
		ends,
		any_order,
		many_pages,
		other_page,
		page_sizes,
		put_away,
		forgotten,
		noted_after_forgetting,
		nothing_to_forget,
	};

	return run_suite(suite_of("history", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
