/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/plan.h"
#include "snapshot/part.h"
#include "snapshot/snapshot.h"

struct pending {
	struct snapshot_register one;
	bool has_order, has_value, has_error;
	unsigned digits; /* of the value */
};

static void pending_deinit(struct pending *pending)
{
	snapshot_register_deinit(&pending->one);
}

PART_TEXT(register_name, pending, one.name)
PART_TEXT(register_location, pending, one.location)
PART_BOOLEAN(register_halves, pending, one.halves)
PART_BOOLEAN(register_suspect, pending, one.suspect)

static struct error *read_index(struct reader *reader, size_t *ret)
{
	uint64_t number;
	struct error *error = reader_number(reader, UINT32_MAX, &number);

	if (!error)
		*ret = (size_t)number;
	return error;
}

static struct error *register_device(struct reader *reader, void *object)
{
	return read_index(reader, &((struct pending *)object)->one.device);
}

static struct error *register_type(struct reader *reader, void *object)
{
	return read_index(reader, &((struct pending *)object)->one.type);
}

static struct error *register_offset(struct reader *reader, void *object)
{
	struct pending *pending = object;

	pending->one.has_offset = true;
	return reader_hexadecimal(reader, 0, &pending->one.offset);
}

static struct error *register_width(struct reader *reader, void *object)
{
	struct pending *pending = object;
	uint64_t width = 0;
	struct error *error = reader_number(reader, 64, &width);

	if (!error && (width < 8 || (width & (width - 1))))
		error = reader_error(reader,
				     "\"width\": %llu is not 8, 16, 32 or 64",
				     (unsigned long long)width);
	pending->one.width = (unsigned)width;
	return error;
}

static struct error *register_order(struct reader *reader, void *object)
{
	struct pending *pending = object;
	cleanup_free char *text = NULL;
	struct error *error = reader_text(reader, &text);

	if (error)
		return error;
	if (strcmp(text, "le") != 0 && strcmp(text, "be") != 0)
		return reader_error(reader,
				    "\"order\": '%.40s' is neither le nor be",
				    text);
	pending->has_order = true;
	pending->one.is_big = text[0] == 'b';
	return NULL;
}

static struct error *register_bits(struct reader *reader, void *object)
{
	struct pending *pending = object;

	pending->one.has_bits = true;
	return part_bits(reader, &pending->one.high, &pending->one.low);
}

/* How many digits it has is compared with the width later. */
static struct error *register_value(struct reader *reader, void *object)
{
	struct pending *pending = object;
	cleanup_free char *text = NULL;
	struct error *error = reader_text(reader, &text);

	if (error)
		return error;
	pending->has_value = true;
	if (text[0] != '0' || text[1] != 'x' ||
	    strspn(text + 2, "0123456789abcdef") != strlen(text + 2))
		return reader_error(reader,
				    "\"value\": '%.40s' is not hexadecimal "
				    "(0x and 0 to 9, a to f)",
				    text);
	if (strlen(text) > 18)
		return reader_error(reader,
				    "\"value\": '%.40s' has more than 64 bits",
				    text);
	pending->digits = (unsigned)strlen(text) - 2;
	pending->one.value = strtoull(text, NULL, 16);
	return NULL;
}

PART_TEXT(error_kind, snapshot_register, error_kind)
PART_TEXT(error_message, snapshot_register, error_message)

static const struct reader_member error_members[] = {
	{"kind", true, error_kind},
	{"message", true, error_message},
};

static struct error *register_error(struct reader *reader, void *object)
{
	struct pending *pending = object;

	pending->has_error = true;
	return reader_object(reader, error_members, PART_COUNT(error_members),
			     &pending->one);
}

static const struct reader_member register_members[] = {
	{"name", true, register_name},
	{"device", false, register_device},
	{"offset", false, register_offset},
	{"location", false, register_location},
	{"width", true, register_width},
	{"order", false, register_order},
	{"halves", false, register_halves},
	{"bits", false, register_bits},
	{"type", false, register_type},
	{"value", false, register_value},
	{"suspect", false, register_suspect},
	{"error", false, register_error},
};

/* Where it is, and how it is read. */
static struct error *check_form(const struct reader *reader,
				const struct pending *pending)
{
	const struct snapshot_register *one = &pending->one;

	if (one->has_offset == (one->location != NULL))
		return reader_error(reader,
				    "either \"offset\" or \"location\" says "
				    "where a register is");
	if (one->has_offset && one->device == SNAPSHOT_NONE)
		return reader_error(reader, "an \"offset\" in no \"device\"");
	if (one->has_offset && one->offset % (one->halves ? 4 : one->width / 8))
		return reader_error(reader,
				    "\"offset\": it is not aligned to %u bits",
				    one->halves ? 32 : one->width);
	if (one->has_offset && one->offset + one->width / 8 < one->offset)
		return reader_error(reader, "\"offset\": beyond all addresses");
	if (one->halves && one->width != 64)
		return reader_error(reader, "\"halves\" are of 64 bits");
	if (pending->has_order != (one->width > 8 && !one->halves))
		return reader_error(reader,
				    pending->has_order
					    ? "\"order\": there is only one"
					    : "\"order\" is missing");
	if (one->has_bits && one->high >= one->width)
		return reader_error(reader,
				    "\"bits\": bit %u is outside of %u bits",
				    one->high, one->width);
	return NULL;
}

static struct error *check_content(const struct reader *reader,
				   const struct pending *pending)
{
	const struct snapshot_register *one = &pending->one;

	if (pending->has_value == pending->has_error)
		return reader_error(reader, "either \"value\" or \"error\" "
					    "says what was read");
	if (pending->has_value && pending->digits != one->width / 4)
		return reader_error(reader,
				    "\"value\" has %u digit%s, and %u bits are "
				    "%u",
				    pending->digits,
				    pending->digits == 1 ? "" : "s", one->width,
				    one->width / 4);
	if (one->suspect &&
	    (!pending->has_value || one->value != ones(one->width)))
		return reader_error(reader,
				    "\"suspect\" is of a value of all ones");
	return NULL;
}

struct error *part_read_register(struct reader *reader, void *data)
{
	cleanup_with(pending_deinit) struct pending pending = {
		.one = {.device = SNAPSHOT_NONE, .type = SNAPSHOT_NONE},
	};
	struct snapshot *snapshot = data;
	struct error *error =
		reader_object(reader, register_members,
			      PART_COUNT(register_members), &pending);

	if (!error)
		error = check_form(reader, &pending);
	if (!error)
		error = check_content(reader, &pending);
	if (!error)
		error = part_check_room(reader, snapshot->n_registers);
	if (error)
		return error;
	pending.one.known = pending.has_value;
	return snapshot_add_register(snapshot, &pending.one);
}
