/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the journal shows of a connection at the server: segments that came and left there, its
 * socket, the queue that it waits in, and what was dropped.
 */
#include "captures/held/internal.h"

#include <string.h>

/* The first time counts. */
static void sign(nsec *when, bool seen, nsec at)
{
	if (seen && !*when)
		*when = at;
}

static void arrives(struct held_connection *connection, const struct event *event)
{
	const struct segment *segment = &event->segment;
	struct held_signs *signs = connection->signs;

	signs->syns_arrived += (segment->flags & (SYN | ACK | RST)) == SYN;
	sign(&signs->heard, segment->length > 0 || segment->flags & FIN, event->at);
}

static void leaves(struct held_connection *connection, const struct event *event)
{
	const struct segment *segment = &event->segment;
	struct held_signs *signs = connection->signs;

	if (!signs->syn_ack)
		signs->syns_refused = signs->syns_arrived - 1;
	sign(&signs->syn_ack, (segment->flags & (SYN | ACK)) == (SYN | ACK), event->at);
	sign(&signs->reset, segment->flags & RST, event->at);
	sign(&signs->fin, segment->flags & FIN, event->at);
	sign(&signs->data, segment->length > 0, event->at);
	if (segment->length > 0)
		signs->last_data = event->at;
}

/* At the one to whom it goes it has come through. */
static void passes(struct held_connection *connection, const struct event *event)
{
	int length = connection->signs->header + event->segment.header + event->segment.length;

	if (connection->turn.state != STAGE_PATH_MTU || event->segment.flags & SYN ||
	    event->host == event->from || length <= (int)connection->turn.value.mtu)
		return;
	sign(&connection->signs->too_long, true, event->at);
	connection->signs->longest = length;
}

void signs_of_packet(struct held_connection *connection, const struct event *event)
{
	if (event->host == SERVER && event->from == CLIENT)
		arrives(connection, event);
	else if (event->host == SERVER)
		leaves(connection, event);
	else if (event->from == SERVER && event->injected) /* in the server's name */
		sign(&connection->signs->reset, event->segment.flags & RST, event->at);
	passes(connection, event);
}

static bool is_request(enum tcp_state state)
{
	return state == SYN_RECV;
}

void signs_of_socket(struct held_connection *connection, const struct event *event)
{
	struct held_signs *signs = connection->signs;
	bool up =
		event->state != NO_SOCKET && event->state != TIME_WAIT && !is_request(event->state);

	sign(&signs->request, is_request(event->state), event->at);
	sign(&signs->request_gone, is_request(event->was) && event->state == NO_SOCKET, event->at);
	sign(&signs->up, up, event->at);
}

static struct queue *queue_of(struct reading *reading, int listener)
{
	for (int i = 0; i < reading->queue_count; i++)
		if (reading->queues[i].listener == listener)
			return &reading->queues[i];
	reading->queues = GROWN(reading->queues, reading->queue_count);
	reading->queues[reading->queue_count] = (struct queue){ .listener = listener };
	return &reading->queues[reading->queue_count++];
}

void queues_take(struct reading *reading, const struct event *event)
{
	struct queue *queue = queue_of(reading, event->listener);

	sign(&queue->shrank, event->accept < queue->depth, event->at);
	queue->depth = event->accept;
}

void drops_take(struct reading *reading, const struct event *event)
{
	if (text_is(event->name, "ListenOverflows"))
		reading->overflows += event->delta;
	if (text_is(event->name, "TCPReqQFullDrop"))
		reading->syn_overflows += event->delta;
}
