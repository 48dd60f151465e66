/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words in which a case says what it expects: of what kind it is, lines of ladders, and lists
 * of counters.
 */
#include "captures/judge/books.h"

#include <string.h>

/* The first word of *@line, "" at the end, which goes on behind it. The caller frees it. */
static char *cut_word(const char **line)
{
	const char *word = *line + strspn(*line, " \t");
	size_t length = strcspn(word, " \t");

	*line = word + length;
	return format("%.*s", (int)length, word);
}

char *squeezed(const char *line)
{
	char *out = must_alloc(strlen(line) + 2, 1), *end = out;

	for (line += strspn(line, " \t"); *line; line += strspn(line, " \t")) {
		size_t length = strcspn(line, " \t");

		if (end > out)
			*end++ = ' ';
		end = mempcpy(end, line, length);
		line += length;
	}
	return out;
}

void split_line(const char *line, char **time, char **words)
{
	*time = cut_word(&line);
	*words = squeezed(line);
}

bool line_is_optional(const char *expected)
{
	return *expected == '~';
}

bool next_counter(const char **words, char **name, long *number)
{
	static const char blanks[] = " \t\n";
	const char *word = *words + strspn(*words, blanks);
	size_t length = strcspn(word, blanks);
	char *end;

	*number = strtol(word + length, &end, 10);
	if (length == 0 || end == word + length)
		return false;
	free(*name);
	*name = format("%.*s", (int)length, word);
	*words = end;
	return true;
}

bool counters_name(const char *words, const char *name)
{
	autofree char *named = NULL;
	long number;

	while (next_counter(&words, &named, &number))
		if (strcmp(named, name) == 0)
			return true;
	return false;
}

bool is_expectation(const struct event *event, const char *name)
{
	return event->kind == EVENT_EXPECT && event->name && strcmp(event->name, name) == 0;
}
