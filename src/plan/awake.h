/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a device can answer, as far as sysfs tells. */
#ifndef MMIODBG_PLAN_AWAKE_H
#define MMIODBG_PLAN_AWAKE_H

#include <stdbool.h>

struct error;
struct session;
struct site;

/*
 * NULL, or ERROR_ASLEEP: the device behind a place is disabled or suspended,
 * or, with `gone`, has left sysfs: what that means where it was there before,
 * an access tells better. What /dev/mem shows depends on the address. Touches
 * nothing.
 */
struct error *awake_check(struct session *session, const struct site *site,
			  bool gone)
	__attribute__((nonnull, warn_unused_result));

#endif
