/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/kernelpath.h"

#include <string.h>

#include "target/machine.h"

/* clang-format off */
#define X86_64_BUS {{1, 8}, {1, 16}, {1, 32}, {2, 32}}
#define GENERIC_BUS {{1, 8}, {2, 8}, {4, 8}, {1, 64}}
#define POWER_BUS {{1, 8}, {2, 8}, {1, 32}, {2, 32}}
/* clang-format on */

/* What is wrong with the path on some kernels. */
#define RACE                                                                   \
	"before 5.12 an access of the kernel races with the driver: it may "   \
	"hit a page that was just moved away"
#define RACE_RISK                                                              \
	"without the fix of 5.12 an access races with the driver: a write "    \
	"may damage whatever is now in a page that was just moved away"
#define NO_PATH "this kernel has no CONFIG_HAVE_IOREMAP_PROT"
#define REJECT  "on arm64 an access that the device rejects crashes the kernel"
#define PAN                                                                    \
	"on arm64 this kernel crashes at such an access if the CPU has PAN, "  \
	"and at any that the device rejects"
#define REJECT_RISK "an access that the device rejects crashes the kernel"
#define PAN_RISK                                                               \
	"without the fix of 6.12.117 and 7.0 the kernel crashes at any such "  \
	"access if the CPU has PAN, at a write to a page that the target has " \
	"not written to itself, and with the fix if the device rejects it"

/* KERNEL.md section 1: "mm: close race in generic_access_phys" is in 5.12. */
#define BEFORE_THE_FIX(architecture_, bus_, source_)                           \
	{                                                                      \
		.architecture = (architecture_),                               \
		.until = KERNEL_VERSION(5, 12, 0), .bus = bus_,                \
		.no_write = RACE, .risk = RACE_RISK, .warning = RACE,          \
		.source = (source_),                                           \
	}

#define WITHOUT_PATH(architecture_, until_, source_)                           \
	{                                                                      \
		.architecture = (architecture_), .until = (until_),            \
		.bus = GENERIC_BUS, .no_read = NO_PATH, .no_write = NO_PATH,   \
		.source = (source_),                                           \
	}

/* Debian's 6.1 crashed in __memcpy_fromio; the fix is in 6.12.117 and in 7.0,
 * not in 6.17.13 (KERNEL.md section 1). */
#define ARM64_PAN(since_, until_, source_)                                     \
	{                                                                      \
		.architecture = "aarch64", .since = (since_),                  \
		.until = (until_), .bus = GENERIC_BUS, .no_read = PAN,         \
		.no_write = PAN, .risk = PAN_RISK, .source = (source_),        \
	}

#define ARM64_REJECT(since_, until_)                                           \
	{                                                                      \
		.architecture = "aarch64", .since = (since_),                  \
		.until = (until_), .bus = GENERIC_BUS, .no_read = REJECT,      \
		.no_write = REJECT, .risk = REJECT_RISK,                       \
		.source = "read in source: arch/arm64/mm/ioremap.c",           \
	}

static const struct kernel_path rows[] = {
	BEFORE_THE_FIX("x86_64", X86_64_BUS,
		       "read in source: mm/memory.c, generic_access_phys"),
	{
		.architecture = "x86_64",
		.since = KERNEL_VERSION(5, 12, 0),
		.bus = X86_64_BUS,
		.source = "observed on 6.1, 6.12 and 7.2",
	},
	{
		.architecture = "x86_64",
		.encrypted_guest = true,
		.bus = {{1, 8}, {2, 8}, {4, 8}, {8, 8}},
		.no_write = "the memory of this guest is encrypted, and its "
			    "device accesses are emulated",
		.source = "read in source: arch/x86/lib/iomem.c",
	},
	WITHOUT_PATH("aarch64", KERNEL_VERSION(6, 0, 0),
		     "read in source: arch/arm64/Kconfig"),
	ARM64_PAN(KERNEL_VERSION(6, 0, 0), KERNEL_VERSION(6, 12, 117),
		  "observed on 6.1"),
	ARM64_REJECT(KERNEL_VERSION(6, 12, 117), KERNEL_VERSION(6, 13, 0)),
	ARM64_PAN(KERNEL_VERSION(6, 13, 0), KERNEL_VERSION(7, 0, 0),
		  "read in source: arch/arm64/mm/ioremap.c"),
	ARM64_REJECT(KERNEL_VERSION(7, 0, 0), 0),
	WITHOUT_PATH("riscv64", KERNEL_VERSION(7, 2, 0),
		     "read in source: arch/riscv/Kconfig"),
	{
		.architecture = "riscv64",
		.since = KERNEL_VERSION(7, 2, 0),
		.bus = GENERIC_BUS,
		.source = "read in source: lib/iomem_copy.c",
	},
	WITHOUT_PATH("armv6l", 0, "read in source: arch/arm/Kconfig"),
	WITHOUT_PATH("armv7l", 0, "read in source: arch/arm/Kconfig"),
	BEFORE_THE_FIX("ppc64", POWER_BUS,
		       "read in source: arch/powerpc/kernel/io.c"),
	{
		.architecture = "ppc64",
		.since = KERNEL_VERSION(5, 12, 0),
		.bus = POWER_BUS,
		.source = "read in source: arch/powerpc/kernel/io.c",
	},
	BEFORE_THE_FIX("ppc64le", POWER_BUS,
		       "read in source: arch/powerpc/kernel/io.c"),
	{
		.architecture = "ppc64le",
		.since = KERNEL_VERSION(5, 12, 0),
		.bus = POWER_BUS,
		.source = "read in source: arch/powerpc/kernel/io.c",
	},
};

const char *kernel_path_refusal(const struct machine *machine,
				const struct kernel_path *path, bool write)
{
	if (path->risk && machine->trust_kernel)
		return NULL;
	return write ? path->no_write : path->no_read;
}

const struct kernel_path *kernel_path_find(const struct machine *machine)
{
	uint64_t version = machine_version(machine);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kernel_path *row = &rows[i];

		if (strcmp(row->architecture, machine->architecture) == 0 &&
		    row->encrypted_guest == machine->encrypted_guest &&
		    version >= row->since &&
		    (!row->until || version < row->until))
			return row;
	}
	return NULL;
}
