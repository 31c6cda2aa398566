/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copy relocations: a program takes a variable of a library over, and the
 * library uses the program's. What the library's symbols and DWARF tell is the
 * place that nobody uses.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "names/inside.h"

static void add_copy(void *data, const char *name, uint64_t address,
		     uint64_t size)
{
	struct names *names = data;

	if (!list_grow(&names->copies, names->n_copies, &names->copies_capacity,
		       sizeof(*names->copies)))
		return;
	names->copies[names->n_copies++] = (struct program_copy){
		.name = name,
		.address = address + names->modules[0].bias,
		.size = size,
	};
}

/* What the program has taken over, once. */
static void find_copies(struct names *names)
{
	struct error *error;

	if (names->copies_sought)
		return;
	names->copies_sought = true;
	if (!names_has_program(names))
		return;
	error = module_open(names, &names->modules[0]);
	if (!error)
		elf_each_copy(names->modules[0].file.elf, add_copy, names);
	error_destroy(error);
}

bool copies_have(struct names *names, uint64_t address)
{
	find_copies(names);
	for (size_t i = 0; i < names->n_copies; i++)
		if (names->copies[i].address == address)
			return true;
	return false;
}

/* What is looked for in a library. */
struct originals {
	struct names *names;
	struct module *module;
};

static bool add_original(void *data, const struct elf_symbol *symbol)
{
	const struct originals *originals = data;
	struct names *names = originals->names;
	struct module *module = originals->module;

	if (GELF_ST_BIND(symbol->symbol.st_info) == STB_LOCAL)
		return true;
	for (size_t i = 0; i < names->n_copies; i++) {
		const struct program_copy *copy = &names->copies[i];

		if (strncmp(copy->name, symbol->name, symbol->length) != 0 ||
		    copy->name[symbol->length] ||
		    !list_grow(&module->originals, module->n_originals,
			       &module->originals_capacity,
			       sizeof(*module->originals)))
			continue;
		module->originals[module->n_originals++] = (struct original){
			.from = symbol_address(module, &symbol->symbol),
			.size = copy->size ? copy->size : 1,
			.to = copy->address,
		};
	}
	return true;
}

uint64_t copies_redirect(struct names *names, struct module *module,
			 uint64_t address)
{
	struct originals originals = {names, module};

	find_copies(names);
	if (!names->n_copies || module == &names->modules[0])
		return address;
	if (!module->originals_sought) {
		module->originals_sought = true;
		elf_each_symbol(module->symbols, add_original, &originals);
	}
	for (size_t i = 0; i < module->n_originals; i++)
		if (address - module->originals[i].from <
		    module->originals[i].size)
			return address - module->originals[i].from +
			       module->originals[i].to;
	return address;
}
