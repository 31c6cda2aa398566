/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel backend: what its one call moves, and what it makes of what the
 * kernel answers. Files stand in for /proc/PID/mem. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "access/backend.h"
#include "target/machine.h"
#include "target/session.h"
#include "unit.h"

static const unsigned widths[] = {8, 16, 32, 64};

static const unsigned char pattern[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
					0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98,
					0x76, 0x54, 0x32, 0x10};

static int fd = -1;

static void set_up(void)
{
	fd = memfd_create("mmiodbg-unit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, pattern, sizeof(pattern)), sizeof(pattern));
}

static void tear_down(void)
{
	close(fd);
	fd = -1;
}

/* An access to `memory`; both buffers are marked behind the value. */
struct made {
	enum access_result result;
	int errnum;
	unsigned char value[16];
};

static struct made make(int memory, uint64_t address, unsigned bits, bool write,
			const void *value)
{
	struct session session = {.memory = memory};
	struct made made = {0};
	struct access_failure failure = {.errnum = 77};
	const struct site site = {.address = address};

	memset(made.value, 0x5a, sizeof(made.value));
	if (value)
		memcpy(made.value, value, bits / 8);
	made.result = backend_kernel.make(&session, &site, bits, write,
					  made.value, &failure);
	made.errnum = failure.errnum;
	return made;
}

static bool is_filled(const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != 0x5a)
			return false;
	return true;
}

/* The bytes at the address, as many as the width has, and no others. */
START_TEST(reads)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		size_t size = widths[i] / 8;

		for (uint64_t at = 0; at + size <= sizeof(pattern);
		     at += size) {
			struct made made = make(fd, at, widths[i], false, NULL);

			ck_assert_int_eq(made.result, ACCESS_DONE);
			ck_assert_mem_eq(made.value, pattern + at, size);
			ck_assert(is_filled(made.value + size, 16 - size));
		}
	}
}
END_TEST

START_TEST(writes)
{
	static const unsigned char value[] = {0xa1, 0xa2, 0xa3, 0xa4,
					      0xa5, 0xa6, 0xa7, 0xa8};
	unsigned char expected[sizeof(pattern)], found[sizeof(pattern)];

	memcpy(expected, pattern, sizeof(pattern));
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		size_t size = widths[i] / 8;

		for (uint64_t at = 0; at + size <= sizeof(pattern);
		     at += 2 * size) {
			struct made made = make(fd, at, widths[i], true, value);

			memcpy(expected + at, value, size);
			ck_assert_int_eq(made.result, ACCESS_DONE);
			ck_assert_mem_eq(made.value, value, size);
			ck_assert_int_eq(pread(fd, found, 16, 0), 16);
			ck_assert_mem_eq(found, expected, 16);
		}
		ck_assert_int_eq(pwrite(fd, pattern, 16, 0), 16);
		memcpy(expected, pattern, 16);
	}
}
END_TEST

/* A value is an integer of that width in the machine's byte order. */
START_TEST(numbers)
{
	uint16_t v16 = 0x1234;
	uint32_t v32 = 0x12345678;
	uint64_t v64 = 0x123456789abcdef0;
	struct made made;

	ck_assert_int_eq(make(fd, 0, 16, true, &v16).result, ACCESS_DONE);
	made = make(fd, 0, 16, false, NULL);
	ck_assert_mem_eq(made.value, &v16, 2);
	ck_assert_int_eq(make(fd, 4, 32, true, &v32).result, ACCESS_DONE);
	made = make(fd, 4, 32, false, NULL);
	ck_assert_mem_eq(made.value, &v32, 4);
	ck_assert_int_eq(make(fd, 8, 64, true, &v64).result, ACCESS_DONE);
	made = make(fd, 8, 64, false, NULL);
	ck_assert_mem_eq(made.value, &v64, 8);
}
END_TEST

/* An address of 64 bits is an offset of a file: where off_t has 32 bits, an
 * access would go to another address. These are the flags of the sources. */
START_TEST(offsets)
{
	ck_assert_uint_eq(sizeof(off_t), sizeof(uint64_t));
}
END_TEST

/* Whatever fails leaves the value alone. */
static void expect_failure(const struct made *made, enum access_result result,
			   int errnum, const char *label)
{
	ck_assert_msg(made->result == result, "%s: result %d", label,
		      made->result);
	ck_assert_msg(made->errnum == errnum, "%s: errno %d", label,
		      made->errnum);
	ck_assert_msg(is_filled(made->value, sizeof(made->value)), "%s: value",
		      label);
}

/* The end of the file is what the end of an address space looks like. */
START_TEST(no_space)
{
	static const uint64_t addresses[] = {16, 24, 4096, UINT64_C(1) << 62};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		for (size_t j = 0; j < ARRAY_SIZE(widths); j++) {
			struct made made =
				make(fd, addresses[i], widths[j], false, NULL);

			expect_failure(&made, ACCESS_NO_SPACE, 0, "read");
		}
}
END_TEST

/* A part of an element has gone to the bus, or come from it, and the rest has
 * not: nothing can be said of the access. */
START_TEST(short_reads)
{
	for (off_t size = 9; size < 16; size++) {
		struct made made;

		ck_assert_int_eq(ftruncate(fd, size), 0);
		made = make(fd, 8, 64, false, NULL);
		expect_failure(&made, ACCESS_UNCLEAR, 0, "read");
	}
}
END_TEST

START_TEST(short_write)
{
	struct rlimit limit, lower;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	struct made cut, refused;
	FILE *file = tmpfile();
	unsigned char value[8];

	ck_assert_ptr_nonnull(file);
	memset(value, 0x5a, sizeof(value));
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	lower = limit;
	lower.rlim_cur = 6;
	/* Nothing may be asserted meanwhile: that writes, too. */
	setrlimit(RLIMIT_FSIZE, &lower);
	cut = make(fileno(file), 4, 32, true, value);
	refused = make(fileno(file), 8, 32, true, value);
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, handler);
	fclose(file);
	expect_failure(&cut, ACCESS_UNCLEAR, 0, "cut");
	expect_failure(&refused, ACCESS_NOT_MADE, EFBIG, "refused");
}
END_TEST

/* An error comes before anything is moved. */
START_TEST(not_made)
{
	int pipe_fds[2], read_only, write_only;
	unsigned char value[8];
	char path[64];

	memset(value, 0x5a, sizeof(value));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	write_only = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert(read_only >= 0 && write_only >= 0);
	ck_assert_int_eq(pipe2(pipe_fds, O_CLOEXEC), 0);
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		const struct {
			int memory, errnum;
			bool write;
		} cases[] = {
			{-1, EBADF, false},
			{-1, EBADF, true},
			{read_only, EBADF, true},
			{write_only, EBADF, false},
			{pipe_fds[0], ESPIPE, false},
			{pipe_fds[1], ESPIPE, true},
		};

		for (size_t j = 0; j < ARRAY_SIZE(cases); j++) {
			struct made made = make(cases[j].memory, 0, widths[i],
						cases[j].write, value);

			expect_failure(&made, ACCESS_NOT_MADE, cases[j].errnum,
				       cases[j].write ? "write" : "read");
		}
	}
	close(read_only);
	close(write_only);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}
END_TEST

START_TEST(closed)
{
	int copy = dup(fd);
	struct made made;

	close(copy);
	made = make(copy, 0, 32, false, NULL);
	expect_failure(&made, ACCESS_NOT_MADE, EBADF, "closed");
}
END_TEST

START_TEST(sealed)
{
	unsigned char value[8], found[sizeof(pattern)];
	struct made made;

	memset(value, 0x5a, sizeof(value));
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	made = make(fd, 0, 32, true, value);
	expect_failure(&made, ACCESS_NOT_MADE, EPERM, "sealed");
	ck_assert_int_eq(pread(fd, found, 16, 0), 16);
	ck_assert_mem_eq(found, pattern, 16);
}
END_TEST

/* The real thing, as far as our own memory goes. */
START_TEST(own_memory)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint64_t at = (uintptr_t)pages;
	uint32_t value = 0xcafe0123;
	struct made made;

	ck_assert(pages != MAP_FAILED);
	ck_assert_int_ge(memory, 0);
	ck_assert_int_eq(munmap(pages + page, page), 0);
	made = make(memory, at + page - 4, 32, true, &value);
	ck_assert_int_eq(made.result, ACCESS_DONE);
	ck_assert_mem_eq(pages + page - 4, &value, 4);
	made = make(memory, at + page - 4, 32, false, NULL);
	ck_assert_int_eq(made.result, ACCESS_DONE);
	ck_assert_mem_eq(made.value, &value, 4);
	made = make(memory, at + page, 32, false, NULL);
	expect_failure(&made, ACCESS_NOT_MADE, EIO, "not mapped");
	made = make(memory, UINT64_MAX - 3, 32, false, NULL);
	expect_failure(&made, ACCESS_NOT_MADE, EINVAL, "negative");
	munmap(pages, page);
	close(memory);
}
END_TEST

START_TEST(found_by_name)
{
	ck_assert_str_eq(backend_kernel.name, "kernel");
	ck_assert_ptr_eq(backend_find("kernel"), &backend_kernel);
	ck_assert_ptr_null(backend_find(""));
	ck_assert_ptr_null(backend_find("kern"));
	ck_assert_ptr_null(backend_find("kernels"));
	ck_assert_ptr_null(backend_find("auto"));
	for (size_t i = 0; i < n_backends; i++)
		ck_assert_ptr_eq(backend_find(backends[i]->name), backends[i]);
}
END_TEST

/* Ordinary memory needs no access method, and no table of machines. */
START_TEST(chosen)
{
	static const struct backend foreign = {.name = "foreign"};
	struct mapping mapping = {.start = 0x1000, .end = 0x2000};
	struct site site = {.mapping = &mapping, .address = 0x1000};
	struct route route = {0};
	struct session session = {.memory = -1};

	expect_no_error(
		backend_choose(&session, &site, 64, false, NULL, &route),
		"auto");
	ck_assert_ptr_eq(route.backend, &backend_kernel);
	route = (struct route){0};
	expect_no_error(backend_choose(&session, &site, 8, false,
				       &backend_kernel, &route),
			"kernel");
	ck_assert_ptr_eq(route.backend, &backend_kernel);
	route = (struct route){0};
	expect_error(
		backend_choose(&session, &site, 8, false, &foreign, &route),
		ERROR_FAILED, "foreign");
	expect_error(backend_choose(&session, &site, 8, true, NULL, &route),
		     ERROR_READ_ONLY, "read-only");
	ck_assert_ptr_null(route.backend);
	mapping.writable = true;
	expect_no_error(backend_choose(&session, &site, 8, true, NULL, &route),
			"writable");
}
END_TEST

/* What is refused on a machine, and what the user's trust lifts of that: the
 * race, or a crash, but no width that the bus would not see, and no path that
 * the kernel does not have. */
static const struct {
	const char *architecture;
	unsigned major, minor, patch, bits;
	bool write, encrypted;
	/* ERROR_NO_MEMORY: it can be made */
	enum error_kind plain, trusted;
} checks[] = {
#define MADE ERROR_NO_MEMORY
	{"x86_64", 6, 1, 0, 32, true, false, MADE, MADE},
	{"x86_64", 6, 1, 0, 64, true, false, ERROR_WIDTH, ERROR_WIDTH},
	{"x86_64", 5, 10, 0, 32, false, false, MADE, MADE},
	{"x86_64", 5, 10, 0, 32, true, false, ERROR_UNSAFE, MADE},
	{"x86_64", 5, 10, 0, 64, true, false, ERROR_UNSAFE, ERROR_WIDTH},
	{"x86_64", 5, 10, 0, 64, false, false, ERROR_WIDTH, ERROR_WIDTH},
	{"x86_64", 6, 1, 0, 8, true, true, ERROR_UNSAFE, ERROR_UNSAFE},
	{"x86_64", 6, 1, 0, 16, false, true, ERROR_WIDTH, ERROR_WIDTH},
	{"aarch64", 6, 1, 76, 8, false, false, ERROR_UNSAFE, MADE},
	{"aarch64", 6, 1, 76, 8, true, false, ERROR_UNSAFE, MADE},
	{"aarch64", 6, 1, 76, 64, true, false, ERROR_UNSAFE, MADE},
	{"aarch64", 6, 1, 76, 16, false, false, ERROR_UNSAFE, ERROR_WIDTH},
	{"aarch64", 6, 1, 76, 32, true, false, ERROR_UNSAFE, ERROR_WIDTH},
	{"aarch64", 6, 12, 117, 64, false, false, ERROR_UNSAFE, MADE},
	{"aarch64", 7, 3, 0, 32, false, false, ERROR_UNSAFE, ERROR_WIDTH},
	{"aarch64", 5, 10, 0, 8, false, false, ERROR_UNSAFE, ERROR_UNSAFE},
	{"riscv64", 6, 12, 0, 8, false, false, ERROR_UNSAFE, ERROR_UNSAFE},
	{"riscv64", 7, 2, 0, 8, true, false, MADE, MADE},
	{"armv7l", 6, 1, 0, 32, true, false, ERROR_UNSAFE, ERROR_UNSAFE},
	{"armv8l", 6, 1, 0, 8, false, false, ERROR_UNSAFE, ERROR_UNSAFE},
	{"ppc64le", 5, 10, 0, 32, true, false, ERROR_UNSAFE, MADE},
	{"sparc64", 6, 1, 0, 32, false, false, ERROR_UNSAFE, ERROR_UNSAFE},
};

static struct error *check_at(size_t i, bool trust)
{
	static const struct mapping_kind kind = {.name = "other"};
	struct mapping mapping = {.start = 0x1000,
				  .end = 0x2000,
				  .readable = true,
				  .writable = true,
				  .shared = true};
	const struct device_mapping device = {
		.mapping = mapping,
		.kind = &kind,
		.class = CLASS_REGISTER,
		.method = METHOD_GENERIC,
	};
	const struct site site = {
		.mapping = &mapping, .device = &device, .address = 0x1000};
	struct machine machine = {
		.architecture = (char *)checks[i].architecture,
		.major = checks[i].major,
		.minor = checks[i].minor,
		.patch = checks[i].patch,
		.encrypted_guest = checks[i].encrypted,
		.trust_kernel = trust,
	};
	struct session session = {.machine = &machine, .memory = -1};

	return backend_kernel.check(&session, &site, checks[i].bits,
				    checks[i].write);
}

START_TEST(trusted)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		for (unsigned trust = 0; trust < 2; trust++) {
			enum error_kind kind =
				trust ? checks[i].trusted : checks[i].plain;
			struct error *error = check_at(i, trust);
			bool offered;
			char label[64];

			snprintf(label, sizeof(label), "%s %u.%u.%u, %u, %u",
				 checks[i].architecture, checks[i].major,
				 checks[i].minor, checks[i].patch,
				 checks[i].bits, trust);
			if (kind == MADE) {
				expect_no_error(error, label);
				continue;
			}
			/* It is offered where it would do something. */
			offered = error && error->help &&
				  strcmp(error->help, "--trust-kernel accesses "
						      "it all the same") == 0;
			expect_error(error, kind, label);
			ck_assert_msg(offered == (checks[i].plain !=
							  checks[i].trusted &&
						  !trust),
				      "%s: offered", label);
		}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		reads,       writes,        numbers,  offsets, no_space,
		short_reads, short_write,   not_made, closed,  sealed,
		own_memory,  found_by_name, chosen,   trusted,
	};

	return run_suite(suite_of("kernel", set_up, tear_down, tests,
				  ARRAY_SIZE(tests)));
}
