/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/outcome.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
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

/* Faults: asm-generic/siginfo.h. */
static const struct fault_name {
	int signal, code;
	const char *name;
} fault_names[] = {
	{SIGBUS, 1, "BUS_ADRALN"},   {SIGBUS, 2, "BUS_ADRERR"},
	{SIGBUS, 3, "BUS_OBJERR"},   {SIGBUS, 4, "BUS_MCEERR_AR"},
	{SIGSEGV, 1, "SEGV_MAPERR"}, {SIGSEGV, 2, "SEGV_ACCERR"},
	{SIGSEGV, 4, "SEGV_PKUERR"},
};

enum { CODE_ADDRESS = 2 };

/* "a load by thread 42 of the target met SIGBUS (BUS_ADRERR)" */
static char *fault_text(bool write, const struct agent_fault *fault)
{
	const char *signal = fault->signal == SIGBUS ? "SIGBUS" : "SIGSEGV";
	const char *verb = write ? "store" : "load";
	int thread = (int)fault->thread;
	char *text = NULL;

	for (size_t i = 0; i < sizeof(fault_names) / sizeof(fault_names[0]);
	     i++)
		if (fault_names[i].signal == fault->signal &&
		    fault_names[i].code == fault->code)
			return asprintf(&text,
					"a %s by thread %d of the target met "
					"%s (%s)",
					verb, thread, signal,
					fault_names[i].name) < 0
				       ? NULL
				       : text;
	if (asprintf(&text, "a %s by thread %d of the target met %s (code %d)",
		     verb, thread, signal, fault->code) < 0)
		return NULL;
	return text;
}

static bool is_page_gone(const struct agent_fault *fault)
{
	return fault->signal == SIGBUS && fault->code == CODE_ADDRESS;
}

static struct error *revoked(const struct evidence_item *cause,
			     const char *fault)
{
	struct error *error;

	error = error_create(ERROR_REVOKED, 0,
			     "the mapping was revoked: %s%s%s",
			     cause ? cause->text : "",
			     cause && fault ? "; " : "", fault ? fault : "");
	if (cause && cause->help)
		return error_help(error, "%s", cause->help);
	return cause ? error
		     : error_help(error, "the target has to map the device "
					 "again, unless its driver puts the "
					 "pages back");
}

/* The target's own thread could not make it. */
static struct error *by_fault(bool write, const struct agent_fault *fault,
			      const char *text)
{
	if (fault->signal == SIGBUS)
		return error_create(ERROR_REJECTED, 0,
				    "the device or the bus rejected it: %s",
				    text);
	return error_create(write ? ERROR_READ_ONLY : ERROR_UNKNOWN, 0,
			    "the target itself may not do it now: %s", text);
}

/* The mapping is as it was; what is left is the device and its driver. */
static struct error *not_made(struct session *session, const struct site *site,
			      bool write, const struct access_failure *failure)
{
	cleanup_free char *fault = failure->fault.signal
					   ? fault_text(write, &failure->fault)
					   : NULL;
	cleanup_evidence struct evidence evidence = {0};
	const bool gone = is_page_gone(&failure->fault);
	const struct evidence_item *cause;
	struct error *error;

	evidence_collect(session, site, write, &evidence);
	/* The signs are about EIO, and about a page that is not there. */
	cause = failure->errnum == EIO || gone ? evidence_cause(&evidence)
					       : NULL;
	if (gone || (cause && !failure->fault.signal))
		error = revoked(cause, fault);
	else if (failure->fault.signal)
		error = by_fault(write, &failure->fault, fault ? fault : "?");
	else
		error = undecided(site, write, &evidence, failure->errnum);
	if (fault)
		error_evidence(error, "%s", fault);
	error_evidence(error, "the mapping is as it was");
	for (size_t i = 0; i < evidence.count; i++)
		error_evidence(error, "%s", evidence.items[i].text);
	if (failure->error)
		error_evidence(error, "the target's threads were not used: %s",
			       failure->error->message);
	return error;
}

/* What the backend itself has to say. */
static struct error *own_words(const struct access_failure *failure)
{
	if (failure->error)
		return error_copy(failure->error);
	return error_create(ERROR_INDETERMINATE, failure->errnum,
			    "the access may or may not have happened");
}

struct error *outcome_explain(struct session *session, const struct site *site,
			      bool write, enum access_result result,
			      const struct access_failure *failure)
{
	struct error *error;

	if (result == ACCESS_NO_SPACE)
		return error_address(no_space(session), site->address);
	if (result == ACCESS_UNCLEAR || result == ACCESS_REFUSED)
		return error_address(own_words(failure), site->address);
	error = write ? session_check(session, site->mapping, site->address)
		      : session_check_place(session, site->mapping,
					    site->address);
	if (!error)
		error = not_made(session, site, write, failure);
	if (failure->errnum)
		error_evidence(error_errnum(error, failure->errnum),
			       "the kernel said: %s",
			       strerror(failure->errnum));
	return error_address(error, site->address);
}
