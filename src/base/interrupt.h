/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting that a signal ends in good order. Outside of a wait such signals do
 * what they do by default.
 */
#ifndef MMIODBG_BASE_INTERRUPT_H
#define MMIODBG_BASE_INTERRUPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wait_end {
	WAIT_OVER,   /* the time is over */
	WAIT_EVENT,  /* one of the descriptors has something to say */
	WAIT_SIGNAL, /* a signal is there that ends us */
};

/*
 * Waits for `nanoseconds`, until one of the descriptors can be read or has hung
 * up (-1 is passed over), or for a signal that ends us by default (SIGINT,
 * SIGTERM, SIGHUP, SIGQUIT). Such a signal stays pending: interrupt_deliver()
 * lets it end us, once all is said and put away.
 */
enum wait_end interrupt_wait(const int *descriptors, size_t count,
			     uint64_t nanoseconds);

/* Whether a wait has met such a signal. */
bool interrupt_pending(void);

/* If so, ends us by it; else does nothing. */
void interrupt_deliver(void);

#endif
