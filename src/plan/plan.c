/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/names.h"
#include "plan/awake.h"
#include "target/attachment.h"
#include "target/borrow.h"
#include "target/machine.h"
#include "target/session.h"
#include "target/thread.h"

void plan_deinit(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		resolved_deinit(&plan->operations[i].place);
	free(plan->operations);
	*plan = (struct plan){0};
}

static struct error *at_span(const struct location *location,
			     const struct text_span *span, struct error *error)
{
	return error_at(error, location->text, span->start, span->length);
}

static bool same_width(const struct width *left, const struct width *right)
{
	return left->bits == right->bits && left->order == right->order &&
	       left->halves == right->halves;
}

struct error *plan_width(const struct location *location,
			 const struct width *given, struct width *ret)
{
	struct width width = {.bits = 32};

	if (location->width.bits && given->bits &&
	    !same_width(&location->width, given))
		return at_span(location, &location->width_span,
			       error_create(ERROR_USAGE, 0,
					    "the width is given twice, and -w "
					    "says %s",
					    width_name(given)));
	if (location->width.bits)
		width = location->width;
	else if (given->bits)
		width = *given;
	*ret = width;
	return location_check_width(location, &width);
}

/* devmem's `A 32 V`: three plain numbers where locations are wanted. */
static bool looks_like_devmem(struct location *const *locations, size_t count)
{
	static const char *const widths[] = {"8", "16", "32", "64",
					     "b", "h",  "w",  "l"};

	if (count < 2 || locations[0]->value.kind != VALUE_NONE)
		return false;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		if (strcmp(locations[1]->text, widths[i]) == 0)
			return true;
	return false;
}

static struct error *check_value(const struct location *location,
				 const struct plan_options *options)
{
	bool has_value = location->value.kind != VALUE_NONE;

	if (options->write && !has_value)
		return error_at(error_help(error_create(ERROR_USAGE, 0,
							"there is no value to "
							"write"),
					   "write %.40s=VALUE or "
					   "%.40s=VALUE:MASK",
					   location->text, location->text),
				location->text, strlen(location->text), 0);
	if (!options->write && has_value)
		return at_span(location, &location->value.span,
			       error_help(error_create(ERROR_USAGE, 0,
						       "a read takes no value"),
					  "`mmiodbg write` writes it"));
	if (options->write && !options->fill &&
	    (location->range != RANGE_NONE || options->has_count))
		return at_span(location, &location->value.span,
			       error_help(error_create(ERROR_USAGE, 0,
						       "one value for a range "
						       "of elements"),
					  "--fill writes it to each"));
	if (location->range != RANGE_NONE && options->has_count)
		return at_span(location, &location->range_span,
			       error_create(ERROR_USAGE, 0,
					    "a range already says how many; "
					    "drop -n"));
	if (options->write && location->start.kind == BASE_REGION &&
	    location->start.region.kind == REGION_INDEX)
		return at_span(
			location, &location->start.base_span,
			error_help(error_create(ERROR_USAGE, 0,
						"an index is not written "
						"through: it may name "
						"another mapping by "
						"now"),
				   "name the region, as `mmiodbg maps` "
				   "shows it"));
	return NULL;
}

/* Names of fields and enumerations need a type or a description. */
static struct error *check_names(const struct location *location)
{
	const struct text_span *span = NULL;

	if (location->bits.kind == BITS_FIELD)
		span = &location->bits.span;
	else if (location->value.kind == VALUE_NAME)
		span = &location->value.span;
	for (size_t i = 0; i < location->n_more && !span; i++) {
		if (location->more[i].bits.kind == BITS_FIELD)
			span = &location->more[i].bits.span;
		else if (location->more[i].value.kind == VALUE_NAME)
			span = &location->more[i].value.span;
	}
	if (!span)
		return NULL;
	return at_span(location, span,
		       error_help(error_create(ERROR_UNSUPPORTED, 0,
					       "this version cannot look up "
					       "fields and enumerations"),
				  "write bits (.7:4) and numbers (0xff)"));
}

struct error *plan_check(struct location *const *locations, size_t n_locations,
			 const struct plan_options *options)
{
	struct width width;

	if (looks_like_devmem(locations, n_locations))
		return error_help(
			error_create(ERROR_USAGE, 0,
				     "'%.40s' is a location of its own here",
				     locations[1]->text),
			"width and value belong to their location: "
			"ADDRESS/32=VALUE");
	for (size_t i = 0; i < n_locations; i++) {
		struct error *error = check_value(locations[i], options);

		if (!error)
			error = plan_width(locations[i], &options->width,
					   &width);
		if (!error)
			error = check_names(locations[i]);
		if (error)
			return error;
	}
	return NULL;
}

static uint64_t value_bits(const struct value *value)
{
	return value->negative ? 0 - value->number : value->number;
}

static void add_field(struct operation *operation, const struct bits *bits,
		      const struct value *value)
{
	uint64_t mask = ones(bits->high - bits->low + 1);

	operation->clear |= mask << bits->low;
	operation->set |= (value_bits(value) & mask) << bits->low;
}

/* A full mask leaves nothing to keep: then nothing is read. */
static void plan_value(const struct location *location,
		       struct operation *operation)
{
	uint64_t all = ones(operation->bits);

	if (location->bits.kind == BITS_RANGE) {
		add_field(operation, &location->bits, &location->value);
		for (size_t i = 0; i < location->n_more; i++)
			add_field(operation, &location->more[i].bits,
				  &location->more[i].value);
	} else {
		operation->clear = location->has_mask ? location->mask : all;
		operation->set =
			value_bits(&location->value) & operation->clear;
	}
	operation->kind =
		operation->clear == all ? OPERATION_WRITE : OPERATION_MODIFY;
}

static bool needs_swap(enum byte_order order)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return order == ORDER_BIG;
#else
	return order == ORDER_LITTLE;
#endif
}

static struct error *check_memory_write(const struct site *site,
					const struct plan_options *options)
{
	if (site->device || options->force)
		return NULL;
	return error_help(error_create(ERROR_UNSAFE, 0,
				       "this is ordinary memory of the target, "
				       "not a device"),
			  "--force writes it all the same");
}

/* Goes through all places of which something else may hold: what /dev/mem shows
 * changes on the way, another device, or memory. Elsewhere the first element
 * speaks for all of a span. */
typedef struct error *site_check(void *data, const struct site *site);

static struct error *check_sites(struct session *session,
				 const struct operation *operation,
				 site_check *check, void *data)
{
	for (size_t i = 0; i < operation->place.n_spans; i++) {
		const struct span *span = &operation->place.spans[i];
		uint64_t end = span->site.address +
			       span->count * (operation->value_bits / 8);
		struct site site = span->site;

		do {
			struct error *error = check(data, &site);

			if (error)
				return error_address(error, site.address);
			if (!site.device ||
			    site.device->region.kind != REGION_MEM)
				break;
			site.address = device_same_until(
				session->machine, site.device, site.address);
		} while (site.address < end);
	}
	return NULL;
}

/* What is asked of the sites, and of the backends. */
struct question {
	struct session *session;
	const struct operation *operation;
	const struct plan_options *options;
	bool write;
	const struct backend *backend;
};

static struct error *ask_backend(void *data, const struct site *site)
{
	const struct question *question = data;

	return question->backend->check(question->session, site,
					question->operation->bits,
					question->write);
}

static struct error *ask_sites(void *data, const struct backend *backend)
{
	struct question *question = data;

	question->backend = backend;
	return check_sites(question->session, question->operation, ask_backend,
			   question);
}

/* The same backend for all of an operation's reads, or writes. */
static struct error *choose(struct question *question, bool write,
			    struct route *ret)
{
	question->write = write;
	return backend_choose_by(ask_sites, question,
				 question->options->backend, ret);
}

static struct error *check_memory(void *data, const struct site *site)
{
	const struct question *question = data;

	return check_memory_write(site, question->options);
}

static struct error *check_state(void *data, const struct site *site)
{
	const struct question *question = data;

	return awake_check(question->session, site, true);
}

static struct error *plan_routes(struct session *session,
				 const struct plan_options *options,
				 struct operation *operation)
{
	struct question question = {
		.session = session,
		.operation = operation,
		.options = options,
		.write = options->write,
	};
	struct error *error = NULL;

	if (options->write)
		error = check_sites(session, operation, check_memory,
				    &question);
	if (!error && (operation->kind != OPERATION_WRITE || operation->verify))
		error = choose(&question, false, &operation->read);
	if (!error && operation->kind != OPERATION_READ)
		error = choose(&question, true, &operation->write);
	if (!error && !options->force)
		error = check_sites(session, operation, check_state, &question);
	return error;
}

static struct error *plan_location(struct session *session,
				   const struct location *location,
				   const struct plan_options *options,
				   struct operation *operation)
{
	struct width width;
	struct error *error = plan_width(location, &options->width, &width);
	uint64_t count = 1;

	if (error)
		return error;
	operation->location = location;
	operation->value_bits = width.bits;
	operation->halves = width.halves;
	operation->bits = width.halves ? 32 : width.bits;
	operation->swap = needs_swap(width.order);
	operation->verify = options->write && options->verify;
	operation->has_field = location->bits.kind == BITS_RANGE;
	operation->high = location->bits.high;
	operation->low = location->bits.low;
	if (options->write)
		plan_value(location, operation);
	if (location->range != RANGE_NONE)
		count = 0;
	else if (options->has_count)
		count = options->count;
	error = resolve_location(session, location, width.bits / 8,
				 operation->bits / 8, count, options->write,
				 &operation->place);
	return error ? error : plan_routes(session, options, operation);
}

static struct error *check_thread(const struct session *session, pid_t thread)
{
	pid_t pid = session->process.pid;

	if (session->machine->root.captured ||
	    thread_is_of(session->process.procfd, thread))
		return NULL;
	return error_help(error_create(ERROR_NO_PROCESS, 0,
				       "process %d has no thread %d", (int)pid,
				       (int)thread),
			  "`ls /proc/%d/task` lists them", (int)pid);
}

struct error *plan_make(struct session *session,
			struct location *const *locations, size_t n_locations,
			const struct plan_options *options, struct plan *ret)
{
	cleanup_plan struct plan plan = {
		.session = session,
		.stop = options->stop,
		.force = options->force,
		.max_stop = options->max_stop ? options->max_stop
					      : DEFAULT_MAX_STOP,
		.retry = options->retry,
	};
	struct error *error = plan_check(locations, n_locations, options);

	session->threads = (struct thread_options){
		.only = options->thread,
		.max_pause = options->max_pause ? options->max_pause
						: DEFAULT_MAX_PAUSE,
		.force = options->force,
	};
	if (!error && (options->attach || options->stop))
		error = attachment_check(session, options->stop);
	if (!error && options->thread)
		error = check_thread(session, options->thread);
	for (size_t i = 0; !error && i < n_locations; i++) {
		struct operation *operation;

		if (!list_grow(&plan.operations, plan.count, &plan.capacity,
			       sizeof(*plan.operations)))
			return error_no_memory();
		operation = &plan.operations[plan.count++];
		*operation = (struct operation){0};
		error = plan_location(session, locations[i], options,
				      operation);
		if (error)
			error_subject(error, locations[i]->text);
	}
	if (error)
		return error;
	*ret = plan;
	plan = (struct plan){0};
	return NULL;
}
