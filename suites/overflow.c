/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The final ACK of a handshake meets an accept queue that has filled up since the SYN: what
 * tcp_abort_on_overflow decides.
 */
#define TOPIC "overflow"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <string.h>

/* One client between SYN-ACK and ACK, and those who got into the queue before it. */
struct crowd {
	struct end *late, **others, *last;
};

/*
 * A client that believes to be connected while the server still waits for its ACK: the ACK is
 * held on the wire until the last of three others has filled the queue of a backlog of 2.
 */
static struct crowd meet_a_full_queue(struct scene *net, struct listener *server)
{
	struct crowd crowd;

	STEP("two clients wait in the accept queue");
	crowd.others = connect_clients(net, server, 2);
	expect_queue(server, .accept = 2, .limit = 2, .syn = 0);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 2  Tcp.CurrEstab 2");
	expect_counters(net, SERVER, "Tcp.PassiveOpens 2  Tcp.CurrEstab 2");

	STEP("one client's final ACK is still on the wire");
	hold_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	crowd.late = connect_client(net, server, .name = "late");
	expect_connected(crowd.late);
	expect_ladder(crowd.late,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      held");
	expect_states(crowd.late, .client = ESTABLISHED, .server = SYN_RECV);
	expect_request_timer(crowd.late, .timeouts = 0, .due = 1.0);
	expect_queue(server, .accept = 2, .limit = 2, .syn = 1);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1  Tcp.CurrEstab 1");
	expect_counters(net, SERVER, "-");

	STEP("another one overtakes it and fills the queue");
	crowd.last = connect_clients(net, server, 1)[0];
	expect_queue(server, .accept = 3, .limit = 2, .syn = 1);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1  Tcp.CurrEstab 1");
	expect_counters(net, SERVER, "Tcp.PassiveOpens 1  Tcp.CurrEstab 1");
	return crowd;
}

CASE(final_ack_that_meets_a_full_accept_queue_is_ignored, .claims = "D2-31 D2-32 D2-34",
     .kernel_seconds = 7.5,
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=0", "net.ipv4.tcp_synack_retries=2",
			 "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = meet_a_full_queue(net, server).late;

	STEP("the ACK arrives, and nobody ever accepts");
	release_segments(net);
	expect_states(late, .client = ESTABLISHED, .server = SYN_RECV);
	expect_queue(server, .accept = 3, .limit = 2, .syn = 1);
	expect_request_timer(late, .timeouts = 0, .due = 1.0);
	wait_for(late, .gone = true, .host = SERVER, .within = 7);
	expect_ladder(late,
		      "1.0  <  SYN-ACK",
		      "1.0  >  ACK      ignored",
		      "3.0  <  SYN-ACK",
		      "3.0  >  ACK      ignored",
		      "7.0  .           ESTABLISHED / -");
	expect_queue(server, .accept = 3, .limit = 2, .syn = 0);
	expect_counters(net, SERVER,
			"ListenOverflows 3  ListenDrops 3  TCPTimeouts 3  TCPSynRetrans 2  "
			"Tcp.RetransSegs 2");
	expect_counters(net, CLIENT, "TCPChallengeACK 2  TCPSYNChallenge 2  Tcp.InErrs 2");
	expect_read_error(late, EAGAIN);
}

CASE(ignored_client_gets_in_with_its_answer_to_the_next_syn_ack,
     .claims = "D2-31 D2-32 D2-33 D2-34", .kernel_seconds = 7.5,
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=0", "net.ipv4.tcp_synack_retries=5",
			 "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = meet_a_full_queue(net, server);
	struct end *late = crowd.late;

	STEP("the ACK arrives and is ignored, and so are two more");
	release_segments(net);
	wait_for(late, .sent = 3, .from = SERVER, .within = 3.5);
	expect_ladder(late,
		      "1.0  <  SYN-ACK",
		      "1.0  >  ACK      ignored",
		      "3.0  <  SYN-ACK",
		      "3.0  >  ACK      ignored");
	expect_states(late, .client = ESTABLISHED, .server = SYN_RECV);
	expect_request_timer(late, .timeouts = 2, .due = 7.0);
	expect_queue(server, .accept = 3, .limit = 2, .syn = 1);
	expect_counters(net, SERVER,
			"ListenOverflows 3  ListenDrops 3  TCPTimeouts 2  TCPSynRetrans 2  "
			"Tcp.RetransSegs 2");
	expect_counters(net, CLIENT, "TCPChallengeACK 2  TCPSYNChallenge 2  Tcp.InErrs 2");

	STEP("accept() frees a slot: that alone changes nothing for the late one");
	accept_client(server, crowd.others[0]);
	expect_silence(late);
	expect_states(late, .client = ESTABLISHED, .server = SYN_RECV);
	expect_queue(server, .accept = 2, .limit = 2, .syn = 1);
	expect_counters(net, SERVER, "-");

	STEP("the client's answer to the next SYN-ACK finds room");
	wait_for(late, .state = ESTABLISHED, .host = SERVER, .within = 4);
	expect_ladder(late,
		      "7.0  <  SYN-ACK",
		      "7.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_states(late, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_queue(server, .accept = 3, .limit = 2, .syn = 0);
	expect_counters(net, SERVER,
			"Tcp.PassiveOpens 1  Tcp.CurrEstab 1  TCPTimeouts 1  TCPSynRetrans 1  "
			"Tcp.RetransSegs 1");
	expect_counters(net, CLIENT, "TCPChallengeACK 1  TCPSYNChallenge 1  Tcp.InErrs 1");
	accept_client(server, crowd.others[1]);
	accept_client(server, crowd.last);
	struct end *served = accept_client(server, late);
	expect_nothing_to_accept(server);

	STEP("and it is a connection like any other");
	send_text(late, "HELLO");
	expect_read(served, "HELLO");
	expect_ladder(late,
		      "-    >  DATA 5",
		      "+0.0 <  ACK");
	expect_counters(net, SERVER, "-");
	expect_counters(net, CLIENT, "-");
}

CASE(final_ack_that_meets_a_full_accept_queue_is_reset, .claims = "D2-30",
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=1", "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = meet_a_full_queue(net, server).late;

	STEP("the ACK arrives");
	release_segments(net);
	expect_ladder(late, "+0.0  <  RST  - / -");
	expect_queue(server, .accept = 3, .limit = 2, .syn = 0);
	expect_counters(net, SERVER,
			"ListenOverflows 1  ListenDrops 1  EmbryonicRsts 1  Tcp.OutRsts 1");
	expect_counters(net, CLIENT, "Tcp.EstabResets 1  Tcp.CurrEstab -1");
	expect_read_error(late, ECONNRESET);
	expect_end_of_file(late);

	STEP("a SYN still is dropped without a word");
	struct end *refused = connect_client(net, server, .name = "refused");
	expect_ladder(refused, "-  >  SYN  ignored  SYN_SENT / -");
	expect_queue(server, .accept = 3, .limit = 2, .syn = 0);
	expect_counters(net, SERVER, "ListenOverflows 1  ListenDrops 1");
	expect_counters(net, CLIENT, "Tcp.ActiveOpens 1");
}

/* ---- raw peers: one segment at a time -------------------------------------------------------- */

/* So many clients connect and wait in the accept queue; @pending requests are there besides. */
static struct end **fill_the_queue(struct scene *net, struct listener *server, int count,
				   int pending)
{
	struct end **clients;

	STEP("%d %s in the accept queue", count, count == 1 ? "client waits" : "clients wait");
	clients = connect_clients(net, server, count);
	expect_queue(server, .accept = count, .limit = server->backlog, .syn = pending);
	expect_counters(net, CLIENT, "Tcp.ActiveOpens %d  Tcp.CurrEstab %d", count, count);
	expect_counters(net, SERVER, "Tcp.PassiveOpens %d  Tcp.CurrEstab %d", count, count);
	return clients;
}

CASE(server_in_epoll_wakes_when_a_connection_enters_the_queue_and_for_nothing_else,
     .claims = "D2-29",
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=0", "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct epoll_waiter *level = wait_in_epoll(server, .name = "level-triggered epoll");
	struct epoll_waiter *edge =
		wait_in_epoll(server, .name = "edge-triggered epoll", .edge_triggered = true);

	STEP("a SYN wakes nobody");
	struct peer *late = raw_peer(net, server, .name = "late");
	peer_syn(late);
	expect_ladder(late,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	expect_no_event(level);
	expect_no_event(edge);
	expect_counters(net, SERVER, "-");

	struct end **clients = fill_the_queue(net, server, 3, 1);
	expect_event(level);
	expect_event(edge);
	expect_no_event(edge);

	STEP("an ACK that the full queue lets fall wakes nobody");
	peer_ack(late);
	expect_ladder(late, "-  >  ACK  ignored");
	expect_queue(server, .accept = 3, .limit = 2, .syn = 1);
	expect_no_event(edge);
	expect_counters(net, SERVER, "ListenOverflows 1  ListenDrops 1");

	STEP("a slot that frees wakes nobody");
	for (int i = 0; i < 3; i++)
		accept_client(server, clients[i]);
	expect_queue(server, .accept = 0, .limit = 2, .syn = 1);
	expect_no_event(level);
	expect_no_event(edge);
	expect_silence(late);
	expect_counters(net, SERVER, "-");

	STEP("the next segment of the one who was let fall does");
	peer_ack(late);
	expect_ladder(late, "-  >  ACK  - / ESTABLISHED");
	expect_queue(server, .accept = 1, .limit = 2, .syn = 0);
	expect_event(level);
	expect_event(edge);
	accept_peer(server, late);
	expect_no_event(level);
	expect_no_event(edge);
	expect_counters(net, SERVER, "Tcp.PassiveOpens 1  Tcp.CurrEstab 1");
	expect_counters(net, CLIENT, "-");
}

/*
 * A raw peer's request on a listener whose accept queue has filled up since its SYN: one connection
 * waits there, and listen() once more has made the backlog 0.
 */
static struct peer *peer_at_a_full_queue(struct listener *server)
{
	struct peer *peer = raw_peer(server->scene, server);

	listen_again(server, 5);
	peer_syn(peer);
	expect_ladder(peer,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	listen_again(server, 0);
	expect_queue(server, .accept = 1, .limit = 0, .syn = 1);
	return peer;
}

CASE(any_segment_that_meets_a_full_accept_queue_is_answered_with_reset, .claims = "D2-30",
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=1", "net.ipv4.tcp_syncookies=0" })
{
	static const struct {
		const char *what;
		struct peer_segment segment;
		const char *line;
	} rows[] = {
		{ "a bare ACK", { .flags = ACK }, "-  >  ACK  ignored  - / -" },
		{ "data", { .text = "HELLO" }, "-  >  DATA 5  ignored  - / -" },
		{ "data behind a hole",
		  { .text = "WORLD", .seq = 5 },
		  "-  >  DATA 5 seq 6  ignored  - / -" },
		{ "FIN", { .flags = FIN | ACK }, "-  >  FIN-ACK  ignored  - / -" },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	fill_the_queue(net, server, 1, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *const lines[] = { rows[i].line, "0.0  <  RST", NULL };
		struct peer *peer;

		STEP("%s of a peer meets the full queue", rows[i].what);
		peer = peer_at_a_full_queue(server);
		peer_sends(peer, rows[i].segment);
		expect_lines(net, peer->flow, lines);
		expect_queue(server, .accept = 1, .limit = 0, .syn = 0);
		expect_counters(net, SERVER,
				"ListenOverflows 1  ListenDrops 1  EmbryonicRsts 1  Tcp.OutRsts 1");
	}

	STEP("a SYN is dropped without a word");
	struct peer *refused = raw_peer(net, server);
	peer_syn(refused);
	expect_ladder(refused, "-  >  SYN  ignored");
	expect_queue(server, .accept = 1, .limit = 0, .syn = 0);
	expect_counters(net, SERVER, "ListenOverflows 1  ListenDrops 1");
	expect_counters(net, CLIENT, "-");
}

/* ---- a client that goes on although nobody answers ----------------------------------------- */

/*
 * The late client's ACK is ignored, and so is its data, again and again: it is ESTABLISHED, its
 * server SYN_RECV. The data is sent right after @syn_acks SYN-ACKs have come again, as that keeps
 * the two ends' timers well apart.
 */
static struct end *send_to_a_full_queue(struct scene *net, struct listener *server,
					unsigned syn_acks)
{
	static const char *const lines[] = { "1.0  <  SYN-ACK", "1.0  >  ACK  ignored",
					     "3.0  <  SYN-ACK", "3.0  >  ACK  ignored",
					     "7.0  <  SYN-ACK", "7.0  >  ACK  ignored" };
	const char *expected[ARRAY_LENGTH(lines) + 1] = { NULL };
	struct end *late = meet_a_full_queue(net, server).late;

	memcpy(expected, lines, 2 * syn_acks * sizeof(*lines));
	STEP("the ACK arrives, and nobody ever accepts");
	release_segments(net);
	wait_for(late, .sent = 1 + syn_acks, .from = SERVER, .within = 7);
	expect_lines(net, late->flow, expected);
	expect_queue(server, .accept = 3, .limit = 2, .syn = 1);
	expect_counters(net, SERVER,
			"ListenOverflows %u  ListenDrops %u  TCPTimeouts %u  TCPSynRetrans %u  "
			"Tcp.RetransSegs %u",
			syn_acks + 1, syn_acks + 1, syn_acks, syn_acks, syn_acks);
	expect_counters(net, CLIENT, "TCPChallengeACK %u  TCPSYNChallenge %u  Tcp.InErrs %u",
			syn_acks, syn_acks, syn_acks);

	STEP("the client sends data, which is ignored as its ACK was");
	send_text(late, "HELLO");
	expect_ladder(late, "-  >  DATA 5  ignored");
	expect_states(late, .client = ESTABLISHED, .server = SYN_RECV);
	expect_queue(server, .accept = 3, .limit = 2, .syn = 1);
	expect_counters(net, SERVER, "ListenOverflows 1  ListenDrops 1");
	expect_counters(net, CLIENT, "-");
	return late;
}

/* The client is gone without a word; its server learns of it with its next SYN-ACK. */
static void expect_reset_of_request(struct listener *server, struct end *late, const char *syn_ack)
{
	struct scene *net = late->scene;
	const char *const lines[] = { syn_ack, "+0.0  >  RST  - / -", NULL };

	expect_read_error(late, ETIMEDOUT);
	expect_end_of_file(late);
	expect_queue(server, .accept = 3, .limit = 2, .syn = 1);

	STEP("the next SYN-ACK finds no client, and its RST ends the request");
	wait_for(late, .gone = true, .host = SERVER, .within = 120);
	expect_lines(net, late->flow, lines);
	expect_queue(server, .accept = 3, .limit = 2, .syn = 0);
	expect_counters(net, SERVER,
			"TCPTimeouts 1  TCPSynRetrans 1  Tcp.RetransSegs 1  EmbryonicRsts 1  "
			"Tcp.AttemptFails 1");
	expect_counters(net, CLIENT, "Tcp.OutRsts 1");
}

/*
 * retransmits_timed_out(): a client gives up when its timer fires later after the first
 * retransmission than tcp_retries2 doublings of TCP_RTO_MIN, 0.2 s, take: (2^(n+1) - 1) * 0.2 s.
 * For 1 that is 0.6 s: reached by the timer at 7 RTO, for any RTO from 0.2 s to 0.3 s. (For 3 it
 * is 3.0 s, and an RTO of 0.214 s more or less decides between the timers at 15 and at 31 RTO.)
 */
CASE(ignored_client_gives_up_when_tcp_retries2_is_used_up, .claims = "D2-34 D2-36 D2-37",
     .kernel_seconds = 3,
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=0", "net.ipv4.tcp_synack_retries=5",
			 "net.ipv4.tcp_syncookies=0" },
     /* without the tail loss probe the client's data follows the RTO alone */
     .client_sysctls = { "net.ipv4.tcp_retries2=1", "net.ipv4.tcp_early_retrans=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = send_to_a_full_queue(net, server, 1);

	STEP("it retransmits until its retries are used up");
	wait_for(late, .gone = true, .host = CLIENT, .within = 1.5);
	expect_ladder(late,
		      "1rto  >  DATA 5  ignored",
		      "3rto  >  DATA 5  ignored",
		      "7rto  .          - / SYN_RECV");
	expect_counters(net, SERVER, "ListenOverflows 2  ListenDrops 2");
	expect_counters(net, CLIENT,
			"TCPTimeouts 3  Tcp.RetransSegs 2  TCPAbortOnTimeout 1  Tcp.EstabResets 1  "
			"Tcp.CurrEstab -1");
	expect_reset_of_request(server, late, "3.0  <  SYN-ACK");
}

/*
 * The default, 15: 1023 * 0.2 s, and TCP_RTO_MAX, 120 s, for each of the other 6: 924.6 s after the
 * first retransmission. Both ends' intervals double up to 120 s.
 */
CASE(ignored_client_gives_up_after_a_quarter_of_an_hour, .claims = "D2-34 D2-36 D2-37",
     .kernel_seconds = 985, .virtual_time = true,
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=0", "net.ipv4.tcp_synack_retries=255",
			 "net.ipv4.tcp_syncookies=0" },
     .client_sysctls = { "net.ipv4.tcp_retries2=15", "net.ipv4.tcp_early_retrans=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = send_to_a_full_queue(net, server, 3);

	/* 255 RTO after the data, 7.4 s, is before the SYN-ACK at 63 s up to an RTO of 0.218 s. */
	needs_rto_below(late, 0.216);
	STEP("it retransmits 15 times, and gives up");
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
	expect_counters(net, SERVER,
			"ListenOverflows 25  ListenDrops 25  TCPTimeouts 10  TCPSynRetrans 10  "
			"Tcp.RetransSegs 10");
	expect_counters(net, CLIENT,
			"TCPTimeouts 16  Tcp.RetransSegs 15  TCPAbortOnTimeout 1  "
			"Tcp.EstabResets 1  Tcp.CurrEstab -1  "
			"TCPChallengeACK 10  TCPSYNChallenge 10  Tcp.InErrs 10");
	expect_reset_of_request(server, late, "967.0  <  SYN-ACK");
}

CASE(ignored_client_is_reset_once_its_request_has_expired, .claims = "D2-34 D2-36 D2-37",
     .kernel_seconds = 4.5,
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=0", "net.ipv4.tcp_synack_retries=1",
			 "net.ipv4.tcp_syncookies=0" },
     .client_sysctls = { "net.ipv4.tcp_early_retrans=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = send_to_a_full_queue(net, server, 1);

	STEP("it retransmits, and meanwhile the request expires");
	wait_for(late, .gone = true, .host = SERVER, .within = 2);
	expect_ladder(late,
		      "1rto  >  DATA 5  ignored",
		      "3rto  >  DATA 5  ignored",
		      "7rto  >  DATA 5  ignored",
		      "3.0   .          ESTABLISHED / -");
	expect_queue(server, .accept = 3, .limit = 2, .syn = 0);
	expect_counters(net, SERVER, "ListenOverflows 3  ListenDrops 3  TCPTimeouts 1");
	expect_counters(net, CLIENT, "TCPTimeouts 3  Tcp.RetransSegs 3");

	STEP("its next retransmission meets the listener, which knows nothing of it");
	wait_for(late, .gone = true, .host = CLIENT, .within = 2);
	expect_ladder(late,
		      "15rto  >  DATA 5",
		      "+0.0   <  RST     - / -");
	expect_read_error(late, ECONNRESET);
	expect_end_of_file(late);
	expect_queue(server, .accept = 3, .limit = 2, .syn = 0);
	expect_counters(net, SERVER, "Tcp.OutRsts 1");
	expect_counters(net, CLIENT,
			"TCPTimeouts 1  Tcp.RetransSegs 1  Tcp.EstabResets 1  Tcp.CurrEstab -1");
}
