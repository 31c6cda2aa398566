/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program loads with dlopen(). */
#include <stdint.h>

#include "registers.h"

struct plugin_regs {
	uint32_t command;
	struct {
		uint16_t level : 6;
		int16_t offset : 10;
	} tuning;
	uint16_t data[3];
};

struct plugin_regs plugin_regs = {
	0x91c0ffee, {0x2d, -0x155}, {0x1a1b, 0x2c2d, 0x3e3f}};
struct plugin_regs *plugin_pointer = &plugin_regs;
uint32_t plugin_value = 0x91a6914e;
static __attribute__((used)) volatile uint32_t state = 0x77008811;
const volatile void *plugin_state_at = &state;
struct card plugin_card = {"plugin", 0, &plugin_card, {&plugin_pointer}};
struct eth_regs plugin_eth = {.id = 0x91a70b0c, .head = 0x91a8};
