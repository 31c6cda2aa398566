/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell/past.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

/* More of the file is not read. */
enum { MOST_BYTES = MOST_PAST_LINES * LONGEST_PAST_LINE };

static struct error *no_past(const char *path, int errnum, const char *what)
{
	return error_create(ERROR_FAILED, errnum,
			    "what is typed will not be remembered: %s%s%s",
			    path, *what ? ": " : "", what);
}

/* Not for a program that was given privilege by its file. */
static char *home_folder(const char **ret_below)
{
	const char *state = secure_getenv("XDG_STATE_HOME");
	const char *home = secure_getenv("HOME");

	*ret_below = "";
	if (state && *state == '/')
		return strdup(state);
	*ret_below = "/.local/state";
	return home && *home == '/' ? strdup(home) : NULL;
}

/* Root must not leave files in the home of somebody else. */
static bool is_foreign(const char *folder)
{
	struct stat status;

	return geteuid() == 0 && stat(folder, &status) == 0 &&
	       status.st_uid != 0;
}

/* All folders on the way, from the `done` first bytes on. */
static int make_folders(const char *path, size_t done)
{
	cleanup_free char *part = strdup(path);
	char *slash;

	if (!part)
		return ENOMEM;
	for (slash = strchr(part + done, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		if (slash == part)
			continue;
		*slash = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return errno;
		*slash = '/';
	}
	return 0;
}

/* `*ret` is NULL if there is no place for it. */
static struct error *find_file(char **ret)
{
	const char *below;
	cleanup_free char *home = home_folder(&below), *path = NULL;
	int errnum;

	*ret = NULL;
	/* Users that are no persons have a home that is not there. */
	if (!home || (*below && access(home, F_OK) < 0))
		return NULL;
	if (is_foreign(home))
		return no_past(home, 0, "it belongs to another user");
	if (asprintf(&path, "%s%s/mmiodbg/history", home, below) < 0) {
		path = NULL;
		return error_no_memory();
	}
	errnum = make_folders(path, *below ? strlen(home) + 1 : 0);
	if (errnum)
		return no_past(path, errnum, "");
	*ret = steal(path);
	return NULL;
}

static bool is_nothing(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

static bool is_ours(const struct stat *status)
{
	return S_ISREG(status->st_mode) && status->st_uid == geteuid();
}

/* Another shell has it for a moment only, unless somebody has stopped that. */
static int lock(int fd)
{
	enum { TRIES = 50, PAUSE = 10000 /* microseconds */ };

	for (int i = 0; i < TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return errno;
		usleep(PAUSE);
	}
	return EWOULDBLOCK;
}

/*
 * Opens and locks the file, if it is there and ours. A link that leads nowhere
 * is not followed to make what it names, and what is no regular file is not
 * opened. `*ret` may be what it is instead.
 */
static int open_locked(const char *path, struct stat *ret)
{
	const int flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = -1, errnum = 0;

	*ret = (struct stat){0};
	if (stat(path, ret) < 0 && errno == ENOENT)
		fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	/* Or another shell has just made it. */
	if (fd < 0 && stat(path, ret) == 0 && is_ours(ret))
		fd = open(path, flags);
	if (fd < 0)
		return -1;
	if (fstat(fd, ret) < 0)
		errnum = errno;
	else
		/* It may have been replaced in the meantime. */
		errnum = is_ours(ret) ? lock(fd) : EPERM;
	if (!errnum)
		return fd;
	close(fd);
	errno = errnum;
	return -1;
}

static ssize_t read_fully(int fd, char *buffer, size_t length, off_t offset)
{
	size_t done = 0;

	while (done < length) {
		ssize_t got = pread(fd, buffer + done, length - done,
				    offset + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static bool write_fully(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		text += written;
		length -= (size_t)written;
	}
	return true;
}

/* Without what a terminal would obey. */
static bool is_plain(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' && line[i] != '\t')
			return false;
	return true;
}

static bool is_text(const char *line)
{
	return mbstowcs(NULL, line, 0) != (size_t)-1;
}

/* The file as it was read, or its end. */
struct content {
	char *text;
	size_t length;
	size_t lines, bad; /* of them, no text */
	const char *kept;  /* from here on they are not too many */
};

static void count_lines(struct content *content)
{
	char *end = content->text + content->length;

	for (char *c = content->text; c < end; c++)
		content->lines += *c == '\n';
	/* One without an end: the disk was full. */
	if (content->length && end[-1] != '\n')
		content->lines++;
	content->kept = content->text;
	for (size_t i = content->lines; i > MOST_PAST_LINES; i--)
		content->kept = (char *)memchr(content->kept, '\n',
					       (size_t)(end - content->kept)) +
				1;
}

static void give_out(struct content *content, struct past *past,
		     past_line_fn *each, void *data)
{
	const char *end = content->text + content->length;

	for (const char *line = content->kept, *next; line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((newline ? newline : end) - line);
		cleanup_free char *copy = strndup(line, length);

		next = line + length + 1;
		if (!copy || !length)
			continue;
		if (length > LONGEST_PAST_LINE || !is_plain(copy, length)) {
			content->bad++;
			continue;
		}
		/* Else it is of another locale. */
		if (!is_text(copy))
			continue;
		each(data, copy);
		free(past->last);
		past->last = steal(copy);
	}
}

/* What is there is never lost: it is written to the start, and the rest cut off
 * then. */
static void shorten(int fd, const struct content *content)
{
	size_t length =
		content->length - (size_t)(content->kept - content->text);
	size_t done = 0;

	while (done < length) {
		ssize_t written = pwrite(fd, content->kept + done,
					 length - done, (off_t)done);

		if (written <= 0)
			return;
		done += (size_t)written;
	}
	if (ftruncate(fd, (off_t)length) < 0)
		return;
}

static struct error *read_file(struct past *past, const char *path, int fd,
			       off_t size, past_line_fn *each, void *data)
{
	off_t start = size > MOST_BYTES ? size - MOST_BYTES : 0;
	cleanup_free char *buffer = malloc((size_t)(size - start) + 1);
	struct content content = {.text = buffer};
	ssize_t got;
	char *first;

	if (!buffer)
		return error_no_memory();
	got = read_fully(fd, buffer, (size_t)(size - start), start);
	if (got < 0)
		return no_past(path, errno, "");
	content.length = (size_t)got;
	/* Half of a line. */
	first = start ? memchr(buffer, '\n', content.length) : NULL;
	if (first) {
		content.text = first + 1;
		content.length -= (size_t)(first + 1 - buffer);
	}
	count_lines(&content);
	give_out(&content, past, each, data);
	if (start || content.kept != content.text)
		shorten(fd, &content);
	if (content.bad)
		return error_create(ERROR_USAGE, 0,
				    "%s: %zu line%s no text, and passed over",
				    path, content.bad,
				    content.bad == 1 ? " is" : "s are");
	return NULL;
}

struct error *past_open(struct past *ret, past_line_fn *each, void *data)
{
	cleanup_free char *path = NULL;
	cleanup_close int fd = -1;
	struct error *error;
	struct stat status;

	*ret = (struct past){0};
	error = find_file(&path);
	if (error || !path)
		return error;
	fd = open_locked(path, &status);
	if (fd < 0 && is_nothing(&status))
		return NULL;
	if (fd < 0 && status.st_mode && !is_ours(&status))
		return no_past(path, 0,
			       S_ISREG(status.st_mode)
				       ? "it belongs to another user"
				       : "it is no regular file");
	if (fd < 0)
		return no_past(path, errno, "");
	error = read_file(ret, path, fd, status.st_size, each, data);
	if (!error || error->kind == ERROR_USAGE)
		ret->path = steal(path);
	return error;
}

void past_close(struct past *past)
{
	free(past->path);
	free(past->last);
	*past = (struct past){0};
}

static bool is_kept(const struct past *past, const char *line)
{
	size_t length = strlen(line);

	return length && length <= LONGEST_PAST_LINE && *line != ' ' &&
	       *line != '\t' && is_plain(line, length) && is_text(line) &&
	       (!past->last || strcmp(past->last, line) != 0);
}

/* Whether the last line was written whole: the disk may have been full. */
static bool is_whole(int fd, off_t size)
{
	char last;

	return !size || pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

static void append(const char *path, const char *line)
{
	cleanup_free char *text = NULL;
	cleanup_close int fd = -1;
	struct stat status;
	int length;
	off_t end;

	fd = open_locked(path, &status);
	end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	if (end < 0)
		return;
	length = asprintf(&text, "%s%s\n", is_whole(fd, end) ? "" : "\n", line);
	if (length < 0)
		text = NULL;
	else
		(void)write_fully(fd, text, (size_t)length);
}

bool past_add(struct past *past, const char *line)
{
	if (!is_kept(past, line))
		return false;
	free(past->last);
	past->last = strdup(line);
	if (past->path)
		append(past->path, line);
	return true;
}
