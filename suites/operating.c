/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ss and nstat show an operator in each situation: docs/operating.md quotes commands.log.
 */
#define TOPIC          "operating"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0"
#include "fixtures/fixtures.h"

#include <errno.h>

#define COMMANDS "program:ss program:nstat"

/* The commands of docs/operating.md, on both hosts, as they are typed there. */
static void look_around(struct scene *net)
{
	run_program(net, .host = CLIENT, .name = "commands", .argv = { "ss", "-tn" });
	run_program(net, .host = SERVER, .name = "commands", .argv = { "ss", "-ltn" });
	run_program(net, .host = SERVER, .name = "commands",
		    .argv = { "ss", "-tn", "state", "syn-recv" });
	run_program(net, .host = SERVER, .name = "commands", .argv = { "ss", "-tn" });
	run_program(net, .host = SERVER, .name = "commands",
		    .argv = { "nstat", "-as", "TcpExtListen*", "TcpExtTCPReqQFull*",
			      "TcpExtSyncookies*", "TcpExtTCPDeferAcceptDrop" });
}

/* ---- the accept queue ---------------------------------------------------------------------- */

CASE(operator_sees_connections_that_the_server_is_slow_to_accept, .claims = "", .needs = COMMANDS,
     .server_sysctls = { "net.core.somaxconn=5" })
{
	struct listener *server = listen_on_server(net, .backlog = 511);

	STEP("two clients are connected, one has sent its request, and nobody has called accept()");
	struct end *client = connect_clients(net, server, 2)[0];
	speak(client, "HELLO");
	look_around(net);
	expect_queue(server, .accept = 2, .syn = 0);
}

CASE(operator_sees_a_syn_that_a_full_accept_queue_drops, .claims = "", .needs = COMMANDS)
{
	struct listener *server = listen_on_server(net, .backlog = 2);

	fill_the_queue(server, .count = 3);

	STEP("the accept queue is full, and a client's SYN is dropped");
	drop_late_client(server, 3);
	look_around(net);
}

CASE(operator_sees_a_final_ack_that_a_full_accept_queue_ignores, .claims = "", .needs = COMMANDS)
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = meet_a_full_queue(server).late;

	STEP("the final ACK of one client more is ignored");
	release_segments(net);
	expect_silence(late);
	look_around(net);
	expect_queue(server, .accept = 3, .syn = 1);
	expect_counters(net, SERVER, "overflows 1");
}

CASE(operator_sees_a_final_ack_that_a_full_accept_queue_resets, .claims = "", .needs = COMMANDS,
     .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *late = meet_a_full_queue(server).late;

	STEP("the final ACK of one client more is answered with RST");
	release_segments(net);
	expect_ladder(late, "+0.0  <  RST  - / -");
	expect_read_error(late, ECONNRESET);
	look_around(net);
	expect_queue(server, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "overflows 1  EmbryonicRsts 1");
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
}

CASE(operator_sees_a_listener_that_has_closed, .claims = "", .needs = COMMANDS)
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct end *waiting = fill_the_queue(server, .count = 1)[0];

	STEP("the listener is closed: who waited is reset, who comes is refused");
	close_listener(server);
	expect_ladder(waiting, "-  <  RST-ACK  - / -");
	expect_read_error(waiting, ECONNRESET);
	struct end *late = connect_client(net, server, .name = "late");
	expect_connect_to_end(late, ECONNREFUSED, 0);
	expect_ladder(late,
		      "-    >  SYN      SYN_SENT / -",
		      "0.0  <  RST-ACK  - / -");
	look_around(net);
	expect_counters(net, SERVER, "Tcp.EstabResets 1");
	expect_counters(net, CLIENT, "Tcp.AttemptFails 1  Tcp.EstabResets 1");
}

/* ---- the SYN queue ------------------------------------------------------------------------- */

CASE(operator_sees_syns_that_a_full_syn_queue_drops, .claims = "", .needs = COMMANDS,
     .server_sysctls = { "net.ipv4.tcp_max_syn_backlog=4" })
{
	struct listener *server = listen_on_server(net, .backlog = 128);
	struct peer *peers[4];

	STEP("peers that do not answer SYN-ACKs fill tcp_max_syn_backlog: a client's SYN is "
	     "dropped");
	half_open_peers(server, peers, 4);
	dropped_client(net, server, .name = "late");
	look_around(net);
	expect_queue(server, .accept = 0, .syn = 4);
	expect_counters(net, SERVER, "ListenDrops 1");

	STEP("the backlog is shorter now: the next SYN is dropped because of that");
	listen_again(server, 2);
	dropped_client(net, server, .name = "later");
	look_around(net);
	expect_queue(server, .accept = 0, .syn = 4);
	expect_counters(net, SERVER, "syn_overflows 1");
}

CASE(operator_sees_a_client_that_connects_by_a_cookie, .claims = "", .needs = COMMANDS,
     .server_sysctls = { "net.ipv4.tcp_syncookies=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 128);
	struct peer *peers[4];

	STEP("four half-open requests are more than the backlog, and a client gets a cookie");
	half_open_peers(server, peers, 4);
	listen_again(server, 2);
	connect_through_cookie(net, server, .name = "client");
	look_around(net);
	expect_queue(server, .accept = 1, .syn = 4);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}

CASE(operator_sees_a_client_whom_the_servers_answer_does_not_reach, .claims = "", .needs = COMMANDS)
{
	struct listener *server = listen_on_server(net, .backlog = 128);

	STEP("the SYN-ACK is lost on its way");
	drop_segments(net, .from = SERVER, .what = "SYN-ACK");
	struct end *client = connect_client(net, server, .name = "client");
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  lost");
	look_around(net);
	expect_queue(server, .accept = 0, .syn = 1);
}

/* ---- the server ---------------------------------------------------------------------------- */

CASE(operator_sees_a_client_that_waits_behind_tcp_defer_accept, .claims = "", .needs = COMMANDS)
{
	struct listener *server = listen_on_server(net, .backlog = 128, .defer = 10);

	STEP("a client is connected and has not sent anything yet");
	connect_deferred(net, server, .name = "client");
	look_around(net);
	expect_queue(server, .accept = 0, .syn = 1);
}

CASE(operator_sees_a_server_that_does_not_close, .claims = "", .needs = COMMANDS)
{
	struct listener *server = listen_on_server(net, .backlog = 128);
	struct end *client = fill_the_queue(server, .count = 1)[0];

	STEP("the server has accepted a client, which closes; the server does not");
	accept_client(server, client);
	close_first(client);
	look_around(net);
	expect_queue(server, .accept = 0, .syn = 0);
}

/* ---- the old connection ---------------------------------------------------------------------- */

CASE(operator_sees_a_client_that_its_old_connection_keeps_out, .claims = "", .needs = COMMANDS)
{
	struct listener *server = listen_on_server(net, .backlog = 128);

	STEP("a client's connection waits for accept(); its host crashes, and begins anew");
	struct end *old = connect_one(net, server);
	drop_segments(net, .from = CLIENT, .what = "RST");
	abort_end(old);
	expect_ladder(old, "-  >  RST-ACK  lost  - / ESTABLISHED");
	expect_counters(net, CLIENT, "Tcp.EstabResets 1  TCPAbortOnData 1");

	STEP("it connects from the same port, and a firewall drops what is of no connection");
	drop_segments(net, .from = SERVER, .what = "ACK");
	struct end *again = client_again(old);
	expect_ladder(again,
		      "-     >  SYN            SYN_SENT / -",
		      "+0.0  <  old ACK  lost");
	look_around(net);
	run_program(net, .host = SERVER, .name = "commands",
		    .argv = { "nstat", "-as", "TcpExtTCPSYNChallenge", "TcpExtTCPACKSkipped*",
			      "TcpExtPAWS*" });
	expect_silence(old);
	expect_counters(net, SERVER, "challenges 1");
}
