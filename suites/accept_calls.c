/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accept(2) and accept4(2): what they tell, which flags they take, and how each of them fails; and
 * what is then left of the connection that it was about.
 */
#define TOPIC          "accept()"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- accept() that tells who it is ---------------------------------------------------------- */

/* A page of memory that may be read, or not even that. */
static void *page_that_is(int protection)
{
	void *page = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		broken("cannot map a page: %s", strerror(errno));
	return page;
}

/* move_addr_to_user() comes after the protocol's accept(): what fails there comes too late. */
CASE(accept_that_cannot_tell_the_address_loses_the_connection, .claims = "", .covers = "P-33 P-34")
{
	void *unreadable = page_that_is(PROT_NONE), *unwritable = page_that_is(PROT_READ);
	struct sockaddr_storage address;
	socklen_t room = sizeof(address), negative = (socklen_t)-1;
	const struct {
		const char *what, *covers;
		struct sockaddr *address;
		socklen_t *length;
		int error;
	} rows[] = {
		{ "an address that cannot be written", "P-34", unwritable, &room, EFAULT },
		{ "no length", "P-34", (struct sockaddr *)&address, NULL, EFAULT },
		{ "a length that cannot be read", "P-34", (struct sockaddr *)&address, unreadable,
		  EFAULT },
		{ "a length that cannot be written", "P-34", (struct sockaddr *)&address,
		  unwritable, EFAULT },
		{ "a negative length", "P-33", (struct sockaddr *)&address, &negative, EINVAL },
	};
	struct listener *server = listen_on_server(net, .backlog = 5);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("three clients wait, and the second one has sent its request");
		struct end **clients = connect_clients(net, server, 3);
		speak(clients[1], "HELLO");
		expect_queue(server, .accept = 3, .syn = 0);

		STEP("accept() with %s fails, and the first one is gone: it reads the end of file",
		     rows[i].what);
		COVERS(rows[i].covers);
		accept_loses(clients[0], rows[i].error,
			     accept(server->fd, rows[i].address, rows[i].length));
		wait_for(clients[0], .sent = 3, .from = CLIENT, .within = 0.1);
		expect_ladder(clients[0],
			      "-    <  FIN-ACK  CLOSE_WAIT / FIN_WAIT1",
			      "+0.0 >  ACK      CLOSE_WAIT / FIN_WAIT2");
		expect_end_of_file(clients[0]);
		expect_queue(server, .accept = 2, .syn = 0);

		STEP("it fails again: the second one, whose request nobody has read, is reset");
		accept_loses(clients[1], rows[i].error,
			     accept(server->fd, rows[i].address, rows[i].length));
		expect_reset_by_server(clients[1]);
		expect_queue(server, .accept = 1, .syn = 0);
		expect_counters(net, SERVER, "TCPAbortOnClose 1  Tcp.EstabResets 1");
		expect_counters(net, CLIENT, "Tcp.EstabResets 1");

		STEP("accept() that needs no address gives the third one");
		accept_gives(clients[2], accept(server->fd, NULL, NULL));
		expect_queue(server, .accept = 0, .syn = 0);
	}
}

/* More than any address is long, and what stands in it before accept() writes there. */
#define ROOM   160
#define CANARY 0xa5

/* So many bytes of the address have been written, and nothing behind them. */
static void expect_written(const uint8_t *seen, struct sockaddr_storage address, socklen_t length)
{
	const uint8_t *wanted = (const uint8_t *)&address;

	for (socklen_t i = 0; i < ROOM; i++)
		if (seen[i] != (i < length ? wanted[i] : CANARY))
			fail("accept() was to write %u bytes of the client's address: byte %u is "
			     "%#x, expected %#x",
			     length, i, seen[i], i < length ? wanted[i] : CANARY);
}

/* move_addr_to_user(): as much as there is room for, and then how much there is. */
CASE(accept_tells_the_whole_length_and_writes_no_more_than_it_may, .claims = "",
     .covers = "P-32 P-35")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	const socklen_t whole =
		over_ipv6(net) ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	const socklen_t rooms[] = { 0, 1, 8, whole - 1, whole, whole + 1, 128, INT_MAX };
	uint8_t bytes[ROOM];

	for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++) {
		STEP("accept() with room for %u bytes of an address", rooms[i]);
		COVERS("P-32");
		struct end *client = connect_one(net, server);
		socklen_t length = rooms[i];
		memset(bytes, CANARY, sizeof(bytes));
		accept_gives(client, accept(server->fd, (struct sockaddr *)bytes, &length));
		expect_result(server, "length of the address", whole, length);
		expect_written(bytes, address_on(net, CLIENT, client->port),
			       rooms[i] < whole ? rooms[i] : whole);
	}

	STEP("accept() without an address");
	COVERS("P-35");
	socklen_t length = 77;
	struct end *clients[] = { connect_one(net, server), connect_one(net, server) };
	accept_gives(clients[0], accept(server->fd, NULL, NULL));

	STEP("without one the length is neither read nor written");
	accept_gives(clients[1], accept(server->fd, NULL, &length));
	expect_result(server, "length beside no address", 77, length);
}

/* ---- accept4() ----------------------------------------------------------------------------- */

/* The descriptor has these flags of accept4(), and none that it was not asked for. */
static void expect_flags_of(struct end *end, int flags)
{
	int status = fcntl(end->fd, F_GETFL), descriptor = fcntl(end->fd, F_GETFD);

	expect_result(end, "O_NONBLOCK set", !!(flags & SOCK_NONBLOCK), !!(status & O_NONBLOCK));
	expect_result(end, "O_ASYNC set", 0, !!(status & O_ASYNC));
	expect_result(end, "FD_CLOEXEC set", !!(flags & SOCK_CLOEXEC), !!(descriptor & FD_CLOEXEC));
}

static void set_flags(struct listener *server, int status, int descriptor)
{
	expect_call(server, "F_SETFL", 0, fcntl(server->fd, F_SETFL, status));
	expect_call(server, "F_SETFD", 0, fcntl(server->fd, F_SETFD, descriptor));
}

/* A client is accepted with these flags, and its socket has them and no others. */
static void expect_flags(struct listener *server, int flags)
{
	struct end *client = connect_one(server->scene, server);
	struct end *served = accept_gives(client, accept4(server->fd, NULL, NULL, flags));

	expect_flags_of(served, flags);
}

CASE(accept4_sets_what_it_is_asked_for_and_nothing_is_inherited, .claims = "", .covers = "X-37")
{
	static const int flags[] = { 0, SOCK_NONBLOCK, SOCK_CLOEXEC, SOCK_NONBLOCK | SOCK_CLOEXEC };
	static const int wrong[] = { 1, SOCK_NONBLOCK | 1, O_APPEND, INT_MIN, -1 };
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct plain_socket *fresh = socket_on(net, SERVER, .name = "a fresh socket");

	STEP("accept4() with each flag, on a listener that has all flags and on one that has none; "
	     "with unknown flags; on a socket that does not listen");
	COVERS("X-37");
	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
		set_flags(server, O_NONBLOCK | O_ASYNC, FD_CLOEXEC);
		expect_flags(server, flags[i]);
		set_flags(server, 0, 0);
		expect_flags(server, flags[i]);
		set_flags(server, O_NONBLOCK, FD_CLOEXEC);
	}
	struct end *client = connect_one(net, server);
	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
		expect_call(server, "accept", EINVAL, accept4(server->fd, NULL, NULL, wrong[i]));
	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++)
		expect_call(fresh, "accept", EINVAL, accept4(fresh->fd, NULL, NULL, flags[i]));

	STEP("the connection that was there when flags were wrong waits on");
	expect_acceptable(server);
	expect_queue(server, .accept = 1, .syn = 0);
	accept_client(server, client);
}

/* Three ways to a listener that does not block. */
static void do_not_block(struct listener *server, const char *way)
{
	int on = 1, off = 0;

	if (strcmp(way, "socket()") == 0)
		return;
	expect_call(server, "FIONBIO", 0, ioctl(server->fd, FIONBIO, &off));
	expect_result(server, "O_NONBLOCK set", 0, !!(fcntl(server->fd, F_GETFL) & O_NONBLOCK));
	if (strcmp(way, "FIONBIO") == 0)
		expect_call(server, "FIONBIO", 0, ioctl(server->fd, FIONBIO, &on));
	else
		expect_call(server, "F_SETFL", 0, fcntl(server->fd, F_SETFL, O_NONBLOCK));
}

/* Accepts who comes, with a flag that is about the new socket, and no other. */
static void accept_nonblocking_socket(struct process *self, const void *context)
{
	long port;

	(void)context;
	await_word(self);
	accept_with_port(given_descriptor(0), SOCK_NONBLOCK, &port);
	tell_call(self, "accept", port);
	await_word(self);
}

CASE(accept_waits_if_its_listener_blocks_whatever_the_flags_of_accept4, .claims = "",
     .covers = "P-38")
{
	static const char *const ways[] = { "socket()", "FIONBIO", "fcntl()" };
	struct listener *server = listen_on_server(net, .backlog = 5, .shared = true);

	STEP("a listener that does not block, made so in each way: EAGAIN until a connection is "
	     "there, which does not inherit that");
	COVERS("P-38");
	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		do_not_block(server, ways[i]);
		expect_nothing_to_accept(server);
		struct peer *peer = half_open_peer(net, server);
		expect_nothing_to_accept(server);
		ack_makes_the_connection(peer);
		struct end *served = accept_gives(peer, accept(server->fd, NULL, NULL));
		expect_flags_of(served, 0);
		expect_nothing_to_accept(server);
	}

	STEP("a listener that blocks: accept4() for a socket that does not block waits");
	expect_call(server, "F_SETFL", 0, fcntl(server->fd, F_SETFL, 0));
	struct process *worker = start_process(
		net, .name = "worker", .play = accept_nonblocking_socket, .given = { server->fd });
	process_rests(worker);
	give_word(worker);
	long sleeps = process_rests(worker);

	STEP("a half-open request does not wake it, and a connection does");
	reset_ends_the_request(half_open_peer(net, server));
	expect_result(server, "how often the worker has slept", sleeps, process_rests(worker));
	expect_counters(net, SERVER, "reset_requests 1");
	expect_process_accepts(worker, connect_one(net, server));
	expect_queue(server, .accept = 0, .syn = 0);
}

/* ---- what is no listener --------------------------------------------------------------------- */

/* Descriptors that are no sockets: a pipe's, one by which a folder is only named, and none. */
struct no_sockets {
	int pipe, path, closed;
};

static struct no_sockets no_sockets(void)
{
	int pipes[2];
	struct no_sockets none = { .path = open("/", O_PATH | O_CLOEXEC) };

	if (none.path < 0 || pipe2(pipes, O_CLOEXEC) < 0)
		broken("cannot open what is no socket: %s", strerror(errno));
	none.pipe = pipes[0];
	none.closed = fcntl(pipes[1], F_DUPFD, 900);
	close(none.closed);
	close(pipes[1]);
	return none;
}

/* It never waits, whatever its listener does. */
#define ACCEPT(fd_) accept4((fd_), NULL, NULL, SOCK_NONBLOCK)

CASE(accept_on_what_does_not_listen, .claims = "", .covers = "P-02 P-31")
{
	struct no_sockets none = no_sockets();
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct plain_socket *fresh = socket_on(net, SERVER, .name = "a fresh socket");
	struct plain_socket *bound =
		socket_on(net, SERVER, .name = "a bound socket", .port = 20001);
	struct plain_socket *datagrams = socket_on(net, SERVER, .name = "a datagram socket",
						   .type = SOCK_DGRAM, .port = 20002);
	struct sockaddr_storage own = address_on(net, SERVER, 20003);

	STEP("what is no socket: nobody listens on it, and it is bound to nothing either");
	COVERS("P-02");
	expect_call(server, "accept of none", EBADF, ACCEPT(none.closed));
	expect_call(server, "accept of -1", EBADF, ACCEPT(-1));
	expect_call(server, "accept of a pipe", ENOTSOCK, ACCEPT(none.pipe));
	expect_call(server, "accept of a path", EBADF, ACCEPT(none.path));
	expect_call(server, "listen of none", EBADF, listen(none.closed, 1));
	expect_call(server, "listen of -1", EBADF, listen(-1, 1));
	expect_call(server, "listen of a pipe", ENOTSOCK, listen(none.pipe, 1));
	expect_call(server, "listen of a path", EBADF, listen(none.path, 1));
	expect_call(server, "bind of none", EBADF, bind(none.closed, (void *)&own, sizeof(own)));
	expect_call(server, "bind of a pipe", ENOTSOCK, bind(none.pipe, (void *)&own, sizeof(own)));
	expect_call(server, "bind of a path", EBADF, bind(none.path, (void *)&own, sizeof(own)));

	STEP("a socket that has not listened yet, one that never will, and both ends of a "
	     "connection, which go on");
	COVERS("P-31");
	struct end *client = connect_one(net, server);
	expect_call(fresh, "accept", EINVAL, ACCEPT(fresh->fd));
	expect_call(bound, "accept", EINVAL, ACCEPT(bound->fd));
	expect_call(datagrams, "accept", EOPNOTSUPP, ACCEPT(datagrams->fd));
	expect_call(client, "accept", EINVAL, ACCEPT(client->fd));
	struct end *served = accept_client(server, client);
	expect_call(served, "accept", EINVAL, ACCEPT(served->fd));
	speak(client, "HELLO");
	expect_read(served, "HELLO");
}

/* ---- no descriptor is left ------------------------------------------------------------------- */

/* The number that the next descriptor would have. */
static int next_descriptor(void)
{
	autoclose int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		broken("cannot copy a descriptor: %s", strerror(errno));
	return fd;
}

/* accept(2) takes a number for the descriptor before it looks at the queue: __sys_accept4(). */
CASE(process_without_descriptors_leaves_the_connection_in_the_queue, .claims = "",
     .covers = "P-36 N-33")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct epoll_waiter *level = wait_in_epoll(server, .name = "level-triggered epoll");
	struct epoll_waiter *edge =
		wait_in_epoll(server, .name = "edge-triggered epoll", .edge_triggered = true);

	STEP("nobody waits: EMFILE all the same, and no EAGAIN");
	COVERS("N-33");
	expect_call(server, "accept", EMFILE, with_descriptors(0, ACCEPT(server->fd)));
	expect_no_event(level);
	expect_no_event(edge);

	STEP("a client connects: EMFILE, and it waits on, until one descriptor is free");
	COVERS("P-36");
	struct end *client = connect_one(net, server);
	expect_event(edge);
	int next = next_descriptor();
	for (int i = 0; i < 3; i++) {
		expect_call(server, "accept", EMFILE, with_descriptors(0, ACCEPT(server->fd)));
		expect_queue(server, .accept = 1, .syn = 0);
		expect_acceptable(server);
		expect_event(level);
		expect_no_event(edge);
	}
	expect_result(server, "descriptors lost", 0, next_descriptor() - next);
	accept_gives(client, with_descriptors(1, ACCEPT(server->fd)));

	STEP("that was the last one");
	expect_no_event(level);
	expect_no_event(edge);
	expect_call(server, "accept", EMFILE, with_descriptors(0, ACCEPT(server->fd)));
	expect_nothing_to_accept(server);
}
