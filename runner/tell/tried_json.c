/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tried_json: try.json, what a trial has found, for programs. docs/try.schema.json says how it
 * looks. Written when the trial begins, without any result, so that one that is killed never leaves
 * an older one's behind; and again when it ends.
 */
#include "captures/told/told.h"
#include "runner/tell/internal.h"
#include "vm/vm.h"

#include <string.h>

/* One scenario over one family: how it ended, and what its journal tells. */
static json_t *scenario_json(const struct entry *entry)
{
	const struct result *result = &entry->result;
	json_t *value = json_object();

	json_object_set_new(value, "scenario", json_text(entry->spec->name));
	json_object_set_new(value, "family", json_text(family_name(entry->family)));
	json_object_set_new(value, "question", json_text(entry->spec->question));
	json_object_set_new(value, "status", json_text(ending_name(result->ending)));
	json_object_set_new(value, "reason", json_text(result->reason));
	json_object_set_new(value, "seconds", json_real(result->seconds));
	json_object_set_new(value, "folder", json_text(entry->folder));
	json_object_update_missing(value, result->told);
	json_object_del(value, "table");
	json_object_del(value, "learned");
	return value;
}

static json_t *scenarios_json(const struct run *run)
{
	json_t *scenarios = json_array();

	for (size_t i = 0; i < run->plan.count; i++)
		if (run->plan.entries[i].state == ENDED)
			json_array_append_new(scenarios, scenario_json(&run->plan.entries[i]));
	return scenarios;
}

const json_t *tried_facts(const struct run *run)
{
	for (size_t i = 0; i < run->plan.count; i++) {
		const json_t *table = json_object_get(run->plan.entries[i].result.told, "table");

		if (table)
			return table;
	}
	return NULL;
}

/* Whether an entry has a finding of that name that counts. */
static bool is_found(const struct run *run, const char *name)
{
	for (size_t i = 0; i < run->plan.count; i++) {
		size_t index;
		json_t *finding;

		json_array_foreach (json_object_get(run->plan.entries[i].result.told, "findings"),
				    index, finding)
			if (strcmp(member_or_empty(finding, "name"), name) == 0 &&
			    !json_is_true(json_object_get(finding, "allowed")))
				return true;
	}
	return false;
}

size_t tried_findings(const struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; told_rule_at(i); i++)
		count += is_found(run, told_rule_at(i)->name);
	for (size_t i = 0; told_limit_name(i); i++)
		count += is_found(run, told_limit_name(i));
	return count;
}

static void set_count(json_t *value, const char *key, size_t count)
{
	json_object_set_new(value, key, json_integer((json_int_t)count));
}

static void set_counts(json_t *value, const struct run *run)
{
	size_t played = run->tally[PASSED] + run->tally[FAILED];

	set_count(value, "findings", tried_findings(run));
	set_count(value, "played", played);
	set_count(value, "not_applicable", run->tally[SKIPPED]);
	set_count(value, "errors", run->tally[BROKEN]);
}

json_t *tried_json(const struct run *run, bool complete)
{
	const struct lane *lane = run_has_guests(run) ? &run->guest : &run->host;
	autofree char *started = text_date(run->started);
	const json_t *facts = tried_facts(run);
	json_t *value = json_object();

	json_object_set_new(value, "halfopen", json_text(PACKAGE_VERSION));
	json_object_set_new(value, "format", json_integer(ARTIFACTS_FORMAT));
	json_object_set_new(value, "complete", json_boolean(complete));
	json_object_set_new(value, "error", json_text(run->fatal));
	json_object_set_new(value, "signal", run->signal ? json_integer(run->signal) : json_null());
	json_object_set_new(value, "started", json_text(started));
	json_object_set_new(value, "seconds", json_real(seconds(run->took)));
	json_object_set_new(value, "kernel", json_text(lane->release));
	json_object_set_new(value, "kernel_version", json_text(lane->built));
	json_object_set_new(value, "wire", json_text(lane->wire));
	json_object_update(value, (json_t *)run->options->about);
	json_object_set_new(value, "facts", facts ? json_deep_copy(facts) : json_array());
	json_object_set_new(value, "scenarios", scenarios_json(run));
	set_counts(value, run);
	return value;
}

bool tried_store(struct run *run, bool complete)
{
	json_auto_t *value = tried_json(run, complete);
	autofree char *path = format("%s/try.json", run->artifacts);

	if (json_store(value, path))
		return true;
	run_fatal(run, cannot_write(path));
	return false;
}
