/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors: kinds and their exit statuses, what an error carries, and the one
 * that is there when memory is not. */
#include <errno.h>
#include <stddef.h>

#include "unit.h"

/* DESIGN: Exit status. The names are part of the JSON schema. */
static const struct {
	enum error_kind kind;
	const char *name;
	int status;
} kinds[] = {
	{ERROR_FAILED, "failed", 1},
	{ERROR_USAGE, "usage", 2},
	{ERROR_UNSUPPORTED, "unsupported", 2},
	{ERROR_NOT_MAPPED, "not-mapped", 1},
	{ERROR_NO_NAME, "no-name", 1},
	{ERROR_NO_PROCESS, "no-process", 4},
	{ERROR_GONE, "gone", 4},
	{ERROR_DENIED, "denied", 5},
	{ERROR_UNMAPPED, "unmapped", 6},
	{ERROR_REPLACED, "replaced", 6},
	{ERROR_REVOKED, "revoked", 6},
	{ERROR_MISALIGNED, "misaligned", 7},
	{ERROR_WIDTH, "width", 7},
	{ERROR_READ_ONLY, "read-only", 7},
	{ERROR_NO_METHOD, "no-access-method", 7},
	{ERROR_NO_THREAD, "no-thread", 7},
	{ERROR_NO_CODE, "no-instruction", 7},
	{ERROR_ASLEEP, "asleep", 7},
	{ERROR_UNSAFE, "unsafe", 7},
	{ERROR_REJECTED, "rejected", 8},
	{ERROR_BUSY, "busy", 1},
	{ERROR_RESUMED, "resumed", 1},
	{ERROR_VERIFY, "verify", 1},
	{ERROR_UNSTABLE, "unstable", 1},
	{ERROR_ASSERTION, "assertion", 1},
	{ERROR_TIMEOUT, "timeout", 124},
	{ERROR_INTERRUPTED, "interrupted", 1},
	{ERROR_INDETERMINATE, "indeterminate", 9},
	{ERROR_UNKNOWN, "unknown", 1},
	{ERROR_NOT_REACHED, "not-reached", 1},
	{ERROR_NO_MEMORY, "no-memory", 1},
};

START_TEST(kinds_and_statuses)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		ck_assert_str_eq(error_kind_name(kinds[i].kind), kinds[i].name);
		ck_assert_msg(error_kind_status(kinds[i].kind) ==
				      kinds[i].status,
			      "%s", kinds[i].name);
	}
	ck_assert_int_eq(STATUS_DONE, 0);
	ck_assert_int_eq(STATUS_FAILED, 1);
	ck_assert_int_eq(STATUS_USAGE, 2);
	ck_assert_int_eq(STATUS_PARTLY, 3);
}
END_TEST

/* The table above is whole: the last kind is its last row. */
START_TEST(all_kinds)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		ck_assert_uint_eq(kinds[i].kind, i);
	ck_assert_uint_eq(ERROR_NO_MEMORY, ARRAY_SIZE(kinds) - 1);
}
END_TEST

START_TEST(created)
{
	struct error *error = error_create(ERROR_WIDTH, 0, "%s-%d", "a", 7);

	ck_assert_int_eq(error->kind, ERROR_WIDTH);
	ck_assert_str_eq(error->message, "a-7");
	ck_assert_int_eq(error->errnum, 0);
	ck_assert(!error->has_address);
	ck_assert_ptr_null(error->subject);
	ck_assert_ptr_null(error->help);
	ck_assert_ptr_null(error->input);
	ck_assert_uint_eq(error->n_evidence, 0);
	ck_assert_uint_eq(error->attempts, 0);
	error_destroy(error);
}
END_TEST

START_TEST(created_with_errno)
{
	struct error *error = error_create(ERROR_FAILED, ENOENT, "%s", "a%sb");
	char *expected;

	ck_assert_int_gt(asprintf(&expected, "a%%sb: %s", strerror(ENOENT)), 0);
	ck_assert_int_eq(error->errnum, ENOENT);
	ck_assert_str_eq(error->message, expected);
	free(expected);
	error_destroy(error);
}
END_TEST

/* Each returns its argument, so that they can stand around each other. */
START_TEST(chained)
{
	struct error *error = error_create(ERROR_FAILED, 0, "message");

	ck_assert_ptr_eq(error_help(error, "help %d", 1), error);
	ck_assert_ptr_eq(error_subject(error, "subject"), error);
	ck_assert_ptr_eq(error_errnum(error, EIO), error);
	ck_assert_ptr_eq(error_address(error, UINT64_MAX), error);
	ck_assert_ptr_eq(error_attempts(error, 3, 70), error);
	ck_assert_ptr_eq(error_at(error, "input", 2, 3), error);
	ck_assert_ptr_eq(error_evidence(error, "line %d", 1), error);
	ck_assert_str_eq(error->message, "message");
	ck_assert_str_eq(error->help, "help 1");
	ck_assert_str_eq(error->subject, "subject");
	ck_assert_int_eq(error->errnum, EIO);
	ck_assert(error->has_address);
	ck_assert_uint_eq(error->address, UINT64_MAX);
	ck_assert_uint_eq(error->attempts, 3);
	ck_assert_str_eq(error->input, "input");
	ck_assert_uint_eq(error->input_start, 2);
	ck_assert_uint_eq(error->input_length, 3);
	ck_assert_str_eq(error->evidence[0], "line 1");
	error_destroy(error);
}
END_TEST

/* What was there is replaced, also by something made of it. */
START_TEST(replaced)
{
	struct error *error = error_create(ERROR_FAILED, 0, "message");

	error_help(error, "first");
	error_help(error, "%s, second", error->help);
	ck_assert_str_eq(error->help, "first, second");
	error_subject(error, "first");
	error_subject(error, error->subject + 1);
	ck_assert_str_eq(error->subject, "irst");
	error_subject(error, NULL);
	ck_assert_ptr_null(error->subject);
	error_at(error, "first", 1, 1);
	error_at(error, error->input + 2, 0, 0);
	ck_assert_str_eq(error->input, "rst");
	ck_assert_uint_eq(error->input_start, 0);
	ck_assert_uint_eq(error->input_length, 0);
	error_address(error, 0);
	ck_assert(error->has_address);
	error_destroy(error);
}
END_TEST

/* An error keeps copies: what it was made of may change. */
START_TEST(owned)
{
	char text[] = "text";
	struct error *error = error_create(ERROR_FAILED, 0, "message");

	error_subject(error, text);
	error_at(error, text, 0, 4);
	text[0] = 'n';
	ck_assert_str_eq(error->subject, "text");
	ck_assert_str_eq(error->input, "text");
	error_destroy(error);
}
END_TEST

START_TEST(much_evidence)
{
	struct error *error = error_create(ERROR_FAILED, 0, "message");
	char expected[32];

	for (size_t i = 0; i < 1000; i++)
		error_evidence(error, "line %zu of %%d", i);
	ck_assert_uint_eq(error->n_evidence, 1000);
	for (size_t i = 0; i < 1000; i++) {
		snprintf(expected, sizeof(expected), "line %zu of %%d", i);
		ck_assert_str_eq(error->evidence[i], expected);
	}
	error_destroy(error);
}
END_TEST

static void check_copy(const struct error *copy)
{
	ck_assert_int_eq(copy->kind, ERROR_REVOKED);
	ck_assert_int_eq(copy->errnum, EIO);
	ck_assert(copy->has_address);
	ck_assert_uint_eq(copy->address, 0x1000);
	ck_assert_str_eq(copy->subject, "@uio0");
	ck_assert_str_eq(copy->help, "50%s");
	ck_assert_str_eq(copy->input, "@uio0+4");
	ck_assert_uint_eq(copy->input_start, 5);
	ck_assert_uint_eq(copy->input_length, 2);
	ck_assert_uint_eq(copy->n_evidence, 2);
	ck_assert_str_eq(copy->evidence[0], "one");
	ck_assert_str_eq(copy->evidence[1], "100%n");
	ck_assert_uint_eq(copy->attempts, 9);
}

/* A copy is deep, and its message has errno's text once. */
START_TEST(copied)
{
	struct error *error = error_create(ERROR_REVOKED, EIO, "%s", "10%s");
	char *message = strdup(error->message);
	struct error *copy, *again;

	error_help(error, "%s", "50%s");
	error_subject(error, "@uio0");
	error_at(error, "@uio0+4", 5, 2);
	error_address(error, 0x1000);
	error_attempts(error, 9, 70);
	error_evidence(error, "one");
	error_evidence(error, "%s", "100%n");
	copy = error_copy(error);
	ck_assert_ptr_ne(copy, error);
	error_destroy(error);
	again = error_copy(copy);
	check_copy(copy);
	error_destroy(copy);
	check_copy(again);
	ck_assert_str_eq(again->message, message);
	error_destroy(again);
	free(message);
}
END_TEST

START_TEST(copied_plain)
{
	struct error *error = error_create(ERROR_FAILED, 0, "%s", "");
	struct error *copy = error_copy(error);

	ck_assert_str_eq(copy->message, "");
	ck_assert_ptr_null(copy->help);
	ck_assert_ptr_null(copy->subject);
	ck_assert_ptr_null(copy->input);
	ck_assert_ptr_null(copy->evidence);
	ck_assert(!copy->has_address);
	error_destroy(copy);
	error_destroy(error);
}
END_TEST

/* The static error goes through everything and stays as it is. */
START_TEST(no_memory)
{
	struct error *error = error_no_memory();

	ck_assert_ptr_eq(error_no_memory(), error);
	ck_assert_ptr_eq(error_help(error, "help %d", 1), error);
	ck_assert_ptr_eq(error_subject(error, "subject"), error);
	ck_assert_ptr_eq(error_subject(error, NULL), error);
	ck_assert_ptr_eq(error_errnum(error, EIO), error);
	ck_assert_ptr_eq(error_address(error, 1), error);
	ck_assert_ptr_eq(error_attempts(error, 1, 70), error);
	ck_assert_ptr_eq(error_at(error, "input", 1, 1), error);
	ck_assert_ptr_eq(error_evidence(error, "line"), error);
	ck_assert_ptr_eq(error_copy(error), error);
	error_destroy(error);
	error_destroy(error);
	ck_assert_int_eq(error->kind, ERROR_NO_MEMORY);
	ck_assert_str_eq(error->message, "out of memory");
	ck_assert_ptr_null(error->help);
	ck_assert_ptr_null(error->subject);
	ck_assert_ptr_null(error->input);
	ck_assert_uint_eq(error->n_evidence, 0);
	ck_assert_int_eq(error->errnum, 0);
	ck_assert_uint_eq(error->attempts, 0);
	ck_assert(!error->has_address);
}
END_TEST

/* A wide character that no locale has: printf fails on it as it does when
 * memory runs out. */
static const wchar_t unprintable[] = {0x7fffffff, 0};

START_TEST(text_that_fails)
{
	struct error *error = error_create(ERROR_WIDTH, 0, "%ls", unprintable);

	ck_assert_ptr_eq(error, error_no_memory());
	error = error_create(ERROR_WIDTH, EIO, "%ls", unprintable);
	ck_assert_ptr_eq(error, error_no_memory());
	error = error_create(ERROR_WIDTH, 0, "message");
	error_help(error, "%s", "old");
	error_help(error, "%ls", unprintable);
	error_evidence(error, "%ls", unprintable);
	ck_assert_int_eq(error->kind, ERROR_WIDTH);
	ck_assert_str_eq(error->message, "message");
	ck_assert_ptr_null(error->help);
	ck_assert_uint_eq(error->n_evidence, 0);
	error_destroy(error);
}
END_TEST

START_TEST(cleaned_up)
{
	cleanup_error struct error *none = NULL;
	cleanup_error struct error *one = error_create(ERROR_FAILED, 0, "one");
	cleanup_error struct error *memory = error_no_memory();

	error_destroy(NULL);
	ck_assert_ptr_null(none);
	ck_assert_ptr_nonnull(one);
	ck_assert_ptr_nonnull(memory);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		kinds_and_statuses,
		all_kinds,
		created,
		created_with_errno,
		chained,
		replaced,
		owned,
		much_evidence,
		copied,
		copied_plain,
		no_memory,
		text_that_fails,
		cleaned_up,
	};

	return run_suite(
		suite_of("error", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
