/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent: everything that needs privilege. Requests and answers are plain
 * data and file descriptors; it parses nothing that a target or a file brought.
 *
 * Opening is done here, within the caller. Seizing and stopping threads is done
 * by a process of its own, agent-process.h, which only the commands start that
 * need it: agent-client.h asks it, in the words of agent-protocol.h.
 */
#ifndef MMIODBG_TARGET_AGENT_H
#define MMIODBG_TARGET_AGENT_H

#include <stdbool.h>
#include <sys/types.h>

struct root;

/* What the agent opens of a process. */
enum agent_file {
	AGENT_MAPS,
	AGENT_SMAPS,
	AGENT_MEMORY, /* /proc/PID/mem for reading; the kernel makes the check
		       * of a ptrace attach when it is opened */
	AGENT_MEMORY_WRITE, /* the same for writing, too */
};

struct agent {
	const struct root *root;
};

/* A process, held so that its number cannot come to mean another one. */
struct agent_process {
	pid_t pid;
	int procfd; /* /proc/PID, or /proc/PID/task/TID of a live thread if the
		     * leader is a zombie; ESRCH once the process has ended */
	int pidfd;  /* readable once it has ended; -1 in a captured tree */
};

/*
 * Takes hold of a process. 0, or an errno: ESRCH if there is none of that
 * number, EINVAL for a number that is none.
 */
int agent_hold(const struct agent *agent, pid_t pid, struct agent_process *ret);
void agent_release(struct agent_process *process);

/*
 * Takes another thread's folder for the process's, when the thread that it was
 * has ended and others live on. False if there is none.
 */
bool agent_follow(const struct agent *agent, struct agent_process *process);

/* A pidfd of a process, or of none: -1 with errno. */
int process_pidfd(pid_t pid);

/* Whether the process has ended, all of its threads included. */
bool agent_has_ended(int pidfd);

/* Opens a file of it. 0, or an errno. The caller closes `*ret_fd`. */
int agent_open(const struct agent *agent, const struct agent_process *process,
	       enum agent_file file, int *ret_fd);

#endif
