/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell/width.h"

#include <stdlib.h>
#include <string.h>
#include <wctype.h>

static size_t width_of_character(wchar_t character)
{
	enum { CONTROL = 2, NUMBER = 7, LONG_NUMBER = 8 };
	int own = wcwidth(character);

	if (own >= 0)
		return (size_t)own;
	if (character < 0x100 && iswcntrl((wint_t)character))
		return CONTROL;
	return character > 0xffff ? LONG_NUMBER : NUMBER;
}

size_t width_walk(size_t at, const wchar_t *text, const wchar_t *end,
		  size_t columns)
{
	enum { TAB = 8 };

	for (; text < end; text++) {
		size_t left = columns - at % columns;
		size_t own = width_of_character(*text);

		if (*text == L'\t')
			own = TAB - at % columns % TAB;
		else if (own == 2 && left == 1 && wcwidth(*text) == 2)
			own++;
		at += own;
	}
	return at;
}

size_t width_of(const char *text)
{
	size_t length = mbstowcs(NULL, text, 0), width = 0;
	wchar_t *wide;

	if (length == (size_t)-1)
		return strlen(text);
	wide = calloc(length + 1, sizeof(*wide));
	if (!wide)
		return length;
	mbstowcs(wide, text, length + 1);
	for (size_t i = 0; i < length; i++)
		width += width_of_character(wide[i]);
	free(wide);
	return width;
}
