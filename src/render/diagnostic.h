/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diagnostics on standard error: each is one write. */
#ifndef MMIODBG_RENDER_DIAGNOSTIC_H
#define MMIODBG_RENDER_DIAGNOSTIC_H

#include <stdbool.h>
#include <stdint.h>

struct error;

struct diagnostic_style {
	bool color;
	bool evidence; /* -v: what the message rests on */
};

/* Where in a batch the command stands that is carried out: all diagnostics
 * begin with "SOURCE:LINE". NULL: nowhere. It is borrowed. */
void diagnostic_place(const char *source, uint64_t line);

/* "mmiodbg: SUBJECT: what happened: why; what would help", and below it the
 * place in the input, if the error has one. */
void diagnostic_error(const struct diagnostic_style *style,
		      const struct error *error) __attribute__((nonnull));

/* A line that is no error. */
void diagnostic_note(const char *format, ...)
	__attribute__((format(printf, 1, 2), nonnull));

#endif
