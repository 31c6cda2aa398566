/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "plan/shown.h"
#include "render/diagnostic.h"
#include "target/attachment.h"
#include "target/machine.h"
#include "target/process.h"
#include "target/scan.h"
#include "target/session.h"

static bool use_color(const struct options *options, int fd)
{
	return options->color == COLOR_ALWAYS ||
	       (options->color == COLOR_AUTO && isatty(fd));
}

struct diagnostic_style style_of(const struct options *options)
{
	return (struct diagnostic_style){
		.color = use_color(options, STDERR_FILENO),
		.evidence = options->verbose,
	};
}

bool color_output(const struct options *options)
{
	return use_color(options, STDOUT_FILENO);
}

struct error *locations_parse(const struct options *options,
			      struct location_list *ret)
{
	cleanup_location_list struct location_list list = {0};

	if (!options->n_arguments)
		return error_help(
			error_create(ERROR_USAGE, 0, "there is no location"),
			"name one: @03:00.0/bar0+0x8; `mmiodbg maps` "
			"lists what there is");
	list.items = calloc(options->n_arguments, sizeof(*list.items));
	if (!list.items)
		return error_no_memory();
	for (size_t i = 0; i < options->n_arguments; i++) {
		struct error *error =
			location_parse(options->arguments[i], &list.items[i]);

		if (error)
			return error_subject(error, options->arguments[i]);
		list.count++;
	}
	*ret = list;
	list = (struct location_list){0};
	return NULL;
}

void location_list_deinit(struct location_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		location_destroy(list->items[i]);
	free(list->items);
	*list = (struct location_list){0};
}

/* Whether a process has what a location names; only regions and physical
 * addresses can tell. */
static bool has_mapped(struct session *session, const struct place *place)
{
	uint64_t physical = place->number;

	for (size_t i = 0; i < session->devices.count; i++) {
		const struct device_mapping *device =
			&session->devices.items[i];

		if (place->kind == BASE_REGION) {
			if (region_is_shown(session, device, &place->region))
				return true;
		} else if (device->has_physical &&
			   physical - device->physical <
				   device->mapping.end -
					   device->mapping.start) {
			return true;
		}
	}
	return false;
}

static bool has_all(struct session *session,
		    const struct location_list *locations)
{
	for (size_t i = 0; i < locations->count; i++)
		if (!has_mapped(session, &locations->items[i]->start))
			return false;
	return true;
}

const char *target_named_by(const struct command_context *context)
{
	return context->held ? "`attach PID`" : "-p PID";
}

/* A location that every process reads in its own way needs a process. */
static struct error *check_names_device(const struct command_context *context,
					const struct location_list *locations)
{
	for (size_t i = 0; i < locations->count; i++) {
		const struct place *place = &locations->items[i]->start;

		if (place->kind == BASE_PHYSICAL ||
		    (place->kind == BASE_REGION &&
		     place->region.kind != REGION_INDEX))
			continue;
		return error_at(
			error_help(error_create(ERROR_USAGE, 0,
						"of which process?"),
				   "%s names it", target_named_by(context)),
			locations->items[i]->text, place->base_span.start,
			place->base_span.length);
	}
	return NULL;
}

static struct error *list_holders(const struct command_context *context,
				  const struct scan_result *scan,
				  const bool *holds)
{
	cleanup_free char *text = NULL;
	struct error *error;
	size_t size = 0, count = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return error_no_memory();
	for (size_t i = 0; i < scan->count; i++) {
		if (!holds[i])
			continue;
		fprintf(stream, "%s%d (%s)", count++ ? ", " : "",
			(int)scan->sessions[i]->process.pid,
			scan->sessions[i]->name);
	}
	if (fclose(stream))
		return error_no_memory();
	error = error_create(ERROR_USAGE, 0, "%zu processes have it mapped",
			     count);
	return error_help(error, "name one with %s: %s",
			  context->held ? "`attach`" : "-p", text);
}

static struct error *nobody(const struct scan_result *scan)
{
	struct error *error =
		error_create(ERROR_NOT_MAPPED, 0, "no process has it mapped");

	if (!scan->denied)
		return error_help(error, "`mmiodbg maps` lists all device "
					 "mappings");
	return error_help(error,
			  "%zu process%s could not be looked at for want of "
			  "permission",
			  scan->denied, scan->denied == 1 ? "" : "es");
}

static struct error *find_holder(const struct command_context *context,
				 struct scan_result *scan,
				 const struct location_list *locations,
				 struct session **ret)
{
	cleanup_free bool *holds = calloc(scan->count + 1, sizeof(*holds));
	size_t count = 0, last = 0;

	if (!holds)
		return error_no_memory();
	for (size_t i = 0; i < scan->count; i++) {
		holds[i] = has_all(scan->sessions[i], locations);
		if (!holds[i])
			continue;
		count++;
		last = i;
	}
	if (count > 1)
		return list_holders(context, scan, holds);
	if (!count)
		return nobody(scan);
	*ret = steal(scan->sessions[last]);
	return NULL;
}

static struct error *open_anew(const struct command_context *context,
			       const struct location_list *locations,
			       struct session **ret)
{
	const struct options *options = context->options;
	struct scan_result scan = {0};
	struct error *error;
	pid_t pid;

	if (options->process) {
		error = process_find(&context->machine->root, options->process,
				     &pid);
		if (error)
			return error;
		error = session_create(context->machine, pid, options->stand_in,
				       ret);
		if (!error)
			(*ret)->no_debuginfod = options->no_debuginfod;
		return error;
	}
	error = check_names_device(context, locations);
	if (!error)
		error = scan_processes(context->machine, options->stand_in,
				       &scan);
	if (!error)
		error = find_holder(context, &scan, locations, ret);
	if (error && !error->subject)
		error_subject(error, locations->items[0]->text);
	scan_result_deinit(&scan);
	return error;
}

void held_target_release(struct held_target *held)
{
	session_destroy(held->session);
	held->session = NULL;
	held->renumbered = held->refused = false;
	held->changes = 0;
	held->released++;
	held->generation++;
}

static bool same_devices(const struct mapping *left, size_t n_left,
			 const struct device_list *right)
{
	if (n_left != right->count)
		return false;
	for (size_t i = 0; i < n_left; i++)
		if (left[i].start != right->items[i].mapping.start ||
		    left[i].inode != right->items[i].mapping.inode ||
		    left[i].offset != right->items[i].mapping.offset)
			return false;
	return true;
}

struct error *held_target_refresh(struct held_target *held)
{
	struct session *session = held->session;
	size_t count = session->devices.count;
	cleanup_free struct mapping *before =
		calloc(count + 1, sizeof(*before));
	bool changed = false;
	struct error *error;

	if (!before)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		before[i] = session->devices.items[i].mapping;
	error = session_refresh(session, &changed);
	if (error || !changed)
		return error;
	held->generation++;
	if (!same_devices(before, count, &session->devices)) {
		held->renumbered = true;
		held->changes++;
	}
	return NULL;
}

void held_target_listed(struct held_target *held, const struct session *shown)
{
	cleanup_free struct mapping *listed =
		calloc(shown->devices.count + 1, sizeof(*listed));

	if (!held || !held->session || !listed ||
	    shown->process.pid != held->session->process.pid)
		return;
	/* One that is gone, or has changed meanwhile, is as it was. */
	error_destroy(held_target_refresh(held));
	for (size_t i = 0; i < shown->devices.count; i++)
		listed[i] = shown->devices.items[i].mapping;
	if (same_devices(listed, shown->devices.count, &held->session->devices))
		held->renumbered = false;
}

/* An index is what `maps` has shown. */
static struct error *check_indexes(const struct held_target *held,
				   const struct location_list *locations)
{
	for (size_t i = 0; held->renumbered && i < locations->count; i++) {
		const struct location *location = locations->items[i];
		const struct place *place = &location->start;

		if (place->kind != BASE_REGION ||
		    place->region.kind != REGION_INDEX)
			continue;
		return error_at(
			error_subject(
				error_help(error_create(
						   ERROR_USAGE, 0,
						   "the device mappings have "
						   "changed, and the index may "
						   "mean another one"),
					   "`maps` lists them anew"),
				location->text),
			location->text, place->base_span.start,
			place->base_span.length);
	}
	return NULL;
}

struct error *target_open(const struct command_context *context,
			  const struct location_list *locations,
			  struct session **ret)
{
	struct held_target *held = context->held;
	struct session *session;
	struct error *error;

	if (!held)
		return open_anew(context, locations, ret);
	if (held->session)
		error = held_target_refresh(held);
	else
		error = open_anew(context, locations, &held->session);
	if (!error)
		error = check_indexes(held, locations);
	if (error)
		return error;
	session = held->session;
	if (context->command->only_looks)
		error = session_create(context->machine, session->process.pid,
				       session->stand_in, ret);
	else
		*ret = session_share(session);
	if (!error)
		(*ret)->no_debuginfod = context->options->no_debuginfod;
	return error;
}

/* Whether a target is held all the same if it is not attached to for this. */
static bool is_bearable(const struct error *error)
{
	switch (error->kind) {
	case ERROR_DENIED:
	case ERROR_UNSAFE:
	case ERROR_UNSUPPORTED:
	case ERROR_BUSY:
	case ERROR_USAGE:
		return true;
	default:
		return false;
	}
}

static struct error *do_without(struct held_target *held, struct error *error)
{
	if (!is_bearable(error))
		return error;
	held->refused = true;
	diagnostic_note("%s; going on unattached", error->message);
	error_destroy(error);
	return NULL;
}

struct error *target_attach(const struct command_context *context,
			    struct session *session, bool attach, bool stop)
{
	struct held_target *held = context->held;
	bool is_asked = attach || stop;
	struct error *error;

	attach |= held && held->attach;
	if (!attach && !stop)
		return NULL;
	/* Who else has the address space is asked when it is attached to. */
	if (!stop && attachment_is_whole(session))
		return NULL;
	if (!is_asked && held->refused)
		return NULL;
	attachment_destroy(session->attachment);
	session->attachment = NULL;
	error = attachment_create(session, stop);
	if (!error)
		return NULL;
	/* What is half attached would say that the target has ended. */
	attachment_destroy(session->attachment);
	session->attachment = NULL;
	return is_asked || !held->may_do_without ? error
						 : do_without(held, error);
}
