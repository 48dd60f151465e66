/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SYN from the port of a connection that the server has not forgotten: what it meets there, in
 * TIME_WAIT and in every other state, and what comes of it.
 */
#define TOPIC          "the old connection"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

/* Of a peer whose connection the server closed first: it is in TIME_WAIT there. */
static struct peer *peer_in_time_wait(struct listener *server)
{
	struct scene *net = server->scene;

	STEP("a peer's connection, which the server closes first, is in TIME_WAIT");
	struct peer *peer = half_open_peer(net, server);
	ack_makes_the_connection(peer);
	close_end(accept_peer(server, peer));
	expect_ladder(peer, "-  <  FIN-ACK  - / FIN_WAIT1");
	peer_send(peer, .flags = FIN | ACK);
	expect_ladder(peer,
		      "-     >  FIN-ACK  - / TIME_WAIT",
		      "+0.0  <  ACK");
	return peer;
}

/* A SYN of the peer, which comes again, and what the server makes of it. */
struct comeback {
	const char *what;
	int32_t isn; /* beyond the number that is next */
	bool gets_in;
};

/* The server has nothing for the newcomer, and answers for the old connection. */
static void expect_old_answer(struct peer *old, struct peer *again)
{
	expect_ladder(again,
		      "-     >  SYN",
		      "+0.0  <  old ACK");
	expect_silence(old);
}

/* What has been in TIME_WAIT is a request. */
static void expect_reopened(struct peer *old, struct peer *again)
{
	expect_ladder(again,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	expect_ladder(old, "+0.0  .  - / -");
}

/*
 * tcp_conn_request(): what TIME_WAIT gives way to counts on where it has ended, so that nothing of
 * the old connection can be taken for the new one's. Up to Linux 6.9 that number got lost on its
 * way to there (commit 41eecbd712b7), and the usual one was taken.
 */
static void expect_number_of(struct peer *old, struct peer *again)
{
	bool follows = again->heard.seq == old->ack + 65537;

	saw_variant(old->scene, follows ? "number-follows" : "number-is-any");
	if (follows)
		expect_isn(again, .beyond = 65537);
	else
		expect_isn(again, .by_clock = true);
}

static void come_back(struct listener *server, const struct comeback *row)
{
	struct scene *net = server->scene;
	struct peer *old = peer_in_time_wait(server);

	STEP("its SYN comes, %s", row->what);
	COVERS(row->gets_in ? "P-126 F-15" : "P-126");
	struct peer *again = peer_again(old, .isn = row->isn);
	peer_syn(again);
	if (!row->gets_in) {
		expect_old_answer(old, again);
		expect_queue(server, .accept = 0, .syn = 0);
		return;
	}
	expect_reopened(old, again);
	expect_number_of(old, again);
	expect_queue(server, .accept = 0, .syn = 1);
	ack_makes_the_connection(again);
	accept_peer(server, again);
}

/* RFC 1122, 4.2.2.13; after() in tcp_timewait_state_process() */
CASE(syn_reopens_a_connection_in_time_wait_if_its_number_is_higher, .claims = "",
     .covers = "P-126 F-15", .variants = "number-follows number-is-any")
{
	static const struct comeback rows[] = {
		{ "with the number before that of the FIN's end", -1, false },
		{ "with the number that is next in the old connection", 0, false },
		{ "with the one behind it", 1, true },
		{ "with one that is 2^31 - 1 higher", INT32_MAX, true },
		{ "with one that is 2^31 higher, or lower", INT32_MIN, true },
		{ "with one that is 2^31 - 1 lower", -INT32_MAX, false },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		come_back(server, &rows[i]);
	expect_nothing_to_accept(server);
}
