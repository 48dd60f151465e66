/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Servers that leave clients waiting though they are there: without a descriptor for the next
 * connection, with an event too few, or with a child that has kept the listener. Each is a process
 * that waits as real ones do.
 */
#define TOPIC          "stuck servers"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

/* ---- what the processes do ------------------------------------------------------------------ */

/* How a server waits for its next client. */
enum way { LEVEL_TRIGGERED, POLLING, EDGE_TRIGGERED, BLOCKING };

struct manner {
	enum way way;
	bool one_per_event; /* it accepts one, and not all that there are */
	bool works;         /* it is busy before it waits, until the case gives its word */
};

/* accept() has failed so often in a row, without a sleep between: the server spins. */
#define SPINS 1000

static int begin_to_wait(const struct manner *manner, int sock)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	if (manner->way == EDGE_TRIGGERED)
		event.events |= EPOLLET;
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &event) < 0)
		_exit(EXIT_FAILURE);
	return epoll;
}

static void wait_for_client(const struct manner *manner, int epoll, int sock)
{
	struct pollfd polled = { .fd = sock, .events = POLLIN };
	struct epoll_event event;

	if (manner->way == POLLING)
		poll(&polled, 1, -1);
	else if (manner->way != BLOCKING)
		epoll_wait(epoll, &event, 1, -1);
}

/* Returns whether there was one; its socket stays open, as of one who serves it. */
static bool accept_next(struct process *self, int sock)
{
	long port;

	if (accept_with_port(sock, 0, &port) < 0)
		return false;
	tell_call(self, "accept", port);
	return true;
}

static void serve(struct process *self, const void *context)
{
	const struct manner *manner = context;
	int sock = given_descriptor(0), epoll = begin_to_wait(manner, sock);

	for (int failures = 0;;) {
		bool accepted;

		if (manner->works)
			await_word(self);
		wait_for_client(manner, epoll, sock);
		do
			accepted = accept_next(self, sock);
		while (accepted && !manner->one_per_event);
		if (accepted || errno != EMFILE)
			failures = 0;
		else if (++failures == SPINS) {
			tell_call(self, "accept", -1);
			await_word(self);
			failures = 0;
		}
	}
}

/* ---- no descriptor is left ------------------------------------------------------------------- */

/* It has nothing to do yet, and may open only so many descriptors more. */
static struct process *start_server(struct listener *server, const struct manner *manner,
				    int descriptors)
{
	struct process *process =
		start_process(server->scene, .name = "server process", .play = serve,
			      .context = manner, .given = { server->fd });

	process_rests(process);
	let_process_open(process, descriptors);
	return process;
}

/* A client is connected, its request is acknowledged, and nobody answers. */
static struct end *unserved_client(struct scene *net, struct listener *server)
{
	struct end *client = connect_one(net, server);

	speak(client, "HELLO");
	expect_read_error(client, EAGAIN);
	return client;
}

/* The last descriptor is free again, and the first one who waits gets it. */
static void give_descriptor(struct process *process, const struct end *client)
{
	let_process_open(process, 1);
	give_word(process);
	expect_process_accepts(process, client);
}

static void run_out_of_descriptors(struct scene *net, enum way way)
{
	const struct manner manner = { .way = way };
	struct listener *server = listen_on_server(net, .backlog = 1, .shared = true);
	struct process *process = start_server(server, &manner, 1);

	STEP("%s: the first client gets the last descriptor",
	     way == POLLING ? "poll()" : "level-triggered epoll");
	expect_process_accepts(process, connect_one(net, server));
	process_rests(process);

	STEP("the second one connects: the server wakes, and wakes, and cannot accept it");
	struct end *second = unserved_client(net, server);
	expect_process_call(process, "accept", EMFILE);
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("a third one waits too, and then the queue is full: SYNs are dropped");
	struct end *third = unserved_client(net, server);
	give_up(dropped_client(net, server));
	expect_queue(server, .accept = 2, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");

	STEP("a descriptor is free: the second one has it at once, and the server spins on");
	COVERS("N-34");
	give_descriptor(process, second);
	expect_process_call(process, "accept", EMFILE);
	expect_silence(third);
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("one more: nobody waits any more, and the server sleeps");
	give_descriptor(process, third);
	process_rests(process);
	expect_queue(server, .accept = 0, .syn = 0);
}

CASE(server_without_descriptors_spins_while_a_client_waits, .claims = "", .covers = "N-34")
{
	run_out_of_descriptors(net, LEVEL_TRIGGERED);
	run_out_of_descriptors(net, POLLING);
}

/* The descriptor is taken before accept() waits: __sys_accept4(). */
CASE(server_without_descriptors_in_accept_does_not_wait_for_clients, .claims = "", .covers = "N-35")
{
	static const struct manner manner = { .way = BLOCKING };
	struct listener *server = listen_on_server(net, .backlog = 5, .shared = true);

	STEP("a server waits in accept(), and then no descriptor is left: its client gets in, and "
	     "the next accept() fails before anybody comes");
	COVERS("N-35");
	expect_call(server, "F_SETFL", 0, fcntl(server->fd, F_SETFL, 0));
	struct process *process = start_server(server, &manner, 0);
	expect_process_accepts(process, connect_one(net, server));
	expect_process_call(process, "accept", EMFILE);
	expect_queue(server, .accept = 0, .syn = 0);

	STEP("the second client waits");
	struct end *second = unserved_client(net, server);
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("a descriptor is free: it has that, and the server spins on, though nobody waits");
	give_descriptor(process, second);
	expect_process_call(process, "accept", EMFILE);
	expect_queue(server, .accept = 0, .syn = 0);
}

CASE(edge_triggered_server_without_descriptors_sleeps_beside_its_client, .claims = "",
     .covers = "N-36")
{
	static const struct manner manner = { .way = EDGE_TRIGGERED };
	struct listener *server = listen_on_server(net, .backlog = 5, .shared = true);
	struct process *process = start_server(server, &manner, 1);

	STEP("the first client gets the last descriptor");
	expect_process_accepts(process, connect_one(net, server));
	process_rests(process);

	STEP("the second one connects: the server wakes once, cannot accept it, and sleeps");
	struct end *second = connect_one(net, server);
	long sleeps = process_rests(process);
	speak(second, "HELLO");
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("a descriptor is free, and neither that nor the client's data wakes the server; when "
	     "a third client connects, the second one gets the descriptor");
	COVERS("N-36");
	let_process_open(process, 1);
	speak(second, "AGAIN");
	expect_result(server, "how often the server has slept", sleeps, process_rests(process));
	expect_read_error(second, EAGAIN);
	expect_queue(server, .accept = 1, .syn = 0);
	struct end *third = connect_one(net, server);
	expect_process_accepts(process, second);
	sleeps = process_rests(process);
	let_process_open(process, 1);
	expect_result(server, "how often the server has slept", sleeps, process_rests(process));
	expect_silence(third);
	expect_queue(server, .accept = 1, .syn = 0);
}

/* ---- one connection for each event ----------------------------------------------------------- */

static struct end **burst(struct listener *server, int count)
{
	struct scene *net = server->scene;

	STEP("%d clients connect while the server is at work", count);
	struct end **clients = connect_clients(net, server, count);
	expect_queue(server, .accept = count, .syn = 0);
	return clients;
}

CASE(edge_triggered_server_that_accepts_one_per_event_leaves_the_rest_waiting, .claims = "",
     .covers = "N-37 N-40")
{
	static const struct manner manner = { EDGE_TRIGGERED, .one_per_event = true,
					      .works = true };
	struct listener *server = listen_on_server(net, .backlog = 5, .shared = true);
	struct process *process = start_server(server, &manner, 100);
	struct end **clients = burst(server, 5);

	STEP("it wakes once for all of them, accepts the first one, and sleeps, whatever the "
	     "others do");
	COVERS("N-37");
	give_word(process);
	expect_process_accepts(process, clients[0]);
	give_word(process);
	long sleeps = process_rests(process);
	expect_queue(server, .accept = 4, .syn = 0);
	speak(clients[1], "HELLO");
	close_first(clients[2]);
	reset_ends_the_request(half_open_peer(net, server));
	expect_result(server, "how often the server has slept", sleeps, process_rests(process));
	expect_read_error(clients[1], EAGAIN);
	expect_queue(server, .accept = 4, .syn = 0);
	expect_counters(net, SERVER, "reset_requests 1");

	STEP("one more client wakes it, and the second one is accepted: the new one is the fourth "
	     "in line, and gets its turn after four others have come");
	COVERS("N-40");
	struct end *late = connect_one(net, server);
	expect_process_accepts(process, clients[1]);
	for (int i = 2; i < 5; i++) {
		give_word(process);
		process_rests(process);
		connect_one(net, server);
		expect_process_accepts(process, clients[i]);
		expect_queue(server, .accept = 4, .syn = 0);
	}
	expect_silence(late);
	give_word(process);
	process_rests(process);
	connect_one(net, server);
	expect_process_accepts(process, late);
	expect_queue(server, .accept = 4, .syn = 0);

	STEP("four places stay taken: after two more clients SYNs are dropped");
	connect_clients(net, server, 2);
	give_up(dropped_client(net, server));
	expect_queue(server, .accept = 6, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");
}

CASE(edge_triggered_server_that_accepts_until_eagain_leaves_nobody_waiting, .claims = "")
{
	static const struct manner manner = { EDGE_TRIGGERED, .works = true };
	struct listener *server = listen_on_server(net, .backlog = 5, .shared = true);
	struct process *process = start_server(server, &manner, 100);
	struct end **clients = burst(server, 5);

	STEP("it wakes once for all of them, and accepts them all");
	give_word(process);
	for (int i = 0; i < 5; i++)
		expect_process_accepts(process, clients[i]);
	give_word(process);
	process_rests(process);
	expect_queue(server, .accept = 0, .syn = 0);

	STEP("the next one wakes it again");
	expect_process_accepts(process, connect_one(net, server));
	expect_queue(server, .accept = 0, .syn = 0);
}

/* ---- a child has the listener ---------------------------------------------------------------- */

/* What a program does that was started without being told of the descriptors that it got. */
static void run_for_long(struct process *self, const void *context)
{
	(void)context;
	for (;;)
		await_word(self);
}

static struct process *start_child(struct listener *server)
{
	return start_process(server->scene, .name = "child", .play = run_for_long,
			     .given = { server->fd });
}

/* The server is started again: a new socket, with SO_REUSEADDR as servers have it. */
static struct plain_socket *restarted_server(struct scene *net)
{
	return socket_on(net, SERVER, .name = "restarted server",
			 .options = { OPTION(SOL_SOCKET, SO_REUSEADDR, 1) });
}

CASE(child_that_holds_the_listener_keeps_the_port_and_its_clients, .claims = "", .covers = "N-38",
     .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 1);
	struct process *child = start_child(server);
	struct plain_socket *restarted = restarted_server(net);

	STEP("the parent has closed the listener: clients connect all the same, and nobody "
	     "answers");
	COVERS("N-38");
	close_listener(server);
	struct end *first = unserved_client(net, server);
	struct end *second = unserved_client(net, server);
	expect_call(restarted, "bind", EADDRINUSE,
		    bind_to(restarted, address_on(net, SERVER, server->port)));
	expect_queue(server, .accept = 2, .syn = 0);

	STEP("the queue is full: a third one's SYN is dropped, and it hangs");
	struct end *third = dropped_client(net, server, .name = "third");
	expect_counters(net, SERVER, "overflows 1");

	STEP("the child ends: who waited is reset");
	kill_process(child);
	expect_reset_by_server(first);
	expect_reset_by_server(second);
	expect_counters(net, CLIENT, "Tcp.EstabResets 2");
	expect_counters(net, SERVER, "Tcp.EstabResets 2");

	STEP("who hangs in connect() is refused with its next SYN");
	expect_connect_to_end(third, ECONNREFUSED, 1);
	expect_ladder(third,
		      "1.0  >  SYN",
		      "+0.0 <  RST-ACK  - / -");
	expect_counters(net, CLIENT, "TCPTimeouts 1  Tcp.AttemptFails 1");

	STEP("now the server can be started again");
	expect_call(restarted, "bind", 0,
		    bind_to(restarted, address_on(net, SERVER, server->port)));
	struct listener *again = listen_on_server(net, .backlog = 1, .with = restarted);
	accept_client(again, connect_one(net, again));
}

CASE(shutdown_ends_a_listener_that_a_child_holds, .claims = "", .covers = "N-39")
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct plain_socket *restarted = restarted_server(net);

	start_child(server);
	STEP("a client waits, and the parent calls shutdown() before it closes");
	COVERS("N-39");
	struct end *waiting = connect_one(net, server);
	shutdown_listener(server, SHUT_RDWR);
	close_listener(server);
	expect_reset_by_server(waiting);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1");
	expect_call(restarted, "bind", 0,
		    bind_to(restarted, address_on(net, SERVER, server->port)));

	STEP("the server is started again, and the child is in nobody's way");
	struct listener *again = listen_on_server(net, .backlog = 5, .with = restarted);
	accept_client(again, connect_one(net, again));
}
