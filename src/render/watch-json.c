/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `watch` as JSON: an object for each change, in one document, or in lines. */
#include <string.h>

#include "base/error.h"
#include "plan/element.h"
#include "render/value.h"
#include "render/watch-form.h"
#include "target/session.h"

static const char *const events[] = {
	[WATCH_FIRST] = "first",     [WATCH_CHANGE] = "change",
	[WATCH_SAME] = "same",       [WATCH_BACK] = "back",
	[WATCH_FAILURE] = "failure",
};

static struct error *prepare(struct watch_output *output)
{
	const struct watch_setup *setup = output->setup;

	json_document_init(&output->document, setup->form == &watch_json_lines,
			   "samples", json_head("watch", setup->session));
	return NULL;
}

static void add_time(json_object *object, const struct watch_setup *setup,
		     const struct watch_item *item)
{
	char text[WATCH_TIME_LENGTH];

	json_object_object_add(
		object, "time",
		json_object_new_string(watch_rfc3339(item->clock, text)));
	json_add_number(object, "elapsed_nanoseconds",
			item->time > setup->start ? item->time - setup->start
						  : 0);
}

static void add_column(json_object *object, const struct watch_column *column)
{
	json_object_object_add(object, "location", json_text(column->location));
	json_object_object_add(object, "place", json_text(column->place));
	if (column->operation->has_view)
		json_object_object_add(object, "name",
				       json_text(column->label));
}

static void add_value(json_object *object, const struct watch_setup *setup,
		      const struct watch_item *item)
{
	const struct operation *operation =
		setup->columns[item->column].operation;
	unsigned bits = operation_shown_bits(operation);

	json_add_operation_value(object, setup->session, operation,
				 item->value);
	if (item->has_before) {
		json_object_object_add(
			object, "was",
			json_hexadecimal(
				operation_shown(operation, item->before),
				bits));
		json_object_object_add(
			object, "changed",
			json_hexadecimal(watch_changed(setup, item), bits));
	}
	json_add_number(object, "changes", item->changes);
	if (item->event == WATCH_BACK)
		json_add_number(object, "away_nanoseconds", item->away);
}

/* Of a failure of several columns one of them. */
static json_object *json_item(const struct watch_output *output,
			      const struct watch_item *item)
{
	const struct watch_setup *setup = output->setup;
	json_object *object = json_object_new_object();

	json_object_object_add(object, "event",
			       json_object_new_string(events[item->event]));
	json_add_number(object, "sample", item->sample);
	add_time(object, setup, item);
	watch_lock(output->printer);
	add_column(object, &setup->columns[item->column]);
	if (item->event != WATCH_FAILURE)
		add_value(object, setup, item);
	watch_unlock(output->printer);
	json_add_number(object, "lost", item->lost);
	if (item->error)
		json_object_object_add(object, "error",
				       json_error(item->error));
	return object;
}

static void put(struct watch_output *output, const struct watch_item *item)
{
	struct watch_item one = *item;

	for (uint32_t i = 0; i < item->count; i++) {
		json_document_add(&output->document, json_item(output, &one));
		one.column++;
		one.lost = 0;
	}
}

static struct error *finish(struct watch_output *output,
			    struct histogram *histogram,
			    const struct watch_result *result)
{
	const struct watch_setup *setup = output->setup;
	json_object *tail = json_tail(result->error);

	if (setup->end) {
		json_add_number(tail, "taken", setup->samples);
		json_add_number(tail, "missed", setup->missed);
		json_add_number(tail, "lost", setup->lost);
		json_add_number(tail, "elapsed_nanoseconds",
				setup->end - setup->start);
		json_add_number(tail, "longest_gap_nanoseconds", setup->gap);
	}
	if (setup->end && result->condition) {
		json_object_object_add(tail, "condition",
				       json_text(result->condition));
		json_object_object_add(tail, "met",
				       json_object_new_boolean(result->met));
	}
	if (setup->end && histogram)
		json_object_object_add(tail, "histogram",
				       watch_histogram_json(setup, histogram));
	json_document_end(&output->document, tail);
	return NULL;
}

const struct watch_form watch_json = {
	.is_json = true,
	.prepare = prepare,
	.put = put,
	.finish = finish,
};

const struct watch_form watch_json_lines = {
	.is_json = true,
	.prepare = prepare,
	.put = put,
	.finish = finish,
};
