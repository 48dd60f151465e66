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
	const char *lines[ALIGNED];
	const struct rung *rungs[ALIGNED];
	int line_count, rung_count;
	int cost[ALIGNED + 1][ALIGNED + 1]; /* of all from there on */
};

#define GAP 2

/* How much less alike two lines are than those that fit: then a gap in both is the better guess. */
static int cost_of_pair(const struct judge *judge, const struct rung *rung, const char *line)
{
	autofree char *why = rung_mismatch(judge, rung, line);

	if (!why)
		return 0;
	return same_but_for_time(rung, line) || same_but_for_direction(rung, line) ? 1
										   : 2 * GAP - 1;
}

static int cost_of_line(const char *line)
{
	return line_is_optional(line) ? 0 : GAP;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static void weigh(const struct judge *judge, struct remainder *all)
{
	for (int i = all->line_count; i >= 0; i--)
		for (int j = all->rung_count; j >= 0; j--) {
			int *cost = &all->cost[i][j];

			*cost = i == all->line_count && j == all->rung_count ? 0 : INT32_MAX;
			if (i < all->line_count)
				*cost = least(*cost,
					      all->cost[i + 1][j] + cost_of_line(all->lines[i]));
			if (j < all->rung_count)
				*cost = least(*cost, all->cost[i][j + 1] + GAP);
			if (i < all->line_count && j < all->rung_count)
				*cost = least(*cost, all->cost[i + 1][j + 1] +
							     cost_of_pair(judge, all->rungs[j],
									  all->lines[i]));
		}
}

static void align(const struct judge *judge, struct remainder *all, struct rows *rows)
{
	int i = 0, j = 0;

	weigh(judge, all);
	while (i < all->line_count || j < all->rung_count) {
		const char *line = i < all->line_count ? all->lines[i] : NULL;
		const struct rung *rung = j < all->rung_count ? all->rungs[j] : NULL;
		int pair = line && rung ? cost_of_pair(judge, rung, line) : -1;

		if (pair >= 0 && all->cost[i][j] == all->cost[i + 1][j + 1] + pair) {
			add_row(rows, (struct row){ line, rung, pair == 0 });
			i++, j++;
		} else if (line && all->cost[i][j] == all->cost[i + 1][j] + cost_of_line(line)) {
			add_row(rows, (struct row){ line, NULL, line_is_optional(line) });
			i++;
		} else {
			add_row(rows, (struct row){ NULL, rung, false });
			j++;
		}
	}
}

static int lines_behind(const struct judge *judge, const char *const *lines, int rung)
{
	int line_count = 0, rung_count = 0;

	while (lines[line_count])
		line_count++;
	for (; rung >= 0; rung = judge->rungs[rung].next)
		rung_count++;
	return line_count > rung_count ? line_count : rung_count;
}

void pair_up(const struct judge *judge, const struct event *event, struct rows *rows)
{
	struct remainder rest = { .line_count = 0 };
	int rung = judge->flows[event->flow].next_unnamed;
	int line = 0;

	*rows = (struct rows){ .count = 0 };
	for (; event->lines[line]; line++) {
		bool named = rung >= 0 && judge->rungs[rung].expected == event->lines[line];

		if (!named && !line_is_optional(event->lines[line]))
			break;
		add_row(rows, (struct row){ event->lines[line], named ? &judge->rungs[rung] : NULL,
					    true });
		if (named)
			rung = judge->rungs[rung].next;
	}
	for (; event->lines[line] && rest.line_count < ALIGNED; line++)
		rest.lines[rest.line_count++] = event->lines[line];
	for (; rung >= 0 && rest.rung_count < ALIGNED; rung = judge->rungs[rung].next)
		rest.rungs[rest.rung_count++] = &judge->rungs[rung];
	align(judge, &rest, rows);
	rows->behind = lines_behind(judge, &event->lines[line], rung);
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

char *observed_text(const struct judge *judge, const struct rung *rung)
{
	if (!rung)
		return format("%s", "");
	autofree char *time = format("%.3f", seconds(rung->at - judge->flows[rung->flow].t0));
	autofree char *words = rung_words(rung);

	return row_text(time, words);
}

/* ---- in one line --------------------------------------------------------------------------- */

static char *direction_hint(const struct rung *rung, const char *line)
{
	if (!same_but_for_direction(rung, line))
		return format("%s", "");
	return format(": it came from the %s", rung->direction == '<' ? "server" : "client");
}

static char *pair_summary(const struct judge *judge, const struct rung *rung, const char *line)
{
	autofree char *expected = expected_text(line), *observed = observed_text(judge, rung);
	autofree char *why = NULL, *hint = direction_hint(rung, line);
	const char *left = expected + strspn(expected, " "),
		   *right = observed + strspn(observed, " ");

	if (!same_but_for_time(rung, line))
		return format("expected \"%s\", observed \"%s\"%s", left, right, hint);
	why = rung_mismatch(judge, rung, line);
	return format("\"%s\" %s", left, why ? why : "is as expected");
}

static char *ladder_summary(const struct judge *judge, const struct rows *rows)
{
	const struct row *row = &rows->row[rows->first];
	autofree char *expected = expected_text(row->expected);
	autofree char *observed = observed_text(judge, row->rung);

	if (row->expected && row->rung)
		return pair_summary(judge, row->rung, row->expected);
	if (row->rung)
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
