/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/backend.h"

#include <string.h>

#include "base/error.h"

const struct backend *const backends[] = {
	&backend_kernel,
};

const size_t n_backends = sizeof(backends) / sizeof(backends[0]);

const struct backend *backend_find(const char *name)
{
	for (size_t i = 0; i < n_backends; i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	return NULL;
}

struct error *backend_choose(const struct session *session,
			     const struct site *site, unsigned bits, bool write,
			     const struct backend *only,
			     const struct backend **ret)
{
	struct error *error = NULL;

	for (size_t i = 0; i < n_backends; i++) {
		if (only && backends[i] != only)
			continue;
		error_destroy(error);
		error = backends[i]->check(session, site, bits, write);
		if (error)
			continue;
		*ret = backends[i];
		return NULL;
	}
	return error ? error
		     : error_create(ERROR_FAILED, 0, "there is no backend");
}
