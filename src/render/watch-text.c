/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `watch` as text: a line for each change. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/text.h"
#include "plan/element.h"
#include "render/changes.h"
#include "render/diagnostic.h"
#include "render/watch-form.h"

#define RED   "\033[31m"
#define PLAIN "\033[0m"

enum { SECOND = 1000000000, MICROSECOND = 1000 };

typedef unsigned long long ull;

const char *watch_time(const struct watch_setup *setup, uint64_t time,
		       uint64_t clock, char buffer[WATCH_TIME_LENGTH])
{
	uint64_t since = time > setup->start ? time - setup->start : 0;
	time_t seconds = (time_t)(clock / SECOND);
	struct tm local;

	if (setup->relative || !localtime_r(&seconds, &local)) {
		snprintf(buffer, WATCH_TIME_LENGTH, "+%llu.%06llu",
			 (ull)since / SECOND,
			 (ull)since % SECOND / MICROSECOND);
		return buffer;
	}
	snprintf(buffer, WATCH_TIME_LENGTH, "%02d:%02d:%02d.%06llu",
		 local.tm_hour, local.tm_min, local.tm_sec,
		 (ull)clock % SECOND / MICROSECOND);
	return buffer;
}

const char *watch_rfc3339(uint64_t clock, char buffer[WATCH_TIME_LENGTH])
{
	time_t seconds = (time_t)(clock / SECOND);
	struct tm utc = {0};
	size_t used;

	gmtime_r(&seconds, &utc);
	used = strftime(buffer, WATCH_TIME_LENGTH, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buffer + used, WATCH_TIME_LENGTH - used, ".%09lluZ",
		 (ull)clock % SECOND);
	return buffer;
}

uint64_t watch_changed(const struct watch_setup *setup,
		       const struct watch_item *item)
{
	const struct operation *operation = setup->columns[item->column].shape;

	if (!item->has_before)
		return 0;
	return operation_shown(operation, item->value) ^
	       operation_shown(operation, item->before);
}

void watch_put_lost(uint64_t lost)
{
	printf("%llu sample%s lost\n", (ull)lost,
	       lost == 1 ? " was" : "s were");
}

/* A line of its own when another day begins, for times do not tell. */
static void put_day(struct watch_output *output, uint64_t clock)
{
	time_t seconds = (time_t)(clock / SECOND);
	struct tm local;
	char text[32];

	if (output->setup->relative || !localtime_r(&seconds, &local))
		return;
	if (output->day >= 0 && output->day != local.tm_yday &&
	    strftime(text, sizeof(text), "%Y-%m-%d", &local))
		puts(text);
	output->day = local.tm_yday;
}

/* What a value was before, and for how long there was none. */
static void put_history(FILE *stream, const struct watch_output *output,
			const struct watch_item *item, uint64_t changed)
{
	const struct watch_setup *setup = output->setup;
	bool back = item->event == WATCH_BACK;

	if (!back && !changed)
		return;
	fputs(" (", stream);
	if (back)
		fprintf(stream, "back after %llu.%06llu s%s",
			(ull)item->away / SECOND,
			(ull)item->away % SECOND / MICROSECOND,
			changed ? "; " : "");
	if (changed)
		put_change(stream, setup->session,
			   setup->columns[item->column].operation, item->before,
			   changed);
	fputc(')', stream);
}

/* What stands behind the label; NULL when memory runs out. */
static char *value_text(const struct watch_output *output,
			const struct watch_item *item)
{
	const struct watch_setup *setup = output->setup;
	uint64_t changed = watch_changed(setup, item);
	const struct operation *operation;
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	watch_lock(output->printer);
	operation = setup->columns[item->column].operation;
	put_digits(stream, operation, item->value, changed, setup->color);
	put_meaning(stream, setup->session, operation, item->value);
	put_history(stream, output, item, changed);
	watch_unlock(output->printer);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

static void put_label(const struct watch_output *output, uint32_t column)
{
	const char *label = output->setup->columns[column].label;
	cleanup_free char *shown = text_escape(label, strlen(label));

	fputs(shown ? shown : "?", stdout);
}

static void put_failure(const struct watch_output *output,
			const struct watch_item *item)
{
	const struct error *error = item->error;
	cleanup_free char *message =
		text_escape(error->message, strlen(error->message));
	bool color = output->setup->color;

	put_label(output, item->column);
	if (item->count > 1) {
		fputs(" to ", stdout);
		put_label(output, item->column + item->count - 1);
		printf(" (%" PRIu32 " elements)", item->count);
	}
	printf(": %s%s%s\n", color ? RED : "", message ? message : "?",
	       color ? PLAIN : "");
}

static void put_text(struct watch_output *output, const struct watch_item *item)
{
	char time[WATCH_TIME_LENGTH];
	cleanup_free char *text = NULL;

	put_day(output, item->clock);
	if (item->lost)
		watch_put_lost(item->lost);
	watch_time(output->setup, item->time, item->clock, time);
	printf("%s ", time);
	if (item->event == WATCH_FAILURE) {
		put_failure(output, item);
		return;
	}
	text = value_text(output, item);
	put_label(output, item->column);
	printf(" = %s\n", text ? text : "?");
}

/* Standard output has values only, and only of what is watched. */
static void put_quiet(struct watch_output *output,
		      const struct watch_item *item)
{
	const struct watch_column *column =
		&output->setup->columns[item->column];
	const struct operation *operation = column->shape;

	if (item->lost)
		diagnostic_note("%llu sample%s lost", (ull)item->lost,
				item->lost == 1 ? " was" : "s were");
	if (column->hidden)
		return;
	for (uint32_t i = 0; item->event == WATCH_FAILURE && i < item->count;
	     i++)
		puts("-");
	if (item->event == WATCH_FAILURE)
		return;
	printf("0x%0*llx\n", (int)(operation_shown_bits(operation) + 3) / 4,
	       (ull)operation_shown(operation, item->value));
}

struct error *watch_finish_text(struct watch_output *output,
				struct histogram *histogram,
				const struct watch_result *result)
{
	const struct watch_setup *setup = output->setup;
	uint64_t lost = setup->lost;

	(void)result;
	if (lost && setup->form == &watch_quiet)
		diagnostic_note("%llu sample%s lost in all", (ull)lost,
				lost == 1 ? " was" : "s were");
	else if (lost)
		printf("%llu sample%s lost in all\n", (ull)lost,
		       lost == 1 ? " was" : "s were");
	return histogram ? watch_histogram_print(setup, histogram) : NULL;
}

const struct watch_form watch_text = {
	.put = put_text,
	.finish = watch_finish_text,
};

const struct watch_form watch_quiet = {
	.put = put_quiet,
	.finish = watch_finish_text,
};
