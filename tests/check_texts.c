/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_texts: no text is cut without a sign of it, and no number ever; arrays and texts that grow
 * keep what is in them; and what a journal writes is JSON whatever the bytes are. This program and
 * the files that it is about are compiled with an unsigned char, as half of all machines have it;
 * all other tests run with this machine's.
 */
#include "captures/draw/draw.h"
#include "tests/suite.h"

#include <jansson.h>
#include <limits.h>
#include <string.h>

START_TEST(char_is_unsigned)
{
	ck_assert_int_eq(CHAR_MIN, 0);
}
END_TEST

/* ---- rooms of fixed size ------------------------------------------------------------------- */

START_TEST(text_that_does_not_fit_ends_with_a_whole_word_and_dots)
{
	static const struct {
		const char *text, *fitted;
	} rows[] = {
		{ "", "" },
		{ "15 bytes, 15 of", "15 bytes, 15 of" },
		{ "16 bytes of text", "16 bytes of ..." },
		{ "moved by 1234567890", "moved by ..." },
		{ "1234567890123456789", "12345678901 ..." },
		{ "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9",
		  "\u00e9\u00e9\u00e9\u00e9\u00e9 ..." },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char room[16];

		text_fit(room, sizeof(room), rows[i].text);
		ck_assert_str_eq(room, rows[i].fitted);
	}
}
END_TEST

START_TEST(room_of_any_size_is_not_left)
{
	for (size_t size = 1; size < 16; size++) {
		autofree char *room = must_alloc(size, 1); /* the sanitizer stands behind it */

		text_fit(room, size, "a few words");
		ck_assert_uint_lt(strlen(room), size);
	}
}
END_TEST

/* ---- what grows ---------------------------------------------------------------------------- */

START_TEST(text_grows_without_a_bound)
{
	struct text text = { 0 };
	autofree char *nothing = text_take(&text);

	ck_assert_str_eq(nothing, "");
	for (int i = 0; i < 100000; i++) {
		text_add(&text, "%d,", i % 10);
		ck_assert_uint_eq(text.length, (size_t)2 * ((size_t)i + 1));
		ck_assert_int_eq(text.chars[text.length - 2], '0' + i % 10);
	}
	autofree char *all = text_take(&text);

	ck_assert_uint_eq(strlen(all), 200000);
	ck_assert_int_eq(strncmp(all + 199980, "0,1,2,3,4,5,6,7,8,9,", 20), 0);
}
END_TEST

/* Elements come and go; each has its place as its value. */
START_TEST(array_that_shrinks_and_grows_keeps_what_is_in_it)
{
	unsigned state = 1;
	int *array = NULL;
	size_t count = 0;

	for (int i = 0; i < 20000; i++) {
		state = state * 1664525 + 1013904223;
		if (state >> 30) {
			array = GROWN(array, count);
			array[count] = (int)count;
			count++;
		} else if (count) {
			count -= count > 40 && state >> 20 & 1 ? 40 : 1;
		}
		ck_assert(!count || array[count - 1] == (int)count - 1);
		if (i % 100)
			continue;
		int *copy = COPIED(array, count);
		ck_assert(!count || memcmp(copy, array, count * sizeof(*copy)) == 0);
		free(array);
		array = copy;
	}
	free(array);
}
END_TEST

/* ---- a journal of any bytes ---------------------------------------------------------------- */

static const char *const odd_names[] = {
	"\u00e9t\u00e9", "\U0001f600",     "\x7f",        "\x01\x1b[2J",  "\xff\xfe", "\xc3",
	"\"\\",          "two\nlines\tof", "\xc2\x9b[2J", "\xed\xa0\x80", "\xc0\x80",
};

START_TEST(what_a_journal_writes_can_be_read)
{
	struct journal *journal = journal_new();
	autofree char *path = format("check_texts.%d.jsonl", (int)getpid()), *why = NULL;
	FILE *out = fopen(path, "we");

	ck_assert_ptr_nonnull(out);
	journal_write_to(journal, out);
	journal_append(journal, &(struct event){ .kind = EVENT_BEGIN,
						 .name = "a case",
						 .format = ARTIFACTS_FORMAT });
	for (size_t i = 0; i < ARRAY_LENGTH(odd_names); i++) {
		const char *lines[] = { odd_names[i], "", NULL };
		struct event step = { .kind = EVENT_STEP, .name = odd_names[i], .lines = lines };
		autofree char *line = event_to_json(journal_append(journal, &step));
		json_t *object = json_loads(line, 0, NULL);

		ck_assert_msg(object != NULL, "no JSON: %s", line);
		json_decref(object);
	}
	journal_flush(journal);
	fclose(out);
	struct journal *read = journal_load(path, &why);

	ck_assert_msg(read != NULL, "%s", why ? why : "");
	ck_assert_uint_eq(journal_length(read), journal_length(journal));
	ck_assert_str_eq(journal_event(read, 1)->name, odd_names[0]);
	ck_assert_str_eq(journal_event(read, 2)->name, odd_names[1]);
	journal_free(read);
	journal_free(journal);
	unlink(path);
}
END_TEST

/* ---- ladders ------------------------------------------------------------------------------- */

static struct judge *judge_of(const struct event *events, size_t count)
{
	struct judge *judge = judge_new();

	for (size_t i = 0; i < count; i++) {
		struct event event = events[i];

		event.seq = (long)i + 1;
		event.at = event.at ? event.at : MSEC(i + 1);
		judge_event(judge, &event);
	}
	return judge;
}

#define BEGINNING                                                                                  \
	{ .kind = EVENT_BEGIN, .name = "a case", .delta = SLACK },                                 \
		{ .kind = EVENT_LISTENER, .name = "server", .listener = 80 },                      \
	{                                                                                          \
		.kind = EVENT_FLOW, .name = "client", .flow = 1, .listener = 80                    \
	}

static void check_ladder_has(const struct judge *judge, const char *words)
{
	char **lines = ladder_lines(judge, 1, (struct ladder_form){ .stable = false });
	bool has = false;

	for (size_t i = 0; lines[i]; i++)
		has |= strstr(lines[i], words) != NULL;
	ck_assert_msg(has, "\"%s\" is not in: %s", words, lines[1] ? lines[1] : "nothing");
	ladder_free(lines);
}

/* As many as no segment moves, with numbers that are as long as they can be. */
START_TEST(counters_of_a_line_are_all_there)
{
	static const char name[] = "TCPACKSkippedSynRecv";
	enum { COUNTERS = 20 };
	struct event events[4 + COUNTERS] = {
		BEGINNING,
		{ .kind = EVENT_PACKET,
		  .flow = 1,
		  .packet = 1,
		  .segment = { .source_port = 1000, .destination_port = 80, .flags = SYN } }
	};
	struct text expected = { 0 };
	char *names[COUNTERS];

	for (int i = 0; i < COUNTERS; i++) {
		names[i] = format("%s%d", name, i);
		events[4 + i] = (struct event){ .kind = EVENT_COUNTER,
						.at = MSEC(100),
						.packet = 1,
						.name = names[i],
						.delta = LONG_MAX / 2,
						.value = LONG_MAX / 2 };
		text_add(&expected, "%s%s +%ld", i ? ", " : "client: ", names[i], LONG_MAX / 2);
	}
	struct judge *judge = judge_of(events, ARRAY_LENGTH(events));
	autofree char *words = text_take(&expected);

	check_ladder_has(judge, words);
	judge_free(judge);
	for (int i = 0; i < COUNTERS; i++)
		free(names[i]);
}
END_TEST

START_TEST(longest_words_of_a_segment_are_all_there)
{
	struct segment syn = { .source_port = 1000, .destination_port = 80, .flags = SYN };
	struct segment answer = {
		.source_port = 80, .destination_port = 1000, .flags = SYN | ACK, .ack = 1
	};
	struct segment all = { .source_port = 1000,
			       .destination_port = 80,
			       .seq = 1U << 31,
			       .ack = 1U << 31,
			       .flags = 0xff,
			       .length = 65535 };
	const struct event events[] = {
		BEGINNING,
		{ .kind = EVENT_PACKET, .flow = 1, .packet = 1, .segment = syn },
		{ .kind = EVENT_PACKET,
		  .host = SERVER,
		  .from = SERVER,
		  .flow = 1,
		  .packet = 2,
		  .segment = answer },
		{ .kind = EVENT_PACKET, .flow = 1, .packet = 3, .segment = all },
	};
	struct judge *judge = judge_of(events, ARRAY_LENGTH(events));

	check_ladder_has(judge, "DATA-SYN-FIN-RST-URG-ECE-CWR 65535 seq -2147483648 ack "
				"-2147483648");
	judge_free(judge);
}
END_TEST

/* Words of any length: of a line, of a counter. */
START_TEST(expectation_is_told_as_it_is)
{
	static const char time[] = "1.00000000000000000000000000000000000000000000000000000001";
	autofree char *word = must_alloc(301, 1);
	memset(word, 'x', 300);
	autofree char *line = format("%s  >  %s", time, word);
	autofree char *counters = format("%s 7", word);
	const char *ladder[] = { line, NULL }, *numbers[] = { counters, NULL };
	const struct event expectations[] = {
		{ .kind = EVENT_EXPECT, .name = "ladder", .flow = 1, .lines = ladder },
		{ .kind = EVENT_EXPECT, .name = "counters", .lines = numbers },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(expectations); i++) {
		const struct event events[] = { BEGINNING, expectations[i] };
		struct judge *judge = judge_of(events, ARRAY_LENGTH(events));
		const struct finding *finding = judge_finding(judge);

		ck_assert_ptr_nonnull(finding);
		judge_report(judge);
		ck_assert_msg(strstr(finding->summary, word) != NULL, "%s", finding->summary);
		ck_assert_msg(strstr(finding->report, word) != NULL, "%s", finding->report);
		ck_assert_msg(i || strstr(finding->summary, time), "%s", finding->summary);
		judge_free(judge);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("texts");
	TCase *tcase = tcase_create("texts");

	tcase_add_test(tcase, char_is_unsigned);
	tcase_add_test(tcase, text_that_does_not_fit_ends_with_a_whole_word_and_dots);
	tcase_add_test(tcase, room_of_any_size_is_not_left);
	tcase_add_test(tcase, text_grows_without_a_bound);
	tcase_add_test(tcase, array_that_shrinks_and_grows_keeps_what_is_in_it);
	tcase_add_test(tcase, what_a_journal_writes_can_be_read);
	tcase_add_test(tcase, counters_of_a_line_are_all_there);
	tcase_add_test(tcase, longest_words_of_a_segment_are_all_there);
	tcase_add_test(tcase, expectation_is_told_as_it_is);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
