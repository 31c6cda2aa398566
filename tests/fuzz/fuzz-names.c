/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the program of a target: its symbols, its types, and how they
 * are laid out. An input is an ELF file; what stands behind its section headers
 * is another one, which is what all other files that are asked for consist of
 * (a split unit, the supplementary file of dwz, separate debug information).
 *
 * What is mutated is mostly the contents of one section, for a file whose
 * headers are damaged is soon refused.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "names/names.h"
#include "plan/layout.h"
#include "plan/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
			       unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/* The input ---------------------------------------------------------------- */

struct bytes {
	const uint8_t *start;
	size_t size;
};

/* What is needed of the headers, of both classes. */
struct headers {
	uint64_t sections; /* offset */
	size_t count, each;
	bool wide;
};

static bool read_headers(const uint8_t *data, size_t size, struct headers *ret)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (size < sizeof(wide) || memcmp(data, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&wide, data, sizeof(wide));
	memcpy(&narrow, data, sizeof(narrow));
	*ret = wide.e_ident[EI_CLASS] == ELFCLASS64
		       ? (struct headers){wide.e_shoff, wide.e_shnum,
					  sizeof(Elf64_Shdr), true}
		       : (struct headers){narrow.e_shoff, narrow.e_shnum,
					  sizeof(Elf32_Shdr), false};
	return ret->sections <= size &&
	       ret->count <= (size - ret->sections) / ret->each;
}

/* The bytes of a section; none if they are not in the file. */
static struct bytes section_at(const uint8_t *data, size_t size,
			       const struct headers *headers, size_t number)
{
	const uint8_t *at = data + headers->sections + number * headers->each;
	uint64_t offset, length;
	Elf64_Shdr wide;
	Elf32_Shdr narrow;

	if (headers->wide) {
		memcpy(&wide, at, sizeof(wide));
		offset = wide.sh_offset;
		length = wide.sh_type == SHT_NOBITS ? 0 : wide.sh_size;
	} else {
		memcpy(&narrow, at, sizeof(narrow));
		offset = narrow.sh_offset;
		length = narrow.sh_type == SHT_NOBITS ? 0 : narrow.sh_size;
	}
	if (offset > size || length > size - offset)
		return (struct bytes){NULL, 0};
	return (struct bytes){data + offset, length};
}

/* Where the second file begins; `size`: there is none. */
static size_t second_file(const uint8_t *data, size_t size)
{
	struct headers headers;

	if (!read_headers(data, size, &headers))
		return size;
	return headers.sections + headers.count * headers.each;
}

static size_t mutate_section(uint8_t *data, size_t size, unsigned seed)
{
	struct headers headers;
	struct bytes section;

	if (!read_headers(data, size, &headers) || !headers.count)
		return 0;
	section = section_at(data, size, &headers, seed % headers.count);
	if (!section.size)
		return 0;
	LLVMFuzzerMutate(data + (section.start - data), section.size,
			 section.size);
	return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
			       unsigned seed)
{
	size_t second = second_file(data, size);
	size_t start = seed % 2 && second < size ? second : 0;
	size_t done = 0;

	if (seed / 2 % 16)
		done = mutate_section(data + start,
				      start ? size - start : second, seed / 32);
	return done ? size : LLVMFuzzerMutate(data, size, most);
}

/* The source --------------------------------------------------------------- */

struct fuzz_source {
	struct name_source base;
	struct bytes program, other;
};

static int file_of(struct bytes bytes)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes.start, bytes.size) != (ssize_t)bytes.size)
		abort();
	return fd;
}

static struct error *open_module(struct name_source *source, size_t index,
				 struct module_image *ret)
{
	const struct fuzz_source *fuzz = (const struct fuzz_source *)source;

	(void)index;
	*ret = (struct module_image){.fd = file_of(fuzz->program),
				     .exact = true};
	return NULL;
}

static int open_file(struct name_source *source, enum file_root root,
		     const char *path)
{
	const struct fuzz_source *fuzz = (const struct fuzz_source *)source;

	if (*path != '/')
		abort();
	return fuzz->other.size && root == ROOT_TARGET ? file_of(fuzz->other)
						       : -1;
}

static int fetch(struct name_source *source, const char *build_id,
		 char **ret_why)
{
	(void)source;
	(void)build_id;
	*ret_why = strdup("there is no server");
	return -1;
}

static void destroy(struct name_source *source)
{
	(void)source;
}

/* What is asked ------------------------------------------------------------ */

enum { MOST_TYPES = 500, MOST_LAYOUTS = 60, MOST_SHOWN = 200 };

static void check_symbol(struct names *names, const struct symbol *symbol)
{
	if (!symbol->name || !symbol->module ||
	    (!symbol->has_address && !symbol->problem) ||
	    (!symbol->has_type && !symbol->no_type))
		abort();
	if (symbol->has_type)
		free(names_spell(names, symbol->type));
}

static void ask_name(struct names *names, const char *scope, const char *name)
{
	cleanup_free struct symbol *symbols = NULL;
	cleanup_error struct error *error = NULL, *other = NULL;
	struct symbol symbol;
	size_t count = 0;

	error = names_find_all(names, scope, name, &symbols, &count);
	for (size_t i = 0; i < count && i < MOST_SHOWN; i++)
		check_symbol(names, &symbols[i]);
	other = names_find(names, scope, name, &symbol);
	if (!other && !symbol.has_address)
		abort();
}

static void ask_names(struct names *names)
{
	static const struct {
		const char *scope, *name;
	} asked[] = {
		{NULL, "regs"},      {NULL, "pointer"},
		{NULL, "table"},     {NULL, "kept"},
		{NULL, "nowhere"},   {NULL, "thread"},
		{"program", "regs"}, {"seed.c", "flat"},
		{"seed.c", "x"},     {"program::f", "kept"},
		{"space", "var"},    {NULL, "space::C::s"},
		{NULL, "constant"},  {NULL, "main"},
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		ask_name(names, asked[i].scope, asked[i].name);
}

static void ask_types(struct names *names)
{
	static const char *const texts[] = {
		"struct regs",
		"union all",
		"enum mode",
		"uint32_t",
		"unsigned",
		"long int",
		"list",
		"opaque",
		"table_t[2]",
		"const struct regs *",
		"program::struct flat",
		"space::C",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		type_id id = NO_TYPE;

		error_destroy(names_find_type(names, texts[i], &id));
		if (id != NO_TYPE)
			free(names_spell(names, id));
	}
}

static void ask_variables(struct names *names)
{
	cleanup_free struct symbol *symbols = NULL;
	size_t count = 0;

	error_destroy(names_variables(names, NULL, &symbols, &count));
	for (size_t i = 0; i < count; i++)
		if (!symbols[i].has_address || symbols[i].type == NO_TYPE)
			abort();
}

/* Registers are in order, and none is read twice. */
static void check_layout(const struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct register_layout *item = &layout->items[i];

		if (!item->count || !item->bytes || item->bytes > 8 ||
		    (item->bytes & (item->bytes - 1)) || !item->view.label)
			abort();
		for (size_t j = 0; j < item->view.n_fields; j++)
			if (item->view.fields[j].low >
				    item->view.fields[j].high ||
			    item->view.fields[j].high >= 8 * item->bytes)
				abort();
		if (i && item->offset - item[-1].offset <
				 item[-1].count * item[-1].bytes)
			abort();
	}
}

static void lay_out(struct names *names, type_id id)
{
	const struct object object = {.type = id};
	struct layout layout = {0};
	struct error *error = layout_make(
		names, &object, &(struct labels){"it", "it"}, &layout);

	if (!error)
		check_layout(&layout);
	error_destroy(error);
	layout_deinit(&layout);
}

/* All types that were met, and those that they lead to. */
static void ask_met(struct names *names)
{
	const struct type *type;

	for (type_id id = 1; id < MOST_TYPES; id++) {
		struct error *error = names_type_as_written(names, id, &type);

		if (error) {
			error_destroy(error);
			continue;
		}
		error_destroy(names_type(names, id, &type));
		free(names_spell(names, id));
		if (id < MOST_LAYOUTS)
			lay_out(names, id);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { BASE = 0x10000000, ROOM = 0x1000000 };
	size_t second = second_file(data, size);
	struct module_piece piece = {.start = BASE, .end = BASE + ROOM};
	char path[] = "/nowhere/program";
	struct module_source module = {
		.path = path, .pieces = &piece, .n_pieces = 1};
	struct fuzz_source source = {
		.base = {.modules = &module,
			 .n_modules = 1,
			 .has_program = true,
			 .open_module = open_module,
			 .open_file = open_file,
			 .fetch = fetch,
			 .destroy = destroy},
		.program = {data, second},
		.other = {data + second, size - second},
	};
	cleanup_name_table struct names *names = NULL;

	error_destroy(names_create(&source.base, &names));
	if (!names)
		return 0;
	ask_names(names);
	ask_types(names);
	ask_variables(names);
	ask_met(names);
	return 0;
}
