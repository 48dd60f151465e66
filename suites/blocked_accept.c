/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is blocked in accept(2), poll(2) or select(2) for a listener, and what ends that besides a
 * connection: inet_csk_wait_for_connect().
 */
#define TOPIC          "blocked accept()"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

/* ---- what the processes do ------------------------------------------------------------------ */

static void take_signal(int signal)
{
	(void)signal;
}

/* Calls accept() each time that it gets the word; SIGUSR1 has a handler, with @context's flags. */
static void accept_at_a_word(struct process *self, const void *context)
{
	const int *flags = context;
	struct sigaction action = { .sa_handler = take_signal, .sa_flags = flags ? *flags : 0 };

	sigaction(SIGUSR1, &action, NULL);
	for (;;) {
		long port;

		await_word(self);
		accept_with_port(given_descriptor(0), 0, &port);
		tell_call(self, "accept", port);
	}
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The same, and tells whether as much time as @context says has gone by. */
static void accept_for_a_while(struct process *self, const void *context)
{
	const long *least = context;

	for (;;) {
		await_word(self);
		long began = milliseconds();

		tell_call(self, "accept", accept(given_descriptor(0), NULL, NULL));
		tell_call(self, "SO_RCVTIMEO over", milliseconds() - began >= *least);
	}
}

static void *close_at_a_word(void *self)
{
	await_word(self);
	tell_call(self, "close by a thread", close(given_descriptor(0)));
	return NULL;
}

static void accept_while_a_thread_closes(struct process *self, const void *context)
{
	pthread_t thread;
	long port;

	(void)context;
	pthread_create(&thread, NULL, close_at_a_word, self);
	accept_with_port(given_descriptor(0), 0, &port);
	tell_call(self, "accept", port);
	pthread_join(thread, NULL);
	await_word(self);
}

static void poll_once(struct process *self, const void *context)
{
	struct pollfd polled = { .fd = given_descriptor(0), .events = POLLIN };

	(void)context;
	poll(&polled, 1, -1);
	tell_call(self, "poll for reading", polled.revents);
	await_word(self);
}

static void wait_in_epoll_once(struct process *self, const void *context)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	(void)context;
	epoll_ctl(epoll, EPOLL_CTL_ADD, given_descriptor(0), &event);
	epoll_wait(epoll, &event, 1, -1);
	tell_call(self, "epoll_wait", event.events);
	await_word(self);
}

static void select_once(struct process *self, const void *context)
{
	fd_set reading;

	(void)context;
	FD_ZERO(&reading);
	FD_SET(given_descriptor(0), &reading);
	tell_call(self, "select", select(given_descriptor(0) + 1, &reading, NULL, NULL, NULL));
	await_word(self);
}

/* ---- what the cases do with them ------------------------------------------------------------- */

/* One that blocks, and that processes accept from. */
static struct listener *blocking_listener(struct scene *net)
{
	struct listener *server = listen_on_server(net, .backlog = 5, .shared = true);

	expect_call(server, "F_SETFL", 0, fcntl(server->fd, F_SETFL, 0));
	return server;
}

/* It is in accept(), and has gone to sleep so often. */
static long block_in_accept(struct process *process)
{
	process_rests(process);
	give_word(process);
	return process_rests(process);
}

/* ---- the cases ------------------------------------------------------------------------------- */

CASE(nonblocking_mode_does_not_wake_who_is_blocked_in_accept, .claims = "", .covers = "P-39")
{
	struct listener *server = blocking_listener(net);
	struct process *worker = start_process(net, .name = "worker", .play = accept_at_a_word,
					       .given = { server->fd });
	long sleeps = block_in_accept(worker);

	STEP("O_NONBLOCK is set while a process is in accept(): it sleeps on, and the next call "
	     "does not wait");
	COVERS("P-39");
	expect_call(server, "F_SETFL", 0, fcntl(server->fd, F_SETFL, O_NONBLOCK));
	expect_result(server, "how often the worker has slept", sleeps, process_rests(worker));
	expect_nothing_to_accept(server);
	expect_process_accepts(worker, connect_one(net, server));
	give_word(worker);
	expect_process_call(worker, "accept", EAGAIN);
	expect_queue(server, .accept = 0, .syn = 0);
}

CASE(shutdown_wakes_who_is_blocked_for_a_listener, .claims = "", .covers = "P-40")
{
	struct listener *server = blocking_listener(net);
	struct process *in_accept = start_process(
		net, .name = "in accept()", .play = accept_at_a_word, .given = { server->fd });
	struct process *in_poll =
		start_process(net, .name = "in poll()", .play = poll_once, .given = { server->fd });
	struct process *in_epoll =
		start_process(net, .name = "in epoll_wait()", .play = wait_in_epoll_once,
			      .given = { server->fd });
	struct process *in_select = start_process(net, .name = "in select()", .play = select_once,
						  .given = { server->fd });

	block_in_accept(in_accept);
	process_rests(in_poll);
	process_rests(in_epoll);
	process_rests(in_select);

	STEP("shutdown() for reading: accept() gives EINVAL, and the others a hang-up");
	COVERS("P-40");
	shutdown_listener(server, SHUT_RD);
	expect_process_call(in_accept, "accept", EINVAL);
	expect_process_result(in_poll, "poll for reading", POLLHUP);
	expect_process_result(in_epoll, "epoll_wait", EPOLLHUP);
	expect_process_result(in_select, "select", 1);
}

/* The call holds the file that it was begun with, whatever becomes of the descriptor: fdget(). */
CASE(close_in_another_thread_leaves_a_blocked_accept_one_more_connection, .claims = "",
     .covers = "P-41")
{
	struct listener *server = blocking_listener(net);
	struct process *worker =
		start_process(net, .name = "worker", .play = accept_while_a_thread_closes,
			      .given = { server->fd });
	long naps = process_rests(worker);

	close_listener(server);

	STEP("the last descriptor is closed under accept(): it sleeps on, takes the next "
	     "connection, and then nobody listens");
	COVERS("P-41");
	give_word(worker);
	expect_process_result(worker, "close by a thread", 0);
	expect_result(server, "naps of the worker", naps, process_rests(worker));
	expect_queue(server, .accept = 0, .syn = 0);
	expect_process_accepts(worker, connect_one(net, server));
	struct end *late = connect_client(net, server, .name = "late");
	expect_ladder(late,
		      "-    >  SYN      SYN_SENT / -",
		      "0.0  <  RST-ACK  - / -");
	expect_connect_to_end(late, ECONNREFUSED, 0.1);
	expect_counters(net, CLIENT, "Tcp.AttemptFails 1");
}

CASE(accept_gives_up_when_so_rcvtimeo_is_over, .claims = "", .covers = "P-43")
{
	static const long least = 200;
	struct listener *server = blocking_listener(net);

	STEP("SO_RCVTIMEO of 0.2 s: accept() gives EAGAIN, and not before; of 20 s: a connection "
	     "ends it at once");
	COVERS("P-43");
	set_option(server, SOL_SOCKET, SO_RCVTIMEO, (struct timeval){ .tv_usec = least * 1000 });
	struct process *impatient =
		start_process(net, .name = "impatient", .play = accept_for_a_while,
			      .context = &least, .given = { server->fd });
	give_word(impatient);
	expect_process_call(impatient, "accept", EAGAIN);
	expect_process_result(impatient, "SO_RCVTIMEO over", true);
	set_option(server, SOL_SOCKET, SO_RCVTIMEO, (struct timeval){ .tv_sec = 20 });
	struct process *patient = start_process(net, .name = "patient", .play = accept_at_a_word,
						.given = { server->fd });
	block_in_accept(patient);
	expect_process_accepts(patient, connect_one(net, server));
	expect_queue(server, .accept = 0, .syn = 0);
}

CASE(signal_interrupts_accept_or_restarts_it_and_loses_nothing, .claims = "", .covers = "P-44")
{
	static const int restart = SA_RESTART;
	struct listener *server = blocking_listener(net);
	struct process *plain = start_process(net, .name = "plain", .play = accept_at_a_word,
					      .given = { server->fd });
	struct process *restarted =
		start_process(net, .name = "restarted", .play = accept_at_a_word,
			      .context = &restart, .given = { server->fd });

	STEP("a signal comes to who is in accept(): EINTR without SA_RESTART, and with it under "
	     "SO_RCVTIMEO; else it sleeps on");
	COVERS("P-44");
	block_in_accept(plain);
	signal_process(plain, SIGUSR1);
	expect_process_call(plain, "accept", EINTR);
	long sleeps = block_in_accept(restarted);
	signal_process(restarted, SIGUSR1);
	expect_result(server, "sleeps since the signal", 1, process_rests(restarted) - sleeps);
	expect_process_accepts(restarted, connect_one(net, server));
	set_option(server, SOL_SOCKET, SO_RCVTIMEO, (struct timeval){ .tv_sec = 20 });
	block_in_accept(restarted);
	signal_process(restarted, SIGUSR1);
	expect_process_call(restarted, "accept", EINTR);
	struct end *client = connect_one(net, server);
	expect_queue(server, .accept = 1, .syn = 0);
	give_word(plain);
	expect_process_accepts(plain, client);
	expect_queue(server, .accept = 0, .syn = 0);
}
