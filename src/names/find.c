/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which object a name means. The symbol table is asked first: where it has one
 * object of the name, DWARF is only read until that one's type is found.
 */
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/inside.h"

/* Of one name in one module: each is compared with all others. */
enum { MOST_FOUND = 4096 };

struct findings {
	struct symbol *items;
	size_t count, capacity;
	struct error *problem; /* of a module that could not be looked into */
};

static void findings_deinit(struct findings *findings)
{
	free(findings->items);
	error_destroy(findings->problem);
	*findings = (struct findings){0};
}

/* One search, in one module. */
struct search {
	struct names *names;
	struct module *module;
	const struct query *query;
	bool locals; /* what stands in functions, else all else */
	struct findings *findings;
	size_t first; /* of the findings of this module */
	/* What the symbol table has. */
	struct elf_symbol *symbols;
	size_t n_symbols, capacity;
	bool has_variants; /* NAME.SUFFIX: renamed by the compiler */
	bool no_memory;
	/* A mere declaration. */
	bool has_declared;
	type_id declared;
};

static bool collect_symbol(void *data, const struct elf_symbol *symbol)
{
	struct search *search = data;
	const char *name = search->query->last;
	size_t length = strlen(name);

	if (symbol->length < length || memcmp(symbol->name, name, length) != 0)
		return true;
	if (symbol->length > length) {
		search->has_variants |= symbol->name[length] == '.';
		return true;
	}
	if (search->n_symbols >= MOST_FOUND)
		return false;
	if (!list_grow(&search->symbols, search->n_symbols, &search->capacity,
		       sizeof(*symbol))) {
		search->no_memory = true;
		return false;
	}
	search->symbols[search->n_symbols++] = *symbol;
	return true;
}

/* Of several versions the one that is linked against counts; and of several
 * names of one place, one. */
static void reduce_symbols(struct search *search)
{
	bool has_default = false;
	size_t kept = 0;

	for (size_t i = 0; i < search->n_symbols; i++)
		has_default |= !search->symbols[i].hidden_version;
	for (size_t i = 0; i < search->n_symbols; i++) {
		const struct elf_symbol *symbol = &search->symbols[i];
		bool again = has_default && symbol->hidden_version;

		for (size_t j = 0; j < kept && !again; j++)
			again = search->symbols[j].symbol.st_value ==
					symbol->symbol.st_value &&
				GELF_ST_TYPE(
					search->symbols[j].symbol.st_info) ==
					GELF_ST_TYPE(symbol->symbol.st_info);
		if (!again)
			search->symbols[kept++] = *symbol;
	}
	search->n_symbols = kept;
}

uint64_t symbol_address(const struct module *module, const GElf_Sym *symbol)
{
	if (symbol->st_shndx == SHN_ABS)
		return symbol->st_value;
	return symbol->st_value + module->bias +
	       (module->symbols == module->file.elf ? 0 : module->debug_bias);
}

static struct symbol *add_finding(struct search *search)
{
	struct findings *findings = search->findings;
	struct symbol *added;

	if (!list_grow(&findings->items, findings->count, &findings->capacity,
		       sizeof(*added))) {
		search->no_memory = true;
		return NULL;
	}
	added = &findings->items[findings->count++];
	*added = (struct symbol){.module = search->module->source->path};
	return added;
}

static void describe_type(struct search *search, Dwarf_Die *die,
			  struct symbol *symbol)
{
	symbol->has_type = true;
	symbol->type = type_of(search->names, search->module, die);
}

/* "file.c", "file.c::function", "ns::class": what tells it from others. */
static char *scope_text(const struct module *module, const struct entry *entry)
{
	const struct unit *unit = &module->index.units[entry->home];
	cleanup_free char *inner = index_scope(&module->index, entry);
	Dwarf_Die die = entry->die;
	const char *file = unit->name && !entry_flag(&die, DW_AT_external)
				   ? path_basename(unit->name)
				   : NULL;
	char *text;

	if (!inner && !file)
		return NULL;
	if (asprintf(&text, "%s%s%s", file ? file : "",
		     file && inner ? "::" : "", inner ? inner : "") < 0)
		return NULL;
	return text;
}

bool entry_is_local(const struct module *module, const struct entry *entry)
{
	return entry->parent &&
	       module->index.entries[entry->parent - 1].kind == ENTRY_FUNCTION;
}

/* One that was found before, at the same place. */
static struct symbol *found_at(struct search *search, uint64_t address)
{
	for (size_t i = search->first; i < search->findings->count; i++)
		if (search->findings->items[i].has_address &&
		    search->findings->items[i].address == address)
			return &search->findings->items[i];
	return NULL;
}

static void add_variable(struct search *search, const struct entry *entry)
{
	struct module *module = search->module;
	struct unit *unit = &module->index.units[entry->unit];
	Dwarf_Die die = entry->die;
	struct symbol *symbol;
	uint64_t address;
	char *why;
	bool has_address = entry_address(module, unit, &die, &address, &why);

	if (!has_address && !why) {
		if (!search->has_declared)
			search->declared = type_of(search->names, module, &die);
		search->has_declared = true;
		return;
	}
	if (has_address)
		address = copies_redirect(search->names, module, address);
	symbol = has_address ? found_at(search, address) : NULL;
	if (symbol)
		return;
	symbol = add_finding(search);
	if (!symbol) {
		free(why);
		return;
	}
	symbol->name = entry->name;
	symbol->has_address = has_address;
	symbol->address = has_address ? address : 0;
	symbol->problem = names_keep(search->names, why);
	symbol->is_local = entry_is_local(module, entry);
	symbol->scope = names_keep(search->names, scope_text(module, entry));
	symbol->unit = module->index.units[entry->home].name;
	symbol->file = entry_file(&die, &module->index.units[entry->home].die,
				  &symbol->line);
	describe_type(search, &die, symbol);
}

static const char tls_problem[] =
	"it is thread-local: each thread has its own, at another address";

/* What the symbol table has and DWARF has not. */
static void add_symbol(struct search *search, const struct elf_symbol *found)
{
	unsigned type = GELF_ST_TYPE(found->symbol.st_info);
	uint64_t address =
		copies_redirect(search->names, search->module,
				symbol_address(search->module, &found->symbol));
	bool global = GELF_ST_BIND(found->symbol.st_info) != STB_LOCAL;
	bool tls = type == STT_TLS;
	struct symbol *symbol = tls ? NULL : found_at(search, address);

	/* Some compilers do not tell DWARF where such a one is. */
	for (size_t i = search->first; tls && i < search->findings->count; i++)
		if (search->findings->items[i].problem) {
			search->findings->items[i].problem = tls_problem;
			return;
		}
	if (!symbol) {
		symbol = add_finding(search);
		if (!symbol)
			return;
		symbol->name = search->query->last;
		symbol->has_address = !tls;
		symbol->address = tls ? 0 : address;
		symbol->problem = tls ? tls_problem : NULL;
		/* A declaration is of what is global. */
		if (global && search->has_declared) {
			symbol->has_type = true;
			symbol->type = search->declared;
		}
		symbol->is_function = type == STT_FUNC || type == STT_GNU_IFUNC;
	}
	symbol->is_global = global;
	symbol->has_size = found->symbol.st_size != 0;
	symbol->size = found->symbol.st_size;
}

/* Whether an entry is asked for: its name was compared. */
static bool is_asked(const struct search *search, const struct entry *entry)
{
	if (entry->kind != ENTRY_VARIABLE ||
	    !query_fits(search->query, search->module, entry))
		return false;
	if (search->query->n_path)
		return true;
	return search->locals ? entry_is_local(search->module, entry)
			      : !entry->parent;
}

/* Those of the entries from number `known` on: chains have the latest first. */
static void add_variables_from(struct search *search, size_t known)
{
	const struct index *index = &search->module->index;

	for (const struct entry *entry =
		     index_first(index, search->query->last);
	     entry && (size_t)(entry - index->entries) >= known &&
	     search->findings->count - search->first < MOST_FOUND;
	     entry = index_next(index, entry))
		if (is_asked(search, entry))
			add_variable(search, entry);
}

static void add_variables(struct search *search)
{
	add_variables_from(search, 0);
}

/* The symbol table knows where it is: the first entry of that place will do. */
static void add_variables_until(struct search *search, uint64_t address)
{
	size_t known = 0;

	index_toward(search->names, search->module, address);
	do {
		add_variables_from(search, known);
		if (found_at(search, address))
			return;
		known = search->module->index.count;
	} while (index_more(search->names, search->module));
}

/* One object of that name, and none that the compiler has renamed. */
static bool is_settled(const struct search *search)
{
	return search->n_symbols == 1 && !search->has_variants &&
	       GELF_ST_TYPE(search->symbols[0].symbol.st_info) != STT_TLS;
}

/* What a path leads into may be a function, whose variables are not indexed at
 * first. */
static void index_for(struct search *search)
{
	const struct query *query = search->query;
	const struct index *index = &search->module->index;
	const struct entry *entry;

	/* The names of files are in the index, too. */
	if (!query->file &&
	    !index_may_have(search->names, search->module, query->last))
		return;
	index_all(search->names, search->module);
	if (search->locals)
		index_functions(search->names, search->module);
	if (!query->n_path)
		return;
	for (entry = index_first(index, query->path[query->n_path - 1]); entry;
	     entry = index_next(index, entry))
		if (entry->kind == ENTRY_FUNCTION) {
			index_functions(search->names, search->module);
			return;
		}
}

/* What is there goes before what has no address: of those from `first` on. */
static void drop_problems(struct findings *findings, size_t first)
{
	size_t kept = first;
	bool any = false;

	for (size_t i = first; i < findings->count; i++)
		any |= findings->items[i].has_address;
	for (size_t i = first; any && i < findings->count; i++)
		if (findings->items[i].has_address)
			findings->items[kept++] = findings->items[i];
	if (any)
		findings->count = kept;
}

static void explain_types(struct search *search)
{
	for (size_t i = search->first; i < search->findings->count; i++) {
		struct symbol *symbol = &search->findings->items[i];

		if (!symbol->has_type)
			symbol->no_type =
				search->module->no_debug
					? search->module->no_debug
					: "its debug information does not tell "
					  "its type";
	}
}

static struct error *search_module(struct search *search)
{
	struct module *module = search->module;
	const struct query *query = search->query;
	bool tables = !query->n_path && !query->file && !search->locals;
	struct error *error = module_open(search->names, module);

	if (error)
		return error;
	search->first = search->findings->count;
	if (!tables || !elf_has_symbols(module->file.elf))
		module_seek_debug(search->names, module);
	if (tables) {
		elf_each_symbol(module->symbols, collect_symbol, search);
		reduce_symbols(search);
	}
	if (tables && is_settled(search)) {
		add_variables_until(
			search,
			copies_redirect(
				search->names, module,
				symbol_address(module,
					       &search->symbols[0].symbol)));
	} else {
		index_for(search);
		add_variables(search);
	}
	drop_problems(search->findings, search->first);
	for (size_t i = 0; i < search->n_symbols; i++)
		add_symbol(search, &search->symbols[i]);
	drop_problems(search->findings, search->first);
	explain_types(search);
	/* Of what was not looked at, something may have the name, too. */
	if (module->index.is_cut && !search->findings->problem)
		search->findings->problem = error_create(
			ERROR_FAILED, 0,
			"%s has more debug information than is looked through",
			module->source->path);
	return search->no_memory ? error_no_memory() : NULL;
}

static struct error *search_one(struct names *names, struct module *module,
				const struct query *query, bool locals,
				struct findings *findings)
{
	struct search search = {
		.names = names,
		.module = module,
		.query = query,
		.locals = locals,
		.findings = findings,
	};
	struct error *error = search_module(&search);

	free(search.symbols);
	return error;
}

/* The program has its own copy of a variable of a library, and only the library
 * knows its type. */
static struct error *type_copies(struct names *names, const struct query *query,
				 struct findings *findings)
{
	struct symbol *copy = findings->items;
	struct error *error = NULL;

	if (findings->count != 1 || copy->has_type || !copy->has_address ||
	    !copies_have(names, copy->address))
		return NULL;
	for (size_t i = 1; i < names->n_modules && !error; i++) {
		struct findings others = {0};

		error = search_one(names, &names->modules[i], query, false,
				   &others);
		if (error && error->kind != ERROR_NO_MEMORY) {
			error_destroy(error);
			error = NULL;
		}
		for (size_t j = 0; j < others.count && !copy->has_type; j++) {
			if (others.items[j].address != copy->address ||
			    !others.items[j].has_type)
				continue;
			copy->no_type = NULL;
			copy->has_type = others.items[j].has_type;
			copy->type = others.items[j].type;
			copy->file = others.items[j].file;
			copy->line = others.items[j].line;
		}
		findings_deinit(&others);
		if (copy->has_type)
			break;
	}
	return error;
}

/* What is global goes before what is a library's own. */
static void prefer_global(struct findings *findings)
{
	size_t n_global = 0, global = 0;

	for (size_t i = 0; i < findings->count; i++)
		if (findings->items[i].is_global) {
			n_global++;
			global = i;
		}
	if (n_global != 1)
		return;
	findings->items[0] = findings->items[global];
	findings->count = 1;
}

/* All modules from `first` to before `end` that are asked for. Libraries that
 * cannot be opened are passed over. */
static struct error *search_some(struct names *names, const struct query *query,
				 bool locals, size_t first, size_t end,
				 struct findings *findings)
{
	for (size_t i = first; i < end; i++) {
		struct module *module = &names->modules[i];
		struct error *error;

		if (query->module && !module_is_called(module, query->module))
			continue;
		error = search_one(names, module, query, locals, findings);
		if (!error)
			continue;
		if (error->kind == ERROR_NO_MEMORY || query->module ||
		    (i == 0 && names_has_program(names)))
			return error;
		if (findings->problem)
			error_destroy(error);
		else
			findings->problem = error;
	}
	return NULL;
}

static struct error *search_all(struct names *names, const struct query *query,
				struct findings *findings)
{
	size_t n = names->n_modules;
	/* The program before its libraries; files before functions. A path
	 * leads to both. */
	size_t program = names_has_program(names);
	const struct {
		bool locals;
		size_t first, end;
	} levels[] = {
		{false, 0, program},
		{false, program, n},
		{true, 0, program},
		{true, program, n},
	};
	size_t n_levels = query->n_path ? 2 : 4;

	for (size_t i = 0; i < n_levels && !findings->count; i++) {
		struct error *error =
			search_some(names, query, levels[i].locals,
				    levels[i].first, levels[i].end, findings);

		if (error)
			return error;
		if (i == 0)
			error = type_copies(names, query, findings);
		if (i == 1 && program)
			prefer_global(findings);
		if (error)
			return error;
	}
	return NULL;
}

/* The name of a finding may be the query's own. */
static struct error *keep_names(struct names *names, const struct query *query,
				struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->items[i].name == query->last) {
			findings->items[i].name =
				names_keep(names, strdup(query->last));
			if (!findings->items[i].name)
				return error_no_memory();
		}
	return NULL;
}

/* With `within` the first part of the scope is not a module's name, and yet
 * only that module is searched. */
static struct error *find_as(struct names *names, const char *scope,
			     const char *name, const char *within,
			     struct findings *findings, bool *ret_is_word)
{
	struct query query;
	struct error *error =
		query_make(names, scope, name, within != NULL, &query);

	if (error)
		return error;
	if (within)
		query.module = within;
	error = search_all(names, &query, findings);
	if (!error)
		error = keep_names(names, &query, findings);
	*ret_is_word = query.module && !strpbrk(query.module, "./");
	query_deinit(&query);
	return error;
}

static bool is_found(const struct findings *findings,
		     const struct symbol *symbol)
{
	for (size_t i = 0; i < findings->count; i++)
		if (symbol->has_address && findings->items[i].has_address &&
		    findings->items[i].address == symbol->address)
			return true;
	return false;
}

/* A scope that is the name of a module may be that of a function in it, too. */
static struct error *find_both(struct names *names, const char *scope,
			       const char *name, struct findings *findings)
{
	cleanup_free char *word = NULL;
	struct findings others = {0};
	bool is_word;
	struct error *error =
		find_as(names, scope, name, NULL, findings, &is_word);

	if (error || !is_word)
		return error;
	word = strndup(scope, strcspn(scope, ":"));
	if (!word)
		return error_no_memory();
	error = find_as(names, scope, name, word, &others, &is_word);
	for (size_t i = 0; i < others.count && !error; i++) {
		if (is_found(findings, &others.items[i]))
			continue;
		if (!list_grow(&findings->items, findings->count,
			       &findings->capacity, sizeof(*findings->items)))
			error = error_no_memory();
		else
			findings->items[findings->count++] = others.items[i];
	}
	drop_problems(findings, 0);
	findings_deinit(&others);
	return error;
}

/* `*ret_problem`: of a module that was passed over, or NULL. */
static struct error *find_all(struct names *names, const char *scope,
			      const char *name, struct symbol **ret,
			      size_t *ret_count, struct error **ret_problem)
{
	struct findings findings = {0};
	struct error *error =
		names_judge(names, find_both(names, scope, name, &findings));

	if (!error) {
		*ret = steal(findings.items);
		*ret_count = findings.count;
		*ret_problem = steal(findings.problem);
	}
	findings_deinit(&findings);
	return error;
}

struct error *names_find_all(struct names *names, const char *scope,
			     const char *name, struct symbol **ret,
			     size_t *ret_count)
{
	struct error *problem = NULL;
	struct error *error =
		find_all(names, scope, name, ret, ret_count, &problem);

	error_destroy(problem);
	return error;
}

/* Aliases of one place are one object. */
static bool all_the_same(const struct symbol *symbols, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (!symbols[0].has_address || !symbols[i].has_address ||
		    symbols[i].address != symbols[0].address)
			return false;
	return true;
}

struct error *names_find(struct names *names, const char *scope,
			 const char *name, struct symbol *ret)
{
	cleanup_free struct symbol *symbols = NULL;
	cleanup_error struct error *problem = NULL;
	struct error *error;
	size_t count;

	error = find_all(names, scope, name, &symbols, &count, &problem);
	if (error)
		return error;
	if (!count)
		return names_judge(
			names, explain_missing(names, scope, name, problem));
	if (count > 1 && !all_the_same(symbols, count))
		return explain_ambiguous(name, symbols, count);
	if (problem)
		return explain_unsure(name, &symbols[0], problem);
	if (!symbols[0].has_address)
		return error_create(ERROR_NO_NAME, 0, "%s", symbols[0].problem);
	*ret = symbols[0];
	return NULL;
}

/* One with an address and a type, whatever its name. Of two entries of one
 * place each is told: to compare all with all would take too long. */
static void add_listed(struct search *search, size_t number)
{
	const struct entry *entry = &search->module->index.entries[number];
	struct findings *findings = search->findings;

	search->first = findings->count;
	add_variable(search, entry);
	if (findings->count > search->first &&
	    (!findings->items[search->first].has_address ||
	     findings->items[search->first].type == NO_TYPE))
		findings->count = search->first;
}

struct error *names_variables(struct names *names, const char *only,
			      struct symbol **ret, size_t *ret_count)
{
	struct findings findings = {0};
	struct query query = {0};
	bool no_memory = false;

	for (size_t i = 0; i < names->n_modules && !no_memory; i++) {
		struct search search = {
			.names = names,
			.module = &names->modules[i],
			.query = &query,
			.findings = &findings,
			.first = findings.count,
		};
		struct error *error = NULL;

		if (only && !module_is_called(search.module, only))
			continue;
		error = module_open(names, search.module);
		if (error && (i == 0 || only)) {
			findings_deinit(&findings);
			return error;
		}
		if (error) {
			error_destroy(error);
			continue;
		}
		index_functions(names, search.module);
		for (size_t j = 0; j < search.module->index.count; j++)
			if (search.module->index.entries[j].kind ==
			    ENTRY_VARIABLE)
				add_listed(&search, j);
		no_memory = search.no_memory;
	}
	if (no_memory || names->stopped) {
		findings_deinit(&findings);
		return names_judge(names, no_memory ? error_no_memory() : NULL);
	}
	*ret = findings.items;
	*ret_count = findings.count;
	return NULL;
}
