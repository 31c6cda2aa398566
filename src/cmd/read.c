/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/access.h"

static struct error *run(const struct command_context *context, int *ret_status)
{
	return access_run(context, false, ret_status);
}

static struct error *check(const struct command_context *context)
{
	return access_check_arguments(context, false);
}

const struct command command_read = {
	.name = "read",
	.alias = "peek",
	.list = "elements",
	.arguments = "LOCATION...",
	.summary = "read registers: one access for each element",
	.help = "  read @03:00.0/bar0+0x8        32 bits at an offset of a "
		"BAR\n"
		"  read @uio0+0x10.7:4           bits 7 to 4 of it\n"
		"  read @uio0+0x10/16be -n 4     four 16-bit big-endian ones\n"
		"  read phys:0xfea00000..+0x40   a range, by physical "
		"address\n",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS |
		  GROUP_VALUES,
	.check = check,
	.run = run,
};
