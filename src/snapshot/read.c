/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "snapshot/part.h"
#include "snapshot/snapshot.h"

PART_TEXT(snapshot_program, snapshot, program)

/* A number of decimal digits, which stand there. */
static unsigned digits_at(const char *text, size_t count)
{
	unsigned value = 0;

	while (count--)
		value = value * 10 + (unsigned)(*text++ - '0');
	return value;
}

static unsigned days_of(unsigned year, unsigned month)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Whether there was such a time, after its form was checked; a second 60 is one
 * that was put in. */
static bool is_time(const char *text)
{
	unsigned month = digits_at(text + 5, 2), day = digits_at(text + 8, 2);

	return month >= 1 && month <= 12 && day >= 1 &&
	       day <= days_of(digits_at(text, 4), month) &&
	       digits_at(text + 11, 2) < 24 && digits_at(text + 14, 2) < 60 &&
	       digits_at(text + 17, 2) <= 60;
}

/* As date(1) has them: 2026-11-29T03:38:43.123456789Z. */
static struct error *snapshot_created(struct reader *reader, void *object)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
	struct snapshot *snapshot = object;
	struct error *error = reader_text(reader, &snapshot->created);
	const char *text = snapshot->created;
	size_t i = 0;

	if (error)
		return error;
	while (form[i] && (form[i] == 'd' ? text[i] >= '0' && text[i] <= '9'
					  : text[i] == form[i]))
		i++;
	if (form[i] || text[i])
		return reader_error(reader,
				    "\"created\": '%.40s' is not like "
				    "2026-11-29T03:38:43.123456789Z",
				    text);
	if (!is_time(text))
		return reader_error(
			reader, "\"created\": there is no time '%.40s'", text);
	return NULL;
}

static struct error *target_pid(struct reader *reader, void *object)
{
	return reader_number(reader, INT32_MAX,
			     &((struct snapshot *)object)->pid);
}

/* A process may be called nothing at all. */
static struct error *target_process(struct reader *reader, void *object)
{
	return reader_text(reader, &((struct snapshot *)object)->process);
}

PART_TEXT(target_machine, snapshot, machine)

static const struct reader_member target_members[] = {
	{"pid", true, target_pid},
	{"process", true, target_process},
	{"machine", true, target_machine},
};

static struct error *snapshot_target(struct reader *reader, void *object)
{
	return reader_object(reader, target_members, PART_COUNT(target_members),
			     object);
}

static struct error *snapshot_devices(struct reader *reader, void *object)
{
	return reader_list(reader, part_read_device, object);
}

static struct error *snapshot_types(struct reader *reader, void *object)
{
	return reader_list(reader, part_read_type, object);
}

static struct error *snapshot_registers(struct reader *reader, void *object)
{
	return reader_list(reader, part_read_register, object);
}

/* What is read, with the count that it gives. */
struct whole {
	struct snapshot
		snapshot; /* the first: it is the object of the others */
	uint64_t count;
};

static struct error *snapshot_count(struct reader *reader, void *object)
{
	return reader_number(reader, SNAPSHOT_MOST_REGISTERS,
			     &((struct whole *)object)->count);
}

static const struct reader_member members[] = {
	{"mmiodbg", true, snapshot_program},
	{"created", true, snapshot_created},
	{"target", true, snapshot_target},
	{"devices", true, snapshot_devices},
	{"types", true, snapshot_types},
	{"registers", true, snapshot_registers},
	{"count", true, snapshot_count},
};

/* What another version would have cannot be told: these come first. */
static struct error *read_version(struct reader *reader)
{
	cleanup_free char *format = NULL;
	bool first = true;
	uint64_t version;
	struct error *error = reader_first(reader, &first, "format");

	if (!error)
		error = reader_text(reader, &format);
	if (!error && strcmp(format, "mmiodbg-snapshot") != 0)
		error = reader_error(reader,
				     "\"format\" is '%.40s', and not "
				     "mmiodbg-snapshot",
				     format);
	if (!error)
		error = reader_first(reader, &first, "version");
	if (!error)
		error = reader_number(reader, UINT64_MAX, &version);
	if (error)
		return error;
	if (version == SNAPSHOT_VERSION)
		return NULL;
	return error_create(ERROR_USAGE, 0,
			    "%s is a snapshot of version %llu, and this "
			    "mmiodbg reads version %d",
			    reader->file, (unsigned long long)version,
			    SNAPSHOT_VERSION);
}

/* Those of a register that its device and its type set limits to. */
static struct error *check_register(const struct snapshot *snapshot,
				    const struct snapshot_register *one,
				    const char *name)
{
	const struct snapshot_device *device;
	const struct view *view;

	if (one->device != SNAPSHOT_NONE && one->device >= snapshot->n_devices)
		return error_create(ERROR_USAGE, 0,
				    "%s: %s: there is no device %zu", name,
				    one->name, one->device);
	if (one->type != SNAPSHOT_NONE && one->type >= snapshot->n_types)
		return error_create(ERROR_USAGE, 0,
				    "%s: %s: there is no type %zu", name,
				    one->name, one->type);
	device = one->has_offset ? &snapshot->devices[one->device] : NULL;
	if (device && device->size &&
	    (one->offset >= device->size ||
	     device->size - one->offset < one->width / 8))
		return error_create(ERROR_USAGE, 0,
				    "%s: %s: offset %#llx is beyond the end of "
				    "its device (%#llx bytes)",
				    name, one->name,
				    (unsigned long long)one->offset,
				    (unsigned long long)device->size);
	view = snapshot_view(snapshot, one);
	for (size_t i = 0; view && i < view->n_fields; i++)
		if (one->has_bits || view->fields[i].high >= one->width)
			return error_create(ERROR_USAGE, 0,
					    "%s: %s: its type has fields that "
					    "it cannot have",
					    name, one->name);
	return NULL;
}

static struct error *check_whole(const struct whole *whole, const char *name)
{
	const struct snapshot *snapshot = &whole->snapshot;
	struct snapshot_twins twins = {0};
	struct error *error = NULL;

	if (whole->count != snapshot->n_registers)
		return error_help(
			error_create(ERROR_USAGE, 0,
				     "%s: \"count\" is %llu, and there are %zu "
				     "registers",
				     name, (unsigned long long)whole->count,
				     snapshot->n_registers),
			"if registers were taken out on purpose, correct it");
	for (size_t i = 0; i < snapshot->n_registers && !error; i++)
		error = check_register(snapshot, &snapshot->registers[i], name);
	if (!error)
		error = snapshot_find_twins(snapshot, &twins);
	if (error || !twins.second)
		return error;
	if (strcmp(twins.first->name, twins.second->name) == 0)
		return error_create(ERROR_USAGE, 0, "%s: %s is there twice",
				    name, twins.second->name);
	return error_create(ERROR_USAGE, 0,
			    "%s: %s and %s are the same register, or overlap",
			    name, twins.first->name, twins.second->name);
}

struct error *snapshot_read(FILE *stream, const char *name,
			    struct snapshot *ret)
{
	struct whole whole = {0};
	struct reader reader;
	struct error *error;

	reader_init(&reader, stream, name, SNAPSHOT_MOST_BYTES);
	error = read_version(&reader);
	if (!error)
		error = reader_rest(&reader, members, PART_COUNT(members),
				    &whole);
	if (!error)
		error = reader_end(&reader);
	if (!error)
		error = check_whole(&whole, name);
	if (error)
		snapshot_deinit(&whole.snapshot);
	else
		*ret = whole.snapshot;
	return error;
}
