/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/plan.h"
#include "snapshot/reader.h"
#include "snapshot/snapshot.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A text that is not empty, in place of none. */
static struct error *read_text(struct reader *reader, char **text)
{
	struct error *error = reader_text(reader, text);

	if (!error && !**text)
		error = reader_error(reader, "\"%s\" is empty", reader->member);
	return error;
}

/* Defines the reader of a member that is a text. */
#define TEXT(function, type, field)                                            \
	static struct error *function(struct reader *reader, void *object)     \
	{                                                                      \
		return read_text(reader, &((struct type *)object)->field);     \
	}

/* Defines the reader of one that is true or false. */
#define BOOLEAN(function, type, field)                                         \
	static struct error *function(struct reader *reader, void *object)     \
	{                                                                      \
		return reader_boolean(reader,                                  \
				      &((struct type *)object)->field);        \
	}

/* "7:4". */
static struct error *read_bits(struct reader *reader, unsigned *ret_high,
			       unsigned *ret_low)
{
	cleanup_free char *text = NULL;
	struct error *error = reader_text(reader, &text);
	char again[16];
	int used = 0;

	if (error)
		return error;
	*ret_high = *ret_low = 64;
	if (sscanf(text, "%2u:%2u%n", ret_high, ret_low, &used) != 2 ||
	    text[used] || *ret_high > 63 || *ret_low > *ret_high ||
	    snprintf(again, sizeof(again), "%u:%u", *ret_high, *ret_low) < 0 ||
	    strcmp(again, text) != 0)
		return reader_error(reader,
				    "\"%s\": '%.40s' is not HIGH:LOW, from "
				    "63:63 to 0:0",
				    reader->member, text);
	return NULL;
}

/* Types */

/* A scalar as it stands in the file, and what it is of. */
struct draft {
	char *name;
	struct scalar scalar;
	unsigned high, low;
	struct field *fields;
	size_t n_fields, capacity;
};

static void draft_deinit(struct draft *draft)
{
	struct snapshot_type type = {
		.view = {.type = draft->name,
			 .scalar = draft->scalar,
			 .fields = draft->fields,
			 .n_fields = draft->n_fields},
	};

	snapshot_type_deinit(&type);
	*draft = (struct draft){0};
}

#define cleanup_draft cleanup_with(draft_deinit)

TEXT(draft_name, draft, name)

static struct error *draft_kind(struct reader *reader, void *object)
{
	struct draft *draft = object;
	cleanup_free char *name = NULL;
	struct error *error = reader_text(reader, &name);

	if (!error && !snapshot_kind_find(name, &draft->scalar))
		error = reader_error(
			reader, "\"kind\": there is no kind '%.40s'", name);
	return error;
}

BOOLEAN(draft_signed, draft, scalar.is_signed)

static struct error *draft_bits(struct reader *reader, void *object)
{
	struct draft *draft = object;

	return read_bits(reader, &draft->high, &draft->low);
}

TEXT(enumerator_name, enumerator, name)

static struct error *enumerator_value(struct reader *reader, void *object)
{
	return reader_hexadecimal(reader, 16,
				  &((struct enumerator *)object)->value);
}

static const struct reader_member enumerator_members[] = {
	{"name", true, enumerator_name},
	{"value", true, enumerator_value},
};

/* A list that is read: of what belongs to a scalar. */
struct enumerators {
	struct enumerator *items;
	size_t count, capacity;
};

static struct error *read_enumerator(struct reader *reader, void *data)
{
	struct enumerators *list = data;
	struct enumerator *one;

	if (!list_grow(&list->items, list->count, &list->capacity,
		       sizeof(*list->items)))
		return error_no_memory();
	one = &list->items[list->count++];
	*one = (struct enumerator){0};
	return reader_object(reader, enumerator_members,
			     COUNT(enumerator_members), one);
}

static struct error *draft_enumerators(struct reader *reader, void *object)
{
	struct draft *draft = object;
	struct enumerators list = {0};
	struct error *error = reader_list(reader, read_enumerator, &list);

	draft->scalar.enumerators = list.items;
	draft->scalar.n_enumerators = list.count;
	return error;
}

static const struct reader_member field_members[] = {
	{"name", true, draft_name},
	{"bits", true, draft_bits},
	{"kind", true, draft_kind},
	{"signed", false, draft_signed},
	{"enumerators", false, draft_enumerators},
};

static struct error *check_scalar(const struct reader *reader,
				  const struct scalar *scalar)
{
	if (scalar->n_enumerators && scalar->kind != TYPE_ENUM)
		return reader_error(reader, "\"enumerators\" are of an enum");
	return NULL;
}

static struct error *read_field(struct reader *reader, void *data)
{
	cleanup_draft struct draft field = {0};
	struct draft *type = data;
	struct error *error = reader_object(reader, field_members,
					    COUNT(field_members), &field);

	if (!error)
		error = check_scalar(reader, &field.scalar);
	if (!error && !list_grow(&type->fields, type->n_fields, &type->capacity,
				 sizeof(*type->fields)))
		error = error_no_memory();
	if (error)
		return error;
	type->fields[type->n_fields++] = (struct field){
		.name = steal(field.name),
		.high = field.high,
		.low = field.low,
		.scalar = field.scalar,
	};
	field.scalar = (struct scalar){0};
	return NULL;
}

static struct error *draft_fields(struct reader *reader, void *object)
{
	return reader_list(reader, read_field, object);
}

static const struct reader_member type_members[] = {
	{"name", false, draft_name},
	{"kind", true, draft_kind},
	{"signed", false, draft_signed},
	{"enumerators", false, draft_enumerators},
	{"fields", false, draft_fields},
};

/* As many as registers could use. */
static struct error *check_room(const struct reader *reader, size_t count)
{
	if (count < SNAPSHOT_MOST_REGISTERS)
		return NULL;
	return reader_error(reader, "more than a snapshot may hold: %d",
			    SNAPSHOT_MOST_REGISTERS);
}

static struct error *read_type(struct reader *reader, void *data)
{
	cleanup_draft struct draft draft = {0};
	struct snapshot *snapshot = data;
	struct error *error = reader_object(reader, type_members,
					    COUNT(type_members), &draft);

	if (!error)
		error = check_scalar(reader, &draft.scalar);
	if (!error &&
	    !list_grow(&snapshot->types, snapshot->n_types,
		       &snapshot->types_capacity, sizeof(*snapshot->types)))
		error = error_no_memory();
	if (error)
		return error;
	snapshot->types[snapshot->n_types++].view = (struct view){
		.type = draft.name,
		.scalar = draft.scalar,
		.fields = draft.fields,
		.n_fields = draft.n_fields,
	};
	draft = (struct draft){0};
	return NULL;
}

/* Devices */

TEXT(device_region, snapshot_device, region)
TEXT(device_kind, snapshot_device, kind)
TEXT(device_class, snapshot_device, class)
TEXT(device_pci, snapshot_device, pci)
TEXT(device_driver, snapshot_device, driver)

static struct error *device_size(struct reader *reader, void *object)
{
	struct snapshot_device *device = object;
	struct error *error = reader_hexadecimal(reader, 16, &device->size);

	if (!error && !device->size)
		error = reader_error(reader, "\"size\" is 0");
	return error;
}

static struct error *device_bar(struct reader *reader, void *object)
{
	struct snapshot_device *device = object;
	uint64_t number = 0;
	struct error *error = reader_number(reader, 5, &number);

	device->has_bar = true;
	device->bar = (unsigned)number;
	return error;
}

static struct error *device_id(struct reader *reader, void *object)
{
	struct snapshot_device *device = object;
	cleanup_free char *text = NULL;
	struct error *error = reader_text(reader, &text);
	unsigned vendor = 0, number = 0;
	char again[16];

	if (error)
		return error;
	if (sscanf(text, "%4x:%4x", &vendor, &number) != 2 ||
	    snprintf(again, sizeof(again), "%04x:%04x", vendor, number) < 0 ||
	    strcmp(again, text) != 0)
		return reader_error(reader,
				    "\"id\": '%.40s' is not VENDOR:DEVICE, as "
				    "8086:10d3",
				    text);
	device->has_id = true;
	device->vendor = vendor;
	device->device = number;
	return NULL;
}

static struct error *device_physical(struct reader *reader, void *object)
{
	struct snapshot_device *device = object;

	device->has_physical = true;
	return reader_hexadecimal(reader, 16, &device->physical);
}

static const struct reader_member device_members[] = {
	{"region", true, device_region},
	{"kind", true, device_kind},
	{"class", true, device_class},
	{"size", false, device_size},
	{"pci", false, device_pci},
	{"bar", false, device_bar},
	{"id", false, device_id},
	{"driver", false, device_driver},
	{"physical", false, device_physical},
};

static struct error *check_device(const struct reader *reader,
				  const struct snapshot_device *device)
{
	if (strcmp(device->class, "register") != 0 &&
	    strcmp(device->class, "buffer") != 0)
		return reader_error(reader,
				    "\"class\": '%.40s' is neither register "
				    "nor buffer",
				    device->class);
	if (device->has_bar && !device->pci)
		return reader_error(reader, "a \"bar\" without \"pci\"");
	return NULL;
}

static struct error *read_device(struct reader *reader, void *data)
{
	struct snapshot *snapshot = data;
	struct snapshot_device device = {0};
	struct error *error = reader_object(reader, device_members,
					    COUNT(device_members), &device);

	if (!error)
		error = check_device(reader, &device);
	if (!error &&
	    !list_grow(&snapshot->devices, snapshot->n_devices,
		       &snapshot->devices_capacity, sizeof(*snapshot->devices)))
		error = error_no_memory();
	if (error)
		snapshot_device_deinit(&device);
	else
		snapshot->devices[snapshot->n_devices++] = device;
	return error;
}

/* Registers */

struct pending {
	struct snapshot_register one;
	bool has_order, has_value, has_error;
	unsigned digits; /* of the value */
};

static void pending_deinit(struct pending *pending)
{
	snapshot_register_deinit(&pending->one);
}

TEXT(register_name, pending, one.name)
TEXT(register_location, pending, one.location)
BOOLEAN(register_halves, pending, one.halves)
BOOLEAN(register_suspect, pending, one.suspect)

static struct error *read_index(struct reader *reader, size_t *ret)
{
	uint64_t number;
	struct error *error = reader_number(reader, UINT32_MAX, &number);

	if (!error)
		*ret = (size_t)number;
	return error;
}

static struct error *register_device(struct reader *reader, void *object)
{
	return read_index(reader, &((struct pending *)object)->one.device);
}

static struct error *register_type(struct reader *reader, void *object)
{
	return read_index(reader, &((struct pending *)object)->one.type);
}

static struct error *register_offset(struct reader *reader, void *object)
{
	struct pending *pending = object;

	pending->one.has_offset = true;
	return reader_hexadecimal(reader, 0, &pending->one.offset);
}

static struct error *register_width(struct reader *reader, void *object)
{
	struct pending *pending = object;
	uint64_t width = 0;
	struct error *error = reader_number(reader, 64, &width);

	if (!error && (width < 8 || (width & (width - 1))))
		error = reader_error(reader,
				     "\"width\": %llu is not 8, 16, 32 or 64",
				     (unsigned long long)width);
	pending->one.width = (unsigned)width;
	return error;
}

static struct error *register_order(struct reader *reader, void *object)
{
	struct pending *pending = object;
	cleanup_free char *text = NULL;
	struct error *error = reader_text(reader, &text);

	if (error)
		return error;
	if (strcmp(text, "le") != 0 && strcmp(text, "be") != 0)
		return reader_error(reader,
				    "\"order\": '%.40s' is neither le nor be",
				    text);
	pending->has_order = true;
	pending->one.is_big = text[0] == 'b';
	return NULL;
}

static struct error *register_bits(struct reader *reader, void *object)
{
	struct pending *pending = object;

	pending->one.has_bits = true;
	return read_bits(reader, &pending->one.high, &pending->one.low);
}

/* How many digits it has is compared with the width later. */
static struct error *register_value(struct reader *reader, void *object)
{
	struct pending *pending = object;
	cleanup_free char *text = NULL;
	struct error *error = reader_text(reader, &text);

	if (error)
		return error;
	pending->has_value = true;
	if (text[0] != '0' || text[1] != 'x' ||
	    strspn(text + 2, "0123456789abcdef") != strlen(text + 2))
		return reader_error(reader,
				    "\"value\": '%.40s' is not hexadecimal "
				    "(0x and 0 to 9, a to f)",
				    text);
	if (strlen(text) > 18)
		return reader_error(reader,
				    "\"value\": '%.40s' has more than 64 bits",
				    text);
	pending->digits = (unsigned)strlen(text) - 2;
	pending->one.value = strtoull(text, NULL, 16);
	return NULL;
}

TEXT(error_kind, snapshot_register, error_kind)
TEXT(error_message, snapshot_register, error_message)

static const struct reader_member error_members[] = {
	{"kind", true, error_kind},
	{"message", true, error_message},
};

static struct error *register_error(struct reader *reader, void *object)
{
	struct pending *pending = object;

	pending->has_error = true;
	return reader_object(reader, error_members, COUNT(error_members),
			     &pending->one);
}

static const struct reader_member register_members[] = {
	{"name", true, register_name},
	{"device", false, register_device},
	{"offset", false, register_offset},
	{"location", false, register_location},
	{"width", true, register_width},
	{"order", false, register_order},
	{"halves", false, register_halves},
	{"bits", false, register_bits},
	{"type", false, register_type},
	{"value", false, register_value},
	{"suspect", false, register_suspect},
	{"error", false, register_error},
};

/* Where it is, and how it is read. */
static struct error *check_form(const struct reader *reader,
				const struct pending *pending)
{
	const struct snapshot_register *one = &pending->one;

	if (one->has_offset == (one->location != NULL))
		return reader_error(reader,
				    "either \"offset\" or \"location\" says "
				    "where a register is");
	if (one->has_offset && one->device == SNAPSHOT_NONE)
		return reader_error(reader, "an \"offset\" in no \"device\"");
	if (one->has_offset && one->offset % (one->halves ? 4 : one->width / 8))
		return reader_error(reader,
				    "\"offset\": it is not aligned to %u bits",
				    one->halves ? 32 : one->width);
	if (one->has_offset && one->offset + one->width / 8 < one->offset)
		return reader_error(reader, "\"offset\": beyond all addresses");
	if (one->halves && one->width != 64)
		return reader_error(reader, "\"halves\" are of 64 bits");
	if (pending->has_order != (one->width > 8 && !one->halves))
		return reader_error(reader,
				    pending->has_order
					    ? "\"order\": there is only one"
					    : "\"order\" is missing");
	if (one->has_bits && one->high >= one->width)
		return reader_error(reader,
				    "\"bits\": bit %u is outside of %u bits",
				    one->high, one->width);
	return NULL;
}

static struct error *check_content(const struct reader *reader,
				   const struct pending *pending)
{
	const struct snapshot_register *one = &pending->one;

	if (pending->has_value == pending->has_error)
		return reader_error(reader, "either \"value\" or \"error\" "
					    "says what was read");
	if (pending->has_value && pending->digits != one->width / 4)
		return reader_error(reader,
				    "\"value\" has %u digits, and %u bits are "
				    "%u",
				    pending->digits, one->width,
				    one->width / 4);
	if (one->suspect &&
	    (!pending->has_value || one->value != ones(one->width)))
		return reader_error(reader,
				    "\"suspect\" is of a value of all ones");
	return NULL;
}

static struct error *read_register(struct reader *reader, void *data)
{
	cleanup_with(pending_deinit) struct pending pending = {
		.one = {.device = SNAPSHOT_NONE, .type = SNAPSHOT_NONE},
	};
	struct snapshot *snapshot = data;
	struct error *error = reader_object(reader, register_members,
					    COUNT(register_members), &pending);

	if (!error)
		error = check_form(reader, &pending);
	if (!error)
		error = check_content(reader, &pending);
	if (!error)
		error = check_room(reader, snapshot->n_registers);
	if (error)
		return error;
	pending.one.known = pending.has_value;
	return snapshot_add_register(snapshot, &pending.one);
}

/* All of it */

TEXT(snapshot_program, snapshot, program)

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

TEXT(target_machine, snapshot, machine)

static const struct reader_member target_members[] = {
	{"pid", true, target_pid},
	{"process", true, target_process},
	{"machine", true, target_machine},
};

static struct error *snapshot_target(struct reader *reader, void *object)
{
	return reader_object(reader, target_members, COUNT(target_members),
			     object);
}

static struct error *snapshot_devices(struct reader *reader, void *object)
{
	return reader_list(reader, read_device, object);
}

static struct error *snapshot_types(struct reader *reader, void *object)
{
	return reader_list(reader, read_type, object);
}

static struct error *snapshot_registers(struct reader *reader, void *object)
{
	return reader_list(reader, read_register, object);
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
		error = reader_rest(&reader, members, COUNT(members), &whole);
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
