/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

enum {
	FLAGS = JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE,
	LARGEST_NUMBER_BITS = 53,
};

static const char *text_of(json_object *object)
{
	return json_object_to_json_string_ext(object, FLAGS);
}

/* The members of an object without its braces. */
static void put_members(json_object *object)
{
	bool first = true;

	json_object_object_foreach(object, key, value)
	{
		json_object *name = json_object_new_string(key);

		printf("%s%s: %s", first ? "" : ", ", text_of(name),
		       text_of(value));
		json_object_put(name);
		first = false;
	}
}

static void put_line(struct json_document *document, json_object *object)
{
	fputs("{ ", stdout);
	put_members(document->head);
	if (json_object_object_length(object)) {
		fputs(", ", stdout);
		put_members(object);
	}
	fputs(" }\n", stdout);
	fflush(stdout);
}

static void open_document(struct json_document *document)
{
	if (document->opened)
		return;
	document->opened = true;
	fputs("{ ", stdout);
	put_members(document->head);
	if (document->list)
		printf(", \"%s\": [", document->list);
}

void json_document_init(struct json_document *document, bool lines,
			const char *list, json_object *head)
{
	*document = (struct json_document){
		.lines = lines,
		.list = list,
		.head = head,
	};
}

void json_document_add(struct json_document *document, json_object *item)
{
	if (document->lines) {
		put_line(document, item);
	} else {
		open_document(document);
		printf("%s\n  %s", document->count ? "," : "", text_of(item));
	}
	document->count++;
	json_object_put(item);
}

void json_document_end(struct json_document *document, json_object *tail)
{
	if (document->lines) {
		if (json_object_object_length(tail))
			put_line(document, tail);
	} else {
		open_document(document);
		if (document->list)
			fputs(document->count ? "\n]" : "]", stdout);
		if (json_object_object_length(tail)) {
			fputs(", ", stdout);
			put_members(tail);
		}
		fputs(" }\n", stdout);
	}
	json_object_put(tail);
	json_object_put(document->head);
	document->head = NULL;
}

json_object *json_text(const char *text)
{
	cleanup_free char *shown = NULL;

	if (!text)
		return NULL;
	shown = text_escape(text, strlen(text));
	return json_object_new_string(shown ? shown : "");
}

json_object *json_hexadecimal(uint64_t value, unsigned bits)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%0*llx", (int)(bits + 3) / 4,
		 (unsigned long long)value);
	return json_object_new_string(text);
}

json_object *json_address(uint64_t address)
{
	return json_hexadecimal(address, 64);
}

void json_add_value(json_object *object, const char *key, uint64_t value,
		    unsigned bits)
{
	json_object_object_add(object, key, json_hexadecimal(value, bits));
	if (value >> LARGEST_NUMBER_BITS == 0)
		json_object_object_add(object, "num",
				       json_object_new_int64((int64_t)value));
}

json_object *json_error(const struct error *error)
{
	json_object *object = json_object_new_object();
	json_object *evidence = json_object_new_array();

	json_object_object_add(
		object, "kind",
		json_object_new_string(error_kind_name(error->kind)));
	json_object_object_add(object, "errno",
			       json_object_new_int(error->errnum));
	json_object_object_add(object, "message", json_text(error->message));
	if (error->help)
		json_object_object_add(object, "help", json_text(error->help));
	if (error->subject)
		json_object_object_add(object, "location",
				       json_text(error->subject));
	if (error->has_address)
		json_object_object_add(object, "address",
				       json_address(error->address));
	for (size_t i = 0; i < error->n_evidence; i++)
		json_object_array_add(evidence, json_text(error->evidence[i]));
	json_object_object_add(object, "evidence", evidence);
	json_object_object_add(object, "attempts",
			       json_object_new_int((int)error->attempts));
	json_object_object_add(object, "waited_nanoseconds",
			       json_object_new_int64((int64_t)error->waited));
	return object;
}
