/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "names/names.h"
#include "plan/object.h"
#include "plan/piece.h"

typedef unsigned long long ull;

void view_deinit(struct view *view)
{
	for (size_t i = 0; i < view->n_fields; i++)
		free(view->fields[i].name);
	free(view->fields);
	free(view->label);
	free(view->type);
	*view = (struct view){0};
}

void layout_deinit(struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		view_deinit(&layout->items[i].view);
	free(layout->items);
	*layout = (struct layout){0};
}

struct error *scalar_of(struct names *names, type_id id, struct scalar *ret)
{
	const struct type *type;
	struct error *error = names_type(names, id, &type);

	if (error)
		return error;
	*ret = (struct scalar){
		.kind = type->kind,
		.is_signed = type->is_signed,
		.is_character = type->is_character,
		.enumerators = type->enumerators,
		.n_enumerators = type->n_enumerators,
	};
	return NULL;
}

bool scalar_named_value(const struct scalar *scalar, const char *name,
			uint64_t *ret)
{
	for (size_t i = 0; i < scalar->n_enumerators; i++)
		if (strcmp(scalar->enumerators[i].name, name) == 0) {
			*ret = scalar->enumerators[i].value;
			return true;
		}
	if (scalar->kind != TYPE_BOOLEAN ||
	    (strcmp(name, "true") != 0 && strcmp(name, "false") != 0))
		return false;
	*ret = name[0] == 't';
	return true;
}

/* Its label, and the names of its fields as they go on from that. */
static struct error *finish(struct piece *piece, const struct labels *labels,
			    struct register_layout *ret)
{
	struct view *view = &piece->layout.view;
	bool is_member = *piece->path && *piece->path != '[';
	cleanup_free char *path = path_join(
		is_member ? labels->of_members : labels->whole, piece->path);
	size_t length = strlen(piece->path);
	char width[8] = "";

	if (!path)
		return error_no_memory();
	if (piece->is_unit && !piece->is_named) {
		/* An offset drops the type, and with it the width. */
		if (piece->layout.bytes != 4)
			snprintf(width, sizeof(width), "/%u",
				 piece->layout.bytes * 8);
		if (asprintf(&view->label, "%s+0x%llx%s", path,
			     (ull)piece->distance, width) < 0)
			view->label = NULL;
	} else {
		view->label = steal(path);
	}
	if (!view->label)
		return error_no_memory();
	for (size_t i = 0; length && i < view->n_fields; i++) {
		char *name = view->fields[i].name;

		if (strncmp(name, piece->path, length) == 0 &&
		    name[length] == '.')
			memmove(name, name + length + 1,
				strlen(name + length + 1) + 1);
	}
	*ret = piece->layout;
	piece->layout.view = (struct view){0};
	return NULL;
}

static struct error *finish_all(struct pieces *pieces,
				const struct labels *labels, struct layout *ret)
{
	struct error *error = NULL;

	ret->items = calloc(pieces->count + 1, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	for (size_t i = 0; i < pieces->count && !error; i++) {
		error = finish(&pieces->items[i], labels, &ret->items[i]);
		ret->count += !error;
	}
	return error;
}

/* A bit-field that was named: its unit, and what its bits mean. */
static struct error *layout_bits(struct names *names,
				 const struct object *object,
				 const struct labels *labels,
				 struct layout *ret)
{
	struct register_layout *only = calloc(1, sizeof(*only));
	const struct type *type;
	struct error *error;

	if (!only)
		return error_no_memory();
	*ret = (struct layout){.items = only, .count = 1};
	only->bytes = object->unit_size;
	only->count = 1;
	only->view.label = strdup(labels->whole);
	only->view.type = names_spell(names, object->type);
	if (!only->view.label || !only->view.type)
		return error_no_memory();
	error = names_type(names, object->type, &type);
	if (error)
		return error;
	only->is_big = type->is_big;
	return scalar_of(names, object->type, &only->view.scalar);
}

struct error *layout_make(struct names *names, const struct object *object,
			  const struct labels *labels, struct layout *ret)
{
	cleanup_pieces struct pieces pieces = {0};
	struct layout layout = {0};
	struct error *error;

	if (object->bits) {
		error = layout_bits(names, object, labels, &layout);
	} else {
		error = pieces_make(names, object->type, &pieces);
		if (!error && !pieces.count)
			error = error_create(ERROR_USAGE, 0,
					     "there is no register in it");
		if (!error)
			error = finish_all(&pieces, labels, &layout);
	}
	if (error)
		layout_deinit(&layout);
	else
		*ret = layout;
	return error;
}
