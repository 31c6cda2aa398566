/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/error.h"
#include "base/hexdump.h"
#include "base/interrupt.h"
#include "base/outfile.h"
#include "cmd/access.h"
#include "cmd/plain.h"
#include "plan/run.h"
#include "render/diagnostic.h"
#include "target/session.h"

struct dumping {
	const struct command_context *context;
	const char *path; /* "-": standard output */
	bool raw;
	struct session *session;
	struct plan plan;
	struct out_file *file;
	struct hex_writer hex;
	uint64_t next; /* element */
	bool failed;   /* of raw bytes: one is missing */
	bool left_out; /* for that, or because there is none: no file */
	bool saved;    /* all is written that can be */
	bool cut; /* an access failed for a signal that came: that is told */
	struct plain_run run;
};

static bool to_stdout(const struct dumping *dumping)
{
	return strcmp(dumping->path, "-") == 0;
}

static void put(struct dumping *dumping, const unsigned char *bytes,
		size_t length)
{
	if (!dumping->raw)
		hex_writer_put(&dumping->hex, bytes, length);
	else if (!bytes)
		dumping->failed = true;
	else if (!dumping->failed)
		fwrite(bytes, length, 1, out_file_stream(dumping->file));
}

/* Up to an element that is not among them. */
static void put_unknown(struct dumping *dumping, uint64_t end)
{
	unsigned bytes = dumping->plan.operations[0].bits / 8;

	if (dumping->next < end)
		put(dumping, NULL, (size_t)(end - dumping->next) * bytes);
	dumping->next = end;
}

static void take(void *data, const struct element *element,
		 const struct element_result *result)
{
	const struct operation *operation = element->operation;
	struct dumping *dumping = data;
	unsigned char bytes[8] = {0};

	put_unknown(dumping, element->index);
	if (result->error || !result->known) {
		put_unknown(dumping, element->index + 1);
		return;
	}
	element_bytes(operation, result->value, bytes);
	put(dumping, bytes, operation->bits / 8);
	dumping->next++;
}

/* What cannot be written need not be read. */
static bool go_on(void *data, const struct element *element,
		  const struct element_result *result)
{
	struct dumping *dumping = data;

	(void)element;
	dumping->cut |= result->error && !result->made && interrupt_pending();
	return !(dumping->raw && result->error) && !dumping->failed &&
	       !out_file_is_lost(dumping->file);
}

static struct error *check_output(const struct dumping *dumping)
{
	const struct options *options = dumping->context->options;

	if (options->json && to_stdout(dumping) &&
	    (!options->dry_run || options->only_checked))
		return error_help(error_create(ERROR_USAGE, 0,
					       "JSON and the bytes would both "
					       "go to standard output"),
				  "-f FILE takes the bytes");
	return NULL;
}

static struct error *open_file(struct dumping *dumping)
{
	const struct operation *operation = dumping->plan.operations;
	struct error *error = out_file_open(dumping->path, &dumping->file);

	if (error)
		return error;
	if (dumping->raw && out_file_is_terminal(dumping->file))
		return error_help(error_create(ERROR_USAGE, 0,
					       "raw bytes are not for a "
					       "terminal"),
				  "--format hex, or another file");
	hex_writer_init(&dumping->hex, out_file_stream(dumping->file),
			operation->place.position);
	return NULL;
}

/* How the file ends, after the run. */
static struct error *end_file(struct dumping *dumping)
{
	const struct run_summary *summary = &dumping->run.summary;
	bool aside = out_file_is_aside(dumping->file);
	struct error *error = out_file_check(dumping->file);

	if (!error)
		error = plain_run_cut(&dumping->run);
	/* main() tells what standard output has lost. */
	if (error && to_stdout(dumping) && out_file_is_lost(dumping->file)) {
		error_destroy(error);
		return NULL;
	}
	if (error || dumping->cut)
		return error;
	/* A signal that came behind the last access has cut nothing short. */
	if (summary->interrupted)
		return error_create(ERROR_INTERRUPTED, 0, "interrupted");
	put_unknown(dumping, summary->elements);
	dumping->left_out = aside && (dumping->failed || !summary->done);
	if (dumping->left_out)
		return NULL;
	if (!dumping->raw)
		hex_writer_end(&dumping->hex);
	error = out_file_commit(steal(dumping->file));
	dumping->saved = !error && !dumping->failed;
	return error;
}

/* Behind what it failed by. */
static void tell_left_out(const struct dumping *dumping)
{
	if (!dumping->left_out)
		return;
	diagnostic_note(dumping->run.summary.done
				? "%s: not written: raw bytes cannot show what "
				  "could not be read, --format hex can"
				: "%s: not written: nothing could be read",
			dumping->path);
}

static struct error *prepare(struct dumping *dumping,
			     struct location_list *locations)
{
	struct plan_options options;
	struct error *error =
		plain_location(dumping->context, &options, locations);

	if (!error)
		error = check_output(dumping);
	return error ? error
		     : access_prepare(dumping->context, &options, locations,
				      &dumping->session, &dumping->plan);
}

static void init(struct dumping *dumping, const struct command_context *context)
{
	const struct options *options = context->options;
	const char *form = options->format;

	if (!form)
		form = options->file ? "raw" : "hex";
	*dumping = (struct dumping){
		.context = context,
		.path = options->file ? options->file : "-",
		.raw = strcmp(form, "raw") == 0,
		.run = {.context = context},
	};
	dumping->run.transfer = (struct file_transfer){
		.file = to_stdout(dumping) ? NULL : dumping->path,
		.form = form,
		.saved = &dumping->saved,
		.data = dumping,
		.take = take,
		.made = go_on,
	};
}

static void deinit(struct dumping *dumping)
{
	out_file_abandon(dumping->file);
	plan_deinit(&dumping->plan);
	session_destroy(dumping->session);
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	cleanup_location_list struct location_list locations = {0};
	struct dumping dumping;
	struct error *error;
	bool bar;

	init(&dumping, context);
	error = prepare(&dumping, &locations);
	if (!error)
		error = context->options->dry_run
				? out_file_foresee(dumping.path)
				: open_file(&dumping);
	/* What is shown on the terminal says itself how far it is. */
	bar = dumping.file && !out_file_is_terminal(dumping.file);
	error = plain_run(&dumping.run,
			  locations.count ? locations.items[0]->text : NULL,
			  &dumping.plan, bar, error);
	if (!error && dumping.file)
		error = end_file(&dumping);
	*ret_status = plain_run_end(&dumping.run, error);
	tell_left_out(&dumping);
	deinit(&dumping);
	return error;
}

static struct error *check(const struct command_context *context)
{
	cleanup_location_list struct location_list locations = {0};
	struct plan_options options;
	struct dumping dumping;
	struct error *error;

	init(&dumping, context);
	error = check_output(&dumping);
	if (!error)
		error = plain_location(context, &options, &locations);
	if (!error)
		error = access_check(context, &options, &locations);
	if (!error && context->options->file)
		error = out_file_foresee(context->options->file);
	return error;
}

const struct command command_dump = {
	.name = "dump",
	.arguments = "LOCATION",
	.summary = "a plain range into a file or as text, element by element",
	.help = "  dump @uio0..+0x100                     as `hexdump -C` "
		"shows it\n"
		"  dump @uio0..+0x100 -f regs.bin         the bytes\n"
		"  dump @uio0+0x40/16 -n 8 --format hex -f regs.txt\n",
	.list = "failures",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS |
		  GROUP_VALUES | GROUP_FILE | GROUP_DUMP,
	.file_use = FILE_MADE,
	.check = check,
	.run = run,
};
