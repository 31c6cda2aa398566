/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine as a whole: what does not depend on a process. Each part is read
 * when it is first asked for, and once.
 */
#ifndef MMIODBG_TARGET_MACHINE_H
#define MMIODBG_TARGET_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/root.h"
#include "target/iomem.h"
#include "target/pci.h"

struct error;

#define KERNEL_VERSION(major, minor, patch)                                    \
	((uint64_t)(major) << 32 | (uint64_t)(minor) << 16 | (patch))

struct machine {
	struct root root;
	uint64_t page_size;
	char *architecture; /* of the kernel, as uname -m says */
	/* The kernel's version; 0.0.0: unknown. Distributions leave the patch
	 * level 0 in uname -r; Debian's is taken from uname -v. */
	unsigned major, minor, patch;
	bool encrypted_guest; /* an SEV or TDX guest: MMIO is emulated */
	bool trust_kernel;    /* the user vouches for its access path */
	bool has_pci, has_iomem;
	struct pci_list pci;
	struct iomem iomem; /* as it was when it was first asked for */
	bool has_memory_types;
	char *memory_types; /* x86 debugfs pat_memtype_list, or NULL */
};

/* `prefix`: as root_init(). A captured tree may hold a file `uname` with
 * "MACHINE RELEASE [VERSION]"; without it, it is taken for this kernel. */
struct error *machine_init(struct machine *machine, const char *prefix)
	__attribute__((nonnull(1), warn_unused_result));
void machine_deinit(struct machine *machine);

static inline uint64_t machine_version(const struct machine *machine)
{
	return KERNEL_VERSION(machine->major, machine->minor, machine->patch);
}

struct error *machine_pci(struct machine *machine, const struct pci_list **ret)
	__attribute__((nonnull, warn_unused_result));
struct error *machine_iomem(struct machine *machine, const struct iomem **ret)
	__attribute__((nonnull, warn_unused_result));

/* How the kernel has typed a physical address ("uncached-minus"), or NULL
 * where it does not say. The caller frees. */
char *machine_memory_type(struct machine *machine, uint64_t address)
	__attribute__((nonnull, warn_unused_result));

#endif
