/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One access and its attempts: what is made again and for how long, what is
 * checked before each, and what is left behind. The backend is a device that
 * fails as it is told. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/duration.h"
#include "base/interrupt.h"
#include "base/root.h"
#include "base/text.h"
#include "plan/attempt.h"
#include "target/machine.h"
#include "target/session.h"
#include "unit.h"

#define MILLISECOND UINT64_C(1000000)
#define SECOND      (1000 * MILLISECOND)
#define MINUTE      (60 * SECOND)

enum {
	PID = 4242,
	HEAP_AT = 0x600000,
	FIRST = 0x10000000,
	SECOND_BAR = 0x20000000
};

#define FLAGS "rd wr sh mr mw me ms pf io de ar dd sd"
#define PLAIN "rd wr mr mw me ac sd"
#define NIC   "/sys/devices/pci0000:00/0000:03:00.0/resource"
#define HEAP  "00600000-00604000 rw-p 00000000 00:00 0 [heap]"
#define BAR0  "10000000-10004000 rw-s fe000000 00:15 9 " NIC "0"
#define BAR1  "20000000-20004000 rw-s fe010000 00:15 10 " NIC "1"
#define OTHER "10000000-10004000 rw-s 00000000 00:15 77 /tmp/other"

static const struct vma vmas[] = {{HEAP, PLAIN}, {BAR0, FLAGS}, {BAR1, FLAGS}};

static struct tree tree;
static struct machine machine;
static struct session *session;
static struct attempts attempts;
static bool check_first; /* the mapping, before the first attempt */

/* The device: a register of 32 bits; how often it fails, and how. */
static struct {
	uint32_t value;
	unsigned failures; /* from the first call on; UINT_MAX: always */
	enum access_result result;
	int errnum;
	void (*before)(unsigned call); /* from 1 */
	unsigned calls, written;
	uint64_t times[64]; /* of the first calls: when they began */
} device;

static enum access_result fake_make(struct session *of,
				    const struct site *site, unsigned bits,
				    bool write, void *value,
				    struct access_failure *ret)
{
	const uint64_t address = site->address;
	unsigned call = ++device.calls;

	ck_assert_ptr_eq(of, session);
	ck_assert_uint_eq(bits, 32);
	ck_assert_uint_eq(address % 4, 0);
	if (call <= ARRAY_SIZE(device.times))
		device.times[call - 1] = clock_now();
	if (device.before)
		device.before(call);
	ret->errnum = device.errnum;
	if (call <= device.failures)
		return device.result;
	ret->errnum = 0;
	if (write) {
		memcpy(&device.value, value, 4);
		device.written++;
	} else {
		memcpy(value, &device.value, 4);
	}
	return ACCESS_DONE;
}

static const struct backend fake = {.name = "fake", .make = fake_make};

static void set_up(void)
{
	static const struct bar bars[] = {
		{0xfe000000, 0x4000, BAR_MEMORY},
		{0xfe010000, 0x4000, BAR_MEMORY},
	};

	memset(&device, 0, sizeof(device));
	check_first = false;
	tree_init(&tree);
	tree_put(&tree, "x86_64 6.1.0\n", "uname");
	tree_pci(&tree, "0000:03:00.0", "e1000e", bars, ARRAY_SIZE(bars));
	tree_process(&tree, PID, "app");
	tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
	expect_no_error(machine_init(&machine, tree.path), tree.path);
	machine.page_size = 4096;
	expect_no_error(session_create(&machine, PID, NULL, &session),
			"session");
	ck_assert_uint_eq(session->devices.count, 2);
	attempts = (struct attempts){.session = session};
}

static void tear_down(void)
{
	attempts_deinit(&attempts);
	attempts_deinit(&attempts);
	session_destroy(session);
	session = NULL;
	machine_deinit(&machine);
	tree_deinit(&tree);
}

/* What came of an access. The error is copied out of the way of assertions. */
static struct {
	struct attempt attempt;
	uint32_t value;
	bool failed;
	enum error_kind kind;
	int errnum;
	bool interrupted; /* the message begins with that */
	uint64_t address;
	char text[2048]; /* message and evidence */
} got;

static void make(uint64_t address, bool write, uint32_t value)
{
	cleanup_error struct error *error = NULL;

	memset(&got, 0, sizeof(got));
	got.attempt = (struct attempt){
		.site = {.mapping =
				 mapping_list_find(&session->mappings, address),
			 .device = device_list_find(&session->devices, address),
			 .address = address},
		.route = {.backend = &fake},
		.bits = 32,
		.write = write,
		.check = check_first,
	};
	if (got.attempt.site.device)
		got.attempt.site.mapping = &got.attempt.site.device->mapping;
	ck_assert_ptr_nonnull(got.attempt.site.mapping);
	got.value = value;
	device.calls = 0;
	error = attempt_make(&attempts, &got.attempt, &got.value);
	got.failed = error;
	if (!error)
		return;
	got.kind = error->kind;
	got.errnum = error->errnum;
	got.address = error->has_address ? error->address : 0;
	got.interrupted = text_starts(error->message,
				      "interrupted while waiting: ", NULL);
	snprintf(got.text, sizeof(got.text), "%s", error->message);
	for (size_t i = 0; i < error->n_evidence; i++) {
		size_t used = strlen(got.text);

		snprintf(got.text + used, sizeof(got.text) - used, "; %s",
			 error->evidence[i]);
	}
}

static void let_fail(unsigned failures)
{
	device.failures = failures;
	device.result = ACCESS_NOT_MADE;
	device.errnum = EIO;
}

START_TEST(at_once)
{
	attempts.retry = MINUTE;
	device.value = 0x1234;
	make(FIRST + 4, false, 0);
	ck_assert(!got.failed && got.attempt.made);
	ck_assert_uint_eq(got.value, 0x1234);
	ck_assert_uint_eq(got.attempt.count, 1);
	ck_assert_uint_eq(got.attempt.waited, 0);
	ck_assert_uint_eq(device.calls, 1);
	make(FIRST + 4, true, 0x5678);
	ck_assert(!got.failed && got.attempt.made);
	ck_assert_uint_eq(device.value, 0x5678);
	ck_assert_uint_eq(device.calls, 1);
	ck_assert_uint_eq(got.attempt.waited, 0);
}
END_TEST

/* The least time of the pauses before call `n`, from 1: they double from 50
 * microseconds on to 20 milliseconds. */
static uint64_t least_wait(unsigned n)
{
	uint64_t pause = 50000, sum = 0;

	for (unsigned i = 1; i < n; i++) {
		sum += pause;
		pause = pause < 10 * MILLISECOND ? 2 * pause : 20 * MILLISECOND;
	}
	return sum;
}

/* Failures, and then a success: once, with pauses that grow. */
START_TEST(succeeds_in_the_end)
{
	static const unsigned failures[] = {1, 2, 3, 5, 11};

	attempts.retry = MINUTE;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(failures); i++) {
		bool write = i % 2;
		unsigned n = failures[i / 2] + 1;

		let_fail(n - 1);
		device.value = 0xcafe;
		device.written = 0;
		make(FIRST, write, 0xbeef);
		ck_assert(!got.failed && got.attempt.made);
		ck_assert_uint_eq(got.attempt.count, n);
		ck_assert_uint_eq(device.calls, n);
		ck_assert_uint_eq(device.written, write);
		ck_assert_uint_eq(device.value, write ? 0xbeef : 0xcafe);
		ck_assert_uint_eq(got.value, device.value);
		ck_assert_uint_ge(got.attempt.waited, least_wait(n));
		ck_assert_uint_le(got.attempt.waited,
				  clock_now() - device.times[0]);
		ck_assert_uint_le(got.attempt.nanoseconds, SECOND * 10);
		for (unsigned j = 1; j < n; j++)
			ck_assert_uint_ge(device.times[j] - device.times[j - 1],
					  least_wait(j + 1) - least_wait(j));
		ck_assert_uint_eq(attempts.n_given_up, 0);
	}
}
END_TEST

/* Whatever fails, no time means one attempt. */
START_TEST(without_time)
{
	let_fail(UINT32_MAX);
	for (unsigned write = 0; write < 2; write++) {
		make(FIRST, write, 0x77);
		ck_assert(got.failed && !got.attempt.made);
		ck_assert_uint_eq(got.attempt.count, 1);
		ck_assert_uint_eq(device.calls, 1);
		ck_assert_uint_eq(got.attempt.waited, 0);
		ck_assert_uint_eq(got.value, 0x77);
		ck_assert_int_eq(got.errnum, EIO);
		ck_assert_uint_eq(got.address, FIRST);
	}
}
END_TEST

/* All of the time is used. Pauses of 50, 100, ... microseconds, the last of
 * which is cut, leave room for so many attempts and no more; a machine that is
 * busy makes fewer. */
START_TEST(time_is_used_up)
{
	static const struct {
		uint64_t retry;
		unsigned least, most;
	} cases[] = {
		{1, 1, 2},
		{50000, 2, 2},
		{MILLISECOND, 2, 6},
		{30 * MILLISECOND, 2, 11},
		{100 * MILLISECOND, 2, 14},
	};

	let_fail(UINT32_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		attempts_deinit(&attempts);
		attempts.retry = cases[i].retry;
		make(FIRST, i % 2, 0x77);
		ck_assert_uint_ge(clock_now() - device.times[0],
				  cases[i].retry);
		ck_assert(got.failed && !got.attempt.made);
		ck_assert_uint_ge(got.attempt.count, cases[i].least);
		ck_assert_uint_le(got.attempt.count, cases[i].most);
		if (got.attempt.count > 1)
			ck_assert_uint_ge(got.attempt.waited,
					  least_wait(got.attempt.count - 1));
		ck_assert_uint_eq(device.calls, got.attempt.count);
		ck_assert_uint_eq(got.value, 0x77);
		ck_assert_uint_eq(device.written, 0);
		ck_assert(!got.interrupted && !attempts.interrupted);
	}
}
END_TEST

/* A range of a thousand elements does not take the time a thousand times: what
 * was waited for in vain is tried once, until it is there again. */
START_TEST(given_up)
{
	let_fail(UINT32_MAX);
	attempts.retry = 10 * MILLISECOND;
	make(FIRST, false, 0);
	ck_assert_uint_gt(got.attempt.count, 1);
	for (unsigned i = 0; i < 3; i++) {
		make(FIRST + 0x1000 * i, i == 2, 0);
		ck_assert(got.failed);
		ck_assert_uint_eq(got.attempt.count, 1);
		ck_assert_uint_eq(got.attempt.waited, 0);
	}
	/* It is back: the next failure gets the full time. */
	let_fail(0);
	make(FIRST + 8, false, 0);
	ck_assert(!got.failed);
	let_fail(UINT32_MAX);
	make(FIRST, false, 0);
	ck_assert_uint_gt(got.attempt.count, 1);
}
END_TEST

/* Another mapping has its own time. */
START_TEST(given_up_elsewhere)
{
	let_fail(UINT32_MAX);
	attempts.retry = 10 * MILLISECOND;
	make(FIRST, false, 0);
	ck_assert_uint_gt(got.attempt.count, 1);
	make(SECOND_BAR, false, 0);
	ck_assert_uint_gt(got.attempt.count, 1);
	/* Both stay so, in whichever order they come. */
	for (unsigned i = 0; i < 4; i++) {
		make((i % 2 ? FIRST : SECOND_BAR) + 4, false, 0);
		ck_assert(got.failed);
		ck_assert_uint_eq(got.attempt.count, 1);
	}
	/* A success of another is none of this one. */
	let_fail(0);
	make(FIRST, false, 0);
	let_fail(UINT32_MAX);
	make(SECOND_BAR + 4, false, 0);
	ck_assert_uint_eq(got.attempt.count, 1);
}
END_TEST

/* What may have happened is never made again, nor what cannot come back. */
START_TEST(never_again)
{
	static const struct {
		enum access_result result;
		int errnum;
		enum error_kind kind;
	} cases[] = {
		{ACCESS_UNCLEAR, EFAULT, ERROR_INDETERMINATE},
		{ACCESS_UNCLEAR, 0, ERROR_INDETERMINATE},
		{ACCESS_NO_SPACE, 0, ERROR_GONE},
	};

	attempts.retry = MINUTE;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		device.failures = UINT32_MAX;
		device.result = cases[i / 2].result;
		device.errnum = cases[i / 2].errnum;
		make(FIRST, i % 2, 0x77);
		ck_assert(got.failed);
		ck_assert_int_eq(got.kind, cases[i / 2].kind);
		ck_assert_uint_eq(device.calls, 1);
		ck_assert_uint_eq(got.attempt.count, 1);
		ck_assert_uint_eq(got.attempt.waited, 0);
		ck_assert(!got.attempt.made);
		ck_assert_uint_eq(attempts.n_given_up, 0);
	}
}
END_TEST

static void then_unclear(unsigned call)
{
	if (call == 3) {
		device.result = ACCESS_UNCLEAR;
		device.errnum = EFAULT;
	}
}

/* Nor when it comes behind failures that were. */
START_TEST(unclear_at_the_third)
{
	attempts.retry = MINUTE;
	let_fail(UINT32_MAX);
	device.before = then_unclear;
	make(FIRST, true, 1);
	ck_assert_int_eq(got.kind, ERROR_INDETERMINATE);
	ck_assert_uint_eq(device.calls, 3);
	ck_assert_uint_eq(got.attempt.count, 3);
	ck_assert_uint_ge(got.attempt.waited, least_wait(3));
}
END_TEST

/* Nobody gives back a page of ordinary memory. */
START_TEST(ordinary_memory)
{
	attempts.retry = MINUTE;
	let_fail(UINT32_MAX);
	make(HEAP_AT, false, 0);
	ck_assert(got.failed);
	ck_assert_int_eq(got.kind, ERROR_UNKNOWN);
	ck_assert_uint_eq(device.calls, 1);
	make(HEAP_AT, true, 0);
	ck_assert_uint_eq(device.calls, 1);
	ck_assert_uint_eq(attempts.n_given_up, 0);
}
END_TEST

/* The target changes while an attempt is made. */
static const char *new_maps;
static unsigned change_at;

static void change(unsigned call)
{
	if (call != change_at)
		return;
	if (new_maps)
		tree_put(&tree, new_maps, "proc/%d/maps", PID);
	else
		tree_remove(&tree, "proc/4242/maps");
}

static void change_by_exec(unsigned call)
{
	if (call == change_at)
		tree_stat(&tree, PID, "app", 'S', 4194304, 0x800000);
	change(call);
}

static const struct {
	const char *maps;
	bool exec;
	enum error_kind kind;
} changes[] = {
	{HEAP "\n" BAR1 "\n", false, ERROR_UNMAPPED},
	{HEAP "\n" OTHER "\n", false, ERROR_REPLACED},
	{HEAP "\n10000000-10004000 r--s fe000000 00:15 9 " NIC "0\n", false,
	 ERROR_REPLACED},
	{"00400000-00404000 r-xp 00000000 08:01 7 /bin/sleep\n", true,
	 ERROR_GONE},
	{HEAP "\n" OTHER "\n", true, ERROR_GONE},
	{"", false, ERROR_GONE},
	{NULL, false, ERROR_GONE},
};

/* No further attempt is made, and the time is not waited for. */
START_TEST(checked_before_each)
{
	attempts.retry = MINUTE;
	for (size_t i = 0; i < 4 * ARRAY_SIZE(changes); i++) {
		const size_t n = i / 4;
		uint64_t start = clock_now();

		let_fail(UINT32_MAX);
		change_at = i % 2 ? 3 : 1;
		new_maps = changes[n].maps;
		device.before = changes[n].exec ? change_by_exec : change;
		make(FIRST, i / 2 % 2, 0);
		tree_process(&tree, PID, "app");
		tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
		ck_assert(got.failed && !got.attempt.made);
		ck_assert_msg(got.kind == changes[n].kind, "%s: %s",
			      changes[n].maps, error_kind_name(got.kind));
		ck_assert_uint_eq(device.calls, change_at);
		ck_assert_uint_eq(got.attempt.count, change_at);
		ck_assert_uint_eq(got.address, FIRST);
		ck_assert_uint_lt(clock_now() - start, MINUTE / 2);
	}
}
END_TEST

/* The second attempt would have succeeded, on something else. */
START_TEST(no_access_to_another)
{
	attempts.retry = MINUTE;
	for (unsigned write = 0; write < 2; write++) {
		let_fail(1);
		device.written = 0;
		change_at = 1;
		new_maps = HEAP "\n" OTHER "\n";
		device.before = change;
		make(FIRST, write, 0x77);
		tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
		ck_assert_int_eq(got.kind, ERROR_REPLACED);
		ck_assert_uint_eq(device.calls, 1);
		ck_assert_uint_eq(device.written, 0);
	}
}
END_TEST

/* Before its first attempt a write is checked: nothing at all is made. */
START_TEST(checked_before_a_write)
{
	tree_put(&tree, HEAP "\n" OTHER "\n", "proc/%d/maps", PID);
	make(FIRST, true, 1);
	ck_assert_int_eq(got.kind, ERROR_REPLACED);
	ck_assert_uint_eq(device.calls, 0);
	ck_assert_uint_eq(got.attempt.count, 0);
}
END_TEST

/* Before its first attempt a read is checked only where that is asked for, or
 * something was found changed before. */
START_TEST(checked_before_a_read)
{
	static const char *const maps[] = {HEAP "\n" OTHER "\n", NULL};

	for (size_t i = 0; i < 3 * ARRAY_SIZE(maps); i++) {
		bool checked = i / ARRAY_SIZE(maps);

		check_first = i / ARRAY_SIZE(maps) == 1;
		attempts.doubt = i / ARRAY_SIZE(maps) == 2;
		new_maps = maps[i % ARRAY_SIZE(maps)];
		change_at = 0;
		change(0);
		make(FIRST, false, 0);
		tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
		ck_assert(got.failed == checked);
		ck_assert_uint_eq(device.calls, !checked);
		ck_assert_uint_eq(got.attempt.count, !checked);
		if (checked)
			ck_assert_int_eq(got.kind, new_maps ? ERROR_REPLACED
							    : ERROR_GONE);
	}
}
END_TEST

#define SYSFS "sys/devices/pci0000:00/0000:03:00.0"

/* What shows in the evidence, and can be made to differ. */
static void unbind(void)
{
	tree_remove(&tree, SYSFS "/driver");
}

static void bind(void)
{
	tree_link(&tree, "../../../bus/pci/drivers/e1000e", SYSFS "/driver");
}

#define BOUND   "driver e1000e is bound"
#define UNBOUND "driver e1000e is not bound any more"

static void expect_failure(const char *text)
{
	ck_assert(got.failed && !got.attempt.made);
	ck_assert_msg(has_text(got.text, text), "%s: %s", text, got.text);
}

/* What was found out of one register holds for the next of its page: it is not
 * looked for again. */
START_TEST(explained_once)
{
	static const uint64_t retries[] = {0, MILLISECOND};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(retries); i++) {
		bool write = i % 2;
		char first[sizeof(got.text)];

		attempts_deinit(&attempts);
		attempts.retry = retries[i / 2];
		let_fail(UINT32_MAX);
		bind();
		make(FIRST, write, 0);
		expect_failure(BOUND);
		memcpy(first, got.text, sizeof(first));
		unbind();
		for (uint64_t at = FIRST; at < FIRST + 0x1000; at += 0xffc) {
			make(at, write, 0);
			ck_assert_str_eq(got.text, first);
			ck_assert_uint_eq(got.address, at);
			ck_assert_int_eq(got.errnum, EIO);
			ck_assert_uint_eq(device.calls, 1);
		}
	}
}
END_TEST

/* What is not the same is: another page, direction, error, or mapping. */
START_TEST(explained_anew)
{
	let_fail(UINT32_MAX);
	make(FIRST, false, 0);
	expect_failure(BOUND);
	unbind();
	make(FIRST, true, 0);
	expect_failure(UNBOUND);
	bind();
	make(FIRST, false, 0);
	expect_failure(BOUND);
	unbind();
	make(FIRST + 0x1000, false, 0);
	expect_failure(UNBOUND);
	bind();
	make(FIRST, false, 0);
	expect_failure(BOUND);
	unbind();
	make(SECOND_BAR, false, 0);
	expect_failure(UNBOUND);
	make(FIRST, false, 0);
	expect_failure(BOUND);
	device.errnum = EFAULT;
	make(FIRST, false, 0);
	expect_failure(UNBOUND);
	device.result = ACCESS_UNCLEAR;
	make(FIRST, false, 0);
	ck_assert_int_eq(got.kind, ERROR_INDETERMINATE);
	device.result = ACCESS_NO_SPACE;
	make(FIRST, false, 0);
	ck_assert_int_eq(got.kind, ERROR_GONE);
}
END_TEST

/* A success of the mapping ends it, one of another does not. */
START_TEST(explained_after_a_success)
{
	for (unsigned i = 0; i < 4; i++) {
		/* This page, or another of the mapping; read, or written. */
		uint64_t at = FIRST + 0x1000 * (i % 2);

		let_fail(UINT32_MAX);
		bind();
		make(FIRST, false, 0);
		expect_failure(BOUND);
		unbind();
		let_fail(0);
		make(SECOND_BAR, i / 2, 0);
		ck_assert(!got.failed);
		let_fail(UINT32_MAX);
		make(FIRST + 4, false, 0);
		expect_failure(BOUND);
		let_fail(0);
		make(at, i / 2, 0);
		ck_assert(!got.failed);
		ck_assert_uint_eq(attempts.n_given_up, 0);
		let_fail(UINT32_MAX);
		make(FIRST + 4, false, 0);
		expect_failure(UNBOUND);
		attempts_deinit(&attempts);
	}
}
END_TEST

/* That the mapping is another one now is noticed all the same, though it
 * happens while the access is made. */
START_TEST(changed_after_an_explanation)
{
	for (size_t i = 0; i < 2 * ARRAY_SIZE(changes); i++) {
		const size_t n = i / 2;

		let_fail(UINT32_MAX);
		device.before = NULL;
		make(FIRST, i % 2, 0);
		ck_assert_int_eq(got.kind, ERROR_UNKNOWN);
		change_at = 1;
		new_maps = changes[n].maps;
		device.before = changes[n].exec ? change_by_exec : change;
		make(FIRST + 4, i % 2, 0);
		tree_process(&tree, PID, "app");
		tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
		ck_assert_uint_eq(device.calls, 1);
		ck_assert_msg(got.kind == changes[n].kind, "%s: %s",
			      changes[n].maps, error_kind_name(got.kind));
		ck_assert_uint_eq(got.address, FIRST + 4);
	}
}
END_TEST

/* What sysfs says of a device that is off. */
static const struct {
	const char *file, *off, *on;
} states[] = {
	{SYSFS "/enable", "0\n", "1\n"},
	{SYSFS "/power_state", "D3hot\n", "D0\n"},
	{SYSFS "/power_state", "D3cold\n", "D0\n"},
	{SYSFS "/power/runtime_status", "suspended\n", "active\n"},
};

static size_t state;

static void fall_asleep(unsigned call)
{
	if (call == change_at)
		tree_put(&tree, states[state].off, "%s", states[state].file);
}

static void wake(void)
{
	tree_put(&tree, states[state].on, "%s", states[state].file);
}

/* A device that sleeps after its reset is not accessed, however long it takes;
 * that is the outcome, and what the last access met speaks for it. */
START_TEST(asleep)
{
	/* Room for a second attempt on a busy machine. */
	const uint64_t retry = 300 * MILLISECOND;

	attempts.retry = retry;
	device.before = fall_asleep;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(states); i++) {
		bool write = i % 2;
		uint64_t start = clock_now();

		attempts_deinit(&attempts);
		let_fail(UINT32_MAX);
		state = i / 2;
		change_at = write ? 2 : 1;
		make(FIRST, write, 0x77);
		wake();
		ck_assert(got.failed && !got.attempt.made);
		ck_assert_int_eq(got.kind, ERROR_ASLEEP);
		ck_assert_int_eq(got.errnum, EIO);
		ck_assert_ptr_nonnull(strstr(got.text, "the kernel said: "));
		ck_assert_uint_eq(got.value, 0x77);
		ck_assert_uint_ge(clock_now() - start, retry);
		ck_assert_uint_ge(got.attempt.waited, retry);
		ck_assert_uint_eq(device.calls, change_at);
		ck_assert_uint_eq(got.attempt.count, change_at);
	}
}
END_TEST

/* A target that changes or ends while its device sleeps is not waited for. */
static void fall_asleep_and_unmap(unsigned call)
{
	if (call != 1)
		return;
	tree_put(&tree, "D3hot\n", SYSFS "/power_state");
	tree_put(&tree, HEAP "\n", "proc/%d/maps", PID);
}

START_TEST(unmapped_while_asleep)
{
	attempts.retry = MINUTE;
	let_fail(UINT32_MAX);
	device.before = fall_asleep_and_unmap;
	make(FIRST, false, 0);
	ck_assert_int_eq(got.kind, ERROR_UNMAPPED);
	ck_assert_uint_eq(device.calls, 1);
}
END_TEST

/* With force nobody looks. */
START_TEST(forced_while_asleep)
{
	attempts.retry = MINUTE;
	attempts.force = true;
	device.before = fall_asleep;
	change_at = 1;
	for (state = 0; state < ARRAY_SIZE(states); state++) {
		let_fail(3);
		make(FIRST, state % 2, 0x77);
		wake();
		ck_assert(!got.failed && got.attempt.made);
		ck_assert_uint_eq(device.calls, 4);
	}
}
END_TEST

/* Gone from sysfs is not asleep: what that means, an access tells. */
static void leave_sysfs(unsigned call)
{
	if (call == 1)
		tree_remove(&tree, "sys/bus/pci/devices/0000:03:00.0");
}

START_TEST(removed_meanwhile)
{
	attempts.retry = 10 * MILLISECOND;
	let_fail(UINT32_MAX);
	device.before = leave_sysfs;
	make(FIRST, false, 0);
	ck_assert_int_eq(got.kind, ERROR_REVOKED);
	ck_assert_uint_eq(device.calls, got.attempt.count);
}
END_TEST

/* It is asleep after the first attempt, and so that one is made. */
static pid_t waker;

static void sleep_a_while(unsigned call)
{
	char *line;

	if (call == 1) {
		tree_put(&tree, "D3hot\n", SYSFS "/power_state");
		waker = fork();
		ck_assert_int_ge(waker, 0);
		if (waker)
			return;
		usleep(30000);
		tree_put(&tree, "D0\n", SYSFS "/power_state");
		_exit(0);
	}
	line = file_line(tree.fd, SYSFS "/power_state");
	/* While it is written it may be empty. */
	ck_assert(!line || strcmp(line, "D3hot") != 0);
	free(line);
}

START_TEST(awake_again)
{
	attempts.retry = MINUTE;
	device.before = sleep_a_while;
	for (unsigned write = 0; write < 2; write++) {
		uint64_t start = clock_now();
		int status;

		let_fail(1);
		device.value = 0xcafe;
		make(FIRST, write, 0xbeef);
		ck_assert_int_eq(waitpid(waker, &status, 0), waker);
		ck_assert_int_eq(status, 0);
		ck_assert(!got.failed && got.attempt.made);
		ck_assert_uint_eq(device.calls, 2);
		ck_assert_uint_eq(got.attempt.count, 2);
		ck_assert_uint_eq(device.value, write ? 0xbeef : 0xcafe);
		ck_assert_uint_ge(clock_now() - start, 30 * MILLISECOND);
		ck_assert_uint_gt(got.attempt.waited, 0);
	}
}
END_TEST

/* The first attempt is the plan's to check. */
START_TEST(asleep_at_first)
{
	attempts.retry = MINUTE;
	state = change_at = 0;
	fall_asleep(0);
	make(FIRST, false, 0);
	ck_assert(!got.failed);
	ck_assert_uint_eq(device.calls, 1);
}
END_TEST

/* An access may hang: then a signal ends us, at the first attempt and at each
 * further one. (What runs the tests has a handler for some of the others.) */
static void expect_let_through(unsigned call)
{
	sigset_t blocked;

	(void)call;
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	ck_assert(!sigismember(&blocked, SIGHUP));
}

START_TEST(let_through)
{
	void (*at_first)(int) = signal(SIGHUP, SIG_DFL);
	sigset_t before, after;

	sigprocmask(SIG_BLOCK, NULL, &before);
	attempts.retry = 5 * MILLISECOND;
	device.before = expect_let_through;
	for (unsigned i = 0; i < 6; i++) {
		attempts_deinit(&attempts);
		let_fail(i % 3 ? i % 3 * 2 : UINT32_MAX);
		make(FIRST, i / 3, 0);
		sigprocmask(SIG_BLOCK, NULL, &after);
		for (int number = 1; number < 32; number++)
			ck_assert_int_eq(sigismember(&before, number),
					 sigismember(&after, number));
	}
	signal(SIGHUP, at_first);
}
END_TEST

/* While the target stands still, nothing of it changes but by its end. */
START_TEST(stopped)
{
	attempts.retry = MINUTE;
	attempts.stopped = true;
	let_fail(4);
	change_at = 1;
	new_maps = HEAP "\n" OTHER "\n";
	device.before = change;
	make(FIRST, false, 0);
	ck_assert(!got.failed);
	ck_assert_uint_eq(got.attempt.count, 5);
}
END_TEST

/* What worked is noted, and nothing else. */
START_TEST(history)
{
	const struct history_page *page;

	let_fail(UINT32_MAX);
	make(FIRST, false, 0);
	make(FIRST, true, 0);
	ck_assert_uint_eq(session->history.count, 0);
	let_fail(0);
	make(HEAP_AT, false, 0);
	ck_assert_uint_eq(session->history.count, 0);
	make(FIRST + 0x1004, false, 0);
	page = history_find(&session->history, FIRST + 0x1000);
	ck_assert_ptr_nonnull(page);
	ck_assert(page->read && !page->written);
	make(FIRST + 0x1008, true, 0);
	page = history_find(&session->history, FIRST + 0x1000);
	ck_assert(page->read && page->written);
	ck_assert_uint_eq(session->history.count, 1);
}
END_TEST

/* A signal during a pause: the child that met it says so, and then ends by it.
 */
static int to_parent;

static void announce(unsigned call)
{
	if (call == 8 && write(to_parent, "8", 1) != 1)
		_exit(98);
}

static void wait_for_signal(void)
{
	static const struct rlimit no_core = {0};
	bool right;

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGTERM, SIG_DFL);
	let_fail(UINT32_MAX);
	device.before = announce;
	attempts.retry = MINUTE;
	make(FIRST, false, 0);
	right = got.failed && got.interrupted && attempts.interrupted &&
		got.attempt.count >= 8 && !attempts.n_given_up;
	/* And the next one is not made. */
	make(SECOND_BAR, false, 0);
	right = right && got.failed && got.attempt.count == 0;
	if (write(to_parent, right ? "r" : "w", 1) != 1)
		_exit(98);
	interrupt_deliver();
	_exit(97);
}

static bool in_a_pause(pid_t pid)
{
	return blocked_of(pid) & 1 << (SIGTERM - 1);
}

/* Sends it while the child stands still in a pause: between two of them it
 * would end the child at once, as it should. */
static void interrupt_a_pause(pid_t pid)
{
	uint64_t end = clock_now() + MINUTE;
	bool sent = false;
	int status;

	while (!sent) {
		ck_assert(clock_now() < end);
		usleep(1000);
		kill(pid, SIGSTOP);
		ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
		ck_assert(WIFSTOPPED(status));
		sent = in_a_pause(pid);
		if (sent)
			kill(pid, SIGTERM);
		kill(pid, SIGCONT);
	}
}

/* What the child says of it, or 0 if the signal ended it at once: that happens
 * where a pause was over just then. */
static char interrupt_child(void)
{
	char heard = 0;
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		to_parent = fds[1];
		wait_for_signal();
	}
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &heard, 1), 1);
	ck_assert_int_eq(heard, '8');
	interrupt_a_pause(pid);
	if (read(fds[0], &heard, 1) != 1)
		heard = 0;
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	return heard;
}

START_TEST(interrupted)
{
	char heard = 0;

	for (unsigned i = 0; i < 10 && !heard; i++)
		heard = interrupt_child();
	ck_assert_int_eq(heard, 'r');
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		at_once,
		succeeds_in_the_end,
		without_time,
		time_is_used_up,
		given_up,
		given_up_elsewhere,
		never_again,
		unclear_at_the_third,
		ordinary_memory,
		checked_before_each,
		no_access_to_another,
		checked_before_a_write,
		checked_before_a_read,
		explained_once,
		explained_anew,
		explained_after_a_success,
		changed_after_an_explanation,
		asleep,
		unmapped_while_asleep,
		forced_while_asleep,
		removed_meanwhile,
		awake_again,
		asleep_at_first,
		let_through,
		stopped,
		history,
		interrupted,
	};

	return run_suite(suite_of("attempt", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
