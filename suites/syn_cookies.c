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
