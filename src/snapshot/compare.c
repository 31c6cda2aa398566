/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

typedef unsigned long long ull;

void difference_list_deinit(struct difference_list *list)
{
	free(list->items);
	*list = (struct difference_list){0};
}

const char *difference_name(enum difference_kind kind)
{
	static const char *const names[] = {
		[DIFFERENCE_VALUE] = "value",   [DIFFERENCE_FORM] = "form",
		[DIFFERENCE_UNREAD] = "unread", [DIFFERENCE_OLD] = "only-old",
		[DIFFERENCE_NEW] = "only-new",
	};

	return names[kind];
}

char *snapshot_device_differs(const struct snapshot_device *was,
			      const struct snapshot_device *is, bool region)
{
	char *text = NULL;
	int length = 0;

	if (was->has_id != is->has_id || was->vendor != is->vendor ||
	    was->device != is->device)
		length = asprintf(&text,
				  "its PCI ids were %04llx:%04llx, and are "
				  "%04llx:%04llx now",
				  (ull)was->vendor, (ull)was->device,
				  (ull)is->vendor, (ull)is->device);
	else if (was->has_bar != is->has_bar || was->bar != is->bar)
		length = asprintf(&text, "it was in BAR %u, and is in BAR %u",
				  was->bar, is->bar);
	else if (was->size != is->size && was->size && is->size)
		length =
			asprintf(&text, "%s had %#llx bytes, and has %#llx now",
				 was->region, (ull)was->size, (ull)is->size);
	else if (region && strcmp(was->region, is->region) != 0)
		length = asprintf(&text, "it was %s, and is %s", was->region,
				  is->region);
	return length < 0 ? NULL : text;
}

/* Registers by their names, which differ. */
struct index {
	const struct snapshot_register **sorted;
	size_t count;
};

static void index_deinit(struct index *index)
{
	free(index->sorted);
}

static int by_name(const void *left, const void *right)
{
	const struct snapshot_register *const *a = left, *const *b = right;

	return strcmp((*a)->name, (*b)->name);
}

static bool index_init(struct index *index, const struct snapshot *snapshot)
{
	index->count = snapshot->n_registers;
	index->sorted = calloc(index->count + 1, sizeof(*index->sorted));
	if (!index->sorted)
		return false;
	for (size_t i = 0; i < index->count; i++)
		index->sorted[i] = &snapshot->registers[i];
	qsort(index->sorted, index->count, sizeof(*index->sorted), by_name);
	return true;
}

static const struct snapshot_register *
index_find(const struct index *index, const struct snapshot_register *like)
{
	const struct snapshot_register **found =
		bsearch(&like, index->sorted, index->count,
			sizeof(*index->sorted), by_name);

	return found ? *found : NULL;
}

static bool same_form(const struct snapshot_register *old,
		      const struct snapshot_register *new)
{
	return old->width == new->width && old->is_big == new->is_big &&
	       old->halves == new->halves && old->has_bits == new->has_bits &&
	       (!old->has_bits ||
		(old->high == new->high && old->low == new->low));
}

/* False: they are the same. */
static bool differ(struct difference *ret)
{
	const struct snapshot_register *old = ret->old, *new = ret->new;

	if (!same_form(old, new)) {
		ret->kind = DIFFERENCE_FORM;
		return true;
	}
	if (old->known && new->known) {
		ret->kind = DIFFERENCE_VALUE;
		ret->changed = (old->value ^ new->value) & snapshot_mask(old);
		return ret->changed;
	}
	ret->kind = DIFFERENCE_UNREAD;
	return old->known != new->known;
}

static bool add(struct difference_list *list,
		const struct difference *difference)
{
	if (!list_grow(&list->items, list->count, &list->capacity,
		       sizeof(*list->items)))
		return false;
	list->items[list->count++] = *difference;
	return true;
}

/* Ordinary memory is of no device. */
static bool of_other_devices(const struct snapshot *old,
			     const struct snapshot *new,
			     const struct snapshot_register *before,
			     const struct snapshot_register *now)
{
	cleanup_free char *differs = NULL;

	if (before->device == SNAPSHOT_NONE || now->device == SNAPSHOT_NONE)
		return before->device != now->device;
	differs = snapshot_device_differs(&old->devices[before->device],
					  &new->devices[now->device], true);
	return differs != NULL;
}

/* Most registers are in the devices that those before them are in. */
struct pair {
	size_t old, new; /* devices that are the same */
};

static void compare_devices(const struct snapshot *old,
			    const struct snapshot *new,
			    const struct difference *one, struct pair *seen,
			    struct difference_list *list)
{
	if (list->stranger.old ||
	    (one->old->device == seen->old && one->new->device == seen->new))
		return;
	if (of_other_devices(old, new, one->old, one->new))
		list->stranger = *one;
	*seen = (struct pair){one->old->device, one->new->device};
}

static const struct snapshot_register *
first_in_device(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_registers; i++)
		if (snapshot->registers[i].device != SNAPSHOT_NONE)
			return &snapshot->registers[i];
	return NULL;
}

static bool compare(const struct snapshot *old, const struct snapshot *new,
		    const struct index *of_old, const struct index *of_new,
		    struct difference_list *list)
{
	struct pair seen = {SNAPSHOT_NONE, SNAPSHOT_NONE};
	bool fine = true;

	for (size_t i = 0; i < old->n_registers && fine; i++) {
		struct difference one = {.old = &old->registers[i]};
		bool differs = true;

		one.new = index_find(of_new, one.old);
		one.kind = DIFFERENCE_OLD;
		if (one.new) {
			list->compared++;
			compare_devices(old, new, &one, &seen, list);
			differs = differ(&one);
		}
		fine = !differs || add(list, &one);
	}
	for (size_t i = 0; i < new->n_registers &&fine; i++) {
		struct difference one = {.kind = DIFFERENCE_NEW,
					 .new = &new->registers[i]};

		fine = index_find(of_old, one.new) || add(list, &one);
	}
	/* No name is in both, which may be the reason. */
	if (!list->compared) {
		struct difference one = {.old = first_in_device(old),
					 .new = first_in_device(new)};

		if (one.old && one.new)
			compare_devices(old, new, &one, &seen, list);
	}
	return fine;
}

struct error *snapshot_compare(const struct snapshot *old,
			       const struct snapshot *new,
			       struct difference_list *ret)
{
	cleanup_with(index_deinit) struct index of_old = {0}, of_new = {0};
	cleanup_difference_list struct difference_list list = {0};

	if (!index_init(&of_old, old) || !index_init(&of_new, new) ||
	    !compare(old, new, &of_old, &of_new, &list))
		return error_no_memory();
	*ret = list;
	list = (struct difference_list){0};
	return NULL;
}
