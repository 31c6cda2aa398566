/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/plan.h"

/* Of a register. */
enum { MOST_BYTES = 8 };

static void scalar_free(struct scalar *scalar)
{
	struct enumerator *enumerators =
		(struct enumerator *)scalar->enumerators;

	for (size_t i = 0; i < scalar->n_enumerators; i++)
		free(enumerators[i].name);
	free(enumerators);
}

void snapshot_type_deinit(struct snapshot_type *type)
{
	struct view *view = &type->view;

	scalar_free(&view->scalar);
	for (size_t i = 0; i < view->n_fields; i++) {
		scalar_free(&view->fields[i].scalar);
		free(view->fields[i].name);
	}
	free(view->fields);
	free(view->type);
	*type = (struct snapshot_type){0};
}

void snapshot_device_deinit(struct snapshot_device *device)
{
	free(device->region);
	free(device->kind);
	free(device->class);
	free(device->pci);
	free(device->driver);
	*device = (struct snapshot_device){0};
}

void snapshot_register_deinit(struct snapshot_register *one)
{
	free(one->name);
	free(one->location);
	free(one->error_kind);
	free(one->error_message);
	*one = (struct snapshot_register){0};
}

void snapshot_deinit(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_devices; i++)
		snapshot_device_deinit(&snapshot->devices[i]);
	for (size_t i = 0; i < snapshot->n_types; i++)
		snapshot_type_deinit(&snapshot->types[i]);
	for (size_t i = 0; i < snapshot->n_registers; i++)
		snapshot_register_deinit(&snapshot->registers[i]);
	free(snapshot->devices);
	free(snapshot->types);
	free(snapshot->registers);
	free(snapshot->program);
	free(snapshot->created);
	free(snapshot->process);
	free(snapshot->machine);
	*snapshot = (struct snapshot){0};
}

static bool same_text(const char *left, const char *right)
{
	return left && right ? strcmp(left, right) == 0 : left == right;
}

static bool same_device(const struct snapshot_device *left,
			const struct snapshot_device *right)
{
	return same_text(left->region, right->region) &&
	       same_text(left->kind, right->kind) &&
	       same_text(left->class, right->class) &&
	       left->size == right->size && same_text(left->pci, right->pci) &&
	       left->has_bar == right->has_bar && left->bar == right->bar &&
	       left->has_id == right->has_id && left->vendor == right->vendor &&
	       left->device == right->device &&
	       same_text(left->driver, right->driver) &&
	       left->has_physical == right->has_physical &&
	       left->physical == right->physical;
}

struct error *snapshot_add_device(struct snapshot *snapshot,
				  struct snapshot_device *device, size_t *ret)
{
	for (size_t i = 0; i < snapshot->n_devices; i++)
		if (same_device(&snapshot->devices[i], device)) {
			snapshot_device_deinit(device);
			*ret = i;
			return NULL;
		}
	if (!list_grow(&snapshot->devices, snapshot->n_devices,
		       &snapshot->devices_capacity,
		       sizeof(*snapshot->devices))) {
		snapshot_device_deinit(device);
		return error_no_memory();
	}
	*ret = snapshot->n_devices;
	snapshot->devices[snapshot->n_devices++] = *device;
	*device = (struct snapshot_device){0};
	return NULL;
}

static bool same_scalar(const struct scalar *left, const struct scalar *right)
{
	if (left->kind != right->kind || left->is_signed != right->is_signed ||
	    left->is_character != right->is_character ||
	    left->n_enumerators != right->n_enumerators)
		return false;
	for (size_t i = 0; i < left->n_enumerators; i++)
		if (left->enumerators[i].value != right->enumerators[i].value ||
		    strcmp(left->enumerators[i].name,
			   right->enumerators[i].name) != 0)
			return false;
	return true;
}

static bool same_type(const struct view *left, const struct view *right)
{
	if (!same_text(left->type, right->type) ||
	    !same_scalar(&left->scalar, &right->scalar) ||
	    left->n_fields != right->n_fields)
		return false;
	for (size_t i = 0; i < left->n_fields; i++)
		if (left->fields[i].high != right->fields[i].high ||
		    left->fields[i].low != right->fields[i].low ||
		    strcmp(left->fields[i].name, right->fields[i].name) != 0 ||
		    !same_scalar(&left->fields[i].scalar,
				 &right->fields[i].scalar))
			return false;
	return true;
}

struct error *snapshot_add_type(struct snapshot *snapshot,
				struct snapshot_type *type, size_t *ret)
{
	for (size_t i = 0; i < snapshot->n_types; i++)
		if (same_type(&snapshot->types[i].view, &type->view)) {
			snapshot_type_deinit(type);
			*ret = i;
			return NULL;
		}
	if (!list_grow(&snapshot->types, snapshot->n_types,
		       &snapshot->types_capacity, sizeof(*snapshot->types))) {
		snapshot_type_deinit(type);
		return error_no_memory();
	}
	*ret = snapshot->n_types;
	snapshot->types[snapshot->n_types++] = *type;
	*type = (struct snapshot_type){0};
	return NULL;
}

struct error *snapshot_add_register(struct snapshot *snapshot,
				    struct snapshot_register *one)
{
	struct error *error = NULL;

	if (snapshot->n_registers >= SNAPSHOT_MOST_REGISTERS)
		error = error_create(ERROR_USAGE, 0,
				     "more than %d registers, which is what a "
				     "snapshot may hold",
				     SNAPSHOT_MOST_REGISTERS);
	else if (!list_grow(&snapshot->registers, snapshot->n_registers,
			    &snapshot->registers_capacity,
			    sizeof(*snapshot->registers)))
		error = error_no_memory();
	if (error) {
		snapshot_register_deinit(one);
		return error;
	}
	snapshot->registers[snapshot->n_registers++] = *one;
	*one = (struct snapshot_register){0};
	return NULL;
}

static int by_name(const void *left, const void *right)
{
	const struct snapshot_register *const *a = left, *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);

	return order ? order : (*a > *b) - (*a < *b);
}

static struct error *find_namesakes(const struct snapshot *snapshot,
				    struct snapshot_twins *ret)
{
	cleanup_free const struct snapshot_register **sorted =
		calloc(snapshot->n_registers + 1, sizeof(*sorted));

	if (!sorted)
		return error_no_memory();
	for (size_t i = 0; i < snapshot->n_registers; i++)
		sorted[i] = &snapshot->registers[i];
	qsort(sorted, snapshot->n_registers, sizeof(*sorted), by_name);
	for (size_t i = 1; i < snapshot->n_registers; i++)
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0 &&
		    (!ret->second || sorted[i] < ret->second))
			*ret = (struct snapshot_twins){sorted[i - 1],
						       sorted[i]};
	return NULL;
}

/* Two devices are one if their region is: what shows it may differ. */
struct placed {
	const char *region;
	const struct snapshot_register *one;
};

static int by_place(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;
	int order = a->region == b->region ? 0 : strcmp(a->region, b->region);

	if (!order)
		order = (a->one->offset > b->one->offset) -
			(a->one->offset < b->one->offset);
	return order ? order : (a->one > b->one) - (a->one < b->one);
}

/* Its bits as they are in the device: the first byte has the lowest. */
static uint64_t bits_in_place(const struct snapshot_register *one)
{
	uint64_t mask = snapshot_mask(one);

	return one->is_big ? __builtin_bswap64(mask) >> (64 - one->width)
			   : mask;
}

/* `before` is at the same place, or below it. */
static bool collide(const struct snapshot_register *before,
		    const struct snapshot_register *one)
{
	if (one->offset - before->offset >= before->width / 8)
		return false;
	if (one->offset != before->offset || one->width != before->width)
		return true;
	return bits_in_place(one) & bits_in_place(before);
}

/* The last one, with one of those before it. Of these no two collide: so there
 * are not many that reach so far, however many there are. */
static bool find_collision(const struct placed *list, size_t last,
			   struct snapshot_twins *ret)
{
	const struct snapshot_register *one = list[last].one;

	for (size_t i = last; i-- > 0;) {
		const struct snapshot_register *before = list[i].one;

		if (strcmp(list[i].region, list[last].region) != 0 ||
		    one->offset - before->offset >= MOST_BYTES)
			return false;
		if (!collide(before, one))
			continue;
		*ret = before < one ? (struct snapshot_twins){before, one}
				    : (struct snapshot_twins){one, before};
		return true;
	}
	return false;
}

static struct error *find_collisions(const struct snapshot *snapshot,
				     struct snapshot_twins *ret)
{
	cleanup_free struct placed *list =
		calloc(snapshot->n_registers + 1, sizeof(*list));
	size_t count = 0;

	if (!list)
		return error_no_memory();
	for (size_t i = 0; i < snapshot->n_registers; i++) {
		const struct snapshot_register *one = &snapshot->registers[i];

		if (one->has_offset)
			list[count++] = (struct placed){
				snapshot->devices[one->device].region, one};
	}
	qsort(list, count, sizeof(*list), by_place);
	for (size_t i = 1; i < count && !find_collision(list, i, ret); i++)
		;
	return NULL;
}

struct error *snapshot_find_twins(const struct snapshot *snapshot,
				  struct snapshot_twins *ret)
{
	struct snapshot_twins twins = {0};
	struct error *error = find_namesakes(snapshot, &twins);

	if (!error && !twins.second)
		error = find_collisions(snapshot, &twins);
	if (!error)
		*ret = twins;
	return error;
}

unsigned snapshot_shown_bits(const struct snapshot_register *one)
{
	return one->has_bits ? one->high - one->low + 1 : one->width;
}

uint64_t snapshot_mask(const struct snapshot_register *one)
{
	return ones(snapshot_shown_bits(one)) << (one->has_bits ? one->low : 0);
}

uint64_t snapshot_shown(const struct snapshot_register *one, uint64_t value)
{
	return value >> (one->has_bits ? one->low : 0) &
	       ones(snapshot_shown_bits(one));
}

const struct view *snapshot_view(const struct snapshot *snapshot,
				 const struct snapshot_register *one)
{
	return one->type == SNAPSHOT_NONE ? NULL
					  : &snapshot->types[one->type].view;
}

/* "character" is an integer that is one. */
static const struct {
	const char *name;
	enum type_kind kind;
	bool is_character;
} kinds[] = {
	{"integer", TYPE_INTEGER, false}, {"character", TYPE_INTEGER, true},
	{"boolean", TYPE_BOOLEAN, false}, {"float", TYPE_FLOAT, false},
	{"enum", TYPE_ENUM, false},       {"pointer", TYPE_POINTER, false},
	{"other", TYPE_OTHER, false},
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const char *snapshot_kind_name(const struct scalar *scalar)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i].kind == scalar->kind &&
		    kinds[i].is_character == (scalar->kind == TYPE_INTEGER &&
					      scalar->is_character))
			return kinds[i].name;
	return "other";
}

bool snapshot_kind_find(const char *name, struct scalar *ret)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0) {
			ret->kind = kinds[i].kind;
			ret->is_character = kinds[i].is_character;
			return true;
		}
	return false;
}
