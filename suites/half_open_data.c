/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data for a server that is half-open still: whether it is dropped, who gives up first and how that
 * ends, and what becomes of the data when a slot is free. docs/half-open.md tells the story.
 */
#define TOPIC          "data while half-open"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* ---- with room: data is a handshake ACK like any other --------------------------------------- */

CASE(data_completes_a_handshake_whose_ack_was_lost, .claims = "D2-05 D2-36", .covers = "P-115")
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct epoll_waiter *level = wait_in_epoll(server, .name = "level-triggered epoll");
	struct epoll_waiter *edge =
		wait_in_epoll(server, .name = "edge-triggered epoll", .edge_triggered = true);

	STEP("a client's final ACK is lost");
	struct end *client = client_with_lost_ack(server, .name = "client");
	expect_queue(server, .accept = 0, .syn = 1);
	expect_nothing_to_accept(server);
	expect_no_event(level);
	expect_no_event(edge);
	expect_no_timer(client);

	STEP("the client's data is not dropped for the state SYN_RECV: it completes the handshake");
	COVERS("P-115");
	data_makes_the_connection(client, "HELLO");
	expect_unacknowledged(client, 0);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(level);
	expect_event(edge);
	struct end *served = accept_client(server, client);
	expect_read(served, "HELLO");

	STEP("the client has no more to say, and hears the server's answer all the same");
	COVERS("P-115");
	shutdown_end(client, SHUT_WR);
	wait_for(client, .state = FIN_WAIT2, .host = CLIENT, .within = 0.2); /* a delayed ACK */
	expect_end_of_file(served);
	send_text(served, "WORLD");
	expect_ladder(client,
		      "-    >  FIN-ACK  FIN_WAIT1 / CLOSE_WAIT",
		      "+0.0 <  ACK      FIN_WAIT2 / CLOSE_WAIT",
		      "-    <  DATA 5",
		      "+0.0 >  ACK");
	expect_read(client, "WORLD");
}

CASE(data_behind_a_hole_completes_the_handshake_and_waits, .claims = "D2-33 D2-36",
     .covers = "P-48")
{
	struct listener *server = listen_on_server(net, .backlog = 2);

	STEP("a peer sends SYN, and then the second half of its data");
	struct peer *peer = half_open_peer(net, server);
	peer_send(peer, .text = "WORLD", .seq = 5);
	expect_ladder(peer,
		      "-    >  DATA 5 seq 6  - / ESTABLISHED",
		      "+0.0 <  ACK");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPOFOQueue 1");

	STEP("accept() gives a connection that has nothing to read yet");
	COVERS("P-48");
	struct end *served = accept_peer(server, peer);
	expect_read_error(served, EAGAIN);

	STEP("the first half comes, and all is there");
	COVERS("P-48");
	peer_send(peer, .text = "HELLO");
	expect_ladder(peer,
		      "-    >  DATA 5",
		      "+0.0 <  ACK ack 11");
	expect_read(served, "HELLOWORLD");
}

/* ---- without room ---------------------------------------------------------------------------- */

/* The late client's ACK has been ignored; and so have its answers to @syn_acks more SYN-ACKs. */
static struct crowd park_client(struct listener *server, unsigned syn_acks)
{
	struct scene *net = server->scene;
	struct crowd crowd = meet_a_full_queue(server);
	struct end *late = crowd.late;

	STEP("the ACK arrives, and nobody accepts");
	release_segments(net);
	/* 7 RTO after the SYN-ACK at 1.0 s are before what comes at 3.0 s */
	if (syn_acks == 1)
		needs_rto_below(late, 0.24);
	expect_silence(late);
	for (unsigned i = 0; i < syn_acks; i++) {
		int seconds = (2 << i) - 1; /* 1, 3, 7, 15 */
		autofree char *syn_ack = format("%d.0  <  SYN-ACK", seconds);
		autofree char *ack = format("%d.0  >  ACK  ignored", seconds);

		wait_for(late, .sent = 2 + i, .from = SERVER, .within = seconds);
		expect_ladder(late, syn_ack, ack);
	}
	expect_states(late, .client = ESTABLISHED, .server = SYN_RECV);
	expect_queue(server, .accept = 3, .syn = 1);
	expect_no_timer(late);
	expect_counters(net, SERVER, "overflows %u  TCPTimeouts %u", syn_acks + 1, syn_acks);
	expect_counters(net, CLIENT, "challenges %u", syn_acks);
	return crowd;
}

/* The late client goes on as if nothing were wrong, and its data is ignored as its ACK was. */
static void send_in_vain(struct listener *server, struct end *late)
{
	struct scene *net = server->scene;

	STEP("the client sends data, which is ignored as its ACK was");
	send_text(late, "HELLO");
	expect_ladder(late, "-  >  DATA 5  ignored");
	expect_unacknowledged(late, 5);
	expect_queue(server, .accept = 3, .syn = 1);
	expect_counters(net, SERVER, "overflows 1");
}

/* Sending right after a SYN-ACK has come again keeps the two ends' timers well apart. */
static struct crowd send_to_a_full_queue(struct listener *server, unsigned syn_acks)
{
	struct crowd crowd = park_client(server, syn_acks);

	send_in_vain(server, crowd.late);
	return crowd;
}

/* Of the client's last segment, its fourth, at 1, 3 and 7 RTO. */
static void retransmissions_are_ignored(struct end *late, const char *segment, unsigned count)
{
	static const char *const times[] = { "1rto", "3rto", "7rto" };

	for (unsigned i = 0; i < count; i++) {
		autofree char *line = format("%s  >  %s  ignored", times[i], segment);

		wait_for(late, .sent = 5 + i, .from = CLIENT, .within = 1);
		expect_ladder(late, line);
	}
	expect_counters(late->scene, SERVER, "overflows %u", count);
	expect_counters(late->scene, CLIENT, "TCPTimeouts %u", count);
}

/* The three who came first get their connections: the queue is empty, and that alone is all. */
static void serve_the_others(struct listener *server, const struct crowd *crowd)
{
	accept_client(server, crowd->others[0]);
	accept_client(server, crowd->others[1]);
	accept_client(server, crowd->last);
	expect_nothing_to_accept(server);
	expect_silence(crowd->late);
}

/* The client is gone without a word; its server learns of it with its next SYN-ACK. */
static void expect_reset_of_request(struct listener *server, struct end *late, const char *syn_ack)
{
	struct scene *net = late->scene;
	const char *const lines[] = { syn_ack, "+0.0  >  RST  - / -", NULL };

	expect_read_error(late, ETIMEDOUT);
	expect_end_of_file(late);
	expect_queue(server, .accept = 3, .syn = 1);

	STEP("the next SYN-ACK finds no client, and its RST ends the request");
	COVERS("P-124");
	wait_for(late, .gone = true, .host = SERVER, .within = 120);
	expect_lines(net, late->flow, lines);
	expect_queue(server, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "TCPTimeouts 1  reset_requests 1");
}

/*
 * retransmits_timed_out(): a client gives up when its timer fires later after the first
 * retransmission than tcp_retries2 doublings of TCP_RTO_MIN, 0.2 s, take: (2^(n+1) - 1) * 0.2 s.
 * For 0 that is 0.2 s, reached by the timer at 3 RTO; for 1 it is 0.6 s, reached by the timer at
 * 7 RTO, for any RTO from 0.2 s to 0.3 s. (For 3 it is 3.0 s, and an RTO of 0.214 s more or less
 * decides between the timers at 15 and at 31 RTO.)
 */
CASE(ignored_client_gives_up_when_tcp_retries2_is_used_up, .claims = "D2-34 D2-36 D2-37",
     .covers = "P-124", .kernel_seconds = 6, .server_sysctls = { "net.ipv4.tcp_synack_retries=5" })
{
	static const struct {
		const char *retries2, *lines[4];
		int retransmissions;
	} rows[] = {
		{ "0", { "1rto > DATA 5 ignored", "3rto . - / SYN_RECV" }, 1 },
		{ "1",
		  { "1rto > DATA 5 ignored", "3rto > DATA 5 ignored", "7rto . - / SYN_RECV" },
		  2 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		int again = rows[i].retransmissions;

		set_sysctl(net, CLIENT, "net.ipv4.tcp_retries2=%s", rows[i].retries2);
		struct listener *server = listen_on_server(net, .backlog = 2);
		struct end *late = send_to_a_full_queue(server, 1).late;

		STEP("with tcp_retries2=%s the client gives up after %d retransmissions",
		     rows[i].retries2, again);
		wait_for(late, .gone = true, .host = CLIENT, .within = 1.5);
		expect_lines(net, late->flow, rows[i].lines);
		expect_counters(net, SERVER, "overflows %d", again);
		expect_counters(net, CLIENT, "TCPTimeouts %d  aborts 1", again + 1);
		expect_reset_of_request(server, late, "3.0  <  SYN-ACK");
	}
}

CASE(ignored_client_gives_up_when_tcp_user_timeout_is_over, .claims = "D2-36 D2-37",
     .covers = "P-124", .kernel_seconds = 3, .server_sysctls = { "net.ipv4.tcp_synack_retries=5" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = park_client(server, 1).late;

	set_option(late, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000);
	send_in_vain(server, late);

	/* tcp_clamp_rto_to_user_timeout(): a second after the first one, not after 7 RTO */
	STEP("the client gives up a second after its first retransmission");
	wait_for(late, .gone = true, .host = CLIENT, .within = 1.5);
	expect_ladder(late,
		      "1rto      >  DATA 5  ignored",
		      "3rto      >  DATA 5  ignored",
		      "1rto+1.0  .          - / SYN_RECV");
	expect_counters(net, SERVER, "overflows 2");
	expect_counters(net, CLIENT, "TCPTimeouts 3  aborts 1");
	expect_reset_of_request(server, late, "3.0  <  SYN-ACK");
}

/*
 * The default, 15: 1023 * 0.2 s, and TCP_RTO_MAX, 120 s, for each of the other 6: 924.6 s after the
 * first retransmission. Both ends' intervals double up to 120 s.
 */
CASE(ignored_client_gives_up_after_a_quarter_of_an_hour, .claims = "D2-34 D2-36 D2-37",
     .covers = "P-124", .kernel_seconds = 985, .virtual_time = true,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=255" },
     .client_sysctls = { "net.ipv4.tcp_retries2=15" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = send_to_a_full_queue(server, 3).late;

	/* 255 RTO after the data, 7.4 s, is before the SYN-ACK at 63 s up to an RTO of 0.218 s. */
	needs_rto_below(late, 0.216);
	STEP("the client retransmits 15 times, and gives up");
	wait_for(late, .gone = true, .host = CLIENT, .within = 960);
	expect_ladder(late,
		      "1rto         >  DATA 5   ignored",
		      "3rto         >  DATA 5   ignored",
		      "7rto         >  DATA 5   ignored",
		      "15rto        >  DATA 5   ignored",
		      "31rto        >  DATA 5   ignored",
		      "15.0         <  SYN-ACK",
		      "15.0         >  ACK      ignored",
		      "63rto        >  DATA 5   ignored",
		      "31.0         <  SYN-ACK",
		      "31.0         >  ACK      ignored",
		      "127rto       >  DATA 5   ignored",
		      "255rto       >  DATA 5   ignored",
		      "63.0         <  SYN-ACK",
		      "63.0         >  ACK      ignored",
		      "511rto       >  DATA 5   ignored",
		      "127.0        <  SYN-ACK",
		      "127.0        >  ACK      ignored",
		      "1023rto      >  DATA 5   ignored",
		      "247.0        <  SYN-ACK",
		      "247.0        >  ACK      ignored",
		      "1023rto+120  >  DATA 5   ignored",
		      "367.0        <  SYN-ACK",
		      "367.0        >  ACK      ignored",
		      "1023rto+240  >  DATA 5   ignored",
		      "487.0        <  SYN-ACK",
		      "487.0        >  ACK      ignored",
		      "1023rto+360  >  DATA 5   ignored",
		      "607.0        <  SYN-ACK",
		      "607.0        >  ACK      ignored",
		      "1023rto+480  >  DATA 5   ignored",
		      "727.0        <  SYN-ACK",
		      "727.0        >  ACK      ignored",
		      "1023rto+600  >  DATA 5   ignored",
		      "847.0        <  SYN-ACK",
		      "847.0        >  ACK      ignored",
		      "1023rto+720  .           - / SYN_RECV");
	expect_counters(net, SERVER, "overflows 25  TCPTimeouts 10");
	expect_counters(net, CLIENT, "TCPTimeouts 16  aborts 1  challenges 10");
	expect_reset_of_request(server, late, "967.0  <  SYN-ACK");
}

CASE(ignored_client_is_reset_once_its_request_has_expired, .claims = "D2-34 D2-36 D2-37",
     .kernel_seconds = 4.5, .server_sysctls = { "net.ipv4.tcp_synack_retries=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = send_to_a_full_queue(server, 1).late;

	STEP("the client retransmits, and meanwhile the request expires");
	wait_for(late, .gone = true, .host = SERVER, .within = 2);
	expect_ladder(late,
		      "1rto  >  DATA 5  ignored",
		      "3rto  >  DATA 5  ignored",
		      "7rto  >  DATA 5  ignored",
		      "3.0   .          ESTABLISHED / -");
	expect_queue(server, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "overflows 3  TCPTimeouts 1");
	expect_counters(net, CLIENT, "TCPTimeouts 3");

	STEP("the client's next retransmission meets the listener, which knows nothing of it");
	wait_for(late, .gone = true, .host = CLIENT, .within = 2);
	expect_ladder(late,
		      "15rto  >  DATA 5",
		      "+0.0   <  RST     - / -");
	expect_reset(late);
	expect_counters(net, CLIENT, "TCPTimeouts 1  Tcp.EstabResets 1");
}

/*
 * Nobody has changed a sysctl: the request lives for 1 + 2 + 4 + 8 + 16 + 32 s, and the client
 * would go on for a quarter of an hour.
 */
CASE(ignored_client_is_reset_after_its_request_has_expired_by_default,
     .claims = "D2-34 D2-36 D2-37", .kernel_seconds = 75, .virtual_time = true,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=5", "net.ipv4.tcp_syncookies=1" },
     .client_sysctls = { "net.ipv4.tcp_retries2=15", "net.ipv4.tcp_early_retrans=3" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = send_to_a_full_queue(server, 4).late;

	/*
	 * 64 RTO after the data, 15.4 s, is before the SYN-ACK at 31 s up to an RTO of 0.22 s; 256
	 * RTO, at least 51 s, is after the end at 63 s, which is 50.3 s after it at the latest.
	 */
	needs_rto_below(late, 0.22);
	STEP("the client retransmits, and meanwhile the request expires");
	wait_for(late, .gone = true, .host = SERVER, .within = 50);
	expect_ladder(late,
		      "1rto    >  DATA 5   ignored",
		      "2rto    >  DATA 5   ignored",
		      "4rto    >  DATA 5   ignored",
		      "8rto    >  DATA 5   ignored",
		      "16rto   >  DATA 5   ignored",
		      "32rto   >  DATA 5   ignored",
		      "64rto   >  DATA 5   ignored",
		      "31.0    <  SYN-ACK",
		      "31.0    >  ACK      ignored",
		      "128rto  >  DATA 5   ignored",
		      "63.0    .           ESTABLISHED / -");
	expect_queue(server, .accept = 3, .syn = 0);
	expect_unacknowledged(late, 5);
	expect_counters(net, SERVER, "overflows 9  TCPTimeouts 2");
	expect_counters(net, CLIENT, "TCPTimeouts 7  challenges 1");

	STEP("the client's next retransmission meets the listener");
	wait_for(late, .gone = true, .host = CLIENT, .within = 30);
	expect_ladder(late,
		      "256rto  >  DATA 5",
		      "+0.0    <  RST     - / -");
	expect_reset(late);
	expect_counters(net, SERVER, "SyncookiesFailed %d", stray_ack_is_looked_at_as_cookie());
	expect_counters(net, CLIENT, "TCPTimeouts 1  Tcp.EstabResets 1");
}

/* ---- a client that has nothing to send ------------------------------------------------------- */

/* In a flood's first moment a listener sends a cookie, and for two minutes remembers that it has.
 */
static void send_a_cookie(struct listener *server)
{
	struct scene *net = server->scene;

	STEP("one SYN is answered with a cookie, as in a flood");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
	cookie_peer(net, server);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=1");
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "cookies 1");
}

CASE(silent_client_stays_connected_to_nothing_until_it_writes, .claims = "D2-34 D2-37 D2-37b",
     .kernel_seconds = 7,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=1", "net.ipv4.tcp_syncookies=1" })
{
	for (int cookies = 0; cookies <= 1; cookies++) {
		struct listener *server = listen_on_server(net, .backlog = 2);

		if (cookies)
			send_a_cookie(server);
		struct crowd crowd = park_client(server, 1);
		struct end *late = crowd.late;

		STEP("the request expires without a word, and the client has nothing to send");
		wait_for(late, .gone = true, .host = SERVER, .within = 2);
		expect_ladder(late, "3.0  .  ESTABLISHED / -");
		expect_queue(server, .accept = 3, .syn = 0);
		expect_read_error(late, EAGAIN);
		expect_no_timer(late);
		expect_counters(net, SERVER, "TCPTimeouts 1");

		STEP("there is room again, and nothing to accept");
		serve_the_others(server, &crowd);

		STEP("the client's first write is answered with RST, however much room there is");
		send_text(late, "HELLO");
		expect_ladder(late,
			      "-    >  DATA 5",
			      "+0.0 <  RST     - / -");
		expect_reset(late);
		expect_nothing_to_accept(server);
		expect_counters(net, SERVER, "SyncookiesFailed %d",
				cookies || stray_ack_is_looked_at_as_cookie());
		expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	}
}

CASE(server_that_speaks_first_is_heard_after_the_next_syn_ack, .claims = "D2-33 D2-38",
     .kernel_seconds = 3, .server_sysctls = { "net.ipv4.tcp_synack_retries=5" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = park_client(server, 1);
	struct end *late = crowd.late;

	STEP("there is room, and the client waits in read() without a timer");
	serve_the_others(server, &crowd);
	expect_read_error(late, EAGAIN);
	expect_no_timer(late);
	expect_request_timer(late, .timeouts = 1, .due = 3.0);
	expect_queue(server, .accept = 0, .syn = 1);

	STEP("only the request's own timer helps");
	next_syn_ack_makes_the_connection(late, 3.0);
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("the server speaks");
	struct end *served = accept_client(server, late);
	speak(served, "HELLO");
	expect_read(late, "HELLO");
}

/* ---- a slot that frees ----------------------------------------------------------------------- */

CASE(data_sent_after_a_slot_is_free_gets_in_at_once, .claims = "D2-33 D2-35 D2-36")
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = park_client(server, 0);
	struct end *late = crowd.late;

	STEP("the others are served, and the client sends its data");
	serve_the_others(server, &crowd);
	data_makes_the_connection(late, "HELLO");
	expect_read(accept_client(server, late), "HELLO");
}

CASE(ignored_data_gets_in_with_its_retransmission, .claims = "D2-33 D2-34 D2-35 D2-36",
     .kernel_seconds = 2.5)
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = send_to_a_full_queue(server, 1);
	struct end *late = crowd.late;

	STEP("two retransmissions are ignored");
	retransmissions_are_ignored(late, "DATA 5", 2);

	STEP("the others are served, and the next one gets in");
	serve_the_others(server, &crowd);
	wait_for(late, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_ladder(late,
		      "7rto  >  DATA 5  ESTABLISHED / ESTABLISHED",
		      "+0.0  <  ACK");
	expect_unacknowledged(late, 0);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, CLIENT, "TCPTimeouts 1");

	STEP("the client has had no error, only to wait for its answer");
	struct end *served = accept_client(server, late);
	expect_read(served, "HELLO");
	speak(served, "WORLD");
	expect_read(late, "WORLD");
}

CASE(answer_to_a_syn_ack_makes_a_connection_ahead_of_its_data, .claims = "D2-33 D2-34 D2-36",
     .kernel_seconds = 4.5)
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = send_to_a_full_queue(server, 1);
	struct end *late = crowd.late;

	STEP("three retransmissions are ignored");
	retransmissions_are_ignored(late, "DATA 5", 3);

	STEP("the others are served, and before the next one comes a SYN-ACK");
	serve_the_others(server, &crowd);
	next_syn_ack_makes_the_connection(late, 3.0);
	struct end *served = accept_client(server, late);
	expect_read_error(served, EAGAIN);
	expect_unacknowledged(late, 5);

	STEP("the data comes with the client's own timer, which the SYN-ACK has not moved");
	wait_for(late, .sent = 9, .from = CLIENT, .within = 1.5);
	expect_ladder(late,
		      "15rto  >  DATA 5",
		      "+0.0   <  ACK");
	expect_read(served, "HELLO");
	expect_unacknowledged(late, 0);
	expect_counters(net, CLIENT, "TCPTimeouts 1");
}

/* So many bytes that no segment holds them, and nothing else but them. */
static const char *long_text(void)
{
	static char text[8001];

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	return text;
}

/* 8000 bytes in segments of 1448, over IPv6 of 1428 bytes. */
static const struct large_request {
	const char *sent[7], *again[3], *got[13];
} large_requests[] = {
	{ .sent = { "- > DATA 1448 ignored", "- > DATA 1448 ignored", "- > DATA 1448 ignored",
		    "- > DATA 1448 ignored", "- > DATA 1448 ignored", "- > DATA 760 ignored" },
	  .again = { "1rto > DATA 1448 ignored", "3rto > DATA 1448 ignored" },
	  .got = { "7rto > DATA 1448 ESTABLISHED / ESTABLISHED", "+0.0 < ACK ack 1449",
		   "+0.0 > DATA 1448", "+0.0 > DATA 1448 seq 2897", "+0.0 < ACK ack 2897",
		   "+0.0 < ACK ack 4345", "+0.0 > DATA 1448 seq 4345", "+0.0 > DATA 1448 seq 5793",
		   "+0.0 > DATA 760 seq 7241", "+0.0 < ACK ack 5793", "+0.0 < ACK ack 7241",
		   "+0.0 < ACK" } },
	{ .sent = { "- > DATA 1428 ignored", "- > DATA 1428 ignored", "- > DATA 1428 ignored",
		    "- > DATA 1428 ignored", "- > DATA 1428 ignored", "- > DATA 860 ignored" },
	  .again = { "1rto > DATA 1428 ignored", "3rto > DATA 1428 ignored" },
	  .got = { "7rto > DATA 1428 ESTABLISHED / ESTABLISHED", "+0.0 < ACK ack 1429",
		   "+0.0 > DATA 1428", "+0.0 > DATA 1428 seq 2857", "+0.0 < ACK ack 2857",
		   "+0.0 < ACK ack 4285", "+0.0 > DATA 1428 seq 4285", "+0.0 > DATA 1428 seq 5713",
		   "+0.0 > DATA 860 seq 7141", "+0.0 < ACK ack 5713", "+0.0 < ACK ack 7141",
		   "+0.0 < ACK" } },
};

CASE(each_segment_of_a_large_request_is_ignored_and_counted, .claims = "D2-31 D2-33 D2-36",
     .kernel_seconds = 2.5)
{
	const struct large_request *large = &large_requests[over_ipv6(net)];
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = park_client(server, 1);
	struct end *late = crowd.late;

	STEP("the client sends 8000 bytes, which are ignored segment by segment");
	send_text(late, long_text());
	expect_lines(net, late->flow, large->sent);
	expect_unacknowledged(late, 8000);
	expect_queue(server, .accept = 3, .syn = 1);
	expect_counters(net, SERVER, "overflows 6");

	STEP("the client retransmits the first segment, which is ignored too");
	wait_for(late, .sent = 11, .from = CLIENT, .within = 1);
	expect_lines(net, late->flow, large->again);
	expect_unacknowledged(late, 8000);
	expect_counters(net, SERVER, "overflows 2");
	expect_counters(net, CLIENT, "TCPTimeouts 2");

	STEP("the others are served, and all of it gets in, as fast as a lost flight comes again");
	serve_the_others(server, &crowd);
	wait_for(late, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_lines(net, late->flow, large->got);
	expect_unacknowledged(late, 0);
	expect_read(accept_client(server, late), long_text());
	expect_counters(net, CLIENT, "TCPTimeouts 1  TCPSlowStartRetrans 5");
}

/* ---- a client that closes -------------------------------------------------------------------- */

static struct crowd close_in_vain(struct listener *server)
{
	struct scene *net = server->scene;
	struct crowd crowd = park_client(server, 1);

	STEP("the client closes; its FIN is ignored as its ACK was");
	close_end(crowd.late);
	expect_ladder(crowd.late, "-  >  FIN-ACK  ignored  FIN_WAIT1 / SYN_RECV");
	expect_queue(server, .accept = 3, .syn = 1);
	expect_counters(net, SERVER, "overflows 1");
	return crowd;
}

CASE(fin_of_an_ignored_client_makes_a_connection_at_its_end, .claims = "D2-33 D2-39",
     .kernel_seconds = 2.5)
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = close_in_vain(server);
	struct end *late = crowd.late;

	STEP("the client's FIN is retransmitted, and ignored");
	retransmissions_are_ignored(late, "FIN-ACK", 2);

	STEP("the others are served, and the next FIN is a handshake ACK too");
	serve_the_others(server, &crowd);
	wait_for(late, .state = FIN_WAIT2, .host = CLIENT, .within = 1);
	expect_ladder(late,
		      "7rto   >  FIN-ACK  FIN_WAIT1 / CLOSE_WAIT",
		      "+0.0   <  ACK      FIN_WAIT2 / CLOSE_WAIT");
	expect_end_of_file(accept_client(server, late));
	expect_counters(net, CLIENT, "TCPTimeouts 1");
}

CASE(answer_to_a_syn_ack_makes_a_connection_ahead_of_its_fin, .claims = "D2-33 D2-39",
     .kernel_seconds = 4.5)
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = close_in_vain(server);
	struct end *late = crowd.late;

	STEP("the client's FIN is retransmitted, and ignored");
	retransmissions_are_ignored(late, "FIN-ACK", 3);

	STEP("the others are served, and a client that has closed still answers a SYN-ACK");
	serve_the_others(server, &crowd);
	wait_for(late, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_ladder(late,
		      "3.0   <  SYN-ACK",
		      "3.0   >  ACK     FIN_WAIT1 / ESTABLISHED");
	struct end *served = accept_client(server, late);
	expect_read_error(served, EAGAIN);
	expect_counters(net, SERVER, "TCPTimeouts 1");
	expect_counters(net, CLIENT, "TCPChallengeACK 1  TCPSYNChallenge 1");

	STEP("the server learns of the end with the next FIN");
	wait_for(late, .state = FIN_WAIT2, .host = CLIENT, .within = 1.5);
	expect_ladder(late,
		      "15rto  >  FIN-ACK  FIN_WAIT1 / CLOSE_WAIT",
		      "+0.0   <  ACK      FIN_WAIT2 / CLOSE_WAIT");
	expect_end_of_file(served);
	expect_counters(net, CLIENT, "TCPTimeouts 1");
}

CASE(fin_that_comes_after_the_request_has_expired_is_reset, .claims = "D2-37b D2-39",
     .kernel_seconds = 4.5, .server_sysctls = { "net.ipv4.tcp_synack_retries=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = close_in_vain(server);
	struct end *late = crowd.late;

	STEP("the client's FIN is retransmitted, and meanwhile the request expires");
	wait_for(late, .gone = true, .host = SERVER, .within = 2);
	expect_ladder(late,
		      "1rto  >  FIN-ACK  ignored",
		      "3rto  >  FIN-ACK  ignored",
		      "7rto  >  FIN-ACK  ignored",
		      "3.0   .           FIN_WAIT1 / -");
	expect_queue(server, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "overflows 3  TCPTimeouts 1");
	expect_counters(net, CLIENT, "TCPTimeouts 3");

	STEP("the others are served, and the server never hears of that client");
	serve_the_others(server, &crowd);
	wait_for(late, .gone = true, .host = CLIENT, .within = 2);
	expect_ladder(late,
		      "15rto  >  FIN-ACK",
		      "+0.0   <  RST      - / -");
	expect_nothing_to_accept(server);
	expect_counters(net, CLIENT, "TCPTimeouts 1");
}
