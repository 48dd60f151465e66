/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several sockets listen on one port: SO_REUSEPORT. Which of them gets a client, and what becomes
 * of requests and connections of one that ends: net.ipv4.tcp_migrate_req. A filter on the client's
 * port makes the kernel's choice certain, where a case needs one.
 */
#define TOPIC          "reuseport"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>

#define MIGRATES "net.ipv4.tcp_migrate_req=1"

/* Two members of one port, and a filter that chooses whom the case means. */
struct twins {
	struct group *group;
	struct listener *first, *second;
};

static struct twins listen_as_twins(struct scene *net, int backlog)
{
	struct twins twins = { .group = reuseport_group(net) };

	twins.first =
		listen_on_server(net, .group = twins.group, .backlog = backlog, .name = "first");
	twins.second =
		listen_on_server(net, .group = twins.group, .backlog = backlog, .name = "second");
	steer_by_port(twins.group);
	return twins;
}

/* ---- one ends, and others go on -------------------------------------------------------------- */

/* inet_csk_listen_stop(): a connection keeps its socket, and so all that has come for it */
CASE(connection_that_waits_moves_to_the_twin_with_its_data, .claims = "",
     .server_sysctls = { MIGRATES })
{
	struct twins twins = listen_as_twins(net, 5);

	STEP("a client waits at the first one, and has sent data");
	struct end *client = connect_one(net, twins.first);
	speak(client, "HELLO");
	expect_in_queue_of(twins.first, client);
	expect_queue(twins.first, .accept = 1, .syn = 0);
	expect_queue(twins.second, .accept = 0, .syn = 0);

	STEP("the first one closes: its connection is in the second one's queue");
	close_listener(twins.first);
	expect_ladder(client, "-  .  moved");
	expect_in_queue_of(twins.second, client);
	expect_queue(twins.second, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("accept() gives it, with its data");
	struct end *served = accept_client(twins.second, client);
	expect_read(served, "HELLO");
	expect_nothing_to_accept(twins.second);
}

/* reqsk_timer_handler() */
CASE(request_moves_to_the_twin_with_its_timer, .claims = "", .kernel_seconds = 1,
     .server_sysctls = { MIGRATES })
{
	struct twins twins = listen_as_twins(net, 5);

	STEP("a request at the first one, which closes: nothing happens to it");
	struct peer *peer = half_open_peer(net, twins.first);
	close_listener(twins.first);
	expect_silence(peer);
	expect_queue(twins.second, .accept = 0, .syn = 1);

	STEP("its timer fires: the second one sends the SYN-ACK again");
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  <  SYN-ACK  moved");
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1  TCPTimeouts 1");

	STEP("its ACK makes the connection, which the second one accepts");
	ack_makes_the_connection(peer);
	accept_peer(twins.second, peer);
}

/* tcp_v4_rcv(), inet_csk_complete_hashdance() */
CASE(request_moves_to_the_twin_with_its_final_ack, .claims = "", .server_sysctls = { MIGRATES })
{
	struct twins twins = listen_as_twins(net, 5);

	STEP("the first one closes while a client's ACK is on its way to it");
	hold_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	struct end *client = connect_client(net, twins.first);
	expect_connected(client);
	close_listener(twins.first);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      held");
	expect_queue(twins.second, .accept = 0, .syn = 1);

	STEP("the ACK makes the connection, at the second one");
	release_segments(net);
	expect_states(client, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_in_queue_of(twins.second, client);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");
	accept_client(twins.second, client);
}

CASE(filter_that_names_nobody_leaves_the_choice_to_the_hash, .claims = "")
{
	struct twins twins = listen_as_twins(net, 32);
	int chosen[2] = { 0 };

	STEP("32 peers connect");
	for (int i = 0; i < 32; i++) {
		struct peer *peer = half_open_peer(net, any_member(twins.group));

		ack_makes_the_connection(peer);
		chosen[member_of(peer) == twins.second]++;
	}
	if (!chosen[0] || !chosen[1])
		fail("no");
	expect_queue(twins.first, .accept = chosen[0], .syn = 0);
	expect_queue(twins.second, .accept = chosen[1], .syn = 0);
}
