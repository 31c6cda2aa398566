/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmionarrow: a 32-bit process that waits in a system call
 *
 *   mmionarrow [/FILE] NUMBER ARGUMENTS...
 *
 * Maps the first page of FILE, if that is given, and makes one call of i386, by int 0x80. An argument is a decimal number; `time`,
 * a pointer to a struct timespec of 3 seconds; `events`, one to some space; or
 * `epoll`, a descriptor of that kind, on standard input.
 *
 * Prints "ready PID ADDRESS 0 PID" before the call and "result VALUE" after it,
 * and ends at the end of standard input. ADDRESS has 0x5e1f0010 at 0x40, or is
 * that of the file.
 *
 * Free-standing, so that a compiler for 64 bits without libraries for 32 makes
 * it: gcc -m32 -nostdlib -static -ffreestanding -fno-pie -no-pie. With
 * -DWITH_HALVES it has code that loads and stores 16 bits.
 */

enum {
	CALL_EXIT = 1,
	CALL_READ = 3,
	CALL_WRITE = 4,
	CALL_OPEN = 5,
	CALL_GETPID = 20,
	CALL_MMAP = 90,
	CALL_EPOLL_CREATE = 254,
	CALL_EPOLL_CTL = 255,
	WORDS = 1024,
};

static unsigned words[WORDS] __attribute__((aligned(4096)));
static int three_seconds[2] = {3, 0};
static unsigned events[3] = {1};
static char line[128];
static unsigned length;

static int call(int number, const int arguments[6])
{
	int result;

	/* The sixth is in ebp, which the compiler needs: none here has one. */
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"(number), "b"(arguments[0]), "c"(arguments[1]),
			   "d"(arguments[2]), "S"(arguments[3]),
			   "D"(arguments[4])
			 : "memory");
	return result;
}

static int call3(int number, int first, int second, int third)
{
	const int arguments[6] = {first, second, third};

	return call(number, arguments);
}

static void put(const char *text)
{
	while (*text)
		line[length++] = *text++;
}

static void put_number(unsigned number, unsigned base)
{
	if (number >= base)
		put_number(number / base, base);
	line[length++] = "0123456789abcdef"[number % base];
}

static void put_out(void)
{
	line[length++] = '\n';
	call3(CALL_WRITE, 1, (int)line, (int)length);
	length = 0;
}

static int parse(const char *text)
{
	int sign = *text == '-' ? -1 : 1, number = 0;

	if (*text == 't')
		return (int)three_seconds;
	if (*text == 'e' && text[1] == 'v')
		return (int)events;
	if (*text == 'e') {
		number = call3(CALL_EPOLL_CREATE, 1, 0, 0);
		call(CALL_EPOLL_CTL, (const int[6]){number, 1, 0, (int)events});
		return number;
	}
	for (text += sign < 0; *text; text++)
		number = number * 10 + *text - '0';
	return sign * number;
}

/* To be read and written, shared. */
static unsigned map_file(const char *path)
{
	const int file = call3(CALL_OPEN, (int)path, 2, 0);
	const int arguments[6] = {0, WORDS * 4, 3, 1, file, 0};

	return (unsigned)call3(CALL_MMAP, (int)arguments, 0, 0);
}

__attribute__((used)) void begin(int count, char **arguments)
{
	unsigned address = (unsigned)words;
	int values[6] = {0}, result;

	for (unsigned i = 0; i < WORDS; i++)
		words[i] = 0x5e1f0000 + i;
	if (count > 2 && *arguments[1] == '/') {
		address = map_file(arguments[1]);
		arguments++;
		count--;
	}
	for (int i = 2; i < count && i < 8; i++)
		values[i - 2] = parse(arguments[i]);
	result = call3(CALL_GETPID, 0, 0, 0);
	put("ready ");
	put_number((unsigned)result, 10);
	put(" 0x");
	put_number(address, 16);
	put(" 0 ");
	put_number((unsigned)result, 10);
	put_out();
	result = call(parse(arguments[1]), values);
	put("result ");
	if (result < 0)
		put("-");
	put_number((unsigned)(result < 0 ? -result : result), 10);
	put_out();
	while (call3(CALL_READ, 0, (int)line, 1) > 0)
		;
	call3(CALL_EXIT, 0, 0, 0);
}

#ifdef WITH_HALVES
/* A compiler would rather take movzwl. */
__asm__(".globl halves\n"
	"halves:\n"
	"	movw (%ecx), %ax\n"
	"	movw %ax, (%ecx)\n"
	"	ret\n");
#endif

__asm__(".globl _start\n"
	"_start:\n"
	"	mov %esp, %eax\n"
	"	lea 4(%esp), %edx\n"
	"	and $-16, %esp\n"
	"	sub $8, %esp\n"
	"	push %edx\n"
	"	push (%eax)\n"
	"	call begin\n");
