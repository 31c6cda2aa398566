/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/registers.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
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

void registers_mend(pid_t tid, enum call_effect effect, bool filtered)
{
	struct interrupted found;

	if (!find_interrupted(tid, &found))
		return;
	if (found.result == -RESTART_BLOCK
		    ? !filtered
		    : effect == CALL_FAILS ||
			      !may_repeat(found.set, found.number))
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

bool registers_interrupted(pid_t tid)
{
	(void)tid;
	return false;
}

#endif
