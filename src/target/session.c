/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/root.h"
#include "names/names.h"
#include "target/attachment.h"
#include "target/code.h"
#include "target/machine.h"
#include "target/modules.h"
#include "target/process.h"
#include "target/refusal.h"

bool session_ended(const struct session *session)
{
	return session->process.pidfd >= 0 &&
	       agent_has_ended(session->process.pidfd);
}

/* The state of a thread; 0 if it cannot be read. */
static char state_of_thread(const struct session *session, const char *tid)
{
	cleanup_free char *state =
		stat_field(session->machine->root.fd, 3, "proc/%d/task/%s/stat",
			   (int)session->process.pid, tid);

	return state ? *state : '\0';
}

pid_t session_thread(const struct session *session)
{
	cleanup_names char **names =
		folder_names(session->machine->root.fd, "proc/%d/task",
			     (int)session->process.pid);

	for (size_t i = 0; names && names[i]; i++) {
		char state = state_of_thread(session, names[i]);

		if (state && state != 'Z' && state != 'X')
			return (pid_t)strtol(names[i], NULL, 10);
	}
	return 0;
}

struct error *session_names(struct session *session, struct names **ret)
{
	struct name_source *source;
	struct error *error = NULL;

	if (!session->names)
		error = modules_create(session, &source);
	if (!error && !session->names)
		error = names_create(source, &session->names);
	if (!error)
		*ret = session->names;
	return error;
}

struct error *session_gone(const struct session *session)
{
	return error_create(ERROR_GONE, 0, "process %d has ended",
			    (int)session->process.pid);
}

struct error *session_judge(const struct session *session, struct error *error)
{
	if (!error || error->kind == ERROR_USAGE ||
	    error->kind == ERROR_NO_MEMORY || !session_ended(session))
		return error;
	error_destroy(error);
	return session_gone(session);
}

static struct error *open_stream(const struct session *session,
				 enum agent_file file, FILE **ret)
{
	int fd, errnum;

	errnum = agent_open(&session->agent, &session->process, file, &fd);
	if (errnum == ESRCH)
		return session_gone(session);
	if (errnum == EACCES || errnum == EPERM)
		return refusal_diagnose(
			&session->machine->root, session->process.procfd,
			session->process.pid, "reading the mappings", errnum);
	if (errnum)
		return error_create(ERROR_FAILED, errnum,
				    "the mappings of process %d",
				    (int)session->process.pid);
	*ret = fdopen(fd, "r");
	if (*ret)
		return NULL;
	close(fd);
	return error_no_memory();
}

static struct error *read_mappings(const struct session *session,
				   enum agent_file file,
				   struct mapping_list *ret)
{
	cleanup_fclose FILE *stream = NULL;
	struct error *error = open_stream(session, file, &stream);

	return error ? error : mapping_list_read(stream, ret);
}

/* The thread whose folder we hold may end, and leave others behind. */
static struct error *read_live_mappings(struct session *session,
					struct mapping_list *ret)
{
	struct error *error = read_mappings(session, AGENT_MAPS, ret);

	if (error ? error->kind != ERROR_GONE : ret->count != 0)
		return error;
	if (!agent_follow(&session->agent, &session->process))
		return error;
	error_destroy(error);
	mapping_list_deinit(ret);
	return read_mappings(session, AGENT_MAPS, ret);
}

/* smaps costs the kernel a walk over all page tables: it is read only where
 * maps leaves a question open. */
static struct error *read_devices(struct session *session,
				  struct mapping_list *ret,
				  struct device_list *ret_devices)
{
	cleanup_mapping_list struct mapping_list flagged = {0};
	struct error *error;

	error = read_mappings(session, AGENT_MAPS, ret);
	if (error || !device_candidates(ret, session->stand_in))
		return error;
	error = read_mappings(session, AGENT_SMAPS, &flagged);
	/* A kernel without CONFIG_PROC_PAGE_MONITOR has none: then the path
	 * alone tells. */
	if (error && error->errnum == ENOENT &&
	    faccessat(session->process.procfd, "maps", F_OK, 0) == 0) {
		error_destroy(error);
		error = NULL;
	}
	if (error)
		return error;
	if (flagged.count) {
		struct mapping_list maps = *ret;

		*ret = flagged;
		flagged = maps;
	}
	return device_list_make(session->machine, session->process.procfd, ret,
				session->stand_in, ret_devices);
}

/* It is there, and yet not in /proc. */
static bool is_hidden(const struct session *session, pid_t pid)
{
	return !session->machine->root.captured &&
	       (kill(pid, 0) == 0 || errno == EPERM);
}

static struct error *hold(struct session *session, pid_t pid)
{
	cleanup_process_status struct process_status status = {0};
	struct error *error;
	int errnum;

	errnum = agent_hold(&session->agent, pid, &session->process);
	if (errnum == ESRCH && is_hidden(session, pid))
		return error_help(
			error_create(ERROR_DENIED, 0,
				     "process %d is hidden from us in /proc "
				     "(hidepid)",
				     (int)pid),
			"run as root, or in the group of /proc's option gid");
	if (errnum == ESRCH || errnum == EINVAL)
		return error_help(error_create(ERROR_NO_PROCESS, 0,
					       "there is no process %d",
					       (int)pid),
				  "`mmiodbg maps` lists those that have "
				  "devices mapped");
	if (errnum)
		return error_create(ERROR_FAILED, errnum, "process %d",
				    (int)pid);
	if (!process_status_read(session->process.procfd, &status))
		return error_create(ERROR_NO_PROCESS, 0,
				    "there is no process %d", (int)pid);
	error = process_check(pid, &status);
	if (error)
		return error;
	session->tracer = status.tracer;
	session->name = steal(status.name);
	return NULL;
}

bool session_space_is_gone(const struct session *session)
{
	cleanup_free char *now = process_space(session->process.procfd);

	return now && session->space && strcmp(now, session->space) != 0;
}

struct error *session_create(struct machine *machine, pid_t pid,
			     const char *stand_in, struct session **ret)
{
	cleanup_session struct session *session = calloc(1, sizeof(*session));
	struct error *error;

	if (!session)
		return error_no_memory();
	session->machine = machine;
	session->holders = 1;
	session->agent.root = &machine->root;
	session->process.procfd = session->process.pidfd = -1;
	session->memory = -1;
	session->history.page_size = machine->page_size;
	if (stand_in && !(session->stand_in = strdup(stand_in)))
		return error_no_memory();
	error = hold(session, pid);
	if (!error)
		error = read_devices(session, &session->mappings,
				     &session->devices);
	if (error)
		return error;
	session->space = process_space(session->process.procfd);
	if (session_ended(session))
		return session_gone(session);
	*ret = steal(session);
	return NULL;
}

struct session *session_share(struct session *session)
{
	session->holders++;
	return session;
}

void session_destroy(struct session *session)
{
	if (!session || --session->holders)
		return;
	attachment_destroy(session->attachment);
	code_destroy(session->code);
	names_destroy(session->names);
	if (session->memory >= 0)
		close(session->memory);
	agent_release(&session->process);
	mapping_list_deinit(&session->mappings);
	device_list_deinit(&session->devices);
	history_deinit(&session->history);
	free(session->space);
	free(session->stand_in);
	free(session->name);
	free(session);
}

/* The next mapping from `*index` on that may be of a program's file. */
static const struct mapping *next_file(const struct mapping_list *list,
				       const struct device_list *devices,
				       size_t *index)
{
	while (*index < list->count) {
		const struct mapping *mapping = &list->items[(*index)++];

		if (mapping->inode &&
		    !device_list_find(devices, mapping->start))
			return mapping;
	}
	return NULL;
}

/* Whether the same files stand at the same places in both. */
static bool same_files(const struct session *session,
		       const struct mapping_list *list,
		       const struct device_list *devices)
{
	const struct mapping *before, *now;
	size_t i = 0, j = 0;

	do {
		before = next_file(&session->mappings, &session->devices, &i);
		now = next_file(list, devices, &j);
		if (before && now && !mapping_same(before, now))
			return false;
	} while (before && now);
	return !before && !now;
}

/* What worked in a device mapping says nothing of what stands there now. */
static void forget_changed(struct session *session,
			   const struct mapping_list *list)
{
	for (size_t i = 0; i < session->devices.count; i++) {
		const struct mapping *before =
			&session->devices.items[i].mapping;
		const struct mapping *now =
			mapping_list_find(list, before->start);

		if (!now || !mapping_same(before, now))
			history_forget(&session->history, before->start,
				       before->end);
	}
}

static void drop_files(struct session *session)
{
	names_destroy(session->names);
	session->names = NULL;
	code_destroy(session->code);
	session->code = NULL;
}

static struct error *take_mappings(struct session *session)
{
	cleanup_mapping_list struct mapping_list list = {0};
	cleanup_device_list struct device_list devices = {0};
	struct mapping_list list_before = session->mappings;
	struct device_list devices_before = session->devices;
	struct error *error = read_devices(session, &list, &devices);

	if (error)
		return error;
	if (!list.count)
		return session_gone(session);
	if (!same_files(session, &list, &devices))
		drop_files(session);
	forget_changed(session, &list);
	session->mappings = list;
	session->devices = devices;
	list = list_before;
	devices = devices_before;
	return NULL;
}

struct error *session_refresh(struct session *session, bool *ret_changed)
{
	cleanup_mapping_list struct mapping_list now = {0};
	struct error *error = session_mappings(session, &now);
	bool changed;

	if (error)
		return error;
	if (session_space_is_gone(session))
		return session_exec(session);
	changed = !mapping_list_same(&session->mappings, &now);
	if (changed)
		error = take_mappings(session);
	if (!error)
		*ret_changed = changed;
	return error;
}

bool session_is_narrow(const struct session *session)
{
	const struct mapping_list *list = &session->mappings;

	return sizeof(long) > 4 && list->count &&
	       list->items[list->count - 1].end <= UINT64_C(1) << 32;
}

struct error *session_attach(struct session *session, bool write)
{
	int fd, errnum;

	if (session->memory >= 0 && (session->memory_writes || !write))
		return NULL;
	errnum = agent_open(&session->agent, &session->process,
			    write ? AGENT_MEMORY_WRITE : AGENT_MEMORY, &fd);
	if (errnum == ESRCH)
		return session_gone(session);
	if (errnum == EACCES || errnum == EPERM)
		return refusal_diagnose(
			&session->machine->root, session->process.procfd,
			session->process.pid, "opening the memory", errnum);
	if (errnum)
		return error_create(ERROR_FAILED, errnum,
				    "the memory of process %d",
				    (int)session->process.pid);
	if (session->memory >= 0)
		close(session->memory);
	session->memory = fd;
	session->memory_writes = write;
	return NULL;
}

struct error *session_exec(const struct session *session)
{
	return error_create(ERROR_GONE, 0,
			    "the address space of process %d is gone: it has "
			    "ended or started another program (exec)",
			    (int)session->process.pid);
}

struct error *session_mappings(struct session *session,
			       struct mapping_list *ret)
{
	cleanup_mapping_list struct mapping_list list = {0};
	struct error *error = read_live_mappings(session, &list);

	if (error)
		return error;
	if (session_ended(session) || !list.count)
		return session_gone(session);
	*ret = list;
	list = (struct mapping_list){0};
	return NULL;
}

char *session_flags(struct session *session, uint64_t address)
{
	cleanup_mapping_list struct mapping_list list = {0};
	cleanup_error struct error *error =
		read_mappings(session, AGENT_SMAPS, &list);
	const struct mapping *mapping;

	if (error)
		return NULL;
	mapping = mapping_list_find(&list, address);
	return mapping && mapping->flags ? strdup(mapping->flags) : NULL;
}

bool session_wait(const struct session *session, uint64_t nanoseconds)
{
	int descriptors[] = {session->process.pidfd};

	return interrupt_wait(descriptors, 1, nanoseconds) != WAIT_SIGNAL;
}
