/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"

/*
 * The kernel escapes the newline in a path as \012, and nothing else
 * (seq_path with "\n"): a path with a literal \012 in it looks the same.
 */
static char *decode_path(const char *text, size_t length)
{
	char *path = malloc(length + 1);
	size_t used = 0;

	if (!path)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		if (length - i >= 4 && memcmp(text + i, "\\012", 4) == 0) {
			path[used++] = '\n';
			i += 3;
			continue;
		}
		path[used++] = text[i];
	}
	path[used] = '\0';
	return path;
}

static bool parse_permissions(const char text[4], struct mapping *ret)
{
	static const char allowed[4][3] = {"r-", "w-", "x-", "sp"};

	for (size_t i = 0; i < 4; i++)
		if (!text[i] || !strchr(allowed[i], text[i]))
			return false;
	ret->readable = text[0] == 'r';
	ret->writable = text[1] == 'w';
	ret->executable = text[2] == 'x';
	ret->shared = text[3] == 's';
	return true;
}

/* A number as the kernel writes one, without sign, blank or 0x, and `after`
 * behind it; `*text` goes on behind that. */
static bool take_number(const char **text, int base, uint64_t limit,
			const char *after, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	int saved = errno, failed;
	char *end;

	if (!**text || !strchr(digits, **text) || (*text)[1] == 'x')
		return false;
	errno = 0;
	*ret = strtoull(*text, &end, base);
	failed = errno;
	errno = saved;
	return !failed && *ret <= limit && text_starts(end, after, text);
}

static bool take_permissions(const char **text, struct mapping *ret)
{
	if (strlen(*text) < 5 || (*text)[4] != ' ' ||
	    !parse_permissions(*text, ret))
		return false;
	*text += 5;
	return true;
}

bool mapping_parse(const char *line, struct mapping *ret)
{
	static const char deleted[] = " (deleted)";
	struct mapping mapping = {0};
	uint64_t major, minor;
	size_t length;

	if (!take_number(&line, 16, UINT64_MAX, "-", &mapping.start) ||
	    !take_number(&line, 16, UINT64_MAX, " ", &mapping.end) ||
	    !take_permissions(&line, &mapping) ||
	    !take_number(&line, 16, UINT64_MAX, " ", &mapping.offset) ||
	    !take_number(&line, 16, UINT32_MAX, ":", &major) ||
	    !take_number(&line, 16, UINT32_MAX, " ", &minor) ||
	    !take_number(&line, 10, UINT64_MAX, "", &mapping.inode))
		return false;
	if (mapping.start >= mapping.end || (*line && *line != ' '))
		return false;
	mapping.major = (unsigned)major;
	mapping.minor = (unsigned)minor;
	/* The column is padded with blanks; a path that starts with one is not
	 * absolute and does not occur. */
	line += strspn(line, " ");
	length = strlen(line);
	if (length > strlen(deleted) &&
	    strcmp(line + length - strlen(deleted), deleted) == 0) {
		mapping.deleted = true;
		length -= strlen(deleted);
	}
	mapping.path = decode_path(line, length);
	*ret = mapping;
	return true;
}

void mapping_deinit(struct mapping *mapping)
{
	free(mapping->path);
	free(mapping->flags);
	mapping->path = mapping->flags = NULL;
}

bool mapping_has_flag(const struct mapping *mapping, const char *flag)
{
	return mapping->flags && text_has_word(mapping->flags, flag);
}

/* False: no memory. */
static bool read_flags(const char *text, struct mapping *mapping)
{
	size_t length;

	text += strspn(text, " ");
	length = strlen(text);
	while (length && text[length - 1] == ' ')
		length--;
	free(mapping->flags);
	mapping->flags = strndup(text, length);
	mapping->pfnmap = mapping_has_flag(mapping, "pf");
	mapping->io = mapping_has_flag(mapping, "io");
	return mapping->flags;
}

static bool add_line(const char *line, struct mapping_list *list)
{
	struct mapping mapping;
	const char *rest;

	if (mapping_parse(line, &mapping)) {
		if (!mapping.path ||
		    !list_grow(&list->items, list->count, &list->capacity,
			       sizeof(*list->items))) {
			mapping_deinit(&mapping);
			return false;
		}
		list->items[list->count++] = mapping;
	} else if (list->count && text_starts(line, "VmFlags:", &rest)) {
		return read_flags(rest, &list->items[list->count - 1]);
	}
	return true;
}

struct error *mapping_list_read(FILE *stream, struct mapping_list *ret)
{
	cleanup_mapping_list struct mapping_list list = {0};
	cleanup_free char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	while ((length = getline(&line, &capacity, stream)) >= 0) {
		if (length && line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (!add_line(line, &list))
			return error_no_memory();
	}
	if (ferror(stream) && errno != ESRCH)
		return error_create(ERROR_FAILED, errno,
				    "the list of mappings cannot be read");
	*ret = list;
	list = (struct mapping_list){0};
	return NULL;
}

void mapping_list_deinit(struct mapping_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		mapping_deinit(&list->items[i]);
	free(list->items);
	*list = (struct mapping_list){0};
}

const struct mapping *mapping_list_find(const struct mapping_list *list,
					uint64_t address)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < list->items[middle].start)
			high = middle;
		else if (address >= list->items[middle].end)
			low = middle + 1;
		else
			return &list->items[middle];
	}
	return NULL;
}

bool mapping_same(const struct mapping *left, const struct mapping *right)
{
	return left->start == right->start && left->end == right->end &&
	       left->readable == right->readable &&
	       left->writable == right->writable &&
	       left->executable == right->executable &&
	       left->shared == right->shared && left->major == right->major &&
	       left->minor == right->minor && left->inode == right->inode &&
	       left->offset == right->offset;
}

bool mapping_list_same(const struct mapping_list *left,
		       const struct mapping_list *right)
{
	if (left->count != right->count)
		return false;
	for (size_t i = 0; i < left->count; i++)
		if (!mapping_same(&left->items[i], &right->items[i]))
			return false;
	return true;
}

void mapping_permissions(const struct mapping *mapping, char ret[5])
{
	ret[0] = mapping->readable ? 'r' : '-';
	ret[1] = mapping->writable ? 'w' : '-';
	ret[2] = mapping->executable ? 'x' : '-';
	ret[3] = mapping->shared ? 's' : 'p';
	ret[4] = '\0';
}

bool mapping_may_be_device(const struct mapping *mapping)
{
	static const char *const never[] = {
		"/dev/shm/",
		"/dev/zero",
		"/dev/hugepages/",
		"/memfd:",
		"/SYSV",
		"/[aio]",
		"/anon_hugepage",
		"[",
		/* rings of ordinary memory, though some kernels map them by pfn
		 */
		"anon_inode:[io_uring]",
		"anon_inode:[perf_event]",
		"anon_inode:bpf-map",
	};
	static const char *const maybe[] = {
		"/dev/", "/sys/", "/proc/", "anon_inode:", "/dmabuf:",
	};

	if (!*mapping->path)
		return false;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (text_starts(mapping->path, never[i], NULL))
			return false;
	for (size_t i = 0; i < sizeof(maybe) / sizeof(maybe[0]); i++)
		if (text_starts(mapping->path, maybe[i], NULL))
			return true;
	/* A device node or sysfs may stand anywhere in a container. */
	return mapping->shared;
}
