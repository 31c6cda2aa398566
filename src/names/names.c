/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/names.h"

#include <stdlib.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "names/inside.h"

void names_destroy(struct names *names)
{
	if (!names)
		return;
	types_deinit(names);
	for (size_t i = 0; i < names->n_modules; i++)
		module_close(&names->modules[i]);
	free(names->modules);
	for (size_t i = 0; i < names->n_kept; i++)
		free(names->kept[i]);
	free(names->kept);
	free(names->copies);
	names->source->destroy(names->source);
	free(names);
}

struct error *names_create(struct name_source *source, struct names **ret)
{
	struct names *names = calloc(1, sizeof(*names));
	struct module *modules =
		calloc(source->n_modules + 1, sizeof(*modules));

	if (!names || !modules) {
		free(names);
		free(modules);
		source->destroy(source);
		return error_no_memory();
	}
	names->source = source;
	names->modules = modules;
	names->n_modules = source->n_modules;
	for (size_t i = 0; i < source->n_modules; i++)
		modules[i] = (struct module){
			.source = &source->modules[i],
			.number = i,
			.file = {.fd = -1},
			.debug = {.file = {.fd = -1}},
			.alt = {.file = {.fd = -1}},
		};
	*ret = names;
	return NULL;
}

void names_limit(struct names *names, uint64_t deadline)
{
	names->deadline = deadline;
	names->stopped = false;
}

bool names_are_stopped(const struct names *names)
{
	return names->stopped;
}

bool names_must_stop(struct names *names)
{
	names->stopped |= interrupt_pending() ||
			  (names->deadline && clock_now() >= names->deadline);
	return names->stopped;
}

struct error *names_judge(const struct names *names, struct error *error)
{
	if (!names->stopped)
		return error;
	error_destroy(error);
	return error_create(ERROR_INTERRUPTED, 0,
			    "interrupted while names were looked up");
}

const char *names_keep(struct names *names, char *text)
{
	if (!text)
		return NULL;
	if (!list_grow(&names->kept, names->n_kept, &names->kept_capacity,
		       sizeof(*names->kept))) {
		free(text);
		return NULL;
	}
	names->kept[names->n_kept++] = text;
	return text;
}
