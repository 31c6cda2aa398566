/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/error.h"
#include "cmd/access.h"
#include "cmd/watch.h"
#include "plan/element.h"
#include "plan/histogram.h"
#include "plan/run.h"
#include "render/screen.h"
#include "render/value.h"
#include "target/session.h"

/* More registers than these are not for people to look at. */
enum { MOST_COLUMNS = 65536 };

static struct error *contradiction(const char *one, const char *other)
{
	return error_help(error_create(ERROR_USAGE, 0,
				       "%s and %s exclude each other", one,
				       other),
			  "leave one of the two out");
}

static struct error *check_options(const struct options *options)
{
	if (options->plan.stop)
		return error_help(error_create(ERROR_USAGE, 0,
					       "while the target stands still "
					       "nothing is watched"),
				  "leave --stop out");
	if (!options->screen)
		return NULL;
	if (options->json)
		return contradiction(
			"--screen", options->json_lines ? "--jsonl" : "--json");
	if (options->quiet)
		return contradiction("--screen", "--quiet");
	if (options->all)
		return contradiction("--screen", "--all");
	return options->dry_run && !options->only_checked ? NULL
							  : screen_check();
}

/* Where the first element of a plan stands. */
static struct watch_identity identity_of(const struct location *location,
					 const struct plan *plan)
{
	const struct place *place = &location->start;
	const struct site *site = &plan->operations[0].place.spans[0].site;
	const struct mapping *mapping = site->mapping;
	struct watch_identity identity = {
		.checked = place->kind == BASE_ADDRESS ||
			   (place->kind == BASE_REGION &&
			    place->region.kind == REGION_INDEX),
		.is_device = site->device != NULL,
		.major = mapping->major,
		.minor = mapping->minor,
		.inode = mapping->inode,
	};

	if (mapping->inode)
		identity.offset =
			mapping->offset + (site->address - mapping->start);
	return identity;
}

static bool same_identity(const struct watch_identity *left,
			  const struct watch_identity *right)
{
	return !left->checked ||
	       (left->is_device == right->is_device &&
		left->major == right->major && left->minor == right->minor &&
		left->inode == right->inode && left->offset == right->offset);
}

static bool same_shape(const struct operation *left,
		       const struct operation *right)
{
	return left->value_bits == right->value_bits &&
	       left->place.count == right->place.count &&
	       left->has_field == right->has_field &&
	       left->high == right->high && left->low == right->low;
}

/* That a new plan is for the same registers as the one before. */
static struct error *check_same(const struct watch_source *source,
				const struct plan *plan)
{
	struct watch_identity identity = identity_of(*source->location, plan);

	for (size_t i = 0; i < source->n_operations; i++)
		if (plan->count != source->n_operations ||
		    !same_shape(&plan->operations[i], &source->shapes[i]))
			return error_create(ERROR_REPLACED, 0,
					    "it has another layout now");
	if (same_identity(&source->identity, &identity))
		return NULL;
	return error_create(ERROR_REPLACED, 0,
			    "something else stands at this place now");
}

/* As `read` has it: of a range each element has a name of its own. */
static char *label_of(const struct element *element)
{
	const struct operation *operation = element->operation;

	if (operation->place.count > 1 || operation->is_array ||
	    operation->location->range != RANGE_NONE)
		return element_label(element);
	return strdup(operation_name(operation));
}

static struct error *name_column(struct watch_column *column,
				 const struct element *element,
				 const struct operation *shape)
{
	free(column->place);
	column->place =
		resolved_label(&element->operation->place, element->position);
	if (!column->label) {
		column->shape = shape;
		column->label = label_of(element);
	}
	return column->place && column->label ? NULL : error_no_memory();
}

/* The columns of an operation, by its plan; or by what is left of one whose
 * names are gone. */
static struct error *describe_operation(struct watching *watching,
					const struct watch_source *source,
					size_t i, bool named)
{
	const struct operation *operation = &source->plan.operations[i];
	struct watch_column *columns = &watching->columns[source->columns[i]];
	struct element element = {
		.operation = operation,
		.position = operation->place.position,
	};
	struct error *error = NULL;

	for (; element.index < source->shapes[i].place.count && !error;
	     element.index++) {
		struct watch_column *column = &columns[element.index];

		column->operation = named ? operation : &source->shapes[i];
		if (named)
			error = name_column(column, &element,
					    &source->shapes[i]);
		element.position += operation->value_bits / 8;
	}
	return error;
}

static struct error *describe(struct watching *watching,
			      const struct watch_source *source, bool named)
{
	struct error *error = NULL;

	for (size_t i = 0; i < source->n_operations && !error; i++)
		error = describe_operation(watching, source, i, named);
	return error;
}

/* What stays of the operations of its plan. */
static struct error *note_shapes(struct watch_source *source, size_t first)
{
	const struct plan *plan = &source->plan;

	source->n_operations = plan->count;
	source->columns = calloc(plan->count, sizeof(*source->columns));
	source->shapes = calloc(plan->count, sizeof(*source->shapes));
	if (!source->columns || !source->shapes)
		return error_no_memory();
	for (size_t i = 0; i < plan->count; i++) {
		struct operation *shape = &source->shapes[i];

		source->columns[i] = first + source->n_columns;
		source->n_columns += plan->operations[i].place.count;
		*shape = plan->operations[i];
		shape->place = (struct resolved){
			.count = plan->operations[i].place.count,
		};
		shape->has_view = shape->means = false;
		shape->view = (struct view){0};
	}
	source->identity = identity_of(*source->location, plan);
	return NULL;
}

/* The operations of the whole plan that are those of one location. */
static struct plan part_of(const struct plan *whole,
			   const struct location *location, size_t *at)
{
	struct plan part = *whole;

	part.operations += *at;
	part.count = part.capacity = 0;
	while (*at < whole->count &&
	       whole->operations[*at].location == location) {
		part.count++;
		++*at;
	}
	return part;
}

static uint64_t elements_of(const struct plan *plan)
{
	uint64_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (__builtin_add_overflow(
			    count, plan->operations[i].place.count, &count))
			return UINT64_MAX;
	return count;
}

static struct error *check_count(const struct watching *watching)
{
	if (elements_of(&watching->whole) <= MOST_COLUMNS)
		return NULL;
	return error_help(
		error_create(ERROR_USAGE, 0,
			     "these are %llu registers, and at most "
			     "%d are watched",
			     (unsigned long long)elements_of(&watching->whole),
			     MOST_COLUMNS),
		"name fewer");
}

/* The sources, of the locations and of the condition. */
static struct error *make_sources(struct watching *watching)
{
	bool until = watching->until.session != NULL;
	size_t at = 0;

	watching->n_sources = watching->locations.count + until;
	watching->sources =
		calloc(watching->n_sources, sizeof(*watching->sources));
	if (!watching->sources)
		return error_no_memory();
	for (size_t i = 0; i < watching->n_sources; i++) {
		struct watch_source *source = &watching->sources[i];
		struct error *error;

		source->ready = true;
		if (i < watching->locations.count) {
			source->location = &watching->locations.items[i];
			source->options = &watching->context->options->plan;
			source->plan = part_of(&watching->whole,
					       *source->location, &at);
		} else {
			source->location = &watching->until.condition.location;
			source->options = &watching->until_options;
			source->plan = watching->until.plan;
		}
		error = note_shapes(source, watching->n_columns);
		if (error)
			return error;
		watching->n_columns += source->n_columns;
	}
	return NULL;
}

/* --mask, for whole values. A table is told of all bits, to be up to date. */
static struct error *set_mask(const struct options *options,
			      struct watch_column *column,
			      struct watch_state *state)
{
	const struct operation *operation = column->operation;
	unsigned bits = operation_shown_bits(operation);
	unsigned low = operation->has_field ? operation->low : 0;
	uint64_t mask = ones(bits);

	if (options->has_mask && !column->hidden)
		mask &= options->mask;
	if (!mask)
		return error_subject(
			error_create(ERROR_USAGE, 0,
				     "--mask has none of its %u bits", bits),
			column->location);
	column->masked = mask != ones(bits);
	state->mask = mask << low;
	state->shown = options->screen ? ones(bits) << low : state->mask;
	return NULL;
}

static struct error *make_columns(struct watching *watching)
{
	const struct options *options = watching->context->options;
	struct error *error = NULL;

	watching->columns =
		calloc(watching->n_columns, sizeof(*watching->columns));
	watching->states =
		calloc(watching->n_columns, sizeof(*watching->states));
	if (!watching->columns || !watching->states)
		return error_no_memory();
	for (size_t i = 0; i < watching->n_sources && !error; i++) {
		const struct watch_source *source = &watching->sources[i];
		size_t first = source->columns[0];

		error = describe(watching, source, true);
		for (size_t j = 0; j < source->n_columns && !error; j++) {
			struct watch_column *column =
				&watching->columns[first + j];

			column->location = (*source->location)->text;
			column->hidden = i == watching->locations.count;
			error = set_mask(options, column,
					 &watching->states[first + j]);
		}
	}
	return error;
}

/* Whether one access has the values of both. */
static bool is_same_access(const struct operation *left,
			   const struct operation *right)
{
	return left->bits == right->bits && left->halves == right->halves;
}

/* The element of an operation that stands at an address; false: none. */
static bool find_element(const struct operation *operation, uint64_t address,
			 uint64_t *ret_index)
{
	unsigned bytes = operation->value_bits / 8;
	uint64_t index = 0;

	for (size_t i = 0; i < operation->place.n_spans; i++) {
		const struct span *span = &operation->place.spans[i];
		uint64_t offset = address - span->site.address;

		if (address >= span->site.address && offset % bytes == 0 &&
		    offset / bytes < span->count) {
			*ret_index = index + offset / bytes;
			return true;
		}
		index += span->count;
	}
	return false;
}

/* Whether the register whose value the condition has belongs to a source that
 * has no plan. */
static bool is_away(const struct watching *watching)
{
	for (size_t i = 0; i < watching->n_sources; i++) {
		const struct watch_source *source = &watching->sources[i];

		if (watching->until_column - source->columns[0] <
		    source->n_columns)
			return !source->ready;
	}
	return false;
}

/* Finds out where the value of the condition comes from: from a register that
 * is watched anyway, or, if that is none, from an access of its own. While
 * neither has a plan that stays as it was: they are away together. */
static void match_condition(struct watching *watching)
{
	const struct watch_source *until =
		&watching->sources[watching->locations.count];
	const struct operation *wanted;
	uint64_t index;

	if (!watching->until.session || (!until->ready && is_away(watching)))
		return;
	watching->until_column = until->columns[0];
	watching->until_swapped = false;
	if (!until->ready)
		return;
	wanted = until->plan.operations;
	for (size_t i = 0; i < watching->locations.count; i++) {
		const struct watch_source *source = &watching->sources[i];

		for (size_t j = 0; source->ready && j < source->n_operations;
		     j++) {
			const struct operation *operation =
				&source->plan.operations[j];

			if (!is_same_access(operation, wanted) ||
			    !find_element(operation,
					  wanted->place.spans[0].site.address,
					  &index))
				continue;
			watching->until_column = source->columns[j] + index;
			watching->until_swapped =
				operation->swap != wanted->swap;
			return;
		}
	}
}

static struct error *prepare_until(struct watching *watching)
{
	struct condition_plan *until = &watching->until;
	struct plan_options *options = &watching->until_options;
	struct error *error;

	if (!watching->context->options->until)
		return NULL;
	/* These are about what is watched. */
	*options = watching->context->options->plan;
	options->has_count = false;
	options->count = 0;
	options->type = options->member = NULL;
	options->indexes = watching->context->held != NULL;
	error = plan_make(watching->session, &until->condition.location, 1,
			  options, &until->plan);
	if (!error)
		error = condition_bind(&until->condition, &until->plan);
	if (!error)
		until->session = watching->session;
	return error;
}

struct error *watching_prepare(const struct command_context *context,
			       struct watching *ret)
{
	const struct options *options = context->options;
	struct error *error;

	*ret = (struct watching){.context = context};
	error = check_options(options);
	/* First, for its words may have been taken for locations. */
	if (!error && options->until)
		error = condition_parse_text(options->until,
					     &ret->until.condition);
	if (!error)
		error = locations_parse(options, &ret->locations);
	if (!error)
		error = access_prepare(context, &options->plan, &ret->locations,
				       &ret->session, &ret->whole);
	if (!error)
		error = prepare_until(ret);
	if (!error)
		error = check_count(ret);
	if (!error)
		error = make_sources(ret);
	if (!error)
		error = make_columns(ret);
	if (!error)
		match_condition(ret);
	return error;
}

static void source_deinit(struct watch_source *source)
{
	if (source->owned)
		plan_deinit(&source->plan);
	error_destroy(source->unfit);
	error_destroy(source->last);
	free(source->columns);
	free(source->shapes);
}

void watching_deinit(struct watching *watching)
{
	for (size_t i = 0; i < watching->n_columns && watching->columns; i++) {
		free(watching->columns[i].label);
		free(watching->columns[i].place);
	}
	for (size_t i = 0; i < watching->n_columns && watching->states; i++)
		error_destroy(watching->states[i].untold);
	for (size_t i = 0; i < watching->n_sources && watching->sources; i++)
		source_deinit(&watching->sources[i]);
	run_destroy(watching->run);
	histogram_destroy(watching->histogram);
	error_destroy(watching->failures.error);
	error_destroy(watching->error);
	free(watching->sources);
	free(watching->columns);
	free(watching->states);
	plan_deinit(&watching->whole);
	watching->until.session = NULL;
	condition_plan_deinit(&watching->until);
	session_destroy(watching->session);
	location_list_deinit(&watching->locations);
}

static struct error *refresh(struct watching *watching, bool *ret_changed)
{
	struct held_target *held = watching->context->held;
	uint64_t generation;
	struct error *error;

	if (!held || held->session != watching->session)
		return session_refresh(watching->session, ret_changed);
	generation = held->generation;
	error = held_target_refresh(held);
	*ret_changed = held->generation != generation;
	return error;
}

/* The plan of a source, or why there is none: that it was not found before goes
 * before why it is not found again. */
static struct error *plan_anew(struct watching *watching,
			       struct watch_source *source)
{
	struct plan_options options = *source->options;
	cleanup_plan struct plan plan = {0};
	struct error *error;

	options.indexes = watching->context->held != NULL;
	error = plan_make(watching->session, source->location, 1, &options,
			  &plan);
	if (!error)
		error = check_same(source, &plan);
	source->ready = !error;
	if (error) {
		if (source->unfit)
			error_destroy(error);
		else
			source->unfit = error;
		return NULL;
	}
	error_destroy(source->unfit);
	source->unfit = NULL;
	if (source->owned)
		plan_deinit(&source->plan);
	source->plan = plan;
	source->owned = true;
	plan = (struct plan){0};
	return describe(watching, source, true);
}

/* The names that plans referred to may have gone with the mappings. */
static struct error *forget_names(struct watching *watching)
{
	struct error *error = NULL;

	if (watching->until.session)
		watching->until.plan.operations->means = false;
	for (size_t i = 0; i < watching->n_sources && !error; i++)
		error = describe(watching, &watching->sources[i], false);
	return error;
}

/* All of them, if the mappings are others; else those that have no plan: what
 * stood in the way, such as a device that slept, may be over. */
static struct error *plan_sources(struct watching *watching, bool all)
{
	struct error *error = NULL;

	for (size_t i = 0; i < watching->n_sources && !error; i++)
		if (all || !watching->sources[i].ready)
			error = plan_anew(watching, &watching->sources[i]);
	match_condition(watching);
	return error || !all ? error : watching_create_run(watching);
}

struct error *watching_replan(struct watching *watching)
{
	const struct names *names = watching->session->names;
	bool changed = false;
	struct error *error;

	watching->replanned = clock_now();
	watch_lock(watching->printer);
	error = refresh(watching, &changed);
	if (!error && changed && names && !watching->session->names)
		error = forget_names(watching);
	if (!error)
		error = plan_sources(watching, changed);
	watch_unlock(watching->printer);
	return error;
}
