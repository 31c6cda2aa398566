/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan/location.h"

#include <string.h>

#include "base/text.h"
#include "plan/location-scan.h"

static struct error *scan_address(struct cursor *c, struct place *place)
{
	return scan_number(c, &place->number);
}

static struct error *scan_object(struct cursor *c, struct place *place)
{
	return scan_expression(c, true, &place->expression);
}

static struct error *scan_register(struct cursor *c, struct place *place)
{
	return scan_expression(c, false, &place->expression);
}

typedef struct error *scan_base_fn(struct cursor *, struct place *);

static const struct base_prefix {
	const char *prefix;
	enum base_kind kind;
	scan_base_fn *scan;
} prefixes[] = {
	{"phys", BASE_PHYSICAL, scan_address},
	{"ptr", BASE_POINTER, scan_object},
	{"var", BASE_VARIABLE, scan_object},
	{"reg", BASE_REGISTER, scan_register},
};

#define N_PREFIXES (sizeof(prefixes) / sizeof(*prefixes))

/* "reg:" but not C++'s "reg::". */
static const struct base_prefix *take_prefix(struct cursor *c)
{
	for (size_t i = 0; i < N_PREFIXES; i++) {
		struct cursor behind = *c;

		if (!cursor_take(&behind, prefixes[i].prefix) ||
		    cursor_sees(&behind, "::") || !cursor_take(&behind, ":"))
			continue;
		*c = behind;
		return &prefixes[i];
	}
	return NULL;
}

/* What cannot start a location, though its author meant something. */
static const struct {
	const char *start, *message, *help;
} false_starts[] = {
	{"/dev/mem", "a location does not start with a path",
	 "the region of /dev/mem is @mem: @mem+0xfea00000"},
	{"/dev/uio", "a location does not start with a path",
	 "the region of /dev/uio0 is @uio0: @uio0+0x10"},
	{"/", "a location does not start with a path",
	 "a file that is mapped is @file:/PATH"},
	{"file:", "a file is a region: '@' stands before it",
	 "write @file:/PATH"},
	{"+", "an offset needs something before it",
	 "write a region, an address or a name: @uio0+0x10"},
	{"-", "an offset needs something before it",
	 "write a region, an address or a name: @uio0+0x10"},
	{"../", "a location does not start with a path",
	 "a scope is a source file or a module by its name: e1000.c::regs"},
	{"..", "a range needs a start", "write START..END or START..+LENGTH"},
	{"::", "a scope must stand before '::'",
	 "write the name alone, or SCOPE::NAME"},
	{"*", "a location has no C operators",
	 "what the pointer NAME points to is ptr:NAME"},
	{"&", "a location has no C operators",
	 "NAME is already the object's place, not its value"},
	{"[", "a location does not start with an index", "write NAME[N]"},
	{"=", "a place must stand before the value", "write LOCATION=VALUE"},
};

static struct error *false_start(const struct cursor *c)
{
	if (cursor_ended(c))
		return error_help(usage_here(c, "the location is empty"),
				  "write a region, an address or a name: "
				  "@uio0+0x10");
	for (size_t i = 0; i < sizeof(false_starts) / sizeof(*false_starts);
	     i++)
		if (cursor_sees(c, false_starts[i].start))
			return error_help(
				usage_at(c, c->at,
					 strlen(false_starts[i].start), "%s",
					 false_starts[i].message),
				"%s", false_starts[i].help);
	return not_here(c, "a region, an address or a name",
			"write @uio0+0x10, 0x7f0000001000 or regs.ctrl");
}

static struct error *bare_pci_address(const struct cursor *c)
{
	return error_help(
		usage_at(c, c->at, 1, "'@' must stand before a PCI address"),
		"write @03:00.0/bar0");
}

static struct error *scan_base(struct cursor *c, struct place *place)
{
	const struct base_prefix *prefix;

	if (cursor_take(c, "@")) {
		place->kind = BASE_REGION;
		return scan_region(c, true, &place->region);
	}
	place->kind = BASE_NAME;
	if (scope_length(c))
		return scan_object(c, place);
	prefix = take_prefix(c);
	if (prefix) {
		place->kind = prefix->kind;
		return prefix->scan(c, place);
	}
	if (sees_pci_address(c))
		return bare_pci_address(c);
	if (is_digit(cursor_peek(c))) {
		place->kind = BASE_ADDRESS;
		return scan_address(c, place);
	}
	if (!is_name_start(cursor_peek(c)) || cursor_sees(c, "file:"))
		return false_start(c);
	return scan_object(c, place);
}

static bool has_expression(const struct place *place)
{
	return place->kind >= BASE_POINTER;
}

/* Sign and magnitude: an offset reaches over all 64 bits, up or down. */
static bool add_offset(struct place *place, bool negative, uint64_t number)
{
	if (negative == place->offset_negative)
		return !__builtin_add_overflow(place->offset, number,
					       &place->offset);
	if (number > place->offset) {
		place->offset = number - place->offset;
		place->offset_negative = negative;
	} else {
		place->offset -= number;
	}
	if (!place->offset)
		place->offset_negative = false;
	return true;
}

static struct error *lost_arrow(const struct cursor *c)
{
	return error_help(usage_here(c, "nothing stands behind this '-': if it "
					"was '->', the shell took the '>'"),
			  "write '.' instead of '->', or quote the location");
}

static struct error *scan_offsets(struct cursor *c, struct place *place)
{
	size_t start = c->at;

	while (cursor_peek(c) == '+' || cursor_peek(c) == '-') {
		bool negative = cursor_peek(c) == '-';
		struct error *error;
		uint64_t number = 0;
		size_t digits;

		if (negative && c->at + 1 == c->length &&
		    has_expression(place) && !place->has_offset)
			return lost_arrow(c);
		digits = ++c->at;
		error = scan_offset(c, &number);
		if (error)
			return error;
		place->has_offset = true;
		if (!add_offset(place, negative, number))
			return usage_at(c, digits, c->at - digits,
					"the offsets sum up to more than 64 "
					"bits");
	}
	place->offset_span = cursor_span(c, start);
	return NULL;
}

/* The address or the offset that a place comes to, if the text says it. */
static bool known_number(const struct place *place, uint64_t *ret)
{
	uint64_t base = 0;

	if (has_expression(place))
		return false;
	if (place->kind != BASE_REGION)
		base = place->number;
	if (place->offset_negative)
		return !__builtin_sub_overflow(base, place->offset, ret);
	return !__builtin_add_overflow(base, place->offset, ret);
}

static struct error *check_offsets(const struct cursor *c,
				   const struct place *place)
{
	size_t start = place->offset_span.start;
	size_t length = place->offset_span.length;
	uint64_t number;

	if (has_expression(place) || known_number(place, &number))
		return NULL;
	if (place->kind == BASE_REGION)
		return usage_at(c, start, length,
				"this lies before the start of the region");
	return usage_at(c, start, length, "this lies %s",
			place->offset_negative ? "below address 0"
					       : "above the last address");
}

static struct error *scan_place(struct cursor *c, struct place *place)
{
	size_t start = c->at;
	struct error *error;

	error = scan_base(c, place);
	if (error)
		return error;
	place->base_span = cursor_span(c, start);
	error = scan_offsets(c, place);
	return error ? error : check_offsets(c, place);
}

static struct error *scan_range_length(struct cursor *c, struct location *l)
{
	size_t start = c->at;
	struct error *error = scan_offset(c, &l->length);
	uint64_t first;

	if (error)
		return error;
	l->range = RANGE_LENGTH;
	if (!l->length)
		return usage_at(c, start, c->at - start,
				"a range of no bytes has no elements");
	if (known_number(&l->start, &first) &&
	    l->length - 1 > UINT64_MAX - first)
		return usage_at(c, start, c->at - start,
				"the range ends above the last address");
	return NULL;
}

/* Two addresses can be compared, whatever is mapped there. */
static struct error *check_range_order(const struct cursor *c,
				       const struct location *l)
{
	uint64_t first, end;

	if (l->start.kind != l->end.kind || l->start.kind == BASE_REGION)
		return NULL;
	if (!known_number(&l->start, &first) || !known_number(&l->end, &end) ||
	    first < end)
		return NULL;
	return error_help(
		usage_at(c, l->range_span.start, l->range_span.length,
			 "the range ends %s",
			 first == end ? "where it starts" : "before its start"),
		"the end, which is excluded, stands behind '..'; a "
		"length is ..+LENGTH");
}

static struct error *scan_range_end(struct cursor *c, struct location *l)
{
	if (cursor_peek(c) == '-')
		return error_help(usage_here(c, "a length has no sign but '+'"),
				  "write START..+LENGTH or START..END");
	if (cursor_peek(c) == '/' && l->start.kind == BASE_REGION &&
	    l->start.region.kind == REGION_FILE)
		return error_help(usage_here(c, "'..' ends the path, and no "
						"range can start like this"),
				  "in a path '..' is written \\..");
	/* The NUL at the end is one of these. */
	if (strchr("/.=:,", cursor_peek(c)))
		return not_here(c, "an end or a length",
				"write START..END or START..+LENGTH");
	l->range = RANGE_END;
	return scan_place(c, &l->end);
}

static struct error *scan_range(struct cursor *c, struct location *l)
{
	size_t start = c->at;
	struct error *error;

	if (cursor_take(c, "+"))
		error = scan_range_length(c, l);
	else
		error = scan_range_end(c, l);
	l->range_span = cursor_span(c, start);
	if (!error && l->range == RANGE_END)
		error = check_range_order(c, l);
	return error;
}

/* Fields belong to a type or a description, and neither to a number nor to
 * what stands behind an offset. */
static bool may_have_members(const struct place *place)
{
	return has_expression(place) && !place->has_offset;
}

static struct error *scan_first_bits(struct cursor *c, struct location *l)
{
	size_t length = cursor_word(c);

	if (is_size_letter(c->text + c->at, length) &&
	    !may_have_members(&l->start))
		return error_help(
			usage_at(c, c->at, length, "there are no size letters"),
			"the widths are /8, /16, /32 and /64, in "
			"bits");
	return scan_bits(c, &l->bits);
}

static struct error *scan_mask(struct cursor *c, struct location *l)
{
	size_t start = c->at;
	struct error *error;

	if (l->bits.kind != BITS_NONE)
		return error_help(usage_at(c, start - 1, 1,
					   "bits and a mask exclude each "
					   "other"),
				  "write .BITS=VALUE or =VALUE:MASK");
	error = scan_number(c, &l->mask);
	if (error)
		return error;
	l->has_mask = true;
	l->mask_span = cursor_span(c, start);
	if (!l->mask)
		return usage_at(c, start, c->at - start,
				"an empty mask changes nothing");
	return NULL;
}

static bool ends_in_step(const struct location *l)
{
	const struct name_expression *expression = &l->start.expression;

	if (!may_have_members(&l->start) || l->range != RANGE_NONE ||
	    !expression->n_steps)
		return false;
	return expression->steps[expression->n_steps - 1].kind != STEP_INDEX;
}

static struct error *scan_assignment(struct cursor *c,
				     struct assignment *assignment)
{
	struct error *error;

	if (cursor_peek(c) == '@')
		return error_help(usage_here(c, "this is another location"),
				  "separate locations with blanks");
	error = scan_bits(c, &assignment->bits);
	if (error)
		return error;
	if (!cursor_take(c, "="))
		return not_here(c, "'=' and a value", NULL);
	error = scan_value(c, &assignment->value);
	if (!error && cursor_peek(c) == ':')
		error = error_help(usage_here(c, "a mask cannot stand with "
						 "several values"),
				   "write FIELD=VALUE,FIELD=VALUE or "
				   "=VALUE:MASK");
	return error;
}

static struct error *check_comma(const struct cursor *c,
				 const struct location *l)
{
	if (l->has_mask)
		return error_help(usage_here(c, "a mask cannot stand with "
						"several values"),
				  "write FIELD=VALUE,FIELD=VALUE or "
				  "=VALUE:MASK");
	if (l->bits.kind == BITS_NONE && !ends_in_step(l))
		return error_help(usage_here(c, "several values must all name "
						"bits"),
				  "write .BITS=VALUE,BITS=VALUE; separate "
				  "locations with blanks");
	return NULL;
}

static struct error *scan_assignments(struct cursor *c, struct location *l)
{
	size_t capacity = 0;

	while (cursor_peek(c) == ',') {
		struct error *error = check_comma(c, l);
		struct assignment *next;

		if (error)
			return error;
		c->at++;
		if (!list_grow(&l->more, l->n_more, &capacity, sizeof(*next)))
			return error_no_memory();
		next = &l->more[l->n_more++];
		*next = (struct assignment){0};
		error = scan_assignment(c, next);
		if (error)
			return error;
	}
	return location_check_assignments(l);
}

static struct error *scan_values(struct cursor *c, struct location *l)
{
	struct error *error = scan_value(c, &l->value);

	if (!error && !cursor_sees(c, "::") && cursor_take(c, ":"))
		error = scan_mask(c, l);
	return error ? error : scan_assignments(c, l);
}

/* How far the parser has come, for the errors about what stands there. */
enum stage {
	AFTER_PLACE = 1 << 0,
	AFTER_RANGE = 1 << 1,
	AFTER_WIDTH = 1 << 2,
	AFTER_BITS = 1 << 3,
	AFTER_VALUE = 1 << 4,
};

#define BEFORE_VALUE (AFTER_PLACE | AFTER_RANGE | AFTER_WIDTH | AFTER_BITS)
#define ANYWHERE     (BEFORE_VALUE | AFTER_VALUE)

static const struct {
	const char *token;
	unsigned stages;
	const char *message, *help;
} misplaced[] = {
	{"..", AFTER_RANGE, "a range has no range in it",
	 "write START..END or START..+LENGTH"},
	{"..", AFTER_WIDTH, "the range stands before the width",
	 "write START..+LENGTH/WIDTH"},
	{"..", AFTER_BITS, "the range stands before the bits",
	 "write START..+LENGTH.BITS; bits 7 to 4 are .7:4"},
	{"/", AFTER_WIDTH, "there is a width already", "remove one"},
	{"/", AFTER_BITS, "the width stands before the bits",
	 "write PLACE/WIDTH.BITS"},
	{"/", AFTER_VALUE, "the width stands before the value",
	 "write PLACE/WIDTH=VALUE"},
	{".", AFTER_BITS, "nothing stands behind the bits but a value",
	 "a field has one name; its bits are counted from the register"},
	{".", AFTER_VALUE, "the bits stand before the value",
	 "write PLACE.BITS=VALUE"},
	{"->", ANYWHERE, "'->' stands behind the name of an object only",
	 "an offset behind an object drops its type"},
	{"-", AFTER_BITS, "bits have no '-'", "bits 7 to 4 are .7:4"},
	{"+", AFTER_RANGE, "nothing is added to the length of a range",
	 "write the sum"},
	{"-", AFTER_RANGE, "nothing is taken from the length of a range",
	 "write the difference"},
	{"+", AFTER_WIDTH, "the offset stands before the width",
	 "write BASE+OFFSET/WIDTH"},
	{"-", AFTER_WIDTH, "the offset stands before the width",
	 "write BASE-OFFSET/WIDTH"},
	{"+", AFTER_BITS, "the offset stands before the bits",
	 "write BASE+OFFSET.BITS"},
	{"+", AFTER_VALUE, "a value is not computed", "write the sum"},
	{"-", AFTER_VALUE, "a value is not computed", "write the difference"},
	{"=", AFTER_VALUE, "there is a value already",
	 "several fields are .FIELD=VALUE,FIELD=VALUE"},
	{"::", AFTER_VALUE, "the name of a value has no scope",
	 "write its last part"},
	{"::", ANYWHERE, "no scope can stand here",
	 "a scope stands once, before a name: libfoo.so::regs"},
	{":", BEFORE_VALUE, "'=' stands before a value",
	 "write =VALUE, or =VALUE:MASK to change the bits of MASK only"},
	{":", AFTER_VALUE, "one mask can stand here", "write =VALUE:MASK"},
	{",", BEFORE_VALUE, "a ',' stands only between values",
	 "separate locations with blanks"},
	{"[", AFTER_PLACE | AFTER_RANGE,
	 "an index stands behind the name of an object",
	 "write NAME[N]; an offset is in bytes: +0x10"},
	{"[", AFTER_WIDTH | AFTER_BITS, "bits have no brackets",
	 "bits 7 to 4 are .7:4"},
	{"@", ANYWHERE, "'@' stands only at the start of a place",
	 "separate locations with blanks"},
};

/* "phy:0x10", "pointer:regs": what stands before the first ':' of a location
 * may be a prefix gone wrong. Before a number it is phys, or setpci's order. */
static struct error *wrong_prefix(const struct cursor *c,
				  const struct location *l)
{
	const struct name_expression *expression = &l->start.expression;
	const char *words[N_PREFIXES + 1] = {NULL};
	bool number = is_digit(c->text[c->at + !cursor_ended(c)]);
	cleanup_free char *nearest = NULL;
	struct error *error;
	size_t n_words = 0;

	if (c->at != l->start.base_span.length || l->start.kind != BASE_NAME ||
	    expression->scope || expression->n_steps || cursor_peek(c) != ':' ||
	    cursor_sees(c, "::"))
		return NULL;
	for (size_t i = 0; i < N_PREFIXES; i++)
		if ((prefixes[i].kind == BASE_PHYSICAL) == number)
			words[n_words++] = prefixes[i].prefix;
	nearest = text_nearest(expression->name, words);
	if (number && !nearest)
		return NULL;
	error = usage_at(c, 0, c->at, "there is no such prefix");
	if (nearest)
		return error_help(error, "did you mean %s:?", nearest);
	return error_help(error, "the prefixes are phys, ptr, var and reg; a "
				 "value is written =VALUE");
}

static struct error *leftover(const struct cursor *c, const struct location *l,
			      enum stage stage)
{
	struct error *error = wrong_prefix(c, l);

	if (error)
		return error;
	for (size_t i = 0; i < sizeof(misplaced) / sizeof(*misplaced); i++) {
		if (!(misplaced[i].stages & stage) ||
		    !cursor_sees(c, misplaced[i].token))
			continue;
		return error_help(usage_at(c, c->at, strlen(misplaced[i].token),
					   "%s", misplaced[i].message),
				  "%s", misplaced[i].help);
	}
	error = never_here(c);
	return error ? error : usage_here(c, "this cannot stand here");
}

static struct error *scan_location_width(struct cursor *c, struct location *l)
{
	size_t start = c->at;
	struct error *error = scan_width(c, &l->width);

	l->width_span = cursor_span(c, start);
	return error;
}

/* The pieces of a location behind its first place, in their order. */
static const struct {
	const char *token;
	enum stage stage;
	struct error *(*scan)(struct cursor *, struct location *);
} pieces[] = {
	{"..", AFTER_RANGE, scan_range},
	{"/", AFTER_WIDTH, scan_location_width},
	{".", AFTER_BITS, scan_first_bits},
	{"=", AFTER_VALUE, scan_values},
};

static struct error *scan_location(struct cursor *c, struct location *l)
{
	static const struct width widest = {.bits = 64};
	enum stage stage = AFTER_PLACE;
	struct error *error = scan_place(c, &l->start);

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		if (error)
			return error;
		/* A second ".." is no bits. */
		if (pieces[i].stage == AFTER_BITS && cursor_sees(c, ".."))
			break;
		if (!cursor_take(c, pieces[i].token))
			continue;
		stage = pieces[i].stage;
		error = pieces[i].scan(c, l);
	}
	if (error)
		return error;
	if (!cursor_ended(c))
		return leftover(c, l, stage);
	return location_check_width(l, l->width.bits ? &l->width : &widest);
}

struct error *location_parse(const char *text, struct location **ret)
{
	cleanup_location struct location *location = NULL;
	struct cursor c = cursor_over(text);
	struct error *error;

	location = calloc(1, sizeof(*location));
	if (!location)
		return error_no_memory();
	location->text = strdup(text);
	if (!location->text)
		return error_no_memory();
	error = scan_location(&c, location);
	if (error)
		return error;
	*ret = steal(location);
	return NULL;
}

static void place_deinit(struct place *place)
{
	region_name_deinit(&place->region);
	expression_deinit(&place->expression);
}

void location_destroy(struct location *location)
{
	if (!location)
		return;
	for (size_t i = 0; i < location->n_more; i++) {
		free(location->more[i].bits.field);
		free(location->more[i].value.name);
	}
	free(location->more);
	free(location->bits.field);
	free(location->value.name);
	place_deinit(&location->start);
	place_deinit(&location->end);
	free(location->text);
	free(location);
}

size_t location_place_length(const struct location *location)
{
	const struct place *start = &location->start;
	const struct name_expression *path = &start->expression;
	const struct name_step *last =
		path->n_steps ? &path->steps[path->n_steps - 1] : NULL;

	if (start->has_offset)
		return start->offset_span.start + start->offset_span.length;
	if (!last)
		return start->base_span.start + start->base_span.length;
	/* The span of an index ends before its "]". */
	return last->span.start + last->span.length +
	       (last->kind == STEP_INDEX);
}
