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

static void add_count(json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key,
			       json_object_new_int64((int64_t)number));
}

static struct error *prepare(struct watch_output *output)
{
	const struct session *session = output->setup->session;
	json_object *head = json_object_new_object();

	json_object_object_add(head, "command",
			       json_object_new_string("watch"));
	if (session) {
		json_object_object_add(
			head, "pid",
			json_object_new_int((int)session->process.pid));
		json_object_object_add(head, "process",
				       json_text(session->name));
	}
	json_document_init(&output->document,
			   output->setup->form == &watch_json_lines, "samples",
			   head);
	return NULL;
}

static void add_time(json_object *object, const struct watch_setup *setup,
		     const struct watch_item *item)
{
	char text[WATCH_TIME_LENGTH];

	json_object_object_add(
		object, "time",
		json_object_new_string(watch_rfc3339(item->clock, text)));
	add_count(object, "elapsed_nanoseconds",
		  item->time > setup->start ? item->time - setup->start : 0);
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
	add_count(object, "changes", item->changes);
	if (item->event == WATCH_BACK)
		add_count(object, "away_nanoseconds", item->away);
}

/* Of a failure of several columns one of them. */
static json_object *json_item(const struct watch_output *output,
			      const struct watch_item *item)
{
	const struct watch_setup *setup = output->setup;
	json_object *object = json_object_new_object();

	json_object_object_add(object, "event",
			       json_object_new_string(events[item->event]));
	add_count(object, "sample", item->sample);
	add_time(object, setup, item);
	watch_lock(output->printer);
	add_column(object, &setup->columns[item->column]);
	if (item->event != WATCH_FAILURE)
		add_value(object, setup, item);
	watch_unlock(output->printer);
	add_count(object, "lost", item->lost);
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
	json_object *tail = json_object_new_object();

	if (setup->end) {
		add_count(tail, "taken", setup->samples);
		add_count(tail, "missed", setup->missed);
		add_count(tail, "lost", setup->lost);
		add_count(tail, "elapsed_nanoseconds",
			  setup->end - setup->start);
		add_count(tail, "longest_gap_nanoseconds", setup->gap);
	}
	if (setup->end && result->condition) {
		json_object_object_add(tail, "condition",
				       json_text(result->condition));
		json_object_object_add(tail, "met",
				       json_object_new_boolean(result->met));
	}
	if (histogram)
		json_object_object_add(tail, "histogram",
				       watch_histogram_json(setup, histogram));
	if (result->error)
		json_object_object_add(tail, "error",
				       json_error(result->error));
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
