/* SPDX-License-Identifier: GPL-2.0-or-later */
/* REGION: the names of devices and of their parts. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plan/location-scan.h"

#define PCI_LAST_BAR 5

static const char hex_digits[] = "0123456789abcdefABCDEF";

bool sees_pci_address(const struct cursor *c)
{
	const char *text = c->text + c->at;
	size_t first = strspn(text, hex_digits), second;

	if (!first || first > 8 || text[first] != ':')
		return false;
	second = strspn(text + first + 1, hex_digits);
	return second == 2 && text[first + 3] && strchr(".:", text[first + 3]);
}

/* The numbers of a PCI address, in hexadecimal digits. */
static const struct hex_field {
	const char *what;
	size_t least, most;
	uint64_t limit;
	const char *then, *then_what;
} pci_fields[] = {
	{"a PCI domain", 1, 8, 0xffffffff, ":", "':'"},
	{"a PCI bus", 2, 2, 0xff, ":", "':'"},
	{"a PCI device", 2, 2, 0x1f, ".", "'.'"},
	{"a PCI function", 1, 1, 7, "", ""},
};

#define N_PCI_FIELDS (sizeof(pci_fields) / sizeof(*pci_fields))

static const char pci_form[] = "a PCI address is [DDDD:]BB:DD.F, hexadecimal";

static struct error *scan_hex(struct cursor *c, const struct hex_field *field,
			      unsigned *ret)
{
	const char *word = c->text + c->at;
	size_t length = cursor_word(c);
	uint64_t value = 0;

	if (!length)
		return not_here(c, field->what, pci_form);
	for (size_t i = 0; i < length; i++)
		if (!is_hex(word[i]))
			return error_help(usage_at(c, c->at + i, 1,
						   "%s has only hexadecimal "
						   "digits",
						   field->what),
					  "%s", pci_form);
	if (length < field->least || length > field->most)
		return error_help(
			usage_at(c, c->at, length, "%s has %zu digit%s%s",
				 field->what, field->most,
				 field->most > 1 ? "s" : "",
				 field->least < field->most ? " at most" : ""),
			"%s", pci_form);
	for (size_t i = 0; i < length; i++)
		value = value << 4 |
			(is_digit(word[i]) ? (unsigned)(word[i] - '0')
					   : (word[i] & 0xfu) + 9);
	if (value > field->limit)
		return usage_at(c, c->at, length, "%s is %0*llx at most",
				field->what, (int)field->least,
				(unsigned long long)field->limit);
	c->at += length;
	*ret = (unsigned)value;
	return NULL;
}

static bool has_domain(const struct cursor *c)
{
	const char *text = c->text + c->at;
	size_t first = strspn(text, hex_digits);
	size_t second = strspn(text + first + 1, hex_digits);

	return text[first + 1 + second] == ':';
}

static struct error *scan_pci(struct cursor *c, struct region_name *region)
{
	unsigned numbers[N_PCI_FIELDS] = {0};

	for (size_t i = !has_domain(c); i < N_PCI_FIELDS; i++) {
		struct error *error = scan_hex(c, &pci_fields[i], &numbers[i]);

		if (error)
			return error;
		if (!cursor_take(c, pci_fields[i].then))
			return not_here(c, pci_fields[i].then_what, pci_form);
	}
	region->kind = REGION_PCI;
	region->domain = numbers[0];
	region->bus = numbers[1];
	region->device = numbers[2];
	region->function = numbers[3];
	return NULL;
}

static struct error *scan_dri(struct cursor *c, struct region_name *region)
{
	size_t length;

	if (!cursor_take(c, "/"))
		return not_here(c, "'/' and the name of a DRI device",
				"write dri/card0");
	length = cursor_word(c);
	if (!length)
		return not_here(c, "the name of a DRI device",
				"write dri/card0");
	region->name = strndup(c->text + c->at, length);
	c->at += length;
	return region->name ? NULL : error_no_memory();
}

/* Where a path ends; a backslash protects the byte behind it, and \xHH is a
 * byte. */
static size_t path_length(const char *path)
{
	size_t i = 0;

	while (path[i] && path[i] != '+' && path[i] != '=' &&
	       strncmp(path + i, "..", 2) != 0)
		i += path[i] == '\\' && path[i + 1] ? 2 : 1;
	return i;
}

/* Whether the last backslash of a path protects nothing. */
static bool ends_open(const char *path, size_t length)
{
	size_t backslashes = 0;

	while (backslashes < length && path[length - 1 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2;
}

static unsigned hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (unsigned)(found - digits) : 16;
}

/* The byte that \xHH means at `text`, as `maps` writes it; else 0. */
static char hex_byte(const char *text)
{
	unsigned high, low;

	if (text[0] != '\\' || text[1] != 'x')
		return 0;
	high = hex_digit(text[2]);
	low = high < 16 ? hex_digit(text[3]) : 16;
	return low < 16 ? (char)(high << 4 | low) : 0;
}

static char *unescape(const char *path, size_t length)
{
	char *plain = malloc(length + 1);
	size_t used = 0;

	if (!plain)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		char byte = length - i >= 4 ? hex_byte(path + i) : 0;

		if (byte)
			i += 3;
		else if (path[i] == '\\')
			i++;
		plain[used++] = byte ? byte : path[i];
	}
	plain[used] = '\0';
	return plain;
}

static struct error *scan_file(struct cursor *c, struct region_name *region)
{
	const char *path;
	size_t length;

	if (!cursor_take(c, ":"))
		return not_here(c, "':' and a path", "write file:/PATH");
	path = c->text + c->at;
	length = path_length(path);
	if (!length)
		return not_here(c, "a path", "write file:/PATH");
	if (path[0] != '/' && !text_starts(path, "anon_inode:", NULL))
		return error_help(
			usage_at(c, c->at, length, "the path is relative"),
			"write the whole path, as maps shows it");
	if (ends_open(path, length))
		return usage_at(c, c->at + length - 1, 1,
				"nothing stands behind this backslash");
	region->name = unescape(path, length);
	c->at += length;
	return region->name ? NULL : error_no_memory();
}

/* What a region's name may start with. */
struct region_form {
	const char *word;
	enum region_kind kind;
	bool numbered;
	const char *part;  /* what stands before the number of a part */
	bool part_default; /* without it a location means part 0 */
	uint64_t last_part;
	struct error *(*scan_rest)(struct cursor *, struct region_name *);
};

static const struct region_form forms[] = {
	{"uio", REGION_UIO, true, "map", true, UINT64_MAX, NULL},
	{"vfio", REGION_VFIO, true, "region", false, UINT64_MAX, NULL},
	{"mem", REGION_MEM, false, NULL, false, 0, NULL},
	{"hpet", REGION_HPET, false, NULL, false, 0, NULL},
	{"dri", REGION_DRI, false, NULL, false, 0, scan_dri},
	{"file", REGION_FILE, false, NULL, false, 0, scan_file},
};

#define N_FORMS (sizeof(forms) / sizeof(*forms))

static const struct region_form pci = {
	.word = "a PCI device",
	.kind = REGION_PCI,
	.part = "bar",
	.last_part = PCI_LAST_BAR,
};

static const char all_forms[] =
	"a region is an index, BB:DD.F/barN, uioN, uioN/mapN, vfioN/regionN, "
	"mem, hpet, dri/NAME or file:/PATH";

static const char path_forms[] =
	"a path is written file:/PATH, a device uio0, mem or dri/card0";

/* The form whose word, with a digit behind it if it has a number, is the one
 * at the cursor. */
static const struct region_form *find_form(const struct cursor *c)
{
	const char *word = c->text + c->at;
	size_t length = cursor_word(c);

	for (size_t i = 0; i < N_FORMS; i++) {
		size_t known = strlen(forms[i].word);

		if (strncmp(word, forms[i].word, known) != 0)
			continue;
		if (length == known ||
		    (forms[i].numbered && is_digit(word[known])))
			return &forms[i];
	}
	return NULL;
}

/* "uoi0": the number does not count for what is near. */
static char *nearest_form(const char *word, size_t length)
{
	const char *words[N_FORMS + 1] = {NULL};
	cleanup_free char *stem = NULL;

	while (length && is_digit(word[length - 1]))
		length--;
	for (size_t i = 0; i < N_FORMS; i++)
		words[i] = forms[i].word;
	stem = strndup(word, length);
	return stem ? text_nearest(stem, words) : NULL;
}

static struct error *unknown_region(const struct cursor *c)
{
	size_t length = cursor_word(c);
	cleanup_free char *nearest = NULL;
	struct error *error;

	if (!length)
		return not_here(c, "the name of a region",
				cursor_peek(c) == '/' ? path_forms : all_forms);
	error = usage_at(c, c->at, length, "no region has such a name");
	nearest = nearest_form(c->text + c->at, length);
	if (nearest)
		return error_help(error, "did you mean %s?", nearest);
	return error_help(error, "%s", all_forms);
}

static bool sees_part(const struct cursor *c, const char *part)
{
	size_t length = strlen(part);

	return cursor_peek(c) == '/' &&
	       strncmp(c->text + c->at + 1, part, length) == 0;
}

static const char *const part_words[] = {"bar", "map", "region", "resource"};

/* `/map0` behind what has BARs. */
static struct error *check_part_word(const struct cursor *c, const char *part)
{
	for (size_t i = 0; i < sizeof(part_words) / sizeof(*part_words); i++) {
		if (!sees_part(c, part_words[i]))
			continue;
		return error_help(usage_at(c, c->at + 1, strlen(part_words[i]),
					   "this device has no part of this "
					   "kind"),
				  "write /%s0", part);
	}
	return NULL;
}

static struct error *missing_part(const struct cursor *c, size_t start,
				  const char *part)
{
	size_t length = c->at - start;

	return error_help(usage_here(c,
				     "'/%sN' must stand here: a device has "
				     "several regions",
				     part),
			  "write @%.*s/%s0", (int)(length < 40 ? length : 40),
			  c->text + start, part);
}

/* The part behind a device that starts at `start`. */
static struct error *scan_part(struct cursor *c, size_t start,
			       const struct region_form *form, bool in_location,
			       struct region_name *region)
{
	struct error *error;
	size_t number;

	if (!sees_part(c, form->part)) {
		error = check_part_word(c, form->part);
		if (error)
			return error;
		if (in_location && !form->part_default)
			return missing_part(c, start, form->part);
		region->has_part = in_location;
		return NULL;
	}
	c->at += 1 + strlen(form->part);
	number = c->at;
	error = scan_decimal(c, &region->part);
	if (error)
		return error;
	if (region->part > form->last_part)
		return usage_at(c, number, c->at - number,
				"the last one is %s%llu", form->part,
				(unsigned long long)form->last_part);
	region->has_part = true;
	return NULL;
}

static struct error *scan_index(struct cursor *c, struct region_name *region)
{
	struct error *error = scan_decimal(c, &region->number);

	if (error)
		return error_help(error, "an index is decimal; %s", pci_form);
	region->kind = REGION_INDEX;
	return NULL;
}

struct error *scan_region(struct cursor *c, bool in_location,
			  struct region_name *region)
{
	const struct region_form *form = &pci;
	size_t start = c->at;
	struct error *error = NULL;
	size_t hex = strspn(c->text + c->at, hex_digits);

	if (hex && c->text[c->at + hex] == ':') {
		error = scan_pci(c, region);
	} else if (is_digit(cursor_peek(c))) {
		return scan_index(c, region);
	} else {
		form = find_form(c);
		if (!form)
			return unknown_region(c);
		region->kind = form->kind;
		c->at += strlen(form->word);
		if (form->numbered)
			error = scan_decimal(c, &region->number);
	}
	if (!error && form->scan_rest)
		error = form->scan_rest(c, region);
	if (!error && form->part)
		error = scan_part(c, start, form, in_location, region);
	return error;
}

static void region_cleanup_(struct region_name *region)
{
	region_name_deinit(region);
}

/* Device nodes, and the form of their regions. */
static const struct {
	const char *path, *form;
} nodes[] = {
	{"/dev/uio", "uio"},   {"/dev/vfio/", "vfio"}, {"/dev/mem", "mem"},
	{"/dev/hpet", "hpet"}, {"/dev/dri/", "dri/"},
};

/* Whether the whole of `path` is a node of a known form. */
static bool scan_node(const char *path, struct region_name *ret)
{
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
		cleanup_with(region_cleanup_) struct region_name found = {0};
		cleanup_free char *name = NULL;
		cleanup_error struct error *error = NULL;
		struct cursor c;
		const char *rest;

		if (!text_starts(path, nodes[i].path, &rest))
			continue;
		if (asprintf(&name, "%s%s", nodes[i].form, rest) < 0) {
			name = NULL;
			return false;
		}
		c = cursor_over(name);
		error = scan_region(&c, false, &found);
		if (error || !cursor_ended(&c) || found.has_part)
			continue;
		*ret = found;
		found.name = NULL;
		return true;
	}
	return false;
}

static struct error *parse_node(const char *path, struct region_name *ret)
{
	char *name;

	if (scan_node(path, ret))
		return NULL;
	name = strdup(path);
	if (!name)
		return error_no_memory();
	*ret = (struct region_name){.kind = REGION_FILE, .name = name};
	return NULL;
}

struct error *region_name_parse(const char *text, struct region_name *ret)
{
	cleanup_with(region_cleanup_) struct region_name region = {0};
	struct cursor c = cursor_over(text);
	struct error *error;

	cursor_take(&c, "@");
	if (cursor_peek(&c) == '/')
		return parse_node(text + c.at, ret);
	error = scan_region(&c, false, &region);
	if (error)
		return error;
	if (region.kind == REGION_INDEX)
		return error_help(usage_at(&c, 0, c.length,
					   "an index names a mapping, not a "
					   "device"),
				  "%s", pci_form);
	if (!cursor_ended(&c)) {
		error = never_here(&c);
		if (error)
			return error;
		return error_help(
			usage_at(&c, c.at, c.length - c.at,
				 "only the name of a device or a region can "
				 "stand here"),
			region.kind == REGION_FILE
				? "in a path '\\' protects '+', '=' and '..'"
				: "leave out offset, width, bits and value");
	}
	*ret = region;
	region.name = NULL;
	return NULL;
}
