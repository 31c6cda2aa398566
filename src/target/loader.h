/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs, and what is called in their place: the dynamic loader. */
#ifndef MMIODBG_TARGET_LOADER_H
#define MMIODBG_TARGET_LOADER_H

#include <stdbool.h>

/*
 * Whether a file that is executed is no program but the dynamic loader, which
 * was called with the program as its argument: a library that needs no other
 * loader. (The auxiliary vector does not tell: it has no base of a loader for a
 * static program, either.) What cannot be read is taken for a program.
 */
bool file_is_loader(int fd);

#endif
