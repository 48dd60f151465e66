/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYN cookies: when the SYN queue is full, SYNs are answered without keeping anything.
 */
#define TOPIC "SYN cookies"
#include "fixtures/fixtures.h"

CASE(syns_beyond_the_full_queue_get_cookies_and_a_client_connects_through_one,
     .claims = "D2-21 D2-22",
     .server_sysctls = { "net.ipv4.tcp_syncookies=1", "net.ipv4.tcp_max_syn_backlog=8" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct peer *peers[11];

	STEP("SYNs fill the queue: backlog + 1, whatever tcp_max_syn_backlog says");
	half_open_peers(server, peers, 11);
	expect_queue(server, .accept = 0, .limit = 10, .syn = 11);
	expect_counters(net, SERVER, AGAIN, AGAIN_OF(net));

	STEP("every further SYN is answered, and nothing is kept of it");
	for (int i = 0; i < 20; i++) {
		struct peer *peer = raw_peer(net, server);

		peer_syn(peer);
		expect_ladder(peer,
			      "-    >  SYN",
			      "0.0  <  SYN-ACK");
	}
	expect_queue(server, .accept = 0, .limit = 10, .syn = 11);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 20  SyncookiesSent 20" AGAIN,
			AGAIN_OF(net));

	STEP("a real client connects through a cookie");
	struct end *client = connect_client(net, server, .name = "client");
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / -",
		      "0.0  <  SYN-ACK  ESTABLISHED / -",
		      "0.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_queue(server, .accept = 1, .limit = 10, .syn = 11);
	expect_counters(net, SERVER,
			"TCPReqQFullDoCookies 1  SyncookiesSent 1  SyncookiesRecv 1  "
			"Tcp.PassiveOpens 1  Tcp.CurrEstab 1" AGAIN,
			AGAIN_OF(net));
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1  Tcp.CurrEstab 1");

	STEP("and is served");
	struct end *served = accept_client(server, client);
	send_text(client, "HELLO");
	expect_read(served, "HELLO");
	expect_ladder(client,
		      "-    >  DATA 5",
		      "+0.0 <  ACK");
	expect_queue(server, .accept = 0, .limit = 10, .syn = 11);
	peers_go_away(peers, 11);
	expect_queue(server, .accept = 0, .limit = 10, .syn = 0);
	expect_counters(net, SERVER, "EmbryonicRsts 11  Tcp.AttemptFails 11" AGAIN, AGAIN_OF(net));
	expect_counters(net, CLIENT, "-");
}

/* ---- when they are sent ---------------------------------------------------------------------- */

CASE(syn_cookies_are_on_by_default, .claims = "D2-16", .server_sysctls = { NULL })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct peer *peers[3];

	STEP("nothing is set, and the queue of a listener is filled");
	half_open_peers(server, peers, 3);
	expect_queue(server, .accept = 0, .limit = 2, .syn = 3);
	expect_counters(net, SERVER, AGAIN, AGAIN_OF(net));

	STEP("the next SYN gets a cookie");
	struct peer *peer = raw_peer(net, server);
	peer_syn(peer);
	expect_ladder(peer,
		      "-    >  SYN",
		      "0.0  <  SYN-ACK");
	expect_queue(server, .accept = 0, .limit = 2, .syn = 3);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 1  SyncookiesSent 1" AGAIN,
			AGAIN_OF(net));
	expect_counters(net, CLIENT, "-");
}

/* A listener in a flood of 300 SYNs. */
struct listener_in_flood {
	int backlog;
	const char *max_syn_backlog;
	const char *cookies; /* net.ipv4.tcp_syncookies */
	int requests;        /* that are kept, on a kernel that takes one more than the backlog */
};

CASE(flood_gets_cookies_as_soon_as_the_queue_is_longer_than_the_backlog,
     .claims = "D2-10 D2-13 D2-14 D2-17 D2-21 D2-22",
     .variants = "limit-is-backlog-plus-one limit-is-backlog", .server_sysctls = { NULL })
{
	static const struct listener_in_flood rows[] = {
		{ 200, "8", "1", 201 },   { 4, "128", "1", 5 },   { 100, "16", "1", 101 },
		{ 100, "512", "1", 101 }, { 299, "16", "1", 300 }, { 200, "512", "2", 0 },
	};
	bool one_more = false;

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const struct listener_in_flood *row = &rows[i];
		const struct sysctl cookies = { SERVER, "net.ipv4.tcp_syncookies", row->cookies };
		const struct sysctl most = { SERVER, "net.ipv4.tcp_max_syn_backlog",
					     row->max_syn_backlog };

		STEP("300 SYNs: backlog %d, tcp_max_syn_backlog %s, tcp_syncookies %s",
		     row->backlog, row->max_syn_backlog, row->cookies);
		set_sysctl(net, cookies);
		set_sysctl(net, most);
		struct listener *server = listen_on_server(net, .backlog = row->backlog);
		struct flood flood = flood_listener(server, .syns = 300);
		if (i == 0)
			one_more = requests_of(net, server) == row->requests;
		int kept = row->requests - (row->requests && !one_more);

		expect_queue(server, .accept = 0, .limit = row->backlog, .syn = kept);
		expect_nothing_to_accept(server);
		expect_counters(net, SERVER,
				"TCPReqQFullDoCookies %d  SyncookiesSent %d  Tcp.InSegs %ld  "
				"Tcp.OutSegs %d" AGAIN,
				300 - kept, 300 - kept, flood.syns, 300 + syn_acks_again(net),
				AGAIN_OF(net));
		expect_counters(net, CLIENT, "-");
	}
	saw_variant(net, one_more ? "limit-is-backlog-plus-one" : "limit-is-backlog");
}
