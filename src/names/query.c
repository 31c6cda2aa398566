/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "[SCOPE::]NAME" asks for: modules, source files, and what a name stands
 * in are told apart. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/inside.h"

void query_deinit(struct query *query)
{
	for (size_t i = 0; i < query->n_path; i++)
		free(query->path[i]);
	free(query->path);
	free(query->last);
	free(query->owned);
	*query = (struct query){0};
}

static bool is_module(const struct names *names, const char *scope)
{
	for (size_t i = 0; i < names->n_modules; i++)
		if (module_is_called(&names->modules[i], scope))
			return true;
	return false;
}

static struct error *add_path(struct query *query, const char *start,
			      size_t length, size_t *capacity)
{
	if (!list_grow(&query->path, query->n_path, capacity,
		       sizeof(*query->path)))
		return error_no_memory();
	query->path[query->n_path] = strndup(start, length);
	if (!query->path[query->n_path])
		return error_no_memory();
	query->n_path++;
	return NULL;
}

/* "a::b::c": a and b go to the path. */
static struct error *split_name(struct query *query, const char *name,
				size_t *capacity)
{
	const char *colons;

	while ((colons = strstr(name, "::")) != NULL) {
		struct error *error = add_path(
			query, name, (size_t)(colons - name), capacity);

		if (error)
			return error;
		name = colons + 2;
	}
	query->last = strdup(name);
	return query->last ? NULL : error_no_memory();
}

/* One part of a scope: a module, a source file, or what the name stands in. A
 * program may be called like a function of its. */
static struct error *take_scope(struct names *names, struct query *query,
				const char *part, bool as_path,
				size_t *capacity)
{
	bool is_path = strpbrk(part, "./") != NULL;

	if (!query->module && !query->file && !query->n_path &&
	    (!as_path || is_path) && is_module(names, part)) {
		query->module = part;
		return NULL;
	}
	if (!query->file && !query->n_path && is_path) {
		query->file = part;
		return NULL;
	}
	return add_path(query, part, strlen(part), capacity);
}

struct error *query_make(struct names *names, const char *scope,
			 const char *name, bool as_path, struct query *ret)
{
	struct query query = {.scope = scope};
	struct error *error = NULL;
	size_t capacity = 0;
	char *part, *next;

	if (scope) {
		query.owned = strdup(scope);
		if (!query.owned)
			return error_no_memory();
	}
	for (part = query.owned; part && !error; part = next) {
		next = strstr(part, "::");
		if (next) {
			*next = '\0';
			next += 2;
		}
		error = take_scope(names, &query, part, as_path, &capacity);
	}
	if (!error)
		error = split_name(&query, name, &capacity);
	if (error)
		query_deinit(&query);
	else
		*ret = query;
	return error;
}

bool path_ends_with(const char *path, const char *wanted)
{
	size_t length = strlen(path), tail = strlen(wanted);

	if (tail > length || strcmp(path + length - tail, wanted) != 0)
		return false;
	return tail == length || path[length - tail - 1] == '/';
}

static bool file_fits(const struct query *query, const struct module *module,
		      const struct entry *entry)
{
	const struct unit *unit = &module->index.units[entry->home];

	return !query->file ||
	       (unit->name && path_ends_with(unit->name, query->file));
}

/* The last components of what it stands in, as many as there are asked for. */
bool query_fits(const struct query *query, const struct module *module,
		const struct entry *entry)
{
	const struct index *index = &module->index;

	if (!file_fits(query, module, entry))
		return false;
	for (size_t i = query->n_path; i > 0; i--) {
		do {
			if (!entry->parent)
				return false;
			entry = &index->entries[entry->parent - 1];
		} while (entry->is_inline &&
			 strcmp(entry->name, query->path[i - 1]) != 0);
		if (strcmp(entry->name, query->path[i - 1]) != 0)
			return false;
	}
	return true;
}
