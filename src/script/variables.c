/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "script/variables.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static int compare(const void *left, const void *right)
{
	const struct variable *one = left, *other = right;

	return strcmp(one->name, other->name);
}

static void destroy(void *data)
{
	struct variable *variable = data;

	free(variable->name);
	free(variable->text);
	free(variable);
}

void variables_deinit(struct variables *variables)
{
	tdestroy(variables->tree, destroy);
	variables->tree = NULL;
}

static struct variable *find(const struct variables *variables,
			     const char *name)
{
	struct variable wanted = {.name = (char *)name};
	void *node = tfind(&wanted, &variables->tree, compare);

	return node ? *(struct variable **)node : NULL;
}

static struct variable *create(struct variables *variables, const char *name)
{
	struct variable *variable = calloc(1, sizeof(*variable));

	if (!variable)
		return NULL;
	variable->name = strdup(name);
	if (variable->name && tsearch(variable, &variables->tree, compare))
		return variable;
	destroy(variable);
	return NULL;
}

struct error *variables_set(struct variables *variables, const char *name,
			    const char *text, bool late)
{
	struct variable *variable = find(variables, name);
	char *copy = strdup(text);

	if (copy && !variable)
		variable = create(variables, name);
	if (!copy || !variable) {
		free(copy);
		return error_no_memory();
	}
	free(variable->text);
	variable->text = copy;
	variable->late = late;
	return NULL;
}

void variables_unset(struct variables *variables, const char *name)
{
	struct variable *variable = find(variables, name);

	if (!variable)
		return;
	tdelete(variable, &variables->tree, compare);
	destroy(variable);
}

const struct variable *variables_find(const struct variables *variables,
				      const char *name, size_t length)
{
	cleanup_free char *copy = strndup(name, length);

	return copy ? find(variables, copy) : NULL;
}

/* For twalk_r(). */
struct search {
	const char *name, *near;
};

static void look_at(const void *node, VISIT visit, void *data)
{
	const struct variable *variable = *(struct variable *const *)node;
	const char *names[] = {variable->name, NULL};
	struct search *search = data;
	char *near;

	if ((visit != postorder && visit != leaf) || search->near)
		return;
	near = text_nearest(search->name, names);
	if (near)
		search->near = variable->name;
	free(near);
}

const char *variables_near(const struct variables *variables, const char *name)
{
	struct search search = {.name = name};

	twalk_r(variables->tree, look_at, &search);
	return search.near;
}

size_t variable_name_length(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				      "0123456789";

	return *text >= '0' && *text <= '9' ? 0 : strspn(text, letters);
}
