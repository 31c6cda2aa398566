/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions: opening one, attaching, and whether a mapping still stands; over
 * captured processes. */
#include <errno.h>
#include <sys/capability.h>

#include "target/machine.h"
#include "target/session.h"
#include "unit.h"

enum { PID = 7 };

#define PF_IO "rd wr sh mr mw me ms pf io de dd sd"
#define PLAIN "rd ex mr mw me sd"
#define HPET  "30000000-30001000 rw-s 00000000 00:06 9 /dev/hpet"
#define TEXT  "00400000-00402000 r-xp 00001000 08:01 11 /usr/bin/app"

static struct tree tree;
static struct machine machine;
static struct session *session;

static const struct vma vmas[] = {
	{TEXT, PLAIN},
	{"00600000-00604000 rw-p 00000000 00:00 0 [heap]", PLAIN},
	{HPET, PF_IO},
};

static void set_up(void)
{
	tree_init(&tree);
	tree_put(&tree, "x86_64 6.1.0\n", "uname");
	tree_process(&tree, PID, "app");
	tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
	expect_no_error(machine_init(&machine, tree.path), tree.path);
}

static void tear_down(void)
{
	session_destroy(session);
	session = NULL;
	machine_deinit(&machine);
	tree_deinit(&tree);
}

static void open_session(void)
{
	session_destroy(session);
	session = NULL;
	expect_no_error(session_create(&machine, PID, NULL, &session),
			"session");
}

static void put_status(const char *state, int leader, int tracer)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "Name:\tapp\nState:\t%s\nTgid:\t%d\nTracerPid:\t%d\n"
		 "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n",
		 state, leader, tracer, geteuid(), geteuid(), geteuid(),
		 geteuid(), getegid(), getegid(), getegid(), getegid());
	tree_put(&tree, text, "proc/%d/status", PID);
}

START_TEST(opened)
{
	put_status("S (sleeping)", PID, 99);
	open_session();
	ck_assert_int_eq(session->process.pid, PID);
	ck_assert_str_eq(session->name, "app");
	ck_assert_int_eq(session->tracer, 99);
	ck_assert_int_eq(session->memory, -1);
	ck_assert_uint_eq(session->mappings.count, ARRAY_SIZE(vmas));
	ck_assert(session->mappings.items[0].flags);
	ck_assert_uint_eq(session->devices.count, 1);
	ck_assert(!session_ended(session));
	session_destroy(NULL);
}
END_TEST

/* smaps costs the kernel much: it is read only if maps leaves a question. */
START_TEST(opened_without_devices)
{
	tree_maps(&tree, PID, vmas, 2);
	open_session();
	ck_assert_uint_eq(session->mappings.count, 2);
	ck_assert(!session->mappings.items[0].flags);
	ck_assert_uint_eq(session->devices.count, 0);
}
END_TEST

/* A tree in which maps cannot be opened has something else in its place. */
static void block(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/%s", PID, name);
	tree_remove(&tree, path);
	tree_folder(&tree, path);
}

static void expect_refusal(pid_t pid, enum error_kind kind, const char *label)
{
	struct session *made = (struct session *)1;

	expect_error(session_create(&machine, pid, NULL, &made), kind, label);
	ck_assert_ptr_eq(made, (struct session *)1);
}

START_TEST(not_opened)
{
	expect_refusal(8, ERROR_NO_PROCESS, "another number");
	expect_refusal(0, ERROR_NO_PROCESS, "0");
	expect_refusal(-7, ERROR_NO_PROCESS, "negative");
	put_status("S (sleeping)", 6, 0);
	expect_refusal(PID, ERROR_NO_PROCESS, "thread");
	put_status("Z (zombie)", PID, 0);
	expect_refusal(PID, ERROR_GONE, "zombie");
	put_status("S (sleeping)", PID, 0);
	tree_stat(&tree, PID, "app", 'S', 0x200000, 0);
	expect_refusal(PID, ERROR_DENIED, "kernel thread");
	tree_stat(&tree, PID, "app", 'S', 0, 0);
	block("smaps");
	expect_refusal(PID, ERROR_FAILED, "smaps");
	block("maps");
	expect_refusal(PID, ERROR_FAILED, "maps");
	tree_remove(&tree, "proc/7/maps");
	expect_refusal(PID, ERROR_GONE, "no maps");
	tree_remove(&tree, "proc/7/status");
	expect_refusal(PID, ERROR_NO_PROCESS, "no status");
}
END_TEST

/* Root reads files of any mode, unless it puts that aside. */
static void set_override(bool on)
{
	static const cap_value_t capabilities[] = {CAP_DAC_OVERRIDE,
						   CAP_DAC_READ_SEARCH};
	cap_t set = cap_get_proc();

	cap_set_flag(set, CAP_EFFECTIVE, 2, capabilities,
		     on ? CAP_SET : CAP_CLEAR);
	cap_set_proc(set);
	cap_free(set);
}

static void forbid(const char *path)
{
	ck_assert_int_eq(fchmodat(tree.fd, path, 0, 0), 0);
}

START_TEST(denied)
{
	static const char *const files[] = {"proc/7/maps", "proc/7/smaps"};
	struct error *read_error, *write_error;

	tree_put(&tree, "", "proc/7/mem");
	open_session();
	forbid("proc/7/mem");
	set_override(false);
	read_error = session_attach(session, false);
	write_error = session_attach(session, true);
	set_override(true);
	expect_error(read_error, ERROR_DENIED, "read");
	expect_error(write_error, ERROR_DENIED, "write");
	ck_assert_int_eq(session->memory, -1);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct session *made = NULL;
		struct error *error;

		tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
		forbid(files[i]);
		set_override(false);
		error = session_create(&machine, PID, NULL, &made);
		set_override(true);
		ck_assert_ptr_null(made);
		ck_assert(error && error->errnum == EACCES);
		expect_error(error, ERROR_DENIED, files[i]);
		tree_remove(&tree, files[i]);
	}
}
END_TEST

START_TEST(attached)
{
	for (int write = 0; write < 2; write++) {
		tree_put(&tree, "", "proc/7/mem");
		open_session();
		expect_no_error(session_attach(session, write), "mem");
		ck_assert_int_ge(session->memory, 0);
		ck_assert_int_eq(fcntl(session->memory, F_GETFL) & O_ACCMODE,
				 write ? O_RDWR : O_RDONLY);
	}
	open_session();
	tree_remove(&tree, "proc/7/mem");
	expect_error(session_attach(session, false), ERROR_GONE, "no mem");
	block("mem");
	expect_error(session_attach(session, true), ERROR_FAILED, "folder");
	ck_assert_int_eq(session->memory, -1);
}
END_TEST

/* What stands where the hpet was mapped. */
static const struct {
	const char *maps;
	enum error_kind kind;
	const char *message, *now;
} changes[] = {
	{TEXT "\n", ERROR_UNMAPPED, "not there any more", NULL},
	{"30000000-30001000 r--s 00000000 00:06 9 /dev/hpet\n", ERROR_REPLACED,
	 "has changed", "now: 0x30000000-0x30001000 r--s 0 /dev/hpet"},
	{"30000000-30002000 rw-s 00000000 00:06 9 /dev/hpet\n", ERROR_REPLACED,
	 "has changed", "now: 0x30000000-0x30002000 rw-s 0 /dev/hpet"},
	{"30000000-30001000 rw-s 00001000 00:06 9 /dev/hpet\n", ERROR_REPLACED,
	 "has changed", "now: 0x30000000-0x30001000 rw-s 0x1000 /dev/hpet"},
	{"30000000-30001000 rw-s 00000000 00:06 8 /dev/mem\n", ERROR_REPLACED,
	 "by another", "now: 0x30000000-0x30001000 rw-s 0 /dev/mem"},
	{"30000000-30001000 rw-s 00000000 00:07 9 /dev/mem\n", ERROR_REPLACED,
	 "by another", "now: 0x30000000-0x30001000 rw-s 0 /dev/mem"},
	{"30000000-30001000 rw-s 00000000 01:06 9 /dev/mem\n", ERROR_REPLACED,
	 "by another", "now: 0x30000000-0x30001000 rw-s 0 /dev/mem"},
	{"", ERROR_GONE, "has ended", NULL},
};

START_TEST(changed)
{
	open_session();
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		const struct mapping *hpet = &session->mappings.items[2];
		struct error *error;

		expect_no_error(session_check(session, hpet, 0x30000000),
				"same");
		tree_put(&tree, changes[i].maps, "proc/7/maps");
		error = session_check(session, hpet, 0x30000000);
		tree_maps(&tree, PID, vmas, ARRAY_SIZE(vmas));
		ck_assert_msg(error != NULL, "%s", changes[i].maps);
		ck_assert_msg(has_text(error->message, changes[i].message),
			      "%s: %s", changes[i].maps, error->message);
		ck_assert_uint_eq(error->n_evidence, changes[i].now ? 2 : 0);
		if (changes[i].now) {
			ck_assert_str_eq(error->evidence[0],
					 "before: 0x30000000-0x30001000 rw-s "
					 "0 /dev/hpet");
			ck_assert_str_eq(error->evidence[1], changes[i].now);
		}
		expect_error(error, changes[i].kind, changes[i].maps);
	}
}
END_TEST

/* Memory of a file may be split, or grow: what is at the address is the same
 * if it is the same place of the same file. */
START_TEST(changed_memory)
{
	static const struct {
		const char *maps;
		uint64_t address;
		bool same;
	} cases[] = {
		{"00401000-00402000 r-xp 00002000 08:01 11 /usr/bin/app\n",
		 0x401000, true},
		{"00401000-00402000 r-xp 00001000 08:01 11 /usr/bin/app\n",
		 0x401000, false},
		{"003ff000-00402000 r-xp 00000000 08:01 11 /usr/bin/app\n",
		 0x400000, true},
		{"003ff000-00402000 r-xp 00001000 08:01 11 /usr/bin/app\n",
		 0x400000, false},
		{"00300000-00408000 r-xp fffffffffff01000 08:01 11 /a\n",
		 0x400000, true},
		{"00400000-00401000 r-xp 00001000 08:01 11 /usr/bin/app\n",
		 0x400fff, true},
		{"00400000-00401000 r-xp 00001000 08:01 11 /usr/bin/app\n",
		 0x401000, false},
		{"00400000-00402000 rwxp 00001000 08:01 11 /usr/bin/app\n",
		 0x400000, false},
		{"00400000-00402000 r-xp 00001000 08:01 12 /usr/bin/app\n",
		 0x400000, false},
	};

	open_session();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error *error;

		tree_put(&tree, cases[i].maps, "proc/7/maps");
		error = session_check(session, &session->mappings.items[0],
				      cases[i].address);
		ck_assert_msg(!error == cases[i].same, "%zu: %s", i,
			      error ? error->message : "the same");
		error_destroy(error);
	}
}
END_TEST

/* /proc/PID/stat with another number in the field `other`, if not 0. */
static void put_fields(int other)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	fprintf(stream, "%d (a b) c) S", PID);
	for (int i = 4; i <= 52; i++)
		fprintf(stream, " %d",
			i == 9       ? 0
			: i == other ? 100000
				     : 1000 + i);
	fprintf(stream, "\n");
	ck_assert_int_eq(fclose(stream), 0);
	tree_put(&tree, text, "proc/7/stat");
	free(text);
}

/* An exec gives the process another address space, which has its code and its
 * stack elsewhere; all else changes without one. */
START_TEST(executed)
{
	put_fields(0);
	open_session();
	for (int field = 10; field <= 52; field++) {
		bool space = (field >= 26 && field <= 28) ||
			     (field >= 45 && field <= 51);
		struct error *error;
		char label[32];

		snprintf(label, sizeof(label), "field %d", field);
		tree_put(&tree, TEXT "\n", "proc/7/maps");
		put_fields(field);
		error = session_check(session, &session->mappings.items[2],
				      0x30000000);
		ck_assert(!error || !space || has_text(error->message, "exec"));
		expect_error(error, space ? ERROR_GONE : ERROR_UNMAPPED, label);
	}
	tree_remove(&tree, "proc/7/stat");
	expect_error(
		session_check(session, &session->mappings.items[2], 0x30000000),
		ERROR_UNMAPPED, "no stat");
}
END_TEST

/* The leader ends, and leaves a thread behind: the mappings are its. */
START_TEST(followed)
{
	open_session();
	tree_put(&tree, "7 (app) Z 0\n", "proc/7/stat");
	tree_put(&tree, "", "proc/7/maps");
	tree_put(&tree, "8 (app) S 0\n", "proc/7/task/8/stat");
	tree_put(&tree, HPET "\n", "proc/7/task/8/maps");
	expect_no_error(
		session_check(session, &session->mappings.items[2], 0x30000000),
		"thread");
	tree_remove(&tree, "proc/7/task");
	expect_error(
		session_check(session, &session->mappings.items[2], 0x30000000),
		ERROR_GONE, "no thread");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		opened,  opened_without_devices, not_opened, denied,   attached,
		changed, changed_memory,         executed,   followed,
	};

	return run_suite(suite_of("session", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
