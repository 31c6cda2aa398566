/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text as a location, as the name of a region and as a width. */
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/location.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The caret of an error stands within the text, or at its end. */
static void check(const char *text, const struct error *error)
{
	size_t length = strlen(text);

	if (!error)
		return;
	if (error->kind != ERROR_USAGE || error->input_start > length ||
	    error->input_length > length - error->input_start ||
	    !error->input_length != (error->input_start == length))
		abort();
}

static void try_location(const char *text)
{
	cleanup_location struct location *location = NULL;
	cleanup_error struct error *error = location_parse(text, &location);

	check(text, error);
	if (!error == !location)
		abort();
}

static void try_region_name(const char *text)
{
	struct region_name region = {0};
	cleanup_error struct error *error = region_name_parse(text, &region);

	check(text, error);
	region_name_deinit(&region);
}

static void try_width(const char *text)
{
	struct width width;
	cleanup_error struct error *error = width_parse(text, &width);

	check(text, error);
	if (!error && strcmp(width_name(&width), text) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);
	cleanup_free char *escaped = NULL;

	if (!text)
		return 0;
	escaped = text_escape((const char *)data, size);
	try_location(text);
	try_region_name(text);
	try_width(text);
	return 0;
}
