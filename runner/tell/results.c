/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * results: results.json, the run as a whole, as it is written: when the run begins, with nothing
 * in it, so that a run that is killed never leaves an older run's passes behind; and again when it
 * ends. Replaced whole each time.
 */
#include "runner/tell/tell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static json_t *entry_json(const struct run *run, const struct entry *entry)
{
	const struct result *result = &entry->result;
	const struct lane *lane = lane_of(run, entry);
	json_t *value = json_object();

	json_object_set_new(value, "case", json_text(entry->spec->name));
	json_object_set_new(value, "family", json_text(family_name(entry->family)));
	json_object_set_new(value, "topic", json_text(entry->spec->topic));
	json_object_set_new(value, "status", json_text(ending_name(result->ending)));
	json_object_set_new(value, "seconds", json_real(result->seconds));
	json_object_set_new(value, "kernel_seconds", json_real(result->kernel_seconds));
	json_object_set_new(value, "claims", json_words(entry->spec->claims));
	json_object_set_new(value, "reason", json_text(result->reason));
	json_object_set_new(value, "variant", json_text(result->variant));
	json_object_set_new(value, "folder", json_text(entry->folder));
	json_object_set_new(value, "attempts", json_integer(entry->attempts));
	json_object_set_new(value, "kernel", json_text(lane->release));
	json_object_set_new(value, "lane", json_text(lane_name(entry)));
	json_object_set_new(value, "clock", json_text(lane->clock));
	if (is_bad(entry)) {
		autofree char *kind = entry_kind(entry);

		json_object_set_new(value, "kind", json_text(kind));
	}
	if (result->machine)
		json_object_set_new(value, "machine", json_text(result->machine));
	if (run->options->keep_ladders && result->ladder)
		json_object_set_new(value, "ladder", json_text(result->ladder));
	return value;
}

static json_t *entries_json(const struct run *run)
{
	json_t *results = json_array();

	for (size_t i = 0; i < run->plan.count; i++)
		if (run->plan.entries[i].state == ENDED)
			json_array_append_new(results, entry_json(run, &run->plan.entries[i]));
	return results;
}

/* What was run, on what. */
static void set_run(json_t *value, const struct run *run)
{
	const struct lane *lane = run->host.count ? &run->host : &run->guest;
	const char *lanes = run->host.count && run->guest.count ? "host and vm"
			    : run->host.count                   ? "host"
								: "vm";
	const char *kept = run->options->only_failures ? "failure" : "always";
	autofree char *started = text_date(run->started);

	json_object_set_new(value, "halfopen", json_text(PACKAGE_VERSION));
	json_object_set_new(value, "format", json_integer(ARTIFACTS_FORMAT));
	json_object_set_new(value, "artifacts_on", json_text(kept));
	json_object_set_new(value, "kernel",
			    json_text(lane->release ? lane->release : lane->kernel->name));
	json_object_set_new(value, "lane", json_text(lanes));
	json_object_set_new(value, "clock", json_text(lane->clock));
	json_object_set_new(value, "netem", json_boolean(lane->wire));
	json_object_set_new(value, "wire", json_text(lane->wire));
	json_object_set_new(value, "started", json_text(started));
	json_object_set_new(value, "repeat", json_integer(run->options->repeat));
	json_object_set_new(value, "seed",
			    run->options->seed ? json_integer(run->options->seed) : json_null());
}

/* What came of it. */
static void set_outcome(json_t *value, const struct run *run, bool complete)
{
	json_object_set_new(value, "wall_seconds", json_real(seconds(run->took)));
	json_object_set_new(value, "kernel_seconds", json_real(run->kernel_seconds));
	json_object_set_new(value, "complete", json_boolean(complete));
	json_object_set_new(value, "signal", run->signal ? json_integer(run->signal) : json_null());
	json_object_set_new(value, "passed", json_integer((json_int_t)run->tally[PASSED]));
	json_object_set_new(value, "failed", json_integer((json_int_t)run->tally[FAILED]));
	json_object_set_new(value, "skipped", json_integer((json_int_t)run->tally[SKIPPED]));
	json_object_set_new(value, "errors", json_integer((json_int_t)run->tally[BROKEN]));
	json_object_set_new(value, "results", entries_json(run));
	json_object_set_new(value, "boot_seconds", json_real(run->guest.boot_seconds));
	json_object_set_new(value, "guest_kib", json_integer(run->guest.memory_kib));
}

static json_t *run_json(const struct run *run, bool complete)
{
	json_t *value = json_object();

	set_run(value, run);
	set_outcome(value, run, complete);
	return value;
}

bool results_store(struct run *run, bool complete)
{
	json_auto_t *value = run_json(run, complete);
	autofree char *path = format("%s/results.json", run->artifacts);

	if (json_store(value, path))
		return true;
	run_fatal(run, cannot_write(path));
	return false;
}

/* A results.json that is there must be one of ours: nothing else is ever replaced. */
static char *check_old_results(const char *artifacts)
{
	autofree char *path = format("%s/results.json", artifacts);

	if (access(path, F_OK) < 0)
		return NULL;
	json_auto_t *old = json_load(path, NULL);
	if (json_object_get(old, "halfopen"))
		return NULL;
	return format("%s is not from halfopen and would be replaced; move it away or choose "
		      "another folder with --artifacts",
		      path);
}

static int open_folder(const char *folder)
{
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

char *results_claim_folder(struct run *run)
{
	const char *asked = run->options->artifacts ? run->options->artifacts : default_artifacts;
	char resolved[PATH_MAX];

	if (!make_path(asked) || !realpath(asked, resolved))
		return cannot_write(asked);
	run->artifacts = format("%s", resolved);
	char *problem = check_old_results(run->artifacts);
	if (problem)
		return problem;
	run->lock = open_folder(run->artifacts);
	if (run->lock < 0 || flock(run->lock, LOCK_SH) < 0)
		return format("cannot lock %s: %s", run->artifacts, strerror(errno));
	run->started = time(NULL);
	if (results_store(run, false))
		return NULL;
	problem = run->fatal;
	run->fatal = NULL;
	return problem;
}
