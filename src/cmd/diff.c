/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "cmd/access.h"
#include "cmd/promise.h"
#include "cmd/snapshot.h"
#include "render/access.h"
#include "render/difference.h"
#include "render/json.h"
#include "render/output.h"
#include "snapshot/compare.h"
#include "target/session.h"

/* 1 says that they differ, so it says nothing else. */
enum { STATUS_SAME = 0, STATUS_DIFFERENT = 1, STATUS_TROUBLE = 2 };

/* One run of the command. */
struct comparison {
	const struct command_context *context;
	const char *old_name, *new_name; /* new_name NULL: the device */
	struct snapshot old;
	struct replay replay;
	/* What is compared with it. If it is of the device, its texts are those
	 * of `old`, but for errors. */
	struct snapshot new;
	bool borrowed;
	struct run_summary summary;
	bool ran;
	bool walked; /* dry: that has a document of its own */
	struct difference_list differences;
	bool compared;
};

static void comparison_deinit(struct comparison *comparison)
{
	struct snapshot *new = &comparison->new;

	error_destroy(comparison->summary.end_error);
	difference_list_deinit(&comparison->differences);
	for (size_t i = 0; comparison->borrowed && i < new->n_registers; i++) {
		free(new->registers[i].error_kind);
		free(new->registers[i].error_message);
	}
	if (comparison->borrowed)
		free(new->registers);
	else
		snapshot_deinit(new);
	replay_deinit(&comparison->replay);
	snapshot_deinit(&comparison->old);
}

/* What says something of a process, or of accesses. */
static struct error *check_idle(const struct options *options)
{
	const char *name = options_given(options, GROUP_TARGET | GROUP_NAMES |
							  GROUP_REPLAY);

	if (options->n_arguments != 2 || !name)
		return NULL;
	return error_help(error_create(ERROR_USAGE, 0,
				       "`diff` takes no --%s with two files: "
				       "there is no process, and no access",
				       name),
			  "with one file it reads the device");
}

static struct error *check_arguments(const struct options *options)
{
	if (!options->n_arguments)
		return error_help(
			error_create(ERROR_USAGE, 0, "there is no file"),
			"`mmiodbg save -f FILE` makes one");
	if (options->n_arguments > 2)
		return error_create(ERROR_USAGE, 0,
				    "more than two files: '%.60s'",
				    options->arguments[2]);
	if (options->n_arguments == 2 &&
	    strcmp(options->arguments[0], "-") == 0 &&
	    strcmp(options->arguments[1], "-") == 0)
		return error_create(ERROR_USAGE, 0,
				    "standard input cannot be read twice");
	return check_idle(options);
}

/* The same registers, which are to be read now. */
static struct error *copy_form(struct comparison *comparison)
{
	const struct snapshot *old = &comparison->old;
	struct snapshot *new = &comparison->new;

	*new = *old;
	new->registers = calloc(old->n_registers + 1, sizeof(*new->registers));
	comparison->borrowed = true;
	if (!new->registers)
		new->n_registers = 0;
	for (size_t i = 0; i < new->n_registers; i++) {
		struct snapshot_register *one = &new->registers[i];

		*one = old->registers[i];
		one->known = one->suspect = false;
		one->value = 0;
		one->error_kind = one->error_message = NULL;
	}
	return new->registers ? NULL : error_no_memory();
}

static struct error *read_now(struct comparison *comparison)
{
	const struct options *options = comparison->context->options;
	struct access_renderer renderer = {
		.format = options->dry_run ? access_format_of(options)
					   : FORMAT_NONE,
		.dry = options->dry_run,
		.verbose = options->verbose,
		.style = style_of(options),
		.session = comparison->replay.session,
		.stop = options->plan.stop ? comparison->replay.plan.max_stop
					   : 0,
	};
	struct snapshot_recorder recorder = {.snapshot = &comparison->new};
	struct run_sink sink;
	struct error *error;

	comparison->walked = options->dry_run;
	access_warn(comparison->context, &comparison->replay.plan);
	recorder.next = access_renderer_start(&renderer, "diff");
	sink = snapshot_recorder_sink(&recorder);
	error = run_plan(&comparison->replay.plan, options->dry_run, &sink,
			 &comparison->summary);
	comparison->ran = !error;
	access_renderer_end(&renderer, error ? NULL : &comparison->summary,
			    error);
	if (!error && interrupt_pending())
		error = error_create(ERROR_INTERRUPTED, 0, "interrupted");
	return error ? error : snapshot_recorder_end(&recorder);
}

/* A plan to read them. */
static struct error *prepare_new(struct comparison *comparison)
{
	struct replay *replay = &comparison->replay;
	struct error *error = copy_form(comparison);

	replay->snapshot = &comparison->old;
	replay->file = comparison->old_name;
	if (!error && comparison->old.n_registers)
		error = replay_prepare(comparison->context, replay);
	return error;
}

/* What is compared with the first file. */
static struct error *get_new(struct comparison *comparison)
{
	struct error *error;

	if (comparison->new_name)
		return snapshot_load(comparison->new_name, &comparison->new);
	error = prepare_new(comparison);
	if (!error && comparison->old.n_registers)
		error = read_now(comparison);
	return error;
}

static struct error *compare(struct comparison *comparison)
{
	struct error *error;

	error = snapshot_load(comparison->old_name, &comparison->old);
	if (!error)
		error = get_new(comparison);
	if (error || comparison->walked)
		return error;
	error = snapshot_compare(&comparison->old, &comparison->new,
				 &comparison->differences);
	comparison->compared = !error;
	return error;
}

static struct difference_renderer
renderer_of(const struct comparison *comparison)
{
	return (struct difference_renderer){
		.color = color_output(comparison->context->options),
		.old = &comparison->old,
		.new = &comparison->new,
		.old_name = comparison->old_name,
		.new_name = comparison->new_name,
	};
}

static void put_text(const struct comparison *comparison)
{
	const struct difference_renderer renderer = renderer_of(comparison);

	for (size_t i = 0; i < comparison->differences.count; i++) {
		difference_print(&renderer, &comparison->differences.items[i]);
		output_check();
	}
}

/* In what the device of one is another one than that of the other. The caller
 * frees. */
static char *other_device(const struct comparison *comparison,
			  const struct difference *stranger)
{
	size_t old = stranger->old->device, new = stranger->new->device;

	if (old == SNAPSHOT_NONE)
		return strdup("it was in ordinary memory, and is in a device");
	if (new == SNAPSHOT_NONE)
		return strdup("it was in a device, and is in ordinary memory");
	return snapshot_device_differs(&comparison->old.devices[old],
				       &comparison->new.devices[new], true);
}

/* Of a device that is read now this is refused, or forced. */
static void note_devices(const struct comparison *comparison)
{
	const struct difference *one = &comparison->differences.stranger;
	cleanup_free char *text = NULL;
	bool named;

	if (!comparison->compared || !comparison->new_name || !one->old)
		return;
	named = strcmp(one->old->name, one->new->name) == 0;
	text = other_device(comparison, one);
	if (text)
		diagnostic_note("the snapshots are of different devices: "
				"%s%s%s",
				named ? one->old->name : "", named ? ": " : "",
				text);
}

static json_object *head_of(const struct comparison *comparison)
{
	json_object *head = json_head("diff", comparison->replay.session);

	json_object_object_add(head, "old_file",
			       json_text(comparison->old_name));
	json_object_object_add(head, "new_file",
			       json_text(comparison->new_name));
	return head;
}

static void put_json(const struct comparison *comparison,
		     const struct error *error)
{
	const struct options *options = comparison->context->options;
	const struct difference_renderer renderer = renderer_of(comparison);
	const struct run_summary *summary = &comparison->summary;
	json_object *tail = json_tail(error ? error : summary->end_error);
	struct json_document document;

	json_document_init(&document, options->json_lines, "differences",
			   head_of(comparison));
	for (size_t i = 0; i < comparison->differences.count; i++) {
		json_document_add(
			&document,
			difference_json(&renderer,
					&comparison->differences.items[i]));
		output_check();
	}
	if (comparison->compared) {
		json_add_number(tail, "different",
				comparison->differences.count);
		json_add_number(tail, "compared",
				comparison->differences.compared);
	}
	if (comparison->ran) {
		run_summary_add_held(tail, summary);
		json_add_number(tail, "failed", summary->failed);
		json_add_number(tail, "not_reached",
				summary->elements - summary->done -
					summary->failed);
	}
	json_document_end(&document, tail);
}

static int status_of(const struct comparison *comparison)
{
	const struct run_summary *summary = &comparison->summary;

	if (comparison->ran && summary->status != STATUS_DONE)
		return summary->status == STATUS_DIFFERENT ? STATUS_PARTLY
							   : summary->status;
	return comparison->differences.count ? STATUS_DIFFERENT : STATUS_SAME;
}

static void take_names(struct comparison *comparison)
{
	const struct options *options = comparison->context->options;

	comparison->old_name = options->arguments[0];
	if (options->n_arguments > 1)
		comparison->new_name = options->arguments[1];
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	const struct options *options = context->options;
	struct comparison comparison = {.context = context};
	struct diagnostic_style style = style_of(options);
	struct error *error = check_arguments(options);

	if (error)
		return error;
	take_names(&comparison);
	error = compare(&comparison);
	*ret_status = status_of(&comparison);
	if (!options->quiet)
		note_devices(&comparison);
	if (options->json && !comparison.walked)
		put_json(&comparison, error);
	else if (!error && !options->quiet)
		put_text(&comparison);
	comparison_deinit(&comparison);
	/* main() tells that, and would make it 1. */
	fflush(stdout);
	output_check();
	if (output_is_lost() && *ret_status <= STATUS_DIFFERENT)
		*ret_status = STATUS_TROUBLE;
	if (!error || error_kind_status(error->kind) != STATUS_DIFFERENT)
		return error;
	fflush(stdout);
	diagnostic_error(&style, error);
	error_destroy(error);
	*ret_status = STATUS_TROUBLE;
	return NULL;
}

/* The file may be one that a command before this one will make. */
static struct error *check(const struct command_context *context)
{
	struct comparison comparison = {.context = context};
	struct error *error = check_arguments(context->options);

	if (error)
		return error;
	take_names(&comparison);
	if (may_read_early(context, comparison.old_name)) {
		error = snapshot_load(comparison.old_name, &comparison.old);
		if (!error && !comparison.new_name)
			error = prepare_new(&comparison);
	}
	if (!error && comparison.new_name &&
	    may_read_early(context, comparison.new_name))
		error = snapshot_load(comparison.new_name, &comparison.new);
	comparison_deinit(&comparison);
	return error;
}

const struct command command_diff = {
	.name = "diff",
	.arguments = "FILE [FILE]",
	.summary = "compare a snapshot with the device, or with another one",
	.help = "  diff before.json    what has changed since\n"
		"  diff before.json after.json    without a process\n\n"
		"Status: 0 if nothing differs, 1 if something does; with -q "
		"that is all. What is 1 for\n"
		"other commands is 2 here.\n",
	.list = "differences",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_REPLAY | GROUP_VALUES,
	.file_use = FILES_READ,
	.check = check,
	.run = run,
};
