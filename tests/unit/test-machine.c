/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's version, of which distributions hide a part. */
#include <sys/utsname.h>

#include "target/machine.h"
#include "unit.h"

static struct tree tree;

static void set_up(void)
{
	tree_init(&tree);
}

static void tear_down(void)
{
	tree_deinit(&tree);
}

/* Lines as `uname -mrv` prints them. */
static const struct {
	const char *uname;
	const char *architecture;
	unsigned major, minor, patch;
} kernels[] = {
	{"x86_64 6.1.0", "x86_64", 6, 1, 0},
	{"x86_64 6.1", "x86_64", 6, 1, 0},
	{"x86_64 6.1.192", "x86_64", 6, 1, 192},
	{"riscv64 7.2.0-rc3", "riscv64", 7, 2, 0},
	{"riscv64 7.2-rc3", "riscv64", 7, 2, 0},
	{"aarch64 10.20.30-foo #1 SMP", "aarch64", 10, 20, 30},
	/* Debian: the package's version has the patch level */
	{"x86_64 6.1.0-56-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 "
	 "(2026-10-01)",
	 "x86_64", 6, 1, 192},
	{"aarch64 6.1.0-18-arm64 #1 SMP Debian 6.1.76-1 (2024-02-01)",
	 "aarch64", 6, 1, 76},
	{"aarch64 6.12.116+deb13-arm64 #1 SMP Debian 6.12.116-1 (2026-05-05)",
	 "aarch64", 6, 12, 116},
	{"aarch64 6.12.117+deb13-arm64 #1 SMP Debian 6.12.117-1~deb13u1",
	 "aarch64", 6, 12, 117},
	{"x86_64 6.12.43+deb12-amd64 #1 SMP PREEMPT_DYNAMIC Debian "
	 "6.12.43-1~bpo12+1 (2025-09-06)",
	 "x86_64", 6, 12, 43},
	{"x86_64 5.10.0-35-rt-amd64 #1 SMP PREEMPT_RT Debian 5.10.237-1",
	 "x86_64", 5, 10, 237},
	{"x86_64 6.1.0-56-amd64 #1 SMP Debian 6.1.192~rc1-1~exp1", "x86_64", 6,
	 1, 192},
	/* another kernel's, or none: that of the release stands */
	{"x86_64 6.1.5-local #1 SMP Debian 6.12.43-1", "x86_64", 6, 1, 5},
	{"x86_64 6.1.5-local #1 SMP Debian 5.1.43-1", "x86_64", 6, 1, 5},
	{"x86_64 6.1.5-local #1 SMP Debian", "x86_64", 6, 1, 5},
	{"x86_64 6.1.5-local #1 SMP Debian 12.2", "x86_64", 6, 1, 5},
	{"x86_64 6.1.5-local #1 SMP Debian 6.1-1", "x86_64", 6, 1, 5},
	{"x86_64 6.1.5-local #1 SMP Devuan 6.1.43-1", "x86_64", 6, 1, 5},
	{"x86_64 6.8.0-31-generic #31-Ubuntu SMP PREEMPT_DYNAMIC", "x86_64", 6,
	 8, 0},
	{"x86_64 6.6.87.2-microsoft-standard-WSL2 #1 SMP", "x86_64", 6, 6, 87},
	/* no version at all */
	{"x86_64 six", "x86_64", 0, 0, 0},
	{"x86_64 6", "x86_64", 0, 0, 0},
	{"x86_64 ", "x86_64", 0, 0, 0},
};

START_TEST(versions)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		const char *text = kernels[i].uname;
		struct machine machine;

		tree_put(&tree, text, "uname");
		expect_no_error(machine_init(&machine, tree.path), text);
		ck_assert_str_eq(machine.architecture, kernels[i].architecture);
		ck_assert_msg(machine.major == kernels[i].major &&
				      machine.minor == kernels[i].minor &&
				      machine.patch == kernels[i].patch,
			      "%s: %u.%u.%u", text, machine.major,
			      machine.minor, machine.patch);
		ck_assert(!machine.trust_kernel);
		machine_deinit(&machine);
	}
}
END_TEST

/* Without such a file, and without a tree, it is this kernel. */
START_TEST(this_kernel)
{
	struct machine machine;
	unsigned major = 0, minor = 0;
	struct utsname uts;

	ck_assert_int_eq(uname(&uts), 0);
	sscanf(uts.release, "%u.%u", &major, &minor);
	for (unsigned captured = 0; captured < 2; captured++) {
		expect_no_error(
			machine_init(&machine, captured ? tree.path : NULL),
			"machine");
		ck_assert_str_eq(machine.architecture, uts.machine);
		ck_assert_uint_eq(machine.major, major);
		ck_assert_uint_eq(machine.minor, minor);
		machine_deinit(&machine);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		versions,
		this_kernel,
	};

	return run_suite(suite_of("machine", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
