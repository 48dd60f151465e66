/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * results: results.json, the run as a whole, as it is written: when the run begins, with nothing in
 * it of what shall be played, so that a run that is killed never leaves an older run's passes
 * behind; and again when it ends. What earlier runs have left of other tests is kept. Replaced
 * whole each time.
 */
#include "runner/tell/tell.h"
#include "vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* See run_result(). */
static bool is_discarded(const struct run *run, const struct entry *entry)
{
	return run->options->only_failures &&
	       (entry->result.ending == PASSED || entry->result.ending == SKIPPED);
}

static json_t *entry_json(const struct run *run, const struct entry *entry)
{
	const struct result *result = &entry->result;
	const struct lane *lane = lane_of(run, entry);
	autofree char *started = text_date(run->started);
	json_t *value = json_object();

	json_object_set_new(value, "case", json_text(entry->spec->name));
	json_object_set_new(value, "family", json_text(family_name(entry->family)));
	json_object_set_new(value, "topic", json_text(entry->spec->topic));
	json_object_set_new(value, "status", json_text(ending_name(result->ending)));
	json_object_set_new(value, "seconds", json_real(result->seconds));
	json_object_set_new(value, "kernel_seconds", json_real(result->kernel_seconds));
	json_object_set_new(value, "busy_seconds",
			    result->busy > 0 ? json_real(result->busy) : json_null());
	json_object_set_new(value, "claims", json_words(entry->spec->claims));
	json_object_set_new(value, "covers", json_words(entry->spec->covers));
	json_object_set_new(value, "reason", json_text(result->reason));
	json_object_set_new(value, "variant", json_text(result->variant));
	json_object_set_new(value, "folder", json_text(entry->folder));
	json_object_set_new(value, "attempts", json_integer(entry->attempts));
	json_object_set_new(value, "kernel", json_text(lane->release));
	json_object_set_new(value, "kernel_version", json_text(lane->built));
	json_object_set_new(value, "build", json_text(run->build));
	json_object_set_new(value, "started", json_text(started));
	json_object_set_new(value, "repeat", json_integer(run->options->repeat));
	json_object_set_new(value, "kept", json_false());
	json_object_set_new(value, "discarded", json_boolean(is_discarded(run, entry)));
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

/* ---- what is kept of earlier runs ---------------------------------------------------------- */

static bool is_of_this(const struct run *run, const json_t *result)
{
	const struct lane *lanes[] = { &run->host, &run->guest, &run->storms };
	bool is = false;

	for (size_t i = 0; i < ARRAY_LENGTH(lanes); i++)
		is |= lanes[i]->count &&
		      result_is_of(result, (struct played_on){ .release = lanes[i]->release,
							       .version = lanes[i]->built,
							       .build = run->build });
	return is;
}

/* Until the run has ended nobody knows what it plays of its plan: a kill leaves no older pass. */
static bool is_replaced(const struct run *run, const json_t *result)
{
	const char *name = member_string(result, "case"), *family = member_string(result, "family");
	bool has_ended = run->took > 0;

	for (size_t i = 0; i < run->plan.count; i++) {
		const struct entry *entry = &run->plan.entries[i];

		if ((!has_ended || entry->state != PLANNED || entry->attempts > 0) &&
		    strcmp(name, entry->spec->name) == 0 &&
		    strcmp(family, family_name(entry->family)) == 0)
			return true;
	}
	return false;
}

/* Adds what counts to @results; what does not is returned, an array. */
static json_t *keep_earlier(const struct run *run, json_t *results)
{
	json_t *old = json_array(), *result;
	size_t index;

	json_array_foreach (run->earlier, index, result)
		if (!is_replaced(run, result) &&
		    result_stands(run->options->catalogue, result, run->artifacts))
			json_array_append(is_of_this(run, result) ? results : old, result);
	return old;
}

/* ---- the run ------------------------------------------------------------------------------- */

/* What was run, on what. */
static void set_run(json_t *value, const struct run *run)
{
	const struct lane *lane = run->host.count    ? &run->host
				  : run->guest.count ? &run->guest
						     : &run->storms;
	bool in_guest = run_has_guests(run);
	const char *lanes = run->host.count && in_guest ? "host and vm"
			    : run->host.count           ? "host"
							: "vm";
	const char *kept = run->options->only_failures ? "failure" : "always";
	autofree char *started = text_date(run->started);

	json_object_set_new(value, "halfopen", json_text(PACKAGE_VERSION));
	json_object_set_new(value, "format", json_integer(ARTIFACTS_FORMAT));
	json_object_set_new(value, "artifacts_on", json_text(kept));
	json_object_set_new(value, "kernel",
			    json_text(lane->release ? lane->release : lane->kernel->name));
	json_object_set_new(value, "kernel_version", json_text(lane->built));
	json_object_set_new(value, "build", json_text(run->build));
	json_object_set_new(value, "lane", json_text(lanes));
	json_object_set_new(value, "clock", json_text(lane->clock));
	json_object_set_new(value, "netem", json_boolean(lane->wire));
	json_object_set_new(value, "wire", json_text(lane->wire));
	json_object_set_new(value, "started", json_text(started));
	json_object_set_new(value, "repeat", json_integer(run->options->repeat));
	json_object_set_new(value, "seed",
			    run->options->seed ? json_integer(run->options->seed) : json_null());
}

static void set_count(json_t *value, const char *key, enum ending ending)
{
	json_int_t count = 0;
	size_t index;
	json_t *result;

	json_array_foreach (json_object_get(value, "results"), index, result)
		count += text_is(member_string(result, "status"), ending_name(ending));
	json_object_set_new(value, key, json_integer(count));
}

/* What came of it, and of earlier runs. */
static void set_results(json_t *value, const struct run *run)
{
	json_t *results = entries_json(run);
	json_t *old = keep_earlier(run, results);

	json_object_set_new(value, "results", results);
	json_object_set_new(value, "old", old);
	set_count(value, "passed", PASSED);
	set_count(value, "failed", FAILED);
	set_count(value, "skipped", SKIPPED);
	set_count(value, "errors", BROKEN);
}

/* What came of it. */
static void set_outcome(json_t *value, const struct run *run, bool complete)
{
	json_object_set_new(value, "wall_seconds", json_real(seconds(run->took)));
	json_object_set_new(value, "kernel_seconds", json_real(run->kernel_seconds));
	json_object_set_new(value, "complete", json_boolean(complete));
	json_object_set_new(value, "signal", run->signal ? json_integer(run->signal) : json_null());
	set_results(value, run);
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

	run->kept = results_kept(value);
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

char *results_make_folder(struct run *run)
{
	const char *asked = run->options->artifacts ? run->options->artifacts : default_artifacts;
	char resolved[PATH_MAX];

	if (!make_path(asked) || !realpath(asked, resolved))
		return cannot_write(asked);
	free(run->artifacts);
	run->artifacts = format("%s", resolved);
	return check_old_results(run->artifacts);
}

char *results_claim_folder(struct run *run)
{
	/* Each stage has the same entry, so two of them have two folders. */
	int how = run->options->staging ? LOCK_EX | LOCK_NB : LOCK_SH;

	run->lock = open_folder(run->artifacts);
	if (run->lock < 0 || flock(run->lock, how) < 0) {
		run->taken = errno == EWOULDBLOCK;
		return run->taken ? format("%s is another run's, which goes on: choose another "
					   "folder with --artifacts",
					   run->artifacts)
				  : format("cannot lock %s: %s", run->artifacts, strerror(errno));
	}
	run->started = time(NULL);
	run->build = guest_is_around() ? NULL : sum_of_file("/proc/self/exe");
	run->earlier = results_of_earlier_runs(run->artifacts);
	if (results_store(run, false))
		return NULL;
	char *problem = run->fatal;
	run->fatal = NULL;
	return problem;
}
