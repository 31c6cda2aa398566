/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"

typedef unsigned long long ull;

/* Whether only a signal came that ends nothing. */
static bool go_on(struct reader *reader)
{
	if (errno != EINTR || interrupt_pending())
		return false;
	clearerr(reader->stream);
	return true;
}

static void advance(struct reader *reader)
{
	if (reader->byte == '\n')
		reader->line++;
	if (!reader->left) {
		reader->byte = getc(reader->stream);
		reader->exceeded = reader->byte != EOF;
		reader->byte = EOF;
		return;
	}
	reader->left--;
	do {
		errno = 0;
		reader->byte = getc_unlocked(reader->stream);
	} while (reader->byte == EOF && go_on(reader));
	if (reader->byte == EOF && ferror(reader->stream)) {
		reader->failed = errno ? errno : EIO;
		/* Standard input may be read again, by another command. */
		clearerr(reader->stream);
	}
}

void reader_init(struct reader *reader, FILE *stream, const char *file,
		 uint64_t most)
{
	*reader = (struct reader){
		.stream = stream,
		.file = file,
		.line = 1,
		.left = most,
	};
	advance(reader);
}

struct error *reader_error(const struct reader *reader, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text = NULL;
		return error_no_memory();
	}
	return error_create(ERROR_USAGE, 0, "%s:%llu: %s", reader->file,
			    (ull)reader->line, text);
}

/* Where the file ends and should not. */
static struct error *ended(const struct reader *reader)
{
	if (reader->failed == EINTR)
		return error_create(ERROR_INTERRUPTED, 0, "interrupted");
	if (reader->failed)
		return error_create(ERROR_USAGE, reader->failed,
				    "%s cannot be read", reader->file);
	if (reader->exceeded)
		return error_create(ERROR_USAGE, 0,
				    "%s is larger than a file of this kind may "
				    "be",
				    reader->file);
	return reader_error(reader, "the file is cut short: it ends here");
}

/* Something else stands where `what` should. */
static struct error *expected(const struct reader *reader, const char *what)
{
	char found[24];
	int byte = reader->byte;

	if (byte == EOF)
		return ended(reader);
	if (byte > ' ' && byte <= '~')
		snprintf(found, sizeof(found), "'%c'", byte);
	else
		snprintf(found, sizeof(found), "byte 0x%02x", (unsigned)byte);
	if (!reader->member)
		return reader_error(reader, "%s where %s should stand", found,
				    what);
	return reader_error(reader, "\"%s\": %s where %s should stand",
			    reader->member, found, what);
}

static void skip_blanks(struct reader *reader)
{
	while (reader->byte == ' ' || reader->byte == '\t' ||
	       reader->byte == '\n' || reader->byte == '\r')
		advance(reader);
}

/* Moves behind `c` if that is next. */
static bool take(struct reader *reader, char c)
{
	skip_blanks(reader);
	if (reader->byte != c)
		return false;
	advance(reader);
	return true;
}

static struct error *expect(struct reader *reader, char c, const char *what)
{
	return take(reader, c) ? NULL : expected(reader, what);
}

/* A string on its way in. */
struct text {
	char *bytes;
	size_t length, capacity;
};

static struct error *put(const struct reader *reader, struct text *text, int c)
{
	if (text->length >= READER_LONGEST)
		return reader_error(reader, "a text of more than %d bytes",
				    READER_LONGEST);
	if (!list_grow(&text->bytes, text->length, &text->capacity, 1))
		return error_no_memory();
	text->bytes[text->length++] = (char)c;
	return NULL;
}

static struct error *put_code(const struct reader *reader, struct text *text,
			      uint32_t code)
{
	struct error *error = NULL;
	unsigned more = code < 0x80      ? 0
			: code < 0x800   ? 1
			: code < 0x10000 ? 2
					 : 3;
	static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};

	error = put(reader, text, (int)(leads[more] | code >> 6 * more));
	while (more-- && !error)
		error = put(reader, text,
			    (int)(0x80 | (code >> 6 * more & 0x3f)));
	return error;
}

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits behind \u. */
static struct error *read_unit(struct reader *reader, uint32_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(reader->byte);

		if (digit < 0)
			return expected(reader, "a digit of \\uHHHH");
		*ret = *ret << 4 | (uint32_t)digit;
		advance(reader);
	}
	return NULL;
}

static struct error *read_code(struct reader *reader, struct text *text)
{
	uint32_t code, low = 0;
	struct error *error = read_unit(reader, &code);

	if (!error && code >= 0xd800 && code < 0xdc00) {
		if (reader->byte != '\\')
			return expected(reader, "the rest of a surrogate pair");
		advance(reader);
		if (reader->byte != 'u')
			return expected(reader, "the rest of a surrogate pair");
		advance(reader);
		error = read_unit(reader, &low);
		if (!error && (low < 0xdc00 || low >= 0xe000))
			return reader_error(reader, "half a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	} else if (!error && code >= 0xdc00 && code < 0xe000) {
		return reader_error(reader, "half a surrogate pair");
	}
	if (!error && !code)
		return reader_error(reader, "a text with a NUL in it");
	return error ? error : put_code(reader, text, code);
}

static struct error *read_escape(struct reader *reader, struct text *text)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *found =
		reader->byte > 0 ? strchr(letters, reader->byte) : NULL;

	if (reader->byte == 'u') {
		advance(reader);
		return read_code(reader, text);
	}
	if (!found)
		return expected(reader, "what an escape may be");
	advance(reader);
	return put(reader, text, means[found - letters]);
}

/* The bytes of a character above 0x7f; the first is next. */
static struct error *read_sequence(struct reader *reader, struct text *text)
{
	uint32_t lead = (uint32_t)reader->byte, code;
	unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

	if (lead < 0xc2 || lead > 0xf4)
		return reader_error(reader, "a text that is not UTF-8");
	code = lead & (0x3fu >> more);
	for (unsigned i = 0; i < more; i++) {
		advance(reader);
		if (reader->byte == EOF)
			return ended(reader);
		if ((reader->byte & 0xc0) != 0x80)
			return reader_error(reader, "a text that is not UTF-8");
		code = code << 6 | ((uint32_t)reader->byte & 0x3f);
	}
	if (code < least[more] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return reader_error(reader, "a text that is not UTF-8");
	advance(reader);
	return put_code(reader, text, code);
}

static struct error *read_text(struct reader *reader, struct text *text)
{
	struct error *error = expect(reader, '"', "a text in quotes");

	while (!error && reader->byte != '"') {
		int byte = reader->byte;

		if (byte == EOF)
			return ended(reader);
		if (byte < ' ')
			return expected(reader, "more of a text");
		if (byte >= 0x80) {
			error = read_sequence(reader, text);
			continue;
		}
		advance(reader);
		error = byte == '\\' ? read_escape(reader, text)
				     : put(reader, text, byte);
	}
	if (error)
		return error;
	advance(reader);
	if (!list_grow(&text->bytes, text->length, &text->capacity, 1))
		return error_no_memory();
	text->bytes[text->length] = '\0';
	return NULL;
}

struct error *reader_text(struct reader *reader, char **ret)
{
	struct text text = {0};
	struct error *error = read_text(reader, &text);
	char *shorter;

	if (error) {
		free(text.bytes);
		return error;
	}
	shorter = realloc(text.bytes, text.length + 1);
	*ret = shorter ? shorter : text.bytes;
	return NULL;
}

struct error *reader_number(struct reader *reader, uint64_t limit,
			    uint64_t *ret)
{
	uint64_t value = 0;
	bool zero, over = false;
	unsigned digits = 0;

	skip_blanks(reader);
	zero = reader->byte == '0';
	for (; reader->byte >= '0' && reader->byte <= '9'; digits++) {
		uint64_t digit = (uint64_t)reader->byte - '0';

		over |= __builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, digit, &value);
		advance(reader);
	}
	/* More of them may have been cut off. */
	if (!digits || reader->byte == EOF)
		return expected(reader, "a number");
	if (zero && digits > 1)
		return reader_error(reader, "\"%s\": a leading zero",
				    reader->member ? reader->member : "?");
	if (over || value > limit)
		return reader_error(reader, "\"%s\": it is at most %llu",
				    reader->member ? reader->member : "?",
				    (ull)limit);
	if (reader->byte == '.' || reader->byte == 'e' || reader->byte == 'E')
		return reader_error(reader, "\"%s\": no whole number",
				    reader->member ? reader->member : "?");
	*ret = value;
	return NULL;
}

struct error *reader_hexadecimal(struct reader *reader, unsigned digits,
				 uint64_t *ret)
{
	const char *name = reader->member ? reader->member : "?", *digit;
	cleanup_free char *text = NULL;
	struct error *error = reader_text(reader, &text);
	uint64_t value = 0;
	size_t length;

	if (error)
		return error;
	length = strlen(text);
	if (length < 3 || text[0] != '0' || text[1] != 'x')
		return reader_error(reader,
				    "\"%s\": '%.40s' is not hexadecimal (0x)",
				    name, text);
	for (digit = text + 2; *digit; digit++) {
		if (hex_digit(*digit) < 0 || (*digit >= 'A' && *digit <= 'F'))
			return reader_error(reader,
					    "\"%s\": '%.40s' is not "
					    "hexadecimal",
					    name, text);
		value = value << 4 | (uint64_t)hex_digit(*digit);
	}
	length -= 2;
	if (digits ? length != digits : length > 16)
		return reader_error(reader,
				    "\"%s\": '%.40s' has %zu digit%s, and not "
				    "%s%u",
				    name, text, length, length == 1 ? "" : "s",
				    digits ? "" : "at most ",
				    digits ? digits : 16);
	*ret = value;
	return NULL;
}

struct error *reader_boolean(struct reader *reader, bool *ret)
{
	const char *rest;

	skip_blanks(reader);
	if (reader->byte != 't' && reader->byte != 'f')
		return expected(reader, "true or false");
	*ret = reader->byte == 't';
	for (rest = *ret ? "true" : "false"; *rest; rest++) {
		if (reader->byte != *rest)
			return expected(reader, "true or false");
		advance(reader);
	}
	return NULL;
}

struct error *reader_list(struct reader *reader,
			  struct error *(*read)(struct reader *reader,
						void *data),
			  void *data)
{
	const char *member = reader->member;
	struct error *error = expect(reader, '[', "a list");

	if (error)
		return error;
	if (take(reader, ']'))
		return NULL;
	do {
		error = read(reader, data);
		reader->member = member;
		if (error)
			return error;
	} while (take(reader, ','));
	return expect(reader, ']', "',' or ']'");
}

static struct error *unknown(const struct reader *reader, const char *name,
			     const struct reader_member *members,
			     size_t n_members)
{
	const char *names[65] = {NULL};
	cleanup_free char *near = NULL;
	struct error *error =
		reader_error(reader, "there is no member \"%.60s\" here", name);

	for (size_t i = 0; i < n_members && i < 64; i++)
		names[i] = members[i].name;
	near = text_nearest(name, names);
	return near ? error_help(error, "near: %s", near) : error;
}

static struct error *read_member(struct reader *reader,
				 const struct reader_member *members,
				 size_t n_members, void *object, uint64_t *seen)
{
	cleanup_free char *name = NULL;
	struct error *error;
	size_t i = 0;

	reader->member = NULL;
	error = reader_text(reader, &name);
	if (error)
		return error;
	while (i < n_members && strcmp(name, members[i].name) != 0)
		i++;
	if (i == n_members)
		return unknown(reader, name, members, n_members);
	if (*seen >> i & 1)
		return reader_error(reader, "\"%s\" is there twice", name);
	*seen |= UINT64_C(1) << i;
	reader->member = members[i].name;
	error = expect(reader, ':', "':'");
	return error ? error : members[i].read(reader, object);
}

static struct error *read_members(struct reader *reader,
				  const struct reader_member *members,
				  size_t n_members, void *object, bool more)
{
	uint64_t seen = 0;
	struct error *error = NULL;

	while (!error && more) {
		error = read_member(reader, members, n_members, object, &seen);
		reader->member = NULL;
		more = !error && take(reader, ',');
	}
	if (!error)
		error = expect(reader, '}', "',' or '}'");
	for (size_t i = 0; i < n_members && !error; i++)
		if (members[i].required && !(seen >> i & 1))
			error = reader_error(reader, "\"%s\" is missing",
					     members[i].name);
	return error;
}

struct error *reader_object(struct reader *reader,
			    const struct reader_member *members,
			    size_t n_members, void *object)
{
	struct error *error = expect(reader, '{', "an object");

	if (error)
		return error;
	skip_blanks(reader);
	return read_members(reader, members, n_members, object,
			    reader->byte != '}');
}

struct error *reader_first(struct reader *reader, bool *first, const char *name)
{
	cleanup_free char *found = NULL;
	struct error *error;

	error = *first ? expect(reader, '{', "'{'")
		       : expect(reader, ',', "','");
	*first = false;
	reader->member = NULL;
	if (!error)
		error = reader_text(reader, &found);
	if (!error && strcmp(found, name) != 0)
		error = reader_error(reader,
				     "\"%.60s\" where \"%s\" should "
				     "stand",
				     found, name);
	if (!error)
		error = expect(reader, ':', "':'");
	reader->member = name;
	return error;
}

struct error *reader_rest(struct reader *reader,
			  const struct reader_member *members, size_t n_members,
			  void *object)
{
	reader->member = NULL;
	return read_members(reader, members, n_members, object,
			    take(reader, ','));
}

struct error *reader_end(struct reader *reader)
{
	while (reader->byte == ' ' || reader->byte == '\t' ||
	       reader->byte == '\r')
		advance(reader);
	reader->member = NULL;
	if (reader->byte != '\n')
		return expected(reader, "the newline at the end");
	skip_blanks(reader);
	if (reader->byte != EOF)
		return expected(reader, "the end of the file");
	return reader->failed || reader->exceeded ? ended(reader) : NULL;
}
