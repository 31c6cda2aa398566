/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/outcome.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "target/machine.h"
#include "target/session.h"
#include "target/state.h"

static struct error *no_space(const struct session *session)
{
	int pid = (int)session->process.pid;

	if (session_ended(session))
		return error_create(ERROR_GONE, 0, "process %d has ended", pid);
	return session_exec(session);
}

/* The mapping is as it was; what is left is the device and its driver. */
static struct error *not_made(const struct session *session,
			      const struct site *site, int errnum)
{
	cleanup_device_state struct device_state state = {0};
	const struct device_mapping *device = site->device;

	if (!device)
		return error_create(ERROR_UNKNOWN, errnum,
				    "the memory cannot be accessed");
	device_state_read(&session->machine->root, device->sysfs, &state);
	if (device->sysfs && !state.known)
		return error_help(error_create(ERROR_REVOKED, 0,
					       "the device was taken away"),
				  "%s", state.help);
	return error_create(ERROR_UNKNOWN, 0,
			    "%s; the mapping is still there; either the "
			    "driver offers no access method or its pages were "
			    "taken away",
			    strerror(errnum));
}

struct error *outcome_explain(struct session *session, const struct site *site,
			      enum access_result result, int errnum)
{
	struct error *error;

	if (result == ACCESS_NO_SPACE)
		return no_space(session);
	if (result == ACCESS_UNCLEAR)
		return error_address(
			error_create(ERROR_INDETERMINATE, errnum,
				     "the access may or may not have happened"),
			site->address);
	error = session_check(session, site->mapping, site->address);
	if (!error)
		error = not_made(session, site, errnum);
	error_evidence(error_errnum(error, errnum), "the kernel said: %s",
		       strerror(errnum));
	return error_address(error, site->address);
}
