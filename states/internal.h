/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h: what the files of states share among themselves.
 */
#ifndef HALFOPEN_STATES_INTERNAL_H
#define HALFOPEN_STATES_INTERNAL_H

#include "states/states.h"

#include "inspect/inspect.h"

/* ---- buffer.c: bytes that wait to be sent --------------------------------------------------- */

struct buffer {
	char *bytes;
	size_t length, room;
	size_t sent; /* of the first of them */
};
void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
size_t buffer_left(const struct buffer *buffer);
void buffer_free(struct buffer *buffer);

/* As GROWN(), of an array of pointers. */
void **grown_pointers(void **array, size_t count);

/* ---- dialogue.c: what a server that answers says -------------------------------------------- */

enum { MOST_HEAD = 16384 /* bytes of a request's head */ };

/*
 * One side of a conversation: HTTP/1.1 with a client that begins as one of HTTP does, else an echo;
 * or the bytes of --answer.
 */
struct dialogue {
	const struct stage_answer *answer;
	uint64_t least; /* bytes that an answer of HTTP has at least: one is to be cut there */
	enum { UNDECIDED, ECHOES, SAYS, HTTP_HEAD, HTTP_BODY, CHUNK_SIZE, CHUNK, TRAILER } phase;
	bool keeps_alive, has_body, is_head; /* of the request under way */
	uint64_t body_left;
	char head[MOST_HEAD];
	size_t head_length;
	bool over; /* the server has said all: it closes when that is sent */
};
/* The client has said this: what is to be answered is added. */
struct heard {
	const char *bytes;
	size_t length;
};
void dialogue_hear(struct dialogue *dialogue, struct heard heard, struct buffer *answer);

/* ---- pace.c: so many bytes in so much time -------------------------------------------------- */

struct pace {
	uint64_t bytes; /* 0: as fast as may be */
	nsec span;
	nsec since;    /* from here on, */
	uint64_t used; /* so many have gone */
};
struct pace pace_of(const struct stage_value *value);
/* How many may go now. */
uint64_t pace_allows(struct pace *pace, nsec now);
void pace_use(struct pace *pace, uint64_t bytes);
/* When the next one may. */
nsec pace_next(const struct pace *pace, nsec now);

/* ---- turns.c: which connection meets what --------------------------------------------------- */

struct cursor {
	const struct stage_place *place;
	uint64_t seed;
	size_t turn;   /* .turn_count: all are over */
	unsigned seen; /* connections in this turn */
	uint64_t all;  /* and in all of them */
	nsec began;
};
struct cursor cursor_of(const struct stage_place *place, uint64_t seed);
/* The turn whose it is now; NULL: all are over. */
const struct stage_turn *cursor_turn(struct cursor *cursor, nsec now);
/* What a connection that comes now meets; NULL: it is served. */
const struct stage_turn *cursor_take(struct cursor *cursor, nsec now);
/* What the next one would meet, without taking it: what the listener has to be ready for. */
const struct stage_turn *cursor_next(struct cursor *cursor, nsec now);
/* When time alone ends the turn; INT64_MAX: it does not. */
nsec cursor_deadline(const struct cursor *cursor);

/* What epoll's data points to. */
struct ready {
	void (*step)(struct ready *ready, uint32_t events);
};

/* ---- wiretap.c: what no listener tells of -------------------------------------------------------
 */

/* A SYN without ACK, or a FIN, as it came in. */
struct segment {
	struct sockaddr_storage client;
	unsigned port; /* to which it goes */
	uint32_t sequence;
	bool syn, fin;
	nsec at; /* as clock_now() has it: when the kernel had it, and not when it was read */
};

struct wiretap {
	struct ready ready;
	int fd; /* -1: it may not be had */
	void (*heard)(void *context, const struct segment *segment);
	void *context;
};
void wiretap_open(struct wiretap *wiretap, int epoll);
/* Tells of all that has come so far. */
void wiretap_drain(struct wiretap *wiretap);
void wiretap_close(struct wiretap *wiretap);

/* ---- view.c: an accepted socket, as its kernel has it --------------------------------------- */

struct view {
	int state;             /* as the kernel numbers them; CLOSE is TIME_WAIT, too */
	uint64_t received;     /* bytes in all */
	uint64_t acknowledged; /* by the client */
	uint64_t unread;
	bool window_is_closed; /* known since Linux 6.2, else false */
};
/* False with errno. */
bool view_socket(int fd, struct view *view);

/* ---- connection.c: one that was accepted ---------------------------------------------------- */

struct connection {
	struct ready ready;
	struct states_connection told;
	struct states *states;
	struct connection *next; /* of those whose cookie has the same hash */
	uint64_t cookie;         /* as sock_diag has it */
	int fd;                  /* -1: the listener holds it, or it is closed */
	size_t place;            /* in states->live, while it has a descriptor */
	uint32_t interest;       /* what epoll is asked for */
	nsec deadline;           /* when it is to be stepped; INT64_MAX: with an event only */
	bool held;               /* in the hands of a listener: .state is sock_diag's */
	bool let;                /* half-open=T: T is over */
	int state;               /* of the socket, as the kernel numbers them, when looked at */
	unsigned look;           /* the look in which it was seen last */
	bool finished;           /* the client's FIN has come */
	bool cut;                /* what the state does to it is done */
	struct pace reads, writes;
	struct buffer answer;
	struct dialogue *dialogue; /* NULL: it never answers */
};

/* One that was seen just now, with this cookie. */
struct connection *connection_new(struct states *states, const struct states_connection *told,
				  uint64_t cookie);
/* The one of that cookie that lasts or was cut; NULL: there is none. */
struct connection *connection_find(const struct states *states, uint64_t cookie);
/* It is accepted: takes the descriptor over. */
void connection_accept(struct connection *connection, int fd);
/* Does what is due. */
void connection_step(struct connection *connection);
/* Compares the socket with what the state says. */
void connection_look(struct connection *connection);
/* Tells its end, the first that is seen; its socket may stay. */
void connection_end(struct connection *connection, enum states_end end);
/* Its state did not hold; the first reason counts. */
void connection_break(struct connection *connection, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void connection_free(struct connection *connection);

/* ---- listener.c: one address ---------------------------------------------------------------- */

/* What a listener does with whoever comes. */
enum manner {
	ACCEPTS, /* all states of an accepted connection */
	REFUSES, /* bound, and not listening */
	IS_FULL, /* its accept queue has a connection of its own, and no room */
	IGNORES, /* all but SYNs and RSTs: a filter */
	DEFERS,  /* TCP_DEFER_ACCEPT */
	LEAVES,  /* in the accept queue */
};
/* NULL: served. */
enum manner manner_of(const struct stage_turn *turn);
/* Whether connections stay in its hands, whatever comes next. */
bool manner_holds(enum manner manner);

struct listener {
	struct ready ready;
	struct port *port;
	int epoll; /* in which it waits */
	struct sockaddr_storage address;
	int fd;
	int filler; /* its own connection in the accept queue, or -1 */
	uint64_t cookie;
	bool listens;
	enum manner manner;
	const struct stage_turn *turn; /* for which it holds connections */
	bool shared;                   /* others may follow at its address (SO_REUSEPORT) */
	bool small_window;             /* of its connections */
	bool paused;                   /* nothing is accepted until the next look */
	int queued, limit;             /* its accept queue, when looked at last: in .look */
	unsigned look;
};

/* The port of an address. */
uint16_t listener_port(const struct sockaddr_storage *address);
/* A socket at .address, whose port it fills in where it is 0. False with errno. */
bool listener_bind(struct listener *listener);
/* From now on it does that. NULL, or why not; the caller frees it. */
char *listener_turn(struct listener *listener, enum manner manner);
/* Waits for what its manner is about. */
void listener_wait(struct listener *listener);
void listener_close(struct listener *listener);

/* ---- port.c: a place, its listeners and its turns ------------------------------------------- */

enum { FAMILIES = 2 };

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

char *port_open(struct states *states, const struct states_port *asked, struct port **port);
void port_close(struct port *port);
/* Puts the listeners in order for whoever comes next. */
void port_arrange(struct port *port);
nsec port_deadline(const struct port *port);
/* half-open=T: it is over for this one. */
void port_let(struct port *port, struct connection *connection);
unsigned port_number(const struct port *port);
const struct stage_turn *port_turn(struct port *port);
const char *port_problem(const struct port *port);

/* ---- look.c: what the kernel has at a port --------------------------------------------------- */

/* Compares it with what there should be, and takes those into the books who are in its hands. */
void port_look(struct port *port);
/* A state did not hold there; the first reason counts. */
void port_break(struct port *port, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Whether it is to this listener that the next connection comes. */
bool port_has_current(const struct port *port, const struct listener *listener);

/* ---- hear.c: what the wiretap has for a port ------------------------------------------------- */

void port_hear(struct port *port, const struct segment *segment);

/* ---- states.c: all of it -------------------------------------------------------------------- */

enum { COOKIE_SLOTS = 4096 };

struct states {
	struct states_options options;
	struct inspection *inspection;
	int epoll;
	struct wiretap wiretap;
	struct port **ports;
	size_t port_count;
	struct connection **all; /* in the order in which they were seen */
	size_t count;
	struct connection **live; /* with a descriptor */
	size_t live_count;
	struct connection *by_cookie[COOKIE_SLOTS];
	nsec next_look;
	unsigned look; /* how many there were */
	uint64_t dropped_before;
};

#endif
