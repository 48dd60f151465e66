/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_states: which connection meets what, how fast a pace is, and what a server that answers
 * says, however its bytes come. What clients see of states is in test_stage_listen.sh.
 */
#include "states/internal.h" /* its turns, paces and dialogues, one by one */
#include "states/states.h"
#include "tests/suite.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* ---- turns ---------------------------------------------------------------------------------- */

enum { FOREVER = 100000 };

/* What @count connections meet that come at once: a letter each, '-' for one that is served. */
static void expect_met(const struct stage_turn *turns, size_t count, const char *expected)
{
	const struct stage_place place = { .turns = (struct stage_turn *)turns,
					   .turn_count = count };
	struct cursor cursor = cursor_of(&place, 0);

	for (const char *c = expected; *c; c++) {
		const struct stage_turn *next = cursor_next(&cursor, cursor.began);
		const struct stage_turn *met = cursor_take(&cursor, cursor.began);

		ck_assert_ptr_eq(next, met);
		ck_assert_msg(*c == (met ? (char)('a' + (met - turns)) : '-'), "%s at %td",
			      expected, c - expected);
	}
}

START_TEST(connections_meet_turns_one_after_the_other)
{
	const struct stage_turn all[] = { { 0 } };
	const struct stage_turn first[] = { { .first = 2 } };
	const struct stage_turn after[] = { { .after = 2 } };
	const struct stage_turn both[] = { { .after = 1, .first = 2 } };
	const struct stage_turn three[] = { { .first = 1 }, { .after = 1, .first = 1 }, { 0 } };

	expect_met(all, 1, "aaaa");
	expect_met(first, 1, "aa--");
	expect_met(after, 1, "--aa");
	expect_met(both, 1, "-aa--");
	expect_met(three, 3, "a-bcc");
}
END_TEST

START_TEST(time_ends_a_turn_when_it_is_over_and_not_when_somebody_asks)
{
	struct stage_turn turns[] = { { .span = SEC(2) }, { .span = SEC(3) } };
	const struct stage_place place = { .turns = turns, .turn_count = 2 };
	struct cursor cursor = cursor_of(&place, 0);
	nsec began = cursor.began;

	ck_assert_ptr_eq(cursor_turn(&cursor, began), &turns[0]);
	ck_assert_int_eq(cursor_deadline(&cursor), began + SEC(2));
	ck_assert_ptr_eq(cursor_turn(&cursor, began + SEC(2) - 1), &turns[0]);
	ck_assert_ptr_eq(cursor_turn(&cursor, began + SEC(4)), &turns[1]);
	ck_assert_int_eq(cursor_deadline(&cursor), began + SEC(5));
	ck_assert_ptr_null(cursor_turn(&cursor, began + SEC(5)));
	ck_assert_int_eq(cursor_deadline(&cursor), INT64_MAX);
}
END_TEST

static unsigned count_met(double probability, uint64_t seed)
{
	struct stage_turn turn = { .probability = probability };
	const struct stage_place place = { .turns = &turn, .turn_count = 1 };
	struct cursor cursor = cursor_of(&place, seed);
	unsigned met = 0;

	for (int i = 0; i < FOREVER; i++)
		met += cursor_take(&cursor, 0) != NULL;
	return met;
}

START_TEST(probability_is_met)
{
	ck_assert_uint_eq(count_met(1, 1), FOREVER);
	for (uint64_t seed = 0; seed < 5; seed++) {
		ck_assert_double_eq_tol(count_met(0.1, seed), 0.1 * FOREVER, 0.01 * FOREVER);
		ck_assert_double_eq_tol(count_met(0.9, seed), 0.9 * FOREVER, 0.01 * FOREVER);
	}
	ck_assert_uint_ne(count_met(0.5, 1), count_met(0.5, 2));
}
END_TEST

/* ---- paces ---------------------------------------------------------------------------------- */

START_TEST(pace_lets_so_much_go_in_so_much_time)
{
	const struct stage_value rate = { .bytes = 3, .span = SEC(2) };
	struct pace pace = pace_of(&rate);
	const nsec began = SEC(100);

	ck_assert_uint_eq(pace_allows(&pace, began), 0);
	ck_assert_int_ge(pace_next(&pace, began), began + SEC(2) / 3);
	ck_assert_uint_eq(pace_allows(&pace, began + SEC(2) / 3 - 1), 0);
	ck_assert_uint_eq(pace_allows(&pace, pace_next(&pace, began)), 1);
	ck_assert_uint_eq(pace_allows(&pace, began + SEC(20)), 30);
	pace_use(&pace, 29);
	ck_assert_uint_eq(pace_allows(&pace, began + SEC(20)), 1);
	pace_use(&pace, 1);
	ck_assert_uint_eq(pace_allows(&pace, began + SEC(20)), 0);
	ck_assert_int_gt(pace_next(&pace, began + SEC(20)), began + SEC(20));
}
END_TEST

START_TEST(pace_of_nothing_is_none)
{
	struct pace pace = { 0 };

	ck_assert_uint_gt(pace_allows(&pace, SEC(1)), UINT32_MAX);
}
END_TEST

/* ---- dialogues ------------------------------------------------------------------------------ */

#define OK(connection)                                                                             \
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "                          \
	"26\r\nConnection: " connection "\r\n\r\n"
#define BODY "Served by halfopen stage.\n"

static const struct exchange {
	const char *heard, *answered;
	bool over;
} exchanges[] = {
	{ "", "", false },
	{ "hello", "hello", false },
	{ "GE", "", false },
	{ "GEX", "GEX", false },
	{ "GET / HTTP/1.1\r\n", "", false },
	{ "GET / HTTP/1.1\r\n\r\n", OK("keep-alive") BODY, false },
	{ "GET / HTTP/1.1\n\n", OK("keep-alive") BODY, false },
	{ "GET / HTTP/1.0\r\n\r\nmore", OK("close") BODY, true },
	{ "HEAD / HTTP/1.1\r\n\r\n", OK("keep-alive"), false },
	{ "GET / HTTP/1.1\r\nconnection: x, CLOSE\r\n\r\n", OK("close") BODY, true },
	{ "GET / HTTP/1.1\r\nX: close\r\n\r\n", OK("keep-alive") BODY, false },
	{ "PUT / HTTP/1.1\r\nContent-length:3\r\n\r\nab", "", false },
	{ "PUT / HTTP/1.1\r\nContent-length:3\r\n\r\nabcHEAD / HTTP/1.1\r\n\r\n",
	  OK("keep-alive") BODY OK("keep-alive"), false },
	{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", "", false },
	{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
	  OK("keep-alive") BODY, false },
	{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
	  "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true },
};

/* In parts of @size bytes. */
static void expect_exchange(const struct exchange *exchange, size_t size)
{
	static const struct stage_answer none;
	struct dialogue dialogue = { .answer = &none };
	struct buffer answer = { 0 };

	for (size_t at = 0; at < strlen(exchange->heard); at += size) {
		size_t left = strlen(exchange->heard) - at;
		const struct heard part = { exchange->heard + at, left < size ? left : size };

		dialogue_hear(&dialogue, part, &answer);
	}
	ck_assert_msg(buffer_left(&answer) == strlen(exchange->answered), "%s: %.*s",
		      exchange->heard, (int)answer.length, answer.length ? answer.bytes : "");
	if (answer.length)
		ck_assert_mem_eq(answer.bytes, exchange->answered, answer.length);
	ck_assert_int_eq(dialogue.over, exchange->over);
	buffer_free(&answer);
}

START_TEST(answer_does_not_depend_on_how_a_request_is_cut)
{
	for (size_t size = 1; size <= strlen(exchanges[_i].heard) + 1; size++)
		expect_exchange(&exchanges[_i], size);
}
END_TEST

START_TEST(head_without_an_end_is_refused)
{
	static const struct stage_answer none;
	struct dialogue dialogue = { .answer = &none };
	struct buffer answer = { 0 };

	dialogue_hear(&dialogue, (struct heard){ "GET /", 5 }, &answer);
	for (int i = 0; i < 2 * MOST_HEAD && !dialogue.over; i++)
		dialogue_hear(&dialogue, (struct heard){ "x", 1 }, &answer);
	ck_assert(dialogue.over);
	ck_assert_mem_eq(answer.bytes, "HTTP/1.1 400 ", 13);
	buffer_free(&answer);
}
END_TEST

START_TEST(answer_is_as_long_as_what_is_cut_from_it)
{
	static const struct stage_answer none;
	struct dialogue dialogue = { .answer = &none, .least = 1000 };
	struct buffer answer = { 0 };

	dialogue_hear(&dialogue, (struct heard){ "GET / HTTP/1.1\r\n\r\n", 18 }, &answer);
	ck_assert_uint_ge(buffer_left(&answer), 1000);
	buffer_free(&answer);
}
END_TEST

/* ---- an engine ------------------------------------------------------------------------------ */

static unsigned told;

static void count_ends(void *context, const struct states_connection *connection)
{
	ck_assert_ptr_eq(context, &told);
	told += connection->end != STATES_LASTS;
}

static void step_until(struct states *states, unsigned ends)
{
	struct retry retry = retry_for(SEC(10));

	while (told < ends && retry_now(&retry))
		states_step(states);
	retry_end(&retry, told >= ends);
	ck_assert_uint_eq(told, ends);
}

START_TEST(engine_tells_of_each_connection)
{
	struct stage_turn turn = { .state = STAGE_RESET };
	const struct stage_place place = { .turns = &turn, .turn_count = 1 };
	struct states *states =
		states_open(&(struct states_options){ .tell = count_ends, .context = &told });
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct states_port port = { .place = &place, .address_count = 1 };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(&port.addresses[0], &address, sizeof(address));
	autofree char *why = states_add(states, &port);
	ck_assert_msg(!why, "%s", why);
	address.sin_port = htons((uint16_t)states_number(states, 0));
	for (int i = 1; i <= 3; i++) {
		autoclose int client = socket(AF_INET, SOCK_STREAM, 0);

		ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
		step_until(states, (unsigned)i);
	}
	states_end(states);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(states_connection(states, i)->end, STATES_CUT);
		ck_assert_ptr_eq(states_connection(states, i)->turn, &turn);
		ck_assert_ptr_null(states_connection(states, i)->problem);
		ck_assert_uint_gt(states_connection(states, i)->looks, 0);
	}
	ck_assert_ptr_null(states_connection(states, 3));
	ck_assert_ptr_null(states_problem(states, 0));
	states_close(states);
}
END_TEST

START_TEST(engine_refuses_what_needs_the_network)
{
	struct stage_turn turn = { .state = STAGE_LOST };
	const struct stage_place place = { .turns = &turn, .turn_count = 1 };
	struct states *states = states_open(&(struct states_options){ .seed = 0 });
	autofree char *why = states_add(states, &(struct states_port){ .place = &place });

	ck_assert_ptr_nonnull(why);
	states_close(states);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("states");
	TCase *tcase = tcase_create("states");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, connections_meet_turns_one_after_the_other);
	tcase_add_test(tcase, time_ends_a_turn_when_it_is_over_and_not_when_somebody_asks);
	tcase_add_test(tcase, probability_is_met);
	tcase_add_test(tcase, pace_lets_so_much_go_in_so_much_time);
	tcase_add_test(tcase, pace_of_nothing_is_none);
	tcase_add_loop_test(tcase, answer_does_not_depend_on_how_a_request_is_cut, 0,
			    ARRAY_LENGTH(exchanges));
	tcase_add_test(tcase, head_without_an_end_is_refused);
	tcase_add_test(tcase, answer_is_as_long_as_what_is_cut_from_it);
	tcase_add_test(tcase, engine_tells_of_each_connection);
	tcase_add_test(tcase, engine_refuses_what_needs_the_network);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
