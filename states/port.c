/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port: a place, its listeners and its turns.
 */
#include "states/internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

enum { TRIES_FOR_A_FREE_PORT = 20 };

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
	told.turn = port_has_current(port, listener) ? cursor_take(&port->cursor, clock_now())
						     : listener->turn;
	return connection_new(port->states, &told, cookie_of(fd));
}

static void take(struct port *port, struct listener *listener, int fd)
{
	struct connection *connection = connection_find(port->states, cookie_of(fd));

	if (!connection)
		connection = greet(port, listener, fd);
	connection_accept(connection, fd);
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
		listener_wait(listener);
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
	listener->epoll = port->states->epoll;
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

	if (!states_choose(old->fd, group_size(port, old->address.ss_family)) ||
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
		listener_wait(port->current[family]);
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
	struct states_let let = { 0 };
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
		if (port->all[i]->manner == IGNORES && !states_let(port->all[i]->fd, let))
			connection_break(connection, "it cannot be let in: %s", strerror(errno));
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
