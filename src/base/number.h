/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as mmiodbg reads them: decimal, 0x, 0b, 0d, with `_` between digits.
 * A leading zero is refused (octal?), and so is anything that is left over.
 */
#ifndef MMIODBG_BASE_NUMBER_H
#define MMIODBG_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

enum number_result {
	NUMBER_OK,
	NUMBER_EMPTY,        /* no digit where one must be */
	NUMBER_LEADING_ZERO, /* 010 */
	NUMBER_BAD_DIGIT,    /* 0x1g, 0b2, 12ab */
	NUMBER_UNDERSCORE,   /* `_` that is not between digits */
	NUMBER_OVERFLOW,     /* above 2^64 - 1 */
};

/*
 * Reads the longest run of letters, digits and `_` at `text` (at most
 * `length` bytes) as one number. On NUMBER_OK `*ret` is the value, and
 * `*ret_bare` says that two or more digits stood without a base prefix. On
 * every result `*ret_used` is the length of the run; on failure
 * `*ret_bad` is the offset in it of what is wrong.
 */
enum number_result number_scan(const char *text, size_t length, uint64_t *ret,
			       size_t *ret_used, bool *ret_bare,
			       size_t *ret_bad);

/* What a failure means, as the end of a sentence, and what would help. */
const char *number_explain(enum number_result result);
const char *number_advice(enum number_result result);

/*
 * The whole of `text` as one number of at most `limit`. The error is
 * ERROR_USAGE, names `what`, and points into `text`.
 */
struct error *number_parse(const char *what, const char *text, uint64_t limit,
			   uint64_t *ret) __attribute__((warn_unused_result));

#endif
