/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scope cleanup: a variable marked with one of these is released when it goes
 * out of scope. `steal` takes the value out and leaves the variable empty, so
 * that a function hands its result over without labels.
 */
#ifndef MMIODBG_BASE_CLEANUP_H
#define MMIODBG_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close_(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose_(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define cleanup_with(function) __attribute__((cleanup(function)))
#define cleanup_free           cleanup_with(cleanup_free_)
#define cleanup_close          cleanup_with(cleanup_close_)
#define cleanup_fclose         cleanup_with(cleanup_fclose_)

/* Defines NAME_cleanup_(TYPE **) over DESTROY(TYPE *), for cleanup_with(). */
#define DEFINE_CLEANUP(name, type, destroy)                                    \
	static inline void name##_cleanup_(type **pointer)                     \
	{                                                                      \
		destroy(*pointer);                                             \
	}

/* The value of a pointer variable, which becomes NULL. */
#define steal(pointer)                                                         \
	__extension__({                                                        \
		__typeof__(pointer) steal_value_ = (pointer);                  \
		(pointer) = NULL;                                              \
		steal_value_;                                                  \
	})

static inline int steal_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

#endif
