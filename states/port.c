/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port: a place, its listeners and its turns. Who is in the hands of a listener is seen by
 * sock_diag alone: a request has no descriptor, nor has what waits in an accept queue.
 */
#include "states/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

enum { FAMILIES = 2, TRIES_FOR_A_FREE_PORT = 20 };

struct port {
	struct states *states;
	size_t index; /* in states->ports */
	const struct stage_place *place;
	struct cursor cursor;
	struct listener **all; /* in the order in which they began to listen */
	size_t count;
	struct listener *current[FAMILIES]; /* whom the next connection comes to */
	size_t family_count;
	bool closing_books; /* a look just after a turn: who is new had come before its end */
	/* In SYN_RECV, when looked at last, and in the look before that. */
	unsigned requests, requests_before;
	bool arranging; /* what is heard meanwhile changes nothing */
	char *problem;
};

static void port_break(struct port *port, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void port_break(struct port *port, const char *fmt, ...)
{
	va_list args;

	if (port->problem)
		return;
	va_start(args, fmt);
	port->problem = vformat(fmt, args);
	va_end(args);
}

unsigned port_number(const struct port *port)
{
	return listener_port(&port->current[0]->address);
}

const struct stage_turn *port_turn(struct port *port)
{
	return cursor_turn(&port->cursor, clock_now());
}

const char *port_problem(const struct port *port)
{
	return port->problem;
}

nsec port_deadline(const struct port *port)
{
	return cursor_deadline(&port->cursor);
}

/* ---- those in the hands of a listener ------------------------------------------------------- */

static bool is_current(const struct port *port, const struct listener *listener)
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
	bool is_late = port->closing_books || !is_current(port, listener) ||
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

	if (!listener || (!port->closing_books && !is_current(port, listener)))
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

/* ---- accepted ------------------------------------------------------------------------------- */

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length);
	return cookie;
}

/* One that nobody has seen before. */
static struct connection *greet(struct port *port, struct listener *listener, int fd)
{
	struct states_connection told = { .port = port->index };
	socklen_t here = sizeof(told.server), there = sizeof(told.client);

	getsockname(fd, (struct sockaddr *)&told.server, &here);
	getpeername(fd, (struct sockaddr *)&told.client, &there);
	told.turn = is_current(port, listener) ? cursor_take(&port->cursor, clock_now())
					       : listener->turn;
	return connection_new(port->states, &told, cookie_of(fd));
}

static void take(struct port *port, struct listener *listener, int fd)
{
	struct connection *connection = connection_find(port->states, cookie_of(fd));

	if (listener->manner == IGNORES)
		setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){ 0 }, sizeof(int));
	if (!connection)
		connection = greet(port, listener, fd);
	connection_accept(connection, fd);
}

static uint32_t interest_of(const struct listener *listener)
{
	if (listener->paused || listener->manner == IS_FULL)
		return 0;
	/* Whom nobody accepts would be told of for ever. */
	return listener->manner == LEAVES ? EPOLLIN | EPOLLET : EPOLLIN;
}

/* A socket that does not listen hangs up for ever. */
static void wait_on(struct listener *listener)
{
	int epoll = listener->port->states->epoll;
	struct epoll_event event = { .events = interest_of(listener),
				     .data.ptr = &listener->ready };

	if (listener->manner == REFUSES)
		epoll_ctl(epoll, EPOLL_CTL_DEL, listener->fd, NULL);
	else if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener->fd, &event) < 0)
		epoll_ctl(epoll, EPOLL_CTL_MOD, listener->fd, &event);
}

/* Of one that accepts everybody the next one may be for another manner. */
static bool may_accept(struct port *port, const struct listener *listener)
{
	if (listener->paused)
		return false;
	if (listener->manner != ACCEPTS)
		return listener->manner == DEFERS || listener->manner == IGNORES;
	return manner_of(cursor_next(&port->cursor, clock_now())) == ACCEPTS;
}

static void accept_all(struct port *port, struct listener *listener)
{
	while (may_accept(port, listener)) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take(port, listener, fd);
			continue;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		port_break(port, "not everybody could be accepted: %s", shortage_text(errno));
		listener->paused = true;
		wait_on(listener);
	}
}

static void on_event(struct ready *ready, uint32_t events)
{
	struct listener *listener = (struct listener *)(void *)ready;

	(void)events;
	if (listener->manner == LEAVES)
		port_look(listener->port);
	else
		accept_all(listener->port, listener);
	port_arrange(listener->port);
}

/* ---- turns ---------------------------------------------------------------------------------- */

/* Whether a turn of it ends, and connections that it has in its hands do not. */
static bool needs_successors(const struct stage_place *place)
{
	for (size_t i = 0; i < place->turn_count; i++)
		if (manner_holds(manner_of(&place->turns[i])) &&
		    (place->turns[i].first || place->turns[i].span))
			return true;
	return false;
}

static bool needs_small_window(const struct stage_place *place)
{
	for (size_t i = 0; i < place->turn_count; i++)
		if (place->turns[i].state == STAGE_ZERO_WINDOW ||
		    place->turns[i].state == STAGE_SLOW_READ)
			return true;
	return false;
}

static struct listener *new_listener(struct port *port, const struct sockaddr_storage *address)
{
	struct listener *listener = must_alloc(1, sizeof(*listener));

	listener->ready.step = on_event;
	listener->port = port;
	listener->address = *address;
	listener->shared = needs_successors(port->place);
	listener->small_window = needs_small_window(port->place);
	return listener;
}

static void add_listener(struct port *port, struct listener *listener, size_t family)
{
	port->all = (struct listener **)grown_pointers((void **)port->all, port->count);
	port->all[port->count++] = listener;
	port->current[family] = listener;
}

/* How many have that address. */
static unsigned group_size(const struct port *port, int family)
{
	unsigned size = 0;

	for (size_t i = 0; i < port->count; i++)
		size += port->all[i]->address.ss_family == family;
	return size;
}

/* The one that has connections in its hands keeps them, and another one gets what comes. */
static char *succeed(struct port *port, size_t family)
{
	struct listener *old = port->current[family];
	struct listener *listener = new_listener(port, &old->address);

	if (!listener_choose(old, group_size(port, old->address.ss_family)) ||
	    !listener_bind(listener)) {
		char *why = format("another listener at its address: %s", strerror(errno));

		free(listener);
		return why;
	}
	add_listener(port, listener, family);
	return NULL;
}

static char *arrange(struct port *port, size_t family, const struct stage_turn *turn)
{
	enum manner manner = manner_of(turn);
	char *why = NULL;

	if (manner_holds(port->current[family]->manner))
		why = succeed(port, family);
	if (!why)
		why = listener_turn(port->current[family], manner);
	if (!why) {
		port->current[family]->turn = turn;
		wait_on(port->current[family]);
	}
	return why;
}

static bool is_arranged(const struct listener *listener, const struct stage_turn *turn)
{
	return listener->manner == manner_of(turn) &&
	       (!manner_holds(listener->manner) || listener->turn == turn);
}

/* Whoever came in the moment of the change is in the hands of the one that was there before. */
static void close_books(struct port *port)
{
	port->closing_books = true;
	port_look(port);
	port->closing_books = false;
}

static bool all_are_arranged(struct port *port)
{
	const struct stage_turn *turn = cursor_next(&port->cursor, clock_now());

	for (size_t i = 0; i < port->family_count; i++)
		if (!is_arranged(port->current[i], turn))
			return false;
	return true;
}

static void arrange_all(struct port *port)
{
	const struct stage_turn *turn = cursor_next(&port->cursor, clock_now());
	bool held = false;

	for (size_t i = 0; i < port->family_count; i++) {
		enum manner before = port->current[i]->manner;

		if (is_arranged(port->current[i], turn))
			continue;
		held |= manner_holds(before);
		autofree char *why = arrange(port, i, turn);
		if (why)
			port_break(port, "%s", why);
	}
	if (held)
		close_books(port);
}

void port_arrange(struct port *port)
{
	if (port->arranging || all_are_arranged(port))
		return;
	port->arranging = true;
	/* Who came before a change meets what was there before it. */
	wiretap_drain(&port->states->wiretap);
	arrange_all(port);
	port->arranging = false;
}

void port_let(struct port *port, struct connection *connection)
{
	struct let let = { 0 };
	autofree uint16_t *ports = NULL;

	connection->let = true;
	connection->deadline = INT64_MAX;
	for (size_t i = 0; i < port->states->count; i++) {
		const struct connection *each = port->states->all[i];

		if (!each->held || !each->let || each->told.port != port->index)
			continue;
		ports = GROWN(ports, let.count);
		ports[let.count++] = listener_port(&each->told.client);
	}
	let.ports = ports;
	for (size_t i = 0; i < port->count; i++)
		if (port->all[i]->manner == IGNORES && !listener_let(port->all[i], let))
			connection_break(connection, "it cannot be let in: %s", strerror(errno));
}

/* ---- what the wiretap hears ---------------------------------------------------------------------
 */

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
	if (is_new)
		connection = connection_new(port->states, &told, cookie);
	connection->told.syns++;
	connection->told.last_syn = clock_now();
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
		wait_on(listener);
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
					       .port = (uint16_t)port_number(port) };
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

/* ---- opened --------------------------------------------------------------------------------- */

/* Both families have one port. False with errno. */
static bool bind_families(struct port *port, const struct states_port *asked)
{
	unsigned number = listener_port(&asked->addresses[0]);

	for (size_t i = 0; i < asked->address_count; i++) {
		struct listener *listener = new_listener(port, &asked->addresses[i]);

		((struct sockaddr_in *)(void *)&listener->address)->sin_port =
			htons((uint16_t)number);
		if (!listener_bind(listener)) {
			free(listener);
			return false;
		}
		number = listener_port(&listener->address);
		add_listener(port, listener, i);
		port->family_count = i + 1;
	}
	return true;
}

static void drop_listeners(struct port *port)
{
	for (size_t i = 0; i < port->count; i++) {
		listener_close(port->all[i]);
		free(port->all[i]);
	}
	port->count = port->family_count = 0;
}

/* A free port of one family may be taken in the other one. False with errno. */
static bool bind_port(struct port *port, const struct states_port *asked)
{
	for (int i = 0; i < TRIES_FOR_A_FREE_PORT; i++) {
		if (bind_families(port, asked))
			return true;
		int error = errno;
		drop_listeners(port);
		errno = error;
		if (errno != EADDRINUSE || listener_port(&asked->addresses[0]))
			return false;
	}
	return false;
}

static char *begin(struct port *port)
{
	const struct stage_turn *turn = cursor_next(&port->cursor, clock_now());
	char *why = NULL;

	for (size_t i = 0; i < port->family_count && !why; i++)
		why = arrange(port, i, turn);
	if (!why)
		port_look(port);
	if (!why && port->problem)
		why = format("%s", port->problem);
	return why;
}

static const char *remedy_of(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; `ss -ltnp` shows who has it, and port 0 takes a free one";
	case EADDRNOTAVAIL:
		return ": it is none of this machine's; `ip address` shows those that are";
	case EACCES:
		return ": the ports below net.ipv4.ip_unprivileged_port_start are root's";
	default:
		return "";
	}
}

static char *unbound_text(const struct states_port *asked)
{
	int error = errno;
	autofree char *address = states_address_text(&asked->addresses[0]);

	return format("cannot listen on %s: %s%s", address, shortage_text(error), remedy_of(error));
}

char *port_open(struct states *states, const struct states_port *asked, struct port **opened)
{
	struct port *port = must_alloc(1, sizeof(*port));
	char *why = NULL;

	port->states = states;
	port->index = states->port_count;
	port->place = asked->place;
	port->cursor = cursor_of(asked->place, states->options.seed);
	if (!bind_port(port, asked))
		why = unbound_text(asked);
	if (!why)
		why = begin(port);
	if (why)
		port_close(port);
	else
		*opened = port;
	return why;
}

void port_close(struct port *port)
{
	drop_listeners(port);
	free((void *)port->all);
	free(port->problem);
	free(port);
}
