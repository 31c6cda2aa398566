/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/sequence.h"

#include <linux/rseq.h>
#include <stddef.h>
#include <sys/ptrace.h>

#include "target/remote.h"

/* include/uapi/linux/ptrace.h, since 5.13; not in every C library. */
enum { GET_CONFIGURATION = 0x420f };

struct configuration {
	uint64_t pointer; /* of struct rseq; 0: the thread has none */
	uint32_t size, signature, flags, padding;
};

bool sequence_is_outside(pid_t tid, uint64_t pc, bool in_call)
{
	struct configuration configuration = {0};
	struct rseq_cs section;
	uint64_t address;

	if (in_call)
		return true;
	if (ptrace((enum __ptrace_request)GET_CONFIGURATION, tid,
		   (void *)sizeof(configuration), &configuration) <= 0)
		return false; /* for all that we know */
	if (!configuration.pointer)
		return true;
	if (!remote_read(tid,
			 configuration.pointer + offsetof(struct rseq, rseq_cs),
			 &address, sizeof(address)))
		return false;
	if (!address)
		return true;
	return remote_read(tid, address, &section, sizeof(section)) &&
	       pc - section.start_ip >= section.post_commit_offset;
}
