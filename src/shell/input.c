/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Characters from the terminal. libedit's own way with signals (EL_SIGNAL) is
 * not used: it does all in the handler, and sends what it got to the whole
 * process group once more.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <wchar.h>

#include "base/interrupt.h"
#include "shell/inside.h"

static const int taken[] = {SIGTSTP, SIGCONT, SIGWINCH};

void editor_take_signals(struct editor *editor, sigset_t *ret_before)
{
	sigset_t signals;

	interrupt_hold();
	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&signals, taken[i]);
	sigprocmask(SIG_BLOCK, &signals, ret_before);
	editor->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

void editor_leave_signals(struct editor *editor, const sigset_t *before)
{
	if (editor->signals >= 0)
		close(editor->signals);
	editor->signals = -1;
	sigprocmask(SIG_SETMASK, before, NULL);
	interrupt_release();
}

/* The shell that started us takes the terminal, and gives it back. */
static void suspend(struct editor *editor)
{
	sigset_t stop;

	editor_leave_line(editor);
	el_set(editor->edit, EL_PREP_TERM, 0);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &editor->modes);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	el_set(editor->edit, EL_PREP_TERM, 1);
	editor_show_line(editor);
}

/* We were stopped by what cannot be taken: the terminal may be in any mode. */
static void resume(const struct editor *editor)
{
	el_set(editor->edit, EL_PREP_TERM, 0);
	el_set(editor->edit, EL_PREP_TERM, 1);
	editor_erase_line(editor);
	editor_show_line(editor);
}

static void resize(const struct editor *editor)
{
	editor_erase_line(editor);
	el_resize(editor->edit);
	editor_show_line(editor);
}

static void take_signals(struct editor *editor)
{
	struct signalfd_siginfo info;
	bool stop = false, go_on = false, window = false;

	while (editor->signals >= 0 &&
	       read(editor->signals, &info, sizeof(info)) == sizeof(info)) {
		stop |= info.ssi_signo == SIGTSTP;
		go_on |= info.ssi_signo == SIGCONT;
		window |= info.ssi_signo == SIGWINCH;
	}
	if (stop)
		suspend(editor);
	else if (go_on)
		resume(editor);
	if (window)
		resize(editor);
}

static void tell_news(struct editor *editor)
{
	cleanup_free char *news = editor->hooks.news(editor->hooks.data);

	if (!news)
		return;
	editor_erase_line(editor);
	fprintf(editor->out, "%s\n", news);
	editor_make_prompt(editor);
	editor_show_line(editor);
}

/* Until there is something to read. False: a signal is there. */
static bool await_input(struct editor *editor)
{
	struct pollfd poller = {.fd = STDIN_FILENO, .events = POLLIN};

	while (!interrupt_pending()) {
		uint64_t interval = 0;
		int descriptors[] = {STDIN_FILENO, editor->signals, -1};

		if (poll(&poller, 1, 0) > 0)
			return true;
		take_signals(editor);
		tell_news(editor);
		descriptors[2] =
			editor->hooks.descriptor(editor->hooks.data, &interval);
		interrupt_wait(descriptors, 3,
			       interval ? interval : UINT64_MAX);
	}
	return false;
}

static int end_with(struct editor *editor, enum editor_end end)
{
	editor->end = end;
	return end == EDITOR_END ? 0 : -1;
}

/* One byte; 0 or -1: the end. */
static int get_byte(struct editor *editor, char *ret)
{
	for (;;) {
		ssize_t got;

		if (!await_input(editor))
			return end_with(editor, interrupt_is_final()
							? EDITOR_SIGNAL
							: EDITOR_INTERRUPTED);
		got = read(STDIN_FILENO, ret, 1);
		if (got == 1)
			return 1;
		/* EIO: the terminal has hung up. */
		if (got == 0 || errno == EIO)
			return end_with(editor, EDITOR_END);
		if (errno != EINTR && errno != EAGAIN)
			return end_with(editor, EDITOR_FAILED);
	}
}

/* glibc's UTF-8 goes beyond Unicode, to 6 bytes: of more than 5 libedit aborts
 * (ct_encode_string). */
static bool is_short(wchar_t character)
{
	enum { LONGEST = 4 };
	char bytes[MB_LEN_MAX];
	mbstate_t state = {0};

	return wcrtomb(bytes, character, &state) <= LONGEST;
}

/* One more byte of a character. True: there is one. */
static bool add_byte(mbstate_t *state, char byte, wchar_t *ret)
{
	size_t length = mbrtowc(ret, &byte, 1, state);

	/* A character may begin with what has spoilt the last one. */
	if (length == (size_t)-1) {
		*state = (mbstate_t){0};
		length = mbrtowc(ret, &byte, 1, state);
	}
	if (length == (size_t)-1)
		*state = (mbstate_t){0};
	return length <= 1 && is_short(*ret);
}

/* What is no character of the locale is passed over. */
int editor_get_character(EditLine *edit, wchar_t *ret)
{
	struct editor *editor;
	mbstate_t state = {0};
	char byte;
	int got;

	el_get(edit, EL_CLIENTDATA, &editor);
	do {
		*ret = L'\0';
		got = get_byte(editor, &byte);
	} while (got == 1 && !add_byte(&state, byte, ret));
	return got;
}
