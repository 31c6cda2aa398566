/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans: what locations and options become, and what is refused before the
 * first access; over a captured machine and a captured process. */
#include <errno.h>
#include <inttypes.h>

#include "access/backend.h"
#include "plan/location.h"
#include "plan/plan.h"
#include "target/machine.h"
#include "target/session.h"
#include "unit.h"

enum { PID = 4242 };

#define PF_IO "rd wr sh mr mw me ms pf io de dd sd"
#define PLAIN "rd wr mr mw me ac sd"
#define NIC   "/sys/devices/pci0000:00/0000:03:00.0/resource"

static struct tree tree;
static struct machine machine;
static struct session *session;

/* BAR 0 is mapped twice, BAR 2 in two pieces and without its last page, and
 * BAR 1 is smaller than its page. */
static const struct vma vmas[] = {
	{"00400000-00402000 r-xp 00000000 08:01 11 /usr/bin/app", PLAIN},
	{"00600000-00604000 rw-p 00000000 00:00 0 [heap]", PLAIN},
	{"10000000-10004000 r--s fe000000 00:15 9 " NIC "0", PF_IO},
	{"20000000-20004000 rw-s fe000000 00:15 9 " NIC "0", PF_IO},
	{"30000000-30001000 rw-s fe010000 00:15 10 " NIC "1", PF_IO},
	{"40000000-40001000 rw-s fe020000 00:15 11 " NIC "2", PF_IO},
	{"50000000-50002000 rw-s fe021000 00:15 11 " NIC "2", PF_IO},
	{"60000000-60010000 rw-s 380000000000 00:15 12 " NIC "4_wc", PF_IO},
	{"70000000-70001000 rw-s fd000000 00:15 13 "
	 "/sys/devices/pci0000:00/0000:04:00.0/resource0",
	 PF_IO},
	{"80000000-80001000 rw-s 10000000000 00:0e 5 anon_inode:[vfio-device]",
	 PF_IO},
	{"90000000-90001000 rw-s 00000000 00:06 20 /dev/nvidia0", PF_IO},
	{"a0000000-a0001000 rw-p fec00000 00:06 21 /dev/mem", PF_IO},
	{"b0000000-b0003000 rw-s 00000000 00:06 21 /dev/mem", PF_IO},
	{"c0000000-c0001000 rw-s 00000000 08:01 30 /tmp/registers", PLAIN},
	{"c0001000-c0002000 rw-s 00001000 08:01 30 /tmp/registers", PLAIN},
	{"d0000000-d0001000 r--s 00000000 00:06 22 /dev/hpet", PF_IO},
	{"e0000000-e0001000 rw-s 10001000 00:06 23 /dev/dri/card0", PF_IO},
	{"e0002000-e0003000 rw-s 10003000 00:06 23 /dev/dri/card0", PF_IO},
	{"f0000000-f0001000 rw-s 00001000 00:06 24 /dev/uio0", PF_IO},
	{"f1000000-f1002000 rw-s 00000000 00:06 24 /dev/uio0", PLAIN},
	{"f2000000-f2002000 rw-s fcfff000 00:06 21 /dev/mem", PF_IO},
	{"f3000000-f3002000 rw-s fd000000 00:06 21 /dev/mem", PF_IO},
	{"ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0 [vsyscall]",
	 "ex"},
};

static void put_devices(void)
{
	static const struct bar nic[] = {
		{0xfe000000, 0x4000, BAR_MEMORY},
		{0xfe010000, 0x100, BAR_MEMORY},
		{0xfe020000, 0x4000, BAR_MEMORY},
		{0, 0, 0},
		{0x380000000000, 0x10000, BAR_PREFETCHABLE},
	};
	static const struct bar sleeper[] = {{0xfd000000, 0x1000, BAR_MEMORY}};

	tree_pci(&tree, "0000:03:00.0", "e1000e", nic, ARRAY_SIZE(nic));
	tree_pci(&tree, "0000:04:00.0", "e1000e", sleeper, ARRAY_SIZE(sleeper));
	tree_put(&tree, "suspended\n",
		 "sys/devices/pci0000:00/0000:04:00.0/power/runtime_status");
	tree_link(&tree, "../../../devices/pci0000:00/0000:03:00.0",
		  "sys/class/uio/uio0/device");
	tree_put(&tree, "0x2000\n", "sys/class/uio/uio0/maps/map0/size");
	tree_put(&tree, "0x0\n", "sys/class/uio/uio0/maps/map0/addr");
	tree_put(&tree, "0x1000\n", "sys/class/uio/uio0/maps/map1/size");
	tree_put(&tree, "0x800\n", "sys/class/uio/uio0/maps/map1/offset");
	tree_put(&tree, "0xfc010000\n", "sys/class/uio/uio0/maps/map1/addr");
	tree_link(&tree, "../../../devices/pci0000:00/0000:03:00.0",
		  "sys/class/drm/card0/device");
	tree_put(&tree,
		 "00000000-00000fff : Reserved\n"
		 "00001000-0009fbff : System RAM\n"
		 "fe000000-fe003fff : 0000:03:00.0\n",
		 "proc/iomem");
}

/* Opens the session anew, on a kernel of that name. */
static void open_session(const char *uname)
{
	session_destroy(session);
	session = NULL;
	machine_deinit(&machine);
	tree_put(&tree, uname, "uname");
	expect_no_error(machine_init(&machine, tree.path), tree.path);
	expect_no_error(
		session_create(&machine, PID, "/tmp/registers", &session),
		"session");
}

static void set_up(void)
{
	tree_init(&tree);
	put_devices();
	tree_process(&tree, PID, "app");
	tree_folder(&tree, "proc/4242/fd");
	tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
	expect_no_error(machine_init(&machine, tree.path), tree.path);
	open_session("x86_64 6.1.0\n");
}

static void tear_down(void)
{
	session_destroy(session);
	session = NULL;
	machine_deinit(&machine);
	tree_deinit(&tree);
}

/* Options as a command line has them. */
struct given {
	bool write, fill, force, verify;
	uint64_t count;    /* 0: no -n */
	const char *width; /* NULL: no -w */
};

#define READ                                                                   \
	{                                                                      \
		.write = false                                                 \
	}
#define WRITE                                                                  \
	{                                                                      \
		.write = true                                                  \
	}
#define FORCED                                                                 \
	{                                                                      \
		.write = true, .force = true                                   \
	}
#define FILLED                                                                 \
	{                                                                      \
		.write = true, .fill = true                                    \
	}
#define N(n_)                                                                  \
	{                                                                      \
		.count = (n_)                                                  \
	}
#define W(w_)                                                                  \
	{                                                                      \
		.width = (w_)                                                  \
	}
#define WITH(...)                                                              \
	{                                                                      \
		__VA_ARGS__                                                    \
	}

static struct plan_options options_of(const struct given *given)
{
	struct plan_options options = {
		.write = given->write,
		.fill = given->fill,
		.force = given->force,
		.verify = given->verify,
		.has_count = given->count != 0,
		.count = given->count,
	};

	if (given->width)
		expect_no_error(width_parse(given->width, &options.width),
				given->width);
	return options;
}

/* The error of parsing or planning one location. The plan borrows it. */
static struct error *make_plan(const char *text, const struct given *given,
			       struct location **location, struct plan *plan)
{
	struct plan_options options = options_of(given);
	struct error *error = location_parse(text, location);

	return error ? error : plan_make(session, location, 1, &options, plan);
}

static bool is_little(void)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

/* What a location becomes: the access. */
static const struct {
	const char *text;
	struct given given;
	enum operation_kind kind;
	unsigned bits, value_bits;
	bool halves;
	uint64_t clear, set;
} operations[] = {
	{"@03:00.0/bar0", READ, OPERATION_READ, 32, 32, false, 0, 0},
	{"@03:00.0/bar0/8", READ, OPERATION_READ, 8, 8, false, 0, 0},
	{"@03:00.0/bar0/16", READ, OPERATION_READ, 16, 16, false, 0, 0},
	{"@03:00.0/bar0", W("16"), OPERATION_READ, 16, 16, false, 0, 0},
	{"@03:00.0/bar0/16", W("16"), OPERATION_READ, 16, 16, false, 0, 0},
	{"@03:00.0/bar0/32x2", READ, OPERATION_READ, 32, 64, true, 0, 0},
	{"@03:00.0/bar0", W("32x2"), OPERATION_READ, 32, 64, true, 0, 0},
	{"@03:00.0/bar4/64", READ, OPERATION_READ, 64, 64, false, 0, 0},
	{"0x600000/64", READ, OPERATION_READ, 64, 64, false, 0, 0},
	{"@file:/tmp/registers", W("64"), OPERATION_READ, 64, 64, false, 0, 0},
	/* values */
	{"@03:00.0/bar0=5", WRITE, OPERATION_WRITE, 32, 32, false, 0xffffffff,
	 5},
	{"@03:00.0/bar0/8=0xff", WRITE, OPERATION_WRITE, 8, 8, false, 0xff,
	 0xff},
	{"@03:00.0/bar0/8=-1", WRITE, OPERATION_WRITE, 8, 8, false, 0xff, 0xff},
	{"@03:00.0/bar0/8=-128", WRITE, OPERATION_WRITE, 8, 8, false, 0xff,
	 0x80},
	{"@03:00.0/bar0/16=-2", WRITE, OPERATION_WRITE, 16, 16, false, 0xffff,
	 0xfffe},
	{"@03:00.0/bar0=-0x80000000", WRITE, OPERATION_WRITE, 32, 32, false,
	 0xffffffff, 0x80000000},
	{"0x600000/64=-1", FORCED, OPERATION_WRITE, 64, 64, false, UINT64_MAX,
	 UINT64_MAX},
	{"0x600000/64=0x123456789abcdef0", FORCED, OPERATION_WRITE, 64, 64,
	 false, UINT64_MAX, 0x123456789abcdef0},
	/* masks; a full one leaves nothing to read */
	{"@03:00.0/bar0=0x3:0xf", WRITE, OPERATION_MODIFY, 32, 32, false, 0xf,
	 0x3},
	{"@03:00.0/bar0=0xf3:0xf", WRITE, OPERATION_MODIFY, 32, 32, false, 0xf,
	 0x3},
	{"@03:00.0/bar0=0:0x80000000", WRITE, OPERATION_MODIFY, 32, 32, false,
	 0x80000000, 0},
	{"@03:00.0/bar0=-1:0xf0", WRITE, OPERATION_MODIFY, 32, 32, false, 0xf0,
	 0xf0},
	{"@03:00.0/bar0=5:0xffffffff", WRITE, OPERATION_WRITE, 32, 32, false,
	 0xffffffff, 5},
	{"@03:00.0/bar0/8=5:0xff", WRITE, OPERATION_WRITE, 8, 8, false, 0xff,
	 5},
	{"@03:00.0/bar0=5:0xff", WRITE, OPERATION_MODIFY, 32, 32, false, 0xff,
	 5},
	{"0x600000/64=5:0xffffffffffffffff", FORCED, OPERATION_WRITE, 64, 64,
	 false, UINT64_MAX, 5},
	{"0x600000/64=5:0xffffffff", FORCED, OPERATION_MODIFY, 64, 64, false,
	 0xffffffff, 5},
	/* bits */
	{"@03:00.0/bar0.0=1", WRITE, OPERATION_MODIFY, 32, 32, false, 1, 1},
	{"@03:00.0/bar0.31=1", WRITE, OPERATION_MODIFY, 32, 32, false,
	 0x80000000, 0x80000000},
	{"@03:00.0/bar0.31=0", WRITE, OPERATION_MODIFY, 32, 32, false,
	 0x80000000, 0},
	{"@03:00.0/bar0.7:4=0xa", WRITE, OPERATION_MODIFY, 32, 32, false, 0xf0,
	 0xa0},
	{"@03:00.0/bar0.7:4=-1", WRITE, OPERATION_MODIFY, 32, 32, false, 0xf0,
	 0xf0},
	{"@03:00.0/bar0.7:4=-8", WRITE, OPERATION_MODIFY, 32, 32, false, 0xf0,
	 0x80},
	{"@03:00.0/bar0/16.15:0=0x1234", WRITE, OPERATION_WRITE, 16, 16, false,
	 0xffff, 0x1234},
	{"0x600000/64.63:0=-1", FORCED, OPERATION_WRITE, 64, 64, false,
	 UINT64_MAX, UINT64_MAX},
	{"0x600000/64.63:1=1", FORCED, OPERATION_MODIFY, 64, 64, false,
	 UINT64_MAX - 1, 2},
	/* several fields: one read and one write, or one write */
	{"@03:00.0/bar0.7:4=0xa,0=1", WRITE, OPERATION_MODIFY, 32, 32, false,
	 0xf1, 0xa1},
	{"@03:00.0/bar0.0=1,4=0,31=1", WRITE, OPERATION_MODIFY, 32, 32, false,
	 0x80000011, 0x80000001},
	{"@03:00.0/bar0/8.7:4=0xa,3:0=5", WRITE, OPERATION_WRITE, 8, 8, false,
	 0xff, 0xa5},
	{"@03:00.0/bar0/8.7:4=-1,3:1=0,0=1", WRITE, OPERATION_WRITE, 8, 8,
	 false, 0xff, 0xf1},
};

START_TEST(planned_operations)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		const char *text = operations[i].text;
		const struct operation *operation;
		struct location *location;
		struct plan plan;

		expect_no_error(
			make_plan(text, &operations[i].given, &location, &plan),
			text);
		ck_assert_uint_eq(plan.count, 1);
		operation = &plan.operations[0];
		ck_assert_msg(operation->kind == operations[i].kind, "%s",
			      text);
		ck_assert_msg(operation->bits == operations[i].bits, "%s",
			      text);
		ck_assert_msg(operation->value_bits == operations[i].value_bits,
			      "%s", text);
		ck_assert_msg(operation->halves == operations[i].halves, "%s",
			      text);
		ck_assert_msg(operation->clear == operations[i].clear,
			      "%s: %#" PRIx64, text, operation->clear);
		ck_assert_msg(operation->set == operations[i].set,
			      "%s: %#" PRIx64, text, operation->set);
		ck_assert(!operation->verify && !operation->swap);
		ck_assert_ptr_eq(
			route_of(operation, operation->kind != OPERATION_READ)
				->backend,
			&backend_kernel);
		ck_assert_ptr_eq(operation->location, location);
		ck_assert_uint_eq(operation->place.count, 1);
		plan_deinit(&plan);
		ck_assert_ptr_null(plan.operations);
		location_destroy(location);
	}
}
END_TEST

/* The order is the device's: bits and masks are those of the value. */
START_TEST(byte_orders)
{
	static const struct {
		const char *text;
		struct given given;
		bool big, little;
	} cases[] = {
		{"@03:00.0/bar0", READ, false, false},
		{"@03:00.0/bar0/32be", READ, true, false},
		{"@03:00.0/bar0/16le", READ, false, true},
		{"@03:00.0/bar0", W("32be"), true, false},
		{"@03:00.0/bar0/32be.7:4=1", WRITE, true, false},
		{"@03:00.0/bar0/32be=1:0xf0", WRITE, true, false},
		{"@03:00.0/bar0/32x2", READ, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct location *location;
		struct plan plan;

		expect_no_error(make_plan(cases[i].text, &cases[i].given,
					  &location, &plan),
				cases[i].text);
		ck_assert_msg(
			plan.operations[0].swap ==
				(is_little() ? cases[i].big : cases[i].little),
			"%s", cases[i].text);
		if (cases[i].given.write)
			ck_assert_uint_eq(plan.operations[0].clear, 0xf0);
		plan_deinit(&plan);
		location_destroy(location);
	}
}
END_TEST

START_TEST(bits_to_show)
{
	static const struct {
		const char *text;
		bool has_field;
		unsigned high, low;
	} cases[] = {
		{"@03:00.0/bar0", false, 0, 0},
		{"@03:00.0/bar0.7:4", true, 7, 4},
		{"@03:00.0/bar0.0", true, 0, 0},
		{"@03:00.0/bar0.31", true, 31, 31},
		{"@03:00.0/bar0/32x2.63:40", true, 63, 40},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		static const struct given read = READ;
		const struct operation *operation;
		struct location *location;
		struct plan plan;

		expect_no_error(
			make_plan(cases[i].text, &read, &location, &plan),
			cases[i].text);
		operation = &plan.operations[0];
		ck_assert(operation->has_field == cases[i].has_field);
		ck_assert_uint_eq(operation->high, cases[i].high);
		ck_assert_uint_eq(operation->low, cases[i].low);
		plan_deinit(&plan);
		location_destroy(location);
	}
}
END_TEST

/* Where the elements stand: in the space of the location, and in the target. */
static const struct {
	const char *text;
	struct given given;
	enum base_space space;
	uint64_t position, count;
	struct {
		uint64_t address, count;
		bool device;
	} spans[3];
	const char *label; /* of the first element */
} places[] = {
	{"@03:00.0/bar0+0x8",
	 READ,
	 SPACE_REGION,
	 8,
	 1,
	 {{0x10000008, 1, true}},
	 "@03:00.0/bar0+0x8"},
	/* a writable mapping for a write, a shared one, and never the buffer */
	{"@03:00.0/bar0+0x8=1",
	 WRITE,
	 SPACE_REGION,
	 8,
	 1,
	 {{0x20000008, 1, true}},
	 "@03:00.0/bar0+0x8"},
	{"@03:00.0/bar0+0x3ffc",
	 READ,
	 SPACE_REGION,
	 0x3ffc,
	 1,
	 {{0x10003ffc, 1, true}},
	 "@03:00.0/bar0+0x3ffc"},
	{"@03:00.0/bar0+0x8-4+0x10",
	 READ,
	 SPACE_REGION,
	 0x14,
	 1,
	 {{0x10000014, 1, true}},
	 "@03:00.0/bar0+0x14"},
	/* a region within a page */
	{"@03:00.0/bar1..+0x100",
	 READ,
	 SPACE_REGION,
	 0,
	 64,
	 {{0x30000000, 64, true}},
	 "@03:00.0/bar1+0x0"},
	{"@03:00.0/bar1+0xfe/16",
	 READ,
	 SPACE_REGION,
	 0xfe,
	 1,
	 {{0x300000fe, 1, true}},
	 "@03:00.0/bar1+0xfe"},
	/* two mappings of one region */
	{"@03:00.0/bar2..+0x3000",
	 READ,
	 SPACE_REGION,
	 0,
	 0xc00,
	 {{0x40000000, 0x400, true}, {0x50000000, 0x800, true}},
	 "@03:00.0/bar2+0x0"},
	{"@03:00.0/bar2+0xffc",
	 N(3),
	 SPACE_REGION,
	 0xffc,
	 3,
	 {{0x40000ffc, 1, true}, {0x50000000, 2, true}},
	 "@03:00.0/bar2+0xffc"},
	{"@03:00.0/bar2+0x800..@03:00.0/bar2+0x1800/8",
	 READ,
	 SPACE_REGION,
	 0x800,
	 0x1000,
	 {{0x40000800, 0x800, true}, {0x50000000, 0x800, true}},
	 "@03:00.0/bar2+0x800"},
	{"@03:00.0/bar2+0xff8..+8=7",
	 FILLED,
	 SPACE_REGION,
	 0xff8,
	 2,
	 {{0x40000ff8, 2, true}},
	 "@03:00.0/bar2+0xff8"},
	{"@03:00.0/bar2+0x2ffc",
	 READ,
	 SPACE_REGION,
	 0x2ffc,
	 1,
	 {{0x50001ffc, 1, true}},
	 "@03:00.0/bar2+0x2ffc"},
	/* physical addresses, through whatever shows them */
	{"phys:0xfe020ffc",
	 N(2),
	 SPACE_PHYSICAL,
	 0xfe020ffc,
	 2,
	 {{0x40000ffc, 1, true}, {0x50000000, 1, true}},
	 "phys:0xfe020ffc"},
	{"phys:0xfe000000=1",
	 WRITE,
	 SPACE_PHYSICAL,
	 0xfe000000,
	 1,
	 {{0x20000000, 1, true}},
	 "phys:0xfe000000"},
	{"phys:0x0",
	 READ,
	 SPACE_PHYSICAL,
	 0,
	 1,
	 {{0xb0000000, 1, true}},
	 "phys:0x0"},
	{"@mem+0xfec00010",
	 READ,
	 SPACE_REGION,
	 0xfec00010,
	 1,
	 {{0xa0000010, 1, true}},
	 "@mem+0xfec00010"},
	/* behind a device that sleeps */
	{"@mem+0xfd001000",
	 READ,
	 SPACE_REGION,
	 0xfd001000,
	 1,
	 {{0xf3001000, 1, true}},
	 "@mem+0xfd001000"},
	/* addresses, of a device or not */
	{"0x20000010",
	 READ,
	 SPACE_TARGET,
	 0x20000010,
	 1,
	 {{0x20000010, 1, true}},
	 "0x20000010"},
	{"0x20000010+0x10",
	 N(2),
	 SPACE_TARGET,
	 0x20000020,
	 2,
	 {{0x20000020, 2, true}},
	 "0x20000020"},
	{"0x600000..0x600010",
	 READ,
	 SPACE_TARGET,
	 0x600000,
	 4,
	 {{0x600000, 4, false}},
	 "0x600000"},
	{"0xffffffffff600ffc",
	 READ,
	 SPACE_TARGET,
	 0xffffffffff600ffc,
	 1,
	 {{0xffffffffff600ffc, 1, false}},
	 "0xffffffffff600ffc"},
	/* an address in a region that ends, or begins, within a page */
	{"0x300000f0",
	 N(4),
	 SPACE_TARGET,
	 0x300000f0,
	 4,
	 {{0x300000f0, 4, true}},
	 "0x300000f0"},
	{"0x300000fe/16",
	 READ,
	 SPACE_TARGET,
	 0x300000fe,
	 1,
	 {{0x300000fe, 1, true}},
	 "0x300000fe"},
	{"0xf0000800",
	 READ,
	 SPACE_TARGET,
	 0xf0000800,
	 1,
	 {{0xf0000800, 1, true}},
	 "0xf0000800"},
	/* two mappings side by side */
	{"0xc0000ff8",
	 N(4),
	 SPACE_TARGET,
	 0xc0000ff8,
	 4,
	 {{0xc0000ff8, 2, true}, {0xc0001000, 2, true}},
	 "0xc0000ff8"},
	{"@file:/tmp/registers+0xffc",
	 N(2),
	 SPACE_REGION,
	 0xffc,
	 2,
	 {{0xc0000ffc, 1, true}, {0xc0001000, 1, true}},
	 "@file:/tmp/registers+0xffc"},
	/* an index counts from the start of its mapping */
	{"@4+0x10",
	 READ,
	 SPACE_REGION,
	 0x10,
	 1,
	 {{0x50000010, 1, true}},
	 "@4+0x10"},
	/* a region that begins within its first page */
	{"@uio0/map1",
	 READ,
	 SPACE_REGION,
	 0,
	 1,
	 {{0xf0000800, 1, true}},
	 "@uio0/map1+0x0"},
	{"@uio0/map1+0x7fc",
	 READ,
	 SPACE_REGION,
	 0x7fc,
	 1,
	 {{0xf0000ffc, 1, true}},
	 "@uio0/map1+0x7fc"},
	{"@uio0",
	 READ,
	 SPACE_REGION,
	 0,
	 1,
	 {{0xf1000000, 1, true}},
	 "@uio0+0x0"},
	/* halves need the alignment of a half only */
	{"@03:00.0/bar0+0x4/32x2",
	 READ,
	 SPACE_REGION,
	 4,
	 1,
	 {{0x10000004, 1, true}},
	 "@03:00.0/bar0+0x4"},
	{"@03:00.0/bar0+0x4..+0x20/32x2",
	 READ,
	 SPACE_REGION,
	 4,
	 4,
	 {{0x10000004, 4, true}},
	 "@03:00.0/bar0+0x4"},
};

static void check_spans(size_t i, const struct resolved *place)
{
	size_t n_spans = 0;

	while (n_spans < 3 && places[i].spans[n_spans].count)
		n_spans++;
	ck_assert_msg(place->n_spans == n_spans, "%s: %zu", places[i].text,
		      place->n_spans);
	for (size_t j = 0; j < n_spans; j++) {
		const struct span *span = &place->spans[j];
		const struct site *site = &span->site;

		ck_assert_msg(site->address == places[i].spans[j].address,
			      "%s: %#" PRIx64, places[i].text, site->address);
		ck_assert_msg(span->count == places[i].spans[j].count,
			      "%s: %" PRIu64, places[i].text, span->count);
		ck_assert(places[i].spans[j].device == (site->device != NULL));
		ck_assert_ptr_nonnull(site->mapping);
		ck_assert(site->mapping->start <= site->address &&
			  site->address < site->mapping->end);
		ck_assert(!site->device ||
			  mapping_same(&site->device->mapping, site->mapping));
	}
}

START_TEST(planned_places)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct resolved *place;
		struct location *location;
		struct plan plan;
		char *label;

		expect_no_error(make_plan(places[i].text, &places[i].given,
					  &location, &plan),
				places[i].text);
		place = &plan.operations[0].place;
		ck_assert_msg(place->space == places[i].space, "%s",
			      places[i].text);
		ck_assert_msg(place->position == places[i].position, "%s",
			      places[i].text);
		ck_assert_msg(place->count == places[i].count, "%s",
			      places[i].text);
		check_spans(i, place);
		label = resolved_label(place, place->position);
		ck_assert_str_eq(label, places[i].label);
		free(label);
		plan_deinit(&plan);
		location_destroy(location);
	}
}
END_TEST

/* Another process: several mappings show a place, or only a part of it. */
static const struct vma others[] = {
	{"10000000-10001000 rw-s 380000000000 00:15 12 " NIC "4_wc", PF_IO},
	{"20000000-20001000 rw-s 380000000000 00:15 12 " NIC "4", PF_IO},
	{"30000000-30001000 rw-p fe000000 00:15 9 " NIC "0", PF_IO},
	{"40000000-40001000 rw-s fe000000 00:15 9 " NIC "0", PF_IO},
	{"50000000-50001000 rw-s fcfff000 00:06 21 /dev/mem", PF_IO},
	{"51000000-51001000 rw-s fd001000 00:06 21 /dev/mem", PF_IO},
	{"52000000-52003000 rw-s fcfff000 00:06 21 /dev/mem", PF_IO},
	{"60000000-60001000 rw-s fb000000 00:0e 5 anon_inode:[vfio-device]",
	 PF_IO},
	{"70000000-70001000 rw-s fb000000 00:06 21 /dev/mem", PF_IO},
	{"80000000-80001000 rw-s fe021000 00:06 21 /dev/mem", PF_IO},
};

static const struct {
	const char *text;
	bool write;
	uint64_t address; /* 0: refused */
	enum error_kind kind;
} choices[] = {
	/* a register before a buffer */
	{"@03:00.0/bar4", false, 0x20000000, 0},
	{"@03:00.0/bar4=1", true, 0x20000000, 0},
	{"phys:0x380000000000", false, 0x20000000, 0},
	/* what is shared before what is private */
	{"@03:00.0/bar0", false, 0x40000000, 0},
	{"@03:00.0/bar0=1", true, 0x40000000, 0},
	/* what the kernel can reach before what it cannot */
	{"@06:00.0/bar0", false, 0x70000000, 0},
	{"@06:00.0/bar0+0xffc=1", true, 0x70000ffc, 0},
	/* a VFIO region by its group */
	{"@vfio26/region0", false, 0, ERROR_NO_METHOD},
	{"@vfio26/region1", false, 0, ERROR_NOT_MAPPED},
	{"@vfio27/region0", false, 0, ERROR_NOT_MAPPED},
	/* a BAR that /dev/mem shows from before it to behind it */
	{"@04:00.0/bar0", false, 0x52001000, 0},
	{"@04:00.0/bar0+0xffc", false, 0x52001ffc, 0},
	{"@04:00.0/bar0+0x1000", false, 0, ERROR_USAGE},
	/* ... or in part */
	{"@03:00.0/bar2+0x1000", false, 0x80000000, 0},
	{"@03:00.0/bar2+0x1ffc", false, 0x80000ffc, 0},
	{"@03:00.0/bar2+0x2000", false, 0, ERROR_NOT_MAPPED},
	{"@03:00.0/bar2+0xffc", false, 0, ERROR_NOT_MAPPED},
	{"@03:00.0/bar2+0x4000", false, 0, ERROR_USAGE},
	/* a BAR of nothing, and one that nothing shows */
	{"@03:00.0/bar3", false, 0, ERROR_NOT_MAPPED},
	{"@03:00.0/bar1", false, 0, ERROR_NOT_MAPPED},
};

START_TEST(chosen_mappings)
{
	static const struct bar bars[] = {{0xfb000000, 0x1000, BAR_MEMORY}};

	tree_pci(&tree, "0000:06:00.0", "vfio-pci", bars, ARRAY_SIZE(bars));
	tree_link(&tree, "../../../kernel/iommu_groups/26",
		  "sys/devices/pci0000:00/0000:06:00.0/iommu_group");
	tree_maps(&tree, PID, others, ARRAY_SIZE(others));
	open_session("x86_64 6.1.0\n");
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		struct given given = {.write = choices[i].write, .force = true};
		const char *text = choices[i].text;
		struct location *location;
		struct plan plan = {0};
		struct error *error;
		uint64_t address = 0;

		error = make_plan(text, &given, &location, &plan);
		if (plan.count)
			address =
				plan.operations[0].place.spans[0].site.address;
		plan_deinit(&plan);
		location_destroy(location);
		if (!choices[i].address) {
			expect_error(error, choices[i].kind, text);
			continue;
		}
		expect_no_error(error, text);
		ck_assert_msg(address == choices[i].address, "%s: %#" PRIx64,
			      text, address);
	}
}
END_TEST

/* `at` is what the caret points at; NULL: at nothing. */
static const struct {
	const char *text;
	struct given given;
	enum error_kind kind;
	const char *at;
} refusals[] = {
	/* usage */
	{"@03:00.0/bar0", WRITE, ERROR_USAGE, ""},
	{"@03:00.0/bar0=1", READ, ERROR_USAGE, "1"},
	{"@03:00.0/bar0..+8=1", WRITE, ERROR_USAGE, "1"},
	{"@03:00.0/bar0=1", WITH(.write = true, .count = 2), ERROR_USAGE, "1"},
	{"@03:00.0/bar0..+8", N(2), ERROR_USAGE, "+8"},
	{"@4=1", WRITE, ERROR_USAGE, "@4"},
	{"@03:00.0/bar0/16", W("32"), ERROR_USAGE, "16"},
	{"@03:00.0/bar0/32be", W("32"), ERROR_USAGE, "32be"},
	{"@03:00.0/bar0=0x100", WITH(.write = true, .width = "8"), ERROR_USAGE,
	 "0x100"},
	{"@03:00.0/bar0=0x100000000", WRITE, ERROR_USAGE, "0x100000000"},
	{"@03:00.0/bar0.32", READ, ERROR_USAGE, "32"},
	{"@03:00.0/bar0.8", W("8"), ERROR_USAGE, "8"},
	{"@03:00.0/bar0=0:0x100000000", WRITE, ERROR_USAGE, "0x100000000"},
	{"@03:00.0/bar0=1", WITH(.write = true, .width = "32x2"), ERROR_USAGE,
	 "1"},
	{"@03:00.0/bar0-4", READ, ERROR_USAGE, "-4"},
	{"@03:00.0/bar0+0x4000", READ, ERROR_USAGE, "+0x4000"},
	{"@03:00.0/bar0+0x3ffe", READ, ERROR_USAGE, "+0x3ffe"},
	{"@03:00.0/bar0..+0x4004", READ, ERROR_USAGE, "@03:00.0/bar0"},
	{"@03:00.0/bar0", N(UINT64_MAX), ERROR_USAGE, "@03:00.0/bar0"},
	{"@03:00.0/bar1+0x100", READ, ERROR_USAGE, "+0x100"},
	{"@03:00.0/bar1+0xfc/32x2", READ, ERROR_USAGE, "+0xfc"},
	{"0x30000100", READ, ERROR_USAGE, "0x30000100"},
	{"0x300000f0", N(5), ERROR_USAGE, "0x300000f0"},
	{"0x300000ff/16", READ, ERROR_USAGE, "0x300000ff"},
	{"@03:00.0/bar1..+0x104", READ, ERROR_USAGE, "@03:00.0/bar1"},
	{"0xf00007fc", READ, ERROR_USAGE, "0xf00007fc"},
	{"@4+0x2000", READ, ERROR_USAGE, "+0x2000"},
	{"@03:00.0/bar0..@03:00.0/bar1+4", READ, ERROR_USAGE, "@03:00.0/bar1"},
	{"@03:00.0/bar0..0x10000010", READ, ERROR_USAGE, "0x10000010"},
	{"@03:00.0/bar0+0x8..@03:00.0/bar0+0x8", READ, ERROR_USAGE,
	 "@03:00.0/bar0"},
	{"@03:00.0/bar0+0x8..@03:00.0/bar0+0x4", READ, ERROR_USAGE,
	 "@03:00.0/bar0"},
	{"@03:00.0/bar0..+6", READ, ERROR_USAGE, "+6"},
	{"@03:00.0/bar0..+4/32x2", READ, ERROR_USAGE, "+4"},
	{"@dri/card0", READ, ERROR_USAGE, "@dri/card0"},
	{"@uio0/map1-4", READ, ERROR_USAGE, "-4"},
	{"@uio0/map1+0x800", READ, ERROR_USAGE, "+0x800"},
	/* beyond this version */
	{"regs.ctrl", READ, ERROR_UNSUPPORTED, "regs.ctrl"},
	{"ptr:regs", READ, ERROR_UNSUPPORTED, "ptr:regs"},
	{"var:regs", READ, ERROR_UNSUPPORTED, "var:regs"},
	{"reg:GIC.CTRL", READ, ERROR_UNSUPPORTED, "reg:GIC.CTRL"},
	{"@03:00.0/bar0.mode", READ, ERROR_USAGE, "mode"},
	{"@03:00.0/bar0=FAST", WRITE, ERROR_USAGE, "FAST"},
	{"@03:00.0/bar0.0=1,en=1", WRITE, ERROR_USAGE, "en"},
	{"@03:00.0/bar0.0=1,1=ON", WRITE, ERROR_USAGE, "ON"},
	/* not mapped */
	{"0x1000", READ, ERROR_NOT_MAPPED, "0x1000"},
	{"0x604000", READ, ERROR_NOT_MAPPED, "0x604000"},
	{"0x603ffc", N(2), ERROR_NOT_MAPPED, "0x603ffc"},
	{"0x600000", N(UINT64_MAX), ERROR_NOT_MAPPED, "0x600000"},
	{"0xfffffffffffffffc", READ, ERROR_NOT_MAPPED, "0xfffffffffffffffc"},
	{"phys:0xfb000000", READ, ERROR_NOT_MAPPED, "phys:0xfb000000"},
	{"@03:00.0/bar5", READ, ERROR_NOT_MAPPED, "@03:00.0/bar5"},
	{"@09:00.0/bar0", READ, ERROR_NOT_MAPPED, "@09:00.0/bar0"},
	{"@uio7", READ, ERROR_NOT_MAPPED, "@uio7"},
	{"@file:/tmp/other", READ, ERROR_NOT_MAPPED, "@file:/tmp/other"},
	{"@99", READ, ERROR_NOT_MAPPED, "@99"},
	{"@vfio0/region1", READ, ERROR_NOT_MAPPED, "@vfio0/region1"},
	{"@03:00.0/bar2+0x3000", READ, ERROR_NOT_MAPPED, "+0x3000"},
	{"@03:00.0/bar2+0x2ffc", N(2), ERROR_NOT_MAPPED, "+0x2ffc"},
	{"@03:00.0/bar2+0xffc/32x2", READ, ERROR_NOT_MAPPED, "+0xffc"},
	/* misaligned, ordinary memory too */
	{"@03:00.0/bar0+0x2", READ, ERROR_MISALIGNED, "+0x2"},
	{"@03:00.0/bar0+0x1/16", READ, ERROR_MISALIGNED, "+0x1"},
	{"@03:00.0/bar0+0x2=1", WRITE, ERROR_MISALIGNED, "+0x2"},
	{"@03:00.0/bar0+0x2/32x2", READ, ERROR_MISALIGNED, "+0x2"},
	{"0x600001", READ, ERROR_MISALIGNED, "0x600001"},
	{"0x600004/64", READ, ERROR_MISALIGNED, "0x600004"},
	{"@uio0/map1+0x2", READ, ERROR_MISALIGNED, "+0x2"},
	{"phys:0xfe000001/16", READ, ERROR_MISALIGNED, "phys:0xfe000001"},
	/* no backend makes it exactly: 64 bits are two of 32 on x86 */
	{"@03:00.0/bar0/64", READ, ERROR_WIDTH, NULL},
	{"@03:00.0/bar0/64=1", WRITE, ERROR_WIDTH, NULL},
	{"@03:00.0/bar0", W("64"), ERROR_WIDTH, NULL},
	/* what cannot be written */
	{"0x10000000=1", WRITE, ERROR_READ_ONLY, NULL},
	{"0x400000=1", FORCED, ERROR_READ_ONLY, NULL},
	{"@mem+0xfec00000=1", WRITE, ERROR_READ_ONLY, NULL},
	{"@hpet=1", FORCED, ERROR_READ_ONLY, NULL},
	/* no access method */
	{"@hpet", READ, ERROR_NO_METHOD, NULL},
	{"0x80000000", READ, ERROR_NO_METHOD, NULL},
	{"0x80000000=1", FORCED, ERROR_NO_METHOD, NULL},
	/* asleep */
	{"@04:00.0/bar0", READ, ERROR_ASLEEP, NULL},
	{"@04:00.0/bar0=1", WRITE, ERROR_ASLEEP, NULL},
	{"phys:0xfd000010", READ, ERROR_ASLEEP, NULL},
	{"@mem+0xfd000010", READ, ERROR_ASLEEP, NULL},
	/* what it might do */
	{"0x600000=1", WRITE, ERROR_UNSAFE, NULL},
	{"@file:/dev/nvidia0", READ, ERROR_UNSAFE, NULL},
	{"@file:/dev/nvidia0=1", FORCED, ERROR_UNSAFE, NULL},
	{"@mem+0x1000", READ, ERROR_UNSAFE, NULL},
	{"phys:0x1000", READ, ERROR_UNSAFE, NULL},
	{"@mem+0x1000=1", FORCED, ERROR_UNSAFE, NULL},
};

static void check_caret(const char *text, const struct error *error,
			const char *at)
{
	size_t length;

	if (!at) {
		ck_assert_msg(!error->input, "%s: %s", text, error->input);
		return;
	}
	length = strlen(at);
	ck_assert_msg(error->input != NULL, "%s: no caret", text);
	ck_assert_str_eq(error->input, text);
	ck_assert_msg(error->input_length == length, "%s: %zu + %zu", text,
		      error->input_start, error->input_length);
	ck_assert_msg(strncmp(text + error->input_start, at, length) == 0,
		      "%s: %zu + %zu", text, error->input_start,
		      error->input_length);
	ck_assert(length || error->input_start == strlen(text));
	/* These are ours: no call has failed. */
	ck_assert_int_eq(error->errnum, 0);
}

START_TEST(refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const char *text = refusals[i].text;
		struct location *location = NULL;
		struct plan plan = {.count = 77};
		struct error *error =
			make_plan(text, &refusals[i].given, &location, &plan);

		ck_assert_msg(error != NULL, "%s", text);
		ck_assert_msg(error->kind == refusals[i].kind, "%s: %s: %s",
			      text, error_kind_name(error->kind),
			      error->message);
		check_caret(text, error, refusals[i].at);
		ck_assert_uint_eq(plan.count, 77);
		error_destroy(error);
		location_destroy(location);
	}
}
END_TEST

/* What the process has instead, or why a mapping is not taken. */
START_TEST(hints_of_what_is_mapped)
{
	static const struct vma few[] = {
		{"20000000-20004000 rw-s fe000000 00:15 9 " NIC "0", PF_IO},
		{"d0000000-d0001000 r--s 00000000 00:06 22 /dev/hpet", PF_IO}};
	static const struct vma moved[] = {
		{"20000000-20004000 rw-s fb000000 00:15 9 " NIC "0", PF_IO}};
	static const struct vma none[] = {
		{"00600000-00604000 rw-p 00000000 00:00 0 [heap]", PLAIN}};
	static const struct {
		const struct vma *vmas;
		size_t count;
		const char *text, *help, *message;
	} cases[] = {
		{few, 2, "@uio7", "it has @0000:03:00.0/bar0, @hpet", NULL},
		{few, 2, "@03:00.0/bar1", "it has @0000:03:00.0/bar0, @hpet",
		 NULL},
		{none, 1, "@uio7", "no device mapping at all", NULL},
		{moved, 1, "@03:00.0/bar0", "@0", "another address now"},
		{moved, 1, "@uio7", "it has @0000:03:00.0/bar0", NULL},
		{vmas, ARRAY_SIZE(vmas), "@uio7", "uio0/map1, ...", NULL},
	};
	static const struct given read = READ;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct location *location;
		struct error *error;
		struct plan plan;

		tree_maps(&tree, PID, cases[i].vmas, cases[i].count);
		open_session("x86_64 6.1.0\n");
		error = make_plan(cases[i].text, &read, &location, &plan);
		location_destroy(location);
		ck_assert_msg(error != NULL, "%s", cases[i].text);
		ck_assert_msg(!cases[i].message || has_text(error->message,
							    cases[i].message),
			      "%s: %s", cases[i].text, error->message);
		if (i != ARRAY_SIZE(cases) - 1)
			ck_assert_msg(has_text(error->help, cases[i].help),
				      "%s: %s", cases[i].text, error->help);
		else
			ck_assert(has_text(error->help, ", ..."));
		expect_error(error, ERROR_NOT_MAPPED, cases[i].text);
	}
}
END_TEST

/* A range is refused for any of its elements, not for its first alone: all is
 * checked before the first access. */
START_TEST(refused_within_a_range)
{
	static const struct {
		const char *text;
		struct given given;
		enum error_kind kind;
	} cases[] = {
		{"@mem..+0x2000", READ, ERROR_UNSAFE},
		{"phys:0xffc", N(2), ERROR_UNSAFE},
		{"0xb0000000", N(0x800), ERROR_UNSAFE},
		{"@mem+0xfcfffffc", N(2), ERROR_ASLEEP},
		{"0xf2000ffc..0xf2001004=0", FILLED, ERROR_ASLEEP},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct location *location = NULL;
		struct plan plan = {0};
		struct error *error = make_plan(cases[i].text, &cases[i].given,
						&location, &plan);

		plan_deinit(&plan);
		location_destroy(location);
		expect_error(error, cases[i].kind, cases[i].text);
	}
}
END_TEST

/* The width that the message speaks of is the one that must be aligned. */
START_TEST(refused_halves)
{
	static const struct given read = READ;
	struct location *location;
	struct plan plan;
	struct error *error =
		make_plan("@03:00.0/bar0+0x2/32x2", &read, &location, &plan);

	location_destroy(location);
	ck_assert_ptr_nonnull(error);
	ck_assert_msg(has_text(error->message, "32 bits"), "%s",
		      error->message);
	expect_error(error, ERROR_MISALIGNED, "halves");
}
END_TEST

/* --force is for what is refused for safety, and for nothing else. */
START_TEST(forced)
{
	static const char *const reads[] = {"@04:00.0/bar0", "phys:0xfd000010"};
	static const char *const writes[] = {"@04:00.0/bar0=1", "0x600000=1"};

	for (size_t i = 0; i < ARRAY_SIZE(reads) + ARRAY_SIZE(writes); i++) {
		bool write = i >= ARRAY_SIZE(reads);
		const char *text =
			write ? writes[i - ARRAY_SIZE(reads)] : reads[i];
		struct given given = {.write = write, .force = true};
		struct location *location;
		struct plan plan;

		expect_no_error(make_plan(text, &given, &location, &plan),
				text);
		plan_deinit(&plan);
		location_destroy(location);
	}
}
END_TEST

/* The same location on other machines. */
START_TEST(on_other_machines)
{
	static const struct {
		const char *uname, *text;
		struct given given;
		enum error_kind kind; /* ERROR_FAILED: planned */
	} cases[] = {
		{"x86_64 5.10.0\n", "@03:00.0/bar0", READ, ERROR_FAILED},
		{"x86_64 5.10.0\n", "@03:00.0/bar0=1", WRITE, ERROR_UNSAFE},
		{"x86_64 5.10.0\n", "@03:00.0/bar0=1", FORCED, ERROR_UNSAFE},
		{"x86_64 5.12.0\n", "@03:00.0/bar0=1", WRITE, ERROR_FAILED},
		{"x86_64 5.10.0\n", "0x600000=1", FORCED, ERROR_FAILED},
		{"x86_64 5.10.0\n", "@file:/tmp/registers=1", WRITE,
		 ERROR_FAILED},
		{"aarch64 6.1.0\n", "@03:00.0/bar0", READ, ERROR_UNSAFE},
		{"aarch64 6.1.0\n", "0x600000", READ, ERROR_FAILED},
		{"riscv64 7.2.0\n", "@03:00.0/bar0", READ, ERROR_WIDTH},
		{"riscv64 7.2.0\n", "@03:00.0/bar0/64", READ, ERROR_FAILED},
		{"riscv64 7.2.0\n", "@03:00.0/bar0/8", READ, ERROR_FAILED},
		{"riscv64 7.2.0\n", "@03:00.0/bar4/16", READ, ERROR_FAILED},
		{"riscv64 7.1.0\n", "@03:00.0/bar0/64", READ, ERROR_UNSAFE},
		{"ppc64le 6.1.0\n", "@03:00.0/bar0/16", READ, ERROR_WIDTH},
		{"ppc64le 6.1.0\n", "@03:00.0/bar0", READ, ERROR_FAILED},
		{"mips64 6.1.0\n", "@03:00.0/bar0", READ, ERROR_UNSAFE},
		{"mips64 6.1.0\n", "0x600000", READ, ERROR_FAILED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct location *location;
		struct plan plan = {0};
		struct error *error;

		open_session(cases[i].uname);
		error = make_plan(cases[i].text, &cases[i].given, &location,
				  &plan);
		plan_deinit(&plan);
		location_destroy(location);
		if (cases[i].kind == ERROR_FAILED)
			expect_no_error(error, cases[i].uname);
		else
			expect_error(error, cases[i].kind, cases[i].uname);
	}
}
END_TEST

/* Hidden /proc/iomem: nothing is known of an address, and with panic_on_warn
 * that is too little. */
START_TEST(with_hidden_memory)
{
	static const struct given read = READ;

	for (unsigned panics = 0; panics < 2; panics++) {
		struct location *location;
		struct plan plan = {0};
		struct error *error;

		tree_remove(&tree, "proc/iomem");
		tree_put(&tree, panics ? "1\n" : "0\n",
			 "proc/sys/kernel/panic_on_warn");
		open_session("x86_64 6.1.0\n");
		error = make_plan("@mem+0x1000", &read, &location, &plan);
		plan_deinit(&plan);
		location_destroy(location);
		if (panics)
			expect_error(error, ERROR_UNSAFE, "panic_on_warn");
		else
			expect_no_error(error, "no panic_on_warn");
		/* A BAR is no memory, whatever is hidden. */
		expect_no_error(
			make_plan("@03:00.0/bar0", &read, &location, &plan),
			"bar");
		plan_deinit(&plan);
		location_destroy(location);
	}
}
END_TEST

static struct error *make_several(const char *const *texts, size_t count,
				  const struct given *given,
				  struct location **locations,
				  struct plan *plan)
{
	struct plan_options options = options_of(given);

	for (size_t i = 0; i < count; i++)
		expect_no_error(location_parse(texts[i], &locations[i]),
				texts[i]);
	return plan_make(session, locations, count, &options, plan);
}

START_TEST(several_locations)
{
	static const char *const texts[] = {"@03:00.0/bar2+0x1000",
					    "@03:00.0/bar0", "0x600000/8",
					    "@03:00.0/bar2"};
	static const uint64_t addresses[] = {0x50000000, 0x10000000, 0x600000,
					     0x40000000};
	static const struct given read = READ;
	struct location *locations[ARRAY_SIZE(texts)];
	struct plan plan;

	expect_no_error(
		make_several(texts, ARRAY_SIZE(texts), &read, locations, &plan),
		"several");
	ck_assert_uint_eq(plan.count, ARRAY_SIZE(texts));
	ck_assert_ptr_eq(plan.session, session);
	for (size_t i = 0; i < plan.count; i++) {
		const struct operation *operation = &plan.operations[i];

		ck_assert_ptr_eq(operation->location, locations[i]);
		ck_assert_uint_eq(operation->place.spans[0].site.address,
				  addresses[i]);
	}
	ck_assert_uint_eq(plan.operations[2].bits, 8);
	plan_deinit(&plan);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		location_destroy(locations[i]);
}
END_TEST

/* One wrong location refuses all, and is named. */
START_TEST(one_wrong_location)
{
	static const char *const texts[] = {"@03:00.0/bar0=1",
					    "@03:00.0/bar0+0x2=1", "0x1000=1"};
	static const struct given write = WRITE;
	struct location *locations[ARRAY_SIZE(texts)];
	struct plan plan = {.count = 77};
	struct error *error = make_several(texts, ARRAY_SIZE(texts), &write,
					   locations, &plan);

	ck_assert_ptr_nonnull(error);
	ck_assert_str_eq(error->subject, texts[1]);
	ck_assert_uint_eq(plan.count, 77);
	expect_error(error, ERROR_MISALIGNED, "several");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		location_destroy(locations[i]);
}
END_TEST

START_TEST(options_of_a_plan)
{
	struct given given = {.write = true, .verify = true};
	struct location *location;
	struct plan plan;

	expect_no_error(make_plan("@03:00.0/bar0=1", &given, &location, &plan),
			"verify");
	ck_assert(plan.operations[0].verify);
	plan_deinit(&plan);
	location_destroy(location);
	given.write = false;
	expect_no_error(make_plan("@03:00.0/bar0", &given, &location, &plan),
			"read");
	ck_assert(!plan.operations[0].verify);
	plan_deinit(&plan);
	location_destroy(location);
}
END_TEST

/* The checks that need no session, and their hints. */
START_TEST(checked)
{
	static const struct {
		const char *texts[3];
		struct given given;
		enum error_kind kind; /* ERROR_FAILED: none */
		const char *help;     /* a part of it */
	} cases[] = {
		{{"@uio0", "@uio0+0x8"}, READ, ERROR_FAILED, NULL},
		{{"@uio0=1"}, WRITE, ERROR_FAILED, NULL},
		{{"@uio0..+8=1"}, FILLED, ERROR_FAILED, NULL},
		{{"@uio0=1"},
		 WITH(.write = true, .fill = true, .count = 4),
		 ERROR_FAILED,
		 NULL},
		{{"@3"}, READ, ERROR_FAILED, NULL},
		{{"regs.ctrl"}, READ, ERROR_FAILED, NULL},
		/* devmem: ADDRESS WIDTH [VALUE] */
		{{"0xfe000000", "32", "0x1"},
		 WRITE,
		 ERROR_USAGE,
		 "ADDRESS/32=VALUE"},
		{{"0xfe000000", "w", "0x1"},
		 WRITE,
		 ERROR_USAGE,
		 "ADDRESS/32=VALUE"},
		{{"0xfe000000", "8"}, READ, ERROR_USAGE, "ADDRESS/32=VALUE"},
		{{"0xfe000000", "b"}, READ, ERROR_USAGE, "ADDRESS/32=VALUE"},
		{{"0xfe000000=1", "32"}, WRITE, ERROR_USAGE, "32=VALUE"},
		{{"0xfe000000=1", "32=1"}, WRITE, ERROR_FAILED, NULL},
		{{"@uio0"}, WRITE, ERROR_USAGE, "@uio0=VALUE:MASK"},
		{{"@uio0=1", "@uio0"}, WRITE, ERROR_USAGE, "@uio0=VALUE"},
		{{"@uio0=1"}, READ, ERROR_USAGE, "mmiodbg write"},
		{{"@uio0..+8=1"}, WRITE, ERROR_USAGE, "--fill"},
		{{"@uio0=1"},
		 WITH(.write = true, .count = 4),
		 ERROR_USAGE,
		 "--fill"},
		{{"@3=1"}, WRITE, ERROR_USAGE, "mmiodbg maps"},
		{{"@uio0.mode=1"}, WRITE, ERROR_USAGE, ".7:4"},
		{{"@uio0=ON"}, WRITE, ERROR_USAGE, ".7:4"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan_options options = options_of(&cases[i].given);
		struct location *locations[3] = {NULL};
		struct error *error;
		size_t count = 0;

		for (; count < 3 && cases[i].texts[count]; count++)
			expect_no_error(location_parse(cases[i].texts[count],
						       &locations[count]),
					cases[i].texts[count]);
		error = plan_check(locations, count, &options);
		for (size_t j = 0; j < count; j++)
			location_destroy(locations[j]);
		if (cases[i].kind == ERROR_FAILED) {
			expect_no_error(error, cases[i].texts[0]);
			continue;
		}
		ck_assert_msg(error != NULL, "%s", cases[i].texts[0]);
		ck_assert_msg(has_text(error->help, cases[i].help), "%s: %s",
			      cases[i].texts[0], error->help);
		expect_error(error, cases[i].kind, cases[i].texts[0]);
	}
}
END_TEST

START_TEST(widths)
{
	static const struct {
		const char *text, *given;
		unsigned bits; /* 0: refused */
		enum byte_order order;
		bool halves;
	} cases[] = {
		{"@uio0", NULL, 32, ORDER_NATIVE, false},
		{"@uio0/8", NULL, 8, ORDER_NATIVE, false},
		{"@uio0", "8", 8, ORDER_NATIVE, false},
		{"@uio0/64be", NULL, 64, ORDER_BIG, false},
		{"@uio0", "16le", 16, ORDER_LITTLE, false},
		{"@uio0/16le", "16le", 16, ORDER_LITTLE, false},
		{"@uio0/32x2", "32x2", 64, ORDER_NATIVE, true},
		{"@uio0/16", "16be", 0, ORDER_NATIVE, false},
		{"@uio0/64", "32x2", 0, ORDER_NATIVE, false},
		{"@uio0/8", "16", 0, ORDER_NATIVE, false},
		{"@uio0.16", "16", 0, ORDER_NATIVE, false},
		{"@uio0=0x10000", "16", 0, ORDER_NATIVE, false},
		{"@uio0=-0x8001", "16", 0, ORDER_NATIVE, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct given given = {.width = cases[i].given};
		struct plan_options options = options_of(&given);
		struct location *location;
		struct width width = {0};
		struct error *error;

		expect_no_error(location_parse(cases[i].text, &location),
				cases[i].text);
		error = plan_width(location, &options.width, &width);
		location_destroy(location);
		if (!cases[i].bits) {
			expect_error(error, ERROR_USAGE, cases[i].text);
			continue;
		}
		expect_no_error(error, cases[i].text);
		ck_assert_uint_eq(width.bits, cases[i].bits);
		ck_assert_int_eq(width.order, cases[i].order);
		ck_assert(width.halves == cases[i].halves);
	}
}
END_TEST

START_TEST(runs_of_ones)
{
	ck_assert_uint_eq(ones(0), 0);
	ck_assert_uint_eq(ones(1), 1);
	ck_assert_uint_eq(ones(8), 0xff);
	ck_assert_uint_eq(ones(32), 0xffffffff);
	ck_assert_uint_eq(ones(63), UINT64_MAX / 2);
	ck_assert_uint_eq(ones(64), UINT64_MAX);
}
END_TEST

START_TEST(shown_regions)
{
	static const struct {
		const char *name;
		uint64_t address; /* of a mapping that shows it; 0: none */
	} cases[] = {
		{"03:00.0", 0x10000000},
		{"03:00.0/bar0", 0x20000000},
		{"03:00.0/bar4", 0x60000000},
		{"03:00.0/bar5", 0},
		{"04:00.0", 0x70000000},
		{"04:00.0/bar0", 0xf2000000},
		{"04:00.0", 0xf2000000},
		{"09:00.0", 0},
		{"mem", 0xa0000000},
		{"/dev/mem", 0xb0000000},
		{"uio0", 0xf0000000},
		{"uio0/map1", 0xf0000000},
		{"uio0/map2", 0},
		{"/dev/uio0", 0xf1000000},
		{"/dev/nvidia0", 0x90000000},
		{"/tmp/registers", 0xc0000000},
		{"file:/dev/hpet", 0xd0000000},
		{"hpet", 0xd0000000},
		{"dri/card0", 0xe0002000},
		{"vfio1", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct region_name region;
		bool found = false, any = false;

		expect_no_error(region_name_parse(cases[i].name, &region),
				cases[i].name);
		for (size_t j = 0; j < session->devices.count; j++) {
			const struct device_mapping *device =
				&session->devices.items[j];
			bool shows = region_is_shown(session, device, &region);

			any |= shows;
			found |= shows &&
				 device->mapping.start == cases[i].address;
		}
		region_name_deinit(&region);
		ck_assert_msg(any == (cases[i].address != 0), "%s",
			      cases[i].name);
		ck_assert_msg(found == (cases[i].address != 0), "%s",
			      cases[i].name);
	}
}
END_TEST

static struct error *bytes_of(void *data, uint64_t index, void *ret,
			      unsigned length)
{
	(void)data;
	(void)index;
	memset(ret, 0, length);
	return NULL;
}

/* Only whole elements that are alike, and values from elsewhere. */
START_TEST(plain_elements)
{
	static const struct {
		const char *text, *width;
		uint64_t count; /* of -n; 0: none */
		bool write;
		const char *refused; /* NULL: it is not */
		uint64_t elements;
	} cases[] = {
		{"@03:00.0/bar0", NULL, 0, false, NULL, 1},
		{"@03:00.0/bar0", "16be", 8, false, NULL, 8},
		{"@03:00.0/bar0..+0x40/8", NULL, 0, false, NULL, 64},
		{"@03:00.0/bar0", NULL, 0, true, NULL, 1},
		{"@03:00.0/bar0", NULL, 4, true, NULL, 4},
		{"@03:00.0/bar0..+0x40", NULL, 0, true, NULL, 16},
		{"@03:00.0/bar0.7:4", NULL, 0, false, "no bits", 0},
		{"@03:00.0/bar0.3", NULL, 0, true, "no bits", 0},
		{"@03:00.0/bar0/32x2", NULL, 0, false, "32x2", 0},
		{"@03:00.0/bar0", "32x2", 4, false, "32x2", 0},
		{"@03:00.0/bar0=1", NULL, 0, true, "values come from", 0},
		{"@03:00.0/bar0..+8=1", NULL, 0, true, "values come from", 0},
		{"@03:00.0/bar0=1", NULL, 0, false, "a read takes no", 0},
		{"@1+0x10", NULL, 0, true, "an index is not written", 0},
		{"@03:00.0/bar0..+8", NULL, 2, true, "drop -n", 0},
		{"0x600000..+8", NULL, 0, true, "ordinary memory", 0},
	};
	static const struct value_source values = {.bytes = bytes_of};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		struct plan_options options = {
			.plain = true,
			.write = cases[i].write,
			.values = cases[i].write ? &values : NULL,
			.has_count = cases[i].count != 0,
			.count = cases[i].count,
		};
		struct location *location;
		struct error *error;
		struct plan plan = {0};

		if (cases[i].width)
			expect_no_error(
				width_parse(cases[i].width, &options.width),
				text);
		expect_no_error(location_parse(text, &location), text);
		error = plan_make(session, &location, 1, &options, &plan);
		if (cases[i].refused) {
			ck_assert_msg(error && strstr(error->message,
						      cases[i].refused),
				      "%s: %s", text,
				      error ? error->message : "");
			error_destroy(error);
		} else {
			expect_no_error(error, text);
			ck_assert_uint_eq(plan.operations[0].place.count,
					  cases[i].elements);
			ck_assert_uint_eq(plan.operations[0].kind,
					  cases[i].write ? OPERATION_WRITE
							 : OPERATION_READ);
		}
		plan_deinit(&plan);
		location_destroy(location);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		planned_operations,
		byte_orders,
		bits_to_show,
		planned_places,
		chosen_mappings,
		refused,
		hints_of_what_is_mapped,
		refused_within_a_range,
		refused_halves,
		forced,
		on_other_machines,
		with_hidden_memory,
		several_locations,
		one_wrong_location,
		options_of_a_plan,
		checked,
		widths,
		runs_of_ones,
		shown_regions,
		plain_elements,
	};

	return run_suite(
		suite_of("plan", set_up, tear_down, tests, ARRAY_SIZE(tests)));
}
