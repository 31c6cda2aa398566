/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The items of the lists of a snapshot's file, as they are read: each by a
 * table of its members. For reader_list(); `data` is the struct snapshot that
 * the item is added to.
 */
#ifndef MMIODBG_SNAPSHOT_PART_H
#define MMIODBG_SNAPSHOT_PART_H

#include "snapshot/reader.h"

struct error *part_read_type(struct reader *reader, void *data)
	__attribute__((nonnull, warn_unused_result));
struct error *part_read_device(struct reader *reader, void *data)
	__attribute__((nonnull, warn_unused_result));
struct error *part_read_register(struct reader *reader, void *data)
	__attribute__((nonnull, warn_unused_result));

/* For their members. A text that is not empty, in place of none. */
struct error *part_text(struct reader *reader, char **text)
	__attribute__((nonnull, warn_unused_result));

/* "7:4". */
struct error *part_bits(struct reader *reader, unsigned *ret_high,
			unsigned *ret_low)
	__attribute__((nonnull, warn_unused_result));

/* Whether there may be one more. */
struct error *part_check_room(const struct reader *reader, size_t count)
	__attribute__((nonnull, warn_unused_result));

#define PART_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Defines the reader of a member that is a text. */
#define PART_TEXT(function, type, field)                                       \
	static struct error *function(struct reader *reader, void *object)     \
	{                                                                      \
		return part_text(reader, &((struct type *)object)->field);     \
	}

/* Defines the reader of one that is true or false. */
#define PART_BOOLEAN(function, type, field)                                    \
	static struct error *function(struct reader *reader, void *object)     \
	{                                                                      \
		return reader_boolean(reader,                                  \
				      &((struct type *)object)->field);        \
	}

#endif
