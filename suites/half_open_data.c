/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data for a server that is half-open still: whether it is dropped, who gives up first and how that
 * ends, and what becomes of the data when a slot is free. docs/half-open.md tells the story.
 */
#define TOPIC "data while half-open"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <string.h>

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
	struct end *late = meet_a_full_queue(server).late;

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
