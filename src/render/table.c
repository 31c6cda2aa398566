/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static struct error *unknown_column(const struct table_column *columns,
				    size_t n_columns, const char *names,
				    size_t start, size_t length)
{
	cleanup_free char *known = NULL;
	struct error *error;
	size_t size = 0;
	FILE *stream = open_memstream(&known, &size);

	if (!stream)
		return error_no_memory();
	for (size_t i = 0; i < n_columns; i++)
		fprintf(stream, "%s%s", i ? ", " : "", columns[i].name);
	if (fclose(stream))
		return error_no_memory();
	error = error_create(ERROR_USAGE, 0, "there is no such column");
	return error_at(error_help(error, "the columns are %s", known), names,
			start, length);
}

static const struct table_column *
find_column(const struct table_column *columns, size_t n_columns,
	    const char *name, size_t length)
{
	for (size_t i = 0; i < n_columns; i++)
		if (strlen(columns[i].name) == length &&
		    strncasecmp(columns[i].name, name, length) == 0)
			return &columns[i];
	return NULL;
}

struct error *table_choose(const struct table_column *columns, size_t n_columns,
			   const char *names, const struct table_column ***ret,
			   size_t *ret_count)
{
	cleanup_free const struct table_column **chosen = NULL;
	size_t count = 0, capacity = 0, at = 0;

	if (names && *names == '+')
		at = 1;
	for (size_t i = 0; i < n_columns && (!names || at); i++) {
		if (!columns[i].standard)
			continue;
		if (!list_grow(&chosen, count, &capacity, sizeof(*chosen)))
			return error_no_memory();
		chosen[count++] = &columns[i];
	}
	while (names) {
		size_t length = strcspn(names + at, ",");
		const struct table_column *column =
			find_column(columns, n_columns, names + at, length);

		if (!column)
			return unknown_column(columns, n_columns, names, at,
					      length);
		if (!list_grow(&chosen, count, &capacity, sizeof(*chosen)))
			return error_no_memory();
		chosen[count++] = column;
		at += length;
		if (!names[at])
			break;
		at++;
	}
	*ret = steal(chosen);
	*ret_count = count;
	return NULL;
}

static int add_columns(struct libscols_table *table,
		       const struct table_column *const *columns,
		       size_t n_columns)
{
	for (size_t i = 0; i < n_columns; i++)
		if (!scols_table_new_column(table, columns[i]->name, 0,
					    columns[i]->right ? SCOLS_FL_RIGHT
							      : 0))
			return -1;
	return 0;
}

/* libsmartcols escapes blanks in raw tables itself, and the rest there, too. */
static char *cell_text(const struct table_column *column, const void *row,
		       bool raw)
{
	cleanup_free char *text = column->text(row);

	if (!text || raw)
		return steal(text);
	return text_escape(text, strlen(text));
}

static int add_row(struct libscols_table *table,
		   const struct table_column *const *columns, size_t n_columns,
		   const void *row, bool raw)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		return -1;
	for (size_t i = 0; i < n_columns; i++) {
		char *text = cell_text(columns[i], row, raw);

		if (text && scols_line_refer_data(line, i, text) != 0) {
			free(text);
			return -1;
		}
	}
	return 0;
}

struct error *table_print(const struct table_column *const *columns,
			  size_t n_columns, const void *const *rows,
			  size_t n_rows, const struct table_options *options)
{
	struct libscols_table *table = scols_new_table();
	int failed = table ? add_columns(table, columns, n_columns) : -1;

	for (size_t i = 0; i < n_rows && !failed; i++)
		failed = add_row(table, columns, n_columns, rows[i],
				 options->raw);
	if (!failed) {
		scols_table_enable_noheadings(table, options->no_headings);
		scols_table_enable_raw(table, options->raw);
		scols_table_enable_noencoding(table, !options->raw);
		/* No column is ever cut: what it names is typed again. */
		scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
		failed = scols_print_table(table);
	}
	scols_unref_table(table);
	return failed ? error_no_memory() : NULL;
}

json_object *table_json(const struct table_column *const *columns,
			size_t n_columns, const void *row)
{
	json_object *object = json_object_new_object();

	for (size_t i = 0; i < n_columns; i++)
		columns[i]->json(row, object);
	return object;
}
