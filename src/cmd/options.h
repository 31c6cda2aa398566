/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options: one table of them, from which parsing and --help are made, and
 * against which a test holds the man page and the completions. */
#ifndef MMIODBG_CMD_OPTIONS_H
#define MMIODBG_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "plan/plan.h"

struct command;
struct error;

/* Which commands take an option. */
enum option_group {
	GROUP_ALWAYS = 1 << 0, /* every command, and no command */
	GROUP_TARGET = 1 << 1, /* one process */
	GROUP_ACCESS = 1 << 2, /* accesses: width, count */
	GROUP_WRITE = 1 << 3,
	GROUP_TABLE = 1 << 4,  /* output as a table */
	GROUP_VALUES = 1 << 5, /* output as values */
	GROUP_BACKEND = 1 << 6,
	GROUP_NAMES = 1 << 7,     /* names of the target are looked up */
	GROUP_TYPE = 1 << 8,      /* places may be given a type */
	GROUP_SYMBOLS = 1 << 9,   /* names are what is asked for */
	GROUP_INTERVAL = 1 << 10, /* samples are taken */
	GROUP_WATCH = 1 << 11,
	GROUP_WAIT = 1 << 12,
	GROUP_FILE = 1 << 13, /* a file is read or written */
	GROUP_DUMP = 1 << 14, /* its form can be chosen */
	GROUP_RESTORE = 1 << 15,
	GROUP_BATCH = 1 << 16,
	GROUP_REPLAY = 1 << 17, /* accesses whose form a file tells */
	GROUP_VERIFY = 1 << 18, /* what is written may be read back */
	GROUP_SHELL = 1 << 19,
};

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* Words of the command line. */
struct word_list {
	const char **items;
	size_t count;
};

struct options {
	const char *process;  /* -p, or MMIODBG_PID; NULL: neither */
	const char *stand_in; /* --treat-as-device */
	bool stand_in_given;  /* in these words, and not for all of a batch */
	struct plan_options plan;
	bool trust_kernel;
	bool no_debuginfod;
	bool dry_run;
	bool only_checked; /* in a batch, by `check`: dry_run is set for that,
			    * and nobody asked for it */
	bool quiet, verbose, json, json_lines;
	enum color_mode color;
	const char *columns; /* -o */
	const char *into;    /* --into */
	bool no_headings, raw;
	bool has_interval; /* between samples: 0: none */
	uint64_t interval; /* nanoseconds */
	bool has_timeout;
	uint64_t timeout; /* nanoseconds */
	bool has_samples;
	uint64_t samples; /* at least 1 */
	bool has_duration;
	uint64_t duration; /* --for, nanoseconds */
	const char *until; /* a condition, or NULL */
	bool has_mask;
	uint64_t mask; /* never 0 */
	bool all, relative, histogram, screen;
	bool no_attach, no_history; /* of a shell */
	const char *file;           /* -f, or NULL */
	const char *format;         /* --format, or NULL */
	struct word_list only;      /* --only, of each time it was given */
	struct word_list lines;     /* -e, likewise */
	bool help, version;
	const char *wrong; /* the word at which parsing failed, or NULL */
	uint64_t given; /* rows of the table that stand in these words, whether
			 * before the command or behind it */
	const char **arguments; /* what is left, behind the command */
	size_t n_arguments;
};

/*
 * Reads options from `argv[*index]` on. Before the command it stops at the
 * first argument (`command` is NULL; `*index` is its place); behind it, all
 * arguments are gathered, wherever options stand among them. Errors are
 * ERROR_USAGE.
 */
struct error *options_parse(struct options *options,
			    const struct command *command, int argc,
			    char **argv, int *index)
	__attribute__((nonnull(1, 4, 5), warn_unused_result));

/* Defaults, and settings of the environment, before any option; with room for
 * `argc` words. */
struct error *options_init(struct options *options, int argc)
	__attribute__((nonnull, warn_unused_result));

/* The options of a line of a batch, whose own are `base`. */
struct error *options_inherit(struct options *options,
			      const struct options *base, int argc)
	__attribute__((nonnull, warn_unused_result));

/* The first option of these groups that was given in words, and neither by the
 * environment nor for a whole batch; or NULL. */
const char *options_given(const struct options *options, unsigned groups)
	__attribute__((nonnull));

/* Releases the lists of words; the words stay. */
void options_deinit(struct options *options) __attribute__((nonnull));

/*
 * Whether --json or --jsonl stands in `argv` from `index` on, before "--": of
 * an error in the words before them a program wants to read, too. Written out,
 * for nothing is known of options behind a wrong one. options_parse() does this
 * by itself.
 */
void options_seek_json(struct options *options, int argc, char **argv,
		       int index) __attribute__((nonnull));

/* An option as it is written: "-w", "--width WIDTH". */
struct option_word {
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* what it is called in --help; NULL: none */
};

/* The next one that a command takes, from row `*row` of the table on, which is
 * 0 at first; false: no more. */
bool options_next(const struct command *command, size_t *row,
		  struct option_word *ret) __attribute__((nonnull));

/* The part of --help that lists the options of some groups. */
void options_help(FILE *stream, unsigned groups) __attribute__((nonnull));

#endif
