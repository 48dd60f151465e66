/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The books: how they begin and end, what stands in them, and how the first objection is entered.
 */
#include "captures/judge/books.h"

#include <string.h>

struct judge *judge_new(void)
{
	struct judge *judge = must_alloc(1, sizeof(*judge));

	judge->flows = GROWN(judge->flows, 0);
	judge->packets = GROWN(judge->packets, 0);
	judge->flows[0] = (struct flow_book){ .first_line = -1 };
	judge->packets[0] = (struct packet_book){ .flow = 0 };
	judge->movements = GROWN(judge->movements, 0);
	judge->movements[0] = (struct movement){ .next = 0 };
	judge->flow_count = judge->packet_count = judge->movement_count = 1;
	judge->last_sampled = -1;
	judge->step = "before the first step";
	return judge;
}

#define COPY(array, count) copy->array = COPIED(judge->array, judge->count)

struct judge *judge_clone(const struct judge *judge)
{
	struct judge *copy = must_alloc(1, sizeof(*copy));

	*copy = *judge;
	COPY(flows, flow_count);
	COPY(lines, line_count);
	COPY(packets, packet_count);
	COPY(movements, movement_count);
	COPY(sockets, socket_count);
	COPY(listeners, listener_count);
	for (int host = 0; host < HOSTS; host++)
		COPY(hosts[host].counters, hosts[host].counter_count);
	copy->finding = (struct finding){ .seq = 0 };
	copy->found = false;
	return copy;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	free(judge->flows);
	free(judge->lines);
	free(judge->packets);
	free(judge->movements);
	free(judge->sockets);
	free(judge->listeners);
	for (int host = 0; host < HOSTS; host++)
		free(judge->hosts[host].counters);
	free(judge->finding.summary);
	free(judge->finding.report);
	free(judge->finding.details);
	free(judge);
}

/* ---- objections ---------------------------------------------------------------------------- */

static void enter_finding(struct judge *judge, struct finding finding)
{
	if (judge->found) {
		free(finding.summary);
		return;
	}
	judge->found = true;
	judge->finding = finding;
}

static void unless_told(struct judge *judge, struct finding finding)
{
	if (judge->scenario)
		free(finding.summary);
	else
		enter_finding(judge, finding);
}

static struct finding finding_of(struct culprit culprit, char *summary)
{
	return (struct finding){ .seq = culprit.seq, .packet = culprit.packet, .summary = summary };
}

static struct finding uneven_finding_of(struct culprit culprit, char *summary)
{
	struct finding finding = finding_of(culprit, summary);

	finding.uneven = true;
	return finding;
}

void judge_object_to(struct judge *judge, struct culprit culprit, char *summary)
{
	unless_told(judge, finding_of(culprit, summary));
}

void judge_object_to_accounts(struct judge *judge, struct culprit culprit, char *summary)
{
	unless_told(judge, uneven_finding_of(culprit, summary));
}

void judge_object_to_ledger(struct judge *judge, struct culprit culprit, char *summary)
{
	enter_finding(judge, uneven_finding_of(culprit, summary));
}

void judge_object_to_journal(struct judge *judge, const struct event *event, char *summary)
{
	enter_finding(judge, finding_of((struct culprit){ event->seq, event->packet }, summary));
}

void judge_object(struct judge *judge, const struct event *event, char *summary)
{
	judge_object_to(judge, (struct culprit){ event->seq, event->packet }, summary);
}

/* What one sample finds has one cause. Which, is known at its end: see check_causes(). */
void note_cause(struct judge *judge, const struct event *event)
{
	for (int i = 0; i < judge->cause_count; i++)
		if (judge->causes[i] == event->packet)
			return;
	if (judge->cause_count == (int)ARRAY_LENGTH(judge->causes))
		return;
	judge->causes[judge->cause_count] = event->packet;
	judge->cause_seqs[judge->cause_count++] = event->seq;
}

const struct finding *judge_finding(const struct judge *judge)
{
	return judge->found ? &judge->finding : NULL;
}

/* ---- look-ups ------------------------------------------------------------------------------ */

struct flow_book *book_of_flow(struct judge *judge, int flow)
{
	return flow > 0 && flow < judge->flow_count ? &judge->flows[flow] : NULL;
}

struct packet_book *book_of_packet(struct judge *judge, long packet)
{
	return packet > 0 && packet < judge->packet_count ? &judge->packets[packet] : NULL;
}

struct listener_book *book_of_listener(struct judge *judge, int key)
{
	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].key == key)
			return &judge->listeners[i];
	return NULL;
}

struct listener_book *book_of_port(struct judge *judge, int port)
{
	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].port == port)
			return &judge->listeners[i];
	return NULL;
}

bool shares_its_port(const struct judge *judge, const struct listener_book *listener)
{
	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].port == listener->port &&
		    judge->listeners[i].key != listener->key)
			return true;
	return false;
}

bool is_listening(const struct listener_book *listener)
{
	return listener && listener->listens;
}

struct listener_book *listener_of(const struct judge *judge, const struct flow_book *flow)
{
	struct listener_book *known = book_of_listener((struct judge *)judge, flow->listener);

	for (int i = 0; !known && i < judge->listener_count; i++)
		if (judge->listeners[i].port == flow->port && is_listening(&judge->listeners[i]))
			return &judge->listeners[i];
	return known;
}

struct socket_book *book_of_cookie(struct judge *judge, enum host host, uint64_t cookie)
{
	for (int i = judge->socket_count; i > 0; i--)
		if (judge->sockets[i - 1].cookie == cookie && judge->sockets[i - 1].host == host)
			return &judge->sockets[i - 1];
	return NULL;
}

bool comes_after(const struct judge *judge, int later, int flow)
{
	do
		later = judge->flows[later].before;
	while (later > flow);
	return later && later == flow;
}

const struct flow_book *flow_met_by(const struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];

	while (flow->states[event->host] == NO_SOCKET && flow->before)
		flow = &judge->flows[flow->before];
	return flow;
}

struct flow_book *flow_of_numbers(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = &judge->flows[event->flow];
	bool begins = event->segment.flags & (SYN | RST);

	while (flow->before && !flow->has_isn[SERVER] && event->from == SERVER && !begins)
		flow = &judge->flows[flow->before];
	return flow;
}

struct counter_book *book_of_counter(struct judge *judge, enum host host, const char *name)
{
	struct host_book *book = &judge->hosts[host];

	for (int i = 0; i < book->counter_count; i++)
		if (book->counters[i].name == name || strcmp(book->counters[i].name, name) == 0)
			return &book->counters[i];
	return NULL;
}

/* ---- what others ask ----------------------------------------------------------------------- */

enum tcp_state judge_state(const struct judge *judge, int flow, enum host host)
{
	return judge->flows[flow].states[host];
}

long judge_counter(const struct judge *judge, enum host host, const char *name, bool since_begin)
{
	const struct counter_book *counter = book_of_counter((struct judge *)judge, host, name);

	if (!counter)
		return 0;
	return since_begin ? counter->total : counter->step;
}

unsigned judge_sent(const struct judge *judge, int flow, enum host from)
{
	return judge->flows[flow].sent[from];
}

struct depths judge_depths(const struct judge *judge, int listener_key)
{
	const struct listener_book *listener =
		book_of_listener((struct judge *)judge, listener_key);

	return listener ? listener->depths : (struct depths){ 0 };
}

int judge_limit(const struct judge *judge, int listener_key)
{
	const struct listener_book *listener =
		book_of_listener((struct judge *)judge, listener_key);

	return listener ? listener->limit : 0;
}

int judge_listener_of(const struct judge *judge, int flow)
{
	return judge->flows[flow].listener;
}

int judge_timeouts(const struct judge *judge, int flow)
{
	return judge->flows[flow].timeouts;
}

bool judge_both_talk(const struct judge *judge, int flow)
{
	const struct flow_book *book = &judge->flows[flow];

	return book->sent_next[CLIENT] > 1 && book->sent_next[SERVER] > 1;
}

int judge_syn_acks_again(const struct judge *judge)
{
	return (int)judge->hosts[SERVER].syn_acks_again;
}

int judge_flows(const struct judge *judge)
{
	return judge->flow_count - 1;
}

struct judged_flow judge_flow(const struct judge *judge, int flow)
{
	const struct flow_book *book = &judge->flows[flow];

	return (struct judged_flow){ .name = book->name,
				     .client = judge->scenario ? book->client : NULL,
				     .server = judge->scenario ? book->server : NULL,
				     .asked = book->asked,
				     .listener = book->listener,
				     .raw = book->raw,
				     .has_optional = book->has_optional,
				     .began = book->t0,
				     .first_line = book->first_line };
}

int judge_listeners(const struct judge *judge)
{
	return judge->listener_count;
}

struct judged_listener judge_listener(const struct judge *judge, int index)
{
	const struct listener_book *book = &judge->listeners[index];

	return (struct judged_listener){ book->key, book->name, book->depths, book->closed };
}

bool judge_counter_is_stray(const struct judge *judge)
{
	return judge->stray;
}

int judge_counters(const struct judge *judge, enum host host)
{
	return judge->hosts[host].counter_count;
}

struct judged_counter judge_counter_at(const struct judge *judge, enum host host, int index)
{
	const struct counter_book *book = &judge->hosts[host].counters[index];

	return (struct judged_counter){ book->name, book->total };
}
