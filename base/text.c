/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts: those that get longer piece by piece, those that must fit into a room of fixed size, and
 * what their words and lines are.
 */
#include "base/base.h"

#include <string.h>
#include <time.h>

FILE *text_stream(struct text *text)
{
	if (!text->stream)
		text->stream = open_memstream(&text->chars, &text->length);
	if (!text->stream)
		out_of_memory(1, BUFSIZ);
	return text->stream;
}

void text_add(struct text *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(text_stream(text), fmt, args);
	va_end(args);
	if (fflush(text->stream) != 0)
		out_of_memory(1, text->length);
}

char *text_take(struct text *text)
{
	char *chars;

	if (!text->stream)
		return must_alloc(1, 1);
	if (fclose(text->stream) != 0)
		out_of_memory(1, text->length);
	chars = text->chars;
	*text = (struct text){ .stream = NULL };
	return chars;
}

size_t text_fitting(const char *text, size_t most)
{
	size_t length = strlen(text);

	if (length <= most)
		return length;
	for (length = most; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80; length--)
		;
	return length;
}

static const char mark[] = " ...";

void text_fit(char *room, size_t size, const char *text)
{
	size_t most = size - sizeof(mark), length = strlen(text);

	if (length < size || size <= sizeof(mark)) {
		length = text_fitting(text, size - 1);
		memcpy(room, text, length);
		room[length] = '\0';
		return;
	}
	for (length = most; length > 0 && text[length] != ' '; length--)
		;
	if (length == 0) /* one word */
		length = text_fitting(text, most);
	memcpy(room, text, length);
	memcpy(room + length, mark, sizeof(mark));
}

char *text_word(const char **rest)
{
	if (!*rest)
		return NULL;

	const char *start = *rest + strspn(*rest, " ");
	size_t length = strcspn(start, " ");

	*rest = start + length;
	return length ? format("%.*s", (int)length, start) : NULL;
}

/* ---- words and lines ----------------------------------------------------------------------- */

void words_add(struct words *words, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	words->all = must_realloc(words->all, words->count + 2, sizeof(char *));
	words->all[words->count++] = vformat(fmt, args);
	words->all[words->count] = NULL;
	va_end(args);
}

void words_free(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->all[i]);
	free(words->all);
	*words = (struct words){ 0 };
}

char *text_first_line(const char *text)
{
	return format("%.*s", (int)strcspn(text, "\n"), text);
}

char *text_duration(double span)
{
	if (span < 60)
		return format("%.1f s", span);
	if (span > 1e9)
		return format("%g s", span); /* what no run takes, in a damaged file */
	long whole = (long)(span + 0.5);
	if (whole < 3600)
		return format("%ld min %ld s", whole / 60, whole % 60);
	return format("%ld h %ld min", whole / 3600, whole % 3600 / 60);
}

char *text_date(time_t when)
{
	struct tm parts;
	char text[32];

	gmtime_r(&when, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	return format("%s", text);
}

bool text_is(const char *left, const char *right)
{
	return left == right || (left && right && strcmp(left, right) == 0);
}

const char *reason_or_none(const char *reason)
{
	return reason ? reason : "no reason was given";
}

bool text_has_word(const char *words, const char *word)
{
	for (char *each; (each = text_word(&words));) {
		bool same = strcmp(each, word) == 0;

		free(each);
		if (same)
			return true;
	}
	return false;
}

void text_indent(FILE *out, const char *prefix, const char *text)
{
	while (*text) {
		int length = (int)strcspn(text, "\n");

		fprintf(out, "%s%.*s\n", prefix, length, text);
		text += length + (text[length] == '\n');
	}
}

void text_wrap(FILE *out, struct wrap wrap, const char *text)
{
	unsigned column = wrap.indent;

	for (char *word; (word = text_word(&text)); free(word)) {
		unsigned length = (unsigned)strlen(word);

		if (column > wrap.indent && column + 1 + length > wrap.width) {
			fprintf(out, "\n%*s", (int)wrap.indent, "");
			column = wrap.indent;
		}
		column += (unsigned)fprintf(out, "%s%s", column > wrap.indent ? " " : "", word);
	}
	fputc('\n', out);
}
