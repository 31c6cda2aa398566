/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a name is refused, and what would be right: near names, candidates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/inside.h"

/* Near names, of the program's own. */
struct near {
	const char **names;
	size_t count, capacity;
	struct names *table;
};

enum { MOST_NEAR = 20000 };

static void add_near(struct near *near, const char *name)
{
	if (near->count < MOST_NEAR &&
	    list_grow(&near->names, near->count, &near->capacity,
		      sizeof(*near->names)))
		near->names[near->count++] = name;
}

static bool collect_near(void *data, const struct elf_symbol *symbol)
{
	struct near *near = data;

	/* What the compiler has renamed cannot be named. */
	if (GELF_ST_TYPE(symbol->symbol.st_info) == STT_OBJECT &&
	    !memchr(symbol->name, '.', symbol->length))
		add_near(near,
			 names_keep(near->table,
				    strndup(symbol->name, symbol->length)));
	return near->count < MOST_NEAR;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Each once. */
static void sort_near(struct near *near)
{
	size_t kept = 0;

	qsort(near->names, near->count, sizeof(*near->names), compare_names);
	for (size_t i = 0; i < near->count; i++)
		if (!kept || strcmp(near->names[kept - 1], near->names[i]) != 0)
			near->names[kept++] = near->names[i];
	near->count = kept;
}

static char *nearest(struct names *names, const struct query *query,
		     enum entry_kind kind)
{
	struct near near = {.table = names};
	struct module *module = &names->modules[0];
	char *text = NULL;

	if (!names->n_modules || module->problem)
		return NULL;
	if (module->symbols && kind == ENTRY_VARIABLE)
		elf_each_symbol(module->symbols, collect_near, &near);
	index_all(names, module);
	for (size_t i = 0; i < module->index.count; i++)
		if (module->index.entries[i].kind == kind)
			add_near(&near, module->index.entries[i].name);
	if (near.count && list_grow(&near.names, near.count, &near.capacity,
				    sizeof(*near.names))) {
		sort_near(&near);
		near.names[near.count] = NULL;
		text = text_nearest(query->last, near.names);
	}
	free(near.names);
	return text;
}

static bool any_unit_is(const struct names *names, const char *file)
{
	const struct query query = {.file = file};

	for (size_t i = 0; i < names->n_modules; i++)
		for (size_t j = 0; j < names->modules[i].index.n_units; j++) {
			const struct entry entry = {.home = (uint32_t)j};

			if (query_fits(&query, &names->modules[i], &entry))
				return true;
		}
	return false;
}

static struct error *nothing(struct names *names, const struct query *query,
			     const char *what, const char *keyword)
{
	cleanup_free char *near = NULL;
	struct error *error;

	if (query->file && !any_unit_is(names, query->file))
		return error_help(
			error_create(ERROR_NO_NAME, 0,
				     "the target has no module and no source "
				     "file '%s'",
				     query->file),
			names->n_modules && names->modules[0].no_debug
				? "of the program itself: %s"
				: "%s",
			names->n_modules && names->modules[0].no_debug
				? names->modules[0].no_debug
				: "a module is named as `maps` of /proc has "
				  "it, a file as the compiler was given it");
	error = error_create(ERROR_NO_NAME, 0,
			     "the target has no %s '%s%s'%s%s", what, keyword,
			     query->last, query->scope ? " in " : "",
			     query->scope ? query->scope : "");
	near = nearest(names, query,
		       strcmp(what, "type") == 0 ? ENTRY_TYPE : ENTRY_VARIABLE);
	if (near)
		return error_help(error, "near names: %s", near);
	if (names->n_modules && names->modules[0].no_debug)
		return error_help(error, "of the program itself: %s",
				  names->modules[0].no_debug);
	return error;
}

struct error *explain_nothing(struct names *names, const struct query *query,
			      const char *what, const char *keyword,
			      const struct error *problem)
{
	struct error *error = nothing(names, query, what, keyword), *told;

	if (!problem)
		return error;
	told = error_create(ERROR_NO_NAME, 0, "%s, as far as can be seen: %s",
			    error->message, problem->message);
	if (problem->help || error->help)
		error_help(told, "%s",
			   problem->help ? problem->help : error->help);
	error_destroy(error);
	return told;
}

/* The next longer tail of a path; NULL: it is all of it. */
static const char *longer_tail(const char *path, const char *tail)
{
	if (tail == path)
		return NULL;
	for (tail--; tail > path && tail[-1] != '/';)
		tail--;
	return tail;
}

const char *explain_tail(const char *path, const char *const *others,
			 size_t count)
{
	const char *tail = path_basename(path);

	for (size_t i = 0; i < count && tail; i++)
		while (tail && others[i] && strcmp(others[i], path) != 0 &&
		       path_ends_with(others[i], tail))
			tail = longer_tail(path, tail);
	return tail;
}

/* What stands before a candidate's name within its module: a file, a function;
 * NULL: nothing tells it. */
static const char *inner_scope(const struct symbol *symbol)
{
	if (symbol->scope)
		return symbol->scope;
	return symbol->file ? path_basename(symbol->file) : NULL;
}

static bool same_scope(const struct symbol *left, const struct symbol *right)
{
	const char *one = inner_scope(left), *other = inner_scope(right);

	return one && other ? strcmp(one, other) == 0 : one == other;
}

/* What stands between the file of a candidate and its name. */
static const char *behind_file(const struct symbol *symbol)
{
	const char *scope = symbol->scope ? symbol->scope : "", *rest;

	if (!text_starts(scope, path_basename(symbol->unit), &rest))
		return scope;
	if (text_starts(rest, "::", &rest) || !*rest)
		return rest;
	return scope;
}

/* With the tail of its file's path that no other candidate of its module has;
 * NULL: that does not tell it either, or no memory. */
static char *by_path(const struct symbol *symbols, size_t count, size_t self)
{
	const struct symbol *symbol = &symbols[self];
	cleanup_free const char **others = calloc(count, sizeof(*others));
	const char *tail, *inner, *module = NULL;
	char *text;

	if (!others || !symbol->unit)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(symbols[i].module, symbol->module) != 0) {
			module = path_basename(symbol->module);
			continue;
		}
		if (i == self)
			continue;
		others[i] = symbols[i].unit;
		if (same_scope(&symbols[i], symbol) &&
		    (!others[i] || strcmp(others[i], symbol->unit) == 0))
			return NULL;
	}
	tail = explain_tail(symbol->unit, others, count);
	if (!tail)
		return NULL;
	inner = behind_file(symbol);
	if (asprintf(&text, "%s%s%s%s%s::%s", module ? module : "",
		     module ? "::" : "", tail, *inner ? "::" : "", inner,
		     symbol->name) < 0)
		return NULL;
	return text;
}

/* How a candidate is to be written: with as much as tells it from the others;
 * where no name does, by its address. */
static char *selecting(const struct symbol *symbols, size_t count, size_t self)
{
	const struct symbol *symbol = &symbols[self];
	const char *module = path_basename(symbol->module);
	const char *scope = inner_scope(symbol);
	bool module_tells = true, scope_tells = scope, alike = !scope;
	char *text = NULL;
	int length;

	for (size_t i = 0; i < count; i++) {
		bool near = strcmp(symbols[i].module, symbol->module) == 0;
		bool same = same_scope(&symbols[i], symbol);

		if (i == self)
			continue;
		module_tells &= !near;
		scope_tells &= !same;
		alike |= near && same;
	}
	if (module_tells)
		length = asprintf(&text, "%s::%s", module, symbol->name);
	else if (alike && (text = by_path(symbols, count, self)) != NULL)
		return text;
	else if (alike)
		length = asprintf(&text, "0x%llx",
				  (unsigned long long)symbol->address);
	else if (scope_tells)
		length = asprintf(&text, "%s::%s", scope, symbol->name);
	else
		length = asprintf(&text, "%s::%s::%s", module, scope,
				  symbol->name);
	return length < 0 ? NULL : text;
}

struct error *explain_ambiguous(const char *name, const struct symbol *symbols,
				size_t count)
{
	enum { MOST_SHOWN = 12 };
	cleanup_free char *text = NULL;
	struct error *error;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return error_no_memory();
	for (size_t i = 0; i < count && i < MOST_SHOWN; i++) {
		cleanup_free char *written = selecting(symbols, count, i);

		fprintf(stream, "%s%s", i ? ", " : "", written ? written : "?");
		if (symbols[i].file)
			fprintf(stream, " (%s:%u)",
				path_basename(symbols[i].file),
				symbols[i].line);
	}
	if (count > MOST_SHOWN)
		fprintf(stream, " and %zu more", count - MOST_SHOWN);
	if (fclose(stream))
		return error_no_memory();
	error = error_create(ERROR_USAGE, 0, "%zu objects are called '%s'",
			     count, name);
	return error_help(error, "one of %s", text);
}

/* Nothing has the name, and a module could not be looked into. */
struct error *explain_missing(struct names *names, const char *scope,
			      const char *name, const struct error *problem)
{
	struct error *error;
	struct query query;

	error = query_make(names, scope, name, false, &query);
	if (error)
		return error;
	error = explain_nothing(names, &query, "object", "", problem);
	query_deinit(&query);
	return error;
}

/* Something has it, and so may a module that could not be looked into. */
struct error *explain_unsure(const char *name, const struct symbol *symbol,
			     const struct error *problem)
{
	const char *module = path_basename(symbol->module);

	return error_help(error_create(ERROR_USAGE, 0,
				       "it is not sure that no other is called "
				       "'%s': %s",
				       name, problem->message),
			  "%s::%s is that of this module", module, name);
}
