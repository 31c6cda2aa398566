/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/option-row.h"

#include <stdlib.h>
#include <string.h>

#include "access/backend.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/number.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/options.h"

#define FLAG(function, field)                                                  \
	static struct error *function(struct options *options,                 \
				      const char *argument)                    \
	{                                                                      \
		(void)argument;                                                \
		options->field = true;                                         \
		return NULL;                                                   \
	}

FLAG(set_fill, plan.fill)
FLAG(set_verify, plan.verify)
FLAG(set_force, plan.force)
FLAG(set_attach, plan.attach)
FLAG(set_stop, plan.stop)
FLAG(set_trust_kernel, trust_kernel)
FLAG(set_no_debuginfod, no_debuginfod)
FLAG(set_dry_run, dry_run)
FLAG(set_quiet, quiet)
FLAG(set_verbose, verbose)
FLAG(set_json, json)
FLAG(set_no_headings, no_headings)
FLAG(set_raw, raw)
FLAG(set_all, all)
FLAG(set_relative, relative)
FLAG(set_histogram, histogram)
FLAG(set_screen, screen)
FLAG(set_no_attach, no_attach)
FLAG(set_no_history, no_history)
FLAG(set_help, help)
FLAG(set_version, version)

static struct error *set_json_lines(struct options *options,
				    const char *argument)
{
	(void)argument;
	options->json = true;
	options->json_lines = true;
	return NULL;
}

static struct error *set_process(struct options *options, const char *argument)
{
	if (!*argument)
		return error_help(error_create(ERROR_USAGE, 0,
					       "-p: an empty process name"),
				  "give a number or a name");
	options->process = argument;
	return NULL;
}

static struct error *set_stand_in(struct options *options, const char *argument)
{
	if (*argument != '/')
		return error_help(error_create(ERROR_USAGE, 0,
					       "--treat-as-device: not an "
					       "absolute path"),
				  "give the path that /proc/PID/maps shows");
	if (options->stand_in_given && strcmp(options->stand_in, argument) != 0)
		return error_create(ERROR_USAGE, 0,
				    "--treat-as-device is given twice, with "
				    "different files");
	options->stand_in = argument;
	options->stand_in_given = true;
	return NULL;
}

static struct error *set_width(struct options *options, const char *argument)
{
	struct width width;
	struct error *error = width_parse(argument, &width);

	if (error)
		return error;
	if (options->plan.width.bits &&
	    (options->plan.width.bits != width.bits ||
	     options->plan.width.order != width.order ||
	     options->plan.width.halves != width.halves))
		return error_create(ERROR_USAGE, 0,
				    "-w is given twice, with different widths");
	options->plan.width = width;
	return NULL;
}

static struct error *set_count(struct options *options, const char *argument)
{
	struct error *error = number_parse("-n", argument, UINT64_MAX / 8,
					   &options->plan.count);

	if (!error && !options->plan.count)
		error = error_create(ERROR_USAGE, 0, "-n: at least 1");
	options->plan.has_count = true;
	return error;
}

static struct error *set_type(struct options *options, const char *argument)
{
	options->plan.type = argument;
	return *argument ? NULL
			 : error_help(error_create(ERROR_USAGE, 0,
						   "-t: an empty type"),
				      "-t 'struct NAME'");
}

static struct error *set_member(struct options *options, const char *argument)
{
	struct name_expression path = {0};
	struct error *error;

	if (!*argument)
		return error_create(ERROR_USAGE, 0, "-m: an empty member");
	error = member_path_parse(argument, &path);
	if (error)
		return error_prefix(error, "-m");
	expression_deinit(&path);
	options->plan.member = argument;
	return NULL;
}

#define LONGEST_STOP UINT64_C(3600000000000)

static struct error *set_max_stop(struct options *options, const char *argument)
{
	struct error *error =
		duration_parse("--max-stop", argument, &options->plan.max_stop);

	if (!error && options->plan.max_stop > LONGEST_STOP)
		error = error_create(ERROR_USAGE, 0,
				     "--max-stop: longer than 60m");
	if (!error && !options->plan.max_stop)
		error = error_help(error_create(ERROR_USAGE, 0,
						"--max-stop: no time at all"),
				   "leave --stop out");
	return error;
}

#define LONGEST_PAUSE UINT64_C(10000000000)

static struct error *set_max_pause(struct options *options,
				   const char *argument)
{
	struct error *error = duration_parse("--max-pause", argument,
					     &options->plan.max_pause);

	if (!error && options->plan.max_pause > LONGEST_PAUSE)
		error = error_create(ERROR_USAGE, 0,
				     "--max-pause: longer than 10s");
	if (!error && !options->plan.max_pause)
		error = error_help(error_create(ERROR_USAGE, 0,
						"--max-pause: no time at all"),
				   "--via kernel holds no thread");
	return error;
}

static struct error *set_thread(struct options *options, const char *argument)
{
	uint64_t number;
	struct error *error =
		number_parse("--thread", argument, INT32_MAX, &number);

	if (!error && !number)
		error = error_create(ERROR_USAGE, 0,
				     "--thread: there is no thread 0");
	if (!error)
		options->plan.thread = (pid_t)number;
	return error;
}

/* A bare 0 needs no unit. */
static struct error *time_or_zero(const char *what, const char *argument,
				  uint64_t *ret)
{
	if (strcmp(argument, "0") != 0)
		return duration_parse(what, argument, ret);
	*ret = 0;
	return NULL;
}

static struct error *set_retry(struct options *options, const char *argument)
{
	return time_or_zero("--retry", argument, &options->plan.retry);
}

static struct error *set_via(struct options *options, const char *argument)
{
	options->plan.backend = NULL;
	if (strcmp(argument, "auto") == 0)
		return NULL;
	options->plan.backend = backend_find(argument);
	if (options->plan.backend)
		return NULL;
	return error_help(
		error_at(error_create(ERROR_USAGE, 0, "--via: no such backend"),
			 argument, 0, strlen(argument)),
		"auto, kernel or tracee");
}

static struct error *set_color(struct options *options, const char *argument)
{
	static const struct {
		const char *name;
		enum color_mode mode;
	} modes[] = {
		{"auto", COLOR_AUTO},
		{"always", COLOR_ALWAYS},
		{"never", COLOR_NEVER},
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(argument, modes[i].name) == 0) {
			options->color = modes[i].mode;
			return NULL;
		}
	return error_help(
		error_at(error_create(ERROR_USAGE, 0, "--color: no such mode"),
			 argument, 0, strlen(argument)),
		"auto, always or never");
}

static struct error *set_into(struct options *options, const char *argument)
{
	options->into = argument;
	return *argument ? NULL
			 : error_help(error_create(ERROR_USAGE, 0,
						   "--into: an empty name"),
				      "a region as `maps` shows it");
}

static struct error *set_columns(struct options *options, const char *argument)
{
	options->columns = argument;
	return NULL;
}

static struct error *set_interval(struct options *options, const char *argument)
{
	options->has_interval = true;
	return time_or_zero("--interval", argument, &options->interval);
}

static struct error *set_timeout(struct options *options, const char *argument)
{
	options->has_timeout = true;
	return time_or_zero("--timeout", argument, &options->timeout);
}

static struct error *set_duration(struct options *options, const char *argument)
{
	struct error *error =
		duration_parse("--for", argument, &options->duration);

	options->has_duration = true;
	if (!error && !options->duration)
		error = error_create(ERROR_USAGE, 0, "--for: no time at all");
	return error;
}

static struct error *set_samples(struct options *options, const char *argument)
{
	struct error *error = number_parse("--samples", argument, UINT64_MAX,
					   &options->samples);

	options->has_samples = true;
	if (!error && !options->samples)
		error = error_create(ERROR_USAGE, 0, "--samples: at least 1");
	return error;
}

static struct error *set_mask(struct options *options, const char *argument)
{
	struct error *error =
		number_parse("--mask", argument, UINT64_MAX, &options->mask);

	options->has_mask = true;
	if (!error && !options->mask)
		error = error_create(ERROR_USAGE, 0,
				     "--mask: no bits would be left");
	return error;
}

static struct error *set_until(struct options *options, const char *argument)
{
	if (options->until && strcmp(options->until, argument) != 0)
		return error_create(ERROR_USAGE, 0,
				    "--until is given twice, with different "
				    "conditions");
	options->until = argument;
	return NULL;
}

static struct error *set_file(struct options *options, const char *argument)
{
	if (options->file && strcmp(options->file, argument) != 0)
		return error_create(ERROR_USAGE, 0,
				    "-f is given twice, with different files");
	options->file = argument;
	return *argument
		       ? NULL
		       : error_create(ERROR_USAGE, 0, "-f: an empty file name");
}

static struct error *set_format(struct options *options, const char *argument)
{
	options->format = argument;
	if (strcmp(argument, "raw") == 0 || strcmp(argument, "hex") == 0)
		return NULL;
	return error_help(
		error_at(error_create(ERROR_USAGE, 0, "--format: no such form"),
			 argument, 0, strlen(argument)),
		"raw or hex");
}

static struct error *set_only(struct options *options, const char *argument)
{
	options->only.items[options->only.count++] = argument;
	return *argument
		       ? NULL
		       : error_create(ERROR_USAGE, 0, "--only: an empty name");
}

static struct error *set_line(struct options *options, const char *argument)
{
	options->lines.items[options->lines.count++] = argument;
	return NULL;
}

const struct option_row option_rows[] = {
	{'p', "pid", "PID|NAME",
	 "the process; else MMIODBG_PID, else (not for `maps`) the one process "
	 "that has the device mapped",
	 GROUP_TARGET, set_process},
	{'w', "width", "WIDTH",
	 "8, 16, 32 or 64 bits, with `be` or `le` for the byte order; 32x2 for "
	 "a counter in two halves (default 32)",
	 GROUP_ACCESS, set_width},
	{'n', "count", "N", "N elements from each location on", GROUP_ACCESS,
	 set_count},
	{'t', "type", "TYPE",
	 "the C type of what each location names (`sym`: to lay out): "
	 "'struct NAME', a typedef",
	 GROUP_TYPE, set_type},
	{'m', "access", "MEMBER", "only this member of it", GROUP_TYPE,
	 set_member},
	{0, "via", "BACKEND",
	 "how to make the access: auto (default), kernel or tracee",
	 GROUP_ACCESS | GROUP_REPLAY | GROUP_BACKEND, set_via},
	{0, "retry", "TIME",
	 "for how long an access that did not reach the device is tried again "
	 "(default 100ms; 0: not)",
	 GROUP_ACCESS | GROUP_REPLAY, set_retry},
	{0, "trust-kernel", NULL,
	 "use the kernel's access path even where it is known to be unsafe",
	 GROUP_ACCESS | GROUP_REPLAY | GROUP_BACKEND, set_trust_kernel},
	{0, "thread", "TID",
	 "the thread of the process that makes accesses for `tracee`",
	 GROUP_ACCESS | GROUP_REPLAY, set_thread},
	{0, "max-pause", "TIME",
	 "hold such a thread for this time at the longest (default 1ms)",
	 GROUP_ACCESS | GROUP_REPLAY, set_max_pause},
	{0, "attach", NULL,
	 "attach to all threads: exec and exit of the process are known",
	 GROUP_ACCESS | GROUP_REPLAY, set_attach},
	{0, "stop", NULL, "stop all threads until the accesses are made",
	 GROUP_ACCESS | GROUP_REPLAY, set_stop},
	{0, "max-stop", "TIME",
	 "let them go on after this time at the latest (default 1s)",
	 GROUP_ACCESS | GROUP_REPLAY, set_max_stop},
	{0, "fill", NULL, "write the value to each element of a range",
	 GROUP_WRITE, set_fill},
	{0, "verify", NULL, "read each element back after its write",
	 GROUP_WRITE | GROUP_RESTORE | GROUP_VERIFY, set_verify},
	{0, "force", NULL,
	 "access a device that sleeps; write ordinary memory; stop, or use a "
	 "thread, though a system call fails by it; take another device than "
	 "that of a snapshot",
	 GROUP_ACCESS | GROUP_REPLAY, set_force},
	{0, "dry-run", NULL, "check all, show what would be done, do nothing",
	 GROUP_ACCESS | GROUP_REPLAY, set_dry_run},
	{0, "interval", "TIME",
	 "from one sample to the next (default: `watch` 1s, `wait` 1ms; 0: as "
	 "fast as can be)",
	 GROUP_INTERVAL, set_interval},
	{0, "samples", "N", "end after N samples", GROUP_WATCH, set_samples},
	{0, "for", "TIME", "end after this time", GROUP_WATCH, set_duration},
	{0, "until", "CONDITION", "end when this holds: 'LOCATION OP [VALUE]'",
	 GROUP_WATCH, set_until},
	{0, "mask", "MASK", "only changes of these bits count", GROUP_WATCH,
	 set_mask},
	{0, "all", NULL, "show every sample, and not only changes", GROUP_WATCH,
	 set_all},
	{0, "relative", NULL, "times from the start on, instead of the clock",
	 GROUP_WATCH, set_relative},
	{0, "histogram", NULL, "at the end, how often each value was there",
	 GROUP_WATCH, set_histogram},
	{0, "screen", NULL, "a table of all locations that is kept up to date",
	 GROUP_WATCH, set_screen},
	{0, "timeout", "TIME", "give up after this time (status 124)",
	 GROUP_WAIT, set_timeout},
	{'f', "file", "FILE", "the file", GROUP_FILE, set_file},
	{0, "format", "FORM", "of the file: raw (bytes) or hex (as hexdump -C)",
	 GROUP_DUMP, set_format},
	{0, "only", "NAME",
	 "restore this register or struct; may be given several times",
	 GROUP_RESTORE, set_only},
	{'e', "line", "LINE", "a line of the batch; may be given several times",
	 GROUP_BATCH, set_line},
	{0, "no-attach", NULL,
	 "do not attach to the threads of the process, as if something else "
	 "traced them",
	 GROUP_SHELL, set_no_attach},
	{0, "no-history", NULL,
	 "neither read nor keep lines that were typed in other shells",
	 GROUP_SHELL, set_no_history},
	{0, "into", "REGION",
	 "list the variables that point into this region of a device",
	 GROUP_SYMBOLS, set_into},
	{0, "no-debuginfod", NULL,
	 "ask no server for debug information (DEBUGINFOD_URLS)", GROUP_NAMES,
	 set_no_debuginfod},
	{0, "treat-as-device", "FILE",
	 "take mappings of FILE for a device's (tests, demonstrations)",
	 GROUP_TARGET, set_stand_in},
	{'o', "output", "COLUMNS", "the columns, separated by commas",
	 GROUP_TABLE, set_columns},
	{0, "noheadings", NULL, "no line of column names", GROUP_TABLE,
	 set_no_headings},
	{0, "raw", NULL, "columns separated by single blanks", GROUP_TABLE,
	 set_raw},
	{'q', "quiet", NULL,
	 "values alone, `-` for one that failed; `diff`: the status alone; "
	 "`dump`, `load`: no bar of progress",
	 GROUP_VALUES, set_quiet},
	{'v', "verbose", NULL, "say more; each access, on standard error",
	 GROUP_ALWAYS, set_verbose},
	{0, "json", NULL, "output as one JSON object", GROUP_ALWAYS, set_json},
	{0, "jsonl", NULL, "output as JSON, an object a line", GROUP_ALWAYS,
	 set_json_lines},
	{0, "color", "WHEN", "auto (default), always or never", GROUP_ALWAYS,
	 set_color},
	{'h', "help", NULL, "this help", GROUP_ALWAYS, set_help},
	{'V', "version", NULL, "the version", GROUP_ALWAYS, set_version},
};

const size_t option_row_count = sizeof(option_rows) / sizeof(option_rows[0]);

_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) <= OPTION_MOST_ROWS,
	       "options.given has a bit for each row");
