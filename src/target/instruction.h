/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load and store instructions, found by decoding: pure, for each instruction
 * set on each machine. Only forms of which one step is one access of exactly
 * that width at a register plus a constant, and that change nothing else.
 *
 * A further architecture needs a row in the table of instruction.c, and its
 * registers in registers-NAME.c.
 */
#ifndef MMIODBG_TARGET_INSTRUCTION_H
#define MMIODBG_TARGET_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum instruction_set { SET_NONE, SET_X86_64, SET_I386, SET_AARCH64 };

enum { LONGEST_INSTRUCTION = 16 };

struct instruction {
	uint64_t address; /* where it stands in the target */
	uint8_t bytes[LONGEST_INSTRUCTION];
	uint8_t length;
	uint8_t bits; /* of the access: 8, 16, 32 or 64 */
	bool write;
	/* Registers, by the number that the instruction set gives them. */
	uint8_t base, value;
	int64_t displacement; /* what is accessed is at base + displacement */
};

/*
 * The instruction that stands at the beginning of `code`. False: it is none of
 * ours, or goes on behind `length` bytes. `ret->address` is not set.
 */
bool instruction_decode(enum instruction_set set, const uint8_t *code,
			size_t length, struct instruction *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * The first one of that width and direction in `code`, which stands at `start`
 * in the target. None that crosses a multiple of `page_size`.
 */
bool instruction_find(enum instruction_set set, const uint8_t *code,
		      size_t length, uint64_t start, uint64_t page_size,
		      unsigned bits, bool write, struct instruction *ret)
	__attribute__((nonnull, warn_unused_result));

/* Bytes from one place where an instruction may start to the next. */
unsigned instruction_step(enum instruction_set set);

/* The widest access that an instruction of the set makes, in bits; 0: none. */
unsigned instruction_widest(enum instruction_set set);

#endif
