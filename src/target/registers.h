/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a stopped thread: all that differs between architectures.
 * registers-ARCHITECTURE.c has the bodies for one, registers-none.c those for a
 * machine that we do not know.
 */
#ifndef MMIODBG_TARGET_REGISTERS_H
#define MMIODBG_TARGET_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/calls.h"
#include "target/instruction.h"

/* Whether registers_mend() can do anything on this machine. */
bool registers_can_mend(void);

/*
 * Mends the result of the call that our stop has interrupted, so that it is
 * made again. `seen` is what was seen of the thread before; where a call fails
 * that was seen to fail, that was accepted. If it is filtered, restart_syscall
 * might kill it; then the call starts anew, with all of its time: it has begun
 * since that look, or waits without a limit.
 *
 * x86: the value that is set, -ERESTARTNOHAND, means: again, unless a handler
 * runs first, which makes it EINTR; just what the call would have done without
 * us (handle_signal() and arch_do_signal_or_restart(),
 * arch/x86/kernel/signal.c).
 *
 * arm64: only a call that was seen, for the kernel has forgotten by then
 * whether there was one (do_signal(), arch/arm64/kernel/signal.c); it is wound
 * back to its instruction, and the result is true.
 */
bool registers_mend(pid_t tid, const struct call_look *seen)
	__attribute__((nonnull));

/*
 * Where the kernel has forgotten the call by the time that a thread goes on
 * which we have moved, it does not make it fail either if a handler is to run
 * before it is made again: then registers_fail() has to give the thread its
 * EINTR. It does nothing if the thread does not stand before the call that was
 * seen.
 */
bool registers_forget_calls(void);
void registers_fail(pid_t tid, const struct call_look *seen)
	__attribute__((nonnull));

/*
 * Whether it would, also of a call that was not seen: the thread stands behind
 * one that failed with EINTR, or that restart_syscall is to continue. False
 * where that cannot be told.
 */
bool registers_interrupted(pid_t tid);

/* Which instructions a program has that was built for this machine, or, with
 * `narrow`, for 32 bits; SET_NONE: we cannot divert its threads. */
enum instruction_set registers_set_of(bool narrow);

/* The general registers of a thread, as the kernel hands them out. */
struct registers {
	uint64_t words[40];
};

/* False, with errno: it does not stand still, or is none of ours. */
bool registers_read(pid_t tid, struct registers *ret);
bool registers_write(pid_t tid, const struct registers *registers);

/* What the thread executes just now; SET_NONE: something that we do not step,
 * for it steps itself, or addresses memory through other segments. */
enum instruction_set registers_set(const struct registers *registers);

/* Whether the thread stands behind a system call, as far as can be told. */
bool registers_in_call(const struct registers *registers);

/* Where the next instruction is. */
uint64_t registers_pc(const struct registers *registers);

/* Points them at an access: `instruction` is next, and goes to `address`; what
 * it stores is `value`. No system call is started again by them. */
void registers_aim(struct registers *registers,
		   const struct instruction *instruction, uint64_t address,
		   uint64_t value);

/*
 * Makes sure that a step of it is one instruction. In a guest of KVM on x86 a
 * store that the hypervisor emulates loses the single step, and the next
 * instruction would be executed as well (complete_emulated_mmio(),
 * arch/x86/kvm/x86.c): there a breakpoint stands behind it. False: that is not
 * to be had. Legal to undo without it.
 */
bool registers_guard(pid_t tid, const struct instruction *instruction);
void registers_unguard(pid_t tid);

/* What it has loaded. */
uint64_t registers_loaded(const struct registers *registers,
			  const struct instruction *instruction);

/*
 * Whether a thread, whose call a stop has interrupted, has yet to be led to
 * where the kernel knows no more of it, so that the call goes on with the time
 * that was left: the kernel of arm64 prepares that only if the thread goes on
 * as it is (do_signal(), arch/arm64/kernel/signal.c). `timed`: it was seen in
 * such a call. If so, it is let go to the entry of its call by PTRACE_SYSCALL;
 * there registers_skip() makes that entry do nothing, and it goes on to the
 * exit. `saved` is what it has to be given back in the end.
 */
bool registers_must_lead(pid_t tid, const struct registers *registers,
			 bool timed);
bool registers_skip(pid_t tid, struct registers *saved);

#endif
