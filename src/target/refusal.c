/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/root.h"
#include "target/capability.h"
#include "target/process.h"

/* PROC_USER_INIT_INO, include/linux/proc_ns.h. */
#define FIRST_USER_NAMESPACE "user:[4026531837]"

enum answer { UNKNOWN, NO, YES };

struct refusal {
	const struct root *root;
	int procfd;
	pid_t pid;
	const char *what;
	int errnum;
	const struct process_status *status;
	bool capable;     /* we have CAP_SYS_PTRACE, wherever it counts */
	bool inside;      /* we are in a user namespace other than the first */
	enum answer seen; /* whether the kernel lets us look at it, which it
			   * asks before it asks whether we may attach */
	enum answer same; /* whether it is in our user namespace */
};

/* The maps of the ids can be read by everybody; in another namespace they may
 * yet be the same as ours. */
static bool differs(const struct refusal *refusal, const char *map)
{
	cleanup_free char *ours = NULL, *theirs = NULL;
	cleanup_free char *path = NULL;

	if (asprintf(&path, "proc/self/%s", map) < 0) {
		path = NULL;
		return false;
	}
	if (file_read(refusal->root->fd, path, &ours, NULL) < 0 ||
	    file_read(refusal->procfd, map, &theirs, NULL) < 0)
		return false;
	return strcmp(ours, theirs) != 0;
}

/*
 * The link ns/user is shown to those whom __ptrace_may_access() (kernel/
 * ptrace.c, 6.1) lets look: whoever sees it has passed all that is asked about
 * users, dumpability and capabilities. (/proc/PID/maps does not tell: since
 * 6.13 CAP_PERFMON opens it, too.)
 */
static void look(struct refusal *refusal)
{
	cleanup_free char *ours =
		link_target(refusal->root->fd, "proc/self/ns/user");
	cleanup_free char *theirs = link_target(refusal->procfd, "ns/user");

	/* Linux 5.10 gives an empty link to those who may not look. */
	if (theirs && *theirs)
		refusal->seen = YES;
	else if (theirs || errno == EACCES || errno == EPERM)
		refusal->seen = NO;
	refusal->inside = ours && strcmp(ours, FIRST_USER_NAMESPACE) != 0;
	if (ours && theirs && *theirs)
		refusal->same = strcmp(ours, theirs) == 0 ? YES : NO;
	else if (differs(refusal, "uid_map") || differs(refusal, "gid_map"))
		refusal->same = NO;
}

/* "opening the memory of process 5" and what is the matter with it. */
__attribute__((format(printf, 2, 3))) static struct error *
deny(const struct refusal *refusal, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text = NULL;
		return error_no_memory();
	}
	return error_create(ERROR_DENIED, refusal->errnum, "%s of process %d%s",
			    refusal->what, (int)refusal->pid, text);
}

static bool owner_of(const struct refusal *refusal, const char *file,
		     uid_t *ret)
{
	struct stat stat;

	if (fstatat(refusal->procfd, file, &stat, 0) < 0)
		return false;
	*ret = stat.st_uid;
	return true;
}

/* /proc/PID/mem has mode 0600: before the kernel asks about ptrace, the file
 * system asks whose it is. */
static bool lacks_files(const struct refusal *refusal)
{
	uid_t owner;

	return owner_of(refusal, "mem", &owner) && owner != geteuid() &&
	       !capability_have("cap_dac_override");
}

/* Who may: `before` is "as that user" or the like, `after` another way out.
 * Root that was refused lacks capabilities. */
static struct error *help_privilege(const struct refusal *refusal,
				    struct error *error, const char *before,
				    const char *after)
{
	const char *capabilities = lacks_files(refusal) ? "CAP_SYS_PTRACE and "
							  "CAP_DAC_OVERRIDE"
							: "CAP_SYS_PTRACE";

	if (geteuid() == 0)
		return error_help(error, "run %s%swith %s, which we lack%s",
				  before, *before ? ", or " : "", capabilities,
				  after);
	return error_help(error, "run %s%sas root, or with %s%s", before,
			  *before ? ", " : "", capabilities, after);
}

/* Whether a user is one in our namespace: others look like the user 65534
 * there (kernel.overflowuid). */
static bool is_mapped(const struct refusal *refusal, uid_t uid)
{
	cleanup_free char *map = NULL;
	const char *line;

	if (file_read(refusal->root->fd, "proc/self/uid_map", &map, NULL) < 0)
		return true;
	line = map;
	while (line && *line) {
		unsigned first, count;

		if (sscanf(line, "%u %*u %u", &first, &count) == 2 &&
		    uid >= first && uid - first < count)
			return true;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

/* In a user namespace a capability counts there and below. */
static struct error *outside(const struct refusal *refusal)
{
	const char *why = refusal->capable
				  ? ": our CAP_SYS_PTRACE does not count there"
				  : "";

	if (!refusal->inside || refusal->seen != NO ||
	    (!refusal->capable && is_mapped(refusal, refusal->status->uids[1])))
		return NULL;
	return error_help(deny(refusal,
			       ", which is outside of the user namespace (the "
			       "container) that we are in%s",
			       why),
			  "run outside of it, as root or as the user of "
			  "the process");
}

static bool all_are(const unsigned ids[4], unsigned id)
{
	/* That of the file system does not count. */
	return ids[0] == id && ids[1] == id && ids[2] == id;
}

static struct error *deny_ids(const struct refusal *refusal, const char *kind,
			      const unsigned ids[4], unsigned ours)
{
	const char *place = refusal->same == NO
				    ? " in another user namespace (a "
				      "container)"
				    : "";

	if (all_are(ids, ids[0]))
		return deny(refusal, ", which belongs to %s %u (we are %u)%s",
			    kind, ids[0], ours, place);
	return deny(refusal,
		    ", whose real, effective and saved %s are %u, %u and %u "
		    "(we are %u)%s",
		    kind, ids[0], ids[1], ids[2], ours, place);
}

static struct error *other_user(const struct refusal *refusal)
{
	const struct process_status *status = refusal->status;
	const unsigned *ids = status->uids;
	unsigned ours = geteuid();
	bool groups;

	if (refusal->capable || refusal->seen == YES)
		return NULL;
	groups = all_are(ids, ours);
	if (groups) {
		ids = status->gids;
		ours = getegid();
		if (all_are(ids, ours))
			return NULL;
	}
	/* Nobody is several users; nor is a container's user enough. */
	return help_privilege(
		refusal,
		deny_ids(refusal, groups ? "group" : "user", ids, ours),
		!all_are(ids, ids[0]) || refusal->same == NO ? ""
		: groups                                     ? "in that group"
							     : "as that user",
		"");
}

/* What the capabilities in another user namespace are worth here is another
 * question. */
static struct error *more_capable(const struct refusal *refusal)
{
	cleanup_free char *missing = NULL;

	if (refusal->capable || refusal->seen == YES || refusal->same == NO)
		return NULL;
	missing = capability_missing(refusal->status->permitted);
	if (!missing)
		return NULL;
	return help_privilege(refusal,
			      deny(refusal,
				   ", which has capabilities that we lack: %s",
				   missing),
			      "", "");
}

/* A process that is not dumpable belongs to root in /proc. */
static struct error *not_dumpable(const struct refusal *refusal)
{
	uid_t owner;

	if (refusal->capable || refusal->seen == YES ||
	    !owner_of(refusal, "status", &owner) ||
	    owner == refusal->status->uids[1])
		return NULL;
	return help_privilege(refusal,
			      deny(refusal,
				   ", which is not dumpable (PR_SET_DUMPABLE, "
				   "set-uid, file capabilities, a change of "
				   "user, or a program that cannot be read)"),
			      "", "");
}

/* Yama is not asked who may look, only who may attach. Whoever may look into
 * another user namespace has CAP_SYS_PTRACE there. */
static struct error *yama(const struct refusal *refusal)
{
	static const struct {
		const char *cause, *help;
	} scopes[] = {
		[1] = {"only its ancestors may",
		       ", or set kernel.yama.ptrace_scope to 0, or let the "
		       "process permit it with PR_SET_PTRACER"},
		[2] = {"only CAP_SYS_PTRACE may",
		       ", or set kernel.yama.ptrace_scope to 0"},
		[3] = {"nobody may until the next boot", NULL},
	};
	bool capable = refusal->capable ||
		       (refusal->seen == YES && refusal->same == NO);
	struct error *error;
	uint64_t scope;

	if (refusal->seen == NO ||
	    !file_number(refusal->root->fd, &scope,
			 "proc/sys/kernel/yama/ptrace_scope") ||
	    scope < 1 || scope > 3 || (capable && scope != 3))
		return NULL;
	error = deny(refusal, ": %s (Yama scope %u)", scopes[scope].cause,
		     (unsigned)scope);
	if (scopes[scope].help)
		return help_privilege(refusal, error, "", scopes[scope].help);
	return error_help(error,
			  "reboot with another kernel.yama.ptrace_scope");
}

/* Who may attach, but not open the file; who made a container may, too. */
static struct error *out_of_reach(const struct refusal *refusal)
{
	uid_t owner;

	if (refusal->seen == NO || !lacks_files(refusal) ||
	    !owner_of(refusal, "mem", &owner))
		return NULL;
	if (refusal->capable)
		return error_help(
			deny(refusal, ": with CAP_SYS_PTRACE alone its files "
				      "in /proc are out of reach"),
			"run as root, or with CAP_DAC_OVERRIDE as well "
			"(CAP_DAC_READ_SEARCH to read)");
	if (refusal->seen != YES)
		return NULL;
	return error_help(deny(refusal,
			       ", whose files in /proc belong to user %u (we "
			       "are %u)",
			       owner, geteuid()),
			  "run as root, or with CAP_DAC_OVERRIDE, or in its "
			  "user namespace (nsenter -U -t %d)",
			  (int)refusal->pid);
}

static char *tracer_name(const struct refusal *refusal)
{
	return file_line(refusal->root->fd, "proc/%d/comm",
			 (int)refusal->status->tracer);
}

/* For whoever wants to be its tracer: its memory may be opened all the same. */
static struct error *traced(const struct refusal *refusal)
{
	cleanup_free char *name = NULL;
	cleanup_close int memory = -1;

	if (!refusal->status->tracer || refusal->seen == NO)
		return NULL;
	memory = file_open(refusal->procfd, "mem");
	if (memory < 0)
		return NULL;
	name = tracer_name(refusal);
	return error_help(deny(refusal,
			       ", which process %d (%s) traces already",
			       (int)refusal->status->tracer, name ? name : "?"),
			  "what does without attaching works, as plain reads "
			  "and writes; else end process %d",
			  (int)refusal->status->tracer);
}

static struct error *container(const struct refusal *refusal)
{
	struct error *error;

	if (refusal->same != NO || refusal->seen == YES ||
	    (refusal->capable && !refusal->inside))
		return NULL;
	error = deny(refusal,
		     ", which is in another user namespace (a container)");
	if (refusal->inside)
		return error_help(error, "run outside of ours, as root");
	return help_privilege(refusal, error, "as the user who made it", "");
}

static struct error *something_else(const struct refusal *refusal)
{
	static const char policy[] =
		"see the kernel log and the policy of the security module "
		"(AppArmor, SELinux, Landlock)";

	/* Root's own process does not tell whether it is dumpable. */
	if (refusal->capable || refusal->seen == YES)
		return error_help(
			deny(refusal, ": a security module forbids it"), "%s",
			policy);
	return help_privilege(refusal,
			      deny(refusal,
				   ": it is not dumpable (PR_SET_DUMPABLE), or "
				   "a security module forbids it"),
			      "", "; else see the kernel log");
}

struct error *refusal_diagnose(const struct root *root, int procfd, pid_t pid,
			       const char *what, int errnum)
{
	static struct error *(*const causes[])(const struct refusal *) = {
		outside, other_user,   more_capable, not_dumpable,
		yama,    out_of_reach, traced,       container,
	};
	cleanup_process_status struct process_status status = {0};
	struct refusal refusal = {
		.root = root,
		.procfd = procfd,
		.pid = pid,
		.what = what,
		.errnum = errnum,
		.status = &status,
		.capable = capability_have("cap_sys_ptrace"),
	};
	cleanup_free char *tracer = NULL;
	struct error *error;

	if (!process_status_read(procfd, &status))
		return error_create(ERROR_GONE, 0, "process %d has ended",
				    (int)pid);
	error = process_check(pid, &status);
	if (error)
		return error;
	look(&refusal);
	for (size_t i = 0; !error && i < sizeof(causes) / sizeof(causes[0]);
	     i++)
		error = causes[i](&refusal);
	if (!error)
		error = something_else(&refusal);
	if (!status.tracer)
		return error;
	tracer = tracer_name(&refusal);
	return error_evidence(error, "already traced by process %d (%s)",
			      (int)status.tracer, tracer ? tracer : "?");
}
