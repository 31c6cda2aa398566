/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For a machine whose registers we do not know: nothing is done to them. */
#include "target/registers.h"

#if !defined(__x86_64__) && !defined(__aarch64__)

bool registers_can_mend(void)
{
	return false;
}

bool registers_mend(pid_t tid, const struct call_look *seen)
{
	(void)tid;
	(void)seen;
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

bool registers_interrupted(pid_t tid)
{
	(void)tid;
	return false;
}

enum instruction_set registers_set_of(bool narrow)
{
	(void)narrow;
	return SET_NONE;
}

bool registers_read(pid_t tid, struct registers *ret)
{
	(void)tid;
	(void)ret;
	return false;
}

bool registers_write(pid_t tid, const struct registers *registers)
{
	(void)tid;
	(void)registers;
	return false;
}

enum instruction_set registers_set(const struct registers *registers)
{
	(void)registers;
	return SET_NONE;
}

bool registers_in_call(const struct registers *registers)
{
	(void)registers;
	return false;
}

uint64_t registers_pc(const struct registers *registers)
{
	(void)registers;
	return 0;
}

void registers_aim(struct registers *registers,
		   const struct instruction *instruction, uint64_t address,
		   uint64_t value)
{
	(void)registers;
	(void)instruction;
	(void)address;
	(void)value;
}

bool registers_guard(pid_t tid, const struct instruction *instruction)
{
	(void)tid;
	(void)instruction;
	return false;
}

void registers_unguard(pid_t tid)
{
	(void)tid;
}

uint64_t registers_loaded(const struct registers *registers,
			  const struct instruction *instruction)
{
	(void)registers;
	(void)instruction;
	return 0;
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

/* There is a file for this machine. */
typedef int registers_none_is_empty;

#endif
