/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/run.h"

#include <signal.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "plan/record.h"
#include "target/borrow.h"
#include "target/session.h"

/* Reads are confirmed together, so many of them. */
enum { MOST_HELD = 512 };

struct run {
	struct element_maker maker;
	struct record record;     /* what is not confirmed yet */
	struct run_sink holding;  /* fills it */
	struct run_sink counting; /* what is, on its way to the sink */
	struct run_sink sink;
	bool over;   /* the target is gone */
	bool failed; /* an element has, since the last settling */
	uint64_t tag;
	bool known; /* the last element has a value */
	uint64_t last;
	struct run_summary summary;
	int first_status; /* of the first failure */
};

/* The way of a result: it is held back, confirmed, counted, and shown. */

static void count_access(void *data, const struct element *element,
			 const struct access_record *record)
{
	const struct run *run = data;

	run->sink.access(run->sink.data, element, record);
}

static void count_element(void *data, const struct element *element,
			  const struct element_result *result)
{
	const struct error *error = result->error;
	struct run *run = data;

	run->summary.written += result->wrote;
	if (!error) {
		run->summary.done++;
	} else {
		run->summary.failed++;
		/* Where all accesses were made, it is only what they found
		 * that fails. */
		if (result->made && error->kind != ERROR_VERIFY &&
		    error->kind != ERROR_UNSTABLE)
			run->summary.partly = true;
		if (!run->first_status)
			run->first_status = error_kind_status(error->kind);
	}
	run->sink.element(run->sink.data, element, result);
}

/* What the mappings are compared with. */
struct confirmation {
	struct session *session;
	bool one; /* only one place is asked about */
	struct mapping_list list;
	struct error *error; /* why there is no list */
	bool failed;
	bool gone; /* the target is */
};

static struct error *ask_mappings(const struct confirmation *confirmation,
				  const struct site *site)
{
	if (confirmation->one)
		return session_check_place(confirmation->session, site->mapping,
					   site->address);
	if (confirmation->error)
		return error_copy(confirmation->error);
	return session_compare_place(confirmation->session, &confirmation->list,
				     site->mapping, site->address);
}

/* Of a write it is not known where it went; what was read back says nothing. */
static struct error *unclear(struct error *error, const struct error *before)
{
	struct error *doubt =
		error_create(ERROR_INDETERMINATE, 0,
			     "the write was made, but perhaps to something "
			     "else: %s",
			     error->message);

	for (size_t i = 0; i < error->n_evidence; i++)
		error_evidence(doubt, "%s", error->evidence[i]);
	if (before && before->kind != ERROR_VERIFY)
		error_evidence(doubt, "then: %s", before->message);
	error_destroy(error);
	return doubt;
}

/*
 * An access was made while its mapping may have been another one. A target that
 * is gone cannot be asked any more.
 */
static struct error *judge(void *data, const struct element *element,
			   bool wrote, const struct error *before)
{
	struct confirmation *confirmation = data;
	const struct site *site = &element->site;
	struct error *error = ask_mappings(confirmation, site);

	if (!error)
		return NULL;
	confirmation->failed = true;
	confirmation->gone |= error->kind == ERROR_GONE;
	if (wrote) {
		error = unclear(error, before);
	} else if (before) {
		error_destroy(error);
		error = error_copy(before);
	} else {
		error_prefix(error, "the read was made, but perhaps of "
				    "something else");
	}
	return error_address(error, site->address);
}

/* What has worked before says nothing of what may be mapped there now. */
static void forget(struct run *run)
{
	struct session *session = run->maker.attempts.session;

	for (size_t i = 0; i < session->devices.count; i++) {
		const struct mapping *mapping =
			&session->devices.items[i].mapping;

		history_forget(&session->history, mapping->start, mapping->end);
	}
}

/* What the target has mapped may have changed since the accesses were checked:
 * then what they did is not known. False: that is so. */
static bool confirm(struct run *run)
{
	struct confirmation confirmation = {
		.session = run->maker.attempts.session,
		.one = record_elements(&run->record) == 1,
	};

	if (!confirmation.one)
		confirmation.error = session_mappings(confirmation.session,
						      &confirmation.list);
	record_review(&run->record, judge, &confirmation);
	if (confirmation.failed)
		forget(run);
	run->over |= confirmation.gone;
	error_destroy(confirmation.error);
	mapping_list_deinit(&confirmation.list);
	return !confirmation.failed;
}

/* Lets go of what is held. False: it could not be confirmed. */
static bool release(struct run *run)
{
	bool confirmed = true;

	/* Before what takes its time. */
	if (!run->maker.dry && !run->maker.attempts.stopped)
		borrow_rest(run->maker.attempts.session);
	if (record_has_made(&run->record) && !run->maker.dry &&
	    !run->maker.attempts.stopped)
		confirmed = confirm(run);
	if (run->record.lost && !run->summary.end_error)
		run->summary.end_error = error_no_memory();
	record_replay(&run->record, &run->counting);
	if (!confirmed)
		run->maker.attempts.doubt = true;
	return confirmed;
}

static void release_before_pause(void *data)
{
	struct run *run = data;

	if (!run->maker.attempts.stopped)
		release(run);
}

/* Of a write each element is confirmed, and of what is shown step by step or
 * had to be waited for. */
static bool is_due(const struct run *run, const struct element *element,
		   const struct element_result *result)
{
	return !run->maker.attempts.stopped &&
	       (element->operation->kind != OPERATION_READ ||
		run->sink.access || run->sink.at_once || result->waited ||
		run->record.count >= MOST_HELD);
}

/* True: go on with the next element. */
static bool run_element(struct run *run, const struct element *element)
{
	bool write = element->operation->kind != OPERATION_READ, go_on = true;
	cleanup_error struct error *error = NULL;
	struct element_result result;

	/* Behind a Ctrl-C nothing more is accessed. */
	run->maker.attempts.interrupted |= interrupt_pending();
	if (run->maker.attempts.interrupted)
		return false;
	error = element_make(&run->maker, element, &result);
	run->holding.element(run->holding.data, element, &result);
	run->failed |= error != NULL;
	run->known = !error && result.known;
	run->last = result.value;
	if (run->sink.made && !run->sink.made(run->sink.data, element, &result))
		go_on = false;
	if (is_due(run, element, &result) && !release(run) && write)
		return false;
	/* Nothing more can be had from a target that is gone, nor of a stop
	 * that is over, nor through an agent that has ended, nor when we are
	 * to end. */
	if (!go_on || run->over || run->record.lost ||
	    run->maker.attempts.interrupted)
		return false;
	return !error ||
	       (!write && error->kind != ERROR_GONE &&
		error->kind != ERROR_RESUMED && error->kind != ERROR_BUSY);
}

static bool run_operation(struct run *run, const struct operation *operation)
{
	struct element element = {
		.operation = operation,
		.position = operation->place.position,
		.tag = run->tag,
	};
	unsigned bytes = operation->value_bits / 8;

	for (size_t i = 0; i < operation->place.n_spans; i++) {
		const struct span *span = &operation->place.spans[i];

		element.site = span->site;
		for (uint64_t j = 0; j < span->count; j++) {
			if (!run_element(run, &element))
				return false;
			element.index++;
			element.position += bytes;
			element.site.address += bytes;
		}
	}
	return true;
}

/* Where a span starts and where it ends: what grows may also have been cut. */
static struct error *check_span(const struct plan *plan,
				const struct mapping_list *list,
				const struct operation *operation,
				const struct span *span)
{
	const struct site *site = &span->site;
	uint64_t bytes = span->count * (operation->value_bits / 8);
	struct error *error;

	error = session_compare(plan->session, list, site->mapping,
				site->address);
	if (!error && !site->device)
		error = session_compare(plan->session, list, site->mapping,
					site->address + bytes - 1);
	return error ? error_subject(error, operation->location->text) : NULL;
}

static struct error *check_spans(const struct plan *plan,
				 const struct mapping_list *list)
{
	struct error *error = NULL;

	for (size_t i = 0; i < plan->count && !error; i++) {
		const struct operation *operation = &plan->operations[i];

		for (size_t j = 0; j < operation->place.n_spans && !error; j++)
			error = check_span(plan, list, operation,
					   &operation->place.spans[j]);
	}
	return error;
}

/* All against what is mapped at one moment. */
static struct error *check_mappings(const struct plan *plan)
{
	cleanup_mapping_list struct mapping_list list = {0};
	struct error *error = session_mappings(plan->session, &list);

	if (error && plan->count)
		error_subject(error, plan->operations[0].location->text);
	return error ? error : check_spans(plan, &list);
}

static struct error *run_operations(struct run *run, const struct plan *plan)
{
	struct error *error = check_mappings(plan);

	if (!error && interrupt_pending())
		error = error_create(ERROR_INTERRUPTED, 0,
				     "interrupted: nothing was accessed");
	for (size_t i = 0; !error && i < plan->count; i++) {
		bool go_on = run_operation(run, &plan->operations[i]);
		bool write = plan->operations[i].kind != OPERATION_READ;

		if (!run->maker.attempts.stopped && !release(run) && write)
			break;
		if (!go_on || run->over)
			break;
	}
	return error;
}

/* While the target stands still: no output, and no way out but to the end. */
static struct error *run_stopped(struct run *run, const struct plan *plan)
{
	struct run_summary *summary = &run->summary;
	struct error *error;
	sigset_t blocked;

	job_control_hold(&blocked);
	error = attachment_stop(plan->session, plan->max_stop, plan->force);
	if (!error) {
		run->maker.attempts.stopped = true;
		error = run_operations(run, plan);
		summary->end_error =
			attachment_resume(plan->session, &summary->stop);
	}
	job_control_release(&blocked);
	release(run);
	if (error) {
		error_destroy(summary->end_error);
		summary->end_error = NULL;
	}
	return error;
}

static void run_init(struct run *run, struct session *session, uint64_t retry,
		     bool force, const struct run_sink *sink)
{
	*run = (struct run){
		.maker = {.attempts = {.session = session,
				       .retry = retry,
				       .force = force,
				       .before_pause = release_before_pause,
				       .data = run}},
		.counting = {.data = run,
			     .access = sink->access ? count_access : NULL,
			     .element = count_element},
		.sink = *sink,
	};
	run->holding = record_sink(&run->record, sink);
	run->maker.sink = &run->holding;
}

static void run_deinit(struct run *run)
{
	record_deinit(&run->record);
	attempts_deinit(&run->maker.attempts);
}

static void sum_up(struct run *run)
{
	struct run_summary *summary = &run->summary;

	if (!summary->failed)
		summary->status =
			summary->end_error ? STATUS_PARTLY : STATUS_DONE;
	else if (summary->done || summary->partly)
		summary->status = STATUS_PARTLY;
	else
		summary->status = run->first_status;
	summary->interrupted =
		run->maker.attempts.interrupted &&
		summary->done + summary->failed < summary->elements;
}

struct error *run_plan(struct plan *plan, bool dry, const struct run_sink *sink,
		       struct run_summary *ret)
{
	struct session *session = plan->session;
	struct agent_pauses before = borrow_pauses(session);
	struct error *error;
	struct run run;

	run_init(&run, session, plan->retry, plan->force, sink);
	run.maker.dry = dry;
	for (size_t i = 0; i < plan->count; i++)
		run.summary.elements += plan->operations[i].place.count;
	error = plan->stop && !dry ? run_stopped(&run, plan)
				   : run_operations(&run, plan);
	run.summary.pauses = borrow_pauses(session);
	run.summary.pauses.bursts -= before.bursts;
	sum_up(&run);
	run_deinit(&run);
	if (error)
		return error;
	*ret = run.summary;
	return NULL;
}

struct error *run_create(struct session *session, uint64_t retry, bool force,
			 const struct run_sink *sink, struct run **ret)
{
	struct run *run = malloc(sizeof(*run));

	if (!run)
		return error_no_memory();
	run_init(run, session, retry, force, sink);
	*ret = run;
	return NULL;
}

void run_destroy(struct run *run)
{
	if (!run)
		return;
	error_destroy(run->summary.end_error);
	run_deinit(run);
	free(run);
}

struct error *run_check(struct run *run, const struct plan *plan)
{
	struct error *error = check_mappings(plan);

	if (!error)
		error = plan_check_awake(plan);
	if (!error)
		run->maker.attempts.doubt = run->maker.attempts.waited = false;
	return error;
}

struct error *run_check_each(struct run *run, const struct plan *const *plans,
			     size_t count, struct error **ret_errors)
{
	cleanup_mapping_list struct mapping_list list = {0};
	struct error *error =
		session_mappings(run->maker.attempts.session, &list);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++) {
		ret_errors[i] = check_spans(plans[i], &list);
		if (!ret_errors[i])
			ret_errors[i] = plan_check_awake(plans[i]);
	}
	run->maker.attempts.doubt = run->maker.attempts.waited = false;
	return NULL;
}

void run_tag(struct run *run, uint64_t tag)
{
	run->tag = tag;
}

void run_retry(struct run *run, uint64_t retry)
{
	run->maker.attempts.retry = retry;
}

bool run_add(struct run *run, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		run->summary.elements += plan->operations[i].place.count;
		if (!run_operation(run, &plan->operations[i]))
			return false;
	}
	return !run->failed;
}

bool run_peek(const struct run *run, uint64_t *ret)
{
	if (run->known)
		*ret = run->last;
	return run->known;
}

void run_settle(struct run *run)
{
	release(run);
	run->failed = false;
}

const struct run_summary *run_so_far(struct run *run)
{
	sum_up(run);
	return &run->summary;
}
