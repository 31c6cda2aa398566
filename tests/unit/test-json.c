/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON: documents and lines, their envelope, and documents in documents. */
#include "render/json.h"

#include <poll.h>

#include "target/session.h"
#include "unit.h"

/* What is printed between capture() and captured(). */
static FILE *file;
static int saved_output = -1;

static void capture(void)
{
	fflush(stdout);
	file = tmpfile();
	ck_assert_ptr_nonnull(file);
	saved_output = dup(STDOUT_FILENO);
	ck_assert_int_ge(saved_output, 0);
	ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
}

static void release(void)
{
	fflush(stdout);
	dup2(saved_output, STDOUT_FILENO);
	close(saved_output);
	saved_output = -1;
}

/* After an assertion that left a test in between. */
static void tear_down(void)
{
	if (saved_output >= 0)
		release();
}

/* Printed since then, `text` and nothing else. */
static void captured(const char *text)
{
	char found[4096] = "";
	size_t length;

	release();
	rewind(file);
	length = fread(found, 1, sizeof(found) - 1, file);
	fclose(file);
	found[length] = '\0';
	ck_assert_str_eq(found, text);
}

static json_object *object_of(const char *key, int value)
{
	json_object *object = json_object_new_object();

	if (key)
		json_object_object_add(object, key, json_object_new_int(value));
	return object;
}

static json_object *head_of(const char *command)
{
	return json_head(command, NULL);
}

START_TEST(one_document)
{
	struct json_document document;

	capture();
	json_document_init(&document, false, "items", head_of("read"));
	json_document_add(&document, object_of("a", 1));
	json_document_add(&document, object_of("b", 2));
	ck_assert_uint_eq(document.count, 2);
	json_document_end(&document, object_of("end", 3));
	captured("{ \"command\": \"read\", \"items\": [\n  { \"a\": 1 },\n"
		 "  { \"b\": 2 }\n], \"end\": 3 }\n");
}
END_TEST

START_TEST(document_without)
{
	struct json_document document;

	capture();
	json_document_init(&document, false, "items", head_of("read"));
	json_document_end(&document, object_of(NULL, 0));
	json_document_init(&document, false, NULL, head_of(NULL));
	json_document_end(&document, object_of("end", 1));
	captured("{ \"command\": \"read\", \"items\": [] }\n"
		 "{ \"command\": null, \"end\": 1 }\n");
}
END_TEST

START_TEST(one_as_lines)
{
	struct json_document document;

	capture();
	json_document_init(&document, true, "items", head_of("read"));
	json_document_add(&document, object_of("a", 1));
	json_document_add(&document, object_of(NULL, 0));
	ck_assert_uint_eq(document.count, 2);
	json_document_end(&document, object_of("end", 3));
	/* A tail without members is no line. */
	json_document_init(&document, true, "items", head_of("read"));
	json_document_end(&document, object_of(NULL, 0));
	captured("{ \"command\": \"read\", \"a\": 1 }\n"
		 "{ \"command\": \"read\" }\n"
		 "{ \"command\": \"read\", \"end\": 3 }\n");
}
END_TEST

START_TEST(no_member_twice)
{
	struct json_document document;
	json_object *head = head_of("maps");

	json_object_object_add(head, "pid", json_object_new_int(1));
	capture();
	json_document_init(&document, true, "items", head);
	json_document_add(&document, object_of("pid", 2));
	json_document_add(&document, object_of("a", 3));
	json_document_end(&document, object_of(NULL, 0));
	captured("{ \"command\": \"maps\", \"pid\": 2 }\n"
		 "{ \"command\": \"maps\", \"pid\": 1, \"a\": 3 }\n");
}
END_TEST

/* Whether a reader of standard output has something to read. */
static bool can_read(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

START_TEST(lines_are_flushed)
{
	struct json_document document;
	char found[256] = "";
	bool at_first, then, after;
	int ends[2];
	ssize_t length;

	ck_assert_int_eq(pipe(ends), 0);
	fflush(stdout);
	saved_output = dup(STDOUT_FILENO);
	ck_assert_int_ge(dup2(ends[1], STDOUT_FILENO), 0);
	json_document_init(&document, true, "items", head_of("read"));
	at_first = can_read(ends[0]);
	json_document_add(&document, object_of("a", 1));
	then = can_read(ends[0]);
	length = then ? read(ends[0], found, sizeof(found) - 1) : 0;
	json_document_end(&document, object_of("end", 2));
	after = can_read(ends[0]);
	release();
	close(ends[0]);
	close(ends[1]);
	ck_assert(!at_first);
	ck_assert(then);
	found[length] = '\0';
	ck_assert_str_eq(found, "{ \"command\": \"read\", \"a\": 1 }\n");
	ck_assert(after);
}
END_TEST

START_TEST(heads_and_tails)
{
	char name[] = "a\xff\n";
	struct session session = {.name = name, .process = {.pid = 42}};
	struct error *error = error_address(
		error_help(error_subject(error_create(ERROR_DENIED, 0, "no"),
					 "@uio0"),
			   "ask"),
		16);
	json_object *object;

	object = json_head("read", &session);
	ck_assert_str_eq(
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
		"{\"command\":\"read\",\"pid\":42,\"process\":"
		"\"a\\\\xff\\\\x0a\"}");
	json_object_put(object);
	object = json_tail(NULL);
	ck_assert_int_eq(json_object_object_length(object), 0);
	json_object_put(object);
	error_attempts(error_evidence(error, "a sign"), 2, 7);
	object = json_tail(error);
	ck_assert_str_eq(
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
		"{\"error\":{\"kind\":\"denied\",\"errno\":0,"
		"\"message\":\"no\",\"help\":\"ask\",\"location\":"
		"\"@uio0\",\"address\":\"0x0000000000000010\","
		"\"evidence\":[\"a sign\"],\"attempts\":2,"
		"\"waited_nanoseconds\":7}}");
	json_object_put(object);
	error_destroy(error);
}
END_TEST

/* A document with two items and a tail; the second of them is `lines`. */
static void put_two(bool lines)
{
	struct json_document document;

	json_document_init(&document, lines, "items", head_of("read"));
	json_document_add(&document, object_of("a", 1));
	json_document_add(&document, object_of("a", 2));
	json_document_end(&document, object_of("end", 3));
}

/* One with neither. */
static void put_none(bool lines)
{
	struct json_document document;

	json_document_init(&document, lines, "items", head_of("maps"));
	json_document_end(&document, object_of(NULL, 0));
}

START_TEST(nested_documents)
{
	struct json_document outer;

	capture();
	json_document_init(&outer, false, "results", head_of("batch"));
	json_nest_begin(&outer);
	put_two(false);
	/* Whatever it says, it is written as what is around it. */
	put_two(true);
	put_none(true);
	ck_assert_uint_eq(outer.count, 3);
	json_nest_end(object_of("status", 0));
	put_none(false);
	captured("{ \"command\": \"batch\", \"results\": [\n"
		 "  { \"command\": \"read\", \"items\": [\n"
		 "  { \"a\": 1 },\n  { \"a\": 2 }\n], \"end\": 3 },\n"
		 "  { \"command\": \"read\", \"items\": [\n"
		 "  { \"a\": 1 },\n  { \"a\": 2 }\n], \"end\": 3 },\n"
		 "  { \"command\": \"maps\", \"items\": [] }\n"
		 "], \"status\": 0 }\n"
		 "{ \"command\": \"maps\", \"items\": [] }\n");
}
END_TEST

START_TEST(nested_lines)
{
	struct json_document outer;

	capture();
	json_document_init(&outer, true, "results", head_of("batch"));
	json_nest_begin(&outer);
	put_two(false);
	put_none(false);
	json_nest_end(object_of("status", 0));
	put_two(true);
	captured("{ \"command\": \"read\", \"a\": 1 }\n"
		 "{ \"command\": \"read\", \"a\": 2 }\n"
		 "{ \"command\": \"read\", \"end\": 3 }\n"
		 "{ \"command\": \"batch\", \"status\": 0 }\n"
		 "{ \"command\": \"read\", \"a\": 1 }\n"
		 "{ \"command\": \"read\", \"a\": 2 }\n"
		 "{ \"command\": \"read\", \"end\": 3 }\n");
}
END_TEST

START_TEST(nest_without_documents)
{
	struct json_document outer;

	capture();
	json_document_init(&outer, false, "results", head_of("batch"));
	json_nest_begin(&outer);
	json_nest_members(object_of("batch_line", 1));
	json_nest_end(object_of("status", 0));
	json_document_init(&outer, true, "results", head_of("batch"));
	json_nest_begin(&outer);
	json_nest_end(object_of(NULL, 0));
	captured(
		"{ \"command\": \"batch\", \"results\": [], \"status\": 0 }\n");
}
END_TEST

START_TEST(members_of_lines)
{
	struct json_document outer;

	capture();
	json_document_init(&outer, true, "results", head_of("batch"));
	json_nest_begin(&outer);
	json_nest_members(object_of("batch_line", 7));
	put_two(false);
	json_nest_members(object_of("batch_line", 9));
	put_two(false);
	json_nest_members(NULL);
	put_two(false);
	/* One of its own goes before, and stands once. */
	json_nest_members(object_of("a", 5));
	put_two(false);
	/* Neither in what is around it, nor in what comes behind. */
	json_nest_end(object_of("status", 0));
	put_two(true);
	captured("{ \"command\": \"read\", \"a\": 1, \"batch_line\": 7 }\n"
		 "{ \"command\": \"read\", \"a\": 2, \"batch_line\": 7 }\n"
		 "{ \"command\": \"read\", \"end\": 3, \"batch_line\": 7 }\n"
		 "{ \"command\": \"read\", \"a\": 1, \"batch_line\": 9 }\n"
		 "{ \"command\": \"read\", \"a\": 2, \"batch_line\": 9 }\n"
		 "{ \"command\": \"read\", \"end\": 3, \"batch_line\": 9 }\n"
		 "{ \"command\": \"read\", \"a\": 1 }\n"
		 "{ \"command\": \"read\", \"a\": 2 }\n"
		 "{ \"command\": \"read\", \"end\": 3 }\n"
		 "{ \"command\": \"read\", \"a\": 1 }\n"
		 "{ \"command\": \"read\", \"a\": 2 }\n"
		 "{ \"command\": \"read\", \"end\": 3, \"a\": 5 }\n"
		 "{ \"command\": \"batch\", \"status\": 0 }\n"
		 "{ \"command\": \"read\", \"a\": 1 }\n"
		 "{ \"command\": \"read\", \"a\": 2 }\n"
		 "{ \"command\": \"read\", \"end\": 3 }\n");
}
END_TEST

START_TEST(members_of_documents)
{
	struct json_document outer;

	capture();
	json_document_init(&outer, false, "results", head_of("batch"));
	json_nest_begin(&outer);
	json_nest_members(object_of("batch_line", 7));
	put_two(false);
	json_nest_members(object_of("batch_line", 8));
	put_none(false);
	json_nest_end(object_of("status", 0));
	captured("{ \"command\": \"batch\", \"results\": [\n"
		 "  { \"command\": \"read\", \"batch_line\": 7, \"items\": [\n"
		 "  { \"a\": 1 },\n  { \"a\": 2 }\n], \"end\": 3 },\n"
		 "  { \"command\": \"maps\", \"batch_line\": 8, \"items\": [] "
		 "}\n"
		 "], \"status\": 0 }\n");
}
END_TEST

START_TEST(nest_in_a_nest)
{
	struct json_document outer, inner;

	capture();
	json_document_init(&outer, false, "results", head_of("batch"));
	json_nest_begin(&outer);
	json_nest_members(object_of("batch_line", 1));
	put_none(false);
	json_document_init(&inner, false, "results", head_of("batch"));
	json_nest_begin(&inner);
	put_none(false);
	put_none(false);
	json_nest_end(object_of("status", 1));
	put_none(false);
	json_nest_end(object_of("status", 2));
	captured("{ \"command\": \"batch\", \"results\": [\n"
		 "  { \"command\": \"maps\", \"batch_line\": 1, \"items\": [] "
		 "},\n"
		 "  { \"command\": \"batch\", \"batch_line\": 1, \"results\": "
		 "[\n"
		 "  { \"command\": \"maps\", \"items\": [] },\n"
		 "  { \"command\": \"maps\", \"items\": [] }\n"
		 "], \"status\": 1 },\n"
		 "  { \"command\": \"maps\", \"batch_line\": 1, \"items\": [] "
		 "}\n"
		 "], \"status\": 2 }\n");
}
END_TEST

START_TEST(documents_are_counted)
{
	struct json_document outer;
	size_t before = json_documents_ended();

	capture();
	json_document_init(&outer, false, "results", head_of("batch"));
	json_nest_begin(&outer);
	put_two(false);
	put_two(false);
	ck_assert_uint_eq(json_documents_ended(), before + 2);
	json_nest_end(object_of(NULL, 0));
	ck_assert_uint_eq(json_documents_ended(), before + 3);
	put_none(true);
	ck_assert_uint_eq(json_documents_ended(), before + 4);
	release();
	fclose(file);
}
END_TEST

START_TEST(values)
{
	static const struct {
		uint64_t value;
		unsigned bits;
		const char *text;
	} rows[] = {
		{0, 1, "{\"value\":\"0x0\",\"num\":0}"},
		{0x1f, 5, "{\"value\":\"0x1f\",\"num\":31}"},
		{0xab, 8, "{\"value\":\"0xab\",\"num\":171}"},
		{0, 64, "{\"value\":\"0x0000000000000000\",\"num\":0}"},
		{(UINT64_C(1) << 53) - 1, 64,
		 "{\"value\":\"0x001fffffffffffff\",\"num\":9007199254740991}"},
		{UINT64_C(1) << 53, 64, "{\"value\":\"0x0020000000000000\"}"},
		{UINT64_MAX, 64, "{\"value\":\"0xffffffffffffffff\"}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_object *object = json_object_new_object();

		json_add_value(object, "value", rows[i].value, rows[i].bits);
		ck_assert_str_eq(json_object_to_json_string_ext(
					 object, JSON_C_TO_STRING_PLAIN),
				 rows[i].text);
		json_object_put(object);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		one_document,           document_without,
		one_as_lines,           no_member_twice,
		lines_are_flushed,      heads_and_tails,
		nested_documents,       nested_lines,
		nest_without_documents, members_of_lines,
		members_of_documents,   nest_in_a_nest,
		documents_are_counted,  values,
	};

	return run_suite(
		suite_of("json", NULL, tear_down, tests, ARRAY_SIZE(tests)));
}
