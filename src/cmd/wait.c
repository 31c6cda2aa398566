/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cmd/access.h"
#include "cmd/condition.h"
#include "plan/condition.h"
#include "plan/run.h"
#include "render/access.h"
#include "render/value.h"
#include "target/borrow.h"
#include "target/session.h"

/* Nanoseconds. Readings are confirmed in groups, for as long as a group is not
 * old. */
enum { DEFAULT_INTERVAL = 1000000, LONGEST_GROUP = 10000000 };

struct waiting {
	const struct command_context *context;
	struct condition_plan of;
	struct run *run;
	uint64_t start, end; /* clock_now(); UINT64_MAX: without end */
	uint64_t interval;
	uint64_t samples;
	uint64_t group;   /* when the group of readings began; 0: none */
	uint64_t elapsed; /* until it held, or the time was over */
	bool met;
	uint64_t value;      /* of the last sample */
	struct error *error; /* of one that failed */
	/* The last one, for -v. */
	bool told, failed;
	struct element element;
	struct element_result result;
	unsigned bursts; /* before the first */
};

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	struct waiting *waiting = data;

	waiting->told = true;
	waiting->failed = result->error;
	waiting->element = *element;
	waiting->result = *result;
	waiting->result.error = NULL;
	if (result->error && !waiting->error)
		waiting->error = error_copy(result->error);
}

/* What was read is confirmed. */
static struct error *settle(struct waiting *waiting)
{
	if (!waiting->group)
		return NULL;
	waiting->group = 0;
	run_settle(waiting->run);
	if (!waiting->error)
		return NULL;
	waiting->met = false;
	return error_subject(steal(waiting->error),
			     operation_name(waiting->of.plan.operations));
}

/* An access is not tried again when the time is over. */
static uint64_t time_to_retry(const struct waiting *waiting)
{
	uint64_t now = clock_now(), retry = waiting->of.plan.retry;
	uint64_t left = now < waiting->end ? waiting->end - now : 0;

	return left < retry ? left : retry;
}

/* Reads once. Anything that fails ends the wait. */
static struct error *sample(struct waiting *waiting)
{
	const struct plan *plan = &waiting->of.plan;
	struct error *error = NULL;
	bool fine;

	if (!waiting->group)
		error = run_check(waiting->run, plan);
	if (error)
		return error;
	if (!waiting->group)
		waiting->group = clock_now();
	waiting->samples++;
	run_retry(waiting->run, time_to_retry(waiting));
	fine = run_add(waiting->run, plan);
	waiting->met =
		fine && run_peek(waiting->run, &waiting->value) &&
		condition_holds(&waiting->of.condition, plan, waiting->value);
	if (fine && !waiting->met &&
	    clock_now() - waiting->group < LONGEST_GROUP)
		return NULL;
	return settle(waiting);
}

/* Until the next sample is due, or the time is over. */
static struct error *pause_before(struct waiting *waiting, uint64_t next)
{
	uint64_t now = clock_now();
	struct error *error = NULL;

	if (next > waiting->end)
		next = waiting->end;
	if (next > now && next - now >= LONGEST_GROUP)
		error = settle(waiting);
	if (!error && next > now)
		session_wait(waiting->of.session, next - now);
	if (!error && interrupt_pending())
		error = error_create(ERROR_INTERRUPTED, 0, "interrupted");
	return error;
}

static uint64_t next_time(const struct waiting *waiting)
{
	uint64_t next;

	return __builtin_add_overflow(clock_now(), waiting->interval, &next)
		       ? UINT64_MAX
		       : next;
}

static struct error *wait_for_it(struct waiting *waiting)
{
	for (;;) {
		uint64_t next = next_time(waiting);
		struct error *error = sample(waiting);
		uint64_t now = clock_now();

		waiting->elapsed = now - waiting->start;
		if (error || waiting->met)
			return error;
		if (now >= waiting->end)
			return settle(waiting);
		error = pause_before(waiting, next);
		if (error)
			return error;
	}
}

static struct error *timed_out(const struct waiting *waiting)
{
	char limit[DURATION_LENGTH];

	return error_evidence(
		condition_plan_failed(&waiting->of, ERROR_TIMEOUT,
				      waiting->value),
		"%llu sample%s within %s", (unsigned long long)waiting->samples,
		waiting->samples == 1 ? "" : "s",
		duration_format(waiting->context->options->timeout, limit));
}

static void put_text(const struct waiting *waiting)
{
	const struct condition_plan *of = &waiting->of;
	const struct operation *operation = of->plan.operations;
	const struct options *options = waiting->context->options;
	cleanup_free char *value =
		operation_value_text(of->session, operation, waiting->value);
	cleanup_free char *name = NULL;
	uint64_t time = waiting->elapsed;

	if (options->quiet) {
		uint64_t shown = operation_shown(operation, waiting->value);

		printf("0x%0*llx\n",
		       (int)(operation_shown_bits(operation) + 3) / 4,
		       (unsigned long long)shown);
		return;
	}
	name = text_escape(operation_name(operation),
			   strlen(operation_name(operation)));
	printf("%s = %s after %llu.%06llu ms\n", name ? name : "?",
	       value ? value : "?", (unsigned long long)time / 1000000,
	       (unsigned long long)time % 1000000);
}

static void put_json(const struct waiting *waiting, const struct error *error)
{
	const struct condition_plan *of = &waiting->of;
	const struct options *options = waiting->context->options;
	json_object *tail = json_tail(error);
	cleanup_free char *text = NULL;
	struct json_document document;

	json_document_init(&document, options->json_lines, NULL,
			   json_head("wait", of->session));
	if (waiting->samples) {
		text = condition_text(&of->condition);
		json_object_object_add(tail, "condition", json_text(text));
		json_object_object_add(tail, "met",
				       json_object_new_boolean(waiting->met));
		json_object_object_add(
			tail, "samples",
			json_object_new_int64((int64_t)waiting->samples));
		json_object_object_add(
			tail, "elapsed_nanoseconds",
			json_object_new_int64((int64_t)waiting->elapsed));
	}
	if (waiting->samples && (!error || error->kind == ERROR_TIMEOUT))
		json_add_operation_value(tail, of->session, of->plan.operations,
					 waiting->value);
	json_document_end(&document, tail);
}

/* Up to the first sample. */
static struct error *prepare(const struct command_context *context,
			     struct condition_plan *ret)
{
	const struct options *options = context->options;
	struct error *error = NULL;

	if (options->plan.stop)
		error = error_help(error_create(ERROR_USAGE, 0,
						"while the target stands still "
						"nothing is waited for"),
				   "leave --stop out");
	*ret = (struct condition_plan){0};
	return error ? error
		     : condition_plan_make(context, options->arguments,
					   options->n_arguments, ret);
}

/* Of the accesses only the last one is told: there may be millions. */
static void put_last(const struct waiting *waiting, const struct error *error)
{
	const struct element *element = &waiting->element;
	const struct element_result *result = &waiting->result;
	struct access_renderer renderer = {
		.format = FORMAT_NONE,
		.verbose = true,
		.session = waiting->of.session,
	};
	struct run_sink sink = access_renderer_start(&renderer, "wait");
	struct run_summary summary = {
		.pauses = borrow_pauses(waiting->of.session),
	};
	struct access_record record = {
		.backend = result->backend,
		.address = element->site.address,
		.bits = element->operation->value_bits,
		.known = result->known && !waiting->failed,
		.value = result->value,
		.attempts = result->attempts,
		.nanoseconds = result->nanoseconds,
		.waited = result->waited,
		.error = waiting->failed ? error : NULL,
	};

	sink.access(sink.data, element, &record);
	if (!waiting->failed)
		sink.element(sink.data, element, result);
	summary.pauses.bursts -= waiting->bursts;
	access_renderer_end(&renderer, &summary, NULL);
	diagnostic_note("%llu sample%s in %llu.%06llu ms, of which the last is "
			"told",
			(unsigned long long)waiting->samples,
			waiting->samples == 1 ? "" : "s",
			(unsigned long long)waiting->elapsed / 1000000,
			(unsigned long long)waiting->elapsed % 1000000);
}

static struct error *run_wait(struct waiting *waiting)
{
	const struct options *options = waiting->context->options;
	struct run_sink sink = {.data = waiting, .element = on_element};
	const struct plan *plan = &waiting->of.plan;
	struct error *error = run_create(waiting->of.session, plan->retry,
					 plan->force, &sink, &waiting->run);

	if (error)
		return error;
	waiting->interval =
		options->has_interval ? options->interval : DEFAULT_INTERVAL;
	waiting->bursts = borrow_pauses(waiting->of.session).bursts;
	waiting->start = clock_now();
	waiting->end = UINT64_MAX;
	if (options->has_timeout &&
	    __builtin_add_overflow(waiting->start, options->timeout,
				   &waiting->end))
		waiting->end = UINT64_MAX;
	error = wait_for_it(waiting);
	if (!error && !waiting->met)
		error = timed_out(waiting);
	return error;
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	struct waiting waiting = {.context = context};
	struct error *error = prepare(context, &waiting.of);

	*ret_status = STATUS_DONE;
	if (!error)
		access_warn(context, &waiting.of.plan);
	if (!error && context->options->dry_run)
		error = access_walk_dry(context, &waiting.of.plan, ret_status);
	else if (!error)
		error = run_wait(&waiting);
	if (context->options->verbose && waiting.told)
		put_last(&waiting, error);
	if (context->options->json && !context->options->dry_run)
		put_json(&waiting, error);
	else if (!error && !context->options->dry_run)
		put_text(&waiting);
	run_destroy(waiting.run);
	condition_plan_deinit(&waiting.of);
	return error;
}

static struct error *check(const struct command_context *context)
{
	cleanup_condition_plan struct condition_plan of;

	return prepare(context, &of);
}

const struct command command_wait = {
	.name = "wait",
	.arguments = "LOCATION OP [VALUE]",
	.summary = "wait until a condition holds; tell how long it took",
	.help = "  wait @uio0+0x4.0 eq 0 --timeout 2s   a bit; 124 if it does "
		"not "
		"come to be 0\n"
		"  wait @uio0+0x4 clear 0x80            all these bits are "
		"0\n\n"
		"OP is eq, ne, lt, le, gt, ge, set or clear; VALUE is a number "
		"or "
		"a name that the type\nhas for one. Without it set and clear "
		"are "
		"about all bits.\n",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS |
		  GROUP_VALUES | GROUP_INTERVAL | GROUP_WAIT,
	.check = check,
	.run = run,
};
