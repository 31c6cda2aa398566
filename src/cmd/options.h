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
	GROUP_NAMES = 1 << 7,   /* names of the target are looked up */
	GROUP_TYPE = 1 << 8,    /* places may be given a type */
	GROUP_SYMBOLS = 1 << 9, /* names are what is asked for */
};

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	const char *process;  /* -p, or MMIODBG_PID; NULL: neither */
	const char *stand_in; /* --treat-as-device */
	struct plan_options plan;
	bool trust_kernel;
	bool no_debuginfod;
	bool dry_run;
	bool quiet, verbose, json, json_lines;
	enum color_mode color;
	const char *columns; /* -o */
	const char *into;    /* --into */
	bool no_headings, raw;
	bool help, version;
	uint32_t given;   /* rows of the table that stood before the command */
	char **arguments; /* what is left, behind the command */
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

/* Defaults, and settings of the environment, before any option. */
void options_init(struct options *options) __attribute__((nonnull));

/* The part of --help that lists the options of some groups. */
void options_help(FILE *stream, unsigned groups) __attribute__((nonnull));

#endif
