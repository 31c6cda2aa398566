/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "script/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "script/variables.h"

struct splitter {
	const char *line;
	size_t at;
	const struct variables *variables;
	/* The word that is being made. */
	struct word word;
	size_t used, capacity; /* of its text */
	size_t all;            /* bytes of all words so far */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct error *usage_at(const struct splitter *s, size_t start,
			      size_t length, const char *message)
{
	return error_at(error_create(ERROR_USAGE, 0, "%s", message), s->line,
			start, length);
}

/* Room for one more byte and a NUL. */
static struct error *append(struct splitter *s, const char *text, size_t length)
{
	/* A variable that is set to itself, twice, would take all memory. */
	if (length > LONGEST_WORDS - s->all)
		return usage_at(s, s->word.start, 0,
				"the words, with what variables hold, are "
				"longer than 1 MiB");
	s->all += length;
	while (s->used + length + 1 > s->capacity)
		if (!list_grow(&s->word.text, s->capacity, &s->capacity, 1))
			return error_no_memory();
	memcpy(s->word.text + s->used, text, length);
	s->used += length;
	s->word.text[s->used] = '\0';
	return NULL;
}

static struct error *unknown(const struct splitter *s, const char *name,
			     size_t length)
{
	cleanup_free char *copy = strndup(name, length);
	const char *near;
	struct error *error = usage_at(s, (size_t)(name - s->line), length,
				       "there is no such variable");

	near = copy ? variables_near(s->variables, copy) : NULL;
	if (near)
		return error_help(error, "near: %s", near);
	return error_help(error, "`set NAME TEXT` makes one");
}

/* ${NAME}, from the dollar on. */
static struct error *take_variable(struct splitter *s)
{
	const char *name = s->line + s->at + 2;
	const struct variable *variable;
	size_t length;

	if (s->line[s->at + 1] != '{')
		return error_help(
			usage_at(s, s->at, 1, "a variable is written ${NAME}"),
			"the sign itself is '$', in quotes");
	length = variable_name_length(name);
	if (!length || name[length] != '}')
		return usage_at(s, s->at, 2 + length,
				length ? "there is no '}' behind the name"
				       : "there is no name of a variable");
	variable = variables_find(s->variables, name, length);
	if (!variable)
		return unknown(s, name, length);
	s->at += length + 3;
	s->word.plain = false;
	s->word.late |= variable->late;
	return append(s, variable->text, strlen(variable->text));
}

static struct error *take_single(struct splitter *s)
{
	const char *end = strchr(s->line + s->at + 1, '\'');
	struct error *error;

	if (!end)
		return usage_at(s, s->at, 1, "the quote does not end");
	error = append(s, s->line + s->at + 1,
		       (size_t)(end - s->line) - s->at - 1);
	s->at = (size_t)(end - s->line) + 1;
	return error;
}

static struct error *take_double(struct splitter *s)
{
	size_t start = s->at++;
	struct error *error = NULL;

	while (!error && s->line[s->at] != '"') {
		char c = s->line[s->at];

		if (!c)
			return usage_at(s, start, 1, "the quote does not end");
		if (c == '$') {
			error = take_variable(s);
			continue;
		}
		if (c == '\\' && s->line[s->at + 1] &&
		    strchr("\"\\$", s->line[s->at + 1]))
			s->at++;
		error = append(s, s->line + s->at++, 1);
	}
	s->at++;
	return error;
}

static struct error *take_escape(struct splitter *s)
{
	if (!s->line[s->at + 1])
		return error_help(usage_at(s, s->at, 1,
					   "nothing stands behind the "
					   "backslash"),
				  "a command is one line");
	s->at += 2;
	return append(s, s->line + s->at - 1, 1);
}

static struct error *take_piece(struct splitter *s)
{
	char c = s->line[s->at];

	if (c != '$')
		s->word.plain = false;
	if (c == '\'')
		return take_single(s);
	if (c == '"')
		return take_double(s);
	if (c == '\\')
		return take_escape(s);
	return take_variable(s);
}

static struct error *take_word(struct splitter *s)
{
	struct error *error;

	s->word = (struct word){.start = s->at, .plain = true};
	s->used = s->capacity = 0;
	error = append(s, "", 0);
	while (!error && s->line[s->at] && !is_blank(s->line[s->at])) {
		size_t length = strcspn(s->line + s->at, " \t'\"\\$");

		if (length) {
			error = append(s, s->line + s->at, length);
			s->at += length;
		} else {
			error = take_piece(s);
		}
	}
	s->word.length = s->at - s->word.start;
	return error;
}

struct error *words_split(const char *line, const struct variables *variables,
			  struct words *ret)
{
	cleanup_words struct words words = {0};
	struct splitter s = {.line = line, .variables = variables};
	struct error *error;

	for (;;) {
		while (is_blank(line[s.at]))
			s.at++;
		if (!line[s.at] || line[s.at] == '#')
			break;
		error = take_word(&s);
		if (!error && !list_grow(&words.items, words.count,
					 &words.capacity, sizeof(*words.items)))
			error = error_no_memory();
		if (error) {
			free(s.word.text);
			return error;
		}
		words.items[words.count++] = s.word;
	}
	*ret = words;
	words = (struct words){0};
	return NULL;
}

void words_deinit(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i].text);
	free(words->items);
	*words = (struct words){0};
}

bool words_are_late(const struct words *words, size_t first)
{
	for (size_t i = first; i < words->count; i++)
		if (words->items[i].late)
			return true;
	return false;
}

/* The last one: what is wrong with a word is often that it is there once more.
 */
static const struct word *find(const struct words *words, const char *text)
{
	for (size_t i = words->count; text && i > 0; i--)
		if (strcmp(words->items[i - 1].text, text) == 0)
			return &words->items[i - 1];
	return NULL;
}

struct error *words_locate(const struct words *words, const char *line,
			   struct error *error)
{
	const struct word *word =
		find(words, error->input ? error->input : error->subject);

	if (!word)
		return error;
	if (error->input && word->plain)
		return error_at(error, line, word->start + error->input_start,
				error->input_length);
	return error_at(error, line, word->start, word->length);
}
