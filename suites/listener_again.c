/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a listener: its port, what its socket keeps, and how it listens again.
 */
#define TOPIC "end of a listener"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

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
		serve_another_client(server);
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
	serve_another_client(again);
	connect_to_nobody(net, server);
	expect_counters(net, CLIENT, "Tcp.AttemptFails 1");
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
	serve_another_client(server);
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
