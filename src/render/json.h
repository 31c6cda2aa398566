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

/*
 * A document: {"command": ..., HEAD..., LIST: [...], TAIL...}, or with `lines`
 * one object a line, each flushed: {"command": ..., HEAD..., one of LIST},
 * and at the end one with TAIL.
 */
struct json_document {
	bool lines;
	const char *list; /* NULL: no list */
	json_object *head;
	size_t count;
	bool opened;
};

/* `head` is taken over: what comes first, "command" in it. */
void json_document_init(struct json_document *document, bool lines,
			const char *list, json_object *head);
/* `item` is taken over. */
void json_document_add(struct json_document *document, json_object *item);
/* `tail` is taken over. Ends the document; the list stands even if empty. */
void json_document_end(struct json_document *document, json_object *tail);

/* Text that may come from a target: what is not UTF-8 is escaped. */
json_object *json_text(const char *text);

/* "0x00007f0000001000": 16 digits. */
json_object *json_address(uint64_t address);

/* bits / 4 digits, rounded up. */
json_object *json_hexadecimal(uint64_t value, unsigned bits);

/* Adds `key` with bits / 4 digits, rounded up, and `num` beside it. */
void json_add_value(json_object *object, const char *key, uint64_t value,
		    unsigned bits);

/* {kind, errno, message, help, address, evidence, attempts}. */
json_object *json_error(const struct error *error);

#endif
