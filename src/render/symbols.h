/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of a target as rows of a table: where they are, what they are, what
 * they point to. */
#ifndef MMIODBG_RENDER_SYMBOLS_H
#define MMIODBG_RENDER_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/names.h"
#include "render/table.h"

struct session;

struct symbol_row {
	const struct session *session;
	char *name;           /* as a location has it */
	struct symbol symbol; /* what the name starts with */
	char *scope;          /* that selects that */
	bool has_address;
	uint64_t address;
	bool has_size;
	uint64_t size; /* bytes; of a bit-field: of its unit */
	unsigned bits; /* of a bit-field, or of one bit; 0: neither */
	unsigned low;
	char *type; /* as C writes it; NULL: not known */
	bool is_function;
	bool is_pointer;
	bool has_value; /* the pointer could be read */
	uint64_t value;
	char *problem; /* why it has no address, type or value; or NULL */
};

struct symbol_row_list {
	struct symbol_row *items;
	size_t count, capacity;
};

void symbol_rows_deinit(struct symbol_row_list *list);

/* Of rows that are `struct symbol_row`. */
extern const struct table_column symbol_columns[];
extern const size_t n_symbol_columns;

/* The last component of a path. */
const char *last_component(const char *path)
	__attribute__((nonnull, returns_nonnull));

#define cleanup_symbol_rows cleanup_with(symbol_rows_deinit)

#endif
