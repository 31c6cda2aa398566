/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/location-scan.h"

#include <string.h>

#include "base/number.h"

struct cursor cursor_over(const char *text)
{
	return (struct cursor){.text = text, .length = strlen(text)};
}

struct text_span cursor_span(const struct cursor *c, size_t start)
{
	return (struct text_span){.start = start, .length = c->at - start};
}

bool cursor_sees(const struct cursor *c, const char *token)
{
	return strncmp(c->text + c->at, token, strlen(token)) == 0;
}

bool cursor_take(struct cursor *c, const char *token)
{
	if (!cursor_sees(c, token))
		return false;
	c->at += strlen(token);
	return true;
}

bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_word(char c)
{
	return is_digit(c) || is_name_start(c);
}

bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

size_t cursor_word(const struct cursor *c)
{
	size_t length = 0;

	while (is_word(c->text[c->at + length]))
		length++;
	return length;
}

bool is_size_letter(const char *word, size_t length)
{
	return length == 1 && word[0] && strchr("bwlqhdgBWLQHDG", word[0]);
}

/*
 * What never stands in a location, outside of a path. Most come from other
 * tools, from C, or from what a shell was expected to do.
 */
static const struct {
	const char *bytes, *message, *help;
} strangers[] = {
	{" \t\n\v\f\r", "a blank cannot stand in a location",
	 "write it without blanks; words of their own are further locations"},
	{"*?", "a location has no patterns and no C operators",
	 "several elements are A..+LENGTH; what NAME points to is ptr:NAME"},
	{"(){}", "a location is not a C expression",
	 "-t gives a type; '.' goes through pointers, too"},
	{"\"'`", "this quote has become a part of the location",
	 "quotes are for the shell: one pair, around the whole argument"},
	{"&|^~!%", "a location does not compute",
	 "=VALUE:MASK changes the bits of MASK and leaves the others"},
	{"<>", "'<' and '>' stand only in '->'",
	 "write '.', which goes through pointers, too"},
	{"$", "this variable was not expanded",
	 "the shell does not expand it in single quotes"},
	{"\\", "a backslash stands only in a file: path", NULL},
	{"#;", "this does not belong to a location",
	 "separate it with a blank"},
};

struct error *never_here(const struct cursor *c)
{
	unsigned char byte = (unsigned char)cursor_peek(c);

	if (!byte)
		return NULL;
	if (byte >= 0x80)
		return error_help(
			usage_here(c, "only ASCII can stand here"),
			"a dash, a quote or a blank that was copied from a "
			"document may look like the ASCII one");
	for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
		struct error *error;

		if (!strchr(strangers[i].bytes, byte))
			continue;
		error = usage_here(c, "%s", strangers[i].message);
		if (!strangers[i].help)
			return error;
		return error_help(error, "%s", strangers[i].help);
	}
	if (byte < 0x20 || byte == 0x7f)
		return usage_here(c, "a control character cannot stand in a "
				     "location");
	return NULL;
}

struct error *not_here(const struct cursor *c, const char *what,
		       const char *help)
{
	struct error *error = never_here(c);

	if (error)
		return error;
	error = usage_here(c, "%s must stand here", what);
	return help ? error_help(error, "%s", help) : error;
}

/* Whether a word, not too long to be spelled out, lacks nothing but its 0x. */
static bool lacks_prefix(const char *word, size_t length)
{
	size_t digits = 0;

	if (length > 1 && word[0] == '0' && strchr("bBdD", word[1]))
		return false;
	while (digits < length && is_hex(word[digits]))
		digits++;
	return length && digits == length && length <= 16;
}

static struct error *advise(struct error *error, enum number_result result,
			    const char *word, size_t length)
{
	if (result == NUMBER_BAD_DIGIT && lacks_prefix(word, length))
		return error_help(error, "hexadecimal is written 0x%.*s",
				  (int)length, word);
	return error_help(error, "%s", number_advice(result));
}

static struct error *no_number(const struct cursor *c, size_t used)
{
	const char *word = c->text + c->at;

	if (!lacks_prefix(word, used))
		return not_here(c, "a number", NULL);
	return advise(usage_at(c, c->at, used, "a number must stand here"),
		      NUMBER_BAD_DIGIT, word, used);
}

static struct error *bad_number(const struct cursor *c,
				enum number_result result, size_t used,
				size_t bad)
{
	size_t start = c->at, length = used;

	if (result == NUMBER_EMPTY && !bad)
		return no_number(c, used);
	if (result == NUMBER_UNDERSCORE && bad == used)
		bad--;
	if (result == NUMBER_BAD_DIGIT || result == NUMBER_UNDERSCORE ||
	    result == NUMBER_EMPTY) {
		start += bad;
		length = start < c->length;
	}
	return advise(usage_at(c, start, length, "%s", number_explain(result)),
		      result, c->text + c->at, used);
}

static struct error *scan(struct cursor *c, uint64_t *ret, bool *ret_bare)
{
	enum number_result result;
	uint64_t value = 0;
	size_t used, bad;

	result = number_scan(c->text + c->at, c->length - c->at, &value, &used,
			     ret_bare, &bad);
	if (result != NUMBER_OK)
		return bad_number(c, result, used, bad);
	c->at += used;
	*ret = value;
	return NULL;
}

struct error *scan_number(struct cursor *c, uint64_t *ret)
{
	bool bare;

	return scan(c, ret, &bare);
}

struct error *scan_offset(struct cursor *c, uint64_t *ret)
{
	size_t start = c->at;
	struct error *error;
	uint64_t value = 0;
	bool bare = false;

	error = scan(c, &value, &bare);
	if (error)
		return error;
	if (bare) {
		/* It fits into 64 bits: at most 39 bytes with its '_'. */
		int length = (int)(c->at - start);
		const char *digits = c->text + start;

		return error_help(usage_at(c, start, c->at - start,
					   "an offset without 0x or 0d could "
					   "mean either"),
				  "write 0x%.*s or 0d%.*s", length, digits,
				  length, digits);
	}
	*ret = value;
	return NULL;
}

struct error *scan_decimal(struct cursor *c, uint64_t *ret)
{
	const char *word = c->text + c->at;
	size_t length = cursor_word(c);
	uint64_t value = 0;

	if (!length)
		return not_here(c, "a number", NULL);
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(word[i]))
			return usage_at(c, c->at + i, 1,
					"only decimal digits can stand here");
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (unsigned)(word[i] - '0'),
					   &value))
			return usage_at(c, c->at, length,
					"the number does not fit into 64 bits");
	}
	if (word[0] == '0' && length > 1)
		return usage_at(c, c->at, length,
				"a number in a name has no leading zeros");
	c->at += length;
	*ret = value;
	return NULL;
}

struct error *scan_name(struct cursor *c, const char *what, char **ret)
{
	size_t length = cursor_word(c);
	char *name;

	if (!is_name_start(cursor_peek(c)))
		return not_here(c, what, NULL);
	name = strndup(c->text + c->at, length);
	if (!name)
		return error_no_memory();
	c->at += length;
	*ret = name;
	return NULL;
}
