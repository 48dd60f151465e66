/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a half-open request, and a listener without one, makes of each segment: of its numbers, its
 * flags, its timestamps, and of how soon it comes. They are the questions that tcp_check_req()
 * asks, and tcp_rcv_state_process() of a listener. All segments are sent by raw peers.
 */
#define TOPIC          "segments at a request"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

/* Far outside of the window, which is below 64 KiB. */
#define BEYOND 1000000

/* ---- a server, and a row of a table ---------------------------------------------------------- */

/* A listener, a server that waits for it in epoll, and how many segments it has dropped so far. */
struct server {
	struct listener *listener;
	struct epoll_waiter *epoll;
	int drops;
};

static struct server server_at(struct listener *listener)
{
	return (struct server){ .listener = listener,
				.epoll = wait_in_epoll(listener, .edge_triggered = true) };
}

static struct server serve(struct scene *net)
{
	return server_at(listen_on_server(net, .backlog = 5));
}

/* tcp_v4_rcv() counts what tcp_check_req() neither accepts nor leaves to the listener. */
static void expect_dropped(struct server *server, int more)
{
	server->drops += more;
	expect_drops(server->listener, server->drops);
}

/* Whether the segment, the first behind a SYN, has numbers beyond those of the final ACK. */
static bool lies_ahead(const struct peer_segment *segment)
{
	int32_t occupied =
		(segment->text ? (int32_t)strlen(segment->text) : 0) + !!(segment->flags & FIN);

	return !(segment->flags & RST) && segment->seq + occupied > 0;
}

static void expect_connection(struct server *server, struct peer *peer)
{
	expect_queue(server->listener, .accept = 1, .syn = 0);
	expect_event(server->epoll);
	expect_read_error(accept_peer(server->listener, peer), EAGAIN);
}

/*
 * The request has not changed: nobody was woken, its timer goes on, and the final ACK connects.
 * @ahead: it comes behind a segment with higher numbers.
 */
static void expect_unmoved(struct server *server, struct peer *peer, bool ahead)
{
	struct scene *net = scene_of(peer);

	expect_states(peer, .client = NO_SOCKET, .server = SYN_RECV);
	expect_request_timer(peer, .timeouts = 0, .due = 1.0);
	expect_queue(server->listener, .accept = 0, .syn = 1);
	expect_no_event(server->epoll);

	STEP("and the answer to the SYN-ACK makes the connection");
	peer_send(peer, .flags = ACK, .seq = (int32_t)(peer->isn + 1 - peer->seq));
	expect_ladder(peer, ahead ? "-  >  ACK seq 1  - / ESTABLISHED"
				  : "-  >  ACK  - / ESTABLISHED");
	expect_dropped(server, 0);
	expect_connection(server, peer);
}

static void expect_ended(struct server *server)
{
	expect_queue(server->listener, .accept = 0, .syn = 0);
	expect_no_event(server->epoll);
	expect_nothing_to_accept(server->listener);
}

/* One segment for a request, and what comes of it. */
struct row {
	const char *what;
	struct peer_segment segment;
	const char *lines[3];
	bool ends;      /* the request has ended */
	bool listeners; /* it is left to the listener, and the request drops nothing */
	const char *covers;
};

static void play(struct server *server, const struct row *row)
{
	struct scene *net = server->listener->scene;
	struct peer *peer = half_open_peer(net, server->listener);

	peer_sends(peer, row->segment);
	expect_lines(net, peer->flow, row->lines);
	expect_dropped(server, row->listeners ? 0 : 1);
	expect_counters(net, SERVER, "reset_requests %d", row->ends);
	if (row->ends)
		expect_ended(server);
	else
		expect_unmoved(server, peer, lies_ahead(&row->segment));
}

/* Each in a step of its own, with a request of its own. */
static void play_all(struct scene *net, const struct row *rows, size_t count)
{
	struct server server = serve(net);

	for (size_t i = 0; i < count; i++) {
		STEP("%s", rows[i].what);
		if (rows[i].covers)
			COVERS(rows[i].covers);
		play(&server, &rows[i]);
	}
}

/* A line of a segment that begins @offset behind the number that is next. The caller frees it. */
static char *line_at(const char *words, int32_t offset, const char *rest)
{
	return offset ? format("-  >  %s seq %d  %s", words, offset + 1, rest)
		      : format("-  >  %s  %s", words, rest);
}

/* ---- RST ------------------------------------------------------------------------------------- */

/*
 * Whether in this kernel a RST ends a request only with the very next number, and elsewhere in the
 * window is challenged (RFC 5961, 3.2). With the same commit came that its acknowledgement is not
 * looked at.
 */
static bool resets_are_challenged(struct server *server)
{
	struct scene *net = server->listener->scene;

	STEP("what this kernel makes of a RST that is only somewhere in the window");
	struct peer *peer = half_open_peer(net, server->listener);
	peer_send(peer, .flags = RST, .seq = 5);
	bool challenged = state_of(peer, SERVER) == SYN_RECV;
	saw_variant(net, challenged ? "reset-is-challenged" : "reset-ends-the-request");
	expect_ladder(peer,
		      "[reset-ends]           -    >  RST seq 6  - / -",
		      "[reset-is-challenged]  -    >  RST seq 6",
		      "[reset-is-challenged]  +0.0 <  ACK");
	expect_dropped(server, 1);
	if (challenged)
		reset_ends_the_request(peer);
	expect_dropped(server, challenged);
	expect_ended(server);
	expect_counters(net, SERVER, "TCPChallengeACK %d  reset_requests 1", challenged);
	return challenged;
}

static void reset_request(struct server *server, struct peer *peer, struct peer_segment segment,
			  bool challenges)
{
	struct scene *net = scene_of(peer);
	bool believed = challenges || !(segment.flags & ACK) || segment.ack == 0;
	bool within = segment.seq >= 0 && segment.seq <= peer->heard.window;
	bool challenged = challenges && within && segment.seq != 0;
	bool ends = believed && within && !challenged;
	const char *words = segment.flags & ACK ? "RST-ACK" : "RST";
	autofree char *ack = segment.ack ? format("ack %d", segment.ack + 1) : format("%s", "");
	autofree char *rest = format("%s  %s", ack, ends ? "- / -" : "");
	autofree char *line = line_at(words, segment.seq, rest);

	peer_sends(peer, segment);
	expect_ladder(peer, line, challenged ? "+0.0  <  ACK" : NULL);
	expect_dropped(server, believed);
	expect_counters(net, SERVER, "reset_requests %d  TCPChallengeACK %d", ends, challenged);
	if (ends)
		expect_ended(server);
	else
		expect_unmoved(server, peer, lies_ahead(&segment));
}

/*
 * RFC 9293, 3.10.7.4: a RST is believed by its sequence number, before anybody looks at what it
 * acknowledges. A kernel that looks at that first leaves one with a wrong acknowledgement to the
 * listener, which takes no notice of a RST.
 */
CASE(reset_with_an_acknowledgement_should_end_a_request_by_its_number_alone, .claims = "",
     .covers = "X-21 P-104 F-08", .variants = "reset-is-challenged reset-ends-the-request")
{
	static const int32_t numbers[] = { -1, 0, 5, BEYOND };
	static const int32_t acknowledgements[] = { -BEYOND, -1, 0, 1 };
	struct server server = serve(net);
	bool challenges = resets_are_challenged(&server);

	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		struct peer_segment segment = { .flags = RST, .seq = numbers[i] };

		STEP("a RST %d from the next number", segment.seq);
		COVERS("X-21");
		reset_request(&server, half_open_peer(net, server.listener), segment, challenges);
		segment.flags |= ACK;
		for (size_t j = 0; j < ARRAY_LENGTH(acknowledgements); j++) {
			segment.ack = acknowledgements[j];
			STEP("a RST-ACK %d from the next number, %d from the right acknowledgement",
			     segment.seq, segment.ack);
			COVERS("X-21 P-104 F-08");
			reset_request(&server, half_open_peer(net, server.listener), segment,
				      challenges);
		}
	}
}

/* ---- the window ------------------------------------------------------------------------------ */

/* A number, @offset bytes from an edge of the window that the SYN-ACK has offered. */
struct place {
	const char *edge;
	int32_t offset;
};

static int32_t number_of(struct place place, const struct peer *peer)
{
	return place.offset + (strcmp(place.edge, "right") == 0 ? peer->heard.window : 0);
}

CASE(reset_at_the_edges_of_the_window, .claims = "", .covers = "P-103",
     .variants = "reset-is-challenged reset-ends-the-request")
{
	static const struct place places[] = { { "left", -1 },  { "left", 0 },  { "left", 1 },
					       { "right", -1 }, { "right", 0 }, { "right", 1 } };
	struct server server = serve(net);
	bool challenges = resets_are_challenged(&server);

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		STEP("a RST %d from the window's %s edge", places[i].offset, places[i].edge);
		COVERS("P-103");
		struct peer *peer = half_open_peer(net, server.listener);
		struct peer_segment segment = { .flags = RST, .seq = number_of(places[i], peer) };
		reset_request(&server, peer, segment, challenges);
	}
}

/* A segment at an edge. */
struct arrival {
	struct place place;
	unsigned flags;
	const char *text, *words;
	bool connects;
	const char *answer; /* of the connection; NULL: none */
	const char *read;   /* that is there at once; NULL: nothing */
	const char *counts; /* a counter of the connection's; NULL: none */
};

static void cross(struct server *server, const struct arrival *arrival)
{
	struct scene *net = server->listener->scene;
	struct peer *peer = half_open_peer(net, server->listener);
	struct peer_segment segment = { .flags = arrival->flags,
					.text = arrival->text,
					.seq = number_of(arrival->place, peer) };
	autofree char *line =
		line_at(arrival->words, segment.seq, arrival->connects ? "- / ESTABLISHED" : "");

	peer_sends(peer, segment);
	expect_ladder(peer, line, arrival->connects ? arrival->answer : "+0.0  <  ACK");
	expect_dropped(server, !arrival->connects);
	if (arrival->counts)
		expect_counters(net, SERVER, "%s 1", arrival->counts);
	if (!arrival->connects) {
		expect_unmoved(server, peer, lies_ahead(&segment));
		return;
	}
	expect_event(server->epoll);
	struct end *served = accept_peer(server->listener, peer);
	if (arrival->read)
		expect_read(served, arrival->read);
	expect_read_error(served, EAGAIN);
}

/*
 * tcp_in_window(): what begins within the window, or reaches into it from the left; and an empty
 * segment at the right edge.
 */
CASE(segment_at_the_edges_of_the_window_connects_or_is_answered, .claims = "")
{
	static const struct arrival arrivals[] = {
		{ { "left", -1 }, .flags = ACK, .words = "ACK" },
		{ { "left", -1 }, .text = "X", .words = "DATA 1" },
		{ { "left", -1 }, .flags = FIN | ACK, .words = "FIN-ACK" },
		{ { "left", -1 },
		  .text = "XY",
		  .words = "DATA 2",
		  .connects = true,
		  .answer = "+0.0 < ACK",
		  .read = "Y",
		  .counts = "TCPDSACKOldSent" },
		{ { "left", 0 }, .flags = ACK, .words = "ACK", .connects = true },
		{ { "left", 0 },
		  .text = "X",
		  .words = "DATA 1",
		  .connects = true,
		  .answer = "+0.0 < ACK",
		  .read = "X" },
		{ { "right", -1 }, .flags = ACK, .words = "ACK", .connects = true },
		{ { "right", -1 },
		  .text = "X",
		  .words = "DATA 1",
		  .connects = true,
		  .answer = "+0.0 < ACK",
		  .counts = "TCPOFOQueue" },
		{ { "right", -1 },
		  .text = "XY",
		  .words = "DATA 2",
		  .connects = true,
		  .answer = "+0.0 < ACK",
		  .counts = "TCPOFOQueue" },
		{ { "right", 0 }, .flags = ACK, .words = "ACK", .connects = true },
		{ { "right", 0 }, .text = "X", .words = "DATA 1" },
		{ { "right", 0 }, .flags = FIN | ACK, .words = "FIN-ACK" },
		{ { "right", 1 }, .flags = ACK, .words = "ACK" },
		{ { "right", 1 }, .text = "X", .words = "DATA 1" },
	};
	struct server server = serve(net);

	for (size_t i = 0; i < ARRAY_LENGTH(arrivals); i++) {
		STEP("%s %d from the window's %s edge", arrivals[i].words, arrivals[i].place.offset,
		     arrivals[i].place.edge);
		cross(&server, &arrivals[i]);
	}
}

/* ---- SYN ------------------------------------------------------------------------------------- */

/*
 * RFC 9293, 3.10.7.4, fourth: a SYN within the window cannot be of this connection. Outside of it
 * it is no more than any other segment there.
 */
CASE(syn_with_another_number_ends_the_request_or_is_answered_with_an_ack, .claims = "",
     .covers = "X-22 P-109")
{
	static const struct row rows[] = {
		{ .what = "a SYN before the first one",
		  .segment = { .flags = SYN, .seq = -1 },
		  .lines = { "- > SYN seq -1", "+0.0 < ACK" },
		  .covers = "X-22" },
		{ .what = "a SYN with the number that is next",
		  .segment = { .flags = SYN, .seq = 1 },
		  .lines = { "- > SYN seq 1 - / -", "+0.0 < RST-ACK" },
		  .ends = true,
		  .covers = "X-22" },
		{ .what = "a SYN within the window",
		  .segment = { .flags = SYN, .seq = 100 },
		  .lines = { "- > SYN seq 100 - / -", "+0.0 < RST-ACK ack 101" },
		  .ends = true,
		  .covers = "X-22" },
		{ .what = "a SYN with data within the window",
		  .segment = { .flags = SYN, .seq = 100, .text = "HELLO" },
		  .lines = { "- > DATA-SYN 5 seq 100 - / -", "+0.0 < RST-ACK ack 106" },
		  .ends = true,
		  .covers = "X-22" },
		{ .what = "a SYN-FIN within the window",
		  .segment = { .flags = SYN | FIN, .seq = 100 },
		  .lines = { "- > SYN-FIN seq 100 - / -", "+0.0 < RST-ACK ack 102" },
		  .ends = true,
		  .covers = "X-22" },
		{ .what = "a SYN beyond the window",
		  .segment = { .flags = SYN, .seq = BEYOND },
		  .lines = { "- > SYN seq 1000000", "+0.0 < ACK" },
		  .covers = "X-22" },
		{ .what = "a SYN-ACK with the number of the SYN",
		  .segment = { .flags = SYN | ACK },
		  .lines = { "- > SYN-ACK", "+0.0 < ACK" },
		  .covers = "P-109" },
		{ .what = "a SYN-ACK with the number that is next",
		  .segment = { .flags = SYN | ACK, .seq = 1 },
		  .lines = { "- > SYN-ACK seq 1 - / -", "+0.0 < RST" },
		  .ends = true,
		  .covers = "X-22 P-109" },
		{ .what = "a SYN-ACK within the window",
		  .segment = { .flags = SYN | ACK, .seq = 100 },
		  .lines = { "- > SYN-ACK seq 100 - / -", "+0.0 < RST" },
		  .ends = true,
		  .covers = "X-22" },
		{ .what = "a SYN-ACK beyond the window",
		  .segment = { .flags = SYN | ACK, .seq = BEYOND },
		  .lines = { "- > SYN-ACK seq 1000000", "+0.0 < ACK" },
		  .covers = "X-22" },
	};
	play_all(net, rows, ARRAY_LENGTH(rows));
}

/*
 * Data behind the SYN lies within the window, and tcp_check_req() cuts the SYN off: the request
 * becomes a child. The child meets the whole segment, and takes offence at the SYN
 * (tcp_validate_incoming()). So it stays in SYN_RECV, in the accept queue, and nobody is woken for
 * it: tcp_child_process() does that when a child leaves SYN_RECV.
 */
static struct peer *syn_ack_with_data(struct server *server)
{
	struct scene *net = server->listener->scene;
	struct peer *peer = half_open_peer(net, server->listener);

	peer_send(peer, .flags = SYN | ACK, .text = "HELLO");
	expect_ladder(peer,
		      "-    >  DATA-SYN 5  - / CHILD_SYN_RECV",
		      "+0.0 <  ACK ack 1");
	expect_counters(net, SERVER, "TCPSYNChallenge 1  TCPChallengeACK 1");
	expect_queue(server->listener, .accept = 1, .syn = 0);
	expect_dropped(server, 0);
	expect_no_event(server->epoll);
	expect_poll(server->listener, POLLIN);
	return peer;
}

CASE(syn_ack_with_data_makes_a_child_that_is_not_connected_and_wakes_nobody, .claims = "",
     .covers = "N-41")
{
	struct server server = serve(net);

	STEP("it waits in the accept queue, and nobody is told");
	COVERS("N-41");
	struct peer *peer = syn_ack_with_data(&server);

	STEP("its data without the SYN connects it, and again nobody is told");
	COVERS("N-41");
	peer_send(peer, .text = "HELLO", .seq = (int32_t)(peer->isn + 1 - peer->seq));
	expect_ladder(peer, "-  >  DATA 5  - / ESTABLISHED", "+0.0  <  ACK");
	expect_no_event(server.epoll);
	expect_read(accept_peer(server.listener, peer), "HELLO");

	STEP("accept() gives one that is not connected yet");
	COVERS("N-41");
	peer = syn_ack_with_data(&server);
	struct end *served = accept_peer(server.listener, peer);
	expect_read_error(served, EAGAIN);

	STEP("and a RST ends it as an attempt that has failed");
	peer_reset(peer);
	expect_ladder(peer, "-  >  RST  - / -");
	expect_counters(net, SERVER, "Tcp.AttemptFails 1");
	expect_read_error(served, ECONNRESET);
}

/* ---- what completes a handshake -------------------------------------------------------------- */

CASE(ack_data_and_fin_complete_a_handshake_and_syn_ack_and_rst_do_not, .claims = "",
     .covers = "P-91")
{
	static const struct {
		struct peer_segment segment;
		const char *lines[3];
		bool completes;
	} endings[] = {
		{ { .flags = ACK }, { "- > ACK - / ESTABLISHED" }, true },
		{ { .text = "HELLO" }, { "- > DATA 5 - / ESTABLISHED", "+0.0 < ACK" }, true },
		{ { .flags = FIN | ACK }, { "- > FIN-ACK - / CLOSE_WAIT", "+0.0 < ACK" }, true },
		{ { .flags = SYN | ACK, .seq = 1 },
		  { "- > SYN-ACK seq 1 - / -", "+0.0 < RST" },
		  false },
		{ { .flags = RST }, { "- > RST - / -" }, false },
		{ { .flags = RST | ACK }, { "- > RST-ACK - / -" }, false },
	};
	struct server server = serve(net);
	int connections = 0;

	STEP("ACK, data and a FIN complete a handshake; SYN-ACK, RST and RST-ACK end it");
	COVERS("P-91");
	for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
		struct peer *peer = half_open_peer(net, server.listener);

		peer_sends(peer, endings[i].segment);
		if (endings[i].lines[1]) /* a FIN's ACK may be delayed */
			wait_for(peer, .sent = 2, .from = SERVER, .within = 0.1);
		expect_lines(net, peer->flow, endings[i].lines);
		connections += endings[i].completes;
		expect_queue(server.listener, .accept = connections, .syn = 0);
		expect_dropped(&server, !endings[i].completes);
	}
	expect_counters(net, SERVER, "reset_requests 3");
	expect_event(server.epoll);
}

/* ---- a wrong acknowledgement ----------------------------------------------------------------- */

/*
 * RFC 9293, 3.10.7.4, fifth; tcp_check_req() asks it before all else, but of a RST, and leaves the
 * segment to the listener, who resets whoever sends an ACK.
 */
CASE(wrong_acknowledgement_is_reset_with_whatever_it_carries, .claims = "", .covers = "X-20")
{
	static const struct {
		const char *what, *line;
		struct peer_segment segment;
	} carriers[] = {
		{ "nothing", "ACK", { .flags = ACK } },
		{ "data", "DATA 5", { .text = "HELLO" } },
		{ "a FIN", "FIN-ACK", { .flags = FIN | ACK } },
		{ "urgent data", "DATA-URG 5", { .flags = URG | ACK, .text = "HELLO" } },
		{ "data behind a hole", "DATA 5 seq 6", { .text = "HELLO", .seq = 5 } },
		{ "data beyond the window",
		  "DATA 5 seq 1000001",
		  { .text = "HELLO", .seq = BEYOND } },
		{ "a number before the window", "ACK seq 0", { .flags = ACK, .seq = -1 } },
		{ "the SYN again", "SYN-ACK", { .flags = SYN | ACK } },
		{ "another SYN", "SYN-ACK seq 100", { .flags = SYN | ACK, .seq = 100 } },
	};
	static const int32_t acknowledgements[] = { -BEYOND, -1, 1, BEYOND };
	struct server server = serve(net);

	for (size_t i = 0; i < ARRAY_LENGTH(carriers); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(acknowledgements); j++) {
			struct row row = { .segment = carriers[i].segment, .listeners = true };
			autofree char *line = format("-  >  %s ack %d", carriers[i].line,
						     acknowledgements[j] + 1);

			row.segment.ack = acknowledgements[j];
			row.lines[0] = line;
			row.lines[1] = "+0.0  <  RST";
			STEP("an ACK %d from the right one, with %s", row.segment.ack,
			     carriers[i].what);
			COVERS("X-20");
			play(&server, &row);
		}
}

/* ---- TOS and TTL ----------------------------------------------------------------------------- */

/*
 * No socket sends a request's ACK, or a RST (ip_send_unicast_reply(), tcp_v6_send_response()). They
 * have the TOS of what they answer, without its ECN bits, and the route's TTL: the judge holds each
 * of them to that (answers.c). What the listener has chosen is in its SYN-ACKs alone.
 */
CASE(what_answers_for_no_socket_has_the_tos_that_it_answers_and_the_routes_ttl, .claims = "")
{
	static const struct row rows[] = {
		{ .what = "an ACK before the window",
		  .segment = { .flags = ACK, .seq = -1 },
		  .lines = { "- > ACK seq 0", "+0.0 < ACK" } },
		{ .what = "an ACK of another number",
		  .segment = { .flags = ACK, .ack = 1 },
		  .lines = { "- > ACK ack 2", "+0.0 < RST" },
		  .listeners = true },
		{ .what = "a SYN within the window",
		  .segment = { .flags = SYN, .seq = 100 },
		  .lines = { "- > SYN seq 100 - / -", "+0.0 < RST-ACK ack 101" },
		  .ends = true },
	};
	static const uint8_t kinds_of_service[] = { 0, 0xb8, 0xbb };
	struct server server = server_at(listen_on_server(
		net, .backlog = 5, .options = { TOS_OPTION(net, 0x28), TTL_OPTION(net, 9) }));

	set_route(net, "hoplimit 33");
	for (size_t i = 0; i < ARRAY_LENGTH(kinds_of_service); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(rows); j++) {
			struct row row = rows[j];

			row.segment.tos = kinds_of_service[i];
			STEP("%s, with the TOS %#x", row.what, row.segment.tos);
			play(&server, &row);
		}
}

/* ---- how soon it answers again --------------------------------------------------------------- */

/* Two segments right after each other, and what comes of each. */
struct pair {
	const char *what;
	struct peer_segment first, second;
	const char *lines[5];
	const char *counters; /* that move; NULL: none */
};

static void play_pair(struct server *server, const struct pair *pair)
{
	struct scene *net = server->listener->scene;
	struct peer *peer = half_open_peer(net, server->listener);

	peer_sends(peer, pair->first);
	peer_sends(peer, pair->second);
	expect_lines(net, peer->flow, pair->lines);
	expect_dropped(server, 2);
	if (pair->counters)
		expect_counters(net, SERVER, "%s", pair->counters);
	expect_unmoved(server, peer, lies_ahead(&pair->first) || lies_ahead(&pair->second));
}

static const struct pair wrong_pairs[] = {
	{ .what = "two ACKs before the window",
	  .first = { .flags = ACK, .seq = -1 },
	  .second = { .flags = ACK, .seq = -1 },
	  .lines = { "- > ACK seq 0", "+0.0 < ACK", "- > ACK seq 0 ignored" },
	  .counters = "TCPACKSkippedSynRecv 1" },
	{ .what = "one beyond it and one before it",
	  .first = { .flags = ACK, .seq = BEYOND },
	  .second = { .flags = ACK, .seq = -1 },
	  .lines = { "- > ACK seq 1000001", "+0.0 < ACK", "- > ACK seq 0 ignored" },
	  .counters = "TCPACKSkippedSynRecv 1" },
	{ .what = "two SYN-ACKs",
	  .first = { .flags = SYN | ACK },
	  .second = { .flags = SYN | ACK },
	  .lines = { "- > SYN-ACK", "+0.0 < ACK", "- > SYN-ACK ignored" },
	  .counters = "TCPACKSkippedSynRecv 1" },
	{ .what = "two SYNs",
	  .first = { .flags = SYN },
	  .second = { .flags = SYN },
	  .lines = { "- > SYN", "+0.0 < SYN-ACK", "- > SYN ignored" },
	  .counters = "TCPACKSkippedSynRecv 1" },
	{ .what = "a SYN, and an ACK before the window",
	  .first = { .flags = SYN },
	  .second = { .flags = ACK, .seq = -1 },
	  .lines = { "- > SYN", "+0.0 < SYN-ACK", "- > ACK seq 0 ignored" },
	  .counters = "TCPACKSkippedSynRecv 1" },
	{ .what = "an ACK before the window, and a SYN",
	  .first = { .flags = ACK, .seq = -1 },
	  .second = { .flags = SYN },
	  .lines = { "- > ACK seq 0", "+0.0 < ACK", "- > SYN ignored" },
	  .counters = "TCPACKSkippedSynRecv 1" },
	{ .what = "an ACK before the window, and a SYN with data",
	  .first = { .flags = ACK, .seq = -1 },
	  .second = { .flags = SYN, .text = "HELLO" },
	  .lines = { "- > ACK seq 0", "+0.0 < ACK", "- > DATA-SYN 5 ignored" },
	  .counters = "TCPACKSkippedSynRecv 1" },
	{ .what = "an ACK before the window, and data beyond it",
	  .first = { .flags = ACK, .seq = -1 },
	  .second = { .text = "HELLO", .seq = BEYOND },
	  .lines = { "- > ACK seq 0", "+0.0 < ACK", "- > DATA 5 seq 1000001", "+0.0 < ACK" } },
	{ .what = "an ACK and a FIN before the window",
	  .first = { .flags = ACK, .seq = -1 },
	  .second = { .flags = FIN | ACK, .seq = -1 },
	  .lines = { "- > ACK seq 0", "+0.0 < ACK", "- > FIN-ACK seq 0", "+0.0 < ACK" } },
	{ .what = "data beyond the window, and an ACK before it",
	  .first = { .text = "HELLO", .seq = BEYOND },
	  .second = { .flags = ACK, .seq = -1 },
	  .lines = { "- > DATA 5 seq 1000001", "+0.0 < ACK", "- > ACK seq 0", "+0.0 < ACK" } },
	{ .what = "data twice: a keepalive probe that has a byte",
	  .first = { .text = "X", .seq = -1 },
	  .second = { .text = "X", .seq = -1 },
	  .lines = { "- > DATA 1 seq 0", "+0.0 < ACK", "- > DATA 1 seq 0", "+0.0 < ACK" } },
};

/*
 * tcp_oow_rate_limited(): a request has one clock for all the segments that it answers by itself.
 * Segments with data neither ask it nor set it, as two ends that disagree about numbers do not send
 * each other data for ever; but a SYN with data does.
 */
CASE(second_wrong_segment_within_half_a_second_is_not_answered, .claims = "", .covers = "X-23")
{
	struct server server = serve(net);

	for (size_t i = 0; i < ARRAY_LENGTH(wrong_pairs); i++) {
		STEP("%s", wrong_pairs[i].what);
		COVERS("X-23");
		play_pair(&server, &wrong_pairs[i]);
	}
}

/* tcp_reqsk_send_challenge_ack() */
CASE(challenge_of_a_reset_and_an_answer_to_a_wrong_segment_have_one_clock, .claims = "",
     .variants = "reset-is-challenged reset-ends-the-request")
{
	static const struct pair pairs[] = {
		{ .what = "two RSTs somewhere in the window",
		  .first = { .flags = RST, .seq = 5 },
		  .second = { .flags = RST, .seq = 5 },
		  .lines = { "- > RST seq 6", "+0.0 < ACK", "- > RST seq 6 ignored" },
		  .counters = "TCPChallengeACK 1  TCPACKSkippedChallenge 1" },
		{ .what = "an ACK before the window, and a RST",
		  .first = { .flags = ACK, .seq = -1 },
		  .second = { .flags = RST, .seq = 5 },
		  .lines = { "- > ACK seq 0", "+0.0 < ACK", "- > RST seq 6 ignored" },
		  .counters = "TCPACKSkippedChallenge 1" },
		{ .what = "a RST, and an ACK before the window",
		  .first = { .flags = RST, .seq = 5 },
		  .second = { .flags = ACK, .seq = -1 },
		  .lines = { "- > RST seq 6", "+0.0 < ACK", "- > ACK seq 0 ignored" },
		  .counters = "TCPChallengeACK 1  TCPACKSkippedSynRecv 1" },
		{ .what = "a RST, and a SYN",
		  .first = { .flags = RST, .seq = 5 },
		  .second = { .flags = SYN },
		  .lines = { "- > RST seq 6", "+0.0 < ACK", "- > SYN ignored" },
		  .counters = "TCPChallengeACK 1  TCPACKSkippedSynRecv 1" },
	};
	struct server server = serve(net);

	if (!resets_are_challenged(&server))
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
		STEP("%s", pairs[i].what);
		play_pair(&server, &pairs[i]);
	}
}

static void send_probe(struct peer *peer, bool answered)
{
	peer_send(peer, .flags = ACK, .seq = -1);
	expect_ladder(peer, answered ? "- > ACK seq 0" : "- > ACK seq 0 ignored",
		      answered ? "+0.0 < ACK" : NULL);
}

/* The time runs from the last answer: what was not answered does not begin it anew. */
CASE(request_answers_again_after_tcp_invalid_ratelimit, .claims = "", .covers = "X-23",
     .kernel_seconds = 4)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("half a second: when the request's timer has fired once, it answers again");
	COVERS("X-23");
	expect_sysctl(net, SERVER, "net.ipv4.tcp_invalid_ratelimit=500");
	struct peer *peer = half_open_peer(net, server);
	send_probe(peer, true);
	send_probe(peer, false);
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  <  SYN-ACK");
	send_probe(peer, true);
	reset_ends_the_request(peer);
	expect_drops(server, 4);
	expect_counters(net, SERVER, "TCPACKSkippedSynRecv 1  TCPTimeouts 1  reset_requests 1");

	STEP("two and a half: not when it has fired once, but when it has fired twice");
	set_sysctl(net, SERVER, "net.ipv4.tcp_invalid_ratelimit=2500");
	peer = half_open_peer(net, server);
	send_probe(peer, true);
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  <  SYN-ACK");
	send_probe(peer, false);
	wait_for(peer, .timeouts = 2, .within = 2);
	expect_ladder(peer, "3.0  <  SYN-ACK");
	send_probe(peer, true);
	reset_ends_the_request(peer);
	expect_drops(server, 8);
	expect_counters(net, SERVER, "TCPACKSkippedSynRecv 1  TCPTimeouts 2  reset_requests 1");

	STEP("none: it answers each");
	set_sysctl(net, SERVER, "net.ipv4.tcp_invalid_ratelimit=0");
	peer = half_open_peer(net, server);
	for (int i = 0; i < 3; i++)
		send_probe(peer, true);
	expect_drops(server, 11);
}

/* ---- flags ----------------------------------------------------------------------------------- */

/* Of a segment's flags tcp_check_req() looks at SYN, RST and ACK. */
CASE(syn_with_other_flags_or_data_is_the_syn_again, .claims = "", .covers = "P-108")
{
	static const struct row rows[] = {
		{ .what = "a SYN with FIN",
		  .segment = { .flags = SYN | FIN },
		  .lines = { "- > SYN-FIN", "+0.0 < SYN-ACK" },
		  .covers = "P-108" },
		{ .what = "a SYN with PSH",
		  .segment = { .flags = SYN | PSH },
		  .lines = { "- > SYN", "+0.0 < SYN-ACK" } },
		{ .what = "a SYN with URG",
		  .segment = { .flags = SYN | URG },
		  .lines = { "- > SYN-URG", "+0.0 < SYN-ACK" } },
		{ .what = "a SYN that asks for ECN, as the first one did not",
		  .segment = { .flags = SYN | ECE | CWR },
		  .lines = { "- > SYN-ECE-CWR", "+0.0 < SYN-ACK" } },
		{ .what = "a SYN with data",
		  .segment = { .flags = SYN, .text = "LOST!" },
		  .lines = { "- > DATA-SYN 5", "+0.0 < SYN-ACK" } },
		{ .what = "a SYN with all that there is",
		  .segment = { .flags = SYN | FIN | PSH | URG, .text = "LOST!" },
		  .lines = { "- > DATA-SYN-FIN-URG 5", "+0.0 < SYN-ACK" } },
	};

	play_all(net, rows, ARRAY_LENGTH(rows));
}

CASE(segment_without_ack_is_dropped_within_the_window_and_answered_outside, .claims = "",
     .covers = "P-110")
{
	static const struct row rows[] = {
		{ .what = "no flag at all",
		  .segment = { .no_flags = true },
		  .lines = { "- > NONE" },
		  .covers = "P-110" },
		{ .what = "no flag, and data",
		  .segment = { .no_flags = true, .text = "HELLO" },
		  .lines = { "- > DATA 5" },
		  .covers = "P-110" },
		{ .what = "PSH",
		  .segment = { .flags = PSH },
		  .lines = { "- > NONE" },
		  .covers = "P-110" },
		{ .what = "URG",
		  .segment = { .flags = URG },
		  .lines = { "- > URG" },
		  .covers = "P-110" },
		{ .what = "FIN, PSH, URG and data",
		  .segment = { .flags = FIN | PSH | URG, .text = "HELLO" },
		  .lines = { "- > DATA-FIN-URG 5" },
		  .covers = "P-110" },
		{ .what = "no flag, before the window",
		  .segment = { .no_flags = true, .seq = -1 },
		  .lines = { "- > NONE seq 0", "+0.0 < ACK" } },
		{ .what = "a FIN beyond the window",
		  .segment = { .flags = FIN, .seq = BEYOND },
		  .lines = { "- > FIN seq 1000001", "+0.0 < ACK" } },
	};

	play_all(net, rows, ARRAY_LENGTH(rows));
}

/* ---- a listener that has no request of this client ------------------------------------------- */

/* What comes for it, and what it makes of it. */
struct stray {
	unsigned flags;
	const char *name, *with_data;
	enum { DROPPED, UNANSWERED, A_RESET, A_SYN_ACK } fate;
};

static const char *answer_of(const struct stray *stray)
{
	if (stray->fate == A_RESET)
		return "+0.0  <  RST";
	return stray->fate == A_SYN_ACK ? "+0.0  <  SYN-ACK" : NULL;
}

static void stray_in(struct server *server, const struct stray *stray, const char *text)
{
	struct scene *net = server->listener->scene;
	struct peer *peer = half_open_peer(net, server->listener);
	bool makes_request = stray->fate == A_SYN_ACK;
	autofree char *line = format("-  >  %s  %s", text ? stray->with_data : stray->name,
				     makes_request ? "- / SYN_RECV" : "");

	reset_ends_the_request(peer);
	peer_send(peer, .flags = stray->flags, .no_flags = !stray->flags, .text = text);
	expect_ladder(peer, line, answer_of(stray));
	expect_dropped(server, 1 + (stray->fate == DROPPED));
	expect_counters(net, SERVER, "reset_requests 1");

	STEP("a SYN is answered, and a RST ends the request");
	peer_syn(peer);
	if (makes_request)
		expect_ladder(peer, "-  >  SYN", "+0.0  <  SYN-ACK");
	else
		expect_ladder(peer, "-  >  SYN  - / SYN_RECV", "+0.0  <  SYN-ACK");
	expect_queue(server->listener, .accept = 0, .syn = 1);
	reset_ends_the_request(peer);
	expect_dropped(server, 1 + makes_request);
	expect_ended(server);
	expect_counters(net, SERVER, "reset_requests 1");
}

/*
 * RFC 9293, 3.10.7.2, and tcp_rcv_state_process(): ACK is looked at first, then RST, then SYN
 * without FIN. A RST with ACK would be answered with RST, but no RST ever is: tcp_v4_send_reset()
 * returns, and nobody counts it as dropped.
 */
CASE(listener_answers_strays_alike_with_and_without_data_and_then_a_syn, .claims = "",
     .covers = "X-29 P-102")
{
	static const struct stray strays[] = {
		{ ACK, "ACK", "DATA 5", A_RESET },
		{ FIN | ACK, "FIN-ACK", "DATA-FIN 5", A_RESET },
		{ SYN | ACK, "SYN-ACK", "DATA-SYN 5", A_RESET },
		{ RST | ACK, "RST-ACK", "DATA-RST 5", UNANSWERED },
		{ RST, "RST", "DATA-RST 5", DROPPED },
		{ FIN, "FIN", "DATA-FIN 5", DROPPED },
		{ 0, "NONE", "DATA 5", DROPPED },
		{ PSH, "NONE", "DATA 5", DROPPED },
		{ URG, "URG", "DATA-URG 5", DROPPED },
		{ SYN | FIN, "SYN-FIN", "DATA-SYN-FIN 5", DROPPED },
		{ SYN | RST, "SYN-RST", "DATA-SYN-RST 5", DROPPED },
		{ SYN, "SYN", "DATA-SYN 5", A_SYN_ACK },
		{ SYN | PSH, "SYN", "DATA-SYN 5", A_SYN_ACK },
		{ SYN | URG, "SYN-URG", "DATA-SYN-URG 5", A_SYN_ACK },
	};
	static const char *const texts[] = { NULL, "HELLO" };
	struct server server = serve(net);

	for (size_t i = 0; i < ARRAY_LENGTH(strays); i++)
		for (size_t j = 0; j < ARRAY_LENGTH(texts); j++) {
			STEP("%s%s", strays[i].name, texts[j] ? ", and data" : "");
			COVERS("X-29 P-102");
			stray_in(&server, &strays[i], texts[j]);
		}
}

/* ---- options --------------------------------------------------------------------------------- */

/* A request keeps what its SYN has offered, whatever the next one offers. */
CASE(syn_that_comes_again_with_other_options_gets_the_same_answer, .claims = "", .covers = "P-112")
{
	static const struct {
		const char *what;
		struct peer_segment first, again;
	} rows[] = {
		{ "with timestamps, and without", { .timestamps = true, .tsval = 1000 }, { 0 } },
		{ "without timestamps, and with", { 0 }, { .timestamps = true, .tsval = 1000 } },
		{ "with options, and with none",
		  { .timestamps = true, .tsval = 1000 },
		  { .no_options = true } },
		{ "with no option, and with all",
		  { .no_options = true },
		  { .timestamps = true, .tsval = 1000 } },
		{ "with a timestamp, and with a later one",
		  { .timestamps = true, .tsval = 1000 },
		  { .timestamps = true, .tsval = 2000 } },
	};
	struct server server = serve(net);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct peer *peer = raw_peer(net, server.listener);
		struct peer_segment first = rows[i].first, again = rows[i].again;

		STEP("%s", rows[i].what);
		COVERS("P-112");
		first.flags = again.flags = SYN;
		peer_sends(peer, first);
		peer_sends(peer, again);
		expect_ladder(peer,
			      "-    >  SYN      - / SYN_RECV",
			      "+0.0 <  SYN-ACK",
			      "-    >  SYN",
			      "+0.0 <  SYN-ACK");
		expect_dropped(&server, 1);
		expect_offer(peer, .mss = ethernet_mss(net), .window_scale = !first.no_options,
			     .sack = !first.no_options, .timestamps = first.timestamps);
		peer_send(peer, .flags = ACK, .timestamps = first.timestamps, .tsval = 3000,
			  .tsecr = peer->heard.tsval);
		expect_ladder(peer, "-  >  ACK  - / ESTABLISHED");
		expect_connection(&server, peer);
	}
}
