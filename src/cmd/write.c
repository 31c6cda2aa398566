/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/access.h"

static struct error *run(const struct command_context *context, int *ret_status)
{
	return access_run(context, true, ret_status);
}

static struct error *check(const struct command_context *context)
{
	return access_check_arguments(context, true);
}

const struct command command_write = {
	.name = "write",
	.alias = "poke",
	.list = "elements",
	.arguments = "LOCATION=VALUE...",
	.summary = "write registers: one access, or a read and a write for "
		   "some bits",
	.help = "  write @03:00.0/bar0+0x8=0x1   all 32 bits: one write\n"
		"  write @uio0+0x40=0x3:0xf      the bits of the mask: a read "
		"and a write\n"
		"  write @uio0+0x40.7:4=2        bits 7 to 4: a read and a "
		"write\n"
		"  write @uio0+0x80..+0x10=0 --fill\n",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS |
		  GROUP_WRITE | GROUP_VALUES,
	.check = check,
	.run = run,
};
