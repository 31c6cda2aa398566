/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that are being typed, and what they may become. */
#include "script/partial.h"
#include "script/variables.h"
#include "shell/candidates.h"
#include "unit.h"

static struct variables variables;

static void set_up(void)
{
	expect_no_error(variables_set(&variables, "place", "a b", false),
			"place");
}

static void tear_down(void)
{
	variables_deinit(&variables);
}

/* What is typed; the words before the last one, each with a '|'; its text; what
 * is open; and how `more` and the end of the word are written behind it. */
static const struct {
	const char *line, *before, *text;
	char quote;
	bool in_variable;
	const char *more, *wanted, *ended;
} cases[] = {
	{"", "", "", 0, false, "read", "read", "read "},
	{"re", "", "re", 0, false, "ad", "ad", "ad "},
	{"read ", "read|", "", 0, false, "@a b", "@a\\ b", "@a\\ b "},
	{"  read\t@x", "read|", "@x", 0, false, "'\"\\$\t",
	 "\\'\\\"\\\\\\$\\\t", "\\'\\\"\\\\\\$\\\t "},
	{"read #", NULL, NULL, 0, false, NULL, NULL, NULL},
	{"# re", NULL, NULL, 0, false, NULL, NULL, NULL},
	{"read a#", "read|", "a#", 0, false, "#b", "#b", "#b "},
	{"read ", "read|", "", 0, false, "#b", "\\#b", "\\#b "},
	{"read 'a b", "read|", "a b", '\'', false, "c'd $x\\", "c'\\''d $x\\",
	 "c'\\''d $x\\' "},
	{"read 'a b' c", "read|a b|", "c", 0, false, "d", "d", "d "},
	{"read \"a 'b", "read|", "a 'b", '"', false, "c\"d$e\\'",
	 "c\\\"d\\$e\\\\'", "c\\\"d\\$e\\\\'\" "},
	{"read a' b'\"c\"d", "read|", "a bcd", 0, false, "e", "e", "e "},
	{"read a\\ b", "read|", "a b", 0, false, "", "", " "},
	{"read \\ #", "read|", " #", 0, false, "c", "c", "c "},
	{"read a\\", NULL, NULL, 0, false, NULL, NULL, NULL},
	{"read \"a\\", NULL, NULL, 0, false, NULL, NULL, NULL},
	{"read '\\", "read|", "\\", '\'', false, "a", "a", "a' "},
	{"read ''", "read|", "", 0, false, "a", "a", "a "},
	{"read ${pl", "read|", "pl", 0, true, "ace", "ace", "ace}"},
	{"read ${", "read|", "", 0, true, "place", "place", "place}"},
	{"read x\"${pl", "read|", "pl", '"', true, "ace", "ace", "ace}"},
	{"read '${pl", "read|", "${pl", '\'', false, "ace", "ace", "ace' "},
	{"read ${place}.c", "read|", "a b.c", 0, false, "d", "d", "d "},
	{"read ${place} c", "read|a b|", "c", 0, false, "d", "d", "d "},
	{"read ${other}.c", NULL, NULL, 0, false, NULL, NULL, NULL},
	{"read $x", NULL, NULL, 0, false, NULL, NULL, NULL},
	{"read ${pl ", NULL, NULL, 0, false, NULL, NULL, NULL},
	{"read ${1", NULL, NULL, 0, false, NULL, NULL, NULL},
	{"read \xff", "read|", "\xff", 0, false, "\xfe", "\xfe", "\xfe "},
};

static void expect_text(const char *line, char *text, const char *wanted)
{
	ck_assert_ptr_nonnull(text);
	ck_assert_msg(strcmp(text, wanted) == 0, "%s: %s", line, text);
	free(text);
}

START_TEST(lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_partial struct partial partial = {0};
		const char *line = cases[i].line;
		char before[64] = "";
		struct error *error = partial_parse(line, &variables, &partial);

		if (!cases[i].text) {
			expect_error(error, ERROR_USAGE, line);
			continue;
		}
		expect_no_error(error, line);
		for (size_t j = 0; j < partial.before.count; j++)
			sprintf(before + strlen(before), "%s|",
				partial.before.items[j].text);
		expect_text(line, strdup(before), cases[i].before);
		expect_text(line, strdup(partial.text), cases[i].text);
		ck_assert_msg(partial.quote == cases[i].quote, "%s", line);
		ck_assert_msg(partial.in_variable == cases[i].in_variable, "%s",
			      line);
		expect_text(line, partial_quote(&partial, cases[i].more, false),
			    cases[i].wanted);
		expect_text(line, partial_quote(&partial, cases[i].more, true),
			    cases[i].ended);
	}
}
END_TEST

/* What is typed with what is added to it is the word that was meant. */
START_TEST(round_trips)
{
	static const char *const starts[] = {"x ",  "x '",  "x \"",
					     "x y", "x 'y", "x \"y"};
	static const char *const words[] = {"a",  " ",  "'",    "\"", "\\",
					    "$a", "#b", "${x}", "\t", "a'b\"c"};

	for (size_t i = 0; i < ARRAY_SIZE(starts) * ARRAY_SIZE(words); i++) {
		const char *start = starts[i / ARRAY_SIZE(words)];
		const char *word = words[i % ARRAY_SIZE(words)];
		cleanup_partial struct partial partial = {0};
		cleanup_words struct words split = {0};
		cleanup_free char *more = NULL, *line = NULL, *meant = NULL;

		expect_no_error(partial_parse(start, &variables, &partial),
				start);
		more = partial_quote(&partial, word, true);
		ck_assert_int_gt(asprintf(&line, "%s%s", start, more), 0);
		ck_assert_int_gt(asprintf(&meant, "%s%s", partial.text, word),
				 0);
		expect_no_error(words_split(line, &variables, &split), line);
		ck_assert_uint_eq(split.count, 2);
		ck_assert_str_eq(split.items[1].text, meant);
	}
}
END_TEST

static void add_all(struct candidates *candidates, const char *begun,
		    const char *const *words)
{
	for (; *words; words++)
		candidates_add_word(candidates, begun, *words, true);
	candidates_sort(candidates);
}

START_TEST(in_common)
{
	static const struct {
		const char *begun, *words[5];
		size_t count, common;
	} lists[] = {
		{"", {"b", "a", "b", "c"}, 3, 0},
		{"a", {"ab", "b", "abc", ""}, 2, 2},
		{"a", {"b"}, 0, 0},
		{"", {"ab", "ab", "ab"}, 1, 2},
		{"", {"\xc3\xa4", "\xc3\xb6"}, 2, 0},
		{"", {"x\xe2\x82\xac", "x\xe2\x82\xad"}, 2, 1},
		{"", {"\xc3\xa4z", "\xc3\xa4"}, 2, 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		cleanup_candidates struct candidates candidates = {0};

		add_all(&candidates, lists[i].begun, lists[i].words);
		ck_assert_uint_eq(candidates.count, lists[i].count);
		if (candidates.count)
			ck_assert_uint_eq(candidates_common(&candidates),
					  lists[i].common);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		lines,
		round_trips,
		in_common,
	};

	return run_suite(suite_of("partial", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
