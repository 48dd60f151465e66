/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The final ACK of a handshake meets an accept queue that has filled up since the SYN: what
 * tcp_abort_on_overflow decides.
 */
#define TOPIC "overflow"
#include "fixtures/fixtures.h"

#include <errno.h>

CASE(final_ack_that_meets_a_full_accept_queue_is_ignored, .claims = "D2-31 D2-32 D2-34",
     .kernel_seconds = 7.5,
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=0", "net.ipv4.tcp_synack_retries=2",
			 "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = meet_a_full_queue(server).late;

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
	struct crowd crowd = meet_a_full_queue(server);
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
	struct end *late = meet_a_full_queue(server).late;

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

	struct end **clients =
		fill_the_queue(server, (struct filling){ .clients = 3, .pending = 1 });
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

	fill_the_queue(server, (struct filling){ .clients = 1 });
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
