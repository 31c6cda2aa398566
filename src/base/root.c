/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

struct error *root_init(struct root *root, const char *prefix)
{
	bool captured = prefix && *prefix;
	const char *path = captured ? prefix : "/";
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_create(ERROR_FAILED, errno, "%s", path);
	root->fd = fd;
	root->captured = captured;
	return NULL;
}

void root_deinit(struct root *root)
{
	close(root->fd);
	root->fd = -1;
}

__attribute__((format(printf, 3, 0))) static int
open_formatted(int dirfd, int flags, const char *format, va_list arguments)
{
	cleanup_free char *path = NULL;

	if (vasprintf(&path, format, arguments) < 0) {
		path = NULL;
		errno = ENOMEM;
		return -1;
	}
	return openat(dirfd, path, flags | O_CLOEXEC);
}

int file_open(int dirfd, const char *format, ...)
{
	va_list arguments;
	int fd;

	va_start(arguments, format);
	fd = open_formatted(dirfd, O_RDONLY | O_NOCTTY, format, arguments);
	va_end(arguments);
	return fd;
}

FILE *file_stream(int dirfd, const char *format, ...)
{
	va_list arguments;
	FILE *stream;
	int fd;

	va_start(arguments, format);
	fd = open_formatted(dirfd, O_RDONLY | O_NOCTTY, format, arguments);
	va_end(arguments);
	if (fd < 0)
		return NULL;
	stream = fdopen(fd, "r");
	if (!stream)
		close(fd);
	return stream;
}

/* Reads to the end; a short read is not an end. */
static int read_all(int fd, char **ret, size_t *ret_length)
{
	cleanup_free char *text = NULL;
	size_t length = 0, capacity = 0;

	for (;;) {
		ssize_t got;

		if (length + 1 >= capacity) {
			size_t larger = capacity ? capacity * 2 : 4096;
			char *grown = realloc(text, larger);

			if (!grown)
				return -1;
			text = grown;
			capacity = larger;
		}
		got = read(fd, text + length, capacity - length - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		length += (size_t)got;
	}
	text[length] = '\0';
	*ret = steal(text);
	if (ret_length)
		*ret_length = length;
	return 0;
}

int file_read(int dirfd, const char *path, char **ret, size_t *ret_length)
{
	cleanup_close int fd =
		openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -1 : read_all(fd, ret, ret_length);
}

__attribute__((format(printf, 2, 0))) static char *
line_formatted(int dirfd, const char *format, va_list arguments)
{
	cleanup_close int fd =
		open_formatted(dirfd, O_RDONLY | O_NOCTTY, format, arguments);
	char *text;
	size_t length;

	if (fd < 0 || read_all(fd, &text, &length) < 0)
		return NULL;
	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	return text;
}

char *file_line(int dirfd, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = line_formatted(dirfd, format, arguments);
	va_end(arguments);
	return text;
}

char *stat_field(int dirfd, unsigned field, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list arguments;
	char *at;

	va_start(arguments, format);
	text = line_formatted(dirfd, format, arguments);
	va_end(arguments);
	if (!text)
		return NULL;
	at = strrchr(text, ')');
	for (unsigned i = 2; i < field && at; i++)
		at = strchr(at + 1, ' ');
	if (!at) {
		errno = EINVAL;
		return NULL;
	}
	return strndup(at + 1, strcspn(at + 1, " "));
}

bool file_number(int dirfd, uint64_t *ret, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list arguments;
	unsigned long long value;
	char *end;

	va_start(arguments, format);
	text = line_formatted(dirfd, format, arguments);
	va_end(arguments);
	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end)
		return false;
	*ret = value;
	return true;
}

static char *read_link(int dirfd, const char *path)
{
	cleanup_free char *target = NULL;

	for (size_t capacity = 256;; capacity *= 2) {
		char *grown = realloc(target, capacity);
		ssize_t length;

		if (!grown)
			return NULL;
		target = grown;
		length = readlinkat(dirfd, path, target, capacity);
		if (length < 0)
			return NULL;
		if ((size_t)length == capacity)
			continue;
		target[length] = '\0';
		return steal(target);
	}
}

__attribute__((format(printf, 2, 0))) static char *
link_formatted(int dirfd, const char *format, va_list arguments)
{
	cleanup_free char *path = NULL;

	if (vasprintf(&path, format, arguments) < 0) {
		path = NULL;
		return NULL;
	}
	return read_link(dirfd, path);
}

char *link_target(int dirfd, const char *format, ...)
{
	va_list arguments;
	char *target;

	va_start(arguments, format);
	target = link_formatted(dirfd, format, arguments);
	va_end(arguments);
	return target;
}

char *link_basename(int dirfd, const char *format, ...)
{
	cleanup_free char *target = NULL;
	const char *slash;
	va_list arguments;

	va_start(arguments, format);
	target = link_formatted(dirfd, format, arguments);
	va_end(arguments);
	if (!target)
		return NULL;
	slash = strrchr(target, '/');
	return strdup(slash ? slash + 1 : target);
}

static int compare_names(const void *left, const void *right)
{
	return strverscmp(*(char *const *)left, *(char *const *)right);
}

static char **read_names(DIR *folder)
{
	cleanup_names char **names = NULL;
	size_t count = 0, capacity = 0;
	const struct dirent *entry;

	for (;;) {
		if (!list_grow(&names, count + 1, &capacity, sizeof(*names)))
			return NULL;
		names[count] = NULL;
		errno = 0;
		entry = readdir(folder);
		if (!entry)
			break;
		if (entry->d_name[0] == '.')
			continue;
		names[count] = strdup(entry->d_name);
		if (!names[count])
			return NULL;
		names[++count] = NULL;
	}
	/* A process that ends while its folder is read is ENOENT or ESRCH. */
	if (errno && errno != ENOENT && errno != ESRCH)
		return NULL;
	if (count)
		qsort(names, count, sizeof(*names), compare_names);
	return steal(names);
}

char **folder_names(int dirfd, const char *format, ...)
{
	va_list arguments;
	char **names;
	DIR *folder;
	int fd, saved;

	va_start(arguments, format);
	fd = open_formatted(dirfd, O_RDONLY | O_DIRECTORY, format, arguments);
	va_end(arguments);
	if (fd < 0)
		return NULL;
	folder = fdopendir(fd);
	if (!folder) {
		saved = errno;
		close(fd);
		errno = saved;
		return NULL;
	}
	names = read_names(folder);
	saved = errno;
	closedir(folder);
	errno = saved;
	return names;
}

void names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}
