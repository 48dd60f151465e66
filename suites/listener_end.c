/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a listener: close(), shutdown(), connect(AF_UNSPEC), SOCK_DESTROY, a process that is
 * killed; what becomes of those who wait, of half-open requests, and of the port.
 */
#define TOPIC "end of a listener"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* What poll() says of a connection whose other end has reset it. */
#define RESET_EVENTS (POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP)

/* ---- who waits ----------------------------------------------------------------------------- */

/* In the order of the accept queue, which they fill; and one more, whose final ACK found it full.
 */
struct waiting {
	struct end *plain, *with_data, *at_its_end;
	struct peer *with_a_hole, *reset, *ignored;
};

static struct waiting wait_in_every_state(struct listener *server)
{
	struct scene *net = server->scene;
	struct waiting waiting;

	STEP("they wait: a client, one with data, one at its end");
	waiting.plain = connect_one(net, server, .name = "plain");
	waiting.with_data = connect_one(net, server, .name = "with data");
	speak(waiting.with_data, "HELLO");
	waiting.at_its_end = connect_one(net, server, .name = "at its end");
	shutdown_end(waiting.at_its_end, SHUT_WR);
	wait_for(waiting.at_its_end, .state = FIN_WAIT2, .host = CLIENT, .within = 0.1);
	expect_ladder(waiting.at_its_end,
		      "-    >  FIN-ACK  FIN_WAIT1 / CLOSE_WAIT",
		      "+0.0 <  ACK      FIN_WAIT2 / CLOSE_WAIT");

	STEP("and a peer with data behind a hole, and one that has reset its connection");
	waiting.with_a_hole = half_open_peer(net, server, .name = "with a hole");
	ack_makes_the_connection(waiting.with_a_hole);
	peer_send(waiting.with_a_hole, .text = "WORLD", .seq = 5);
	expect_ladder(waiting.with_a_hole,
		      "-    >  DATA 5 seq 6",
		      "+0.0 <  ACK");
	waiting.reset = half_open_peer(net, server, .name = "reset");
	ack_makes_the_connection(waiting.reset);
	peer_reset(waiting.reset);
	expect_ladder(waiting.reset, "-  >  RST  - / -");
	expect_counters(net, SERVER, "Tcp.EstabResets 1  TCPOFOQueue 1");

	STEP("the final ACK of one more finds the queue full");
	waiting.ignored = peer_at_a_full_queue(server, 5);
	ack_is_ignored(waiting.ignored);
	expect_queue(server, .accept = 5, .syn = 1);
	expect_poll(server, POLLIN);
	expect_counters(net, SERVER, "overflows 1");
	return waiting;
}

/* One RST for each that has not been reset before; nobody else hears of it. */
static void expect_all_reset(const struct waiting *waiting)
{
	struct scene *net = waiting->plain->scene;

	expect_ladder(waiting->plain, "-  <  RST-ACK  - / -");
	expect_ladder(waiting->with_data, "-  <  RST-ACK  - / -");
	expect_ladder(waiting->at_its_end, "-  <  RST-ACK  - / -");
	expect_ladder(waiting->with_a_hole, "-  <  RST-ACK  - / -");
	expect_silence(waiting->reset);
	expect_silence(waiting->ignored);
	expect_states(waiting->ignored, .client = NO_SOCKET, .server = SYN_RECV);
	expect_poll(waiting->plain, RESET_EVENTS);
	expect_reset(waiting->plain);
	expect_reset(waiting->with_data);
	expect_reset(waiting->at_its_end);
	expect_counters(net, CLIENT, "Tcp.EstabResets 2");
	expect_counters(net, SERVER, "Tcp.EstabResets 4");
}

/* A request that has lost its listener goes with its next segment: tcp_v4_rcv(). */
static void expect_next_segment_rejected(const struct waiting *waiting)
{
	peer_data(waiting->ignored, "HELLO");
	expect_ladder(waiting->ignored,
		      "-    >  DATA 5  - / -",
		      "+0.0 <  RST");
}

/* ---- close() ------------------------------------------------------------------------------- */

/* inet_csk_listen_stop() */
CASE(listener_that_closes_resets_each_who_waits_in_whatever_state, .claims = "",
     .covers = "X-11 P-53 P-49")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct waiting waiting = wait_in_every_state(server);

	STEP("the listener closes: each is reset once, and not the one that has reset itself");
	COVERS("X-11 P-53 P-49");
	close_listener(server);
	expect_all_reset(&waiting);

	STEP("the one whose ACK was ignored learns of it when it speaks");
	expect_next_segment_rejected(&waiting);
}

/* ---- shutdown() and connect(AF_UNSPEC) ----------------------------------------------------- */

/* Where nothing listens, a SYN is answered with RST. */
static void expect_refusal(struct scene *net, struct listener *server)
{
	struct end *refused = connect_client(net, server, .name = "refused");

	expect_connect_to_end(refused, ECONNREFUSED, 0);
	expect_ladder(refused,
		      "-    >  SYN      SYN_SENT / -",
		      "0.0  <  RST-ACK  - / -");
	expect_counters(net, CLIENT, "Tcp.AttemptFails 1");
}

static void expect_service(struct scene *net, struct listener *server)
{
	struct end *client = connect_one(net, server), *served;

	expect_queue(server, .accept = 1, .syn = 0);
	served = accept_client(server, client);
	expect_poll(served, POLLOUT);
	speak(client, "HELLO");
	expect_read(served, "HELLO");
	speak(served, "WORLD");
	expect_nothing_to_accept(server);
	expect_queue(server, .accept = 0, .syn = 0);
}

/* inet_shutdown(), tcp_disconnect(), inet_csk_listen_start() */
CASE(shutdown_for_reading_is_a_close_that_can_listen_again, .claims = "",
     .covers = "X-12 P-58 P-59 P-49")
{
	static const struct {
		const char *name;
		int how;
	} ways[] = { { "SHUT_RD", SHUT_RD }, { "SHUT_RDWR", SHUT_RDWR } };

	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		struct listener *server = listen_on_server(net, .backlog = 5);
		struct waiting waiting = wait_in_every_state(server);
		struct epoll_waiter *waiter = wait_in_epoll(server, .edge_triggered = true);

		expect_event(waiter);

		STEP("shutdown(%s): all who wait are reset, as by close()", ways[i].name);
		COVERS("X-12 P-58 P-49");
		shutdown_listener(server, ways[i].how);
		expect_all_reset(&waiting);

		STEP("the socket does not listen, and says so to who waits in poll() and epoll");
		COVERS("P-59");
		expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 0);
		expect_poll(server, POLLOUT | POLLHUP);
		expect_events(waiter, EPOLLHUP);
		expect_no_event(waiter);
		expect_call(server, "accept", EINVAL, accept(server->fd, NULL, NULL));
		expect_next_segment_rejected(&waiting);
		expect_refusal(net, server);

		STEP("listen() again: it is a listener like any other, and its queue is empty");
		COVERS("X-12");
		listen_again(server, 5);
		expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 1);
		expect_poll(server, 0);
		expect_no_event(waiter);
		expect_queue(server, .accept = 0, .syn = 0);
		expect_service(net, server);
		connect_one(net, server);
		expect_event(waiter);
	}
}

/* tcp_disconnect() */
CASE(listener_that_is_disconnected_is_none_any_more, .claims = "", .covers = "P-07")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct waiting waiting = wait_in_every_state(server);

	STEP("connect() to AF_UNSPEC: all who wait are reset");
	COVERS("P-07");
	disconnect_listener(server);
	expect_all_reset(&waiting);

	STEP("the socket does not listen");
	COVERS("P-07");
	expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 0);
	expect_poll(server, POLLOUT | POLLHUP);
	expect_call(server, "accept", EINVAL, accept(server->fd, NULL, NULL));
	expect_next_segment_rejected(&waiting);
	expect_refusal(net, server);
	disconnect_listener(server);

	STEP("listen() again works");
	COVERS("P-07");
	listen_again(server, 5);
	expect_service(net, server);
}

/* inet_shutdown(): a listener that is not shut down for reading goes on */
CASE(shutdown_for_writing_changes_nothing, .claims = "", .covers = "P-57")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct epoll_waiter *waiter = wait_in_epoll(server, .edge_triggered = true);

	STEP("shutdown(SHUT_WR), and nobody waits");
	COVERS("P-57");
	shutdown_listener(server, SHUT_WR);
	expect_poll(server, 0);
	expect_no_event(waiter);

	STEP("a client waits, and a peer is half-open");
	struct end *client = connect_one(net, server);
	struct peer *peer = half_open_peer(net, server);
	expect_event(waiter);
	expect_no_event(waiter);
	expect_queue(server, .accept = 1, .syn = 1);

	STEP("shutdown(SHUT_WR): both are still there, and who waits in epoll is woken once more");
	COVERS("P-57");
	shutdown_listener(server, SHUT_WR);
	expect_silence(client);
	expect_silence(peer);
	expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 1);
	expect_poll(server, POLLIN);
	expect_event(waiter);
	expect_no_event(waiter);
	expect_queue(server, .accept = 1, .syn = 1);

	STEP("the peer connects, and each is served");
	COVERS("P-57");
	ack_makes_the_connection(peer);
	struct end *served = accept_client(server, client);
	accept_peer(server, peer);
	expect_poll(served, POLLOUT);
	speak(served, "HELLO");
	expect_service(net, server);
}

/* ---- half-open requests -------------------------------------------------------------------- */

/* A client that is connected for itself: what it answers the SYN-ACK with is held, or lost. */
static struct end *half_open_client(struct scene *net, struct listener *server, const char *fate)
{
	struct end *client = connect_client(net, server);
	autofree char *ack = format("0.0  >  ACK  %s", fate);

	stop_rules(net);
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      ack);
	return client;
}

/*
 * reqsk_timer_handler() and tcp_v4_rcv() ask whether the socket listens, and not whether it still
 * does.
 */
CASE(request_outlives_shutdown_if_the_socket_listens_again, .claims = "", .covers = "N-2",
     .kernel_seconds = 1, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a client waits, one's final ACK is on the wire, and one's was lost");
	struct end *waiting = connect_one(net, server, .name = "waiting");
	hold_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	struct end *on_its_way = half_open_client(net, server, "held");
	drop_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	struct end *patient = half_open_client(net, server, "lost");
	expect_queue(server, .accept = 1, .syn = 2);

	STEP("the listener is shut down: that concerns only who waits");
	COVERS("N-2");
	shutdown_listener(server, SHUT_RD);
	expect_ladder(waiting, "-  <  RST-ACK  - / -");
	expect_reset(waiting);
	expect_silence(on_its_way);
	expect_silence(patient);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1");

	STEP("it listens again at once: the requests are its own again, and count");
	COVERS("N-2");
	listen_again(server, 1);
	expect_queue(server, .accept = 0, .syn = 2);
	give_up(refused_client(net, server));
	expect_counters(net, SERVER, "syn_overflows 1");

	STEP("the ACK that was on the wire makes a connection, which accept() gives");
	COVERS("N-2");
	release_segments(net);
	expect_states(on_its_way, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_queue(server, .accept = 1, .syn = 1);
	expect_poll(server, POLLIN);
	accept_client(server, on_its_way);
	speak(on_its_way, "HELLO");

	STEP("the other one's SYN-ACK is sent again when it is due, and its answer is as good");
	COVERS("N-2");
	next_syn_ack_makes_the_connection(patient, 1.0);
	accept_client(server, patient);
	expect_queue(server, .accept = 0, .syn = 0);
	close_listener(server);
	expect_silence(patient);
}

/* The sockets of a process that only holds what it was given, until it is killed. */
static void hold(struct process *self, const void *context)
{
	(void)context;
	for (;;)
		await_word(self);
}

/* inet_release() comes with the last descriptor of the socket. */
CASE(only_the_last_reference_ends_a_listener, .claims = "", .covers = "P-28 P-64")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a client waits, and dup() has made another descriptor: close() of the first one ends "
	     "nothing");
	COVERS("P-64");
	struct end *waiting = connect_one(net, server, .name = "waiting");
	struct listener *copy = dup_listener(server);
	close_listener(server);
	expect_silence(waiting);
	expect_queue(copy, .accept = 1, .syn = 0);
	accept_client(copy, waiting);

	STEP("a child process has got one: close() of the parent's ends nothing");
	COVERS("P-64");
	struct process *child =
		start_process(net, .name = "child", .play = hold, .given = { copy->fd });
	struct end *second = connect_one(net, copy, .name = "second");
	struct peer *half_open = half_open_peer(net, copy, .name = "half-open");
	close_listener(copy);
	expect_silence(second);
	expect_silence(half_open);
	struct end *third = connect_one(net, copy, .name = "third");
	expect_queue(copy, .accept = 2, .syn = 1);

	STEP("the child is killed: with the last descriptor the listener ends");
	COVERS("P-28");
	kill_process(child);
	expect_ladder(second, "-  <  RST-ACK  - / -");
	expect_ladder(third, "-  <  RST-ACK  - / -");
	expect_reset(second);
	expect_reset(third);
	expect_counters(net, CLIENT, "Tcp.EstabResets 2");
	expect_counters(net, SERVER, "Tcp.EstabResets 2");
	peer_ack(half_open);
	expect_ladder(half_open,
		      "-    >  ACK  - / -",
		      "+0.0 <  RST");
}

/* One whose SYN-ACK gets lost. */
static struct peer *unreached_peer(struct scene *net, struct listener *server)
{
	struct peer *peer = raw_peer(net, server);

	drop_segments(net, .from = SERVER, .what = "SYN-ACK", .count = 1);
	peer_syn(peer);
	expect_ladder(peer,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK  lost");
	return peer;
}

/* tcp_v4_rcv(), tcp_v6_rcv() and reqsk_timer_handler() of a request whose listener is gone */
CASE(request_ends_with_its_timer_while_nobody_listens, .claims = "", .covers = "X-11 P-55",
     .kernel_seconds = 1)
{
	static const struct {
		const char *name;
		struct peer_segment segment;
		const char *lines[3];
	} arrivals[] = {
		{ "SYN", { .flags = SYN }, { "-  >  SYN  - / -", "+0.0  <  RST-ACK" } },
		{ "final ACK", { .flags = ACK }, { "-  >  ACK  - / -", "+0.0  <  RST" } },
		{ "data", { .text = "HELLO" }, { "-  >  DATA 5  - / -", "+0.0  <  RST" } },
		{ "FIN", { .flags = FIN | ACK }, { "-  >  FIN-ACK  - / -", "+0.0  <  RST" } },
		{ "RST", { .flags = RST }, { "-  >  RST  - / -" } },
	};
	static void (*const ends[])(struct listener *) = { close_listener, disconnect_listener };

	for (size_t way = 0; way < ARRAY_LENGTH(ends); way++) {
		struct listener *server = listen_on_server(net, .backlog = 8);
		struct peer *peers[ARRAY_LENGTH(arrivals)];

		STEP("peers are half-open, two of them without a SYN-ACK, and the listener ends");
		half_open_peers(server, peers, ARRAY_LENGTH(peers));
		struct peer *unreached = unreached_peer(net, server);
		struct peer *silent = unreached_peer(net, server);
		expect_queue(server, .accept = 0, .syn = 7);
		ends[way](server);

		for (size_t i = 0; i < ARRAY_LENGTH(arrivals); i++) {
			STEP("%s of a half-open peer: its request goes, as if it had never been",
			     arrivals[i].name);
			COVERS("X-11");
			peer_sends(peers[i], arrivals[i].segment);
			expect_lines(net, flow_of(peers[i]), arrivals[i].lines);
		}

		STEP("so it is with one that has not got its SYN-ACK and sends its SYN again");
		COVERS("P-55");
		peer_syn(unreached);
		expect_ladder(unreached,
			      "-    >  SYN      - / -",
			      "+0.0 <  RST-ACK");

		STEP("the last one's goes when its timer fires: nothing is sent, nothing is "
		     "counted");
		COVERS("X-11 P-55");
		expect_silence(silent);
		expect_request_timer(silent, .timeouts = 0, .due = 1.0);
		wait_for(silent, .gone = true, .host = SERVER, .within = 1);
		expect_ladder(silent, "1.0  .  - / -");
	}
}
