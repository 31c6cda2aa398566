/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a plan leads to what a snapshot is of. */
#include <stdlib.h>

#include "base/error.h"
#include "cmd/replay.h"
#include "snapshot/compare.h"
#include "snapshot/select.h"
#include "target/session.h"

static struct error *another_device(const char *differs)
{
	return error_help(error_create(ERROR_UNSAFE, 0,
				       "this is not the device of the "
				       "snapshot: %s",
				       differs),
			  "--force takes it all the same");
}

/* Whether a place is in the device that a register was in. */
static struct error *check_device(const struct replay *replay,
				  const struct snapshot_register *one,
				  const struct site *site)
{
	cleanup_with(snapshot_device_deinit) struct snapshot_device found = {0};
	cleanup_free char *differs = NULL;
	struct error *error;
	uint64_t offset;
	bool placed;

	if (replay->force)
		return NULL;
	if (one->device == SNAPSHOT_NONE && !site->device)
		return NULL;
	if (one->device == SNAPSHOT_NONE)
		return another_device("it was in ordinary memory, and is in a "
				      "device");
	if (!site->device)
		return another_device("it was in a device, and is in ordinary "
				      "memory");
	error = snapshot_identify(replay->session->machine, site, &found,
				  &placed, &offset);
	if (error)
		return error;
	differs = snapshot_device_differs(
		&replay->snapshot->devices[one->device], &found, true);
	return differs ? another_device(differs) : NULL;
}

/* What is shown by a location itself is checked where it starts and where
 * something else may begin. */
static struct error *check_devices(const struct replay *replay,
				   const struct snapshot_register *one,
				   const struct operation *operation)
{
	unsigned bytes = operation->value_bits / 8;
	struct error *error = NULL;

	for (size_t i = 0; i < operation->place.n_spans && !error; i++) {
		const struct span *span = &operation->place.spans[i];
		struct site site = span->site;

		error = check_device(replay, one, &site);
		site.address += (span->count - 1) * bytes;
		if (!error && span->count > 1)
			error = check_device(replay, one, &site);
	}
	return error;
}

static bool host_is_big(void)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

static bool same_form(const struct replay *replay,
		      const struct snapshot_register *one, uint64_t mask,
		      const struct operation *operation)
{
	bool swap =
		one->width > 8 && !one->halves && one->is_big != host_is_big();

	if (operation->value_bits != one->width ||
	    operation->halves != one->halves ||
	    (one->width > 8 && operation->swap != swap))
		return false;
	if (replay->selection)
		return operation->clear == mask &&
		       operation->set == (one->value & mask);
	return operation->has_field == one->has_bits &&
	       (!one->has_bits ||
		(operation->high == one->high && operation->low == one->low));
}

/* Where the location of a register leads now may be something else, and what
 * stands in a file may be anything. */
struct error *replay_check_operation(const struct replay *replay, size_t index)
{
	const struct operation *operation = &replay->plan.operations[index];
	size_t first = replay->ranges[index].first;
	const struct snapshot_register *one = replay_register(replay, first);
	struct error *error = NULL;

	if (operation->place.count != replay_run_from(replay, first) ||
	    !same_form(replay, one, replay_mask(replay, first), operation))
		error = error_create(ERROR_USAGE, 0,
				     "'%.200s' is not the register that was "
				     "saved: another width, order or bits",
				     operation->location->text);
	if (!error)
		error = check_devices(replay, one, operation);
	return error ? replay_in_file(replay, one, error) : NULL;
}

/* The registers of an operation, with the regions and the offsets at which they
 * were found, behind those that `found` has. Names, and what is no part of a
 * place, stay those of the snapshot. */
static struct error *add_found(const struct replay *replay, size_t index,
			       struct snapshot *found)
{
	const struct operation *operation = &replay->plan.operations[index];
	size_t next = replay->ranges[index].first;

	for (size_t i = 0; i < operation->place.n_spans; i++) {
		const struct span *span = &operation->place.spans[i];
		struct snapshot_device device = {0};
		bool placed = false;
		uint64_t offset = 0;
		size_t number = SNAPSHOT_NONE;
		struct error *error = NULL;

		if (span->site.device)
			error = snapshot_identify(replay->session->machine,
						  &span->site, &device, &placed,
						  &offset);
		if (!error && span->site.device)
			error = snapshot_add_device(found, &device, &number);
		if (error)
			return error;
		for (uint64_t k = 0; k < span->count; k++) {
			struct snapshot_register *one =
				&found->registers[found->n_registers++];

			*one = *replay_register(replay, next++);
			one->device = number;
			one->has_offset = placed;
			one->offset = offset + k * (one->width / 8);
		}
	}
	return NULL;
}

/* What was in different places may be in one now, and would be accessed twice.
 */
struct error *replay_check_places(const struct replay *replay)
{
	struct snapshot found = {
		.registers = calloc(replay_count(replay) + 1,
				    sizeof(*found.registers)),
	};
	struct snapshot_twins twins = {0};
	struct error *error = found.registers ? NULL : error_no_memory();

	for (size_t i = 0; i < replay->plan.count && !error; i++)
		error = add_found(replay, i, &found);
	if (!error)
		error = snapshot_find_twins(&found, &twins);
	if (!error && twins.second)
		error = error_create(ERROR_UNSAFE, 0,
				     "%s: %s and %s are the same register in "
				     "this target, or overlap",
				     replay->file, twins.first->name,
				     twins.second->name);
	/* What the registers have is the snapshot's. */
	found.n_registers = 0;
	snapshot_deinit(&found);
	return error;
}
