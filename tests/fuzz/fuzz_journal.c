/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal as `show` and `report` read it: its story, every drawing of it, and what the judge says
 * of it.
 */
#include "captures/draw/annotate.h" /* annotates captures of it */
#include "tests/frames.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* A packed one is read where there is no other. */
static void put_journal(struct input input)
{
	bool packed = input.left && input.at[0] == 0x1f;

	put_file("journal.jsonl", (struct input){ 0 });
	put_file("journal.jsonl.gz", packed ? input : (struct input){ 0 });
	if (!packed)
		put_events("journal.jsonl", input);
}

static void draw(const struct journal *journal, const struct story *story)
{
	static const struct ladder_form forms[] = { { 0 }, { .stable = true }, { .colour = true } };
	autofree char *svg = ladder_svg(story);
	int told = 0;

	must_be_xml(svg, strlen(svg));
	free(ladder_mermaid(story));
	for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
		ladder_print(journal, forms[i], nowhere());
		told = timeline_print(story, forms[i], told / 2, nowhere());
	}
	for (int i = 0; i < story->line_count; i++)
		story_step(story, &story->lines[i]);
}

/* Where captures cannot agree with the journal, a case would end with an error instead. */
static void write_artifacts(const struct journal *journal, const struct story *story)
{
	autofree char *client = own_path("client.pcap"), *server = own_path("server.pcap");
	char *why = NULL;

	capture_of_journal(journal, CLIENT, client);
	capture_of_journal(journal, SERVER, server);
	struct recording *recording = recording_load(journal, own_folder(), &why);
	capture_write(&(struct annotated){ journal, story, recording, why }, nowhere());
	recording_free(recording);
	if (!why)
		artifacts_write(journal, own_folder());
	free(why);
}

/* Live, a judge is asked at any time; its finding has a report. */
static void judge_by_and_by(const struct journal *journal)
{
	struct judge *judge = judge_new();
	bool found = false;

	for (size_t i = 0; i < journal_length(journal) && !found; i++) {
		const struct event *event = journal_event(journal, i);

		free(event_to_json(event));
		found = judge_event(judge, event);
		judge_depths(judge, event->listener);
		if (event->flow > 0 && event->flow <= judge_flows(judge)) {
			judge_state(judge, event->flow, event->host);
			judge_sent(judge, event->flow, event->from);
			judge_timeouts(judge, event->flow);
		}
		judge_syn_acks_again(judge);
	}
	if (!found && journal_length(journal))
		judge_finish(judge, journal_event(journal, journal_length(journal) - 1));
	judge_report(judge);
	judge_free(judge);
}

/* Live, it is written as it grows, and a text in it is whatever a program has said. */
static void write_with_text(struct journal *journal, struct input input)
{
	autofree char *text = take_text(&input);

	journal_append(journal, &(struct event){ .kind = EVENT_STEP, .name = text });
	journal_write_to(journal, nowhere());
	journal_flush(journal);
}

static void tell(void *context)
{
	autofree char *path = own_path("journal.jsonl"), *why = NULL;
	struct input input = *(struct input *)context;
	struct journal *journal;
	struct story *story;

	put_journal(input);
	journal = journal_salvage(path, &why);
	if (!journal)
		return;
	story = story_of(journal);
	draw(journal, story);
	write_artifacts(journal, story);
	story_free(story);
	judge_by_and_by(journal);
	write_with_text(journal, input);
	journal_free(journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	attempt(tell, &input);
	return 0;
}
