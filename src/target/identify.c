/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/identify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/root.h"
#include "base/text.h"
#include "target/machine.h"

/* vfio-pci's encoding of the region in a file offset
 * (VFIO_PCI_OFFSET_SHIFT, include/linux/vfio_pci_core.h). */
enum { VFIO_INDEX_SHIFT = 40 };

/* The number behind `prefix` if nothing else follows it. */
static bool number_behind(const char *text, const char *prefix, uint64_t *ret)
{
	const char *digits;
	int used = 0;

	return text_starts(text, prefix, &digits) && *digits >= '0' &&
	       *digits <= '9' && sscanf(digits, "%" SCNu64 "%n", ret, &used) &&
	       !digits[used];
}

static bool set_pci_region(struct device_mapping *device, const char *name,
			   unsigned bar)
{
	struct region_name *region = &device->region;

	region->kind = REGION_PCI;
	region->has_part = true;
	region->part = bar;
	free(device->pci);
	device->pci = strdup(name);
	return device->pci &&
	       sscanf(name, "%x:%x:%x.%x", &region->domain, &region->bus,
		      &region->device, &region->function) == 4;
}

/* The mapping shows `bar` of `pci` from a physical address on. */
static void place_in_bar(struct device_mapping *device,
			 const struct pci_bar *bar, uint64_t physical)
{
	device->has_physical = true;
	device->physical = physical;
	device->placed = true;
	device->placement = physical - bar->start;
	device->region_size = bar->size;
}

/*
 * The offset is the physical address (pci_mmap_resource_range adds the start
 * of the BAR to vm_pgoff). If it does not lie in the BAR as it is now, the
 * device was given another address, or is another device.
 */
static struct error *place_pci(const struct identify_context *context,
			       struct device_mapping *device, const char *name,
			       unsigned bar)
{
	const struct pci_device *pci;
	const struct pci_list *list;
	uint64_t page = context->machine->page_size;
	uint64_t offset = device->mapping.offset, start;
	struct error *error = machine_pci(context->machine, &list);

	if (error)
		return error;
	if (!set_pci_region(device, name, bar))
		return error_no_memory();
	device->has_physical = true;
	device->physical = offset;
	pci = pci_find(list, name);
	if (!pci) {
		device->problem = "the device has left sysfs";
		device->moved = true;
		return NULL;
	}
	/* A BAR that is smaller than a page need not begin with one. */
	start = pci->bars[bar].start / page * page;
	if (!pci->bars[bar].size || !pci->bars[bar].memory || offset < start ||
	    offset - start >=
		    pci->bars[bar].size + (pci->bars[bar].start - start)) {
		device->problem = "the region has another address now";
		device->moved = pci->bars[bar].size != 0;
		return NULL;
	}
	place_in_bar(device, &pci->bars[bar], offset);
	return NULL;
}

/* .../0000:03:00.0/resource0, or resource0_wc. */
static bool parse_sysfs_resource(const char *path, char **ret_name,
				 unsigned *ret_bar, bool *ret_combining)
{
	const char *file = strrchr(path, '/'), *folder = file, *rest;
	cleanup_free char *name = NULL;

	if (!file || !text_starts(file, "/resource", &rest) || *rest < '0' ||
	    *rest >= '0' + PCI_BARS)
		return false;
	if (rest[1] && strcmp(rest + 1, "_wc") != 0)
		return false;
	while (folder > path && folder[-1] != '/')
		folder--;
	name = strndup(folder, (size_t)(file - folder));
	if (!name || !pci_is_name(name))
		return false;
	*ret_bar = (unsigned)(*rest - '0');
	*ret_combining = rest[1] != '\0';
	*ret_name = steal(name);
	return true;
}

static struct error *identify_sysfs(const struct identify_context *context,
				    struct device_mapping *device,
				    bool *ret_mine)
{
	cleanup_free char *name = NULL;
	bool combining;
	unsigned bar;

	*ret_mine = parse_sysfs_resource(device->mapping.path, &name, &bar,
					 &combining);
	if (!*ret_mine)
		return NULL;
	if (combining) {
		device->class = CLASS_BUFFER;
		device->memory_type = strdup("write-combining");
	}
	return place_pci(context, device, name, bar);
}

/* /proc/bus/pci/[DDDD:]BB/DD.F; the BAR is told by the address. */
static struct error *identify_procfs(const struct identify_context *context,
				     struct device_mapping *device,
				     bool *ret_mine)
{
	unsigned domain = 0, bus, slot, function, bar;
	const struct pci_device *pci;
	const struct pci_list *list;
	struct error *error;
	const char *rest;
	int used = 0;

	*ret_mine = false;
	if (!text_starts(device->mapping.path, "/proc/bus/pci/", &rest))
		return NULL;
	if ((sscanf(rest, "%x:%x/%x.%x%n", &domain, &bus, &slot, &function,
		    &used) != 4 ||
	     rest[used]) &&
	    (domain = 0, used = 0,
	     sscanf(rest, "%x/%x.%x%n", &bus, &slot, &function, &used) != 3 ||
		     rest[used]))
		return NULL;
	error = machine_pci(context->machine, &list);
	if (error)
		return error;
	*ret_mine = true;
	pci = pci_find_address(list, device->mapping.offset, &bar);
	if (pci)
		return place_pci(context, device, pci->name, bar);
	device->region.kind = REGION_PCI;
	device->region.domain = domain;
	device->region.bus = bus;
	device->region.device = slot;
	device->region.function = function;
	device->has_physical = true;
	device->physical = device->mapping.offset;
	device->problem = "no BAR of the device has this address now";
	device->pci = region_pci_address(&device->region);
	return device->pci ? NULL : error_no_memory();
}

/* The offset is the physical address (drivers/char/mem.c, mmap_mem). */
static struct error *identify_mem(const struct identify_context *context,
				  struct device_mapping *device, bool *ret_mine)
{
	(void)context;
	*ret_mine = strcmp(device->mapping.path, "/dev/mem") == 0;
	device->region.kind = REGION_MEM;
	device->placed = true;
	device->placement = device->mapping.offset;
	device->has_physical = true;
	device->physical = device->mapping.offset;
	return NULL;
}

static struct error *identify_hpet(const struct identify_context *context,
				   struct device_mapping *device,
				   bool *ret_mine)
{
	(void)context;
	*ret_mine = strcmp(device->mapping.path, "/dev/hpet") == 0;
	device->region.kind = REGION_HPET;
	device->placed = true;
	device->placement = device->mapping.offset;
	return NULL;
}

/* The offset is a fake one that names a buffer: only the mapping itself can be
 * counted from. */
static struct error *identify_dri(const struct identify_context *context,
				  struct device_mapping *device, bool *ret_mine)
{
	const char *name = strrchr(device->mapping.path, '/') + 1;

	(void)context;
	*ret_mine = true;
	device->region.kind = REGION_DRI;
	device->region.name = strdup(name);
	if (!device->region.name ||
	    asprintf(&device->sysfs, "sys/class/drm/%s/device", name) < 0) {
		device->sysfs = NULL;
		return error_no_memory();
	}
	device->placed = true;
	device->region_size = device->mapping.end - device->mapping.start;
	return NULL;
}

/* GEM's buffers in shared memory are no I/O memory (drm_gem_shmem_mmap): seen
 * with bochs on 7.2; TTM's have both flags. */
static struct error *identify_dri_shared(const struct identify_context *context,
					 struct device_mapping *device,
					 bool *ret_mine)
{
	const struct mapping *mapping = &device->mapping;

	*ret_mine = false;
	if (!mapping->flags || !mapping->pfnmap || mapping->io)
		return NULL;
	return identify_dri(context, device, ret_mine);
}

/* Whether `next` goes on where `mapping` ends, in memory and in the file: the
 * two halves of a mapping that mprotect or munmap has split look so. */
static bool continues(const struct mapping *mapping, const struct mapping *next)
{
	return next->start == mapping->end && next->inode == mapping->inode &&
	       next->major == mapping->major && next->minor == mapping->minor &&
	       strcmp(next->path, mapping->path) == 0 &&
	       next->offset ==
		       mapping->offset + (mapping->end - mapping->start);
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/*
 * The offset is the index of the map in pages (uio_find_mem_index), and a
 * mapping starts at the start of its map; but the second piece of one that was
 * split has an offset that looks like the next index. So the pieces of a run
 * are followed from its start, each map taking as many pages as it has.
 */
static bool find_uio_map(const struct identify_context *context, uint64_t uio)
{
	const struct machine *machine = context->machine;
	const struct mapping *piece =
		&context->mappings->items[context->position];
	struct uio_run *run = context->run;
	bool goes_on = run->started && run->position + 1 == context->position &&
		       continues(piece - 1, piece);

	if (goes_on) {
		uint64_t before = piece[-1].end - piece[-1].start;

		run->skipped += before;
		run->left -= before;
	}
	run->started = true;
	run->position = context->position;
	if (goes_on && run->broken)
		return false;
	if (!goes_on || !run->left) {
		run->map = piece->offset / machine->page_size;
		run->skipped = 0;
		if (!file_number(machine->root.fd, &run->size,
				 "sys/class/uio/uio%" PRIu64 "/maps/map%" PRIu64
				 "/size",
				 uio, run->map))
			run->size = 0;
		run->left = round_up(run->size, machine->page_size);
	}
	run->broken = piece->end - piece->start > run->left;
	return !run->broken;
}

static struct error *identify_uio(const struct identify_context *context,
				  struct device_mapping *device, bool *ret_mine)
{
	int root = context->machine->root.fd;
	const struct uio_run *run = context->run;
	uint64_t number, address, offset = 0;

	*ret_mine = number_behind(device->mapping.path, "/dev/uio", &number);
	if (!*ret_mine)
		return NULL;
	device->region.kind = REGION_UIO;
	device->region.number = number;
	if (asprintf(&device->sysfs, "sys/class/uio/uio%" PRIu64 "/device",
		     number) < 0) {
		device->sysfs = NULL;
		return error_no_memory();
	}
	if (device->mapping.flags && !device->mapping.pfnmap &&
	    !device->mapping.io) {
		device->class = CLASS_BUFFER;
		device->method = METHOD_PAGES;
		device->memory_type = strdup("cached");
	}
	if (!find_uio_map(context, number)) {
		device->problem = "the mapping does not fit the maps that UIO "
				  "has in sysfs";
		return NULL;
	}
	device->region.has_part = true;
	device->region.part = run->map;
	/* `offset` in sysfs is where in its first page the region begins. */
	if (!file_number(root, &offset,
			 "sys/class/uio/uio%" PRIu64 "/maps/map%" PRIu64
			 "/offset",
			 number, run->map) ||
	    offset > run->size)
		offset = 0;
	device->placed = true;
	device->placement = run->skipped - offset;
	device->region_size = run->size - offset;
	if (device->method == METHOD_GENERIC &&
	    file_number(root, &address,
			"sys/class/uio/uio%" PRIu64 "/maps/map%" PRIu64 "/addr",
			number, run->map)) {
		device->has_physical = true;
		device->physical = address / context->machine->page_size *
					   context->machine->page_size +
				   run->skipped;
	}
	return NULL;
}

/* The one vfio device of the process, if it is the only one: its groups are
 * open files, and each group lists its devices. */
static char *find_vfio_device(const struct identify_context *context,
			      uint64_t *ret_group, bool *ret_has_group)
{
	cleanup_names char **fds = folder_names(context->procfd, "fd");
	int root = context->machine->root.fd;
	cleanup_free char *found = NULL;
	size_t candidates = 0;

	for (size_t i = 0; fds && fds[i]; i++) {
		cleanup_free char *name =
			link_target(context->procfd, "fd/%s", fds[i]);
		cleanup_names char **devices = NULL;
		uint64_t group;

		if (!name || !number_behind(name, "/dev/vfio/", &group))
			continue;
		devices = folder_names(
			root, "sys/kernel/iommu_groups/%" PRIu64 "/devices",
			group);
		for (size_t j = 0; devices && devices[j]; j++) {
			cleanup_free char *driver = link_basename(
				root, "sys/bus/pci/devices/%s/driver",
				devices[j]);

			if (!driver || !strstr(driver, "vfio"))
				continue;
			if (found && strcmp(found, devices[j]) == 0)
				continue;
			candidates++;
			free(found);
			found = strdup(devices[j]);
			*ret_group = group;
		}
	}
	*ret_has_group = candidates == 1;
	return *ret_has_group ? steal(found) : NULL;
}

/*
 * On 6.1 the offset of a mapping is the physical address, later the encoded
 * region and the offset in it (vfio_pci_core_mmap). An encoded index 0 looks
 * like a low physical address, which no BAR has.
 */
static struct error *identify_vfio(const struct identify_context *context,
				   struct device_mapping *device,
				   bool *ret_mine)
{
	uint64_t offset = device->mapping.offset, number = 0;
	uint64_t index = offset >> VFIO_INDEX_SHIFT;
	uint64_t inside = offset & ((UINT64_C(1) << VFIO_INDEX_SHIFT) - 1);
	cleanup_free char *name = NULL;
	const struct pci_device *pci;
	const struct pci_list *list;
	bool has_number = false;
	struct error *error = machine_pci(context->machine, &list);
	unsigned bar;

	*ret_mine = true;
	if (error)
		return error;
	pci = pci_find_address(list, offset, &bar);
	if (pci && pci->driver && strstr(pci->driver, "vfio"))
		return place_pci(context, device, pci->name, bar);

	if (number_behind(device->mapping.path, "/dev/vfio/devices/vfio",
			  &number)) {
		has_number = true;
		name = link_basename(
			context->machine->root.fd,
			"sys/class/vfio-dev/vfio%" PRIu64 "/device", number);
	} else {
		name = find_vfio_device(context, &number, &has_number);
	}
	pci = name ? pci_find(list, name) : NULL;
	if (pci && index < PCI_BARS && inside < pci->bars[index].size) {
		if (!set_pci_region(device, pci->name, (unsigned)index))
			return error_no_memory();
		place_in_bar(device, &pci->bars[index],
			     pci->bars[index].start + inside);
		return NULL;
	}
	device->region.kind = REGION_VFIO;
	device->region.number = number;
	device->region.has_part = true;
	device->region.part = index;
	device->placed = has_number;
	device->placement = inside;
	if (!has_number)
		device->problem = "the process has several VFIO devices, and "
				  "the mapping does not tell which it shows";
	return NULL;
}

static struct error *identify_file(const struct identify_context *context,
				   struct device_mapping *device,
				   bool *ret_mine)
{
	(void)context;
	*ret_mine = true;
	device->region.kind = REGION_FILE;
	device->region.name = strdup(device->mapping.path);
	device->placed = true;
	device->placement = device->mapping.offset;
	return device->region.name ? NULL : error_no_memory();
}

#define ROW(prefix_, identify_, name_, class_, method_, type_, note_)          \
	{                                                                      \
		.kind = {.name = (name_),                                      \
			 .class = CLASS_##class_,                              \
			 .method = METHOD_##method_,                           \
			 .memory_type = (type_),                               \
			 .note = (note_)},                                     \
		.prefix = (prefix_), .identify = (identify_),                  \
	}

/* The memory of PCI devices, or all memory. */
#define CLAIMABLE_ROW(prefix_, identify_, name_, since_)                       \
	{                                                                      \
		.kind = {.name = (name_),                                      \
			 .class = CLASS_REGISTER,                              \
			 .method = METHOD_GENERIC,                             \
			 .memory_type = "uncached",                            \
			 .claimable_since = since_},                           \
		.prefix = (prefix_), .identify = (identify_),                  \
	}

/* KERNEL.md section 4 has the sources of each row. */
const struct mapping_kind_row mapping_kinds[] = {
	CLAIMABLE_ROW("/sys/", identify_sysfs, "pci", KERNEL_VERSION(5, 12, 0)),
	CLAIMABLE_ROW("/proc/bus/pci/", identify_procfs, "pci",
		      KERNEL_VERSION(5, 12, 0)),
	CLAIMABLE_ROW("/dev/mem", identify_mem, "mem", KERNEL_VERSION(5, 8, 0)),
	{
		.kind = {.name = "uio",
			 .class = CLASS_REGISTER,
			 .method = METHOD_GENERIC,
			 .memory_type = "uncached"},
		.prefix = "/dev/uio",
		.identify = identify_uio,
		.without_flags = true,
	},
	ROW("anon_inode:[vfio-device]", identify_vfio, "vfio", REGISTER, NONE,
	    "uncached", "vfio-pci offers no access method"),
	ROW("/dev/vfio/devices/", identify_vfio, "vfio", REGISTER, NONE,
	    "uncached", "vfio-pci offers no access method"),
	ROW("/dev/hpet", identify_hpet, "hpet", REGISTER, NONE, "uncached",
	    "the hpet driver offers no access method"),
	ROW("/dev/dri/", identify_dri_shared, "drm", BUFFER, NONE, NULL,
	    "buffers in shared memory have no access method"),
	ROW("/dev/dri/", identify_dri, "drm", BUFFER, DRIVER, NULL, NULL),
	ROW("/drm mm object", identify_file, "drm", BUFFER, NONE, NULL,
	    "buffers in shared memory have no access method"),
	ROW("/dmabuf:", identify_file, "other", BUFFER, NONE, NULL,
	    "dma-buf exporters offer no access method"),
	ROW("/dev/video", identify_file, "other", BUFFER, NONE, NULL,
	    "videobuf2 offers no access method"),
	ROW("/dev/fb", identify_file, "other", BUFFER, NONE, "write-combining",
	    "fbdev offers no access method"),
	ROW("/dev/snd/", identify_file, "other", BUFFER, NONE, NULL,
	    "ALSA offers no access method"),
	ROW("/dev/mtd", identify_file, "other", BUFFER, NONE, NULL,
	    "mtd offers no access method"),
	ROW("/dev/infiniband/", identify_file, "other", REGISTER, NONE, NULL,
	    "RDMA drivers offer no access method"),
	ROW("/dev/nvidia", identify_file, "other", REGISTER, UNSAFE, NULL,
	    "the access method of the nvidia driver promises no width, may "
	    "touch a powered-down GPU, and crashes the kernel in some "
	    "versions"),
	ROW("", identify_file, "other", REGISTER, UNKNOWN, NULL, NULL),
};

const size_t n_mapping_kinds = sizeof(mapping_kinds) / sizeof(mapping_kinds[0]);

const struct mapping_kind_row mapping_kind_stand_in = {
	.kind = {.name = "file",
		 .class = CLASS_REGISTER,
		 .method = METHOD_PAGES,
		 .memory_type = "stand-in"},
	.prefix = "",
	.identify = identify_file,
	.without_flags = true,
};
