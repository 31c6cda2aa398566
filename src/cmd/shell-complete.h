/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be typed next in a shell. Completing looks at maps, ELF and DWARF
 * only: it makes no access, and reads nothing of the target's memory.
 */
#ifndef MMIODBG_CMD_SHELL_COMPLETE_H
#define MMIODBG_CMD_SHELL_COMPLETE_H

struct candidates;
struct interpreter;
struct options;
struct partial;
struct location_question;

/* What the last word of a line may become. */
void shell_complete(struct interpreter *interpreter,
		    const struct partial *partial, struct candidates *ret)
	__attribute__((nonnull));

/* shell-location.c: words about the target ----------------------------------
 */

/* What is asked of a word that names a location. */
struct location_question {
	struct interpreter *interpreter;
	const char *begun;
	/* Of the command: a type and a member (-t, -m), or NULL. */
	const char *type, *member;
	bool is_written; /* a value may follow */
	struct candidates *ret;
};

/* A location, with its value. */
void complete_location(const struct location_question *question)
	__attribute__((nonnull));
/* The name of a device or a region, without "@". */
void complete_device(const struct location_question *question)
	__attribute__((nonnull));
/* A value of what `location` names. */
void complete_value(const struct location_question *question,
		    const char *location) __attribute__((nonnull));
/* A type of the target's program. */
void complete_type(const struct location_question *question)
	__attribute__((nonnull));
/* A member of the type of the question. */
void complete_member_of_type(const struct location_question *question)
	__attribute__((nonnull));
/* A process that has a device mapped. */
void complete_process(const struct location_question *question)
	__attribute__((nonnull));

/* shell-file.c --------------------------------------------------------------
 */

/* A path of ours. */
void complete_file(const char *begun, struct candidates *ret)
	__attribute__((nonnull));

#endif
