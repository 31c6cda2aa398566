/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What names/ is given: the program files that a target has mapped, and a way
 * to have files opened. It opens nothing itself, for it has no privileges:
 * whoever does that sees to it that no device is ever touched
 * (target/modules.c).
 */
#ifndef MMIODBG_NAMES_SOURCE_H
#define MMIODBG_NAMES_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;

/* A piece of a file that stands in the target's memory. */
struct module_piece {
	uint64_t start, end; /* addresses, end excluded */
	uint64_t offset;     /* of `start` in the file, bytes */
};

/* A file of which the target has mapped code, or which it executes. */
struct module_source {
	char *path; /* as the target's maps have it */
	struct module_piece *pieces;
	size_t n_pieces; /* at least 1, ascending */
};

/* The file of a module, opened. */
struct module_image {
	int fd; /* for reading, a regular file; the caller closes it */
	/* It is the very file that is mapped (the kernel's own link to it), not
	 * one that has its path now. */
	bool exact;
	/* The build id in the target's memory; NULL: it has none there. The
	 * caller frees. */
	unsigned char *build_id;
	size_t build_id_length;
};

/* Whose files a path means. */
enum file_root {
	ROOT_TARGET, /* those that the target sees */
	ROOT_OURS,
};

struct name_source {
	struct module_source *modules; /* the program itself first */
	size_t n_modules;
	/* modules[0] is the program; else none of them is known to be it, and
	 * all count as libraries. */
	bool has_program;
	/*
	 * Opens the file of module `index` of the list. The error says why
	 * there is none that would do.
	 */
	struct error *(*open_module)(struct name_source *source, size_t index,
				     struct module_image *ret);
	/*
	 * Opens a regular file for reading by its absolute path; -1: there is
	 * none. No other kind of file is ever opened.
	 */
	int (*open_file)(struct name_source *source, enum file_root root,
			 const char *path);
	/*
	 * Fetches the debug information of a build id (lower-case hexadecimal)
	 * from a server, where that is permitted: a descriptor, or -1; then
	 * `*ret_why` is why it was not asked or what it said, or NULL. The
	 * caller frees that.
	 */
	int (*fetch)(struct name_source *source, const char *build_id,
		     char **ret_why);
	bool asks_server; /* fetch() may ask one, and wait for it */
	/* Releases all of it; legal on a source without modules. */
	void (*destroy)(struct name_source *source);
};

#endif
