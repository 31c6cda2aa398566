/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell/candidates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void add(struct candidates *candidates, char *text, size_t shown,
		bool ends)
{
	if (!list_grow(&candidates->items, candidates->count,
		       &candidates->capacity, sizeof(*candidates->items))) {
		candidates->cut = true;
		free(text);
		return;
	}
	candidates->items[candidates->count++] = (struct candidate){
		.text = text,
		.shown = shown,
		.ends = ends,
	};
}

/* Nobody could type it, and a line might end by it. */
static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == '\177')
			return true;
	return false;
}

void candidates_add(struct candidates *candidates, const char *begun,
		    const char *const *texts, size_t shown, bool ends)
{
	size_t length = 1;
	char *text, *end;

	for (size_t i = 0; texts[i]; i++)
		length += strlen(texts[i]);
	text = end = malloc(length);
	if (!text) {
		candidates->cut = true;
		return;
	}
	*text = '\0';
	for (size_t i = 0; texts[i]; i++)
		end = stpcpy(end, texts[i]);
	if (text_starts(text, begun, NULL) && !has_control(text))
		add(candidates, text, shown, ends);
	else
		free(text);
}

void candidates_add_word(struct candidates *candidates, const char *begun,
			 const char *text, bool ends)
{
	const char *texts[] = {text, NULL};

	candidates_add(candidates, begun, texts, 0, ends);
}

void candidates_put_before(struct candidates *candidates, const char *before)
{
	size_t kept = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		struct candidate item = candidates->items[i];
		char *text = NULL;

		if (asprintf(&text, "%s%s", before, item.text) < 0)
			candidates->cut = true;
		else
			candidates->items[kept++] = (struct candidate){
				.text = text,
				.shown = item.shown + strlen(before),
				.ends = item.ends,
			};
		free(item.text);
	}
	candidates->count = kept;
}

static int compare(const void *left, const void *right)
{
	const struct candidate *one = left, *other = right;

	return strcmp(one->text, other->text);
}

void candidates_sort(struct candidates *candidates)
{
	struct candidate *items = candidates->items;
	size_t kept = 0;

	if (!candidates->count)
		return;
	qsort(items, candidates->count, sizeof(*items), compare);
	for (size_t i = 0; i < candidates->count; i++) {
		if (kept && !strcmp(items[kept - 1].text, items[i].text)) {
			items[kept - 1].ends &= items[i].ends;
			free(items[i].text);
		} else {
			items[kept++] = items[i];
		}
	}
	candidates->count = kept;
}

size_t candidates_common(const struct candidates *candidates)
{
	const char *first = candidates->items[0].text;
	size_t common = strlen(first);

	for (size_t i = 1; i < candidates->count; i++) {
		const char *text = candidates->items[i].text;
		size_t same = 0;

		while (same < common && text[same] == first[same])
			same++;
		common = same;
	}
	/* Not within a character of UTF-8. */
	while (common && ((unsigned char)first[common] & 0xc0) == 0x80)
		common--;
	return common;
}

void candidates_deinit(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		free(candidates->items[i].text);
	free(candidates->items);
	*candidates = (struct candidates){0};
}
