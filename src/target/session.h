/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session with one target: its mappings as they were when the session was
 * opened, and the descriptor through which it is accessed.
 */
#ifndef MMIODBG_TARGET_SESSION_H
#define MMIODBG_TARGET_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include "target/agent.h"
#include "target/device.h"
#include "target/history.h"
#include "target/maps.h"

struct attachment;
struct code;
struct error;
struct machine;
struct names;

/* How threads of the target may be used for accesses. */
struct thread_options {
	pid_t only;         /* this one and no other; 0: any */
	uint64_t max_pause; /* nanoseconds that one is held */
	bool force; /* even if its call fails by it; or the device is gone */
};

struct session {
	struct machine *machine;
	unsigned holders; /* session_share() */
	struct agent agent;
	struct agent_process process;
	char *space; /* what tells its address space from a later one's */
	char *stand_in;
	char *name;                   /* comm */
	pid_t tracer;                 /* 0: nobody traces it */
	struct mapping_list mappings; /* all of them */
	struct device_list devices;
	bool no_query;                 /* the kernel has no mapping_query() */
	struct history history;        /* what has worked */
	int memory;                    /* /proc/PID/mem, or -1: not attached */
	bool memory_writes;            /* it was opened for writing, too */
	struct attachment *attachment; /* to its threads, or NULL */
	struct code *code;             /* code_find(): what was found */
	struct names *names;           /* session_names(): once it was asked */
	bool no_debuginfod;            /* set by its owner */
	struct thread_options threads; /* set by its owner */
};

/*
 * Opens a session: takes hold of the process and reads its mappings. Accesses
 * nothing. `stand_in`: as device_list_make(). Errors: no such process, gone,
 * denied with its diagnosis.
 */
struct error *session_create(struct machine *machine, pid_t pid,
			     const char *stand_in, struct session **ret)
	__attribute__((nonnull(1, 4), warn_unused_result));

/* One more holder of it: each calls session_destroy(). Returns its argument. */
struct session *session_share(struct session *session)
	__attribute__((nonnull, returns_nonnull));

/* Lets go of it; the last holder ends it. Legal on NULL. */
void session_destroy(struct session *session);

/*
 * Looks at the process anew, for the next command of a session that goes on.
 * `*ret_changed` tells that mappings have come, gone or changed: then the lists
 * are new ones, and whatever was resolved before points nowhere. Names are
 * looked up anew if program files are among them. ERROR_GONE if the process has
 * ended or its address space is another one.
 */
struct error *session_refresh(struct session *session, bool *ret_changed)
	__attribute__((nonnull, warn_unused_result));

/* Attaches, in the least of its depths: opens the target's memory, unless it is
 * open; for writing only if `write` says so. The others are in attachment.h. */
struct error *session_attach(struct session *session, bool write)
	__attribute__((nonnull, warn_unused_result));

/*
 * Its mappings as they are now, in the address space of now (an exec gives it
 * another). ERROR_GONE if it has none. The caller deinits `*ret`.
 */
struct error *session_mappings(struct session *session,
			       struct mapping_list *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Checks that `mapping` still stands in them as it was, at `address`: NULL, or
 * ERROR_GONE, ERROR_UNMAPPED or ERROR_REPLACED.
 */
struct error *session_compare(const struct session *session,
			      const struct mapping_list *list,
			      const struct mapping *mapping, uint64_t address)
	__attribute__((nonnull, warn_unused_result));

/* Both, of what is mapped now. */
struct error *session_check(struct session *session,
			    const struct mapping *mapping, uint64_t address)
	__attribute__((nonnull, warn_unused_result));

/*
 * The same of what stands at `address` alone, however far it reaches now: what
 * was read there came from the same place of the same file.
 */
struct error *session_compare_place(const struct session *session,
				    const struct mapping_list *list,
				    const struct mapping *mapping,
				    uint64_t address)
	__attribute__((nonnull, warn_unused_result));
struct error *session_check_place(struct session *session,
				  const struct mapping *mapping,
				  uint64_t address)
	__attribute__((nonnull, warn_unused_result));

/* VmFlags of the mapping at `address`, read anew from smaps: "rd wr sh"; NULL
 * where they are not to be had. The caller frees. */
char *session_flags(struct session *session, uint64_t address)
	__attribute__((nonnull, warn_unused_result));

/*
 * Waits for `nanoseconds`, or until something has happened to the process that
 * a check would find. False: a signal is about to end us (base/interrupt.h).
 */
bool session_wait(const struct session *session, uint64_t nanoseconds)
	__attribute__((nonnull));

/* Whether 32 bits are enough for all that it has mapped: a 32-bit program, but
 * for one that was limited so by personality(2). */
bool session_is_narrow(const struct session *session) __attribute__((nonnull));

/* A thread through which its memory can be read: the leader, or if that has
 * ended another one. 0: none. */
pid_t session_thread(const struct session *session) __attribute__((nonnull));

/*
 * The names of its symbols and types, of the modules that were mapped when the
 * session was opened. Nothing is opened before a name is looked up. `*ret`
 * stays the session's.
 */
struct error *session_names(struct session *session, struct names **ret)
	__attribute__((nonnull, warn_unused_result));

/* The error for a target that has ended. */
struct error *session_gone(const struct session *session)
	__attribute__((nonnull, warn_unused_result));

/*
 * What an error means that came of looking at the process: if that has ended
 * meanwhile, nothing but that. NULL stays NULL, and wrong usage wrong usage.
 * Takes the error over.
 */
struct error *session_judge(const struct session *session, struct error *error)
	__attribute__((nonnull(1), warn_unused_result));

/* The error for a target whose address space is no more. */
struct error *session_exec(const struct session *session)
	__attribute__((nonnull, warn_unused_result));

/* Whether that is so; false where it cannot be told. */
bool session_space_is_gone(const struct session *session)
	__attribute__((nonnull));

/* Whether the process has ended; false where that cannot be told. */
bool session_ended(const struct session *session) __attribute__((nonnull));

DEFINE_CLEANUP(session, struct session, session_destroy)
#define cleanup_session cleanup_with(session_cleanup_)

#endif
