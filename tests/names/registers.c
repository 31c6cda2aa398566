/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structs that look as those for the registers of a device do. */
#include <stdbool.h>
#include <stddef.h>

#include "registers.h"
#include "rich.h"

/* Ordinary memory, which stands for that of a device. */
static KEPT __attribute__((aligned(16)))
uint32_t block[sizeof(struct eth_regs) / sizeof(uint32_t) + 1];
volatile struct eth_regs *regs;
void *hw_addr;

struct card card;
struct card *cards[2];

/* Bit-fields of all kinds */

struct mixed_bits {
	unsigned three : 3;
	int minus : 5;
	bool yes : 1;
	bool no : 1;
	enum mode mode : 4;
	enum sign sign : 2;
	unsigned : 0;
	unsigned after_zero : 7;
	uint8_t in_byte : 3;
	uint16_t in_half : 11;
	uint64_t in_long : 37;
	int64_t negative_long : 20;
	uint64_t whole : 64;
	int32_t all_bits : 32;
} mixed_bits __attribute__((aligned(16)));

/* Bit-fields beside members that their declared type would reach into, and in a
 * struct that ends before that. */
struct beside {
	uint32_t enable : 1, rate : 7;
	uint8_t byte;
	uint16_t half;
} beside = {1, 0x35, 0x42, 0x1234};
struct short_bits {
	uint8_t byte;
	uint32_t bits : 8;
	uint8_t last;
} __attribute__((packed)) short_bits = {0x11, 0x22, 0x33};

#ifdef __clang__
/* It has no such order. */
#define BIG
#else
#define BIG __attribute__((scalar_storage_order("big-endian")))
#endif
struct other_order {
	uint16_t four : 4, twelve : 12;
	uint32_t low : 3, middle : 20, high : 9;
} BIG other_order = {5, 0x123, 6, 0x9a5b7, 0x135};


struct long_bits {
	uint64_t low : 12;
	uint64_t middle : 40;
	uint64_t high : 12;
} long_bits = {0xabc, 0x123456789a, 0xdef};

struct shared_unit {
	uint8_t lead;
	uint32_t after : 9;
	uint32_t rest : 15;
	uint16_t plain;
	uint16_t half_bits : 5;
} shared_unit = {0xe7, 0x155, 0x6b3d, 0x8c9d, 0x15};

/* At an address by which it is known what is not aligned. */
struct __attribute__((packed)) packed {
	uint8_t tag;
	uint32_t word;
	uint64_t wide;
	int16_t half;
	unsigned bits : 6;
	unsigned more : 11;
} packed __attribute__((aligned(16))) = {
	0x5d, 0x91a2b3c4, 0x8796a5b4c3d2e1f0, -0x1f2e, 0x2a, 0x5a5};

/* Structs and unions, anonymous and nested */

struct outer {
	uint8_t kind;
	union {
		uint32_t number;
		float real;
		struct {
			uint16_t lower;
			uint16_t upper;
		};
	};
	struct {
		int32_t x, y;
		struct {
			int64_t z;
		} deep;
	} point;
	struct {
		struct {
			uint32_t buried;
		};
	};
	union {
		uint64_t quad;
		uint8_t octets[8];
	} view;
} outer __attribute__((aligned(16))) = {
	.kind = 0x4b,
	.number = 0xbff00dba,
	.point = {-7, 0x77665544, {-0x7060504030201}},
	.buried = 0x6d6e6f70,
	.view = {.quad = 0x8899aabbccddeeff}};
struct outer outers[2] __attribute__((aligned(16)));
struct outer *outer_pointer = &outers[1];

/* Arrays without a length */

struct flexible {
	uint32_t count;
	struct pair items[];
};
struct zero {
	uint16_t count;
	uint16_t items[0];
};
static KEPT uint32_t flexible_room[8];
static KEPT uint16_t zero_room[4] = {3, 0x1a2a, 0x3a4a, 0x5a6a};
struct flexible *flexible;
struct zero *zero_length = (struct zero *)(void *)zero_room;

struct with_functions {
	unsigned (*start)(void);
	unsigned (*const *table)(void);
	const char *name;
};
static unsigned (*const function_table[])(void) = {second_step,
						   registers_start};
const struct with_functions with_functions = {registers_start, function_table,
					      "functions"};

static void fill_block(void)
{
	uint8_t *bytes = (uint8_t *)block;

	for (size_t i = 0; i < sizeof(block); i++)
		bytes[i] = (uint8_t)(0x1d + i * 0x65);
}

static void fill_registers(void)
{
	struct eth_regs *memory = (struct eth_regs *)(void *)block;

	fill_block();
	memory->ctrl.raw = 0x40005501;
	memory->status.raw = 0x80003009;
	regs = memory;
	hw_addr = memory;
	card = (struct card){"eth", regs, &card, {block, &outer}};
	cards[1] = &card;
}

/* Assigned and not initialised, for some of them are wider than a literal. */
static void fill_bits(void)
{
	mixed_bits.three = 5;
	mixed_bits.minus = -11;
	mixed_bits.yes = true;
	mixed_bits.mode = MODE_FAST;
	mixed_bits.sign = SIGN_LESS;
	mixed_bits.after_zero = 0x59;
	mixed_bits.in_byte = 6;
	mixed_bits.in_half = 0x5a9;
	mixed_bits.in_long = 0x1a2b3c4d5e;
	mixed_bits.negative_long = -0x6789a;
	mixed_bits.whole = 0xfedcba9876543219;
	mixed_bits.all_bits = -0x13572468;
}

static void fill_rooms(void)
{
	const struct pair items[2] = {{0x2b3b, 0x4b5b6b7b},
				      {0x8c9c, 0xacbcccdc}};

	flexible = (struct flexible *)(void *)flexible_room;
	flexible->count = 2;
	for (size_t i = 0; i < 2; i++)
		flexible->items[i] = items[i];
	outers[0] = outer;
	outers[1] = outer;
	outers[1].point.x = 0x01234567;
	outers[1].lower = 0x8642;
}

unsigned registers_start(void)
{
	fill_registers();
	fill_bits();
	fill_rooms();
	return regs->id;
}
