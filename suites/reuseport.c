/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several sockets listen on one port: SO_REUSEPORT. Which of them gets a client: by the filter, by
 * the hash, by its address. And what becomes of what one leaves behind that ends, with
 * net.ipv4.tcp_migrate_req=0 as it is by default.
 */
#define TOPIC          "reuseport"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>

/* ---- who gets a client ----------------------------------------------------------------------- */

/* reuseport_select_sock(), run_bpf_filter() */
CASE(syn_goes_to_the_member_that_the_filter_names_and_so_does_all_that_follows, .claims = "")
{
	struct members members = listen_in_group(net, .count = 3, .backlog = 5);
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
	struct members members = listen_in_group(net, .count = 3, .backlog = 64);
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

/* SO_INCOMING_CPU of the three members: the CPU on which segments come, another one, or none. */
enum cpu { NONE, HERE, ELSEWHERE };

struct choice {
	const char *what;
	enum cpu cpus[3];
	int peers;
	bool chosen[3]; /* who gets some of them */
};

static void set_cpus(struct listener *const *members, const enum cpu *cpus)
{
	int here = sched_getcpu();

	for (int i = 0; i < 3; i++) {
		int cpu = cpus[i] == NONE ? -1 : cpus[i] == HERE ? here : here + 1;

		set_option(members[i], SOL_SOCKET, SO_INCOMING_CPU, cpu);
		if (cpu >= 0)
			expect_option(members[i], SOL_SOCKET, SO_INCOMING_CPU, cpu);
	}
}

/*
 * Before Linux 6.2 (commit b261eda84ec1) only the member that is looked at first could be chosen by
 * its CPU; for the whole group the hash decided.
 */
static bool cpu_decides(struct members *members, struct listener *const *each)
{
	static const enum cpu last[] = { ELSEWHERE, ELSEWHERE, HERE };
	struct scene *net = each[0]->scene;
	int accepted[3] = { 0 };

	STEP("whether the member on this CPU, the third one, gets all of 16 peers");
	set_cpus(each, last);
	spread(members, 16, accepted);
	bool decides = accepted[2] == 16;
	saw_variant(net, decides ? "cpu-decides" : "hash-decides");
	return decides;
}

/* reuseport_select_sock_by_hash(), reuseport_update_incoming_cpu() */
CASE(so_incoming_cpu_decides_among_members_whoever_was_added_first, .claims = "",
     .covers = "P-160 F-29", .variants = "cpu-decides hash-decides")
{
	static const struct choice choices[] = {
		{ "the first one", { HERE, ELSEWHERE, NONE }, 8, { true, false, false } },
		{ "the second one", { ELSEWHERE, HERE, NONE }, 8, { false, true, false } },
		{ "the last one", { NONE, ELSEWHERE, HERE }, 8, { false, false, true } },
		{ "the first two", { HERE, HERE, ELSEWHERE }, 32, { true, true, false } },
		/* the hash decides, as where nobody has the option */
		{ "nobody, and two are elsewhere",
		  { NONE, ELSEWHERE, ELSEWHERE },
		  32,
		  { true, true, true } },
		{ "nobody any more", { NONE, NONE, NONE }, 32, { true, true, true } },
	};
	struct members members = listen_in_group(net, .count = 3, .backlog = 64);
	struct listener *const each[] = { members.first, members.second, members.third };
	bool decides = cpu_decides(&members, each);

	for (size_t i = 0; i < ARRAY_LENGTH(choices); i++) {
		int accepted[3] = { 0 };

		STEP("on this CPU is %s: %d peers go there", choices[i].what, choices[i].peers);
		COVERS("P-160 F-29");
		set_cpus(each, choices[i].cpus);
		spread(&members, choices[i].peers, accepted);
		for (int k = 0; k < 3 && decides; k++)
			expect_result(each[k], "some of the peers", choices[i].chosen[k],
				      accepted[k] > 0);
	}
}

/* __reuseport_detach_sock(): socks[] keeps the last one behind its new end */
CASE(place_of_a_member_that_has_left_is_nobodys, .claims = "")
{
	struct members members = listen_in_group(net, .count = 3, .backlog = 5);
	int accepted[3] = { 0 };

	STEP("the first one leaves, and the last one has its place");
	close_listener(members.first);
	accept_client(members.third, connect_one(net, members.third));
	accept_client(members.second, connect_one(net, members.second));

	STEP("clients whom the filter sends to the free place are spread over those who are left");
	spread(&members, 20, accepted);
	if (!accepted[1] || !accepted[2])
		fail("all of 20 peers went to one of two members");
}

/* Two groups of one member each on one port: who listened first, and which one gets the client. */
struct rivals {
	struct group_options first, second;
	bool second_gets_it;
	bool other_is_none; /* the other does not even get a client when that one has closed */
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
	connect_to_nobody(net, other);
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

/* The group has no filter any more, and the hash decides. */
static void detach_filter(struct listener *member, int error)
{
	expect_call(member, "setsockopt SO_DETACH_REUSEPORT_BPF", error,
		    setsockopt(member->fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &(int){ 0 },
			       sizeof(int)));
}

/* A socket with SO_REUSEPORT, or without. */
static struct plain_socket *socket_with_option(struct scene *net, int option)
{
	return socket_on(net, SERVER, .options = { OPTION(SOL_SOCKET, SO_REUSEPORT, option) });
}

static void binds(struct plain_socket *socket, int port, int error)
{
	expect_call(socket, "bind", error,
		    bind_to(socket, address_on(socket->scene, SERVER, port)));
}

/* inet_csk_bind_conflict(); the owner is who has made the socket */
CASE(everybody_in_a_group_needs_the_option, .claims = "", .covers = "P-155", .needs = "root")
{
	struct group *group = reuseport_group(net);
	struct listener *member = listen_on_server(net, .group = group, .backlog = 5);
	struct listener *alone = listen_on_server(net, .backlog = 5);

	STEP("where a member listens, only sockets with the option and of the same user may bind "
	     "the port; where one listens without it, none may");
	COVERS("P-155");
	binds(socket_with_option(net, true), member->port, 0);
	binds(socket_with_option(net, false), member->port, EADDRINUSE);
	binds(socket_with_option(net, true), alone->port, EADDRINUSE);
	binds(socket_with_option(net, false), alone->port, EADDRINUSE);
	setfsuid(65534);
	struct plain_socket *of_another_user = socket_with_option(net, true);
	setfsuid(0);
	binds(of_another_user, member->port, EADDRINUSE);
	binds(socket_with_option(net, true), member->port, 0);
	expect_option(member, SOL_SOCKET, SO_REUSEPORT, 1);
	expect_option(alone, SOL_SOCKET, SO_REUSEPORT, 0);

	STEP("the option is looked at when another socket binds: it may be set after listen()");
	set_option(alone, SOL_SOCKET, SO_REUSEPORT, 1);
	binds(socket_with_option(net, true), alone->port, 0);

	STEP("a socket that is bound and does not listen gets no client");
	accept_client(member, connect_one(net, member));
	accept_client(alone, connect_one(net, alone));
}

/* A filter that names this place for every client is attached to the group. */
static void attach_filter(struct listener *member, uint32_t place, int error)
{
	struct sock_filter same[] = { BPF_STMT(BPF_RET | BPF_K, place) };
	struct sock_fprog filter = { ARRAY_LENGTH(same), same };

	expect_call(member, "setsockopt SO_ATTACH_REUSEPORT_CBPF", error,
		    setsockopt(member->fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter,
			       sizeof(filter)));
}

/* reuseport_attach_prog(), reuseport_detach_prog() */
CASE(filter_belongs_to_the_group_and_may_be_replaced, .claims = "")
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 64);
	struct listener *alone = listen_on_server(net, .backlog = 5);
	struct listener *each[] = { members.first, members.second };
	int accepted[3] = { 0 };

	for (uint32_t i = 0; i < 2; i++) {
		STEP("a filter that gives %u is attached through the other member, and replaces "
		     "the one before: all go to the %s one",
		     i, each[i]->name);
		attach_filter(each[!i], i, 0);
		for (int k = 0; k < 8; k++) {
			struct peer *peer = connected_peer(any_member(members.group));

			expect_in_queue_of(each[i], peer);
			accept_peer(each[i], peer);
		}
	}

	STEP("it is taken off, once: the hash chooses");
	detach_filter(members.first, 0);
	detach_filter(members.second, ENOENT);
	spread(&members, 20, accepted);
	if (!accepted[0] || !accepted[1])
		fail("all of 20 peers went to one of two members");

	STEP("who is alone on a port, without the option, has no group");
	attach_filter(alone, 0, EINVAL);
	detach_filter(alone, EINVAL);
}

/* run_bpf_filter(): what it sees begins behind the TCP header; to read beyond the end gives 0 */
CASE(filter_sees_the_data_of_a_syn_and_without_data_names_the_first_one, .claims = "")
{
	static const char *const texts[] = { "\001", "\002\001", NULL };
	struct members members = listen_in_group(net, .count = 3, .backlog = 5);
	struct listener *each[] = { members.second, members.third, members.first };
	struct sock_filter first_byte[] = { BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
					    BPF_STMT(BPF_RET | BPF_A, 0) };
	struct sock_fprog filter = { ARRAY_LENGTH(first_byte), first_byte };

	expect_call(members.first, "setsockopt SO_ATTACH_REUSEPORT_CBPF", 0,
		    setsockopt(members.first->fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter,
			       sizeof(filter)));
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		STEP("the filter gives the first byte of a SYN's data: %s goes to the %s one",
		     texts[i] ? "one with data" : "one without data", each[i]->name);
		struct peer *peer = raw_peer(net, any_member(members.group));
		autofree char *line =
			texts[i] ? format("-  >  DATA-SYN %zu  - / SYN_RECV", strlen(texts[i]))
				 : format("%s", "-  >  SYN  - / SYN_RECV");
		peer_send(peer, .flags = SYN, .text = texts[i]);
		expect_ladder(peer, line, "0.0  <  SYN-ACK");
		peer_send(peer, .flags = ACK, .seq = (int32_t)(peer->isn + 1 - peer->seq));
		expect_ladder(peer, texts[i] ? "-  >  ACK seq 1  - / ESTABLISHED"
					     : "-  >  ACK        - / ESTABLISHED");
		expect_in_queue_of(each[i], peer);
		accept_peer(each[i], peer);
	}
}

/* reuseport_grow(): the kernel has room for 128 members, and then for twice as many */
CASE(group_of_more_than_128_keeps_its_members_and_its_filter, .claims = "")
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5);

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

/* tcp_conn_request() looks at the queues of the member that was chosen; there is no other try. */
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
	dropped_peer(net, full, .name = "refused");
	expect_drops(full, 1);
	expect_drops(idle, 0);
	expect_counters(net, SERVER, "overflows 1");

	STEP("one that is sent to its twin gets in");
	struct peer *lucky = connected_peer(idle);
	expect_in_queue_of(idle, lucky);
	expect_queue(idle, .accept = 1, .syn = 0);

	STEP("without the filter the hash spreads 40 SYNs: those to the full one are dropped");
	COVERS("X-09");
	detach_filter(full, 0);
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

CASE(full_syn_queue_of_a_member_drops_while_its_twin_has_room, .claims = "")
{
	int limit = takes_requests_when_new(net, 4);
	struct members members = listen_in_group(net, .count = 2, .backlog = 4);
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

/* ---- one ends, and others go on ------------------------------------------------------------ */

/* With tcp_migrate_req=0 inet_csk_listen_stop(), reqsk_timer_handler(), tcp_v4_rcv() find no twin.
 */
CASE(member_that_closes_resets_its_own_and_the_next_client_gets_the_twin, .claims = "",
     .covers = "X-15 P-158", .kernel_seconds = 1)
{
	struct members members = listen_in_group(net, .count = 3, .backlog = 5);

	STEP("at the first one a connection waits, and two requests");
	struct end *waiting = connect_one(net, members.first);
	struct peer *peer = half_open_peer(net, members.first);
	struct peer *silent = half_open_peer(net, members.first);
	expect_queue(members.first, .accept = 1, .syn = 2);

	STEP("it closes: the connection is reset, the requests stay");
	close_listener(members.first);
	expect_reset_by_server(waiting);
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

/* ---- cookies --------------------------------------------------------------------------------- */

/* tcp_synq_overflow(): the time of the last cookie is the group's */
CASE(cookie_outlives_the_member_that_sent_it, .claims = "", .covers = "N-1",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5);

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
