/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes in the form of `hexdump -C`: what is written, what is read back, and
 * what is refused. That it is hexdump's form is for tests/cli/dump.bats. */
#include <errno.h>

#include "base/hexdump.h"
#include "unit.h"

#define ROW0 "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  "
#define DOTS "|................|\n"

/* What was read. */
enum { MOST = 4096 };

static struct {
	unsigned char bytes[MOST];
	size_t length, limit;
} got;

static struct error *take(void *data, const unsigned char *bytes, size_t length)
{
	ck_assert_ptr_eq(data, &got);
	ck_assert_uint_le(length, HEX_ROW);
	if (length > got.limit - got.length)
		return error_create(ERROR_REJECTED, 0, "that is too much");
	memcpy(got.bytes + got.length, bytes, length);
	got.length += length;
	return NULL;
}

static struct error *read_text(const char *text, size_t length)
{
	FILE *stream = length ? fmemopen((void *)text, length, "r")
			      : fopen("/dev/null", "re");
	struct error *error;

	ck_assert_ptr_nonnull(stream);
	got.length = 0;
	got.limit = MOST;
	error = hex_read(stream, take, &got);
	fclose(stream);
	return error;
}

struct text {
	char *bytes;
	size_t length;
};

/* `known` may be NULL: all are. */
static struct text written(const unsigned char *bytes, const bool *known,
			   size_t length, uint64_t offset)
{
	struct hex_writer writer;
	struct text text;
	FILE *stream = open_memstream(&text.bytes, &text.length);

	ck_assert_ptr_nonnull(stream);
	hex_writer_init(&writer, stream, offset);
	for (size_t i = 0; i < length; i++)
		hex_writer_put(&writer, known && !known[i] ? NULL : bytes + i,
			       1);
	hex_writer_end(&writer);
	ck_assert_int_eq(fclose(stream), 0);
	return text;
}

static void expect_written(const char *bytes, size_t length, uint64_t offset,
			   const char *wanted)
{
	struct text text =
		written((const unsigned char *)bytes, NULL, length, offset);

	ck_assert_str_eq(text.bytes, wanted);
	free(text.bytes);
}

START_TEST(forms)
{
	static const char zeros[64];

	expect_written("", 0, 0, "");
	expect_written("a", 1, 0,
		       "00000000  61                                          "
		       "      |a|\n"
		       "00000001\n");
	expect_written("\x7f\x80\xff |~", 6, 0x1c,
		       "0000001c  7f 80 ff 20 7c 7e                           "
		       "      |... |~|\n"
		       "00000022\n");
	expect_written(zeros, 16, 0, ROW0 DOTS "00000010\n");
	expect_written(zeros, 32, 0, ROW0 DOTS "*\n00000020\n");
	expect_written(zeros, 64, 0, ROW0 DOTS "*\n00000040\n");
	expect_written(zeros, 36, 0,
		       ROW0 DOTS
		       "*\n"
		       "00000020  00 00 00 00                                 "
		       "      |....|\n"
		       "00000024\n");
	expect_written(zeros, 20, 0,
		       ROW0 DOTS
		       "00000010  00 00 00 00                                 "
		       "      |....|\n"
		       "00000014\n");
	expect_written(zeros, 16, 0xffffffff0,
		       "ffffffff0  00 00 00 00 00 00 00 00  00 00 00 00 00 00 "
		       "00 00  " DOTS "1000000000\n");
}
END_TEST

START_TEST(unknown_bytes)
{
	static const unsigned char whole_row[100];
	static const unsigned char bytes[48] = {[3] = '-'};
	bool known[48] = {[0 ... 7] = true};
	struct text text = written(bytes, known, 48, 0);

	ck_assert_str_eq(text.bytes,
			 "00000000  00 00 00 2d 00 00 00 00  -- -- -- -- -- -- "
			 "-- --  |...-....--------|\n"
			 "00000010  -- -- -- -- -- -- -- --  -- -- -- -- -- -- "
			 "-- --  |----------------|\n"
			 "*\n"
			 "00000030\n");
	expect_error(read_text(text.bytes, text.length), ERROR_USAGE, "--");
	free(text.bytes);
	/* In one piece, and very many. */
	for (size_t length = 16; length < 100; length++) {
		static const bool none[100];
		struct hex_writer writer;
		struct text whole;
		FILE *stream = open_memstream(&whole.bytes, &whole.length);

		hex_writer_init(&writer, stream, 8);
		hex_writer_put(&writer, NULL, length);
		hex_writer_end(&writer);
		fclose(stream);
		text = written(whole_row, none, length, 8);
		ck_assert_str_eq(text.bytes, whole.bytes);
		free(text.bytes);
		free(whole.bytes);
	}
	{
		struct hex_writer writer;
		FILE *stream = open_memstream(&text.bytes, &text.length);

		hex_writer_init(&writer, stream, 0);
		hex_writer_put(&writer, NULL, UINT64_C(1) << 62);
		hex_writer_end(&writer);
		fclose(stream);
		ck_assert_ptr_nonnull(
			strstr(text.bytes, "|\n*\n4000000000000000\n"));
		free(text.bytes);
	}
	/* Not the same as zeros. */
	memset(known, true, 16);
	text = written(bytes + 16, known, 32, 0);
	ck_assert_ptr_null(strstr(text.bytes, "*"));
	free(text.bytes);
}
END_TEST

/* Few different bytes, so that rows repeat. */
static size_t make_bytes(unsigned seed, unsigned char *ret)
{
	size_t length = seed * 7 % 200 + 1;

	for (size_t i = 0; i < length; i++)
		ret[i] = (unsigned char)(seed % 3   ? (i / 16) * (seed % 5) / 4
					 : seed % 2 ? i * seed
						    : 0x7c);
	return length;
}

START_TEST(round_trips)
{
	for (unsigned seed = 0; seed < 600; seed++) {
		uint64_t offset = seed % 4 ? seed * 3 : UINT64_MAX - 300;
		unsigned char bytes[200];
		size_t length = make_bytes(seed, bytes);
		struct text text = written(bytes, NULL, length, offset);

		expect_no_error(read_text(text.bytes, text.length), text.bytes);
		ck_assert_uint_eq(got.length, length);
		ck_assert_msg(memcmp(got.bytes, bytes, length) == 0, "%s",
			      text.bytes);
		free(text.bytes);
	}
}
END_TEST

/* Wherever it is cut, that is noticed. */
START_TEST(cut_anywhere)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		unsigned char bytes[200];
		size_t length = make_bytes(seed, bytes);
		struct text text = written(bytes, NULL, length, seed);

		for (size_t i = 0; i < text.length; i++) {
			struct error *error = read_text(text.bytes, i);

			ck_assert_msg(error != NULL, "%.*s", (int)i,
				      text.bytes);
			expect_error(error, ERROR_USAGE, "cut");
		}
		free(text.bytes);
	}
}
END_TEST

static const struct {
	const char *text;
	const char *bytes; /* up to the first '\0' */
} right[] = {
	{"00000000  61 62\n00000002\n", "ab"},
	{"00000000 61 62 \n00000002\n", "ab"},
	{"00000100  61 6B  |  |\n00000102\n", "ak"},
	{"00000000  7c 7c  ||||\n00000002\n", "||"},
	{"00000000  61  |\x80|\n00000001\n", "a"},
	{"0000000000000000  61  |a|\n00000001\n", "a"},
	{"FFFFFFFFFFFFFFFE  61  |a|\nffffffffffffffff\n", "a"},
	{"00000000  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61\n*\n"
	 "00000020\n",
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
	{"00000000  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61\n*\n"
	 "00000020  62\n00000021\n",
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"},
	/* hexdump of the BSDs does not show a short row that is the same */
	{"00000000  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61\n*\n"
	 "00000013\n",
	 "aaaaaaaaaaaaaaaaaaa"},
};

START_TEST(right_texts)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		const char *text = right[i].text;

		expect_no_error(read_text(text, strlen(text)), text);
		ck_assert_uint_eq(got.length, strlen(right[i].bytes));
		ck_assert_msg(memcmp(got.bytes, right[i].bytes, got.length) ==
				      0,
			      "%s", text);
	}
}
END_TEST

#define A "00000000  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61\n"

static const struct {
	const char *text;
	const char *message;
} wrong[] = {
	{"", "nothing in it"},
	{"\n", "line 1: this is not the form"},
	{"00000000\n", "line 1: there is no byte"},
	{"*\n", "line 1: \"*\" has to follow"},
	{"hello\n", "line 1: this is not the form"},
	{"0000000  61\n", "line 1: this is not the form"},
	{"00000000000000000  61\n", "line 1: this is not the form"},
	{"00000000: 61\n", "line 1: this is not the form"},
	{"00000000\t61\n00000001\n", "line 1: this is not the form"},
	{"00000000  61 \r\n00000001\r\n", "line 1: this is not the form"},
	{"00000000  6\n00000001\n", "line 1: this is not the form"},
	{"00000000  6162\n00000002\n", "line 1: this is not the form"},
	{"00000000  61 0x62\n00000002\n", "line 1: this is not the form"},
	{"00000000  61 6g\n00000002\n", "line 1: this is not the form"},
	{"00000000  -- 61\n00000002\n", "line 1: \"--\" is a byte"},
	{"00000000  |a|\n00000001\n", "line 1: this is not the form"},
	{"00000000  61  |a\n00000001\n", "line 1: the line is cut short"},
	{"00000000  61  |\n00000001\n", "line 1: the line is cut short"},
	{"00000000  61  |ab|\n00000001\n", "line 1: the text between"},
	{"00000000  61 61  |a|\n00000002\n", "line 1: the text between"},
	{"00000000  61 61  |aa| \n00000002\n", "line 1: the line is cut"},
	{"00000000  61 61 61 61 61 61 61 61  61 61 61 61 61 61 61 61 61\n",
	 "line 1: more than 16"},
	{"00000000  61 61\n", "line 2: it is cut short"},
	{"00000000  61 61\n00000002", "line 2: the line is cut short"},
	{"00000000  61 61\n00000001\n", "line 2: offset 0x00000001 does not"},
	{"00000000  61 61\n00000002  61\n00000003\n", "line 2: only the last"},
	{"00000000  61 61\n00000003\n", "line 2: offset 0x00000003 does not"},
	{"00000000  61 61\n00000002\n\n", "line 3: there is something"},
	{"00000000  61 61\n00000002\n00000002\n", "line 3: there is something"},
	{"00000000  61 61\n*\n00000012\n", "line 2: \"*\" has to follow"},
	{A "*\n*\n00000020\n", "line 3: \"*\" has to follow"},
	{A "*\n00000010\n", "line 3: offset 0x00000010 does not"},
	{A "*\n00000010  61\n00000011\n", "line 3: offset 0x00000010"},
	{A "*\n00000028  61\n00000029\n", "line 3: offset 0x00000028"},
	{A "00000020  61\n00000021\n", "line 2: offset 0x00000020"},
	{A "00000000  61\n00000001\n", "line 2: offset 0x00000000"},
	{A "*\n", "line 3: it is cut short"},
	{"ffffffffffffffff  61 61\n0000000000000001\n", "runs over the end"},
	{A "*\n7fffffffffffffff0\n", "line 3: this is not the form"},
	{"\177ELF\2\1\1\n", "line 1: this is not the form"},
};

START_TEST(wrong_texts)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const char *text = wrong[i].text;
		struct error *error = read_text(text, strlen(text));

		ck_assert_msg(error != NULL, "%s", text);
		ck_assert_msg(has_text(error->message, wrong[i].message),
			      "%s: %s", text, error->message);
		expect_error(error, ERROR_USAGE, text);
	}
}
END_TEST

/* A line that does not end is not kept, nor read. */
START_TEST(long_line)
{
	static char text[1 << 20];
	struct error *error;

	memset(text, '6', sizeof(text));
	error = read_text(text, sizeof(text));
	ck_assert_ptr_nonnull(error);
	ck_assert_str_eq(error->message, "line 1: the line is too long");
	error_destroy(error);
	memset(text, ' ', sizeof(text));
	memcpy(text, "00000000  61", 12);
	expect_error(read_text(text, sizeof(text)), ERROR_USAGE, "blanks");
}
END_TEST

START_TEST(zero_bytes_in_a_line)
{
	static const char texts[][24] = {"00000000\0 61\n00000001\n",
					 "00000000  61\0\n00000001\n",
					 "00000000  61\0 62\n000001\n",
					 "\0\n",
					 "*\0\n00000001\n",
					 "00000000  \0\n00000001\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		expect_error(read_text(texts[i], sizeof(texts[i])), ERROR_USAGE,
			     texts[i]);
}
END_TEST

/* What stands for exabytes ends where the sink says so. */
START_TEST(sink_ends_it)
{
	static const char text[] = A "*\nfffffffffffffff0\n";

	expect_error(read_text(text, sizeof(text) - 1), ERROR_REJECTED, "*");
	ck_assert_uint_eq(got.length, MOST);
}
END_TEST

START_TEST(stream_fails)
{
	FILE *folder = fopen("/", "re");
	struct error *error;

	ck_assert_ptr_nonnull(folder);
	error = hex_read(folder, take, &got);
	ck_assert_ptr_nonnull(error);
	ck_assert_int_eq(error->errnum, EISDIR);
	expect_error(error, ERROR_FAILED, "a folder");
	fclose(folder);
}
END_TEST

START_TEST(looks)
{
	static const struct {
		const char *text;
		bool looks;
	} cases[] = {
		{ROW0 DOTS, true},       {"00000000  61\n", true},
		{"00000000  61", false}, {"", false},
		{"00000000\n", false},   {"*\n", false},
		{"\177ELF", false},      {"hello\n", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(
			hex_looks_like(cases[i].text, strlen(cases[i].text)) ==
				cases[i].looks,
			"%s", cases[i].text);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		forms,        unknown_bytes, round_trips, cut_anywhere,
		right_texts,  wrong_texts,   long_line,   zero_bytes_in_a_line,
		sink_ends_it, stream_fails,  looks,
	};

	return run_suite(
		suite_of("hexdump", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
