/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON, read piece by piece and strictly (RFC 8259): what a file is to hold is
 * said by tables of members, and anything else is an error, with the line: a
 * member that is not in its table, one that is there twice, one that is
 * missing, a value of another type, text that is no UTF-8. Nothing is kept but
 * what the callers keep, and a file of any size is read no further than to what
 * is wrong with it or to a limit. json-c keeps the last of two members with one
 * name, and a whole tree.
 *
 * Errors are ERROR_USAGE, "FILE:LINE: what is wrong".
 */
#ifndef MMIODBG_SNAPSHOT_READER_H
#define MMIODBG_SNAPSHOT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;

struct reader {
	FILE *stream;
	const char *file;   /* what it is called in errors */
	uint64_t line;      /* from 1 */
	uint64_t left;      /* bytes that may still come */
	int byte;           /* the next one; EOF: none, or see `failed` */
	int failed;         /* errno of a read that failed, or 0 */
	bool exceeded;      /* there was more than `left` */
	const char *member; /* whose value is read, or NULL; for errors */
};

/* A member of an object. `read` reads its value into the object; at most 64
 * of them. */
struct reader_member {
	const char *name;
	bool required;
	struct error *(*read)(struct reader *reader, void *object);
};

/* The longest text that is taken, in bytes. */
enum { READER_LONGEST = 65536 };

/* Both are borrowed. `most`: bytes. */
void reader_init(struct reader *reader, FILE *stream, const char *file,
		 uint64_t most) __attribute__((nonnull));

/* An object: "{", members of the table in any order, each once, "}". `object`
 * may be half filled when it fails. */
struct error *reader_object(struct reader *reader,
			    const struct reader_member *members,
			    size_t n_members, void *object)
	__attribute__((nonnull, warn_unused_result));

/* The same in two parts, for members that have to come first: each is read by
 * reader_first(), which `*first` tells from the others. */
struct error *reader_first(struct reader *reader, bool *first, const char *name)
	__attribute__((nonnull, warn_unused_result));
struct error *reader_rest(struct reader *reader,
			  const struct reader_member *members, size_t n_members,
			  void *object)
	__attribute__((nonnull, warn_unused_result));

/* A list; `read` reads an item. */
struct error *
reader_list(struct reader *reader,
	    struct error *(*read)(struct reader *reader, void *data),
	    void *data) __attribute__((nonnull(1, 2), warn_unused_result));

/* Text; the caller frees. Never has a NUL in it. */
struct error *reader_text(struct reader *reader, char **ret)
	__attribute__((nonnull, warn_unused_result));

/* A number from 0 to `limit`, without fraction and exponent. */
struct error *reader_number(struct reader *reader, uint64_t limit,
			    uint64_t *ret)
	__attribute__((nonnull, warn_unused_result));

/* "0x1f" as text. `digits`: so many of them; 0: 1 to 16. */
struct error *reader_hexadecimal(struct reader *reader, unsigned digits,
				 uint64_t *ret)
	__attribute__((nonnull, warn_unused_result));

struct error *reader_boolean(struct reader *reader, bool *ret)
	__attribute__((nonnull, warn_unused_result));

/* The newline behind it all, and the end of the file. */
struct error *reader_end(struct reader *reader)
	__attribute__((nonnull, warn_unused_result));

/* An error at the line that is read. */
struct error *reader_error(const struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull, returns_nonnull,
		       warn_unused_result));

#endif
