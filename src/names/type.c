/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types: from entries of DWARF to plain data, each when it is asked for. */
#include "names/type.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/inside.h"

/* Against types that mean each other for ever. */
enum { LONGEST_ALIAS = 64, DEEPEST_SEARCH = 16 };

/* Members and enumerators of one type, against hostile files. */
enum { MOST_MEMBERS = 1000 * 1000 };

static void type_destroy(struct type *type)
{
	if (!type)
		return;
	for (size_t i = 0; i < type->n_members; i++)
		free(type->members[i].name);
	for (size_t i = 0; i < type->n_enumerators; i++)
		free(type->enumerators[i].name);
	free(type->members);
	free(type->enumerators);
	free(type->name);
	free(type);
}

void types_deinit(struct names *names)
{
	for (size_t i = 0; i < names->n_types; i++)
		type_destroy(names->types[i].type);
	free(names->types);
	free(names->type_heads);
}

static size_t hash(const struct names *names, const void *address,
		   unsigned dimension)
{
	uint64_t value = (uint64_t)(uintptr_t)address + dimension;

	value *= UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(value >> 32) & (names->n_type_heads - 1);
}

static bool rehash(struct names *names)
{
	size_t n = names->n_type_heads ? 4 * names->n_type_heads : 256;
	uint32_t *heads;

	if (names->n_types < names->n_type_heads)
		return true;
	heads = calloc(n, sizeof(*heads));
	if (!heads)
		return names->n_type_heads != 0;
	free(names->type_heads);
	names->type_heads = heads;
	names->n_type_heads = n;
	for (size_t i = 1; i < names->n_types; i++) {
		struct type_slot *slot = &names->types[i];
		uint32_t *head =
			&heads[hash(names, slot->die.addr, slot->dimension)];

		slot->next = *head;
		*head = (uint32_t)i;
	}
	return true;
}

bool types_reserve(struct names *names)
{
	if (names->n_types)
		return true;
	if (!list_grow(&names->types, 0, &names->types_capacity,
		       sizeof(*names->types)))
		return false;
	names->types[names->n_types++] = (struct type_slot){0};
	return true;
}

type_id type_number(struct names *names, const struct module *module,
		    Dwarf_Die *die, unsigned dimension)
{
	struct type_slot *slot;
	uint32_t *head;

	if (!types_reserve(names) || !rehash(names))
		return NO_TYPE;
	head = &names->type_heads[hash(names, die->addr, dimension)];
	for (uint32_t i = *head; i; i = names->types[i].next)
		if (names->types[i].die.addr == die->addr &&
		    names->types[i].dimension == dimension)
			return i;
	if (names->n_types >= UINT32_MAX ||
	    !list_grow(&names->types, names->n_types, &names->types_capacity,
		       sizeof(*slot)))
		return NO_TYPE;
	slot = &names->types[names->n_types];
	*slot = (struct type_slot){
		.die = *die,
		.dimension = dimension,
		.module = (uint32_t)module->number,
		.next = *head,
	};
	*head = (uint32_t)names->n_types;
	return (type_id)names->n_types++;
}

/* What stands in a type unit is named by its signature. */
static void follow_signature(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die full;

	if (dwarf_attr(die, DW_AT_signature, &attribute) &&
	    dwarf_formref_die(&attribute, &full))
		*die = full;
}

type_id type_of(struct names *names, const struct module *module,
		Dwarf_Die *die)
{
	Dwarf_Die other;

	if (!entry_reference(die, DW_AT_type, &other))
		return NO_TYPE;
	follow_signature(&other);
	return type_number(names, module, &other, 0);
}

/* What is built, and from what. */
struct builder {
	struct names *names;
	const struct module *module;
	Dwarf_Die die;
	unsigned dimension;
	struct type *type;
};

static void take_size(struct builder *builder)
{
	uint64_t bits;

	if (entry_number(&builder->die, DW_AT_byte_size, &builder->type->size))
		builder->type->has_size = true;
	else if (entry_number(&builder->die, DW_AT_bit_size, &bits) &&
		 bits % 8 == 0) {
		builder->type->has_size = true;
		builder->type->size = bits / 8;
	}
}

/* "struct" and the like before a name; NULL: nothing. */
static struct error *take_name(struct builder *builder, const char *word)
{
	const char *name = entry_name(&builder->die);
	bool joined;

	if (!name)
		return NULL;
	joined = word && *word;
	if (asprintf(&builder->type->name, "%s%s%s", joined ? word : "",
		     joined ? " " : "", name) >= 0)
		return NULL;
	builder->type->name = NULL;
	return error_no_memory();
}

static struct error *build_base(struct builder *builder)
{
	struct type *type = builder->type;
	uint64_t encoding = 0, order = 0, bits;

	take_size(builder);
	if (entry_number(&builder->die, DW_AT_endianity, &order))
		type->is_big = order == DW_END_big;
	if (!entry_number(&builder->die, DW_AT_encoding, &encoding))
		encoding = 0;
	switch (encoding) {
	case DW_ATE_boolean:
		type->kind = TYPE_BOOLEAN;
		break;
	case DW_ATE_float:
		type->kind = TYPE_FLOAT;
		break;
	case DW_ATE_signed_char:
		type->is_character = true;
		/* fall through */
	case DW_ATE_signed:
		type->is_signed = true;
		type->kind = TYPE_INTEGER;
		break;
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		type->is_character = true;
		/* fall through */
	case DW_ATE_address:
	case DW_ATE_unsigned:
		type->kind = TYPE_INTEGER;
		break;
	default:
		type->kind = TYPE_OTHER;
	}
	/* _BitInt(N): bits of its bytes mean nothing. */
	if (type->has_size &&
	    entry_number(&builder->die, DW_AT_bit_size, &bits) &&
	    bits != 8 * type->size)
		type->kind = TYPE_OTHER;
	return take_name(builder, NULL);
}

static unsigned pointer_size(const struct module *module)
{
	return gelf_getclass(module->file.elf) == ELFCLASS64 ? 8 : 4;
}

static struct error *build_pointer(struct builder *builder)
{
	struct type *type = builder->type;

	take_size(builder);
	if (!type->has_size) {
		type->has_size = true;
		type->size = pointer_size(builder->module);
	}
	type->kind = TYPE_POINTER;
	type->is_reference = dwarf_tag(&builder->die) != DW_TAG_pointer_type;
	type->target = type_of(builder->names, builder->module, &builder->die);
	return NULL;
}

static struct error *build_alias(struct builder *builder)
{
	static const struct {
		int tag;
		const char *word;
	} qualifiers[] = {
		{DW_TAG_const_type, "const"},
		{DW_TAG_volatile_type, "volatile"},
		{DW_TAG_restrict_type, "restrict"},
		{DW_TAG_atomic_type, "_Atomic"},
		{DW_TAG_packed_type, "packed"},
		{DW_TAG_immutable_type, "immutable"},
		{DW_TAG_shared_type, "shared"},
	};
	struct type *type = builder->type;
	int tag = dwarf_tag(&builder->die);

	type->kind = TYPE_ALIAS;
	type->target = type_of(builder->names, builder->module, &builder->die);
	for (size_t i = 0; i < sizeof(qualifiers) / sizeof(qualifiers[0]); i++)
		if (qualifiers[i].tag == tag) {
			type->is_qualifier = true;
			type->name = strdup(qualifiers[i].word);
			return type->name ? NULL : error_no_memory();
		}
	return take_name(builder, NULL);
}

/* The enumeration's own sign, or that of the type that it is based on. */
static bool enum_is_signed(struct builder *builder, bool has_negative)
{
	Dwarf_Die base;
	uint64_t encoding;

	if (entry_reference(&builder->die, DW_AT_type, &base) &&
	    entry_number(&base, DW_AT_encoding, &encoding))
		return encoding == DW_ATE_signed ||
		       encoding == DW_ATE_signed_char;
	return has_negative;
}

/* gcc and clang write negative ones, and those only, as signed numbers
 * (DW_FORM_sdata, or implicit in the abbreviation). */
static bool enumerator_value(Dwarf_Die *die, uint64_t *ret)
{
	return entry_number(die, DW_AT_const_value, ret);
}

static struct error *add_enumerator(struct builder *builder, Dwarf_Die *die,
				    size_t *capacity)
{
	struct type *type = builder->type;
	const char *name = entry_name(die);
	struct enumerator *added;
	uint64_t value;

	if (!name || !enumerator_value(die, &value))
		return NULL;
	if (!list_grow(&type->enumerators, type->n_enumerators, capacity,
		       sizeof(*added)))
		return error_no_memory();
	added = &type->enumerators[type->n_enumerators++];
	*added = (struct enumerator){.name = strdup(name), .value = value};
	return added->name ? NULL : error_no_memory();
}

static bool has_negative(Dwarf_Die *die)
{
	Dwarf_Die child;
	uint64_t value;
	bool more = entry_child(die, &child);

	for (size_t i = 0; more && i < MOST_MEMBERS; i++) {
		Dwarf_Attribute attribute;

		if (dwarf_attr(&child, DW_AT_const_value, &attribute) &&
		    (dwarf_whatform(&attribute) == DW_FORM_sdata ||
		     dwarf_whatform(&attribute) == DW_FORM_implicit_const) &&
		    entry_number(&child, DW_AT_const_value, &value) &&
		    (int64_t)value < 0)
			return true;
		more = entry_sibling(&child, &child);
	}
	return false;
}

static struct error *build_enum(struct builder *builder)
{
	struct type *type = builder->type;
	Dwarf_Die child;
	struct error *error;
	size_t capacity = 0;
	bool more;

	type->kind = TYPE_ENUM;
	take_size(builder);
	type->is_declaration = entry_flag(&builder->die, DW_AT_declaration);
	type->is_signed = enum_is_signed(builder, has_negative(&builder->die));
	error = take_name(builder, "enum");
	more = entry_child(&builder->die, &child);
	while (!error && more && type->n_enumerators < MOST_MEMBERS) {
		if (dwarf_tag(&child) == DW_TAG_enumerator)
			error = add_enumerator(builder, &child, &capacity);
		more = entry_sibling(&child, &child);
	}
	return error;
}

/* The number of elements of a dimension; false: it has no bound. */
static bool subrange_count(Dwarf_Die *die, uint64_t *ret)
{
	uint64_t low = 0, high;

	if (entry_number(die, DW_AT_count, ret))
		return true;
	if (!entry_number(die, DW_AT_upper_bound, &high))
		return false;
	if (entry_number(die, DW_AT_lower_bound, &low) && low != 0)
		return false;
	*ret = high + 1; /* -1: none, [0] */
	return true;
}

static bool dimension_at(Dwarf_Die *array, unsigned wanted, Dwarf_Die *ret)
{
	bool more = entry_child(array, ret);
	unsigned seen = 0;

	while (more) {
		int tag = dwarf_tag(ret);

		if ((tag == DW_TAG_subrange_type ||
		     tag == DW_TAG_enumeration_type) &&
		    seen++ == wanted)
			return true;
		more = entry_sibling(ret, ret);
	}
	return false;
}

static bool has_attribute(Dwarf_Die *die, unsigned code)
{
	Dwarf_Attribute attribute;

	return dwarf_attr(die, code, &attribute) != NULL;
}

static struct error *build_array(struct builder *builder)
{
	struct type *type = builder->type;
	struct names *names = builder->names;
	Dwarf_Die dimension, next;
	bool strange = has_attribute(&builder->die, DW_AT_GNU_vector) ||
		       has_attribute(&builder->die, DW_AT_byte_stride) ||
		       has_attribute(&builder->die, DW_AT_bit_stride);

	if (!dimension_at(&builder->die, builder->dimension, &dimension)) {
		strange |= builder->dimension != 0;
	} else {
		type->has_count = subrange_count(&dimension, &type->count);
		strange |= has_attribute(&dimension, DW_AT_byte_stride) ||
			   has_attribute(&dimension, DW_AT_bit_stride);
	}
	type->kind = strange ? TYPE_OTHER : TYPE_ARRAY;
	type->target =
		dimension_at(&builder->die, builder->dimension + 1, &next)
			? type_number(names, builder->module, &builder->die,
				      builder->dimension + 1)
			: type_of(names, builder->module, &builder->die);
	/* Its size is found by names_type(), from that of its elements. */
	return NULL;
}

/* Where a member stands: a number of bytes, or an expression that adds one. */
static bool member_place(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t count;

	*ret = 0;
	if (!dwarf_attr(die, DW_AT_data_member_location, &attribute))
		return true;
	if (entry_number(die, DW_AT_data_member_location, ret))
		return true;
	if (dwarf_getlocation(&attribute, &ops, &count) || count != 1 ||
	    ops[0].atom != DW_OP_plus_uconst)
		return false;
	*ret = ops[0].number;
	return true;
}

static uint64_t unit_size_of(Dwarf_Die *die)
{
	uint64_t size;
	Dwarf_Die type = *die;

	if (entry_number(die, DW_AT_byte_size, &size))
		return size;
	for (int i = 0; i < LONGEST_ALIAS; i++) {
		if (!entry_reference(&type, DW_AT_type, &type))
			return 0;
		if (entry_number(&type, DW_AT_byte_size, &size))
			return size;
	}
	return 0;
}

/* Whether a member's bits count from the most significant one. */
static bool counts_from_top(Dwarf_Die *die)
{
	uint64_t order;
	Dwarf_Die type = *die;

	for (int i = 0; i < LONGEST_ALIAS; i++) {
		if (!entry_reference(&type, DW_AT_type, &type))
			break;
		if (entry_number(&type, DW_AT_endianity, &order))
			return order == DW_END_big;
	}
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

/*
 * A bit-field of DWARF 5 (and of 4, from some compilers) counts its bits from
 * the start of the struct; an older one from the most significant bit of a unit
 * that has its place. Both lead to the unit that the declared type occupies.
 */
static void take_bits(Dwarf_Die *die, uint64_t bits, struct member *ret)
{
	uint64_t unit = unit_size_of(die), first, old;

	ret->problem = "its bits are not where they can be read";
	if (bits > 64 || (unit != 1 && unit != 2 && unit != 4 && unit != 8))
		return;
	if (entry_number(die, DW_AT_data_bit_offset, &first)) {
		ret->offset += first / 8 / unit * unit;
		first %= 8 * unit;
	} else if (entry_number(die, DW_AT_bit_offset, &old)) {
		/* It may be negative: beyond a unit of its own. */
		first = 8 * unit - bits - old;
		if ((int64_t)first < 0 || first >= 8 * unit)
			return;
	} else {
		first = 0;
	}
	/* Both count as the machine does, also where the type does not. */
	ret->from_top = counts_from_top(die);
	if (ret->from_top && first + bits <= 8 * unit)
		first = 8 * unit - first - bits;
	ret->bits = (unsigned)bits;
	ret->low = (unsigned)first;
	ret->unit_size = (unsigned)unit;
	ret->problem = NULL;
	/* Packed: it goes on in the next unit. */
	if (first + bits > 8 * unit)
		ret->problem = "its bits stand in two units";
}

static struct error *add_member(struct builder *builder, Dwarf_Die *die,
				bool anonymous, size_t *capacity)
{
	struct type *type = builder->type;
	const char *name = anonymous ? NULL : entry_name(die);
	struct member *added, member = {0};
	uint64_t bits;

	/* Static members of C++ are variables. */
	if (entry_flag(die, DW_AT_external) ||
	    entry_flag(die, DW_AT_declaration))
		return NULL;
	member.type = type_of(builder->names, builder->module, die);
	if (!member_place(die, &member.offset))
		member.problem = "its place is computed while the program runs";
	else if (entry_number(die, DW_AT_bit_size, &bits) && bits)
		take_bits(die, bits, &member);
	if (!list_grow(&type->members, type->n_members, capacity,
		       sizeof(*added)))
		return error_no_memory();
	added = &type->members[type->n_members++];
	*added = member;
	if (name) {
		added->name = strdup(name);
		if (!added->name)
			return error_no_memory();
	}
	return NULL;
}

/* Makes the unit of a bit-field the smallest that holds it. */
static void narrow_unit(struct member *member)
{
	unsigned size = 8 * member->unit_size;
	uint64_t first = member->offset * 8 +
			 (member->from_top ? size - member->low - member->bits
					   : member->low);

	for (unsigned bytes = 1; bytes < member->unit_size; bytes *= 2) {
		uint64_t offset = first / 8 / bytes * bytes;

		if (first + member->bits > (offset + bytes) * 8)
			continue;
		member->low = (unsigned)(first - offset * 8);
		if (member->from_top)
			member->low = 8 * bytes - member->low - member->bits;
		member->offset = offset;
		member->unit_size = bytes;
		return;
	}
}

/* Units must not reach beyond the struct, nor into what begins before or behind
 * the bit-fields. */
static void narrow_units(struct type *type)
{
	bool is_union = type->kind == TYPE_UNION, has_before = false;
	uint64_t before = 0, behind = UINT64_MAX;

	/* From the end on: where the next member begins that is none. */
	for (size_t i = type->n_members; i-- > 0;) {
		struct member *member = &type->members[i];

		if (!member->bits)
			behind = member->offset;
		else if (!member->problem &&
			 ((type->has_size &&
			   member->offset + member->unit_size > type->size) ||
			  (!is_union &&
			   behind < member->offset + member->unit_size)))
			narrow_unit(member);
	}
	for (size_t i = 0; i < type->n_members && !is_union; i++) {
		struct member *member = &type->members[i];

		if (!member->bits) {
			before = member->offset;
			has_before = true;
		} else if (!member->problem && has_before &&
			   before >= member->offset) {
			narrow_unit(member);
		}
	}
}

static struct error *build_struct(struct builder *builder)
{
	static const struct {
		int tag;
		const char *word;
	} words[] = {
		{DW_TAG_structure_type, "struct"},
		{DW_TAG_class_type, "class"},
		{DW_TAG_interface_type, "struct"},
		{DW_TAG_union_type, "union"},
	};
	struct type *type = builder->type;
	int tag = dwarf_tag(&builder->die);
	struct error *error = NULL;
	Dwarf_Die child;
	size_t capacity = 0;
	bool more;

	type->kind = tag == DW_TAG_union_type ? TYPE_UNION : TYPE_STRUCT;
	take_size(builder);
	type->is_declaration = entry_flag(&builder->die, DW_AT_declaration);
	for (size_t i = 0; !error && i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].tag == tag)
			error = take_name(builder, words[i].word);
	more = entry_child(&builder->die, &child);
	while (!error && more && type->n_members < MOST_MEMBERS) {
		tag = dwarf_tag(&child);
		if (tag == DW_TAG_member || tag == DW_TAG_inheritance)
			error = add_member(builder, &child,
					   tag == DW_TAG_inheritance,
					   &capacity);
		else if (tag == DW_TAG_variant_part)
			type->kind = TYPE_OTHER;
		more = entry_sibling(&child, &child);
	}
	narrow_units(type);
	return error;
}

static struct error *build_function(struct builder *builder)
{
	builder->type->kind = TYPE_FUNCTION;
	builder->type->target =
		type_of(builder->names, builder->module, &builder->die);
	return NULL;
}

static struct error *build_other(struct builder *builder)
{
	builder->type->kind = TYPE_OTHER;
	take_size(builder);
	return take_name(builder, NULL);
}

static const struct {
	int tag;
	struct error *(*build)(struct builder *builder);
} builders[] = {
	{DW_TAG_base_type, build_base},
	{DW_TAG_pointer_type, build_pointer},
	{DW_TAG_reference_type, build_pointer},
	{DW_TAG_rvalue_reference_type, build_pointer},
	{DW_TAG_typedef, build_alias},
	{DW_TAG_const_type, build_alias},
	{DW_TAG_volatile_type, build_alias},
	{DW_TAG_restrict_type, build_alias},
	{DW_TAG_atomic_type, build_alias},
	{DW_TAG_packed_type, build_alias},
	{DW_TAG_immutable_type, build_alias},
	{DW_TAG_shared_type, build_alias},
	{DW_TAG_enumeration_type, build_enum},
	{DW_TAG_array_type, build_array},
	{DW_TAG_structure_type, build_struct},
	{DW_TAG_class_type, build_struct},
	{DW_TAG_interface_type, build_struct},
	{DW_TAG_union_type, build_struct},
	{DW_TAG_subroutine_type, build_function},
};

static struct error *build(struct names *names, type_id id)
{
	const struct type_slot *slot = &names->types[id];
	struct builder builder = {
		.names = names,
		.module = &names->modules[slot->module],
		.die = slot->die,
		.dimension = slot->dimension,
		.type = calloc(1, sizeof(*builder.type)),
	};
	struct error *(*function)(struct builder *) = build_other;
	int tag = dwarf_tag(&builder.die);
	struct error *error;

	if (!builder.type)
		return error_no_memory();
	for (size_t i = 0; i < sizeof(builders) / sizeof(builders[0]); i++)
		if (builders[i].tag == tag)
			function = builders[i].build;
	error = function(&builder);
	if (error)
		type_destroy(builder.type);
	else
		names->types[id].type = builder.type; /* the array may move */
	return error;
}

struct error *names_type_as_written(struct names *names, type_id id,
				    const struct type **ret)
{
	struct error *error = NULL;

	if (id == NO_TYPE || id >= names->n_types)
		return error_create(ERROR_FAILED, 0, "it has no type");
	if (!names->types[id].type)
		error = build(names, id);
	if (!error)
		*ret = names->types[id].type;
	return error;
}

/* The size of an array, from that of its elements. */
static struct error *finish_array(struct names *names, type_id id,
				  unsigned depth)
{
	struct type *type = names->types[id].type;
	const struct type *element = NULL;
	type_id target = type->target;

	if (type->kind != TYPE_ARRAY || type->has_size || !type->has_count)
		return NULL;
	for (unsigned i = 0; i < LONGEST_ALIAS; i++) {
		struct error *error =
			names_type_as_written(names, target, &element);

		if (error)
			return error;
		if (element->kind != TYPE_ALIAS)
			break;
		target = element->target;
	}
	if (element->kind == TYPE_ARRAY && depth < LONGEST_ALIAS) {
		struct error *error = finish_array(names, target, depth + 1);

		if (error)
			return error;
	}
	type->has_size = element->kind != TYPE_ALIAS && element->has_size &&
			 !__builtin_mul_overflow(element->size, type->count,
						 &type->size);
	return NULL;
}

/* The definition of what is only declared here, if there is exactly one. */
static type_id definition(struct names *names, type_id id)
{
	struct type_slot *slot = &names->types[id];
	struct module *module = &names->modules[slot->module];
	Dwarf_Die die = slot->die;
	type_id found;

	/* To compare definitions may ask for others. */
	if (slot->sought || names->seeking >= DEEPEST_SEARCH)
		return slot->complete;
	slot->sought = true;
	names->seeking++;
	found = type_definition(names, module, &die);
	names->seeking--;
	names->types[id].complete = found;
	names->types[id].sought = !names->stopped;
	return found;
}

struct error *names_type(struct names *names, type_id id,
			 const struct type **ret)
{
	for (unsigned i = 0; i < LONGEST_ALIAS; i++) {
		const struct type *type;
		struct error *error = names_type_as_written(names, id, &type);
		type_id complete = NO_TYPE;

		if (error)
			return error;
		if (type->kind == TYPE_ALIAS) {
			if (type->target == NO_TYPE)
				return error_create(ERROR_FAILED, 0,
						    "its type is void");
			id = type->target;
			continue;
		}
		if (type->is_declaration) {
			complete = definition(names, id);
			error = names_judge(names, NULL);
			if (error)
				return error;
		}
		if (complete != NO_TYPE && complete != id) {
			error = names_type_as_written(names, complete, &type);
			if (error || type->kind != TYPE_ALIAS) {
				*ret = error ? NULL : type;
				return error;
			}
			id = complete;
			continue;
		}
		error = finish_array(names, id, 0);
		if (!error)
			*ret = type;
		return error;
	}
	return error_create(ERROR_FAILED, 0,
			    "its type means another one, and so on without an "
			    "end: damaged debug information");
}
