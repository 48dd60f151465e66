/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SYN cookie keeps, and how it is read: an MSS in the SYN-ACK's number, and in its timestamp
 * what options there were. accept() holds each connection to what its cookie and the segment that
 * brought it back make of that (captures/judge/cookies.c); so the steps say only what a peer sees.
 */
#define TOPIC          "SYN cookies"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=2"
#include "fixtures/fixtures.h"

#include <netinet/tcp.h>

/* ---- the MSS --------------------------------------------------------------------------------- */

/* What a SYN says, and the length of the segments that it gets. */
struct rounding {
	const char *name;
	int offered, sent;
};

/* msstab of net/ipv4/syncookies.c and net/ipv6/syncookies.c, at each edge */
static const struct rounding of_ipv4[] = {
	{ "no MSS", NO_OPTION, 536 },
	{ "MSS 100", 100, 536 },
	{ "MSS 536", 536, 536 },
	{ "MSS 1299", 1299, 536 },
	{ "MSS 1300", 1300, 1300 },
	{ "MSS 1439", 1439, 1300 },
	{ "MSS 1440", 1440, 1440 },
	{ "MSS 1459", 1459, 1440 },
	{ "MSS 1460", 1460, 1460 },
	{ "MSS 8960", 8960, 1460 },
	{ NULL, 0, 0 },
};
/* 8940 is the largest of them, and more than Ethernet carries. */
static const struct rounding of_ipv6[] = {
	{ "no MSS", NO_OPTION, 1220 }, { "MSS 536", 536, 1220 },
	{ "MSS 1220", 1220, 1220 },    { "MSS 1419", 1419, 1220 },
	{ "MSS 1420", 1420, 1420 },    { "MSS 1439", 1439, 1420 },
	{ "MSS 1440", 1440, 1440 },    { "MSS 8939", 8939, 1440 },
	{ "MSS 8940", 8940, 1440 },    { NULL, 0, 0 },
};

/* Of two segments that are as long as they can be. */
static void expect_length(struct listener *server, struct peer *peer, int length)
{
	struct end *served = accept_peer(server, peer);
	autofree char *text = format("%0*d", 2 * length, 0);
	autofree char *line = format("-  <  DATA %d", length);

	send_text(served, text);
	expect_ladder(peer, line, line);
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK");
}

CASE(cookie_rounds_the_mss_down_to_one_of_four_and_a_small_one_up, .claims = "",
     .covers = "X-02 P-93")
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	int count = 0;

	STEP("whatever MSS a SYN has, or none: the segments that come have one of the four");
	COVERS("X-02 P-93");
	for (const struct rounding *row = over_ipv6(net) ? of_ipv6 : of_ipv4; row->sent; row++) {
		struct peer *peer = raw_peer(net, server, .name = row->name);

		peer_send(peer, .flags = SYN, .mss = row->offered);
		expect_offer(peer, .mss = ethernet_mss(net));
		expect_ladder(peer, "-  >  SYN", "0.0  <  SYN-ACK");
		ack_makes_the_connection(peer);
		expect_length(server, peer, row->sent);
		count++;
	}
	expect_counters(net, SERVER, "cookies %d  SyncookiesRecv %d", count, count);

	STEP("TCP_MAXSEG of the listener is rounded down too, though the SYN-ACK offers it");
	struct listener *bounded = listen_on_server(
		net, .backlog = 10, .options = { OPTION(IPPROTO_TCP, TCP_MAXSEG, 1400) });
	struct peer *peer = cookie_peer(net, bounded);
	expect_offer(peer, .mss = 1400);
	ack_makes_the_connection(peer);
	expect_length(bounded, peer, over_ipv6(net) ? 1220 : 1300);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}

/* ---- the options ----------------------------------------------------------------------------- */

/* A cookie that can tell of the options, as its SYN-ACK has timestamps. */
static struct peer *peer_with_timestamps(struct scene *net, struct listener *server)
{
	struct peer *peer = raw_peer(net, server);

	peer_send(peer, .flags = SYN, .timestamps = true, .tsval = 1000);
	expect_ladder(peer, "- > SYN", "0.0 < SYN-ACK");
	return peer;
}

/* The ACK of a peer whose SYN had timestamps, with the SYN-ACK's echoed, or another number. */
static void acknowledge(struct peer *peer, uint32_t tsecr)
{
	peer_send(peer, .timestamps = true, .tsval = 1001, .tsecr = tsecr);
}

static void expect_connection(struct listener *server, struct peer *peer)
{
	expect_ladder(peer, "-  >  ACK  - / ESTABLISHED");
	accept_peer(server, peer);
}

/* cookie_ecn_ok(): the cookie remembers that the SYN has asked, and not whether it may. */
CASE(cookie_carries_ecn_only_with_timestamps, .claims = "", .covers = "X-01")
{
	static const struct {
		const char *what, *tcp_ecn, *tcp_ecn_later;
		unsigned flags;
		const char *answer; /* to a SYN with timestamps */
	} rows[] = {
		{ "SYNs ask for ECN", "2", "2", SYN | ECE | CWR, "0.0  <  SYN-ACK-ECE" },
		{ "SYNs do not ask", "2", "2", SYN, "0.0  <  SYN-ACK" },
		{ "SYNs ask, and the server has never wanted it", "0", "0", SYN | ECE | CWR,
		  "0.0  <  SYN-ACK" },
		{ "SYNs ask, and the server does not want it any more", "2", "0", SYN | ECE | CWR,
		  "0.0  <  SYN-ACK-ECE" },
		{ "SYNs ask, and the server wants it from now on", "0", "1", SYN | ECE | CWR,
		  "0.0  <  SYN-ACK" },
	};
	struct listener *server = listen_on_server(net, .backlog = 10);
	int mss = ethernet_mss(net);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *syn = rows[i].flags & ECE ? "-  >  SYN-ECE-CWR" : "-  >  SYN";

		STEP("%s, without timestamps and with them", rows[i].what);
		if (i == 0)
			COVERS("X-01");
		set_sysctl(net, SERVER, "net.ipv4.tcp_ecn=%s", rows[i].tcp_ecn);
		struct peer *plain = raw_peer(net, server);
		peer_send(plain, .flags = rows[i].flags);
		expect_offer(plain, .mss = mss);
		expect_ladder(plain, syn, "0.0  <  SYN-ACK");
		struct peer *stamped = raw_peer(net, server);
		peer_send(stamped, .flags = rows[i].flags, .timestamps = true, .tsval = 1000);
		expect_offer(stamped, .mss = mss, .window_scale = true, .sack = true,
			     .timestamps = true);
		expect_ladder(stamped, syn, rows[i].answer);
		set_sysctl(net, SERVER, "net.ipv4.tcp_ecn=%s", rows[i].tcp_ecn_later);
		peer_ack(plain);
		expect_connection(server, plain);
		acknowledge(stamped, stamped->heard.tsval);
		expect_connection(server, stamped);
		expect_counters(net, SERVER, "cookies 2  SyncookiesRecv 2");
	}
}

/* cookie_init_timestamp(), and what cookie_timestamp_decode() makes of it */
CASE(cookie_remembers_window_scale_and_sack_each_by_itself, .claims = "")
{
	static const struct {
		const char *what;
		int scale;
		bool no_sack;
	} rows[] = {
		{ "window scale 1 and SACK", 1, false },
		{ "window scale 14 and no SACK", 14, true },
		{ "window scale 15, which counts as 14, and SACK", 15, false },
		{ "no window scale, and SACK", NO_OPTION, false },
		{ "neither", NO_OPTION, true },
	};
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct peer *peer = raw_peer(net, server);

		STEP("%s", rows[i].what);
		peer_send(peer, .flags = SYN, .scale = rows[i].scale, .no_sack = rows[i].no_sack,
			  .timestamps = true, .tsval = 1000);
		expect_offer(peer, .mss = ethernet_mss(net),
			     .window_scale = rows[i].scale != NO_OPTION, .sack = !rows[i].no_sack,
			     .timestamps = true);
		expect_ladder(peer, "- > SYN", "0.0 < SYN-ACK");
		acknowledge(peer, peer->heard.tsval);
		expect_connection(server, peer);
		expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
	}
}

/*
 * The options are in the last six bits of the echo, and nothing protects them: a box on the way
 * that changes timestamps changes the options. An echo with an option that the server does not have
 * is answered with RST.
 */
CASE(cookie_has_the_options_that_the_echo_says, .claims = "", .covers = "N-25")
{
	static const struct {
		const char *what;
		int32_t later; /* than the SYN-ACK's */
	} rows[] = {
		{ "an older echo with the same six bits: the same options", -64 },
		{ "one that is younger by 1: window scale 8 in place of 7", 1 },
		{ "by 8: no window scale", 8 },
		{ "by 16: no SACK, and ECN that nobody has asked for", 16 },
		{ "one that is older by 16: no SACK", -16 },
	};
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct peer *peer;

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("%s", rows[i].what);
		COVERS("N-25");
		peer = peer_with_timestamps(net, server);
		acknowledge(peer, peer->heard.tsval + (uint32_t)rows[i].later);
		expect_connection(server, peer);
		expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
	}

	STEP("an echo of 0: window scale 0, no SACK");
	peer = peer_with_timestamps(net, server);
	acknowledge(peer, 0);
	expect_connection(server, peer);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

	STEP("an ACK without timestamps: no option at all");
	peer = peer_with_timestamps(net, server);
	peer_ack(peer);
	expect_connection(server, peer);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}

/*
 * cookie_timestamp_decode() refuses options that are switched off; SyncookiesRecv has counted the
 * cookie before. With tcp_timestamps=0 the echo with the options is not read (tcp_parse_options()),
 * so there is nothing to refuse.
 */
CASE(cookie_whose_options_are_switched_off_meanwhile_is_reset, .claims = "", .covers = "N-4")
{
	static const struct {
		const char *sysctl;
		struct peer_segment without; /* a SYN that has not what it switches off */
	} rows[] = {
		{ "net.ipv4.tcp_sack",
		  { .flags = SYN, .no_sack = true, .timestamps = true, .tsval = 1000 } },
		{ "net.ipv4.tcp_window_scaling",
		  { .flags = SYN, .scale = NO_OPTION, .timestamps = true, .tsval = 1000 } },
	};
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("two peers get cookies, and then there is %s=0", rows[i].sysctl);
		struct peer *with = raw_peer(net, server);
		struct peer *without = raw_peer(net, server);
		peer_send(with, .flags = SYN, .timestamps = true, .tsval = 1000);
		peer_sends(without, rows[i].without);
		expect_ladder(with, "- > SYN", "0.0 < SYN-ACK");
		expect_ladder(without, "- > SYN", "0.0 < SYN-ACK");
		uint32_t tsval = with->heard.tsval;
		set_sysctl(net, SERVER, "%s=0", rows[i].sysctl);
		expect_counters(net, SERVER, "cookies 2");

		STEP("the one whose SYN had the option is reset");
		COVERS("N-4");
		acknowledge(with, tsval);
		expect_ladder(with, "- > ACK", "+0.0 < RST");
		expect_nothing_to_accept(server);
		expect_counters(net, SERVER, "SyncookiesRecv 1");

		STEP("the one whose SYN did not have it is connected");
		acknowledge(without, without->heard.tsval);
		expect_connection(server, without);
		expect_counters(net, SERVER, "SyncookiesRecv 1");

		STEP("%s=1, and the other one's cookie is good again", rows[i].sysctl);
		set_sysctl(net, SERVER, "%s=1", rows[i].sysctl);
		acknowledge(with, tsval);
		expect_connection(server, with);
		expect_counters(net, SERVER, "SyncookiesRecv 1");
	}

	STEP("with tcp_syncookies=0 nobody looks for one, and with 2 it is good again");
	struct peer *early = cookie_peer(net, server);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=0");
	ack_is_answered_with_reset(early);
	expect_nothing_to_accept(server);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
	ack_makes_the_connection(early);
	accept_peer(server, early);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

	STEP("with tcp_timestamps=0 a peer is connected, and its options are forgotten");
	struct peer *peer = peer_with_timestamps(net, server);
	set_sysctl(net, SERVER, "net.ipv4.tcp_timestamps=0");
	acknowledge(peer, peer->heard.tsval);
	expect_connection(server, peer);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}

/* ---- the window ------------------------------------------------------------------------------ */

/*
 * cookie_v4_check() computes the window once more, with an MSS from which it does not take the 12
 * bytes of timestamps as the SYN-ACK did. So with timestamps the window is not the one that the
 * SYN-ACK has offered, and its right edge may go back.
 */
CASE(receive_buffer_bounds_the_window_of_a_cookies_child, .claims = "", .covers = "F-18 N-24")
{
	static const struct {
		int buffer, clamp; /* SO_RCVBUF, TCP_WINDOW_CLAMP of the listener; 0: not set */
		bool timestamps;
		const char *windows[2]; /* offered; behind 5 bytes; over IPv4 */
		const char *over_ipv6[2];
	} rows[] = {
		{ 4000, 0, false, { "2920", "2920" }, { "2880", "2880" } },
		{ 4000, 0, true, { "2896", "2915" }, { "2856", "2875" } },
		{ 30000, 0, false, { "29200", "29195" }, { "28800", "28795" } },
		{ 30000, 0, true, { "28960", "29195" }, { "29988", "28795" } },
		{ 0, 0, false, { "64240", "64235" }, { "64800", "64795" } },
		{ 0, 0, true, { "65160", "502" }, { "64260", "507" } },
		{ 0, 10000, false, { "8760", "8760" }, { "8640", "8640" } },
		{ 0, 10000, true, { "8688", "8760" }, { "9996", "8640" } },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *const *windows = over_ipv6(net) ? rows[i].over_ipv6 : rows[i].windows;
		struct listener *server = listen_on_server(net, .backlog = 10);
		autofree char *offered = format("0.0  <  SYN-ACK win %s", windows[0]);
		autofree char *kept = format("+0.0 <  ACK win %s", windows[1]);

		if (rows[i].buffer)
			set_option(server, SOL_SOCKET, SO_RCVBUF, rows[i].buffer);
		if (rows[i].clamp)
			set_option(server, IPPROTO_TCP, TCP_WINDOW_CLAMP, rows[i].clamp);
		STEP("SO_RCVBUF %d, TCP_WINDOW_CLAMP %d, with%s timestamps", rows[i].buffer,
		     rows[i].clamp, rows[i].timestamps ? "" : "out");
		COVERS(rows[i].timestamps ? "F-18 N-24" : "F-18");
		struct peer *peer = raw_peer(net, server);
		peer_send(peer, .flags = SYN, .timestamps = rows[i].timestamps,
			  .tsval = rows[i].timestamps ? 1000 : 0);
		expect_ladder(peer, "-  >  SYN", offered);
		peer_send(peer, .text = "HELLO", .timestamps = rows[i].timestamps,
			  .tsval = rows[i].timestamps ? 1001 : 0, .tsecr = peer->heard.tsval);
		expect_ladder(peer, "-  >  DATA 5  - / ESTABLISHED", kept);
		expect_read(accept_peer(server, peer), "HELLO");
		expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The final ACK of a request makes a connection with the options of its SYN. */
static void complete_request(struct listener *server, struct peer *peer,
			     const struct peer_segment *syn)
{
	struct scene *net = server->scene;
	int mss = syn->mss ? syn->mss : ethernet_mss(net);

	if (syn->timestamps)
		acknowledge(peer, peer->heard.tsval);
	else
		peer_ack(peer);
	expect_ladder(peer,
		      "~1.0  <  SYN-ACK",
		      "~3.0  <  SYN-ACK",
		      "-     >  ACK      - / ESTABLISHED");
	struct end *served = accept_peer(server, peer);
	expect_option(served, IPPROTO_TCP, TCP_MAXSEG, mss - (syn->timestamps ? 12 : 0));
}

CASE(requests_from_before_the_flood_keep_all_their_options, .claims = "", .covers = "P-72",
     .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=1" })
{
	static const struct peer_segment syns[] = {
		{ .flags = SYN, .mss = 1400 },
		{ .flags = SYN, .scale = 3, .no_sack = true },
		{ .flags = SYN | ECE | CWR },
		{ .flags = SYN, .scale = NO_OPTION, .timestamps = true, .tsval = 1000 },
	};
	struct peer *before[ARRAY_LENGTH(syns)], *after[ARRAY_LENGTH(syns)];
	int backlog = (int)ARRAY_LENGTH(syns) - takes_one_more_than_backlog(net);
	int mss = ethernet_mss(net);

	STEP("four SYNs fill the queue, and each SYN-ACK has what its SYN has");
	struct listener *server = listen_on_server(net, .backlog = backlog);
	for (size_t i = 0; i < ARRAY_LENGTH(syns); i++) {
		before[i] = raw_peer(net, server);
		peer_sends(before[i], syns[i]);
		expect_offer(before[i], .mss = mss, .window_scale = syns[i].scale != NO_OPTION,
			     .sack = !syns[i].no_sack, .timestamps = syns[i].timestamps);
		expect_ladder(before[i],
			      i == 2 ? "-  >  SYN-ECE-CWR  - / SYN_RECV" : "-  >  SYN  - / SYN_RECV",
			      i == 2 ? "0.0  <  SYN-ACK-ECE" : "0.0  <  SYN-ACK");
	}
	expect_queue(server, .accept = 0, .syn = ARRAY_LENGTH(syns));
	expect_counters(net, SERVER, "again");

	STEP("four more get cookies, with the MSS, and options where there are timestamps");
	for (size_t i = 0; i < ARRAY_LENGTH(syns); i++) {
		after[i] = raw_peer(net, server);
		peer_sends(after[i], syns[i]);
		expect_offer(after[i], .mss = mss, .sack = syns[i].timestamps,
			     .timestamps = syns[i].timestamps);
		expect_ladder(after[i], i == 2 ? "-  >  SYN-ECE-CWR" : "-  >  SYN",
			      "0.0  <  SYN-ACK");
	}
	expect_queue(server, .accept = 0, .syn = ARRAY_LENGTH(syns));
	expect_counters(net, SERVER, "cookies 4  again");

	STEP("the requests are completed with their options, and segments as long as they were "
	     "told");
	COVERS("P-72");
	for (size_t i = 0; i < ARRAY_LENGTH(syns); i++)
		complete_request(server, before[i], &syns[i]);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "again");
}
