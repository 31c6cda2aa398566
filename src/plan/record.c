/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/record.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"

struct record_entry {
	struct element element;
	bool is_access;
	union {
		struct access_record access;
		struct element_result result;
	} of;
	struct error *error; /* a copy; `of` points to it */
};

static struct record_entry *add(struct record *record,
				const struct element *element,
				const struct error *error)
{
	struct record_entry *entry;

	if (!list_grow(&record->entries, record->count, &record->capacity,
		       sizeof(*record->entries))) {
		record->lost = true;
		return NULL;
	}
	entry = &record->entries[record->count++];
	*entry = (struct record_entry){
		.element = *element,
		.error = error ? error_copy(error) : NULL,
	};
	return entry;
}

static void on_access(void *data, const struct element *element,
		      const struct access_record *access)
{
	struct record_entry *entry = add(data, element, access->error);

	if (!entry)
		return;
	entry->is_access = true;
	entry->of.access = *access;
	entry->of.access.error = entry->error;
}

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	struct record_entry *entry = add(data, element, result->error);

	if (!entry)
		return;
	entry->of.result = *result;
	entry->of.result.error = entry->error;
}

struct run_sink record_sink(struct record *record, const struct run_sink *like)
{
	return (struct run_sink){
		.data = record,
		.access = like->access ? on_access : NULL,
		.element = on_element,
	};
}

size_t record_elements(const struct record *record)
{
	size_t count = 0;

	for (size_t i = 0; i < record->count; i++)
		count += !record->entries[i].is_access;
	return count;
}

static bool is_made(const struct record_entry *entry)
{
	return entry->is_access ? !entry->error : entry->of.result.made;
}

bool record_has_made(const struct record *record)
{
	for (size_t i = 0; i < record->count; i++)
		if (is_made(&record->entries[i]))
			return true;
	return false;
}

static void review_access(struct record_entry *entry, record_judge *judge,
			  void *data)
{
	struct access_record *access = &entry->of.access;
	struct error *error = judge(data, &entry->element, access->write, NULL);

	if (!error)
		return;
	entry->error = error_attempts(error, access->attempts, access->waited);
	access->error = entry->error;
	/* What is written after a read rests on it. */
	if (!access->write ||
	    entry->element.operation->kind == OPERATION_MODIFY)
		access->known = false;
}

static void review_element(struct record_entry *entry, record_judge *judge,
			   void *data)
{
	struct element_result *result = &entry->of.result;
	struct error *error =
		judge(data, &entry->element, result->wrote, entry->error);

	if (!error)
		return;
	/* The read of a read-modify-write whose write failed stays made. */
	if (result->wrote || !entry->error)
		result->made = result->wrote = false;
	result->known = result->has_old = result->suspect = false;
	error_destroy(entry->error);
	entry->error = error_attempts(error, result->attempts, result->waited);
	result->error = entry->error;
}

void record_review(struct record *record, record_judge *judge, void *data)
{
	for (size_t i = 0; i < record->count; i++) {
		struct record_entry *entry = &record->entries[i];

		if (!is_made(entry))
			continue;
		if (entry->is_access)
			review_access(entry, judge, data);
		else
			review_element(entry, judge, data);
	}
}

void record_replay(struct record *record, const struct run_sink *sink)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct record_entry *entry = &record->entries[i];

		if (!entry->is_access)
			sink->element(sink->data, &entry->element,
				      &entry->of.result);
		else if (sink->access)
			sink->access(sink->data, &entry->element,
				     &entry->of.access);
		error_destroy(entry->error);
	}
	record->count = 0;
}

void record_deinit(struct record *record)
{
	for (size_t i = 0; i < record->count; i++)
		error_destroy(record->entries[i].error);
	free(record->entries);
	*record = (struct record){0};
}
