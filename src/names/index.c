/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index: which entries of DWARF have which name. It grows unit by unit, so
 * that a question that the symbol table has half answered need not see all.
 */
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "names/inside.h"

/* Against files whose entries go on for ever, or stand in each other. */
enum { DEEPEST = 64, MOST_WORK = 50 * 1000 * 1000 };

void index_deinit(struct index *index)
{
	free(index->units);
	free(index->entries);
	free(index->heads);
	free(index->places);
	free(index->references);
	free(index->unit_heads);
	*index = (struct index){0};
}

static uint32_t hash(const char *name)
{
	uint32_t value = 2166136261;

	for (; *name; name++)
		value = (value ^ (unsigned char)*name) * 16777619;
	return value;
}

static uint32_t *place(const struct index *index, const Dwarf_Die *die)
{
	uint64_t value = (uint64_t)(uintptr_t)die->addr;

	value *= UINT64_C(0x9e3779b97f4a7c15);
	return &index->places[(size_t)(value >> 32) & (index->n_heads - 1)];
}

/* Makes an entry found by its name, and by where it stands. */
static void link_entry(struct index *index, size_t number)
{
	struct entry *entry = &index->entries[number];
	uint32_t *head =
		&index->heads[hash(entry->name) & (index->n_heads - 1)];
	uint32_t *at = place(index, &entry->die);

	entry->next = *head;
	*head = (uint32_t)number + 1;
	entry->beside = *at;
	*at = (uint32_t)number + 1;
}

static bool rehash(struct index *index)
{
	size_t n = index->n_heads ? 4 * index->n_heads : 1024;
	uint32_t *heads, *places;

	if (index->count < index->n_heads)
		return true;
	heads = calloc(n, sizeof(*heads));
	places = calloc(n, sizeof(*places));
	if (!heads || !places) {
		free(heads);
		free(places);
		return index->n_heads != 0;
	}
	free(index->heads);
	free(index->places);
	index->heads = heads;
	index->places = places;
	index->n_heads = n;
	for (size_t i = 0; i < index->count; i++)
		link_entry(index, i);
	return true;
}

/* Its number + 1; 0: no memory, or no room. */
static uint32_t add_entry(struct index *index, enum entry_kind kind,
			  const char *name, const Dwarf_Die *die,
			  uint32_t parent)
{
	if (index->count >= UINT32_MAX - 1 || !rehash(index) ||
	    !list_grow(&index->entries, index->count, &index->capacity,
		       sizeof(*index->entries))) {
		index->is_cut = true;
		return 0;
	}
	index->entries[index->count] = (struct entry){
		.name = name,
		.die = *die,
		.kind = kind,
		.unit = (uint32_t)index->n_units - 1,
		.home = (uint32_t)index->n_units - 1,
		.parent = parent,
	};
	link_entry(index, index->count);
	return (uint32_t)++index->count;
}

const struct entry *index_first(const struct index *index, const char *name)
{
	uint32_t number;

	if (!index->n_heads)
		return NULL;
	number = index->heads[hash(name) & (index->n_heads - 1)];
	for (; number; number = index->entries[number - 1].next)
		if (strcmp(index->entries[number - 1].name, name) == 0)
			return &index->entries[number - 1];
	return NULL;
}

const struct entry *index_next(const struct index *index,
			       const struct entry *entry)
{
	for (uint32_t number = entry->next; number;
	     number = index->entries[number - 1].next)
		if (strcmp(index->entries[number - 1].name, entry->name) == 0)
			return &index->entries[number - 1];
	return NULL;
}

const struct entry *index_at(const struct index *index, const Dwarf_Die *die)
{
	uint32_t number = index->n_heads ? *place(index, die) : 0;

	for (; number; number = index->entries[number - 1].beside)
		if (index->entries[number - 1].die.addr == die->addr)
			return &index->entries[number - 1];
	return NULL;
}

/* What becomes of an entry by its tag. */
struct tag_rule {
	int tag;
	enum entry_kind kind;
	bool enter; /* what stands in it has a place of its own */
};

static const struct tag_rule rules[] = {
	{DW_TAG_variable, ENTRY_VARIABLE, false},
	{DW_TAG_member, ENTRY_VARIABLE, false}, /* a static one; see below */
	{DW_TAG_subprogram, ENTRY_FUNCTION, false},
	{DW_TAG_structure_type, ENTRY_TYPE, true},
	{DW_TAG_class_type, ENTRY_TYPE, true},
	{DW_TAG_union_type, ENTRY_TYPE, true},
	{DW_TAG_enumeration_type, ENTRY_TYPE, false},
	{DW_TAG_typedef, ENTRY_TYPE, false},
	{DW_TAG_base_type, ENTRY_TYPE, false},
	{DW_TAG_namespace, ENTRY_SPACE, true},
};

static const struct tag_rule *rule_of(int tag)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].tag == tag)
			return &rules[i];
	return NULL;
}

static void walk(struct index *index, Dwarf_Die *parent, uint32_t number,
		 unsigned depth);

/* The definition of a member stands outside of its class, and what was inlined
 * or optimised across units outside of its own. */
static void add_reference(struct index *index, Dwarf_Die *die, uint32_t added)
{
	struct reference reference = {.entry = added - 1};

	if (added && entry_declared(die, &reference.declared) &&
	    list_grow(&index->references, index->n_references,
		      &index->references_capacity, sizeof(reference)))
		index->references[index->n_references++] = reference;
}

static uint32_t *unit_head(const struct index *index, const struct Dwarf_CU *cu)
{
	uint64_t value = (uint64_t)(uintptr_t)cu * UINT64_C(0x9e3779b97f4a7c15);

	return &index->unit_heads[(size_t)(value >> 32) &
				  (index->n_unit_heads - 1)];
}

/* Makes units found by what libdw calls them. */
static bool add_unit_head(struct index *index, uint32_t number)
{
	size_t n = index->n_unit_heads ? 4 * index->n_unit_heads : 64;
	uint32_t first = number, *head;

	if (index->n_units > index->n_unit_heads) {
		uint32_t *heads = calloc(n, sizeof(*heads));

		if (!heads)
			return false;
		free(index->unit_heads);
		index->unit_heads = heads;
		index->n_unit_heads = n;
		first = 0;
	}
	for (uint32_t i = first; i <= number; i++) {
		head = unit_head(index, index->units[i].die.cu);
		index->units[i].next = *head;
		*head = i + 1;
	}
	return true;
}

static bool find_unit(const struct index *index, const Dwarf_Die *die,
		      uint32_t *ret)
{
	uint32_t number = *unit_head(index, die->cu);

	for (; number; number = index->units[number - 1].next)
		if (index->units[number - 1].die.cu == die->cu) {
			*ret = number - 1;
			return true;
		}
	return false;
}

/* Whether entry `parent` - 1 is entry `number`, or stands in it; also if that
 * has no end. */
static bool stands_in(const struct index *index, uint32_t parent,
		      uint32_t number)
{
	for (unsigned depth = 0; parent && depth < DEEPEST; depth++) {
		if (parent - 1 == number)
			return true;
		parent = index->entries[parent - 1].parent;
	}
	return parent != 0;
}

/* Gives an entry the place of what it is the definition of. False: that is not
 * indexed yet. */
static bool resolve_reference(struct index *index,
			      const struct reference *reference)
{
	struct entry *entry = &index->entries[reference->entry];
	const struct entry *other;

	if (!find_unit(index, &reference->declared, &entry->home))
		return false;
	other = index_at(index, &reference->declared);
	if (other && !stands_in(index, other->parent, reference->entry))
		entry->parent = other->parent;
	return true;
}

/* Those from `first` on; what they refer to may come later. */
static void resolve_references(struct index *index, size_t first)
{
	size_t kept = first;

	for (size_t i = first; i < index->n_references; i++)
		if (!resolve_reference(index, &index->references[i]))
			index->references[kept++] = index->references[i];
	index->n_references = kept;
}

/* Those of the last unit; and those that wait, but not for every unit. */
static void resolve_after_unit(struct index *index, size_t first)
{
	if (index->n_units >= index->retry_at) {
		index->retry_at = 2 * index->n_units;
		first = 0;
	}
	resolve_references(index, first);
}

static void add_die(struct index *index, Dwarf_Die *die, uint32_t number,
		    unsigned depth)
{
	const struct tag_rule *rule = rule_of(dwarf_tag(die));
	const struct unit *unit = &index->units[index->n_units - 1];
	const char *name;
	uint32_t added = number;

	if (!rule)
		return;
	if (rule->tag == DW_TAG_member && !entry_flag(die, DW_AT_external) &&
	    !entry_flag(die, DW_AT_declaration))
		return;
	name = entry_name(die);
	/* Some compilers leave the static variables of functions that they
	 * have inlined in one without a name. */
	if (!name && rule->kind == ENTRY_FUNCTION)
		name = "";
	/* An anonymous namespace is not there for those who name things. */
	if (name)
		added = add_entry(index, rule->kind, name, die, number);
	if (name && rule->kind != ENTRY_SPACE)
		add_reference(index, die, added);
	if (name && added && rule->kind == ENTRY_SPACE)
		index->entries[added - 1].is_inline =
			entry_flag(die, DW_AT_export_symbols);
	if (!rule->enter ||
	    (rule->kind == ENTRY_TYPE && (!unit->cplusplus || !name || !added)))
		return;
	walk(index, die, added, depth + 1);
}

static void walk(struct index *index, Dwarf_Die *parent, uint32_t number,
		 unsigned depth)
{
	Dwarf_Die die;
	bool more = entry_child(parent, &die);

	while (more && depth < DEEPEST && index->work++ < MOST_WORK) {
		add_die(index, &die, number, depth);
		more = entry_sibling(&die, &die);
	}
	index->is_cut |= more;
}

static bool is_cplusplus(Dwarf_Die *die)
{
	uint64_t language;

	/* Whatever is not C may have classes or modules. */
	if (!entry_number(die, DW_AT_language, &language))
		return false;
	return language != DW_LANG_C && language != DW_LANG_C89 &&
	       language != DW_LANG_C99 && language != DW_LANG_C11 &&
	       language != DW_LANG_Mips_Assembler;
}

static Dwarf_Off address_base(Dwarf_Die *cu)
{
	Dwarf_Attribute attribute;
	Dwarf_Word offset;

	if ((dwarf_attr(cu, DW_AT_addr_base, &attribute) ||
	     dwarf_attr(cu, DW_AT_GNU_addr_base, &attribute)) &&
	    dwarf_formudata(&attribute, &offset) == 0)
		return offset;
	return (Dwarf_Off)-1;
}

static bool is_skeleton(Dwarf_Die *cu)
{
	uint8_t type = 0;

	return dwarf_cu_info(cu->cu, NULL, &type, NULL, NULL, NULL, NULL,
			     NULL) == 0 &&
	       type == DW_UT_skeleton;
}

static bool cut(struct index *index)
{
	index->is_cut = true;
	return false;
}

/* The type units of a split file, and what else is in it. */
static bool add_unit(struct names *names, struct module *module, Dwarf *dwarf,
		     const Dwarf_Die *die)
{
	struct index *index = &module->index;
	struct unit unit = {.dwarf = dwarf, .die = *die};
	size_t first;

	unit.address_base = address_base(&unit.die);
	if (is_skeleton(&unit.die)) {
		Dwarf_Die split;
		Dwarf *own = module_split(names, module, &unit.die, &split);

		if (!own) {
			if (!module->no_debug)
				module->no_debug =
					strdup("a file with a part of its "
					       "debug information "
					       "(.dwo) was not found");
			return true;
		}
		unit.dwarf = own;
		unit.die = split;
	}
	unit.name = entry_own_string(&unit.die, DW_AT_name);
	unit.cplusplus = is_cplusplus(&unit.die);
	if (!list_grow(&index->units, index->n_units, &index->units_capacity,
		       sizeof(unit)))
		return cut(index);
	index->units[index->n_units++] = unit;
	if (!add_unit_head(index, (uint32_t)index->n_units - 1))
		return cut(index);
	first = index->n_references;
	walk(index, &unit.die, 0, 0);
	resolve_after_unit(index, first);
	return true;
}

/* The parts of a module's DWARF, in the order in which they are indexed. */
static const struct {
	bool alt, types;
} phases[] = {{false, false}, {false, true}, {true, false}};

static Dwarf *phase_dwarf(const struct module *module)
{
	return phases[module->index.phase].alt ? module->alt.dwarf
					       : module->debug.dwarf;
}

static bool next_unit(struct module *module, Dwarf_Off *ret_die)
{
	struct index *index = &module->index;
	Dwarf *dwarf = phase_dwarf(module);
	uint64_t signature;
	Dwarf_Off next, type;
	size_t header;

	if (!dwarf ||
	    dwarf_next_unit(dwarf, index->next_unit, &next, &header, NULL, NULL,
			    NULL, NULL,
			    phases[index->phase].types ? &signature : NULL,
			    phases[index->phase].types ? &type : NULL) != 0 ||
	    next <= index->next_unit)
		return false;
	*ret_die = index->next_unit + header;
	index->next_unit = next;
	index->work++;
	return true;
}

/* Before its turn, that is. */
static bool is_indexed(const struct index *index, const Dwarf_Die *unit)
{
	uint32_t number;

	return index->n_units && find_unit(index, unit, &number);
}

bool index_more(struct names *names, struct module *module)
{
	struct index *index = &module->index;
	Dwarf_Off offset;
	Dwarf_Die die;

	module_seek_debug(names, module);
	while (!index->complete) {
		if (names_must_stop(names))
			return false;
		if (!module->debug.dwarf || index->work >= MOST_WORK) {
			index->is_cut |= module->debug.dwarf != NULL;
			index->complete = true;
			break;
		}
		if (!next_unit(module, &offset)) {
			index->next_unit = 0;
			index->complete = ++index->phase ==
					  sizeof(phases) / sizeof(phases[0]);
			continue;
		}
		if (!(phases[index->phase].types
			      ? dwarf_offdie_types(phase_dwarf(module), offset,
						   &die)
			      : dwarf_offdie(phase_dwarf(module), offset,
					     &die)) ||
		    is_indexed(index, &die))
			continue;
		if (!add_unit(names, module, phase_dwarf(module), &die))
			index->complete = true;
		return true;
	}
	resolve_references(index, 0);
	return false;
}

void index_all(struct names *names, struct module *module)
{
	while (index_more(names, module))
		;
}

/* The unit of .debug_info that an offset is in, and where its first entry is.
 */
static bool unit_around(Dwarf *dwarf, Dwarf_Off offset, Dwarf_Off *ret,
			Dwarf_Off *ret_die)
{
	Dwarf_Off at = 0, next;
	size_t header;

	while (dwarf_next_unit(dwarf, at, &next, &header, NULL, NULL, NULL,
			       NULL, NULL, NULL) == 0 &&
	       next > at) {
		if (offset < next) {
			*ret = at;
			*ret_die = at + header;
			return true;
		}
		at = next;
	}
	return false;
}

static void add_ahead(struct names *names, struct module *module,
		      Dwarf_Off offset)
{
	struct index *index = &module->index;
	Dwarf *dwarf = module->debug.dwarf;
	Dwarf_Off unit, first;
	Dwarf_Die die;

	/* A skeleton has no variables, and is not in the index itself. */
	if (unit_around(dwarf, offset, &unit, &first) &&
	    unit >= index->next_unit && dwarf_offdie(dwarf, first, &die) &&
	    !is_indexed(index, &die) && !is_skeleton(&die) &&
	    !add_unit(names, module, dwarf, &die))
		index->complete = true;
}

/* What a definition refers to tells its scope: all is needed then. */
static void complete_references(struct names *names, struct module *module)
{
	while (module->index.n_references && index_more(names, module))
		;
}

void index_toward(struct names *names, struct module *module, uint64_t address)
{
	/* Calls may have it as an argument, in any number of units. */
	enum { MOST_TRIED = 8 };
	uint64_t wanted = address - module->bias - module->debug_bias;
	unsigned char pattern[1 + sizeof(wanted)] = {DW_OP_addr};
	const unsigned char *at, *end;
	Elf_Data *data;
	Elf *elf;

	module_seek_debug(names, module);
	if (!module->debug.dwarf || module->index.phase ||
	    module->index.complete)
		return;
	elf = dwarf_getelf(module->debug.dwarf);
	data = elf_section(elf, ".debug_info");
	if (!data || !data->d_buf || gelf_getclass(elf) != ELFCLASS64)
		return;
	memcpy(pattern + 1, &wanted, sizeof(wanted));
	at = data->d_buf;
	end = at + data->d_size;
	for (int i = 0; i < MOST_TRIED; i++) {
		at = memmem(at, (size_t)(end - at), pattern, sizeof(pattern));
		if (!at)
			break;
		add_ahead(names, module,
			  (Dwarf_Off)(at - (unsigned char *)data->d_buf));
		at += sizeof(pattern);
	}
	complete_references(names, module);
}

/* Split units have names of their own. */
static bool has_skeletons(Dwarf *dwarf)
{
	Dwarf_Off at = 0, next;
	size_t header;
	Dwarf_Die die;

	while (dwarf_next_unit(dwarf, at, &next, &header, NULL, NULL, NULL,
			       NULL, NULL, NULL) == 0 &&
	       next > at) {
		if (!dwarf_offdie(dwarf, at + header, &die) ||
		    is_skeleton(&die))
			return true;
		at = next;
	}
	return false;
}

bool index_may_have(struct names *names, struct module *module,
		    const char *name)
{
	module_seek_debug(names, module);
	if (!module->debug.dwarf)
		return false;
	return module->index.complete ||
	       elf_may_name(dwarf_getelf(module->debug.dwarf), name) ||
	       (module->alt.dwarf &&
		elf_may_name(dwarf_getelf(module->alt.dwarf), name)) ||
	       has_skeletons(module->debug.dwarf);
}

/* Variables of a function and of the blocks in it; what was inlined into it
 * belongs to other functions, which have it themselves. */
static void walk_function(struct index *index, Dwarf_Die *parent,
			  uint32_t number, uint32_t unit, unsigned depth)
{
	Dwarf_Die die;
	bool more = entry_child(parent, &die);

	while (more && depth < DEEPEST && index->work++ < MOST_WORK) {
		int tag = dwarf_tag(&die);
		Dwarf_Attribute attribute;
		const char *name;

		if (tag == DW_TAG_lexical_block)
			walk_function(index, &die, number, unit, depth + 1);
		/* Without a place it lives in registers, or on the stack. */
		if (tag == DW_TAG_variable &&
		    dwarf_attr(&die, DW_AT_location, &attribute) &&
		    (name = entry_name(&die)) != NULL &&
		    add_entry(index, ENTRY_VARIABLE, name, &die, number)) {
			index->entries[index->count - 1].unit = unit;
			index->entries[index->count - 1].home = unit;
			add_reference(index, &die, (uint32_t)index->count);
		}
		more = entry_sibling(&die, &die);
	}
	index->is_cut |= more;
}

void index_functions(struct names *names, struct module *module)
{
	struct index *index = &module->index;
	size_t count;

	index_all(names, module);
	if (index->by_function || !index->complete)
		return;
	index->by_function = true;
	count = index->count;
	for (size_t i = 0; i < count; i++) {
		Dwarf_Die die = index->entries[i].die;

		if (index->entries[i].kind == ENTRY_FUNCTION)
			walk_function(index, &die, (uint32_t)i + 1,
				      index->entries[i].unit, 0);
	}
	resolve_references(index, 0);
}

char *index_scope(const struct index *index, const struct entry *entry)
{
	char *text = NULL;

	for (unsigned depth = 0; entry->parent && depth < DEEPEST; depth++) {
		char *longer;

		entry = &index->entries[entry->parent - 1];
		if (!*entry->name)
			continue;
		if (asprintf(&longer, "%s%s%s", entry->name, text ? "::" : "",
			     text ? text : "") < 0)
			longer = NULL;
		free(text);
		text = longer;
		if (!text)
			return NULL;
	}
	return text;
}
