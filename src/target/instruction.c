/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/instruction.h"

#include <string.h>

/*
 * x86: [66] [REX] OPCODE MODRM [DISPLACEMENT], of "mov" between a register and
 * memory (Intel SDM volume 2: MOV, opcodes 88, 89, 8A and 8B), or of "movzx"
 * from memory (0F B6 and 0F B7), which compilers prefer for short ones. Not
 * with a SIB byte or relative to rip, and not with rsp or rbp as a base, for in
 * 32-bit programs these go by another segment.
 */
enum x86 {
	X86_OPERAND_SIZE = 0x66,
	X86_REX = 0x40,
	X86_REX_W = 8,
	X86_REX_R = 4,
	X86_REX_X = 2,
	X86_REX_B = 1,
	X86_STORE_8 = 0x88,
	X86_STORE = 0x89,
	X86_LOAD_8 = 0x8a,
	X86_LOAD = 0x8b,
	X86_ESCAPE = 0x0f,
	X86_EXTEND_8 = 0xb6,
	X86_EXTEND_16 = 0xb7,
	X86_SP = 4,
	X86_BP = 5,
};

struct x86_parts {
	bool wide, small; /* REX.W; operand size prefix */
	bool escaped;     /* the opcode stands behind 0F */
	unsigned rex;     /* 0: none */
	uint8_t opcode, modrm;
	size_t length; /* up to the displacement */
};

static bool x86_split(enum instruction_set set, const uint8_t *code,
		      size_t length, struct x86_parts *ret)
{
	struct x86_parts parts = {0};
	size_t at = 0;

	if (at < length && code[at] == X86_OPERAND_SIZE) {
		parts.small = true;
		at++;
	}
	if (set == SET_X86_64 && at < length && (code[at] & 0xf0) == X86_REX)
		parts.rex = code[at++];
	if (at < length && code[at] == X86_ESCAPE) {
		parts.escaped = true;
		at++;
	}
	if (at + 2 > length)
		return false;
	parts.wide = parts.rex & X86_REX_W;
	parts.opcode = code[at];
	parts.modrm = code[at + 1];
	parts.length = at + 2;
	*ret = parts;
	return true;
}

/* The displacement behind ModRM: its bytes, or a number that means none of
 * ours. */
static int x86_displacement(unsigned mode)
{
	static const int bytes[] = {0, 1, 4, -1};

	return bytes[mode];
}

static int64_t x86_number(const uint8_t *bytes, int count)
{
	int8_t small;
	int32_t large;

	if (count == 1) {
		memcpy(&small, bytes, sizeof(small));
		return small;
	}
	if (count == 4) {
		large = (int32_t)((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
				  (uint32_t)bytes[2] << 16 |
				  (uint32_t)bytes[3] << 24);
		return large;
	}
	return 0;
}

/* Whether the opcode is one of ours: a mov, or a movzx, without a prefix of a
 * size for it needs none. */
static bool x86_is_known(const struct x86_parts *parts)
{
	if (parts->escaped)
		return (parts->opcode == X86_EXTEND_8 ||
			parts->opcode == X86_EXTEND_16) &&
		       !parts->small && !parts->wide;
	return parts->opcode >= X86_STORE_8 && parts->opcode <= X86_LOAD;
}

static unsigned x86_bits(const struct x86_parts *parts)
{
	if (parts->escaped)
		return parts->opcode == X86_EXTEND_8 ? 8 : 16;
	if (parts->opcode == X86_STORE_8 || parts->opcode == X86_LOAD_8)
		return 8;
	return parts->wide ? 64 : parts->small ? 16 : 32;
}

static bool decode_x86(enum instruction_set set, const uint8_t *code,
		       size_t length, struct instruction *ret)
{
	struct instruction found = {0};
	struct x86_parts parts;
	unsigned base, value;
	int extra;

	if (!x86_split(set, code, length, &parts) || parts.rex & X86_REX_X ||
	    !x86_is_known(&parts))
		return false;
	base = parts.modrm & 7;
	value = parts.modrm >> 3 & 7;
	extra = x86_displacement(parts.modrm >> 6);
	if (extra < 0 || parts.length + (size_t)extra > length ||
	    base == X86_SP || base == X86_BP)
		return false;
	found.bits = (uint8_t)x86_bits(&parts);
	found.write = !parts.escaped && parts.opcode < X86_LOAD_8;
	/* Two prefixes of a size, one of which has no effect; or ah to bh. */
	if (!parts.escaped &&
	    ((parts.small && (parts.wide || found.bits == 8)) ||
	     (found.bits == 8 && (parts.wide || (!parts.rex && value > 3)))))
		return false;
	found.base = (uint8_t)(base | (parts.rex & X86_REX_B ? 8 : 0));
	found.value = (uint8_t)(value | (parts.rex & X86_REX_R ? 8 : 0));
	/* rsp holds nothing of ours; what is stored is not the address. */
	if (found.value == X86_SP || (found.write && found.value == found.base))
		return false;
	found.displacement = x86_number(code + parts.length, extra);
	found.length = (uint8_t)(parts.length + (size_t)extra);
	memcpy(found.bytes, code, found.length);
	*ret = found;
	return true;
}

/*
 * arm64: LDRB, LDRH, LDR and the same stores with an unsigned offset (Arm ARM,
 * "Load/store register (unsigned immediate)", size:111:V=0:01:opc).
 */
static bool decode_aarch64(enum instruction_set set, const uint8_t *code,
			   size_t length, struct instruction *ret)
{
	enum { STORE = 0x39000000, LOAD = 0x39400000, MASK = 0x3fc00000 };
	struct instruction found = {.length = 4};
	unsigned size;
	uint32_t word;

	(void)set;
	if (length < 4)
		return false;
	word = (uint32_t)code[0] | (uint32_t)code[1] << 8 |
	       (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
	if ((word & MASK) != STORE && (word & MASK) != LOAD)
		return false;
	size = word >> 30;
	found.bits = (uint8_t)(8 << size);
	found.write = (word & MASK) == STORE;
	found.base = word >> 5 & 31;
	found.value = word & 31;
	/* 31 is sp as a base, and no register as a value. */
	if (found.base == 31 || found.value == 31 ||
	    (found.write && found.value == found.base))
		return false;
	found.displacement = (int64_t)(word >> 10 & 0xfff) << size;
	memcpy(found.bytes, code, 4);
	*ret = found;
	return true;
}

static const struct {
	bool (*decode)(enum instruction_set set, const uint8_t *code,
		       size_t length, struct instruction *ret);
	unsigned step; /* bytes */
	unsigned widest;
} sets[] = {
	[SET_NONE] = {NULL, 1, 0},
	[SET_X86_64] = {decode_x86, 1, 64},
	[SET_I386] = {decode_x86, 1, 32},
	[SET_AARCH64] = {decode_aarch64, 4, 64},
};

bool instruction_decode(enum instruction_set set, const uint8_t *code,
			size_t length, struct instruction *ret)
{
	return sets[set].decode && sets[set].decode(set, code, length, ret);
}

bool instruction_find(enum instruction_set set, const uint8_t *code,
		      size_t length, uint64_t start, uint64_t page_size,
		      unsigned bits, bool write, struct instruction *ret)
{
	size_t step = instruction_step(set);
	struct instruction found;

	for (size_t at = (size_t)(-start % step); at < length; at += step) {
		uint64_t address = start + at;

		if (!instruction_decode(set, code + at, length - at, &found) ||
		    found.bits != bits || found.write != write ||
		    address % page_size + found.length > page_size)
			continue;
		found.address = address;
		*ret = found;
		return true;
	}
	return false;
}

unsigned instruction_step(enum instruction_set set)
{
	return sets[set].step;
}

unsigned instruction_widest(enum instruction_set set)
{
	return sets[set].widest;
}
