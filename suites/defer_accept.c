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
	expect_nothing_to_accept(server);

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

	expect_queue(server, .accept = 0, .limit = 5, .syn = 1);
	expect_nothing_to_accept(server);

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
     .claims = "D1-01 D1-02 D1-11 D1-12 D1-13 D1-14 D1-17 D1-18 D1-19 D1-20 D1-21",
     .kernel_seconds = 2, .server_sysctls = { "net.ipv4.tcp_syncookies=0" },
     /* without the tail loss probe the client's data follows the RTO alone */
     .client_sysctls = { "net.ipv4.tcp_early_retrans=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 1, .defer = 1);
	struct end *other;

	STEP("another one, who did send data, waits in the accept queue");
	other = connect_client(net, server, .name = "other");
	send_text(other, "HELLO");
	expect_ladder(other,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      ignored",
		      "-    >  DATA 5   ESTABLISHED / ESTABLISHED",
		      "+0.0 <  ACK");
	expect_queue(server, .accept = 1, .limit = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1  Tcp.PassiveOpens 1  Tcp.CurrEstab 1");
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1  Tcp.CurrEstab 1");

	struct end *client = connect_deferred(net, server);

	STEP("a smaller backlog: the queue is full, and the client's data is dropped twice");
	listen_again(server, 0);
	drop_segments(net, .from = CLIENT, .what = "DATA", .of = client, .skip = 2);
	send_text(client, "HELLO");
	wait_for(client, .sent = 4, .from = CLIENT, .within = 0.3);
	expect_ladder(client,
		      "-     >  DATA 5  ignored",
		      "1rto  >  DATA 5  ignored");
	expect_states(client, .client = ESTABLISHED, .server = SYN_RECV);
	expect_queue(server, .accept = 1, .limit = 0, .syn = 1);
	expect_counters(net, SERVER, "ListenOverflows 2  ListenDrops 2");
	expect_counters(net, CLIENT, "TCPTimeouts 1  Tcp.RetransSegs 1");

	STEP("a slot is free, the data is lost once more, and the period ends");
	accept_client(server, other);
	expect_states(client, .client = ESTABLISHED, .server = SYN_RECV);
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 1);
	stop_rules(net);
	expect_ladder(client,
		      "3rto  >  DATA 5  lost",
		      "1.0   <  SYN-ACK",
		      "1.0   >  ACK     ESTABLISHED / ESTABLISHED");
	expect_queue(server, .accept = 1, .limit = 0, .syn = 0);
	struct end *served = accept_client(server, client);
	expect_read_error(served, EAGAIN);
	expect_counters(net, SERVER,
			"TCPTimeouts 1  TCPSynRetrans 1  Tcp.RetransSegs 1  Tcp.PassiveOpens 1  "
			"Tcp.CurrEstab 1");
	expect_counters(net, CLIENT,
			"TCPTimeouts 1  Tcp.RetransSegs 1  TCPChallengeACK 1  TCPSYNChallenge 1  "
			"Tcp.InErrs 1");

	STEP("the data comes with the client's next retransmission");
	wait_for(client, .sent = 7, .from = CLIENT, .within = 1);
	expect_read(served, "HELLO");
	expect_ladder(client,
		      "7rto  >  DATA 5",
		      "+0.0  <  ACK");
	expect_queue(server, .accept = 0, .limit = 0, .syn = 0);
	expect_counters(net, CLIENT, "TCPTimeouts 1  Tcp.RetransSegs 1");
	expect_counters(net, SERVER, "-");
}
