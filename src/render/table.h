/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables with columns to choose from, as lsblk and its kin have them. */
#ifndef MMIODBG_RENDER_TABLE_H
#define MMIODBG_RENDER_TABLE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct error;

/* One column of rows of any type. */
struct table_column {
	const char *name;
	const char *help;
	bool standard; /* shown without -o */
	bool right;    /* aligned */
	/* A cell, which the caller frees; NULL: empty. */
	char *(*text)(const void *row);
	/* The members it has in JSON, added to `object`. */
	void (*json)(const void *row, json_object *object);
};

struct table_options {
	const char *columns; /* -o: "NAME,NAME"; NULL: the standard ones */
	bool no_headings, raw;
};

/* A choice among `columns`, in order. Names are taken in any case; "+NAME"
 * first adds to the standard ones. The caller frees `*ret`. */
struct error *table_choose(const struct table_column *columns, size_t n_columns,
			   const char *names, const struct table_column ***ret,
			   size_t *ret_count)
	__attribute__((nonnull(1, 4, 5), warn_unused_result));

/* Prints `n_rows` rows, pointers to what the columns take. */
struct error *table_print(const struct table_column *const *columns,
			  size_t n_columns, const void *const *rows,
			  size_t n_rows, const struct table_options *options)
	__attribute__((warn_unused_result));

/* One row as an object. */
json_object *table_json(const struct table_column *const *columns,
			size_t n_columns, const void *row);

#endif
