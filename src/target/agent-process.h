/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent's process: it has the threads of one target under ptrace, stops and
 * resumes them on request, and by its own deadline. It outlives the main
 * process, lets go of whatever it has, and ends then. It parses nothing that a
 * target brought, and prints nothing.
 */
#ifndef MMIODBG_TARGET_AGENT_PROCESS_H
#define MMIODBG_TARGET_AGENT_PROCESS_H

#include <sys/types.h>

struct agent_shared;
struct root;

struct agent_process_setup {
	const struct root *root;
	pid_t pid;
	int procfd; /* /proc/PID */
	int socket; /* to the main process */
	struct agent_shared *shared;
	const char *space; /* process_space() as the session has it, or NULL */
};

/* Runs it, in a new process with all signals blocked. Does not return. */
void agent_process_run(const struct agent_process_setup *setup)
	__attribute__((noreturn));

#endif
