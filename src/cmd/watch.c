/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/watch.h"

#include <stdio.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "cmd/access.h"
#include "plan/histogram.h"
#include "render/diagnostic.h"
#include "target/session.h"

#define DEFAULT_INTERVAL UINT64_C(1000000000)

/* Different values, of all registers together. */
enum { MOST_VALUES = 65536 };

typedef unsigned long long ull;

/* The operations of both are those of the plans. */
static struct error *walk_dry(struct watching *watching, int *ret_status)
{
	const struct plan *until = &watching->until.plan;
	size_t count = watching->whole.count;
	cleanup_free struct operation *operations =
		calloc(count + 1, sizeof(*operations));
	struct plan both = watching->whole;

	if (!operations)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		operations[i] = watching->whole.operations[i];
	/* If it is an access of its own. */
	if (until->count && watching->columns[watching->until_column].hidden)
		operations[count++] = until->operations[0];
	both.operations = operations;
	both.count = count;
	return access_walk_dry(watching->context, &both, ret_status);
}

static const struct watch_form *form_of(const struct options *options)
{
	if (options->json)
		return options->json_lines ? &watch_json_lines : &watch_json;
	if (options->screen)
		return &watch_screen;
	return options->quiet ? &watch_quiet : &watch_text;
}

static uint64_t later(uint64_t time, uint64_t nanoseconds)
{
	uint64_t sum;

	return __builtin_add_overflow(time, nanoseconds, &sum) ? UINT64_MAX
							       : sum;
}

static struct error *set_up(struct watching *watching)
{
	const struct options *options = watching->context->options;
	struct watch_setup *setup = &watching->setup;
	struct error *error = NULL;

	setup->form = form_of(options);
	setup->session = watching->session;
	setup->columns = watching->columns;
	setup->n_columns = watching->n_columns;
	setup->relative = options->relative;
	setup->color = color_output(options);
	setup->start = clock_now();
	watching->interval =
		options->has_interval ? options->interval : DEFAULT_INTERVAL;
	watching->end = options->has_duration
				? later(setup->start, options->duration)
				: UINT64_MAX;
	if (options->histogram)
		error = histogram_create(watching->n_columns, MOST_VALUES,
					 &watching->histogram);
	return error ? error : watch_printer_create(setup, &watching->printer);
}

/* Samples, with the printer beside it. */
static struct error *run_both(struct watching *watching)
{
	struct error *error;

	interrupt_keep();
	error = watch_printer_start(watching->printer);
	if (!error) {
		error = watching_sample(watching);
		watching->setup.end = clock_now();
		watching_tell_untold(watching);
		watching_tell_owed(watching);
	}
	watch_printer_end(watching->printer);
	/* What is printed now must not hold off a signal. */
	interrupt_keep_no_more();
	return error;
}

static struct error *not_met(const struct watching *watching)
{
	const struct watch_setup *setup = &watching->setup;
	cleanup_free char *text = condition_text(&watching->until.condition);
	struct error *error;

	if (watching->has_until_value)
		error = condition_plan_failed(&watching->until, ERROR_TIMEOUT,
					      watching->until_value);
	else
		error = error_create(ERROR_TIMEOUT, 0,
				     "%s was not found out: nothing could be "
				     "read",
				     text ? text : "the condition");
	return error_evidence(error, "%llu sample%s", (ull)setup->samples,
			      setup->samples == 1 ? "" : "s");
}

/* What the last sample had: an error if no register of any location has a
 * value, and a status if some have none. */
static struct error *judge(const struct watching *watching, int *ret_status)
{
	struct diagnostic_style style = style_of(watching->context->options);
	struct error *error = NULL;
	bool failing = false, none = true;

	for (size_t i = 0; i < watching->locations.count; i++) {
		const struct watch_source *source = &watching->sources[i];

		failing |= source->failing;
		none &= source->failing && source->valued != source->failed;
	}
	for (size_t i = 0; i < watching->locations.count; i++) {
		const struct watch_source *source = &watching->sources[i];
		struct error *one;

		if (!source->failing)
			continue;
		one = error_copy(source->last);
		if (!one->subject)
			error_subject(one, (*source->location)->text);
		if (none && !error) {
			error = one;
			continue;
		}
		diagnostic_error(&style, one);
		error_destroy(one);
	}
	*ret_status = failing ? STATUS_PARTLY : STATUS_DONE;
	return error;
}

static struct error *end_of(struct watching *watching, struct error *error,
			    int *ret_status)
{
	if (error || watching->met || watching_is_ended(watching))
		return error;
	if (watching->until.session)
		return not_met(watching);
	return judge(watching, ret_status);
}

static void put_summary(const struct watching *watching)
{
	const struct watch_setup *setup = &watching->setup;
	double seconds = (double)(setup->end - setup->start) / 1e9;

	diagnostic_note("%llu sample%s in %.6f s, %.1f/s, at the longest "
			"%llu.%03llu ms apart; %llu more %s due, but it was "
			"late for them",
			(ull)setup->samples, setup->samples == 1 ? "" : "s",
			seconds, (double)setup->samples / seconds,
			(ull)setup->gap / 1000000,
			(ull)setup->gap / 1000 % 1000, (ull)setup->missed,
			setup->missed == 1 ? "was" : "were");
}

/* The end of the output, which a failure before it has, too, if it is JSON. */
static struct error *finish(struct watching *watching, struct error *error)
{
	cleanup_free char *condition = NULL;
	struct watch_result result = {.met = watching->met, .error = error};
	struct error *failed;

	if (watching->until.condition.location)
		condition = condition_text(&watching->until.condition);
	result.condition = condition;
	watching->setup.form = form_of(watching->context->options);
	watching->setup.session = watching->session;
	failed = watch_finish(&watching->setup, watching->printer,
			      watching->histogram, &result);
	if (!failed)
		return error;
	if (error)
		error_destroy(failed);
	return error ? error : failed;
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	cleanup_watching struct watching watching;
	struct error *error = watching_prepare(context, &watching);

	*ret_status = STATUS_DONE;
	if (!error)
		access_warn(context, &watching.whole);
	if (!error && context->options->dry_run)
		return walk_dry(&watching, ret_status);
	if (!error)
		error = set_up(&watching);
	if (!error)
		error = end_of(&watching, run_both(&watching), ret_status);
	error = finish(&watching, error);
	if (context->options->verbose && watching.setup.end)
		put_summary(&watching);
	watch_printer_destroy(watching.printer);
	return error;
}

static struct error *check(const struct command_context *context)
{
	cleanup_watching struct watching watching;

	return watching_prepare(context, &watching);
}

const struct command command_watch = {
	.name = "watch",
	.arguments = "LOCATION...",
	.summary = "sample registers; print what changes, and when",
	.help = "  watch @uio0+0x4 @uio0+0x10..+0x10\n"
		"  watch @uio0+0x4 --interval 0 --for 10s --histogram\n"
		"  watch @uio0+0x4 --mask 0xff --until '@uio0+0x4.0 eq 0'\n\n"
		"Goes on until a signal (Ctrl-C) ends it, or --samples, --for "
		"or --until.\n",
	.list = "samples",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS |
		  GROUP_VALUES | GROUP_INTERVAL | GROUP_WATCH,
	.check = check,
	.run = run,
};
