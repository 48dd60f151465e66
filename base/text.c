/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts: those that get longer piece by piece, and those that must fit into a room of fixed size.
 */
#include "base/base.h"

#include <string.h>

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
