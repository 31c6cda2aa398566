/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WIDTH, BITS and VALUE, and whether they fit each other. */
#include <stdlib.h>
#include <string.h>

#include "plan/location-scan.h"

static const struct {
	const char *name;
	struct width width;
} widths[] = {
	{"8", {8, ORDER_NATIVE, false}},
	{"8be", {8, ORDER_BIG, false}},
	{"8le", {8, ORDER_LITTLE, false}},
	{"16", {16, ORDER_NATIVE, false}},
	{"16be", {16, ORDER_BIG, false}},
	{"16le", {16, ORDER_LITTLE, false}},
	{"32", {32, ORDER_NATIVE, false}},
	{"32be", {32, ORDER_BIG, false}},
	{"32le", {32, ORDER_LITTLE, false}},
	{"64", {64, ORDER_NATIVE, false}},
	{"64be", {64, ORDER_BIG, false}},
	{"64le", {64, ORDER_LITTLE, false}},
	{"32x2", {64, ORDER_NATIVE, true}},
};

#define N_WIDTHS (sizeof(widths) / sizeof(*widths))

const char *width_name(const struct width *width)
{
	for (size_t i = 0; i < N_WIDTHS; i++)
		if (widths[i].width.bits == width->bits &&
		    widths[i].width.order == width->order &&
		    widths[i].width.halves == width->halves)
			return widths[i].name;
	return "";
}

static bool starts_like(const char *word, size_t length, const char *start)
{
	size_t known = strlen(start);

	return length >= known && strncmp(word, start, known) == 0;
}

/* What the author of a wrong width may have had in mind. */
static const struct {
	const char *start;
	bool whole;
	const char *message, *help;
} width_mistakes[] = {
	{"1", true, "a width is in bits", "write 8 for one byte"},
	{"2", true, "a width is in bits", "write 16 for two bytes"},
	{"4", true, "a width is in bits", "write 32 for four bytes"},
	{"32x2", false, "a counter of two halves has no byte order",
	 "write 32x2"},
	{"map", false, "a part stands behind a device only",
	 "write @uio0/map1"},
	{"bar", false, "a part stands behind a device only",
	 "write @03:00.0/bar0"},
	{"region", false, "a part stands behind a device only",
	 "write @vfio0/region0"},
};

static struct error *bad_width(const struct cursor *c)
{
	const char *word = c->text + c->at;
	size_t length = cursor_word(c);

	if (!length)
		return not_here(c, "a width",
				"the widths are 8, 16, 32 and 64");
	if (is_size_letter(word, length))
		return error_help(
			usage_at(c, c->at, length, "there are no size letters"),
			"the widths are 8, 16, 32 and 64, in bits");
	for (size_t i = 0; i < sizeof(width_mistakes) / sizeof(*width_mistakes);
	     i++) {
		if (!starts_like(word, length, width_mistakes[i].start) ||
		    (width_mistakes[i].whole &&
		     length != strlen(width_mistakes[i].start)))
			continue;
		return error_help(usage_at(c, c->at, length, "%s",
					   width_mistakes[i].message),
				  "%s", width_mistakes[i].help);
	}
	return error_help(usage_at(c, c->at, length, "there is no such width"),
			  "the widths are 8, 16, 32 and 64, with be or le "
			  "behind them if need be, and 32x2");
}

struct error *scan_width(struct cursor *c, struct width *ret)
{
	size_t length = cursor_word(c);

	for (size_t i = 0; i < N_WIDTHS; i++) {
		if (strlen(widths[i].name) != length ||
		    strncmp(c->text + c->at, widths[i].name, length) != 0)
			continue;
		c->at += length;
		*ret = widths[i].width;
		return NULL;
	}
	return bad_width(c);
}

struct error *width_parse(const char *text, struct width *ret)
{
	struct cursor c = cursor_over(text);
	struct width width = {0};
	struct error *error;

	error = scan_width(&c, &width);
	if (error)
		return error;
	if (!cursor_ended(&c)) {
		error = never_here(&c);
		return error ? error
			     : usage_here(&c, "nothing can stand behind the "
					      "width");
	}
	*ret = width;
	return NULL;
}

static struct error *scan_bit(struct cursor *c, unsigned *ret)
{
	size_t start = c->at;
	uint64_t number = 0;
	struct error *error = scan_number(c, &number);

	if (error)
		return error;
	if (number > 63)
		return error_help(usage_at(c, start, c->at - start,
					   "there is no such bit"),
				  "bits are 0 to 63; a width is written /32");
	*ret = (unsigned)number;
	return NULL;
}

static struct error *scan_bit_range(struct cursor *c, struct bits *bits)
{
	size_t start = c->at;
	struct error *error;

	bits->kind = BITS_RANGE;
	error = scan_bit(c, &bits->high);
	bits->low = bits->high;
	if (!error && !cursor_sees(c, "::") && cursor_take(c, ":"))
		error = scan_bit(c, &bits->low);
	if (!error && bits->high < bits->low)
		error = error_help(usage_at(c, start, c->at - start,
					    "the high bit stands first"),
				   "write %u:%u; a value and its mask stand "
				   "behind '='",
				   bits->low, bits->high);
	return error;
}

struct error *scan_bits(struct cursor *c, struct bits *bits)
{
	size_t start = c->at;
	struct error *error;

	if (is_digit(cursor_peek(c))) {
		error = scan_bit_range(c, bits);
	} else {
		bits->kind = BITS_FIELD;
		error = scan_name(c, "a bit, HIGH:LOW or a field",
				  &bits->field);
	}
	bits->span = cursor_span(c, start);
	return error;
}

static struct error *scan_value_number(struct cursor *c, struct value *value)
{
	bool negative = cursor_take(c, "-");
	struct error *error;

	value->kind = VALUE_NUMBER;
	error = scan_number(c, &value->number);
	value->negative = negative && value->number;
	return error;
}

struct error *scan_value(struct cursor *c, struct value *value)
{
	size_t start = c->at;
	struct error *error;

	if (cursor_peek(c) == '=')
		return error_help(usage_here(c, "one '=' writes a value"),
				  "a condition is LOCATION eq VALUE, as words");
	if (is_digit(cursor_peek(c)) || cursor_peek(c) == '-') {
		error = scan_value_number(c, value);
	} else {
		value->kind = VALUE_NAME;
		error = scan_name(c, "a value", &value->name);
	}
	value->span = cursor_span(c, start);
	return error;
}

struct error *value_parse(const char *text, struct value *ret)
{
	struct cursor c = cursor_over(text);
	struct value value = {0};
	struct error *error = scan_value(&c, &value);

	if (!error && !cursor_ended(&c))
		error = usage_at(&c, c.at, c.length - c.at,
				 "nothing can stand behind the value");
	if (error)
		free(value.name);
	else
		*ret = value;
	return error;
}

static uint64_t ones(unsigned bits)
{
	return UINT64_MAX >> (64 - bits);
}

static struct error *at_span(struct error *error, const struct location *l,
			     struct text_span span)
{
	return error_at(error, l->text, span.start, span.length);
}

/* `bits` is the room for the value: 1 to 64. */
static struct error *check_room(const struct location *l,
				const struct value *value, unsigned bits)
{
	uint64_t lowest = ones(bits) / 2 + 1; /* the magnitude of it */
	const char *plural = bits > 1 ? "s" : "";

	if (value->kind != VALUE_NUMBER)
		return NULL;
	if (value->negative && value->number > lowest)
		return at_span(error_create(ERROR_USAGE, 0,
					    "the value does not fit into %u "
					    "bit%s: the smallest is -%llu",
					    bits, plural,
					    (unsigned long long)lowest),
			       l, value->span);
	if (!value->negative && value->number > ones(bits))
		return at_span(error_create(ERROR_USAGE, 0,
					    "the value does not fit into %u "
					    "bit%s: the largest is 0x%llx",
					    bits, plural,
					    (unsigned long long)ones(bits)),
			       l, value->span);
	return NULL;
}

static struct error *check_bits(const struct location *l,
				const struct bits *bits,
				const struct value *value, unsigned width)
{
	unsigned room = width;

	if (bits->kind == BITS_RANGE) {
		room = bits->high - bits->low + 1;
		if (bits->high >= width)
			return at_span(
				error_create(ERROR_USAGE, 0,
					     "bit %u lies outside of a width "
					     "of %u bits",
					     bits->high, width),
				l, bits->span);
	}
	return check_room(l, value, room);
}

static struct error *check_mask(const struct location *l, unsigned width)
{
	if (!l->has_mask || l->mask <= ones(width))
		return NULL;
	return at_span(error_create(ERROR_USAGE, 0,
				    "the mask does not fit into %u bits: the "
				    "largest is 0x%llx",
				    width, (unsigned long long)ones(width)),
		       l, l->mask_span);
}

static uint64_t bits_mask(const struct bits *bits)
{
	if (bits->kind != BITS_RANGE)
		return 0;
	return UINT64_MAX >> (63 - bits->high + bits->low) << bits->low;
}

struct error *location_check_assignments(const struct location *location)
{
	uint64_t assigned = bits_mask(&location->bits);

	for (size_t i = 0; i < location->n_more; i++) {
		const struct bits *bits = &location->more[i].bits;

		if (assigned & bits_mask(bits))
			return at_span(error_create(ERROR_USAGE, 0,
						    "a bit is given two "
						    "values"),
				       location, bits->span);
		assigned |= bits_mask(bits);
	}
	return NULL;
}

struct error *location_check_width(const struct location *location,
				   const struct width *width)
{
	struct error *error;

	if (width->halves && location->value.kind != VALUE_NONE)
		return at_span(error_create(ERROR_USAGE, 0,
					    "a width of 32x2 is for reading: "
					    "two writes are not one"),
			       location, location->value.span);
	error = check_bits(location, &location->bits, &location->value,
			   width->bits);
	if (!error)
		error = check_mask(location, width->bits);
	for (size_t i = 0; !error && i < location->n_more; i++)
		error = check_bits(location, &location->more[i].bits,
				   &location->more[i].value, width->bits);
	return error;
}
