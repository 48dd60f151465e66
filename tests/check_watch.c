/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watch on a live network: each segment's state and counters are its own, 1,000 of 1,000
 * handshakes, with all CPUs busy; what the gate does to segments is told in the journal; while
 * nothing happens, nobody looks in vain; and ladder.txt does not tell how slow the machine was.
 */
#define TOPIC "watch"
#include "fixtures/scene.h" /* the watch of a case that plays */
#include "netns/internal.h" /* and its gate */
#include "tests/loaded.h"
#include "tests/live.h"
#include "tests/suite.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define HANDSHAKES 1000

CASE(thousand_handshakes, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 4000);

	STEP("a thousand handshakes");
	connect_clients(net, server, HANDSHAKES);
	expect_queue(server, .accept = HANDSHAKES, .limit = 4000, .syn = 0);
}

CASE(gate_rules, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	STEP("the first SYN is lost, the second one is not");
	drop_segments(net, .from = CLIENT, .what = "SYN", .count = 1);
	struct end *unlucky = connect_client(net, server, .name = "unlucky");
	expect_ladder(unlucky, "-  >  SYN  lost  SYN_SENT / -");
	wait_for(unlucky, .state = ESTABLISHED, .host = SERVER, .within = 1);
	expect_ladder(unlucky,
		      "1.0  >  SYN      SYN_SENT / SYN_RECV",
		      "1.0  <  SYN-ACK  ESTABLISHED / SYN_RECV",
		      "1.0  >  ACK      ESTABLISHED / ESTABLISHED");
	stop_rules(net);
	expect_counters(net, CLIENT, "TCPTimeouts 1");

	STEP("data held back arrives in the order in which it was sent");
	hold_segments(net, .from = CLIENT, .what = "DATA", .of = unlucky);
	struct end *served = accept_client(server, unlucky);
	send_text(unlucky, "one");
	send_text(unlucky, "three");
	expect_ladder(unlucky,
		      "-  >  DATA 3  held",
		      "-  >  DATA 5  held");
	expect_read_error(served, EAGAIN);
	stop_rules(net);
	release_segments(net);
	expect_read(served, "onethree");
	expect_ladder(unlucky,
		      "+0.0  <  ACK",
		      "+0.0  <  ACK");
}

/* As a busy machine does: no CPU for so long. */
static void be_kept_from_running(nsec span)
{
	struct timespec left = { .tv_nsec = span };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

#define PAUSE MSEC(40)

/* Two segments wait in the gate while the machine pauses: a tail loss probe would be due by then.
 */
static void hold_data_through_a_pause(struct scene *net)
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct end *client = connect_one(net, server);

	hold_segments(net, .from = CLIENT, .what = "DATA");
	send_text(client, "one");
	send_text(client, "three");
	be_kept_from_running(PAUSE);
	expect_ladder(client,
		      "-  >  DATA 3  held",
		      "-  >  DATA 5  held");
	expect_read_error(accept_client(server, client), EAGAIN);
	expect_silence(client);
	stop_rules(net);
	release_segments(net);
	expect_ladder(client,
		      "+0.0  <  ACK",
		      "+0.0  <  ACK");
}

CASE(held_through_a_pause, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	hold_data_through_a_pause(net);
}

CASE(held_through_a_pause_and_probed, .server_sysctls = { "net.ipv4.tcp_syncookies=0" },
     .client_sysctls = { "net.ipv4.tcp_early_retrans=3" })
{
	hold_data_through_a_pause(net);
}

/* Both ends send, so either may wait with its ACK. */
CASE(ends_that_talk, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct end *client = connect_one(net, server);
	struct end *served = accept_client(server, client);

	send_text(client, "HELLO");
	expect_read(served, "HELLO");
	send_text(served, "WORLD");
	wait_for(client, .sent = 4, .from = CLIENT, .within = 0.1);
	expect_ladder(client,
		      "-    >  DATA 5",
		      "+0.0 <  ACK",
		      "-    <  DATA 5",
		      "+0.0 >  ACK");
}

CASE(paused_again_and_again, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	for (int i = 0; i < 4; i++) {
		connect_clients(net, server, 1);
		be_kept_from_running(PAUSE);
	}
}

#define AT_ONCE 600

/*
 * They send before the wire moves, and the gate's socket has room for a few: as a CPU's queue has
 * when the timers of thousands fire. The question makes a scenario of it, whose journal is told.
 */
CASE(crowd_that_the_gate_misses, .question = "are all there?",
     .server_sysctls = { "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_max_syn_backlog=4096" })
{
	struct listener *listener = listen_on_server(net, .backlog = AT_ONCE);
	struct sockaddr_storage server =
		host_address(SERVER, net->family, (uint16_t)listener->port);
	int least = 1;

	setsockopt(net->net->gate.socket, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	for (int i = 0; i < AT_ONCE; i++) {
		int fd = net_socket(net->net, CLIENT, net->family, SOCK_STREAM | SOCK_NONBLOCK, 0);

		ck_assert_int_eq(
			connect(fd, (const struct sockaddr *)&server, address_length(net->family)),
			-1);
	}
	watch_look(net->watch);
	ck_assert_int_gt(net->net->gate.restored, AT_ONCE / 2);
	ck_assert_int_eq(judge_depths(net->judge, listener->key).accept, AT_ONCE);
}

CASE(tool_that_is_slow, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);

	connect_clients(net, server, 1);
	run_program(net, .host = SERVER, .argv = { "sleep", "0.15" });
}

CASE(request_that_expires,
     .server_sysctls = { "net.ipv4.tcp_synack_retries=2", "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct peer *peer = raw_peer(net, server);

	STEP("a SYN whose sender never answers");
	peer_syn(peer);
	wait_for(peer, .gone = true, .host = SERVER, .within = 7);
	expect_ladder(peer,
		      "-    >  SYN      - / SYN_RECV",
		      "0.0  <  SYN-ACK",
		      "1.0  <  SYN-ACK",
		      "3.0  <  SYN-ACK",
		      "7.0  .           - / -");
	expect_counters(net, SERVER, "TCPTimeouts 3");
}

/* Its last socket closes without a segment, a counter or a call that the watch could know of. */
CASE(one_of_a_crowd_goes_unseen, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 99);
	struct listener *full = listen_on_server(net, .backlog = 0);

	STEP("a crowd, and one whose SYN is dropped");
	connect_clients(net, server, 100);
	struct end *other = connect_one(net, full);
	struct end *unseen = connect_client(net, full, .name = "unseen");
	expect_ladder(unseen, "-  >  SYN  ignored  SYN_SENT / -");
	expect_counters(net, SERVER, "overflows 1");
	expect_states(unseen, .client = SYN_SENT, .server = NO_SOCKET);

	STEP("it is closed behind everybody's back");
	close(unseen->fd);
	unseen->fd = -1;
	send_text(other, "HELLO");
	expect_ladder(other,
		      "-    >  DATA 5",
		      "+0.0 <  ACK");

	STEP("too late");
}

/* Counters of a host move that no segment comes to or leaves, and where nobody has called. */
CASE(quiet_host_counts_unseen, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct sockaddr_in closed = { .sin_family = AF_INET,
				      .sin_port = htons(9),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	STEP("a connection");
	struct end *client = connect_one(net, server);

	STEP("somebody is refused inside of the server");
	autoclose int fd = net_socket(net->net, SERVER, AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&closed, sizeof(closed)), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	expect_read_error(client, EAGAIN);

	STEP("too late");
}

/* As a resolver's or an upstream server's; how many the case has connected itself. */
static int named;

CASE(connection_that_the_case_has_not_named, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 100);
	struct sockaddr_storage address = host_address(SERVER, net->family, (uint16_t)server->port);

	STEP("somebody connects");
	connect_clients(net, server, named);
	autoclose int fd =
		net_socket(net->net, CLIENT, net->family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), -1);
	ck_assert_int_eq(errno, EINPROGRESS);
	watch_settle(net->watch);
	scene_check(net);
}

/* As on a machine that is so slow that a SYN-ACK is sent again before its peer goes away. */
static bool slowly;

CASE(crowd_that_goes_away, .server_sysctls = { "net.ipv4.tcp_syncookies=0" })
{
	struct listener *server = listen_on_server(net, .backlog = 10);
	struct peer *peers[2];

	STEP("two half-open requests");
	half_open_peers(server, peers, 1);
	if (slowly)
		wait_for(peers[0], .timeouts = 1, .within = 1);
	half_open_peers(server, &peers[1], 1);
	expect_queue(server, .accept = 0, .limit = 10, .syn = 2);
	expect_counters(net, SERVER, "again");

	STEP("they go away");
	peers_go_away(peers, 2);
	expect_queue(server, .accept = 0, .limit = 10, .syn = 0);
	expect_counters(net, SERVER, "reset_requests 2  again");
}

/* Its numbers are in the books although nobody sees a segment of it. */
CASE(flood_is_in_the_books,
     .server_sysctls = { "net.ipv4.tcp_syncookies=0", "net.ipv4.tcp_synack_retries=1",
			 "net.ipv4.tcp_max_syn_backlog=128" })
{
	struct listener *server = listen_on_server(net, .backlog = 30);
	struct flood flood;

	STEP("a hundred SYNs for a queue of 31, and each request's SYN-ACK is sent twice");
	flood = flood_listener(server, .syns = 100);
	ck_assert_int_eq(flood.syns, 100);
	wait_for(net, .counter = "TCPTimeouts", .host = SERVER, .moved = 62, .within = 3);
	ck_assert_int_eq(syn_acks_again(net), 31);
	expect_queue(server, .accept = 0, .limit = 30, .syn = 0);
	expect_counters(net, SERVER,
			"ListenDrops 69  TCPReqQFullDrop 69  Tcp.InSegs 100  Tcp.OutSegs 62  "
			"TCPTimeouts 62  TCPSynRetrans 31  Tcp.RetransSegs 31");
}

CASE(flood_for_a_while, .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 30);
	struct flood flood;

	STEP("as many SYNs as there is time for");
	flood = flood_listener(server, .seconds = 0.05);
	expect_queue(server, .accept = 0, .limit = 30, .syn = 0);
	expect_counters(net, SERVER, "cookies %ld  Tcp.InSegs %ld  Tcp.OutSegs %ld", flood.syns,
			flood.syns, flood.answers);
}

CASE(flood_goes_on, .server_sysctls = { "net.ipv4.tcp_syncookies=2" })
{
	struct listener *server = listen_on_server(net, .backlog = 30);
	struct flood flood;

	STEP("a client connects while cookies go out to a flood");
	begin_flood(server);
	struct end *client = connect_client(net, server, .name = "client");
	expect_connected(client);
	expect_ladder(client,
		      "-    >  SYN      SYN_SENT / -",
		      "0.0  <  SYN-ACK  ESTABLISHED / -",
		      "0.0  >  ACK      ESTABLISHED / ESTABLISHED");
	flood = end_flood(net);
	ck_assert_int_gt(flood.syns, 0);
	ck_assert_int_eq(flood.answers, flood.syns);
	expect_queue(server, .accept = 1, .limit = 30, .syn = 0);
	expect_counters(net, SERVER,
			"cookies %ld  SyncookiesRecv 1  Tcp.InSegs %ld  Tcp.OutSegs %ld",
			flood.syns + 1, flood.syns + 2, flood.syns + 1);

	STEP("and is served when the flood is over");
	send_text(client, "HELLO");
	expect_ladder(client,
		      "-    >  DATA 5",
		      "+0.0 <  ACK");
}

/* ---- playing a case of this file ----------------------------------------------------------- */

static char folder[] = "check-watch-XXXXXX"; /* below the build directory, where tests run */

static int play_once(const char *name, int family)
{
	return live_end(live_start((struct case_run){ .spec = case_named(name),
						      .family = family,
						      .folder = folder,
						      .timeout_multiplier = 4 }));
}

#define MOST_ATTEMPTS 6

/* A number that the last case's verdict has. */
static double told(const char *member)
{
	json_auto_t *verdict = live_verdict(folder);
	const json_t *number = json_object_get(verdict, member);
	double value = json_number_value(number);

	ck_assert_msg(json_is_number(number), "its verdict has no number %s", member);
	return value;
}

/* A case that was kept from running has not shown anything: as in the runner it is played again. */
static bool was_stalled(void)
{
	return told("stall_seconds") > told("stall_limit_seconds");
}

static int play_in_child(const char *name, int family)
{
	int ending, attempts = 0;

	do
		ending = play_once(name, family);
	while ((ending == FAILED || ending == BROKEN) && was_stalled() &&
	       ++attempts < MOST_ATTEMPTS);
	return ending;
}

static void print_verdict(void)
{
	autofree char *path = format("%s/verdict.json", folder);
	autofile FILE *file = fopen(path, "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		printf("# %s", line);
	printf("\n");
	fflush(stdout);
}

static void keep_busy(pid_t *pids, int count)
{
	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (volatile unsigned long n = 0;; n++)
				;
		}
	}
}

static void end_busy(const pid_t *pids, int count)
{
	for (int i = 0; i < count; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/* ---- what the journal must say ------------------------------------------------------------- */

/* How much a counter of the host moved because of this segment. */
static long moved_by(const struct journal *journal, const struct event *packet, const char *counter)
{
	long moved = 0;

	for (size_t i = (size_t)packet->seq; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		if (event->kind == EVENT_COUNTER && event->packet == packet->packet &&
		    event->host == packet->host && strcmp(event->name, counter) == 0)
			moved += event->delta;
		if (event->kind == EVENT_SAMPLE && event->packet == packet->packet)
			break;
	}
	return moved;
}

/* Each arrival is counted by its own sample, and the third one of each flow makes the child. */
static void check_own_counters(const struct journal *journal)
{
	int arrivals = 0, children = 0;

	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);
		bool bare_ack = event->segment.flags == ACK;

		if (event->kind != EVENT_PACKET || event->host == event->from)
			continue;
		arrivals++;
		ck_assert_int_eq(moved_by(journal, event, "Tcp.InSegs"), 1);
		ck_assert_int_eq(moved_by(journal, event, "Tcp.PassiveOpens"), bare_ack);
		children += bare_ack;
	}
	ck_assert_int_eq(arrivals, 3 * HANDSHAKES);
	ck_assert_int_eq(children, HANDSHAKES);
}

/* The ladders asserted the states of each segment; here they are counted once more. */
static void check_own_states(const struct journal *journal)
{
	int syn_recv = 0, established = 0;

	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		if (event->kind != EVENT_SOCKET || event->host != SERVER)
			continue;
		ck_assert_int_ne(event->packet, 0);
		syn_recv += event->was == NO_SOCKET && event->state == SYN_RECV;
		established += event->was == SYN_RECV && event->state == ESTABLISHED;
	}
	ck_assert_int_eq(syn_recv, HANDSHAKES);
	ck_assert_int_eq(established, HANDSHAKES);
}

static struct journal *journal_of_last_case(void)
{
	autofree char *path = format("%s/journal.jsonl", folder);

	return load_journal(path);
}

static void thousand_of_thousand(int family)
{
	pid_t busy[16];
	int count = (int)sysconf(_SC_NPROCESSORS_ONLN);
	struct journal *journal;
	int ending;

	count = count > 8 ? 16 : 2 * count;
	keep_busy(busy, count);
	ending = play_in_child("thousand_handshakes", family);
	end_busy(busy, count);
	if (ending != PASSED)
		print_verdict();
	ck_assert_int_eq(ending, PASSED);
	journal = journal_of_last_case();
	check_own_counters(journal);
	check_own_states(journal);
	journal_free(journal);
}

START_TEST(each_segment_has_its_own_state_and_counters_ipv4)
{
	thousand_of_thousand(AF_INET);
}
END_TEST

START_TEST(each_segment_has_its_own_state_and_counters_ipv6)
{
	thousand_of_thousand(AF_INET6);
}
END_TEST

START_TEST(the_gate_does_what_its_rules_say)
{
	int ending = play_in_child("gate_rules", _i ? AF_INET6 : AF_INET);

	if (ending != PASSED)
		print_verdict();
	ck_assert_int_eq(ending, PASSED);
}
END_TEST

/* The default of the hosts has no tail loss probe; who switches it on knows what that may cost. */
/* Nobody has sent its SYN again: each came through the first time. */
START_TEST(what_the_gate_misses_of_a_crowd_is_given_back)
{
	struct journal *journal;
	int syns = 0;

	ck_assert_int_eq(play_in_child("crowd_that_the_gate_misses", _i ? AF_INET6 : AF_INET),
			 PASSED);
	journal = journal_of_last_case();
	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		syns += event->kind == EVENT_PACKET && event->host == SERVER &&
			event->from == CLIENT && event->segment.flags == SYN;
	}
	ck_assert_int_eq(syns, AT_ONCE);
	journal_free(journal);
}
END_TEST

START_TEST(pause_while_data_is_held_is_no_failure)
{
	ck_assert_int_eq(play_in_child("held_through_a_pause", _i ? AF_INET6 : AF_INET), PASSED);
	ck_assert(told("stall_seconds") >= seconds(PAUSE));
	ck_assert(told("stall_limit_seconds") == seconds(SLACK));

	ck_assert_int_eq(play_once("held_through_a_pause_and_probed", _i ? AF_INET6 : AF_INET),
			 FAILED);
	ck_assert(told("stall_limit_seconds") < seconds(PAUSE));
	ck_assert(was_stalled());
}
END_TEST

START_TEST(ack_that_may_be_delayed_is_a_limit_of_stalls)
{
	ck_assert_int_eq(play_in_child("ends_that_talk", _i ? AF_INET6 : AF_INET), PASSED);
	ck_assert(told("stall_limit_seconds") < seconds(SLACK));
}
END_TEST

/* Each is shorter than the slack, and nothing was waited for between them. */
START_TEST(pauses_between_two_waits_are_one_stall)
{
	ck_assert_int_eq(play_in_child("paused_again_and_again", AF_INET), PASSED);
	ck_assert(told("stall_seconds") >= seconds(4 * PAUSE));
}
END_TEST

/* The timers of a connection go on while a tool or a server does not get the CPU. */
START_TEST(wait_for_another_process_is_a_stall)
{
	ck_assert_int_eq(play_in_child("tool_that_is_slow", AF_INET), PASSED);
	ck_assert(told("stall_seconds") >= 0.15);
}
END_TEST

START_TEST(floods_are_in_the_books_and_in_no_capture)
{
	static const char *const names[] = { "flood_is_in_the_books", "flood_for_a_while",
					     "flood_goes_on" };
	int ending = play_in_child(names[_i / 2], _i % 2 ? AF_INET6 : AF_INET);

	if (ending != PASSED)
		print_verdict();
	ck_assert_int_eq(ending, PASSED);
}
END_TEST

/* The last segment is the SYN-ACK after 3 s, and the request's timer is due after 7 s. */
START_TEST(looks_become_rare_while_nothing_happens)
{
	int ending = play_in_child("request_that_expires", AF_INET), looks = 0;
	struct journal *journal;

	if (ending != PASSED)
		print_verdict();
	ck_assert_int_eq(ending, PASSED);
	journal = journal_of_last_case();
	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		looks = event->kind == EVENT_PACKET ? 0 : looks + (event->kind == EVENT_SAMPLE);
	}
	/* at 50 ms there were 80, and those for the timer's lateness */
	ck_assert_int_le(looks, 45);
	ck_assert_int_ge(looks, 1);
	journal_free(journal);
}
END_TEST

/* Only a look at everything can find it: a client that ends without a call or a counter. */
START_TEST(what_happens_in_a_crowd_unseen_is_found_before_the_next_expectation)
{
	autofree char *path = format("%s/verdict.json", folder);
	int ending = play_in_child("one_of_a_crowd_goes_unseen", _i ? AF_INET6 : AF_INET);
	autofile FILE *file = fopen(path, "re");
	char text[4096] = "";

	ck_assert_int_eq(ending, FAILED);
	ck_assert(file && fread(text, 1, sizeof(text) - 1, file) > 0);
	ck_assert_msg(strstr(text, "AttemptFails of the client did not move") != NULL &&
			      strstr(text, "behind everybody's back") != NULL,
		      "%s", text);
}
END_TEST

/* The end of a call at the other host leaves the quiet one's counters out. */
START_TEST(what_a_quiet_host_counts_unseen_is_found_before_the_step_ends)
{
	autofree char *path = format("%s/verdict.json", folder);
	int ending = play_in_child("quiet_host_counts_unseen", AF_INET);
	autofile FILE *file = fopen(path, "re");
	char text[4096] = "";

	ck_assert_int_eq(ending, FAILED);
	ck_assert(file && fread(text, 1, sizeof(text) - 1, file) > 0);
	ck_assert_msg(strstr(text, "Tcp.InSegs of the server") != NULL &&
			      strstr(text, "inside of the server") != NULL &&
			      strstr(text, "too late") == NULL,
		      "%s", text);
}
END_TEST

START_TEST(a_connection_that_the_case_has_not_named_is_a_finding)
{
	autofree char *path = format("%s/verdict.json", folder);
	char text[4096] = "";
	int ending;

	named = _i ? 30 : 0; /* a crowd, and none */
	ending = play_in_child("connection_that_the_case_has_not_named", AF_INET);
	autofile FILE *file = fopen(path, "re");

	ck_assert_int_eq(ending, FAILED);
	ck_assert(file && fread(text, 1, sizeof(text) - 1, file) > 0);
	ck_assert_msg(strstr(text, "belongs to no flow that the case named") != NULL, "%s", text);
}
END_TEST

/* Plays the crowd's case; its ladder.txt (the caller frees it), and how many segments there were.
 */
static char *ladder_of_crowd(bool slow, int *segments)
{
	autofree char *path = format("%s/ladder.txt", folder);
	struct journal *journal;
	char *text = NULL;
	size_t room = 0;

	slowly = slow;
	ck_assert_int_eq(play_in_child("crowd_that_goes_away", AF_INET6), PASSED);
	journal = journal_of_last_case();
	for (size_t i = 0; i < journal_length(journal); i++)
		*segments += journal_event(journal, i)->kind == EVENT_PACKET;
	journal_free(journal);
	autofile FILE *file = fopen(path, "re");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_gt(getdelim(&text, &room, '\0', file), 0);
	return text;
}

START_TEST(a_slow_machine_leaves_the_same_ladder)
{
	int few = 0, many = 0;
	autofree char *fast = ladder_of_crowd(false, &few);
	autofree char *slow = ladder_of_crowd(true, &many);

	ck_assert_int_lt(few, many);
	ck_assert_str_eq(fast, slow);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tcase = tcase_create("live"), *stalls = tcase_create("stalls");
	int failed;

	if (live_is_skipped())
		return 77;
	if (!mkdtemp(folder))
		return 99;
	tcase_set_timeout(tcase, 600);
	tcase_add_test(tcase, each_segment_has_its_own_state_and_counters_ipv4);
	tcase_add_test(tcase, each_segment_has_its_own_state_and_counters_ipv6);
	tcase_add_loop_test(tcase, the_gate_does_what_its_rules_say, 0, 2);
	tcase_add_loop_test(tcase, what_the_gate_misses_of_a_crowd_is_given_back, 0, 2);
	tcase_add_loop_test(tcase, floods_are_in_the_books_and_in_no_capture, 0, 6);
	tcase_add_test(tcase, looks_become_rare_while_nothing_happens);
	tcase_add_loop_test(
		tcase, what_happens_in_a_crowd_unseen_is_found_before_the_next_expectation, 0, 2);
	tcase_add_test(tcase, what_a_quiet_host_counts_unseen_is_found_before_the_step_ends);
	tcase_add_loop_test(tcase, a_connection_that_the_case_has_not_named_is_a_finding, 0, 2);
	tcase_add_test(tcase, a_slow_machine_leaves_the_same_ladder);
	tcase_add_loop_test(stalls, pause_while_data_is_held_is_no_failure, 0, 2);
	tcase_add_loop_test(stalls, ack_that_may_be_delayed_is_a_limit_of_stalls, 0, 2);
	tcase_add_test(stalls, pauses_between_two_waits_are_one_stall);
	tcase_add_test(stalls, wait_for_another_process_is_a_stall);
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(stalls, 600);
	suite_add_tcase(suite, stalls);
	failed = suite_run(suite);
	remove_all(folder);
	return failed;
}
