/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel backend: /proc/PID/mem. One call moves one element inside one
 * page, so that the kernel makes one pass of memcpy_fromio or memcpy_toio over
 * it, which the table in kernelpath.c turns into bus accesses.
 */
#include <errno.h>
#include <unistd.h>

#include "access/backend.h"
#include "access/kernelpath.h"
#include "access/ram.h"
#include "base/error.h"
#include "target/machine.h"
#include "target/session.h"

static struct error *check_writable(const struct site *site)
{
	if (!site->mapping->writable)
		return error_create(ERROR_READ_ONLY, 0,
				    "the target has mapped this read-only");
	if (site->device && !site->mapping->shared)
		return error_create(ERROR_READ_ONLY, 0,
				    "the mapping is private, and the kernel "
				    "does not write through it");
	return NULL;
}

static struct error *check_method(const struct site *site)
{
	const struct device_mapping *device = site->device;
	const char *note = device->kind->note;

	if (device->method == METHOD_UNSAFE)
		return error_create(ERROR_UNSAFE, 0, "%s", note);
	if (device->method == METHOD_NONE)
		return error_help(
			error_create(ERROR_NO_METHOD, 0, "%s", note),
			"the kernel cannot reach this mapping from outside; "
			"only the process itself can");
	return NULL;
}

static struct error *check_bus(const struct session *session,
			       const struct site *site, unsigned bits,
			       bool write)
{
	const struct machine *machine = session->machine;
	const struct kernel_path *path = kernel_path_find(machine);
	unsigned index = width_index(bits);
	const char *why;

	if (!path)
		return error_create(ERROR_UNSAFE, 0,
				    "what the kernel path does on %s, Linux "
				    "%u.%u, is not known",
				    machine->architecture, machine->major,
				    machine->minor);
	why = kernel_path_refusal(machine, path, write);
	if (why && path->risk)
		return error_help(error_create(ERROR_UNSAFE, 0, "%s", why),
				  "--trust-kernel accesses it all the same");
	if (why)
		return error_create(ERROR_UNSAFE, 0, "%s", why);
	if (site_class(site) == CLASS_REGISTER && path->bus[index].pieces != 1)
		return error_help(
			error_create(ERROR_WIDTH, 0,
				     "the kernel path of %s splits an access "
				     "of %u bits into %u of %u",
				     machine->architecture, bits,
				     path->bus[index].pieces,
				     path->bus[index].bits),
			bits == 64 ? "read two /32, or /32x2 for a counter"
				   : "another width may do");
	return NULL;
}

static struct error *kernel_check(struct session *session,
				  const struct site *site, unsigned bits,
				  bool write)
{
	struct error *error = write ? check_writable(site) : NULL;

	if (error || !site->device || site->device->method == METHOD_PAGES)
		return error;
	error = check_method(site);
	if (!error)
		error = ram_check(session, site, true);
	if (!error)
		error = check_bus(session, site, bits, write);
	return error;
}

static enum access_result kernel_make(struct session *session,
				      const struct site *site, unsigned bits,
				      bool write, void *value,
				      struct access_failure *ret)
{
	off_t address = (off_t)site->address;
	unsigned char buffer[8];
	size_t size = bits / 8;
	ssize_t moved;

	__builtin_memcpy(buffer, value, size);
	moved = write ? pwrite(session->memory, buffer, size, address)
		      : pread(session->memory, buffer, size, address);
	*ret = (struct access_failure){.errnum = moved < 0 ? errno : 0};
	if (moved == (ssize_t)size) {
		__builtin_memcpy(value, buffer, size);
		return ACCESS_DONE;
	}
	if (moved == 0)
		return ACCESS_NO_SPACE;
	/* EIO comes before the device is touched (__access_remote_vm moves
	 * nothing if ->access fails); EFAULT is about our buffer, and comes
	 * after it; part of an element would be both. */
	return moved < 0 && ret->errnum != EFAULT ? ACCESS_NOT_MADE
						  : ACCESS_UNCLEAR;
}

const struct backend backend_kernel = {
	.name = "kernel",
	.check = kernel_check,
	.make = kernel_make,
};
