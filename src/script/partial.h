/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line that is being typed: what its last word says so far, and how more of
 * it is to be written. */
#ifndef MMIODBG_SCRIPT_PARTIAL_H
#define MMIODBG_SCRIPT_PARTIAL_H

#include <stdbool.h>

#include "script/words.h"

struct error;
struct variables;

struct partial {
	struct words before; /* those that are complete */
	char *text;          /* of the last word so far; of a variable's name */
	bool in_variable;    /* ${NAME is open */
	char quote;          /* that is open: ' or ", else 0 */
};

/*
 * Splits a line up to where somebody types. ERROR_USAGE if nothing can be said
 * of it: in a comment, behind a backslash, with a variable that is not there.
 * The caller releases `*ret` with partial_deinit().
 */
struct error *partial_parse(const char *line, const struct variables *variables,
			    struct partial *ret)
	__attribute__((nonnull, warn_unused_result));
void partial_deinit(struct partial *partial);

/*
 * `more`, as it is to be written behind the text so far. `ends`: the word is
 * complete by that, and the next one may come. The caller frees; NULL when
 * memory runs out.
 */
char *partial_quote(const struct partial *partial, const char *more, bool ends)
	__attribute__((nonnull, warn_unused_result));

#define cleanup_partial cleanup_with(partial_deinit)

#endif
