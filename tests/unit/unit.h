/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the unit tests share: running a suite, errors that are expected, and
 * captured trees (folders with proc/ and sys/ in them) that they make in a
 * folder of their own below $TMPDIR.
 *
 * Tests run in one process (CK_NOFORK): a failed assertion leaves its function,
 * and the fixture's teardown is what still runs.
 */
#ifndef MMIODBG_TESTS_UNIT_H
#define MMIODBG_TESTS_UNIT_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/* A suite of one case. `set_up` and `tear_down` stand around each test, and
 * may be NULL. */
static inline Suite *suite_of(const char *name, void (*set_up)(void),
			      void (*tear_down)(void),
			      const TTest *const *tests, size_t n_tests)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < n_tests; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

/* What main() returns. */
static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* These take the error. */
static inline void expect_error(struct error *error, enum error_kind kind,
				const char *label)
{
	ck_assert_msg(error != NULL, "%s: there is no error", label);
	ck_assert_msg(error->kind == kind, "%s: %s: %s", label,
		      error_kind_name(error->kind), error->message);
	error_destroy(error);
}

static inline void expect_no_error(struct error *error, const char *label)
{
	char message[512] = "";

	if (!error)
		return;
	snprintf(message, sizeof(message), "%s", error->message);
	error_destroy(error);
	ck_abort_msg("%s: %s", label, message);
}

/* Both NULL, or the same text. */
static inline bool same_text(const char *left, const char *right)
{
	return left && right ? strcmp(left, right) == 0 : left == right;
}

/* Whether `text` has `part` in it; a part of NULL is in NULL only. */
static inline bool has_text(const char *text, const char *part)
{
	return text && part ? strstr(text, part) != NULL : text == part;
}

struct tree {
	char *path;
	int fd;
};

static inline void tree_init(struct tree *tree)
{
	const char *parent = getenv("TMPDIR");

	ck_assert_int_gt(asprintf(&tree->path, "%s/mmiodbg-unit-XXXXXX",
				  parent && *parent ? parent : "/tmp"),
			 0);
	ck_assert_ptr_nonnull(mkdtemp(tree->path));
	tree->fd = open(tree->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(tree->fd, 0);
}

static inline int remove_one(const char *path, const struct stat *stat,
			     int type, struct FTW *walk)
{
	(void)stat;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline void tree_deinit(struct tree *tree)
{
	close(tree->fd);
	nftw(tree->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(tree->path);
	*tree = (struct tree){.fd = -1};
}

/* The folders above a path in the tree. */
static inline void make_parents(const struct tree *tree, const char *path)
{
	char *copy = strdup(path);

	ck_assert_ptr_nonnull(copy);
	for (char *slash = strchr(copy, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdirat(tree->fd, copy, 0755);
		*slash = '/';
	}
	free(copy);
}

static inline char *make_path(const struct tree *tree, const char *format,
			      va_list arguments)
	__attribute__((format(printf, 2, 0)));

static inline char *make_path(const struct tree *tree, const char *format,
			      va_list arguments)
{
	char *path;

	ck_assert_int_gt(vasprintf(&path, format, arguments), 0);
	make_parents(tree, path);
	return path;
}

/* A file with `length` bytes; what was there is replaced. */
static inline void tree_put_bytes(const struct tree *tree, const char *path,
				  const void *bytes, size_t length)
{
	int fd;

	make_parents(tree, path);
	fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0644);
	ck_assert_msg(fd >= 0, "%s", path);
	ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
	close(fd);
}

static inline void tree_put(const struct tree *tree, const char *text,
			    const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static inline void tree_put(const struct tree *tree, const char *text,
			    const char *format, ...)
{
	va_list arguments;
	char *path;

	va_start(arguments, format);
	path = make_path(tree, format, arguments);
	va_end(arguments);
	tree_put_bytes(tree, path, text, strlen(text));
	free(path);
}

/* A symbolic link; what was there is replaced. */
static inline void tree_link(const struct tree *tree, const char *target,
			     const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static inline void tree_link(const struct tree *tree, const char *target,
			     const char *format, ...)
{
	va_list arguments;
	char *path;

	va_start(arguments, format);
	path = make_path(tree, format, arguments);
	va_end(arguments);
	unlinkat(tree->fd, path, 0);
	ck_assert_msg(symlinkat(target, tree->fd, path) == 0, "%s", path);
	free(path);
}

static inline void tree_folder(const struct tree *tree, const char *path)
{
	make_parents(tree, path);
	mkdirat(tree->fd, path, 0755);
}

/* Removes a file or a folder with all that is in it. */
static inline void tree_remove(const struct tree *tree, const char *path)
{
	char *whole;

	ck_assert_int_gt(asprintf(&whole, "%s/%s", tree->path, path), 0);
	nftw(whole, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(whole);
}

/* A line of maps and the VmFlags that smaps has for it; NULL: a line of
 * another kernel, without them. */
struct vma {
	const char *line, *flags;
};

/* The text of smaps, or without `flags` that of maps. The caller frees. */
static inline char *vma_text(const struct vma *vmas, size_t count, bool flags)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	for (size_t i = 0; i < count; i++) {
		fprintf(stream, "%s\n", vmas[i].line);
		if (flags)
			fprintf(stream, "Size: %18d kB\nRss: %19d kB\n", 4, 0);
		if (flags && vmas[i].flags)
			fprintf(stream, "VmFlags: %s \n", vmas[i].flags);
	}
	ck_assert_int_eq(fclose(stream), 0);
	return text;
}

/* The mappings of a process in a captured tree. */
static inline void tree_maps(const struct tree *tree, int pid,
			     const struct vma *vmas, size_t count)
{
	char *maps = vma_text(vmas, count, false);
	char *smaps = vma_text(vmas, count, true);

	tree_put(tree, maps, "proc/%d/maps", pid);
	tree_put(tree, smaps, "proc/%d/smaps", pid);
	free(maps);
	free(smaps);
}

/* /proc/PID/stat: the state, the flags, and an address space that begins at
 * `code` (fields 26 to 28 and 45 to 51 tell one from another). */
static inline void tree_stat(const struct tree *tree, int pid, const char *name,
			     char state, unsigned flags, unsigned long code)
{
	char *text;

	ck_assert_int_gt(
		asprintf(&text,
			 "%d (%s) %c 1 1 1 0 -1 %u 100 0 0 0 1 2 0 0 20 0 1 0 "
			 "12345 1000000 100 18446744073709551615 %lu %lu %lu "
			 "0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 %lu %lu %lu %lu "
			 "%lu %lu %lu 0\n",
			 pid, name, state, flags, code, code + 1, code + 2,
			 code + 3, code + 4, code + 5, code + 6, code + 7,
			 code + 8, code + 9),
		0);
	tree_put(tree, text, "proc/%d/stat", pid);
	free(text);
}

/* A plain process of our own, sleeping. */
static inline void tree_process(const struct tree *tree, int pid,
				const char *name)
{
	char *text;

	ck_assert_int_gt(asprintf(&text, "%s\n", name), 0);
	tree_put(tree, text, "proc/%d/comm", pid);
	free(text);
	tree_stat(tree, pid, name, 'S', 4194304, 0x400000);
	ck_assert_int_gt(asprintf(&text,
				  "Name:\t%s\nState:\tS (sleeping)\n"
				  "Tgid:\t%d\nPid:\t%d\nTracerPid:\t0\n"
				  "Uid:\t%u\t%u\t%u\t%u\n"
				  "Gid:\t%u\t%u\t%u\t%u\n"
				  "CapPrm:\t0000000000000000\n",
				  name, pid, pid, geteuid(), geteuid(),
				  geteuid(), geteuid(), getegid(), getegid(),
				  getegid(), getegid()),
			 0);
	tree_put(tree, text, "proc/%d/status", pid);
	free(text);
}

/* One line of a PCI device's `resource` in sysfs. */
struct bar {
	uint64_t start, size, flags;
};

enum { BAR_MEMORY = 0x40200, BAR_PREFETCHABLE = 0x14220c, BAR_PORTS = 0x40101 };

/* A PCI device as in sysfs, with a driver unless that is NULL. */
static inline void tree_pci(const struct tree *tree, const char *name,
			    const char *driver, const struct bar *bars,
			    size_t n_bars)
{
	char *text, *folder, *link;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	for (size_t i = 0; i < 13; i++) {
		struct bar bar = i < n_bars ? bars[i] : (struct bar){0};

		fprintf(stream, "0x%016llx 0x%016llx 0x%016llx\n",
			(unsigned long long)bar.start,
			(unsigned long long)(bar.size ? bar.start + bar.size - 1
						      : 0),
			(unsigned long long)bar.flags);
	}
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_int_gt(asprintf(&folder, "sys/devices/pci0000:00/%s", name),
			 0);
	tree_put(tree, text, "%s/resource", folder);
	tree_put(tree, "0x8086\n", "%s/vendor", folder);
	tree_put(tree, "0x10d3\n", "%s/device", folder);
	tree_put(tree, "1\n", "%s/enable", folder);
	tree_put(tree, "D0\n", "%s/power_state", folder);
	tree_put(tree, "active\n", "%s/power/runtime_status", folder);
	ck_assert_int_gt(asprintf(&link, "../../../bus/pci/drivers/%s",
				  driver ? driver : ""),
			 0);
	if (driver)
		tree_link(tree, link, "%s/driver", folder);
	free(link);
	ck_assert_int_gt(
		asprintf(&link, "../../../devices/pci0000:00/%s", name), 0);
	tree_link(tree, link, "sys/bus/pci/devices/%s", name);
	free(link);
	free(folder);
	free(text);
}

/* The signals that a process has blocked, as SigBlk in its status says. */
static inline uint64_t blocked_of(pid_t pid)
{
	unsigned long long mask = 0;
	char path[64], line[256];
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	stream = fopen(path, "re");
	ck_assert_ptr_nonnull(stream);
	while (fgets(line, sizeof(line), stream))
		if (sscanf(line, "SigBlk: %llx", &mask) == 1)
			break;
	fclose(stream);
	return mask;
}

#endif
