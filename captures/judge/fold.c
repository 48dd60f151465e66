/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fold: the judge takes the journal event by event, each by its kind. It keeps books of segments,
 * sockets, queues and counters, and objects at the first event that does not add up, whatever the
 * case asserts besides.
 */
#include "captures/judge/books.h"

#include <string.h>

/* ---- declarations -------------------------------------------------------------------------- */

static void take_begin(struct judge *judge, const struct event *event)
{
	judge->begun = true;
	judge->ipv6 = event->object && strcmp(event->object, "ipv6") == 0;
	judge->slack = event->delta;
	judge->tells_drops = event->drops;
	judge->scenario = event->told;
	judge->wire_delay = event->fires;
	judge->patience = event->value > 0 ? event->value : WIRE_PATIENCE;
}

/* The same socket has listened on another port, which was given away: its requests are its own. */
static void come_along(struct judge *judge, const struct event *event)
{
	for (int i = 0; i < judge->listener_count; i++) {
		const struct listener_book *before = &judge->listeners[i];

		if (!event->cookie || before->cookie != event->cookie)
			continue;
		for (int k = 1; k < judge->flow_count; k++)
			if (judge->flows[k].listener == before->key)
				judge->flows[k].listener = event->listener;
	}
}

static void take_listener(struct judge *judge, const struct event *event)
{
	if (book_of_listener(judge, event->listener))
		return;
	if (!event->listener) {
		judge_object_to_journal(judge, event, format("%s has no key", event->name));
		return;
	}
	if (judge->listener_count == MOST_LISTENERS) {
		judge_object_to_journal(judge, event,
					format("more than %d listeners", MOST_LISTENERS));
		return;
	}
	come_along(judge, event);
	judge->listeners = GROWN(judge->listeners, judge->listener_count);
	judge->listeners[judge->listener_count++] = (struct listener_book){
		.key = event->listener,
		.port = event_port(event),
		.cookie = event->cookie,
		.name = event->name,
		.references = 1,
		.foreign = event->object != NULL,
	};
}

static int host_of_flow(const struct judge *judge, const struct event *event)
{
	long same = event->value ? event->value : event->delta;

	return same > 0 && same < event->flow ? judge->flows[same].host : event->flow;
}

/* Its numbers are the books' places: without them nothing that follows can be entered. */
static bool has_its_place(struct judge *judge, const struct event *event)
{
	if (event->flow != judge->flow_count)
		judge_object_to_journal(judge, event,
					format("flow %d is not the next one", event->flow));
	else if (event->value < 0 || event->value >= event->flow)
		judge_object_to_journal(judge, event,
					format("%s comes after flow %ld, which was not there",
					       event->name, event->value));
	else
		return true;
	return false;
}

/* A scenario's clients go to a port also when nobody listens there any more. */
static bool goes_to_a_listener(struct judge *judge, const struct event *event)
{
	if (event->listener ? book_of_listener(judge, event->listener) != NULL
			    : judge->scenario || book_of_port(judge, event_port(event)))
		return true;
	judge_object(
		judge, event,
		format("%s goes to port %d, where nobody listens", event->name, event_port(event)));
	return false;
}

/* 0: not known before its first segment. */
static int port_of_client(const struct judge *judge, const struct event *event)
{
	const char *port = event->client ? strrchr(event->client, ':') : NULL;

	return port ? (uint16_t)strtoul(port + 1, NULL, 10)
		    : judge->flows[event->value].client_port;
}

static void take_flow(struct judge *judge, const struct event *event)
{
	const struct listener_book *listener = book_of_listener(judge, event->listener);

	if (!has_its_place(judge, event) || !goes_to_a_listener(judge, event))
		return;
	judge->flows = GROWN(judge->flows, judge->flow_count);
	judge->flows[judge->flow_count++] = (struct flow_book){
		.name = event->name,
		.client = event->client,
		.server = event->server,
		.asked = event->listener,
		.listener = event->listener,
		.port = listener ? listener->port : event->port,
		.before = (int)event->value,
		.client_port = port_of_client(judge, event),
		.raw = event->injected,
		.host = host_of_flow(judge, event),
		.first_line = -1,
		.last_line = -1,
		.next_unnamed = -1,
	};
}

static void check_causes(struct judge *judge, const struct event *event)
{
	for (int i = 0; i < judge->cause_count; i++)
		if (judge->causes[i] != event->packet)
			judge_object_to(
				judge, (struct culprit){ judge->cause_seqs[i], judge->causes[i] },
				format("something was found after segment %ld and is put down "
				       "to segment %ld",
				       event->packet, judge->causes[i]));
	judge->cause_count = 0;
}

/* ---- counters ------------------------------------------------------------------------------ */

static void note_movement(struct judge *judge, struct line_book *line, const struct event *event,
			  long delta)
{
	struct movements *moved = &line->moved[event->host];
	int place = judge->movement_count;

	judge->movements = GROWN(judge->movements, judge->movement_count);
	judge->movements[judge->movement_count++] =
		(struct movement){ .counter = event->name, .delta = delta };
	if (moved->first)
		judge->movements[moved->last].next = place;
	else
		moved->first = place;
	moved->last = place;
}

/*
 * Gives the lines that await this counter one each, and returns what is left of the movement. They
 * are those of this sample and the last one: counters are read a moment before the sockets.
 */
static long give_to_lines(struct judge *judge, const struct event *event,
			  const struct counter_book *counter)
{
	long left = event->delta;
	int first = judge->line_count;

	while (first > 0 && judge->lines[first - 1].sample >= judge->samples)
		first--;
	for (int i = first; i < judge->line_count && left > 0; i++) {
		struct line_book *line = &judge->lines[i];

		if (!(line->awaits[event->host] & counter->of_timers))
			continue;
		line->awaits[event->host] &= ~counter->of_timers;
		note_movement(judge, line, event, 1);
		left--;
	}
	return left;
}

/* A sample is about one segment: a RST that the host has sent since the one before answers it. */
static void note_drop(const struct judge *judge, const struct event *event, struct line_book *line)
{
	const struct flow_book *flow = &judge->flows[line->flow];

	line->ignored = true;
	line->rejected = flow->reset_in[event->host] == judge->samples + 1;
}

static void attach_counter(struct judge *judge, const struct event *event,
			   const struct counter_book *counter)
{
	const struct packet_book *cause = book_of_packet(judge, event->packet);
	int index = cause ? cause->line : judge->last_sampled;
	bool nowhere = index < 0 || (!cause && judge->lines[index].at != event->at);
	long left;

	judge->stray = !counter->exempt;
	if (judge->hosts[event->host].flooding)
		return;
	left = counter->of_timers ? give_to_lines(judge, event, counter) : event->delta;
	if (counter->of_timers && judge->hosts[event->host].flooded)
		return; /* what is left is of the requests that a flood has made */
	judge->stray = nowhere && left && !counter->exempt;
	if (nowhere || counter->exempt)
		return;
	if (cause && event->host != cause->from &&
	    (cause->icmp ? counter->tells_of_ignored_icmp : counter->tells_of_a_drop))
		note_drop(judge, event, &judge->lines[index]);
	if (left)
		note_movement(judge, &judge->lines[index], event, left);
}

static struct counter_book *enter_counter(struct judge *judge, const struct event *event)
{
	struct host_book *host = &judge->hosts[event->host];
	struct counter_book *counter = book_of_counter(judge, event->host, event->name);

	if (counter)
		return counter;
	if (host->counter_count == MOST_COUNTERS) {
		judge_object_to_journal(judge, event,
					format("more than %d counters of the %s", MOST_COUNTERS,
					       host_name(event->host)));
		return NULL;
	}
	host->counters = GROWN(host->counters, host->counter_count);
	counter = &host->counters[host->counter_count++];
	*counter = (struct counter_book){ .name = event->name };
	classify_counter(counter);
	return counter;
}

static void advance_counter(struct host_book *host, const struct event *event,
			    struct counter_book *counter)
{
	counter->value = event->value;
	counter->total += event->delta;
	counter->step += event->delta;
	counter->last_seq = event->seq;
	if (labs(event->delta) >= labs(counter->largest)) {
		counter->largest = event->delta;
		counter->largest_seq = event->seq;
	}
	if (counter->ledger < 0)
		return;
	host->counted[counter->ledger] += event->delta;
	host->ledger_seq[counter->ledger] = event->seq;
}

/* The namespaces are the case's own: their counters begin at 0. */
static void take_counter(struct judge *judge, const struct event *event)
{
	struct counter_book *counter = enter_counter(judge, event);

	if (!counter)
		return;
	if (counter->value + event->delta != event->value || event->delta == 0) {
		judge_object(judge, event,
			     format("%s of the %s stands at %ld after %ld %+ld", event->name,
				    host_name(event->host), event->value, counter->value,
				    event->delta));
		return;
	}
	note_cause(judge, event);
	advance_counter(&judge->hosts[event->host], event, counter);
	count_for_tallies(judge, event, counter->tallies);
	attach_counter(judge, event, counter);
}

/* ---- closing the books --------------------------------------------------------------------- */

/* What an accept() that failed a moment ago should have done to the queue. The caller frees it. */
static char *accept_words(const struct judge *judge, const struct listener_book *listener)
{
	const char *error = strerrorname_np(listener->accept_error);

	if (listener->accept_failed_in != judge->samples + 1)
		return format("%s", "");
	return format("; accept() has failed with %s, %s", error ? error : "?",
		      listener->accept_loses ? "when it had taken a connection"
					     : "which leaves the queue as it was");
}

static void close_queue(struct judge *judge, const struct event *event,
			struct listener_book *listener)
{
	int waiting = listener->children - listener->accepted;
	const struct listener_book *port = book_of_port(judge, listener->port);
	int requests = port->requests + port->flood_requests;
	struct culprit culprit = { event->seq, event->packet };

	if (listener->foreign && listener->depths.accept < waiting) {
		leave_in_order(judge, listener, waiting - listener->depths.accept);
		waiting = listener->depths.accept;
	}
	if (listener->depths_seq > judge->last_sample)
		culprit.seq = listener->depths_seq;
	else if (listener->changed_seq > judge->last_sample)
		culprit.seq = listener->changed_seq;
	else if (port->changed_seq > judge->last_sample)
		culprit.seq = port->changed_seq;
	if (!listener->depths_seq || listener->depths.limit != listener->limit)
		judge_object(judge, event,
			     format("%s listens, and no queue of the limit %d is known of it",
				    listener->name, listener->limit));
	else if (listener->depths.accept != waiting || listener->depths.syn != requests) {
		autofree char *accept = accept_words(judge, listener);

		judge_object_to_accounts(
			judge, culprit,
			format("queues of %s were %d and %d, but its sockets make them %d and %d%s",
			       listener->name, listener->depths.accept, listener->depths.syn,
			       waiting, requests, accept));
	}
}

/* Between two ports there is one connection: who comes later has ended the one before. */
static void check_newcomer(struct judge *judge, const struct event *event, enum host host)
{
	const struct flow_book *flow = &judge->flows[judge->newcomer[host]];

	judge->newcomer[host] = 0;
	for (const struct flow_book *before = flow; before->before;) {
		before = &judge->flows[before->before];
		if (before->states[host] != NO_SOCKET)
			judge_object(
				judge, event,
				format("the %s has a socket of %s in %s, and one of %s is still "
				       "in %s",
				       host_name(host), flow->name, state_name(flow->states[host]),
				       before->name, state_name(before->states[host])));
	}
}

static void take_sample(struct judge *judge, const struct event *event)
{
	check_causes(judge, event);
	for (int host = 0; host < HOSTS; host++)
		check_newcomer(judge, event, (enum host)host);
	close_icmp(judge);
	see_repeats_of_flood(judge, event);
	close_offers(judge);
	close_answer(judge);
	see_late_cookie(judge, event);
	see_undone_child(judge, event);
	close_ledgers(judge, event);
	end_waits(judge, event);
	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].listens)
			close_queue(judge, event, &judge->listeners[i]);
		else if (judge->listeners[i].there)
			judge_object(judge, event,
				     format("%s was ended, and its socket still listens",
					    judge->listeners[i].name));
	close_drops(judge, event);
	if (!judge->found) { /* afterwards nothing that the tallies tell is heard */
		tally_sample(judge, event);
		tally_flood(judge, event);
		close_tallies(judge);
	}
	forget_flood(judge);
	judge->samples++;
	judge->sampled_at = event->at;
	judge->last_sample = event->seq;
}

static void close_packets(struct judge *judge, const struct event *event)
{
	for (int i = 1; i < judge->packet_count && !judge->found; i++) {
		const struct packet_book *packet = &judge->packets[i];

		if (packet->arrivals == packet->copies + 1 || packet->gone ||
		    (packet->held && !packet->released))
			continue;
		judge_object(judge, event,
			     format("segment %d never arrived, and the gate did not have it", i));
		judge->finding.packet = i;
	}
}

static void close_flows(struct judge *judge, const struct event *event)
{
	for (int i = 1; i < judge->flow_count && !judge->found; i++) {
		int unnamed = judge->flows[i].next_unnamed;

		if (unnamed < 0)
			continue;
		const struct line_book *line = &judge->lines[unnamed];
		autofree char *words = line_words(line, NULL);

		judge_object(judge, event,
			     format("no expected ladder names this of %s: \"%s\" at %.3f s",
				    judge->flows[i].name, words,
				    seconds(line->at - judge->flows[i].t0)));
		judge->finding.seq = judge->lines[unnamed].seq;
		judge->finding.packet = judge->lines[unnamed].packet;
	}
}

static void take_end(struct judge *judge, const struct event *event)
{
	for (int host = 0; host < HOSTS; host++)
		if (judge->hosts[host].flooding)
			judge_object(judge, event, format("the end, and a flood still goes on"));
	take_sample(judge, event);
	close_packets(judge, event);
	close_flows(judge, event);
	judge_unnamed_counters(judge, event);
	judge->ended = true;
}

/* ---- steps and waits ----------------------------------------------------------------------- */

static void begin_step(struct judge *judge, const struct event *event)
{
	int place = judge->step_count++ % LAST_STEPS;

	judge->step = judge->steps[place].name = event->name;
	judge->step_began = judge->steps[place].began = event->at;
}

static void take_step(struct judge *judge, const struct event *event)
{
	bool sound = !judge->found;

	judge_unnamed_counters(judge, event);
	if (sound && judge->found) /* it is about the step before */
		return;
	for (int host = 0; host < HOSTS; host++) {
		struct host_book *book = &judge->hosts[host];

		book->named_ledgers = 0;
		for (int i = 0; i < book->counter_count; i++)
			book->counters[i].step = book->counters[i].named =
				book->counters[i].largest = 0;
	}
	judge->hosts[SERVER].syn_acks_again = 0;
	begin_step(judge, event);
}

static void take_wait(struct judge *judge, const struct event *event)
{
	if (!event->result)
		judge_object(judge, event,
			     format("waited %.1f s for %s in vain",
				    seconds(event->at - event->began), event->name));
}

/* Who reads the journal wants to know it; nothing follows from it. */
static void take_note(struct judge *judge, const struct event *event)
{
	(void)judge;
	(void)event;
}

/* ---- all events ---------------------------------------------------------------------------- */

typedef void taker(struct judge *judge, const struct event *event);

static taker *const takers[EVENT_KINDS] = {
	[EVENT_BEGIN] = take_begin,   [EVENT_LISTENER] = take_listener,
	[EVENT_FLOW] = take_flow,     [EVENT_STEP] = take_step,
	[EVENT_CALL] = take_call,     [EVENT_PACKET] = take_packet,
	[EVENT_GATE] = take_gate,     [EVENT_SOCKET] = take_socket,
	[EVENT_QUEUE] = take_queue,   [EVENT_COUNTER] = take_counter,
	[EVENT_SAMPLE] = take_sample, [EVENT_WAIT] = take_wait,
	[EVENT_FLOOD] = take_flood,   [EVENT_EXPECT] = judge_expectation,
	[EVENT_INFO] = take_info,     [EVENT_SETTING] = take_setting,
	[EVENT_COVERS] = take_note,   [EVENT_ICMP] = take_icmp,
	[EVENT_DROPS] = take_drops,   [EVENT_SERVER] = take_note,
	[EVENT_ANSWER] = take_note,   [EVENT_FACT] = take_fact,
	[EVENT_END] = take_end,
};

/* Segments carry the kernel's time of them; all else is written down as it is found. */
static void check_clock(struct judge *judge, const struct event *event)
{
	if (is_sighting(event))
		return;
	if (event->at < judge->now)
		judge_object(judge, event,
			     format("the journal's time runs backwards, by %.6f s",
				    seconds(judge->now - event->at)));
	judge->now = event->at;
}

const struct finding *judge_event(struct judge *judge, const struct event *event)
{
	bool sound = !judge->found;

	/* after a finding the books go on, so that the ladders show how it went on */
	check_clock(judge, event);
	if (event->kind == EVENT_EXPECT || event->kind == EVENT_STEP || event->kind == EVENT_END)
		settle_tallies(judge);
	if (judge->ended)
		judge_object_to_journal(judge, event, format("an event after the end"));
	else if (event->kind != EVENT_BEGIN && !judge->begun)
		judge_object_to_journal(judge, event, format("the journal has no begin"));
	else if (!judge->found || event->kind != EVENT_EXPECT)
		takers[event->kind](judge, event);
	if (sound && judge->found)
		judge->found_by = *event;
	return judge->found ? &judge->finding : NULL;
}

const struct finding *judge_finish(struct judge *judge, const struct event *last)
{
	if (!judge->ended)
		judge_object_to_journal(judge, last,
					format("the journal breaks off: it has no end"));
	return judge->found ? &judge->finding : NULL;
}

const struct finding *judge_journal(struct judge *judge, const struct journal *journal)
{
	size_t length = journal_length(journal);

	for (size_t i = 0; i < length; i++)
		judge_event(judge, journal_event(journal, i));
	return length ? judge_finish(judge, journal_event(journal, length - 1)) : NULL;
}
