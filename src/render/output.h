/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard output: what could not be written to it is an error. */
#ifndef MMIODBG_RENDER_OUTPUT_H
#define MMIODBG_RENDER_OUTPUT_H

#include <stdbool.h>

struct error;

/* Remembers why output fails, when it first does. Cheap: to be called wherever
 * much is printed, since the reason is lost with the next failure. */
void output_check(void);

/* The same of output that cannot be made, for a reason that is known. */
void output_lost(int errnum);

/* Whether any was lost so far. */
bool output_is_lost(void);

/* Flushes. An error if anything printed so far was lost. */
struct error *output_flush(void) __attribute__((warn_unused_result));

#endif
