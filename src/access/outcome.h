/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why an access failed, and what speaks for it. Touches no device. */
#ifndef MMIODBG_ACCESS_OUTCOME_H
#define MMIODBG_ACCESS_OUTCOME_H

#include "access/backend.h"

/*
 * The error for an access whose result was not ACCESS_DONE. The mapping is
 * looked up anew, after the failure.
 */
struct error *outcome_explain(struct session *session, const struct site *site,
			      bool write, enum access_result result,
			      const struct access_failure *failure)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));

#endif
