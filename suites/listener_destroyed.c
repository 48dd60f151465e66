/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a listener: SOCK_DESTROY, and a process that is killed.
 */
#define TOPIC "end of a listener"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What poll() says of a connection that was reset, and of a socket that was destroyed. */
#define RESET_EVENTS (POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP)

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
	connect_to_nobody(net, server);
	expect_counters(net, CLIENT, "Tcp.AttemptFails 1");
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
	struct end *late = drop_late_client(server.listener, 2);

	STEP("SIGKILL: who waits is reset; who was accepted gets FIN, or RST where it had sent "
	     "data that nobody has read");
	COVERS("P-29");
	kill_process(server.process);
	for (int i = 0; i < 2; i++)
		expect_reset_by_server(waiting[i]);
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
