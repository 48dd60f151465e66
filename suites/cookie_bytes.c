/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SYN cookie does to the bytes of a request whose first segments do not get through: see
 * docs/syn-cookie-bytes.md. A listener that has sent a cookie does not know where its client
 * begins; it takes that from the first segment that it believes, and there are four that it does.
 */
#define TOPIC          "SYN cookies"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=2"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#define REST "LAST" /* of a request, behind the bytes that get lost */

/* The artifacts have what one end wrote and what the other one read. */
static void keep_streams(struct scene *net, const char *name, const char *wrote, const char *read)
{
	autofree char *client = format("%s-client-wrote", name);
	autofree char *server = format("%s-server-read", name);

	case_file(net, client, "%s", wrote);
	case_file(net, server, "%s", read);
}

/* ---- bytes that are lost --------------------------------------------------------------------- */

/* A client that writes @lost bytes, none of which arrives, and then REST. */
static struct end *lose_the_beginning(struct listener *server, const char *lost, int mss)
{
	struct scene *net = server->scene;
	struct end *client;

	drop_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	drop_segments(net, .from = CLIENT, .what = "DATA", .count = 1);
	client = connect_client(net, server,
				.options = { OPTION(IPPROTO_TCP, TCP_NODELAY, 1),
					     OPTION(IPPROTO_TCP, TCP_MAXSEG, mss) });
	expect_connected(client);
	send_text(client, lost);
	send_text(client, REST);
	stop_rules(net);
	return client;
}

/* The connection begins behind the lost bytes, with a smaller MSS, and neither end knows. */
static void expect_bytes_eaten(struct listener *server, struct end *client, const char *lost,
			       int mss)
{
	autofree char *first = format("-  >  DATA %zu  lost", strlen(lost));
	autofree char *ack = format("+0.0  <  ACK ack %zu", 1 + strlen(lost) + strlen(REST));

	expect_ladder(client,
		      "-    >  SYN            SYN_SENT / -",
		      "0.0  <  SYN-ACK        ESTABLISHED / -",
		      "0.0  >  ACK      lost",
		      first,
		      "-    >  DATA 4         ESTABLISHED / ESTABLISHED",
		      ack);
	expect_unacknowledged(client, 0);
	struct end *served = accept_client(server, client);
	expect_read(served, REST);
	expect_read_error(served, EAGAIN);
	expect_option(served, IPPROTO_TCP, TCP_MAXSEG, mss);
	expect_counters(server->scene, SERVER, "cookies 1  SyncookiesRecv 1");
}

static void expect_reset_client(struct listener *server, struct end *client, const char *lost)
{
	autofree char *first = format("-  >  DATA %zu  lost", strlen(lost));

	expect_ladder(client,
		      "-    >  SYN            SYN_SENT / -",
		      "0.0  <  SYN-ACK        ESTABLISHED / -",
		      "0.0  >  ACK      lost",
		      first,
		      "-    >  DATA 4",
		      "+0.0 <  RST            - / -");
	expect_reset(client);
	expect_nothing_to_accept(server);
	expect_counters(server->scene, SERVER, "cookies 1  SyncookiesFailed 1");
	expect_counters(server->scene, CLIENT, "Tcp.EstabResets 1");
}

CASE(cookie_eats_the_first_bytes_when_they_and_the_final_ack_are_lost, .claims = "",
     .covers = "N-20")
{
	static const struct {
		int place; /* of the MSS that the client offers: see cookie_mss() */
		const char *lost;
	} rows[] = { { 3, "A" },  { 3, "AB" },  { 3, "ABC" }, { 3, "ABCD" }, { 2, "A" },
		     { 2, "AB" }, { 2, "ABC" }, { 1, "A" },   { 1, "AB" },   { 0, "A" } };
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (size_t i = 0; i < 2 * ARRAY_LENGTH(rows); i++) {
		int place = rows[i / 2].place, stamped = i % 2;
		const char *lost = rows[i / 2].lost;
		int left = place - (int)strlen(lost);
		autofree char *name = format("mss-%d-%zu-lost%s", cookie_mss(net, place),
					     strlen(lost), stamped ? "-timestamps" : "");
		autofree char *wrote = format("%s" REST, lost);

		if (cookie_mss(net, place) > 1460) /* than Ethernet carries */
			continue;
		STEP("MSS %d, with%s timestamps, %zu bytes are lost: the %s",
		     cookie_mss(net, place), stamped ? "" : "out", strlen(lost),
		     left < 0 ? "client is reset" : "server reads what follows them");
		COVERS("N-20");
		set_sysctl(net, CLIENT, "net.ipv4.tcp_timestamps=%d", stamped);
		struct end *client = lose_the_beginning(server, lost, cookie_mss(net, place));
		if (left >= 0)
			expect_bytes_eaten(server, client, lost,
					   cookie_mss(net, left) - 12 * stamped);
		else
			expect_reset_client(server, client, lost);
		keep_streams(net, name, wrote, left >= 0 ? REST : "");
	}
}

CASE(cookie_makes_an_empty_connection_of_a_client_that_writes_little_and_closes, .claims = "",
     .covers = "N-20")
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	STEP("the ACK of a client is lost, and the two bytes that are all it writes");
	drop_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	drop_segments(net, .from = CLIENT, .what = "DATA", .count = 1);
	struct end *client =
		connect_client(net, server, .options = { OPTION(IPPROTO_TCP, TCP_MAXSEG, 1440) });
	expect_connected(client);
	send_text(client, "HI");
	expect_ladder(client,
		      "-    >  SYN            SYN_SENT / -",
		      "0.0  <  SYN-ACK        ESTABLISHED / -",
		      "0.0  >  ACK      lost",
		      "-    >  DATA 2   lost");
	expect_counters(net, SERVER, "cookies 1");

	STEP("its FIN arrives, and the ACK of it covers the lost bytes: the server reads the end "
	     "of file");
	COVERS("N-20");
	close_end(client);
	wait_for(client, .state = FIN_WAIT2, .host = CLIENT, .within = 0.2);
	expect_ladder(client,
		      "-    >  FIN-ACK        FIN_WAIT1 / CLOSE_WAIT",
		      "+0.0 <  ACK ack 4      FIN_WAIT2 / CLOSE_WAIT");
	expect_end_of_file(accept_client(server, client));
	keep_streams(net, "closed", "HI", "");
	expect_counters(net, SERVER, "SyncookiesRecv 1");
}

/*
 * tcp_check_req() has the number of the SYN: what comes too early waits for the bytes before it.
 * (A peer, as it depends on the kernel when a client sends them again.)
 */
CASE(request_keeps_the_first_bytes_when_they_and_the_final_ack_are_lost, .claims = "",
     .covers = "N-20", .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	static const char *const rows[] = { "A", "AB", "ABC", "ABCD" };
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		int lost = (int)strlen(rows[i]);
		autofree char *name = format("%d-lost", lost);
		autofree char *wrote = format("%s" REST, rows[i]);
		autofree char *early = format("-  >  DATA 4 seq %d  - / ESTABLISHED", 1 + lost);
		autofree char *again = format("-  >  DATA %d", lost);
		autofree char *ack = format("+0.0  <  ACK ack %zu", 1 + strlen(wrote));

		STEP("%d bytes are lost: they come again, and the server reads them", lost);
		COVERS("N-20");
		struct peer *peer = half_open_peer(net, server);
		peer_send(peer, .text = REST, .seq = lost);
		expect_ladder(peer, early, "+0.0  <  ACK");
		struct end *served = accept_peer(server, peer);
		expect_read_error(served, EAGAIN);
		peer_data(peer, rows[i]);
		expect_ladder(peer, again, ack);
		expect_read(served, wrote);
		keep_streams(net, name, wrote, wrote);
		expect_counters(net, SERVER, "TCPOFOQueue 1");
	}
}

/* ---- bytes that met a full queue ------------------------------------------------------------- */

/*
 * Nothing is lost on the wire here: the accept queue is full when the ACK and the first segment
 * come, and has room when the second one does, before the first comes again.
 */
CASE(cookie_eats_the_first_bytes_when_they_have_met_a_full_accept_queue, .claims = "",
     .covers = "N-20")
{
	static const struct {
		int place;
		const char *early;
	} rows[] = { { 3, "A" }, { 3, "ABC" }, { 3, "ABCD" }, { 2, "AB" }, { 2, "ABC" } };

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		int left = rows[i].place - (int)strlen(rows[i].early);
		struct listener *server = listen_on_server(net, .backlog = 0);
		autofree char *name = format("mss-%d-%zu-ignored", cookie_mss(net, rows[i].place),
					     strlen(rows[i].early));
		autofree char *wrote = format("%s" REST, rows[i].early);
		autofree char *ignored = format("-  >  DATA %zu  ignored", strlen(rows[i].early));

		STEP("MSS %d: an ACK and %zu bytes meet a full queue",
		     cookie_mss(net, rows[i].place), strlen(rows[i].early));
		struct peer *peer = raw_peer(net, server);
		peer_send(peer, .flags = SYN, .mss = cookie_mss(net, rows[i].place));
		expect_ladder(peer, "-  >  SYN", "0.0  <  SYN-ACK");
		struct peer *first = cookie_peer(net, server);
		ack_makes_the_connection(first);
		ack_is_ignored(peer);
		peer_data(peer, rows[i].early);
		expect_ladder(peer, ignored);
		expect_queue(server, .accept = 1, .syn = 0);
		expect_counters(net, SERVER, "cookies 2  SyncookiesRecv 3  overflows 2");

		STEP("accept() makes room, and what comes next is %s",
		     left < 0 ? "reset" : "the beginning");
		COVERS("N-20");
		accept_peer(server, first);
		peer_data(peer, REST);
		if (left >= 0) {
			expect_ladder(peer, "-  >  DATA 4  - / ESTABLISHED", "+0.0  <  ACK");
			struct end *served = accept_peer(server, peer);
			expect_read(served, REST);
			expect_read_error(served, EAGAIN);
		} else {
			expect_ladder(peer, "-  >  DATA 4", "+0.0  <  RST");
			expect_nothing_to_accept(server);
		}
		keep_streams(net, name, wrote, left >= 0 ? REST : "");
		expect_counters(net, SERVER, "SyncookiesRecv %d  SyncookiesFailed %d", left >= 0,
				left < 0);
	}
}

/* ---- a byte that never was ------------------------------------------------------------------- */

#define IMPATIENT                                                                                  \
	OPTION(SOL_SOCKET, SO_KEEPALIVE, 1), OPTION(IPPROTO_TCP, TCP_KEEPIDLE, 1),                 \
		OPTION(IPPROTO_TCP, TCP_KEEPINTVL, 1), OPTION(IPPROTO_TCP, TCP_KEEPCNT, 2)

/* A client's final ACK is lost, and the next that comes is a keepalive probe, one number before. */
static struct end *connect_by_a_probe(struct listener *server, int place)
{
	struct scene *net = server->scene;
	struct end *client;

	drop_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	client = connect_client(
		net, server,
		.options = { OPTION(IPPROTO_TCP, TCP_MAXSEG, cookie_mss(net, place)), IMPATIENT });
	expect_connected(client);
	wait_for(client, .sent = 3, .from = CLIENT, .within = 1);
	expect_ladder(client,
		      "-    >  SYN            SYN_SENT / -",
		      "0.0  <  SYN-ACK        ESTABLISHED / -",
		      "0.0  >  ACK      lost",
		      "1.0  >  ACK seq 0      ESTABLISHED / ESTABLISHED");
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
	expect_counters(net, CLIENT, "TCPKeepAlive 1");
	return client;
}

CASE(keepalive_probe_brings_a_cookie_back_and_the_server_waits_for_a_byte_that_never_was,
     .claims = "", .covers = "N-21", .kernel_seconds = 2)
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	STEP("the probe of a client with a middling MSS makes a connection with a larger one");
	COVERS("N-21");
	struct end *client = connect_by_a_probe(server, 1);
	struct end *served = accept_client(server, client);
	expect_option(served, IPPROTO_TCP, TCP_MAXSEG, cookie_mss(net, 2) - 12);

	STEP("the client reads what the server says");
	send_text(served, "HELLO");
	expect_ladder(client,
		      "-    <  DATA 5 ack 0",
		      "+0.0 >  ACK");
	expect_read(client, "HELLO");

	STEP("the server does not read what the client says, however often it comes");
	COVERS("N-21");
	send_text(client, "WORLD");
	expect_ladder(client,
		      "-    >  DATA 5",
		      "+0.0 <  ACK ack 0");
	expect_read_error(served, EAGAIN);
	expect_unacknowledged(client, 5);
	keep_streams(net, "probe", "WORLD", "");
	expect_counters(net, SERVER, "TCPOFOQueue 1");
	expect_counters(net, CLIENT, "TCPSACKDiscard 1");
}

CASE(client_that_came_back_by_a_keepalive_probe_dies_of_the_next_ones, .claims = "",
     .covers = "N-21", .kernel_seconds = 3)
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	STEP("a probe makes the connection");
	struct end *client = connect_by_a_probe(server, 1);
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("the others are not answered, and the client gives up");
	COVERS("N-21");
	wait_for(client, .gone = true, .host = SERVER, .within = 2);
	expect_ladder(client,
		      "2.0  >  ACK seq 0",
		      "3.0  >  RST-ACK    - / ESTABLISHED",
		      "+0.0 <  ACK ack 0",
		      "+0.0 >  RST        - / -");
	expect_read_error(client, ETIMEDOUT);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPChallengeACK 1  Tcp.EstabResets 1");
	expect_counters(net, CLIENT, "TCPKeepAlive 1  TCPAbortOnTimeout 1  Tcp.EstabResets 1");
}

/* ---- segments that overtake each other ------------------------------------------------------ */

CASE(reordering_wire_resets_a_client_of_a_cookie_and_leaves_the_server_a_dead_connection,
     .claims = "", .covers = "N-23")
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	STEP("the second segment of a client's request overtakes its ACK and its first");
	hold_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	hold_segments(net, .from = CLIENT, .what = "DATA", .count = 1);
	struct end *client =
		connect_client(net, server, .options = { OPTION(IPPROTO_TCP, TCP_NODELAY, 1) });
	expect_connected(client);
	send_text(client, "FIRST");
	send_text(client, REST);
	expect_ladder(client,
		      "-    >  SYN            SYN_SENT / -",
		      "0.0  <  SYN-ACK        ESTABLISHED / -",
		      "0.0  >  ACK      held",
		      "-    >  DATA 5   held",
		      "-    >  DATA 4",
		      "+0.0 <  RST            - / -");
	expect_reset(client);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "cookies 1  SyncookiesFailed 1");
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");

	STEP("then those arrive, and the server has a connection whose client has gone");
	COVERS("N-23");
	release_segments(net);
	expect_ladder(client,
		      "+0.0 <  ACK",
		      "+0.0 >  RST      - / -");
	expect_queue(server, .accept = 1, .syn = 0);
	struct end *served = accept_client(server, client);
	expect_read(served, "FIRST");
	expect_reset(served);
	keep_streams(net, "cookie", "FIRST" REST, "FIRST");
	expect_counters(net, SERVER, "SyncookiesRecv 1  Tcp.EstabResets 1");
}

/* ---- a burst --------------------------------------------------------------------------------- */

#define BURST 400
#define ROOM  129 /* of the accept queue of a backlog of 128 */

/* What some of the clients do whose ACK of a cookie has met a full accept queue. */
struct sequel {
	const char *what;
	int clients;
	bool speaks;                 /* first, and is ignored again */
	struct peer_segment segment; /* then */
	const char *lines[2][3];     /* over IPv4, and over IPv6 */
};

static const struct sequel sequels[] = {
	{ "the second segment of a request of two is reset",
	  150,
	  true,
	  { .text = "SECOND" },
	  { { "-  >  DATA 6", "+0.0  <  RST" }, { "-  >  DATA 6", "+0.0  <  RST" } } },
	{ "a FIN behind a request of one is reset",
	  60,
	  true,
	  { .flags = FIN | ACK },
	  { { "-  >  FIN-ACK", "+0.0  <  RST" }, { "-  >  FIN-ACK", "+0.0  <  RST" } } },
	/* of the largest MSS that a cookie knows, and of the one before it */
	{ "a keepalive probe is reset over IPv4, and ignored over IPv6",
	  30,
	  false,
	  { .seq = -1 },
	  { { "-  >  ACK seq 0", "+0.0  <  RST" }, { "-  >  ACK seq 0  ignored" } } },
	{ "a request of one that comes again is ignored again",
	  31,
	  true,
	  { .text = "FIRST", .seq = -5 },
	  { { "-  >  DATA 5  ignored" }, { "-  >  DATA 5  ignored" } } },
};

static void expect_sequel(const struct sequel *sequel, struct peer **peers)
{
	struct scene *net = peers[0]->scene;
	const char *const *lines = sequel->lines[over_ipv6(net)];
	int spoken = sequel->speaks ? sequel->clients : 0;
	int reset = lines[1] ? sequel->clients : 0, ignored = sequel->clients - reset;

	for (int i = 0; i < sequel->clients; i++) {
		if (sequel->speaks) {
			peer_data(peers[i], "FIRST");
			expect_ladder(peers[i], "-  >  DATA 5  ignored");
		}
		peer_sends(peers[i], sequel->segment);
		expect_lines(net, peers[i]->flow, lines);
	}
	expect_counters(net, SERVER, "overflows %d  SyncookiesRecv %d  SyncookiesFailed %d",
			spoken + ignored, spoken + ignored, reset);
}

/* The 129 whose ACKs come first, the requests' before all, fill the accept queue. */
static void connect_the_first(struct listener *server, struct peer **peers, int requests)
{
	for (int i = 0; i < requests; i++) {
		peer_ack(peers[i]);
		expect_ladder(peers[i],
			      "~1.0  <  SYN-ACK",
			      "~3.0  <  SYN-ACK",
			      "~7.0  <  SYN-ACK",
			      "-     >  ACK      - / ESTABLISHED");
	}
	for (int i = requests; i < ROOM; i++)
		ack_makes_the_connection(peers[i]);
	expect_queue(server, .accept = ROOM, .syn = 0);
}

CASE(burst_ends_in_resets_although_tcp_abort_on_overflow_is_0, .claims = "", .covers = "N-22",
     .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=1", "net.ipv4.tcp_abort_on_overflow=0" })
{
	int requests = 128 + takes_one_more_than_backlog(net), cookies = BURST - requests;
	struct peer *peers[BURST], **late = peers + ROOM;

	STEP("%d clients at once: %d requests, and a cookie for each of the others", BURST,
	     requests);
	struct listener *server = listen_on_server(net, .backlog = 128);
	half_open_peers(server, peers, requests);
	for (int i = requests; i < BURST; i++)
		peers[i] = cookie_peer(net, server);
	expect_queue(server, .accept = 0, .syn = requests);
	expect_counters(net, SERVER, "cookies %d  again", cookies);

	STEP("%d of them are connected, and nobody accepts: the accept queue is full", ROOM);
	connect_the_first(server, peers, requests);
	expect_counters(net, SERVER, "SyncookiesRecv %d  again", ROOM - requests);

	STEP("the ACKs of the others are ignored");
	for (int i = ROOM; i < BURST; i++)
		ack_is_ignored(peers[i]);
	expect_queue(server, .accept = ROOM, .syn = 0);
	expect_counters(net, SERVER, "overflows %d  SyncookiesRecv %d", BURST - ROOM, BURST - ROOM);

	for (size_t i = 0; i < ARRAY_LENGTH(sequels); i++) {
		STEP("%s", sequels[i].what);
		COVERS("N-22");
		expect_sequel(&sequels[i], late);
		late += sequels[i].clients;
	}

	STEP("accept() begins: who has said no more than one segment gets in with it");
	for (int i = 0; i < ROOM; i++)
		accept_peer(server, peers[i]);
	peer_send(late[-1], .text = "FIRST", .seq = -5);
	expect_ladder(late[-1], "-  >  DATA 5  - / ESTABLISHED", "+0.0  <  ACK");
	expect_read(accept_peer(server, late[-1]), "FIRST");
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "SyncookiesRecv 1");
}
