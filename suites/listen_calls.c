/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sockets cannot listen, which calls fail on a socket that listens, and what it tells of
 * itself.
 */
#define TOPIC          "listen()"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* ---- what cannot listen --------------------------------------------------------------------- */

/* A client whose connect() was refused. */
static struct end *client_without_a_server(struct scene *net)
{
	struct listener *gone = listen_on_server(net, .backlog = 1, .name = "gone");

	close_listener(gone);
	struct end *client = connect_to_nobody(net, gone);
	expect_counters(net, CLIENT, "Tcp.AttemptFails 1");
	return client;
}

/* A client whose SYN the gate has, so that its connect() is under way. */
static struct end *client_on_its_way(struct scene *net, struct listener *server)
{
	hold_segments(net, .from = CLIENT, .what = "SYN");
	struct end *client = connect_client(net, server, .name = "on its way");
	expect_ladder(client, "-  >  SYN  held  SYN_SENT / -");
	stop_rules(net);
	return client;
}

CASE(listen_on_what_cannot_listen, .claims = "", .covers = "P-01 P-03")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct sockaddr_storage there = address_on(net, CLIENT, 20003);
	struct plain_socket *datagrams =
		socket_on(net, SERVER, .name = "a datagram socket", .type = SOCK_DGRAM);
	struct plain_socket *bound = socket_on(net, SERVER, .name = "a bound datagram socket",
					       .type = SOCK_DGRAM, .port = 20002);

	STEP("a datagram socket, unbound, bound and connected");
	COVERS("P-01");
	expect_call(datagrams, "listen", EOPNOTSUPP, listen(datagrams->fd, 1));
	expect_call(bound, "listen", EOPNOTSUPP, listen(bound->fd, 1));
	expect_call(bound, "connect", 0, connect(bound->fd, (void *)&there, sizeof(there)));
	expect_call(bound, "listen", EOPNOTSUPP, listen(bound->fd, 1));

	STEP("both ends of a connection, which go on");
	COVERS("P-03");
	struct end *client = connect_one(net, server);
	expect_call(client, "listen", EINVAL, listen(client->fd, 1));
	struct end *served = accept_client(server, client);
	expect_call(served, "listen", EINVAL, listen(served->fd, 1));
	speak(client, "HELLO");
	expect_read(served, "HELLO");
	expect_states(client, .client = ESTABLISHED, .server = ESTABLISHED);

	STEP("a connection of which one end has closed");
	close_first(client);
	expect_call(served, "listen", EINVAL, listen(served->fd, 1));

	STEP("a client whose connect() is under way");
	struct end *early = client_on_its_way(net, server);
	expect_call(early, "listen", EINVAL, listen(early->fd, 1));
	expect_call(early, "accept", EINVAL, accept(early->fd, NULL, NULL));
	give_up(early);

	STEP("a client that was refused, until connect() has returned that to it");
	struct end *refused = client_without_a_server(net);
	there = address_on(net, SERVER, server->port);
	expect_call(refused, "listen", EINVAL, listen(refused->fd, 1));
	expect_call(refused, "accept", EINVAL, accept(refused->fd, NULL, NULL));
	expect_call(refused, "connect", ECONNABORTED,
		    connect(refused->fd, (void *)&there, sizeof(there)));
	expect_call(refused, "listen", 0, listen(refused->fd, 1));
	expect_option(refused, SOL_SOCKET, SO_ACCEPTCONN, 1);
}

/* connect() to AF_UNSPEC; whether the kernel has done that. */
static bool disconnects(struct end *client)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct call *call = BEGIN_CALL(client, "disconnect");
	long result = connect(client->fd, &nobody, sizeof(nobody));

	call_fails(call, result < 0 && errno == EOPNOTSUPP ? EOPNOTSUPP : 0, result);
	return result == 0;
}

/* tcp_disconnect() */
static void expect_to_be_cut_off(struct scene *net, struct end *client)
{
	expect_ladder(client, "-  >  RST-ACK  - / -");
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1");
}

/*
 * inet_ulp_can_listen(): children would share what belongs to one socket. Kernels that let no such
 * socket be disconnected (tls-stays-connected) refuse because it is still connected.
 */
CASE(listen_with_tls_on_top_is_refused, .claims = "", .covers = "P-30 F-02",
     .variants = "tls-stays-connected tls-disconnects")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a connection has TLS on top");
	struct end *client = connect_one(net, server);
	accept_client(server, client);
	if (setsockopt(client->fd, IPPROTO_TCP, TCP_ULP, "tls", 3) < 0 && errno == ENOENT)
		skip("this kernel has no TLS: CONFIG_TLS");

	STEP("it is disconnected, or cannot be; and may not listen");
	COVERS("P-30 F-02");
	if (disconnects(client)) {
		saw_variant(net, "tls-disconnects");
		expect_to_be_cut_off(net, client);
		expect_tcp_state(client, CLOSED);
	} else {
		saw_variant(net, "tls-stays-connected");
		expect_states(client, .client = ESTABLISHED, .server = ESTABLISHED);
	}
	expect_call(client, "listen", EINVAL, listen(client->fd, 1));
	expect_option(client, SOL_SOCKET, SO_ACCEPTCONN, 0);

	STEP("one without TLS may, when it is disconnected");
	client = connect_one(net, server);
	accept_client(server, client);
	disconnects(client);
	expect_to_be_cut_off(net, client);
	expect_call(client, "listen", 0, listen(client->fd, 1));
	expect_tcp_state(client, LISTEN);
}

/* ---- what a listener refuses ---------------------------------------------------------------- */

static char byte;
static struct iovec bytes = { &byte, 1 };
static struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
static struct mmsghdr messages = { .msg_hdr = { .msg_iov = &bytes, .msg_iovlen = 1 } };

/* A pipe with one byte in it, as splice() needs one. */
static int pipe_end(int which)
{
	static int pipes[2];

	if (!pipes[0] && (pipe2(pipes, O_CLOEXEC) < 0 || write(pipes[1], "", 1) != 1))
		broken("cannot make a pipe: %s", strerror(errno));
	return pipes[which];
}

static long by_recv(int fd, int flags)
{
	return recv(fd, &byte, 1, flags);
}

static long by_recv_of_nothing(int fd, int flags)
{
	return recv(fd, &byte, 0, flags);
}

static long by_recvmsg(int fd, int flags)
{
	return recvmsg(fd, &message, flags);
}

static long by_recvmmsg(int fd, int flags)
{
	return recvmmsg(fd, &messages, 1, flags, NULL);
}

static long by_read(int fd, int flags)
{
	return flags ? readv(fd, &bytes, 1) : read(fd, &byte, 1);
}

static long by_splice_from(int fd, int flags)
{
	return splice(fd, NULL, pipe_end(1), NULL, 1, flags);
}

static long by_send(int fd, int flags)
{
	return send(fd, "", 1, flags);
}

static long by_sendmsg(int fd, int flags)
{
	return sendmsg(fd, &message, flags);
}

static long by_sendmmsg(int fd, int flags)
{
	return sendmmsg(fd, &messages, 1, flags);
}

static long by_write(int fd, int flags)
{
	return flags ? writev(fd, &bytes, 1) : write(fd, "", 1);
}

static long by_splice_to(int fd, int flags)
{
	return splice(pipe_end(0), NULL, fd, NULL, 1, flags);
}

/* Whether the last call has raised SIGPIPE, which is blocked: it is taken back. */
static bool has_raised(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return sigtimedwait(&set, NULL, &(struct timespec){ 0 }) == signal;
}

static void block(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

struct io_call {
	const char *name;
	long (*act)(int fd, int flags);
	int flags;
	int error;
};

static const struct io_call receiving[] = {
	{ "read", by_read, 0, ENOTCONN },
	{ "readv", by_read, 1, ENOTCONN },
	{ "recv", by_recv, 0, ENOTCONN },
	{ "recv of nothing", by_recv_of_nothing, 0, ENOTCONN },
	{ "recv MSG_PEEK", by_recv, MSG_PEEK, ENOTCONN },
	{ "recv MSG_OOB", by_recv, MSG_OOB, ENOTCONN },
	{ "recv MSG_WAITALL", by_recv, MSG_WAITALL, ENOTCONN },
	{ "recv MSG_TRUNC", by_recv, MSG_TRUNC, ENOTCONN },
	{ "recv MSG_ERRQUEUE", by_recv, MSG_ERRQUEUE, EAGAIN },
	{ "recvmsg", by_recvmsg, 0, ENOTCONN },
	{ "recvmmsg", by_recvmmsg, 0, ENOTCONN },
	{ "splice", by_splice_from, 0, ENOTCONN },
};

static const struct io_call sending[] = {
	{ "write", by_write, 0, EPIPE },
	{ "writev", by_write, 1, EPIPE },
	{ "send", by_send, 0, EPIPE },
	{ "send MSG_OOB", by_send, MSG_OOB, EPIPE },
	{ "send MSG_MORE", by_send, MSG_MORE, EPIPE },
	{ "sendmsg", by_sendmsg, 0, EPIPE },
	{ "sendmmsg", by_sendmmsg, 0, EPIPE },
	{ "splice", by_splice_to, 0, EPIPE },
	{ "send MSG_NOSIGNAL", by_send, MSG_NOSIGNAL, EPIPE },
	{ "sendmsg MSG_NOSIGNAL", by_sendmsg, MSG_NOSIGNAL, EPIPE },
	{ "sendmmsg MSG_NOSIGNAL", by_sendmmsg, MSG_NOSIGNAL, EPIPE },
};

static void expect_to_refuse(struct listener *server, const struct io_call *call)
{
	expect_call(server, call->name, call->error, call->act(server->fd, call->flags));
	if (call->error == EPIPE)
		expect_result(server, "SIGPIPE raised", !(call->flags & MSG_NOSIGNAL),
			      has_raised(SIGPIPE));
}

/* How much there is to read, and how much is not acknowledged or not sent: it has neither. */
static void expect_no_queues(struct listener *server)
{
	int bytes_there = 0;

	expect_call(server, "SIOCINQ", EINVAL, ioctl(server->fd, SIOCINQ, &bytes_there));
	expect_call(server, "SIOCOUTQ", EINVAL, ioctl(server->fd, SIOCOUTQ, &bytes_there));
	expect_call(server, "SIOCOUTQNSD", EINVAL, ioctl(server->fd, SIOCOUTQNSD, &bytes_there));
}

CASE(calls_that_a_listener_refuses, .claims = "", .covers = "P-05 P-06 P-08 P-09")
{
	struct sockaddr_storage here = address_on(net, SERVER, 20004);
	struct sockaddr_storage there = address_on(net, CLIENT, 20005);
	struct listener *server = listen_on_server(net, .backlog = 5);
	const int fd = server->fd;
	struct tcp_zerocopy_receive zerocopy = { .length = 0 };
	socklen_t length = sizeof(zerocopy);
	int bytes_there = 0;

	block(SIGPIPE);
	STEP("a client waits that has sent its request");
	struct end *client = connect_one(net, server);
	speak(client, "HELLO");

	STEP("reading fails with ENOTCONN; writing with EPIPE, and raises SIGPIPE without "
	     "MSG_NOSIGNAL");
	COVERS("P-08");
	for (size_t i = 0; i < ARRAY_LENGTH(receiving); i++)
		expect_to_refuse(server, &receiving[i]);
	expect_call(server, "TCP_ZEROCOPY_RECEIVE", ENOTCONN,
		    getsockopt(fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &zerocopy, &length));
	for (size_t i = 0; i < ARRAY_LENGTH(sending); i++)
		expect_to_refuse(server, &sending[i]);

	STEP("how much there is to read, and how much is not acknowledged: EINVAL");
	COVERS("P-09");
	expect_no_queues(server);

	STEP("connect(), with data too, fails with EISCONN, and getpeername() with ENOTCONN");
	COVERS("P-06");
	length = sizeof(there);
	expect_call(server, "connect", EISCONN, connect(fd, (void *)&there, length));
	expect_call(server, "sendto MSG_FASTOPEN", EISCONN,
		    sendto(fd, "", 1, MSG_FASTOPEN, (void *)&there, length));
	expect_call(server, "getpeername", ENOTCONN, getpeername(fd, (void *)&there, &length));
	expect_tcp_state(server, LISTEN);

	STEP("bind() fails with EINVAL, of the child and of the client too");
	COVERS("P-05");
	struct end *served = accept_client(server, client);
	expect_call(server, "bind", EINVAL, bind(fd, (void *)&here, sizeof(here)));
	expect_call(served, "bind", EINVAL, bind(served->fd, (void *)&here, sizeof(here)));
	there = address_on(net, CLIENT, 20005);
	expect_call(client, "bind", EINVAL, bind(client->fd, (void *)&there, sizeof(there)));

	STEP("the child has what the listener has not, and the listener takes the next client");
	expect_call(served, "SIOCINQ", 0, ioctl(served->fd, SIOCINQ, &bytes_there));
	expect_result(served, "bytes to read", strlen("HELLO"), bytes_there);
	expect_read(served, "HELLO");
	expect_unacknowledged(served, 0);
	accept_client(server, connect_one(net, server));
	expect_option(server, SOL_SOCKET, SO_ERROR, 0);
}

/* ---- what a listener tells ------------------------------------------------------------------ */

/* Whether the socket is bound to every address. */
static bool is_everywhere(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	memset(&address, 0, sizeof(address));
	if (getsockname(fd, (void *)&address, &length) < 0)
		broken("cannot read the address of a socket: %s", strerror(errno));
	if (address.ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((struct sockaddr_in6 *)&address)->sin6_addr);
	return ((struct sockaddr_in *)&address)->sin_addr.s_addr == INADDR_ANY;
}

CASE(listen_without_bind_chooses_a_port_on_every_address, .claims = "", .covers = "P-04",
     .server_sysctls = { "net.ipv4.ip_local_port_range=40101 40108" })
{
	struct plain_socket *fresh = socket_on(net, SERVER, .name = "a fresh socket");

	STEP("listen() of a socket without a port");
	COVERS("P-04");
	struct listener *server = listen_on_server(net, .backlog = 5, .with = fresh);
	expect_result(server, "port of ip_local_port_range", true,
		      server->port >= 40101 && server->port <= 40108);
	expect_result(server, "address is every address", true, is_everywhere(server->fd));
	accept_client(server, connect_one(net, server));
}

CASE(connection_is_nobodys_in_proc_net_tcp_until_it_is_accepted, .claims = "", .covers = "P-12")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	expect_proc_line(server, .state = LISTEN, .fd = server->fd);

	STEP("two clients connect, and one is accepted: then its line has the socket's inode");
	COVERS("P-12");
	struct end **clients = connect_clients(net, server, 2);
	speak(clients[1], "HELLO");
	expect_proc_line(server, .state = LISTEN, .queue = 2, .fd = server->fd);
	expect_proc_line(clients[0], .state = ESTABLISHED);
	expect_proc_line(clients[1], .state = ESTABLISHED, .queue = strlen("HELLO"));
	struct end *served = accept_client(server, clients[0]);
	expect_proc_line(server, .state = LISTEN, .queue = 1, .fd = server->fd);
	expect_proc_line(clients[0], .state = ESTABLISHED, .fd = served->fd);
	expect_proc_line(clients[1], .state = ESTABLISHED, .queue = strlen("HELLO"));
}

CASE(listener_tells_that_it_is_one, .claims = "", .covers = "P-11")
{
	struct plain_socket *fresh = socket_on(net, SERVER, .name = "a fresh socket");
	struct plain_socket *bound =
		socket_on(net, SERVER, .name = "a bound socket", .port = 20001);
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the states of sockets by TCP_INFO, before, while and after they are connected");
	COVERS("P-11");
	struct end *client = connect_one(net, server);
	struct end *served = accept_client(server, client);
	expect_tcp_state(fresh, CLOSED);
	expect_tcp_state(bound, CLOSED);
	expect_tcp_state(server, LISTEN);
	expect_tcp_state(client, ESTABLISHED);
	expect_tcp_state(served, ESTABLISHED);
	close_first(client);
	expect_tcp_state(served, CLOSE_WAIT);

	STEP("and when the listener is shut down");
	COVERS("P-11");
	shutdown_listener(server, SHUT_RD);
	expect_tcp_state(server, CLOSED);
}
