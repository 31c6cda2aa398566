/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell/columns.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "shell/candidates.h"
#include "shell/width.h"

enum { GAP = 2 };

/* A list in columns: its cells, and their widths. */
struct cells {
	char **texts;
	size_t *widths;
	size_t count, widest;
};

static void cells_deinit(struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++)
		free(cells->texts[i]);
	free(cells->texts);
	free(cells->widths);
}

static bool make_cells(const struct candidates *candidates, struct cells *ret)
{
	size_t count = candidates->count;

	if (count > MOST_LISTED)
		count = MOST_LISTED;
	ret->texts = calloc(count + 1, sizeof(*ret->texts));
	ret->widths = calloc(count + 1, sizeof(*ret->widths));
	if (!ret->texts || !ret->widths)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct candidate *from = &candidates->items[i];
		const char *text = from->text + from->shown;

		ret->texts[i] = text_escape(text, strlen(text));
		if (!ret->texts[i])
			return false;
		ret->count++;
		ret->widths[i] = width_of(ret->texts[i]);
		if (ret->widths[i] > ret->widest)
			ret->widest = ret->widths[i];
	}
	return true;
}

/* Column by column, as ls(1) does. */
static void put_cells(FILE *out, size_t width, const struct cells *cells)
{
	size_t across = (width + GAP - 1) / (cells->widest + GAP);
	size_t rows;

	if (!across)
		across = 1;
	rows = (cells->count + across - 1) / across;
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = row; i < cells->count; i += rows) {
			bool last = i + rows >= cells->count;
			size_t gap = cells->widest + GAP - cells->widths[i];

			fprintf(out, "%s%*s", cells->texts[i],
				last ? 0 : (int)gap, "");
		}
		fputc('\n', out);
	}
}

void columns_put(FILE *out, size_t width, const struct candidates *candidates)
{
	cleanup_with(cells_deinit) struct cells cells = {0};

	if (!make_cells(candidates, &cells))
		return;
	put_cells(out, width, &cells);
	if (candidates->count > cells.count)
		fprintf(out, "... and %zu more\n",
			candidates->count - cells.count);
	if (candidates->cut)
		fputs("... there may be more\n", out);
}
