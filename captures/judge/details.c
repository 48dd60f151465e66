/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a failure tells to programs, as one object of JSON: what was expected beside what was
 * observed, and where all stood then.
 */
#include "captures/judge/align.h"

#include <jansson.h>
#include <string.h>

static json_t *states_json(const struct judge *judge)
{
	json_t *states = json_object();

	for (int i = 1; i < judge->flow_count; i++) {
		const struct flow_book *flow = &judge->flows[i];
		autofree char *both = format("%s / %s", state_name(flow->states[CLIENT]),
					     state_name(flow->states[SERVER]));

		json_object_set_new(states, flow->name, json_string(both));
	}
	return states;
}

static json_t *depths_json(struct depths depths)
{
	return json_pack("{s:i, s:i, s:i}", "accept", depths.accept, "limit", depths.limit, "syn",
			 depths.syn);
}

static json_t *queues_json(const struct judge *judge)
{
	json_t *queues = json_object();

	for (int i = 0; i < judge->listener_count; i++)
		json_object_set_new(queues, judge->listeners[i].name,
				    depths_json(judge->listeners[i].depths));
	return queues;
}

static json_t *counters_json(const struct judge *judge, enum host host)
{
	json_t *counters = json_object();

	for (int i = 0; i < judge->hosts[host].counter_count; i++) {
		const struct counter_book *counter = &judge->hosts[host].counters[i];

		if (counter->step && !counter->exempt)
			json_object_set_new(counters, counter->name, json_integer(counter->step));
	}
	return counters;
}

static json_t *steps_json(const struct judge *judge)
{
	json_t *steps = json_array();
	int first = judge->step_count > LAST_STEPS ? judge->step_count - LAST_STEPS : 0;

	for (int i = first; i < judge->step_count; i++)
		json_array_append_new(steps, json_string(judge->steps[i % LAST_STEPS].name));
	return steps;
}

/* What was expected beside what was observed; NULL both where it was no expectation. */
struct both {
	json_t *expected, *observed;
};

static json_t *trimmed_string(const char *text)
{
	return json_string(text + strspn(text, " "));
}

static struct both ladders_json(const struct judge *judge, const struct event *event)
{
	struct both both = { json_array(), json_array() };
	const char *const *expected = event->lines;
	int line = judge->flows[event->flow].next_unnamed;

	for (int i = 0; event->lines[i]; i++) {
		autofree char *text = expected_text(event->lines[i]);

		json_array_append_new(both.expected, trimmed_string(text));
	}
	for (; line >= 0; line = judge->lines[line].next) {
		autofree char *text = observed_text(judge, &judge->lines[line], *expected);

		json_array_append_new(both.observed, trimmed_string(text));
		expected += *expected != NULL;
	}
	return both;
}

static struct both states_of_both(const struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	autofree char *expected =
		format("%s / %s", state_name(event->was), state_name(event->state));
	autofree char *observed = format("%s / %s", state_name(flow->states[CLIENT]),
					 state_name(flow->states[SERVER]));

	return (struct both){ json_string(expected), json_string(observed) };
}

static struct both counters_of_both(const struct judge *judge, const struct event *event)
{
	const char *words = event->lines && event->lines[0] ? event->lines[0] : "";
	struct both both = { json_object(), counters_json(judge, event->host) };
	autofree char *name = NULL;
	long wanted;

	while (next_counter(&words, &name, &wanted))
		json_object_set_new(both.expected, name, json_integer(wanted));
	return both;
}

static struct both timers_of_both(const struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];

	return (struct both){ json_pack("{s:i, s:f}", "timeouts", event->retrans, "due",
					seconds(event->fires)),
			      json_pack("{s:i, s:f}", "timeouts", flow->timeouts, "due",
					seconds(flow->fires - flow->t0)) };
}

static struct both call_of_both(const struct judge *judge, const struct event *event)
{
	autofree char *expected = call_expected(judge, event);
	autofree char *observed = call_observed(judge, event);

	return (struct both){ json_string(expected), json_string(observed) };
}

static struct both agreements_of_both(const struct judge *judge, const struct event *event)
{
	struct agreement agreed = agreement_of(judge, event);
	autofree char *expected = agreement_words(&agreed);
	autofree char *observed = agreement_words(&event->agreement);

	return (struct both){ json_string(expected), json_string(observed) };
}

static struct both both_of(const struct judge *judge)
{
	const struct event *event = &judge->found_by;
	const struct listener_book *listener =
		book_of_listener((struct judge *)judge, event->listener);
	bool flow = event->flow > 0 && event->flow < judge->flow_count;

	if (is_expectation(event, "ladder") && flow && event->lines)
		return ladders_json(judge, event);
	if (is_expectation(event, "states") && flow)
		return states_of_both(judge, event);
	if (is_expectation(event, "timer") && flow)
		return timers_of_both(judge, event);
	if (is_expectation(event, "counters"))
		return counters_of_both(judge, event);
	if (is_expectation(event, "queue") && listener)
		return (struct both){ depths_json((struct depths){ event->accept, event->limit,
								   event->syn }),
				      depths_json(listener->depths) };
	if (event->kind == EVENT_CALL && event->want)
		return call_of_both(judge, event);
	if (event->kind == EVENT_INFO && flow)
		return agreements_of_both(judge, event);
	return (struct both){ NULL, NULL };
}

char *failure_details(const struct judge *judge)
{
	struct both both = both_of(judge);
	json_t *all = json_pack(
		"{s:s, s:f, s:i, s:o*, s:o*, s:o, s:o, s:{s:o, s:o}, s:o, s:b}", "step",
		judge->step, "seconds", seconds(judge->found_by.at), "event",
		(int)judge->finding.seq, "expected", both.expected, "observed", both.observed,
		"states", states_json(judge), "queues", queues_json(judge), "counters", "client",
		counters_json(judge, CLIENT), "server", counters_json(judge, SERVER), "last_steps",
		steps_json(judge), "uneven", judge->finding.uneven);
	char *text = json_dumps(all, JSON_COMPACT);

	json_decref(all);
	return text;
}
