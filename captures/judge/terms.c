/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SYN-ACK offers. Every field of it follows from the SYN, from the listening socket's
 * options, the route, the device and the sysctls of the server, and is known before it comes. Each
 * rule names the kernel's function that it is taken from; where kernels differ, a setting says
 * which rule this one has (net_probe() has found out), so that none ever allows for two values.
 */
#include "captures/judge/terms.h"

#include <string.h>

#define TIMESTAMPS_ALIGNED 12 /* TCPOLEN_TSTAMP_ALIGNED: what each segment carries of them */
#define MOST_SCALE         14 /* TCP_MAX_WSCALE: RFC 7323, 2.3 */
#define MOST_UNSCALED      65535
#define ECN_FIELD          3u /* INET_ECN_MASK: of TOS and traffic class */
#define FEATURE_ECN        1  /* RTAX_FEATURE_ECN */
#define RCVBUF_LOCK        2  /* SOCK_RCVBUF_LOCK: somebody has chosen the buffer */

/* ---- segments and windows ------------------------------------------------------------------ */

static long smaller(long a, long b)
{
	return a < b ? a : b;
}

static long larger(long a, long b)
{
	return a > b ? a : b;
}

static long route_mtu(const struct judge *judge)
{
	return judge->settings[ROUTE_MTU] ? judge->settings[ROUTE_MTU]
					  : judge->settings[DEVICE_MTU];
}

/* ipv4_mtu(), ip6_mtu(): what was learnt (learn_path() in icmp.c) is of the route's exception. */
long path_mtu(const struct judge *judge, const struct flow_book *flow)
{
	long learnt = judge->flows[flow->host].path_mtu;

	return learnt ? smaller(learnt, route_mtu(judge)) : route_mtu(judge);
}

static long headers(const struct judge *judge)
{
	return judge->ipv6 ? 60 : 40;
}

/* dst_metric_advmss(): ipv4_default_advmss(), ip6_default_advmss() */
long advertised_mss(const struct judge *judge, const struct flow_book *flow)
{
	long mtu =
		judge->settings[OFFERS_WHAT_IS_LEARNT] ? path_mtu(judge, flow) : route_mtu(judge);
	long mss = larger(mtu - headers(judge), judge->settings[MIN_ADV_MSS]);

	if (judge->settings[ROUTE_ADVMSS])
		return judge->settings[ROUTE_ADVMSS];
	if (judge->ipv6)
		return mss > UINT16_MAX - 20 ? UINT16_MAX : mss;
	return smaller(mss, UINT16_MAX - headers(judge));
}

/* tcp_mss_clamp(); a request that has moved to nobody who is known has nobody's. */
static long clamped_mss(const struct listener_book *listener, long mss)
{
	long chosen = listener ? listener->options[OPTION_MAXSEG] : 0;

	return chosen ? smaller(chosen, mss) : mss;
}

int offered_mss(const struct judge *judge, const struct flow_book *flow)
{
	return (int)clamped_mss(listener_of(judge, flow), advertised_mss(judge, flow));
}

long buffer_of(const struct judge *judge, const struct listener_book *listener)
{
	long chosen = listener->options[OPTION_RCVBUF];

	return chosen ? chosen : judge->settings[TCP_RMEM_DEFAULT];
}

/* tcp_full_space(): tcp_win_from_space(), which before Linux 6.6 asks tcp_adv_win_scale. */
static long full_space(const struct judge *judge, const struct listener_book *listener)
{
	long buffer = buffer_of(judge, listener), scale = judge->settings[ADV_WIN_SCALE];

	if (judge->settings[SCALING_RATIO])
		return buffer * judge->settings[SCALING_RATIO] >> 8;
	scale = larger(-31, smaller(scale, 31));
	return scale <= 0 ? buffer >> -scale : buffer - (buffer >> scale);
}

static int scale_of(long space)
{
	int scale = 0;

	while (scale < MOST_SCALE && space >> (scale + 16))
		scale++;
	return scale;
}

struct room room_for(const struct judge *judge, const struct flow_book *flow, bool timestamps)
{
	const struct listener_book *listener = listener_of(judge, flow);
	struct room room = { .space = full_space(judge, listener),
			     .clamp = listener->options[OPTION_WINDOW_CLAMP],
			     .mss = offered_mss(judge, flow),
			     .segments = judge->settings[ROUTE_INITRWND] };

	if (!room.clamp)
		room.clamp = judge->settings[ROUTE_WINDOW];
	if (listener->options[OPTION_BUF_LOCK] & RCVBUF_LOCK &&
	    (room.clamp > room.space || room.clamp == 0))
		room.clamp = room.space;
	room.space = larger(room.space, room.segments * room.mss);
	room.mss = larger(room.mss - (timestamps ? TIMESTAMPS_ALIGNED : 0), 1);
	return room;
}

/* tcp_select_initial_window(); what it offers is unscaled (tcp_make_synack()). */
static void select_window(const struct judge *judge, struct room room, struct terms *terms)
{
	long most = judge->settings[SIGNED_WINDOWS] ? INT16_MAX : MOST_UNSCALED;
	long clamp = room.clamp ? room.clamp : (long)MOST_UNSCALED << MOST_SCALE;
	long space = smaller(clamp, room.space);

	if (space > room.mss)
		space -= space % room.mss;
	terms->window = (int)smaller(space, most);
	if (room.segments)
		terms->window = (int)smaller(terms->window, room.segments * room.mss);
	space = larger(space, judge->settings[TCP_RMEM_MOST]);
	space = larger(space, judge->settings[RMEM_MAX]);
	terms->scale = scale_of(smaller(space, clamp));
}

/* ---- terms --------------------------------------------------------------------------------- */

bool allows_ecn(const struct judge *judge)
{
	return judge->settings[TCP_ECN] || judge->settings[ROUTE_FEATURES] & FEATURE_ECN;
}

/* tcp_ecn_create_request(): a SYN that asks, and has nothing that no SYN of RFC 3168 has. */
static bool takes_ecn(const struct judge *judge, const struct segment *syn)
{
	bool asks = syn->flags & ECE && syn->flags & CWR;

	return asks && allows_ecn(judge) && (!(syn->tos & ECN_FIELD) || syn->reserved);
}

/* tcp_parse_options(): what a SYN says, or TCP_MAXSEG if that is less; without an MSS the least. */
static int mss_of_syn(const struct judge *judge, const struct flow_book *flow,
		      const struct segment *syn)
{
	/* TCP_MSS_DEFAULT; what IPV6_MIN_MTU holds */
	long mss = syn->mss > 0 ? syn->mss : judge->ipv6 ? 1220 : 536;

	return (int)clamped_mss(listener_of(judge, flow), mss);
}

/* tcp_conn_request(); all is kept as if a request were made. */
static struct terms terms_of(const struct judge *judge, const struct flow_book *flow,
			     const struct segment *syn)
{
	struct terms terms = {
		.known = true,
		.timestamps = syn->timestamps && judge->settings[TCP_TIMESTAMPS],
		.sack = syn->sack_permitted && judge->settings[TCP_SACK],
		.scales = syn->window_scale >= 0 && judge->settings[TCP_WINDOW_SCALING],
		.ecn = takes_ecn(judge, syn),
		.echo = syn->tsval,
		.mss = mss_of_syn(judge, flow, syn),
		.peer_scale = (int)smaller(syn->window_scale, MOST_SCALE),
		.tos = syn->tos,
	};

	select_window(judge, room_for(judge, flow, terms.timestamps), &terms);
	return terms;
}

bool is_request(const struct flow_book *flow)
{
	return flow->states[SERVER] == SYN_RECV;
}

/*
 * tcp_check_req() before commit 8d52da23b6c6: of whatever is in order the timestamp is kept, also
 * when the segment is then ignored.
 */
static void hear_timestamp(const struct judge *judge, const struct segment *segment,
			   struct flow_book *flow)
{
	uint32_t next = flow->isn[CLIENT] + 1;
	int32_t begin = (int32_t)(segment->seq - next);
	int32_t end = (int32_t)(segment->seq + segment->length - next);
	bool stamped = flow->terms.timestamps && segment->timestamps &&
		       (int32_t)(segment->tsval - flow->terms.echo) >= 0;
	bool in_order = begin == 0 || (begin < 0 && end > 0);
	bool acknowledges = (segment->flags & (SYN | RST | ACK)) == ACK &&
			    segment->ack == flow->isn[SERVER] + 1;

	if (!judge->settings[ECHOES_THE_SYN] && stamped && in_order && acknowledges)
		flow->terms.echo = segment->tsval;
}

/* tcp_create_openreq_child(), tcp_ack_update_window() */
static void hear_window(const struct segment *segment, struct terms *terms)
{
	long window = (long)segment->window << (terms->scales ? terms->peer_scale : 0);

	if ((segment->flags & (SYN | RST | ACK)) == ACK)
		terms->peer_window = larger(terms->peer_window, window);
}

void hear_offer(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct segment *segment = &event->segment;

	if (event->host != SERVER)
		return;
	hear_window(segment, &flow->terms);
	if (is_request(flow))
		hear_timestamp(judge, segment, flow);
	else if ((segment->flags & (SYN | ACK)) == SYN && listener_of(judge, flow))
		flow->terms = terms_of(judge, flow, segment);
}

/* ---- one SYN-ACK --------------------------------------------------------------------------- */

/* tcp_v4_send_synack(), tcp_v6_send_synack() */
static uint8_t offered_tos(const struct judge *judge, const struct flow_book *flow)
{
	uint8_t tos = (uint8_t)listener_of(judge, flow)->options[OPTION_TOS];

	if (!judge->settings[REFLECT_TOS])
		return tos;
	return (uint8_t)((flow->terms.tos & ~ECN_FIELD) | (tos & ECN_FIELD));
}

/* ip4_dst_hoplimit(), ip6_dst_hoplimit() */
uint8_t ttl_without_socket(const struct judge *judge)
{
	long hops = judge->settings[ROUTE_HOPLIMIT];

	return (uint8_t)(hops ? hops : judge->settings[DEFAULT_TTL]);
}

/* ip_select_ttl(), ip6_xmit() */
static uint8_t offered_ttl(const struct judge *judge, const struct flow_book *flow)
{
	long chosen = listener_of(judge, flow)->options[OPTION_TTL];

	return chosen ? (uint8_t)chosen : ttl_without_socket(judge);
}

/* tcp_ecn_make_synack(): the first repeat leaves before its timeout is counted. */
static bool offers_ecn(const struct judge *judge, const struct flow_book *flow)
{
	bool timed_out = is_request(flow) && flow->timeouts > 0;

	return flow->terms.ecn && !(judge->settings[REPEATS_END_ECN] && timed_out);
}

/* tcp_make_synack(), tcp_synack_options() */
struct segment offered(const struct judge *judge, const struct flow_book *flow)
{
	const struct terms *terms = &flow->terms;

	return (struct segment){
		.flags = SYN | ACK | (offers_ecn(judge, flow) ? ECE : 0),
		.window = (uint16_t)terms->window,
		.ttl = offered_ttl(judge, flow),
		.tos = offered_tos(judge, flow),
		.header = (uint8_t)(24 +
				    (terms->timestamps ? TIMESTAMPS_ALIGNED
				     : terms->sack     ? 4
						       : 0) +
				    (terms->scales ? 4 : 0)),
		.mss = offered_mss(judge, flow),
		.window_scale = terms->scales ? terms->scale : -1,
		.sack_permitted = terms->sack,
		.timestamps = terms->timestamps,
		.tsecr = terms->timestamps ? terms->echo : 0,
	};
}
