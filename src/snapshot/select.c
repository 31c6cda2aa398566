/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/location.h"

/* So many names are searched for near ones. */
enum { MOST_NEAR = 4096 };

void selection_deinit(struct selection *selection)
{
	free(selection->items);
	*selection = (struct selection){0};
}

/* The name of what a pointer points to and the names of its members differ in
 * this. */
static const char *without_prefix(const char *name)
{
	if (!text_starts(name, "ptr:", &name))
		text_starts(name, "var:", &name);
	return name;
}

/* Whether a name goes on from `start`; behind it stands the rest. */
static bool goes_on(const char *name, const char *start, const char **ret_rest)
{
	return text_starts(name, start, ret_rest) &&
	       (!**ret_rest || strchr(".[+", **ret_rest));
}

/* Of the fields of a register, which `rest` follows the name of: those that
 * are called so, or what they are in. */
static uint64_t field_bits(const struct view *view, const char *wanted)
{
	uint64_t bits = 0;
	const char *rest;

	for (size_t i = 0; i < view->n_fields; i++) {
		const struct field *field = &view->fields[i];

		if (goes_on(field->name, wanted, &rest))
			bits |= UINT64_MAX >> (63 - field->high + field->low)
						      << field->low;
	}
	return bits;
}

/* The bits of a register that a name means; 0: none. */
static uint64_t bits_by_name(const struct snapshot *snapshot,
			     const struct snapshot_register *one,
			     const char *name, bool *ret_named)
{
	const struct view *view = snapshot_view(snapshot, one);
	const char *wanted = without_prefix(name), *rest;
	const char *found = without_prefix(one->name);

	*ret_named = false;
	if (goes_on(found, wanted, &rest)) {
		*ret_named = !*rest;
		return snapshot_mask(one);
	}
	if (!view || !text_starts(wanted, found, &rest) || *rest != '.')
		return 0;
	*ret_named = true;
	return field_bits(view, rest + 1);
}

/* A region, or a part of it. */
struct part {
	struct location *location; /* NULL: the name is something else */
	uint64_t start, end;
};

static void part_deinit(struct part *part)
{
	location_destroy(part->location);
}

static bool offset_of(const struct place *place, uint64_t *ret)
{
	*ret = place->offset;
	return place->kind == BASE_REGION && !place->offset_negative;
}

static struct error *part_init(struct part *part, const char *name)
{
	struct location *location = NULL;
	struct error *error;
	bool fine;

	*part = (struct part){0};
	error = location_parse(name, &location);
	if (error)
		return error_subject(error, name);
	fine = offset_of(&location->start, &part->start) &&
	       location->start.region.kind != REGION_INDEX &&
	       !location->width.bits && location->bits.kind == BITS_NONE &&
	       location->value.kind == VALUE_NONE;
	part->end = location->start.has_offset ? part->start + 1 : UINT64_MAX;
	if (location->range == RANGE_LENGTH)
		fine &= !__builtin_add_overflow(part->start, location->length,
						&part->end);
	if (location->range == RANGE_END)
		fine &= offset_of(&location->end, &part->end) &&
			region_name_matches(&location->start.region,
					    &location->end.region);
	if (fine)
		part->location = location;
	else
		location_destroy(location);
	return NULL;
}

static bool is_in(const struct part *part, const struct region_name *region,
		  uint64_t offset, unsigned bytes)
{
	/* A place alone is where a register begins. */
	if (part->end == part->start + 1)
		bytes = 1;
	return region_name_matches(&part->location->start.region, region) &&
	       offset >= part->start && offset < part->end &&
	       part->end - offset >= bytes;
}

/* Whether a register is in it, by its device or by its name. */
static bool is_in_part(const struct snapshot *snapshot,
		       const struct snapshot_register *one,
		       const struct part *part)
{
	cleanup_location struct location *place = NULL;
	struct region_name region;
	bool found = false;

	if (one->has_offset) {
		struct error *error = region_name_parse(
			snapshot->devices[one->device].region, &region);

		if (!error) {
			found = is_in(part, &region, one->offset,
				      one->width / 8);
			region_name_deinit(&region);
		}
		error_destroy(error);
	}
	if (found || one->name[0] != '@')
		return found;
	error_destroy(location_parse(one->name, &place));
	return place && place->start.kind == BASE_REGION &&
	       !place->start.offset_negative &&
	       is_in(part, &place->start.region, place->start.offset,
		     one->width / 8);
}

static struct error *fits_nothing(const struct snapshot *snapshot,
				  const char *name, const char *file)
{
	cleanup_free const char **names = calloc(MOST_NEAR + 1, sizeof(*names));
	cleanup_free char *near = NULL;
	struct error *error = error_create(ERROR_USAGE, 0,
					   "--only %.200s: %s has no such "
					   "register",
					   name, file);

	for (size_t i = 0; names && i < snapshot->n_registers && i < MOST_NEAR;
	     i++)
		names[i] = snapshot->registers[i].name;
	near = names ? text_nearest(name, names) : NULL;
	if (near)
		return error_help(error, "near names: %s", near);
	return error_help(error, "`mmiodbg diff` prints the names; the file "
				 "has them behind \"name\"");
}

/* The bits of each register that one name means go into `items`. */
static struct error *select_one(const struct snapshot *snapshot,
				const char *name, const char *file,
				struct selected *items)
{
	cleanup_with(part_deinit) struct part part = {0};
	struct error *error = NULL;
	bool found = false;

	for (size_t i = 0; i < snapshot->n_registers; i++)
		if (strcmp(snapshot->registers[i].name, name) == 0) {
			items[i].mask = snapshot_mask(&snapshot->registers[i]);
			items[i].named = true;
			return NULL;
		}
	for (size_t i = 0; i < snapshot->n_registers; i++) {
		bool named;
		uint64_t bits = bits_by_name(snapshot, &snapshot->registers[i],
					     name, &named);

		items[i].mask |= bits;
		items[i].named |= bits && named;
		found |= bits != 0;
	}
	if (name[0] == '@')
		error = part_init(&part, name);
	if (error && !found)
		return error;
	error_destroy(error);
	for (size_t i = 0; i < snapshot->n_registers && part.location; i++) {
		const struct snapshot_register *one = &snapshot->registers[i];

		if (!is_in_part(snapshot, one, &part))
			continue;
		items[i].mask |= snapshot_mask(one);
		found = true;
	}
	return found ? NULL : fits_nothing(snapshot, name, file);
}

struct error *snapshot_select(const struct snapshot *snapshot,
			      const char *const *names, size_t n_names,
			      const char *file, struct selection *ret)
{
	cleanup_selection struct selection selection = {
		.items = calloc(snapshot->n_registers + 1,
				sizeof(*selection.items)),
	};

	if (!selection.items)
		return error_no_memory();
	for (size_t i = 0; i < n_names; i++) {
		struct error *error =
			select_one(snapshot, names[i], file, selection.items);

		if (error)
			return error;
	}
	/* Those that are meant move to the front. */
	for (size_t i = 0; i < snapshot->n_registers; i++) {
		struct selected one = selection.items[i];

		one.index = i;
		if (one.mask)
			selection.items[selection.count++] = one;
	}
	*ret = selection;
	selection = (struct selection){0};
	return NULL;
}
