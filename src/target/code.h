/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions in the code that a target has mapped: its vdso, its program, its
 * libraries. No byte of the target is ever written, so what an access needs has
 * to be there.
 */
#ifndef MMIODBG_TARGET_CODE_H
#define MMIODBG_TARGET_CODE_H

#include <stdbool.h>

#include "target/instruction.h"

struct code;
struct error;
struct session;

/*
 * An instruction of the target that makes such an access; looked for once. It
 * stays valid until code_forget(). ERROR_NO_CODE: there is none; ERROR_DENIED
 * if its memory may not be read.
 */
struct error *code_find(struct session *session, enum instruction_set set,
			unsigned bits, bool write,
			const struct instruction **ret)
	__attribute__((nonnull, warn_unused_result));

/* It was not there any more: what is mapped now is looked through next time. */
void code_forget(struct session *session) __attribute__((nonnull));

/* Legal on NULL. */
void code_destroy(struct code *code);

#endif
