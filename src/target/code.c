/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/root.h"
#include "base/text.h"
#include "target/machine.h"
#include "target/refusal.h"
#include "target/remote.h"
#include "target/session.h"

enum { N_SIZES = 4, CHUNK = 65536 };

struct code {
	struct {
		bool sought, found;
		struct instruction instruction;
	} items[N_SIZES][2];
	bool stale; /* the session's mappings are not those of now */
};

/* What is looked for, and through which thread. */
struct search {
	const struct session *session;
	enum instruction_set set;
	unsigned bits;
	bool write;
	pid_t tid;
	int errnum; /* of a refusal */
	uint8_t *buffer;
	struct instruction *ret;
};

static unsigned size_index(unsigned bits)
{
	return (unsigned)__builtin_ctz(bits / 8);
}

static bool is_vdso(const struct mapping *mapping)
{
	return strcmp(mapping->path, "[vdso]") == 0;
}

/* Code that stays as it is, of a file that is no device; what is written to as
 * well, or has no name in a file system, is some compiler's at work. */
static bool is_code(const struct search *search, const struct mapping *mapping)
{
	const struct device_list *devices = &search->session->devices;

	if (!mapping->executable || !mapping->readable || mapping->writable)
		return false;
	if (is_vdso(mapping))
		return true;
	return mapping->inode && *mapping->path == '/' && !mapping->shared &&
	       !text_starts(mapping->path, "/dev/", NULL) &&
	       !text_starts(mapping->path, "/sys/", NULL) &&
	       !text_starts(mapping->path, "/proc/", NULL) &&
	       !text_starts(mapping->path, "/memfd:", NULL) &&
	       !device_list_find(devices, mapping->start);
}

/* Chunks overlap by what an instruction may be long. */
static bool search_mapping(struct search *search, const struct mapping *mapping)
{
	uint64_t page_size = search->session->machine->page_size;
	uint64_t at = mapping->start;

	while (at < mapping->end) {
		uint64_t left = mapping->end - at;
		size_t length = left < CHUNK ? (size_t)left : CHUNK;

		if (!remote_read(search->tid, at, search->buffer, length)) {
			if (errno == EPERM || errno == ESRCH) {
				search->errnum = errno;
				return false;
			}
			/* A page of the file may be missing. */
			length = page_size - at % page_size;
			if (!remote_read(search->tid, at, search->buffer,
					 length)) {
				at += length;
				continue;
			}
		}
		if (instruction_find(search->set, search->buffer, length, at,
				     page_size, search->bits, search->write,
				     search->ret))
			return true;
		at += length;
	}
	return false;
}

/* The vdso never changes; the program is rarely unmapped, libraries are. */
static bool search_mappings(struct search *search,
			    const struct mapping_list *list)
{
	for (int vdso = 1; vdso >= 0; vdso--)
		for (size_t i = 0; i < list->count && !search->errnum; i++)
			if (is_vdso(&list->items[i]) == vdso &&
			    is_code(search, &list->items[i]) &&
			    search_mapping(search, &list->items[i]))
				return true;
	return false;
}

/* By the leader, or, if that has ended, by another thread. */
static bool search_by_threads(struct search *search,
			      const struct mapping_list *list)
{
	const struct session *session = search->session;
	cleanup_names char **names = NULL;

	search->tid = session->process.pid;
	if (search_mappings(search, list))
		return true;
	if (search->errnum != ESRCH)
		return false;
	names = folder_names(session->machine->root.fd, "proc/%d/task",
			     (int)session->process.pid);
	for (size_t i = 0; names && names[i] && search->errnum == ESRCH; i++) {
		search->errnum = 0;
		search->tid = (pid_t)atoi(names[i]);
		if (search_mappings(search, list))
			return true;
	}
	return false;
}

static struct error *not_found(const struct search *search)
{
	const struct session *session = search->session;

	if (search->errnum == EPERM)
		return refusal_diagnose(
			&session->machine->root, session->process.procfd,
			session->process.pid, "reading its code", EPERM);
	if (search->errnum == ESRCH)
		return session_gone(session);
	return error_create(ERROR_NO_CODE, 0,
			    "the target's code has no plain %s of %u bits that "
			    "could be executed",
			    search->write ? "store" : "load", search->bits);
}

struct error *code_find(struct session *session, enum instruction_set set,
			unsigned bits, bool write,
			const struct instruction **ret)
{
	cleanup_mapping_list struct mapping_list now = {0};
	cleanup_free uint8_t *buffer = NULL;
	struct search search = {
		.session = session,
		.set = set,
		.bits = bits,
		.write = write,
	};
	const struct mapping_list *list = &session->mappings;
	struct code *code = session->code;
	struct error *error;
	unsigned index = size_index(bits);

	if (!code)
		code = session->code = calloc(1, sizeof(*code));
	if (!code)
		return error_no_memory();
	*ret = &code->items[index][write].instruction;
	if (code->items[index][write].found)
		return NULL;
	search.ret = &code->items[index][write].instruction;
	if (code->items[index][write].sought)
		return not_found(&search);
	buffer = search.buffer = malloc(CHUNK);
	if (!buffer)
		return error_no_memory();
	if (code->stale) {
		error = session_mappings(session, &now);
		if (error)
			return error;
		list = &now;
	}
	if (!search_by_threads(&search, list)) {
		code->items[index][write].sought = !search.errnum;
		return not_found(&search);
	}
	code->items[index][write].found = true;
	return NULL;
}

void code_forget(struct session *session)
{
	struct code *code = session->code;

	if (!code)
		return;
	*code = (struct code){.stale = true};
}

void code_destroy(struct code *code)
{
	free(code);
}
