/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/cell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *cell_print(const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	return length < 0 ? NULL : text;
}

char *cell_copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

char *cell_bits(unsigned low, unsigned bits)
{
	if (!bits)
		return NULL;
	return bits == 1 ? cell_print("%u", low)
			 : cell_print("%u:%u", low + bits - 1, low);
}

void json_add_bits(json_object *object, unsigned low, unsigned bits)
{
	json_object *range;

	if (!bits)
		return;
	range = json_object_new_object();
	json_object_object_add(range, "high",
			       json_object_new_int((int)(low + bits - 1)));
	json_object_object_add(range, "low", json_object_new_int((int)low));
	json_object_object_add(object, "bits", range);
}
