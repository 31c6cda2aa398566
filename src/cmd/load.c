/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/error.h"
#include "base/infile.h"
#include "cmd/access.h"
#include "cmd/plain.h"
#include "cmd/promise.h"
#include "plan/run.h"
#include "target/session.h"

typedef unsigned long long ull;

/* From so many bytes on it is seen whether that many fit, while there may be
 * more to read. */
enum { FIRST_LOOK = 1 << 20 };

struct loading {
	const struct command_context *context;
	struct location_list locations;
	struct plan_options options;
	struct value_source values;
	struct session *session;
	struct plan plan;
	struct in_file *file;
	const char *path;
	unsigned each; /* bytes of an element */
	bool is_range; /* it says itself how long it is */
	uint64_t next_look;
	struct plain_run run;
};

static struct error *bytes_of(void *data, uint64_t index, void *ret,
			      unsigned length)
{
	struct loading *loading = data;

	return in_file_read(loading->file, index * length, ret, length);
}

static const struct location *location_of(const struct loading *loading)
{
	return loading->locations.items[0];
}

static unsigned bytes_of_one(const struct loading *loading)
{
	return loading->plan.operations[0].bits / 8;
}

static uint64_t bytes_of_all(const struct loading *loading)
{
	return loading->plan.operations[0].place.count * bytes_of_one(loading);
}

static const char *name_of(const struct loading *loading)
{
	return strcmp(loading->path, "-") == 0 ? "standard input"
					       : loading->path;
}

/* Anew: a plan says what was mapped when it was made. */
static struct error *make_plan(struct loading *loading)
{
	plan_deinit(&loading->plan);
	return access_plan(loading->context, &loading->options,
			   &loading->locations, loading->session,
			   &loading->plan);
}

/* For so many bytes from the start of what is no range; `open`: there may be
 * more of them. */
static struct error *make_plan_for(struct loading *loading, uint64_t bytes,
				   bool open)
{
	struct error *error;
	char *text;

	loading->options.has_count = true;
	loading->options.count = bytes / loading->each;
	error = make_plan(loading);
	if (!error ||
	    asprintf(&text, "%s: %s%llu bytes from there on", name_of(loading),
		     open ? "at least " : "", (ull)bytes) < 0)
		return error;
	error_prefix(error, text);
	free(text);
	return error;
}

/* Of a range the length is known; else what is mapped is the limit. */
static struct error *fits(void *data, uint64_t bytes)
{
	struct loading *loading = data;

	if (!loading->is_range) {
		if (bytes < loading->next_look)
			return NULL;
		loading->next_look = bytes * 2;
		return make_plan_for(loading, bytes, true);
	}
	if (bytes <= bytes_of_all(loading))
		return NULL;
	return error_create(ERROR_USAGE, 0,
			    "%s: it has more than the %llu bytes of %s",
			    name_of(loading), (ull)bytes_of_all(loading),
			    location_of(loading)->text);
}

static struct error *check_size(const struct loading *loading)
{
	uint64_t bytes = in_file_size(loading->file);

	if (loading->is_range && bytes != bytes_of_all(loading))
		return error_create(ERROR_USAGE, 0,
				    "%s: it has %llu bytes, and %s has %llu",
				    name_of(loading), (ull)bytes,
				    location_of(loading)->text,
				    (ull)bytes_of_all(loading));
	if (bytes % loading->each)
		return error_create(ERROR_USAGE, 0,
				    "%s: %llu bytes are no multiple of the %u "
				    "of an element",
				    name_of(loading), (ull)bytes,
				    loading->each);
	return NULL;
}

static struct error *read_file(struct loading *loading)
{
	const char *form = loading->context->options->format;

	return in_file_open(loading->path,
			    !form                      ? IN_FILE_NOT_HEX
			    : strcmp(form, "hex") == 0 ? IN_FILE_HEX
						       : IN_FILE_RAW,
			    fits, loading, &loading->file);
}

/* All that can be checked without the file. */
static struct error *open_target(struct loading *loading)
{
	const struct command_context *context = loading->context;
	struct error *error =
		plain_location(context, &loading->options, &loading->locations);
	const struct operation *operation;

	loading->options.write = true;
	loading->options.indexes = context->held != NULL;
	loading->values = (struct value_source){bytes_of, loading};
	loading->options.values = &loading->values;
	if (!error && !context->options->file)
		error = error_help(error_create(ERROR_USAGE, 0,
						"there is no file to load"),
				   "-f FILE, or -f - for standard input");
	if (!error)
		error = access_check_options(&loading->options);
	if (!error)
		error = plan_check(loading->locations.items, 1,
				   &loading->options);
	if (!error)
		error = target_open(context, &loading->locations,
				    &loading->session);
	if (!error)
		error = make_plan(loading);
	if (error)
		return error;
	/* A type tells its length, as a range does. */
	operation = loading->plan.operations;
	loading->each = bytes_of_one(loading);
	loading->is_range = operation->has_view || loading->options.has_count ||
			    location_of(loading)->range != RANGE_NONE;
	return NULL;
}

static struct error *prepare(struct loading *loading)
{
	struct error *error = open_target(loading);

	if (!error)
		error = read_file(loading);
	if (!error)
		error = check_size(loading);
	if (!error)
		error = loading->is_range
				? make_plan(loading)
				: make_plan_for(loading,
						in_file_size(loading->file),
						false);
	return error ? error
		     : access_attach(loading->context, &loading->options,
				     loading->session);
}

static void init(struct loading *loading, const struct command_context *context)
{
	const struct options *options = context->options;

	*loading = (struct loading){
		.context = context,
		.path = options->file,
		.next_look = FIRST_LOOK,
		.run = {.context = context},
	};
	loading->run.transfer = (struct file_transfer){
		.file = options->file,
		.form = options->format ? options->format : "raw",
	};
}

static void deinit(struct loading *loading)
{
	in_file_close(loading->file);
	plan_deinit(&loading->plan);
	session_destroy(loading->session);
	location_list_deinit(&loading->locations);
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	struct loading loading;
	struct error *error;

	init(&loading, context);
	error = prepare(&loading);
	error = plain_run(&loading.run,
			  loading.locations.count ? location_of(&loading)->text
						  : NULL,
			  &loading.plan, true, error);
	if (!error && !context->options->dry_run)
		error = plain_run_cut(&loading.run);
	*ret_status = plain_run_end(&loading.run, error);
	deinit(&loading);
	return error;
}

static struct error *check(const struct command_context *context)
{
	struct loading loading;
	struct error *error;

	const char *file = context->options->file;

	init(&loading, context);
	error = file && may_read_early(context, file) ? prepare(&loading)
						      : open_target(&loading);
	deinit(&loading);
	return error;
}

const struct command command_load = {
	.name = "load",
	.arguments = "LOCATION",
	.summary = "write the bytes of a file, element by element",
	.help = "  load @uio0..+0x100 -f regs.bin         as long as the "
		"range\n"
		"  load @uio0 -f regs.bin                 as long as the "
		"file\n"
		"  load @uio0+0x40/16 --format hex -f regs.txt   what `dump` "
		"shows\n",
	.list = "failures",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS |
		  GROUP_VERIFY | GROUP_VALUES | GROUP_FILE | GROUP_DUMP,
	.file_use = FILE_READ,
	.check = check,
	.run = run,
};
