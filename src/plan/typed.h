/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locations with a type: a name of the target, or any place with -t. What is
 * written in names (a member, a field, an enumerator) becomes numbers here;
 * what is left is a location like any other, for each register.
 */
#ifndef MMIODBG_PLAN_TYPED_H
#define MMIODBG_PLAN_TYPED_H

#include <stdbool.h>

#include "plan/layout.h"
#include "plan/location.h"
#include "plan/shown.h"

struct error;
struct plan_options;
struct session;

struct typed {
	/* The location with bits and values as numbers; its texts are borrowed
	 * from the one that was given. */
	struct location location;
	struct anchor at;
	bool has_type;        /* else it is a place, and no more */
	struct layout layout; /* its registers */
	bool is_struct;       /* even if it is but one register */
	bool some_bits;       /* numbered bits of it, not the whole object */
	/* A place without a type: bytes of the object as the symbol table has
	 * it, or 0; and bits, if one access reads that. */
	uint64_t symbol_size;
	unsigned symbol_bits;
	const char *untyped; /* why there is no type, or NULL */
};

/* Whether names have to be looked up for a location. */
bool typed_is_wanted(const struct location *location,
		     const struct plan_options *options)
	__attribute__((nonnull));

/* What can be said of the names in it before a target is known. */
struct error *typed_check(const struct location *location,
			  const struct plan_options *options)
	__attribute__((nonnull, warn_unused_result));

/* Looks the names up. Touches no device. typed_deinit() releases `*ret`. */
struct error *typed_find(struct session *session,
			 const struct location *location,
			 const struct plan_options *options, struct typed *ret)
	__attribute__((nonnull, warn_unused_result));
/* The type of what a location names, in words: "enum mode, bits 3 to 1 of 32".
 * `*ret` is NULL if it has none; the caller frees. */
struct error *typed_describe(struct session *session,
			     const struct location *location, char **ret)
	__attribute__((nonnull, warn_unused_result));

void typed_deinit(struct typed *typed);

#define cleanup_typed cleanup_with(typed_deinit)

#endif
