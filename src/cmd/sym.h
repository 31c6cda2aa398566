/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the three questions of `sym` have in common; for its own files only:
 * sym-names.c, sym-types.c and sym-into.c answer one each, sym.c chooses. */
#ifndef MMIODBG_CMD_SYM_H
#define MMIODBG_CMD_SYM_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/command.h"
#include "render/symbols.h"
#include "render/table.h"

struct error;
struct json_document;
struct names;
struct session;
struct type_layout;

/* One run of the command. */
struct inquiry {
	const struct command_context *context;
	const struct options *options;
	struct session *session;
	struct names *names;
	struct symbol_row_list rows;
	struct type_layout *layouts;
	size_t n_layouts;
	bool exceeded;
	/* By -o; without it all that is standard. */
	const struct table_column **chosen;
	size_t n_chosen;
};

/* What the arguments ask for. */
struct question {
	const char *list; /* what it is called in JSON */
	const char *none; /* what is said if there is nothing; NULL: no way */
	const struct table_column *columns;
	const size_t *n_columns;
	struct error *(*check)(const struct options *options);
	struct error *(*open)(struct inquiry *inquiry);
	struct error *(*ask)(struct inquiry *inquiry);
	struct error *(*print)(const struct inquiry *inquiry);
	void (*add_json)(const struct inquiry *inquiry,
			 struct json_document *document);
};

extern const struct question sym_question_names, sym_question_types,
	sym_question_into;

/* Whether an argument is a type, with or without a scope before it. */
bool sym_is_type(const char *text) __attribute__((nonnull));

/* Refuses -m, which only types have. */
struct error *sym_check_no_member(const struct options *options)
	__attribute__((nonnull, warn_unused_result));

/* For `open`, if the process has to be named. */
struct error *sym_open_named(struct inquiry *inquiry)
	__attribute__((nonnull, warn_unused_result));

/*
 * Prints `n_rows` rows of `size` bytes each. Shown are the columns that -o
 * names, or `standard`, to which "-o +NAME" adds then; if that is NULL, those
 * that are standard by themselves.
 */
struct error *sym_print_table(const struct inquiry *inquiry,
			      const struct table_column *columns,
			      size_t n_columns, const char *standard,
			      const void *rows, size_t n_rows, size_t size)
	__attribute__((nonnull(1, 2), warn_unused_result));

/* A new row, empty but for the session. NULL: no memory. */
struct symbol_row *sym_add_row(struct inquiry *inquiry)
	__attribute__((nonnull, warn_unused_result));

/* What has to stand before the name of `symbols[self]` to select it among all
 * of them. NULL: no memory. The caller frees. */
char *sym_scope_of(const struct symbol *symbols, size_t count, size_t self)
	__attribute__((nonnull, warn_unused_result));

/* For `add_json`, if the answer is rows of symbols. */
void sym_add_rows_json(const struct inquiry *inquiry,
		       struct json_document *document) __attribute__((nonnull));

#endif
