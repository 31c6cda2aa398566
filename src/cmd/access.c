/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/access.h"

#include "access/backend.h"
#include "access/kernelpath.h"
#include "base/error.h"
#include "cmd/target.h"
#include "plan/run.h"
#include "render/access.h"
#include "render/value.h"
#include "target/attachment.h"
#include "target/machine.h"
#include "target/session.h"

struct error *access_check_options(const struct plan_options *options)
{
	if (options->backend == &backend_kernel &&
	    (options->thread || options->max_pause))
		return error_help(error_create(ERROR_USAGE, 0,
					       "%s is about threads of the "
					       "target, and --via kernel uses "
					       "none",
					       options->thread ? "--thread"
							       : "--max-pause"),
				  "leave one of the two out");
	if (options->max_stop && !options->stop)
		return error_help(error_create(ERROR_USAGE, 0,
					       "--max-stop bounds a stop, and "
					       "there is none"),
				  "give --stop, too");
	return NULL;
}

struct error *access_plan(const struct command_context *context,
			  const struct plan_options *options,
			  const struct location_list *locations,
			  struct session *session, struct plan *ret_plan)
{
	struct plan_options wanted = *options;
	struct error *error;

	wanted.indexes = context->held != NULL;
	error = plan_make(session, locations->items, locations->count, &wanted,
			  ret_plan);
	return error ? error : session_attach(session, wanted.write);
}

/* All but attaching to threads. */
static struct error *make_plan(const struct command_context *context,
			       const struct plan_options *options,
			       const struct location_list *locations,
			       struct session **session, struct plan *plan)
{
	struct plan_options wanted = *options;
	struct error *error;

	wanted.indexes = context->held != NULL;
	error = access_check_options(&wanted);
	if (!error)
		error = plan_check(locations->items, locations->count, &wanted);
	if (!error)
		error = target_open(context, locations, session);
	return error ? error
		     : access_plan(context, options, locations, *session, plan);
}

struct error *access_attach(const struct command_context *context,
			    const struct plan_options *options,
			    struct session *session)
{
	if (context->options->dry_run)
		return NULL;
	return target_attach(context, session, options->attach, options->stop);
}

struct error *access_prepare(const struct command_context *context,
			     const struct plan_options *options,
			     const struct location_list *locations,
			     struct session **ret_session,
			     struct plan *ret_plan)
{
	struct error *error =
		make_plan(context, options, locations, ret_session, ret_plan);

	return error ? error : access_attach(context, options, *ret_session);
}

struct error *access_check(const struct command_context *context,
			   const struct plan_options *options,
			   const struct location_list *locations)
{
	cleanup_session struct session *session = NULL;
	cleanup_plan struct plan plan = {0};

	return make_plan(context, options, locations, &session, &plan);
}

struct error *access_check_arguments(const struct command_context *context,
				     bool write)
{
	cleanup_location_list struct location_list locations = {0};
	struct plan_options options = context->options->plan;
	struct error *error = locations_parse(context->options, &locations);

	options.write = write;
	return error ? error : access_check(context, &options, &locations);
}

/* Whether the kernel's access path will be used: not for what has pages. */
static bool uses_kernel_path(const struct operation *operation, bool write)
{
	const struct device_mapping *device =
		operation->place.spans[0].site.device;

	return route_of(operation, write)->backend == &backend_kernel &&
	       device && device->method != METHOD_PAGES;
}

/* What that may do, once a command. */
void access_warn(const struct command_context *context, const struct plan *plan)
{
	const struct kernel_path *path = kernel_path_find(context->machine);
	bool reads = false, writes = false;

	for (size_t i = 0; i < plan->count; i++) {
		const struct operation *operation = &plan->operations[i];

		reads |= uses_kernel_path(operation, false);
		writes |= uses_kernel_path(operation, true);
	}
	if (!path)
		return;
	if ((reads && path->no_read) || (writes && path->no_write))
		diagnostic_note("warning: --trust-kernel: %s", path->risk);
	else if (reads && path->warning)
		diagnostic_note("warning: %s", path->warning);
}

struct error *access_walk_dry(const struct command_context *context,
			      struct plan *plan, int *ret_status)
{
	struct access_renderer renderer = {
		.format = access_format_of(context->options),
		.dry = true,
		.session = plan->session,
		.stop = plan->stop ? plan->max_stop : 0,
	};
	struct run_summary summary;
	struct run_sink sink =
		access_renderer_start(&renderer, context->command->name);
	struct error *error = run_plan(plan, true, &sink, &summary);

	access_renderer_end(&renderer, error ? NULL : &summary, error);
	if (error)
		return error;
	error_destroy(summary.end_error);
	*ret_status = summary.status;
	return NULL;
}

/* The value of one element. */
struct capture {
	const struct run_sink *shown;
	bool known;
	uint64_t value;
	struct error *error;
};

static void on_access(void *data, const struct element *element,
		      const struct access_record *record)
{
	const struct capture *capture = data;

	capture->shown->access(capture->shown->data, element, record);
}

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	struct capture *capture = data;

	capture->known = result->known && !result->error;
	capture->value = result->value;
	if (result->error)
		capture->error =
			error_subject(error_copy(result->error),
				      operation_name(element->operation));
	else
		capture->shown->element(capture->shown->data, element, result);
}

/* Failures are for the caller to tell. */
static void end_verbose(struct access_renderer *renderer,
			const struct run_summary *summary)
{
	struct run_summary held = {
		.stop = summary->stop,
		.pauses = summary->pauses,
	};

	access_renderer_end(renderer, &held, NULL);
}

struct error *access_read_one(const struct command_context *context,
			      struct plan *plan, uint64_t *ret)
{
	struct access_renderer renderer = {
		.format = FORMAT_NONE,
		.verbose = context->options->verbose,
		.session = plan->session,
	};
	struct run_sink shown =
		access_renderer_start(&renderer, context->command->name);
	struct capture capture = {.shown = &shown};
	struct run_sink sink = {
		.data = &capture,
		.access = shown.access ? on_access : NULL,
		.element = on_element,
	};
	struct run_summary summary;
	struct error *error = run_plan(plan, false, &sink, &summary);

	if (error)
		return error;
	end_verbose(&renderer, &summary);
	if (capture.error) {
		error_destroy(summary.end_error);
		return capture.error;
	}
	if (summary.end_error)
		return summary.end_error;
	if (!capture.known)
		return error_create(ERROR_INTERRUPTED, 0, "interrupted");
	*ret = capture.value;
	return NULL;
}

enum access_format access_format_of(const struct options *options)
{
	if (options->json)
		return options->json_lines ? FORMAT_LINES : FORMAT_JSON;
	return options->quiet ? FORMAT_QUIET : FORMAT_TEXT;
}

struct error *access_run(const struct command_context *context, bool write,
			 int *ret_status)
{
	const struct options *options = context->options;
	cleanup_location_list struct location_list locations = {0};
	cleanup_session struct session *session = NULL;
	cleanup_plan struct plan plan = {0};
	struct plan_options plan_options = options->plan;
	struct access_renderer renderer = {
		.format = access_format_of(options),
		.verbose = options->verbose,
		.dry = options->dry_run,
		.write = write,
		.color = color_output(options),
		.style = style_of(options),
	};
	struct run_summary summary;
	struct run_sink sink;
	struct error *error;
	bool ran = false;

	plan_options.write = write;
	error = locations_parse(options, &locations);
	if (!error)
		error = access_prepare(context, &plan_options, &locations,
				       &session, &plan);
	if (!error)
		access_warn(context, &plan);
	renderer.session = session;
	renderer.stop = options->plan.stop ? plan.max_stop : 0;
	sink = access_renderer_start(&renderer, context->command->name);
	if (!error) {
		error = run_plan(&plan, options->dry_run, &sink, &summary);
		ran = !error;
	}
	access_renderer_end(&renderer, ran ? &summary : NULL, error);
	if (ran) {
		*ret_status = summary.status;
		error_destroy(summary.end_error);
	}
	return error;
}
