/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line that somebody types at the terminal, by libedit: editing, history,
 * completion. Signals, and what goes on beside, are taken while it waits.
 */
#ifndef MMIODBG_SHELL_EDITOR_H
#define MMIODBG_SHELL_EDITOR_H

#include <stdint.h>

#include "shell/candidates.h"

struct editor;
struct error;
struct partial;
struct variables;

/* What the editor asks its owner. */
struct editor_hooks {
	void *data;
	/* The caller frees; NULL when memory runs out. */
	char *(*prompt)(void *data);
	/* What is new, for a line of its own above the prompt; NULL: nothing.
	 * The caller frees. */
	char *(*news)(void *data);
	/* What can be read when there may be news; -1: nothing tells. And how
	 * often to look, in nanoseconds; 0: never. */
	int (*descriptor)(void *data, uint64_t *ret_interval);
	/* What the last word of a line may become. A Ctrl-C is to end it. */
	void (*complete)(void *data, const struct partial *partial,
			 struct candidates *ret);
	/* For ${NAME}. */
	const struct variables *variables;
};

/*
 * Takes the terminal of standard input; what is edited is shown on standard
 * error, or if that is no terminal on standard output. Standard input has to
 * be one: ERROR_USAGE. The hooks are copied.
 */
struct error *editor_create(const struct editor_hooks *hooks,
			    struct editor **ret)
	__attribute__((nonnull, warn_unused_result));

/* Gives it back as it was. Legal on NULL. */
void editor_destroy(struct editor *editor);

/* Adds a line to what can be brought back. */
void editor_remember(struct editor *editor, const char *line)
	__attribute__((nonnull));

/* After a command that Ctrl-C has ended: the terminal's ^C goes, so that the
 * prompt does not begin behind it. */
void editor_drop_echo(const struct editor *editor) __attribute__((nonnull));

enum editor_end {
	EDITOR_LINE,        /* there is one */
	EDITOR_INTERRUPTED, /* Ctrl-C: it was dropped */
	EDITOR_SIGNAL,      /* a signal is about to end us (base/interrupt.h) */
	EDITOR_END,         /* Ctrl-D, or the terminal is gone */
	EDITOR_FAILED,      /* errno */
};

/*
 * One line, without its end; the caller frees it. Between two calls the
 * terminal is as it was at first. A line with a NUL in it ends there.
 */
enum editor_end editor_read(struct editor *editor, char **ret)
	__attribute__((nonnull));

#endif
