/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a batch's line: quotes, escapes, comments, variables, and where
 * errors point. */
#include "unit.h"

#include "script/variables.h"
#include "script/words.h"

static struct variables variables;

static void set_up(void)
{
	variables = (struct variables){0};
	expect_no_error(variables_set(&variables, "x", "y  z", false), "x");
	expect_no_error(variables_set(&variables, "empty", "", false), "empty");
	expect_no_error(
		variables_set(&variables, "sign", "${x} # '\"\\", false),
		"sign");
	expect_no_error(variables_set(&variables, "late", "0x1", true), "late");
	expect_no_error(variables_set(&variables, "_a1", "under", false),
			"_a1");
}

static void tear_down(void)
{
	variables_deinit(&variables);
}

/* The words, each in brackets. */
static char *joined(const struct words *words)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	for (size_t i = 0; i < words->count; i++)
		fprintf(stream, "[%s]", words->items[i].text);
	ck_assert_int_eq(fclose(stream), 0);
	return text;
}

static const struct {
	const char *line, *words;
} right[] = {
	{"", ""},
	{"   \t ", ""},
	{"a", "[a]"},
	{" a\tb  c ", "[a][b][c]"},
	/* comments: at the start of a word only */
	{"#", ""},
	{"  # a 'b", ""},
	{"a # b \" ${no} \\", "[a]"},
	{"a#b #c", "[a#b]"},
	{"'#' \\# \"#\"", "[#][#][#]"},
	{"''#a", "[#a]"},
	{"${empty}#a", "[#a]"},
	/* '...' keeps everything */
	{"'a b'", "[a b]"},
	{"''", "[]"},
	{"'\\' '\"' '$' '${x}' '#'", "[\\][\"][$][${x}][#]"},
	{"a'b c'd", "[ab cd]"},
	{"'a''b'", "[ab]"},
	/* "..." takes variables, and \ before three signs */
	{"\"\"", "[]"},
	{"\"a  b\"", "[a  b]"},
	{"\"\\\"\" \"\\\\\" \"\\$\"", "[\"][\\][$]"},
	{"\"\\${x}\"", "[${x}]"},
	{"\"\\n\\'\\ \"", "[\\n\\'\\ ]"},
	{"\"'\"'\"'", "['\"]"},
	{"\"a\\\\\"b", "[a\\b]"},
	/* \ outside takes the next one as it is */
	{"a\\ b", "[a b]"},
	{"\\\\ \\' \\\" \\$ \\a", "[\\]['][\"][$][a]"},
	{"\\${x}", "[${x}]"},
	{"\\\t", "[\t]"},
	/* variables; they are not split, and not looked at again */
	{"${x}", "[y  z]"},
	{"a${x}b", "[ay  zb]"},
	{"\"${x}\"${x}", "[y  zy  z]"},
	{"${empty}", "[]"},
	{"a ${empty} b", "[a][][b]"},
	{"${sign}", "[${x} # '\"\\]"},
	{"\"${sign}\"", "[${x} # '\"\\]"},
	{"${_a1}}", "[under}]"},
	/* letters like others */
	{"a;b|c>d<e*f?g&h(i)j`k~l!m", "[a;b|c>d<e*f?g&h(i)j`k~l!m]"},
	{"{x} a=b [1]", "[{x}][a=b][[1]]"},
	{"a\r b", "[a\r][b]"},
	{"a\vb\fc", "[a\vb\fc]"},
	/* bytes that are no UTF-8, and such that are */
	{"\xff\xfe '\xc3' \"\x80\"", "[\xff\xfe][\xc3][\x80]"},
	{"\xc3\xa4\\\xc3\xa4", "[\xc3\xa4\xc3\xa4]"},
};

START_TEST(right_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		cleanup_words struct words words = {0};
		cleanup_free char *text = NULL;

		expect_no_error(words_split(right[i].line, &variables, &words),
				right[i].line);
		text = joined(&words);
		ck_assert_msg(strcmp(text, right[i].words) == 0, "%s: %s",
			      right[i].line, text);
	}
}
END_TEST

static const struct {
	const char *line;
	size_t start, length;
	const char *message, *help; /* parts of them */
} wrong[] = {
	{"'", 0, 1, "does not end", NULL},
	{"a 'b c", 2, 1, "does not end", NULL},
	{"a 'b'c'd", 6, 1, "does not end", NULL},
	{"\"", 0, 1, "does not end", NULL},
	{"  \"a\\\"", 2, 1, "does not end", NULL},
	{"\"a\\", 0, 1, "does not end", NULL},
	{"a'\"", 1, 1, "does not end", NULL},
	{"\\", 0, 1, "behind the backslash", "one line"},
	{"echo a\\", 6, 1, "behind the backslash", "one line"},
	{"$", 0, 1, "written ${NAME}", "in quotes"},
	{"a $x b", 2, 1, "written ${NAME}", "in quotes"},
	{"a$(x)", 1, 1, "written ${NAME}", "in quotes"},
	{"\"$\"", 1, 1, "written ${NAME}", "in quotes"},
	{"\"a $$\"", 3, 1, "written ${NAME}", "in quotes"},
	{"${", 0, 2, "no name", NULL},
	{"a ${} b", 2, 2, "no name", NULL},
	{"${1}", 0, 2, "no name", NULL},
	{"${-}", 0, 2, "no name", NULL},
	{"${\xc3\xa4}", 0, 2, "no name", NULL},
	{"${x", 0, 3, "no '}'", NULL},
	{"${x y}", 0, 3, "no '}'", NULL},
	{"${x:-1}", 0, 3, "no '}'", NULL},
	{"\"${x\"", 1, 3, "no '}'", NULL},
	{"${nothing}", 2, 7, "no such variable", "set NAME TEXT"},
	{"a \"b${nothing}\" c", 6, 7, "no such variable", "set NAME TEXT"},
	{"${lat}", 2, 3, "no such variable", "near: late"},
	{"${Late}", 2, 4, "no such variable", "near: late"},
	/* the first one is told */
	{"${x ${nothing}", 0, 3, "no '}'", NULL},
	{"${nothing} '", 2, 7, "no such variable", NULL},
};

START_TEST(wrong_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		const char *line = wrong[i].line;
		struct words words = {.count = 77};
		cleanup_error struct error *error =
			words_split(line, &variables, &words);

		ck_assert_msg(error, "%s is taken", line);
		ck_assert_msg(error->kind == ERROR_USAGE, "%s: kind", line);
		ck_assert_msg(has_text(error->message, wrong[i].message),
			      "%s: %s", line, error->message);
		ck_assert_msg(!wrong[i].help ||
				      has_text(error->help, wrong[i].help),
			      "%s: %s", line, error->help);
		ck_assert_msg(same_text(error->input, line), "%s: %s", line,
			      error->input);
		ck_assert_msg(error->input_start == wrong[i].start &&
				      error->input_length == wrong[i].length,
			      "%s: %zu, %zu long", line, error->input_start,
			      error->input_length);
		ck_assert_msg(words.count == 77, "%s: words are written", line);
	}
}
END_TEST

START_TEST(places)
{
	static const struct {
		size_t start, length;
		bool plain, late;
	} wanted[] = {
		{1, 1, true, false},    {4, 3, false, false},
		{8, 4, false, false},   {13, 2, false, false},
		{16, 5, false, false},  {22, 7, false, true},
		{30, 10, false, false}, {41, 3, true, false},
	};
	const char *line = "\ta  'b' \"c\"d \\e f${x} ${late} g\"${_a1}\"h "
			   "i#j # k";
	cleanup_words struct words words = {0};

	ck_assert_int_eq(strchr(line, 'f') - line, 16);
	expect_no_error(words_split(line, &variables, &words), line);
	ck_assert_uint_eq(words.count, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < words.count; i++) {
		const struct word *word = &words.items[i];

		ck_assert_msg(word->start == wanted[i].start &&
				      word->length == wanted[i].length,
			      "%zu: %zu, %zu long", i, word->start,
			      word->length);
		ck_assert_msg(word->plain == wanted[i].plain, "%zu: plain", i);
		ck_assert_msg(word->late == wanted[i].late, "%zu: late", i);
	}
	ck_assert(words_are_late(&words, 0));
	ck_assert(words_are_late(&words, 5));
	ck_assert(!words_are_late(&words, 6));
	ck_assert(!words_are_late(&words, words.count));
}
END_TEST

/* What is late stays so, whatever is beside it; an escaped one is no variable.
 */
START_TEST(late_words)
{
	static const struct {
		const char *line;
		bool late;
	} lines[] = {{"a${late}", true},      {"\"${late}\"", true},
		     {"${x}${late}", true},   {"${late}${x}", true},
		     {"'${late}'", false},    {"\\${late}", false},
		     {"a # ${late}", false},  {"${x}", false},
		     {"\"\\${late}\"", false}};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cleanup_words struct words words = {0};

		expect_no_error(words_split(lines[i].line, &variables, &words),
				lines[i].line);
		ck_assert_msg(words_are_late(&words, 0) == lines[i].late, "%s",
			      lines[i].line);
	}
}
END_TEST

/* An error in a word, and where it is in the line then. */
static const struct {
	const char *line;
	const char *input; /* NULL: it has a subject only */
	const char *subject;
	size_t start, length; /* in the input */
	size_t wanted_start, wanted_length;
} located[] = {
	/* in a plain word: the very place */
	{"read  @uio0+", "@uio0+", NULL, 6, 0, 12, 0},
	{"read abc def", "def", NULL, 1, 2, 10, 2},
	/* of others the whole word */
	{"read 'abc' def", "abc", NULL, 1, 1, 5, 5},
	{"read \\abc", "abc", NULL, 2, 1, 5, 4},
	{"read ${x}", "y  z", NULL, 1, 1, 5, 4},
	/* by its subject: the whole word */
	{"read abc def", NULL, "def", 0, 0, 9, 3},
	{"read a\"b\"", NULL, "ab", 0, 0, 5, 4},
};

START_TEST(locates)
{
	for (size_t i = 0; i < ARRAY_SIZE(located); i++) {
		const char *line = located[i].line;
		cleanup_words struct words words = {0};
		cleanup_error struct error *error =
			error_create(ERROR_USAGE, 0, "it is wrong");

		expect_no_error(words_split(line, &variables, &words), line);
		if (located[i].input)
			error_at(error, located[i].input, located[i].start,
				 located[i].length);
		if (located[i].subject)
			error_subject(error, located[i].subject);
		ck_assert_ptr_eq(words_locate(&words, line, error), error);
		ck_assert_msg(same_text(error->input, line), "%s: %s", line,
			      error->input);
		ck_assert_msg(error->input_start == located[i].wanted_start &&
				      error->input_length ==
					      located[i].wanted_length,
			      "%s: %zu, %zu long", line, error->input_start,
			      error->input_length);
	}
}
END_TEST

/* What is in no word stays as it is. */
START_TEST(not_located)
{
	cleanup_words struct words words = {0};
	cleanup_error struct error *error =
		error_create(ERROR_USAGE, 0, "it is wrong");

	expect_no_error(words_split("read a", &variables, &words), "read a");
	words_locate(&words, "read a", error);
	ck_assert_ptr_null(error->input);
	error_at(error, "other", 1, 2);
	error_subject(error, "a");
	words_locate(&words, "read a", error);
	ck_assert_str_eq(error->input, "other");
	ck_assert_uint_eq(error->input_start, 1);
}
END_TEST

START_TEST(out_of_memory_stays)
{
	cleanup_words struct words words = {0};
	struct error *error = error_no_memory();

	expect_no_error(words_split("read a", &variables, &words), "read a");
	ck_assert_ptr_eq(words_locate(&words, "read a", error), error);
}
END_TEST

static char *filled(size_t length, char c)
{
	char *text = malloc(length + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, c, length);
	text[length] = '\0';
	return text;
}

START_TEST(long_lines)
{
	cleanup_free char *longest = filled(LONGEST_WORDS, 'a');
	cleanup_free char *longer = filled(LONGEST_WORDS + 1, 'a');
	cleanup_free char *many = filled(LONGEST_WORDS, 'a');
	cleanup_words struct words one = {0}, words = {0}, none = {0};

	expect_no_error(words_split(longest, &variables, &one), "longest");
	ck_assert_uint_eq(one.count, 1);
	ck_assert_str_eq(one.items[0].text, longest);
	expect_error(words_split(longer, &variables, &none), ERROR_USAGE,
		     "longer");
	for (size_t i = 1; i < LONGEST_WORDS; i += 2)
		many[i] = ' ';
	expect_no_error(words_split(many, &variables, &words), "many");
	ck_assert_uint_eq(words.count, LONGEST_WORDS / 2);
	ck_assert_uint_eq(words.items[1000].start, 2000);
	ck_assert_str_eq(words.items[1000].text, "a");
}
END_TEST

/* Variables count with what they hold, those of all words together. */
START_TEST(long_variables)
{
	cleanup_free char *half = filled(LONGEST_WORDS / 2, 'b');
	cleanup_words struct words words = {0}, none = {0};
	cleanup_error struct error *error = NULL;

	expect_no_error(variables_set(&variables, "half", half, false), "half");
	expect_no_error(words_split("${half} \"${half}\"", &variables, &words),
			"two halves");
	ck_assert_uint_eq(words.count, 2);
	ck_assert_str_eq(words.items[1].text, half);
	error = words_split("${half} a ${half}", &variables, &none);
	ck_assert_ptr_nonnull(error);
	ck_assert_int_eq(error->kind, ERROR_USAGE);
	ck_assert_msg(has_text(error->message, "1 MiB"), "%s", error->message);
	ck_assert_uint_eq(error->input_start, 10);
	expect_error(words_split("${half}${half}c", &variables, &none),
		     ERROR_USAGE, "in one word");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		right_lines,         wrong_lines, places,
		late_words,          locates,     not_located,
		out_of_memory_stays, long_lines,  long_variables,
	};

	return run_suite(
		suite_of("words", set_up, tear_down, tests, ARRAY_SIZE(tests)));
}
