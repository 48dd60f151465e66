/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * look: what the kernel has at a port, and whether it is what there should be. Who is in the hands
 * of a listener is seen by sock_diag alone: a request has no descriptor, nor has what waits in an
 * accept queue.
 */
#include "states/internal.h"

#include <netinet/tcp.h>

void port_break(struct port *port, const char *fmt, ...)
{
	va_list args;

	if (port->problem)
		return;
	va_start(args, fmt);
	port->problem = vformat(fmt, args);
	va_end(args);
}

/* ---- those in the hands of a listener ------------------------------------------------------- */

bool port_has_current(const struct port *port, const struct listener *listener)
{
	for (size_t i = 0; i < port->family_count; i++)
		if (port->current[i] == listener)
			return true;
	return false;
}

/* The last one that holds connections, of this family; NULL: there is none. */
static struct listener *holder(const struct port *port, int family)
{
	for (size_t i = port->count; i-- > 0;)
		if (manner_holds(port->all[i]->manner) && port->all[i]->address.ss_family == family)
			return port->all[i];
	return NULL;
}

static struct states_connection seen_at(const struct port *port,
					const struct inspected_socket *socket)
{
	return (struct states_connection){
		.client = socket->there,
		.server = socket->here,
		.port = port->index,
	};
}

/* One that a listener has in its hands. */
static void hold(struct port *port, const struct listener *listener,
		 const struct inspected_socket *socket)
{
	struct states_connection told = seen_at(port, socket);
	bool is_late = port->closing_books || !port_has_current(port, listener) ||
		       cursor_next(&port->cursor, clock_now()) != listener->turn;
	struct connection *connection;

	if (!is_late)
		cursor_take(&port->cursor, clock_now());
	told.turn = listener->turn;
	connection = connection_new(port->states, &told, socket->cookie);
	connection->held = true;
	connection->state = socket->state;
	connection->look = port->states->look;
	if (listener->turn->value.kind == STAGE_SPAN)
		connection->deadline = connection->told.began + listener->turn->value.span;
	if (is_late)
		connection_break(connection, "it came at the same time as the last one that was "
					     "to meet this, and could not be told from it");
	if (listener->manner == IGNORES && socket->state != TCP_SYN_RECV)
		connection_break(connection, "it was connected before its ACK could be ignored");
}

static bool waits_for_accept(const struct inspected_socket *socket)
{
	return !socket->inode &&
	       (socket->state == TCP_ESTABLISHED || socket->state == TCP_CLOSE_WAIT);
}

/* What holds such a socket, which was not known; NULL: it is on its way to being accepted. */
static const struct listener *holder_of(const struct port *port,
					const struct inspected_socket *socket)
{
	const struct listener *listener = holder(port, socket->here.ss_family);
	bool is_request = socket->state == TCP_SYN_RECV;

	if (!listener || (!port->closing_books && !port_has_current(port, listener)))
		return NULL;
	if (listener->manner == LEAVES)
		return waits_for_accept(socket) ? listener : NULL;
	if (listener->manner == IGNORES)
		return is_request || waits_for_accept(socket) ? listener : NULL;
	return is_request ? listener : NULL;
}

static void look_at_held(struct connection *connection, const struct inspected_socket *socket)
{
	enum manner manner = manner_of(connection->told.turn);

	connection->look = connection->states->look;
	connection->told.looks++;
	connection->state = socket->state;
	/* A FIN counts as a byte. */
	connection->told.waiting = socket->unread - (socket->state == TCP_CLOSE_WAIT);
	if (manner == IGNORES && socket->state != TCP_SYN_RECV && !connection->let)
		connection_break(connection, "its ACK was taken, though it was to be ignored");
	if (manner == LEAVES && socket->inode)
		connection_break(connection, "somebody has accepted it");
	if (socket->state == TCP_CLOSE_WAIT)
		connection_end(connection, STATES_CLIENT_CLOSED);
}

/*
 * It is in no list any more. A request goes with a RST, or when it is too old; of a crowd early
 * (reqsk_timer_handler(): where there are more than half as many requests as the backlog is).
 */
static void look_at_gone(struct port *port, struct connection *connection)
{
	const struct listener *listener = holder(port, connection->told.server.ss_family);

	connection->held = false;
	connection->deadline = INT64_MAX;
	if (connection->told.end == STATES_LASTS && manner_of(connection->told.turn) == IGNORES &&
	    2 * port->requests_before > (unsigned)listener->limit) {
		connection_break(connection,
				 "the server has forgotten its request: there are more than half "
				 "as many as the backlog is, which net.core.somaxconn bounds to %d",
				 listener->limit);
		connection_end(connection, STATES_FORGOTTEN);
	}
	connection_end(connection, STATES_CLIENT_RESET);
}

/* ---- looks ---------------------------------------------------------------------------------- */

static struct listener *listener_of(const struct port *port, uint64_t cookie)
{
	for (size_t i = 0; i < port->count; i++)
		if (port->all[i]->cookie == cookie)
			return port->all[i];
	return NULL;
}

static void look_at_listener(struct port *port, const struct inspected_socket *socket)
{
	struct listener *listener = listener_of(port, socket->cookie);

	if (!listener)
		return;
	listener->look = port->states->look;
	listener->queued = socket->queued;
	listener->limit = socket->limit;
}

/* What each of them has to be, after all sockets have been looked at. */
static void judge_listener(struct port *port, struct listener *listener)
{
	bool listens = listener->look == port->states->look;

	if (listener->manner == REFUSES && listens)
		port_break(port, "it listened, and so refused nobody");
	if (listener->manner == REFUSES)
		return;
	if (!listens)
		port_break(port, "it did not listen any more");
	else if (listener->manner == IS_FULL && listener->queued <= listener->limit)
		port_break(port, "its accept queue was not full: %d of %d", listener->queued,
			   listener->limit + 1);
	else if (listener->manner != IS_FULL && listener->queued > listener->limit)
		port_break(port,
			   "its accept queue was full, so that SYNs were dropped: %d, which "
			   "net.core.somaxconn bounds here",
			   listener->limit);
	if (listener->paused) {
		listener->paused = false;
		listener_wait(listener);
	}
}

static void look_at_socket(struct port *port, const struct inspected_socket *socket)
{
	struct connection *connection = connection_find(port->states, socket->cookie);
	const struct listener *listener;

	port->requests += socket->state == TCP_SYN_RECV;
	if (connection && connection->held)
		look_at_held(connection, socket);
	else if (connection && connection->cut && connection->told.turn->state == STAGE_RESET)
		connection_break(connection, "its socket was still there when it had been reset");
	else if (!connection && (listener = holder_of(port, socket)))
		hold(port, listener, socket);
}

/* TIME_WAIT, and what else is no state to be held. */
#define LOOKED_AT (0xfff & ~(1u << TCP_TIME_WAIT | 1u << TCP_CLOSE))

void port_look(struct port *port)
{
	struct states *states = port->states;
	struct inspected_question question = { .states = LOOKED_AT,
					       .port = listener_port(&port->current[0]->address) };
	autofree struct inspected_socket *sockets = NULL;

	states->look++;
	port->requests_before = port->requests;
	port->requests = 0;
	size_t count = inspect_sockets(states->inspection, question, &sockets);
	for (size_t i = 0; i < count; i++)
		if (sockets[i].state == TCP_LISTEN)
			look_at_listener(port, &sockets[i]);
		else
			look_at_socket(port, &sockets[i]);
	for (size_t i = 0; i < states->count; i++)
		if (states->all[i]->held && states->all[i]->told.port == port->index &&
		    states->all[i]->look != states->look)
			look_at_gone(port, states->all[i]);
	for (size_t i = 0; i < port->count; i++)
		judge_listener(port, port->all[i]);
}
