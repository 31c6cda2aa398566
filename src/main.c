/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands, the options before a command, the exit status. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/target.h"
#include "render/diagnostic.h"
#include "render/output.h"
#include "target/machine.h"

static const struct command *const commands[] = {
	&command_maps,  &command_info, &command_read,
	&command_write, &command_sym,
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(void)
{
	puts("Usage: mmiodbg [options] COMMAND [options] [LOCATION...]\n\n"
	     "Reads and writes the device registers that a running process has "
	     "mapped.\n\n"
	     "Commands:");
	for (size_t i = 0; i < N_COMMANDS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s%s%s", commands[i]->name,
			 commands[i]->alias ? ", " : "",
			 commands[i]->alias ? commands[i]->alias : "");
		printf("  %-28s %s\n", name, commands[i]->summary);
	}
	puts("\nOptions:");
	options_help(stdout, GROUP_ALWAYS);
	puts("\n`mmiodbg COMMAND --help` tells the options of a command; "
	     "mmiodbg(1) tells the rest.");
}

static void print_command_usage(const struct command *command)
{
	printf("Usage: mmiodbg [options] %s [options] %s\n\n%s\n",
	       command->name, command->arguments, command->summary);
	if (command->alias)
		printf("Also called `%s`.\n", command->alias);
	if (command->help)
		printf("\n%s", command->help);
	puts("\nOptions:");
	options_help(stdout, command->groups | GROUP_ALWAYS);
	if (command->more_help)
		command->more_help();
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0 ||
		    (commands[i]->alias &&
		     strcmp(commands[i]->alias, name) == 0))
			return commands[i];
	return NULL;
}

static struct error *unknown_command(const char *word)
{
	const char *names[2 * N_COMMANDS + 1] = {NULL};
	cleanup_free char *near = NULL;
	struct error *error;
	size_t count = 0;

	for (size_t i = 0; i < N_COMMANDS; i++) {
		names[count++] = commands[i]->name;
		if (commands[i]->alias)
			names[count++] = commands[i]->alias;
	}
	near = text_nearest(word, names);
	error = error_create(ERROR_USAGE, 0, "unknown command '%.60s'", word);
	if (near)
		return error_help(error, "near: %s", near);
	return error_help(error, "`mmiodbg --help` lists them");
}

static struct error *run_command(const struct options *options,
				 const struct command *command, int *ret_status)
{
	struct machine machine;
	struct command_context context = {
		.machine = &machine,
		.options = options,
		.command = command,
	};
	struct error *error;

	/* Not for a program that was given privilege by its file. */
	error = machine_init(&machine, secure_getenv("MMIODBG_SYSROOT"));
	if (error)
		return error;
	machine.trust_kernel = options->trust_kernel;
	error = command->run(&context, ret_status);
	machine_deinit(&machine);
	return error;
}

static struct error *run(struct options *options, int argc, char **argv,
			 int *ret_status)
{
	const struct command *command;
	struct error *error;
	int index = 1;

	error = options_parse(options, NULL, argc, argv, &index);
	if (error)
		return error;
	if (index == argc) {
		if (options->version)
			puts(PACKAGE_STRING);
		else if (options->help)
			print_usage();
		else
			return error_help(error_create(ERROR_USAGE, 0,
						       "there is no command"),
					  "`mmiodbg --help` lists them");
		return NULL;
	}
	command = find_command(argv[index]);
	if (!command)
		return unknown_command(argv[index]);
	index++;
	error = options_parse(options, command, argc, argv, &index);
	if (error)
		return error;
	if (options->version) {
		puts(PACKAGE_STRING);
		return NULL;
	}
	if (options->help) {
		print_command_usage(command);
		return NULL;
	}
	return run_command(options, command, ret_status);
}

/* Output that was lost is a failure: a full disk, a closed descriptor. */
static int close_output(const struct diagnostic_style *style, int status)
{
	cleanup_error struct error *error = output_flush();

	if (!error)
		return status;
	diagnostic_error(style, error);
	return status == STATUS_DONE ? STATUS_FAILED : status;
}

/* Descriptors 0 to 2 must not come to be a target's memory. One that was
 * closed stays unwritable, so that lost output is noticed. */
static void open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_NOCTTY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct diagnostic_style style;
	cleanup_free char **arguments = NULL;
	struct error *error;
	int status = STATUS_DONE;

	open_standard_files();
	setlocale(LC_CTYPE, "");
	arguments = calloc((size_t)argc + 1, sizeof(*arguments));
	if (!arguments)
		return STATUS_FAILED;
	options.arguments = arguments;
	options_init(&options);
	error = run(&options, argc, argv, &status);
	output_check();
	style = style_of(&options);
	if (error) {
		fflush(stdout);
		output_check();
		status = error_kind_status(error->kind);
		diagnostic_error(&style, error);
		error_destroy(error);
	}
	status = close_output(&style, status);
	interrupt_deliver();
	return status;
}
