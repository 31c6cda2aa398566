/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel path does on which machine: the one table of it. */
#include "access/kernelpath.h"
#include "target/machine.h"
#include "unit.h"

/* No kernel has such a version yet. */
enum { LAST_MAJOR = 20, LAST_MINOR = 99 };

/* Where a row may begin or end within a minor version. */
static const unsigned patches[] = {0, 1, 116, 117, 118, 192, 999};

static const char *const known[] = {"x86_64",  "aarch64", "riscv64", "ppc64",
				    "ppc64le", "armv6l",  "armv7l"};

/* armv8l is what a 64-bit kernel says to a 32-bit program: its path is another
 * one. */
static const char *const unknown[] = {
	"",        "i686",   "arm",        "armv5tel",    "armv7b",
	"armv8l",  "armv7",  "mips",       "mips64",      "s390x",
	"x86_6",   "X86_64", "x86_64 ",    "x86_64h",     "ppc",
	"riscv32", "alpha",  "aarch64_be", "loongarch64", "armv8l",
	"armv8b"};

static const struct kernel_path *find(const char *architecture, unsigned major,
				      unsigned minor, unsigned patch,
				      bool encrypted)
{
	struct machine machine = {
		.architecture = (char *)architecture,
		.major = major,
		.minor = minor,
		.patch = patch,
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

/* What is refused, and what the user's trust does about it. */
enum refused {
	NOTHING,
	RACE,      /* writes; trust lifts it, and reads are warned of */
	ENCRYPTED, /* writes, trusted or not */
	NO_PATH,   /* all, trusted or not: there is no path to trust */
	PAN,       /* all; trust lifts it */
	REJECT,    /* all; trust lifts it */
};

static const struct {
	bool reads, writes, lifted, warns;
	const char *why, *risk;
} refusals[] = {
	[NOTHING] = {.reads = true, .writes = true},
	[RACE] = {.reads = true,
		  .lifted = true,
		  .warns = true,
		  .why = "before 5.12 an access of the kernel races with",
		  .risk = "a write may damage"},
	[ENCRYPTED] = {.reads = true, .why = "encrypted"},
	[NO_PATH] = {.why = "no CONFIG_HAVE_IOREMAP_PROT"},
	[PAN] = {.lifted = true,
		 .why = "crashes at such an access if the CPU has PAN",
		 .risk = "crashes at any such access if the CPU has PAN"},
	[REJECT] = {.lifted = true,
		    .why = "an access that the device rejects crashes",
		    .risk = "an access that the device rejects crashes"},
};

static const struct {
	const char *architecture;
	unsigned major, minor, patch;
	bool encrypted;
	enum refused refused;
	struct {
		unsigned pieces, bits;
	} bus[N_WIDTHS];
} machines[] = {
	/* up to 5.11 a write may hit a page that has moved away */
	{"x86_64", 0, 0, 0, false, RACE, X86},
	{"x86_64", 4, 19, 0, false, RACE, X86},
	{"x86_64", 5, 4, 291, false, RACE, X86},
	{"x86_64", 5, 10, 262, false, RACE, X86},
	{"x86_64", 5, 11, 999, false, RACE, X86},
	{"x86_64", 5, 12, 0, false, NOTHING, X86},
	{"x86_64", 5, 100, 0, false, NOTHING, X86},
	{"x86_64", 6, 1, 192, false, NOTHING, X86},
	{"x86_64", 6, 12, 0, false, NOTHING, X86},
	{"x86_64", 7, 3, 0, false, NOTHING, X86},
	{"x86_64", 6, 1, 0, true, ENCRYPTED, BYTES},
	{"x86_64", 7, 3, 0, true, ENCRYPTED, BYTES},
	/* none before 6.0; then it crashes, and later only when the device
	 * rejects an access; the fix came to 6.12 with a patch level */
	{"aarch64", 5, 10, 0, false, NO_PATH, PLAIN},
	{"aarch64", 5, 19, 17, false, NO_PATH, PLAIN},
	{"aarch64", 6, 0, 0, false, PAN, PLAIN},
	{"aarch64", 6, 1, 0, false, PAN, PLAIN},
	{"aarch64", 6, 1, 192, false, PAN, PLAIN},
	{"aarch64", 6, 11, 999, false, PAN, PLAIN},
	{"aarch64", 6, 12, 0, false, PAN, PLAIN},
	{"aarch64", 6, 12, 116, false, PAN, PLAIN},
	{"aarch64", 6, 12, 117, false, REJECT, PLAIN},
	{"aarch64", 6, 12, 118, false, REJECT, PLAIN},
	{"aarch64", 6, 13, 0, false, PAN, PLAIN},
	{"aarch64", 6, 17, 13, false, PAN, PLAIN},
	{"aarch64", 6, 17, 117, false, PAN, PLAIN},
	{"aarch64", 6, 99, 0, false, PAN, PLAIN},
	{"aarch64", 7, 0, 0, false, REJECT, PLAIN},
	{"aarch64", 7, 3, 0, false, REJECT, PLAIN},
	/* no access method before 7.1 or 7.2 */
	{"riscv64", 6, 1, 0, false, NO_PATH, PLAIN},
	{"riscv64", 7, 1, 999, false, NO_PATH, PLAIN},
	{"riscv64", 7, 2, 0, false, NOTHING, PLAIN},
	/* never */
	{"armv6l", 4, 19, 0, false, NO_PATH, PLAIN},
	{"armv7l", 6, 1, 0, false, NO_PATH, PLAIN},
	{"armv7l", 9, 9, 0, false, NO_PATH, PLAIN},
	{"ppc64", 5, 11, 0, false, RACE, POWER},
	{"ppc64", 5, 12, 0, false, NOTHING, POWER},
	{"ppc64le", 5, 10, 237, false, RACE, POWER},
	{"ppc64le", 6, 12, 0, false, NOTHING, POWER},
};

/* "aarch64 6.12.117" */
static const char *name_of(size_t i)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s %u.%u.%u", machines[i].architecture,
		 machines[i].major, machines[i].minor, machines[i].patch);
	return name;
}

static const struct kernel_path *row_of(size_t i)
{
	const struct kernel_path *path = find(
		machines[i].architecture, machines[i].major, machines[i].minor,
		machines[i].patch, machines[i].encrypted);

	ck_assert_msg(path != NULL, "%s", name_of(i));
	return path;
}

START_TEST(rows_of_machines)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		const struct kernel_path *path = row_of(i);

		ck_assert_str_eq(path->architecture, machines[i].architecture);
		for (size_t j = 0; j < N_WIDTHS; j++) {
			ck_assert_msg(path->bus[j].pieces ==
					      machines[i].bus[j].pieces,
				      "%s: %zu", name_of(i), j);
			ck_assert_msg(path->bus[j].bits ==
					      machines[i].bus[j].bits,
				      "%s: %zu", name_of(i), j);
		}
	}
}
END_TEST

/* Why it is refused, of what a read is warned, and what the risk of trust is.
 */
START_TEST(refusals_of_machines)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		enum refused refused = machines[i].refused;
		const struct kernel_path *path = row_of(i);
		const char *why = refusals[refused].why;

		ck_assert_msg(!path->no_read == refusals[refused].reads,
			      "%s: %s", name_of(i), path->no_read);
		ck_assert_msg(!path->no_write == refusals[refused].writes,
			      "%s: %s", name_of(i), path->no_write);
		ck_assert_msg(has_text(path->no_write, why), "%s: %s",
			      name_of(i), path->no_write);
		ck_assert(!path->no_read || has_text(path->no_read, why));
		ck_assert_msg(!path->warning == !refusals[refused].warns,
			      "%s: %s", name_of(i), path->warning);
		ck_assert_msg(has_text(path->risk, refusals[refused].risk),
			      "%s: %s", name_of(i), path->risk);
	}
}
END_TEST

/* Trust lifts what a fixed kernel would not do, and nothing else. */
START_TEST(trust)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		const struct kernel_path *path = row_of(i);
		bool lifted = refusals[machines[i].refused].lifted;
		struct machine machine = {
			.architecture = (char *)machines[i].architecture,
			.major = machines[i].major,
			.minor = machines[i].minor,
			.patch = machines[i].patch,
			.encrypted_guest = machines[i].encrypted,
		};

		for (unsigned write = 0; write < 2; write++) {
			const char *why =
				write ? path->no_write : path->no_read;

			machine.trust_kernel = false;
			ck_assert_ptr_eq(
				kernel_path_refusal(&machine, path, write),
				why);
			machine.trust_kernel = true;
			/* The row and what it says of the bus are the same. */
			ck_assert_ptr_eq(kernel_path_find(&machine), path);
			ck_assert_msg(
				kernel_path_refusal(&machine, path, write) ==
					(lifted ? NULL : why),
				"%s: %u", name_of(i), write);
		}
	}
}
END_TEST

/* Nothing is done where nothing is known. */
START_TEST(unknown_machines)
{
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		for (unsigned major = 0; major < 10; major++) {
			ck_assert_msg(!find(unknown[i], major, 12, 0, false),
				      "%s %u", unknown[i], major);
			ck_assert_msg(!find(unknown[i], major, 12, 0, true),
				      "%s %u", unknown[i], major);
		}
	for (size_t i = 1; i < ARRAY_SIZE(known); i++)
		ck_assert_msg(!find(known[i], 6, 1, 0, true), "%s", known[i]);
}
END_TEST

/* The pieces of an access are the access: no bit twice, and none left out. */
static void check_row(const struct kernel_path *path)
{
	ck_assert_ptr_nonnull(path->source);
	ck_assert(!path->no_read || path->no_write);
	/* Only what is refused can be lifted, and only what is read without
	 * more ado is warned of. */
	ck_assert(!path->risk || path->no_write);
	ck_assert(!path->warning || !path->no_read);
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
	const unsigned minors = LAST_MINOR + 1;
	uint64_t last = 0;

	for (size_t i = 0; i < (LAST_MAJOR + 1) * minors * ARRAY_SIZE(patches);
	     i++) {
		unsigned patch = patches[i % ARRAY_SIZE(patches)];
		unsigned both = (unsigned)(i / ARRAY_SIZE(patches));
		unsigned major = both / minors, minor = both % minors;
		uint64_t version = KERNEL_VERSION(major, minor, patch);
		const struct kernel_path *path =
			find(architecture, major, minor, patch, encrypted);

		if (path && path != before) {
			check_row(path);
			ck_assert_msg(path->since == version,
				      "%s %u.%u.%u: begins within a row",
				      architecture, major, minor, patch);
		}
		if (before && path != before)
			ck_assert_msg(before->until > last &&
					      before->until <= version,
				      "%s %u.%u.%u: ends early", architecture,
				      major, minor, patch);
		if (path) {
			ck_assert_str_eq(path->architecture, architecture);
			ck_assert(path->encrypted_guest == encrypted);
			ck_assert(!path->until || version < path->until);
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

/* The versions of the rows stand in the order of the numbers. */
START_TEST(order_of_versions)
{
	static const uint64_t versions[] = {
		KERNEL_VERSION(0, 0, 0),    KERNEL_VERSION(0, 0, 1),
		KERNEL_VERSION(5, 4, 291),  KERNEL_VERSION(5, 8, 0),
		KERNEL_VERSION(5, 11, 999), KERNEL_VERSION(5, 12, 0),
		KERNEL_VERSION(5, 100, 0),  KERNEL_VERSION(6, 1, 192),
		KERNEL_VERSION(6, 12, 116), KERNEL_VERSION(6, 12, 65535),
		KERNEL_VERSION(6, 13, 0),   KERNEL_VERSION(6, 65535, 0),
		KERNEL_VERSION(7, 0, 0),    KERNEL_VERSION(70000, 1, 0),
	};
	struct machine machine = {.major = 6, .minor = 12, .patch = 117};

	for (size_t i = 1; i < ARRAY_SIZE(versions); i++)
		ck_assert_msg(versions[i - 1] < versions[i], "%zu", i);
	ck_assert(machine_version(&machine) == KERNEL_VERSION(6, 12, 117));
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
		rows_of_machines,  refusals_of_machines, trust,
		unknown_machines,  all_versions,         order_of_versions,
		indices_of_widths,
	};

	return run_suite(
		suite_of("kernelpath", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
