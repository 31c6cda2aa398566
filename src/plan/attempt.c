/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/attempt.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "access/outcome.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "plan/awake.h"
#include "target/attachment.h"
#include "target/session.h"

/* Nanoseconds: what is moved comes back within microseconds, a device that is
 * reset within a second. */
enum {
	SHORTEST_PAUSE = 50000,
	LONGEST_PAUSE = 20000000,
	LONGEST_VALID = 100000000, /* what was found out */
};

/* A mapping whose accesses fail, and why the last one did: what holds for one
 * register of a page holds for the next, and costs much to find out. */
struct given_up {
	const struct mapping *mapping;
	uint64_t page;
	uint64_t time; /* when that was found out */
	bool write;
	int errnum;
	struct agent_fault fault;
	struct error *error;
};

/* The course of one access. */
struct course {
	struct attempts *attempts;
	struct attempt *attempt;
	uint64_t failed; /* when the first attempt did, or 0 */
	uint64_t end;    /* of the time for more of them */
	uint64_t pause;
	enum access_result result; /* of the last attempt */
	struct access_failure failure;
};

static struct given_up *find_given_up(const struct attempts *attempts,
				      const struct mapping *mapping)
{
	for (size_t i = 0; i < attempts->n_given_up; i++)
		if (attempts->given_up[i].mapping == mapping)
			return &attempts->given_up[i];
	return NULL;
}

void attempts_deinit(struct attempts *attempts)
{
	for (size_t i = 0; i < attempts->n_given_up; i++)
		error_destroy(attempts->given_up[i].error);
	free(attempts->given_up);
	attempts->given_up = NULL;
	attempts->n_given_up = attempts->capacity = 0;
}

static uint64_t page_of(const struct attempts *attempts, uint64_t address)
{
	return address - address % attempts->session->history.page_size;
}

/* Without memory for it the next access just takes its time. */
static void give_up(struct attempts *attempts, const struct attempt *attempt,
		    const struct error *error,
		    const struct access_failure *failure)
{
	const struct mapping *mapping = attempt->site.mapping;
	struct given_up *found = find_given_up(attempts, mapping);

	if (!found) {
		if (!list_grow(&attempts->given_up, attempts->n_given_up,
			       &attempts->capacity,
			       sizeof(*attempts->given_up)))
			return;
		found = &attempts->given_up[attempts->n_given_up++];
		*found = (struct given_up){.mapping = mapping};
	}
	error_destroy(found->error);
	found->page = page_of(attempts, attempt->site.address);
	found->time = clock_now();
	found->write = attempt->write;
	found->errnum = failure->errnum;
	found->fault = failure->fault;
	found->error = error_copy(error);
}

static void note_success(struct attempts *attempts, struct attempt *attempt)
{
	struct given_up *found;

	attempt->made = true;
	if (!attempt->site.device)
		return;
	history_note(&attempts->session->history, attempt->site.address,
		     attempt->write);
	found = find_given_up(attempts, attempt->site.mapping);
	if (!found)
		return;
	error_destroy(found->error);
	*found = attempts->given_up[--attempts->n_given_up];
}

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
		 (attempt->count || attempt->check || attempts->doubt))
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

/* What a driver has taken comes back; nothing else does. */
static bool may_come_back(const struct attempts *attempts,
			  const struct attempt *attempt,
			  enum access_result result)
{
	return result == ACCESS_NOT_MADE && attempt->site.device &&
	       attempts->retry &&
	       !find_given_up(attempts, attempt->site.mapping);
}

/* False: the time is over, or a signal has come. */
static bool pause_before(struct course *course)
{
	struct attempts *attempts = course->attempts;
	uint64_t now = clock_now();

	if (!course->failed) {
		course->failed = now;
		if (__builtin_add_overflow(now, attempts->retry, &course->end))
			course->end = UINT64_MAX;
		course->pause = SHORTEST_PAUSE;
		attempts->waited = true;
		/* Not while signals are held: output may block. */
		if (attempts->before_pause)
			attempts->before_pause(attempts->data);
		interrupt_hold();
	}
	if (now >= course->end)
		return false;
	if (course->pause > course->end - now)
		course->pause = course->end - now;
	if (!session_wait(attempts->session, course->pause))
		return false;
	course->pause = course->pause < LONGEST_PAUSE / 2 ? course->pause * 2
							  : LONGEST_PAUSE;
	return true;
}

/* What was found out of an access to the same page just now, or NULL. */
static const struct given_up *find_valid(const struct attempts *attempts,
					 const struct attempt *attempt)
{
	const struct given_up *found =
		find_given_up(attempts, attempt->site.mapping);

	return found && clock_now() - found->time <= LONGEST_VALID &&
			       found->page == page_of(attempts,
						      attempt->site.address) &&
			       found->write == attempt->write
		       ? found
		       : NULL;
}

static void forget_failure(struct course *course)
{
	error_destroy(course->failure.error);
	course->failure = (struct access_failure){0};
}

/*
 * EIO of the kernel's path does not say whether there is no access method, or
 * no page: the other backend finds out, for the device was not touched. What
 * that is refused for is kept as evidence.
 */
static void settle(struct course *course, void *value)
{
	struct attempts *attempts = course->attempts;
	struct attempt *attempt = course->attempt;
	const struct backend *fallback = attempt->route.fallback;
	const struct given_up *known = find_valid(attempts, attempt);
	struct access_failure failure;
	enum access_result result;

	if (course->result != ACCESS_NOT_MADE || !fallback ||
	    !attempt->site.device || course->failure.errnum != EIO)
		return;
	/* It has just found that out. */
	if (known && known->fault.signal) {
		attempt->used = fallback;
		course->failure.fault = known->fault;
		return;
	}
	failure.error = fallback->check(attempts->session, &attempt->site,
					attempt->bits, attempt->write);
	if (failure.error) {
		course->failure.error = failure.error;
		return;
	}
	result = fallback->make(attempts->session, &attempt->site,
				attempt->bits, attempt->write, value, &failure);
	if (result == ACCESS_REFUSED) {
		course->failure.error = failure.error;
		return;
	}
	attempt->used = fallback;
	course->result = result;
	failure.errnum = EIO;
	forget_failure(course);
	course->failure = failure;
}

/* An access may hang in the kernel: signals are let through. False: one has
 * come, and none was made. */
static bool try_once(struct course *course, void *value)
{
	struct attempts *attempts = course->attempts;
	struct attempt *attempt = course->attempt;
	uint64_t start;

	if (course->failed)
		interrupt_release();
	if (interrupt_pending())
		return false;
	forget_failure(course);
	start = clock_now();
	if (course->failed)
		attempt->waited = start - course->failed;
	attempt->count++;
	attempt->used = attempt->route.backend;
	course->result = attempt->route.backend->make(
		attempts->session, &attempt->site, attempt->bits,
		attempt->write, value, &course->failure);
	settle(course, value);
	attempt->time = start;
	attempt->nanoseconds = clock_now() - start;
	if (course->failed)
		interrupt_hold();
	return true;
}

/* The same as of the last access of this page, if the mapping is the same. */
static struct error *explain_again(struct attempts *attempts,
				   const struct attempt *attempt,
				   const struct access_failure *failure)
{
	const struct site *site = &attempt->site;
	const struct given_up *found = find_valid(attempts, attempt);
	struct error *error;

	if (!found || found->errnum != failure->errnum ||
	    found->fault.signal != failure->fault.signal)
		return NULL;
	error = check_before(attempts, attempt);
	return error ? error
		     : error_address(error_copy(found->error), site->address);
}

static struct error *explain(const struct course *course)
{
	struct attempts *attempts = course->attempts;
	const struct attempt *attempt = course->attempt;
	const struct access_failure *failure = &course->failure;
	bool not_made =
		course->result == ACCESS_NOT_MADE && attempt->site.device;
	struct error *error =
		not_made ? explain_again(attempts, attempt, failure) : NULL;

	attempts->doubt = true;
	if (error)
		return error;
	error = outcome_explain(attempts->session, &attempt->site,
				attempt->write, course->result, failure);
	/* Not what was found of the mapping itself. */
	if (not_made && !interrupt_pending() &&
	    (error->kind == ERROR_REVOKED || error->kind == ERROR_UNKNOWN))
		give_up(attempts, attempt, error, failure);
	return error;
}

/* A device that was reset may come back without being switched on, and one that
 * was awake when the plan was made may sleep after a pause. */
static struct error *check_awake(const struct course *course)
{
	const struct attempts *attempts = course->attempts;

	if (attempts->force ||
	    (!course->failed && !attempts->waited && !attempts->doubt))
		return NULL;
	return awake_check(attempts->session, &course->attempt->site, false);
}

/* The time was over while the device slept. What has been taken away for good
 * is told nevertheless. */
static struct error *explain_sleep(const struct course *course,
				   struct error *asleep)
{
	struct attempt *attempt = course->attempt;
	struct error *error;

	if (course->failed)
		attempt->waited = clock_now() - course->failed;
	error_address(asleep, attempt->site.address);
	if (!attempt->count)
		return asleep;
	error = explain(course);
	if (error->kind != ERROR_UNKNOWN) {
		error_destroy(asleep);
		return error;
	}
	for (size_t i = 0; i < error->n_evidence; i++)
		error_evidence(asleep, "%s", error->evidence[i]);
	error_destroy(error);
	return error_errnum(asleep, course->failure.errnum);
}

/* Checks, and makes one attempt. The error is from before it. */
static struct error *check_and_try(struct course *course, void *value)
{
	bool guarded = course->attempt->write && !course->attempts->stopped;
	struct error *error;
	sigset_t blocked;

	if (guarded)
		job_control_hold(&blocked);
	error = check_before(course->attempts, course->attempt);
	if (!error && !try_once(course, value)) {
		course->result = ACCESS_NOT_MADE;
		if (!course->attempt->count)
			error = error_create(ERROR_FAILED, 0,
					     "no access was made");
	}
	if (guarded)
		job_control_release(&blocked);
	return error;
}

static struct error *run_course(struct course *course, void *value)
{
	struct attempts *attempts = course->attempts;
	struct attempt *attempt = course->attempt;

	for (;;) {
		struct error *asleep = check_awake(course), *error;

		/* Of a target that has changed, or is gone, nothing is waited
		 * for, though its device sleeps. */
		error = asleep ? check_before(attempts, attempt)
			       : check_and_try(course, value);
		if (error) {
			error_destroy(asleep);
			return error;
		}
		if (!asleep && course->result == ACCESS_DONE) {
			note_success(attempts, attempt);
			return check_after(attempts, &attempt->site);
		}
		if (may_come_back(attempts, attempt, course->result) &&
		    pause_before(course)) {
			error_destroy(asleep);
			continue;
		}
		return asleep ? explain_sleep(course, asleep) : explain(course);
	}
}

struct error *attempt_make(struct attempts *attempts, struct attempt *attempt,
			   void *value)
{
	struct course course = {
		.attempts = attempts,
		.attempt = attempt,
		.result = ACCESS_NOT_MADE,
	};
	struct error *error = run_course(&course, value);

	forget_failure(&course);
	if (course.failed)
		interrupt_release();
	attempts->interrupted = interrupt_pending();
	if (!error)
		return NULL;
	if (attempts->interrupted && !attempt->made)
		error_prefix(error, "interrupted while waiting");
	attempts->doubt = true;
	return error;
}
