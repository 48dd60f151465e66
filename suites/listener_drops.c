/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose drops were they? Each listener counts what it has dropped, `ss -ltnm` shows it (d), and it
 * is not what ListenDrops counts for all. The judge compares it in every case with what the
 * listener got (captures/judge/drops.c); here are the kinds beside each other.
 */
#define TOPIC          "drops of a listener"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

/* Two listeners, and what the first has dropped so far; the other never drops anything. */
struct pair {
	struct listener *server, *other;
	int drops;
};

static struct pair listen_twice(struct scene *net)
{
	return (struct pair){ .server = listen_on_server(net, .backlog = 5),
			      .other = listen_on_server(net, .backlog = 5, .name = "other") };
}

static void expect_more(struct pair *pair, int drops)
{
	pair->drops += drops;
	expect_drops(pair->server, pair->drops);
	expect_drops(pair->other, 0);
}

CASE(listener_counts_what_its_requests_drop_answered_or_not, .claims = "", .covers = "X-41",
     .kernel_seconds = 1, .server_sysctls = { "net.ipv4.tcp_synack_retries=0" })
{
	struct pair pair = listen_twice(net);
	struct peer *peer = half_open_peer(net, pair.server);

	ack_makes_the_connection(half_open_peer(net, pair.other));

	STEP("a SYN that comes again is answered, and counts");
	syn_is_answered_again(peer);
	expect_more(&pair, 1);

	STEP("so does a segment from before the window, which is answered with an ACK");
	struct peer *probing = half_open_peer(net, pair.server);
	peer_send(probing, .seq = -1);
	expect_ladder(probing,
		      "-     >  ACK  seq 0",
		      "+0.0  <  ACK");
	expect_more(&pair, 1);

	STEP("and the next one, which is not answered");
	peer_send(probing, .seq = -1);
	expect_ladder(probing, "-  >  ACK  seq 0  ignored");
	expect_counters(net, SERVER, "TCPACKSkippedSynRecv 1");
	expect_more(&pair, 1);
	reset_ends_the_request(probing);
	expect_counters(net, SERVER, "TCPACKSkippedSynRecv 1  reset_requests 1");
	expect_more(&pair, 1);

	STEP("what acknowledges a wrong number is the listener's: it is answered with RST");
	peer_send(peer, .ack = 1);
	expect_ladder(peer,
		      "-     >  ACK  ack 2",
		      "+0.0  <  RST");
	expect_more(&pair, 0);

	STEP("RST ends the request, and counts");
	COVERS("X-41");
	reset_ends_the_request(peer);
	expect_counters(net, SERVER, "reset_requests 1");
	expect_more(&pair, 1);

	STEP("an ACK that makes a connection does not");
	struct peer *welcome = half_open_peer(net, pair.server);
	ack_makes_the_connection(welcome);
	expect_more(&pair, 0);

	STEP("nor does a request that expires");
	struct peer *silent = half_open_peer(net, pair.server);
	wait_for(silent, .gone = true, .host = SERVER, .within = 1);
	expect_ladder(silent, "1.0  .  - / -");
	expect_counters(net, SERVER, "TCPTimeouts 1");
	expect_more(&pair, 0);
}

CASE(listener_counts_what_it_drops_itself_until_its_socket_is_closed, .claims = "",
     .covers = "X-41")
{
	struct pair pair = listen_twice(net);
	struct icmp_error unreachable = over_ipv6(net)
						? (struct icmp_error){ .type = 1, .code = 4 }
						: (struct icmp_error){ .type = 3, .code = 1 };

	STEP("a SYN with FIN, and RST, count: nobody answers them");
	struct peer *stray = raw_peer(net, pair.server);
	peer_send(stray, .flags = SYN | FIN);
	expect_ladder(stray, "-  >  SYN-FIN");
	expect_more(&pair, 1);
	peer_reset(stray);
	expect_ladder(stray, "-  >  RST  seq 1");
	expect_more(&pair, 1);

	STEP("an ICMP error that ends a request does");
	struct peer *unreached = half_open_peer(net, pair.server);
	peer_gets_error(unreached, unreachable);
	expect_ladder(unreached, over_ipv6(net) ? "-  >  ICMP 1/4  - / -" : "-  >  ICMP 3/1  - / -");
	expect_counters(net, SERVER, "ListenDrops 1");
	expect_more(&pair, 1);

	STEP("an ACK that comes then does not: it is answered with RST");
	ack_is_answered_with_reset(unreached);
	expect_more(&pair, 0);

	STEP("a SYN that a full accept queue drops counts once");
	COVERS("X-41");
	listen_again(pair.server, 1);
	connect_clients(net, pair.server, 2);
	refused_peer(net, pair.server);
	expect_counters(net, SERVER, "overflows 1");
	expect_more(&pair, 1);

	STEP("an ACK that it drops counts twice, and ListenDrops counts it once");
	COVERS("X-41");
	struct peer *late = peer_at_a_full_queue(pair.server, 2);
	ack_is_ignored(late);
	expect_counters(net, SERVER, "overflows 1");
	expect_more(&pair, 2);

	STEP("with tcp_abort_on_overflow too, though it is answered with RST");
	set_sysctl(net, SERVER, "net.ipv4.tcp_abort_on_overflow=1");
	peer_ack(late);
	expect_ladder(late,
		      "-     >  ACK  rejected  - / -",
		      "+0.0  <  RST");
	expect_counters(net, SERVER, "overflows 1  EmbryonicRsts 1");
	expect_more(&pair, 2);

	STEP("the count outlives listen() again");
	listen_again(pair.other, 3);
	expect_more(&pair, 0);
	listen_again(pair.server, 9);
	expect_more(&pair, 0);
}
