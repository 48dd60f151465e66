/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The final ACK of a handshake meets an accept queue that has filled up since the SYN: what
 * tcp_abort_on_overflow decides.
 */
#define TOPIC "overflow"
#include "fixtures/fixtures.h"

#include <errno.h>

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
