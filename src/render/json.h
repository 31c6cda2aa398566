/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON: addresses and raw values are hexadecimal strings of fixed width, with
 * a decimal `num` beside values that fit 53 bits. Lists are written piece by
 * piece, so that their length costs no memory.
 */
#ifndef MMIODBG_RENDER_JSON_H
#define MMIODBG_RENDER_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

struct error;
struct session;

/*
 * A document: {HEAD..., LIST: [...], TAIL...}, or with `lines` one object a
 * line, each flushed: {HEAD..., one of LIST...} for each item, where a member
 * of the item goes before one of the head; and at the end {HEAD..., TAIL...},
 * unless TAIL has no member.
 *
 * A command prints one document, whose head json_head() begins and whose tail
 * json_tail() does. schema/mmiodbg.schema.json has what may stand in it.
 */
struct json_document {
	bool lines;
	const char *list; /* NULL: no list */
	json_object *head;
	size_t count; /* items */
	/* The rest is json.c's own. */
	bool opened;
	struct json_document *outer; /* in which it is nested, or NULL */
	json_object *members;        /* of what is nested in it, or NULL */
};

/* `head` is taken over: what comes first. */
void json_document_init(struct json_document *document, bool lines,
			const char *list, json_object *head);
/* `item` is taken over. */
void json_document_add(struct json_document *document, json_object *item);
/* `tail` is taken over. Ends the document; the list stands even if empty. */
void json_document_end(struct json_document *document, json_object *tail);

/* How many documents have been ended so far, nested ones among them. */
size_t json_documents_ended(void);

/* {command, pid, process}: `command` is the name of one, or NULL for null; pid
 * and process are absent if `session` is NULL. */
json_object *json_head(const char *command, const struct session *session);

/* {error}, or {} if there is none. */
json_object *json_tail(const struct error *error);

/*
 * Documents in a document. Those that are initialised from json_nest_begin() to
 * json_nest_end() are written as `outer` is, whatever `lines` was said of them:
 * as items of its list; or their lines as they are, while `outer` has none but
 * that of its tail. `outer` is initialised, has a list, gets no other items,
 * and outlives the nest. One that is nested may be a nest itself. A nested
 * document is ended before another one is begun.
 */
void json_nest_begin(struct json_document *outer);
/*
 * Members for what is nested in the innermost nest from here on, until others
 * are given: for each line, or for each document. Taken over; NULL: none. They
 * stand behind others, and not at all where a line has one that is called so:
 * what the nest is about needs a name that no command uses.
 */
void json_nest_members(json_object *members);
/* Ends the innermost nest, and its document; `tail` is taken over. */
void json_nest_end(json_object *tail);

/* Text that may come from a target: what is not UTF-8 is escaped. */
json_object *json_text(const char *text);

/* "0x00007f0000001000": 16 digits. */
json_object *json_address(uint64_t address);

/* bits / 4 digits, rounded up. */
json_object *json_hexadecimal(uint64_t value, unsigned bits);

/* Adds `key` with bits / 4 digits, rounded up, and `num` beside it. */
void json_add_value(json_object *object, const char *key, uint64_t value,
		    unsigned bits);

/* Adds a size, a count or a time. */
void json_add_number(json_object *object, const char *key, uint64_t number);

/* {kind, errno, message, help, location, address, evidence, attempts,
 * waited_nanoseconds}; help, location and address only if the error has them.
 */
json_object *json_error(const struct error *error);

#endif
