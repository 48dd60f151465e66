/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The final ACK of a handshake meets an accept queue that has filled up since the SYN: what
 * tcp_abort_on_overflow decides.
 */
#define TOPIC          "overflow"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>

CASE(final_ack_that_meets_a_full_accept_queue_is_ignored, .claims = "D2-31 D2-32 D2-34",
     .covers = "X-07 P-71", .kernel_seconds = 7.5,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = meet_a_full_queue(server).late;

	STEP("the ACK arrives, and nobody ever accepts");
	COVERS("X-07 P-71");
	release_segments(net);
	expect_states(late, .client = ESTABLISHED, .server = SYN_RECV);
	expect_queue(server, .accept = 3, .syn = 1);
	expect_request_timer(late, .timeouts = 0, .due = 1.0);
	wait_for(late, .gone = true, .host = SERVER, .within = 7);
	expect_ladder(late,
		      "1.0  <  SYN-ACK",
		      "1.0  >  ACK      ignored",
		      "3.0  <  SYN-ACK",
		      "3.0  >  ACK      ignored",
		      "7.0  .           ESTABLISHED / -");
	expect_queue(server, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "overflows 3  TCPTimeouts 3");
	expect_counters(net, CLIENT, "challenges 2");
	expect_read_error(late, EAGAIN);
}

CASE(ignored_client_gets_in_with_its_answer_to_the_next_syn_ack,
     .claims = "D2-31 D2-32 D2-33 D2-34", .kernel_seconds = 7.5,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=5" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = meet_a_full_queue(server);
	struct end *late = crowd.late;

	STEP("the ACK arrives and is ignored, and so are two more");
	release_segments(net);
	wait_for(late, .sent = 3, .from = SERVER, .within = 3.5);
	expect_ladder(late,
		      "1.0  <  SYN-ACK",
		      "1.0  >  ACK      ignored",
		      "3.0  <  SYN-ACK",
		      "3.0  >  ACK      ignored");
	expect_states(late, .client = ESTABLISHED, .server = SYN_RECV);
	expect_request_timer(late, .timeouts = 2, .due = 7.0);
	expect_queue(server, .accept = 3, .syn = 1);
	expect_counters(net, SERVER, "overflows 3  TCPTimeouts 2");
	expect_counters(net, CLIENT, "challenges 2");

	STEP("accept() frees a slot: that alone changes nothing for the late one");
	accept_client(server, crowd.others[0]);
	expect_silence(late);
	expect_queue(server, .accept = 2, .syn = 1);

	STEP("the client's answer to the next SYN-ACK finds room");
	next_syn_ack_makes_the_connection(late, 7.0);
	expect_queue(server, .accept = 3, .syn = 0);
	accept_client(server, crowd.others[1]);
	accept_client(server, crowd.last);
	struct end *served = accept_client(server, late);
	expect_nothing_to_accept(server);

	STEP("the late connection is one like any other");
	speak(late, "HELLO");
	expect_read(served, "HELLO");
}

CASE(final_ack_that_meets_a_full_accept_queue_is_reset, .claims = "D2-30", .covers = "X-07",
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = meet_a_full_queue(server).late;

	STEP("the ACK arrives");
	COVERS("X-07");
	release_segments(net);
	expect_ladder(late, "+0.0  <  RST  - / -");
	expect_queue(server, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "overflows 1  EmbryonicRsts 1");
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_reset(late);

	STEP("a SYN still is dropped without a word");
	dropped_client(net, server, .name = "refused");
	expect_queue(server, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");
}

CASE(abort_on_overflow_counts_from_the_next_segment_on, .claims = "D2-30", .covers = "X-46",
     .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = meet_a_full_queue(server).late;

	STEP("the ACK arrives and is ignored; then tcp_abort_on_overflow becomes 1");
	release_segments(net);
	set_sysctl(net, SERVER, "net.ipv4.tcp_abort_on_overflow=1");
	expect_silence(late);
	expect_queue(server, .accept = 3, .syn = 1);
	expect_counters(net, SERVER, "overflows 1");

	STEP("the client, who waits in read(), is reset for its answer to the next SYN-ACK");
	COVERS("X-46");
	wait_for(late, .gone = true, .host = CLIENT, .within = 1);
	expect_ladder(late,
		      "1.0   <  SYN-ACK",
		      "1.0   >  ACK      rejected ESTABLISHED / -",
		      "+0.0  <  RST      - / -");
	expect_reset(late);
	expect_queue(server, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "overflows 1  EmbryonicRsts 1  TCPTimeouts 1");
	expect_counters(net, CLIENT, "challenges 1  Tcp.EstabResets 1");
}

/* ---- raw peers: one segment at a time -------------------------------------------------------- */

/* There is something to accept already, so any call of the waiters would be an event. */
static struct peer *peer_behind(struct listener *server, struct epoll_waiter *edge)
{
	struct scene *net = server->scene;

	STEP("while one waits, the SYN of the next one wakes nobody, and its ACK does");
	COVERS("X-36");
	struct peer *behind = half_open_peer(net, server, .name = "behind");
	expect_no_event(edge);
	peer_ack(behind);
	expect_ladder(behind,
		      "~1.0  <  SYN-ACK",
		      "-     >  ACK      - / ESTABLISHED");
	expect_queue(server, .accept = 2, .syn = 0);
	expect_event(edge);
	expect_counters(net, SERVER, "again");
	return behind;
}

CASE(server_in_epoll_wakes_when_a_connection_enters_the_queue_and_for_nothing_else,
     .claims = "D2-29", .covers = "X-36 P-141")
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct epoll_waiter *level = wait_in_epoll(server, .name = "level-triggered epoll");
	struct epoll_waiter *edge =
		wait_in_epoll(server, .name = "edge-triggered epoll", .edge_triggered = true);

	STEP("a SYN wakes nobody");
	struct peer *late = half_open_peer(net, server, .name = "late");
	expect_no_event(level);
	expect_no_event(edge);

	struct end **clients = fill_the_queue(server, .count = 3, .pending = 1);
	expect_event(level);
	expect_event(edge);
	expect_no_event(edge);

	STEP("an ACK that the full queue lets fall wakes nobody");
	ack_is_ignored(late);
	expect_queue(server, .accept = 3, .syn = 1);
	expect_no_event(edge);
	expect_counters(net, SERVER, "overflows 1");

	STEP("a slot that frees wakes nobody");
	for (int i = 0; i < 3; i++)
		accept_client(server, clients[i]);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_no_event(level);
	expect_no_event(edge);
	expect_silence(late);

	STEP("the next segment of the client whose ACK fell wakes the server");
	COVERS("X-36 P-141");
	ack_makes_the_connection(late);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_event(level);
	expect_event(edge);

	struct peer *behind = peer_behind(server, edge);
	accept_peer(server, late);
	accept_peer(server, behind);
	expect_no_event(level);
	expect_no_event(edge);
	expect_silence(behind);
}

CASE(any_segment_that_meets_a_full_accept_queue_is_answered_with_reset, .claims = "D2-30",
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=1" })
{
	static const struct {
		const char *what;
		struct peer_segment segment;
		const char *line;
	} rows[] = {
		{ "a bare ACK", { .flags = ACK }, "- > ACK rejected - / -" },
		{ "data", { .text = "HELLO" }, "- > DATA 5 rejected - / -" },
		{ "data behind a hole",
		  { .text = "WORLD", .seq = 5 },
		  "- > DATA 5 seq 6 rejected - / -" },
		{ "a FIN", { .flags = FIN | ACK }, "- > FIN-ACK rejected - / -" },
		{ "data with FIN",
		  { .text = "HELLO", .flags = FIN | ACK | PSH },
		  "- > DATA-FIN 5 rejected - / -" },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	fill_the_queue(server, .count = 2);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *const lines[] = { rows[i].line, "+0.0  <  RST", NULL };

		STEP("%s of a peer meets the full queue", rows[i].what);
		struct peer *peer = peer_at_a_full_queue(server, 2);
		peer_sends(peer, rows[i].segment);
		expect_lines(net, peer->flow, lines);
		expect_queue(server, .accept = 2, .syn = 0);
		expect_counters(net, SERVER, "overflows 1  EmbryonicRsts 1");
	}

	STEP("a SYN is dropped without a word");
	dropped_peer(net, server);
	expect_queue(server, .accept = 2, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");
}

/* A raw peer's request whose ACK the full queue has ignored. */
static struct peer *ignored_peer(struct listener *server)
{
	struct peer *peer = peer_at_a_full_queue(server, 1);

	ack_is_ignored(peer);
	expect_queue(server, .accept = 1, .syn = 1);
	return peer;
}

/* A stranger's SYN is one more segment for the full queue; that of the request itself is none. */
static void send_syns(struct listener *server, struct peer *peer)
{
	struct scene *net = server->scene;

	STEP("another one's SYN is ignored as well");
	COVERS("P-71");
	dropped_peer(net, server, .name = "other");
	expect_queue(server, .accept = 3, .syn = 1);
	expect_counters(net, SERVER, "overflows 1");

	STEP("the SYN of the request, when it comes again, is answered, and not counted");
	syn_is_answered_again(peer);
	expect_request_timer(peer, .timeouts = 0, .due = 1.0);
	expect_queue(server, .accept = 3, .syn = 1);
}

CASE(each_segment_that_meets_a_full_accept_queue_is_ignored_and_counted, .claims = "D2-11 D2-31",
     .covers = "P-71")
{
	static const struct {
		const char *what;
		struct peer_segment segment;
		const char *line;
	} rows[] = {
		{ "the peer's ACK once more", { .flags = ACK }, "- > ACK ignored" },
		{ "data", { .text = "HELLO" }, "- > DATA 5 ignored" },
		{ "the data once more", { .text = "HELLO", .seq = -5 }, "- > DATA 5 ignored" },
		{ "data behind a hole",
		  { .text = "WORLD", .seq = 5 },
		  "- > DATA 5 seq 11 ignored" },
		{ "an ACK of all that the peer has sent",
		  { .flags = ACK, .seq = 10 },
		  "- > ACK ignored" },
		{ "a FIN", { .flags = FIN | ACK }, "- > FIN-ACK seq 6 ignored" },
		{ "all of the data, with FIN",
		  { .text = "HELLOWORLD", .flags = FIN | ACK | PSH, .seq = -6 },
		  "- > DATA-FIN 10 ignored" },
	};
	struct listener *server = listen_on_server(net, .backlog = 2);

	STEP("a peer's SYN makes a request");
	struct peer *peer = half_open_peer(net, server);
	fill_the_queue(server, .count = 3, .pending = 1);

	STEP("the peer's ACK is ignored");
	COVERS("P-71");
	ack_is_ignored(peer);
	expect_counters(net, SERVER, "overflows 1");
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *const lines[] = { rows[i].line, NULL };

		STEP("%s is ignored too", rows[i].what);
		peer_sends(peer, rows[i].segment);
		expect_lines(net, peer->flow, lines);
		expect_request_timer(peer, .timeouts = 0, .due = 1.0);
		expect_queue(server, .accept = 3, .syn = 1);
		expect_counters(net, SERVER, "overflows 1");
	}

	send_syns(server, peer);
}

/*
 * "Acknowledged" is a mark on the request (inet_rsk(req)->acked). Only TCP_DEFER_ACCEPT goes by it
 * (syn_ack_recalc()), so the option, set after the ACK, shows that it is there.
 */
CASE(ignored_ack_is_remembered, .claims = "D2-31b", .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	fill_the_queue(server, .count = 1);
	STEP("of two peers one sends its ACK, which is ignored");
	struct peer *silent = half_open_peer(net, server, .name = "silent");
	struct peer *peer = half_open_peer(net, server, .name = "acknowledged");
	listen_again(server, 0);
	ack_is_ignored(peer);
	expect_queue(server, .accept = 1, .syn = 2);
	expect_counters(net, SERVER, "overflows 1");

	STEP("with TCP_DEFER_ACCEPT from now on, only the other one's SYN-ACK is sent again");
	set_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30);
	wait_for(silent, .timeouts = 1, .within = 1);
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(silent, "1.0  <  SYN-ACK");
	expect_ladder(peer, "1.0  .  timer");
	expect_queue(server, .accept = 1, .syn = 2);
	expect_counters(net, SERVER, "TCPTimeouts 2");
}

CASE(ignored_ack_changes_nothing_of_the_requests_life, .claims = "D2-11 D2-31b D2-32",
     .covers = "P-71", .kernel_seconds = 15.5,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=3" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	fill_the_queue(server, .count = 1);
	STEP("of two peers one sends its ACK, which is ignored; then both are silent");
	struct peer *silent = half_open_peer(net, server, .name = "silent");
	struct peer *peer = half_open_peer(net, server, .name = "acknowledged");
	listen_again(server, 0);
	ack_is_ignored(peer);
	wait_for(silent, .gone = true, .host = SERVER, .within = 15);
	wait_for(peer, .gone = true, .host = SERVER, .within = 1);
	for (int i = 0; i < 2; i++)
		expect_ladder(i ? peer : silent,
			      "1.0   <  SYN-ACK",
			      "3.0   <  SYN-ACK",
			      "7.0   <  SYN-ACK",
			      "15.0  .           - / -");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "overflows 1  TCPTimeouts 8");

	STEP("an ACK that comes now is answered with RST");
	COVERS("P-71");
	ack_is_answered_with_reset(peer);
}

/* A segment that completes a handshake, and what the server then has. */
struct rescue {
	const char *what;
	struct peer_segment segment;
	const char *lines[3];
	unsigned answers; /* segments of the server's */
	bool out_of_order;
	const char *text; /* that read() gives; NULL: none */
	bool ends;        /* then read() gives the end of file, else EAGAIN */
};

static void serve_rescued(struct listener *server, struct peer *peer, const struct rescue *rescue)
{
	struct end *served = accept_peer(server, peer);

	if (rescue->text)
		expect_read(served, rescue->text);
	if (rescue->ends)
		expect_end_of_file(served);
	else
		expect_read_error(served, EAGAIN);
}

CASE(any_segment_gets_in_once_a_slot_is_free, .claims = "D2-11 D2-33", .covers = "X-27")
{
	static const struct rescue rows[] = {
		{ .what = "the peer's ACK once more",
		  .segment = { .flags = ACK },
		  .lines = { "-  >  ACK  - / ESTABLISHED" } },
		{ .what = "data",
		  .segment = { .text = "HELLO" },
		  .lines = { "-  >  DATA 5  - / ESTABLISHED", "+0.0  <  ACK" },
		  .answers = 1,
		  .text = "HELLO" },
		{ .what = "data behind a hole",
		  .segment = { .text = "WORLD", .seq = 5 },
		  .lines = { "-  >  DATA 5 seq 6  - / ESTABLISHED", "+0.0  <  ACK" },
		  .answers = 1,
		  .out_of_order = true },
		{ .what = "FIN",
		  .segment = { .flags = FIN | ACK },
		  .lines = { "-  >  FIN-ACK  - / CLOSE_WAIT", "+0.0  <  ACK" },
		  .answers = 1,
		  .ends = true },
		{ .what = "data with FIN",
		  .segment = { .text = "HELLO", .flags = FIN | ACK | PSH },
		  .lines = { "-  >  DATA-FIN 5  - / CLOSE_WAIT", "+0.0  <  ACK" },
		  .answers = 1,
		  .text = "HELLO",
		  .ends = true },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct end *client = fill_the_queue(server, .count = 1)[0];
	struct peer *waiting = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("a peer's ACK is ignored; then the one who waits is served");
		struct peer *peer = ignored_peer(server);
		if (waiting)
			serve_rescued(server, waiting, &rows[i - 1]);
		else
			accept_client(server, client);
		expect_silence(peer);
		expect_nothing_to_accept(server);
		expect_queue(server, .accept = 0, .syn = 1);
		expect_counters(net, SERVER, "overflows 1");

		STEP("%s makes the connection", rows[i].what);
		COVERS(rows[i].ends ? "X-27" : NULL);
		peer_sends(peer, rows[i].segment);
		wait_for(peer, .sent = 1 + rows[i].answers, .from = SERVER, .within = 0.2);
		expect_lines(net, peer->flow, rows[i].lines);
		expect_acceptable(server);
		expect_queue(server, .accept = 1, .syn = 0);
		expect_counters(net, SERVER, "TCPOFOQueue %d", rows[i].out_of_order);
		waiting = peer;
	}
	serve_rescued(server, waiting, &rows[ARRAY_LENGTH(rows) - 1]);
	expect_queue(server, .accept = 0, .syn = 0);
}

CASE(larger_backlog_lets_ignored_clients_in_with_their_next_segment, .claims = "D2-25 D2-33",
     .covers = "X-10")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct end *client = fill_the_queue(server, .count = 1)[0];

	STEP("a peer's ACK is ignored; then listen() is called with a larger backlog");
	struct peer *peer = ignored_peer(server);
	listen_again(server, 1);
	expect_silence(peer);
	expect_queue(server, .accept = 1, .limit = 1, .syn = 1);
	expect_counters(net, SERVER, "overflows 1");

	STEP("the peer's next segment gets in, behind those who wait");
	COVERS("X-10");
	data_makes_the_connection(peer, "HELLO");
	expect_queue(server, .accept = 2, .limit = 1, .syn = 0);
	accept_client(server, client);
	expect_read(accept_peer(server, peer), "HELLO");
}

CASE(free_slot_belongs_to_the_first_segment_and_not_to_the_first_syn, .claims = "D2-33")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct end *client = fill_the_queue(server, .count = 1)[0];
	struct peer *peers[2];

	STEP("the ACKs of two peers are ignored; then a slot is free");
	half_open_peers(server, peers, 2);
	listen_again(server, 0);
	for (int i = 0; i < 2; i++)
		ack_is_ignored(peers[i]);
	accept_client(server, client);
	expect_queue(server, .accept = 0, .syn = 2);
	expect_counters(net, SERVER, "overflows 2");

	STEP("a SYN that comes again is answered, but does not get in");
	syn_is_answered_again(peers[0]);
	expect_queue(server, .accept = 0, .syn = 2);

	STEP("the second peer's ACK comes first");
	ack_makes_the_connection(peers[1]);
	ack_is_ignored(peers[0]);
	expect_queue(server, .accept = 1, .syn = 1);
	accept_peer(server, peers[1]);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "overflows 1");
}

/* ---- whose sysctls ----------------------------------------------------------------------------
 */

/* With the client's the queue would have room for two, and the request would end after a second. */
CASE(sysctls_of_the_passive_open_are_each_network_namespaces_own, .claims = "", .covers = "X-40",
     .kernel_seconds = 3,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=1", "net.ipv4.tcp_max_syn_backlog=16" },
     .client_sysctls = { "net.core.somaxconn=1", "net.ipv4.tcp_abort_on_overflow=1",
			 "net.ipv4.tcp_synack_retries=0", "net.ipv4.tcp_max_syn_backlog=1",
			 "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = meet_a_full_queue(server).late;

	STEP("the client's namespace has others: three wait, the fourth is ignored and not reset, "
	     "and its request lives for two SYN-ACKs");
	COVERS("X-40");
	release_segments(net);
	expect_queue(server, .accept = 3, .limit = 2, .syn = 1);
	wait_for(late, .gone = true, .host = SERVER, .within = 3);
	expect_ladder(late,
		      "1.0  <  SYN-ACK",
		      "1.0  >  ACK      ignored",
		      "3.0  .           ESTABLISHED / -");
	expect_queue(server, .accept = 3, .limit = 2, .syn = 0);
	expect_counters(net, SERVER, "overflows 2  TCPTimeouts 2");
	expect_counters(net, CLIENT, "challenges 1");
}
