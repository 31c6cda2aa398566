/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's access path (/proc/PID/mem, generic_access_phys) does on
 * which machine: the one table of it. KERNEL.md sections 1 and 3 tell how each
 * figure was obtained.
 */
#ifndef MMIODBG_ACCESS_KERNELPATH_H
#define MMIODBG_ACCESS_KERNELPATH_H

#include <stdbool.h>

struct machine;

enum { N_WIDTHS = 4 }; /* 8, 16, 32, 64 */

/* Index of a width in bits. */
static inline unsigned width_index(unsigned bits)
{
	return bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3;
}

struct kernel_path {
	const char *architecture; /* uname -m */
	unsigned since, until;    /* versions, major * 1000 + minor; until is
				   * excluded, 0: no end */
	bool encrypted_guest;
	/* One aligned access in one page becomes this on the bus. */
	struct {
		unsigned pieces, bits;
	} bus[N_WIDTHS];
	const char *no_read;  /* why reads are refused, or NULL */
	const char *no_write; /* why writes are refused, or NULL */
	const char *warning;  /* what a read risks, or NULL */
	const char *source;   /* "observed" or "read in source", where */
};

/* The row for this machine, or NULL: then nothing is known, and nothing is
 * done. */
const struct kernel_path *kernel_path_find(const struct machine *machine)
	__attribute__((nonnull));

#endif
