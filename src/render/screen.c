/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/screen.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "base/error.h"

/* The alternate screen, no cursor, and lines that do not run on. */
#define BEGIN "\033[?1049h\033[?25l\033[?7l\033[H\033[2J"
#define END   "\033[?7h\033[?25h\033[?1049l"
#define HOME  "\033[H"
/* To the end of the line; of the screen. */
#define CLEAR_LINE "\033[K"
#define CLEAR_REST "\033[J"

enum { DEFAULT_LINES = 24 };

struct screen {
	sigset_t held; /* of ours */
	int signals;   /* a signalfd of them */
	bool begun;    /* the screen is ours */
};

DEFINE_CLEANUP(screen, struct screen, screen_destroy)

struct error *screen_check(void)
{
	const char *type = getenv("TERM");

	if (!isatty(STDOUT_FILENO))
		return error_help(error_create(ERROR_USAGE, 0,
					       "--screen: standard output is "
					       "no terminal"),
				  "without it, each change is a line");
	if (!type || !*type || strcmp(type, "dumb") == 0)
		return error_help(error_create(ERROR_USAGE, 0,
					       "--screen: this terminal cannot "
					       "be drawn on (TERM=%.40s)",
					       type ? type : ""),
				  "without it, each change is a line");
	return NULL;
}

/* What the user has ignored, or holds, stays so. */
static void find_signals(sigset_t *ret)
{
	static const int signals[] = {SIGWINCH, SIGTSTP};
	struct sigaction action;
	sigset_t blocked;

	sigemptyset(ret);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigismember(&blocked, signals[i]) &&
		    sigaction(signals[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			sigaddset(ret, signals[i]);
}

struct error *screen_create(struct screen **ret)
{
	cleanup_with(screen_cleanup_) struct screen *screen =
		calloc(1, sizeof(*screen));

	if (!screen)
		return error_no_memory();
	find_signals(&screen->held);
	sigprocmask(SIG_BLOCK, &screen->held, NULL);
	screen->signals =
		signalfd(-1, &screen->held, SFD_CLOEXEC | SFD_NONBLOCK);
	if (screen->signals < 0)
		return error_create(ERROR_FAILED, errno, "a signalfd");
	*ret = steal(screen);
	return NULL;
}

void screen_destroy(struct screen *screen)
{
	if (!screen)
		return;
	if (screen->signals >= 0)
		close(screen->signals);
	sigprocmask(SIG_UNBLOCK, &screen->held, NULL);
	free(screen);
}

void screen_end(struct screen *screen)
{
	if (!screen->begun)
		return;
	screen->begun = false;
	fputs(END, stdout);
	fflush(stdout);
}

unsigned screen_lines(const struct screen *screen)
{
	struct winsize size;

	(void)screen;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_row)
		return DEFAULT_LINES;
	return size.ws_row;
}

/* Of a terminal that is not ours to control nothing is known. */
static bool in_background(void)
{
	pid_t foreground = tcgetpgrp(STDOUT_FILENO);

	return foreground > 0 && foreground != getpgrp();
}

bool screen_draw(struct screen *screen, const char *text)
{
	if (in_background())
		return false;
	fputs(screen->begun ? HOME : BEGIN, stdout);
	screen->begun = true;
	while (*text) {
		size_t length = strcspn(text, "\n");

		fwrite(text, 1, length, stdout);
		fputs(CLEAR_LINE, stdout);
		text += length;
		/* No line break behind the last one: it would scroll. */
		if (*text && *++text)
			fputs("\r\n", stdout);
	}
	fputs(CLEAR_REST, stdout);
	fflush(stdout);
	return true;
}

int screen_descriptor(const struct screen *screen)
{
	return screen->signals;
}

bool screen_heed(struct screen *screen)
{
	struct signalfd_siginfo info;
	bool any = false;

	while (read(screen->signals, &info, sizeof(info)) == sizeof(info)) {
		any = true;
		if (info.ssi_signo != SIGTSTP)
			continue;
		screen_end(screen);
		raise(SIGSTOP);
	}
	return any;
}

size_t screen_width(const char *text)
{
	size_t length = mbstowcs(NULL, text, 0);
	cleanup_free wchar_t *wide = NULL;
	int width;

	if (length == (size_t)-1)
		return strlen(text);
	wide = calloc(length + 1, sizeof(*wide));
	if (!wide)
		return strlen(text);
	mbstowcs(wide, text, length + 1);
	width = wcswidth(wide, length);
	return width < 0 ? strlen(text) : (size_t)width;
}
