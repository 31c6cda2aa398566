/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: who one is, which one a name means, and why one cannot be looked
 * at; over a captured /proc. */
#include <errno.h>
#include <sys/capability.h>
#include <sys/wait.h>

#include "base/root.h"
#include "target/agent.h"
#include "target/process.h"
#include "target/refusal.h"
#include "unit.h"

static struct tree tree;
static struct root root;
static bool could_trace;

/* CAP_SYS_PTRACE decides; the tests are of those who do not have it, except
 * where they raise it. False if we may not have it at all. */
static bool set_capability(cap_value_t capability, bool on)
{
	cap_t set = cap_get_proc();
	bool done;

	cap_set_flag(set, CAP_EFFECTIVE, 1, &capability,
		     on ? CAP_SET : CAP_CLEAR);
	done = cap_set_proc(set) == 0;
	cap_free(set);
	return done;
}

static bool has_capability(cap_value_t capability, cap_flag_t flag)
{
	cap_t set = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	cap_get_flag(set, capability, flag, &value);
	cap_free(set);
	return value == CAP_SET;
}

static void set_up(void)
{
	could_trace = has_capability(CAP_SYS_PTRACE, CAP_EFFECTIVE);
	set_capability(CAP_SYS_PTRACE, false);
	tree_init(&tree);
	tree_folder(&tree, "proc");
	expect_no_error(root_init(&root, tree.path), tree.path);
}

static void tear_down(void)
{
	root_deinit(&root);
	tree_deinit(&tree);
	if (could_trace)
		set_capability(CAP_SYS_PTRACE, true);
}

static int open_process(int pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "proc/%d", pid);
	fd = openat(tree.fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s", path);
	return fd;
}

static bool read_status(int pid, struct process_status *ret)
{
	int fd = open_process(pid);
	bool read = process_status_read(fd, ret);

	close(fd);
	return read;
}

/* A status file that another line is put in front of: the first counts. */
static void put_status(int pid, const char *lines)
{
	char *text;

	ck_assert_int_gt(asprintf(&text,
				  "Name:\tx\n%s"
				  "State:\tS (sleeping)\nTgid:\t%d\n"
				  "TracerPid:\t0\n"
				  "Uid:\t%u\t%u\t%u\t%u\n"
				  "Gid:\t%u\t%u\t%u\t%u\n"
				  "CapPrm:\t0000000000000000\n",
				  lines, pid, geteuid(), geteuid(), geteuid(),
				  geteuid(), getegid(), getegid(), getegid(),
				  getegid()),
			 0);
	tree_put(&tree, text, "proc/%d/status", pid);
	free(text);
}

START_TEST(whole_status)
{
	struct process_status status;

	tree_put(&tree,
		 "Name:\tdaemon\nUmask:\t0022\nState:\tT (stopped)\n"
		 "Tgid:\t4242\nNgid:\t0\nPid:\t4242\nPPid:\t1\n"
		 "TracerPid:\t99\nUid:\t1000\t1001\t1002\t1003\n"
		 "Gid:\t100\t101\t102\t4294967294\nFDSize:\t64\n"
		 "CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\n"
		 "CapEff:\t0000000000000000\n",
		 "proc/4242/status");
	tree_put(&tree, "daemon\n", "proc/4242/comm");
	tree_put(&tree, "4242 (daemon) T 1 1 1 0 -1 4194304 0\n",
		 "proc/4242/stat");
	ck_assert(read_status(4242, &status));
	ck_assert_str_eq(status.name, "daemon");
	ck_assert_int_eq(status.state, 'T');
	ck_assert_int_eq(status.leader, 4242);
	ck_assert_int_eq(status.tracer, 99);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(status.uids[i], 1000 + i);
	ck_assert_uint_eq(status.gids[3], 4294967294u);
	ck_assert_uint_eq(status.permitted, 0x1ffffffffff);
	ck_assert(!status.kernel_thread);
	process_status_deinit(&status);
	ck_assert_ptr_null(status.name);
}
END_TEST

/* Names are a target's own choice of bytes. The kernel writes them as they are
 * into comm and stat, and escapes the newline in status. */
static const char *const names[] = {
	"plain",
	"two words",
	"a) S 1",
	"((",
	"))",
	")",
	"line\nbreak",
	"\n",
	"tab\tbed",
	"(a) R 0 0",
	"State:\tZ",
	"\xff\x1b[31m",
	"",
	" ",
	"a)\n9 (b",
	"Uid:\n\t0\t0\t0",
	"0",
	"fifteen bytes..",
};

START_TEST(names_of_processes)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct process_status status;

		tree_process(&tree, 50, names[i]);
		put_status(50, "");
		ck_assert(read_status(50, &status));
		ck_assert_str_eq(status.name, names[i]);
		ck_assert_int_eq(status.state, 'S');
		ck_assert_int_eq(status.leader, 50);
		ck_assert_msg(!status.kernel_thread, "%s", names[i]);
		expect_no_error(process_check(50, &status), names[i]);
		process_status_deinit(&status);
	}
}
END_TEST

/* The flags are the seventh field behind the name. */
START_TEST(kernel_threads)
{
	static const struct {
		const char *stat;
		bool kernel;
	} cases[] = {
		{"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0\n", true},
		{"2 (kworker/u8:0-ev) I 2 0 0 0 -1 69238880 0\n", true},
		{"2 (a) S 1) S 0 0 0 0 -1 2129984 0 0 0\n", true},
		{"2 (a b (c) S 0 0 0 0 -1 2097152", true},
		{"2 (bash) S 1 2 2 34816 2 4194304 0 0\n", false},
		{"2 (2097152) S 2097152 2097152 2097152 2097152 2097152 0 "
		 "2097152\n",
		 false},
		{"2 (short) S 1 2", false},
		{"2 (short) S 0 0 0 0 -1", false},
		{"no name at all 2097152\n", false},
		{"", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct process_status status;

		tree_process(&tree, 2, "thread");
		tree_put(&tree, cases[i].stat, "proc/2/stat");
		ck_assert(read_status(2, &status));
		ck_assert_msg(status.kernel_thread == cases[i].kernel, "%s",
			      cases[i].stat);
		process_status_deinit(&status);
	}
}
END_TEST

START_TEST(no_status)
{
	struct process_status status = {.leader = 77};

	tree_folder(&tree, "proc/3");
	ck_assert(!read_status(3, &status));
	put_status(3, "");
	ck_assert(!read_status(3, &status));
	tree_remove(&tree, "proc/3/status");
	tree_put(&tree, "x\n", "proc/3/comm");
	ck_assert(!read_status(3, &status));
	ck_assert_int_eq(status.leader, 77);
}
END_TEST

/* Ids that are not there are nobody's: neither ours nor root's. */
START_TEST(poor_status)
{
	struct process_status status;

	tree_process(&tree, 3, "x");
	tree_put(&tree, "Name:\tx\n", "proc/3/status");
	ck_assert(read_status(3, &status));
	ck_assert_uint_eq(status.uids[0], (uid_t)-1);
	ck_assert_uint_eq(status.gids[3], (gid_t)-1);
	ck_assert_int_eq(status.state, '?');
	ck_assert_int_eq(status.tracer, 0);
	process_status_deinit(&status);
	tree_put(&tree, "Uid:\t1\t2\t3\nGid:\tx\n", "proc/3/status");
	ck_assert(read_status(3, &status));
	ck_assert_uint_eq(status.uids[0], (uid_t)-1);
	ck_assert_uint_eq(status.gids[0], (gid_t)-1);
	process_status_deinit(&status);
}
END_TEST

START_TEST(what_has_no_memory)
{
	static const struct {
		struct process_status status;
		enum error_kind kind; /* ERROR_FAILED: none */
		const char *help;
	} cases[] = {
		{{.state = 'S', .leader = 7}, ERROR_FAILED, NULL},
		{{.state = 'R', .leader = 7}, ERROR_FAILED, NULL},
		{{.state = 't', .leader = 7, .tracer = 9}, ERROR_FAILED, NULL},
		{{.state = 'Z', .leader = 7}, ERROR_GONE, NULL},
		{{.state = 'X', .leader = 7}, ERROR_GONE, NULL},
		{{.state = 'S', .leader = 6}, ERROR_NO_PROCESS, "-p 6"},
		{{.state = 'Z', .leader = 6}, ERROR_NO_PROCESS, "-p 6"},
		{{.state = 'I', .leader = 7, .kernel_thread = true},
		 ERROR_DENIED,
		 "mmiodbg maps"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error *error = process_check(7, &cases[i].status);

		if (cases[i].kind == ERROR_FAILED) {
			expect_no_error(error, "alive");
			continue;
		}
		ck_assert_ptr_nonnull(error);
		ck_assert(has_text(error->help, cases[i].help));
		expect_error(error, cases[i].kind, "dead");
	}
}
END_TEST

static struct error *diagnose(int pid)
{
	int fd = open_process(pid);
	struct error *error =
		refusal_diagnose(&root, fd, pid, "opening the memory", EACCES);

	close(fd);
	ck_assert_ptr_nonnull(error);
	return error;
}

/* A denial names what was tried, the process and one cause. */
static void expect_denial(int pid, const char *cause, const char *help)
{
	struct error *error = diagnose(pid);

	ck_assert_msg(has_text(error->message, cause), "%s: %s", cause,
		      error->message);
	ck_assert(has_text(error->message, "opening the memory of process"));
	ck_assert_msg(has_text(error->help, help), "%s: %s", cause,
		      error->help);
	ck_assert_int_eq(error->errnum, EACCES);
	expect_error(error, ERROR_DENIED, cause);
}

/* Ids that are all one are somebody's, others are said one by one. */
START_TEST(denied_to_other_users)
{
	static const char *const ids[] = {"Uid", "Gid"};
	static const char *const kinds[] = {"user", "group"};
	char text[128], cause[128];

	tree_process(&tree, 8, "x");
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		unsigned ours = i ? getegid() : geteuid();

		for (unsigned differs = 0; differs < 4; differs++) {
			unsigned id[4];

			for (unsigned j = 0; j < 4; j++)
				id[j] = ours + (j == differs ? 4321 : 0);
			snprintf(text, sizeof(text), "%s:\t%u\t%u\t%u\t%u\n",
				 ids[i], id[0], id[1], id[2], id[3]);
			put_status(8, text);
			snprintf(cause, sizeof(cause),
				 "effective and saved %s are %u, %u and %u (we "
				 "are %u)",
				 kinds[i], id[0], id[1], id[2], ours);
			/* That of the file system does not count. */
			if (differs < 3)
				expect_denial(8, cause, "CAP_SYS_PTRACE");
			else if (i)
				expect_denial(8, "security module", "log");
		}
		snprintf(text, sizeof(text), "%s:\t4321\t4321\t4321\t%u\n",
			 ids[i], ours);
		put_status(8, text);
		snprintf(cause, sizeof(cause), "belongs to %s 4321 (we are %u)",
			 kinds[i], ours);
		expect_denial(8, cause, i ? "in that group" : "as that user");
	}
}
END_TEST

/* Who sees the link ns/user has passed what is asked about users, capabilities
 * and dumpability. */
START_TEST(denied_to_who_may_look)
{
	bool override = has_capability(CAP_DAC_OVERRIDE, CAP_EFFECTIVE);

	tree_process(&tree, 8, "x");
	tree_link(&tree, "user:[4026531837]", "proc/self/ns/user");
	tree_link(&tree, "user:[4026531837]", "proc/8/ns/user");
	put_status(8, "Uid:\t4321\t4321\t4321\t4321\n"
		      "CapPrm:\t8000000000000000\n");
	expect_denial(8, ": a security module", "log");
	tree_put(&tree, "1\n", "proc/sys/kernel/yama/ptrace_scope");
	expect_denial(8, "Yama scope 1", "PR_SET_PTRACER");
	/* One's own container: one has the capability there. */
	tree_link(&tree, "user:[4026532555]", "proc/8/ns/user");
	expect_denial(8, ": a security module", "log");
	tree_put(&tree, "", "proc/8/mem");
	if (fchownat(tree.fd, "proc/8/mem", geteuid() + 4321, (gid_t)-1, 0) < 0)
		return;
	set_capability(CAP_DAC_OVERRIDE, false);
	expect_denial(8, "whose files in /proc belong to user", "nsenter");
	set_capability(CAP_DAC_OVERRIDE, override);
}
END_TEST

START_TEST(denied_for_capabilities)
{
	tree_process(&tree, 8, "x");
	/* A bit beyond all capabilities is one that nobody has. */
	put_status(8, "CapPrm:\t8000000000000000\n");
	expect_denial(8, "capabilities that we lack: 63", "CAP_SYS_PTRACE");
	if (has_capability(CAP_NET_ADMIN, CAP_PERMITTED))
		return;
	put_status(8, "CapPrm:\t0000000000001000\n");
	expect_denial(8, "we lack: cap_net_admin", "CAP_SYS_PTRACE");
}
END_TEST

START_TEST(denied_by_dumpability)
{
	char text[64];

	tree_process(&tree, 8, "x");
	/* The owner of /proc/8 is not its effective user. */
	snprintf(text, sizeof(text), "Uid:\t%u\t%u\t%u\t%u\n", geteuid(),
		 geteuid(), geteuid(), geteuid());
	put_status(8, text);
	if (fchownat(tree.fd, "proc/8/status", geteuid() + 4321, (gid_t)-1, 0) <
	    0)
		return;
	expect_denial(8, ", which is not dumpable", "CAP_SYS_PTRACE");
	tree_link(&tree, "user:[4026531837]", "proc/8/ns/user");
	expect_denial(8, ": a security module", "log");
}
END_TEST

/* Of files that are another's the file system asks, too. */
START_TEST(what_it_takes)
{
	bool override = has_capability(CAP_DAC_OVERRIDE, CAP_EFFECTIVE);

	tree_process(&tree, 8, "x");
	tree_put(&tree, "", "proc/8/mem");
	put_status(8, "CapPrm:\t8000000000000000\n");
	expect_denial(8, "capabilities that we lack",
		      geteuid() ? "run as root, or with CAP_SYS_PTRACE"
				: "run with CAP_SYS_PTRACE, which we lack");
	if (fchownat(tree.fd, "proc/8/mem", geteuid() + 4321, (gid_t)-1, 0) < 0)
		return;
	set_capability(CAP_DAC_OVERRIDE, false);
	expect_denial(8, "capabilities that we lack",
		      "with CAP_SYS_PTRACE and CAP_DAC_OVERRIDE");
	set_capability(CAP_DAC_OVERRIDE, override);
}
END_TEST

START_TEST(denied_by_yama)
{
	static const struct {
		const char *scope, *cause, *help;
	} cases[] = {
		{NULL, "security module", "log"},
		{"0\n", "security module", "log"},
		{"1\n", "ancestors", "PR_SET_PTRACER"},
		{"2\n", "only CAP_SYS_PTRACE", "ptrace_scope to 0"},
		{"3\n", "until the next boot", "reboot"},
		{"4\n", "security module", "log"},
		{"x\n", "security module", "log"},
	};

	tree_process(&tree, 8, "x");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].scope)
			tree_put(&tree, cases[i].scope,
				 "proc/sys/kernel/yama/ptrace_scope");
		expect_denial(8, cases[i].cause, cases[i].help);
	}
}
END_TEST

/* Who may trace meets only the scope that nobody gets around. */
START_TEST(denied_with_the_capability)
{
	if (!set_capability(CAP_SYS_PTRACE, true))
		return;
	tree_process(&tree, 8, "x");
	put_status(8, "Uid:\t4321\t4321\t4321\t4321\n"
		      "CapPrm:\t8000000000000000\n");
	for (unsigned scope = 0; scope < 3; scope++) {
		char text[8];

		snprintf(text, sizeof(text), "%u\n", scope);
		tree_put(&tree, text, "proc/sys/kernel/yama/ptrace_scope");
		expect_denial(8, "security module", "log");
	}
	tree_put(&tree, "3\n", "proc/sys/kernel/yama/ptrace_scope");
	expect_denial(8, "until the next boot", "reboot");
}
END_TEST

/* ... and the owner of its files, if it may do nothing else. */
START_TEST(denied_by_the_file_system)
{
	bool override = has_capability(CAP_DAC_OVERRIDE, CAP_EFFECTIVE);

	tree_process(&tree, 8, "x");
	tree_put(&tree, "", "proc/8/mem");
	if (fchownat(tree.fd, "proc/8/mem", geteuid() + 4321, (gid_t)-1, 0) <
		    0 ||
	    !set_capability(CAP_SYS_PTRACE, true))
		return;
	set_capability(CAP_DAC_OVERRIDE, false);
	expect_denial(8, "CAP_SYS_PTRACE alone", "CAP_DAC_OVERRIDE");
	if (!override)
		return;
	set_capability(CAP_DAC_OVERRIDE, true);
	expect_denial(8, "security module", "log");
}
END_TEST

/* The link tells, or where it is hidden the maps of the ids. */
START_TEST(denied_in_a_container)
{
	static const struct {
		const char *path, *ours, *theirs;
	} maps[] = {{"uid_map", "0 0 4294967295\n", "0 100000 65536\n"},
		    {"gid_map", "0 0 4294967295\n", "0 1000 1\n"}};

	tree_process(&tree, 8, "x");
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		tree_put(&tree, maps[i].ours, "proc/self/%s", maps[i].path);
		expect_denial(8, "security module", "log");
		tree_put(&tree, maps[i].ours, "proc/8/%s", maps[i].path);
		expect_denial(8, "security module", "log");
		tree_put(&tree, maps[i].theirs, "proc/8/%s", maps[i].path);
		expect_denial(8, "another user namespace", "who made it");
		/* Its capabilities count there. */
		put_status(8, "CapPrm:\t8000000000000000\n");
		expect_denial(8, "another user namespace", "who made it");
		put_status(8, "Uid:\t4321\t4321\t4321\t4321\n");
		expect_denial(8, ") in another user namespace (a container)",
			      geteuid() ? "run as root" : "run with");
		put_status(8, "");
		tree_put(&tree, maps[i].ours, "proc/8/%s", maps[i].path);
	}
	/* The first user namespace is known by its number. */
	tree_put(&tree, "0 100000 65536\n", "proc/8/uid_map");
	tree_link(&tree, "user:[4026531837]", "proc/self/ns/user");
	expect_denial(8, "another user namespace", "who made it");
	tree_link(&tree, "user:[4026532555]", "proc/self/ns/user");
	expect_denial(8, "another user namespace", "outside of ours");
}
END_TEST

/* Without the permission to look; /proc/8/ns hides the link. */
START_TEST(denied_outside_of_our_container)
{
	bool override = has_capability(CAP_DAC_OVERRIDE, CAP_EFFECTIVE);
	bool search = has_capability(CAP_DAC_READ_SEARCH, CAP_EFFECTIVE);

	tree_process(&tree, 8, "x");
	tree_link(&tree, "user:[4026532555]", "proc/self/ns/user");
	tree_link(&tree, "user:[4026532555]", "proc/8/ns/user");
	tree_put(&tree, "0 1000 1\n5 2000 10\n", "proc/self/uid_map");
	tree_put(&tree, "3\n", "proc/sys/kernel/yama/ptrace_scope");
	set_capability(CAP_DAC_OVERRIDE, false);
	set_capability(CAP_DAC_READ_SEARCH, false);
	ck_assert_int_eq(fchmodat(tree.fd, "proc/8/ns", 0, 0), 0);
	put_status(8, "Uid:\t65534\t65534\t65534\t65534\n");
	expect_denial(8,
		      "outside of the user namespace (the container) that "
		      "we are in: ",
		      "run outside of it");
	put_status(8, "Uid:\t15\t15\t15\t15\n");
	expect_denial(8, "outside of the user namespace", "run outside of it");
	put_status(8, "Uid:\t14\t14\t14\t14\n");
	expect_denial(8, "belongs to user 14", "run ");
	if (set_capability(CAP_SYS_PTRACE, true)) {
		expect_denial(8, "our CAP_SYS_PTRACE does not count there",
			      "run outside of it");
		set_capability(CAP_SYS_PTRACE, false);
	}
	ck_assert_int_eq(fchmodat(tree.fd, "proc/8/ns", 0700, 0), 0);
	expect_denial(8, "Yama scope 3", "reboot");
	set_capability(CAP_DAC_OVERRIDE, override);
	set_capability(CAP_DAC_READ_SEARCH, search);
}
END_TEST

/* The first cause in the order in which the kernel asks is the one named. */
START_TEST(order_of_causes)
{
	tree_process(&tree, 8, "x");
	tree_put(&tree, "0 0 4294967295\n", "proc/self/uid_map");
	tree_put(&tree, "0 100000 65536\n", "proc/8/uid_map");
	expect_denial(8, "user namespace", "who made it");
	tree_put(&tree, "1\n", "proc/sys/kernel/yama/ptrace_scope");
	expect_denial(8, "Yama scope 1", "ptrace_scope");
	/* It cannot be told what they are worth in another namespace. */
	put_status(8, "CapPrm:\t8000000000000000\n");
	expect_denial(8, "Yama scope 1", "ptrace_scope");
	tree_put(&tree, "0 0 4294967295\n", "proc/8/uid_map");
	expect_denial(8, "capabilities", "CAP_SYS_PTRACE");
	put_status(8, "Uid:\t4321\t4321\t4321\t4321\n"
		      "CapPrm:\t8000000000000000\n");
	expect_denial(8, "belongs to user 4321", "CAP_SYS_PTRACE");
	tree_put(&tree, "8 (x) S 0 0 0 0 -1 2129984 0\n", "proc/8/stat");
	expect_error(diagnose(8), ERROR_DENIED, "kernel thread");
	put_status(8, "State:\tZ (zombie)\n");
	tree_put(&tree, "8 (x) Z 0 0 0 0 -1 0 0\n", "proc/8/stat");
	expect_error(diagnose(8), ERROR_GONE, "zombie");
	put_status(8, "Tgid:\t7\n");
	expect_error(diagnose(8), ERROR_NO_PROCESS, "thread");
	tree_remove(&tree, "proc/8/status");
	expect_error(diagnose(8), ERROR_GONE, "nothing");
}
END_TEST

START_TEST(denied_with_a_tracer)
{
	static const struct {
		const char *comm, *evidence;
	} cases[] = {{NULL, "process 99 (?)"}, {"gdb\n", "process 99 (gdb)"}};

	tree_process(&tree, 8, "x");
	put_status(8, "TracerPid:\t99\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error *error;

		if (cases[i].comm)
			tree_put(&tree, cases[i].comm, "proc/99/comm");
		error = diagnose(8);
		ck_assert_uint_eq(error->n_evidence, 1);
		ck_assert(has_text(error->evidence[0], cases[i].evidence));
		expect_error(error, ERROR_DENIED, "tracer");
	}
}
END_TEST

/* It is the cause only for who wants to trace, and may open the memory. */
START_TEST(denied_by_a_tracer)
{
	tree_process(&tree, 8, "x");
	put_status(8, "TracerPid:\t99\n");
	tree_put(&tree, "gdb\n", "proc/99/comm");
	expect_denial(8, "security module", "log");
	tree_put(&tree, "", "proc/8/mem");
	expect_denial(8, "which process 99 (gdb) traces already",
		      "plain reads and writes");
	tree_put(&tree, "1\n", "proc/sys/kernel/yama/ptrace_scope");
	expect_denial(8, "Yama scope 1", "ptrace_scope");
}
END_TEST

static const struct {
	const char *name;
	int pid; /* 0: none, -1: several */
} finds[] = {
	/* by number, whether it is there or not */
	{"100", 100},
	{"4242", 4242},
	{"2147483647", 2147483647},
	/* by comm, program and first argument */
	{"daemon", 100},
	{"two words", 200},
	{"a) S 1", 300},
	{"line\nbreak", 400},
	{"a-very-long-program-name", 500},
	{"a-very-long-pro", 500},
	{"script.py", 600},
	{"python3", 600},
	{"worker", -1},
	{"nobody", 0},
	{"daemo", 0},
	{"Daemon", 0},
	{"/usr/sbin/daemon", 0},
	{"--option", 0},
	{"kthreadd", 2},
	{"7 dwarfs", 700},
};

static void put_processes(void)
{
	tree_process(&tree, 2, "kthreadd");
	tree_put(&tree, "", "proc/2/cmdline");
	tree_process(&tree, 100, "daemon");
	tree_link(&tree, "/usr/sbin/daemon", "proc/100/exe");
	tree_process(&tree, 200, "two words");
	tree_process(&tree, 300, "a) S 1");
	tree_process(&tree, 400, "line\nbreak");
	tree_process(&tree, 500, "a-very-long-pro");
	tree_link(&tree, "/opt/bin/a-very-long-program-name", "proc/500/exe");
	tree_process(&tree, 600, "main");
	tree_link(&tree, "/usr/bin/python3", "proc/600/exe");
	tree_put_bytes(&tree, "proc/600/cmdline",
		       "/opt/script.py\0--option\0/x/worker", 33);
	tree_process(&tree, 700, "7 dwarfs");
	tree_process(&tree, 801, "worker");
	tree_process(&tree, 803, "worker");
	tree_process(&tree, 802, "other");
	tree_link(&tree, "/usr/bin/worker", "proc/802/exe");
	/* The dead have a name, too. */
	tree_process(&tree, 101, "daemon");
	put_status(101, "State:\tZ (zombie)\n");
	tree_stat(&tree, 101, "daemon", 'Z', 0, 0);
	tree_put(&tree, "", "proc/cpuinfo");
	tree_put(&tree, "daemon\n", "proc/self/comm");
}

START_TEST(found)
{
	put_processes();
	for (size_t i = 0; i < ARRAY_SIZE(finds); i++) {
		pid_t pid = 77;
		struct error *error = process_find(&root, finds[i].name, &pid);

		if (finds[i].pid > 0) {
			expect_no_error(error, finds[i].name);
			ck_assert_msg(pid == finds[i].pid, "%s: %d",
				      finds[i].name, (int)pid);
			continue;
		}
		ck_assert_int_eq(pid, 77);
		expect_error(error,
			     finds[i].pid ? ERROR_USAGE : ERROR_NO_PROCESS,
			     finds[i].name);
	}
}
END_TEST

START_TEST(found_several)
{
	struct error *error;
	pid_t pid = 77;

	put_processes();
	error = process_find(&root, "worker", &pid);
	ck_assert_ptr_nonnull(error);
	ck_assert(has_text(error->message, "3 processes"));
	ck_assert(has_text(error->help, "801, 802, 803"));
	expect_error(error, ERROR_USAGE, "several");
}
END_TEST

START_TEST(wrong_names)
{
	static const char *const wrong[] = {"", "2147483648", "0100",
					    "99999999999999999999999"};
	pid_t pid = 77;

	put_processes();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		expect_error(process_find(&root, wrong[i], &pid), ERROR_USAGE,
			     wrong[i]);
		ck_assert_int_eq(pid, 77);
	}
	expect_error(process_find(&root, "-1", &pid), ERROR_NO_PROCESS, "-1");
	tree_remove(&tree, "proc");
	expect_error(process_find(&root, "x", &pid), ERROR_FAILED, "no proc");
}
END_TEST

/* In a captured tree our own number is another's. */
START_TEST(found_with_our_number)
{
	pid_t pid = 0;

	tree_process(&tree, getpid(), "captured");
	expect_no_error(process_find(&root, "captured", &pid), "captured");
	ck_assert_int_eq(pid, getpid());
}
END_TEST

START_TEST(listed)
{
	static const pid_t expected[] = {1, 2, 9, 10, 100, 99999, 2147483647};
	static const char *const folders[] = {
		"100", "9", "99999", "1",    "2147483647", "10",
		"2",   "a", "1a",    "self", "2147483648", "99999999999999999"};
	pid_t *list;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		tree_put(&tree, "", "proc/%s/stat", folders[i]);
	list = process_list(&root);
	ck_assert_ptr_nonnull(list);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		ck_assert_int_eq(list[i], expected[i]);
	ck_assert_int_eq(list[ARRAY_SIZE(expected)], 0);
	free(list);
}
END_TEST

START_TEST(listed_nothing)
{
	pid_t *list = process_list(&root);

	ck_assert_ptr_nonnull(list);
	ck_assert_int_eq(list[0], 0);
	free(list);
	tree_remove(&tree, "proc");
	ck_assert_ptr_null(process_list(&root));
}
END_TEST

/* A zombie leader has no maps; a live thread of it serves in its place. */
START_TEST(held)
{
	static const struct {
		const char *leader, *threads[3], *comm;
	} cases[] = {
		{"S", {"S", "S", "S"}, "leader"},
		{"Z", {"Z", "S", "S"}, "thread8"},
		{"Z", {"Z", "X", "D"}, "thread9"},
		{"Z", {"Z", "Z", "Z"}, "leader"},
		{"X", {"X", "R", "R"}, "thread8"},
	};
	struct agent agent = {.root = &root};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct agent_process process = {.procfd = -1, .pidfd = -1};
		char text[64], *comm;

		tree_process(&tree, 7, "leader");
		snprintf(text, sizeof(text), "7 (a) R) %s 0 0\n",
			 cases[i].leader);
		tree_put(&tree, text, "proc/7/stat");
		for (unsigned j = 0; j < 3; j++) {
			snprintf(text, sizeof(text), "%u (a) R) %s 0 0\n",
				 7 + j, cases[i].threads[j]);
			tree_put(&tree, text, "proc/7/task/%u/stat", 7 + j);
			snprintf(text, sizeof(text), "thread%u\n", 7 + j);
			tree_put(&tree, text, "proc/7/task/%u/comm", 7 + j);
		}
		ck_assert_int_eq(agent_hold(&agent, 7, &process), 0);
		ck_assert_int_eq(process.pid, 7);
		ck_assert_int_eq(process.pidfd, -1);
		comm = file_line(process.procfd, "comm");
		ck_assert_str_eq(comm, cases[i].comm);
		free(comm);
		agent_release(&process);
		ck_assert_int_eq(process.procfd, -1);
	}
}
END_TEST

/* The thread whose folder is held may end before the others do. */
START_TEST(followed)
{
	struct agent agent = {.root = &root};
	struct agent_process process;
	char *comm;

	tree_process(&tree, 7, "leader");
	ck_assert_int_eq(agent_hold(&agent, 7, &process), 0);
	ck_assert(!agent_follow(&agent, &process));
	tree_put(&tree, "7 (a) Z 0\n", "proc/7/task/7/stat");
	ck_assert(!agent_follow(&agent, &process));
	comm = file_line(process.procfd, "comm");
	ck_assert_str_eq(comm, "leader");
	free(comm);
	tree_put(&tree, "8 (a) S 0\n", "proc/7/task/8/stat");
	tree_put(&tree, "other\n", "proc/7/task/8/comm");
	ck_assert(agent_follow(&agent, &process));
	comm = file_line(process.procfd, "comm");
	ck_assert_str_eq(comm, "other");
	free(comm);
	agent_release(&process);
}
END_TEST

/* On this machine: a child that waits, ends, and is waited for. */
START_TEST(held_alive)
{
	struct agent_process process = {.procfd = -1, .pidfd = -1};
	struct agent_process again = {.pid = 77};
	struct root here;
	struct agent agent = {.root = &here};
	int gate[2], fd = -1;
	pid_t child;

	expect_no_error(root_init(&here, NULL), "/");
	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
	child = fork();
	if (!child) {
		char byte;

		close(gate[1]);
		_exit(read(gate[0], &byte, 1) != 0);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(agent_hold(&agent, child, &process), 0);
	ck_assert_int_eq(process.pid, child);
	ck_assert_int_eq(agent_open(&agent, &process, AGENT_MAPS, &fd), 0);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	ck_assert(process.pidfd < 0 || !agent_has_ended(process.pidfd));
	close(gate[0]);
	close(gate[1]);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert(process.pidfd < 0 || agent_has_ended(process.pidfd));
	ck_assert_int_eq(agent_open(&agent, &process, AGENT_MAPS, &fd), ESRCH);
	ck_assert(!agent_follow(&agent, &process));
	ck_assert_int_eq(agent_hold(&agent, child, &again), ESRCH);
	ck_assert_int_eq(again.pid, 77);
	agent_release(&process);
	root_deinit(&here);
}
END_TEST

START_TEST(opened)
{
	struct agent agent = {.root = &root};
	struct agent_process process;
	int fd = 77;

	tree_process(&tree, 7, "x");
	ck_assert_int_eq(agent_hold(&agent, 7, &process), 0);
	/* No maps is no process; no smaps is a kernel without them. */
	ck_assert_int_eq(agent_open(&agent, &process, AGENT_MAPS, &fd), ESRCH);
	ck_assert_int_eq(agent_open(&agent, &process, AGENT_SMAPS, &fd),
			 ENOENT);
	ck_assert_int_eq(agent_open(&agent, &process, AGENT_MEMORY, &fd),
			 ESRCH);
	ck_assert_int_eq(fd, 77);
	tree_put(&tree, "", "proc/7/mem");
	ck_assert_int_eq(agent_open(&agent, &process, AGENT_MEMORY, &fd), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	ck_assert_int_eq(agent_open(&agent, &process, AGENT_MEMORY_WRITE, &fd),
			 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	close(fd);
	agent_release(&process);
}
END_TEST

START_TEST(not_held)
{
	struct agent agent = {.root = &root};
	struct agent_process process = {.pid = 77};

	ck_assert_int_eq(agent_hold(&agent, 7, &process), ESRCH);
	ck_assert_int_eq(agent_hold(&agent, 0, &process), EINVAL);
	ck_assert_int_eq(agent_hold(&agent, -7, &process), EINVAL);
	ck_assert_int_eq(process.pid, 77);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		whole_status,
		names_of_processes,
		kernel_threads,
		no_status,
		poor_status,
		what_has_no_memory,
		denied_to_other_users,
		denied_to_who_may_look,
		denied_for_capabilities,
		denied_by_dumpability,
		what_it_takes,
		denied_by_yama,
		denied_with_the_capability,
		denied_by_the_file_system,
		denied_in_a_container,
		denied_outside_of_our_container,
		order_of_causes,
		denied_with_a_tracer,
		denied_by_a_tracer,
		found,
		found_several,
		wrong_names,
		found_with_our_number,
		listed,
		listed_nothing,
		held,
		followed,
		held_alive,
		opened,
		not_held,
	};

	return run_suite(suite_of("process", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
