/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments that no socket sends: the ACKs of a request and of TIME_WAIT, and the RST for what fits
 * nowhere. The kernel makes them of the segment that they answer and of a few numbers that it
 * keeps (tcp_v4_send_ack(), tcp_v4_send_reset(), tcp_v6_send_response()). So each field is known
 * before they come. Flags, numbers and acknowledgements are the ladders' to tell; what no ladder
 * tells is held to the rules here. Whether an ACK was the request's, or already that of the
 * connection that the request has become, the next sample says: until then it waits.
 */
#include "captures/judge/terms.h"

#define ECN_FIELD          3u /* INET_ECN_MASK: these answers never have it */
#define PLAIN_HEADER       20
#define TIMESTAMPS_ALIGNED 12 /* TCPOLEN_TSTAMP_ALIGNED */

/* An answer, and what its fields follow from, in words. */
struct answer {
	const char *whose; /* "peer 1's request" */
	struct segment due;
	const char *window, *tos, *echo;
};

/* ---- what is due --------------------------------------------------------------------------- */

/* tcp_v4_reqsk_send_ack(), tcp_v6_reqsk_send_ack() */
static struct segment ack_of_request(const struct flow_book *flow)
{
	const struct terms *terms = &flow->terms;
	bool timestamps = terms->timestamps && terms->echo;

	return (struct segment){
		.window = (uint16_t)(terms->window >> (terms->scales ? terms->scale : 0)),
		.tos = flow->last_arrived[SERVER].tos & ~ECN_FIELD,
		.header = PLAIN_HEADER + (timestamps ? TIMESTAMPS_ALIGNED : 0),
		.timestamps = timestamps,
		.tsecr = timestamps ? terms->echo : 0,
	};
}

/* tcp_time_wait() keeps what the connection has sent last, tcp_v4_timewait_ack() sends it again. */
static struct segment ack_of_time_wait(const struct flow_book *flow, enum host host)
{
	const struct segment *last = &flow->last_sent[host];
	bool timestamps = last->timestamps && flow->recent[host];

	return (struct segment){
		.window = last->window,
		.tos = last->tos & ~ECN_FIELD,
		.header = PLAIN_HEADER + (timestamps ? TIMESTAMPS_ALIGNED : 0),
		.timestamps = timestamps,
		.tsecr = timestamps ? flow->recent[host] : 0,
	};
}

/* tcp_v4_send_reset(), tcp_v6_send_reset() */
static struct segment reset_for(const struct segment *cause)
{
	return (struct segment){
		.tos = cause->tos & ~ECN_FIELD,
		.header = PLAIN_HEADER,
	};
}

/* ---- the two compared ---------------------------------------------------------------------- */

static void compare(struct judge *judge, struct culprit culprit, const struct answer *answer,
		    const struct segment *seen)
{
	const struct segment *due = &answer->due;
	bool by_server = book_of_packet(judge, culprit.packet)->from == SERVER;
	bool known_hops = by_server && judge->told[DEFAULT_TTL];
	const struct {
		const char *name;
		long observed, expected;
		const char *rule;
	} fields[] = {
		{ "window", seen->window, due->window, answer->window },
		{ "timestamps", seen->timestamps, due->timestamps, answer->echo },
		{ "echo of timestamp", seen->tsecr, due->tsecr, answer->echo },
		{ "header of bytes", seen->header, due->header, "no option but timestamps" },
		{ "reserved bits", seen->reserved, 0, "it has no part in ECN" },
		{ judge->ipv6 ? "traffic class" : "TOS", seen->tos, due->tos, answer->tos },
		{ judge->ipv6 ? "hop limit" : "TTL", seen->ttl,
		  known_hops ? ttl_without_socket(judge) : seen->ttl, "that of the route" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(fields) && !judge->found; i++)
		if (fields[i].observed != fields[i].expected)
			judge_object_to(judge, culprit,
					format("%s of %s has %s %ld, expected %ld (%s)",
					       seen->flags & RST ? "RST" : "ACK", answer->whose,
					       fields[i].name, fields[i].observed,
					       fields[i].expected, fields[i].rule));
}

/* ---- when it comes ------------------------------------------------------------------------- */

static void check_reset(struct judge *judge, const struct event *event,
			const struct flow_book *flow)
{
	struct answer answer = {
		.whose = flow->name,
		.due = reset_for(&flow->last_arrived[event->from]),
		.window = "a RST has none",
		.tos = "that of the segment that it answers",
		.echo = "no socket sends it",
	};

	if (flow->arrived[other(event->from)])
		compare(judge, (struct culprit){ event->seq, event->packet }, &answer,
			&event->segment);
}

static void check_time_wait(struct judge *judge, const struct event *event,
			    const struct flow_book *flow)
{
	autofree char *whose = format("%s in TIME_WAIT", flow->name);
	struct answer answer = {
		.whose = whose,
		.due = ack_of_time_wait(flow, event->from),
		.window = "that of the connection's last segment",
		.tos = "that of the connection's last segment",
		.echo = "the last that was in order",
	};

	compare(judge, (struct culprit){ event->seq, event->packet }, &answer, &event->segment);
}

bool is_active_reset(const struct flow_book *flow, const struct event *event)
{
	enum tcp_state state = flow->states[event->from];

	return (event->segment.flags & (RST | ACK)) == (RST | ACK) && state != NO_SOCKET &&
	       state != SYN_SENT && state != SYN_RECV && state != TIME_WAIT;
}

void check_answer(struct judge *judge, const struct event *event)
{
	const struct flow_book *numbers = flow_of_numbers(judge, event);
	const struct segment *segment = &event->segment;
	enum tcp_state state = numbers->states[event->from];

	if (segment->flags & RST && !is_active_reset(numbers, event)) {
		check_reset(judge, event, &judge->flows[event->flow]);
	} else if (state == TIME_WAIT && segment->flags & ACK) {
		check_time_wait(judge, event, numbers);
	} else if (event->from == SERVER && is_request(numbers) && numbers->terms.known &&
		   !(segment->flags & (SYN | FIN)) && !segment->length) {
		judge->answer.flow = (int)(numbers - judge->flows);
		judge->answer.culprit = (struct culprit){ event->seq, event->packet };
		judge->answer.seen = *segment;
		judge->answer.due = ack_of_request(numbers);
	}
}

void close_answer(struct judge *judge)
{
	const struct flow_book *flow = &judge->flows[judge->answer.flow];
	autofree char *whose = NULL;

	if (judge->answer.flow && is_request(flow)) {
		whose = format("%s's request", flow->name);
		compare(judge, judge->answer.culprit,
			&(struct answer){ .whose = whose,
					  .due = judge->answer.due,
					  .window = "the SYN-ACK's, scaled",
					  .tos = "that of the segment that it answers",
					  .echo = "the last that was in order" },
			&judge->answer.seen);
	}
	judge->answer.flow = 0;
}
