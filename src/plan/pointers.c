/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/pointers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/location.h"
#include "plan/shown.h"
#include "target/machine.h"
#include "target/refusal.h"
#include "target/remote.h"
#include "target/session.h"

/* What bounds the work: types and programs may be of any size, and hostile. */
enum {
	DEEPEST = 16,               /* structs and arrays in each other */
	MOST_ELEMENTS = 4096,       /* of an array */
	MOST_POINTERS = 300 * 1000, /* read in one pass */
	MOST_STEPS = 4000 * 1000,   /* members and elements in one pass */
	MOST_FOUND = 20 * 1000,
	MOST_TEXT = 16 << 20, /* bytes of their names */
	PAGE = 4096,          /* no larger than the target's */
};

/* A step from a variable on, and those before it. */
struct step {
	const struct step *before;
	const char *member; /* NULL: an element */
	uint64_t element;
};

/* The page that was read last: pointers stand beside each other. */
struct page {
	uint64_t start; /* 1: none */
	bool readable;
	unsigned char bytes[PAGE];
};

struct walk {
	struct session *session;
	struct names *names;
	const struct region_name *region;
	bool *is_shown; /* of each device mapping */
	struct page page;
	struct device_pointer_list *list;
	const struct symbol *symbol;
	bool follows; /* the second pass: what pointers lead to */
	size_t pointers, steps, text, order;
	size_t met;            /* pointers, by their types */
	struct error *failure; /* ends it */
};

/* Where a type is looked at. */
struct spot {
	type_id type;
	uint64_t address;
	const struct step *step;
	unsigned depth;
	bool behind; /* a pointer was followed */
};

static void look_at(struct walk *walk, const struct spot *spot);

static bool is_over(const struct walk *walk)
{
	return walk->failure || walk->pointers > MOST_POINTERS ||
	       walk->steps > MOST_STEPS || walk->list->count >= MOST_FOUND ||
	       walk->text > MOST_TEXT;
}

static bool is_device(const struct session *session, uint64_t address)
{
	return device_list_find(&session->devices, address) != NULL;
}

static uint64_t number_of(const struct type *type, const void *bytes)
{
	uint32_t narrow;
	uint64_t wide;

	if (type->size == sizeof(wide)) {
		memcpy(&wide, bytes, sizeof(wide));
		return type->is_big ? __builtin_bswap64(wide) : wide;
	}
	memcpy(&narrow, bytes, sizeof(narrow));
	return type->is_big ? __builtin_bswap32(narrow) : narrow;
}

static bool has_pointer_size(const struct type *type)
{
	return type->size == 4 || type->size == 8;
}

bool device_pointer_read(const struct session *session, const struct type *type,
			 uint64_t address, uint64_t *ret)
{
	unsigned char bytes[8];

	errno = EFAULT;
	if (!has_pointer_size(type) || is_device(session, address) ||
	    is_device(session, address + type->size - 1) ||
	    !remote_read(session->process.pid, address, bytes, type->size))
		return false;
	*ret = number_of(type, bytes);
	return true;
}

/* To be refused one page is to be refused all of them. */
static void note_refusal(struct walk *walk, int errnum)
{
	const struct session *session = walk->session;

	if (errnum == EPERM && !walk->failure)
		walk->failure = refusal_diagnose(
			&session->machine->root, session->process.procfd,
			session->process.pid, "reading the memory", errnum);
	if (errnum == ESRCH && !walk->failure)
		walk->failure = session_gone(session);
}

static const unsigned char *page_at(struct walk *walk, uint64_t start)
{
	struct page *page = &walk->page;

	if (page->start != start) {
		page->start = start;
		page->readable = !is_device(walk->session, start) &&
				 remote_read(walk->session->process.pid, start,
					     page->bytes, PAGE);
		if (!page->readable)
			note_refusal(walk, errno);
	}
	return page->readable ? page->bytes : NULL;
}

static bool read_pointer(struct walk *walk, const struct type *type,
			 uint64_t address, uint64_t *ret)
{
	const unsigned char *bytes;

	if (!has_pointer_size(type))
		return false;
	if (address % PAGE > PAGE - type->size)
		return device_pointer_read(walk->session, type, address, ret);
	errno = EFAULT;
	bytes = page_at(walk, address - address % PAGE);
	if (!bytes)
		return false;
	*ret = number_of(type, bytes + address % PAGE);
	return true;
}

/* Whether a byte of a mapping that shows the region, is of the region. Only
 * /dev/mem and the like show several BARs. */
static bool is_of_region(const struct walk *walk,
			 const struct device_mapping *device, uint64_t address)
{
	const struct region_name *region = walk->region;
	cleanup_free char *wanted = NULL;
	const char *name;
	uint64_t offset;
	unsigned bar;

	if (!walk->is_shown[device->index])
		return false;
	if (region->kind != REGION_PCI || device->region.kind == REGION_PCI)
		return true;
	if (!device_pci_at(walk->session->machine, device, address, &name, &bar,
			   &offset))
		return false;
	wanted = region_pci_address(region);
	return wanted && strcmp(wanted, name) == 0 &&
	       (!region->has_part || region->part == bar);
}

static void put_steps(FILE *stream, const struct step *step)
{
	if (!step)
		return;
	put_steps(stream, step->before);
	if (step->member)
		fprintf(stream, ".%s", step->member);
	else
		fprintf(stream, "[%llu]", (unsigned long long)step->element);
}

/* What it is called from a location's point of view. */
static char *name_of(const struct symbol *symbol, const struct step *step)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	fprintf(stream, "%s%s%s", symbol->scope ? symbol->scope : "",
		symbol->scope ? "::" : "", symbol->name);
	put_steps(stream, step);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

static void report(struct walk *walk, const struct spot *spot, uint64_t value,
		   const struct device_mapping *device)
{
	struct device_pointer_list *list = walk->list;
	char *name = name_of(walk->symbol, spot->step);

	if (!name || !list_grow(&list->items, list->count, &list->capacity,
				sizeof(*list->items))) {
		free(name);
		walk->failure = error_no_memory();
		return;
	}
	walk->text += strlen(name);
	list->items[list->count++] = (struct device_pointer){
		.name = name,
		.symbol = *walk->symbol,
		.address = spot->address,
		.value = value,
		.device = device,
		.type = spot->type,
		.order = walk->order++,
	};
}

/* The type of a number; NULL: it is damaged, and passed over. */
static const struct type *type_at(struct walk *walk, type_id id)
{
	const struct type *type = NULL;
	struct error *error = NULL;

	if (id != NO_TYPE)
		error = names_type(walk->names, id, &type);
	if (error && error->kind == ERROR_NO_MEMORY)
		walk->failure = error;
	else
		error_destroy(error);
	return error ? NULL : type;
}

/* What a pointer leads to, if that is in ordinary memory: a struct, or another
 * pointer. */
static void follow(struct walk *walk, const struct type *type,
		   const struct spot *spot, uint64_t value)
{
	const struct step first = {.before = spot->step};
	struct spot next = {
		.type = type->target,
		.address = value,
		.step = spot->step,
		.behind = true,
	};
	const struct type *target = type_at(walk, type->target);

	if (!target || is_device(walk->session, value) ||
	    !mapping_list_find(&walk->session->mappings, value))
		return;
	if (target->kind == TYPE_POINTER && !type->is_reference)
		next.step = &first;
	else if (target->kind != TYPE_STRUCT && target->kind != TYPE_UNION)
		return;
	look_at(walk, &next);
}

static void look_at_pointer(struct walk *walk, const struct type *type,
			    const struct spot *spot)
{
	const struct device_mapping *device;
	uint64_t value;

	walk->met++;
	walk->pointers++;
	if (!read_pointer(walk, type, spot->address, &value) || !value)
		return;
	if (walk->follows && !spot->behind) {
		follow(walk, type, spot, value);
		return;
	}
	device = device_list_find(&walk->session->devices, value);
	if (device && is_of_region(walk, device, value))
		report(walk, spot, value, device);
}

/* If there is no pointer in the first element, there is none in any. */
static void look_at_array(struct walk *walk, const struct type *type,
			  const struct spot *spot)
{
	const struct type *element = type_at(walk, type->target);
	size_t before = walk->met;

	if (!element || !element->has_size || !element->size ||
	    element->kind <= TYPE_ENUM || !type->has_count)
		return;
	for (uint64_t i = 0; i < type->count && !is_over(walk); i++) {
		const struct step step = {.before = spot->step, .element = i};
		struct spot next = *spot;

		if (i == MOST_ELEMENTS) {
			walk->list->exceeded = true;
			return;
		}
		next.type = type->target;
		next.step = &step;
		next.depth++;
		if (__builtin_add_overflow(spot->address, i * element->size,
					   &next.address))
			return;
		look_at(walk, &next);
		if (walk->met == before)
			return;
	}
}

static void look_at_members(struct walk *walk, const struct type *type,
			    const struct spot *spot)
{
	for (size_t i = 0; i < type->n_members && !is_over(walk); i++) {
		const struct member *member = &type->members[i];
		const struct step step = {
			.before = spot->step,
			.member = member->name,
		};
		struct spot next = *spot;

		if (member->bits || member->problem)
			continue;
		next.type = member->type;
		/* What is in an anonymous one is named without it. */
		next.step = member->name ? &step : spot->step;
		next.depth++;
		if (!__builtin_add_overflow(spot->address, member->offset,
					    &next.address))
			look_at(walk, &next);
	}
}

static void look_at(struct walk *walk, const struct spot *spot)
{
	const struct type *type =
		is_over(walk) ? NULL : type_at(walk, spot->type);

	walk->steps++;
	if (!type)
		return;
	if (spot->depth > DEEPEST)
		walk->list->exceeded = true;
	else if (type->kind == TYPE_POINTER)
		look_at_pointer(walk, type, spot);
	else if (type->kind == TYPE_ARRAY)
		look_at_array(walk, type, spot);
	else if (type->kind == TYPE_STRUCT || type->kind == TYPE_UNION)
		look_at_members(walk, type, spot);
}

static void look_at_all(struct walk *walk, const struct symbol *symbols,
			size_t count)
{
	walk->pointers = 0;
	walk->steps = 0;
	for (size_t i = 0; i < count && !is_over(walk); i++) {
		const struct spot spot = {
			.type = symbols[i].type,
			.address = symbols[i].address,
		};

		walk->symbol = &symbols[i];
		look_at(walk, &spot);
	}
	walk->list->exceeded |= is_over(walk);
}

static int compare_numbers(uint64_t left, uint64_t right)
{
	return left < right ? -1 : left > right;
}

static int compare_addresses(const void *left, const void *right)
{
	const struct device_pointer *one = left, *other = right;
	int order = compare_numbers(one->address, other->address);

	return order ? order : compare_numbers(one->order, other->order);
}

static uint64_t region_offset(const struct device_pointer *pointer)
{
	return pointer->value - pointer->device->mapping.start +
	       (pointer->device->placed ? pointer->device->placement : 0);
}

static int compare_places(const void *left, const void *right)
{
	const struct device_pointer *one = left, *other = right;
	int order =
		strcmp(one->device->region_text, other->device->region_text);

	if (!order)
		order = compare_numbers(region_offset(one),
					region_offset(other));
	return order ? order : compare_numbers(one->order, other->order);
}

static void sort(struct device_pointer_list *list,
		 int (*compare)(const void *, const void *))
{
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare);
}

/* The same pointer by several ways is one: the first way was the shortest. */
static void drop_repeated(struct device_pointer_list *list)
{
	size_t kept = 0;

	sort(list, compare_addresses);
	for (size_t i = 0; i < list->count; i++) {
		if (kept &&
		    list->items[kept - 1].address == list->items[i].address)
			free(list->items[i].name);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	sort(list, compare_places);
}

static struct error *mark_shown(struct walk *walk)
{
	const struct device_list *devices = &walk->session->devices;
	struct error *error;
	bool any = false;

	walk->is_shown = calloc(devices->count + 1, sizeof(*walk->is_shown));
	if (!walk->is_shown)
		return error_no_memory();
	for (size_t i = 0; i < devices->count; i++) {
		bool shown = region_is_shown(walk->session, &devices->items[i],
					     walk->region);

		walk->is_shown[devices->items[i].index] = shown;
		any |= shown;
	}
	if (any)
		return NULL;
	error = error_create(ERROR_NOT_MAPPED, 0,
			     "process %d has no such device mapping",
			     (int)walk->session->process.pid);
	return error_help(error, "`mmiodbg maps -p %d` shows what it has",
			  (int)walk->session->process.pid);
}

struct error *device_pointers_find(struct session *session,
				   const struct region_name *region,
				   struct device_pointer_list *ret)
{
	struct device_pointer_list list = {0};
	cleanup_free struct symbol *symbols = NULL;
	struct walk walk = {
		.session = session,
		.region = region,
		.page = {.start = 1},
		.list = &list,
	};
	size_t count = 0;

	walk.failure = mark_shown(&walk);
	if (!walk.failure)
		walk.failure = session_names(session, &walk.names);
	if (!walk.failure)
		walk.failure =
			names_variables(walk.names, NULL, &symbols, &count);
	if (!walk.failure)
		look_at_all(&walk, symbols, count);
	walk.follows = true;
	if (!walk.failure)
		look_at_all(&walk, symbols, count);
	free(walk.is_shown);
	drop_repeated(&list);
	if (walk.failure)
		device_pointers_deinit(&list);
	else
		*ret = list;
	return walk.failure;
}

void device_pointers_deinit(struct device_pointer_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct device_pointer_list){0};
}
