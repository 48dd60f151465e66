/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An expected ladder beside the observed one: which line belongs to which, and in one line where
 * they part.
 */
#include "captures/judge/align.h"

#include <string.h>

#define ALIGNED 24 /* lines that are looked at to find what belongs together */

void add_row(struct rows *rows, struct row row)
{
	rows->row = GROWN(rows->row, rows->count);
	if (!row.same && rows->first == rows->count)
		rows->first = rows->count;
	else if (rows->first == rows->count)
		rows->first++;
	rows->row[rows->count++] = row;
}

/* What is left of an expectation from the first line that does not fit. */
struct remainder {
	const char *expected[ALIGNED];
	const struct line_book *observed[ALIGNED];
	int expected_count, observed_count;
	int cost[ALIGNED + 1][ALIGNED + 1]; /* of all from there on */
};

#define GAP 2

/* How much less alike two lines are than those that fit: then a gap in both is the better guess. */
static int cost_of_pair(const struct judge *judge, const struct line_book *observed,
			const char *expected)
{
	autofree char *why = line_mismatch(judge, observed, expected);

	if (!why)
		return 0;
	return same_but_for_time(observed, expected) || same_but_for_direction(observed, expected)
		       ? 1
		       : 2 * GAP - 1;
}

static int cost_of_line(const char *expected)
{
	return line_is_optional(expected) ? 0 : GAP;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static void weigh(const struct judge *judge, struct remainder *all)
{
	for (int i = all->expected_count; i >= 0; i--)
		for (int j = all->observed_count; j >= 0; j--) {
			int *cost = &all->cost[i][j];

			*cost = i == all->expected_count && j == all->observed_count ? 0
										     : INT32_MAX;
			if (i < all->expected_count)
				*cost = least(*cost,
					      all->cost[i + 1][j] + cost_of_line(all->expected[i]));
			if (j < all->observed_count)
				*cost = least(*cost, all->cost[i][j + 1] + GAP);
			if (i < all->expected_count && j < all->observed_count)
				*cost = least(*cost, all->cost[i + 1][j + 1] +
							     cost_of_pair(judge, all->observed[j],
									  all->expected[i]));
		}
}

static void align(const struct judge *judge, struct remainder *all, struct rows *rows)
{
	int i = 0, j = 0;

	weigh(judge, all);
	while (i < all->expected_count || j < all->observed_count) {
		const char *expected = i < all->expected_count ? all->expected[i] : NULL;
		const struct line_book *observed =
			j < all->observed_count ? all->observed[j] : NULL;
		int pair = expected && observed ? cost_of_pair(judge, observed, expected) : -1;

		if (pair >= 0 && all->cost[i][j] == all->cost[i + 1][j + 1] + pair) {
			add_row(rows, (struct row){ expected, observed, pair == 0 });
			i++, j++;
		} else if (expected &&
			   all->cost[i][j] == all->cost[i + 1][j] + cost_of_line(expected)) {
			add_row(rows, (struct row){ expected, NULL, line_is_optional(expected) });
			i++;
		} else {
			add_row(rows, (struct row){ NULL, observed, false });
			j++;
		}
	}
}

static int lines_behind(const struct judge *judge, const char *const *expected, int line)
{
	int expected_count = 0, observed_count = 0;

	while (expected[expected_count])
		expected_count++;
	for (; line >= 0; line = judge->lines[line].next)
		observed_count++;
	return expected_count > observed_count ? expected_count : observed_count;
}

void pair_up(const struct judge *judge, const struct event *event, struct rows *rows)
{
	struct remainder rest = { .expected_count = 0 };
	int line = judge->flows[event->flow].next_unnamed;
	int place = 0;

	*rows = (struct rows){ .count = 0 };
	for (; event->lines[place]; place++) {
		bool named = line >= 0 && judge->lines[line].expected == event->lines[place];

		if (!named && !line_is_optional(event->lines[place]))
			break;
		add_row(rows, (struct row){ event->lines[place], named ? &judge->lines[line] : NULL,
					    true });
		if (named)
			line = judge->lines[line].next;
	}
	for (; event->lines[place] && rest.expected_count < ALIGNED; place++)
		rest.expected[rest.expected_count++] = event->lines[place];
	for (; line >= 0 && rest.observed_count < ALIGNED; line = judge->lines[line].next)
		rest.observed[rest.observed_count++] = &judge->lines[line];
	align(judge, &rest, rows);
	rows->behind = lines_behind(judge, &event->lines[place], line);
}

/* ---- rows as text -------------------------------------------------------------------------- */

/* From the words as they are compared. */
static char *row_text(const char *time, const char *words)
{
	int direction =
		(int)text_fitting(words, 1); /* a line of a journal may begin with anything */

	return format("%7s  %.*s  %s", time, direction, words,
		      direction ? words + 1 + (words[1] == ' ') : words);
}

char *expected_text(const char *line)
{
	autofree char *time = NULL, *words = NULL;

	if (!line)
		return format("%s", "");
	split_line(line, &time, &words);
	return row_text(time, words);
}

char *observed_text(const struct judge *judge, const struct line_book *line, const char *expected)
{
	if (!line)
		return format("%s", "");
	autofree char *time = format("%.3f", seconds(line->at - judge->flows[line->flow].t0));
	autofree char *words = line_words(line, expected);

	return row_text(time, words);
}

/* ---- in one line --------------------------------------------------------------------------- */

static char *direction_hint(const struct line_book *line, const char *expected_line)
{
	if (!same_but_for_direction(line, expected_line))
		return format("%s", "");
	return format(": it came from the %s", line->direction == '<' ? "server" : "client");
}

static char *pair_summary(const struct judge *judge, const struct line_book *line,
			  const char *expected_line)
{
	autofree char *expected = expected_text(expected_line),
		      *observed = observed_text(judge, line, expected_line);
	autofree char *why = NULL, *hint = direction_hint(line, expected_line);
	const char *left = expected + strspn(expected, " "),
		   *right = observed + strspn(observed, " ");

	if (!same_but_for_time(line, expected_line))
		return format("expected \"%s\", observed \"%s\"%s", left, right, hint);
	why = line_mismatch(judge, line, expected_line);
	return format("\"%s\" %s", left, why ? why : "is as expected");
}

static char *ladder_summary(const struct judge *judge, const struct rows *rows)
{
	const struct row *row = &rows->row[rows->first];
	autofree char *expected = expected_text(row->expected);
	autofree char *observed = observed_text(judge, row->observed, row->expected);

	if (row->expected && row->observed)
		return pair_summary(judge, row->observed, row->expected);
	if (row->observed)
		return format("not expected: \"%s\"", observed + strspn(observed, " "));
	return format("missing: \"%s\"", expected + strspn(expected, " "));
}

/* The number of the expected line at which the ladders part. */
static int line_number(const struct rows *rows)
{
	int number = 0;

	for (int i = 0; i <= rows->first && i < rows->count; i++)
		number += rows->row[i].expected != NULL;
	return number;
}

static char *describe_rows(const struct judge *judge, const struct rows *rows, const char *name)
{
	if (rows->first == rows->count) /* the difference is behind what was looked at */
		return format("ladder of %s: other lines than expected", name);
	autofree char *what = ladder_summary(judge, rows);
	int number = line_number(rows);

	if (rows->row[rows->first].expected)
		return format("ladder of %s, line %d: %s", name, number, what);
	if (number == 0)
		return format("ladder of %s: %s", name, what);
	return format("ladder of %s, after line %d: %s", name, number, what);
}

char *describe_ladder(const struct judge *judge, const struct event *event)
{
	struct rows rows;
	char *text;

	pair_up(judge, event, &rows);
	text = describe_rows(judge, &rows, judge->flows[event->flow].name);
	free(rows.row);
	return text;
}
