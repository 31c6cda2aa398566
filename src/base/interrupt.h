/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals that end us in good order. While they are held, SIGINT, SIGTERM,
 * SIGHUP and SIGQUIT do not end us at once: the first one that comes is kept
 * until all is said and put away; more of them change nothing, for timeout(1)
 * and terminals send several. If that takes more than 3 seconds, SIGALRM ends
 * us, also if it was ignored or blocked when we were started. Those four that
 * were stay so.
 */
#ifndef MMIODBG_BASE_INTERRUPT_H
#define MMIODBG_BASE_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wait_end {
	WAIT_OVER,   /* the time is over */
	WAIT_EVENT,  /* one of the descriptors has something to say */
	WAIT_SIGNAL, /* a signal is there that ends us */
};

/* From here on signals are held; and not any more. They do not nest. */
void interrupt_hold(void);
void interrupt_release(void);

/* Whether such a signal has come while they were held: then they stay held,
 * until interrupt_deliver(). */
bool interrupt_pending(void);

/*
 * For what goes on for long: signals are held from here on, whoever releases
 * them, until it is over. Meanwhile interrupt_pending() asks nothing of the
 * kernel, and so is cheap; interrupt_look() does, and so does each wait. Of two
 * threads either may call these three; a signal is both's.
 */
void interrupt_keep(void);
void interrupt_keep_no_more(void);
bool interrupt_look(void);

/*
 * Waits, while signals are held, for `nanoseconds`, until one of the
 * descriptors can be read or has hung up (-1 is passed over), or for a signal.
 * At most 4 descriptors.
 */
enum wait_end interrupt_wait(const int *descriptors, size_t count,
			     uint64_t nanoseconds);

/* Ends us by the signal that has come, if one has; else does nothing. */
void interrupt_deliver(void);

/*
 * What is still to be done when one of these signals, SIGALRM or SIGPIPE ends
 * us: `function` is called in its handler. Only in this process, and not for a
 * signal that is ignored or caught when this is called. NULL: nothing any more.
 */
void interrupt_on_end(void (*function)(void));

/*
 * From here on SIGINT ends what is being done and not us, as in a shell:
 * interrupt_pending() and interrupt_wait() tell it, until interrupt_clear().
 */
void interrupt_catch(void);
void interrupt_clear(void);

/* Whether it is more than that: a signal that was held, and ends us. */
bool interrupt_is_final(void);

/*
 * Between these a Ctrl-Z waits: it shall not keep us between a check and the
 * access that rests on it, while the target goes on. (SIGSTOP can.) `*ret` is
 * what is to be let through again.
 */
void job_control_hold(sigset_t *ret);
void job_control_release(const sigset_t *signals);

#endif
