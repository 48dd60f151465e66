/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text: words, lines and JSON members for the runner.
 */
#include "runner/parts.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

void complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	autofree char *text = vformat(fmt, args);
	va_end(args);
	fprintf(stderr, "halfopen: %s\n", text);
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

bool text_is(const char *left, const char *right)
{
	return left == right || (left && right && strcmp(left, right) == 0);
}

const char *reason_text(const char *reason)
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

char *text_load(const char *path, char **why)
{
	errno = 0;
	autofile FILE *file = open_to_read(path);
	char *text = NULL;
	size_t room = 0;
	/* Up to a NUL: a text has none. */
	ssize_t length = file ? getdelim(&text, &room, '\0', file) : -1;
	autofree char *clean = length > 0 ? text_clean(text) : NULL;
	if (clean && strlen(text) == (size_t)length && strcmp(clean, text) == 0)
		return text;

	if (length > 0)
		*why = format("%s is damaged: it holds bytes that are no text", path);
	else if (file && !ferror(file))
		*why = format("%s is empty", path);
	else
		*why = format("cannot read %s: %s", path, strerror(errno));
	free(text);
	return NULL;
}

json_t *json_load(const char *path, json_error_t *error)
{
	autofile FILE *file = open_to_read(path);

	if (file)
		return json_loadf(file, 0, error);
	if (error) {
		*error = (json_error_t){ .line = -1 };
		text_fit(error->text, sizeof(error->text), strerror(errno));
	}
	return NULL;
}

const char *member_string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *member_or_empty(const json_t *object, const char *key)
{
	const char *text = member_string(object, key);

	return text ? text : "";
}

double member_number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

int member_whole(const json_t *object, const char *key, int most)
{
	double number = member_number(object, key);

	return number >= 0 && number <= most ? (int)number : 0;
}

char *member_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? format("%s", text) : NULL;
}
