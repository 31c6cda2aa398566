/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/duration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"

/* Ascending. */
static const struct {
	const char *name;
	uint64_t nanoseconds;
} units[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", 1000000},
	{"s", UINT64_C(1000000000)},
	{"m", UINT64_C(60000000000)},
};

enum { N_UNITS = sizeof(units) / sizeof(units[0]) };

static struct error *wrong(const char *what, const char *text, size_t at,
			   size_t length, const char *message)
{
	return error_help(
		error_at(error_create(ERROR_USAGE, 0, "%s: %s", what, message),
			 text, at, length),
		"a number with ns, us, ms, s or m: 100ms");
}

/* Of the unit at the end, or NULL. `*ret_length` is that of the number. */
static const uint64_t *find_unit(const char *text, size_t *ret_length)
{
	size_t length = strlen(text), number = strcspn(text, "nums");

	*ret_length = number;
	for (size_t i = 0; i < N_UNITS; i++)
		if (number < length &&
		    strcmp(text + number, units[i].name) == 0)
			return &units[i].nanoseconds;
	return NULL;
}

struct error *duration_parse(const char *what, const char *text, uint64_t *ret)
{
	cleanup_free char *digits = NULL;
	cleanup_error struct error *error = NULL;
	size_t length, all = strlen(text);
	const uint64_t *unit = find_unit(text, &length);
	uint64_t value;

	if (!length)
		return wrong(what, text, 0, all, "a time must stand here");
	digits = strndup(text, length);
	if (!digits)
		return error_no_memory();
	error = number_parse(what, digits, UINT64_MAX, &value);
	if (error)
		return wrong(what, text, 0, all, "this is no time");
	if (!text[length])
		return wrong(what, text, length, 0, "a unit must follow");
	if (!unit)
		return wrong(what, text, length, all - length,
			     "this is no unit of time");
	if (__builtin_mul_overflow(value, *unit, &value))
		return wrong(what, text, 0, all, "the time is too long");
	*ret = value;
	return NULL;
}

const char *duration_format(uint64_t nanoseconds, char buffer[DURATION_LENGTH])
{
	size_t unit = N_UNITS - 1;

	while (unit && nanoseconds % units[unit].nanoseconds)
		unit--;
	if (!nanoseconds)
		unit = N_UNITS - 2;
	snprintf(buffer, DURATION_LENGTH, "%llu%s",
		 (unsigned long long)(nanoseconds / units[unit].nanoseconds),
		 units[unit].name);
	return buffer;
}
