/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <time.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "cmd/watch.h"
#include "plan/element.h"
#include "plan/histogram.h"

bool watching_is_ended(const struct watching *watching)
{
	return interrupt_pending() || watch_printer_failed(watching->printer);
}

/* With what was lost before it; false: it is lost, too. */
static bool put(struct watching *watching, struct watch_item *item)
{
	item->clock = item->time + (uint64_t)watching->setup.offset;
	item->lost = watching->lost;
	if (!watch_put(watching->printer, item))
		return false;
	watching->lost = 0;
	return true;
}

static void lose(struct watching *watching, uint64_t count)
{
	watching->lost += count;
	watching->setup.lost += count;
}

/* Whether a value is another one, as far as that counts. */
static bool differs(const struct watch_state *state, uint64_t left,
		    uint64_t right)
{
	return ((left ^ right) & state->mask) != 0;
}

/* What is known of a column, as an item; `before` is what was told of it. */
static struct watch_item item_of(const struct watching *watching, size_t column,
				 uint64_t sample, uint64_t time)
{
	const struct watch_state *state = &watching->states[column];
	struct watch_item item = {
		.event = WATCH_SAME,
		.column = (uint32_t)column,
		.count = 1,
		.sample = sample,
		.time = time,
		.value = state->value,
		.has_before = state->told_known,
		.before = state->told_value,
		.changes = state->changes,
	};

	if (!state->told) {
		item.event = WATCH_FIRST;
	} else if (state->told_failed) {
		item.event = WATCH_BACK;
		item.away = time > state->since ? time - state->since : 0;
	} else if (differs(state, state->value, state->told_value)) {
		item.event = WATCH_CHANGE;
	}
	return item;
}

static bool tell_value(struct watching *watching, size_t column,
		       uint64_t sample, uint64_t time)
{
	struct watch_state *state = &watching->states[column];
	struct watch_item item = item_of(watching, column, sample, time);

	if (!put(watching, &item))
		return false;
	state->told = state->told_known = true;
	state->told_failed = false;
	state->told_value = state->value;
	return true;
}

/* The neighbours that failed alike. */
void watching_tell_rest(struct watching *watching)
{
	struct watch_failures *failures = &watching->failures;
	struct watch_item item = {
		.event = WATCH_FAILURE,
		.column = (uint32_t)failures->first,
		.count = (uint32_t)failures->count,
		.sample = failures->sample,
		.time = failures->time,
		.error = failures->error,
	};
	bool fits;

	if (!failures->error)
		return;
	fits = put(watching, &item);
	if (!fits) {
		lose(watching, failures->news);
		error_destroy(failures->error);
	}
	for (size_t i = 0; fits && i < failures->count; i++) {
		struct watch_state *state =
			&watching->states[failures->first + i];

		state->told = state->told_failed = true;
	}
	*failures = (struct watch_failures){0};
}

/* Whether a failure of a column is about to be told. */
static bool is_held(const struct watching *watching, size_t column)
{
	const struct watch_failures *failures = &watching->failures;

	return failures->error && column >= failures->first &&
	       column - failures->first < failures->count;
}

/* Whether there is nothing to tell of a value that is known. */
static bool is_told(const struct watch_state *state)
{
	return state->told && !state->told_failed &&
	       !((state->value ^ state->told_value) & state->shown);
}

static void forget_untold(struct watch_state *state)
{
	error_destroy(state->untold);
	state->untold = NULL;
}

void watching_tell(struct watching *watching, size_t column, uint64_t sample,
		   const struct element_result *result)
{
	const struct watch_column *of = &watching->columns[column];
	struct watch_state *state = &watching->states[column];
	bool another =
		!state->known || differs(state, state->value, result->value);
	bool news = another || state->failed;
	bool all = watching->context->options->all && !of->hidden;

	if (is_held(watching, column))
		watching_tell_rest(watching);
	forget_untold(state);
	state->changes += another && state->known;
	state->known = true;
	state->failed = false;
	state->value = result->value;
	if (watching->histogram && !of->hidden)
		histogram_add(watching->histogram, column,
			      result->value & state->mask, result->time);
	if (of->hidden && !state->told_failed)
		return;
	if (!all && is_told(state))
		return;
	watching_tell_rest(watching);
	if (!tell_value(watching, column, sample, result->time) &&
	    (news || all)) {
		lose(watching, 1);
		state->lost = sample;
	}
}

/* Whether a failure is told with those that are held back: of one location. */
static bool is_alike(const struct watching *watching, size_t column,
		     uint64_t sample, const struct error *error)
{
	const struct watch_failures *failures = &watching->failures;
	const struct watch_column *columns = watching->columns;

	return failures->error && failures->sample == sample &&
	       failures->first + failures->count == column &&
	       columns[failures->first].location == columns[column].location &&
	       failures->error->kind == error->kind &&
	       strcmp(failures->error->message, error->message) == 0;
}

/* Whether the next samples try it again, before it is told: as long as one
 * access would be tried again, if it may come back. Then it is kept. */
static bool is_tried_again(const struct watching *watching,
			   struct watch_state *state, const struct error *error)
{
	if (watching->context->options->all || state->failed ||
	    (error->kind != ERROR_REVOKED && error->kind != ERROR_UNKNOWN &&
	     error->kind != ERROR_ASLEEP))
		return false;
	if (!state->untold)
		state->untold_since = watching->sampled;
	if (clock_now() - state->untold_since >= watching->whole.retry)
		return false;
	if (!state->untold || state->untold->kind != error->kind) {
		forget_untold(state);
		state->untold = error_copy(error);
	}
	return true;
}

static void tell_failure(struct watching *watching, size_t column,
			 uint64_t sample, const struct error *error)
{
	struct watch_failures *failures = &watching->failures;
	const struct watch_column *of = &watching->columns[column];
	struct watch_state *state = &watching->states[column];
	bool all = watching->context->options->all && !of->hidden;
	/* What an access has met of that is told by the mappings, too. */
	int errnum = error->kind == ERROR_UNMAPPED ? 0 : error->errnum;
	bool news = all || !state->failed || state->kind != error->kind ||
		    state->errnum != errnum;

	if (!news && (state->told_failed || is_held(watching, column)))
		return;
	if (!state->failed)
		state->since =
			state->untold ? state->untold_since : clock_now();
	state->failed = true;
	state->kind = error->kind;
	state->errnum = errnum;
	if (is_alike(watching, column, sample, error)) {
		failures->count++;
		failures->news += news;
		return;
	}
	watching_tell_rest(watching);
	*failures = (struct watch_failures){
		.error = error_copy(error),
		.first = column,
		.count = 1,
		.news = news,
		.sample = sample,
		.time = clock_now(),
	};
}

void watching_tell_failure(struct watching *watching, size_t column,
			   uint64_t sample, const struct error *error)
{
	struct watch_column *of = &watching->columns[column];
	struct watch_state *state = &watching->states[column];
	const struct error *first;

	if (!of->hidden)
		of->failures++;
	if (is_tried_again(watching, state, error))
		return;
	/* It tells of the attempts. */
	first = state->untold && state->untold->kind == error->kind
			? state->untold
			: error;
	tell_failure(watching, column, sample, first);
	forget_untold(state);
}

void watching_tell_untold(struct watching *watching)
{
	for (size_t i = 0; i < watching->n_columns; i++) {
		struct watch_state *state = &watching->states[i];

		if (state->untold)
			tell_failure(watching, i, watching->setup.samples,
				     state->untold);
		forget_untold(state);
	}
	watching_tell_rest(watching);
}

/* Whether there is a last value to tell of a column. */
static bool is_owed(const struct watching *watching, size_t column)
{
	const struct watch_state *state = &watching->states[column];

	return state->known && !state->failed && !is_told(state) &&
	       (!watching->columns[column].hidden || state->told_failed);
}

/* Whether its last sample was counted as lost. */
static bool is_lost(const struct watching *watching, size_t column)
{
	return is_owed(watching, column) &&
	       watching->states[column].lost == watching->setup.samples;
}

/* What is told after all is not lost, unless that was told. */
static void regain(struct watching *watching)
{
	for (size_t i = 0; i < watching->n_columns; i++) {
		if (!is_lost(watching, i))
			continue;
		if (watching->lost) {
			watching->lost--;
			watching->setup.lost--;
		} else {
			watching->states[i].lost = 0;
		}
	}
}

/* What could not be told from this column on. */
static void lose_again(struct watching *watching, size_t column)
{
	for (size_t i = column; i < watching->n_columns; i++)
		lose(watching, is_lost(watching, i));
}

void watching_tell_owed(struct watching *watching)
{
	static const struct timespec moment = {.tv_nsec = 1000000};

	regain(watching);
	for (size_t i = 0; i < watching->n_columns; i++) {
		if (!is_owed(watching, i))
			continue;
		while (!tell_value(watching, i, watching->setup.samples,
				   watching->sampled)) {
			if (interrupt_look() ||
			    watch_printer_failed(watching->printer)) {
				lose_again(watching, i);
				return;
			}
			nanosleep(&moment, NULL);
		}
	}
}
