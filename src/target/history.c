/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static uint64_t page_of(const struct history *history, uint64_t address)
{
	return address - address % history->page_size;
}

/* Where a page is, or would be. */
static size_t place_of(const struct history *history, uint64_t page)
{
	size_t low = 0, high = history->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (history->pages[middle].page < page)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct history *history, size_t place, uint64_t page)
{
	return place < history->count && history->pages[place].page == page;
}

/* False: no memory. */
static bool insert(struct history *history, size_t place, uint64_t page)
{
	if (!list_grow(&history->pages, history->count, &history->capacity,
		       sizeof(*history->pages)))
		return false;
	memmove(&history->pages[place + 1], &history->pages[place],
		(history->count - place) * sizeof(*history->pages));
	history->pages[place] = (struct history_page){.page = page};
	history->count++;
	return true;
}

void history_note(struct history *history, uint64_t address, bool write)
{
	uint64_t page = page_of(history, address);

	if (!is_at(history, history->last, page)) {
		size_t place = place_of(history, page);

		if (!is_at(history, place, page) &&
		    !insert(history, place, page))
			return;
		history->last = place;
	}
	if (write)
		history->pages[history->last].written = true;
	else
		history->pages[history->last].read = true;
}

const struct history_page *history_find(const struct history *history,
					uint64_t address)
{
	uint64_t page = page_of(history, address);
	size_t place = place_of(history, page);

	return is_at(history, place, page) ? &history->pages[place] : NULL;
}

const struct history_page *history_other(const struct history *history,
					 uint64_t start, uint64_t end,
					 uint64_t except)
{
	uint64_t page = page_of(history, except);

	for (size_t i = place_of(history, start);
	     i < history->count && history->pages[i].page < end; i++)
		if (history->pages[i].page != page)
			return &history->pages[i];
	return NULL;
}

void history_forget(struct history *history, uint64_t start, uint64_t end)
{
	size_t first = place_of(history, start),
	       behind = place_of(history, end);

	if (first == behind)
		return;
	memmove(&history->pages[first], &history->pages[behind],
		(history->count - behind) * sizeof(*history->pages));
	history->count -= behind - first;
	history->last = 0;
}

void history_deinit(struct history *history)
{
	free(history->pages);
	history->pages = NULL;
	history->count = history->capacity = history->last = 0;
}
