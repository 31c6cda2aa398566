/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's access path (/proc/PID/mem, generic_access_phys) does on
 * which machine: the one table of it. KERNEL.md sections 1 and 3 tell how each
 * figure was obtained.
 */
#ifndef MMIODBG_ACCESS_KERNELPATH_H
#define MMIODBG_ACCESS_KERNELPATH_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

enum { N_WIDTHS = 4 }; /* 8, 16, 32, 64 */

/* Index of a width in bits. */
static inline unsigned width_index(unsigned bits)
{
	return bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3;
}

struct kernel_path {
	const char *architecture; /* uname -m */
	uint64_t since, until;    /* versions (target/machine.h); until is
				   * excluded, 0: no end */
	bool encrypted_guest;
	/* One aligned access in one page becomes this on the bus. */
	struct {
		unsigned pieces, bits;
	} bus[N_WIDTHS];
	const char *no_read;  /* why reads are refused, or NULL */
	const char *no_write; /* why writes are refused, or NULL */
	/* Lifts both if the user trusts the kernel, and tells the risk; NULL:
	 * there is nothing that trust could help. */
	const char *risk;
	const char *warning; /* what a read risks, or NULL */
	const char *source;  /* "observed" or "read in source", where */
};

/*
 * Why reads or writes are refused on such a machine, whatever their width; NULL
 * if they are not, or if the user trusts its kernel (machine.trust_kernel).
 */
const char *kernel_path_refusal(const struct machine *machine,
				const struct kernel_path *path, bool write)
	__attribute__((nonnull));

/* The row for this machine, or NULL: then nothing is known, and nothing is
 * done. */
const struct kernel_path *kernel_path_find(const struct machine *machine)
	__attribute__((nonnull));

#endif
