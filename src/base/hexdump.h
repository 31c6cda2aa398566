/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes as text, in the form of `hexdump -C`:
 *
 *     00000040  7f 45 4c 46 02 01 01 00  00 00       |.ELF......|
 *     0000004a
 *
 * 16 bytes a line behind the offset of the first; "*" stands for more lines
 * with the bytes of the one before; the last line is the offset of the end. A
 * byte that is not known is "--", which hexdump does not have.
 */
#ifndef MMIODBG_BASE_HEXDUMP_H
#define MMIODBG_BASE_HEXDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;

enum { HEX_ROW = 16 };

struct hex_row {
	unsigned char bytes[HEX_ROW]; /* 0 where it is not known */
	bool known[HEX_ROW];
};

struct hex_writer {
	FILE *stream;
	uint64_t offset; /* of the row */
	struct hex_row row, before;
	size_t length; /* of the row, so far */
	bool has_before, starred;
	bool any; /* there was a byte */
};

/* What is written starts at `offset`. The stream's errors stay in it. */
void hex_writer_init(struct hex_writer *writer, FILE *stream, uint64_t offset)
	__attribute__((nonnull));

/* More bytes; NULL: they are not known. */
void hex_writer_put(struct hex_writer *writer, const unsigned char *bytes,
		    size_t length) __attribute__((nonnull(1)));

/* The last row and the last line; nothing if there was no byte. */
void hex_writer_end(struct hex_writer *writer) __attribute__((nonnull));

/* Takes the bytes that a reader finds; an error ends the reading. */
typedef struct error *hex_sink(void *data, const unsigned char *bytes,
			       size_t length);

/*
 * Reads such a text to its end, wherever its offsets start, and gives the bytes
 * to `sink` in pieces of at most HEX_ROW. Nothing is guessed: each offset has
 * to follow from those before it, the last line has to be there, and "--" is
 * refused; a text between "|" has to have a character for each byte, and may be
 * missing. Errors are ERROR_USAGE, and tell the line; ERROR_FAILED if the
 * stream cannot be read; or they are the sink's.
 */
struct error *hex_read(FILE *stream, hex_sink *sink, void *data)
	__attribute__((nonnull(1, 2), warn_unused_result));

/* Whether a text begins with a line of such a form. */
bool hex_looks_like(const char *text, size_t length) __attribute__((nonnull));

#endif
