/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of DWARF, read in ways by which libdw opens no file (inside.h). */
#include <dwarf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/inside.h"

/* How often an entry may refer to another one for what it is. */
enum { LONGEST_CHAIN = 8 };

static bool refers_on(Dwarf_Die *die)
{
	static const unsigned codes[] = {DW_AT_abstract_origin,
					 DW_AT_specification};
	Dwarf_Attribute attribute;
	Dwarf_Die other;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (dwarf_attr(die, codes[i], &attribute) &&
		    dwarf_formref_die(&attribute, &other)) {
			*die = other;
			return true;
		}
	return false;
}

bool entry_declared(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Die at = *die;
	int i = 0;

	while (i < LONGEST_CHAIN && refers_on(&at))
		i++;
	*ret = at;
	return i > 0;
}

/* An attribute of an entry, which becomes the one that has it. */
static bool seek_attribute(Dwarf_Die *die, unsigned code, Dwarf_Attribute *ret)
{
	for (int i = 0; i < LONGEST_CHAIN; i++) {
		if (dwarf_attr(die, code, ret))
			return true;
		if (!refers_on(die))
			return false;
	}
	return false;
}

bool entry_attribute(Dwarf_Die *die, unsigned code, Dwarf_Attribute *ret)
{
	Dwarf_Die at = *die;

	return seek_attribute(&at, code, ret);
}

bool entry_number(Dwarf_Die *die, unsigned code, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	Dwarf_Sword signed_value;

	if (!entry_attribute(die, code, &attribute))
		return false;
	if (dwarf_whatform(&attribute) == DW_FORM_sdata ||
	    dwarf_whatform(&attribute) == DW_FORM_implicit_const) {
		if (dwarf_formsdata(&attribute, &signed_value))
			return false;
		*ret = (uint64_t)signed_value;
		return true;
	}
	if (dwarf_formudata(&attribute, &value))
		return false;
	*ret = value;
	return true;
}

bool entry_flag(Dwarf_Die *die, unsigned code)
{
	Dwarf_Attribute attribute;
	bool set = false;

	return dwarf_attr(die, code, &attribute) &&
	       dwarf_formflag(&attribute, &set) == 0 && set;
}

static int go_on(Dwarf_Attribute *attribute, void *data)
{
	(void)attribute;
	(void)data;
	return DWARF_CB_OK;
}

/* Of the file that was asked last; or none. */
static struct {
	Dwarf *dwarf;
	const char *ends[MOST_TEXT_SECTIONS];
	size_t count;
} latest;

void entry_forget(void)
{
	latest.dwarf = NULL;
}

/* Whether it begins right behind a section of texts. */
static bool is_behind(const Dwarf_Die *die, const char *text)
{
	Dwarf *dwarf = dwarf_cu_getdwarf(die->cu);

	if (dwarf != latest.dwarf) {
		latest.count = elf_text_ends(dwarf_getelf(dwarf), latest.ends);
		latest.dwarf = dwarf;
	}
	for (size_t i = 0; i < latest.count; i++)
		if (text == latest.ends[i])
			return true;
	return false;
}

/*
 * The text of an attribute of this very entry, or NULL. What libdw (0.188) does
 * not look for: the end of one that stands in the entry itself, before it
 * passes over it; and that one that is named by its number is in the section.
 */
static const char *text_of(Dwarf_Die *die, Dwarf_Attribute *attribute)
{
	unsigned form = dwarf_whatform(attribute);
	const char *text;

	if (form == DW_FORM_string && dwarf_getattrs(die, go_on, NULL, 0) != 1)
		return NULL;
	text = dwarf_formstring(attribute);
	if (text && form != DW_FORM_string && form != DW_FORM_strp &&
	    is_behind(die, text))
		return NULL;
	return text;
}

const char *entry_own_string(Dwarf_Die *die, unsigned code)
{
	Dwarf_Attribute attribute;

	return dwarf_attr(die, code, &attribute) ? text_of(die, &attribute)
						 : NULL;
}

const char *entry_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die at = *die;
	const char *name = seek_attribute(&at, DW_AT_name, &attribute)
				   ? text_of(&at, &attribute)
				   : NULL;

	return name && *name ? name : NULL;
}

bool entry_reference(Dwarf_Die *die, unsigned code, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;

	return entry_attribute(die, code, &attribute) &&
	       dwarf_formref_die(&attribute, ret) != NULL;
}

/* DW_AT_sibling may point anywhere, and back. */
bool entry_sibling(Dwarf_Die *die, Dwarf_Die *ret)
{
	const void *before = die->addr;
	Dwarf_Die found;

	if (dwarf_siblingof(die, &found) != 0 ||
	    (const char *)found.addr <= (const char *)before)
		return false;
	*ret = found;
	return true;
}

bool entry_child(Dwarf_Die *die, Dwarf_Die *ret)
{
	return dwarf_child(die, ret) == 0;
}

const char *entry_file(Dwarf_Die *die, Dwarf_Die *unit, unsigned *ret_line)
{
	Dwarf_Die at = *die, own;
	Dwarf_Attribute attribute;
	uint64_t file, line;
	Dwarf_Files *files;
	size_t count;

	*ret_line = 0;
	if (entry_number(die, DW_AT_decl_line, &line) && line <= UINT32_MAX)
		*ret_line = (unsigned)line;
	if (!seek_attribute(&at, DW_AT_decl_file, &attribute) ||
	    !entry_number(&at, DW_AT_decl_file, &file))
		return NULL;
	/* The number counts in the table of the unit that it stands in. */
	unit = dwarf_diecu(&at, &own, NULL, NULL);
	if (!dwarf_attr(unit, DW_AT_stmt_list, &attribute))
		return NULL;
	/* libdw uses it without a look for its end: see text_of(). */
	if (dwarf_attr(unit, DW_AT_comp_dir, &attribute) &&
	    !text_of(unit, &attribute))
		return NULL;
	if (dwarf_getsrcfiles(unit, &files, &count) || file >= count)
		return NULL;
	return dwarf_filesrc(files, file, NULL, NULL);
}

static uint64_t read_bytes(const unsigned char *bytes, unsigned size)
{
	uint32_t narrow;
	uint64_t wide;

	if (size == 4) {
		memcpy(&narrow, bytes, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, bytes, sizeof(wide));
	return wide;
}

/* .debug_addr, by index: split units leave their addresses in the program. */
static bool indexed_address(struct module *module, const struct unit *unit,
			    uint64_t number, uint64_t *ret)
{
	Elf *elf = module->debug.file.elf ? module->debug.file.elf
					  : module->file.elf;
	unsigned size = gelf_getclass(elf) == ELFCLASS64 ? 8 : 4;
	Elf_Data *data = elf_section(elf, ".debug_addr");
	uint64_t offset;

	if (!data || !data->d_buf || unit->address_base == (Dwarf_Off)-1 ||
	    __builtin_mul_overflow(number, (uint64_t)size, &offset) ||
	    __builtin_add_overflow(offset, unit->address_base, &offset) ||
	    offset > data->d_size || data->d_size - offset < size)
		return false;
	*ret = read_bytes((const unsigned char *)data->d_buf + offset, size);
	return true;
}

static bool is_tls(unsigned operation)
{
	return operation == DW_OP_form_tls_address ||
	       operation == DW_OP_GNU_push_tls_address;
}

static char *constant_text(Dwarf_Attribute *attribute)
{
	char *text = NULL;
	Dwarf_Sword value;
	Dwarf_Block block;
	const char *string;

	if (dwarf_formsdata(attribute, &value) == 0) {
		if (asprintf(&text,
			     "it has no address: the compiler has made it the "
			     "constant %lld (0x%llx)",
			     (long long)value, (unsigned long long)value) < 0)
			return NULL;
		return text;
	}
	string = dwarf_formstring(attribute);
	if (string || dwarf_formblock(attribute, &block) == 0)
		return strdup("it has no address: the compiler has made it a "
			      "constant");
	return strdup("it has no address: it is a constant that cannot be "
		      "read");
}

/* An expression of one address, perhaps with an offset. */
static bool plain_address(struct module *module, const struct unit *unit,
			  const Dwarf_Op *ops, size_t count, uint64_t *ret)
{
	size_t used = 1;

	if (ops[0].atom == DW_OP_addr)
		*ret = ops[0].number;
	else if ((ops[0].atom != DW_OP_addrx &&
		  ops[0].atom != DW_OP_GNU_addr_index) ||
		 !indexed_address(module, unit, ops[0].number, ret))
		return false;
	if (count > 1 && ops[1].atom == DW_OP_plus_uconst) {
		*ret += ops[1].number;
		used = 2;
	}
	return used == count;
}

bool entry_address(struct module *module, const struct unit *unit,
		   Dwarf_Die *die, uint64_t *ret, char **ret_why)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t count;

	*ret_why = NULL;
	if (!dwarf_attr(die, DW_AT_location, &attribute)) {
		if (entry_attribute(die, DW_AT_const_value, &attribute))
			*ret_why = constant_text(&attribute);
		else if (!entry_flag(die, DW_AT_declaration))
			*ret_why = strdup("it has no address: the compiler has "
					  "optimised it away");
		return false;
	}
	if (dwarf_getlocation(&attribute, &ops, &count) || !count) {
		*ret_why = strdup("it has no address of its own that stays: "
				  "it is kept in different places");
		return false;
	}
	if (plain_address(module, unit, ops, count, ret)) {
		*ret += module->debug_bias;
		if (!elf_holds(module->file.elf, *ret)) {
			*ret_why = strdup("it has no address: the linker has "
					  "left it out");
			return false;
		}
		*ret += module->bias;
		return true;
	}
	for (size_t i = 0; i < count; i++)
		if (is_tls(ops[i].atom)) {
			*ret_why = strdup("it is thread-local: each thread has "
					  "its own, at another address");
			return false;
		}
	*ret_why = strdup(ops[0].atom == DW_OP_fbreg
				  ? "it lives on the stack, while its function "
				    "runs"
				  : "its place is told by an expression that "
				    "is no plain address (a register, a value "
				    "that was computed)");
	return false;
}
