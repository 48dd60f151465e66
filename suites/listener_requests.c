/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a listener: what becomes of half-open requests, and of clients in the middle of
 * connecting.
 */
#define TOPIC "end of a listener"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What poll() says of a connection that was reset, and of a socket that was destroyed. */
#define RESET_EVENTS (POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP)

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
	give_up(dropped_client(net, server));
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
		expect_ladder(first, "+0.0  <  RST-ACK  - / -");
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
