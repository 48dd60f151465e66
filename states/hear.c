/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hear: what the wiretap has for a port: who is refused or dropped, and who goes while it is
 * ignored.
 */
#include "states/internal.h"

#include <netinet/in.h>
#include <string.h>

/* Of what has no socket, and so no cookie: FNV-1a, above all that the kernel counts up to. */
static uint64_t cookie_of_syn(const struct segment *segment)
{
	const unsigned char *bytes = (const unsigned char *)&segment->client;
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ segment->sequence;

	for (size_t i = 0; i < sizeof(struct sockaddr_in6); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash | UINT64_C(1) << 63;
}

/* The port of the listener's own connection, or 0. */
static uint16_t filler_port(const struct listener *listener)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);

	if (listener->filler >= 0)
		getsockname(listener->filler, (struct sockaddr *)&address, &length);
	return listener_port(&address);
}

static void hear_syn(struct port *port, struct listener *listener, const struct segment *segment)
{
	struct states_connection told = { .client = segment->client,
					  .server = listener->address,
					  .port = port->index,
					  .turn = listener->turn };
	uint64_t cookie = cookie_of_syn(segment);
	struct connection *connection = connection_find(port->states, cookie);
	bool is_new = !connection;

	if (listener_port(&segment->client) == filler_port(listener))
		return;
	if (is_new) {
		connection = connection_new(port->states, &told, cookie);
		connection->told.began = segment->at;
	}
	connection->told.syns++;
	connection->told.last_syn = segment->at;
	if (is_new && cursor_take(&port->cursor, clock_now()) != listener->turn)
		connection_break(connection, "it came at the same time as the last one that was "
					     "to meet this");
	if (listener->manner == REFUSES)
		connection_end(connection, STATES_CUT);
}

/* The filter keeps a FIN out. */
static void hear_fin(struct port *port, const struct segment *segment)
{
	for (size_t i = 0; i < port->states->count; i++) {
		struct connection *connection = port->states->all[i];

		if (connection->held && connection->told.port == port->index &&
		    manner_of(connection->told.turn) == IGNORES &&
		    memcmp(&connection->told.client, &segment->client, sizeof(segment->client)) ==
			    0)
			connection_end(connection, STATES_CLIENT_CLOSED);
	}
}

void port_hear(struct port *port, const struct segment *segment)
{
	struct listener *listener = NULL;

	for (size_t i = 0; i < port->family_count; i++)
		if (port->current[i]->address.ss_family == segment->client.ss_family)
			listener = port->current[i];
	if (!listener)
		return;
	if (segment->fin)
		hear_fin(port, segment);
	else if (segment->syn && (listener->manner == REFUSES || listener->manner == IS_FULL))
		hear_syn(port, listener, segment);
	port_arrange(port);
}
