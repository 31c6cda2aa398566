/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text: safe output of foreign bytes, near names, growing lists. */
#ifndef MMIODBG_BASE_TEXT_H
#define MMIODBG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `length` bytes of `text` as printable UTF-8 on one line: control characters
 * and bytes that are not UTF-8 become \xHH. What is escaped stays as it is when
 * it is escaped again. The caller frees; NULL when memory runs out.
 */
char *text_escape(const char *text, size_t length)
	__attribute__((nonnull, warn_unused_result));

/* Whether nothing of it needs to be escaped, for it is printable ASCII. */
bool text_is_plain(const char *text) __attribute__((nonnull));

/*
 * Adds the near ones of `names` (NULL-terminated) to a new string, "a, b":
 * those within a third of the length in edits, and of them not more than
 * eight. NULL if none is near.
 */
char *text_nearest(const char *name, const char *const *names)
	__attribute__((nonnull, warn_unused_result));

/* Whether `text` starts with `prefix`; then `*ret_rest`, unless NULL, is what
 * follows it. */
bool text_starts(const char *text, const char *prefix, const char **ret_rest)
	__attribute__((nonnull(1, 2)));

/* What follows `key` in `text`, where that occurs first; else "". */
const char *text_after(const char *text, const char *key)
	__attribute__((nonnull, returns_nonnull));

/* Whether `word` is one of the words of `text`, between blanks or tabs. */
bool text_has_word(const char *text, const char *word) __attribute__((nonnull));

/*
 * Makes room for one more element of `size` bytes behind `count` of them in
 * `*array`, which grows by half. False when memory runs out; the array stays.
 */
bool list_grow(void *array, size_t count, size_t *capacity, size_t size)
	__attribute__((nonnull, warn_unused_result));

#endif
