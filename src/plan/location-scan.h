/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parsers of a location share: a cursor over the argument, and the
 * words and numbers in it. Private to src/plan/location*.c.
 *
 * A function that fails leaves the cursor where it was or on the way to the
 * error. One that fills a struct gets it zeroed, and the caller releases it
 * even when it fails.
 */
#ifndef MMIODBG_PLAN_LOCATION_SCAN_H
#define MMIODBG_PLAN_LOCATION_SCAN_H

#include "base/error.h"
#include "plan/location.h"

struct cursor {
	const char *text; /* ends with a NUL at `length` */
	size_t length, at;
};

/* ERROR_USAGE at a piece of the argument; `length` 0 only at its end. */
#define usage_at(cursor, start, length, ...)                                   \
	error_at(error_create(ERROR_USAGE, 0, __VA_ARGS__), (cursor)->text,    \
		 start, length)

/* ERROR_USAGE at the byte under the cursor, or at the end. */
#define usage_here(cursor, ...)                                                \
	usage_at(cursor, (cursor)->at, !cursor_ended(cursor), __VA_ARGS__)

static inline bool cursor_ended(const struct cursor *c)
{
	return c->at == c->length;
}

/* The byte under the cursor, or NUL at the end. */
static inline char cursor_peek(const struct cursor *c)
{
	return c->text[c->at];
}

struct cursor cursor_over(const char *text);
struct text_span cursor_span(const struct cursor *c, size_t start);

/* Whether `token` stands at the cursor; `take` also moves behind it. */
bool cursor_sees(const struct cursor *c, const char *token);
bool cursor_take(struct cursor *c, const char *token);

bool is_digit(char c);
bool is_hex(char c);
bool is_name_start(char c); /* a letter or `_`, in ASCII */
bool is_word(char c);       /* or a digit */

/* How many letters, digits and `_` stand at the cursor. */
size_t cursor_word(const struct cursor *c);

/* A letter that other tools take for a size: w, L. */
bool is_size_letter(const char *word, size_t length);

/* NUMBER; with `offset`, one whose base is beyond doubt. */
struct error *scan_number(struct cursor *c, uint64_t *ret)
	__attribute__((warn_unused_result));
struct error *scan_offset(struct cursor *c, uint64_t *ret)
	__attribute__((warn_unused_result));

/* The number in a name, uio12: decimal digits up to the end of the word. */
struct error *scan_decimal(struct cursor *c, uint64_t *ret)
	__attribute__((warn_unused_result));

/* An identifier; `what` should stand here. */
struct error *scan_name(struct cursor *c, const char *what, char **ret)
	__attribute__((warn_unused_result));

/* The error where `what` should stand ("a number") and does not. `help` may be
 * NULL; a byte that never stands in a location has its own. */
struct error *not_here(const struct cursor *c, const char *what,
		       const char *help)
	__attribute__((returns_nonnull, nonnull(1, 2), warn_unused_result));

/* The error if the byte under the cursor never stands in a location. */
struct error *never_here(const struct cursor *c)
	__attribute__((warn_unused_result));

/* Whether a PCI address stands at the cursor, as far as its second colon or
 * its point. */
bool sees_pci_address(const struct cursor *c);

/* @REGION behind the "@". In a location some parts may not be left out. */
struct error *scan_region(struct cursor *c, bool in_location,
			  struct region_name *ret)
	__attribute__((warn_unused_result));

/* [SCOPE "::"] NAME { step }, or a PATH, which has no scope. */
size_t scope_length(const struct cursor *c);
struct error *scan_expression(struct cursor *c, bool scoped,
			      struct name_expression *ret)
	__attribute__((warn_unused_result));

/* WIDTH behind its "/", BITS behind their ".", VALUE and MASK behind "=". */
struct error *scan_width(struct cursor *c, struct width *ret)
	__attribute__((warn_unused_result));
struct error *scan_bits(struct cursor *c, struct bits *ret)
	__attribute__((warn_unused_result));
struct error *scan_value(struct cursor *c, struct value *ret)
	__attribute__((warn_unused_result));

#endif
