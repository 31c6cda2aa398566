/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of items of one size, on their way from one thread to another. The
 * thread that puts them in never waits for the other one: if the ring is full,
 * it is told so and keeps its item. The order is kept.
 */
#ifndef MMIODBG_BASE_RING_H
#define MMIODBG_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct ring;

/* With room for `count` items or more, of `size` bytes. */
struct error *ring_create(size_t count, size_t size, struct ring **ret)
	__attribute__((nonnull, warn_unused_result));

/* When no other thread uses it any more. Legal on NULL. */
void ring_destroy(struct ring *ring);

/* A copy of `item`; false: the ring is full. */
bool ring_put(struct ring *ring, const void *item)
	__attribute__((nonnull, warn_unused_result));

/* The next item; false: there is none. */
bool ring_take(struct ring *ring, void *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * For the thread that takes, when there is no item: false if it is to look
 * again, for one has come or ring_wake() was called since the last time; else
 * it may wait until the descriptor can be read from, which is when one of these
 * happens.
 */
bool ring_rest(struct ring *ring) __attribute__((nonnull, warn_unused_result));
int ring_descriptor(const struct ring *ring) __attribute__((nonnull));
void ring_wake(struct ring *ring) __attribute__((nonnull));

DEFINE_CLEANUP(ring, struct ring, ring_destroy)
#define cleanup_ring cleanup_with(ring_cleanup_)

#endif
