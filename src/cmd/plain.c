/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/plain.h"

#include <string.h>

#include "base/error.h"
#include "cmd/access.h"
#include "plan/run.h"
#include "target/session.h"

struct error *plain_location(const struct command_context *context,
			     struct plan_options *options,
			     struct location_list *ret)
{
	struct error *error = locations_parse(context->options, ret);

	*options = context->options->plan;
	options->plain = true;
	if (error || ret->count == 1)
		return error;
	return error_at(error_help(error_create(ERROR_USAGE, 0,
						"one location at a "
						"time, which may be a range"),
				   "PLACE..+LENGTH, or -n N; `save` takes "
				   "several"),
			ret->items[1]->text, 0, strlen(ret->items[1]->text));
}

/* A plan that has failed later says nothing of what would be moved. */
static void init_renderer(struct plain_run *run, const struct plan *plan,
			  bool failed)
{
	const struct options *options = run->context->options;

	run->renderer = (struct access_renderer){
		.format = access_format_of(options),
		.verbose = options->verbose,
		.dry = options->dry_run,
		.style = style_of(options),
		.transfer = &run->transfer,
	};
	if (!plan->count)
		return;
	run->renderer.write = plan->operations[0].kind != OPERATION_READ;
	run->renderer.session = plan->session;
	run->renderer.stop = plan->stop ? plan->max_stop : 0;
	if (failed)
		return;
	run->transfer.bits = plan->operations[0].bits;
	run->transfer.bytes =
		plan->operations[0].place.count * (run->transfer.bits / 8);
}

struct error *plain_run(struct plain_run *run, const char *location,
			struct plan *plan, bool bar, struct error *error)
{
	const struct options *options = run->context->options;
	struct run_sink sink;

	run->transfer.location = location;
	init_renderer(run, plan, error != NULL);
	if (bar && !options->quiet && !options->json && !options->verbose &&
	    !options->dry_run)
		run->transfer.progress = &run->progress;
	sink = access_renderer_start(&run->renderer,
				     run->context->command->name);
	if (error)
		return error;
	access_warn(run->context, plan);
	if (run->transfer.progress)
		progress_start(&run->progress, run->context->command->name,
			       plan->operations[0].place.count,
			       run->transfer.bits / 8);
	error = run_plan(plan, options->dry_run, &sink, &run->summary);
	run->ran = !error;
	progress_end(&run->progress);
	return error;
}

struct error *plain_run_cut(const struct plain_run *run)
{
	const struct run_summary *summary = &run->summary;

	if (!run->ran || summary->failed || summary->end_error ||
	    summary->done == summary->elements)
		return NULL;
	return error_create(ERROR_INTERRUPTED, 0, "interrupted");
}

int plain_run_end(struct plain_run *run, const struct error *error)
{
	access_renderer_end(&run->renderer, run->ran ? &run->summary : NULL,
			    error);
	error_destroy(run->ran ? run->summary.end_error : NULL);
	return run->ran ? run->summary.status : STATUS_DONE;
}
