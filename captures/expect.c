/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cases assert: ladders, states, queues, counters and timers, each judged against the books.
 */
#include "captures/books.h"

#include <string.h>

/* ---- ladder -------------------------------------------------------------------------------- */

struct text {
	char *chars;
	size_t length;
	FILE *stream;
};

static void text_open(struct text *text)
{
	text->stream = open_memstream(&text->chars, &text->length);
	if (!text->stream)
		broken("no memory for a report");
}

static char *text_close(struct text *text)
{
	fclose(text->stream);
	return text->chars;
}

/* Expected and observed side by side, the first difference marked. */
static char *side_by_side(const struct judge *judge, const struct event *event, int difference)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	int rung = flow->next_unnamed;
	struct text text;
	bool more = true;

	text_open(&text);
	fprintf(text.stream, "    %-50s   observed, %s\n", "expected", flow->name);
	for (int i = 0; more; i++) {
		const char *expected = "";
		autofree char *seen = rung >= 0 ? rung_text(judge, &judge->rungs[rung]) : NULL;

		for (int k = 0; k <= i && event->lines[k]; k++)
			expected = k == i ? event->lines[k] : "";
		more = *expected || seen;
		if (!more)
			break;
		fprintf(text.stream, "%s %-50s %s %s\n", i == difference ? "-->" : "   ", expected,
			i == difference ? "|" : " ", seen ? seen : "");
		if (rung >= 0)
			rung = judge->rungs[rung].next;
	}
	return text_close(&text);
}

static void object_to_rung(struct judge *judge, const struct event *event, int difference,
			   const struct rung *rung)
{
	judge->finding.report = side_by_side(judge, event, difference);
	if (rung) {
		judge->finding.seq = rung->seq;
		judge->finding.packet = rung->packet;
	}
}

static void judge_ladder_expectation(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = book_of_flow(judge, event->flow);
	int line, rung;

	if (!flow || !event->lines) {
		judge_object(judge, event, format("a ladder for a flow that does not exist"));
		return;
	}
	rung = flow->next_unnamed;
	for (line = 0; event->lines[line]; line++) {
		const char *expected = event->lines[line];
		char *why = rung < 0 ? format("missing: \"%s\"", expected)
				     : rung_mismatch(judge, &judge->rungs[rung], expected);

		flow->has_optional |= line_is_optional(expected);
		if (!why) {
			judge->rungs[rung].expected = expected;
			rung = judge->rungs[rung].next;
			continue;
		}
		if (line_may_be_missing(judge, event->flow, expected,
					rung < 0 ? event->at : judge->rungs[rung].at)) {
			free(why);
			continue;
		}
		judge_object(judge, event,
			     format("ladder of %s, line %d: %s", flow->name, line + 1, why));
		free(why);
		object_to_rung(judge, event, line, rung < 0 ? NULL : &judge->rungs[rung]);
		return;
	}
	if (rung >= 0) {
		autofree char *seen = rung_text(judge, &judge->rungs[rung]);

		judge_object(judge, event,
			     format("ladder of %s, after its last line: %s", flow->name, seen));
		object_to_rung(judge, event, line, &judge->rungs[rung]);
		return;
	}
	flow->next_unnamed = -1;
}

/* ---- states, queues, timers ---------------------------------------------------------------- */

static void judge_states(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = book_of_flow(judge, event->flow);

	if (!flow)
		judge_object(judge, event, format("states of a flow that does not exist"));
	else if (flow->states[CLIENT] != event->was || flow->states[SERVER] != event->state)
		judge_object(judge, event,
			     format("%s is in %s / %s, expected %s / %s (client / server)",
				    flow->name, state_name(flow->states[CLIENT]),
				    state_name(flow->states[SERVER]), state_name(event->was),
				    state_name(event->state)));
}

static void judge_queue_depths(struct judge *judge, const struct event *event)
{
	const struct listener_book *listener = book_of_listener(judge, event->listener);

	if (!listener)
		judge_object(judge, event, format("queues of a listener that does not exist"));
	else if (listener->depths.accept != event->accept ||
		 listener->depths.limit != event->limit || listener->depths.syn != event->syn)
		judge_object(
			judge, event,
			format("queues of %s: accept %d/%d, SYN %d; expected accept %d/%d, SYN "
			       "%d",
			       listener->name, listener->depths.accept, listener->depths.limit,
			       listener->depths.syn, event->accept, event->limit, event->syn));
}

static void judge_timer(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = book_of_flow(judge, event->flow);
	nsec due = flow ? flow->fires - flow->t0 : 0;

	if (!flow || flow->states[SERVER] != SYN_RECV)
		judge_object(judge, event, format("no half-open request, so it has no timer"));
	else if (flow->timeouts != event->retrans)
		judge_object(judge, event,
			     format("%s's request has timed out %d times, expected %d", flow->name,
				    flow->timeouts, event->retrans));
	else if (due < event->fires - TIMER_GRAIN ||
		 due > event->fires + event->fires * 15 / 100 + judge->slack + flow->transit)
		judge_object_to(
			judge, (struct culprit){ flow->fires_seq, 0 },
			format("the timer of %s's request is due at %.3f s, expected %.1f s",
			       flow->name, seconds(due), seconds(event->fires)));
}

/* ---- counters ------------------------------------------------------------------------------ */

/* Sets how far a counter is named in this step; false when the words are not "NAME NUMBER". */
static bool next_counter(const char **words, char *name, long *number)
{
	int used = 0;

	if (sscanf(*words, " %63s %ld%n", name, number, &used) != 2)
		return false;
	*words += used;
	return true;
}

static void judge_one_counter(struct judge *judge, const struct event *event, const char *name,
			      long wanted)
{
	struct counter_book *counter = book_of_counter(judge, event->host, name);
	long seen = counter ? counter->step : 0;

	if (seen != wanted)
		judge_object(judge, event,
			     format("%s of the %s moved by %ld in \"%s\", expected %ld", name,
				    host_name(event->host), seen, judge->step, wanted));
	if (seen != wanted && counter && counter->largest && judge->finding.seq == event->seq)
		judge->finding.seq = counter->largest_seq;
	if (counter)
		counter->named = counter->step;
}

static bool words_name(const char *words, const char *name)
{
	char named[64];
	long number;

	while (next_counter(&words, named, &number))
		if (strcmp(named, name) == 0)
			return true;
	return false;
}

static void object_to_unnamed(struct judge *judge, const struct event *event, enum host host,
			      const struct counter_book *counter)
{
	judge_object(judge, event,
		     format("%s of the %s moved by %ld in \"%s\", and no expectation names it",
			    counter->name, host_name(host), counter->step, judge->step));
	if (judge->finding.seq == event->seq)
		judge->finding.seq = counter->last_seq;
}

static void judge_counters(struct judge *judge, const struct event *event)
{
	const char *text = event->lines && event->lines[0] ? event->lines[0] : "";
	const char *words = text;
	struct host_book *host = &judge->hosts[event->host];
	char name[64];
	long wanted;

	while (next_counter(&words, name, &wanted))
		judge_one_counter(judge, event, name, wanted);
	if (words[strspn(words, " \t\n")])
		judge_object(judge, event, format("\"%s\" is no list of NAME NUMBER", text));
	for (int i = 0; i < host->counter_count && !judge->found; i++) {
		struct counter_book *counter = &host->counters[i];

		if (counter->step && !counter->exempt && !words_name(text, counter->name))
			object_to_unnamed(judge, event, event->host, counter);
	}
}

void judge_unnamed_counters(struct judge *judge, const struct event *event)
{
	for (int host = 0; host < HOSTS; host++)
		for (int i = 0; i < judge->hosts[host].counter_count && !judge->found; i++) {
			const struct counter_book *counter = &judge->hosts[host].counters[i];

			if (counter->step != counter->named && !counter->exempt)
				object_to_unnamed(judge, event, (enum host)host, counter);
		}
}

/* ---- all of them --------------------------------------------------------------------------- */

/* Where things stood, for the report of a failure. */
static void append_standing(struct judge *judge)
{
	struct text text;

	text_open(&text);
	if (judge->finding.report)
		fputs(judge->finding.report, text.stream);
	fprintf(text.stream, "  in step \"%s\"\n", judge->step);
	for (int i = 0; i < judge->listener_count; i++)
		fprintf(text.stream, "  %s: accept queue %d/%d, SYN queue %d\n",
			judge->listeners[i].name, judge->listeners[i].depths.accept,
			judge->listeners[i].depths.limit, judge->listeners[i].depths.syn);
	for (int i = 1; i < judge->flow_count && i <= 8; i++)
		fprintf(text.stream, "  %s: %s / %s\n", judge->flows[i].name,
			state_name(judge->flows[i].states[CLIENT]),
			state_name(judge->flows[i].states[SERVER]));
	for (int host = 0; host < HOSTS; host++) {
		fprintf(text.stream,
			"  counters of the %s in this step:", host_name((enum host)host));
		for (int i = 0; i < judge->hosts[host].counter_count; i++) {
			const struct counter_book *counter = &judge->hosts[host].counters[i];

			if (counter->step && !counter->exempt)
				fprintf(text.stream, "  %s %ld", counter->name, counter->step);
		}
		fputc('\n', text.stream);
	}
	free(judge->finding.report);
	judge->finding.report = text_close(&text);
}

void judge_report(struct judge *judge)
{
	if (judge->found)
		append_standing(judge);
}

void judge_expectation(struct judge *judge, const struct event *event)
{
	static const struct {
		const char *name;
		void (*judge)(struct judge *judge, const struct event *event);
	} kinds[] = {
		{ "ladder", judge_ladder_expectation },
		{ "states", judge_states },
		{ "queue", judge_queue_depths },
		{ "counters", judge_counters },
		{ "timer", judge_timer },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (event->name && strcmp(kinds[i].name, event->name) == 0) {
			kinds[i].judge(judge, event);
			return;
		}
	judge_object(
		judge, event,
		format("an expectation of an unknown kind: %s", event->name ? event->name : "?"));
}
