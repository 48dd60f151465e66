/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which segments bring a SYN cookie back, and which do not.
 */
#define TOPIC          "SYN cookies"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=2"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

/* ---- flags ----------------------------------------------------------------------------------- */

/* A segment that follows the SYN-ACK, and what the server then reads; ENODATA: the end of file. */
struct answer {
	const char *what;
	struct peer_segment segment;
	const char *lines[3];
	const char *text;
	int then;
};

static void expect_completion(struct listener *server, const struct answer *answer)
{
	struct scene *net = server->scene;
	struct epoll_waiter *epoll = wait_in_epoll(server, .edge_triggered = true);
	struct peer *peer = cookie_peer(net, server);

	peer_sends(peer, answer->segment);
	if (answer->lines[1]) /* an ACK, which may be delayed */
		wait_for(peer, .sent = 2, .from = SERVER, .within = 0.2);
	expect_lines(net, peer->flow, answer->lines);
	expect_event(epoll);
	struct end *served = accept_peer(server, peer);
	if (answer->text)
		expect_read(served, answer->text);
	if (answer->then)
		expect_read_error(served, answer->then);
	else
		expect_end_of_file(served);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}

static const struct answer completes[] = {
	{ "an ACK", { .flags = ACK }, { "- > ACK - / ESTABLISHED" }, NULL, EAGAIN },
	{ "data",
	  { .text = "HELLO" },
	  { "- > DATA 5 - / ESTABLISHED", "+0.0 < ACK" },
	  "HELLO",
	  EAGAIN },
	{ "a FIN",
	  { .flags = FIN | ACK },
	  { "- > FIN-ACK - / CLOSE_WAIT", "+0.0 < ACK" },
	  NULL,
	  0 },
	{ "an ACK with URG",
	  { .flags = URG | ACK },
	  { "- > URG-ACK - / ESTABLISHED" },
	  NULL,
	  EAGAIN },
	{ "an ACK with ECE and CWR",
	  { .flags = ACK | ECE | CWR },
	  { "- > ACK-ECE-CWR - / ESTABLISHED" },
	  NULL,
	  EAGAIN },
	{ "data with FIN",
	  { .text = "HELLO", .flags = PSH | FIN | ACK },
	  { "- > DATA-FIN 5 - / CLOSE_WAIT", "+0.0 < ACK" },
	  "HELLO",
	  0 },
};

/* What the server answers it with, if at all. */
static const struct {
	const char *what;
	struct peer_segment segment;
	const char *lines[3];
} fails[] = {
	{ "a SYN-ACK", { .flags = SYN | ACK, .seq = 1 }, { "- > SYN-ACK seq 1", "+0.0 < RST" } },
	{ "a RST", { .flags = RST }, { "- > RST" } },
	{ "a RST with ACK", { .flags = RST | ACK }, { "- > RST-ACK" } },
	{ "a SYN-ACK with FIN",
	  { .flags = SYN | FIN | ACK, .seq = 1 },
	  { "- > SYN-FIN-ACK seq 1", "+0.0 < RST" } },
	{ "data without ACK", { .flags = PSH, .text = "HELLO" }, { "- > DATA 5" } },
	{ "a FIN without ACK", { .flags = FIN }, { "- > FIN" } },
	{ "no flag at all", { .no_flags = true }, { "- > NONE" } },
};

/* tcp_v4_cookie_check(), cookie_v4_check(): ACK there must be, and neither SYN nor RST. */
CASE(flags_that_complete_a_cookie_handshake, .claims = "", .covers = "P-90")
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (size_t i = 0; i < ARRAY_LENGTH(completes); i++) {
		STEP("%s brings the cookie back", completes[i].what);
		COVERS("P-90");
		expect_completion(server, &completes[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(fails); i++) {
		STEP("%s does not", fails[i].what);
		COVERS("P-90");
		struct peer *peer = cookie_peer(net, server);
		peer_sends(peer, fails[i].segment);
		expect_lines(net, peer->flow, fails[i].lines);
		expect_nothing_to_accept(server);
		expect_counters(net, SERVER, "cookies 1");
	}
}

/* ---- numbers --------------------------------------------------------------------------------- */

/*
 * tcp_check_req() knows where its peer begins. Nobody does of a cookie: the segment that brings it
 * back must be the one that follows the SYN.
 */
CASE(cookie_needs_the_segment_that_follows_its_syn, .claims = "", .covers = "X-44")
{
	static const struct {
		const char *what;
		struct peer_segment segment;
		const char *of_cookie, *of_request[2];
	} rows[] = {
		{ "data behind data that was lost",
		  { .text = "WORLD", .seq = 5 },
		  "-  >  DATA 5 seq 6",
		  { "-  >  DATA 5 seq 6  - / ESTABLISHED", "+0.0  <  ACK" } },
		{ "a FIN behind data that was lost",
		  { .flags = FIN | ACK, .seq = 5 },
		  "-  >  FIN-ACK seq 6",
		  { "-  >  FIN-ACK seq 6  - / ESTABLISHED", "+0.0  <  ACK" } },
		{ "an ACK behind data that was lost",
		  { .flags = ACK, .seq = 5 },
		  "-  >  ACK seq 6",
		  { "-  >  ACK seq 6  - / ESTABLISHED", NULL } },
	};
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("%s: a request is connected", rows[i].what);
		COVERS("X-44");
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=0");
		struct peer *request = half_open_peer(net, server);
		peer_sends(request, rows[i].segment);
		expect_ladder(request, rows[i].of_request[0], rows[i].of_request[1]);
		expect_read_error(accept_peer(server, request), EAGAIN);
		expect_counters(net, SERVER, "TCPOFOQueue %d", !!rows[i].of_request[1]);

		STEP("%s: who got a cookie is reset", rows[i].what);
		COVERS("X-44");
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
		struct peer *peer = cookie_peer(net, server);
		peer_sends(peer, rows[i].segment);
		expect_ladder(peer, rows[i].of_cookie, "+0.0  <  RST");
		expect_nothing_to_accept(server);
		expect_counters(net, SERVER, "cookies 1  SyncookiesFailed 1");
	}
}

/* A number beside that which follows the SYN, or beside that which answers the cookie. */
struct neighbour {
	int mss; /* of the SYN */
	int seq, ack;
	bool good;
};

static void expect_neighbour(struct listener *server, const struct neighbour *number)
{
	struct scene *net = server->scene;
	struct peer *peer = raw_peer(net, server);
	autofree char *seq = number->seq ? format(" seq %d", 1 + number->seq) : format("%s", "");
	autofree char *ack = number->ack ? format(" ack %d", 1 + number->ack) : format("%s", "");
	autofree char *line =
		format("-  >  ACK%s%s%s", seq, ack, number->good ? "  - / ESTABLISHED" : "");

	peer_send(peer, .flags = SYN, .mss = number->mss);
	expect_ladder(peer, "-  >  SYN", "0.0  <  SYN-ACK");
	peer_send(peer, .seq = number->seq, .ack = number->ack);
	expect_ladder(peer, line, number->good ? NULL : "+0.0  <  RST");
	if (number->good)
		accept_peer(server, peer);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv %d  SyncookiesFailed %d",
			number->good, !number->good);
}

/*
 * check_tcp_syn_cookie() subtracts hashes, minute and the segment's own number from the number that
 * is acknowledged: what is left is the place of the MSS in a table of four, or this is no cookie.
 * So other numbers beside the right one are good as well, and make a connection with another MSS
 * that misses the bytes in between, or waits for bytes that never were.
 */
CASE(cookie_is_good_for_four_numbers_in_a_row, .claims = "", .covers = "N-26")
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (int place = 0; place < 4; place++)
		for (int other = -1; other <= 4; other++) {
			int mss = cookie_mss(net, place), off = other - place;
			bool good = other >= 0 && other < 4;

			STEP("MSS %d: a number that is %d beyond what follows the SYN is %s", mss,
			     -off, good ? "good" : "not");
			COVERS("N-26");
			expect_neighbour(server,
					 &(struct neighbour){ mss, .seq = -off, .good = good });

			STEP("MSS %d: an acknowledgement of %d more is %s", mss, off,
			     good ? "good" : "not");
			COVERS("N-26");
			expect_neighbour(server,
					 &(struct neighbour){ mss, .ack = off, .good = good });
		}
}

/* ---- a final ACK that is lost ---------------------------------------------------------------- */

/* There is no request whose timer could send anything: see server_that_speaks_first_... */
CASE(client_whose_final_ack_was_lost_waits_for_a_server_that_has_nothing, .claims = "",
     .covers = "X-04", .kernel_seconds = 7)
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=0");
	struct peer *clock = ticking_request(net, server);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");

	STEP("a client connects through a cookie, and its final ACK is lost");
	drop_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	struct end *client = connect_client(net, server, .name = "client");
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN            SYN_SENT / -",
		      "0.0  <  SYN-ACK        ESTABLISHED / -",
		      "0.0  >  ACK      lost");
	expect_counters(net, SERVER, "cookies 1  again");

	STEP("it waits for what the server will say, and neither of them has a timer");
	COVERS("X-04");
	expect_read_error(client, EAGAIN);
	expect_no_timer(client);
	expect_states(client, .client = ESTABLISHED, .server = NO_SOCKET);
	wait_for(clock, .timeouts = 3, .within = 6);
	expect_ladder(clock,
		      "3.0  <  SYN-ACK",
		      "7.0  <  SYN-ACK");
	expect_silence(client);
	expect_nothing_to_accept(server);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_counters(net, SERVER, "TCPTimeouts 2");

	STEP("what it says itself makes the connection");
	COVERS("X-04");
	data_makes_the_connection(client, "HELLO");
	struct end *served = accept_client(server, client);
	expect_read(served, "HELLO");
	speak(served, "WORLD");
	expect_read(client, "WORLD");
	expect_queue(server, .accept = 0, .syn = 1);
	expect_counters(net, SERVER, "SyncookiesRecv 1  again");
}

/* ---- where no cookie was --------------------------------------------------------------------- */

/*
 * tcp_synq_no_recent_overflow(): only for two minutes after it has sent a cookie does a listener
 * look for one in the ACKs that it gets. The answer is RST either way; SyncookiesFailed tells
 * which.
 */
CASE(ack_out_of_the_blue_is_no_cookie_where_none_was_sent, .claims = "", .covers = "X-05",
     .kernel_seconds = 3,
     .server_sysctls = { "net.ipv4.tcp_syncookies=1", "net.ipv4.tcp_synack_retries=1" })
{
	static const char *const values[] = { "1", "2" };
	struct listener *quiet = listen_on_server(net, .backlog = 10);
	struct listener *flooded = listen_on_server(net, .backlog = 10);
	struct peer *of_quiet[2], *of_flooded[2];

	STEP("requests of two listeners expire");
	half_open_peers(quiet, of_quiet, 2);
	half_open_peers(flooded, of_flooded, 2);
	for (int i = 0; i < 2; i++) {
		wait_for(of_quiet[i], .gone = true, .host = SERVER, .within = 3);
		wait_for(of_flooded[i], .gone = true, .host = SERVER, .within = 3);
		expect_ladder(of_quiet[i], "1.0 < SYN-ACK", "3.0 . - / -");
		expect_ladder(of_flooded[i], "1.0 < SYN-ACK", "3.0 . - / -");
	}
	expect_counters(net, SERVER, "TCPTimeouts 8");

	STEP("one of the listeners has sent a cookie just now");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
	struct peer *wrong = cookie_peer(net, flooded);
	expect_counters(net, SERVER, "cookies 1");

	for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%s", values[i]);
		STEP("tcp_syncookies=%s: it looks for cookies in a late ACK, a wrong one, and one "
		     "of nobody's",
		     values[i]);
		COVERS("X-05");
		ack_is_answered_with_reset(of_flooded[i]);
		peer_send(wrong, .ack = 0x10000);
		expect_ladder(wrong, "-  >  ACK ack 65537", "+0.0  <  RST");
		struct peer *stray = raw_peer(net, flooded);
		peer_send(stray, .flags = ACK, .seq = 1);
		expect_ladder(stray, "-  >  ACK", "+0.0  <  RST");
		expect_nothing_to_accept(flooded);
		expect_counters(net, SERVER, "SyncookiesFailed 3");

		STEP("tcp_syncookies=%s: the other one does not", values[i]);
		COVERS("X-05");
		ack_is_answered_with_reset(of_quiet[i]);
		stray = raw_peer(net, quiet);
		peer_send(stray, .flags = ACK, .seq = 1);
		expect_ladder(stray, "-  >  ACK", "+0.0  <  RST");
		expect_nothing_to_accept(quiet);
		expect_counters(net, SERVER, "SyncookiesFailed %d",
				stray_ack_is_looked_at_as_cookie() ? 2 : 0);
	}
}

/* ---- more than one answer -------------------------------------------------------------------- */

CASE(cookie_that_comes_twice_makes_one_connection, .claims = "", .covers = "P-94")
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	STEP("the final ACK of a client arrives twice");
	COVERS("P-94");
	duplicate_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	struct end *client = connect_through_cookie(net, server);
	expect_queue(server, .accept = 1, .syn = 0);
	accept_client(server, client);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

	STEP("a peer sends its ACK again when it is connected, and when it is accepted");
	COVERS("P-94");
	struct peer *peer = cookie_peer(net, server);
	ack_makes_the_connection(peer);
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK");
	expect_queue(server, .accept = 1, .syn = 0);
	struct end *served = accept_peer(server, peer);
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK");
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

	STEP("when that connection has gone, the same ACK makes another one");
	abort_end(served);
	expect_ladder(peer, "-  <  RST-ACK  - / -");
	ack_makes_the_connection(peer);
	accept_peer(server, peer);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "SyncookiesRecv 1  Tcp.EstabResets 1  TCPAbortOnData 1");
}

/* A client of a cookie and its server have said so much, and closed: whose last ACK comes twice. */
static void close_after(struct peer *peer, const char *said, const char *answer)
{
	struct listener *server = peer->listener;

	ack_makes_the_connection(peer);
	struct end *served = accept_peer(server, peer);
	peer_data(peer, said);
	expect_read(served, said);
	send_text(served, answer);
	peer_send(peer, .flags = FIN | ACK);
	expect_end_of_file(served);
	close_end(served);
	peer_ack(peer);
	autofree char *data = format("-  >  DATA %zu", strlen(said));
	autofree char *more = format("-  <  DATA %zu", strlen(answer));
	expect_ladder(peer,
		      data,
		      "+0.0  <  ACK",
		      more,
		      "-  >  FIN-ACK  - / CLOSE_WAIT",
		      "-  <  FIN-ACK  - / LAST_ACK",
		      "-  >  ACK      - / -");
}

/*
 * What check_tcp_syn_cookie() looks at is how far the two numbers of an ACK are from each other. So
 * the last ACK of a connection is its cookie, too, where both ends have said equally much, and
 * where the client has said up to three bytes more, as its MSS is the largest of the table.
 */
CASE(last_ack_that_comes_twice_makes_a_connection_of_an_old_cookie, .claims = "", .covers = "N-42")
{
	static const struct {
		const char *said;
		bool good;
	} rows[] = {
		{ "HELL", false }, { "HELLO", true }, { "HELLO...", true }, { "HELLO....", false }
	};
	int mss = over_ipv6(net) ? 8940 : 1460;
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("the client has said \"%s\", and the server WORLD", rows[i].said);
		struct peer *peer = raw_peer(net, server);
		peer_send(peer, .flags = SYN, .mss = mss);
		expect_ladder(peer, "-  >  SYN", "0.0  <  SYN-ACK");
		close_after(peer, rows[i].said, "WORLD");
		expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

		STEP("its last ACK comes again: it makes %s",
		     rows[i].good ? "a connection" : "none");
		COVERS("N-42");
		peer_ack(peer);
		if (rows[i].good) {
			expect_ladder(peer, "-  >  ACK  - / ESTABLISHED");
			expect_read_error(accept_peer(server, peer), EAGAIN);
		} else {
			expect_ladder(peer, "-  >  ACK", "+0.0  <  RST");
		}
		expect_nothing_to_accept(server);
		expect_counters(net, SERVER, "SyncookiesRecv %d  SyncookiesFailed %d", rows[i].good,
				!rows[i].good);
	}
}

/*
 * tcp_v4_syn_recv_sock(): the request has the connection's place in the hash table, so the socket
 * that the cookie makes is freed at once. It is counted like any other, and nothing is sent.
 */
CASE(late_ack_of_a_cookie_beside_a_request_counts_and_makes_nothing, .claims = "", .covers = "P-92")
{
	static const char *const texts[] = { NULL, "HELLO" };
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		STEP("a SYN is answered with a cookie, and when it comes again with a request");
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
		struct peer *peer = cookie_peer(net, server);
		uint32_t cookie = peer->heard.seq;
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=1");
		peer_syn(peer);
		expect_ladder(peer,
			      "-    >  SYN  - / SYN_RECV",
			      "+0.0 <  SYN-ACK");
		uint32_t request = peer->heard.seq;
		expect_queue(server, .accept = 0, .syn = 1);
		expect_counters(net, SERVER, "cookies 1");

		STEP("%s that acknowledges the cookie is good for nothing",
		     texts[i] ? "data" : "an ACK");
		COVERS("P-92");
		peer_send(peer, .text = texts[i], .ack = (int32_t)(cookie + 1 - peer->ack));
		expect_ladder(peer, texts[i] ? "-  >  DATA 5 ack cookie" : "-  >  ACK ack cookie");
		expect_request_timer(peer, .timeouts = 0, .due = 1.0);
		expect_queue(server, .accept = 0, .syn = 1);
		expect_nothing_to_accept(server);
		expect_drops(server, 0);
		expect_counters(net, SERVER, "SyncookiesRecv 1  Tcp.PassiveOpens 1  again");

		STEP("an ACK of the request's own SYN-ACK makes the connection");
		peer_send(peer, .ack = (int32_t)(request + 1 - peer->ack));
		expect_ladder(peer, "-  >  ACK  - / ESTABLISHED");
		expect_read_error(accept_peer(server, peer), EAGAIN);
	}
}

/* ---- cookies of others ----------------------------------------------------------------------- */

/* A peer with a cookie of its own that tries another's first. */
static void expect_no_use(struct peer *peer, const struct peer *other)
{
	struct scene *net = peer->scene;

	peer_syn(peer);
	expect_ladder(peer, "-  >  SYN", "0.0  <  SYN-ACK");
	peer_send(peer, .ack = (int32_t)(other->ack - peer->ack));
	expect_ladder(peer, "-  >  ACK ack cookie", "+0.0  <  RST");
	expect_nothing_to_accept(peer->listener);
	expect_counters(net, SERVER, "cookies 1  SyncookiesFailed 1");
}

/* secure_tcp_syn_cookie(): both addresses and both ports are in the hashes. */
CASE(cookie_of_another_listener_port_or_client_is_reset, .claims = "", .covers = "P-95")
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct listener *another = listen_on_server(net, .backlog = 10);

	STEP("a peer gets a cookie");
	struct peer *owner = cookie_peer(net, server, .name = "owner");
	expect_counters(net, SERVER, "cookies 1");

	STEP("it is no good from the same port of another address,");
	COVERS("P-95");
	struct peer *same_port = raw_peer(net, server, .name = "same port", .port_of = owner);
	expect_no_use(same_port, owner);

	STEP("from another port of the same address,");
	COVERS("P-95");
	struct peer *same_address =
		raw_peer(net, server, .name = "same address", .address_of = owner);
	expect_no_use(same_address, owner);

	STEP("and to another listener from the same port of the same address");
	COVERS("P-95");
	struct peer *elsewhere = raw_peer(net, another, .name = "elsewhere",
					  .port_of = same_address, .address_of = same_address);
	expect_no_use(elsewhere, same_address);

	STEP("the cookies of their own are good");
	ack_makes_the_connection(same_port);
	accept_peer(server, same_port);
	ack_makes_the_connection(elsewhere);
	accept_peer(another, elsewhere);
	expect_counters(net, SERVER, "SyncookiesRecv 2");
}
