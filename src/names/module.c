/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules: the file that the target has mapped, and where its DWARF is. */
#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "names/inside.h"

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "libfoo.so" is libfoo.so.1.2, too. */
bool module_is_called(const struct module *module, const char *scope)
{
	const char *path = module->source->path, *rest;
	const char *base = path_basename(path);
	size_t length = strlen(scope);

	if (strcmp(scope, path) == 0 || strcmp(scope, base) == 0)
		return true;
	return length > 3 && strcmp(scope + length - 3, ".so") == 0 &&
	       text_starts(base, scope, &rest) && *rest == '.';
}

static char *hexadecimal(const unsigned char *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * length + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * length] = '\0';
	return text;
}

static bool same_id(const unsigned char *left, size_t left_length,
		    const unsigned char *right, size_t right_length)
{
	return left_length == right_length &&
	       memcmp(left, right, left_length) == 0;
}

/* The build id in memory decides; without one, that it is the very file. */
static struct error *check_file(const struct module *module,
				const struct module_image *image)
{
	cleanup_free char *here = NULL, *there = NULL;
	const unsigned char *id = NULL;
	size_t length = elf_build_id(module->file.elf, &id);

	if (image->build_id &&
	    same_id(id, length, image->build_id, image->build_id_length))
		return NULL;
	if (!image->build_id && image->exact)
		return NULL;
	if (!image->build_id)
		return error_create(ERROR_FAILED, 0,
				    "%s may not be the file that the target "
				    "runs: nothing in its memory tells (it has "
				    "no build id)",
				    module->source->path);
	here = length ? hexadecimal(id, length) : strdup("none");
	there = hexadecimal(image->build_id, image->build_id_length);
	return error_help(
		error_create(ERROR_FAILED, 0,
			     "%s is not the file that the target runs: it was "
			     "replaced (its build id is %s, that in memory %s)",
			     module->source->path, here ? here : "?",
			     there ? there : "?"),
		"start the target anew, or name addresses and regions");
}

/* Files stay open, and a session needs descriptors for more than names: some
 * are left for that. */
static bool is_in_reserve(int fd)
{
	const rlim_t reserve = 64;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	return (rlim_t)fd + (reserve < limit.rlim_cur / 4
				     ? reserve
				     : limit.rlim_cur / 4) >=
	       limit.rlim_cur;
}

static const char too_many[] =
	"too many files are open (more are permitted with `ulimit -n`)";

/* As elf_file_open(), unless the descriptor is one of those. */
static const char *open_elf(struct elf_file *file, int fd, const char *path)
{
	if (!is_in_reserve(fd))
		return elf_file_open(file, fd, path);
	close(fd);
	*file = (struct elf_file){.fd = -1};
	return too_many;
}

/* Whether that may be why a file of the open module was not found. */
static bool files_are_short(const struct module *module)
{
	int next = dup(module->file.fd);
	bool is_short = next < 0 || is_in_reserve(next);

	if (next >= 0)
		close(next);
	return is_short;
}

static struct error *open_image(struct names *names, struct module *module)
{
	struct name_source *source = names->source;
	struct module_image image = {.fd = -1};
	const char *why;
	struct error *error;

	error = source->open_module(source, module->number, &image);
	if (error)
		return error;
	why = open_elf(&module->file, image.fd, module->source->path);
	if (why)
		error = error_create(ERROR_FAILED, 0, "%s: %s",
				     module->source->path, why);
	else
		error = check_file(module, &image);
	free(image.build_id);
	if (!error &&
	    !elf_bias(module->file.elf, module->source, &module->bias, &why))
		error = error_create(ERROR_FAILED, 0, "%s: %s",
				     module->source->path, why);
	if (error)
		elf_file_close(&module->file);
	else
		module->symbols = module->file.elf;
	return error;
}

struct error *module_open(struct names *names, struct module *module)
{
	if (!module->tried) {
		module->tried = true;
		module->problem = open_image(names, module);
	}
	return module->problem ? error_copy(module->problem) : NULL;
}

/* Compressed sections that claim to be larger than compression can make them
 * would have all memory set aside for them. */
static bool sizes_are_possible(Elf *elf)
{
	const uint64_t most = UINT64_C(4) << 30, ratio = 1100;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Chdr compressed;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		if (!gelf_getshdr(section, &header) ||
		    !(header.sh_flags & SHF_COMPRESSED))
			continue;
		if (!gelf_getchdr(section, &compressed) ||
		    compressed.ch_size > most ||
		    compressed.ch_size / ratio > header.sh_size)
			return false;
	}
	return true;
}

static bool has_section(Elf *elf, const char *name)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings))
		return false;
	while ((section = elf_nextscn(elf, section)) != NULL) {
		const char *found = NULL;

		if (gelf_getshdr(section, &header))
			found = elf_strptr(elf, strings, header.sh_name);
		if (found && strcmp(found, name) == 0)
			return header.sh_type != SHT_NOBITS;
	}
	return false;
}

static bool has_dwarf(Elf *elf)
{
	return has_section(elf, ".debug_info") ||
	       has_section(elf, ".zdebug_info");
}

static void dwarf_file_close(struct dwarf_file *file)
{
	entry_forget();
	dwarf_end(file->dwarf);
	if (file->file.elf)
		elf_file_close(&file->file);
	*file = (struct dwarf_file){.file = {.fd = -1}};
}

/* Whether sections of texts end with the end of one: libdw (0.188) hands out
 * one that goes on behind the section. */
static bool texts_end(Elf *elf)
{
	const char *ends[MOST_TEXT_SECTIONS];
	size_t count = elf_text_ends(elf, ends);

	/* There are no more than three. */
	if (count == MOST_TEXT_SECTIONS)
		return false;
	for (size_t i = 0; i < count; i++)
		if (ends[i][-1])
			return false;
	return true;
}

/* Makes the DWARF of an open file ready; false if it has none. */
static bool begin_dwarf(struct dwarf_file *file, Elf *elf)
{
	if (!sizes_are_possible(elf))
		return false;
	file->dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	/* By now nothing is compressed any more. */
	if (file->dwarf && !texts_end(elf)) {
		dwarf_end(file->dwarf);
		file->dwarf = NULL;
	}
	return file->dwarf != NULL;
}

/* The same for a file that belongs to another one. It must not name one for its
 * own part, for which libdw would go itself (inside.h). */
static bool begin_part(struct dwarf_file *file)
{
	const char *name;
	const void *id;

	return begin_dwarf(file, file->file.elf) &&
	       dwelf_dwarf_gnu_debugaltlink(file->dwarf, &name, &id) == 0;
}

/* A file with the build id that is wanted; `id` NULL: any. */
static bool open_as(struct names *names, enum file_root root, const char *path,
		    const unsigned char *id, size_t length,
		    struct elf_file *ret)
{
	int fd = names->source->open_file(names->source, root, path);
	const unsigned char *found = NULL;
	size_t found_length;

	if (fd < 0 || open_elf(ret, fd, path))
		return false;
	if (!id)
		return true;
	found_length = elf_build_id(ret->elf, &found);
	if (same_id(id, length, found, found_length))
		return true;
	elf_file_close(ret);
	return false;
}

static bool open_anywhere(struct names *names, const char *path,
			  const unsigned char *id, size_t length,
			  struct elf_file *ret)
{
	return open_as(names, ROOT_TARGET, path, id, length, ret) ||
	       open_as(names, ROOT_OURS, path, id, length, ret);
}

static bool open_by_id(struct names *names, const char *folder,
		       const unsigned char *id, size_t length,
		       struct elf_file *ret)
{
	cleanup_free char *text = hexadecimal(id, length), *path = NULL;

	if (length < 2 || !text ||
	    asprintf(&path, "/usr/lib/debug/%s/%.2s/%s.debug", folder, text,
		     text + 2) < 0)
		return false;
	return open_anywhere(names, path, id, length, ret);
}

/* What each byte does to the checksum. */
static const uint32_t *checksum_table(void)
{
	static uint32_t table[256];

	/* Of all its numbers only the first is 0. */
	for (uint32_t i = 0; !table[255] && i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
		table[i] = crc;
	}
	return table;
}

/* The checksum of .gnu_debuglink: that of zlib and Ethernet. False also of a
 * file that is too large to be read whole. */
static bool checksum(int fd, uint32_t *ret)
{
	const uint32_t *table = checksum_table();
	const off_t most = (off_t)4 << 30;
	uint32_t crc = 0xffffffff;
	unsigned char buffer[65536];
	off_t offset = 0;
	ssize_t got;
	struct stat status;

	if (fstat(fd, &status) < 0 || status.st_size > most)
		return false;
	/* It may grow meanwhile. */
	while ((got = pread(fd, buffer, sizeof(buffer), offset)) > 0 &&
	       offset < most) {
		for (ssize_t i = 0; i < got; i++)
			crc = crc >> 8 ^ table[(crc ^ buffer[i]) & 255];
		offset += got;
	}
	*ret = ~crc;
	return got == 0;
}

static bool link_fits(const struct elf_file *file, uint32_t wanted,
		      const unsigned char *id, size_t length)
{
	const unsigned char *found = NULL;
	size_t found_length = elf_build_id(file->elf, &found);
	uint32_t crc;

	if (length && found_length)
		return same_id(id, length, found, found_length);
	return checksum(file->fd, &crc) && crc == wanted;
}

/* .gnu_debuglink: beside the file, in .debug, or below /usr/lib/debug. */
static bool open_by_link(struct names *names, const struct module *module,
			 const unsigned char *id, size_t length,
			 struct elf_file *ret)
{
	static const struct {
		const char *above, *below;
	} places[] = {{"", ""}, {"", ".debug/"}, {"/usr/lib/debug", ""}};
	const char *path = module->source->path;
	int folder = (int)(path_basename(path) - path) - 1;
	GElf_Word crc;
	const char *name = dwelf_elf_gnu_debuglink(module->file.elf, &crc);

	if (!name || strchr(name, '/') || !*name || folder < 0)
		return false;
	for (size_t i = 0; i < 2 * sizeof(places) / sizeof(places[0]); i++) {
		cleanup_free char *candidate = NULL;

		if (asprintf(&candidate, "%s%.*s/%s%s", places[i / 2].above,
			     folder, path, places[i / 2].below, name) < 0) {
			candidate = NULL;
			return false;
		}
		if (!open_as(names, i % 2 ? ROOT_OURS : ROOT_TARGET, candidate,
			     NULL, 0, ret))
			continue;
		if (link_fits(ret, crc, id, length))
			return true;
		elf_file_close(ret);
	}
	return false;
}

static bool open_fetched(struct names *names, struct module *module,
			 const unsigned char *id, size_t length,
			 struct elf_file *ret)
{
	cleanup_free char *text = hexadecimal(id, length);
	const unsigned char *found = NULL;
	size_t found_length;
	int fd;

	if (!text)
		return false;
	if (names->deadline && names->source->asks_server) {
		names->stopped = true;
		return false;
	}
	fd = names->source->fetch(names->source, text, &module->no_debug);
	if (fd < 0 || open_elf(ret, fd, "/"))
		return false;
	found_length = elf_build_id(ret->elf, &found);
	if (same_id(id, length, found, found_length))
		return true;
	elf_file_close(ret);
	return false;
}

static bool open_separate(struct names *names, struct module *module,
			  struct elf_file *ret)
{
	const unsigned char *id = NULL;
	size_t length = elf_build_id(module->file.elf, &id);

	if (length && open_by_id(names, ".build-id", id, length, ret))
		return true;
	if (open_by_link(names, module, id, length, ret))
		return true;
	return length && open_fetched(names, module, id, length, ret);
}

static void no_debug(struct module *module, const char *why)
{
	free(module->no_debug);
	module->no_debug = strdup(why);
}

/* The path of a file that another one names, beside that one. */
static char *beside(const char *path, const char *name)
{
	char *joined;
	int folder = (int)(path_basename(path) - path);

	if (*name == '/')
		return strdup(name);
	return asprintf(&joined, "%.*s%s", folder, path, name) < 0 ? NULL
								   : joined;
}

/* The supplementary file of dwz. Without it nothing of this DWARF is safe to
 * ask: libdw would go for the file itself. */
static bool set_alt(struct names *names, struct module *module)
{
	cleanup_free char *path = NULL;
	const void *id;
	const char *name;
	ssize_t length;

	length = dwelf_dwarf_gnu_debugaltlink(module->debug.dwarf, &name, &id);
	if (length == 0)
		return true;
	if (length < 0)
		return false;
	path = beside(module->debug.file.path ? module->debug.file.path
					      : module->source->path,
		      name);
	if (!(path && open_anywhere(names, path, id, (size_t)length,
				    &module->alt.file)) &&
	    !open_by_id(names, ".dwz", id, (size_t)length, &module->alt.file) &&
	    !open_by_id(names, ".build-id", id, (size_t)length,
			&module->alt.file))
		return false;
	if (!begin_part(&module->alt))
		return false;
	dwarf_setalt(module->debug.dwarf, module->alt.dwarf);
	return true;
}

static bool seek_debug(struct names *names, struct module *module)
{
	Elf *elf = module->file.elf;
	uint64_t here, there;

	if (has_dwarf(elf))
		return begin_dwarf(&module->debug, elf);
	if (!open_separate(names, module, &module->debug.file)) {
		if (files_are_short(module))
			no_debug(module, too_many);
		else if (!module->no_debug)
			no_debug(module, "it has no debug information");
		return false;
	}
	elf = module->debug.file.elf;
	if (!elf_has_symbols(module->file.elf))
		module->symbols = elf;
	/* prelink moves a program after its debug information was split off. */
	if (elf_first_address(module->file.elf, &here) &&
	    elf_first_address(elf, &there))
		module->debug_bias = here - there;
	if (!has_dwarf(elf)) {
		no_debug(module, "its debug file has no DWARF");
		return false;
	}
	return begin_dwarf(&module->debug, elf);
}

static void seek_once(struct names *names, struct module *module)
{
	if (!seek_debug(names, module)) {
		if (!module->no_debug)
			no_debug(module, "its debug information is damaged");
		return;
	}
	free(steal(module->no_debug));
	if (set_alt(names, module))
		return;
	no_debug(module, files_are_short(module)
				 ? too_many
				 : "the file with the shared part of its debug "
				   "information (dwz, .gnu_debugaltlink) was "
				   "not found");
	entry_forget();
	dwarf_end(module->debug.dwarf);
	module->debug.dwarf = NULL;
}

void module_seek_debug(struct names *names, struct module *module)
{
	bool stopped = names->stopped;

	if (module->sought)
		return;
	names->stopped = false;
	seek_once(names, module);
	/* It is sought again when there is time for it. */
	module->sought = !names->stopped;
	if (names->stopped)
		free(steal(module->no_debug));
	names->stopped |= stopped;
}

static bool first_unit(Dwarf *dwarf, uint64_t id, Dwarf_Die *ret)
{
	Dwarf_Off offset = 0, next;
	size_t header;

	while (dwarf_next_unit(dwarf, offset, &next, &header, NULL, NULL, NULL,
			       NULL, NULL, NULL) == 0) {
		uint64_t found = 0;
		uint8_t type = 0;

		if (dwarf_offdie(dwarf, offset + header, ret) &&
		    dwarf_cu_info(ret->cu, NULL, &type, NULL, NULL, &found,
				  NULL, NULL) == 0 &&
		    type == DW_UT_split_compile && found == id)
			return true;
		if (next <= offset)
			return false;
		offset = next;
	}
	return false;
}

static bool split_path(Dwarf_Die *cu, char **ret)
{
	const char *name = entry_own_string(cu, DW_AT_dwo_name);
	const char *folder = entry_own_string(cu, DW_AT_comp_dir);

	if (!name)
		name = entry_own_string(cu, DW_AT_GNU_dwo_name);
	if (!name)
		return false;
	if (*name == '/' || !folder)
		*ret = strdup(name);
	else if (asprintf(ret, "%s/%s", folder, name) < 0)
		*ret = NULL;
	return *ret && **ret == '/';
}

/* A program may have thousands of .dwo files. They hold little but DWARF, all
 * of which is read anyway: done at once, the descriptor is not needed. */
static void read_whole(struct elf_file *file)
{
	const off_t most = 64 << 20;
	struct stat status;

	if (fstat(file->fd, &status) < 0 || status.st_size > most ||
	    elf_cntl(file->elf, ELF_C_FDREAD) != 0)
		return;
	close(file->fd);
	file->fd = -1;
}

Dwarf *module_split(struct names *names, struct module *module, Dwarf_Die *cu,
		    Dwarf_Die *ret)
{
	cleanup_free char *path = NULL;
	struct dwarf_file file = {.file = {.fd = -1}};
	uint64_t id;

	if (!split_path(cu, &path) ||
	    dwarf_cu_info(cu->cu, NULL, NULL, NULL, NULL, &id, NULL, NULL))
		return NULL;
	for (enum file_root root = ROOT_TARGET; root <= ROOT_OURS; root++) {
		if (!open_as(names, root, path, NULL, 0, &file.file))
			continue;
		read_whole(&file.file);
		if (begin_part(&file) && first_unit(file.dwarf, id, ret) &&
		    list_grow(&module->splits, module->n_splits,
			      &module->splits_capacity,
			      sizeof(*module->splits))) {
			module->splits[module->n_splits++] = file;
			return file.dwarf;
		}
		dwarf_file_close(&file);
	}
	if (files_are_short(module))
		no_debug(module, too_many);
	return NULL;
}

void module_close(struct module *module)
{
	index_deinit(&module->index);
	for (size_t i = 0; i < module->n_splits; i++)
		dwarf_file_close(&module->splits[i]);
	free(module->splits);
	dwarf_file_close(&module->debug);
	dwarf_file_close(&module->alt);
	elf_file_close(&module->file);
	error_destroy(module->problem);
	free(module->no_debug);
	free(module->originals);
}
