/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/location.h"
#include "target/machine.h"
#include "target/session.h"

typedef unsigned long long ull;

/* What elements are looked for, and what a position of theirs means. */
struct context {
	struct session *session;
	const struct location *location;
	enum base_space space;
	unsigned bytes, alignment;
	bool write;
};

struct error *error_at_base(struct error *error,
			    const struct location *location,
			    const struct place *place)
{
	return error_at(error, location->text, place->base_span.start,
			place->base_span.length);
}

struct error *error_at_place(struct error *error,
			     const struct location *location,
			     const struct place *place)
{
	if (!place->has_offset)
		return error_at_base(error, location, place);
	return error_at(error, location->text, place->offset_span.start,
			place->offset_span.length);
}

static struct error *at_base(const struct context *context, struct error *error)
{
	return error_at_base(error, context->location,
			     &context->location->start);
}

static struct error *at_place(const struct context *context,
			      struct error *error)
{
	return error_at_place(error, context->location,
			      &context->location->start);
}

/* A region of vfio-pci is named by its BAR where that is known; its group is
 * another name for the device. */
static bool is_vfio_group(const struct session *session,
			  const struct device_mapping *device, uint64_t group)
{
	cleanup_free char *name = NULL;
	char number[24];

	if (strcmp(device->kind->name, "vfio") != 0 || !device->pci ||
	    device->region.kind != REGION_PCI)
		return false;
	name = link_basename(session->machine->root.fd,
			     "sys/bus/pci/devices/%s/iommu_group", device->pci);
	snprintf(number, sizeof(number), "%" PRIu64, group);
	return name && strcmp(name, number) == 0;
}

/* Where a device mapping shows the space from: its first byte has position
 * `*ret_start` (modulo 2^64). False if it does not show it at all. */
static bool shows_region(struct session *session,
			 const struct device_mapping *device,
			 const struct region_name *region, uint64_t *ret_start,
			 uint64_t *ret_size)
{
	cleanup_free char *name = NULL;
	const struct pci_device *pci;
	const struct pci_list *list;

	*ret_size = device->region_size;
	if (region->kind == REGION_INDEX) {
		*ret_start = 0;
		*ret_size = device->mapping.end - device->mapping.start;
		return device->index == region->number;
	}
	if (region_name_matches(region, &device->region)) {
		*ret_start = device->placement;
		return device->placed;
	}
	if (region->kind == REGION_FILE &&
	    strcmp(region->name, device->mapping.path) == 0) {
		*ret_start = device->placement;
		return device->placed;
	}
	if (region->kind == REGION_VFIO && region->has_part &&
	    is_vfio_group(session, device, region->number) &&
	    region->part == device->region.part) {
		*ret_start = device->placement;
		return device->placed;
	}
	if (region->kind != REGION_PCI || !region->has_part ||
	    !device->has_physical || device->region.kind == REGION_PCI)
		return false;
	/* A BAR seen through /dev/mem or UIO: by its physical address. */
	error_destroy(machine_pci(session->machine, &list));
	name = region_pci_address(region);
	pci = session->machine->has_pci && name
		      ? pci_find(&session->machine->pci, name)
		      : NULL;
	if (!pci || region->part >= PCI_BARS || !pci->bars[region->part].size ||
	    !pci->bars[region->part].memory)
		return false;
	*ret_start = device->physical - pci->bars[region->part].start;
	*ret_size = pci->bars[region->part].size;
	/* Negative if the mapping begins before the BAR does. */
	if (*ret_start >= *ret_size &&
	    0 - *ret_start >= device->mapping.end - device->mapping.start)
		return false;
	return true;
}

bool region_is_shown(struct session *session,
		     const struct device_mapping *device,
		     const struct region_name *region)
{
	struct region_name bar = *region, whole = *region;
	uint64_t start, size;

	/* One whose place in the device is not known may be any part of it. */
	whole.has_part = false;
	if (device->problem && region_name_matches(&whole, &device->region))
		return true;

	if (region_name_matches(region, &device->region) ||
	    shows_region(session, device, region, &start, &size))
		return true;
	if (region->kind == REGION_VFIO && !region->has_part)
		return is_vfio_group(session, device, region->number);
	if (region->kind != REGION_PCI || region->has_part)
		return false;
	bar.has_part = true;
	for (bar.part = 0; bar.part < PCI_BARS; bar.part++)
		if (shows_region(session, device, &bar, &start, &size))
			return true;
	return false;
}

static bool shows(const struct context *context,
		  const struct device_mapping *device, uint64_t *ret_start,
		  uint64_t *ret_size)
{
	*ret_size = 0;
	if (context->space == SPACE_PHYSICAL) {
		*ret_start = device->physical;
		return device->has_physical;
	}
	return shows_region(context->session, device,
			    &context->location->start.region, ret_start,
			    ret_size);
}

/* Several mappings may show a place: registers before buffers, what the kernel
 * can reach before what it cannot, then what permits the access. */
static unsigned rank(const struct context *context,
		     const struct device_mapping *device)
{
	unsigned rank = 0;

	if (device->class == CLASS_REGISTER)
		rank += 8;
	if (device->method != METHOD_NONE && device->method != METHOD_UNSAFE)
		rank += 4;
	if (context->write ? device->mapping.writable
			   : device->mapping.readable)
		rank += 2;
	if (device->mapping.shared)
		rank += 1;
	return rank;
}

/* Bytes from a position on in what a mapping shows; 0: it is not in it. */
static uint64_t covered(const struct device_mapping *device, uint64_t start,
			uint64_t position)
{
	uint64_t length = device->mapping.end - device->mapping.start;
	uint64_t inside = position - start;

	return inside < length ? length - inside : 0;
}

static struct error *ambiguous_dri(const struct context *context)
{
	const struct device_list *devices = &context->session->devices;
	cleanup_free char *text = NULL;
	uint64_t start, region_size;
	size_t size = 0, count = 0;
	FILE *stream;

	if (context->space != SPACE_REGION ||
	    context->location->start.region.kind != REGION_DRI)
		return NULL;
	stream = open_memstream(&text, &size);
	if (!stream)
		return error_no_memory();
	for (size_t i = 0; i < devices->count; i++)
		if (shows(context, &devices->items[i], &start, &region_size))
			fprintf(stream, "%s@%zu", count++ ? ", " : "", i);
	if (fclose(stream))
		return error_no_memory();
	if (count < 2)
		return NULL;
	return at_base(
		context,
		error_help(error_create(ERROR_USAGE, 0,
					"%zu mappings are of this device",
					count),
			   "name one by its index: %s", text));
}

/* The mapping of a device for a position, and how far it goes from there. */
static const struct device_mapping *best(const struct context *context,
					 uint64_t position,
					 uint64_t *ret_address,
					 uint64_t *ret_left)
{
	const struct device_list *devices = &context->session->devices;
	const struct device_mapping *found = NULL;

	for (size_t i = 0; i < devices->count; i++) {
		const struct device_mapping *device = &devices->items[i];
		uint64_t start, size, left;

		if (!shows(context, device, &start, &size))
			continue;
		left = covered(device, start, position);
		if (!left ||
		    (found && rank(context, device) <= rank(context, found)))
			continue;
		found = device;
		*ret_address = device->mapping.start + (position - start);
		*ret_left = left;
	}
	return found;
}

/* Size of the region in the context; 0: unknown. False: the target does not
 * map it at all. */
static bool region_size(const struct context *context, uint64_t *ret)
{
	const struct device_list *devices = &context->session->devices;
	bool found = false;
	uint64_t start, size;

	*ret = 0;
	for (size_t i = 0; i < devices->count; i++) {
		if (!shows(context, &devices->items[i], &start, &size))
			continue;
		found = true;
		if (size > *ret)
			*ret = size;
	}
	return found;
}

/* A mapping of the device, whose place in it cannot be told. */
static struct error *misplaced(const struct context *context, size_t index)
{
	const struct device_list *devices = &context->session->devices;

	return at_base(
		context,
		error_help(error_create(ERROR_NOT_MAPPED, 0,
					"process %d has it mapped, but %s",
					(int)context->session->process.pid,
					devices->items[index].problem),
			   "name the mapping by its index: @%zu", index));
}

static struct error *not_mapped(const struct context *context)
{
	const struct device_list *devices = &context->session->devices;
	struct region_name whole = context->location->start.region;
	int pid = (int)context->session->process.pid;
	cleanup_free char *text = NULL;
	struct error *error;
	size_t size = 0;
	FILE *stream;

	whole.has_part = false;
	for (size_t i = 0; i < devices->count; i++)
		if (devices->items[i].problem &&
		    region_name_matches(&whole, &devices->items[i].region))
			return misplaced(context, i);
	error = at_base(context,
			error_create(ERROR_NOT_MAPPED, 0,
				     "process %d has no such device mapping",
				     pid));
	if (!devices->count)
		return error_help(error, "it has no device mapping at all");
	stream = open_memstream(&text, &size);
	if (!stream)
		return error;
	for (size_t i = 0; i < devices->count && i < 8; i++)
		fprintf(stream, "%s@%s", i ? ", " : "",
			devices->items[i].region_text);
	fprintf(stream, "%s", devices->count > 8 ? ", ..." : "");
	if (fclose(stream))
		return error;
	return error_help(error, "it has %s", text);
}

static struct error *no_piece(const struct context *context, uint64_t position)
{
	uint64_t size;

	if (context->space == SPACE_PHYSICAL)
		return at_base(
			context,
			error_help(
				error_create(ERROR_NOT_MAPPED, 0,
					     "process %d has no mapping of "
					     "physical address %#llx",
					     (int)context->session->process.pid,
					     (ull)position),
				"`mmiodbg maps -p %d` shows what it has",
				(int)context->session->process.pid));
	if (!region_size(context, &size))
		return not_mapped(context);
	return at_place(context,
			error_help(error_create(ERROR_NOT_MAPPED, 0,
						"the target has not mapped "
						"offset %#llx of the region",
						(ull)position),
				   "`mmiodbg maps -p %d` shows what it has",
				   (int)context->session->process.pid));
}

static struct error *misaligned(const struct context *context, uint64_t address)
{
	return at_place(
		context,
		error_help(error_create(ERROR_MISALIGNED, 0,
					"address %#llx is not aligned to "
					"%u bits",
					(ull)address, context->alignment * 8),
			   "a misaligned access would be split; take "
			   "another address or width"));
}

static struct error *beyond(const struct context *context, uint64_t position,
			    uint64_t size)
{
	return at_place(context,
			error_create(ERROR_USAGE, 0,
				     "%#llx + %u bytes is beyond the end of "
				     "the region (%#llx bytes)",
				     (ull)position, context->bytes, (ull)size));
}

/* The piece of memory, a device's or not, that holds an address. */
static struct error *piece_at_address(const struct context *context,
				      uint64_t address, struct site *ret,
				      uint64_t *ret_left)
{
	struct session *session = context->session;
	const struct device_mapping *device =
		device_list_find(&session->devices, address);
	const struct mapping *mapping =
		mapping_list_find(&session->mappings, address);
	uint64_t offset;

	if (!mapping)
		return at_base(
			context,
			error_help(error_create(ERROR_NOT_MAPPED, 0,
						"process %d has nothing mapped "
						"at %#llx",
						(int)session->process.pid,
						(ull)address),
				   "`mmiodbg maps -p %d` shows what it has",
				   (int)session->process.pid));
	*ret = (struct site){mapping, device, address};
	*ret_left = mapping->end - address;
	if (!device || !device->placed || !device->region_size)
		return NULL;
	offset = address - mapping->start + device->placement;
	if (offset >= device->region_size ||
	    device->region_size - offset < context->bytes)
		return beyond(context, offset, device->region_size);
	if (*ret_left > device->region_size - offset)
		*ret_left = device->region_size - offset;
	return NULL;
}

static struct error *piece_in_device(const struct context *context,
				     uint64_t position, struct site *ret,
				     uint64_t *ret_left)
{
	const struct device_mapping *device;
	uint64_t address = 0, size = 0;
	struct error *error;

	error = ambiguous_dri(context);
	if (error)
		return error;
	if (context->space == SPACE_REGION && region_size(context, &size) &&
	    size && (position >= size || size - position < context->bytes))
		return beyond(context, position, size);
	device = best(context, position, &address, ret_left);
	if (!device)
		return no_piece(context, position);
	if (size && *ret_left > size - position)
		*ret_left = size - position;
	*ret = (struct site){
		.mapping =
			mapping_list_find(&context->session->mappings, address),
		.device = device,
		.address = address,
	};
	return NULL;
}

static struct error *piece(const struct context *context, uint64_t position,
			   struct site *ret, uint64_t *ret_left)
{
	struct error *error;

	error = context->space == SPACE_TARGET
			? piece_at_address(context, position, ret, ret_left)
			: piece_in_device(context, position, ret, ret_left);
	if (error)
		return error;
	/* Mappings end at pages: what is aligned and starts in one is whole in
	 * it, and in one page of it. */
	if (ret->address % context->alignment)
		return misaligned(context, ret->address);
	if (*ret_left < context->bytes)
		return at_place(context,
				error_create(ERROR_NOT_MAPPED, 0,
					     "the mapping ends within the "
					     "element"));
	return NULL;
}

/* The elements as runs, each up to the end of what shows them. */
static struct error *add_spans(const struct context *context,
			       struct resolved *resolved, uint64_t count)
{
	uint64_t position = resolved->position;

	while (count) {
		struct site site;
		struct error *error;
		uint64_t left = 0, fit;

		error = piece(context, position, &site, &left);
		if (error)
			return error;
		fit = left / context->bytes;
		if (fit > count)
			fit = count;
		if (!list_grow(&resolved->spans, resolved->n_spans,
			       &resolved->capacity, sizeof(struct span)))
			return error_no_memory();
		resolved->spans[resolved->n_spans++] =
			(struct span){.site = site, .count = fit};
		resolved->count += fit;
		count -= fit;
		if (count && __builtin_add_overflow(
				     position, fit * context->bytes, &position))
			return at_place(context,
					error_create(ERROR_USAGE, 0,
						     "the range runs over the "
						     "end of all addresses"));
	}
	return NULL;
}

static char *base_text(const struct context *context)
{
	const struct location *location = context->location;

	if (context->space == SPACE_REGION)
		return strndup(location->text + location->start.base_span.start,
			       location->start.base_span.length);
	return strdup(context->space == SPACE_PHYSICAL ? "phys:" : "");
}

struct error *shown_elements(struct session *session,
			     const struct location *location,
			     const struct anchor *anchor, unsigned bytes,
			     unsigned alignment, uint64_t count, bool write,
			     struct resolved *ret)
{
	const struct context context = {
		.session = session,
		.location = location,
		.space = anchor->space,
		.bytes = bytes,
		.alignment = alignment,
		.write = write,
	};
	struct resolved resolved = {
		.space = anchor->space,
		.position = anchor->position,
		.base_text = base_text(&context),
	};
	struct error *error;

	error = resolved.base_text ? add_spans(&context, &resolved, count)
				   : error_no_memory();
	if (error) {
		resolved_deinit(&resolved);
		return error;
	}
	*ret = resolved;
	return NULL;
}

void resolved_deinit(struct resolved *resolved)
{
	free(resolved->base_text);
	free(resolved->spans);
	*resolved = (struct resolved){0};
}

char *resolved_label(const struct resolved *resolved, uint64_t position)
{
	char *text;
	int length;

	if (resolved->space == SPACE_REGION)
		length = asprintf(&text, "%s+0x%llx", resolved->base_text,
				  (ull)position);
	else
		length = asprintf(&text, "%s0x%llx", resolved->base_text,
				  (ull)position);
	return length < 0 ? NULL : text;
}
