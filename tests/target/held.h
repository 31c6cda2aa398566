/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that hold known values in their registers, and look whether they are
 * still there; a change is damage
 *
 * @random is the state of random numbers.
 */
#ifndef MMIODBG_TESTS_HELD_H
#define MMIODBG_TESTS_HELD_H

#include <stdint.h>

/* In all registers, while @spins go by in user code. */
void held_spin(uint64_t *random, uint64_t spins);

/* About so many spins take 1 ms. */
uint64_t held_spins_of_1ms(uint64_t *random);

/* The same across a system call; its result, or -errno. */
long held_call(uint64_t *random, long call, uint64_t a, uint64_t b, uint64_t c,
	       uint64_t d);

/*
 * In the 128 bytes below the stack pointer, which on x86-64 are the thread's
 * own even when a handler runs.  Elsewhere nothing but handlers touches them:
 * all signals have to be blocked.
 */
void held_red_zone(uint64_t *random, uint64_t spins);

#endif
