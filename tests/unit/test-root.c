/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root of what is read of a machine: files, numbers, links and folders. */
#include <errno.h>

#include "base/root.h"
#include "unit.h"

static struct tree tree;

static void set_up(void)
{
	tree_init(&tree);
}

static void tear_down(void)
{
	tree_deinit(&tree);
}

static bool closes_on_exec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

START_TEST(root_of_the_machine)
{
	static const char *const prefixes[] = {NULL, ""};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		struct root root = {.captured = true};
		struct stat ours, slash;

		expect_no_error(root_init(&root, prefixes[i]), "no prefix");
		ck_assert(!root.captured);
		ck_assert(closes_on_exec(root.fd));
		ck_assert_int_eq(fstat(root.fd, &ours), 0);
		ck_assert_int_eq(stat("/", &slash), 0);
		ck_assert_uint_eq(ours.st_ino, slash.st_ino);
		root_deinit(&root);
		ck_assert_int_eq(root.fd, -1);
	}
}
END_TEST

START_TEST(root_of_a_tree)
{
	struct root root = {0};
	char *line;

	tree_put(&tree, "here\n", "proc/name");
	expect_no_error(root_init(&root, tree.path), tree.path);
	ck_assert(root.captured);
	ck_assert(closes_on_exec(root.fd));
	line = file_line(root.fd, "proc/name");
	ck_assert_str_eq(line, "here");
	free(line);
	root_deinit(&root);
}
END_TEST

START_TEST(root_that_is_none)
{
	static const struct {
		const char *name;
		int errnum;
	} cases[] = {{"missing", ENOENT}, {"file", ENOTDIR}};

	tree_put(&tree, "", "file");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct root root = {.fd = 77};
		struct error *error;
		char *path;

		ck_assert_int_gt(
			asprintf(&path, "%s/%s", tree.path, cases[i].name), 0);
		error = root_init(&root, path);
		ck_assert_ptr_nonnull(error);
		ck_assert_int_eq(error->errnum, cases[i].errnum);
		ck_assert(has_text(error->message, path));
		ck_assert_int_eq(root.fd, 77);
		expect_error(error, ERROR_FAILED, path);
		free(path);
	}
}
END_TEST

/* Around the sizes at which a buffer grows, and beyond. */
static const size_t sizes[] = {0,    1,    4094, 4095,  4096,    4097,   8190,
			       8191, 8192, 8193, 65535, 1 << 20, 3000001};

START_TEST(files_of_any_size)
{
	char *bytes = malloc(3000001);

	for (size_t i = 0; i < 3000001; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *text = NULL;
		size_t length = 77;

		tree_put_bytes(&tree, "file", bytes, sizes[i]);
		ck_assert_int_eq(file_read(tree.fd, "file", &text, &length), 0);
		ck_assert_uint_eq(length, sizes[i]);
		ck_assert(!memcmp(text, bytes, length));
		ck_assert(!text[length]);
		free(text);
		text = NULL;
		ck_assert_int_eq(file_read(tree.fd, "file", &text, NULL), 0);
		ck_assert(!memcmp(text, bytes, length));
		free(text);
	}
	free(bytes);
}
END_TEST

/* A read that gives less than there is room for is not the end: /proc answers
 * like that. A pipe of packets gives one of them a read. */
START_TEST(short_reads)
{
	char path[64], expected[3 * 12 + 1] = "";
	char *text = NULL;
	size_t length;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_DIRECT | O_CLOEXEC), 0);
	for (size_t i = 0; i < 12; i++) {
		char packet[4];

		snprintf(packet, sizeof(packet), "%02zu,", i);
		ck_assert_int_eq(write(fds[1], packet, 3), 3);
		strcat(expected, packet);
	}
	close(fds[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	ck_assert_int_eq(file_read(AT_FDCWD, path, &text, &length), 0);
	close(fds[0]);
	ck_assert_uint_eq(length, strlen(expected));
	ck_assert_str_eq(text, expected);
	free(text);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	char *text = (char *)1;
	size_t length = 77;
	FILE *stream;

	tree_folder(&tree, "folder");
	errno = 0;
	ck_assert_int_eq(file_read(tree.fd, "missing", &text, &length), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(file_read(tree.fd, "folder", &text, &length), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_ptr_eq(text, (char *)1);
	ck_assert_uint_eq(length, 77);
	errno = 0;
	ck_assert_ptr_null(file_line(tree.fd, "miss%s", "ing"));
	ck_assert_int_eq(errno, ENOENT);
	errno = 0;
	ck_assert_int_eq(file_open(tree.fd, "miss%s", "ing"), -1);
	ck_assert_int_eq(errno, ENOENT);
	errno = 0;
	stream = file_stream(tree.fd, "miss%s", "ing");
	ck_assert_ptr_null(stream);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static const struct {
	const char *text, *line;
} lines[] = {
	{"", ""},
	{"\n", ""},
	{"a", "a"},
	{"a\n", "a"},
	{"a\n\n", "a\n"},
	{"a\nb\n", "a\nb"},
	{" a b \n", " a b "},
	{"a\r\n", "a\r"},
};

START_TEST(line_of_a_file)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char *line;

		tree_put(&tree, lines[i].text, "f/line%zu", i);
		line = file_line(tree.fd, "%s/line%zu", "f", i);
		ck_assert_str_eq(line, lines[i].line);
		free(line);
	}
}
END_TEST

/* In C's notation, as sysfs and the kernel's tables write them. */
static const struct {
	const char *text;
	bool right;
	uint64_t number;
} numbers[] = {
	{"0\n", true, 0},
	{"5", true, 5},
	{"9\n", true, 9},
	{"5\n", true, 5},
	{"0x0\n", true, 0},
	{"0xfe000000\n", true, 0xfe000000},
	{"0x00000000fe000000\n", true, 0xfe000000},
	{"0XFF\n", true, 0xff},
	{"010\n", true, 8},
	{"18446744073709551615\n", true, UINT64_MAX},
	{"0xffffffffffffffff\n", true, UINT64_MAX},
	{"18446744073709551616\n", false, 0},
	{"0x10000000000000000\n", false, 0},
	{"99999999999999999999999999\n", false, 0},
	{"-1\n", false, 0},
	{"-0x10\n", false, 0},
	{" -1\n", false, 0},
	{"", false, 0},
	{"\n", false, 0},
	{" \n", false, 0},
	{"\n\n", false, 0},
	{"-", false, 0},
	{"+", false, 0},
	{"0x\n", false, 0},
	{"08\n", false, 0},
	{"abc\n", false, 0},
	{"12abc\n", false, 0},
	{"12 \n", false, 0},
	{"12\n\n", false, 0},
	{"1 2\n", false, 0},
	{"1,000\n", false, 0},
	{"1.5\n", false, 0},
	{"on\n", false, 0},
	{"\xff\n", false, 0},
};

START_TEST(number_of_a_file)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint64_t number = 77;
		bool right;

		tree_put(&tree, numbers[i].text, "number%zu", i);
		right = file_number(tree.fd, &number, "number%zu", i);
		ck_assert_msg(right == numbers[i].right, "'%s'",
			      numbers[i].text);
		ck_assert_msg(number == (right ? numbers[i].number : 77),
			      "'%s'", numbers[i].text);
	}
}
END_TEST

START_TEST(number_of_no_file)
{
	uint64_t number = 77;

	tree_folder(&tree, "folder");
	ck_assert(!file_number(tree.fd, &number, "missing"));
	ck_assert(!file_number(tree.fd, &number, "folder"));
	ck_assert_uint_eq(number, 77);
}
END_TEST

/* A name may look like the fields behind it. */
static const struct {
	const char *text;
	unsigned field;
	const char *found; /* NULL: none */
} fields[] = {
	{"1 (a) S 2 3 4\n", 3, "S"},
	{"1 (a) S 2 3 4\n", 4, "2"},
	{"1 (a) S 2 3 4\n", 6, "4"},
	{"1 (a) S 2 3 4\n", 7, NULL},
	{"1 (a) Z 9) R 2 3\n", 3, "R"},
	{"1 (a b\nc) T 5 6\n", 4, "5"},
	{"1 ()) t 5\n", 3, "t"},
	{"1 () \n", 3, ""},
	{"1 ()\n", 3, NULL},
	{"1 (a S 2\n", 3, NULL},
	{"", 3, NULL},
};

START_TEST(field_of_stat)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		cleanup_free char *found = NULL;

		tree_put(&tree, fields[i].text, "stat%zu", i);
		found = stat_field(tree.fd, fields[i].field, "stat%zu", i);
		if (fields[i].found)
			ck_assert_msg(found && strcmp(found, fields[i].found) ==
						       0,
				      "row %zu: %s", i, found);
		else
			ck_assert_msg(!found, "row %zu: %s", i, found);
	}
	ck_assert(!stat_field(tree.fd, 3, "missing"));
}
END_TEST

START_TEST(opened_files)
{
	char text[8] = "";
	FILE *stream;
	int fd;

	tree_put(&tree, "text", "a/file");
	fd = file_open(tree.fd, "a/%s", "file");
	ck_assert_int_ge(fd, 0);
	ck_assert(closes_on_exec(fd));
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	stream = file_stream(tree.fd, "a/%s", "file");
	ck_assert_ptr_nonnull(stream);
	ck_assert(closes_on_exec(fileno(stream)));
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), stream));
	ck_assert_str_eq(text, "text");
	fclose(stream);
}
END_TEST

/* Around the sizes of a buffer, up to the longest that a link may have. */
static const size_t lengths[] = {1,   2,   254,  255,  256,  257, 511,
				 512, 513, 1023, 1024, 1025, 4095};

START_TEST(long_links)
{
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char *target = malloc(lengths[i] + 1), *found;

		memset(target, 'x', lengths[i]);
		target[lengths[i]] = '\0';
		tree_link(&tree, target, "link%zu", i);
		found = link_target(tree.fd, "link%zu", i);
		ck_assert_str_eq(found, target);
		free(found);
		found = link_basename(tree.fd, "link%zu", i);
		ck_assert_str_eq(found, target);
		free(found);
		free(target);
	}
}
END_TEST

static const struct {
	const char *target, *name;
} links[] = {
	{"../../bus/pci/drivers/vfio-pci", "vfio-pci"},
	{"/usr/bin/program (deleted)", "program (deleted)"},
	{"plain", "plain"},
	{"user:[4026531837]", "user:[4026531837]"},
	{"folder/", ""},
	{"/", ""},
};

START_TEST(name_of_a_link)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		char *target, *name;

		tree_link(&tree, links[i].target, "l/%zu", i);
		target = link_target(tree.fd, "l/%zu", i);
		name = link_basename(tree.fd, "l/%zu", i);
		ck_assert_str_eq(target, links[i].target);
		ck_assert_str_eq(name, links[i].name);
		free(target);
		free(name);
	}
}
END_TEST

START_TEST(no_links)
{
	tree_put(&tree, "", "file");
	errno = 0;
	ck_assert_ptr_null(link_target(tree.fd, "file"));
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert_ptr_null(link_target(tree.fd, "missing"));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(link_basename(tree.fd, "missing"));
}
END_TEST

/* As numbers where they are numbers; dot files are left out. */
START_TEST(names_in_order)
{
	static const char *const put[] = {"10",    "9",    "100",  "1",
					  "uio10", "uio2", ".hid", "map",
					  "uio1",  "2"};
	static const char *const expected[] = {
		"1", "2", "9", "10", "100", "map", "uio1", "uio2", "uio10"};
	char **names;

	for (size_t i = 0; i < ARRAY_SIZE(put); i++)
		tree_put(&tree, "", "names/%s", put[i]);
	names = folder_names(tree.fd, "na%s", "mes");
	ck_assert_ptr_nonnull(names);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		ck_assert_str_eq(names[i], expected[i]);
	ck_assert_ptr_null(names[ARRAY_SIZE(expected)]);
	names_free(names);
}
END_TEST

START_TEST(many_names)
{
	char **names, expected[24];
	size_t count = 0;

	for (size_t i = 0; i < 1000; i++)
		tree_put(&tree, "", "names/%zu", i);
	names = folder_names(tree.fd, "names");
	ck_assert_ptr_nonnull(names);
	for (; names[count]; count++) {
		snprintf(expected, sizeof(expected), "%zu", count);
		ck_assert_str_eq(names[count], expected);
	}
	ck_assert_uint_eq(count, 1000);
	names_free(names);
}
END_TEST

START_TEST(names_of_nothing)
{
	char **names;

	tree_folder(&tree, "empty");
	tree_put(&tree, "", "file");
	names = folder_names(tree.fd, "empty");
	ck_assert_ptr_nonnull(names);
	ck_assert_ptr_null(names[0]);
	names_free(names);
	names_free(NULL);
	errno = 0;
	ck_assert_ptr_null(folder_names(tree.fd, "missing"));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(folder_names(tree.fd, "file"));
	ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		root_of_the_machine, root_of_a_tree,
		root_that_is_none,   files_of_any_size,
		short_reads,         files_that_cannot_be_read,
		line_of_a_file,      number_of_a_file,
		number_of_no_file,   field_of_stat,
		opened_files,        long_links,
		name_of_a_link,      no_links,
		names_in_order,      many_names,
		names_of_nothing,
	};

	return run_suite(
		suite_of("root", set_up, tear_down, tests, ARRAY_SIZE(tests)));
}
