/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/root.h"
#include "target/agent-client.h"
#include "target/calls.h"
#include "target/machine.h"
#include "target/refusal.h"
#include "target/session.h"

#define SECOND UINT64_C(1000000000)

/* How long the agent may take for what has no limit of its own. */
#define ANSWER_TIME (5 * SECOND)

struct attachment {
	struct agent_client *client;
	uint64_t limit; /* of the stop */
	bool seized;    /* it has all threads */
	bool stopped;   /* the target is to stand still */
	bool has_thread;
	struct agent_pauses pauses;
};

/* What may be attached to */

/* 0 at the end of the line, or if it is hidden. */
static pid_t parent_of(const struct root *root, pid_t pid)
{
	cleanup_free char *parent =
		stat_field(root->fd, 4, "proc/%d/stat", (int)pid);

	return parent ? (pid_t)atoi(parent) : 0;
}

static bool is_ancestor(const struct root *root, pid_t pid)
{
	for (pid_t parent = getppid(); parent > 1;
	     parent = parent_of(root, parent))
		if (parent == pid)
			return true;
	return false;
}

/* A 64-bit program that was told to use no more than these: which calls it
 * makes cannot be told from that. ADDR_LIMIT_32BIT, personality(2). */
static bool is_limited(const struct session *session)
{
	cleanup_free char *text =
		file_line(session->process.procfd, "personality");

	return text && session_is_narrow(session) &&
	       strtoul(text, NULL, 16) & 0x0800000;
}

struct error *attachment_check(const struct session *session, bool stop)
{
	const struct root *root = &session->machine->root;
	pid_t pid = session->process.pid;

	if (root->captured)
		return NULL;
	if (pid == getpid())
		return error_create(ERROR_UNSAFE, 0,
				    "process %d is this mmiodbg itself",
				    (int)pid);
	if (!stop)
		return NULL;
	if (pid == 1)
		return error_help(error_create(ERROR_UNSAFE, 0,
					       "process 1 is never stopped"),
				  "do without --stop; that of a container can "
				  "be stopped from outside");
	if (is_ancestor(root, pid))
		return error_help(error_create(ERROR_UNSAFE, 0,
					       "process %d is an ancestor of "
					       "ours, and is not stopped",
					       (int)pid),
				  "run mmiodbg from elsewhere, or without "
				  "--stop");
	if (!calls_known(session_is_narrow(session)))
		return error_create(ERROR_UNSUPPORTED, 0,
				    "on this architecture %s are not stopped",
				    session_is_narrow(session)
					    ? "32-bit processes"
					    : "processes");
	if (is_limited(session))
		return error_create(ERROR_UNSUPPORTED, 0,
				    "process %d runs with addresses of 32 bits "
				    "(personality), and is not stopped",
				    (int)pid);
	return NULL;
}

/* What the agent says */

static struct error *executed(const struct session *session)
{
	return error_create(ERROR_GONE, 0,
			    "process %d has executed another program (exec)",
			    (int)session->process.pid);
}

static struct error *agent_gone(const struct session *session)
{
	if (session_ended(session))
		return session_gone(session);
	return error_create(ERROR_BUSY, 0,
			    "the agent, which attaches to the target, has "
			    "ended: the target runs, unattached");
}

static char *name_of(const struct session *session, pid_t pid)
{
	char *name =
		file_line(session->machine->root.fd, "proc/%d/comm", (int)pid);

	return name ? name : strdup("?");
}

struct error *attachment_traced(const struct session *session, pid_t tracer)
{
	cleanup_free char *name = name_of(session, tracer);

	return error_help(
		error_create(ERROR_DENIED, EPERM,
			     "attaching to process %d, which process %d (%s) "
			     "traces already",
			     (int)session->process.pid, (int)tracer,
			     name ? name : "?"),
		"through the kernel's path (--via kernel, without --attach and "
		"--stop) it can be read and written all the same");
}

static struct error *shared(const struct session *session, pid_t other)
{
	cleanup_free char *name = name_of(session, other);

	return error_help(
		error_create(ERROR_UNSAFE, 0,
			     "process %d (%s) has the same address space as "
			     "process %d, and would run on while that is "
			     "stopped",
			     (int)other, name ? name : "?",
			     (int)session->process.pid),
		"try again when it has ended or executed another program, or "
		"without --stop");
}

/* "thread 42 is in epoll_wait" */
static char *in_call(const struct agent_thread *thread)
{
	char *text = NULL;

	if (asprintf(&text, "thread %d is in %s", (int)thread->tid,
		     *thread->call ? thread->call : "a system call") < 0)
		return NULL;
	return text;
}

static struct error *interrupting(const struct agent_answer *answer)
{
	cleanup_free char *where = in_call(&answer->first);
	const char *which = where ? where : "a thread is in a system call";
	const char *more = answer->threads > 1 ? ", and others are, too" : "";
	struct error *error;

	switch ((enum call_effect)answer->first.effect) {
	case CALL_TIMED:
		error = error_help(
			error_create(ERROR_UNSAFE, 0,
				     "%s under a seccomp filter, which may "
				     "kill it when it goes on after a stop%s",
				     which, more),
			"try again when it waits elsewhere, or without --stop");
		break;
	case CALL_CUT:
		error = error_help(
			error_create(ERROR_UNSAFE, 0,
				     "%s, which may do only a part of its work "
				     "if it is stopped%s",
				     which, more),
			"try again, or let it happen with --force");
		break;
	default:
		error = error_help(
			error_create(ERROR_UNSAFE, 0,
				     "%s, which fails with EINTR if it is "
				     "stopped%s",
				     which, more),
			"do without --stop, or let it happen with --force if "
			"the program can bear that");
		break;
	}
	return error_evidence(error, "%u thread%s would notice a stop",
			      answer->threads, answer->threads == 1 ? "" : "s");
}

static struct error *unstoppable(const struct session *session,
				 const struct agent_thread *thread)
{
	const struct attachment *attachment = session->attachment;
	char limit[DURATION_LENGTH];
	struct error *error;

	duration_format(attachment->limit, limit);
	if (thread->state == 'D' && (strcmp(thread->call, "vfork") == 0 ||
				     strncmp(thread->call, "clone", 5) == 0))
		error = error_create(ERROR_BUSY, 0,
				     "thread %d did not stop within %s: it "
				     "waits for the child of its vfork",
				     (int)thread->tid, limit);
	else if (thread->state == 'D')
		error = error_create(ERROR_BUSY, 0,
				     "thread %d did not stop within %s: it is "
				     "in uninterruptible sleep (state D)%s%s",
				     (int)thread->tid, limit,
				     *thread->call ? ", in " : "",
				     thread->call);
	else
		error = error_create(ERROR_BUSY, 0,
				     "thread %d did not stop within %s (state "
				     "%c)",
				     (int)thread->tid, limit,
				     thread->state ? thread->state : '?');
	return error_help(error, "the target runs on; try again, or with more "
				 "--max-stop");
}

static struct error *unknowable(int errnum)
{
	return error_help(error_create(ERROR_UNSAFE, errnum,
				       "whether another process has the same "
				       "address space cannot be told: kcmp"),
			  "do without --stop");
}

static struct error *explain(const struct session *session,
			     const struct agent_answer *answer)
{
	const struct root *root = &session->machine->root;
	pid_t pid = session->process.pid;

	switch (answer->result) {
	case AGENT_DONE:
		return NULL;
	case AGENT_GONE:
		return session_gone(session);
	case AGENT_EXECUTED:
		return executed(session);
	case AGENT_DENIED:
		return refusal_diagnose(root, session->process.procfd, pid,
					"attaching to the threads",
					answer->errnum);
	case AGENT_TRACED:
		return attachment_traced(session, answer->other);
	case AGENT_BUSY:
		return error_help(
			error_create(ERROR_BUSY, 0,
				     "the threads of process %d changed until "
				     "the time was up",
				     (int)pid),
			"it runs on; try again, or without --attach and "
			"--stop");
	case AGENT_INTERRUPTING:
		return interrupting(answer);
	case AGENT_UNSTOPPABLE:
		return unstoppable(session, &answer->first);
	case AGENT_SHARED:
		return shared(session, answer->other);
	case AGENT_UNKNOWABLE:
		return unknowable(answer->errnum);
	case AGENT_FAILED:
		break;
	case AGENT_NO_THREAD:
	case AGENT_IGNORES:
	case AGENT_NOT_READY:
	case AGENT_CODE:
	case AGENT_DISTURBED:
	case AGENT_FAULT:
	case AGENT_STUCK:
	case AGENT_LOST:
		return NULL;
	}
	return error_create(ERROR_FAILED, answer->errnum,
			    "attaching to process %d", (int)pid);
}

/* What is asked */

/* Without an answer there is no agent any more, and the target runs. */
struct error *attachment_ask(struct session *session,
			     const struct agent_request *request,
			     uint64_t nanoseconds, struct agent_answer *ret,
			     bool *ret_answered)
{
	struct attachment *attachment = session->attachment;
	struct error *error;

	if (ret_answered)
		*ret_answered = false;
	if (!attachment->client)
		return agent_gone(session);
	error = agent_client_ask(attachment->client, *request, nanoseconds,
				 ret);
	if (ret_answered)
		*ret_answered = !error;
	if (error) {
		agent_client_destroy(attachment->client);
		attachment->client = NULL;
	} else {
		attachment->pauses = ret->pauses;
		error = explain(session, ret);
	}
	/* Of a target that has ended meanwhile, nothing else is to be said. */
	if (!error || error->kind == ERROR_GONE || !session_ended(session))
		return error;
	error_destroy(error);
	return session_gone(session);
}

/* The folder of the process, and not that of a thread which stands in for a
 * leader that has ended: it lists the threads. */
static struct error *open_process(const struct session *session, int *ret)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "proc/%d", (int)session->process.pid);
	fd = openat(session->machine->root.fd, path,
		    O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return error_create(ERROR_FAILED, errno, "/%s", path);
	/* While it has not ended, its number is its own. */
	if (fd < 0 || session_ended(session)) {
		if (fd >= 0)
			close(fd);
		return session_gone(session);
	}
	*ret = fd;
	return NULL;
}

struct error *attachment_start(struct session *session)
{
	cleanup_close int procfd = -1;
	struct error *error;

	if (session->attachment)
		return NULL;
	if (session->machine->root.captured)
		return error_create(ERROR_USAGE, 0,
				    "there is no process %d to attach to: this "
				    "is a captured tree",
				    (int)session->process.pid);
	session->attachment = calloc(1, sizeof(*session->attachment));
	if (!session->attachment)
		return error_no_memory();
	error = open_process(session, &procfd);
	return error ? error
		     : agent_client_create(&session->machine->root,
					   session->process.pid, procfd,
					   session->space,
					   &session->attachment->client);
}

struct error *attachment_create(struct session *session, bool stop)
{
	const struct agent_request request = {
		.verb = AGENT_ATTACH,
		.narrow = session_is_narrow(session),
		.stop = stop,
	};
	struct agent_answer answer;
	struct error *error = attachment_start(session);

	if (error)
		return error;
	session->attachment->seized = true;
	return attachment_ask(session, &request, ANSWER_TIME, &answer, NULL);
}

bool attachment_is_whole(const struct session *session)
{
	const struct attachment *attachment = session->attachment;

	return attachment && attachment->seized && attachment->client &&
	       agent_client_lives(attachment->client);
}

bool attachment_has_thread(const struct session *session)
{
	return session->attachment && session->attachment->has_thread;
}

void attachment_set_thread(struct session *session, bool has)
{
	session->attachment->has_thread = has;
}

struct agent_pauses attachment_pauses(const struct session *session)
{
	return session->attachment ? session->attachment->pauses
				   : (struct agent_pauses){0};
}

void attachment_destroy(struct attachment *attachment)
{
	if (!attachment)
		return;
	agent_client_destroy(attachment->client);
	free(attachment);
}

struct error *attachment_stop(struct session *session, uint64_t nanoseconds,
			      bool force)
{
	struct attachment *attachment = session->attachment;
	const struct agent_request request = {
		.verb = AGENT_STOP,
		.nanoseconds = nanoseconds,
		.force = force,
	};
	struct agent_answer answer;
	struct error *error;
	uint64_t time;

	attachment->limit = nanoseconds;
	attachment->has_thread = false;
	if (__builtin_add_overflow(nanoseconds, ANSWER_TIME, &time))
		time = nanoseconds;
	error = attachment_ask(session, &request, time, &answer, NULL);
	attachment->stopped = !error;
	return error;
}

struct error *attachment_resume(struct session *session,
				struct stop_report *ret)
{
	struct attachment *attachment = session->attachment;
	const struct agent_request request = {.verb = AGENT_RESUME};
	struct agent_answer answer;
	struct error *error;

	attachment->stopped = attachment->has_thread = false;
	error = attachment_ask(session, &request, ANSWER_TIME, &answer, NULL);
	if (error)
		return error;
	*ret = (struct stop_report){
		.made = true,
		.nanoseconds = answer.nanoseconds,
		.threads = answer.threads,
	};
	return NULL;
}

struct error *attachment_event(const struct session *session)
{
	const struct attachment *attachment = session->attachment;
	const struct agent_shared *told;
	char limit[DURATION_LENGTH];

	if (!attachment || !attachment->seized)
		return NULL;
	if (!attachment->client || !agent_client_lives(attachment->client))
		return agent_gone(session);
	told = agent_client_shared(attachment->client);
	if (atomic_load(&told->executed))
		return executed(session);
	if (atomic_load(&told->ended))
		return session_gone(session);
	if (!attachment->stopped || atomic_load(&told->stopped))
		return NULL;
	return error_help(
		error_create(ERROR_RESUMED, 0,
			     "the target runs again: the %s of "
			     "--max-stop were over",
			     duration_format(attachment->limit, limit)),
		"ask for less in one stop, or for more --max-stop");
}
