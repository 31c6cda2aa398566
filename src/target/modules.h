/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program files that a target has mapped, and the opening of files for
 * names/: the side that has the privilege. What is opened for reading is always
 * a regular file of an ordinary file system: the file of a BAR in sysfs is
 * regular by its mode, the opening of a device node alone may change the
 * device, and that of a FIFO may wait for ever. So each file is first taken
 * hold of without opening it (O_PATH), and looked at.
 */
#ifndef MMIODBG_TARGET_MODULES_H
#define MMIODBG_TARGET_MODULES_H

#include <stdbool.h>

#include "names/source.h"

struct error;
struct session;

/*
 * The modules of the session's mappings: the files that it has mapped
 * executable and that may be a program's, the program itself first, the others
 * by address. The program is there as long as anything of its file is mapped:
 * it may have moved its code to other memory (huge pages). There is none
 * (`has_program`) if nothing of it is, or if what is executed is the dynamic
 * loader, which was given the program as an argument. `session` is borrowed and
 * has to outlive the source; while its `no_debuginfod` is set, no server is
 * asked. ERROR_UNSUPPORTED in a captured tree.
 */
struct error *modules_create(const struct session *session,
			     struct name_source **ret)
	__attribute__((nonnull, warn_unused_result));

#endif
