/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `maps`: the device mappings of a process, or who has a device mapped. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/backend.h"
#include "base/error.h"
#include "base/text.h"
#include "cmd/target.h"
#include "plan/shown.h"
#include "render/cell.h"
#include "render/diagnostic.h"
#include "render/json.h"
#include "render/table.h"
#include "target/machine.h"
#include "target/process.h"
#include "target/scan.h"
#include "target/session.h"

struct row {
	struct session *session;
	const struct device_mapping *device;
};

static char *index_text(const void *data)
{
	const struct row *row = data;

	return cell_print("%u", row->device->index);
}

static void index_json(const void *data, json_object *object)
{
	const struct row *row = data;

	json_add_number(object, "index", row->device->index);
}

static char *pid_text(const void *data)
{
	const struct row *row = data;

	return cell_print("%d", (int)row->session->process.pid);
}

static void pid_json(const void *data, json_object *object)
{
	const struct row *row = data;

	json_add_number(object, "pid", (uint64_t)row->session->process.pid);
}

static char *command_text(const void *data)
{
	const struct row *row = data;

	return cell_copy(row->session->name);
}

static void command_json(const void *data, json_object *object)
{
	const struct row *row = data;

	json_object_object_add(object, "process",
			       json_text(row->session->name));
}

static char *range_text(const void *data)
{
	const struct mapping *mapping =
		&((const struct row *)data)->device->mapping;

	return cell_print("%" PRIx64 "-%" PRIx64, mapping->start, mapping->end);
}

static void range_json(const void *data, json_object *object)
{
	const struct mapping *mapping =
		&((const struct row *)data)->device->mapping;

	json_object_object_add(object, "start", json_address(mapping->start));
	json_object_object_add(object, "end", json_address(mapping->end));
}

static uint64_t row_size(const void *data)
{
	const struct mapping *mapping =
		&((const struct row *)data)->device->mapping;

	return mapping->end - mapping->start;
}

static char *size_text(const void *data)
{
	uint64_t size = row_size(data);

	if (size % (1 << 30) == 0)
		return cell_print("%" PRIu64 "G", size >> 30);
	if (size % (1 << 20) == 0)
		return cell_print("%" PRIu64 "M", size >> 20);
	return cell_print("%" PRIu64 "K", size >> 10);
}

static void size_json(const void *data, json_object *object)
{
	json_add_number(object, "size", row_size(data));
}

static char *permissions_text(const void *data)
{
	const struct row *row = data;
	char text[5];

	mapping_permissions(&row->device->mapping, text);
	return strdup(text);
}

static void permissions_json(const void *data, json_object *object)
{
	const struct row *row = data;
	char text[5];

	mapping_permissions(&row->device->mapping, text);
	json_object_object_add(object, "permissions",
			       json_object_new_string(text));
}

/* A column that is one text of the device mapping. */
#define TEXT_COLUMN(name, key, expression)                                     \
	static char *name##_text(const void *data)                             \
	{                                                                      \
		const struct device_mapping *device =                          \
			((const struct row *)data)->device;                    \
                                                                               \
		return cell_copy(expression);                                  \
	}                                                                      \
                                                                               \
	static void name##_json(const void *data, json_object *object)         \
	{                                                                      \
		const struct device_mapping *device =                          \
			((const struct row *)data)->device;                    \
                                                                               \
		json_object_object_add(object, key, json_text(expression));    \
	}

TEXT_COLUMN(kind, "kind", device->kind->name)
TEXT_COLUMN(class, "class", mapping_class_name(device->class))
TEXT_COLUMN(device, "device", device->region_text)
TEXT_COLUMN(driver, "driver", device->driver)
TEXT_COLUMN(type, "memory_type", device->memory_type)
TEXT_COLUMN(path, "path", device->mapping.path)
TEXT_COLUMN(problem, "problem", device->problem)

/* The BAR that the first byte shows. */
static char *pci_text(const void *data)
{
	const struct row *row = data;
	const struct device_mapping *device = row->device;
	const char *name;
	uint64_t offset;
	unsigned bar;

	if (!device_pci_at(row->session->machine, device, device->mapping.start,
			   &name, &bar, &offset))
		return cell_copy(device->region.kind == REGION_PCI
					 ? device->region_text
					 : device->pci);
	if (!offset)
		return cell_print("%s/bar%u", name, bar);
	return cell_print("%s/bar%u+0x%" PRIx64, name, bar, offset);
}

static void pci_json(const void *data, json_object *object)
{
	cleanup_free char *text = pci_text(data);

	json_object_object_add(object, "pci", json_text(text));
}

static char *id_text(const void *data)
{
	const struct device_mapping *device =
		((const struct row *)data)->device;

	if (!device->vendor)
		return NULL;
	return cell_print("%04" PRIx64 ":%04" PRIx64, device->vendor,
			  device->device);
}

static void id_json(const void *data, json_object *object)
{
	cleanup_free char *text = id_text(data);

	json_object_object_add(object, "id", json_text(text));
}

/* The name that a UIO driver gives its map. */
static char *name_text(const void *data)
{
	const struct row *row = data;
	const struct region_name *region = &row->device->region;

	if (region->kind != REGION_UIO || !region->has_part)
		return NULL;
	return file_line(row->session->machine->root.fd,
			 "sys/class/uio/uio%" PRIu64 "/maps/map%" PRIu64
			 "/name",
			 region->number, region->part);
}

static void name_json(const void *data, json_object *object)
{
	cleanup_free char *text = name_text(data);

	json_object_object_add(object, "name", json_text(text));
}

static char *physical_text(const void *data)
{
	const struct device_mapping *device =
		((const struct row *)data)->device;

	return device->has_physical ? cell_print("0x%" PRIx64, device->physical)
				    : NULL;
}

static void physical_json(const void *data, json_object *object)
{
	const struct device_mapping *device =
		((const struct row *)data)->device;

	json_object_object_add(
		object, "physical",
		device->has_physical ? json_address(device->physical) : NULL);
}

static char *offset_text(const void *data)
{
	return cell_print("0x%" PRIx64,
			  ((const struct row *)data)->device->mapping.offset);
}

static void offset_json(const void *data, json_object *object)
{
	const struct row *row = data;

	json_object_object_add(object, "offset",
			       json_address(row->device->mapping.offset));
}

/* Whether a backend reads the first page with some width. */
static bool serves(const struct row *row, const struct backend *backend,
		   unsigned bits)
{
	struct site site = {
		.mapping = &row->device->mapping,
		.device = row->device,
		.address = row->device->mapping.start,
	};
	struct error *error = backend->check(row->session, &site, bits, false);

	error_destroy(error);
	return !error;
}

static char *backends_text(const void *data)
{
	char *text = NULL;
	size_t size = 0, count = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < n_backends; i++) {
		const char *before = ":";

		for (unsigned bits = 8; bits <= 64; bits *= 2) {
			if (!serves(data, backends[i], bits))
				continue;
			if (*before == ':')
				fprintf(stream, "%s%s", count++ ? " " : "",
					backends[i]->name);
			fprintf(stream, "%s%u", before, bits);
			before = ",";
		}
	}
	if (!count)
		fputc('-', stream);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

static void backends_json(const void *data, json_object *object)
{
	json_object *all = json_object_new_object();

	for (size_t i = 0; i < n_backends; i++) {
		json_object *widths = json_object_new_array();

		for (unsigned bits = 8; bits <= 64; bits *= 2)
			if (serves(data, backends[i], bits))
				json_object_array_add(
					widths, json_object_new_int((int)bits));
		json_object_object_add(all, backends[i]->name, widths);
	}
	json_object_object_add(object, "backends", all);
}

#define COLUMN(name_, stem, standard_, right_, help_)                          \
	{                                                                      \
		.name = (name_), .help = (help_), .standard = (standard_),     \
		.right = (right_), .text = stem##_text, .json = stem##_json,   \
	}

static const struct table_column columns[] = {
	COLUMN("INDEX", index, true, true, "of the mapping in its process"),
	COLUMN("PID", pid, true, true, "process"),
	COLUMN("COMMAND", command, true, false, "its name"),
	COLUMN("RANGE", range, true, false, "addresses in the process"),
	COLUMN("SIZE", size, true, true, "of the mapping"),
	COLUMN("PERM", permissions, true, false, "permissions, as in maps"),
	COLUMN("KIND", kind, true, false,
	       "pci, mem, uio, vfio, drm, hpet, file or other"),
	COLUMN("DEVICE", device, true, false, "region, as @ takes it"),
	COLUMN("PCI", pci, true, false, "BAR that the first byte shows"),
	COLUMN("ID", id, true, false, "vendor:device"),
	COLUMN("DRIVER", driver, true, false, "bound now"),
	COLUMN("PHYSICAL", physical, true, true, "address of the first byte"),
	COLUMN("OFFSET", offset, false, true, "in the mapped file"),
	COLUMN("BACKENDS", backends, true, false, "what reads it, and widths"),
	COLUMN("CLASS", class, false, false, "register or buffer"),
	COLUMN("TYPE", type, false, false, "memory type"),
	COLUMN("NAME", name, false, false, "of the UIO map"),
	COLUMN("PATH", path, false, false, "of the mapped file"),
	COLUMN("PROBLEM", problem, false, false,
	       "why the region's offsets are not known"),
};

static const size_t n_columns = sizeof(columns) / sizeof(columns[0]);

struct row_list {
	struct row *items;
	size_t count, capacity;
};

static struct error *add_rows(struct session *session,
			      const struct region_name *region,
			      struct row_list *rows)
{
	for (size_t i = 0; i < session->devices.count; i++) {
		const struct device_mapping *device =
			&session->devices.items[i];

		if (region && !region_is_shown(session, device, region))
			continue;
		if (!list_grow(&rows->items, rows->count, &rows->capacity,
			       sizeof(*rows->items)))
			return error_no_memory();
		rows->items[rows->count++] = (struct row){session, device};
	}
	return NULL;
}

/* `session`: the one process that was asked for, or NULL. */
static void print_json(const struct command_context *context,
		       const struct session *session,
		       const struct table_column *const *chosen,
		       size_t n_chosen, const struct row_list *rows)
{
	struct json_document document;

	json_document_init(&document, context->options->json_lines,
			   context->command->list,
			   json_head(context->command->name, session));
	for (size_t i = 0; i < rows->count; i++)
		json_document_add(&document, table_json(chosen, n_chosen,
							&rows->items[i]));
	json_document_end(&document, json_tail(NULL));
}

static struct error *print_rows(const struct options *options,
				const struct table_column *const *chosen,
				size_t n_chosen, const struct row_list *rows)
{
	struct table_options table = {
		.no_headings = options->no_headings,
		.raw = options->raw,
	};
	cleanup_free const void **pointers = NULL;

	if (!rows->count)
		return NULL;
	pointers = calloc(rows->count, sizeof(*pointers));
	if (!pointers)
		return error_no_memory();
	for (size_t i = 0; i < rows->count; i++)
		pointers[i] = &rows->items[i];
	return table_print(chosen, n_chosen, pointers, rows->count, &table);
}

/* One process, or all that we may look at, as sessions in `*ret`. */
static struct error *open_sessions(const struct command_context *context,
				   struct scan_result *ret)
{
	const struct options *options = context->options;
	struct session *session;
	struct error *error;
	pid_t pid;

	if (!options->process)
		return scan_processes(context->machine, options->stand_in, ret);
	error = process_find(&context->machine->root, options->process, &pid);
	if (error)
		return error;
	error = session_create(context->machine, pid, options->stand_in,
			       &session);
	if (error)
		return error;
	if (!list_grow(&ret->sessions, 0, &ret->capacity, sizeof(session))) {
		session_destroy(session);
		return error_no_memory();
	}
	ret->sessions[ret->count++] = session;
	return NULL;
}

static void explain_nothing(const struct options *options,
			    const struct scan_result *scan)
{
	if (options->n_arguments)
		diagnostic_note("nobody has it mapped%s",
				scan->denied ? " among the processes that we "
					       "may look at"
					     : "");
	else
		diagnostic_note("there is no device mapping%s",
				options->process ? " in this process" : "");
}

static void explain_denied(const struct scan_result *scan)
{
	diagnostic_note("%zu process%s could not be looked at for want of "
			"permission",
			scan->denied, scan->denied == 1 ? "" : "es");
}

static struct error *list_maps(const struct command_context *context,
			       const struct region_name *region,
			       struct scan_result *scan, int *ret_status)
{
	const struct options *options = context->options;
	cleanup_free const struct table_column **chosen = NULL;
	struct row_list rows = {0};
	struct error *error;
	size_t n_chosen;

	error = table_choose(columns, n_columns, options->columns, &chosen,
			     &n_chosen);
	if (!error)
		error = open_sessions(context, scan);
	for (size_t i = 0; !error && i < scan->count; i++)
		error = add_rows(scan->sessions[i], region, &rows);
	if (!error && options->json)
		print_json(context, options->process ? scan->sessions[0] : NULL,
			   chosen, n_chosen, &rows);
	else if (!error)
		error = print_rows(options, chosen, n_chosen, &rows);
	for (size_t i = 0; !error && !region && i < scan->count; i++)
		held_target_listed(context->held, scan->sessions[i]);
	if (!error && !rows.count)
		explain_nothing(options, scan);
	if (!error && scan->denied && (!rows.count || options->verbose))
		explain_denied(scan);
	*ret_status = region && !rows.count ? STATUS_FAILED : STATUS_DONE;
	free(rows.items);
	return error;
}

/* The argument; `*ret` stays empty without one. */
static struct error *check_device(const struct options *options,
				  struct region_name *ret)
{
	if (options->n_arguments > 1)
		return error_create(ERROR_USAGE, 0,
				    "`maps` takes one device at most");
	return options->n_arguments
		       ? region_name_parse(options->arguments[0], ret)
		       : NULL;
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	const struct options *options = context->options;
	struct region_name region = {0};
	struct scan_result scan = {0};
	struct error *error = check_device(options, &region);

	if (error)
		return error;

	error = list_maps(context, options->n_arguments ? &region : NULL, &scan,
			  ret_status);
	scan_result_deinit(&scan);
	region_name_deinit(&region);
	return error;
}

static struct error *check(const struct command_context *context)
{
	const struct options *options = context->options;
	cleanup_free const struct table_column **chosen = NULL;
	struct region_name region = {0};
	struct error *error = check_device(options, &region);
	struct scan_result scan = {0};
	size_t n_chosen;

	if (!error)
		error = table_choose(columns, n_columns, options->columns,
				     &chosen, &n_chosen);
	if (!error && options->process)
		error = open_sessions(context, &scan);
	scan_result_deinit(&scan);
	region_name_deinit(&region);
	return error;
}

static const struct command_table tables[] = {
	{NULL, columns, &n_columns},
	{NULL, NULL, NULL},
};

const struct command command_maps = {
	.name = "maps",
	.list = "maps",
	.arguments = "[DEVICE]",
	.summary = "the device mappings of processes; who has DEVICE mapped",
	.help = "  maps              of every process that you may look at\n"
		"  maps -p app       of one\n"
		"  maps 03:00.0      who has this device mapped (1: nobody)\n"
		"  maps -o +TYPE,PATH\n",
	.only_looks = true,
	.groups = GROUP_TARGET | GROUP_TABLE,
	.tables = tables,
	.check = check,
	.run = run,
};
