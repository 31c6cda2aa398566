/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "plan/element.h"
#include "plan/plan.h"

enum compared { BELOW, EQUAL, ABOVE };

struct condition_operator {
	const char *name;
	bool is_of_bits;
	bool is_of_order; /* it matters what has a sign */
	bool (*holds)(enum compared compared);
	bool (*of_bits)(uint64_t value, uint64_t mask);
};

static bool is_equal(enum compared compared)
{
	return compared == EQUAL;
}

static bool is_other(enum compared compared)
{
	return compared != EQUAL;
}

static bool is_below(enum compared compared)
{
	return compared == BELOW;
}

static bool is_not_above(enum compared compared)
{
	return compared != ABOVE;
}

static bool is_above(enum compared compared)
{
	return compared == ABOVE;
}

static bool is_not_below(enum compared compared)
{
	return compared != BELOW;
}

static bool all_set(uint64_t value, uint64_t mask)
{
	return (value & mask) == mask;
}

static bool all_clear(uint64_t value, uint64_t mask)
{
	return !(value & mask);
}

static const struct condition_operator operators[] = {
	{.name = "eq", .holds = is_equal},
	{.name = "ne", .holds = is_other},
	{.name = "lt", .is_of_order = true, .holds = is_below},
	{.name = "le", .is_of_order = true, .holds = is_not_above},
	{.name = "gt", .is_of_order = true, .holds = is_above},
	{.name = "ge", .is_of_order = true, .holds = is_not_below},
	{.name = "set", .is_of_bits = true, .of_bits = all_set},
	{.name = "clear", .is_of_bits = true, .of_bits = all_clear},
	{.name = "==", .holds = is_equal},
	{.name = "!=", .holds = is_other},
};

enum { N_OPERATORS = sizeof(operators) / sizeof(operators[0]) };

/* What other languages write; the first two are a shell's, too. */
static const struct {
	const char *sign, *name;
} signs[] = {
	{">=", "ge"}, {"<=", "le"}, {">", "gt"}, {"<", "lt"},
	{"!=", "ne"}, {"==", "eq"}, {"=", "eq"}, {"&", "set"},
};

enum { N_SIGNS = sizeof(signs) / sizeof(signs[0]) };

static struct error *usage(const char *message)
{
	return error_help(error_create(ERROR_USAGE, 0, "%s", message),
			  "a condition is LOCATION OP [VALUE], as words: "
			  "@uio0+0x4.0 eq 1");
}

/* LOC==V and LOC>V in one word. */
static const char *sign_within(const char *word, size_t *ret_place)
{
	for (size_t i = 0; i < N_SIGNS; i++) {
		const char *found = strstr(word, signs[i].sign);

		/* "->" leads to a member. */
		if (!found ||
		    (found > word && found[-1] == '-' && *signs[i].sign == '>'))
			continue;
		*ret_place = (size_t)(found - word);
		return signs[i].name;
	}
	return NULL;
}

static struct error *too_few(const char *const *words, size_t count)
{
	size_t place;
	const char *name;

	if (!count)
		return usage("there is no condition");
	if (count == 1 && strpbrk(words[0], " \t"))
		return error_help(error_create(ERROR_USAGE, 0,
					       "a condition is three words, "
					       "and this is one"),
				  "leave the quotes out: %s", words[0]);
	name = sign_within(words[0], &place);
	if (name)
		return error_at(
			error_help(error_create(ERROR_USAGE, 0,
						"a condition is three words"),
				   "%.*s %s VALUE", (int)place, words[0], name),
			words[0], place, strlen(words[0]) - place);
	if (count == 1)
		return error_help(usage("LOCATION is there, and OP and VALUE "
					"are not"),
				  "write gt and lt for > and <, which the "
				  "shell takes for files");
	name = sign_within(words[1], &place);
	if (name && place == 0)
		return error_at(
			error_help(error_create(ERROR_USAGE, 0,
						"a condition is three words"),
				   "%s %s VALUE", words[0], name),
			words[1], 0, strlen(words[1]));
	return usage("there is no value to compare with");
}

static struct error *find_operator(const char *word,
				   const struct condition_operator **ret)
{
	const char *names[N_OPERATORS + 1] = {NULL};
	cleanup_free char *near = NULL;
	struct error *error;

	for (size_t i = 0; i < N_OPERATORS; i++) {
		names[i] = operators[i].name;
		if (strcmp(word, operators[i].name) == 0) {
			*ret = &operators[i];
			return NULL;
		}
	}
	error = error_at(error_create(ERROR_USAGE, 0, "there is no such OP"),
			 word, 0, strlen(word));
	for (size_t i = 0; i < N_SIGNS; i++)
		if (strcmp(word, signs[i].sign) == 0)
			return error_help(error, "write %s", signs[i].name);
	near = text_nearest(word, names);
	if (near)
		return error_help(error, "near: %s", near);
	return error_help(error, "eq, ne, lt, le, gt, ge, set or clear");
}

static struct error *check_location(const struct location *location)
{
	const char *text = location->text;

	if (location->range != RANGE_NONE)
		return error_at(usage("a condition is about one register"),
				text, location->range_span.start,
				location->range_span.length);
	if (location->value.kind == VALUE_NONE)
		return NULL;
	return error_at(usage("the value is a word of its own"), text,
			location->value.span.start,
			location->value.span.length);
}

struct error *condition_parse(const char *const *words, size_t count,
			      struct condition *ret)
{
	cleanup_condition struct condition condition = {0};
	struct error *error;

	if (count >= 2) {
		error = find_operator(words[1], &condition.operator);
		if (error && count == 2) {
			error_destroy(error);
			return too_few(words, count);
		}
		if (error)
			return error;
	}
	if (count < 2 || (count == 2 && !condition.operator->is_of_bits))
		return too_few(words, count);
	if (count > 3)
		return error_at(usage("there is more than a condition"),
				words[3], 0, strlen(words[3]));
	error = location_parse(words[0], &condition.location);
	if (!error)
		error = check_location(condition.location);
	if (error)
		return error_subject(error, words[0]);
	condition.value_text = strdup(count > 2 ? words[2] : "");
	if (!condition.value_text)
		return error_no_memory();
	if (count > 2)
		error = value_parse(words[2], &condition.value);
	if (error)
		return error;
	*ret = condition;
	condition = (struct condition){0};
	return NULL;
}

struct error *condition_parse_text(const char *text, struct condition *ret)
{
	cleanup_free char *copy = strdup(text);
	const char *words[4];
	size_t count = 0, place;
	char *rest = NULL;

	if (!copy)
		return error_no_memory();
	for (char *word = strtok_r(copy, " \t", &rest);
	     word && count < sizeof(words) / sizeof(words[0]);
	     word = strtok_r(NULL, " \t", &rest))
		words[count++] = word;
	if (count == 1 && !sign_within(words[0], &place))
		return error_help(error_create(ERROR_USAGE, 0,
					       "LOCATION is there, and OP and "
					       "VALUE are not"),
				  "here a condition is one word, in quotes: "
				  "'%s eq 1'",
				  words[0]);
	return condition_parse(words, count, ret);
}

void condition_deinit(struct condition *condition)
{
	location_destroy(condition->location);
	free(condition->value.name);
	free(condition->value_text);
	*condition = (struct condition){0};
}

static struct error *at_value(const struct condition *condition,
			      struct error *error)
{
	error_subject(error, condition->location->text);
	return error_at(error, condition->value_text, 0,
			strlen(condition->value_text));
}

/* What the type calls a value. */
static struct error *bind_name(struct condition *condition,
			       const struct operation *operation)
{
	const struct scalar *scalar = &operation->view.scalar;
	const char *name = condition->value.name;

	if (!operation->has_view || !operation->means ||
	    (!scalar->n_enumerators && scalar->kind != TYPE_BOOLEAN))
		return at_value(condition,
				error_create(ERROR_USAGE, 0,
					     "it has no names for values"));
	if (scalar_named_value(scalar, name, &condition->number))
		return NULL;
	return at_value(condition,
			error_create(ERROR_USAGE, 0,
				     "its type has no such name for a value"));
}

/* Its bits would be those of a negative number, which nobody has written. */
static struct error *beyond_sign(const struct condition *condition,
				 const struct operation *operation)
{
	return at_value(
		condition,
		error_help(error_create(ERROR_USAGE, 0,
					"its type is signed, and has no such "
					"value in %u bit%s",
					condition->bits,
					condition->bits > 1 ? "s" : ""),
			   "a negative one has a minus; with a width (/%u) the "
			   "bits are meant",
			   operation->bits));
}

static struct error *bind_number(struct condition *condition,
				 const struct operation *operation)
{
	const struct value *value = &condition->value;
	uint64_t largest = ones(condition->bits);
	bool is_beyond = !value->negative && value->number > largest / 2;

	if (value->negative ? value->number > largest / 2 + 1
			    : value->number > largest)
		return at_value(condition,
				error_create(ERROR_USAGE, 0,
					     "the value does not fit into %u "
					     "bit%s",
					     condition->bits,
					     condition->bits > 1 ? "s" : ""));
	if (condition->is_signed && is_beyond &&
	    condition->operator->is_of_order)
		return beyond_sign(condition, operation);
	condition->number = value->negative ? 0 - value->number : value->number;
	condition->is_signed |= value->negative;
	return NULL;
}

struct error *condition_bind(struct condition *condition,
			     const struct plan *plan)
{
	const struct operation *operation = plan->operations;
	const char *text = condition->location->text;
	/* With a width the bits are meant, as in a write. */
	bool typed = operation->has_view && operation->means &&
		     !condition->location->width.bits;
	const struct scalar *scalar;
	struct error *error = NULL;

	if (plan->count != 1 || operation->place.count != 1 ||
	    operation->is_array)
		return error_subject(usage("a condition is about one register"),
				     text);
	scalar = &operation->view.scalar;
	condition->bits = operation_shown_bits(operation);
	condition->is_signed = typed && scalar->is_signed;
	if (typed && scalar->kind == TYPE_FLOAT)
		return error_subject(
			error_help(error_create(ERROR_USAGE, 0,
						"its type is a floating-point "
						"one, and bits are compared"),
				   "with a width (/%u) the bits are meant",
				   operation->bits),
			text);
	if (condition->value.kind == VALUE_NONE)
		condition->number = ones(condition->bits);
	else if (condition->value.kind == VALUE_NAME)
		error = bind_name(condition, operation);
	else
		error = bind_number(condition, operation);
	condition->number &= ones(condition->bits);
	return error;
}

static int64_t extended(uint64_t value, unsigned bits)
{
	uint64_t sign = UINT64_C(1) << (bits - 1);

	return (int64_t)((value ^ sign) - sign);
}

static enum compared compare(const struct condition *condition, uint64_t value)
{
	uint64_t number = condition->number;

	if (value == number)
		return EQUAL;
	if (condition->is_signed)
		return extended(value, condition->bits) <
				       extended(number, condition->bits)
			       ? BELOW
			       : ABOVE;
	return value < number ? BELOW : ABOVE;
}

bool condition_holds(const struct condition *condition, const struct plan *plan,
		     uint64_t value)
{
	const struct condition_operator *operator= condition->operator;
	uint64_t shown = operation_shown(plan->operations, value);

	if (operator->is_of_bits)
		return operator->of_bits(shown, condition->number);
	return operator->holds(compare(condition, shown));
}

char *condition_text(const struct condition *condition)
{
	char *text = NULL;

	if (asprintf(&text, "%s %s%s%s", condition->location->text,
		     condition->operator->name,
		     *condition->value_text ? " " : "",
		     condition->value_text) < 0)
		return NULL;
	return text;
}
