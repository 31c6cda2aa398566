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

bool record_has_results(const struct record *record)
{
	for (size_t i = 0; i < record->count; i++)
		if (!record->entries[i].error)
			return true;
	return false;
}

static void fail(struct record_entry *entry, struct error *error)
{
	struct element_result *result = &entry->of.result;

	entry->error = error;
	if (entry->is_access) {
		entry->of.access.error = error;
		return;
	}
	result->known = result->has_old = result->suspect = false;
	result->made = result->wrote = false;
	result->error = error;
}

void record_review(struct record *record,
		   struct error *(*judge)(void *data,
					  const struct element *element),
		   void *data)
{
	for (size_t i = 0; i < record->count; i++) {
		struct record_entry *entry = &record->entries[i];
		struct error *error =
			entry->error ? NULL : judge(data, &entry->element);

		if (!error)
			continue;
		if (entry->is_access && !entry->of.access.write)
			entry->of.access.known = false;
		fail(entry, error);
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
	record->lost = false;
}

void record_deinit(struct record *record)
{
	for (size_t i = 0; i < record->count; i++)
		error_destroy(record->entries[i].error);
	free(record->entries);
	*record = (struct record){0};
}
