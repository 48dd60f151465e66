/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYN cookies: when the SYN queue is full, SYNs are answered without keeping anything.
 */
#define TOPIC "SYN cookies"
#include "fixtures/fixtures.h"

CASE(syns_beyond_the_full_queue_get_cookies_and_a_client_connects_through_one,
     .claims = "D2-21 D2-22", .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_max_syn_backlog=8" })
{
	int full = takes_one_more_than_backlog(net) ? 11 : 10;
	struct peer *peers[11];

	STEP("SYNs fill the queue of backlog 10: %d, whatever tcp_max_syn_backlog says", full);
	set_sysctl(net, (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "1" });
	struct listener *server = listen_on_server(net, .backlog = 10);
	half_open_peers(server, peers, full);
	expect_queue(server, .accept = 0, .limit = 10, .syn = full);
	expect_counters(net, SERVER, AGAIN, AGAIN_OF(net));

	STEP("every further SYN is answered, and nothing is kept of it");
	for (int i = 0; i < 20; i++) {
		struct peer *peer = raw_peer(net, server);

		peer_syn(peer);
		expect_ladder(peer,
			      "-    >  SYN",
			      "0.0  <  SYN-ACK");
	}
	expect_queue(server, .accept = 0, .limit = 10, .syn = full);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 20  SyncookiesSent 20" AGAIN,
			AGAIN_OF(net));

	STEP("a real client connects through a cookie");
	struct end *client = connect_client(net, server, .name = "client");
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / -",
		      "0.0  <  SYN-ACK  ESTABLISHED / -",
		      "0.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_queue(server, .accept = 1, .limit = 10, .syn = full);
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
	expect_queue(server, .accept = 0, .limit = 10, .syn = full);
	peers_go_away(peers, full);
	expect_queue(server, .accept = 0, .limit = 10, .syn = 0);
	expect_counters(net, SERVER, "EmbryonicRsts %d  Tcp.AttemptFails %d" AGAIN, full, full,
			AGAIN_OF(net));
	expect_counters(net, CLIENT, "-");
}

/* ---- when they are sent ---------------------------------------------------------------------- */

CASE(syn_cookies_are_on_by_default, .claims = "D2-16")
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct peer *peers[2];

	STEP("nothing is set, and two requests are one too many for a listener");
	expect_sysctl(net, (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "1" });
	half_open_peers(server, peers, 2);
	listen_again(server, 0);
	expect_queue(server, .accept = 0, .limit = 0, .syn = 2);
	expect_counters(net, SERVER, AGAIN, AGAIN_OF(net));

	STEP("the next SYN gets a cookie");
	struct peer *peer = raw_peer(net, server);
	peer_syn(peer);
	expect_ladder(peer,
		      "-    >  SYN",
		      "0.0  <  SYN-ACK");
	expect_queue(server, .accept = 0, .limit = 0, .syn = 2);
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
     .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	static const struct listener_in_flood rows[] = {
		{ 200, "8", "1", 201 },   { 4, "128", "1", 5 },    { 100, "16", "1", 101 },
		{ 100, "512", "1", 101 }, { 299, "16", "1", 300 }, { 200, "512", "2", 0 },
	};
	bool one_more = takes_one_more_than_backlog(net);

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
}

/* ---- what they are --------------------------------------------------------------------------- */

static int ethernet_mss(const struct peer *peer)
{
	return peer->address.ss_family == AF_INET6 ? 1440 : 1460;
}

static void expect_cookie(struct peer *peer)
{
	expect_ladder(peer,
		      "-    >  SYN",
		      "0.0  <  SYN-ACK");
}

static const char one_by_cookie[] = "SyncookiesRecv 1  Tcp.PassiveOpens 1  Tcp.CurrEstab 1";

/* A cookie is all in the SYN-ACK's sequence number: no request, no timer, no second SYN-ACK. */
CASE(cookie_keeps_nothing_until_the_ack_or_data_makes_the_socket, .claims = "D2-17",
     .kernel_seconds = 3, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct peer *clock = raw_peer(net, server, .name = "clock");
	struct peer *bare = raw_peer(net, server, .name = "bare ACK");
	struct peer *eager = raw_peer(net, server, .name = "data first");

	STEP("an ordinary request gives the time");
	peer_syn(clock);
	expect_queue(server, .accept = 0, .limit = 10, .syn = 1);

	STEP("cookies for the others: they leave nothing behind, though the queue has room");
	set_sysctl(net, (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "2" });
	peer_syn(bare);
	expect_cookie(bare);
	peer_syn(eager);
	expect_cookie(eager);
	expect_queue(server, .accept = 0, .limit = 10, .syn = 1);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 2  SyncookiesSent 2" AGAIN,
			AGAIN_OF(net));

	STEP("3 s later the request's SYN-ACK has gone out twice more, the others' has not");
	wait_for(clock, .timeouts = 2, .within = 3);
	expect_ladder(clock,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK",
		      "1.0  <  SYN-ACK",
		      "3.0  <  SYN-ACK");
	expect_silence(bare);
	expect_silence(eager);
	expect_counters(net, SERVER, AGAIN, AGAIN_OF(net));

	STEP("a bare ACK makes the socket");
	peer_ack(bare);
	expect_ladder(bare, "-  >  ACK  - / ESTABLISHED");
	accept_peer(server, bare);
	expect_counters(net, SERVER, "%s", one_by_cookie);

	STEP("data does it too, and is there at once");
	peer_data(eager, "HELLO");
	expect_ladder(eager,
		      "-    >  DATA 5   - / ESTABLISHED",
		      "+0.0 <  ACK");
	expect_read(accept_peer(server, eager), "HELLO");
	expect_queue(server, .accept = 0, .limit = 10, .syn = 1);
	expect_counters(net, SERVER, "%s", one_by_cookie);
	expect_counters(net, CLIENT, "-");
}

/* accept() holds the socket to what SYN and SYN-ACK have agreed on: see TCP_INFO in the journal. */
CASE(cookie_has_window_scale_and_sack_only_for_a_client_with_timestamps, .claims = "D2-17",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct peer *ordinary = raw_peer(net, server, .name = "ordinary");
	struct peer *plain = raw_peer(net, server, .name = "plain");
	struct peer *stamped = raw_peer(net, server, .name = "timestamps");
	int mss = ethernet_mss(plain);

	STEP("a request keeps what its SYN offers");
	peer_syn(ordinary);
	expect_offer(ordinary, .mss = mss, .window_scale = true, .sack = true);
	peer_ack(ordinary);
	expect_ladder(ordinary,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK",
		      "-    >  ACK      - / ESTABLISHED");
	accept_peer(server, ordinary);
	expect_counters(net, SERVER, "Tcp.PassiveOpens 1  Tcp.CurrEstab 1");

	STEP("a cookie keeps the MSS");
	set_sysctl(net, (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "2" });
	peer_syn(plain);
	expect_offer(plain, .mss = mss);
	expect_cookie(plain);
	peer_ack(plain);
	expect_ladder(plain, "-  >  ACK  - / ESTABLISHED");
	accept_peer(server, plain);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 1  SyncookiesSent 1  %s", one_by_cookie);

	STEP("timestamps carry window scale and SACK there and back");
	peer_send(stamped, .flags = SYN, .timestamps = true, .tsval = 1000);
	expect_offer(stamped, .mss = mss, .window_scale = true, .sack = true, .timestamps = true);
	expect_cookie(stamped);
	peer_send(stamped, .timestamps = true, .tsval = 1001, .tsecr = stamped->heard.tsval);
	expect_ladder(stamped, "-  >  ACK  - / ESTABLISHED");
	accept_peer(server, stamped);
	expect_queue(server, .accept = 0, .limit = 10, .syn = 0);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 1  SyncookiesSent 1  %s", one_by_cookie);
	expect_counters(net, CLIENT, "-");
}

CASE(ack_with_a_wrong_cookie_is_answered_with_reset, .claims = "D2-17",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct peer *peer = raw_peer(net, server);

	STEP("a cookie");
	peer_syn(peer);
	expect_ladder(peer,
		      "-    >  SYN",
		      "0.0  <  SYN-ACK");
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 1  SyncookiesSent 1");

	STEP("one that it never was");
	peer_send(peer, .flags = ACK, .ack = 0x10000);
	expect_ladder(peer,
		      "-    >  ACK ack 65537",
		      "+0.0 <  RST");
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "SyncookiesFailed 1  Tcp.OutRsts 1");

	STEP("with tcp_syncookies=0 the right one is, too, and nobody has looked at it");
	set_sysctl(net, (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "0" });
	peer_ack(peer);
	expect_ladder(peer,
		      "-    >  ACK",
		      "+0.0 <  RST");
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "Tcp.OutRsts 1");

	STEP("else the right one makes a connection");
	set_sysctl(net, (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "2" });
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK  - / ESTABLISHED");
	expect_queue(server, .accept = 1, .limit = 10, .syn = 0);
	expect_counters(net, SERVER, "SyncookiesRecv 1  Tcp.PassiveOpens 1  Tcp.CurrEstab 1");
	expect_counters(net, CLIENT, "-");
}

/*
 * check_tcp_syn_cookie(): a cookie has the minute in which it was made, and is good in that one and
 * in the next.
 */
CASE(cookie_is_good_for_a_minute_but_not_for_two, .claims = "D2-17", .kernel_seconds = 127,
     .virtual_time = true,
     .server_sysctls = { "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_synack_retries=7" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct peer *clock = raw_peer(net, server, .name = "clock");
	struct peer *after_a_minute = raw_peer(net, server, .name = "after a minute");
	struct peer *after_two = raw_peer(net, server, .name = "after two");
	struct peer *young = raw_peer(net, server, .name = "young");

	STEP("a request gives the time, and two peers get cookies");
	peer_syn(clock);
	set_sysctl(net, (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "2" });
	peer_syn(after_a_minute);
	expect_cookie(after_a_minute);
	peer_syn(after_two);
	expect_cookie(after_two);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 2  SyncookiesSent 2");

	STEP("half a minute later one comes back, and makes a connection");
	wait_for(clock, .timeouts = 5, .within = 31);
	peer_ack(after_a_minute);
	expect_ladder(after_a_minute, "-  >  ACK  - / ESTABLISHED");
	accept_peer(server, after_a_minute);
	expect_counters(net, SERVER, "%s  TCPTimeouts 5  TCPSynRetrans 5  Tcp.RetransSegs 5",
			one_by_cookie);

	STEP("more than two minutes after its SYN the other one's is too old");
	wait_for(clock, .timeouts = 7, .within = 96);
	peer_syn(young); /* a cookie was sent just now, so cookies are looked for */
	expect_cookie(young);
	peer_ack(after_two);
	expect_ladder(after_two,
		      "-    >  ACK",
		      "+0.0 <  RST");
	expect_nothing_to_accept(server);
	peer_ack(young);
	expect_ladder(young, "-  >  ACK  - / ESTABLISHED");
	expect_ladder(clock,
		      "-      >  SYN      - / SYN_RECV",
		      "0.0    <  SYN-ACK",
		      "1.0    <  SYN-ACK",
		      "3.0    <  SYN-ACK",
		      "7.0    <  SYN-ACK",
		      "15.0   <  SYN-ACK",
		      "31.0   <  SYN-ACK",
		      "63.0   <  SYN-ACK",
		      "127.0  <  SYN-ACK");
	expect_queue(server, .accept = 1, .limit = 10, .syn = 1);
	expect_counters(net, SERVER,
			"TCPReqQFullDoCookies 1  SyncookiesSent 1  SyncookiesFailed 1  "
			"Tcp.OutRsts 1  %s  TCPTimeouts 2  TCPSynRetrans 2  Tcp.RetransSegs 2",
			one_by_cookie);
	expect_counters(net, CLIENT, "-");
}

/* tcp_get_cookie_sock(): there is no request to keep or to reset, whatever the sysctl says. */
CASE(cookie_that_meets_a_full_accept_queue_is_ignored_and_good_for_the_next_time,
     .claims = "D2-17 D2-23",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2", "net.ipv4.tcp_abort_on_overflow=0" })
{
	static const char *const aborts[] = { "0", "1" };

	for (size_t i = 0; i < ARRAY_LENGTH(aborts); i++) {
		struct listener *server = listen_on_server(net, .backlog = 0);
		struct peer *first = raw_peer(net, server, .name = "first");
		struct peer *late = raw_peer(net, server, .name = "late");

		set_sysctl(net,
			   (struct sysctl){ SERVER, "net.ipv4.tcp_abort_on_overflow", aborts[i] });
		STEP("two peers get cookies, with tcp_abort_on_overflow=%s", aborts[i]);
		peer_syn(first);
		expect_cookie(first);
		peer_syn(late);
		expect_cookie(late);
		expect_counters(net, SERVER, "TCPReqQFullDoCookies 2  SyncookiesSent 2");

		STEP("the first one's ACK fills the queue, and the late one's is ignored");
		peer_ack(first);
		expect_ladder(first, "-  >  ACK  - / ESTABLISHED");
		peer_ack(late);
		expect_ladder(late, "-  >  ACK  ignored");
		expect_queue(server, .accept = 1, .limit = 0, .syn = 0);
		expect_counters(net, SERVER,
				"SyncookiesRecv 2  ListenOverflows 1  ListenDrops 1  "
				"Tcp.PassiveOpens 1  Tcp.CurrEstab 1");

		STEP("accept() makes room, and the same ACK makes a connection");
		accept_peer(server, first);
		expect_nothing_to_accept(server);
		expect_silence(late);
		peer_ack(late);
		expect_ladder(late, "-  >  ACK  - / ESTABLISHED");
		accept_peer(server, late);
		expect_queue(server, .accept = 0, .limit = 0, .syn = 0);
		expect_counters(net, SERVER, "%s", one_by_cookie);
		expect_counters(net, CLIENT, "-");
	}
}

/* ---- what they are good for ------------------------------------------------------------------ */

CASE(client_connects_through_a_flood_by_a_cookie, .claims = "D2-13 D2-22 D2-23",
     .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	int kept = takes_one_more_than_backlog(net) ? 17 : 16;
	struct listener *server = listen_on_server(net, .backlog = 16);
	struct flood flood;

	set_sysctl(net, (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "1" });
	STEP("a flood has filled the queue, and another one goes on");
	flood_listener(server, .syns = 100);
	expect_queue(server, .accept = 0, .limit = 16, .syn = kept);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies %d  SyncookiesSent %d" AGAIN, 100 - kept,
			100 - kept, AGAIN_OF(net));

	STEP("a client connects in the middle of it");
	begin_flood(server);
	struct end *client = connect_through_cookie(net, server);
	flood = end_flood(net);
	expect_queue(server, .accept = 1, .limit = 16, .syn = kept);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1  Tcp.CurrEstab 1");
	expect_counters(net, SERVER,
			"TCPReqQFullDoCookies %ld  SyncookiesSent %ld  SyncookiesRecv 1  "
			"Tcp.PassiveOpens 1  Tcp.CurrEstab 1  Tcp.InSegs %ld" AGAIN,
			flood.syns + 1, flood.syns + 1, flood.syns + 2, AGAIN_OF(net));

	STEP("and is served");
	struct end *served = accept_client(server, client);
	send_text(client, "HELLO");
	expect_read(served, "HELLO");
	expect_ladder(client,
		      "-    >  DATA 5",
		      "+0.0 <  ACK");
	expect_queue(server, .accept = 0, .limit = 16, .syn = kept);
	expect_counters(net, CLIENT, "-");
	expect_counters(net, SERVER, AGAIN, AGAIN_OF(net));
}

/* tcp_conn_request() decides for a cookie, and counts that, before it looks at the accept queue. */
CASE(full_accept_queue_drops_the_syns_that_should_have_got_cookies, .claims = "D2-22 D2-23",
     .kernel_seconds = 1, .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	int kept = takes_one_more_than_backlog(net) ? 3 : 2;
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *clients[3];

	set_sysctl(net, (struct sysctl){ SERVER, "net.ipv4.tcp_syncookies", "1" });
	STEP("a flood fills the SYN queue");
	flood_listener(server, .syns = 10);
	expect_queue(server, .accept = 0, .limit = 2, .syn = kept);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies %d  SyncookiesSent %d" AGAIN, 10 - kept,
			10 - kept, AGAIN_OF(net));

	STEP("three clients connect through cookies: the accept queue is full");
	for (int i = 0; i < 3; i++)
		clients[i] = connect_through_cookie(net, server);
	expect_queue(server, .accept = 3, .limit = 2, .syn = kept);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 3  Tcp.CurrEstab 3");
	expect_counters(net, SERVER,
			"TCPReqQFullDoCookies 3  SyncookiesSent 3  SyncookiesRecv 3  "
			"Tcp.PassiveOpens 3  Tcp.CurrEstab 3" AGAIN,
			AGAIN_OF(net));

	STEP("a client's SYN is dropped, and no cookie is sent");
	struct end *late = connect_client(net, server, .name = "late");
	expect_ladder(late, "-  >  SYN  ignored  SYN_SENT / -");
	expect_queue(server, .accept = 3, .limit = 2, .syn = kept);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1");
	expect_counters(net, SERVER,
			"TCPReqQFullDoCookies 1  ListenOverflows 1  ListenDrops 1" AGAIN,
			AGAIN_OF(net));

	STEP("so are a flood's");
	flood_listener(server, .syns = 100);
	expect_queue(server, .accept = 3, .limit = 2, .syn = kept);
	expect_counters(net, SERVER,
			"TCPReqQFullDoCookies 100  ListenOverflows 100  ListenDrops 100" AGAIN,
			AGAIN_OF(net));

	STEP("accept() makes room, and the SYN that comes again gets its cookie");
	accept_client(server, clients[0]);
	wait_for(late, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_connected(late);
	expect_ladder(late,
		      "1.0  >  SYN",
		      "1.0  <  SYN-ACK  ESTABLISHED / -",
		      "1.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_queue(server, .accept = 3, .limit = 2, .syn = kept);
	expect_counters(net, CLIENT,
			"TCPTimeouts 1  TCPSynRetrans 1  Tcp.RetransSegs 1  Tcp.CurrEstab 1");
	expect_counters(net, SERVER,
			"TCPReqQFullDoCookies 1  SyncookiesSent 1  SyncookiesRecv 1  "
			"Tcp.PassiveOpens 1  Tcp.CurrEstab 1" AGAIN,
			AGAIN_OF(net));
}
