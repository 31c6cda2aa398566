/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/burst.h"

#include <json-c/linkhash.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cmd/access.h"
#include "cmd/target.h"
#include "plan/run.h"
#include "render/access.h"
#include "target/machine.h"
#include "target/session.h"

/* How many lines are kept; how many elements are held back, and for how long,
 * in nanoseconds. */
enum {
	MOST_READINGS = 1024,
	MOST_HELD = 512,
	LONGEST_HELD = 10000000,
	MOST_AWAKE = 8
};

struct reading {
	char *text;
	struct location_list locations;
	struct plan plan;
	uint64_t elements;
	bool has_index; /* a location begins with one */
	bool has_name;  /* or with a name: that is looked up each time */
	uint64_t group; /* in which its devices were seen to be awake */
};

/* A line whose elements are not all shown. */
struct pending {
	uint64_t line;
	uint64_t all, left, done, failed; /* elements */
	bool partly;
	int first_status;
};

struct burst {
	const struct command_context *context;
	burst_told *told;
	burst_at *at;
	void *data;
	struct lh_table *readings;
	uint64_t generation; /* of the target, when they were learnt */
	bool warned;
	struct run *run; /* NULL: nothing is held back */
	uint64_t group, began;
	uint64_t held; /* elements */
	/* Devices that were seen to be awake since. */
	const struct device_mapping *awake[MOST_AWAKE];
	size_t n_awake;
	struct access_renderer renderer;
	struct run_sink shown;
	struct pending *pending; /* from `first` on, in their order */
	size_t first, count, capacity;
};

static void reading_destroy(struct reading *reading)
{
	plan_deinit(&reading->plan);
	location_list_deinit(&reading->locations);
	free(reading->text);
	free(reading);
}

static void free_entry(struct lh_entry *entry)
{
	reading_destroy(lh_entry_v(entry));
}

static struct error *make_table(struct burst *burst)
{
	burst->readings = lh_kchar_table_new(2 * MOST_READINGS, free_entry);
	return burst->readings ? NULL : error_no_memory();
}

static struct error *forget_readings(struct burst *burst)
{
	lh_table_free(burst->readings);
	return make_table(burst);
}

struct error *burst_create(const struct command_context *context,
			   burst_told *told, burst_at *at, void *data,
			   struct burst **ret)
{
	struct burst *burst = calloc(1, sizeof(*burst));
	struct error *error;

	if (!burst)
		return error_no_memory();
	burst->context = context;
	burst->told = told;
	burst->at = at;
	burst->data = data;
	error = make_table(burst);
	if (error) {
		free(burst);
		return error;
	}
	*ret = burst;
	return NULL;
}

void burst_destroy(struct burst *burst)
{
	if (!burst)
		return;
	run_destroy(burst->run);
	if (burst->readings)
		lh_table_free(burst->readings);
	free(burst->pending);
	free(burst);
}

bool burst_serves(const struct command_context *context)
{
	const struct options *options = context->options;

	return !options->dry_run && !options->verbose && !options->json &&
	       !options->plan.stop && !options->plan.attach;
}

static void finish_line(struct burst *burst)
{
	struct pending *pending = &burst->pending[burst->first];
	int status = STATUS_DONE;

	access_renderer_flush(&burst->renderer);
	if (pending->failed)
		status = pending->done || pending->partly
				 ? STATUS_PARTLY
				 : pending->first_status;
	burst->told(burst->data, pending->line, status);
	burst->first++;
	burst->count--;
	if (!burst->count)
		burst->first = 0;
}

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	struct burst *burst = data;
	struct pending *pending = &burst->pending[burst->first];
	const struct error *error = result->error;

	burst->at(burst->data, pending->line);
	burst->shown.element(burst->shown.data, element, result);
	pending->done += !error;
	pending->failed += error != NULL;
	if (error && !pending->first_status)
		pending->first_status = error_kind_status(error->kind);
	if (error && result->made && error->kind != ERROR_UNSTABLE)
		pending->partly = true;
	if (--pending->left == 0)
		finish_line(burst);
}

/* Behind this, the mappings are what the session says. */
static struct error *begin(struct burst *burst)
{
	struct held_target *held = burst->context->held;
	const struct options *options = burst->context->options;
	struct run_sink sink = {.data = burst, .element = on_element};
	struct error *error;

	if (burst->run || !held->session)
		return NULL;
	error = held_target_refresh(held);
	if (!error && held->generation != burst->generation) {
		error = forget_readings(burst);
		burst->generation = held->generation;
	}
	if (!error)
		error = session_attach(held->session, false);
	if (!error)
		error = run_create(held->session, options->plan.retry,
				   options->plan.force, &sink, &burst->run);
	if (error)
		return error;
	burst->renderer = (struct access_renderer){
		.format = options->quiet ? FORMAT_QUIET : FORMAT_TEXT,
		.color = color_output(options),
		.style = style_of(options),
		.session = held->session,
	};
	burst->shown = access_renderer_start(&burst->renderer, "read");
	burst->began = clock_now();
	burst->held = 0;
	burst->n_awake = 0;
	burst->group++;
	return NULL;
}

static void note_interruption(struct burst *burst)
{
	const struct pending *pending = &burst->pending[burst->first];

	if (!interrupt_pending() || interrupt_is_final())
		return;
	access_renderer_flush(&burst->renderer);
	burst->at(burst->data, pending->line);
	diagnostic_note("interrupted: %llu of %llu elements were read",
			(unsigned long long)(pending->all - pending->left),
			(unsigned long long)pending->all);
}

bool burst_is_open(const struct burst *burst)
{
	return burst->run != NULL;
}

void burst_settle(struct burst *burst)
{
	if (!burst->run)
		return;
	run_settle(burst->run);
	/* Elements that were not reached any more. */
	while (burst->count) {
		note_interruption(burst);
		finish_line(burst);
	}
	access_renderer_end(&burst->renderer, NULL, NULL);
	run_destroy(burst->run);
	burst->run = NULL;
}

static bool may_use(const struct burst *burst, const struct reading *reading)
{
	return !reading->has_index || !burst->context->held->renumbered;
}

static struct reading *look_up(const struct burst *burst, const char *text)
{
	void *found;

	/* What was learnt of a target that was let go of is forgotten later. */
	if (!burst->context->held->session ||
	    !lh_table_lookup_ex(burst->readings, text, &found) ||
	    !may_use(burst, found))
		return NULL;
	return found;
}

struct error *burst_find(struct burst *burst, const char *text,
			 struct reading **ret)
{
	struct error *error = NULL;

	*ret = look_up(burst, text);
	if (!*ret || burst->run)
		return NULL;
	/* The target is looked at for reads only: of one that has ended a line
	 * may still let go. */
	error = begin(burst);
	*ret = error ? NULL : look_up(burst, text);
	return error;
}

/* Its pointers are followed each time: they may lead elsewhere by then. */
static bool is_name(const struct location *location)
{
	return location->start.kind >= BASE_POINTER ||
	       (location->range == RANGE_END &&
		location->end.kind >= BASE_POINTER);
}

static struct error *parse(struct reading *reading,
			   const char *const *locations, size_t count)
{
	struct location_list *list = &reading->locations;
	struct error *error = NULL;

	list->items = calloc(count + 1, sizeof(struct location *));
	if (!list->items)
		return error_no_memory();
	for (size_t i = 0; i < count && !error; i++) {
		error = location_parse(locations[i], &list->items[i]);
		if (error)
			return error_subject(error, locations[i]);
		list->count++;
		reading->has_index |=
			list->items[i]->start.kind == BASE_REGION &&
			list->items[i]->start.region.kind == REGION_INDEX;
		reading->has_name |= is_name(list->items[i]);
	}
	return NULL;
}

static struct error *make_plan(struct burst *burst, struct reading *reading)
{
	const struct options *options = burst->context->options;
	const struct location_list *list = &reading->locations;
	struct error *error;

	/* A line before may have asked for something else. */
	burst->context->machine->trust_kernel = options->trust_kernel;
	error = access_check_options(&options->plan);
	if (!error)
		error = plan_check(list->items, list->count, &options->plan);
	if (!error)
		error = plan_make(burst->context->held->session, list->items,
				  list->count, &options->plan, &reading->plan);
	if (error)
		return error;
	for (size_t i = 0; i < reading->plan.count; i++)
		reading->elements += reading->plan.operations[i].place.count;
	if (!burst->warned)
		access_warn(burst->context, &reading->plan);
	burst->warned = true;
	return NULL;
}

static struct error *keep(struct burst *burst, struct reading *reading)
{
	return lh_table_insert(burst->readings, reading->text, reading) == 0
		       ? NULL
		       : error_no_memory();
}

struct error *burst_learn(struct burst *burst, const char *text,
			  const char *const *locations, size_t count,
			  struct reading **ret)
{
	struct reading *reading;
	struct error *error;

	*ret = NULL;
	/* The first command finds the target. */
	if (!burst->context->held->session || !count)
		return NULL;
	/* What was read has to be known first, and what is learnt to stay. */
	if (lh_table_length(burst->readings) >= MOST_READINGS) {
		burst_settle(burst);
		return forget_readings(burst);
	}
	reading = calloc(1, sizeof(*reading));
	if (!reading)
		return error_no_memory();
	reading->text = strdup(text);
	error = reading->text ? parse(reading, locations, count)
			      : error_no_memory();
	if (!error && !reading->has_name)
		error = begin(burst);
	if (!error && !reading->has_name && may_use(burst, reading)) {
		error = make_plan(burst, reading);
		if (!error)
			error = keep(burst, reading);
		if (!error) {
			*ret = reading;
			return NULL;
		}
	}
	reading_destroy(reading);
	return error;
}

static struct error *add_pending(struct burst *burst, uint64_t line,
				 uint64_t elements)
{
	size_t end = burst->first + burst->count;

	if (!list_grow(&burst->pending, end, &burst->capacity,
		       sizeof(*burst->pending)))
		return error_no_memory();
	burst->pending[end] = (struct pending){
		.line = line,
		.all = elements,
		.left = elements,
	};
	burst->count++;
	return NULL;
}

/* The one device of a reading; NULL: none, or more than one. What /dev/mem
 * shows depends on the address. */
static const struct device_mapping *device_of(const struct reading *reading)
{
	const struct plan *plan = &reading->plan;
	const struct device_mapping *device;

	if (plan->count != 1 || plan->operations[0].place.n_spans != 1)
		return NULL;
	device = plan->operations[0].place.spans[0].site.device;
	return device && device->region.kind != REGION_MEM ? device : NULL;
}

/* Its devices, once for all readings of a group. */
static struct error *check_awake(struct burst *burst,
				 const struct reading *reading)
{
	const struct device_mapping *device = device_of(reading);
	struct error *error;

	if (reading->group == burst->group)
		return NULL;
	for (size_t i = 0; i < burst->n_awake; i++)
		if (burst->awake[i] == device)
			return NULL;
	error = plan_check_awake(&reading->plan);
	if (!error && device && burst->n_awake < MOST_AWAKE)
		burst->awake[burst->n_awake++] = device;
	return error;
}

struct error *burst_read(struct burst *burst, struct reading *reading,
			 uint64_t line)
{
	struct error *error = check_awake(burst, reading);

	if (!error)
		error = add_pending(burst, line, reading->elements);
	if (error)
		return error;
	reading->group = burst->group;
	burst->held += reading->elements;
	if (!run_add(burst->run, &reading->plan) || burst->held >= MOST_HELD ||
	    clock_now() - burst->began >= LONGEST_HELD)
		burst_settle(burst);
	return NULL;
}
