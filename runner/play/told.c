/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * told: what the journal of a scenario tells, for who reports on it: outcomes, findings with the
 * ladder of the client that shows each, and the table of facts.
 */
#include "runner/play/internal.h"

#include "captures/draw/draw.h"
#include "captures/held/held.h"
#include "captures/told/told.h"

#include <string.h>

/* The lines of a flow's ladder in one text; the caller frees it. */
static char *ladder_of(const struct story *story, int flow)
{
	char **lines = ladder_lines(story_judge(story), flow, (struct ladder_form){ 0 });
	struct text text = { 0 };

	for (char **line = lines; *line; line++)
		text_add(&text, "%s%s", line == lines ? "" : "\n", *line);
	ladder_free(lines);
	return text_take(&text);
}

/* told_json() has the findings in the same order. */
static void add_ladders(json_t *value, const struct told *told, const struct journal *journal)
{
	json_t *findings = json_object_get(value, "findings");
	struct story *story = told->finding_count ? story_of(journal) : NULL;

	for (int i = 0; i < told->finding_count; i++) {
		int flow = told->findings[i].flow;
		autofree char *ladder = flow ? ladder_of(story, flow) : NULL;

		json_object_set_new(json_array_get(findings, (size_t)i), "ladder",
				    json_text(ladder));
	}
	if (story)
		story_free(story);
}

/* What inspect has found out, in the folder of the first look at the server. */
static void add_table(json_t *value, const char *folder)
{
	autofree char *path = format("%s/facts.json", folder);
	json_t *table = json_load(path, NULL);

	if (table)
		json_object_set_new(value, "table", table);
}

/* What later scenarios go by: facts of these names, with value and words. */
static void add_learned(json_t *value, const struct journal *journal)
{
	static const char *const names[] = { "speaks", "layer", "request", "loopback" };
	json_t *learned = json_object();

	for (size_t i = 0; i < journal_length(journal); i++) {
		const struct event *event = journal_event(journal, i);

		for (size_t j = 0; j < ARRAY_LENGTH(names) && event->kind == EVENT_FACT; j++)
			if (text_is(event->name, names[j]))
				json_object_set_new(learned, names[j],
						    json_pack("{s:I, s:o}", "value",
							      (json_int_t)event->value, "words",
							      json_text(event->argument)));
	}
	json_object_set_new(value, "learned", learned);
}

static json_t *staged_json(const struct journal *journal)
{
	struct held *held = held_of(journal);
	json_t *value = held_json(held);

	held_free(held);
	return value;
}

json_t *told_in_folder(const char *folder)
{
	autofree char *path = format("%s/journal.jsonl", folder), *why = NULL;
	struct journal *journal = journal_salvage(path, &why);

	if (!journal)
		return NULL;
	if (journal_is_staged(journal)) {
		json_t *staged = staged_json(journal);

		journal_free(journal);
		return staged;
	}
	struct told *told = told_of(journal);
	json_t *value = told_json(told, false);
	add_ladders(value, told, journal);
	add_table(value, folder);
	add_learned(value, journal);
	told_free(told);
	journal_free(journal);
	return value;
}
