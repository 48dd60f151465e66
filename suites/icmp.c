/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors about what a listener has sent: which of them end a half-open request, and what they
 * do to who waits in the accept queue. They are a router's, and made by hand.
 */
#define TOPIC          "ICMP errors"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

/* ---- which errors there are ----------------------------------------------------------------- */

/* An error, and what becomes of it. */
enum effect {
	LEAVES, /* the request whose SYN-ACK it quotes as it was */
	ENDS,   /* that request */
	STOPS,  /* nothing: ICMP does not hand it on to TCP */
};
struct message {
	unsigned type, code;
	enum effect effect;
	int error; /* what a connection's SO_ERROR says (with IP_RECVERR read() too); 0: nothing */
};

/* tcp_v4_err() itself lists those that end a request, whatever icmp_err_convert[] calls fatal. */
static const struct message ipv4_messages[] = {
	{ 3, 0, ENDS, ENETUNREACH },
	{ 3, 1, ENDS, EHOSTUNREACH },
	{ 3, 2, LEAVES, ENOPROTOOPT },
	{ 3, 3, LEAVES, ECONNREFUSED },
	{ 3, 5, LEAVES, EOPNOTSUPP },
	{ 3, 6, LEAVES, ENETUNREACH },
	{ 3, 7, LEAVES, EHOSTDOWN },
	{ 3, 8, LEAVES, ENONET },
	{ 3, 9, LEAVES, ENETUNREACH },
	{ 3, 10, LEAVES, EHOSTUNREACH },
	{ 3, 11, LEAVES, ENETUNREACH },
	{ 3, 12, LEAVES, EHOSTUNREACH },
	{ 3, 13, LEAVES, EHOSTUNREACH },
	{ 3, 14, LEAVES, EHOSTUNREACH },
	{ 3, 15, LEAVES, EHOSTUNREACH },
	{ 3, 16, STOPS, 0 },
	{ 4, 0, LEAVES, 0 },
	{ 5, 1, LEAVES, 0 },
	{ 11, 0, ENDS, EHOSTUNREACH },
	{ 11, 1, STOPS, 0 },
	{ 12, 0, ENDS, EPROTO },
	{ 12, 1, ENDS, EPROTO },
};

/* tcp_v6_err(): those that icmpv6_err_convert() calls fatal end a request. */
static const struct message ipv6_messages[] = {
	{ 1, 0, LEAVES, ENETUNREACH },  { 1, 1, ENDS, EACCES },
	{ 1, 2, LEAVES, EHOSTUNREACH }, { 1, 3, LEAVES, EHOSTUNREACH },
	{ 1, 4, ENDS, ECONNREFUSED },   { 1, 5, ENDS, EACCES },
	{ 1, 6, ENDS, EACCES },         { 1, 7, ENDS, EPROTO },
	{ 3, 0, LEAVES, EHOSTUNREACH }, { 3, 1, LEAVES, EHOSTUNREACH },
	{ 4, 0, ENDS, EPROTO },         { 4, 1, ENDS, EPROTO },
	{ 4, 2, ENDS, EPROTO },         { 5, 0, LEAVES, EPROTO },
	{ 127, 0, LEAVES, EPROTO },
};

struct messages {
	const struct message *all;
	size_t count;
};

static struct messages messages_of(const struct scene *net)
{
	if (over_ipv6(net))
		return (struct messages){ ipv6_messages, ARRAY_LENGTH(ipv6_messages) };
	return (struct messages){ ipv4_messages, ARRAY_LENGTH(ipv4_messages) };
}

/* One that does not end a request. */
static struct icmp_error no_route(const struct scene *net)
{
	return over_ipv6(net) ? (struct icmp_error){ .type = 1, .code = 0 }
			      : (struct icmp_error){ .type = 3, .code = 13 };
}

/* It counts errors that are about no socket. */
static const char *about_nobody(const struct scene *net)
{
	return over_ipv6(net) ? "Icmp6InErrors" : "Icmp.InErrors";
}

/* ---- what comes of them --------------------------------------------------------------------- */

/* Its line of a ladder, with @fate; @number is the one that it quotes, from the server's ISN. */
struct outcome {
	struct icmp_error error;
	int number;
	const char *fate;
};

static void expect_outcome(struct peer *peer, struct outcome outcome)
{
	const struct icmp_error *error = &outcome.error;
	autofree char *number = outcome.number ? format(" seq %d", outcome.number) : NULL;
	autofree char *mtu = error->mtu ? format(" mtu %u", error->mtu) : NULL;
	autofree char *line = format("-  >  ICMP %u/%u%s%s  %s", error->type, error->code,
				     number ? number : "", mtu ? mtu : "", outcome.fate);

	expect_ladder(peer,
		      "~1.0  <  SYN-ACK",
		      line);
}

static void error_ends_the_request(struct peer *peer, struct icmp_error error)
{
	peer_gets_error(peer, error);
	expect_outcome(peer, (struct outcome){ error, error.seq, "- / -" });
}

static void error_changes_nothing(struct peer *peer, struct icmp_error error)
{
	peer_gets_error(peer, error);
	expect_outcome(peer, (struct outcome){ error, error.seq, "" });
}

static void error_is_ignored(struct peer *peer, struct icmp_error error)
{
	peer_gets_error(peer, error);
	expect_outcome(peer, (struct outcome){ error, error.seq, "ignored" });
}

/* About what the server would send next to a peer that has got no more than a SYN-ACK. */
static void error_about_next(struct peer *peer, const struct message *message)
{
	error_changes_nothing(
		peer,
		(struct icmp_error){ .type = message->type, .code = message->code, .seq = 1 });
}

static const char *error_name(const struct message *message)
{
	return message->error ? strerrorname_np(message->error) : "0";
}

/* ---- requests ------------------------------------------------------------------------------- */

CASE(icmp_error_ends_a_request_or_not_by_its_type, .claims = "", .covers = "P-120 P-122")
{
	struct messages messages = messages_of(net);
	struct listener *server = listen_on_server(net, .backlog = 100);
	int ended = 0, waiting = 0;

	for (size_t i = 0; i < messages.count; i++) {
		const struct message *each = &messages.all[i];
		struct icmp_error error = { .type = each->type, .code = each->code };
		bool ends = each->effect == ENDS;

		STEP("%u/%u %s", each->type, each->code,
		     ends ? "ends the request: its ACK is a stranger's"
			  : "leaves the request as it was: its ACK connects");
		COVERS("P-120 P-122");
		struct peer *peer = half_open_peer(net, server);
		expect_queue(server, .accept = waiting, .syn = 1);
		if (ends) {
			error_ends_the_request(peer, error);
			expect_queue(server, .accept = waiting, .syn = 0);
			ack_is_answered_with_reset(peer);
			ended++;
		} else {
			error_changes_nothing(peer, error);
			expect_queue(server, .accept = waiting, .syn = 1);
			ack_makes_the_connection(peer);
			waiting++;
		}
		expect_queue(server, .accept = waiting, .syn = 0);
		expect_counters(net, SERVER, "ListenDrops %d  again", ends);
		expect_drops(server, ended);
		expect_poll(server, waiting ? POLLIN : 0);
		expect_option(server, SOL_SOCKET, SO_ERROR, 0);
	}
}

CASE(icmp_error_with_another_number_is_ignored_and_counted, .claims = "", .covers = "P-121",
     .kernel_seconds = 1)
{
	static const int32_t others[] = { -1, 1, INT32_MIN };
	struct messages messages = messages_of(net);
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the server has a request");
	struct peer *peer = half_open_peer(net, server);

	for (size_t i = 0; i < messages.count; i++) {
		const struct message *each = &messages.all[i];
		struct icmp_error error = { .type = each->type, .code = each->code };

		STEP("%u/%u about the number before its SYN-ACK's, the one behind it, and the "
		     "farthest",
		     each->type, each->code);
		COVERS("P-121");
		for (size_t k = 0; k < ARRAY_LENGTH(others); k++) {
			error.seq = others[k];
			if (each->effect == STOPS)
				error_changes_nothing(peer, error);
			else
				error_is_ignored(peer, error);
		}
		expect_queue(server, .accept = 0, .syn = 1);
		expect_counters(net, SERVER, "OutOfWindowIcmps %d  again",
				each->effect == STOPS ? 0 : (int)ARRAY_LENGTH(others));
		expect_drops(server, 0);
	}

	STEP("about the number itself it ends the request");
	COVERS("P-121");
	error_ends_the_request(peer, fatal_icmp_error(net));
	expect_counters(net, SERVER, "ListenDrops 1  again");
	expect_queue(server, .accept = 0, .syn = 0);
	expect_drops(server, 1);

	STEP("a SYN-ACK that goes out again has the same number");
	COVERS("P-121");
	struct icmp_error behind = no_route(net);
	behind.seq = 1;
	struct peer *patient = half_open_peer(net, server);
	wait_for(patient, .timeouts = 1, .within = 1);
	expect_ladder(patient, "1.0  <  SYN-ACK");
	error_is_ignored(patient, behind);
	error_ends_the_request(patient, fatal_icmp_error(net));
	expect_counters(net, SERVER, "TCPTimeouts 1  OutOfWindowIcmps 1  ListenDrops 1");
	expect_queue(server, .accept = 0, .syn = 0);
	expect_drops(server, 2);
}

CASE(icmp_error_makes_room_in_the_syn_queue, .claims = "", .covers = "P-120",
     .server_sysctls = { "net.ipv4.tcp_max_syn_backlog=8" })
{
	struct listener *server = listen_on_server(net, .backlog = 100);
	struct peer *peers[7], *late;
	int count = ARRAY_LENGTH(peers);

	STEP("the SYN queue is full: one more SYN is dropped");
	half_open_peers(server, peers, count);
	late = dropped_peer(net, server);
	expect_queue(server, .accept = 0, .syn = count);
	expect_counters(net, SERVER, "ListenDrops 1  again");
	expect_drops(server, 1);

	STEP("an error about one of the requests makes room for one SYN, and it counts as a drop");
	COVERS("P-120");
	error_ends_the_request(peers[3], fatal_icmp_error(net));
	expect_queue(server, .accept = 0, .syn = count - 1);
	peer_syn(late);
	expect_ladder(late,
		      "-     >  SYN      - / SYN_RECV",
		      "+0.0  <  SYN-ACK");
	expect_queue(server, .accept = 0, .syn = count);
	dropped_peer(net, server);
	expect_counters(net, SERVER, "ListenDrops 2  again");
	expect_drops(server, 3);

	STEP("errors empty the queue, and it has its whole room again");
	peers[3] = late;
	for (int i = 0; i < count; i++)
		error_ends_the_request(peers[i], fatal_icmp_error(net));
	expect_queue(server, .accept = 0, .syn = 0);
	half_open_peers(server, peers, count);
	dropped_peer(net, server);
	expect_queue(server, .accept = 0, .syn = count);
	expect_counters(net, SERVER, "ListenDrops %d  again", count + 1);
	expect_drops(server, 4 + count);
	peers_go_away(peers, count);
	expect_counters(net, SERVER, "ListenDrops %d  reset_requests %d  again", count + 1, count);
}

CASE(icmp_error_ends_a_deferred_and_an_ignored_request_too, .claims = "", .covers = "P-120")
{
	struct listener *server = listen_on_server(net, .backlog = 5, .defer = 10);

	STEP("a deferred request, whose client is connected: the error ends it");
	COVERS("P-120");
	struct peer *deferred = half_open_peer(net, server);
	ack_is_ignored(deferred);
	error_changes_nothing(deferred, no_route(net));
	error_ends_the_request(deferred, fatal_icmp_error(net));
	expect_queue(server, .accept = 0, .syn = 0);
	expect_counters(net, SERVER, "TCPDeferAcceptDrop 1  ListenDrops 1  again");
	expect_drops(server, 2);

	STEP("what that client sends is answered with RST");
	peer_data(deferred, "HELLO");
	expect_ladder(deferred,
		      "-     >  DATA 5",
		      "+0.0  <  RST");
	expect_counters(net, SERVER, "again");

	STEP("a request whose ACK has met a full queue");
	struct listener *full = listen_on_server(net, .backlog = 1);
	struct end **others = connect_clients(net, full, 2);
	struct peer *late = peer_at_a_full_queue(full, 2);
	ack_is_ignored(late);
	expect_counters(net, SERVER, "overflows 1  again");
	expect_drops(full, 2);

	STEP("the error ends it, and leaves who waits");
	COVERS("P-120");
	error_changes_nothing(late, no_route(net));
	error_ends_the_request(late, fatal_icmp_error(net));
	expect_queue(full, .accept = 2, .syn = 0);
	expect_counters(net, SERVER, "ListenDrops 1");
	expect_drops(full, 3);

	STEP("there is room, but no request any more");
	accept_client(full, others[0]);
	ack_is_answered_with_reset(late);
	expect_queue(full, .accept = 1, .syn = 0);
}

/* ---- connections ---------------------------------------------------------------------------- */

CASE(icmp_error_does_not_end_who_waits_for_accept, .claims = "", .covers = "N-6")
{
	struct messages messages = messages_of(net);
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct icmp_error error = fatal_icmp_error(net);

	STEP("a connection waits for accept()");
	struct peer *peer = half_open_peer(net, server);
	ack_makes_the_connection(peer);
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("an error about the number that it would send next changes nothing");
	COVERS("N-6");
	for (size_t i = 0; i < messages.count; i++)
		error_about_next(peer, &messages.all[i]);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_drops(server, 0);

	STEP("about its SYN-ACK, and about what comes behind that, they are ignored");
	COVERS("N-6");
	error_is_ignored(peer, error);
	error.seq = 2;
	error_is_ignored(peer, error);
	expect_counters(net, SERVER, "OutOfWindowIcmps 2");
	expect_queue(server, .accept = 1, .syn = 0);

	STEP("accept() gives it; read() tells of no error, and SO_ERROR of the last one, once");
	COVERS("N-6");
	struct end *served = accept_peer(server, peer);
	expect_read_error(served, EAGAIN);
	expect_option(served, SOL_SOCKET, SO_ERROR, EPROTO);
	expect_option(served, SOL_SOCKET, SO_ERROR, 0);

	for (size_t i = 0; i < messages.count; i++) {
		const struct message *each = &messages.all[i];

		STEP("%u/%u: read() does not fail, and SO_ERROR says %s", each->type, each->code,
		     error_name(each));
		COVERS("N-6");
		error_about_next(peer, each);
		expect_read_error(served, EAGAIN);
		expect_option(served, SOL_SOCKET, SO_ERROR, each->error);
		expect_option(served, SOL_SOCKET, SO_ERROR, 0);
	}

	STEP("the connection goes on");
	COVERS("N-6");
	speak(peer, "HELLO");
	expect_read(served, "HELLO");
}

CASE(connection_inherits_ip_recverr_and_is_told_of_icmp_errors, .claims = "", .covers = "N-6")
{
	const struct socket_option tells = IP_OPTION(net, IP_RECVERR, IPV6_RECVERR, 1);
	struct messages messages = messages_of(net);
	struct listener *server = listen_on_server(net, .backlog = 5, .options = { tells });
	int unreachable = over_ipv6(net) ? ECONNREFUSED : EHOSTUNREACH;

	STEP("an error comes while the connection waits: accept() gives it, and then it tells");
	COVERS("N-6");
	struct peer *peer = half_open_peer(net, server);
	ack_makes_the_connection(peer);
	struct icmp_error error = fatal_icmp_error(net);
	error.seq = 1;
	error_changes_nothing(peer, error);
	expect_queue(server, .accept = 1, .syn = 0);
	struct end *served = accept_peer(server, peer);
	expect_option(served, SOL_SOCKET, SO_ERROR, unreachable);
	expect_option(served, SOL_SOCKET, SO_ERROR, 0);
	expect_option(server, SOL_SOCKET, SO_ERROR, 0);

	for (size_t i = 0; i < messages.count; i++) {
		const struct message *each = &messages.all[i];

		STEP("%u/%u: read() fails with %s, once", each->type, each->code,
		     each->error ? error_name(each) : "EAGAIN");
		COVERS("N-6");
		error_about_next(peer, each);
		expect_read_error(served, each->error ? each->error : EAGAIN);
		expect_read_error(served, EAGAIN);
		expect_option(served, SOL_SOCKET, SO_ERROR, 0);
	}

	STEP("the connection goes on");
	COVERS("N-6");
	speak(peer, "HELLO");
	expect_read(served, "HELLO");

	STEP("an error that ends a request is told to nobody, not to the listener either");
	struct peer *half_open = half_open_peer(net, server);
	error_ends_the_request(half_open, fatal_icmp_error(net));
	expect_poll(server, 0);
	expect_option(server, SOL_SOCKET, SO_ERROR, 0);
	expect_counters(net, SERVER, "ListenDrops 1");
}

/* ---- nobody --------------------------------------------------------------------------------- */

CASE(icmp_error_about_a_cookie_or_a_listener_is_about_nobody, .claims = "", .covers = "N-7",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct messages messages = messages_of(net);
	struct listener *server = listen_on_server(net, .backlog = 5);
	int handed_on = 0;

	STEP("a SYN is answered with a cookie: the server keeps nothing of it");
	struct peer *peer = cookie_peer(net, server);
	expect_counters(net, SERVER, "cookies 1");

	STEP("errors about that SYN-ACK are about nobody");
	COVERS("N-7");
	for (size_t i = 0; i < messages.count; i++) {
		struct icmp_error error = { .type = messages.all[i].type,
					    .code = messages.all[i].code };

		peer_gets_error(peer, error);
		expect_outcome(
			peer, (struct outcome){ error, 0,
						messages.all[i].effect == STOPS ? "" : "ignored" });
		handed_on += messages.all[i].effect != STOPS;
	}
	expect_counters(net, SERVER, "%s %d", about_nobody(net), handed_on);
	expect_drops(server, 0);

	STEP("and the ACK connects as if there had been none");
	COVERS("N-7");
	ack_makes_the_connection(peer);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "SyncookiesRecv 1");

	STEP("an error about a peer that has sent nothing: the listener has no segment on its way");
	COVERS("N-7");
	struct peer *stranger = raw_peer(net, server);
	error_is_ignored(stranger, fatal_icmp_error(net));
	expect_queue(server, .accept = 1, .syn = 0);
	expect_counters(net, SERVER, "%s 1", about_nobody(net));
	expect_drops(server, 0);
}

/* ---- the path's MTU ------------------------------------------------------------------------- */

static struct icmp_error too_big(const struct scene *net, unsigned mtu)
{
	return over_ipv6(net) ? (struct icmp_error){ .type = 2, .code = 0, .mtu = mtu }
			      : (struct icmp_error){ .type = 3, .code = 4, .mtu = mtu };
}

/* Whether a SYN-ACK's MSS follows from an MTU that was learnt of the path. Names the variant. */
static bool offers_what_is_learnt(struct scene *net)
{
	bool does = net_ways()->offers_what_is_learnt;

	saw_variant(net, does ? "learnt-mtu-is-offered" : "learnt-mtu-is-not-offered");
	return does;
}

static void expect_mss(struct scene *net, struct peer *peer, int mss)
{
	STEP("the next SYN-ACK to that host offers an MSS of %d", mss);
	COVERS("P-119");
	struct peer *next = half_open_peer(net, peer->listener, .address_of = peer);
	expect_offer(next, .mss = mss, .window_scale = true, .sack = true);
	reset_ends_the_request(next);
	expect_counters(net, SERVER, "reset_requests 1");
}

CASE(packet_too_big_says_nothing_to_a_request_and_bounds_a_connection, .claims = "",
     .covers = "P-119", .variants = "learnt-mtu-is-offered learnt-mtu-is-not-offered")
{
	int headers = over_ipv6(net) ? 60 : 40;
	int offered = (offers_what_is_learnt(net) ? 1300 : 1500) - headers;
	struct listener *server = listen_on_server(net, .backlog = 5);
	autofree char *first = format("+0.0  <  DATA %d", 1300 - headers);
	autofree char *second =
		format("+0.0  <  DATA %d  seq %d", 1400 - 1300 + headers, 1301 - headers);
	char text[1401] = "";

	STEP("a request takes no notice: its connection sends what its SYN allows");
	COVERS("P-119");
	struct peer *peer = half_open_peer(net, server);
	struct peer *waiting = half_open_peer(net, server, .address_of = peer);
	error_changes_nothing(peer, too_big(net, 1300));
	ack_makes_the_connection(peer);
	struct end *served = accept_peer(server, peer);
	expect_option(served, IPPROTO_TCP, TCP_MAXSEG, 1500 - headers);
	expect_mss(net, peer, 1500 - headers);

	STEP("what a connection has sent was too big: it goes again at once, in shorter segments");
	COVERS("P-119");
	send_text(served, memset(text, 'x', sizeof(text) - 1));
	expect_ladder(peer, "-  <  DATA 1400");
	peer_gets_error(peer, too_big(net, 1300));
	expect_ladder(peer,
		      over_ipv6(net) ? "-  >  ICMP 2/0  seq 1  mtu 1300"
				     : "-  >  ICMP 3/4  seq 1  mtu 1300",
		      first, second);
	peer_ack(peer);
	expect_ladder(peer, "-  >  ACK");
	expect_counters(net, SERVER, "TCPSlowStartRetrans 2");
	expect_option(served, IPPROTO_TCP, TCP_MAXSEG, 1300 - headers);

	STEP("a request that was there before is offered %d, when its SYN comes again", offered);
	COVERS("P-119");
	syn_is_answered_again(waiting);
	expect_offer(waiting, .mss = offered, .window_scale = true, .sack = true);
	expect_mss(net, peer, offered);

	STEP("its connection is bound by the path's MTU, too");
	COVERS("P-119");
	ack_makes_the_connection(waiting);
	struct end *after = accept_peer(server, waiting);
	expect_option(after, IPPROTO_TCP, TCP_MAXSEG, 1300 - headers);

	STEP("other hosts are offered the usual MSS");
	COVERS("P-119");
	struct peer *other = half_open_peer(net, server);
	expect_offer(other, .mss = 1500 - headers, .window_scale = true, .sack = true);
}

/* An MTU that a router tells of, after those before it, and what the path's is then. */
struct learning {
	unsigned told;
	int learnt;
};

/* __ip_rt_update_pmtu(): it never grows, and what is below net.ipv4.route.min_pmtu locks it there.
 */
static const struct learning ipv4_learnings[] = {
	{ 1501, 1500 }, { 1499, 1499 }, { 1300, 1300 }, { 1400, 1300 },
	{ 553, 553 },   { 552, 552 },   { 100, 552 },   { 0, 552 },
};

/* tcp_v6_err(), tcp_v6_mtu_reduced(): it never grows; below IPV6_MIN_MTU an error is ignored. */
static const struct learning ipv6_learnings[] = {
	{ 1501, 1500 }, { 1499, 1499 }, { 1300, 1300 }, { 1400, 1300 },
	{ 1279, 1300 }, { 1280, 1280 }, { 0, 1280 },
};

CASE(path_mtu_only_falls_and_not_below_what_every_way_bears, .claims = "", .covers = "P-119",
     .variants = "learnt-mtu-is-offered learnt-mtu-is-not-offered")
{
	int headers = over_ipv6(net) ? 60 : 40;
	bool offered = offers_what_is_learnt(net);
	const struct learning *rows = over_ipv6(net) ? ipv6_learnings : ipv4_learnings;
	size_t count = over_ipv6(net) ? ARRAY_LENGTH(ipv6_learnings) : ARRAY_LENGTH(ipv4_learnings);
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct peer *peer = half_open_peer(net, server);

	ack_makes_the_connection(peer);
	struct end *served = accept_peer(server, peer);

	for (size_t i = 0; i < count; i++) {
		struct icmp_error error = too_big(net, rows[i].told);

		STEP("MTU %u: the connection sends %d bytes at most", rows[i].told,
		     rows[i].learnt - headers);
		COVERS("P-119");
		error.seq = 1;
		error_changes_nothing(peer, error);
		expect_option(served, IPPROTO_TCP, TCP_MAXSEG, rows[i].learnt - headers);
		expect_mss(net, peer, (offered ? rows[i].learnt : 1500) - headers);
	}

	STEP("an MTU in an error about another number is ignored");
	COVERS("P-119");
	struct peer *other = half_open_peer(net, server);
	ack_makes_the_connection(other);
	struct end *same = accept_peer(server, other);
	error_is_ignored(other, too_big(net, 1300));
	struct icmp_error behind = too_big(net, 1300);
	behind.seq = 2;
	error_is_ignored(other, behind);
	expect_counters(net, SERVER, "OutOfWindowIcmps 2");
	expect_option(same, IPPROTO_TCP, TCP_MAXSEG, 1500 - headers);
	expect_mss(net, other, 1500 - headers);
}

/* A way to the peers, what a SYN-ACK then offers, and what a connection then sends at most. */
struct way {
	const char *metrics;
	int device;
	struct {
		int ipv4, ipv6;
	} offers, sends;
};

CASE(mss_of_the_syn_ack_follows_route_and_device, .claims = "", .covers = "P-119")
{
	static const struct way ways[] = {
		{ "mtu 1499", 1500, { 1459, 1439 }, { 1459, 1439 } },
		{ "mtu 1300", 1500, { 1260, 1240 }, { 1260, 1240 } },
		{ "mtu lock 1300", 1500, { 1260, 1240 }, { 1260, 1240 } },
		{ "advmss 1000", 1500, { 1000, 1000 }, { 1460, 1440 } },
		{ "mtu 1300 advmss 1400", 1500, { 1400, 1400 }, { 1260, 1240 } },
		{ "", 1400, { 1360, 1340 }, { 1360, 1340 } },
		{ "mtu 1450", 1400, { 1410, 1390 }, { 1410, 1390 } },
		{ "mtu 1281", 1400, { 1241, 1221 }, { 1241, 1221 } },
	};
	bool ipv6 = over_ipv6(net);
	struct listener *server = listen_on_server(net, .backlog = 5);
	struct listener *modest =
		listen_on_server(net, .backlog = 5, .name = "modest",
				 .options = { OPTION(IPPROTO_TCP, TCP_MAXSEG, 1242) });

	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		const struct way *way = &ways[i];
		int offers = ipv6 ? way->offers.ipv6 : way->offers.ipv4;
		int sends = ipv6 ? way->sends.ipv6 : way->sends.ipv4;

		STEP("MTU %d, route \"%s\": a SYN-ACK offers %d, and a connection sends %d",
		     way->device, way->metrics, offers, sends);
		COVERS("P-119");
		set_mtu(net, way->device);
		set_route(net, way->metrics);
		struct peer *peer = half_open_peer(net, server);
		expect_offer(peer, .mss = offers, .window_scale = true, .sack = true);
		ack_makes_the_connection(peer);
		struct end *served = accept_peer(server, peer);
		expect_option(served, IPPROTO_TCP, TCP_MAXSEG, sends);

		STEP("TCP_MAXSEG 1242 of the listener bounds it, where that is less");
		COVERS("P-119");
		struct peer *asks = half_open_peer(net, modest);
		expect_offer(asks, .mss = offers < 1242 ? offers : 1242, .window_scale = true,
			     .sack = true);
		reset_ends_the_request(asks);
		expect_counters(net, SERVER, "reset_requests 1");
	}
}
