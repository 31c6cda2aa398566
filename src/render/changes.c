/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/changes.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "plan/element.h"
#include "render/value.h"

#define STANDS_OUT "\033[1;36m"
#define PLAIN      "\033[0m"

/* More runs of bits than these are a mask. */
enum { MOST_RUNS = 4 };

typedef unsigned long long ull;

static void put_view(FILE *stream, const struct session *session,
		     const struct operation *operation, const struct view *view,
		     uint64_t shown)
{
	cleanup_free char *meaning = NULL;

	if (!operation->has_view || !operation->means)
		return;
	meaning = value_meaning(session, view, shown,
				operation_shown_bits(operation));
	fputs(meaning ? meaning : "", stream);
}

void put_meaning(FILE *stream, const struct session *session,
		 const struct operation *operation, uint64_t value)
{
	put_view(stream, session, operation, &operation->view,
		 operation_shown(operation, value));
}

void put_digits(FILE *stream, const struct operation *operation, uint64_t value,
		uint64_t changed, bool color)
{
	uint64_t shown = operation_shown(operation, value);
	unsigned digits = (operation_shown_bits(operation) + 3) / 4;
	bool out = false;

	fputs("0x", stream);
	while (digits--) {
		bool other = color && (changed >> 4 * digits & 0xf) != 0;

		if (other != out)
			fputs(other ? STANDS_OUT : PLAIN, stream);
		out = other;
		fprintf(stream, "%llx", (ull)(shown >> 4 * digits & 0xf));
	}
	if (out)
		fputs(PLAIN, stream);
}

/* The next run of bits below `end`: false if there is none. */
static bool next_run(uint64_t mask, unsigned end, unsigned *ret_high,
		     unsigned *ret_low)
{
	while (end && !(mask >> (end - 1) & 1))
		end--;
	if (!end)
		return false;
	*ret_high = *ret_low = end - 1;
	while (*ret_low && mask >> (*ret_low - 1) & 1)
		--*ret_low;
	return true;
}

void put_bits(FILE *stream, uint64_t mask, unsigned bits)
{
	unsigned high, low = bits, runs = 0;

	while (next_run(mask, low, &high, &low))
		runs++;
	fputs(mask & (mask - 1) ? "bits " : "bit ", stream);
	if (runs > MOST_RUNS) {
		fprintf(stream, "0x%0*llx", (int)(bits + 3) / 4, (ull)mask);
		return;
	}
	for (low = bits; next_run(mask, low, &high, &low); runs--) {
		fprintf(stream, "%u", high);
		if (high > low)
			fprintf(stream, ":%u", low);
		fputs(runs > 1 ? ", " : "", stream);
	}
}

/* Its scalar, and those fields that have a bit of `changed`; shallow. */
static struct view changed_view(const struct view *view, uint64_t changed)
{
	struct view of = *view;

	of.n_fields = 0;
	of.fields = calloc(view->n_fields + 1, sizeof(*of.fields));
	for (size_t i = 0; of.fields && i < view->n_fields; i++) {
		const struct field *field = &view->fields[i];

		if (changed >> field->low & ones(field->high - field->low + 1))
			of.fields[of.n_fields++] = *field;
	}
	return of;
}

void put_change(FILE *stream, const struct session *session,
		const struct operation *operation, uint64_t before,
		uint64_t changed)
{
	uint64_t shown = operation_shown(operation, before);
	unsigned bits = operation_shown_bits(operation);
	struct view of = changed_view(&operation->view, changed);

	fprintf(stream, "was 0x%0*llx", (int)(bits + 3) / 4, (ull)shown);
	put_view(stream, session, operation, &of, shown);
	free(of.fields);
	fputs(", ", stream);
	put_bits(stream, changed, bits);
}
