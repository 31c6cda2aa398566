/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types as C writes them: from the inside of a declarator to its outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "names/inside.h"

enum { DEEPEST = 32 };

/* What a type adds around what is declared. */
static char *join(const char *left, const char *between, const char *right)
{
	char *text;

	return asprintf(&text, "%s%s%s", left, between, right) < 0 ? NULL
								   : text;
}

static const struct type *type_at(struct names *names, type_id id)
{
	const struct type *type = NULL;

	error_destroy(names_type_as_written(names, id, &type));
	return type;
}

static bool needs_parentheses(struct names *names, type_id target)
{
	const struct type *type = NULL;

	for (unsigned i = 0; i < DEEPEST; i++) {
		type = target != NO_TYPE ? type_at(names, target) : NULL;
		if (!type || type->kind != TYPE_ALIAS || !type->is_qualifier)
			break;
		target = type->target;
	}
	return type &&
	       (type->kind == TYPE_ARRAY || type->kind == TYPE_FUNCTION);
}

static const char *anonymous(const struct type *type)
{
	switch (type->kind) {
	case TYPE_STRUCT:
		return "struct {...}";
	case TYPE_UNION:
		return "union {...}";
	case TYPE_ENUM:
		return "enum {...}";
	default:
		return "?";
	}
}

static char *spell(struct names *names, type_id id, const char *declared,
		   unsigned depth);

static char *spell_array(struct names *names, const struct type *type,
			 const char *declared, unsigned depth)
{
	cleanup_free char *inner = NULL;
	char bound[24] = "";

	if (type->has_count)
		snprintf(bound, sizeof(bound), "%llu",
			 (unsigned long long)type->count);
	if (asprintf(&inner, "%s[%s]", declared, bound) < 0) {
		inner = NULL;
		return NULL;
	}
	return spell(names, type->target, inner, depth + 1);
}

static char *spell_pointer(struct names *names, const struct type *type,
			   const char *declared, unsigned depth)
{
	bool wrap = needs_parentheses(names, type->target);
	cleanup_free char *inner = NULL;

	if (asprintf(&inner, "%s*%s%s", wrap ? "(" : "", declared,
		     wrap ? ")" : "") < 0) {
		inner = NULL;
		return NULL;
	}
	return spell(names, type->target, inner, depth + 1);
}

static bool is_pointer(struct names *names, type_id id)
{
	const struct type *type = id != NO_TYPE ? type_at(names, id) : NULL;

	return type && type->kind == TYPE_POINTER;
}

static char *spell_qualifier(struct names *names, const struct type *type,
			     const char *declared, unsigned depth)
{
	cleanup_free char *inner = NULL;

	if (!is_pointer(names, type->target)) {
		inner = spell(names, type->target, declared, depth + 1);
		return inner ? join(type->name, " ", inner) : NULL;
	}
	inner = join(type->name, *declared ? " " : "", declared);
	return inner ? spell(names, type->target, inner, depth + 1) : NULL;
}

static char *spell(struct names *names, type_id id, const char *declared,
		   unsigned depth)
{
	const struct type *type = id != NO_TYPE ? type_at(names, id) : NULL;
	cleanup_free char *inner = NULL;
	const char *name = "void";

	if (id != NO_TYPE && (!type || depth > DEEPEST))
		name = "...";
	else if (type && type->kind == TYPE_ARRAY)
		return spell_array(names, type, declared, depth);
	else if (type && type->kind == TYPE_POINTER)
		return spell_pointer(names, type, declared, depth);
	else if (type && type->kind == TYPE_ALIAS && type->is_qualifier)
		return spell_qualifier(names, type, declared, depth);
	else if (type && type->kind == TYPE_FUNCTION) {
		inner = join(declared, "", "()");
		return inner ? spell(names, type->target, inner, depth + 1)
			     : NULL;
	} else if (type)
		name = type->name ? type->name : anonymous(type);
	return join(name, *declared ? " " : "", declared);
}

char *names_spell(struct names *names, type_id id)
{
	return spell(names, id, "", 0);
}
