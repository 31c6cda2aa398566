/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "target/machine.h"
#include "target/process.h"
#include "target/session.h"

/* Errors of a single process are its own affair: it has ended, or is not ours
 * to look at. */
static struct error *scan_one(struct machine *machine, pid_t pid,
			      const char *stand_in, struct scan_result *result)
{
	cleanup_session struct session *session = NULL;
	cleanup_error struct error *error = NULL;

	error = session_create(machine, pid, stand_in, &session);
	if (error) {
		/* A kernel thread is denied, but hides nothing. */
		if (error->kind == ERROR_DENIED && error->errnum)
			result->denied++;
		return error->kind == ERROR_NO_MEMORY ? steal(error) : NULL;
	}
	if (!session->devices.count)
		return NULL;
	if (!list_grow(&result->sessions, result->count, &result->capacity,
		       sizeof(struct session *)))
		return error_no_memory();
	result->sessions[result->count++] = steal(session);
	return NULL;
}

struct error *scan_processes(struct machine *machine, const char *stand_in,
			     struct scan_result *ret)
{
	cleanup_free pid_t *list = process_list(&machine->root);
	struct scan_result result = {0};

	if (!list)
		return error_create(ERROR_FAILED, errno, "/proc");
	for (size_t i = 0; list[i]; i++) {
		struct error *error;

		if (!machine->root.captured && list[i] == getpid())
			continue;
		error = scan_one(machine, list[i], stand_in, &result);
		if (error) {
			scan_result_deinit(&result);
			return error;
		}
	}
	*ret = result;
	return NULL;
}

void scan_result_deinit(struct scan_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		session_destroy(result->sessions[i]);
	free(result->sessions);
	*result = (struct scan_result){0};
}
