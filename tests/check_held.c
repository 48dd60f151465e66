/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether what a stage's journal shows of a connection is found to be its state, or not to be: each
 * state with a journal in which it holds, and with one in which it does not.
 */
#include "captures/held/held.h"
#include "tests/suite.h"

#include <string.h>

#define PORT 12345

static struct journal *journal;

static void begin(const char *state)
{
	journal = journal_new();
	journal_append(journal, &(struct event){ .kind = EVENT_BEGIN,
						 .at = 1,
						 .name = "stage",
						 .object = "ipv4",
						 .told = true });
	journal_append(journal, &(struct event){ .kind = EVENT_FACT,
						 .at = 2,
						 .name = "client",
						 .argument = "a client" });
	journal_append(journal, &(struct event){ .kind = EVENT_FLOW,
						 .at = 3,
						 .flow = 1,
						 .name = "connection 1",
						 .client = "192.0.2.1:40000",
						 .server = "192.0.2.2:12345",
						 .port = PORT });
	journal_append(journal, &(struct event){ .kind = EVENT_FACT,
						 .at = 4,
						 .name = "state",
						 .flow = 1,
						 .port = PORT,
						 .listener = PORT,
						 .object = "somehow",
						 .argument = state });
}

/* At @host; what is from the other one has come. */
struct seen {
	double at;
	enum host host, from;
	unsigned flags;
	int length, window;
	uint32_t seq, ack;
};

static void sees(struct seen seen)
{
	bool by_client = seen.from == CLIENT;

	journal_append(journal,
		       &(struct event){ .kind = EVENT_PACKET,
					.at = SEC(seen.at),
					.flow = 1,
					.host = seen.host,
					.from = seen.from,
					.segment = { .source_port = by_client ? 40000 : PORT,
						     .destination_port = by_client ? PORT : 40000,
						     .flags = (uint8_t)seen.flags,
						     .seq = seen.seq,
						     .ack = seen.ack,
						     .window = (uint16_t)(seen.window + 1000),
						     .header = 20,
						     .length = (uint16_t)seen.length } });
}

static void passes(double at, enum host from, unsigned flags)
{
	uint32_t seq = flags & SYN ? 100 : 101;

	sees((struct seen){ at, from, from, flags, .seq = seq });
	sees((struct seen){ at + 0.001, other(from), from, flags, .seq = seq });
}

static void says(double at, enum host from, int length)
{
	for (int host = 0; host < HOSTS; host++)
		sees((struct seen){ at + (host == (int)from ? 0 : 0.001), (enum host)host, from,
				    ACK | PSH, length, .seq = 101 });
}

static void socket_is(double at, enum tcp_state was, enum tcp_state state)
{
	journal_append(journal, &(struct event){ .kind = EVENT_SOCKET,
						 .at = SEC(at),
						 .flow = 1,
						 .host = SERVER,
						 .was = was,
						 .state = state });
	journal_append(journal, &(struct event){ .kind = EVENT_SAMPLE, .at = SEC(at) });
}

static void queue_is(double at, int depth)
{
	journal_append(journal, &(struct event){ .kind = EVENT_QUEUE,
						 .at = SEC(at),
						 .listener = PORT,
						 .accept = depth });
}

static void fact(double at, const char *name)
{
	journal_append(
		journal,
		&(struct event){ .kind = EVENT_FACT, .at = SEC(at), .name = name, .flow = 1 });
}

static void counts(double at, const char *counter, long delta)
{
	journal_append(journal, &(struct event){ .kind = EVENT_COUNTER,
						 .at = SEC(at),
						 .host = SERVER,
						 .name = counter,
						 .delta = delta });
}

static void icmp_comes(double at)
{
	journal_append(journal, &(struct event){ .kind = EVENT_ICMP,
						 .at = SEC(at),
						 .flow = 1,
						 .host = CLIENT,
						 .from = SERVER,
						 .injected = true });
}

/* The handshake as far as a request, or a connection. */
static void shakes_hands(enum tcp_state state)
{
	passes(1, CLIENT, SYN);
	socket_is(1.001, NO_SOCKET, SYN_RECV);
	passes(1.002, SERVER, SYN | ACK);
	passes(1.004, CLIENT, ACK);
	if (state == ESTABLISHED)
		socket_is(1.005, SYN_RECV, ESTABLISHED);
}

static void client_closes(double at)
{
	passes(at, CLIENT, FIN | ACK);
}

/* It has held where @problem is NULL; else the problem has these words. */
static void judged(const char *problem)
{
	struct held *held;
	const struct held_connection *found;

	journal_append(journal, &(struct event){ .kind = EVENT_END, .at = SEC(100) });
	held = held_of(journal);
	found = held_problem(held);
	ck_assert_int_eq(held->connection_count, 1);
	if (problem) {
		ck_assert_msg(found != NULL, "it was not found that \"%s\"", problem);
		ck_assert_msg(strstr(found->problem, problem) != NULL, "it says: %s",
			      found->problem);
	} else {
		ck_assert_msg(!found, "it has not held: %s", found ? found->problem : "");
	}
	held_free(held);
	journal_free(journal);
}

START_TEST(refused_is_reset)
{
	begin("refused");
	passes(1, CLIENT, SYN);
	passes(1.002, SERVER, RST | ACK);
	judged(NULL);
	begin("refused");
	passes(1, CLIENT, SYN);
	passes(1.002, SERVER, SYN | ACK);
	judged("the server has answered its SYN");
	begin("refused");
	passes(1, CLIENT, SYN);
	judged("nothing has reset it");
}
END_TEST

START_TEST(lost_comes_nowhere)
{
	begin("lost");
	sees((struct seen){ 1, CLIENT, CLIENT, SYN, .seq = 100 });
	judged(NULL);
	begin("lost");
	passes(1, CLIENT, SYN);
	judged("a SYN has come to the server");
}
END_TEST

START_TEST(unreachable_is_told_by_icmp)
{
	begin("unreachable");
	sees((struct seen){ 1, CLIENT, CLIENT, SYN, .seq = 100 });
	icmp_comes(1.01);
	judged(NULL);
	begin("unreachable");
	sees((struct seen){ 1, CLIENT, CLIENT, SYN, .seq = 100 });
	judged("no ICMP error has come");
}
END_TEST

START_TEST(dropped_is_counted)
{
	begin("dropped");
	passes(1, CLIENT, SYN);
	counts(1.002, "ListenOverflows", 1);
	passes(2, CLIENT, SYN);
	counts(2.002, "ListenOverflows", 1);
	judged(NULL);
	begin("dropped");
	passes(1, CLIENT, SYN);
	counts(1.002, "ListenOverflows", 1);
	passes(2, CLIENT, SYN);
	judged("has counted 1 drops, and 2 SYNs have come");
	begin("flooded");
	passes(1, CLIENT, SYN);
	counts(1.002, "TCPReqQFullDrop", 1);
	judged(NULL);
	begin("flooded");
	passes(1, CLIENT, SYN);
	passes(1.002, SERVER, SYN | ACK);
	judged("the server has answered its SYN");
}
END_TEST

START_TEST(half_open_has_a_request_all_the_while)
{
	begin("half-open");
	shakes_hands(SYN_RECV);
	client_closes(9);
	judged(NULL);
	begin("half-open");
	shakes_hands(SYN_RECV);
	socket_is(4, SYN_RECV, NO_SOCKET);
	client_closes(9);
	judged("the server has forgotten its request after 3.000 s");
	begin("half-open");
	shakes_hands(ESTABLISHED);
	client_closes(9);
	judged("the server has a connection");
	begin("half-open");
	passes(1, CLIENT, SYN);
	passes(1.002, SERVER, SYN | ACK);
	client_closes(9);
	judged("was not seen to have a request");
	begin("half-open=3s");
	shakes_hands(SYN_RECV);
	fact(4, "over");
	socket_is(4.1, SYN_RECV, ESTABLISHED);
	client_closes(9);
	judged(NULL);
	begin("half-open=3s");
	shakes_hands(SYN_RECV);
	socket_is(3.9, SYN_RECV, ESTABLISHED);
	fact(4, "over");
	client_closes(9);
	judged("the server has a connection after 2.900 s");
}
END_TEST

START_TEST(cookie_lost_has_no_request)
{
	begin("cookie-lost");
	passes(1, CLIENT, SYN);
	passes(1.002, SERVER, SYN | ACK);
	client_closes(9);
	judged(NULL);
	begin("cookie-lost");
	shakes_hands(SYN_RECV);
	client_closes(9);
	judged("the server has a request for it");
}
END_TEST

START_TEST(deferred_waits_for_data)
{
	begin("deferred");
	shakes_hands(SYN_RECV);
	says(2, CLIENT, 5);
	socket_is(2.002, SYN_RECV, ESTABLISHED);
	client_closes(9);
	judged(NULL);
	begin("deferred");
	shakes_hands(SYN_RECV);
	client_closes(9);
	socket_is(9.002, SYN_RECV, ESTABLISHED);
	judged(NULL);
	begin("deferred");
	shakes_hands(SYN_RECV);
	socket_is(2, SYN_RECV, ESTABLISHED);
	client_closes(9);
	judged("before data has come");
}
END_TEST

START_TEST(expired_is_reset_when_it_is_forgotten)
{
	begin("expired");
	shakes_hands(SYN_RECV);
	socket_is(4, SYN_RECV, NO_SOCKET);
	passes(5, SERVER, RST);
	judged(NULL);
	begin("expired");
	shakes_hands(SYN_RECV);
	passes(3, SERVER, RST);
	socket_is(4, SYN_RECV, NO_SOCKET);
	judged("before its request was gone");
}
END_TEST

START_TEST(unaccepted_stays_in_the_queue)
{
	begin("unaccepted");
	shakes_hands(ESTABLISHED);
	queue_is(1.005, 1);
	client_closes(9);
	queue_is(10, 0);
	judged(NULL);
	begin("unaccepted");
	shakes_hands(ESTABLISHED);
	queue_is(1.005, 1);
	queue_is(3, 0);
	client_closes(9);
	judged("somebody has accepted from its queue after 2.000 s");
	begin("unaccepted");
	shakes_hands(ESTABLISHED);
	queue_is(1.005, 1);
	says(2, SERVER, 3);
	client_closes(9);
	judged("the server has sent data");
}
END_TEST

START_TEST(silent_says_nothing)
{
	static const char *const states[] = { "silent", "zero-window" };

	for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
		begin(states[i]);
		shakes_hands(ESTABLISHED);
		says(2, CLIENT, 5);
		client_closes(9);
		judged(NULL);
		begin(states[i]);
		shakes_hands(ESTABLISHED);
		says(2, SERVER, 5);
		client_closes(9);
		judged("the server has sent data");
		begin(states[i]);
		shakes_hands(ESTABLISHED);
		passes(3, SERVER, FIN | ACK);
		client_closes(9);
		judged("the server has closed it");
	}
}
END_TEST

START_TEST(what_is_cut_is_cut_in_time)
{
	begin("reset=2s");
	shakes_hands(ESTABLISHED);
	passes(3.1, SERVER, RST);
	judged(NULL);
	begin("reset=2s");
	shakes_hands(ESTABLISHED);
	passes(2, SERVER, RST);
	judged("the server has ended it after 0.998 s");
	begin("closing");
	shakes_hands(ESTABLISHED);
	passes(1.1, SERVER, FIN | ACK);
	client_closes(9);
	judged(NULL);
	begin("closing");
	shakes_hands(ESTABLISHED);
	judged("the server has not ended it");
	begin("reset=5");
	shakes_hands(ESTABLISHED);
	says(2, SERVER, 4);
	passes(3, SERVER, RST);
	judged("after 4 bytes");
	begin("half-closed");
	shakes_hands(ESTABLISHED);
	passes(1.1, SERVER, FIN | ACK);
	passes(3, SERVER, RST);
	judged("it was reset");
}
END_TEST

START_TEST(slow_is_slow)
{
	begin("slow=10/s");
	shakes_hands(ESTABLISHED);
	says(2, SERVER, 20);
	client_closes(9);
	judged(NULL);
	begin("slow=10/s");
	shakes_hands(ESTABLISHED);
	says(2, SERVER, 200);
	client_closes(9);
	judged("200 bytes have come in");
}
END_TEST

START_TEST(path_is_narrow)
{
	begin("path-mtu=600");
	shakes_hands(ESTABLISHED);
	says(2, CLIENT, 560);
	client_closes(9);
	judged(NULL);
	begin("path-mtu=600");
	shakes_hands(ESTABLISHED);
	says(2, CLIENT, 561);
	client_closes(9);
	judged("longer than the path carries");
}
END_TEST

START_TEST(looks_at_sockets_count)
{
	begin("silent");
	shakes_hands(ESTABLISHED);
	journal_append(journal, &(struct event){ .kind = EVENT_FACT,
						 .at = SEC(3),
						 .name = "problem",
						 .flow = 1,
						 .argument = "its socket was in another state" });
	client_closes(9);
	judged("its socket was in another state");
}
END_TEST

START_TEST(expectations_are_weighed)
{
	struct held *held;

	begin("silent");
	shakes_hands(ESTABLISHED);
	client_closes(9);
	journal_append(
		journal,
		&(struct event){ .kind = EVENT_FACT, .at = 5, .name = "expect exit", .value = 3 });
	journal_append(journal, &(struct event){ .kind = EVENT_FACT,
						 .at = 6,
						 .name = "expect within",
						 .value = SEC(8) });
	journal_append(journal,
		       &(struct event){
			       .kind = EVENT_FACT, .at = 7, .name = "expect retries", .value = 1 });
	journal_append(journal, &(struct event){ .kind = EVENT_FACT,
						 .at = SEC(9.1),
						 .name = "client ended",
						 .value = 3 });
	held = held_of(journal);
	ck_assert_int_eq(held_unmet(held), 2);
	ck_assert_ptr_null(held->expectations[0].problem);
	ck_assert_ptr_nonnull(strstr(held->expectations[1].problem, "has taken 9.100 s"));
	ck_assert_ptr_nonnull(strstr(held->expectations[2].problem, "connected 0 times more"));
	held_free(held);
	journal_free(journal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("held");
	TCase *tcase = tcase_create("held");

	tcase_add_test(tcase, refused_is_reset);
	tcase_add_test(tcase, lost_comes_nowhere);
	tcase_add_test(tcase, unreachable_is_told_by_icmp);
	tcase_add_test(tcase, dropped_is_counted);
	tcase_add_test(tcase, half_open_has_a_request_all_the_while);
	tcase_add_test(tcase, cookie_lost_has_no_request);
	tcase_add_test(tcase, deferred_waits_for_data);
	tcase_add_test(tcase, expired_is_reset_when_it_is_forgotten);
	tcase_add_test(tcase, unaccepted_stays_in_the_queue);
	tcase_add_test(tcase, silent_says_nothing);
	tcase_add_test(tcase, what_is_cut_is_cut_in_time);
	tcase_add_test(tcase, slow_is_slow);
	tcase_add_test(tcase, path_is_narrow);
	tcase_add_test(tcase, looks_at_sockets_count);
	tcase_add_test(tcase, expectations_are_weighed);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
