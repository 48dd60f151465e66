/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_answers: when what a client of a scenario has read is an answer, and when all of it is
 * there: by what the user expects, by HTTP's own length, or by the end of the connection. Each
 * answer comes in pieces of every length.
 */
#include "fixtures/trying.h" /* what is told of an answer depends on no network */
#include "tests/suite.h"

#include <string.h>

#define HEAD "HTTP/1.1 200 OK\r\n"

static const struct reading {
	const char *what, *text;
	const char *expect; /* of the user's; NULL: nothing */
	bool regex;
	enum part before, at_end; /* when all bytes have come, and when the connection has ended */
} readings[] = {
	{ "a banner", "220 here\r\n", NULL, false, ALL_OF_IT, ALL_OF_IT },
	{ "nothing", "", NULL, false, NO_ANSWER_YET, NO_ANSWER_YET },
	{ "by its length", HEAD "Content-Length: 3\r\n\r\nabc", NULL, false, ALL_OF_IT, ALL_OF_IT },
	{ "a byte short", HEAD "content-length:4\r\n\r\nabc", NULL, false, A_PART, A_PART },
	{ "a header that is cut", HEAD "Content-Le", NULL, false, A_PART, A_PART },
	{ "up to the end", HEAD "Server: x\r\n\r\nabc", NULL, false, A_PART, ALL_OF_IT },
	{ "no content", "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", NULL, false,
	  ALL_OF_IT, ALL_OF_IT },
	{ "chunks", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", NULL, false,
	  ALL_OF_IT, ALL_OF_IT },
	{ "the last chunk misses", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", NULL,
	  false, A_PART, A_PART },
	{ "a name that only ends like a field's", HEAD "X-Content-Length: 1\r\n\r\nabc", NULL,
	  false, A_PART, ALL_OF_IT },
	{ "what is expected", "+PONG\r\n", "PONG", false, ALL_OF_IT, ALL_OF_IT },
	{ "another one", "-ERR\r\n", "PONG", false, A_PART, ANOTHER_ONE },
	{ "another one of HTTP", HEAD "Content-Length: 3\r\n\r\nabc", "xyz", false, ANOTHER_ONE,
	  ANOTHER_ONE },
	{ "a regular expression", "OK 17\r\n", "^OK [0-9]+", true, ALL_OF_IT, ALL_OF_IT },
};

static void read_in_pieces(const struct reading *reading, size_t piece)
{
	struct trial trial = { .expect = reading->expect, .expect_regex = reading->regex };
	struct case_run run = { .trial = &trial };
	struct scene scene = { .run = &run };
	struct answer *answer = answer_new(&scene);
	size_t length = strlen(reading->text);
	enum part part = NO_ANSWER_YET;

	for (size_t at = 0; at < length; at += piece)
		part = answer_add(answer, reading->text + at,
				  length - at < piece ? length - at : piece);
	ck_assert_msg(part == reading->before, "%s, %zu bytes at a time: %d when all has come",
		      reading->what, piece, (int)part);
	part = answer_end(answer);
	ck_assert_msg(part == reading->at_end, "%s, %zu bytes at a time: %d at the end",
		      reading->what, piece, (int)part);
	ck_assert_int_eq(answer_bytes(answer), (long)length);
	owned_free(&scene.owned);
}

START_TEST(answer_is_whole_when_it_says_so_however_it_comes)
{
	const struct reading *reading = &readings[_i];

	for (size_t piece = 1; piece <= strlen(reading->text) + 1; piece++)
		read_in_pieces(reading, piece);
}
END_TEST

START_TEST(long_answer_is_counted_and_not_kept)
{
	struct trial trial = { .expect = NULL };
	struct case_run run = { .trial = &trial };
	struct scene scene = { .run = &run };
	struct answer *answer = answer_new(&scene);
	static const char head[] = HEAD "Content-Length: 1000000\r\n\r\n";
	static char bytes[50000];
	const char *text;
	enum part part = answer_add(answer, head, strlen(head));

	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(part, A_PART);
		part = answer_add(answer, bytes, sizeof(bytes));
	}
	ck_assert_int_eq(part, ALL_OF_IT);
	ck_assert_int_eq(answer_bytes(answer), 1000000 + (long)strlen(head));
	ck_assert_uint_lt(answer_text(answer, &text), sizeof(bytes));
	owned_free(&scene.owned);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("answers");
	TCase *all = tcase_create("answers");

	suite_add_tcase(suite, all);
	tcase_add_loop_test(all, answer_is_whole_when_it_says_so_however_it_comes, 0,
			    (int)ARRAY_LENGTH(readings));
	tcase_add_test(all, long_answer_is_counted_and_not_kept);
	return suite_run(suite);
}
