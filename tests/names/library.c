/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libnames-test.so: a shared library of the program. */
#include "registers.h"
#include "rich.h"

uint32_t library_value = 0x11b2a3c4;
KEPT struct card library_card = {"library", 0, &library_card, {0}};
KEPT struct eth_regs library_regs = {.id = 0x11b90a0b, .tail = 0x11ba};
struct pair library_pair = {0x11b3, 0x44556677};
struct node library_nodes[2] = {{0x11b40001, &library_nodes[1]},
				{0x11b40002, &library_nodes[0]}};

static KEPT volatile uint32_t state = 0x55ee66ff;
KEPT const volatile void *library_state_at = &state;
static KEPT volatile uint32_t library_state = 0x11b55ee6;
__attribute__((visibility("hidden"))) uint32_t library_hidden = 0x11b66e77;
__attribute__((weak)) int32_t library_weak = -0x11b7;

#ifdef VERSIONED
/* Two versions of one symbol; the second is what a new program gets. */
KEPT uint32_t versioned_old = 0x01d01d01;
KEPT uint32_t versioned_new = 0x2e32e32e;
__asm__(".symver versioned_old, library_versioned@NAMES_1");
__asm__(".symver versioned_new, library_versioned@@NAMES_2");
#endif

unsigned library_step(void)
{
	static volatile uint32_t library_calls = 0x11bca110;

	library_calls++;
	library_value += 0x01000001;
	return library_calls + library_value + library_hidden +
	       (unsigned)library_weak;
}
