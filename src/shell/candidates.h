/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a word that is begun may become. */
#ifndef MMIODBG_SHELL_CANDIDATES_H
#define MMIODBG_SHELL_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct candidate {
	char *text;   /* the whole word */
	size_t shown; /* in a list it is shown from here on */
	bool ends;    /* the word is complete by it */
};

struct candidates {
	struct candidate *items;
	size_t count, capacity;
	bool cut; /* there may be more, for want of time or memory */
};

/*
 * Adds one if it begins with `begun`: it is `texts` in a row, a list that ends
 * with NULL. What finds no memory is passed over, and so is what has control
 * characters, such as a name in a damaged file.
 */
void candidates_add(struct candidates *candidates, const char *begun,
		    const char *const *texts, size_t shown, bool ends)
	__attribute__((nonnull));
/* The same of one text, which is shown whole. */
void candidates_add_word(struct candidates *candidates, const char *begun,
			 const char *text, bool ends) __attribute__((nonnull));

/* Each stands behind `before`, which is not shown in a list. */
void candidates_put_before(struct candidates *candidates, const char *before)
	__attribute__((nonnull));

/* In order, and each once. */
void candidates_sort(struct candidates *candidates) __attribute__((nonnull));

/* How many bytes all have in common, whole characters; there is one at least.
 */
size_t candidates_common(const struct candidates *candidates)
	__attribute__((nonnull));

void candidates_deinit(struct candidates *candidates);

#define cleanup_candidates cleanup_with(candidates_deinit)

#endif
