/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that let a time pass
 */
#ifndef MMIODBG_TESTS_PASSES_H
#define MMIODBG_TESTS_PASSES_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct pass {
	const char *name;
	/* 0 if it did as it should, an errno, or ODD for a result that cannot
	 * be.
	 */
	int (*run)(uint64_t ns);
	/* When it is started again, that is with what is left of its time, and
	 * not until the same moment as before.
	 */
	bool counts_down;
	uint64_t may_be_early_ns; /* by rounding */
};

enum { ODD = -1 };

extern const struct pass passes[];
extern const unsigned int n_passes;

/* Those that give EINTR whenever the thread is stopped, signal(7). */
extern const struct pass interruptible_passes[];
extern const unsigned int n_interruptible_passes;

/*
 * Lets @ns pass by way of @pass.  It is damage if it fails, but for EINTR when
 * a handler has counted in @handled; if it ends too early; or if it lasts
 * longer by @late_ns, besides what the machine was late.
 */
void pass_check(const struct pass *pass, uint64_t ns, uint64_t late_ns,
		const volatile sig_atomic_t *handled);

#endif
