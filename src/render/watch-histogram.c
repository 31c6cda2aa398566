/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At the end of `watch --histogram`: how often each value was there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plan/element.h"
#include "plan/histogram.h"
#include "render/cell.h"
#include "render/json.h"
#include "render/table.h"
#include "render/value.h"
#include "render/watch-form.h"

typedef unsigned long long ull;

/* A line of the table: a value, or one of the sums behind them. */
struct line {
	const struct watch_setup *setup;
	const struct watch_column *column;
	const struct histogram_row *row; /* NULL: a sum */
	const char *word;                /* of the sum */
	uint64_t count, total;           /* total: of the column */
};

static char *text_of_place(const void *row)
{
	const struct line *line = row;

	return cell_copy(line->column->label);
}

static char *text_of_value(const void *row)
{
	const struct line *line = row;

	if (!line->row)
		return cell_copy(line->word);
	return cell_print(
		"0x%0*llx",
		(int)(operation_shown_bits(line->column->operation) + 3) / 4,
		(ull)operation_shown(line->column->operation,
				     line->row->value));
}

static char *text_of_meaning(const void *row)
{
	const struct line *line = row;
	const struct operation *operation = line->column->operation;
	char *meaning;

	if (!line->row || line->column->masked || !operation->has_view ||
	    !operation->means)
		return NULL;
	meaning = value_meaning(line->setup->session, &operation->view,
				operation_shown(operation, line->row->value),
				operation_shown_bits(operation));
	if (meaning && *meaning == ' ')
		memmove(meaning, meaning + 1, strlen(meaning));
	return meaning;
}

static char *text_of_count(const void *row)
{
	const struct line *line = row;

	return cell_print("%llu", (ull)line->count);
}

/* In hundredths of a percent, rounded. */
static char *text_of_share(const void *row)
{
	const struct line *line = row;
	double share = 100.0 * (double)line->count / (double)line->total;

	return cell_print("%.2f%%", share);
}

static char *time_text(const struct line *line, uint64_t time)
{
	char text[WATCH_TIME_LENGTH];

	return cell_copy(watch_time(
		line->setup, time, time + (uint64_t)line->setup->offset, text));
}

static char *text_of_first(const void *row)
{
	const struct line *line = row;

	return line->row ? time_text(line, line->row->first) : NULL;
}

static char *text_of_last(const void *row)
{
	const struct line *line = row;

	return line->row ? time_text(line, line->row->last) : NULL;
}

static const struct table_column columns[] = {
	{.name = "PLACE", .text = text_of_place},
	{.name = "VALUE", .text = text_of_value},
	{.name = "MEANING", .text = text_of_meaning},
	{.name = "COUNT", .text = text_of_count, .right = true},
	{.name = "SHARE", .text = text_of_share, .right = true},
	{.name = "FIRST", .text = text_of_first, .right = true},
	{.name = "LAST", .text = text_of_last, .right = true},
};

enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void add_sum(struct line *lines, size_t *count, const struct line *like,
		    const char *word, uint64_t sum)
{
	struct line *line = &lines[*count];

	if (!sum)
		return;
	*line = *like;
	line->row = NULL;
	line->word = word;
	line->count = sum;
	++*count;
}

/* The values of each column, and behind them what is not one. `lines` has room
 * for two sums a column. */
static size_t make_lines(const struct watch_setup *setup,
			 struct histogram *histogram, struct line *lines)
{
	size_t n_rows, at = 0, count = 0;
	const struct histogram_row *rows = histogram_rows(histogram, &n_rows);

	for (size_t i = 0; i < setup->n_columns; i++) {
		const struct watch_column *column = &setup->columns[i];
		struct line like = {
			.setup = setup,
			.column = column,
			.total = histogram_total(histogram, i) +
				 column->failures,
		};

		for (; at < n_rows && rows[at].of == i; at++) {
			like.row = &rows[at];
			like.count = rows[at].count;
			lines[count++] = like;
		}
		add_sum(lines, &count, &like, "others",
			histogram_others(histogram, i));
		add_sum(lines, &count, &like, "failed", column->failures);
	}
	return count;
}

static size_t most_lines(const struct watch_setup *setup,
			 struct histogram *histogram)
{
	size_t n_rows;

	histogram_rows(histogram, &n_rows);
	return n_rows + 2 * setup->n_columns;
}

struct error *watch_histogram_print(const struct watch_setup *setup,
				    struct histogram *histogram)
{
	static const struct table_options options = {0};
	size_t most = most_lines(setup, histogram), count, shown = 0;
	cleanup_free struct line *lines = calloc(most + 1, sizeof(*lines));
	cleanup_free const void **rows = calloc(most + 1, sizeof(*rows));
	const struct table_column *chosen[N_COLUMNS];
	bool meanings = false;

	if (!lines || !rows)
		return error_no_memory();
	count = make_lines(setup, histogram, lines);
	for (size_t i = 0; i < count; i++) {
		cleanup_free char *meaning = text_of_meaning(&lines[i]);

		rows[i] = &lines[i];
		meanings |= meaning && *meaning;
	}
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (meanings || columns[i].text != text_of_meaning)
			chosen[shown++] = &columns[i];
	return table_print(chosen, shown, rows, count, &options);
}

static void add_time(json_object *object, const char *key,
		     const struct watch_setup *setup, uint64_t time)
{
	char text[WATCH_TIME_LENGTH];

	json_object_object_add(object, key,
			       json_object_new_string(watch_rfc3339(
				       time + (uint64_t)setup->offset, text)));
}

/* Only the bits that were counted: of others of the register nothing is known,
 * and some bits of a value have no meaning. */
static void add_value(json_object *object, const struct line *line)
{
	const struct operation *operation = line->column->operation;
	uint64_t value = line->row->value;

	if (line->column->masked) {
		json_add_value(object, "value",
			       operation_shown(operation, value),
			       operation_shown_bits(operation));
		return;
	}
	json_add_operation_value(object, line->setup->session, operation,
				 value);
	json_object_object_del(object, "raw");
}

static json_object *json_line(const struct line *line)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "location",
			       json_text(line->column->location));
	json_object_object_add(object, "place", json_text(line->column->place));
	if (line->column->operation->has_view)
		json_object_object_add(object, "name",
				       json_text(line->column->label));
	if (line->row)
		add_value(object, line);
	else
		json_object_object_add(object, "sum",
				       json_object_new_string(line->word));
	json_add_number(object, "count", line->count);
	if (line->row) {
		add_time(object, "first", line->setup, line->row->first);
		add_time(object, "last", line->setup, line->row->last);
	}
	return object;
}

json_object *watch_histogram_json(const struct watch_setup *setup,
				  struct histogram *histogram)
{
	size_t most = most_lines(setup, histogram), count;
	cleanup_free struct line *lines = calloc(most + 1, sizeof(*lines));
	json_object *list = json_object_new_array();

	count = lines ? make_lines(setup, histogram, lines) : 0;
	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, json_line(&lines[i]));
	return list;
}
