/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cases assert: ladders, states, queues, counters and timers, each judged against the books.
 */
#include "captures/judge/align.h"

#include <string.h>

/* ---- ladder -------------------------------------------------------------------------------- */

/* The first line that does not fit, and what is there instead; NULL: nothing is. */
static void object_to_ladder(struct judge *judge, const struct event *event,
			     const struct line_book *line)
{
	judge_object_to(judge,
			line ? (struct culprit){ line->seq, line->packet }
			     : (struct culprit){ event->seq, event->packet },
			describe_ladder(judge, event));
}

static void judge_ladder_expectation(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = book_of_flow(judge, event->flow);
	int line;

	if (!flow || !event->lines) {
		judge_object(judge, event, format("a ladder for a flow that does not exist"));
		return;
	}
	line = flow->next_unnamed;
	for (int i = 0; event->lines[i]; i++) {
		const char *expected = event->lines[i];
		char *why = line < 0 ? format("missing: \"%s\"", expected)
				     : line_mismatch(judge, &judge->lines[line], expected);

		flow->has_optional |= line_is_optional(expected);
		if (!why) {
			expect_line(&judge->lines[line], expected);
			line = judge->lines[line].next;
			continue;
		}
		if (line_may_be_missing(judge, event->flow, expected,
					line < 0 ? event->at : judge->lines[line].at)) {
			free(why);
			continue;
		}
		free(why);
		object_to_ladder(judge, event, line < 0 ? NULL : &judge->lines[line]);
		return;
	}
	if (line >= 0)
		object_to_ladder(judge, event, &judge->lines[line]);
	else
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

struct depth {
	int observed, expected;
};

/* "; accept queue is 3, expected 2" where they differ. */
static void add_depth(struct text *text, const char *what, struct depth depth)
{
	if (depth.observed != depth.expected)
		text_add(text, "%s%s is %d, expected %d", text->length ? "; " : "", what,
			 depth.observed, depth.expected);
}

static void judge_queue_depths(struct judge *judge, const struct event *event)
{
	const struct listener_book *listener = book_of_listener(judge, event->listener);
	struct text differences = { 0 };

	if (!listener) {
		judge_object(judge, event, format("queues of a listener that does not exist"));
		return;
	}
	add_depth(&differences, "accept queue",
		  (struct depth){ listener->depths.accept, event->accept });
	add_depth(&differences, "the accept queue's limit",
		  (struct depth){ listener->depths.limit, event->limit });
	add_depth(&differences, "SYN queue", (struct depth){ listener->depths.syn, event->syn });
	autofree char *text = text_take(&differences);

	if (*text)
		judge_object(judge, event, format("%s: %s", listener->name, text));
}

/* In whose accept queue a connection is, where several listen on its port. */
static void judge_member(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = book_of_flow(judge, event->flow);
	const struct listener_book *listener = book_of_listener(judge, event->listener);
	const struct listener_book *at = flow ? book_of_listener(judge, flow->listener) : NULL;

	if (!flow || !listener)
		judge_object(judge, event, format("a flow or a listener that does not exist"));
	else if (!flow->waits || !at)
		judge_object(judge, event,
			     format("%s waits in no accept queue, expected in that of %s",
				    flow->name, listener->name));
	else if (at != listener)
		judge_object(judge, event,
			     format("%s waits in the accept queue of %s, expected in that of %s",
				    flow->name, at->name, listener->name));
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

/* ---- initial sequence numbers --------------------------------------------------------------- */

/* Two clocks are read: that of the number is the machine's, and that of the journal is none. */
#define CLOCKS_DIFFER MSEC(1)
#define ISN_CLOCK     64 /* ns; RFC 6528, 3, and seq_scale() */

/* Two connections between the same ports, one after the other. */
struct incarnations {
	const struct flow_book *before, *flow;
	int32_t beyond; /* what the first one would have sent next */
};

static void judge_isn_by_clock(struct judge *judge, const struct incarnations *both)
{
	const struct flow_book *before = both->before, *flow = both->flow;
	uint32_t grown = flow->isn[SERVER] - before->isn[SERVER];
	nsec span = (nsec)grown * ISN_CLOCK;
	nsec least = flow->isn_after - before->isn_until - CLOCKS_DIFFER;
	nsec most = flow->isn_until - before->isn_after + CLOCKS_DIFFER;

	if (span < least || span > most)
		judge_object_to(judge, flow->synack,
				format("the server's first number for %s is %+d from that for %s "
				       "(%+d from the next one), as after %.3f s; it was chosen "
				       "%.3f to %.3f s later",
				       flow->name, (int)grown, before->name, both->beyond,
				       seconds(span), seconds(least), seconds(most)));
}

/* The last flow before it, between the same ports, whose SYN was answered; else one without an ISN.
 */
static const struct flow_book *connected_before(const struct judge *judge,
						const struct flow_book *flow)
{
	do
		flow = &judge->flows[flow->before];
	while (flow->before && !flow->has_isn[SERVER]);
	return flow;
}

/* What the server began to count with, for a flow that comes after another one. */
static void judge_isn(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = book_of_flow(judge, event->flow);
	struct incarnations both = { .flow = flow };

	if (flow)
		both.before = connected_before(judge, flow);
	if (!flow || !flow->has_isn[SERVER] || !both.before->has_isn[SERVER]) {
		judge_object(judge, event,
			     format("no SYN-ACK of this flow, or none of one before it"));
		return;
	}
	both.beyond = (int32_t)(flow->isn[SERVER] - both.before->isn[SERVER] -
				both.before->sent_next[SERVER]);
	if (!event->value)
		judge_isn_by_clock(judge, &both);
	else if (both.beyond != event->value)
		judge_object_to(judge, flow->synack,
				format("the server's first number for %s is %+d from the next one "
				       "of %s, expected %+ld",
				       flow->name, both.beyond, both.before->name, event->value));
}

/* ---- counters ------------------------------------------------------------------------------ */

/* The first finding is about this counter. */
static void blame_counter(struct judge *judge, enum host host, const struct counter_book *counter)
{
	if (judge->found_counter)
		return;
	judge->found_counter = counter->name;
	judge->found_host = host;
}

static void judge_one_counter(struct judge *judge, const struct event *event, const char *name,
			      long wanted)
{
	struct counter_book *counter = book_of_counter(judge, event->host, name);
	long seen = counter ? counter->step : 0;

	name_ledger(&judge->hosts[event->host], name);
	if (seen != wanted)
		judge_object(judge, event,
			     seen ? format("%s of the %s moved by %ld in \"%s\", expected %ld",
					   name, host_name(event->host), seen, judge->step, wanted)
				  : format("%s of the %s did not move in \"%s\", expected %ld",
					   name, host_name(event->host), judge->step, wanted));
	if (seen != wanted && counter)
		blame_counter(judge, event->host, counter);
	if (seen != wanted && counter && counter->largest && judge->finding.seq == event->seq)
		judge->finding.seq = counter->largest_seq;
	if (counter)
		counter->named = counter->step;
}

static void object_to_unnamed(struct judge *judge, const struct event *event, enum host host,
			      const struct counter_book *counter)
{
	judge_object(judge, event,
		     format("%s of the %s moved by %ld in \"%s\", and no expectation names it",
			    counter->name, host_name(host), counter->step, judge->step));
	blame_counter(judge, host, counter);
	if (judge->finding.seq == event->seq)
		judge->finding.seq = counter->last_seq;
}

static void judge_counters_expectation(struct judge *judge, const struct event *event)
{
	const char *text = event->lines && event->lines[0] ? event->lines[0] : "";
	const char *words = text;
	struct host_book *host = &judge->hosts[event->host];
	autofree char *name = NULL;
	long wanted;

	while (next_counter(&words, &name, &wanted))
		judge_one_counter(judge, event, name, wanted);
	if (words[strspn(words, " \t\n")])
		judge_object(judge, event, format("\"%s\" is no list of NAME NUMBER", text));
	for (int i = 0; i < host->counter_count && !judge->found; i++) {
		struct counter_book *counter = &host->counters[i];

		if (counter->step && must_be_named(host, counter) &&
		    !counters_name(text, counter->name))
			object_to_unnamed(judge, event, event->host, counter);
	}
}

void judge_unnamed_counters(struct judge *judge, const struct event *event)
{
	for (int host = 0; host < HOSTS; host++) {
		const struct host_book *book = &judge->hosts[host];

		for (int i = 0; i < book->counter_count && !judge->found; i++)
			if (book->counters[i].step != book->counters[i].named &&
			    must_be_named(book, &book->counters[i]))
				object_to_unnamed(judge, event, (enum host)host,
						  &book->counters[i]);
	}
}

char *judge_unnamed(const struct judge *judge, enum host host)
{
	const struct host_book *book = &judge->hosts[host];
	struct text words = { 0 };

	for (int i = 0; i < book->counter_count; i++) {
		const struct counter_book *counter = &book->counters[i];

		if (counter->step != counter->named && must_be_named(book, counter))
			text_add(&words, "%s%s %ld", words.length ? "  " : "", counter->name,
				 counter->step);
	}
	return text_take(&words);
}

/* ---- all of them --------------------------------------------------------------------------- */

void judge_expectation(struct judge *judge, const struct event *event)
{
	static const struct {
		const char *name;
		void (*judge)(struct judge *judge, const struct event *event);
	} kinds[] = {
		{ "ladder", judge_ladder_expectation },
		{ "states", judge_states },
		{ "queue", judge_queue_depths },
		{ "counters", judge_counters_expectation },
		{ "timer", judge_timer },
		{ "member", judge_member },
		{ "isn", judge_isn },
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
