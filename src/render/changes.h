/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A value beside the one that was there before it: which bits are others, and
 * what they meant. Bits are those of what is shown, as operation_shown(). */
#ifndef MMIODBG_RENDER_CHANGES_H
#define MMIODBG_RENDER_CHANGES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct operation;
struct session;

/* The digits of a whole value, "0x00003009"; with `color`, those that have a
 * bit of `changed` stand out. */
void put_digits(FILE *stream, const struct operation *operation, uint64_t value,
		uint64_t changed, bool color) __attribute__((nonnull));

/* What stands behind them: " { en = 1 }", or nothing. */
void put_meaning(FILE *stream, const struct session *session,
		 const struct operation *operation, uint64_t value)
	__attribute__((nonnull));

/*
 * What was there before: "was 0x00003001 { mode = 1 (SLOW) }, bits 3:1". Of
 * fields only those are told that have a bit of `changed`.
 */
void put_change(FILE *stream, const struct session *session,
		const struct operation *operation, uint64_t before,
		uint64_t changed) __attribute__((nonnull));

/* "bit 3", "bits 7:4, 1"; as a mask if there are many. */
void put_bits(FILE *stream, uint64_t mask, unsigned bits)
	__attribute__((nonnull));

#endif
