/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What netstat and ss show of all this: their words and numbers, beside the suite's own.
 */
#define TOPIC          "netstat and ss"
#define SERVER_SYSCTLS "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_abort_on_overflow=0"
#include "fixtures/fixtures.h"

#include <string.h>

/* ---- netstat -s ---------------------------------------------------------------------------- */

/* The two lines of the document, and one that it does not know; 0: netstat leaves out the line. */
struct netstat_lines {
	long overflowed, dropped, syn_queue_full;
};

/* The line that has these words; NULL: none. The caller frees it. */
static char *line_with(const char *output, const char *words)
{
	const char *found = strstr(output, words), *begin = found;

	while (begin && begin > output && begin[-1] != '\n')
		begin--;
	return found ? format("%.*s", (int)strcspn(begin, "\n"), begin) : NULL;
}

/* The number stands before the words, or behind them where they end with a blank. */
static void expect_netstat_line(const char *output, const char *words, long number)
{
	autofree char *line = line_with(output, words);
	autofree char *wanted = !number ? format("%s", "")
				: words[strlen(words) - 1] == ' '
					? format("    %s%ld", words, number)
					: format("    %ld %s", number, words);

	if (strcmp(line ? line : "", wanted) != 0)
		fail("netstat -s of the server says \"%s\", expected \"%s\"", line ? line : "",
		     wanted);
}

#define expect_netstat(net_, ...) expect_netstat_with((net_), (struct netstat_lines){ __VA_ARGS__ })
static void expect_netstat_with(struct scene *net, struct netstat_lines lines)
{
	const char *output = run_program(net, .host = SERVER, .name = "netstat",
					 .argv = { "env", "LC_ALL=C", "netstat", "-s" });

	expect_netstat_line(output, "times the listen queue of a socket overflowed",
			    lines.overflowed);
	expect_netstat_line(output, "SYNs to LISTEN sockets dropped", lines.dropped);
	expect_netstat_line(output, "TCPReqQFullDrop: ", lines.syn_queue_full);
}

CASE(netstat_tells_an_accept_queue_overflow_by_two_equal_numbers, .claims = "D2-20",
     .needs = "program:env program:netstat")
{
	struct listener *server = listen_on_server(net, .backlog = 1);

	expect_netstat(net, .overflowed = 0, .dropped = 0);
	fill_the_queue(server, .count = 2);
	expect_netstat(net, .overflowed = 0, .dropped = 0);

	STEP("the accept queue is full: three SYNs are dropped");
	for (int i = 0; i < 3; i++)
		dropped_peer(net, server);
	expect_queue(server, .accept = 2, .syn = 0);
	expect_counters(net, SERVER, "overflows 3");
	expect_netstat(net, .overflowed = 3, .dropped = 3);

	STEP("an ACK is ignored, and is counted among the SYNs");
	struct peer *late = peer_at_a_full_queue(server, 2);
	peer_ack(late);
	expect_ladder(late,
		      "~1.0  <  SYN-ACK",
		      "-     >  ACK      ignored");
	expect_queue(server, .accept = 2, .syn = 1);
	expect_counters(net, SERVER, "overflows 1  again");
	expect_netstat(net, .overflowed = 4, .dropped = 4);
	peers_go_away(&late, 1);
	expect_queue(server, .accept = 2, .syn = 0);
	expect_counters(net, SERVER, "overflows 1  reset_requests 1  again");
}

#define MOST_REQUESTS 8

/* How many requests a listener keeps, and the one too many whose SYN is dropped: other cases'. */
static int fill_the_syn_queue(struct listener *server, struct peer **peers)
{
	for (int i = 0; i <= MOST_REQUESTS; i++) {
		peers[i] = raw_peer(server->scene, server);
		peer_syn(peers[i]);
		if (peers[i]->heard_count == 0) {
			expect_ladder(peers[i], "-  >  SYN  ignored");
			return i;
		}
		expect_ladder(peers[i],
			      "-    >  SYN      - / SYN_RECV",
			      "0.0  <  SYN-ACK");
	}
	fail("a listener with the backlog %d keeps more than %d requests", server->backlog,
	     MOST_REQUESTS);
}

CASE(netstat_tells_a_syn_queue_overflow_by_the_second_number_only, .claims = "D2-20",
     .needs = "program:env program:netstat")
{
	static const struct {
		int backlog;
		const char *max_syn_backlog;
		struct netstat_lines lines; /* since the case began */
		int by_backlog;
	} rows[] = {
		{ 1, "128", { .dropped = 3, .syn_queue_full = 3 }, 3 },
		{ 200, "2", { .dropped = 6, .syn_queue_full = 3 }, 0 },
	};
	struct peer *peers[MOST_REQUESTS + 1];

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		STEP("backlog %d, tcp_max_syn_backlog %s: three SYNs find the SYN queue full",
		     rows[i].backlog, rows[i].max_syn_backlog);
		set_sysctl(net, SERVER, "net.ipv4.tcp_max_syn_backlog=%s", rows[i].max_syn_backlog);
		struct listener *server = listen_on_server(net, .backlog = rows[i].backlog);
		int kept = fill_the_syn_queue(server, peers);

		for (int k = 0; k < 2; k++)
			dropped_peer(net, server);
		expect_queue(server, .accept = 0, .syn = kept);
		expect_counters(net, SERVER, "ListenDrops 3  TCPReqQFullDrop %d  again",
				rows[i].by_backlog);
		expect_netstat_with(net, rows[i].lines);

		STEP("the peers go away");
		peers_go_away(peers, kept);
		expect_queue(server, .accept = 0, .syn = 0);
		expect_counters(net, SERVER, "reset_requests %d  again", kept);
	}
}

/* ---- ss ------------------------------------------------------------------------------------ */

/* The first words of a line of ss; state "": it has no line. */
struct ss_line {
	enum host host;
	const char *state;
	int recv_q, send_q;
};

/* The line of `ss -tan` that this filter leaves. */
static void expect_ss_line(struct scene *net, char *filter, struct ss_line expected)
{
	autofree char *owned = filter;
	const char *output = run_program(net, .host = expected.host, .name = "ss",
					 .argv = { "env", "LC_ALL=C", "ss", "-Htan", owned });
	autofree char *wanted = *expected.state ? format("%s %d %d ", expected.state,
							 expected.recv_q, expected.send_q)
						: format("%s", "");
	char state[32] = "", seen[64] = "";
	int recv_q, send_q, lines = 0;

	for (const char *at = output; (at = strchr(at, '\n')); at++)
		lines++;
	if (sscanf(output, " %31s %d %d", state, &recv_q, &send_q) == 3)
		snprintf(seen, sizeof(seen), "%s %d %d ", state, recv_q, send_q);
	if (strcmp(seen, wanted) != 0 || lines != !!*wanted)
		fail("ss -tan '%s' of the %s says \"%.*s\", expected \"%s\"", filter,
		     host_name(expected.host), (int)strcspn(output, "\n"), output, wanted);
}

/* What ss shows of a connection on one host. */
#define expect_ss(end_, ...) expect_ss_of((end_), (struct ss_line){ __VA_ARGS__ })
static void expect_ss_of(const struct end *client, struct ss_line expected)
{
	expect_ss_line(
		client->scene,
		format("%s = :%d", expected.host == CLIENT ? "sport" : "dport", client->port),
		expected);
}

/* Recv-Q is how many wait for accept(), Send-Q the backlog. */
static void expect_ss_listens(const struct listener *server, struct depths depths)
{
	expect_ss_line(server->scene, format("sport = :%d and dport = :0", server->port),
		       (struct ss_line){ SERVER, "LISTEN", depths.accept, depths.limit });
}

CASE(ss_shows_the_accept_queue_and_who_waits_in_it, .claims = "D2-03 D2-24 D2-26",
     .needs = "program:env program:ss")
{
	struct listener *server = listen_on_server(net, .backlog = 1);

	expect_ss_listens(server, (struct depths){ .accept = 0, .limit = 1 });
	struct end **clients = fill_the_queue(server, .count = 2);
	expect_ss_listens(server, (struct depths){ .accept = 2, .limit = 1 });

	STEP("who waits is ESTAB on both sides; what it sends is in its Recv-Q");
	speak(clients[0], "HELLO");
	expect_ss(clients[0], .host = CLIENT, .state = "ESTAB");
	expect_ss(clients[0], .host = SERVER, .state = "ESTAB", .recv_q = 5);
	expect_ss(clients[1], .host = SERVER, .state = "ESTAB");

	STEP("whose SYN is dropped has a line on the client only");
	struct end *late = dropped_client(net, server, .name = "late");
	expect_ss(late, .host = CLIENT, .state = "SYN-SENT", .send_q = 1);
	expect_ss(late, .host = SERVER, .state = "");
	give_up(late);
	expect_queue(server, .accept = 2, .syn = 0);
	expect_counters(net, SERVER, "overflows 1");

	STEP("accept() takes the first out of the queue, and nothing else changes");
	struct end *served = accept_client(server, clients[0]);
	expect_ss_listens(server, (struct depths){ .accept = 1, .limit = 1 });
	expect_ss(clients[0], .host = SERVER, .state = "ESTAB", .recv_q = 5);
	expect_read(served, "HELLO");
	expect_ss(clients[0], .host = SERVER, .state = "ESTAB");
}

CASE(ss_shows_an_ignored_client_as_estab_and_its_server_as_syn_recv,
     .claims = "D2-31 D2-32 D2-33 D2-34", .needs = "program:env program:ss", .kernel_seconds = 1)
{
	struct listener *server = listen_on_server(net, .backlog = 2);
	struct crowd crowd = meet_a_full_queue(server);
	struct end *late = crowd.late;

	expect_ss(late, .host = CLIENT, .state = "ESTAB");
	expect_ss(late, .host = SERVER, .state = "SYN-RECV");

	STEP("the ACK is ignored: the two sides go on telling different things");
	release_segments(net);
	expect_silence(late);
	expect_ss(late, .host = CLIENT, .state = "ESTAB");
	expect_ss(late, .host = SERVER, .state = "SYN-RECV");
	expect_ss_listens(server, (struct depths){ .accept = 3, .limit = 2 });
	expect_queue(server, .accept = 3, .syn = 1);
	expect_counters(net, SERVER, "overflows 1");

	STEP("a slot is free when the SYN-ACK comes again: now both tell the same");
	accept_client(server, crowd.others[0]);
	next_syn_ack_makes_the_connection(late, 1.0);
	expect_ss(late, .host = CLIENT, .state = "ESTAB");
	expect_ss(late, .host = SERVER, .state = "ESTAB");
	expect_ss_listens(server, (struct depths){ .accept = 3, .limit = 2 });
	expect_queue(server, .accept = 3, .syn = 0);
}
