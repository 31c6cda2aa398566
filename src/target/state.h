/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a device can answer: only what sysfs tells without waking or
 * touching it (enable, power_state, power/runtime_status). A device that is
 * off answers all-ones on x86, and may stop the machine elsewhere.
 */
#ifndef MMIODBG_TARGET_STATE_H
#define MMIODBG_TARGET_STATE_H

#include <stdbool.h>

struct root;

struct device_state {
	bool known;           /* it has a folder in sysfs */
	bool enabled;         /* true if sysfs does not say */
	char *power_state;    /* "D0"; NULL: not said */
	char *runtime_status; /* "active"; NULL: not said */
	const char *problem;  /* why it may not answer; NULL: it should */
	const char *help;     /* with problem: what would help */
};

/* `sysfs`: the device's folder below the root, or NULL. */
void device_state_read(const struct root *root, const char *sysfs,
		       struct device_state *ret) __attribute__((nonnull(1, 3)));
void device_state_deinit(struct device_state *state);

#define cleanup_device_state cleanup_with(device_state_deinit)

#endif
