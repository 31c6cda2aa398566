/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plan will read, as a snapshot. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "cmd/snapshot.h"
#include "render/value.h"
#include "target/machine.h"
#include "target/session.h"

typedef unsigned long long ull;

static char *copy_of(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* A BAR that is shown by what is not named by it: UIO, /dev/mem. */
static bool identify_bar(struct machine *machine, const struct site *site,
			 struct snapshot_device *ret, uint64_t *ret_offset)
{
	const struct pci_device *pci;
	const char *name;
	unsigned bar;

	if (site->device->region.kind == REGION_PCI || site->device->moved ||
	    !device_pci_at(machine, site->device, site->address, &name, &bar,
			   ret_offset))
		return false;
	pci = pci_find(&machine->pci, name);
	if (!pci)
		return false;
	if (asprintf(&ret->region, "%s/bar%u", name, bar) < 0)
		ret->region = NULL;
	*ret = (struct snapshot_device){
		.region = ret->region,
		.size = pci->bars[bar].size,
		.pci = strdup(name),
		.has_bar = true,
		.bar = bar,
		.has_id = true,
		.vendor = pci->vendor,
		.device = pci->device,
		.driver = copy_of(pci->driver),
		.has_physical = true,
		.physical = pci->bars[bar].start,
	};
	return true;
}

static void identify_region(const struct device_mapping *device,
			    struct snapshot_device *ret)
{
	*ret = (struct snapshot_device){
		.region = strdup(device->region_text),
		.size = device->region_size,
		.pci = copy_of(device->pci),
		.has_bar = device->pci && device->region.kind == REGION_PCI &&
			   device->region.has_part,
		.has_id = device->pci && device->vendor,
		.driver = copy_of(device->driver),
		.has_physical = device->has_physical && device->placed,
	};
	if (ret->has_bar)
		ret->bar = (unsigned)device->region.part;
	if (ret->has_id) {
		ret->vendor = device->vendor;
		ret->device = device->device;
	}
	if (ret->has_physical)
		ret->physical = device->physical - device->placement;
}

struct error *snapshot_identify(struct machine *machine,
				const struct site *site,
				struct snapshot_device *ret, bool *ret_placed,
				uint64_t *ret_offset)
{
	const struct device_mapping *device = site->device;
	struct snapshot_device found = {0};

	*ret_placed = true;
	if (!identify_bar(machine, site, &found, ret_offset)) {
		identify_region(device, &found);
		*ret_placed = device->placed;
		*ret_offset = site->address - device->mapping.start +
			      device->placement;
	}
	found.kind = strdup(device->kind->name);
	found.class = strdup(mapping_class_name(device->class));
	if (!found.region || !found.kind || !found.class ||
	    (found.has_bar && !found.pci)) {
		snapshot_device_deinit(&found);
		return error_no_memory();
	}
	*ret = found;
	return NULL;
}

/* A snapshot on its way. What stands below `seen` is of the last element: most
 * elements are in the device that the one before is in. */
struct draft {
	struct session *session;
	const struct plan_options *options;
	struct snapshot *snapshot;
	size_t type; /* of the operation */
	const struct device_mapping *seen;
	const char *seen_pci;
	unsigned seen_bar;
	size_t seen_index;
};

static bool is_as_seen(const struct draft *draft, const struct site *site,
		       uint64_t *ret_offset, bool *ret_placed)
{
	const struct device_mapping *device = site->device;
	const char *pci = NULL;
	unsigned bar = 0;

	*ret_placed = device->placed;
	*ret_offset = site->address - device->mapping.start + device->placement;
	if (draft->seen != device)
		return false;
	if (!draft->seen_pci)
		return device->region.kind != REGION_MEM;
	*ret_placed = true;
	return device_pci_at(draft->session->machine, device, site->address,
			     &pci, &bar, ret_offset) &&
	       strcmp(pci, draft->seen_pci) == 0 && bar == draft->seen_bar;
}

static struct error *find_device(struct draft *draft, const struct site *site,
				 size_t *ret, bool *ret_placed,
				 uint64_t *ret_offset)
{
	struct machine *machine = draft->session->machine;
	struct snapshot_device device;
	struct error *error;
	uint64_t offset;

	if (is_as_seen(draft, site, ret_offset, ret_placed)) {
		*ret = draft->seen_index;
		return NULL;
	}
	error = snapshot_identify(machine, site, &device, ret_placed,
				  ret_offset);
	if (!error)
		error = snapshot_add_device(draft->snapshot, &device, ret);
	if (error)
		return error;
	draft->seen = site->device;
	draft->seen_index = *ret;
	draft->seen_pci = NULL;
	if (site->device->region.kind != REGION_PCI && !site->device->moved &&
	    !device_pci_at(machine, site->device, site->address,
			   &draft->seen_pci, &draft->seen_bar, &offset))
		draft->seen_pci = NULL;
	return NULL;
}

static bool copy_scalar(const struct scalar *from, struct scalar *ret)
{
	struct enumerator *copy =
		calloc(from->n_enumerators + 1, sizeof(*copy));
	bool fine = copy != NULL;

	*ret = *from;
	ret->enumerators = copy;
	ret->n_enumerators = 0;
	if (from->kind != TYPE_ENUM)
		return fine;
	for (size_t i = 0; i < from->n_enumerators && fine; i++) {
		copy[i] = from->enumerators[i];
		copy[i].name = strdup(copy[i].name);
		fine = copy[i].name;
		ret->n_enumerators++;
	}
	return fine;
}

static bool copy_view(const struct view *from, struct view *ret)
{
	bool fine = copy_scalar(&from->scalar, &ret->scalar);

	ret->type = copy_of(from->type);
	ret->fields = calloc(from->n_fields + 1, sizeof(*ret->fields));
	fine = fine && ret->fields && (ret->type || !from->type);
	for (size_t i = 0; i < from->n_fields && fine; i++) {
		struct field *field = &ret->fields[ret->n_fields++];

		field->high = from->fields[i].high;
		field->low = from->fields[i].low;
		field->name = strdup(from->fields[i].name);
		fine = copy_scalar(&from->fields[i].scalar, &field->scalar) &&
		       field->name;
	}
	return fine;
}

static struct error *find_type(struct draft *draft,
			       const struct operation *operation)
{
	struct snapshot_type type = {0};

	draft->type = SNAPSHOT_NONE;
	if (!operation->has_view || !operation->means)
		return NULL;
	if (!copy_view(&operation->view, &type.view)) {
		snapshot_type_deinit(&type);
		return error_no_memory();
	}
	return snapshot_add_type(draft->snapshot, &type, &draft->type);
}

/* A place that was named, and how far it is from there. */
static char *named_place(const struct element *element)
{
	const struct operation *operation = element->operation;
	const struct location *location = operation->location;
	uint64_t distance = element->position - operation->start;
	char *text;
	int length = (int)location_place_length(location);

	length = distance ? asprintf(&text, "%.*s+0x%llx", length,
				     location->text, (ull)distance)
			  : asprintf(&text, "%.*s", length, location->text);
	return length < 0 ? NULL : text;
}

/* What `read` calls it; but an index, and the address of what has a name, are
 * others the next time. */
static char *name_of(const struct element *element,
		     const struct snapshot_device *device, uint64_t offset)
{
	const struct operation *operation = element->operation;
	const struct place *place = &operation->location->start;
	cleanup_free char *label = NULL;
	char bits[16] = "", *name;

	if (!operation->has_view && device && place->kind == BASE_REGION &&
	    place->region.kind == REGION_INDEX) {
		if (asprintf(&label, "@%s+0x%llx", device->region,
			     (ull)offset) < 0)
			label = NULL;
	} else if (!operation->has_view && place->kind >= BASE_POINTER) {
		label = named_place(element);
	} else {
		label = element_label(element);
	}
	if (operation->has_field && !operation->has_view)
		snprintf(bits, sizeof(bits),
			 operation->high == operation->low ? ".%u" : ".%u:%u",
			 operation->high, operation->low);
	if (!label || asprintf(&name, "%s%s", label, bits) < 0)
		return NULL;
	return name;
}

static bool is_big(const struct operation *operation)
{
	bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	return operation->value_bits > 8 && !operation->halves &&
	       operation->swap != big;
}

/* "/32le.7:4", as it stands behind a place. */
static void put_form(const struct operation *operation, bool bits, FILE *stream)
{
	if (operation->halves)
		fputs("/32x2", stream);
	else
		fprintf(stream, "/%u%s", operation->value_bits,
			operation->value_bits == 8 ? ""
			: is_big(operation)        ? "be"
						   : "le");
	if (bits)
		fprintf(stream, ".%u:%u", operation->high, operation->low);
}

/* What was named, without bits: a member by -m stands behind it. */
static void put_name(const struct draft *draft, const struct location *location,
		     FILE *stream)
{
	const char *member = draft->options->member;
	size_t length = location_place_length(location);
	const char *text = location->text, *rest;

	/* Members are those of what the pointer leads to. */
	if (member && text_starts(text, "ptr:", &rest)) {
		length -= (size_t)(rest - text);
		text = rest;
	}
	fprintf(stream, "%.*s%s%s", (int)length, text, member ? "." : "",
		member ? member : "");
}

/* A bit-field that was named has no address of its own: its name stays. */
static bool is_bit_field(const struct draft *draft,
			 const struct operation *operation)
{
	const struct place *start = &operation->location->start;

	return operation->has_field && operation->has_view &&
	       !draft->options->type && start->kind >= BASE_POINTER &&
	       !start->has_offset;
}

static void put_bit_field(const struct draft *draft,
			  const struct operation *operation, FILE *stream)
{
	const struct bits *bits = &operation->location->bits;

	put_name(draft, operation->location, stream);
	put_form(operation, false, stream);
	if (bits->kind == BITS_RANGE)
		fprintf(stream, ".%u:%u", bits->high, bits->low);
}

/* How far it is from what was named; or where that alone does not tell, as with
 * a member of a type that is not its own, the address. */
static void put_place(const struct draft *draft, const struct element *element,
		      FILE *stream)
{
	const struct operation *operation = element->operation;
	const struct location *location = operation->location;

	if (location->start.kind == BASE_ADDRESS ||
	    (draft->options->type && draft->options->member)) {
		fprintf(stream, "0x%llx", (ull)element->site.address);
	} else {
		put_name(draft, location, stream);
		fprintf(stream, "+0x%llx",
			(ull)(element->position - operation->start));
	}
	put_form(operation, operation->has_field, stream);
}

/* A location that names this register and nothing else, for what has no place
 * in a device's region. */
static struct error *make_location(const struct draft *draft,
				   const struct element *element, char **ret)
{
	size_t size = 0;
	FILE *stream = open_memstream(ret, &size);

	if (!stream)
		return error_no_memory();
	if (is_bit_field(draft, element->operation))
		put_bit_field(draft, element->operation, stream);
	else
		put_place(draft, element, stream);
	return fclose(stream) ? error_no_memory() : NULL;
}

static struct error *add_element(struct draft *draft,
				 const struct element *element)
{
	const struct operation *operation = element->operation;
	const struct snapshot_device *device = NULL;
	struct snapshot_register one = {
		.device = SNAPSHOT_NONE,
		.width = operation->value_bits,
		.is_big = is_big(operation),
		.halves = operation->halves,
		.has_bits = operation->has_field,
		.type = draft->type,
	};
	struct error *error = NULL;

	if (one.has_bits) {
		one.high = operation->high;
		one.low = operation->low;
	}
	if (element->site.device)
		error = find_device(draft, &element->site, &one.device,
				    &one.has_offset, &one.offset);
	if (!error && !one.has_offset)
		error = make_location(draft, element, &one.location);
	if (!error && one.has_offset)
		device = &draft->snapshot->devices[one.device];
	if (!error) {
		one.name = name_of(element, device, one.offset);
		error = one.name ? NULL : error_no_memory();
	}
	if (!error)
		return snapshot_add_register(draft->snapshot, &one);
	snapshot_register_deinit(&one);
	return error;
}

static struct error *add_operation(struct draft *draft,
				   const struct operation *operation)
{
	struct element element = {
		.operation = operation,
		.position = operation->place.position,
	};
	unsigned bytes = operation->value_bits / 8;
	struct error *error = find_type(draft, operation);

	for (size_t i = 0; i < operation->place.n_spans && !error; i++) {
		const struct span *span = &operation->place.spans[i];

		element.site = span->site;
		for (uint64_t j = 0; j < span->count && !error; j++) {
			error = add_element(draft, &element);
			element.index++;
			element.position += bytes;
			element.site.address += bytes;
		}
	}
	return error ? error_subject(error, operation->location->text) : NULL;
}

static char *time_now(void)
{
	struct timespec now;
	struct tm parts;
	char *text;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	if (asprintf(&text, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ",
		     parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
		     parts.tm_hour, parts.tm_min, parts.tm_sec,
		     now.tv_nsec) < 0)
		return NULL;
	return text;
}

/* A register twice would be two values for one name, or two writes. */
static struct error *check_twins(const struct snapshot *snapshot)
{
	struct snapshot_twins twins = {0};
	struct error *error = snapshot_find_twins(snapshot, &twins);

	if (error || !twins.second)
		return error;
	if (strcmp(twins.first->name, twins.second->name) == 0)
		error = error_create(ERROR_USAGE, 0,
				     "two of the locations have this register, "
				     "and a snapshot has each once");
	else
		error = error_create(ERROR_USAGE, 0,
				     "this is the register %s, or overlaps it, "
				     "and a snapshot has each once",
				     twins.first->name);
	return error_help(error_subject(error, twins.second->name),
			  "leave it out of one of them, or save two snapshots");
}

static struct error *check_size(const struct plan *plan)
{
	uint64_t count = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (__builtin_add_overflow(
			    count, plan->operations[i].place.count, &count))
			count = UINT64_MAX;
	if (count <= SNAPSHOT_MOST_REGISTERS)
		return NULL;
	return error_create(ERROR_USAGE, 0,
			    "%llu registers, and a snapshot holds %d at most",
			    (ull)count, SNAPSHOT_MOST_REGISTERS);
}

struct error *snapshot_of_plan(const struct command_context *context,
			       const struct plan *plan, struct snapshot *ret)
{
	cleanup_snapshot struct snapshot snapshot = {
		.program = strdup(PACKAGE_VERSION),
		.created = time_now(),
		.pid = (uint64_t)plan->session->process.pid,
		.process = strdup(plan->session->name),
		.machine = strdup(context->machine->architecture),
	};
	struct draft draft = {
		.session = plan->session,
		.options = &context->options->plan,
		.snapshot = &snapshot,
	};
	struct error *error = check_size(plan);

	if (!error && (!snapshot.program || !snapshot.created ||
		       !snapshot.process || !snapshot.machine))
		error = error_no_memory();
	for (size_t i = 0; i < plan->count && !error; i++)
		error = add_operation(&draft, &plan->operations[i]);
	if (!error)
		error = check_twins(&snapshot);
	if (error)
		return error;
	*ret = snapshot;
	snapshot = (struct snapshot){0};
	return NULL;
}

static bool set_error(struct snapshot_register *one, enum error_kind kind,
		      const char *message)
{
	one->error_kind = strdup(error_kind_name(kind));
	one->error_message = strdup(message);
	return one->error_kind && one->error_message;
}

static void on_element(void *data, const struct element *element,
		       const struct element_result *result)
{
	struct snapshot_recorder *recorder = data;
	struct snapshot *snapshot = recorder->snapshot;
	struct snapshot_register *one = &snapshot->registers[recorder->at];

	if (recorder->at < snapshot->n_registers) {
		recorder->at++;
		one->known = result->known && !result->error;
		if (one->known) {
			one->value = result->value;
			one->suspect = result->suspect;
		} else {
			recorder->lost |= !set_error(
				one,
				result->error ? result->error->kind
					      : ERROR_UNKNOWN,
				result->error ? result->error->message
					      : "it was not read");
		}
	}
	recorder->next.element(recorder->next.data, element, result);
}

static void on_access(void *data, const struct element *element,
		      const struct access_record *record)
{
	const struct snapshot_recorder *recorder = data;

	recorder->next.access(recorder->next.data, element, record);
}

struct run_sink snapshot_recorder_sink(struct snapshot_recorder *recorder)
{
	return (struct run_sink){
		.data = recorder,
		.access = recorder->next.access ? on_access : NULL,
		.element = on_element,
		.at_once = recorder->next.at_once,
	};
}

struct error *snapshot_recorder_end(struct snapshot_recorder *recorder)
{
	struct snapshot *snapshot = recorder->snapshot;

	for (; recorder->at < snapshot->n_registers; recorder->at++)
		recorder->lost |= !set_error(
			&snapshot->registers[recorder->at], ERROR_NOT_REACHED,
			"it was not tried, after what came before");
	return recorder->lost ? error_no_memory() : NULL;
}
