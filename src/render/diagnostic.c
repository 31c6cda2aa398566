/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/diagnostic.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "render/output.h"
#include "render/progress.h"

#define RED   "\033[1;31m"
#define PLAIN "\033[0m"

enum {
	EXCERPT_BEFORE = 40,
	EXCERPT_AFTER = 32,
	SUBJECT_LONGEST = 200,
	MESSAGE_LONGEST = 600
};

/* Whether standard output and error go to one place, where their order shows.
 */
static bool are_one(void)
{
	static enum { UNKNOWN, ONE, TWO } answer;
	struct stat output, error;

	if (answer == UNKNOWN)
		answer = fstat(STDOUT_FILENO, &output) == 0 &&
					 fstat(STDERR_FILENO, &error) == 0 &&
					 output.st_dev == error.st_dev &&
					 output.st_ino == error.st_ino
				 ? ONE
				 : TWO;
	return answer == ONE;
}

static void write_all(const char *text, size_t length)
{
	if (are_one()) {
		fflush(stdout);
		output_check();
	}
	progress_hide();
	while (length) {
		ssize_t written = write(STDERR_FILENO, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		text += written;
		length -= (size_t)written;
	}
}

static void put_escaped(FILE *stream, const char *text, size_t length)
{
	cleanup_free char *shown = text_escape(text, length);

	fputs(shown ? shown : "?", stream);
}

/* Columns that an escaped piece takes. */
static size_t escaped_columns(const char *text, size_t length)
{
	cleanup_free char *shown = text_escape(text, length);
	size_t columns = 0;

	for (const char *c = shown; c && *c; c++)
		columns += ((unsigned char)*c & 0xc0) != 0x80;
	return columns;
}

/* Whether a byte is none that a character begins with. */
static bool is_inside(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* As many bytes of a text, and what belongs to the last character of them. */
static size_t whole_length(const char *text, size_t length)
{
	length = strnlen(text, length);
	while (is_inside(text[length]))
		length++;
	return length;
}

/* The input around the error, and a caret under it. */
static void put_input(FILE *stream, const struct diagnostic_style *style,
		      const struct error *error)
{
	size_t length = strlen(error->input);
	size_t at = error->input_start < length ? error->input_start : length;
	size_t marked = whole_length(error->input + at, error->input_length);
	size_t from = at > EXCERPT_BEFORE ? at - EXCERPT_BEFORE : 0;
	size_t to, columns;

	if (marked > length - at)
		marked = length - at;
	if (marked > EXCERPT_AFTER)
		marked = EXCERPT_AFTER;
	to = at + marked + EXCERPT_AFTER;
	if (to > length)
		to = length;
	while (from < at && is_inside(error->input[from]))
		from++;
	to += whole_length(error->input + to, 0);
	fputs("  ", stream);
	fputs(from ? "..." : "", stream);
	put_escaped(stream, error->input + from, to - from);
	fputs(to < length ? "...\n  " : "\n  ", stream);
	columns = (from ? 3 : 0) +
		  escaped_columns(error->input + from, at - from);
	for (size_t i = 0; i < columns; i++)
		fputc(' ', stream);
	fputs(style->color ? RED "^" : "^", stream);
	columns = escaped_columns(error->input + at, marked);
	for (size_t i = 1; i < columns; i++)
		fputc('~', stream);
	fputs(style->color ? PLAIN "\n" : "\n", stream);
}

static void put_cut(FILE *stream, const char *text, size_t longest)
{
	size_t length = strlen(text);

	put_escaped(stream, text, length > longest ? longest : length);
	fputs(length > longest ? "..." : "", stream);
}

static const char *place_source;
static uint64_t place_line;

void diagnostic_place(const char *source, uint64_t line)
{
	place_source = source;
	place_line = line;
}

static void put_place(FILE *stream)
{
	if (!place_source)
		return;
	put_cut(stream, place_source, SUBJECT_LONGEST);
	fprintf(stream, ":%llu: ", (unsigned long long)place_line);
}

void diagnostic_error(const struct diagnostic_style *style,
		      const struct error *error)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream) {
		write_all("mmiodbg: out of memory\n", 23);
		return;
	}
	fputs(style->color ? RED "mmiodbg: " PLAIN : "mmiodbg: ", stream);
	put_place(stream);
	if (error->subject && !error->input) {
		put_cut(stream, error->subject, SUBJECT_LONGEST);
		fputs(": ", stream);
	}
	put_cut(stream, error->message, MESSAGE_LONGEST);
	if (error->attempts > 1)
		fprintf(stream, " (%u attempts in %llu ms)", error->attempts,
			(unsigned long long)error->waited / 1000000);
	if (error->help) {
		fputs("; ", stream);
		put_escaped(stream, error->help, strlen(error->help));
	}
	fputc('\n', stream);
	if (error->input)
		put_input(stream, style, error);
	for (size_t i = 0; style->evidence && i < error->n_evidence; i++) {
		fputs("  - ", stream);
		put_escaped(stream, error->evidence[i],
			    strlen(error->evidence[i]));
		fputc('\n', stream);
	}
	if (fclose(stream) == 0)
		write_all(text, size);
}

void diagnostic_note(const char *format, ...)
{
	cleanup_free char *message = NULL, *text = NULL;
	size_t size = 0;
	va_list arguments;
	FILE *stream;
	int length;

	va_start(arguments, format);
	length = vasprintf(&message, format, arguments);
	va_end(arguments);
	if (length < 0) {
		message = NULL;
		return;
	}
	stream = open_memstream(&text, &size);
	if (!stream)
		return;
	fputs("mmiodbg: ", stream);
	put_place(stream);
	put_escaped(stream, message, (size_t)length);
	fputc('\n', stream);
	if (fclose(stream) == 0)
		write_all(text, size);
}
