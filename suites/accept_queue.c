/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accept queue: how many connections wait for accept(2), and what becomes of the next.
 */
#define TOPIC "accept queue"
#include "fixtures/fixtures.h"

#include <errno.h>

CASE(accept_queue_holds_one_more_than_the_backlog, .claims = "D2-02 D2-06 D2-07",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	static const struct {
		int backlog;
		const char *somaxconn;
		int limit;
	} rows[] = {
		{ 0, "4096", 0 },     { 1, "4096", 1 }, { 5, "4096", 5 },
		{ 511, "4096", 511 }, { 511, "3", 3 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		int limit = rows[i].limit, full = limit + 1;

		STEP("backlog %d, somaxconn %s: %d clients connect", rows[i].backlog,
		     rows[i].somaxconn, full);
		set_sysctl(net, (struct sysctl){ SERVER, "net.core.somaxconn", rows[i].somaxconn });
		struct listener *server = listen_on_server(net, .backlog = rows[i].backlog);
		connect_clients(net, server, full);
		expect_queue(server, .accept = full, .limit = limit, .syn = 0);
		expect_counters(net, CLIENT, "Tcp.ActiveOpens %d  Tcp.CurrEstab %d", full, full);
		expect_counters(net, SERVER, "Tcp.PassiveOpens %d  Tcp.CurrEstab %d", full, full);

		STEP("the next client's SYN is dropped");
		struct end *refused = connect_client(net, server, .name = "one too many");
		expect_ladder(refused, "-  >  SYN  ignored  SYN_SENT / -");
		expect_queue(server, .accept = full, .limit = limit, .syn = 0);
		expect_counters(net, CLIENT, "Tcp.ActiveOpens 1");
		expect_counters(net, SERVER, "ListenOverflows 1  ListenDrops 1");

		STEP("it gives up");
		close_end(refused);
		expect_ladder(refused, "-  .  - / -");
	}
}

CASE(syn_that_finds_the_accept_queue_full_gets_in_after_accept, .claims = "D2-26 D2-27",
     .kernel_seconds = 1, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 0);

	STEP("one client fills the queue");
	struct end *first = connect_clients(net, server, 1)[0];
	expect_queue(server, .accept = 1, .limit = 0, .syn = 0);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1  Tcp.CurrEstab 1");
	expect_counters(net, SERVER, "Tcp.PassiveOpens 1  Tcp.CurrEstab 1");

	STEP("the next one's SYN is dropped and counted");
	struct end *late = connect_client(net, server, .name = "late");
	expect_ladder(late, "-  >  SYN  ignored  SYN_SENT / -");
	expect_queue(server, .accept = 1, .limit = 0, .syn = 0);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1");
	expect_counters(net, SERVER, "ListenOverflows 1  ListenDrops 1");

	STEP("accept() makes room, and by itself does nothing for the late one");
	accept_client(server, first);
	expect_nothing_to_accept(server);
	expect_queue(server, .accept = 0, .limit = 0, .syn = 0);
	expect_silence(late);
	expect_counters(net, SERVER, "-");

	STEP("the client's own retransmission gets in");
	wait_for(late, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_ladder(late,
		      "1.0   >  SYN      SYN_SENT / SYN_RECV",
		      "1.0   <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "1.0   >  ACK      ESTABLISHED / ESTABLISHED");
	expect_connected(late);
	expect_acceptable(server);
	expect_queue(server, .accept = 1, .limit = 0, .syn = 0);
	expect_counters(net, CLIENT,
			"TCPTimeouts 1  TCPSynRetrans 1  Tcp.RetransSegs 1  Tcp.CurrEstab 1");
	expect_counters(net, SERVER, "Tcp.PassiveOpens 1  Tcp.CurrEstab 1");
	accept_client(server, late);
	expect_queue(server, .accept = 0, .limit = 0, .syn = 0);
}

CASE(connect_times_out_while_nobody_accepts, .claims = "D2-26 D2-27 D2-35", .kernel_seconds = 8,
     .variants = "linear-syn-timeouts exponential-syn-timeouts",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" },
     .client_sysctls = { "net.ipv4.tcp_syn_retries=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 0);
	bool linear = has_sysctl(net, CLIENT, "net.ipv4.tcp_syn_linear_timeouts");
	int syns = linear ? 6 : 3;

	saw_variant(net, linear ? "linear-syn-timeouts" : "exponential-syn-timeouts");
	STEP("one client fills the queue, and nobody accepts");
	connect_clients(net, server, 1);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1  Tcp.CurrEstab 1");
	expect_counters(net, SERVER, "Tcp.PassiveOpens 1  Tcp.CurrEstab 1");

	STEP("the next one's SYNs are all dropped");
	struct end *refused = connect_client(net, server, .name = "refused");
	expect_connect_to_end(refused, ETIMEDOUT, 8);
	if (linear)
		expect_ladder(refused,
			      "-    >  SYN  ignored  SYN_SENT / -",
			      "1.0  >  SYN  ignored",
			      "2.0  >  SYN  ignored",
			      "3.0  >  SYN  ignored",
			      "4.0  >  SYN  ignored",
			      "5.0  >  SYN  ignored",
			      "7.0  .  - / -");
	else
		expect_ladder(refused,
			      "-    >  SYN  ignored  SYN_SENT / -",
			      "1.0  >  SYN  ignored",
			      "3.0  >  SYN  ignored",
			      "7.0  .  - / -");
	expect_queue(server, .accept = 1, .limit = 0, .syn = 0);
	expect_counters(net, CLIENT,
			"Tcp.ActiveOpens 1  Tcp.AttemptFails 1  TCPTimeouts %d  TCPSynRetrans %d  "
			"Tcp.RetransSegs %d  TCPAbortOnTimeout 1",
			syns, syns - 1, syns - 1);
	expect_counters(net, SERVER, "ListenOverflows %d  ListenDrops %d", syns, syns);
}
