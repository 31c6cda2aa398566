/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/backend.h"

#include <string.h>

#include "base/error.h"

const struct backend *const backends[] = {
	&backend_kernel,
	&backend_tracee,
};

const size_t n_backends = sizeof(backends) / sizeof(backends[0]);

const struct backend *backend_find(const char *name)
{
	for (size_t i = 0; i < n_backends; i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	return NULL;
}

/* What another backend says, where it does not say the same. */
static struct error *join(struct error *first, const struct backend *backend,
			  const struct error *error)
{
	struct error *joined;

	if (error->kind == ERROR_UNSUPPORTED ||
	    strcmp(first->message, error->message) == 0)
		return first;
	joined = error_create(first->kind, 0, "%s; and through the %s: %s",
			      first->message, backend->name, error->message);
	if (first->help)
		error_help(joined, "%s", first->help);
	for (size_t i = 0; i < error->n_evidence; i++)
		error_evidence(joined, "%s", error->evidence[i]);
	error_destroy(first);
	return joined;
}

struct error *backend_choose_by(backend_question *question, void *data,
				const struct backend *only, struct route *ret)
{
	cleanup_error struct error *first = NULL;

	for (size_t i = 0; i < n_backends; i++) {
		cleanup_error struct error *error = NULL;

		if (only && backends[i] != only)
			continue;
		error = question(data, backends[i]);
		if (!error) {
			*ret = (struct route){
				.backend = backends[i],
				/* A failure of the kernel's path says little;
				 * the target's own load says what is so. */
				.fallback =
					!only && backends[i] == &backend_kernel
						? &backend_tracee
						: NULL,
			};
			return NULL;
		}
		if (first)
			first = join(first, backends[i], error);
		else
			first = steal(error);
	}
	return first ? steal(first)
		     : error_create(ERROR_FAILED, 0, "there is no backend");
}

struct one_access {
	struct session *session;
	const struct site *site;
	unsigned bits;
	bool write;
};

static struct error *check_one(void *data, const struct backend *backend)
{
	const struct one_access *access = data;

	return backend->check(access->session, access->site, access->bits,
			      access->write);
}

struct error *backend_choose(struct session *session, const struct site *site,
			     unsigned bits, bool write,
			     const struct backend *only, struct route *ret)
{
	struct one_access access = {session, site, bits, write};

	return backend_choose_by(check_one, &access, only, ret);
}
