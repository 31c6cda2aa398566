/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "plan/element.h"
#include "render/json.h"
#include "target/session.h"

typedef unsigned long long ull;

char *element_label(const struct element *element)
{
	const struct operation *operation = element->operation;
	const char *label = operation->view.label;
	unsigned bytes = operation->value_bits / 8;
	char *text;
	int length;

	if (!operation->has_view)
		return resolved_label(&operation->place, element->position);
	if (operation->names)
		return strdup(operation->names->name(operation->names->data,
						     element->index));
	if (operation->is_array)
		length =
			asprintf(&text, "%s[%llu]", label, (ull)element->index);
	else if (element->index)
		length = asprintf(&text, "%s+0x%llx", label,
				  (ull)element->index * bytes);
	else
		length = asprintf(&text, "%s", label);
	return length < 0 ? NULL : text;
}

static int64_t extended(uint64_t value, unsigned bits)
{
	uint64_t sign = UINT64_C(1) << (bits - 1);

	return (int64_t)((value ^ sign) - sign);
}

static bool is_negative(const struct scalar *scalar, uint64_t value,
			unsigned bits)
{
	return scalar->is_signed && extended(value, bits) < 0;
}

/* NULL: no enumerator has this value. */
static const char *enumerator_name(const struct scalar *scalar, uint64_t value,
				   unsigned bits)
{
	uint64_t wanted =
		scalar->is_signed ? (uint64_t)extended(value, bits) : value;

	for (size_t i = 0; i < scalar->n_enumerators; i++)
		if (scalar->enumerators[i].value == wanted)
			return scalar->enumerators[i].name;
	return NULL;
}

char *device_place(const struct session *session, uint64_t address)
{
	const struct device_mapping *device =
		device_list_find(&session->devices, address);
	uint64_t offset;
	char *text;

	if (!device)
		return NULL;
	offset = address - device->mapping.start;
	if (!device->placed)
		return asprintf(&text, "@%u+0x%llx", device->index,
				(ull)offset) < 0
			       ? NULL
			       : text;
	return asprintf(&text, "@%s+0x%llx", device->region_text,
			(ull)(offset + device->placement)) < 0
		       ? NULL
		       : text;
}

/* False: a float of a size that C does not have here. */
static bool float_value(uint64_t value, unsigned bits, double *ret)
{
	uint32_t narrow = (uint32_t)value;
	float single;

	if (bits == 64)
		memcpy(ret, &value, sizeof(*ret));
	else if (bits == 32)
		memcpy(&single, &narrow, sizeof(single));
	else
		return false;
	if (bits == 32)
		*ret = (double)single;
	return true;
}

static void put_escaped(FILE *stream, const char *text)
{
	cleanup_free char *shown = text_escape(text, strlen(text));

	fputs(shown ? shown : "?", stream);
}

/* In parentheses: what the number does not say by itself. */
static void put_meaning(FILE *stream, const struct session *session,
			const struct scalar *scalar, uint64_t value,
			unsigned bits)
{
	const char *name = enumerator_name(scalar, value, bits);
	cleanup_free char *place = NULL;
	double number;

	if (session && scalar->kind == TYPE_POINTER)
		place = device_place(session, value);
	if (name) {
		fputs(" (", stream);
		put_escaped(stream, name);
		fputc(')', stream);
	} else if (place) {
		fputs(" (-> ", stream);
		put_escaped(stream, place);
		fputc(')', stream);
	} else if (scalar->kind == TYPE_FLOAT &&
		   float_value(value, bits, &number)) {
		fprintf(stream, " (%.*g)", bits == 64 ? 17 : 9, number);
	} else if (scalar->is_character && value >= ' ' && value <= '~') {
		fprintf(stream, " ('%c')", (int)value);
	} else if (is_negative(scalar, value, bits)) {
		fprintf(stream, " (%lld)", (long long)extended(value, bits));
	}
}

/* A field's number: small ones and negative ones as people count. */
static void put_field(FILE *stream, const struct session *session,
		      const struct field *field, uint64_t value)
{
	unsigned bits = field->high - field->low + 1;
	struct scalar scalar = field->scalar;

	if (is_negative(&scalar, value, bits))
		fprintf(stream, "%lld", (long long)extended(value, bits));
	else if (value < 10)
		fprintf(stream, "%llu", (ull)value);
	else
		fprintf(stream, "0x%llx", (ull)value);
	if (is_negative(&scalar, value, bits) &&
	    !enumerator_name(&scalar, value, bits))
		return; /* it has been said */
	put_meaning(stream, session, &scalar, value, bits);
}

static uint64_t field_value(const struct field *field, uint64_t value)
{
	return value >> field->low & ones(field->high - field->low + 1);
}

char *value_meaning(const struct session *session, const struct view *view,
		    uint64_t value, unsigned bits)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	put_meaning(stream, session, &view->scalar, value, bits);
	for (size_t i = 0; i < view->n_fields; i++) {
		fputs(i ? ", " : " { ", stream);
		put_escaped(stream, view->fields[i].name);
		fputs(" = ", stream);
		put_field(stream, session, &view->fields[i],
			  field_value(&view->fields[i], value));
	}
	if (view->n_fields)
		fputs(" }", stream);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

char *field_text(const struct session *session, const struct field *field,
		 uint64_t value)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	put_field(stream, session, field, field_value(field, value));
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Whether readers of JSON, which count in doubles, get it right. */
static bool is_exact(int64_t value)
{
	const int64_t most = INT64_C(1) << 53;

	return value >= -most && value <= most;
}

static void json_add_scalar(json_object *object, const struct session *session,
			    const struct scalar *scalar, uint64_t value,
			    unsigned bits)
{
	const char *name = enumerator_name(scalar, value, bits);
	cleanup_free char *place = NULL;
	double number;

	if (session && scalar->kind == TYPE_POINTER)
		place = device_place(session, value);
	if (name)
		json_object_object_add(object, "enum", json_text(name));
	if (place)
		json_object_object_add(object, "points_to", json_text(place));
	if (scalar->is_signed && is_exact(extended(value, bits)))
		json_object_object_add(
			object, "signed",
			json_object_new_int64(extended(value, bits)));
	/* JSON has no infinity, and no "not a number". */
	if (scalar->kind == TYPE_FLOAT && float_value(value, bits, &number) &&
	    __builtin_isfinite(number))
		json_object_object_add(object, "float",
				       json_object_new_double(number));
}

static json_object *json_field(const struct session *session,
			       const struct field *field, uint64_t value)
{
	json_object *object = json_object_new_object();
	unsigned width = field->high - field->low + 1;
	char bits[24];

	snprintf(bits, sizeof(bits), "%u:%u", field->high, field->low);
	json_object_object_add(object, "name", json_text(field->name));
	json_object_object_add(object, "bits", json_object_new_string(bits));
	json_add_value(object, "value", value, width);
	json_add_scalar(object, session, &field->scalar, value, width);
	return object;
}

void json_add_meaning(json_object *object, const struct session *session,
		      const struct view *view, uint64_t value, unsigned bits)
{
	json_object *fields;

	json_add_scalar(object, session, &view->scalar, value, bits);
	if (!view->n_fields)
		return;
	fields = json_object_new_array();
	for (size_t i = 0; i < view->n_fields; i++)
		json_object_array_add(
			fields,
			json_field(session, &view->fields[i],
				   field_value(&view->fields[i], value)));
	json_object_object_add(object, "fields", fields);
}

const char *operation_name(const struct operation *operation)
{
	return operation->has_view ? operation->view.label
				   : operation->location->text;
}

char *operation_value_text(const struct session *session,
			   const struct operation *operation, uint64_t value)
{
	uint64_t shown = operation_shown(operation, value);
	unsigned bits = operation_shown_bits(operation);
	cleanup_free char *meaning = NULL;
	char *text = NULL;

	if (operation->has_view && operation->means) {
		meaning = value_meaning(session, &operation->view, shown, bits);
		if (!meaning)
			return NULL;
	}
	if (asprintf(&text, "0x%0*llx%s", (int)(bits + 3) / 4, (ull)shown,
		     meaning ? meaning : "") < 0)
		return NULL;
	return text;
}

void json_add_operation_value(json_object *object,
			      const struct session *session,
			      const struct operation *operation, uint64_t value)
{
	uint64_t shown = operation_shown(operation, value);
	unsigned bits = operation_shown_bits(operation);

	json_add_value(object, "value", shown, bits);
	if (operation->has_field)
		json_object_object_add(
			object, "raw",
			json_hexadecimal(value, operation->value_bits));
	if (operation->means)
		json_add_meaning(object, session, &operation->view, shown,
				 bits);
}
