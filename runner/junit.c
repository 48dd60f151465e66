/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * junit: a run as CI servers read it, one <testsuite> per topic.
 */
#include "runner/parts.h"

#include <errno.h>
#include <libxml/xmlwriter.h>
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
	if (result->report) {
		autofree char *clean = text_clean(result->report);
		xmlTextWriterWriteString(writer, BAD_CAST clean);
	}
	xmlTextWriterEndElement(writer);
}

static void testcase(xmlTextWriterPtr writer, const struct run *run, const struct entry *entry)
{
	static const char *const names[] = {
		[FAILED] = "failure", [SKIPPED] = "skipped", [BROKEN] = "error"
	};
	enum ending ending = entry->result.ending;
	autofree char *time = format("%.3f", entry->result.seconds);
	autofree char *folder = entry_path(run, entry, "");

	xmlTextWriterStartElement(writer, BAD_CAST "testcase");
	attribute(writer, "classname", entry->spec->topic);
	attribute(writer, "name", entry->folder);
	attribute(writer, "time", time);
	if (ending != PASSED)
		outcome(writer, names[ending], &entry->result);
	text_element(writer, "system-out", folder);
	xmlTextWriterEndElement(writer);
}

struct sums {
	size_t count[BROKEN + 1], tests;
	double seconds;
};

static void sum(struct sums *sums, const struct entry *entry)
{
	sums->tests++;
	sums->count[entry->result.ending]++;
	sums->seconds += entry->result.seconds;
}

static void put_sums(xmlTextWriterPtr writer, const struct sums *sums)
{
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "tests", "%zu", sums->tests);
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "failures", "%zu", sums->count[FAILED]);
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "errors", "%zu", sums->count[BROKEN]);
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "skipped", "%zu", sums->count[SKIPPED]);
	xmlTextWriterWriteFormatAttribute(writer, BAD_CAST "time", "%.3f", sums->seconds);
}

static bool in_suite(const struct entry *entry, const char *topic)
{
	return entry->state == ENDED && strcmp(entry->spec->topic, topic) == 0;
}

static void testsuite(xmlTextWriterPtr writer, const struct run *run, const char *topic)
{
	const struct plan *plan = &run->plan;
	struct sums sums = { 0 };
	for (size_t i = 0; i < plan->count; i++)
		if (in_suite(&plan->entries[i], topic))
			sum(&sums, &plan->entries[i]);

	xmlTextWriterStartElement(writer, BAD_CAST "testsuite");
	attribute(writer, "name", topic);
	put_sums(writer, &sums);
	for (size_t i = 0; i < plan->count; i++)
		if (in_suite(&plan->entries[i], topic))
			testcase(writer, run, &plan->entries[i]);
	xmlTextWriterEndElement(writer);
}

static bool topic_is_new(const struct plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (in_suite(&plan->entries[i], plan->entries[index].spec->topic))
			return false;
	return plan->entries[index].state == ENDED;
}

static void document(xmlTextWriterPtr writer, const struct run *run)
{
	const struct plan *plan = &run->plan;
	struct sums sums = { 0 };
	for (size_t i = 0; i < plan->count; i++)
		if (plan->entries[i].state == ENDED)
			sum(&sums, &plan->entries[i]);

	xmlTextWriterSetIndent(writer, 1);
	xmlTextWriterStartDocument(writer, NULL, "UTF-8", NULL);
	xmlTextWriterStartElement(writer, BAD_CAST "testsuites");
	attribute(writer, "name", "halfopen");
	put_sums(writer, &sums);
	for (size_t i = 0; i < plan->count; i++)
		if (topic_is_new(plan, i))
			testsuite(writer, run, plan->entries[i].spec->topic);
	xmlTextWriterEndDocument(writer);
}

char *junit_write(const struct run *run, const char *path)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	xmlTextWriterPtr writer = xmlNewTextWriterMemory(buffer, 0);
	document(writer, run);
	xmlFreeTextWriter(writer);

	char *problem = NULL;
	if (!text_store((const char *)xmlBufferContent(buffer), path))
		problem = format("cannot write %s: %s; choose another file with --junit", path,
				 strerror(errno));
	xmlBufferFree(buffer);
	return problem;
}
