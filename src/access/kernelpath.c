/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/kernelpath.h"

#include <string.h>

#include "target/machine.h"

/* clang-format off */
#define VERSION(major, minor) ((major) * 1000 + (minor))
#define X86_64_BUS {{1, 8}, {1, 16}, {1, 32}, {2, 32}}
#define GENERIC_BUS {{1, 8}, {2, 8}, {4, 8}, {1, 64}}
#define POWER_BUS {{1, 8}, {2, 8}, {1, 32}, {2, 32}}
/* clang-format on */

#define RACE                                                                   \
	"before 5.12 the kernel may access a page that the driver has just "   \
	"moved"

static const struct kernel_path rows[] = {
	{
		.architecture = "x86_64",
		.until = VERSION(5, 12),
		.bus = X86_64_BUS,
		.no_write = RACE,
		.warning = RACE,
		.source = "read in source: mm/memory.c, generic_access_phys",
	},
	{
		.architecture = "x86_64",
		.since = VERSION(5, 12),
		.bus = X86_64_BUS,
		.source = "observed on 6.1 and 7.3",
	},
	{
		.architecture = "x86_64",
		.encrypted_guest = true,
		.bus = {{1, 8}, {2, 8}, {4, 8}, {8, 8}},
		.no_write = "the memory of this guest is encrypted, and its "
			    "device accesses are emulated",
		.source = "read in source: arch/x86/lib/iomem.c",
	},
	{
		.architecture = "aarch64",
		.bus = GENERIC_BUS,
		.no_read = "on arm64 an access that the device rejects, and "
			   "on some kernels every access, crashes the kernel",
		.no_write = "on arm64 an access that the device rejects "
			    "crashes the kernel",
		.source = "observed on 6.1",
	},
	{
		.architecture = "riscv64",
		.until = VERSION(7, 2),
		.bus = GENERIC_BUS,
		.no_read = "this kernel has no CONFIG_HAVE_IOREMAP_PROT",
		.no_write = "this kernel has no CONFIG_HAVE_IOREMAP_PROT",
		.source = "read in source: arch/riscv/Kconfig",
	},
	{
		.architecture = "riscv64",
		.since = VERSION(7, 2),
		.bus = GENERIC_BUS,
		.source = "read in source: lib/iomem_copy.c",
	},
	{
		.architecture = "ppc64",
		.until = VERSION(5, 12),
		.bus = POWER_BUS,
		.no_write = RACE,
		.warning = RACE,
		.source = "read in source: arch/powerpc/kernel/io.c",
	},
	{
		.architecture = "ppc64",
		.since = VERSION(5, 12),
		.bus = POWER_BUS,
		.source = "read in source: arch/powerpc/kernel/io.c",
	},
	{
		.architecture = "ppc64le",
		.until = VERSION(5, 12),
		.bus = POWER_BUS,
		.no_write = RACE,
		.warning = RACE,
		.source = "read in source: arch/powerpc/kernel/io.c",
	},
	{
		.architecture = "ppc64le",
		.since = VERSION(5, 12),
		.bus = POWER_BUS,
		.source = "read in source: arch/powerpc/kernel/io.c",
	},
};

const struct kernel_path *kernel_path_find(const struct machine *machine)
{
	unsigned version = VERSION(machine->major, machine->minor);

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
