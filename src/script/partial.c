/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "script/partial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "script/variables.h"

/* What is open at the end of a line. */
struct ending {
	char quote;
	const char *variable; /* its dollar, or NULL */
	bool says_nothing;    /* a comment, or half of an escape */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether the name behind a dollar reaches to the end of the line. */
static bool is_open_variable(const char *dollar)
{
	return dollar[1] == '{' &&
	       !dollar[2 + variable_name_length(dollar + 2)];
}

static struct ending find_ending(const char *line)
{
	struct ending ending = {0};
	bool at_start = true; /* of a word */

	for (const char *c = line; *c; c++) {
		bool quoted = ending.quote != 0, escaped = false;

		if (*c == ending.quote) {
			ending.quote = '\0';
		} else if (ending.quote == '\'') {
			continue;
		} else if (*c == '\\') {
			escaped = true;
			if (!*++c) {
				ending.says_nothing = true;
				return ending;
			}
		} else if (*c == '$' && is_open_variable(c)) {
			ending.variable = c;
			return ending;
		} else if (!quoted && (*c == '\'' || *c == '"')) {
			ending.quote = *c;
		} else if (!quoted && *c == '#' && at_start) {
			ending.says_nothing = true;
			return ending;
		}
		at_start = !quoted && !escaped && is_blank(*c);
	}
	return ending;
}

/* The line up to `end` with what makes its last word whole, be it empty. */
static char *close_line(const char *line, const struct ending *ending)
{
	int length = (int)(ending->variable ? ending->variable - line
					    : (ssize_t)strlen(line));
	char quote[] = {ending->quote, '\0'};
	char *closed;

	return asprintf(&closed, "%.*s%s", length, line,
			ending->quote ? quote : "''") < 0
		       ? NULL
		       : closed;
}

struct error *partial_parse(const char *line, const struct variables *variables,
			    struct partial *ret)
{
	cleanup_words struct words words = {0};
	struct ending ending = find_ending(line);
	cleanup_free char *closed = NULL;
	struct error *error;
	char *text;

	if (ending.says_nothing)
		return error_create(ERROR_USAGE, 0, "no word is typed here");
	closed = close_line(line, &ending);
	if (!closed)
		return error_no_memory();
	error = words_split(closed, variables, &words);
	if (error)
		return error;
	text = ending.variable ? strdup(ending.variable + 2)
			       : steal(words.items[words.count - 1].text);
	if (!text)
		return error_no_memory();
	free(words.items[--words.count].text);
	*ret = (struct partial){
		.before = words,
		.text = text,
		.in_variable = ending.variable != NULL,
		.quote = ending.quote,
	};
	words = (struct words){0};
	return NULL;
}

void partial_deinit(struct partial *partial)
{
	words_deinit(&partial->before);
	free(partial->text);
	*partial = (struct partial){0};
}

/* Whether a byte has to be written with a backslash before it. */
static bool is_special(const struct partial *partial, const char *more,
		       const char *c)
{
	if (partial->quote)
		return strchr("\"\\$", *c) != NULL;
	return strchr(" \t'\"\\$", *c) ||
	       (*c == '#' && c == more && !*partial->text);
}

char *partial_quote(const struct partial *partial, const char *more, bool ends)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	for (const char *c = more; *c; c++) {
		if (partial->quote == '\'')
			fputs(*c == '\'' ? "'\\''" : (char[]){*c, '\0'},
			      stream);
		else
			fprintf(stream, "%s%c",
				is_special(partial, more, c) ? "\\" : "", *c);
	}
	if (partial->in_variable)
		fputs(ends ? "}" : "", stream);
	else if (ends)
		fprintf(stream, "%.1s ", &partial->quote);
	if (fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}
