/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the target's symbols and types, and of register descriptions. Gets
 * descriptors and bytes, gives plain data. The room for libelf, libdw and SVD:
 * so far it knows no name.
 */
#ifndef MMIODBG_NAMES_NAMES_H
#define MMIODBG_NAMES_NAMES_H

struct error;

/* What this version says of a name that would need them: `what` is "symbols"
 * or the like. ERROR_UNSUPPORTED. */
struct error *names_unsupported(const char *what)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));

#endif
