/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring between two threads: order, the end of its room, and that nobody
 * sleeps while there is an item. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/duration.h"
#include "base/ring.h"
#include "unit.h"

struct item {
	uint64_t number;
	unsigned char text[24]; /* all bytes are those of the number */
};

static struct item item_of(uint64_t number)
{
	struct item item = {.number = number};

	memset(item.text, (int)(number & 0xff), sizeof(item.text));
	return item;
}

static void expect_item(struct ring *ring, uint64_t number)
{
	struct item item, wanted = item_of(number);

	ck_assert_msg(ring_take(ring, &item), "no item %llu",
		      (unsigned long long)number);
	ck_assert_uint_eq(item.number, number);
	ck_assert_mem_eq(item.text, wanted.text, sizeof(item.text));
}

static bool can_be_read(const struct ring *ring)
{
	struct pollfd poller = {.fd = ring_descriptor(ring), .events = POLLIN};

	return poll(&poller, 1, 0) > 0;
}

START_TEST(order_and_room)
{
	static const size_t counts[] = {1, 2, 3, 16, 17, 1000};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		cleanup_ring struct ring *ring = NULL;
		uint64_t put = 0, taken = 0;
		size_t room = 0;
		struct item item;

		expect_no_error(
			ring_create(counts[i], sizeof(struct item), &ring),
			"create");
		ck_assert(!ring_take(ring, &item));
		/* As often as it takes to come around. */
		for (unsigned round = 0; round < 5; round++) {
			for (;;) {
				item = item_of(put);
				if (!ring_put(ring, &item))
					break;
				put++;
			}
			ck_assert_uint_ge(put - taken, counts[i]);
			ck_assert_uint_lt(put - taken, 2 * counts[i] + 1);
			ck_assert(!room || put - taken == room);
			room = put - taken;
			/* A full ring has lost nothing of what is in it. */
			for (size_t n = room / 2 + 1; n; n--)
				expect_item(ring, taken++);
			item = item_of(put);
			ck_assert(ring_put(ring, &item));
			put++;
			while (taken < put)
				expect_item(ring, taken++);
			ck_assert(!ring_take(ring, &item));
		}
	}
	ring_destroy(NULL);
}
END_TEST

START_TEST(rest_and_wake)
{
	cleanup_ring struct ring *ring = NULL;
	struct item item = item_of(1);

	expect_no_error(ring_create(4, sizeof(item), &ring), "create");
	/* Nothing there: there is something to wait for. */
	ck_assert(ring_rest(ring));
	ck_assert(!can_be_read(ring));
	ck_assert(ring_put(ring, &item));
	ck_assert(can_be_read(ring));
	/* Who was woken is to look again, and only once. */
	expect_item(ring, 1);
	ck_assert(!ring_rest(ring));
	ck_assert(ring_rest(ring));
	ck_assert(!can_be_read(ring));
	/* An item that has come before it rests is not slept over. */
	ring_wake(ring);
	ck_assert(can_be_read(ring));
	ck_assert(!ring_rest(ring));
	ck_assert(ring_put(ring, &item));
	ck_assert(!ring_rest(ring));
	ck_assert(!can_be_read(ring));
	expect_item(ring, 1);
	/* Nor is a wake that came just before. */
	ring_wake(ring);
	ck_assert(!ring_rest(ring));
	ck_assert(ring_rest(ring));
	ring_wake(ring);
	ck_assert(can_be_read(ring));
}
END_TEST

/* Nobody who does not rest costs a system call. */
START_TEST(no_wake_in_vain)
{
	cleanup_ring struct ring *ring = NULL;
	struct item item = item_of(1);

	expect_no_error(ring_create(4, sizeof(item), &ring), "create");
	ck_assert(ring_put(ring, &item));
	ck_assert(!can_be_read(ring));
	expect_item(ring, 1);
	ck_assert(ring_rest(ring));
	ck_assert(ring_put(ring, &item));
	ck_assert(!ring_rest(ring));
	ck_assert(ring_put(ring, &item));
	ck_assert(!can_be_read(ring));
}
END_TEST

#define ITEMS UINT64_C(200000)

struct taker {
	struct ring *ring;
	atomic_bool over;
	uint64_t taken, rests;
	bool right;
};

/* Takes what comes, and rests when nothing does: for a minute at the most, so
 * that a wake that is missing fails the test. */
static void *take_all(void *data)
{
	struct taker *taker = data;
	struct pollfd poller = {
		.fd = ring_descriptor(taker->ring),
		.events = POLLIN,
	};
	uint64_t last = 0;
	struct item item;

	taker->right = true;
	for (;;) {
		bool over = taker->over;

		while (ring_take(taker->ring, &item)) {
			struct item wanted = item_of(item.number);

			taker->right &= item.number > last &&
					memcmp(item.text, wanted.text,
					       sizeof(item.text)) == 0;
			last = item.number;
			taker->taken++;
		}
		if (over)
			return NULL;
		if (!ring_rest(taker->ring))
			continue;
		taker->rests++;
		if (poll(&poller, 1, 60000) != 1) {
			taker->right = false;
			return NULL;
		}
	}
}

/* What was put is taken, all of it, once, and in order, by a thread that sleeps
 * in between; what the ring refused is not. */
START_TEST(two_threads)
{
	static const size_t counts[] = {1, 64, 4096};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		cleanup_ring struct ring *ring = NULL;
		struct taker taker = {0};
		uint64_t put = 0;
		pthread_t thread;

		expect_no_error(
			ring_create(counts[i], sizeof(struct item), &ring),
			"create");
		taker.ring = ring;
		ck_assert_int_eq(
			pthread_create(&thread, NULL, take_all, &taker), 0);
		for (uint64_t number = 1; number <= ITEMS; number++) {
			struct item item = item_of(number);

			put += ring_put(ring, &item);
			/* Lets it fall asleep now and then. */
			if (number % (ITEMS / 50) == 0)
				usleep(1000);
		}
		taker.over = true;
		ring_wake(ring);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		ck_assert(taker.right);
		ck_assert_uint_eq(taker.taken, put);
		ck_assert_uint_gt(taker.rests, 0);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		order_and_room,
		rest_and_wake,
		no_wake_in_vain,
		two_threads,
	};

	return run_suite(
		suite_of("ring", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
