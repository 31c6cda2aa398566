/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/number.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const struct {
	const char *explain, *advice;
} results[] = {
	[NUMBER_OK] = {"is a number", ""},
	[NUMBER_EMPTY] = {"a number must stand here",
			  "write decimal, 0x hexadecimal or 0b binary"},
	[NUMBER_LEADING_ZERO] = {"a leading zero could mean octal",
				 "write 0x for hexadecimal, 0d for decimal"},
	[NUMBER_BAD_DIGIT] =
		{"this is not a digit of the number",
		 "hexadecimal needs 0x; there are no size letters"},
	[NUMBER_UNDERSCORE] = {"'_' may stand only between two digits",
			       "remove it"},
	[NUMBER_OVERFLOW] = {"the number does not fit into 64 bits",
			     "the largest is 0xffffffffffffffff"},
};

const char *number_explain(enum number_result result)
{
	return results[result].explain;
}

const char *number_advice(enum number_result result)
{
	return results[result].advice;
}

static bool is_run(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_';
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

static unsigned base_of(char letter)
{
	switch (letter) {
	case 'x':
	case 'X':
		return 16;
	case 'b':
	case 'B':
		return 2;
	case 'd':
	case 'D':
		return 10;
	default:
		return 0;
	}
}

static enum number_result scan_digits(const char *text, size_t used,
				      size_t start, unsigned base,
				      uint64_t *ret, size_t *ret_bad)
{
	uint64_t value = 0;
	bool after_digit = false;

	for (size_t i = start; i < used; i++) {
		unsigned digit;

		*ret_bad = i;
		if (text[i] == '_') {
			if (!after_digit)
				return NUMBER_UNDERSCORE;
			after_digit = false;
			continue;
		}
		digit = digit_value(text[i]);
		if (digit >= base)
			return NUMBER_BAD_DIGIT;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return NUMBER_OVERFLOW;
		after_digit = true;
	}
	*ret_bad = used;
	if (!after_digit)
		return used == start ? NUMBER_EMPTY : NUMBER_UNDERSCORE;
	*ret = value;
	return NUMBER_OK;
}

enum number_result number_scan(const char *text, size_t length, uint64_t *ret,
			       size_t *ret_used, bool *ret_bare,
			       size_t *ret_bad)
{
	enum number_result result;
	size_t used = 0, start = 0;
	unsigned base = 10;
	uint64_t value = 0;

	while (used < length && is_run(text[used]))
		used++;
	*ret_used = used;
	*ret_bad = 0;
	if (!used || text[0] == '_')
		return used ? NUMBER_UNDERSCORE : NUMBER_EMPTY;
	if (digit_value(text[0]) > 9)
		return NUMBER_EMPTY;
	if (text[0] == '0' && used > 1) {
		base = base_of(text[1]);
		start = 2;
		if (!base) {
			bool digits =
				digit_value(text[1]) <= 9 || text[1] == '_';

			*ret_bad = digits ? 0 : 1;
			return digits ? NUMBER_LEADING_ZERO : NUMBER_BAD_DIGIT;
		}
	}
	result = scan_digits(text, used, start, base, &value, ret_bad);
	if (result != NUMBER_OK)
		return result;
	*ret = value;
	*ret_bare = !start && used > 1;
	return NUMBER_OK;
}

struct error *number_parse(const char *what, const char *text, uint64_t limit,
			   uint64_t *ret)
{
	size_t length = strlen(text), used, bad;
	enum number_result result;
	uint64_t value = 0;
	bool bare;

	result = number_scan(text, length, &value, &used, &bare, &bad);
	if (result == NUMBER_OK && used < length) {
		result = NUMBER_BAD_DIGIT;
		bad = used;
	}
	if (result != NUMBER_OK)
		return error_at(
			error_help(error_create(ERROR_USAGE, 0, "%s: %s", what,
						number_explain(result)),
				   "%s", number_advice(result)),
			text, bad, bad < length ? 1 : 0);
	if (value > limit)
		return error_at(error_create(ERROR_USAGE, 0,
					     "%s: the number is above %llu",
					     what, (unsigned long long)limit),
				text, 0, length);
	*ret = value;
	return NULL;
}
