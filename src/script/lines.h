/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of a batch: of a file or a pipe, in memory that does not grow with
 * their number. */
#ifndef MMIODBG_SCRIPT_LINES_H
#define MMIODBG_SCRIPT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* The longest line, in bytes. */
enum { LONGEST_LINE = 1 << 20 };

struct lines {
	int fd; /* the caller's */
	char *buffer;
	size_t capacity;
	size_t start, end; /* of what was read and not given out */
	size_t looked;     /* up to here there is no newline */
	bool ended;        /* nothing more can be read */
	uint64_t number;   /* of the line that was given out last, from 1 */
};

struct error *lines_init(struct lines *lines, int fd)
	__attribute__((nonnull, warn_unused_result));
void lines_deinit(struct lines *lines);

/* Whether the next line, or the end, is there without waiting for it. */
bool lines_ready(struct lines *lines) __attribute__((nonnull));

/*
 * The next line without its end (LF, or CR LF), which may be missing in the
 * last one; NULL at the end. It is valid, and may be changed, until the next
 * call. Errors: a line that is too long or holds a NUL (ERROR_USAGE), a failed
 * read (ERROR_FAILED); ERROR_INTERRUPTED in a shell.
 */
struct error *lines_next(struct lines *lines, char **ret)
	__attribute__((nonnull, warn_unused_result));

#endif
