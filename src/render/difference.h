/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two snapshots differ in, as text or as JSON. */
#ifndef MMIODBG_RENDER_DIFFERENCE_H
#define MMIODBG_RENDER_DIFFERENCE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "snapshot/compare.h"

struct difference_renderer {
	bool color;
	const struct snapshot *old, *new;
	const char *old_name; /* "before.json" */
	const char *new_name; /* NULL: the device, as it is now */
};

/* A line for the register, and one for each field that differs:
 * "regs.ctrl: 0x00003009 -> 0x00003005", "regs.ctrl.mode: 4 (FAST) -> 2
 * (SLOW)".
 */
void difference_print(const struct difference_renderer *renderer,
		      const struct difference *difference)
	__attribute__((nonnull));

/* {name, change, changed, fields, old: {width, order, value...}, new}. */
json_object *difference_json(const struct difference_renderer *renderer,
			     const struct difference *difference)
	__attribute__((nonnull, warn_unused_result));

#endif
