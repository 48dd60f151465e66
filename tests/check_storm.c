/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_storm: storms of this file, and what they leave: books that close, one that does not, a
 * seed that makes its plan again, a machine with one CPU.
 */
#define TOPIC "test"
#include "tests/live.h"
#include "tests/suite.h"

#include <pcap/pcap.h>
#include <sched.h>
#include <stdlib.h>

static char folder[] = "/tmp/check-storm-XXXXXX";

/* ---- the storms ---------------------------------------------------------------------------- */

static struct storm_peer *connect_at_once(struct storm *storm, struct listener *server)
{
	struct storm_peer *peer = storm_peer(storm, server);

	alone(storm, SENDS(peer, .flags = SYN));
	at_once(storm, SENDS(peer, .text = "HELLO"), SENDS(peer, .text = "HELLO"));
	book(storm, "segments", 3);
	return peer;
}

STORM(its_books_close)
{
	struct listener *server = storm_listens(storm, .backlog = 5);

	while (next_round(storm)) {
		struct storm_peer *peer = connect_at_once(storm, server);

		adds_up(storm, peer->syn_acks == 1, "%d SYN-ACKs", peer->syn_acks);
		adds_up(storm, storm_queue(server) == 1, "%d in the queue", storm_queue(server));
		adds_up(storm, storm_sockets(storm) == 1, "%ld sockets", storm_sockets(storm));
		adds_up(storm, storm_accepts(storm, server) == 1, "accept() gave nothing");
		adds_up(storm, peer->accepted == 1 && peer->bytes == 5, "%d bytes", peer->bytes);
		alone(storm, SENDS(peer, .flags = RST | ACK, .seq = 5));
		adds_up(storm, storm_sockets(storm) == 0, "%ld sockets", storm_sockets(storm));
	}
	adds_up(storm, booked(storm, "segments") == 3 * storm_rounds(storm), "segments");
	adds_up(storm, storm_counter(storm, "Tcp.PassiveOpens") >= storm_rounds(storm), "opens");
}

STORM(its_third_round_does_not_add_up)
{
	struct listener *server = storm_listens(storm, .backlog = 5);

	while (next_round(storm)) {
		struct storm_peer *peer = connect_at_once(storm, server);

		adds_up(storm, storm_rounds(storm) < 3, "%d SYN-ACKs, expected 7", peer->syn_acks);
		storm_accepts(storm, server);
		alone(storm, SENDS(peer, .flags = RST | ACK, .seq = 5));
	}
}

STORM(it_tells_of_its_plan)
{
	book(storm, "first of the plan", storm_random(storm, 1000000));
	book(storm, "second of the plan", storm_random(storm, 1000000));
	while (next_round(storm))
		;
}

/* This machine may have no netem: then they have a wire without. */
STORM(its_clients_go_home,
      .client_sysctls = { "net.ipv4.tcp_syn_retries=1", "net.ipv4.tcp_fin_timeout=2" },
      .server_sysctls = { "net.ipv4.tcp_synack_retries=1" })
{
	struct clients *clients = storm_clients(storm, 16);

	while (next_round(storm))
		clients_come_and_go(clients);
	clients_go_home(clients);
	adds_up(storm, clients_delivered(clients, SERVER) == -1, "there is netem");
	adds_up(storm, storm_client_counter(storm, "Tcp.ActiveOpens") == booked(storm, "clients"),
		"clients");
}

STORM(its_clients_do_not_add_up)
{
	struct clients *clients = storm_clients(storm, 16);

	while (next_round(storm)) {
		clients_come_and_go(clients);
		adds_up(storm, storm_rounds(storm) < 5, "five rounds are too many");
	}
}

/* ---- playing them -------------------------------------------------------------------------- */

static int play_once(const char *name, unsigned seed, double seconds)
{
	return live_end(live_start((struct case_run){ .spec = case_named(name),
						      .family = AF_INET,
						      .folder = folder,
						      .storm_seconds = seconds,
						      .storm_seed = seed,
						      .timeout_multiplier = 1 }));
}

/* As the runner does: on a busy machine the two CPUs may have met too seldom to show anything. */
static int play_for(const char *name, unsigned seed, double seconds)
{
	int ending = BROKEN;

	for (int attempts = 0; ending == BROKEN && attempts < 6; attempts++)
		ending = play_once(name, seed, seconds);
	return ending;
}

static int play(const char *name, unsigned seed)
{
	return play_for(name, seed, 0.5);
}

static json_t *left(void)
{
	autofree char *path = format("%s/storm.json", folder);
	json_t *data = json_load_file(path, 0, NULL);

	ck_assert_ptr_nonnull(data);
	return data;
}

static json_int_t number(const json_t *data, const char *name)
{
	return json_integer_value(json_object_get(data, name));
}

static bool is_left(const char *name)
{
	autofree char *path = format("%s/%s", folder, name);

	return access(path, F_OK) == 0;
}

/* ---- the tests ----------------------------------------------------------------------------- */

START_TEST(storm_whose_books_close_leaves_them)
{
	json_auto_t *data = NULL;
	const json_t *books;

	ck_assert_int_eq(play("its_books_close", 0), PASSED);
	data = left();
	books = json_object_get(data, "books");
	ck_assert_int_gt(number(data, "rounds"), 10);
	ck_assert_int_eq(number(data, "together"), number(data, "rounds"));
	ck_assert_int_le(number(data, "overlapped"), number(data, "together"));
	ck_assert_int_eq(number(books, "segments"), 3 * number(data, "rounds"));
	ck_assert_int_gt(number(json_object_get(data, "counters"), "Tcp.InSegs"), 0);
	ck_assert(is_left("storm.txt") && is_left("env.txt") && is_left("replay.sh"));
	ck_assert(!is_left("round.pcap"));
}
END_TEST

/* The packets of the round are those that were sent and heard in it, and no others. */
static int packets_in_round(void)
{
	char error[PCAP_ERRBUF_SIZE];
	autofree char *path = format("%s/round.pcap", folder);
	pcap_t *capture = pcap_open_offline(path, error);
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	int count = 0;

	ck_assert_msg(capture != NULL, "%s", error);
	while (pcap_next_ex(capture, &header, &bytes) == 1)
		count++;
	pcap_close(capture);
	return count;
}

START_TEST(round_that_does_not_add_up_is_told_of)
{
	json_auto_t *verdict = NULL, *data = NULL;

	ck_assert_int_eq(play("its_third_round_does_not_add_up", 0), FAILED);
	verdict = live_verdict(folder);
	data = left();
	ck_assert_str_eq(json_string_value(json_object_get(verdict, "reason")),
			 "round 3: 1 SYN-ACKs, expected 7");
	ck_assert_int_eq(number(data, "rounds"), 3);
	/* a SYN, its answer, data twice, and what acknowledges it */
	ck_assert_int_ge(packets_in_round(), 5);
	ck_assert_int_le(packets_in_round(), 6);
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_object_get(data, "sockets")), "LISTEN"));
}
END_TEST

/* What a storm with this seed tells of its plan; the caller's. */
static json_t *plan_of(unsigned seed)
{
	json_auto_t *data = NULL;

	ck_assert_int_eq(play("it_tells_of_its_plan", seed), PASSED);
	data = left();
	return json_incref(json_object_get(data, "books"));
}

/* Each has ended in one way, and each that was connected was accepted once, or reset. */
START_TEST(clients_are_all_accounted_for)
{
	static const char *const ends[] = { "refused",
					    "timed out",
					    "served",
					    "hung up",
					    "went away",
					    "reset",
					    "gave up before they were connected" };
	json_auto_t *data = NULL;
	const json_t *books;
	json_int_t ended = 0;

	ck_assert_int_eq(play("its_clients_go_home", 0), PASSED);
	data = left();
	books = json_object_get(data, "books");
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
		ended += number(books, ends[i]);
	ck_assert_int_gt(number(books, "clients"), 20);
	ck_assert_int_eq(ended, number(books, "clients"));
	ck_assert_int_gt(number(books, "served"), 0);
	ck_assert_int_ge(number(books, "accepted, from a request") +
				 number(books, "accepted, from a cookie"),
			 number(books, "served"));
	ck_assert_int_le(number(books, "refused"), number(books, "looked for nobody"));
	ck_assert_int_eq(number(json_object_get(data, "counters"), "Tcp.EstabResets"),
			 number(books, "server's connections without FIN"));
}
END_TEST

START_TEST(packets_of_clients_are_kept_beyond_their_round)
{
	json_auto_t *data = NULL;

	/* it ends in its fifth round, and that can be late on a busy machine */
	ck_assert_int_eq(play_for("its_clients_do_not_add_up", 0, 20), FAILED);
	data = left();
	ck_assert_int_eq(number(data, "rounds"), 5);
	ck_assert_int_gt(packets_in_round(), 30);
}
END_TEST

START_TEST(seed_makes_the_same_plan)
{
	json_auto_t *first = plan_of(7), *again = plan_of(7), *other = plan_of(8);

	ck_assert(json_equal(first, again));
	ck_assert(!json_equal(first, other));
}
END_TEST

START_TEST(storm_needs_two_cpus)
{
	json_auto_t *verdict = NULL;
	cpu_set_t all, one;
	size_t cpu = 0;
	int ending;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	ending = play("its_books_close", 0);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(all), &all), 0);
	ck_assert_int_eq(ending, SKIPPED);
	verdict = live_verdict(folder);
	ck_assert_str_eq(json_string_value(json_object_get(verdict, "reason")), "needs two CPUs");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("storm");
	TCase *tests = tcase_create("storm");
	int status;

	if (live_is_skipped())
		return 0;
	if (!mkdtemp(folder))
		return 99;
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, storm_whose_books_close_leaves_them);
	tcase_add_test(tests, round_that_does_not_add_up_is_told_of);
	tcase_add_test(tests, clients_are_all_accounted_for);
	tcase_add_test(tests, packets_of_clients_are_kept_beyond_their_round);
	tcase_add_test(tests, seed_makes_the_same_plan);
	tcase_add_test(tests, storm_needs_two_cpus);
	suite_add_tcase(suite, tests);
	status = suite_run(suite);
	remove_all(folder);
	return status;
}
