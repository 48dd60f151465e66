/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The books of segments: what was sent, what became of it on the wire, and whether TCP sends such
 * a segment at such a time.
 */
#include "captures/judge/books.h"

#include <string.h>

#define COOKIE_TICKS 64 /* 1 << TSBITS */

/*
 * A SYN or SYN-ACK that comes again must be the same but for its timestamps (RFC 9293, 3.8.1). What
 * a SYN-ACK offers is judged in offers.c, each time.
 */
static bool repeats(const struct segment *first, const struct segment *again)
{
	bool offers_the_same = first->flags == again->flags && first->mss == again->mss &&
			       first->window_scale == again->window_scale &&
			       first->sack_permitted == again->sack_permitted &&
			       first->timestamps == again->timestamps &&
			       first->window == again->window;

	return first->seq == again->seq && first->ack == again->ack &&
	       first->length == again->length && (first->flags & ACK || offers_the_same);
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
	flow->isn_after = flow->syn_arrived;
	flow->isn_until = event->at;
	if (segment->ack != flow->isn[other(from)] + 1)
		judge_object(judge, event,
			     format("SYN-ACK of %s does not acknowledge the SYN", flow->name));
	if ((segment->timestamps && !flow->first_syn[other(from)].timestamps) ||
	    (segment->sack_permitted && !flow->first_syn[other(from)].sack_permitted) ||
	    (segment->window_scale >= 0 && flow->first_syn[other(from)].window_scale < 0))
		judge_object(
			judge, event,
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
	if (client != flow->client_port || server != flow->port)
		judge_object(
			judge, event,
			format("segment %ld from the %s goes from port %d to port %d, and %s is "
			       "between %d and %d",
			       event->packet, host_name(event->from), segment->source_port,
			       segment->destination_port, flow->name, flow->client_port,
			       flow->port));
}

/* Whether a segment with this timestamp has come to where its echo comes from. */
static bool has_come(const struct judge *judge, const struct event *echo)
{
	if (judge->scenario) /* no rule is asked, and among a crowd's segments it takes long */
		return true;
	for (int i = judge->packet_count; i > 0; i--) {
		const struct packet_book *packet = &judge->packets[i - 1];

		if ((packet->flow == echo->flow || comes_after(judge, echo->flow, packet->flow)) &&
		    packet->from != echo->from && packet->arrivals > 0 &&
		    packet->segment.timestamps && packet->segment.tsval == echo->segment.tsecr)
			return true;
	}
	return false;
}

static bool has_usual_options(const struct flow_book *flow, const struct event *event)
{
	return !(event->segment.flags & (SYN | RST)) || is_active_reset(flow, event);
}

/* What SYN and SYN-ACK have agreed on, but for a server that has had it from a cookie. */
static bool goes_by_timestamps(const struct flow_book *flow, enum host host)
{
	if (host == SERVER && flow->terms.known)
		return flow->terms.timestamps;
	return flow->first_syn[CLIENT].timestamps && flow->first_syn[SERVER].timestamps;
}

/*
 * A connection's clock counts milliseconds (TCP_TS_HZ) from one beginning, its request's too. That
 * of a cookie's SYN-ACK is up to 64 of them slow (cookie_init_timestamp()).
 */
static void check_timestamp_clock(struct judge *judge, const struct event *event,
				  const struct flow_book *flow)
{
	nsec ticks = MSEC((int32_t)(event->segment.tsval - flow->tsval[event->from]));
	nsec passed = event->at - flow->tsval_at[event->from];

	if (flow->has_tsval[event->from] && ticks > passed + judge->slack + MSEC(COOKIE_TICKS))
		judge_object(judge, event,
			     format("the timestamp of segment %ld is %.3f s later than the %s's "
				    "last, which was sent %.3f s before",
				    event->packet, seconds(ticks), host_name(event->from),
				    seconds(passed)));
}

/*
 * RFC 7323, 3.2: timestamps are in all segments or, when the SYNs did not agree on them, in none;
 * they grow, and echo what has come. A raw peer may do as it likes.
 */
static void check_timestamps(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = flow_of_numbers(judge, event);
	const struct segment *segment = &event->segment;
	enum host from = event->from;
	bool agreed = goes_by_timestamps(flow, from);

	if (has_usual_options(flow, event) && segment->timestamps != agreed)
		judge_object(
			judge, event,
			format("segment %ld has %s timestamps, but SYN and SYN-ACK of %s %s on "
			       "them",
			       event->packet, agreed ? "no" : "got", flow->name,
			       agreed ? "agreed" : "did not agree"));
	if (!segment->timestamps)
		return;
	if (flow->has_tsval[from] && (int32_t)(segment->tsval - flow->tsval[from]) < 0)
		judge_object(
			judge, event,
			format("the timestamp of segment %ld, %u, is older than the %s's last, "
			       "%u",
			       event->packet, segment->tsval, host_name(from), flow->tsval[from]));
	check_timestamp_clock(judge, event, flow);
	/* after a finding nobody asks for another one, and this takes its time */
	if (!judge->found && (segment->flags & ACK ? !has_come(judge, event) : segment->tsecr != 0))
		judge_object(judge, event,
			     format("segment %ld echoes timestamp %u, which never came to the %s",
				    event->packet, segment->tsecr, host_name(from)));
	flow->has_tsval[from] = true;
	flow->tsval[from] = segment->tsval;
	flow->tsval_at[from] = event->at;
}

/* Of SYN, FIN and RST a segment has one at most; without SYN and RST it acknowledges (RFC 9293). */
static void check_flags(struct judge *judge, const struct event *event)
{
	uint8_t kind = event->segment.flags & (SYN | FIN | RST);

	if (kind & (kind - 1) || (!(kind & (SYN | RST)) && !(event->segment.flags & ACK)))
		judge_object(judge, event,
			     format("segment %ld has flags that TCP does not send: %s%s%s%s",
				    event->packet, kind & SYN ? "SYN " : "",
				    kind & FIN ? "FIN " : "", kind & RST ? "RST " : "",
				    event->segment.flags & ACK ? "ACK" : "no ACK"));
}

/* A raw peer may do as it likes, also without any flag, but the case has said what. */
static void check_injected_flags(struct judge *judge, const struct event *event,
				 const struct flow_book *flow)
{
	if (event->segment.flags != flow->injected_flags)
		judge_object(judge, event,
			     format("segment %ld of %s has the flags %#x, and the case has "
				    "injected one with %#x",
				    event->packet, flow->name, event->segment.flags,
				    flow->injected_flags));
}

static void check_injected_seq(struct judge *judge, const struct event *event,
			       const struct flow_book *flow)
{
	if (flow->injected_seq && event->segment.seq != flow->injected_seq)
		judge_object(
			judge, event,
			format("segment %ld of %s has the number %u, and the case has injected "
			       "one with %u",
			       event->packet, flow->name, event->segment.seq, flow->injected_seq));
}

static void check_segment(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct segment *segment = &event->segment;

	check_ports(judge, event, flow);
	if (event->injected && (flow->injected_flags || !segment->flags))
		check_injected_flags(judge, event, flow);
	else
		check_flags(judge, event);
	if (event->injected)
		check_injected_seq(judge, event, flow);
	if (segment->flags & SYN)
		check_syn(judge, event, flow);
	if (!(segment->flags & ACK) && segment->ack != 0)
		judge_object(judge, event,
			     format("segment %ld acknowledges %u without the flag ACK",
				    event->packet, segment->ack));
	if (!event->injected)
		check_timestamps(judge, event);
}

/* Whether Tcp.RetransSegs counts it instead of Tcp.OutSegs (__tcp_retransmit_skb). */
static bool is_retransmission(const struct flow_book *flow, const struct event *event)
{
	const struct segment *segment = &event->segment;
	uint32_t occupies = segment->length + !!(segment->flags & SYN) + !!(segment->flags & FIN);
	uint32_t end = segment->seq + occupies - flow->isn[event->from];

	if ((segment->flags & SYN && segment->flags & ACK) || segment->flags & RST || occupies == 0)
		return false;
	return flow->has_segment[event->from] && (int32_t)(end - flow->sent_next[event->from]) <= 0;
}

void check_that_peer_has_all(struct judge *judge, const struct event *event)
{
	for (int i = judge->packet_count - 1; i > 0; i--) {
		const struct packet_book *packet = &judge->packets[i];

		if (packet->flow != event->flow || packet->from != SERVER)
			continue;
		if (!packet->arrivals && !packet->gone && !packet->held)
			judge_object_to(judge, (struct culprit){ event->seq, i },
					format("segment %d did not come to %s, and the gate did "
					       "not have it",
					       i, judge->flows[event->flow].name));
		return;
	}
}

static void check_injection(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	check_that_peer_has_all(judge, event);
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

	host->departures++;
	host->syn_acks_more += flags & SYN && flags & ACK && flow->synacks > 0;
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
	flow->synack_sent_in = judge->samples + 1;
}

static void advance_sender(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = flow_of_numbers(judge, event);
	const struct segment *segment = &event->segment;
	uint32_t end = segment->seq + segment->length + !!(segment->flags & SYN) +
		       !!(segment->flags & FIN) - flow->isn[event->from];

	judge->flows[event->flow].sent[event->from]++;
	flow->heard[event->from].fin_sent |= !!(segment->flags & FIN);
	if (!(segment->flags & RST) &&
	    (!flow->has_segment[event->from] || (int32_t)(end - flow->sent_next[event->from]) > 0))
		flow->sent_next[event->from] = end;
	flow->has_segment[event->from] = true;
	if (!(segment->flags & RST))
		flow->last_sent[event->from] = *segment;
}

/*
 * tcp_replace_ts_recent(): of what begins where it is due, or before. tcp_timewait_state_process():
 * of what begins there exactly and is empty, a RST too where that does not end the wait.
 */
static void hear_recent(struct flow_book *flow, enum host host, const struct segment *segment)
{
	bool waits = flow->states[host] == TIME_WAIT;
	bool begins = segment->flags & SYN && !waits;
	int32_t ahead = (int32_t)(segment->seq - flow->last_sent[host].ack);
	bool newer = (int32_t)(segment->tsval - flow->recent[host]) >= 0;
	bool empty = !segment->length && !(segment->flags & (SYN | FIN));
	bool in_order = waits ? ahead == 0 && empty : ahead <= 0 && !(segment->flags & RST);

	if (segment->timestamps && (begins || (newer && in_order)))
		flow->recent[host] = segment->tsval;
}

static void hear(struct heard *heard, const struct segment *segment)
{
	heard->syn |= (segment->flags & (SYN | ACK)) == SYN;
	heard->syn_ack |= (segment->flags & (SYN | ACK)) == (SYN | ACK);
	heard->ack |= (segment->flags & (SYN | ACK)) == ACK;
	heard->fin |= !!(segment->flags & FIN);
}

static void advance_receiver(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = &judge->flows[book_of_packet(judge, event->packet)->numbers];
	const struct segment *segment = &event->segment;
	uint32_t begin = segment->seq - flow->isn[event->from];
	uint32_t end =
		begin + segment->length + !!(segment->flags & SYN) + !!(segment->flags & FIN);
	enum host host = event->host;

	hear(&flow->heard[host], segment);
	hear_recent(flow, host, segment);
	judge->flows[event->flow].arrived[event->from]++;
	judge->flows[event->flow].last_arrived[host] = *segment;
	if ((int32_t)(begin - flow->received_next[host]) <= 0 &&
	    (int32_t)(end - flow->received_next[host]) > 0 && !(segment->flags & RST))
		flow->received_next[host] = end;
	if (segment->flags & ACK) {
		uint32_t acked = segment->ack - flow->isn[host];

		if ((int32_t)(acked - flow->acked[host]) > 0)
			flow->acked[host] = acked;
	}
}

struct packet_book *next_packet(struct judge *judge, const struct event *event)
{
	struct packet_book *packet;

	if (event->packet != judge->packet_count) {
		judge_object(judge, event,
			     format("segment %ld was seen where %d is the next: one is missing",
				    event->packet, judge->packet_count));
		return NULL;
	}
	judge->packets = GROWN(judge->packets, judge->packet_count);
	packet = &judge->packets[judge->packet_count++];
	*packet = (struct packet_book){
		.flow = event->flow,
		.numbers = event->flow,
		.injected = event->injected,
		.icmp = event->kind == EVENT_ICMP,
		.from = event->from,
		.sent = event->at,
		.segment = event->segment,
	};
	return packet;
}

/* A segment enters the books where it is first seen: at its sender, or injected at the receiver. */
static void enter_packet(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	struct packet_book *packet = next_packet(judge, event);

	if (!packet)
		return;
	packet->numbers = (int)(flow_of_numbers(judge, event) - judge->flows);
	packet->retransmission = is_retransmission(&judge->flows[packet->numbers], event);
	packet->repeated = is_repeated_syn(flow, event);
	check_segment(judge, event, flow);
	packet->line = enter_line(judge, event, event->flow);
	if (!event->injected)
		check_answer(judge, event);
	advance_sender(judge, event);
	if (event->injected) {
		check_injection(judge, event, flow);
		return;
	}
	flow->to_peer += flow->raw && event->from == SERVER;
	count_sent(judge, event, flow);
	tally_sending(judge, event);
	if (event->segment.flags & SYN && event->segment.flags & ACK) {
		if (event->from == SERVER)
			check_offer(judge, event, flow);
		flow->synack_since_timer |= flow->syn_arrived_in != judge->samples + 1;
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

	if (judge->wire_delay >= 0 && event->at - left > judge->wire_delay + judge->patience)
		judge_object(
			judge, event,
			format("segment %ld arrived %.3f s after it was %s, on a wire that takes "
			       "%.3f s",
			       event->packet, seconds(event->at - left),
			       packet->held ? "released" : "sent", seconds(judge->wire_delay)));
}

struct packet_book *arrived_packet(struct judge *judge, const struct event *event)
{
	struct packet_book *packet = book_of_packet(judge, event->packet);

	if (!packet || packet->from != event->from || packet->gone)
		judge_object(judge, event,
			     format("segment %ld arrived at the %s, but nobody sent it that way",
				    event->packet, host_name(event->host)));
	else if (packet->icmp != (event->kind == EVENT_ICMP) ||
		 !same_segment(&packet->segment, &event->segment))
		judge_object(judge, event,
			     format("segment %ld arrived changed by the wire", event->packet));
	else if (event->at < packet->sent)
		judge_object(judge, event,
			     format("segment %ld arrived before it was sent", event->packet));
	else if (packet->arrivals++ > packet->copies)
		judge_object(judge, event, format("segment %ld arrived twice", event->packet));
	else if (packet->held && !packet->released)
		judge_object(judge, event,
			     format("segment %ld arrived while the gate held it", event->packet));
	else
		return packet;
	return NULL;
}

static void take_arrival(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	struct packet_book *packet = arrived_packet(judge, event);

	if (!packet)
		return;
	judge->lines[packet->line].arrived = event->at;
	check_transit(judge, event, packet);
	if (!packet->held && flow->transit < SEC(LONGEST_SPAN))
		flow->transit += event->at - packet->sent;
	tally_arrival(judge, event);
	hear_cookie(judge, event, flow);
	meet_listener(judge, event);
	hear_offer(judge, event, flow);
	advance_receiver(judge, event);
}

void check_capture_order(struct judge *judge, const struct event *event)
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

void take_packet(struct judge *judge, const struct event *event)
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
	struct event arrival = { .flow = packet->flow,
				 .host = CLIENT,
				 .from = packet->from,
				 .segment = packet->segment,
				 .packet = event->packet };

	packet->arrivals++;
	advance_receiver(judge, &arrival);
}

enum gate_word { HELD, RELEASED, DUPLICATED, TAKEN, DROPPED, LOST, CHANGED, GATE_WORDS };

static enum gate_word gate_word_of(const char *name)
{
	static const char *const words[GATE_WORDS] = { "held",    "released", "duplicated", "taken",
						       "dropped", "lost",     "changed" };
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
		return has_it && !packet->held && packet->from == SERVER &&
		       judge->flows[packet->flow].raw;
	case DROPPED:
		return has_it && !packet->held && packet->copies == 0;
	case LOST:
		return has_it && (!packet->held || packet->released);
	case CHANGED:
		return has_it && !packet->held && packet->arrivals == 0 && packet->copies == 0 &&
		       !packet->changed;
	default:
		return false;
	}
}

/* A box may take the timestamps away, or put others in their place; it adds none. */
static void change_timestamps(struct judge *judge, const struct event *event,
			      struct packet_book *packet)
{
	struct segment changed = packet->segment;
	char *words = judge->lines[packet->line].words;
	size_t length = strlen(words);

	changed.timestamps = event->segment.timestamps;
	changed.tsval = event->segment.tsval;
	changed.tsecr = event->segment.tsecr;
	if (!packet->segment.timestamps || same_segment(&changed, &packet->segment))
		judge_object(judge, event,
			     format("the gate says that it has changed the timestamps of segment "
				    "%ld, which %s",
				    event->packet,
				    packet->segment.timestamps ? "are the same" : "has none"));
	packet->segment = changed;
	packet->changed = true;
	snprintf(words + length, WORDS - length, " changed");
}

/* What the gate takes off the wire to a raw peer, and puts on it. */
static void count_to_peer(struct flow_book *flow, enum gate_word word)
{
	if (flow->raw && word != CHANGED)
		flow->to_peer += word == RELEASED || word == DUPLICATED ? 1 : -1;
}

void take_gate(struct judge *judge, const struct event *event)
{
	struct packet_book *packet = book_of_packet(judge, event->packet);
	enum gate_word word = gate_word_of(event->name);
	struct line_book *line;

	if (!packet || !gate_can(judge, packet, word)) {
		judge_object(judge, event,
			     format("\"%s\", says the gate of segment %ld, which it %s",
				    event->name, event->packet,
				    packet ? "cannot have" : "never got"));
		return;
	}
	line = &judge->lines[packet->line];
	count_to_peer(&judge->flows[packet->flow], word);
	if (word == HELD) {
		packet->held = line->held = true;
	} else if (word == RELEASED) {
		packet->released = true;
		packet->released_at = event->at;
	} else if (word == DUPLICATED) {
		packet->copies++;
	} else if (word == TAKEN) {
		arrive_at_peer(judge, event, packet);
	} else if (word == CHANGED) {
		change_timestamps(judge, event, packet);
	} else {
		packet->gone = line->dropped = true;
	}
}
