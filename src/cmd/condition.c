/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/condition.h"

#include <string.h>

#include "base/error.h"
#include "cmd/access.h"
#include "cmd/target.h"
#include "render/value.h"
#include "target/session.h"

struct error *condition_plan_make(const struct command_context *context,
				  const char *const *words, size_t count,
				  struct condition_plan *ret)
{
	struct error *error;

	*ret = (struct condition_plan){0};
	error = condition_parse(words, count, &ret->condition);
	if (!error) {
		struct location_list locations = {&ret->condition.location, 1};

		error = access_prepare(context, &context->options->plan,
				       &locations, &ret->session, &ret->plan);
	}
	return error ? error : condition_bind(&ret->condition, &ret->plan);
}

void condition_plan_deinit(struct condition_plan *of)
{
	plan_deinit(&of->plan);
	session_destroy(of->session);
	of->session = NULL;
	condition_deinit(&of->condition);
}

struct error *condition_plan_failed(const struct condition_plan *of,
				    enum error_kind kind, uint64_t value)
{
	const char *location = of->condition.location->text;
	cleanup_free char *text = condition_text(&of->condition);
	cleanup_free char *shown =
		operation_value_text(of->session, of->plan.operations, value);

	return error_subject(error_create(kind, 0, "%s does not hold: it is %s",
					  text ? text + strlen(location) + 1
					       : "the condition",
					  shown ? shown : "?"),
			     operation_name(of->plan.operations));
}
