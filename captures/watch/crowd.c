/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sample lists: all sockets of a host or, of a crowd, those that something has happened to.
 */
#include "captures/watch/crowd.h"

#include <errno.h>
#include <string.h>

/* Of more sockets than this on a host it saves time to list a part. */
#define CROWD 24
/* sock_diag says how long a timer still has: from when on is not known of a dump that took long. */
#define LONG_DUMP MSEC(10)
/* How often to list them again when it took that long, or they changed meanwhile. */
#define SECOND_DUMPS 10

struct crowd {
	int family;
	bool told;
	struct diag *diags[HOSTS];
	struct seen_sockets seen[HOSTS];
	struct seen_sockets glance; /* at a quiet host */
	struct flow_ends *flows;    /* [0] is not used */
	int *ports;                 /* that somebody listens on */
	int flow_count, port_count;
	bool shared; /* one of them by several: a lookup finds only one of those */
	bool behind; /* a sample was of a part, or left out, since one was of all */
	bool noted;  /* something that is no segment, and no sample has followed it yet */
	bool touched[HOSTS];
	int called;    /* the flow of the last system call */
	long followed; /* segments up to this one have had their sample */
};

struct crowd *crowd_open(const struct crowd_options *options)
{
	struct crowd *crowd = must_alloc(1, sizeof(*crowd));

	crowd->family = options->family;
	crowd->told = options->told;
	crowd->flows = GROWN(crowd->flows, 0);
	crowd->flows[crowd->flow_count++] = (struct flow_ends){ .raw = false };
	for (int host = 0; host < HOSTS; host++)
		crowd->diags[host] =
			diag_open(options->net, &(struct diag_options){ .host = (enum host)host,
									.family = options->family,
									.mapped = options->mapped &&
										  host == SERVER,
									.both = options->told });
	return crowd;
}

bool crowd_close(struct crowd *crowd)
{
	bool ended = true;

	for (int host = 0; host < HOSTS; host++) {
		ended &= diag_destroy_all(crowd->diags[host]);
		diag_close(crowd->diags[host]);
		free(crowd->seen[host].sockets);
		free(crowd->seen[host].flooded);
	}
	free(crowd->glance.sockets);
	free(crowd->glance.flooded);
	free(crowd->flows);
	free(crowd->ports);
	free(crowd);
	return ended;
}

int crowd_add_flow(struct crowd *crowd, const struct flow_ends *ends)
{
	crowd->flows = GROWN(crowd->flows, crowd->flow_count);
	crowd->flows[crowd->flow_count] = *ends;
	return crowd->flow_count++;
}

struct seen_sockets *crowd_seen(struct crowd *crowd, enum host host)
{
	return &crowd->seen[host];
}

static bool has_port(const struct crowd *crowd, int port)
{
	for (int i = 0; i < crowd->port_count; i++)
		if (crowd->ports[i] == port)
			return true;
	return false;
}

/* What is no act, or that of a raw peer, is nothing to a kernel. */
static void touch(struct crowd *crowd, const struct event *event)
{
	bool raw = event->flow > 0 && event->flow < crowd->flow_count &&
		   crowd->flows[event->flow].raw && event->host == CLIENT;

	if (event->kind == EVENT_STEP || event->kind == EVENT_COVERS ||
	    event->kind == EVENT_EXPECT || event->kind == EVENT_INFO)
		return;
	for (int host = 0; host < HOSTS; host++)
		crowd->touched[host] |=
			event->kind != EVENT_CALL || ((enum host)host == event->host && !raw);
}

void crowd_note(struct crowd *crowd, const struct event *event)
{
	crowd->noted = true;
	touch(crowd, event);
	if (event->kind == EVENT_CALL)
		crowd->called = event->flow;
	if (event->kind != EVENT_LISTENER)
		return;
	if (has_port(crowd, event_port(event))) {
		crowd->shared = true;
		return;
	}
	crowd->ports = GROWN(crowd->ports, crowd->port_count);
	crowd->ports[crowd->port_count++] = event_port(event);
}

/* ---- all ----------------------------------------------------------------------------------- */

static void collect_socket(void *argument, const struct diag_socket *socket)
{
	struct seen_sockets *seen = argument;

	if (socket->inner)
		return;
	if (socket->floods) {
		seen->flooded = GROWN(seen->flooded, seen->flood_count);
		seen->flooded[seen->flood_count++] = socket->port;
		return;
	}
	seen->sockets = GROWN(seen->sockets, seen->count);
	seen->sockets[seen->count++] = (struct seen_socket){ .diag = *socket, .anew = true };
}

static void read_all(struct crowd *crowd, enum host host)
{
	struct seen_sockets *seen = &crowd->seen[host];
	bool whole = false;

	for (int again = 0; again < SECOND_DUMPS; again++) {
		seen->asked = clock_now();
		seen->count = seen->flood_count = 0;
		whole = diag_dump(crowd->diags[host], collect_socket, seen);
		if (whole && (crowd->told || clock_now() - seen->asked < LONG_DUMP))
			break;
	}
	if (!whole)
		broken("cannot list the sockets of the %s: %s", host_name(host),
		       netlink_problem(EINTR));
}

/* ---- a glance ------------------------------------------------------------------------------ */

/* Its timer too: one that was set anew is due at another time. */
static bool is_as_before(const struct seen_sockets *before, const struct seen_sockets *now, int i)
{
	struct diag_socket old = before->sockets[i].diag, new = now->sockets[i].diag;
	nsec due = before->asked + MSEC(old.expires_ms), later = now->asked + MSEC(new.expires_ms);
	bool runs = old.expires_ms > 0 && new.expires_ms > 0;

	return old.cookie == new.cookie &&old.state == new.state &&old.port ==
		       new.port &&old.peer_port == new.peer_port &&old.retrans ==
		       new.retrans &&old.queued == new.queued &&old.limit ==
		       new.limit &&old.drops == new.drops &&
	       (runs ? due - later < TIMER_GRAIN && later - due < TIMER_GRAIN
		     : old.expires_ms == new.expires_ms);
}

/*
 * Whether the host has the sockets that were seen there, in the order in which they were listed. A
 * client gets its first by a call of the case; a server of another process opens one unseen.
 */
static bool stands(struct crowd *crowd, enum host host)
{
	const struct seen_sockets *seen = &crowd->seen[host];
	struct seen_sockets *now = &crowd->glance;

	if (host == CLIENT && !seen->count && !seen->flood_count)
		return true;
	now->asked = clock_now();
	now->count = now->flood_count = 0;
	if (!diag_dump(crowd->diags[host], collect_socket, now) ||
	    clock_now() - now->asked >= LONG_DUMP || now->count != seen->count ||
	    now->flood_count != seen->flood_count)
		return false;
	for (int i = 0; i < now->count; i++)
		if (!is_as_before(seen, now, i))
			return false;
	return true;
}

/* ---- a part -------------------------------------------------------------------------------- */

/* What was seen of the socket between these ports is forgotten. */
static void forget_socket(struct seen_sockets *seen, uint16_t port, uint16_t peer_port)
{
	for (int i = 0; i < seen->count; i++)
		if (seen->sockets[i].diag.port == port &&
		    seen->sockets[i].diag.peer_port == peer_port) {
			seen->sockets[i] = seen->sockets[--seen->count];
			return;
		}
}

static struct socket_ends ends_of_listener(const struct crowd *crowd, uint16_t port)
{
	return (struct socket_ends){
		.here = host_address(SERVER, crowd->family, port),
		.there = host_address(CLIENT, crowd->family, 0),
	};
}

static void list_listener(struct crowd *crowd, uint16_t port)
{
	struct socket_ends ends = ends_of_listener(crowd, port);

	forget_socket(&crowd->seen[SERVER], port, 0);
	diag_find(crowd->diags[SERVER], &ends, collect_socket, &crowd->seen[SERVER]);
}

/* Where a connection is no more, a lookup finds the listener. */
static void collect_connection(void *argument, const struct diag_socket *socket)
{
	if (socket->state != LISTEN)
		collect_socket(argument, socket);
}

static struct socket_ends ends_at(enum host host, const struct flow_ends *flow)
{
	return host == CLIENT ? (struct socket_ends){ flow->client, flow->server }
			      : (struct socket_ends){ flow->server, flow->client };
}

static void list_flow(struct crowd *crowd, enum host host, const struct flow_ends *flow)
{
	struct socket_ends ends = ends_at(host, flow);

	forget_socket(&crowd->seen[host], address_port(&ends.here), address_port(&ends.there));
	diag_find(crowd->diags[host], &ends, collect_connection, &crowd->seen[host]);
}

bool crowd_agreement(struct crowd *crowd, const struct end_of_flow *end,
		     struct agreement *agreement)
{
	struct socket_ends ends;

	if (end->flow <= 0 || end->flow >= crowd->flow_count)
		return false;
	ends = ends_at(end->host, &crowd->flows[end->flow]);
	return diag_agreement(crowd->diags[end->host], &ends, end->cookie, agreement);
}

int crowd_destroy(struct crowd *crowd, const struct end_of_flow *end)
{
	struct socket_ends ends = ends_at(end->host, &crowd->flows[end->flow]);

	return diag_destroy(crowd->diags[end->host], &ends, end->cookie);
}

int crowd_destroy_listener(struct crowd *crowd, int port, uint64_t cookie)
{
	struct socket_ends ends = ends_of_listener(crowd, (uint16_t)port);

	return diag_destroy(crowd->diags[SERVER], &ends, cookie);
}

/* The flow's socket, and its listener or, of no flow, all of them. */
static void list_part(struct crowd *crowd, enum host host, const struct flow_ends *ends)
{
	if (ends)
		list_flow(crowd, host, ends);
	for (int i = 0; i < crowd->port_count && host == SERVER; i++)
		if (!ends || crowd->ports[i] == address_port(&ends->server))
			list_listener(crowd, (uint16_t)crowd->ports[i]);
}

static void read_part(struct crowd *crowd, enum host host, int flow)
{
	struct seen_sockets *seen = &crowd->seen[host];
	const struct flow_ends *ends =
		flow > 0 && flow < crowd->flow_count ? &crowd->flows[flow] : NULL;

	crowd->behind = true;
	for (int i = 0; i < seen->count; i++)
		seen->sockets[i].anew = false;
	for (int again = 0; again < SECOND_DUMPS; again++) {
		seen->asked = clock_now();
		list_part(crowd, host, ends);
		if (clock_now() - seen->asked < LONG_DUMP)
			break;
	}
}

/* ---- how much ------------------------------------------------------------------------------ */

/* Counters that a connection moves when it comes about. */
static const char *const usual_counters[] = { "Tcp.InSegs",      "Tcp.OutSegs",
					      "Tcp.ActiveOpens", "Tcp.PassiveOpens",
					      "Tcp.CurrEstab",   NULL };

static bool is_crowd(const struct crowd *crowd, enum host host)
{
	return crowd->seen[host].count + crowd->seen[host].flood_count > CROWD;
}

enum looked crowd_read(struct crowd *crowd, const struct crowd_reading *reading)
{
	bool in_part =
		is_crowd(crowd, reading->host) && !reading->whole && !crowd->shared && !crowd->told;

	if (in_part && (!reading->here || reading->quiet))
		return LEFT_OUT;
	if (reading->quiet && (!reading->here || stands(crowd, reading->host)))
		return LEFT_OUT;
	crowd->touched[reading->host] = false;
	if (!counters_read(reading->counters) && !reading->here)
		return COUNTERS_READ;
	if (in_part && !counters_moved_beyond(reading->counters, usual_counters))
		read_part(crowd, reading->host, reading->flow ? reading->flow : crowd->called);
	else
		read_all(crowd, reading->host);
	return LISTED;
}

bool crowd_touched(const struct crowd *crowd, enum host host)
{
	return crowd->touched[host];
}

long crowd_sampled(struct crowd *crowd, long packets, bool whole)
{
	long first = packets > crowd->followed ? crowd->followed + 1 : 0;

	crowd->behind &= !whole;
	crowd->noted = false;
	crowd->followed = packets;
	return first;
}

bool crowd_has_followed(const struct crowd *crowd, long packet)
{
	return packet <= crowd->followed;
}

bool crowd_is_told_late(const struct crowd *crowd)
{
	return crowd->told && (is_crowd(crowd, CLIENT) || is_crowd(crowd, SERVER));
}

bool crowd_leaves_out(struct crowd *crowd, long packets)
{
	bool anything_new = crowd->noted || packets != crowd->followed;

	if ((anything_new && !crowd->told) || !(is_crowd(crowd, CLIENT) || is_crowd(crowd, SERVER)))
		return false;
	crowd->behind = true;
	return true;
}

bool crowd_is_behind(const struct crowd *crowd)
{
	return crowd->behind;
}
