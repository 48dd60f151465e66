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
void judge_object(struct judge *judge, const struct event *event, char *summary)
{
	if (judge->found) {
		free(summary);
		return;
	}
	judge->found = true;
	judge->finding.seq = event->seq;
	judge->finding.packet = event->packet;
	judge->finding.summary = summary;
}

static const char *host_name(enum host host)
{
	return host == CLIENT ? "client" : "server";
}

static enum host other(enum host host)
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
	judge->slack = event->delta;
	judge->tick = event->value;
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

static struct packet_book *book_of_packet(struct judge *judge, long packet)
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

static void check_syn(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct segment *segment = &event->segment;
	enum host from = event->from;

	if (flow->has_isn[from]) {
		if (!flow->raw && !repeats(&flow->first_syn[from], segment))
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

static void advance_sender(struct flow_book *flow, const struct event *event)
{
	const struct segment *segment = &event->segment;
	uint32_t end = segment->seq + segment->length + !!(segment->flags & SYN) +
		       !!(segment->flags & FIN) - flow->isn[event->from];

	flow->sent[event->from]++;
	if (!(segment->flags & RST) &&
	    (!flow->has_segment[event->from] ||
	     (int32_t)(end - flow->sent_next[event->from]) > 0))
		flow->sent_next[event->from] = end;
	flow->has_segment[event->from] = true;
}

static void advance_receiver(struct flow_book *flow, const struct event *event)
{
	const struct segment *segment = &event->segment;
	uint32_t begin = segment->seq - flow->isn[event->from];
	uint32_t end = begin + segment->length + !!(segment->flags & SYN) +
		       !!(segment->flags & FIN);
	enum host host = event->host;

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
	if (event->segment.flags & SYN)
		check_syn(judge, event, flow);
	packet->retransmission = is_retransmission(flow, event);
	packet->rung = add_rung(judge, event, event->flow);
	advance_sender(flow, event);
	if (event->segment.flags & SYN && event->segment.flags & ACK) {
		flow->synack_since_timer = true;
		judge->hosts[SERVER].syn_acks_again += flow->synacks++ > 0;
	}
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
	if (!packet->held)
		flow->transit += event->at - packet->sent;
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
	struct packet_book *packet;
	struct host_book *host = &judge->hosts[event->host];
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
	packet = book_of_packet(judge, event->packet);
	if (arrives)
		host->captured_in++;
	else
		host->captured_out++;
	if (!arrives && packet && packet->retransmission)
		host->retransmissions++;
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

static void take_gate(struct judge *judge, const struct event *event)
{
	struct packet_book *packet = book_of_packet(judge, event->packet);
	struct rung *rung;

	if (!packet) {
		judge_object(judge, event, format("the gate %s a segment that nobody sent",
						  event->name));
		return;
	}
	rung = &judge->rungs[packet->rung];
	if (strcmp(event->name, "held") == 0)
		packet->held = rung->held = true;
	else if (strcmp(event->name, "released") == 0)
		packet->released = true;
	else if (strcmp(event->name, "duplicated") == 0)
		packet->copies++;
	else if (strcmp(event->name, "taken") == 0)
		arrive_at_peer(judge, event, packet);
	else
		packet->gone = rung->dropped = true;
}

/* ---- sockets and queues ----------------------------------------------------------------------- */

#define TO(state) (1u << (state))

/* What one sample may find where the last one found the row's state. */
static const unsigned transitions[TCP_STATES] = {
	[NO_SOCKET] = TO(SYN_SENT) | TO(SYN_RECV) | TO(ESTABLISHED) | TO(TIME_WAIT) | TO(CLOSE_WAIT),
	[SYN_SENT] = TO(ESTABLISHED) | TO(NO_SOCKET) | TO(CLOSED) | TO(FIN_WAIT1),
	[SYN_RECV] = TO(ESTABLISHED) | TO(CLOSE_WAIT) | TO(NO_SOCKET) | TO(FIN_WAIT1) | TO(SYN_RECV),
	[ESTABLISHED] = TO(FIN_WAIT1) | TO(CLOSE_WAIT) | TO(NO_SOCKET) | TO(CLOSED),
	[FIN_WAIT1] = TO(FIN_WAIT2) | TO(CLOSING) | TO(TIME_WAIT) | TO(NO_SOCKET) | TO(CLOSED),
	[FIN_WAIT2] = TO(TIME_WAIT) | TO(NO_SOCKET) | TO(CLOSED) | TO(FIN_WAIT2),
	[TIME_WAIT] = TO(NO_SOCKET) | TO(SYN_RECV),
	[CLOSED] = TO(NO_SOCKET),
	[CLOSE_WAIT] = TO(LAST_ACK) | TO(NO_SOCKET) | TO(CLOSED),
	[LAST_ACK] = TO(NO_SOCKET) | TO(CLOSED),
	[CLOSING] = TO(TIME_WAIT) | TO(NO_SOCKET) | TO(CLOSED),
};

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

	judge->hosts[event->host].counting_sockets +=
		counts_as_established(event->state) - counts_as_established(event->was);
	if (event->host != SERVER || !listener)
		return;
	listener->requests += (event->state == SYN_RECV) - (event->was == SYN_RECV);
	if (is_child(event->state) && !is_child(event->was))
		listener->children++;
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
	if (event->state == SYN_RECV && flow->synacks > 0 &&
	    event->retrans != (int)flow->synacks - 1) {
		judge_object(judge, event,
			     format("%s's request counts %d SYN-ACKs sent again, its capture has %u",
				    flow->name, event->retrans, flow->synacks - 1));
		return;
	}
	socket->state = flow->states[event->host] = event->state;
	count_socket(judge, event, flow);
	if (event->host == SERVER) {
		flow->timeouts += event->was == SYN_RECV && event->state == SYN_RECV;
		flow->fires = event->fires;
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
	listener->depths = (struct depths){ event->accept, event->limit, event->syn };
	if (event->accept != listener->children - listener->accepted)
		judge_object(judge, event,
			     format("accept queue of %s holds %d, but %d children entered it and %d "
				    "were accepted",
				    listener->name, event->accept, listener->children,
				    listener->accepted));
	else if (event->syn != listener->requests)
		judge_object(judge, event,
			     format("SYN queue of %s holds %d, but %d requests are in SYN_RECV",
				    listener->name, event->syn, listener->requests));
}

/* ---- counters --------------------------------------------------------------------------------- */

/* What a host says by counting when it lets a segment go by without a word. */
static bool tells_of_a_drop(const char *name)
{
	static const char *const drops[] = { "ListenDrops", "ListenOverflows", "TCPDeferAcceptDrop",
					     "TCPReqQFullDrop", "PAWSEstab", "TSEcrRejected",
					     "TCPACKSkippedSynRecv" };

	for (size_t i = 0; i < ARRAY_LENGTH(drops); i++)
		if (strcmp(name, drops[i]) == 0)
			return true;
	return false;
}

static void attach_counter(struct judge *judge, const struct event *event)
{
	const struct packet_book *cause = book_of_packet(judge, event->packet);
	int index = cause ? cause->rung : judge->last_sampled;
	struct rung *rung;
	char *counters;
	size_t used;

	if (index < 0 || (!cause && judge->rungs[index].at != event->at) ||
	    counter_exempt(event->name))
		return;
	rung = &judge->rungs[index];
	if (cause && event->host != cause->from && tells_of_a_drop(event->name))
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
	return counter;
}

static void take_counter(struct judge *judge, const struct event *event)
{
	struct host_book *host = &judge->hosts[event->host];
	struct counter_book *counter = enter_counter(judge, event);

	if (counter->has_value && counter->value + event->delta != event->value) {
		judge_object(judge, event,
			     format("%s of the %s stands at %ld after %ld %+ld", event->name,
				    host_name(event->host), event->value, counter->value,
				    event->delta));
		return;
	}
	counter->value = event->value;
	counter->has_value = true;
	counter->total += event->delta;
	counter->step += event->delta;
	counter->last_seq = event->seq;
	if (strcmp(event->name, "Tcp.InSegs") == 0)
		host->counted_in += event->delta;
	else if (strcmp(event->name, "Tcp.OutSegs") == 0)
		host->counted_out += event->delta;
	else if (strcmp(event->name, "Tcp.CurrEstab") == 0)
		host->current_established = event->value;
	attach_counter(judge, event);
}

/* ---- closing the books ------------------------------------------------------------------------ */

static void close_host(struct judge *judge, const struct event *event, enum host name)
{
	const struct host_book *host = &judge->hosts[name];
	long in = host->captured_in + host->flooded;
	long out = host->captured_out - host->retransmissions;

	if (host->counted_in != in)
		judge_object(judge, event,
			     format("the %s counted %ld segments in (Tcp.InSegs), its capture has "
				    "%ld",
				    host_name(name), host->counted_in, in));
	else if (host->counted_out != out && host->flooded == 0)
		judge_object(judge, event,
			     format("the %s counted %ld segments out (Tcp.OutSegs), its capture has "
				    "%ld",
				    host_name(name), host->counted_out, out));
	else if (host->current_established != host->counting_sockets)
		judge_object(judge, event,
			     format("Tcp.CurrEstab of the %s is %ld, but %ld of its sockets are "
				    "ESTABLISHED or CLOSE_WAIT",
				    host_name(name), host->current_established,
				    host->counting_sockets));
}

static void take_sample(struct judge *judge, const struct event *event)
{
	for (int host = 0; host < HOSTS && !judge->found; host++)
		close_host(judge, event, (enum host)host);
	for (int i = 0; i < judge->listener_count && !judge->found; i++) {
		const struct listener_book *listener = &judge->listeners[i];

		if (listener->closed)
			continue;
		if (listener->depths.accept != listener->children - listener->accepted ||
		    listener->depths.syn != listener->requests)
			judge_object(judge, event,
				     format("queues of %s were %d and %d, but its sockets make "
					    "them %d and %d",
					    listener->name, listener->depths.accept,
					    listener->depths.syn,
					    listener->children - listener->accepted,
					    listener->requests));
	}
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
	if (flow) {
		flow->last_call_began = event->began;
		flow->last_call_ended = event->at;
		if (event->rto)
			flow->rto = event->rto;
	}
	if (!listener || event->result < 0)
		return;
	if (strcmp(event->name, "accept") == 0)
		listener->accepted++;
	else if (strcmp(event->name, "close") == 0)
		listener->closed = true;
}

static void take_step(struct judge *judge, const struct event *event)
{
	judge_unnamed_counters(judge, event);
	for (int host = 0; host < HOSTS; host++)
		for (int i = 0; i < judge->hosts[host].counter_count; i++)
			judge->hosts[host].counters[i].step = judge->hosts[host].counters[i].named =
				0;
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
	judge->hosts[event->host].flooded += event->value;
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

const struct finding *judge_event(struct judge *judge, const struct event *event)
{
	/* after a finding the books go on, so that the ladders show how it went on */
	if (judge->ended)
		judge_object(judge, event, format("an event after the end"));
	else if (!judge->found || event->kind != EVENT_EXPECT)
		takers[event->kind](judge, event);
	return judge->found ? &judge->finding : NULL;
}

const struct finding *judge_journal(struct judge *judge, const struct journal *journal)
{
	const struct event *last = NULL;

	for (size_t i = 0; i < journal_length(journal); i++) {
		last = journal_event(journal, i);
		judge_event(judge, last);
	}
	if (!judge->ended && last)
		judge_object(judge, last, format("the journal breaks off: it has no end"));
	return judge->found ? &judge->finding : NULL;
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
