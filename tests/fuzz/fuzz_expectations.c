/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An expectation of two recorded cases with other lines. The first byte says which one, the second
 * which kind it becomes; each line that follows is a line of it. What does not fit is reported.
 */
#include "captures/draw/draw.h"
#include "tests/fuzz/fuzz.h"

struct place {
	const struct journal *journal;
	const struct event *event; /* an expectation in it */
	struct judge *before;
};

static struct {
	struct place *places;
	size_t count;
} recorded;

static void load(const char *name)
{
	const char *source = getenv("top_srcdir");
	autofree char *path = format("%s/tests/journals/%s.jsonl", source ? source : ".", name);
	struct judge *judge = judge_new();
	char *why = NULL;
	const struct journal *journal = journal_load(path, &why);

	if (!journal)
		broken("%s", why);
	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		if (event->kind == EVENT_EXPECT) {
			recorded.places = GROWN(recorded.places, recorded.count);
			recorded.places[recorded.count++] =
				(struct place){ journal, event, judge_clone(judge) };
		}
		judge_event(judge, event);
	}
	judge_free(judge);
}

enum { MOST_LINES = 64 };

static void expect(void *context)
{
	static const char *const kinds[] = { "ladder", "states", "queue", "counters",
					     "timer",  "member", "isn",   "another" };
	struct input input = *(struct input *)context;
	size_t which = take_byte(&input) % recorded.count;
	uint8_t kind = take_byte(&input);
	struct event event = *recorded.places[which].event;
	struct judge *judge = judge_clone(recorded.places[which].before);
	char *lines[MOST_LINES + 1] = { NULL };

	if (kind >= 'a' && kind < 'a' + (int)ARRAY_LENGTH(kinds))
		event.name = kinds[kind - 'a'];
	for (int i = 0; i < MOST_LINES && (lines[i] = take_line(&input)); i++)
		;
	event.lines = (const char *const *)lines;
	judge_event(judge, &event);
	judge_report(judge);
	if (event.flow)
		ladder_free(
			ladder_lines(judge, event.flow, (struct ladder_form){ .stable = true }));
	judge_free(judge);
	for (int i = 0; lines[i]; i++)
		free(lines[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	if (!recorded.count) {
		load("ignored_client_gets_in_with_its_answer_to_the_next_syn_ack-ipv4");
		load("syn_reopens_a_connection_in_time_wait_if_its_number_is_higher-ipv4");
	}
	attempt(expect, &input);
	return 0;
}
