/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_hostile: recorded journals with one thing wrong in them, each field and each kind of event
 * in turn: a number that is no index, size or time of anything, a word that names nothing, a field
 * or a whole event that is not there, or is there twice. Each is refused with one sentence, or
 * judged and drawn in every way that there is; and that is over soon. CHECK_SAMPLE=N tries
 * only one of N damages.
 */
#include "captures/draw/annotate.h" /* a capture beside its journal */
#include "tests/sample.h"
#include "tests/suite.h"

#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* What CPU time one damage may take, reading and all drawings: a hundred times what it does. */
#define LIMIT (2.0 * CLOCKS_PER_SEC)

static glob_t recorded;

/* ---- a journal as objects of JSON ----------------------------------------------------------- */

struct lines {
	json_t *objects[16384];
	char *texts[16384];
	int count;
};

static void read_lines(const char *path, struct lines *lines)
{
	autofile FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (!file)
		broken("cannot open %s: %s", path, strerror(errno));
	lines->count = 0;
	while (getline(&text, &room, file) > 0) {
		if (lines->count == (int)ARRAY_LENGTH(lines->objects))
			broken("%s has more than %zu lines", path, ARRAY_LENGTH(lines->objects));
		lines->objects[lines->count] = json_loads(text, 0, NULL);
		lines->texts[lines->count++] = text;
		text = NULL;
		room = 0;
	}
	free(text);
}

static void release_lines(struct lines *lines)
{
	for (int i = 0; i < lines->count; i++) {
		json_decref(lines->objects[i]);
		free(lines->texts[i]);
	}
}

static const char *kind_of(const struct lines *lines, int line)
{
	return json_string_value(json_object_get(lines->objects[line], "event"));
}

/* Where the damaged copy is written to, and read from. */
static char *scratch;

/* ---- every drawing -------------------------------------------------------------------------- */

/* The captures that would be beside it: a frame for each segment. */
static struct recording *frames_of(const struct journal *journal)
{
	static uint8_t bytes[64];
	struct recording *recording = must_alloc(1, sizeof(*recording));

	recording->frames = must_alloc(journal_length(journal), sizeof(*recording->frames));
	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		if (event->kind == EVENT_PACKET)
			recording->frames[recording->count++] =
				(struct recorded_frame){ .host = event->host,
							 .outgoing = event->host == event->from,
							 .stamp = (uint64_t)event->at,
							 .bytes = bytes,
							 .length = sizeof(bytes),
							 .wire_length = sizeof(bytes),
							 .event = event };
	}
	return recording;
}

static void draw_capture(const struct journal *journal, const struct story *story, FILE *out)
{
	struct recording *recording = frames_of(journal);

	capture_write(&(struct annotated){ journal, story, recording, NULL }, out);
	free(recording->frames);
	free(recording);
}

static void draw_all(const struct journal *journal)
{
	const struct ladder_form observed = { .colour = true }, stable = { .stable = true };
	autofile FILE *out = fopen("/dev/null", "we");
	struct story *story = story_of(journal);
	autofree char *mermaid = ladder_mermaid(story), *svg = ladder_svg(story);

	ck_assert(*mermaid && *svg);
	timeline_print(story, observed, 0, out);
	for (int flow = 1; flow <= story->flow_count; flow++)
		ladder_free(ladder_lines(story_judge(story), flow, observed));
	ladder_print(journal, stable, out);
	draw_capture(journal, story, out);
	for (size_t i = 0; i < journal_length(journal); i++)
		free(event_to_json(journal_event(journal, i)));
	story_free(story);
}

static void judge_all(const struct journal *journal)
{
	struct judge *judge = judge_new();
	bool found = false;

	for (size_t i = 0; i < journal_length(journal); i++)
		if (judge_event(judge, journal_event(journal, i)) && !found) {
			found = true;
			judge_report(judge);
			ck_assert(judge_finding(judge)->report && judge_finding(judge)->details);
		}
	judge_free(judge);
}

/* ---- one damage ----------------------------------------------------------------------------- */

/* What comes before a line is the same, however the line is refused: it is drawn once. */
static bool beginning_is_drawn;

/* Reads what is in the scratch file; @what is for people. */
static void take_damaged(const char *what)
{
	clock_t began = clock(), took;
	autofree char *why = NULL;
	struct journal *journal = journal_salvage(scratch, &why);

	ck_assert_msg(journal || why, "%s: refused without a word", what);
	ck_assert_msg(!why || !strchr(why, '\n'), "%s: not one line: %s", what, why ? why : "");
	if (journal && !(why && beginning_is_drawn)) {
		judge_all(journal);
		draw_all(journal);
		beginning_is_drawn |= why != NULL;
	}
	journal_free(journal);
	took = clock() - began;
	ck_assert_msg((double)took < LIMIT, "%s: took %ld us of CPU time", what, (long)took);
}

static void write_line(json_t *object, FILE *out)
{
	autofree char *text = json_dumps(object, JSON_COMPACT);

	fprintf(out, "%s\n", text);
}

/* @instead in the place of line @line. */
static void write_damaged(const struct lines *lines, int line, json_t *instead)
{
	autofile FILE *out = fopen(scratch, "we");

	ck_assert_ptr_nonnull(out);
	for (int i = 0; i < lines->count; i++)
		if (i == line)
			write_line(instead, out);
		else
			fputs(lines->texts[i], out);
}

/* The line so many times; those behind it are numbered anew. */
static void write_repeated(const struct lines *lines, int line, int times)
{
	autofile FILE *out = fopen(scratch, "we");
	long seq = 0;

	ck_assert_ptr_nonnull(out);
	for (int i = 0; i < lines->count; i++)
		for (int again = i == line ? times : 1; again > 0; again--) {
			json_t *object = json_deep_copy(lines->objects[i]);

			json_object_set_new(object, "seq", json_integer(++seq));
			write_line(object, out);
			json_decref(object);
		}
}

static const char *const hostile[] = {
	"0",
	"-1",
	"1",
	"7",
	"100000",
	"65535",
	"1000000000",
	"2147483647",
	"-2147483648",
	"4294967295",
	"9007199254740991",
	"-9007199254740991",
	"9223372036854775807",
	"-9223372036854775808",
	"1e308",
	"true",
	"\"\"",
	"\"SYN_SENT\"",
	"\"server\"",
	"\"\\u00e9\\u202e\\ud83d\\ude00\"",
	"\"\\u001b[2J\"",
	"null",
	"[]",
	"[\"\", \"~1e999  >  SYN\", \"nan . -\", \"9e99rto+9e99 < ACK\"]",
	"[\"Tcp.X 99999999999999999999  Y -9223372036854775808\"]",
};

static bool is_in_the_sample(void)
{
	static long damages;

	return damages++ % check_sample() == 0;
}

/* A field that the event does not have gets some of the values, each field others. */
static void damage_field(const struct lines *lines, int line, const char *field)
{
	bool has_it = json_object_get(lines->objects[line], field);
	size_t every = has_it ? 1 : 5;

	for (size_t i = has_it ? 0 : strlen(field) % every; i < ARRAY_LENGTH(hostile); i += every) {
		if (!is_in_the_sample())
			continue;
		json_t *damaged = json_deep_copy(lines->objects[line]);
		autofree char *what = format("line %d, %s: %s", line + 1, field, hostile[i]);

		json_object_set_new(damaged, field, json_loads(hostile[i], JSON_DECODE_ANY, NULL));
		write_damaged(lines, line, damaged);
		take_damaged(what);
		json_decref(damaged);
	}
	if (!has_it || !is_in_the_sample())
		return;
	json_t *damaged = json_deep_copy(lines->objects[line]);
	autofree char *what = format("line %d without %s", line + 1, field);

	json_object_del(damaged, field);
	write_damaged(lines, line, damaged);
	take_damaged(what);
	json_decref(damaged);
}

/* Of every kind of event, those too that it does not have. */
static const char *const all_fields[] = {
	"seq",
	"t",
	"event",
	"host",
	"flow",
	"packet",
	"name",
	"object",
	"from",
	"injected",
	"copy",
	"source_port",
	"destination_port",
	"flags",
	"sequence",
	"ack",
	"window",
	"length",
	"ttl",
	"tos",
	"header",
	"reserved",
	"mss",
	"window_scale",
	"sack_permitted",
	"timestamps",
	"tsval",
	"tsecr",
	"icmp_type",
	"icmp_code",
	"icmp_mtu",
	"agreed_mss",
	"advertised_mss",
	"own_scale",
	"peer_scale",
	"agreed_sack",
	"agreed_timestamps",
	"agreed_ecn",
	"cookie",
	"was",
	"state",
	"retrans",
	"fires",
	"listener",
	"accept",
	"limit",
	"syn",
	"delta",
	"value",
	"result",
	"error",
	"want",
	"began",
	"rto",
	"drops",
	"told",
	"format",
	"lines",
};

static void damage_line(const struct lines *lines, int line)
{
	beginning_is_drawn = false;
	for (size_t i = 0; i < ARRAY_LENGTH(all_fields); i++)
		damage_field(lines, line, all_fields[i]);
	for (int times = 0; times <= 3; times++) {
		if (!is_in_the_sample())
			continue;
		autofree char *what = format("line %d, %d times", line + 1, times);

		write_repeated(lines, line, times);
		take_damaged(what);
	}
}

/* ---- which lines ---------------------------------------------------------------------------- */

/* Of each kind of event, and of each word that one says, one in all journals. */
static struct plan {
	int journal, line;
	char *word;
} plans[256];
static int plan_count;

static char *word_of(const struct lines *lines, int line)
{
	static const char *const with_words[] = { "gate", "flood", "expect", "call" };
	const char *kind = kind_of(lines, line);
	const char *name = json_string_value(json_object_get(lines->objects[line], "name"));

	for (size_t i = 0; i < ARRAY_LENGTH(with_words); i++)
		if (strcmp(kind, with_words[i]) == 0)
			return format("%s %s", kind, name);
	return format("%s", kind);
}

static void plan_line(int journal, const struct lines *lines, int line)
{
	char *word = word_of(lines, line);

	for (int i = 0; i < plan_count; i++)
		if (strcmp(plans[i].word, word) == 0) {
			free(word);
			return;
		}
	if (plan_count == (int)ARRAY_LENGTH(plans))
		broken("more than %zu kinds of events", ARRAY_LENGTH(plans));
	plans[plan_count++] = (struct plan){ journal, line, word };
}

/* The shortest journals first: what is in several is damaged in the one that is drawn soonest. */
static int by_size(const void *a, const void *b)
{
	struct stat left, right;

	if (stat(*(char *const *)a, &left) < 0 || stat(*(char *const *)b, &right) < 0)
		broken("cannot ask for the size of a journal");
	return left.st_size < right.st_size ? -1 : left.st_size > right.st_size;
}

static void make_plans(void)
{
	static struct lines lines;

	if (recorded.gl_pathc == 0)
		broken("no recorded journals: run it with top_srcdir set, as make check does");
	qsort(recorded.gl_pathv, recorded.gl_pathc, sizeof(char *), by_size);
	for (size_t i = 0; i < recorded.gl_pathc; i++) {
		read_lines(recorded.gl_pathv[i], &lines);
		for (int line = 0; line < lines.count; line++)
			plan_line((int)i, &lines, line);
		release_lines(&lines);
	}
}

START_TEST(a_damaged_journal_is_refused_or_drawn)
{
	static struct lines lines;
	const struct plan *plan = &plans[_i];

	scratch = format("check_hostile.%d.jsonl", (int)getpid());
	read_lines(recorded.gl_pathv[plan->journal], &lines);
	damage_line(&lines, plan->line);
	release_lines(&lines);
	unlink(scratch);
	free(scratch);
}
END_TEST

/* What is counted and what is told of a flood agree, and are as large as the reader lets them be.
 */
START_TEST(a_large_number_is_no_loop)
{
	const long most = (1L << 53) - 1;
	const struct event events[] = {
		{ .kind = EVENT_BEGIN, .name = "a case" },
		{ .kind = EVENT_LISTENER, .name = "server", .listener = 80 },
		{ .kind = EVENT_FLOOD,
		  .host = SERVER,
		  .name = _i ? "SYNs" : "answers",
		  .listener = 80,
		  .value = 1L << 30 },
		{ .kind = EVENT_COUNTER,
		  .host = SERVER,
		  .name = "ListenOverflows",
		  .delta = most,
		  .value = most },
		{ .kind = EVENT_COUNTER,
		  .host = SERVER,
		  .name = "TCPSynRetrans",
		  .delta = most,
		  .value = most },
		{ .kind = EVENT_SAMPLE },
	};
	struct judge *judge = judge_new();

	for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
		struct event event = events[i];

		event.seq = (long)i + 1;
		event.at = MSEC(i + 1);
		judge_event(judge, &event);
	}
	ck_assert_ptr_nonnull(judge_finding(judge));
	judge_free(judge);
}
END_TEST

int main(void)
{
	const char *source = getenv("top_srcdir");
	autofree char *journals = format("%s/tests/journals/*.jsonl", source ? source : ".");
	autofree char *failures = format("%s/tests/failures/*.jsonl", source ? source : ".");
	Suite *suite = suite_create("hostile");
	TCase *tcase = tcase_create("hostile");
	int failed;

	glob(journals, 0, NULL, &recorded);
	glob(failures, GLOB_APPEND, NULL, &recorded);
	make_plans();
	tcase_add_loop_test(tcase, a_damaged_journal_is_refused_or_drawn, 0, plan_count);
	tcase_add_loop_test(tcase, a_large_number_is_no_loop, 0, 2);
	suite_add_tcase(suite, tcase);
	failed = suite_run(suite);
	for (int i = 0; i < plan_count; i++)
		free(plans[i].word);
	globfree(&recorded);
	return failed;
}
