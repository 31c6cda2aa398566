/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The variables of a batch: texts by name. */
#ifndef MMIODBG_SCRIPT_VARIABLES_H
#define MMIODBG_SCRIPT_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

struct error;

struct variable {
	char *name;
	char *text;
	bool late; /* the value is not known before the batch runs */
};

/* {0} has none. */
struct variables {
	void *tree; /* of tsearch() */
};

/* Sets one, whatever it was before. The name has to be a valid one. */
struct error *variables_set(struct variables *variables, const char *name,
			    const char *text, bool late)
	__attribute__((nonnull, warn_unused_result));

/* Nothing if there is none. */
void variables_unset(struct variables *variables, const char *name)
	__attribute__((nonnull));

/* The one of a name of `length` bytes, or NULL. */
const struct variable *variables_find(const struct variables *variables,
				      const char *name, size_t length)
	__attribute__((nonnull));

/* A set one whose name is near this one; NULL: none is. Stays the list's. */
const char *variables_near(const struct variables *variables, const char *name)
	__attribute__((nonnull));

void variables_deinit(struct variables *variables);

/* How many bytes at `text` can be a name: a letter or `_`, then digits, too. */
size_t variable_name_length(const char *text) __attribute__((nonnull));

#endif
