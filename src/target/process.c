/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/process.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/number.h"
#include "base/root.h"
#include "base/text.h"
#include "target/agent.h"

/* PF_KTHREAD, include/linux/sched.h; a stable field of /proc/PID/stat. */
enum { FLAG_KERNEL_THREAD = 0x00200000, STAT_FLAGS_FIELD = 9 };

/* The value behind "KEY:\t" in a status file, up to the end of its line. */
static const char *status_value(const char *text, const char *key)
{
	size_t length = strlen(key);

	while (text && *text) {
		if (strncmp(text, key, length) == 0 && text[length] == ':') {
			text += length + 1;
			return text + strspn(text, "\t ");
		}
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

static long long status_number(const char *text, const char *key)
{
	const char *value = status_value(text, key);

	return value ? atoll(value) : 0;
}

static void status_ids(const char *text, const char *key, unsigned ids[4])
{
	const char *value = status_value(text, key);

	if (!value || sscanf(value, "%u %u %u %u", &ids[0], &ids[1], &ids[2],
			     &ids[3]) != 4)
		ids[0] = ids[1] = ids[2] = ids[3] = (unsigned)-1;
}

static bool is_kernel_thread(int procfd)
{
	cleanup_free char *flags = stat_field(procfd, STAT_FLAGS_FIELD, "stat");

	return flags && strtoul(flags, NULL, 10) & FLAG_KERNEL_THREAD;
}

bool process_status_read(int procfd, struct process_status *ret)
{
	struct process_status status = {0};
	cleanup_free char *text = NULL;
	const char *value;

	if (file_read(procfd, "status", &text, NULL) < 0)
		return false;
	status.name = file_line(procfd, "comm");
	if (!status.name)
		return false;
	value = status_value(text, "State");
	status.state = value ? *value : '?';
	status.leader = (pid_t)status_number(text, "Tgid");
	status.tracer = (pid_t)status_number(text, "TracerPid");
	status_ids(text, "Uid", status.uids);
	status_ids(text, "Gid", status.gids);
	value = status_value(text, "CapPrm");
	if (value)
		status.permitted = strtoull(value, NULL, 16);
	status.kernel_thread = is_kernel_thread(procfd);
	*ret = status;
	return true;
}

void process_status_deinit(struct process_status *status)
{
	free(status->name);
	status->name = NULL;
}

/* Fields 26 to 28 and 45 to 51 of /proc/PID/stat (proc(5)). A program that is
 * started by exec has them elsewhere, but for one without address randomisation
 * that starts itself. */
char *process_space(int procfd)
{
	cleanup_free char *stat = file_line(procfd, "stat");
	char *text = NULL, *field, *rest;
	size_t size = 0;
	bool any = false;
	FILE *stream;

	rest = stat ? strrchr(stat, ')') : NULL;
	stream = rest ? open_memstream(&text, &size) : NULL;
	if (!stream)
		return NULL;
	for (int i = 2; (field = strsep(&rest, " ")) != NULL; i++) {
		if ((i < 26 || i > 28) && (i < 45 || i > 51))
			continue;
		fprintf(stream, "%s ", field);
		any |= strcmp(field, "0") != 0;
	}
	/* All are 0 of a process that is ending: it has none any more. */
	if (fclose(stream) || !any) {
		free(text);
		return NULL;
	}
	return text;
}

struct error *process_check(pid_t pid, const struct process_status *status)
{
	if (status->leader && status->leader != pid)
		return error_help(error_create(ERROR_NO_PROCESS, 0,
					       "%d is a thread of process %d",
					       (int)pid, (int)status->leader),
				  "name the process: -p %d",
				  (int)status->leader);
	if (status->kernel_thread)
		return error_help(
			error_create(ERROR_DENIED, 0,
				     "process %d is a kernel thread: it has no "
				     "address space",
				     (int)pid),
			"see `mmiodbg maps` for who has devices mapped");
	if (status->state == 'Z' || status->state == 'X')
		return error_create(ERROR_GONE, 0,
				    "process %d has ended (a zombie)",
				    (int)pid);
	return NULL;
}

pid_t *process_list(const struct root *root)
{
	cleanup_names char **names = folder_names(root->fd, "proc");
	cleanup_free pid_t *list = NULL;
	size_t count = 0, capacity = 0;

	if (!names)
		return NULL;
	for (size_t i = 0; names[i]; i++) {
		uint64_t pid = 0;
		size_t used, bad;
		bool bare;

		if (number_scan(names[i], strlen(names[i]), &pid, &used, &bare,
				&bad) != NUMBER_OK ||
		    names[i][used] || pid > INT32_MAX)
			continue;
		if (!list_grow(&list, count + 1, &capacity, sizeof(*list)))
			return NULL;
		list[count++] = (pid_t)pid;
	}
	if (!list && !list_grow(&list, 0, &capacity, sizeof(*list)))
		return NULL;
	list[count] = 0;
	return steal(list);
}

static bool path_ends_with(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, name) == 0;
}

static bool has_name(const struct root *root, pid_t pid, const char *name)
{
	cleanup_free char *comm = file_line(root->fd, "proc/%d/comm", (int)pid);
	cleanup_free char *program = NULL, *arguments = NULL;

	if (!comm)
		return false;
	if (strcmp(comm, name) == 0)
		return true;
	program = link_target(root->fd, "proc/%d/exe", (int)pid);
	if (program && path_ends_with(program, name))
		return true;
	arguments = file_line(root->fd, "proc/%d/cmdline", (int)pid);
	return arguments && path_ends_with(arguments, name);
}

/* Without an address space: a zombie without live threads, a kernel thread. */
static bool is_empty(const struct root *root, pid_t pid)
{
	struct agent agent = {.root = root};
	struct agent_process process;
	cleanup_process_status struct process_status status = {0};
	bool empty;

	if (agent_hold(&agent, pid, &process) != 0)
		return true;
	empty = !process_status_read(process.procfd, &status) ||
		status.state == 'Z' || status.state == 'X' ||
		status.kernel_thread;
	agent_release(&process);
	return empty;
}

static struct error *find_by_name(const struct root *root, const char *name,
				  pid_t *ret)
{
	cleanup_free pid_t *list = process_list(root);
	cleanup_free char *found = NULL;
	size_t count = 0, size = 0;
	FILE *stream;

	if (!list)
		return error_create(ERROR_FAILED, errno, "/proc");
	stream = open_memstream(&found, &size);
	if (!stream)
		return error_no_memory();
	for (size_t i = 0; list[i]; i++) {
		if ((!root->captured && list[i] == getpid()) ||
		    !has_name(root, list[i], name) || is_empty(root, list[i]))
			continue;
		fprintf(stream, "%s%d", count ? ", " : "", (int)list[i]);
		count++;
		*ret = list[i];
	}
	if (fclose(stream))
		return error_no_memory();
	if (!count)
		return error_create(ERROR_NO_PROCESS, 0,
				    "there is no process called '%.60s'", name);
	if (count > 1)
		return error_help(error_create(ERROR_USAGE, 0,
					       "%zu processes are called "
					       "'%.60s'",
					       count, name),
				  "name one of them: %s", found);
	return NULL;
}

struct error *process_find(const struct root *root, const char *text,
			   pid_t *ret)
{
	cleanup_error struct error *error = NULL;
	uint64_t number;
	pid_t found;

	if (!*text)
		return error_create(ERROR_USAGE, 0, "-p: an empty name");
	if (!text[strspn(text, "0123456789")]) {
		error = number_parse("-p", text, INT32_MAX, &number);
		if (error)
			return steal(error);
		*ret = (pid_t)number;
		return NULL;
	}
	error = find_by_name(root, text, &found);
	if (error)
		return steal(error);
	*ret = found;
	return NULL;
}
