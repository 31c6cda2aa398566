/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the file of a snapshot. What is taken for one is JSON to others,
 * too; it is written so that it is read again as the same; it does not differ
 * from itself, and its names are found in it.
 */
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "snapshot/compare.h"
#include "snapshot/select.h"
#include "snapshot/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct error *read_bytes(const void *bytes, size_t length,
				struct snapshot *ret)
{
	cleanup_fclose FILE *stream = fmemopen((void *)bytes, length, "r");

	if (!stream)
		abort();
	return snapshot_read(stream, "FILE", ret);
}

/* The caller frees. */
static char *write_bytes(const struct snapshot *snapshot, size_t *ret_length)
{
	char *text = NULL;
	FILE *stream = open_memstream(&text, ret_length);

	snapshot_write(snapshot, stream);
	if (fclose(stream))
		abort();
	return text;
}

static void check_json(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new();
	json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	if (!object)
		abort();
	json_object_put(object);
	json_tokener_free(tokener);
}

static void check_compared(const struct snapshot *snapshot)
{
	cleanup_difference_list struct difference_list list = {0};
	cleanup_error struct error *error =
		snapshot_compare(snapshot, snapshot, &list);

	if (error || list.count || list.compared != snapshot->n_registers)
		abort();
}

static void check_selected(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_registers; i++) {
		cleanup_selection struct selection selection = {0};
		const char *name = snapshot->registers[i].name;
		cleanup_error struct error *error =
			snapshot_select(snapshot, &name, 1, "FILE", &selection);

		if (error || selection.count != 1 ||
		    selection.items[0].index != i || !selection.items[0].mask)
			abort();
	}
}

/* As a name that may mean anything. */
static void check_any_name(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_devices; i++) {
		cleanup_selection struct selection selection = {0};
		const char *name = snapshot->devices[i].region;

		error_destroy(snapshot_select(snapshot, &name, 1, "FILE",
					      &selection));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_snapshot struct snapshot snapshot = {0}, again = {0};
	cleanup_free char *text = NULL, *other = NULL;
	size_t length = 0, other_length = 0;
	struct error *error;

	if (!size)
		return 0;
	error = read_bytes(data, size, &snapshot);
	if (error) {
		if (error->kind != ERROR_USAGE ||
		    strncmp(error->message, "FILE", 4) != 0)
			abort();
		error_destroy(error);
		return 0;
	}
	check_json((const char *)data, size);
	text = write_bytes(&snapshot, &length);
	check_json(text, length);
	/* A control character becomes \xHH, by which two names may come to be
	 * the same, and a text too long. */
	error = read_bytes(text, length, &again);
	if (error) {
		if (!strstr(error->message, "twice") &&
		    !strstr(error->message, "more than"))
			abort();
		error_destroy(error);
		return 0;
	}
	other = write_bytes(&again, &other_length);
	if (length != other_length || memcmp(text, other, length) != 0)
		abort();
	check_compared(&snapshot);
	check_selected(&snapshot);
	check_any_name(&snapshot);
	return 0;
}
