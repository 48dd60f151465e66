/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SYN queue: how many half-open requests a listener keeps. The SYNs come from raw peers, so
 * that no client's kernel answers a SYN-ACK with RST.
 */
#define TOPIC "SYN queue"
#include "fixtures/fixtures.h"

/* What a listener with this backlog keeps, and which of the two limits is met first. */
struct capacity {
	int backlog;
	const char *max_syn_backlog;
	int requests;
	bool by_backlog; /* counted in TCPReqQFullDrop; the other limit is not */
};

/* Before 3479c7549fb1 (January 2025) as many as the backlog says, since then one more. */
static bool takes_one_more_than_backlog(struct scene *net)
{
	struct peer *peers[2];
	bool answered;

	STEP("backlog 1: is a second half-open request kept?");
	struct listener *server = listen_on_server(net, .backlog = 1);
	half_open_peers(server, peers, 1);
	peers[1] = raw_peer(net, server);
	peer_syn(peers[1]);
	answered = peers[1]->heard_count > 0;
	if (answered)
		expect_ladder(peers[1],
			      "-    >  SYN      - / SYN_RECV",
			      "0.0  <  SYN-ACK");
	else
		expect_ladder(peers[1], "-  >  SYN  ignored");
	expect_queue(server, .accept = 0, .limit = 1, .syn = answered ? 2 : 1);
	peers_go_away(peers, answered ? 2 : 1);
	expect_counters(
		net, SERVER,
		"TCPReqQFullDrop %d  ListenDrops %d  EmbryonicRsts %d  Tcp.AttemptFails %d" AGAIN,
		!answered, !answered, answered ? 2 : 1, answered ? 2 : 1, AGAIN_OF(net));
	return answered;
}

static void expect_row(struct scene *net, const struct capacity *row)
{
	struct peer *peers[256], *refused;

	STEP("backlog %d, tcp_max_syn_backlog %s: %d half-open requests", row->backlog,
	     row->max_syn_backlog, row->requests);
	set_sysctl(net,
		   (struct sysctl){ SERVER, "net.ipv4.tcp_max_syn_backlog", row->max_syn_backlog });
	struct listener *server = listen_on_server(net, .backlog = row->backlog);
	half_open_peers(server, peers, row->requests);
	expect_queue(server, .accept = 0, .limit = row->backlog, .syn = row->requests);
	expect_counters(net, SERVER, AGAIN, AGAIN_OF(net));

	STEP("three SYNs more are dropped");
	for (int i = 0; i < 3; i++) {
		refused = raw_peer(net, server);
		peer_syn(refused);
		expect_ladder(refused, "-  >  SYN  ignored");
	}
	expect_queue(server, .accept = 0, .limit = row->backlog, .syn = row->requests);
	expect_counters(net, SERVER, "ListenDrops 3  TCPReqQFullDrop %d" AGAIN,
			row->by_backlog ? 3 : 0, AGAIN_OF(net));

	STEP("the peers go away with RST, and the queue is empty");
	peers_go_away(peers, row->requests);
	expect_queue(server, .accept = 0, .limit = row->backlog, .syn = 0);
	expect_counters(net, SERVER, "EmbryonicRsts %d  Tcp.AttemptFails %d" AGAIN, row->requests,
			row->requests, AGAIN_OF(net));
	expect_counters(net, CLIENT, "-");
}

CASE(syn_queue_without_cookies_is_limited_by_backlog_and_max_syn_backlog, .claims = "D2-18 D2-19",
     .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	/* min(backlog + 1, M - M/4 + 1): tcp_conn_request() and inet_csk_reqsk_queue_is_full() */
	static const struct capacity rows[] = {
		{ 4, "128", 5, true },      { 10, "128", 11, true },   { 100, "128", 97, false },
		{ 200, "256", 193, false }, { 200, "16", 13, false },  { 200, "17", 14, false },
		{ 200, "8", 7, false },     { 200, "5", 5, false },    { 200, "2", 3, false },
		{ 200, "1", 2, false },     { 200, "0", 1, false },    { 0, "128", 1, true },
		{ 1, "128", 2, true },      { 4096, "64", 49, false },
	};

	bool one_more = takes_one_more_than_backlog(net);

	saw_variant(net, one_more ? "limit-is-backlog-plus-one" : "limit-is-backlog");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct capacity row = rows[i];

		row.requests -= row.by_backlog && !one_more;
		expect_row(net, &row);
	}
}
