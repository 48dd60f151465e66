/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accept queue: how many connections wait for accept(2), and what becomes of the next.
 */
#define TOPIC          "accept queue"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

struct holding {
	const char *syncookies;
	int backlog;
	const char *somaxconn;
	int limit;
};

static struct listener *listen_to_hold(struct scene *net, const struct holding *row)
{
	set_sysctl(net, SERVER, "net.core.somaxconn=%s", row->somaxconn);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%s", row->syncookies);
	return listen_on_server(net, .backlog = row->backlog);
}

static void expect_to_hold(struct scene *net, const struct holding *row)
{
	int limit = row->limit, full = limit + 1;

	STEP("backlog %d, somaxconn %s, syncookies %s: %d clients connect", row->backlog,
	     row->somaxconn, row->syncookies, full);
	COVERS(row->limit ? "X-07 P-15" : "X-08 P-15");
	struct listener *server = listen_to_hold(net, row);
	connect_clients(net, server, full);
	expect_queue(server, .accept = full, .limit = limit, .syn = 0);

	STEP("the next client's SYN is dropped");
	COVERS("P-70 P-89 F-41");
	give_up(dropped_client(net, server));
	expect_queue(server, .accept = full, .limit = limit, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");
}

/* Where the SYN queue of a backlog of 0 is full while it is empty, no request gets into it. */
static void expect_no_request(struct scene *net, const struct holding *row)
{
	STEP("backlog 0, syncookies %s: the SYN queue is full from the beginning", row->syncookies);
	COVERS("X-08");
	struct listener *server = listen_to_hold(net, row);
	if (strcmp(row->syncookies, "0") == 0) {
		give_up(dropped_client(net, server));
		expect_queue(server, .accept = 0, .limit = 0, .syn = 0);
		expect_counters(net, SERVER, "syn_overflows 1");
		return;
	}
	connect_through_cookie(net, server);
	expect_queue(server, .accept = 1, .limit = 0, .syn = 0);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}

CASE(accept_queue_holds_one_more_than_the_backlog, .claims = "D2-02 D2-06 D2-07",
     .covers = "X-07 X-08 P-15 P-70 P-89 F-41",
     .variants = "limit-is-backlog-plus-one limit-is-backlog")
{
	/* listen(2) takes the backlog for an unsigned number: __sys_listen_socket() */
	static const struct holding rows[] = {
		{ "0", 0, "4096", 0 }, { "0", 1, "4096", 1 }, { "0", 2, "4096", 2 },
		{ "0", 5, "4096", 5 }, { "1", 0, "4096", 0 }, { "1", 1, "4096", 1 },
		{ "1", 2, "4096", 2 }, { "1", 5, "4096", 5 }, { "1", 511, "4096", 511 },
		{ "0", 511, "3", 3 },  { "0", 4, "3", 3 },    { "0", 3, "3", 3 },
		{ "0", 2, "3", 2 },    { "0", -1, "3", 3 },   { "0", INT_MIN, "2", 2 },
	};
	bool one_more = takes_one_more_than_backlog(net);

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		if (rows[i].limit > 0 || one_more)
			expect_to_hold(net, &rows[i]);
		else
			expect_no_request(net, &rows[i]);
}

CASE(somaxconn_counts_at_the_moment_of_listen, .claims = "D2-07 D2-25",
     .server_sysctls = { "net.core.somaxconn=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 511);

	STEP("listen(511) with somaxconn 1: two clients fill the queue");
	connect_clients(net, server, 2);
	expect_queue(server, .accept = 2, .limit = 1, .syn = 0);

	STEP("somaxconn is raised, and nothing changes for who listens already");
	set_sysctl(net, SERVER, "net.core.somaxconn=4096");
	give_up(dropped_client(net, server));
	expect_queue(server, .accept = 2, .limit = 1, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");

	STEP("listen() again takes the new somaxconn");
	listen_again(server, 511);
	expect_queue(server, .accept = 2, .limit = 511, .syn = 0);
	connect_one(net, server);
	expect_queue(server, .accept = 3, .limit = 511, .syn = 0);

	STEP("somaxconn is lowered, and nothing changes for who listens already");
	set_sysctl(net, SERVER, "net.core.somaxconn=1");
	connect_one(net, server);
	expect_queue(server, .accept = 4, .limit = 511, .syn = 0);

	STEP("listen() again takes the lower somaxconn: the next client's SYN is dropped");
	listen_again(server, 511);
	give_up(dropped_client(net, server));
	expect_queue(server, .accept = 4, .limit = 1, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");
}

CASE(listen_again_changes_the_backlog_of_those_who_wait, .claims = "D2-25",
     .covers = "X-10 X-34 P-13 P-14")
{
	struct listener *server = listen_on_server(net, .backlog = 1);

	STEP("backlog 1: two wait, the next is refused");
	struct end **first = connect_clients(net, server, 2);
	give_up(dropped_client(net, server));
	expect_queue(server, .accept = 2, .limit = 1, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");

	STEP("listen(1) once more changes nothing");
	COVERS("P-13");
	listen_again(server, 1);
	give_up(dropped_client(net, server));
	for (int i = 0; i < 2; i++)
		expect_silence(first[i]);
	expect_queue(server, .accept = 2, .limit = 1, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");

	STEP("listen(3) makes room at once");
	COVERS("X-34 P-14");
	listen_again(server, 3);
	expect_queue(server, .accept = 2, .limit = 3, .syn = 0);
	struct end **second = connect_clients(net, server, 2);
	give_up(dropped_client(net, server));
	expect_queue(server, .accept = 4, .limit = 3, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");

	STEP("listen(1) discards nobody");
	COVERS("X-10 X-34");
	listen_again(server, 1);
	expect_queue(server, .accept = 4, .limit = 1, .syn = 0);
	for (int i = 0; i < 2; i++) {
		expect_silence(first[i]);
		expect_silence(second[i]);
	}

	STEP("nobody else gets in until the queue is no longer than the new backlog");
	COVERS("P-14");
	for (int i = 0; i < 2; i++) {
		accept_client(server, first[i]);
		give_up(dropped_client(net, server));
	}
	expect_queue(server, .accept = 2, .limit = 1, .syn = 0);
	expect_counters(net, SERVER, "overflows 2");

	STEP("the queue is no longer than the backlog: one client gets in");
	accept_client(server, second[0]);
	connect_one(net, server);
	expect_queue(server, .accept = 2, .limit = 1, .syn = 0);
}

CASE(handshake_is_complete_and_data_is_taken_before_accept, .claims = "D2-03 D2-03b D2-24",
     .covers = "P-141")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a SYN is answered, and is nothing yet that accept() could give");
	struct peer *peer = half_open_peer(net, server);
	expect_queue(server, .accept = 0, .syn = 1);
	expect_nothing_to_accept(server);

	STEP("the ACK makes the connection, with nobody in accept()");
	COVERS("P-141");
	peer_ack(peer);
	expect_ladder(peer,
		      "~1.0  <  SYN-ACK",
		      "-     >  ACK      - / ESTABLISHED");
	expect_queue(server, .accept = 1, .syn = 0);
	expect_acceptable(server);
	expect_counters(net, SERVER, "again");

	STEP("data is acknowledged, though nobody is there to read it");
	speak(peer, "HELLO");
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("accept() only takes it out of the queue: no segment, no counter");
	COVERS("P-141");
	struct end *served = accept_peer(server, peer);
	expect_silence(peer);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_nothing_to_accept(server);
	expect_read(served, "HELLO");
	expect_read_error(served, EAGAIN);
}

/*
 * tcp_rcv_state_process(): the window of a SYN is never scaled, and that of the final ACK is. A
 * client of Linux says 502 there, 128 bytes each.
 */
CASE(server_that_speaks_first_may_send_what_the_final_ack_announces, .claims = "")
{
	static const char *const cookies[] = { "0", "2" };
	char text[1001] = "";

	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 0; i < ARRAY_LENGTH(cookies); i++) {
		struct listener *server = listen_on_server(net, .backlog = 5);

		STEP("a client connects, with tcp_syncookies=%s", cookies[i]);
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%s", cookies[i]);
		struct end *client =
			i ? connect_through_cookie(net, server) : connect_one(net, server);
		expect_counters(net, SERVER, i ? "cookies 1  SyncookiesRecv 1" : "");
		struct end *served = accept_client(server, client);

		STEP("a thousand bytes go in one segment");
		send_text(served, text);
		wait_for(client, .sent = 3, .from = CLIENT, .within = 0.1);
		expect_ladder(client,
			      "-    <  DATA 1000",
			      "+0.0 >  ACK");
		expect_read(client, text);
		expect_unacknowledged(served, 0);
	}
}

CASE(accept_gives_connections_in_the_order_of_their_final_acks, .claims = "D2-08", .covers = "P-37")
{
	static const int order[] = { 2, 0, 3, 1 };
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *peers[4];

	STEP("four SYNs, one after the other");
	half_open_peers(server, peers, 4);
	expect_queue(server, .accept = 0, .syn = 4);
	expect_counters(net, SERVER, "again");

	STEP("their ACKs come in another order");
	for (int i = 0; i < 4; i++) {
		peer_ack(peers[order[i]]);
		expect_ladder(peers[order[i]],
			      "~1.0  <  SYN-ACK",
			      "~3.0  <  SYN-ACK",
			      "-     >  ACK      - / ESTABLISHED");
		expect_queue(server, .accept = i + 1, .syn = 3 - i);
	}
	expect_counters(net, SERVER, "again");

	STEP("accept() gives them in the order of the ACKs");
	COVERS("P-37");
	for (int i = 0; i < 4; i++) {
		accept_peer(server, peers[order[i]]);
		expect_queue(server, .accept = 3 - i, .syn = 0);
	}
	expect_nothing_to_accept(server);
}

CASE(client_that_closes_in_the_accept_queue_is_accepted_with_its_data, .claims = "D2-24",
     .covers = "X-14")
{
	struct listener *server = listen_on_server(net, .backlog = 1);

	STEP("a client connects, sends and closes before anybody accepts");
	COVERS("X-14");
	struct end *client = connect_one(net, server);
	speak(client, "HELLO");
	close_first(client);
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("its place in the queue is taken all the same: one more fills it");
	connect_one(net, server);
	give_up(dropped_client(net, server));
	expect_queue(server, .accept = 2, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");

	STEP("accept() gives it, its data, and then the end of file");
	COVERS("X-14");
	struct end *served = accept_client(server, client);
	expect_peer_name(served, 0);
	expect_read(served, "HELLO");
	expect_end_of_file(served);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_silence(client);

	STEP("the connection ends like any other");
	close_last(served, client);
}

CASE(client_that_resets_in_the_accept_queue_keeps_its_place_until_accept, .claims = "D2-24",
     .covers = "X-13 P-50")
{
	static const char *const texts[] = { NULL, "HELLO" };

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct listener *server = listen_on_server(net, .backlog = 1);

		STEP("a peer %s the accept queue", texts[i] ? "with data waits in" : "waits in");
		struct peer *peer = half_open_peer(net, server);
		peer_ack(peer);
		expect_ladder(peer,
			      "~1.0  <  SYN-ACK",
			      "-     >  ACK      - / ESTABLISHED");
		if (texts[i])
			speak(peer, texts[i]);
		connect_one(net, server);
		expect_queue(server, .accept = 2, .syn = 0);
		expect_counters(net, SERVER, "again");

		STEP("RST: the connection is gone, its place in the queue is not");
		COVERS("X-13");
		peer_reset(peer);
		expect_ladder(peer, "-  >  RST  - / -");
		expect_acceptable(server);
		give_up(dropped_client(net, server));
		expect_queue(server, .accept = 2, .syn = 0);
		expect_counters(net, SERVER, "Tcp.EstabResets 1  overflows 1");

		STEP("accept() succeeds, and gives what is left");
		COVERS("X-13 P-50");
		struct end *served = accept_peer(server, peer);
		expect_peer_name(served, ENOTCONN);
		if (texts[i])
			expect_read(served, texts[i]);
		expect_reset(served);
		close_end(served);
		expect_silence(peer);
		expect_queue(server, .accept = 1, .syn = 0);

		STEP("only now is there room for another");
		connect_one(net, server);
		expect_queue(server, .accept = 2, .syn = 0);
	}
}

CASE(syn_that_finds_the_accept_queue_full_gets_in_after_accept, .claims = "D2-26 D2-27",
     .covers = "P-69", .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 1);
	struct end **waiting = fill_the_queue(server, .count = 2);

	STEP("the next one's SYN is dropped and counted");
	COVERS("P-69");
	struct end *late = drop_late_client(server, 2);

	STEP("accept() makes room, and by itself does nothing for the late one");
	accept_client(server, waiting[0]);
	accept_client(server, waiting[1]);
	expect_nothing_to_accept(server);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_silence(late);

	STEP("the client's own retransmission gets in");
	COVERS("P-69");
	late_client_gets_in(late);
	expect_acceptable(server);
	expect_queue(server, .accept = 1, .syn = 0);
	accept_client(server, late);
}

CASE(connect_times_out_while_nobody_accepts, .claims = "D2-26 D2-27 D2-35", .kernel_seconds = 8,
     .variants = "linear-syn-timeouts exponential-syn-timeouts",
     .client_sysctls = { "net.ipv4.tcp_syn_retries=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 1);
	int syns = syn_timeouts_are_linear(net) ? 6 + 3 + 2 : 3 + 2 + 2;

	fill_the_queue(server, .count = 2);

	STEP("the SYNs of three more are all dropped while nobody accepts: the second one has "
	     "TCP_USER_TIMEOUT 1500, and the third one, who comes when that is over, TCP_SYNCNT 1");
	struct end *refused = connect_client(net, server, .name = "refused");
	struct end *hurried = connect_client(net, server, .name = "hurried");
	set_option(hurried, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500);
	expect_connect_to_end(hurried, ETIMEDOUT, 1.5);
	expect_ladder(hurried,
		      "-    >  SYN  ignored  SYN_SENT / -",
		      "1.0  >  SYN  ignored",
		      "1.5  .  - / -");
	struct end *impatient = connect_client(net, server, .name = "impatient");
	set_option(impatient, IPPROTO_TCP, TCP_SYNCNT, 1);
	expect_connect_to_end(impatient, ETIMEDOUT, 3);
	expect_ladder(impatient,
		      "-    >  SYN  ignored  SYN_SENT / -",
		      "1.0  >  SYN  ignored",
		      "[linear]  2.0  >  SYN  ignored",
		      "3.0  .  - / -");
	expect_connect_to_end(refused, ETIMEDOUT, 8);
	expect_ladder(refused,
		      "-    >  SYN  ignored  SYN_SENT / -",
		      "1.0  >  SYN  ignored",
		      "[linear]  2.0  >  SYN  ignored",
		      "3.0  >  SYN  ignored",
		      "[linear]  4.0  >  SYN  ignored",
		      "[linear]  5.0  >  SYN  ignored",
		      "7.0  .  - / -");
	expect_queue(server, .accept = 2, .syn = 0);
	expect_counters(net, CLIENT, "Tcp.AttemptFails 3  TCPTimeouts %d  TCPAbortOnTimeout 3",
			syns);
	expect_counters(net, SERVER, "overflows %d", syns);
}

CASE(final_ack_that_arrives_twice_makes_one_connection, .claims = "")
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the wire duplicates the final ACK");
	duplicate_segments(net, .from = CLIENT, .what = "ACK");
	struct end *client = connect_one(net, server);
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("accept() gives it once");
	accept_client(server, client);
	expect_nothing_to_accept(server);
	expect_queue(server, .accept = 0, .syn = 0);
	expect_silence(client);
}

/* inet_csk_listen_stop(), and reqsk_timer_handler() of a request whose listener is gone */
CASE(listener_that_closes_resets_who_waits_and_forgets_its_requests, .claims = "",
     .covers = "P-123", .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *half_open[2];

	STEP("a client is accepted, another one waits, and two requests are half-open");
	struct end *accepted = connect_one(net, server);
	accept_client(server, accepted);
	struct end *waiting = connect_one(net, server);
	half_open_peers(server, half_open, 2);
	expect_queue(server, .accept = 1, .syn = 2);

	STEP("the listening socket is closed: who waited for accept() is reset, and only that one");
	close_listener(server);
	expect_ladder(waiting, "-  <  RST-ACK  - / -");
	expect_read_error(waiting, ECONNRESET);
	expect_silence(accepted);
	expect_states(half_open[0], .client = NO_SOCKET, .server = SYN_RECV);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
	expect_counters(net, SERVER, "Tcp.EstabResets 1");

	STEP("a request's ACK finds no listener");
	peer_ack(half_open[0]);
	expect_ladder(half_open[0],
		      "-    >  ACK  - / -",
		      "+0.0 <  RST");

	STEP("the other request ends with its timer, and its SYN-ACK is not sent again");
	wait_for(half_open[1], .gone = true, .host = SERVER, .within = 1);
	expect_ladder(half_open[1], "1.0  .  - / -");

	STEP("a new client's connect() is refused");
	COVERS("P-123");
	struct end *late = connect_client(net, server, .name = "late");
	expect_connect_to_end(late, ECONNREFUSED, 0);
	expect_ladder(late,
		      "-    >  SYN      SYN_SENT / -",
		      "0.0  <  RST-ACK  - / -");
	expect_counters(net, CLIENT, "Tcp.AttemptFails 1");

	STEP("whom the server has accepted it still serves");
	speak(accepted, "HELLO");
}

/* inet_csk_clone_lock(), and tcp_create_openreq_child() */
CASE(accepted_socket_has_the_options_of_its_listener, .claims = "")
{
	const struct socket_option inherited[] = {
		OPTION(SOL_SOCKET, SO_KEEPALIVE, 1),
		OPTION(SOL_SOCKET, SO_RCVLOWAT, 3),
		OPTION(SOL_SOCKET, SO_OOBINLINE, 1),
		OPTION(IPPROTO_TCP, TCP_NODELAY, 1),
		OPTION(IPPROTO_TCP, TCP_KEEPIDLE, 77),
		OPTION(IPPROTO_TCP, TCP_KEEPINTVL, 7),
		OPTION(IPPROTO_TCP, TCP_KEEPCNT, 3),
		OPTION(IPPROTO_TCP, TCP_SYNCNT, 4),
		OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT, 5000),
		OPTION(IPPROTO_TCP, TCP_LINGER2, 7),
		OPTION(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 5000),
		OPTION(IPPROTO_TCP, TCP_CONGESTION, "reno"),
		OPTION(SOL_SOCKET, SO_RCVTIMEO, (struct timeval){ .tv_sec = 20 }),
		OPTION(SOL_SOCKET, SO_SNDTIMEO, (struct timeval){ .tv_sec = 10 }),
		OPTION(SOL_SOCKET, SO_TIMESTAMP, 1),
		TTL_OPTION(net, 33),
		TOS_OPTION(net, 0x10),
	};
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 5);

	STEP("options are set on the listener");
	for (size_t i = 0; i < ARRAY_LENGTH(inherited); i++)
		set_option_of_listener(server, inherited[i]);

	STEP("a client connects and is accepted: its socket has them, but for TCP_DEFER_ACCEPT");
	struct end *client = connect_deferred(net, server);
	data_makes_the_connection(client, "HELLO");
	struct end *served = accept_client(server, client);
	for (size_t i = 0; i < ARRAY_LENGTH(inherited); i++)
		expect_option_of_end(served, inherited[i]);
	expect_option(served, SOL_SOCKET, SO_ERROR, 0);
	expect_option(served, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
	expect_option(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, 7);
}

/* ---- the SYN that is kept -------------------------------------------------------------------- */

/* What TCP_SAVED_SYN gives with room for @room bytes, of which there are 128. */
struct saved {
	uint8_t bytes[128];
	socklen_t length; /* that it tells */
};

static struct saved saved_syn(struct end *served, socklen_t room, int error)
{
	struct saved saved = { .length = room };

	expect_call(served, "getsockopt TCP_SAVED_SYN", error,
		    getsockopt(served->fd, IPPROTO_TCP, TCP_SAVED_SYN, saved.bytes, &saved.length));
	return saved;
}

static uint16_t port_at(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* tcp_reqsk_record_syn(), reqsk_alloc(): TCP_SAVE_SYN 1 is from IP's header on, 2 from Ethernet's.
 */
CASE(saved_syn_is_given_once_with_its_headers_and_none_after_a_cookie, .claims = "",
     .covers = "X-33")
{
	const unsigned ethernet = 14, ip = over_ipv6(net) ? 40 : 20, tcp = 20 + 12;
	struct listener *server = listen_on_server(net, .backlog = 5);

	for (unsigned how = 0; how <= 2; how++) {
		const unsigned begin = how == 2 ? ethernet : 0, whole = how ? begin + ip + tcp : 0;

		STEP("TCP_SAVE_SYN %u: a peer's SYN has %u bytes of headers that are kept", how,
		     whole);
		if (how)
			COVERS("X-33");
		set_option(server, IPPROTO_TCP, TCP_SAVE_SYN, (int)how);
		struct peer *peer = half_open_peer(net, server);
		ack_makes_the_connection(peer);
		struct end *served = accept_peer(server, peer);
		if (whole) {
			struct saved none = saved_syn(served, whole - 1, EINVAL);
			expect_result(served, "bytes that it wants", whole, none.length);
		}
		struct saved saved = saved_syn(served, sizeof(saved.bytes), 0);
		const uint8_t *header = saved.bytes + begin + ip;
		expect_result(served, "bytes", whole, saved.length);
		if (whole) {
			expect_result(served, "version of IP", over_ipv6(net) ? 6 : 4,
				      saved.bytes[begin] >> 4);
			expect_result(served, "source port", peer->port, port_at(header));
			expect_result(served, "destination port", server->port,
				      port_at(header + 2));
			expect_result(served, "number", peer->isn,
				      (uint32_t)port_at(header + 4) << 16 | port_at(header + 6));
			expect_result(served, "flags", SYN, header[13]);
		}
		expect_result(served, "bytes the second time", 0,
			      saved_syn(served, sizeof(saved.bytes), 0).length);
	}

	STEP("of who comes with a cookie none is kept");
	COVERS("X-33");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
	struct end *served = accept_client(server, connect_through_cookie(net, server));
	expect_result(served, "bytes", 0, saved_syn(served, 128, 0).length);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}

/* ---- what came with a packet of IPv6 --------------------------------------------------------- */

/* What IPV6_2292PKTOPTIONS gives of one kind; 0: nothing. */
static long packet_option(struct end *served, int type)
{
	_Alignas(struct cmsghdr) char room[512];
	socklen_t length = sizeof(room);
	struct msghdr message = { .msg_control = room };
	long value = 0;

	expect_call(served, "getsockopt IPV6_2292PKTOPTIONS", 0,
		    getsockopt(served->fd, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, room, &length));
	message.msg_controllen = length;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part;
	     part = CMSG_NXTHDR(&message, part))
		if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == type)
			value = *(const int *)(const void *)CMSG_DATA(part);
	return value;
}

/*
 * tcp_v6_init_req() keeps a SYN for who has asked for its options, and tcp_v6_syn_recv_sock() hands
 * it to the child; a cookie's has its ACK. What comes later is told by itself: tcp_v6_do_rcv().
 */
CASE(child_tells_the_hop_limit_of_its_syn_until_something_else_comes, .claims = "",
     .families = IPV6_ONLY)
{
	struct listener *server = listen_on_server(
		net, .backlog = 5, .options = { OPTION(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) });
	struct listener *plain = listen_on_server(net, .backlog = 5);

	for (int cookies = 0; cookies <= 2; cookies += 2) {
		STEP("tcp_syncookies %d: a client whose SYN has a hop limit of 33, and its ACK 44",
		     cookies);
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%d", cookies);
		hold_segments(net, .from = SERVER, .what = "SYN-ACK", .count = 1);
		struct end *client =
			connect_client(net, server, .options = { TTL_OPTION(net, 33) });
		set_option(client, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 44);
		release_segments(net);
		expect_connected(client);
		expect_ladder(client,
			      cookies ? "-   >  SYN  SYN_SENT / -" : "-  >  SYN  SYN_SENT / SYN_RECV",
			      cookies ? "0.0 <  SYN-ACK held  ESTABLISHED / -"
				      : "0.0 <  SYN-ACK held  ESTABLISHED / SYN_RECV",
			      "0.0 >  ACK  ESTABLISHED / ESTABLISHED");
		expect_counters(net, SERVER, "cookies %d  SyncookiesRecv %d", !!cookies, !!cookies);

		STEP("its child tells of the %s", cookies ? "ACK, as the SYN is forgotten" : "SYN");
		struct end *served = accept_client(server, client);
		expect_result(served, "hop limit", cookies ? 44 : 33,
			      packet_option(served, IPV6_HOPLIMIT));
		expect_option(served, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 44);

		STEP("data comes with 55: now it tells of that");
		set_option(client, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 55);
		speak(client, "HELLO");
		expect_read(served, "HELLO");
		expect_result(served, "hop limit", 55, packet_option(served, IPV6_HOPLIMIT));
		expect_option(served, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 55);
	}

	STEP("who has not asked is told nothing");
	struct end *served = accept_client(plain, connect_through_cookie(net, plain));
	expect_result(served, "hop limit", 0, packet_option(served, IPV6_HOPLIMIT));
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}
