/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's side of accesses that a thread of the target makes
 * (diversion.h): which request follows which answer.
 */
#ifndef MMIODBG_TARGET_BORROW_H
#define MMIODBG_TARGET_BORROW_H

#include <stdbool.h>
#include <stdint.h>

#include "target/agent-protocol.h"

struct error;
struct session;

#define DEFAULT_MAX_PAUSE UINT64_C(1000000)

enum borrow_result {
	BORROW_DONE,
	BORROW_FAULT,   /* not made: `fault` */
	BORROW_REFUSED, /* not made: `error` */
	BORROW_UNCLEAR, /* perhaps: `error` */
};

struct borrowed {
	uint64_t value;
	struct agent_fault fault;
	struct error *error; /* the caller destroys */
};

/* What has to hold just before the access, asked when a thread is at hand: an
 * error, or NULL. */
typedef struct error *borrow_check(void *data);

/*
 * Whether threads of the session's process may be used for accesses at all; and
 * for such an access. Touches nothing.
 */
struct error *borrow_allowed(struct session *session, unsigned bits, bool write)
	__attribute__((nonnull, warn_unused_result));

/*
 * One aligned access in one page by one of them. `value` is what is stored. The
 * thread may be held until borrow_rest(), or until its time is over.
 */
enum borrow_result borrow_access(struct session *session, uint64_t address,
				 unsigned bits, bool write, uint64_t value,
				 borrow_check *check, void *data,
				 struct borrowed *ret)
	__attribute__((nonnull(1, 6, 8), warn_unused_result));

/* No access follows at once. */
void borrow_rest(struct session *session) __attribute__((nonnull));

/* How threads were held so far. */
struct agent_pauses borrow_pauses(const struct session *session)
	__attribute__((nonnull));

#endif
