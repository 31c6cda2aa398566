/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a plan: which accesses are made in which order, what follows a
 * failure, and what is reported; with a backend that is a device of its own. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "access/backend.h"
#include "base/interrupt.h"
#include "plan/location.h"
#include "plan/plan.h"
#include "plan/run.h"
#include "target/machine.h"
#include "target/session.h"
#include "unit.h"

enum { PID = 4242, DEVICE = 0x10000000, BUFFER = 0x40000000, SIZE = 0x4000 };

#define PF_IO   "rd wr sh mr mw me ms pf io de ar dd sd"
#define PLAIN   "rd wr mr mw me ac sd"
#define NIC     "/sys/devices/pci0000:00/0000:03:00.0/resource"
#define HEAP    "00600000-00604000 rw-p 00000000 00:00 0 [heap]"
#define BAR0    "10000000-10004000 rw-s fe000000 00:15 9 " NIC "0"
#define BAR4_WC "40000000-40010000 rw-s 380000000000 00:15 12 " NIC "4_wc"

static struct tree tree;
static struct machine machine;
static struct session *session;

/*
 * The device: bytes behind the lowest bits of an address; what happens instead
 * of its first accesses; and what it does besides.
 */
struct fault {
	size_t access; /* from 1; 0: none */
	enum access_result result;
	int errnum;
};

static struct {
	unsigned char bytes[SIZE];
	struct fault faults[4];
	uint64_t bad_page;  /* accesses of it fail, unless it is 0 */
	bool bad_to_writes; /* only writes of it do */
	bool dead;          /* all accesses fail */
	size_t n_accesses;
	void (*before)(size_t access); /* from 1 */
	char log[4096];                /* "r32:10000000 w8:10000001=5" */
} device;

static unsigned char *device_at(uint64_t address)
{
	return &device.bytes[address % SIZE];
}

static uint64_t number_of(unsigned bits, const void *value)
{
	uint64_t v64 = 0;
	uint32_t v32;
	uint16_t v16;

	switch (bits) {
	case 8:
		return *(const unsigned char *)value;
	case 16:
		memcpy(&v16, value, 2);
		return v16;
	case 32:
		memcpy(&v32, value, 4);
		return v32;
	default:
		memcpy(&v64, value, 8);
		return v64;
	}
}

static void log_access(uint64_t address, unsigned bits, bool write,
		       const void *value)
{
	size_t used = strlen(device.log), room = sizeof(device.log) - used;

	ck_assert_uint_gt(room, 80);
	if (write)
		snprintf(device.log + used, room, "%sw%u:%" PRIx64 "=%" PRIx64,
			 used ? " " : "", bits, address,
			 number_of(bits, value));
	else
		snprintf(device.log + used, room, "%sr%u:%" PRIx64,
			 used ? " " : "", bits, address);
}

static enum access_result fake_make(struct session *of, const struct site *site,
				    unsigned bits, bool write, void *value,
				    struct access_failure *ret)
{
	const uint64_t address = site->address;
	size_t access = ++device.n_accesses;

	ck_assert_ptr_eq(of, session);
	ck_assert_uint_eq(address % (bits / 8), 0);
	log_access(address, bits, write, value);
	if (device.before)
		device.before(access);
	ret->errnum = 0;
	for (size_t i = 0; i < ARRAY_SIZE(device.faults); i++)
		if (device.faults[i].access == access) {
			ret->errnum = device.faults[i].errnum;
			return device.faults[i].result;
		}
	if (device.dead) {
		ret->errnum = EIO;
		return ACCESS_NOT_MADE;
	}
	if (device.bad_page && address / 4096 == device.bad_page / 4096 &&
	    (write || !device.bad_to_writes)) {
		ret->errnum = EIO;
		return ACCESS_NOT_MADE;
	}
	if (write)
		memcpy(device_at(address), value, bits / 8);
	else
		memcpy(value, device_at(address), bits / 8);
	return ACCESS_DONE;
}

static const struct backend fake = {.name = "fake", .make = fake_make};

static const struct vma vmas[] = {
	{HEAP, PLAIN},
	{BAR0, PF_IO},
	{BAR4_WC, PF_IO},
};

static void set_up(void)
{
	static const struct bar bars[] = {
		{0xfe000000, SIZE, BAR_MEMORY},
		{0, 0, 0},
		{0, 0, 0},
		{0, 0, 0},
		{0x380000000000, 0x10000, BAR_PREFETCHABLE},
	};

	memset(&device, 0, sizeof(device));
	tree_init(&tree);
	tree_put(&tree, "x86_64 6.1.0\n", "uname");
	tree_pci(&tree, "0000:03:00.0", "e1000e", bars, ARRAY_SIZE(bars));
	tree_process(&tree, PID, "app");
	tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
	expect_no_error(machine_init(&machine, tree.path), tree.path);
	machine.page_size = 4096;
	expect_no_error(session_create(&machine, PID, NULL, &session),
			"session");
}

static void tear_down(void)
{
	session_destroy(session);
	session = NULL;
	machine_deinit(&machine);
	tree_deinit(&tree);
}

/* What the sink got. */
enum { MOST = 64 };

struct copied_error {
	bool failed;
	enum error_kind kind;
	int errnum;
	bool has_address;
	uint64_t address;
	unsigned attempts;
	uint64_t waited;
	char text[1024]; /* message and evidence */
};

static struct {
	struct {
		struct element_result result;
		uint64_t index, position, address;
		struct copied_error error;
	} elements[MOST];
	struct {
		struct access_record record;
		struct copied_error error;
	} accesses[MOST];
	size_t n_elements, n_accesses;
	struct run_summary summary;
} got;

static void copy_error(const struct error *error, struct copied_error *ret)
{
	*ret = (struct copied_error){.failed = error != NULL};
	if (!error)
		return;
	ret->kind = error->kind;
	ret->errnum = error->errnum;
	ret->has_address = error->has_address;
	ret->address = error->address;
	ret->attempts = error->attempts;
	ret->waited = error->waited;
	snprintf(ret->text, sizeof(ret->text), "%s", error->message);
	for (size_t i = 0; i < error->n_evidence; i++) {
		size_t used = strlen(ret->text);

		snprintf(ret->text + used, sizeof(ret->text) - used, "; %s",
			 error->evidence[i]);
	}
}

static void sink_access(void *data, const struct element *element,
			const struct access_record *record)
{
	ck_assert_ptr_eq(data, &got);
	ck_assert_ptr_nonnull(element->operation);
	if (got.n_accesses == MOST)
		return;
	got.accesses[got.n_accesses].record = *record;
	copy_error(record->error, &got.accesses[got.n_accesses++].error);
}

static void sink_element(void *data, const struct element *element,
			 const struct element_result *result)
{
	ck_assert_ptr_eq(data, &got);
	ck_assert_uint_lt(got.n_elements, MOST);
	got.elements[got.n_elements].result = *result;
	got.elements[got.n_elements].index = element->index;
	got.elements[got.n_elements].position = element->position;
	got.elements[got.n_elements].address = element->site.address;
	copy_error(result->error, &got.elements[got.n_elements++].error);
}

static const struct run_sink sink = {
	.data = &got, .access = sink_access, .element = sink_element};

/* Holds reads back until the end of their location. */
static const struct run_sink quiet_sink = {.data = &got,
					   .element = sink_element};

/* Takes so many elements, and no more. */
static size_t made_at_most;

static bool sink_made(void *data, const struct element *element,
		      const struct element_result *result)
{
	ck_assert_ptr_eq(data, &got);
	ck_assert(element);
	ck_assert(result->error || result->known || !result->made);
	return --made_at_most != 0;
}

static const struct run_sink short_sink = {
	.data = &got, .element = sink_element, .made = sink_made};

/* Options, and how it is run. */
struct given {
	bool write, fill, force, verify, dry, quiet;
	const struct value_source *values;
	size_t most; /* elements that the sink lets be made; 0: all */
	uint64_t count;
	uint64_t retry; /* nanoseconds; 0: one attempt */
};

struct command {
	const char *texts[4];
	struct given given;
};

static size_t parse_all(const struct command *command,
			struct location *locations[4])
{
	size_t count = 0;

	for (; count < 4 && command->texts[count]; count++)
		expect_no_error(location_parse(command->texts[count],
					       &locations[count]),
				command->texts[count]);
	return count;
}

/* Plans and runs; `between` happens after the plan. */
static struct error *run_with(const struct command *command,
			      void (*between)(void))
{
	const struct given *given = &command->given;
	struct plan_options options = {
		.write = given->write,
		.fill = given->fill,
		.force = given->force,
		.verify = given->verify,
		.plain = given->values != NULL,
		.values = given->values,
		.has_count = given->count != 0,
		.count = given->count,
		.retry = given->retry,
	};
	struct location *locations[4] = {NULL};
	size_t count = parse_all(command, locations);
	struct error *error;
	struct plan plan;

	memset(&got, 0, sizeof(got));
	device.n_accesses = 0;
	device.log[0] = '\0';
	expect_no_error(plan_make(session, locations, count, &options, &plan),
			command->texts[0]);
	for (size_t i = 0; i < plan.count; i++)
		plan.operations[i].read.backend =
			plan.operations[i].write.backend = &fake;
	if (between)
		between();
	made_at_most = given->most;
	error = run_plan(&plan, given->dry,
			 given->most    ? &short_sink
			 : given->quiet ? &quiet_sink
					: &sink,
			 &got.summary);
	plan_deinit(&plan);
	for (size_t i = 0; i < count; i++)
		location_destroy(locations[i]);
	return error;
}

static void run(const struct command *command)
{
	expect_no_error(run_with(command, NULL), command->texts[0]);
}

static void expect_summary(const char *label, uint64_t elements, uint64_t done,
			   uint64_t failed, int status)
{
	ck_assert_msg(got.summary.elements == elements,
		      "%s: %" PRIu64 " elements", label, got.summary.elements);
	ck_assert_msg(got.summary.done == done, "%s: %" PRIu64 " done", label,
		      got.summary.done);
	ck_assert_msg(got.summary.failed == failed, "%s: %" PRIu64 " failed",
		      label, got.summary.failed);
	ck_assert_msg(got.summary.status == status, "%s: status %d", label,
		      got.summary.status);
}

#define READ                                                                   \
	{                                                                      \
		.write = false                                                 \
	}
#define WRITE                                                                  \
	{                                                                      \
		.write = true                                                  \
	}
#define FILLED                                                                 \
	{                                                                      \
		.write = true, .fill = true                                    \
	}
#define VERIFIED                                                               \
	{                                                                      \
		.write = true, .verify = true                                  \
	}
#define N(n_)                                                                  \
	{                                                                      \
		.count = (n_)                                                  \
	}

/* One access for an element, ascending, in the order given; a read before the
 * write of some bits, and nothing else. */
static const struct {
	struct command command;
	const char *log;
	uint64_t elements;
} orders[] = {
	{{{"0x10000000"}, READ}, "r32:10000000", 1},
	{{{"0x10000001/8"}, READ}, "r8:10000001", 1},
	{{{"0x10000002/16"}, READ}, "r16:10000002", 1},
	{{{"0x40000008/64"}, READ}, "r64:40000008", 1},
	{{{"0x10000000..+0x10"}, READ},
	 "r32:10000000 r32:10000004 r32:10000008 r32:1000000c",
	 4},
	{{{"0x10000000/8"}, N(3)}, "r8:10000000 r8:10000001 r8:10000002", 3},
	{{{"0x10000010", "0x10000000", "0x10000008..+8"}, READ},
	 "r32:10000010 r32:10000000 r32:10000008 r32:1000000c",
	 4},
	{{{"0x10000000", "0x10000000"}, READ}, "r32:10000000 r32:10000000", 2},
	{{{"0x600000", "@03:00.0/bar0"}, READ}, "r32:600000 r32:10000000", 2},
	{{{"0x10000000=5"}, WRITE}, "w32:10000000=5", 1},
	{{{"0x10000003/8=-1"}, WRITE}, "w8:10000003=ff", 1},
	{{{"0x40000000/64=0x1122334455667788"}, WRITE},
	 "w64:40000000=1122334455667788",
	 1},
	{{{"0x10000000..+8=5"}, FILLED}, "w32:10000000=5 w32:10000004=5", 2},
	{{{"0x10000004=1", "0x10000000=2"}, WRITE},
	 "w32:10000004=1 w32:10000000=2",
	 2},
	{{{"0x10000000=5:0xffffffff"}, WRITE}, "w32:10000000=5", 1},
	{{{"0x10000000=5:0xff"}, WRITE},
	 "r32:10000000 w32:10000000=a5a5a505",
	 1},
	{{{"0x10000000.7:4=0"}, WRITE},
	 "r32:10000000 w32:10000000=a5a5a505",
	 1},
	{{{"0x10000000.31=0,0=0"}, WRITE},
	 "r32:10000000 w32:10000000=25a5a5a4",
	 1},
	{{{"0x10000000/8.7:4=1,3:0=2"}, WRITE}, "w8:10000000=12", 1},
	{{{"0x10000000..+4/16=0:0xff"}, FILLED},
	 "r16:10000000 w16:10000000=a500 r16:10000002 w16:10000002=a500",
	 2},
	{{{"0x10000000=5"}, VERIFIED}, "w32:10000000=5 r32:10000000", 1},
	{{{"0x10000000=5:0xff"}, VERIFIED},
	 "r32:10000000 w32:10000000=a5a5a505 r32:10000000",
	 1},
	{{{"0x10000000/32x2"}, READ},
	 "r32:10000004 r32:10000000 r32:10000004",
	 1},
	{{{"0x10000004..+0x10/32x2"}, READ},
	 "r32:10000008 r32:10000004 r32:10000008 r32:10000010 r32:1000000c "
	 "r32:10000010",
	 2},
};

START_TEST(order_of_accesses)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		const char *text = orders[i].command.texts[0];

		memset(device.bytes, 0xa5, SIZE);
		run(&orders[i].command);
		ck_assert_str_eq(device.log, orders[i].log);
		expect_summary(text, orders[i].elements, orders[i].elements, 0,
			       STATUS_DONE);
		ck_assert_uint_eq(got.n_elements, orders[i].elements);
		ck_assert_uint_eq(got.n_accesses, device.n_accesses);
		ck_assert(!got.summary.partly);
	}
}
END_TEST

/* A dry run walks the same operations and touches nothing. */
START_TEST(dry_run)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct command command = orders[i].command;
		const char *text = command.texts[0];
		char log[4096] = "";

		memset(device.bytes, 0xa5, SIZE);
		run(&orders[i].command);
		memset(device.bytes, 0xa5, SIZE);
		command.given.dry = true;
		run(&command);
		ck_assert_uint_eq(device.n_accesses, 0);
		expect_summary(text, orders[i].elements, orders[i].elements, 0,
			       STATUS_DONE);
		for (size_t j = 0; j < got.n_accesses; j++) {
			const struct access_record *record =
				&got.accesses[j].record;
			size_t used = strlen(log);

			snprintf(log + used, sizeof(log) - used,
				 "%s%c%u:%" PRIx64, used ? " " : "",
				 record->write ? 'w' : 'r', record->bits,
				 record->address);
			ck_assert(!record->known || record->write);
			ck_assert_uint_eq(record->attempts, 0);
			ck_assert(!got.accesses[j].error.failed);
		}
		/* The same, but for the values. */
		for (const char *from = orders[i].log, *to = log; *from;) {
			if (*from == '=') {
				from += strcspn(from, " ");
				continue;
			}
			ck_assert_msg(*from++ == *to++, "%s: %s", text, log);
		}
		for (size_t j = 0; j < got.n_elements; j++) {
			ck_assert(!got.elements[j].result.wrote);
			ck_assert(!got.elements[j].result.suspect);
			ck_assert_uint_eq(got.elements[j].result.attempts, 0);
		}
	}
}
END_TEST

/* What a dry run can say: a value that depends on no read. */
START_TEST(values_of_a_dry_run)
{
	static const struct command whole = {{"0x10000000=5"},
					     {.write = true, .dry = true}};
	static const struct command part = {{"0x10000000=5:0xff"},
					    {.write = true, .dry = true}};
	static const struct command read = {{"0x10000000"}, {.dry = true}};

	run(&whole);
	ck_assert(got.accesses[0].record.known);
	ck_assert_uint_eq(got.accesses[0].record.value, 5);
	ck_assert(got.elements[0].result.known);
	ck_assert_uint_eq(got.elements[0].result.value, 5);
	run(&part);
	ck_assert_uint_eq(got.n_accesses, 2);
	ck_assert(!got.accesses[0].record.known);
	ck_assert(!got.accesses[1].record.known);
	ck_assert(!got.elements[0].result.known);
	run(&read);
	ck_assert(!got.accesses[0].record.known);
	ck_assert(!got.elements[0].result.known);
}
END_TEST

/* What is told of each element, and of each access. */
START_TEST(results)
{
	static const struct command command = {{"@03:00.0/bar0+0x10..+8"},
					       READ};
	static const struct command modify = {{"@03:00.0/bar0+0x10=5:0xff"},
					      WRITE};

	memcpy(device_at(0x10), "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
	run(&command);
	for (size_t i = 0; i < 2; i++) {
		const struct element_result *result = &got.elements[i].result;
		const struct access_record *record = &got.accesses[i].record;

		ck_assert_uint_eq(got.elements[i].index, i);
		ck_assert_uint_eq(got.elements[i].position, 0x10 + 4 * i);
		ck_assert_uint_eq(got.elements[i].address,
				  DEVICE + 0x10 + 4 * i);
		ck_assert(result->known && !result->has_old && !result->wrote);
		ck_assert_uint_eq(result->attempts, 1);
		ck_assert_uint_eq(record->address, DEVICE + 0x10 + 4 * i);
		ck_assert(record->known && !record->write);
		ck_assert_uint_eq(record->value, result->value);
		ck_assert_uint_eq(record->attempts, 1);
	}
	ck_assert_uint_eq(got.elements[1].result.value,
			  number_of(32, "\x55\x66\x77\x88"));
	run(&modify);
	ck_assert(got.elements[0].result.known && got.elements[0].result.wrote);
	ck_assert(got.elements[0].result.has_old);
	ck_assert_uint_eq(got.elements[0].result.old,
			  number_of(32, "\x11\x22\x33\x44"));
	ck_assert_uint_eq(got.elements[0].result.value,
			  (got.elements[0].result.old & ~0xffull) | 5);
	ck_assert_uint_eq(got.elements[0].result.attempts, 2);
	ck_assert_uint_eq(got.elements[0].result.nanoseconds,
			  got.accesses[0].record.nanoseconds +
				  got.accesses[1].record.nanoseconds);
	ck_assert(got.accesses[1].record.write && got.accesses[1].record.known);
	ck_assert_uint_eq(got.accesses[1].record.value,
			  got.elements[0].result.value);
}
END_TEST

static void take_time(size_t access)
{
	struct timespec pause = {.tv_nsec = 2000000};

	(void)access;
	nanosleep(&pause, NULL);
}

/* The time is that of the access. */
START_TEST(times)
{
	static const struct command commands[] = {{{"0x10000000"}, READ},
						  {{"0x10000000=1"}, WRITE}};
	const uint64_t least = 2000000, most = UINT64_C(60000000000);

	device.before = take_time;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		run(&commands[i]);
		ck_assert_uint_ge(got.accesses[0].record.nanoseconds, least);
		ck_assert_uint_lt(got.accesses[0].record.nanoseconds, most);
		ck_assert_uint_ge(got.elements[0].result.nanoseconds, least);
	}
}
END_TEST

START_TEST(without_access_sink)
{
	static const struct run_sink quiet = {.data = &got,
					      .element = sink_element};
	static const struct plan_options options = {.write = false};
	struct run_summary summary = {0};
	struct location *location;
	struct plan plan;

	memset(&got, 0, sizeof(got));
	expect_no_error(location_parse("0x10000000/32x2", &location), "parse");
	expect_no_error(plan_make(session, &location, 1, &options, &plan),
			"plan");
	plan.operations[0].read.backend = plan.operations[0].write.backend =
		&fake;
	expect_no_error(run_plan(&plan, false, &quiet, &summary), "run");
	expect_no_error(run_plan(&plan, true, &quiet, &summary), "dry");
	ck_assert_uint_eq(got.n_elements, 2);
	ck_assert_uint_eq(got.n_accesses, 0);
	plan_deinit(&plan);
	location_destroy(location);
}
END_TEST

#define EIO_AT(n_)                                                             \
	{                                                                      \
		n_, ACCESS_NOT_MADE, EIO                                       \
	}
#define UNCLEAR_AT(n_)                                                         \
	{                                                                      \
		n_, ACCESS_UNCLEAR, EFAULT                                     \
	}
#define GONE_AT(n_)                                                            \
	{                                                                      \
		n_, ACCESS_NO_SPACE, 0                                         \
	}

/* `kinds` are of the elements, in order; ERROR_NO_MEMORY: done. */
#define DONE ERROR_NO_MEMORY

static const struct {
	const char *label;
	struct command command;
	struct fault faults[3];
	const char *log;
	uint64_t elements;
	enum error_kind kinds[4];
	size_t n_kinds;
	int status;
} failures[] = {
	/* a read goes on; if it fails of a page that worked before, the page
	 * was taken away */
	{"first of three",
	 {{"0x10000000"}, N(3)},
	 {EIO_AT(1)},
	 "r32:10000000 r32:10000004 r32:10000008",
	 3,
	 {ERROR_UNKNOWN, DONE, DONE},
	 3,
	 3},
	{"last of three",
	 {{"0x10000000"}, N(3)},
	 {EIO_AT(3)},
	 "r32:10000000 r32:10000004 r32:10000008",
	 3,
	 {DONE, DONE, ERROR_REVOKED},
	 3,
	 3},
	{"all",
	 {{"0x10000000", "0x10000004"}, READ},
	 {EIO_AT(1), EIO_AT(2)},
	 "r32:10000000 r32:10000004",
	 2,
	 {ERROR_UNKNOWN, ERROR_UNKNOWN},
	 2,
	 1},
	{"one location of two",
	 {{"0x10000000", "0x10000004"}, READ},
	 {EIO_AT(1)},
	 "r32:10000000 r32:10000004",
	 2,
	 {ERROR_UNKNOWN, DONE},
	 2,
	 3},
	{"unclear first",
	 {{"0x10000000"}, N(2)},
	 {UNCLEAR_AT(1), EIO_AT(2)},
	 "r32:10000000 r32:10000004",
	 2,
	 {ERROR_INDETERMINATE, ERROR_UNKNOWN},
	 2,
	 9},
	{"unclear second",
	 {{"0x10000000"}, N(2)},
	 {EIO_AT(1), UNCLEAR_AT(2)},
	 "r32:10000000 r32:10000004",
	 2,
	 {ERROR_UNKNOWN, ERROR_INDETERMINATE},
	 2,
	 1},
	{"unclear read",
	 {{"0x10000000"}, READ},
	 {UNCLEAR_AT(1)},
	 "r32:10000000",
	 1,
	 {ERROR_INDETERMINATE},
	 1,
	 9},
	/* nothing more is to be had of what is gone */
	{"gone at once",
	 {{"0x10000000..+8", "0x10000010"}, READ},
	 {GONE_AT(1)},
	 "r32:10000000",
	 3,
	 {ERROR_GONE},
	 1,
	 4},
	{"gone later",
	 {{"0x10000000..+8", "0x10000010"}, READ},
	 {GONE_AT(2)},
	 "r32:10000000 r32:10000004",
	 3,
	 {DONE, ERROR_GONE},
	 2,
	 3},
	{"gone after a failure",
	 {{"0x10000000..+8"}, READ},
	 {EIO_AT(1), GONE_AT(2)},
	 "r32:10000000 r32:10000004",
	 2,
	 {ERROR_UNKNOWN, ERROR_GONE},
	 2,
	 1},
	/* a write stops at the first failure; a page that worked before may
	 * just be read-only now */
	{"first write",
	 {{"0x10000000=1", "0x10000004=2"}, WRITE},
	 {EIO_AT(1)},
	 "w32:10000000=1",
	 2,
	 {ERROR_UNKNOWN},
	 1,
	 1},
	{"second write",
	 {{"0x10000000=1", "0x10000004=2", "0x10000008=3"}, WRITE},
	 {EIO_AT(2)},
	 "w32:10000000=1 w32:10000004=2",
	 3,
	 {DONE, ERROR_UNKNOWN},
	 2,
	 3},
	{"write of a range",
	 {{"0x10000000..+0x10=1", "0x10000020=2"}, FILLED},
	 {EIO_AT(3)},
	 "w32:10000000=1 w32:10000004=1 w32:10000008=1",
	 5,
	 {DONE, DONE, ERROR_UNKNOWN},
	 3,
	 3},
	{"unclear write",
	 {{"0x10000000=1", "0x10000004=2"}, WRITE},
	 {UNCLEAR_AT(1)},
	 "w32:10000000=1",
	 2,
	 {ERROR_INDETERMINATE},
	 1,
	 9},
	{"gone at a write",
	 {{"0x10000000=1"}, WRITE},
	 {GONE_AT(1)},
	 "w32:10000000=1",
	 1,
	 {ERROR_GONE},
	 1,
	 4},
	/* a modify whose read fails has done nothing, one whose write fails has
	 * read */
	{"read of a modify",
	 {{"0x10000000.0=1", "0x10000004=2"}, WRITE},
	 {EIO_AT(1)},
	 "r32:10000000",
	 2,
	 {ERROR_UNKNOWN},
	 1,
	 1},
	{"write of a modify",
	 {{"0x10000000.0=1", "0x10000004=2"}, WRITE},
	 {EIO_AT(2)},
	 "r32:10000000 w32:10000000=1",
	 2,
	 {ERROR_UNKNOWN},
	 1,
	 3},
	{"gone within a modify",
	 {{"0x10000000.0=1"}, WRITE},
	 {GONE_AT(2)},
	 "r32:10000000 w32:10000000=1",
	 1,
	 {ERROR_GONE},
	 1,
	 3},
	/* the read of --verify comes after a write that was made */
	{"read-back",
	 {{"0x10000000=1", "0x10000004=2"}, VERIFIED},
	 {EIO_AT(2)},
	 "w32:10000000=1 r32:10000000",
	 2,
	 {ERROR_REVOKED},
	 1,
	 3},
	{"verified write",
	 {{"0x10000000=1", "0x10000004=2"}, VERIFIED},
	 {EIO_AT(1)},
	 "w32:10000000=1",
	 2,
	 {ERROR_UNKNOWN},
	 1,
	 1},
	/* halves: the first of three fails, or what stands behind one that was
	 * made */
	{"first half",
	 {{"0x10000000/32x2"}, READ},
	 {EIO_AT(1)},
	 "r32:10000004",
	 1,
	 {ERROR_UNKNOWN},
	 1,
	 1},
	{"second half",
	 {{"0x10000000/32x2"}, READ},
	 {EIO_AT(2)},
	 "r32:10000004 r32:10000000",
	 1,
	 {ERROR_REVOKED},
	 1,
	 3},
	{"third half",
	 {{"0x10000000/32x2"}, READ},
	 {EIO_AT(3)},
	 "r32:10000004 r32:10000000 r32:10000004",
	 1,
	 {ERROR_REVOKED},
	 1,
	 3},
	{"halves of two",
	 {{"0x10000000..+0x10/32x2"}, READ},
	 {EIO_AT(1)},
	 "r32:10000004 r32:1000000c r32:10000008 r32:1000000c",
	 2,
	 {ERROR_UNKNOWN, DONE},
	 2,
	 3},
};

static void check_failed_element(const char *label, size_t i,
				 enum error_kind kind)
{
	const struct copied_error *error = &got.elements[i].error;

	if (kind == DONE) {
		ck_assert_msg(!error->failed, "%s: %zu: %s", label, i,
			      error->text);
		ck_assert(got.elements[i].result.known);
		return;
	}
	ck_assert_msg(error->failed, "%s: %zu: no error", label, i);
	ck_assert_msg(error->kind == kind, "%s: %zu: %s: %s", label, i,
		      error_kind_name(error->kind), error->text);
	ck_assert_msg(!got.elements[i].result.known, "%s: %zu: known", label,
		      i);
	ck_assert(!got.elements[i].result.suspect);
	ck_assert_uint_eq(error->attempts, 1);
}

START_TEST(failed_accesses)
{
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		const char *label = failures[i].label;
		uint64_t done = 0;

		memset(device.bytes, 0, SIZE);
		history_deinit(&session->history);
		memcpy(device.faults, failures[i].faults,
		       sizeof(failures[i].faults));
		run(&failures[i].command);
		ck_assert_msg(same_text(device.log, failures[i].log), "%s: %s",
			      label, device.log);
		ck_assert_msg(got.n_elements == failures[i].n_kinds,
			      "%s: %zu elements", label, got.n_elements);
		for (size_t j = 0; j < failures[i].n_kinds; j++)
			done += failures[i].kinds[j] == DONE;
		for (size_t j = 0; j < failures[i].n_kinds; j++)
			if (has_text(label, "read-back"))
				ck_assert_int_eq(got.elements[j].error.kind,
						 failures[i].kinds[j]);
			else
				check_failed_element(label, j,
						     failures[i].kinds[j]);
		expect_summary(label, failures[i].elements, done,
			       failures[i].n_kinds - done, failures[i].status);
	}
}
END_TEST

/* What did not reach the device is made again: that access, and no other. */
#define MINUTE UINT64_C(60000000000)

static const struct {
	const char *label;
	struct command command;
	struct fault faults[4];
	const char *log;
	unsigned attempts; /* of the first element */
	uint64_t done, failed;
	int status;
} retries[] = {
	{"a read",
	 {{"0x10000000"}, {.retry = MINUTE}},
	 {EIO_AT(1), EIO_AT(2)},
	 "r32:10000000 r32:10000000 r32:10000000",
	 3,
	 1,
	 0,
	 0},
	{"a write",
	 {{"0x10000000=5"}, {.write = true, .retry = MINUTE}},
	 {EIO_AT(1)},
	 "w32:10000000=5 w32:10000000=5",
	 2,
	 1,
	 0,
	 0},
	{"one of a range",
	 {{"0x10000000"}, {.count = 3, .retry = MINUTE}},
	 {EIO_AT(2), EIO_AT(3)},
	 "r32:10000000 r32:10000004 r32:10000004 r32:10000004 r32:10000008",
	 1,
	 3,
	 0,
	 0},
	{"one of several writes",
	 {{"0x10000000=1", "0x10000004=2", "0x10000008=3"},
	  {.write = true, .retry = MINUTE}},
	 {EIO_AT(2)},
	 "w32:10000000=1 w32:10000004=2 w32:10000004=2 w32:10000008=3",
	 1,
	 3,
	 0,
	 0},
	/* once the read of a modify is made, only its write is made again */
	{"the read of a modify",
	 {{"0x10000000.0=1"}, {.write = true, .retry = MINUTE}},
	 {EIO_AT(1)},
	 "r32:10000000 r32:10000000 w32:10000000=a5a5a5a5",
	 3,
	 1,
	 0,
	 0},
	{"the write of a modify",
	 {{"0x10000000.0=0"}, {.write = true, .retry = MINUTE}},
	 {EIO_AT(2), EIO_AT(3)},
	 "r32:10000000 w32:10000000=a5a5a5a4 w32:10000000=a5a5a5a4 "
	 "w32:10000000=a5a5a5a4",
	 4,
	 1,
	 0,
	 0},
	{"both",
	 {{"0x10000000/8=2:0xf"}, {.write = true, .retry = MINUTE}},
	 {EIO_AT(1), EIO_AT(3)},
	 "r8:10000000 r8:10000000 w8:10000000=a2 w8:10000000=a2",
	 4,
	 1,
	 0,
	 0},
	{"the read of --verify",
	 {{"0x10000000=5"}, {.write = true, .verify = true, .retry = MINUTE}},
	 {EIO_AT(2), EIO_AT(3)},
	 "w32:10000000=5 r32:10000000 r32:10000000 r32:10000000",
	 4,
	 1,
	 0,
	 0},
	{"halves",
	 {{"0x10000000/32x2"}, {.retry = MINUTE}},
	 {EIO_AT(1), EIO_AT(3), EIO_AT(5)},
	 "r32:10000004 r32:10000004 r32:10000000 r32:10000000 r32:10000004 "
	 "r32:10000004",
	 6,
	 1,
	 0,
	 0},
	/* what may have happened is not, nor what nobody gives back */
	{"an unclear read",
	 {{"0x10000000"}, {.retry = MINUTE}},
	 {UNCLEAR_AT(1)},
	 "r32:10000000",
	 1,
	 0,
	 1,
	 9},
	{"an unclear write after a failure",
	 {{"0x10000000=5"}, {.write = true, .retry = MINUTE}},
	 {EIO_AT(1), UNCLEAR_AT(2)},
	 "w32:10000000=5 w32:10000000=5",
	 2,
	 0,
	 1,
	 9},
	{"an unclear write of a modify",
	 {{"0x10000000.0=1"}, {.write = true, .retry = MINUTE}},
	 {UNCLEAR_AT(2)},
	 "r32:10000000 w32:10000000=a5a5a5a5",
	 2,
	 0,
	 1,
	 3},
	{"ordinary memory",
	 {{"0x600000"}, {.retry = MINUTE}},
	 {EIO_AT(1)},
	 "r32:600000",
	 1,
	 0,
	 1,
	 1},
	{"gone",
	 {{"0x10000000"}, {.retry = MINUTE}},
	 {EIO_AT(1), GONE_AT(2)},
	 "r32:10000000 r32:10000000",
	 2,
	 0,
	 1,
	 4},
};

START_TEST(tried_again)
{
	for (size_t i = 0; i < ARRAY_SIZE(retries); i++) {
		const struct element_result *first = &got.elements[0].result;
		const char *label = retries[i].label;
		uint64_t attempts = 0, waited = 0;

		memset(device.bytes, 0xa5, SIZE);
		history_deinit(&session->history);
		memcpy(device.faults, retries[i].faults,
		       sizeof(retries[i].faults));
		run(&retries[i].command);
		ck_assert_msg(same_text(device.log, retries[i].log), "%s: %s",
			      label, device.log);
		ck_assert_msg(first->attempts == retries[i].attempts,
			      "%s: %u attempts", label, first->attempts);
		expect_summary(label, retries[i].done + retries[i].failed,
			       retries[i].done, retries[i].failed,
			       retries[i].status);
		/* The attempts at an element are those at its accesses. */
		for (size_t j = 0; j < got.n_accesses; j++) {
			const struct access_record *record =
				&got.accesses[j].record;

			attempts += record->attempts;
			waited += record->waited;
			ck_assert((record->waited != 0) ==
				  (record->attempts > 1));
		}
		ck_assert_uint_eq(attempts, device.n_accesses);
		for (size_t j = 0; j < got.n_elements; j++) {
			attempts -= got.elements[j].result.attempts;
			waited -= got.elements[j].result.waited;
		}
		ck_assert(!attempts && !waited);
	}
}
END_TEST

/* A value that comes late is the right one, and the old one of a modify too. */
START_TEST(values_after_retries)
{
	static const struct command read = {{"0x10000000..+8"},
					    {.retry = MINUTE}};
	static const struct command modify = {{"0x10000000=0x11:0xff"},
					      {.write = true, .retry = MINUTE}};
	uint32_t value;

	memcpy(device.bytes, "\x10\x20\x30\x40\x50\x60\x70\x80", 8);
	device.faults[0] = (struct fault)EIO_AT(1);
	device.faults[1] = (struct fault)EIO_AT(3);
	run(&read);
	for (size_t i = 0; i < 2; i++) {
		memcpy(&value, device.bytes + 4 * i, 4);
		ck_assert(got.elements[i].result.known);
		ck_assert_uint_eq(got.elements[i].result.value, value);
		ck_assert_uint_eq(got.elements[i].result.attempts, 2);
	}
	memcpy(&value, device.bytes, 4);
	run(&modify);
	ck_assert_uint_eq(got.elements[0].result.old, value);
	ck_assert_uint_eq(got.elements[0].result.value,
			  (value & ~0xffu) | 0x11);
	ck_assert(got.elements[0].result.wrote);
	ck_assert_uint_eq(got.summary.written, 1);
}
END_TEST

enum { SHORT = 5000000 };

/* Whether so many attempts were made at an element: 1, or more. */
static void expect_attempts(size_t i, bool many)
{
	unsigned attempts = got.elements[i].result.attempts;

	ck_assert_msg(many ? attempts > 1 : attempts == 1,
		      "element %zu: %u attempts", i, attempts);
	ck_assert((got.elements[i].result.waited != 0) == many);
}

/* A read goes on past a page that is gone; its time is used up once. */
START_TEST(bad_page_of_reads)
{
	static const struct command command = {{"0x10000ff4..+0x18"},
					       {.retry = SHORT}};

	memset(device.bytes, 0x5a, SIZE);
	device.bad_page = DEVICE;
	run(&command);
	expect_summary("first page", 6, 3, 3, STATUS_PARTLY);
	for (size_t i = 0; i < 6; i++) {
		expect_attempts(i, i == 0);
		ck_assert(got.elements[i].result.known == (i >= 3));
		ck_assert(got.elements[i].error.failed == (i < 3));
		ck_assert_uint_eq(got.elements[i].error.attempts,
				  i < 3 ? got.elements[i].result.attempts : 0);
		if (i >= 3)
			ck_assert_uint_eq(got.elements[i].result.value,
					  0x5a5a5a5a);
	}
	device.bad_page = DEVICE + 0x1000;
	run(&command);
	expect_summary("second page", 6, 3, 3, STATUS_PARTLY);
	for (size_t i = 0; i < 6; i++) {
		expect_attempts(i, i == 3);
		ck_assert(got.elements[i].result.known == (i < 3));
	}
}
END_TEST

/* A success of the mapping gives the time anew, one of another does not. */
START_TEST(time_anew)
{
	static const struct command again = {
		{"0x10001000", "0x10001004", "0x10000000", "0x10001008"},
		{.retry = SHORT}};
	static const struct command elsewhere = {
		{"0x10001000", "0x40000000", "0x600000", "0x10001008"},
		{.retry = SHORT}};

	device.bad_page = DEVICE + 0x1000;
	run(&again);
	expect_summary("again", 4, 1, 3, STATUS_PARTLY);
	for (size_t i = 0; i < 4; i++)
		expect_attempts(i, i == 0 || i == 3);
	run(&elsewhere);
	expect_summary("elsewhere", 4, 2, 2, STATUS_PARTLY);
	for (size_t i = 0; i < 4; i++)
		expect_attempts(i, i == 0);
}
END_TEST

/* Two mappings that are gone, in turns: each has its time once. */
START_TEST(two_dead_mappings)
{
	static const struct command command = {
		{"0x10000000", "0x40000000", "0x10000004", "0x40000004"},
		{.retry = SHORT}};
	static const struct command ranges = {
		{"0x10000000..+8", "0x40000000..+8/32", "0x10002000..+8",
		 "0x40002000..+8/32"},
		{.retry = SHORT}};

	device.dead = true;
	run(&command);
	expect_summary("in turns", 4, 0, 4, 1);
	for (size_t i = 0; i < 4; i++)
		expect_attempts(i, i < 2);
	run(&ranges);
	expect_summary("ranges in turns", 8, 0, 8, 1);
	for (size_t i = 0; i < 8; i++)
		expect_attempts(i, i == 0 || i == 2);
}
END_TEST

/* A device that sleeps after the first attempt is left alone, but with
 * --force. */
static void fall_asleep(size_t access)
{
	if (access == 1)
		tree_put(&tree, "D3hot\n",
			 "sys/devices/pci0000:00/0000:03:00.0/power_state");
}

START_TEST(asleep)
{
	device.before = fall_asleep;
	device.faults[0] = (struct fault)EIO_AT(1);
	for (unsigned i = 0; i < 4; i++) {
		struct command command = {
			{i / 2 ? "0x10000000=1" : "0x10000000"},
			{.write = i / 2, .force = i % 2, .retry = SHORT}};

		tree_put(&tree, "D0\n",
			 "sys/devices/pci0000:00/0000:03:00.0/power_state");
		history_deinit(&session->history);
		run(&command);
		ck_assert_uint_eq(device.n_accesses, i % 2 ? 2 : 1);
		ck_assert(got.elements[0].error.failed == !(i % 2));
		if (i % 2)
			continue;
		ck_assert_int_eq(got.elements[0].error.kind, ERROR_ASLEEP);
		ck_assert_int_eq(got.elements[0].error.errnum, EIO);
	}
}
END_TEST

/* Nor is the next one, which has not waited itself. */
START_TEST(asleep_after_a_pause)
{
	static const struct command command = {
		{"0x10000000", "0x10000004", "0x10000008"}, {.retry = SHORT}};

	device.before = fall_asleep;
	device.faults[0] = (struct fault)EIO_AT(1);
	run(&command);
	ck_assert_uint_eq(device.n_accesses, 1);
	ck_assert_uint_eq(got.n_elements, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(got.elements[i].error.kind, ERROR_ASLEEP);
		ck_assert(!got.elements[i].result.known);
	}
	ck_assert_int_eq(got.summary.status, 7);
}
END_TEST

/* A write stops there, and says how many it has written. */
START_TEST(bad_page_of_writes)
{
	static const struct command command = {
		{"0x10000ff8..+0x10=7"},
		{.write = true, .fill = true, .retry = SHORT}};

	device.bad_page = DEVICE + 0x1000;
	run(&command);
	expect_summary("write", 4, 2, 1, STATUS_PARTLY);
	ck_assert_uint_eq(got.summary.written, 2);
	ck_assert_uint_eq(got.n_elements, 3);
	expect_attempts(2, true);
	ck_assert_uint_eq(device.n_accesses,
			  2 + got.elements[2].result.attempts);
	ck_assert(!got.elements[2].result.wrote);
	ck_assert_uint_eq(number_of(32, device_at(DEVICE + 0x1000)), 0);
}
END_TEST

/* The write of a modify in vain: the device was read, once. */
START_TEST(write_of_a_modify_in_vain)
{
	static const struct command command = {
		{"0x10000000.0=1", "0x10000004=1"},
		{.write = true, .retry = SHORT}};
	const struct copied_error *error = &got.elements[0].error;

	device.bad_page = DEVICE;
	device.bad_to_writes = true;
	run(&command);
	expect_summary("modify", 2, 0, 1, STATUS_PARTLY);
	ck_assert(strncmp(device.log, "r32:10000000 w32:10000000=1 w32:", 31) ==
		  0);
	ck_assert_ptr_null(strchr(device.log + 1, 'r'));
	ck_assert_uint_eq(got.n_accesses, 2);
	ck_assert_uint_eq(got.accesses[0].record.attempts, 1);
	ck_assert_uint_gt(got.accesses[1].record.attempts, 1);
	/* The attempts that failed are those at the write. */
	ck_assert_uint_eq(error->attempts, got.accesses[1].record.attempts);
	ck_assert_uint_eq(got.elements[0].result.attempts, error->attempts + 1);
	ck_assert(strncmp(error->text,
			  "the read was made, the write was not: ", 38) == 0);
	ck_assert_int_eq(error->kind, ERROR_UNKNOWN);
	ck_assert(got.elements[0].result.has_old);
	ck_assert_uint_eq(got.summary.written, 0);
}
END_TEST

/* A failed access tells where, how often, and what the kernel said. */
START_TEST(evidence_of_a_failure)
{
	static const struct command command = {{"0x10000004"}, READ};
	const struct copied_error *error = &got.accesses[0].error;

	device.faults[0] = (struct fault)EIO_AT(1);
	run(&command);
	ck_assert(error->failed && error->has_address);
	ck_assert_uint_eq(error->address, DEVICE + 4);
	ck_assert_int_eq(error->errnum, EIO);
	ck_assert_uint_eq(error->attempts, 1);
	ck_assert(has_text(error->text, strerror(EIO)));
	ck_assert(!got.accesses[0].record.known);
}
END_TEST

/* Of a modify whose write was not made, the read was; of one whose write is
 * unclear nothing may be claimed. */
START_TEST(evidence_of_a_modify)
{
	static const struct command command = {{"0x10000000.0=1"}, WRITE};
	const struct element_result *result = &got.elements[0].result;

	memset(device.bytes, 0x40, 4);
	device.faults[0] = (struct fault)EIO_AT(2);
	run(&command);
	ck_assert(result->has_old && !result->wrote && !result->known);
	ck_assert_uint_eq(result->old, 0x40404040);
	ck_assert(has_text(got.elements[0].error.text, "the write was not"));
	device.faults[0] = (struct fault)UNCLEAR_AT(2);
	run(&command);
	ck_assert_int_eq(got.elements[0].error.kind, ERROR_INDETERMINATE);
	ck_assert(!has_text(got.elements[0].error.text, "the write was not"));
}
END_TEST

START_TEST(revoked)
{
	static const struct command command = {{"0x10000004"}, READ};
	const struct copied_error *error = &got.elements[0].error;

	device.faults[0] = (struct fault)EIO_AT(1);
	tree_remove(&tree, "sys/bus/pci/devices/0000:03:00.0");
	tree_remove(&tree, "sys/devices/pci0000:00/0000:03:00.0");
	expect_no_error(run_with(&(struct command){{"0x600000"}, READ}, NULL),
			"heap");
	ck_assert_int_eq(got.elements[0].error.kind, ERROR_UNKNOWN);
	expect_no_error(
		run_with(&(struct command){{"0x10000004"}, {.force = true}},
			 NULL),
		command.texts[0]);
	ck_assert_int_eq(error->kind, ERROR_REVOKED);
	ck_assert_int_eq(error->errnum, EIO);
	expect_summary("revoked", 1, 0, 1, 6);
}
END_TEST

/* What stands in maps when the plan is run. */
static const char *new_maps;

static void put_maps(void)
{
	if (new_maps)
		tree_put(&tree, new_maps, "proc/%d/maps", PID);
	else
		tree_remove(&tree, "proc/4242/maps");
}

static void put_maps_before_second(size_t access)
{
	if (access == 1)
		put_maps();
}

#define OTHER "20000000-20001000 rw-p 00000000 00:00 0"

/* Kind ERROR_NO_MEMORY (DONE): it is the same. `place`: what stands at its
 * first page is the same, however far it reaches now. */
static const struct {
	const char *maps;
	enum error_kind kind;
	bool place;
} changes[] = {
	{HEAP "\n" BAR0 "\n" BAR4_WC "\n", DONE, false},
	{BAR0 " (deleted)\n", DONE, false},
	{"0ffff000-10000000 rw-p 00000000 00:00 0\n" BAR0
	 "\n10004000-10005000 rw-p 00000000 00:00 0\n",
	 DONE, false},
	{HEAP "\n" BAR4_WC "\n", ERROR_UNMAPPED, false},
	{OTHER "\n", ERROR_UNMAPPED, false},
	{"0ffff000-10000000 rw-p 00000000 00:00 0\n", ERROR_UNMAPPED, false},
	{"10001000-10004000 rw-s fe001000 00:15 9 " NIC "0\n", ERROR_UNMAPPED,
	 false},
	{"10000000-10003000 rw-s fe000000 00:15 9 " NIC "0\n", ERROR_REPLACED,
	 true},
	{"10000000-10008000 rw-s fe000000 00:15 9 " NIC "0\n", ERROR_REPLACED,
	 true},
	{"0f000000-10004000 rw-s fe000000 00:15 9 " NIC "0\n", ERROR_REPLACED,
	 false},
	{"10000000-10004000 r--s fe000000 00:15 9 " NIC "0\n", ERROR_REPLACED,
	 false},
	{"10000000-10004000 rw-p fe000000 00:15 9 " NIC "0\n", ERROR_REPLACED,
	 false},
	{"10000000-10004000 rw-s fe004000 00:15 9 " NIC "0\n", ERROR_REPLACED,
	 false},
	{"10000000-10004000 rw-s fe000000 00:16 9 " NIC "0\n", ERROR_REPLACED,
	 false},
	{"10000000-10004000 rw-s fe000000 00:15 8 " NIC "0\n", ERROR_REPLACED,
	 false},
	{"10000000-10004000 rw-p 00000000 00:00 0\n", ERROR_REPLACED, false},
	{"", ERROR_GONE, false},
	{NULL, ERROR_GONE, false},
};

/* Before the first access: nothing is touched, and the error says so. */
START_TEST(changed_before_the_run)
{
	static const struct command commands[] = {
		{{"0x600000", "0x10000000"}, READ},
		{{"0x10000000=1"}, WRITE},
		{{"0x10000000"}, {.dry = true}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(commands); j++) {
			struct error *error;

			/* The heap of the first is not in most of the maps. */
			if (!j && (!changes[i].maps ||
				   !has_text(changes[i].maps, "[heap]")))
				continue;
			new_maps = changes[i].maps;
			error = run_with(&commands[j], put_maps);
			tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
			if (changes[i].kind == DONE) {
				expect_no_error(error, changes[i].maps);
				continue;
			}
			ck_assert_uint_eq(device.n_accesses, 0);
			ck_assert_uint_eq(got.n_elements, 0);
			ck_assert(error && error->subject);
			expect_error(error, changes[i].kind,
				     changes[i].maps ? changes[i].maps
						     : "no maps");
		}
}
END_TEST

/* Between two writes: the second is not made, and of the first it is not known
 * where it went; a target that is gone cannot be asked any more. Between the
 * read and the write of a modify: the write is not made, and what was read is
 * not told, for it may be of something else. */
START_TEST(changed_before_a_write)
{
	static const struct command commands[] = {
		{{"0x10000000=1", "0x10000004=2"}, WRITE},
		{{"0x10000000.0=1"}, WRITE},
	};

	device.before = put_maps_before_second;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		for (size_t j = 0; j < ARRAY_SIZE(commands); j++) {
			enum error_kind kind = changes[i].kind;
			int status = STATUS_PARTLY;
			size_t last;

			new_maps = changes[i].maps;
			run(&commands[j]);
			tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
			last = got.n_elements - 1;
			if (kind == DONE) {
				ck_assert_uint_eq(device.n_accesses, 2);
				continue;
			}
			if (!j && !changes[i].place) {
				ck_assert_uint_eq(last, 0);
				kind = ERROR_INDETERMINATE;
				status = 9;
			}
			ck_assert_uint_eq(device.n_accesses, 1);
			ck_assert_int_eq(got.elements[last].error.kind, kind);
			ck_assert(got.elements[last].error.has_address);
			ck_assert_int_eq(got.summary.status, status);
			ck_assert(!got.elements[last].result.known);
			ck_assert(got.elements[last].result.has_old ==
				  (j && changes[i].place));
			ck_assert(has_text(got.elements[last].error.text,
					   "the read was made, the write was "
					   "not: ") == j);
		}
}
END_TEST

/* While a read is made: its value may be of something else, and is none; the
 * next one is not made. That goes for an exit or an exec, too. */
START_TEST(changed_at_a_read)
{
	static const struct command command = {{"0x10000000", "0x10000004"},
					       READ};

	device.before = put_maps_before_second;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		enum error_kind kind = changes[i].kind;
		bool known = kind == DONE || changes[i].place;
		size_t n;

		new_maps = changes[i].maps;
		run(&command);
		tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
		/* Of a target that is gone no more is asked. */
		n = kind == ERROR_GONE && !known ? 1 : 2;
		ck_assert_uint_eq(got.n_elements, n);
		ck_assert_uint_eq(device.n_accesses, known ? 2 : 1);
		for (size_t j = 0; j < n; j++) {
			ck_assert(got.elements[j].result.known == known);
			ck_assert(got.elements[j].error.failed == !known);
			if (known)
				continue;
			ck_assert_int_eq(got.elements[j].error.kind, kind);
			ck_assert_uint_eq(got.elements[j].error.address,
					  DEVICE + 4 * j);
			ck_assert(j || has_text(got.elements[j].error.text,
						"perhaps of something else"));
		}
		ck_assert_int_eq(got.summary.status,
				 known ? STATUS_DONE : error_kind_status(kind));
	}
}
END_TEST

/* While a read fails: the change is the reason, unless the page is still of
 * what it was of. */
START_TEST(changed_at_a_failure)
{
	static const struct command command = {{"0x10000000"}, READ};

	device.before = put_maps_before_second;
	device.faults[0] = (struct fault)EIO_AT(1);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		enum error_kind kind =
			changes[i].kind == DONE || changes[i].place
				? ERROR_UNKNOWN
				: changes[i].kind;

		new_maps = changes[i].maps;
		run(&command);
		tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
		check_failed_element(new_maps ? new_maps : "no maps", 0, kind);
		expect_summary("changed", 1, 0, 1, error_kind_status(kind));
	}
}
END_TEST

static size_t change_at;
static bool with_exec;

static void change_maps(size_t access)
{
	if (access != change_at)
		return;
	put_maps();
	if (with_exec)
		tree_stat(&tree, PID, "app", 'S', 4194304, 0x800000);
}

static void restore_maps(void)
{
	tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
	tree_process(&tree, PID, "app");
}

#define REPLACED "10000000-10004000 rw-s 00000000 00:15 77 /tmp/other\n"

/* Changes while the n-th access is made, and what comes of the first element.
 * Whatever was made before, nothing of it is shown, and nothing more is made.
 */
static const struct {
	const char *label;
	struct command command;
	struct fault fault;
	size_t at;
	const char *log;
	enum error_kind kind;    /* of a replaced mapping; a target that is gone
				  * has this too, or ERROR_GONE */
	const char *has, *lacks; /* the message and its evidence */
	int status;              /* likewise */
	bool read_made;
} confirmations[] = {
	/* what is read back would be of the other mapping */
	{"verify",
	 {{"0x10000000=1", "0x10000004=2"}, VERIFIED},
	 {0},
	 1,
	 "w32:10000000=1",
	 ERROR_INDETERMINATE,
	 "the write was made, but perhaps to something else: ",
	 "was read back",
	 9,
	 false},
	/* what was read back says nothing */
	{"verify, at the read",
	 {{"0x10000000=1", "0x10000004=2"}, VERIFIED},
	 {0},
	 2,
	 "w32:10000000=1 r32:10000000",
	 ERROR_INDETERMINATE,
	 "the write was made, but perhaps to something else: ",
	 "then: ",
	 9,
	 false},
	{"verify, at the failed read",
	 {{"0x10000000=1", "0x10000004=2"}, VERIFIED},
	 {2, ACCESS_NOT_MADE, EIO},
	 2,
	 "w32:10000000=1 r32:10000000",
	 ERROR_INDETERMINATE,
	 "; then: ",
	 "the read was made",
	 9,
	 false},
	{"verify, at the unclear read",
	 {{"0x10000000=1", "0x10000004=2"}, VERIFIED},
	 {2, ACCESS_UNCLEAR, EFAULT},
	 2,
	 "w32:10000000=1 r32:10000000",
	 ERROR_INDETERMINATE,
	 "; then: the access may or may not have happened",
	 "was read back",
	 9,
	 false},
	{"verified modify",
	 {{"0x10000000=1:0xff", "0x10000004=2"}, VERIFIED},
	 {0},
	 3,
	 "r32:10000000 w32:10000000=5a5a5a01 r32:10000000",
	 ERROR_INDETERMINATE,
	 "the write was made, but perhaps to something else: ",
	 "then: ",
	 9,
	 false},
	{"verified modify, at the write",
	 {{"0x10000000=1:0xff", "0x10000004=2"}, VERIFIED},
	 {0},
	 2,
	 "r32:10000000 w32:10000000=5a5a5a01",
	 ERROR_INDETERMINATE,
	 "; then: ",
	 "was read back",
	 9,
	 false},
	{"write",
	 {{"0x10000000=1", "0x10000004=2"}, WRITE},
	 {0},
	 1,
	 "w32:10000000=1",
	 ERROR_INDETERMINATE,
	 "the write was made, but perhaps to something else: ",
	 "then: ",
	 9,
	 false},
	{"modify",
	 {{"0x10000000=1:0xff", "0x10000004=2"}, WRITE},
	 {0},
	 2,
	 "r32:10000000 w32:10000000=5a5a5a01",
	 ERROR_INDETERMINATE,
	 "the write was made, but perhaps to something else: ",
	 "then: ",
	 9,
	 false},
	/* a read that has its value from something else, perhaps */
	{"modify, at the read",
	 {{"0x10000000=1:0xff", "0x10000004=2"}, WRITE},
	 {0},
	 1,
	 "r32:10000000",
	 ERROR_REPLACED,
	 "the read was made, the write was not: ",
	 "perhaps to",
	 STATUS_PARTLY,
	 true},
	{"modify, at the failed write",
	 {{"0x10000000=1:0xff", "0x10000004=2"}, WRITE},
	 {2, ACCESS_NOT_MADE, EIO},
	 2,
	 "r32:10000000 w32:10000000=5a5a5a01",
	 ERROR_REPLACED,
	 "the read was made, the write was not: ",
	 "perhaps to",
	 STATUS_PARTLY,
	 true},
	{"modify, at the unclear write",
	 {{"0x10000000=1:0xff", "0x10000004=2"}, WRITE},
	 {2, ACCESS_UNCLEAR, EFAULT},
	 2,
	 "r32:10000000 w32:10000000=5a5a5a01",
	 ERROR_INDETERMINATE,
	 "the access may or may not have happened",
	 "perhaps to",
	 STATUS_PARTLY,
	 true},
	{"read",
	 {{"0x10000000"}, READ},
	 {0},
	 1,
	 "r32:10000000",
	 ERROR_REPLACED,
	 "the read was made, but perhaps of something else: ",
	 "then: ",
	 6,
	 false},
	{"halves",
	 {{"0x10000000/32x2"}, READ},
	 {0},
	 3,
	 "r32:10000004 r32:10000000 r32:10000004",
	 ERROR_REPLACED,
	 "the read was made, but perhaps of something else: ",
	 "then: ",
	 6,
	 false},
	/* where one of them was made, it is told of it that way */
	{"halves, at the second one that fails",
	 {{"0x10000000/32x2"}, READ},
	 {2, ACCESS_NOT_MADE, EIO},
	 2,
	 "r32:10000004 r32:10000000",
	 ERROR_REPLACED,
	 "the kernel said: ",
	 "perhaps",
	 STATUS_PARTLY,
	 true},
};

START_TEST(confirmed_afterwards)
{
	static const char *const others[] = {REPLACED, "", NULL};

	device.before = change_maps;
	for (size_t i = 0; i < 4 * ARRAY_SIZE(confirmations); i++) {
		const size_t n = i / 4;
		const struct copied_error *error = &got.elements[0].error;
		const struct element_result *result = &got.elements[0].result;
		const char *label = confirmations[n].label;
		enum error_kind kind = confirmations[n].kind;
		int status = confirmations[n].status;

		memset(device.bytes, 0x5a, SIZE);
		history_deinit(&session->history);
		device.faults[0] = confirmations[n].fault;
		change_at = confirmations[n].at;
		/* Replaced, two ends, and an exec. */
		with_exec = i % 4 == 3;
		new_maps = with_exec ? OTHER "\n" : others[i % 4];
		run(&confirmations[n].command);
		restore_maps();
		if (i % 4 && kind == ERROR_REPLACED)
			kind = ERROR_GONE;
		if (i % 4 && status == 6)
			status = 4;
		ck_assert_msg(same_text(device.log, confirmations[n].log),
			      "%s: %s", label, device.log);
		ck_assert_uint_eq(got.n_elements, 1);
		ck_assert_msg(error->kind == kind, "%s: %s: %s", label,
			      error_kind_name(error->kind), error->text);
		ck_assert_msg(has_text(error->text, confirmations[n].has),
			      "%s: %s", label, error->text);
		ck_assert_msg(!has_text(error->text, confirmations[n].lacks),
			      "%s: %s", label, error->text);
		ck_assert_uint_eq(error->address, DEVICE);
		ck_assert_msg(got.summary.status == status, "%s: %d", label,
			      got.summary.status);
		ck_assert_uint_eq(got.summary.done, 0);
		ck_assert_uint_eq(got.summary.failed, 1);
		ck_assert_uint_eq(got.summary.written, 0);
		ck_assert(got.summary.partly == confirmations[n].read_made);
		ck_assert(result->made == confirmations[n].read_made);
		ck_assert(!result->wrote && !result->known && !result->has_old);
		ck_assert(!result->suspect);
		/* What was read is not told of any access either. */
		for (size_t j = 0; j < got.n_accesses; j++) {
			ck_assert(got.accesses[j].error.failed);
			ck_assert(!got.accesses[j].record.known ||
				  got.accesses[j].record.write);
		}
		ck_assert_uint_eq(session->history.count, 0);
	}
}
END_TEST

/* What was read back of another mapping is not what was written, and that says
 * nothing. */
static void change_maps_and_bytes(size_t access)
{
	change_maps(access);
	if (access == change_at)
		memset(device.bytes, 0xee, SIZE);
}

START_TEST(verified_with_another)
{
	static const struct command command = {{"0x10000000=1", "0x10000004=2"},
					       VERIFIED};
	const struct copied_error *error = &got.elements[0].error;

	device.before = change_maps_and_bytes;
	change_at = 2;
	with_exec = false;
	for (unsigned i = 0; i < 2; i++) {
		new_maps = i ? REPLACED : BAR0 "\n";
		run(&command);
		restore_maps();
		ck_assert_str_eq(device.log, "w32:10000000=1 r32:10000000");
		ck_assert_int_eq(error->kind,
				 i ? ERROR_INDETERMINATE : ERROR_VERIFY);
		ck_assert_int_eq(got.summary.status, i ? 9 : 1);
		ck_assert(has_text(error->text, "was read back") == !i);
		ck_assert(!has_text(error->text, "then: "));
		ck_assert_uint_eq(got.summary.written, !i);
	}
}
END_TEST

/* Where the mapping is as it was, what was made stays made, and what failed for
 * another reason keeps its own. */
START_TEST(confirmed_as_it_was)
{
	new_maps = BAR0 "\n";
	device.before = change_maps;
	for (size_t i = 0; i < ARRAY_SIZE(confirmations); i++) {
		const struct copied_error *error = &got.elements[0].error;

		memset(device.bytes, 0x5a, SIZE);
		history_deinit(&session->history);
		device.faults[0] = confirmations[i].fault;
		change_at = confirmations[i].at;
		with_exec = false;
		run(&confirmations[i].command);
		restore_maps();
		ck_assert_msg(error->failed == (device.faults[0].access != 0),
			      "%s: %s", confirmations[i].label, error->text);
		ck_assert(!error->failed ||
			  !has_text(error->text, "perhaps of something else"));
		ck_assert_uint_gt(session->history.count, 0);
	}
}
END_TEST

/* Reads are confirmed together where nobody looks at each: if the target ends
 * while the last one is made, none of the values is shown. */
START_TEST(held_back_together)
{
	static const struct command command = {
		{"0x10000000..+0xc", "0x10000010"}, {.quiet = true}};

	device.before = change_maps;
	change_at = 3;
	for (unsigned i = 0; i < 3; i++) {
		enum error_kind kind = i ? ERROR_GONE : ERROR_REPLACED;

		with_exec = i == 2;
		new_maps = i == 1 ? "" : i ? OTHER "\n" : REPLACED;
		run(&command);
		restore_maps();
		ck_assert_str_eq(device.log,
				 "r32:10000000 r32:10000004 r32:10000008");
		ck_assert_uint_ge(got.n_elements, 3);
		for (size_t j = 0; j < got.n_elements; j++) {
			ck_assert(!got.elements[j].result.known);
			ck_assert_int_eq(got.elements[j].error.kind, kind);
			ck_assert_uint_eq(got.elements[j].error.attempts,
					  j < 3);
		}
		ck_assert_int_eq(got.summary.status, error_kind_status(kind));
		ck_assert_uint_eq(got.summary.done, 0);
	}
}
END_TEST

/* The error of what is not confirmed tells of the attempts, too. */
START_TEST(attempts_of_the_unconfirmed)
{
	static const struct command commands[] = {
		{{"0x10000000"}, {.retry = MINUTE}},
		{{"0x10000000=1"}, {.write = true, .retry = MINUTE}},
	};

	device.before = change_maps;
	device.faults[0] = (struct fault)EIO_AT(1);
	device.faults[1] = (struct fault)EIO_AT(2);
	change_at = 3;
	with_exec = false;
	new_maps = REPLACED;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct element_result *result = &got.elements[0].result;

		run(&commands[i]);
		restore_maps();
		ck_assert_uint_eq(device.n_accesses, 3);
		ck_assert_int_eq(got.elements[0].error.kind,
				 i ? ERROR_INDETERMINATE : ERROR_REPLACED);
		ck_assert_uint_eq(result->attempts, 3);
		ck_assert_uint_gt(result->waited, 0);
		ck_assert_uint_eq(got.elements[0].error.attempts, 3);
		ck_assert_uint_eq(got.elements[0].error.waited, result->waited);
		ck_assert_uint_eq(got.accesses[0].error.attempts, 3);
		ck_assert_uint_eq(got.accesses[0].error.waited, result->waited);
	}
}
END_TEST

/* What worked before a confirmation that failed says nothing of what is there
 * now: the next failure is no proof of anything. */
START_TEST(history_is_forgotten)
{
	static const struct command both = {{"0x10000000", "0x40000000"}, READ};
	static const struct command one = {{"0x10000000"}, READ};
	static const struct command other = {{"0x40000000"}, READ};

	run(&both);
	ck_assert_uint_eq(session->history.count, 2);
	device.faults[0] = (struct fault)EIO_AT(1);
	run(&one);
	ck_assert_int_eq(got.elements[0].error.kind, ERROR_REVOKED);
	/* A failure that nothing was made of forgets nothing. */
	ck_assert_uint_eq(session->history.count, 2);
	device.faults[0] = (struct fault){0};
	device.before = change_maps;
	change_at = 1;
	with_exec = false;
	new_maps = REPLACED;
	run(&one);
	restore_maps();
	ck_assert_int_eq(got.elements[0].error.kind, ERROR_REPLACED);
	ck_assert_uint_eq(session->history.count, 0);
	device.before = NULL;
	device.faults[0] = (struct fault)EIO_AT(1);
	run(&one);
	ck_assert_int_eq(got.elements[0].error.kind, ERROR_UNKNOWN);
	run(&other);
	ck_assert_int_eq(got.elements[0].error.kind, ERROR_UNKNOWN);
}
END_TEST

static void exec_and_put_maps(void)
{
	put_maps();
	tree_stat(&tree, PID, "app", 'S', 4194304, 0x800000);
}

/* Another program has other mappings: it is not they that have changed. */
START_TEST(changed_by_exec)
{
	static const struct command command = {{"0x10000000"}, READ};

	new_maps = OTHER "\n";
	expect_error(run_with(&command, put_maps), ERROR_UNMAPPED, "munmap");
	tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
	expect_error(run_with(&command, exec_and_put_maps), ERROR_GONE, "exec");
	ck_assert_uint_eq(device.n_accesses, 0);
}
END_TEST

/* Ordinary memory may grow, but what is accessed must be what was looked up:
 * not what has come in the place of a part of it. */
START_TEST(changed_memory)
{
	static const struct command commands[] = {
		{{"0x603000=1"}, {.write = true, .force = true}},
		{{"0x602ff0..0x603000"}, READ},
		{{"0x601ff8..0x602008"}, READ},
	};
	static const struct {
		const char *maps;
		bool same[3]; /* for each of the commands */
	} cases[] = {
		{HEAP "\n", {true, true, true}},
		{"00600000-00700000 rw-p 00000000 00:00 0 [heap]\n",
		 {true, true, true}},
		{"00500000-00700000 rw-p 00000000 00:00 0\n",
		 {true, true, true}},
		{"00600000-00604000 r--p 00000000 00:00 0 [heap]\n", {false}},
		{"00600000-00604000 rw-p 00000000 08:01 7 /tmp/a\n", {false}},
		{OTHER "\n", {false}},
		{"00600000-00603000 rw-p 00000000 00:00 0 [heap]\n",
		 {false, true, true}},
		{"00600000-00602000 rw-p 00000000 00:00 0 [heap]\n", {false}},
		{"00600000-00602000 rw-p 00000000 00:00 0 [heap]\n"
		 "00602000-00604000 rw-s fe000000 00:15 9 " NIC "0\n",
		 {false}},
		{"00600000-00602000 rw-s fe000000 00:15 9 " NIC "0\n"
		 "00602000-00604000 rw-p 00000000 00:00 0 [heap]\n",
		 {true, true, false}},
	};

	for (size_t i = 0; i < 3 * ARRAY_SIZE(cases); i++) {
		const char *maps = cases[i / 3].maps;
		struct error *error;
		int status;

		new_maps = maps;
		error = run_with(&commands[i % 3], put_maps);
		tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
		if (cases[i / 3].same[i % 3]) {
			expect_no_error(error, maps);
			continue;
		}
		ck_assert_msg(!device.n_accesses, "%s: %s", maps, device.log);
		ck_assert_msg(error != NULL, "%zu: %s", i % 3, maps);
		status = error_kind_status(error->kind);
		error_destroy(error);
		ck_assert_int_eq(status, 6);
	}
}
END_TEST

/* The bits that are ones whatever is written. */
static uint32_t stuck;

static void stick(size_t access)
{
	uint32_t value;

	if (access < 2)
		return;
	memcpy(&value, device_at(DEVICE), sizeof(value));
	value |= stuck;
	memcpy(device_at(DEVICE), &value, sizeof(value));
}

START_TEST(verified)
{
	static const struct {
		const char *text;
		uint32_t stuck;
		int status;
	} cases[] = {
		{"0x10000000=0x10", 0, 0},
		{"0x10000000=0x10", 0x10, 0},
		{"0x10000000=0x10", 0x01, 1},
		{"0x10000000=0", 0x80, 1},
		/* under a mask the other bits may be anything */
		{"0x10000000=0x10:0x30", 0x01, 0},
		{"0x10000000=0x10:0x30", 0x20, 1},
		{"0x10000000.5:4=1", 0x80, 0},
		{"0x10000000.5:4=1", 0x20, 1},
	};

	device.before = stick;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct command command = {{cases[i].text, "0x10000004=7"},
					  VERIFIED};
		const struct element_result *result = &got.elements[0].result;

		memset(device.bytes, 0, 4);
		stuck = cases[i].stuck;
		run(&command);
		ck_assert_msg(got.elements[0].error.failed ==
				      (cases[i].status != 0),
			      "%s, %#x", cases[i].text, cases[i].stuck);
		ck_assert(result->wrote);
		if (!cases[i].status) {
			expect_summary(cases[i].text, 2, 2, 0, 0);
			continue;
		}
		ck_assert_int_eq(got.elements[0].error.kind, ERROR_VERIFY);
		ck_assert_int_eq(got.elements[0].error.errnum, 0);
		ck_assert_uint_eq(got.elements[0].error.address, DEVICE);
		expect_summary(cases[i].text, 2, 0, 1, cases[i].status);
	}
}
END_TEST

/* The message shows both values at their width, a zero too. */
START_TEST(verify_message)
{
	static const struct command command = {{"0x10000000=0"}, VERIFIED};

	device.before = stick;
	stuck = 0x80;
	run(&command);
	ck_assert_msg(has_text(got.elements[0].error.text,
			       "0x00000000 was written, 0x00000080 was read"),
		      "%s", got.elements[0].error.text);
}
END_TEST

/* The high half counts up at each of its readings, `counts` times. */
static unsigned counts;

static void count_up(size_t access)
{
	uint32_t high, low = 0x01020304;

	if (access % 2 == 0 || access == 1 || !counts)
		return;
	counts--;
	memcpy(&high, device_at(DEVICE + 4), 4);
	high++;
	memcpy(device_at(DEVICE + 4), &high, 4);
	memcpy(device_at(DEVICE), &low, 4);
}

START_TEST(halves)
{
	static const struct {
		unsigned counts;
		size_t accesses;
		uint64_t value; /* 0: it never agrees */
	} cases[] = {
		{0, 3, 0x5000000a0}, {1, 5, 0x601020304},
		{2, 7, 0x701020304}, {15, 33, 0x1401020304},
		{16, 33, 0},         {1000, 33, 0},
	};
	static const struct command command = {{"0x10000000/32x2"}, READ};
	static const uint32_t low = 0xa0, high = 5;

	device.before = count_up;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct element_result *result = &got.elements[0].result;

		counts = cases[i].counts;
		memcpy(device_at(DEVICE), &low, 4);
		memcpy(device_at(DEVICE + 4), &high, 4);
		run(&command);
		ck_assert_uint_eq(device.n_accesses, cases[i].accesses);
		ck_assert_uint_eq(result->attempts, cases[i].accesses);
		ck_assert(result->known == (cases[i].value != 0));
		if (cases[i].value) {
			ck_assert_uint_eq(result->value, cases[i].value);
			expect_summary("halves", 1, 1, 0, 0);
			continue;
		}
		ck_assert_int_eq(got.elements[0].error.kind, ERROR_UNSTABLE);
		ck_assert_int_eq(got.elements[0].error.errnum, 0);
		ck_assert_uint_eq(got.elements[0].error.address, DEVICE);
		expect_summary("halves", 1, 0, 1, 1);
	}
}
END_TEST

START_TEST(byte_orders)
{
	static const unsigned char bytes[] = {0x12, 0x34, 0x56, 0x78,
					      0x9a, 0xbc, 0xde, 0xf0};
	static const struct {
		const char *text;
		uint64_t value;
	} cases[] = {
		{"0x40000000/8be", 0x12},
		{"0x40000000/8le", 0x12},
		{"0x40000000/16be", 0x1234},
		{"0x40000000/16le", 0x3412},
		{"0x40000000/32be", 0x12345678},
		{"0x40000000/32le", 0x78563412},
		{"0x40000000/64be", 0x123456789abcdef0},
		{"0x40000000/64le", 0xf0debc9a78563412},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct command read = {{cases[i].text}, READ}, write = {0};
		size_t size;
		char *text;

		memcpy(device.bytes, bytes, sizeof(bytes));
		run(&read);
		ck_assert_uint_eq(got.elements[0].result.value, cases[i].value);
		ck_assert_uint_eq(got.accesses[0].record.value, cases[i].value);
		size = got.accesses[0].record.bits / 8;
		memset(device.bytes, 0, sizeof(bytes));
		ck_assert_int_gt(asprintf(&text, "%s=%#" PRIx64, cases[i].text,
					  cases[i].value),
				 0);
		write.texts[0] = text;
		write.given.write = write.given.verify = true;
		run(&write);
		ck_assert(!got.elements[0].error.failed);
		ck_assert_mem_eq(device.bytes, bytes, size);
		ck_assert_uint_eq(got.accesses[0].record.value, cases[i].value);
		ck_assert_uint_eq(got.elements[0].result.value, cases[i].value);
		free(text);
	}
}
END_TEST

/* Bits and masks are those of the value, after the swap. */
START_TEST(byte_orders_of_bits)
{
	static const struct {
		const char *text;
		unsigned char bytes[4];
	} cases[] = {
		{"0x10000000/32be.3:0=0xf", {0x12, 0x34, 0x56, 0x7f}},
		{"0x10000000/32be.31:28=0xf", {0xf2, 0x34, 0x56, 0x78}},
		{"0x10000000/32be=0:0xff", {0x12, 0x34, 0x56, 0x00}},
		{"0x10000000/32le.3:0=0xf", {0x1f, 0x34, 0x56, 0x78}},
		{"0x10000000/16be=0xab00:0xff00", {0xab, 0x34, 0x56, 0x78}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct command command = {{cases[i].text}, VERIFIED};

		memcpy(device.bytes, "\x12\x34\x56\x78", 4);
		run(&command);
		ck_assert_msg(!memcmp(device.bytes, cases[i].bytes, 4), "%s",
			      cases[i].text);
		ck_assert(!got.elements[0].error.failed);
	}
}
END_TEST

/* All ones are what a device that does not answer looks like. */
START_TEST(suspects)
{
	static const struct {
		struct command command;
		unsigned char last; /* byte of the value; the rest are ones */
		bool suspect;
	} cases[] = {
		{{{"0x10000000"}, READ}, 0xff, true},
		{{{"0x10000000"}, READ}, 0xfe, false},
		{{{"0x10000000/8"}, READ}, 0xff, true},
		{{{"0x10000000/16"}, READ}, 0xff, true},
		{{{"0x10000000/32be"}, READ}, 0xff, true},
		{{{"0x10000000/32x2"}, READ}, 0xff, true},
		{{{"0x10000000/32x2"}, READ}, 0x7f, false},
		{{{"0x10000000.3:0"}, READ}, 0xff, true},
		{{{"0x10000000.3:0"}, READ}, 0x7f, false},
		/* no registers */
		{{{"0x40000000"}, READ}, 0xff, false},
		{{{"0x600000"}, READ}, 0xff, false},
		/* what was written is no answer */
		{{{"0x10000000=-1"}, WRITE}, 0xff, false},
		{{{"0x10000000.0=1"}, WRITE}, 0xff, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(device.bytes, 0xff, 8);
		device.bytes[0] = cases[i].last;
		run(&cases[i].command);
		ck_assert_msg(
			got.elements[0].result.suspect == cases[i].suspect,
			"%s, %#x", cases[i].command.texts[0], cases[i].last);
		ck_assert_int_eq(got.summary.status, 0);
	}
}
END_TEST

static size_t interrupt_at; /* access; 0: before the run */

static void interrupt_now(void)
{
	if (!interrupt_at)
		raise(SIGINT);
}

static void interrupt_access(size_t access)
{
	if (access == interrupt_at)
		raise(SIGINT);
}

/* In a shell: behind a Ctrl-C there is no access. */
START_TEST(interrupted)
{
	static const struct {
		struct command command;
		size_t at;
		const char *log;
		uint64_t done, failed;
		bool stopped;
	} cases[] = {
		{{{"0x10000000"}, READ}, 0, "", 0, 0, false},
		{{{"0x10000000=5"}, WRITE}, 0, "", 0, 0, false},
		{{{"0x10000000..+0x10"}, READ},
		 2,
		 "r32:10000000 r32:10000004",
		 2,
		 0,
		 true},
		{{{"0x10000000", "0x10000004"}, READ},
		 1,
		 "r32:10000000",
		 1,
		 0,
		 true},
		{{{"0x10000000=5", "0x10000004=5"}, WRITE},
		 1,
		 "w32:10000000=5",
		 1,
		 0,
		 true},
		{{{"0x10000000..+8"}, READ},
		 2,
		 "r32:10000000 r32:10000004",
		 2,
		 0,
		 false},
		/* the write of a read-modify-write */
		{{{"0x10000000=5:0xff"}, WRITE},
		 1,
		 "r32:10000000",
		 0,
		 1,
		 false},
	};

	interrupt_catch();
	device.before = interrupt_access;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct command *command = &cases[i].command;
		struct error *error;

		interrupt_at = cases[i].at;
		error = run_with(command, interrupt_now);
		ck_assert_str_eq(device.log, cases[i].log);
		ck_assert(interrupt_pending());
		interrupt_clear();
		if (!cases[i].at) {
			expect_error(error, ERROR_INTERRUPTED,
				     command->texts[0]);
			continue;
		}
		expect_no_error(error, command->texts[0]);
		ck_assert_uint_eq(got.summary.done, cases[i].done);
		ck_assert_uint_eq(got.summary.failed, cases[i].failed);
		ck_assert_int_eq(got.summary.interrupted, cases[i].stopped);
	}
	signal(SIGINT, SIG_DFL);
}
END_TEST

/* A run that goes on: what it told early, and what it told when that was
 * settled. */
static struct {
	uint64_t tags[MOST], values[MOST];
	size_t count, n_early, n_settled; /* when it was told */
} on_the_way;

static bool note_early(void *data, const struct element *element,
		       const struct element_result *result)
{
	size_t n = on_the_way.count++;

	ck_assert_ptr_eq(data, &got);
	ck_assert_uint_lt(n, MOST);
	on_the_way.tags[n] = element->tag;
	on_the_way.values[n] = result->value;
	on_the_way.n_early++;
	return true;
}

static void note_settled(void *data, const struct element *element,
			 const struct element_result *result)
{
	size_t n = on_the_way.n_settled++;

	ck_assert_uint_lt(n, on_the_way.count);
	ck_assert_uint_eq(element->tag, on_the_way.tags[n]);
	if (!result->error)
		ck_assert_uint_eq(result->value, on_the_way.values[n]);
	sink_element(data, element, result);
}

static const struct run_sink early_sink = {
	.data = &got, .element = note_settled, .made = note_early};

/* Two plans, of a mapping each, and the run. */
struct going {
	struct location *locations[2];
	struct plan plans[2];
	const struct plan *both[2];
	struct run *run;
};

static void going_start(struct going *going)
{
	static const char *const texts[] = {"0x10000000..+0x8", "0x600000"};
	static const struct plan_options options = {.retry = 0};

	memset(&got, 0, sizeof(got));
	memset(&on_the_way, 0, sizeof(on_the_way));
	for (size_t i = 0; i < 2; i++) {
		struct plan *plan = &going->plans[i];

		expect_no_error(location_parse(texts[i], &going->locations[i]),
				texts[i]);
		expect_no_error(plan_make(session, &going->locations[i], 1,
					  &options, plan),
				texts[i]);
		plan->operations[0].read.backend = &fake;
		going->both[i] = plan;
	}
	expect_no_error(run_create(session, 0, false, &early_sink, &going->run),
			"run");
}

static void going_end(struct going *going)
{
	run_destroy(going->run);
	for (size_t i = 0; i < 2; i++) {
		plan_deinit(&going->plans[i]);
		location_destroy(going->locations[i]);
	}
}

START_TEST(goes_on)
{
	static const uint64_t tags[] = {7, 7, 8, UINT64_MAX, UINT64_MAX};
	struct error *errors[2];
	struct going going;

	going_start(&going);
	for (unsigned round = 1; round < 4; round++) {
		expect_no_error(
			run_check_each(going.run, going.both, 2, errors),
			"check");
		ck_assert(!errors[0] && !errors[1]);
		memset(device.bytes, (int)round, SIZE);
		run_tag(going.run, 7);
		ck_assert(run_add(going.run, &going.plans[0]));
		run_tag(going.run, 8);
		ck_assert(run_add(going.run, &going.plans[1]));
		memset(device.bytes, 0xee, SIZE);
		run_tag(going.run, UINT64_MAX);
		ck_assert(run_add(going.run, &going.plans[0]));
		/* All is told early, and nothing else yet. */
		ck_assert_uint_eq(on_the_way.n_early, round * 5);
		ck_assert_uint_eq(on_the_way.n_settled, (round - 1) * 5);
		run_settle(going.run);
		ck_assert_uint_eq(on_the_way.n_settled, round * 5);
		for (size_t i = 0; i < 5; i++) {
			size_t n = (round - 1) * 5 + i;

			ck_assert_uint_eq(on_the_way.tags[n], tags[i]);
			ck_assert(!got.elements[n].error.failed);
			ck_assert_uint_eq(got.elements[n].result.value,
					  i < 3 ? round * 0x01010101
						: 0xeeeeeeee);
		}
	}
	going_end(&going);
}
END_TEST

/* What was told early need not stand. */
START_TEST(goes_on_unconfirmed)
{
	struct error *errors[2];
	struct going going;

	going_start(&going);
	expect_no_error(run_check_each(going.run, going.both, 2, errors),
			"check");
	new_maps = HEAP "\n";
	ck_assert(run_add(going.run, &going.plans[1]));
	ck_assert(run_add(going.run, &going.plans[0]));
	put_maps();
	run_settle(going.run);
	ck_assert_uint_eq(on_the_way.n_settled, 3);
	ck_assert(!got.elements[0].error.failed);
	for (size_t i = 1; i < 3; i++)
		ck_assert_int_eq(got.elements[i].error.kind, ERROR_UNMAPPED);
	going_end(&going);
	tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
}
END_TEST

/* One of the plans is not fit to be run, the other is; and none if the target
 * is gone. */
START_TEST(checked_each)
{
	static const struct {
		const char *maps;
		enum error_kind kinds[2]; /* DONE: it is fit */
	} cases[] = {
		{HEAP "\n" BAR0 "\n" BAR4_WC "\n", {DONE, DONE}},
		{HEAP "\n", {ERROR_UNMAPPED, DONE}},
		{BAR0 "\n", {DONE, ERROR_UNMAPPED}},
		{HEAP "\n10000000-10004000 rw-s fe004000 00:15 9 " NIC "0\n",
		 {ERROR_REPLACED, DONE}},
		{OTHER "\n", {ERROR_UNMAPPED, ERROR_UNMAPPED}},
	};
	struct error *errors[2];
	struct going going;

	going_start(&going);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		new_maps = cases[i].maps;
		put_maps();
		expect_no_error(
			run_check_each(going.run, going.both, 2, errors),
			new_maps);
		for (size_t j = 0; j < 2; j++)
			if (cases[i].kinds[j] == DONE)
				expect_no_error(errors[j], new_maps);
			else
				expect_error(errors[j], cases[i].kinds[j],
					     new_maps);
	}
	new_maps = "";
	put_maps();
	expect_error(run_check_each(going.run, going.both, 2, errors),
		     ERROR_GONE, "no maps");
	tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
	/* A device that sleeps. */
	tree_put(&tree, "D3hot\n",
		 "sys/bus/pci/devices/0000:03:00.0/power_state");
	expect_no_error(run_check_each(going.run, going.both, 2, errors),
			"asleep");
	expect_error(errors[0], ERROR_ASLEEP, "asleep");
	expect_no_error(errors[1], "memory");
	ck_assert_uint_eq(device.n_accesses, 0);
	going_end(&going);
}
END_TEST

/* Values that are each element's own: of the bytes 11 12 13 ... */
static uint64_t asked; /* elements */

static struct error *bytes_of_element(void *data, uint64_t index, void *ret,
				      unsigned length)
{
	unsigned char *bytes = ret;
	const uint64_t *last = data;

	/* Right before it is written: those before it are confirmed. */
	ck_assert_uint_eq(index, asked++);
	ck_assert_uint_eq(index, got.n_elements);
	if (last && index > *last)
		return error_create(ERROR_FAILED, EIO, "the bytes are gone");
	for (unsigned i = 0; i < length; i++)
		bytes[i] = (unsigned char)(0x11 + index * length + i);
	return NULL;
}

static const struct value_source source = {.bytes = bytes_of_element};

START_TEST(values_of_their_own)
{
	static const struct {
		const char *text;
		uint64_t n, value; /* of the last element, if little-endian */
	} cases[] = {
		{"0x10000000..+8/8", 8, 0x18},
		{"0x10000000..+8/16", 4, 0x1817},
		{"0x10000000..+8/32", 2, 0x18171615},
		{"0x40000000..+8/64", 1, 0x1817161514131211},
		{"0x10000000..+8/32le", 2, 0x18171615},
		{"0x10000000..+8/32be", 2, 0x15161718},
		{"0x10000000..+8/16be", 4, 0x1718},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct command command = {{cases[i].text},
					  {.write = true, .values = &source}};
		uint64_t last = cases[i].n - 1;

		memset(device.bytes, 0xa5, SIZE);
		asked = 0;
		run(&command);
		expect_summary(cases[i].text, cases[i].n, cases[i].n, 0, 0);
		ck_assert_uint_eq(device.n_accesses, cases[i].n);
		ck_assert_msg(memcmp(device.bytes,
				     "\x11\x12\x13\x14\x15\x16\x17\x18\xa5",
				     9) == 0,
			      "%s", cases[i].text);
		if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
			ck_assert_msg(got.elements[last].result.value ==
					      cases[i].value,
				      "%s", cases[i].text);
	}
}
END_TEST

START_TEST(values_verified)
{
	static const struct command command = {
		{"0x10000000..+4/16be"},
		{.write = true, .verify = true, .values = &source}};

	asked = 0;
	run(&command);
	expect_summary("verified", 2, 2, 0, STATUS_DONE);
	ck_assert_uint_eq(asked, 2);
	ck_assert_uint_eq(device.n_accesses, 4);
	ck_assert(memcmp(device.bytes, "\x11\x12\x13\x14", 4) == 0);
}
END_TEST

START_TEST(values_that_end)
{
	static const uint64_t last = 1;
	static const struct value_source ends = {
		.bytes = bytes_of_element,
		.data = (void *)&last,
	};
	static const struct command command = {
		{"0x10000000..+0x10/32"}, {.write = true, .values = &ends}};

	memset(device.bytes, 0xa5, SIZE);
	asked = 0;
	run(&command);
	expect_summary("ends", 4, 2, 1, STATUS_PARTLY);
	ck_assert_uint_eq(got.summary.written, 2);
	ck_assert_uint_eq(device.n_accesses, 2);
	ck_assert_uint_eq(asked, 3);
	ck_assert_int_eq(got.elements[2].error.errnum, EIO);
	ck_assert(!got.elements[2].result.wrote);
	ck_assert(!got.elements[2].result.known);
	ck_assert_uint_eq(device.bytes[8], 0xa5);
}
END_TEST

START_TEST(values_of_a_dry_run_are_told)
{
	static const struct command command = {
		{"0x10000000..+8/32"},
		{.write = true, .dry = true, .values = &source}};

	asked = 0;
	got.n_elements = 0;
	run(&command);
	ck_assert_uint_eq(device.n_accesses, 0);
	ck_assert_uint_eq(got.n_accesses, 2);
	ck_assert(got.accesses[1].record.known);
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		ck_assert_uint_eq(got.accesses[1].record.value, 0x18171615);
}
END_TEST

/* The sink ends it: no access follows, and what was made is given to it. */
START_TEST(ended_by_the_sink)
{
	static const struct command reads = {{"0x10000000..+0x20"},
					     {.most = 3}};
	static const struct command two = {{"0x10000000", "0x10000004..+8"},
					   {.most = 2}};
	static const struct command writes = {
		{"0x10000000..+0x20=1"},
		{.write = true, .fill = true, .most = 2}};
	static const struct command all = {{"0x10000000..+8"}, {.most = 9}};

	run(&reads);
	ck_assert_uint_eq(device.n_accesses, 3);
	ck_assert_uint_eq(got.n_elements, 3);
	expect_summary("reads", 8, 3, 0, STATUS_DONE);
	run(&two);
	ck_assert_str_eq(device.log, "r32:10000000 r32:10000004");
	ck_assert_uint_eq(got.n_elements, 2);
	run(&writes);
	ck_assert_uint_eq(device.n_accesses, 2);
	expect_summary("writes", 8, 2, 0, STATUS_DONE);
	run(&all);
	expect_summary("all", 2, 2, 0, STATUS_DONE);
}
END_TEST

START_TEST(bytes_of_values)
{
	static const struct {
		const char *text;
		unsigned char bytes[8];
	} cases[] = {
		{"0x10000000/8", {1}},
		{"0x10000000/16", {1, 2}},
		{"0x10000000/16be", {1, 2}},
		{"0x10000000/32be", {1, 2, 3, 4}},
		{"0x10000000/32", {1, 2, 3, 4}},
		{"0x40000000/64", {1, 2, 3, 4, 5, 6, 7, 8}},
		{"0x40000000/64be", {1, 2, 3, 4, 5, 6, 7, 8}},
	};
	struct run_summary summary;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		static const struct plan_options options = {.write = false};
		unsigned char bytes[8] = {0};
		struct location *location;
		struct plan plan;

		memset(&got, 0, sizeof(got));
		memcpy(device.bytes, cases[i].bytes, 8);
		expect_no_error(location_parse(cases[i].text, &location), "");
		expect_no_error(
			plan_make(session, &location, 1, &options, &plan), "");
		plan.operations[0].read.backend = &fake;
		expect_no_error(run_plan(&plan, false, &sink, &summary), "");
		element_bytes(&plan.operations[0], got.elements[0].result.value,
			      bytes);
		ck_assert_msg(memcmp(bytes, cases[i].bytes, 8) == 0, "%s",
			      cases[i].text);
		plan_deinit(&plan);
		location_destroy(location);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		order_of_accesses,
		dry_run,
		values_of_a_dry_run,
		results,
		times,
		without_access_sink,
		failed_accesses,
		tried_again,
		values_after_retries,
		bad_page_of_reads,
		time_anew,
		two_dead_mappings,
		asleep,
		asleep_after_a_pause,
		bad_page_of_writes,
		write_of_a_modify_in_vain,
		evidence_of_a_failure,
		evidence_of_a_modify,
		revoked,
		changed_before_the_run,
		changed_before_a_write,
		changed_at_a_read,
		changed_at_a_failure,
		confirmed_afterwards,
		verified_with_another,
		confirmed_as_it_was,
		held_back_together,
		attempts_of_the_unconfirmed,
		history_is_forgotten,
		changed_by_exec,
		changed_memory,
		verified,
		verify_message,
		halves,
		byte_orders,
		byte_orders_of_bits,
		suspects,
		interrupted,
		goes_on,
		goes_on_unconfirmed,
		checked_each,
		values_of_their_own,
		values_verified,
		values_that_end,
		values_of_a_dry_run_are_told,
		ended_by_the_sink,
		bytes_of_values,
	};

	return run_suite(
		suite_of("run", set_up, tear_down, tests, ARRAY_SIZE(tests)));
}
