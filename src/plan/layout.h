/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an object to the registers that it consists of. A register is what one
 * access reads: a scalar of its own width, or the unit that bit-fields share.
 * Padding belongs to none. Members of a union that are the same register are
 * one; what two registers would both read is refused, for a device would be
 * read twice.
 */
#ifndef MMIODBG_PLAN_LAYOUT_H
#define MMIODBG_PLAN_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/type.h"

struct error;
struct names;
struct object;

/* What a value means. */
struct scalar {
	enum type_kind kind; /* TYPE_OTHER: no more than bits */
	bool is_signed, is_character;
	/* TYPE_ENUM: its enumerators, and how many. They are `names`'s. */
	const struct enumerator *enumerators;
	size_t n_enumerators;
};

/* Some bits of a register that have a name. */
struct field {
	char *name; /* as it is written behind the register's label and "." */
	unsigned high, low;
	struct scalar scalar;
};

/* What a register is called and made of. */
struct view {
	char *label; /* "regs.status" */
	char *type;  /* as C writes it; NULL: a unit of bit-fields */
	struct scalar scalar;
	struct field *fields;
	size_t n_fields;
};

/* A register, or an array of equal ones. */
struct register_layout {
	uint64_t offset; /* from the object on, bytes */
	unsigned bytes;  /* 1, 2, 4 or 8 */
	uint64_t count;  /* at least 1 */
	bool is_array;   /* even if it has one element */
	bool is_big;     /* of big-endian order, by its type */
	struct view view;
};

struct layout {
	struct register_layout *items; /* ascending, disjoint */
	size_t count, capacity;
};

/* What an object is called, and what its members are called behind: ptr:regs,
 * but regs.id. */
struct labels {
	const char *whole, *of_members;
};

/*
 * The registers of an object with a type: of a scalar the one, of a bit-field
 * its unit, without fields.
 * layout_deinit() releases `*ret`. Errors: ERROR_WIDTH for what no access can
 * read, ERROR_USAGE for what has to be named more closely.
 */
struct error *layout_make(struct names *names, const struct object *object,
			  const struct labels *labels, struct layout *ret)
	__attribute__((nonnull, warn_unused_result));
void layout_deinit(struct layout *layout);

/* What values of a type mean, aliases passed over. */
struct error *scalar_of(struct names *names, type_id id, struct scalar *ret)
	__attribute__((nonnull, warn_unused_result));

/* The value of a name: of an enumerator, or of a boolean true and false. False:
 * it has none such. */
bool scalar_named_value(const struct scalar *scalar, const char *name,
			uint64_t *ret) __attribute__((nonnull));

void view_deinit(struct view *view);

#define cleanup_layout cleanup_with(layout_deinit)

#endif
