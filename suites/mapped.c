/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 at sockets of IPv6: a listener of IPv6 hears IPv4 too, and sees its addresses mapped (RFC
 * 3493, 3.7). The kernel has arms of its own for that: tcp_v6_conn_request() and
 * tcp_v6_syn_recv_sock() hand over to IPv4's, and make a socket of IPv6 of what comes back.
 */
#define TOPIC          "IPv4 at IPv6"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0"
#include "fixtures/fixtures.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAPPED_CLIENT "::ffff:192.0.2.1"
#define MAPPED_SERVER "::ffff:192.0.2.2"

typedef int names_socket(int fd, struct sockaddr *address, socklen_t *length);

/* getpeername() or getsockname() gives this address of IPv6, and nothing beside it. */
static void expect_name(struct end *end, const char *call, const char *wanted, int port)
{
	names_socket *name = strcmp(call, "getpeername") == 0 ? getpeername : getsockname;
	struct sockaddr_in6 address = { .sin6_family = AF_UNSPEC };
	socklen_t length = sizeof(address);
	char text[INET6_ADDRSTRLEN] = "";

	expect_call(end, call, 0, name(end->fd, (struct sockaddr *)&address, &length));
	inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof(text));
	if (length != sizeof(address) || address.sin6_family != AF_INET6 ||
	    strcmp(text, wanted) != 0 || ntohs(address.sin6_port) != port ||
	    address.sin6_flowinfo || address.sin6_scope_id)
		fail("%s() of %s gave family %d, %s port %d, flow %#x, scope %u, %u bytes; "
		     "expected %s port %d of IPv6",
		     call, end->name, address.sin6_family, text, ntohs(address.sin6_port),
		     ntohl(address.sin6_flowinfo), address.sin6_scope_id, length, wanted, port);
}

/* The connection is one of IPv6 to its program. */
static void expect_mapped(struct end *served, const struct end *client)
{
	expect_option(served, SOL_SOCKET, SO_DOMAIN, AF_INET6);
	expect_name(served, "getpeername", MAPPED_CLIENT, client->port);
	expect_name(served, "getsockname", MAPPED_SERVER, client->listener->port);
}

/* bind() to an address of the socket's family. */
static long bind_at(const struct plain_socket *plain, const char *address, int port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1)
		return bind(plain->fd, (struct sockaddr *)&six, sizeof(six));
	inet_pton(AF_INET, address, &four.sin_addr);
	return bind(plain->fd, (struct sockaddr *)&four, sizeof(four));
}

/* A listener at ::, of a socket that hears what IPV6_V6ONLY says. */
static struct listener *listen_everywhere(struct scene *net, int only_ipv6)
{
	struct plain_socket *plain =
		socket_on(net, SERVER, .name = "a socket of IPv6",
			  .options = { OPTION(IPPROTO_IPV6, IPV6_V6ONLY, only_ipv6) });
	struct sockaddr_in6 everywhere = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };

	expect_call(plain, "bind", 0,
		    bind(plain->fd, (struct sockaddr *)&everywhere, sizeof(everywhere)));
	return listen_on_server(net, .backlog = 5, .with = plain);
}

CASE(listener_of_ipv6_serves_ipv4_and_sees_its_addresses_mapped, .claims = "", .covers = "P-22",
     .families = IPV4_MAPPED)
{
	struct listener *listeners[] = { listen_on_server(net, .backlog = 5),
					 listen_everywhere(net, 0) };
	static const char *const whereabouts[] = { "its own address, mapped", "every address" };

	for (size_t i = 0; i < ARRAY_LENGTH(listeners); i++) {
		STEP("a client of IPv4 connects to a listener at %s", whereabouts[i]);
		struct end *client = connect_one(net, listeners[i]);
		expect_queue(listeners[i], .accept = 1, .syn = 0);
		expect_proc_line(client, .state = ESTABLISHED);

		STEP("accept() gives a socket of IPv6, with both addresses mapped; a peer is "
		     "offered IPv4's MSS");
		COVERS("P-22");
		struct end *served = accept_client(listeners[i], client);
		expect_mapped(served, client);
		expect_option(served, IPPROTO_IPV6, IPV6_V6ONLY, 0);
		expect_proc_line(client, .state = ESTABLISHED, .fd = served->fd);
		struct peer *peer = half_open_peer(net, listeners[i]);
		expect_offer(peer, .mss = 1460, .window_scale = true, .sack = true);
		reset_ends_the_request(peer);
		expect_counters(net, SERVER, "reset_requests 1");

		STEP("they talk, and close as others do");
		speak(client, "HELLO");
		expect_read(served, "HELLO");
		send_text(served, "WORLD");
		wait_for(client, .sent = 4, .from = CLIENT, .within = 0.1);
		expect_ladder(client,
			      "-    <  DATA 5",
			      "+0.0 >  ACK");
		expect_read(client, "WORLD");
		close_first(client);
		expect_end_of_file(served);
		close_last(served, client);
	}
}

/* compute_score(): a socket that hears IPv6 only has none for IPv4. */
CASE(listener_of_ipv6_only_is_deaf_to_ipv4, .claims = "", .families = IPV4_MAPPED)
{
	struct listener *server = listen_everywhere(net, 1);

	STEP("a client of IPv4 is refused, as where nobody listens");
	connect_to_nobody(net, server);
	expect_counters(net, CLIENT, "Tcp.AttemptFails 1");
	expect_queue(server, .accept = 0, .syn = 0);
	expect_drops(server, 0);
}

/* ---- requests ------------------------------------------------------------------------------- */

CASE(request_of_ipv4_lives_at_a_listener_of_ipv6_as_at_its_own, .claims = "",
     .families = IPV4_MAPPED, .kernel_seconds = 3,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a SYN makes a request, and is answered again when it comes again");
	struct peer *silent = half_open_peer(net, server);
	struct peer *peer = half_open_peer(net, server);
	expect_queue(server, .accept = 0, .syn = 2);
	expect_proc_line(server, .state = LISTEN, .fd = server->fd);
	syn_is_answered_again(peer);
	expect_drops(server, 1);

	STEP("what acknowledges a wrong number is reset, what begins before the window is "
	     "answered with an ACK");
	peer_send(peer, .ack = 1);
	expect_ladder(peer,
		      "-     >  ACK  ack 2",
		      "+0.0  <  RST");
	expect_states(peer, .server = SYN_RECV);
	peer_send(silent, .seq = -1);
	expect_ladder(silent,
		      "-     >  ACK  seq 0",
		      "+0.0  <  ACK");
	expect_drops(server, 2);

	STEP("a SYN in the window ends it, and so do RST and an ICMP error");
	peer_send(peer, .flags = SYN, .seq = 1);
	expect_ladder(peer,
		      "-     >  SYN  seq 1  - / -",
		      "+0.0  <  RST-ACK");
	reset_ends_the_request(half_open_peer(net, server));
	struct peer *unreached = half_open_peer(net, server);
	peer_icmp(unreached, .type = 3, .code = 1);
	expect_ladder(unreached, "-  >  ICMP 3/1  - / -");
	expect_counters(net, SERVER, "EmbryonicRsts 2  Tcp.AttemptFails 2  ListenDrops 1");
	expect_drops(server, 5);

	STEP("data makes a connection");
	struct peer *speaks = half_open_peer(net, server);
	data_makes_the_connection(speaks, "HELLO");
	expect_read(accept_peer(server, speaks), "HELLO");

	STEP("who stays silent is asked again, once, and forgotten");
	wait_for(silent, .gone = true, .host = SERVER, .within = 3);
	expect_ladder(silent,
		      "1.0  <  SYN-ACK",
		      "3.0  .           - / -");
	expect_counters(net, SERVER, "TCPTimeouts 2");
	expect_queue(server, .accept = 0, .syn = 0);
	expect_drops(server, 5);
}

CASE(ipv4_meets_full_queues_and_cookies_of_a_listener_of_ipv6, .claims = "",
     .families = IPV4_MAPPED, .server_sysctls = { "net.ipv4.tcp_abort_on_overflow=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 1);

	STEP("the accept queue is full: a SYN is dropped, and a final ACK ignored");
	struct end **clients = connect_clients(net, server, 2);
	dropped_peer(net, server);
	expect_drops(server, 1);
	struct peer *late = peer_at_a_full_queue(server, 2);
	ack_is_ignored(late);
	expect_drops(server, 3);
	expect_counters(net, SERVER, "overflows 2");

	STEP("with tcp_abort_on_overflow=1 it is reset");
	set_sysctl(net, SERVER, "net.ipv4.tcp_abort_on_overflow=1");
	peer_ack(late);
	expect_ladder(late,
		      "-     >  ACK  rejected  - / -",
		      "+0.0  <  RST");
	expect_counters(net, SERVER, "overflows 1  EmbryonicRsts 1");
	expect_drops(server, 5);

	STEP("each SYN is answered with a cookie, which makes a connection");
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=2");
	listen_again(server, 9);
	struct end *client = connect_through_cookie(net, server);
	expect_queue(server, .accept = 3, .syn = 0);
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");

	STEP("a forged one is reset");
	struct peer *forger = cookie_peer(net, server);
	peer_send(forger, .ack = 1);
	expect_ladder(forger,
		      "-     >  ACK  ack 2",
		      "+0.0  <  RST");
	expect_counters(net, SERVER, "cookies 1  SyncookiesFailed 1");
	expect_drops(server, 5);

	STEP("the cookie's connection is one of IPv6, as the others are");
	for (int i = 0; i < 2; i++)
		expect_mapped(accept_client(server, clients[i]), clients[i]);
	struct end *served = accept_client(server, client);
	expect_mapped(served, client);
	speak(client, "HELLO");
	expect_read(served, "HELLO");
}

/* ---- options -------------------------------------------------------------------------------- */

/* The number of the server's interface, in its own namespace. */
static int interface_of(const struct listener *server)
{
	struct ifreq request = { .ifr_name = "eth0" };

	if (ioctl(server->fd, SIOCGIFINDEX, &request) < 0)
		broken("cannot read the number of the server's eth0: %s", strerror(errno));
	return request.ifr_ifindex;
}

/*
 * tcp_v6_syn_recv_sock(): what the child has of IPv6 is its listener's, but for what belongs to one
 * packet or one end. SYN-ACKs go by IPv4's options, and the judge knows that.
 */
CASE(connection_of_ipv4_has_the_options_of_its_listener_of_ipv6, .claims = "",
     .families = IPV4_MAPPED)
{
	struct listener *server = listen_on_server(
		net, .backlog = 5,
		.options = { OPTION(IPPROTO_IP, IP_TOS, 0x28), OPTION(IPPROTO_IP, IP_TTL, 7),
			     OPTION(IPPROTO_IPV6, IPV6_TCLASS, 0x50),
			     OPTION(IPPROTO_IPV6, IPV6_RECVTCLASS, 1),
			     OPTION(IPPROTO_IPV6, IPV6_DONTFRAG, 1),
			     OPTION(IPPROTO_TCP, TCP_MAXSEG, 1000),
			     OPTION(SOL_SOCKET, SO_RCVBUF, 20000) });

	STEP("a client, whose packets live for 33 hops, connects, by a request and by a cookie");
	for (int cookies = 0; cookies <= 2; cookies += 2) {
		set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%d", cookies);
		struct end *client =
			cookies ? connect_through_cookie(net, server,
							 .options = { TTL_OPTION(net, 33) })
				: connect_one(net, server, .options = { TTL_OPTION(net, 33) });
		struct end *served = accept_client(server, client);

		expect_mapped(served, client);
		expect_option(served, IPPROTO_IP, IP_TOS, 0x28);
		expect_option(served, IPPROTO_IP, IP_TTL, 7);
		expect_option(served, IPPROTO_IPV6, IPV6_TCLASS, 0x50);
		expect_option(served, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
		expect_option(served, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
		expect_option(served, IPPROTO_IPV6, IPV6_V6ONLY, 0);
		expect_option(served, IPPROTO_IPV6, IPV6_MULTICAST_IF, interface_of(server));
		expect_option(served, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 33);
		speak(client, "HELLO");
		expect_read(served, "HELLO");
	}
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
}

/* ---- who else has the port ------------------------------------------------------------------ */

/* Of two who listen on one port: a socket's family, and whether it has every address. */
struct rival {
	const char *what;
	int family;
	const char *address;
};

static struct listener *listen_beside(struct scene *net, const struct rival *rival, int port)
{
	struct plain_socket *plain =
		socket_on(net, SERVER, .name = rival->what, .family = rival->family,
			  .options = { OPTION(SOL_SOCKET, SO_REUSEPORT, 1) });

	expect_call(plain, "bind", 0, bind_at(plain, rival->address, port));
	return listen_on_server(net, .backlog = 5, .with = plain);
}

/* The client comes to the @winner, and when that has closed to the other one. */
static void expect_winner(struct scene *net, const struct rival *rivals[2], int winner, int port)
{
	struct listener *listeners[2];

	for (int i = 0; i < 2; i++)
		listeners[i] = listen_beside(net, rivals[i], port);
	STEP("%s and then %s listen on one port: a client of IPv4 comes to %s", rivals[0]->what,
	     rivals[1]->what, rivals[winner]->what);
	struct end *client = connect_one(net, listeners[winner]);
	expect_queue(listeners[winner], .accept = 1, .syn = 0);
	expect_queue(listeners[1 - winner], .accept = 0, .syn = 0);
	struct end *served = accept_client(listeners[winner], client);
	expect_option(served, SOL_SOCKET, SO_DOMAIN, rivals[winner]->family);
	close_listener(listeners[winner]);

	client = connect_one(net, listeners[1 - winner]);
	served = accept_client(listeners[1 - winner], client);
	expect_option(served, SOL_SOCKET, SO_DOMAIN, rivals[1 - winner]->family);
	close_listener(listeners[1 - winner]);
}

/*
 * inet_lhash2_lookup(): who has the address comes before who has every address; of the same, those
 * of IPv4 stand before those of IPv6 (__inet_hash()), whoever listened first.
 */
CASE(listener_of_ipv4_comes_before_one_of_ipv6, .claims = "", .families = IPV4_MAPPED)
{
	static const struct rival own = { "IPv4's own", AF_INET, "192.0.2.2" },
				  every = { "IPv4's wildcard", AF_INET, "0.0.0.0" },
				  own_mapped = { "IPv6's mapped one", AF_INET6, MAPPED_SERVER },
				  every_mapped = { "IPv6's wildcard", AF_INET6, "::" };
	static const struct rival *const pairs[][2] = { /* the first one gets the client */
							{ &own, &own_mapped },
							{ &every, &every_mapped },
							{ &own, &every_mapped },
							{ &own_mapped, &every },
							{ &own_mapped, &every_mapped }
	};

	for (int i = 0; i < (int)ARRAY_LENGTH(pairs); i++) {
		const struct rival *turned[] = { pairs[i][1], pairs[i][0] };
		const struct rival *straight[] = { pairs[i][0], pairs[i][1] };

		expect_winner(net, straight, 0, 20001 + 2 * i);
		expect_winner(net, turned, 1, 20002 + 2 * i);
	}
}

/* ---- the end -------------------------------------------------------------------------------- */

CASE(listener_of_ipv6_ends_for_clients_of_ipv4, .claims = "", .families = IPV4_MAPPED)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("the server closes a connection first: it is in TIME_WAIT");
	struct peer *old = connected_peer(server);
	server_closes_first(old);

	STEP("a SYN from before it is answered for the old connection, one beyond it is a "
	     "request's");
	struct peer *behind = peer_again(old, .isn = -1);
	peer_syn(behind);
	expect_ladder(behind,
		      "-     >  SYN",
		      "+0.0  <  old ACK");
	expect_states(old, .server = TIME_WAIT);
	struct peer *again = peer_again(old, .isn = 1);
	peer_syn(again);
	expect_ladder(again,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK");
	expect_ladder(old, "+0.0  .  - / -");
	ack_makes_the_connection(again);

	STEP("the listener closes: who waits is reset, and who is on the way when its ACK comes");
	struct end *waits = connect_one(net, server);
	struct end *late = client_with_held_ack(server);
	close_listener(server);
	expect_ladder(again, "-  <  RST-ACK  - / -");
	expect_reset_by_server(waits);
	release_segments(net);
	expect_ladder(late, "0.0  <  RST  - / -");
	expect_reset(late);
	expect_counters(net, SERVER, "Tcp.EstabResets 2");
	expect_counters(net, CLIENT, "Tcp.EstabResets 2");
}

CASE(request_of_ipv4_moves_between_listeners_of_ipv6, .claims = "", .families = IPV4_MAPPED,
     .kernel_seconds = 1, .server_sysctls = { "net.ipv4.tcp_migrate_req=1" })
{
	struct members members = listen_in_group(net, .count = 2, .backlog = 5, .moves = true);

	STEP("one waits at the first member, one has its ACK on the way, one says nothing");
	struct end *waits = connect_one(net, members.first);
	struct end *late = client_with_held_ack(members.first);
	struct peer *silent = half_open_peer(net, members.first);

	STEP("the first member closes: who waits moves at once, who is on the way with its ACK");
	close_listener(members.first);
	expect_ladder(waits, "-  .  moved");
	release_segments(net);
	expect_states(late, .client = ESTABLISHED, .server = ESTABLISHED);
	expect_in_queue_of(members.second, late);
	expect_counters(net, SERVER, "TCPMigrateReqSuccess 2");

	STEP("who says nothing moves with its timer");
	wait_for(silent, .timeouts = 1, .within = 1);
	expect_ladder(silent, "1.0  <  SYN-ACK  moved");
	ack_makes_the_connection(silent);
	expect_counters(net, SERVER, "TCPTimeouts 1  TCPMigrateReqSuccess 1");

	STEP("all are accepted by the second member, as connections of IPv6");
	expect_mapped(accept_client(members.second, waits), waits);
	struct end *served = accept_client(members.second, late);
	expect_mapped(served, late);
	accept_peer(members.second, silent);
	speak(late, "HELLO");
	expect_read(served, "HELLO");
}

/* ---- bind() --------------------------------------------------------------------------------- */

/* Addresses at which a socket hears what comes. */
enum {
	OWN_IPV4 = 1 << 0,
	LOOPBACK_IPV4 = 1 << 1,
	OTHER_IPV4 = 1 << 2,
	ALL_IPV4 = OWN_IPV4 | LOOPBACK_IPV4 | OTHER_IPV4,
	LOOPBACK_IPV6 = 1 << 3,
	OTHER_IPV6 = 1 << 4,
	ALL_IPV6 = LOOPBACK_IPV6 | OTHER_IPV6,
};

/* A socket that asks for a port. */
struct claimant {
	const char *name, *address;
	int family, only_ipv6;
	unsigned hears;
};

static const struct claimant claimants[] = {
	{ "0.0.0.0", "0.0.0.0", AF_INET, 0, ALL_IPV4 },
	{ "192.0.2.2", "192.0.2.2", AF_INET, 0, OWN_IPV4 },
	{ "127.0.0.1", "127.0.0.1", AF_INET, 0, LOOPBACK_IPV4 },
	{ "[::]", "::", AF_INET6, 0, ALL_IPV4 | ALL_IPV6 },
	{ "[::] of IPv6 only", "::", AF_INET6, 1, ALL_IPV6 },
	{ "[::1]", "::1", AF_INET6, 0, LOOPBACK_IPV6 },
	{ "[::1] of IPv6 only", "::1", AF_INET6, 1, LOOPBACK_IPV6 },
	{ "[::ffff:0.0.0.0]", "::ffff:0.0.0.0", AF_INET6, 0, ALL_IPV4 },
	{ "[::ffff:192.0.2.2]", MAPPED_SERVER, AF_INET6, 0, OWN_IPV4 },
	{ "[::ffff:127.0.0.1]", "::ffff:127.0.0.1", AF_INET6, 0, LOOPBACK_IPV4 },
};

/* Options of the first one and of the other, and whether they keep the two apart. */
struct terms {
	const char *what;
	int reuse_address[2], reuse_port[2];
	bool listens; /* the first one */
	bool apart;
};

static const struct terms terms[] = {
	{ "neither reuses", { 0, 0 }, { 0, 0 }, false, true },
	{ "the first one has SO_REUSEADDR", { 1, 0 }, { 0, 0 }, false, true },
	{ "the other has SO_REUSEADDR", { 0, 1 }, { 0, 0 }, false, true },
	{ "both have SO_REUSEADDR", { 1, 1 }, { 0, 0 }, false, false },
	{ "both have SO_REUSEADDR, and one listens", { 1, 1 }, { 0, 0 }, true, true },
	{ "the first one has SO_REUSEPORT", { 0, 0 }, { 1, 0 }, false, true },
	{ "the other has SO_REUSEPORT", { 0, 0 }, { 0, 1 }, false, true },
	{ "both have SO_REUSEPORT", { 0, 0 }, { 1, 1 }, false, false },
	{ "both have SO_REUSEPORT, and one listens", { 0, 0 }, { 1, 1 }, true, false },
};

static struct plain_socket *socket_of(struct scene *net, const struct claimant *claimant,
				      const struct terms *row, int which)
{
	struct plain_socket *plain =
		socket_on(net, SERVER, .name = claimant->name, .family = claimant->family);

	setsockopt(plain->fd, SOL_SOCKET, SO_REUSEADDR, &row->reuse_address[which], sizeof(int));
	setsockopt(plain->fd, SOL_SOCKET, SO_REUSEPORT, &row->reuse_port[which], sizeof(int));
	if (claimant->family == AF_INET6)
		setsockopt(plain->fd, IPPROTO_IPV6, IPV6_V6ONLY, &claimant->only_ipv6, sizeof(int));
	return plain;
}

static bool is_mapped(const struct claimant *claimant)
{
	return claimant->family == AF_INET6 && !(claimant->hears & ALL_IPV6);
}

/* No option has asked for it: who came second has the first one's clients, until it closes. */
static void expect_taken_over(struct listener *first, struct plain_socket *asks)
{
	struct scene *net = first->scene;
	struct listener *second = listen_on_server(net, .backlog = 5, .with = asks);

	STEP("the second one listens as well, and has the clients of the first one");
	accept_client(second, connect_one(net, second));
	close_listener(second);
	accept_client(first, connect_one(net, first));
}

/*
 * From Linux 6.1 to 6.8, which looks into a hash of addresses first, a socket at a mapped address
 * does not see one at ::ffff:0.0.0.0 (inet_bind2_bucket_match_addr_any()): docs/mapped-wildcard.md.
 */
static bool is_overlooked(struct scene *net)
{
	static const struct terms neither = { "neither reuses", { 0, 0 }, { 0, 0 }, false, true };
	const struct claimant *wildcard = &claimants[7], *address = &claimants[8];
	struct plain_socket *has = socket_of(net, wildcard, &neither, 0);
	struct plain_socket *asks = socket_of(net, address, &neither, 1);
	bool overlooked;

	STEP("whether a listener at the mapped wildcard counts for who asks for a mapped address");
	expect_call(has, "bind", 0, bind_at(has, wildcard->address, 20200));
	struct listener *first = listen_on_server(net, .backlog = 5, .with = has);
	overlooked = bind_at(asks, address->address, 20200) == 0;
	saw_variant(net, overlooked ? "mapped-wildcard-is-overlooked" : "mapped-wildcard-counts");
	if (overlooked)
		expect_taken_over(first, asks);
	close_listener(first);
	return overlooked;
}

/* What the first one has the other one asks for. */
struct contest {
	const struct claimant *first, *other;
	const struct terms *terms;
	bool overlooked; /* see is_overlooked() */
};

/* Who hears nothing of what the first one hears may have the port, and nobody else. */
static void expect_terms(struct scene *net, const struct contest *contest)
{
	const struct claimant *first = contest->first, *other = contest->other;
	const struct terms *row = contest->terms;
	struct plain_socket *has = socket_of(net, first, row, 0),
			    *asks = socket_of(net, other, row, 1);
	bool unseen = contest->overlooked && is_mapped(first) && first->hears == ALL_IPV4 &&
		      is_mapped(other) && other->hears != ALL_IPV4;
	bool taken = row->apart && (first->hears & other->hears) && !unseen;

	if (bind_at(has, first->address, 20201) < 0 || (row->listens && listen(has->fd, 1) < 0))
		fail("%s, alone on its port: %s", first->name, strerror(errno));
	expect_call(asks, "bind", taken ? EADDRINUSE : 0, bind_at(asks, other->address, 20201));
	close(asks->fd);
	close(has->fd);
}

/*
 * inet_rcv_saddr_equal() of each socket that has the port, and the shorter ways to the same answer
 * (sk_reuseport_match(), and the second hash by addresses since Linux 6.1).
 */
CASE(port_is_taken_from_who_would_hear_the_same, .claims = "", .covers = "F-27",
     .families = IPV4_MAPPED, .variants = "mapped-wildcard-counts mapped-wildcard-is-overlooked")
{
	bool overlooked = is_overlooked(net);

	for (size_t i = 0; i < ARRAY_LENGTH(terms); i++)
		for (size_t first = 0; first < ARRAY_LENGTH(claimants); first++) {
			STEP("%s; %s has a port, and others ask for it", terms[i].what,
			     claimants[first].name);
			COVERS("F-27");
			for (size_t other = 0; other < ARRAY_LENGTH(claimants); other++)
				expect_terms(net, &(struct contest){ &claimants[first],
								     &claimants[other], &terms[i],
								     overlooked });
		}
}

CASE(ipv6_wildcard_takes_the_port_of_ipv4_too_unless_it_is_for_ipv6_only, .claims = "",
     .covers = "P-21", .families = IPV4_MAPPED)
{
	static const struct rival four = { "a socket of IPv4", AF_INET, "0.0.0.0" };
	struct plain_socket *other =
		socket_on(net, SERVER, .name = four.what, .family = four.family);

	STEP("a listener at [::] has IPv4's port as well: a socket of IPv4 does not get it, and "
	     "the option is fixed");
	COVERS("P-21");
	struct listener *both = listen_everywhere(net, 0);
	expect_call(other, "bind", EADDRINUSE, bind_at(other, four.address, both->port));
	expect_bad_option(both, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	expect_option(both, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	struct end *client = connect_one(net, both);
	expect_mapped(accept_client(both, client), client);

	STEP("one of IPv6 only leaves it to the socket of IPv4, whose client is nobody else's");
	COVERS("P-21");
	struct listener *only = listen_everywhere(net, 1);
	expect_bad_option(only, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	expect_option(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	expect_call(other, "bind", 0, bind_at(other, four.address, only->port));
	struct listener *server = listen_on_server(net, .backlog = 5, .with = other);
	client = connect_one(net, server);
	expect_queue(server, .accept = 1, .syn = 0);
	expect_queue(only, .accept = 0, .syn = 0);
	expect_option(accept_client(server, client), SOL_SOCKET, SO_DOMAIN, AF_INET);
}
