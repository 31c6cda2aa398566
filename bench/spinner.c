/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spinner FILE: maps FILE, prints "map ADDRESS", and looks at the clock all the
 * time. At the end of each line that it reads (without blocking) it prints the
 * longest time that it stood still since the last one, in nanoseconds.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	uint64_t last, longest = 0, looks = 0;
	void *mapping;

	mapping = fd < 0 ? MAP_FAILED
			 : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				fd, 0);
	if (mapping == MAP_FAILED) {
		perror("spinner");
		return 1;
	}
	fcntl(0, F_SETFL, O_NONBLOCK);
	printf("map %p\n", mapping);
	fflush(stdout);
	for (last = now();;) {
		uint64_t time = now();
		char letter;

		if (time - last > longest)
			longest = time - last;
		last = time;
		/* Not each time: a system call is a place to stop, too. */
		if (++looks % 4096 || read(0, &letter, 1) != 1)
			continue;
		if (letter == 'q')
			return 0;
		printf("%" PRIu64 "\n", longest);
		fflush(stdout);
		longest = 0;
		last = now();
	}
}
