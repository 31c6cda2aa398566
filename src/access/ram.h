/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of the machine behind a mapping that looks like a device's. */
#ifndef MMIODBG_ACCESS_RAM_H
#define MMIODBG_ACCESS_RAM_H

#include <stdbool.h>

#include "access/backend.h"

/*
 * The error for an access to System RAM, of which /dev/mem shows a part. With
 * `maps`, the kernel would map it to make the access: that it refuses, after a
 * warning that stops a machine with panic_on_warn (KERNEL.md section 1), so
 * what may be memory is refused there, too.
 */
struct error *ram_check(const struct session *session, const struct site *site,
			bool maps) __attribute__((nonnull, warn_unused_result));

#endif
