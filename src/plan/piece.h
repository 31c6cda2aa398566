/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The making of a layout: a type is taken apart into pieces, which know their
 * names within the aggregate at hand only. Private to layout.c and piece.c.
 */
#ifndef MMIODBG_PLAN_PIECE_H
#define MMIODBG_PLAN_PIECE_H

#include "plan/layout.h"

/*
 * A register while the layout is made. Its label is a path from the aggregate
 * at hand, and for a unit of bit-fields, which has no name, the distance from
 * that. Names of fields are paths from there, too.
 */
struct piece {
	struct register_layout layout;
	char *path;        /* "" or "status" or "ring[2].head" */
	char *own_path;    /* of a member, where `path` is its union; or NULL */
	bool is_unit;      /* bit-fields have it */
	uint64_t distance; /* of a unit from the start of `path` */
	bool is_named;     /* `path` is the register itself */
};

struct pieces {
	struct piece *items;
	size_t count, capacity;
	size_t *work; /* of the whole layout, while it is made; borrowed */
};

void pieces_deinit(struct pieces *pieces);

/* The registers of a type, ascending and disjoint. Errors as layout_make(). */
struct error *pieces_make(struct names *names, type_id id, struct pieces *ret)
	__attribute__((nonnull, warn_unused_result));

/* "a" before "b": "a.b"; before "[1]": "a[1]"; one of them may be empty. The
 * caller frees; NULL when memory runs out. */
char *path_join(const char *prefix, const char *path)
	__attribute__((nonnull, warn_unused_result));

#define cleanup_pieces cleanup_with(pieces_deinit)

#endif
