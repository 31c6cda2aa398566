/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is written as a whole or not at all: aside, in the same folder,
 * and put in its place when all of it is on the disk. Until then, and whatever
 * happens, the file that was there before stays as it was.
 *
 * A symbolic link is followed: what it points to is replaced, and the link
 * stays. The new file has the permissions of the old one, and its owner and
 * group where we may give them; without an old one the umask decides. Other
 * names of the old file (hard links) keep the old content.
 *
 * What is no regular file (a terminal, /dev/null, a pipe with a name), and
 * standard output ("-"), is never replaced: it is written to as we go.
 *
 * A signal of base/interrupt.h ends the writing, also where that waits for a
 * reader: ERROR_INTERRUPTED. A pipe with a name that has no reader any more is
 * an error, EPIPE, and no SIGPIPE; that of standard output is one.
 */
#ifndef MMIODBG_BASE_OUTFILE_H
#define MMIODBG_BASE_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/cleanup.h"

struct error;
struct out_file;

/*
 * Finds out whether the file can be written, and begins. The errors of all
 * functions here name the path. Opening a pipe with a name waits for a reader.
 */
struct error *out_file_open(const char *path, struct out_file **ret)
	__attribute__((nonnull, warn_unused_result));

/* Where it is written to; for "-" that is stdout. It belongs to the file. */
FILE *out_file_stream(struct out_file *file)
	__attribute__((nonnull, returns_nonnull));

/* Whether people will see it. */
bool out_file_is_terminal(const struct out_file *file) __attribute__((nonnull));

/* Whether nothing is to be seen of it before it is committed. */
bool out_file_is_aside(const struct out_file *file) __attribute__((nonnull));

/*
 * Whether something could not be written, as far as the stream has tried to;
 * and why, or NULL. Of stdout the error does not say why: main() does.
 */
bool out_file_is_lost(const struct out_file *file) __attribute__((nonnull));
struct error *out_file_check(const struct out_file *file)
	__attribute__((nonnull, warn_unused_result));

/*
 * All is written: it goes to the disk, and in its place. If that fails, or
 * something was lost before, there is an error, and the old file stays. `file`
 * is released in any case. Of stdout nothing is done or told here: main() looks
 * after that.
 */
struct error *out_file_commit(struct out_file *file)
	__attribute__((nonnull, warn_unused_result));

/* What was written aside goes, and `file` is released. Legal on NULL. */
void out_file_abandon(struct out_file *file);

DEFINE_CLEANUP(out_file, struct out_file, out_file_abandon)
#define cleanup_out_file cleanup_with(out_file_cleanup_)

/* What would keep out_file_open() from making this file, as far as that can be
 * told without making it; NULL: nothing. */
struct error *out_file_foresee(const char *path)
	__attribute__((nonnull, warn_unused_result));

#endif
