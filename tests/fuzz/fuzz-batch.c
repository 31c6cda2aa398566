/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the file of a batch that is checked and not carried out, as it
 * is before its first access: lines, words, variables, statements, options,
 * locations and conditions, and what these lead to in a captured process that
 * has /dev/mem mapped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "cmd/interpreter.h"
#include "script/lines.h"
#include "script/words.h"
#include "target/machine.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct machine machine;
static struct options options;
static char folder[] = "/tmp/mmiodbg-fuzz-XXXXXX";

#define MAPS                                                                   \
	"00400000-00401000 r-xp 00000000 00:05 7 /bin/app\n"                   \
	"7f0000000000-7f0000004000 rw-s fed00000 00:05 5 /dev/mem\n"

/* The folders and files of the captured tree; "": a folder. */
static const struct {
	const char *path, *text;
} tree[] = {
	{"proc", ""},
	{"proc/7", ""},
	{"sys", ""},
	{"uname", "x86_64 6.1.0\n"},
	{"proc/7/comm", "app\n"},
	{"proc/7/stat", "7 (app) S 1 7 7 0 -1 4194560 0 0\n"},
	{"proc/7/status",
	 "Name:\tapp\nState:\tS (sleeping)\nTgid:\t7\nPid:\t7\n"
	 "TracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"
	 "CapPrm:\t0000000000000000\n"},
	{"proc/7/maps", MAPS},
	{"proc/7/smaps",
	 MAPS "Size: 16 kB\nRss: 0 kB\n"
	      "VmFlags: rd wr sh mr mw me ms pf io de dd sd \n"},
	{"proc/7/mem", "no device\n"},
};

enum { N_FILES = sizeof(tree) / sizeof(*tree) };

static void remove_tree(void)
{
	if (chdir(folder) != 0)
		return;
	for (size_t i = N_FILES; i-- > 0;)
		remove(tree[i].path);
	rmdir(folder);
}

static void put(const char *path, const char *text)
{
	FILE *file;

	if (!*text) {
		if (mkdir(path, 0755) != 0)
			abort();
		return;
	}
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

static void must(struct error *error)
{
	if (!error)
		return;
	fprintf(stderr, "%s\n", error->message);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char *words[] = {"batch", "-p", "7", NULL};
	char *home = getcwd(NULL, 0);
	int index = 1;

	(void)argc;
	(void)argv;
	if (!home || !mkdtemp(folder) || chdir(folder) != 0)
		abort();
	atexit(remove_tree);
	for (size_t i = 0; i < N_FILES; i++)
		put(tree[i].path, tree[i].text);
	if (chdir(home) != 0)
		abort();
	free(home);
	must(machine_init(&machine, folder));
	must(options_init(&options, 3));
	must(options_parse(&options, &command_batch, 3, words, &index));
	return 0;
}

/* The caret of an error stands within the line; words stand in it, in order. */
static void check_words(const struct interpreter *interpreter, const char *line)
{
	cleanup_words struct words words = {0};
	cleanup_error struct error *error =
		words_split(line, &interpreter->variables, &words);
	size_t length = strlen(line), before = 0;

	if (error &&
	    (error->kind != ERROR_USAGE || !error->input ||
	     strcmp(error->input, line) != 0 || error->input_start > length ||
	     error->input_length > length - error->input_start))
		abort();
	for (size_t i = 0; i < words.count; i++) {
		const struct word *word = &words.items[i];

		if (word->start < before || !word->length ||
		    word->length > length - word->start ||
		    (word->plain && (strlen(word->text) != word->length ||
				     memcmp(word->text, line + word->start,
					    word->length) != 0)))
			abort();
		before = word->start + word->length;
	}
}

static void check_lines(struct interpreter *interpreter, struct lines *lines)
{
	for (;;) {
		struct error *error;
		char *line;

		error = lines_next(lines, &line);
		interpreter->line = lines->number;
		if (error) {
			interpreter_unread(interpreter, error);
			return;
		}
		if (!line)
			return;
		check_words(interpreter, line);
		interpreter_line(interpreter, line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct command_context context = {
		.machine = &machine,
		.options = &options,
		.command = &command_batch,
		.commands = all_commands,
	};
	cleanup_close int fd = memfd_create("batch", MFD_CLOEXEC);
	struct interpreter interpreter;
	struct lines lines;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	must(lines_init(&lines, fd));
	must(interpreter_init(&interpreter, &context));
	interpreter.checking = true;
	interpreter.source = "batch";
	check_lines(&interpreter, &lines);
	/* It is a failure that has a status, or none. */
	if (!interpreter.failed != !interpreter.status)
		abort();
	interpreter_deinit(&interpreter);
	lines_deinit(&lines);
	return 0;
}
