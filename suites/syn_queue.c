/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SYN queue: how many half-open requests a listener keeps. The SYNs come from raw peers, so
 * that no client's kernel answers a SYN-ACK with RST.
 */
#define TOPIC          "SYN queue"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>

/* ---- how long an entry is there ------------------------------------------------------------- */

CASE(request_is_syn_recv_from_the_syn_to_the_ack, .claims = "D2-05 D2-11",
     .covers = "P-77 P-86 P-89 P-125", .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a SYN makes an entry, whose timer runs at once");
	COVERS("P-125");
	struct peer *peer = half_open_peer(net, server);
	expect_request_timer(peer, .timeouts = 0, .due = 1.0);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "Tcp.InSegs 1  Tcp.OutSegs 1");

	STEP("the entry is still there when the SYN-ACK goes out again");
	COVERS("P-86 P-125");
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  <  SYN-ACK");
	expect_request_timer(peer, .timeouts = 1, .due = 3.0);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_counters(net, SERVER, "TCPTimeouts 1  Tcp.OutSegs 1");

	STEP("the ACK makes the entry a connection, which is in the other queue");
	COVERS("P-89");
	ack_makes_the_connection(peer);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_acceptable(server);
	expect_counters(net, SERVER, "TCPPureAcks 1  Tcp.InSegs 1");

	STEP("another request ends with a RST");
	COVERS("P-77 P-89");
	struct peer *unwilling = half_open_peer(net, server);
	expect_queue(server, .accept = 1, .syn = 1);
	peer_reset(unwilling);
	expect_ladder(unwilling,
		      "~1.0 <  SYN-ACK",
		      "-    >  RST      - / -");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "reset_requests 1  again");
}

CASE(client_is_established_while_the_server_is_syn_recv, .claims = "D2-05 D2-11")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the client's ACK is still on the wire");
	hold_segments(net, .from = CLIENT, .what = "ACK");
	struct end *client = connect_client(net, server, .name = "client");
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN          SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK      ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK     held");
	expect_request_timer(client, .timeouts = 0, .due = 1.0);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_nothing_to_accept(server);

	STEP("the ACK arrives");
	stop_rules(net);
	release_segments(net);
	expect_states(client, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_queue(server, .accept = 1, .syn = 0);
	accept_client(server, client);
}

/* ---- how many there are --------------------------------------------------------------------- */

/* What a listener with this backlog keeps, and which of the two limits is met first. */
struct capacity {
	int backlog;
	const char *max_syn_backlog;
	int requests;
	bool by_backlog; /* counted in TCPReqQFullDrop; the other limit is not */
};

static void expect_row(struct scene *net, const struct capacity *row)
{
	struct peer *peers[256];

	STEP("backlog %d, tcp_max_syn_backlog %s: %d half-open requests", row->backlog,
	     row->max_syn_backlog, row->requests);
	COVERS("X-07 F-03");
	set_sysctl(net, SERVER, "net.ipv4.tcp_max_syn_backlog=%s", row->max_syn_backlog);
	struct listener *server = listen_on_server(net, .backlog = row->backlog);
	half_open_peers(server, peers, row->requests);
	expect_queue(server, .accept = 0, .syn = row->requests);
	expect_counters(net, SERVER, "again");

	STEP("three SYNs more are dropped");
	for (int i = 0; i < 3; i++)
		dropped_peer(net, server);
	expect_queue(server, .accept = 0, .syn = row->requests);
	expect_counters(net, SERVER, "ListenDrops 3  TCPReqQFullDrop %d  again",
			row->by_backlog ? 3 : 0);

	STEP("the peers go away with RST, and the queue is empty");
	peers_go_away(peers, row->requests);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "reset_requests %d  again", row->requests);
}

CASE(syn_queue_without_cookies_is_limited_by_backlog_and_max_syn_backlog, .claims = "D2-18 D2-19",
     .covers = "X-07 F-03", .variants = "limit-is-backlog-plus-one limit-is-backlog")
{
	/* min(backlog + 1, M - M/4 + 1): tcp_conn_request() and inet_csk_reqsk_queue_is_full() */
	static const struct capacity rows[] = {
		{ 4, "128", 5, true },      { 10, "128", 11, true },   { 100, "128", 97, false },
		{ 200, "256", 193, false }, { 200, "16", 13, false },  { 200, "17", 14, false },
		{ 200, "8", 7, false },     { 200, "5", 5, false },    { 200, "2", 3, false },
		{ 200, "1", 2, false },     { 200, "0", 1, false },    { 0, "128", 1, true },
		{ 1, "128", 2, true },      { 4096, "64", 49, false },
	};
	bool one_more = takes_one_more_than_backlog(net);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct capacity row = rows[i];

		row.requests -= row.by_backlog && !one_more;
		expect_row(net, &row);
	}
}

/* ---- what leaves it, and what does not ------------------------------------------------------- */

/* One more way in which a listener's only request ends, of a peer that has sent its SYN. */
struct departure {
	const char *story;
	void (*play)(struct peer *peer);
	const char *counters;
	int connections;
};

static void acknowledge(struct peer *peer)
{
	peer_ack(peer);
	expect_ladder(peer,
		      "~1.0  <  SYN-ACK",
		      "-     >  ACK      - / ESTABLISHED");
}

static void acknowledge_the_second_syn_ack(struct peer *peer)
{
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  <  SYN-ACK");
	ack_makes_the_connection(peer);
}

static void reset(struct peer *peer)
{
	peer_reset(peer);
	expect_ladder(peer,
		      "~1.0  <  SYN-ACK",
		      "-     >  RST      - / -");
}

static void be_reset_for_another_syn(struct peer *peer)
{
	peer_send(peer, .flags = SYN | ACK, .seq = 100);
	expect_ladder(peer,
		      "~1.0  <  SYN-ACK",
		      "-     >  SYN-ACK seq 100  - / -",
		      "+0.0  <  RST");
}

static void expire(struct peer *peer)
{
	wait_for(peer, .gone = true, .host = SERVER, .within = 3);
	expect_ladder(peer,
		      "1.0  <  SYN-ACK",
		      "3.0  .           - / -");
}

static void be_deferred_until_data(struct peer *peer)
{
	set_option(peer->listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);
	peer_ack(peer);
	peer_data(peer, "HELLO");
	set_option(peer->listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
	expect_ladder(peer,
		      "~1.0  <  SYN-ACK",
		      "-     >  ACK      ignored",
		      "-     >  DATA 5   - / ESTABLISHED",
		      "+0.0  <  ACK");
}

static void be_ignored_until_there_is_room(struct peer *peer)
{
	listen_again(peer->listener, 0);
	peer_ack(peer);
	listen_again(peer->listener, 8);
	peer_ack(peer);
	expect_ladder(peer,
		      "~1.0  <  SYN-ACK",
		      "-     >  ACK      ignored",
		      "-     >  ACK      - / ESTABLISHED");
}

static void be_reset_for_want_of_room(struct peer *peer)
{
	set_sysctl(peer->scene, SERVER, "net.ipv4.tcp_abort_on_overflow=1");
	listen_again(peer->listener, 0);
	peer_ack(peer);
	listen_again(peer->listener, 8);
	set_sysctl(peer->scene, SERVER, "net.ipv4.tcp_abort_on_overflow=0");
	expect_ladder(peer,
		      "~1.0  <  SYN-ACK",
		      "-     >  ACK      rejected - / -",
		      "+0.0  <  RST");
}

/*
 * With tcp_max_syn_backlog=0 there is room for one. sock_diag lists the requests, but a listener
 * goes by its count of them (reqsk_queue_len()): one that were not taken off it, or taken off
 * twice, would show in the next SYN, or in the one after that.
 */
CASE(each_way_in_which_a_request_ends_makes_room_for_the_next, .claims = "D2-11 D2-18",
     .covers = "P-73 P-74", .kernel_seconds = 5,
     .server_sysctls = { "net.ipv4.tcp_max_syn_backlog=0", "net.ipv4.tcp_synack_retries=1",
			 "net.ipv4.tcp_abort_on_overflow=0" })
{
	static const struct departure departures[] = {
		{ "its ACK makes it a connection", acknowledge, "", 1 },
		{ "its ACK comes after the second SYN-ACK", acknowledge_the_second_syn_ack, "", 1 },
		{ "a RST ends it", reset, "reset_requests 1", 0 },
		{ "a SYN with ACK from within the window ends it", be_reset_for_another_syn,
		  "reset_requests 1", 0 },
		{ "it expires", expire, "TCPTimeouts 1", 0 },
		{ "it is deferred until there is data", be_deferred_until_data,
		  "TCPDeferAcceptDrop 1", 1 },
		{ "it is ignored until the accept queue has room", be_ignored_until_there_is_room,
		  "overflows 1", 1 },
		{ "it is reset, as the accept queue is full", be_reset_for_want_of_room,
		  "overflows 1  EmbryonicRsts 1", 0 },
		{ "its ACK makes it a connection, as at the beginning", acknowledge, "", 1 },
	};
	struct listener *server = listen_on_server(net, .backlog = 8);
	int waiting = 1;

	fill_the_queue(server, .count = waiting);
	for (size_t i = 0; i < ARRAY_LENGTH(departures); i++) {
		const struct departure *departure = &departures[i];

		STEP("a request keeps the next one out");
		struct peer *peer = half_open_peer(net, server);
		dropped_peer(net, server);
		expect_queue(server, .accept = waiting, .syn = 1);
		expect_counters(net, SERVER, "ListenDrops 1  again");

		STEP("%s", departure->story);
		COVERS(departure->connections ? "P-74" : "P-73");
		departure->play(peer);
		waiting += departure->connections;
		expect_queue(server, .accept = waiting, .syn = 0);
		expect_counters(net, SERVER, "%s  again", departure->counters);
	}
}

/* A segment for a request that is no answer to its SYN-ACK, and what comes of it. */
struct probe {
	const char *what, *covers;
	struct peer_segment segment;
	const char *lines[3];
};

static void expect_unmoved(struct scene *net, const struct probe *probe)
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);
	bool ahead = probe->segment.text || probe->segment.flags & FIN; /* of the answer */

	STEP("%s", probe->what);
	COVERS(probe->covers);
	struct peer *peer = half_open_peer(net, server);
	peer_sends(peer, probe->segment);
	expect_lines(net, peer->flow, probe->lines);
	expect_request_timer(peer, .timeouts = 0, .due = 1.0);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_no_event(epoll);

	STEP("the answer still makes the connection");
	COVERS(probe->covers);
	peer_send(peer, .flags = ACK, .seq = (int32_t)(peer->isn + 1 - peer->seq));
	expect_ladder(peer, ahead ? "-  >  ACK seq 1  - / ESTABLISHED" : "-  >  ACK  - / ESTABLISHED");
	expect_event(epoll);
	expect_read_error(accept_peer(server, peer), EAGAIN);
}

/* tcp_check_req(), in the order of its questions. */
CASE(segment_that_is_no_answer_to_the_syn_ack_leaves_the_request_as_it_was, .claims = "D2-11",
     .covers = "X-26 P-106 P-107")
{
	static const struct probe probes[] = {
		{ "an ACK of what was sent before the SYN-ACK",
		  "P-106",
		  { .ack = -1 },
		  { "- > ACK ack 0", "+0.0 < RST" } },
		{ "an ACK of what was never sent",
		  "P-106",
		  { .ack = 1 },
		  { "- > ACK ack 2", "+0.0 < RST" } },
		{ "an ACK before the window",
		  "P-107",
		  { .seq = -1 },
		  { "- > ACK seq 0", "+0.0 < ACK" } },
		{ "data beyond the window",
		  "P-107",
		  { .seq = 1000000, .text = "HELLO" },
		  { "- > DATA 5 seq 1000001", "+0.0 < ACK" } },
		{ "a RST beyond the window",
		  NULL,
		  { .flags = RST, .seq = 1000000 },
		  { "- > RST seq 1000001" } },
		{ "a RST before the window",
		  NULL,
		  { .flags = RST, .seq = -1 },
		  { "- > RST seq 0" } },
		{ "data without ACK", "X-26", { .flags = PSH, .text = "HELLO" }, { "- > DATA 5" } },
		{ "a FIN without ACK", "X-26", { .flags = FIN }, { "- > FIN" } },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(probes); i++)
		expect_unmoved(net, &probes[i]);
}

/* tcp_conn_request(): without TCP Fast Open the data is not even looked at. */
CASE(data_in_a_syn_is_lost_and_makes_no_difference, .claims = "D2-11", .covers = "X-28")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *peer = raw_peer(net, server);

	STEP("a SYN with data: the SYN-ACK is for the SYN alone");
	COVERS("X-28");
	peer_send(peer, .flags = SYN, .text = "LOST!");
	expect_ladder(peer,
		      "-    >  DATA-SYN 5  - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	expect_queue(server, .accept = 0, .syn = 1);

	STEP("the data comes again, behind the SYN");
	COVERS("X-28");
	data_makes_the_connection(peer, "HELLO");
	expect_read(accept_peer(server, peer), "HELLO");
}

/* RFC 3168, 6.1.1: no SYN is ECT; tcp_ecn_create_request() takes it for a broken one. */
CASE(syn_that_asks_for_ecn_is_answered_as_tcp_ecn_says, .claims = "D2-11")
{
	static const struct {
		const char *tcp_ecn, *codepoint;
		uint8_t tos;
		const char *answer;
	} rows[] = {
		{ "0", "Not-ECT", 0, "0.0  <  SYN-ACK" },
		{ "1", "Not-ECT", 0, "0.0  <  SYN-ACK-ECE" },
		{ "2", "Not-ECT", 0, "0.0  <  SYN-ACK-ECE" },
		{ "1", "ECT(1)", 1, "0.0  <  SYN-ACK" },
		{ "1", "ECT(0)", 2, "0.0  <  SYN-ACK" },
		{ "1", "CE", 3, "0.0  <  SYN-ACK" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct listener *server = listen_on_server(net, .backlog = 5);
		struct peer *peer = raw_peer(net, server);

		STEP("a SYN with ECE and CWR in a %s packet, tcp_ecn %s", rows[i].codepoint,
		     rows[i].tcp_ecn);
		set_sysctl(net, SERVER, "net.ipv4.tcp_ecn=%s", rows[i].tcp_ecn);
		peer_send(peer, .flags = SYN | ECE | CWR, .tos = rows[i].tos);
		expect_ladder(peer, "-  >  SYN-ECE-CWR  - / SYN_RECV", rows[i].answer);
		ack_makes_the_connection(peer);
		expect_queue(server, .accept = 1, .syn = 0);
	}
}

/* RFC 9293, 3.10.7.2: a listener answers an ACK with RST, and takes no notice of the rest. */
CASE(segment_that_is_no_syn_makes_no_request, .claims = "D2-11", .covers = "P-123")
{
	static const struct {
		const char *what;
		struct peer_segment segment;
		const char *lines[3];
	} strays[] = {
		{ "an ACK", { .flags = ACK }, { "- > ACK", "+0.0 < RST" } },
		{ "data", { .text = "HELLO" }, { "- > DATA 5", "+0.0 < RST" } },
		{ "a FIN", { .flags = FIN | ACK }, { "- > FIN-ACK", "+0.0 < RST" } },
		{ "a SYN-ACK", { .flags = SYN | ACK }, { "- > SYN-ACK", "+0.0 < RST" } },
		{ "a RST", { .flags = RST }, { "- > RST" } },
		{ "a RST with ACK", { .flags = RST | ACK }, { "- > RST-ACK" } },
		{ "a FIN without ACK", { .flags = FIN }, { "- > FIN" } },
		{ "data without ACK", { .flags = PSH, .text = "HELLO" }, { "- > DATA 5" } },
		{ "a SYN with FIN", { .flags = SYN | FIN }, { "- > SYN-FIN" } },
		{ "a SYN with RST", { .flags = SYN | RST }, { "- > SYN-RST" } },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(strays); i++) {
		struct listener *server = listen_on_server(net, .backlog = 5);

		STEP("a request has ended, and then %s comes", strays[i].what);
		COVERS(strays[i].lines[1] ? "P-123" : NULL);
		struct peer *peer = half_open_peer(net, server);
		reset_ends_the_request(peer);
		peer_sends(peer, strays[i].segment);
		expect_lines(net, peer->flow, strays[i].lines);
		expect_queue(server, .accept = 0, .syn = 0);
		expect_nothing_to_accept(server);
		expect_counters(net, SERVER, "reset_requests 1");
	}
}

/*
 * RFC 5961, 3.2, and RFC 9293, 3.10.7.4: only a RST with the very next number ends a request, and
 * any other one within the window is answered with an ACK, so that nobody can end it who guesses.
 */
CASE(reset_that_is_only_somewhere_in_the_window_should_be_challenged, .claims = "D2-11",
     .variants = "reset-is-challenged reset-ends-the-request")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a peer's SYN makes a request");
	struct peer *peer = half_open_peer(net, server);

	STEP("a RST comes whose number is within the window and not the next");
	peer_send(peer, .flags = RST, .seq = 5);
	bool ends = state_of(peer, SERVER) == NO_SOCKET;
	saw_variant(net, ends ? "reset-ends-the-request" : "reset-is-challenged");
	expect_ladder(peer,
		      "[reset-ends]           - > RST seq 6  - / -",
		      "[reset-is-challenged]  - > RST seq 6",
		      "[reset-is-challenged]  +0.0 < ACK");
	expect_queue(server, .accept = 0, .syn = ends ? 0 : 1);
	expect_counters(net, SERVER, ends ? "reset_requests 1" : "TCPChallengeACK 1");
	if (ends)
		return;
	expect_request_timer(peer, .timeouts = 0, .due = 1.0);

	STEP("a RST with the next number ends the request");
	reset_ends_the_request(peer);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "reset_requests 1");
}

/* ---- floods ---------------------------------------------------------------------------------- */

/* A queue that a flood of spoofed sources fills, and what becomes of the SYNs beyond. */
struct deluge {
	int backlog;
	const char *max_syn_backlog;
	int syns, requests;
	bool by_backlog; /* counted in TCPReqQFullDrop */
};

static void expect_deluge(struct scene *net, const struct deluge *row, bool one_more)
{
	int kept = row->requests - (row->by_backlog && !one_more);
	int dropped = row->syns - kept;

	STEP("backlog %d, tcp_max_syn_backlog %s: of %d SYNs %d are kept", row->backlog,
	     row->max_syn_backlog, row->syns, kept);
	set_sysctl(net, SERVER, "net.ipv4.tcp_max_syn_backlog=%s", row->max_syn_backlog);
	struct listener *server = listen_on_server(net, .backlog = row->backlog);
	flood_listener(server, .syns = row->syns);
	expect_queue(server, .accept = 0, .syn = kept);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER,
			"ListenDrops %d  TCPReqQFullDrop %d  Tcp.InSegs %d  Tcp.OutSegs %d  again",
			dropped, row->by_backlog ? dropped : 0, row->syns,
			kept + syn_acks_again(net));
}

CASE(flood_fills_the_syn_queue_and_the_rest_is_dropped, .claims = "D2-09 D2-13 D2-14 D2-18",
     .variants = "limit-is-backlog-plus-one limit-is-backlog")
{
	static const struct deluge rows[] = {
		{ 128, "1024", 300, 129, true },
		{ 4096, "64", 350, 49, false }, /* 4096 in both queues? */
		{ 0, "1024", 20, 1, true },
	};
	bool one_more = takes_one_more_than_backlog(net);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		expect_deluge(net, &rows[i], one_more);
}

/* A firewall of the client's drops what comes back, and its program has gone. */
CASE(clients_that_drop_syn_acks_fill_the_syn_queue, .claims = "D2-14", .kernel_seconds = 3,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=1", "net.ipv4.tcp_max_syn_backlog=5" })
{
	/* M - M/4 + 1: the limit that no variant changes */
	struct listener *server = listen_on_server(net, .backlog = 64);
	struct end *clients[5];

	drop_segments(net, .from = SERVER, .what = "SYN-ACK");
	STEP("five clients, none of which gets its SYN-ACK");
	for (int i = 0; i < 5; i++) {
		clients[i] = connect_client(net, server);
		close_end(clients[i]);
		expect_ladder(clients[i],
			      "-    >  SYN            SYN_SENT / SYN_RECV",
			      "0.0  <  SYN-ACK  lost",
			      "-    .                 - / SYN_RECV");
	}
	expect_queue(server, .accept = 0, .syn = 5);
	expect_counters(net, SERVER, "again");

	STEP("the sixth finds no room");
	give_up(dropped_client(net, server, .name = "one too many"));
	expect_queue(server, .accept = 0, .syn = 5);
	expect_counters(net, SERVER, "ListenDrops 1  again");
}

/* ---- those who want in ----------------------------------------------------------------------- */

CASE(client_starves_while_the_syn_queue_is_full, .claims = "D2-13 D2-19", .kernel_seconds = 3,
     .variants = "linear-syn-timeouts exponential-syn-timeouts",
     .server_sysctls = { "net.ipv4.tcp_max_syn_backlog=16" })
{
	struct listener *server = listen_on_server(net, .backlog = 128);

	syn_timeouts_are_linear(net);
	STEP("a request that will end, and a flood that fills up the queue");
	struct peer *first = half_open_peer(net, server);
	flood_listener(server, .syns = 40);
	expect_queue(server, .accept = 0, .syn = 13);
	expect_counters(net, SERVER, "ListenDrops 28  again");

	STEP("a client's SYNs are dropped");
	struct end *client = connect_client(net, server, .name = "client");
	wait_for(client, .sent = 2, .from = CLIENT, .within = 1);
	expect_ladder(client,
		      "-    >  SYN  ignored  SYN_SENT / -",
		      "1.0  >  SYN  ignored");
	expect_queue(server, .accept = 0, .syn = 13);
	expect_counters(net, CLIENT, "TCPTimeouts 1");
	expect_counters(net, SERVER, "ListenDrops 2  again");

	STEP("a request ends, and the client's next SYN gets in");
	peers_go_away(&first, 1);
	expect_queue(server, .accept = 0, .syn = 12);
	expect_silence(client);
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 2);
	expect_ladder(client,
		      "[linear]       2.0  >  SYN      SYN_SENT / SYN_RECV",
		      "[linear]       2.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "[linear]       2.0  >  ACK      ESTABLISHED / ESTABLISHED",
		      "[exponential]  3.0  >  SYN      SYN_SENT / SYN_RECV",
		      "[exponential]  3.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "[exponential]  3.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_connected(client);
	expect_queue(server, .accept = 1, .syn = 12);
	expect_counters(net, CLIENT, "TCPTimeouts 1");
	expect_counters(net, SERVER, "reset_requests 1  again");
}

CASE(flood_to_another_port_leaves_connections_and_newcomers_alone, .claims = "", .covers = "P-76",
     .server_sysctls = { "net.ipv4.tcp_max_syn_backlog=16" })
{
	struct listener *flooded = listen_on_server(net, .backlog = 128, .name = "flooded");
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct end *client = connect_one(net, server);
	struct end *served = accept_client(server, client);

	STEP("while a flood goes to one port, the clients of another are served, and let in");
	COVERS("P-76");
	begin_flood(flooded);
	speak(client, "HELLO");
	expect_read(served, "HELLO");
	struct end *newcomer = connect_one(net, server, .name = "newcomer");
	struct flood flood = end_flood(net);
	accept_client(server, newcomer);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_queue(flooded, .accept = 0, .syn = 13);
	expect_counters(net, SERVER, "ListenDrops %ld  Tcp.InSegs %ld  again", flood.syns - 13,
			flood.syns + 3);
}

/*
 * tcp_peer_is_proven(): the last quarter of tcp_max_syn_backlog is for those whose round-trip time
 * is known from a connection before; tcp_no_metrics_save=0 lets the server remember it.
 */
CASE(last_quarter_of_the_syn_queue_is_for_proven_peers, .claims = "D2-18b",
     .server_sysctls = { "net.ipv4.tcp_max_syn_backlog=16", "net.ipv4.tcp_no_metrics_save=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 128);
	struct peer *peers[13];

	STEP("a client proves itself: its connection ends in order");
	struct end *before = connect_one(net, server);
	struct end *served = accept_client(server, before);
	close_first(before);
	close_last(served, before);

	STEP("strangers get no further than three quarters");
	half_open_peers(server, peers, 13);
	dropped_peer(net, server, .name = "stranger");
	expect_queue(server, .accept = 0, .syn = 13);
	expect_counters(net, SERVER, "ListenDrops 1  again");

	STEP("the proven client gets in");
	accept_client(server, connect_one(net, server));
	expect_queue(server, .accept = 0, .syn = 13);
	expect_counters(net, SERVER, "again");

	STEP("the strangers go away");
	peers_go_away(peers, 13);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "reset_requests 13  again");
}

/* ---- which queue it was ---------------------------------------------------------------------- */

CASE(dropped_syns_are_counted_by_the_queue_that_was_full, .claims = "D2-19 D2-20",
     .covers = "X-10 X-41")
{
	struct peer *peers[2];

	STEP("the accept queue is full: ListenOverflows and ListenDrops, equal numbers");
	COVERS("X-41");
	struct listener *accepting = listen_on_server(net, .backlog = 1);
	connect_clients(net, accepting, 2);
	for (int i = 0; i < 3; i++)
		dropped_peer(net, accepting);
	expect_queue(accepting, .accept = 2, .syn = 0);
	expect_drops(accepting, 3);
	expect_counters(net, SERVER, "ListenOverflows 3  ListenDrops 3");

	STEP("the SYN queue is full: ListenDrops alone, and TCPReqQFullDrop");
	COVERS("X-10 X-41");
	struct listener *server = listen_on_server(net, .backlog = 2);
	half_open_peers(server, peers, 2);
	listen_again(server, 1);
	for (int i = 0; i < 2; i++)
		dropped_peer(net, server);
	expect_queue(server, .accept = 0, .syn = 2);
	expect_drops(server, 2);
	expect_drops(accepting, 3);
	expect_counters(net, SERVER, "ListenDrops 2  TCPReqQFullDrop 2  again");

	STEP("nothing is left");
	peers_go_away(peers, 2);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "reset_requests 2  again");
}
