/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the editor share, and nobody else sees. */
#ifndef MMIODBG_SHELL_INSIDE_H
#define MMIODBG_SHELL_INSIDE_H

#include <histedit.h>
#include <stdio.h>
#include <termios.h>

#include "shell/editor.h"

struct editor {
	struct editor_hooks hooks;
	EditLine *edit;
	History *history;
	FILE *out; /* to the terminal; our own */
	struct termios modes;
	char *prompt; /* that is shown now */
	int signals;  /* signalfd, while a line is read */
	enum editor_end end;
};

/* input.c ------------------------------------------------------------------ */

/* For EL_GETCFN. */
int editor_get_character(EditLine *edit, wchar_t *ret);

/* The signals that are taken while a line is read, besides those that are held
 * (base/interrupt.h): it blocks them, and lets them through again. */
void editor_take_signals(struct editor *editor, sigset_t *ret_before);
void editor_leave_signals(struct editor *editor, const sigset_t *before);

/* screen.c ----------------------------------------------------------------- */

/* Goes from within the line that is edited to the start of the line below. */
void editor_leave_line(const struct editor *editor);
/* The same, or, where the terminal can do that, to where the prompt began, and
 * nothing of it is left. */
void editor_erase_line(const struct editor *editor);
/* Shows prompt and line anew, where the cursor is: at the start of a line. */
void editor_show_line(const struct editor *editor);
/* Asks for the prompt. */
void editor_make_prompt(struct editor *editor);
/* Shows candidates in columns, from byte `shown` of each on. */
void editor_list(const struct editor *editor,
		 const struct candidates *candidates);

/* complete.c --------------------------------------------------------------- */

/* For EL_ADDFN. */
unsigned char editor_complete(EditLine *edit, int key);

#endif
