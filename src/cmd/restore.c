/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cmd/access.h"
#include "cmd/promise.h"
#include "cmd/snapshot.h"
#include "render/access.h"
#include "render/json.h"
#include "snapshot/select.h"
#include "target/session.h"

/* So many names are told when it fails. */
enum { MOST_NAMES = 16 };

/* What became of a register. */
enum fate {
	FATE_NOT_WRITTEN, /* what was not reached, too */
	FATE_WRITTEN,
	FATE_UNCLEAR, /* the write may or may not have been made */
};

/* One run of the command. */
struct restoring {
	const struct command_context *context;
	const char *file;
	struct snapshot snapshot;
	struct selection selection; /* of what was read */
	struct selection skipped;
	struct replay replay;
	struct run_sink next;
	enum fate *fates; /* of the selection */
	size_t reached;
};

static void restoring_deinit(struct restoring *restoring)
{
	free(restoring->fates);
	replay_deinit(&restoring->replay);
	selection_deinit(&restoring->selection);
	selection_deinit(&restoring->skipped);
	snapshot_deinit(&restoring->snapshot);
}

static struct error *check_arguments(const struct options *options)
{
	if (!options->n_arguments)
		return error_help(
			error_create(ERROR_USAGE, 0, "there is no file"),
			"`mmiodbg save -f FILE` makes one");
	if (options->n_arguments > 1)
		return error_help(error_create(ERROR_USAGE, 0,
					       "more than a file: '%.60s'",
					       options->arguments[1]),
				  "registers are named by --only NAME");
	if (!options->only.count)
		return error_help(
			error_create(ERROR_USAGE, 0,
				     "nothing says which of the registers are "
				     "safe to write"),
			"name those that are, by --only NAME: a write may "
			"clear bits, or start something");
	return NULL;
}

static const struct snapshot_register *
register_of(const struct restoring *restoring, const struct selection *of,
	    size_t i)
{
	return &restoring->snapshot.registers[of->items[i].index];
}

/* Two writes are not one. */
static struct error *not_writable(const struct restoring *restoring,
				  const struct snapshot_register *one)
{
	return error_create(ERROR_USAGE, 0,
			    "%s: %s: a counter in two halves (32x2) is not "
			    "written, for two writes are not one",
			    restoring->file, one->name);
}

static struct error *nothing_left(const struct restoring *restoring)
{
	const struct selection *skipped = &restoring->skipped;

	for (size_t i = 0; i < skipped->count; i++)
		if (register_of(restoring, skipped, i)->halves)
			return not_writable(restoring,
					    register_of(restoring, skipped, i));
	return error_create(ERROR_FAILED, 0,
			    "%s: nothing of that could be read when it was "
			    "saved",
			    restoring->file);
}

/* What was not read has no value to go back to, and halves are not written. */
static struct error *skip_some(struct restoring *restoring)
{
	struct selection *selection = &restoring->selection;
	struct selection *skipped = &restoring->skipped;
	size_t count = selection->count;

	skipped->items = calloc(count + 1, sizeof(*skipped->items));
	if (!skipped->items)
		return error_no_memory();
	selection->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct selected item = selection->items[i];
		const struct snapshot_register *one =
			&restoring->snapshot.registers[item.index];
		struct selection *to =
			one->known && !one->halves ? selection : skipped;

		if (one->halves && item.named)
			return not_writable(restoring, one);
		to->items[to->count++] = item;
	}
	return selection->count ? NULL : nothing_left(restoring);
}

/* Of each device, and behind them of memory: whether something of it was read
 * that is not all ones. */
static bool *find_answers(const struct snapshot *snapshot)
{
	bool *answers = calloc(snapshot->n_devices + 1, sizeof(*answers));

	for (size_t i = 0; answers && i < snapshot->n_registers; i++) {
		const struct snapshot_register *one = &snapshot->registers[i];

		if (one->known && !one->suspect)
			answers[one->device == SNAPSHOT_NONE
					? snapshot->n_devices
					: one->device] = true;
	}
	return answers;
}

/* A device that was off when it was saved is not to get all ones now. */
static struct error *check_suspects(const struct restoring *restoring)
{
	const struct snapshot *snapshot = &restoring->snapshot;
	const struct selection *selection = &restoring->selection;
	cleanup_free bool *answers = find_answers(snapshot);

	if (!answers)
		return error_no_memory();
	if (restoring->context->options->plan.force)
		return NULL;
	for (size_t i = 0; i < selection->count; i++) {
		const struct snapshot_register *one =
			register_of(restoring, selection, i);

		if (!one->suspect ||
		    answers[one->device == SNAPSHOT_NONE ? snapshot->n_devices
							 : one->device])
			continue;
		return error_help(
			error_create(ERROR_UNSAFE, 0,
				     "%s: %s: all that was read of this device "
				     "was all ones, as of one that is off or "
				     "gone",
				     restoring->file, one->name),
			"--force writes it all the same");
	}
	return NULL;
}

static struct error *prepare(struct restoring *restoring)
{
	const struct options *options = restoring->context->options;
	struct error *error;

	restoring->file = options->arguments[0];
	error = snapshot_load(restoring->file, &restoring->snapshot);
	if (!error)
		error = snapshot_select(&restoring->snapshot,
					options->only.items,
					options->only.count, restoring->file,
					&restoring->selection);
	if (!error)
		error = skip_some(restoring);
	if (!error)
		error = check_suspects(restoring);
	if (error)
		return error;
	restoring->replay.snapshot = &restoring->snapshot;
	restoring->replay.file = restoring->file;
	restoring->replay.selection = &restoring->selection;
	restoring->fates = calloc(restoring->selection.count + 1,
				  sizeof(*restoring->fates));
	if (!restoring->fates)
		return error_no_memory();
	return replay_prepare(restoring->context, &restoring->replay);
}

/* A write that was made, and of which only the reading back is unclear, has
 * been made. */
static enum fate fate_of(const struct element_result *result)
{
	if (result->wrote)
		return FATE_WRITTEN;
	return result->error && result->error->kind == ERROR_INDETERMINATE
		       ? FATE_UNCLEAR
		       : FATE_NOT_WRITTEN;
}

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	struct restoring *restoring = data;

	if (restoring->reached < restoring->selection.count)
		restoring->fates[restoring->reached++] = fate_of(result);
	restoring->next.element(restoring->next.data, element, result);
}

static void on_access(void *data, const struct element *element,
		      const struct access_record *record)
{
	const struct restoring *restoring = data;

	restoring->next.access(restoring->next.data, element, record);
}

/* "regs.a, regs.b and 7 more", of those that had this fate. */
static void note_names(const struct restoring *restoring, const char *what,
		       enum fate fate)
{
	const struct selection *selection = &restoring->selection;
	cleanup_free char *text = NULL;
	size_t size = 0, count = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return;
	for (size_t i = 0; i < selection->count; i++) {
		if (restoring->fates[i] != fate)
			continue;
		if (count++ < MOST_NAMES)
			fprintf(stream, "%s%s", count > 1 ? ", " : "",
				register_of(restoring, selection, i)->name);
	}
	if (count > MOST_NAMES)
		fprintf(stream, " and %zu more", count - MOST_NAMES);
	if (fclose(stream) == 0 && count)
		diagnostic_note("%s: %s", what, text);
}

static void note_skipped(const struct restoring *restoring)
{
	const struct selection *skipped = &restoring->skipped;

	for (size_t i = 0; i < skipped->count && i < MOST_NAMES; i++) {
		const struct snapshot_register *one =
			register_of(restoring, skipped, i);

		diagnostic_note("%s is skipped: %s", one->name,
				one->halves
					? "a counter in two halves (32x2) is "
					  "not written"
					: "it could not be read when it was "
					  "saved");
	}
	if (skipped->count > MOST_NAMES)
		diagnostic_note("and so are %zu more",
				skipped->count - MOST_NAMES);
}

static json_object *json_more(const struct restoring *restoring)
{
	const struct selection *skipped = &restoring->skipped;
	json_object *object = json_object_new_object();
	json_object *list = json_object_new_array();

	json_object_object_add(object, "file", json_text(restoring->file));
	for (size_t i = 0; i < skipped->count; i++)
		json_object_array_add(
			list,
			json_text(register_of(restoring, skipped, i)->name));
	json_object_object_add(object, "skipped", list);
	return object;
}

static struct error *write_back(struct restoring *restoring,
				struct access_renderer *renderer,
				struct run_summary *summary)
{
	struct run_sink sink;
	struct error *error;

	access_warn(restoring->context, &restoring->replay.plan);
	note_skipped(restoring);
	restoring->next = access_renderer_start(renderer, "restore");
	sink = restoring->next;
	sink.data = restoring;
	sink.element = on_element;
	if (sink.access)
		sink.access = on_access;
	error = run_plan(&restoring->replay.plan, renderer->dry, &sink,
			 summary);
	access_renderer_end(renderer, error ? NULL : summary, error);
	return error;
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	const struct options *options = context->options;
	struct restoring restoring = {.context = context};
	struct access_renderer renderer = {
		.format = access_format_of(options),
		.verbose = options->verbose,
		.dry = options->dry_run,
		.write = true,
		.style = style_of(options),
	};
	struct run_summary summary;
	struct error *error = check_arguments(options);

	if (error)
		return error;
	error = prepare(&restoring);
	renderer.session = restoring.replay.session;
	renderer.stop = options->plan.stop ? restoring.replay.plan.max_stop : 0;
	if (options->json)
		renderer.more = json_more(&restoring);
	if (error) {
		access_renderer_start(&renderer, "restore");
		access_renderer_end(&renderer, NULL, error);
	} else {
		error = write_back(&restoring, &renderer, &summary);
	}
	if (!error) {
		*ret_status = summary.status;
		error_destroy(summary.end_error);
	}
	if (!error && summary.done < summary.elements) {
		note_names(&restoring, "written", FATE_WRITTEN);
		note_names(&restoring, "perhaps written", FATE_UNCLEAR);
		note_names(&restoring, "not written", FATE_NOT_WRITTEN);
	}
	restoring_deinit(&restoring);
	return error;
}

/* The file may be one that a command before this one will make. */
static struct error *check(const struct command_context *context)
{
	struct restoring restoring = {.context = context};
	struct error *error = check_arguments(context->options);

	if (!error && may_read_early(context, context->options->arguments[0]))
		error = prepare(&restoring);
	restoring_deinit(&restoring);
	return error;
}

const struct command command_restore = {
	.name = "restore",
	.arguments = "FILE --only NAME",
	.summary = "write registers of a snapshot back",
	.help = "  restore before.json --only @uio0+0x10\n"
		"  restore before.json --only @uio0+0x10 --only @uio0+0x14\n"
		"  restore before.json --only @uio0+0x20..+0x10 --dry-run\n\n"
		"NAME is what `diff` prints, or what such names begin with: "
		"regs.ctrl.mode, regs.ctrl,\n"
		"regs. In the order in which they were saved.\n",
	.list = "elements",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_REPLAY | GROUP_VALUES |
		  GROUP_RESTORE,
	.file_use = FILES_READ,
	.check = check,
	.run = run,
};
