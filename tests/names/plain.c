/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program without debug information: tests/names looks at its C library. It
 * says "ready" and waits until its standard input is closed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void)
{
	char *memory[3] = {malloc(24), malloc(100), malloc(1000000)};
	char buffer[16];

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	for (size_t i = 0; i < 3; i++)
		free(memory[2 - i]);
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, buffer, sizeof(buffer)) > 0)
		;
	return 0;
}
