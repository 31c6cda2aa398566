/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/agent-client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/error.h"
#include "target/agent-process.h"
#include "target/agent.h"
#include "target/tracees.h"

/* How long it may take to let go, once it was told. */
enum { END_MILLISECONDS = 3000 };

struct agent_client {
	pid_t process;
	int socket;
	uint32_t serial;
	struct agent_shared *shared;
};

/* The child's end of the fork. Never returns. */
static void run_agent(const struct root *root, pid_t pid, int procfd,
		      const char *space, const struct agent_client *client,
		      int socket)
{
	const struct agent_process_setup setup = {
		.root = root,
		.pid = pid,
		.procfd = procfd,
		.socket = socket,
		.shared = client->shared,
		.space = space,
	};

	close(client->socket);
	agent_process_run(&setup);
}

DEFINE_CLEANUP(agent_client, struct agent_client, agent_client_destroy)

struct error *agent_client_create(const struct root *root, pid_t pid,
				  int procfd, const char *space,
				  struct agent_client **ret)
{
	cleanup_with(agent_client_cleanup_) struct agent_client *client = NULL;
	int sockets[2] = {-1, -1};
	cleanup_close int theirs = -1;
	sigset_t all, before;
	int errnum;

	client = calloc(1, sizeof(*client));
	if (!client)
		return error_no_memory();
	client->socket = -1;
	client->shared =
		mmap(NULL, sizeof(*client->shared), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (client->shared == MAP_FAILED) {
		client->shared = NULL;
		return error_no_memory();
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_create(ERROR_FAILED, errno,
				    "a socket to the agent");
	client->socket = sockets[0];
	theirs = sockets[1];
	/* It is to start with its signals blocked. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	client->process = fork();
	errnum = errno;
	if (client->process == 0)
		run_agent(root, pid, procfd, space, client, theirs);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (client->process < 0)
		return error_create(ERROR_FAILED, errnum, "starting the agent");
	*ret = steal(client);
	return NULL;
}

static bool has_ended(pid_t process, int milliseconds)
{
	cleanup_close int pidfd = process_pidfd(process);
	struct pollfd poller = {.fd = pidfd, .events = POLLIN};
	uint64_t deadline =
		clock_now() + (uint64_t)milliseconds * UINT64_C(1000000);
	siginfo_t info = {0};

	/* Without a pidfd, as under some seccomp filters: look, time and again.
	 */
	while (clock_now() < deadline) {
		if (poll(&poller, 1, pidfd < 0 ? 5 : milliseconds) > 0)
			return true;
		if (waitid(P_PID, (id_t)process, &info,
			   WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    info.si_pid == process)
			return true;
	}
	return false;
}

/* That it takes long happens only if somebody has stopped it; the kernel lets
 * go of the target then. */
static void await_end(pid_t process, const struct agent_shared *shared)
{
	if (atomic_load(&shared->diverted))
		return;
	if (!has_ended(process, END_MILLISECONDS)) {
		if (atomic_load(&shared->diverted))
			return;
		kill(process, SIGKILL);
	}
	while (waitpid(process, NULL, 0) < 0 && errno == EINTR)
		;
}

void agent_client_destroy(struct agent_client *client)
{
	if (!client)
		return;
	if (client->socket >= 0)
		close(client->socket);
	if (client->process > 0)
		await_end(client->process, client->shared);
	if (client->shared)
		munmap(client->shared, sizeof(*client->shared));
	free(client);
}

bool agent_client_lives(const struct agent_client *client)
{
	struct pollfd poller = {.fd = client->socket};

	return poll(&poller, 1, 0) <= 0 || !(poller.revents & POLLHUP);
}

static struct error *no_answer(const char *why)
{
	return error_help(error_create(ERROR_BUSY, 0,
				       "the agent, which attaches to the "
				       "target, %s",
				       why),
			  "the target runs on; try again");
}

struct error *agent_client_ask(struct agent_client *client,
			       struct agent_request request,
			       uint64_t nanoseconds, struct agent_answer *ret)
{
	struct pollfd poller = {.fd = client->socket, .events = POLLIN};
	uint64_t deadline = clock_now() + nanoseconds;
	struct agent_answer answer;

	request.serial = ++client->serial;
	if (send(client->socket, &request, sizeof(request), MSG_NOSIGNAL) < 0)
		return no_answer("has ended");
	for (;;) {
		uint64_t time = clock_now();
		/* Once more when the time is over: we may have been stopped,
		 * and the answer be there. */
		int left = time < deadline
				   ? (int)((deadline - time) / 1000000 + 1)
				   : 0;
		int ready = poll(&poller, 1, left);
		ssize_t length;

		if (ready == 0 && !left)
			return no_answer("does not answer");
		if (ready <= 0)
			continue;
		length = recv(client->socket, &answer, sizeof(answer), 0);
		if (length < 0 && errno == EINTR)
			continue;
		if (length != sizeof(answer))
			return no_answer("took too long, or was killed");
		/* Else it is late, to a question that was given up. */
		if (answer.serial == client->serial)
			break;
	}
	*ret = answer;
	return NULL;
}

const struct agent_shared *
agent_client_shared(const struct agent_client *client)
{
	return client->shared;
}
