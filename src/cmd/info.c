/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `info`: explains a location, without touching the device. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/backend.h"
#include "access/evidence.h"
#include "access/kernelpath.h"
#include "base/error.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/target.h"
#include "plan/resolve.h"
#include "plan/typed.h"
#include "render/json.h"
#include "target/machine.h"
#include "target/session.h"
#include "target/state.h"

typedef unsigned long long ull;

/* What is told of one location. */
struct report {
	const struct options *options;
	struct session *session;
	const struct location *location;
	char *type; /* of what a name means, in words; or NULL */
	struct resolved place;
	struct site site;
	struct device_state state;
	struct evidence evidence;
	bool has_bar;
	const char *pci;
	unsigned bar;
	uint64_t bar_offset;
};

static void put(const char *key, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A line; what a target named is in it, and is escaped. */
static void put(const char *key, const char *format, ...)
{
	cleanup_free char *text = NULL, *shown = NULL;
	int length;
	va_list arguments;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		text = NULL;
	shown = text ? text_escape(text, (size_t)length) : NULL;
	printf("  %-12s %s\n", key, shown ? shown : "?");
}

static void put_mapping(const struct report *report)
{
	const struct mapping *mapping = report->site.mapping;
	char permissions[5];

	mapping_permissions(mapping, permissions);
	put("mapping", "%" PRIx64 "-%" PRIx64 " %s offset 0x%" PRIx64 " %s%s",
	    mapping->start, mapping->end, permissions, mapping->offset,
	    *mapping->path ? mapping->path : "(anonymous)",
	    mapping->deleted ? " (deleted)" : "");
}

static void put_device(const struct report *report)
{
	const struct device_mapping *device = report->site.device;
	uint64_t inside = report->site.address - device->mapping.start;

	put("index", "%u", device->index);
	put("kind", "%s", device->kind->name);
	if (device->placed && device->region_size)
		put("region", "%s + 0x%" PRIx64 " of 0x%" PRIx64,
		    device->region_text, inside + device->placement,
		    device->region_size);
	else if (device->placed)
		put("region", "%s + 0x%" PRIx64, device->region_text,
		    inside + device->placement);
	else
		put("region", "%s, offset unknown: %s", device->region_text,
		    device->problem);
	if (report->has_bar)
		put("bar", "%s/bar%u + 0x%" PRIx64, report->pci, report->bar,
		    report->bar_offset);
	if (device->vendor)
		put("id", "%04" PRIx64 ":%04" PRIx64, device->vendor,
		    device->device);
	put("driver", "%s", device->driver ? device->driver : "none");
}

static char *owner_text(const struct report *report, uint64_t physical)
{
	const struct iomem *iomem;
	const char *owner;

	error_destroy(machine_iomem(report->session->machine, &iomem));
	if (!report->session->machine->has_iomem)
		return NULL;
	if (!iomem->visible)
		return strdup("unknown (/proc/iomem is hidden from us)");
	owner = iomem_owner(iomem, physical);
	return strdup(owner ? owner : "nobody");
}

static void put_physical(const struct report *report)
{
	const struct device_mapping *device = report->site.device;
	uint64_t physical = device->physical +
			    (report->site.address - device->mapping.start);
	cleanup_free char *owner = NULL;

	if (!device->has_physical) {
		put("physical", "unknown");
		return;
	}
	owner = owner_text(report, physical);
	put("physical", "0x%" PRIx64 ", owned by %s", physical,
	    owner ? owner : "?");
}

static void put_state(const struct report *report)
{
	const struct device_state *state = &report->state;

	if (state->problem)
		put("state", "%s; %s", state->problem, state->help);
	else if (state->known)
		put("state", "enabled%s%s%s%s",
		    state->power_state ? ", power " : "",
		    state->power_state ? state->power_state : "",
		    state->runtime_status ? ", runtime " : "",
		    state->runtime_status ? state->runtime_status : "");
	else
		put("state", "unknown (not a device of sysfs)");
}

/* What speaks for the pages having been taken away, or against it. */
static void put_pages(const struct report *report)
{
	const struct evidence *evidence = &report->evidence;
	const struct evidence_item *cause = evidence_cause(evidence);

	if (cause)
		put("pages", "may have been taken away: %s%s%s", cause->text,
		    cause->help ? "; " : "", cause->help ? cause->help : "");
	else
		put("pages", "nothing shows that they were taken away");
	for (size_t i = 0; i < evidence->count; i++)
		put("evidence", "%s", evidence->items[i].text);
}

/* The backend for a width, or why there is none. */
static struct error *ask(const struct report *report, unsigned bits, bool write,
			 struct route *ret)
{
	if (report->site.address % (bits / 8))
		return error_create(ERROR_MISALIGNED, 0, "misaligned");
	return backend_choose(report->session, &report->site, bits, write,
			      report->options->plan.backend, ret);
}

/* Why a backend is used and not the one that comes before it, or NULL. */
static struct error *reason_of(const struct report *report, unsigned bits,
			       bool write, const struct route *route)
{
	if (!route->backend || report->options->plan.backend ||
	    route->backend == backends[0])
		return NULL;
	return backends[0]->check(report->session, &report->site, bits, write);
}

static void put_widths(const struct report *report)
{
	for (unsigned bits = 8; bits <= 64; bits *= 2) {
		for (unsigned write = 0; write < 2; write++) {
			struct route route = {0};
			cleanup_error struct error *error =
				ask(report, bits, write, &route);
			cleanup_error struct error *why =
				reason_of(report, bits, write, &route);
			char key[16];

			snprintf(key, sizeof(key), "%s %u",
				 write ? "write" : "read", bits);
			if (error)
				put(key, "refused: %s", error->message);
			else
				put(key, "%s%s%s", route.backend->name,
				    why ? ": " : "", why ? why->message : "");
		}
	}
}

/* What the kernel's access path risks here, or NULL. */
static const char *risk_of(const struct report *report,
			   const struct kernel_path *path)
{
	bool trusted = report->session->machine->trust_kernel && path->risk;

	return trusted ? path->risk : path->warning;
}

static void put_kernel_path(const struct report *report)
{
	const struct kernel_path *path =
		kernel_path_find(report->session->machine);
	const char *risk = path ? risk_of(report, path) : NULL;

	put("kernel path", "%s%s%s",
	    path ? path->source : "nothing is known of this machine",
	    risk ? "; " : "", risk ? risk : "");
}

static void put_report(const struct report *report)
{
	const struct device_mapping *device = report->site.device;

	put("location", "%s", report->location->text);
	put("process", "%d (%s)", (int)report->session->process.pid,
	    report->session->name);
	if (report->session->tracer)
		put("traced by", "process %d", (int)report->session->tracer);
	if (report->type)
		put("type", "%s", report->type);
	put("address", "0x%" PRIx64, report->site.address);
	put_mapping(report);
	put("class", "%s", mapping_class_name(site_class(&report->site)));
	if (device) {
		put_device(report);
		put_physical(report);
		put("memory type", "%s%s",
		    device->memory_type ? device->memory_type : "unknown",
		    !device->memory_type       ? ""
		    : device->memory_type_seen ? " (the kernel says so)"
					       : " (what such mappings are)");
		put("access", "%s method%s%s",
		    access_method_name(device->method),
		    device->kind->note ? ": " : "",
		    device->kind->note ? device->kind->note : "");
		put_state(report);
		put_pages(report);
		put_kernel_path(report);
	}
	put_widths(report);
}

static json_object *json_device(const struct report *report)
{
	const struct device_mapping *device = report->site.device;
	uint64_t inside = report->site.address - device->mapping.start;
	json_object *object = json_object_new_object();
	json_object *evidence = json_object_new_array();
	const struct kernel_path *path =
		kernel_path_find(report->session->machine);
	cleanup_free char *owner = NULL, *id = NULL;

	json_object_object_add(object, "index",
			       json_object_new_int((int)device->index));
	json_object_object_add(object, "kind", json_text(device->kind->name));
	json_object_object_add(object, "region",
			       json_text(device->region_text));
	if (device->placed)
		json_object_object_add(
			object, "region_offset",
			json_address(inside + device->placement));
	if (device->region_size)
		json_object_object_add(object, "region_size",
				       json_address(device->region_size));
	if (device->problem)
		json_object_object_add(object, "problem",
				       json_text(device->problem));
	if (report->has_bar) {
		json_object_object_add(object, "pci", json_text(report->pci));
		json_object_object_add(object, "bar",
				       json_object_new_int((int)report->bar));
		json_object_object_add(object, "bar_offset",
				       json_address(report->bar_offset));
	}
	if (device->vendor && asprintf(&id, "%04" PRIx64 ":%04" PRIx64,
				       device->vendor, device->device) < 0)
		id = NULL;
	json_object_object_add(object, "id", json_text(id));
	json_object_object_add(object, "driver", json_text(device->driver));
	if (device->has_physical) {
		owner = owner_text(report, device->physical + inside);
		json_object_object_add(object, "physical",
				       json_address(device->physical + inside));
		json_object_object_add(object, "owner", json_text(owner));
	}
	json_object_object_add(object, "memory_type",
			       json_text(device->memory_type));
	json_object_object_add(
		object, "memory_type_seen",
		json_object_new_boolean(device->memory_type_seen));
	json_object_object_add(object, "access_method",
			       json_text(access_method_name(device->method)));
	json_object_object_add(
		object, "enabled",
		report->state.known
			? json_object_new_boolean(report->state.enabled)
			: NULL);
	json_object_object_add(object, "power_state",
			       json_text(report->state.power_state));
	json_object_object_add(object, "runtime_status",
			       json_text(report->state.runtime_status));
	json_object_object_add(object, "state_problem",
			       json_text(report->state.problem));
	json_object_object_add(
		object, "taken_away",
		json_object_new_boolean(evidence_cause(&report->evidence) !=
					NULL));
	for (size_t i = 0; i < report->evidence.count; i++)
		json_object_array_add(
			evidence, json_text(report->evidence.items[i].text));
	json_object_object_add(object, "evidence", evidence);
	json_object_object_add(object, "kernel_path",
			       json_text(path ? path->source : NULL));
	json_object_object_add(object, "kernel_risk",
			       json_text(path ? risk_of(report, path) : NULL));
	return object;
}

static json_object *json_widths(const struct report *report, bool write)
{
	json_object *object = json_object_new_object();

	for (unsigned bits = 8; bits <= 64; bits *= 2) {
		struct route route = {0};
		cleanup_error struct error *error =
			ask(report, bits, write, &route);
		cleanup_error struct error *why =
			reason_of(report, bits, write, &route);
		json_object *answer = json_object_new_object();
		char key[8];

		snprintf(key, sizeof(key), "%u", bits);
		if (error)
			json_object_object_add(answer, "error",
					       json_error(error));
		else
			json_object_object_add(answer, "backend",
					       json_text(route.backend->name));
		if (why)
			json_object_object_add(answer, "why",
					       json_text(why->message));
		json_object_object_add(object, key, answer);
	}
	return object;
}

static json_object *json_report(const struct report *report)
{
	const struct mapping *mapping = report->site.mapping;
	json_object *object = json_object_new_object();
	json_object *map = json_object_new_object();
	char permissions[5];

	mapping_permissions(mapping, permissions);
	json_object_object_add(map, "start", json_address(mapping->start));
	json_object_object_add(map, "end", json_address(mapping->end));
	json_object_object_add(map, "permissions", json_text(permissions));
	json_object_object_add(map, "offset", json_address(mapping->offset));
	json_object_object_add(map, "path", json_text(mapping->path));
	json_object_object_add(map, "deleted",
			       json_object_new_boolean(mapping->deleted));

	json_object_object_add(object, "location",
			       json_text(report->location->text));
	if (report->type)
		json_object_object_add(object, "type", json_text(report->type));
	json_object_object_add(object, "address",
			       json_address(report->site.address));
	json_object_object_add(object, "mapping", map);
	json_object_object_add(
		object, "class",
		json_text(mapping_class_name(site_class(&report->site))));
	json_object_object_add(
		object, "tracer",
		json_object_new_int((int)report->session->tracer));
	if (report->site.device)
		json_object_object_add(object, "device", json_device(report));
	json_object_object_add(object, "read", json_widths(report, false));
	json_object_object_add(object, "write", json_widths(report, true));
	return object;
}

static struct error *read_state(struct report *report)
{
	const struct device_mapping *device = report->site.device;
	struct machine *machine = report->session->machine;
	cleanup_free char *folder = NULL;
	struct error *error;

	report->has_bar =
		device_pci_at(machine, device, report->site.address,
			      &report->pci, &report->bar, &report->bar_offset);
	error = device_folder_at(machine, device, report->site.address,
				 &folder);
	if (!error)
		device_state_read(&machine->root, folder, &report->state);
	return error;
}

static struct error *resolve(struct session *session,
			     const struct location *location,
			     struct resolved *ret)
{
	/* The first byte: any width may be asked about later. */
	struct error *error =
		resolve_location(session, location, 1, 1,
				 location->range == RANGE_NONE, false, ret);

	return error ? error_subject(session_judge(session, error),
				     location->text)
		     : NULL;
}

static struct error *explain(const struct command_context *context,
			     struct session *session,
			     const struct location *location,
			     struct json_document *document)
{
	struct report report = {
		.options = context->options,
		.session = session,
		.location = location,
	};
	struct error *error = resolve(session, location, &report.place);

	if (error)
		return error;
	error = typed_describe(session, location, &report.type);
	report.site = report.place.spans[0].site;
	if (!error && report.site.device) {
		error = read_state(&report);
		evidence_collect(session, &report.site, false,
				 &report.evidence);
	}
	if (!error && context->options->json)
		json_document_add(document, json_report(&report));
	else if (!error)
		put_report(&report);
	free(report.type);
	device_state_deinit(&report.state);
	evidence_deinit(&report.evidence);
	resolved_deinit(&report.place);
	return error;
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	cleanup_location_list struct location_list locations = {0};
	cleanup_session struct session *session = NULL;
	struct json_document document;
	struct error *error;

	error = locations_parse(context->options, &locations);
	if (!error)
		error = target_open(context, &locations, &session);
	if (context->options->json)
		json_document_init(&document, context->options->json_lines,
				   context->command->list,
				   json_head(context->command->name, session));
	for (size_t i = 0; !error && i < locations.count; i++)
		error = explain(context, session, locations.items[i],
				&document);
	if (context->options->json)
		json_document_end(&document, json_tail(error));
	*ret_status = STATUS_DONE;
	return error;
}

static struct error *check(const struct command_context *context)
{
	cleanup_location_list struct location_list locations = {0};
	cleanup_session struct session *session = NULL;
	struct error *error = locations_parse(context->options, &locations);

	if (!error)
		error = target_open(context, &locations, &session);
	for (size_t i = 0; !error && i < locations.count; i++) {
		struct resolved place = {0};

		error = resolve(session, locations.items[i], &place);
		resolved_deinit(&place);
	}
	return error;
}

const struct command command_info = {
	.name = "info",
	.list = "locations",
	.arguments = "LOCATION...",
	.summary = "explain a location, without touching the device",
	.help = "  info @03:00.0/bar0+0x8   mapping, device, state, and what "
		"would serve which\n"
		"                           width, or why nothing would\n",
	.only_looks = true,
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_BACKEND,
	.check = check,
	.run = run,
};
