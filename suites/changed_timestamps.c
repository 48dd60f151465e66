/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A box on the way changes the timestamps of what a client sends behind its SYN, as some firewalls,
 * load balancers and satellite accelerators do: it takes them away, or what they echo is 0, or
 * something that no SYN-ACK had. connect() succeeds in each case, for the SYN-ACK has come. What
 * else the two programs see is here; docs/changed-timestamps.md has the story.
 */
#define TOPIC "a box on the way"
#define SERVER_SYSCTLS                                                                             \
	"net.ipv4.tcp_timestamps=1", "net.ipv4.tcp_sack=1", "net.ipv4.tcp_window_scaling=1"
#include "fixtures/fixtures.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

/* Both programs get what the other one has sent, and the box is no matter. */
static void expect_service(struct listener *server, struct end *client)
{
	send_text(client, "HELLO");
	struct end *served = accept_client(server, client);
	expect_read(served, "HELLO");
	send_text(served, "WORLD");
	expect_read(client, "WORLD");
	expect_ladder(client,
		      "-    >  DATA 5  changed",
		      "+0.0 <  ACK",
		      "-    <  DATA 5",
		      "+0.0 >  ACK     changed");
}

/* ---- a request ------------------------------------------------------------------------------- */

static void connect_through_box(struct scene *net, struct stamping to)
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	change_timestamps(net, .from = CLIENT, .what = "any", .skip = 1, .to = to);
	struct end *client = connect_client(net, server);
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN           SYN_SENT / SYN_RECV",
		      "0.0  <  SYN-ACK       ESTABLISHED / SYN_RECV",
		      "0.0  >  ACK  changed  ESTABLISHED / ESTABLISHED");
	expect_service(server, client);
	stop_rules(net);
}

CASE(client_is_served_though_a_box_takes_its_timestamps_away_or_their_echoes, .claims = "",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	STEP("there are no timestamps behind the SYN");
	connect_through_box(net, (struct stamping){ .none = true });

	STEP("there are, and they echo 0");
	connect_through_box(net, (struct stamping){ .zero = true });
}

/* The offer is declined, and nobody has timestamps that a box could change. */
CASE(server_without_timestamps_leaves_a_box_nothing_to_change, .claims = "",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_timestamps=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("a client connects and is served");
	change_timestamps(net, .from = CLIENT, .what = "any", .skip = 1, .to.echo = 60000);
	struct end *client = connect_one(net, server);
	speak(client, "HELLO");
	expect_read(accept_client(server, client), "HELLO");
}

/*
 * A client whose echo is a minute late when it comes to the server. Since Linux 6.15 that is seen,
 * and the client's ACK is answered like one from outside of the window.
 */
static struct end *connect_with_late_echo(struct scene *net, struct listener *server)
{
	change_timestamps(net, .from = CLIENT, .what = "any", .skip = 1, .to.echo = 60000);
	struct end *client = connect_client(net, server, .name = "client");
	expect_connected(client);
	bool checked = state_of(client, SERVER) == SYN_RECV;
	saw_variant(net, checked ? "echo-is-checked" : "any-echo-will-do");
	expect_ladder(client,
		      "                   -    >  SYN                  SYN_SENT / SYN_RECV",
		      "                   0.0  <  SYN-ACK              ESTABLISHED / SYN_RECV",
		      "[any-echo]         0.0  >  ACK changed          ESTABLISHED / ESTABLISHED",
		      "[echo-is-checked]  0.0  >  ACK changed ignored",
		      "[echo-is-checked]  +0.0 <  ACK");
	if (checked)
		expect_counters(net, SERVER, "TSEcrRejected 1");
	return client;
}

/* The client that is not believed; NULL: any echo will do on this kernel, and it is served. */
static struct end *connect_disbelieved(struct scene *net, struct listener *server)
{
	STEP("connect() succeeds");
	struct end *client = connect_with_late_echo(net, server);
	bool believed = state_of(client, SERVER) == ESTABLISHED;
	if (!believed)
		return client;
	expect_service(server, client);
	return NULL;
}

/* The request has gone: the next that the client sends is for nobody. */
static void expect_end(struct listener *server, struct end *client)
{
	expect_reset(client);
	expect_nothing_to_accept(server);
	expect_queue(server, .accept = 0, .syn = 0);
}

CASE(client_whose_echo_a_box_has_changed_speaks_in_vain_until_it_is_reset, .claims = "",
     .kernel_seconds = 1.5, .variants = "any-echo-will-do echo-is-checked",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_synack_retries=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	struct end *client = connect_disbelieved(net, server);
	if (!client)
		return;
	/* 3 RTO are before the request's timer at 1 s, and 7 RTO are after it */
	needs_rto_below(client, 0.24);

	STEP("what the client sends is answered, and not acknowledged");
	send_text(client, "HELLO");
	expect_ladder(client,
		      "-    >  DATA 5  changed  ignored",
		      "+0.0 <  ACK ack 1");
	expect_unacknowledged(client, 5);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "TSEcrRejected 1");

	STEP("the request expires, and the client's next attempt is reset");
	wait_for(client, .gone = true, .host = CLIENT, .within = 2);
	expect_ladder(client,
		      "1rto  >  DATA 5 changed ignored",
		      "+0.0  <  ACK ack 1",
		      "3rto  >  DATA 5 changed ignored",
		      "+0.0  <  ACK ack 1",
		      "1.0   .                          ESTABLISHED / -",
		      "7rto  >  DATA 5 changed",
		      "+0.0  <  RST                     - / -");
	expect_end(server, client);
	expect_drops(server, 4);
	expect_counters(net, SERVER, "TSEcrRejected 2  TCPTimeouts 1");
	expect_counters(net, CLIENT, "TCPTimeouts 3  Tcp.EstabResets 1");
}

CASE(client_whose_echo_a_box_has_changed_waits_for_the_servers_word_for_ever, .claims = "",
     .kernel_seconds = 3, .variants = "any-echo-will-do echo-is-checked",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_synack_retries=1" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	struct end *client = connect_disbelieved(net, server);
	if (!client)
		return;

	STEP("its answer to the second SYN-ACK is not believed either, and the request expires");
	wait_for(client, .gone = true, .host = SERVER, .within = 3);
	expect_ladder(client,
		      "1.0   <  SYN-ACK",
		      "1.0   >  ACK changed  ignored",
		      "+0.0  <  ACK",
		      "3.0   .                ESTABLISHED / -");
	expect_no_timer(client);
	expect_read_error(client, EAGAIN);
	expect_nothing_to_accept(server);
	expect_counters(net, SERVER, "TSEcrRejected 1  TCPTimeouts 2");
	expect_counters(net, CLIENT, "challenges 1");

	STEP("it learns of that when it speaks");
	send_text(client, "HELLO");
	expect_ladder(client,
		      "-    >  DATA 5 changed",
		      "+0.0 <  RST              - / -");
	expect_end(server, client);
	expect_drops(server, 2);
	expect_counters(net, CLIENT, "Tcp.EstabResets 1");
}

/* ---- a cookie -------------------------------------------------------------------------------- */

/*
 * A cookie's SYN-ACK has in the last bits of its timestamp what the SYN offered, and the server
 * knows it from the echo alone: cookie_timestamp_decode().
 */
static struct end *connect_by_cookie(struct scene *net, struct listener *server, struct stamping to)
{
	change_timestamps(net, .from = CLIENT, .what = "any", .skip = 1, .to = to);
	struct end *client = connect_client(net, server);

	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN           SYN_SENT / -",
		      "0.0  <  SYN-ACK       ESTABLISHED / -",
		      "0.0  >  ACK  changed  ESTABLISHED / ESTABLISHED");
	expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
	return client;
}

CASE(client_of_a_cookie_is_served_when_a_box_changes_its_echo, .claims = "",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	static const struct {
		const char *what;
		int32_t late;
	} rows[] = {
		{ "the echo is 64 s late: its last bits are the same", 64000 },
		{ "it is 1 ms late: the client's windows are taken for twice as large", 1 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct listener *server = listen_on_server(net, .backlog = 5);

		STEP("%s", rows[i].what);
		struct end *client =
			connect_by_cookie(net, server, (struct stamping){ .echo = rows[i].late });
		expect_service(server, client);
		stop_rules(net);
	}
}

/*
 * The server does not know the scale of the client's window, 7, and takes an announced 502 (64,256
 * bytes) for 502 bytes. It sends that much; the next window is a little smaller, so the rest does
 * not fit, and the zero-window timer sends what does.
 */
static void expect_small_segments(struct listener *server, struct end *client)
{
	int window = over_ipv6(scene_of(client)) ? 507 : 502;
	int smaller = over_ipv6(scene_of(client)) ? 504 : 501;
	autofree char *first = format("-     <  DATA %d", window);
	autofree char *next = format("+0.2  <  DATA %d", smaller);
	autofree char *last = format("+0.0  <  DATA %d", window - smaller);
	char text[1100] = "";

	memset(text, 'x', (size_t)window * 2);
	struct end *served = accept_client(server, client);
	expect_option(served, IPPROTO_TCP, TCP_MAXSEG, window);
	send_text(served, text);
	expect_unacknowledged(served, window);
	wait_for(client, .sent = 4, .from = SERVER, .within = 0.2);
	expect_ladder(client, first, "+0.0  >  ACK changed", next, "+0.0  >  ACK changed", last,
		      "+0.0  >  ACK changed");
	expect_read(client, text);
}

CASE(cookie_whose_timestamps_a_box_takes_away_makes_a_connection_of_small_windows, .claims = "",
     .kernel_seconds = 0.3, .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 5);

	STEP("connect() and accept() succeed, and only the client knows of its window's scale");
	struct end *client = connect_by_cookie(net, server, (struct stamping){ .none = true });

	STEP("the server sends a kilobyte, half of it at a time");
	expect_small_segments(server, client);
}

static int minutes_between(uint32_t one, uint32_t other)
{
	return (int32_t)(one - other) / 60000;
}

/*
 * cookie_v4_check() computes the timestamp offset of the connection, but not for an echo of 0: then
 * the server goes on without it, and to its client the server's clock has jumped. Where it has
 * jumped back, the client's PAWS drops all that comes.
 */
CASE(cookie_whose_echo_a_box_zeroes_makes_a_server_forget_its_clock, .claims = "",
     .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 20);
	uint32_t clock = 0;
	int jumps = 0;

	for (int i = 0; i < 8; i++) {
		STEP("the final ACK of a cookie echoes 0, and the next timestamp has no offset");
		struct peer *peer = raw_peer(net, server);
		peer_send(peer, .flags = SYN, .timestamps = true, .tsval = 1000);
		uint32_t offered = peer->heard.tsval;
		peer_send(peer, .text = "HELLO", .timestamps = true, .tsval = 1000);
		expect_ladder(peer,
			      "-    >  SYN",
			      "0.0  <  SYN-ACK",
			      "-    >  DATA 5   - / ESTABLISHED",
			      "+0.0 <  ACK");
		expect_counters(net, SERVER, "cookies 1  SyncookiesRecv 1");
		expect_read(accept_peer(server, peer), "HELLO");
		if (i == 0)
			clock = peer->heard.tsval;
		if (minutes_between(peer->heard.tsval, clock))
			fail("%s has got the timestamp %u, and the first peer %u: the server's "
			     "clock without an offset is the same for both",
			     peer->name, peer->heard.tsval, clock);
		jumps += minutes_between(peer->heard.tsval, offered) != 0;
	}
	if (!jumps)
		fail("the timestamps of all SYN-ACKs were without an offset, too");
}
