/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is shown around the line that is edited. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "shell/columns.h"
#include "shell/inside.h"
#include "shell/width.h"

static size_t columns(const struct editor *editor)
{
	struct winsize size;

	if (ioctl(fileno(editor->out), TIOCGWINSZ, &size) < 0 ||
	    size.ws_col < 2)
		return 80;
	return size.ws_col;
}

/* Rows of the screen above the cursor, and below it, that the line takes. */
static void find_rows(const struct editor *editor, size_t *ret_above,
		      size_t *ret_below)
{
	const LineInfoW *info = el_wline(editor->edit);
	size_t prompt = width_of(editor->prompt ? editor->prompt : "");
	size_t across = columns(editor);
	size_t before = width_walk(prompt, info->buffer, info->cursor, across);
	size_t all = width_walk(before, info->cursor, info->lastchar, across);

	*ret_above = before / across;
	*ret_below = all / across - *ret_above;
}

void editor_leave_line(const struct editor *editor)
{
	size_t above, below;

	find_rows(editor, &above, &below);
	for (size_t i = 0; i <= below; i++)
		fputs("\r\n", editor->out);
	fflush(editor->out);
}

static bool can(const struct editor *editor, const char *capability)
{
	char *text = NULL;

	return el_get(editor->edit, EL_GETTC, capability, &text) == 0 && text &&
	       *text;
}

void editor_erase_line(const struct editor *editor)
{
	size_t above, below;

	if (!can(editor, "up") || !can(editor, "cd")) {
		editor_leave_line(editor);
		return;
	}
	find_rows(editor, &above, &below);
	for (size_t i = 0; i < above; i++)
		el_set(editor->edit, EL_ECHOTC, "up", NULL);
	fputc('\r', editor->out);
	el_set(editor->edit, EL_ECHOTC, "cd", NULL);
	fflush(editor->out);
}

void editor_drop_echo(const struct editor *editor)
{
	fputc('\r', editor->out);
	if (can(editor, "ce"))
		el_set(editor->edit, EL_ECHOTC, "ce", NULL);
	fflush(editor->out);
}

void editor_show_line(const struct editor *editor)
{
	fflush(editor->out);
	el_set(editor->edit, EL_REFRESH);
}

/* libedit needs it in the locale's encoding. */
void editor_make_prompt(struct editor *editor)
{
	free(editor->prompt);
	editor->prompt = editor->hooks.prompt(editor->hooks.data);
	if (!editor->prompt || mbstowcs(NULL, editor->prompt, 0) != (size_t)-1)
		return;
	for (char *c = editor->prompt; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
}

void editor_list(const struct editor *editor,
		 const struct candidates *candidates)
{
	columns_put(editor->out, columns(editor), candidates);
}
