/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plain servers: those that the document on listen backlogs writes down or describes, each a
 * process of its own. What they do between two calls of accept() is what their queue suffers from.
 */
#define TOPIC          "plain servers"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define PORT 12345

/* ---- what the processes do ----------------------------------------------------------------- */

struct server_options {
	bool ipv6;
	int backlog;
	/* nanka_omoi_shori(), "some heavy work", until the case gives its word; NULL: none */
	void (*heavy_work)(struct process *self);
};

/* As one that waits for a disk or for another server. */
static void wait_for_input(struct process *self)
{
	await_word(self);
}

static void compute(struct process *self)
{
	while (!word_is_given(self))
		for (volatile unsigned i = 0; i < 100000; i++)
			;
}

static int listen_everywhere(struct process *self, const struct server_options *options)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(PORT),
				    .sin_addr.s_addr = INADDR_ANY };
	struct sockaddr_in6 addr6 = { .sin6_family = AF_INET6,
				      .sin6_port = htons(PORT),
				      .sin6_addr = IN6ADDR_ANY_INIT };
	int sock0 = socket(options->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	int bound = options->ipv6 ? bind(sock0, (struct sockaddr *)&addr6, sizeof(addr6))
				  : bind(sock0, (struct sockaddr *)&addr, sizeof(addr));

	tell_call(self, "listen", bound < 0 ? -1 : listen(sock0, options->backlog));
	return sock0;
}

static int accept_one(struct process *self, int sock0)
{
	long port;
	int sock = accept_with_port(sock0, 0, &port);

	tell_call(self, "accept", port);
	return sock;
}

/* The document's program, which never closes what it has accepted. */
static void sample_server(struct process *self, const void *context)
{
	const struct server_options *options = context;
	int sock0 = listen_everywhere(self, options);

	while (1) {
		if (options->heavy_work)
			options->heavy_work(self);
		int sock = accept_one(self, sock0);

		await_word(self);
		tell_call(self, "write", write(sock, "HELLO", 5));
	}
}

/* ---- the sample server --------------------------------------------------------------------- */

struct server {
	struct process *process;
	struct listener *listener;
};

static struct server start_sample_server(struct scene *net, void (*heavy_work)(struct process *))
{
	struct server_options options = { over_ipv6(net), .backlog = 5, .heavy_work = heavy_work };
	struct server server = { .process = start_process(net, .name = "sample server",
							  .play = sample_server,
							  .context = &options) };

	server.listener = expect_process_listens(
		server.process, (struct foreign_options){ .port = PORT, .backlog = 5 });
	return server;
}

static void hear_hello(struct process *process, struct end *served, struct end *client)
{
	let_process_write(process, served, "HELLO");
	expect_read(client, "HELLO");
	expect_ladder(client,
		      "-    <  DATA 5",
		      "+0.0 >  ACK");
}

/* accept() has given the client, and it is told HELLO. */
static struct end *greet(struct server *server, struct end *client)
{
	struct end *served = expect_process_accepts(server->process, client);

	hear_hello(server->process, served, client);
	return served;
}

CASE(sample_server_greets_its_clients_and_never_closes, .claims = "D2-03 D2-04")
{
	struct server server = start_sample_server(net, NULL);

	STEP("the server waits in accept(): a client that connects is greeted at once");
	struct end *first = connect_one(net, server.listener);
	greet(&server, first);

	STEP("the next client is greeted at once, too");
	struct end *second = connect_one(net, server.listener);
	greet(&server, second);
	expect_queue(server.listener, .accept = 0, .syn = 0);

	STEP("the server never closes: no FIN comes, and who closes first leaves a CLOSE_WAIT "
	     "behind");
	expect_read_error(first, EAGAIN);
	close_first(first);
	expect_silence(second);
}

/* Six wait, the seventh is dropped and comes again; one after the other they are greeted. */
static void overflow_and_recover(struct scene *net, void (*heavy_work)(struct process *))
{
	struct server server = start_sample_server(net, heavy_work);

	STEP("the server is at its heavy work: six connections are made without it");
	struct end **waiting = connect_clients(net, server.listener, 6);
	expect_read_error(waiting[0], EAGAIN);
	expect_queue(server.listener, .accept = 6, .syn = 0);

	STEP("the seventh's SYN is dropped");
	struct end *late = drop_late_client(server.listener, 6);

	STEP("the work is done: the first is greeted, and the server is at work again");
	give_word(server.process);
	greet(&server, waiting[0]);
	expect_queue(server.listener, .accept = 5, .syn = 0);
	expect_silence(late);

	STEP("the seventh comes again and finds room");
	late_client_gets_in(late);
	expect_queue(server.listener, .accept = 6, .syn = 0);

	STEP("each client is greeted in its turn");
	for (int i = 1; i <= 6; i++) {
		give_word(server.process);
		greet(&server, i < 6 ? waiting[i] : late);
		expect_queue(server.listener, .accept = 6 - i, .syn = 0);
	}
}

CASE(sample_server_that_waits_for_something_else_lets_its_queue_overflow,
     .claims = "D2-04 D2-26 D2-27", .kernel_seconds = 1)
{
	overflow_and_recover(net, wait_for_input);
}

CASE(sample_server_that_computes_lets_its_queue_overflow, .claims = "D2-04 D2-26 D2-27",
     .kernel_seconds = 1)
{
	overflow_and_recover(net, compute);
}

/* ---- descriptor passing -------------------------------------------------------------------- */

#define WORKERS 2

/* Accepts, and does nothing else for its clients: its workers have them in turn. */
static void accepting_parent(struct process *self, const void *context)
{
	const struct server_options *options = context;
	int sock0 = listen_everywhere(self, options);

	for (int next = 0;; next = (next + 1) % WORKERS) {
		options->heavy_work(self);
		int sock = accept_one(self, sock0);

		pass_descriptor(given_descriptor(next), sock);
		close(sock);
	}
}

static void answer(struct process *self, int sock)
{
	char text[64];
	ssize_t length = read(sock, text, sizeof(text));

	tell_call(self, "read", length);
	await_word(self);
	tell_call(self, "write", write(sock, text, length > 0 ? (size_t)length : 0));
}

/* Greets who is passed to it, and says to each what it hears. */
static void worker(struct process *self, const void *context)
{
	struct pollfd fds[8] = { { .fd = given_descriptor(0), .events = POLLIN } };
	nfds_t count = 1;

	(void)context;
	for (;;) {
		await_word(self);
		poll(fds, count, -1);
		for (nfds_t i = 1; i < count; i++)
			if (fds[i].revents)
				answer(self, fds[i].fd);
		if (!fds[0].revents)
			continue;
		int sock = receive_descriptor(fds[0].fd);

		fds[count++] = (struct pollfd){ .fd = sock, .events = POLLIN };
		tell_call(self, "write", write(sock, "HELLO", 5));
	}
}

/* Listens, and leaves accept() to its workers, who share the listening socket. */
static void sharing_parent(struct process *self, const void *context)
{
	int sock0 = listen_everywhere(self, context);

	for (int i = 0; i < WORKERS; i++)
		pass_descriptor(given_descriptor(i), sock0);
	await_word(self);
}

/* Waits in accept() when it is told to, and does nothing for its clients. */
static void accepting_worker(struct process *self, const void *context)
{
	int sock0 = receive_descriptor(given_descriptor(0));

	(void)context;
	for (;;) {
		await_word(self);
		accept_one(self, sock0);
	}
}

/* What the processes of a crew do. */
struct roles {
	void (*parent)(struct process *self, const void *context);
	void (*worker)(struct process *self, const void *context);
	int backlog;
};

/* A parent, and its workers in the order in which they get the clients. */
struct crew {
	struct process *parent, *workers[WORKERS];
	struct listener *listener;
};

static struct crew start_crew(struct scene *net, struct roles roles)
{
	static const char *const names[WORKERS] = { "worker 1", "worker 2" };
	struct server_options options = { over_ipv6(net), roles.backlog, wait_for_input };
	struct crew crew;
	int channels[WORKERS][2];

	for (int i = 0; i < WORKERS; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channels[i]) < 0)
			broken("cannot make a pair of sockets: %s", strerror(errno));
		crew.workers[i] = start_process(net, .name = names[i], .play = roles.worker,
						.given = { channels[i][1] });
	}
	crew.parent =
		start_process(net, .name = "parent", .play = roles.parent, .context = &options,
			      .given = { channels[0][0], channels[1][0] });
	for (int i = 0; i < WORKERS; i++) {
		close(channels[i][0]);
		close(channels[i][1]);
	}
	crew.listener = expect_process_listens(
		crew.parent, (struct foreign_options){ .port = PORT, .backlog = options.backlog });
	return crew;
}

/* The parent accepts the client and passes it on, and the worker greets it. */
static struct end *pass_on(struct crew *crew, struct end *client, struct process *worker)
{
	struct end *served;

	give_word(crew->parent);
	served = expect_process_accepts(crew->parent, client);
	hear_hello(worker, served, client);
	return served;
}

/*
 * The client says something, and its worker says the same. Each ACK is waited for: ends that talk
 * to each other may delay theirs, for 40 ms (TCP_DELACK_MIN).
 */
static void talk(struct process *worker, struct end *client, struct end *served)
{
	send_text(client, "AGAIN");
	wait_for(client, .sent = 3, .from = SERVER, .within = 0.1);
	expect_ladder(client,
		      "-    >  DATA 5",
		      "+0.0 <  ACK");
	let_process_answer(worker, served, "AGAIN");
	wait_for(client, .sent = 5, .from = CLIENT, .within = 0.1);
	expect_read(client, "AGAIN");
	expect_ladder(client,
		      "-    <  DATA 5",
		      "+0.0 >  ACK");
}

CASE(parent_that_passes_descriptors_and_stalls_overflows_while_its_workers_serve, .claims = "D2-28",
     .kernel_seconds = 1)
{
	struct crew crew =
		start_crew(net, (struct roles){ accepting_parent, worker, .backlog = 1 });
	struct end *ends[WORKERS];

	STEP("the parent accepts two clients, and its workers greet them");
	struct end **served = connect_clients(net, crew.listener, WORKERS);
	for (int i = 0; i < WORKERS; i++)
		ends[i] = pass_on(&crew, served[i], crew.workers[i]);
	expect_queue(crew.listener, .accept = 0, .syn = 0);

	STEP("the parent stalls: backlog + 1 connections wait");
	struct end **waiting = connect_clients(net, crew.listener, 2);
	expect_queue(crew.listener, .accept = 2, .syn = 0);

	STEP("the next client's SYN is dropped");
	struct end *late = drop_late_client(crew.listener, 2);

	STEP("the workers go on serving whom they have");
	for (int i = 0; i < WORKERS; i++)
		talk(crew.workers[i], served[i], ends[i]);
	expect_read_error(waiting[0], EAGAIN);
	expect_silence(waiting[0]);
	expect_queue(crew.listener, .accept = 2, .syn = 0);

	STEP("the parent goes on: the queue is empty, and that alone does nothing for the late "
	     "one");
	for (int i = 0; i < 2; i++)
		pass_on(&crew, waiting[i], crew.workers[i]);
	expect_queue(crew.listener, .accept = 0, .syn = 0);
	expect_silence(late);

	STEP("the late client's SYN comes again by itself, and gets in");
	late_client_gets_in(late);
	pass_on(&crew, late, crew.workers[0]);
	expect_queue(crew.listener, .accept = 0, .syn = 0);
}

/* ---- workers that wait in accept() ---------------------------------------------------------- */

/* A client connects, and of those that wait only this worker is woken. */
static void expect_to_wake(struct crew *crew, int woken)
{
	struct scene *net = crew->listener->scene;
	long naps[WORKERS];

	for (int i = 0; i < WORKERS; i++)
		naps[i] = process_rests(crew->workers[i]);
	struct end *client = connect_one(net, crew->listener);

	expect_process_accepts(crew->workers[woken], client);
	for (int i = 0; i < WORKERS; i++)
		if (i != woken && process_rests(crew->workers[i]) != naps[i])
			fail("worker %d was woken for the connection that is worker %d's", i + 1,
			     woken + 1);
	expect_queue(crew->listener, .accept = 0, .syn = 0);
}

static void wait_in_accept(struct process *worker)
{
	process_rests(worker);
	give_word(worker);
	process_rests(worker);
}

/* inet_csk_wait_for_connect(): each waits exclusively, at the end of the line. */
CASE(connection_wakes_only_the_process_that_has_waited_longest_in_accept, .claims = "D2-29",
     .covers = "X-36 P-42")
{
	struct crew crew =
		start_crew(net, (struct roles){ sharing_parent, accepting_worker, .backlog = 5 });

	process_rests(crew.parent); /* so it has passed the socket on */
	for (int i = 0; i < WORKERS; i++)
		wait_in_accept(crew.workers[i]);

	STEP("a SYN makes a request, and wakes nobody");
	long naps = process_rests(crew.workers[0]) + process_rests(crew.workers[1]);
	reset_ends_the_request(half_open_peer(net, crew.listener));
	if (process_rests(crew.workers[0]) + process_rests(crew.workers[1]) != naps)
		fail("a worker was woken, and there was nothing for it");
	expect_counters(net, SERVER, "reset_requests 1");

	STEP("two workers wait in accept(): a connection wakes the first of them");
	COVERS("X-36 P-42");
	expect_to_wake(&crew, 0);

	STEP("the next connection wakes the other worker");
	COVERS("P-42");
	expect_to_wake(&crew, 1);

	STEP("who waits again stands at the end of the line");
	wait_in_accept(crew.workers[1]);
	wait_in_accept(crew.workers[0]);
	expect_to_wake(&crew, 1);

	STEP("who waits again is woken after who waited before");
	expect_to_wake(&crew, 0);
}
