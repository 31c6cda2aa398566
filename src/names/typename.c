/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types by the way in which C writes them: "struct regs", "unsigned long". */
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "names/inside.h"

enum { MOST_SUFFIXES = 16 };

/* What is asked for. */
struct wanted {
	char *scope; /* "file.c", "ns::class"; or NULL */
	char *name;
	const char *keyword; /* "struct ", or "" */
	int tags[3];         /* of which one it is; 0: no more */
	unsigned words;      /* of a base type */
	char *suffix;        /* "*", "[4]", behind the name */
};

/* Words of base types, in any order: "long unsigned int" is "unsigned long". */
enum {
	WORD_UNSIGNED = 1,
	WORD_SIGNED = 2,
	WORD_SHORT = 4,
	WORD_CHAR = 8,
	WORD_INT = 16,
	WORD_LONG = 32,
	WORD_LONG_LONG = 64,
	WORD_FLOAT = 128,
	WORD_DOUBLE = 256,
	WORD_BOOL = 512,
};

static const struct {
	const char *word;
	unsigned bit;
} base_words[] = {
	{"unsigned", WORD_UNSIGNED}, {"signed", WORD_SIGNED},
	{"short", WORD_SHORT},       {"char", WORD_CHAR},
	{"int", WORD_INT},           {"long", WORD_LONG},
	{"float", WORD_FLOAT},       {"double", WORD_DOUBLE},
	{"_Bool", WORD_BOOL},        {"bool", WORD_BOOL},
};

/* The words of a base type; 0: it is none. */
static unsigned base_type_words(const char *text)
{
	unsigned words = 0;

	while (*text) {
		size_t length = strcspn(text, " "), i;

		for (i = 0; i < sizeof(base_words) / sizeof(base_words[0]); i++)
			if (strlen(base_words[i].word) == length &&
			    strncmp(base_words[i].word, text, length) == 0)
				break;
		if (i == sizeof(base_words) / sizeof(base_words[0]))
			return 0;
		if (base_words[i].bit == WORD_LONG && (words & WORD_LONG))
			words |= WORD_LONG_LONG;
		words |= base_words[i].bit;
		text += length;
		text += strspn(text, " ");
	}
	/* "int" says nothing beside others, and "signed" only of a char. */
	if (words & (WORD_UNSIGNED | WORD_SHORT | WORD_LONG | WORD_SIGNED) &&
	    !(words & WORD_CHAR))
		words &= ~(unsigned)WORD_INT;
	if (words == WORD_SIGNED)
		words = WORD_INT;
	if (!(words & WORD_CHAR))
		words &= ~(unsigned)WORD_SIGNED;
	return words;
}

static void wanted_deinit(struct wanted *wanted)
{
	free(wanted->scope);
	free(wanted->name);
	free(wanted->suffix);
	*wanted = (struct wanted){0};
}

static struct error *bad_type(const char *text, const char *why)
{
	return error_help(
		error_create(ERROR_USAGE, 0, "'%s' is no type: %s", text, why),
		"'struct NAME', 'union NAME', 'enum NAME' or the "
		"name of a typedef, with * or [N] behind it");
}

/* One keyword before the name, which says of what kind it is. */
static const struct {
	const char *word;
	int tags[3];
} keywords[] = {
	{"struct ", {DW_TAG_structure_type, DW_TAG_class_type, 0}},
	{"class ", {DW_TAG_class_type, DW_TAG_structure_type, 0}},
	{"union ", {DW_TAG_union_type, 0, 0}},
	{"enum ", {DW_TAG_enumeration_type, 0, 0}},
};

const char *type_keyword(int tag)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (keywords[i].tags[0] == tag)
			return keywords[i].word;
	return "";
}

static const char *skip_qualifiers(const char *text)
{
	const char *rest;

	text += strspn(text, " ");
	while (text_starts(text, "const ", &rest) ||
	       text_starts(text, "volatile ", &rest))
		text = rest + strspn(rest, " ");
	return text;
}

static const char *take_keyword(struct wanted *wanted, const char *text)
{
	const char *rest;

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (text_starts(text, keywords[i].word, &rest)) {
			memcpy(wanted->tags, keywords[i].tags,
			       sizeof(wanted->tags));
			wanted->keyword = keywords[i].word;
			return rest + strspn(rest, " ");
		}
	return text;
}

/* Up to the last "::": the scope. */
static struct error *take_scope(struct wanted *wanted, const char **text,
				size_t *length)
{
	const char *start = *text, *last = NULL;

	for (const char *at = start; at + 1 < start + *length; at++)
		if (at[0] == ':' && at[1] == ':')
			last = at;
	if (!last)
		return NULL;
	/* "file.c::struct regs" has the keyword behind it. */
	if (!wanted->scope) {
		wanted->scope = strndup(start, (size_t)(last - start));
		if (!wanted->scope)
			return error_no_memory();
	}
	*length -= (size_t)(last + 2 - start);
	*text = last + 2;
	return NULL;
}

static struct error *parse(const char *text, struct wanted *ret)
{
	struct wanted wanted = {.keyword = ""};
	const char *rest = take_keyword(&wanted, skip_qualifiers(text));
	size_t length = strcspn(rest, "*[");
	struct error *error;
	const char *suffix = rest + length;

	error = take_scope(&wanted, &rest, &length);
	if (error)
		return error;
	if (!wanted.tags[0]) {
		const char *behind = take_keyword(&wanted, rest);

		length -= (size_t)(behind - rest);
		rest = behind;
	}
	while (length && rest[length - 1] == ' ')
		length--;
	wanted.name = strndup(rest, length);
	wanted.suffix = strdup(suffix);
	if (!wanted.name || !wanted.suffix) {
		wanted_deinit(&wanted);
		return error_no_memory();
	}
	if (!wanted.tags[0])
		wanted.words = base_type_words(wanted.name);
	if (!*wanted.name) {
		wanted_deinit(&wanted);
		return bad_type(text, "there is no name");
	}
	*ret = wanted;
	return NULL;
}

static bool is_plain_type(int tag)
{
	return tag == DW_TAG_typedef || tag == DW_TAG_base_type;
}

/* Without a keyword: a typedef or a base type, and in C++ any. */
static bool tag_fits(const struct wanted *wanted, const struct unit *unit,
		     int tag)
{
	if (wanted->tags[0])
		return tag == wanted->tags[0] || tag == wanted->tags[1];
	return is_plain_type(tag) || unit->cplusplus;
}

struct found_type {
	struct module *module;
	struct entry entry;
	type_id id;
};

struct found_types {
	struct found_type *items;
	size_t count, capacity;
	struct error *problem; /* of a module that could not be looked into */
	struct comparison comparison; /* to tell them apart */
};

static void found_types_deinit(struct found_types *types)
{
	free(types->items);
	error_destroy(types->problem);
	*types = (struct found_types){0};
}

static struct error *add_type(struct names *names, struct module *module,
			      const struct entry *entry,
			      struct found_types *types)
{
	Dwarf_Die die = entry->die;
	type_id id = type_number(names, module, &die, 0);

	if (id == NO_TYPE)
		return error_no_memory();
	/* That there are several is known then, and not how many. */
	if (comparison_is_spent(&types->comparison) && types->count > 1)
		return NULL;
	for (size_t i = 0; i < types->count; i++)
		if (types_are_alike(names, types->items[i].id, id,
				    &types->comparison))
			return NULL;
	if (!list_grow(&types->items, types->count, &types->capacity,
		       sizeof(*types->items)))
		return error_no_memory();
	types->items[types->count++] = (struct found_type){
		.module = module,
		.entry = *entry,
		.id = id,
	};
	return NULL;
}

static bool entry_fits(const struct wanted *wanted, const struct query *query,
		       const struct module *module, const struct entry *entry)
{
	Dwarf_Die die = entry->die;

	return entry->kind == ENTRY_TYPE &&
	       tag_fits(wanted, &module->index.units[entry->unit],
			dwarf_tag(&die)) &&
	       !entry_flag(&die, DW_AT_declaration) &&
	       query_fits(query, module, entry);
}

/* By its words, for a base type may be written in several ways. */
static struct error *search_base(struct names *names, struct module *module,
				 const struct wanted *wanted,
				 const struct query *query,
				 struct found_types *types)
{
	struct error *error = NULL;

	for (size_t i = 0; i < module->index.count && !error; i++) {
		const struct entry entry = module->index.entries[i];
		Dwarf_Die die = entry.die;

		if (entry.kind != ENTRY_TYPE ||
		    dwarf_tag(&die) != DW_TAG_base_type ||
		    base_type_words(entry.name) != wanted->words ||
		    !query_fits(query, module, &entry))
			continue;
		return add_type(names, module, &entry, types);
	}
	return error;
}

static struct error *search_named(struct names *names, struct module *module,
				  const struct wanted *wanted,
				  const struct query *query,
				  struct found_types *types)
{
	const struct entry *entry = index_first(&module->index, query->last);

	for (; entry; entry = index_next(&module->index, entry)) {
		struct error *error = NULL;

		if (entry_fits(wanted, query, module, entry))
			error = add_type(names, module, entry, types);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *search_module(struct names *names, struct module *module,
				   const struct wanted *wanted,
				   const struct query *query,
				   struct found_types *types)
{
	struct error *error = module_open(names, module);

	if (error)
		return error;
	/* Each module indexes itself alone: its entries do not move here. */
	index_all(names, module);
	return wanted->words
		       ? search_base(names, module, wanted, query, types)
		       : search_named(names, module, wanted, query, types);
}

/* A module that cannot be opened is passed over: the first reason is kept. */
static struct error *pass_over(struct found_types *types, struct error *error)
{
	if (!error || error->kind == ERROR_NO_MEMORY)
		return error;
	if (types->problem)
		error_destroy(error);
	else
		types->problem = error;
	return NULL;
}

/* All modules from `first` to before `end` that are asked for. */
static struct error *search_some(struct names *names,
				 const struct wanted *wanted,
				 const struct query *query, size_t first,
				 size_t end, struct found_types *types)
{
	for (size_t i = first; i < end; i++) {
		struct module *module = &names->modules[i];
		struct error *error;

		if (query->module && !module_is_called(module, query->module))
			continue;
		error = search_module(names, module, wanted, query, types);
		if (!query->module && !(i == 0 && names_has_program(names)))
			error = pass_over(types, error);
		if (error)
			return error;
	}
	return NULL;
}

/* The program before its libraries, and those together. */
static struct error *search_all(struct names *names,
				const struct wanted *wanted,
				const struct query *query,
				struct found_types *types)
{
	size_t program = names_has_program(names);
	struct error *error =
		search_some(names, wanted, query, 0, program, types);

	if (error || types->count)
		return error;
	return search_some(names, wanted, query, program, names->n_modules,
			   types);
}

/* Whether an entry defines what was declared with this tag and scope. */
static bool defines(const struct module *module, const struct entry *entry,
		    int tag, const char *scope)
{
	cleanup_free char *own = NULL;
	Dwarf_Die die = entry->die;
	int found = dwarf_tag(&die);
	/* C++ declares a class as a struct, too. */
	bool classes =
		(tag == DW_TAG_class_type || tag == DW_TAG_structure_type) &&
		(found == DW_TAG_class_type || found == DW_TAG_structure_type);

	if (entry->kind != ENTRY_TYPE || (found != tag && !classes) ||
	    entry_flag(&die, DW_AT_declaration))
		return false;
	own = index_scope(&module->index, entry);
	return texts_are_equal(own, scope);
}

static struct error *search_definitions(struct names *names,
					struct module *module,
					const struct entry *declared,
					const char *scope,
					struct found_types *types)
{
	struct error *error = module_open(names, module);
	Dwarf_Die die = declared->die;
	const struct entry *entry;

	if (error)
		return error;
	index_all(names, module);
	entry = index_first(&module->index, declared->name);
	for (; entry && !error; entry = index_next(&module->index, entry))
		if (defines(module, entry, dwarf_tag(&die), scope))
			error = add_type(names, module, entry, types);
	return error;
}

type_id type_definition(struct names *names, struct module *module,
			Dwarf_Die *die)
{
	struct found_types types = {0};
	cleanup_free char *scope = NULL;
	const struct entry *declared;
	struct error *error;
	type_id found = NO_TYPE;
	bool is_own;

	index_all(names, module);
	declared = index_at(&module->index, die);
	if (!declared)
		return NO_TYPE;
	scope = index_scope(&module->index, declared);
	/* Its own module first, then all others together. */
	error = search_definitions(names, module, declared, scope, &types);
	is_own = types.count != 0;
	for (size_t i = 0; i < names->n_modules && !is_own && !error; i++) {
		if (i == module->number)
			continue;
		error = search_definitions(names, &names->modules[i], declared,
					   scope, &types);
		error = pass_over(&types, error);
	}
	/* A module that cannot be looked into may have another one. */
	if (!error && !types.problem && types.count == 1)
		found = types.items[0].id;
	error_destroy(error);
	found_types_deinit(&types);
	return found;
}

static const char *unit_name(const struct found_type *type)
{
	return type->module->index.units[type->entry.home].name;
}

/* What tells one of them from the others: its module, the tail of the path of
 * its source file, or both. NULL: no memory. */
static char *selecting(const struct found_types *types, size_t self)
{
	const struct found_type *type = &types->items[self];
	const char *module = path_basename(type->module->source->path);
	const char *path = unit_name(type), *tail = NULL;
	cleanup_free const char **others =
		calloc(types->count, sizeof(*others));
	bool alone = true, only = true;
	char *text;

	if (!others)
		return NULL;
	for (size_t i = 0; i < types->count; i++) {
		if (types->items[i].module != type->module) {
			only = false;
		} else if (i != self) {
			others[i] = unit_name(&types->items[i]);
			alone = false;
		}
	}
	if (path && (only || !alone))
		tail = explain_tail(path, others, types->count);
	/* The path of what is not told by it either is shown. */
	if (!tail && !alone)
		tail = path;
	if (asprintf(&text, "%s%s%s::", only && tail ? "" : module,
		     !only && tail ? "::" : "", tail ? tail : "") < 0)
		return NULL;
	return text;
}

/* Several are called so. */
static struct error *ambiguous(const struct wanted *wanted,
			       const struct found_types *types)
{
	enum { MOST_SHOWN = 12 };
	cleanup_free char *text = NULL;
	struct error *error;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return error_no_memory();
	for (size_t i = 0; i < types->count && i < MOST_SHOWN; i++) {
		const struct found_type *type = &types->items[i];
		struct unit *unit =
			&type->module->index.units[type->entry.unit];
		cleanup_free char *written = selecting(types, i);
		Dwarf_Die die = type->entry.die;
		unsigned line;
		const char *file = entry_file(&die, &unit->die, &line);

		fprintf(stream, "%s%s", i ? ", " : "", written ? written : "?");
		if (file)
			fprintf(stream, " (%s:%u)", path_basename(file), line);
	}
	if (types->count > MOST_SHOWN)
		fprintf(stream, " and %zu more", types->count - MOST_SHOWN);
	if (fclose(stream))
		return error_no_memory();
	error = error_create(ERROR_USAGE, 0,
			     "%zu different types are called '%s'",
			     types->count, wanted->name);
	return error_help(error, "put one of these before the name: %s", text);
}

/* A type that no entry has: a pointer to another one, or an array. */
static struct error *make_type(struct names *names, const struct type *model,
			       type_id *ret)
{
	struct type *type = malloc(sizeof(*type));
	struct type_slot *slot;

	if (!type || !types_reserve(names) ||
	    !list_grow(&names->types, names->n_types, &names->types_capacity,
		       sizeof(*slot))) {
		free(type);
		return error_no_memory();
	}
	*type = *model;
	names->types[names->n_types] = (struct type_slot){
		.module = names->types[model->target].module, .type = type};
	*ret = (type_id)names->n_types++;
	return NULL;
}

/* "*" and "[N]" behind a name. The bounds of arrays stand from the outside in.
 */
static struct error *add_suffix(struct names *names, const char *text,
				const char *suffix, unsigned pointer_size,
				type_id *id)
{
	uint64_t bounds[MOST_SUFFIXES];
	size_t n_bounds = 0;
	struct error *error = NULL;

	for (; *suffix == '*' || *suffix == ' '; suffix++) {
		if (*suffix == '*')
			error = make_type(names,
					  &(struct type){.kind = TYPE_POINTER,
							 .has_size = true,
							 .size = pointer_size,
							 .target = *id},
					  id);
		if (error)
			return error;
	}
	while (*suffix == '[' && n_bounds < MOST_SUFFIXES) {
		const char *end = strchr(suffix, ']');
		cleanup_free char *number =
			end ? strndup(suffix + 1, (size_t)(end - suffix - 1))
			    : NULL;

		if (!number)
			return bad_type(text, "']' is missing");
		if (!*number)
			return bad_type(text, "the bound is missing");
		error = number_parse("the bound", number, UINT32_MAX,
				     &bounds[n_bounds++]);
		if (error)
			return error;
		suffix = end + 1;
	}
	if (*suffix)
		return bad_type(text, "only * or [N] may stand behind the "
				      "name");
	while (n_bounds && !error)
		error = make_type(names,
				  &(struct type){.kind = TYPE_ARRAY,
						 .has_count = true,
						 .count = bounds[--n_bounds],
						 .target = *id},
				  id);
	return error;
}

/* "void *": as large as the program's pointers. */
static struct error *void_pointer(struct names *names, const char *text,
				  const char *suffix, type_id *ret)
{
	struct module *program = names->modules;
	struct error *error;

	if (!names->n_modules)
		return error_create(ERROR_NO_NAME, 0,
				    "the target has no program");
	error = module_open(names, program);
	if (error)
		return error;
	*ret = NO_TYPE;
	return add_suffix(
		names, text, suffix,
		gelf_getclass(program->file.elf) == ELFCLASS64 ? 8 : 4, ret);
}

/* Why what was found is not the one that is asked for, or NULL. */
static struct error *refuse(struct names *names, const struct wanted *wanted,
			    const struct query *query,
			    const struct found_types *types)
{
	cleanup_free char *name = NULL;
	struct symbol one = {0};

	if (!types->count)
		return explain_nothing(names, query, "type", wanted->keyword,
				       types->problem);
	if (types->count > 1)
		return ambiguous(wanted, types);
	/* Base types are the same everywhere. */
	if (!types->problem || wanted->words)
		return NULL;
	if (asprintf(&name, "%s%s", wanted->keyword, wanted->name) < 0) {
		name = NULL;
		return error_no_memory();
	}
	one.module = types->items[0].module->source->path;
	return explain_unsure(name, &one, types->problem);
}

struct error *names_find_type(struct names *names, const char *text,
			      type_id *ret)
{
	struct found_types types = {0};
	struct wanted wanted;
	struct query query = {0};
	struct error *error = parse(text, &wanted);
	unsigned pointer_size;

	if (error)
		return error;
	if (!wanted.tags[0] && strcmp(wanted.name, "void") == 0) {
		error = *wanted.suffix == '*'
				? void_pointer(names, text, wanted.suffix, ret)
				: bad_type(text, "void has no size");
		wanted_deinit(&wanted);
		return error;
	}
	error = query_make(names, wanted.scope, wanted.name, false, &query);
	if (!error)
		error = search_all(names, &wanted, &query, &types);
	if (!error)
		error = refuse(names, &wanted, &query, &types);
	error = names_judge(names, error);
	if (!error) {
		*ret = types.items[0].id;
		pointer_size = gelf_getclass(types.items[0].module->file.elf) ==
					       ELFCLASS64
				       ? 8
				       : 4;
		error = add_suffix(names, text, wanted.suffix, pointer_size,
				   ret);
	}
	found_types_deinit(&types);
	query_deinit(&query);
	wanted_deinit(&wanted);
	return error;
}
