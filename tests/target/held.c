/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "held.h"

#include <errno.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "witness.h"

/* clang-format off */
#define TEXT_(x)  #x
#define TEXT(x)   TEXT_(x)
/* clang-format on */

#if defined __x86_64__
/*
 * What hold_registers() puts into the registers, and finds in them after.  Its
 * assembler code knows the layout: H_... below.
 */
struct registers {
	uint64_t general[16]; /* see register_names; [15] is set by it */
	uint8_t x87[8][16];
	uint8_t vector[16][32]; /* half of each without AVX */
	uint64_t flags;
	uint32_t mxcsr;
	uint16_t x87_control;
};

struct held {
	alignas(16) struct registers before;
	alignas(16) struct registers after;
	uint64_t spins;
	uint64_t is_syscall; /* instead of spins: one system call */
	uint64_t has_avx;
};

/* clang-format off */
#define H_X87     128
#define H_VECTOR  256
#define H_FLAGS   768
#define H_MXCSR   776
#define H_CONTROL 780
#define H_AFTER   784
#define H_SPINS   1568
#define H_SYSCALL 1576
#define H_AVX     1584
/* clang-format on */

_Static_assert(offsetof(struct registers, x87) == H_X87 &&
		       offsetof(struct registers, vector) == H_VECTOR &&
		       offsetof(struct registers, flags) == H_FLAGS &&
		       offsetof(struct registers, mxcsr) == H_MXCSR &&
		       offsetof(struct registers, x87_control) == H_CONTROL &&
		       offsetof(struct held, after) == H_AFTER &&
		       offsetof(struct held, spins) == H_SPINS &&
		       offsetof(struct held, is_syscall) == H_SYSCALL &&
		       offsetof(struct held, has_avx) == H_AVX,
	       "the layout that hold_registers() knows");

static const char *const register_names[16] = {
	"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
	"r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rsp",
};

enum {
	RAX = 0,
	RCX = 2,
	RDX = 3,
	RSI = 4,
	RDI = 5,
	R10 = 9,
	R11 = 10,
	RSP = 15,
	FLAG_TRAP = 0x100,
	FLAG_IF = 0x200,
	FLAG_DF = 0x400,
	/* CF PF AF ZF SF OF ID: those that may have any value */
	FLAGS_ANY = 0x2008d5,
	FLAG_ALWAYS = 2,
};

/* clang-format off */
#define AT(x)     TEXT(x) "(%rdi)"
#define AFTER(x)  TEXT(H_AFTER) "+" TEXT(x) "(%rdi)"
#define ALL_16(x) ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15;" x ";.endr;"

/*
 * Loads held->before into all registers, spins (or makes a system call) while
 * nothing is anywhere else, and stores all registers to held->after.  On the
 * stack stand meanwhile: the count of spins, and above it @held.
 */
static __attribute__((naked, noinline)) void
hold_registers(__attribute__((unused)) struct held *held)
{
	asm(
	/* What the ABI wants back. */
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15;"
	"sub $16, %rsp; stmxcsr (%rsp); fnstcw 4(%rsp);"
	"push %rdi; pushq " AT(H_SPINS) ";"
	"mov %rsp, 120(%rdi);"

	"fninit; fldcw " AT(H_CONTROL) "; ldmxcsr " AT(H_MXCSR) ";"
	".irp n,7,6,5,4,3,2,1,0; fldt 128+16*\\n(%rdi); .endr;"
	"cmpq $0, " AT(H_AVX) "; je 1f;"
	ALL_16("vmovdqu 256+32*\\n(%rdi), %ymm\\n")
	"jmp 2f;"
	"1: " ALL_16("movdqu 256+32*\\n(%rdi), %xmm\\n")
	"2: cmpq $0, " AT(H_SYSCALL) "; jne 5f;"

	"call 6f;"
	/* Spins without a change of the flags: %rcx is borrowed. */
	"3: .rept 200; nop; .endr;"
	"xchg %rcx, (%rsp); lea -1(%rcx), %rcx; jrcxz 4f;"
	"xchg %rcx, (%rsp); jmp 3b;"
	"4: xchg %rcx, (%rsp); jmp 7f;"

	"5: call 6f; syscall; jmp 7f;"

	/* The flags and the general registers; mov does not change those. */
	"6: pushq " AT(H_FLAGS) "; popfq;"
	"mov 0(%rdi), %rax; mov 8(%rdi), %rbx; mov 16(%rdi), %rcx;"
	"mov 24(%rdi), %rdx; mov 32(%rdi), %rsi; mov 48(%rdi), %rbp;"
	"mov 56(%rdi), %r8; mov 64(%rdi), %r9; mov 72(%rdi), %r10;"
	"mov 80(%rdi), %r11; mov 88(%rdi), %r12; mov 96(%rdi), %r13;"
	"mov 104(%rdi), %r14; mov 112(%rdi), %r15; mov 40(%rdi), %rdi;"
	"ret;"

	"7: pushfq; cld; push %rdi; mov 24(%rsp), %rdi;"
	"mov %rax, " AFTER(0) "; mov %rbx, " AFTER(8) ";"
	"mov %rcx, " AFTER(16) "; mov %rdx, " AFTER(24) ";"
	"mov %rsi, " AFTER(32) "; popq " AFTER(40) ";"
	"mov %rbp, " AFTER(48) "; mov %r8, " AFTER(56) ";"
	"mov %r9, " AFTER(64) "; mov %r10, " AFTER(72) ";"
	"mov %r11, " AFTER(80) "; mov %r12, " AFTER(88) ";"
	"mov %r13, " AFTER(96) "; mov %r14, " AFTER(104) ";"
	"mov %r15, " AFTER(112) "; popq " AFTER(H_FLAGS) ";"
	"mov %rsp, " AFTER(120) ";"

	"fnstcw " AFTER(H_CONTROL) "; stmxcsr " AFTER(H_MXCSR) ";"
	".irp n,0,1,2,3,4,5,6,7; fstpt 784+128+16*\\n(%rdi); .endr;"
	"fninit;"
	"cmpq $0, " AT(H_AVX) "; je 1f;"
	ALL_16("vmovdqu %ymm\\n, 784+256+32*\\n(%rdi)")
	"vzeroupper; jmp 2f;"
	"1: " ALL_16("movdqu %xmm\\n, 784+256+32*\\n(%rdi)")

	"2: add $16, %rsp; ldmxcsr (%rsp); fldcw 4(%rsp); add $16, %rsp;"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx;"
	"ret");
}
/* clang-format on */

static void fill_registers(uint64_t *random, struct held *held)
{
	struct registers *r = &held->before;

	memset(held, 0, sizeof *held);
	for (int i = 0; i < 16; i++)
		r->general[i] = random_of(random);
	for (int i = 0; i < 8; i++) {
		uint64_t mantissa = random_of(random) | UINT64_C(1) << 63;
		uint16_t exponent = 0x1000 + random_of(random) % 0x6000;

		memcpy(r->x87[i], &mantissa, 8);
		memcpy(r->x87[i] + 8, &exponent, 2);
	}
	held->has_avx = __builtin_cpu_supports("avx");
	for (int i = 0; i < 16; i++) {
		for (int j = 0; j < (held->has_avx ? 32 : 16); j += 8) {
			uint64_t word = random_of(random);

			memcpy(r->vector[i] + j, &word, 8);
		}
	}
	r->flags = FLAG_ALWAYS | FLAG_IF | (random_of(random) & FLAGS_ANY);
	/* All exceptions masked; one of four ways to round. */
	r->mxcsr = 0x1f80 | random_of(random) % 4 << 13;
	r->x87_control = 0x037f | random_of(random) % 4 << 10;
}

/* @unchecked: a bit for each general register that may have changed. */
static void compare_registers(const struct held *held, const char *when,
			      uint32_t unchecked)
{
	const struct registers *b = &held->before, *a = &held->after;

	for (int i = 0; i < 16; i++)
		if (!(unchecked >> i & 1) && a->general[i] != b->general[i])
			damage("registers",
			       "%s is 0x%" PRIx64 " and was 0x%" PRIx64 ", %s",
			       register_names[i], a->general[i], b->general[i],
			       when);
	for (int i = 0; i < 8; i++)
		if (memcmp(a->x87[i], b->x87[i], 10) != 0)
			damage("registers", "st%d changed, %s", i, when);
	for (int i = 0; i < 16; i++)
		if (memcmp(a->vector[i], b->vector[i], 32) != 0)
			damage("registers", "%cmm%d changed, %s",
			       held->has_avx ? 'y' : 'x', i, when);
	if (a->flags != b->flags)
		damage("registers",
		       "the flags are 0x%" PRIx64 " and were 0x%" PRIx64
		       ", %s%s",
		       a->flags, b->flags, when,
		       a->flags & FLAG_TRAP ? " (single-stepped)" : "");
	if (a->mxcsr != b->mxcsr)
		damage("registers", "mxcsr is 0x%x and was 0x%x, %s", a->mxcsr,
		       b->mxcsr, when);
	if (a->x87_control != b->x87_control)
		damage("registers", "the x87 control word is 0x%x, not 0x%x",
		       a->x87_control, b->x87_control);
}

static void prepare_spin(uint64_t *random, struct held *held)
{
	if (random_of(random) & 1)
		held->before.flags |= FLAG_DF;
}

static void prepare_call(struct held *held, long call, const uint64_t a[4])
{
	static const int of[4] = {RDI, RSI, RDX, R10};

	for (int i = 0; i < 4; i++)
		held->before.general[of[i]] = a[i];
	held->before.general[RAX] = call;
}

enum {
	RESULT = RAX,
	/* What a system call changes. */
	CHANGED = 1 << RAX | 1 << RCX | 1 << R11,
};

/* How many of the words hold anything but @pattern + their offset. */
static __attribute__((naked, noinline)) uint64_t
hold_red_zone(__attribute__((unused)) uint64_t pattern,
	      __attribute__((unused)) uint64_t spins)
{
	/* clang-format off */
	asm(
#define ALL_WORDS(x) ".irp n,8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,"\
	"128;" x ";.endr;"
	ALL_WORDS("lea \\n(%rdi), %rax; mov %rax, -\\n(%rsp)")
	"1: dec %rsi; jnz 1b; xor %eax, %eax; xor %ecx, %ecx;"
	ALL_WORDS("lea \\n(%rdi), %rdx; cmp %rdx, -\\n(%rsp); setne %cl;"
		  "add %rcx, %rax")
	"ret");
	/* clang-format on */
}

#elif defined __aarch64__
/* What hold_registers() puts into the registers, and finds in them after. */
struct registers {
	uint64_t general[32]; /* [31], the stack pointer, is set by it */
	uint8_t vector[32][16];
	uint64_t flags;
	uint64_t fpcr;
};

struct held {
	alignas(16) struct registers before;
	alignas(16) struct registers after;
	uint64_t spins;
	uint64_t is_syscall; /* instead of spins: one system call */
};

/* clang-format off */
#define H_SP      248
#define H_FLAGS   768
#define H_FPCR    776
#define H_AFTER   784
#define H_SPINS   1568
#define H_SYSCALL 1576
/* clang-format on */

_Static_assert(offsetof(struct registers, vector) == H_SP + 8 &&
		       offsetof(struct registers, flags) == H_FLAGS &&
		       offsetof(struct registers, fpcr) == H_FPCR &&
		       offsetof(struct held, after) == H_AFTER &&
		       offsetof(struct held, spins) == H_SPINS &&
		       offsetof(struct held, is_syscall) == H_SYSCALL,
	       "the layout that hold_registers() knows");

/*
 * Loads held->before into all registers, spins (or makes a system call) while
 * nothing is anywhere else, and stores all registers to held->after.  On the
 * stack stand meanwhile: what the ABI wants back, 160: @held, 168: FPCR, 176:
 * the count of spins, 184: a register that is borrowed.
 */
void hold_registers(struct held *held);

/* How many of the words hold anything but @pattern + their offset. */
uint64_t hold_red_zone(uint64_t pattern, uint64_t spins);

/* clang-format off */
asm(
".text; .balign 4;"
".macro two op, n, m, base; \\op x\\n, x\\m, [\\base, #8*\\n]; .endm;"
".macro twov op, n, m, base; \\op q\\n, q\\m, [\\base, #256+16*\\n]; .endm;"
".macro vectors op, base;"
"twov \\op,0,1,\\base; twov \\op,2,3,\\base; twov \\op,4,5,\\base;"
"twov \\op,6,7,\\base; twov \\op,8,9,\\base; twov \\op,10,11,\\base;"
"twov \\op,12,13,\\base; twov \\op,14,15,\\base; twov \\op,16,17,\\base;"
"twov \\op,18,19,\\base; twov \\op,20,21,\\base; twov \\op,22,23,\\base;"
"twov \\op,24,25,\\base; twov \\op,26,27,\\base; twov \\op,28,29,\\base;"
"twov \\op,30,31,\\base; .endm;"
/* All but x0 and x1. */
".macro generals op, base;"
"two \\op,2,3,\\base; two \\op,4,5,\\base; two \\op,6,7,\\base;"
"two \\op,8,9,\\base; two \\op,10,11,\\base; two \\op,12,13,\\base;"
"two \\op,14,15,\\base; two \\op,16,17,\\base; two \\op,18,19,\\base;"
"two \\op,20,21,\\base; two \\op,22,23,\\base; two \\op,24,25,\\base;"
"two \\op,26,27,\\base; two \\op,28,29,\\base; .endm;"

".global hold_registers; .type hold_registers, %function;"
"hold_registers: hint #34;" /* bti c */
"stp x29, x30, [sp, #-192]!; stp x19, x20, [sp, #16];"
"stp x21, x22, [sp, #32]; stp x23, x24, [sp, #48]; stp x25, x26, [sp, #64];"
"stp x27, x28, [sp, #80]; stp d8, d9, [sp, #96]; stp d10, d11, [sp, #112];"
"stp d12, d13, [sp, #128]; stp d14, d15, [sp, #144];"
"mrs x9, fpcr; stp x0, x9, [sp, #160];"
"ldr x9, [x0, #" TEXT(H_SPINS) "]; str x9, [sp, #176];"
"mov x9, sp; str x9, [x0, #" TEXT(H_SP) "];"
"ldr x9, [x0, #" TEXT(H_FPCR) "]; msr fpcr, x9;"
"vectors ldp, x0;"
"ldr x9, [x0, #" TEXT(H_FLAGS) "]; msr nzcv, x9;"
"ldr x9, [x0, #" TEXT(H_SYSCALL) "]; cbnz x9, 3f;"

"generals ldp, x0; ldr x30, [x0, #240]; ldp x0, x1, [x0];"
/* Spins without a change of the flags: x16 is borrowed. */
"1: .rept 200; nop; .endr;"
"str x16, [sp, #184]; ldr x16, [sp, #176]; sub x16, x16, #1;"
"str x16, [sp, #176]; cbz x16, 2f; ldr x16, [sp, #184]; b 1b;"
"2: ldr x16, [sp, #184]; b 4f;"

"3: generals ldp, x0; ldr x30, [x0, #240]; ldp x0, x1, [x0]; svc #0;"

"4: str x0, [sp, #184]; ldr x0, [sp, #160]; add x0, x0, #" TEXT(H_AFTER) ";"
"generals stp, x0; str x30, [x0, #240]; vectors stp, x0;"
"ldr x9, [sp, #184]; stp x9, x1, [x0];"
"mov x9, sp; str x9, [x0, #" TEXT(H_SP) "];"
"mrs x9, nzcv; str x9, [x0, #" TEXT(H_FLAGS) "];"
"mrs x9, fpcr; str x9, [x0, #" TEXT(H_FPCR) "];"
"ldr x9, [sp, #168]; msr fpcr, x9;"
"ldp d14, d15, [sp, #144]; ldp d12, d13, [sp, #128];"
"ldp d10, d11, [sp, #112]; ldp d8, d9, [sp, #96]; ldp x27, x28, [sp, #80];"
"ldp x25, x26, [sp, #64]; ldp x23, x24, [sp, #48]; ldp x21, x22, [sp, #32];"
"ldp x19, x20, [sp, #16]; ldp x29, x30, [sp], #192; ret;"
".size hold_registers, .-hold_registers;"

#define ALL_WORDS(x) ".irp n,8,16,24,32,40,48,56,64,72,80,88,96,104,112,120,"\
	"128;" x ";.endr;"
".global hold_red_zone; .type hold_red_zone, %function;"
"hold_red_zone: hint #34; mov x4, x0; mov x0, #0;"
ALL_WORDS("add x2, x4, #\\n; stur x2, [sp, #-\\n]")
"1: subs x1, x1, #1; b.ne 1b;"
ALL_WORDS("add x2, x4, #\\n; ldur x3, [sp, #-\\n]; cmp x2, x3;"
	  "cset x3, ne; add x0, x0, x3")
"ret; .size hold_red_zone, .-hold_red_zone");
/* clang-format on */

static void fill_registers(uint64_t *random, struct held *held)
{
	struct registers *r = &held->before;

	memset(held, 0, sizeof *held);
	for (int i = 0; i < 31; i++)
		r->general[i] = random_of(random);
	for (int i = 0; i < 32; i++) {
		uint64_t word[2] = {random_of(random), random_of(random)};

		memcpy(r->vector[i], word, 16);
	}
	r->flags = random_of(random) & UINT64_C(0xf0000000);
	/* One of four ways to round. */
	r->fpcr = random_of(random) % 4 << 22;
}

/* @unchecked: a bit for each general register that may have changed. */
static void compare_registers(const struct held *held, const char *when,
			      uint32_t unchecked)
{
	const struct registers *b = &held->before, *a = &held->after;

	for (int i = 0; i < 32; i++)
		if (!(unchecked >> i & 1) && a->general[i] != b->general[i])
			damage("registers",
			       "x%d is 0x%" PRIx64 " and was 0x%" PRIx64 ", %s",
			       i, a->general[i], b->general[i], when);
	for (int i = 0; i < 32; i++)
		if (memcmp(a->vector[i], b->vector[i], 16) != 0)
			damage("registers", "v%d changed, %s", i, when);
	if (a->flags != b->flags)
		damage("registers",
		       "the flags are 0x%" PRIx64 " and were 0x%" PRIx64 ", %s",
		       a->flags, b->flags, when);
	if (a->fpcr != b->fpcr)
		damage("registers", "fpcr is 0x%" PRIx64 ", not 0x%" PRIx64,
		       a->fpcr, b->fpcr);
}

static void prepare_spin(uint64_t *random, struct held *held)
{
	(void)random;
	(void)held;
}

static void prepare_call(struct held *held, long call, const uint64_t a[4])
{
	memcpy(held->before.general, a, 4 * sizeof *a);
	held->before.general[8] = call;
}

enum {
	RESULT = 0,
	/* What a system call changes. */
	CHANGED = 1 << RESULT,
};

#endif

#if defined __x86_64__ || defined __aarch64__

void held_spin(uint64_t *random, uint64_t spins)
{
	struct held held;

	fill_registers(random, &held);
	prepare_spin(random, &held);
	held.spins = spins;
	hold_registers(&held);
	compare_registers(&held, "after spinning", 0);
}

uint64_t held_spins_of_1ms(uint64_t *random)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 5; i++) {
		uint64_t start = now_ns();

		held_spin(random, 1000);
		start = now_ns() - start;
		if (start < best)
			best = start;
	}
	return UINT64_C(1000000) * 1000 / (best + 1) + 1;
}

long held_call(uint64_t *random, long call, uint64_t a, uint64_t b, uint64_t c,
	       uint64_t d)
{
	struct held held;

	fill_registers(random, &held);
	held.is_syscall = 1;
	prepare_call(&held, call, (const uint64_t[4]){a, b, c, d});
	hold_registers(&held);
	compare_registers(&held, "after a system call", CHANGED);
	return held.after.general[RESULT];
}

void held_red_zone(uint64_t *random, uint64_t spins)
{
	uint64_t pattern = random_of(random);
	uint64_t changed = hold_red_zone(pattern, spins);

	if (changed)
		damage("memory", "%" PRIu64 " words below the stack changed",
		       changed);
}

#else

/* As many values as the compiler keeps in registers. */
void held_spin(uint64_t *random, uint64_t spins)
{
	uint64_t v[6];
	uint64_t a, b, c, d, e, f;

	for (int i = 0; i < 6; i++)
		v[i] = random_of(random);
	a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5];
	for (uint64_t i = 0; i < spins; i++)
		asm volatile(""
			     : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e),
			       "+r"(f));
	if (a != v[0] || b != v[1] || c != v[2] || d != v[3] || e != v[4] ||
	    f != v[5])
		damage("registers", "one changed");
}

uint64_t held_spins_of_1ms(uint64_t *random)
{
	(void)random;
	return 1000000;
}

long held_call(uint64_t *random, long call, uint64_t a, uint64_t b, uint64_t c,
	       uint64_t d)
{
	long result = syscall(call, a, b, c, d);

	(void)random;
	return result < 0 ? -errno : result;
}

void held_red_zone(uint64_t *random, uint64_t spins)
{
	(void)random;
	(void)spins;
}

#endif
