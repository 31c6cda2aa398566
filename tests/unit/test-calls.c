/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls: how /proc shows them, their numbers, and what an interruption
 * does. The numbers are compared with the kernel's headers where these are.
 */
#include "unit.h"

#include <ctype.h>
#include <sys/syscall.h>

#include "target/calls.h"

/* The text of /proc/PID/task/TID/syscall */

START_TEST(parsed)
{
	struct call call;

	memset(&call, 0x77, sizeof(call));
	ck_assert(call_parse("running\n", &call));
	ck_assert(!call.inside);
	memset(&call, 0x77, sizeof(call));
	ck_assert(call_parse("running", &call));
	ck_assert(!call.inside);
	/* It waits, in a page fault. */
	ck_assert(call_parse("-1 0x7ffd1b2c3d40 0x7f3e0c1b2a19", &call));
	ck_assert(!call.inside);
	ck_assert(call_parse("232 0x3 0x7ffd1b2c3d40 0x40 0xffffffffffffffff "
			     "0x0 0x8 0x7ffd1b2c3d10 0x7f3e0c1b2a19\n",
			     &call));
	ck_assert(call.inside);
	ck_assert_int_eq(call.number, 232);
	ck_assert(call.arguments[0] == 3);
	ck_assert(call.arguments[1] == UINT64_C(0x7ffd1b2c3d40));
	ck_assert(call.arguments[2] == 0x40);
	ck_assert(call.arguments[3] == UINT64_MAX);
	ck_assert(call.arguments[4] == 0);
	ck_assert(call.arguments[5] == 8);
	ck_assert(call_parse("0 0x0 0x1 0x2 0x3 0x4 0x5 0x6 0x7", &call));
	ck_assert(call.inside);
	ck_assert_int_eq(call.number, 0);
	ck_assert(call.arguments[5] == 5);
}
END_TEST

START_TEST(not_parsed)
{
	static const char *const texts[] = {
		"",
		"\n",
		"x",
		"walking",
		"0x23 0x1 0x2 0x3 0x4 0x5 0x6",
		"35",
		"35 ",
		"35 0x1",
		"35 0x1 0x2 0x3 0x4 0x5",
		"35 0x1 0x2 0x3 0x4 0x5 zebra",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct call call = {.number = 77};

		ck_assert_msg(!call_parse(texts[i], &call), "'%s' is taken",
			      texts[i]);
		ck_assert_msg(call.number == 77, "'%s' is written", texts[i]);
	}
}
END_TEST

/* Numbers */

/* "#define __NR_read 63", or __NR3264_ in the generic one. */
static bool parse_define(const char *line, char name[64], long *number)
{
	int end = 0;

	if (sscanf(line, "#define __NR_%63s %n", name, &end) != 1 &&
	    sscanf(line, "#define __NR3264_%63s %n", name, &end) != 1)
		return false;
	if (!end || !isdigit((unsigned char)line[end]))
		return false;
	*number = atol(line + end);
	return true;
}

static FILE *open_first(const char *const *paths)
{
	FILE *stream = NULL;

	for (; *paths && !stream; paths++)
		stream = fopen(*paths, "re");
	return stream;
}

/* Every number that the header has, and we have a name for, is of that name;
 * and there are at least so many of them. */
static void compare(enum call_set set, const char *const *paths, int least)
{
	cleanup_fclose FILE *stream = open_first(paths);
	char line[256], name[64];
	int found = 0;
	long number;

	if (!stream)
		return;
	while (fgets(line, sizeof(line), stream)) {
		const char *ours;

		if (!parse_define(line, name, &number))
			continue;
		ours = call_name(set, number);
		/* As it is called since there is another one. */
		if (strcmp(name, "_newselect") == 0)
			strcpy(name, "select");
		/* Of architectures with 32 bits. */
		if (!ours || (set == CALLS_GENERIC && strstr(name, "time64")))
			continue;
		ck_assert_msg(strcmp(ours, name) == 0, "%ld is %s, we have %s",
			      number, name, ours);
		found++;
	}
	ck_assert_msg(found >= least, "%d are named", found);
}

START_TEST(numbers_of_x86_64)
{
	static const char *const paths[] = {
		"/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
#if defined(__x86_64__)
		"/usr/include/asm/unistd_64.h",
#endif
		NULL,
	};

	compare(CALLS_X86_64, paths, 35);
}
END_TEST

START_TEST(numbers_of_i386)
{
	static const char *const paths[] = {
		"/usr/include/x86_64-linux-gnu/asm/unistd_32.h",
		"/usr/include/i386-linux-gnu/asm/unistd_32.h",
#if defined(__x86_64__)
		"/usr/include/asm/unistd_32.h",
#endif
		NULL,
	};

	compare(CALLS_I386, paths, 40);
}
END_TEST

START_TEST(numbers_of_generic)
{
	static const char *const paths[] = {
		"/usr/include/asm-generic/unistd.h",
		NULL,
	};

	compare(CALLS_GENERIC, paths, 30);
}
END_TEST

/* What the compiler has for this machine. */
static const struct {
	const char *name;
	long number;
} own[] = {
	{"nanosleep", SYS_nanosleep},
	{"clock_nanosleep", SYS_clock_nanosleep},
	{"futex", SYS_futex},
	{"epoll_pwait", SYS_epoll_pwait},
	{"rt_sigtimedwait", SYS_rt_sigtimedwait},
	{"io_getevents", SYS_io_getevents},
	{"read", SYS_read},
	{"readv", SYS_readv},
	{"recvfrom", SYS_recvfrom},
	{"recvmsg", SYS_recvmsg},
	{"recvmmsg", SYS_recvmmsg},
	{"accept4", SYS_accept4},
	{"connect", SYS_connect},
	{"sendto", SYS_sendto},
	{"sendmsg", SYS_sendmsg},
	{"sendmmsg", SYS_sendmmsg},
	{"write", SYS_write},
	{"writev", SYS_writev},
	{"sendfile", SYS_sendfile},
	{"splice", SYS_splice},
	{"vmsplice", SYS_vmsplice},
	{"tee", SYS_tee},
	{"clone", SYS_clone},
#ifdef SYS_poll
	{"poll", SYS_poll},
#endif
#ifdef SYS_epoll_wait
	{"epoll_wait", SYS_epoll_wait},
#endif
#ifdef SYS_semtimedop
	{"semop", SYS_semop},
	{"semtimedop", SYS_semtimedop},
#endif
#ifdef SYS_vfork
	{"vfork", SYS_vfork},
#endif
};

START_TEST(own_numbers)
{
	enum call_set set = call_set_of(sizeof(long) == 4);

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		const char *name = call_name(set, own[i].number);

		ck_assert_msg(name && strcmp(name, own[i].name) == 0,
			      "%s is %s", own[i].name, name ? name : "none");
	}
}
END_TEST

START_TEST(no_such_numbers)
{
	static const enum call_set sets[] = {CALLS_X86_64, CALLS_I386,
					     CALLS_GENERIC};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		/* -1 is what the table has where there is none. */
		ck_assert_ptr_null(call_name(sets[i], -1));
		ck_assert_ptr_null(call_name(sets[i], -2));
		ck_assert_ptr_null(call_name(sets[i], 100000));
	}
	ck_assert_ptr_null(call_name(CALLS_X86_64, 39)); /* getpid */
	ck_assert_ptr_null(call_name(CALLS_I386, 20));
	ck_assert_ptr_null(call_name(CALLS_GENERIC, 172));
}
END_TEST

/* Effects; the numbers are those of x86-64 and of i386. */

#if defined(__x86_64__)

#define NONE UINT64_MAX /* a limit of -1 */

static const struct {
	long x86_64, i386; /* -1: not there */
	uint64_t arguments[6];
	enum call_effect effect;
} effects[] = {
	/* nanosleep, clock_nanosleep */
	{35, 162, {1}, CALL_TIMED},
	{230, 267, {1, 0, 1}, CALL_TIMED},
	{-1, 407, {1, 0, 1}, CALL_TIMED},
	/* poll: NONE, 0, some, more than 31 bits */
	{7, 168, {1, 1, NONE}, CALL_AGAIN},
	{7, 168, {1, 1, 0xffffffff}, CALL_AGAIN},
	{7, 168, {1, 1, 0}, CALL_TIMED},
	{7, 168, {1, 1, 1000}, CALL_TIMED},
	{7, 168, {1, 1, 0x7fffffff}, CALL_TIMED},
	/* futex: WAIT, WAIT_BITSET, private, with CLOCK_REALTIME; without a
	 * limit; WAIT_REQUEUE_PI; WAKE, whose fourth is a number; LOCK_PI */
	{202, 240, {1, 0, 0, 1}, CALL_TIMED},
	{202, 240, {1, 9, 0, 1}, CALL_TIMED},
	{202, 240, {1, 0x80, 0, 1}, CALL_TIMED},
	{202, 240, {1, 0x189, 0, 1}, CALL_TIMED},
	{202, 240, {1, 0, 0, 0}, CALL_UNSEEN},
	{202, 240, {1, 0x80, 0, 0}, CALL_UNSEEN},
	{202, 240, {1, 11, 0, 1}, CALL_FAILS},
	{202, 240, {1, 0x8b, 0, 0}, CALL_FAILS},
	{202, 240, {1, 1, 1, 1}, CALL_UNSEEN},
	{202, 240, {1, 6, 1, 1}, CALL_UNSEEN},
	{-1, 422, {1, 0, 0, 1}, CALL_TIMED},
	/* epoll_wait, epoll_pwait, epoll_pwait2 */
	{232, 256, {1, 1, 1, 1000}, CALL_FAILS},
	{232, 256, {1, 1, 1, 0}, CALL_FAILS},
	{232, 256, {1, 1, 1, NONE}, CALL_AGAIN},
	{232, 256, {1, 1, 1, 0xffffffff}, CALL_AGAIN},
	{281, 319, {1, 1, 1, 1000}, CALL_FAILS},
	{281, 319, {1, 1, 1, NONE}, CALL_AGAIN},
	{441, 441, {1, 1, 1, 1}, CALL_FAILS},
	{441, 441, {1, 1, 1, 0}, CALL_AGAIN},
	/* semop, semtimedop */
	{65, -1, {1, 1, 1}, CALL_AGAIN},
	{220, -1, {1, 1, 1, 1}, CALL_FAILS},
	{220, -1, {1, 1, 1, 0}, CALL_AGAIN},
	{-1, 420, {1, 1, 1, 1}, CALL_FAILS},
	/* rt_sigtimedwait */
	{128, 177, {1, 1, 1, 8}, CALL_FAILS},
	{128, 177, {1, 1, 0, 8}, CALL_AGAIN},
	{-1, 421, {1, 1, 1, 8}, CALL_FAILS},
	/* io_getevents, io_pgetevents */
	{208, 247, {1, 1, 1, 1, 1}, CALL_FAILS},
	{208, 247, {1, 1, 1, 1, 0}, CALL_AGAIN},
	{333, 385, {1, 1, 1, 1, 1}, CALL_FAILS},
	{333, 385, {1, 1, 1, 1, 0}, CALL_AGAIN},
	/* ipc and socketcall tell nothing */
	{-1, 117, {1}, CALL_FAILS},
	{-1, 102, {1}, CALL_FAILS},
	/* read, accept, connect, recvfrom, recvmsg; with MSG_WAITALL */
	{0, 3, {1, 1, 1}, CALL_SOCKET},
	{43, -1, {1, 1, 1}, CALL_SOCKET},
	{42, 362, {1, 1, 1}, CALL_SOCKET},
	{45, 371, {1, 1, 1, 0}, CALL_SOCKET},
	{45, 371, {1, 1, 1, 0x100}, CALL_CUT},
	{47, 372, {1, 1, 0}, CALL_SOCKET},
	{47, 372, {1, 1, 0x100}, CALL_CUT},
	/* recvmmsg */
	{299, 337, {1, 1, 1, 0, 1}, CALL_FAILS},
	{299, 337, {1, 1, 1, 0, 0}, CALL_CUT},
	/* sendto, sendmsg, write, writev, sendfile, splice, tee */
	{44, 369, {1}, CALL_CUT},
	{46, 370, {1}, CALL_CUT},
	{1, 4, {1}, CALL_CUT},
	{20, 146, {1}, CALL_CUT},
	{40, 187, {1}, CALL_CUT},
	{-1, 239, {1}, CALL_CUT},
	{275, 313, {1}, CALL_CUT},
	{276, 315, {1}, CALL_CUT},
	/* pause, wait4, vfork, execve */
	{34, 29, {0}, CALL_UNSEEN},
	{61, 114, {1, 1, 0, 1}, CALL_UNSEEN},
	{58, 190, {0}, CALL_UNSEEN},
	{59, 11, {1, 1, 1}, CALL_UNSEEN},
};

static void effect_is(enum call_set set, long number, size_t i)
{
	struct call call = {.inside = true, .number = number};

	if (number < 0)
		return;
	memcpy(call.arguments, effects[i].arguments, sizeof(call.arguments));
	ck_assert_msg(call_effect(set, &call) == effects[i].effect,
		      "row %zu: call %ld: %d", i, number,
		      (int)call_effect(set, &call));
	/* The same number, but not in a call. */
	call.inside = false;
	ck_assert_msg(call_effect(set, &call) == CALL_UNSEEN, "row %zu", i);
}

START_TEST(known_effects)
{
	for (size_t i = 0; i < ARRAY_SIZE(effects); i++) {
		effect_is(CALLS_X86_64, effects[i].x86_64, i);
		effect_is(CALLS_I386, effects[i].i386, i);
	}
}
END_TEST

/* What is made again after an EINTR of ours: never what has done a part of its
 * work, and not what restart_syscall continues. */
START_TEST(repeated)
{
	static const long again[] = {232, 281, 441, 65, 220, 128,
				     208, 270, 271, 0,  45};
	static const long never[] = {35, 202, 1, 44, 61, 39};

	for (size_t i = 0; i < ARRAY_SIZE(again); i++)
		ck_assert_msg(call_may_repeat(CALLS_X86_64, again[i]), "%ld",
			      again[i]);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		ck_assert_msg(!call_may_repeat(CALLS_X86_64, never[i]), "%ld",
			      never[i]);
}
END_TEST

/* signal(7), "Interruption of system calls and library functions by signal
 * handlers": those that SA_RESTART does not restart. */
START_TEST(heeds_handlers)
{
	static const struct {
		struct call call;
		bool heeds;
	} calls[] = {
		{{true, 101, {1}}, true},            /* nanosleep */
		{{true, 115, {1, 0, 1}}, true},      /* clock_nanosleep */
		{{true, 115, {1, 1, 1}}, true},      /* absolute */
		{{true, 98, {1, 0, 0, 1}}, true},    /* futex, limited */
		{{true, 98, {1, 0, 0, 0}}, false},   /* and not */
		{{true, 22, {1, 1, 1, NONE}}, true}, /* epoll_pwait */
		{{true, 73, {1, 1, 0}}, true},       /* ppoll */
		{{true, 73, {1, 1, 1}}, true},
		{{true, 72, {1}}, true},           /* pselect6 */
		{{true, 133, {1}}, true},          /* rt_sigsuspend */
		{{true, 192, {1, 1, 1, 0}}, true}, /* semtimedop */
		{{true, 63, {1}}, false},          /* read */
		{{true, 64, {1}}, false},          /* write */
		{{true, 260, {1}}, false},         /* wait4 */
		{{true, 172, {0}}, false},         /* getpid */
		{{false, 101, {1}}, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		ck_assert_msg(
			call_heeds_handlers(CALLS_GENERIC, &calls[i].call) ==
				calls[i].heeds,
			"row %zu: call %ld", i, calls[i].call.number);
}
END_TEST

#endif

/* A limit is looked at wherever it may stand: nothing is read outside of the
 * arguments, and no number breaks the table. */
START_TEST(any_call)
{
	static const enum call_set sets[] = {CALLS_X86_64, CALLS_I386,
					     CALLS_GENERIC};
	struct call call = {.inside = true};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		for (call.number = -2; call.number < 1000; call.number++) {
			memset(call.arguments, 0, sizeof(call.arguments));
			ck_assert_int_le((int)call_effect(sets[i], &call),
					 (int)CALL_SOCKET);
			memset(call.arguments, 0xff, sizeof(call.arguments));
			ck_assert_int_le((int)call_effect(sets[i], &call),
					 (int)CALL_SOCKET);
		}
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		parsed,
		not_parsed,
		own_numbers,
		numbers_of_x86_64,
		numbers_of_i386,
		numbers_of_generic,
		no_such_numbers,
#if defined(__x86_64__)
		known_effects,
		repeated,
		heeds_handlers,
#endif
		any_call,
	};

	return run_suite(
		suite_of("calls", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
