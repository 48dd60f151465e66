/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYN-ACK retransmission: how often a half-open request's SYN-ACK goes out, when, and what changes
 * that. Nobody answers here: the peers are raw ones.
 */
#define TOPIC          "SYN-ACK retransmission"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

/* A listener's patience, and what a peer hears that sends a SYN and nothing more. */
struct patience {
	const char *synack_retries; /* net.ipv4.tcp_synack_retries */
	int syncnt;                 /* TCP_SYNCNT of the listener; 0: not set */
	int retries;                /* which makes so many */
	double life;                /* of the request, in seconds */
	const char *ladder[4];
};

static void expect_patience(struct scene *net, const struct patience *row)
{
	STEP("tcp_synack_retries %s, TCP_SYNCNT %d: the SYN-ACK goes out again %d times",
	     row->synack_retries, row->syncnt, row->retries);
	COVERS("P-89 P-124");
	set_sysctl(net, SERVER, "net.ipv4.tcp_synack_retries=%s", row->synack_retries);
	struct listener *server = listen_on_server(net, .backlog = 5);
	if (row->syncnt) {
		set_option(server, IPPROTO_TCP, TCP_SYNCNT, row->syncnt);
		expect_bad_option(server, IPPROTO_TCP, TCP_SYNCNT, 0);
		expect_bad_option(server, IPPROTO_TCP, TCP_SYNCNT, 128); /* MAX_TCP_SYNCNT + 1 */
		expect_option(server, IPPROTO_TCP, TCP_SYNCNT, row->syncnt);
	}
	struct peer *silent = half_open_peer(net, server);
	wait_for(silent, .gone = true, .host = SERVER, .within = row->life);
	expect_lines(net, silent->flow, row->ladder);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "TCPTimeouts %d", row->retries + 1);

	STEP("the peer's ACK comes too late: nobody knows of the request any more");
	ack_is_answered_with_reset(silent);
	expect_nothing_to_accept(server);
}

CASE(silent_peer_gets_its_syn_ack_again_as_often_as_tcp_synack_retries_says,
     .claims = "D2-11 D2-12", .covers = "P-89 P-124", .kernel_seconds = 21)
{
	static const struct patience rows[] = {
		{ "0", 0, 0, 1, { "1.0 . - / -" } },
		{ "1", 0, 1, 3, { "1.0 < SYN-ACK", "3.0 . - / -" } },
		{ "2", 0, 2, 7, { "1.0 < SYN-ACK", "3.0 < SYN-ACK", "7.0 . - / -" } },
		/* an option of the listener counts for more than the sysctl, in both directions */
		{ "5", 1, 1, 3, { "1.0 < SYN-ACK", "3.0 . - / -" } },
		{ "0", 2, 2, 7, { "1.0 < SYN-ACK", "3.0 < SYN-ACK", "7.0 . - / -" } },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		expect_patience(net, &rows[i]);
}

/* Nothing is set: five times, 63 s. */
CASE(silent_peer_gets_its_syn_ack_again_for_a_minute_by_default, .claims = "D2-11 D2-12",
     .kernel_seconds = 63, .virtual_time = true, .kernel_defaults = true)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a SYN, and silence");
	struct peer *silent = half_open_peer(net, server);
	expect_request_timer(silent, .timeouts = 0, .due = 1.0);
	wait_for(silent, .gone = true, .host = SERVER, .within = 63);
	expect_ladder(silent,
		      "1.0   <  SYN-ACK",
		      "3.0   <  SYN-ACK",
		      "7.0   <  SYN-ACK",
		      "15.0  <  SYN-ACK",
		      "31.0  <  SYN-ACK",
		      "63.0  .           - / -");
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "TCPTimeouts 6");
}

/* ---- a queue that is more than half full ---------------------------------------------------- */

/* Requests in a queue that is so full, the first of them a second older, and how many end early. */
struct crowding {
	int backlog, old, requests, given_up;
	struct listener *listener;
	struct peer *peers[9];
	int asked; /* that have sent their SYN */
};

static void ask(struct crowding *row, int count)
{
	half_open_peers(row->listener, row->peers + row->asked, count);
	row->asked += count;
	expect_queue(row->listener, .accept = 0, .syn = row->asked);
}

/* The first @count of them, at the third timeout: who is given up got no third SYN-ACK again. */
static void expect_third_timeout(const struct crowding *row, int count)
{
	for (int i = 0; i < count; i++)
		expect_ladder(row->peers[i],
			      "1.0  <  SYN-ACK",
			      "3.0  <  SYN-ACK",
			      i < row->given_up ? "7.0  .           - / -" : "7.0  <  SYN-ACK");
}

/*
 * reqsk_timer_handler(): while twice the number of requests is more than the backlog, and more than
 * 8, one that has timed out before is given up when its SYN-ACK was sent again twice, unless there
 * are young requests. So those that are 7 s old first end, until few enough are left.
 */
CASE(old_requests_are_given_up_early_while_the_queue_is_more_than_half_full, .claims = "D2-12b",
     .kernel_seconds = 8,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=5", "net.ipv4.tcp_max_syn_backlog=128" })
{
	struct crowding rows[] = {
		{ .backlog = 10, .old = 2, .requests = 7, .given_up = 2 }, /* 5 are half of it */
		{ .backlog = 16, .old = 2, .requests = 7, .given_up = 0 },
		{ .backlog = 6, .old = 1, .requests = 5, .given_up = 1 }, /* 4 are half of 8 */
		{ .backlog = 4, .old = 1, .requests = 4, .given_up = 0 },
	};
	int requests = 0;

	STEP("four listeners have served a client each, which leaves no trace in the SYN queue");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		rows[i].listener = listen_on_server(net, .backlog = rows[i].backlog);
		accept_client(rows[i].listener, connect_one(net, rows[i].listener));
	}

	STEP("requests that nobody answers, and a second later more of them in each queue");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		ask(&rows[i], rows[i].old);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		wait_for(rows[i].peers[rows[i].old - 1], .timeouts = 1, .within = 1);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		ask(&rows[i], rows[i].requests - rows[i].old);
		requests += rows[i].requests;
	}

	wait_for(net, .counter = "TCPTimeouts", .host = SERVER, .moved = 3 * requests, .within = 7);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		expect_third_timeout(&rows[i], rows[i].requests);
		expect_queue(rows[i].listener, .accept = 0,
			     .syn = rows[i].requests - rows[i].given_up);
	}
	expect_counters(net, SERVER, "TCPTimeouts %d", 3 * requests);

	STEP("the others are asked on, and may still come: their ACKs make connections");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		for (int k = rows[i].given_up; k < rows[i].requests; k++)
			ack_makes_the_connection(rows[i].peers[k]);
}

/*
 * An event of the kernel's 3.5 s from now: the client's data is lost, and its socket gives it up so
 * long after the first retransmission.
 */
static void wind_up_the_alarm(struct end *client)
{
	needs_rto_below(client, 0.216);
	drop_segments(scene_of(client), .from = CLIENT, .what = "DATA", .of = client);
	set_option(client, IPPROTO_TCP, TCP_USER_TIMEOUT, 3300);
	send_text(client, "HELLO");
}

static void expect_the_alarm(struct end *client)
{
	wait_for(client, .gone = true, .host = CLIENT, .within = 3.5);
	expect_ladder(client,
		      "-          >  DATA 5  lost",
		      "1rto       >  DATA 5  lost",
		      "3rto       >  DATA 5  lost",
		      "7rto       >  DATA 5  lost",
		      "15rto      >  DATA 5  lost",
		      "1rto+3.3   .          - / ESTABLISHED");
}

static void expect_fates(const struct crowding *row)
{
	expect_third_timeout(row, row->old);
	for (int i = row->old; i < row->requests; i++)
		expect_ladder(row->peers[i],
			      "1.0  <  SYN-ACK",
			      "3.0  <  SYN-ACK");
	expect_queue(row->listener, .accept = 0, .syn = row->requests + 1 - row->given_up);
}

/*
 * reqsk_timer_handler() again. A request whose SYN-ACK was sent again twice is given up unless
 * there are less than eight requests for each young one.
 */
CASE(young_request_keeps_old_ones_from_being_given_up_early, .claims = "D2-12b",
     .kernel_seconds = 7.5, .server_sysctls = { "net.ipv4.tcp_synack_retries=5" })
{
	struct crowding rows[] = {
		{ .backlog = 10, .old = 6, .requests = 6, .given_up = 0 },
		{ .backlog = 10, .old = 2, .requests = 8, .given_up = 2 },
	};

	STEP("two listeners, and a client that is served");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		rows[i].listener = listen_on_server(net, .backlog = rows[i].backlog);
	struct end *alarm = connect_one(net, rows[0].listener);
	accept_client(rows[0].listener, alarm);

	STEP("requests that nobody answers, six in one queue and eight in the other");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		ask(&rows[i], rows[i].old);
	wait_for(net, .counter = "TCPTimeouts", .host = SERVER, .moved = 8, .within = 1);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		ask(&rows[i], rows[i].requests - rows[i].old);
	wait_for(net, .counter = "TCPTimeouts", .host = SERVER, .moved = 22, .within = 2);
	expect_counters(net, SERVER, "TCPTimeouts 22");

	STEP("one more request comes to each queue, half a second before the oldest are 7 s old");
	wind_up_the_alarm(alarm);
	expect_the_alarm(alarm);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		ask(&rows[i], 1);
	expect_counters(net, SERVER, "TCPTimeouts 6");
	expect_counters(net, CLIENT, "TCPTimeouts 5  aborts 1");

	STEP("seven requests are all kept, and of nine the two oldest are given up");
	wait_for(net, .counter = "TCPTimeouts", .host = SERVER, .moved = 8, .within = 0.6);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		expect_fates(&rows[i]);
	expect_counters(net, SERVER, "TCPTimeouts 8");
}

/*
 * reqsk_queue_migrated() counts a request that moves as young, and its timer then takes it from
 * those: else of each one that has moved, one more request would have to be young.
 */
CASE(request_that_has_moved_leaves_the_count_of_the_young_as_it_was, .claims = "",
     .kernel_seconds = 8.5,
     .server_sysctls = { "net.ipv4.tcp_migrate_req=1", "net.ipv4.tcp_synack_retries=5" })
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 10, .moves = true);
	struct crowding row = { .listener = members.second, .old = 6, .requests = 6 };

	STEP("a request moves to the twin with its timer, and ends there");
	struct peer *peer = half_open_peer(net, members.first);
	close_listener(members.first);
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  <  SYN-ACK  moved");
	reset_ends_the_request(peer);
	expect_queue(members.second, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "TCPTimeouts 1  TCPMigrateReqSuccess 1  reset_requests 1");

	STEP("six requests at the twin, which nobody answers");
	struct end *alarm = connect_one(net, members.second);
	accept_client(members.second, alarm);
	ask(&row, row.old);
	wait_for(net, .counter = "TCPTimeouts", .host = SERVER, .moved = 12, .within = 3);
	expect_counters(net, SERVER, "TCPTimeouts 12");

	STEP("one more comes half a second before they are 7 s old: all are kept");
	wind_up_the_alarm(alarm);
	expect_the_alarm(alarm);
	ask(&row, 1);
	expect_counters(net, CLIENT, "TCPTimeouts 5  aborts 1");
	wait_for(net, .counter = "TCPTimeouts", .host = SERVER, .moved = 6, .within = 0.6);
	expect_fates(&row);
	expect_counters(net, SERVER, "TCPTimeouts 6");
}

/* ---- the client's own SYN, again ------------------------------------------------------------ */

/*
 * tcp_check_req(): a SYN like the first is answered at once, at most twice a second
 * (tcp_invalid_ratelimit), and the timer is set anew for the period that it has reached.
 */
CASE(syn_that_comes_again_is_answered_at_once_and_puts_the_timer_off, .claims = "D2-12c",
     .covers = "P-111", .kernel_seconds = 9, .server_sysctls = { "net.ipv4.tcp_synack_retries=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *clock = ticking_request(net, server);

	STEP("the SYN of a request comes again, twice within 500 ms");
	COVERS("P-111");
	struct peer *peer = half_open_peer(net, server, .name = "peer");
	syn_is_answered_again(peer);
	peer_syn(peer);
	expect_ladder(peer, "-  >  SYN  ignored");
	expect_queue(server, .accept = 0, .syn = 2);
	expect_request_timer(peer, .timeouts = 0, .due = 1.0);
	expect_counters(net, SERVER, "TCPACKSkippedSynRecv 1");

	STEP("a second after its own timer has fired, when 2 s are running, the SYN comes again");
	wait_for(clock, .timeouts = 2, .within = 2);
	expect_ladder(peer, "1.0  <  SYN-ACK");
	expect_ladder(clock, "3.0  <  SYN-ACK");
	expect_request_timer(peer, .timeouts = 1, .due = 3.0);
	syn_is_answered_again(peer);
	expect_counters(net, SERVER, "TCPTimeouts 2");

	STEP("the timer's 2 s begin anew, and no retry was used up");
	wait_for(peer, .timeouts = 2, .within = 2.5);
	expect_ladder(peer, "+2.0  <  SYN-ACK");
	expect_counters(net, SERVER, "TCPTimeouts 1");

	STEP("the requests expire");
	wait_for(peer, .gone = true, .host = SERVER, .within = 5);
	expect_ladder(peer, "+4.0  .  - / -");
	expect_ladder(clock, "7.0   .  - / -");
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "TCPTimeouts 2");
}

/* Retransmissions of lost data, 0.2 s and 0.6 s after it, are on either side of half a second. */
CASE(syn_that_comes_again_is_answered_twice_a_second_at_most, .claims = "D2-12c",
     .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *peer = raw_peer(net, server);

	STEP("a client is connected");
	struct end *clock = connect_one(net, server);
	needs_rto_below(clock, 0.24);

	STEP("the client's data is lost, and a peer's SYN comes twice: the second one is answered "
	     "too");
	drop_segments(net, .from = CLIENT, .what = "DATA", .of = clock);
	peer_syn(peer);
	peer_syn(peer);
	send_text(clock, "HELLO");
	expect_ladder(peer,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK",
		      "-    >  SYN",
		      "+0.0 <  SYN-ACK");

	STEP("0.2 s later the SYN is ignored");
	wait_for(clock, .sent = 4, .from = CLIENT, .within = 0.3);
	peer_syn(peer);
	expect_ladder(peer, "-  >  SYN  ignored");
	expect_counters(net, SERVER, "TCPACKSkippedSynRecv 1");
	expect_counters(net, CLIENT, "TCPTimeouts 1");

	STEP("0.6 s after the second SYN it is answered");
	wait_for(clock, .sent = 5, .from = CLIENT, .within = 0.5);
	syn_is_answered_again(peer);
	expect_ladder(clock,
		      "-    >  DATA 5  lost",
		      "1rto >  DATA 5  lost",
		      "3rto >  DATA 5  lost");
	expect_request_timer(peer, .timeouts = 0, .due = 1.6);
	expect_queue(server, .accept = 1, .syn = 1);
	expect_counters(net, CLIENT, "TCPTimeouts 1");
}

/* ---- what the connection knows of it --------------------------------------------------------- */

static void expect_retransmissions(struct end *served, int count)
{
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t length = sizeof(info);

	expect_call(served, "getsockopt TCP_INFO", 0,
		    getsockopt(served->fd, IPPROTO_TCP, TCP_INFO, &info, &length));
	expect_result(served, "tcpi_total_retrans", count, (long)info.tcpi_total_retrans);
}

/* inet_rtx_syn_ack(), tcp_create_openreq_child() */
CASE(accepted_socket_tells_how_often_its_syn_ack_was_sent_again, .claims = "", .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a peer sends its SYN again, and then a second goes by");
	struct peer *slow = half_open_peer(net, server);
	syn_is_answered_again(slow);
	wait_for(slow, .timeouts = 1, .within = 1.5);
	expect_ladder(slow, "+1.0  <  SYN-ACK");
	expect_counters(net, SERVER, "TCPTimeouts 1");
	ack_makes_the_connection(slow);
	expect_retransmissions(accept_peer(server, slow), 2);

	STEP("another one only sends its SYN again");
	struct peer *again = half_open_peer(net, server);
	syn_is_answered_again(again);
	ack_makes_the_connection(again);
	expect_retransmissions(accept_peer(server, again), 1);

	STEP("a third one answers at once");
	struct peer *prompt = half_open_peer(net, server);
	ack_makes_the_connection(prompt);
	expect_retransmissions(accept_peer(server, prompt), 0);
}
