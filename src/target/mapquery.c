/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/mapquery.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "target/maps.h"

/* As the kernel has it; headers of older systems lack it. */
struct query {
	uint64_t size, flags, address;
	uint64_t start, end, permissions, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name, build_id;
};

enum { READABLE = 1, WRITABLE = 2, EXECUTABLE = 4, SHARED = 8 };

#define QUERY _IOWR('f', 17, struct query)

_Static_assert(QUERY == 0xc0686611, "PROCMAP_QUERY");

int mapping_query(int fd, uint64_t address, struct mapping *ret)
{
	struct query query = {.size = sizeof(query), .address = address};

	if (ioctl(fd, QUERY, &query) < 0)
		return errno;
	*ret = (struct mapping){
		.start = query.start,
		.end = query.end,
		.readable = query.permissions & READABLE,
		.writable = query.permissions & WRITABLE,
		.executable = query.permissions & EXECUTABLE,
		.shared = query.permissions & SHARED,
		.offset = query.offset,
		.major = query.major,
		.minor = query.minor,
		.inode = query.inode,
	};
	return 0;
}
