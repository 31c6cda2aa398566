/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bare PID ADDRESS N: N reads of 32 bits at ascending places of one page of a
 * process, with nothing around them: what the rest is measured against.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long long address, count;
	uint32_t value, sum = 0;
	char path[64];
	int fd;

	if (argc != 4)
		return 2;
	snprintf(path, sizeof(path), "/proc/%ld/mem", atol(argv[1]));
	address = strtoull(argv[2], NULL, 0);
	count = strtoull(argv[3], NULL, 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	for (unsigned long long i = 0; i < count; i++) {
		if (pread(fd, &value, sizeof(value),
			  (off_t)(address + i * 4 % 4096)) != sizeof(value)) {
			perror("pread");
			return 1;
		}
		sum += value;
	}
	printf("%u\n", sum);
	close(fd);
	return 0;
}
