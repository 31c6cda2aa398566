/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A condition of the command line, with the plan that reads what it is about:
 * for `wait`, `--until` and `assert`. */
#ifndef MMIODBG_CMD_CONDITION_H
#define MMIODBG_CMD_CONDITION_H

#include "base/error.h"
#include "plan/condition.h"
#include "plan/plan.h"

struct command_context;
struct session;

struct condition_plan {
	struct condition condition;
	struct session *session;
	struct plan plan;
};

/*
 * Parses, resolves and checks; nothing is accessed. condition_plan_deinit()
 * releases `*ret`, in any case.
 */
struct error *condition_plan_make(const struct command_context *context,
				  const char *const *words, size_t count,
				  struct condition_plan *ret)
	__attribute__((nonnull, warn_unused_result));
void condition_plan_deinit(struct condition_plan *of);

/* The error that it does not hold for a value that was read: "it is 0x0". Its
 * subject is called as where the value is shown. */
struct error *condition_plan_failed(const struct condition_plan *of,
				    enum error_kind kind, uint64_t value)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));

#define cleanup_condition_plan cleanup_with(condition_plan_deinit)

#endif
