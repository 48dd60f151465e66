/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a listener: close(), shutdown(), connect(AF_UNSPEC), SOCK_DESTROY, a process that is
 * killed; what becomes of those who wait, of half-open requests, and of the port.
 */
#define TOPIC "end of a listener"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What poll() says of a connection that was reset, and of a socket that was destroyed. */
#define RESET_EVENTS (POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP)

/* ---- who waits ----------------------------------------------------------------------------- */

/*
 * Five connections that fill the accept queue, in its order; a peer whose final ACK has found it
 * full; and a client that was accepted before.
 */
struct waiting {
	struct end *plain, *with_data, *at_its_end;
	struct peer *with_a_hole, *reset, *ignored;
	struct end *accepted;
};

static struct waiting wait_in_every_state(struct listener *server)
{
	struct scene *net = server->scene;
	struct waiting waiting;

	STEP("one client is accepted; three wait: one idle, one with data, one that has sent FIN");
	waiting.accepted = connect_one(net, server, .name = "accepted");
	accept_client(server, waiting.accepted);
	waiting.plain = connect_one(net, server, .name = "plain");
	waiting.with_data = connect_one(net, server, .name = "with data");
	speak(waiting.with_data, "HELLO");
	waiting.at_its_end = connect_one(net, server, .name = "at its end");
	shutdown_end(waiting.at_its_end, SHUT_WR);
	wait_for(waiting.at_its_end, .state = FIN_WAIT2, .host = CLIENT, .within = 0.1);
	expect_ladder(waiting.at_its_end,
		      "-    >  FIN-ACK  FIN_WAIT1 / CLOSE_WAIT",
		      "+0.0 <  ACK      FIN_WAIT2 / CLOSE_WAIT");

	STEP("so do a peer with data behind a hole, and one that has reset its connection");
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

/* Who waits is reset, once, but for the one that has reset itself. Nobody else hears of it. */
static void expect_all_reset(const struct waiting *waiting)
{
	struct scene *net = waiting->plain->scene;

	expect_ladder(waiting->plain, "-  <  RST-ACK  - / -");
	expect_ladder(waiting->with_data, "-  <  RST-ACK  - / -");
	expect_ladder(waiting->at_its_end, "-  <  RST-ACK  - / -");
	expect_ladder(waiting->with_a_hole, "-  <  RST-ACK  - / -");
	expect_silence(waiting->reset);
	expect_silence(waiting->ignored);
	expect_silence(waiting->accepted);
	expect_states(waiting->ignored, .client = NO_SOCKET, .server = SYN_RECV);
	expect_poll(waiting->plain, RESET_EVENTS);
	expect_reset(waiting->plain);
	expect_reset(waiting->with_data);
	expect_reset(waiting->at_its_end);
	speak(waiting->accepted, "HELLO");
	expect_counters(net, CLIENT, "Tcp.EstabResets 2");
	expect_counters(net, SERVER, "Tcp.EstabResets 4");
}

/* A request whose listener is gone ends when its next segment comes: tcp_v4_rcv(). */
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

static void expect_refusal(struct scene *net, struct listener *server)
{
	connect_to_nobody(net, server);
	expect_counters(net, CLIENT, "Tcp.AttemptFails 1");
}

/* The next client connects, is accepted, and both ends hear each other. */
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

/* What the calls on the socket, and those who connect, find where it listens no more. */
static void expect_no_listener(struct listener *server, const struct waiting *waiting)
{
	expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 0);
	expect_poll(server, POLLOUT | POLLHUP);
	expect_option(server, SOL_SOCKET, SO_ERROR, 0);
	expect_call(server, "accept", EINVAL, accept(server->fd, NULL, NULL));
	expect_next_segment_rejected(waiting);
	expect_refusal(server->scene, server);
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

		STEP("the socket does not listen, and poll() and epoll say so");
		COVERS("P-59");
		expect_events(waiter, EPOLLHUP);
		expect_no_event(waiter);
		expect_no_listener(server, &waiting);

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
	expect_no_listener(server, &waiting);
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

/*
 * reqsk_timer_handler() and tcp_v4_rcv() ask whether the socket is in LISTEN now; that it was not
 * meanwhile they cannot see.
 */
CASE(request_outlives_shutdown_if_the_socket_listens_again, .claims = "", .covers = "N-2",
     .kernel_seconds = 1, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a client waits; another one's final ACK is on the wire, and a third one's was lost");
	struct end *waiting = connect_one(net, server, .name = "waiting");
	struct end *on_its_way = client_with_held_ack(server);
	struct end *patient = client_with_lost_ack(server);
	expect_queue(server, .accept = 1, .syn = 2);

	STEP("the listener is shut down: that concerns only who waits");
	COVERS("N-2");
	shutdown_listener(server, SHUT_RD);
	expect_reset_by_server(waiting);
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

/*
 * The same where listen() gets another port meanwhile. A request has addresses of its own, and
 * refers to the listener's socket, whatever port that has.
 */
CASE(request_is_accepted_by_a_listener_that_listens_on_another_port_by_then, .claims = "",
     .covers = "N-2")
{
	struct listener *server = listen_on_server(net, .backlog = 5, .any_port = true);

	STEP("a client's final ACK is on the wire when its listener is shut down");
	struct end *client = client_with_held_ack(server);
	shutdown_listener(server, SHUT_RD);
	expect_silence(client);

	STEP("another socket takes its port, and listen() gives it another one");
	struct plain_socket *other = socket_on(net, SERVER);
	expect_call(other, "bind", 0, bind_to(other, address_on(net, SERVER, server->port)));
	struct listener *again = listen_on_another_port(server, 5);
	expect_queue(again, .accept = 0, .syn = 0);

	STEP("the ACK to the old port makes a connection, which accept() gives");
	COVERS("N-2");
	release_segments(net);
	expect_states(client, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_queue(again, .accept = 1, .syn = 0);
	struct end *served = accept_client(again, client);
	expect_peer_name(served, 0);
	speak(client, "HELLO");
	expect_read(served, "HELLO");
	speak(served, "WORLD");
}

/* Keeps what it was given, and so does the program that takes its place by exec(). */
static void hold(struct process *self, const void *context)
{
	(void)context;
	await_word(self);
	execlp("sleep", "sleep", "1000", NULL);
}

/* SCM_RIGHTS: a client connects while the listener's only descriptor is in a message. */
static struct end *connect_through_passing(struct listener *listener)
{
	int pair[2];
	struct end *client;

	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
	pass_descriptor(pair[0], listener->fd);
	close(listener->fd);
	listener->fd = -1;
	client = connect_one(listener->scene, listener, .name = "during");
	expect_queue(listener, .accept = 1, .syn = 0);
	listener->fd = receive_descriptor(pair[1]);
	close(pair[0]);
	close(pair[1]);
	return client;
}

/* inet_release() comes with the last descriptor of the socket. */
CASE(only_the_last_reference_ends_a_listener, .claims = "", .covers = "P-28 P-64",
     .needs = "program:sleep")
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

	STEP("its only descriptor is in a message to another process: it listens on");
	COVERS("P-28");
	struct end *during = connect_through_passing(copy);
	accept_client(copy, during);

	STEP("a child process has a descriptor, too: close() of the parent's ends nothing");
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

	STEP("after exec() the other program in its place still has it");
	COVERS("P-28");
	give_word(child);
	process_rests(child);
	struct end *fourth = connect_one(net, copy, .name = "fourth");
	expect_queue(copy, .accept = 3, .syn = 1);

	STEP("it is killed: with the last descriptor the listener ends");
	COVERS("P-28");
	kill_process(child);
	expect_reset_by_server(second);
	expect_reset_by_server(third);
	expect_reset_by_server(fourth);
	expect_counters(net, CLIENT, "Tcp.EstabResets 3");
	expect_counters(net, SERVER, "Tcp.EstabResets 3");
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
			STEP("%s of a half-open peer: its request ends, and the segment is a "
			     "stranger's",
			     arrivals[i].name);
			COVERS("X-11");
			peer_sends(peers[i], arrivals[i].segment);
			expect_lines(net, flow_of(peers[i]), arrivals[i].lines);
		}

		STEP("the same with the SYN of one that has not got its SYN-ACK, and sends it "
		     "again");
		COVERS("P-55");
		peer_syn(unreached);
		expect_ladder(unreached,
			      "-    >  SYN      - / -",
			      "+0.0 <  RST-ACK");

		STEP("the last request ends when its timer fires: nothing is sent, nothing "
		     "counted");
		COVERS("X-11 P-55");
		expect_silence(silent);
		expect_request_timer(silent, .timeouts = 0, .due = 1.0);
		wait_for(silent, .gone = true, .host = SERVER, .within = 1);
		expect_ladder(silent, "1.0  .  - / -");
	}
}

/* ---- clients ------------------------------------------------------------------------------- */

static void shut_down(struct listener *listener)
{
	shutdown_listener(listener, SHUT_RD);
}

/* The ways in which a listener ends, in words. */
static const struct {
	const char *name;
	void (*end)(struct listener *listener);
} ends[] = { { "close()", close_listener }, { "shutdown(SHUT_RD)", shut_down } };

/* What connect(), poll() and read() tell depends on what the client had got before. */
CASE(client_in_the_middle_of_connecting_is_refused_or_reset, .claims = "", .covers = "P-56")
{
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		struct listener *server = listen_on_server(net, .backlog = 5);

		STEP("the SYN of one client is on the wire, the SYN-ACK of another, and the final "
		     "ACK of a third");
		hold_segments(net, .from = CLIENT, .what = "SYN", .count = 1);
		struct end *first = connect_client(net, server, .name = "SYN on the wire");
		expect_ladder(first, "-  >  SYN  held  SYN_SENT / -");
		hold_segments(net, .from = SERVER, .what = "SYN-ACK", .count = 1);
		struct end *second = connect_client(net, server, .name = "SYN-ACK on the wire");
		expect_ladder(second,
			      "-    >  SYN      SYN_SENT / SYN_RECV",
			      "0.0  <  SYN-ACK  held");
		struct end *third = client_with_held_ack(server);
		expect_queue(server, .accept = 0, .syn = 2);
		expect_poll(first, 0);
		expect_poll(second, 0);
		expect_poll(third, POLLOUT);

		STEP("%s of the listener tells none of them", ends[i].name);
		ends[i].end(server);
		expect_silence(first);
		expect_silence(second);
		expect_silence(third);

		STEP("they arrive: who was not connected is refused, and who was is reset");
		COVERS("P-56");
		release_segments(net);
		expect_ladder(first, "0.0  <  RST-ACK  - / -");
		expect_ladder(second,
			      "+0.0 >  ACK  ESTABLISHED / -",
			      "+0.0 <  RST  - / -");
		expect_ladder(third, "+0.0 <  RST  - / -");
		expect_poll(first, RESET_EVENTS);
		expect_poll(second, RESET_EVENTS);
		expect_poll(third, RESET_EVENTS);
		expect_connect_to_end(first, ECONNREFUSED, 0);
		expect_connect_to_end(second, ECONNRESET, 0);
		expect_reset(third);
		expect_counters(net, CLIENT, "Tcp.AttemptFails 1  Tcp.EstabResets 2");
	}
}

/* A request that TCP_DEFER_ACCEPT has deferred has no child yet that could be reset. */
CASE(deferred_client_learns_of_a_closed_listener_when_it_speaks, .claims = "", .covers = "P-137",
     .kernel_seconds = 1)
{
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		struct listener *server = listen_on_server(net, .backlog = 5, .defer = 5);

		STEP("two clients are connected for themselves, and half-open for the server");
		struct end *client = connect_deferred(net, server);
		struct end *silent = connect_client(net, server, .name = "silent");
		expect_ladder(silent,
			      "-    >  SYN      SYN_SENT / SYN_RECV",
			      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
			      "0.0  >  ACK      ignored");
		expect_queue(server, .accept = 0, .syn = 2);
		expect_counters(net, SERVER, "TCPDeferAcceptDrop 2");

		STEP("%s of the listener tells them nothing", ends[i].name);
		COVERS("P-137");
		ends[i].end(server);
		expect_silence(client);
		expect_poll(client, POLLOUT);
		expect_read_error(client, EAGAIN);

		STEP("the first data of one is answered with RST");
		COVERS("P-137");
		send_text(client, "HELLO");
		expect_ladder(client,
			      "-    >  DATA 5  ESTABLISHED / -",
			      "+0.0 <  RST     - / -");
		expect_poll(client, RESET_EVENTS);
		expect_reset(client);
		expect_counters(net, CLIENT, "Tcp.EstabResets 1");

		STEP("the other one's request ends with its timer: it is connected to nobody");
		COVERS("P-137");
		wait_for(silent, .gone = true, .host = SERVER, .within = 1);
		expect_ladder(silent, "1.0  .  ESTABLISHED / -");
		expect_poll(silent, POLLOUT);
		send_text(silent, "HELLO");
		expect_ladder(silent,
			      "-    >  DATA 5",
			      "+0.0 <  RST     - / -");
		expect_reset(silent);
		expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	}
}

/* ---- options of the listener --------------------------------------------------------------- */

/* __tcp_close() does not linger in LISTEN. Children inherit the option. */
CASE(linger_does_not_delay_a_listener_and_resets_its_children, .claims = "", .covers = "P-61 P-62")
{
	const struct linger lingers[] = { { 1, 5 }, { 1, 0 } };
	struct listener *server = NULL;
	struct end *client, *served;

	for (size_t i = 0; i < ARRAY_LENGTH(lingers); i++) {
		STEP("SO_LINGER of %d s, on the same port: a client is accepted, one waits, and a "
		     "peer is half-open",
		     lingers[i].l_linger);
		COVERS("P-61");
		server = listen_on_server(net, .backlog = 5, .in_place_of = server,
					  .options = { OPTION(SOL_SOCKET, SO_LINGER, lingers[i]) });
		client = connect_one(net, server);
		served = accept_client(server, client);
		struct end *waiting = connect_one(net, server, .name = "waiting");
		struct peer *peer = half_open_peer(net, server);

		STEP("the listener closes at once, and who waits is reset");
		COVERS("P-61");
		close_listener(server);
		expect_reset_by_server(waiting);
		expect_silence(client);
		expect_request_timer(peer, .timeouts = 0, .due = 1.0);
		expect_states(peer, .client = NO_SOCKET, .server = SYN_RECV);
		expect_counters(net, CLIENT, "Tcp.EstabResets 1");
		expect_counters(net, SERVER, "Tcp.EstabResets 1");
		reset_ends_the_request(peer);
	}

	STEP("the connection that was accepted has inherited it: close() resets its client");
	COVERS("P-62");
	expect_option(served, SOL_SOCKET, SO_LINGER, lingers[1]);
	close_end(served);
	expect_reset_by_server(client);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "TCPAbortOnData 1  Tcp.EstabResets 1");
}

static const char *const plain_handshake[] = {
	"-    >  SYN      SYN_SENT / SYN_RECV",
	"0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
	"0.0  >  ACK      ESTABLISHED / ESTABLISHED",
	NULL,
};

static const char *const handshake_and_fin[] = {
	"-    >  SYN      SYN_SENT / SYN_RECV",     "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
	"0.0  >  ACK      ESTABLISHED / FIN_WAIT1", "0.0  <  FIN-ACK  CLOSE_WAIT / FIN_WAIT1",
	"+0.0 >  ACK      CLOSE_WAIT / FIN_WAIT2",  NULL,
};

/* A second shutdown() of a listener, and what poll() says then. */
struct second_shutdown {
	const char *name;
	int how;
	short events; /* of the listener, before it listens again */
	const char *const *lines;
	short of_child, of_client;
};

static void inherit_shutdown(struct scene *net, const struct second_shutdown *row)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("shutdown(SHUT_RD) and shutdown(%s): the second one fails", row->name);
	COVERS("N-9");
	shutdown_listener(server, SHUT_RD);
	expect_poll(server, POLLOUT | POLLHUP);
	expect_call(server, "shutdown", ENOTCONN, shutdown(server->fd, row->how));
	expect_poll(server, row->events);

	STEP("it listens again: who connects gets a connection that is shut down likewise");
	COVERS("N-9");
	listen_again(server, 5);
	expect_poll(server, 0);
	struct end *client = connect_client(net, server);
	expect_connected(client);
	if (row->lines == handshake_and_fin)
		wait_for(client, .state = FIN_WAIT2, .host = SERVER, .within = 0.1);
	expect_lines(net, flow_of(client), row->lines);
	struct end *served = accept_client(server, client);
	expect_poll(served, row->of_child);
	expect_poll(client, row->of_client);

	STEP("read() gives the end of file where that was shut down, and send() EPIPE");
	COVERS("N-9");
	if (row->how == SHUT_WR)
		expect_read_error(served, EAGAIN);
	else
		expect_end_of_file(served);
	if (row->how == SHUT_RD)
		speak(served, "HELLO");
	else
		expect_call(served, "send", EPIPE, send(served->fd, "HELLO", 5, MSG_NOSIGNAL));
}

/*
 * inet_shutdown() of a socket in CLOSE fails, and sets sk_shutdown all the same. listen() leaves
 * it, sk_clone_lock() copies it, and tcp_rcv_state_process() acts upon it.
 */
CASE(second_shutdown_fails_and_is_inherited_by_the_next_children, .claims = "", .covers = "N-9")
{
	static const struct second_shutdown rows[] = {
		{ "SHUT_RD", SHUT_RD, POLLIN | POLLOUT | POLLRDHUP | POLLHUP, plain_handshake,
		  POLLIN | POLLOUT | POLLRDHUP, POLLOUT },
		{ "SHUT_WR", SHUT_WR, POLLOUT | POLLHUP, handshake_and_fin, POLLOUT,
		  POLLIN | POLLOUT | POLLRDHUP },
		{ "SHUT_RDWR", SHUT_RDWR, POLLIN | POLLOUT | POLLRDHUP | POLLHUP, handshake_and_fin,
		  POLLIN | POLLOUT | POLLRDHUP | POLLHUP, POLLIN | POLLOUT | POLLRDHUP },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		inherit_shutdown(net, &rows[i]);
}

/* tcp_disconnect() clears sk_shutdown. */
CASE(mark_of_a_second_shutdown_goes_with_connect_to_nobody, .claims = "")
{
	STEP("a listener is shut down twice, and then connects to AF_UNSPEC");
	struct listener *server = listen_on_server(net, .backlog = 5);
	shutdown_listener(server, SHUT_RDWR);
	expect_call(server, "shutdown", ENOTCONN, shutdown(server->fd, SHUT_RDWR));
	disconnect_listener(server);
	expect_poll(server, POLLOUT | POLLHUP);

	STEP("it listens again, and serves its clients");
	listen_again(server, 5);
	expect_service(net, server);
}

/* ---- SOCK_DESTROY and SIGKILL -------------------------------------------------------------- */

/* Blocks in accept() of the descriptor that it was given. */
static void accept_from_given(struct process *self, const void *context)
{
	(void)context;
	fcntl(given_descriptor(0), F_SETFL, 0);
	tell_call(self, "accept", accept(given_descriptor(0), NULL, NULL));
	await_word(self);
}

/* tcp_abort(), as `ss --kill` has it. */
CASE(destroyed_sockets_go_without_asking_their_owner, .claims = "", .covers = "P-66 P-67",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a half-open request goes, and nothing is sent or counted");
	COVERS("P-66");
	struct peer *peer = half_open_peer(net, server);
	destroy_socket(peer, SERVER);
	expect_ladder(peer, "-  .  - / -");
	expect_queue(server, .accept = 0, .syn = 0);
	ack_is_answered_with_reset(peer);

	STEP("a connection that was accepted: both ends are told");
	struct end *client = connect_one(net, server);
	struct end *served = accept_client(server, client);
	destroy_socket(client, SERVER);
	expect_ladder(client, "-  <  RST-ACK  - / -");
	expect_poll(served, RESET_EVENTS);
	expect_read_error(served, ECONNABORTED);
	expect_end_of_file(served);
	expect_reset(client);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1");

	STEP("one that waits for accept(): its client is reset, and it is accepted all the same");
	COVERS("P-67");
	client = connect_one(net, server, .name = "waiting");
	speak(client, "HELLO");
	destroy_socket(client, SERVER);
	expect_reset_by_server(client);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_poll(server, POLLIN);
	served = accept_client(server, client);
	expect_peer_name(served, ENOTCONN);
	expect_read(served, "HELLO");
	expect_read_error(served, ECONNABORTED);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1");
}

/* The same of a listener: inet_csk_listen_stop(), and tcp_done_with_error(). */
CASE(destroyed_listener_ends_as_by_close_and_wakes_who_sleeps_in_accept, .claims = "",
     .covers = "P-65", .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a client waits, and a peer is half-open: without CAP_NET_ADMIN nothing is destroyed");
	COVERS("P-65");
	struct end *client = connect_one(net, server, .name = "last");
	struct peer *peer = half_open_peer(net, server, .name = "half-open");
	expect_destroy_forbidden(server);
	expect_queue(server, .accept = 1, .syn = 1);

	STEP("with it the listener ends as by close(), and accept() and poll() say that it is "
	     "gone");
	COVERS("P-65");
	destroy_listener(server);
	expect_reset_by_server(client);
	expect_silence(peer);
	expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 0);
	expect_poll(server, RESET_EVENTS);
	expect_call(server, "accept", EINVAL, accept(server->fd, NULL, NULL));
	expect_option(server, SOL_SOCKET, SO_ERROR, ECONNABORTED);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1");

	STEP("nothing listens on its port any more");
	COVERS("P-65");
	expect_refusal(net, server);
	peer_ack(peer);
	expect_ladder(peer,
		      "-    >  ACK  - / -",
		      "+0.0 <  RST");

	STEP("a process that sleeps in accept() is woken when its listener is destroyed");
	COVERS("P-65");
	struct listener *second = listen_on_server(net, .backlog = 5);
	struct process *sleeper = start_process(net, .name = "sleeper", .play = accept_from_given,
						.given = { second->fd });
	process_rests(sleeper);
	destroy_listener(second);
	expect_process_call(sleeper, "accept", EINVAL);
}

/*
 * tcp_abort() of a socket that has no owner any more. Before Linux 6.11 (commit bac76cf89816) it
 * took the FIN out of the queue and left the socket: no timer would ever have ended it.
 */
CASE(destroyed_orphan_is_gone_at_once, .claims = "", .covers = "F-42",
     .variants = "orphan-goes orphan-stays", .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the server closes a connection, and the client's ACK of its FIN is still on the "
	     "wire");
	struct end *client = connect_one(net, server);
	struct end *served = accept_client(server, client);
	hold_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	close_end(served);
	wait_for(client, .sent = 3, .from = CLIENT, .within = 0.1);
	expect_ladder(client,
		      "-    <  FIN-ACK  CLOSE_WAIT / FIN_WAIT1",
		      "+0.0 >  ACK      held");

	STEP("SOCK_DESTROY of what is left");
	COVERS("F-42");
	destroy_socket(client, SERVER);
	bool goes = state_of(client, SERVER) == NO_SOCKET;

	saw_variant(net, goes ? "orphan-goes" : "orphan-stays");
	expect_ladder(client, "[orphan-goes]  -  <  RST-ACK seq 2  - / -");
	expect_counters(net, CLIENT, "Tcp.EstabResets %d", goes);

	STEP("the client's ACK comes: to nobody, or to what would have stayed without it");
	expect_states(client, .client = goes ? NO_SOCKET : CLOSE_WAIT,
		      .server = goes ? NO_SOCKET : FIN_WAIT1);
	release_segments(net);
	expect_ladder(client, "[orphan-goes]  +0.0  <  RST");
	if (goes) {
		expect_poll(client, RESET_EVENTS);
		expect_option(client, SOL_SOCKET, SO_ERROR, EPIPE);
	} else {
		expect_states(client, .client = CLOSE_WAIT, .server = FIN_WAIT2);
	}
}

/* A server that listens at this address, accepts two clients, and is busy with them then. */
static void accept_two(struct process *self, const void *address)
{
	int sock = listen_and_tell(self, address, SO_REUSEADDR, 1);
	long port;

	for (int i = 0; i < 2; i++) {
		accept_with_port(sock, 0, &port);
		tell_call(self, "accept", port);
	}
	await_word(self);
}

struct server {
	struct process *process;
	struct listener *listener;
};

static struct server start_server(struct scene *net, const char *name, int port)
{
	struct sockaddr_storage address = address_on(net, SERVER, port);
	struct server server = { .process = start_process(net, .name = name, .play = accept_two,
							  .context = &address) };

	server.listener = expect_process_listens(
		server.process, (struct foreign_options){ .port = port, .backlog = 1 });
	return server;
}

CASE(killed_server_leaves_as_one_that_closes_and_the_next_one_listens_at_once, .claims = "",
     .covers = "P-29 P-132", .kernel_seconds = 1)
{
	int port = place_on_server(net).port;

	STEP("a server has accepted two, one of whom has said something, and its queue is full");
	struct server server = start_server(net, "server", port);
	struct end *served = connect_one(net, server.listener, .name = "served");
	expect_process_accepts(server.process, served);
	struct end *unread = connect_one(net, server.listener, .name = "unread");
	expect_process_accepts(server.process, unread);
	speak(unread, "HELLO");
	struct end **waiting = connect_clients(net, server.listener, 2);
	struct end *late = refuse_late_client(server.listener, 2);

	STEP("SIGKILL: who waits is reset; who was accepted gets FIN, or RST where it had sent "
	     "data that nobody has read");
	COVERS("P-29");
	kill_process(server.process);
	for (int i = 0; i < 2; i++) {
		expect_reset_by_server(waiting[i]);
	}
	wait_for(served, .state = FIN_WAIT2, .host = SERVER, .within = 0.1);
	expect_ladder(served,
		      "-    <  FIN-ACK  CLOSE_WAIT / FIN_WAIT1",
		      "+0.0 >  ACK      CLOSE_WAIT / FIN_WAIT2");
	expect_end_of_file(served);
	expect_reset_by_server(unread);
	expect_counters(net, CLIENT, "Tcp.EstabResets 3");
	expect_counters(net, SERVER, "Tcp.EstabResets 3  TCPAbortOnClose 1");

	STEP("the next server listens on the port at once, and its queue is empty");
	COVERS("P-29 P-132");
	server = start_server(net, "next server", port);
	expect_queue(server.listener, .accept = 0, .syn = 0);

	STEP("data for the server that was killed is answered with RST");
	COVERS("P-132");
	send_text(served, "HELLO");
	expect_ladder(served,
		      "-    >  DATA 5  CLOSE_WAIT / -",
		      "+0.0 <  RST     - / -");
	expect_option(served, SOL_SOCKET, SO_ERROR, EPIPE);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");

	STEP("the client for whom the first server had no room gets in at the next one");
	COVERS("P-132");
	late_client_gets_in(late);
	expect_process_accepts(server.process, late);
	speak(late, "HELLO");
}

/* ---- who was accepted ---------------------------------------------------------------------- */

/* A connection that was accepted: both its ends. */
struct accepted {
	struct end *client, *served;
};

static struct accepted accept_new(struct listener *server, const char *name)
{
	struct end *client = connect_one(server->scene, server, .name = name);

	return (struct accepted){ client, accept_client(server, client) };
}

/* The server's end closes, and its FIN is lost: its timer will send it again. */
static void close_with_lost_fin(struct accepted *connection, const char *line)
{
	drop_segments(connection->client->scene, .from = SERVER, .what = "FIN", .count = 1);
	close_end(connection->served);
	expect_ladder(connection->client, line);
}

static void client_closes_first(struct accepted *connection)
{
	close_end(connection->client);
	wait_for(connection->client, .state = FIN_WAIT2, .host = CLIENT, .within = 0.1);
}

/* The server's end shuts down: its FIN is acknowledged, and the client has not closed yet. */
static struct accepted accept_and_shut_down(struct listener *server, const char *name)
{
	struct accepted connection = accept_new(server, name);

	shutdown_end(connection.served, SHUT_WR);
	wait_for(connection.client, .state = FIN_WAIT2, .host = SERVER, .within = 0.1);
	expect_ladder(connection.client,
		      "-    <  FIN-ACK  CLOSE_WAIT / FIN_WAIT1",
		      "+0.0 >  ACK      CLOSE_WAIT / FIN_WAIT2");
	return connection;
}

static void close_after_the_server(struct end *client)
{
	close_end(client);
	expect_ladder(client,
		      "-    >  FIN-ACK  LAST_ACK / TIME_WAIT",
		      "+0.0 <  ACK      - / TIME_WAIT");
}

CASE(accepted_connections_outlive_their_listener_in_every_state, .claims = "", .covers = "P-54")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("connections are accepted: one stays, of another the client has closed its end");
	struct accepted plain = accept_new(server, "plain");
	struct accepted ended = accept_new(server, "ended by the client");
	close_first(ended.client);

	STEP("of two more the server has closed its end, and of one of them both have");
	struct accepted half = accept_and_shut_down(server, "ended by the server");
	struct accepted over = accept_and_shut_down(server, "over");
	close_after_the_server(over.client);

	STEP("the listener closes: all keep their states");
	COVERS("P-54");
	close_listener(server);
	expect_silence(over.client);
	expect_states(plain.client, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_states(ended.client, .client = FIN_WAIT2, .server = CLOSE_WAIT);
	expect_states(half.client, .client = CLOSE_WAIT, .server = FIN_WAIT2);
	expect_states(over.client, .client = NO_SOCKET, .server = TIME_WAIT);

	STEP("data gets through, and connections end as usual");
	COVERS("P-54");
	speak(plain.client, "HELLO");
	expect_read(plain.served, "HELLO");
	speak(plain.served, "WORLD");
	expect_read(plain.client, "WORLD");
	close_last(ended.served, ended.client);
	speak(half.client, "HELLO");
	expect_read(half.served, "HELLO");
	close_after_the_server(half.client);
	expect_refusal(net, server);
}

/* The same in the states in which a timer is at work. */
CASE(ending_connections_outlive_their_listener_and_their_fins_come_again, .claims = "",
     .covers = "P-54", .kernel_seconds = 0.2)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("three connections are ending, the server's FIN of each was lost, and the listener "
	     "closes");
	COVERS("P-54");
	struct accepted ending = accept_new(server, "ending");
	struct accepted last = accept_new(server, "last");
	struct accepted both = accept_new(server, "both at once");
	close_first(last.client);
	close_with_lost_fin(&ending, "-  <  FIN-ACK  lost  ESTABLISHED / FIN_WAIT1");
	close_with_lost_fin(&last, "-  <  FIN-ACK  lost  FIN_WAIT2 / LAST_ACK");
	close_with_lost_fin(&both, "-  <  FIN-ACK  lost  ESTABLISHED / FIN_WAIT1");
	client_closes_first(&both);
	expect_ladder(both.client,
		      "-    >  FIN-ACK  FIN_WAIT1 / CLOSING",
		      "+0.0 <  ACK      FIN_WAIT2 / CLOSING");
	close_listener(server);
	expect_states(ending.client, .client = ESTABLISHED, .server = FIN_WAIT1);
	expect_states(last.client, .client = FIN_WAIT2, .server = LAST_ACK);
	expect_states(both.client, .client = FIN_WAIT2, .server = CLOSING);

	STEP("the FINs are sent again when they are due, and the connections end");
	COVERS("P-54");
	wait_for(ending.client, .state = FIN_WAIT2, .host = SERVER, .within = 0.3);
	wait_for(last.client, .gone = true, .host = SERVER, .within = 0.3);
	wait_for(both.client, .state = TIME_WAIT, .host = SERVER, .within = 0.3);
	expect_ladder(ending.client,
		      "+0.2  <  FIN-ACK  CLOSE_WAIT / FIN_WAIT1",
		      "+0.0  >  ACK      CLOSE_WAIT / FIN_WAIT2");
	expect_ladder(last.client,
		      "+0.2  <  FIN-ACK  TIME_WAIT / LAST_ACK",
		      "+0.0  >  ACK      TIME_WAIT / -");
	expect_ladder(both.client,
		      "0.2   <  FIN-ACK  TIME_WAIT / CLOSING",
		      "+0.0  >  ACK      TIME_WAIT / TIME_WAIT");
	expect_counters(net, SERVER, "TCPTimeouts 3");
}

/* ---- the port ------------------------------------------------------------------------------ */

static void allow_reuse(int fd, int allowed)
{
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &allowed, sizeof(allowed));
}

/* tcp_set_state(), inet_csk_listen_start() and inet_csk_get_port() */
CASE(port_of_a_listener_that_was_shut_down_is_kept_or_given_away, .claims = "", .covers = "P-18")
{
	static const struct {
		const char *name;
		int listener, other, error; /* SO_REUSEADDR of both; of bind() */
	} rows[] = {
		{ "neither", 0, 0, EADDRINUSE },
		{ "the listener", 1, 0, EADDRINUSE },
		{ "the other one", 0, 1, EADDRINUSE },
		{ "both", 1, 1, 0 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct listener *server = listen_on_server(net, .backlog = 5);
		struct plain_socket *other = socket_on(net, SERVER);

		STEP("a port that bind() has asked for is kept; SO_REUSEADDR: %s", rows[i].name);
		COVERS("P-18");
		shutdown_listener(server, SHUT_RD);
		allow_reuse(server->fd, rows[i].listener);
		allow_reuse(other->fd, rows[i].other);
		expect_call(other, "bind", rows[i].error,
			    bind_to(other, address_on(net, SERVER, server->port)));
		listen_again(server, 5);
		expect_service(net, server);
	}

	STEP("a port that the kernel has chosen is free for another socket");
	COVERS("P-18");
	struct listener *server = listen_on_server(net, .backlog = 5, .any_port = true);
	struct plain_socket *other = socket_on(net, SERVER);
	shutdown_listener(server, SHUT_RD);
	expect_call(other, "bind", 0, bind_to(other, address_on(net, SERVER, server->port)));

	STEP("listen() again gets another one");
	COVERS("P-18");
	struct listener *again = listen_on_another_port(server, 5);
	expect_service(net, again);
	expect_refusal(net, server);
}

/* inet_csk_bind_conflict(): the child is bound to the port, too. */
CASE(listener_that_was_shut_down_needs_so_reuseaddr_while_its_child_lives, .claims = "",
     .covers = "P-19")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("while a connection of its lives, a listener that was shut down needs SO_REUSEADDR to "
	     "listen again");
	COVERS("P-19");
	struct end *client = connect_one(net, server);
	struct end *served = accept_client(server, client);
	shutdown_listener(server, SHUT_RD);
	allow_reuse(server->fd, 0);
	expect_call(server, "listen", EADDRINUSE, listen(server->fd, 5));
	expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 0);
	allow_reuse(server->fd, 1);
	listen_again(server, 5);
	expect_queue(server, .accept = 0, .syn = 0);

	STEP("it needs it no more when the connection has ended");
	COVERS("P-19");
	shutdown_listener(server, SHUT_RD);
	abort_end(served);
	expect_ladder(client, "-  <  RST-ACK  - / -");
	allow_reuse(server->fd, 0);
	listen_again(server, 5);
	expect_service(net, server);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "TCPAbortOnData 1  Tcp.EstabResets 1");
}

/* ---- what the socket keeps ----------------------------------------------------------------- */

static void expect_offered_mss(struct listener *server, int mss)
{
	struct scene *net = server->scene;
	struct peer *peer = half_open_peer(net, server);

	expect_offer(peer, .mss = mss, .window_scale = true, .sack = true);
	reset_ends_the_request(peer);
	expect_counters(net, SERVER, "reset_requests 1");
}

/*
 * tcp_disconnect() clears what a connection has agreed on, and with it the bounds that the listener
 * had set for that.
 */
CASE(listener_that_was_shut_down_keeps_its_options_but_for_two, .claims = "",
     .covers = "P-183 N-10")
{
	const struct socket_option kept[] = {
		OPTION(SOL_SOCKET, SO_KEEPALIVE, 1),
		OPTION(SOL_SOCKET, SO_RCVLOWAT, 3),
		OPTION(SOL_SOCKET, SO_OOBINLINE, 1),
		OPTION(IPPROTO_TCP, TCP_NODELAY, 1),
		OPTION(IPPROTO_TCP, TCP_KEEPIDLE, 77),
		OPTION(IPPROTO_TCP, TCP_KEEPINTVL, 7),
		OPTION(IPPROTO_TCP, TCP_KEEPCNT, 3),
		OPTION(IPPROTO_TCP, TCP_SYNCNT, 4),
		OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT, 5000),
		TOS_OPTION(net, 0x10),
		OPTION(IPPROTO_TCP, TCP_CONGESTION, "reno"),
		TTL_OPTION(net, 33),
		OPTION(SOL_SOCKET, SO_LINGER, (struct linger){ .l_onoff = 1, .l_linger = 7 }),
	};
	struct listener *server =
		listen_on_server(net, .backlog = 5,
				 .options = { OPTION(IPPROTO_TCP, TCP_MAXSEG, 1000),
					      OPTION(IPPROTO_TCP, TCP_WINDOW_CLAMP, 20000) });

	STEP("options are set on a listener");
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
		set_option_of_listener(server, kept[i]);
	expect_offered_mss(server, 1000);

	STEP("it is shut down, and listens again: they are there, and its children have them");
	COVERS("P-183");
	shutdown_listener(server, SHUT_RD);
	listen_again(server, 5);
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
		expect_option_of_listener(server, kept[i]);
	struct end *client = connect_one(net, server);
	struct end *served = accept_client(server, client);
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
		expect_option_of_end(served, kept[i]);

	STEP("but TCP_WINDOW_CLAMP and TCP_MAXSEG are gone: its SYN-ACK has the usual MSS");
	COVERS("N-10");
	expect_option(server, IPPROTO_TCP, TCP_WINDOW_CLAMP, 0);
	expect_offered_mss(server, ethernet_mss(net));

	STEP("TCP_DEFER_ACCEPT is kept: a client that sends no data stays half-open");
	COVERS("P-183");
	set_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 7);
	shutdown_listener(server, SHUT_RD);
	listen_again(server, 5);
	expect_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 7);
	connect_deferred(net, server);
	expect_queue(server, .accept = 0, .syn = 1);
}

/* One socket listens, connects, and listens again, on the same port. */
CASE(listener_becomes_a_client_and_listens_again, .claims = "", .covers = "P-60 P-183")
{
	const struct socket_option kept[] = {
		OPTION(SOL_SOCKET, SO_KEEPALIVE, 1),
		OPTION(IPPROTO_TCP, TCP_KEEPIDLE, 77),
		OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT, 5000),
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a socket of the client's listens, is shut down, and connects from its port");
	COVERS("P-60 P-183");
	struct end *client = connect_one(net, server, .has_listened = true,
					 .options = { kept[0], kept[1], kept[2] });
	struct end *served = accept_client(server, client);
	expect_option(client, SOL_SOCKET, SO_ACCEPTCONN, 0);
	expect_poll(client, POLLOUT);
	speak(client, "HELLO");
	expect_read(served, "HELLO");
	speak(served, "WORLD");
	expect_read(client, "WORLD");
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
		expect_option_of_end(client, kept[i]);

	STEP("it leaves the connection, which is reset, and listens again");
	COVERS("P-60 P-183");
	disconnect_end(client);
	expect_ladder(client, "-  >  RST-ACK  - / -");
	expect_reset(served);
	expect_poll(client, POLLOUT | POLLERR | POLLHUP);
	expect_option(client, SOL_SOCKET, SO_ERROR, ECONNRESET);
	expect_poll(client, POLLOUT | POLLHUP);
	expect_call(client, "listen", 0, listen(client->fd, 5));
	expect_option(client, SOL_SOCKET, SO_ACCEPTCONN, 1);
	expect_poll(client, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
		expect_option_of_end(client, kept[i]);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1");
}

/* SO_ACCEPTCONN is the state, not an option: sk_getsockopt() */
CASE(so_acceptconn_tells_whether_a_socket_listens, .claims = "", .covers = "P-10")
{
	struct plain_socket *plain = socket_on(net, SERVER);
	struct plain_socket *bound = socket_on(net, SERVER, .port = 20001);
	int on = 1;

	STEP("of a new socket it is 0, also of one that is bound, and it cannot be set");
	COVERS("P-10");
	expect_option(plain, SOL_SOCKET, SO_ACCEPTCONN, 0);
	expect_option(bound, SOL_SOCKET, SO_ACCEPTCONN, 0);
	expect_call(plain, "setsockopt", ENOPROTOOPT,
		    setsockopt(plain->fd, SOL_SOCKET, SO_ACCEPTCONN, &on, sizeof(on)));

	STEP("of a listener it is 1, of a client and of what accept() gives 0");
	COVERS("P-10");
	struct listener *server = listen_on_server(net, .backlog = 5);
	expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 1);
	struct end *client = connect_one(net, server);
	struct end *served = accept_client(server, client);
	expect_option(client, SOL_SOCKET, SO_ACCEPTCONN, 0);
	expect_option(served, SOL_SOCKET, SO_ACCEPTCONN, 0);
	expect_call(server, "setsockopt", ENOPROTOOPT,
		    setsockopt(server->fd, SOL_SOCKET, SO_ACCEPTCONN, &on, sizeof(on)));

	STEP("shutdown(SHUT_WR) leaves it, SHUT_RD makes it 0, and listen() 1 again");
	COVERS("P-10");
	shutdown_listener(server, SHUT_WR);
	expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 1);
	shutdown_listener(server, SHUT_RD);
	expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 0);
	listen_again(server, 5);
	expect_option(server, SOL_SOCKET, SO_ACCEPTCONN, 1);
}
