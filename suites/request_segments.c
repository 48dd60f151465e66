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

/* A listener, who waits for it, and how many segments it has dropped so far. */
struct server {
	struct listener *listener;
	struct epoll_waiter *epoll;
	int drops;
};

static struct server serve(struct scene *net)
{
	struct listener *listener = listen_on_server(net, .backlog = 5);

	return (struct server){ .listener = listener,
				.epoll = wait_in_epoll(listener, .edge_triggered = true) };
}

/* tcp_v4_rcv() counts what tcp_check_req() neither accepts nor leaves to the listener. */
static void expect_dropped(struct server *server, int more)
{
	server->drops += more;
	expect_drops(server->listener, server->drops);
}

/* Whether the first segment behind a SYN ends beyond the number that was next then. */
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

/* The request is as it was: nobody was woken, its timer runs on, and its answer connects. */
static void expect_unmoved(struct server *server, struct peer *peer,
			   const struct peer_segment *segment)
{
	struct scene *net = scene_of(peer);

	expect_states(peer, .client = NO_SOCKET, .server = SYN_RECV);
	expect_request_timer(peer, .timeouts = 0, .due = 1.0);
	expect_queue(server->listener, .accept = 0, .syn = 1);
	expect_no_event(server->epoll);

	STEP("and the answer to the SYN-ACK makes the connection");
	peer_send(peer, .flags = ACK, .seq = (int32_t)(peer->isn + 1 - peer->seq));
	expect_ladder(peer, lies_ahead(segment) ? "-  >  ACK seq 1  - / ESTABLISHED"
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
	bool listeners; /* it was left to the listener */
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
		expect_unmoved(server, peer, &row->segment);
}

/* A line of a segment that begins @offset behind the number that is next. The caller frees it. */
static char *line_at(const char *words, int32_t offset, const char *rest)
{
	return offset ? format("-  >  %s seq %d  %s", words, offset + 1, rest)
		      : format("-  >  %s  %s", words, rest);
}

/* ---- RST ------------------------------------------------------------------------------------- */

/*
 * Whether this kernel believes a RST that is within the window only if it has the very next number,
 * and asks for that before it looks at the acknowledgement: both came with one commit.
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
		expect_unmoved(server, peer, &segment);
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

/* So many bytes from an edge of the window that the SYN-ACK has offered. */
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
		expect_unmoved(server, peer, &segment);
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
	struct server server = serve(net);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("%s", rows[i].what);
		COVERS(rows[i].covers);
		play(&server, &rows[i]);
	}
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
