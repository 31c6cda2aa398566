/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/promise.h"

#include <errno.h>
#include <json-c/linkhash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

static void free_key(struct lh_entry *entry)
{
	free(lh_entry_k(entry));
}

/* One name for all ways to spell a path, also of a file that is not there yet.
 */
static char *key_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	cleanup_free char *before = NULL, *folder = NULL;
	char *key = realpath(file, NULL);

	if (key)
		return key;
	before = slash ? strndup(file, (size_t)(name - file)) : strdup(".");
	folder = before ? realpath(before, NULL) : NULL;
	if (!folder)
		return before ? strdup(file) : NULL;
	return asprintf(&key, "%s/%s", folder, name) < 0 ? NULL : key;
}

struct error *promises_add(struct promises *promises,
			   const struct command_context *context)
{
	const char *file = context->options->file;
	cleanup_free char *key = NULL;

	if (context->command->file_use != FILE_MADE || !file)
		return NULL;
	if (!promises->files)
		promises->files = lh_kchar_table_new(16, free_key);
	if (!promises->files)
		return error_no_memory();
	key = key_of(file);
	if (!key)
		return error_no_memory();
	if (lh_table_lookup_ex(promises->files, key, NULL))
		return NULL;
	if (lh_table_insert(promises->files, key, NULL) != 0)
		return error_no_memory();
	key = NULL; /* the table frees it */
	return NULL;
}

void promises_deinit(struct promises *promises)
{
	if (promises->files)
		lh_table_free(promises->files);
	promises->files = NULL;
}

static bool is_promised(const void *data, const char *file)
{
	const struct promises *promises = data;
	cleanup_free char *key = NULL;

	if (promises->any || !promises->files)
		return promises->any;
	/* Without memory it counts as promised: then it is read late. */
	key = key_of(file);
	return !key || lh_table_lookup_ex(promises->files, key, NULL);
}

static bool is_standard_input(const void *data, const char *file)
{
	(void)data;
	return strcmp(file, "-") == 0;
}

/* The first of the files that a command would read for which it is true. */
static const char *find(const struct command_context *context,
			bool (*is)(const void *data, const char *file),
			const void *data)
{
	const struct options *options = context->options;
	enum file_use use = context->command->file_use;

	if (use == FILE_READ && options->file && is(data, options->file))
		return options->file;
	for (size_t i = 0; use == FILES_READ && i < options->n_arguments; i++)
		if (is(data, options->arguments[i]))
			return options->arguments[i];
	return NULL;
}

const char *promises_find(const struct promises *promises,
			  const struct command_context *context)
{
	return find(context, is_promised, promises);
}

const char *standard_input_of(const struct command_context *context)
{
	return find(context, is_standard_input, NULL);
}

bool may_read_early(const struct command_context *context, const char *path)
{
	struct stat status;

	if (context->is_promised || is_standard_input(NULL, path))
		return false;
	return stat(path, &status) != 0 || S_ISREG(status.st_mode);
}
