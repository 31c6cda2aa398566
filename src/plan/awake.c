/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/awake.h"

#include "access/backend.h"
#include "base/error.h"
#include "target/machine.h"
#include "target/session.h"
#include "target/state.h"

struct error *awake_check(struct session *session, const struct site *site,
			  bool gone)
{
	cleanup_device_state struct device_state state = {0};
	cleanup_free char *folder = NULL;
	struct error *error;

	if (!site->device)
		return NULL;
	error = device_folder_at(session->machine, site->device, site->address,
				 &folder);
	if (error)
		return error;
	device_state_read(&session->machine->root, folder, &state);
	if (!state.problem || (!state.known && !gone))
		return NULL;
	return error_help(error_create(ERROR_ASLEEP, 0,
				       "%s, and would answer all-ones or not "
				       "at all",
				       state.problem),
			  "%s; --force accesses it all the same", state.help);
}
