/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The number that TCP_DEFER_ACCEPT takes: seconds, turned into periods of the request's timer,
 * which doubles from one second up to TCP_RTO_MAX. How long it defers, and how long requests live.
 */
#define TOPIC          "defer accept"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>

/* secs_to_retrans() and retrans_to_secs(): 1, 3, 7, 15 ... 127, and then 120 more each time. */
CASE(seconds_are_rounded_up_to_whole_periods_of_the_timer, .claims = "D1-03", .covers = "P-133")
{
	static const struct {
		int set, reads;
	} rows[] = {
		{ 1, 1 },         { 2, 3 },          { 3, 3 },           { 4, 7 },
		{ 7, 7 },         { 8, 15 },         { 10, 15 },         { 15, 15 },
		{ 16, 31 },       { 30, 31 },        { 31, 31 },         { 32, 63 },
		{ 60, 63 },       { 64, 127 },       { 127, 127 },       { 128, 247 },
		{ 247, 247 },     { 248, 367 },      { 300, 367 },       { 367, 367 },
		{ 368, 487 },     { 29767, 29767 },  { 29768, 29887 },   { 29887, 29887 },
		{ 29888, 29887 }, { 100000, 29887 }, { INT_MAX, 29887 }, { 0, 0 },
		{ 5, 7 },         { -1, 0 },         { INT_MIN, 0 },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	expect_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("%d reads %d", rows[i].set, rows[i].reads);
		COVERS("P-133");
		set_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, rows[i].set);
		expect_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, rows[i].reads);
	}
}

/* ---- how long a silent client is kept waiting ---------------------------------------------- */

#define HANDSHAKE                                                                                  \
	"- > SYN SYN_SENT / SYN_RECV", "0.0 < SYN-ACK ESTABLISHED / SYN_RECV", "0.0 > ACK ignored"
#define GETS_IN(time_) time_ " < SYN-ACK", time_ " > ACK ESTABLISHED / ESTABLISHED"

struct period {
	int seconds;
	const char *ladder[10];
};

CASE(silent_client_is_acceptable_when_the_last_whole_period_has_passed,
     .claims = "D1-01 D1-03 D1-04 D1-05 D1-15 D1-18", .covers = "X-07 P-135", .kernel_seconds = 16)
{
	static const struct period rows[] = {
		{ 1, { HANDSHAKE, GETS_IN("1.0") } },
		{ 2, { HANDSHAKE, "1.0 . timer", GETS_IN("3.0") } },
		{ 3, { HANDSHAKE, "1.0 . timer", GETS_IN("3.0") } },
		{ 4, { HANDSHAKE, "1.0 . timer", "3.0 . timer", GETS_IN("7.0") } },
		{ 7, { HANDSHAKE, "1.0 . timer", "3.0 . timer", GETS_IN("7.0") } },
		{ 8, { HANDSHAKE, "1.0 . timer", "3.0 . timer", "7.0 . timer", GETS_IN("15.0") } },
		{ 15, { HANDSHAKE, "1.0 . timer", "3.0 . timer", "7.0 . timer", GETS_IN("15.0") } },
	};
	enum { ROWS = ARRAY_LENGTH(rows) };
	struct listener *servers[ROWS];
	struct end *clients[ROWS];

	STEP("one silent client for each number of seconds");
	COVERS("X-07 P-135");
	for (int i = 0; i < ROWS; i++) {
		servers[i] = listen_on_server(net, .backlog = 5, .defer = rows[i].seconds);
		clients[i] = connect_client(net, servers[i]);
		expect_connected(clients[i]);
	}
	for (int i = 0; i < ROWS; i++)
		wait_for(clients[i], .state = ESTABLISHED, .host = SERVER, .within = 15);
	for (int i = 0; i < ROWS; i++) {
		expect_lines(net, clients[i]->flow, rows[i].ladder);
		expect_read_error(accept_client(servers[i], clients[i]), EAGAIN);
	}
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 7  TCPTimeouts 19");
	expect_counters(net, CLIENT, "challenges 7");
}

/* syn_ack_recalc(): the deferral counts for more than the sysctl. */
CASE(silent_client_is_accepted_though_no_syn_ack_is_to_be_sent_again, .claims = "D1-04 D1-26",
     .covers = "X-45", .kernel_seconds = 7.5, .server_sysctls = { "net.ipv4.tcp_synack_retries=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 5);
	struct end *client = connect_deferred(net, server);

	STEP("with tcp_synack_retries 0 the SYN-ACK comes again all the same when the period ends");
	COVERS("X-45");
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 7.5);
	expect_ladder(client,
		      "1.0  .  timer",
		      "3.0  .  timer",
		      GETS_IN("7.0"));
	expect_queue(server, .accept = 1, .syn = 0);
	expect_read_error(accept_client(server, client), EAGAIN);
	expect_counters(net, SERVER, "TCPTimeouts 3");
	expect_counters(net, CLIENT, "challenges 1");
}

/* tcp_check_req() drops it like the first, and touches neither the timer nor what it counts. */
CASE(bare_ack_that_comes_again_leaves_the_period_as_it_was, .claims = "D1-03 D1-08",
     .kernel_seconds = 4.5)
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 3);
	struct peer *clock = ticking_request(net, server);

	STEP("a peer's bare ACK is dropped");
	struct peer *peer = half_open_peer(net, server, .name = "peer");
	ack_is_ignored(peer);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1");

	STEP("another bare ACK is dropped a second after the request's timer has fired, when "
	     "2 s are running");
	wait_for(clock, .timeouts = 2, .within = 2);
	expect_ladder(clock, "3.0  <  SYN-ACK");
	expect_ladder(peer, "1.0  .  timer");
	ack_is_ignored(peer);
	expect_request_timer(peer, .timeouts = 1, .due = 3.0);
	expect_queue(server, .accept = 0, .syn = 2);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1  TCPTimeouts 2");

	STEP("the period ends when it would have ended, and the next bare ACK gets in");
	wait_for(peer, .timeouts = 2, .within = 1.2);
	expect_ladder(peer, "3.0  <  SYN-ACK");
	ack_makes_the_connection(peer);
	expect_queue(server, .accept = 1, .syn = 1);
	expect_read_error(accept_peer(server, peer), EAGAIN);
	expect_counters(net, SERVER, "TCPTimeouts 1");
}

/* ---- how long a request lives -------------------------------------------------------------- */

/* A peer that sends so much of a handshake and then nothing more. */
struct life {
	const char *name;
	int defer;
	int syn_count;         /* TCP_SYNCNT of its listener; 0: tcp_synack_retries */
	bool acks, asks_again; /* a bare ACK; and its SYN once more */
	const char *ladder[8]; /* from then on */
};

static void expect_lives(struct scene *net, const struct life *lives, int count)
{
	struct listener *servers[8];
	struct peer *peers[8];

	for (int i = 0; i < count; i++) {
		servers[i] = listen_on_server(net, .backlog = 5, .defer = lives[i].defer);
		if (lives[i].syn_count)
			set_option(servers[i], IPPROTO_TCP, TCP_SYNCNT, lives[i].syn_count);
		peers[i] = half_open_peer(net, servers[i], .name = lives[i].name);
		if (lives[i].acks)
			ack_is_ignored(peers[i]);
		if (lives[i].asks_again)
			syn_is_answered_again(peers[i]);
	}
	for (int i = 0; i < count; i++)
		wait_for(peers[i], .gone = true, .host = SERVER, .within = 64);
	for (int i = 0; i < count; i++) {
		expect_lines(net, peers[i]->flow, lives[i].ladder);
		expect_queue(servers[i], .accept = 0, .syn = 0);
		expect_nothing_to_accept(servers[i]);
	}
}

CASE(request_that_was_acknowledged_lives_to_the_end_of_the_deferral, .claims = "D1-08 D1-26",
     .kernel_seconds = 32, .server_sysctls = { "net.ipv4.tcp_synack_retries=0" })
{
	static const struct life lives[] = {
		{ .name = "defer 10, retries 2",
		  .defer = 10,
		  .syn_count = 2,
		  .acks = true,
		  .ladder = { "1.0 . timer", "3.0 . timer", "7.0 . timer", "15.0 < SYN-ACK",
			      "31.0 . - / -" } },
		{ .name = "defer 5, retries 0",
		  .defer = 5,
		  .acks = true,
		  .ladder = { "1.0 . timer", "3.0 . timer", "7.0 < SYN-ACK", "15.0 . - / -" } },
		{ .name = "defer 5, retries 0, its SYN again",
		  .defer = 5,
		  .acks = true,
		  .asks_again = true,
		  .ladder = { "1.0 . timer", "3.0 . timer", "7.0 < SYN-ACK", "15.0 . - / -" } },
		{ .name = "defer 3, retries 3",
		  .defer = 3,
		  .syn_count = 3,
		  .acks = true,
		  .ladder = { "1.0 . timer", "3.0 < SYN-ACK", "7.0 < SYN-ACK", "15.0 . - / -" } },
		{ .name = "defer 10, retries 2, no ACK",
		  .defer = 10,
		  .syn_count = 2,
		  .ladder = { "1.0 < SYN-ACK", "3.0 < SYN-ACK", "7.0 . - / -" } },
	};

	STEP("five peers fall silent, four of them after a bare ACK");
	expect_lives(net, lives, ARRAY_LENGTH(lives));
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 4  TCPTimeouts 20");
}

CASE(request_lives_for_its_retries_where_they_take_longer_than_the_deferral,
     .claims = "D1-08 D1-26", .kernel_seconds = 65, .virtual_time = true,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=5" })
{
	static const struct life life = {
		.name = "defer 3, retries 5",
		.defer = 3,
		.acks = true,
		.ladder = { "1.0 . timer", "3.0 < SYN-ACK", "7.0 < SYN-ACK", "15.0 < SYN-ACK",
			    "31.0 < SYN-ACK", "63.0 . - / -" },
	};

	STEP("a peer falls silent after its bare ACK");
	expect_lives(net, &life, 1);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1  TCPTimeouts 6");
}
