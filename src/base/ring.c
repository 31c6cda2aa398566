/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"

/* What each of the two threads writes has a cache line of its own. */
enum { CACHE_LINE = 64 };

struct ring {
	size_t mask, size; /* slots are a power of two */
	unsigned char *slots;
	int event;
	_Alignas(CACHE_LINE) atomic_size_t put; /* so many have been */
	_Alignas(CACHE_LINE) atomic_size_t taken;
	atomic_bool resting; /* the other thread is to be woken */
};

struct error *ring_create(size_t count, size_t size, struct ring **ret)
{
	cleanup_ring struct ring *ring = NULL;
	size_t slots = 1;

	while (slots < count)
		slots *= 2;
	ring = aligned_alloc(_Alignof(struct ring), sizeof(*ring));
	if (!ring)
		return error_no_memory();
	*ring = (struct ring){.mask = slots - 1, .size = size};
	ring->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->event < 0)
		return error_create(ERROR_FAILED, errno, "an eventfd");
	ring->slots = calloc(slots, size);
	if (!ring->slots)
		return error_no_memory();
	*ret = steal(ring);
	return NULL;
}

void ring_destroy(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->event >= 0)
		close(ring->event);
	free(ring->slots);
	free(ring);
}

static void *slot_of(const struct ring *ring, size_t number)
{
	return ring->slots + (number & ring->mask) * ring->size;
}

bool ring_put(struct ring *ring, const void *item)
{
	size_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);

	if (put - atomic_load_explicit(&ring->taken, memory_order_acquire) >
	    ring->mask)
		return false;
	memcpy(slot_of(ring, put), item, ring->size);
	/* Either we see that the other one rests, or it sees the item: all of
	 * these are sequentially consistent. */
	atomic_store(&ring->put, put + 1);
	if (atomic_load(&ring->resting))
		ring_wake(ring);
	return true;
}

bool ring_take(struct ring *ring, void *ret)
{
	size_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);

	if (atomic_load_explicit(&ring->put, memory_order_acquire) == taken)
		return false;
	memcpy(ret, slot_of(ring, taken), ring->size);
	atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
	return true;
}

bool ring_rest(struct ring *ring)
{
	uint64_t count;

	/* Woken since the last time: there may be news of any kind. */
	if (read(ring->event, &count, sizeof(count)) > 0)
		return false;
	atomic_store(&ring->resting, true);
	if (atomic_load(&ring->put) ==
	    atomic_load_explicit(&ring->taken, memory_order_relaxed))
		return true;
	atomic_store(&ring->resting, false);
	return false;
}

int ring_descriptor(const struct ring *ring)
{
	return ring->event;
}

void ring_wake(struct ring *ring)
{
	static const uint64_t one = 1;

	atomic_store(&ring->resting, false);
	/* It fails only if the other one has long been woken. */
	if (write(ring->event, &one, sizeof(one)) < 0)
		return;
}
