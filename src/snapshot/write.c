/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members of an object have one order, and each device, type and register
 * stands in a line of its own, so that tools for text show what differs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "snapshot/snapshot.h"

/* What cannot be printed becomes \xHH before it becomes JSON, as everywhere
 * where a target's text is shown. */
static void put_text(FILE *stream, const char *text)
{
	cleanup_free char *shown = text_escape(text, strlen(text));

	putc('"', stream);
	for (const char *c = shown; c && *c; c++) {
		if (*c == '"' || *c == '\\')
			putc('\\', stream);
		putc(*c, stream);
	}
	putc('"', stream);
}

/* `,"KEY":"TEXT"`, unless there is none. */
static void put_member(FILE *stream, const char *key, const char *text)
{
	if (!text)
		return;
	fprintf(stream, ",\"%s\":", key);
	put_text(stream, text);
}

static void put_scalar(FILE *stream, const struct scalar *scalar)
{
	fprintf(stream, "\"kind\":\"%s\"", snapshot_kind_name(scalar));
	if (scalar->is_signed)
		fputs(",\"signed\":true", stream);
	if (!scalar->n_enumerators || scalar->kind != TYPE_ENUM)
		return;
	fputs(",\"enumerators\":[", stream);
	for (size_t i = 0; i < scalar->n_enumerators; i++) {
		fputs(i ? ",{\"name\":" : "{\"name\":", stream);
		put_text(stream, scalar->enumerators[i].name);
		fprintf(stream, ",\"value\":\"0x%016" PRIx64 "\"}",
			scalar->enumerators[i].value);
	}
	putc(']', stream);
}

static void put_type(FILE *stream, const struct view *view)
{
	putc('{', stream);
	if (view->type) {
		fputs("\"name\":", stream);
		put_text(stream, view->type);
		putc(',', stream);
	}
	put_scalar(stream, &view->scalar);
	for (size_t i = 0; i < view->n_fields; i++) {
		const struct field *field = &view->fields[i];

		fputs(i ? ",{\"name\":" : ",\"fields\":[{\"name\":", stream);
		put_text(stream, field->name);
		fprintf(stream, ",\"bits\":\"%u:%u\",", field->high,
			field->low);
		put_scalar(stream, &field->scalar);
		putc('}', stream);
	}
	fputs(view->n_fields ? "]}" : "}", stream);
}

static void put_device(FILE *stream, const struct snapshot_device *device)
{
	fputs("{\"region\":", stream);
	put_text(stream, device->region);
	put_member(stream, "kind", device->kind);
	put_member(stream, "class", device->class);
	if (device->size)
		fprintf(stream, ",\"size\":\"0x%016" PRIx64 "\"", device->size);
	put_member(stream, "pci", device->pci);
	if (device->has_bar)
		fprintf(stream, ",\"bar\":%u", device->bar);
	if (device->has_id)
		fprintf(stream, ",\"id\":\"%04" PRIx64 ":%04" PRIx64 "\"",
			device->vendor, device->device);
	put_member(stream, "driver", device->driver);
	if (device->has_physical)
		fprintf(stream, ",\"physical\":\"0x%016" PRIx64 "\"",
			device->physical);
	putc('}', stream);
}

static void put_content(FILE *stream, const struct snapshot_register *one)
{
	if (one->known) {
		fprintf(stream, ",\"value\":\"0x%0*" PRIx64 "\"",
			(int)one->width / 4, one->value);
		if (one->suspect)
			fputs(",\"suspect\":true", stream);
		return;
	}
	fputs(",\"error\":{\"kind\":", stream);
	put_text(stream, one->error_kind);
	put_member(stream, "message", one->error_message);
	putc('}', stream);
}

static void put_register(FILE *stream, const struct snapshot_register *one)
{
	fputs("{\"name\":", stream);
	put_text(stream, one->name);
	if (one->device != SNAPSHOT_NONE)
		fprintf(stream, ",\"device\":%zu", one->device);
	if (one->has_offset)
		fprintf(stream, ",\"offset\":\"0x%" PRIx64 "\"", one->offset);
	put_member(stream, "location", one->location);
	fprintf(stream, ",\"width\":%u", one->width);
	if (one->halves)
		fputs(",\"halves\":true", stream);
	else if (one->width > 8)
		put_member(stream, "order", one->is_big ? "be" : "le");
	if (one->has_bits)
		fprintf(stream, ",\"bits\":\"%u:%u\"", one->high, one->low);
	if (one->type != SNAPSHOT_NONE)
		fprintf(stream, ",\"type\":%zu", one->type);
	put_content(stream, one);
	putc('}', stream);
}

/* Between the items of a list, each in a line. */
static const char *before(size_t i)
{
	return i ? ",\n" : "\n";
}

void snapshot_write(const struct snapshot *snapshot, FILE *stream)
{
	fprintf(stream, "{\"format\":\"mmiodbg-snapshot\",\"version\":%d",
		SNAPSHOT_VERSION);
	put_member(stream, "mmiodbg", snapshot->program);
	put_member(stream, "created", snapshot->created);
	fprintf(stream, ",\n\"target\":{\"pid\":%" PRIu64, snapshot->pid);
	put_member(stream, "process", snapshot->process);
	put_member(stream, "machine", snapshot->machine);
	fputs("},\n\"devices\":[", stream);
	for (size_t i = 0; i < snapshot->n_devices; i++) {
		fputs(before(i), stream);
		put_device(stream, &snapshot->devices[i]);
	}
	fputs("\n],\n\"types\":[", stream);
	for (size_t i = 0; i < snapshot->n_types; i++) {
		fputs(before(i), stream);
		put_type(stream, &snapshot->types[i].view);
	}
	fputs("\n],\n\"registers\":[", stream);
	for (size_t i = 0; i < snapshot->n_registers; i++) {
		fputs(before(i), stream);
		put_register(stream, &snapshot->registers[i]);
	}
	fprintf(stream, "\n],\n\"count\":%zu}\n", snapshot->n_registers);
}
