/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads of a batch that follow each other, made as one run: what a line means
 * is kept, the mappings are compared once for many lines, and results are held
 * back until then. Each line is one read command all the same: its accesses, in
 * order, and none after a failure.
 */
#ifndef MMIODBG_CMD_BURST_H
#define MMIODBG_CMD_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct burst;
struct command_context;
struct error;
struct reading;
struct run_sink;

/* A line has been read and shown; `status` as the command's. */
typedef void burst_told(void *data, uint64_t line, int status);
/* What is printed next is of this line. */
typedef void burst_at(void *data, uint64_t line);

/* `context`: of the batch, with the held target and the options of all lines.
 */
struct error *burst_create(const struct command_context *context,
			   burst_told *told, burst_at *at, void *data,
			   struct burst **ret)
	__attribute__((nonnull, warn_unused_result));
/* What is held back is lost. Legal on NULL. */
void burst_destroy(struct burst *burst);

/* Whether lines without options of their own can be read so at all. */
bool burst_serves(const struct command_context *context)
	__attribute__((nonnull));

/*
 * What the text of a line means, if it was learnt and still holds; NULL: not.
 * The error is one of looking at the target.
 */
struct error *burst_find(struct burst *burst, const char *text,
			 struct reading **ret)
	__attribute__((nonnull, warn_unused_result));

/* Learns it: a read of these locations. `*ret` stays NULL, without an error, if
 * it has to be made by the command. */
struct error *burst_learn(struct burst *burst, const char *text,
			  const char *const *locations, size_t count,
			  struct reading **ret)
	__attribute__((nonnull, warn_unused_result));

/* Makes the accesses of a line. The error is from before the first one. */
struct error *burst_read(struct burst *burst, struct reading *reading,
			 uint64_t line)
	__attribute__((nonnull, warn_unused_result));

/* Whether something is held back: then signals are, too. */
bool burst_is_open(const struct burst *burst) __attribute__((nonnull));

/* Confirms and shows what is held back. */
void burst_settle(struct burst *burst) __attribute__((nonnull));

#endif
