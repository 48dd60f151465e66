/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP_DEFER_ACCEPT and a full accept queue: the data is dropped, and nothing else happens before
 * the period ends.
 */
#define TOPIC          "defer accept"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>

/*
 * With a backlog of 1 this leaves room for one more. The case makes the queue a full one with
 * listen_again(server, 0), after the SYN that would not be taken then.
 */
static struct end *other_waits_in_the_queue(struct scene *net, struct listener *server)
{
	STEP("another one, who did send data, waits in the accept queue");
	struct end *other = connect_deferred(net, server, .name = "other");

	data_makes_the_connection(other, "HELLO");
	expect_queue(server, .accept = 1, .syn = 0);
	return other;
}

/* Connected for the client, half-open for the server; then the accept queue is full. */
static struct end *client_at_a_full_queue(struct scene *net, struct listener *server)
{
	STEP("the client's bare ACK is dropped");
	struct end *client = connect_deferred(net, server, .name = "client");

	STEP("with a smaller backlog the accept queue is full");
	listen_again(server, 0);
	expect_silence(client);
	expect_queue(server, .accept = 1, .syn = 1);
	return client;
}

CASE(deferred_data_that_met_a_full_queue_comes_after_its_connection,
     .claims = "D1-01 D1-02 D1-11 D1-12 D1-13 D1-17 D1-18 D1-19 D1-20 D1-21", .kernel_seconds = 2)
{
	struct listener *server = listen_on_server(net, .backlog = 1, .defer = 1);
	struct end *other = other_waits_in_the_queue(net, server);
	struct end *client = client_at_a_full_queue(net, server);

	/* 3 RTO after the data is before the SYN-ACK at 1 s, and 7 RTO are after it */
	needs_rto_below(client, 0.24);
	STEP("the client's data is dropped twice");
	drop_segments(net, .from = CLIENT, .what = "DATA", .of = client, .skip = 2);
	send_text(client, "HELLO");
	wait_for(client, .sent = 4, .from = CLIENT, .within = 0.3);
	expect_ladder(client,
		      "-     >  DATA 5  ignored",
		      "1rto  >  DATA 5  ignored");
	expect_queue(server, .accept = 1, .syn = 1);
	expect_counters(net, SERVER, "overflows 2");
	expect_counters(net, CLIENT, "TCPTimeouts 1");

	STEP("a slot is free, the data is lost once more, and the period ends");
	accept_client(server, other);
	expect_silence(client);
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 1);
	stop_rules(net);
	expect_ladder(client,
		      "3rto  >  DATA 5  lost",
		      "1.0   <  SYN-ACK",
		      "1.0   >  ACK     ESTABLISHED / ESTABLISHED");
	struct end *served = accept_client(server, client);
	expect_read_error(served, EAGAIN);
	expect_counters(net, SERVER, "TCPTimeouts 1");
	expect_counters(net, CLIENT, "TCPTimeouts 1  challenges 1");

	STEP("the data comes with the client's next retransmission");
	wait_for(client, .sent = 7, .from = CLIENT, .within = 1);
	expect_read(served, "HELLO");
	expect_ladder(client,
		      "7rto  >  DATA 5",
		      "+0.0  <  ACK");
	expect_counters(net, CLIENT, "TCPTimeouts 1");
}

/* The data is sent right after the second timeout, which keeps the two ends' timers well apart. */
static void time_out_twice(struct scene *net, struct end *client)
{
	/* 31 RTO after the data, about 9.3 s, is after the SYN-ACK at 7 s; 15 RTO are before it */
	needs_rto_below(client, 0.24);
	STEP("the request times out twice, and sends nothing");
	wait_for(client, .timeouts = 2, .within = 3);
	expect_ladder(client,
		      "1.0  .  timer",
		      "3.0  .  timer");
	expect_request_timer(client, .timeouts = 2, .due = 7.0);
	expect_counters(net, SERVER, "TCPTimeouts 2");
}

/* One SYN-ACK at the end of the period, not one at each timeout. */
CASE(deferred_client_that_met_a_full_queue_gets_one_syn_ack_at_the_end_of_the_period,
     .claims = "D1-01 D1-02 D1-12 D1-13 D1-15 D1-17 D1-18 D1-19 D1-20 D1-30", .kernel_seconds = 10)
{
	struct listener *server = listen_on_server(net, .backlog = 1, .defer = 5);
	struct end *other = other_waits_in_the_queue(net, server);
	struct end *client = client_at_a_full_queue(net, server);

	time_out_twice(net, client);
	STEP("the client's data is dropped, and so is each retransmission");
	send_text(client, "HELLO");
	wait_for(client, .sent = 7, .from = CLIENT, .within = 3.3);
	expect_ladder(client,
		      "-      >  DATA 5  ignored",
		      "1rto   >  DATA 5  ignored",
		      "3rto   >  DATA 5  ignored",
		      "7rto   >  DATA 5  ignored",
		      "15rto  >  DATA 5  ignored");
	expect_queue(server, .accept = 1, .syn = 1);
	expect_request_timer(client, .timeouts = 2, .due = 7.0);
	expect_counters(net, SERVER, "overflows 5");
	expect_counters(net, CLIENT, "TCPTimeouts 4");

	STEP("a slot is free: that alone changes nothing");
	accept_client(server, other);
	expect_silence(client);
	expect_nothing_to_accept(server);

	STEP("the period ends: the answer to its SYN-ACK makes a connection without the data");
	next_syn_ack_makes_the_connection(client, 7.0);
	struct end *served = accept_client(server, client);
	expect_read_error(served, EAGAIN);

	STEP("the data comes two seconds later, with the client's next retransmission");
	wait_until_readable(served, 2.8);
	expect_read(served, "HELLO");
	expect_ladder(client,
		      "31rto  >  DATA 5",
		      "+0.0   <  ACK");
	expect_counters(net, CLIENT, "TCPTimeouts 1");

	STEP("and then it is a connection like any other");
	speak(served, "WORLD");
	expect_read(client, "WORLD");
}

/* Past the period the request is one like any other that meets a full accept queue. */
CASE(deferred_client_that_meets_a_full_queue_at_the_end_of_the_period_is_asked_again,
     .claims = "D1-11 D1-12 D1-13 D1-14 D1-16 D1-17 D1-29 D1-30", .kernel_seconds = 10,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=5" })
{
	struct listener *server = listen_on_server(net, .backlog = 1, .defer = 2);
	struct end *other = other_waits_in_the_queue(net, server);
	struct end *client = client_at_a_full_queue(net, server);

	needs_rto_below(client, 0.24);
	STEP("the period ends, and the client's answer meets the full queue");
	wait_for(client, .sent = 2, .from = SERVER, .within = 3);
	expect_ladder(client,
		      "1.0  .  timer",
		      "3.0  <  SYN-ACK",
		      "3.0  >  ACK      ignored");
	expect_queue(server, .accept = 1, .syn = 1);
	expect_request_timer(client, .timeouts = 2, .due = 7.0);
	expect_counters(net, SERVER, "TCPTimeouts 2  overflows 1");
	expect_counters(net, CLIENT, "challenges 1");

	STEP("so does its data, and its answer to the next SYN-ACK");
	send_text(client, "HELLO");
	wait_for(client, .sent = 3, .from = SERVER, .within = 4.2);
	expect_ladder(client,
		      "-      >  DATA 5  ignored",
		      "1rto   >  DATA 5  ignored",
		      "3rto   >  DATA 5  ignored",
		      "7rto   >  DATA 5  ignored",
		      "15rto  >  DATA 5  ignored",
		      "7.0    <  SYN-ACK",
		      "7.0    >  ACK     ignored");
	expect_queue(server, .accept = 1, .syn = 1);
	expect_request_timer(client, .timeouts = 3, .due = 15.0);
	expect_counters(net, SERVER, "TCPTimeouts 1  overflows 6");
	expect_counters(net, CLIENT, "TCPTimeouts 4  challenges 1");

	STEP("a slot is free when the data comes again: it makes the connection, and is read");
	accept_client(server, other);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);
	expect_no_event(epoll);
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 2.8);
	expect_ladder(client,
		      "31rto  >  DATA 5  ESTABLISHED / ESTABLISHED",
		      "+0.0   <  ACK");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(epoll);
	expect_read(accept_client(server, client), "HELLO");
	expect_counters(net, CLIENT, "TCPTimeouts 1");
}

/* inet_rsk(req)->acked is set by whatever acknowledges the SYN-ACK and is dropped. */
CASE(data_that_met_a_full_queue_keeps_syn_acks_back_like_a_bare_ack, .claims = "D1-08 D1-11 D1-15",
     .kernel_seconds = 7.5, .server_sysctls = { "net.ipv4.tcp_synack_retries=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 1, .defer = 2);

	other_waits_in_the_queue(net, server);
	STEP("a peer's first segment after the SYN-ACK is data, and the accept queue is full");
	struct peer *peer = half_open_peer(net, server);
	listen_again(server, 0);
	peer_data(peer, "HELLO");
	expect_ladder(peer, "-  >  DATA 5  ignored");
	expect_queue(server, .accept = 1, .syn = 1);
	expect_counters(net, SERVER, "overflows 1");

	STEP("the server waits for more of it, and gives up");
	wait_for(peer, .gone = true, .host = SERVER, .within = 7);
	expect_ladder(peer,
		      "1.0  .  timer",
		      "3.0  <  SYN-ACK",
		      "7.0  .           - / -");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPTimeouts 3");
}

/* ---- what is dropped, and what is answered all the same ------------------------------------ */

/* One segment that meets a deferred request and a full accept queue, and what becomes of it. */
struct encounter {
	const char *what;
	struct peer_segment segment;      /* of a peer whose timestamps have come to 1002 */
	const char *ladder[3], *counters; /* besides those of its bare ACK and of its end */
};

/* A peer whose bare ACK was dropped; then the accept queue is full. */
static struct peer *deferred_peer(struct scene *net, struct listener *server)
{
	struct peer *peer = raw_peer(net, server);

	listen_again(server, 5);
	peer_send(peer, .flags = SYN, .timestamps = true, .tsval = 1000);
	peer_send(peer, .timestamps = true, .tsval = 1001, .tsecr = peer->heard.tsval);
	listen_again(server, 0);
	expect_ladder(peer,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK",
		      "-    >  ACK      ignored");
	expect_queue(server, .accept = 1, .syn = 1);
	return peer;
}

static void expect_encounter(struct scene *net, struct listener *server,
			     const struct encounter *encounter)
{
	struct peer_segment segment = encounter->segment;

	STEP("%s", encounter->what);
	COVERS(encounter->segment.tsval ? "X-24" : NULL);
	struct peer *peer = deferred_peer(net, server);
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);

	expect_event(epoll); /* the other one */
	segment.timestamps = true;
	segment.tsval = segment.tsval ? segment.tsval : 1002;
	segment.tsecr = segment.flags & SYN ? 0 : peer->heard.tsval;
	peer_sends(peer, segment);
	expect_lines(net, peer->flow, encounter->ladder);
	expect_queue(server, .accept = 1, .syn = 1);
	expect_no_event(epoll);
	peer_send(peer, .flags = RST, .seq = (int32_t)(peer->isn + 1 - peer->seq));
	expect_ladder(peer, "-  >  RST  - / -");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1  reset_requests 1  %s",
			encounter->counters);
}

CASE(deferred_request_drops_what_may_connect_and_answers_what_is_wrong,
     .claims = "D1-07 D1-14 D1-16", .covers = "X-24")
{
	static const struct encounter encounters[] = {
		{ "a bare ACK again is dropped, and the queue does not matter",
		  { .flags = ACK },
		  { "- > ACK ignored" },
		  "TCPDeferAcceptDrop 1" },
		{ "data is dropped, as the queue is full",
		  { .text = "HELLO" },
		  { "- > DATA 5 ignored" },
		  "overflows 1" },
		{ "so is an empty ACK ahead of data",
		  { .seq = 5 },
		  { "- > ACK seq 6 ignored" },
		  "overflows 1" },
		{ "and a FIN", { .flags = FIN | ACK }, { "- > FIN-ACK ignored" }, "overflows 1" },
		{ "a SYN again is answered",
		  { .flags = SYN },
		  { "- > SYN", "+0.0 < SYN-ACK" },
		  "" },
		{ "a keepalive probe is answered",
		  { .seq = -1 },
		  { "- > ACK seq 0", "+0.0 < ACK" },
		  "" },
		{ "data beyond the window is answered",
		  { .seq = 1000000, .text = "HELLO" },
		  { "- > DATA 5 seq 1000001", "+0.0 < ACK" },
		  "" },
		{ "data with an old timestamp is answered",
		  { .text = "HELLO", .tsval = 999 },
		  { "- > DATA 5 ignored", "+0.0 < ACK ack 1" },
		  "PAWSEstab 1" },
		{ "an ACK of what was never sent is reset, and the request stays",
		  { .ack = 1 },
		  { "- > ACK ack 2", "+0.0 < RST" },
		  "" },
	};
	struct listener *server = listen_on_server(net, .backlog = 1, .defer = 10);

	other_waits_in_the_queue(net, server);
	for (size_t i = 0; i < ARRAY_LENGTH(encounters); i++)
		expect_encounter(net, server, &encounters[i]);
}
