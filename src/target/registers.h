/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of a stopped thread: what differs between architectures. */
#ifndef MMIODBG_TARGET_REGISTERS_H
#define MMIODBG_TARGET_REGISTERS_H

#include <sys/types.h>

#include "target/calls.h"

/* Whether registers_mend() does anything on this architecture. */
#if defined(__x86_64__)
#define REGISTERS_MEND 1
#else
#define REGISTERS_MEND 0
#endif

/*
 * Mends the result of the call that our stop has interrupted, so that the
 * kernel starts it again. `effect` is what was seen of the thread's call
 * before; where a call fails that was seen to fail, that was accepted.
 * `filtered`: by seccomp, so that restart_syscall might kill it; then the call
 * starts anew, with all of its time: it has begun since that look, or waits
 * without a limit.
 *
 * The value that is set, -ERESTARTNOHAND, means: again, unless a handler runs
 * first, which makes it EINTR; just what the call would have done without us
 * (handle_signal() and arch_do_signal_or_restart(), arch/x86/kernel/signal.c).
 */
void registers_mend(pid_t tid, enum call_effect effect, bool filtered);

/*
 * Whether it would: the thread stands behind a call that failed with EINTR, or
 * that restart_syscall is to continue.
 */
bool registers_interrupted(pid_t tid);

#endif
