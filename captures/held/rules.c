/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the state of a connection has held: what must not be seen while it does, and what must.
 */
#include "captures/held/internal.h"

#include <string.h>

/* What may be seen of a connection. */
enum sign_kind {
	SYN_COMES,    /* its SYN comes to the server */
	ANSWERED,     /* SYN-ACK */
	IS_RESET,     /* RST of the server, or in its name */
	IS_CLOSED,    /* FIN of the server */
	IS_TOLD,      /* data of the server */
	ICMP_COMES,   /* to the client */
	IS_REQUEST,   /* the server has a half-open request for it, */
	IS_FORGOTTEN, /* and has it no more */
	IS_UP,        /* the server has a connection */
	IS_ACCEPTED,  /* somebody has taken one from the queue that it waits in */
	TOO_LONG,     /* a packet longer than the path carries came through */
	SIGNS
};
#define SEEN(sign) (1u << (sign))

/* While the state lasts. In the words behind "but". */
static const char *const words[SIGNS] = {
	[SYN_COMES] = "a SYN has come to the server",
	[ANSWERED] = "the server has answered its SYN",
	[IS_RESET] = "it was reset",
	[IS_CLOSED] = "the server has closed it",
	[IS_TOLD] = "the server has sent data",
	[ICMP_COMES] = "an ICMP error has come",
	[IS_REQUEST] = "the server has a request for it",
	[IS_FORGOTTEN] = "the server has forgotten its request",
	[IS_UP] = "the server has a connection",
	[IS_ACCEPTED] = "somebody has accepted from its queue",
	[TOO_LONG] = "a packet longer than the path carries came through",
};
/* And where it was to be seen: "but the server has not answered its SYN". */
static const char *const missing[SIGNS] = {
	[ANSWERED] = "the server has not answered its SYN",
	[IS_RESET] = "nothing has reset it",
	[IS_CLOSED] = "the server has not closed it",
	[ICMP_COMES] = "no ICMP error has come",
	[IS_REQUEST] = "the server was not seen to have a request for it",
	[IS_UP] = "the server was not seen to have a connection",
};

/*
 * @never: while it lasts; @must: at its end, where its SYN has come to the server, or the wire has
 * answered it.
 */
static const struct rule {
	unsigned never, must;
} rules[STAGE_STATES] = {
	[STAGE_REFUSED] = { SEEN(ANSWERED) | SEEN(IS_UP), SEEN(IS_RESET) },
	[STAGE_DROPPED] = { SEEN(ANSWERED) | SEEN(IS_RESET) | SEEN(IS_REQUEST) | SEEN(IS_UP), 0 },
	[STAGE_LOST] = { SEEN(SYN_COMES) | SEEN(ANSWERED) | SEEN(IS_RESET) | SEEN(ICMP_COMES), 0 },
	[STAGE_UNREACHABLE] = { SEEN(SYN_COMES) | SEEN(ANSWERED) | SEEN(IS_RESET),
				SEEN(ICMP_COMES) },
	[STAGE_FLOODED] = { SEEN(IS_RESET), 0 },
	[STAGE_COOKIE_LOST] = { SEEN(IS_REQUEST) | SEEN(IS_UP), SEEN(ANSWERED) },
	[STAGE_HALF_OPEN] = { SEEN(IS_UP) | SEEN(IS_RESET) | SEEN(IS_FORGOTTEN),
			      SEEN(ANSWERED) | SEEN(IS_REQUEST) },
	[STAGE_DEFERRED] = { SEEN(IS_RESET), SEEN(ANSWERED) },
	[STAGE_EXPIRED] = { SEEN(IS_UP), SEEN(ANSWERED) | SEEN(IS_REQUEST) },
	[STAGE_UNACCEPTED] = { SEEN(IS_RESET) | SEEN(IS_CLOSED) | SEEN(IS_TOLD) | SEEN(IS_ACCEPTED),
			       SEEN(ANSWERED) | SEEN(IS_UP) },
	[STAGE_RESET] = { SEEN(IS_CLOSED), SEEN(ANSWERED) },
	[STAGE_CLOSING] = { 0, SEEN(ANSWERED) },
	[STAGE_HALF_CLOSED] = { SEEN(IS_RESET), SEEN(ANSWERED) },
	[STAGE_SLOW] = { SEEN(IS_RESET), SEEN(ANSWERED) },
	[STAGE_SLOW_READ] = { SEEN(IS_RESET), SEEN(ANSWERED) },
	[STAGE_SILENT] = { SEEN(IS_RESET) | SEEN(IS_CLOSED) | SEEN(IS_TOLD), SEEN(IS_UP) },
	[STAGE_ZERO_WINDOW] = { SEEN(IS_RESET) | SEEN(IS_CLOSED) | SEEN(IS_TOLD), SEEN(IS_UP) },
	[STAGE_PATH_MTU] = { SEEN(TOO_LONG), SEEN(ANSWERED) },
};

/* When, by the signs; 0: it was not seen. */
static nsec seen(const struct reading *reading, const struct held_connection *connection,
		 enum sign_kind kind)
{
	const struct held_signs *signs = connection->signs;

	switch (kind) {
	case SYN_COMES:
		return signs->syns_arrived ? connection->began : 0;
	case ANSWERED:
		return signs->syn_ack;
	case IS_RESET:
		return signs->reset;
	case IS_CLOSED:
		return signs->fin;
	case IS_TOLD:
		return signs->data;
	case ICMP_COMES:
		return signs->icmp;
	case IS_REQUEST:
		return signs->request;
	case IS_FORGOTTEN:
		return signs->request_gone;
	case IS_UP:
		return signs->up;
	case IS_ACCEPTED:
		for (int i = 0; i < reading->queue_count; i++)
			if (reading->queues[i].listener == signs->listener)
				return reading->queues[i].shrank;
		return 0;
	case TOO_LONG:
		return signs->too_long;
	default:
		return 0;
	}
}

/* When it need not hold any more. */
static nsec lasts_until(const struct held_connection *connection)
{
	nsec until = connection->ended;

	if (connection->over && connection->over < until)
		until = connection->over;
	return until;
}

/* Takes @text; the first problem counts. */
static void object(struct held_connection *connection, char *text)
{
	if (connection->problem)
		free(text);
	else
		connection->problem = text;
}

static void look_for_never(const struct reading *reading, struct held_connection *connection)
{
	const struct rule *rule = &rules[connection->turn.state];

	for (int kind = 0; kind < SIGNS; kind++) {
		nsec at = seen(reading, connection, (enum sign_kind)kind);

		if (rule->never & SEEN(kind) && at && at < lasts_until(connection))
			object(connection, format("%s after %.3f s", words[kind],
						  seconds(at - connection->began)));
	}
}

/* One that has gone before its SYN was anywhere has met nothing. */
static void look_for_must(const struct reading *reading, struct held_connection *connection)
{
	const struct rule *rule = &rules[connection->turn.state];
	bool came = connection->signs->syns_arrived || connection->turn.state == STAGE_UNREACHABLE;

	for (int kind = 0; kind < SIGNS && came; kind++)
		if (rule->must & SEEN(kind) && !seen(reading, connection, (enum sign_kind)kind))
			object(connection, format("%s", missing[kind]));
}

/* When the server has cut it as it was to; 0: it has not. */
static nsec cut_at(const struct held_connection *connection)
{
	switch (connection->turn.state) {
	case STAGE_RESET:
		return connection->signs->reset;
	case STAGE_CLOSING:
	case STAGE_HALF_CLOSED:
		return connection->signs->fin;
	default:
		return 0;
	}
}

/* At once, after a time, or when so many bytes of its answer have arrived. */
static void look_at_cut(struct held_connection *connection)
{
	const struct stage_value *value = &connection->turn.value;
	const struct held_signs *signs = connection->signs;
	nsec at = cut_at(connection);

	if (!at)
		return;
	if (value->kind == STAGE_SPAN && at < signs->syn_ack + value->span)
		object(connection, format("the server has ended it after %.3f s",
					  seconds(at - signs->syn_ack)));
	if (value->kind == STAGE_BYTES && (uint64_t)connection->received != value->bytes)
		object(connection,
		       format("the server has ended it after %ld bytes", connection->received));
}

/* One that was there long enough was to be cut; its own end may have come first. */
static void look_for_cut(struct held_connection *connection)
{
	const struct stage_value *value = &connection->turn.value;
	enum stage_state state = connection->turn.state;
	bool cuts = state == STAGE_RESET || state == STAGE_CLOSING || state == STAGE_HALF_CLOSED;
	bool first = connection->end == HELD_CLOSED || connection->end == HELD_ABORTED;

	if (cuts && !first && value->kind != STAGE_BYTES && connection->connected &&
	    !cut_at(connection) && connection->ended > connection->connected + value->span + SEC(1))
		object(connection, format("the server has not ended it"));
}

/*
 * Of an answer that trickles: one piece at once, and then no more than the rate has. A client that
 * has said all goes on reading.
 */
static void look_at_rate(struct held_connection *connection)
{
	const struct stage_value *rate = &connection->turn.value;
	nsec last = connection->signs->last_data, end = connection->ended;
	nsec took = (last > end ? last : end) - connection->connected;
	double most;

	if (connection->turn.state != STAGE_SLOW || rate->kind != STAGE_RATE || !rate->span)
		return;
	most = (double)rate->bytes * (1 + (double)took / (double)rate->span) + 1;
	if ((double)connection->received > most)
		object(connection, format("%ld bytes have come in %.3f s", connection->received,
					  seconds(took)));
}

/* What a state is, beside what must and must not be seen. */
static void look_at_order(struct held_connection *connection)
{
	const struct held_signs *signs = connection->signs;
	enum stage_state state = connection->turn.state;

	/* A FIN ends the deferral as data does: tcp_check_req() looks at the sequence number. */
	if (state == STAGE_DEFERRED && signs->up && (!signs->heard || signs->up < signs->heard))
		object(connection, format("the server has a connection after %.3f s, before data "
					  "has come",
					  seconds(signs->up - connection->began)));
	if (state == STAGE_EXPIRED && signs->reset &&
	    (!signs->request_gone || signs->reset < signs->request_gone))
		object(connection, format("it was reset after %.3f s, before its request was gone",
					  seconds(signs->reset - connection->began)));
	if (state == STAGE_FLOODED && signs->syn_ack &&
	    (!connection->turn.let_in || signs->syns_refused + 1 < (int)connection->turn.let_in))
		object(connection, format("the server has answered its SYN after %.3f s",
					  seconds(signs->syn_ack - connection->began)));
}

/* The kernel counts each SYN that a queue has no room for; nobody else is dropped there. */
static void look_at_drops(struct reading *reading, enum stage_state state, long counted)
{
	struct held *held = reading->held;
	long dropped = 0;

	for (int i = 0; i < held->connection_count; i++)
		if (held->connections[i].turn.state == state)
			dropped += held->connections[i].signs->syns_arrived;
	for (int i = 0; i < held->connection_count && counted < dropped; i++)
		if (held->connections[i].turn.state == state && !held->connections[i].turn.let_in)
			object(&held->connections[i],
			       format("the server has counted %ld drops, and %ld SYNs have come",
				      counted, dropped));
}

void judge_connections(struct reading *reading, nsec end)
{
	struct held *held = reading->held;

	for (int i = 0; i < held->connection_count; i++) {
		struct held_connection *connection = &held->connections[i];

		if (!connection->ended)
			connection->ended = end;
		look_for_never(reading, connection);
		look_for_must(reading, connection);
		look_at_order(connection);
		look_at_cut(connection);
		look_for_cut(connection);
		look_at_rate(connection);
	}
	look_at_drops(reading, STAGE_DROPPED, reading->overflows);
	look_at_drops(reading, STAGE_FLOODED, reading->syn_overflows);
}
