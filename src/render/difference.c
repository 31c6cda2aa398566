/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "render/json.h"
#include "render/value.h"

#define RED   "\033[31m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"

typedef unsigned long long ull;

static void put_escaped(const char *text)
{
	cleanup_free char *shown =
		text ? text_escape(text, strlen(text)) : NULL;

	fputs(shown ? shown : "?", stdout);
}

/* The old one, or the new one. */
static void put_colored(const struct difference_renderer *renderer, bool is_new,
			const char *text)
{
	if (renderer->color)
		fputs(is_new ? GREEN : RED, stdout);
	put_escaped(text);
	if (renderer->color)
		fputs(PLAIN, stdout);
}

static void put_change(const struct difference_renderer *renderer,
		       const char *old, const char *new)
{
	put_colored(renderer, false, old);
	fputs(" -> ", stdout);
	put_colored(renderer, true, new);
	putchar('\n');
}

/* "0x00000001 (SLOW)"; what fields it has is shown by themselves. */
static char *value_text(const struct snapshot *snapshot,
			const struct snapshot_register *one)
{
	const struct view *view = snapshot_view(snapshot, one);
	unsigned bits = snapshot_shown_bits(one);
	uint64_t value = snapshot_shown(one, one->value);
	cleanup_free char *meaning = NULL;
	char *text;

	if (view && !view->n_fields)
		meaning = value_meaning(NULL, view, value, bits);
	if (asprintf(&text, "0x%0*llx%s", (int)(bits + 3) / 4, (ull)value,
		     meaning ? meaning : "") < 0)
		return NULL;
	return text;
}

static char *content_text(const struct snapshot *snapshot,
			  const struct snapshot_register *one)
{
	char *text;

	if (one->known)
		return value_text(snapshot, one);
	if (asprintf(&text, "not read (%s)", one->error_kind) < 0)
		return NULL;
	return text;
}

/* "32 bits, be, bits 7:4". */
static char *form_text(const struct snapshot_register *one)
{
	char bits[24] = "", *text;

	if (one->has_bits)
		snprintf(bits, sizeof(bits), ", bits %u:%u", one->high,
			 one->low);
	if (asprintf(&text, "%u bits%s%s", one->width,
		     one->halves       ? ", two halves"
		     : one->width == 8 ? ""
		     : one->is_big     ? ", be"
				       : ", le",
		     bits) < 0)
		return NULL;
	return text;
}

static bool has_changed(const struct field *field, uint64_t changed)
{
	return changed >> field->low &
	       (UINT64_MAX >> (63 - field->high + field->low));
}

/* The field of the same place and name, as the other snapshot has it. */
static const struct field *field_like(const struct view *view,
				      const struct field *field)
{
	for (size_t i = 0; view && i < view->n_fields; i++)
		if (view->fields[i].high == field->high &&
		    view->fields[i].low == field->low &&
		    strcmp(view->fields[i].name, field->name) == 0)
			return &view->fields[i];
	return field;
}

static void put_fields(const struct difference_renderer *renderer,
		       const struct difference *difference)
{
	const struct snapshot_register *old = difference->old;
	const struct snapshot_register *new = difference->new;
	const struct view *view = snapshot_view(renderer->old, old);
	const struct view *other = snapshot_view(renderer->new, new);

	if (!view || !view->n_fields)
		view = other;
	for (size_t i = 0; view && i < view->n_fields; i++) {
		const struct field *field = &view->fields[i];
		cleanup_free char *was = NULL, *is = NULL;

		if (!has_changed(field, difference->changed))
			continue;
		was = field_text(NULL, field, old->value);
		is = field_text(NULL, field_like(other, field), new->value);
		put_escaped(old->name);
		putchar('.');
		put_escaped(field->name);
		fputs(": ", stdout);
		put_change(renderer, was, is);
	}
}

/* What only one of the two has. */
static void put_only(const struct difference_renderer *renderer,
		     const struct difference *difference)
{
	bool is_new = difference->kind == DIFFERENCE_NEW;
	const struct snapshot_register *one =
		is_new ? difference->new : difference->old;
	cleanup_free char *text =
		content_text(is_new ? renderer->new : renderer->old, one);
	const char *name = is_new ? renderer->new_name : renderer->old_name;

	fputs("only in ", stdout);
	put_escaped(name ? name : "the device");
	fputs(": ", stdout);
	put_escaped(one->name);
	fputs(" = ", stdout);
	put_colored(renderer, is_new, text);
	putchar('\n');
}

void difference_print(const struct difference_renderer *renderer,
		      const struct difference *difference)
{
	const struct snapshot_register *old = difference->old;
	const struct snapshot_register *new = difference->new;
	bool form = difference->kind == DIFFERENCE_FORM;
	cleanup_free char *was = NULL, *is = NULL;

	if (!old || !new) {
		put_only(renderer, difference);
		return;
	}
	was = form ? form_text(old) : content_text(renderer->old, old);
	is = form ? form_text(new) : content_text(renderer->new, new);
	put_escaped(old->name);
	fputs(": ", stdout);
	put_change(renderer, was, is);
	if (difference->kind == DIFFERENCE_VALUE)
		put_fields(renderer, difference);
}

static json_object *json_failure(const struct snapshot_register *one)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "kind", json_text(one->error_kind));
	json_object_object_add(object, "message",
			       json_text(one->error_message));
	return object;
}

static json_object *json_side(const struct snapshot *snapshot,
			      const struct snapshot_register *one)
{
	json_object *object = json_object_new_object();
	const struct view *view = snapshot_view(snapshot, one);
	unsigned width = snapshot_shown_bits(one);
	uint64_t value = snapshot_shown(one, one->value);
	char bits[16];

	json_object_object_add(object, "width",
			       json_object_new_int((int)one->width));
	if (one->width > 8 && !one->halves)
		json_object_object_add(
			object, "order",
			json_object_new_string(one->is_big ? "be" : "le"));
	if (one->has_bits) {
		snprintf(bits, sizeof(bits), "%u:%u", one->high, one->low);
		json_object_object_add(object, "bits",
				       json_object_new_string(bits));
	}
	if (!one->known) {
		json_object_object_add(object, "error", json_failure(one));
		return object;
	}
	json_add_value(object, "value", value, width);
	json_object_object_add(object, "suspect",
			       json_object_new_boolean(one->suspect));
	if (view && view->type)
		json_object_object_add(object, "type", json_text(view->type));
	if (view)
		json_add_meaning(object, NULL, view, value, width);
	return object;
}

/* The names of the fields that differ. */
static json_object *
json_changed_fields(const struct difference_renderer *renderer,
		    const struct difference *difference)
{
	const struct view *view = snapshot_view(renderer->old, difference->old);
	json_object *list = json_object_new_array();

	if (!view || !view->n_fields)
		view = snapshot_view(renderer->new, difference->new);
	for (size_t i = 0; view && i < view->n_fields; i++)
		if (has_changed(&view->fields[i], difference->changed))
			json_object_array_add(list,
					      json_text(view->fields[i].name));
	return list;
}

json_object *difference_json(const struct difference_renderer *renderer,
			     const struct difference *difference)
{
	const struct snapshot_register *old = difference->old;
	const struct snapshot_register *new = difference->new;
	json_object *object = json_object_new_object();

	json_object_object_add(object, "name",
			       json_text(old ? old->name : new->name));
	json_object_object_add(
		object, "change",
		json_object_new_string(difference_name(difference->kind)));
	if (difference->kind == DIFFERENCE_VALUE) {
		json_object_object_add(
			object, "changed",
			json_hexadecimal(difference->changed, old->width));
		json_object_object_add(
			object, "changed_fields",
			json_changed_fields(renderer, difference));
	}
	if (old)
		json_object_object_add(object, "old",
				       json_side(renderer->old, old));
	if (new)
		json_object_object_add(object, "new",
				       json_side(renderer->new, new));
	return object;
}
