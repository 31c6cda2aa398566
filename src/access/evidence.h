/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What speaks for and against a mapping's pages having been taken away. No
 * interface of the kernel tells it (pagemap and mincore pass such mappings
 * over), so these are signs, each of which can be shown to the user. Nothing
 * here touches the device, or wakes it.
 */
#ifndef MMIODBG_ACCESS_EVIDENCE_H
#define MMIODBG_ACCESS_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "access/backend.h"

/* How much a sign says of an access that failed with EIO. */
enum sign {
	SIGN_NONE,     /* a fact to know */
	SIGN_METHOD,   /* an access method is there, so the page is not */
	SIGN_READABLE, /* reads worked; the page is gone, or read-only */
	SIGN_TAKEN_IF, /* if there is a method: the page was taken away */
	SIGN_TAKEN,    /* the page was taken away */
};

struct evidence {
	struct evidence_item {
		char *text;
		enum sign sign;
	} * items;
	size_t count, capacity;
	bool has[SIGN_TAKEN + 1]; /* there is such a sign */
	/* The text of the strongest sign of pages that were taken away, or
	 * NULL; `help` goes with it and may be NULL. */
	char *cause;
	const char *help;
};

/*
 * Looks at all there is, as it bears on an access that failed, a write or a
 * read. What cannot be seen is said to be unknown. The caller deinits `*ret`.
 */
void evidence_collect(struct session *session, const struct site *site,
		      bool write, struct evidence *ret)
	__attribute__((nonnull));

/* Whether the signs say that the page was taken away. */
bool evidence_taken(const struct evidence *evidence) __attribute__((nonnull));

void evidence_deinit(struct evidence *evidence);

#define cleanup_evidence cleanup_with(evidence_deinit)

#endif
