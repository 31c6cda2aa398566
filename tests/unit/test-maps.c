/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings: the lines of maps and smaps as kernels of all ages write them, and
 * what is looked up in them. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "target/maps.h"
#include "unit.h"

#define RESOURCE "/sys/devices/pci0000:00/0000:00:03.0/resource0"

/* The permissions stand as text; `path` is what is left of it. */
static const struct {
	const char *line;
	uint64_t start, end;
	const char *permissions;
	uint64_t offset;
	unsigned major, minor;
	uint64_t inode;
	const char *path;
	bool deleted;
} right[] = {
	/* x86-64, and 32 bits */
	{"00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus",
	 0x400000, 0x452000, "r-xp", 0, 8, 2, 173521, "/usr/bin/dbus", false},
	{"08048000-08049000 r-xp 00001000 03:00 8312       /opt/test",
	 0x8048000, 0x8049000, "r-xp", 0x1000, 3, 0, 8312, "/opt/test", false},
	{"b6f00000-b6f01000 rw-p 00000000 00:00 0 ", 0xb6f00000, 0xb6f01000,
	 "rw-p", 0, 0, 0, 0, "", false},
	{"b6f00000-b6f01000 rw-p 00000000 00:00 0", 0xb6f00000, 0xb6f01000,
	 "rw-p", 0, 0, 0, 0, "", false},
	{"7ffff7ff0000-7ffff7ff1000 rw-s fe000000 00:15 16384              "
	 "        " RESOURCE,
	 0x7ffff7ff0000, 0x7ffff7ff1000, "rw-s", 0xfe000000, 0, 0x15, 16384,
	 RESOURCE, false},
	{"7ffff7ff0000-7ffff7ff1000 rw-s 380000000000 00:15 16384 " RESOURCE,
	 0x7ffff7ff0000, 0x7ffff7ff1000, "rw-s", 0x380000000000, 0, 0x15, 16384,
	 RESOURCE, false},
	{"ffff8000-ffffa000 ---p ffffffffffff8000 fd:00 18446744073709551615 "
	 "/a",
	 0xffff8000, 0xffffa000, "---p", 0xffffffffffff8000, 0xfd, 0,
	 UINT64_MAX, "/a", false},
	/* the ends of the addresses */
	{"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0             "
	 "     [vsyscall]",
	 0xffffffffff600000, 0xffffffffff601000, "--xp", 0, 0, 0, 0,
	 "[vsyscall]", false},
	{"fffffffffffff000-ffffffffffffffff r--p 00000000 00:00 0",
	 0xfffffffffffff000, UINT64_MAX, "r--p", 0, 0, 0, 0, "", false},
	{"00000000-00001000 rwxs 00000000 00:00 0", 0, 0x1000, "rwxs", 0, 0, 0,
	 0, "", false},
	{"ff10000000000000-ff10000000001000 r--p 00000000 00:00 0",
	 0xff10000000000000, 0xff10000000001000, "r--p", 0, 0, 0, 0, "", false},
	/* device numbers of more than two digits */
	{"1000-2000 r--p 00000000 103:fffff 7 /a", 0x1000, 0x2000, "r--p", 0,
	 0x103, 0xfffff, 7, "/a", false},
	/* paths that are none */
	{"1000-2000 rw-p 00000000 00:00 0          [heap]", 0x1000, 0x2000,
	 "rw-p", 0, 0, 0, 0, "[heap]", false},
	{"1000-2000 rw-p 00000000 00:00 0          [anon:two words]", 0x1000,
	 0x2000, "rw-p", 0, 0, 0, 0, "[anon:two words]", false},
	{"1000-2000 rw-s 10000000000 00:0e 1035    anon_inode:[vfio-device]",
	 0x1000, 0x2000, "rw-s", 0x10000000000, 0, 0xe, 1035,
	 "anon_inode:[vfio-device]", false},
	{"1000-2000 rw-s 00000000 00:08 44         socket:[12345]", 0x1000,
	 0x2000, "rw-s", 0, 0, 8, 44, "socket:[12345]", false},
	/* deleted */
	{"1000-2000 rw-s 00000000 00:01 3     /dev/zero (deleted)", 0x1000,
	 0x2000, "rw-s", 0, 0, 1, 3, "/dev/zero", true},
	{"1000-2000 rw-s 00000000 00:01 3     /memfd:a b (deleted)", 0x1000,
	 0x2000, "rw-s", 0, 0, 1, 3, "/memfd:a b", true},
	{"1000-2000 rw-s 00000000 00:01 3     /a (deleted) (deleted)", 0x1000,
	 0x2000, "rw-s", 0, 0, 1, 3, "/a (deleted)", true},
	{"1000-2000 rw-s 00000000 00:01 3     /a (deleted) b", 0x1000, 0x2000,
	 "rw-s", 0, 0, 1, 3, "/a (deleted) b", false},
	{"1000-2000 rw-s 00000000 00:01 3     /a(deleted)", 0x1000, 0x2000,
	 "rw-s", 0, 0, 1, 3, "/a(deleted)", false},
	{"1000-2000 rw-s 00000000 00:01 3     (deleted)", 0x1000, 0x2000,
	 "rw-s", 0, 0, 1, 3, "(deleted)", false},
	/* blanks, and the newline that the kernel escapes */
	{"1000-2000 r--p 00000000 00:01 3     /a b  c", 0x1000, 0x2000, "r--p",
	 0, 0, 1, 3, "/a b  c", false},
	{"1000-2000 r--p 00000000 00:01 3     /a ", 0x1000, 0x2000, "r--p", 0,
	 0, 1, 3, "/a ", false},
	{"1000-2000 r--p 00000000 00:01 3     /a\tb", 0x1000, 0x2000, "r--p", 0,
	 0, 1, 3, "/a\tb", false},
	{"1000-2000 r--p 00000000 00:01 3     /a\\012b\\012", 0x1000, 0x2000,
	 "r--p", 0, 0, 1, 3, "/a\nb\n", false},
	{"1000-2000 r--p 00000000 00:01 3     /\\012\\012 (deleted)", 0x1000,
	 0x2000, "r--p", 0, 0, 1, 3, "/\n\n", true},
	{"1000-2000 r--p 00000000 00:01 3     /a\\01\\0122\\\\134", 0x1000,
	 0x2000, "r--p", 0, 0, 1, 3, "/a\\01\n2\\\\134", false},
	{"1000-2000 r--p 00000000 00:01 3     /\xff\x1b[m", 0x1000, 0x2000,
	 "r--p", 0, 0, 1, 3, "/\xff\x1b[m", false},
};

START_TEST(right_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		const char *line = right[i].line;
		struct mapping mapping;
		char permissions[] = "?????";

		ck_assert_msg(mapping_parse(line, &mapping), "%s", line);
		mapping_permissions(&mapping, permissions);
		ck_assert_msg(mapping.start == right[i].start, "%s", line);
		ck_assert_msg(mapping.end == right[i].end, "%s", line);
		ck_assert_str_eq(permissions, right[i].permissions);
		ck_assert_msg(mapping.offset == right[i].offset, "%s", line);
		ck_assert_msg(mapping.major == right[i].major, "%s", line);
		ck_assert_msg(mapping.minor == right[i].minor, "%s", line);
		ck_assert_msg(mapping.inode == right[i].inode, "%s", line);
		ck_assert_str_eq(mapping.path, right[i].path);
		ck_assert_msg(mapping.deleted == right[i].deleted, "%s", line);
		ck_assert(!mapping.flags && !mapping.pfnmap && !mapping.io);
		mapping_deinit(&mapping);
		ck_assert_ptr_null(mapping.path);
	}
}
END_TEST

static const char *const wrong[] = {
	"",
	" ",
	"\n",
	"Size:                  4 kB",
	"Rss:                   0 kB",
	"VmFlags: rd wr sh pf io",
	"THPeligible:           0",
	"address           perms offset  dev   inode   pathname",
	/* cut short */
	"1000",
	"1000-",
	"1000-2000",
	"1000-2000 ",
	"1000-2000 rw-p",
	"1000-2000 rw-p 0",
	"1000-2000 rw-p 00000000 00",
	"1000-2000 rw-p 00000000 00:",
	"1000-2000 rw-p 00000000 00:00",
	"1000-2000 rw-p 00000000 00:00 ",
	/* no range */
	"2000-1000 rw-p 00000000 00:00 0",
	"1000-1000 rw-p 00000000 00:00 0",
	"0-0 rw-p 00000000 00:00 0",
	"1000 2000 rw-p 00000000 00:00 0",
	"1000:2000 rw-p 00000000 00:00 0",
	"x000-2000 rw-p 00000000 00:00 0",
	"1000-x000 rw-p 00000000 00:00 0",
	"-1000-2000 rw-p 00000000 00:00 0",
	"1000--2000 rw-p 00000000 00:00 0",
	/* no permissions */
	"1000-2000 rwzp 00000000 00:00 0",
	"1000-2000 Rw-p 00000000 00:00 0",
	"1000-2000 wr-p 00000000 00:00 0",
	"1000-2000 rw-x 00000000 00:00 0",
	"1000-2000 rw-- 00000000 00:00 0",
	"1000-2000 rw- 00000000 00:00 0",
	"1000-2000 rw-ps 00000000 00:00 0",
	"1000-2000 ---- 00000000 00:00 0",
	/* no numbers */
	"1000-2000 rw-p x 00:00 0",
	"1000-2000 rw-p 00000000 00.00 0",
	"1000-2000 rw-p 00000000 x:00 0",
	"1000-2000 rw-p 00000000 00:x 0",
	"1000-2000 rw-p 00000000 00:00 x",
	"1000-2000 rw-p 00000000 00:00 12abc /a",
	"1000-2000 rw-p 00000000 00:00 12/a",
	"1000-2000 rw-p 00000000 00:00 0x12 /a",
	/* beyond what the fields hold */
	"1000-10000000000000000 rw-p 00000000 00:00 0",
	"1000-99999999999999999999999999 rw-p 00000000 00:00 0",
	"1000-2000 rw-p 10000000000000000 00:00 0",
	"1000-2000 rw-p 00000000 00:00 18446744073709551616",
	"1000-2000 rw-p 00000000 100000000:00 0",
	"1000-2000 rw-p 00000000 00:100000000 0",
};

START_TEST(wrong_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct mapping mapping = {.start = 77, .path = (char *)1};

		ck_assert_msg(!mapping_parse(wrong[i], &mapping), "'%s'",
			      wrong[i]);
		ck_assert_uint_eq(mapping.start, 77);
		ck_assert_ptr_eq(mapping.path, (char *)1);
	}
}
END_TEST

/* Every beginning of a line either is none or has the right range. */
START_TEST(truncated_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		char *line = strdup(right[i].line);

		for (size_t length = strlen(line); length--;) {
			struct mapping mapping;

			line[length] = '\0';
			if (!mapping_parse(line, &mapping))
				continue;
			ck_assert(mapping.start == right[i].start);
			ck_assert(mapping.end == right[i].end);
			ck_assert(mapping.offset == right[i].offset);
			mapping_deinit(&mapping);
		}
		free(line);
	}
}
END_TEST

START_TEST(long_path)
{
	static const char head[] = "1000-2000 r--p 00000000 00:01 3 ";
	const size_t length = 100000;
	char *line = malloc(sizeof(head) + length);
	struct mapping mapping;

	strcpy(line, head);
	memset(line + strlen(head), 'x', length);
	line[strlen(head) + length] = '\0';
	ck_assert(mapping_parse(line, &mapping));
	ck_assert_uint_eq(strlen(mapping.path), length);
	mapping_deinit(&mapping);
	free(line);
}
END_TEST

/* A stream that hands out `chunk` bytes a read, and fails at its end if it
 * has an errno. */
struct source {
	const char *text;
	size_t length, at, chunk;
	int errnum;
};

static ssize_t source_read(void *cookie, char *buffer, size_t size)
{
	struct source *source = cookie;
	size_t left = source->length - source->at;

	if (!left && source->errnum) {
		errno = source->errnum;
		return -1;
	}
	if (size > left)
		size = left;
	if (size > source->chunk)
		size = source->chunk;
	memcpy(buffer, source->text + source->at, size);
	source->at += size;
	return (ssize_t)size;
}

static FILE *source_open(struct source *source)
{
	FILE *stream = fopencookie(
		source, "r", (cookie_io_functions_t){.read = source_read});

	ck_assert_ptr_nonnull(stream);
	return stream;
}

static struct error *read_source(const char *text, size_t chunk, int errnum,
				 struct mapping_list *ret)
{
	struct source source = {.text = text,
				.length = strlen(text),
				.chunk = chunk,
				.errnum = errnum};
	FILE *stream = source_open(&source);
	struct error *error = mapping_list_read(stream, ret);

	fclose(stream);
	return error;
}

/* The keys of a mapping in smaps; more came with each kernel. */
#define SMAPS_3_2                                                              \
	"Size:                  4 kB\n"                                        \
	"Rss:                   0 kB\n"                                        \
	"Pss:                   0 kB\n"                                        \
	"Shared_Clean:          0 kB\n"                                        \
	"Referenced:            0 kB\n"                                        \
	"AnonHugePages:         0 kB\n"                                        \
	"Swap:                  0 kB\n"                                        \
	"KernelPageSize:        4 kB\n"                                        \
	"MMUPageSize:           4 kB\n"                                        \
	"Locked:                0 kB\n"
#define SMAPS_6_1                                                              \
	"Size:                  4 kB\n"                                        \
	"KernelPageSize:        4 kB\n"                                        \
	"Rss:                   0 kB\n"                                        \
	"Pss_Dirty:             0 kB\n"                                        \
	"LazyFree:              0 kB\n"                                        \
	"ShmemPmdMapped:        0 kB\n"                                        \
	"SwapPss:               0 kB\n"                                        \
	"Locked:                0 kB\n"                                        \
	"THPeligible:    0\n"                                                  \
	"ProtectionKey:         0\n"

static const struct {
	const char *text;
	bool has_flags, pfnmap, io;
} flags[] = {
	{SMAPS_3_2, false, false, false},
	{SMAPS_3_2 "VmFlags: rd ex mr mw me dw sd \n", true, false, false},
	{SMAPS_3_2 "VmFlags: rd wr sh mr mw me ms pf io de dd \n", true, true,
	 true},
	{SMAPS_6_1 "VmFlags: rd wr sh mr mw me ms pf io de dd sd \n", true,
	 true, true},
	{SMAPS_6_1 "VmFlags: rd wr sh mr mw me ms pf io de dd sd\n", true, true,
	 true},
	{SMAPS_6_1 "VmFlags: pf\n", true, true, false},
	{SMAPS_6_1 "VmFlags: io\n", true, false, true},
	{SMAPS_6_1 "VmFlags: rd mm \n", true, false, false},
	{SMAPS_6_1 "VmFlags:\n", true, false, false},
	{SMAPS_6_1 "VmFlags: \n", true, false, false},
	{SMAPS_6_1 "VmFlags: pfx xpf iox p f PF IO pfio\n", true, false, false},
	{SMAPS_6_1 "VmFlags: rd\nSomethingNew: pf io\n", true, false, false},
	{SMAPS_6_1 "VmFlagsNew: pf io\n", false, false, false},
	{SMAPS_6_1 " VmFlags: pf io\n", false, false, false},
};

#define LINE_A "1000-2000 rw-s 00000000 00:05 7 /dev/uio0"
#define LINE_B "2000-3000 rw-p 00000000 00:00 0 "

/* The flags belong to the mapping before them, and to no other. */
START_TEST(flags_of_smaps)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct mapping_list list;
		char *text;

		ck_assert_int_gt(asprintf(&text,
					  LINE_A "\n%s" LINE_B "\n" SMAPS_6_1
						 "VmFlags: rd wr \n",
					  flags[i].text),
				 0);
		expect_no_error(read_source(text, 4096, 0, &list), text);
		ck_assert_uint_eq(list.count, 2);
		ck_assert_int_eq(list.items[0].flags != NULL, flags[i].has_flags);
		ck_assert_int_eq(list.items[0].pfnmap, flags[i].pfnmap);
		ck_assert_int_eq(list.items[0].io, flags[i].io);
		ck_assert(list.items[1].flags);
		ck_assert(!list.items[1].pfnmap && !list.items[1].io);
		mapping_list_deinit(&list);
		free(text);
	}
}
END_TEST

/* Flags before any mapping are nobody's, and a path cannot bring any. */
START_TEST(false_flags)
{
	static const char text[] =
		"VmFlags: pf io\n" LINE_A "\\012VmFlags: pf io\n" LINE_B "\n";
	struct mapping_list list;

	expect_no_error(read_source(text, 4096, 0, &list), text);
	ck_assert_uint_eq(list.count, 2);
	ck_assert(!list.items[0].flags && !list.items[0].io);
	ck_assert_str_eq(list.items[0].path, "/dev/uio0\nVmFlags: pf io");
	mapping_list_deinit(&list);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_ptr_null(list.items);
}
END_TEST

static const struct {
	const char *text;
	size_t count;
} texts[] = {
	{"", 0},
	{"\n\n\n", 0},
	{"no mapping at all\n", 0},
	{LINE_A "\n" LINE_B "\n", 2},
	{LINE_A "\n" LINE_B, 2},
	{LINE_A "\nsomething else\n\n" LINE_B "\n", 2},
	{LINE_A "\n" SMAPS_6_1 "VmFlags: rd\n" LINE_B "\n" SMAPS_6_1
		"VmFlags: rd \n",
	 2},
};

/* However little a read gives, the list is the same. */
START_TEST(partial_reads)
{
	static const size_t chunks[] = {1, 2, 3, 7, 64, 4096};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t j = 0; j < ARRAY_SIZE(chunks); j++) {
			struct mapping_list list;

			expect_no_error(
				read_source(texts[i].text, chunks[j], 0, &list),
				texts[i].text);
			ck_assert_uint_eq(list.count, texts[i].count);
			if (list.count) {
				ck_assert_str_eq(list.items[0].path,
						 "/dev/uio0");
				ck_assert_uint_eq(list.items[1].start, 0x2000);
			}
			mapping_list_deinit(&list);
		}
}
END_TEST

START_TEST(other_streams)
{
	static char text[] = LINE_A "\n" LINE_B "\n";
	struct mapping_list list;
	FILE *stream = fmemopen(text, strlen(text), "r");
	int fds[2];

	expect_no_error(mapping_list_read(stream, &list), "fmemopen");
	ck_assert_uint_eq(list.count, 2);
	mapping_list_deinit(&list);
	fclose(stream);
	ck_assert_int_eq(pipe2(fds, O_DIRECT | O_CLOEXEC), 0);
	for (size_t i = 0; i < strlen(text); i += 8)
		ck_assert_int_gt(write(fds[1], text + i, strnlen(text + i, 8)),
				 0);
	close(fds[1]);
	stream = fdopen(fds[0], "r");
	expect_no_error(mapping_list_read(stream, &list), "pipe");
	ck_assert_uint_eq(list.count, 2);
	mapping_list_deinit(&list);
	fclose(stream);
}
END_TEST

/* An error is one wherever it comes; ESRCH ends the list of a process that has
 * ended. */
START_TEST(read_errors)
{
	static const int errnums[] = {EIO, ENOMEM, EACCES, EINTR};

	for (size_t i = 0; i < ARRAY_SIZE(errnums); i++)
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
			struct mapping_list list = {.count = 77};
			struct error *error = read_source(texts[j].text, 9,
							  errnums[i], &list);

			ck_assert_ptr_nonnull(error);
			ck_assert_int_eq(error->errnum, errnums[i]);
			ck_assert_uint_eq(list.count, 77);
			expect_error(error, ERROR_FAILED, texts[j].text);
		}
}
END_TEST

START_TEST(process_that_ends)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct mapping_list list;

		expect_no_error(read_source(texts[i].text, 9, ESRCH, &list),
				texts[i].text);
		ck_assert_uint_eq(list.count, texts[i].count);
		mapping_list_deinit(&list);
	}
}
END_TEST

START_TEST(found_by_address)
{
	static const struct {
		uint64_t address;
		int index; /* -1: none */
	} cases[] = {
		{0, -1},
		{0xfff, -1},
		{0x1000, 0},
		{0x1fff, 0},
		{0x2000, 1},
		{0x2fff, 1},
		{0x3000, -1},
		{0x4fff, -1},
		{0x5000, 2},
		{0x7fffffffffff, -1},
		{0xffffffffff5fffff, -1},
		{0xffffffffff600000, 3},
		{0xffffffffff600fff, 3},
		{0xffffffffff601000, -1},
		{UINT64_MAX - 1, -1},
		{UINT64_MAX, -1},
	};
	static const char text[] = LINE_A
		"\n" LINE_B "\n"
		"5000-6000 rw-p 00000000 00:00 0\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 "
		"[vsyscall]\n";
	struct mapping_list list;

	expect_no_error(read_source(text, 4096, 0, &list), text);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(mapping_list_find(&list, cases[i].address) ==
				      (cases[i].index < 0
					       ? NULL
					       : &list.items[cases[i].index]),
			      "%#" PRIx64, cases[i].address);
	mapping_list_deinit(&list);
	ck_assert_ptr_null(mapping_list_find(&list, 0));
	ck_assert_ptr_null(mapping_list_find(&list, UINT64_MAX));
}
END_TEST

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* As many as the kernel allows, and more. */
START_TEST(many_lines)
{
	const uint64_t count = 100000, first = 0x7f0000000000;
	struct mapping_list list;
	uint64_t found = 0;
	double start;
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	for (uint64_t i = 0; i < count; i++)
		fprintf(stream,
			"%" PRIx64 "-%" PRIx64 " r--p %08x 08:01 %" PRIu64
			" /usr/lib/library-%" PRIu64 ".so\n",
			first + i * 0x2000, first + i * 0x2000 + 0x1000, 0, i,
			i);
	fclose(stream);
	start = seconds();
	expect_no_error(read_source(text, 1024, 0, &list), "many");
	ck_assert_uint_eq(list.count, count);
	for (uint64_t i = 0; i < count; i++) {
		const struct mapping *item = &list.items[i];

		found += mapping_list_find(&list, item->start) == item &&
			 mapping_list_find(&list, item->end - 1) == item &&
			 !mapping_list_find(&list, item->end);
	}
	ck_assert_uint_eq(found, count);
	ck_assert(seconds() - start < 20);
	mapping_list_deinit(&list);
	free(text);
}
END_TEST

/* Each line differs from the first in one field; some do not count. */
static const struct {
	const char *line;
	bool same;
} identities[] = {
	{"1000-2000 rw-s 00001000 08:01 7 /dev/uio0", true},
	{"0800-2000 rw-s 00001000 08:01 7 /dev/uio0", false},
	{"1000-2800 rw-s 00001000 08:01 7 /dev/uio0", false},
	{"1000-2000 -w-s 00001000 08:01 7 /dev/uio0", false},
	{"1000-2000 r--s 00001000 08:01 7 /dev/uio0", false},
	{"1000-2000 rwxs 00001000 08:01 7 /dev/uio0", false},
	{"1000-2000 rw-p 00001000 08:01 7 /dev/uio0", false},
	{"1000-2000 rw-s 00002000 08:01 7 /dev/uio0", false},
	{"1000-2000 rw-s 00001000 09:01 7 /dev/uio0", false},
	{"1000-2000 rw-s 00001000 08:02 7 /dev/uio0", false},
	{"1000-2000 rw-s 00001000 08:01 8 /dev/uio0", false},
	{"1000-2000 rw-s 00001000 08:01 7 /renamed", true},
	{"1000-2000 rw-s 00001000 08:01 7 /dev/uio0 (deleted)", true},
};

START_TEST(identity)
{
	struct mapping first;

	ck_assert(mapping_parse(identities[0].line, &first));
	for (size_t i = 0; i < ARRAY_SIZE(identities); i++) {
		const char *line = identities[i].line;
		struct mapping other;

		ck_assert(mapping_parse(line, &other));
		ck_assert_msg(mapping_same(&first, &other) ==
				      identities[i].same,
			      "%s", line);
		ck_assert_msg(mapping_same(&other, &first) ==
				      identities[i].same,
			      "%s", line);
		other.pfnmap = other.io = true;
		ck_assert(mapping_same(&first, &other) == identities[i].same);
		mapping_deinit(&other);
	}
	mapping_deinit(&first);
}
END_TEST

static const struct {
	const char *path;
	bool private_too; /* else only if it is shared */
	bool maybe;
} candidates[] = {
	{"/dev/mem", true, true},
	{"/dev/uio0", true, true},
	{"/dev/dri/card0", true, true},
	{"/dev/hpet", true, true},
	{"/dev/nvidia0", true, true},
	{"/dev/vfio/devices/vfio0", true, true},
	{RESOURCE, true, true},
	{"/sys/bus/pci/devices/0000:00:03.0/resource0", true, true},
	{"/proc/bus/pci/00/03.0", true, true},
	{"anon_inode:[vfio-device]", true, true},
	{"/dmabuf:", true, true},
	{"/dmabuf:name", true, true},
	/* a node or sysfs somewhere else */
	{"/container/dev/uio0", false, true},
	{"/mnt/resource0", false, true},
	{"/drm mm object", false, true},
	{"/usr/lib/libc.so.6", false, true},
	/* never */
	{"", false, false},
	{"[heap]", false, false},
	{"[vdso]", false, false},
	{"[anon:x]", false, false},
	{"/dev/zero", false, false},
	{"/dev/shm/x", false, false},
	{"/dev/hugepages/x", false, false},
	{"/memfd:x", false, false},
	{"/SYSV00000000", false, false},
	{"/[aio]", false, false},
	{"/anon_hugepage", false, false},
	/* memory of the kernel, though some kernels map it by its number */
	{"anon_inode:[io_uring]", false, false},
	{"anon_inode:[perf_event]", false, false},
	{"anon_inode:bpf-map", false, false},
};

START_TEST(what_may_be_a_device)
{
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		struct mapping mapping = {.path = (char *)candidates[i].path};

		ck_assert_msg(mapping_may_be_device(&mapping) ==
				      candidates[i].private_too,
			      "private %s", candidates[i].path);
		mapping.shared = true;
		ck_assert_msg(mapping_may_be_device(&mapping) ==
				      candidates[i].maybe,
			      "shared %s", candidates[i].path);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		right_lines,       wrong_lines,          truncated_lines,
		long_path,         flags_of_smaps,       false_flags,
		partial_reads,     other_streams,        read_errors,
		process_that_ends, found_by_address,     many_lines,
		identity,          what_may_be_a_device,
	};

	return run_suite(
		suite_of("maps", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
