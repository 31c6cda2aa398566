/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "target/session.h"

enum {
	FLAGS = JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE,
	LARGEST_NUMBER_BITS = 53,
};

static const char *text_of(json_object *object)
{
	return json_object_to_json_string_ext(object, FLAGS);
}

/* The innermost document in which others are nested now; NULL: none. */
static struct json_document *nest;

static size_t n_ended;

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

/* Adds the members of `other`, which may be NULL; of those that are there
 * already, only if `replace`. */
static void add_members(json_object *object, json_object *other, bool replace)
{
	if (!other)
		return;
	json_object_object_foreach(other, key, value)
	{
		if (replace || !json_object_object_get_ex(object, key, NULL))
			json_object_object_add(object, key,
					       json_object_get(value));
	}
}

/* The head with what is behind it, and with what the nest adds. */
static json_object *whole_of(const struct json_document *document,
			     json_object *rest)
{
	json_object *whole = json_object_new_object();

	add_members(whole, document->head, true);
	add_members(whole, rest, true);
	if (document->outer)
		add_members(whole, document->outer->members, false);
	return whole;
}

static void put_line(const struct json_document *document, json_object *object)
{
	json_object *whole = whole_of(document, object);

	puts(text_of(whole));
	json_object_put(whole);
	fflush(stdout);
}

static void open_document(struct json_document *document);

/* To where an item of the list stands. */
static void open_item(struct json_document *document)
{
	open_document(document);
	fputs(document->count++ ? ",\n  " : "\n  ", stdout);
}

static void open_document(struct json_document *document)
{
	json_object *head;

	if (document->opened)
		return;
	document->opened = true;
	if (document->outer)
		open_item(document->outer);
	head = whole_of(document, NULL);
	fputs("{ ", stdout);
	put_members(head);
	if (document->list)
		printf(", \"%s\": [", document->list);
	json_object_put(head);
}

void json_document_init(struct json_document *document, bool lines,
			const char *list, json_object *head)
{
	*document = (struct json_document){
		.lines = nest ? nest->lines : lines,
		.list = list,
		.head = head,
		.outer = nest,
	};
}

void json_document_add(struct json_document *document, json_object *item)
{
	if (document->lines) {
		put_line(document, item);
		document->count++;
	} else {
		open_item(document);
		fputs(text_of(item), stdout);
	}
	json_object_put(item);
}

static void close_document(struct json_document *document, json_object *tail)
{
	open_document(document);
	if (document->list)
		fputs(document->count ? "\n]" : "]", stdout);
	if (json_object_object_length(tail)) {
		fputs(", ", stdout);
		put_members(tail);
	}
	fputs(document->outer ? " }" : " }\n", stdout);
}

void json_document_end(struct json_document *document, json_object *tail)
{
	if (!document->lines)
		close_document(document, tail);
	else if (json_object_object_length(tail))
		put_line(document, tail);
	json_object_put(tail);
	json_object_put(document->head);
	json_object_put(document->members);
	document->head = document->members = NULL;
	n_ended++;
}

size_t json_documents_ended(void)
{
	return n_ended;
}

void json_nest_begin(struct json_document *outer)
{
	nest = outer;
}

void json_nest_members(json_object *members)
{
	json_object_put(nest->members);
	nest->members = members;
}

void json_nest_end(json_object *tail)
{
	struct json_document *ended = nest;

	nest = ended->outer;
	json_document_end(ended, tail);
}

json_object *json_head(const char *command, const struct session *session)
{
	json_object *head = json_object_new_object();

	json_object_object_add(head, "command", json_text(command));
	if (!session)
		return head;
	json_object_object_add(head, "pid",
			       json_object_new_int((int)session->process.pid));
	json_object_object_add(head, "process", json_text(session->name));
	return head;
}

json_object *json_tail(const struct error *error)
{
	json_object *tail = json_object_new_object();

	if (error)
		json_object_object_add(tail, "error", json_error(error));
	return tail;
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

void json_add_number(json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key,
			       json_object_new_int64((int64_t)number));
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
