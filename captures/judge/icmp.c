/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors. They quote the beginning of a segment: ports and sequence number. Only an error
 * about its SYN-ACK ends a request (tcp_req_err()); a connection takes errors about what it has
 * sent and is not acknowledged yet (tcp_v4_err(), tcp_v6_err()).
 */
#include "captures/judge/books.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

/* From the ISN of whoever sent the quoted segment. */
static int32_t quoted_number(const struct flow_book *flow, const struct event *event)
{
	return (int32_t)(event->segment.seq - flow->isn[other(event->from)]);
}

/* ---- what comes in ------------------------------------------------------------------------- */

/* The segment that it quotes went from where the error goes to. */
static void check_ports(struct judge *judge, const struct event *event,
			const struct flow_book *flow)
{
	const struct segment *quoted = &event->segment;
	bool of_server = event->from == CLIENT;
	int server = of_server ? quoted->source_port : quoted->destination_port;
	int client = of_server ? quoted->destination_port : quoted->source_port;

	if (server != flow->port || (flow->client_port && client != flow->client_port))
		judge_object(judge, event,
			     format("ICMP error %ld quotes a segment from port %d to port %d, and "
				    "%s is between %d and %d",
				    event->packet, quoted->source_port, quoted->destination_port,
				    flow->name, flow->client_port, flow->port));
}

void expect_icmp(struct judge *judge, const struct event *event)
{
	judge->icmp.call = (struct culprit){ event->seq, 0 };
	judge->icmp.flow = event->flow;
	judge->icmp.kind = event->result;
}

void close_icmp(struct judge *judge)
{
	if (judge->icmp.call.seq)
		judge_object_to(judge, judge->icmp.call,
				format("the case has injected an ICMP error about %s, and it was "
				       "not seen",
				       judge->flows[judge->icmp.flow].name));
	judge->icmp.call.seq = 0;
}

static void check_injection(struct judge *judge, const struct event *event,
			    const struct flow_book *flow)
{
	long kind = event->icmp.type * 256L + event->icmp.code;

	check_that_peer_has_all(judge, event);
	if (!judge->icmp.call.seq || judge->icmp.flow != event->flow)
		judge_object(judge, event,
			     format("ICMP error %ld about %s was injected, but not by the case",
				    event->packet, flow->name));
	else if (kind != judge->icmp.kind)
		judge_object(judge, event,
			     format("ICMP error %ld about %s is %u/%u, and the case has injected "
				    "%ld/%ld",
				    event->packet, flow->name, event->icmp.type, event->icmp.code,
				    judge->icmp.kind / 256, judge->icmp.kind % 256));
	judge->icmp.call.seq = 0;
}

static void enter_icmp(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	struct packet_book *packet = next_packet(judge, event);

	if (!packet)
		return;
	check_ports(judge, event, flow);
	if (event->injected)
		check_injection(judge, event, flow);
	packet->line = enter_line(judge, event, event->flow);
}

/* ---- what must be counted ------------------------------------------------------------------ */

/* icmp_unreach(), icmpv6_rcv(): which of them are handed on to TCP. The others are not counted. */
static bool comes_to_tcp(const struct judge *judge, const struct icmp_message *icmp)
{
	if (judge->ipv6)
		return true;
	return !(icmp->type == ICMP_DEST_UNREACH && icmp->code > NR_ICMP_UNREACH) &&
	       !(icmp->type == ICMP_TIME_EXCEEDED && icmp->code == ICMP_EXC_FRAGTIME);
}

/* tcp_req_err(); tcp_v4_err(): between(seq, snd_una, snd_nxt) */
static bool is_under_way(const struct flow_book *flow, const struct event *event)
{
	int32_t number = quoted_number(flow, event);
	enum host host = event->host;

	if (flow->states[host] == SYN_RECV)
		return number == 0;
	return number - (int32_t)flow->acked[host] >= 0 &&
	       number - (int32_t)flow->sent_next[host] <= 0;
}

static void tally_icmp(struct judge *judge, const struct event *event, const struct flow_book *flow)
{
	enum tcp_state state = flow->states[event->host];

	if (!comes_to_tcp(judge, &event->icmp) || state == TIME_WAIT)
		return;
	if (state == NO_SOCKET)
		tally_seen(judge, event, (struct seen){ event->host, ERRORS_ABOUT_NOBODY, 1 });
	else if (!is_under_way(flow, event))
		tally_seen(judge, event, (struct seen){ event->host, OTHER_NUMBERS, 1 });
}

/* ---- what the way bears -------------------------------------------------------------------- */

/* IPV6_MIN_MTU; net.ipv4.route.min_pmtu as it is by default: 512 bytes and two headers. */
#define LEAST_IPV6 1280
#define LEAST_IPV4 552

static bool says_too_big(const struct judge *judge, const struct icmp_message *icmp)
{
	if (judge->ipv6)
		return icmp->type == ICMP6_PACKET_TOO_BIG;
	return icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED;
}

/* tcp_v6_mtu_reduced(): only what makes the connection's segments shorter. */
static bool shortens(const struct judge *judge, const struct flow_book *flow, long mtu)
{
	return mtu >= LEAST_IPV6 && mtu < path_mtu(judge, flow) && mtu - 60 < flow->terms.mss;
}

/*
 * tcp_v4_mtu_reduced(), __ip_rt_update_pmtu(): a connection learns of its path's MTU, and with it
 * whoever goes the same way. A request learns nothing (tcp_req_err()).
 */
static void learn_path(struct judge *judge, const struct event *event, const struct flow_book *flow)
{
	struct flow_book *host = &judge->flows[flow->host];
	long mtu = event->icmp.mtu;

	if (judge->ipv6) {
		if (shortens(judge, flow, mtu))
			host->path_mtu = mtu;
		return;
	}
	mtu = mtu < LEAST_IPV4 ? LEAST_IPV4 : mtu;
	/* what is below the least is locked: nothing more is learnt */
	if (mtu < path_mtu(judge, flow) && host->path_mtu != LEAST_IPV4)
		host->path_mtu = mtu;
}

static bool is_connection(enum tcp_state state)
{
	return state != NO_SOCKET && state != SYN_RECV && state != TIME_WAIT;
}

static void take_arrival(struct judge *judge, const struct event *event,
			 const struct flow_book *flow)
{
	const struct packet_book *packet = arrived_packet(judge, event);

	if (!packet)
		return;
	judge->lines[packet->line].arrived = event->at;
	tally_icmp(judge, event, flow);
	if (event->host == SERVER && is_connection(flow->states[SERVER]) &&
	    says_too_big(judge, &event->icmp) && is_under_way(flow, event))
		learn_path(judge, event, flow);
}

void take_icmp(struct judge *judge, const struct event *event)
{
	struct flow_book *flow = book_of_flow(judge, event->flow);
	bool arrives = event->host != event->from;

	if (!flow) {
		judge_object(judge, event,
			     format("ICMP error %ld is about no flow that the case named",
				    event->packet));
		return;
	}
	check_capture_order(judge, event);
	if (!arrives || (event->injected && !event->copy))
		enter_icmp(judge, event, flow);
	if (arrives && !judge->found)
		take_arrival(judge, event, flow);
}

/* ---- what it does -------------------------------------------------------------------------- */

char *icmp_objection(const struct judge *judge, const struct event *event)
{
	const struct packet_book *cause = book_of_packet((struct judge *)judge, event->packet);
	const struct flow_book *flow = &judge->flows[event->flow];

	if (!cause || !cause->icmp || event->host != SERVER)
		return NULL;
	if (cause->flow != event->flow)
		return format("an ICMP error about %s has ended the request of %s",
			      judge->flows[cause->flow].name, flow->name);
	if (cause->segment.seq != flow->isn[SERVER])
		return format("an ICMP error has ended the request of %s, but it quotes the number "
			      "%d of the server's, and its SYN-ACK had 0",
			      flow->name, (int)(cause->segment.seq - flow->isn[SERVER]));
	return NULL;
}
