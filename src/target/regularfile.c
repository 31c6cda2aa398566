/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/regularfile.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/cleanup.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/*
 * File systems whose regular files are no files, by statfs(2): to open or to
 * read one may ask or change a device or the kernel, or may never come back.
 * (linux/magic.h and the sources of those that are not in it.)
 */
static const uint32_t special_file_systems[] = {
	0x62656572, /* sysfs: also the BARs of PCI */
	0x00009fa0, /* proc */
	0x958458f6, /* hugetlbfs */
	0x64626720, /* debugfs */
	0x74726163, /* tracefs */
	0x62656570, /* configfs */
	0xcafe4a11, /* bpf */
	0x73636673, /* securityfs */
	0x0027e0eb, /* cgroup */
	0x63677270, /* cgroup2 */
	0x00001cd1, /* devpts */
	0xf97cff8c, /* selinux */
	0x43415d53, /* smack */
	0x5a3c69f0, /* apparmor */
	0xde5e81e4, /* efivarfs */
	0x6165676c, /* pstore */
	0x07655821, /* resctrl */
	0x42494e4d, /* binfmt_misc */
	0x6c6f6f70, /* binderfs */
	0x444d4142, /* dma-buf */
	0x454d444d, /* devmem */
	0x64646178, /* dax */
	0x09041934, /* anonymous inodes */
	0x6e736673, /* nsfs */
	0x50494446, /* pidfs */
	0x534f434b, /* sockfs */
	0x50495045, /* pipefs */
	0x5345434d, /* secretmem */
	0x474d454d, /* guest_memfd */
	0x5a4f4653, /* zonefs: a write moves what is written */
	0x65735543, /* fusectl */
	0x19800202, /* mqueue */
	0x67596969, /* rpc_pipefs */
	0x6e667364, /* nfsd */
	0x00009fa1, /* openprom */
	0x00009fa2, /* usbdevfs */
	0xabba1974, /* xenfs */
	0x0a647361, /* functionfs */
	0xaee71ee7, /* gadgetfs */
	0x23c9b64e, /* spufs */
	0x00687970, /* s390 hypfs */
	0x66726f67, /* ibmasmfs */
	0x6f70726f, /* oprofilefs */
	0x00726a77, /* qibfs */
};

static bool is_special(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(special_file_systems); i++)
		if (special_file_systems[i] == type)
			return true;
	return false;
}

/* The kernel's link leads to what is held, whatever has its path by now.
 * O_NONBLOCK: a lease of another process is not waited for. */
static int open_held(int held)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

int regular_file_open(int held, const char **ret_why)
{
	cleanup_close int fd = -1;
	struct stat before, after;
	struct statfs system;

	*ret_why = NULL;
	if (fstat(held, &before) < 0 || fstatfs(held, &system) < 0)
		return -1;
	if (!S_ISREG(before.st_mode)) {
		*ret_why = "it is no regular file";
		return -1;
	}
	if (is_special((uint32_t)system.f_type)) {
		*ret_why = "it is in a file system of the kernel's own";
		return -1;
	}
	fd = open_held(held);
	if (fd < 0 || fstat(fd, &after) < 0)
		return -1;
	if (same_inode(&before, &after) && S_ISREG(after.st_mode))
		return steal_fd(&fd);
	*ret_why = "it has become another file";
	return -1;
}
