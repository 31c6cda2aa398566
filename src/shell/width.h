/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of a terminal text takes, as libedit shows it. */
#ifndef MMIODBG_SHELL_WIDTH_H
#define MMIODBG_SHELL_WIDTH_H

#include <stddef.h>
#include <wchar.h>

/* Columns of a text in the locale's encoding; of what is none, its bytes. */
size_t width_of(const char *text) __attribute__((nonnull));

/*
 * How far `text` up to `end` leads, from `at` on, in a terminal that breaks
 * lines behind `columns`: rows times `columns`, and columns in the last row.
 * A control character takes two columns (^A), a tab leads to the next eighth
 * one, what cannot be printed is its number (\U+e000), and a wide character
 * stands in one row as a whole.
 */
size_t width_walk(size_t at, const wchar_t *text, const wchar_t *end,
		  size_t columns) __attribute__((nonnull));

#endif
