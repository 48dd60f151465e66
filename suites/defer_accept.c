/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP_DEFER_ACCEPT: the server waits for data before it makes a connection, but not for ever.
 */
#define TOPIC "defer accept"
#include "fixtures/fixtures.h"

#include <errno.h>

/* Connected for the client, half-open for the server: its bare ACK was dropped. */
static struct end *connect_deferred(struct scene *net, struct listener *server)
{
	struct end *client;

	STEP("the client's bare ACK is dropped");
	client = connect_client(net, server, .name = "client");
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      ignored");
	expect_states(client, .client = ESTABLISHED, .server = SYN_RECV);
	expect_request_timer(client, .timeouts = 0, .due = 1.0);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1");
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1  Tcp.CurrEstab 1");
	return client;
}

CASE(deferred_connection_comes_up_with_its_data, .claims = "D1-07 D1-08 D1-09 D1-10",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 10);
	struct end *client = connect_deferred(net, server);

	expect_queue(server, .accept = 0, .limit = 5, .syn = 1);

	STEP("data makes the connection, and is there at once");
	send_text(client, "HELLO");
	expect_ladder(client,
		      "-    >  DATA 5   ESTABLISHED / ESTABLISHED",
		      "+0.0 <  ACK");
	expect_queue(server, .accept = 1, .limit = 5, .syn = 0);
	expect_acceptable(server);
	struct end *served = accept_client(server, client);
	expect_read(served, "HELLO");
	expect_read_error(served, EAGAIN);
	expect_queue(server, .accept = 0, .limit = 5, .syn = 0);
	expect_counters(net, SERVER, "Tcp.PassiveOpens 1  Tcp.CurrEstab 1");
	expect_counters(net, CLIENT, "-");
}

CASE(deferral_ends_with_one_syn_ack_and_a_connection_without_data,
     .claims = "D1-01 D1-04 D1-05 D1-18 D1-21", .kernel_seconds = 3.5,
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 3);
	struct end *client = connect_deferred(net, server);

	STEP("the client stays silent until the period ends");
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 3.5);
	expect_ladder(client,
		      "1.0  .  timer",
		      "3.0  <  SYN-ACK",
		      "3.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_states(client, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_queue(server, .accept = 1, .limit = 5, .syn = 0);
	expect_counters(net, SERVER,
			"TCPTimeouts 2  TCPSynRetrans 1  Tcp.RetransSegs 1  Tcp.PassiveOpens 1  "
			"Tcp.CurrEstab 1");
	expect_counters(net, CLIENT, "TCPChallengeACK 1  TCPSYNChallenge 1  Tcp.InErrs 1");

	STEP("accept() succeeds, and read() finds nothing");
	expect_acceptable(server);
	struct end *served = accept_client(server, client);
	expect_read_error(served, EAGAIN);
	send_text(client, "HELLO");
	expect_read(served, "HELLO");
	expect_ladder(client,
		      "-    >  DATA 5",
		      "+0.0 <  ACK");
	expect_queue(server, .accept = 0, .limit = 5, .syn = 0);
	expect_counters(net, SERVER, "-");
}

CASE(deferred_data_that_met_a_full_queue_comes_after_its_connection,
     .claims = "D1-01 D1-02 D1-11 D1-12 D1-13 D1-14 D1-17 D1-18 D1-19 D1-20 D1-21", .kernel_seconds = 2,
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" },
     /* without the tail loss probe the client's data follows the RTO alone */
     .client_sysctls = { "net.ipv4.tcp_early_retrans=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 1, .defer = 1);
	struct end *client = connect_deferred(net, server), *others[2];

	STEP("two others, who did send data, fill the queue");
	for (int i = 0; i < 2; i++) {
		others[i] = connect_client(net, server);
		send_text(others[i], "HELLO");
		expect_ladder(others[i],
			      "-    >  SYN      SYN_SENT / SYN_RECV",
			      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
			      "0.0  >  ACK      ignored",
			      "-    >  DATA 5   ESTABLISHED / ESTABLISHED",
			      "+0.0 <  ACK");
	}
	expect_queue(server, .accept = 2, .limit = 1, .syn = 1);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 2  Tcp.PassiveOpens 2  Tcp.CurrEstab 2");
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 2  Tcp.CurrEstab 2");

	STEP("the client's data is dropped, again and again");
	send_text(client, "HELLO");
	wait_for(client, .sent = 5, .from = CLIENT, .within = 0.8);
	expect_ladder(client,
		      "-      >  DATA 5  ignored",
		      "+1rto  >  DATA 5  ignored",
		      "+2rto  >  DATA 5  ignored");
	expect_states(client, .client = ESTABLISHED, .server = SYN_RECV);
	expect_queue(server, .accept = 2, .limit = 1, .syn = 1);
	expect_counters(net, SERVER, "ListenOverflows 3  ListenDrops 3");
	expect_counters(net, CLIENT, "TCPTimeouts 2  Tcp.RetransSegs 2");

	STEP("a slot is free before the period ends: the SYN-ACK's ACK makes the connection");
	accept_client(server, others[0]);
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_ladder(client,
		      "1.0  <  SYN-ACK",
		      "1.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_queue(server, .accept = 2, .limit = 1, .syn = 0);
	accept_client(server, others[1]);
	struct end *served = accept_client(server, client);
	expect_read_error(served, EAGAIN);
	expect_counters(net, SERVER,
			"TCPTimeouts 1  TCPSynRetrans 1  Tcp.RetransSegs 1  Tcp.PassiveOpens 1  "
			"Tcp.CurrEstab 1");
	expect_counters(net, CLIENT, "TCPChallengeACK 1  TCPSYNChallenge 1  Tcp.InErrs 1");

	STEP("the data comes with the client's next retransmission");
	wait_for(client, .sent = 7, .from = CLIENT, .within = 1);
	expect_read(served, "HELLO");
	expect_ladder(client,
		      "1.4  >  DATA 5",
		      "+0.0 <  ACK");
	expect_queue(server, .accept = 0, .limit = 1, .syn = 0);
	expect_counters(net, CLIENT, "TCPTimeouts 1  Tcp.RetransSegs 1");
	expect_counters(net, SERVER, "-");
}
