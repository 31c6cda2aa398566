/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/calls.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "target/registers.h"

/*
 * Where a call says how long it waits at most. Behind a pointer NULL is without
 * limit; what is pointed to is not looked at.
 */
enum limit {
	LIMIT_NONE,    /* nowhere */
	LIMIT_POINTER, /* a struct timespec */
	LIMIT_INT,     /* milliseconds, below 0 without limit */
};

enum { FLAG_WAITALL = 0x100, FLAG_ABSOLUTE = 1, FUTEX_COMMAND = 0x7f };

enum futex {
	FUTEX_WAIT = 0,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAIT_REQUEUE = 11,
};

enum { IO_URING_EXTENDED = 1 << 3, X32 = 0x40000000 };

/*
 * `with` and `without`: the effect with a limit of time and without one. Calls
 * that are not here are unseen. From the manual pages, and from the source of
 * Linux 6.1: epoll_wait, semtimedop, sigtimedwait, io_getevents and
 * io_uring_enter give EINTR; nanosleep, clock_nanosleep, futex and poll set up
 * restart_syscall; those that write return what they have written.
 */
static const struct row {
	const char *name;
	int x86_64, i386, generic; /* -1: there is none */
	enum call_effect with, without;
	enum limit limit;
	unsigned argument; /* of the limit, from 0 */
} rows[] = {
	{"nanosleep", 35, 162, 101, CALL_TIMED, CALL_TIMED, LIMIT_NONE, 0},
	{"clock_nanosleep", 230, 267, 115, CALL_TIMED, CALL_TIMED, LIMIT_NONE,
	 0},
	{"clock_nanosleep_time64", -1, 407, -1, CALL_TIMED, CALL_TIMED,
	 LIMIT_NONE, 0},
	{"poll", 7, 168, -1, CALL_TIMED, CALL_AGAIN, LIMIT_INT, 2},
	{"futex", 202, 240, 98, CALL_TIMED, CALL_UNSEEN, LIMIT_POINTER, 3},
	{"futex_time64", -1, 422, -1, CALL_TIMED, CALL_UNSEEN, LIMIT_POINTER,
	 3},
	{"epoll_wait", 232, 256, -1, CALL_FAILS, CALL_AGAIN, LIMIT_INT, 3},
	{"epoll_pwait", 281, 319, 22, CALL_FAILS, CALL_AGAIN, LIMIT_INT, 3},
	{"epoll_pwait2", 441, 441, 441, CALL_FAILS, CALL_AGAIN, LIMIT_POINTER,
	 3},
	{"semop", 65, -1, 193, CALL_AGAIN, CALL_AGAIN, LIMIT_NONE, 0},
	{"semtimedop", 220, -1, 192, CALL_FAILS, CALL_AGAIN, LIMIT_POINTER, 3},
	{"semtimedop_time64", -1, 420, -1, CALL_FAILS, CALL_AGAIN,
	 LIMIT_POINTER, 3},
	{"rt_sigtimedwait", 128, 177, 137, CALL_FAILS, CALL_AGAIN,
	 LIMIT_POINTER, 2},
	{"rt_sigtimedwait_time64", -1, 421, -1, CALL_FAILS, CALL_AGAIN,
	 LIMIT_POINTER, 2},
	{"io_getevents", 208, 247, 4, CALL_FAILS, CALL_AGAIN, LIMIT_POINTER, 4},
	{"io_pgetevents", 333, 385, 292, CALL_FAILS, CALL_AGAIN, LIMIT_POINTER,
	 4},
	{"io_pgetevents_time64", -1, 416, -1, CALL_FAILS, CALL_AGAIN,
	 LIMIT_POINTER, 4},
	{"io_uring_enter", 426, 426, 426, CALL_AGAIN, CALL_AGAIN, LIMIT_NONE,
	 0},
	/* EINTR where the time left cannot be written back. */
	{"select", 23, 142, -1, CALL_AGAIN, CALL_AGAIN, LIMIT_NONE, 0},
	{"pselect6", 270, 308, 72, CALL_AGAIN, CALL_AGAIN, LIMIT_NONE, 0},
	{"pselect6_time64", -1, 413, -1, CALL_AGAIN, CALL_AGAIN, LIMIT_NONE, 0},
	{"ppoll", 271, 309, 73, CALL_AGAIN, CALL_AGAIN, LIMIT_NONE, 0},
	{"ppoll_time64", -1, 414, -1, CALL_AGAIN, CALL_AGAIN, LIMIT_NONE, 0},
	/* EINTR on tmpfs and hugetlbfs of some kernels. */
	{"fallocate", 285, 324, 47, CALL_AGAIN, CALL_AGAIN, LIMIT_NONE, 0},
	/* Many calls in one, their arguments in memory. */
	{"ipc", -1, 117, -1, CALL_FAILS, CALL_FAILS, LIMIT_NONE, 0},
	{"socketcall", -1, 102, -1, CALL_FAILS, CALL_FAILS, LIMIT_NONE, 0},
	{"read", 0, 3, 63, CALL_SOCKET, CALL_SOCKET, LIMIT_NONE, 0},
	{"preadv2", 327, 378, 286, CALL_SOCKET, CALL_SOCKET, LIMIT_NONE, 0},
	{"readv", 19, 145, 65, CALL_SOCKET, CALL_SOCKET, LIMIT_NONE, 0},
	{"accept", 43, -1, 202, CALL_SOCKET, CALL_SOCKET, LIMIT_NONE, 0},
	{"accept4", 288, 364, 242, CALL_SOCKET, CALL_SOCKET, LIMIT_NONE, 0},
	{"connect", 42, 362, 203, CALL_SOCKET, CALL_SOCKET, LIMIT_NONE, 0},
	{"recvfrom", 45, 371, 207, CALL_SOCKET, CALL_SOCKET, LIMIT_NONE, 0},
	{"recvmsg", 47, 372, 212, CALL_SOCKET, CALL_SOCKET, LIMIT_NONE, 0},
	{"recvmmsg", 299, 337, 243, CALL_FAILS, CALL_CUT, LIMIT_POINTER, 4},
	{"recvmmsg_time64", -1, 417, -1, CALL_FAILS, CALL_CUT, LIMIT_POINTER,
	 4},
	{"sendto", 44, 369, 206, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"sendmsg", 46, 370, 211, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"sendmmsg", 307, 345, 269, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"write", 1, 4, 64, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"writev", 20, 146, 66, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"pwritev2", 328, 379, 287, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"sendfile", 40, 187, 71, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"sendfile64", -1, 239, -1, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"splice", 275, 313, 76, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"vmsplice", 278, 316, 75, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"tee", 276, 315, 77, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	{"copy_file_range", 326, 377, 285, CALL_CUT, CALL_CUT, LIMIT_NONE, 0},
	/* For their names only. */
	{"rt_sigsuspend", 130, 179, 133, CALL_UNSEEN, CALL_UNSEEN, LIMIT_NONE,
	 0},
	{"pause", 34, 29, -1, CALL_UNSEEN, CALL_UNSEEN, LIMIT_NONE, 0},
	{"wait4", 61, 114, 260, CALL_UNSEEN, CALL_UNSEEN, LIMIT_NONE, 0},
	{"waitid", 247, 284, 95, CALL_UNSEEN, CALL_UNSEEN, LIMIT_NONE, 0},
	{"vfork", 58, 190, -1, CALL_UNSEEN, CALL_UNSEEN, LIMIT_NONE, 0},
	{"clone", 56, 120, 220, CALL_UNSEEN, CALL_UNSEEN, LIMIT_NONE, 0},
	{"clone3", 435, 435, 435, CALL_UNSEEN, CALL_UNSEEN, LIMIT_NONE, 0},
	{"execve", 59, 11, 221, CALL_UNSEEN, CALL_UNSEEN, LIMIT_NONE, 0},
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static int number_in(const struct row *row, enum call_set set)
{
	return set == CALLS_X86_64 ? row->x86_64
	       : set == CALLS_I386 ? row->i386
				   : row->generic;
}

static const struct row *find_row(enum call_set set, long number)
{
	for (size_t i = 0; number >= 0 && i < N_ROWS; i++)
		if (number_in(&rows[i], set) == number)
			return &rows[i];
	return NULL;
}

bool call_parse(const char *text, struct call *ret)
{
	struct call call = {0};
	unsigned long long arguments[6];
	int fields;

	if (strncmp(text, "running", 7) == 0) {
		*ret = call;
		return true;
	}
	fields = sscanf(text, "%ld %llx %llx %llx %llx %llx %llx", &call.number,
			&arguments[0], &arguments[1], &arguments[2],
			&arguments[3], &arguments[4], &arguments[5]);
	if (fields < 1 || (call.number >= 0 && fields < 7))
		return false;
	/* "-1 SP PC": it waits, but not in a call. */
	call.inside = call.number >= 0;
	for (size_t i = 0; call.inside && i < 6; i++)
		call.arguments[i] = arguments[i];
	*ret = call;
	return true;
}

static bool has_limit(const struct row *row, const struct call *call)
{
	uint64_t argument = call->arguments[row->argument];

	switch (row->limit) {
	case LIMIT_POINTER:
		return argument != 0;
	case LIMIT_INT:
		return (int32_t)argument >= 0;
	default:
		return false;
	}
}

static bool is_named(const struct row *row, const char *name)
{
	return strncmp(row->name, name, strlen(name)) == 0;
}

/* Calls whose effect another argument decides as well. */
static enum call_effect special(const struct row *row, const struct call *call,
				enum call_effect effect)
{
	unsigned command = (unsigned)call->arguments[1] & FUTEX_COMMAND;

	if (is_named(row, "futex")) {
		if (command == FUTEX_WAIT_REQUEUE)
			return CALL_FAILS;
		/* Elsewhere the argument is no time, or the call is started
		 * again as it was. */
		return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET
			       ? effect
			       : CALL_UNSEEN;
	}
	if ((is_named(row, "recvfrom") && call->arguments[3] & FLAG_WAITALL) ||
	    (is_named(row, "recvmsg") && call->arguments[2] & FLAG_WAITALL))
		return CALL_CUT;
	if (is_named(row, "io_uring_enter") && call->arguments[1])
		return CALL_CUT; /* it has submitted, and does not wait again */
	if (is_named(row, "io_uring_enter") &&
	    call->arguments[3] & IO_URING_EXTENDED)
		return CALL_FAILS;
	if (is_named(row, "clock_nanosleep") &&
	    call->arguments[1] & FLAG_ABSOLUTE)
		return CALL_UNSEEN; /* it is started again as it was */
	return effect;
}

enum call_effect call_effect(enum call_set set, const struct call *call)
{
	const struct row *row =
		call->inside ? find_row(set, call->number) : NULL;
	enum call_effect effect;

	/* A table of its own, which we do not have. */
	if (set == CALLS_X86_64 && call->inside && call->number & X32)
		return CALL_FAILS;
	if (!row)
		return CALL_UNSEEN;
	effect = special(row, call,
			 has_limit(row, call) ? row->with : row->without);
	/* What it takes to start a failed call again is out of reach. */
	if (effect == CALL_AGAIN && !registers_can_mend())
		effect = is_named(row, "poll") ? CALL_TIMED : CALL_FAILS;
	return effect;
}

bool call_is_timed(enum call_set set, const struct call *call)
{
	return call_effect(set, call) == CALL_TIMED;
}

bool call_heeds_handlers(enum call_set set, const struct call *call)
{
	const struct row *row =
		call->inside ? find_row(set, call->number) : NULL;
	enum call_effect effect;

	if (!row)
		return false;
	/* These also where they are started again as they were. */
	if (is_named(row, "clock_nanosleep") || is_named(row, "rt_sigsuspend"))
		return true;
	effect = special(row, call,
			 has_limit(row, call) ? row->with : row->without);
	return effect == CALL_AGAIN || effect == CALL_TIMED ||
	       (effect == CALL_FAILS && !is_named(row, "futex"));
}

bool call_may_repeat(enum call_set set, long number)
{
	struct call call = {.inside = true, .number = number};
	/* With its limit of time, too: that it waited was not seen before, so
	 * that it has begun just now. */
	enum call_effect effect = call_effect(set, &call);

	return effect != CALL_UNSEEN && effect != CALL_TIMED &&
	       effect != CALL_CUT;
}

const char *call_name(enum call_set set, long number)
{
	const struct row *row = find_row(set, number);

	return row ? row->name : NULL;
}

enum call_set call_set_of(bool narrow)
{
#if defined(__x86_64__)
	return narrow ? CALLS_I386 : CALLS_X86_64;
#elif defined(__i386__)
	(void)narrow;
	return CALLS_I386;
#else
	(void)narrow;
	return CALLS_GENERIC;
#endif
}

bool calls_known(bool narrow)
{
#if defined(__x86_64__) || defined(__i386__)
	(void)narrow;
	return true;
#elif defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64) ||      \
	defined(__loongarch64)
	return !narrow;
#else
	(void)narrow;
	return false;
#endif
}
