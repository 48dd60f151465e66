/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two ends of a connection go by, as TCP_INFO tells it, is what its SYN and its SYN-ACK
 * have agreed on.
 */
#include "captures/judge/books.h"

#include <string.h>

#define TIMESTAMPS_ALIGNED 12 /* TCPOLEN_TSTAMP_ALIGNED: what each segment carries of them */

struct agreement agreement_of(const struct judge *judge, const struct event *event)
{
	const struct flow_book *flow = &judge->flows[event->flow];
	const struct segment *own = &flow->first_syn[event->host];
	const struct segment *others = &flow->first_syn[other(event->host)];
	bool scales = own->window_scale >= 0 && others->window_scale >= 0;
	bool stamps = own->timestamps && others->timestamps;
	int mss = others->mss < own->mss ? others->mss : own->mss;

	return (struct agreement){
		/* RFC 9293, 3.7.1: the smaller one, less the options that every segment carries */
		.mss = mss - (stamps ? TIMESTAMPS_ALIGNED : 0),
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

/*
 * "MSS of client at the server is 1428, expected 1448 (advertised MSS, SACK, ...: as agreed)"; NULL
 * where the two are the same. The caller frees it.
 */
static char *difference(const struct agreement *seen, const struct agreement *agreed,
			const char *whose)
{
	struct text wrong = { 0 }, right = { 0 };
	autofree char *others = NULL;

	for (int i = 0; i < POINTS; i++) {
		autofree char *observed = point_words(seen, (enum point)i);
		autofree char *expected = point_words(agreed, (enum point)i);

		if (strcmp(observed, expected) == 0)
			text_add(&right, "%s%s", right.length ? ", " : "", points[i]);
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
	const char *whose = event->object ? event->object : "?";
	struct agreement agreed;
	char *wrong;

	if (!flow || !flow->has_isn[CLIENT] || !flow->has_isn[SERVER]) {
		judge_object(
			judge, event,
			format("TCP_INFO of %s, and no SYN and SYN-ACK of it were seen", whose));
		return;
	}
	agreed = agreement_of(judge, event);
	wrong = difference(&event->agreement, &agreed, whose);
	if (wrong)
		judge_object(judge, event, wrong);
}
