/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/output.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"

static int first_errno;

void output_check(void)
{
	int saved = errno;

	if (!first_errno && ferror(stdout))
		first_errno = saved ? saved : EIO;
}

void output_lost(int errnum)
{
	if (!first_errno)
		first_errno = errnum;
}

bool output_is_lost(void)
{
	return first_errno != 0;
}

struct error *output_flush(void)
{
	output_check();
	if (fflush(stdout) != 0)
		output_check();
	if (!first_errno)
		return NULL;
	return error_create(ERROR_FAILED, first_errno, "standard output");
}
