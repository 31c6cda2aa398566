/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads and stores: what is decoded, what is not, and that this processor,
 * where it is one of them, does with each what the decoder says and nothing
 * else.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "target/instruction.h"
#include "target/registers.h"
#include "unit.h"

enum { PAGE = 4096 };

static const struct {
	enum instruction_set set;
	const char *code; /* hexadecimal */
	unsigned bits;
	bool write;
	unsigned base, value;
	int64_t displacement;
} good[] = {
	/* mov (%rdi),%al ... mov (%rdi),%rax */
	{SET_X86_64, "8a07", 8, false, 7, 0, 0},
	{SET_X86_64, "668b07", 16, false, 7, 0, 0},
	{SET_X86_64, "8b07", 32, false, 7, 0, 0},
	{SET_X86_64, "488b07", 64, false, 7, 0, 0},
	/* mov %dl,(%rsi) ... mov %rdx,(%rsi) */
	{SET_X86_64, "8816", 8, true, 6, 2, 0},
	{SET_X86_64, "668916", 16, true, 6, 2, 0},
	{SET_X86_64, "8916", 32, true, 6, 2, 0},
	{SET_X86_64, "488916", 64, true, 6, 2, 0},
	/* mov 0x10(%rax),%ecx; mov -0x8(%rax),%rcx; mov 0x12345678(%rbx),%eax;
	 * mov -0x2(%rbx),%eax with 32 bits of displacement */
	{SET_X86_64, "8b4810", 32, false, 0, 1, 0x10},
	{SET_X86_64, "488b48f8", 64, false, 0, 1, -8},
	{SET_X86_64, "8b8378563412", 32, false, 3, 0, 0x12345678},
	{SET_X86_64, "8b83feffffff", 32, false, 3, 0, -2},
	/* mov (%r8),%r9d; mov %r15,(%rcx); mov %sil,(%rax); mov (%rax),%eax */
	{SET_X86_64, "458b08", 32, false, 8, 9, 0},
	{SET_X86_64, "4c8939", 64, true, 1, 15, 0},
	{SET_X86_64, "408830", 8, true, 0, 6, 0},
	{SET_X86_64, "8b00", 32, false, 0, 0, 0},
	{SET_X86_64, "66418b00", 16, false, 8, 0, 0},
	/* movzbl (%rdi),%eax; movzwl 0x4(%rax),%r9d; movzbl (%rsi),%edi */
	{SET_X86_64, "0fb607", 8, false, 7, 0, 0},
	{SET_X86_64, "440fb74804", 16, false, 0, 9, 4},
	{SET_X86_64, "0fb63e", 8, false, 6, 7, 0},
	/* in 32-bit programs */
	{SET_I386, "8b07", 32, false, 7, 0, 0},
	{SET_I386, "8816", 8, true, 6, 2, 0},
	{SET_I386, "668b4304", 16, false, 3, 0, 4},
	/* ldrb w0,[x1]; ldrh w2,[x3,#2]; ldr w0,[x1]; ldr x9,[x10,#32760] */
	{SET_AARCH64, "20004039", 8, false, 1, 0, 0},
	{SET_AARCH64, "62044079", 16, false, 3, 2, 2},
	{SET_AARCH64, "200040b9", 32, false, 1, 0, 0},
	{SET_AARCH64, "49fd7ff9", 64, false, 10, 9, 32760},
	/* strb w0,[x1]; strh w0,[x1]; str w0,[x1,#4]; str x30,[x0] */
	{SET_AARCH64, "20000039", 8, true, 1, 0, 0},
	{SET_AARCH64, "20000079", 16, true, 1, 0, 0},
	{SET_AARCH64, "200400b9", 32, true, 1, 0, 4},
	{SET_AARCH64, "1e0000f9", 64, true, 0, 30, 0},
};

static const struct {
	enum instruction_set set;
	const char *code, *why;
} bad[] = {
	{SET_X86_64, "", "nothing"},
	{SET_X86_64, "8b", "cut short"},
	{SET_X86_64, "8b48", "a displacement is missing"},
	{SET_X86_64, "8b83785634", "a part of it is"},
	{SET_X86_64, "8bc1", "register to register"},
	{SET_X86_64, "8b04c1", "with an index (SIB)"},
	{SET_X86_64, "8b0500000000", "relative to rip"},
	{SET_X86_64, "8b4510", "by rbp"},
	{SET_X86_64, "418b4424", "by r12: a SIB byte"},
	{SET_X86_64, "8b20", "into esp"},
	{SET_X86_64, "488b20", "into rsp"},
	{SET_X86_64, "8900", "stores its own address"},
	{SET_X86_64, "4d8900", "the same with r8"},
	{SET_X86_64, "8820", "stores ah"},
	{SET_X86_64, "8a38", "loads bh"},
	{SET_X86_64, "66488b07", "two prefixes of a size"},
	{SET_X86_64, "668a07", "a size where there is none"},
	{SET_X86_64, "488a07", "the same"},
	{SET_X86_64, "48668b07", "REX is not the last prefix"},
	{SET_X86_64, "f08907", "lock"},
	{SET_X86_64, "648b07", "by fs"},
	{SET_X86_64, "678b07", "addresses of 32 bits"},
	{SET_X86_64, "8707", "xchg"},
	{SET_X86_64, "8d07", "lea"},
	{SET_X86_64, "8c07", "a segment register"},
	{SET_X86_64, "480fb607", "movzx to 64 bits"},
	{SET_X86_64, "660fb607", "movzx to 16 bits"},
	{SET_X86_64, "0fbe07", "movsx"},
	{SET_X86_64, "0f8b07", "a jump"},
	{SET_X86_64, "0fb7c7", "movzx from a register"},
	{SET_X86_64, "a1", "by an absolute address"},
	{SET_I386, "488b07", "dec %eax, and then a load"},
	{SET_I386, "8b4510", "by ebp, and so by ss"},
	{SET_AARCH64, "200040", "cut short"},
	{SET_AARCH64, "e00340b9", "by sp"},
	{SET_AARCH64, "3f0040b9", "into wzr"},
	{SET_AARCH64, "3f0000b9", "of wzr"},
	{SET_AARCH64, "210000b9", "stores its own address"},
	{SET_AARCH64, "200080b9", "ldrsw"},
	{SET_AARCH64, "2000c039", "ldrsb to w"},
	{SET_AARCH64, "20008039", "ldrsb to x"},
	{SET_AARCH64, "200080f9", "prfm"},
	{SET_AARCH64, "200040bd", "ldr s0"},
	{SET_AARCH64, "208440b8", "post-indexed"},
	{SET_AARCH64, "208c40b8", "pre-indexed"},
	{SET_AARCH64, "200040b8", "ldur"},
	{SET_AARCH64, "206860b8", "with a register"},
	{SET_AARCH64, "20000018", "literal"},
	{SET_AARCH64, "200440a9", "ldp"},
	{SET_AARCH64, "207c5f88", "ldxr"},
	{SET_NONE, "8b07", "no instruction set"},
};

static size_t bytes_of(const char *text, uint8_t bytes[LONGEST_INSTRUCTION])
{
	size_t length = strlen(text) / 2;

	for (size_t i = 0; i < length; i++) {
		unsigned byte;

		ck_assert_int_eq(sscanf(text + 2 * i, "%2x", &byte), 1);
		bytes[i] = (uint8_t)byte;
	}
	return length;
}

START_TEST(decoded)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint8_t bytes[LONGEST_INSTRUCTION];
		size_t length = bytes_of(good[i].code, bytes);
		struct instruction found = {0};

		ck_assert_msg(
			instruction_decode(good[i].set, bytes, length, &found),
			"%s", good[i].code);
		ck_assert_msg(found.bits == good[i].bits &&
				      found.write == good[i].write &&
				      found.base == good[i].base &&
				      found.value == good[i].value &&
				      found.displacement ==
					      good[i].displacement &&
				      found.length == length &&
				      memcmp(found.bytes, bytes, length) == 0,
			      "%s: %u bits, write %d, %u, %u, %lld",
			      good[i].code, found.bits, found.write, found.base,
			      found.value, (long long)found.displacement);
		/* what follows is nothing of it; what is missing is */
		bytes[length] = 0x8b;
		ck_assert(instruction_decode(good[i].set, bytes, length + 1,
					     &found));
		ck_assert_uint_eq(found.length, length);
		ck_assert(!instruction_decode(good[i].set, bytes, length - 1,
					      &found));
	}
}
END_TEST

START_TEST(not_decoded)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t bytes[LONGEST_INSTRUCTION];
		size_t length = bytes_of(bad[i].code, bytes);
		struct instruction found;

		ck_assert_msg(
			!instruction_decode(bad[i].set, bytes, length, &found),
			"%s: %s", bad[i].code, bad[i].why);
	}
}
END_TEST

START_TEST(searched)
{
	uint8_t code[64];
	struct instruction found = {0};

	memset(code, 0x90, sizeof(code));
	memcpy(code + 10, "\x8b\x07", 2);
	memcpy(code + 20, "\x89\x16", 2);
	memcpy(code + 30, "\x8b\x07", 2);
	ck_assert(instruction_find(SET_X86_64, code, sizeof(code), 0x1000, PAGE,
				   32, false, &found));
	ck_assert_uint_eq(found.address, 0x100a);
	ck_assert(instruction_find(SET_X86_64, code, sizeof(code), 0x1000, PAGE,
				   32, true, &found));
	ck_assert_uint_eq(found.address, 0x1014);
	ck_assert(!instruction_find(SET_X86_64, code, sizeof(code), 0x1000,
				    PAGE, 16, false, &found));
	/* not over the end of a page: the next one will do */
	ck_assert(instruction_find(SET_X86_64, code, sizeof(code),
				   2 * PAGE - 11, PAGE, 32, false, &found));
	ck_assert_uint_eq(found.address, 2 * PAGE - 11 + 30);
	/* where arm64 may have one, and nowhere else */
	memset(code, 0, sizeof(code));
	memcpy(code + 10, "\x20\x00\x40\xb9", 4);
	ck_assert(!instruction_find(SET_AARCH64, code, sizeof(code), 0x1000,
				    PAGE, 32, false, &found));
	ck_assert(instruction_find(SET_AARCH64, code, sizeof(code), 0x1002,
				   PAGE, 32, false, &found));
	ck_assert_uint_eq(found.address, 0x100c);
}
END_TEST

START_TEST(widths)
{
	ck_assert_uint_eq(instruction_widest(SET_X86_64), 64);
	ck_assert_uint_eq(instruction_widest(SET_I386), 32);
	ck_assert_uint_eq(instruction_widest(SET_AARCH64), 64);
	ck_assert_uint_eq(instruction_widest(SET_NONE), 0);
}
END_TEST

/* Executed: two pages, of code and of data, that a child shares with us. */

static uint8_t *code, *data;
static pid_t child;

static const uint64_t stored = UINT64_C(0x1122334455667788);

static void start_child(void)
{
	int status;

	code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(code != MAP_FAILED);
	data = code + PAGE;
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSTOPPED(status));
}

static void end_child(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(code, 2 * PAGE);
}

/* One step of it, at an address in the middle of the data: all bytes around
 * stay, and all registers but the one that is loaded. */
static void execute(struct instruction instruction,
		    const struct registers *registers)
{
	const size_t at = 512, size = instruction.bits / 8;
	const uint64_t address = (uint64_t)(uintptr_t)(data + at);
	struct registers aimed = *registers, now = *registers;
	uint64_t loaded = 0, expected = 0;
	uint8_t before[1024];
	unsigned changed = 0; /* the program counter is one of them */
	int status;

	for (size_t i = 0; i < sizeof(before); i++)
		before[i] = data[i] = (uint8_t)(0x81 + 7 * i);
	memcpy(code, instruction.bytes, instruction.length);
	instruction.address = (uint64_t)(uintptr_t)code;
	registers_aim(&aimed, &instruction, address, stored);
	ck_assert(registers_write(child, &aimed));
	ck_assert(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(WSTOPSIG(status), SIGTRAP);
	ck_assert(registers_read(child, &now));
	ck_assert_uint_eq(registers_pc(&now),
			  instruction.address + instruction.length);
	if (instruction.write) {
		memcpy(before + at, &stored, size);
	} else {
		loaded = registers_loaded(&now, &instruction);
		memcpy(&expected, before + at, size);
		ck_assert(memcmp(&loaded, &expected, size) == 0);
	}
	ck_assert(memcmp(before, data, sizeof(before)) == 0);
	/* all others, the flags among them: nothing was loaded by a store, and
	 * by a load only that one */
	for (size_t i = 0; i < ARRAY_SIZE(now.words); i++)
		changed += now.words[i] != aimed.words[i];
	ck_assert_uint_le(changed, instruction.write ? 1 : 2);
}

static void execute_if_good(const uint8_t *bytes, size_t length,
			    const struct registers *registers, unsigned *count)
{
	struct instruction found;

	if (!instruction_decode(registers_set_of(false), bytes, length, &found))
		return;
	execute(found, registers);
	++*count;
}

/* With each prefix, opcode and ModRM byte, and two displacements. */
static void execute_x86(const struct registers *registers, unsigned *count)
{
	static const uint8_t tails[][4] = {
		{0x10, 0x01, 0x00, 0x00},
		{0xf0, 0xff, 0xff, 0xff},
	};

	for (unsigned prefixes = 0; prefixes < 2 * 17; prefixes++)
		for (unsigned rest = 0; rest < 6 * 256 * 2; rest++) {
			static const uint8_t opcodes[] = {0x88, 0x89, 0x8a,
							  0x8b, 0xb6, 0xb7};
			uint8_t bytes[LONGEST_INSTRUCTION];
			size_t length = 0;

			if (prefixes & 1)
				bytes[length++] = 0x66;
			if (prefixes / 2)
				bytes[length++] =
					(uint8_t)(0x40 + prefixes / 2 - 1);
			if (rest % 6 > 3)
				bytes[length++] = 0x0f;
			bytes[length++] = opcodes[rest % 6];
			bytes[length++] = (uint8_t)(rest / 6 % 256);
			memcpy(bytes + length, tails[rest / (6 * 256)], 4);
			execute_if_good(bytes, length + 4, registers, count);
		}
}

/* All sizes and registers, and some offsets. */
static void execute_aarch64(const struct registers *registers, unsigned *count)
{
	for (uint32_t size = 0; size < 4; size++)
		for (uint32_t rest = 0; rest < 2 * 1024 * 3; rest++) {
			uint32_t word = UINT32_C(0x39000000) | size << 30 |
					(rest & 1) << 22 | (rest >> 1 & 1023) |
					rest / 2048 * 7 << 10;
			uint8_t bytes[4];

			for (size_t i = 0; i < 4; i++)
				bytes[i] = (uint8_t)(word >> 8 * i);
			execute_if_good(bytes, 4, registers, count);
		}
}

START_TEST(executed)
{
	struct registers registers;
	unsigned count = 0;

	if (registers_set_of(false) == SET_NONE)
		return;
	start_child();
	ck_assert(registers_read(child, &registers));
	ck_assert_int_eq(registers_set(&registers), registers_set_of(false));
	if (registers_set_of(false) == SET_X86_64)
		execute_x86(&registers, &count);
	else
		execute_aarch64(&registers, &count);
	ck_assert_uint_gt(count, 1000);
	end_child();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		decoded, not_decoded, searched, widths, executed,
	};

	return run_suite(
		suite_of("instruction", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
