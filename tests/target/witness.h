/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What processes that verify themselves have in common: damage, which they have
 * noticed; random numbers; and the time, with how late the machine was
 */
#ifndef MMIODBG_TESTS_WITNESS_H
#define MMIODBG_TESTS_WITNESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
	MAX_HEARTS = 8,
};

/* Keeps what was noticed until damages_print().  May be called in a handler. */
void damage(const char *kind, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints "damage: KIND: WHAT" lines; how many there were. */
unsigned int damages_print(void);

/* The end, in a handler: writes all of it to standard output, and exits. */
_Noreturn void damage_crash(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* "0", or what the errno @error is called. */
const char *error_name(int error);

/* Says what failed with errno, and exits. */
_Noreturn void fatal(const char *what);

/* The number @text up to @max; else says so, and exits. */
uint64_t number(const char *text, uint64_t max);

/* The mask of this thread, called @name, must be @wanted; false: it is not. */
bool mask_check(const char *name, const sigset_t *wanted);

/* Handles a signal, all others but those of faults being blocked, and restarts
 * system calls.
 */
void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags);

/* What all signals do from now on, besides what handle() is told. */
void handlers_note(void);
/* They must do it still. */
void handlers_check(void);

/* Random numbers (splitmix64) */
uint64_t mix(uint64_t z);
uint64_t random_of(uint64_t *state);

/* Time */
uint64_t to_ns(const struct timespec *t);
uint64_t now_ns(void);
struct timespec to_timespec(uint64_t ns);

/*
 * Hearts beat at fixed times, one on each processor.  How late they are tells
 * how late anything may be on this machine now, for whatever reason: load, a
 * hypervisor that takes a processor away, or that the process was stopped.  An
 * absolute sleep cannot begin anew, so they are not wrong where others are.
 */
extern unsigned int n_hearts;

/* Makes them; the whole process stays on their processors from now on. */
void hearts_init(void);

/* The life of the heart @index, a thread.  It is damage if nothing went on for
 * more than @stall_ns.
 */
void heart_run(unsigned int index, uint64_t stall_ns);
void hearts_end(void);

/* What the latest beat was late. */
uint64_t hearts_late_longest(void);

/* How late the machine was, since some moment. */
struct late {
	uint64_t worst, sum;         /* ns, of the heart that was latest */
	uint64_t start;              /* that moment */
	uint64_t before[MAX_HEARTS]; /* the sums then, rather too small */
};

struct late late_start(void);

/* Sets worst and sum, to rather too much than too little. */
void late_end(struct late *late);

#endif
