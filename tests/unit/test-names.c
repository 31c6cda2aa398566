/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, of files that are damaged, or hostile: each test writes an ELF file
 * with DWARF byte by byte, gives it out as the program of a target, and asks.
 * Nothing may crash, go on for ever, or open a file by itself.
 */
#include "unit.h"

#include <dirent.h>
#include <dwarf.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>

#include "base/interrupt.h"
#include "base/text.h"
#include "names/names.h"
#include "plan/layout.h"
#include "plan/object.h"

/* How long one test may take, seconds; then the program is killed. On a slow
 * machine that much times MMIODBG_TEST_PATIENCE. */
enum { MOST_SECONDS = 60 };

enum { BASE = 0x10000000, ROOM = 0x10000000, VARIABLE_AT = 0x2000 };

/* Bytes that grow --------------------------------------------------------- */

struct blob {
	unsigned char *bytes;
	size_t size, capacity;
};

static void put(struct blob *blob, const void *bytes, size_t size)
{
	if (blob->size + size > blob->capacity) {
		blob->capacity = 2 * (blob->size + size);
		blob->bytes = realloc(blob->bytes, blob->capacity);
		ck_assert_ptr_nonnull(blob->bytes);
	}
	if (size)
		memcpy(blob->bytes + blob->size, bytes, size);
	blob->size += size;
}

/* The order of the bytes is ours, as it is to be. */
static void put_1(struct blob *blob, uint8_t value)
{
	put(blob, &value, sizeof(value));
}

static void put_2(struct blob *blob, uint16_t value)
{
	put(blob, &value, sizeof(value));
}

static void put_4(struct blob *blob, uint32_t value)
{
	put(blob, &value, sizeof(value));
}

static void put_8(struct blob *blob, uint64_t value)
{
	put(blob, &value, sizeof(value));
}

static void put_text(struct blob *blob, const char *text)
{
	put(blob, text, strlen(text) + 1);
}

/* ULEB128, as DWARF has its numbers. */
static void put_number(struct blob *blob, uint64_t value)
{
	do {
		put_1(blob, (uint8_t)((value & 0x7f) | (value > 0x7f) << 7));
		value >>= 7;
	} while (value);
}

static void patch_4(struct blob *blob, size_t at, uint32_t value)
{
	memcpy(blob->bytes + at, &value, sizeof(value));
}

static void blob_deinit(struct blob *blob)
{
	free(blob->bytes);
	*blob = (struct blob){0};
}

/* DWARF ------------------------------------------------------------------- */

/* Each entry has an abbreviation of its own. */
struct dwarf {
	struct blob info, abbrev;
	uint64_t codes;
	bool old_string; /* texts stand in .debug_str, else in the entry */
	struct blob strings;
};

static struct dwarf dwarf;

/* An entry begins; its attributes follow, then end_attributes(). The result is
 * what refers to it. */
static uint32_t entry(unsigned tag, bool has_children)
{
	uint32_t offset = (uint32_t)dwarf.info.size;

	put_number(&dwarf.abbrev, ++dwarf.codes);
	put_number(&dwarf.abbrev, tag);
	put_1(&dwarf.abbrev, has_children);
	put_number(&dwarf.info, dwarf.codes);
	return offset;
}

static void attribute(unsigned code, unsigned form)
{
	put_number(&dwarf.abbrev, code);
	put_number(&dwarf.abbrev, form);
}

static void end_attributes(void)
{
	put_2(&dwarf.abbrev, 0);
}

static void end_children(void)
{
	put_1(&dwarf.info, 0);
}

static void text(unsigned code, const char *value)
{
	attribute(code, DW_FORM_string);
	put_text(&dwarf.info, value);
}

static void number(unsigned code, uint64_t value)
{
	attribute(code, DW_FORM_udata);
	put_number(&dwarf.info, value);
}

/* Returns where the offset stands, to be patched. */
static size_t reference(unsigned code, uint32_t to)
{
	size_t at = dwarf.info.size;

	attribute(code, DW_FORM_ref4);
	put_4(&dwarf.info, to);
	return at;
}

/* DWARF 4 with one unit, whose first entry is still open for attributes. */
static void open_unit(bool has_children)
{
	put_4(&dwarf.info, 0);
	put_2(&dwarf.info, 4);
	put_4(&dwarf.info, 0);
	put_1(&dwarf.info, 8);
	entry(DW_TAG_compile_unit, has_children);
	text(DW_AT_name, "test.c");
}

static void begin_unit(void)
{
	open_unit(true);
	end_attributes();
}

/* Without an end of its entries. */
static void close_unit(void)
{
	put_1(&dwarf.abbrev, 0);
	patch_4(&dwarf.info, 0, (uint32_t)dwarf.info.size - 4);
}

static void end_unit(void)
{
	end_children();
	close_unit();
}

static uint32_t put_base(const char *name, unsigned size)
{
	uint32_t offset = entry(DW_TAG_base_type, false);

	text(DW_AT_name, name);
	number(DW_AT_byte_size, size);
	number(DW_AT_encoding, DW_ATE_unsigned);
	end_attributes();
	return offset;
}

/* What has a name and a type; the result is where that stands. */
static size_t put_typed(unsigned tag, const char *name, uint32_t type)
{
	size_t at;

	entry(tag, false);
	if (name)
		text(DW_AT_name, name);
	at = reference(DW_AT_type, type);
	end_attributes();
	return at;
}

static uint32_t open_struct(unsigned tag, const char *name, uint64_t size)
{
	uint32_t offset = entry(tag, true);

	text(DW_AT_name, name);
	number(DW_AT_byte_size, size);
	end_attributes();
	return offset;
}

static void put_member(const char *name, uint32_t type, uint64_t offset)
{
	entry(DW_TAG_member, false);
	text(DW_AT_name, name);
	reference(DW_AT_type, type);
	number(DW_AT_data_member_location, offset);
	end_attributes();
}

static uint32_t put_array(uint32_t type, unsigned code, uint64_t bound)
{
	uint32_t offset = entry(DW_TAG_array_type, true);

	reference(DW_AT_type, type);
	end_attributes();
	entry(DW_TAG_subrange_type, false);
	number(code, bound);
	end_attributes();
	end_children();
	return offset;
}

static void put_place(void)
{
	attribute(DW_AT_location, DW_FORM_exprloc);
	put_number(&dwarf.info, 9);
	put_1(&dwarf.info, DW_OP_addr);
	put_8(&dwarf.info, VARIABLE_AT);
}

/* The variable that is asked for. */
static void put_variable(uint32_t type)
{
	entry(DW_TAG_variable, false);
	text(DW_AT_name, "it");
	reference(DW_AT_type, type);
	put_place();
	end_attributes();
}

/* ELF --------------------------------------------------------------------- */

struct section {
	const char *name;
	Elf64_Shdr header; /* its offset, and its size unless `odd_size` */
	bool odd_size;
	struct blob data;
};

enum { MOST_SECTIONS = 16 };

static struct section sections[MOST_SECTIONS];
static size_t n_sections;

/* Takes the bytes over. */
static struct section *add_section(const char *name, unsigned type,
				   struct blob *data)
{
	struct section *added = &sections[n_sections++];

	ck_assert_uint_le(n_sections, MOST_SECTIONS);
	*added = (struct section){.name = name, .data = *data};
	added->header.sh_type = type;
	added->header.sh_addralign = 1;
	*data = (struct blob){0};
	return added;
}

static void drop_sections(void)
{
	for (size_t i = 0; i < n_sections; i++)
		blob_deinit(&sections[i].data);
	n_sections = 0;
	blob_deinit(&dwarf.info);
	blob_deinit(&dwarf.abbrev);
	blob_deinit(&dwarf.strings);
	dwarf = (struct dwarf){0};
}

static void add_dwarf(void)
{
	if (dwarf.strings.size)
		add_section(".debug_str", SHT_PROGBITS, &dwarf.strings);
	add_section(".debug_info", SHT_PROGBITS, &dwarf.info);
	add_section(".debug_abbrev", SHT_PROGBITS, &dwarf.abbrev);
	dwarf = (struct dwarf){0};
}

static void put_header(struct blob *file, bool wide)
{
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
			    wide ? ELFCLASS64 : ELFCLASS32,
			    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
				    ? ELFDATA2LSB
				    : ELFDATA2MSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = wide ? EM_X86_64 : EM_386,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
	};
	Elf32_Ehdr narrow = {
		.e_type = header.e_type,
		.e_machine = header.e_machine,
		.e_version = header.e_version,
		.e_phoff = sizeof(narrow),
		.e_ehsize = sizeof(narrow),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf32_Shdr),
	};

	memcpy(narrow.e_ident, header.e_ident, sizeof(narrow.e_ident));
	if (wide)
		put(file, &header, sizeof(header));
	else
		put(file, &narrow, sizeof(narrow));
}

/* All of the file is mapped. */
static void put_segment(struct blob *file, bool wide)
{
	const Elf64_Phdr header = {.p_type = PT_LOAD,
				   .p_filesz = ROOM,
				   .p_memsz = ROOM,
				   .p_flags = PF_R};
	const Elf32_Phdr narrow = {.p_type = PT_LOAD,
				   .p_filesz = ROOM,
				   .p_memsz = ROOM,
				   .p_flags = PF_R};

	if (wide)
		put(file, &header, sizeof(header));
	else
		put(file, &narrow, sizeof(narrow));
}

static void put_section_header(struct blob *file, bool wide,
			       const Elf64_Shdr *header)
{
	const Elf32_Shdr narrow = {
		.sh_name = header->sh_name,
		.sh_type = header->sh_type,
		.sh_flags = (Elf32_Word)header->sh_flags,
		.sh_offset = (Elf32_Off)header->sh_offset,
		.sh_size = (Elf32_Word)header->sh_size,
		.sh_link = header->sh_link,
		.sh_addralign = (Elf32_Word)header->sh_addralign,
		.sh_entsize = (Elf32_Word)header->sh_entsize,
	};

	if (wide)
		put(file, header, sizeof(*header));
	else
		put(file, &narrow, sizeof(narrow));
}

static void finish_header(struct blob *file, bool wide, size_t headers)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)file->bytes;
	Elf32_Ehdr *narrow = (Elf32_Ehdr *)(void *)file->bytes;

	if (wide) {
		header->e_shoff = headers;
		header->e_shnum = (Elf64_Half)(n_sections + 1);
		header->e_shstrndx = (Elf64_Half)n_sections;
	} else {
		narrow->e_shoff = (Elf32_Off)headers;
		narrow->e_shnum = (Elf32_Half)(n_sections + 1);
		narrow->e_shstrndx = (Elf32_Half)n_sections;
	}
}

/* The file of all sections, which are gone then. The caller frees. */
static struct blob write_elf(bool wide)
{
	struct blob file = {0}, texts = {0};
	size_t headers;

	put_header(&file, wide);
	put_segment(&file, wide);
	put_1(&texts, 0);
	for (size_t i = 0; i < n_sections; i++) {
		sections[i].header.sh_name = (Elf64_Word)texts.size;
		put_text(&texts, sections[i].name);
	}
	add_section(".shstrtab", SHT_STRTAB, &texts);
	for (size_t i = 0; i < n_sections; i++) {
		sections[i].header.sh_offset = file.size;
		if (!sections[i].odd_size)
			sections[i].header.sh_size = sections[i].data.size;
		put(&file, sections[i].data.bytes, sections[i].data.size);
	}
	while (file.size % 8)
		put_1(&file, 0);
	headers = file.size;
	put_section_header(&file, wide, &(Elf64_Shdr){0});
	for (size_t i = 0; i < n_sections; i++)
		put_section_header(&file, wide, &sections[i].header);
	finish_header(&file, wide, headers);
	drop_sections();
	return file;
}

/* The source -------------------------------------------------------------- */

static int file_of(const struct blob *blob)
{
	int fd = memfd_create("names", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, blob->bytes, blob->size),
			 (ssize_t)blob->size);
	return fd;
}

struct other_file {
	const char *path;
	struct blob file;
	unsigned asked; /* how often */
};

/* What is given out, and to whom. */
struct fake {
	struct name_source base;
	struct module_source modules[2];
	struct module_piece piece;
	struct blob file; /* of both modules */
	bool fails;       /* the first has none */
	int kept;         /* a descriptor of the file that was given out */
	struct other_file others[4];
	size_t n_others;
	unsigned fetched; /* how often a server was asked */
};

static struct fake fake;
static struct names *names;
static char program_path[] = "/nowhere/program";
static char library_path[] = "/nowhere/libnowhere.so";

static struct error *open_module(struct name_source *source, size_t index,
				 struct module_image *ret)
{
	int fd;

	(void)source;
	if (fake.fails && index == 0)
		return error_create(ERROR_DENIED, EACCES, "it is not ours");
	fd = file_of(&fake.file);
	if (fake.kept >= 0)
		close(fake.kept);
	fake.kept = dup(fd);
	*ret = (struct module_image){.fd = fd, .exact = true};
	return NULL;
}

static int open_file(struct name_source *source, enum file_root root,
		     const char *path)
{
	(void)source;
	(void)root;
	for (size_t i = 0; i < fake.n_others; i++) {
		struct other_file *other = &fake.others[i];

		if (strcmp(other->path, path) != 0)
			continue;
		other->asked++;
		return other->file.size ? file_of(&other->file) : -1;
	}
	return -1;
}

static int fetch(struct name_source *source, const char *build_id,
		 char **ret_why)
{
	(void)source;
	(void)build_id;
	fake.fetched++;
	*ret_why = NULL;
	return -1;
}

static void destroy(struct name_source *source)
{
	(void)source;
}

static void close_names(void)
{
	names_destroy(names);
	names = NULL;
	blob_deinit(&fake.file);
	if (fake.kept >= 0)
		close(fake.kept);
	fake.kept = -1;
}

/* Names of a file, which is taken over, as `n_modules` of a target. */
static void open_names(struct blob file, size_t n_modules)
{
	close_names();
	fake.file = file;
	fake.piece = (struct module_piece){.start = BASE, .end = BASE + ROOM};
	fake.modules[0] = (struct module_source){program_path, &fake.piece, 1};
	fake.modules[1] = (struct module_source){library_path, &fake.piece, 1};
	fake.base = (struct name_source){
		.modules = fake.modules,
		.n_modules = n_modules,
		.has_program = true,
		.open_module = open_module,
		.open_file = open_file,
		.fetch = fetch,
		.destroy = destroy,
	};
	expect_no_error(names_create(&fake.base, &names), "create");
}

static unsigned patience(void)
{
	const char *factor = getenv("MMIODBG_TEST_PATIENCE");
	unsigned long value = factor ? strtoul(factor, NULL, 10) : 1;

	return value ? (unsigned)value : 1;
}

static void set_up(void)
{
	fake = (struct fake){.kept = -1};
	alarm(MOST_SECONDS * patience());
}

static void tear_down(void)
{
	alarm(0);
	close_names();
	for (size_t i = 0; i < fake.n_others; i++)
		blob_deinit(&fake.others[i].file);
	drop_sections();
}

/* What is asked ----------------------------------------------------------- */

/* The layout of the variable `it`; the error is the caller's. */
static struct error *lay_out(struct layout *ret)
{
	const struct labels labels = {.whole = "it", .of_members = "it"};
	struct symbol symbol;
	struct object object = {0};
	struct error *error = names_find(names, NULL, "it", &symbol);

	if (error)
		return error;
	object.type = symbol.type;
	return layout_make(names, &object, &labels, ret);
}

static void ask_type(const char *name)
{
	type_id id = NO_TYPE;

	error_destroy(names_find_type(names, name, &id));
	if (id != NO_TYPE)
		free(names_spell(names, id));
}

/* All that can be asked, where the answers do not matter. */
static void ask_all(void)
{
	struct symbol *symbols = NULL;
	struct layout layout = {0};
	size_t count = 0;

	error_destroy(lay_out(&layout));
	layout_deinit(&layout);
	ask_type("struct s");
	ask_type("base");
	error_destroy(names_find_all(names, "test.c", "it", &symbols, &count));
	free(symbols);
	symbols = NULL;
	count = 0;
	error_destroy(names_variables(names, NULL, &symbols, &count));
	for (size_t i = 0; i < count; i++)
		free(names_spell(names, symbols[i].type));
	free(symbols);
}

/* Lays `it` out, of the unit that was written, and expects so many registers;
 * 0: an error. */
static void expect_registers(size_t wanted, const char *label)
{
	struct layout layout = {0};
	struct error *error;

	end_unit();
	add_dwarf();
	open_names(write_elf(true), 1);
	error = lay_out(&layout);
	ck_assert_msg(!error == (wanted != 0), "%s: %s", label,
		      error ? error->message : "there is no error");
	error_destroy(error);
	ck_assert_msg(layout.count == wanted, "%s: %zu registers", label,
		      layout.count);
	layout_deinit(&layout);
	ask_all();
	close_names();
}

/* A program that is as it should be: `it` is a struct of two registers. */
static void put_good(void)
{
	uint32_t base, type;

	begin_unit();
	base = put_base("base", 4);
	type = open_struct(DW_TAG_structure_type, "s", 8);
	put_member("first", base, 0);
	put_member("second", base, 4);
	end_children();
	put_variable(type);
}

static void add_symbols(unsigned size, uint64_t place)
{
	struct blob symbols = {0}, texts = {0};
	Elf64_Sym symbol = {.st_name = 1,
			    .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
			    .st_shndx = 1,
			    .st_value = place,
			    .st_size = size};

	put(&symbols, &(Elf64_Sym){0}, sizeof(symbol));
	put(&symbols, &symbol, sizeof(symbol));
	put_1(&texts, 0);
	put_text(&texts, "it");
	add_section(".symtab", SHT_SYMTAB, &symbols)->header = (Elf64_Shdr){
		.sh_type = SHT_SYMTAB,
		.sh_link = (Elf64_Word)n_sections + 1,
		.sh_info = 1,
		.sh_addralign = 8,
		.sh_entsize = sizeof(symbol),
	};
	add_section(".strtab", SHT_STRTAB, &texts);
}

static struct blob good_file(void)
{
	put_good();
	end_unit();
	add_dwarf();
	add_symbols(8, VARIABLE_AT);
	return write_elf(true);
}

static struct blob copy_of(const struct blob *blob, size_t size)
{
	struct blob copy = {0};

	put(&copy, blob->bytes, size);
	return copy;
}

/* Files ------------------------------------------------------------------- */

START_TEST(good)
{
	struct symbol symbol;

	put_good();
	expect_registers(2, "good");
	open_names(good_file(), 1);
	expect_no_error(names_find(names, NULL, "it", &symbol), "it");
	ck_assert_uint_eq(symbol.address, BASE + VARIABLE_AT);
	ck_assert_uint_eq(symbol.size, 8);
	ck_assert(symbol.has_type);
	ck_assert_str_eq(symbol.name, "it");
}
END_TEST

START_TEST(truncated)
{
	struct blob whole = good_file();

	for (size_t size = 0; size < whole.size; size += 64) {
		open_names(copy_of(&whole, size), 1);
		ask_all();
	}
	blob_deinit(&whole);
}
END_TEST

/* Each byte, in three ways. */
START_TEST(damaged)
{
	static const unsigned char masks[] = {0xff, 0x80, 0x01};
	struct blob whole = good_file();

	for (size_t i = 0; i < whole.size * ARRAY_SIZE(masks); i++) {
		struct blob copy = copy_of(&whole, whole.size);

		copy.bytes[i / ARRAY_SIZE(masks)] ^=
			masks[i % ARRAY_SIZE(masks)];
		open_names(copy, 1);
		ask_all();
	}
	blob_deinit(&whole);
}
END_TEST

static void expect_no_program(const void *bytes, size_t size, const char *label)
{
	struct blob file = {0};
	struct symbol symbol;
	struct symbol *symbols;
	type_id id;
	size_t count;

	put(&file, bytes, size);
	open_names(file, 1);
	expect_error(names_find(names, NULL, "it", &symbol), ERROR_FAILED,
		     label);
	expect_error(names_find_type(names, "struct s", &id), ERROR_FAILED,
		     label);
	expect_error(names_variables(names, NULL, &symbols, &count),
		     ERROR_FAILED, label);
	ask_all();
}

START_TEST(no_elf)
{
	static const char text_file[] = "#!/bin/sh\necho it\n";
	static const char zeros[4096] = {0};
	struct blob file = good_file();

	expect_no_program("", 0, "empty");
	expect_no_program(text_file, strlen(text_file), "text");
	expect_no_program(zeros, sizeof(zeros), "zeros");
	expect_no_program(file.bytes, SELFMAG, "magic");
	expect_no_program(file.bytes, EI_NIDENT, "ident");
	file.bytes[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
	expect_no_program(file.bytes, file.size, "other byte order");
	file.bytes[EI_DATA] = 7;
	expect_no_program(file.bytes, file.size, "no byte order");
	blob_deinit(&file);
}
END_TEST

START_TEST(narrow)
{
	struct layout layout = {0};

	put_good();
	end_unit();
	add_dwarf();
	open_names(write_elf(false), 1);
	expect_no_error(lay_out(&layout), "narrow");
	ck_assert_uint_eq(layout.count, 2);
	layout_deinit(&layout);
	ask_all();
}
END_TEST

/* A class that the contents are not of. */
START_TEST(other_class)
{
	struct blob file = good_file();

	file.bytes[EI_CLASS] = ELFCLASS32;
	open_names(file, 1);
	ask_all();
	put_good();
	end_unit();
	add_dwarf();
	file = write_elf(false);
	file.bytes[EI_CLASS] = ELFCLASS64;
	open_names(file, 1);
	ask_all();
}
END_TEST

/* The file becomes shorter after each of the questions. */
START_TEST(shrinks)
{
	for (unsigned asked = 0; asked < 3; asked++) {
		struct symbol symbol;
		type_id id;

		open_names(good_file(), 1);
		if (asked >= 1)
			error_destroy(
				names_find(names, "program", "it", &symbol));
		if (asked >= 2)
			error_destroy(names_find_type(names, "struct s", &id));
		if (!asked)
			fake.file.size = 128;
		else
			ck_assert_int_eq(ftruncate(fake.kept, 0), 0);
		ask_all();
	}
}
END_TEST

START_TEST(not_opened)
{
	struct symbol symbol;
	type_id id;

	fake.fails = true;
	open_names(good_file(), 2);
	for (int i = 0; i < 2; i++) {
		expect_error(names_find(names, NULL, "it", &symbol),
			     ERROR_DENIED, "program");
		expect_error(names_find_type(names, "struct s", &id),
			     ERROR_DENIED, "type");
	}
	/* The library is there. */
	expect_no_error(names_find(names, "libnowhere.so", "it", &symbol),
			"library");
	ck_assert_str_eq(symbol.module, library_path);
	ask_all();
	open_names(good_file(), 0);
	expect_error(names_find(names, NULL, "it", &symbol), ERROR_NO_NAME,
		     "no modules");
	ask_all();
}
END_TEST

/* Types ------------------------------------------------------------------- */

START_TEST(aliases_of_themselves)
{
	static const unsigned tags[] = {DW_TAG_typedef, DW_TAG_const_type,
					DW_TAG_volatile_type};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		uint32_t self;
		size_t at;

		begin_unit();
		self = (uint32_t)dwarf.info.size;
		put_typed(tags[i], "base", self);
		put_variable(self);
		expect_registers(0, "itself");

		begin_unit();
		self = (uint32_t)dwarf.info.size;
		at = put_typed(tags[i], "base", 0);
		patch_4(&dwarf.info, at, (uint32_t)dwarf.info.size);
		put_typed(tags[i], "base", self);
		put_variable(self);
		expect_registers(0, "each other");
	}
}
END_TEST

START_TEST(pointers_to_themselves)
{
	static const unsigned tags[] = {DW_TAG_pointer_type,
					DW_TAG_reference_type};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		uint32_t self;

		begin_unit();
		self = (uint32_t)dwarf.info.size;
		put_typed(tags[i], NULL, self);
		put_variable(self);
		expect_registers(1, "pointer");
	}
}
END_TEST

static void put_struct_of_itself(unsigned tag, unsigned n_members)
{
	uint32_t self;

	begin_unit();
	self = open_struct(tag, "s", 4);
	for (unsigned i = 0; i < n_members; i++)
		put_member("again", self, 0);
	end_children();
	put_variable(self);
	expect_registers(0, "struct of itself");
}

START_TEST(structs_of_themselves)
{
	put_struct_of_itself(DW_TAG_structure_type, 1);
	put_struct_of_itself(DW_TAG_structure_type, 2);
	put_struct_of_itself(DW_TAG_union_type, 1);
	put_struct_of_itself(DW_TAG_union_type, 3);
}
END_TEST

START_TEST(arrays_of_themselves)
{
	static const uint64_t counts[] = {0, 1, 3, 70000, UINT64_C(1) << 63};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		uint32_t self;

		begin_unit();
		self = (uint32_t)dwarf.info.size;
		put_array(self, DW_AT_count, counts[i]);
		put_variable(self);
		expect_registers(0, "array of itself");
	}
}
END_TEST

/* Without a register in it, so that no number of registers ends the walk. */
START_TEST(many_of_nothing)
{
	uint32_t type;

	begin_unit();
	type = open_struct(DW_TAG_structure_type, "empty", 1);
	end_children();
	for (unsigned i = 0; i < 40; i++) {
		uint32_t outer = open_struct(DW_TAG_structure_type, "s", 4);

		put_member("one", type, 0);
		put_member("other", type, 0);
		end_children();
		type = outer;
	}
	put_variable(type);
	expect_registers(0, "doubling");

	begin_unit();
	type = open_struct(DW_TAG_structure_type, "empty", 1);
	end_children();
	for (unsigned i = 0; i < 4; i++)
		type = put_array(type, DW_AT_count, 60000);
	put_variable(type);
	expect_registers(0, "arrays");
}
END_TEST

START_TEST(long_arrays)
{
	static const struct {
		unsigned code;
		uint64_t bound;
		bool of_structs;
		size_t registers;
	} cases[] = {
		{DW_AT_count, 70000, false, 1},
		{DW_AT_upper_bound, 69999, false, 1},
		{DW_AT_count, 1000, true, 1000},
		{DW_AT_count, 70000, true, 0},
		{DW_AT_count, UINT64_C(1) << 63, true, 0},
		{DW_AT_count, UINT64_MAX, true, 0},
		{DW_AT_upper_bound, UINT64_MAX, true, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t base, element;

		begin_unit();
		base = put_base("base", 4);
		element = open_struct(DW_TAG_structure_type, "s", 4);
		put_member("only", base, 0);
		end_children();
		put_variable(put_array(cases[i].of_structs ? element : base,
				       cases[i].code, cases[i].bound));
		expect_registers(cases[i].registers, "array");
	}
}
END_TEST

/* Lengths that no memory has: whatever is made of them, quickly. */
START_TEST(endless_arrays)
{
	static const uint64_t bounds[] = {UINT64_C(1) << 62, UINT64_C(1) << 63,
					  UINT64_MAX - 1, UINT64_MAX};
	static const unsigned codes[] = {DW_AT_count, DW_AT_upper_bound};

	for (size_t i = 0; i < ARRAY_SIZE(bounds) * ARRAY_SIZE(codes); i++) {
		uint32_t array, type;

		begin_unit();
		array = put_array(put_base("base", 8), codes[i % 2],
				  bounds[i / 2]);
		type = open_struct(DW_TAG_union_type, "s", 8);
		put_member("array", array, 0);
		put_member("more", array, UINT64_MAX - 7);
		end_children();
		put_variable(i & 1 ? array : type);
		end_unit();
		add_dwarf();
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

START_TEST(large_union)
{
	enum { MEMBERS = 10000 };
	uint32_t base, type;

	begin_unit();
	base = put_base("base", 4);
	type = open_struct(DW_TAG_union_type, "s", 4);
	for (unsigned i = 0; i < MEMBERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "m%u", i);
		put_member(name, base, 0);
	}
	end_children();
	put_variable(type);
	expect_registers(1, "union");

	begin_unit();
	base = put_base("base", 4);
	type = open_struct(DW_TAG_union_type, "s", 4 * MEMBERS);
	for (unsigned i = 0; i < MEMBERS; i++)
		put_member("m", base, 4 * i);
	end_children();
	put_variable(type);
	expect_registers(MEMBERS, "union that is a struct");
}
END_TEST

/* Two that are called the same are compared, and so is what is in them. */
START_TEST(many_comparisons)
{
	enum { MEMBERS = 2000, LEVELS = 3 };
	static const char *const called[LEVELS] = {"a", "b", "s"};
	uint32_t base, other;
	type_id id;

	begin_unit();
	base = put_base("base", 4);
	other = put_base("other", 8);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t inner = base;

		for (unsigned j = 0; j < LEVELS; j++) {
			uint32_t outer = open_struct(DW_TAG_structure_type,
						     called[j], 4);

			for (unsigned k = 0; k < MEMBERS; k++)
				put_member("m", inner, 0);
			put_member("last", i ? other : base, 0);
			end_children();
			inner = outer;
		}
	}
	end_unit();
	add_dwarf();
	open_names(write_elf(true), 1);
	expect_error(names_find_type(names, "struct s", &id), ERROR_USAGE,
		     "two");
}
END_TEST

START_TEST(long_names)
{
	enum { LENGTH = 1000 * 1000 };
	char *name = malloc(LENGTH + 1);
	struct symbol *symbols = NULL;
	struct symbol symbol;
	uint32_t base, type;
	size_t count = 0;

	ck_assert_ptr_nonnull(name);
	memset(name, 'x', LENGTH);
	name[LENGTH] = '\0';
	begin_unit();
	base = put_base(name, 4);
	type = open_struct(DW_TAG_structure_type, name, 4);
	put_member(name, base, 0);
	end_children();
	entry(DW_TAG_variable, false);
	text(DW_AT_name, name);
	reference(DW_AT_type, type);
	put_place();
	end_attributes();
	put_variable(type);
	expect_registers(1, "long");

	put_good();
	end_unit();
	add_dwarf();
	open_names(write_elf(true), 1);
	expect_error(names_find(names, NULL, name, &symbol), ERROR_NO_NAME,
		     "long");
	expect_error(names_find(names, name, "it", &symbol), ERROR_NO_NAME,
		     "scope");
	expect_no_error(names_find_all(names, NULL, name, &symbols, &count),
			"all");
	free(symbols);
	ask_type(name);
	free(name);
}
END_TEST

START_TEST(member_places)
{
	static const struct {
		uint64_t offset;
		size_t registers;
	} cases[] = {
		{0, 2},
		{UINT64_C(1) << 40, 2},
		{UINT64_MAX, 0},
		{UINT64_MAX - 3, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t base, inner, type;

		begin_unit();
		base = put_base("base", 4);
		inner = open_struct(DW_TAG_structure_type, "inner", 8);
		put_member("one", base, 0);
		put_member("two", base, 4);
		end_children();
		type = open_struct(DW_TAG_structure_type, "s", 8);
		put_member("inner", inner, cases[i].offset);
		end_children();
		put_variable(type);
		expect_registers(cases[i].registers, "member");
	}
}
END_TEST

static void put_bits(uint32_t type, uint64_t bits, unsigned code, unsigned form,
		     uint64_t value)
{
	entry(DW_TAG_member, false);
	text(DW_AT_name, "bits");
	reference(DW_AT_type, type);
	number(DW_AT_bit_size, bits);
	attribute(code, form);
	if (form == DW_FORM_sdata)
		put_1(&dwarf.info, (uint8_t)(value & 0x7f));
	else
		put_8(&dwarf.info, value);
	end_attributes();
}

START_TEST(bit_fields)
{
	static const struct {
		uint64_t bits;
		unsigned code, form;
		uint64_t value;
		size_t registers;
	} cases[] = {
		{3, DW_AT_data_bit_offset, DW_FORM_data8, 4, 1},
		{32, DW_AT_data_bit_offset, DW_FORM_data8, 0, 1},
		{33, DW_AT_data_bit_offset, DW_FORM_data8, 0, 0},
		{UINT64_C(1) << 32, DW_AT_data_bit_offset, DW_FORM_data8, 0, 0},
		{UINT64_C(1) << 63, DW_AT_data_bit_offset, DW_FORM_data8, 0, 0},
		{UINT64_MAX, DW_AT_bit_offset, DW_FORM_data8, 0, 0},
		{3, DW_AT_data_bit_offset, DW_FORM_data8, 30, 0},
		{3, DW_AT_bit_offset, DW_FORM_data8, 4, 1},
		{3, DW_AT_bit_offset, DW_FORM_data8, 30, 0},
		{3, DW_AT_bit_offset, DW_FORM_data8, UINT64_C(1) << 63, 0},
		{3, DW_AT_bit_offset, DW_FORM_sdata, (uint64_t)-8, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t base, type;

		begin_unit();
		base = put_base("base", 4);
		type = open_struct(DW_TAG_structure_type, "s", 4);
		put_bits(base, cases[i].bits, cases[i].code, cases[i].form,
			 cases[i].value);
		end_children();
		put_variable(type);
		expect_registers(cases[i].registers, "bits");
	}
}
END_TEST

/* Far away, so that sums of places and bits do not fit into 64 bits. */
START_TEST(far_bit_fields)
{
	static const uint64_t places[] = {UINT64_MAX, UINT64_MAX - 1,
					  UINT64_MAX / 8 * 8,
					  UINT64_C(1) << 63};
	uint32_t base, type;

	for (size_t i = 0; i < ARRAY_SIZE(places) * 2; i++) {
		begin_unit();
		base = put_base("base", 8);
		type = open_struct(i & 1 ? DW_TAG_union_type
					 : DW_TAG_structure_type,
				   "s", i & 2 ? UINT64_MAX : 4);
		put_bits(base, 3, DW_AT_data_bit_offset, DW_FORM_data8,
			 places[i / 2]);
		entry(DW_TAG_member, false);
		text(DW_AT_name, "more");
		reference(DW_AT_type, base);
		number(DW_AT_bit_size, 60);
		number(DW_AT_data_member_location, places[i / 2]);
		end_attributes();
		end_children();
		put_variable(type);
		end_unit();
		add_dwarf();
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

/* Entries ----------------------------------------------------------------- */

/* Siblings that lead back, at the level that is walked and below one. */
START_TEST(siblings)
{
	for (unsigned i = 0; i < 6; i++) {
		uint32_t self, base;
		bool nested = i & 1;

		begin_unit();
		base = put_base("base", 4);
		if (nested) {
			entry(DW_TAG_subprogram, true);
			text(DW_AT_name, "function");
			end_attributes();
		}
		self = entry(DW_TAG_lexical_block, true);
		reference(DW_AT_sibling, i < 2   ? self
					 : i < 4 ? 11
						 : UINT32_MAX);
		end_attributes();
		put_base("inner", 2);
		end_children();
		if (nested)
			end_children();
		put_variable(base);
		end_unit();
		add_dwarf();
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

/* Entries in entries, without an end of any of them. */
START_TEST(deep_entries)
{
	static const unsigned tags[] = {DW_TAG_namespace, DW_TAG_lexical_block,
					DW_TAG_structure_type,
					DW_TAG_subprogram};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		unsigned char again[3]; /* the number, and the name */

		begin_unit();
		put_variable(put_base("base", 4));
		entry(tags[i], true);
		text(DW_AT_name, "s");
		end_attributes();
		memcpy(again,
		       dwarf.info.bytes + dwarf.info.size - sizeof(again),
		       sizeof(again));
		for (unsigned j = 0; j < 100000; j++)
			put(&dwarf.info, again, sizeof(again));
		end_unit();
		add_dwarf();
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

START_TEST(abbreviations)
{
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
		{"", 0},
		{"\1", 1},
		{"\1\x11\1", 3},
		{"\1\x11\1\3\x08", 5},
		{"\1\x11\1\0\0\1\x11\1\0\0\0", 11},
		{"\1\x11\7\0\0\0", 6},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 12},
		{"\1\x11\1\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0\0\0", 17},
		{"\1\x11\1\x03\x21\x80\x80\x80\x80\x80\x80", 11},
		{"\2\x11\1\0\0\0", 6},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_good();
		end_unit();
		dwarf.abbrev.size = 0;
		put(&dwarf.abbrev, cases[i].bytes, cases[i].size);
		add_dwarf();
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

/* Forms that say that another form follows, again and again. */
START_TEST(indirect_forms)
{
	enum { MANY = 1000 * 1000 };

	begin_unit();
	put_variable(put_base("base", 4));
	entry(DW_TAG_variable, false);
	attribute(DW_AT_const_value, DW_FORM_indirect);
	text(DW_AT_name, "it");
	end_attributes();
	dwarf.info.size -= 3;
	for (unsigned i = 0; i < MANY; i++)
		put_1(&dwarf.info, DW_FORM_indirect);
	put_1(&dwarf.info, DW_FORM_data1);
	put_1(&dwarf.info, 0);
	put_text(&dwarf.info, "it");
	end_unit();
	add_dwarf();
	open_names(write_elf(true), 1);
	ask_all();
}
END_TEST

START_TEST(entries_that_mean_each_other)
{
	static const unsigned codes[] = {DW_AT_specification,
					 DW_AT_abstract_origin};

	for (size_t i = 0; i < ARRAY_SIZE(codes) * 2; i++) {
		uint32_t self;
		size_t at;

		begin_unit();
		put_variable(put_base("base", 4));
		self = entry(DW_TAG_variable, false);
		at = reference(codes[i / 2], self);
		end_attributes();
		if (i & 1)
			patch_4(&dwarf.info, at, (uint32_t)dwarf.info.size);
		entry(DW_TAG_variable, false);
		reference(codes[i / 2], self);
		put_place();
		end_attributes();
		expect_registers(1, "others");
	}
}
END_TEST

/* References to what is not there, or no entry. */
START_TEST(wrong_references)
{
	static const struct {
		unsigned form, size;
		uint64_t value;
	} cases[] = {
		{DW_FORM_ref4, 4, 0},
		{DW_FORM_ref4, 4, 3},
		{DW_FORM_ref4, 4, 13},
		{DW_FORM_ref4, 4, UINT32_MAX},
		{DW_FORM_ref8, 8, UINT64_MAX},
		{DW_FORM_ref8, 8, UINT64_C(1) << 63},
		{DW_FORM_ref_addr, 4, 0},
		{DW_FORM_ref_addr, 4, UINT32_MAX},
		{DW_FORM_ref_sig8, 8, 1},
		{DW_FORM_GNU_ref_alt, 4, 11},
		{DW_FORM_ref_sup4, 4, 11},
		{DW_FORM_data4, 4, 11},
		{DW_FORM_exprloc, 4, 0x03030303},
		{DW_FORM_flag_present, 0, 0},
		{0x7f, 4, 11},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin_unit();
		put_base("base", 4);
		entry(DW_TAG_variable, false);
		text(DW_AT_name, "it");
		put_place();
		attribute(DW_AT_type, cases[i].form);
		put(&dwarf.info, &cases[i].value, cases[i].size);
		end_attributes();
		end_unit();
		add_dwarf();
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

/* A text that goes on behind its section. */
START_TEST(texts_without_an_end)
{
	struct symbol symbol;

	put_good();
	end_unit();
	/* In an entry, the last of the unit. */
	dwarf.info.size--;
	entry(DW_TAG_variable, false);
	put_place();
	attribute(DW_AT_name, DW_FORM_string);
	end_attributes();
	put_1(&dwarf.abbrev, 0);
	put(&dwarf.info, "xyz", 3);
	patch_4(&dwarf.info, 0, (uint32_t)dwarf.info.size - 4);
	add_dwarf();
	open_names(write_elf(true), 1);
	ask_all();
	expect_error(names_find(names, NULL, "xyz", &symbol), ERROR_NO_NAME,
		     "in an entry");

	/* In a section of texts, the last one and one behind that. */
	for (uint32_t offset = 4; offset < 8; offset++) {
		put_good();
		entry(DW_TAG_variable, false);
		put_place();
		attribute(DW_AT_name, DW_FORM_strp);
		put_4(&dwarf.info, offset);
		end_attributes();
		put(&dwarf.strings, "abc\0xyz", 7);
		end_unit();
		add_dwarf();
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

/* A text by its number, which leads to the end of all texts. */
START_TEST(texts_by_number)
{
	static const uint32_t offsets[] = {0, 3, 4, 5, UINT32_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct blob numbers = {0};
		struct symbol symbol;

		put_4(&dwarf.info, 0);
		put_2(&dwarf.info, 5);
		put_1(&dwarf.info, DW_UT_compile);
		put_1(&dwarf.info, 8);
		put_4(&dwarf.info, 0);
		entry(DW_TAG_compile_unit, true);
		attribute(DW_AT_str_offsets_base, DW_FORM_sec_offset);
		put_4(&dwarf.info, 8);
		end_attributes();
		entry(DW_TAG_variable, false);
		attribute(DW_AT_name, DW_FORM_strx1);
		put_1(&dwarf.info, 0);
		put_place();
		end_attributes();
		put(&dwarf.strings, "abc", 4);
		end_unit();
		put_4(&numbers, 8);
		put_4(&numbers, 5);
		put_4(&numbers, offsets[i]);
		add_section(".debug_str_offsets", SHT_PROGBITS, &numbers);
		add_dwarf();
		open_names(write_elf(true), 1);
		if (!i)
			expect_no_error(names_find(names, NULL, "abc", &symbol),
					"abc");
		ask_all();
		error_destroy(names_find(names, NULL, "abc", &symbol));
	}
}
END_TEST

/* Sections ---------------------------------------------------------------- */

/* Compressed sections that say that they are very large. */
START_TEST(bombs)
{
	static const uint64_t sizes[] = {UINT64_C(1) << 33, UINT64_C(1) << 40,
					 UINT64_C(1) << 63, UINT64_MAX, 0};
	static const unsigned types[] = {ELFCOMPRESS_ZLIB, 2, 99};

	for (size_t i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(types); i++) {
		Elf64_Chdr header = {.ch_type = types[i % ARRAY_SIZE(types)],
				     .ch_size = sizes[i / ARRAY_SIZE(types)],
				     .ch_addralign = 1};
		struct blob data = {0};

		put_good();
		end_unit();
		put(&data, &header, sizeof(header));
		put(&data, dwarf.info.bytes, dwarf.info.size);
		blob_deinit(&dwarf.info);
		dwarf.info = data;
		add_dwarf();
		sections[0].header.sh_flags = SHF_COMPRESSED;
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

START_TEST(old_bombs)
{
	static const unsigned char sizes[][8] = {
		{0, 0, 0, 2, 0, 0, 0, 0},
		{0, 0, 1, 0, 0, 0, 0, 0},
		{0x80, 0, 0, 0, 0, 0, 0, 0},
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct blob data = {0};

		put_good();
		end_unit();
		put(&data, "ZLIB", 4);
		put(&data, sizes[i], sizeof(sizes[i]));
		put(&data, dwarf.info.bytes, dwarf.info.size);
		blob_deinit(&dwarf.info);
		dwarf.info = data;
		add_dwarf();
		sections[0].name = ".zdebug_info";
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

/* The table of symbols, with a header that is wrong. */
START_TEST(symbol_tables)
{
	static const struct {
		size_t field, size;
		uint64_t value;
	} cases[] = {
#define FIELD(name, value)                                                     \
	{offsetof(Elf64_Shdr, name), sizeof(((Elf64_Shdr *)0)->name), value}
		FIELD(sh_link, 0),          FIELD(sh_link, 1),
		FIELD(sh_link, 3),          FIELD(sh_link, 9999),
		FIELD(sh_link, UINT32_MAX), FIELD(sh_entsize, 0),
		FIELD(sh_entsize, 1),       FIELD(sh_entsize, UINT64_MAX),
		FIELD(sh_size, 0),          FIELD(sh_size, 47),
		FIELD(sh_size, 1 << 20),    FIELD(sh_size, UINT64_C(1) << 40),
		FIELD(sh_size, UINT64_MAX), FIELD(sh_addralign, 0),
		FIELD(sh_addralign, 3),     FIELD(sh_type, SHT_DYNSYM),
		FIELD(sh_type, SHT_NOBITS), FIELD(sh_info, UINT32_MAX),
#undef FIELD
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		size_t which = i % 2 ? 3 : 2; /* the symbols, their texts */
		struct section *section = &sections[which];

		put_good();
		end_unit();
		add_dwarf();
		add_symbols(8, VARIABLE_AT);
		section->odd_size = true;
		section->header.sh_size = section->data.size;
		memcpy((char *)&section->header + cases[i / 2].field,
		       &cases[i / 2].value, cases[i / 2].size);
		open_names(write_elf(true), 1);
		ask_all();
	}
}
END_TEST

/* Names of symbols without an end, and outside of their section. */
START_TEST(symbol_names)
{
	static const uint32_t places[] = {1, 2, 3, 4, 1 << 20, UINT32_MAX};
	struct symbol symbol;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		Elf64_Sym *symbols;

		add_symbols(8, VARIABLE_AT);
		symbols = (Elf64_Sym *)(void *)sections[0].data.bytes;
		symbols[1].st_name = places[i];
		sections[1].data.size--;
		open_names(write_elf(true), 1);
		expect_error(names_find(names, NULL, "it", &symbol),
			     ERROR_NO_NAME, "symbol");
		expect_error(names_find(names, NULL, "t", &symbol),
			     ERROR_NO_NAME, "symbol");
	}
}
END_TEST

/* A name that very many have, at places of their own. */
START_TEST(many_symbols)
{
	enum { MANY = 20000 };
	struct symbol *symbols, symbol;
	size_t count;

	add_symbols(8, VARIABLE_AT);
	for (unsigned i = 1; i < MANY; i++) {
		Elf64_Sym copy;

		memcpy(&copy, sections[0].data.bytes + sizeof(copy),
		       sizeof(copy));
		copy.st_value += 8 * i;
		put(&sections[0].data, &copy, sizeof(copy));
	}
	open_names(write_elf(true), 1);
	expect_no_error(names_find_all(names, NULL, "it", &symbols, &count),
			"all");
	free(symbols);
	ck_assert_uint_gt(count, 1);
	expect_error(names_find(names, NULL, "it", &symbol), ERROR_USAGE,
		     "ambiguous");
}
END_TEST

static const unsigned char build_id[20] = {1, 2, 3};

static void add_build_id(void)
{
	struct blob note = {0};

	put_4(&note, 4);
	put_4(&note, sizeof(build_id));
	put_4(&note, NT_GNU_BUILD_ID);
	put_text(&note, "GNU");
	put(&note, build_id, sizeof(build_id));
	add_section(".note.gnu.build-id", SHT_NOTE, &note)
		->header.sh_addralign = 4;
}

/* What is begun --------------------------------------------------------- */

static void add_listed(void *data, const char *name, bool is_scope)
{
	char *list = data;

	ck_assert_uint_lt(strlen(list) + strlen(name) + 4, 256);
	sprintf(list + strlen(list), "%s%s%s", *list ? " " : "", name,
		is_scope ? "::" : "");
}

/* A name may come twice: of the symbol table and of DWARF. */
static void expect_listed(const char *scope, const char *begun,
			  const char *wanted)
{
	char list[256] = "";

	expect_no_error(names_list(names, scope, begun, add_listed, list),
			begun);
	ck_assert_msg(strcmp(list, wanted) == 0, "%s%s: %s", scope ? scope : "",
		      begun, list);
}

START_TEST(listed)
{
	open_names(good_file(), 1);
	expect_listed(NULL, "", "it it");
	expect_listed(NULL, "i", "it it");
	expect_listed(NULL, "it", "it it");
	expect_listed(NULL, "ita", "");
	expect_listed(NULL, "_", "");
	expect_listed(NULL, "t", "test.c::");
	expect_listed(NULL, "pro", "program::");
	expect_listed("program", "i", "it it");
	expect_listed("test.c", "i", "it");
	expect_listed("other.c", "i", "");
	expect_listed("other", "i", "");
}
END_TEST

/* When the time is over, or a signal has come, what was found is not taken for
 * all that there is; and the next question finds it. */
START_TEST(stopped)
{
	struct symbol *symbols = NULL, symbol;
	size_t count = 0;
	type_id id;

	interrupt_catch();
	for (unsigned i = 0; i < 2; i++) {
		put_good();
		end_unit();
		add_dwarf();
		open_names(write_elf(true), 1);
		names_limit(names, i ? 1 : 0);
		if (!i)
			raise(SIGINT);
		expect_error(names_find(names, NULL, "it", &symbol),
			     ERROR_INTERRUPTED, "it");
		expect_error(names_find_type(names, "struct s", &id),
			     ERROR_INTERRUPTED, "struct s");
		expect_error(
			names_find_all(names, "test.c", "it", &symbols, &count),
			ERROR_INTERRUPTED, "test.c::it");
		expect_error(names_variables(names, NULL, &symbols, &count),
			     ERROR_INTERRUPTED, "all");
		expect_listed(NULL, "i", "");
		ck_assert(names_are_stopped(names));
		interrupt_clear();
		names_limit(names, 0);
		ck_assert(!names_are_stopped(names));
		expect_no_error(names_find(names, NULL, "it", &symbol), "it");
		expect_no_error(names_find_type(names, "struct s", &id),
				"struct s");
		expect_listed(NULL, "i", "it");
	}
	signal(SIGINT, SIG_DFL);
}
END_TEST

/* No server is asked for somebody who is typing; later it is, for a command. */
START_TEST(not_fetched)
{
	struct symbol symbol;

	add_symbols(8, VARIABLE_AT);
	add_build_id();
	open_names(write_elf(true), 1);
	fake.base.asks_server = true;
	names_limit(names, UINT64_MAX);
	expect_listed(NULL, "i", "it");
	expect_error(names_find(names, NULL, "it", &symbol), ERROR_INTERRUPTED,
		     "it");
	ck_assert_uint_eq(fake.fetched, 0);
	names_limit(names, 0);
	expect_no_error(names_find(names, NULL, "it", &symbol), "it");
	ck_assert_uint_eq(fake.fetched, 1);
	ck_assert(!symbol.has_type);
}
END_TEST

/* Other files ------------------------------------------------------------- */

/* A file that must not be opened but by us, as if it were a device's. */
struct trap {
	struct tree tree;
	char *path;
	int watch;
	unsigned descriptors;
};

static unsigned count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	ck_assert_ptr_nonnull(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void trap_init(struct trap *trap)
{
	tree_init(&trap->tree);
	tree_put(&trap->tree, "device", "trap");
	ck_assert_int_gt(asprintf(&trap->path, "%s/trap", trap->tree.path), 0);
	trap->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ck_assert_int_ge(trap->watch, 0);
	ck_assert_int_ge(
		inotify_add_watch(trap->watch, trap->path, IN_OPEN | IN_ACCESS),
		0);
	trap->descriptors = count_descriptors();
}

/* Expects that nothing was opened, and nothing is open any more. */
static void trap_deinit(struct trap *trap, const char *label)
{
	char event[sizeof(struct inotify_event) + 256];
	ssize_t got;

	close_names();
	got = read(trap->watch, event, sizeof(event));
	ck_assert_msg(got < 0 && errno == EAGAIN, "%s: it was opened", label);
	ck_assert_uint_eq(count_descriptors(), trap->descriptors);
	close(trap->watch);
	free(trap->path);
	tree_deinit(&trap->tree);
}

static struct other_file *add_other(const char *path, struct blob file)
{
	struct other_file *other = &fake.others[fake.n_others++];

	ck_assert_uint_le(fake.n_others, ARRAY_SIZE(fake.others));
	*other = (struct other_file){.path = path, .file = file};
	return other;
}

static void drop_others(void)
{
	for (size_t i = 0; i < fake.n_others; i++)
		blob_deinit(&fake.others[i].file);
	fake.n_others = 0;
}

/* .gnu_debugaltlink: the path, and the build id. */
static void add_alt_link(const char *path)
{
	struct blob link = {0};

	put_text(&link, path);
	put(&link, build_id, sizeof(build_id));
	add_section(".gnu_debugaltlink", SHT_PROGBITS, &link);
}

/* Entries whose names and types stand in the supplementary file. */
static void put_alt_references(void)
{
	static const unsigned forms[] = {DW_FORM_GNU_strp_alt,
					 DW_FORM_strp_sup};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		entry(DW_TAG_variable, false);
		put_place();
		attribute(DW_AT_name, forms[i]);
		put_4(&dwarf.info, 0);
		attribute(DW_AT_type, DW_FORM_GNU_ref_alt);
		put_4(&dwarf.info, 11);
		end_attributes();
	}
	entry(DW_TAG_variable, false);
	text(DW_AT_name, "it");
	put_place();
	attribute(DW_AT_type, DW_FORM_GNU_ref_alt);
	put_4(&dwarf.info, 11);
	end_attributes();
}

/* A supplementary file, which itself names one. */
static struct blob alt_file(const char *other)
{
	begin_unit();
	put_variable(put_base("base", 4));
	put_alt_references();
	end_unit();
	add_dwarf();
	add_build_id();
	if (other)
		add_alt_link(other);
	return write_elf(true);
}

START_TEST(supplementary_file)
{
	static const char *const labels[] = {"it is not there", "it is there",
					     "it names another one"};

	for (unsigned i = 0; i < ARRAY_SIZE(labels); i++) {
		struct other_file *other;
		struct trap trap;

		trap_init(&trap);
		other = add_other(i == 2 ? "/nowhere/alt" : trap.path,
				  (struct blob){0});
		if (i)
			other->file = alt_file(i == 2 ? trap.path : NULL);
		begin_unit();
		put_alt_references();
		end_unit();
		add_dwarf();
		add_alt_link(other->path);
		open_names(write_elf(true), 1);
		ask_all();
		ck_assert_uint_ge(other->asked, 1);
		drop_others();
		trap_deinit(&trap, labels[i]);
	}
}
END_TEST

enum { SPLIT_ID = 0x1234 };

/* A skeleton of DWARF 4. */
static void put_skeleton(const char *path)
{
	open_unit(false);
	text(DW_AT_GNU_dwo_name, path);
	text(DW_AT_comp_dir, "/");
	attribute(DW_AT_GNU_dwo_id, DW_FORM_data8);
	put_8(&dwarf.info, SPLIT_ID);
	end_attributes();
	close_unit();
}

static void put_header_5(unsigned type)
{
	put_4(&dwarf.info, 0);
	put_2(&dwarf.info, 5);
	put_1(&dwarf.info, (uint8_t)type);
	put_1(&dwarf.info, 8);
	put_4(&dwarf.info, 0);
	put_8(&dwarf.info, SPLIT_ID);
}

/* The same of DWARF 5. */
static void put_skeleton_5(const char *path)
{
	put_header_5(DW_UT_skeleton);
	entry(DW_TAG_skeleton_unit, false);
	text(DW_AT_dwo_name, path);
	text(DW_AT_comp_dir, "/");
	number(DW_AT_language, DW_LANG_C99);
	end_attributes();
	close_unit();
}

/* The same as in its .dwo file, of which libdw takes less, in an ordinary one.
 */
static struct blob split_file_5(const char *alt)
{
	put_header_5(DW_UT_split_compile);
	entry(DW_TAG_compile_unit, true);
	text(DW_AT_name, "test.c");
	end_attributes();
	put_alt_references();
	end_unit();
	add_dwarf();
	add_alt_link(alt);
	return write_elf(true);
}

/* Its .dwo file, which may have a supplementary one. */
static struct blob split_file(const char *alt)
{
	open_unit(true);
	attribute(DW_AT_GNU_dwo_id, DW_FORM_data8);
	put_8(&dwarf.info, SPLIT_ID);
	end_attributes();
	if (alt)
		put_alt_references();
	else
		put_variable(put_base("base", 4));
	end_unit();
	add_section(".debug_info.dwo", SHT_PROGBITS, &dwarf.info);
	add_section(".debug_abbrev.dwo", SHT_PROGBITS, &dwarf.abbrev);
	if (alt)
		add_alt_link(alt);
	dwarf = (struct dwarf){0};
	return write_elf(true);
}

START_TEST(split_units)
{
	static const char *const labels[] = {
		"DWARF 4, not there",
		"DWARF 5, not there",
		"DWARF 4, there",
		"DWARF 5, there",
		"DWARF 4, with a supplementary file",
		"DWARF 5, with a supplementary file",
		"ordinary, with a supplementary file",
	};
	struct symbol symbol;

	for (unsigned i = 0; i < ARRAY_SIZE(labels); i++) {
		struct other_file *other;
		struct trap trap;

		trap_init(&trap);
		other = add_other(i >= 4 ? "/nowhere/split" : trap.path,
				  (struct blob){0});
		if (i == 6)
			other->file = split_file_5(trap.path);
		else if (i >= 2)
			other->file = split_file(i >= 4 ? trap.path : NULL);
		if (i % 2 || i == 6)
			put_skeleton_5(other->path);
		else
			put_skeleton(other->path);
		add_dwarf();
		open_names(write_elf(true), 1);
		if (i / 2 == 1)
			expect_no_error(
				names_find(names, "test.c", "it", &symbol),
				labels[i]);
		ask_all();
		ck_assert_msg(other->asked, "%s: it was not asked for",
			      labels[i]);
		drop_others();
		trap_deinit(&trap, labels[i]);
	}
}
END_TEST

/* .gnu_debuglink: a name beside the program, never a path. */
START_TEST(debug_link)
{
	static const struct {
		const char *name;
		unsigned asked;
	} cases[] = {
		{"program.debug", 2},
		{"", 0},
		{"../program.debug", 0},
		{NULL, 0}, /* of the trap */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct other_file *beside, *at;
		struct blob link = {0};
		struct trap trap;

		trap_init(&trap);
		at = add_other(trap.path, (struct blob){0});
		beside = add_other("/nowhere/program.debug", (struct blob){0});
		put_text(&link, cases[i].name ? cases[i].name : trap.path);
		while (link.size % 4)
			put_1(&link, 0);
		put_4(&link, 0);
		add_section(".gnu_debuglink", SHT_PROGBITS, &link);
		open_names(write_elf(true), 1);
		ask_all();
		ck_assert_uint_eq(beside->asked, cases[i].asked);
		ck_assert_uint_eq(at->asked, 0);
		drop_others();
		trap_deinit(&trap, "debug link");
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		good,
		truncated,
		damaged,
		no_elf,
		narrow,
		other_class,
		shrinks,
		not_opened,
		aliases_of_themselves,
		pointers_to_themselves,
		structs_of_themselves,
		arrays_of_themselves,
		many_of_nothing,
		long_arrays,
		endless_arrays,
		large_union,
		many_comparisons,
		long_names,
		member_places,
		bit_fields,
		far_bit_fields,
		siblings,
		deep_entries,
		abbreviations,
		indirect_forms,
		entries_that_mean_each_other,
		wrong_references,
		texts_without_an_end,
		texts_by_number,
		bombs,
		old_bombs,
		symbol_tables,
		symbol_names,
		many_symbols,
		listed,
		stopped,
		not_fetched,
		supplementary_file,
		split_units,
		debug_link,
	};

	return run_suite(
		suite_of("names", set_up, tear_down, tests, ARRAY_SIZE(tests)));
}
