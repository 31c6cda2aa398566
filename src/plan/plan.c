/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/awake.h"
#include "plan/resolve.h"
#include "plan/typed.h"
#include "target/attachment.h"
#include "target/borrow.h"
#include "target/machine.h"
#include "target/session.h"
#include "target/thread.h"

void plan_deinit(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		resolved_deinit(&plan->operations[i].place);
		view_deinit(&plan->operations[i].view);
	}
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
	bool many = location->range != RANGE_NONE || options->has_count;

	if (options->values && has_value)
		return at_span(location, &location->value.span,
			       error_create(ERROR_USAGE, 0,
					    "the values come from elsewhere; "
					    "drop this one"));
	if (options->write && !has_value && !options->values)
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
	if (options->write && !options->fill && !options->values && many)
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
	if (options->write && !options->indexes &&
	    location->start.kind == BASE_REGION &&
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

/* What a type will tell waits for the target. */
static struct error *check_width(const struct location *location,
				 const struct plan_options *options)
{
	struct width width;

	if (typed_is_wanted(location, options) && !location->width.bits &&
	    !options->width.bits)
		return NULL;
	return plan_width(location, &options->width, &width);
}

struct error *plan_check(struct location *const *locations, size_t n_locations,
			 const struct plan_options *options)
{
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
			error = check_width(locations[i], options);
		if (!error)
			error = typed_check(locations[i], options);
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
		       const struct plan_options *options,
		       struct operation *operation)
{
	uint64_t all = ones(operation->bits);

	operation->values = options->values;
	if (options->values) {
		operation->clear = all;
	} else if (location->bits.kind == BITS_RANGE) {
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

struct error *plan_check_awake(const struct plan *plan)
{
	struct error *error = NULL;

	for (size_t i = 0; i < plan->count && !error && !plan->force; i++) {
		struct question question = {.session = plan->session};
		const struct operation *operation = &plan->operations[i];

		error = check_sites(plan->session, operation, check_state,
				    &question);
		if (error)
			error_subject(error, operation->location->text);
	}
	return error;
}

/* What one operation is made of. */
struct draft {
	const struct location *given;    /* by the user */
	const struct location *location; /* with numbers for names */
	struct anchor at;
	uint64_t start; /* of what was named: `at`, or before it */
	struct width width;
	uint64_t count;
};

/* Once it is known what is an index and what a bit. */
static struct error *check_plain(const struct draft *draft)
{
	const struct location *location = draft->location;

	if (draft->width.halves)
		return error_help(error_create(ERROR_USAGE, 0,
					       "an element is one access here, "
					       "and 32x2 takes three"),
				  "-w 32, or -w 64");
	if (location->bits.kind != BITS_NONE)
		return at_span(draft->given, &location->bits.span,
			       error_create(ERROR_USAGE, 0,
					    "whole elements are wanted, and "
					    "no bits of them"));
	return NULL;
}

static struct error *fill_operation(struct session *session,
				    const struct plan_options *options,
				    const struct draft *draft,
				    struct operation *operation)
{
	const struct width *width = &draft->width;
	uint64_t count = draft->count;
	struct error *error = options->plain ? check_plain(draft) : NULL;

	if (error)
		return error;
	operation->location = draft->given;
	operation->start = draft->start;
	operation->value_bits = width->bits;
	operation->halves = width->halves;
	operation->bits = width->halves ? 32 : width->bits;
	operation->swap = needs_swap(width->order);
	operation->verify = options->write && options->verify;
	operation->has_field = draft->location->bits.kind == BITS_RANGE;
	operation->high = draft->location->bits.high;
	operation->low = draft->location->bits.low;
	if (options->write)
		plan_value(draft->location, options, operation);
	error = resolve_count(session, draft->given, &draft->at,
			      width->bits / 8, &count);
	if (!error)
		error = shown_elements(session, draft->given, &draft->at,
				       width->bits / 8, operation->bits / 8,
				       count, options->write,
				       &operation->place);
	return error ? error : plan_routes(session, options, operation);
}

/* The array of operations may move. */
static struct error *add_operation(struct plan *plan,
				   const struct plan_options *options,
				   const struct draft *draft,
				   struct operation **ret)
{
	struct operation *operation;

	if (!list_grow(&plan->operations, plan->count, &plan->capacity,
		       sizeof(*plan->operations)))
		return error_no_memory();
	operation = &plan->operations[plan->count++];
	*operation = (struct operation){0};
	*ret = operation;
	return fill_operation(plan->session, options, draft, operation);
}

static uint64_t count_of(const struct plan_options *options)
{
	return options->has_count ? options->count : 1;
}

static struct error *no_size(const struct location *location,
			     const struct typed *typed)
{
	return error_at(
		error_help(error_create(ERROR_USAGE, 0, "how wide is it? %s",
					typed->untyped ? typed->untyped
						       : "it has no type"),
			   "give a width: /32, or a type: -t TYPE"),
		location->text, location->start.base_span.start,
		location->start.base_span.length);
}

/* A place, and no more: a number, a region, or a name with an offset. */
static struct error *plan_place(struct plan *plan,
				const struct location *location,
				const struct plan_options *options,
				const struct typed *typed)
{
	struct draft draft = {
		.given = location,
		.location = typed ? &typed->location : location,
		.count = count_of(options),
	};
	struct width given = options->width;
	struct operation *operation;
	struct error *error = NULL;

	if (typed)
		draft.at = typed->at;
	else
		error = resolve_start(plan->session, location, &draft.at);
	/* A symbol without a type has a size, and 32 bits may be a half. */
	if (typed && !location->width.bits && !given.bits &&
	    !location->start.has_offset && location->range == RANGE_NONE) {
		given.bits = typed->symbol_bits;
		if (!given.bits && typed->symbol_size)
			error = no_size(location, typed);
	}
	draft.start = draft.at.position;
	if (!error)
		error = plan_width(draft.location, &given, &draft.width);
	return error ? error : add_operation(plan, options, &draft, &operation);
}

/* The width that a type has, in the order of bytes that was asked for. */
static struct error *typed_width(const struct location *location,
				 const struct plan_options *options,
				 const struct register_layout *layout,
				 struct width *ret)
{
	const struct width *given =
		location->width.bits ? &location->width : &options->width;
	unsigned bits = layout->bytes * 8;

	*ret = (struct width){.bits = bits,
			      .order = layout->is_big ? ORDER_BIG
						      : ORDER_NATIVE};
	if (given->bits && given->bits != bits)
		return at_span(
			location,
			location->width.bits ? &location->width_span
					     : &location->start.base_span,
			error_help(error_create(ERROR_USAGE, 0,
						"its type is %u bits "
						"wide, and %s was asked "
						"for",
						bits, width_name(given)),
				   options->type ? "leave one of the two out"
						 : "an offset drops the type: "
						   "+0x0"));
	/* A width alone does not change the order that the type has. */
	if (given->bits && (given->order != ORDER_NATIVE || given->halves))
		*ret = *given;
	return NULL;
}

/* A number is not converted, and so it would be the bits of another one. */
static struct error *check_float(const struct location *location,
				 const struct plan_options *options,
				 const struct register_layout *layout)
{
	if (!options->write || options->values ||
	    layout->view.scalar.kind != TYPE_FLOAT || location->width.bits ||
	    options->width.bits)
		return NULL;
	return at_span(location, &location->value.span,
		       error_help(error_create(ERROR_USAGE, 0,
					       "its type is a floating-point "
					       "one, and numbers are written "
					       "as they are"),
				  "with a width (/%u) the bits are meant",
				  layout->bytes * 8));
}

static struct error *check_many(const struct location *location,
				const struct plan_options *options,
				const struct typed *typed)
{
	const struct layout *layout = &typed->layout;
	bool many = layout->count > 1 || (options->write && typed->is_struct);
	bool array = layout->items[0].is_array;
	const char *what = typed->is_struct ? "it is a struct"
			   : many           ? "it is of more than one register"
					    : "it is an array";

	if (options->plain && (many || typed->is_struct))
		return at_span(location, &location->start.base_span,
			       error_help(error_create(ERROR_USAGE, 0,
						       "%s, and elements that "
						       "are all alike are "
						       "wanted",
						       what),
					  "`save` and `restore` keep one with "
					  "its registers; or give its bytes as "
					  "a range: +0x0..+LENGTH"));
	if (!many && !array && !(typed->is_struct && options->has_count))
		return NULL;
	if (options->write && (many || (!options->fill && !options->values)))
		return at_span(location, &location->value.span,
			       error_help(error_create(ERROR_USAGE, 0,
						       "%s, which is not "
						       "written as a whole",
						       what),
					  many ? "name a member of it"
					       : "name an element; or --fill "
						 "writes the value to each"));
	if (options->has_count)
		return at_span(location, &location->start.base_span,
			       error_create(ERROR_USAGE, 0,
					    "%s, which tells how many there "
					    "are; drop -n",
					    what));
	if (typed->location.bits.kind == BITS_RANGE && many)
		return at_span(location, &typed->location.bits.span,
			       error_create(ERROR_USAGE, 0,
					    "%s, and has no bits", what));
	return NULL;
}

static struct error *plan_register(struct plan *plan,
				   const struct location *location,
				   const struct plan_options *options,
				   struct typed *typed,
				   struct register_layout *layout)
{
	struct draft draft = {
		.given = location,
		.location = &typed->location,
		.at = typed->at,
		.start = typed->at.position,
		.count = layout->is_array ? layout->count : count_of(options),
	};
	struct operation *operation;
	struct error *error;

	error = typed_width(location, options, layout, &draft.width);
	if (!error)
		error = check_float(location, options, layout);
	if (!error)
		error = location_check_width(&typed->location, &draft.width);
	if (!error && __builtin_add_overflow(draft.at.position, layout->offset,
					     &draft.at.position))
		error = error_create(ERROR_USAGE, 0,
				     "it goes beyond the end of all addresses");
	if (error)
		return error;
	error = add_operation(plan, options, &draft, &operation);
	if (error)
		return typed->layout.count > 1
			       ? error_prefix(error, layout->view.label)
			       : error;
	operation->has_view = true;
	operation->is_array = layout->is_array;
	operation->means = !typed->some_bits;
	operation->view = layout->view;
	layout->view = (struct view){0};
	return NULL;
}

static struct error *plan_typed(struct plan *plan,
				const struct location *location,
				const struct plan_options *options)
{
	cleanup_typed struct typed typed = {0};
	struct error *error =
		typed_find(plan->session, location, options, &typed);

	if (!error && !typed.has_type)
		return plan_place(plan, location, options, &typed);
	if (!error)
		error = check_many(location, options, &typed);
	for (size_t i = 0; i < typed.layout.count && !error; i++)
		error = plan_register(plan, location, options, &typed,
				      &typed.layout.items[i]);
	return error;
}

static struct error *plan_location(struct plan *plan,
				   const struct location *location,
				   const struct plan_options *options)
{
	return typed_is_wanted(location, options)
		       ? plan_typed(plan, location, options)
		       : plan_place(plan, location, options, NULL);
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
		error = plan_location(&plan, locations[i], options);
		if (error)
			error_subject(error, locations[i]->text);
	}
	if (error)
		return error;
	*ret = plan;
	plan = (struct plan){0};
	return NULL;
}
