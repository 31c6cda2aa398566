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

static void expect_page(uint64_t address, uint64_t page, uint64_t read,
			uint64_t written)
{
	const struct history_page *found = history_find(&history, address);

	ck_assert_msg(found != NULL, "%#llx", (unsigned long long)address);
	ck_assert_uint_eq(found->page, page);
	ck_assert_uint_eq(found->read, read);
	ck_assert_uint_eq(found->written, written);
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
	history_deinit(&history);
	history_deinit(&history);
}
END_TEST

/* The last read and the last write, each with its time. */
START_TEST(times)
{
	history_note(&history, 0x1004, false, 10);
	expect_page(0x1004, 0x1000, 10, 0);
	history_note(&history, 0x1ffc, true, 20);
	expect_page(0x1000, 0x1000, 10, 20);
	history_note(&history, 0x1000, false, 30);
	expect_page(0x1fff, 0x1000, 30, 20);
	history_note(&history, 0x2000, true, 40);
	history_note(&history, 0x1800, true, 50);
	expect_page(0x1abc, 0x1000, 30, 50);
	expect_page(0x2abc, 0x2000, 0, 40);
	ck_assert_ptr_null(history_find(&history, 0xfff));
	ck_assert_ptr_null(history_find(&history, 0x3000));
	ck_assert_uint_eq(history.count, 2);
}
END_TEST

/* The ends of the address space. */
START_TEST(ends)
{
	history_note(&history, UINT64_MAX, false, 1);
	history_note(&history, 0, true, 2);
	expect_page(UINT64_MAX - 100, UINT64_MAX - PAGE + 1, 1, 0);
	expect_page(4095, 0, 0, 2);
	ck_assert_ptr_null(history_find(&history, PAGE));
	ck_assert_ptr_null(history_find(&history, UINT64_MAX - PAGE));
}
END_TEST

/* All orders of five pages; each is noted twice, so that the shortcut to the
 * last one is used, and is wrong each time that another follows. */
START_TEST(any_order)
{
	for (unsigned number = 0; number < 3125; number++) {
		unsigned rest = number, seen = 0;

		history_deinit(&history);
		for (unsigned i = 0; i < 5; i++, rest /= 5) {
			uint64_t page = rest % 5;

			seen |= 1u << page;
			history_note(&history, page * PAGE + 8, false,
				     100 + page);
			history_note(&history, page * PAGE + 16, true,
				     200 + page);
			ck_assert_uint_eq(history.count,
					  (size_t)__builtin_popcount(seen));
			expect_order();
		}
		for (uint64_t page = 0; page < 5; page++)
			if (seen & 1u << page)
				expect_page(page * PAGE, page * PAGE,
					    100 + page, 200 + page);
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
		history_note(&history, i * 7919 % MANY * 2 * PAGE, i % 2,
			     i + 1);
	ck_assert_uint_eq(history.count, MANY);
	expect_order();
	for (uint64_t i = 0; i < MANY; i++) {
		uint64_t page = i * 7919 % MANY * 2 * PAGE;

		expect_page(page + 77, page, i % 2 ? 0 : i + 1,
			    i % 2 ? i + 1 : 0);
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

	history_note(&history, 0x3010, false, 1);
	history_note(&history, 0x1010, true, 1);
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
	history_note(&history, 0x12345, false, 1);
	history_note(&history, 0x1ffff, true, 2);
	expect_page(0x10000, 0x10000, 1, 2);
	ck_assert_uint_eq(history.count, 1);
	ck_assert_ptr_null(history_find(&history, 0x20000));
}
END_TEST

/* After it, there is nothing, and it can be used anew. */
START_TEST(forgotten)
{
	history_note(&history, 0x5000, false, 1);
	history_note(&history, 0x6000, false, 1);
	history_deinit(&history);
	ck_assert_ptr_null(history_find(&history, 0x6000));
	ck_assert_ptr_null(history_other(&history, 0, UINT64_MAX, 0));
	history_note(&history, 0x6000, true, 2);
	expect_page(0x6000, 0x6000, 0, 2);
	ck_assert_uint_eq(history.count, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		empty,      times,      ends,       any_order,
		many_pages, other_page, page_sizes, forgotten,
	};

	return run_suite(suite_of("history", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
