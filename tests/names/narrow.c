/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instead of rich.c in a program for 32 bits, which needs no C library: that of
 * 32 bits is not everywhere. Says "ready" and waits until its standard input is
 * closed.
 */
#include <stddef.h>

#include "rich.h"

long plain_long = -0x11223344;
unsigned long unsigned_long = 0x91827364;
long long long_long = -0x1726354453627180;
size_t size_value = 0x01020304;
double double_value = 2.718281828459045;
struct {
	uint8_t lead;
	uint64_t wide; /* on i386 at 4 */
} shifted __attribute__((aligned(16))) = {0x6c, 0x8f7e6d5c4b3a2918};
void *void_pointer = &long_long;
long **pointer_to_pointer = (long *[]){&plain_long, NULL};
const char *text = "narrow";
const void *at_inlined;

enum { READ = 3, WRITE = 4, EXIT = 1 };

static long system_call(long number, long first, const void *second, long third)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory");
	return result;
}

/* The compiler calls it for assignments. */
void *memcpy(void *to, const void *from, size_t size);
KEPT void *memcpy(void *to, const void *from, size_t size)
{
	const volatile uint8_t *byte = from;
	uint8_t *next = to;

	while (size--)
		*next++ = *byte++;
	return to;
}

__attribute__((noreturn)) void _start(void);
void _start(void)
{
	char buffer[16];

	second_count();
	second_step();
	registers_start();
	library_step();
	system_call(WRITE, 1, "ready\n", 6);
	while (system_call(READ, 0, buffer, sizeof(buffer)) > 0)
		;
	system_call(EXIT, 0, NULL, 0);
	__builtin_unreachable();
}
