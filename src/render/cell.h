/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the cells of tables are made with; NULL when memory runs out, which is
 * an empty cell. The caller frees. */
#ifndef MMIODBG_RENDER_CELL_H
#define MMIODBG_RENDER_CELL_H

#include <json-c/json.h>
#include <stdint.h>

char *cell_print(const char *format, ...)
	__attribute__((format(printf, 1, 2), warn_unused_result));

/* NULL of NULL. */
char *cell_copy(const char *text) __attribute__((warn_unused_result));

/* "3:0", or "7": bits as a location has them behind ".". NULL of none. */
char *cell_bits(unsigned low, unsigned bits)
	__attribute__((warn_unused_result));

/* Adds "bits": {high, low}, unless there are none. */
void json_add_bits(json_object *object, unsigned low, unsigned bits)
	__attribute__((nonnull));

#endif
