/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The variables of a batch: names, texts, near names. */
#include "unit.h"

#include "script/variables.h"

static struct variables variables;

static void set_up(void)
{
	variables = (struct variables){0};
}

static void tear_down(void)
{
	variables_deinit(&variables);
}

static void set(const char *name, const char *text, bool late)
{
	expect_no_error(variables_set(&variables, name, text, late), name);
}

static const struct variable *get(const char *name)
{
	return variables_find(&variables, name, strlen(name));
}

START_TEST(none)
{
	ck_assert_ptr_null(get("a"));
	ck_assert_ptr_null(get(""));
	ck_assert_ptr_null(variables_near(&variables, "a"));
	/* Twice is legal. */
	variables_deinit(&variables);
	variables_deinit(&variables);
}
END_TEST

START_TEST(set_and_found)
{
	char name[] = "base", text[] = "@uio0";

	set(name, text, false);
	/* They are copies. */
	memset(name, 'x', 4);
	memset(text, 'x', 5);
	ck_assert_ptr_nonnull(get("base"));
	ck_assert_str_eq(get("base")->name, "base");
	ck_assert_str_eq(get("base")->text, "@uio0");
	ck_assert(!get("base")->late);
	/* The name is one of so many bytes. */
	ck_assert_ptr_nonnull(variables_find(&variables, "base+1", 4));
	ck_assert_ptr_null(variables_find(&variables, "base", 3));
	ck_assert_ptr_null(get("base1"));
	ck_assert_ptr_null(get("Base"));
}
END_TEST

START_TEST(set_again)
{
	set("v", "1", true);
	ck_assert(get("v")->late);
	set("v", "", false);
	ck_assert_str_eq(get("v")->text, "");
	ck_assert(!get("v")->late);
	set("v", "longer than it was", true);
	ck_assert_str_eq(get("v")->text, "longer than it was");
	ck_assert(get("v")->late);
	/* Its own text: it goes only once the copy is there. */
	set("v", get("v")->text, false);
	ck_assert_str_eq(get("v")->text, "longer than it was");
}
END_TEST

START_TEST(many)
{
	enum { MANY = 5000 };
	char name[16], text[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		snprintf(text, sizeof(text), "%d", i * 3);
		set(name, text, i % 2);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		ck_assert_msg(get(name), "%s", name);
		ck_assert_int_eq(atoi(get(name)->text), i * 3);
		ck_assert_int_eq(get(name)->late, i % 2);
	}
	ck_assert_ptr_null(get("v5000"));
}
END_TEST

START_TEST(near_names)
{
	set("version", "1", false);
	set("a", "1", false);
	set("control", "1", false);
	ck_assert_str_eq(variables_near(&variables, "versoin"), "version");
	ck_assert_str_eq(variables_near(&variables, "contrl"), "control");
	ck_assert_ptr_null(variables_near(&variables, "status"));
	ck_assert_ptr_null(variables_near(&variables, ""));
}
END_TEST

static const struct {
	const char *text;
	size_t length;
} names[] = {
	{"", 0},         {"a", 1},     {"_", 1},     {"Z9_z", 4},  {"a-b", 1},
	{"a}", 1},       {"a b", 1},   {"9", 0},     {"9a", 0},    {"0x1", 0},
	{"-a", 0},       {" a", 0},    {"}", 0},     {"$", 0},     {"a.b", 1},
	{"\xc3\xa4", 0}, {"a\xc3", 1}, {"__a__", 5}, {"a1234", 5}, {"\x7f", 0},
};

START_TEST(lengths_of_names)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		ck_assert_msg(variable_name_length(names[i].text) ==
				      names[i].length,
			      "%s: %zu", names[i].text,
			      variable_name_length(names[i].text));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		none, set_and_found, set_again,
		many, near_names,    lengths_of_names,
	};

	return run_suite(suite_of("variables", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
