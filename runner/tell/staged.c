/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * staged: what a stage has told, for people on standard error, as standard output is the client's,
 * and in stage.json, which docs/stage.schema.json describes. That is written when the run begins,
 * without any result, so that one that is killed never leaves an older one's behind; and again when
 * it ends.
 */
#include "captures/held/held.h"
#include "runner/tell/internal.h"
#include "vm/vm.h"

static const struct entry *staged_entry(const struct run *run)
{
	return run->plan.count ? &run->plan.entries[0] : NULL;
}

json_t *staged_json(const struct run *run, bool complete)
{
	const struct lane *lane = run_has_guests(run) ? &run->guest : &run->host;
	const struct entry *entry = staged_entry(run);
	autofree char *started = text_date(run->started);
	bool ended = entry && entry->state == ENDED;
	json_t *value = json_object();

	json_object_set_new(value, "halfopen", json_text(PACKAGE_VERSION));
	json_object_set_new(value, "format", json_integer(ARTIFACTS_FORMAT));
	json_object_set_new(value, "complete", json_boolean(complete));
	json_object_set_new(value, "started", json_text(started));
	json_object_set_new(value, "kernel", json_text(lane->release));
	json_object_set_new(value, "wire", json_text(lane->wire));
	json_object_set_new(value, "family", json_text(entry ? family_name(entry->family) : NULL));
	json_object_set_new(value, "folder", json_text(entry ? entry->folder : NULL));
	json_object_set_new(value, "status",
			    json_text(ended ? ending_name(entry->result.ending) : NULL));
	json_object_set_new(value, "reason",
			    json_text(run->fatal ? run->fatal
				      : ended    ? entry->result.reason
						 : NULL));
	if (ended)
		json_object_update_missing(value, entry->result.told);
	return value;
}

bool staged_store(struct run *run, bool complete)
{
	json_auto_t *value = staged_json(run, complete);
	autofree char *path = format("%s/stage.json", run->artifacts);

	if (json_store(value, path))
		return true;
	run_fatal(run, cannot_write(path));
	return false;
}

/* ---- on standard error ---------------------------------------------------------------------- */

static void begin(const struct run *run)
{
	(void)run;
}

static void tick(const struct run *run)
{
	(void)run;
}

/* All that the journal tells, and what has kept it from telling more. */
static void print_result(const struct run *run, const struct entry *entry)
{
	autofree char *path = entry_path(run, entry, "journal.jsonl"), *why = NULL;
	struct journal *journal = journal_salvage(path, &why);

	if (journal) {
		struct held *held = held_of(journal);

		held_print(held, stderr);
		held_free(held);
		journal_free(journal);
	}
	if (entry->result.ending == BROKEN)
		complain("%s", reason_or_none(entry->result.reason));
	if (entry->result.ending == SKIPPED)
		complain("nothing was played: %s", reason_or_none(entry->result.reason));
}

static void end(const struct run *run)
{
	const struct entry *entry = staged_entry(run);

	if (entry && entry->state == ENDED && entry->result.ending != SKIPPED)
		fprintf(stderr, "halfopen: ladders, captures and more: %s/%s\n", run->artifacts,
			entry->folder);
}

const struct reporter staged_reporter = {
	.begin = begin,
	.result = print_result,
	.tick = tick,
	.end = end,
};
