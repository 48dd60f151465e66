/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * passages: where the program's pages have a user's words. What a page says is cut into sentences,
 * rows of tables, and lines of what programs have printed. Each stands below a heading.
 */
#include "runner/saved/saved.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PASSAGES = 6 };

enum kind { SENTENCE, ROW, PRINTED };

/* Of a section at most so many are told of: each row of a table is another symptom. */
static const unsigned most_of[] = { [SENTENCE] = 1, [ROW] = 3, [PRINTED] = 1 };

struct piece {
	const char *page;
	char *heading, *text;
	enum kind kind;
	size_t section, place; /* how many headings, and how many pieces, come before it */
	unsigned weight;       /* 0: it has none of the words */
};

/* The pieces of all pages, and what is known of the line that is read. */
struct reading {
	struct piece *pieces;
	size_t count, sections;
	const char *page;
	char *heading;
	struct text paragraph; /* so far */
	bool printed;          /* between two fences */
};

/* ---- what a page consists of --------------------------------------------------------------- */

/* Takes its text over. */
static void add(struct reading *reading, struct piece piece)
{
	piece.page = reading->page;
	piece.heading = format("%s", reading->heading ? reading->heading : "");
	piece.section = reading->sections;
	piece.place = reading->count;
	reading->pieces = GROWN(reading->pieces, reading->count);
	reading->pieces[reading->count++] = piece;
}

/* With its full stop, of which "..." has too many. */
static size_t sentence_length(const char *text)
{
	for (const char *stop = text; (stop = strstr(stop, ". ")); stop++)
		if (stop > text && stop[-1] != '.')
			return (size_t)(stop - text) + 1;
	return strlen(text);
}

static void end_paragraph(struct reading *reading)
{
	autofree char *paragraph = text_take(&reading->paragraph);

	for (const char *rest = paragraph; *rest; rest += strspn(rest, " ")) {
		size_t length = sentence_length(rest);

		add(reading, (struct piece){ .text = format("%.*s", (int)length, rest) });
		rest += length;
	}
}

/* "| a | b |" is "a: b". */
static void add_row(struct reading *reading, const char *line)
{
	struct text row = { 0 };

	for (line += strspn(line, "| "); *line; line += strspn(line, "| ")) {
		size_t cell = strcspn(line, "|"), length = cell;

		while (length && line[length - 1] == ' ')
			length--;
		text_add(&row, "%s%.*s", row.length ? ": " : "", (int)length, line);
		line += cell;
	}
	add(reading, (struct piece){ .kind = ROW, .text = text_take(&row) });
}

static void begin_section(struct reading *reading, const char *heading)
{
	free(reading->heading);
	reading->heading = format("%s", heading + strspn(heading, "# "));
	reading->sections++;
}

static void read_text(struct reading *reading, const char *line)
{
	if (!*line || strncmp(line, "- ", 2) == 0)
		end_paragraph(reading);
	text_add(&reading->paragraph, "%s%s", reading->paragraph.length ? " " : "",
		 line + strspn(line, "- "));
}

/* What programs print is between fences, or further to the right. */
static void read_line(struct reading *reading, const char *line)
{
	bool fence = strncmp(line, "```", 3) == 0;
	bool printed = reading->printed || strncmp(line, "    ", 4) == 0;

	if (!printed && !fence && *line != '#' && *line != '|') {
		read_text(reading, line);
		return;
	}
	end_paragraph(reading);
	if (fence)
		reading->printed = !reading->printed;
	else if (printed)
		add(reading, (struct piece){ .kind = PRINTED,
					     .text = format("%s", line + strspn(line, " ")) });
	else if (*line == '#')
		begin_section(reading, line);
	else
		add_row(reading, line);
}

static struct reading read_pages(const struct catalogue *catalogue)
{
	struct reading reading = { 0 };

	for (size_t i = 0; i < catalogue->guide_count; i++) {
		autofree char *copy = format("%s", catalogue->guides[i].text);
		char *rest = copy;

		reading.page = catalogue->guides[i].name;
		reading.printed = false;
		for (const char *line; (line = strsep(&rest, "\n"));)
			read_line(&reading, line);
		end_paragraph(&reading);
	}
	return reading;
}

static void reading_free(struct reading *reading)
{
	for (size_t i = 0; i < reading->count; i++) {
		free(reading->pieces[i].heading);
		free(reading->pieces[i].text);
	}
	free(reading->pieces);
	free(reading->heading);
}

/* ---- what has the words -------------------------------------------------------------------- */

static unsigned words_in(const char *text, struct patterns words)
{
	unsigned count = 0;

	for (size_t i = 0; i < words.count; i++)
		count += pattern_matches(words.words[i], text, LOOSELY);
	return count;
}

/* All that stands below the heading of piece @from; *@end is the first that does not. */
static char *section_text(const struct reading *reading, size_t from, size_t *end)
{
	struct text text = { 0 };

	for (*end = from; *end < reading->count; ++*end) {
		if (reading->pieces[*end].section != reading->pieces[from].section)
			break;
		text_add(&text, "%s ", reading->pieces[*end].text);
	}
	return text_take(&text);
}

/* What a word in a piece weighs: symptoms stand in tables. */
static const unsigned weight_in[] = { [SENTENCE] = 4, [ROW] = 5, [PRINTED] = 2 };

/* One in the heading weighs less, and one elsewhere below that the least. */
static void weigh(struct reading *reading, struct patterns words)
{
	for (size_t i = 0, end; i < reading->count;) {
		autofree char *section = section_text(reading, i, &end);
		unsigned in_section = words_in(section, words);
		unsigned in_heading = words_in(reading->pieces[i].heading, words);

		for (; i < end; i++) {
			struct piece *piece = &reading->pieces[i];
			unsigned inside = words_in(piece->text, words);

			piece->weight = weight_in[piece->kind] * inside + 3 * in_heading;
			piece->weight += piece->weight ? in_section : 0;
		}
	}
}

/* The heaviest first; among equals in the order of the pages. */
static int compare_pieces(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return a->place < b->place ? -1 : 1;
}

struct passages passages_find(const struct catalogue *catalogue, struct patterns words)
{
	struct reading reading = read_pages(catalogue);
	struct passages found = { 0 };
	autofree unsigned *told = must_alloc(reading.sections + 1, sizeof(*told));

	weigh(&reading, words);
	if (reading.count)
		qsort(reading.pieces, reading.count, sizeof(*reading.pieces), compare_pieces);
	for (size_t i = 0; i < reading.count && reading.pieces[i].weight; i++) {
		struct piece *piece = &reading.pieces[i];

		if (told[piece->section] >= most_of[piece->kind])
			continue;
		if (found.count == MOST_PASSAGES) {
			found.more = true;
			break;
		}
		told[piece->section]++;
		found.all = GROWN(found.all, found.count);
		found.all[found.count++] = (struct passage){ .page = piece->page,
							     .heading = piece->heading,
							     .text = piece->text };
		piece->heading = piece->text = NULL;
	}
	reading_free(&reading);
	return found;
}

bool passages_have(const struct catalogue *catalogue, const char *word)
{
	char *words[] = { (char *)word };
	struct patterns patterns = { .words = words, .count = ARRAY_LENGTH(words) };
	struct passages found = passages_find(catalogue, patterns);
	bool some = found.count > 0;

	passages_free(&found);
	return some;
}

void passages_free(struct passages *passages)
{
	for (size_t i = 0; i < passages->count; i++) {
		free(passages->all[i].heading);
		free(passages->all[i].text);
	}
	free(passages->all);
	*passages = (struct passages){ 0 };
}
