/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/duration.h"

/* Nanoseconds. */
#define FIRST    UINT64_C(1000000000)
#define INTERVAL UINT64_C(200000000)

enum { DEFAULT_COLUMNS = 80, MOST_COLUMNS = 200, LEAST_BAR = 10 };

static bool drawn;

static void put(const char *text, size_t length)
{
	/* What a terminal does not take is no loss. */
	if (write(STDERR_FILENO, text, length) < 0)
		return;
}

void progress_hide(void)
{
	static const char erase[] = "\r\033[K";

	if (drawn)
		put(erase, sizeof(erase) - 1);
	drawn = false;
}

/* Of a terminal that somebody else uses just now nothing is drawn. */
static bool is_ours(void)
{
	return tcgetpgrp(STDERR_FILENO) == getpgrp();
}

static unsigned columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_col)
		return DEFAULT_COLUMNS;
	return size.ws_col < MOST_COLUMNS ? size.ws_col : MOST_COLUMNS;
}

/* "3.4 MiB" */
static void format_bytes(double bytes, char ret[16])
{
	static const char *const units[] = {"B",   "KiB", "MiB",
					    "GiB", "TiB", "PiB"};
	unsigned i = 0;

	for (; bytes >= 1024 && i < 5; i++)
		bytes /= 1024;
	snprintf(ret, 16, "%.*f %s", i ? 1 : 0, bytes, units[i]);
}

static void format_left(double seconds, char ret[32])
{
	if (seconds >= 360000)
		snprintf(ret, 32, "days left");
	else if (seconds >= 60)
		snprintf(ret, 32, "%u:%02u min left", (unsigned)seconds / 60,
			 (unsigned)seconds % 60);
	else
		snprintf(ret, 32, "%u s left", (unsigned)seconds);
}

static void draw(const struct progress *progress, uint64_t now)
{
	double part = (double)progress->done / (double)progress->total;
	double seconds = (double)(now - progress->start) / 1e9;
	char done[16], total[16], left[32] = "", tail[128], line[512];
	unsigned width = columns() - 1, filled, bar;
	int length;

	format_bytes((double)progress->done * progress->bytes, done);
	format_bytes((double)progress->total * progress->bytes, total);
	if (progress->done)
		format_left(seconds / part - seconds, left);
	snprintf(tail, sizeof(tail), "%3u %%  %s of %s%s%s",
		 (unsigned)(part * 100), done, total, *left ? ", " : "", left);
	length = snprintf(line, sizeof(line), "\r%s ", progress->verb);
	bar = width > (unsigned)length + (unsigned)strlen(tail) + 3
		      ? width - (unsigned)length - (unsigned)strlen(tail) - 3
		      : 0;
	if (bar >= LEAST_BAR) {
		filled = (unsigned)(part * bar);
		line[length++] = '[';
		memset(line + length, '#', filled);
		memset(line + length + filled, '.', bar - filled);
		length += (int)bar;
		length += snprintf(line + length, 4, "] ");
	}
	/* The return does not count, and what does not fit is left out. */
	length += snprintf(line + length, sizeof(line) - (size_t)length, "%s",
			   tail);
	if ((unsigned)length > width + 1)
		length = (int)width + 1;
	memcpy(line + length, "\033[K", 3);
	put(line, (size_t)length + 3);
	drawn = true;
}

void progress_start(struct progress *progress, const char *verb, uint64_t total,
		    unsigned bytes)
{
	*progress = (struct progress){
		.verb = isatty(STDERR_FILENO) ? verb : NULL,
		.total = total,
		.bytes = bytes,
		.start = clock_now(),
	};
	progress->next = progress->start + FIRST;
}

void progress_step(struct progress *progress)
{
	uint64_t now;

	progress->done++;
	if (!progress->verb)
		return;
	now = clock_now();
	if (now < progress->next)
		return;
	progress->next = now + INTERVAL;
	if (is_ours())
		draw(progress, now);
}

void progress_end(struct progress *progress)
{
	progress->verb = NULL;
	progress_hide();
}
