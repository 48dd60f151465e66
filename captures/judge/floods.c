/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floods in the books: segments that nobody has seen, known as numbers of SYNs, of answers and of
 * half-open requests. Between two samples these numbers explain each other and what was counted.
 */
#include "captures/judge/books.h"

#include <string.h>

/* If it moved, but too little, then the counter's event is the one to name. */
static void tally_many(struct judge *judge, const struct event *event, enum tally tally, long count)
{
	const struct tally_book *book = &judge->hosts[SERVER].tallies[tally];
	struct event cause = { .seq = book->moved ? book->moved_seq : event->seq };

	tally_seen(judge, &cause, (struct seen){ SERVER, tally, count });
}

/*
 * What goes to a flood's sources is known as a number, with which OutSegs must agree. All of it are
 * SYN-ACKs sent again, unless SYNs came since the last sample: then two counters say how many are.
 */
void see_repeats_of_flood(struct judge *judge, const struct event *event)
{
	struct host_book *host = &judge->hosts[SERVER];
	bool known = !host->flood.listener && !host->flood.aside;
	long repeats =
		known ? host->flood.answers : host->counted[SYN_RETRANS] - host->seen[SYN_RETRANS];

	if (repeats <= 0)
		return;
	host->seen[SYN_RETRANS] += repeats;
	host->seen[RETRANS_SEGS] += repeats;
	host->syn_acks_again += (unsigned)repeats;
	host->flood.answers -= repeats;
	host->flood.repeats += repeats;
	tally_many(judge, event, TIMEOUTS, repeats);
}

/* There are not more reasons for a drop than drops. */
static void object_to_reasons(struct judge *judge, enum tally tally, long drops)
{
	const struct tally_book *reason = &judge->hosts[SERVER].tallies[tally];

	if (reason->moved > drops)
		judge_object_to(judge, (struct culprit){ reason->moved_seq, 0 },
				format("%ld SYNs of a flood were dropped for one reason, and %ld "
				       "in all",
				       reason->moved, drops));
}

/* A SYN makes a request, or it is answered with a cookie, or it is dropped. */
void tally_flood(struct judge *judge, const struct event *event)
{
	struct host_book *host = &judge->hosts[SERVER];
	const struct flood_book *flood = &host->flood;
	const struct listener_book *listener = book_of_listener(judge, flood->listener);
	const struct tally_book *drops = &host->tallies[DROPS];
	long expired = host->tallies[TIMEOUTS].moved - flood->repeats;
	long cookies = flood->answers - flood->requests - (expired > 0 ? expired : 0);

	if (flood->aside || !listener) {
		tally_many(judge, event, TIMEOUTS, -flood->requests); /* they have expired */
		return;
	}
	host->tallies[TIMEOUTS].allowed += expired;
	tally_many(judge, event, COOKIES_CALLED_FOR, cookies);
	tally_many(judge, event, COOKIES_SENT, cookies);
	if (drops->moved != flood->syns - flood->answers)
		judge_object_to(judge,
				(struct culprit){ drops->moved ? drops->moved_seq : event->seq, 0 },
				format("of a flood of %ld SYNs %ld were answered, but ListenDrops "
				       "of the server makes the others %ld",
				       flood->syns, flood->answers, drops->moved));
	object_to_reasons(judge, FULL_REQUEST_QUEUES, drops->moved);
	object_to_reasons(judge, OVERFLOWS, drops->moved);
	if (shares_its_port(judge, listener))
		return;
	if (listener->depths.accept > listener->depths.limit)
		tally_many(judge, event, OVERFLOWS, drops->moved);
	else if (listener->depths.syn > listener->depths.limit)
		tally_many(judge, event, FULL_REQUEST_QUEUES, drops->moved);
}

static bool is_possible(const struct event *event, const struct listener_book *listener)
{
	long requests = event->delta + (listener ? listener->flood_requests : 0);

	return event->value >= 0 && event->value <= MOST_OF_A_FLOOD && requests >= 0 &&
	       requests <= MOST_OF_A_FLOOD;
}

void take_flood(struct judge *judge, const struct event *event)
{
	struct host_book *host = &judge->hosts[event->host];
	struct listener_book *listener = book_of_listener(judge, event->listener);

	if (!is_possible(event, listener)) {
		judge_object(judge, event,
			     format("a flood of %ld SYNs or answers, or a change of its half-open "
				    "requests by %ld, cannot be",
				    event->value, event->delta));
		return;
	}
	host->flooded = true;
	if (strcmp(event->name, "begins") == 0) {
		host->flooding = true;
	} else if (strcmp(event->name, "SYNs") == 0) {
		host->flood.aside |= host->flooding;
		host->flooding = false;
		host->flood.listener = event->listener;
		host->flood.syns += event->value;
		host->seen[IN_SEGS] += event->value;
	} else if (strcmp(event->name, "answers") == 0) {
		host->flood.answers += event->value;
		host->seen[OUT_SEGS] += event->value;
	} else if (strcmp(event->name, "requests") == 0 && listener) {
		host->flood.requests += event->delta;
		listener->flood_requests += (int)event->delta;
	} else {
		judge_object(judge, event, format("a flood of which \"%s\" is said", event->name));
	}
	host->flood.aside |= host->flooding;
}

void forget_flood(struct judge *judge)
{
	struct host_book *host = &judge->hosts[SERVER];

	host->flood = (struct flood_book){ .aside = host->flooding };
}
