/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of `watch` share: the registers that are watched, and what is
 * known of each.
 *
 *     watch         the command: options, the end
 *     watch-plan    from locations to plans, and to new ones when the target
 *                   has mapped a device anew
 *     watch-sample  takes the samples
 *     watch-tell    finds out what of a sample is to be printed
 */
#ifndef MMIODBG_CMD_WATCH_H
#define MMIODBG_CMD_WATCH_H

#include "cmd/command.h"
#include "cmd/condition.h"
#include "cmd/target.h"
#include "plan/plan.h"
#include "render/watch.h"

struct element_result;
struct histogram;
struct run;

/* What a place that is given by a number, and not by the name of a device,
 * stands in: the same number may mean something else later. */
struct watch_identity {
	bool checked; /* the location is such a place */
	bool is_device;
	unsigned major, minor;
	uint64_t inode, offset; /* of the place, in the file */
};

/* One location: it is sampled, fails and comes back by itself. */
struct watch_source {
	struct location *const *location;
	const struct plan_options *options;
	struct plan plan;
	bool owned; /* the plan is its own, and no part of another one */
	bool ready; /* the plan is of the session's mappings */
	struct error *unfit; /* why it cannot be run, or NULL */
	struct error *last;  /* why it fails, as it was told; or NULL */
	bool failing;        /* the last sample failed, or a part of it */
	bool fails;          /* what is not settled yet does */
	uint64_t failed;     /* the last sample that did */
	uint64_t valued;     /* the last one with a value: of a part, too */
	size_t *columns;     /* of each operation, the first one */
	/* Without views: what stays true when the names are gone. */
	struct operation *shapes;
	size_t n_operations, n_columns;
	struct watch_identity identity;
};

/* What is known of a column, and what was told of it: put into the ring. */
struct watch_state {
	uint64_t mask;  /* of whole values: bits that count */
	uint64_t shown; /* bits whose differences are told of */
	bool known, failed;
	uint64_t value;
	uint64_t since; /* when it began to fail */
	/* A failure that is not told yet, for further samples may succeed. */
	struct error *untold;
	uint64_t untold_since;
	enum error_kind kind;
	int errnum;
	uint64_t changes;
	bool told, told_known, told_failed;
	uint64_t told_value;
	uint64_t
		lost; /* the last sample of it that was counted as lost, or 0 */
};

/* Neighbours that fail alike, which are told together. */
struct watch_failures {
	struct error *error; /* NULL: none */
	size_t first, count;
	size_t news; /* of them: those that did not fail so before */
	uint64_t sample, time;
};

struct watching {
	const struct command_context *context;
	struct location_list locations;
	struct session *session;
	struct plan whole; /* of all locations, as it was at first */
	struct condition_plan
		until; /* session: borrowed, NULL: there is none */
	struct plan_options until_options;
	struct watch_source
		*sources; /* of the locations, and of the condition */
	size_t n_sources;
	struct watch_column *columns;
	struct watch_state *states;
	size_t n_columns;
	struct watch_setup setup;
	struct watch_printer *printer;
	struct histogram *histogram; /* NULL: none is wanted */
	/* Sampling. */
	struct run *run;
	uint64_t interval, end; /* nanoseconds; clock_now() */
	uint64_t tick;          /* intervals since the start */
	uint64_t group;   /* when the samples not settled began; 0: there are
			   * none */
	uint64_t sampled; /* when the last sample was taken */
	uint64_t replanned;
	bool any_unfit, all_unfit;
	bool incomplete; /* a signal came in the middle of the last sample */
	uint64_t told;   /* the last sample of which something is known */
	/* The condition: the column that it is about, whose bytes may be in
	 * another order there; whether it held, confirmed or not. */
	size_t until_column;
	bool until_swapped;
	bool may_hold, met;
	bool has_until_value;
	uint64_t until_value;
	/* Telling. */
	struct watch_failures failures;
	uint64_t lost;       /* not told of yet */
	struct error *error; /* what ends it all */
};

/* Parses, resolves and checks all; nothing is accessed. watching_deinit()
 * releases it, in any case. */
struct error *watching_prepare(const struct command_context *context,
			       struct watching *ret)
	__attribute__((nonnull, warn_unused_result));
void watching_deinit(struct watching *watching);

/*
 * Looks at the mappings anew, and plans anew if they are others than when that
 * was done last; else only what has no plan. What cannot be planned is not
 * ready, and unfit. The error is one that ends it all. Nothing may be held in
 * the run, which may be replaced by a new one.
 */
struct error *watching_replan(struct watching *watching)
	__attribute__((nonnull, warn_unused_result));

/* A run for its plans. */
struct error *watching_create_run(struct watching *watching)
	__attribute__((nonnull, warn_unused_result));

/* Takes samples until it is over. The error is one that ended it. */
struct error *watching_sample(struct watching *watching)
	__attribute__((nonnull, warn_unused_result));

/* A sample of one column, confirmed. */
void watching_tell(struct watching *watching, size_t column, uint64_t sample,
		   const struct element_result *result)
	__attribute__((nonnull));
void watching_tell_failure(struct watching *watching, size_t column,
			   uint64_t sample, const struct error *error)
	__attribute__((nonnull));

/* Puts out the failures that were held back for their neighbours. */
void watching_tell_rest(struct watching *watching) __attribute__((nonnull));

/* At the end: the failures that have not been told of so far. */
void watching_tell_untold(struct watching *watching) __attribute__((nonnull));

/* At the end, when there is time to wait for the printer: what found no room
 * before. */
void watching_tell_owed(struct watching *watching) __attribute__((nonnull));

/* Whether no more samples are to be taken, whatever was asked for: a signal, or
 * nobody reads what is printed. */
bool watching_is_ended(const struct watching *watching)
	__attribute__((nonnull));

#define cleanup_watching cleanup_with(watching_deinit)

#endif
