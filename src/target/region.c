/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/region.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

void region_name_deinit(struct region_name *region)
{
	free(region->name);
	region->name = NULL;
}

char *region_pci_address(const struct region_name *region)
{
	char *text;

	if (asprintf(&text, "%04x:%02x:%02x.%x", region->domain, region->bus,
		     region->device, region->function) < 0)
		return NULL;
	return text;
}

/* A path, so that the parser of locations reads it back, and fit to be shown:
 * what is special there or cannot be printed is \xHH. */
static char *escape_path(const char *path)
{
	cleanup_free char *text = malloc(4 * strlen(path) + 1);
	char *out = text;

	if (!text)
		return NULL;
	for (; *path; path++) {
		bool dots = path[0] == '.' && (path[1] == '.' || !path[1]);

		if (dots || strchr("+=\\", *path))
			out += sprintf(out, "\\x%02x", (unsigned char)*path);
		else
			*out++ = *path;
	}
	*out = '\0';
	return text_escape(text, strlen(text));
}

static char *with_part(const struct region_name *region, const char *device,
		       const char *part)
{
	char *text;
	int length;

	if (region->has_part)
		length = asprintf(&text, "%s/%s%" PRIu64, device, part,
				  region->part);
	else
		length = asprintf(&text, "%s", device);
	return length < 0 ? NULL : text;
}

static char *numbered(const struct region_name *region, const char *device,
		      const char *part)
{
	char name[32];

	snprintf(name, sizeof(name), "%s%" PRIu64, device, region->number);
	return with_part(region, name, part);
}

char *region_name_format(const struct region_name *region)
{
	cleanup_free char *piece = NULL;
	char *text;
	int length;

	switch (region->kind) {
	case REGION_INDEX:
		length = asprintf(&text, "%" PRIu64, region->number);
		return length < 0 ? NULL : text;
	case REGION_PCI:
		piece = region_pci_address(region);
		return piece ? with_part(region, piece, "bar") : NULL;
	case REGION_UIO:
		return numbered(region, "uio", "map");
	case REGION_VFIO:
		return numbered(region, "vfio", "region");
	case REGION_MEM:
		return strdup("mem");
	case REGION_HPET:
		return strdup("hpet");
	case REGION_DRI:
		length = asprintf(&text, "dri/%s", region->name);
		return length < 0 ? NULL : text;
	case REGION_FILE:
		piece = escape_path(region->name);
		if (!piece || asprintf(&text, "file:%s", piece) < 0)
			return NULL;
		return text;
	}
	return NULL;
}

bool region_name_matches(const struct region_name *name,
			 const struct region_name *other)
{
	if (name->kind != other->kind || name->domain != other->domain ||
	    name->bus != other->bus || name->device != other->device ||
	    name->function != other->function || name->number != other->number)
		return false;
	if (!name->name != !other->name ||
	    (name->name && strcmp(name->name, other->name) != 0))
		return false;
	return !name->has_part ||
	       (other->has_part && name->part == other->part);
}
