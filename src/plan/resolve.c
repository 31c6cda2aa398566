/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/resolve.h"

#include "base/error.h"
#include "plan/location.h"
#include "plan/object.h"

typedef unsigned long long ull;

/* The base of a place that is a name: BASE_POINTER and on. */
static struct error *named_base(struct session *session,
				const struct location *location,
				const struct place *place, struct anchor *ret)
{
	struct object object;
	struct error *error;

	if (place->kind == BASE_REGISTER)
		return error_at_base(
			error_help(
				error_create(ERROR_UNSUPPORTED, 0,
					     "this version knows no register "
					     "descriptions"),
				"name a variable (regs.ctrl) or a region"),
			location, place);
	error = object_find(session, location, place, &object);
	if (!error && (object.bits || object.has_bit) &&
	    (place->has_offset || location->range != RANGE_NONE))
		error = error_at_base(error_create(ERROR_USAGE, 0,
						   "bits have no address of "
						   "their own"),
				      location, place);
	if (!error)
		*ret = object.at;
	return error;
}

/* Where a place is, without its offset. */
static struct error *base_position(struct session *session,
				   const struct location *location,
				   const struct place *place,
				   struct anchor *ret)
{
	static const enum base_space spaces[] = {
		[BASE_ADDRESS] = SPACE_TARGET,
		[BASE_PHYSICAL] = SPACE_PHYSICAL,
		[BASE_REGION] = SPACE_REGION,
	};

	if (place->kind >= BASE_POINTER)
		return named_base(session, location, place, ret);
	*ret = (struct anchor){
		.space = spaces[place->kind],
		.position = place->kind == BASE_REGION ? 0 : place->number,
	};
	return NULL;
}

static struct error *place_position(struct session *session,
				    const struct location *location,
				    const struct place *place,
				    struct anchor *ret)
{
	struct anchor anchor;
	struct error *error = base_position(session, location, place, &anchor);
	uint64_t base;
	bool overflow;

	if (error)
		return error;
	base = anchor.position;
	overflow = place->offset_negative
			   ? __builtin_sub_overflow(base, place->offset,
						    &anchor.position)
			   : __builtin_add_overflow(base, place->offset,
						    &anchor.position);
	if (overflow)
		return error_at_place(
			error_create(ERROR_USAGE, 0,
				     place->offset_negative
					     ? "the place is before the start"
					     : "the place is beyond the end of "
					       "all addresses"),
			location, place);
	*ret = anchor;
	return NULL;
}

struct error *resolve_start(struct session *session,
			    const struct location *location, struct anchor *ret)
{
	return place_position(session, location, &location->start, ret);
}

static bool same_region(const struct region_name *a,
			const struct region_name *b)
{
	return region_name_matches(a, b) && region_name_matches(b, a);
}

/* Bytes from the anchor to the end of a range. */
static struct error *length_to_end(struct session *session,
				   const struct location *location,
				   const struct anchor *anchor, uint64_t *ret)
{
	const struct place *place = &location->end;
	struct anchor end;
	struct error *error = place_position(session, location, place, &end);

	if (error)
		return error;
	if (end.space != anchor->space ||
	    (end.space == SPACE_REGION &&
	     !same_region(&location->start.region, &place->region)))
		return error_at_base(
			error_help(error_create(ERROR_USAGE, 0,
						"the range ends in another "
						"region than it starts in"),
				   "write its length: ..+0x10"),
			location, place);
	if (end.position <= anchor->position)
		return error_at_base(
			error_create(ERROR_USAGE, 0,
				     "the range ends before it starts"),
			location, place);
	*ret = end.position - anchor->position;
	return NULL;
}

struct error *resolve_count(struct session *session,
			    const struct location *location,
			    const struct anchor *anchor, unsigned bytes,
			    uint64_t *ret_count)
{
	uint64_t length = location->length;
	struct error *error = NULL;

	if (location->range == RANGE_NONE)
		return NULL;
	if (location->range == RANGE_END)
		error = length_to_end(session, location, anchor, &length);
	if (error)
		return error;
	if (length % bytes)
		return error_at(
			error_create(ERROR_USAGE, 0,
				     "the range of %#llx bytes is no multiple "
				     "of %u bits",
				     (ull)length, bytes * 8),
			location->text, location->range_span.start,
			location->range_span.length);
	*ret_count = length / bytes;
	return NULL;
}

struct error *resolve_location(struct session *session,
			       const struct location *location, unsigned bytes,
			       unsigned alignment, uint64_t count, bool write,
			       struct resolved *ret)
{
	struct anchor anchor;
	struct error *error = resolve_start(session, location, &anchor);

	if (!error)
		error = resolve_count(session, location, &anchor, bytes,
				      &count);
	if (error)
		return error;
	return shown_elements(session, location, &anchor, bytes, alignment,
			      count, write, ret);
}
