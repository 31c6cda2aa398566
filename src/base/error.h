/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one error type. A function that can fail returns `struct error *`: NULL
 * is success, anything else belongs to the caller, who hands it on or destroys
 * it. There is always an error to return: when memory runs out it is a static
 * one, which every function here accepts.
 */
#ifndef MMIODBG_BASE_ERROR_H
#define MMIODBG_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* What went wrong. error.c holds the table of names and exit statuses. */
enum error_kind {
	ERROR_FAILED,        /* none of the others */
	ERROR_USAGE,         /* wrong arguments; nothing was accessed */
	ERROR_UNSUPPORTED,   /* right, but beyond this version */
	ERROR_NOT_MAPPED,    /* the target has no such place mapped */
	ERROR_NO_NAME,       /* nothing of the target is called so */
	ERROR_NO_PROCESS,    /* there is no such process */
	ERROR_GONE,          /* the process went away (exit, exec) */
	ERROR_DENIED,        /* permission */
	ERROR_UNMAPPED,      /* the mapping was there and is no more */
	ERROR_REPLACED,      /* another mapping stands in its place */
	ERROR_REVOKED,       /* the driver or the kernel took the pages */
	ERROR_MISALIGNED,    /* not a multiple of the width */
	ERROR_WIDTH,         /* no backend makes an access of this width */
	ERROR_READ_ONLY,     /* a write to what cannot be written */
	ERROR_NO_METHOD,     /* the driver offers no access method */
	ERROR_NO_THREAD,     /* no thread of the target can make the access */
	ERROR_NO_CODE,       /* the target has no such load or store */
	ERROR_ASLEEP,        /* the device is disabled or suspended */
	ERROR_UNSAFE,        /* refused for what it might do */
	ERROR_REJECTED,      /* the device or the bus said no */
	ERROR_BUSY,          /* its threads could not be attached or stopped */
	ERROR_RESUMED,       /* the target was to stand still, and ran again */
	ERROR_VERIFY,        /* what was read back is not what was written */
	ERROR_UNSTABLE,      /* a counter's halves never agreed */
	ERROR_ASSERTION,     /* a condition did not hold */
	ERROR_TIMEOUT,       /* it did not come to hold in time */
	ERROR_INTERRUPTED,   /* Ctrl-C, where that does not end us */
	ERROR_INDETERMINATE, /* the access may or may not have happened */
	ERROR_UNKNOWN,       /* the evidence does not decide */
	ERROR_NOT_REACHED,   /* not tried: something before it failed */
	ERROR_NO_MEMORY,     /* ours */
};

struct error {
	enum error_kind kind;
	int errnum;         /* errno of the failed call, or 0 */
	bool has_address;   /* address is set */
	uint64_t address;   /* in the target */
	char *subject;      /* what it is about (a location), or NULL */
	char *message;      /* what happened: why */
	char *help;         /* what would help, or NULL */
	char *input;        /* the text that was wrong, or NULL */
	size_t input_start; /* where in it, in bytes */
	size_t input_length;
	char **evidence; /* lines, what the message rests on */
	size_t n_evidence;
	unsigned attempts; /* how often the access was tried, or 0 */
	uint64_t waited;   /* for how many nanoseconds, in pauses */
};

/*
 * A new error. `errnum` is kept as data and added to the message as text
 * unless it is 0. Never NULL.
 */
struct error *error_create(enum error_kind kind, int errnum, const char *format,
			   ...)
	__attribute__((format(printf, 3, 4), returns_nonnull, nonnull(3),
		       warn_unused_result));

/* Legal on NULL. */
void error_destroy(struct error *error);

struct error *error_no_memory(void)
	__attribute__((returns_nonnull, warn_unused_result));

/* These replace what was there and return their argument, for chaining. */
struct error *error_help(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull, nonnull(1, 2)));
/* "PREFIX: MESSAGE" */
struct error *error_prefix(struct error *error, const char *prefix)
	__attribute__((returns_nonnull, nonnull));
struct error *error_subject(struct error *error, const char *subject)
	__attribute__((returns_nonnull, nonnull(1)));
struct error *error_errnum(struct error *error, int errnum)
	__attribute__((returns_nonnull, nonnull(1)));
struct error *error_address(struct error *error, uint64_t address)
	__attribute__((returns_nonnull, nonnull(1)));
struct error *error_attempts(struct error *error, unsigned attempts,
			     uint64_t waited)
	__attribute__((returns_nonnull, nonnull(1)));

/* The error stands at `start` in `input`; `length` 0 is its end. */
struct error *error_at(struct error *error, const char *input, size_t start,
		       size_t length)
	__attribute__((returns_nonnull, nonnull(1, 2)));

/* Adds a line of evidence. */
struct error *error_evidence(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull, nonnull(1, 2)));

/* A copy, deep. */
struct error *error_copy(const struct error *error)
	__attribute__((returns_nonnull, nonnull(1), warn_unused_result));

/* The stable name of a kind, as JSON shows it: "read-only". */
const char *error_kind_name(enum error_kind kind)
	__attribute__((returns_nonnull));

/* The exit status that a kind of error gives (DESIGN: Exit status). */
int error_kind_status(enum error_kind kind);

/* Exit statuses that no single error gives. */
enum {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_PARTLY = 3
};

DEFINE_CLEANUP(error, struct error, error_destroy)
#define cleanup_error cleanup_with(error_cleanup_)

#endif
