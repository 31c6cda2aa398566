/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal whose screen is drawn again and again, in place (ECMA-48, with
 * xterm's alternate screen). */
#ifndef MMIODBG_RENDER_SCREEN_H
#define MMIODBG_RENDER_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct screen;

/* ERROR_USAGE if standard output is no terminal that can do that. */
struct error *screen_check(void) __attribute__((warn_unused_result));

/*
 * Prepares it: SIGWINCH and SIGTSTP are held from here on, in this thread and
 * those that it starts, until screen_destroy(), which is legal on NULL.
 */
struct error *screen_create(struct screen **ret)
	__attribute__((nonnull, warn_unused_result));
void screen_destroy(struct screen *screen);

/* How many lines there are. */
unsigned screen_lines(const struct screen *screen) __attribute__((nonnull));

/*
 * Draws the lines of `text`, of which there are as many at most. Lines that are
 * too long are cut by the terminal. False: not now, for we are in the
 * background.
 */
bool screen_draw(struct screen *screen, const char *text)
	__attribute__((nonnull));

/* What was on the screen before comes back. */
void screen_end(struct screen *screen) __attribute__((nonnull));

/* A descriptor that can be read when screen_heed() has something to do: true if
 * the screen is to be drawn anew, for its size has changed, or we were stopped
 * (Ctrl-Z) and go on. */
int screen_descriptor(const struct screen *screen) __attribute__((nonnull));
bool screen_heed(struct screen *screen) __attribute__((nonnull));

/* How many columns of a terminal a text takes. */
size_t screen_width(const char *text) __attribute__((nonnull));

#endif
