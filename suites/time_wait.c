/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SYN from the port of a connection that the server has not forgotten: what it meets there, in
 * TIME_WAIT and in every other state, and what comes of it.
 */
#define TOPIC          "the old connection"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <sys/socket.h>

static struct peer *peer_in_time_wait(struct listener *server)
{
	struct scene *net = server->scene;

	STEP("a peer's connection, which the server closes first, is in TIME_WAIT");
	struct peer *peer = connected_peer(server);
	server_closes_first(peer);
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

/* A request has taken the place of TIME_WAIT. */
static void expect_reopened(struct peer *old, struct peer *again)
{
	expect_ladder(again,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	expect_ladder(old, "+0.0  .  - / -");
}

/*
 * tcp_conn_request(): the new connection begins above the last number of the old one, so that no
 * segment of that can be taken for one of its own. Up to Linux 6.9 the number got lost on the way
 * to there (commit 41eecbd712b7), and the usual one was taken.
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
	expect_counters(net, SERVER, "TW 0  TWRecycled 0  TWKilled 0");
	ack_makes_the_connection(again);
	accept_peer(server, again);
}

/* RFC 1122, 4.2.2.13; after() in tcp_timewait_state_process() */
CASE(syn_reopens_a_connection_in_time_wait_if_its_number_is_higher, .claims = "",
     .covers = "P-126 F-15", .variants = "number-follows number-is-any")
{
	static const struct comeback rows[] = {
		{ "with the number before the next one of the old connection", -1, false },
		{ "with the next number of the old connection", 0, false },
		{ "with the number behind that", 1, true },
		{ "with one that is 2^31 - 1 higher", INT32_MAX, true },
		{ "with one that is 2^31 higher, or lower", INT32_MIN, true },
		{ "with one that is 2^31 - 1 lower", -INT32_MAX, false },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		come_back(server, &rows[i]);
	expect_nothing_to_accept(server);
}

/* ---- timestamps ------------------------------------------------------------------------------ */

#define LAST_STAMP 1000000 /* of the old connection */

/* The same of one whose segments all have timestamps. */
static struct peer *stamped_peer_in_time_wait(struct listener *server)
{
	struct scene *net = server->scene;

	STEP("a connection with timestamps, the last of them %d, is in TIME_WAIT", LAST_STAMP);
	struct peer *peer = raw_peer(net, server);
	peer_send(peer, .flags = SYN, .timestamps = true, .tsval = LAST_STAMP);
	expect_ladder(peer,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	peer_send(peer, .timestamps = true, .tsval = LAST_STAMP, .tsecr = peer->heard.tsval);
	expect_ladder(peer, "-  >  ACK  - / ESTABLISHED");
	close_end(accept_peer(server, peer));
	expect_ladder(peer, "-  <  FIN-ACK  - / FIN_WAIT1");
	peer_send(peer, .flags = FIN | ACK, .timestamps = true, .tsval = LAST_STAMP,
		  .tsecr = peer->heard.tsval);
	expect_ladder(peer,
		      "-     >  FIN-ACK  - / TIME_WAIT",
		      "+0.0  <  ACK");
	return peer;
}

/* What PAWS rejects in TIME_WAIT has a counter of its own since Linux 6.16 (c449d5f3a3d7). */
static const char *paws_counter(struct scene *net)
{
	bool own = has_counter(net, SERVER, "PAWSTimewait");

	saw_variant(net, own ? "counted-as-timewait" : "counted-as-established");
	return own ? "PAWSTimewait" : "PAWSEstab";
}

#define PAWS_VARIANTS "counted-as-timewait counted-as-established"

/* A SYN of a peer with timestamps, which comes again, and what the server makes of it. */
struct stamped_comeback {
	const char *what;
	int32_t isn;
	bool stamped;
	int newer; /* its timestamp, than the last one of the old connection */
	bool gets_in, rejected;
	const char *covers;
};

static void come_back_stamped(struct listener *server, const struct stamped_comeback *row)
{
	struct scene *net = server->scene;
	struct peer *old = stamped_peer_in_time_wait(server);

	STEP("its SYN comes %s", row->what);
	COVERS(row->covers);
	struct peer *again = peer_again(old, .isn = row->isn);
	peer_send(again, .flags = SYN, .timestamps = row->stamped,
		  .tsval = row->stamped ? (uint32_t)(LAST_STAMP + row->newer) : 0);
	if (row->gets_in) {
		expect_reopened(old, again);
		return;
	}
	expect_ladder(again, row->rejected ? "-  >  SYN  ignored" : "-  >  SYN", "+0.0  <  old ACK");
	expect_silence(old);
	expect_counters(net, SERVER, "%s %d", paws_counter(net), row->rejected);
}

/* RFC 6191, and tcp_paws_reject() */
CASE(newer_timestamp_reopens_time_wait_whatever_the_number, .claims = "", .covers = "P-127 F-44",
     .variants = PAWS_VARIANTS)
{
	static const struct stamped_comeback rows[] = {
		{ "with a lower number and a newer timestamp", -1000, true, 1, true, false,
		  "P-127" },
		{ "with a lower number and the same timestamp", -1000, true, 0, false, false,
		  "P-127" },
		{ "with a lower number and an older timestamp", -1000, true, -1, false, true,
		  "P-127 F-44" },
		{ "with a higher number and the same timestamp", 1, true, 0, true, false, "P-127" },
		{ "with a higher number and an older timestamp", 1, true, -1, false, true,
		  "P-127 F-44" },
		{ "with a higher number and without a timestamp", 1, false, 0, true, false,
		  "P-127" },
		{ "with the next number and without a timestamp", 0, false, 0, false, false,
		  "P-127" },
	};
	struct listener *server = listen_on_server(net, .backlog = 8);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		come_back_stamped(server, &rows[i]);
}

/* Of a segment that comes in TIME_WAIT, and then a SYN with a lower number; and when that gets in.
 */
struct stamped_visit {
	const char *what;
	struct peer_segment segment;
	const char *lines[3];
	bool kept; /* the segment's timestamp, which is newer by 10 */
};

/* tcp_timewait_state_process(): the last timestamp is that of the last segment in order. */
CASE(timestamp_that_a_syn_has_to_beat_is_that_of_the_last_segment_in_order, .claims = "",
     .variants = PAWS_VARIANTS, .server_sysctls = { "net.ipv4.tcp_rfc1337=1" })
{
	static const struct stamped_visit visits[] = {
		{ "an ACK in order", { .flags = ACK }, { "- > ACK" }, true },
		{ "a RST in order", { .flags = RST }, { "- > RST" }, true },
		{ "an ACK out of order",
		  { .flags = ACK, .seq = 1 },
		  { "- > ACK seq 3", "+0.0 < ACK" },
		  false },
		{ "data", { .text = "HELLO" }, { "- > DATA 5", "+0.0 < ACK ack 2" }, false },
	};
	struct listener *server = listen_on_server(net, .backlog = 8);

	for (size_t i = 0; i < ARRAY_LENGTH(visits); i++) {
		struct peer *old = stamped_peer_in_time_wait(server);
		struct peer_segment segment = visits[i].segment;

		STEP("%s comes with a timestamp that is newer by 10", visits[i].what);
		segment.timestamps = true;
		segment.tsval = LAST_STAMP + 10;
		segment.tsecr = old->heard.tsval;
		peer_sends(old, segment);
		expect_lines(net, old->flow, visits[i].lines);

		STEP("a SYN with a lower number and one that is newer by 9 %s",
		     visits[i].kept ? "is older than that" : "reopens the connection");
		struct peer *again = peer_again(old, .isn = -1000);
		peer_send(again, .flags = SYN, .timestamps = true, .tsval = LAST_STAMP + 9);
		if (!visits[i].kept) {
			expect_reopened(old, again);
			continue;
		}
		expect_ladder(again, "-  >  SYN  ignored", "+0.0  <  old ACK");
		expect_counters(net, SERVER, "%s 1", paws_counter(net));

		STEP("with one that is newer by 11 it does");
		struct peer *third = peer_again(again, .isn = 0, .name = "third");
		peer_send(third, .flags = SYN, .timestamps = true, .tsval = LAST_STAMP + 11);
		expect_reopened(old, third);
	}
}

/* What a client's kernel does when its SYN is answered with the ACK of another connection. */
static void reset_the_old(struct peer *again)
{
	peer_send(again, .flags = RST, .seq = (int32_t)(again->heard.ack - again->seq));
}

/*
 * Two hosts behind one address (NAT) may use the same port one after the other, and each has a
 * clock of its own. A host that was started again has another clock, too.
 */
CASE(older_timestamp_gets_the_old_connections_ack_and_the_client_gets_in_with_its_next_syn,
     .claims = "", .variants = PAWS_VARIANTS)
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *old = stamped_peer_in_time_wait(server);

	STEP("a SYN with an older timestamp is rejected, and answered for the old connection");
	struct peer *again = peer_again(old, .isn = 100000);
	peer_send(again, .flags = SYN, .timestamps = true, .tsval = LAST_STAMP - 5000);
	expect_ladder(again,
		      "-     >  SYN      ignored",
		      "+0.0  <  old ACK");
	expect_counters(net, SERVER, "%s 1", paws_counter(net));

	STEP("its kernel resets what it has never heard of: TIME_WAIT ends");
	reset_the_old(again);
	expect_ladder(again, "-  >  RST");
	expect_ladder(old, "+0.0  .  - / -");

	STEP("the SYN comes once more, and there is nothing that it could meet");
	peer_send(again, .flags = SYN, .timestamps = true, .tsval = LAST_STAMP - 4000);
	expect_ladder(again,
		      "-     >  SYN      - / SYN_RECV",
		      "+0.0  <  SYN-ACK");
	expect_isn(again, .by_clock = true);
	peer_send(again, .timestamps = true, .tsval = LAST_STAMP - 4000,
		  .tsecr = again->heard.tsval);
	expect_ladder(again, "-  >  ACK  - / ESTABLISHED");
	accept_peer(server, again);
}

/* ---- full queues ----------------------------------------------------------------------------- */

/* How the SYN queue is full, and what becomes of the SYN of a client that is not known. */
struct full_queue {
	const char *what, *cookies, *max_syn_backlog;
	int backlog;
	bool cookie;
	const char *counters;
};

#define PENDING 4

static void come_back_to_a_full_syn_queue(struct scene *net, const struct full_queue *row)
{
	struct peer *pending[PENDING];
	struct listener *server = listen_on_server(net, .backlog = 64);
	struct peer *old = peer_in_time_wait(server);

	STEP("%s", row->what);
	half_open_peers(server, pending, PENDING);
	listen_again(server, row->backlog);
	set_sysctl(net, SERVER, "net.ipv4.tcp_max_syn_backlog=%s", row->max_syn_backlog);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%s", row->cookies);
	(row->cookie ? cookie_peer_with : dropped_peer_with)(net, server,
							     (struct peer_options){ 0 });
	expect_counters(net, SERVER, "%s  again", row->counters);

	STEP("the SYN of the peer in TIME_WAIT is kept, and gets no cookie");
	COVERS("X-31 F-15");
	struct peer *again = peer_again(old, .isn = 1);
	peer_syn(again);
	bool passes = state_of(again, SERVER) == SYN_RECV;
	saw_variant(net, passes ? "time-wait-passes" : "like-a-stranger");
	if (passes)
		expect_reopened(old, again);
	else if (row->cookie)
		expect_ladder(again, "-  >  SYN", "0.0  <  SYN-ACK");
	else
		expect_ladder(again, "-  >  SYN  ignored");
	if (!passes)
		expect_ladder(old, "+0.0  .  - / -");
	expect_queue(server, .accept = 0, .syn = PENDING + passes);
	expect_counters(net, SERVER, "%s  again", passes ? "" : row->counters);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=0");
	set_sysctl(net, SERVER, "net.ipv4.tcp_max_syn_backlog=1024");
	peers_go_away(pending, PENDING);
	expect_counters(net, SERVER, "reset_requests %d  %s  again", PENDING,
			passes ? "" : row->counters);
}

CASE(syn_into_time_wait_passes_a_full_syn_queue_and_gets_no_cookie, .claims = "",
     .covers = "X-31 F-15", .variants = "time-wait-passes like-a-stranger")
{
	static const struct full_queue rows[] = {
		{ "the SYN queue is as long as the backlog says: a stranger's SYN is dropped", "0",
		  "1024", PENDING - 1, false, "syn_overflows 1" },
		{ "its last quarter is for proven peers: a stranger's SYN is dropped", "0", "4", 64,
		  false, "ListenDrops 1" },
		{ "the SYN queue is full: a stranger's SYN gets a cookie", "1", "1024", PENDING - 1,
		  true, "cookies 1" },
		{ "tcp_syncookies 2: everybody gets a cookie", "2", "1024", 64, true, "cookies 1" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		come_back_to_a_full_syn_queue(net, &rows[i]);
}

/* tcp_v4_rcv() ends TIME_WAIT (do_time_wait) before tcp_conn_request() looks at the queue. */
CASE(syn_into_time_wait_does_not_pass_a_full_accept_queue_and_ends_it_all_the_same, .claims = "")
{
	struct listener *server = listen_on_server(net, .backlog = 1);
	struct peer *old = peer_in_time_wait(server);
	struct end **clients = fill_the_queue(server, .count = 2);

	STEP("its SYN meets the full queue: it is dropped, and TIME_WAIT is gone");
	struct peer *again = peer_again(old, .isn = 1);
	peer_syn(again);
	expect_ladder(again, "-  >  SYN  ignored");
	expect_ladder(old, "+0.0  .  - / -");
	expect_queue(server, .accept = 2, .syn = 0);
	expect_drops(server, 1);
	expect_counters(net, SERVER, "overflows 1");

	STEP("there is room again: the SYN that comes again is like any other");
	accept_client(server, clients[0]);
	peer_syn(again);
	expect_ladder(again,
		      "-     >  SYN      - / SYN_RECV",
		      "+0.0  <  SYN-ACK");
	expect_isn(again, .by_clock = true);
	expect_queue(server, .accept = 1, .syn = 1);
}

CASE(syn_into_time_wait_whose_listener_is_gone_gets_the_old_connections_ack, .claims = "",
     .covers = "N-5")
{
	struct listener *server = listen_on_server(net, .backlog = 1);
	struct peer *old = peer_in_time_wait(server);

	STEP("the listener closes: what is in TIME_WAIT stays");
	close_listener(server);
	expect_silence(old);

	STEP("a SYN that would reopen it finds nobody who would take it");
	COVERS("N-5");
	struct peer *again = peer_again(old, .isn = 1);
	peer_syn(again);
	expect_old_answer(old, again);
	expect_states(old, .server = TIME_WAIT);
}

/* inet_twsk_alloc(): there are tcp_max_tw_buckets sockets in TIME_WAIT at most. */
CASE(without_room_for_time_wait_a_closed_connection_is_forgotten_at_once, .claims = "",
     .server_sysctls = { "net.ipv4.tcp_max_tw_buckets=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *first = peer_in_time_wait(server);

	STEP("there is room for one: the second connection leaves nothing behind");
	struct peer *second = half_open_peer(net, server);
	ack_makes_the_connection(second);
	close_end(accept_peer(server, second));
	peer_send(second, .flags = FIN | ACK);
	expect_ladder(second,
		      "-     <  FIN-ACK  - / FIN_WAIT1",
		      "-     >  FIN-ACK  - / -",
		      "+0.0  <  ACK");
	expect_silence(first);
	expect_counters(net, SERVER, "TCPTimeWaitOverflow 1");

	STEP("its next SYN is a stranger's, whatever its number");
	struct peer *again = peer_again(second, .isn = -1000);
	peer_syn(again);
	expect_ladder(again,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	expect_isn(again, .by_clock = true);
}

/* ---- what is no SYN -------------------------------------------------------------------------- */

/* A segment for a connection in TIME_WAIT, and what comes of it. */
struct stray {
	const char *what;
	struct peer_segment segment;
	const char *lines[3];
};

static void expect_time_wait_unmoved(struct listener *server, const struct stray *stray)
{
	struct scene *net = server->scene;
	struct peer *peer = peer_in_time_wait(server);

	STEP("%s", stray->what);
	COVERS("P-128");
	peer_sends(peer, stray->segment);
	expect_lines(net, peer->flow, stray->lines);
	expect_states(peer, .server = TIME_WAIT);
	expect_queue(server, .accept = 0, .syn = 0);
}

/* tcp_timewait_state_process(), in the order of its questions */
CASE(what_is_no_syn_leaves_time_wait_as_it_was, .claims = "", .covers = "P-128")
{
	static const struct stray strays[] = {
		{ "an ACK in order is taken without a word", { .flags = ACK }, { "- > ACK" } },
		{ "an ACK of what was never sent, too",
		  { .flags = ACK, .ack = 1000 },
		  { "- > ACK ack 1002" } },
		{ "an ACK with another number is answered",
		  { .flags = ACK, .seq = 1 },
		  { "- > ACK seq 3", "+0.0 < ACK" } },
		{ "a FIN that comes again is answered",
		  { .flags = FIN | ACK, .seq = -1 },
		  { "- > FIN-ACK seq 1", "+0.0 < ACK" } },
		{ "data behind the FIN is answered",
		  { .text = "HELLO" },
		  { "- > DATA 5", "+0.0 < ACK ack 2" } },
		{ "a SYN-ACK is answered, whatever its number",
		  { .flags = SYN | ACK, .seq = 100000 },
		  { "- > SYN-ACK seq 100000 ack 2", "+0.0 < ACK" } },
		{ "a RST whose number is one too low goes by",
		  { .flags = RST, .seq = -1 },
		  { "- > RST seq 1" } },
		{ "a RST whose number is one too high goes by",
		  { .flags = RST, .seq = 1 },
		  { "- > RST seq 3" } },
		{ "a SYN with RST goes by",
		  { .flags = SYN | RST, .seq = 100000 },
		  { "- > SYN-RST seq 100000" } },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	for (size_t i = 0; i < ARRAY_LENGTH(strays); i++)
		expect_time_wait_unmoved(server, &strays[i]);
}

/* tcp_v4_err(), tcp_v6_err(): nothing of such a connection is under way, whatever is quoted. */
CASE(icmp_error_about_a_connection_in_time_wait_is_neither_believed_nor_counted, .claims = "")
{
	static const struct icmp_error of_ipv4[] = {
		{ .type = 3, .code = 0 },  { .type = 3, .code = 1 },
		{ .type = 3, .code = 3 },  { .type = 3, .code = 4, .mtu = 1300 },
		{ .type = 11, .code = 0 }, { .type = 12, .code = 0 },
	};
	static const struct icmp_error of_ipv6[] = {
		{ .type = 1, .code = 0 },   { .type = 1, .code = 1 }, { .type = 1, .code = 4 },
		{ .type = 2, .mtu = 1300 }, { .type = 3, .code = 0 }, { .type = 4, .code = 0 },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *peer = peer_in_time_wait(server);

	STEP("errors about its last ACK, about its FIN, and about what it has never sent");
	for (size_t i = 0; i < ARRAY_LENGTH(of_ipv4); i++) {
		struct icmp_error error = over_ipv6(net) ? of_ipv6[i] : of_ipv4[i];

		for (error.seq = -1; error.seq <= 1; error.seq++) {
			autofree char *mtu =
				error.mtu ? format("mtu %u", error.mtu) : format("%s", "");
			autofree char *line = format("-  >  ICMP %u/%u  seq %d  %s", error.type,
						     error.code, error.seq + 2, mtu);

			peer_gets_error(peer, error);
			expect_ladder(peer, line);
		}
	}
	expect_states(peer, .server = TIME_WAIT);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_drops(server, 0);

	STEP("its next SYN reopens it as if there had been none, and is offered the whole MSS");
	struct peer *again = peer_again(peer, .isn = 1);
	peer_syn(again);
	expect_reopened(peer, again);
	expect_offer(again, .mss = over_ipv6(net) ? 1440 : 1460, .window_scale = true,
		     .sack = true);
}

/* RFC 1337: TIME-WAIT assassination. */
CASE(reset_ends_time_wait_unless_tcp_rfc1337_says_no, .claims = "", .covers = "P-128")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *peer = peer_in_time_wait(server);

	STEP("tcp_rfc1337 1: a RST with the next number goes by");
	COVERS("P-128");
	set_sysctl(net, SERVER, "net.ipv4.tcp_rfc1337=1");
	peer_reset(peer);
	expect_ladder(peer, "-  >  RST");

	STEP("tcp_rfc1337 0: it ends TIME_WAIT");
	COVERS("P-128");
	set_sysctl(net, SERVER, "net.ipv4.tcp_rfc1337=0");
	peer_reset(peer);
	expect_ladder(peer, "-  >  RST  - / -");

	STEP("so its next SYN is like any other, even with a lower number");
	struct peer *again = peer_again(peer, .isn = -1000);
	peer_syn(again);
	expect_ladder(again,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	expect_isn(again, .by_clock = true);
}

/* tcp_oow_rate_limited() */
CASE(time_wait_answers_once_in_tcp_invalid_ratelimit, .claims = "")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *old = peer_in_time_wait(server);

	STEP("a SYN with an old number is answered");
	struct peer *again = peer_again(old, .isn = 0);
	peer_syn(again);
	expect_old_answer(old, again);

	STEP("the next one within half a second is not");
	peer_syn(again);
	expect_ladder(again, "-  >  SYN  ignored");
	expect_counters(net, SERVER, "TCPACKSkippedTimeWait 1");

	STEP("tcp_invalid_ratelimit 0: each one is");
	set_sysctl(net, SERVER, "net.ipv4.tcp_invalid_ratelimit=0");
	for (int i = 0; i < 2; i++) {
		peer_syn(again);
		expect_ladder(again, "-  >  SYN", "+0.0  <  old ACK");
	}
	expect_silence(old);
}

static void half_a_minute_goes_by(struct listener *server)
{
	struct scene *net = server->scene;

	STEP("half a minute goes by, as a request's timer tells");
	struct peer *clock = half_open_peer(net, server, .name = "clock");
	wait_for(clock, .timeouts = 5, .within = 31);
	peer_reset(clock);
	expect_ladder(clock,
		      "1.0   <  SYN-ACK",
		      "3.0   <  SYN-ACK",
		      "7.0   <  SYN-ACK",
		      "15.0  <  SYN-ACK",
		      "31.0  <  SYN-ACK",
		      "-     >  RST      - / -");
	expect_counters(net, SERVER, "TCPTimeouts 5  reset_requests 1");
}

/* A segment that comes while a connection is in TIME_WAIT, and when it ends then. */
struct visit {
	const char *what;
	struct peer_segment segment;
	const char *lines[3], *end;
};

/* Each of the peers is paid its visit; who ends last is waited for first. */
static void visit_all(struct peer **peers, const struct visit *visits, size_t count)
{
	struct scene *net = peers[0]->scene;

	for (size_t i = 0; i < count; i++) {
		STEP("%s comes", visits[i].what);
		peer_sends(peers[i], visits[i].segment);
		expect_lines(net, peers[i]->flow, visits[i].lines);
	}

	STEP("then each ends in its time");
	for (size_t i = count; i > 0; i--) {
		const char *const lines[] = { visits[i - 1].end, NULL };

		wait_for(peers[i - 1], .gone = true, .host = SERVER, .within = 61);
		expect_lines(net, peers[i - 1]->flow, lines);
	}
}

/*
 * TCP_TIMEWAIT_LEN, and inet_twsk_reschedule(): an ACK begins the minute anew, and so does what
 * PAWS rejects. A SYN does not: it may be from a client that wants to get in.
 */
CASE(time_wait_lasts_a_minute_and_a_segment_that_acknowledges_sets_it_anew, .claims = "",
     .virtual_time = true, .kernel_seconds = 92, .server_sysctls = { "net.ipv4.tcp_rfc1337=1" })
{
	static const struct visit visits[] = {
		{ "an ACK in order", { .flags = ACK }, { "- > ACK" }, "91.0  .  - / -" },
		{ "an ACK out of order",
		  { .flags = ACK, .seq = 1 },
		  { "- > ACK seq 3", "+0.0 < ACK" },
		  "91.0  .  - / -" },
		{ "a SYN with an old number",
		  { .flags = SYN },
		  { "- > SYN", "+0.0 < ACK" },
		  "60.0  .  - / -" },
		{ "a RST with the next number", { .flags = RST }, { "- > RST" }, "60.0  .  - / -" },
	};
	struct listener *server = listen_on_server(net, .backlog = 8);
	struct peer *peers[ARRAY_LENGTH(visits)];

	for (size_t i = 0; i < ARRAY_LENGTH(visits); i++)
		peers[i] = peer_in_time_wait(server);
	half_a_minute_goes_by(server);
	visit_all(peers, visits, ARRAY_LENGTH(visits));
}

/* ---- connections that live ------------------------------------------------------------------- */

#define CHALLENGED "TCPChallengeACK 1  TCPSYNChallenge 1"

/* A peer's connection in some state at the server, and what a SYN then counts there. */
struct living {
	const char *what;
	struct peer *(*make)(struct listener *server);
	const char *counters;
	const char *covers;
};

/* Its SYN is answered twice, so the server measures no round-trip time, and its RTO is 1 s. */
static struct peer *slow_peer(struct listener *server)
{
	struct peer *peer = half_open_peer(server->scene, server);

	syn_is_answered_again(peer);
	ack_makes_the_connection(peer);
	return peer;
}

static struct peer *waiting_peer(struct listener *server)
{
	struct peer *peer = slow_peer(server);

	expect_queue(server, .accept = 1, .syn = 0);
	return peer;
}

static struct peer *accepted_peer(struct listener *server)
{
	struct peer *peer = slow_peer(server);

	accept_peer(server, peer);
	return peer;
}

static struct peer *peer_in_close_wait(struct listener *server)
{
	struct peer *peer = accepted_peer(server);

	peer_send(peer, .flags = FIN | ACK);
	wait_for(peer, .sent = 3, .from = SERVER, .within = 0.2); /* a delayed ACK */
	expect_ladder(peer,
		      "-     >  FIN-ACK  - / CLOSE_WAIT",
		      "+0.0  <  ACK");
	return peer;
}

/* The peer does not acknowledge the server's FIN. */
static struct peer *peer_in_last_ack(struct listener *server)
{
	struct peer *peer = slow_peer(server);
	struct end *served = accept_peer(server, peer);

	peer_send(peer, .flags = FIN | ACK);
	wait_for(peer, .sent = 3, .from = SERVER, .within = 0.2);
	close_end(served);
	expect_ladder(peer,
		      "-     >  FIN-ACK  - / CLOSE_WAIT",
		      "+0.0  <  ACK",
		      "-     <  FIN-ACK  - / LAST_ACK");
	return peer;
}

static struct peer *peer_in_fin_wait_1(struct listener *server)
{
	struct peer *peer = slow_peer(server);

	close_end(accept_peer(server, peer));
	expect_ladder(peer, "-  <  FIN-ACK  - / FIN_WAIT1");
	return peer;
}

static struct peer *peer_in_closing(struct listener *server)
{
	struct peer *peer = peer_in_fin_wait_1(server);

	peer_send(peer, .flags = FIN | ACK, .ack = -1);
	expect_ladder(peer,
		      "-     >  FIN-ACK ack 1  - / CLOSING",
		      "+0.0  <  ACK");
	return peer;
}

/* Its socket is still the server's. */
static struct peer *half_closed_peer(struct listener *server)
{
	struct peer *peer = slow_peer(server);

	shutdown_end(accept_peer(server, peer), SHUT_WR);
	expect_ladder(peer, "-  <  FIN-ACK  - / FIN_WAIT1");
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK  - / FIN_WAIT2");
	return peer;
}

/* A SYN that comes from a port whose connection lives is not believed: RFC 5961, 4.2. */
static void expect_challenge(struct peer *old, struct peer *again)
{
	peer_syn(again);
	expect_old_answer(old, again);
}

static void come_back_to_life(struct scene *net, const struct living *row)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a connection that %s", row->what);
	struct peer *old = row->make(server);
	enum tcp_state state = state_of(old, SERVER);

	STEP("its peer's SYN comes with a higher number, within the window");
	COVERS(row->covers);
	struct peer *again = peer_again(old, .isn = 1000);
	expect_challenge(old, again);
	expect_counters(net, SERVER, "%s", row->counters);

	STEP("the same with a lower number");
	COVERS(row->covers);
	struct peer *third = peer_again(again, .isn = -1000, .name = "third");
	expect_challenge(old, third);
	expect_states(old, .server = state);
	expect_counters(net, SERVER, "%s", row->counters);

	STEP("its kernel resets what it has never heard of, and the SYN comes again");
	COVERS(row->covers);
	reset_the_old(third);
	expect_ladder(third, "-  >  RST");
	expect_ladder(old, "+0.0  .  - / -");
	peer_syn(third);
	expect_ladder(third,
		      "-     >  SYN      - / SYN_RECV",
		      "+0.0  <  SYN-ACK");
	expect_isn(third, .by_clock = true);
	expect_queue(server, .accept = row->make == waiting_peer, .syn = 1);
	expect_counters(net, SERVER, "Tcp.EstabResets %d",
			state == ESTABLISHED || state == CLOSE_WAIT);
}

CASE(syn_for_a_living_connection_is_challenged_and_reset_lets_the_client_in, .claims = "",
     .covers = "P-130 P-131", .server_sysctls = { "net.ipv4.tcp_invalid_ratelimit=0" })
{
	static const struct living rows[] = {
		{ "waits for accept()", waiting_peer, "challenges 1", "P-131" },
		{ "was accepted", accepted_peer, "challenges 1", "P-131" },
		{ "is in CLOSE_WAIT", peer_in_close_wait, CHALLENGED, "P-131" },
		{ "is in LAST_ACK", peer_in_last_ack, CHALLENGED, "P-130" },
		{ "is in FIN_WAIT1", peer_in_fin_wait_1, CHALLENGED, "P-131" },
		{ "is in CLOSING", peer_in_closing, CHALLENGED, "P-131" },
		{ "is in FIN_WAIT2", half_closed_peer, CHALLENGED, "P-131" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		come_back_to_life(net, &rows[i]);
}

CASE(living_connection_challenges_once_in_tcp_invalid_ratelimit, .claims = "", .covers = "P-131")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a connection waits for accept()");
	struct peer *old = half_open_peer(net, server);
	ack_makes_the_connection(old);

	STEP("its peer's SYN is challenged");
	struct peer *again = peer_again(old, .isn = 1000);
	expect_challenge(old, again);
	expect_counters(net, SERVER, "challenges 1");

	STEP("the next one within half a second is counted, and not answered");
	COVERS("P-131");
	peer_syn(again);
	expect_ladder(again, "-  >  SYN  ignored");
	expect_silence(old);
	expect_counters(net, SERVER, "TCPACKSkippedChallenge 1  TCPSYNChallenge 1  Tcp.InErrs 1");
}

/* After close() FIN_WAIT2 is kept like TIME_WAIT (tcp_time_wait()), and takes a SYN otherwise. */
static struct peer *orphan_in_fin_wait_2(struct listener *server)
{
	struct scene *net = server->scene;

	STEP("the server has closed a connection, which is in FIN_WAIT2");
	struct peer *peer = peer_in_fin_wait_1(server);
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK  - / FIN_WAIT2");
	return peer;
}

CASE(syn_for_a_connection_in_fin_wait_2_is_reset_if_it_is_within_the_window, .claims = "")
{
	static const struct comeback rows[] = {
		{ "with the number before the next", -1, false },
		{ "with the next number", 0, true },
		{ "with a higher number", 1000, true },
		{ "with one that is beyond the window", 10000000, false },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct peer *old = orphan_in_fin_wait_2(server);

		STEP("its peer's SYN comes %s", rows[i].what);
		struct peer *again = peer_again(old, .isn = rows[i].isn);
		peer_syn(again);
		if (!rows[i].gets_in) {
			expect_old_answer(old, again);
			expect_states(old, .server = FIN_WAIT2);
			continue;
		}
		expect_ladder(again, "-  >  SYN", "+0.0  <  RST-ACK");
		expect_ladder(old, "+0.0  .  - / -");

		STEP("nothing is left that it could meet when it comes again");
		peer_syn(again);
		expect_ladder(again,
			      "-     >  SYN      - / SYN_RECV",
			      "+0.0  <  SYN-ACK");
		expect_isn(again, .by_clock = true);
		reset_ends_the_request(again);
		expect_counters(net, SERVER, "reset_requests 1");
	}
}

/* tcp_fin_timeout, of a socket that nobody has any more; TCP_TIMEWAIT_LEN, from its last FIN. */
CASE(fin_wait_2_without_an_owner_lasts_a_minute_and_its_last_fin_begins_another_one, .claims = "",
     .virtual_time = true, .kernel_seconds = 92)
{
	static const struct visit visits[] = {
		{ "a FIN",
		  { .flags = FIN | ACK },
		  { "- > FIN-ACK - / TIME_WAIT", "+0.0 < ACK" },
		  "91.0  .  - / -" },
		{ "an ACK", { .flags = ACK }, { "- > ACK" }, "60.0  .  - / -" },
		{ "a FIN with another number",
		  { .flags = FIN | ACK, .seq = -1 },
		  { "- > FIN-ACK seq 0", "+0.0 < ACK" },
		  "60.0  .  - / -" },
	};
	struct listener *server = listen_on_server(net, .backlog = 8);
	struct peer *peers[ARRAY_LENGTH(visits)];

	for (size_t i = 0; i < ARRAY_LENGTH(visits); i++)
		peers[i] = orphan_in_fin_wait_2(server);
	half_a_minute_goes_by(server);
	visit_all(peers, visits, ARRAY_LENGTH(visits));
}

/* ---- the initial sequence number ------------------------------------------------------------- */

/* RFC 6528, secure_tcp_seq(): a hash of addresses, ports and a secret, and a clock. */
CASE(isn_grows_with_the_clock_for_the_same_ports_and_is_elsewhere_for_others, .claims = "",
     .covers = "P-87")
{
	struct listener *server = listen_on_server(net, .backlog = 64);
	struct peer *peers[8];
	int near = 0;

	STEP("a request ends, and the next one between the same ports goes on with the clock");
	COVERS("P-87");
	struct peer *peer = half_open_peer(net, server);
	reset_ends_the_request(peer);
	struct peer *again = peer_again(peer, .isn = 0);
	peer_syn(again);
	expect_ladder(again,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	expect_isn(again, .by_clock = true);
	reset_ends_the_request(again);
	expect_counters(net, SERVER, "reset_requests 2");

	STEP("the ISNs of eight other peers do not follow each other");
	half_open_peers(server, peers, 8);
	for (int i = 1; i < 8; i++)
		near += peers[i]->heard.seq - peers[i - 1]->heard.seq < 1u << 24; /* 1 s */
	if (near > 1)
		fail("of eight peers' ISNs %d are less than 2^24 above the one before: they do not "
		     "depend on addresses and ports",
		     near);
}

/* ---- who listens again ----------------------------------------------------------------------- */

/* Another socket, with this option, may not bind the port. */
static void expect_taken(struct listener *before, struct socket_option option)
{
	struct scene *net = before->scene;
	struct plain_socket *socket = socket_on(net, SERVER, .options = { option });

	expect_call(socket, "bind", EADDRINUSE,
		    bind_to(socket, address_on(net, SERVER, before->port)));
	close(socket->fd);
}

/* inet_csk_bind_conflict(): TIME_WAIT keeps the options of the socket that was closed. */
CASE(port_with_time_waits_may_be_listened_on_again_with_so_reuseaddr, .claims = "",
     .covers = "P-129 F-28")
{
	struct listener *first = listen_on_server(net, .backlog = 5);
	struct peer *old = peer_in_time_wait(first);

	STEP("the listener is gone, and its port is not free: bind() fails with EADDRINUSE");
	COVERS("P-129 F-28");
	close_listener(first);
	expect_taken(first, (struct socket_option)OPTION(SOL_SOCKET, SO_REUSEADDR, 0));

	STEP("SO_REUSEPORT does not help, as the first one had not set it");
	expect_taken(first, (struct socket_option)OPTION(SOL_SOCKET, SO_REUSEPORT, 1));

	STEP("with SO_REUSEADDR another one listens there");
	COVERS("P-129");
	struct listener *second = listen_on_server(net, .backlog = 5, .in_place_of = first);
	expect_states(old, .server = TIME_WAIT);

	STEP("it gets the connection that reopens TIME_WAIT");
	struct peer *again = peer_again(old, .isn = 1);
	peer_syn(again);
	expect_reopened(old, again);
	expect_queue(second, .accept = 0, .syn = 1);
}
