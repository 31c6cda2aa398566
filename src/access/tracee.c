/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracee backend: a thread of the target executes one load or store of its
 * own code, under single-step. So the bus sees exactly what the target itself
 * could have done, wherever that can reach.
 */
#include <signal.h>
#include <string.h>

#include "access/backend.h"
#include "access/ram.h"
#include "base/error.h"
#include "target/borrow.h"
#include "target/machine.h"
#include "target/session.h"

static struct error *check_permission(const struct site *site, bool write)
{
	const struct mapping *mapping = site->mapping;

	if (write && !mapping->writable)
		return error_create(ERROR_READ_ONLY, 0,
				    "the target has mapped this read-only");
	if (write && !mapping->shared)
		return error_create(ERROR_READ_ONLY, 0,
				    "the mapping is private, and a write would "
				    "make a copy of its page");
	if (!write && !mapping->readable)
		return error_create(ERROR_UNSAFE, 0,
				    "the target itself may not read this "
				    "mapping");
	return NULL;
}

static struct error *tracee_check(struct session *session,
				  const struct site *site, unsigned bits,
				  bool write)
{
	struct error *error;

	/* A page of memory may have to be brought in by the target itself
	 * (userfaultfd), perhaps by the very thread. */
	if (!site->device)
		return error_create(ERROR_UNSUPPORTED, 0,
				    "ordinary memory is not accessed by the "
				    "target's threads");
	error = check_permission(site, write);
	if (!error && site->device->method != METHOD_PAGES)
		error = ram_check(session, site, false);
	return error ? error : borrow_allowed(session, bits, write);
}

/* What must hold just before the access. */
struct check {
	struct session *session;
	const struct site *site;
	bool write;
};

static struct error *check_now(void *data)
{
	const struct check *check = data;
	struct session *session = check->session;
	const struct site *site = check->site;

	if (!session->threads.force &&
	    !device_is_in_place(session->machine, site->device, site->address))
		return error_help(error_create(ERROR_REVOKED, 0,
					       "the device is gone from sysfs, "
					       "or has other addresses now"),
				  "the target has to open and map the device "
				  "again");
	return check->write
		       ? session_check(session, site->mapping, site->address)
		       : session_check_place(session, site->mapping,
					     site->address);
}

/* SIGBUS codes, asm-generic/siginfo.h. */
enum { CODE_ADDRESS = 2 };

static enum access_result result_of(enum borrow_result result,
				    const struct agent_fault *fault)
{
	switch (result) {
	case BORROW_DONE:
		return ACCESS_DONE;
	case BORROW_FAULT:
		/* SIGSEGV, and SIGBUS with BUS_ADRERR, come before the bus. */
		return fault->signal == SIGBUS && fault->code != CODE_ADDRESS
			       ? ACCESS_REJECTED
			       : ACCESS_NOT_MADE;
	case BORROW_REFUSED:
		return ACCESS_REFUSED;
	default:
		return ACCESS_UNCLEAR;
	}
}

static uint64_t load(const void *value, unsigned bits)
{
	uint64_t number = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&number, value, bits / 8);
#else
	memcpy((char *)&number + 8 - bits / 8, value, bits / 8);
#endif
	return number;
}

static void store(void *value, unsigned bits, uint64_t number)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(value, &number, bits / 8);
#else
	memcpy(value, (char *)&number + 8 - bits / 8, bits / 8);
#endif
}

static enum access_result tracee_make(struct session *session,
				      const struct site *site, unsigned bits,
				      bool write, void *value,
				      struct access_failure *ret)
{
	struct check check = {session, site, write};
	struct borrowed borrowed;
	enum borrow_result result;

	result = borrow_access(session, site->address, bits, write,
			       write ? load(value, bits) : 0, check_now, &check,
			       &borrowed);
	if (result == BORROW_DONE && !write)
		store(value, bits, borrowed.value);
	*ret = (struct access_failure){
		.fault = borrowed.fault,
		.error = borrowed.error,
	};
	return result_of(result, &borrowed.fault);
}

const struct backend backend_tracee = {
	.name = "tracee",
	.check = tracee_check,
	.make = tracee_make,
};
