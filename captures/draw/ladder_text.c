/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder of one flow as lines of text.
 */
#include "captures/draw/ladder_text.h"

#include <math.h>
#include <string.h>

/* ---- colours ------------------------------------------------------------------------------- */

char *painted(struct ladder_form form, enum colour colour, int width, const char *text)
{
	autofree char *shown = coloured(form.colour && *text ? colour : PLAIN, text);
	int left = width - (int)strlen(text);

	return format("%s%*s", shown, left > 0 ? left : 0, "");
}

enum colour colour_of_state(enum tcp_state state)
{
	switch (state) {
	case NO_SOCKET:
		return FAINT;
	case ESTABLISHED:
		return GREEN;
	case SYN_SENT:
		return YELLOW;
	case SYN_RECV:
	case CHILD_SYN_RECV:
		return MAGENTA;
	default:
		return BLUE;
	}
}

/* ---- which lines a form shows -------------------------------------------------------------- */

/* The first line of those from @index on that this form shows; -1: none. */
static int shown_line(const struct judge *judge, int index, struct ladder_form form)
{
	while (form.stable && index >= 0 && judge_line(judge, index).optional)
		index = judge_line(judge, index).next;
	return index;
}

static int first_shown(const struct judge *judge, int flow, struct ladder_form form)
{
	return shown_line(judge, judge_flow(judge, flow).first_line, form);
}

static int next_shown(const struct judge *judge, int index, struct ladder_form form)
{
	return shown_line(judge, judge_line(judge, index).next, form);
}

/* ---- columns ------------------------------------------------------------------------------- */

/* About half of what a timer that long may be late. */
static double rounded(double time)
{
	double step = time < 1 ? 0.1 : time < 10 ? 0.5 : time < 60 ? 1 : 5;

	return floor(time / step + 0.5) * step;
}

/* "1.0" of "1.0 > SYN" */
static char *expected_time(const char *expected)
{
	static const char blanks[] = " \t";

	expected += strspn(expected, blanks);
	return format("%.*s", (int)strcspn(expected, blanks), expected);
}

static char *time_text(const struct judge *judge, const struct ladder_line *line,
		       struct ladder_form form)
{
	double time = seconds(line->at - judge_flow(judge, line->flow).began);

	if (!form.stable)
		return format("%.3f", time);
	return line->expected ? expected_time(line->expected) : format("about %.1f", rounded(time));
}

/* Of the column with the times, which have their last character below each other. */
static int width_of_times(const struct judge *judge, int flow, struct ladder_form form)
{
	size_t width = strlen(" time");

	for (int i = first_shown(judge, flow, form); i >= 0; i = next_shown(judge, i, form)) {
		struct ladder_line line = judge_line(judge, i);
		autofree char *time = time_text(judge, &line, form);

		width = strlen(time) > width ? strlen(time) : width;
	}
	return (int)width;
}

/* "client: SyncookiesSent +1; server: ListenDrops +1", or "" */
static char *counters_text(const struct judge *judge, int index)
{
	autofree char *client = judge_line_counters(judge, index, CLIENT);
	autofree char *server = judge_line_counters(judge, index, SERVER);

	return format("%s%s%s%s%s", *client ? "client: " : "", client,
		      *client && *server ? "; " : "", *server ? "server: " : "", server);
}

/* Client and server, where one of them changed: 26 wide. */
static char *states_text(const struct ladder_line *line, struct ladder_form form)
{
	const char *client = state_name(line->states[CLIENT]);
	const char *server = state_name(line->states[SERVER]);
	autofree char *left = painted(form, colour_of_state(line->states[CLIENT]), 0, client);
	autofree char *right = painted(form, colour_of_state(line->states[SERVER]), 0, server);
	int room = 26 - (int)strlen(client) - (int)strlen(" / ") - (int)strlen(server);

	if (!line->changed)
		return format("%26s", "");
	return format("%s / %s%*s", left, right, room > 0 ? room : 0, "");
}

/* Takes @line and gives it back without blanks at its end. */
static char *trimmed(char *line)
{
	for (size_t end = strlen(line); end > 0 && line[end - 1] == ' '; end--)
		line[end - 1] = '\0';
	return line;
}

/* ---- whole ladders ------------------------------------------------------------------------- */

static char *line_text(const struct judge *judge, int index, struct ladder_form form, int width)
{
	struct ladder_line line = judge_line(judge, index);
	bool lost = strcmp(line.fate, "lost") == 0;
	autofree char *time = time_text(judge, &line, form);
	autofree char *right = format("%*s", width, time);
	autofree char *times = painted(form, FAINT, width, right);
	autofree char *fate = painted(form, lost ? RED : YELLOW, 14, line.fate);
	autofree char *states = states_text(&line, form);
	autofree char *counters = counters_text(judge, index);
	autofree char *moved = painted(form, FAINT, 0, counters);

	return trimmed(format("  %s  %c  %-14s %s %s %s", times, line.direction, line.words, fate,
			      states, moved));
}

static char *step_text(const char *step, struct ladder_form form)
{
	autofree char *line = format("  -- %s", step);

	return painted(form, BOLD, 0, line);
}

char **ladder_lines(const struct judge *judge, int flow, struct ladder_form form)
{
	int width = width_of_times(judge, flow, form), count = 0;
	char **lines = NULL;
	const char *step = NULL;

	lines = GROWN(lines, count);
	lines[count++] = format("  %*s     %-14s %-14s %-26s counters that it moved", width, "time",
				"segment", "fate", "client / server");
	for (int i = first_shown(judge, flow, form); i >= 0; i = next_shown(judge, i, form)) {
		const char *of = judge_line(judge, i).step;

		if (of && (!step || strcmp(of, step) != 0)) {
			lines = GROWN(lines, count);
			lines[count++] = step_text(of, form);
			step = of;
		}
		lines = GROWN(lines, count);
		lines[count++] = line_text(judge, i, form, width);
	}
	lines = GROWN(lines, count);
	lines[count] = NULL;
	return lines;
}

void ladder_free(char **lines)
{
	for (size_t i = 0; lines && lines[i]; i++)
		free(lines[i]);
	free((void *)lines);
}

static bool same_states(const struct ladder_line *a, const struct ladder_line *b)
{
	return a->changed == b->changed &&
	       (!a->changed || memcmp(a->states, b->states, sizeof(a->states)) == 0);
}

static bool same_line(const struct judge *judge, const struct ladder_line *a,
		      const struct ladder_line *b, struct ladder_form form)
{
	if (a->direction != b->direction || strcmp(a->words, b->words) != 0 ||
	    strcmp(a->fate, b->fate) != 0 || !same_states(a, b))
		return false;
	if (!form.stable)
		return true;
	autofree char *time = time_text(judge, a, form), *other_time = time_text(judge, b, form);

	return strcmp(time, other_time) == 0;
}

bool same_ladder(const struct judge *judge, int flow, int other, struct ladder_form form)
{
	int a = first_shown(judge, flow, form), b = first_shown(judge, other, form);

	for (; a >= 0 && b >= 0; a = next_shown(judge, a, form), b = next_shown(judge, b, form)) {
		struct ladder_line left = judge_line(judge, a), right = judge_line(judge, b);

		if (!same_line(judge, &left, &right, form))
			return false;
	}
	return a < 0 && b < 0;
}

int flows_alike(const struct judge *judge, int flow, struct ladder_form form)
{
	int count = 1, listener = judge_flow(judge, flow).asked;

	while (flow + count <= judge_flows(judge) &&
	       judge_flow(judge, flow + count).asked == listener &&
	       same_ladder(judge, flow, flow + count, form))
		count++;
	return count;
}
