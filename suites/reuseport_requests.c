/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Half-open requests of a member that has ended move with net.ipv4.tcp_migrate_req=1, too: each
 * when its final ACK comes or its timer fires, whichever is first.
 */
#define TOPIC "reuseport"
#define SERVER_SYSCTLS                                                                             \
	"net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0",                           \
		"net.ipv4.tcp_migrate_req=1"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>

/* tcp_v4_rcv(), inet_csk_complete_hashdance() */
CASE(request_moves_to_the_twin_with_its_final_ack, .claims = "")
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);
	struct epoll_waiter *edge = wait_in_epoll(members.second, .edge_triggered = true);

	set_option(members.second, SOL_SOCKET, SO_KEEPALIVE, 1);
	STEP("the first one closes while a client's ACK is on its way to it");
	struct end *client = client_with_held_ack(members.first);
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
CASE(client_whose_ack_is_lost_connects_to_the_twin_by_its_answer, .claims = "", .kernel_seconds = 1)
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);

	set_option(members.first, IPPROTO_TCP, TCP_SAVE_SYN, 1);
	STEP("of one client the ACK is held, of another one it is lost; the first member closes");
	struct end *late = client_with_held_ack(members.first);
	struct end *client = client_with_lost_ack(members.first);
	close_listener(members.first);

	STEP("the held ACK makes a connection, which has what the first member kept of its SYN");
	release_segments(net);
	expect_saved_syn(accept_client(members.second, late));
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 1");

	STEP("the second member sends the other client its SYN-ACK again, and the answer makes the "
	     "connection");
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

/* reqsk_timer_handler() goes by TCP_SYNCNT of the listener that the request has moved to. */
CASE(request_that_has_moved_ends_when_its_new_listener_says, .claims = "", .kernel_seconds = 3)
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);

	set_option(members.first, IPPROTO_TCP, TCP_SYNCNT, 3);
	set_option(members.second, IPPROTO_TCP, TCP_SYNCNT, 1);
	STEP("TCP_SYNCNT of the first member is 3, of the second one 1; the first one closes");
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
CASE(final_ack_of_a_request_that_moves_meets_a_full_twin, .claims = "", .kernel_seconds = 1)
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);

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

	STEP("the request moves with its timer; an ACK that is ignored then is no failed move");
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
     .kernel_seconds = 3)
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);

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
 * reqsk_timer_handler() counts the request at the twin before it is known whether it lives on.
 * Until commit 7eca3292cac7 a request that did not was taken off the twin's count twice, and never
 * off the count of the member that it came from.
 */
CASE(request_that_moves_is_counted_where_it_is, .claims = "", .covers = "F-10",
     .variants = "both-count-right twin-takes-no-more", .kernel_seconds = 2)
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 4, .moves = true);
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
	/* the twin's count is -1, and compared without a sign: more than any limit */
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

/*
 * reuseport_stop_listen_sock() reads the sysctl when the member ends, reuseport_migrate_sock() when
 * something is to move.
 */
CASE(migration_is_asked_for_when_a_member_ends_and_again_when_its_request_moves, .claims = "")
{
	struct members members = listen_in_group(net, .count = 3, .backlog = 5, .moves = true);

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
