/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of a line of a batch, as a shell splits them: blanks separate,
 * '...' and "..." and \ quote, ${NAME} is a variable's text (not in '...'; it
 * is not split again), and `#` at the start of a word begins a comment.
 */
#ifndef MMIODBG_SCRIPT_WORDS_H
#define MMIODBG_SCRIPT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct variables;

/* The words of a line, once variables stand in them, in bytes. */
enum { LONGEST_WORDS = 1 << 20 };

struct word {
	char *text;
	size_t start, length; /* of it in the line, bytes */
	bool plain;           /* it stands there as it is */
	bool late; /* there is a variable in it that is not known yet */
};

struct words {
	struct word *items;
	size_t count, capacity;
};

/*
 * Splits a line. The error is ERROR_USAGE and points into the line. The caller
 * releases `*ret` with words_deinit().
 */
struct error *words_split(const char *line, const struct variables *variables,
			  struct words *ret)
	__attribute__((nonnull, warn_unused_result));
void words_deinit(struct words *words);

/* Whether a variable that is not known yet is in a word from `first` on. */
bool words_are_late(const struct words *words, size_t first)
	__attribute__((nonnull));

/*
 * `error`, whose input may be a word, with its place in the line instead; if it
 * has none, with that of the word that is its subject. Returns its argument.
 */
struct error *words_locate(const struct words *words, const char *line,
			   struct error *error)
	__attribute__((nonnull, returns_nonnull));

#define cleanup_words cleanup_with(words_deinit)

#endif
