/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check_failures: what a failure tells. In recorded journals one thing that was expected is made
 * wrong on purpose; what the judge says of it is compared with tests/failures/NAME.txt, each of
 * which was read and found to make its cause plain. At most 60 lines of 120 columns.
 *
 * FAILURES_WRITE=1 writes the texts anew. Read them.
 */
#include "captures/judge/judge.h"
#include "tests/suite.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

enum { MOST_LINES = 60, MOST_COLUMNS = 120 };

static const char ignored[] = "journals/final_ack_that_meets_a_full_accept_queue_is_ignored-ipv4";
static const char reset[] = "journals/final_ack_that_meets_a_full_accept_queue_is_reset-ipv4";
static const char gives_up[] = "journals/ignored_client_gives_up_when_tcp_retries2_is_used_up-ipv4";
static const char times_out[] = "journals/connect_times_out_while_nobody_accepts-ipv4";
static const char many_peers[] =
	"journals/syn_queue_without_cookies_is_limited_by_backlog_and_max_syn_backlog-ipv4";

static const char gives_up_late[] =
	"failures/ignored_client_gives_up_after_a_quarter_of_an_hour-ipv4";

/* An expectation, call or wait of a recorded journal, and what is wrong with it now. */
struct wrong {
	const char *name;    /* of the file with the text */
	const char *journal; /* in tests */
	const char *step;    /* a part of the name of the step that it is in */
	enum event_kind kind;
	const char *what; /* a part of: the expectation, the call's name, what is waited for */
	/* the change: */
	const char *line, *instead; /* a part of the line; NULL: it is not expected at all */
	void (*change)(struct event *event);
	bool gone; /* the expectation is not there */
};

static void other_states(struct event *event)
{
	event->state = ESTABLISHED;
}

static void other_queue(struct event *event)
{
	event->accept = 2;
	event->syn = 2;
}

static void other_timer(struct event *event)
{
	event->fires = SEC(3);
}

static void other_timeouts(struct event *event)
{
	event->retrans = 1;
}

static void another_errno(struct event *event)
{
	event->want = "ECONNRESET";
}

static void success(struct event *event)
{
	event->want = "4";
}

static void not_writable(struct event *event)
{
	event->result = 0;
}

static void somebody_else(struct event *event)
{
	event->result--;
}

static void less_of_each_segment(struct event *event)
{
	event->agreement.mss -= 20;
}

static void larger_scale(struct event *event)
{
	event->segment.window_scale++;
}

static void half_of_the_buffer(struct event *event)
{
	event->segment.window /= 2;
}

static void in_vain(struct event *event)
{
	event->result = 0;
}

static void another_limit(struct event *event)
{
	event->limit = 4096;
}

static const struct wrong wrongs[] = {
	{ .name = "time-too-early",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "3.0  <  SYN-ACK",
	  .instead = "3.5  <  SYN-ACK" },
	{ .name = "time-too-late",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "3.0  <  SYN-ACK",
	  .instead = "2.0  <  SYN-ACK" },
	{ .name = "time-after-the-line-before",
	  .journal = reset,
	  .step = "the ACK arrives",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "+0.0",
	  .instead = "+1.0  <  RST  - / -" },
	{ .name = "time-of-a-retransmission",
	  .journal = gives_up,
	  .step = "used up",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "3rto",
	  .instead = "4rto  >  DATA 5  ignored" },
	{ .name = "direction",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "1.0  <  SYN-ACK",
	  .instead = "1.0  >  SYN-ACK" },
	{ .name = "one-packet-more",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "3.0  >  ACK",
	  .instead = "3.0  >  ACK      ignored\n5.0  <  SYN-ACK" },
	{ .name = "one-packet-fewer",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "1.0  >  ACK" },
	{ .name = "another-segment",
	  .journal = reset,
	  .step = "the ACK arrives",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "+0.0",
	  .instead = "+0.0  <  RST-ACK  - / -" },
	{ .name = "another-fate",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "1.0  >  ACK",
	  .instead = "1.0  >  ACK      ESTABLISHED / ESTABLISHED" },
	{ .name = "nothing-was-expected",
	  .journal = reset,
	  .step = "the ACK arrives",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "+0.0" },
	{ .name = "state-at-the-end-of-a-ladder",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "7.0",
	  .instead = "7.0  .  - / -" },
	{ .name = "states",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "states",
	  .change = other_states },
	{ .name = "queue-depth",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "queue",
	  .change = other_queue },
	{ .name = "limit-of-the-queue",
	  .journal = many_peers,
	  .step = "backlog 10,",
	  .kind = EVENT_EXPECT,
	  .what = "queue",
	  .change = another_limit },
	{ .name = "counter",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "counters",
	  .line = "ListenOverflows",
	  .instead = "ListenOverflows 2  ListenDrops 3  TCPTimeouts 3  TCPSynRetrans 2  "
		     "Tcp.RetransSegs 2" },
	{ .name = "counter-that-is-missing",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "counters",
	  .line = "ListenOverflows",
	  .instead = "ListenOverflows 3  ListenDrops 3  TCPSynRetrans 2  Tcp.RetransSegs 2" },
	{ .name = "counter-that-did-not-move",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "counters",
	  .line = "ListenOverflows",
	  .instead = "ListenOverflows 3  ListenDrops 3  TCPTimeouts 3  TCPSynRetrans 2  "
		     "Tcp.RetransSegs 2  "
		     "SyncookiesSent 1" },
	{ .name = "counters-that-nothing-names",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "counters",
	  .line = "ListenOverflows",
	  .gone = true },
	{ .name = "counters-that-are-no-words",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "counters",
	  .line = "ListenOverflows",
	  .instead = "ListenOverflows three" },
	{ .name = "errno",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_CALL,
	  .what = "read",
	  .change = another_errno },
	{ .name = "errno-that-was-none",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_CALL,
	  .what = "read",
	  .change = success },
	{ .name = "poll",
	  .journal = ignored,
	  .step = "overtakes it",
	  .kind = EVENT_CALL,
	  .what = "poll for writing",
	  .change = not_writable },
	{ .name = "accept-of-somebody-else",
	  .journal = "journals/syn_that_finds_the_accept_queue_full_gets_in_after_accept-ipv4",
	  .step = "",
	  .kind = EVENT_CALL,
	  .what = "accept",
	  .change = somebody_else },
	{ .name = "agreement",
	  .journal = ignored,
	  .step = "overtakes it",
	  .kind = EVENT_INFO,
	  .what = "client 3",
	  .change = less_of_each_segment },
	{ .name = "offer-of-a-window-scale",
	  .journal = ignored,
	  .step = "two clients wait",
	  .kind = EVENT_PACKET,
	  .what = "SYN-ACK",
	  .change = larger_scale },
	{ .name = "offer-of-a-window",
	  .journal = times_out,
	  .step = "",
	  .kind = EVENT_PACKET,
	  .what = "SYN-ACK",
	  .change = half_of_the_buffer },
	{ .name = "timer-that-is-due-later",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "timer",
	  .change = other_timer },
	{ .name = "timer-that-has-not-fired",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "timer",
	  .change = other_timeouts },
	{ .name = "variant",
	  .journal = times_out,
	  .step = "all dropped",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "2.0  >  SYN",
	  .instead = "3.0  >  SYN  ignored\n7.0  >  SYN  ignored" },
	{ .name = "wait-in-vain",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_WAIT,
	  .what = "late to be gone",
	  .change = in_vain },
	{ .name = "time-in-a-long-ladder",
	  .journal = gives_up_late,
	  .step = "retransmits 15 times",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "511rto",
	  .instead = "400rto  >  DATA 5  ignored" },
	{ .name = "packet-more-in-a-long-ladder",
	  .journal = gives_up_late,
	  .step = "retransmits 15 times",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .line = "31.0         >  ACK" },
	{ .name = "ladder-that-nothing-expects",
	  .journal = ignored,
	  .step = "ever accepts",
	  .kind = EVENT_EXPECT,
	  .what = "ladder",
	  .gone = true },
};

/* ---- the wrong journal ----------------------------------------------------------------------- */

static bool has_line(const struct event *event, const char *part)
{
	for (int i = 0; event->lines && event->lines[i]; i++)
		if (strstr(event->lines[i], part))
			return true;
	return false;
}

static bool is_meant(const struct wrong *wrong, const char *step, const struct event *event)
{
	const char *what = event->name ? event->name : event->object;

	/* without a name: whose TCP_INFO it is; a segment is meant when it is a SYN-ACK */
	if (event->kind == EVENT_PACKET && (event->segment.flags & (SYN | ACK)) == (SYN | ACK))
		what = "SYN-ACK";
	return event->kind == wrong->kind && strstr(step, wrong->step) && what &&
	       strstr(what, wrong->what) && (!wrong->line || has_line(event, wrong->line));
}

/* One line of an expectation replaced by none, by one or by two. */
static const char **changed_lines(const struct wrong *wrong, const char *const *lines)
{
	static const char *changed[64];
	static char copy[512];
	char *rest = copy;
	int count = 0;

	for (int i = 0; lines[i]; i++) {
		if (!strstr(lines[i], wrong->line)) {
			changed[count++] = lines[i];
			continue;
		}
		snprintf(copy, sizeof(copy), "%s", wrong->instead ? wrong->instead : "");
		while (wrong->instead && rest)
			changed[count++] = strsep(&rest, "\n");
	}
	changed[count] = NULL;
	return changed;
}

/* The journal up to where the judge objects; NULL when it does not. The caller frees both. */
static struct judge *judge_wrong(const struct wrong *wrong, const struct journal *journal,
				 const struct finding **finding)
{
	struct judge *judge = judge_new();
	const char *step = "";
	bool done = false;

	*finding = NULL;
	for (size_t i = 0; !*finding && i < journal_length(journal); i++) {
		struct event event = *journal_event(journal, i);

		step = event.kind == EVENT_STEP && event.name ? event.name : step;
		if (!done && is_meant(wrong, step, &event)) {
			done = true;
			if (wrong->gone)
				continue;
			if (wrong->change)
				wrong->change(&event);
			else
				event.lines = changed_lines(wrong, event.lines);
		}
		*finding = judge_event(judge, &event);
	}
	ck_assert_msg(done, "%s: there is no such event", wrong->name);
	return judge;
}

/* ---- the text -------------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
	char text[16384];
	autofile FILE *file = fopen(path, "re");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[length] = '\0';
	return format("%s", text);
}

static void write_text(const char *path, const char *text)
{
	autofile FILE *file = fopen(path, "we");

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	fputs(text, file);
}

static void check_size(const char *name, const char *text)
{
	int lines = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		ck_assert_msg(strcspn(line, "\n") <= MOST_COLUMNS, "%s: too wide: %.*s", name,
			      (int)strcspn(line, "\n"), line);
		lines++;
	}
	ck_assert_msg(lines <= MOST_LINES, "%s: %d lines", name, lines);
}

static void check_details(const char *name, const char *details)
{
	static const char *const members[] = { "step", "states", "queues", "counters",
					       "last_steps" };
	json_t *object = json_loads(details, 0, NULL);

	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		ck_assert_msg(json_object_get(object, members[i]) != NULL, "%s: no %s in %s", name,
			      members[i], details);
	json_decref(object);
}

/* FOLDER of tests, with a slash at its end, or "". */
static char *path_of(const char *folder, const char *name, const char *ending)
{
	const char *source = getenv("top_srcdir");

	return format("%s/tests/%s%s%s", source ? source : ".", folder, name, ending);
}

START_TEST(failure_makes_its_cause_plain)
{
	const struct wrong *wrong = &wrongs[_i];
	autofree char *from = path_of("", wrong->journal, ".jsonl"), *why = NULL;
	autofree char *path = path_of("failures/", wrong->name, ".txt");
	struct journal *journal = journal_load(from, &why);
	const struct finding *finding;

	ck_assert_msg(journal != NULL, "%s", why ? why : "");
	struct judge *judge = judge_wrong(wrong, journal, &finding);

	ck_assert_msg(finding != NULL, "%s: nothing was found wrong", wrong->name);
	judge_report(judge);
	autofree char *text = format("%s\n%s", finding->summary, finding->report);

	check_size(wrong->name, text);
	check_details(wrong->name, finding->details);
	if (getenv("FAILURES_WRITE"))
		write_text(path, text);
	autofree char *good = read_text(path);

	ck_assert_msg(strcmp(text, good) == 0, "%s says now:\n%s", wrong->name, text);
	judge_free(judge);
	journal_free(journal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("failures");
	TCase *tcase = tcase_create("failures");

	tcase_add_loop_test(tcase, failure_makes_its_cause_plain, 0, (int)ARRAY_LENGTH(wrongs));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
