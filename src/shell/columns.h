/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Candidates in columns. */
#ifndef MMIODBG_SHELL_COLUMNS_H
#define MMIODBG_SHELL_COLUMNS_H

#include <stddef.h>
#include <stdio.h>

struct candidates;

/* So many candidates are shown. */
enum { MOST_LISTED = 200 };

/* Shows candidates, each from its byte `shown` on and escaped, in as many
 * columns as there is room for, and says how many are left out. */
void columns_put(FILE *out, size_t width, const struct candidates *candidates)
	__attribute__((nonnull));

#endif
