/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/registers.h"

#include <errno.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

/* include/linux/errno.h; never seen by a program, only by its tracer. */
enum { RESTART_NO_HANDLER = 514, RESTART_BLOCK = 516 };

#if defined(__x86_64__)

enum { CODE_SEGMENT_32 = 0x23 };

static long peek(pid_t tid, size_t offset)
{
	errno = 0;
	return ptrace(PTRACE_PEEKUSER, tid, (void *)offset, NULL);
}

#define PEEK(tid, name) peek(tid, offsetof(struct user_regs_struct, name))

/* Whether the call has failed because of us, and may be started again. */
static bool may_repeat(enum call_set set, long number)
{
	struct call call = {.inside = true, .number = number};
	/* With its limit of time, too: that it waited was not seen before, so
	 * that it has begun just now. */
	enum call_effect effect = call_effect(set, &call);

	return effect != CALL_UNSEEN && effect != CALL_TIMED &&
	       effect != CALL_CUT;
}

void registers_mend(pid_t tid, enum call_effect effect, bool filtered)
{
	long result = PEEK(tid, rax), number;
	enum call_set set = CALLS_X86_64;

	if (errno)
		return;
	if (PEEK(tid, cs) == CODE_SEGMENT_32) {
		set = CALLS_I386;
		result = (int32_t)result;
	}
	if (result != -EINTR && result != -RESTART_BLOCK)
		return;
	number = PEEK(tid, orig_rax);
	if (set == CALLS_I386)
		number = (int32_t)number;
	/* Not in a call: the value is just a value. */
	if (errno || number < 0)
		return;
	if (result == -RESTART_BLOCK
		    ? !filtered
		    : effect == CALL_FAILS || !may_repeat(set, number))
		return;
	ptrace(PTRACE_POKEUSER, tid,
	       (void *)offsetof(struct user_regs_struct, rax),
	       (void *)(long)-RESTART_NO_HANDLER);
}

#else

/* KERNEL.md section 7: on arm64 the thread is wound back before we see it. */
void registers_mend(pid_t tid, enum call_effect effect, bool filtered)
{
	(void)tid;
	(void)effect;
	(void)filtered;
}

#endif
