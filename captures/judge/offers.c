/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SYN-ACK offers. Every field of it follows from the SYN, from the listening socket's
 * options, the route, the device and the sysctls of the server, and is known before it comes. Each
 * rule names the kernel's function that it is taken from; where kernels differ, a setting says
 * which rule this one has (net_probe() has found out), so that none ever allows for two values.
 */
#include "captures/judge/books.h"

#include <netinet/in.h>
#include <string.h>

#define TIMESTAMPS_ALIGNED 12 /* TCPOLEN_TSTAMP_ALIGNED: what each segment carries of them */
#define MOST_SCALE         14 /* TCP_MAX_WSCALE: RFC 7323, 2.3 */
#define MOST_UNSCALED      65535
#define ECN_FIELD          3u /* INET_ECN_MASK: of TOS and traffic class */
#define FEATURE_ECN        1  /* RTAX_FEATURE_ECN */
#define RCVBUF_LOCK        2  /* SOCK_RCVBUF_LOCK: somebody has chosen the buffer */

/* ---- settings ------------------------------------------------------------------------------ */

struct name {
	const char *ipv4, *ipv6;
};

#define BOTH(name_)                                                                                \
	{                                                                                          \
		name_, name_                                                                       \
	}

static const struct name setting_names[SETTINGS] = {
	[TCP_SACK] = BOTH("net.ipv4.tcp_sack"),
	[TCP_TIMESTAMPS] = BOTH("net.ipv4.tcp_timestamps"),
	[TCP_WINDOW_SCALING] = BOTH("net.ipv4.tcp_window_scaling"),
	[TCP_RMEM_DEFAULT] = BOTH("net.ipv4.tcp_rmem[1]"),
	[TCP_RMEM_MOST] = BOTH("net.ipv4.tcp_rmem[2]"),
	[RMEM_MAX] = BOTH("rmem_max"),
	[ADV_WIN_SCALE] = BOTH("net.ipv4.tcp_adv_win_scale"),
	[SIGNED_WINDOWS] = BOTH("net.ipv4.tcp_workaround_signed_windows"),
	[TCP_ECN] = BOTH("net.ipv4.tcp_ecn"),
	[REFLECT_TOS] = BOTH("net.ipv4.tcp_reflect_tos"),
	[MIN_SND_MSS] = BOTH("net.ipv4.tcp_min_snd_mss"),
	[MIN_ADV_MSS] = { "net.ipv4.route.min_adv_mss", "net.ipv6.route.min_adv_mss" },
	[DEFAULT_TTL] = { "net.ipv4.ip_default_ttl", "net.ipv6.conf.eth0.hop_limit" },
	[DEVICE_MTU] = BOTH("MTU"),
	[ROUTE_MTU] = BOTH("route mtu"),
	[ROUTE_ADVMSS] = BOTH("route advmss"),
	[ROUTE_WINDOW] = BOTH("route window"),
	[ROUTE_INITRWND] = BOTH("route initrwnd"),
	[ROUTE_HOPLIMIT] = BOTH("route hoplimit"),
	[ROUTE_FEATURES] = BOTH("route features"),
	/* How much of 256 bytes of a buffer is window; 0: as tcp_adv_win_scale has it. */
	[SCALING_RATIO] = BOTH("kernel: scaling ratio"),
	/* Whether a SYN-ACK echoes the SYN also after an ACK that was ignored. */
	[ECHOES_THE_SYN] = BOTH("kernel: echoes the SYN"),
	/* Whether a SYN-ACK that is sent again after a timeout has no ECE any more. */
	[REPEATS_END_ECN] = BOTH("kernel: repeats end ECN"),
};

static const struct name option_names[LISTENER_OPTIONS] = {
	[OPTION_MAXSEG] = BOTH("TCP_MAXSEG"),
	[OPTION_RCVBUF] = BOTH("SO_RCVBUF"),
	[OPTION_BUF_LOCK] = BOTH("SO_BUF_LOCK"),
	[OPTION_WINDOW_CLAMP] = BOTH("TCP_WINDOW_CLAMP"),
	[OPTION_TOS] = { "IP_TOS", "IPV6_TCLASS" },
	[OPTION_TTL] = { "IP_TTL", "IPV6_UNICAST_HOPS" },
};

const char *judge_setting_name(size_t number, int family)
{
	if (number >= SETTINGS)
		return NULL;
	return family == AF_INET6 ? setting_names[number].ipv6 : setting_names[number].ipv4;
}

const char *judge_option_name(size_t number, int family)
{
	if (number >= LISTENER_OPTIONS)
		return NULL;
	return family == AF_INET6 ? option_names[number].ipv6 : option_names[number].ipv4;
}

/* -1: there is none of that name. */
static int place_of(const struct name *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i].ipv4, name) == 0 || strcmp(names[i].ipv6, name) == 0)
			return i;
	return -1;
}

void take_setting(struct judge *judge, const struct event *event)
{
	struct listener_book *listener = book_of_listener(judge, event->listener);
	int place = event->listener ? place_of(option_names, LISTENER_OPTIONS, event->name)
				    : place_of(setting_names, SETTINGS, event->name);

	if (place < 0 || (event->listener && !listener) || event->value < INT32_MIN ||
	    event->value > INT32_MAX) {
		judge_object(judge, event,
			     format("\"%s\" of %ld is no setting that a SYN-ACK follows from",
				    event->name, event->value));
		return;
	}
	if (event->host != SERVER)
		return;
	if (listener) {
		listener->options[place] = event->value;
		return;
	}
	judge->settings[place] = event->value;
	judge->told[place] = true;
}

/* ---- segments and windows ------------------------------------------------------------------ */

static long smaller(long a, long b)
{
	return a < b ? a : b;
}

static long larger(long a, long b)
{
	return a > b ? a : b;
}

static const struct listener_book *listener_of(const struct judge *judge,
					       const struct flow_book *flow)
{
	return book_of_listener((struct judge *)judge, flow->listener);
}

/* ipv4_mtu(), ip6_mtu() */
static long path_mtu(const struct judge *judge)
{
	return judge->settings[ROUTE_MTU] ? judge->settings[ROUTE_MTU]
					  : judge->settings[DEVICE_MTU];
}

static long headers(const struct judge *judge)
{
	return judge->ipv6 ? 60 : 40;
}

/* dst_metric_advmss(): ipv4_default_advmss(), ip6_default_advmss() */
static long advertised_mss(const struct judge *judge)
{
	long mss = larger(path_mtu(judge) - headers(judge), judge->settings[MIN_ADV_MSS]);

	if (judge->settings[ROUTE_ADVMSS])
		return judge->settings[ROUTE_ADVMSS];
	if (judge->ipv6)
		return mss > UINT16_MAX - 20 ? UINT16_MAX : mss;
	return smaller(mss, UINT16_MAX - headers(judge));
}

/* tcp_mss_clamp() */
static long clamped_mss(const struct listener_book *listener, long mss)
{
	long chosen = listener->options[OPTION_MAXSEG];

	return chosen ? smaller(chosen, mss) : mss;
}

int offered_mss(const struct judge *judge, const struct flow_book *flow)
{
	return (int)clamped_mss(listener_of(judge, flow), advertised_mss(judge));
}

static long buffer_of(const struct judge *judge, const struct listener_book *listener)
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

/* What tcp_openreq_init_rwin() takes from the listener and the route. */
struct room {
	long space, clamp; /* clamp 0: none */
	long mss;          /* of a segment with its options */
	long segments;     /* that the route bounds the window to; 0: it does not */
};

static struct room room_for(const struct judge *judge, const struct flow_book *flow,
			    bool timestamps)
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

/* tcp_ecn_create_request(): a SYN that asks, and has nothing that no SYN of RFC 3168 has. */
static bool takes_ecn(const struct judge *judge, const struct segment *syn)
{
	bool asks = syn->flags & ECE && syn->flags & CWR;
	bool allowed = judge->settings[TCP_ECN] || judge->settings[ROUTE_FEATURES] & FEATURE_ECN;

	return asks && allowed && (!(syn->tos & ECN_FIELD) || syn->reserved);
}

/* tcp_parse_options(): what a SYN says, or TCP_MAXSEG if that is less; without an MSS the least. */
static int mss_of_syn(const struct judge *judge, const struct flow_book *flow,
		      const struct segment *syn)
{
	/* TCP_MSS_DEFAULT; what IPV6_MIN_MTU holds */
	long mss = syn->mss > 0 ? syn->mss : judge->ipv6 ? 1220 : 536;

	return (int)clamped_mss(listener_of(judge, flow), mss);
}

/* What a cookie keeps of an MSS: cookie_v4_init_sequence(), cookie_v6_init_sequence(). */
static int mss_in_cookie(const struct judge *judge, int mss)
{
	static const int tables[2][4] = { { 536, 1300, 1440, 1460 }, { 1220, 1420, 1440, 8940 } };
	const int *table = tables[judge->ipv6];
	int i = 3;

	while (i > 0 && mss < table[i])
		i--;
	return table[i];
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

/*
 * tcp_clear_options(): without timestamps, in which it keeps the others (cookie_init_timestamp()),
 * a cookie has no room for an option.
 */
static void keep_in_cookie(const struct judge *judge, struct terms *terms)
{
	terms->cookie = true;
	terms->mss = mss_in_cookie(judge, terms->mss);
	if (!terms->timestamps)
		terms->sack = terms->scales = terms->ecn = false;
}

static bool is_request(const struct flow_book *flow)
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

void hear_offer(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	const struct segment *segment = &event->segment;

	if (event->host != SERVER)
		return;
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

/* ip_select_ttl(), ip6_xmit() and ip6_dst_hoplimit() */
static uint8_t offered_ttl(const struct judge *judge, const struct flow_book *flow)
{
	long chosen = listener_of(judge, flow)->options[OPTION_TTL];

	if (!chosen)
		chosen = judge->settings[ROUTE_HOPLIMIT];
	return (uint8_t)(chosen ? chosen : judge->settings[DEFAULT_TTL]);
}

/* tcp_ecn_make_synack(): the first repeat leaves before its timeout is counted. */
static bool offers_ecn(const struct judge *judge, const struct flow_book *flow)
{
	bool timed_out = is_request(flow) && flow->timeouts > 0;

	return flow->terms.ecn && !(judge->settings[REPEATS_END_ECN] && timed_out);
}

/* tcp_make_synack(), tcp_synack_options() */
static struct segment offered(const struct judge *judge, const struct flow_book *flow)
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

/* ---- why ----------------------------------------------------------------------------------- */

/* "net.ipv4.tcp_sack 1"; the caller frees it. */
static char *setting_words(const struct judge *judge, enum setting setting)
{
	const struct name *name = &setting_names[setting];
	const char *words = judge->ipv6 ? name->ipv6 : name->ipv4;

	if (strncmp(words, "net.ipv4.", strlen("net.ipv4.")) == 0)
		words += strlen("net.ipv4.");
	return format("%s %ld", words, judge->settings[setting]);
}

static char *option_words(const struct judge *judge, const struct flow_book *flow,
			  enum listener_option option)
{
	const struct name *name = &option_names[option];

	return format("%s %ld", judge->ipv6 ? name->ipv6 : name->ipv4,
		      listener_of(judge, flow)->options[option]);
}

static bool chosen(const struct judge *judge, const struct flow_book *flow,
		   enum listener_option option)
{
	return listener_of(judge, flow)->options[option] != 0;
}

static char *why_mss(const struct judge *judge, const struct flow_book *flow)
{
	if (offered_mss(judge, flow) != advertised_mss(judge))
		return option_words(judge, flow, OPTION_MAXSEG);
	return setting_words(judge, judge->settings[ROUTE_ADVMSS] ? ROUTE_ADVMSS
				    : judge->settings[ROUTE_MTU]  ? ROUTE_MTU
								  : DEVICE_MTU);
}

static char *why_window(const struct judge *judge, const struct flow_book *flow)
{
	struct room room = room_for(judge, flow, flow->terms.timestamps);

	return format("a buffer of %ld has room for %ld, in segments of %ld",
		      buffer_of(judge, listener_of(judge, flow)), room.space, room.mss);
}

/* What an option depends on: the SYN, a sysctl, and whether there is a request. */
static char *why_option(const struct judge *judge, const struct flow_book *flow,
			enum setting setting)
{
	autofree char *words = setting_words(judge, setting);
	bool no_room = flow->terms.cookie && !flow->terms.timestamps;

	return format("%s%s", words, no_room ? ", and a cookie without timestamps" : "");
}

static char *why_scale(const struct judge *judge, const struct flow_book *flow)
{
	struct room room = room_for(judge, flow, flow->terms.timestamps);
	enum setting most = judge->settings[RMEM_MAX] > judge->settings[TCP_RMEM_MOST]
				    ? RMEM_MAX
				    : TCP_RMEM_MOST;

	if (!flow->terms.scales)
		return why_option(judge, flow, TCP_WINDOW_SCALING);
	if (room.clamp && room.clamp < judge->settings[most])
		return format("its window is clamped to %ld", room.clamp);
	return setting_words(judge, most);
}

static char *why_ttl(const struct judge *judge, const struct flow_book *flow)
{
	if (chosen(judge, flow, OPTION_TTL))
		return option_words(judge, flow, OPTION_TTL);
	return setting_words(judge, judge->settings[ROUTE_HOPLIMIT] ? ROUTE_HOPLIMIT : DEFAULT_TTL);
}

static char *why_tos(const struct judge *judge, const struct flow_book *flow)
{
	autofree char *option = option_words(judge, flow, OPTION_TOS);
	autofree char *sysctl = setting_words(judge, REFLECT_TOS);

	return format("%s, %s", option, sysctl);
}

static char *why_sack(const struct judge *judge, const struct flow_book *flow)
{
	return why_option(judge, flow, TCP_SACK);
}

static char *why_timestamps(const struct judge *judge, const struct flow_book *flow)
{
	return why_option(judge, flow, TCP_TIMESTAMPS);
}

static char *why_ecn(const struct judge *judge, const struct flow_book *flow)
{
	return why_option(judge, flow, TCP_ECN);
}

static char *why_echo(const struct judge *judge, const struct flow_book *flow)
{
	(void)flow;
	return format("%s", judge->settings[ECHOES_THE_SYN] ? "that of the SYN"
							    : "the last that was in order");
}

static char *why_header(const struct judge *judge, const struct flow_book *flow)
{
	(void)judge;
	(void)flow;
	return format("with these options, and no others");
}

/* ---- the two compared ---------------------------------------------------------------------- */

struct field {
	const char *name;
	long observed, expected;
	bool answer; /* yes or no */
	char *(*why)(const struct judge *judge, const struct flow_book *flow);
};

static char *value_words(const struct field *field, long value)
{
	if (field->answer)
		return format("%s", value ? "yes" : "no");
	return value < 0 ? format("none") : format("%ld", value);
}

static char *objection(const struct judge *judge, const struct flow_book *flow,
		       const struct field *field)
{
	autofree char *observed = value_words(field, field->observed);
	autofree char *expected = value_words(field, field->expected);
	autofree char *why = field->why(judge, flow);

	return format("SYN-ACK of %s offers %s%s %s, expected %s (%s)", flow->name, field->name,
		      field->answer ? ":" : "", observed, expected, why);
}

static void compare(struct judge *judge, struct culprit culprit, const struct flow_book *flow,
		    const struct segment *seen)
{
	struct segment due = offered(judge, flow);
	const struct field fields[] = {
		{ "MSS", seen->mss, due.mss, false, why_mss },
		{ "timestamps", seen->timestamps, due.timestamps, true, why_timestamps },
		{ "SACK", seen->sack_permitted, due.sack_permitted, true, why_sack },
		{ "window scale", seen->window_scale, due.window_scale, false, why_scale },
		{ "window", seen->window, due.window, false, why_window },
		{ "echo of timestamp", seen->tsecr, due.tsecr, false, why_echo },
		{ "ECN", !!(seen->flags & ECE), !!(due.flags & ECE), true, why_ecn },
		{ "CWR", !!(seen->flags & CWR), 0, true, why_ecn },
		{ "reserved bits", seen->reserved, 0, false, why_ecn },
		{ judge->ipv6 ? "hop limit" : "TTL", seen->ttl, due.ttl, false, why_ttl },
		{ judge->ipv6 ? "traffic class" : "TOS", seen->tos, due.tos, false, why_tos },
		{ "header of bytes", seen->header, due.header, false, why_header },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(fields) && !judge->found; i++)
		if (fields[i].observed != fields[i].expected)
			judge_object_to(judge, culprit, objection(judge, flow, &fields[i]));
}

/* Objects where the journal has not told of what the rules ask for. */
static bool all_is_told(struct judge *judge, struct culprit culprit)
{
	for (int i = 0; i < SETTINGS; i++)
		if (!judge->told[i]) {
			judge_object_to(judge, culprit,
					format("the journal does not tell the server's %s, from "
					       "which a SYN-ACK follows",
					       setting_names[i].ipv4));
			return false;
		}
	return true;
}

static void judge_offer(struct judge *judge, struct culprit culprit, const struct flow_book *flow,
			const struct segment *seen)
{
	if (judge->found || !listener_of(judge, flow) || !all_is_told(judge, culprit))
		return;
	if (!flow->terms.known)
		judge_object_to(
			judge, culprit,
			format("SYN-ACK of %s, and no SYN has come to the server", flow->name));
	else
		compare(judge, culprit, flow, seen);
}

void check_offer(struct judge *judge, const struct event *event, struct flow_book *flow)
{
	struct culprit culprit = { event->seq, event->packet };

	/* of a second one before the sample nobody knows more than of the first */
	if (is_request(flow) || flow->offer_event.seq) {
		judge_offer(judge, culprit, flow, &event->segment);
		return;
	}
	flow->offer = event->segment;
	flow->offer_event = culprit;
	flow->next_offer = judge->first_offer;
	judge->first_offer = event->flow;
}

void close_offers(struct judge *judge)
{
	while (judge->first_offer) {
		struct flow_book *flow = &judge->flows[judge->first_offer];

		judge->first_offer = flow->next_offer;
		if (!is_request(flow))
			keep_in_cookie(judge, &flow->terms);
		judge_offer(judge, flow->offer_event, flow, &flow->offer);
		flow->offer_event = (struct culprit){ 0 };
	}
}
