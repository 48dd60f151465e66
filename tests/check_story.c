/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_story: the story of a recorded journal names every segment in the order of time, and knows
 * what became of each.
 */
#include "captures/draw/draw.h"
#include "tests/loaded.h"
#include "tests/suite.h"

#include <glob.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

static glob_t recorded;

static struct journal *load_case(const char *name)
{
	const char *source = getenv("top_srcdir");
	autofree char *path =
		format("%s/tests/journals/%s-ipv4.jsonl", source ? source : ".", name);

	return load_journal(path);
}

static const struct story_line *line_with(const struct story *story, const char *flow,
					  const char *words, const char *fate)
{
	for (int i = 0; i < story->line_count; i++) {
		const struct story_line *line = &story->lines[i];

		if (line->flow && strcmp(story->flows[line->flow].name, flow) == 0 &&
		    strcmp(line->words, words) == 0 && strcmp(line->fate, fate) == 0)
			return line;
	}
	ck_abort_msg("%s has no \"%s\" that was \"%s\"", flow, words, fate);
}

static long segments_of(const struct journal *journal)
{
	long most = 0;

	for (size_t i = 0; i < journal_length(journal); i++)
		if (is_sighting(journal_event(journal, i)) &&
		    journal_event(journal, i)->packet > most)
			most = journal_event(journal, i)->packet;
	return most;
}

START_TEST(every_segment_is_told_once_and_in_order)
{
	struct journal *journal = load_journal(recorded.gl_pathv[_i]);
	struct story *story = story_of(journal);
	long segments = segments_of(journal), told = 0;
	nsec before = 0;

	for (int i = 0; i < story->line_count; i++) {
		const struct story_line *line = &story->lines[i];

		told += line->kind == LINE_SEGMENT;
		ck_assert(line->kind == LINE_STEP || line->at >= before);
		ck_assert(line->kind != LINE_SEGMENT || *line->words);
		ck_assert(line->step <= i);
		ck_assert(line->step < 0 || story->lines[line->step].kind == LINE_STEP);
		before = line->kind == LINE_STEP ? 0 : line->at;
	}
	ck_assert_int_eq(told, segments);
	for (long packet = 1; packet <= segments; packet++)
		ck_assert_int_eq(story_segment(story, packet)->packet, packet);
	ck_assert_ptr_null(story_segment(story, 0));
	ck_assert_ptr_null(story_segment(story, segments + 1));
	ck_assert_ptr_null(story->finding);
	story_free(story);
	journal_free(journal);
}
END_TEST

START_TEST(a_held_segment_arrives_after_its_release)
{
	struct journal *journal = load_case("final_ack_that_meets_a_full_accept_queue_is_ignored");
	struct story *story = story_of(journal);
	const struct story_line *ack = line_with(story, "late", "ACK", "held, ignored");

	ck_assert(ack->at <= ack->held && ack->held < ack->released);
	ck_assert(ack->released <= ack->arrived && ack->ignored && !ack->lost);
	ck_assert_str_eq(story_step(story, ack), "one client's final ACK is still on the wire");
	ck_assert_int_eq(ack->states[CLIENT], ESTABLISHED);
	ck_assert_int_eq(ack->states[SERVER], SYN_RECV);
	ck_assert_int_eq(ack->queue.accept, 3);
	ck_assert_int_eq(ack->queue.limit, 2);
	ck_assert_int_eq(ack->queue.syn, 1);
	ck_assert_str_eq(ack->counters[SERVER], "ListenOverflows +1, ListenDrops +1");
	ck_assert_int_eq(story->flows[1].alike, 2);
	ck_assert_int_eq(story->flows[2].leader, 1);
	ck_assert_int_eq(story->flows[3].alike, 1);
	story_free(story);
	journal_free(journal);
}
END_TEST

START_TEST(what_is_answered_with_rst_is_told_as_rejected)
{
	struct journal *journal = load_case("final_ack_that_meets_a_full_accept_queue_is_reset");
	struct story *story = story_of(journal);
	const struct story_line *ack = line_with(story, "late", "ACK", "held, rejected");
	const struct story_line *syn = line_with(story, "refused", "SYN", "ignored");

	ck_assert(ack->ignored && ack->rejected);
	ck_assert(syn->ignored && !syn->rejected);
	story_free(story);
	journal_free(journal);
}
END_TEST

START_TEST(a_lost_segment_does_not_arrive)
{
	struct journal *journal =
		load_case("deferred_data_that_met_a_full_queue_comes_after_its_connection");
	struct story *story = story_of(journal);
	const struct story_line *data = line_with(story, "client", "DATA 5", "lost");

	ck_assert(data->lost >= data->at && !data->arrived);
	story_free(story);
	journal_free(journal);
}
END_TEST

START_TEST(connect_is_told_again_with_what_came_of_it)
{
	struct journal *journal = load_case("connect_times_out_while_nobody_accepts");
	struct story *story = story_of(journal);
	const struct story_line *began = line_with(story, "refused", "connect()", "");
	const struct story_line *ended = line_with(story, "refused", "connect() ETIMEDOUT", "");

	ck_assert_int_eq(began->kind, LINE_CALL);
	ck_assert_int_eq(ended->kind, LINE_CALL);
	ck_assert(ended->at - began->at >= SEC(7)); /* tcp_syn_retries=2 */
	line_with(story, "client 1", "connect() 0", "");
	autofree char *diagram = ladder_mermaid(story);
	ck_assert_ptr_nonnull(strstr(diagram, "Note left of C: connect() 0\n"));
	ck_assert_ptr_nonnull(strstr(diagram, "Note left of C: connect() ETIMEDOUT\n"));
	story_free(story);
	journal_free(journal);
}
END_TEST

START_TEST(a_sysctl_is_told_with_its_value)
{
	static const struct {
		const char *call, *words;
	} rows[] = {
		{ "sysctl net.ipv4.tcp_syncookies = 2", "tcp_syncookies=2" },
		{ "sysctl net.ipv4.tcp_rmem = 4096 8192 16384", "tcp_rmem=4096 8192 16384" },
	};
	struct journal *journal = journal_new();

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		journal_append(journal, &(struct event){ .kind = EVENT_CALL,
							 .host = SERVER,
							 .at = (nsec)i + 1,
							 .began = (nsec)i + 1,
							 .name = rows[i].call,
							 .object = "server" });
	struct story *story = story_of(journal);
	ck_assert_int_eq(story->line_count, (int)ARRAY_LENGTH(rows));
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		ck_assert_str_eq(story->lines[i].words, rows[i].words);
	story_free(story);
	journal_free(journal);
}
END_TEST

enum { PORT = 12345, CLIENT_PORT = 40001 };

static void append(struct journal *journal, struct event event)
{
	event.at = event.began = (nsec)journal_length(journal) + 1;
	journal_append(journal, &event);
}

static void append_call(struct journal *journal, const char *name, long result)
{
	append(journal, (struct event){ .kind = EVENT_CALL,
					.host = SERVER,
					.name = name,
					.object = "server",
					.flow = strcmp(name, "accept") == 0,
					.listener = PORT,
					.limit = 1,
					.result = result });
}

static void append_sample(struct journal *journal, int accept)
{
	append(journal,
	       (struct event){
		       .kind = EVENT_QUEUE, .listener = PORT, .accept = accept, .limit = 1 });
	append(journal, (struct event){ .kind = EVENT_SAMPLE });
}

static void append_step(struct journal *journal)
{
	append(journal, (struct event){ .kind = EVENT_STEP, .name = "step" });
}

/* Two connections wait, and one is accepted in the second step. */
static struct journal *journal_of_calls(void)
{
	struct journal *journal = journal_new();

	append(journal, (struct event){ .kind = EVENT_BEGIN, .name = "calls", .object = "ipv4" });
	append(journal,
	       (struct event){ .kind = EVENT_LISTENER, .name = "server", .listener = PORT });
	append(journal,
	       (struct event){ .kind = EVENT_FLOW, .flow = 1, .name = "client", .listener = PORT });
	append_step(journal);
	append_call(journal, "listen", 0);
	append_sample(journal, 0);
	append_sample(journal, 2);
	append_call(journal, "epoll_wait", EPOLLIN | EPOLLHUP);
	append_step(journal);
	append_call(journal, "poll for reading", POLLIN);
	append_call(journal, "accept", CLIENT_PORT);
	append_sample(journal, 1);
	append_call(journal, "poll for reading", 0);
	append_call(journal, "SIOCOUTQ", 8000);
	append_call(journal, "write", 5);
	append_call(journal, "close", 0);
	append_step(journal);
	append_sample(journal, 0);
	return journal;
}

START_TEST(a_call_stands_beside_what_came_of_it_and_not_of_the_next)
{
	static const struct {
		const char *words;
		int accept;
	} rows[] = {
		{ "listens, limit 1", 0 }, { "epoll_wait() EPOLLIN|EPOLLHUP", 2 },
		{ "poll() POLLIN", 2 },    { "accept()", 1 },
		{ "poll() 0", 1 },         { "SIOCOUTQ 8000", 1 },
		{ "write() 5", 1 },        { "close()", 1 } /* not sampled in its step */
	};
	struct journal *journal = journal_of_calls();
	struct story *story = story_of(journal);
	size_t row = 0;

	for (int i = 0; i < story->line_count; i++) {
		const struct story_line *line = &story->lines[i];

		if (line->kind != LINE_CALL)
			continue;
		ck_assert_uint_lt(row, ARRAY_LENGTH(rows));
		ck_assert_str_eq(line->words, rows[row].words);
		ck_assert_msg(line->queue.accept == rows[row].accept, "%s: accept queue %d, not %d",
			      line->words, line->queue.accept, rows[row].accept);
		ck_assert_int_eq(line->queue.limit, 1);
		row++;
	}
	ck_assert_uint_eq(row, ARRAY_LENGTH(rows));
	story_free(story);
	journal_free(journal);
}
END_TEST

START_TEST(a_call_that_slept_is_told_after_what_woke_it)
{
	struct journal *journal = journal_new();
	struct story *story;

	append(journal,
	       (struct event){ .kind = EVENT_LISTENER, .name = "server", .listener = PORT });
	append_call(journal, "listen", 0);
	append_sample(journal, 0);
	append_call(journal, "epoll_ctl", 0);
	append_sample(journal, 1);
	journal_append(journal, &(struct event){ .kind = EVENT_CALL,
						 .host = SERVER,
						 .name = "accept",
						 .object = "server",
						 .listener = PORT,
						 .result = CLIENT_PORT,
						 .began = 3, /* before epoll_ctl() */
						 .at = 8 });
	story = story_of(journal);
	ck_assert_int_eq(story->line_count, 3);
	ck_assert_str_eq(story->lines[1].words, "epoll_ctl()");
	ck_assert_str_eq(story->lines[2].words, "accept()");
	ck_assert_int_eq(story->lines[2].at, 8);
	story_free(story);
	journal_free(journal);
}
END_TEST

START_TEST(the_timeline_says_whose_a_call_is)
{
	struct journal *journal = journal_of_calls();
	struct story *story = story_of(journal);
	autofree char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	ck_assert_ptr_nonnull(out);
	timeline_print(story, (struct ladder_form){ 0 }, 0, out);
	fclose(out);
	ck_assert_msg(strstr(text, "client       server: accept() ") != NULL, "%s", text);
	ck_assert_msg(strstr(text, "server       poll() POLLIN ") != NULL, "%s", text);
	story_free(story);
	journal_free(journal);
}
END_TEST

/* A copy of the first @length events; with them, what the judge finds at the end. */
START_TEST(what_breaks_off_is_told_as_far_as_it_goes)
{
	struct journal *whole = load_case("final_ack_that_meets_a_full_accept_queue_is_ignored");

	for (size_t length = 0; length < journal_length(whole); length++) {
		struct journal *part = journal_new();
		struct story *story;

		for (size_t i = 0; i < length; i++)
			journal_append(part, journal_event(whole, i));
		story = story_of(part);
		ck_assert(length == 0 || story->finding);
		story_free(story);
		journal_free(part);
	}
	journal_free(whole);
}
END_TEST

int main(void)
{
	const char *source = getenv("top_srcdir");
	autofree char *pattern = format("%s/tests/journals/*.jsonl", source ? source : ".");
	Suite *suite = suite_create("story");
	TCase *tcase = tcase_create("story");
	int failed;

	glob(pattern, 0, NULL, &recorded);
	tcase_add_loop_test(tcase, every_segment_is_told_once_and_in_order, 0,
			    (int)recorded.gl_pathc);
	tcase_add_test(tcase, a_held_segment_arrives_after_its_release);
	tcase_add_test(tcase, what_is_answered_with_rst_is_told_as_rejected);
	tcase_add_test(tcase, a_lost_segment_does_not_arrive);
	tcase_add_test(tcase, connect_is_told_again_with_what_came_of_it);
	tcase_add_test(tcase, a_sysctl_is_told_with_its_value);
	tcase_add_test(tcase, a_call_stands_beside_what_came_of_it_and_not_of_the_next);
	tcase_add_test(tcase, a_call_that_slept_is_told_after_what_woke_it);
	tcase_add_test(tcase, the_timeline_says_whose_a_call_is);
	tcase_add_test(tcase, what_breaks_off_is_told_as_far_as_it_goes);
	suite_add_tcase(suite, tcase);
	failed = suite_run(suite);
	globfree(&recorded);
	return failed;
}
