/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/run.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "access/outcome.h"
#include "base/error.h"
#include "plan/record.h"
#include "target/session.h"

/* How often the halves of a counter are read until the high one stays. */
enum { HALVES_TRIES = 16 };

struct run {
	struct session *session;
	bool dry;
	bool stopped; /* the target is to stand still */
	const struct run_sink *sink;
	struct run_summary summary;
	int first_status; /* of the first failure */
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t swapped(uint64_t value, unsigned bits)
{
	return __builtin_bswap64(value) >> (64 - bits);
}

/* Between a number and the integer of `bits` that a backend moves. */
static void store(uint64_t value, unsigned bits, unsigned char buffer[8])
{
	uint8_t v8 = (uint8_t)value;
	uint16_t v16 = (uint16_t)value;
	uint32_t v32 = (uint32_t)value;

	memcpy(buffer,
	       bits == 8    ? (void *)&v8
	       : bits == 16 ? (void *)&v16
	       : bits == 32 ? (void *)&v32
			    : (void *)&value,
	       bits / 8);
}

static uint64_t load(unsigned bits, const unsigned char buffer[8])
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	switch (bits) {
	case 8:
		return buffer[0];
	case 16:
		memcpy(&v16, buffer, sizeof(v16));
		return v16;
	case 32:
		memcpy(&v32, buffer, sizeof(v32));
		return v32;
	default:
		memcpy(&v64, buffer, sizeof(v64));
		return v64;
	}
}

/* What may have changed since the plan was checked. */
static struct error *check_before(struct run *run, const struct site *site,
				  bool write)
{
	struct error *error = attachment_event(run->session);

	/* What is checked here may change before the access. Only a target
	 * that stands still cannot do that; it was checked when it stood. */
	if (!error && write && !run->stopped)
		error = session_check(run->session, site->mapping,
				      site->address);
	return error ? error_address(error, site->address) : NULL;
}

/* Whether the target stood still until the access was over. */
static struct error *check_after(struct run *run, const struct site *site)
{
	cleanup_error struct error *event =
		run->stopped ? attachment_event(run->session) : NULL;
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

/* The access itself; `*value` is in the operation's byte order. What was tried
 * and how long it took goes to the record. `*made`: it has happened, whatever
 * the error. */
static struct error *move(struct run *run, const struct element *element,
			  const struct site *site, bool write, uint64_t *value,
			  struct access_record *record, bool *made)
{
	const struct operation *operation = element->operation;
	unsigned bits = operation->bits;
	unsigned char buffer[8];
	enum access_result result;
	struct error *error = check_before(run, site, write);
	uint64_t start;
	int errnum;

	if (error)
		return error;
	if (write)
		store(operation->swap ? swapped(*value, bits) : *value, bits,
		      buffer);
	record->attempts++;
	start = now();
	result = operation->backend->make(run->session, site->address, bits,
					  write, buffer, &errnum);
	record->nanoseconds = now() - start;
	if (result != ACCESS_DONE)
		return outcome_explain(run->session, site, result, errnum);
	*made = true;
	if (!write) {
		*value = load(bits, buffer);
		if (operation->swap)
			*value = swapped(*value, bits);
	}
	return check_after(run, site);
}

/* One access, or in a dry run the report of it. `offset`: of the access in the
 * element. */
static struct error *make_access(struct run *run, const struct element *element,
				 uint64_t offset, bool write, uint64_t *value,
				 struct element_result *result)
{
	struct site site = element->site;
	struct access_record record = {
		.bits = element->operation->bits,
		.write = write,
	};
	struct error *error = NULL;
	bool made = false;

	site.address += offset;
	record.address = site.address;
	if (run->dry) {
		record.known = write && !result->has_old;
		if (!write)
			*value = 0;
	} else {
		error = move(run, element, &site, write, value, &record, &made);
		record.known = write || !error;
	}
	if (error)
		error_attempts(error, record.attempts);
	result->made |= made;
	result->wrote |= made && write;
	record.value = *value;
	record.error = error;
	result->nanoseconds += record.nanoseconds;
	result->attempts += record.attempts;
	if (run->sink->access)
		run->sink->access(run->sink->data, element, &record);
	return error;
}

static bool all_ones(const struct element *element, uint64_t value)
{
	const struct operation *operation = element->operation;

	return site_class(&element->site) == CLASS_REGISTER &&
	       value == ones(operation->value_bits);
}

/* High, low, high, until the high half has not changed meanwhile. */
static struct error *read_halves(struct run *run, const struct element *element,
				 struct element_result *result)
{
	uint64_t high, low, again;
	struct error *error;

	error = make_access(run, element, 4, false, &high, result);
	for (unsigned i = 0; i < HALVES_TRIES && !error; i++) {
		error = make_access(run, element, 0, false, &low, result);
		if (!error)
			error = make_access(run, element, 4, false, &again,
					    result);
		if (error)
			return error;
		if (run->dry)
			return NULL;
		if (again == high) {
			result->value = high << 32 | low;
			result->known = true;
			return NULL;
		}
		high = again;
	}
	if (error)
		return error;
	return error_address(
		error_create(ERROR_UNSTABLE, 0,
			     "the high half changed at each of %d readings",
			     HALVES_TRIES),
		element->site.address);
}

static struct error *read_element(struct run *run,
				  const struct element *element,
				  struct element_result *result)
{
	struct error *error;

	if (element->operation->halves)
		return read_halves(run, element, result);
	error = make_access(run, element, 0, false, &result->value, result);
	result->known = !error && !run->dry;
	return error;
}

static struct error *verify(struct run *run, const struct element *element,
			    struct element_result *result)
{
	const struct operation *operation = element->operation;
	uint64_t found, mask = operation->clear;
	struct error *error;

	error = make_access(run, element, 0, false, &found, result);
	if (error || run->dry || (found & mask) == (result->value & mask))
		return error;
	return error_address(
		error_create(ERROR_VERIFY, 0,
			     "0x%0*llx was written, 0x%0*llx was read back",
			     (int)operation->bits / 4,
			     (unsigned long long)result->value,
			     (int)operation->bits / 4,
			     (unsigned long long)found),
		element->site.address);
}

static struct error *write_element(struct run *run,
				   const struct element *element,
				   struct element_result *result)
{
	const struct operation *operation = element->operation;
	struct error *error;

	if (operation->kind == OPERATION_MODIFY) {
		error = make_access(run, element, 0, false, &result->old,
				    result);
		if (error)
			return error;
		result->has_old = true;
	}
	result->value = (result->old & ~operation->clear) | operation->set;
	error = make_access(run, element, 0, true, &result->value, result);
	if (error) {
		if (result->has_old && !result->wrote &&
		    error->kind != ERROR_INDETERMINATE)
			error_evidence(error,
				       "the read of this read-modify-write was "
				       "made, the write was not");
		return error;
	}
	result->known = !run->dry || !result->has_old;
	return operation->verify ? verify(run, element, result) : NULL;
}

/* True: go on with the next element. */
static bool run_element(struct run *run, const struct element *element)
{
	bool write = element->operation->kind != OPERATION_READ;
	struct element_result result = {0};
	cleanup_error struct error *error = NULL;

	error = write ? write_element(run, element, &result)
		      : read_element(run, element, &result);
	result.error = error;
	run->summary.written += result.wrote;
	result.suspect =
		!write && result.known && all_ones(element, result.value);
	if (!error) {
		run->summary.done++;
	} else {
		run->summary.failed++;
		/* Where all accesses were made, it is only what they found
		 * that fails. */
		if (result.made && error->kind != ERROR_VERIFY &&
		    error->kind != ERROR_UNSTABLE)
			run->summary.partly = true;
		if (!run->first_status)
			run->first_status = error_kind_status(error->kind);
	}
	run->sink->element(run->sink->data, element, &result);
	/* Nothing more can be had from a target that is gone, nor of a stop
	 * that is over, nor through an agent that has ended. */
	return !error ||
	       (!write && error->kind != ERROR_GONE &&
		error->kind != ERROR_RESUMED && error->kind != ERROR_BUSY);
}

static bool run_operation(struct run *run, const struct operation *operation)
{
	struct element element = {
		.operation = operation,
		.position = operation->place.position,
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

/* All against what is mapped at one moment. */
static struct error *check_mappings(const struct plan *plan)
{
	cleanup_mapping_list struct mapping_list list = {0};
	struct error *error = session_mappings(plan->session, &list);

	if (error && plan->count)
		error_subject(error, plan->operations[0].location->text);
	for (size_t i = 0; i < plan->count && !error; i++) {
		const struct operation *operation = &plan->operations[i];

		for (size_t j = 0; j < operation->place.n_spans && !error; j++)
			error = check_span(plan, &list, operation,
					   &operation->place.spans[j]);
	}
	return error;
}

static struct error *run_operations(struct run *run, const struct plan *plan)
{
	struct error *error = check_mappings(plan);

	for (size_t i = 0; !error && i < plan->count; i++)
		if (!run_operation(run, &plan->operations[i]))
			break;
	return error;
}

/* A Ctrl-Z shall not keep us between a check and its access, while the target
 * goes on. (SIGSTOP can.) */
static void block_job_control(sigset_t *ret_before)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTSTP);
	sigaddset(&signals, SIGTTIN);
	sigaddset(&signals, SIGTTOU);
	sigprocmask(SIG_BLOCK, &signals, ret_before);
}

/* While the target stands still: no output, and no way out but to the end. */
static struct error *run_stopped(struct run *run, const struct plan *plan)
{
	const struct run_sink *sink = run->sink;
	cleanup_record struct record record = {0};
	struct run_sink recording = record_sink(&record, sink);
	struct error *error;
	sigset_t before;

	block_job_control(&before);
	error = attachment_stop(plan->session, plan->max_stop, plan->force);
	if (!error) {
		run->sink = &recording;
		run->stopped = true;
		error = run_operations(run, plan);
		run->summary.stop_error =
			attachment_resume(plan->session, &run->summary.stop);
		run->sink = sink;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (record.lost && !run->summary.stop_error)
		run->summary.stop_error = error_no_memory();
	record_replay(&record, sink);
	if (error) {
		error_destroy(run->summary.stop_error);
		run->summary.stop_error = NULL;
	}
	return error;
}

struct error *run_plan(struct plan *plan, bool dry, const struct run_sink *sink,
		       struct run_summary *ret)
{
	struct run run = {.session = plan->session, .dry = dry, .sink = sink};
	struct error *error;

	for (size_t i = 0; i < plan->count; i++)
		run.summary.elements += plan->operations[i].place.count;
	error = plan->stop && !dry ? run_stopped(&run, plan)
				   : run_operations(&run, plan);
	if (error)
		return error;
	if (!run.summary.failed)
		run.summary.status =
			run.summary.stop_error ? STATUS_PARTLY : STATUS_DONE;
	else if (run.summary.done || run.summary.partly)
		run.summary.status = STATUS_PARTLY;
	else
		run.summary.status = run.first_status;
	*ret = run.summary;
	return NULL;
}
