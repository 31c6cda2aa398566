/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/outfile.h"
#include "cmd/access.h"
#include "cmd/snapshot.h"
#include "render/access.h"
#include "render/json.h"
#include "target/session.h"

/* One run of the command. */
struct saving {
	const struct command_context *context;
	struct location_list locations;
	struct session *session;
	struct plan plan;
	struct snapshot snapshot;
	struct out_file *file;
	struct run_summary summary;
	bool ran;
};

static bool to_output(const struct options *options)
{
	return !options->file || strcmp(options->file, "-") == 0;
}

static struct error *check_options(const struct options *options)
{
	if (options->json && to_output(options) &&
	    (!options->dry_run || options->only_checked))
		return error_help(error_create(ERROR_USAGE, 0,
					       "the snapshot goes to standard "
					       "output, and so would --json"),
				  "-f FILE keeps it in a file");
	return NULL;
}

/* Up to the first access; a file that is to be made is looked at in a dry run
 * only, else it is opened. */
static struct error *prepare(struct saving *saving)
{
	const struct command_context *context = saving->context;
	const struct options *options = context->options;
	struct error *error = check_options(options);

	if (!error)
		error = locations_parse(options, &saving->locations);
	if (!error)
		error = access_prepare(context, &options->plan,
				       &saving->locations, &saving->session,
				       &saving->plan);
	if (!error)
		error = snapshot_of_plan(context, &saving->plan,
					 &saving->snapshot);
	if (!error && options->dry_run && options->file)
		error = out_file_foresee(options->file);
	return error;
}

static void saving_deinit(struct saving *saving)
{
	error_destroy(saving->summary.end_error);
	out_file_abandon(saving->file);
	snapshot_deinit(&saving->snapshot);
	plan_deinit(&saving->plan);
	session_destroy(saving->session);
	location_list_deinit(&saving->locations);
}

/* Reads it all; what failed is told, and stands in the snapshot. */
static struct error *read_all(struct saving *saving)
{
	const struct options *options = saving->context->options;
	struct access_renderer renderer = {
		.format = FORMAT_NONE,
		.verbose = options->verbose,
		.style = style_of(options),
		.session = saving->session,
	};
	struct snapshot_recorder recorder = {.snapshot = &saving->snapshot};
	struct run_sink sink;
	struct error *error;

	recorder.next = access_renderer_start(&renderer, "save");
	sink = snapshot_recorder_sink(&recorder);
	error = run_plan(&saving->plan, false, &sink, &saving->summary);
	saving->ran = !error;
	access_renderer_end(&renderer, error ? NULL : &saving->summary, error);
	if (!error && interrupt_pending())
		error = error_create(ERROR_INTERRUPTED, 0, "interrupted");
	return error ? error : snapshot_recorder_end(&recorder);
}

static struct error *check_size(FILE *stream)
{
	if (ftello(stream) <= (off_t)SNAPSHOT_MOST_BYTES)
		return NULL;
	return error_create(ERROR_FAILED, 0,
			    "the snapshot has more than %llu bytes, and could "
			    "not be read again",
			    (unsigned long long)SNAPSHOT_MOST_BYTES);
}

/* A snapshot without a value is none, and does not replace one. */
static struct error *write_all(struct saving *saving)
{
	const struct options *options = saving->context->options;
	struct error *error;

	if (!saving->summary.done) {
		diagnostic_note("nothing could be read, and no snapshot is "
				"written");
		return NULL;
	}
	snapshot_write(&saving->snapshot, out_file_stream(saving->file));
	error = check_size(out_file_stream(saving->file));
	if (!error)
		error = out_file_commit(steal(saving->file));
	if (!error && options->verbose && !to_output(options))
		diagnostic_note("%zu registers saved in %s",
				saving->snapshot.n_registers, options->file);
	return error;
}

static struct error *save(struct saving *saving)
{
	const struct options *options = saving->context->options;
	struct error *error;

	access_warn(saving->context, &saving->plan);
	if (options->dry_run)
		return access_walk_dry(saving->context, &saving->plan,
				       &saving->summary.status);
	error = out_file_open(options->file ? options->file : "-",
			      &saving->file);
	if (!error)
		error = read_all(saving);
	return error ? error : write_all(saving);
}

static void put_json(const struct saving *saving, const struct error *error)
{
	const struct options *options = saving->context->options;
	const struct run_summary *summary = &saving->summary;
	json_object *head = json_head("save", saving->session);
	json_object *tail = json_tail(error ? error : summary->end_error);
	struct json_document document;

	json_object_object_add(head, "file", json_text(options->file));
	json_document_init(&document, options->json_lines, NULL, head);
	if (saving->ran) {
		json_object_object_add(
			tail, "saved",
			json_object_new_boolean(!error && summary->done));
		run_summary_add_held(tail, summary);
		json_add_number(tail, "done", summary->done);
		json_add_number(tail, "failed", summary->failed);
		json_add_number(tail, "not_reached",
				summary->elements - summary->done -
					summary->failed);
	}
	json_document_end(&document, tail);
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	const struct options *options = context->options;
	struct saving saving = {.context = context};
	struct error *error = prepare(&saving);
	bool dry = !error && options->dry_run;

	if (!error)
		error = save(&saving);
	*ret_status = saving.summary.status;
	if (options->json && !dry)
		put_json(&saving, error);
	saving_deinit(&saving);
	return error;
}

static struct error *check(const struct command_context *context)
{
	const struct options *options = context->options;
	cleanup_location_list struct location_list locations = {0};
	cleanup_session struct session *session = NULL;
	cleanup_plan struct plan plan = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	struct error *error = check_options(options);

	if (!error)
		error = locations_parse(options, &locations);
	if (!error)
		error = access_check(context, &options->plan, &locations);
	if (!error && options->file)
		error = out_file_foresee(options->file);
	return error;
}

const struct command command_save = {
	.name = "save",
	.arguments = "LOCATION...",
	.summary = "read registers and keep them in a snapshot",
	.help = "  save -f before.json @uio0..+0x40\n"
		"  save -f after.json @uio0..+0x40\n"
		"  save @uio0+0x10    without -f: prints it\n\n"
		"mmiodbg-snapshot(5) describes the file. `diff` compares it, "
		"`restore` writes it back.\n",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS |
		  GROUP_FILE,
	.file_use = FILE_MADE,
	.check = check,
	.run = run,
};
