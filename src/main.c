/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options before a command, the command, the exit status. */
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

static void print_usage(void)
{
	puts("Usage: mmiodbg [options] COMMAND [options] [LOCATION...]\n\n"
	     "Reads and writes the device registers that a running process has "
	     "mapped.\n\n"
	     "Commands:");
	for (size_t i = 0; all_commands[i]; i++) {
		const struct command *command = all_commands[i];
		char name[32];

		snprintf(name, sizeof(name), "%s%s%s", command->name,
			 command->alias ? ", " : "",
			 command->alias ? command->alias : "");
		printf("  %-28s %s\n", name, command->summary);
	}
	puts("\nOptions:");
	options_help(stdout, GROUP_ALWAYS);
	puts("\n`mmiodbg COMMAND --help` tells the options of a command; "
	     "mmiodbg(1) tells the rest.");
}

static struct error *run_command(const struct options *options,
				 const struct command *command, int *ret_status)
{
	struct machine machine;
	struct command_context context = {
		.machine = &machine,
		.options = options,
		.command = command,
		.commands = all_commands,
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

/* `*ret_command` is set as soon as it is known. */
static struct error *run(struct options *options, int argc, char **argv,
			 const struct command **ret_command, int *ret_status)
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
	command = command_find(all_commands, argv[index]);
	if (!command) {
		options_seek_json(options, argc, argv, index);
		return command_unknown(all_commands, argv[index]);
	}
	*ret_command = command;
	index++;
	error = options_parse(options, command, argc, argv, &index);
	if (error)
		return error;
	if (options->version) {
		puts(PACKAGE_STRING);
		return NULL;
	}
	if (options->help) {
		command_print_help(command);
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
 * closed stays what it was: input that cannot be read is no empty one, and that
 * output is lost is noticed. */
static void open_standard_files(void)
{
	bool closed = fcntl(STDIN_FILENO, F_GETFD) < 0;
	int fd;

	do {
		fd = open("/dev/null",
			  (closed ? O_WRONLY : O_RDONLY) | O_NOCTTY);
		closed = false;
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct command *command = NULL;
	struct options options = {0};
	struct diagnostic_style style;
	struct error *error;
	int status = STATUS_DONE;

	open_standard_files();
	setlocale(LC_CTYPE, "");
	error = options_init(&options, argc);
	if (!error)
		error = run(&options, argc, argv, &command, &status);
	if (error)
		command_failed(command, &options, 0, error);
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
	options_deinit(&options);
	interrupt_deliver();
	return status;
}
