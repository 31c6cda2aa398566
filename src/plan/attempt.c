/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/attempt.h"

#include "access/outcome.h"
#include "base/duration.h"
#include "base/error.h"
#include "target/attachment.h"
#include "target/session.h"

/* Nanoseconds: what is moved comes back within microseconds, a device that is
 * reset within a second. */
enum { SHORTEST_PAUSE = 50000, LONGEST_PAUSE = 20000000 };

/* What may have changed since the plan was checked. */
static struct error *check_before(const struct attempts *attempts,
				  const struct attempt *attempt)
{
	struct session *session = attempts->session;
	const struct site *site = &attempt->site;
	struct error *error = attachment_event(session);

	/* What is checked here may change before the access. Only a target
	 * that stands still cannot do that; it was checked when it stood. */
	if (!error && !attempts->stopped && attempt->write)
		error = session_check(session, site->mapping, site->address);
	else if (!error && !attempts->stopped &&
		 (attempt->count || attempts->doubt))
		error = session_check_place(session, site->mapping,
					    site->address);
	return error ? error_address(error, site->address) : NULL;
}

/* Whether the target stood still until the access was over. */
static struct error *check_after(const struct attempts *attempts,
				 const struct site *site)
{
	cleanup_error struct error *event =
		attempts->stopped ? attachment_event(attempts->session) : NULL;
	struct error *error;

	if (!event)
		return NULL;
	error = error_create(event->kind, 0,
			     "the access was made, but perhaps not while the "
			     "target stood still: %s",
			     event->message);
	if (event->help)
		error_help(error, "%s", event->help);
	return error_address(error, site->address);
}

/* Only the driver of a device gives back what it has taken. */
static bool may_come_back(const struct attempts *attempts,
			  const struct attempt *attempt,
			  enum access_result result)
{
	return result == ACCESS_NOT_MADE && attempt->site.device &&
	       attempts->retry && attempts->given_up != attempt->site.mapping;
}

/* False: the time is over, or a signal is about to end us. */
static bool pause_before(struct attempts *attempts, uint64_t end,
			 uint64_t *pause)
{
	uint64_t now = clock_now();

	if (now >= end)
		return false;
	if (*pause > end - now)
		*pause = end - now;
	if (!session_wait(attempts->session, *pause)) {
		attempts->interrupted = true;
		return false;
	}
	*pause = *pause < LONGEST_PAUSE / 2 ? *pause * 2 : LONGEST_PAUSE;
	return true;
}

static enum access_result try_once(struct attempts *attempts,
				   struct attempt *attempt, void *value,
				   int *ret_errnum)
{
	uint64_t start = clock_now();
	enum access_result result;

	attempt->count++;
	result = attempt->backend->make(attempts->session,
					attempt->site.address, attempt->bits,
					attempt->write, value, ret_errnum);
	attempt->nanoseconds = clock_now() - start;
	return result;
}

static void note_success(struct attempts *attempts, struct attempt *attempt)
{
	attempt->made = true;
	if (!attempt->site.device)
		return;
	history_note(&attempts->session->history, attempt->site.address,
		     attempt->write, clock_now());
	if (attempts->given_up == attempt->site.mapping)
		attempts->given_up = NULL;
}

static struct error *explain(struct attempts *attempts,
			     const struct attempt *attempt,
			     enum access_result result, int errnum)
{
	struct error *error = outcome_explain(attempts->session, &attempt->site,
					      attempt->write, result, errnum);

	attempts->doubt = true;
	if (attempts->interrupted)
		error_evidence(error, "a signal ended the waiting");
	else if (result == ACCESS_NOT_MADE && attempt->site.device &&
		 attempts->retry)
		attempts->given_up = attempt->site.mapping;
	return error;
}

struct error *attempt_make(struct attempts *attempts, struct attempt *attempt,
			   void *value)
{
	uint64_t pause = SHORTEST_PAUSE, failed = 0, end = 0;

	for (;;) {
		struct error *error = check_before(attempts, attempt);
		enum access_result result;
		int errnum;

		if (error) {
			attempts->doubt = true;
			return error;
		}
		if (failed)
			attempt->waited = clock_now() - failed;
		result = try_once(attempts, attempt, value, &errnum);
		if (result == ACCESS_DONE) {
			note_success(attempts, attempt);
			return check_after(attempts, &attempt->site);
		}
		if (!may_come_back(attempts, attempt, result))
			return explain(attempts, attempt, result, errnum);
		if (!failed) {
			failed = clock_now();
			if (__builtin_add_overflow(failed, attempts->retry,
						   &end))
				end = UINT64_MAX;
		}
		if (!pause_before(attempts, end, &pause))
			return explain(attempts, attempt, result, errnum);
	}
}
