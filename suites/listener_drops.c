/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose drops were they? Each listener counts what it has dropped, `ss -ltnm` shows it (d), and it
 * is not what ListenDrops counts for all. The judge compares it in every case with what the
 * listener got (captures/judge/drops.c); here are the kinds beside each other.
 */
#define TOPIC          "drops of a listener"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>

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

/* tcp_v4_syn_recv_sock() counts an ACK that it drops, and tcp_v4_rcv() counts it once more. */
static void drop_at_a_full_accept_queue(struct scene *net, struct pair *pair)
{
	STEP("a SYN that a full accept queue drops counts once");
	COVERS("X-41");
	listen_again(pair->server, 1);
	connect_clients(net, pair->server, 2);
	dropped_peer(net, pair->server);
	expect_counters(net, SERVER, "overflows 1");
	expect_more(pair, 1);

	STEP("an ACK that it drops counts twice, and ListenDrops counts it once");
	COVERS("X-41");
	struct peer *late = peer_at_a_full_queue(pair->server, 2);
	ack_is_ignored(late);
	expect_counters(net, SERVER, "overflows 1");
	expect_more(pair, 2);

	STEP("with tcp_abort_on_overflow too, though it is answered with RST");
	set_sysctl(net, SERVER, "net.ipv4.tcp_abort_on_overflow=1");
	peer_ack(late);
	expect_ladder(late,
		      "-     >  ACK  rejected  - / -",
		      "+0.0  <  RST");
	expect_counters(net, SERVER, "overflows 1  EmbryonicRsts 1");
	expect_more(pair, 2);
}

CASE(listener_counts_what_it_drops_itself_until_its_socket_is_closed, .claims = "",
     .covers = "X-41")
{
	struct pair pair = listen_twice(net);

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
	peer_gets_error(unreached, fatal_icmp_error(net));
	expect_ladder(unreached, over_ipv6(net) ? "-  >  ICMP 1/4  - / -" : "-  >  ICMP 3/1  - / -");
	expect_counters(net, SERVER, "ListenDrops 1");
	expect_more(&pair, 1);

	STEP("an ACK that comes then does not: it is answered with RST");
	ack_is_answered_with_reset(unreached);
	expect_more(&pair, 0);

	drop_at_a_full_accept_queue(net, &pair);

	STEP("the count outlives listen() again");
	listen_again(pair.other, 3);
	expect_more(&pair, 0);
	listen_again(pair.server, 9);
	expect_more(&pair, 0);
}

/* ---- what never comes to it ----------------------------------------------------------------- */

/* Of the socket's filter: the whole segment, or nothing of it. */
static struct sock_filter everything[] = { { BPF_RET | BPF_K, 0, 0, UINT32_MAX } };
static struct sock_filter nothing[] = { { BPF_RET | BPF_K, 0, 0, 0 } };
#define FILTER(instructions_)                                                                      \
	(struct sock_fprog)                                                                        \
	{                                                                                          \
		ARRAY_LENGTH(instructions_), instructions_                                         \
	}

/* tcp_filter(), which tcp_v4_rcv() asks of the listener, for its requests too. */
CASE(filter_of_a_listener_keeps_segments_from_it_and_from_its_requests, .claims = "")
{
	struct pair pair = listen_twice(net);

	STEP("a filter that lets all through changes nothing");
	set_option(pair.server, SOL_SOCKET, SO_ATTACH_FILTER, FILTER(everything));
	struct peer *peer = half_open_peer(net, pair.server);
	struct peer *reset = half_open_peer(net, pair.server);
	struct peer *early = connected_peer(pair.server);
	expect_more(&pair, 0);

	STEP("one that lets nothing through: a SYN, ACK, data and RST drop, unanswered, and count");
	set_option(pair.server, SOL_SOCKET, SO_ATTACH_FILTER, FILTER(nothing));
	struct peer *late = raw_peer(net, pair.server);
	peer_syn(late);
	expect_ladder(late, "-  >  SYN");
	expect_more(&pair, 1);
	peer_ack(late);
	expect_ladder(late, "-  >  ACK");
	expect_more(&pair, 1);
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK");
	peer_data(peer, "HELLO");
	expect_ladder(peer, "-  >  DATA 5");
	peer_reset(reset);
	expect_ladder(reset, "-  >  RST");
	expect_more(&pair, 3);
	expect_states(peer, .server = SYN_RECV);
	expect_states(reset, .server = SYN_RECV);
	expect_queue(pair.server, .accept = 1, .syn = 2);

	STEP("who was connected before has a filter of its own, and so has who is connected later");
	speak(early, "HELLO");
	expect_read(accept_peer(pair.server, early), "HELLO");
	expect_call(pair.server, "SO_DETACH_FILTER", 0,
		    setsockopt(pair.server->fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){ 0 },
			       sizeof(int)));
	set_option(pair.server, SOL_SOCKET, SO_ATTACH_FILTER, FILTER(everything));
	reset_ends_the_request(reset);
	expect_more(&pair, 1);
	expect_counters(net, SERVER, "reset_requests 1");

	STEP("without it the request is as it was: its data makes the connection");
	peer_send(peer, .text = "HELLO", .seq = -5);
	expect_ladder(peer,
		      "-     >  DATA 5  - / ESTABLISHED",
		      "+0.0  <  ACK");
	expect_read(accept_peer(pair.server, peer), "HELLO");
	expect_more(&pair, 0);
}

static void demand_ttl(struct listener *server, int least)
{
	const struct scene *net = server->scene;
	const struct socket_option option = IP_OPTION(net, IP_MINTTL, IPV6_MINHOPCOUNT, least);

	set_option_of_listener(server, option);
}

/* RFC 5082; tcp_v4_rcv() asks it of what comes to the listener, and not of what a request gets. */
CASE(listener_that_demands_a_ttl_drops_syns_with_a_smaller_one, .claims = "")
{
	static const int least[] = { 0, 1, 63, 64, 65, 255 };
	struct pair pair = listen_twice(net);

	for (size_t i = 0; i < ARRAY_LENGTH(least); i++) {
		bool drops = least[i] > 64;

		STEP("it demands a TTL of %d, and a SYN comes that has 64", least[i]);
		demand_ttl(pair.server, least[i]);
		struct peer *peer = raw_peer(net, pair.server);
		peer_syn(peer);
		expect_ladder(peer, drops ? "-  >  SYN" : "-  >  SYN  - / SYN_RECV",
			      drops ? NULL : "0.0  <  SYN-ACK");
		if (!drops)
			reset_ends_the_request(peer);
		expect_more(&pair, 1); /* the SYN or the RST */
		expect_counters(net, SERVER, "TCPMinTTLDrop %d  reset_requests %d", drops, !drops);
	}

	STEP("a request from before is not asked: its ACK, of 64, makes a connection");
	demand_ttl(pair.server, 64);
	struct peer *peer = half_open_peer(net, pair.server);
	demand_ttl(pair.server, 65);
	ack_makes_the_connection(peer);
	expect_more(&pair, 0);

	STEP("which has the demand of its listener by now, and drops the peer's data");
	struct end *served = accept_peer(pair.server, peer);
	peer_data(peer, "HELLO");
	expect_ladder(peer, "-  >  DATA 5");
	expect_read_error(served, EAGAIN);
	expect_more(&pair, 0);
	expect_counters(net, SERVER, "TCPMinTTLDrop 1");
}
