/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a batch, from files and pipes: their ends, their lengths, bytes that
 * are no text, what does not come at once. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "script/lines.h"

static int source = -1;

static void set_up(void)
{
	source = memfd_create("lines", MFD_CLOEXEC);
	ck_assert_int_ge(source, 0);
}

static void tear_down(void)
{
	close(source);
}

static void put(const void *bytes, size_t length)
{
	ck_assert_int_eq(write(source, bytes, length), (ssize_t)length);
}

static void put_times(size_t count, char c)
{
	char *bytes = malloc(count);

	ck_assert_ptr_nonnull(bytes);
	memset(bytes, c, count);
	put(bytes, count);
	free(bytes);
}

static struct lines begin(void)
{
	struct lines lines;

	ck_assert_int_eq(lseek(source, 0, SEEK_SET), 0);
	expect_no_error(lines_init(&lines, source), "init");
	return lines;
}

static char *next(struct lines *lines)
{
	char *line;

	expect_no_error(lines_next(lines, &line), "next");
	return line;
}

static void expect_end(struct lines *lines)
{
	uint64_t number = lines->number;

	ck_assert(lines_ready(lines));
	ck_assert_ptr_null(next(lines));
	/* It stays the end. */
	ck_assert_ptr_null(next(lines));
	ck_assert(lines_ready(lines));
	ck_assert_uint_eq(lines->number, number);
}

static const struct {
	const char *label, *text;
	const char *lines[6]; /* then NULL */
} right[] = {
	{"nothing", "", {NULL}},
	{"one", "a\n", {"a"}},
	{"without its end", "a\nb", {"a", "b"}},
	{"empty ones", "\n\na\n\n", {"", "", "a", ""}},
	{"CR LF", "a\r\nb c\r\n\r\n", {"a", "b c", ""}},
	{"CR at the end of all", "a\r", {"a"}},
	{"CR alone", "\r", {""}},
	{"only one CR is taken", "a\r\r\n", {"a\r"}},
	{"CR in the middle", "a\rb\n\rc\n", {"a\rb", "\rc"}},
	{"no text",
	 "\xff\xfe\n\xc3\n\x80\x01\x7f\n",
	 {"\xff\xfe", "\xc3", "\x80\x01\x7f"}},
	{"blanks stay", "  a\t \n", {"  a\t "}},
	{"no continuation", "a\\\nb\n", {"a\\", "b"}},
};

START_TEST(right_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		struct lines lines;
		size_t n = 0;

		ck_assert_int_eq(ftruncate(source, 0), 0);
		lseek(source, 0, SEEK_SET);
		put(right[i].text, strlen(right[i].text));
		lines = begin();
		ck_assert_uint_eq(lines.number, 0);
		for (; right[i].lines[n]; n++) {
			const char *line = next(&lines);

			ck_assert_msg(same_text(line, right[i].lines[n]),
				      "%s: %zu: %s", right[i].label, n, line);
			ck_assert_uint_eq(lines.number, n + 1);
		}
		expect_end(&lines);
		lines_deinit(&lines);
	}
}
END_TEST

/* They may be changed; what stands behind them is not. */
START_TEST(changed)
{
	struct lines lines;
	char *line;

	put("one\ntwo\n", 8);
	lines = begin();
	line = next(&lines);
	memset(line, 'x', 4);
	ck_assert_str_eq(next(&lines), "two");
	expect_end(&lines);
	lines_deinit(&lines);
}
END_TEST

static struct error *fails(struct lines *lines, const char *message)
{
	char *line = (char *)"";
	struct error *error = lines_next(lines, &line);

	ck_assert_ptr_nonnull(error);
	ck_assert_ptr_null(line);
	ck_assert_msg(has_text(error->message, message), "%s", error->message);
	return error;
}

START_TEST(a_nul)
{
	static const struct {
		const char *text;
		size_t length;
	} texts[] = {
		{"a\n\0\n", 4}, {"a\nb\0c\n", 6}, {"a\nb\0", 4},
		{"a\n\0b", 4},  {"a\n\0\r\n", 5},
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct lines lines;

		ck_assert_int_eq(ftruncate(source, 0), 0);
		lseek(source, 0, SEEK_SET);
		put(texts[i].text, texts[i].length);
		lines = begin();
		ck_assert_str_eq(next(&lines), "a");
		expect_error(fails(&lines, "NUL"), ERROR_USAGE, "a NUL");
		ck_assert_uint_eq(lines.number, 2);
		lines_deinit(&lines);
	}
}
END_TEST

/* A line of `length` bytes with an end, behind a short one. */
static void try_length(size_t length, const char *end, bool right_one)
{
	struct lines lines;
	char *line;

	ck_assert_int_eq(ftruncate(source, 0), 0);
	lseek(source, 0, SEEK_SET);
	put("short\n", 6);
	put_times(length, 'a');
	put(end, strlen(end));
	put("last", *end ? 4 : 0);
	lines = begin();
	ck_assert_str_eq(next(&lines), "short");
	if (right_one) {
		line = next(&lines);
		ck_assert_ptr_nonnull(line);
		ck_assert_uint_eq(strlen(line), length);
		ck_assert_uint_eq(strspn(line, "a"), length);
		if (*end)
			ck_assert_str_eq(next(&lines), "last");
		expect_end(&lines);
	} else {
		expect_error(fails(&lines, "longer than 1048576 bytes"),
			     ERROR_USAGE, "too long");
		ck_assert_uint_eq(lines.number, 2);
	}
	ck_assert_uint_le(lines.capacity, 4 * (size_t)LONGEST_LINE);
	lines_deinit(&lines);
}

START_TEST(lengths)
{
	static const char *const ends[] = {"\n", "\r\n", ""};
	static const size_t steps[] = {1 << 16, 1 << 17, 1 << 19};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		for (size_t n = 0; n < ARRAY_SIZE(steps); n++)
			for (size_t d = 0; d < 12; d++)
				try_length(steps[n] + 2 - d, ends[i], true);
		try_length(LONGEST_LINE - 1, ends[i], true);
		try_length(LONGEST_LINE, ends[i], true);
		try_length(LONGEST_LINE + 1, ends[i], false);
		try_length(3 * (size_t)LONGEST_LINE, ends[i], false);
	}
}
END_TEST

/* Memory does not grow with their number, nor with lines that are read on. */
START_TEST(many)
{
	enum { MANY = 200000 };
	struct lines lines;
	char text[32];

	for (int i = 0; i < MANY; i += 1000) {
		char *all;
		size_t size;
		FILE *stream = open_memstream(&all, &size);

		for (int j = i; j < i + 1000; j++)
			fprintf(stream, "line %d%s\n", j, j % 3 ? "" : "\r");
		ck_assert_int_eq(fclose(stream), 0);
		put(all, size);
		free(all);
	}
	lines = begin();
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "line %d", i);
		ck_assert_str_eq(next(&lines), text);
	}
	ck_assert_uint_eq(lines.number, MANY);
	ck_assert_uint_eq(lines.capacity, 1 << 16);
	expect_end(&lines);
	lines_deinit(&lines);
}
END_TEST

START_TEST(failed_reads)
{
	int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct lines lines;
	struct error *error;

	ck_assert_int_ge(folder, 0);
	expect_no_error(lines_init(&lines, folder), "init");
	error = fails(&lines, "reading the batch");
	ck_assert_int_eq(error->errnum, EISDIR);
	ck_assert_uint_eq(lines.number, 1);
	expect_error(error, ERROR_FAILED, "a folder");
	lines_deinit(&lines);
	close(folder);
	expect_no_error(lines_init(&lines, -1), "init");
	error = fails(&lines, "reading the batch");
	ck_assert_int_eq(error->errnum, EBADF);
	expect_error(error, ERROR_FAILED, "no descriptor");
	lines_deinit(&lines);
}
END_TEST

/* Pipes */

START_TEST(ready)
{
	struct lines lines;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	expect_no_error(lines_init(&lines, ends[0]), "init");
	ck_assert(!lines_ready(&lines));
	ck_assert_int_eq(write(ends[1], "a\nb\nc", 5), 5);
	ck_assert(lines_ready(&lines));
	ck_assert_str_eq(next(&lines), "a");
	ck_assert(lines_ready(&lines));
	ck_assert_str_eq(next(&lines), "b");
	/* The rest of a line is not one. */
	ck_assert(!lines_ready(&lines));
	ck_assert_int_eq(write(ends[1], "d\n", 2), 2);
	ck_assert(lines_ready(&lines));
	ck_assert_str_eq(next(&lines), "cd");
	ck_assert(!lines_ready(&lines));
	ck_assert_int_eq(write(ends[1], "e", 1), 1);
	close(ends[1]);
	ck_assert(lines_ready(&lines));
	ck_assert_str_eq(next(&lines), "e");
	expect_end(&lines);
	ck_assert_uint_eq(lines.number, 4);
	lines_deinit(&lines);
	close(ends[0]);
}
END_TEST

/* Someone who writes byte by byte, and whose signals interrupt the reader. */
struct writer {
	int fd;
	pthread_t reader;
	const char *text;
};

static void *write_slowly(void *data)
{
	static const struct timespec pause = {.tv_nsec = 3000000};
	struct writer *writer = data;

	for (const char *c = writer->text; *c; c++) {
		nanosleep(&pause, NULL);
		pthread_kill(writer->reader, SIGUSR1);
		nanosleep(&pause, NULL);
		if (write(writer->fd, c, 1) != 1)
			break;
	}
	close(writer->fd);
	return NULL;
}

static volatile sig_atomic_t interruptions;

static void on_signal(int number)
{
	(void)number;
	interruptions++;
}

START_TEST(slow_and_interrupted)
{
	/* Without SA_RESTART. */
	struct sigaction action = {.sa_handler = on_signal}, before;
	struct writer writer = {.reader = pthread_self(),
				.text = "one\r\ntwo\n\nthree"};
	struct lines lines;
	pthread_t thread;
	int ends[2];

	interruptions = 0;
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	writer.fd = ends[1];
	ck_assert_int_eq(sigaction(SIGUSR1, &action, &before), 0);
	expect_no_error(lines_init(&lines, ends[0]), "init");
	ck_assert_int_eq(pthread_create(&thread, NULL, write_slowly, &writer),
			 0);
	ck_assert_str_eq(next(&lines), "one");
	ck_assert_str_eq(next(&lines), "two");
	ck_assert_str_eq(next(&lines), "");
	ck_assert_str_eq(next(&lines), "three");
	expect_end(&lines);
	pthread_join(thread, NULL);
	sigaction(SIGUSR1, &before, NULL);
	ck_assert_int_gt(interruptions, 0);
	lines_deinit(&lines);
	close(ends[0]);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		right_lines, changed,      a_nul, lengths,
		many,        failed_reads, ready, slow_and_interrupted,
	};

	return run_suite(
		suite_of("lines", set_up, tear_down, tests, ARRAY_SIZE(tests)));
}
