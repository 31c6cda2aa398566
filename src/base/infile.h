/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is read and checked as a whole before anything is done with its
 * bytes, however long it is: what is no regular file, or is text, is kept in a
 * temporary file without a name meanwhile.
 */
#ifndef MMIODBG_BASE_INFILE_H
#define MMIODBG_BASE_INFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;
struct in_file;

enum in_file_form {
	IN_FILE_RAW,
	IN_FILE_HEX,     /* base/hexdump.h */
	IN_FILE_NOT_HEX, /* raw; refused if it looks like the other form */
};

/* Asked now and then while it is read, and at the end: whether it may have so
 * many bytes, or more. An error ends the reading, so that endless input has an
 * end. */
typedef struct error *in_file_fits(void *data, uint64_t bytes);

/*
 * Reads all of it; "-" is standard input. `fits` may be NULL. Errors name the
 * file: ERROR_USAGE for what is in it, else what the system says; but
 * ERROR_INTERRUPTED if a signal comes while more is waited for
 * (base/interrupt.h).
 */
struct error *in_file_open(const char *path, enum in_file_form form,
			   in_file_fits *fits, void *data, struct in_file **ret)
	__attribute__((nonnull(1, 5), warn_unused_result));

/* Its bytes; what text stands for, and not the text. */
uint64_t in_file_size(const struct in_file *file) __attribute__((nonnull));

/* As errors call it. */
const char *in_file_name(const struct in_file *file)
	__attribute__((nonnull, returns_nonnull));

/* Bytes of it from an offset on, all of them: a file that has become shorter
 * since is an error. */
struct error *in_file_read(struct in_file *file, uint64_t offset, void *ret,
			   size_t length)
	__attribute__((nonnull, warn_unused_result));

/* Legal on NULL. */
void in_file_close(struct in_file *file);

DEFINE_CLEANUP(in_file, struct in_file, in_file_close)
#define cleanup_in_file cleanup_with(in_file_cleanup_)

#endif
