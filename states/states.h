/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * states: what a server's side does with its listeners and their connections, so that a client
 * meets a state. Plain sockets that do not block, in the network namespace of the caller, without a
 * gate and without captures: nothing is needed for it but, for half-open, CAP_NET_ADMIN.
 *
 *     states = states_open(&(struct states_options){ ... });
 *     why = states_add(states, &(struct states_port){ .place = place, ... });
 *     while (...) {
 *             poll states_fd(states) until states_deadline(states)
 *             states_step(states);
 *     }
 *     states_end(states); ... states_connection(states, i) ... states_close(states);
 *
 * A state is looked at, in the server's sockets, with each event and at least once a second. One
 * that did not hold is told with the connection (.problem) or the port (states_problem()).
 */
#ifndef HALFOPEN_STATES_H
#define HALFOPEN_STATES_H

#include "base/staging.h"

#include <sys/socket.h>

struct states;

/* How a connection ended. */
enum states_end {
	STATES_LASTS,         /* it has not */
	STATES_CLIENT_CLOSED, /* FIN from the client, which may still be reading */
	STATES_CLIENT_RESET,  /* RST from the client, or its kernel has given it up */
	STATES_SERVED,        /* both have closed, the server after an answer */
	STATES_CUT,           /* the server refused, reset or closed it, as the state has it */
	STATES_FORGOTTEN,     /* the server has forgotten its request */
	STATES_STOPPED,       /* it was there when the run ended */
};

/* A connection that was seen. */
struct states_connection {
	struct sockaddr_storage client, server;
	size_t port;                   /* its index: as they were added, from 0 */
	const struct stage_turn *turn; /* what it meets; NULL: it is served */
	nsec began, ended;             /* clock_now(); ended 0: it lasts */
	enum states_end end;
	uint64_t received, sent; /* bytes that the server has read, and those it has written */
	uint64_t waiting;        /* bytes that have arrived and are not read, when last looked at */
	bool closed_window;      /* the client could send no more: it was seen */
	unsigned looks;          /* how often it was looked at */
	unsigned syns;           /* refused and dropped: how many it has sent */
	nsec last_syn;           /* and when the last one came */
	char *problem;           /* why its state did not hold; NULL: it did */
};

struct states_options {
	uint64_t seed; /* of probabilities */
	struct stage_answer answer;
	/* A connection has come, or its end was seen (.end); may be NULL. */
	void (*tell)(void *context, const struct states_connection *connection);
	void *context;
};

/* Raises this process's limit of descriptors as far as it may. broken() without sock_diag. */
struct states *states_open(const struct states_options *options);
/* All sockets, with RST where a connection still lasts. NULL is fine. */
void states_close(struct states *states);

/*
 * Why the turn cannot be held on plain sockets, a sentence ("lost: ..."); NULL: it can. What the
 * machine refuses (half-open without CAP_NET_ADMIN) states_add() says.
 */
char *states_refuse(const struct stage_turn *turn);

struct states_port {
	const struct stage_place *place;
	/* One of each family at the most, whose ports are equal; port 0: a free one is taken. */
	struct sockaddr_storage addresses[2];
	size_t address_count;
};

/*
 * Binds and begins with the first turn. NULL, or why not, in a sentence that the caller frees.
 * Address and place stay the caller's.
 */
char *states_add(struct states *states, const struct states_port *port);
/* The number of a port, by its index as they were added, from 0; so the next ones. */
unsigned states_number(const struct states *states, size_t port);
/* What is met there at the moment; NULL: connections are served. */
const struct stage_turn *states_turn(const struct states *states, size_t port);
/*
 * What the port, rather than one connection, has shown: why a state did not hold; NULL: it did.
 * The text is the port's.
 */
const char *states_problem(const struct states *states, size_t port);
/*
 * Whether SYNs and FINs are seen that no listener tells of: by a packet socket, with CAP_NET_RAW.
 * Then refused and dropped connections are told of, and a client that closes what is half-open.
 */
bool states_see_segments(const struct states *states);
/* SYNs that a full accept queue of this namespace has dropped since states_open(): a counter. */
uint64_t states_dropped(const struct states *states);

/* "127.0.0.1:8080", "[::1]:8080"; the caller frees it. */
char *states_address_text(const struct sockaddr_storage *address);

/* Readable when there is something to do. */
int states_fd(const struct states *states);
/* When states_step() is to be called at the latest, as clock_now() has it. */
nsec states_deadline(const struct states *states);
/* Does what is ready. Never blocks. */
void states_step(struct states *states);
/* Looks at all once more; connections that last are STATES_STOPPED from now on. */
void states_end(struct states *states);

/*
 * Which connection meets what, as a port has it, for who sees them come: the first turn begins now.
 * The place outlives it; free() releases it.
 */
struct states_order;
struct states_order *states_order_new(const struct stage_place *place, uint64_t seed);
/* Of the connection that comes now; NULL: it is served. */
const struct stage_turn *states_order_next(struct states_order *order);

/*
 * A filter on a listening socket: a request, too, hears of nothing but SYN and RST, and of what
 * these ports of clients send. False with errno.
 */
struct states_let {
	const uint16_t *ports;
	size_t count;
};
bool states_let(int listener, struct states_let let);
/*
 * Of those that share an address the one of this index gets all SYNs: as they began to listen, from
 * 0. False with errno.
 */
bool states_choose(int listener, unsigned index);

/* Whether it is what a server does with a connection that it has accepted. */
bool states_are_of_server(enum stage_state state);
/*
 * A connection that somebody else has accepted, and what it meets (NULL: it is served). The
 * descriptor does not block, and is states' from now on.
 */
struct states_taken {
	int fd;
	const struct stage_turn *turn;
};
void states_take(struct states *states, struct states_taken taken);

/* In the order in which they were seen; NULL behind the last. */
const struct states_connection *states_connection(const struct states *states, size_t index);

#endif
