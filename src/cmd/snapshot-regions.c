/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which regions of a target the devices of a snapshot are found. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cmd/replay.h"
#include "plan/location.h"
#include "snapshot/compare.h"
#include "target/machine.h"
#include "target/session.h"

struct error *replay_copy_regions(struct replay *replay)
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

struct error *replay_find_regions(struct replay *replay)
{
	const struct snapshot *snapshot = replay->snapshot;
	cleanup_free bool *used =
		calloc(snapshot->n_devices + 1, sizeof(*used));
	struct error *error = NULL, *refusal = NULL;

	if (!used)
		return error_no_memory();
	for (size_t i = 0; i < replay_count(replay); i++)
		if (replay_register(replay, i)->has_offset)
			used[replay_register(replay, i)->device] = true;
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
