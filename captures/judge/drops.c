/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each listener has dropped, as sock_diag shows it (sk_drops; `ss -m`: d). It is exact, and no
 * case has to say it:
 *
 *   tcp_listendrop()                     one for each of ListenDrops
 *   tcp_v4_rcv(): discard_and_relse      one for each segment of which tcp_check_req() makes
 *                                        nothing, whatever it answers: a SYN that comes again, an
 *                                        ACK that is deferred or meets a full queue, whatever is
 *                                        out of the window, and RST; for each that a filter keeps
 *                                        from the listener and its requests (SO_ATTACH_FILTER), and
 *                                        one at the listener of too small a TTL (IP_MINTTL)
 *   tcp_rcv_state_process(): discard     one for each segment at LISTEN that is neither a SYN nor
 *                                        has an ACK, and for a SYN with FIN
 *
 * A segment with a wrong acknowledgement is no request's, but one for the listener, and is answered
 * with RST: it does not count, and neither does a cookie that is none.
 */
#include "captures/judge/books.h"

/* ---- what a segment meets ------------------------------------------------------------------ */

void meet_listener(struct judge *judge, const struct event *event)
{
	if (event->host != SERVER)
		return;
	judge->met.flow = event->flow;
	judge->met.packet = (struct culprit){ event->seq, event->packet };
	judge->met.state = flow_met_by(judge, event)->states[SERVER];
	judge->met.segment = event->segment;
}

static bool has(const struct segment *segment, uint8_t flags)
{
	return (segment->flags & flags) == flags;
}

/* LISTEN in tcp_rcv_state_process() */
static bool is_dropped_by_listener(const struct segment *segment)
{
	if (has(segment, ACK))
		return false;
	return !has(segment, SYN) || segment->flags & (RST | FIN);
}

static bool acknowledges_otherwise(const struct flow_book *flow, const struct segment *segment)
{
	return has(segment, ACK) && segment->ack != flow->isn[SERVER] + 1;
}

/*
 * A RST with a wrong acknowledgement: kernels differ in which of the two they look at first. Where
 * the request stays, either may be; then what the listener counts is believed.
 */
static bool is_told_by_listener(const struct judge *judge, const struct flow_book *flow)
{
	return judge->met.state == SYN_RECV && flow->states[SERVER] == SYN_RECV &&
	       has(&judge->met.segment, RST) && acknowledges_otherwise(flow, &judge->met.segment);
}

/* tcp_check_req() */
static bool is_dropped_by_request(const struct judge *judge, const struct flow_book *flow)
{
	const struct segment *segment = &judge->met.segment;
	enum tcp_state after = flow->states[SERVER];

	if (after == SYN_RECV)
		return !acknowledges_otherwise(flow, segment);
	if (after != NO_SOCKET)
		return false;
	/* else it had expired before */
	if (judge->hosts[SERVER].tallies[EMBRYONIC_RESETS].moved)
		return true;
	return is_dropped_by_listener(segment);
}

/*
 * tcp_filter() asks the listener's filter before its requests see a segment, too; its least TTL is
 * asked for where there is no request.
 */
static bool is_kept_from(const struct judge *judge, const struct listener_book *listener)
{
	if (judge->met.state == NO_SOCKET &&
	    judge->met.segment.ttl < listener->options[OPTION_MIN_TTL])
		return true;
	return listener->options[OPTION_FILTER] &&
	       (judge->met.state == NO_SOCKET || judge->met.state == SYN_RECV);
}

static long dropped_of_met(const struct judge *judge, const struct listener_book *listener)
{
	const struct flow_book *flow = &judge->flows[judge->met.flow];

	if (is_kept_from(judge, listener))
		return 1;

	if (judge->met.state == SYN_RECV) {
		if (is_told_by_listener(judge, flow))
			return listener->drops > listener->dropped;
		return is_dropped_by_request(judge, flow);
	}
	return judge->met.state == NO_SOCKET && flow->states[SERVER] == NO_SOCKET &&
	       is_dropped_by_listener(&judge->met.segment);
}

/* ---- whose it was -------------------------------------------------------------------------- */

/* The listener that the sample's segment, ICMP error or flood was for; NULL: none. */
static struct listener_book *listener_in_question(struct judge *judge, const struct event *sample)
{
	const struct packet_book *cause = book_of_packet(judge, sample->packet);

	if (judge->met.flow)
		return listener_of(judge, &judge->flows[judge->met.flow]);
	if (cause && cause->icmp)
		return listener_of(judge, &judge->flows[cause->flow]);
	return book_of_listener(judge, judge->hosts[SERVER].flood.listener);
}

/* Whether drops cannot be put down to single segments, or to one listener. */
static bool is_hidden(const struct judge *judge, const struct listener_book *listener)
{
	const struct host_book *server = &judge->hosts[SERVER];

	return server->flooding || server->flood.aside || shares_its_port(judge, listener);
}

static void close_drops_of(struct judge *judge, const struct event *sample,
			   struct listener_book *listener)
{
	struct culprit culprit = { sample->seq, sample->packet };

	if (is_hidden(judge, listener))
		listener->dropped = listener->drops;
	if (listener->dropped == listener->drops)
		return;
	if (listener->drops_seq > judge->last_sample)
		culprit.seq = listener->drops_seq;
	else if (judge->met.flow)
		culprit = judge->met.packet;
	judge_object_to_accounts(judge, culprit,
				 format("%s counts %ld segments that it has dropped (ss -m: d%ld), "
					"but of those that it got %ld were",
					listener->name, listener->drops, listener->drops,
					listener->dropped));
}

void close_drops(struct judge *judge, const struct event *sample)
{
	struct listener_book *listener = listener_in_question(judge, sample);

	if (listener && judge->tells_drops) {
		listener->dropped += judge->hosts[SERVER].tallies[DROPS].moved;
		if (judge->met.flow && listener->listens)
			listener->dropped += dropped_of_met(judge, listener);
	}
	for (int i = 0; judge->tells_drops && i < judge->listener_count && !judge->found; i++)
		if (judge->listeners[i].listens)
			close_drops_of(judge, sample, &judge->listeners[i]);
	judge->met.flow = 0;
}

void take_drops(struct judge *judge, const struct event *event)
{
	struct listener_book *listener = book_of_listener(judge, event->listener);

	if (!listener || listener->drops + event->delta != event->value || !event->delta) {
		judge_object(judge, event,
			     format("%s has dropped %ld segments, after %ld and %+ld",
				    listener ? listener->name : "a listener that there is not",
				    event->value, listener ? listener->drops : 0, event->delta));
		return;
	}
	note_cause(judge, event);
	listener->drops = event->value;
	listener->drops_seq = event->seq;
}
