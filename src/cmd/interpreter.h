/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out the lines of a batch or of a shell, over one session: commands of
 * the table, and statements of its own (statement.h). A line that fails is told
 * on standard error.
 */
#ifndef MMIODBG_CMD_INTERPRETER_H
#define MMIODBG_CMD_INTERPRETER_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/command.h"
#include "cmd/promise.h"
#include "cmd/target.h"
#include "script/variables.h"

struct burst;
struct error;
struct words;

struct interpreter {
	struct command_context context; /* its options are those of all lines */
	struct held_target held;
	struct variables variables;
	struct burst *burst;
	/* What diagnostics call the place of the next line, its user's; NULL: a
	 * shell. */
	const char *source;
	uint64_t line;
	bool checking;   /* nothing is accessed: the pass before a batch */
	bool go_on;      /* on-error continue */
	bool ended;      /* no further line is carried out */
	int status;      /* of the first failure */
	uint64_t failed; /* lines */
	const char
		*name; /* of the command or statement of this line, if known */
	size_t documents;         /* json_documents_ended(), before it */
	char process[16];         /* the number of the held process */
	struct promises promises; /* files that lines would have made by now */
	bool takes_input;         /* its lines come from standard input */
};

/* `context`: of the command that holds the lines. */
struct error *interpreter_init(struct interpreter *interpreter,
			       const struct command_context *context)
	__attribute__((nonnull, warn_unused_result));
void interpreter_deinit(struct interpreter *interpreter)
	__attribute__((nonnull));

/* Carries out one line; with `checking`, finds out what is wrong with it.
 * Output may be held back until interpreter_settle(). */
void interpreter_line(struct interpreter *interpreter, const char *line)
	__attribute__((nonnull));

/* Everything so far is confirmed and printed. */
void interpreter_settle(struct interpreter *interpreter)
	__attribute__((nonnull));

/* The line could not be read, and no further one is carried out. Takes the
 * error over, and tells it. */
void interpreter_unread(struct interpreter *interpreter, struct error *error)
	__attribute__((nonnull));

/* A line has failed. Takes the error over, and tells it. */
void interpreter_fail(struct interpreter *interpreter, struct error *error)
	__attribute__((nonnull));

/*
 * For statements: the options and the context of a command whose words stand
 * from words->items[first] on. The caller releases `*ret_options`, if there is
 * no error, with options_deinit(). While `checking` it is a dry run.
 */
struct error *interpreter_parse(struct interpreter *interpreter,
				const struct command *command,
				const struct words *words, size_t first,
				struct options *ret_options,
				struct command_context *ret_context)
	__attribute__((nonnull, warn_unused_result));

/* `COMMAND --help`: text, and nothing while `checking`. */
struct error *interpreter_help(const struct interpreter *interpreter,
			       const struct command *command)
	__attribute__((nonnull(1), warn_unused_result));

/* Says that the line is passed over in a dry run, for want of a value. */
void interpreter_put_off(const struct interpreter *interpreter)
	__attribute__((nonnull));

/* Takes another process for the target. */
struct error *interpreter_attach(struct interpreter *interpreter,
				 const char *process)
	__attribute__((nonnull, warn_unused_result));

/* Lets go of the target. */
void interpreter_release(struct interpreter *interpreter)
	__attribute__((nonnull));

#endif
