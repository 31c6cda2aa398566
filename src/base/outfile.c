/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/root.h"

enum { MOST_LINKS = 40, MOST_TRIES = 100, NAME_LENGTH = 32 };

struct out_file {
	char *path; /* as it was given */
	FILE *stream;
	int fd;     /* what is written to; -1: stdout */
	int folder; /* O_PATH, in which it is replaced; -1: not at all */
	char *name; /* in the folder */
	char aside[NAME_LENGTH]; /* in the folder; "": it has no name yet */
	bool has_old;
	struct stat old;
	int errnum; /* of the first write that failed; the last one, too */
};

/* Of the one file aside that has a name, for a signal that ends us. */
static struct {
	int folder;
	const char *name;
} to_remove;

static void remove_at_end(void)
{
	unlinkat(to_remove.folder, to_remove.name, 0);
}

/* EINTR comes here only if it is by a signal that ends what is being done. */
static struct error *failed(const char *path, int errnum, const char *what)
{
	bool denied = errnum == EACCES || errnum == EPERM;

	if (errnum == EINTR)
		return error_create(ERROR_INTERRUPTED, 0, "interrupted");
	return error_create(denied ? ERROR_DENIED : ERROR_FAILED, errnum,
			    "%s: %s", path, what);
}

static struct error *refused(const char *path, const char *why)
{
	return error_create(ERROR_FAILED, 0, "%s: %s", path, why);
}

/* "DIR/NAME", or NULL without memory. */
static char *beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	char *joined;

	if (*name == '/' || !slash)
		return strdup(name);
	if (asprintf(&joined, "%.*s/%s", (int)(slash - path), path, name) < 0)
		return NULL;
	return joined;
}

static int open_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

	if (!folder) {
		errno = ENOMEM;
		return -1;
	}
	return open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The links of /proc/PID/fd lead to a file, and not to its name. */
static bool is_of_proc(int folder)
{
	struct statfs of;

	return fstatfs(folder, &of) == 0 && of.f_type == PROC_SUPER_MAGIC;
}

/* Where all links lead: the folder and the name in it. */
static struct error *find_place(struct out_file *file)
{
	cleanup_free char *at = strdup(file->path);

	for (unsigned i = 0; at && i < MOST_LINKS; i++) {
		cleanup_close int folder = open_folder_of(at);
		const char *slash = strrchr(at, '/');
		const char *name = slash ? slash + 1 : at;
		cleanup_free char *target = NULL;
		struct stat found;
		char *next;

		if (folder < 0)
			return failed(file->path, errno,
				      "its folder cannot be opened");
		if (!*name)
			return failed(file->path, EISDIR,
				      "it cannot be written");
		file->has_old =
			fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0;
		if (!file->has_old && errno != ENOENT)
			return failed(file->path, errno,
				      "it cannot be looked at");
		if (!file->has_old || !S_ISLNK(found.st_mode)) {
			file->old = found;
			file->name = strdup(name);
			file->folder = steal_fd(&folder);
			return file->name ? NULL : error_no_memory();
		}
		if (is_of_proc(folder))
			return error_help(refused(file->path,
						  "a file that is open already "
						  "is not replaced"),
					  "`-f -` writes to standard output");
		target = link_target(folder, "%s", name);
		if (!target)
			return failed(file->path, errno,
				      "its link cannot be read");
		next = beside(at, target);
		free(at);
		at = next;
	}
	return at ? failed(file->path, ELOOP, "it cannot be found")
		  : error_no_memory();
}

static void make_name(char name[NAME_LENGTH])
{
	unsigned long long number = 0;

	/* Any other number will do if there is none of these. */
	if (getrandom(&number, sizeof(number), 0) < 0)
		number = (unsigned long long)getpid();
	snprintf(name, NAME_LENGTH, ".mmiodbg-%016llx", number);
}

/* With a name, where a file cannot be without one (NFS, FAT). */
static int create_named(struct out_file *file)
{
	int fd = -1;

	for (unsigned i = 0; i < MOST_TRIES && fd < 0; i++) {
		make_name(file->aside);
		fd = openat(file->folder, file->aside,
			    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0) {
		*file->aside = '\0';
		return -1;
	}
	to_remove.folder = file->folder;
	to_remove.name = file->aside;
	interrupt_on_end(remove_at_end);
	return fd;
}

static struct error *create_aside(struct out_file *file)
{
	file->fd = openat(file->folder, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC,
			  0666);
	/* Which of them a file system gives that has no O_TMPFILE. */
	if (file->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR ||
			     errno == EINVAL || errno == ENOENT))
		file->fd = create_named(file);
	if (file->fd < 0)
		return failed(file->path, errno,
			      "no file can be created in its folder");
	return NULL;
}

/* The group's permissions are not another group's. */
static struct error *keep_mode(struct out_file *file)
{
	mode_t mode = file->old.st_mode & 0777;
	struct stat now;

	if (!file->has_old)
		return NULL;
	if (fchown(file->fd, file->old.st_uid, file->old.st_gid) != 0 &&
	    fchown(file->fd, (uid_t)-1, file->old.st_gid) != 0 &&
	    fstat(file->fd, &now) == 0 && now.st_gid != file->old.st_gid)
		mode &= ~(mode_t)070 | (mode & 07) << 3;
	if (fchmod(file->fd, mode) != 0)
		return failed(file->path, errno,
			      "its permissions cannot be kept");
	return NULL;
}

static struct error *open_aside(struct out_file *file)
{
	struct error *error = find_place(file);

	if (error)
		return error;
	if (file->has_old && S_ISDIR(file->old.st_mode))
		return failed(file->path, EISDIR, "it cannot be written");
	if (file->has_old && !S_ISREG(file->old.st_mode))
		return refused(file->path, "it has changed just now");
	if (file->has_old &&
	    faccessat(file->folder, file->name, W_OK, AT_EACCESS) != 0)
		return failed(file->path, errno, "it cannot be written");
	error = create_aside(file);
	return error ? error : keep_mode(file);
}

/* A pipe or a device. */
static struct error *open_direct(struct out_file *file)
{
	struct stat now;

	do
		file->fd = open(file->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	while (file->fd < 0 && errno == EINTR && !interrupt_pending());
	if (file->fd < 0)
		return failed(file->path, errno, "it cannot be opened");
	if (fstat(file->fd, &now) == 0 && S_ISREG(now.st_mode))
		return refused(file->path, "it has changed just now");
	return NULL;
}

/* As write(), but a pipe that nobody reads is only an error: SIGPIPE is for
 * standard output, which ends us as it ends any filter. */
static ssize_t write_unbroken(int fd, const void *bytes, size_t length)
{
	static const struct timespec at_once = {0};
	sigset_t broken, before, pending;
	ssize_t written;
	int saved;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigemptyset(&pending);
	sigprocmask(SIG_BLOCK, &broken, &before);
	sigpending(&pending);
	written = write(fd, bytes, length);
	saved = errno;
	/* One that was there before is not ours. */
	if (written < 0 && saved == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&broken, NULL, &at_once);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return written;
}

/* After a failure nothing more is written: what waits in the stream must not
 * wait once more for a reader, when it is closed. */
static ssize_t write_some(void *data, const char *bytes, size_t length)
{
	struct out_file *file = data;
	size_t done = 0;

	while (done < length && !file->errnum) {
		ssize_t written;

		/* Of a regular file nothing is waited for. */
		if (!out_file_is_aside(file) && interrupt_pending()) {
			file->errnum = EINTR;
			break;
		}
		written = write_unbroken(file->fd, bytes + done, length - done);
		if (written > 0)
			done += (size_t)written;
		else if (!written)
			file->errnum = EIO;
		else if (errno != EINTR)
			file->errnum = errno;
	}
	if (!file->errnum)
		return (ssize_t)done;
	errno = file->errnum;
	return 0;
}

static struct error *make_stream(struct out_file *file)
{
	static const cookie_io_functions_t functions = {.write = write_some};

	file->stream = fopencookie(file, "w", functions);
	return file->stream ? NULL : error_no_memory();
}

struct error *out_file_open(const char *path, struct out_file **ret)
{
	cleanup_out_file struct out_file *file = calloc(1, sizeof(*file));
	struct error *error;
	struct stat found;

	if (!file)
		return error_no_memory();
	file->fd = file->folder = -1;
	file->path = strdup(path);
	if (!file->path)
		return error_no_memory();
	if (strcmp(path, "-") == 0) {
		file->stream = stdout;
		*ret = steal(file);
		return NULL;
	}
	if (stat(path, &found) == 0 && !S_ISREG(found.st_mode) &&
	    !S_ISDIR(found.st_mode))
		error = open_direct(file);
	else
		error = open_aside(file);
	if (!error)
		error = make_stream(file);
	if (error)
		return error;
	*ret = steal(file);
	return NULL;
}

FILE *out_file_stream(struct out_file *file)
{
	return file->stream;
}

bool out_file_is_terminal(const struct out_file *file)
{
	return isatty(file->fd < 0 ? STDOUT_FILENO : file->fd);
}

bool out_file_is_aside(const struct out_file *file)
{
	return file->folder >= 0;
}

bool out_file_is_lost(const struct out_file *file)
{
	return file->errnum || ferror(file->stream);
}

struct error *out_file_check(const struct out_file *file)
{
	struct error *error;

	if (!out_file_is_lost(file))
		return NULL;
	if (file->fd < 0)
		return refused("standard output", "it cannot be written");
	error = failed(file->path, file->errnum, "it cannot be written");
	return file->has_old ? error_help(error, "the old file stays") : error;
}

/* Gives what has no name one, beside the place where it is to stand. */
static int give_name(struct out_file *file)
{
	cleanup_free char *self = NULL;

	if (*file->aside)
		return 0;
	if (asprintf(&self, "/proc/self/fd/%d", file->fd) < 0) {
		self = NULL;
		errno = ENOMEM;
		return -1;
	}
	for (unsigned i = 0; i < MOST_TRIES; i++) {
		make_name(file->aside);
		if (linkat(AT_FDCWD, self, file->folder, file->aside,
			   AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	*file->aside = '\0';
	return -1;
}

/* Something else may stand there by now. */
static bool may_replace(const struct out_file *file)
{
	struct stat now;

	return fstatat(file->folder, file->name, &now, AT_SYMLINK_NOFOLLOW) !=
		       0 ||
	       S_ISREG(now.st_mode);
}

static struct error *put_in_place(struct out_file *file)
{
	if (fsync(file->fd) != 0)
		return failed(file->path, errno, "it cannot be written");
	if (!may_replace(file))
		return refused(file->path, "it has become something else");
	if (give_name(file) != 0 ||
	    renameat(file->folder, file->aside, file->folder, file->name) != 0)
		return failed(file->path, errno, "it cannot be replaced");
	/* It is no more what is to be removed. */
	*file->aside = '\0';
	return NULL;
}

struct error *out_file_commit(struct out_file *file)
{
	cleanup_out_file struct out_file *of = file;
	struct error *error;

	if (of->fd < 0)
		return NULL;
	fflush(of->stream);
	error = out_file_check(of);
	return error || of->folder < 0 ? error : put_in_place(of);
}

void out_file_abandon(struct out_file *file)
{
	if (!file)
		return;
	if (file->stream && file->stream != stdout)
		fclose(file->stream);
	if (*file->aside)
		unlinkat(file->folder, file->aside, 0);
	if (to_remove.name == file->aside) {
		interrupt_on_end(NULL);
		to_remove.name = NULL;
	}
	if (file->fd >= 0)
		close(file->fd);
	if (file->folder >= 0)
		close(file->folder);
	free(file->name);
	free(file->path);
	free(file);
}

static struct error *foresee(struct out_file *file)
{
	struct error *error = find_place(file);

	if (error)
		return error;
	if (file->has_old && S_ISDIR(file->old.st_mode))
		return failed(file->path, EISDIR, "it cannot be written");
	if (file->has_old &&
	    faccessat(file->folder, file->name, W_OK, AT_EACCESS) != 0)
		return failed(file->path, errno, "it cannot be written");
	if (faccessat(file->folder, ".", W_OK | X_OK, AT_EACCESS) != 0)
		return failed(file->path, errno,
			      "no file can be created in its folder");
	return NULL;
}

struct error *out_file_foresee(const char *path)
{
	struct out_file file = {.path = (char *)path, .fd = -1, .folder = -1};
	struct error *error;
	struct stat found;

	if (strcmp(path, "-") == 0)
		return NULL;
	if (stat(path, &found) == 0 && !S_ISREG(found.st_mode) &&
	    !S_ISDIR(found.st_mode))
		return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0
			       ? NULL
			       : failed(path, errno, "it cannot be opened");
	error = foresee(&file);
	if (file.folder >= 0)
		close(file.folder);
	free(file.name);
	return error;
}
