/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types of the target's program, as plain data. A type names others by number;
 * names_type() gives the type of a number when it is asked for. What a file
 * says may be wrong in any way: types that contain themselves, sizes that do
 * not fit. Whoever walks them bounds the walk.
 */
#ifndef MMIODBG_NAMES_TYPE_H
#define MMIODBG_NAMES_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number of a type in a `struct names`. */
typedef uint32_t type_id;

/* No type: void, or nothing is known. */
#define NO_TYPE ((type_id)0)

enum type_kind {
	TYPE_INTEGER, /* also characters */
	TYPE_BOOLEAN,
	TYPE_FLOAT,
	TYPE_ENUM,
	TYPE_POINTER, /* also references */
	TYPE_ARRAY,   /* of one dimension */
	TYPE_STRUCT,  /* also classes */
	TYPE_UNION,
	TYPE_ALIAS, /* a typedef, or a qualifier: `target` is what it means */
	TYPE_FUNCTION, /* what a pointer may point to */
	TYPE_OTHER,    /* what we cannot read: complex numbers, vectors */
};

struct enumerator {
	char *name;
	uint64_t value; /* sign-extended to 64 bits if it is negative */
};

struct member {
	char *name; /* NULL: anonymous, or a base class */
	type_id type;
	uint64_t offset; /* bytes; of a bit-field: of its unit */
	/* A bit-field: bits low to low + bits - 1 of a unit of unit_size bytes
	 * at `offset`: what its declared type would occupy, or where that
	 * goes beyond the struct or into a member that is no bit-field, the
	 * smallest one that holds it. */
	unsigned bits; /* 0: none */
	bool from_top; /* counted from the most significant bit, in the file */
	unsigned low, unit_size;
	const char *problem; /* why it cannot be read, or NULL; static */
};

struct type {
	enum type_kind kind;
	/* "struct regs", "uint32_t", "const" of a qualifier; NULL: it has none
	 * of its own (pointers, arrays, anonymous ones). */
	char *name;
	/* Bytes. A struct that is only declared has none, and neither has an
	 * array without bounds. */
	bool has_size;
	uint64_t size;
	bool is_signed;    /* TYPE_INTEGER, TYPE_ENUM */
	bool is_character; /* TYPE_INTEGER */
	bool is_big;       /* stored in big-endian order, by an attribute */
	bool is_qualifier; /* TYPE_ALIAS: const, volatile and the like */
	bool is_reference; /* TYPE_POINTER of C++, which is what it points to */
	/* What a pointer points to, an array consists of, an alias means. */
	type_id target;
	bool has_count; /* TYPE_ARRAY: its bound is known */
	uint64_t count;
	bool is_declaration; /* of a struct, union or enum: not its layout */
	struct member *members;
	size_t n_members;
	struct enumerator *enumerators;
	size_t n_enumerators;
};

#endif
