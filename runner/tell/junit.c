/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * junit: a run as CI servers read it, one <testsuite> for each case, as only that may have
 * properties. Nothing is written that the schema of Jenkins (junit-10) does not know; GitLab reads
 * less than that. tests/junit.rng has the rules.
 */
#include "runner/tell/tell.h"

#include "base/xml.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The reason, and of what group it is where others are alike. The caller frees it. */
static char *message_of(const struct groups *groups, const struct entry *entry)
{
	const struct group *group = group_of(groups, entry);
	autofree char *title = group && group->count > 1 ? group_title(group) : NULL;
	const char *reason = entry->result.reason ? entry->result.reason : "";

	return title ? format("%s (%s)", reason, title) : format("%s", reason);
}

/* <failure message="one line">the report</failure> */
static void outcome(xml out, const char *name, const char *message, const struct result *result)
{
	xml_open(out, name);
	xml_attribute(out, "message", message);
	xml_attribute(out, "type", name);
	if (result->report) {
		autofree char *text =
			format("%s\n%s", result->reason ? result->reason : "", result->report);

		xml_text(out, text);
	}
	xml_close_empty(out);
}

/* Entries that a run left out when it was ended are errors: part of a run never looks whole. */
static enum ending ending_of(const struct entry *entry)
{
	return entry->state == ENDED ? entry->result.ending : BROKEN;
}

static void unfinished(xml out, const struct run *run)
{
	autofree char *why = run->signal ? format("not run to its end: the run was ended by SIG%s",
						  sigabbrev_np(run->signal))
					 : format("not run: the run was ended: %s",
						  run->fatal ? run->fatal : "early");
	autofree char *line = text_first_line(why);
	struct result result = { .reason = line };

	outcome(out, "error", line, &result);
}

/* What a person who has only this file wants to see of a case: where it is, and its ladder. */
static char *output_of(const struct run *run, const struct entry *entry)
{
	const struct lane *lane = lane_of(run, entry);
	autofree char *folder = entry_path(run, entry, "");
	autofree char *path = entry_path(run, entry, "ladder.txt"), *why = NULL;
	autofree char *ladder = text_load(path, &why);

	return format("artifacts: %s\nkernel: %s, clock %s\nclaims: %s\nvariant: %s\n\n%s", folder,
		      lane->release ? lane->release : "?", lane->clock,
		      entry->spec->claims ? entry->spec->claims : "-",
		      entry->result.variant ? entry->result.variant : "-", ladder ? ladder : "");
}

static void testcase(xml out, const struct run *run, const struct groups *groups,
		     const struct entry *entry)
{
	static const char *const names[] = {
		[FAILED] = "failure", [SKIPPED] = "skipped", [BROKEN] = "error"
	};
	enum ending ending = ending_of(entry);
	autofree char *time = format("%.3f", entry->result.seconds);

	xml_open(out, "testcase");
	xml_attribute(out, "classname", entry->spec->topic);
	xml_attribute(out, "name", entry->folder);
	xml_attribute(out, "time", time);
	if (entry->state != ENDED) {
		unfinished(out, run);
	} else {
		autofree char *output = output_of(run, entry);
		autofree char *message = message_of(groups, entry);

		if (ending != PASSED)
			outcome(out, names[ending], message, &entry->result);
		xml_element(out, "system-out", output);
	}
	xml_close_empty(out);
}

/* ---- a case: its entries, of which a plan has several in a row or here and there ------------- */

struct sums {
	size_t count[BROKEN + 1], tests;
	double seconds;
};

static void sum(struct sums *sums, const struct entry *entry)
{
	sums->tests++;
	sums->count[ending_of(entry)]++;
	sums->seconds += entry->result.seconds;
}

static void put_sums(xml out, const struct sums *sums)
{
	xml_set(out, "tests", "%zu", sums->tests);
	xml_set(out, "failures", "%zu", sums->count[FAILED]);
	xml_set(out, "errors", "%zu", sums->count[BROKEN]);
	xml_set(out, "time", "%.3f", sums->seconds);
}

static void property(xml out, const char *name, const char *value)
{
	xml_open(out, "property");
	xml_attribute(out, "name", name);
	xml_attribute(out, "value", value);
	xml_close_empty(out);
}

/* What entries of one case may differ in. */
typedef const char *question(const struct run *run, const struct entry *entry);

static const char *kernel_of(const struct run *run, const struct entry *entry)
{
	return lane_of(run, entry)->release;
}

static const char *clock_of(const struct run *run, const struct entry *entry)
{
	return lane_of(run, entry)->clock;
}

static const char *variant_of(const struct run *run, const struct entry *entry)
{
	(void)run;
	return entry->result.variant;
}

/* A property for each answer of the entries of a case; most often that is one. */
static void ask(xml out, const struct run *run, const struct listed_case *spec, question *question,
		const char *name)
{
	const char *answers[16] = { NULL };
	size_t count = 0;

	for (size_t i = 0; i < run->plan.count && count < ARRAY_LENGTH(answers); i++) {
		const struct entry *entry = &run->plan.entries[i];
		const char *answer = entry->spec == spec ? question(run, entry) : NULL;
		bool known = !answer;

		for (size_t j = 0; j < count && !known; j++)
			known = strcmp(answers[j], answer) == 0;
		if (known)
			continue;
		property(out, name, answer);
		answers[count++] = answer;
	}
}

static void properties(xml out, const struct run *run, const struct listed_case *spec)
{
	xml_open(out, "properties");
	ask(out, run, spec, kernel_of, "kernel");
	ask(out, run, spec, clock_of, "clock");
	if (spec->claims && *spec->claims)
		property(out, "claims", spec->claims);
	if (spec->covers && *spec->covers)
		property(out, "covers", spec->covers);
	ask(out, run, spec, variant_of, "variant");
	xml_close_empty(out);
}

static void testsuite(xml out, const struct run *run, const struct groups *groups,
		      const struct listed_case *spec)
{
	const struct plan *plan = &run->plan;
	autofree char *started = text_date(run->started);
	struct sums sums = { 0 };

	for (size_t i = 0; i < plan->count; i++)
		if (plan->entries[i].spec == spec)
			sum(&sums, &plan->entries[i]);
	xml_open(out, "testsuite");
	xml_attribute(out, "name", spec->name);
	xml_attribute(out, "package", spec->topic);
	xml_attribute(out, "timestamp", started);
	if (spec->file)
		xml_attribute(out, "file", spec->file);
	put_sums(out, &sums);
	xml_set(out, "skipped", "%zu", sums.count[SKIPPED]);
	properties(out, run, spec);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->entries[i].spec == spec)
			testcase(out, run, groups, &plan->entries[i]);
	xml_close_empty(out);
}

static bool case_is_new(const struct plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (plan->entries[i].spec == plan->entries[index].spec)
			return false;
	return true;
}

static void document(xml out, const void *context)
{
	const struct run *run = context;
	const struct plan *plan = &run->plan;
	struct groups groups = groups_make(run);
	struct sums sums = { 0 };

	for (size_t i = 0; i < plan->count; i++)
		sum(&sums, &plan->entries[i]);
	xmlTextWriterSetIndent(out, 1);
	xmlTextWriterStartDocument(out, NULL, "UTF-8", NULL);
	xml_open(out, "testsuites");
	xml_attribute(out, "name", "halfopen");
	put_sums(out, &sums);
	for (size_t i = 0; i < plan->count; i++)
		if (case_is_new(plan, i))
			testsuite(out, run, &groups, plan->entries[i].spec);
	xmlTextWriterEndDocument(out);
	groups_free(&groups);
}

static char *cannot_write_junit(const char *path)
{
	return format("cannot write %s: %s; choose another file with --junit", path,
		      strerror(errno));
}

/* whole_begin() makes PATH.new, which tells what there is to tell but for a path that is a folder.
 * A special file is left alone: to open a pipe may wait for its reader. */
char *junit_problem(const char *path)
{
	autofree char *fresh = format("%s.new", path);
	struct stat status;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		return cannot_write_junit(path);
	}
	if (is_special_file(path))
		return access(path, W_OK) == 0 ? NULL : cannot_write_junit(path);
	FILE *file = whole_begin(path);
	if (!file)
		return cannot_write_junit(path);
	fclose(file);
	unlink(fresh);
	return NULL;
}

char *junit_write(const struct run *run, const char *path)
{
	autofree char *text = xml_in_memory(document, run);

	return whole_store(path, text, strlen(text)) ? NULL : cannot_write_junit(path);
}
