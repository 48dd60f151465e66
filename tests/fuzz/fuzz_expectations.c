/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An expectation of a recorded case with other lines. The first byte says which one, the second
 * which kind it becomes; each line that follows is a line of it. What does not fit is reported.
 */
#include "captures/draw/draw.h"
#include "tests/fuzz/fuzz.h"

static struct {
	struct journal *journal;
	size_t *places; /* of the expectations in it */
	struct judge **before;
	size_t count;
} recorded;

static void load(void)
{
	const char *source = getenv("top_srcdir");
	autofree char *path = format("%s/tests/journals/ignored_client_gets_in_with_its_answer_to_"
				     "the_next_syn_ack-ipv4.jsonl",
				     source ? source : ".");
	struct judge *judge = judge_new();
	char *why = NULL;

	recorded.journal = journal_load(path, &why);
	if (!recorded.journal)
		broken("%s", why);
	size_t length = journal_length(recorded.journal);
	recorded.places = must_alloc(length, sizeof(*recorded.places));
	recorded.before = must_alloc(length, sizeof(struct judge *));
	for (size_t i = 0; i < length; i++) {
		const struct event *event = journal_event(recorded.journal, i);

		if (event->kind == EVENT_EXPECT) {
			recorded.places[recorded.count] = i;
			recorded.before[recorded.count++] = judge_clone(judge);
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
	struct event event = *journal_event(recorded.journal, recorded.places[which]);
	struct judge *judge = judge_clone(recorded.before[which]);
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

	if (!recorded.journal)
		load();
	attempt(expect, &input);
	return 0;
}
