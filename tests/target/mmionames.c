/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmionames: a process that has names for registers
 *
 * The cases of tests/vm read and write the registers of QEMU's edu device by
 * what this program calls them.
 *
 *   mmionames BAR [FILE OFFSET]
 *
 * maps the BAR of the device, and one page of FILE with the permission to
 * execute it, as a module of the program has: FILE may well be a device.  It
 * says "map INDEX ADDRESS LENGTH FILE" for each of them, then "ready PID".  End
 * of input ends it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum mode { OFF, SLOW, FAST = 4 };

/*
 * The registers of edu, none of which changes by being read.  Below 0x80 it
 * takes 4 bytes only, from there on 4 or 8.  The first address of its DMA,
 * which keeps what is written to it, is a register of bits here.
 */
struct edu_regs {
	union {
		uint32_t raw;
		struct {
			uint32_t magic : 8;
			uint32_t : 8;
			uint32_t minor : 8;
			uint32_t major : 8;
		} bits;
	} id;
	uint32_t liveness; /* the inverse of what was written to it */
	uint32_t factorial;
	uint32_t : 32; /* nothing is there: not to be read */
	uint32_t : 32;
	uint32_t : 32;
	uint32_t : 32;
	uint32_t : 32;
	union {
		uint32_t raw;
		struct {
			uint32_t computing : 1;
			uint32_t : 6;
			uint32_t irq : 1;
		} bits;
	} status;
	uint32_t irq_status;
	union {
		uint32_t raw;
		struct {
			uint32_t en : 1;
			enum mode mode : 3;
			uint32_t : 4;
			uint32_t rate : 8;
			int32_t trim : 8;
		} bits;
	} ctrl __attribute__((aligned(0x80)));
	struct {
		uint64_t destination __attribute__((aligned(8)));
		uint32_t count;
		uint32_t command __attribute__((aligned(8)));
	} dma;
	uint32_t rest[]; /* nobody knows how many */
};

_Static_assert(offsetof(struct edu_regs, factorial) == 0x08, "factorial");
_Static_assert(offsetof(struct edu_regs, status) == 0x20, "status");
_Static_assert(offsetof(struct edu_regs, irq_status) == 0x24, "irq_status");
_Static_assert(offsetof(struct edu_regs, ctrl) == 0x80, "ctrl");
_Static_assert(offsetof(struct edu_regs, dma.destination) == 0x88,
	       "dma.destination");
_Static_assert(offsetof(struct edu_regs, dma.count) == 0x90, "dma.count");
_Static_assert(offsetof(struct edu_regs, dma.command) == 0x98, "dma.command");

/* The same registers to one who sees words. */
struct edu_words {
	uint32_t words[3];
};

/* Whoever went on from there would follow what the device says. */
struct edu_chain {
	volatile struct edu_chain *next;
};

#define KEPT __attribute__((used))

KEPT static volatile struct edu_regs *regs;
KEPT static volatile struct edu_regs *absent;
KEPT static volatile struct edu_regs *stray;
KEPT static volatile struct edu_words *words;
KEPT static volatile struct edu_chain *chain;
KEPT static void *hw;
KEPT static struct driver {
	int id;
	volatile struct edu_regs *bar;
	void *hw;
} driver;
KEPT static struct driver *drivers[2];

/* Ordinary ones. */
KEPT static uint32_t ordinary = 0x600df00d;
KEPT static __thread uint32_t of_a_thread;

/* Two of the same name. */
__attribute__((noinline)) static volatile struct edu_regs *start_one(void *bar)
{
	KEPT static volatile struct edu_regs *twin;

	twin = bar;
	return twin;
}

__attribute__((noinline)) static volatile struct edu_regs *
start_other(void *bar)
{
	KEPT static volatile struct edu_regs *twin;

	twin = bar;
	return twin;
}

static void name(void *bar)
{
	regs = start_one(bar);
	words = bar;
	chain = bar;
	hw = bar;
	/* Where nothing is ever mapped. */
	stray = (volatile struct edu_regs *)(uintptr_t)0x100;
	driver = (struct driver){7, start_other(bar), bar};
	drivers[1] = &driver;
	of_a_thread = ordinary;
}

/* So much of the file, from the offset on; 0: all of it. */
static void *map(unsigned index, const char *file, off_t offset, size_t length,
		 int protection)
{
	int fd = open(file, protection & PROT_WRITE ? O_RDWR : O_RDONLY);
	struct stat status;
	void *address;

	if (fd < 0 || fstat(fd, &status) < 0) {
		perror(file);
		exit(1);
	}
	if (!length)
		length = (size_t)(status.st_size - offset);
	address = mmap(NULL, length, protection, MAP_SHARED, fd, offset);
	if (address == MAP_FAILED) {
		perror(file);
		exit(1);
	}
	close(fd);
	printf("map %u %p %zu %s\n", index, address, length, file);
	return address;
}

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 4) {
		fprintf(stderr, "usage: mmionames BAR [FILE OFFSET]\n");
		return 2;
	}
	name(map(0, argv[1], 0, 0, PROT_READ | PROT_WRITE));
	if (argc == 4)
		map(1, argv[2], (off_t)strtoull(argv[3], NULL, 0),
		    (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_EXEC);
	printf("ready %ld\n", (long)getpid());
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
