/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/loader.h"

#include <elf.h>
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/* Where a struct of an ELF file has a number. */
struct field {
	size_t offset, size;
};

#define FIELD(type, member)                                                    \
	{                                                                      \
		offsetof(type, member), sizeof(((type *)NULL)->member)         \
	}

/* The same of both classes of files. */
static const struct shape {
	unsigned char class;
	struct field table, count, entry_size; /* of segments */
	size_t segment_size;
	struct field type, offset, size; /* of a segment */
	size_t dynamic_size;
	struct field tag, value; /* of an entry of PT_DYNAMIC */
} shapes[] = {
#define SHAPE(bits)                                                            \
	{                                                                      \
		.class = ELFCLASS##bits,                                       \
		.table = FIELD(Elf##bits##_Ehdr, e_phoff),                     \
		.count = FIELD(Elf##bits##_Ehdr, e_phnum),                     \
		.entry_size = FIELD(Elf##bits##_Ehdr, e_phentsize),            \
		.segment_size = sizeof(Elf##bits##_Phdr),                      \
		.type = FIELD(Elf##bits##_Phdr, p_type),                       \
		.offset = FIELD(Elf##bits##_Phdr, p_offset),                   \
		.size = FIELD(Elf##bits##_Phdr, p_filesz),                     \
		.dynamic_size = sizeof(Elf##bits##_Dyn),                       \
		.tag = FIELD(Elf##bits##_Dyn, d_tag),                          \
		.value = FIELD(Elf##bits##_Dyn, d_un),                         \
	}
	SHAPE(32),
	SHAPE(64),
#undef SHAPE
};

static uint64_t get(const void *bytes, struct field field)
{
	uint64_t value = 0;
	size_t at =
		BYTE_ORDER == LITTLE_ENDIAN ? 0 : sizeof(value) - field.size;

	memcpy((char *)&value + at, (const char *)bytes + field.offset,
	       field.size);
	return value;
}

static bool read_at(int fd, uint64_t offset, void *buffer, size_t length)
{
	return offset <= INT64_MAX &&
	       pread(fd, buffer, length, (off_t)offset) == (ssize_t)length;
}

/* A part of a file; NULL: it is not there, or too large. The caller frees. */
static unsigned char *read_part(int fd, uint64_t offset, uint64_t length)
{
	enum { MOST = 65536 };
	cleanup_free unsigned char *bytes = NULL;

	if (!length || length > MOST)
		return NULL;
	bytes = malloc(length);
	return bytes && read_at(fd, offset, bytes, length) ? steal(bytes)
							   : NULL;
}

/* NULL: no ELF file of this machine's byte order. */
static const struct shape *shape_of(const unsigned char *identity)
{
	const unsigned char order =
		BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;

	if (memcmp(identity, ELFMAG, SELFMAG) != 0 ||
	    identity[EI_DATA] != order)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (shapes[i].class == identity[EI_CLASS])
			return &shapes[i];
	return NULL;
}

/* The segments of a file; NULL: there are none, or they are damaged. */
static unsigned char *read_segments(int fd, const struct shape **ret_shape,
				    size_t *ret_count)
{
	unsigned char header[sizeof(Elf64_Ehdr)];
	const struct shape *shape;

	/* No file with segments is shorter, of either class. */
	if (!read_at(fd, 0, header, sizeof(header)))
		return NULL;
	shape = shape_of(header);
	if (!shape || get(header, shape->entry_size) != shape->segment_size)
		return NULL;
	*ret_shape = shape;
	*ret_count = get(header, shape->count);
	return read_part(fd, get(header, shape->table),
			 *ret_count * shape->segment_size);
}

/* What every linker gives to an executable file and to no library, also to one
 * that is static and can be loaded anywhere. */
static bool is_executables(const struct shape *shape, const void *dynamic)
{
	uint64_t tag = get(dynamic, shape->tag);

	return tag == DT_DEBUG ||
	       (tag == DT_FLAGS_1 && (get(dynamic, shape->value) & DF_1_PIE));
}

/* Whether what PT_DYNAMIC has is a library's. */
static bool is_library(int fd, const struct shape *shape, const void *segment)
{
	uint64_t length = get(segment, shape->size);
	cleanup_free unsigned char *dynamic =
		read_part(fd, get(segment, shape->offset), length);

	if (!dynamic)
		return false;
	for (size_t at = 0; length - at >= shape->dynamic_size;
	     at += shape->dynamic_size) {
		if (get(dynamic + at, shape->tag) == DT_NULL)
			break;
		if (is_executables(shape, dynamic + at))
			return false;
	}
	return true;
}

bool file_is_loader(int fd)
{
	const struct shape *shape;
	size_t count;
	cleanup_free unsigned char *segments =
		read_segments(fd, &shape, &count);
	const unsigned char *dynamic = NULL;

	for (size_t i = 0; segments && i < count; i++) {
		const unsigned char *segment =
			segments + i * shape->segment_size;
		uint64_t type = get(segment, shape->type);

		if (type == PT_INTERP)
			return false;
		if (type == PT_DYNAMIC)
			dynamic = segment;
	}
	return dynamic && is_library(fd, shape, dynamic);
}
