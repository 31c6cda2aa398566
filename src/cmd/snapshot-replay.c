/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a snapshot holds, as a plan. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "cmd/access.h"
#include "cmd/snapshot.h"
#include "plan/location.h"
#include "snapshot/compare.h"
#include "snapshot/select.h"
#include "target/machine.h"
#include "target/session.h"

typedef unsigned long long ull;

/* A file that is missing is wrong usage: for `diff`, 1 means something else. */
static struct error *open_file(const char *path, FILE **ret)
{
	struct stat status;
	int fd = -1;

	if (stat(path, &status) == 0 &&
	    (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)))
		return error_subject(error_create(ERROR_USAGE, 0,
						  "this is a device, and no "
						  "snapshot"),
				     path);
	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR && !interrupt_pending());
	*ret = fd < 0 ? NULL : fdopen(fd, "r");
	if (*ret)
		return NULL;
	if (errno == EINTR)
		return error_create(ERROR_INTERRUPTED, 0, "interrupted");
	return error_subject(error_create(errno == EACCES || errno == EPERM
						  ? ERROR_DENIED
						  : ERROR_USAGE,
					  errno, "the file cannot be opened"),
			     path);
}

struct error *snapshot_load(const char *path, struct snapshot *ret)
{
	cleanup_fclose FILE *file = NULL;
	struct error *error;

	if (strcmp(path, "-") == 0)
		return snapshot_read(stdin, "standard input", ret);
	error = open_file(path, &file);
	return error ? error : snapshot_read(file, path, ret);
}

void replay_deinit(struct replay *replay)
{
	plan_deinit(&replay->plan);
	location_list_deinit(&replay->locations);
	session_destroy(replay->session);
	for (size_t i = 0; replay->regions && i < replay->snapshot->n_devices;
	     i++)
		free(replay->regions[i]);
	free(replay->regions);
	free(replay->ranges);
	replay->session = NULL;
	replay->regions = NULL;
	replay->ranges = NULL;
}

static size_t n_chosen(const struct replay *replay)
{
	return replay->selection ? replay->selection->count
				 : replay->snapshot->n_registers;
}

static const struct snapshot_register *chosen(const struct replay *replay,
					      size_t i)
{
	return &replay->snapshot
			->registers[replay->selection
					    ? replay->selection->items[i].index
					    : i];
}

static uint64_t mask_of(const struct replay *replay, size_t i)
{
	return replay->selection ? replay->selection->items[i].mask
				 : snapshot_mask(chosen(replay, i));
}

/* Locations */

static struct error *in_file(const struct replay *replay,
			     const struct snapshot_register *one,
			     struct error *error)
{
	cleanup_free char *subject = NULL;

	if (asprintf(&subject, "%s: %s", replay->file, one->name) < 0)
		subject = NULL;
	return error_prefix(error, subject ? subject : one->name);
}

static void put_place(FILE *stream, const struct replay *replay,
		      const struct snapshot_register *one, uint64_t count)
{
	unsigned bytes = one->width / 8;

	fprintf(stream, "@%s+0x%llx", replay->regions[one->device],
		(ull)one->offset);
	if (count > 1)
		fprintf(stream, "..+0x%llx", (ull)(count * bytes));
	if (one->halves)
		fputs("/32x2", stream);
	else
		fprintf(stream, "/%u%s", one->width,
			one->width == 8 ? ""
			: one->is_big   ? "be"
					: "le");
	if (one->has_bits && !replay->selection)
		fprintf(stream, ".%u:%u", one->high, one->low);
}

static void put_value(FILE *stream, const struct snapshot_register *one,
		      uint64_t mask)
{
	uint64_t whole = one->has_offset || !one->has_bits
				 ? one->value & mask
				 : snapshot_shown(one, one->value);

	fprintf(stream, "=0x%llx", (ull)whole);
	if (one->has_offset || !one->has_bits)
		fprintf(stream, ":0x%llx", (ull)mask);
}

static char *location_text(const struct replay *replay, size_t i,
			   uint64_t count, bool with_value)
{
	const struct snapshot_register *one = chosen(replay, i);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	if (one->has_offset)
		put_place(stream, replay, one, count);
	else
		fputs(one->location, stream);
	if (with_value)
		put_value(stream, one, mask_of(replay, i));
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

/* What stands in a file in place of an offset names one register, with its
 * width, and says nothing else. */
static struct error *check_text(const struct replay *replay,
				const struct snapshot_register *one)
{
	cleanup_location struct location *location = NULL;
	struct error *error;

	if (one->has_offset)
		return NULL;
	error = location_parse(one->location, &location);
	if (!error && location->value.kind != VALUE_NONE)
		error = error_create(ERROR_USAGE, 0,
				     "its location '%.200s' has a value",
				     one->location);
	if (!error && location->range != RANGE_NONE)
		error = error_create(ERROR_USAGE, 0,
				     "its location '%.200s' is a range",
				     one->location);
	return error ? in_file(replay, one, error) : NULL;
}

/* How many registers from this one on are one range, which is read in the same
 * order. */
static size_t run_from(const struct replay *replay, size_t i)
{
	const struct snapshot_register *one = chosen(replay, i);
	unsigned bytes = one->width / 8;
	size_t count = 1;

	if (replay->selection || !one->has_offset || one->halves ||
	    one->has_bits)
		return 1;
	for (; i + count < n_chosen(replay); count++) {
		const struct snapshot_register *next =
			chosen(replay, i + count);

		if (!next->has_offset || next->device != one->device ||
		    next->width != one->width || next->is_big != one->is_big ||
		    next->halves || next->has_bits ||
		    next->offset != one->offset + count * bytes)
			break;
	}
	return count;
}

static struct error *make_locations(struct replay *replay)
{
	struct location_list *list = &replay->locations;
	size_t most = n_chosen(replay), step;

	list->items = calloc(most + 1, sizeof(*list->items));
	replay->ranges = calloc(most + 1, sizeof(*replay->ranges));
	if (!list->items || !replay->ranges)
		return error_no_memory();
	for (size_t i = 0; i < most; i += step) {
		cleanup_free char *text = NULL;
		struct error *error;

		step = run_from(replay, i);
		text = location_text(replay, i, step, replay->selection);
		if (!text)
			return error_no_memory();
		error = check_text(replay, chosen(replay, i));
		if (error)
			return error;
		error = location_parse(text, &list->items[list->count]);
		if (error)
			return in_file(replay, chosen(replay, i), error);
		replay->ranges[list->count++].first = i;
	}
	return NULL;
}

/* The target */

static bool has_device(const struct location_list *list, size_t *devices,
		       size_t device)
{
	for (size_t i = 0; i < list->count; i++)
		if (devices[i] == device)
			return true;
	return false;
}

/* A register of each device, and one that is in none: what they need is a
 * target that has them all. */
static struct error *open_target(const struct command_context *context,
				 struct replay *replay)
{
	cleanup_location_list struct location_list list = {0};
	size_t most = replay->snapshot->n_devices + 1;
	cleanup_free size_t *devices = calloc(most, sizeof(*devices));

	list.items = calloc(most, sizeof(*list.items));
	if (!list.items || !devices)
		return error_no_memory();
	for (size_t i = 0; i < n_chosen(replay) && list.count < most; i++) {
		const struct snapshot_register *one = chosen(replay, i);
		cleanup_free char *text = NULL;
		struct error *error;

		if (has_device(&list, devices, one->device))
			continue;
		text = location_text(replay, i, 1, false);
		if (!text)
			return error_no_memory();
		error = check_text(replay, one);
		if (error)
			return error;
		error = location_parse(text, &list.items[list.count]);
		if (error)
			return in_file(replay, one, error);
		devices[list.count++] = one->device;
	}
	return target_open(context, &list, &replay->session);
}

static struct error *is_shown(struct session *session, const char *name,
			      bool *ret)
{
	struct region_name region = {0};
	struct error *error = region_name_parse(name, &region);

	*ret = false;
	for (size_t i = 0; i < session->devices.count && !error && !*ret; i++)
		*ret = region_is_shown(session, &session->devices.items[i],
				       &region);
	if (!error)
		region_name_deinit(&region);
	return error;
}

/* The only device of the same kind that the target has mapped, or NULL. */
static struct error *find_like(struct replay *replay,
			       const struct snapshot_device *wanted, char **ret)
{
	const struct device_list *list = &replay->session->devices;
	bool many = false, placed;
	uint64_t offset;

	*ret = NULL;
	for (size_t i = 0; i < list->count; i++) {
		const struct device_mapping *device = &list->items[i];
		struct site site = {&device->mapping, device,
				    device->mapping.start};
		cleanup_with(
			snapshot_device_deinit) struct snapshot_device found = {
			0};
		cleanup_free char *differs = NULL;
		struct error *error =
			snapshot_identify(replay->session->machine, &site,
					  &found, &placed, &offset);

		if (error)
			return error;
		differs = snapshot_device_differs(wanted, &found, false);
		if (differs || !placed || strcmp(found.kind, wanted->kind) != 0)
			continue;
		many |= *ret && strcmp(*ret, found.region) != 0;
		if (!*ret)
			*ret = steal(found.region);
	}
	if (many) {
		free(*ret);
		*ret = NULL;
	}
	return NULL;
}

/* Where a device is to be found in the target: where it was, or in the only
 * other region of such a device, with what `--force` has to permit. */
static struct error *find_region(struct replay *replay, size_t index,
				 struct error **refusal)
{
	const struct snapshot_device *device =
		&replay->snapshot->devices[index];
	cleanup_free char *other = NULL;
	struct error *error;
	bool shown;

	error = is_shown(replay->session, device->region, &shown);
	if (error)
		return error_prefix(error, replay->file);
	if (shown)
		return NULL;
	error = find_like(replay, device, &other);
	if (error || !other)
		return error;
	if (!replay->force && !*refusal)
		*refusal = error_help(
			error_create(ERROR_UNSAFE, 0,
				     "the snapshot is of %s, which the target "
				     "has not mapped; %s is another device",
				     device->region, other),
			"--force takes that one");
	free(replay->regions[index]);
	replay->regions[index] = steal(other);
	return NULL;
}

/* No two devices of a snapshot may become one: each register of it would get
 * the values of both. Of a region that is there twice only what shows it
 * differs. */
static struct error *check_merged(const struct replay *replay, size_t index)
{
	const struct snapshot_device *devices = replay->snapshot->devices;
	const char *own = devices[index].region;
	const char *taken = replay->regions[index];

	if (strcmp(own, taken) == 0)
		return NULL;
	for (size_t i = 0; i < replay->snapshot->n_devices; i++) {
		const char *other = devices[i].region;

		if (strcmp(other, own) == 0 ||
		    strcmp(replay->regions[i], taken) != 0)
			continue;
		return error_create(
			ERROR_UNSAFE, 0,
			"the snapshot is of %s, which the target "
			"has not mapped; %s, the only such device, "
			"%s %s, which is in the snapshot, too",
			own, taken,
			strcmp(other, taken) == 0 ? "is" : "would be", other);
	}
	return NULL;
}

static struct error *find_regions(struct replay *replay)
{
	const struct snapshot *snapshot = replay->snapshot;
	cleanup_free bool *used =
		calloc(snapshot->n_devices + 1, sizeof(*used));
	struct error *error = NULL, *refusal = NULL;

	if (!used)
		return error_no_memory();
	for (size_t i = 0; i < n_chosen(replay); i++)
		if (chosen(replay, i)->has_offset)
			used[chosen(replay, i)->device] = true;
	for (size_t i = 0; i < snapshot->n_devices && !error; i++)
		if (used[i])
			error = find_region(replay, i, &refusal);
	for (size_t i = 0; i < snapshot->n_devices && !error; i++)
		error = check_merged(replay, i);
	if (!error)
		return refusal;
	error_destroy(refusal);
	return error;
}

static struct error *copy_regions(struct replay *replay)
{
	const struct snapshot *snapshot = replay->snapshot;

	replay->regions =
		calloc(snapshot->n_devices + 1, sizeof(*replay->regions));
	for (size_t i = 0; i < snapshot->n_devices && replay->regions; i++) {
		replay->regions[i] = strdup(snapshot->devices[i].region);
		if (!replay->regions[i])
			return error_no_memory();
	}
	return replay->regions ? NULL : error_no_memory();
}

/* The plan */

/* Values in the texts of locations are nobody's input: they are cut off. */
static size_t place_length(const struct location *location)
{
	size_t length = strlen(location->text);

	if (location->value.kind == VALUE_NONE)
		return length;
	return location->value.span.start ? location->value.span.start - 1
					  : length;
}

/* So is the text of a location at which an error points: it is told of which
 * register it is. */
static struct error *tell_register(const struct replay *replay, size_t index,
				   struct error *error)
{
	const struct location *location = replay->locations.items[index];
	size_t length = place_length(location);
	cleanup_free char *place = strndup(location->text, length);

	if (place && error->subject)
		error_subject(error, place);
	if (place && error->input)
		error_at(error, place, error->input_start, error->input_length);
	return in_file(replay, chosen(replay, replay->ranges[index].first),
		       error);
}

static struct error *make_plan(const struct command_context *context,
			       const struct plan_options *options,
			       struct replay *replay)
{
	const struct location_list *list = &replay->locations;
	struct error *error = access_plan(context, options, list,
					  replay->session, &replay->plan);

	for (size_t i = 0; i < list->count && error; i++) {
		const char *text = list->items[i]->text;

		if ((error->input && strcmp(error->input, text) == 0) ||
		    (error->subject && strcmp(error->subject, text) == 0))
			return tell_register(replay, i, error);
	}
	return error;
}

static void cut_values(struct replay *replay)
{
	for (size_t i = 0; i < replay->locations.count; i++) {
		struct location *location = replay->locations.items[i];

		location->text[place_length(location)] = '\0';
	}
}

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
static struct error *check_operation(const struct replay *replay, size_t index)
{
	const struct operation *operation = &replay->plan.operations[index];
	size_t first = replay->ranges[index].first;
	const struct snapshot_register *one = chosen(replay, first);
	struct error *error = NULL;

	if (operation->place.count != run_from(replay, first) ||
	    !same_form(replay, one, mask_of(replay, first), operation))
		error = error_create(ERROR_USAGE, 0,
				     "'%.200s' is not the register that was "
				     "saved: another width, order or bits",
				     operation->location->text);
	if (!error)
		error = check_devices(replay, one, operation);
	return error ? in_file(replay, one, error) : NULL;
}

static const char *name_in_range(const void *data, uint64_t index)
{
	const struct replay_range *range = data;

	return chosen(range->replay, range->first + (size_t)index)->name;
}

/* Results are told by the names that the file has. */
static struct error *label(const struct replay *replay, size_t index)
{
	struct operation *operation = &replay->plan.operations[index];
	struct replay_range *range = &replay->ranges[index];
	char *name = strdup(chosen(replay, range->first)->name);

	if (!name)
		return error_no_memory();
	free(operation->view.label);
	operation->view.label = name;
	operation->has_view = true;
	operation->means = false;
	range->replay = replay;
	range->names = (struct label_source){name_in_range, range};
	if (operation->place.count > 1)
		operation->names = &range->names;
	return NULL;
}

static struct error *check_plan(struct replay *replay)
{
	struct error *error = NULL;

	if (replay->plan.count != replay->locations.count)
		return error_create(ERROR_USAGE, 0,
				    "%s: a location in it is of more than one "
				    "register",
				    replay->file);
	for (size_t i = 0; i < replay->plan.count && !error; i++) {
		error = check_operation(replay, i);
		if (!error)
			error = label(replay, i);
	}
	return error;
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

			*one = *chosen(replay, next++);
			one->device = number;
			one->has_offset = placed;
			one->offset = offset + k * (one->width / 8);
		}
	}
	return NULL;
}

/* What was in different places may be in one now, and would be accessed twice.
 */
static struct error *check_places(const struct replay *replay)
{
	struct snapshot found = {
		.registers =
			calloc(n_chosen(replay) + 1, sizeof(*found.registers)),
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

struct error *replay_prepare(const struct command_context *context,
			     struct replay *replay)
{
	struct plan_options options = context->options->plan;
	struct error *error;

	options.write = replay->selection != NULL;
	replay->force = options.force;
	error = access_check_options(&options);
	if (!error)
		error = copy_regions(replay);
	if (!error)
		error = open_target(context, replay);
	if (!error)
		error = find_regions(replay);
	if (!error)
		error = make_locations(replay);
	if (!error)
		error = make_plan(context, &options, replay);
	if (!error)
		error = check_plan(replay);
	if (!error)
		error = check_places(replay);
	cut_values(replay);
	return error ? error
		     : access_attach(context, &options, replay->session);
}
