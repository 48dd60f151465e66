/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Storms: what two CPUs do to a listener at the same time.
 */
#define TOPIC "storms"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The server's counter has moved by so many since the storm began. */
static void counter_moved(struct storm *storm, const char *name, long expected)
{
	long moved = storm_counter(storm, name);

	adds_up(storm, moved == expected, "%s moved by %ld, expected %ld", name, moved, expected);
}

static void nobody_is_left(struct storm *storm)
{
	long left = storm_sockets(storm);

	adds_up(storm, left == 0, "the server has %ld sockets left", left);
}

static void queue_has(struct storm *storm, const struct listener *server, int expected)
{
	int length = storm_queue(server);

	adds_up(storm, length == expected, "the accept queue has a length of %d, and %d are in it",
		length, expected);
}

static void all_are_accepted(struct storm *storm, struct listener *server, int expected)
{
	int accepted = storm_accepts(storm, server);

	adds_up(storm, accepted == expected, "accept() has given %d connections of %d", accepted,
		expected);
}

/* At most each round's second one has lost against its twin. */
static void book_losers(struct storm *storm, const char *name, long count)
{
	book(storm, name, count);
	adds_up(storm, count >= 0 && count <= booked(storm, "connections"),
		"%s: %ld, in %ld rounds", name, count, booked(storm, "connections"));
}

STORM(same_syn_on_two_cpus_makes_one_request, .covers = "F-07 F-14")
{
	struct listener *server = storm_listens(storm, .backlog = 16);

	while (next_round(storm)) {
		struct storm_peer *peer = storm_peer(storm, server);

		at_once(storm, SENDS(peer, .flags = SYN), SENDS(peer, .flags = SYN));
		book(storm, "SYNs", 2);
		adds_up(storm, peer->syn_acks >= 1, "two SYNs, and no SYN-ACK");
		adds_up(storm, peer->syn_acks <= 2, "two SYNs, and %d SYN-ACKs", peer->syn_acks);
		adds_up(storm, !peer->second_isn, "the SYN-ACKs have different sequence numbers");
		book(storm, "SYN-ACKs", peer->syn_acks);

		alone(storm, SENDS(peer, .flags = ACK));
		all_are_accepted(storm, server, 1);
		adds_up(storm, peer->accepted == 1, "accept() has given another peer's connection");
		adds_up(storm, peer->resets == 0, "RST answers the ACK");
		alone(storm, SENDS(peer, .flags = RST | ACK));
		book(storm, "connections", 1);
	}
	book_losers(storm, "SYNs that left no trace",
		    booked(storm, "SYNs") - booked(storm, "SYN-ACKs") -
			    storm_counter(storm, "TCPACKSkippedSynRecv"));
	counter_moved(storm, "Tcp.PassiveOpens", booked(storm, "connections"));
	counter_moved(storm, "ListenDrops", 0);
}

/* A peer whose SYN is answered; its ACK is the round's. */
static struct storm_peer *answered_peer(struct storm *storm, struct listener *server)
{
	struct storm_peer *peer = storm_peer(storm, server);

	alone(storm, SENDS(peer, .flags = SYN));
	adds_up(storm, peer->syn_acks == 1, "a SYN, and %d SYN-ACKs", peer->syn_acks);
	return peer;
}

/* Of two ACKs with the same 5 bytes one makes the connection, and the bytes are read once. */
static void two_acks_make_one_connection(struct storm *storm, struct listener *server)
{
	struct storm_peer *peer = answered_peer(storm, server);

	at_once(storm, SENDS(peer, .text = "HELLO"), SENDS(peer, .text = "HELLO"));
	book(storm, "final ACKs", 2);
	all_are_accepted(storm, server, 1);
	adds_up(storm, peer->bytes == 5, "read() has given %d bytes of 5", peer->bytes);
	adds_up(storm, peer->resets == 0, "RST answers one of the ACKs");
	book(storm, "connections", 1);
	alone(storm, SENDS(peer, .flags = RST | ACK, .seq = 5));
}

STORM(same_final_ack_on_two_cpus_makes_one_connection)
{
	struct listener *server = storm_listens(storm, .backlog = 16);

	while (next_round(storm))
		two_acks_make_one_connection(storm, server);
	/* The loser has made a socket, too, before it found that it had lost. */
	book_losers(storm, "sockets that lost against their twin",
		    storm_counter(storm, "Tcp.PassiveOpens") - booked(storm, "connections"));
	/* Either way the second ACK comes to the connection, with data that it has already. */
	counter_moved(storm, "TCPDSACKOldSent", booked(storm, "connections"));
	counter_moved(storm, "ListenDrops", 0);
}

STORM(same_cookie_on_two_cpus_makes_one_connection, .covers = "F-05",
      .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = storm_listens(storm, .backlog = 16);

	while (next_round(storm))
		two_acks_make_one_connection(storm, server);
	counter_moved(storm, "SyncookiesSent", booked(storm, "connections"));
	/* Both may be taken for cookies, before either has made its socket. */
	book(storm, "cookies that lost against their twin",
	     storm_counter(storm, "SyncookiesRecv") - booked(storm, "connections"));
	book(storm, "second ACKs that came to the connection",
	     storm_counter(storm, "DelayedACKLost"));
	adds_up(storm,
		booked(storm, "cookies that lost against their twin") +
				booked(storm, "second ACKs that came to the connection") ==
			booked(storm, "connections"),
		"not every second ACK has lost, or come to the connection");
	counter_moved(storm, "SyncookiesFailed", 0);
}

#define BURST 16

static void close_listener_now(void *context)
{
	struct listener *server = context;

	close(server->fd);
	server->fd = -1;
}

/*
 * The port is given up before all else is (inet_put_port()): a final ACK that comes just then makes
 * no socket (__inet_inherit_port()), and is counted as dropped. Its request waits for its timer or,
 * as here, for the next segment.
 */
static void next_segment_is_reset(struct storm *storm, struct storm_peer *peer)
{
	book(storm, "final ACKs that met the end of the port", 1);
	alone(storm, SENDS(peer, .text = "HELLO"));
	adds_up(storm, peer->resets == 1, "data behind an ACK that made nothing got %d RSTs",
		peer->resets);
}

STORM(close_of_a_listener_resets_each_whose_final_ack_comes)
{
	while (next_round(storm)) {
		struct listener *server = storm_listens(storm, .backlog = BURST);
		struct storm_peer *peers[BURST];

		for (int i = 0; i < BURST; i++)
			peers[i] = answered_peer(storm, server);
		at_once(storm, EACH_SENDS(peers, BURST, .flags = ACK),
			CALLS(close_listener_now, server));
		for (int i = 0; i < BURST; i++) {
			adds_up(storm, peers[i]->resets <= 1, "peer %d of the round got %d RSTs", i,
				peers[i]->resets);
			if (!peers[i]->resets)
				next_segment_is_reset(storm, peers[i]);
		}
		nobody_is_left(storm);
	}
	counter_moved(storm, "ListenDrops",
		      booked(storm, "final ACKs that met the end of the port"));
	counter_moved(storm, "Tcp.OutRsts", BURST * storm_rounds(storm));
}

struct restart {
	struct listener *listener;
	int error;
};

static void listen_anew(void *context)
{
	struct restart *restart = context;

	if (shutdown(restart->listener->fd, SHUT_RD) ||
	    listen(restart->listener->fd, restart->listener->backlog))
		restart->error = errno;
}

/* Each SYN is answered or reset; but one that meets the listener in between is dropped. */
static int half_open_after(struct storm *storm, struct storm_peer **peers)
{
	int half_open = 0;

	for (int i = 0; i < BURST; i++) {
		adds_up(storm, peers[i]->syn_acks + peers[i]->resets <= 1,
			"the SYN of peer %d of the round got %d SYN-ACKs and %d RSTs", i,
			peers[i]->syn_acks, peers[i]->resets);
		book(storm,
		     peers[i]->resets     ? "SYNs that were reset"
		     : peers[i]->syn_acks ? "SYNs that were answered"
					  : "segments that met no state",
		     1);
		if (peers[i]->syn_acks)
			peers[half_open++] = peers[i];
	}
	return half_open;
}

STORM(listener_that_stops_and_listens_again_loses_nobody, .covers = "P-63 F-04")
{
	struct listener *server = storm_listens(storm, .backlog = BURST);

	while (next_round(storm)) {
		struct restart restart = { server, 0 };
		struct storm_peer *peers[BURST];
		int half_open;

		for (int i = 0; i < BURST; i++)
			peers[i] = storm_peer(storm, server);
		at_once(storm, EACH_SENDS(peers, BURST, .flags = SYN),
			CALLS(listen_anew, &restart));
		half_open = half_open_after(storm, peers);
		at_once(storm, EACH_SENDS(peers, half_open, .text = "HELLO"),
			CALLS(listen_anew, &restart));
		adds_up(storm, !restart.error, "shutdown() or listen() gave %s",
			strerrorname_np(restart.error));
		storm_accepts(storm, server);
		for (int i = 0; i < half_open; i++) {
			adds_up(storm, peers[i]->accepted + peers[i]->resets == 1,
				"peer %d of the round was accepted %d times and got %d RSTs", i,
				peers[i]->accepted, peers[i]->resets);
			adds_up(storm, peers[i]->bytes == 5 * peers[i]->accepted,
				"%d bytes of peer %d of the round were read", peers[i]->bytes, i);
			book(storm, peers[i]->accepted ? "accepted" : "final ACKs that were reset",
			     1);
		}
		alone(storm, EACH_SENDS(peers, half_open, .flags = RST | ACK, .seq = 5));
		nobody_is_left(storm);
	}
	counter_moved(storm, "ListenDrops", 0);
}

/* Of two bursts that come at once to one queue each connection is there, and counted. */
STORM(final_acks_on_two_cpus_are_all_accepted)
{
	struct listener *server = storm_listens(storm, .backlog = 2 * BURST);

	while (next_round(storm)) {
		struct storm_peer *peers[2 * BURST];

		for (int i = 0; i < 2 * BURST; i++)
			peers[i] = answered_peer(storm, server);
		at_once(storm, EACH_SENDS(peers, BURST, .text = "HELLO"),
			EACH_SENDS(peers + BURST, BURST, .text = "HELLO"));
		queue_has(storm, server, 2 * BURST);
		all_are_accepted(storm, server, 2 * BURST);
		for (int i = 0; i < 2 * BURST; i++)
			adds_up(storm, peers[i]->accepted == 1 && peers[i]->bytes == 5,
				"peer %d of the round was accepted %d times, with %d bytes of 5", i,
				peers[i]->accepted, peers[i]->bytes);
		alone(storm, EACH_SENDS(peers, 2 * BURST, .flags = RST | ACK, .seq = 5));
		queue_has(storm, server, 0);
	}
	counter_moved(storm, "Tcp.PassiveOpens", 2 * BURST * storm_rounds(storm));
}

struct reload {
	struct listener *old, *new;
	int error;
};

/* As servers reload: the new one listens before the old one closes. */
static void reload(void *context)
{
	struct reload *reload = context;

	if (listen(reload->new->fd, reload->new->backlog))
		reload->error = errno;
	close(reload->old->fd);
	reload->old->fd = -1;
}

/* The final ACK that comes while the port is given up makes nothing, and is counted as dropped. */
static void say_again(struct storm *storm, struct storm_peer **peers)
{
	for (int i = 0; i < BURST; i++)
		if (!peers[i]->accepted && !peers[i]->resets)
			alone(storm, SENDS(peers[i], .text = "HELLO"));
}

/*
 * tcp_close() shuts a listener down before it ends its state, and a child inherits that: it sends
 * FIN as soon as it is connected, resets for its data, and moves to the twin all the same. The same
 * close() resets a child that comes after the state has ended, and before its request is known to
 * be the twin's (inet_csk_reqsk_queue_add()); no counter tells of it.
 */
static void note_outcome(struct storm *storm, const struct storm_peer *peer)
{
	if (peer->accepted && peer->resets) {
		adds_up(storm, peer->accepted == 1 && peer->resets == 1 && peer->bytes == 0,
			"a connection was accepted %d times, with %d bytes of 5, and got %d RSTs",
			peer->accepted, peer->bytes, peer->resets);
		book(storm, "accepted, but shut down from the beginning", 1);
	} else if (peer->accepted) {
		adds_up(storm, peer->accepted == 1 && peer->bytes == 5,
			"a connection was accepted %d times, with %d bytes of 5", peer->accepted,
			peer->bytes);
		book(storm, "accepted", 1);
	} else {
		adds_up(storm, peer->resets == 1, "a peer was not accepted, and got %d RSTs",
			peer->resets);
		book(storm, "reset", 1);
	}
}

static void accept_from_both(struct storm *storm, struct listener **members)
{
	for (int i = 0; i < 2; i++)
		storm_accepts(storm, members[i]);
}

STORM(members_of_a_group_that_come_and_go_lose_nobody,
      .server_sysctls = { "net.ipv4.tcp_migrate_req=1" })
{
	struct listener *members[2];

	members[0] = storm_listens(storm, .backlog = 2 * BURST, .group = true);
	members[1] = storm_listens(storm, .backlog = 2 * BURST, .beside = members[0]);
	while (next_round(storm)) {
		struct listener *next = storm_listens(storm, .backlog = 2 * BURST,
						      .beside = members[1], .only_bound = true);
		struct reload change = { .old = members[0], .new = next };
		struct storm_peer *peers[BURST];

		for (int i = 0; i < BURST; i++)
			peers[i] = answered_peer(storm, members[0]);
		at_once(storm, EACH_SENDS(peers, BURST, .text = "HELLO"), CALLS(reload, &change));
		adds_up(storm, !change.error, "listen() gave %s", strerrorname_np(change.error));
		members[0] = members[1];
		members[1] = next;
		accept_from_both(storm, members);
		say_again(storm, peers);
		accept_from_both(storm, members);
		for (int i = 0; i < BURST; i++)
			note_outcome(storm, peers[i]);
		alone(storm, EACH_SENDS(peers, BURST, .flags = RST | ACK, .seq = 5));
		nobody_is_left(storm);
	}
	counter_moved(storm, "TCPAbortOnData",
		      booked(storm, "accepted, but shut down from the beginning"));
	adds_up(storm, storm_counter(storm, "TCPMigrateReqFailure") <= booked(storm, "reset"),
		"TCPMigrateReqFailure moved by %ld, for %ld connections that were reset",
		storm_counter(storm, "TCPMigrateReqFailure"), booked(storm, "reset"));
}

/* ---- ordinary clients ---------------------------------------------------------------------- */

/* At most so many, for the reason that stands beside the call. */
static void at_most(struct storm *storm, const char *what, long count, long most)
{
	adds_up(storm, count >= 0 && count <= most, "%s: %ld, and at most %ld can be", what, count,
		most);
}

static void client_counter_moved(struct storm *storm, const char *name, long expected)
{
	long moved = storm_client_counter(storm, name);

	adds_up(storm, moved == expected, "%s of the client moved by %ld, expected %ld", name,
		moved, expected);
}

/* What the clients' calls have told, and what their kernel has counted. */
static void clients_add_up(struct storm *storm)
{
	client_counter_moved(storm, "Tcp.ActiveOpens", booked(storm, "clients"));
	client_counter_moved(storm, "Tcp.AttemptFails",
			     booked(storm, "refused") + booked(storm, "timed out"));
	client_counter_moved(storm, "Tcp.EstabResets",
			     booked(storm, "clients' connections without FIN"));
	counter_moved(storm, "Tcp.EstabResets", booked(storm, "server's connections without FIN"));
}

/* Each child that the listener has made was accepted, or has lost against another of its client. */
static void children_add_up(struct storm *storm)
{
	long requests = booked(storm, "accepted, from a request");
	long cookies = booked(storm, "accepted, from a cookie") +
		       booked(storm, "accepted again, from an old cookie");
	long lost = storm_counter(storm, "Tcp.PassiveOpens") - requests - cookies;
	long no_child = storm_counter(storm, "SyncookiesRecv") - cookies;

	book(storm, "children that lost against another one", lost);
	/*
	 * Of one request two CPUs can each make a child (tcp_check_req(); own_req tells who was
	 * first). An ACK that is a cookie makes one in vain where a request of the same client is
	 * there, of its second SYN (inet_ehash_insert()).
	 */
	at_most(storm, "children that were not accepted", lost, requests + no_child);
	/* A cookie that was right, and no connection: for want of room, or as it lost. */
	at_most(storm, "cookies that were right, and made no connection", no_child,
		storm_counter(storm, "ListenOverflows") + lost);
}

/* What became of SYNs and final ACKs that found a queue full. */
static void queues_add_up(struct storm *storm)
{
	long overflows = storm_counter(storm, "ListenOverflows");

	counter_moved(storm, "ListenDrops", overflows);
	counter_moved(storm, "TCPReqQFullDrop", 0);
	/* Whether there is a cookie to be sent is found first, whether the accept queue is full
	 * then (tcp_conn_request()). */
	at_most(storm, "SYNs that found both queues full",
		storm_counter(storm, "TCPReqQFullDoCookies") -
			storm_counter(storm, "SyncookiesSent"),
		overflows);
	/* Both in tcp_check_req(); a request that is gone by then has ended otherwise. */
	at_most(storm, "requests that were reset", storm_counter(storm, "EmbryonicRsts"),
		storm_counter(storm, "Tcp.AttemptFails"));
}

/* Whom the server has reset, and why. */
static void resets_add_up(struct storm *storm)
{
	long sent = storm_counter(storm, "Tcp.OutRsts");
	long bad_cookies = storm_counter(storm, "SyncookiesFailed");
	/* A SYN is sent twice at most: net.ipv4.tcp_syn_retries is 1. */
	long at_nobody =
		2 * booked(storm, "looked for nobody") + booked(storm, "doubled, to the server");

	at_most(storm, "clients that were reset", booked(storm, "reset") + booked(storm, "refused"),
		sent);
	/* An ACK for no connection is a cookie, or answered with RST (tcp_rcv_state_process()). */
	at_most(storm, "ACKs that were no cookies, and SYNs that were refused",
		bad_cookies + booked(storm, "refused"), sent);
	at_most(storm, "RSTs beside those to ACKs that were no cookies", sent - bad_cookies,
		at_nobody + booked(storm, "reset by the server"));
}

/*
 * Another connection of an old cookie is made by a segment that comes when the first one is over: a
 * copy, one that was sent again, or what was sent before a RST that has overtaken it.
 */
static void old_cookies_add_up(struct storm *storm)
{
	at_most(storm, "connections of old cookies",
		booked(storm, "accepted again, from an old cookie"),
		booked(storm, "doubled, to the server") + booked(storm, "went away") +
			storm_client_counter(storm, "Tcp.RetransSegs"));
}

static void wire_adds_up(struct storm *storm, struct clients *clients)
{
	long to_server = clients_delivered(clients, SERVER);
	long to_client = clients_delivered(clients, CLIENT);

	if (to_server < 0)
		return;
	counter_moved(storm, "Tcp.InSegs", to_server + booked(storm, "segments of raw peers"));
	client_counter_moved(storm, "Tcp.InSegs", to_client);
	counter_moved(storm, "Tcp.InCsumErrors", 0);
	client_counter_moved(storm, "Tcp.InCsumErrors", 0);
}

STORM(clients_of_a_bad_wire_are_served_or_told_so, .netem = "delay 2ms 900us loss 2% duplicate 2%",
      .server_sysctls = { "net.ipv4.tcp_syncookies=1", "net.ipv4.tcp_synack_retries=1" },
      .client_sysctls = { "net.ipv4.tcp_syn_retries=1", "net.ipv4.tcp_fin_timeout=2",
			  "net.ipv4.tcp_max_tw_buckets=1000000" })
{
	struct clients *clients = storm_clients(storm, 24);

	while (next_round(storm))
		clients_come_and_go(clients);
	clients_go_home(clients);
	clients_add_up(storm);
	children_add_up(storm);
	queues_add_up(storm);
	resets_add_up(storm);
	old_cookies_add_up(storm);
	wire_adds_up(storm, clients);
}
