/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the server's routes to a client have to do with its connection: where none leads to it, and
 * what else they say.
 */
#define TOPIC          "routes"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

/* Kinds of routes by which nothing can be sent; "": there is none at all. */
static const char *const dead_ends[] = { "unreachable", "prohibit", "blackhole", "" };

/* inet_csk_route_req() comes before the SYN-ACK, and before the cookie. */
CASE(syn_that_no_route_leads_back_from_is_dropped_and_counted, .claims = "")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	int drops = 0;

	for (int cookies = 0; cookies <= 2; cookies += 2)
		for (size_t i = 0; i < ARRAY_LENGTH(dead_ends); i++) {
			set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%d", cookies);
			STEP("tcp_syncookies %d, the route to the peer is \"%s\": its SYN is "
			     "dropped",
			     cookies, dead_ends[i]);
			forbid_route(net, dead_ends[i]);
			struct peer *peer = dropped_peer(net, server);
			expect_queue(server, .accept = 0, .syn = 0);
			expect_drops(server, ++drops);
			expect_counters(net, SERVER, "ListenDrops 1  TCPReqQFullDoCookies %d",
					!!cookies);

			STEP("it comes again when there is a route, and is answered");
			set_route(net, "");
			peer_syn(peer);
			expect_ladder(peer,
				      cookies ? "-    >  SYN" : "-    >  SYN  - / SYN_RECV",
				      "+0.0 <  SYN-ACK");
			ack_makes_the_connection(peer);
			accept_peer(server, peer);
			expect_drops(server, drops);
			expect_counters(net, SERVER, "cookies %d  SyncookiesRecv %d", !!cookies,
					!!cookies);
		}
}

/*
 * tcp_v4_syn_recv_sock() takes a route for the child, and has made it by then. Without one that
 * counts as with a full queue, but for ListenOverflows.
 */
CASE(final_ack_that_no_route_leads_back_from_is_ignored_and_remembered, .claims = "",
     .kernel_seconds = 3)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("there is no route any more when the ACK comes: it is ignored");
	struct peer *peer = half_open_peer(net, server);
	struct peer *silent = half_open_peer(net, server);
	forbid_route(net, "unreachable");
	ack_is_ignored(peer);
	expect_queue(server, .accept = 0, .syn = 2);
	expect_states(peer, .server = SYN_RECV);
	expect_drops(server, 2);
	expect_counters(net, SERVER, "ListenDrops 1  Tcp.AttemptFails %d", !over_ipv6(net));

	STEP("no SYN-ACK can be sent again: who was silent is forgotten, who has sent an ACK is "
	     "not");
	wait_for(silent, .gone = true, .host = SERVER, .within = 1);
	expect_ladder(silent, "1.0  .  - / -");
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  .  timer");
	expect_queue(server, .accept = 0, .syn = 1);
	expect_counters(net, SERVER, "TCPTimeouts 2");

	STEP("with a route the SYN-ACK is sent again when it is due, and the ACK connects");
	set_route(net, "");
	wait_for(peer, .timeouts = 2, .within = 3);
	expect_ladder(peer, "3.0  <  SYN-ACK");
	ack_makes_the_connection(peer);
	expect_counters(net, SERVER, "TCPTimeouts 1");
	struct end *served = accept_peer(server, peer);
	speak(peer, "HELLO");
	expect_read(served, "HELLO");
	expect_drops(server, 2);
}

/* cookie_v4_check(), cookie_v6_check() */
CASE(cookie_that_no_route_leads_back_from_is_good_and_makes_nothing, .claims = "",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("there is no route any more when the ACK of a cookie comes: it makes nothing");
	struct peer *peer = cookie_peer(net, server);
	forbid_route(net, "unreachable");
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK");
	expect_queue(server, .accept = 0, .syn = 0);
	expect_drops(server, 0);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

	STEP("with a route the same ACK makes the connection");
	set_route(net, "");
	ack_makes_the_connection(peer);
	expect_counters(net, SERVER, "SyncookiesRecv 1");
	struct end *served = accept_peer(server, peer);
	speak(peer, "HELLO");
	expect_read(served, "HELLO");
}

/* What a new socket of the server's has. */
static const char *usual_congestion_control(struct scene *net, char *name, socklen_t room)
{
	struct plain_socket *fresh = socket_on(net, SERVER, .name = "a fresh socket");

	expect_call(fresh, "getsockopt TCP_CONGESTION", 0,
		    getsockopt(fresh->fd, IPPROTO_TCP, TCP_CONGESTION, name, &room));
	return name;
}

static void expect_congestion_control(struct end *served, const char *wanted)
{
	char name[16] = "";
	socklen_t room = sizeof(name);

	expect_call(served, "getsockopt TCP_CONGESTION", 0,
		    getsockopt(served->fd, IPPROTO_TCP, TCP_CONGESTION, name, &room));
	if (strcmp(name, wanted) != 0)
		fail("the congestion control of %s is %s, expected %s", served->name, name, wanted);
}

/* tcp_ca_openreq_child(): what the route says comes first, then what the listener has. */
CASE(connection_has_the_congestion_control_of_its_route_or_else_of_its_listener, .claims = "")
{
	static const struct {
		const char *metrics, *listener, *wanted; /* NULL: the usual one */
		int error; /* of another one that the child asks for */
	} rows[] = {
		{ "", NULL, NULL, 0 },
		{ "", "reno", "reno", 0 },
		{ "congctl reno", NULL, "reno", 0 },
		{ "congctl lock reno", NULL, "reno", EPERM },
	};
	char name[16] = "";
	const char *usual = usual_congestion_control(net, name, sizeof(name));

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *wanted = rows[i].wanted ? rows[i].wanted : usual;

		STEP("the route says \"%s\", and the listener %s: its child has %s",
		     rows[i].metrics, rows[i].listener ? rows[i].listener : "nothing", wanted);
		set_route(net, rows[i].metrics);
		struct listener *server = listen_on_server(net, .backlog = 5);
		if (rows[i].listener)
			set_option(server, IPPROTO_TCP, TCP_CONGESTION, "reno");
		struct end *served = accept_client(server, connect_one(net, server));
		expect_congestion_control(served, wanted);
		expect_call(served, "setsockopt TCP_CONGESTION", rows[i].error,
			    setsockopt(served->fd, IPPROTO_TCP, TCP_CONGESTION, usual,
				       (socklen_t)strlen(usual)));
		expect_congestion_control(served, rows[i].error ? wanted : usual);
	}
}
