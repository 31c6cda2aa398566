/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/state.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/root.h"

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static void judge(struct device_state *state)
{
	if (!state->enabled) {
		state->problem = "the device is not enabled";
		state->help = "a driver enables it, or 1 written to its "
			      "`enable` in sysfs";
	} else if (is(state->power_state, "D1") ||
		   is(state->power_state, "D2") ||
		   is(state->power_state, "D3hot") ||
		   is(state->power_state, "D3cold")) {
		state->problem = "the device is in a low-power state";
		state->help = "`on` written to its power/control wakes it";
	} else if (is(state->runtime_status, "suspended") ||
		   is(state->runtime_status, "suspending")) {
		state->problem = "the device is suspended";
		state->help = "`on` written to its power/control wakes it";
	}
}

void device_state_read(const struct root *root, const char *sysfs,
		       struct device_state *ret)
{
	uint64_t enabled;

	*ret = (struct device_state){.enabled = true};
	if (!sysfs)
		return;
	if (faccessat(root->fd, sysfs, F_OK, 0) < 0) {
		ret->problem = "the device is gone from sysfs";
		ret->help = "its driver or `remove` took it away; "
			    "`echo 1 > /sys/bus/pci/rescan` finds PCI devices "
			    "again";
		return;
	}
	ret->known = true;
	if (file_number(root->fd, &enabled, "%s/enable", sysfs))
		ret->enabled = enabled != 0;
	ret->power_state = file_line(root->fd, "%s/power_state", sysfs);
	ret->runtime_status =
		file_line(root->fd, "%s/power/runtime_status", sysfs);
	judge(ret);
}

void device_state_deinit(struct device_state *state)
{
	free(state->power_state);
	free(state->runtime_status);
	*state = (struct device_state){0};
}
