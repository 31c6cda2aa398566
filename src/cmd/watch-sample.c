/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <time.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "cmd/watch.h"
#include "plan/element.h"
#include "plan/run.h"
#include "target/session.h"

/* Nanoseconds: for so long samples wait to be confirmed together; what has gone
 * is not looked for more often; and if nothing can be sampled, the target's
 * mappings are not read more often. */
enum {
	LONGEST_GROUP = 10000000,
	REPLAN_PAUSE = 100000000,
	UNFIT_PAUSE = 1000000,
};

/* A tag is of a sample and a source. */
static struct watch_source *source_of(const struct watching *watching,
				      const struct element *element)
{
	return &watching->sources[element->tag % watching->n_sources];
}

static size_t column_of(const struct watch_source *source,
			const struct element *element)
{
	return source->columns[element->operation - source->plan.operations] +
	       (size_t)element->index;
}

static bool holds(const struct watching *watching,
		  const struct operation *operation, uint64_t *value)
{
	const struct condition_plan *until = &watching->until;

	if (watching->until_swapped)
		*value = __builtin_bswap64(*value) >>
			 (64 - operation->value_bits);
	return condition_holds(&until->condition, &until->plan, *value);
}

/* Whether an element is the one that the condition is about, and has a value.
 */
static bool is_condition(const struct watching *watching,
			 const struct element *element,
			 const struct element_result *result)
{
	return watching->until.session && !result->error && result->known &&
	       column_of(source_of(watching, element), element) ==
		       watching->until_column;
}

/* If the condition seems to hold, the samples are confirmed at once. */
static bool on_made(void *data, const struct element *element,
		    const struct element_result *result)
{
	struct watching *watching = data;
	uint64_t value = result->value;

	if (is_condition(watching, element, result))
		watching->may_hold |=
			holds(watching, element->operation, &value);
	return true;
}

/* Of a condition that had an access of its own, and failed then: that it has a
 * value again comes with the register that is watched. */
static void tell_back(struct watching *watching, const struct element *element,
		      const struct element_result *result, uint64_t value)
{
	size_t own = watching->sources[watching->locations.count].columns[0];
	struct element_result as_own = *result;

	if (own == watching->until_column || !watching->states[own].failed)
		return;
	as_own.value = value;
	watching_tell(watching, own, element->tag / watching->n_sources,
		      &as_own);
}

static void check_condition(struct watching *watching,
			    const struct element *element,
			    const struct element_result *result)
{
	uint64_t value = result->value;

	if (watching->met || !is_condition(watching, element, result))
		return;
	watching->met = holds(watching, element->operation, &value);
	watching->until_value = value;
	watching->has_until_value = true;
	tell_back(watching, element, result, value);
}

static void end_by(struct watching *watching, const struct error *error)
{
	if (!watching->error)
		watching->error = error_copy(error);
}

static void fail(struct watching *watching, struct watch_source *source,
		 size_t column, uint64_t sample, const struct error *error)
{
	source->fails = true;
	source->failed = sample;
	if (!source->last || source->last->kind != error->kind) {
		error_destroy(source->last);
		source->last = error_copy(error);
	}
	watching_tell_failure(watching, column, sample, error);
}

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	struct watching *watching = data;
	struct watch_source *source = source_of(watching, element);
	uint64_t sample = element->tag / watching->n_sources;
	size_t column = column_of(source, element);

	if (!result->error) {
		watching->told = sample;
		source->valued = sample;
		watching_tell(watching, column, sample, result);
		check_condition(watching, element, result);
	} else if (result->error->kind == ERROR_GONE) {
		end_by(watching, result->error);
	} else if (!interrupt_pending() || result->made) {
		watching->told = sample;
		fail(watching, source, column, sample, result->error);
	} else {
		/* It may be the signal that has made it fail. */
		watching->incomplete = true;
	}
}

struct error *watching_create_run(struct watching *watching)
{
	struct run_sink sink = {
		.data = watching,
		.element = on_element,
		.made = on_made,
	};
	struct plan *plan = &watching->whole;

	run_destroy(watching->run);
	watching->run = NULL;
	return run_create(watching->session, plan->retry, plan->force, &sink,
			  &watching->run);
}

/* Finds out which sources can be sampled. Without memory none can. */
static struct error *check_sources(struct watching *watching)
{
	size_t count = watching->n_sources, n_plans = 0;
	cleanup_free const struct plan **plans = calloc(count, sizeof(*plans));
	cleanup_free struct error **errors = calloc(count, sizeof(*errors));
	struct error *error;

	if (!plans || !errors)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		if (watching->sources[i].ready)
			plans[n_plans++] = &watching->sources[i].plan;
	error = run_check_each(watching->run, plans, n_plans, errors);
	if (error)
		return error;
	n_plans = 0;
	for (size_t i = 0; i < count; i++) {
		struct watch_source *source = &watching->sources[i];

		if (!source->ready)
			continue;
		error_destroy(source->unfit);
		source->unfit = errors[n_plans++];
		if (source->unfit && source->unfit->kind == ERROR_GONE)
			end_by(watching, source->unfit);
	}
	return steal(watching->error);
}

/* Whether what some source is about may be elsewhere now. */
static bool has_moved(const struct watching *watching)
{
	for (size_t i = 0; i < watching->n_sources; i++) {
		const struct watch_source *source = &watching->sources[i];

		if (!source->ready ||
		    (source->unfit && (source->unfit->kind == ERROR_UNMAPPED ||
				       source->unfit->kind == ERROR_REPLACED)))
			return true;
	}
	return false;
}

/* Before the samples that are confirmed together. */
static struct error *begin_group(struct watching *watching)
{
	struct timespec real;
	struct error *error = check_sources(watching);

	if (!error && has_moved(watching) &&
	    clock_now() - watching->replanned >= REPLAN_PAUSE) {
		error = watching_replan(watching);
		if (!error)
			error = check_sources(watching);
	}
	if (error)
		return error;
	watching->any_unfit = false;
	watching->all_unfit = true;
	for (size_t i = 0; i < watching->n_sources; i++) {
		bool unfit = watching->sources[i].unfit != NULL;

		watching->any_unfit |= unfit;
		watching->all_unfit &= unfit;
	}
	interrupt_look();
	watching->group = clock_now();
	clock_gettime(CLOCK_REALTIME, &real);
	watching->setup.offset = (int64_t)real.tv_sec * 1000000000 +
				 real.tv_nsec - (int64_t)watching->group;
	return NULL;
}

/* The condition is not sampled if its value comes with another source. */
static bool is_sampled(const struct watching *watching, size_t i)
{
	return i < watching->locations.count ||
	       watching->sources[i].columns[0] == watching->until_column;
}

/* Of a source that could not be sampled each column fails. */
static void tell_unfit(struct watching *watching)
{
	for (size_t i = 0; i < watching->n_sources; i++) {
		struct watch_source *source = &watching->sources[i];

		if (!is_sampled(watching, i))
			continue;
		for (size_t j = 0; source->unfit && j < source->n_columns; j++)
			fail(watching, source, source->columns[0] + j,
			     watching->setup.samples, source->unfit);
	}
}

/* What was sampled is confirmed, and told. */
static struct error *settle(struct watching *watching)
{
	if (!watching->group)
		return NULL;
	watching->group = 0;
	run_settle(watching->run);
	watching->may_hold = false;
	/* It ends with a part of a sample, which counts if it has told
	 * anything.
	 */
	watching->setup.samples -= watching->incomplete &&
				   watching->told < watching->setup.samples;
	watching->incomplete = false;
	tell_unfit(watching);
	watching_tell_rest(watching);
	for (size_t i = 0; i < watching->n_sources; i++) {
		struct watch_source *source = &watching->sources[i];

		source->failing = source->fails;
		source->fails = false;
	}
	return steal(watching->error);
}

/* Whether no sample is due behind this one. */
static bool is_last(const struct watching *watching)
{
	const struct options *options = watching->context->options;

	return options->has_samples &&
	       watching->setup.samples >= options->samples;
}

/* When the next sample is due; UINT64_MAX: none is. */
static uint64_t time_of_next(const struct watching *watching)
{
	uint64_t next;

	if (is_last(watching))
		return UINT64_MAX;
	if (!watching->interval)
		return watching->sampled + UNFIT_PAUSE;
	if (__builtin_mul_overflow(watching->tick + 1, watching->interval,
				   &next) ||
	    __builtin_add_overflow(next, watching->setup.start, &next))
		return UINT64_MAX;
	return next;
}

/* For how long an access of this sample is tried again. What fails is not
 * waited for at each sample, nor is the next one held up, nor the end. */
static uint64_t time_to_retry(const struct watching *watching,
			      const struct watch_source *source)
{
	uint64_t now = clock_now(), next = time_of_next(watching);
	uint64_t retry = watching->whole.retry;

	if (source->failing)
		return 0;
	if (next > watching->end)
		next = watching->end;
	if (now >= next)
		return 0;
	return next - now < retry ? next - now : retry;
}

/* All accesses of one sample. False: it is to be settled. */
static bool make_accesses(struct watching *watching)
{
	bool fine = true;

	for (size_t i = 0; i < watching->n_sources; i++) {
		const struct watch_source *source = &watching->sources[i];

		if (source->unfit || !is_sampled(watching, i))
			continue;
		run_tag(watching->run,
			watching->setup.samples * watching->n_sources + i);
		run_retry(watching->run, time_to_retry(watching, source));
		if (interrupt_pending()) {
			watching->incomplete = true;
			return false;
		}
		fine &= run_add(watching->run, &source->plan);
		/* It may have stopped before the first element. */
		watching->incomplete |= !fine && interrupt_pending();
	}
	return fine && !interrupt_pending();
}

static struct error *sample(struct watching *watching)
{
	struct watch_setup *setup = &watching->setup;
	struct error *error = watching->group ? NULL : begin_group(watching);
	uint64_t now = clock_now();
	bool fine;

	if (error)
		return error;
	if (setup->samples && now - watching->sampled > setup->gap)
		setup->gap = now - watching->sampled;
	watching->sampled = now;
	setup->samples++;
	watch_count(watching->printer, setup->samples);
	fine = make_accesses(watching);
	if (fine && !watching->any_unfit && !watching->may_hold &&
	    !is_last(watching) && clock_now() - watching->group < LONGEST_GROUP)
		return NULL;
	return settle(watching);
}

static bool is_over(const struct watching *watching)
{
	return watching->met || watching_is_ended(watching) ||
	       is_last(watching) || clock_now() >= watching->end;
}

/* When the next sample is due. A time that has passed already is now; and of
 * those that were due before, it is known that they were missed. */
static uint64_t next_time(struct watching *watching)
{
	uint64_t start = watching->setup.start, now = clock_now(), next;
	uint64_t passed;

	if (!watching->interval && watching->all_unfit)
		now += UNFIT_PAUSE;
	if (!watching->interval)
		return now < watching->end ? now : watching->end;
	passed = (now - start) / watching->interval;
	if (passed > watching->tick) {
		watching->setup.missed += passed - watching->tick - 1;
		watching->tick = passed;
		return now;
	}
	watching->tick++;
	if (__builtin_mul_overflow(watching->tick, watching->interval, &next) ||
	    __builtin_add_overflow(next, start, &next))
		next = UINT64_MAX;
	return next < watching->end ? next : watching->end;
}

/* Until then, or until it is over. */
static struct error *wait_until(struct watching *watching, uint64_t time)
{
	int descriptors[] = {
		watching->session->process.pidfd,
		watch_printer_descriptor(watching->printer),
	};
	uint64_t now = clock_now();
	struct error *error = NULL;

	if (now < time && time - now >= LONGEST_GROUP)
		error = settle(watching);
	for (; !error && now < time && !watching_is_ended(watching);
	     now = clock_now()) {
		if (session_ended(watching->session))
			return session_gone(watching->session);
		interrupt_wait(descriptors, 2, time - now);
	}
	return error;
}

struct error *watching_sample(struct watching *watching)
{
	struct error *error = watching_create_run(watching);

	while (!error) {
		error = sample(watching);
		if (error || is_over(watching))
			break;
		error = wait_until(watching, next_time(watching));
		if (is_over(watching))
			break;
	}
	return error ? error : settle(watching);
}
