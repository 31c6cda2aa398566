/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "cmd/shell-complete.h"
#include "shell/candidates.h"

static bool is_folder(DIR *folder, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
		return entry->d_type == DT_DIR;
	return fstatat(dirfd(folder), entry->d_name, &status, 0) == 0 &&
	       S_ISDIR(status.st_mode);
}

static bool is_meant(const char *name, const char *begun)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return text_starts(name, begun, NULL) && (*name != '.' || *begun);
}

void complete_file(const char *begun, struct candidates *ret)
{
	const char *slash = strrchr(begun, '/');
	size_t above = slash ? (size_t)(slash - begun) + 1 : 0;
	cleanup_free char *path = strndup(begun, above);
	const struct dirent *entry;
	DIR *folder;

	folder = path ? opendir(*path ? path : ".") : NULL;
	while (folder && (entry = readdir(folder)) != NULL) {
		bool inner;

		if (!is_meant(entry->d_name, begun + above))
			continue;
		inner = is_folder(folder, entry);
		candidates_add(ret, begun,
			       (const char *[]){path, entry->d_name,
						inner ? "/" : "", NULL},
			       above, !inner);
	}
	if (folder)
		closedir(folder);
}
