/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/device.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "target/identify.h"
#include "target/machine.h"

const char *mapping_class_name(enum mapping_class class)
{
	static const char *const names[] = {
		[CLASS_REGISTER] = "register",
		[CLASS_BUFFER] = "buffer",
		[CLASS_MEMORY] = "memory",
	};

	return names[class];
}

const char *access_method_name(enum access_method method)
{
	static const char *const names[] = {
		[METHOD_GENERIC] = "generic", [METHOD_DRIVER] = "driver",
		[METHOD_PAGES] = "pages",     [METHOD_NONE] = "none",
		[METHOD_UNKNOWN] = "unknown", [METHOD_UNSAFE] = "unsafe",
	};

	return names[method];
}

static void device_deinit(struct device_mapping *device)
{
	mapping_deinit(&device->mapping);
	region_name_deinit(&device->region);
	free(device->region_text);
	free(device->pci);
	free(device->driver);
	free(device->sysfs);
	free(device->memory_type);
}

void device_list_deinit(struct device_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		device_deinit(&list->items[i]);
	free(list->items);
	*list = (struct device_list){0};
}

static bool is_stand_in(const struct mapping *mapping, const char *stand_in)
{
	return stand_in && strcmp(mapping->path, stand_in) == 0;
}

bool device_candidates(const struct mapping_list *mappings,
		       const char *stand_in)
{
	for (size_t i = 0; i < mappings->count; i++)
		if (is_stand_in(&mappings->items[i], stand_in) ||
		    mapping_may_be_device(&mappings->items[i]))
			return true;
	return false;
}

/* The device behind the mapping, once its sysfs folder or PCI name is known. */
static struct error *add_owner(struct machine *machine,
			       struct device_mapping *device)
{
	const struct pci_list *list;
	const struct pci_device *pci;
	struct error *error;
	unsigned bar;

	error = machine_pci(machine, &list);
	if (error)
		return error;
	if (!device->pci && device->sysfs) {
		char *name =
			link_basename(machine->root.fd, "%s", device->sysfs);

		if (name && pci_is_name(name))
			device->pci = name;
		else
			free(name);
	}
	if (!device->pci && device->has_physical) {
		pci = pci_find_address(list, device->physical, &bar);
		device->pci = pci ? strdup(pci->name) : NULL;
	}
	pci = device->pci ? pci_find(list, device->pci) : NULL;
	if (pci) {
		device->vendor = pci->vendor;
		device->device = pci->device;
	}
	if (!device->sysfs && device->pci &&
	    asprintf(&device->sysfs, "sys/bus/pci/devices/%s", device->pci) <
		    0) {
		device->sysfs = NULL;
		return error_no_memory();
	}
	if (device->sysfs)
		device->driver = link_basename(machine->root.fd, "%s/driver",
					       device->sysfs);
	return NULL;
}

/* What the kernel says of the memory type wins over what the kind implies. */
static struct error *add_memory_type(struct machine *machine,
				     struct device_mapping *device)
{
	char *seen = NULL;

	if (device->has_physical)
		seen = machine_memory_type(machine, device->physical);
	if (seen) {
		free(device->memory_type);
		device->memory_type = seen;
		device->memory_type_seen = true;
		if (!text_starts(seen, "uncached", NULL) &&
		    device->class == CLASS_REGISTER)
			device->class = CLASS_BUFFER;
		return NULL;
	}
	if (device->memory_type || !device->kind->memory_type)
		return NULL;
	device->memory_type = strdup(device->kind->memory_type);
	return device->memory_type ? NULL : error_no_memory();
}

static struct error *identify_as(const struct identify_context *context,
				 const struct mapping_kind_row *row,
				 struct device_mapping *device, bool *ret_mine)
{
	struct error *error;

	device->kind = &row->kind;
	device->class = row->kind.class;
	device->method = row->kind.method;
	error = row->identify(context, device, ret_mine);
	if (error || !*ret_mine)
		return error;
	error = add_owner(context->machine, device);
	if (!error)
		error = add_memory_type(context->machine, device);
	if (error)
		return error;
	device->had_folder =
		device->sysfs && faccessat(context->machine->root.fd,
					   device->sysfs, F_OK, 0) == 0;
	device->had_node = device_node_is(context->machine, device);
	device->region_text = region_name_format(&device->region);
	return device->region_text ? NULL : error_no_memory();
}

static bool copy_mapping(const struct mapping *from, struct mapping *ret)
{
	*ret = *from;
	ret->path = strdup(from->path);
	ret->flags = from->flags ? strdup(from->flags) : NULL;
	if (ret->path && (ret->flags || !from->flags))
		return true;
	mapping_deinit(ret);
	return false;
}

/* `*ret_made` false: the mapping is not a device's. */
static struct error *make_device(const struct identify_context *context,
				 const char *stand_in,
				 struct device_mapping *ret, bool *ret_made)
{
	const struct mapping *mapping =
		&context->mappings->items[context->position];
	bool flagged = !mapping->flags || mapping->pfnmap || mapping->io;
	const struct mapping_kind_row *row = &mapping_kind_stand_in;
	bool taken = is_stand_in(mapping, stand_in);
	struct error *error = NULL;

	*ret_made = false;
	if (!taken && !mapping_may_be_device(mapping))
		return NULL;
	for (size_t i = 0; i < n_mapping_kinds && !error; i++) {
		struct device_mapping device = {0};

		if (!taken) {
			row = &mapping_kinds[i];
			if (!text_starts(mapping->path, row->prefix, NULL) ||
			    (!flagged && !row->without_flags))
				continue;
		}
		if (!copy_mapping(mapping, &device.mapping))
			return error_no_memory();
		error = identify_as(context, row, &device, ret_made);
		if (*ret_made && !error) {
			*ret = device;
			return NULL;
		}
		device_deinit(&device);
	}
	*ret_made = false;
	return error;
}

struct error *device_list_make(struct machine *machine, int procfd,
			       const struct mapping_list *mappings,
			       const char *stand_in, struct device_list *ret)
{
	cleanup_device_list struct device_list list = {0};
	struct uio_run run = {0};
	struct identify_context context = {
		.run = &run,
		.machine = machine,
		.procfd = procfd,
		.mappings = mappings,
	};

	for (size_t i = 0; i < mappings->count; i++) {
		struct device_mapping device;
		struct error *error;
		bool made;

		context.position = i;
		error = make_device(&context, stand_in, &device, &made);
		if (error)
			return error;
		if (!made)
			continue;
		if (!list_grow(&list.items, list.count, &list.capacity,
			       sizeof(*list.items))) {
			device_deinit(&device);
			return error_no_memory();
		}
		device.index = (unsigned)list.count;
		list.items[list.count++] = device;
	}
	*ret = list;
	list = (struct device_list){0};
	return NULL;
}

const struct device_mapping *device_list_find(const struct device_list *list,
					      uint64_t address)
{
	for (size_t i = 0; i < list->count; i++)
		if (address >= list->items[i].mapping.start &&
		    address < list->items[i].mapping.end)
			return &list->items[i];
	return NULL;
}

bool device_pci_at(struct machine *machine, const struct device_mapping *device,
		   uint64_t address, const char **ret_name, unsigned *ret_bar,
		   uint64_t *ret_offset)
{
	uint64_t physical =
		device->physical + (address - device->mapping.start);
	const struct pci_device *pci;
	const struct pci_list *list;

	if (!device->has_physical)
		return false;
	error_destroy(machine_pci(machine, &list));
	if (!machine->has_pci)
		return false;
	pci = pci_find_address(list, physical, ret_bar);
	if (!pci)
		return false;
	*ret_name = pci->name;
	*ret_offset = physical - pci->bars[*ret_bar].start;
	return true;
}

struct error *device_folder_at(struct machine *machine,
			       const struct device_mapping *device,
			       uint64_t address, char **ret)
{
	const char *name;
	char *folder = NULL;
	uint64_t offset;
	unsigned bar;
	bool has;

	if (device->region.kind != REGION_MEM) {
		has = device->sysfs;
		folder = has ? strdup(device->sysfs) : NULL;
	} else {
		has = device_pci_at(machine, device, address, &name, &bar,
				    &offset);
		if (has &&
		    asprintf(&folder, "sys/bus/pci/devices/%s", name) < 0)
			folder = NULL;
	}
	if (has && !folder)
		return error_no_memory();
	*ret = folder;
	return NULL;
}

bool device_node_is(const struct machine *machine,
		    const struct device_mapping *device)
{
	const char *path = device->mapping.path;
	struct stat status;

	return *path == '/' &&
	       fstatat(machine->root.fd, path + 1, &status, 0) == 0 &&
	       status.st_ino == device->mapping.inode;
}

bool device_is_in_place(struct machine *machine,
			const struct device_mapping *device, uint64_t address)
{
	const struct pci_device *pci = NULL;
	const struct pci_list *list;
	const char *name = device->pci;
	uint64_t offset;
	unsigned bar;

	if (device->moved)
		return false;
	if (name ||
	    device_pci_at(machine, device, address, &name, &bar, &offset)) {
		error_destroy(machine_pci(machine, &list));
		pci = pci_find(&machine->pci, name);
		return pci && pci_is_in_place(&machine->root, pci);
	}
	return !device->had_folder ||
	       faccessat(machine->root.fd, device->sysfs, F_OK, 0) == 0;
}

uint64_t device_same_until(struct machine *machine,
			   const struct device_mapping *device,
			   uint64_t address)
{
	uint64_t left = machine->page_size - address % machine->page_size;
	uint64_t physical =
		device->physical + (address - device->mapping.start);
	const struct pci_list *list;

	error_destroy(machine_pci(machine, &list));
	for (size_t i = 0; i < machine->pci.count; i++)
		for (size_t j = 0; j < PCI_BARS; j++) {
			const struct pci_bar *bar =
				&machine->pci.items[i].bars[j];
			uint64_t start = bar->start - physical;
			uint64_t end = start + bar->size;

			if (!bar->memory)
				continue;
			/* Modulo 2^64: what lies before is far away. */
			if (start && start < left)
				left = start;
			if (end && end < left)
				left = end;
		}
	return address + left;
}
