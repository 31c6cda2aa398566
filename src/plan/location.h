/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locations: what a user names on the command line (DESIGN: Locations). Pure:
 * text in, a tree out; parsing depends neither on the machine nor on a target.
 *
 *     LOCATION := PLACE [ "/" WIDTH ] [ "." BITS ]
 *                 [ "=" VALUE [ ":" MASK ] { "," BITS "=" VALUE } ]
 *     PLACE    := BASE { ("+"|"-") NUMBER } | PLACE ".." ( "+" NUMBER | PLACE )
 */
#ifndef MMIODBG_PLAN_LOCATION_H
#define MMIODBG_PLAN_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "target/region.h"

struct error;

/* A piece of the argument, in bytes, for carets in later errors. It leaves out
 * the punctuation before it: "32" of "/32". */
struct text_span {
	size_t start, length;
};

enum base_kind {
	BASE_ADDRESS,  /* NUMBER: an address in the target */
	BASE_PHYSICAL, /* phys:NUMBER */
	BASE_REGION,   /* @REGION */
	BASE_POINTER,  /* ptr:EXPRESSION */
	BASE_VARIABLE, /* var:EXPRESSION */
	BASE_REGISTER, /* reg:PATH */
	BASE_NAME,     /* no prefix: an EXPRESSION or a PATH */
};

/* One step of an EXPRESSION or PATH behind its first name. */
struct name_step {
	enum {
		STEP_MEMBER, /* .NAME or ->NAME */
		STEP_NUMBER, /* .N: an index, or a bit behind a scalar */
		STEP_INDEX,  /* [N] */
	} kind;
	char *name;      /* STEP_MEMBER */
	uint64_t number; /* the others */
	struct text_span span;
};

struct name_expression {
	char *scope; /* what stands before the first "::", or NULL */
	char *name;  /* the first name; may hold further "::" (C++) */
	struct name_step *steps;
	size_t n_steps;
};

struct place {
	enum base_kind kind;
	uint64_t number;                   /* BASE_ADDRESS, BASE_PHYSICAL */
	struct region_name region;         /* BASE_REGION */
	struct name_expression expression; /* BASE_POINTER and on */
	bool has_offset;                   /* even if it sums up to 0 */
	bool offset_negative;
	uint64_t offset; /* magnitude of the sum of all offsets, bytes */
	struct text_span base_span, offset_span;
};

enum byte_order { ORDER_NATIVE, ORDER_BIG, ORDER_LITTLE };

/* An access width as it was asked for. `bits` 0: not given. */
struct width {
	unsigned bits;         /* 0, 8, 16, 32 or 64; of the value */
	enum byte_order order; /* of the device */
	bool halves;           /* 32x2: bits is 64, read as two of 32 */
};

struct bits {
	enum { BITS_NONE, BITS_RANGE, BITS_FIELD } kind;
	unsigned high, low; /* BITS_RANGE: 63 >= high >= low */
	char *field;        /* BITS_FIELD: a name of the type or description */
	struct text_span span;
};

struct value {
	enum { VALUE_NONE, VALUE_NUMBER, VALUE_NAME } kind;
	bool negative;
	uint64_t number; /* magnitude */
	char *name;      /* an enumeration's name */
	struct text_span span;
};

/* BITS "=" VALUE behind a comma. */
struct assignment {
	struct bits bits;
	struct value value;
};

struct location {
	char *text; /* the whole argument */
	struct place start;
	enum { RANGE_NONE, RANGE_LENGTH, RANGE_END } range;
	uint64_t length;  /* RANGE_LENGTH: bytes, never 0 */
	struct place end; /* RANGE_END: excluded */
	struct text_span range_span;
	struct width width;
	struct text_span width_span;
	struct bits bits;
	struct value value; /* VALUE_NONE: no "=" */
	bool has_mask;
	uint64_t mask; /* never 0 */
	struct text_span mask_span;
	struct assignment *more; /* the assignments behind the first */
	size_t n_more;
};

/*
 * Parses one argument. Errors are ERROR_USAGE, point at the place, and hint at
 * the syntax of other tools where it looks like one. `*ret` belongs to the
 * caller.
 */
struct error *location_parse(const char *text, struct location **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Whether value, mask, bits and assignments fit into the width that the
 * accesses will have, whose `bits` are not 0: the numbers among them, names
 * are not looked up. The parser has called this if the location gives a width.
 */
struct error *location_check_width(const struct location *location,
				   const struct width *width)
	__attribute__((nonnull, warn_unused_result));

/* Whether no bit is given two values, once all bits are numbers. The parser has
 * called this. */
struct error *location_check_assignments(const struct location *location)
	__attribute__((nonnull, warn_unused_result));

/* Legal on NULL. */
void location_destroy(struct location *location);

/*
 * Parses a whole argument as the name of a device or a region, with or without
 * the "@": also a PCI address without a BAR (has_part is false), "uioN" for
 * all of its maps, and a device node (/dev/uio0, /dev/mem, /dev/hpet,
 * /dev/dri/card0, /dev/vfio/N; any other absolute path is a REGION_FILE). An
 * index is refused. The caller releases it with region_name_deinit().
 */
struct error *region_name_parse(const char *text, struct region_name *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * MEMBER { "." MEMBER | "." N | "[" N "]" }, the whole of `text`; as for -m.
 * The first member is the expression's name. The caller releases `*ret` with
 * expression_deinit().
 */
struct error *member_path_parse(const char *text, struct name_expression *ret)
	__attribute__((nonnull, warn_unused_result));
void expression_deinit(struct name_expression *expression)
	__attribute__((nonnull));

/* VALUE, the whole of `text`; as in a condition. The caller frees its name. */
struct error *value_parse(const char *text, struct value *ret)
	__attribute__((nonnull, warn_unused_result));

/* WIDTH: (8|16|32|64)["be"|"le"] or 32x2, the whole of `text`; as for -w. */
struct error *width_parse(const char *text, struct width *ret)
	__attribute__((nonnull, warn_unused_result));

/* How long the place is that a location begins with, in its text: up to a
 * range, a width or bits. */
size_t location_place_length(const struct location *location)
	__attribute__((nonnull));

/* "32", "16be", "32x2": the form in which a width is written. Static. */
const char *width_name(const struct width *width);

DEFINE_CLEANUP(location, struct location, location_destroy)
#define cleanup_location cleanup_with(location_cleanup_)

#endif
