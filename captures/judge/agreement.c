/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two ends of a connection go by, as TCP_INFO tells it, is what its SYN and its SYN-ACK
 * have agreed on.
 */
#include "captures/judge/books.h"

#include <string.h>

#define SMALL_WINDOW       536 /* TCP_MSS_DEFAULT */
#define TIMESTAMPS_ALIGNED 12  /* TCPOLEN_TSTAMP_ALIGNED: what each segment carries of them */

/* tcp_bound_to_half_wnd(): of a small window a segment is half at most. */
static int bound_to_half(int mss, long window)
{
	long most = window > SMALL_WINDOW ? window / 2 : window;

	return most && mss > most ? (int)most : mss;
}

/*
 * The server's end has what the request, or the cookie, has kept (tcp_create_openreq_child()), and
 * sends what the path, the SYN and tcp_min_snd_mss allow (tcp_mtu_to_mss()), and its peer's window.
 */
static struct agreement agreement_of_child(const struct judge *judge, const struct flow_book *flow)
{
	const struct terms *terms = &flow->terms;
	int options = terms->timestamps ? TIMESTAMPS_ALIGNED : 0;
	long mss = path_mtu(judge, flow) - (judge->ipv6 ? 60 : 40);

	mss = mss < terms->mss ? mss : terms->mss;
	mss = mss > judge->settings[MIN_SND_MSS] ? mss : judge->settings[MIN_SND_MSS];
	return (struct agreement){
		.mss = bound_to_half((int)mss - options, terms->peer_window),
		.advertised_mss = offered_mss(judge, flow) - options,
		.window_scale = terms->scales ? terms->scale : -1,
		.peer_window_scale = terms->scales ? terms->peer_scale : -1,
		.sack = terms->sack,
		.timestamps = terms->timestamps,
		.ecn = terms->ecn,
	};
}

struct agreement agreement_of(const struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	const struct segment *own = &flow->first_syn[event->host];
	const struct segment *others = &flow->first_syn[other(event->host)];
	bool scales = own->window_scale >= 0 && others->window_scale >= 0;
	bool stamps = own->timestamps && others->timestamps;
	int mss = others->mss < own->mss ? others->mss : own->mss;

	if (event->host == SERVER && flow->terms.known)
		return agreement_of_child(judge, flow);
	return (struct agreement){
		/* RFC 9293, 3.7.1: the smaller one, less the options that every segment carries */
		.mss = bound_to_half(mss - (stamps ? TIMESTAMPS_ALIGNED : 0), others->window),
		.advertised_mss = own->mss - (stamps ? TIMESTAMPS_ALIGNED : 0),
		.window_scale = scales ? own->window_scale : -1,
		.peer_window_scale = scales ? others->window_scale : -1,
		.sack = own->sack_permitted && others->sack_permitted,
		.timestamps = stamps,
		.ecn = flow->first_syn[CLIENT].flags & ECE && flow->first_syn[SERVER].flags & ECE,
	};
}

/* ---- in words ------------------------------------------------------------------------------ */

/* What an agreement consists of. */
enum point { MSS, ADVERTISED_MSS, TIMESTAMPS, SACK, WINDOW_SCALE, PEER_WINDOW_SCALE, ECN, POINTS };

static const char *const points[POINTS] = {
	[MSS] = "MSS",
	[ADVERTISED_MSS] = "advertised MSS",
	[TIMESTAMPS] = "timestamps",
	[SACK] = "SACK",
	[WINDOW_SCALE] = "window scale",
	[PEER_WINDOW_SCALE] = "peer's window scale",
	[ECN] = "ECN",
};

static char *scale_words(int scale)
{
	return scale < 0 ? format("none") : format("%d", scale);
}

/* The caller frees it. */
static char *point_words(const struct agreement *agreement, enum point point)
{
	switch (point) {
	case MSS:
		return format("%d", agreement->mss);
	case ADVERTISED_MSS:
		return format("%d", agreement->advertised_mss);
	case WINDOW_SCALE:
		return scale_words(agreement->window_scale);
	case PEER_WINDOW_SCALE:
		return scale_words(agreement->peer_window_scale);
	case TIMESTAMPS:
		return format("%s", agreement->timestamps ? "on" : "off");
	case SACK:
		return format("%s", agreement->sack ? "on" : "off");
	default:
		return format("%s", agreement->ecn ? "on" : "off");
	}
}

char *agreement_words(const struct agreement *agreement)
{
	struct text words = { 0 };

	for (int i = 0; i < POINTS; i++) {
		autofree char *value = point_words(agreement, (enum point)i);

		text_add(&words, "%s%s %s", i ? ", " : "", points[i], value);
	}
	return text_take(&words);
}

/* What a reader asks for first when another point is wrong. */
static bool is_an_option(int point, const struct agreement *agreed)
{
	return point == TIMESTAMPS || point == SACK || point == WINDOW_SCALE ||
	       (point == ECN && agreed->ecn);
}

/*
 * "MSS of client at the server is 1428, expected 1448 (timestamps, SACK, window scale: as agreed)";
 * NULL where the two are the same. The caller frees it.
 */
static char *difference(const struct agreement *seen, const struct agreement *agreed,
			const char *whose)
{
	struct text wrong = { 0 }, right = { 0 };
	autofree char *others = NULL;

	for (int i = 0; i < POINTS; i++) {
		autofree char *observed = point_words(seen, (enum point)i);
		autofree char *expected = point_words(agreed, (enum point)i);

		if (strcmp(observed, expected) == 0 && is_an_option(i, agreed))
			text_add(&right, "%s%s", right.length ? ", " : "", points[i]);
		else if (strcmp(observed, expected) == 0)
			continue;
		else if (wrong.length)
			text_add(&wrong, ", %s %s, expected %s", points[i], observed, expected);
		else
			text_add(&wrong, "%s of %s is %s, expected %s", points[i], whose, observed,
				 expected);
	}
	others = text_take(&right);
	if (wrong.length && *others)
		text_add(&wrong, " (%s: as agreed)", others);
	if (wrong.length)
		return text_take(&wrong);
	free(text_take(&wrong));
	return NULL;
}

void take_info(struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = book_of_flow(judge, event->flow);
	struct agreement agreed;
	autofree char *wrong = NULL;
	autofree char *whose =
		event->object ? format("%s", event->object)
		: flow ? format("%s%s", flow->name, event->host == SERVER ? " at the server" : "")
		       : format("nobody");

	if (!flow || !flow->has_isn[CLIENT] || !flow->has_isn[SERVER]) {
		judge_object(
			judge, event,
			format("TCP_INFO of %s, and no SYN and SYN-ACK of it were seen", whose));
		return;
	}
	agreed = agreement_of(judge, event);
	wrong = difference(&event->agreement, &agreed, whose);
	if (wrong && event->host == SERVER && flow->terms.cookie)
		judge_object(judge, event, format("%s: what its cookie says", wrong));
	else if (wrong)
		judge_object(judge, event, format("%s", wrong));
}
