/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/registers.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

/* include/linux/errno.h; never seen by a program, only by its tracer. */
enum { RESTART_NO_HANDLER = 514, RESTART_BLOCK = 516 };

/* Of user space, include/asm/segment.h. */
enum { CODE_SEGMENT_32 = 0x23, CODE_SEGMENT_64 = 0x33, DATA_SEGMENT = 0x2b };

enum { TRAP_FLAG = 0x100 };

static long peek(pid_t tid, size_t offset)
{
	errno = 0;
	return ptrace(PTRACE_PEEKUSER, tid, (void *)offset, NULL);
}

#define PEEK(tid, name) peek(tid, offsetof(struct user_regs_struct, name))

/* The call that a stop has interrupted, and its result. */
struct interrupted {
	enum call_set set;
	long number;
	long result; /* -EINTR or -RESTART_BLOCK */
};

static bool find_interrupted(pid_t tid, struct interrupted *ret)
{
	struct interrupted found = {.set = CALLS_X86_64};

	found.result = PEEK(tid, rax);
	if (errno)
		return false;
	if (PEEK(tid, cs) == CODE_SEGMENT_32) {
		found.set = CALLS_I386;
		found.result = (int32_t)found.result;
	}
	if (found.result != -EINTR && found.result != -RESTART_BLOCK)
		return false;
	found.number = PEEK(tid, orig_rax);
	if (found.set == CALLS_I386)
		found.number = (int32_t)found.number;
	*ret = found;
	/* Else it is not in a call, and the value is just a value. */
	return !errno && found.number >= 0;
}

bool registers_interrupted(pid_t tid)
{
	struct interrupted found;

	return find_interrupted(tid, &found);
}

bool registers_can_mend(void)
{
	return true;
}

bool registers_mend(pid_t tid, const struct call_look *seen)
{
	struct interrupted found;

	if (!find_interrupted(tid, &found))
		return false;
	if (found.result == -RESTART_BLOCK
		    ? !seen->filtered
		    : seen->effect == CALL_FAILS ||
			      !call_may_repeat(found.set, found.number))
		return false;
	ptrace(PTRACE_POKEUSER, tid,
	       (void *)offsetof(struct user_regs_struct, rax),
	       (void *)(long)-RESTART_NO_HANDLER);
	return false;
}

bool registers_forget_calls(void)
{
	return false;
}

void registers_fail(pid_t tid, const struct call_look *seen)
{
	(void)tid;
	(void)seen;
}

/* Diverting */

_Static_assert(sizeof(struct user_regs_struct) <= sizeof(struct registers),
	       "struct registers is too small");

enum instruction_set registers_set_of(bool narrow)
{
	return narrow ? SET_I386 : SET_X86_64;
}

bool registers_read(pid_t tid, struct registers *ret)
{
	return ptrace(PTRACE_GETREGS, tid, NULL, ret->words) == 0;
}

bool registers_write(pid_t tid, const struct registers *registers)
{
	return ptrace(PTRACE_SETREGS, tid, NULL, registers->words) == 0;
}

/* A copy in the kernel's shape, and back. */
static struct user_regs_struct unpack(const struct registers *registers)
{
	struct user_regs_struct user;

	memcpy(&user, registers->words, sizeof(user));
	return user;
}

static void pack(struct registers *registers,
		 const struct user_regs_struct *user)
{
	memcpy(registers->words, user, sizeof(*user));
}

enum instruction_set registers_set(const struct registers *registers)
{
	struct user_regs_struct user = unpack(registers);

	if (user.eflags & TRAP_FLAG)
		return SET_NONE;
	if (user.cs == CODE_SEGMENT_64)
		return SET_X86_64;
	return user.cs == CODE_SEGMENT_32 && user.ds == DATA_SEGMENT ? SET_I386
								     : SET_NONE;
}

bool registers_in_call(const struct registers *registers)
{
	struct user_regs_struct user = unpack(registers);

	return (int32_t)user.orig_rax >= 0;
}

uint64_t registers_pc(const struct registers *registers)
{
	return unpack(registers).rip;
}

/* Where the register stands that has this number in instructions. */
static size_t place_of(unsigned number)
{
	static const size_t places[] = {
		offsetof(struct user_regs_struct, rax),
		offsetof(struct user_regs_struct, rcx),
		offsetof(struct user_regs_struct, rdx),
		offsetof(struct user_regs_struct, rbx),
		offsetof(struct user_regs_struct, rsp),
		offsetof(struct user_regs_struct, rbp),
		offsetof(struct user_regs_struct, rsi),
		offsetof(struct user_regs_struct, rdi),
		offsetof(struct user_regs_struct, r8),
		offsetof(struct user_regs_struct, r9),
		offsetof(struct user_regs_struct, r10),
		offsetof(struct user_regs_struct, r11),
		offsetof(struct user_regs_struct, r12),
		offsetof(struct user_regs_struct, r13),
		offsetof(struct user_regs_struct, r14),
		offsetof(struct user_regs_struct, r15),
	};

	return places[number & 15] / sizeof(uint64_t);
}

/* orig_rax -1: the kernel starts no call again (KERNEL.md section 7). */
void registers_aim(struct registers *registers,
		   const struct instruction *instruction, uint64_t address,
		   uint64_t value)
{
	struct user_regs_struct user = unpack(registers);
	uint64_t base = address - (uint64_t)instruction->displacement;

	user.orig_rax = (unsigned long long)-1;
	user.rip = instruction->address;
	pack(registers, &user);
	if (registers_set(registers) == SET_I386)
		base = (uint32_t)base;
	if (instruction->write)
		registers->words[place_of(instruction->value)] = value;
	registers->words[place_of(instruction->base)] = base;
}

/* Offsets of the debug registers; bit 0 of DR7 enables DR0, for execution of
 * one byte if all others are 0. */
#define DEBUG_ADDRESS offsetof(struct user, u_debugreg[0])
#define DEBUG_CONTROL offsetof(struct user, u_debugreg[7])

static bool is_guest(void)
{
	enum { FEATURES = 1, HYPERVISOR = 1u << 31 };
	unsigned a, b, c = 0, d;

	return __get_cpuid(FEATURES, &a, &b, &c, &d) && c & HYPERVISOR;
}

static bool poke(pid_t tid, size_t offset, uint64_t value)
{
	return ptrace(PTRACE_POKEUSER, tid, (void *)offset,
		      (void *)(uintptr_t)value) == 0;
}

bool registers_guard(pid_t tid, const struct instruction *instruction)
{
	if (!instruction->write || !is_guest())
		return true;
	/* Somebody's breakpoints, who traced it before, are not ours. */
	if (peek(tid, DEBUG_CONTROL) != 0 || errno)
		return false;
	return poke(tid, DEBUG_ADDRESS,
		    instruction->address + instruction->length) &&
	       poke(tid, DEBUG_CONTROL, 1);
}

void registers_unguard(pid_t tid)
{
	if (!is_guest() || peek(tid, DEBUG_CONTROL) != 1)
		return;
	poke(tid, DEBUG_CONTROL, 0);
	poke(tid, DEBUG_ADDRESS, 0);
}

uint64_t registers_loaded(const struct registers *registers,
			  const struct instruction *instruction)
{
	return registers->words[place_of(instruction->value)];
}

bool registers_must_lead(pid_t tid, const struct registers *registers,
			 bool timed)
{
	(void)tid;
	(void)registers;
	(void)timed;
	return false;
}

bool registers_skip(pid_t tid, struct registers *saved)
{
	(void)tid;
	(void)saved;
	return false;
}

#else

/* This file is for another machine. */
typedef int registers_x86_64_is_empty;

#endif
