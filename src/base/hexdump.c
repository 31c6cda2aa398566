/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hexdump.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

typedef unsigned long long ull;

void hex_writer_init(struct hex_writer *writer, FILE *stream, uint64_t offset)
{
	*writer = (struct hex_writer){.stream = stream, .offset = offset};
}

static char shown_as(const struct hex_row *row, size_t i)
{
	unsigned char byte = row->bytes[i];

	if (!row->known[i])
		return '-';
	return byte >= ' ' && byte <= '~' ? (char)byte : '.';
}

static void put_row(const struct hex_writer *writer)
{
	const struct hex_row *row = &writer->row;
	FILE *stream = writer->stream;

	fprintf(stream, "%08llx ", (ull)writer->offset);
	for (size_t i = 0; i < HEX_ROW; i++) {
		if (i % 8 == 0)
			fputc(' ', stream);
		if (i >= writer->length)
			fputs("   ", stream);
		else if (row->known[i])
			fprintf(stream, "%02x ", row->bytes[i]);
		else
			fputs("-- ", stream);
	}
	fputs(" |", stream);
	for (size_t i = 0; i < writer->length; i++)
		fputc(shown_as(row, i), stream);
	fputs("|\n", stream);
}

static void flush_row(struct hex_writer *writer)
{
	bool whole = writer->length == HEX_ROW;

	if (!writer->length)
		return;
	if (whole && writer->has_before &&
	    memcmp(&writer->row, &writer->before, sizeof(writer->row)) == 0) {
		if (!writer->starred)
			fputs("*\n", writer->stream);
		writer->starred = true;
	} else {
		put_row(writer);
		writer->starred = false;
		writer->before = writer->row;
		writer->has_before = whole;
	}
	writer->offset += writer->length;
	writer->length = 0;
}

static bool has_known(const struct hex_row *row)
{
	return memchr(row->known, true, HEX_ROW) != NULL;
}

/* Whole rows that are like the one before, for there may be very many. */
static size_t skip_unknown(struct hex_writer *writer, size_t length)
{
	if (writer->length || length < HEX_ROW || !writer->has_before ||
	    has_known(&writer->before))
		return 0;
	if (!writer->starred)
		fputs("*\n", writer->stream);
	writer->starred = true;
	writer->offset += length - length % HEX_ROW;
	return length - length % HEX_ROW;
}

void hex_writer_put(struct hex_writer *writer, const unsigned char *bytes,
		    size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!bytes)
			i += skip_unknown(writer, length - i);
		if (i == length)
			break;
		writer->row.bytes[writer->length] = bytes ? bytes[i] : 0;
		writer->row.known[writer->length++] = bytes != NULL;
		if (writer->length == HEX_ROW)
			flush_row(writer);
	}
	writer->any |= length != 0;
}

void hex_writer_end(struct hex_writer *writer)
{
	flush_row(writer);
	if (writer->any)
		fprintf(writer->stream, "%08llx\n", (ull)writer->offset);
}

/* Longer than any line of that form. */
enum { LONGEST_LINE = 128, LEAST_DIGITS = 8, MOST_DIGITS = 16 };

struct hex_line {
	char text[LONGEST_LINE + 1]; /* without the newline */
	size_t length;
	bool ended; /* there was a newline */
};

/* What a line says. */
struct hex_words {
	bool is_star;
	uint64_t offset;
	unsigned char bytes[HEX_ROW];
	size_t count;
};

struct hex_reader {
	hex_sink *sink;
	void *data;
	uint64_t number; /* of the line */
	bool has_offset; /* there was a line of bytes */
	uint64_t offset; /* that comes next */
	bool starred;    /* the last line was "*" */
	struct hex_words before;
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static const char *const not_that_form = "this is not the form of `hexdump -C`";

/* All of these return what is wrong, or NULL. */

static const char *scan_offset(const char **text, uint64_t *ret)
{
	const char *at = *text;
	uint64_t value = 0;

	for (; digit(*at) >= 0; at++) {
		if (at - *text == MOST_DIGITS)
			return not_that_form;
		value = value << 4 | (uint64_t)digit(*at);
	}
	if (at - *text < LEAST_DIGITS)
		return not_that_form;
	*text = at;
	*ret = value;
	return NULL;
}

static const char *scan_byte(const char **text, unsigned char *ret)
{
	const char *at = *text;

	if (at[0] == '-' && at[1] == '-')
		return "\"--\" is a byte that could not be read: there is "
		       "nothing to write";
	if (digit(at[0]) < 0 || digit(at[1]) < 0 ||
	    (at[2] != ' ' && at[2] != '\0'))
		return not_that_form;
	*ret = (unsigned char)(digit(at[0]) << 4 | digit(at[1]));
	*text = at + 2;
	return NULL;
}

/* What stands between "|", which may be any bytes. */
static const char *check_shown(const struct hex_line *line, const char *from,
			       size_t count)
{
	size_t length = (size_t)(line->text + line->length - from);

	if (length < 2 || from[length - 1] != '|')
		return "the line is cut short";
	return length - 2 == count
		       ? NULL
		       : "the text between \"|\" is not as long as the bytes";
}

static const char *scan_bytes(const struct hex_line *line, const char *at,
			      struct hex_words *ret)
{
	const char *wrong;

	if (*at != ' ')
		return not_that_form;
	for (;;) {
		at += strspn(at, " ");
		if (*at == '|')
			return ret->count ? check_shown(line, at, ret->count)
					  : not_that_form;
		if (at == line->text + line->length)
			return ret->count ? NULL : not_that_form;
		if (ret->count == HEX_ROW)
			return "more than 16 bytes in a line";
		wrong = scan_byte(&at, &ret->bytes[ret->count]);
		if (wrong)
			return wrong;
		ret->count++;
	}
}

static const char *scan_line(const struct hex_line *line, struct hex_words *ret)
{
	const char *at = line->text, *wrong;

	*ret = (struct hex_words){0};
	if (line->length > LONGEST_LINE)
		return "the line is too long";
	ret->is_star = strcmp(at, "*") == 0;
	if (ret->is_star)
		return line->length == 1 ? NULL : not_that_form;
	wrong = scan_offset(&at, &ret->offset);
	if (wrong || at == line->text + line->length)
		return wrong;
	return scan_bytes(line, at, ret);
}

/* False: the end. Of a line that is too long the rest is not read. */
static bool next_line(FILE *stream, struct hex_line *ret)
{
	int c;

	ret->length = 0;
	ret->ended = false;
	while (ret->length <= LONGEST_LINE && (c = getc(stream)) != EOF) {
		ret->ended = c == '\n';
		if (ret->ended)
			break;
		if (ret->length < LONGEST_LINE)
			ret->text[ret->length] = (char)c;
		ret->length++;
	}
	ret->text[ret->length < LONGEST_LINE ? ret->length : LONGEST_LINE] =
		'\0';
	return ret->length || ret->ended;
}

static struct error *wrong_line(const struct hex_reader *reader,
				const char *what)
{
	return error_create(ERROR_USAGE, 0, "line %llu: %s",
			    (ull)reader->number, what);
}

static struct error *wrong_offset(const struct hex_reader *reader,
				  const struct hex_words *words)
{
	return error_create(ERROR_USAGE, 0,
			    "line %llu: offset 0x%08llx does not follow: "
			    "%s0x%08llx would",
			    (ull)reader->number, (ull)words->offset,
			    reader->starred ? "a multiple of 16 above " : "",
			    (ull)reader->offset);
}

/* The rows that a "*" stands for. */
static struct error *repeat(struct hex_reader *reader,
			    const struct hex_words *words)
{
	struct error *error = NULL;

	if (words->offset <= reader->offset ||
	    (words->count && (words->offset - reader->offset) % HEX_ROW))
		return wrong_offset(reader, words);
	while (!error && reader->offset < words->offset) {
		uint64_t left = words->offset - reader->offset;
		size_t length = left < HEX_ROW ? (size_t)left : HEX_ROW;

		error = reader->sink(reader->data, reader->before.bytes,
				     length);
		reader->offset += length;
	}
	reader->starred = false;
	return error;
}

static struct error *take_star(struct hex_reader *reader)
{
	if (!reader->has_offset || reader->starred ||
	    reader->before.count != HEX_ROW)
		return wrong_line(reader, "\"*\" has to follow a line of 16 "
					  "bytes");
	reader->starred = true;
	return NULL;
}

static struct error *take_bytes(struct hex_reader *reader,
				const struct hex_words *words)
{
	if (words->offset > UINT64_MAX - words->count)
		return wrong_line(reader, "it runs over the end of all "
					  "offsets");
	if (reader->has_offset && reader->before.count < HEX_ROW)
		return wrong_line(reader, "only the last line of bytes may "
					  "have less than 16");
	reader->has_offset = true;
	reader->offset = words->offset + words->count;
	reader->before = *words;
	return reader->sink(reader->data, words->bytes, words->count);
}

/* `*ret_end`: it is the last line. */
static struct error *take_line(struct hex_reader *reader,
			       const struct hex_words *words, bool *ret_end)
{
	struct error *error = NULL;

	if (words->is_star)
		return take_star(reader);
	if (!reader->has_offset && !words->count)
		return wrong_line(reader, "there is no byte before the end");
	if (reader->starred)
		error = repeat(reader, words);
	else if (reader->has_offset && words->offset != reader->offset)
		error = wrong_offset(reader, words);
	if (!error && words->count)
		error = take_bytes(reader, words);
	*ret_end = !words->count;
	return error;
}

struct error *hex_read(FILE *stream, hex_sink *sink, void *data)
{
	struct hex_reader reader = {.sink = sink, .data = data};
	struct hex_line line;
	bool ended = false;

	while (next_line(stream, &line)) {
		struct hex_words words;
		const char *wrong;
		struct error *error;

		reader.number++;
		wrong = ended ? "there is something behind the last line"
			      : scan_line(&line, &words);
		if (!wrong && !line.ended)
			wrong = "the line is cut short";
		if (ferror(stream))
			break;
		if (wrong)
			return wrong_line(&reader, wrong);
		error = take_line(&reader, &words, &ended);
		if (error)
			return error;
	}
	if (ferror(stream))
		return error_create(ERROR_FAILED, errno, "it cannot be read");
	if (!reader.number)
		return error_create(ERROR_USAGE, 0, "there is nothing in it");
	reader.number++;
	return ended ? NULL
		     : wrong_line(&reader, "it is cut short: the last line, "
					   "the offset of the end, is "
					   "missing");
}

bool hex_looks_like(const char *text, size_t length)
{
	struct hex_line line = {.length = 0};
	struct hex_words words;

	while (line.length < length && line.length <= LONGEST_LINE &&
	       text[line.length] != '\n')
		line.length++;
	if (line.length == length || line.length > LONGEST_LINE)
		return false;
	memcpy(line.text, text, line.length);
	return !scan_line(&line, &words) && words.count;
}
