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
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/fsuid.h>

#define MIGRATES "net.ipv4.tcp_migrate_req=1"

/* A group of so many, and a filter that chooses whom the case means. */
struct members {
	struct group *group;
	struct listener *first, *second, *third;
};

static struct members listen_in_group(struct scene *net, int count, int backlog)
{
	struct members members = { .group = reuseport_group(net) };
	struct listener **each[] = { &members.first, &members.second, &members.third };
	static const char *const names[] = { "first", "second", "third" };

	for (int i = 0; i < count; i++)
		*each[i] = listen_on_server(net, .group = members.group, .backlog = backlog,
					    .name = names[i]);
	steer_by_port(members.group);
	return members;
}

/*
 * The same on a kernel that moves what a member leaves behind, and counts that. Linux 5.10.262 has
 * the sysctl, and neither.
 */
static struct members listen_where_it_moves(struct scene *net, int count, int backlog)
{
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 0");
	return listen_in_group(net, count, backlog);
}

/* A raw peer connects, and waits in somebody's accept queue. */
static struct peer *connected_peer(struct listener *listener)
{
	struct peer *peer = half_open_peer(listener->scene, listener);

	ack_makes_the_connection(peer);
	return peer;
}

/* Its final ACK is on the wire, and the server has not got it. */
static struct end *client_with_its_ack_on_the_way(struct listener *listener)
{
	struct scene *net = listener->scene;

	hold_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	struct end *client = connect_client(net, listener);
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      held");
	return client;
}

/* ---- who gets a client ----------------------------------------------------------------------- */

/* reuseport_select_sock(), run_bpf_filter() */
CASE(syn_goes_to_the_member_that_the_filter_names_and_so_does_all_that_follows, .claims = "", )
{
	struct members members = listen_in_group(net, 3, 5);
	struct listener *each[] = { members.first, members.second, members.third };
	struct epoll_waiter *waiters[3];

	for (int i = 0; i < 3; i++)
		waiters[i] = wait_in_epoll(each[i], .edge_triggered = true);

	for (int i = 0; i < 3; i++) {
		STEP("a peer whom the filter sends to the %s one: only that one hears of it",
		     each[i]->name);
		struct peer *peer = half_open_peer(net, each[i]);
		syn_is_answered_again(peer);
		for (int k = 0; k < 3; k++)
			expect_no_event(waiters[k]);
		ack_makes_the_connection(peer);
		expect_in_queue_of(each[i], peer);
		for (int k = 0; k < 3; k++)
			expect_queue(each[k], .accept = k == i, .syn = 0);
		expect_event(waiters[i]);
		for (int k = 0; k < 3; k++)
			expect_no_event(waiters[k]);

		STEP("it speaks, and is accepted there");
		speak(peer, "HELLO");
		struct end *served = accept_peer(each[i], peer);
		expect_read(served, "HELLO");
		for (int k = 0; k < 3; k++)
			expect_nothing_to_accept(each[k]);
	}
}

/*
 * So many peers whom the filter sends to nobody, and how many went where. Each is accepted at once:
 * a ladder is the same whatever the hash chooses.
 */
static void spread(struct members *members, int count, int *accepted)
{
	struct listener *each[] = { members->first, members->second, members->third };

	for (int i = 0; i < count; i++) {
		struct peer *peer = connected_peer(any_member(members->group));
		struct listener *chosen = member_of(peer);

		accept_peer(chosen, peer);
		for (int k = 0; k < 3; k++)
			accepted[k] += each[k] == chosen;
	}
}

/*
 * reuseport_select_sock_by_hash(). The kernel draws its key once: that one of three gets none of 32
 * comes in one of 140,000 boots.
 */
CASE(filter_that_names_nobody_leaves_the_choice_to_the_hash, .claims = "", .covers = "P-156 P-159")
{
	struct members members = listen_in_group(net, 3, 64);
	struct listener *each[] = { members.first, members.second, members.third };
	int accepted[3] = { 0 };

	STEP("the filter gives 3, and there are members 0, 1 and 2: of 32 peers each gets some");
	COVERS("P-159");
	spread(&members, 32, accepted);
	for (int i = 0; i < 3; i++) {
		if (!accepted[i])
			fail("of 32 peers none went to the %s one", each[i]->name);
		expect_nothing_to_accept(each[i]);
	}

	STEP("a peer that is reset and comes again comes to the same member, three times");
	COVERS("P-156");
	struct peer *peer = connected_peer(any_member(members.group));
	struct listener *chosen = member_of(peer);
	for (int i = 0; i < 3; i++) {
		peer_reset(peer);
		expect_ladder(peer, "-  >  RST  - / -");
		peer_syn(peer);
		peer_ack(peer);
		expect_ladder(peer,
			      "-    >  SYN      - / SYN_RECV",
			      "+0.0 <  SYN-ACK",
			      "-    >  ACK      - / ESTABLISHED");
		expect_in_queue_of(chosen, peer);
	}
	for (int i = 0; i < 4; i++)
		accept_peer(chosen, peer);
	expect_counters(net, SERVER, "Tcp.EstabResets 3");
}

/* __reuseport_detach_sock(): socks[] keeps the last one behind its new end */
CASE(place_of_a_member_that_has_left_is_nobodys, .claims = "")
{
	struct members members = listen_in_group(net, 3, 5);
	int accepted[3] = { 0 };

	STEP("the first one leaves, and the last one has its place");
	close_listener(members.first);
	accept_client(members.third, connect_one(net, members.third));
	accept_client(members.second, connect_one(net, members.second));

	STEP("who is sent to the place that the last one had is spread over those who are left");
	spread(&members, 20, accepted);
	if (!accepted[1] || !accepted[2])
		fail("all of 20 peers went to one of two members");
}

/* Two groups of one member on one port: this one listens first, and that one gets the client. */
struct rivals {
	struct group_options first, second;
	bool second_gets_it;
	bool other_is_none; /* who does not get it does not get the next one either */
};

/* One client comes; then who got it closes, and another client comes. */
static void compete(struct scene *net, const struct rivals *rivals)
{
	struct group_options of_second = rivals->second;
	struct group *group = group_with(net, rivals->first);
	struct listener *first = listen_on_server(net, .group = group, .backlog = 5);
	struct listener *gets, *other;

	of_second.beside = group;
	struct listener *second =
		listen_on_server(net, .group = group_with(net, of_second), .backlog = 5);
	gets = rivals->second_gets_it ? second : first;
	other = rivals->second_gets_it ? first : second;

	struct end *client = connect_one(net, gets);
	expect_queue(gets, .accept = 1, .syn = 0);
	expect_queue(other, .accept = 0, .syn = 0);
	accept_client(gets, client);
	close_listener(gets);
	if (!rivals->other_is_none) {
		accept_client(other, connect_one(net, other));
		return;
	}
	struct end *late = connect_client(net, other);
	expect_connect_to_end(late, ECONNREFUSED, 0);
	expect_ladder(late,
		      "-    >  SYN      SYN_SENT / -",
		      "0.0  <  RST-ACK  - / -");
}

/* __inet_lookup_listener(), compute_score() */
CASE(specific_address_comes_before_the_wildcard_group, .claims = "", .covers = "P-157")
{
	const struct group_options address = { 0 }, wildcard = { .wildcard = true };
	const struct group_options on_device = { .wildcard = true, .device = "eth0" };
	const struct group_options elsewhere = { .device = "lo" };

	STEP("the server's address comes before the wildcard, whoever listened first");
	COVERS("P-157");
	compete(net, &(struct rivals){ address, wildcard, false, false });
	compete(net, &(struct rivals){ wildcard, address, true, false });

	STEP("and before the wildcard on the device");
	compete(net, &(struct rivals){ address, on_device, false, false });
	compete(net, &(struct rivals){ on_device, address, true, false });

	STEP("on another device it is none at all");
	compete(net, &(struct rivals){ wildcard, elsewhere, false, true });
	compete(net, &(struct rivals){ elsewhere, wildcard, true, true });
	expect_counters(net, CLIENT, "Tcp.AttemptFails 2");
}

/*
 * inet_lhash2_lookup(), inet6_lhash2_lookup(): who is bound to the device has the higher score, but
 * the search ends at the first socket that has SO_REUSEPORT: in IPv4 the last one that listened, in
 * IPv6 the first one (__inet_hash()).
 */
CASE(group_on_the_device_does_not_come_before_one_of_the_same_address, .claims = "")
{
	const struct group_options address = { 0 }, on_device = { .device = "eth0" };
	bool last = !over_ipv6(net);

	STEP("of two groups at the server's address, one on the device, the %s that listened gets "
	     "the client",
	     last ? "last" : "first");
	compete(net, &(struct rivals){ address, on_device, last, false });
	compete(net, &(struct rivals){ on_device, address, last, false });
}

/* A socket that binds the port, with the option or without. */
static struct plain_socket *binds(struct scene *net, int port, bool option, int error)
{
	struct plain_socket *socket = socket_on(net, SERVER);
	struct sockaddr_storage address =
		host_address(SERVER, over_ipv6(net) ? AF_INET6 : AF_INET, (uint16_t)port);

	expect_call(
		socket, "setsockopt SO_REUSEPORT", 0,
		setsockopt(socket->fd, SOL_SOCKET, SO_REUSEPORT, &(int){ option }, sizeof(int)));
	expect_call(socket, "bind", error,
		    bind(socket->fd, (struct sockaddr *)&address, sizeof(address)));
	return socket;
}

/* inet_csk_bind_conflict(); the owner is who has made the socket */
CASE(everybody_in_a_group_needs_the_option, .claims = "", .covers = "P-155", .needs = "root")
{
	struct group *group = reuseport_group(net);
	struct listener *member = listen_on_server(net, .group = group, .backlog = 5);
	struct listener *alone = listen_on_server(net, .backlog = 5);

	STEP("where a member listens, who has the option binds the port, and nobody else; where "
	     "somebody listens without it, nobody does; and nobody of another user's");
	COVERS("P-155");
	binds(net, member->port, true, 0);
	binds(net, member->port, false, EADDRINUSE);
	binds(net, alone->port, true, EADDRINUSE);
	binds(net, alone->port, false, EADDRINUSE);
	setfsuid(65534);
	binds(net, member->port, true, EADDRINUSE);
	setfsuid(0);
	binds(net, member->port, true, 0);
	expect_option(member, SOL_SOCKET, SO_REUSEPORT, 1);
	expect_option(alone, SOL_SOCKET, SO_REUSEPORT, 0);

	STEP("the option is looked at when another one binds, and may have come later");
	set_option(alone, SOL_SOCKET, SO_REUSEPORT, 1);
	binds(net, alone->port, true, 0);

	STEP("who is bound and does not listen gets no client");
	accept_client(member, connect_one(net, member));
	accept_client(alone, connect_one(net, alone));
}

/* reuseport_attach_prog(), reuseport_detach_prog() */
CASE(filter_belongs_to_the_group_and_may_be_replaced, .claims = "")
{
	struct members members = listen_in_group(net, 2, 64);
	struct listener *alone = listen_on_server(net, .backlog = 5);
	struct listener *each[] = { members.first, members.second };
	int accepted[3] = { 0 };

	for (uint32_t i = 0; i < 2; i++) {
		STEP("a filter that gives %u is attached to the other member, in place of the "
		     "last one: all go to the %s one",
		     i, each[i]->name);
		struct sock_filter same[] = { BPF_STMT(BPF_RET | BPF_K, i) };
		struct sock_fprog filter = { ARRAY_LENGTH(same), same };
		expect_call(each[!i], "setsockopt SO_ATTACH_REUSEPORT_CBPF", 0,
			    setsockopt(each[!i]->fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter,
				       sizeof(filter)));
		for (int k = 0; k < 8; k++) {
			struct peer *peer = connected_peer(any_member(members.group));

			expect_in_queue_of(each[i], peer);
			accept_peer(each[i], peer);
		}
	}

	STEP("it is taken off, once: the hash chooses");
	expect_call(members.first, "setsockopt SO_DETACH_REUSEPORT_BPF", 0,
		    setsockopt(members.first->fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &(int){ 0 },
			       sizeof(int)));
	expect_call(members.second, "setsockopt SO_DETACH_REUSEPORT_BPF", ENOENT,
		    setsockopt(members.second->fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &(int){ 0 },
			       sizeof(int)));
	spread(&members, 20, accepted);
	if (!accepted[0] || !accepted[1])
		fail("all of 20 peers went to one of two members");

	STEP("who is alone on a port, without the option, has no group");
	struct sock_filter same[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog filter = { ARRAY_LENGTH(same), same };
	expect_call(alone, "setsockopt SO_ATTACH_REUSEPORT_CBPF", EINVAL,
		    setsockopt(alone->fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter,
			       sizeof(filter)));
	expect_call(alone, "setsockopt SO_DETACH_REUSEPORT_BPF", EINVAL,
		    setsockopt(alone->fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &(int){ 0 },
			       sizeof(int)));
}

/* reuseport_grow(): the kernel has room for 128 members, and then for twice as many */
CASE(group_of_more_than_128_keeps_its_members_and_its_filter, .claims = "")
{
	struct members members = listen_in_group(net, 2, 5);

	STEP("129 others join the group");
	for (int i = 0; i < 129; i++) {
		struct plain_socket *other =
			socket_on(net, SERVER, .port = members.first->port,
				  .options = { OPTION(SOL_SOCKET, SO_REUSEPORT, 1) });

		if (listen(other->fd, 5) < 0)
			fail("listen() of %s: %s", other->name, strerror(errno));
	}

	STEP("whom the filter names still get their clients");
	accept_client(members.first, connect_one(net, members.first));
	accept_client(members.second, connect_one(net, members.second));
}

/*
 * tcp_conn_request() asks the one member that was chosen, and nobody chooses again. Of the
 * accept queue, and of the SYN queue.
 */
CASE(full_member_drops_while_its_twin_has_room, .claims = "", .covers = "X-09", .kernel_seconds = 1)
{
	struct group *group = reuseport_group(net);
	struct listener *full = listen_on_server(net, .group = group, .backlog = 0, .name = "full");
	struct listener *idle =
		listen_on_server(net, .group = group, .backlog = 64, .name = "idle");

	steer_by_port(group);
	STEP("one client fills the one member's accept queue");
	connect_one(net, full);
	expect_queue(full, .accept = 1, .syn = 0);
	expect_drops(full, 0);

	STEP("a SYN that is sent to it is dropped, and counted there");
	refused_peer(net, full, .name = "refused");
	expect_drops(full, 1);
	expect_drops(idle, 0);
	expect_counters(net, SERVER, "overflows 1");

	STEP("one that is sent to its twin gets in");
	struct peer *lucky = connected_peer(idle);
	expect_in_queue_of(idle, lucky);
	expect_queue(idle, .accept = 1, .syn = 0);

	STEP("without the filter, of 40 SYNs that the hash sends somewhere those to the full one "
	     "are dropped");
	COVERS("X-09");
	expect_call(full, "setsockopt SO_DETACH_REUSEPORT_BPF", 0,
		    setsockopt(full->fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &(int){ 0 },
			       sizeof(int)));
	struct flood flood = flood_listener(full, .syns = 40);
	int dropped = (int)(flood.syns - flood.answers);
	if (dropped == 0 || dropped == 40)
		fail("of 40 SYNs %d were dropped", dropped);
	expect_queue(full, .accept = 1, .syn = 40 - dropped);
	expect_queue(idle, .accept = 1, .syn = 40 - dropped);
	expect_drops(full, 1 + dropped);
	expect_drops(idle, 0);
	expect_counters(net, SERVER, "overflows %d", dropped);

	STEP("the others' requests end with their timers");
	set_sysctl(net, SERVER, "net.ipv4.tcp_synack_retries=0");
	wait_for_queue(idle, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "TCPTimeouts %d", 40 - dropped);
}

/* How many half-open requests the listener takes before it drops a SYN. They are left there. */
static int takes_requests(struct listener *listener, struct peer **peers)
{
	struct scene *net = listener->scene;

	for (int count = 0;; count++) {
		struct peer *peer = raw_peer(net, listener);

		peer_syn(peer);
		enum tcp_state state = state_of(peer, SERVER);
		if (state == NO_SOCKET) {
			expect_ladder(peer, "-  >  SYN  ignored");
			return count;
		}
		expect_ladder(peer,
			      "-    >  SYN      - / SYN_RECV",
			      "0.0  <  SYN-ACK");
		peers[count] = peer;
	}
}

/* Of a listener of that backlog that nobody has asked before. */
static int takes_requests_when_new(struct scene *net, int backlog)
{
	struct peer *peers[16];
	int count;

	STEP("how many requests a listener of the backlog %d takes", backlog);
	count = takes_requests(listen_on_server(net, .backlog = backlog, .name = "measure"), peers);
	peers_go_away(peers, count);
	expect_counters(net, SERVER, "syn_overflows 1  reset_requests %d  again", count);
	return count;
}

CASE(full_syn_queue_of_a_member_drops_while_its_twin_has_room, .claims = "")
{
	int limit = takes_requests_when_new(net, 4);
	struct members members = listen_in_group(net, 2, 4);
	struct peer *peers[2][16];

	STEP("the first one's SYN queue fills up, and the next SYN is dropped and counted there");
	if (takes_requests(members.first, peers[0]) != limit)
		fail("the first one's SYN queue does not take %d", limit);
	expect_drops(members.first, 1);
	expect_drops(members.second, 0);
	expect_queue(members.first, .accept = 0, .syn = limit);
	expect_counters(net, SERVER, "syn_overflows 1  again");

	STEP("the second one takes as many of its own");
	if (takes_requests(members.second, peers[1]) != limit)
		fail("the second one's SYN queue does not take %d", limit);
	expect_drops(members.first, 1);
	expect_drops(members.second, 1);
	expect_queue(members.second, .accept = 0, .syn = 2 * limit);
	expect_counters(net, SERVER, "syn_overflows 1  again");

	STEP("all go away");
	peers_go_away(peers[0], limit);
	peers_go_away(peers[1], limit);
	expect_queue(members.second, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "reset_requests %d  again", 2 * limit);
}

/* ---- one ends, and others go on: tcp_migrate_req=0 ------------------------------------------- */

/* inet_csk_listen_stop(), reqsk_timer_handler(), tcp_v4_rcv(): each asks for a twin, and gets none
 */
CASE(member_that_closes_resets_its_own_and_the_next_client_gets_the_twin, .claims = "",
     .covers = "X-15 P-158", .kernel_seconds = 1)
{
	struct members members = listen_in_group(net, 3, 5);

	STEP("at the first one a connection waits, and two requests");
	struct end *waiting = connect_one(net, members.first);
	struct peer *peer = half_open_peer(net, members.first);
	struct peer *silent = half_open_peer(net, members.first);
	expect_queue(members.first, .accept = 1, .syn = 2);

	STEP("it closes: the connection is reset, the requests stay");
	close_listener(members.first);
	expect_ladder(waiting, "-  <  RST-ACK  - / -");
	expect_reset(waiting);
	expect_silence(peer);
	expect_queue(members.second, .accept = 0, .syn = 2);
	expect_queue(members.third, .accept = 0, .syn = 2);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1  Tcp.OutRsts 1");

	STEP("the ACK of a request finds the twin, which knows nothing of it");
	COVERS("X-15");
	peer_ack(peer);
	expect_ladder(peer,
		      "-    >  ACK  - / -",
		      "+0.0 <  RST");
	expect_counters(net, SERVER, "Tcp.OutRsts 1");

	STEP("the other request ends with its timer, and its SYN-ACK is not sent again");
	wait_for(silent, .gone = true, .host = SERVER, .within = 1);
	expect_ladder(silent, "1.0  .  - / -");
	expect_drops(members.second, 0);

	STEP("a client comes to each of the others");
	accept_client(members.second, connect_one(net, members.second));
	accept_client(members.third, connect_one(net, members.third));

	STEP("a new member joins, and gets clients; then the oldest one closes, and the last one");
	COVERS("P-158");
	struct listener *fourth =
		listen_on_server(net, .group = members.group, .backlog = 5, .name = "fourth");
	accept_client(fourth, connect_one(net, fourth));
	close_listener(members.second);
	accept_client(fourth, connect_one(net, fourth));
	accept_client(members.third, connect_one(net, members.third));
	close_listener(fourth);
	accept_client(members.third, connect_one(net, members.third));
	expect_nothing_to_accept(members.third);
}

/* ---- one ends, and others go on: tcp_migrate_req=1 ------------------------------------------- */

/* inet_csk_listen_stop(): a connection keeps its socket, with all that has come for it */
CASE(connection_that_waits_moves_to_the_twin_with_its_data, .claims = "",
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 5);

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

CASE(connection_moves_whatever_has_become_of_it_and_behind_those_who_wait_there, .claims = "",
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 5);

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

	STEP("the second one accepts its own, and then they come in their order");
	accept_peer(members.second, before);
	expect_read_error(accept_peer(members.second, idle), EAGAIN);
	expect_read(accept_peer(members.second, speaks), "HELLO");
	expect_end_of_file(accept_peer(members.second, ends));
	expect_reset(accept_peer(members.second, dead));
	expect_nothing_to_accept(members.second);
}

/* What a process needs to join a group. */
struct place {
	int family, port;
};

/* A member that is a process of its own: it accepts one client after the other. */
static void accept_as_member(struct process *self, const void *context)
{
	const struct place *place = context;
	struct sockaddr_storage address =
		host_address(SERVER, place->family, (uint16_t)place->port);
	int sock = socket(place->family, SOCK_STREAM, 0), on = 1;

	setsockopt(sock, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	tell_call(self, "listen",
		  bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1
									       : listen(sock, 5));
	while (1) {
		struct sockaddr_in6 client = { .sin6_family = AF_UNSPEC };
		socklen_t length = sizeof(client);
		int fd = accept(sock, (struct sockaddr *)&client, &length);

		/* the port of either family is at the same place */
		tell_call(self, "accept", fd < 0 ? -1 : ntohs(client.sin6_port));
	}
}

/* The twin's waiters are called since commit 3864c6ba1e04. */
CASE(connection_that_moves_wakes_who_waits_at_the_twin, .claims = "", .covers = "P-164 F-09",
     .variants = "twin-wakes twin-sleeps-on", .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 5),
		       old = listen_where_it_moves(net, 1, 5);
	struct place place = { over_ipv6(net) ? AF_INET6 : AF_INET, old.first->port };
	struct epoll_waiter *edge = wait_in_epoll(members.second, .edge_triggered = true);

	STEP("a connection waits at the first one of two; edge-triggered, somebody waits for the "
	     "second one");
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

	STEP("of another group one member is a process that waits in accept(), and a connection "
	     "waits at the other one");
	struct end *first = connect_one(net, old.first);
	struct process *process =
		start_process(net, .name = "process", .play = accept_as_member, .context = &place);
	struct listener *twin = expect_process_listens(
		process, (struct foreign_options){ .port = place.port, .backlog = 5 });
	long slept = process_rests(process);

	STEP("that one closes: the process is woken as the other one was, or not");
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

/* inet_csk_reqsk_queue_add() does not ask how long the queue is */
CASE(connection_that_moves_makes_the_twins_queue_longer_than_its_limit, .claims = "",
     .covers = "P-165", .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 0);

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

	STEP("SYNs are dropped until the queue is as short as it was meant to be, and shorter");
	refused_peer(net, members.second);
	accept_peer(members.second, second);
	refused_peer(net, members.second);
	expect_drops(members.second, 2);
	expect_counters(net, SERVER, "overflows 2");

	STEP("then the next one gets in");
	accept_peer(members.second, first);
	connected_peer(members.second);
	expect_queue(members.second, .accept = 1, .limit = 0, .syn = 0);
}

/* tcp_v4_rcv(), inet_csk_complete_hashdance() */
CASE(request_moves_to_the_twin_with_its_final_ack, .claims = "", .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 5);
	struct epoll_waiter *edge = wait_in_epoll(members.second, .edge_triggered = true);

	set_option(members.second, SOL_SOCKET, SO_KEEPALIVE, 1);
	STEP("the first one closes while a client's ACK is on its way to it");
	struct end *client = client_with_its_ack_on_the_way(members.first);
	close_listener(members.first);
	expect_silence(client);
	expect_no_event(edge);
	expect_queue(members.second, .accept = 0, .syn = 1);

	STEP("the ACK makes the connection, at the second one, and wakes that");
	release_segments(net);
	expect_states(client, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_in_queue_of(members.second, client);
	expect_queue(members.second, .accept = 1, .syn = 0);
	expect_event(edge);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("it has the second one's options, as it was made there");
	struct end *served = accept_client(members.second, client);
	expect_option(served, SOL_SOCKET, SO_KEEPALIVE, 1);
	speak(client, "HELLO");
	expect_read(served, "HELLO");
}

/* What the kernel has kept of the SYN of an accepted connection. */
static void expect_saved_syn(struct end *served)
{
	char syn[256];
	socklen_t length = sizeof(syn);

	expect_call(served, "getsockopt TCP_SAVED_SYN", 0,
		    getsockopt(served->fd, IPPROTO_TCP, TCP_SAVED_SYN, syn, &length));
	if (length < (over_ipv6(served->scene) ? 60 : 40))
		fail("TCP_SAVED_SYN of %s gives %u bytes", served->name, length);
}

/* inet_reqsk_clone(): all that the SYN had, and that TCP_SAVE_SYN keeps of it, goes along */
CASE(client_whose_ack_is_lost_connects_to_the_twin_by_its_answer, .claims = "", .kernel_seconds = 1,
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 5);

	set_option(members.first, IPPROTO_TCP, TCP_SAVE_SYN, 1);
	STEP("of one client the ACK is held, of another one it is lost; the first member closes");
	struct end *late = client_with_its_ack_on_the_way(members.first);
	drop_segments(net, .from = CLIENT, .what = "ACK", .count = 1);
	struct end *client = connect_client(net, members.first);
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK      lost");
	close_listener(members.first);

	STEP("the one that comes late has what the first member kept of its SYN");
	release_segments(net);
	expect_saved_syn(accept_client(members.second, late));
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("the second member asks the other one again, and its answer makes the connection");
	wait_for(client, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_ladder(client,
		      "1.0  <  SYN-ACK  moved",
		      "1.0  >  ACK      ESTABLISHED / ESTABLISHED");
	struct end *served = accept_client(members.second, client);
	expect_saved_syn(served);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1  TCPTimeouts 1");
	expect_counters(net, CLIENT, "challenges 1");

	STEP("it is one like any other");
	speak(client, "HELLO");
	expect_read(served, "HELLO");
}

/* reqsk_timer_handler(): TCP_SYNCNT of the listener that it has moved to, also for the move */
CASE(request_that_has_moved_ends_when_its_new_listener_says, .claims = "", .kernel_seconds = 3,
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 5);

	set_option(members.first, IPPROTO_TCP, TCP_SYNCNT, 3);
	set_option(members.second, IPPROTO_TCP, TCP_SYNCNT, 1);
	STEP("the first member would ask three times, the second one once; the first one closes");
	struct peer *peer = half_open_peer(net, members.first);
	close_listener(members.first);
	expect_silence(peer);

	STEP("the SYN-ACK comes again once, and then the request ends");
	wait_for(peer, .gone = true, .host = SERVER, .within = 3);
	expect_ladder(peer,
		      "1.0  <  SYN-ACK  moved",
		      "3.0  .           - / -");
	expect_queue(members.second, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "TCPTimeouts 2  TCPMigrateReqSuccess 1");
}

/* tcp_check_req(): its listener is not the one that has no room */
CASE(final_ack_of_a_request_that_moves_meets_a_full_twin, .claims = "", .kernel_seconds = 1,
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 5);

	STEP("two requests at the first one, which closes, and a connection at the second one, "
	     "which has no room for another");
	struct peer *waiting = connected_peer(members.second);
	listen_again(members.second, 0);
	struct peer *peer = half_open_peer(net, members.first);
	struct peer *aborted = half_open_peer(net, members.first);
	close_listener(members.first);
	expect_queue(members.second, .accept = 1, .limit = 0, .syn = 2);

	STEP("the ACK is ignored, and the request stays where it is");
	ack_is_ignored(peer);
	expect_queue(members.second, .accept = 1, .limit = 0, .syn = 2);
	expect_drops(members.second, 2); /* by tcp_v4_syn_recv_sock(), and by tcp_v4_rcv() */
	expect_counters(net, SERVER, "overflows 1  TCPMigrateReqFailure 1");

	STEP("with tcp_abort_on_overflow=1 it is answered with RST");
	set_sysctl(net, SERVER, "net.ipv4.tcp_abort_on_overflow=1");
	peer_ack(aborted);
	expect_ladder(aborted,
		      "-    >  ACK  rejected  - / -",
		      "+0.0 <  RST");
	set_sysctl(net, SERVER, "net.ipv4.tcp_abort_on_overflow=0");
	expect_drops(members.second, 4);
	expect_counters(net, SERVER,
			"overflows 1  TCPMigrateReqFailure 1  EmbryonicRsts 1  Tcp.OutRsts 1");

	STEP("with its timer the first one's request moves: what is then ignored is no move's "
	     "failure");
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  <  SYN-ACK  moved");
	ack_is_ignored(peer);
	expect_counters(net, SERVER, "TCPTimeouts 1  TCPMigrateReqSuccess 1  overflows 1");

	STEP("there is room again, and it gets in");
	accept_peer(members.second, waiting);
	ack_makes_the_connection(peer);
	accept_peer(members.second, peer);
}

/* reqsk_timer_handler() */
CASE(request_moves_to_the_twin_with_its_timer, .claims = "", .covers = "X-16 P-162",
     .kernel_seconds = 3, .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 5);

	STEP("a connection and two requests at the first one, which closes: the connection moves, "
	     "and nothing happens to the requests");
	struct peer *waiting = connected_peer(members.first);
	struct peer *prompt = half_open_peer(net, members.first);
	struct peer *peer = half_open_peer(net, members.first);
	close_listener(members.first);
	expect_ladder(waiting, "-  .  moved");
	expect_silence(prompt);
	expect_silence(peer);
	expect_queue(members.second, .accept = 1, .syn = 2);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("one request moves with its ACK");
	peer_ack(prompt);
	expect_ladder(prompt, "-  >  ACK  moved  - / ESTABLISHED");
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("the other one with its timer: the second member sends the SYN-ACK again, and waits "
	     "twice as long");
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  <  SYN-ACK  moved");
	expect_request_timer(peer, .timeouts = 1, .due = 3.0);
	expect_queue(members.second, .accept = 2, .syn = 1);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1  TCPTimeouts 1");

	STEP("then it is a request like any other");
	wait_for(peer, .timeouts = 2, .within = 2);
	expect_ladder(peer, "3.0  <  SYN-ACK");
	expect_counters(net, SERVER, "TCPTimeouts 1");

	STEP("with its ACK all three wait at the second member");
	COVERS("X-16 P-162");
	ack_makes_the_connection(peer);
	expect_in_queue_of(members.second, waiting);
	expect_in_queue_of(members.second, prompt);
	expect_in_queue_of(members.second, peer);
	accept_peer(members.second, waiting);
	accept_peer(members.second, prompt);
	accept_peer(members.second, peer);
	expect_nothing_to_accept(members.second);
}

/* How many requests both members take now, beyond those that they have; all of those end. */
struct room {
	int first, second;
};

static struct room room_of(struct members *members)
{
	struct scene *net = members->first->scene;
	struct peer *peers[2][16];
	struct room room;

	STEP("how many requests each of the two takes now");
	room.first = takes_requests(members->first, peers[0]);
	room.second = takes_requests(members->second, peers[1]);
	peers_go_away(peers[0], room.first);
	peers_go_away(peers[1], room.second);
	expect_counters(net, SERVER, "syn_overflows 2  reset_requests %d  again",
			room.first + room.second);
	return room;
}

static void expect_room(struct room room, struct room expected)
{
	if (room.first != expected.first || room.second != expected.second)
		fail("the first one takes %d requests and the second one %d, expected %d and %d",
		     room.first, room.second, expected.first, expected.second);
}

/*
 * reqsk_timer_handler(): the request is counted at the twin before it is known whether it lives on.
 * If not, its end was counted at the twin once more, and never where it came from, until commit
 * 7eca3292cac7.
 */
CASE(request_that_moves_is_counted_where_it_is, .claims = "", .covers = "F-10",
     .variants = "both-count-right twin-takes-no-more", .kernel_seconds = 2,
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 4);
	int all = takes_requests_when_new(net, 4);

	STEP("a request at the first one, which is shut down, moves with its timer, and the first "
	     "one listens again");
	struct peer *peer = half_open_peer(net, members.first);
	shutdown_listener(members.first, SHUT_RD);
	wait_for(peer, .timeouts = 1, .within = 1);
	expect_ladder(peer, "1.0  <  SYN-ACK  moved");
	listen_again(members.first, 4);
	expect_queue(members.first, .accept = 0, .syn = 1);
	expect_counters(net, SERVER, "TCPTimeouts 1  TCPMigrateReqSuccess 1");
	expect_room(room_of(&members), (struct room){ all, all - 1 });

	STEP("it ends");
	peers_go_away(&peer, 1);
	expect_counters(net, SERVER, "reset_requests 1  again");
	expect_room(room_of(&members), (struct room){ all, all });

	STEP("another one that has no retransmission left ends with the timer that would move it");
	struct peer *last = half_open_peer(net, members.first);
	set_sysctl(net, SERVER, "net.ipv4.tcp_synack_retries=0");
	shutdown_listener(members.first, SHUT_RD);
	wait_for(last, .gone = true, .host = SERVER, .within = 1);
	expect_ladder(last, "1.0  .  - / -");
	set_sysctl(net, SERVER, "net.ipv4.tcp_synack_retries=5");
	listen_again(members.first, 4);
	expect_counters(net, SERVER, "TCPTimeouts 1  TCPMigrateReqFailure 1");

	struct room room = room_of(&members);
	bool right = room.second == all;

	COVERS("F-10");
	saw_variant(net, right ? "both-count-right" : "twin-takes-no-more");
	/* of -1 requests the kernel thinks that they are more than any limit */
	expect_room(room, right ? (struct room){ all, all } : (struct room){ all - 1, 0 });

	STEP("with tcp_syncookies=1 it makes a request as ever, or answers each SYN with a cookie");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=1");
	if (right) {
		half_open_peer(net, members.second);
		return;
	}
	cookie_peer(net, members.second);
	expect_queue(members.second, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "cookies 1");
}

/* reuseport_stop_listen_sock() asks for the sysctl when the member ends, and
 * reuseport_migrate_sock() when something is to move */
CASE(migration_is_asked_for_when_a_member_ends_and_again_when_its_request_moves, .claims = "",
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 3, 5);

	STEP("a request at the first one, which closes; then tcp_migrate_req becomes 0: its ACK is "
	     "reset");
	struct peer *early = half_open_peer(net, members.first);
	close_listener(members.first);
	set_sysctl(net, SERVER, "net.ipv4.tcp_migrate_req=0");
	peer_ack(early);
	expect_ladder(early,
		      "-    >  ACK  - / -",
		      "+0.0 <  RST");
	expect_counters(net, SERVER, "TCPMigrateReqFailure 1  Tcp.OutRsts 1");

	STEP("a request at the second one, which closes; then it becomes 1: that comes too late, "
	     "and is not counted");
	struct peer *late = half_open_peer(net, members.second);
	close_listener(members.second);
	set_sysctl(net, SERVER, "net.ipv4.tcp_migrate_req=1");
	peer_ack(late);
	expect_ladder(late,
		      "-    >  ACK  - / -",
		      "+0.0 <  RST");
	expect_nothing_to_accept(members.third);
	expect_counters(net, SERVER, "Tcp.OutRsts 1");
}

/* reuseport_migrate_sock(): nobody listens any more, and that is counted */
CASE(last_member_has_nowhere_to_move_them, .claims = "", .kernel_seconds = 1,
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 1, 5);

	STEP("a connection waits, and two requests");
	struct end *waiting = connect_one(net, members.first);
	struct peer *peer = half_open_peer(net, members.first);
	struct peer *silent = half_open_peer(net, members.first);
	expect_queue(members.first, .accept = 1, .syn = 2);

	STEP("the only member closes: the connection is reset");
	close_listener(members.first);
	expect_ladder(waiting, "-  <  RST-ACK  - / -");
	expect_reset(waiting);
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
CASE(what_several_members_leave_behind_comes_to_the_last_one, .claims = "",
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 3, 5);

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

static int port_of(const struct plain_socket *socket)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof(address);

	if (getsockname(socket->fd, (struct sockaddr *)&address, &length) < 0)
		broken("cannot read the port of %s: %s", socket->name, strerror(errno));
	return address_port(&address);
}

/* inet_csk_listen_start() again: reuseport_resurrect() */
CASE(shutdown_moves_what_waits_and_listen_brings_the_member_back, .claims = "", .covers = "P-163",
     .server_sysctls = { MIGRATES })
{
	struct members members = listen_where_it_moves(net, 2, 5);

	STEP("a connection waits at the first one, and another one's ACK is on its way to it");
	struct peer *waiting = connected_peer(members.first);
	struct end *late = client_with_its_ack_on_the_way(members.first);

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

	struct plain_socket *chosen = socket_on(net, SERVER);
	expect_call(chosen, "setsockopt SO_REUSEPORT", 0,
		    setsockopt(chosen->fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int)));
	expect_call(chosen, "listen", 0, listen(chosen->fd, 5));
	int port = port_of(chosen);
	struct plain_socket *joins = socket_on(net, SERVER);
	struct sockaddr_storage everywhere = {
		.ss_family = over_ipv6(net) ? AF_INET6 : AF_INET,
	};
	/* the port of either family is at the same place */
	((struct sockaddr_in *)&everywhere)->sin_port = htons((uint16_t)port);
	expect_call(joins, "setsockopt SO_REUSEPORT", 0,
		    setsockopt(joins->fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int)));
	expect_call(joins, "bind", 0,
		    bind(joins->fd, (struct sockaddr *)&everywhere, sizeof(everywhere)));
	expect_call(joins, "listen", 0, listen(joins->fd, 5));
	expect_call(chosen, "shutdown", 0, shutdown(chosen->fd, SHUT_RD));
	expect_call(joins, "shutdown", 0, shutdown(joins->fd, SHUT_RD));
	expect_call(chosen, "listen", 0, listen(chosen->fd, 5));
	expect_call(joins, "listen", 0, listen(joins->fd, 5));
	if (port_of(chosen) == port || port_of(joins) != port)
		fail("the ports were %d, and are %d and %d", port, port_of(chosen), port_of(joins));
}

/* ---- a reload -------------------------------------------------------------------------------- */

/* How far a client has come when the server reloads. */
enum stage { SYN_ON_ITS_WAY, SYN_ACK_ON_ITS_WAY, ACK_ON_ITS_WAY, IN_THE_QUEUE, WITH_DATA, STAGES };

static const struct {
	const char *what, *held;
} stages[STAGES] = {
	[SYN_ON_ITS_WAY] = { "its SYN is on its way", "SYN" },
	[SYN_ACK_ON_ITS_WAY] = { "the SYN-ACK is on its way", "SYN-ACK" },
	[ACK_ON_ITS_WAY] = { "its ACK is on its way", "ACK" },
	[IN_THE_QUEUE] = { "it waits in the accept queue", NULL },
	[WITH_DATA] = { "it waits there with its request", NULL },
};

static struct end *client_at(struct listener *old, enum stage stage)
{
	struct scene *net = old->scene;
	struct end *client;

	if (stage == ACK_ON_ITS_WAY)
		return client_with_its_ack_on_the_way(old);
	if (stages[stage].held) {
		hold_segments(net, .from = stage == SYN_ON_ITS_WAY ? CLIENT : SERVER,
			      .what = stages[stage].held, .count = 1);
		client = connect_client(net, old);
		if (stage == SYN_ON_ITS_WAY)
			expect_ladder(client, "-  >  SYN  held  SYN_SENT / -");
		else
			expect_ladder(client,
				      "-    >  SYN      SYN_SENT / SYN_RECV",
				      "0.0  <  SYN-ACK  held");
		return client;
	}
	client = connect_one(net, old);
	if (stage == WITH_DATA)
		speak(client, "HELLO");
	return client;
}

/* What becomes of it where the old member leaves what it has to the new one, and where it does not.
 */
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
	struct members members = listen_in_group(net, 1, 5);
	bool lost = !moves && stage != SYN_ON_ITS_WAY;

	STEP("the server reloads while a client connects, and %s", stages[stage].what);
	struct end *client = client_at(members.first, stage);
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

CASE(reload_resets_who_has_come_further_than_its_syn, .claims = "")
{
	for (int stage = 0; stage < STAGES; stage++)
		reload_at(net, (enum stage)stage, false);
}

CASE(reload_loses_nobody_where_requests_migrate, .claims = "", .server_sysctls = { MIGRATES })
{
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 0");
	for (int stage = 0; stage < STAGES; stage++)
		reload_at(net, (enum stage)stage, true);
}

/* ---- cookies --------------------------------------------------------------------------------- */

/* tcp_synq_overflow(): the time of the last cookie is the group's */
CASE(cookie_outlives_the_member_that_sent_it, .claims = "", .covers = "N-1",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct members members = listen_in_group(net, 2, 5);

	STEP("a SYN is answered with a cookie by the first one, which closes");
	struct peer *peer = cookie_peer(net, members.first);
	expect_counters(net, SERVER, "cookies 1");
	close_listener(members.first);

	STEP("its ACK brings the connection, at the second one");
	COVERS("N-1");
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK  - / ESTABLISHED");
	expect_in_queue_of(members.second, peer);
	expect_counters(net, SERVER, "SyncookiesRecv 1");
	accept_peer(members.second, peer);
}
