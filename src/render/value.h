/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a register's value means, by its C type: "(FAST)", "{ en = 1 }". */
#ifndef MMIODBG_RENDER_VALUE_H
#define MMIODBG_RENDER_VALUE_H

#include <json-c/json.h>
#include <stdint.h>

struct element;
struct field;
struct operation;
struct scalar;
struct session;
struct view;

/* What an element is called: its place, or with a type "regs.ring[3]". The
 * caller frees; NULL when memory runs out. */
char *element_label(const struct element *element)
	__attribute__((nonnull, warn_unused_result));

/*
 * Behind a value of `bits`: " (FAST)", " (-2)", " { en = 1, mode = 4 (FAST) }",
 * or "". `session` tells what pointers lead to; NULL: nothing does. The caller
 * frees; NULL when memory runs out.
 */
char *value_meaning(const struct session *session, const struct view *view,
		    uint64_t value, unsigned bits)
	__attribute__((nonnull(2), warn_unused_result));

/* What a field has in a register's value, as above: "4 (FAST)". The caller
 * frees; NULL when memory runs out. */
char *field_text(const struct session *session, const struct field *field,
		 uint64_t value)
	__attribute__((nonnull(2), warn_unused_result));

/* What `read` calls an operation: by its type, or as the user wrote it. */
const char *operation_name(const struct operation *operation)
	__attribute__((nonnull, returns_nonnull));

/* A whole value of an operation as `read` shows it: "0x00003009 { en = 1 }", or
 * the bits that were asked for. The caller frees; NULL when memory runs out. */
char *operation_value_text(const struct session *session,
			   const struct operation *operation, uint64_t value)
	__attribute__((nonnull, warn_unused_result));

/* Adds "value", "num", "raw" and what the type tells, of a value that is known:
 * the members of an element in `read --json`. */
void json_add_operation_value(json_object *object,
			      const struct session *session,
			      const struct operation *operation, uint64_t value)
	__attribute__((nonnull));

/* The part of a device that an address of the target is in, "@uio0+0x10"; NULL:
 * in none, or no memory. The caller frees. */
char *device_place(const struct session *session, uint64_t address)
	__attribute__((nonnull, warn_unused_result));

/* "type", "enum", "signed", "float", "points_to" and "fields", as they apply.
 * `session` may be NULL, as above. */
void json_add_meaning(json_object *object, const struct session *session,
		      const struct view *view, uint64_t value, unsigned bits)
	__attribute__((nonnull(1, 3)));

#endif
