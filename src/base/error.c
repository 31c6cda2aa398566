/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int status;
} kinds[] = {
	[ERROR_FAILED] = {"failed", 1},
	[ERROR_USAGE] = {"usage", 2},
	[ERROR_UNSUPPORTED] = {"unsupported", 2},
	[ERROR_NOT_MAPPED] = {"not-mapped", 1},
	[ERROR_NO_NAME] = {"no-name", 1},
	[ERROR_NO_PROCESS] = {"no-process", 4},
	[ERROR_GONE] = {"gone", 4},
	[ERROR_DENIED] = {"denied", 5},
	[ERROR_UNMAPPED] = {"unmapped", 6},
	[ERROR_REPLACED] = {"replaced", 6},
	[ERROR_REVOKED] = {"revoked", 6},
	[ERROR_MISALIGNED] = {"misaligned", 7},
	[ERROR_WIDTH] = {"width", 7},
	[ERROR_READ_ONLY] = {"read-only", 7},
	[ERROR_NO_METHOD] = {"no-access-method", 7},
	[ERROR_NO_THREAD] = {"no-thread", 7},
	[ERROR_NO_CODE] = {"no-instruction", 7},
	[ERROR_ASLEEP] = {"asleep", 7},
	[ERROR_UNSAFE] = {"unsafe", 7},
	[ERROR_REJECTED] = {"rejected", 8},
	[ERROR_BUSY] = {"busy", 1},
	[ERROR_RESUMED] = {"resumed", 1},
	[ERROR_VERIFY] = {"verify", 1},
	[ERROR_UNSTABLE] = {"unstable", 1},
	[ERROR_ASSERTION] = {"assertion", 1},
	[ERROR_TIMEOUT] = {"timeout", 124},
	[ERROR_INTERRUPTED] = {"interrupted", 1},
	[ERROR_INDETERMINATE] = {"indeterminate", 9},
	[ERROR_UNKNOWN] = {"unknown", 1},
	[ERROR_NOT_REACHED] = {"not-reached", 1},
	[ERROR_NO_MEMORY] = {"no-memory", 1},
};

static struct error no_memory = {
	.kind = ERROR_NO_MEMORY,
	.message = (char *)"out of memory",
};

struct error *error_no_memory(void)
{
	return &no_memory;
}

const char *error_kind_name(enum error_kind kind)
{
	return kinds[kind].name;
}

int error_kind_status(enum error_kind kind)
{
	return kinds[kind].status;
}

struct error *error_create(enum error_kind kind, int errnum, const char *format,
			   ...)
{
	struct error *error = calloc(1, sizeof(*error));
	cleanup_free char *text = NULL;
	va_list arguments;
	int length;

	if (!error)
		return &no_memory;
	error->kind = kind;
	error->errnum = errnum;
	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text = NULL;
		free(error);
		return &no_memory;
	}
	if (!errnum) {
		error->message = steal(text);
		return error;
	}
	if (asprintf(&error->message, "%s: %s", text, strerror(errnum)) < 0) {
		free(error);
		return &no_memory;
	}
	return error;
}

void error_destroy(struct error *error)
{
	if (!error || error == &no_memory)
		return;
	for (size_t i = 0; i < error->n_evidence; i++)
		free(error->evidence[i]);
	free(error->evidence);
	free(error->subject);
	free(error->message);
	free(error->help);
	free(error->input);
	free(error);
}

/* Fields that cannot be set for want of memory stay unset: the kind and the
 * message matter more. */
static void replace(char **field, char *value)
{
	free(*field);
	*field = value;
}

struct error *error_help(struct error *error, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	if (error == &no_memory)
		return error;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	replace(&error->help, text);
	return error;
}

struct error *error_prefix(struct error *error, const char *prefix)
{
	char *text;

	if (error == &no_memory)
		return error;
	if (asprintf(&text, "%s: %s", prefix, error->message) >= 0)
		replace(&error->message, text);
	return error;
}

struct error *error_subject(struct error *error, const char *subject)
{
	if (error != &no_memory)
		replace(&error->subject, subject ? strdup(subject) : NULL);
	return error;
}

struct error *error_errnum(struct error *error, int errnum)
{
	if (error != &no_memory)
		error->errnum = errnum;
	return error;
}

struct error *error_address(struct error *error, uint64_t address)
{
	if (error != &no_memory) {
		error->has_address = true;
		error->address = address;
	}
	return error;
}

struct error *error_attempts(struct error *error, unsigned attempts,
			     uint64_t waited)
{
	if (error == &no_memory)
		return error;
	error->attempts = attempts;
	error->waited = waited;
	return error;
}

struct error *error_at(struct error *error, const char *input, size_t start,
		       size_t length)
{
	if (error == &no_memory)
		return error;
	replace(&error->input, strdup(input));
	error->input_start = start;
	error->input_length = length;
	return error;
}

struct error *error_evidence(struct error *error, const char *format, ...)
{
	char *text = NULL;
	char **grown;
	va_list arguments;

	if (error == &no_memory)
		return error;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (!text)
		return error;
	grown = realloc(error->evidence,
			(error->n_evidence + 1) * sizeof(*grown));
	if (!grown) {
		free(text);
		return error;
	}
	error->evidence = grown;
	error->evidence[error->n_evidence++] = text;
	return error;
}

struct error *error_copy(const struct error *error)
{
	struct error *copy;

	if (error == &no_memory)
		return &no_memory;
	copy = error_create(error->kind, 0, "%s", error->message);
	if (copy == &no_memory)
		return copy;
	copy->errnum = error->errnum;
	copy->has_address = error->has_address;
	copy->address = error->address;
	copy->attempts = error->attempts;
	copy->waited = error->waited;
	error_subject(copy, error->subject);
	if (error->help)
		error_help(copy, "%s", error->help);
	if (error->input)
		error_at(copy, error->input, error->input_start,
			 error->input_length);
	for (size_t i = 0; i < error->n_evidence; i++)
		error_evidence(copy, "%s", error->evidence[i]);
	return copy;
}
