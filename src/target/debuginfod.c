/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/debuginfod.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/root.h"
#include "target/regularfile.h"

enum { LONGEST_BUILD_ID = 64 };

static const char tool[] = "debuginfod-find";

/* It becomes a part of a path and an argument. */
static bool is_build_id(const char *text)
{
	size_t length = strlen(text);

	return length && length % 2 == 0 && length <= 2 * LONGEST_BUILD_ID &&
	       strspn(text, "0123456789abcdef") == length;
}

/* Started with more privileges than its caller's: the environment, on which
 * all of this depends, is then that of somebody whom we must not trust. */
static bool is_secure(void)
{
	return getauxval(AT_SECURE) != 0;
}

/*
 * Whether we have capabilities that could do harm. The one to wake a sleeping
 * machine is not among them: systemd (since 254) gives it to every user who
 * sits at the machine.
 */
static bool has_capabilities(void)
{
	static const cap_value_t harmless[] = {CAP_WAKE_ALARM};
	cap_t ours = cap_get_proc(), none = cap_init();
	/* What cannot be told is taken for the worst. */
	bool has = true;

	if (ours && none && cap_clear_flag(ours, CAP_INHERITABLE) == 0 &&
	    cap_set_flag(ours, CAP_EFFECTIVE, 1, harmless, CAP_CLEAR) == 0 &&
	    cap_set_flag(ours, CAP_PERMITTED, 1, harmless, CAP_CLEAR) == 0)
		has = cap_compare(ours, none) != 0;
	if (ours)
		cap_free(ours);
	if (none)
		cap_free(none);
	return has;
}

static bool is_raised(void)
{
	return geteuid() == 0 || getuid() != geteuid() ||
	       getgid() != getegid() || is_secure() || has_capabilities();
}

bool debuginfod_is_wanted(void)
{
	const char *servers = getenv("DEBUGINFOD_URLS");

	return servers && servers[strspn(servers, " \t\n")];
}

__attribute__((format(printf, 2, 3))) static void
set_why(char **ret_why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(ret_why, format, arguments) < 0)
		*ret_why = NULL;
	va_end(arguments);
}

/* Where the tool keeps what it has fetched (debuginfod_find_debuginfo(3)):
 * below the first of these that is set. NULL: nowhere. */
static char *cache_folder(void)
{
	static const struct {
		const char *variable, *below;
	} places[] = {
		{"DEBUGINFOD_CACHE_PATH", ""},
		{"XDG_CACHE_HOME", "/debuginfod_client"},
		{"HOME", "/.cache/debuginfod_client"},
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const char *value = getenv(places[i].variable);
		char *path;

		if (!value || !*value)
			continue;
		return asprintf(&path, "%s%s", value, places[i].below) < 0
			       ? NULL
			       : path;
	}
	return NULL;
}

/* A file that is not there, or empty, is how the cache remembers that there
 * was none. */
static int open_result(const char *path, const char **ret_why)
{
	cleanup_close int held = -1, fd = -1;
	struct stat status;

	*ret_why = NULL;
	held = open(path, O_PATH | O_CLOEXEC);
	if (held < 0)
		return -1;
	fd = regular_file_open(held, ret_why);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (status.st_size)
		return steal_fd(&fd);
	*ret_why = "it is empty";
	return -1;
}

static int open_cached(const char *build_id)
{
	cleanup_free char *folder = cache_folder();
	cleanup_free char *path = NULL;
	const char *why;

	if (!folder)
		return -1;
	if (asprintf(&path, "%s/%s/debuginfo", folder, build_id) < 0) {
		path = NULL;
		return -1;
	}
	return open_result(path, &why);
}

/* Signals as a program expects them, whatever we do about them. */
static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, defaults;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGCHLD);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &defaults);
	return posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* The output goes into a pipe; what it says of errors into a file, for it may
 * be more than a pipe takes while we read the other one. */
static int set_files(posix_spawn_file_actions_t *actions, int output,
		     int messages)
{
	int errnum = posix_spawn_file_actions_adddup2(actions, output, 1);

	if (!errnum)
		errnum = posix_spawn_file_actions_adddup2(actions, messages, 2);
	if (!errnum)
		errnum = posix_spawn_file_actions_addopen(
			actions, 0, "/dev/null", O_RDONLY, 0);
	return errnum;
}

/* 0, or an errno. */
static int start(const char *build_id, int output, int messages, pid_t *ret)
{
	char kind[] = "debuginfo";
	cleanup_free char *name = strdup(tool), *id = strdup(build_id);
	char *const arguments[] = {name, kind, id, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int errnum;

	if (!name || !id || posix_spawn_file_actions_init(&actions))
		return ENOMEM;
	errnum = posix_spawnattr_init(&attributes);
	if (errnum) {
		posix_spawn_file_actions_destroy(&actions);
		return errnum;
	}
	errnum = set_files(&actions, output, messages);
	if (!errnum)
		errnum = set_signals(&attributes);
	if (!errnum)
		errnum = posix_spawnp(ret, tool, &actions, &attributes,
				      arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return errnum;
}

/* Its first line, without the newline; NULL: none. Everything is read. */
static char *first_line(int fd)
{
	FILE *stream = fdopen(fd, "r");
	cleanup_free char *line = NULL, *rest = NULL;
	size_t capacity = 0, rest_capacity = 0;
	ssize_t length;

	if (!stream) {
		close(fd);
		return NULL;
	}
	length = getline(&line, &capacity, stream);
	while (length > 0 && getline(&rest, &rest_capacity, stream) > 0)
		;
	fclose(stream);
	if (length <= 0)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return steal(line);
}

/* The last line of what it has said, or NULL. */
static char *last_line(int fd)
{
	char link[32];
	cleanup_free char *text = NULL;
	size_t length;
	char *newline;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (file_read(AT_FDCWD, link, &text, &length) < 0)
		return NULL;
	while (length && text[length - 1] == '\n')
		text[--length] = '\0';
	newline = strrchr(text, '\n');
	return length ? strdup(newline ? newline + 1 : text) : NULL;
}

/* Whether it ended well. Where SIGCHLD is ignored there is nothing to wait
 * for: then its output alone tells. */
static bool ended_well(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno == ECHILD;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void say_start(int errnum, char **ret_why)
{
	if (errnum == ENOENT)
		set_why(ret_why, "%s is not installed", tool);
	else
		set_why(ret_why, "%s: %s", tool, strerror(errnum));
}

static void say_failure(int messages, char **ret_why)
{
	cleanup_free char *said = last_line(messages);

	if (said)
		set_why(ret_why, "%s: %s", tool, said);
	else
		set_why(ret_why, "%s failed", tool);
}

/* The path that the tool answers with; NULL: none. */
static char *ask(const char *build_id, char **ret_why)
{
	cleanup_close int messages =
		memfd_create("debuginfod-find", MFD_CLOEXEC);
	cleanup_free char *path = NULL;
	int ends[2], errnum;
	pid_t pid;

	if (messages < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		say_start(errno, ret_why);
		return NULL;
	}
	errnum = start(build_id, ends[1], messages, &pid);
	close(ends[1]);
	if (errnum) {
		close(ends[0]);
		say_start(errnum, ret_why);
		return NULL;
	}
	path = first_line(ends[0]);
	if (ended_well(pid) && path && *path == '/')
		return steal(path);
	say_failure(messages, ret_why);
	return NULL;
}

static int open_answer(const char *build_id, char **ret_why)
{
	cleanup_free char *path = ask(build_id, ret_why);
	const char *why;
	int fd;

	if (!path)
		return -1;
	fd = open_result(path, &why);
	if (fd < 0)
		set_why(ret_why, "%s, of %s: %s", path, tool,
			why ? why : strerror(errno));
	return fd;
}

int debuginfod_fetch(const char *build_id, char **ret_why)
{
	int fd = -1;

	*ret_why = NULL;
	if (!debuginfod_is_wanted() || !is_build_id(build_id))
		return -1;
	if (!is_secure())
		fd = open_cached(build_id);
	if (fd >= 0)
		return fd;
	if (!is_raised())
		return open_answer(build_id, ret_why);
	set_why(ret_why,
		"debuginfod is not asked with raised privileges; run `%s "
		"debuginfo %s` as an ordinary user, and set "
		"DEBUGINFOD_CACHE_PATH to that user's "
		"~/.cache/debuginfod_client",
		tool, build_id);
	return -1;
}
