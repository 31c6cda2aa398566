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
	SIGN_WORKED,   /* this page worked; it is gone, or read-only now */
	SIGN_THERE,    /* no driver's claim has taken pages of the mapping */
	SIGN_CLAIMED,  /* if there is a method: a driver has taken it */
	SIGN_TAKEN_IF, /* if there is a method: it was taken away */
	SIGN_TAKEN,    /* it was taken away */
	N_SIGNS
};

struct evidence {
	struct evidence_item {
		char *text;
		const char *help; /* what would help, or NULL */
		enum sign sign;
	} * items;
	size_t count, capacity;
	bool has[N_SIGNS]; /* there is such a sign */
};

/*
 * Looks at all there is, as it bears on an access that failed, a write or a
 * read; the signs that help most come first. What cannot be seen is said to be
 * unknown. The caller deinits `*ret`.
 */
void evidence_collect(struct session *session, const struct site *site,
		      bool write, struct evidence *ret)
	__attribute__((nonnull));

/* The first sign, if they say so, of the page having been taken away; else
 * NULL. */
const struct evidence_item *evidence_cause(const struct evidence *evidence)
	__attribute__((nonnull));

void evidence_deinit(struct evidence *evidence);

#define cleanup_evidence cleanup_with(evidence_deinit)

#endif
