/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge: a fold over the journal. It keeps books of segments, sockets, queues and counters
 * and objects at the first event that does not add up, whatever the case asserts besides.
 */
#include "captures/books.h"

#include <errno.h>
#include <string.h>

/* Arrays grow by doubling at powers of two, so that the room need not be stored. */
void *grown(void *array, int count, size_t size)
{
	if (count & (count - 1))
		return array;
	return must_realloc(array, count ? (size_t)count * 2 : 1, size);
}

static void *copied(const void *array, int count, size_t size)
{
	size_t room = 1;
	void *copy;

	if (!array)
		return NULL;
	while (room < (size_t)count)
		room *= 2;
	if ((size_t)count == room) /* the next grown() doubles it */
		room *= 2;
	copy = must_alloc(room, size);
	memcpy(copy, array, (size_t)count * size);
	return copy;
}

struct judge *judge_new(void)
{
	struct judge *judge = must_alloc(1, sizeof(*judge));

	judge->flows = grown(NULL, 0, sizeof(*judge->flows));
	judge->packets = grown(NULL, 0, sizeof(*judge->packets));
	judge->flows[0] = (struct flow_book){ .first_rung = -1 };
	judge->packets[0] = (struct packet_book){ .flow = 0 };
	judge->flow_count = judge->packet_count = 1;
	judge->last_sampled = -1;
	judge->step = "before the first step";
	return judge;
}

#define COPY(array, count) \
	copy->array = copied(judge->array, judge->count, sizeof(*judge->array))

struct judge *judge_clone(const struct judge *judge)
{
	struct judge *copy = must_alloc(1, sizeof(*copy));

	*copy = *judge;
	COPY(flows, flow_count);
	COPY(rungs, rung_count);
	COPY(packets, packet_count);
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
	free(judge->rungs);
	free(judge->packets);
	free(judge->sockets);
	free(judge->listeners);
	for (int host = 0; host < HOSTS; host++)
		free(judge->hosts[host].counters);
	free(judge->finding.summary);
	free(judge->finding.report);
	free(judge);
}

/* Records the first finding; takes over @summary. */
void judge_object_to(struct judge *judge, struct culprit culprit, char *summary)
{
	if (judge->found) {
		free(summary);
		return;
	}
	judge->found = true;
	judge->finding.seq = culprit.seq;
	judge->finding.packet = culprit.packet;
	judge->finding.summary = summary;
}

void judge_object(struct judge *judge, const struct event *event, char *summary)
{
	judge_object_to(judge, (struct culprit){ event->seq, event->packet }, summary);
}

const char *host_name(enum host host)
{
	return host == CLIENT ? "client" : "server";
}

enum host other(enum host host)
{
	return host == CLIENT ? SERVER : CLIENT;
}

struct flow_book *book_of_flow(struct judge *judge, int flow)
{
	return flow > 0 && flow < judge->flow_count ? &judge->flows[flow] : NULL;
}

struct listener_book *book_of_listener(struct judge *judge, int port)
{
	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].port == port)
			return &judge->listeners[i];
	return NULL;
}

struct counter_book *book_of_counter(struct judge *judge, enum host host, const char *name)
{
	struct host_book *book = &judge->hosts[host];

	for (int i = 0; i < book->counter_count; i++)
		if (book->counters[i].name == name || strcmp(book->counters[i].name, name) == 0)
			return &book->counters[i];
	return NULL;
}

/* ---- declarations ----------------------------------------------------------------------------- */

static void take_begin(struct judge *judge, const struct event *event)
{
	judge->begun = true;
	judge->slack = event->delta;
	judge->tick = event->value;
	judge->wire_delay = event->fires;
}

static void take_listener(struct judge *judge, const struct event *event)
{
	if (book_of_listener(judge, event->listener))
		return;
	judge->listeners = grown(judge->listeners, judge->listener_count,
				 sizeof(*judge->listeners));
	judge->listeners[judge->listener_count++] =
		(struct listener_book){ .port = event->listener, .name = event->name };
}

static void take_flow(struct judge *judge, const struct event *event)
{
	if (event->flow != judge->flow_count) {
		judge_object(judge, event, format("flow %d is not the next one", event->flow));
		return;
	}
	if (!book_of_listener(judge, event->listener)) {
		judge_object(judge, event,
			     format("%s goes to port %d, where nobody listens", event->name,
				    event->listener));
		return;
	}
	judge->flows = grown(judge->flows, judge->flow_count, sizeof(*judge->flows));
	judge->flows[judge->flow_count++] = (struct flow_book){
		.name = event->name,
		.listener = event->listener,
		.raw = event->injected,
		.first_rung = -1,
		.last_rung = -1,
		.next_unnamed = -1,
	};
}

/* ---- segments --------------------------------------------------------------------------------- */

struct packet_book *book_of_packet(struct judge *judge, long packet)
{
	return packet > 0 && packet < judge->packet_count ? &judge->packets[packet] : NULL;
}

static bool same_segment(const struct segment *a, const struct segment *b)
{
	return a->source_port == b->source_port && a->destination_port == b->destination_port &&
	       a->seq == b->seq && a->ack == b->ack && a->flags == b->flags &&
	       a->window == b->window && a->length == b->length && a->mss == b->mss &&
	       a->window_scale == b->window_scale && a->sack_permitted == b->sack_permitted &&
	       a->timestamps == b->timestamps && a->tsval == b->tsval && a->tsecr == b->tsecr;
}

/* A SYN or SYN-ACK that comes again must be the same but for its timestamps (RFC 9293, 3.8.1). */
static bool repeats(const struct segment *first, const struct segment *again)
{
	return first->seq == again->seq && first->ack == again->ack &&
	       first->flags == again->flags && first->mss == again->mss &&
	       first->window_scale == again->window_scale &&
	       first->sack_permitted == again->sack_permitted &&
	       first->timestamps == again->timestamps && first->length == again->length &&
	       first->window == again->window;
}

/* Without a request, a SYN that comes again makes another one, or gets another cookie. */
static bool is_repeated_syn(const struct flow_book *flow, const struct event *event)
{
	return event->segment.flags & SYN && flow->has_isn[event->from] &&
	       (event->from == CLIENT || flow->states[SERVER] != NO_SOCKET);
}

static void check_syn(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct segment *segment = &event->segment;
	enum host from = event->from;

	if (is_repeated_syn(flow, event)) {
		if (!(flow->raw && from == CLIENT) && !repeats(&flow->first_syn[from], segment))
			judge_object(judge, event,
				     format("%s of %s is not the one sent before: a retransmission "
					    "repeats sequence number and options",
					    segment->flags & ACK ? "SYN-ACK" : "SYN", flow->name));
		return;
	}
	flow->has_isn[from] = true;
	flow->isn[from] = segment->seq;
	flow->first_syn[from] = *segment;
	if (!(segment->flags & ACK))
		return;
	if (segment->ack != flow->isn[other(from)] + 1)
		judge_object(judge, event,
			     format("SYN-ACK of %s does not acknowledge the SYN", flow->name));
	if ((segment->timestamps && !flow->first_syn[other(from)].timestamps) ||
	    (segment->sack_permitted && !flow->first_syn[other(from)].sack_permitted) ||
	    (segment->window_scale >= 0 && flow->first_syn[other(from)].window_scale < 0))
		judge_object(judge, event,
			     format("SYN-ACK of %s has an option that its SYN had not", flow->name));
}

/* The ports of a flow tell the direction of its segments. */
static void check_ports(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct segment *segment = &event->segment;
	bool from_client = event->from == CLIENT;
	int client = from_client ? segment->source_port : segment->destination_port;
	int server = from_client ? segment->destination_port : segment->source_port;

	if (flow->client_port == 0)
		flow->client_port = client;
	if (client != flow->client_port || server != flow->listener)
		judge_object(judge, event,
			     format("segment %ld from the %s goes from port %d to port %d, and %s is "
				    "between %d and %d",
				    event->packet, host_name(event->from), segment->source_port,
				    segment->destination_port, flow->name, flow->client_port,
				    flow->listener));
}

/* Whether a segment with this timestamp has come to where its echo comes from. */
static bool has_come(const struct judge *judge, const struct event *echo)
{
	for (int i = judge->packet_count; i > 0; i--) {
		const struct packet_book *packet = &judge->packets[i - 1];

		if (packet->flow == echo->flow && packet->from != echo->from &&
		    packet->arrivals > 0 && packet->segment.timestamps &&
		    packet->segment.tsval == echo->segment.tsecr)
			return true;
	}
	return false;
}

/*
 * RFC 7323, 3.2: timestamps are in all segments or, when the SYNs did not agree on them, in none;
 * they grow, and echo what has come. A raw peer may do as it likes, and RSTs have none.
 */
static void check_timestamps(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct segment *segment = &event->segment;
	enum host from = event->from;
	bool agreed = flow->first_syn[CLIENT].timestamps && flow->first_syn[SERVER].timestamps;

	if (!(segment->flags & (SYN | RST)) && segment->timestamps != agreed)
		judge_object(judge, event,
			     format("segment %ld has %s timestamps, but SYN and SYN-ACK of %s %s on "
				    "them",
				    event->packet, agreed ? "no" : "got", flow->name,
				    agreed ? "agreed" : "did not agree"));
	if (!segment->timestamps)
		return;
	if (flow->has_tsval[from] && (int32_t)(segment->tsval - flow->tsval[from]) < 0)
		judge_object(judge, event,
			     format("the timestamp of segment %ld, %u, is older than the %s's last, "
				    "%u",
				    event->packet, segment->tsval, host_name(from),
				    flow->tsval[from]));
	if (segment->flags & ACK ? !has_come(judge, event) : segment->tsecr != 0)
		judge_object(judge, event,
			     format("segment %ld echoes timestamp %u, which never came to the %s",
				    event->packet, segment->tsecr, host_name(from)));
	flow->has_tsval[from] = true;
	flow->tsval[from] = segment->tsval;
}

/* Of SYN, FIN and RST a segment has one at most; without SYN and RST it acknowledges (RFC 9293). */
static void check_flags(struct judge *judge, const struct event *event)
{
	uint8_t kind = event->segment.flags & (SYN | FIN | RST);

	if (kind & (kind - 1) || (!(kind & (SYN | RST)) && !(event->segment.flags & ACK)))
		judge_object(judge, event,
			     format("segment %ld has flags that TCP does not send: %s%s%s%s",
				    event->packet, kind & SYN ? "SYN " : "", kind & FIN ? "FIN " : "",
				    kind & RST ? "RST " : "",
				    event->segment.flags & ACK ? "ACK" : "no ACK"));
}

static void check_segment(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct segment *segment = &event->segment;

	check_ports(judge, event, flow);
	check_flags(judge, event);
	if (segment->flags & SYN)
		check_syn(judge, event, flow);
	if (!(segment->flags & ACK) && segment->ack != 0)
		judge_object(judge, event,
			     format("segment %ld acknowledges %u without the flag ACK",
				    event->packet, segment->ack));
	if (!event->injected)
		check_timestamps(judge, event, flow);
}

/* Whether Tcp.RetransSegs counts it instead of Tcp.OutSegs (__tcp_retransmit_skb). */
static bool is_retransmission(const struct flow_book *flow, const struct event *event)
{
	const struct segment *segment = &event->segment;
	uint32_t occupies = segment->length + !!(segment->flags & SYN) + !!(segment->flags & FIN);
	uint32_t end = segment->seq + occupies - flow->isn[event->from];

	if ((segment->flags & SYN && segment->flags & ACK) || occupies == 0)
		return false;
	return flow->has_segment[event->from] && (int32_t)(end - flow->sent_next[event->from]) <= 0;
}

static void check_injection(struct judge *judge, const struct event *event,
			    struct flow_book *flow)
{
	if (flow->injections-- <= 0)
		judge_object(judge, event,
			     format("segment %ld of %s was injected, but not by the case",
				    event->packet, flow->name));
}

static void count_sent(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	struct host_book *host = &judge->hosts[event->host];
	const struct packet_book *packet = book_of_packet(judge, event->packet);
	uint8_t flags = event->segment.flags;

	if (!packet->retransmission)
		enter_ledger(host, OUT_SEGS, event);
	if (flags & RST)
		enter_ledger(host, OUT_RSTS, event);
	if (packet->repeated)
		enter_ledger(host, SYN_RETRANS, event);
	if (packet->retransmission || packet->repeated)
		enter_ledger(host, RETRANS_SEGS, event);
	if (!(flags & SYN) || !(flags & ACK))
		return;
	flow->synack_sent = event->at;
	flow->synack_sent_in = judge->looks + 1;
}

static void advance_sender(struct flow_book *flow, const struct event *event)
{
	const struct segment *segment = &event->segment;
	uint32_t end = segment->seq + segment->length + !!(segment->flags & SYN) +
		       !!(segment->flags & FIN) - flow->isn[event->from];

	flow->sent[event->from]++;
	flow->heard[event->from].fin_sent |= !!(segment->flags & FIN);
	if (!(segment->flags & RST) &&
	    (!flow->has_segment[event->from] ||
	     (int32_t)(end - flow->sent_next[event->from]) > 0))
		flow->sent_next[event->from] = end;
	flow->has_segment[event->from] = true;
}

static void hear(struct heard *heard, const struct segment *segment)
{
	heard->syn |= (segment->flags & (SYN | ACK)) == SYN;
	heard->syn_ack |= (segment->flags & (SYN | ACK)) == (SYN | ACK);
	heard->ack |= (segment->flags & (SYN | ACK)) == ACK;
	heard->fin |= !!(segment->flags & FIN);
}

static void advance_receiver(struct flow_book *flow, const struct event *event)
{
	const struct segment *segment = &event->segment;
	uint32_t begin = segment->seq - flow->isn[event->from];
	uint32_t end = begin + segment->length + !!(segment->flags & SYN) +
		       !!(segment->flags & FIN);
	enum host host = event->host;

	hear(&flow->heard[host], segment);
	flow->arrived[event->from]++;
	flow->last_arrived[host] = *segment;
	if ((int32_t)(begin - flow->received_next[host]) <= 0 &&
	    (int32_t)(end - flow->received_next[host]) > 0 && !(segment->flags & RST))
		flow->received_next[host] = end;
	if (segment->flags & ACK) {
		uint32_t acked = segment->ack - flow->isn[host];

		if ((int32_t)(acked - flow->acked[host]) > 0)
			flow->acked[host] = acked;
	}
}

/* A segment enters the books where it is first seen: at its sender, or injected at the receiver. */
static void enter_packet(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	struct packet_book *packet;

	if (event->packet != judge->packet_count) {
		judge_object(judge, event,
			     format("segment %ld was seen where %d is the next: one is missing",
				    event->packet, judge->packet_count));
		return;
	}
	judge->packets = grown(judge->packets, judge->packet_count, sizeof(*judge->packets));
	packet = &judge->packets[judge->packet_count++];
	*packet = (struct packet_book){
		.flow = event->flow,
		.known = true,
		.injected = event->injected,
		.from = event->from,
		.sent = event->at,
		.segment = event->segment,
	};
	packet->retransmission = is_retransmission(flow, event);
	packet->repeated = is_repeated_syn(flow, event);
	check_segment(judge, event, flow);
	packet->rung = add_rung(judge, event, event->flow);
	advance_sender(flow, event);
	if (event->injected) {
		check_injection(judge, event, flow);
		return;
	}
	count_sent(judge, event, flow);
	owe_for_sending(judge, event);
	if (event->segment.flags & SYN && event->segment.flags & ACK) {
		flow->synack_since_timer = true;
		judge->hosts[SERVER].syn_acks_again += packet->repeated;
		flow->synack = (struct culprit){ event->seq, event->packet };
		flow->synacks = packet->repeated ? flow->synacks + 1 : 1;
	}
}

/* Nothing but the gate and the wire's own delay keeps a segment from its receiver. */
static void check_transit(struct judge *judge, const struct event *event,
			  const struct packet_book *packet)
{
	nsec left = packet->held ? packet->released_at : packet->sent;

	if (judge->wire_delay >= 0 && event->at - left > judge->wire_delay + PATIENCE)
		judge_object(judge, event,
			     format("segment %ld arrived %.3f s after it was %s, on a wire that takes "
				    "%.3f s",
				    event->packet, seconds(event->at - left),
				    packet->held ? "released" : "sent", seconds(judge->wire_delay)));
}

static void take_arrival(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	struct packet_book *packet = book_of_packet(judge, event->packet);

	if (!packet || packet->from != event->from || packet->gone) {
		judge_object(judge, event,
			     format("segment %ld arrived at the %s, but nobody sent it that way",
				    event->packet, host_name(event->host)));
		return;
	}
	if (!same_segment(&packet->segment, &event->segment)) {
		judge_object(judge, event,
			     format("segment %ld arrived changed by the wire", event->packet));
		return;
	}
	if (event->at < packet->sent) {
		judge_object(judge, event,
			     format("segment %ld arrived before it was sent", event->packet));
		return;
	}
	if (packet->arrivals++ > packet->copies) {
		judge_object(judge, event,
			     format("segment %ld arrived twice", event->packet));
		return;
	}
	if (packet->held && !packet->released) {
		judge_object(judge, event,
			     format("segment %ld arrived while the gate held it", event->packet));
		return;
	}
	judge->rungs[packet->rung].arrived = event->at;
	check_transit(judge, event, packet);
	if (!packet->held)
		flow->transit += event->at - packet->sent;
	owe_for_arrival(judge, event);
	advance_receiver(flow, event);
}

/* Of one host's capture, in its order: times never run backwards there. */
static void check_capture_order(struct judge *judge, const struct event *event)
{
	struct host_book *host = &judge->hosts[event->host];

	if (event->at < host->last_packet)
		judge_object(judge, event,
			     format("segment %ld is older than the one captured before it at the "
				    "%s",
				    event->packet, host_name(event->host)));
	host->last_packet = event->at;
	host->last_packet_seq = event->seq;
}

static void take_packet(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = book_of_flow(judge, event->flow);
	bool arrives = event->host != event->from;

	if (!flow) {
		judge_object(judge, event,
			     format("segment %ld belongs to no flow that the case named: %s",
				    event->packet, state_name(NO_SOCKET)));
		return;
	}
	check_capture_order(judge, event);
	if (!arrives || (event->injected && !event->copy))
		enter_packet(judge, event, flow);
	if (arrives && !judge->found)
		take_arrival(judge, event, flow);
	if (arrives)
		enter_ledger(&judge->hosts[event->host], IN_SEGS, event);
}

/* A raw peer lives on the wire: what the gate takes for it has arrived. */
static void arrive_at_peer(struct judge *judge, const struct event *event,
			   struct packet_book *packet)
{
	struct event arrival = { .host = CLIENT,
				 .from = packet->from,
				 .segment = packet->segment,
				 .packet = event->packet };

	packet->arrivals++;
	advance_receiver(&judge->flows[packet->flow], &arrival);
}

enum gate_word { HELD, RELEASED, DUPLICATED, TAKEN, DROPPED, LOST, GATE_WORDS };

static enum gate_word gate_word_of(const char *name)
{
	static const char *const words[GATE_WORDS] = { "held",	"released", "duplicated",
						       "taken", "dropped",  "lost" };
	int word = 0;

	while (word < GATE_WORDS && strcmp(name, words[word]) != 0)
		word++;
	return (enum gate_word)word;
}

/* Whether the gate has the segment still, so that it can do this with it. */
static bool gate_can(const struct judge *judge, const struct packet_book *packet,
		     enum gate_word word)
{
	bool all_arrived = packet->arrivals > packet->copies;
	bool has_it = !packet->injected && !packet->gone && !all_arrived;

	switch (word) {
	case HELD:
		return has_it && !packet->held && packet->arrivals == 0;
	case RELEASED:
		return has_it && packet->held && !packet->released;
	case DUPLICATED:
		return has_it && packet->arrivals == 0 && packet->copies == 0;
	case TAKEN:
		return has_it && packet->from == SERVER && judge->flows[packet->flow].raw;
	case DROPPED:
		return has_it && !packet->held && packet->copies == 0;
	case LOST:
		return has_it && (!packet->held || packet->released);
	default:
		return false;
	}
}

static void take_gate(struct judge *judge, const struct event *event)
{
	struct packet_book *packet = book_of_packet(judge, event->packet);
	enum gate_word word = gate_word_of(event->name);
	struct rung *rung;

	if (!packet || !gate_can(judge, packet, word)) {
		judge_object(judge, event,
			     format("\"%s\", says the gate of segment %ld, which it %s", event->name,
				    event->packet, packet ? "cannot have" : "never got"));
		return;
	}
	rung = &judge->rungs[packet->rung];
	if (word == HELD) {
		packet->held = rung->held = true;
	} else if (word == RELEASED) {
		packet->released = true;
		packet->released_at = event->at;
	} else if (word == DUPLICATED) {
		packet->copies++;
	} else if (word == TAKEN) {
		arrive_at_peer(judge, event, packet);
	} else {
		packet->gone = rung->dropped = true;
	}
}

/* ---- sockets and queues ----------------------------------------------------------------------- */

#define TO(state) (1u << (state))

/* What one look may find where the last one found the row's state. CLOSED is never listed. */
static const unsigned transitions[TCP_STATES] = {
	[NO_SOCKET] = TO(SYN_SENT) | TO(SYN_RECV) | TO(ESTABLISHED) | TO(CLOSE_WAIT),
	[SYN_SENT] = TO(ESTABLISHED) | TO(NO_SOCKET) | TO(FIN_WAIT1),
	[SYN_RECV] = TO(ESTABLISHED) | TO(CLOSE_WAIT) | TO(NO_SOCKET) | TO(FIN_WAIT1) | TO(SYN_RECV),
	[ESTABLISHED] = TO(FIN_WAIT1) | TO(CLOSE_WAIT) | TO(NO_SOCKET),
	[FIN_WAIT1] = TO(FIN_WAIT2) | TO(CLOSING) | TO(TIME_WAIT) | TO(NO_SOCKET),
	[FIN_WAIT2] = TO(TIME_WAIT) | TO(NO_SOCKET),
	[TIME_WAIT] = TO(NO_SOCKET) | TO(SYN_RECV),
	[CLOSE_WAIT] = TO(LAST_ACK) | TO(NO_SOCKET),
	[LAST_ACK] = TO(NO_SOCKET),
	[CLOSING] = TO(TIME_WAIT) | TO(NO_SOCKET),
};

/* What a host must have got, or sent, to be in a state. */
static const char *missing_for(const struct flow_book *flow, const struct event *event)
{
	const struct heard *heard = &flow->heard[event->host];
	bool client = event->host == CLIENT;
	bool closes = heard->fin_sent || flow->closed[event->host];

	switch (event->state) {
	case SYN_SENT:
		return client ? NULL : "the client's end";
	case SYN_RECV:
		return !client && heard->syn ? NULL : "a SYN";
	case ESTABLISHED:
		return (client ? heard->syn_ack : heard->ack) ? NULL : client ? "a SYN-ACK" : "an ACK";
	case FIN_WAIT1:
	case FIN_WAIT2:
		return closes ? NULL : "close()";
	case CLOSE_WAIT:
		return heard->fin ? NULL : "a FIN";
	case CLOSING:
	case LAST_ACK:
	case TIME_WAIT:
		return heard->fin && closes ? NULL : "a FIN from both ends";
	default:
		return NULL;
	}
}

static struct socket_book *book_of_socket(struct judge *judge, const struct event *event)
{
	for (int i = judge->socket_count; i > 0; i--)
		if (judge->sockets[i - 1].cookie == event->cookie &&
		    judge->sockets[i - 1].host == event->host)
			return &judge->sockets[i - 1];
	judge->sockets = grown(judge->sockets, judge->socket_count, sizeof(*judge->sockets));
	judge->sockets[judge->socket_count] = (struct socket_book){
		.host = event->host, .cookie = event->cookie, .flow = event->flow
	};
	return &judge->sockets[judge->socket_count++];
}

/* What one look finds has one cause. Which, is known at its end: see check_causes(). */
static void note_cause(struct judge *judge, const struct event *event)
{
	for (int i = 0; i < judge->cause_count; i++)
		if (judge->causes[i] == event->packet)
			return;
	if (judge->cause_count == (int)ARRAY_LENGTH(judge->causes))
		return;
	judge->causes[judge->cause_count] = event->packet;
	judge->cause_seqs[judge->cause_count++] = event->seq;
}

static void check_causes(struct judge *judge, const struct event *event)
{
	for (int i = 0; i < judge->cause_count; i++)
		if (judge->causes[i] != event->packet)
			judge_object_to(judge,
					(struct culprit){ judge->cause_seqs[i], judge->causes[i] },
					format("something was found after segment %ld and is put down "
					       "to segment %ld",
					       event->packet, judge->causes[i]));
	judge->cause_count = 0;
}

static bool is_child(enum tcp_state state)
{
	return state != NO_SOCKET && state != SYN_RECV && state != TIME_WAIT;
}

/* Tcp.CurrEstab counts these two (RFC 4022, tcpCurrEstab). */
static bool counts_as_established(enum tcp_state state)
{
	return state == ESTABLISHED || state == CLOSE_WAIT;
}

static void count_socket(struct judge *judge, const struct event *event,
			 const struct flow_book *flow)
{
	struct listener_book *listener = book_of_listener(judge, flow->listener);
	struct host_book *host = &judge->hosts[event->host];

	if (counts_as_established(event->state))
		enter_ledger(host, CURR_ESTAB, event);
	host->seen[CURR_ESTAB] -= counts_as_established(event->was);
	if (event->host == CLIENT && event->was == NO_SOCKET)
		enter_ledger(host, ACTIVE_OPENS, event);
	if (event->host != SERVER || !listener)
		return;
	listener->changed_seq = event->seq;
	listener->requests += (event->state == SYN_RECV) - (event->was == SYN_RECV);
	if (is_child(event->state) && !is_child(event->was)) {
		listener->children++;
		enter_ledger(host, PASSIVE_OPENS, event);
	}
}

/* A change of state belongs to the rung of its cause, or makes a rung of its own. */
static void attach_state(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct packet_book *cause = book_of_packet(judge, event->packet);
	struct rung *rung;
	int index = cause && cause->flow == event->flow ? cause->rung : -1;
	bool silent_timer = event->was == event->state && !flow->synack_since_timer;

	if (event->was == event->state && !silent_timer)
		return; /* its SYN-ACK has a rung already */
	if (index < 0 && flow->last_rung >= 0 && judge->rungs[flow->last_rung].sampled &&
	    judge->rungs[flow->last_rung].at == event->at)
		index = flow->last_rung; /* the other host's change, found by the same sample */
	if (index < 0 || silent_timer)
		index = add_rung(judge, event, event->flow);
	rung = &judge->rungs[index];
	if (silent_timer) {
		snprintf(rung->words, sizeof(rung->words), "timer");
		return;
	}
	rung->changed = true;
	rung->states[CLIENT] = flow->states[CLIENT];
	rung->states[SERVER] = flow->states[SERVER];
}

/* TCP_TIMEOUT_INIT, doubled each time, up to TCP_RTO_MAX */
static nsec request_period(int timeouts)
{
	return timeouts < 7 ? SEC(1 << timeouts) : SEC(120);
}

/* Between when and when the request's timer was set that is found now. */
struct span {
	nsec first, last;
};

/* It is set when a SYN-ACK leaves, when it fires without one, or when a SYN comes again. */
static struct span timer_was_set(const struct judge *judge, const struct event *event,
				 const struct flow_book *flow)
{
	long look = judge->looks + 1;

	if (flow->synack_sent_in == look)
		return (struct span){ flow->synack_sent, flow->synack_sent };
	if (flow->syn_arrived_in == look)
		return (struct span){ flow->syn_arrived, event->at };
	return (struct span){ event->was == SYN_RECV ? flow->fires : flow->t0, event->at };
}

static void check_request_timer(struct judge *judge, const struct event *event,
				const struct flow_book *flow)
{
	nsec period = request_period(flow->timeouts + (event->was == SYN_RECV));
	struct span set = timer_was_set(judge, event, flow);

	if (event->fires < set.first + period - 2 * TIMER_GRAIN ||
	    event->fires > set.last + period + TIMER_GRAIN)
		judge_object(judge, event,
			     format("the timer of %s's request is due at %.3f s, but it was set between "
				    "%.3f s and %.3f s, for %.0f s",
				    flow->name, seconds(event->fires - flow->t0),
				    seconds(set.first - flow->t0), seconds(set.last - flow->t0),
				    seconds(period)));
}

static void take_socket(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = book_of_flow(judge, event->flow);
	struct socket_book *socket;

	if (!flow) {
		judge_object(judge, event,
			     format("a socket in %s on the %s belongs to no flow that the case named",
				    state_name(event->state), host_name(event->host)));
		return;
	}
	socket = book_of_socket(judge, event);
	if (socket->state != event->was) {
		judge_object(judge, event,
			     format("%s's socket on the %s left %s, but it was in %s: a state is "
				    "missing",
				    flow->name, host_name(event->host), state_name(event->was),
				    state_name(socket->state)));
		return;
	}
	if (!(transitions[event->was] & TO(event->state))) {
		judge_object(judge, event,
			     format("%s's socket on the %s went from %s to %s, which TCP has not",
				    flow->name, host_name(event->host), state_name(event->was),
				    state_name(event->state)));
		return;
	}
	if (missing_for(flow, event)) {
		judge_object(judge, event,
			     format("%s's socket on the %s is in %s without %s", flow->name,
				    host_name(event->host), state_name(event->state),
				    missing_for(flow, event)));
		return;
	}
	if (event->state == SYN_RECV && flow->synacks > 0 &&
	    event->retrans != (int)flow->synacks - 1) {
		bool just_sent = event->retrans < (int)flow->synacks - 1 &&
				 flow->synack.seq > judge->look_began;

		judge_object_to(judge,
				just_sent ? flow->synack :
					    (struct culprit){ event->seq, event->packet },
			     format("%s's request counts %d SYN-ACKs sent again, its capture has %u",
				    flow->name, event->retrans, flow->synacks - 1));
		return;
	}
	if (event->state == SYN_RECV)
		check_request_timer(judge, event, flow);
	note_cause(judge, event);
	owe_for_state(judge, event);
	socket->state = flow->states[event->host] = event->state;
	count_socket(judge, event, flow);
	if (event->host == SERVER) {
		flow->timeouts += event->was == SYN_RECV && event->state == SYN_RECV;
		flow->fires = event->fires;
		flow->fires_seq = event->seq;
	}
	attach_state(judge, event, flow);
	if (event->host == SERVER && event->was == event->state)
		flow->synack_since_timer = false;
	if (event->host == SERVER && event->was == NO_SOCKET)
		flow->synack_since_timer = false;
}

static void take_queue(struct judge *judge, const struct event *event)
{
	struct listener_book *listener = book_of_listener(judge, event->listener);

	if (!listener) {
		judge_object(judge, event, format("a queue of port %d, where nobody listens",
						  event->listener));
		return;
	}
	note_cause(judge, event);
	listener->told_seq = event->seq;
	listener->depths = (struct depths){ event->accept, event->limit, event->syn };
	if (!listener->listens || event->limit != listener->limit)
		judge_object(judge, event,
			     format("accept queue of %s has the limit %d, but listen() %s", listener->name,
				    event->limit, listener->listens ? "made it another" : "was not called"));
}

/* ---- counters --------------------------------------------------------------------------------- */

static void attach_counter(struct judge *judge, const struct event *event,
			   const struct counter_book *counter)
{
	const struct packet_book *cause = book_of_packet(judge, event->packet);
	int index = cause ? cause->rung : judge->last_sampled;
	struct rung *rung;
	char *counters;
	size_t used;

	if (index < 0 || (!cause && judge->rungs[index].at != event->at) ||
	    counter->exempt)
		return;
	rung = &judge->rungs[index];
	if (cause && event->host != cause->from && counter->tells_of_a_drop)
		rung->ignored = true;
	counters = rung->counters[event->host];
	used = strlen(counters);
	snprintf(counters + used, sizeof(rung->counters[0]) - used, "%s%s %+ld",
		 used ? ", " : "", event->name, event->delta);
}

static struct counter_book *enter_counter(struct judge *judge, const struct event *event)
{
	struct host_book *host = &judge->hosts[event->host];
	struct counter_book *counter = book_of_counter(judge, event->host, event->name);

	if (counter)
		return counter;
	host->counters = grown(host->counters, host->counter_count, sizeof(*host->counters));
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

	if (counter->value + event->delta != event->value || event->delta == 0) {
		judge_object(judge, event,
			     format("%s of the %s stands at %ld after %ld %+ld", event->name,
				    host_name(event->host), event->value, counter->value,
				    event->delta));
		return;
	}
	note_cause(judge, event);
	advance_counter(&judge->hosts[event->host], event, counter);
	count_tallies(judge, event, counter->tallies);
	attach_counter(judge, event, counter);
}

/* ---- closing the books ------------------------------------------------------------------------ */

static void close_queue(struct judge *judge, const struct event *event,
			const struct listener_book *listener)
{
	int waiting = listener->children - listener->accepted;
	struct culprit culprit = { event->seq, event->packet };

	if (listener->told_seq > judge->look_began)
		culprit.seq = listener->told_seq;
	else if (listener->changed_seq > judge->look_began)
		culprit.seq = listener->changed_seq;
	if (!listener->told_seq || listener->depths.limit != listener->limit)
		judge_object(judge, event,
			     format("%s listens, and no queue of the limit %d is known of it",
				    listener->name, listener->limit));
	else if (listener->depths.accept != waiting || listener->depths.syn != listener->requests)
		judge_object_to(judge, culprit,
			     format("queues of %s were %d and %d, but its sockets make them %d and %d",
				    listener->name, listener->depths.accept, listener->depths.syn,
				    waiting, listener->requests));
}

static void take_sample(struct judge *judge, const struct event *event)
{
	check_causes(judge, event);
	close_ledgers(judge, event);
	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].listens && !judge->listeners[i].closed)
			close_queue(judge, event, &judge->listeners[i]);
	close_tallies(judge, event);
	judge->looks++;
	judge->look_began = event->seq;
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
		autofree char *text = rung_text(judge, &judge->rungs[unnamed]);

		judge_object(judge, event,
			     format("no expected ladder names this of %s: %s",
				    judge->flows[i].name, text));
		judge->finding.seq = judge->rungs[unnamed].seq;
		judge->finding.packet = judge->rungs[unnamed].packet;
	}
}

static void take_end(struct judge *judge, const struct event *event)
{
	take_sample(judge, event);
	close_packets(judge, event);
	close_flows(judge, event);
	judge_unnamed_counters(judge, event);
	judge->ended = true;
}

/* ---- calls ------------------------------------------------------------------------------------ */

/* @want is "EAGAIN", "5", ">=0"; a call that fails returns -1 with its errno. */
static bool call_as_wanted(const struct event *event)
{
	const char *name = event->error ? strerrorname_np(event->error) : NULL;
	char *end;
	long wanted;

	if (!event->want)
		return true;
	if (name && event->result >= 0)
		return false;
	if (name || event->result < 0)
		return name && strcmp(event->want, name) == 0;
	if (strcmp(event->want, ">=0") == 0)
		return true;
	wanted = strtol(event->want, &end, 10);
	return *end == '\0' && end != event->want && wanted == event->result;
}

/* Calls that cannot make a host send anything. */
static bool only_asks(const char *name)
{
	return strncmp(name, "poll", 4) == 0 || strncmp(name, "SO_", 3) == 0 ||
	       strncmp(name, "TCP_", 4) == 0 || strcmp(name, "accept") == 0;
}

static void note_call_of_flow(struct flow_book *flow, const struct event *event)
{
	if (!only_asks(event->name)) {
		flow->call_began[event->host] = event->began;
		flow->call_ended[event->host] = event->at;
		flow->call_name[event->host] = event->name;
	}
	flow->injections += strcmp(event->name, "inject") == 0;
	if (strcmp(event->name, "close") == 0)
		flow->closed[event->host] = true;
	if (event->rto)
		flow->rto = event->rto;
}

static void take_call(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = book_of_flow(judge, event->flow);
	struct listener_book *listener = book_of_listener(judge, event->listener);

	if (!call_as_wanted(event)) {
		const char *name = event->error ? strerrorname_np(event->error) : NULL;
		autofree char *got = name ? format("%s", name) : format("%ld", event->result);

		judge_object(judge, event,
			     format("%s of %s returned %s, expected %s", event->name,
				    event->object ? event->object : "?", got, event->want));
		return;
	}
	if (flow)
		note_call_of_flow(flow, event);
	if (!listener || event->result < 0)
		return;
	if (strcmp(event->name, "accept") == 0)
		listener->accepted++;
	else if (strcmp(event->name, "close") == 0)
		listener->closed = true;
	if (strcmp(event->name, "listen") != 0)
		return;
	listener->listens = true;
	listener->limit = event->limit;
}

static void take_step(struct judge *judge, const struct event *event)
{
	judge_unnamed_counters(judge, event);
	for (int host = 0; host < HOSTS; host++)
		for (int i = 0; i < judge->hosts[host].counter_count; i++)
			judge->hosts[host].counters[i].step = judge->hosts[host].counters[i].named =
				judge->hosts[host].counters[i].largest = 0;
	judge->hosts[SERVER].syn_acks_again = 0;
	judge->step = event->name;
	judge->step_began = event->at;
}

static void take_wait(struct judge *judge, const struct event *event)
{
	if (!event->result)
		judge_object(judge, event,
			     format("waited %.1f s for %s in vain", seconds(event->at - event->began),
				    event->name));
}

typedef void taker(struct judge *judge, const struct event *event);

static void take_flood(struct judge *judge, const struct event *event)
{
	judge->hosts[event->host].seen[IN_SEGS] += event->value;
	judge->hosts[event->host].flooded = true;
}

static taker *const takers[EVENT_KINDS] = {
	[EVENT_BEGIN] = take_begin,	[EVENT_LISTENER] = take_listener,
	[EVENT_FLOW] = take_flow,	[EVENT_STEP] = take_step,
	[EVENT_CALL] = take_call,	[EVENT_PACKET] = take_packet,
	[EVENT_GATE] = take_gate,	[EVENT_SOCKET] = take_socket,
	[EVENT_QUEUE] = take_queue,	[EVENT_COUNTER] = take_counter,
	[EVENT_SAMPLE] = take_sample,	[EVENT_WAIT] = take_wait,
	[EVENT_FLOOD] = take_flood,	[EVENT_EXPECT] = judge_expectation,
	[EVENT_END] = take_end,
};

/* Segments carry the kernel's time of them; all else is written down as it is found. */
static void check_clock(struct judge *judge, const struct event *event)
{
	if (event->kind == EVENT_PACKET)
		return;
	if (event->at < judge->now)
		judge_object(judge, event,
			     format("the journal's time runs backwards, by %.6f s",
				    seconds(judge->now - event->at)));
	judge->now = event->at;
}

const struct finding *judge_event(struct judge *judge, const struct event *event)
{
	/* after a finding the books go on, so that the ladders show how it went on */
	check_clock(judge, event);
	if (event->kind == EVENT_EXPECT || event->kind == EVENT_STEP || event->kind == EVENT_END)
		settle_tallies(judge);
	if (judge->ended)
		judge_object(judge, event, format("an event after the end"));
	else if (event->kind != EVENT_BEGIN && !judge->begun)
		judge_object(judge, event, format("the journal has no begin"));
	else if (!judge->found || event->kind != EVENT_EXPECT)
		takers[event->kind](judge, event);
	return judge->found ? &judge->finding : NULL;
}

const struct finding *judge_finish(struct judge *judge, const struct event *last)
{
	if (!judge->ended)
		judge_object(judge, last, format("the journal breaks off: it has no end"));
	return judge->found ? &judge->finding : NULL;
}

const struct finding *judge_journal(struct judge *judge, const struct journal *journal)
{
	size_t length = journal_length(journal);

	for (size_t i = 0; i < length; i++)
		judge_event(judge, journal_event(journal, i));
	return length ? judge_finish(judge, journal_event(journal, length - 1)) : NULL;
}

/* ---- what others ask -------------------------------------------------------------------------- */

enum tcp_state judge_state(const struct judge *judge, int flow, enum host host)
{
	return judge->flows[flow].states[host];
}

struct depths judge_queue(const struct judge *judge, int listener)
{
	for (int i = 0; i < judge->listener_count; i++)
		if (judge->listeners[i].port == listener)
			return judge->listeners[i].depths;
	return (struct depths){ .accept = 0 };
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

unsigned judge_arrived(const struct judge *judge, int flow, enum host from)
{
	return judge->flows[flow].arrived[from];
}

int judge_timeouts(const struct judge *judge, int flow)
{
	return judge->flows[flow].timeouts;
}

long judge_agreement(const struct judge *judge, int flow, enum host host)
{
	const struct flow_book *book = &judge->flows[flow];
	const struct segment *own = &book->first_syn[host], *others = &book->first_syn[other(host)];
	bool scales = own->window_scale >= 0 && others->window_scale >= 0;
	bool stamps = own->timestamps && others->timestamps;
	long agreed = stamps | (own->sack_permitted && others->sack_permitted) << 1 | scales << 2;

	if (!book->has_isn[CLIENT] || !book->has_isn[SERVER])
		return 0;
	if (scales)
		agreed |= (long)others->window_scale << 4 | (long)own->window_scale << 8;
	/* RFC 9293, 3.7.1: less the options that every segment carries */
	return agreed | (long)(others->mss - (stamps ? 12 : 0)) << 16;
}

int judge_syn_acks_again(const struct judge *judge)
{
	return (int)judge->hosts[SERVER].syn_acks_again;
}

int judge_flows(const struct judge *judge)
{
	return judge->flow_count - 1;
}

const char *judge_flow_name(const struct judge *judge, int flow)
{
	return judge->flows[flow].name;
}
