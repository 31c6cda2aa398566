/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is shown around the line that is edited. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "base/text.h"
#include "shell/inside.h"

/* So many candidates are shown. */
enum { MOST_LISTED = 200, GAP = 2 };

static size_t columns(const struct editor *editor)
{
	struct winsize size;

	if (ioctl(fileno(editor->out), TIOCGWINSZ, &size) < 0 ||
	    size.ws_col < 2)
		return 80;
	return size.ws_col;
}

/* libedit shows a control character as two, ^A. */
static size_t width_of(const wchar_t *text, const wchar_t *end)
{
	size_t width = 0;

	for (; text < end; text++) {
		int own = wcwidth(*text);

		width += own < 0 ? 2 : (size_t)own;
	}
	return width;
}

static size_t text_width(const char *text)
{
	size_t length = mbstowcs(NULL, text, 0), width;
	wchar_t *wide;

	if (length == (size_t)-1)
		return strlen(text);
	wide = calloc(length + 1, sizeof(*wide));
	if (!wide)
		return length;
	mbstowcs(wide, text, length + 1);
	width = width_of(wide, wide + length);
	free(wide);
	return width;
}

/* Rows of the screen above the cursor, and below it, that the line takes. */
static void find_rows(const struct editor *editor, size_t *ret_above,
		      size_t *ret_below)
{
	const LineInfoW *info = el_wline(editor->edit);
	size_t prompt = text_width(editor->prompt ? editor->prompt : "");
	size_t before = prompt + width_of(info->buffer, info->cursor);
	size_t all = before + width_of(info->cursor, info->lastchar);

	*ret_above = before / columns(editor);
	*ret_below = all / columns(editor) - *ret_above;
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

/* A list in columns: its cells, and their widths. */
struct cells {
	char **texts;
	size_t *widths;
	size_t count, widest;
};

static void cells_deinit(struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++)
		free(cells->texts[i]);
	free(cells->texts);
	free(cells->widths);
}

static bool make_cells(const struct candidates *candidates, struct cells *ret)
{
	size_t count = candidates->count;

	if (count > MOST_LISTED)
		count = MOST_LISTED;
	ret->texts = calloc(count + 1, sizeof(*ret->texts));
	ret->widths = calloc(count + 1, sizeof(*ret->widths));
	if (!ret->texts || !ret->widths)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct candidate *from = &candidates->items[i];
		const char *text = from->text + from->shown;

		ret->texts[i] = text_escape(text, strlen(text));
		if (!ret->texts[i])
			return false;
		ret->count++;
		ret->widths[i] = text_width(ret->texts[i]);
		if (ret->widths[i] > ret->widest)
			ret->widest = ret->widths[i];
	}
	return true;
}

/* Column by column, as ls(1) does. */
static void put_cells(const struct editor *editor, const struct cells *cells)
{
	size_t across = (columns(editor) + GAP - 1) / (cells->widest + GAP);
	size_t rows;

	if (!across)
		across = 1;
	rows = (cells->count + across - 1) / across;
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = row; i < cells->count; i += rows) {
			bool last = i + rows >= cells->count;
			size_t gap = cells->widest + GAP - cells->widths[i];

			fprintf(editor->out, "%s%*s", cells->texts[i],
				last ? 0 : (int)gap, "");
		}
		fputc('\n', editor->out);
	}
}

void editor_list(const struct editor *editor,
		 const struct candidates *candidates)
{
	cleanup_with(cells_deinit) struct cells cells = {0};

	if (!make_cells(candidates, &cells))
		return;
	put_cells(editor, &cells);
	if (candidates->count > cells.count)
		fprintf(editor->out, "... and %zu more\n",
			candidates->count - cells.count);
	if (candidates->cut)
		fputs("... there may be more\n", editor->out);
}
