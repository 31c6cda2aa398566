/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether what was looked up still stands in the target's mappings. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "target/mapquery.h"
#include "target/process.h"
#include "target/session.h"

static struct error *replaced(const struct mapping *before,
			      const struct mapping *now)
{
	char was[5], is[5];
	bool same_file = before->inode == now->inode &&
			 before->major == now->major &&
			 before->minor == now->minor;
	struct error *error = error_help(
		error_create(ERROR_REPLACED, 0, "%s",
			     same_file ? "the mapping has changed since it was "
					 "looked up"
				       : "the mapping was replaced by another"),
		"see what is there now with `mmiodbg maps`");

	mapping_permissions(before, was);
	mapping_permissions(now, is);
	error = error_evidence(error, "before: %#llx-%#llx %s %#llx %s",
			       (unsigned long long)before->start,
			       (unsigned long long)before->end, was,
			       (unsigned long long)before->offset,
			       before->path);
	return error_evidence(error, "now: %#llx-%#llx %s %#llx %s",
			      (unsigned long long)now->start,
			      (unsigned long long)now->end, is,
			      (unsigned long long)now->offset, now->path);
}

/* The same file, or none, stands there with the same permissions, however far
 * it reaches now. */
static bool same_place(const struct mapping *before, const struct mapping *now)
{
	struct mapping sized = *now;

	/* Modulo 2^64: a mapping may have grown downwards. */
	sized.offset += before->start - now->start;
	sized.start = before->start;
	sized.end = before->end;
	if (!before->inode)
		sized.offset = before->offset;
	return mapping_same(before, &sized);
}

/* Ordinary memory may grow (a heap, a stack) or be split. */
static bool unchanged(const struct session *session,
		      const struct mapping *before, const struct mapping *now)
{
	if (device_list_find(&session->devices, before->start))
		return mapping_same(before, now);
	return same_place(before, now);
}

static struct error *changed(const struct session *session,
			     const struct mapping *before,
			     const struct mapping *now)
{
	if (session_space_is_gone(session))
		return session_exec(session);
	if (now)
		return replaced(before, now);
	return error_help(error_create(ERROR_UNMAPPED, 0,
				       "the mapping is not there any more"),
			  "see what is there now with `mmiodbg maps`");
}

/* What is asked of a mapping: unchanged(), or is_same_place(). */
typedef bool comparison(const struct session *session,
			const struct mapping *before,
			const struct mapping *now);

static bool is_same_place(const struct session *session,
			  const struct mapping *before,
			  const struct mapping *now)
{
	(void)session;
	return same_place(before, now);
}

static struct error *compare(const struct session *session, comparison *same,
			     const struct mapping_list *list,
			     const struct mapping *mapping, uint64_t address)
{
	const struct mapping *now = mapping_list_find(list, address);

	return now && same(session, mapping, now)
		       ? NULL
		       : changed(session, mapping, now);
}

struct error *session_compare(const struct session *session,
			      const struct mapping_list *list,
			      const struct mapping *mapping, uint64_t address)
{
	return compare(session, unchanged, list, mapping, address);
}

struct error *session_compare_place(const struct session *session,
				    const struct mapping_list *list,
				    const struct mapping *mapping,
				    uint64_t address)
{
	return compare(session, is_same_place, list, mapping, address);
}

/* Where the kernel answers for one address, and all is as it was. */
static bool is_quickly_confirmed(struct session *session, comparison *same,
				 const struct mapping *mapping,
				 uint64_t address)
{
	struct mapping now;
	int fd, errnum;

	if (session->no_query ||
	    agent_open(&session->agent, &session->process, AGENT_MAPS, &fd))
		return false;
	errnum = mapping_query(fd, address, &now);
	close(fd);
	session->no_query = errnum == ENOTTY;
	return !errnum && same(session, mapping, &now);
}

static struct error *check(struct session *session, comparison *same,
			   const struct mapping *mapping, uint64_t address)
{
	cleanup_mapping_list struct mapping_list list = {0};
	struct error *error;

	if (is_quickly_confirmed(session, same, mapping, address))
		return NULL;
	error = session_mappings(session, &list);
	return error ? error : compare(session, same, &list, mapping, address);
}

struct error *session_check_place(struct session *session,
				  const struct mapping *mapping,
				  uint64_t address)
{
	return check(session, is_same_place, mapping, address);
}

struct error *session_check(struct session *session,
			    const struct mapping *mapping, uint64_t address)
{
	return check(session, unchanged, mapping, address);
}
