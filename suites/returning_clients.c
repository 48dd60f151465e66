/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client's kernel comes back from the port of a connection that the server still has: how long it
 * takes until it is in, and what a firewall on the way does to that.
 */
#define TOPIC          "the old connection"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <sys/socket.h>

/* ---- a client comes back --------------------------------------------------------------------- */

/* A client whose host has forgotten its connection, and what the server still has of it. */
struct forgotten {
	struct end *client, *served; /* served NULL: it waits for accept() */
};

/* The host crashed, or its RST was lost on the way. */
static void forget(struct end *client, const char *line)
{
	drop_segments(client->scene, .from = CLIENT, .what = "RST", .count = 1);
	abort_end(client);
	expect_ladder(client, line);
	stop_rules(client->scene);
}

static struct forgotten waiting_client(struct listener *server)
{
	struct end *client = connect_one(server->scene, server);

	forget(client, "-  >  RST-ACK  lost  - / ESTABLISHED");
	expect_counters(server->scene, CLIENT, "Tcp.EstabResets 1  TCPAbortOnData 1");
	return (struct forgotten){ client, NULL };
}

static struct forgotten accepted_client(struct listener *server)
{
	struct end *client = connect_one(server->scene, server);
	struct end *served = accept_client(server, client);

	forget(client, "-  >  RST-ACK  lost  - / ESTABLISHED");
	expect_counters(server->scene, CLIENT, "Tcp.EstabResets 1  TCPAbortOnData 1");
	return (struct forgotten){ client, served };
}

static struct forgotten client_in_close_wait(struct listener *server)
{
	struct end *client = connect_one(server->scene, server);
	struct end *served = accept_client(server, client);

	shutdown_end(client, SHUT_WR);
	wait_for(client, .state = FIN_WAIT2, .host = CLIENT, .within = 0.1);
	expect_ladder(client,
		      "-    >  FIN-ACK  FIN_WAIT1 / CLOSE_WAIT",
		      "+0.0 <  ACK      FIN_WAIT2 / CLOSE_WAIT");
	forget(client, "-  >  RST-ACK  lost  - / CLOSE_WAIT");
	expect_counters(server->scene, CLIENT, "TCPAbortOnData 1");
	return (struct forgotten){ client, served };
}

/* What the server then has of the old connection. */
struct comer {
	const char *what;
	struct forgotten (*make)(struct listener *server);
	const char *challenge;
	int error; /* that read() of the server gives when the old connection is reset; 0: the end
		    */
};

static const struct comer comers[] = {
	{ "waits for accept()", waiting_client, "challenges 1", ECONNRESET },
	{ "was accepted", accepted_client, "challenges 1", ECONNRESET },
	{ "is in CLOSE_WAIT", client_in_close_wait, "TCPChallengeACK 1  TCPSYNChallenge 1", 0 },
};

static void expect_to_be_dead(struct end *served, int error)
{
	if (error)
		expect_reset(served);
	else
		expect_end_of_file(served);
}

static void get_in_again(struct scene *net, const struct comer *row)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the old connection %s, and the client's host has forgotten it", row->what);
	struct forgotten old = row->make(server);

	STEP("a SYN from the same port is challenged, and the RST makes room for the next one");
	struct end *again = client_again(old.client);
	wait_for(again, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_ladder(again,
		      "-    >  SYN      SYN_SENT / -",
		      "+0.0 <  old ACK",
		      "+0.0 >  RST",
		      "0.0  >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_ladder(old.client, "+0.0  .  - / -");
	expect_connected(again);
	expect_isn(again, .by_clock = true);
	expect_queue(server, .accept = old.served ? 1 : 2, .syn = 0);
	expect_counters(net, CLIENT, "TCPTimeouts 1");
	expect_counters(net, SERVER, "%s  Tcp.EstabResets 1", row->challenge);

	STEP("the old connection is dead, but accept() gives it all the same, before the new one");
	if (!old.served)
		old.served = accept_client(server, old.client);
	expect_to_be_dead(old.served, row->error);
	accept_client(server, again);
	expect_nothing_to_accept(server);
}

/*
 * RFC 9293, 3.5.1: half-open connections. After such an ACK a Linux client sends its SYN again at
 * once, not after a second (TCP_TIMEOUT_MIN in tcp_rcv_synsent_state_process(), commit
 * 9603d47bad46).
 */
CASE(client_that_comes_back_from_its_old_port_is_in_at_once_with_its_second_syn, .claims = "")
{
	for (size_t i = 0; i < ARRAY_LENGTH(comers); i++)
		get_in_again(net, &comers[i]);
}

/* The client's SYNs have changed nothing at the server, and nothing ever will. */
static void expect_nothing_changed(struct listener *server, struct forgotten old)
{
	struct scene *net = server->scene;
	struct end *client = old.client;
	enum tcp_state state;

	STEP("the server still has the old connection, at whose other end nobody is");
	expect_silence(client);
	if (!old.served)
		old.served = accept_client(server, client);
	state = state_of(client, SERVER);
	if (state == ESTABLISHED)
		expect_read_error(old.served, EAGAIN);
	expect_nothing_to_accept(server);
}

static void be_kept_out_without_ack(struct scene *net, const struct comer *row, bool linear)
{
	int syns = linear ? 3 : 2;
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the old connection %s; a firewall drops ACKs of what it does not know", row->what);
	struct forgotten old = row->make(server);
	drop_segments(net, .from = SERVER, .what = "ACK");

	STEP("no SYN from the same port gets an answer: connect() times out");
	struct end *again = client_again(old.client);
	expect_connect_to_end(again, ETIMEDOUT, 3);
	expect_ladder(again,
		      "-    >  SYN              SYN_SENT / -",
		      "+0.0 <  old ACK  lost",
		      "1.0  >  SYN",
		      "+0.0 <  old ACK  lost",
		      "[linear]       2.0  >  SYN",
		      "[linear]       +0.0 <  old ACK  lost",
		      "3.0  .                  - / -");
	expect_counters(net, CLIENT, "TCPTimeouts %d  TCPAbortOnTimeout 1  Tcp.AttemptFails 1",
			syns);
	expect_counters(net, SERVER, "TCPSYNChallenge %d  TCPChallengeACK %d  Tcp.InErrs %d", syns,
			syns, row->error ? syns : 0);
	stop_rules(net);
	expect_nothing_changed(server, old);
}

#define LAST_SYNS                                                                                  \
	.client_sysctls = { "net.ipv4.tcp_syn_retries=1" },                                        \
	.variants = "linear-syn-timeouts exponential-syn-timeouts"

CASE(client_that_comes_back_times_out_where_a_firewall_drops_the_challenge, .claims = "",
     .kernel_seconds = 9, LAST_SYNS)
{
	bool linear = syn_timeouts_are_linear(net);

	for (size_t i = 0; i < ARRAY_LENGTH(comers); i++)
		be_kept_out_without_ack(net, &comers[i], linear);
}

static void be_kept_out_without_reset(struct scene *net, const struct comer *row, bool linear)
{
	int syns = linear ? 4 : 2;
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the old connection %s; a firewall drops RSTs of what it does not know", row->what);
	struct forgotten old = row->make(server);
	drop_segments(net, .from = CLIENT, .what = "RST");

	STEP("each SYN from the same port gets the old connection's ACK: connect() times out");
	struct end *again = client_again(old.client);
	expect_connect_to_end(again, ETIMEDOUT, 3);
	expect_ladder(again,
		      "-    >  SYN           SYN_SENT / -",
		      "+0.0 <  old ACK",
		      "+0.0 >  RST  lost",
		      "0.0  >  SYN  ignored",
		      "[linear]  1.0  >  SYN",
		      "[linear]  +0.0 <  old ACK",
		      "[linear]  +0.0 >  RST  lost",
		      "[linear]  2.0  >  SYN",
		      "[linear]  +0.0 <  old ACK",
		      "[linear]  +0.0 >  RST  lost",
		      "[linear]       3.0  .  - / -",
		      "[exponential]  2.0  .  - / -");
	expect_counters(net, CLIENT, "TCPTimeouts %d  TCPAbortOnTimeout 1  Tcp.AttemptFails 1",
			syns);
	expect_counters(net, SERVER,
			"TCPSYNChallenge %d  TCPChallengeACK %d  TCPACKSkippedChallenge 1  "
			"Tcp.InErrs %d",
			syns, syns - 1, row->error ? syns : 0);
	stop_rules(net);
	expect_nothing_changed(server, old);
}

CASE(client_that_comes_back_times_out_where_a_firewall_drops_its_reset, .claims = "",
     .kernel_seconds = 9, LAST_SYNS)
{
	bool linear = syn_timeouts_are_linear(net);

	for (size_t i = 0; i < ARRAY_LENGTH(comers); i++)
		be_kept_out_without_reset(net, &comers[i], linear);
}

/* ---- a client comes back after close() ------------------------------------------------------ */

/* The server closes first, and the client has not closed yet. */
static struct forgotten client_of_closed_server(struct listener *server)
{
	struct scene *net = server->scene;
	struct end *client = connect_one(net, server);

	close_end(accept_client(server, client));
	wait_for(client, .state = FIN_WAIT2, .host = SERVER, .within = 0.2); /* a delayed ACK */
	expect_ladder(client,
		      "-    <  FIN-ACK  CLOSE_WAIT / FIN_WAIT1",
		      "+0.0 >  ACK      CLOSE_WAIT / FIN_WAIT2");
	return (struct forgotten){ client, NULL };
}

CASE(client_that_comes_back_while_the_server_is_in_time_wait_is_in_at_once, .claims = "")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the server closes first, and is in TIME_WAIT");
	struct end *old = client_of_closed_server(server).client;
	close_end(old);
	expect_ladder(old,
		      "-     >  FIN-ACK  LAST_ACK / TIME_WAIT",
		      "+0.0  <  ACK      - / TIME_WAIT");

	STEP("a SYN from the same port reopens the connection");
	struct end *again = client_again(old);
	expect_connected(again);
	expect_ladder(again,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_ladder(old, "+0.0  .  - / -");
	struct end *served = accept_client(server, again);

	STEP("it is one like any other");
	speak(again, "HELLO");
	expect_read(served, "HELLO");
}

/*
 * Its SYN comes a second later, since in the first 4 ms the client's new ISN is within the window
 * of the old connection, and the server answers with RST: see
 * syn_for_a_connection_in_fin_wait_2_is_reset_if_it_is_within_the_window.
 */
CASE(client_that_comes_back_while_the_server_is_in_fin_wait_2_is_in_with_its_second_syn,
     .claims = "", .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the server has closed, and the client's host forgets the connection");
	struct end *old = client_of_closed_server(server).client;
	forget(old, "-  >  RST-ACK  lost  - / FIN_WAIT2");
	expect_counters(net, CLIENT, "Tcp.EstabResets 1  TCPAbortOnData 1");

	ticking_request(net, server);
	STEP("a second later a SYN from the same port gets the old connection's ACK, and resets "
	     "it");
	struct end *again = client_again(old);
	wait_for(again, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_ladder(again,
		      "-    >  SYN      SYN_SENT / -",
		      "+0.0 <  old ACK",
		      "+0.0 >  RST",
		      "0.0  >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      ESTABLISHED / ESTABLISHED");
	expect_ladder(old, "+0.0  .  - / -");
	expect_connected(again);
	expect_counters(net, CLIENT, "TCPTimeouts 1");
	accept_client(server, again);
}
