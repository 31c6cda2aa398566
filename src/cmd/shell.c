/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cmd/interpreter.h"
#include "cmd/shell-complete.h"
#include "names/names.h"
#include "render/diagnostic.h"
#include "render/output.h"
#include "shell/editor.h"
#include "shell/past.h"
#include "target/attachment.h"
#include "target/session.h"

/* Nanoseconds. The agent tells of an exec by a word in memory; of mappings
 * nothing tells. */
#define LOOK_EVERY    UINT64_C(250000000)
#define REFRESH_EVERY UINT64_C(1000000000)

/* In the order in which a target comes to be so. */
enum target_state { TARGET_NONE, TARGET_LIVES, TARGET_EXECUTED, TARGET_ENDED };

struct shell {
	struct options options; /* of all lines */
	struct interpreter interpreter;
	struct editor *editor;
	struct past past;
	/* What the user knows by now, and of which target. */
	uint64_t released;
	enum target_state told;
	bool told_agent;       /* that it has ended */
	uint64_t told_changes; /* of device mappings */
	uint64_t refreshed;    /* when */
};

/* The state of the target */

static enum target_state look(const struct shell *shell)
{
	const struct session *session = shell->interpreter.held.session;
	cleanup_error struct error *event = NULL;

	if (!session)
		return TARGET_NONE;
	if (session_ended(session))
		return TARGET_ENDED;
	event = attachment_event(session);
	if (event ? event->kind == ERROR_GONE : session_space_is_gone(session))
		return TARGET_EXECUTED;
	return TARGET_LIVES;
}

static char *make_prompt(void *data)
{
	static const char *const states[] = {
		[TARGET_LIVES] = "",
		[TARGET_ENDED] = ", ended",
		[TARGET_EXECUTED] = ", exec",
	};
	const struct shell *shell = data;
	const struct session *session = shell->interpreter.held.session;
	enum target_state state = look(shell);
	cleanup_free char *name = NULL;
	char *prompt;

	if (state == TARGET_NONE)
		return strdup("mmiodbg> ");
	name = text_escape(session->name, strlen(session->name));
	if (asprintf(&prompt, "mmiodbg %d (%s%s)> ", (int)session->process.pid,
		     name ? name : "?", states[state]) < 0)
		return NULL;
	return prompt;
}

static void note_target(struct shell *shell)
{
	const struct held_target *held = &shell->interpreter.held;

	if (shell->released == held->released)
		return;
	shell->released = held->released;
	shell->told = TARGET_NONE;
	shell->told_agent = false;
	shell->told_changes = 0;
	shell->refreshed = clock_now();
}

static char *news_of_target(struct shell *shell, enum target_state state)
{
	static const char *const states[] = {
		[TARGET_ENDED] = "has ended",
		[TARGET_EXECUTED] = "has executed another program (exec)",
	};
	const struct session *session = shell->interpreter.held.session;
	cleanup_free char *name = NULL;
	char *news;

	shell->told = state;
	name = text_escape(session->name, strlen(session->name));
	if (asprintf(&news, "mmiodbg: process %d (%s) %s",
		     (int)session->process.pid, name ? name : "?",
		     states[state]) < 0)
		return NULL;
	return news;
}

static char *news_of_agent(struct shell *shell)
{
	const struct session *session = shell->interpreter.held.session;
	cleanup_error struct error *event =
		session ? attachment_event(session) : NULL;
	char *news;

	if (!event || event->kind != ERROR_BUSY || shell->told_agent)
		return NULL;
	shell->told_agent = true;
	return asprintf(&news, "mmiodbg: %s", event->message) < 0 ? NULL : news;
}

/* Not of what `maps` has shown in the meantime. */
static char *news_of_mappings(struct shell *shell)
{
	struct held_target *held = &shell->interpreter.held;
	const struct session *session = held->session;
	uint64_t now = clock_now();
	cleanup_free char *name = NULL;
	char *news;

	if (session && now - shell->refreshed >= REFRESH_EVERY) {
		error_destroy(held_target_refresh(held));
		shell->refreshed = now;
	}
	if (!session || shell->told_changes == held->changes)
		return NULL;
	shell->told_changes = held->changes;
	if (!held->renumbered)
		return NULL;
	name = text_escape(session->name, strlen(session->name));
	if (asprintf(&news,
		     "mmiodbg: the device mappings of process %d (%s) have "
		     "changed; `maps` lists them",
		     (int)session->process.pid, name ? name : "?") < 0)
		return NULL;
	return news;
}

static char *tell_news(void *data)
{
	struct shell *shell = data;
	enum target_state state = look(shell);
	char *news;

	note_target(shell);
	if (state > TARGET_LIVES)
		return state > shell->told ? news_of_target(shell, state)
					   : NULL;
	news = news_of_agent(shell);
	return news ? news : news_of_mappings(shell);
}

static int news_descriptor(void *data, uint64_t *ret_interval)
{
	const struct shell *shell = data;
	const struct session *session = shell->interpreter.held.session;

	if (!session || look(shell) == TARGET_ENDED)
		return -1;
	*ret_interval =
		attachment_is_whole(session) ? LOOK_EVERY : REFRESH_EVERY;
	return session->process.pidfd;
}

static void complete(void *data, const struct partial *partial,
		     struct candidates *ret)
{
	struct shell *shell = data;

	shell_complete(&shell->interpreter, partial, ret);
}

/* Lines */

/* As soon as the target is known it is attached to, whatever made it known; and
 * again if the agent has ended. */
static void attach_to_target(struct shell *shell)
{
	struct interpreter *interpreter = &shell->interpreter;
	struct session *session = interpreter->held.session;
	cleanup_error struct error *error = NULL;

	if (!session || !interpreter->held.attach ||
	    interpreter->held.refused || shell->options.dry_run ||
	    attachment_is_whole(session) || look(shell) != TARGET_LIVES)
		return;
	error = target_attach(&interpreter->context, session, false, false);
	if (!error || error->kind == ERROR_GONE)
		return;
	interpreter->held.refused = true;
	diagnostic_note("%s; going on unattached", error->message);
}

static void run_line(struct shell *shell, const char *line)
{
	struct interpreter *interpreter = &shell->interpreter;
	struct session *session;

	attach_to_target(shell);
	interpreter_line(interpreter, line);
	interpreter_settle(interpreter);
	output_check();
	fflush(stdout);
	session = interpreter->held.session;
	if (session && session->names)
		names_limit(session->names, 0);
	if (interrupt_pending() && !interrupt_is_final())
		editor_drop_echo(shell->editor);
	interrupt_clear();
	interrupt_release();
	attach_to_target(shell);
}

static void take_line(struct shell *shell, const char *line)
{
	if (past_add(&shell->past, line))
		editor_remember(shell->editor, line);
	run_line(shell, line);
}

/* Until it ends. The error is that of reading the terminal. */
static struct error *run_lines(struct shell *shell)
{
	while (!shell->interpreter.ended && !interrupt_is_final()) {
		cleanup_free char *line = NULL;

		note_target(shell);
		switch (editor_read(shell->editor, &line)) {
		case EDITOR_LINE:
			take_line(shell, line);
			break;
		case EDITOR_INTERRUPTED:
			interrupt_clear();
			interrupt_release();
			break;
		case EDITOR_SIGNAL:
		case EDITOR_END:
			return NULL;
		case EDITOR_FAILED:
			return error_create(ERROR_FAILED, errno,
					    "reading the terminal");
		}
	}
	return NULL;
}

static void remember(void *data, const char *line)
{
	struct shell *shell = data;

	editor_remember(shell->editor, line);
}

static struct error *begin(struct shell *shell)
{
	const struct editor_hooks hooks = {
		.data = shell,
		.prompt = make_prompt,
		.news = tell_news,
		.descriptor = news_descriptor,
		.complete = complete,
		.variables = &shell->interpreter.variables,
	};
	struct error *error = editor_create(&hooks, &shell->editor);
	cleanup_error struct error *forgotten = NULL;

	if (error || shell->options.no_history)
		return error;
	forgotten = past_open(&shell->past, remember, shell);
	if (forgotten)
		diagnostic_note("%s", forgotten->message);
	return NULL;
}

/* The process is that of the start; once it was let go of, none is. */
static struct error *run_shell(struct shell *shell,
			       const struct command_context *context)
{
	const char *process = context->options->process;
	struct command_context own = *context;
	struct error *error;

	shell->options = *context->options;
	shell->options.process = NULL;
	own.options = &shell->options;
	error = interpreter_init(&shell->interpreter, &own);
	if (error)
		return error;
	shell->interpreter.go_on = true;
	shell->interpreter.takes_input = true;
	shell->interpreter.held.attach = !shell->options.no_attach;
	shell->interpreter.held.may_do_without = !shell->options.plan.attach;
	error = begin(shell);
	if (!error && process)
		error = interpreter_attach(&shell->interpreter, process);
	if (!error)
		error = run_lines(shell);
	past_close(&shell->past);
	editor_destroy(shell->editor);
	interpreter_deinit(&shell->interpreter);
	return error;
}

static struct error *run(const struct command_context *context, int *ret_status)
{
	const struct options *options = context->options;
	struct shell shell = {0};

	if (options->n_arguments)
		return error_help(error_create(ERROR_USAGE, 0,
					       "a shell takes no arguments"),
				  "`mmiodbg batch` carries out commands of a "
				  "file");
	if (options->no_attach && options->plan.attach)
		return error_create(ERROR_USAGE, 0,
				    "--attach and --no-attach: one of them");
	interrupt_catch();
	*ret_status = STATUS_DONE;
	return run_shell(&shell, context);
}

const struct command command_shell = {
	.name = "shell",
	.arguments = "",
	.summary = "commands by hand over one session, with completion",
	.help = "  shell -p app\n\n"
		"The lines are those of `batch`; `help` lists them. Tab "
		"completes commands,\n"
		"regions, names and members; Ctrl-C ends a command, Ctrl-D or "
		"`exit` the shell.\n"
		"It stays attached to the target, which runs on; --no-attach "
		"does without.\n"
		"Lines are kept for the next shell, unless --no-history is "
		"given.\n",
	.groups = GROUP_TARGET | GROUP_NAMES | GROUP_TYPE | GROUP_ACCESS |
		  GROUP_VALUES | GROUP_SHELL,
	.run = run,
};
