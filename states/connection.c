/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connection: one that was accepted, from its first byte to its end: it reads, answers and is cut
 * as its state has it.
 */
#include "states/internal.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

enum {
	READ_AT_ONCE = 65536,
	MOST_UNSENT = 1 << 20, /* of an answer: then no more is read */
};

/* ---- what a state does ---------------------------------------------------------------------- */

enum cutting { CUTS_NOT, RESETS, CLOSES, SHUTS };

struct conduct {
	bool reads, answers;
	enum cutting cutting;
};

static const struct conduct conducts[STAGE_STATES] = {
	[STAGE_SERVING] = { .reads = true, .answers = true },
	[STAGE_DEFERRED] = { .reads = true, .answers = true },
	[STAGE_HALF_OPEN] = { .reads = true, .answers = true },
	[STAGE_RESET] = { .reads = true, .cutting = RESETS },
	[STAGE_SILENT] = { .reads = true },
	[STAGE_SLOW] = { .reads = true, .answers = true },
	[STAGE_SLOW_READ] = { .reads = true, .answers = true },
	[STAGE_CLOSING] = { .reads = true, .cutting = CLOSES },
	[STAGE_HALF_CLOSED] = { .reads = true, .cutting = SHUTS },
	[STAGE_ZERO_WINDOW] = { .reads = false },
};

bool states_are_of_server(enum stage_state state)
{
	return state == STAGE_ZERO_WINDOW || conducts[state].reads;
}

static const struct stage_turn served = { .state = STAGE_SERVING };

static const struct stage_turn *turn_of(const struct connection *connection)
{
	return connection->told.turn ? connection->told.turn : &served;
}

/* One that is cut after some bytes answers until then. */
static struct conduct conduct_of(const struct connection *connection)
{
	const struct stage_turn *turn = turn_of(connection);
	struct conduct conduct = conducts[turn->state];

	if (conduct.cutting && turn->value.kind == STAGE_BYTES)
		conduct.answers = !connection->cut;
	return conduct;
}

/* ---- the books ------------------------------------------------------------------------------ */

static struct connection **slot_of(struct states *states, uint64_t cookie)
{
	return &states->by_cookie[cookie % COOKIE_SLOTS];
}

struct connection *connection_new(struct states *states, const struct states_connection *told,
				  uint64_t cookie)
{
	struct connection *connection = must_alloc(1, sizeof(*connection));
	struct connection **slot = slot_of(states, cookie);

	connection->told = *told;
	connection->told.began = clock_now();
	connection->states = states;
	connection->cookie = cookie;
	connection->fd = -1;
	connection->deadline = INT64_MAX;
	connection->next = *slot;
	*slot = connection;
	states->all = (struct connection **)grown_pointers((void **)states->all, states->count);
	states->all[states->count++] = connection;
	if (states->options.tell)
		states->options.tell(states->options.context, &connection->told);
	return connection;
}

struct connection *connection_find(const struct states *states, uint64_t cookie)
{
	struct connection *connection = states->by_cookie[cookie % COOKIE_SLOTS];

	while (connection && connection->cookie != cookie)
		connection = connection->next;
	return connection;
}

void connection_end(struct connection *connection, enum states_end end)
{
	struct states *states = connection->states;

	if (connection->told.end != STATES_LASTS)
		return;
	connection->told.end = end;
	connection->told.ended = clock_now();
	if (states->options.tell)
		states->options.tell(states->options.context, &connection->told);
}

void connection_break(struct connection *connection, const char *fmt, ...)
{
	va_list args;

	if (connection->told.problem)
		return;
	va_start(args, fmt);
	connection->told.problem = vformat(fmt, args);
	va_end(args);
}

static void close_socket(struct connection *connection)
{
	struct states *states = connection->states;

	if (connection->fd < 0)
		return;
	close(connection->fd);
	connection->fd = -1;
	connection->deadline = INT64_MAX;
	buffer_free(&connection->answer);
	states->live_count--;
	states->live[connection->place] = states->live[states->live_count];
	states->live[connection->place]->place = connection->place;
}

/* RST instead of FIN, and nothing that is still unsent. */
static void reset_socket(struct connection *connection)
{
	const struct linger at_once = { .l_onoff = 1 };

	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close_socket(connection);
}

void connection_free(struct connection *connection)
{
	if (connection->fd >= 0)
		reset_socket(connection);
	free(connection->dialogue);
	free(connection->told.problem);
	free(connection);
}

/* ---- looks ---------------------------------------------------------------------------------- */

/* Before and after a FIN of the server's; CLOSE is what a RST leaves, and TIME_WAIT. */
enum {
	UNCUT = 1 << TCP_ESTABLISHED | 1 << TCP_CLOSE_WAIT | 1 << TCP_CLOSE,
	CUT = 1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSING | 1 << TCP_LAST_ACK |
	      1 << TCP_CLOSE,
};

static void expect_state(struct connection *connection)
{
	int expected = connection->cut ? CUT : UNCUT;

	if (!(1 << connection->state & expected) && connection->told.end == STATES_LASTS)
		connection_break(connection, "its socket was in TCP's state %d when looked at",
				 connection->state);
}

void connection_look(struct connection *connection)
{
	struct conduct conduct = conduct_of(connection);
	struct view view;

	if (connection->fd < 0)
		return;
	connection->told.looks++;
	if (!view_socket(connection->fd, &view)) {
		connection_break(connection, "its socket cannot be looked at: %s", strerror(errno));
		return;
	}
	connection->state = view.state;
	connection->told.waiting = view.unread;
	connection->told.closed_window |= view.window_is_closed;
	expect_state(connection);
	/* A FIN has a number, and counts as a byte. */
	if (!conduct.reads && view.received > view.unread + 1)
		connection_break(connection, "%llu bytes have been read",
				 (unsigned long long)(view.received - view.unread));
	if (!conduct.answers && !connection->told.sent && view.acknowledged > 1)
		connection_break(connection, "%llu bytes have been answered",
				 (unsigned long long)view.acknowledged);
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool is_error(ssize_t length)
{
	return length < 0 && errno != EAGAIN && errno != EINTR;
}

/* The client has reset it, or its kernel answers no more. */
static void lose(struct connection *connection)
{
	connection_end(connection, STATES_CLIENT_RESET);
	close_socket(connection);
}

static void take_end(struct connection *connection)
{
	const int yes = 1;

	connection->finished = true;
	connection_end(connection, STATES_CLIENT_CLOSED);
	/* Its kernel is asked now and then whether it still knows of it. */
	setsockopt(connection->fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
}

/* False: there is no more to read, for now or for ever. */
static bool read_some(struct connection *connection)
{
	uint64_t allowed = pace_allows(&connection->reads, clock_now());
	char room[READ_AT_ONCE];
	ssize_t length = 0;

	if (!allowed || buffer_left(&connection->answer) > MOST_UNSENT)
		return false;
	length = recv(connection->fd, room, allowed < sizeof(room) ? allowed : sizeof(room), 0);
	if (is_error(length)) {
		lose(connection);
		return false;
	}
	if (length == 0)
		take_end(connection);
	if (length <= 0)
		return false;
	pace_use(&connection->reads, (uint64_t)length);
	connection->told.received += (uint64_t)length;
	connection->told.waiting -= connection->told.waiting < (uint64_t)length
					    ? connection->told.waiting
					    : (uint64_t)length;
	if (conduct_of(connection).answers)
		dialogue_hear(connection->dialogue, (struct heard){ room, (size_t)length },
			      &connection->answer);
	return true;
}

/* ---- answering ------------------------------------------------------------------------------ */

/* How much may be sent in all. */
static uint64_t most_sent(const struct connection *connection)
{
	const struct stage_value *value = &turn_of(connection)->value;

	return conduct_of(connection).cutting && value->kind == STAGE_BYTES ? value->bytes
									    : UINT64_MAX;
}

/* False: no more can be sent now. */
static bool write_some(struct connection *connection)
{
	struct buffer *answer = &connection->answer;
	uint64_t allowed, rest = most_sent(connection) - connection->told.sent;
	size_t left = buffer_left(answer);
	ssize_t length;

	if (!left) {
		connection->writes.since = 0;
		connection->writes.used = 0;
		return false;
	}
	allowed = pace_allows(&connection->writes, clock_now());
	allowed = allowed < rest ? allowed : rest;
	if (!allowed)
		return false;
	length = send(connection->fd, answer->bytes + answer->sent,
		      allowed < left ? (size_t)allowed : left, MSG_NOSIGNAL);
	if (is_error(length))
		lose(connection);
	if (length <= 0)
		return false;
	answer->sent += (size_t)length;
	pace_use(&connection->writes, (uint64_t)length);
	connection->told.sent += (uint64_t)length;
	return true;
}

/* ---- cutting -------------------------------------------------------------------------------- */

static bool all_has_arrived(const struct connection *connection)
{
	int unacknowledged = 0;

	ioctl(connection->fd, SIOCOUTQ, &unacknowledged);
	return !unacknowledged;
}

static bool cut_is_due(const struct connection *connection)
{
	const struct stage_value *value = &turn_of(connection)->value;

	switch (value->kind) {
	case STAGE_SPAN:
		return clock_now() >= connection->told.began + value->span;
	case STAGE_BYTES:
		return connection->told.sent >= value->bytes && all_has_arrived(connection);
	default:
		return true;
	}
}

static void cut(struct connection *connection)
{
	enum cutting cutting = conduct_of(connection).cutting;

	connection_look(connection);
	connection->cut = true;
	if (cutting == RESETS) {
		connection_end(connection, STATES_CUT);
		reset_socket(connection);
	} else {
		shutdown(connection->fd, SHUT_WR);
		connection_look(connection);
	}
}

/* Of a server that has closed: what comes now is answered with RST, as close() would have it. */
static bool comes_too_late(const struct connection *connection)
{
	char byte;

	return connection->cut && conduct_of(connection).cutting == CLOSES &&
	       recv(connection->fd, &byte, 1, MSG_PEEK) > 0;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static bool has_said_all(const struct connection *connection)
{
	bool over = connection->finished || connection->dialogue->over;

	return over && !buffer_left(&connection->answer);
}

static bool wants_to_read(const struct connection *connection)
{
	return conduct_of(connection).reads && !connection->finished;
}

static void work(struct connection *connection)
{
	struct conduct conduct = conduct_of(connection);

	if (comes_too_late(connection)) {
		connection_end(connection, STATES_CUT);
		reset_socket(connection);
	}
	for (int i = 0; i < 16 && connection->fd >= 0 && wants_to_read(connection); i++)
		if (!read_some(connection))
			break;
	while (connection->fd >= 0 && conduct.answers && write_some(connection))
		;
	if (connection->fd >= 0 && conduct.cutting && !connection->cut && cut_is_due(connection))
		cut(connection);
	if (connection->fd >= 0 && connection->finished && connection->cut)
		close_socket(connection);
	else if (connection->fd >= 0 && conduct.answers && !conduct.cutting &&
		 has_said_all(connection)) {
		connection_end(connection, STATES_SERVED);
		close_socket(connection);
	}
}

static nsec sooner(nsec one, nsec other)
{
	return one < other ? one : other;
}

/* When it is to be stepped without an event. */
static nsec deadline_of(const struct connection *connection)
{
	const struct stage_value *value = &turn_of(connection)->value;
	struct conduct conduct = conduct_of(connection);
	nsec now = clock_now(), deadline = INT64_MAX;

	if (conduct.cutting && !connection->cut && value->kind == STAGE_SPAN)
		deadline = connection->told.began + value->span;
	if (conduct.cutting && !connection->cut && value->kind == STAGE_BYTES &&
	    connection->told.sent >= value->bytes)
		deadline = now + MSEC(5);
	if (wants_to_read(connection) && connection->reads.bytes)
		deadline = sooner(deadline, pace_next(&connection->reads, now));
	if (conduct.answers && connection->writes.bytes && buffer_left(&connection->answer))
		deadline = sooner(deadline, pace_next(&connection->writes, now));
	return deadline;
}

static uint32_t interest_of(const struct connection *connection)
{
	struct conduct conduct = conduct_of(connection);
	bool is_full = buffer_left(&connection->answer) > MOST_UNSENT;
	uint32_t events = connection->finished ? 0 : EPOLLRDHUP;

	if (wants_to_read(connection) && !connection->reads.bytes && !is_full)
		events |= EPOLLIN;
	if (conduct.answers && !connection->writes.bytes && buffer_left(&connection->answer) &&
	    connection->told.sent < most_sent(connection))
		events |= EPOLLOUT;
	return events;
}

static void wait_on(struct connection *connection)
{
	struct epoll_event event = { .events = interest_of(connection),
				     .data.ptr = &connection->ready };

	connection->deadline = deadline_of(connection);
	if (event.events == connection->interest)
		return;
	connection->interest = event.events;
	epoll_ctl(connection->states->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

void connection_step(struct connection *connection)
{
	work(connection);
	if (connection->fd >= 0)
		wait_on(connection);
}

static void on_event(struct ready *ready, uint32_t events)
{
	struct connection *connection = (struct connection *)(void *)ready;

	if (connection->fd < 0)
		return;
	connection_look(connection);
	if (events & EPOLLRDHUP && !(events & EPOLLERR) && !wants_to_read(connection))
		take_end(connection);
	connection_step(connection);
	/* What nobody reads would be told for ever. */
	if (connection->fd >= 0 &&
	    (events & EPOLLERR || (events & EPOLLHUP && connection->finished)))
		lose(connection);
}

/* ---- accepted ------------------------------------------------------------------------------- */

static void prepare(struct connection *connection)
{
	const struct stage_turn *turn = turn_of(connection);
	struct conduct conduct = conduct_of(connection);

	if (turn->state == STAGE_SLOW)
		connection->writes = pace_of(&turn->value);
	if (turn->state == STAGE_SLOW_READ)
		connection->reads = pace_of(&turn->value);
	if (!conduct.answers)
		return;
	connection->dialogue = must_alloc(1, sizeof(*connection->dialogue));
	connection->dialogue->answer = &connection->states->options.answer;
	if (turn->value.kind == STAGE_BYTES)
		connection->dialogue->least = turn->value.bytes;
}

void connection_accept(struct connection *connection, int fd)
{
	struct states *states = connection->states;
	struct epoll_event event = { .data.ptr = &connection->ready };

	connection->fd = fd;
	connection->held = false;
	connection->ready.step = on_event;
	connection->place = states->live_count;
	states->live =
		(struct connection **)grown_pointers((void **)states->live, states->live_count);
	states->live[states->live_count++] = connection;
	prepare(connection);
	if (epoll_ctl(states->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		connection_break(connection, "it cannot be watched: %s", strerror(errno));
	connection_look(connection);
	connection_step(connection);
}
