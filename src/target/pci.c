/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/pci.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/root.h"
#include "base/text.h"

/* Linux include/linux/ioport.h, as the third column of `resource`. */
enum {
	RESOURCE_MEMORY = 0x200,
	RESOURCE_PREFETCH = 0x2000,
	RESOURCE_DISABLED = 0x10000000,
	RESOURCE_UNSET = 0x20000000, /* no address was assigned */
};

bool pci_is_name(const char *name)
{
	unsigned domain, bus, device, function;
	int used = 0;

	return sscanf(name, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device,
		      &function, &used) == 4 &&
	       used > 0 && !name[used];
}

static void read_bars(const char *text, struct pci_device *device)
{
	for (size_t i = 0; i < PCI_BARS && text; i++) {
		struct pci_bar *bar = &device->bars[i];
		uint64_t start, end, flags;

		if (sscanf(text, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start,
			   &end, &flags) == 3 &&
		    end > start &&
		    !(flags & (RESOURCE_DISABLED | RESOURCE_UNSET))) {
			bar->start = start;
			bar->size = end - start + 1;
			bar->memory = flags & RESOURCE_MEMORY;
			bar->prefetchable = flags & RESOURCE_PREFETCH;
		}
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
}

static bool read_device(int devices, const char *name, struct pci_device *ret)
{
	cleanup_free char *resource = file_line(devices, "%s/resource", name);

	*ret = (struct pci_device){.name = strdup(name)};
	if (!ret->name)
		return false;
	if (resource)
		read_bars(resource, ret);
	if (!file_number(devices, &ret->vendor, "%s/vendor", name))
		ret->vendor = 0;
	if (!file_number(devices, &ret->device, "%s/device", name))
		ret->device = 0;
	ret->driver = link_basename(devices, "%s/driver", name);
	return true;
}

bool pci_is_in_place(const struct root *root, const struct pci_device *device)
{
	cleanup_free char *resource = file_line(
		root->fd, "sys/bus/pci/devices/%s/resource", device->name);
	struct pci_device now = {0};

	if (!resource)
		return false;
	read_bars(resource, &now);
	for (size_t i = 0; i < PCI_BARS; i++)
		if (now.bars[i].start != device->bars[i].start ||
		    now.bars[i].size != device->bars[i].size)
			return false;
	return true;
}

struct error *pci_list_read(const struct root *root, struct pci_list *ret)
{
	cleanup_names char **names =
		folder_names(root->fd, "sys/bus/pci/devices");
	cleanup_close int devices = file_open(root->fd, "sys/bus/pci/devices");
	struct pci_list list = {0};

	for (size_t i = 0; names && names[i]; i++) {
		if (!pci_is_name(names[i]))
			continue;
		if (!list_grow(&list.items, list.count, &list.capacity,
			       sizeof(*list.items)) ||
		    !read_device(devices, names[i], &list.items[list.count])) {
			pci_list_deinit(&list);
			return error_no_memory();
		}
		list.count++;
	}
	*ret = list;
	return NULL;
}

void pci_list_deinit(struct pci_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].driver);
	}
	free(list->items);
	*list = (struct pci_list){0};
}

const struct pci_device *pci_find(const struct pci_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	return NULL;
}

const struct pci_device *pci_find_address(const struct pci_list *list,
					  uint64_t address, unsigned *ret_bar)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct pci_device *device = &list->items[i];

		for (unsigned bar = 0; bar < PCI_BARS; bar++)
			if (device->bars[bar].memory &&
			    address >= device->bars[bar].start &&
			    address - device->bars[bar].start <
				    device->bars[bar].size) {
				*ret_bar = bar;
				return device;
			}
	}
	return NULL;
}
