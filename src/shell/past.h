/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of earlier shells, in a file of text: one a line, the latest last.
 * Shells that run at the same time write to it one line at a time, so that none
 * is lost.
 */
#ifndef MMIODBG_SHELL_PAST_H
#define MMIODBG_SHELL_PAST_H

#include <stdbool.h>

struct error;

/* So many lines are kept, and no line that is longer. */
enum { MOST_PAST_LINES = 1000, LONGEST_PAST_LINE = 4096 };

/* {0}: there is no file, and nothing is kept. */
struct past {
	char *path;
	char *last; /* line */
};

/*
 * Finds the file, $XDG_STATE_HOME/mmiodbg/history, or without that below
 * $HOME/.local/state; makes its folder, for us alone; and calls `each` for its
 * lines. Without a home there is none, which is no error. With an error nothing
 * is kept; ERROR_USAGE only tells that some of the file was no text. The caller
 * releases `*ret`, in any case, with past_close().
 */
typedef void past_line_fn(void *data, const char *line);
struct error *past_open(struct past *ret, past_line_fn *each, void *data)
	__attribute__((nonnull(1, 2), warn_unused_result));
void past_close(struct past *past);

/*
 * Whether a line is to be kept, and then keeps it: not one that begins with a
 * blank, says nothing, is too long, or is that before it again. That it cannot
 * be written is passed over.
 */
bool past_add(struct past *past, const char *line) __attribute__((nonnull));

#endif
