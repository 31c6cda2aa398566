/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects: what an expression leads to in a target, with its C type. Pointers
 * on the way are read from the target's ordinary memory (process_vm_readv
 * refuses device mappings: target/remote.h), so this touches no device.
 */
#ifndef MMIODBG_PLAN_OBJECT_H
#define MMIODBG_PLAN_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "names/type.h"
#include "plan/shown.h"

struct error;
struct location;
struct name_expression;
struct name_step;
struct place;
struct session;

struct object {
	struct anchor at;
	type_id type;        /* NO_TYPE: none is known, or it is void */
	const char *untyped; /* then: why, or NULL */
	bool has_size;       /* without a type: as the symbol table has it */
	uint64_t size;
	bool is_function;
	/* A bit-field: bits of a unit of unit_size bytes at `at`. */
	unsigned bits; /* 0: none */
	unsigned low, unit_size;
	bool has_bit; /* ".N" behind a scalar */
	unsigned bit;
	/* What it is a member of: for fields that are named beside it. */
	bool has_parent;
	struct anchor parent_at;
	type_id parent;
};

/*
 * The object of a place that is a name (BASE_POINTER, BASE_VARIABLE or
 * BASE_NAME), without the place's offset. Errors point into the location's text
 * at the step that fails.
 */
struct error *object_find(struct session *session,
			  const struct location *location,
			  const struct place *place, struct object *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Goes on from an object to a member of it: the steps of `path`, of which the
 * name is the first. `text` is what they were written in, for errors; `whole`
 * what the object is called there.
 */
struct error *object_walk(struct session *session, const char *text,
			  const char *whole, const struct name_expression *path,
			  struct object *object)
	__attribute__((nonnull, warn_unused_result));

/* A member of a struct or union by its name, through anonymous ones: `*object`
 * is the struct, and becomes the member. ERROR_NO_NAME with the nearest. */
struct error *object_member(struct session *session, const char *name,
			    struct object *object)
	__attribute__((nonnull, warn_unused_result));

#endif
