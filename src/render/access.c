/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "render/output.h"
#include "render/progress.h"
#include "render/value.h"
#include "target/session.h"

#define RED   "\033[31m"
#define PLAIN "\033[0m"

enum { ROW_BYTES = 16 };

typedef unsigned long long ull;

/* Faster than printf, for there may be millions. */
static void put_digits(uint64_t value, int digits, char *ret)
{
	ret[digits] = '\0';
	while (digits--) {
		ret[digits] = "0123456789abcdef"[value & 15];
		value >>= 4;
	}
}

/* A failed element is as wide as a value, so that columns stay. */
static void format_value(const struct operation *operation, bool prefix,
			 const struct element_result *result, char ret[24])
{
	int digits = (int)(operation_shown_bits(operation) + 3) / 4;

	if (result->error || !result->known) {
		memset(ret, '-', (size_t)digits);
		ret[digits] = '\0';
		return;
	}
	if (prefix)
		ret = stpcpy(ret, "0x");
	put_digits(operation_shown(operation, result->value), digits, ret);
}

static bool is_range(const struct operation *operation)
{
	return operation->place.count > 1 || operation->is_array ||
	       operation->location->range != RANGE_NONE;
}

static bool is_json(const struct access_renderer *renderer)
{
	return renderer->format == FORMAT_JSON ||
	       renderer->format == FORMAT_LINES;
}

static void add_failures(struct access_renderer *renderer)
{
	const struct failure_run *run = &renderer->failures;
	cleanup_free char *first = element_label(&run->first);
	cleanup_free char *last = element_label(&run->last);
	json_object *object = json_object_new_object();

	json_object_object_add(object, "first", json_text(first));
	json_object_object_add(object, "last", json_text(last));
	json_object_object_add(object, "count",
			       json_object_new_int64((int64_t)run->count));
	json_object_object_add(object, "error", json_error(run->error));
	json_document_add(&renderer->document, object);
}

/* A run of neighbours that failed alike is one diagnostic. */
static void flush_failures(struct access_renderer *renderer)
{
	struct failure_run *run = &renderer->failures;
	cleanup_free char *first = NULL, *last = NULL, *subject = NULL;
	const struct operation *operation;
	char most[48] = "";

	if (!run->error)
		return;
	operation = run->first.operation;
	if (is_range(operation)) {
		first = element_label(&run->first);
		last = element_label(&run->last);
		if (run->differ && run->most > 1)
			snprintf(most, sizeof(most), ", at most %u attempts",
				 run->most);
		if (run->differ)
			error_attempts(run->error, 0, 0);
		if (first && last && run->count > 1 &&
		    asprintf(&subject, "%s to %s (%llu elements%s)", first,
			     last, (ull)run->count, most) < 0)
			subject = NULL;
		error_subject(run->error, subject ? subject : first);
	} else {
		error_subject(run->error, operation->has_view
						  ? operation->view.label
						  : operation->location->text);
	}
	diagnostic_error(&renderer->style, run->error);
	if (renderer->transfer && is_json(renderer))
		add_failures(renderer);
	error_destroy(run->error);
	*run = (struct failure_run){0};
}

static void add_failure(struct access_renderer *renderer,
			const struct element *element,
			const struct error *error)
{
	struct failure_run *run = &renderer->failures;

	if (run->error && (run->first.operation != element->operation ||
			   run->error->kind != error->kind ||
			   strcmp(run->error->message, error->message) != 0))
		flush_failures(renderer);
	if (!run->error) {
		run->error = error_copy(error);
		run->first = *element;
	} else if (error->attempts != run->error->attempts) {
		run->differ = true;
	}
	if (error->attempts > run->most)
		run->most = error->attempts;
	run->last = *element;
	run->count++;
}

static void put_escaped(const char *text)
{
	cleanup_free char *shown = NULL;

	if (text && text_is_plain(text)) {
		fputs(text, stdout);
		return;
	}
	shown = text ? text_escape(text, strlen(text)) : NULL;
	fputs(shown ? shown : "?", stdout);
}

static void flush_row(struct access_renderer *renderer)
{
	struct row *row = &renderer->row;

	if (row->length)
		puts(row->text);
	row->length = row->bytes = 0;
}

/* Rows of 16 bytes, each with the place of its first element. */
static void put_in_row(struct access_renderer *renderer,
		       const struct element *element,
		       const struct element_result *result)
{
	struct row *row = &renderer->row;
	char value[24], *end;

	if (!row->length) {
		cleanup_free char *label = element_label(element);

		put_escaped(label);
		putchar(':');
		row->text[0] = '\0';
	}
	format_value(element->operation, false, result, value);
	end = row->text + row->length;
	*end++ = ' ';
	if (result->error && renderer->color)
		end = stpcpy(end, RED);
	end = stpcpy(end, value);
	if (result->error && renderer->color)
		end = stpcpy(end, PLAIN);
	row->length = (size_t)(end - row->text);
	row->bytes += element->operation->value_bits / 8;
	if (row->bytes >= ROW_BYTES ||
	    element->index + 1 == element->operation->place.count)
		flush_row(renderer);
}

static void note_pointer(const struct access_renderer *renderer,
			 const struct operation *operation, uint64_t value)
{
	cleanup_free char *place = NULL;
	bool again;

	if (!operation->means || operation->view.scalar.kind != TYPE_POINTER ||
	    operation->location->start.kind < BASE_POINTER)
		return;
	place = device_place(renderer->session,
			     operation_shown(operation, value));
	/* ptr: stands before a whole expression, and only once. */
	again = text_starts(operation->view.label, "ptr:", NULL);
	if (place)
		diagnostic_note("%s points to a device: %s%s%s is what stands "
				"there",
				operation->view.label,
				again ? "" : "ptr:", operation->view.label,
				again ? ".0" : "");
}

static void put_text(struct access_renderer *renderer,
		     const struct element *element,
		     const struct element_result *result)
{
	const struct operation *operation = element->operation;
	cleanup_free char *text = NULL;
	char value[24];

	if (renderer->write || renderer->dry)
		return;
	if (is_range(operation)) {
		put_in_row(renderer, element, result);
		return;
	}
	if (result->error)
		return;
	put_escaped(operation_name(operation));
	fputs(" = ", stdout);
	if (result->known && operation->means) {
		text = operation_value_text(renderer->session, operation,
					    result->value);
		puts(text ? text : "?");
	} else {
		format_value(operation, true, result, value);
		puts(value);
	}
	if (operation->has_view && result->known)
		note_pointer(renderer, operation, result->value);
}

static void put_quiet(const struct access_renderer *renderer,
		      const struct element *element,
		      const struct element_result *result)
{
	char value[24];

	if (renderer->write || renderer->dry)
		return;
	format_value(element->operation, true, result, value);
	puts(result->error ? "-" : value);
}

static void add_string(json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

/* null: it is not known. */
static json_object *json_written(const struct element_result *result)
{
	if (result->error && result->error->kind == ERROR_INDETERMINATE)
		return NULL;
	return json_object_new_boolean(result->wrote);
}

static void add_view(json_object *object, const struct element *element)
{
	cleanup_free char *label = element_label(element);

	json_object_object_add(object, "name", json_text(label));
	if (element->operation->view.type)
		json_object_object_add(
			object, "type",
			json_text(element->operation->view.type));
}

static json_object *json_element(const struct access_renderer *renderer,
				 const struct element *element,
				 const struct element_result *result)
{
	const struct operation *operation = element->operation;
	cleanup_free char *place =
		resolved_label(&operation->place, element->position);
	json_object *object = json_object_new_object();
	char bits[16];

	json_object_object_add(object, "location",
			       json_text(operation->location->text));
	json_object_object_add(object, "place", json_text(place));
	json_object_object_add(object, "address",
			       json_address(element->site.address));
	json_object_object_add(object, "width",
			       json_object_new_int((int)operation->bits));
	add_string(object, "class",
		   mapping_class_name(site_class(&element->site)));
	add_string(object, "backend", result->backend->name);
	if (operation->has_field) {
		snprintf(bits, sizeof(bits), "%u:%u", operation->high,
			 operation->low);
		add_string(object, "bits", bits);
	}
	if (operation->has_view)
		add_view(object, element);
	if (result->known && !result->error)
		json_add_operation_value(object, renderer->session, operation,
					 result->value);
	if (result->has_old && !renderer->dry)
		json_object_object_add(
			object, "old",
			json_hexadecimal(result->old, operation->value_bits));
	if (renderer->write)
		json_object_object_add(object, "written", json_written(result));
	else
		json_object_object_add(
			object, "suspect",
			json_object_new_boolean(result->suspect));
	json_object_object_add(object, "attempts",
			       json_object_new_int((int)result->attempts));
	json_object_object_add(
		object, "nanoseconds",
		json_object_new_int64((int64_t)result->nanoseconds));
	json_object_object_add(object, "waited_nanoseconds",
			       json_object_new_int64((int64_t)result->waited));
	if (result->error)
		json_object_object_add(object, "error",
				       json_error(result->error));
	return object;
}

static void note_suspect(const struct element *element)
{
	const struct operation *operation = element->operation;
	cleanup_free char *label = operation->has_view
					   ? element_label(element)
					   : strdup(operation->location->text);

	diagnostic_note("%s: suspect: all ones is also what a device answers "
			"that is off, asleep or gone",
			label ? label : "?");
}

static void move_value(const struct access_renderer *renderer,
		       const struct element *element,
		       const struct element_result *result)
{
	const struct file_transfer *transfer = renderer->transfer;

	if (transfer->take && !renderer->dry)
		transfer->take(transfer->data, element, result);
}

static void put_value(struct access_renderer *renderer,
		      const struct element *element,
		      const struct element_result *result)
{
	switch (renderer->format) {
	case FORMAT_TEXT:
		put_text(renderer, element, result);
		break;
	case FORMAT_QUIET:
		put_quiet(renderer, element, result);
		break;
	case FORMAT_JSON:
	case FORMAT_LINES:
		json_document_add(&renderer->document,
				  json_element(renderer, element, result));
		break;
	case FORMAT_NONE:
		break;
	}
}

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	struct access_renderer *renderer = data;

	if (renderer->transfer)
		move_value(renderer, element, result);
	else
		put_value(renderer, element, result);
	output_check();
	renderer->unclear |= result->error && !result->wrote &&
			     result->error->kind == ERROR_INDETERMINATE;
	if (result->error)
		add_failure(renderer, element, result->error);
	else
		flush_failures(renderer);
	if (result->suspect && renderer->verbose)
		note_suspect(element);
}

static const char *outcome_word(const struct error *error)
{
	if (!error)
		return "";
	return error->kind == ERROR_INDETERMINATE ? " unclear" : " failed";
}

static void on_access(void *data, const struct element *element,
		      const struct access_record *record)
{
	const struct access_renderer *renderer = data;
	cleanup_free char *label = element_label(element);
	const char *verb = record->write ? "write" : "read";
	char value[32] = "", waited[48] = "";

	if (record->known)
		snprintf(value, sizeof(value), " = 0x%0*llx",
			 (int)record->bits / 4, (ull)record->value);
	if (renderer->dry && is_json(renderer))
		return;
	if (renderer->dry) {
		printf("would %s %u bits at 0x%llx (", verb, record->bits,
		       (ull)record->address);
		put_escaped(label);
		printf(")%s through %s\n",
		       record->known ? value
		       : record->write
			       ? ", the old value with its bits changed,"
			       : "",
		       record->backend->name);
		return;
	}
	if (!renderer->verbose)
		return;
	if (record->waited)
		snprintf(waited, sizeof(waited), " in %llu.%03llu ms",
			 (ull)record->waited / 1000000,
			 (ull)record->waited / 1000 % 1000);
	diagnostic_note("%s %u bits at 0x%llx (%s)%s%s through %s, %s, "
			"%u attempt%s%s, %llu.%03llu us",
			verb, record->bits, (ull)record->address,
			label ? label : "?", value, outcome_word(record->error),
			record->backend->name,
			mapping_class_name(site_class(&element->site)),
			record->attempts, record->attempts == 1 ? "" : "s",
			waited, (ull)record->nanoseconds / 1000,
			(ull)record->nanoseconds % 1000);
}

void access_renderer_flush(struct access_renderer *renderer)
{
	flush_row(renderer);
	flush_failures(renderer);
}

static void add_members(json_object *object, json_object *more)
{
	json_object_object_foreach(more, key, value)
	{
		json_object_object_add(object, key, json_object_get(value));
	}
	json_object_put(more);
}

/* While the target stands still nothing is drawn. */
static bool on_made(void *data, const struct element *element,
		    const struct element_result *result)
{
	const struct access_renderer *renderer = data;
	const struct file_transfer *transfer = renderer->transfer;

	if (transfer->progress && !renderer->stop)
		progress_step(transfer->progress);
	return !transfer->made ||
	       transfer->made(transfer->data, element, result);
}

static void add_transfer(json_object *head,
			 const struct file_transfer *transfer)
{
	if (transfer->location)
		json_object_object_add(head, "location",
				       json_text(transfer->location));
	json_object_object_add(head, "file", json_text(transfer->file));
	add_string(head, "format", transfer->form);
	if (!transfer->bits)
		return;
	json_object_object_add(head, "width",
			       json_object_new_int((int)transfer->bits));
	json_object_object_add(head, "bytes",
			       json_object_new_int64((int64_t)transfer->bytes));
}

struct run_sink access_renderer_start(struct access_renderer *renderer,
				      const char *command)
{
	char limit[DURATION_LENGTH];
	json_object *head;

	if (is_json(renderer)) {
		head = json_head(command, renderer->session);
		json_object_object_add(head, "dry_run",
				       json_object_new_boolean(renderer->dry));
		if (renderer->more)
			add_members(head, renderer->more);
		if (renderer->transfer)
			add_transfer(head, renderer->transfer);
		json_document_init(
			&renderer->document, renderer->format == FORMAT_LINES,
			renderer->transfer ? "failures" : "elements", head);
	}
	if (!is_json(renderer) && renderer->dry && renderer->stop)
		printf("would stop process %d for %s at most\n",
		       (int)renderer->session->process.pid,
		       duration_format(renderer->stop, limit));
	return (struct run_sink){
		.data = renderer,
		.access = renderer->verbose || renderer->dry ? on_access : NULL,
		.element = on_element,
		.made = renderer->transfer && !renderer->dry ? on_made : NULL,
		.at_once =
			renderer->format == FORMAT_LINES && !renderer->transfer,
	};
}

static void note_held(const struct access_renderer *renderer,
		      const struct run_summary *summary)
{
	const struct stop_report *stop = &summary->stop;
	const struct agent_pauses *pauses = &summary->pauses;

	if (!renderer->verbose)
		return;
	if (stop->made)
		diagnostic_note("process %d (%u thread%s) stood still for "
				"%llu.%03llu us",
				(int)renderer->session->process.pid,
				stop->threads, stop->threads == 1 ? "" : "s",
				(ull)stop->nanoseconds / 1000,
				(ull)stop->nanoseconds % 1000);
	if (pauses->bursts)
		diagnostic_note("a thread of process %d was held %u time%s, "
				"for %llu.%03llu us at the longest",
				(int)renderer->session->process.pid,
				pauses->bursts, pauses->bursts == 1 ? "" : "s",
				(ull)pauses->longest / 1000,
				(ull)pauses->longest % 1000);
}

static json_object *json_pair(const char *count_name, uint64_t count,
			      const char *time_name, uint64_t time)
{
	json_object *object = json_object_new_object();

	json_add_number(object, count_name, count);
	json_add_number(object, time_name, time);
	return object;
}

void run_summary_add_held(json_object *tail, const struct run_summary *summary)
{
	const struct stop_report *stop = &summary->stop;
	const struct agent_pauses *pauses = &summary->pauses;

	if (stop->made)
		json_object_object_add(tail, "stop",
				       json_pair("threads", stop->threads,
						 "nanoseconds",
						 stop->nanoseconds));
	if (pauses->bursts)
		json_object_object_add(tail, "pause",
				       json_pair("bursts", pauses->bursts,
						 "longest_nanoseconds",
						 pauses->longest));
}

/* How many elements came to what. Lines that tell of all of them say it
 * themselves, and need none that says only this. */
static void add_counts(const struct access_renderer *renderer,
		       const struct run_summary *summary, json_object *tail)
{
	uint64_t not_reached =
		summary->elements - summary->done - summary->failed;

	if (renderer->format == FORMAT_LINES && !renderer->transfer &&
	    !not_reached && !json_object_object_length(tail))
		return;
	json_object_object_add(tail, "done",
			       json_object_new_int64((int64_t)summary->done));
	json_object_object_add(tail, "failed",
			       json_object_new_int64((int64_t)summary->failed));
	json_object_object_add(tail, "not_reached",
			       json_object_new_int64((int64_t)not_reached));
}

void access_renderer_end(struct access_renderer *renderer,
			 const struct run_summary *summary,
			 const struct error *error)
{
	json_object *tail;

	flush_row(renderer);
	flush_failures(renderer);
	if (summary && summary->end_error)
		diagnostic_error(&renderer->style, summary->end_error);
	if (summary && renderer->write && !renderer->dry &&
	    summary->elements > 1 && summary->done < summary->elements)
		diagnostic_note(
			"%llu of %llu elements were written%s; the rest "
			"was not%s",
			(ull)summary->written, (ull)summary->elements,
			renderer->unclear ? ", and perhaps one more" : "",
			summary->failed ? ", after the failure"
					: ": interrupted");
	if (summary && summary->interrupted && !renderer->write &&
	    !interrupt_is_final())
		diagnostic_note("interrupted: %llu of %llu elements were read",
				(ull)(summary->done + summary->failed),
				(ull)summary->elements);
	if (summary)
		note_held(renderer, summary);
	if (!is_json(renderer))
		return;
	if (summary && summary->end_error)
		error = summary->end_error;
	tail = json_tail(error);
	if (renderer->transfer && renderer->transfer->saved && !renderer->dry)
		json_object_object_add(
			tail, "saved",
			json_object_new_boolean(*renderer->transfer->saved));
	if (summary) {
		run_summary_add_held(tail, summary);
		add_counts(renderer, summary, tail);
	}
	json_document_end(&renderer->document, tail);
}
