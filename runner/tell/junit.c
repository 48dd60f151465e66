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

static void attribute(xmlTextWriterPtr writer, const char *name, const char *value)
{
	autofree char *clean = text_clean(value);

	xmlTextWriterWriteAttribute(writer, BAD_CAST name, BAD_CAST clean);
}

static void text_element(xmlTextWriterPtr writer, const char *name, const char *text)
{
	autofree char *clean = text_clean(text);

	xmlTextWriterWriteElement(writer, BAD_CAST name, BAD_CAST clean);
}

/* <failure message="one line">the report</failure> */
static void outcome(xmlTextWriterPtr writer, const char *name, const struct result *result)
{
	xmlTextWriterStartElement(writer, BAD_CAST name);
	attribute(writer, "message", result->reason ? result->reason : "");
	attribute(writer, "type", name);
	if (result->report) {
		autofree char *text =
			format("%s\n%s", result->reason ? result->reason : "", result->report);
		autofree char *clean = text_clean(text);

		xmlTextWriterWriteString(writer, BAD_CAST clean);
	}
	xmlTextWriterEndElement(writer);
}

/* Entries that a run left out when it was ended are errors: part of a run never looks whole. */
static enum ending ending_of(const struct entry *entry)
{
	return entry->state == ENDED ? entry->result.ending : BROKEN;
}

static void unfinished(xmlTextWriterPtr writer, const struct run *run)
{
	autofree char *why = run->signal ? format("not run to its end: the run was ended by SIG%s",
						  sigabbrev_np(run->signal))
					 : format("not run: the run was ended: %s",
						  run->fatal ? run->fatal : "early");
	autofree char *line = text_first_line(why);
	struct result result = { .reason = line };

	outcome(writer, "error", &result);
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

static void testcase(xmlTextWriterPtr writer, const struct run *run, const struct entry *entry)
{
	static const char *const names[] = {
		[FAILED] = "failure", [SKIPPED] = "skipped", [BROKEN] = "error"
	};
	enum ending ending = ending_of(entry);
	autofree char *time = format("%.3f", entry->result.seconds);

	xmlTextWriterStartElement(writer, BAD_CAST "testcase");
	attribute(writer, "classname", entry->spec->topic);
	attribute(writer, "name", entry->folder);
	attribute(writer, "time", time);
	if (entry->state != ENDED) {
		unfinished(writer, run);
	} else {
		autofree char *output = output_of(run, entry);

		if (ending != PASSED)
			outcome(writer, names[ending], &entry->result);
		text_element(writer, "system-out", output);
	}
	xmlTextWriterEndElement(writer);
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

static void put_sums(xmlTextWriterPtr writer, const struct sums *sums)
{
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "tests", "%zu", sums->tests);
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "failures", "%zu", sums->count[FAILED]);
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "errors", "%zu", sums->count[BROKEN]);
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "time", "%.3f", sums->seconds);
}

static void property(xmlTextWriterPtr writer, const char *name, const char *value)
{
	xmlTextWriterStartElement(writer, BAD_CAST "property");
	attribute(writer, "name", name);
	attribute(writer, "value", value);
	xmlTextWriterEndElement(writer);
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
static void ask(xmlTextWriterPtr writer, const struct run *run, const struct listed_case *spec,
		question *question, const char *name)
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
		property(writer, name, answer);
		answers[count++] = answer;
	}
}

static void properties(xmlTextWriterPtr writer, const struct run *run,
		       const struct listed_case *spec)
{
	xmlTextWriterStartElement(writer, BAD_CAST "properties");
	ask(writer, run, spec, kernel_of, "kernel");
	ask(writer, run, spec, clock_of, "clock");
	if (spec->claims && *spec->claims)
		property(writer, "claims", spec->claims);
	ask(writer, run, spec, variant_of, "variant");
	xmlTextWriterEndElement(writer);
}

static void testsuite(xmlTextWriterPtr writer, const struct run *run,
		      const struct listed_case *spec)
{
	const struct plan *plan = &run->plan;
	autofree char *started = text_date(run->started);
	struct sums sums = { 0 };

	for (size_t i = 0; i < plan->count; i++)
		if (plan->entries[i].spec == spec)
			sum(&sums, &plan->entries[i]);
	xmlTextWriterStartElement(writer, BAD_CAST "testsuite");
	attribute(writer, "name", spec->name);
	attribute(writer, "package", spec->topic);
	attribute(writer, "timestamp", started);
	if (spec->file)
		attribute(writer, "file", spec->file);
	put_sums(writer, &sums);
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "skipped", "%zu", sums.count[SKIPPED]);
	properties(writer, run, spec);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->entries[i].spec == spec)
			testcase(writer, run, &plan->entries[i]);
	xmlTextWriterEndElement(writer);
}

static bool case_is_new(const struct plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (plan->entries[i].spec == plan->entries[index].spec)
			return false;
	return true;
}

static void document(xml writer, const void *context)
{
	const struct run *run = context;
	const struct plan *plan = &run->plan;
	struct sums sums = { 0 };

	for (size_t i = 0; i < plan->count; i++)
		sum(&sums, &plan->entries[i]);
	xmlTextWriterSetIndent(writer, 1);
	xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
	xmlTextWriterStartElement(writer, BAD_CAST "testsuites");
	attribute(writer, "name", "halfopen");
	put_sums(writer, &sums);
	for (size_t i = 0; i < plan->count; i++)
		if (case_is_new(plan, i))
			testsuite(writer, run, plan->entries[i].spec);
	xmlTextWriterEndDocument(writer);
}

char *junit_write(const struct run *run, const char *path)
{
	autofree char *text = xml_in_memory(document, run);

	if (whole_store(path, text, strlen(text)))
		return NULL;
	return format("cannot write %s: %s; choose another file with --junit", path,
		      strerror(errno));
}
