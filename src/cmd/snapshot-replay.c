/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a snapshot holds, as a plan. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "cmd/access.h"
#include "cmd/replay.h"
#include "plan/location.h"
#include "snapshot/select.h"
#include "target/session.h"

typedef unsigned long long ull;

/* A file that is missing is wrong usage: for `diff`, 1 means something else. */
static struct error *open_file(const char *path, FILE **ret)
{
	struct stat status;
	int fd = -1;

	if (stat(path, &status) == 0 &&
	    (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)))
		return error_subject(error_create(ERROR_USAGE, 0,
						  "this is a device, and no "
						  "snapshot"),
				     path);
	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR && !interrupt_pending());
	*ret = fd < 0 ? NULL : fdopen(fd, "r");
	if (*ret)
		return NULL;
	if (errno == EINTR)
		return error_create(ERROR_INTERRUPTED, 0, "interrupted");
	return error_subject(error_create(errno == EACCES || errno == EPERM
						  ? ERROR_DENIED
						  : ERROR_USAGE,
					  errno, "the file cannot be opened"),
			     path);
}

struct error *snapshot_load(const char *path, struct snapshot *ret)
{
	cleanup_fclose FILE *file = NULL;
	struct error *error;

	if (strcmp(path, "-") == 0)
		return snapshot_read(stdin, "standard input", ret);
	error = open_file(path, &file);
	return error ? error : snapshot_read(file, path, ret);
}

void replay_deinit(struct replay *replay)
{
	plan_deinit(&replay->plan);
	location_list_deinit(&replay->locations);
	session_destroy(replay->session);
	for (size_t i = 0; replay->regions && i < replay->snapshot->n_devices;
	     i++)
		free(replay->regions[i]);
	free(replay->regions);
	free(replay->ranges);
	replay->session = NULL;
	replay->regions = NULL;
	replay->ranges = NULL;
}

size_t replay_count(const struct replay *replay)
{
	return replay->selection ? replay->selection->count
				 : replay->snapshot->n_registers;
}

const struct snapshot_register *replay_register(const struct replay *replay,
						size_t i)
{
	return &replay->snapshot
			->registers[replay->selection
					    ? replay->selection->items[i].index
					    : i];
}

uint64_t replay_mask(const struct replay *replay, size_t i)
{
	return replay->selection ? replay->selection->items[i].mask
				 : snapshot_mask(replay_register(replay, i));
}

/* Locations */

struct error *replay_in_file(const struct replay *replay,
			     const struct snapshot_register *one,
			     struct error *error)
{
	cleanup_free char *subject = NULL;

	if (asprintf(&subject, "%s: %s", replay->file, one->name) < 0)
		subject = NULL;
	return error_prefix(error, subject ? subject : one->name);
}

static void put_place(FILE *stream, const struct replay *replay,
		      const struct snapshot_register *one, uint64_t count)
{
	unsigned bytes = one->width / 8;

	fprintf(stream, "@%s+0x%llx", replay->regions[one->device],
		(ull)one->offset);
	if (count > 1)
		fprintf(stream, "..+0x%llx", (ull)(count * bytes));
	if (one->halves)
		fputs("/32x2", stream);
	else
		fprintf(stream, "/%u%s", one->width,
			one->width == 8 ? ""
			: one->is_big   ? "be"
					: "le");
	if (one->has_bits && !replay->selection)
		fprintf(stream, ".%u:%u", one->high, one->low);
}

static void put_value(FILE *stream, const struct snapshot_register *one,
		      uint64_t mask)
{
	uint64_t whole = one->has_offset || !one->has_bits
				 ? one->value & mask
				 : snapshot_shown(one, one->value);

	fprintf(stream, "=0x%llx", (ull)whole);
	if (one->has_offset || !one->has_bits)
		fprintf(stream, ":0x%llx", (ull)mask);
}

static char *location_text(const struct replay *replay, size_t i,
			   uint64_t count, bool with_value)
{
	const struct snapshot_register *one = replay_register(replay, i);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	if (one->has_offset)
		put_place(stream, replay, one, count);
	else
		fputs(one->location, stream);
	if (with_value)
		put_value(stream, one, replay_mask(replay, i));
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

/* What stands in a file in place of an offset names one register, with its
 * width, and says nothing else. */
static struct error *check_text(const struct replay *replay,
				const struct snapshot_register *one)
{
	cleanup_location struct location *location = NULL;
	struct error *error;

	if (one->has_offset)
		return NULL;
	error = location_parse(one->location, &location);
	if (!error && location->value.kind != VALUE_NONE)
		error = error_create(ERROR_USAGE, 0,
				     "its location '%.200s' has a value",
				     one->location);
	if (!error && location->range != RANGE_NONE)
		error = error_create(ERROR_USAGE, 0,
				     "its location '%.200s' is a range",
				     one->location);
	return error ? replay_in_file(replay, one, error) : NULL;
}

size_t replay_run_from(const struct replay *replay, size_t i)
{
	const struct snapshot_register *one = replay_register(replay, i);
	unsigned bytes = one->width / 8;
	size_t count = 1;

	if (replay->selection || !one->has_offset || one->halves ||
	    one->has_bits)
		return 1;
	for (; i + count < replay_count(replay); count++) {
		const struct snapshot_register *next =
			replay_register(replay, i + count);

		if (!next->has_offset || next->device != one->device ||
		    next->width != one->width || next->is_big != one->is_big ||
		    next->halves || next->has_bits ||
		    next->offset != one->offset + count * bytes)
			break;
	}
	return count;
}

static struct error *make_locations(struct replay *replay)
{
	struct location_list *list = &replay->locations;
	size_t most = replay_count(replay), step;

	list->items = calloc(most + 1, sizeof(*list->items));
	replay->ranges = calloc(most + 1, sizeof(*replay->ranges));
	if (!list->items || !replay->ranges)
		return error_no_memory();
	for (size_t i = 0; i < most; i += step) {
		cleanup_free char *text = NULL;
		struct error *error;

		step = replay_run_from(replay, i);
		text = location_text(replay, i, step, replay->selection);
		if (!text)
			return error_no_memory();
		error = check_text(replay, replay_register(replay, i));
		if (error)
			return error;
		error = location_parse(text, &list->items[list->count]);
		if (error)
			return replay_in_file(
				replay, replay_register(replay, i), error);
		replay->ranges[list->count++].first = i;
	}
	return NULL;
}

/* The target */

static bool has_device(const struct location_list *list, size_t *devices,
		       size_t device)
{
	for (size_t i = 0; i < list->count; i++)
		if (devices[i] == device)
			return true;
	return false;
}

/* A register of each device, and one that is in none: what they need is a
 * target that has them all. */
static struct error *open_target(const struct command_context *context,
				 struct replay *replay)
{
	cleanup_location_list struct location_list list = {0};
	size_t most = replay->snapshot->n_devices + 1;
	cleanup_free size_t *devices = calloc(most, sizeof(*devices));

	list.items = calloc(most, sizeof(*list.items));
	if (!list.items || !devices)
		return error_no_memory();
	for (size_t i = 0; i < replay_count(replay) && list.count < most; i++) {
		const struct snapshot_register *one =
			replay_register(replay, i);
		cleanup_free char *text = NULL;
		struct error *error;

		if (has_device(&list, devices, one->device))
			continue;
		text = location_text(replay, i, 1, false);
		if (!text)
			return error_no_memory();
		error = check_text(replay, one);
		if (error)
			return error;
		error = location_parse(text, &list.items[list.count]);
		if (error)
			return replay_in_file(replay, one, error);
		devices[list.count++] = one->device;
	}
	return target_open(context, &list, &replay->session);
}

/* The plan */

/* Values in the texts of locations are nobody's input: they are cut off. */
static size_t place_length(const struct location *location)
{
	size_t length = strlen(location->text);

	if (location->value.kind == VALUE_NONE)
		return length;
	return location->value.span.start ? location->value.span.start - 1
					  : length;
}

/* So is the text of a location at which an error points: it is told of which
 * register it is. */
static struct error *tell_register(const struct replay *replay, size_t index,
				   struct error *error)
{
	const struct location *location = replay->locations.items[index];
	size_t length = place_length(location);
	cleanup_free char *place = strndup(location->text, length);

	if (place && error->subject)
		error_subject(error, place);
	if (place && error->input)
		error_at(error, place, error->input_start, error->input_length);
	return replay_in_file(
		replay, replay_register(replay, replay->ranges[index].first),
		error);
}

static struct error *make_plan(const struct command_context *context,
			       const struct plan_options *options,
			       struct replay *replay)
{
	const struct location_list *list = &replay->locations;
	struct error *error = access_plan(context, options, list,
					  replay->session, &replay->plan);

	for (size_t i = 0; i < list->count && error; i++) {
		const char *text = list->items[i]->text;

		if ((error->input && strcmp(error->input, text) == 0) ||
		    (error->subject && strcmp(error->subject, text) == 0))
			return tell_register(replay, i, error);
	}
	return error;
}

static void cut_values(struct replay *replay)
{
	for (size_t i = 0; i < replay->locations.count; i++) {
		struct location *location = replay->locations.items[i];

		location->text[place_length(location)] = '\0';
	}
}

static const char *name_in_range(const void *data, uint64_t index)
{
	const struct replay_range *range = data;

	return replay_register(range->replay, range->first + (size_t)index)
		->name;
}

/* Results are told by the names that the file has. */
static struct error *label(const struct replay *replay, size_t index)
{
	struct operation *operation = &replay->plan.operations[index];
	struct replay_range *range = &replay->ranges[index];
	char *name = strdup(replay_register(replay, range->first)->name);

	if (!name)
		return error_no_memory();
	free(operation->view.label);
	operation->view.label = name;
	operation->has_view = true;
	operation->means = false;
	range->replay = replay;
	range->names = (struct label_source){name_in_range, range};
	if (operation->place.count > 1)
		operation->names = &range->names;
	return NULL;
}

static struct error *check_plan(struct replay *replay)
{
	struct error *error = NULL;

	if (replay->plan.count != replay->locations.count)
		return error_create(ERROR_USAGE, 0,
				    "%s: a location in it is of more than one "
				    "register",
				    replay->file);
	for (size_t i = 0; i < replay->plan.count && !error; i++) {
		error = replay_check_operation(replay, i);
		if (!error)
			error = label(replay, i);
	}
	return error;
}

struct error *replay_prepare(const struct command_context *context,
			     struct replay *replay)
{
	struct plan_options options = context->options->plan;
	struct error *error;

	options.write = replay->selection != NULL;
	replay->force = options.force;
	error = access_check_options(&options);
	if (!error)
		error = replay_copy_regions(replay);
	if (!error)
		error = open_target(context, replay);
	if (!error)
		error = replay_find_regions(replay);
	if (!error)
		error = make_locations(replay);
	if (!error)
		error = make_plan(context, &options, replay);
	if (!error)
		error = check_plan(replay);
	if (!error)
		error = replay_check_places(replay);
	cut_values(replay);
	return error ? error
		     : access_attach(context, &options, replay->session);
}
