/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times, in nanoseconds: the clock, and lengths as users write them: 100ms, 2s.
 * A bare number is refused. */
#ifndef MMIODBG_BASE_DURATION_H
#define MMIODBG_BASE_DURATION_H

#include <stdint.h>
#include <time.h>

struct error;

/* CLOCK_MONOTONIC. */
static inline uint64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The whole of `text`: a number with ns, us, ms, s or m. The error is
 * ERROR_USAGE and names `what`. */
struct error *duration_parse(const char *what, const char *text, uint64_t *ret)
	__attribute__((nonnull, warn_unused_result));

enum { DURATION_LENGTH = 32 };

/* The same in the largest unit that leaves no rest: "1500ms". */
const char *duration_format(uint64_t nanoseconds, char buffer[DURATION_LENGTH]);

#endif
