/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a failure tells to people, in at most 60 lines of at most 120 columns: what was expected
 * beside what was observed, from the line where they part, and where all stood then.
 */
#include "captures/judge/align.h"

#include <string.h>

enum {
	ROWS_BEFORE = 6,  /* of two ladders, before the first difference */
	ROWS_BEHIND = 14, /* from there on */
	TAIL = 6,         /* lines of a ladder where it is not the ladder that is wrong */
	COUNTERS = 16,
	GROUPS = 6, /* of flows in one state; of listeners */
	WIDTH = 100,
};

/* ---- two ladders, row by row --------------------------------------------------------------- */

/* As diff(1) has it. */
static char sign_of(const struct row *row)
{
	if (row->same)
		return ' ';
	return !row->observed ? '<' : !row->expected ? '>' : '|';
}

static int width_of_expected(const struct rows *rows, int from, int to)
{
	size_t width = strlen("  expected");

	for (int i = from; i < to; i++) {
		autofree char *text = expected_text(rows->row[i].expected);

		width = strlen(text) > width ? strlen(text) : width;
	}
	return (int)width;
}

/* One row; without blanks at its end. */
static void print_row(FILE *out, const char *mark, char *row)
{
	size_t length = strlen(row);

	while (length > 0 && row[length - 1] == ' ')
		row[--length] = '\0';
	fprintf(out, "%s %s\n", mark, row);
}

static void print_rows(FILE *out, const struct judge *judge, const struct rows *rows, int flow)
{
	int from = rows->first > ROWS_BEFORE ? rows->first - ROWS_BEFORE : 0;
	int to = rows->first + ROWS_BEHIND < rows->count ? rows->first + ROWS_BEHIND : rows->count;
	int width = width_of_expected(rows, from, to);

	fprintf(out, "    %-*s     observed of %s\n", width, "  expected", judge->flows[flow].name);
	if (from)
		fprintf(out, "       (%d lines before these are as expected)\n", from);
	for (int i = from; i < to; i++) {
		const struct row *row = &rows->row[i];
		autofree char *expected = expected_text(row->expected);
		autofree char *observed = observed_text(judge, row->observed, row->expected);
		autofree char *both = format("%-*s %c %s", width, expected, sign_of(row), observed);

		print_row(out, i == rows->first ? "-->" : "   ", both);
	}
	if (to < rows->count || rows->behind)
		fprintf(out, "       (%s%d more)\n", rows->behind ? "at least " : "",
			rows->count - to + rows->behind);
}

/* ---- where the finding is ------------------------------------------------------------------ */

static int last_flow(const struct judge *judge)
{
	return judge->line_count ? judge->lines[judge->line_count - 1].flow : 0;
}

/* Whether its segment arrived, or it was found, in the present step. */
static bool is_of_step(const struct judge *judge, const struct line_book *line)
{
	return (line->arrived > line->at ? line->arrived : line->at) >= judge->step_began;
}

/* Whether the line moved the counter that the finding is about. */
static bool moved_it(const struct judge *judge, const struct line_book *line)
{
	for (int i = line->moved[judge->found_host].first; i > 0; i = judge->movements[i].next)
		if (strcmp(judge->movements[i].counter, judge->found_counter) == 0)
			return true;
	return false;
}

static const struct line_book *last_that_moved_it(const struct judge *judge)
{
	for (int i = judge->line_count - 1; i >= 0; i--)
		if (is_of_step(judge, &judge->lines[i]) && moved_it(judge, &judge->lines[i]))
			return &judge->lines[i];
	return NULL;
}

/* The flow whose ladder tells most about the finding; 0: none. */
static int flow_of_finding(const struct judge *judge)
{
	const struct event *event = &judge->found_by;
	const struct packet_book *packet =
		book_of_packet((struct judge *)judge, judge->finding.packet);
	const struct line_book *mover = NULL;

	if (event->flow > 0 && event->flow < judge->flow_count)
		return event->flow;
	if (judge->found_counter)
		mover = last_that_moved_it(judge);
	if (mover)
		return mover->flow;
	return packet && packet->flow ? packet->flow : last_flow(judge);
}

/* ---- what is not a ladder ------------------------------------------------------------------ */

/* The last lines of a ladder, with what has been expected of them so far. */
static void print_tail(FILE *out, const struct judge *judge, int flow)
{
	struct rows rows = { .count = 0 };
	int index = judge->flows[flow].first_line, count = 0;
	bool all_named = judge->found_by.kind == EVENT_END;

	for (int i = index; i >= 0; i = judge->lines[i].next)
		count++;
	for (; count > TAIL; count--)
		index = judge->lines[index].next;
	for (; index >= 0; index = judge->lines[index].next) {
		const struct line_book *line = &judge->lines[index];

		add_row(&rows, (struct row){ line->expected, line, line->expected || !all_named });
	}
	if (rows.count)
		print_rows(out, judge, &rows, flow);
	free(rows.row);
}

struct number {
	const char *name;
	long expected, observed;
	bool named; /* by the expectation */
};

static void print_number(FILE *out, const struct number *number)
{
	bool same = number->expected == number->observed;
	autofree char *expected = number->named ? format("%ld", number->expected) : format("-");

	fprintf(out, "%s %-28s %8s %c %8ld\n", same ? "   " : "-->", number->name, expected,
		same ? ' ' : '|', number->observed);
}

static void print_numbers(FILE *out, const char *of, const struct number *numbers, int count)
{
	fprintf(out, "    %-28s expected   observed\n", of);
	for (int i = 0; i < count && i < COUNTERS; i++)
		print_number(out, &numbers[i]);
	if (count > COUNTERS)
		fprintf(out, "       (%d more)\n", count - COUNTERS);
}

static void print_depths(FILE *out, const struct judge *judge, const struct event *event)
{
	const struct listener_book *listener =
		book_of_listener((struct judge *)judge, event->listener);

	if (!listener)
		return;
	const struct number numbers[] = {
		{ "accept queue", event->accept, listener->depths.accept, true },
		{ "its limit", event->limit, listener->depths.limit, true },
		{ "SYN queue", event->syn, listener->depths.syn, true },
	};

	print_numbers(out, listener->name, numbers, ARRAY_LENGTH(numbers));
}

struct numbers {
	struct number *all; /* their names are theirs */
	int count;
};

static void add_number(struct numbers *numbers, struct number number)
{
	number.name = format("%s", number.name);
	numbers->all = GROWN(numbers->all, numbers->count);
	numbers->all[numbers->count++] = number;
}

/* What an expectation says of counters, and those that it does not speak of. */
static struct numbers list_counters(const struct judge *judge, const struct event *event)
{
	const char *words = event->lines && event->lines[0] ? event->lines[0] : "";
	const char *rest = words;
	const struct host_book *host = &judge->hosts[event->host];
	struct numbers numbers = { .count = 0 };
	autofree char *name = NULL;
	long wanted;

	while (next_counter(&rest, &name, &wanted))
		add_number(&numbers,
			   (struct number){ name, wanted,
					    judge_counter(judge, event->host, name, false), true });
	for (int i = 0; i < host->counter_count; i++) {
		const struct counter_book *counter = &host->counters[i];

		if (counter->step && must_be_named(host, counter) &&
		    !counters_name(words, counter->name))
			add_number(&numbers,
				   (struct number){ counter->name, 0, counter->step, false });
	}
	return numbers;
}

static void print_counters(FILE *out, const struct judge *judge, const struct event *event)
{
	struct numbers numbers = list_counters(judge, event);
	autofree char *of = format("counters of the %s", host_name(event->host));

	print_numbers(out, of, numbers.all, numbers.count);
	for (int i = 0; i < numbers.count; i++)
		free((void *)numbers.all[i].name);
	free(numbers.all);
}

/* With which segments and changes a counter moved in this step. */
static void print_movers(FILE *out, const struct judge *judge)
{
	enum { MOST = 5 };
	const char *name = judge->found_counter;
	int count = 0;

	for (int i = 0; i < judge->line_count; i++) {
		const struct line_book *line = &judge->lines[i];

		if (!is_of_step(judge, line) || !moved_it(judge, line))
			continue;
		autofree char *text = observed_text(judge, line, NULL);

		if (count == 0)
			fprintf(out, "  %s moved in this step with\n", name);
		if (count++ < MOST)
			fprintf(out, "    %s  of %s\n", text, judge->flows[line->flow].name);
	}
	if (count > MOST)
		fprintf(out, "       (%d more)\n", count - MOST);
}

/* ---- where all stood ----------------------------------------------------------------------- */

/* How many flows from @flow on are in the same states. */
static int states_alike(const struct judge *judge, int flow)
{
	const struct flow_book *first = &judge->flows[flow];
	int count = 1;

	while (flow + count < judge->flow_count &&
	       judge->flows[flow + count].states[CLIENT] == first->states[CLIENT] &&
	       judge->flows[flow + count].states[SERVER] == first->states[SERVER])
		count++;
	return count;
}

static void print_states(FILE *out, const struct judge *judge)
{
	int groups = 0, count;

	for (int flow = 1; flow < judge->flow_count; flow += count) {
		const struct flow_book *first = &judge->flows[flow];
		autofree char *more = NULL;

		count = groups == GROUPS ? judge->flow_count - flow : states_alike(judge, flow);
		more = count == 1 ? format("%s", "")
				  : format(" %s %s", count == 2 ? "and" : "to",
					   judge->flows[flow + count - 1].name);
		if (groups++ == GROUPS)
			fprintf(out, "    and %d more\n", count);
		else
			fprintf(out, "    %s%s: %s / %s\n", first->name, more,
				state_name(first->states[CLIENT]),
				state_name(first->states[SERVER]));
	}
}

static void print_queues(FILE *out, const struct judge *judge)
{
	for (int i = 0; i < judge->listener_count && i < GROUPS; i++)
		fprintf(out, "    %s: accept queue %d (limit %d), SYN queue %d%s\n",
			judge->listeners[i].name, judge->listeners[i].depths.accept,
			judge->listeners[i].depths.limit, judge->listeners[i].depths.syn,
			judge->listeners[i].closed ? ", closed" : "");
	if (judge->listener_count > GROUPS)
		fprintf(out, "    and %d more listeners\n", judge->listener_count - GROUPS);
}

/* As many as fit into three lines. */
static void print_counters_of_step(FILE *out, const struct judge *judge, enum host host)
{
	const struct host_book *book = &judge->hosts[host];
	int column = fprintf(out, "    counters of the %s:", host_name(host));
	int lines = 1, printed = 0, left = 0;

	for (int i = 0; i < book->counter_count; i++) {
		const struct counter_book *counter = &book->counters[i];

		if (!counter->step || counter->exempt)
			continue;
		if (column + (int)strlen(counter->name) + 8 > WIDTH && lines++ < 3)
			column = fprintf(out, "\n       ") - 1;
		if (lines > 3) {
			left++;
			continue;
		}
		column += fprintf(out, "  %s %ld", counter->name, counter->step);
		printed++;
	}
	if (left)
		fprintf(out, "  and %d more", left);
	fputs(printed ? "\n" : "  none moved\n", out);
}

static void print_steps(FILE *out, const struct judge *judge)
{
	int first = judge->step_count > LAST_STEPS ? judge->step_count - LAST_STEPS : 0;

	if (first)
		fprintf(out, "    (%d before these)\n", first);
	for (int i = first; i < judge->step_count; i++)
		fprintf(out, "    %8.3f s  %s\n", seconds(judge->steps[i % LAST_STEPS].began),
			judge->steps[i % LAST_STEPS].name);
	fprintf(out, "    %8.3f s  it failed (event %ld of journal.jsonl)\n",
		seconds(judge->found_by.at), judge->finding.seq);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void print_difference(FILE *out, const struct judge *judge)
{
	const struct event *event = &judge->found_by;
	int flow = flow_of_finding(judge);
	struct rows rows;

	if (is_expectation(event, "ladder") && flow && flow == event->flow && event->lines) {
		pair_up(judge, event, &rows);
		print_rows(out, judge, &rows, flow);
		free(rows.row);
		return;
	}
	if (is_expectation(event, "queue"))
		print_depths(out, judge, event);
	if (is_expectation(event, "counters"))
		print_counters(out, judge, event);
	if (judge->found_counter)
		print_movers(out, judge);
	else if (flow)
		print_tail(out, judge, flow);
}

void judge_report(struct judge *judge)
{
	struct text text = { 0 };
	FILE *out;

	if (!judge->found || judge->finding.report)
		return;
	out = text_stream(&text);
	print_difference(out, judge);
	fprintf(out, "  in \"%s\"\n", judge->step);
	print_queues(out, judge);
	print_states(out, judge);
	print_counters_of_step(out, judge, CLIENT);
	print_counters_of_step(out, judge, SERVER);
	fprintf(out, "  the last steps\n");
	print_steps(out, judge);
	judge->finding.report = text_take(&text);
	judge->finding.details = failure_details(judge);
}
