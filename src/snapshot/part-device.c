/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "snapshot/part.h"
#include "snapshot/snapshot.h"

PART_TEXT(device_region, snapshot_device, region)
PART_TEXT(device_kind, snapshot_device, kind)
PART_TEXT(device_class, snapshot_device, class)
PART_TEXT(device_pci, snapshot_device, pci)
PART_TEXT(device_driver, snapshot_device, driver)

static struct error *device_size(struct reader *reader, void *object)
{
	struct snapshot_device *device = object;
	struct error *error = reader_hexadecimal(reader, 16, &device->size);

	if (!error && !device->size)
		error = reader_error(reader, "\"size\" is 0");
	return error;
}

static struct error *device_bar(struct reader *reader, void *object)
{
	struct snapshot_device *device = object;
	uint64_t number = 0;
	struct error *error = reader_number(reader, 5, &number);

	device->has_bar = true;
	device->bar = (unsigned)number;
	return error;
}

static struct error *device_id(struct reader *reader, void *object)
{
	struct snapshot_device *device = object;
	cleanup_free char *text = NULL;
	struct error *error = reader_text(reader, &text);
	unsigned vendor = 0, number = 0;
	char again[16];

	if (error)
		return error;
	if (sscanf(text, "%4x:%4x", &vendor, &number) != 2 ||
	    snprintf(again, sizeof(again), "%04x:%04x", vendor, number) < 0 ||
	    strcmp(again, text) != 0)
		return reader_error(reader,
				    "\"id\": '%.40s' is not VENDOR:DEVICE, as "
				    "8086:10d3",
				    text);
	device->has_id = true;
	device->vendor = vendor;
	device->device = number;
	return NULL;
}

static struct error *device_physical(struct reader *reader, void *object)
{
	struct snapshot_device *device = object;

	device->has_physical = true;
	return reader_hexadecimal(reader, 16, &device->physical);
}

static const struct reader_member device_members[] = {
	{"region", true, device_region},
	{"kind", true, device_kind},
	{"class", true, device_class},
	{"size", false, device_size},
	{"pci", false, device_pci},
	{"bar", false, device_bar},
	{"id", false, device_id},
	{"driver", false, device_driver},
	{"physical", false, device_physical},
};

static struct error *check_device(const struct reader *reader,
				  const struct snapshot_device *device)
{
	if (strcmp(device->class, "register") != 0 &&
	    strcmp(device->class, "buffer") != 0)
		return reader_error(reader,
				    "\"class\": '%.40s' is neither register "
				    "nor buffer",
				    device->class);
	if (device->has_bar && !device->pci)
		return reader_error(reader, "a \"bar\" without \"pci\"");
	return NULL;
}

struct error *part_read_device(struct reader *reader, void *data)
{
	struct snapshot *snapshot = data;
	struct snapshot_device device = {0};
	struct error *error = reader_object(
		reader, device_members, PART_COUNT(device_members), &device);

	if (!error)
		error = check_device(reader, &device);
	if (!error &&
	    !list_grow(&snapshot->devices, snapshot->n_devices,
		       &snapshot->devices_capacity, sizeof(*snapshot->devices)))
		error = error_no_memory();
	if (error)
		snapshot_device_deinit(&device);
	else
		snapshot->devices[snapshot->n_devices++] = device;
	return error;
}
