/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of regions: what is written is read back, and which name means
 * which region. */
#include "plan/location.h"
#include "target/region.h"
#include "unit.h"

#define PCI(domain_, bus_, device_, function_, ...)                            \
	{                                                                      \
		.kind = REGION_PCI, .domain = (domain_), .bus = (bus_),        \
		.device = (device_), .function = (function_), __VA_ARGS__      \
	}
#define PART(number_) .has_part = true, .part = (number_)
#define FILE_AT(path_)                                                         \
	{                                                                      \
		.kind = REGION_FILE, .name = (char *)(path_)                   \
	}
#define DRI(name_)                                                             \
	{                                                                      \
		.kind = REGION_DRI, .name = (char *)(name_)                    \
	}
#define NUMBERED(kind_, number_, ...)                                          \
	{                                                                      \
		.kind = (kind_), .number = (number_), __VA_ARGS__              \
	}

static const struct {
	struct region_name region;
	const char *text;
} names[] = {
	{PCI(0, 0, 0, 0, PART(0)), "0000:00:00.0/bar0"},
	{PCI(0, 3, 0, 0, PART(5)), "0000:03:00.0/bar5"},
	{PCI(0, 3, 0, 0), "0000:03:00.0"},
	{PCI(0xffff, 0xff, 0x1f, 7, PART(2)), "ffff:ff:1f.7/bar2"},
	{PCI(0x10000, 0xe1, 0, 0, PART(0)), "10000:e1:00.0/bar0"},
	{PCI(0xffffffff, 0xe1, 0, 0, PART(0)), "ffffffff:e1:00.0/bar0"},
	{NUMBERED(REGION_UIO, 0, PART(0)), "uio0/map0"},
	{NUMBERED(REGION_UIO, 12, PART(4)), "uio12/map4"},
	{NUMBERED(REGION_UIO, 3), "uio3"},
	{NUMBERED(REGION_UIO, UINT64_MAX, PART(UINT64_MAX)),
	 "uio18446744073709551615/map18446744073709551615"},
	{NUMBERED(REGION_VFIO, 7, PART(8)), "vfio7/region8"},
	{NUMBERED(REGION_VFIO, 7), "vfio7"},
	{{.kind = REGION_MEM}, "mem"},
	{{.kind = REGION_HPET}, "hpet"},
	{DRI("card0"), "dri/card0"},
	{DRI("renderD128"), "dri/renderD128"},
	{FILE_AT("/tmp/plain"), "file:/tmp/plain"},
	{FILE_AT("/"), "file:/"},
	{FILE_AT("/a+b"), "file:/a\\x2bb"},
	{FILE_AT("/a=b"), "file:/a\\x3db"},
	{FILE_AT("/a\\b"), "file:/a\\x5cb"},
	{FILE_AT("/a\\"), "file:/a\\x5c"},
	{FILE_AT("/a\\+b\\\\"), "file:/a\\x5c\\x2bb\\x5c\\x5c"},
	{FILE_AT("/a\\x41\\x2b"), "file:/a\\x5cx41\\x5cx2b"},
	{FILE_AT("/a.b"), "file:/a.b"},
	{FILE_AT("/a..b"), "file:/a\\x2e.b"},
	{FILE_AT("/a...b"), "file:/a\\x2e\\x2e.b"},
	{FILE_AT("/../..x"), "file:/\\x2e./\\x2e.x"},
	{FILE_AT("/a b/32:4,@[x]-y"), "file:/a b/32:4,@[x]-y"},
	/* what a terminal must not get */
	{FILE_AT("/\xff\n\x1b\t"), "file:/\\xff\\x0a\\x1b\\x09"},
	{FILE_AT("/\xc3\xa9\xe2\x80\xae"), "file:/\xc3\xa9\\xe2\\x80\\xae"},
	{FILE_AT("/dev/uio0"), "file:/dev/uio0"},
	{FILE_AT("/drm mm object"), "file:/drm mm object"},
};

static bool same_region(const struct region_name *left,
			const struct region_name *right)
{
	return left->kind == right->kind && left->domain == right->domain &&
	       left->bus == right->bus && left->device == right->device &&
	       left->function == right->function &&
	       left->number == right->number &&
	       left->has_part == right->has_part && left->part == right->part &&
	       same_text(left->name, right->name);
}

START_TEST(formatted)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *text = region_name_format(&names[i].region);

		ck_assert_str_eq(text, names[i].text);
		free(text);
	}
}
END_TEST

/* As the name of a region, and as a location where it has all its parts. */
static void check_read_back(const struct region_name *region)
{
	char *text = region_name_format(region), *place;
	struct region_name back = {0};
	struct location *location;
	bool whole = region->has_part || (region->kind != REGION_PCI &&
					  region->kind != REGION_UIO &&
					  region->kind != REGION_VFIO);

	ck_assert_ptr_nonnull(text);
	expect_no_error(region_name_parse(text, &back), text);
	ck_assert_msg(same_region(&back, region), "%s", text);
	ck_assert(region_name_matches(&back, region));
	ck_assert(region_name_matches(region, &back));
	region_name_deinit(&back);
	ck_assert_int_gt(asprintf(&place, "@%s+0x10..+0x20", text), 0);
	if (whole) {
		expect_no_error(location_parse(place, &location), place);
		ck_assert_msg(same_region(&location->start.region, region),
			      "%s", place);
		ck_assert_uint_eq(location->start.offset, 0x10);
		location_destroy(location);
	}
	free(place);
	free(text);
}

START_TEST(read_back)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check_read_back(&names[i].region);
}
END_TEST

/* Every short path of the bytes that mean something in a location. */
START_TEST(paths_read_back)
{
	static const char bytes[] = "a.+=\\/ :x4\n";
	const size_t base = sizeof(bytes) - 1;

	for (size_t i = 0; i < base * base * base * base; i++) {
		const char path[] = {'/',
				     bytes[i % base],
				     bytes[i / base % base],
				     bytes[i / base / base % base],
				     bytes[i / base / base / base],
				     '\0'};
		struct region_name region = FILE_AT(path), back = {0};
		char *text = region_name_format(&region);

		expect_no_error(region_name_parse(text, &back), text);
		if (!same_text(back.name, path))
			ck_abort_msg("%s, %s, %s", path, text, back.name);
		region_name_deinit(&back);
		free(text);
	}
}
END_TEST

/* A range may stand directly behind a name. */
START_TEST(paths_before_a_range)
{
	static const char *const paths[] = {"/a",  "/a\\", "/a+", "/a.b",
					    "/a.", "/a..", "/."};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct region_name region = FILE_AT(paths[i]);
		char *text = region_name_format(&region), *place;
		struct location *location;

		ck_assert_int_gt(asprintf(&place, "@%s..+0x10", text), 0);
		expect_no_error(location_parse(place, &location), place);
		ck_assert_str_eq(location->start.region.name, paths[i]);
		ck_assert_uint_eq(location->length, 0x10);
		location_destroy(location);
		free(place);
		free(text);
	}
}
END_TEST

/* What has no path in a file system shows as maps has it. */
START_TEST(names_without_a_slash)
{
	static const char *const paths[] = {"anon_inode:[driver]",
					    "anon_inode:kvm-vcpu:0"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct region_name region = FILE_AT(paths[i]);

		check_read_back(&region);
	}
}
END_TEST

START_TEST(index_formatted)
{
	struct region_name region = {.kind = REGION_INDEX, .number = 10};
	char *text = region_name_format(&region);

	ck_assert_str_eq(text, "10");
	free(text);
}
END_TEST

START_TEST(pci_address)
{
	static const struct {
		struct region_name region;
		const char *text;
	} cases[] = {
		{PCI(0, 0, 0, 0, PART(0)), "0000:00:00.0"},
		{PCI(0, 0x3a, 0x1f, 7), "0000:3a:1f.7"},
		{PCI(0x10000, 0xe1, 2, 1, PART(3)), "10000:e1:02.1"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = region_pci_address(&cases[i].region);

		ck_assert_str_eq(text, cases[i].text);
		free(text);
	}
}
END_TEST

static const struct {
	struct region_name name, other;
	bool there, back; /* name to other, other to name */
} matches[] = {
	{PCI(0, 3, 0, 0, PART(1)), PCI(0, 3, 0, 0, PART(1)), true, true},
	{PCI(0, 3, 0, 0), PCI(0, 3, 0, 0, PART(1)), true, false},
	{PCI(0, 3, 0, 0), PCI(0, 3, 0, 0), true, true},
	{PCI(0, 3, 0, 0, PART(0)), PCI(0, 3, 0, 0, PART(1)), false, false},
	{PCI(0, 3, 0, 0, PART(0)), PCI(1, 3, 0, 0, PART(0)), false, false},
	{PCI(0, 3, 0, 0, PART(0)), PCI(0, 4, 0, 0, PART(0)), false, false},
	{PCI(0, 3, 0, 0, PART(0)), PCI(0, 3, 1, 0, PART(0)), false, false},
	{PCI(0, 3, 0, 0, PART(0)), PCI(0, 3, 0, 1, PART(0)), false, false},
	{NUMBERED(REGION_UIO, 0, PART(0)), NUMBERED(REGION_UIO, 0, PART(0)),
	 true, true},
	{NUMBERED(REGION_UIO, 0), NUMBERED(REGION_UIO, 0, PART(3)), true,
	 false},
	{NUMBERED(REGION_UIO, 0), NUMBERED(REGION_UIO, 1, PART(0)), false,
	 false},
	{NUMBERED(REGION_UIO, 0, PART(0)), NUMBERED(REGION_UIO, 1, PART(0)),
	 false, false},
	{NUMBERED(REGION_UIO, 0, PART(0)), NUMBERED(REGION_VFIO, 0, PART(0)),
	 false, false},
	{{.kind = REGION_MEM}, {.kind = REGION_MEM}, true, true},
	{{.kind = REGION_MEM}, {.kind = REGION_HPET}, false, false},
	{DRI("card0"), DRI("card0"), true, true},
	{DRI("card0"), DRI("card1"), false, false},
	{DRI("card0"), FILE_AT("card0"), false, false},
	{FILE_AT("/a"), FILE_AT("/a"), true, true},
	{FILE_AT("/a"), FILE_AT("/A"), false, false},
	{FILE_AT("/a"), FILE_AT(NULL), false, false},
};

START_TEST(matching)
{
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++) {
		ck_assert_msg(region_name_matches(&matches[i].name,
						  &matches[i].other) ==
				      matches[i].there,
			      "%zu", i);
		ck_assert_msg(region_name_matches(&matches[i].other,
						  &matches[i].name) ==
				      matches[i].back,
			      "%zu, back", i);
	}
}
END_TEST

START_TEST(released)
{
	struct region_name region = {.kind = REGION_DRI, .name = strdup("a")};

	region_name_deinit(&region);
	ck_assert_ptr_null(region.name);
	region_name_deinit(&region);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		formatted,
		read_back,
		paths_read_back,
		paths_before_a_range,
		names_without_a_slash,
		index_formatted,
		pci_address,
		matching,
		released,
	};

	return run_suite(
		suite_of("region", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
