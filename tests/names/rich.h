/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the program share that tests/names looks at. */
#ifndef RICH_H
#define RICH_H

#include <stdint.h>

/* Kept whatever the optimiser thinks of it. */
#define KEPT __attribute__((used))

struct opaque; /* second.c knows what is inside */

struct pair {
	uint16_t first;
	uint32_t second;
};

struct node {
	uint32_t value;
	struct node *next;
};

extern struct opaque *opaque_pointer;
extern const void *at_inlined;
extern const void *at_second_count;

/* Each of them returns what depends on its statics. */
unsigned second_count(void);
unsigned second_step(void);
unsigned registers_start(void);

extern uint32_t library_value;
unsigned library_step(void);

/* Inlined in two files: each has its own static. */
static inline __attribute__((always_inline)) unsigned
inlined_step(const void **ret_address, unsigned start)
{
	static KEPT volatile uint32_t inlined_count = 0x71625344;

	inlined_count += start;
	*ret_address = (const void *)&inlined_count;
	return inlined_count;
}

#endif
