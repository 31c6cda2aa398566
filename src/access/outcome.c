/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/outcome.h"

#include <errno.h>
#include <string.h>

#include "access/evidence.h"
#include "base/error.h"
#include "target/session.h"

static struct error *no_space(const struct session *session)
{
	return session_ended(session) ? session_gone(session)
				      : session_exec(session);
}

/* What an I/O error may mean where the signs do not decide. */
static struct error *undecided(const struct site *site, bool write,
			       const struct evidence *evidence, int errnum)
{
	const char *what = strerror(errnum);

	if (!site->device || errnum != EIO)
		return error_create(ERROR_UNKNOWN, errnum,
				    "the memory cannot be accessed");
	if (site->device->method == METHOD_DRIVER)
		return error_create(ERROR_UNKNOWN, 0,
				    "%s from the driver's own access method; "
				    "the buffer may be where that does not "
				    "reach, or was taken away",
				    what);
	if (write && evidence->has[SIGN_WORKED])
		return error_create(ERROR_UNKNOWN, 0,
				    "%s; the mapping is still there, and this "
				    "page worked before; either it cannot be "
				    "written now or its pages were taken away",
				    what);
	if (!evidence->has[SIGN_METHOD])
		return error_help(
			error_create(
				ERROR_UNKNOWN, 0,
				"%s; the mapping is still there; either "
				"the driver offers no access method or its "
				"pages were taken away",
				what),
			"a driver that puts pages in late does so when the "
			"target itself touches them");
	if (site->device->method == METHOD_GENERIC)
		return error_create(ERROR_UNKNOWN, 0,
				    "%s; the mapping is still there; its pages "
				    "were probably taken away, but nothing "
				    "else shows it",
				    what);
	return error_create(ERROR_UNKNOWN, 0,
			    "%s; the mapping is still there, but not its page: "
			    "the target has not touched it yet, or it was "
			    "taken away",
			    what);
}

/* The mapping is as it was; what is left is the device and its driver. */
static struct error *not_made(struct session *session, const struct site *site,
			      bool write, int errnum)
{
	cleanup_evidence struct evidence evidence = {0};
	const struct evidence_item *cause;
	struct error *error;

	evidence_collect(session, site, write, &evidence);
	/* The signs are about EIO. */
	cause = errnum == EIO ? evidence_cause(&evidence) : NULL;
	if (cause) {
		error = error_create(ERROR_REVOKED, 0,
				     "the mapping was revoked: %s",
				     cause->text);
		if (cause->help)
			error_help(error, "%s", cause->help);
	} else {
		error = undecided(site, write, &evidence, errnum);
	}
	error_evidence(error, "the mapping is as it was");
	for (size_t i = 0; i < evidence.count; i++)
		error_evidence(error, "%s", evidence.items[i].text);
	return error;
}

struct error *outcome_explain(struct session *session, const struct site *site,
			      bool write, enum access_result result, int errnum)
{
	struct error *error;

	if (result == ACCESS_NO_SPACE)
		return error_address(no_space(session), site->address);
	if (result == ACCESS_UNCLEAR)
		return error_address(
			error_create(ERROR_INDETERMINATE, errnum,
				     "the access may or may not have happened"),
			site->address);
	error = write ? session_check(session, site->mapping, site->address)
		      : session_check_place(session, site->mapping,
					    site->address);
	if (!error)
		error = not_made(session, site, write, errnum);
	error_evidence(error_errnum(error, errnum), "the kernel said: %s",
		       strerror(errnum));
	return error_address(error, site->address);
}
