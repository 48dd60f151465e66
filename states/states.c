/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * states: all ports, what is ready of them, and what is due.
 */
#include "states/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

enum { EVENTS_AT_ONCE = 256 };

/* Who is in a listener's hands is seen by looking alone; else a look is but a proof. */
#define OFTEN  MSEC(100)
#define SELDOM MSEC(900)

/* ---- what cannot be held -------------------------------------------------------------------- */

static bool is_of_the_way(enum stage_state state)
{
	return state == STAGE_LOST || state == STAGE_UNREACHABLE || state == STAGE_FLOODED ||
	       state == STAGE_COOKIE_LOST || state == STAGE_EXPIRED || state == STAGE_PATH_MTU;
}

char *states_refuse(const struct stage_turn *turn)
{
	const char *name = stage_about(turn->state)->name;
	enum manner manner = manner_of(turn);

	if (is_of_the_way(turn->state))
		return format("%s: a listener alone cannot hold that state, it needs the network "
			      "between: let halfopen run the client, behind --",
			      name);
	if (turn->first && manner == IS_FULL)
		return format("--first: whose SYN is dropped sends it again, and would get in; "
			      "--for can end it");
	if (turn->probability > 0 && manner != ACCEPTS)
		return format("--probability: a listener is %s for everybody or for nobody; "
			      "states of an accepted connection can be mixed",
			      name);
	return NULL;
}

/* What needs more than plain sockets. */
static char *refuse_unseen(const struct states *states, const struct stage_turn *turn)
{
	if (turn->state == STAGE_REFUSED && turn->first && states->wiretap.fd < 0)
		return format("--first: who is refused is not seen without CAP_NET_RAW, so that "
			      "nobody can be counted; --for can end it");
	return NULL;
}

/* A port that has a listener with connections in its hands cannot refuse others. */
static char *refuse_order(const struct stage_place *place)
{
	bool holds = false;

	for (size_t i = 0; i < place->turn_count; i++) {
		if (holds && place->turns[i].state == STAGE_REFUSED)
			return format("refused: not after a state whose connections the listener "
				      "has to keep");
		holds |= manner_holds(manner_of(&place->turns[i]));
	}
	return NULL;
}

/* ---- opened --------------------------------------------------------------------------------- */

/* ListenOverflows of TcpExt in /proc/net/netstat: names in one line, numbers in the next. */
static uint64_t read_overflows(void)
{
	autofree char *why = NULL, *text = text_load("/proc/self/net/netstat", &why);
	char *names = text ? strstr(text, "TcpExt: ") : NULL;
	char *values = names ? strstr(names + 1, "TcpExt: ") : NULL;

	if (!values)
		return 0;
	values[-1] = '\0';
	for (char *name, *value; (name = strsep(&names, " ")) && (value = strsep(&values, " "));)
		if (strcmp(name, "ListenOverflows") == 0)
			return strtoull(value, NULL, 10);
	return 0;
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void hear(void *context, const struct segment *segment)
{
	struct states *states = context;

	for (size_t i = 0; i < states->port_count; i++)
		if (port_number(states->ports[i]) == segment->port)
			port_hear(states->ports[i], segment);
}

struct states *states_open(const struct states_options *options)
{
	struct states *states = must_alloc(1, sizeof(*states));

	raise_limit();
	states->options = *options;
	states->inspection = inspect_open();
	states->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (states->epoll < 0)
		broken("no epoll descriptor can be had: %s", shortage_text(errno));
	states->wiretap = (struct wiretap){ .fd = -1, .heard = hear, .context = states };
	states->dropped_before = read_overflows();
	states->next_look = clock_now() + OFTEN;
	return states;
}

void states_close(struct states *states)
{
	if (!states)
		return;
	for (size_t i = 0; i < states->count; i++)
		connection_free(states->all[i]);
	for (size_t i = 0; i < states->port_count; i++)
		port_close(states->ports[i]);
	inspect_close(states->inspection);
	wiretap_close(&states->wiretap);
	close(states->epoll);
	free((void *)states->all);
	free((void *)states->live);
	free((void *)states->ports);
	free(states);
}

static bool needs_wiretap(const struct stage_place *place)
{
	for (size_t i = 0; i < place->turn_count; i++) {
		enum manner manner = manner_of(&place->turns[i]);

		if (manner == REFUSES || manner == IS_FULL || manner == IGNORES)
			return true;
	}
	return false;
}

char *states_add(struct states *states, const struct states_port *asked)
{
	char *why = refuse_order(asked->place);
	struct port *port = NULL;

	for (size_t i = 0; i < asked->place->turn_count && !why; i++)
		why = states_refuse(&asked->place->turns[i]);
	if (needs_wiretap(asked->place) && states->wiretap.fd < 0)
		wiretap_open(&states->wiretap, states->epoll);
	for (size_t i = 0; i < asked->place->turn_count && !why; i++)
		why = refuse_unseen(states, &asked->place->turns[i]);
	if (!why)
		why = port_open(states, asked, &port);
	if (why)
		return why;
	states->ports = (struct port **)grown_pointers((void **)states->ports, states->port_count);
	states->ports[states->port_count++] = port;
	return NULL;
}

/* ---- asked ---------------------------------------------------------------------------------- */

unsigned states_number(const struct states *states, size_t port)
{
	return port_number(states->ports[port]);
}

const struct stage_turn *states_turn(const struct states *states, size_t port)
{
	return port_turn(states->ports[port]);
}

const char *states_problem(const struct states *states, size_t port)
{
	return port_problem(states->ports[port]);
}

bool states_see_segments(const struct states *states)
{
	return states->wiretap.fd >= 0;
}

uint64_t states_dropped(const struct states *states)
{
	return read_overflows() - states->dropped_before;
}

const struct states_connection *states_connection(const struct states *states, size_t index)
{
	return index < states->count ? &states->all[index]->told : NULL;
}

int states_fd(const struct states *states)
{
	return states->epoll;
}

nsec states_deadline(const struct states *states)
{
	nsec deadline = states->next_look;

	for (size_t i = 0; i < states->live_count; i++)
		if (states->live[i]->deadline < deadline)
			deadline = states->live[i]->deadline;
	for (size_t i = 0; i < states->port_count; i++)
		if (port_deadline(states->ports[i]) < deadline)
			deadline = port_deadline(states->ports[i]);
	return deadline;
}

/* ---- stepped -------------------------------------------------------------------------------- */

static void step_ready(struct states *states)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count = epoll_wait(states->epoll, events, EVENTS_AT_ONCE, 0);

	for (int i = 0; i < count; i++) {
		struct ready *ready = events[i].data.ptr;

		ready->step(ready, events[i].events);
	}
}

/* One that is stepped may close, and another one takes its place. */
static void step_due(struct states *states)
{
	nsec now = clock_now();

	for (size_t i = 0; i < states->live_count;) {
		struct connection *connection = states->live[i];

		if (connection->deadline <= now)
			connection_step(connection);
		if (i < states->live_count && states->live[i] == connection)
			i++;
	}
	for (size_t i = 0; i < states->port_count; i++)
		if (port_deadline(states->ports[i]) <= now)
			port_arrange(states->ports[i]);
}

/* True: somebody is in a listener's hands, or may come to be. */
static bool look_at_all(struct states *states)
{
	bool often = false;

	for (size_t i = 0; i < states->live_count; i++)
		connection_look(states->live[i]);
	for (size_t i = 0; i < states->port_count; i++) {
		port_look(states->ports[i]);
		port_arrange(states->ports[i]);
		often |= manner_holds(manner_of(port_turn(states->ports[i])));
	}
	for (size_t i = 0; i < states->count; i++) {
		struct connection *connection = states->all[i];

		if (connection->held && connection->deadline <= clock_now())
			port_let(states->ports[connection->told.port], connection);
		often |= connection->held;
	}
	return often;
}

void states_step(struct states *states)
{
	wiretap_drain(&states->wiretap);
	step_ready(states);
	step_due(states);
	if (clock_now() < states->next_look)
		return;
	bool often = look_at_all(states);
	states->next_look = clock_now() + (often ? OFTEN : SELDOM);
}

void states_take(struct states *states, struct states_taken taken)
{
	struct states_connection told = { .turn = taken.turn };
	socklen_t client = sizeof(told.client), server = sizeof(told.server);
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	(void)getpeername(taken.fd, (struct sockaddr *)&told.client, &client);
	(void)getsockname(taken.fd, (struct sockaddr *)&told.server, &server);
	(void)getsockopt(taken.fd, SOL_SOCKET, SO_COOKIE, &cookie, &size);
	connection_accept(connection_new(states, &told, cookie), taken.fd);
}

void states_end(struct states *states)
{
	wiretap_drain(&states->wiretap);
	step_ready(states);
	look_at_all(states);
	for (size_t i = 0; i < states->count; i++)
		connection_end(states->all[i], STATES_STOPPED);
}
