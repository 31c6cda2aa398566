/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ordinary memory of another process. */
#ifndef MMIODBG_TARGET_REMOTE_H
#define MMIODBG_TARGET_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reads `length` bytes at `address` of a process or thread. Never of a device:
 * process_vm_readv(2) goes through get_user_pages, which refuses such mappings
 * (check_vma_flags(), mm/gup.c). False: not all of it, with errno.
 */
bool remote_read(pid_t pid, uint64_t address, void *buffer, size_t length)
	__attribute__((nonnull, warn_unused_result));

#endif
