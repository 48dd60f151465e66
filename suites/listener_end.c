/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a listener: close(), shutdown(), connect(AF_UNSPEC); what becomes of those who wait,
 * and of those who were accepted.
 */
#define TOPIC "end of a listener"
#include "fixtures/fixtures.h"

#include <errno.h>
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
		serve_another_client(server);
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
	serve_another_client(server);
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
	serve_another_client(server);
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
	serve_another_client(server);
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
