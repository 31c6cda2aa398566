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

/* Comparisons of types that are called the same, against hostile files. */
enum { MOST_SUFFIXES = 16, MOST_COMPARED = 1000 * 1000 };

/* What is asked for. */
struct wanted {
	char *scope; /* "file.c", "ns::class"; or NULL */
	char *name;
	int tags[3];    /* of which one it is; 0: no more */
	unsigned words; /* of a base type */
	char *suffix;   /* "*", "[4]", behind the name */
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
	struct wanted wanted = {0};
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
	size_t compared; /* members, to tell them apart */
};

static bool same_member(const struct member *left, const struct member *right)
{
	return !left->name == !right->name &&
	       (!left->name || strcmp(left->name, right->name) == 0) &&
	       left->offset == right->offset && left->bits == right->bits &&
	       left->low == right->low;
}

/* Two units that include the same header have the same type twice. */
static bool same_layout(struct names *names, type_id left, type_id right,
			unsigned depth, size_t *compared)
{
	const struct type *one, *other;
	struct error *error;

	/* Members that are structs of many members, and so on: then they count
	 * as different. */
	if ((*compared)++ >= MOST_COMPARED)
		return false;
	error = names_type(names, left, &one);
	if (!error)
		error = names_type(names, right, &other);
	if (error) {
		error_destroy(error);
		return false;
	}
	if (one->kind != other->kind || one->has_size != other->has_size ||
	    one->size != other->size || one->n_members != other->n_members ||
	    one->n_enumerators != other->n_enumerators ||
	    one->is_signed != other->is_signed ||
	    one->has_count != other->has_count || one->count != other->count)
		return false;
	for (size_t i = 0; i < one->n_members; i++)
		if (!same_member(&one->members[i], &other->members[i]) ||
		    (depth && one->members[i].type && other->members[i].type &&
		     !same_layout(names, one->members[i].type,
				  other->members[i].type, depth - 1, compared)))
			return false;
	for (size_t i = 0; i < one->n_enumerators; i++)
		if (one->enumerators[i].value != other->enumerators[i].value ||
		    strcmp(one->enumerators[i].name,
			   other->enumerators[i].name) != 0)
			return false;
	return one->kind != TYPE_ARRAY || !depth ||
	       same_layout(names, one->target, other->target, depth - 1,
			   compared);
}

static struct error *add_type(struct names *names, struct module *module,
			      const struct entry *entry,
			      struct found_types *types)
{
	enum { DEPTH = 3 };
	Dwarf_Die die = entry->die;
	type_id id = type_number(names, module, &die, 0);

	if (id == NO_TYPE)
		return error_no_memory();
	for (size_t i = 0; i < types->count; i++)
		if (types->items[i].id == id ||
		    same_layout(names, types->items[i].id, id, DEPTH,
				&types->compared))
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

static struct error *search_all(struct names *names,
				const struct wanted *wanted,
				const struct query *query,
				struct found_types *types)
{
	for (size_t i = 0; i < names->n_modules && !types->count; i++) {
		struct module *module = &names->modules[i];
		struct error *error;

		if (query->module && !module_is_called(module, query->module))
			continue;
		error = search_module(names, module, wanted, query, types);
		if (error &&
		    (error->kind == ERROR_NO_MEMORY || i == 0 || query->module))
			return error;
		error_destroy(error);
	}
	return NULL;
}

/* What a declaration stands in, "ns::class"; false if the index has it not. */
static bool scope_of(const struct module *module, const Dwarf_Die *die,
		     const char *name, char **ret)
{
	const struct entry *entry = index_first(&module->index, name);

	for (; entry; entry = index_next(&module->index, entry))
		if (entry->die.addr == die->addr) {
			*ret = index_scope(&module->index, entry);
			return true;
		}
	return false;
}

static bool same_text(const char *left, const char *right)
{
	return left && right ? strcmp(left, right) == 0 : left == right;
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
	return same_text(own, scope);
}

type_id type_definition(struct names *names, struct module *module,
			Dwarf_Die *die)
{
	const char *name = entry_name(die);
	struct found_types types = {0};
	cleanup_free char *scope = NULL;
	struct error *error = NULL;
	type_id found = NO_TYPE;

	if (!name)
		return NO_TYPE;
	index_all(names, module);
	if (!scope_of(module, die, name, &scope))
		return NO_TYPE;
	for (size_t i = 0; i < names->n_modules && !types.count && !error;
	     i++) {
		/* Its own module first. */
		struct module *other = &names->modules[(module->number + i) %
						       names->n_modules];
		const struct entry *entry;

		error = module_open(names, other);
		if (error && error->kind != ERROR_NO_MEMORY) {
			error_destroy(steal(error));
			continue;
		}
		index_all(names, other);
		for (entry = index_first(&other->index, name); entry && !error;
		     entry = index_next(&other->index, entry))
			if (defines(other, entry, dwarf_tag(die), scope))
				error = add_type(names, other, entry, &types);
	}
	if (!error && types.count == 1)
		found = types.items[0].id;
	error_destroy(error);
	free(types.items);
	return found;
}

static struct error *ambiguous(const struct wanted *wanted,
			       const struct found_types *types)
{
	cleanup_free char *text = NULL;
	struct error *error;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return error_no_memory();
	for (size_t i = 0; i < types->count; i++) {
		const struct found_type *type = &types->items[i];
		struct unit *unit =
			&type->module->index.units[type->entry.unit];
		Dwarf_Die die = type->entry.die;
		unsigned line;
		const char *file = entry_file(&die, &unit->die, &line);

		fprintf(stream, "%s%s::", i ? ", " : "",
			unit->name ? path_basename(unit->name)
				   : path_basename(type->module->source->path));
		if (file)
			fprintf(stream, " (%s:%u)", path_basename(file), line);
	}
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
	error = query_make(names, wanted.scope, wanted.name, &query);
	if (!error)
		error = search_all(names, &wanted, &query, &types);
	if (!error && !types.count)
		error = explain_nothing(names, &query, "type");
	if (!error && types.count > 1)
		error = ambiguous(&wanted, &types);
	if (!error) {
		*ret = types.items[0].id;
		pointer_size = gelf_getclass(types.items[0].module->file.elf) ==
					       ELFCLASS64
				       ? 8
				       : 4;
		error = add_suffix(names, text, wanted.suffix, pointer_size,
				   ret);
	}
	free(types.items);
	query_deinit(&query);
	wanted_deinit(&wanted);
	return error;
}
