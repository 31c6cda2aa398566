/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that tests/names looks at, with mmiodbg and with gdb: variables
 * of all types and scopes, whose bytes all differ where they can. It says
 * "ready" and waits until its standard input is closed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
#ifndef WITHOUT_PLUGIN
#include <dlfcn.h>
#endif

#include "rich.h"

/* Scalars */

uint8_t byte_value = 0xa5;
int8_t small_negative = -2;
uint16_t half_value = 0xc3d4;
int16_t half_negative = -0x1234;
uint32_t word_value = 0x81726354;
int32_t word_negative = -0x12345678;
uint64_t long_value = 0xf1e2d3c4b5a69788;
int64_t long_negative = -0x0123456789abcdef;
char plain_char = 'Q';
signed char signed_char = -100;
unsigned char unsigned_char = 0xfe;
short plain_short = -300;
unsigned short unsigned_short = 0xfed1;
int plain_int = -70000;
unsigned plain_unsigned = 0xfedcba91;
long plain_long = -0x1122334455667788;
unsigned long unsigned_long = 0x9182736455463728;
long long long_long = 0x1726354453627180;
unsigned long long unsigned_long_long = 0xe1d2c3b4a5968778;
bool true_value = true;
bool false_value;
float float_value = -1.7320508F;
double double_value = 2.718281828459045;
size_t size_value = 0x0102030405060708;
wchar_t wide_char = 0x1f600;

const uint32_t constant_word = 0x34125678;
volatile uint32_t volatile_word = 0x43216587;
const volatile uint16_t constant_half = 0x5a3c;
uint32_t zeroed;

typedef uint32_t first_alias;
typedef const first_alias second_alias;
typedef volatile second_alias third_alias;
third_alias aliased_word = 0xc0d1e2f3;

/* Enumerations */

enum color { RED, GREEN, BLUE = 7 };
typedef enum { COLD = -40, MILD = 12, HOT = 451 } temperature;
enum flag { FLAG_A = 1, FLAG_B = 2, FLAG_C = 4, FLAG_TOP = 0x8000 };
enum wide { WIDE_LOW = 1, WIDE_HIGH = 0x123456789abcdef0 };
enum __attribute__((packed)) tiny { TINY_ONE = 1, TINY_TWO };

enum color color = GREEN;
enum color no_color = (enum color)5;
temperature coldness = COLD;
temperature heat = HOT;
enum flag flags = (enum flag)(FLAG_A | FLAG_C);
enum wide wideness = WIDE_HIGH;
enum tiny tininess = TINY_TWO;
enum color palette[3] = {BLUE, RED, GREEN};

/* Pointers */

int *int_pointer = &plain_int;
int **pointer_to_pointer = &int_pointer;
int ***third_pointer = &pointer_to_pointer;
const volatile uint32_t *qualified_pointer = &volatile_word;
void *void_pointer = &long_value;
const char *text = "mmiodbg";
const char *const texts[2] = {"alpha", "beta"};
void *null_pointer;
struct node *null_node;
unsigned (*function_pointer)(void) = second_step;
unsigned (*function_pointers[2])(void) = {second_count, second_step};
int (*array_pointer)[3];

/* Arrays */

uint8_t bytes[5] = {0x10, 0x32, 0x54, 0x76, 0x98};
int16_t halves[3] = {-1, 0x7abc, -0x6543};
uint32_t grid[2][3] = {{0x11223344, 0x21324354, 0x31425364},
		       {0x41526374, 0x51627384, 0x61728394}};
int64_t cube[2][2][2] = {{{-1, 2}, {-3, 4}}, {{-5, 6}, {-7, 8}}};
int triple[3] = {-11, 22, -33};
float floats[2] = {0.1F, -0.2F};
char letters[] = "registers";
int *int_pointers[2] = {&triple[2], &plain_int};

/* Structs */

struct pair pair = {0xabcd, 0x13579bdf};
struct pair pairs[3] = {
	{0x1111, 0x22223333}, {0x4445, 0x55667788}, {0x9aab, 0xbccddeef}};
struct pair *pair_pointer = &pairs[1];
struct pair *pair_pointers[2] = {&pairs[2], &pair};
const struct pair constant_pair = {0x0f1e, 0x2d3c4b5a};

struct node third = {0x03040506, NULL};
struct node second_node = {0x02030405, &third};
struct node list = {0x01020304, &second_node};
struct node itself = {0x0a0b0c0d, &itself};

/* Scopes: second.c has the same names. */

static KEPT volatile uint32_t state = 0x11aa22bb;
const volatile void *rich_state_at = &state;
static KEPT struct pair same_pair = {0x1a2b, 0x3c4d5e6f};
const struct pair *rich_pair_at = &same_pair;

static uint32_t never_read = 0xdead0001;
static const int folded = 0x600d;

KEPT __thread uint32_t thread_word = 0x7eadbeef;
KEPT static __thread uint16_t thread_half = 0x7e57;

__attribute__((weak)) uint32_t weak_word = 0x77656b31;
__attribute__((visibility("hidden"))) uint32_t hidden_word = 0x68696464;

/* What gdb has no name for: it goes there by these. */
const void *at_inner;
const void *at_innermost;
const void *at_inlined;
const void *at_rich_inlined;
const void *at_twice[2];

static __attribute__((noinline)) unsigned count(void)
{
	static volatile uint32_t calls = 0xca110001;
	static volatile int8_t stride = -3;

	calls += 2;
	return calls + (unsigned)stride;
}

static __attribute__((noinline)) unsigned other(void)
{
	static volatile uint32_t calls = 0x0ca11002;

	calls += 3;
	return calls;
}

static __attribute__((noinline)) unsigned blocks(unsigned depth)
{
	unsigned sum = 0;

	if (depth > 1) {
		static volatile uint32_t inner = 0x1bee2f01;
		static volatile uint32_t twice = 0x2bee2f01;

		at_inner = (const void *)&inner;
		at_twice[0] = (const void *)&twice;
		sum += inner++ + twice++;
		for (unsigned i = 0; i < depth; i++) {
			static volatile uint16_t innermost = 0x3bee;

			at_innermost = (const void *)&innermost;
			sum += innermost++;
		}
	}
	if (depth > 2) {
		static volatile uint32_t twice = 0x4bee2f01;

		at_twice[1] = (const void *)&twice;
		sum += twice--;
	}
	return sum;
}

#ifndef WITHOUT_PLUGIN
static void *load_plugin(const char *path)
{
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!plugin)
		fprintf(stderr, "%s\n", dlerror());
	return plugin;
}
#else
static void *load_plugin(const char *path)
{
	return (void *)path;
}
#endif

static void wait_for_the_end(void)
{
	char buffer[16];

	while (read(STDIN_FILENO, buffer, sizeof(buffer)) > 0)
		;
}

int main(int argc, char **argv)
{
	unsigned sum = (unsigned)folded;

	if (argc != 2 || !load_plugin(argv[1]))
		return 1;
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	array_pointer = &triple;
	never_read = sum;
	sum += count() + other() + count() + blocks((unsigned)argc + 1) +
	       inlined_step(&at_rich_inlined, 1) + second_count() +
	       second_step() + registers_start() + library_step() +
	       library_value + thread_word + thread_half;
	printf("ready %u\n", sum);
	fflush(stdout);
	wait_for_the_end();
	return 0;
}
