/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a type is laid out: a row for it, for each member, for padding and for
 * enumerators. Plain data of its own, bounded whatever the type may be. */
#ifndef MMIODBG_RENDER_LAYOUT_H
#define MMIODBG_RENDER_LAYOUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/type.h"
#include "render/table.h"

struct error;
struct names;

struct layout_row {
	enum {
		LAYOUT_TYPE, /* the whole; always the first */
		LAYOUT_MEMBER,
		LAYOUT_PADDING,
		LAYOUT_ENUMERATOR,
	} kind;
	unsigned depth;  /* the whole has 0 */
	char *name;      /* NULL: anonymous, padding, or the whole */
	char *path;      /* from the whole on: "u.raw", "ring[0].head" */
	char *type;      /* as C writes it; NULL: padding, enumerators */
	uint64_t offset; /* bytes from where the whole starts */
	bool has_size;
	uint64_t size; /* bytes; of a bit-field: of its unit */
	unsigned bits; /* of a bit-field; 0: it is none */
	unsigned low;
	uint64_t padding; /* bits */
	uint64_t value;   /* of an enumerator */
	bool is_signed;
	bool has_members;
	const char *problem; /* why it cannot be read, or NULL; static */
	bool indent;         /* how the MEMBER column shows it */
};

struct type_layout {
	struct layout_row *rows; /* what a row contains stands behind it */
	size_t count, capacity;
	bool is_enum;
	bool is_cut; /* it goes on: too deep, or too much */
};

/* The whole that is looked at: a type, or a member of one. */
struct layout_whole {
	type_id type;
	const char *name; /* of the member, or NULL */
	uint64_t offset;
	unsigned bits, low, unit_size; /* a bit-field, unless bits is 0 */
};

/* type_layout_deinit() releases `*ret`. */
struct error *type_layout_make(struct names *names,
			       const struct layout_whole *whole,
			       struct type_layout *ret)
	__attribute__((nonnull, warn_unused_result));
void type_layout_deinit(struct type_layout *layout);

/* Of rows that are `struct layout_row`. */
extern const struct table_column layout_columns[];
extern const size_t n_layout_columns;

/* {type, offset, size, members: [{name, offset, type, size, bits, members}]},
 * or with `enumerators`. */
json_object *type_layout_json(const struct type_layout *layout);

#define cleanup_type_layout cleanup_with(type_layout_deinit)

#endif
