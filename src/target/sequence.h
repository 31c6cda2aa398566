/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Restartable sequences, rseq(2). */
#ifndef MMIODBG_TARGET_SEQUENCE_H
#define MMIODBG_TARGET_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Whether a stopped thread of ours, the program counter of which is `pc`, is in
 * no critical section: one that is diverted out of one would lose its abort,
 * for the kernel forgets the section then (rseq_ip_fixup(), kernel/rseq.c).
 * `in_call`: it is in a system call, where nobody is in one.
 */
bool sequence_is_outside(pid_t tid, uint64_t pc, bool in_call);

#endif
