/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "witness.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_SECONDS = 64,
	MAX_DAMAGES = 200,
	MAX_ALIKE = 5,
	MAX_TEXT = 240,
	BEAT_US = 5000, /* of a heart */
};

/* Damage: kept until the end, since a handler may be what finds it */

static struct damage {
	_Atomic(const char *) format; /* NULL: not complete */
	char text[MAX_TEXT];
} damages[MAX_DAMAGES];
static atomic_uint n_damages;
static atomic_uint n_more; /* that were not kept */

/* vsnprintf() of numbers and strings is safe in a handler with glibc. */
void damage(const char *kind, const char *format, ...)
{
	unsigned int alike = 0, index;
	struct damage *one;
	va_list args;
	int used;

	for (unsigned int i = 0; i < MAX_DAMAGES; i++)
		alike += atomic_load(&damages[i].format) == format;
	index = alike < MAX_ALIKE ? atomic_fetch_add(&n_damages, 1)
				  : MAX_DAMAGES;
	if (index >= MAX_DAMAGES) {
		atomic_fetch_add(&n_more, 1);
		return;
	}
	one = &damages[index];
	used = snprintf(one->text, sizeof one->text, "%s: ", kind);
	va_start(args, format);
	vsnprintf(one->text + used, sizeof one->text - used, format, args);
	va_end(args);
	atomic_store(&one->format, format);
}

unsigned int damages_print(void)
{
	unsigned int count = atomic_load(&n_damages) + atomic_load(&n_more);

	for (unsigned int i = 0; i < MAX_DAMAGES; i++)
		if (atomic_load(&damages[i].format))
			printf("damage: %s\n", damages[i].text);
	if (atomic_load(&n_more))
		printf("damage: more: %u times\n", atomic_load(&n_more));
	return count;
}

void damage_crash(const char *format, ...)
{
	char text[MAX_TEXT];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	dprintf(STDOUT_FILENO, "damage: crash: %.*s\n", length, text);
	for (unsigned int i = 0; i < MAX_DAMAGES; i++)
		if (atomic_load(&damages[i].format))
			dprintf(STDOUT_FILENO, "damage: %s\n", damages[i].text);
	_exit(1);
}

const char *error_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "0";

	return name ? name : "a number that is not an errno";
}

void fatal(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(errno));
	exit(2);
}

uint64_t number(const char *text, uint64_t max)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value > max) {
		fprintf(stderr, "%s: %s: not a number up to %" PRIu64 "\n",
			program_invocation_short_name, text, max);
		exit(2);
	}
	return value;
}

/* Signals */

/* glibc keeps two signals for itself, the first below SIGRTMIN. */
static bool is_ours(int signal)
{
	return signal != SIGKILL && signal != SIGSTOP &&
	       (signal < __SIGRTMIN || signal >= SIGRTMIN);
}

bool mask_check(const char *name, const sigset_t *wanted)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i <= SIGRTMAX; i++) {
		if (!is_ours(i) ||
		    sigismember(&mask, i) == sigismember(wanted, i))
			continue;
		damage("signals", "%s: signal %d became %s", name, i,
		       sigismember(&mask, i) ? "blocked" : "unblocked");
		return false;
	}
	return true;
}

static struct sigaction actions[_NSIG];

void handlers_note(void)
{
	for (int i = 1; i <= SIGRTMAX; i++)
		if (is_ours(i))
			sigaction(i, NULL, &actions[i]);
}

void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction *action = &actions[signal];

	action->sa_sigaction = handler;
	action->sa_flags = SA_SIGINFO | SA_RESTART | flags;
	sigfillset(&action->sa_mask);
	sigdelset(&action->sa_mask, SIGSEGV);
	sigdelset(&action->sa_mask, SIGBUS);
	sigaction(signal, action, NULL);
	/* As the C library stored it. */
	sigaction(signal, NULL, action);
}

void handlers_check(void)
{
	for (int i = 1; i <= SIGRTMAX; i++) {
		struct sigaction action = {.sa_handler = NULL};

		if (!is_ours(i))
			continue;
		sigaction(i, NULL, &action);
		if (action.sa_sigaction != actions[i].sa_sigaction ||
		    action.sa_flags != actions[i].sa_flags)
			damage("signals", "the action of signal %d changed", i);
	}
}

/* Random numbers (splitmix64) */

uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t random_of(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(*state);
}

/* Time */

uint64_t to_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return to_ns(&t);
}

struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static struct heart {
	int processor;
	atomic_ullong next_beat;
	atomic_ullong late_total; /* ns, of all beats */
	/* The worst of a second: its number << 40, and ns. */
	atomic_ullong worst[MAX_SECONDS];
} hearts[MAX_HEARTS];
unsigned int n_hearts;
static atomic_ullong late_longest;
static atomic_bool heart_over;

void hearts_init(void)
{
	cpu_set_t all, ours;

	CPU_ZERO(&ours);
	if (sched_getaffinity(0, sizeof all, &all))
		fatal("sched_getaffinity");
	for (int i = 0; i < CPU_SETSIZE && n_hearts < MAX_HEARTS; i++) {
		if (!CPU_ISSET(i, &all))
			continue;
		hearts[n_hearts++].processor = i;
		CPU_SET(i, &ours);
	}
	if (sched_setaffinity(0, sizeof ours, &ours))
		fatal("sched_setaffinity");
}

enum { SECOND_SHIFT = 40 };

static void note_late(struct heart *heart, uint64_t now, uint64_t late)
{
	uint64_t second = now / 1000000000;
	atomic_ullong *worst = &heart->worst[second % MAX_SECONDS];
	uint64_t note = second << SECOND_SHIFT | late;

	atomic_fetch_add(&heart->late_total, late);
	if (note > atomic_load(worst))
		atomic_store(worst, note);
}

void heart_run(unsigned int index, uint64_t stall_ns)
{
	struct heart *heart = &hearts[index];
	uint64_t due = now_ns();
	cpu_set_t ours;

	CPU_ZERO(&ours);
	CPU_SET(heart->processor, &ours);
	sched_setaffinity(0, sizeof ours, &ours);
	while (!atomic_load(&heart_over)) {
		struct timespec t;
		uint64_t now;
		int error;

		due += BEAT_US * UINT64_C(1000);
		atomic_store(&heart->next_beat, due);
		t = to_timespec(due);
		error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t,
					NULL);
		now = now_ns();
		if (error)
			damage("timers", "clock_nanosleep (absolute) gave %s",
			       error_name(error));
		if (now < due) {
			damage("timers",
			       "clock_nanosleep (absolute) ended %" PRIu64
			       " ns too early",
			       due - now);
			continue;
		}
		note_late(heart, now, now - due);
		if (now - due > atomic_load(&late_longest))
			atomic_store(&late_longest, now - due);
		if (now - due > stall_ns)
			damage("stall", "nothing went on for %" PRIu64 " ms",
			       (now - due) / 1000000);
		due = now;
	}
}

void hearts_end(void)
{
	atomic_store(&heart_over, true);
}

uint64_t hearts_late_longest(void)
{
	return atomic_load(&late_longest);
}

struct late late_start(void)
{
	struct late late = {.start = now_ns()};

	for (unsigned int i = 0; i < n_hearts; i++)
		late.before[i] = atomic_load(&hearts[i].late_total);
	return late;
}

void late_end(struct late *late)
{
	uint64_t now = now_ns(), first = late->start / 1000000000;

	for (unsigned int i = 0; i < n_hearts; i++) {
		uint64_t due = atomic_load(&hearts[i].next_beat);
		uint64_t worst = now > due ? now - due : 0, sum = worst;

		sum += atomic_load(&hearts[i].late_total) - late->before[i];
		for (unsigned int j = 0; j < MAX_SECONDS; j++) {
			uint64_t note = atomic_load(&hearts[i].worst[j]);
			uint64_t ns =
				note & ((UINT64_C(1) << SECOND_SHIFT) - 1);

			if (note >> SECOND_SHIFT >= first && ns > worst)
				worst = ns;
		}
		if (worst > late->worst)
			late->worst = worst;
		if (sum > late->sum)
			late->sum = sum;
	}
}
