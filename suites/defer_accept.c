/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP_DEFER_ACCEPT: the server waits for data before it makes a connection, but not for ever. What
 * the option's number means is in defer_accept_period.c, and what a full accept queue does to it
 * in defer_accept_full.c.
 */
#define TOPIC          "defer accept"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>

/* Connected for the client, half-open for the server. */
static struct end *defer_client(struct scene *net, struct listener *server)
{
	STEP("the client's bare ACK is dropped");
	struct end *client = connect_deferred(net, server, .name = "client");

	expect_queue(server, .accept = 0, .syn = 1);
	expect_nothing_to_accept(server);
	return client;
}

/* The same of a raw peer, which will answer nothing. */
static struct peer *defer_peer(struct scene *net, struct listener *server)
{
	STEP("a peer's bare ACK is dropped");
	struct peer *peer = half_open_peer(net, server, .name = "peer");

	ack_is_ignored(peer);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1");
	return peer;
}

/* ---- data comes ---------------------------------------------------------------------------- */

CASE(deferred_connection_comes_up_with_its_data, .claims = "D1-03 D1-07 D1-08 D1-09 D1-10 D1-25",
     .covers = "P-133 P-134")
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 10);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);
	struct end *client = defer_client(net, server);

	expect_no_event(epoll);

	STEP("one byte makes the connection, wakes the server, and is there at once");
	COVERS("P-133 P-134");
	data_makes_the_connection(client, "H");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(epoll);
	expect_acceptable(server);
	struct end *served = accept_client(server, client);
	expect_read(served, "H");
	expect_read_error(served, EAGAIN);
	expect_option(served, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
	expect_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 15);
	expect_no_event(epoll);
}

/* Without TCP_QUICKACK the client's kernel waits 0.2 s for data to send its first ACK with. */
CASE(data_in_the_segment_after_the_syn_ack_needs_no_bare_ack_before_it,
     .claims = "D1-09 D1-10 D1-25")
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 10);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);

	STEP("the client keeps its ACK to itself");
	struct end *client = connect_client(net, server, .name = "client",
					    .options = { OPTION(IPPROTO_TCP, TCP_QUICKACK, 0) });
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV");
	expect_queue(server, .accept = 0, .syn = 1);
	expect_no_event(epoll);

	STEP("the client sends its ACK with its data");
	data_makes_the_connection(client, "HELLO");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(epoll);
	expect_read(accept_client(server, client), "HELLO");
}

/* ---- no data comes, and yet accept() succeeds ---------------------------------------------- */

/* The end of the period makes a connection without data: the first of five ways. */
static struct end *accept_without_data(struct scene *net, struct listener *server,
				       struct end *client)
{
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);

	STEP("the client stays silent until the period ends");
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 3.5);
	expect_ladder(client,
		      "1.0  .  timer",
		      "3.0  <  SYN-ACK",
		      "3.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPTimeouts 2");
	expect_counters(net, CLIENT, "challenges 1");

	STEP("the server wakes, accept() succeeds, and read() finds nothing");
	COVERS("P-135");
	expect_event(epoll);
	expect_acceptable(server);
	struct end *served = accept_client(server, client);
	expect_read_error(served, EAGAIN);
	return served;
}

CASE(deferral_ends_with_one_syn_ack_and_a_connection_without_data,
     .claims = "D1-01 D1-04 D1-05 D1-18 D1-21 D1-25 D1-27 D1-28", .covers = "P-135",
     .kernel_seconds = 3.5)
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 3);
	struct end *client = defer_client(net, server);
	struct end *served = accept_without_data(net, server, client);

	STEP("the server chooses to go on waiting, and gets the data");
	speak(client, "HELLO");
	expect_read(served, "HELLO");
}

CASE(server_may_close_a_connection_that_came_without_data, .claims = "D1-04 D1-27",
     .covers = "P-135", .kernel_seconds = 3.5)
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 3);
	struct end *client = defer_client(net, server);
	struct end *served = accept_without_data(net, server, client);

	STEP("the server chooses to give up, and the client learns of it");
	close_end(served);
	wait_for(client, .state = FIN_WAIT2, .host = SERVER, .within = 0.2); /* a delayed ACK */
	expect_end_of_file(client);
	close_end(client);
	expect_ladder(client,
		      "-    <  FIN-ACK  CLOSE_WAIT / FIN_WAIT1",
		      "+0.0 >  ACK      CLOSE_WAIT / FIN_WAIT2",
		      "-    >  FIN-ACK  LAST_ACK / TIME_WAIT",
		      "+0.0 <  ACK      - / TIME_WAIT");
}

/*
 * What tcp_check_req() drops ends at the number after the SYN's. An empty segment beyond that
 * belongs to data that is still missing, and makes the connection: the second way.
 */
CASE(empty_ack_ahead_of_its_data_makes_a_connection_at_once, .claims = "D1-01 D1-16")
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 30);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);
	struct peer *peer = defer_peer(net, server);

	STEP("a second bare ACK is dropped like the first");
	ack_is_ignored(peer);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_no_event(epoll);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1");

	STEP("an ACK that comes after 5 bytes makes the connection, and the bytes are missing");
	peer_send(peer, .seq = 5);
	expect_ladder(peer, "-  >  ACK seq 6  - / ESTABLISHED");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(epoll);
	struct end *served = accept_peer(server, peer);
	expect_read_error(served, EAGAIN);

	STEP("the missing bytes come, and are read");
	speak(peer, "HELLO");
	expect_read(served, "HELLO");
}

/* tcp_get_cookie_sock() does not ask for the option: the third way. */
CASE(syn_cookie_takes_no_notice_of_the_deferral, .claims = "D1-01 D1-22",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 10);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);

	STEP("the client's bare ACK makes a connection");
	struct end *client = connect_through_cookie(net, server, .name = "client");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(epoll);
	struct end *served = accept_client(server, client);
	expect_read_error(served, EAGAIN);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

	STEP("the client's data is read when it comes");
	speak(client, "HELLO");
	expect_read(served, "HELLO");
}

/* The option is looked up for each segment, not kept with the request: the fourth way. */
CASE(option_cleared_on_a_live_listener_lets_the_next_bare_ack_in, .claims = "D1-01 D1-23",
     .kernel_seconds = 1.2)
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 30);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);
	struct end *client = defer_client(net, server);
	struct peer *peer = defer_peer(net, server);

	STEP("the option is cleared, and nothing happens");
	expect_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 31);
	set_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
	expect_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
	expect_silence(client);
	expect_silence(peer);
	expect_queue(server, .accept = 0, .syn = 2);
	expect_no_event(epoll);
	expect_nothing_to_accept(server);

	STEP("the peer's next bare ACK makes a connection");
	ack_makes_the_connection(peer);
	expect_queue(server, .accept = 1, .syn = 1);
	expect_event(epoll);
	expect_read_error(accept_peer(server, peer), EAGAIN);

	STEP("the silent client is connected by its answer to the next SYN-ACK");
	next_syn_ack_makes_the_connection(client, 1.0);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(epoll);
	expect_read_error(accept_client(server, client), EAGAIN);
}

CASE(option_set_on_a_live_listener_holds_for_requests_that_were_there, .claims = "D1-23",
     .covers = "P-139")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);

	STEP("a SYN makes a request, and then the option is set");
	struct peer *peer = half_open_peer(net, server);
	set_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);

	STEP("the peer's bare ACK is dropped");
	COVERS("P-139");
	ack_is_ignored(peer);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_no_event(epoll);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1");

	STEP("the peer's data makes the connection");
	data_makes_the_connection(peer, "HELLO");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(epoll);
	expect_read(accept_peer(server, peer), "HELLO");
}

/*
 * The option has the same place in any socket. On a client tcp_rcv_synsent_state_process() goes by
 * it too: data is to come, so the ACK waits for it.
 */
CASE(option_on_a_connection_changes_nothing_and_on_a_client_keeps_its_ack_back, .claims = "",
     .covers = "P-139")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the option is set on both ends of a connection, which goes on as before");
	COVERS("P-139");
	struct end *client = connect_one(net, server);
	struct end *served = accept_client(server, client);
	set_option(served, IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);
	set_option(client, IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);
	expect_option(served, IPPROTO_TCP, TCP_DEFER_ACCEPT, 15);
	expect_silence(client);
	speak(client, "HELLO");
	expect_read(served, "HELLO");

	STEP("a client has it before it connects, and keeps its ACK to itself");
	COVERS("P-139");
	struct end *deferring =
		connect_client(net, server, .name = "deferring",
			       .options = { OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT, 10) });
	expect_connected(deferring);
	expect_ladder(deferring,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV");
	expect_queue(server, .accept = 0, .syn = 1);

	STEP("the client sends its ACK with its data");
	data_makes_the_connection(deferring, "HELLO");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_read(accept_client(server, deferring), "HELLO");
}

/* A FIN takes a sequence number, so its segment is no bare ACK: the fifth way. */
CASE(client_that_closes_without_data_is_accepted_and_its_end_is_read, .claims = "D1-01 D1-25",
     .covers = "X-27 P-138")
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 10);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);
	struct end *client = defer_client(net, server);

	STEP("the client's FIN makes the connection");
	COVERS("X-27 P-138");
	close_end(client);
	wait_for(client, .state = FIN_WAIT2, .host = CLIENT, .within = 0.2); /* a delayed ACK */
	expect_ladder(client,
		      "-    >  FIN-ACK  FIN_WAIT1 / CLOSE_WAIT",
		      "+0.0 <  ACK      FIN_WAIT2 / CLOSE_WAIT");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(epoll);
	expect_end_of_file(accept_client(server, client));
}

/* ---- a server that takes EAGAIN for normal ------------------------------------------------- */

/*
 * Such a server knows nothing of the option: it accepts when its listener is readable, reads what
 * is there, and when there is nothing waits until there is.
 */
static void serve(struct listener *server, struct end *client, bool speaks_late)
{
	wait_until_readable(server, 1.0);
	struct end *served = accept_client(server, client);

	if (!try_to_read(served, "HELLO")) {
		if (!speaks_late)
			fail("%s has sent its data, and the server found none", client->name);
		send_text(client, "HELLO");
		wait_until_readable(served, 0);
		expect_read(served, "HELLO");
	}
	send_text(served, "WORLD");
	expect_read(client, "WORLD");
}

/* Who waits for whom: the server has the option or not, the client sends at once or late. */
struct meeting {
	const char *story;
	bool defer, late;
	const char *ladder[8]; /* after the handshake */
};

static void meet(struct scene *net, const struct meeting *meeting)
{
	bool in_vain = meeting->defer && meeting->late;

	STEP("%s", meeting->story);
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = meeting->defer);
	struct end *client =
		meeting->defer ? connect_deferred(net, server) : connect_one(net, server);

	if (!meeting->late)
		send_text(client, "HELLO");
	serve(server, client, meeting->late);
	expect_lines(net, client->flow, meeting->ladder);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop %d  TCPTimeouts %d", meeting->defer,
			in_vain);
	expect_counters(net, CLIENT, "challenges %d", in_vain);
}

CASE(server_that_takes_eagain_for_normal_works_with_and_without_the_option, .claims = "D1-06 D1-28",
     .kernel_seconds = 1.2)
{
	static const struct meeting meetings[] = {
		{ .story = "without the option, data at once",
		  .ladder = { "- > DATA 5", "+0.0 < ACK", "- < DATA 5", "+0.0 > ACK" } },
		{ .story = "with the option, data at once",
		  .defer = true,
		  .ladder = { "- > DATA 5 ESTABLISHED / ESTABLISHED", "+0.0 < ACK", "- < DATA 5",
			      "+0.0 > ACK" } },
		{ .story = "without the option, data after accept()",
		  .late = true,
		  .ladder = { "- > DATA 5", "+0.0 < ACK", "- < DATA 5", "+0.0 > ACK" } },
		{ .story = "with the option, data after the period and accept()",
		  .defer = true,
		  .late = true,
		  .ladder = { "1.0 < SYN-ACK", "1.0 > ACK ESTABLISHED / ESTABLISHED", "- > DATA 5",
			      "+0.0 < ACK", "- < DATA 5", "+0.0 > ACK" } },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(meetings); i++)
		meet(net, &meetings[i]);
}

/* ---- who comes too late -----------------------------------------------------------------------
 */

/* The deferral of a second ends with a SYN-ACK, and the request two seconds behind that. */
CASE(client_that_is_silent_beyond_its_deferral_is_served_or_reset, .claims = "", .covers = "P-136",
     .kernel_seconds = 7, .server_sysctls = { "net.ipv4.tcp_synack_retries=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 1);
	struct listener *other =
		listen_on_server(net, .backlog = 5, .name = "other",
				 .options = { OPTION(IPPROTO_TCP, TCP_SYNCNT, 3) });

	STEP("two clients connect, and say nothing");
	struct peer *clock = half_open_peer(net, other, .name = "clock");
	struct end *client = connect_deferred(net, server, .name = "client");
	STEP("of the second one the answer to the SYN-ACK that ends its deferral is lost");
	struct end *unlucky = connect_deferred(net, server, .name = "unlucky");
	drop_segments(net, .of = unlucky, .from = CLIENT, .what = "ACK", .count = 1);
	wait_for(clock, .sent = 4, .from = SERVER, .within = 7);
	expect_ladder(clock, "1.0  <  SYN-ACK", "3.0  <  SYN-ACK", "7.0  <  SYN-ACK");
	expect_ladder(client,
		      "1.0  <  SYN-ACK",
		      "1.0  >  ACK           ESTABLISHED / ESTABLISHED");
	expect_ladder(unlucky,
		      "1.0  <  SYN-ACK",
		      "1.0  >  ACK      lost",
		      "3.0  .                ESTABLISHED / -");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, CLIENT, "challenges 2");
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1  TCPTimeouts 6");

	STEP("seven seconds have gone by, and both send: the one is served, the other reset");
	COVERS("P-136");
	speak(client, "HELLO");
	expect_read(accept_client(server, client), "HELLO");
	send_text(unlucky, "HELLO");
	expect_ladder(unlucky,
		      "-    >  DATA 5",
		      "+0.0 <  RST     - / -");
	expect_reset(unlucky);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
}
