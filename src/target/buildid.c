/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/buildid.h"

#include <elf.h>
#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "names/source.h"
#include "target/remote.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

enum {
	MOST_SEGMENTS = 256,
	MOST_NOTES = 65536, /* bytes */
	LONGEST_BUILD_ID = 64,
	MOST_READS = 1024, /* of the memory, for one module */
};

/* What is read for it: all of it is the target's choice. */
struct reading {
	const struct module_source *module;
	pid_t tid;
	unsigned left; /* reads */
};

/* What both classes of files have. */
struct segments {
	uint64_t offset; /* of the table in the file */
	unsigned count;
	size_t size; /* of an entry */
};

struct segment {
	uint32_t type;
	uint64_t offset, size, alignment;
};

struct id {
	unsigned char bytes[LONGEST_BUILD_ID];
	size_t length;
};

/*
 * Reads a range of the file from where it is mapped, and so nothing but what
 * is mapped of it. Pieces may overlap in it, or be without permissions.
 */
static bool read_range(struct reading *reading, uint64_t offset, void *buffer,
		       size_t length)
{
	const struct module_source *module = reading->module;

	for (size_t i = 0; i < module->n_pieces; i++) {
		const struct module_piece *piece = &module->pieces[i];
		uint64_t size = piece->end - piece->start;

		if (offset < piece->offset || offset - piece->offset > size ||
		    size - (offset - piece->offset) < length)
			continue;
		if (!reading->left)
			return false;
		reading->left--;
		if (remote_read(reading->tid,
				piece->start + (offset - piece->offset), buffer,
				length))
			return true;
	}
	return false;
}

static bool segments_are_sound(const struct segments *segments, size_t size)
{
	return segments->count && segments->count <= MOST_SEGMENTS &&
	       segments->size == size;
}

static bool read_header_32(struct reading *reading, struct segments *ret)
{
	Elf32_Ehdr header;

	if (!read_range(reading, 0, &header, sizeof(header)))
		return false;
	*ret = (struct segments){header.e_phoff, header.e_phnum,
				 header.e_phentsize};
	return segments_are_sound(ret, sizeof(Elf32_Phdr));
}

static bool read_header_64(struct reading *reading, struct segments *ret)
{
	Elf64_Ehdr header;

	if (!read_range(reading, 0, &header, sizeof(header)))
		return false;
	*ret = (struct segments){header.e_phoff, header.e_phnum,
				 header.e_phentsize};
	return segments_are_sound(ret, sizeof(Elf64_Phdr));
}

static bool read_segment_32(struct reading *reading, uint64_t offset,
			    struct segment *ret)
{
	Elf32_Phdr header;

	if (!read_range(reading, offset, &header, sizeof(header)))
		return false;
	*ret = (struct segment){header.p_type, header.p_offset, header.p_filesz,
				header.p_align};
	return true;
}

static bool read_segment_64(struct reading *reading, uint64_t offset,
			    struct segment *ret)
{
	Elf64_Phdr header;

	if (!read_range(reading, offset, &header, sizeof(header)))
		return false;
	*ret = (struct segment){header.p_type, header.p_offset, header.p_filesz,
				header.p_align};
	return true;
}

static const struct elf_class {
	unsigned char number;
	bool (*header)(struct reading *reading, struct segments *ret);
	bool (*segment)(struct reading *reading, uint64_t offset,
			struct segment *ret);
} classes[] = {
	{ELFCLASS32, read_header_32, read_segment_32},
	{ELFCLASS64, read_header_64, read_segment_64},
};

/* NULL: no ELF file of this machine's byte order. */
static const struct elf_class *read_class(struct reading *reading)
{
	const unsigned char order =
		BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
	unsigned char identity[EI_NIDENT];

	if (!read_range(reading, 0, identity, sizeof(identity)) ||
	    memcmp(identity, ELFMAG, SELFMAG) != 0 ||
	    identity[EI_DATA] != order)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i].number == identity[EI_CLASS])
			return &classes[i];
	return NULL;
}

static size_t aligned(size_t value, size_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

/* Notes of both classes have the same header (elf(5)). */
static bool note_id(const Elf64_Nhdr *note, const unsigned char *name,
		    const unsigned char *value, struct id *ret)
{
	if (note->n_type != NT_GNU_BUILD_ID || note->n_namesz != 4 ||
	    memcmp(name, "GNU", 4) != 0 || !note->n_descsz ||
	    note->n_descsz > LONGEST_BUILD_ID)
		return false;
	ret->length = note->n_descsz;
	memcpy(ret->bytes, value, ret->length);
	return true;
}

/* `length` is at most MOST_NOTES, so no sum of two overflows. */
static bool find_id(const unsigned char *notes, size_t length, size_t alignment,
		    struct id *ret)
{
	size_t at = 0;

	while (at < length && length - at >= sizeof(Elf64_Nhdr)) {
		size_t name = at + sizeof(Elf64_Nhdr), value;
		Elf64_Nhdr note;

		memcpy(&note, notes + at, sizeof(note));
		if (note.n_namesz > length - name)
			return false;
		value = aligned(name + note.n_namesz, alignment);
		if (value > length || note.n_descsz > length - value)
			return false;
		if (note_id(&note, notes + name, notes + value, ret))
			return true;
		at = aligned(value + note.n_descsz, alignment);
	}
	return false;
}

static bool read_notes(struct reading *reading, const struct segment *segment,
		       struct id *ret)
{
	cleanup_free unsigned char *notes = NULL;

	if (segment->type != PT_NOTE || !segment->size ||
	    segment->size > MOST_NOTES)
		return false;
	notes = malloc(segment->size);
	return notes &&
	       read_range(reading, segment->offset, notes, segment->size) &&
	       find_id(notes, segment->size, segment->alignment == 8 ? 8 : 4,
		       ret);
}

static bool read_id(struct reading *reading, struct id *ret)
{
	const struct elf_class *class = read_class(reading);
	struct segments segments;
	struct segment segment;

	if (!class || !class->header(reading, &segments))
		return false;
	for (unsigned i = 0; i < segments.count; i++) {
		uint64_t offset;

		if (__builtin_add_overflow(segments.offset, i * segments.size,
					   &offset) ||
		    !class->segment(reading, offset, &segment))
			return false;
		if (read_notes(reading, &segment, ret))
			return true;
	}
	return false;
}

unsigned char *memory_build_id(pid_t tid, const struct module_source *module,
			       size_t *ret_length)
{
	struct reading reading = {
		.module = module,
		.tid = tid,
		.left = MOST_READS,
	};
	unsigned char *copy;
	struct id id;

	if (!read_id(&reading, &id))
		return NULL;
	copy = malloc(id.length);
	if (!copy)
		return NULL;
	memcpy(copy, id.bytes, id.length);
	*ret_length = id.length;
	return copy;
}
