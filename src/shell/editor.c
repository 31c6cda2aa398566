/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell/editor.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "shell/inside.h"
#include "shell/past.h"

/* Keys that editors have elsewhere, beside those that libedit knows. */
static const struct {
	const char *key, *function;
} keys[] = {
	{"^R", "em-inc-search-prev"},
	{"\\e[1;5C", "em-next-word"},
	{"\\e[1;5D", "ed-prev-word"},
	{"\\e[3~", "ed-delete-next-char"},
	{"\\e[H", "ed-move-to-beg"},
	{"\\e[F", "ed-move-to-end"},
	{"\\e[1~", "ed-move-to-beg"},
	{"\\e[4~", "ed-move-to-end"},
	/* em-exchange-mark, see below; where ^X is the user's own it is gone.
	 */
	{"^X^X", "ed-unassigned"},
};

#define COMPLETE      "mmiodbg-complete"
#define WIDE_COMPLETE L"mmiodbg-complete"

/*
 * What makes libedit (3.1-20221030) crash: its own commands (ed-command), if
 * they have an open quote; and a region whose mark is behind the end of the
 * line. Nobody who does not know them from its manual will miss them.
 */
static const char *const dangerous[] = {
	"\\ex", "\\eX", "\\370", "\\330", /* ed-command */
	"\\ew", "\\eW", "\\367", "\\327", /* em-copy-region */
	"^@",                             /* em-set-mark */
};

static void unbind(EditLine *edit)
{
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(dangerous[0]); i++)
		el_set(edit, EL_BIND, dangerous[i], "ed-unassigned", NULL);
	el_set(edit, EL_BIND, "-a", ":", "ed-unassigned", NULL);
}

static char *prompt_of(EditLine *edit)
{
	static char none[] = "> ";
	struct editor *editor;

	el_get(edit, EL_CLIENTDATA, &editor);
	return editor->prompt ? editor->prompt : none;
}

/* Where it is shown. */
static int find_output(void)
{
	if (isatty(STDERR_FILENO))
		return STDERR_FILENO;
	return isatty(STDOUT_FILENO) ? STDOUT_FILENO : -1;
}

static struct error *open_output(FILE **ret)
{
	int from = find_output(), fd;

	if (from < 0)
		return error_create(ERROR_USAGE, 0,
				    "neither standard error nor standard "
				    "output is a terminal: there is nothing to "
				    "show the line on");
	fd = dup(from);
	*ret = fd < 0 ? NULL : fdopen(fd, "w");
	if (*ret)
		return NULL;
	if (fd >= 0)
		close(fd);
	return error_no_memory();
}

static void bind_keys(EditLine *edit)
{
	el_set(edit, EL_EDITOR, "emacs");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		el_set(edit, EL_BIND, keys[i].key, keys[i].function, NULL);
	/* Of el_set() the texts would never be freed. */
	el_wset(edit, EL_ADDFN, WIDE_COMPLETE, L"Complete a word",
		editor_complete);
	el_set(edit, EL_BIND, "^I", COMPLETE, NULL);
}

/* ~/.editrc; `bind -v` in it drops what was bound. */
static void obey_user(EditLine *edit)
{
	const char *mode = NULL;

	el_source(edit, NULL);
	if (el_get(edit, EL_EDITOR, &mode) == 0 && mode &&
	    strcmp(mode, "emacs") != 0)
		el_set(edit, EL_BIND, "^I", COMPLETE, NULL);
	unbind(edit);
}

static struct error *begin(struct editor *editor)
{
	HistEvent event;

	editor->history = history_init();
	if (!editor->history)
		return error_no_memory();
	history(editor->history, &event, H_SETSIZE, MOST_PAST_LINES);
	history(editor->history, &event, H_SETUNIQUE, 1);
	editor->edit = el_init("mmiodbg", stdin, editor->out, stderr);
	if (!editor->edit)
		return error_no_memory();
	el_set(editor->edit, EL_CLIENTDATA, editor);
	el_set(editor->edit, EL_SIGNAL, 0);
	el_set(editor->edit, EL_PROMPT, prompt_of);
	el_set(editor->edit, EL_HIST, history, editor->history);
	el_set(editor->edit, EL_GETCFN, editor_get_character);
	bind_keys(editor->edit);
	obey_user(editor->edit);
	return NULL;
}

struct error *editor_create(const struct editor_hooks *hooks,
			    struct editor **ret)
{
	struct editor *editor;
	struct error *error;

	if (!isatty(STDIN_FILENO))
		return error_help(error_create(ERROR_USAGE, 0,
					       "standard input is no terminal"),
				  "`mmiodbg batch` reads commands from a pipe");
	editor = calloc(1, sizeof(*editor));
	if (!editor)
		return error_no_memory();
	editor->hooks = *hooks;
	editor->signals = -1;
	tcgetattr(STDIN_FILENO, &editor->modes);
	error = open_output(&editor->out);
	if (!error)
		error = begin(editor);
	if (error) {
		editor_destroy(editor);
		return error;
	}
	tcsetattr(STDIN_FILENO, TCSADRAIN, &editor->modes);
	*ret = editor;
	return NULL;
}

void editor_destroy(struct editor *editor)
{
	if (!editor)
		return;
	if (editor->edit)
		el_end(editor->edit);
	if (editor->history)
		history_end(editor->history);
	if (editor->out)
		fclose(editor->out);
	free(editor->prompt);
	free(editor);
}

void editor_remember(struct editor *editor, const char *line)
{
	HistEvent event;

	history(editor->history, &event, H_ENTER, line);
}

/* What is left of a line that is given up. */
static void show_end(const struct editor *editor)
{
	if (editor->end == EDITOR_INTERRUPTED)
		fputs("^C", editor->out);
	editor_leave_line(editor);
}

enum editor_end editor_read(struct editor *editor, char **ret)
{
	sigset_t before;
	const char *line;
	int count = 0, errnum;

	editor_make_prompt(editor);
	editor->end = EDITOR_END;
	editor_take_signals(editor, &before);
	line = el_gets(editor->edit, &count);
	errnum = errno;
	if (line) {
		*ret = strndup(line, strcspn(line, "\n"));
		editor->end = *ret ? EDITOR_LINE : EDITOR_FAILED;
		errnum = ENOMEM;
	} else {
		show_end(editor);
	}
	tcsetattr(STDIN_FILENO, TCSADRAIN, &editor->modes);
	editor_leave_signals(editor, &before);
	errno = errnum;
	return editor->end;
}
