/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are read as a whole first: regular ones, pipes, text; what does
 * not fit, and what becomes shorter. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/infile.h"
#include "base/interrupt.h"
#include "unit.h"

enum { LONG = 300000 };

static struct tree tree;

static void set_up(void)
{
	tree_init(&tree);
}

static void tear_down(void)
{
	tree_deinit(&tree);
}

/* In the tree; static. */
static const char *in_tree(const char *name)
{
	static char *path;

	free(path);
	ck_assert_int_gt(asprintf(&path, "%s/%s", tree.path, name), 0);
	return path;
}

static unsigned char byte_at(uint64_t offset)
{
	return (unsigned char)(offset * 31 + offset / 256);
}

static void put_long(const char *name)
{
	unsigned char *bytes = malloc(LONG);

	for (size_t i = 0; i < LONG; i++)
		bytes[i] = byte_at(i);
	tree_put_bytes(&tree, name, bytes, LONG);
	free(bytes);
}

static uint64_t limit;

static struct error *fits(void *data, uint64_t bytes)
{
	ck_assert_ptr_eq(data, &limit);
	return bytes <= limit ? NULL
			      : error_create(ERROR_REJECTED, 0, "too long");
}

static struct error *open_in(const char *name, enum in_file_form form,
			     struct in_file **ret)
{
	return in_file_open(in_tree(name), form, fits, &limit, ret);
}

static void expect_long(struct in_file *file)
{
	unsigned char bytes[8];

	ck_assert_uint_eq(in_file_size(file), LONG);
	for (uint64_t i = 0; i + 8 <= LONG; i += i % 3 ? 8 : 1) {
		expect_no_error(in_file_read(file, i, bytes, 8), "read");
		for (size_t j = 0; j < 8; j++)
			ck_assert_uint_eq(bytes[j], byte_at(i + j));
	}
	/* Backwards, too. */
	expect_no_error(in_file_read(file, 5, bytes, 1), "back");
	ck_assert_uint_eq(bytes[0], byte_at(5));
	expect_error(in_file_read(file, LONG - 4, bytes, 8), ERROR_FAILED,
		     "behind the end");
}

START_TEST(regular)
{
	struct in_file *file = NULL;

	put_long("long");
	limit = LONG;
	expect_no_error(open_in("long", IN_FILE_RAW, &file), "long");
	expect_long(file);
	ck_assert_ptr_nonnull(strstr(in_file_name(file), "/long"));
	in_file_close(file);
	file = NULL;
	limit = LONG - 1;
	expect_error(open_in("long", IN_FILE_RAW, &file), ERROR_REJECTED,
		     "too long");
	ck_assert_ptr_null(file);
	in_file_close(NULL);
}
END_TEST

/* Written to by a child. */
START_TEST(named_pipe)
{
	struct in_file *file = NULL;
	pid_t child;

	ck_assert_int_eq(mkfifoat(tree.fd, "pipe", 0600), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		FILE *pipe = fopen(in_tree("pipe"), "we");

		for (size_t i = 0; i < LONG; i++) {
			putc(byte_at(i), pipe);
			if (i % 1000 == 0)
				fflush(pipe);
		}
		fclose(pipe);
		_exit(0);
	}
	limit = LONG;
	expect_no_error(open_in("pipe", IN_FILE_NOT_HEX, &file), "pipe");
	waitpid(child, NULL, 0);
	expect_long(file);
	in_file_close(file);
}
END_TEST

START_TEST(endless)
{
	struct in_file *file = NULL;

	limit = 1 << 20;
	expect_error(
		in_file_open("/dev/zero", IN_FILE_RAW, fits, &limit, &file),
		ERROR_REJECTED, "zero");
}
END_TEST

/* Files whose size is told as 0, or as a page. */
START_TEST(of_the_kernel)
{
	struct in_file *file = NULL;
	char name[4] = "";

	expect_no_error(in_file_open("/proc/sys/kernel/ostype", IN_FILE_RAW,
				     NULL, NULL, &file),
			"ostype");
	ck_assert_uint_eq(in_file_size(file), 6);
	expect_no_error(in_file_read(file, 2, name, 3), "nux");
	ck_assert_str_eq(name, "nux");
	in_file_close(file);
}
END_TEST

#define TEXT                                                                   \
	"00000040  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61\n*\n"      \
	"00000060  62 63\n00000062\n"

START_TEST(text)
{
	struct in_file *file = NULL;
	char bytes[8] = "";

	tree_put(&tree, TEXT, "text");
	limit = 34;
	expect_no_error(open_in("text", IN_FILE_HEX, &file), "text");
	ck_assert_uint_eq(in_file_size(file), 34);
	expect_no_error(in_file_read(file, 30, bytes, 4), "text");
	ck_assert_str_eq(bytes, "aabc");
	in_file_close(file);
	file = NULL;
	expect_error(open_in("text", IN_FILE_NOT_HEX, &file), ERROR_USAGE,
		     "not as it is");
	limit = 1000;
	expect_no_error(open_in("text", IN_FILE_RAW, &file), "as it is");
	ck_assert_uint_eq(in_file_size(file), strlen(TEXT));
	in_file_close(file);
}
END_TEST

START_TEST(text_of_exabytes)
{
	struct in_file *file = NULL;

	tree_put(&tree,
		 "00000000  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61\n"
		 "*\nfffffffffffffff0\n",
		 "text");
	limit = 1 << 20;
	expect_error(open_in("text", IN_FILE_HEX, &file), ERROR_REJECTED,
		     "exabytes");
}
END_TEST

START_TEST(refused)
{
	static const struct {
		const char *name;
		enum in_file_form form;
		enum error_kind kind;
		int errnum;
		const char *message;
	} cases[] = {
		{"absent", IN_FILE_RAW, ERROR_FAILED, ENOENT, "cannot be open"},
		{"absent", IN_FILE_HEX, ERROR_FAILED, ENOENT, "cannot be open"},
		{"folder", IN_FILE_RAW, ERROR_FAILED, EISDIR, "cannot be read"},
		{"folder", IN_FILE_HEX, ERROR_FAILED, EISDIR, "cannot be read"},
		{"empty", IN_FILE_RAW, ERROR_USAGE, 0, "it is empty"},
		{"empty", IN_FILE_NOT_HEX, ERROR_USAGE, 0, "it is empty"},
		{"empty", IN_FILE_HEX, ERROR_USAGE, 0, "nothing in it"},
		{"binary", IN_FILE_HEX, ERROR_USAGE, 0, "line 1: this is not"},
		{"cut", IN_FILE_HEX, ERROR_USAGE, 0, "line 2: it is cut"},
	};

	tree_folder(&tree, "folder");
	tree_put(&tree, "", "empty");
	tree_put(&tree, "\177ELF", "binary");
	tree_put(&tree, "00000000  61\n", "cut");
	limit = LONG;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *name = cases[i].name;
		struct in_file *file = NULL;
		struct error *error = open_in(name, cases[i].form, &file);

		ck_assert_msg(error != NULL, "%s", name);
		ck_assert_msg(error->errnum == cases[i].errnum, "%s: %s", name,
			      error->message);
		ck_assert_msg(strstr(error->message, cases[i].message) &&
				      strstr(error->message, in_tree(name)) ==
					      error->message,
			      "%s: %s", name, error->message);
		expect_error(error, cases[i].kind, name);
		ck_assert_ptr_null(file);
	}
}
END_TEST

START_TEST(becomes_shorter)
{
	struct in_file *file = NULL;
	unsigned char byte;

	put_long("long");
	limit = LONG;
	expect_no_error(open_in("long", IN_FILE_RAW, &file), "long");
	ck_assert_int_eq(truncate(in_tree("long"), 100), 0);
	expect_no_error(in_file_read(file, 99, &byte, 1), "in it");
	expect_error(in_file_read(file, 100, &byte, 1), ERROR_FAILED,
		     "behind it");
	expect_error(in_file_read(file, 99, &byte, 2), ERROR_FAILED,
		     "half behind it");
	in_file_close(file);
}
END_TEST

/* No room to keep it in. */
START_TEST(no_room)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (!child) {
		static const struct rlimit small = {8192, 8192};
		struct in_file *file = NULL;
		struct error *error;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &small);
		limit = 1 << 20;
		error = in_file_open("/dev/zero", IN_FILE_RAW, fits, &limit,
				     &file);
		_exit(error && error->errnum == EFBIG ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void nothing(int number)
{
	(void)number;
}

/* A child, which ends by itself. It has inherited the handlers of Check, which
 * would end its whole process group. */
static pid_t fork_child(void)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (!child) {
		signal(SIGALRM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		alarm(30);
	}
	return child;
}

static void expect_success(pid_t child, const char *label)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(status == 0, "%s: %x", label, (unsigned)status);
}

/* Sends SIGINT to its parent, again and again. */
static void interrupt_parent(void)
{
	pid_t parent = getpid();

	if (fork() != 0)
		return;
	while (getppid() == parent) {
		usleep(20000);
		kill(parent, SIGINT);
	}
	_exit(0);
}

static void expect_interrupted(enum in_file_form form)
{
	struct in_file *file = NULL;
	struct error *error =
		in_file_open(in_tree("pipe"), form, NULL, NULL, &file);

	_exit(error && !file && error->kind == ERROR_INTERRUPTED &&
			      strcmp(error->message, "interrupted") == 0
		      ? 0
		      : 1);
}

/* In a shell, of a pipe that has no writer, or one that writes no more. */
START_TEST(interrupted)
{
	static const struct {
		const char *written; /* NULL: there is no writer */
		enum in_file_form form;
	} cases[] = {
		{NULL, IN_FILE_RAW}, {NULL, IN_FILE_HEX},
		{"", IN_FILE_RAW},   {"abc", IN_FILE_NOT_HEX},
		{"", IN_FILE_HEX},   {"00000000  61 62\n0000", IN_FILE_HEX},
	};

	ck_assert_int_eq(mkfifoat(tree.fd, "pipe", 0600), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *part = cases[i].written;
		pid_t child = fork_child();
		char label[32];

		if (!child) {
			int fd =
				part ? open(in_tree("pipe"), O_RDWR | O_CLOEXEC)
				     : -1;

			if (part && write(fd, part, strlen(part)) < 0)
				_exit(2);
			interrupt_catch();
			interrupt_parent();
			expect_interrupted(cases[i].form);
		}
		snprintf(label, sizeof(label), "case %zu", i);
		expect_success(child, label);
	}
}
END_TEST

/* By one that came before it began to wait. */
START_TEST(interrupted_before)
{
	pid_t child;

	ck_assert_int_eq(mkfifoat(tree.fd, "pipe", 0600), 0);
	child = fork_child();
	if (!child) {
		if (open(in_tree("pipe"), O_RDWR | O_CLOEXEC) < 0)
			_exit(2);
		interrupt_catch();
		raise(SIGINT);
		expect_interrupted(IN_FILE_RAW);
	}
	expect_success(child, "before");
}
END_TEST

/* Sends SIGUSR1 to its parent, before and while it writes 4 bytes. */
static void write_with_signals(void)
{
	pid_t parent = getpid();
	int fd = -1;

	if (fork() != 0)
		return;
	for (unsigned i = 0; i < 8; i++) {
		usleep(20000);
		kill(parent, SIGUSR1);
		if (i == 3)
			fd = open(in_tree("pipe"), O_WRONLY | O_CLOEXEC);
		if (i > 3 && write(fd, "a", 1) < 0)
			_exit(1);
	}
	_exit(0);
}

/* A signal that ends nothing does not end this. */
START_TEST(other_signals)
{
	pid_t child;

	ck_assert_int_eq(mkfifoat(tree.fd, "pipe", 0600), 0);
	child = fork_child();
	if (!child) {
		struct sigaction action = {.sa_handler = nothing};
		struct in_file *file = NULL;
		struct error *error;

		sigaction(SIGUSR1, &action, NULL);
		interrupt_catch();
		write_with_signals();
		error = in_file_open(in_tree("pipe"), IN_FILE_RAW, NULL, NULL,
				     &file);
		_exit(!error && in_file_size(file) == 4 ? 0 : 1);
	}
	expect_success(child, "SIGUSR1");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		regular,
		named_pipe,
		endless,
		of_the_kernel,
		text,
		text_of_exabytes,
		refused,
		becomes_shorter,
		no_room,
		interrupted,
		interrupted_before,
		other_signals,
	};

	return run_suite(suite_of("infile", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
