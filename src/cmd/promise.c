/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/promise.h"

#include <json-c/linkhash.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static void free_key(struct lh_entry *entry)
{
	free(lh_entry_k(entry));
}

struct error *promises_add(struct lh_table **promises,
			   const struct command_context *context)
{
	const char *file = context->options->file;
	char *key;

	if (context->command->file_use != FILE_MADE || !file)
		return NULL;
	if (!*promises)
		*promises = lh_kchar_table_new(16, free_key);
	if (!*promises)
		return error_no_memory();
	if (lh_table_lookup_ex(*promises, file, NULL))
		return NULL;
	key = strdup(file);
	if (key && lh_table_insert(*promises, key, NULL) == 0)
		return NULL;
	free(key);
	return error_no_memory();
}

void promises_destroy(struct lh_table *promises)
{
	if (promises)
		lh_table_free(promises);
}

static bool has(struct lh_table *promises, const char *file)
{
	return file && lh_table_lookup_ex(promises, file, NULL);
}

const char *promises_find(struct lh_table *promises,
			  const struct command_context *context)
{
	const struct options *options = context->options;

	if (!promises)
		return NULL;
	if (context->command->file_use == FILE_READ)
		return has(promises, options->file) ? options->file : NULL;
	if (context->command->file_use == FILES_READ)
		for (size_t i = 0; i < options->n_arguments; i++)
			if (has(promises, options->arguments[i]))
				return options->arguments[i];
	return NULL;
}
