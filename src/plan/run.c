/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/run.h"

#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "plan/attempt.h"
#include "plan/record.h"
#include "target/session.h"

/* How often the halves of a counter are read until the high one stays. */
enum { HALVES_TRIES = 16 };

struct run {
	bool dry;
	struct attempts attempts;
	const struct run_sink *sink;
	struct run_summary summary;
	int first_status; /* of the first failure */
};

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

/* The access itself; `*value` is in the operation's byte order. */
static struct error *move(struct run *run, const struct operation *operation,
			  struct attempt *attempt, uint64_t *value)
{
	unsigned bits = operation->bits;
	unsigned char buffer[8] = {0};
	struct error *error;

	if (attempt->write)
		store(operation->swap ? swapped(*value, bits) : *value, bits,
		      buffer);
	error = attempt_make(&run->attempts, attempt, buffer);
	if (attempt->made && !attempt->write) {
		*value = load(bits, buffer);
		if (operation->swap)
			*value = swapped(*value, bits);
	}
	return error;
}

/* One access, or in a dry run the report of it. `offset`: of the access in the
 * element. */
static struct error *make_access(struct run *run, const struct element *element,
				 uint64_t offset, bool write, uint64_t *value,
				 struct element_result *result)
{
	const struct operation *operation = element->operation;
	struct attempt attempt = {
		.site = element->site,
		.backend = operation->backend,
		.bits = operation->bits,
		.write = write,
	};
	struct access_record record = {.bits = operation->bits, .write = write};
	struct error *error = NULL;

	attempt.site.address += offset;
	if (run->dry) {
		record.known = write && !result->has_old;
		if (!write)
			*value = 0;
	} else {
		error = move(run, operation, &attempt, value);
		record.known = write || !error;
	}
	record.address = attempt.site.address;
	record.attempts = attempt.count;
	record.nanoseconds = attempt.nanoseconds;
	record.waited = attempt.waited;
	if (error)
		error_attempts(error, attempt.count, attempt.waited);
	result->made |= attempt.made;
	result->wrote |= attempt.made && write;
	record.value = *value;
	record.error = error;
	result->nanoseconds += attempt.nanoseconds;
	result->waited += attempt.waited;
	result->attempts += attempt.count;
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
			error_prefix(error, "the read was made, the write was "
					    "not");
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
	 * that is over, nor through an agent that has ended, nor when we are
	 * to end. */
	if (run->attempts.interrupted)
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
 * goes on. (SIGSTOP can.) `*ret` is what is to be unblocked again. */
static void block_job_control(sigset_t *ret)
{
	static const int signals[] = {SIGTSTP, SIGTTIN, SIGTTOU};
	sigset_t before;

	sigemptyset(ret);
	sigprocmask(SIG_BLOCK, NULL, &before);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigismember(&before, signals[i]))
			sigaddset(ret, signals[i]);
	sigprocmask(SIG_BLOCK, ret, NULL);
}

/* While the target stands still: no output, and no way out but to the end. */
static struct error *run_stopped(struct run *run, const struct plan *plan)
{
	const struct run_sink *sink = run->sink;
	cleanup_record struct record record = {0};
	struct run_sink recording = record_sink(&record, sink);
	struct error *error;
	sigset_t blocked;

	block_job_control(&blocked);
	error = attachment_stop(plan->session, plan->max_stop, plan->force);
	if (!error) {
		run->sink = &recording;
		run->attempts.stopped = true;
		error = run_operations(run, plan);
		run->summary.stop_error =
			attachment_resume(plan->session, &run->summary.stop);
		run->sink = sink;
	}
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
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
	struct run run = {
		.dry = dry,
		.attempts = {.session = plan->session, .retry = plan->retry},
		.sink = sink,
	};
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
