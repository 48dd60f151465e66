/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many SYNs a second reach the server in the suite's own flood and in that of hping3, and what
 * a client meets in the middle of a flood.
 */
#define TOPIC "bench"
#include "bench/bench.h"

#include <sys/mman.h>

#define FLOOD_SECONDS 2
#define NEVER         (-1.0)

/* In memory that the worker shares. */
static struct flood_figures {
	double own, tool;   /* SYNs a second */
	double connects[3]; /* s until a client is connected, with tcp_syncookies 0, 1, 2 */
} * figures;

/* The queue is full before a flood begins: what the server does with each of its SYNs is the same.
 */
static struct listener *listen_with_a_full_syn_queue(struct scene *net)
{
	int kept = takes_one_more_than_backlog(net) ? 17 : 16;
	struct listener *server = listen_on_server(net, .backlog = 16);

	STEP("the SYN queue is full");
	flood_listener(server, .syns = 100);
	expect_queue(server, .accept = 0, .limit = 16, .syn = kept);
	expect_counters(net, SERVER, "ListenDrops %d  TCPReqQFullDrop %d  again", 100 - kept,
			100 - kept);
	return server;
}

static double rate_of(struct listener *server, struct flood flood)
{
	expect_counters(server->scene, SERVER,
			"ListenDrops %ld  TCPReqQFullDrop %ld  Tcp.InSegs %ld  again", flood.syns,
			flood.syns, flood.syns);
	return (double)flood.syns / flood.seconds;
}

CASE(own_flood, .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_with_a_full_syn_queue(net);

	STEP("a flood");
	figures->own = rate_of(server, flood_listener(server, .seconds = FLOOD_SECONDS));
}

CASE(flood_of_hping3, .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_with_a_full_syn_queue(net);
	char port[8];

	snprintf(port, sizeof(port), "%d", server->port);
	open_wire_to_tools(net);
	STEP("a flood");
	figures->tool = rate_of(
		server,
		flood_with_tool(
			server,
			.tool = { .argv = { "timeout", "--signal=INT", "2", "hping3", "--interface",
					    "ws", "--spoof", "198.19.255.1", "--syn", "--destport",
					    port, "--flood", "--numeric", "--quiet", "192.0.2.2" },
				  .any_status = true }));
}

/* Without cookies its SYNs are dropped: two are waited for. */
static double fail_to_connect(struct listener *server)
{
	struct end *client = connect_client(server->scene, server);

	wait_for(client, .sent = 2, .from = CLIENT, .within = 1);
	expect_ladder(client,
		      "-    >  SYN  SYN_SENT / -",
		      "1.0  >  SYN");
	return NEVER;
}

static double connect_by_a_cookie(struct listener *server)
{
	nsec began = clock_now();
	struct end *client = connect_client(server->scene, server);

	expect_connected(client);
	double taken = seconds(clock_now() - began);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / -",
		      "0.0  <  SYN-ACK  ESTABLISHED / -",
		      "0.0  >  ACK      ESTABLISHED / ESTABLISHED");
	return taken;
}

static double connect_in_a_flood(struct scene *net, const char *cookies)
{
	struct listener *server = listen_with_a_full_syn_queue(net);
	bool sent = cookies[0] != '0';

	STEP("a client comes in the middle of a flood, with tcp_syncookies=%s", cookies);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=%s", cookies);
	begin_flood(server);
	double taken = sent ? connect_by_a_cookie(server) : fail_to_connect(server);
	struct flood flood = end_flood(net);
	long cookie = sent ? flood.syns + 1 : 0, dropped = sent ? 0 : flood.syns + 2;

	expect_counters(
		net, SERVER,
		"cookies %ld  SyncookiesRecv %d  ListenDrops %ld  TCPReqQFullDrop %ld  again",
		cookie, sent, dropped, dropped);
	expect_counters(net, CLIENT, "TCPTimeouts %d", !sent);
	set_sysctl(net, SERVER, "net.ipv4.tcp_syncookies=0");
	return taken;
}

CASE(client_in_a_flood, .variants = "limit-is-backlog-plus-one limit-is-backlog",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	static const char *const cookies[] = { "0", "1", "2" };

	for (size_t i = 0; i < ARRAY_LENGTH(cookies); i++)
		figures->connects[i] = connect_in_a_flood(net, cookies[i]);
}

static void play(const char *name, int family, const char *top)
{
	autofree char *folder = folder_of(top, 0);

	start_worker(case_named(name), family, folder);
	await_worker();
}

static void tell_connect(int cookies, double taken)
{
	printf("connect() in a flood, tcp_syncookies=%d   ", cookies);
	if (taken == NEVER)
		printf("   never     (two SYNs were dropped)\n");
	else
		printf("%8.1f ms\n", 1e3 * taken);
}

void tell_floods(const char *top)
{
	autofree char *hping3 = program_path("hping3");
	double own;

	figures = mmap(NULL, sizeof(*figures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (figures == MAP_FAILED)
		broken("no memory to share with the floods");
	play("own_flood", AF_INET6, top);
	own = figures->own;
	play("own_flood", AF_INET, top);
	printf("own flood: SYNs that reach the server    %8.0f a second  (IPv6: %.0f)\n",
	       figures->own, own);
	if (hping3) {
		play("flood_of_hping3", AF_INET, top);
		printf("hping3 --flood: the same                 %8.0f a second\n", figures->tool);
		printf("own flood / hping3 --flood               %8.2f     (goal: at least 1.8)\n",
		       figures->own / figures->tool);
	}
	play("client_in_a_flood", AF_INET, top);
	for (int i = 0; i < 3; i++)
		tell_connect(i, figures->connects[i]);
	munmap(figures, sizeof(*figures));
}
