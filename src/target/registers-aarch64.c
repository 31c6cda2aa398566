/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/registers.h"

#if defined(__aarch64__)

#include <asm/ptrace.h>
#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "target/remote.h"

/* The kind of branch that the processor remembers, for BTI. */
#define PSTATE_BTYPE UINT64_C(0xc00)

/* "svc #0" */
#define SUPERVISOR_CALL UINT32_C(0xd4000001)

enum { CALL_NUMBER = 8, NR_RESTART = 128 };

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
