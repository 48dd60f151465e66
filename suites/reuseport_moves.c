/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a member of an SO_REUSEPORT group leaves behind with net.ipv4.tcp_migrate_req=1: connections
 * that wait move at once, and what a server does to reload.
 */
#define TOPIC "reuseport"
#define SERVER_SYSCTLS                                                                             \
	"net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0",                           \
		"net.ipv4.tcp_migrate_req=1"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <string.h>

/* inet_csk_listen_stop(): a connection keeps its socket, with all that has come for it */
CASE(connection_that_waits_moves_to_the_twin_with_its_data, .claims = "")
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);

	set_option(members.second, SOL_SOCKET, SO_KEEPALIVE, 1);
	STEP("a client waits at the first one, and has sent data");
	struct end *client = connect_one(net, members.first);
	speak(client, "HELLO");
	expect_in_queue_of(members.first, client);
	expect_queue(members.first, .accept = 1, .syn = 0);
	expect_queue(members.second, .accept = 0, .syn = 0);

	STEP("the first one closes: its connection is in the second one's queue");
	close_listener(members.first);
	expect_ladder(client, "-  .  moved");
	expect_in_queue_of(members.second, client);
	expect_queue(members.second, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("accept() gives it, with its data and the first one's options, and it goes on");
	struct end *served = accept_client(members.second, client);
	expect_option(served, SOL_SOCKET, SO_KEEPALIVE, 0);
	expect_read(served, "HELLO");
	expect_nothing_to_accept(members.second);
	send_text(served, "WORLD");
	wait_for(client, .sent = 4, .from = CLIENT, .within = 0.1);
	expect_ladder(client,
		      "-    <  DATA 5",
		      "+0.0 >  ACK");
	expect_read(client, "WORLD");
}

CASE(connection_moves_whatever_has_become_of_it_and_behind_those_who_wait_there, .claims = "")
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);

	STEP("one waits at the second one; at the first one four: one idle, one with data, one at "
	     "its end, one that was reset");
	struct peer *before = connected_peer(members.second);
	struct peer *idle = connected_peer(members.first);
	struct peer *speaks = connected_peer(members.first);
	struct peer *ends = connected_peer(members.first);
	struct peer *dead = connected_peer(members.first);
	speak(speaks, "HELLO");
	peer_send(ends, .flags = FIN | ACK);
	wait_for(ends, .sent = 2, .from = SERVER, .within = 0.1);
	expect_ladder(ends,
		      "-    >  FIN-ACK  - / CLOSE_WAIT",
		      "+0.0 <  ACK");
	peer_reset(dead);
	expect_ladder(dead, "-  >  RST  - / -");
	expect_queue(members.first, .accept = 4, .syn = 0);
	expect_counters(net, SERVER, "Tcp.EstabResets 1");

	STEP("the first one closes: all four move");
	close_listener(members.first);
	expect_ladder(idle, "-  .  moved");
	expect_ladder(speaks, "-  .  moved");
	expect_ladder(ends, "-  .  moved");
	expect_ladder(dead, "-  .  moved");
	expect_silence(before);
	expect_queue(members.second, .accept = 5, .syn = 0);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 4");

	STEP("the second one accepts its own, and then those that moved, in their order");
	accept_peer(members.second, before);
	expect_read_error(accept_peer(members.second, idle), EAGAIN);
	expect_read(accept_peer(members.second, speaks), "HELLO");
	expect_end_of_file(accept_peer(members.second, ends));
	expect_reset(accept_peer(members.second, dead));
	expect_nothing_to_accept(members.second);
}

/* A member, at this address, that is a process of its own: it accepts one client after another. */
static void accept_as_member(struct process *self, const void *address)
{
	int sock = listen_and_tell(self, address, SO_REUSEPORT, 5);
	long port;

	for (;;) {
		accept_with_port(sock, 0, &port);
		tell_call(self, "accept", port);
	}
}

/* The same of a member that is a process in accept(): it @wakes where a server in epoll does. */
static void move_to_process(struct scene *net, bool wakes)
{
	struct members old = listen_in_group(net, .count = 1, .backlog = 5);
	struct sockaddr_storage address = address_on(net, SERVER, old.first->port);

	STEP("in another group a process waits in accept(), and a connection waits at the "
	     "other member");
	struct end *first = connect_one(net, old.first);
	struct process *process = start_process(net, .name = "process", .play = accept_as_member,
						.context = &address);
	struct listener *twin = expect_process_listens(
		process, (struct foreign_options){ .port = old.first->port, .backlog = 5 });
	long slept = process_rests(process);

	STEP("that member closes: the process is woken where epoll was, and only there");
	COVERS("P-164 F-09");
	close_listener(old.first);
	expect_ladder(first, "-  .  moved");
	if (wakes)
		expect_process_accepts(process, first);
	else if (process_rests(process) != slept)
		fail("the process was woken, and who waits in epoll was not");
	expect_queue(twin, .accept = !wakes, .syn = 0);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("the next client wakes it in any case, and it accepts who waits");
	struct end *second = connect_one(net, twin);
	if (!wakes)
		expect_process_accepts(process, first);
	expect_process_accepts(process, second);
	expect_queue(twin, .accept = 0, .syn = 0);
}

/* Since commit 3864c6ba1e04 a move calls sk_data_ready() of the twin. */
CASE(connection_that_moves_wakes_who_waits_at_the_twin, .claims = "", .covers = "P-164 F-09",
     .variants = "twin-wakes twin-sleeps-on")
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);
	struct epoll_waiter *edge = wait_in_epoll(members.second, .edge_triggered = true);

	STEP("a connection waits at the first one of two; a server waits for the second one in "
	     "edge-triggered epoll");
	struct end *client = connect_one(net, members.first);
	expect_no_event(edge);

	STEP("the first one closes, and the connection moves");
	close_listener(members.first);
	expect_ladder(client, "-  .  moved");
	expect_acceptable(members.second);
	expect_queue(members.second, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");
	bool wakes = has_event(edge);
	saw_variant(net, wakes ? "twin-wakes" : "twin-sleeps-on");
	expect_no_event(edge);

	STEP("the next connection wakes it in any case, and both are there");
	struct end *next = connect_one(net, members.second);
	expect_event(edge);
	expect_no_event(edge);
	accept_client(members.second, client);
	accept_client(members.second, next);
	move_to_process(net, wakes);
}

/* inet_csk_reqsk_queue_add() does not ask how long the queue is */
CASE(connection_that_moves_makes_the_twins_queue_longer_than_its_limit, .claims = "",
     .covers = "P-165")
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 0, .moves = true);

	STEP("one waits at each of two, which have no room for another one");
	struct peer *first = connected_peer(members.first);
	struct peer *second = connected_peer(members.second);
	expect_queue(members.first, .accept = 1, .limit = 0, .syn = 0);
	expect_queue(members.second, .accept = 1, .limit = 0, .syn = 0);

	STEP("the first one closes: its connection moves into the full queue");
	COVERS("P-165");
	close_listener(members.first);
	expect_ladder(first, "-  .  moved");
	expect_queue(members.second, .accept = 2, .limit = 0, .syn = 0);
	expect_drops(members.second, 0);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("SYNs are dropped as long as the queue is longer than its limit");
	dropped_peer(net, members.second);
	accept_peer(members.second, second);
	dropped_peer(net, members.second);
	expect_drops(members.second, 2);
	expect_counters(net, SERVER, "overflows 2");

	STEP("then the next one gets in");
	accept_peer(members.second, first);
	connected_peer(members.second);
	expect_queue(members.second, .accept = 1, .limit = 0, .syn = 0);
}

/* reuseport_migrate_sock(): nobody listens any more, and that is counted */
CASE(last_member_has_nowhere_to_move_them, .claims = "", .kernel_seconds = 1)
{
	struct members members = listen_in_group(net, .count = 1, .backlog = 5, .moves = true);

	STEP("a connection waits, and two requests");
	struct end *waiting = connect_one(net, members.first);
	struct peer *peer = half_open_peer(net, members.first);
	struct peer *silent = half_open_peer(net, members.first);
	expect_queue(members.first, .accept = 1, .syn = 2);

	STEP("the only member closes: the connection is reset");
	close_listener(members.first);
	expect_reset_by_server(waiting);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1  Tcp.OutRsts 1  TCPMigrateReqFailure 1");

	STEP("a request's ACK is reset");
	peer_ack(peer);
	expect_ladder(peer,
		      "-    >  ACK  - / -",
		      "+0.0 <  RST");
	expect_counters(net, SERVER, "TCPMigrateReqFailure 1  Tcp.OutRsts 1");

	STEP("the other request ends with its timer");
	wait_for(silent, .gone = true, .host = SERVER, .within = 1);
	expect_ladder(silent, "1.0  .  - / -");
	expect_counters(net, SERVER, "TCPMigrateReqFailure 1");
}

/* __reuseport_add_closed_sock(): each stays in the group as long as something refers to it */
CASE(what_several_members_leave_behind_comes_to_the_last_one, .claims = "")
{
	struct members members = listen_in_group(net, .count = 3, .backlog = 5, .moves = true);

	STEP("requests at the first and the second of three, and a connection at the second one; "
	     "both close");
	struct peer *of_first = half_open_peer(net, members.first);
	struct peer *of_second = half_open_peer(net, members.second);
	struct peer *waiting = connected_peer(members.second);
	close_listener(members.first);
	close_listener(members.second);
	expect_ladder(waiting, "-  .  moved");
	expect_in_queue_of(members.third, waiting);
	expect_queue(members.third, .accept = 1, .syn = 2);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("both requests move to the third one with their ACKs, the older one last");
	peer_ack(of_second);
	expect_ladder(of_second, "-  >  ACK  moved  - / ESTABLISHED");
	peer_ack(of_first);
	expect_ladder(of_first, "-  >  ACK  moved  - / ESTABLISHED");
	expect_queue(members.third, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 2");

	STEP("a fourth one joins, and the third one closes: all three move, in their order, one of "
	     "them once more");
	struct listener *fourth =
		listen_on_server(net, .group = members.group, .backlog = 5, .name = "fourth");
	close_listener(members.third);
	expect_ladder(waiting, "-  .  moved");
	expect_ladder(of_second, "-  .  moved");
	expect_ladder(of_first, "-  .  moved");
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 3");
	accept_peer(fourth, waiting);
	accept_peer(fourth, of_second);
	accept_peer(fourth, of_first);
}

/*
 * reuseport_migrate_sock(): the hash of each connection's addresses and ports chooses. That all of
 * 20 go to one of two comes in one of 500,000 boots.
 */
CASE(what_a_member_leaves_behind_is_spread_over_those_who_stay, .claims = "")
{
	struct members members = listen_in_group(net, .count = 3, .backlog = 5, .moves = true);
	int moved[2] = { 0 };

	STEP("a connection waits at the first of three, which is shut down and listens again, 20 "
	     "times: some go to the second one, and some to the third one");
	for (int i = 0; i < 20; i++) {
		struct peer *peer = connected_peer(members.first);

		shutdown_listener(members.first, SHUT_RD);
		expect_ladder(peer, "-  .  moved");
		struct listener *chosen = member_of(peer);
		moved[chosen == members.third]++;
		accept_peer(chosen, peer);
		listen_again(members.first, 5);
	}
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 20");
	if (!moved[0] || !moved[1])
		fail("%d of 20 connections moved to the second one, and %d to the third one",
		     moved[0], moved[1]);
}

/*
 * A member whose port the kernel has chosen gets another one when it listens again; one that has
 * asked for the port keeps it.
 */
static void lose_the_chosen_port(struct scene *net)
{
	const struct socket_option in_group = OPTION(SOL_SOCKET, SO_REUSEPORT, 1);
	struct plain_socket *chosen = socket_on(net, SERVER, .options = { in_group });
	struct plain_socket *joins = socket_on(net, SERVER, .options = { in_group });
	struct sockaddr_storage everywhere = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof(everywhere);

	expect_call(chosen, "listen", 0, listen(chosen->fd, 5));
	expect_call(chosen, "getsockname", 0,
		    getsockname(chosen->fd, (struct sockaddr *)&everywhere, &length));
	int port = address_port(&everywhere);
	expect_call(joins, "bind", 0, bind_to(joins, everywhere));
	expect_call(joins, "listen", 0, listen(joins->fd, 5));
	expect_call(chosen, "shutdown", 0, shutdown(chosen->fd, SHUT_RD));
	expect_call(joins, "shutdown", 0, shutdown(joins->fd, SHUT_RD));
	expect_call(chosen, "listen", 0, listen(chosen->fd, 5));
	expect_call(joins, "listen", 0, listen(joins->fd, 5));
	if (local_port(chosen->fd) == port || local_port(joins->fd) != port)
		fail("the ports were %d, and are %d and %d", port, local_port(chosen->fd),
		     local_port(joins->fd));
}

/* inet_csk_listen_start() again: reuseport_resurrect() */
CASE(shutdown_moves_what_waits_and_listen_brings_the_member_back, .claims = "", .covers = "P-163")
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);

	STEP("a connection waits at the first one, and another one's ACK is on its way to it");
	struct peer *waiting = connected_peer(members.first);
	struct end *late = client_with_held_ack(members.first);

	STEP("shutdown() of the first one: the connection moves");
	shutdown_listener(members.first, SHUT_RD);
	expect_ladder(waiting, "-  .  moved");
	expect_queue(members.second, .accept = 1, .syn = 1);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("it listens again before the ACK comes: the request is its own, and nothing moves");
	listen_again(members.first, 5);
	release_segments(net);
	expect_states(late, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_in_queue_of(members.first, late);
	expect_queue(members.first, .accept = 1, .syn = 0);
	expect_queue(members.second, .accept = 1, .syn = 0);

	STEP("it has clients again, behind the other one in the kernel's order");
	struct peer *first = connected_peer(members.first);
	struct peer *second = connected_peer(members.second);
	expect_in_queue_of(members.first, first);
	expect_in_queue_of(members.second, second);
	accept_client(members.first, late);
	accept_peer(members.second, waiting);

	STEP("shutdown() of the second one moves its connection to the first one; a member whose "
	     "port the kernel has chosen has another one when it listens again");
	COVERS("P-163");
	shutdown_listener(members.second, SHUT_RDWR);
	expect_ladder(second, "-  .  moved");
	expect_queue(members.first, .accept = 2, .syn = 0);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");
	lose_the_chosen_port(net);
}

/* ---- a reload -------------------------------------------------------------------------------- */

/* What becomes of the client, where requests and connections migrate and where they do not. */
static void expect_after_reload(struct end *client, enum stage stage, bool moves)
{
	if (stage == SYN_ON_ITS_WAY)
		expect_ladder(client,
			      "+0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
			      "+0.0  >  ACK      ESTABLISHED / ESTABLISHED");
	else if (stage == SYN_ACK_ON_ITS_WAY && moves)
		expect_ladder(client, "+0.0  >  ACK  moved  ESTABLISHED / ESTABLISHED");
	else if (stage == SYN_ACK_ON_ITS_WAY)
		expect_ladder(client,
			      "+0.0  >  ACK  ESTABLISHED / -",
			      "+0.0  <  RST  - / -");
	else if (stage == ACK_ON_ITS_WAY && moves)
		expect_silence(client);
	else if (stage == ACK_ON_ITS_WAY)
		expect_ladder(client, "+0.0  <  RST  - / -");
	else
		expect_ladder(client, moves ? "-  .  moved" : "-  <  RST-ACK  - / -");
}

/* The new member joins, and the old one closes. */
static void reload_at(struct scene *net, enum stage stage, bool moves)
{
	struct members members = listen_in_group(net, .count = 1, .backlog = 5);
	bool lost = !moves && stage != SYN_ON_ITS_WAY;

	STEP("the server reloads while a client connects, and %s", stage_words(stage));
	struct end *client = client_at_stage(members.first, stage, "HELLO");
	struct listener *renewed =
		listen_on_server(net, .group = members.group, .backlog = 5, .name = "new");
	close_listener(members.first);
	release_segments(net);
	expect_after_reload(client, stage, moves);
	if (moves && stage != SYN_ON_ITS_WAY)
		expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	if (lost) {
		expect_nothing_to_accept(renewed);
		expect_reset(client);
		expect_counters(net, CLIENT, "Tcp.EstabResets 1");
		if (stage >= IN_THE_QUEUE)
			expect_counters(net, SERVER, "Tcp.EstabResets 1");
		return;
	}
	expect_connected(client);
	struct end *served = accept_client(renewed, client);
	if (stage == WITH_DATA)
		expect_read(served, "HELLO");
	speak(client, "AGAIN");
	expect_read(served, "AGAIN");
}

CASE(reload_resets_who_has_come_further_than_its_syn, .claims = "",
     .server_sysctls = { "net.ipv4.tcp_migrate_req=0" })
{
	for (int stage = 0; stage < STAGES; stage++)
		reload_at(net, (enum stage)stage, false);
}

CASE(reload_loses_nobody_where_requests_migrate, .claims = "")
{
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 0"); /* else it is skipped */
	for (int stage = 0; stage < STAGES; stage++)
		reload_at(net, (enum stage)stage, true);
}
