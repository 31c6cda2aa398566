/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structs that look as those for the registers of a device do. Several files
 * and the libraries have them, so that dwz finds something to share.
 */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

enum mode { MODE_OFF, MODE_SLOW, MODE_FAST = 4 };
enum sign { SIGN_LESS = -1, SIGN_EQUAL, SIGN_MORE };

union control {
	uint32_t raw;
	struct {
		uint32_t en : 1;
		enum mode mode : 3;
		uint32_t : 4;
		uint32_t rate : 8;
		uint32_t : 13;
		uint32_t error : 2;
		uint32_t busy : 1;
	};
};

struct eth_regs {
	uint32_t id;
	union control ctrl;
	union control status;
	uint32_t reserved;
	uint64_t ring_base;
	uint16_t head;
	uint16_t tail;
	uint8_t lanes[4];
	struct {
		uint32_t low;
		uint32_t high;
	} counter[2];
	struct queue {
		uint32_t base;
		union {
			uint32_t length;
			struct {
				uint32_t size : 20;
				uint32_t : 4;
				uint32_t order : 8;
			};
		};
		struct {
			uint16_t prefetch;
			uint16_t host;
		} threshold;
	} queue[3];
	uint32_t table[2][2];
};

struct card {
	const char *name;
	volatile struct eth_regs *regs;
	struct card *peer;
	void *bar[2];
};

#endif
