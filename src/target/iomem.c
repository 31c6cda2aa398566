/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/iomem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/root.h"
#include "base/text.h"

static bool parse_line(const char *line, struct iomem_range *ret)
{
	size_t blanks = strspn(line, " ");
	int used = 0;

	if (sscanf(line + blanks, "%" SCNx64 "-%" SCNx64 " : %n", &ret->start,
		   &ret->end, &used) < 2 ||
	    !used)
		return false;
	ret->depth = (unsigned)blanks / 2;
	ret->name = strdup(line + blanks + used);
	return true;
}

struct error *iomem_read(const struct root *root, struct iomem *ret)
{
	cleanup_fclose FILE *stream = file_stream(root->fd, "proc/iomem");
	cleanup_free char *line = NULL;
	struct iomem iomem = {0};
	size_t capacity = 0;
	ssize_t length;

	while (stream && (length = getline(&line, &capacity, stream)) > 0) {
		struct iomem_range range;

		line[strcspn(line, "\n")] = '\0';
		if (!parse_line(line, &range))
			continue;
		if (!range.name ||
		    !list_grow(&iomem.items, iomem.count, &iomem.capacity,
			       sizeof(*iomem.items))) {
			free(range.name);
			iomem_deinit(&iomem);
			return error_no_memory();
		}
		iomem.visible |= range.end != 0;
		iomem.items[iomem.count++] = range;
	}
	*ret = iomem;
	return NULL;
}

void iomem_deinit(struct iomem *iomem)
{
	for (size_t i = 0; i < iomem->count; i++)
		free(iomem->items[i].name);
	free(iomem->items);
	*iomem = (struct iomem){0};
}

const struct iomem_range *iomem_find(const struct iomem *iomem,
				     uint64_t address)
{
	const struct iomem_range *found = NULL;

	if (!iomem->visible)
		return NULL;
	for (size_t i = 0; i < iomem->count; i++) {
		const struct iomem_range *range = &iomem->items[i];

		if (address >= range->start && address <= range->end &&
		    (!found || range->depth >= found->depth))
			found = range;
	}
	return found;
}

const char *iomem_owner(const struct iomem *iomem, uint64_t address)
{
	const struct iomem_range *range = iomem_find(iomem, address);

	return range ? range->name : NULL;
}

static enum ram_answer ask_firmware(const struct root *root, uint64_t address)
{
	cleanup_names char **names =
		folder_names(root->fd, "sys/firmware/memmap");
	enum ram_answer answer = RAM_UNKNOWN;

	for (size_t i = 0; names && names[i]; i++) {
		cleanup_free char *type = NULL;
		uint64_t start, end;

		if (!file_number(root->fd, &start,
				 "sys/firmware/memmap/%s/start", names[i]) ||
		    !file_number(root->fd, &end, "sys/firmware/memmap/%s/end",
				 names[i]))
			continue;
		answer = RAM_NO;
		type = file_line(root->fd, "sys/firmware/memmap/%s/type",
				 names[i]);
		if (address >= start && address <= end && type &&
		    strcmp(type, "System RAM") == 0)
			return RAM_YES;
	}
	return answer;
}

enum ram_answer iomem_is_ram(const struct iomem *iomem, const struct root *root,
			     uint64_t address)
{
	if (!iomem->visible)
		return ask_firmware(root, address);
	for (size_t i = 0; i < iomem->count; i++) {
		const struct iomem_range *range = &iomem->items[i];

		if (address >= range->start && address <= range->end &&
		    text_starts(range->name, "System RAM", NULL))
			return RAM_YES;
	}
	return RAM_NO;
}
