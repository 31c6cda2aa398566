/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "script/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"

enum { FIRST_CAPACITY = 1 << 16 };

struct error *lines_init(struct lines *lines, int fd)
{
	*lines = (struct lines){.fd = fd, .capacity = FIRST_CAPACITY};
	lines->buffer = malloc(lines->capacity);
	return lines->buffer ? NULL : error_no_memory();
}

void lines_deinit(struct lines *lines)
{
	free(lines->buffer);
	lines->buffer = NULL;
}

static char *find_end(struct lines *lines)
{
	char *end = memchr(lines->buffer + lines->looked, '\n',
			   lines->end - lines->looked);

	if (!end)
		lines->looked = lines->end;
	return end;
}

/* Room for more behind what is there, and for a NUL. */
static struct error *make_room(struct lines *lines)
{
	size_t length = lines->end - lines->start;
	char *larger;

	if (lines->start) {
		memmove(lines->buffer, lines->buffer + lines->start, length);
		lines->looked -= lines->start;
		lines->end = length;
		lines->start = 0;
	}
	if (lines->end + 1 < lines->capacity)
		return NULL;
	if (length > LONGEST_LINE)
		return error_create(ERROR_USAGE, 0,
				    "the line is longer than %d bytes",
				    LONGEST_LINE);
	larger = realloc(lines->buffer, 2 * lines->capacity);
	if (!larger)
		return error_no_memory();
	lines->buffer = larger;
	lines->capacity *= 2;
	return NULL;
}

/* With nothing there, in a pipe that does not wait by itself, it waits or reads
 * nothing. */
static struct error *read_more(struct lines *lines, bool wait)
{
	struct pollfd poller = {.fd = lines->fd, .events = POLLIN};
	struct error *error = make_room(lines);
	ssize_t got;

	if (error)
		return error;
	do {
		if (interrupt_pending())
			return error_create(ERROR_INTERRUPTED, 0,
					    "interrupted");
		got = read(lines->fd, lines->buffer + lines->end,
			   lines->capacity - lines->end - 1);
		if (got < 0 && errno == EAGAIN && !wait)
			return NULL;
	} while (got < 0 && (errno == EINTR ||
			     (errno == EAGAIN && poll(&poller, 1, -1) != 0)));
	if (got < 0)
		return error_create(ERROR_FAILED, errno, "reading the batch");
	lines->end += (size_t)got;
	lines->ended = got == 0;
	return NULL;
}

static bool can_read_more(struct lines *lines)
{
	cleanup_error struct error *error = read_more(lines, false);

	return !error;
}

/* [start, end) without a CR; a NUL would cut it. */
static struct error *give_out(struct lines *lines, char *end, char **ret)
{
	char *line = lines->buffer + lines->start;
	size_t length = (size_t)(end - line);

	lines->number++;
	lines->start += length + (lines->start + length < lines->end);
	lines->looked = lines->start;
	if (length && line[length - 1] == '\r')
		length--;
	if (length > LONGEST_LINE)
		return error_create(ERROR_USAGE, 0,
				    "the line is longer than %d bytes",
				    LONGEST_LINE);
	line[length] = '\0';
	if (strlen(line) != length)
		return error_create(ERROR_USAGE, 0,
				    "there is a NUL byte in the line: this is "
				    "no text");
	*ret = line;
	return NULL;
}

bool lines_ready(struct lines *lines)
{
	struct pollfd poller = {.fd = lines->fd, .events = POLLIN};

	while (!lines->ended && !find_end(lines)) {
		/* What is there may be a part of a line only. */
		if (poll(&poller, 1, 0) <= 0)
			return false;
		/* lines_next() meets the error again, and tells it. */
		if (lines->end - lines->start > LONGEST_LINE ||
		    !can_read_more(lines))
			return true;
	}
	return true;
}

struct error *lines_next(struct lines *lines, char **ret)
{
	struct error *error;
	char *end;

	*ret = NULL;
	while (!(end = find_end(lines))) {
		if (lines->ended && lines->start == lines->end)
			return NULL;
		if (lines->ended) {
			end = lines->buffer + lines->end;
			break;
		}
		error = read_more(lines, true);
		if (error) {
			lines->number++;
			return error;
		}
	}
	return give_out(lines, end, ret);
}
