/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF files: whether one is what the target has mapped, and its symbols. */
#include <elfutils/libdwelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names/inside.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { OUR_ORDER = ELFDATA2LSB };
#else
enum { OUR_ORDER = ELFDATA2MSB };
#endif

void elf_file_close(struct elf_file *file)
{
	elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	*file = (struct elf_file){.fd = -1};
}

static const char *check_header(Elf *elf)
{
	GElf_Ehdr header;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		return "it is no ELF file, or a damaged one";
	if (header.e_ident[EI_DATA] != OUR_ORDER)
		return "it is an ELF file of the other byte order";
	return NULL;
}

/* What is read takes memory, holes too: a file must not claim far more than it
 * takes on its disk, where it may be compressed. File systems that do not count
 * blocks say 0. */
static const char *check_size(int fd, uint64_t *ret)
{
	const uint64_t most = UINT64_C(8) << 30, small = UINT64_C(64) << 20;
	const uint64_t ratio = 64;
	struct stat status;
	uint64_t size, stored;

	if (fstat(fd, &status) < 0)
		return "it cannot be looked at";
	size = (uint64_t)status.st_size;
	stored = (uint64_t)status.st_blocks * 512;
	if (size > most || (stored && size > small && size / ratio > stored))
		return "it is too large, or has holes";
	*ret = size;
	return NULL;
}

static const char *check_sections(Elf *elf, uint64_t size)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)) != NULL)
		if (gelf_getshdr(section, &header) &&
		    header.sh_type != SHT_NOBITS && header.sh_size > size)
			return "it is damaged: a section is larger than all of "
			       "it";
	return NULL;
}

const char *elf_file_open(struct elf_file *file, int fd, const char *path)
{
	uint64_t size = 0;
	const char *why = check_size(fd, &size);

	elf_version(EV_CURRENT);
	*file = (struct elf_file){.fd = fd, .path = strdup(path)};
	file->elf = why ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (!why && !(file->path && file->elf))
		why = "it cannot be read as an ELF file";
	if (!why)
		why = check_header(file->elf);
	if (!why)
		why = check_sections(file->elf, size);
	if (why)
		elf_file_close(file);
	return why;
}

size_t elf_build_id(Elf *elf, const unsigned char **ret)
{
	const void *bytes;
	ssize_t length = dwelf_elf_gnu_build_id(elf, &bytes);

	if (length <= 0)
		return 0;
	*ret = bytes;
	return (size_t)length;
}

static Elf_Scn *section_by_name(Elf *elf, const char *name)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings))
		return NULL;
	while ((section = elf_nextscn(elf, section)) != NULL) {
		const char *found;

		if (!gelf_getshdr(section, &header))
			continue;
		found = elf_strptr(elf, strings, header.sh_name);
		if (found && strcmp(found, name) == 0)
			return section;
	}
	return NULL;
}

Elf_Data *elf_section(Elf *elf, const char *name)
{
	Elf_Scn *section = section_by_name(elf, name);
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header) ||
	    header.sh_type == SHT_NOBITS)
		return NULL;
	if ((header.sh_flags & SHF_COMPRESSED) &&
	    elf_compress(section, 0, 0) < 0)
		return NULL;
	return elf_rawdata(section, NULL);
}

static bool holds_texts(const char *name)
{
	static const char *const names[] = {
		".debug_str",  ".debug_str.dwo",  ".debug_line_str",
		".zdebug_str", ".zdebug_str.dwo", ".zdebug_line_str",
	};

	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

size_t elf_text_ends(Elf *elf, const char *ret[MOST_TEXT_SECTIONS])
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t strings, count = 0;

	if (elf_getshdrstrndx(elf, &strings))
		return 0;
	while (count < MOST_TEXT_SECTIONS &&
	       (section = elf_nextscn(elf, section)) != NULL) {
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) ||
		    header.sh_type == SHT_NOBITS ||
		    !holds_texts(elf_strptr(elf, strings, header.sh_name)))
			continue;
		data = elf_rawdata(section, NULL);
		if (data && data->d_buf && data->d_size)
			ret[count++] = (const char *)data->d_buf + data->d_size;
	}
	return count;
}

/* Names may share their ends: only the end of one is compared. */
static bool has_text(const Elf_Data *data, const char *text)
{
	return data && data->d_buf &&
	       memmem(data->d_buf, data->d_size, text, strlen(text) + 1);
}

bool elf_may_name(Elf *elf, const char *name)
{
	static const char *const sections[] = {
		".debug_str", ".debug_info", ".debug_line_str", ".debug_types"};
	/* Compressed in the old way, which elf_section() cannot read. */
	static const char *const old[] = {".zdebug_str", ".zdebug_info",
					  ".zdebug_line_str", ".zdebug_types"};

	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		if (section_by_name(elf, old[i]))
			return true;
	if (!section_by_name(elf, ".debug_info"))
		return true;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (has_text(elf_section(elf, sections[i]), name))
			return true;
	return false;
}

bool elf_first_address(Elf *elf, uint64_t *ret)
{
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &header) ||
		    header.p_type != PT_LOAD)
			continue;
		*ret = header.p_vaddr;
		return true;
	}
	return false;
}

/* The address at which a piece would have the file's address 0. */
static bool piece_bias(const struct module_piece *piece,
		       const GElf_Phdr *header, uint64_t *ret)
{
	uint64_t inside = header->p_offset - piece->offset;

	if (header->p_type != PT_LOAD || header->p_offset < piece->offset ||
	    inside >= piece->end - piece->start)
		return false;
	*ret = piece->start + inside - header->p_vaddr;
	return true;
}

/* How many of its segments stand where a bias has them. */
static unsigned fitting(Elf *elf, size_t count,
			const struct module_source *source, uint64_t bias)
{
	unsigned found = 0;
	GElf_Phdr header;
	uint64_t other;

	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &header))
			continue;
		for (size_t j = 0; j < source->n_pieces; j++)
			if (piece_bias(&source->pieces[j], &header, &other) &&
			    other == bias) {
				found++;
				break;
			}
	}
	return found;
}

/* A file may be mapped more than once: as a program, and to be read. The place
 * where most of its segments stand is the program's. */
bool elf_bias(Elf *elf, const struct module_source *source, uint64_t *ret,
	      const char **ret_why)
{
	enum { MOST_SEGMENTS = 256, MOST_PIECES = 4096 };
	unsigned best = 0;
	bool twice = false;
	GElf_Phdr header;
	uint64_t bias;
	size_t count, n_pieces = source->n_pieces;

	*ret_why = "it is not mapped as its own headers have it";
	if (elf_getphdrnum(elf, &count) || count > MOST_SEGMENTS)
		return false;
	if (n_pieces > MOST_PIECES)
		n_pieces = MOST_PIECES;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &header))
			continue;
		for (size_t j = 0; j < n_pieces; j++) {
			unsigned fit;

			if (!piece_bias(&source->pieces[j], &header, &bias) ||
			    (best && bias == *ret))
				continue;
			fit = fitting(elf, count, source, bias);
			twice = fit == best ? true : fit < best && twice;
			if (fit <= best)
				continue;
			best = fit;
			*ret = bias;
		}
		/* The first segment decides where only one piece has it. */
		if (best && header.p_type == PT_LOAD)
			break;
	}
	if (twice)
		*ret_why = "it is loaded more than once";
	return best && !twice;
}

static bool is_wanted(const GElf_Sym *symbol)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_name &&
	       (type == STT_OBJECT || type == STT_FUNC || type == STT_NOTYPE ||
		type == STT_COMMON || type == STT_TLS || type == STT_GNU_IFUNC);
}

static Elf_Scn *symbol_section(Elf *elf, unsigned type, GElf_Shdr *ret)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)) != NULL)
		if (gelf_getshdr(section, ret) && ret->sh_type == type)
			return section;
	return NULL;
}

bool elf_has_symbols(Elf *elf)
{
	GElf_Shdr header;

	return symbol_section(elf, SHT_SYMTAB, &header) != NULL;
}

/* Versions of the symbols for linking: /usr/include/elf.h, Versym. */
static bool is_hidden(Elf_Data *versions, size_t number)
{
	GElf_Versym version;

	return versions && gelf_getversym(versions, (int)number, &version) &&
	       (version & 0x8000);
}

static bool name_of(const Elf_Data *strings, const GElf_Sym *symbol,
		    struct elf_symbol *ret)
{
	const char *name, *end, *at;

	if (!strings->d_buf || symbol->st_name >= strings->d_size)
		return false;
	name = (const char *)strings->d_buf + symbol->st_name;
	end = memchr(name, '\0', strings->d_size - symbol->st_name);
	if (!end || end == name)
		return false;
	at = memchr(name, '@', (size_t)(end - name));
	ret->name = name;
	ret->length = (size_t)((at ? at : end) - name);
	ret->hidden_version = at && at[1] != '@';
	return true;
}

void elf_each_symbol(Elf *elf, elf_symbol_fn *each, void *data)
{
	GElf_Shdr header, other;
	Elf_Scn *section = symbol_section(elf, SHT_SYMTAB, &header);
	Elf_Data *symbols, *strings, *versions = NULL;
	Elf_Scn *names;
	struct elf_symbol found;
	size_t count;

	if (!section) {
		Elf_Scn *table = symbol_section(elf, SHT_GNU_versym, &other);

		versions = table ? elf_getdata(table, NULL) : NULL;
		section = symbol_section(elf, SHT_DYNSYM, &header);
	}
	names = section ? elf_getscn(elf, header.sh_link) : NULL;
	if (!names || !gelf_getshdr(names, &other) ||
	    other.sh_type != SHT_STRTAB)
		return;
	symbols = elf_getdata(section, NULL);
	strings = elf_getdata(names, NULL);
	if (!symbols || !strings || !symbols->d_buf)
		return;
	count = symbols->d_size / gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	for (size_t i = 1; i < count && i < INT32_MAX; i++) {
		if (!gelf_getsym(symbols, (int)i, &found.symbol) ||
		    !is_wanted(&found.symbol) ||
		    !name_of(strings, &found.symbol, &found))
			continue;
		/* In the program itself NAME@VERSION is one of a library that
		 * it has taken over. */
		if (versions)
			found.hidden_version = is_hidden(versions, i);
		if (!each(data, &found))
			return;
	}
}

/* The relocation that makes a program have its own copy of a variable of a
 * library: <elf.h>. */
static bool is_copy(unsigned machine, unsigned type)
{
	switch (machine) {
	case EM_X86_64:
		return type == R_X86_64_COPY;
	case EM_386:
		return type == R_386_COPY;
	case EM_AARCH64:
		return type == R_AARCH64_COPY;
	case EM_ARM:
		return type == R_ARM_COPY;
	default:
		return false;
	}
}

static bool relocation(const GElf_Shdr *header, Elf_Data *data, size_t number,
		       uint64_t *ret_offset, uint64_t *ret_info)
{
	GElf_Rela rela;
	GElf_Rel rel;

	if (header->sh_type == SHT_RELA) {
		if (!gelf_getrela(data, (int)number, &rela))
			return false;
		*ret_offset = rela.r_offset;
		*ret_info = rela.r_info;
	} else {
		if (!gelf_getrel(data, (int)number, &rel))
			return false;
		*ret_offset = rel.r_offset;
		*ret_info = rel.r_info;
	}
	return true;
}

static void copies_here(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
			elf_copy_fn *each, void *data)
{
	Elf_Scn *table = elf_getscn(elf, header->sh_link);
	Elf_Data *relocations = elf_getdata(section, NULL), *symbols;
	GElf_Shdr table_header;
	GElf_Ehdr file_header;
	GElf_Sym symbol;
	uint64_t info, offset;

	if (!table || !relocations || !gelf_getshdr(table, &table_header) ||
	    !gelf_getehdr(elf, &file_header))
		return;
	symbols = elf_getdata(table, NULL);
	for (size_t i = 0;
	     symbols && relocation(header, relocations, i, &offset, &info);
	     i++) {
		const char *found;

		if (!is_copy(file_header.e_machine,
			     (unsigned)GELF_R_TYPE(info)) ||
		    !gelf_getsym(symbols, (int)GELF_R_SYM(info), &symbol))
			continue;
		found = elf_strptr(elf, table_header.sh_link, symbol.st_name);
		if (found && *found)
			each(data, found, offset, symbol.st_size);
	}
}

void elf_each_copy(Elf *elf, elf_copy_fn *each, void *data)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)) != NULL)
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_RELA || header.sh_type == SHT_REL))
			copies_here(elf, section, &header, each, data);
}

/* In a segment, and not in the headers that stand at the start of the first. */
static bool segment_holds(Elf *elf, uint64_t address)
{
	GElf_Phdr header;
	GElf_Ehdr file;
	size_t count;

	if (elf_getphdrnum(elf, &count) || !gelf_getehdr(elf, &file))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint64_t inside;

		if (!gelf_getphdr(elf, (int)i, &header) ||
		    header.p_type != PT_LOAD)
			continue;
		inside = address - header.p_vaddr;
		if (inside < header.p_memsz &&
		    (inside >= header.p_filesz ||
		     header.p_offset + inside >=
			     file.e_phoff + count * file.e_phentsize))
			return true;
	}
	return false;
}

bool elf_holds(Elf *elf, uint64_t address)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	bool any = false;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		if (!gelf_getshdr(section, &header) ||
		    !(header.sh_flags & SHF_ALLOC) ||
		    (header.sh_flags & SHF_TLS))
			continue;
		any = true;
		if (address - header.sh_addr < header.sh_size)
			return segment_holds(elf, address);
	}
	return !any && segment_holds(elf, address);
}
