/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/registers.h"

#if defined(__aarch64__)

#include <asm/ptrace.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#include "target/remote.h"

/* The kind of branch that the processor remembers, for BTI. */
#define PSTATE_BTYPE UINT64_C(0xc00)

/* "svc #0" */
#define SUPERVISOR_CALL UINT32_C(0xd4000001)

/* Of a call that was interrupted. */
#define FAILED ((uint64_t)-EINTR)

enum {
	CALL_NUMBER = 8,
	RESTART = 128,
	N_ARGUMENTS = 6,
	CALL_LENGTH = 4,
	MASK_SIZE = 8
};

_Static_assert(sizeof(struct user_pt_regs) <= sizeof(struct registers),
	       "struct registers is too small");

enum instruction_set registers_set_of(bool narrow)
{
	return narrow ? SET_NONE : SET_AARCH64;
}

bool registers_read(pid_t tid, struct registers *ret)
{
	struct iovec vector = {ret->words, sizeof(struct user_pt_regs)};

	/* Of a 32-bit thread they are fewer. */
	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &vector) ==
		       0 &&
	       vector.iov_len == sizeof(struct user_pt_regs);
}

bool registers_write(pid_t tid, const struct registers *registers)
{
	struct registers copy = *registers;
	struct iovec vector = {copy.words, sizeof(struct user_pt_regs)};

	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &vector) == 0;
}

/* A copy in the kernel's shape, and back. */
static struct user_pt_regs unpack(const struct registers *registers)
{
	struct user_pt_regs user;

	memcpy(&user, registers->words, sizeof(user));
	return user;
}

static void pack(struct registers *registers, const struct user_pt_regs *user)
{
	memcpy(registers->words, user, sizeof(*user));
}

enum instruction_set registers_set(const struct registers *registers)
{
	struct user_pt_regs user = unpack(registers);

	/* Not PSTATE.SS, which the kernel leaves set behind a step without
	 * effect (user_regs_reset_single_step()); programs cannot step
	 * themselves. */
	return user.pstate & PSR_MODE32_BIT ? SET_NONE : SET_AARCH64;
}

/* Mending */

/* PTRACE_GET_SYSCALL_INFO is of Linux 5.3. */
bool registers_can_mend(void)
{
	unsigned major = 0, minor = 0;
	struct utsname name;

	return uname(&name) == 0 &&
	       sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 3));
}

/* Whether the registers are those of the call that was seen, which is made at
 * `address`, and x0 is this. All but x0 is as it was when the call began. */
static bool is_at(pid_t tid, const struct user_pt_regs *user,
		  const struct call *seen, uint64_t address, uint64_t x0)
{
	uint32_t word;

	if (!seen->inside || user->regs[0] != x0 ||
	    user->regs[CALL_NUMBER] != (uint64_t)seen->number)
		return false;
	for (size_t i = 1; i < N_ARGUMENTS; i++)
		if (user->regs[i] != seen->arguments[i])
			return false;
	return remote_read(tid, address, &word, sizeof(word)) &&
	       word == SUPERVISOR_CALL;
}

/* struct ptrace_syscall_info of include/uapi/linux/ptrace.h, Linux 5.3, as it
 * is of a stop by seccomp; two headers that cannot stand together have it. */
struct call_info {
	uint8_t kind, padding[3];
	uint32_t architecture;
	uint64_t pc, sp, number, arguments[N_ARGUMENTS];
	uint32_t data;
};

enum {
	GET_CALL_INFO = 0x420e, /* PTRACE_GET_SYSCALL_INFO */
	KIND_SECCOMP = 3,       /* PTRACE_SYSCALL_INFO_SECCOMP */
	SECCOMP_STOP = SIGTRAP | PTRACE_EVENT_SECCOMP << 8,
};

static bool call_info(pid_t tid, struct call_info *ret)
{
	return ptrace((enum __ptrace_request)GET_CALL_INFO, tid,
		      (void *)sizeof(*ret),
		      ret) >= (long)offsetof(struct call_info, data) &&
	       ret->kind == KIND_SECCOMP;
}

/*
 * The first argument of the thread's last call: its result has overwritten it,
 * but the kernel keeps it (orig_x0). It tells that at stops for seccomp only,
 * which it knows by the siginfo (ptrace_get_syscall_info(), kernel/ptrace.c,
 * 5.3). At an event stop nothing else depends on that, so it may be another one
 * for a moment, whether we live to put it back or not.
 */
static bool first_argument(pid_t tid, uint64_t *ret)
{
	struct call_info found = {0};
	siginfo_t saved, info;
	bool told;

	if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &saved) != 0)
		return false;
	info = saved;
	info.si_code = SECCOMP_STOP;
	told = ptrace(PTRACE_SETSIGINFO, tid, NULL, &info) == 0 &&
	       call_info(tid, &found);
	if (ptrace(PTRACE_SETSIGINFO, tid, NULL, &saved) != 0 || !told)
		return false;
	*ret = found.arguments[0];
	return true;
}

/* The signals that the call alone had let in (ppoll, epoll_pwait) have to wait
 * until it does so again: the thread gets its own mask back, which these two
 * requests know (test_tsk_restore_sigmask(), kernel/ptrace.c). */
static bool give_mask(pid_t tid)
{
	uint64_t mask;

	return ptrace(PTRACE_GETSIGMASK, tid, (void *)MASK_SIZE, &mask) == 0 &&
	       ptrace(PTRACE_SETSIGMASK, tid, (void *)MASK_SIZE, &mask) == 0;
}

/* The first argument is compared as well: a handler that the call has been
 * interrupted by leaves that of rt_sigreturn. */
bool registers_mend(pid_t tid, const struct call_look *seen)
{
	struct registers registers;
	struct user_pt_regs user;
	uint64_t first;

	if (seen->effect == CALL_FAILS || !registers_read(tid, &registers))
		return false;
	user = unpack(&registers);
	if (!is_at(tid, &user, &seen->call, user.pc - CALL_LENGTH, FAILED) ||
	    !call_may_repeat(CALLS_GENERIC, seen->call.number) ||
	    !first_argument(tid, &first) || first != seen->call.arguments[0] ||
	    !give_mask(tid))
		return false;
	user.regs[0] = first;
	user.pc -= CALL_LENGTH;
	pack(&registers, &user);
	return registers_write(tid, &registers);
}

bool registers_forget_calls(void)
{
	return true;
}

void registers_fail(pid_t tid, const struct call_look *seen)
{
	struct registers registers;
	struct user_pt_regs user;

	if (!registers_read(tid, &registers))
		return;
	user = unpack(&registers);
	/* Led to restart_syscall, it has that number (setup_restart_syscall()).
	 */
	if (user.regs[CALL_NUMBER] == RESTART)
		user.regs[CALL_NUMBER] = (uint64_t)seen->call.number;
	if (!is_at(tid, &user, &seen->call, user.pc, seen->call.arguments[0]))
		return;
	user.regs[0] = FAILED;
	user.pc += CALL_LENGTH;
	pack(&registers, &user);
	registers_write(tid, &registers);
}

/* A call that was not seen cannot be told from what a handler returns to. */
bool registers_interrupted(pid_t tid)
{
	(void)tid;
	return false;
}

/* Diverting */

/* The kernel has forgotten the call at every stop that we see. */
bool registers_in_call(const struct registers *registers)
{
	(void)registers;
	return false;
}

uint64_t registers_pc(const struct registers *registers)
{
	return unpack(registers).pc;
}

void registers_aim(struct registers *registers,
		   const struct instruction *instruction, uint64_t address,
		   uint64_t value)
{
	struct user_pt_regs user = unpack(registers);

	user.pc = instruction->address;
	user.pstate &= ~PSTATE_BTYPE;
	if (instruction->write)
		user.regs[instruction->value] = value;
	user.regs[instruction->base] =
		address - (uint64_t)instruction->displacement;
	pack(registers, &user);
}

/* A store that a hypervisor emulates ends its step (kvm_skip_instr()). */
bool registers_guard(pid_t tid, const struct instruction *instruction)
{
	(void)tid;
	(void)instruction;
	return true;
}

void registers_unguard(pid_t tid)
{
	(void)tid;
}

uint64_t registers_loaded(const struct registers *registers,
			  const struct instruction *instruction)
{
	return unpack(registers).regs[instruction->value];
}

bool registers_must_lead(pid_t tid, const struct registers *registers,
			 bool timed)
{
	struct user_pt_regs user = unpack(registers);
	uint32_t word;

	return timed && remote_read(tid, user.pc, &word, sizeof(word)) &&
	       word == SUPERVISOR_CALL;
}

bool registers_skip(pid_t tid, struct registers *saved)
{
	struct registers now;
	struct user_pt_regs user = unpack(saved);
	int none = -1;
	struct iovec vector = {&none, sizeof(none)};

	if (!registers_read(tid, &now))
		return false;
	/* Now it is restart_syscall, or still the call itself. */
	user.regs[CALL_NUMBER] = unpack(&now).regs[CALL_NUMBER];
	if (ptrace(PTRACE_SETREGSET, tid, (void *)NT_ARM_SYSTEM_CALL,
		   &vector) != 0)
		return false;
	pack(saved, &user);
	return true;
}

#else

/* This file is for another machine. */
typedef int registers_aarch64_is_empty;

#endif
