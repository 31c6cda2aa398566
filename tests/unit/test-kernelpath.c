/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel path does on which machine: the one table of it. */
#include "access/kernelpath.h"
#include "target/machine.h"
#include "unit.h"

/* No kernel has such a version yet. */
enum { LAST_MAJOR = 20, LAST_MINOR = 99 };

static const char *const known[] = {"x86_64", "aarch64", "riscv64", "ppc64",
				    "ppc64le"};

static const char *const unknown[] = {
	"",        "i686",  "armv7l", "armv6l",     "mips",    "mips64",
	"s390x",   "x86_6", "X86_64", "x86_64 ",    "x86_64h", "aarch64_be",
	"riscv32", "ppc",   "alpha",  "loongarch64"};

static const struct kernel_path *find(const char *architecture, unsigned major,
				      unsigned minor, bool encrypted)
{
	struct machine machine = {
		.architecture = (char *)architecture,
		.major = major,
		.minor = minor,
		.encrypted_guest = encrypted,
	};

	return kernel_path_find(&machine);
}

/* Bus accesses for 8, 16, 32 and 64 bits; KERNEL.md section 3. */
#define X86                                                                    \
	{                                                                      \
		{1, 8}, {1, 16}, {1, 32},                                      \
		{                                                              \
			2, 32                                                  \
		}                                                              \
	}
#define PLAIN                                                                  \
	{                                                                      \
		{1, 8}, {2, 8}, {4, 8},                                        \
		{                                                              \
			1, 64                                                  \
		}                                                              \
	}
#define POWER                                                                  \
	{                                                                      \
		{1, 8}, {2, 8}, {1, 32},                                       \
		{                                                              \
			2, 32                                                  \
		}                                                              \
	}
#define BYTES                                                                  \
	{                                                                      \
		{1, 8}, {2, 8}, {4, 8},                                        \
		{                                                              \
			8, 8                                                   \
		}                                                              \
	}

static const struct {
	const char *architecture;
	unsigned major, minor;
	bool encrypted;
	bool reads, writes, warns;
	struct {
		unsigned pieces, bits;
	} bus[N_WIDTHS];
} machines[] = {
	/* up to 5.11 a write may hit a page that has moved away */
	{"x86_64", 0, 0, false, true, false, true, X86},
	{"x86_64", 4, 19, false, true, false, true, X86},
	{"x86_64", 5, 4, false, true, false, true, X86},
	{"x86_64", 5, 10, false, true, false, true, X86},
	{"x86_64", 5, 11, false, true, false, true, X86},
	{"x86_64", 5, 12, false, true, true, false, X86},
	{"x86_64", 5, 100, false, true, true, false, X86},
	{"x86_64", 6, 1, false, true, true, false, X86},
	{"x86_64", 6, 12, false, true, true, false, X86},
	{"x86_64", 7, 3, false, true, true, false, X86},
	{"x86_64", 6, 1, true, true, false, false, BYTES},
	{"x86_64", 7, 3, true, true, false, false, BYTES},
	/* a rejected access is fatal */
	{"aarch64", 5, 10, false, false, false, false, PLAIN},
	{"aarch64", 6, 1, false, false, false, false, PLAIN},
	{"aarch64", 7, 3, false, false, false, false, PLAIN},
	/* no access method before 7.1 or 7.2 */
	{"riscv64", 6, 1, false, false, false, false, PLAIN},
	{"riscv64", 7, 1, false, false, false, false, PLAIN},
	{"riscv64", 7, 2, false, true, true, false, PLAIN},
	{"ppc64", 5, 11, false, true, false, true, POWER},
	{"ppc64", 5, 12, false, true, true, false, POWER},
	{"ppc64le", 5, 10, false, true, false, true, POWER},
	{"ppc64le", 6, 12, false, true, true, false, POWER},
};

START_TEST(rows_of_machines)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		const char *name = machines[i].architecture;
		unsigned major = machines[i].major, minor = machines[i].minor;
		const struct kernel_path *path =
			find(name, major, minor, machines[i].encrypted);

		ck_assert_msg(path != NULL, "%s %u.%u", name, major, minor);
		ck_assert_str_eq(path->architecture, name);
		ck_assert_msg(!path->no_read == machines[i].reads,
			      "%s %u.%u: %s", name, major, minor,
			      path->no_read);
		ck_assert_msg(!path->no_write == machines[i].writes,
			      "%s %u.%u: %s", name, major, minor,
			      path->no_write);
		ck_assert_msg(!path->warning == !machines[i].warns,
			      "%s %u.%u: %s", name, major, minor,
			      path->warning);
		for (size_t j = 0; j < N_WIDTHS; j++) {
			ck_assert_msg(path->bus[j].pieces ==
					      machines[i].bus[j].pieces,
				      "%s %u.%u: %zu", name, major, minor, j);
			ck_assert_msg(path->bus[j].bits ==
					      machines[i].bus[j].bits,
				      "%s %u.%u: %zu", name, major, minor, j);
		}
	}
}
END_TEST

/* Nothing is done where nothing is known. */
START_TEST(unknown_machines)
{
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		for (unsigned major = 0; major < 10; major++) {
			ck_assert_msg(!find(unknown[i], major, 12, false),
				      "%s %u", unknown[i], major);
			ck_assert_msg(!find(unknown[i], major, 12, true),
				      "%s %u", unknown[i], major);
		}
	for (size_t i = 1; i < ARRAY_SIZE(known); i++)
		ck_assert_msg(!find(known[i], 6, 1, true), "%s", known[i]);
}
END_TEST

/* The pieces of an access are the access: no bit twice, and none left out. */
static void check_row(const struct kernel_path *path)
{
	ck_assert_ptr_nonnull(path->source);
	ck_assert(!path->no_read || path->no_write);
	for (size_t i = 0; i < N_WIDTHS; i++) {
		ck_assert_uint_eq(path->bus[i].pieces * path->bus[i].bits,
				  8u << i);
		ck_assert(path->bus[i].bits >= 8);
	}
}

/*
 * Walks all versions. The first row that fits is the one found: a row that
 * another overlaps would be found only for a part of its versions, so each must
 * be found from its first version to its last.
 */
static void check_versions(const char *architecture, bool encrypted)
{
	const struct kernel_path *before = NULL;
	unsigned last = 0;

	for (unsigned major = 0; major <= LAST_MAJOR; major++)
		for (unsigned minor = 0; minor <= LAST_MINOR; minor++) {
			const struct kernel_path *path =
				find(architecture, major, minor, encrypted);
			unsigned version = major * 1000 + minor;

			if (path && path != before) {
				check_row(path);
				ck_assert_msg(path->since == version,
					      "%s %u.%u: begins within a row",
					      architecture, major, minor);
			}
			if (before && path != before)
				ck_assert_msg(before->until > last &&
						      before->until <= version,
					      "%s %u.%u: ends early",
					      architecture, major, minor);
			if (path) {
				ck_assert_str_eq(path->architecture,
						 architecture);
				ck_assert(path->encrypted_guest == encrypted);
				ck_assert(!path->until ||
					  version < path->until);
			}
			before = path;
			last = version;
		}
	ck_assert(!before || !before->until);
}

START_TEST(all_versions)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		check_versions(known[i], false);
		check_versions(known[i], true);
	}
}
END_TEST

START_TEST(indices_of_widths)
{
	ck_assert_uint_eq(width_index(8), 0);
	ck_assert_uint_eq(width_index(16), 1);
	ck_assert_uint_eq(width_index(32), 2);
	ck_assert_uint_eq(width_index(64), 3);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		rows_of_machines,
		unknown_machines,
		all_versions,
		indices_of_widths,
	};

	return run_suite(
		suite_of("kernelpath", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
