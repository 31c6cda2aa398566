/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot/part.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "snapshot/snapshot.h"

struct error *part_text(struct reader *reader, char **text)
{
	struct error *error = reader_text(reader, text);

	if (!error && !**text)
		error = reader_error(reader, "\"%s\" is empty", reader->member);
	return error;
}

struct error *part_bits(struct reader *reader, unsigned *ret_high,
			unsigned *ret_low)
{
	cleanup_free char *text = NULL;
	struct error *error = reader_text(reader, &text);
	char again[16];
	int used = 0;

	if (error)
		return error;
	*ret_high = *ret_low = 64;
	if (sscanf(text, "%2u:%2u%n", ret_high, ret_low, &used) != 2 ||
	    text[used] || *ret_high > 63 || *ret_low > *ret_high ||
	    snprintf(again, sizeof(again), "%u:%u", *ret_high, *ret_low) < 0 ||
	    strcmp(again, text) != 0)
		return reader_error(reader,
				    "\"%s\": '%.40s' is not HIGH:LOW, from "
				    "63:63 to 0:0",
				    reader->member, text);
	return NULL;
}

struct error *part_check_room(const struct reader *reader, size_t count)
{
	if (count < SNAPSHOT_MOST_REGISTERS)
		return NULL;
	return reader_error(reader, "more than a snapshot may hold: %d",
			    SNAPSHOT_MOST_REGISTERS);
}
