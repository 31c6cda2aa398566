/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Longer names are never near: the search stays linear in what it is given. */
#define NEAR_LONGEST 64
/* How many are named. */
#define NEAR_MOST 8

/*
 * Code points that move the cursor, break the line or turn the direction of
 * the text: a terminal must not get them from a target.
 */
static const struct {
	uint32_t first, last;
} unprintable[] = {
	{0x00, 0x1f},           {0x7f, 0x9f},       {0xad, 0xad},
	{0x061c, 0x061c},       {0x180e, 0x180e},   {0x200b, 0x200f},
	{0x2028, 0x202e},       {0x2060, 0x206f},   {0xfdd0, 0xfdef},
	{0xfeff, 0xfeff},       {0xfff0, 0xfffb},   {0xfffe, 0xffff},
	{0xd800, 0xdfff},       {0x1fffe, 0x1ffff}, {0xe0000, 0xe0fff},
	{0x10fffe, 0xffffffff},
};

static bool is_printable(uint32_t code)
{
	for (size_t i = 0; i < sizeof(unprintable) / sizeof(*unprintable); i++)
		if (code >= unprintable[i].first && code <= unprintable[i].last)
			return false;
	return true;
}

/* By the lead byte: its mask and value, and the least code of that length. */
static const struct {
	unsigned char mask, value;
	uint32_t least;
} sequences[] = {
	{0x80, 0x00, 0},
	{0xe0, 0xc0, 0x80},
	{0xf0, 0xe0, 0x800},
	{0xf8, 0xf0, 0x10000},
};

#define N_SEQUENCES (sizeof(sequences) / sizeof(*sequences))

/* The bytes of the printable character at `text`, or 0 if there is none. */
static size_t printable_length(const unsigned char *text, size_t length)
{
	size_t more = 0;
	uint32_t code;

	while (more < N_SEQUENCES &&
	       (text[0] & sequences[more].mask) != sequences[more].value)
		more++;
	if (more == N_SEQUENCES || more >= length)
		return 0;
	code = text[0] & ~sequences[more].mask & 0xff;
	for (size_t i = 1; i <= more; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < sequences[more].least || !is_printable(code))
		return 0;
	return more + 1;
}

bool text_is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

char *text_escape(const char *text, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = (const unsigned char *)text;
	const unsigned char *end = from + length;
	char *escaped, *to;

	if (length > (SIZE_MAX - 1) / 4)
		return NULL;
	escaped = to = malloc(4 * length + 1);
	if (!escaped)
		return NULL;
	while (from < end) {
		size_t used = printable_length(from, (size_t)(end - from));

		if (used) {
			memcpy(to, from, used);
			to += used;
			from += used;
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[*from >> 4];
		*to++ = digits[*from & 0xf];
		from++;
	}
	*to = '\0';
	return escaped;
}

/* ASCII only, whatever the locale. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * How many edits make `a` into `b`: insertions, deletions, replacements and
 * swaps of neighbours. Upper and lower case are the same. Both lengths are at
 * most NEAR_LONGEST.
 */
static size_t edits_between(const char *a, size_t a_length, const char *b,
			    size_t b_length)
{
	size_t rows[3][NEAR_LONGEST + 1] = {{0}};
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *free_row = before;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			char from = lower(a[i - 1]), to = lower(b[j - 1]);

			row[j] = smaller(above[j - 1] + (from != to),
					 smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && from == lower(b[j - 2]) &&
			    lower(a[i - 2]) == to)
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = free_row;
	}
	return above[b_length];
}

static bool is_near(const char *name, size_t length, const char *other)
{
	size_t other_length = strnlen(other, NEAR_LONGEST + 1);
	size_t longer = length > other_length ? length : other_length;
	size_t shorter = length + other_length - longer;

	if (longer > NEAR_LONGEST || longer - shorter > longer / 3)
		return false;
	return edits_between(name, length, other, other_length) <= longer / 3;
}

char *text_nearest(const char *name, const char *const *names)
{
	size_t length = strnlen(name, NEAR_LONGEST + 1), size;
	cleanup_free char *list = NULL;
	unsigned count = 0;
	FILE *out;
	bool failed;

	if (length > NEAR_LONGEST)
		return NULL;
	out = open_memstream(&list, &size);
	if (!out)
		return NULL;
	for (; *names && count <= NEAR_MOST; names++)
		if (is_near(name, length, *names) && ++count <= NEAR_MOST)
			fprintf(out, "%s%s", count > 1 ? ", " : "", *names);
	if (count > NEAR_MOST)
		fputs(" and more", out);
	failed = ferror(out);
	failed |= fclose(out) != 0;
	if (failed || !size)
		return NULL;
	return steal(list);
}

bool text_starts(const char *text, const char *prefix, const char **ret_rest)
{
	size_t length = strlen(prefix);

	if (strncmp(text, prefix, length) != 0)
		return false;
	if (ret_rest)
		*ret_rest = text + length;
	return true;
}

const char *text_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? at + strlen(key) : "";
}

bool text_has_word(const char *text, const char *word)
{
	size_t length = strlen(word);
	const char *at = text;

	while ((at = strstr(at, word)) != NULL) {
		bool starts = at == text || at[-1] == ' ' || at[-1] == '\t';

		if (starts && (at[length] == ' ' || at[length] == '\0'))
			return true;
		at += length;
	}
	return false;
}

bool list_grow(void *array, size_t count, size_t *capacity, size_t size)
{
	size_t grown = *capacity + *capacity / 2, bytes;
	void *old, *new;

	if (count < *capacity)
		return true;
	if (grown < count + 8)
		grown = count + 8;
	if (__builtin_mul_overflow(grown, size, &bytes))
		return false;
	/* The caller's pointer may be of any type: it is copied as bytes. */
	memcpy(&old, array, sizeof(old));
	new = realloc(old, bytes);
	if (!new)
		return false;
	memcpy(array, &new, sizeof(new));
	*capacity = grown;
	return true;
}
