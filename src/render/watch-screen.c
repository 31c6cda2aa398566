/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `watch --screen`: a table of all columns that is kept up to date. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "plan/element.h"
#include "render/changes.h"
#include "render/screen.h"
#include "render/value.h"
#include "render/watch-form.h"
#include "target/session.h"

#define RED   "\033[31m"
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

/* Lines above the rows; nanoseconds. */
enum { HEADER = 2, SECOND = 1000000000, SHORTEST_FRAME = 100000000 };

typedef unsigned long long ull;

/* What is known of a column. */
struct state {
	bool known, failed;
	uint64_t value, changed; /* bits of what is shown */
	uint64_t changes;
	uint64_t time, clock; /* of the last change */
	char *message;        /* why it failed */
};

struct screen_table {
	struct screen *screen;
	struct state *states; /* of each column */
	size_t widest;        /* label */
	size_t widest_value;
	bool news;
	uint64_t drawn; /* when it last was */
	uint64_t lost;
	/* For the rate. */
	uint64_t counted, counted_at;
	double rate;
};

static void release(struct watch_output *output)
{
	struct screen_table *table = output->table;

	if (!table)
		return;
	for (size_t i = 0; table->states && i < output->setup->n_columns; i++)
		free(table->states[i].message);
	free(table->states);
	screen_destroy(table->screen);
	free(table);
	output->table = NULL;
}

static struct error *prepare(struct watch_output *output)
{
	const struct watch_setup *setup = output->setup;
	struct screen_table *table = calloc(1, sizeof(*table));

	if (!table)
		return error_no_memory();
	output->table = table;
	table->states = calloc(setup->n_columns + 1, sizeof(*table->states));
	if (!table->states)
		return error_no_memory();
	table->widest = strlen("PLACE");
	table->widest_value = strlen("VALUE");
	for (size_t i = 0; i < setup->n_columns; i++) {
		const struct watch_column *column = &setup->columns[i];
		size_t width = screen_width(column->label);
		size_t digits =
			(operation_shown_bits(column->shape) + 3) / 4 + 2;

		if (width > table->widest)
			table->widest = width;
		if (digits > table->widest_value)
			table->widest_value = digits;
	}
	table->counted_at = setup->start;
	table->news = true;
	return screen_create(&table->screen);
}

static void fail(struct state *state, const struct error *error)
{
	state->failed = true;
	free(state->message);
	state->message = text_escape(error->message, strlen(error->message));
}

static void put(struct watch_output *output, const struct watch_item *item)
{
	struct screen_table *table = output->table;

	for (uint32_t i = 0; i < item->count; i++) {
		struct state *state = &table->states[item->column + i];

		/* The rest is about the last change. */
		if (item->event == WATCH_SAME) {
			state->value = item->value;
			continue;
		}
		state->time = item->time;
		state->clock = item->clock;
		if (item->event == WATCH_FAILURE) {
			fail(state, item->error);
			continue;
		}
		state->failed = false;
		state->known = true;
		state->value = item->value;
		state->changed = watch_changed(output->setup, item);
		state->changes = item->changes;
	}
	table->lost += item->lost;
	table->news = true;
}

/* `width` columns of a terminal, or as many as it takes. */
static void put_padded(FILE *stream, const char *text, size_t width)
{
	size_t used = screen_width(text);

	fputs(text, stream);
	for (; used < width; used++)
		fputc(' ', stream);
}

/* The value, and behind it what it means. */
static void put_known(FILE *stream, const struct watch_output *output,
		      const struct watch_column *column,
		      const struct state *state)
{
	const struct watch_setup *setup = output->setup;
	unsigned bits = operation_shown_bits(column->shape);
	size_t width = output->table->widest_value;
	char time[WATCH_TIME_LENGTH];

	put_digits(stream, column->shape, state->value, state->changed,
		   setup->color);
	fprintf(stream, "%*s", (int)(width - (bits + 3) / 4 - 2), "");
	fprintf(stream, " %10llu %16s", (ull)state->changes,
		watch_time(setup, state->time, state->clock, time));
	watch_lock(output->printer);
	put_meaning(stream, setup->session, column->operation, state->value);
	watch_unlock(output->printer);
	if (state->changed) {
		fputs("  ", stream);
		put_bits(stream, state->changed, bits);
	}
}

static void put_row(FILE *stream, const struct watch_output *output, size_t i)
{
	const struct watch_setup *setup = output->setup;
	const struct watch_column *column = &setup->columns[i];
	const struct screen_table *table = output->table;
	const struct state *state = &table->states[i];
	cleanup_free char *label =
		text_escape(column->label, strlen(column->label));
	char time[WATCH_TIME_LENGTH];

	put_padded(stream, label ? label : "?", table->widest + 1);
	if (state->failed)
		fprintf(stream, "%s%-*s %10llu %16s %s%s",
			setup->color ? RED : "", (int)table->widest_value, "-",
			(ull)state->changes,
			watch_time(setup, state->time, state->clock, time),
			state->message ? state->message : "?",
			setup->color ? PLAIN : "");
	else if (state->known)
		put_known(stream, output, column, state);
	fputc('\n', stream);
}

static void measure_rate(struct watch_output *output)
{
	struct screen_table *table = output->table;
	uint64_t now = clock_now(), counted = watch_counted(output);

	if (now - table->counted_at < SECOND)
		return;
	table->rate = (double)(counted - table->counted) * SECOND /
		      (double)(now - table->counted_at);
	table->counted = counted;
	table->counted_at = now;
}

static void put_header(FILE *stream, const struct watch_output *output)
{
	const struct watch_setup *setup = output->setup;
	const struct screen_table *table = output->table;
	cleanup_free char *name =
		text_escape(setup->session->name, strlen(setup->session->name));
	uint64_t since = clock_now() - setup->start;
	uint64_t samples = watch_counted(output);
	const char *bold = setup->color ? BOLD : "";
	const char *plain = setup->color ? PLAIN : "";
	char rate[32] = "-";

	/* In the first second it is not known. */
	if (table->counted_at != setup->start)
		snprintf(rate, sizeof(rate), "%.1f", table->rate);
	fprintf(stream,
		"process %d (%s)  %llu.%llu s  %llu sample%s  %s/s  %llu "
		"lost\n",
		(int)setup->session->process.pid, name ? name : "?",
		(ull)since / SECOND, (ull)since % SECOND / (SECOND / 10),
		(ull)samples, samples == 1 ? "" : "s", rate, (ull)table->lost);
	fprintf(stream, "%s%-*s %-*s %10s %16s MEANING, CHANGED BITS%s\n", bold,
		(int)table->widest, "PLACE", (int)table->widest_value, "VALUE",
		"CHANGES", "LAST", plain);
}

static bool is_shown(const struct watch_output *output, size_t i)
{
	return !output->setup->columns[i].hidden ||
	       output->table->states[i].failed;
}

/* The first `most` rows. */
static void put_rows(FILE *stream, const struct watch_output *output,
		     size_t most)
{
	for (size_t i = 0; i < output->setup->n_columns && most; i++) {
		if (!is_shown(output, i))
			continue;
		put_row(stream, output, i);
		most--;
	}
}

/* As many rows as have room in so many lines; 0: all. NULL when memory runs
 * out. */
static char *make_frame(const struct watch_output *output, unsigned lines)
{
	size_t rows = 0, shown;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < output->setup->n_columns; i++)
		rows += is_shown(output, i);
	shown = rows;
	if (lines && rows + HEADER > lines)
		shown = lines > HEADER + 1 ? lines - HEADER - 1 : 0;
	put_header(stream, output);
	put_rows(stream, output, shown);
	if (shown < rows && lines > HEADER)
		fprintf(stream, "%zu more row%s\n", rows - shown,
			rows - shown == 1 ? " has no room here"
					  : "s have no room here");
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

static void draw(struct watch_output *output)
{
	struct screen_table *table = output->table;
	cleanup_free char *frame =
		make_frame(output, screen_lines(table->screen));

	table->drawn = clock_now();
	table->news = !frame || !screen_draw(table->screen, frame);
}

/* At most ten times a second, and only if there is something new. Once a signal
 * is there the terminal is given back: the other thread may be in an access
 * that does not end, and then there is no end in good order. */
static void rest(struct watch_output *output)
{
	struct screen_table *table = output->table;
	bool anew = screen_heed(table->screen);
	uint64_t counted = table->counted;

	if (interrupt_pending()) {
		screen_end(table->screen);
		return;
	}
	if (!anew && clock_now() - table->drawn < SHORTEST_FRAME)
		return;
	measure_rate(output);
	if (anew || table->news || table->counted != counted)
		draw(output);
}

static int descriptor(const struct watch_output *output)
{
	return screen_descriptor(output->table->screen);
}

/* What it showed last stays. */
static void end(struct watch_output *output)
{
	cleanup_free char *frame = NULL;

	screen_end(output->table->screen);
	measure_rate(output);
	frame = make_frame(output, 0);
	fputs(frame ? frame : "", stdout);
}

const struct watch_form watch_screen = {
	.period = SHORTEST_FRAME,
	.prepare = prepare,
	.put = put,
	.rest = rest,
	.end = end,
	.descriptor = descriptor,
	.finish = watch_finish_text,
	.release = release,
};
