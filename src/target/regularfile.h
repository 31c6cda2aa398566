/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening files that are files, and neither devices nor anything of the
 * kernel's. */
#ifndef MMIODBG_TARGET_REGULARFILE_H
#define MMIODBG_TARGET_REGULARFILE_H

#include <stdbool.h>
#include <sys/stat.h>

/* Whether both are of one file. */
static inline bool same_inode(const struct stat *left, const struct stat *right)
{
	return left->st_dev == right->st_dev && left->st_ino == right->st_ino;
}

/*
 * Opens for reading what `held`, an O_PATH descriptor that stays the caller's,
 * is held by. -1: it is no regular file of an ordinary file system, or cannot
 * be opened; then `*ret_why` is why, static, or NULL, and errno tells.
 */
int regular_file_open(int held, const char **ret_why)
	__attribute__((nonnull, warn_unused_result));

#endif
