/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions: LOCATION OP VALUE, as words. OP is eq, ne, lt, le, gt, ge, set or
 * clear, or == and !=. `set` and `clear` are about the bits of VALUE, all of
 * them; without one, about all bits of the location.
 */
#ifndef MMIODBG_PLAN_CONDITION_H
#define MMIODBG_PLAN_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/location.h"

struct condition_operator;
struct error;
struct plan;

struct condition {
	struct location *location;
	const struct condition_operator *operator;
	char *value_text;   /* "" if there is none */
	struct value value; /* VALUE_NONE: all bits */
	/* Set by condition_bind(). */
	unsigned bits; /* of what is compared */
	bool is_signed;
	uint64_t number;
};

/*
 * Parses the words of a condition; looks nothing up. The error is ERROR_USAGE.
 * condition_deinit() releases `*ret`.
 */
struct error *condition_parse(const char *const *words, size_t count,
			      struct condition *ret)
	__attribute__((nonnull, warn_unused_result));

/* The same of one text, its words between blanks. */
struct error *condition_parse_text(const char *text, struct condition *ret)
	__attribute__((nonnull, warn_unused_result));
void condition_deinit(struct condition *condition);

/*
 * What VALUE means, now that a plan of the condition's location is there: the
 * plan has to be the read of one element, and VALUE has to fit it.
 */
struct error *condition_bind(struct condition *condition,
			     const struct plan *plan)
	__attribute__((nonnull, warn_unused_result));

/* Whether it holds for the value of an element, as the element has it: whole.
 */
bool condition_holds(const struct condition *condition, const struct plan *plan,
		     uint64_t value) __attribute__((nonnull));

/* "@uio0+0x10 eq 1". The caller frees; NULL when memory runs out. */
char *condition_text(const struct condition *condition)
	__attribute__((nonnull, warn_unused_result));

#define cleanup_condition cleanup_with(condition_deinit)

#endif
