/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root of everything that is read of the machine. It is "/", or the top of
 * a captured tree (a folder with proc/ and sys/ in it): so a machine that we
 * do not have can be looked at, and is a test.
 *
 * Paths have no leading slash: "proc/iomem". Only text that we made goes into
 * them, never a name that came from a target without a check.
 */
#ifndef MMIODBG_BASE_ROOT_H
#define MMIODBG_BASE_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"

struct error;

struct root {
	int fd;        /* the folder */
	bool captured; /* not the running machine */
};

/* `prefix` NULL or "": the running machine. */
struct error *root_init(struct root *root, const char *prefix)
	__attribute__((nonnull(1), warn_unused_result));
void root_deinit(struct root *root);

/*
 * The whole of a file below `dirfd`, NUL-terminated, as the kernel gives it,
 * however long. 0, or -1 with errno.
 */
int file_read(int dirfd, const char *path, char **ret, size_t *ret_length)
	__attribute__((nonnull(2, 3), warn_unused_result));

/* A small text file without its trailing newline, or NULL with errno. */
char *file_line(int dirfd, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/*
 * Field `field` (from 3: the state) of a file such as /proc/PID/stat, of which
 * proc(5) tells. The second, a name of the target's choice, may hold anything.
 * NULL: not there; errno says why.
 */
char *stat_field(int dirfd, unsigned field, const char *format, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));

/* A file that holds one number in C's notation. False: none there. */
bool file_number(int dirfd, uint64_t *ret, const char *format, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));

/* Where a symbolic link points, or NULL with errno. */
char *link_target(int dirfd, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* The last component of where a symbolic link points, or NULL. */
char *link_basename(int dirfd, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* Opens for reading, close-on-exec; -1 with errno. */
int file_open(int dirfd, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));
FILE *file_stream(int dirfd, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* The names in a folder without dot files, sorted as numbers where they are
 * numbers, NULL-terminated; NULL with errno. names_free() releases. */
char **folder_names(int dirfd, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));
void names_free(char **names);

DEFINE_CLEANUP(names, char *, names_free)
#define cleanup_names cleanup_with(names_cleanup_)

#endif
