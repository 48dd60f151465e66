/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A defect: since Linux 6.15 (3ba075278c11) a client whose keepalive probe was answered for a
 * deferred request is not believed any more before the next SYN-ACK. docs/defer-accept-stall.md
 * has the story; docs/defer-accept-stall/ reproduces it without this suite.
 */
#define TOPIC          "defer accept"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>

/* A client that is half-open for the server, and whose keepalive probe was answered after 2 s. */
static struct end *probe_deferred_request(struct scene *net, struct listener *server)
{
	STEP("the client's bare ACK is dropped, and it has nothing to say");
	struct end *client =
		connect_deferred(net, server, .name = "client",
				 .options = { OPTION(SOL_SOCKET, SO_KEEPALIVE, 1),
					      OPTION(IPPROTO_TCP, TCP_KEEPIDLE, 2),
					      OPTION(IPPROTO_TCP, TCP_KEEPINTVL, 75) });

	/* 3 RTO after the probe is before the request's timer at 3 s, and 7 RTO are after it */
	needs_rto_below(client, 0.24);

	STEP("the client's keepalive probe is answered by the request");
	wait_for(client, .sent = 2, .from = SERVER, .within = 2.2);
	expect_ladder(client,
		      "1.0  .  timer",
		      "2.0  >  ACK seq 0",
		      "+0.0 <  ACK");
	expect_queue(server, .accept = 0, .syn = 1);
	expect_request_timer(client, .timeouts = 1, .due = 3.0);
	expect_counters(net, SERVER, "TCPTimeouts 1");
	expect_counters(net, CLIENT, "TCPKeepAlive 1");
	return client;
}

static bool see_whether_it_stalls(struct end *client)
{
	bool stalls = state_of(client, SERVER) == SYN_RECV;

	saw_variant(client->scene, stalls ? "stalls" : "connects-at-once");
	return stalls;
}

/* Each time the data is answered with an ACK that does not acknowledge it, and nobody is woken. */
static void expect_stall(struct scene *net, struct listener *server, struct end *client)
{
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);

	expect_ladder(client,
		      "-    >  DATA 5  ignored",
		      "+0.0 <  ACK ack 1");
	expect_counters(net, SERVER, "TSEcrRejected 1");

	STEP("each retransmission is answered by the request, until a SYN-ACK is sent again");
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 5.2);
	expect_ladder(client,
		      "1rto  >  DATA 5  ignored",
		      "+0.0  <  ACK ack 1",
		      "3rto  >  DATA 5  ignored",
		      "+0.0  <  ACK ack 1",
		      "3.0   .  timer",
		      "7rto  >  DATA 5  ignored",
		      "+0.0  <  ACK ack 1",
		      "15rto >  DATA 5  ignored",
		      "+0.0  <  ACK ack 1",
		      "7.0   <  SYN-ACK",
		      "7.0   >  ACK     ESTABLISHED / ESTABLISHED");
	expect_event(epoll);
	struct end *served = accept_client(server, client);
	expect_read_error(served, EAGAIN);
	expect_counters(net, SERVER, "TSEcrRejected 4  TCPTimeouts 2");
	expect_counters(net, CLIENT, "TCPTimeouts 4  challenges 1");

	STEP("the data is read six seconds after it was sent");
	wait_until_readable(served, 2);
	expect_read(served, "HELLO");
	expect_ladder(client,
		      "31rto >  DATA 5",
		      "+0.0  <  ACK");
	expect_counters(net, CLIENT, "TCPTimeouts 1");
}

CASE(deferred_client_with_keepalive_stalls_until_the_period_ends, .claims = "D1-24",
     .kernel_seconds = 9, .variants = "connects-at-once stalls",
     .client_sysctls = { "net.ipv4.tcp_timestamps=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 5);
	struct end *client = probe_deferred_request(net, server);

	STEP("the client has something to say");
	send_text(client, "HELLO");
	if (see_whether_it_stalls(client)) {
		expect_stall(net, server, client);
		return;
	}
	expect_ladder(client,
		      "-    >  DATA 5   ESTABLISHED / ESTABLISHED",
		      "+0.0 <  ACK");
	expect_read(accept_client(server, client), "HELLO");
}

/* It takes the echo of a timestamp to be disbelieved. */
CASE(deferred_client_with_keepalive_and_no_timestamps_connects_at_once, .claims = "D1-24",
     .kernel_seconds = 2.5, .client_sysctls = { "net.ipv4.tcp_timestamps=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 5);
	struct end *client = probe_deferred_request(net, server);

	STEP("the client has something to say");
	data_makes_the_connection(client, "HELLO");
	expect_read(accept_client(server, client), "HELLO");
}

/* ---- the same without TCP_DEFER_ACCEPT ----------------------------------------------------- */

/* The client's ACK met a full accept queue; its keepalive probe is answered by the request too. */
static struct crowd probe_request_at_a_full_queue(struct listener *server)
{
	struct scene *net = server->scene;
	struct crowd crowd = meet_a_full_queue(server);
	struct end *late = crowd.late;

	needs_rto_below(late, 0.24);
	STEP("the ACK is ignored, the request times out, and the client's keepalive probe is "
	     "answered");
	release_segments(net);
	set_option(late, IPPROTO_TCP, TCP_KEEPIDLE, 2);
	set_option(late, IPPROTO_TCP, TCP_KEEPINTVL, 75);
	set_option(late, SOL_SOCKET, SO_KEEPALIVE, 1);
	wait_for(late, .sent = 3, .from = SERVER, .within = 2.2);
	expect_ladder(late,
		      "1.0  <  SYN-ACK",
		      "1.0  >  ACK        ignored",
		      "2.0  >  ACK seq 0",
		      "+0.0 <  ACK");
	expect_queue(server, .accept = 3, .syn = 1);
	expect_counters(net, SERVER, "overflows 2  TCPTimeouts 1");
	expect_counters(net, CLIENT, "TCPKeepAlive 1  challenges 1");

	STEP("there is room again");
	accept_client(server, crowd.others[0]);
	expect_silence(late);
	expect_queue(server, .accept = 2, .syn = 1);
	return crowd;
}

/* The SYN-ACK that is sent again meanwhile ends it. */
static void expect_short_stall(struct end *late)
{
	struct scene *net = late->scene;

	wait_for(late, .sent = 9, .from = CLIENT, .within = 2);
	expect_ladder(late,
		      "-     >  DATA 5  ignored",
		      "+0.0  <  ACK ack 1",
		      "1rto  >  DATA 5  ignored",
		      "+0.0  <  ACK ack 1",
		      "3rto  >  DATA 5  ignored",
		      "+0.0  <  ACK ack 1",
		      "3.0   <  SYN-ACK",
		      "3.0   >  ACK     ESTABLISHED / ESTABLISHED",
		      "7rto  >  DATA 5",
		      "+0.0  <  ACK");
	expect_counters(net, SERVER, "TSEcrRejected 3  TCPTimeouts 1");
	expect_counters(net, CLIENT, "TCPTimeouts 3  challenges 1");
}

CASE(ignored_client_with_keepalive_stalls_until_the_next_syn_ack, .claims = "D1-24",
     .kernel_seconds = 4, .variants = "connects-at-once stalls",
     .client_sysctls = { "net.ipv4.tcp_timestamps=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = probe_request_at_a_full_queue(server);
	struct end *late = crowd.late;

	STEP("the client has something to say");
	send_text(late, "HELLO");
	if (see_whether_it_stalls(late))
		expect_short_stall(late);
	else
		expect_ladder(late,
			      "-    >  DATA 5   ESTABLISHED / ESTABLISHED",
			      "+0.0 <  ACK");
	expect_queue(server, .accept = 3, .syn = 0);

	STEP("in the end the client's data is read");
	accept_client(server, crowd.others[1]);
	accept_client(server, crowd.last);
	expect_read(accept_client(server, late), "HELLO");
	expect_silence(late);
}
