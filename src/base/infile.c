/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/infile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hexdump.h"
#include "base/interrupt.h"

enum { CHUNK = 65536 };

struct in_file {
	char *name;
	int fd;     /* as it was opened */
	FILE *kept; /* what it was read into, or NULL */
	uint64_t size;
	bool told; /* the error is no reader's, and names what it is about */
	bool interrupted;
	in_file_fits *fits;
	void *data;
	/* Some bytes of it, from `offset` on. */
	unsigned char chunk[CHUNK];
	uint64_t offset;
	size_t length;
};

/* EINTR comes here only if it is by a signal that ends what is being done. */
static struct error *failed(const struct in_file *file, int errnum,
			    const char *what)
{
	bool denied = errnum == EACCES || errnum == EPERM;

	if (errnum == EINTR)
		return error_create(ERROR_INTERRUPTED, 0, "interrupted");
	return error_create(denied ? ERROR_DENIED : ERROR_FAILED, errnum,
			    "%s: %s", file->name, what);
}

/* As pread(), but less than `length` only at the end. */
static ssize_t read_at(int fd, void *ret, size_t length, uint64_t offset)
{
	size_t done = 0;

	while (done < length) {
		ssize_t some = pread(fd, (char *)ret + done, length - done,
				     (off_t)(offset + done));

		if (some < 0 && errno == EINTR && !interrupt_pending())
			continue;
		if (some < 0)
			return -1;
		if (!some)
			break;
		done += (size_t)some;
	}
	return (ssize_t)done;
}

/* As read(). It is waited for what it reads before, so that a signal ends that
 * whenever it comes. */
static ssize_t read_some(int fd, void *ret, size_t length)
{
	ssize_t some;

	do {
		if (interrupt_wait(&fd, 1, UINT64_MAX) == WAIT_SIGNAL) {
			errno = EINTR;
			return -1;
		}
		some = read(fd, ret, length);
	} while (some < 0 && errno == EINTR);
	return some;
}

/* As that, but less than `length` only at the end. */
static ssize_t read_next(int fd, void *ret, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t some = read_some(fd, (char *)ret + done, length - done);

		if (some < 0)
			return -1;
		if (!some)
			break;
		done += (size_t)some;
	}
	return (ssize_t)done;
}

static struct error *add_size(struct in_file *file, size_t length)
{
	uint64_t before = file->size;

	file->size += length;
	if (file->fits && (!before || before / CHUNK != file->size / CHUNK))
		return file->fits(file->data, file->size);
	return NULL;
}

static struct error *keep(struct in_file *file, const void *bytes,
			  size_t length)
{
	if (!file->kept) {
		file->kept = tmpfile();
		if (!file->kept)
			return failed(file, errno,
				      "no file can be made to keep it in");
		fcntl(fileno(file->kept), F_SETFD, FD_CLOEXEC);
	}
	if (length && fwrite(bytes, length, 1, file->kept) != 1)
		return failed(file, errno, "it cannot be kept");
	return add_size(file, length);
}

static struct error *keep_row(void *data, const unsigned char *bytes,
			      size_t length)
{
	struct in_file *file = data;
	struct error *error = keep(file, bytes, length);

	file->told = error != NULL;
	return error;
}

static struct error *end_kept(struct in_file *file)
{
	if (fflush(file->kept) == 0)
		return NULL;
	return failed(file, errno, "it cannot be kept");
}

static struct error *check_look(const struct in_file *file, size_t length)
{
	if (!hex_looks_like((const char *)file->chunk, length))
		return NULL;
	return error_help(error_create(ERROR_USAGE, 0,
				       "%s: it looks like text of "
				       "`hexdump -C`, and not like the bytes "
				       "themselves",
				       file->name),
			  "--format hex or raw says which is meant");
}

/* A file that can be read again is only read. */
static struct error *read_raw(struct in_file *file, bool again, bool look)
{
	struct error *error = NULL;
	ssize_t length;

	do {
		length = again ? read_at(file->fd, file->chunk, CHUNK,
					 file->size)
			       : read_next(file->fd, file->chunk, CHUNK);
		if (length < 0)
			return failed(file, errno, "it cannot be read");
		if (look && !file->size)
			error = check_look(file, (size_t)length);
		if (!error)
			error = again ? add_size(file, (size_t)length)
				      : keep(file, file->chunk, (size_t)length);
	} while (!error && length == CHUNK);
	return error || again ? error : end_kept(file);
}

static ssize_t read_for_stream(void *data, char *ret, size_t length)
{
	struct in_file *file = data;
	ssize_t some = read_some(file->fd, ret, length);

	file->interrupted |= some < 0 && errno == EINTR;
	return some;
}

static struct error *read_text(struct in_file *file)
{
	static const cookie_io_functions_t functions = {
		.read = read_for_stream};
	cleanup_fclose FILE *stream = fopencookie(file, "r", functions);
	struct error *error;

	if (!stream)
		return error_no_memory();
	error = hex_read(stream, keep_row, file);
	if (error && file->interrupted) {
		error_destroy(error);
		return failed(file, EINTR, "it cannot be read");
	}
	if (error && !file->told)
		error_prefix(error, file->name);
	return error ? error : end_kept(file);
}

/* A pipe with a name waits for a writer. */
static int open_for_reading(const char *path)
{
	int fd;

	do
		fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR && !interrupt_pending());
	return fd;
}

static struct error *open_it(struct in_file *file, const char *path,
			     bool *ret_regular)
{
	struct stat found;

	if (strcmp(path, "-") == 0)
		file->fd = STDIN_FILENO;
	else
		file->fd = open_for_reading(path);
	if (file->fd < 0)
		return failed(file, errno, "it cannot be opened");
	if (fstat(file->fd, &found) != 0)
		return failed(file, errno, "it cannot be looked at");
	if (S_ISDIR(found.st_mode))
		return failed(file, EISDIR, "it cannot be read");
	/* Standard input may stand in the middle of one. */
	*ret_regular = S_ISREG(found.st_mode) && file->fd != STDIN_FILENO;
	return NULL;
}

struct error *in_file_open(const char *path, enum in_file_form form,
			   in_file_fits *fits, void *data, struct in_file **ret)
{
	cleanup_in_file struct in_file *file = calloc(1, sizeof(*file));
	struct error *error;
	bool regular = false;

	if (!file)
		return error_no_memory();
	file->fd = -1;
	file->fits = fits;
	file->data = data;
	file->name = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
	error = file->name ? open_it(file, path, &regular) : error_no_memory();
	if (!error)
		error = form == IN_FILE_HEX ? read_text(file)
					    : read_raw(file, regular,
						       form == IN_FILE_NOT_HEX);
	if (!error && !file->size)
		error = error_create(ERROR_USAGE, 0, "%s: it is empty",
				     file->name);
	if (!error && fits)
		error = fits(data, file->size);
	if (error)
		return error;
	*ret = steal(file);
	return NULL;
}

uint64_t in_file_size(const struct in_file *file)
{
	return file->size;
}

const char *in_file_name(const struct in_file *file)
{
	return file->name;
}

struct error *in_file_read(struct in_file *file, uint64_t offset, void *ret,
			   size_t length)
{
	if (offset < file->offset || offset - file->offset > file->length ||
	    file->length - (size_t)(offset - file->offset) < length) {
		int fd = file->kept ? fileno(file->kept) : file->fd;
		ssize_t now = read_at(fd, file->chunk, CHUNK, offset);

		file->length = 0;
		if (now < 0)
			return failed(file, errno, "it cannot be read");
		if ((size_t)now < length)
			return error_create(ERROR_FAILED, 0,
					    "%s: it has become shorter",
					    file->name);
		file->offset = offset;
		file->length = (size_t)now;
	}
	memcpy(ret, file->chunk + (offset - file->offset), length);
	return NULL;
}

void in_file_close(struct in_file *file)
{
	if (!file)
		return;
	if (file->kept)
		fclose(file->kept);
	if (file->fd > STDERR_FILENO)
		close(file->fd);
	free(file->name);
	free(file);
}
