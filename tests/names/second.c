/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second file: names that rich.c has, too, and a struct that it has not. */
#include "registers.h"
#include "rich.h"

struct opaque {
	uint32_t magic;
	struct {
		uint16_t depth;
		int16_t slope;
	} inside;
	const struct pair *pair;
};

static KEPT volatile uint32_t state = 0x33cc44dd;
const volatile void *second_state_at = &state;
static KEPT struct pair same_pair = {0x7a8b, 0x9cadbecf};
const struct pair *second_pair_at = &same_pair;

/* Of the same types as in registers.c. */
struct card second_card = {"second", 0, &second_card, {&opaque_pointer}};

static struct pair opaque_pair = {0x5e5f, 0x60616263};
static struct opaque opaque = {0x0badf00d, {0x1357, -0x2468}, &opaque_pair};
struct opaque *opaque_pointer = &opaque;

unsigned second_count(void)
{
	static volatile uint32_t calls = 0x5eca1103;

	at_second_count = (const void *)&calls;
	calls += 5;
	return calls;
}

unsigned second_step(void)
{
	return inlined_step(&at_inlined, 0x101) + state;
}

const void *at_second_count;
