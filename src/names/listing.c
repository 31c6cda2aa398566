/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names, and types, that one which is begun may become: from the symbol table,
 * which is there at once, and from the index of DWARF, as far as that has come.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "names/inside.h"

enum { CHECK_EVERY = 256 }; /* entries */

/* One question, in one module. */
struct listing {
	struct names *names;
	struct module *module;
	const struct query *query;
	/* Goes through the module; DWARF is looked through only of what is
	 * likely. */
	struct error *(*list)(struct listing *listing, bool is_likely);
	names_each_fn *each;
	void *data;
	size_t found;
	bool needs_index; /* something is told by DWARF alone */
};

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789_";

/* Whether somebody who has typed so much may mean the name. Those that begin
 * with '_' are the implementation's, and so are mangled ones. */
static bool is_meant(const struct listing *listing, const char *name)
{
	const char *begun = listing->query->last;

	return *name && text_starts(name, begun, NULL) &&
	       (*begun || *name != '_') && !text_starts(name, "_Z", NULL) &&
	       (*name < '0' || *name > '9') && !name[strspn(name, name_bytes)];
}

static void put(struct listing *listing, const char *name, bool is_scope)
{
	listing->found++;
	listing->each(listing->data, name, is_scope);
}

/* NAME.SUFFIX is a NAME that the compiler has renamed. */
static bool list_symbol(void *data, const struct elf_symbol *symbol)
{
	struct listing *listing = data;
	const char *begun = listing->query->last;
	size_t length = strlen(begun);
	unsigned type = GELF_ST_TYPE(symbol->symbol.st_info);
	cleanup_free char *name = NULL;
	const char *dot;

	if ((type != STT_OBJECT && type != STT_COMMON) ||
	    symbol->length < length || memcmp(symbol->name, begun, length) != 0)
		return true;
	dot = memchr(symbol->name, '.', symbol->length);
	name = strndup(symbol->name,
		       dot ? (size_t)(dot - symbol->name) : symbol->length);
	if (name && is_meant(listing, name))
		put(listing, name, false);
	return true;
}

static bool has_place(struct module *module, const struct entry *entry)
{
	Dwarf_Die die = entry->die;
	cleanup_free char *why = NULL;
	uint64_t address;

	return entry_address(module, &module->index.units[entry->unit], &die,
			     &address, &why);
}

/* A function is a scope if something in it has a place. */
static void list_function(struct listing *listing, const struct entry *inside)
{
	const struct index *index = &listing->module->index;
	const char *name = index->entries[inside->parent - 1].name;

	if (*listing->query->last && is_meant(listing, name) &&
	    has_place(listing->module, inside))
		put(listing, name, true);
}

/* A type of a unit, if it is not in a scope: "struct regs", "regs_t". */
static void list_type(struct listing *listing, const struct entry *entry)
{
	const struct module *module = listing->module;
	const char *begun = listing->query->last;
	bool is_bare = module->index.units[entry->unit].cplusplus;
	Dwarf_Die die = entry->die;
	const char *keyword = type_keyword(dwarf_tag(&die));
	cleanup_free char *text = NULL;

	if (entry->parent || (!*begun && *entry->name == '_'))
		return;
	if (asprintf(&text, "%s%s", keyword, entry->name) < 0) {
		text = NULL;
		return;
	}
	if (!is_bare && text_starts(text, begun, NULL))
		put(listing, text, false);
	else if (is_bare && text_starts(entry->name, begun, NULL))
		put(listing, entry->name, false);
}

static struct error *list_types(struct listing *listing, bool is_likely)
{
	struct module *module = listing->module;
	struct error *error = module_open(listing->names, module);
	const struct index *index = &module->index;

	if (error || !is_likely)
		return error;
	module_seek_debug(listing->names, module);
	index_all(listing->names, module);
	for (size_t i = 0; i < index->count; i++) {
		if (i % CHECK_EVERY == 0 && names_must_stop(listing->names))
			break;
		if (index->entries[i].kind == ENTRY_TYPE)
			list_type(listing, &index->entries[i]);
	}
	return NULL;
}

static void list_entries(struct listing *listing)
{
	struct module *module = listing->module;
	const struct query *query = listing->query;

	for (size_t i = 0; i < module->index.count; i++) {
		const struct entry *entry = &module->index.entries[i];

		if (i % CHECK_EVERY == 0 && names_must_stop(listing->names))
			return;
		if (entry->kind != ENTRY_VARIABLE)
			continue;
		if (!query->scope && entry_is_local(module, entry))
			list_function(listing, entry);
		if (is_meant(listing, entry->name) &&
		    query_fits(query, module, entry) &&
		    has_place(module, entry))
			put(listing, entry->name, false);
	}
}

/* Source files, by the last part of their paths. */
static void list_units(struct listing *listing)
{
	const struct index *index = &listing->module->index;

	for (size_t i = 0; i < index->n_units; i++) {
		const char *name = index->units[i].name;

		if (name && text_starts(path_basename(name),
					listing->query->last, NULL))
			put(listing, path_basename(name), true);
	}
}

static struct error *list_names(struct listing *listing, bool is_likely)
{
	const struct query *query = listing->query;
	struct module *module = listing->module;
	struct error *error = module_open(listing->names, module);

	if (error)
		return error;
	if (!elf_has_symbols(module->file.elf))
		module_seek_debug(listing->names, module);
	if (!query->file && !query->n_path)
		elf_each_symbol(module->symbols, list_symbol, listing);
	listing->needs_index |= query->file || query->n_path ||
				!elf_has_symbols(module->symbols);
	if (!is_likely)
		return NULL;
	index_functions(listing->names, module);
	list_entries(listing);
	if (!query->scope && *query->last)
		list_units(listing);
	return NULL;
}

/* All modules from `first` to before `end` that are asked for. */
static struct error *list_some(struct listing *listing, size_t first,
			       size_t end)
{
	const char *wanted = listing->query->module;
	bool is_likely = first == 0 || listing->query->scope;

	for (size_t i = first; i < end; i++) {
		struct error *error;

		listing->module = &listing->names->modules[i];
		if (wanted && !module_is_called(listing->module, wanted))
			continue;
		error = listing->list(listing, is_likely);
		if (error && error->kind == ERROR_NO_MEMORY)
			return error;
		error_destroy(error);
		if (names_must_stop(listing->names))
			break;
	}
	return NULL;
}

static void list_modules(struct listing *listing)
{
	const struct names *names = listing->names;

	for (size_t i = 0; i < names->n_modules; i++) {
		const char *base =
			path_basename(names->modules[i].source->path);

		if (text_starts(base, listing->query->last, NULL))
			put(listing, base, true);
	}
}

struct error *names_list(struct names *names, const char *scope,
			 const char *begun, names_each_fn *each, void *data)
{
	size_t program = names_has_program(names);
	struct query query = {0};
	struct listing listing = {
		.names = names,
		.query = &query,
		.list = list_names,
		.each = each,
		.data = data,
	};
	struct error *error = query_make(names, scope, begun, false, &query);

	if (error)
		return error;
	error = list_some(&listing, 0, program);
	if (!error && !listing.found)
		error = list_some(&listing, program, names->n_modules);
	if (!error && !scope && *begun)
		list_modules(&listing);
	/* Of variables that stand in functions nobody expects to be told all
	 * without being asked for their function. */
	if (!listing.needs_index && !interrupt_pending())
		names->stopped = false;
	query_deinit(&query);
	return error;
}

struct error *names_list_types(struct names *names, const char *begun,
			       names_each_fn *each, void *data)
{
	cleanup_free char *last = strdup(begun);
	const struct query query = {.last = last};
	struct listing listing = {
		.names = names,
		.query = &query,
		.list = list_types,
		.each = each,
		.data = data,
	};

	return last ? list_some(&listing, 0, names_has_program(names))
		    : error_no_memory();
}
