/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/choice.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/root.h"
#include "base/text.h"
#include "target/thread.h"
#include "target/tracees.h"

static const int used[] = {SIGSEGV, SIGBUS, SIGTRAP};

enum { N_USED = sizeof(used) / sizeof(used[0]) };

uint64_t access_signals(void)
{
	uint64_t set = 0;

	for (size_t i = 0; i < N_USED; i++)
		set |= UINT64_C(1) << (used[i] - 1);
	return set;
}

int access_signal_ignored(uint64_t ignored)
{
	for (size_t i = 0; i < N_USED; i++)
		if (ignored & UINT64_C(1) << (used[i] - 1))
			return used[i];
	return 0;
}

void reason_add(struct agent_reason *reasons, enum thread_reason reason,
		const struct agent_thread *thread)
{
	if (!reasons[reason].count++)
		reasons[reason].first = *thread;
}

/* A list of CPUs, or NULL if it has none. */
static char *cpu_list(const struct root *root, const char *name)
{
	char *list = file_line(root->fd, "sys/devices/system/cpu/%s", name);

	if (list && *list >= '0' && *list <= '9')
		return list;
	free(list);
	return NULL;
}

static void describe_call(const struct tracees *tracees,
			  const struct call *call, struct agent_thread *ret)
{
	const char *name =
		call->inside ? call_name(tracees->calls, call->number) : NULL;

	snprintf(ret->call, sizeof(ret->call), "%s", name ? name : "");
}

void thread_describe(const struct tracees *tracees, pid_t tid,
		     enum call_effect effect, struct agent_thread *ret)
{
	struct call call = {0};

	*ret = (struct agent_thread){
		.tid = tid,
		.state = thread_state(tracees->procfd, tid),
		.effect = effect,
	};
	if (!thread_call(tracees->procfd, tid, &call))
		call = (struct call){0};
	describe_call(tracees, &call, ret);
}

/* CPUs */

/* A range of a list of the kernel's, "1-3,8" (cpulist_parse()). False: that was
 * the last one. */
static bool next_range(const char **list, unsigned long *ret_first,
		       unsigned long *ret_last)
{
	char *end;

	if (!*list || **list < '0' || **list > '9')
		return false;
	*ret_first = *ret_last = strtoul(*list, &end, 10);
	if (*end == '-')
		*ret_last = strtoul(end + 1, &end, 10);
	*list = *end == ',' ? end + 1 : NULL;
	return true;
}

static bool list_has(const char *list, unsigned long cpu)
{
	unsigned long first, last;

	while (next_range(&list, &first, &last))
		if (cpu >= first && cpu <= last)
			return true;
	return false;
}

/* isolcpus= and nohz_full=, as sysfs shows them; NULL: there are none. */
struct isolation {
	const char *isolated, *full;
};

static bool is_isolated(const struct isolation *isolation, unsigned long cpu)
{
	return list_has(isolation->isolated, cpu) ||
	       list_has(isolation->full, cpu);
}

/* Whether a thread would be woken on an isolated CPU: it may run nowhere else,
 * or ran there last, and still may. */
static bool is_on_isolated(const struct isolation *isolation,
			   const char *allowed, unsigned long last_cpu)
{
	unsigned long first, last;

	if (list_has(allowed, last_cpu) && is_isolated(isolation, last_cpu))
		return true;
	while (next_range(&allowed, &first, &last))
		for (unsigned long cpu = first; cpu <= last; cpu++)
			if (!is_isolated(isolation, cpu))
				return false;
	return true;
}

/* Ranks */

enum { POLICY_DEADLINE = 6 };

/* Smaller is better: who waits, most surely undisturbed; who runs; who is in
 * the hands of a driver, which may think otherwise of an interruption. */
enum rank {
	RANK_WAITS,  /* in a call that restarts as it was */
	RANK_TIMED,  /* in one that restarts with the time left */
	RANK_MENDED, /* in one that we have to start again */
	RANK_RUNS,
	RANK_UNKNOWN, /* in a call of which nothing is known */
};

/* Calls in which threads wait, and which restart (signal(7)). */
static bool is_waiting_call(const char *name)
{
	static const char *const names[] = {"futex",  "read", "readv", "recv",
					    "accept", "wait", "pause"};

	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (text_starts(name, names[i], NULL))
			return true;
	return false;
}

static enum rank rank_of(const struct tracees *tracees, const struct call *call,
			 enum call_effect effect)
{
	const char *name;

	if (!call->inside)
		return RANK_RUNS;
	if (effect == CALL_AGAIN)
		return RANK_MENDED;
	name = call_name(tracees->calls, call->number);
	if (is_waiting_call(name))
		return RANK_WAITS;
	return name ? RANK_TIMED : RANK_UNKNOWN;
}

/* What is looked at. */
struct look {
	const struct tracees *tracees;
	const struct agent_request *request;
	struct isolation isolation;
	struct choices *choices;
};

static enum thread_reason reason_of_call(enum call_effect effect, bool force)
{
	switch (effect) {
	case CALL_TIMED:
		return REASON_FILTERED;
	case CALL_FAILS:
		return force ? REASON_NONE : REASON_FAILS;
	case CALL_CUT:
		return force ? REASON_NONE : REASON_CUT;
	default:
		return REASON_NONE;
	}
}

static enum thread_reason reason_of_schedule(const struct look *look, pid_t tid)
{
	const struct isolation *isolation = &look->isolation;
	cleanup_free char *cpus = NULL;
	struct thread_schedule schedule;

	if (!thread_schedule_read(look->tracees->procfd, tid, &schedule) ||
	    schedule.flags & look->tracees->worker_flags)
		return REASON_ENDED;
	if (look->request->thread)
		return REASON_NONE;
	if (schedule.policy == SCHED_FIFO || schedule.policy == SCHED_RR ||
	    schedule.policy == POLICY_DEADLINE)
		return REASON_REALTIME;
	if (!isolation->isolated && !isolation->full)
		return REASON_NONE;
	cpus = thread_cpus(look->tracees->procfd, tid);
	return cpus && is_on_isolated(isolation, cpus, schedule.cpu)
		       ? REASON_ISOLATED
		       : REASON_NONE;
}

static void add_choice(struct choices *choices, const struct choice *choice)
{
	if (!list_grow(&choices->items, choices->count, &choices->capacity,
		       sizeof(*choices->items))) {
		choices->errnum = ENOMEM;
		return;
	}
	choices->items[choices->count++] = *choice;
}

bool reason_may_pass(enum thread_reason reason)
{
	return reason == REASON_SLEEPS || reason == REASON_FAILS ||
	       reason == REASON_CUT || reason == REASON_FILTERED ||
	       reason == REASON_PENDING || reason == REASON_LATE ||
	       reason == REASON_SEQUENCE || reason == REASON_ENDED;
}

/* Sets what is seen of it, and its status. */
static enum thread_reason see(const struct tracees *tracees, bool force,
			      struct choice *choice,
			      struct thread_status *ret_status)
{
	struct call_look *seen = &choice->seen;

	seen->effect = thread_look(tracees->procfd, tracees->pid, choice->tid,
				   tracees->calls, ret_status, &seen->call);
	seen->filtered = ret_status->filtered;
	seen->blocked = ret_status->blocked;
	/* Of what stands it cannot be seen any more. */
	choice->timed = tracees->holding ? !ret_status->filtered
					 : seen->call.inside &&
						   call_is_timed(tracees->calls,
								 &seen->call);
	choice->rank = rank_of(tracees, &seen->call, seen->effect);
	if (!ret_status->state || ret_status->state == 'Z' ||
	    ret_status->state == 'X')
		return REASON_ENDED;
	if (ret_status->state == 'D')
		return REASON_SLEEPS;
	return reason_of_call(seen->effect, force);
}

enum thread_reason choice_look(const struct tracees *tracees, bool force,
			       struct choice *choice)
{
	struct thread_status status;

	return see(tracees, force, choice, &status);
}

void choice_keep(const struct tracees *tracees, const struct call_look *seen,
		 struct choice *choice)
{
	choice->seen = *seen;
	choice->timed =
		seen->call.inside && call_is_timed(tracees->calls, &seen->call);
}

void choice_describe(const struct tracees *tracees, const struct choice *choice,
		     struct agent_thread *ret)
{
	*ret = (struct agent_thread){
		.tid = choice->tid,
		.state = thread_state(tracees->procfd, choice->tid),
		.effect = choice->seen.effect,
	};
	describe_call(tracees, &choice->seen.call, ret);
}

static void look_at(struct look *look, pid_t tid)
{
	const struct tracees *tracees = look->tracees;
	const bool stands = tracees->holding;
	struct agent_thread thread = {.tid = tid};
	struct choice choice = {.tid = tid};
	struct thread_status status;
	enum thread_reason reason =
		see(tracees, look->request->force, &choice, &status);

	thread.state = status.state;
	thread.effect = choice.seen.effect;
	describe_call(tracees, &choice.seen.call, &thread);

	if (!reason && !stands)
		reason = reason_of_schedule(look, tid);
	if (!reason && status.pending & access_signals())
		reason = REASON_PENDING;
	if (!look->choices->ignored)
		look->choices->ignored = access_signal_ignored(status.ignored);
	if (!reason) {
		add_choice(look->choices, &choice);
		return;
	}
	look->choices->passing |= reason_may_pass(reason);
	reason_add(look->choices->reasons, reason, &thread);
}

static const struct avoided *find_avoided(const struct avoided *avoided,
					  size_t count, pid_t tid)
{
	for (size_t i = 0; i < count; i++)
		if (avoided[i].tid == tid)
			return &avoided[i];
	return NULL;
}

static int compare_choices(const void *left, const void *right)
{
	const struct choice *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

/* The numbers of those to look at, ended by 0; NULL with errno. */
static pid_t *list_threads(const struct tracees *tracees,
			   const struct agent_request *request)
{
	cleanup_names char **names = NULL;
	size_t count = 0, at = 0;
	pid_t *list;

	if (tracees->holding) {
		count = tracees->count;
	} else {
		names = folder_names(tracees->procfd, "task");
		if (!names)
			return NULL;
		while (names[count])
			count++;
	}
	list = calloc(count + 1, sizeof(*list));
	for (size_t i = 0; list && i < count; i++) {
		pid_t tid =
			names ? (pid_t)atoi(names[i]) : tracees->items[i].tid;

		if ((!request->thread || request->thread == tid) &&
		    (names || tracees->items[i].stopped))
			list[at++] = tid;
	}
	return list;
}

void choices_make(const struct root *root, const struct tracees *tracees,
		  const struct agent_request *request,
		  const struct avoided *avoided, size_t n_avoided,
		  struct choices *ret)
{
	cleanup_free char *isolated = cpu_list(root, "isolated");
	cleanup_free char *full = cpu_list(root, "nohz_full");
	struct look look = {
		.tracees = tracees,
		.request = request,
		.isolation = {isolated, full},
		.choices = ret,
	};
	cleanup_free pid_t *list = list_threads(tracees, request);
	uint64_t now = clock_now();

	*ret = (struct choices){0};
	if (!list) {
		ret->errnum = errno == ENOMEM ? ENOMEM : ESRCH;
		return;
	}
	for (size_t i = 0; list[i]; i++, ret->listed++) {
		const struct avoided *found =
			find_avoided(avoided, n_avoided, list[i]);

		if (!found || now >= found->until) {
			look_at(&look, list[i]);
			continue;
		}
		reason_add(ret->reasons, found->reason, &found->thread);
		ret->passing |= reason_may_pass(found->reason);
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items),
		      compare_choices);
}

void choices_deinit(struct choices *choices)
{
	free(choices->items);
	*choices = (struct choices){0};
}
