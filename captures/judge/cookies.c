/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYN cookies. A server that has kept nothing of a SYN reads the terms of the connection in the
 * segment that brings the cookie back. So do these rules, which also know what the SYN was: a
 * connection that comes up without a request must have the terms that its cookie says.
 */
#include "captures/judge/terms.h"

#include <inttypes.h>

#define MSS_VALUES      4
#define COOKIE_LIFETIME SEC(120) /* MAX_SYNCOOKIE_AGE, in periods of TCP_SYNCOOKIE_PERIOD */

/* Bits of the timestamp in a cookie's SYN-ACK: cookie_init_timestamp(). */
#define SCALE_BITS 0xfu /* all of them: the client does not scale */
#define SACK_BIT   0x10u
#define ECN_BIT    0x20u
#define ALL_BITS   0x3fu

/* ---- what it keeps ------------------------------------------------------------------------- */

/* msstab of net/ipv4/syncookies.c and net/ipv6/syncookies.c */
static int mss_at(const struct judge *judge, int64_t index)
{
	static const int tables[2][MSS_VALUES] = { { 536, 1300, 1440, 1460 },
						   { 1220, 1420, 1440, 8940 } };

	return tables[judge->ipv6][index];
}

/* __cookie_v4_init_sequence(), __cookie_v6_init_sequence() */
static int index_of_mss(const struct judge *judge, int mss)
{
	int index = MSS_VALUES - 1;

	while (index > 0 && mss < mss_at(judge, index))
		index--;
	return index;
}

/*
 * tcp_clear_options(): without timestamps, in which it keeps the others (cookie_init_timestamp()),
 * a cookie has no room for an option.
 */
void keep_in_cookie(const struct judge *judge, struct flow_book *flow)
{
	struct terms *terms = &flow->terms;

	terms->cookie = true;
	terms->mss = mss_at(judge, index_of_mss(judge, terms->mss));
	if (!terms->timestamps)
		terms->sack = terms->scales = terms->ecn = false;
	flow->cookie = (struct cookie){ .sent = true,
					.number = flow->offer.seq,
					.tsval = flow->offer.tsval,
					.at = flow->synack_sent,
					.terms = *terms };
}

/* ---- how it is read ------------------------------------------------------------------------ */

/* How far a segment is from the one that follows the SYN. */
struct offset {
	int32_t seq, ack;
};

static struct offset offset_of(const struct flow_book *flow, const struct segment *segment)
{
	return (struct offset){ (int32_t)(segment->seq - flow->isn[CLIENT] - 1),
				(int32_t)(segment->ack - flow->cookie.number - 1) };
}

/*
 * check_tcp_syn_cookie(): the index of the MSS is what is left of the number that is acknowledged
 * when hashes and the segment's own number are taken off. So a segment that begins one byte later
 * is read as one of the next smaller MSS, and one that acknowledges a byte more of the next larger.
 */
static int64_t index_read(const struct judge *judge, const struct flow_book *flow,
			  const struct segment *segment)
{
	struct offset offset = offset_of(flow, segment);

	return index_of_mss(judge, flow->cookie.terms.mss) + (int64_t)offset.ack - offset.seq;
}

static uint32_t bits_of(const struct terms *terms)
{
	return (terms->scales ? (uint32_t)terms->peer_scale : SCALE_BITS) |
	       (terms->sack ? SACK_BIT : 0) | (terms->ecn ? ECN_BIT : 0);
}

/* cookie_v4_check(): an echo of 0 is taken as it is, any other less what the flow's are ahead by.
 */
static uint32_t bits_read(const struct cookie *cookie, const struct segment *segment)
{
	if (segment->tsecr == 0)
		return 0;
	return (bits_of(&cookie->terms) + segment->tsecr - cookie->tsval) & ALL_BITS;
}

/* cookie_timestamp_decode(), cookie_ecn_ok() */
static struct terms terms_read(const struct judge *judge, const struct flow_book *flow,
			       const struct segment *segment)
{
	uint32_t bits = bits_read(&flow->cookie, segment);
	/* tcp_parse_options() does not see those that are switched off */
	bool stamped = segment->timestamps && judge->settings[TCP_TIMESTAMPS];
	struct terms terms = flow->cookie.terms;

	terms.mss = mss_at(judge, index_read(judge, flow, segment));
	terms.timestamps = stamped;
	terms.sack = stamped && bits & SACK_BIT;
	terms.scales = stamped && (bits & SCALE_BITS) != SCALE_BITS;
	terms.ecn = stamped && bits & ECN_BIT && allows_ecn(judge);
	terms.peer_scale = (int)(bits & SCALE_BITS);
	terms.peer_window = (long)segment->window << (terms.scales ? terms.peer_scale : 0);
	return terms;
}

/* Which of the options that it reads the server must not use; NULL: none. */
static const char *switched_off(const struct judge *judge, const struct terms *terms)
{
	if (terms->sack && !judge->settings[TCP_SACK])
		return "SACK, with tcp_sack 0";
	if (terms->scales && !judge->settings[TCP_WINDOW_SCALING])
		return "a window scale, with tcp_window_scaling 0";
	return NULL;
}

/* Why the segment is none that brings its flow's cookie back; NULL: it is one. */
static char *flaw(const struct judge *judge, const struct packet_book *packet)
{
	const struct flow_book *flow = &judge->flows[packet->flow];
	const struct segment *segment = &packet->segment;
	struct offset offset = offset_of(flow, segment);
	nsec age = judge->lines[packet->line].arrived - flow->cookie.at;
	int64_t index = index_read(judge, flow, segment);
	const char *refused;

	if (!flow->cookie.sent)
		return format("no SYN of it was answered with a cookie");
	if ((segment->flags & (SYN | RST | ACK)) != ACK)
		return format("its segment has flags that bring no cookie back");
	if (index < 0 || index >= MSS_VALUES)
		return format("its segment is no answer to the cookie: seq is %+d and ack %+d off, "
			      "which makes it of MSS number %" PRId64 " of %d",
			      offset.seq, offset.ack, index + 1, MSS_VALUES);
	if (age >= COOKIE_LIFETIME)
		return format("its cookie is %.0f s old, and none is good for 120", seconds(age));
	struct terms terms = terms_read(judge, flow, segment);

	refused = switched_off(judge, &terms);
	return refused ? format("its cookie has %s", refused) : NULL;
}

void hear_cookie(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct packet_book *packet = book_of_packet(judge, event->packet);
	autofree char *why = NULL;

	if (event->host != SERVER || flow->states[SERVER] != NO_SOCKET || !flow->cookie.sent ||
	    !packet)
		return;
	why = flaw(judge, packet);
	if (why)
		return;
	flow->terms = terms_read(judge, flow, &packet->segment);
	if (flow->terms.timestamps && packet->segment.tsecr == 0)
		flow->has_tsval[SERVER] = false; /* it was an echo that told its offset */
}

void check_cookie(struct judge *judge, const struct event *event, const struct flow_book *flow)
{
	const struct packet_book *packet = book_of_packet(judge, event->packet);
	enum tcp_state beside = flow->states[SERVER];
	autofree char *why = NULL;

	if (beside != NO_SOCKET && beside != TIME_WAIT)
		why = format("beside another socket of it, in %s", state_name(beside));
	else if (packet && packet->flow == event->flow && packet->from == CLIENT)
		why = flaw(judge, packet);
	else
		why = format("no segment of it brought a cookie back");
	if (why)
		judge_object(judge, event,
			     format("%s has a connection at the server that no request of it has "
				    "made: %s",
				    flow->name, why));
}

/*
 * tcp_v4_syn_recv_sock(): what the cookie of a flow makes while a request of the same flow is there
 * goes at once, and is counted like any other connection.
 */
void see_late_cookie(struct judge *judge, const struct event *event)
{
	const struct packet_book *packet = book_of_packet(judge, event->packet);
	const struct flow_book *flow = packet ? &judge->flows[packet->flow] : NULL;
	bool taken = judge->hosts[SERVER].tallies[COOKIES_BACK].moved > 0;
	bool dropped = judge->hosts[SERVER].tallies[DROPS].moved > 0;
	autofree char *why = NULL;

	if (!taken || dropped || !flow || packet->from != CLIENT || !is_request(flow))
		return;
	why = flaw(judge, packet);
	if (!why)
		enter_ledger(&judge->hosts[SERVER], PASSIVE_OPENS, event);
}

/*
 * The same: it has made the child before it looks for a route to the client, and without one undoes
 * it. ListenDrops counts that, and AttemptFails; IPv6 looks first.
 */
void see_undone_child(struct judge *judge, const struct event *event)
{
	const struct packet_book *packet = book_of_packet(judge, event->packet);
	const struct flow_book *flow = packet ? &judge->flows[packet->flow] : NULL;
	const struct tally_book *tallies = judge->hosts[SERVER].tallies;

	if (flow && packet->from == CLIENT && is_request(flow) && tallies[DROPS].moved > 0 &&
	    tallies[FAILED_ATTEMPTS].moved > 0)
		enter_ledger(&judge->hosts[SERVER], PASSIVE_OPENS, event);
}
