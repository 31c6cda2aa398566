/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Tab key: adds what all candidates have in common, or shows them. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "script/partial.h"
#include "shell/inside.h"

/* What can be added to a word; NULL: no memory. */
static char *addition(const struct partial *partial,
		      const struct candidates *candidates)
{
	size_t common = candidates_common(candidates);
	size_t typed = strlen(partial->text);
	const char *text = candidates->items[0].text;
	bool ends = candidates->count == 1 && !candidates->cut &&
		    candidates->items[0].ends;
	cleanup_free char *more = NULL;

	more = strndup(text + typed, common > typed ? common - typed : 0);
	return more ? partial_quote(partial, more, ends) : NULL;
}

static unsigned char apply(struct editor *editor, const struct partial *partial,
			   const struct candidates *candidates)
{
	cleanup_free char *added = addition(partial, candidates);

	if (!added)
		return CC_ERROR;
	if (*added)
		return el_insertstr(editor->edit, added) < 0 ? CC_ERROR
							     : CC_REFRESH;
	if (candidates->count == 1)
		return CC_ERROR;
	editor_leave_line(editor);
	editor_list(editor, candidates);
	editor_show_line(editor);
	return CC_NORM;
}

unsigned char editor_complete(EditLine *edit, int key)
{
	cleanup_candidates struct candidates candidates = {0};
	cleanup_partial struct partial partial = {0};
	cleanup_error struct error *error = NULL;
	cleanup_free char *line = NULL;
	struct editor *editor;
	const LineInfo *info;

	(void)key;
	el_get(edit, EL_CLIENTDATA, &editor);
	info = el_line(edit);
	line = strndup(info->buffer, (size_t)(info->cursor - info->buffer));
	if (!line)
		return CC_ERROR;
	error = partial_parse(line, editor->hooks.variables, &partial);
	if (error)
		return CC_ERROR;
	editor->hooks.complete(editor->hooks.data, &partial, &candidates);
	if (interrupt_pending())
		return CC_NORM;
	candidates_sort(&candidates);
	return candidates.count ? apply(editor, &partial, &candidates)
				: CC_ERROR;
}
