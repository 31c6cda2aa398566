/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names/names.h"

#include "base/error.h"

struct error *names_unsupported(const char *what)
{
	return error_help(error_create(ERROR_UNSUPPORTED, 0,
				       "this version cannot look up %s", what),
			  "name a region (@03:00.0/bar0+0x8, see `mmiodbg "
			  "maps`) or an address");
}
