/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYN cookies: when the SYN queue is full, SYNs are answered without keeping anything.
 */
#define TOPIC          "SYN cookies"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

CASE(syns_beyond_the_full_queue_get_cookies_and_a_client_connects_through_one,
     .claims = "D2-21 D2-22", .covers = "X-07",
     .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_max_syn_backlog=8" })
{
	int full = takes_one_more_than_backlog(net) ? 11 : 10;
	struct peer *peers[11];

	STEP("SYNs fill the queue of backlog 10: %d, whatever tcp_max_syn_backlog says", full);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=1");
	struct listener *server = listen_on_server(net, .backlog = 10);
	half_open_peers(server, peers, full);
	expect_queue(server, .accept = 0, .syn = full);
	expect_counters(net, SERVER, "again");

	STEP("every further SYN is answered, and nothing is kept of it");
	COVERS("X-07");
	for (int i = 0; i < 20; i++)
		cookie_peer(net, server);
	expect_queue(server, .accept = 0, .syn = full);
	expect_counters(net, SERVER, "cookies 20  again");

	STEP("a real client connects through a cookie");
	struct end *client = connect_through_cookie(net, server, .name = "client");
	expect_queue(server, .accept = 1, .syn = full);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1  again");

	STEP("the client is served");
	speak(client, "HELLO");
	expect_read(accept_client(server, client), "HELLO");
	expect_queue(server, .accept = 0, .syn = full);
	peers_go_away(peers, full);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "reset_requests %d  again", full);
}

/* ---- when they are sent ---------------------------------------------------------------------- */

CASE(syn_cookies_are_on_by_default, .claims = "D2-16", .kernel_defaults = true)
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct peer *peers[2];

	STEP("nothing is set, and two requests are one too many for a listener");
	expect_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=1");
	half_open_peers(server, peers, 2);
	listen_again(server, 0);
	expect_queue(server, .accept = 0, .syn = 2);
	expect_counters(net, SERVER, "again");

	STEP("the next SYN gets a cookie");
	cookie_peer(net, server);
	expect_queue(server, .accept = 0, .syn = 2);
	expect_counters(net, SERVER, "cookies 1  again");
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
     .variants = "limit-is-backlog-plus-one limit-is-backlog")
{
	static const struct listener_in_flood rows[] = {
		{ 200, "8", "1", 201 },   { 4, "128", "1", 5 },    { 100, "16", "1", 101 },
		{ 100, "512", "1", 101 }, { 299, "16", "1", 300 }, { 200, "512", "2", 0 },
	};
	bool one_more = takes_one_more_than_backlog(net);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const struct listener_in_flood *row = &rows[i];

		STEP("300 SYNs: backlog %d, tcp_max_syn_backlog %s, tcp_syncookies %s",
		     row->backlog, row->max_syn_backlog, row->cookies);
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%s", row->cookies);
		set_sysctl(net, SERVER, "net.ipv4.tcp_max_syn_backlog=%s", row->max_syn_backlog);
		struct listener *server = listen_on_server(net, .backlog = row->backlog);
		struct flood flood = flood_listener(server, .syns = 300);
		int kept = row->requests - (row->requests && !one_more);

		expect_queue(server, .accept = 0, .syn = kept);
		expect_nothing_to_accept(server);
		expect_counters(net, SERVER, "cookies %d  Tcp.InSegs %ld  Tcp.OutSegs %d  again",
				300 - kept, flood.syns, 300 + syn_acks_again(net));
	}
}

/* ---- what they are --------------------------------------------------------------------------- */

/* A cookie is all in the SYN-ACK's sequence number: no request, no timer, no second SYN-ACK. */
CASE(cookie_keeps_nothing_until_the_ack_or_data_makes_the_socket, .claims = "D2-17",
     .kernel_seconds = 3)
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	STEP("an ordinary request gives the time");
	struct peer *clock = half_open_peer(net, server, .name = "clock");
	expect_queue(server, .accept = 0, .syn = 1);

	STEP("cookies for the others: they leave nothing behind, though the queue has room");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
	struct peer *bare = cookie_peer(net, server, .name = "bare ACK");
	struct peer *eager = cookie_peer(net, server, .name = "data first");
	expect_queue(server, .accept = 0, .syn = 1);
	expect_counters(net, SERVER, "cookies 2  again");

	STEP("3 s later the request's SYN-ACK has gone out twice more, the others' has not");
	wait_for(clock, .timeouts = 2, .within = 3);
	expect_ladder(clock,
		      "1.0  <  SYN-ACK",
		      "3.0  <  SYN-ACK");
	expect_silence(bare);
	expect_silence(eager);
	expect_counters(net, SERVER, "again");

	STEP("a bare ACK makes the socket");
	ack_makes_the_connection(bare);
	accept_peer(server, bare);
	expect_counters(net, SERVER, "SyncookiesRecv 1");

	STEP("data makes the socket too, and is there at once");
	data_makes_the_connection(eager, "HELLO");
	expect_read(accept_peer(server, eager), "HELLO");
	expect_queue(server, .accept = 0, .syn = 1);
	expect_counters(net, SERVER, "SyncookiesRecv 1");
}

/* accept() holds the socket to what SYN and SYN-ACK have agreed on: see TCP_INFO in the journal. */
CASE(cookie_has_window_scale_and_sack_only_for_a_client_with_timestamps, .claims = "D2-17")
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	int mss = ethernet_mss(net);

	STEP("a request keeps what its SYN offers");
	struct peer *ordinary = half_open_peer(net, server, .name = "ordinary");
	expect_offer(ordinary, .mss = mss, .window_scale = true, .sack = true);
	ack_makes_the_connection(ordinary);
	accept_peer(server, ordinary);

	STEP("a cookie keeps the MSS");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
	struct peer *plain = cookie_peer(net, server, .name = "plain");
	expect_offer(plain, .mss = mss);
	ack_makes_the_connection(plain);
	accept_peer(server, plain);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

	STEP("timestamps carry window scale and SACK there and back");
	struct peer *stamped = raw_peer(net, server, .name = "timestamps");
	peer_send(stamped, .flags = SYN, .timestamps = true, .tsval = 1000);
	expect_offer(stamped, .mss = mss, .window_scale = true, .sack = true, .timestamps = true);
	peer_send(stamped, .timestamps = true, .tsval = 1001, .tsecr = stamped->heard.tsval);
	expect_ladder(stamped,
		      "-    >  SYN",
		      "0.0  <  SYN-ACK",
		      "-    >  ACK      - / ESTABLISHED");
	accept_peer(server, stamped);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}

CASE(ack_with_a_wrong_cookie_is_answered_with_reset, .claims = "D2-17",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	STEP("a peer gets a cookie");
	struct peer *peer = cookie_peer(net, server);
	expect_counters(net, SERVER, "cookies 1");

	STEP("an ACK with another cookie is answered with RST");
	peer_send(peer, .flags = ACK, .ack = 0x10000);
	expect_ladder(peer,
		      "-    >  ACK ack 65537",
		      "+0.0 <  RST");
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "SyncookiesFailed 1");

	STEP("with tcp_syncookies=0 the right cookie is answered with RST too, and nobody has "
	     "looked at it");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=0");
	ack_is_answered_with_reset(peer);
	expect_nothing_to_accept(server);

	STEP("with tcp_syncookies=2 the right cookie makes a connection");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
	ack_makes_the_connection(peer);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "SyncookiesRecv 1");
}

/*
 * check_tcp_syn_cookie(): a cookie has the minute in which it was made, and is good in that one and
 * in the next.
 */
CASE(cookie_is_good_for_a_minute_but_not_for_two, .claims = "D2-17", .covers = "P-96",
     .kernel_seconds = 127, .virtual_time = true,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=7" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	STEP("a request gives the time, and two peers get cookies");
	struct peer *clock = half_open_peer(net, server, .name = "clock");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
	struct peer *after_a_minute = cookie_peer(net, server, .name = "after a minute");
	struct peer *after_two = cookie_peer(net, server, .name = "after two");
	expect_counters(net, SERVER, "cookies 2");

	STEP("half a minute later one cookie comes back, and makes a connection");
	COVERS("P-96");
	wait_for(clock, .timeouts = 5, .within = 31);
	ack_makes_the_connection(after_a_minute);
	accept_peer(server, after_a_minute);
	expect_counters(net, SERVER, "SyncookiesRecv 1  TCPTimeouts 5");

	STEP("more than two minutes after its SYN the other peer's cookie is too old");
	COVERS("P-96");
	wait_for(clock, .timeouts = 7, .within = 96);
	/* a cookie was sent just now, so cookies are looked for */
	struct peer *young = cookie_peer(net, server, .name = "young");
	ack_is_answered_with_reset(after_two);
	expect_nothing_to_accept(server);
	ack_makes_the_connection(young);
	expect_ladder(clock,
		      "1.0    <  SYN-ACK",
		      "3.0    <  SYN-ACK",
		      "7.0    <  SYN-ACK",
		      "15.0   <  SYN-ACK",
		      "31.0   <  SYN-ACK",
		      "63.0   <  SYN-ACK",
		      "127.0  <  SYN-ACK");
	expect_queue(server, .accept = 1, .syn = 1);
	expect_counters(net, SERVER,
			"cookies 1  SyncookiesFailed 1  SyncookiesRecv 1  TCPTimeouts 2");
}

/* A peer's ACK with another number than its cookie: SyncookiesFailed tells whether it was looked
 * at.
 */
static void send_a_wrong_cookie(struct peer *peer)
{
	peer_send(peer, .flags = ACK, .ack = 0x10000);
	expect_ladder(peer,
		      "-    >  ACK ack 65537",
		      "+0.0 <  RST");
}

/*
 * Whole minutes count, not seconds: 61 may be too many and 119 few enough. And a listener looks for
 * cookies for two minutes since it sent the last one, to the second: tcp_synq_no_recent_overflow().
 */
CASE(cookie_is_good_in_the_minute_of_its_syn_and_in_the_next, .claims = "", .covers = "P-96 N-27",
     .kernel_seconds = 245, .virtual_time = true, .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct listener *quiet = listen_on_server(net, .backlog = 10);

	STEP("two cookies at the end of a minute, two at the beginning of the next");
	wait_for_second(net, 57);
	struct peer *at_the_end[] = { cookie_peer(net, server), cookie_peer(net, server) };
	wait_for_second(net, 2);
	struct peer *at_the_beginning[] = { cookie_peer(net, server), cookie_peer(net, server) };
	struct peer *of_quiet = cookie_peer(net, quiet);
	expect_counters(net, SERVER, "cookies 5");

	STEP("a minute later those of the minute before are good");
	wait_for_second(net, 57);
	ack_makes_the_connection(at_the_end[0]);
	expect_counters(net, SERVER, "SyncookiesRecv 1");

	STEP("five seconds later they are not");
	wait_for_second(net, 2);
	ack_is_answered_with_reset(at_the_end[1]);
	expect_counters(net, SERVER, "SyncookiesFailed 1");

	STEP("almost two minutes after its SYN one of the minute before is good");
	COVERS("P-96");
	wait_for_second(net, 57);
	cookie_peer(net, server); /* so it goes on looking for them */
	ack_makes_the_connection(at_the_beginning[0]);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

	STEP("a listener that has sent none for almost two minutes still looks for them");
	COVERS("N-27");
	send_a_wrong_cookie(of_quiet);
	expect_counters(net, SERVER, "SyncookiesFailed 1");

	STEP("five seconds later that cookie is too old");
	COVERS("P-96");
	wait_for_second(net, 2);
	ack_is_answered_with_reset(at_the_beginning[1]);
	expect_queue(server, .accept = 2, .syn = 0);
	expect_counters(net, SERVER, "SyncookiesFailed 1");

	STEP("after two minutes the other listener does not look for cookies any more");
	COVERS("N-27");
	wait_for_second(net, 5);
	send_a_wrong_cookie(of_quiet);
	ack_is_answered_with_reset(of_quiet);
	expect_nothing_to_accept(quiet);
}

/* tcp_get_cookie_sock(): there is no request to keep or to reset, whatever the sysctl says. */
CASE(cookie_that_meets_a_full_accept_queue_is_ignored_and_good_for_the_next_time,
     .claims = "D2-17 D2-23", .covers = "X-03", .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	static const char *const aborts[] = { "0", "1" };

	for (size_t i = 0; i < ARRAY_LENGTH(aborts); i++) {
		struct listener *server = listen_on_server(net, .backlog = 0);

		set_sysctl(net, SERVER, "net.ipv4.tcp_abort_on_overflow=%s", aborts[i]);
		STEP("two peers get cookies, with tcp_abort_on_overflow=%s", aborts[i]);
		struct peer *first = cookie_peer(net, server, .name = "first");
		struct peer *late = cookie_peer(net, server, .name = "late");
		expect_counters(net, SERVER, "cookies 2");

		STEP("the first one's ACK fills the queue, and the late one's is ignored");
		COVERS("X-03");
		ack_makes_the_connection(first);
		ack_is_ignored(late);
		expect_queue(server, .accept = 1, .syn = 0);
		expect_counters(net, SERVER, "SyncookiesRecv 2  overflows 1");

		STEP("accept() makes room, and the same ACK makes a connection");
		COVERS("X-03");
		accept_peer(server, first);
		expect_nothing_to_accept(server);
		expect_silence(late);
		ack_makes_the_connection(late);
		accept_peer(server, late);
		expect_counters(net, SERVER, "SyncookiesRecv 1");
	}
}

/* ---- what they are good for ------------------------------------------------------------------ */

CASE(client_connects_through_a_flood_by_a_cookie, .claims = "D2-13 D2-22 D2-23",
     .variants = "limit-is-backlog-plus-one limit-is-backlog")
{
	int kept = takes_one_more_than_backlog(net) ? 17 : 16;
	struct listener *server = listen_on_server(net, .backlog = 16);

	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=1");
	STEP("a flood has filled the queue, and another one goes on");
	flood_listener(server, .syns = 100);
	expect_queue(server, .accept = 0, .syn = kept);
	expect_counters(net, SERVER, "cookies %d  again", 100 - kept);

	STEP("a client connects in the middle of it");
	begin_flood(server);
	struct end *client = connect_through_cookie(net, server);
	struct flood flood = end_flood(net);
	expect_queue(server, .accept = 1, .syn = kept);
	expect_counters(net, SERVER, "cookies %ld  SyncookiesRecv 1  Tcp.InSegs %ld  again",
			flood.syns + 1, flood.syns + 2);

	STEP("the client is served");
	speak(client, "HELLO");
	expect_read(accept_client(server, client), "HELLO");
	expect_queue(server, .accept = 0, .syn = kept);
	expect_counters(net, SERVER, "again");
}

/* tcp_conn_request() decides for a cookie, and counts that, before it looks at the accept queue. */
CASE(full_accept_queue_drops_the_syns_that_should_have_got_cookies, .claims = "D2-22 D2-23",
     .covers = "X-06", .kernel_seconds = 1,
     .variants = "limit-is-backlog-plus-one limit-is-backlog")
{
	int kept = takes_one_more_than_backlog(net) ? 3 : 2;
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *clients[3];

	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=1");
	STEP("a flood fills the SYN queue");
	flood_listener(server, .syns = 10);
	expect_queue(server, .accept = 0, .syn = kept);
	expect_counters(net, SERVER, "cookies %d  again", 10 - kept);

	STEP("three clients connect through cookies: the accept queue is full");
	for (int i = 0; i < 3; i++)
		clients[i] = connect_through_cookie(net, server);
	expect_queue(server, .accept = 3, .syn = kept);
	expect_counters(net, SERVER, "cookies 3  SyncookiesRecv 3  again");

	STEP("a client's SYN is dropped, and no cookie is sent");
	COVERS("X-06");
	struct end *late = dropped_client(net, server, .name = "late");
	expect_queue(server, .accept = 3, .syn = kept);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 1  overflows 1  again");

	STEP("a flood's SYNs are dropped, and no cookie is sent");
	flood_listener(server, .syns = 100);
	expect_queue(server, .accept = 3, .syn = kept);
	expect_counters(net, SERVER, "TCPReqQFullDoCookies 100  overflows 100  again");

	STEP("accept() makes room, and the SYN that comes again gets its cookie");
	accept_client(server, clients[0]);
	wait_for(late, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_connected(late);
	expect_ladder(late,
		      "1.0  >  SYN",
		      "1.0  <  SYN-ACK  ESTABLISHED / -",
		      "1.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_queue(server, .accept = 3, .syn = kept);
	expect_counters(net, CLIENT, "TCPTimeouts 1");
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1  again");
}
