/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/remote.h"

#include <errno.h>
#include <sys/uio.h>

bool remote_read(pid_t pid, uint64_t address, void *buffer, size_t length)
{
	struct iovec here = {buffer, length};
	/* As the interface has it: no pointer of ours. */
	struct iovec there = {.iov_len = length};
	ssize_t moved;

	__builtin_memcpy(&there.iov_base, &(uintptr_t){(uintptr_t)address},
			 sizeof(there.iov_base));
	if ((uintptr_t)address != address) {
		errno = EFAULT;
		return false;
	}
	moved = process_vm_readv(pid, &here, 1, &there, 1, 0);
	if (moved >= 0 && (size_t)moved != length)
		errno = EFAULT;
	return moved == (ssize_t)length;
}
