/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_case: one case in report.html: what it came to in each run and family, what was expected
 * and observed, its ladder as a picture, and where its files lie.
 */
#include "captures/draw/draw.h"
#include "runner/pages/page.h"
#include "runner/pages/report.h"

#include <string.h>

/* Pictures are left out, and linked, when the page would get too big for a phone. */
enum { MOST_BYTES = 4000000, MOST_OF_A_PICTURE = 120000 };

/* All but its first line, which names the family. */
static const char *body_of(const char *ladder)
{
	return ladder ? ladder + strcspn(ladder, "\n") : "";
}

static bool went_alike(const struct report_entry *a, const struct report_entry *b)
{
	return a->of == b->of && !report_is_bad(a) && strcmp(a->status, b->status) == 0 &&
	       !a->old &&
	       strcmp(member_or_empty(a->result, "started"),
		      member_or_empty(b->result, "started")) == 0 &&
	       a->ladder && b->ladder &&
	       strcmp(member_or_empty(a->result, "variant"),
		      member_or_empty(b->result, "variant")) == 0 &&
	       strcmp(body_of(a->ladder), body_of(b->ladder)) == 0;
}

/* What is read most; the rest lies beside it. */
static void write_files(xml page, const struct report_entry *entry)
{
	static const char *const files[] = { "case.pcapng",   "ladder.txt",       "ladder.svg",
					     "journal.jsonl", "journal.jsonl.gz", "replay.sh",
					     "env.txt",       "storm.txt",        "storm.json",
					     "round.pcap" };

	xml_open(page, "p");
	xml_attribute(page, "class", "links");
	xml_element_of(page, "span", "faint", entry->family);
	page_link_file(page, entry->link, "all files");
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		autofree char *path = format("%s/%s", entry->folder, files[i]);
		autofree char *href = format("%s/%s", entry->link, files[i]);

		if (access(path, F_OK) == 0)
			page_link_file(page, href, files[i]);
	}
	xml_close(page);
}

/* A storm has no ladder: its books. False: it is none. */
static bool write_storm(xml page, const struct report_entry *entry)
{
	autofree char *path = format("%s/storm.txt", entry->folder), *why = NULL;
	autofree char *text = text_load(path, &why);

	if (!text)
		return false;
	page_scrolled(page, "pre", entry->name);
	xml_text(page, text);
	xml_close(page);
	return true;
}

/* The picture, or a line that says why there is none. */
static void write_picture(xml page, const struct writing *writing, const struct report_entry *entry)
{
	autofree char *path = format("%s/journal.jsonl", entry->folder);
	autofree char *label = format("Ladder of %s, %s", entry->name, entry->family);
	char *why = NULL;
	struct journal *journal =
		journal_exists(entry->folder) ? journal_salvage(path, &why) : NULL;

	if (!journal && !why && write_storm(page, entry))
		return;
	if (!journal && !why) {
		xml_element_of(page, "p", "faint", "Its ladder was not kept.");
		return;
	}
	if (why)
		xml_element_of(page, "p", "bad", why);
	free(why);
	if (!journal)
		return;
	struct story *story = story_of(journal);
	autofree char *svg = ladder_svg_part(story);
	size_t size = strlen(svg);
	if (size > MOST_OF_A_PICTURE || *writing->bytes + size > MOST_BYTES) {
		xml_element_of(page, "p", "faint",
			       "Its picture is too big for this page: see ladder.svg.");
	} else {
		*writing->bytes += size;
		page_scrolled(page, "div", label);
		xml_attribute(page, "class", "scroll picture");
		xml_raw(page, svg);
		xml_close(page);
		xml_line(page);
	}
	story_free(story);
	journal_free(journal);
}

static void write_folded(xml page, const char *title, const char *text)
{
	xml_open(page, "details");
	xml_element(page, "summary", title);
	page_scrolled(page, "pre", title);
	xml_text(page, text);
	xml_close(page);
	xml_close(page);
}

static void write_counters(xml page, const struct report_entry *entry)
{
	autofree char *path = format("%s/counters.txt", entry->folder);
	autofree char *why = NULL;
	autofree char *text = text_load(path, &why);

	if (text)
		write_folded(page, "Counters", text);
}

/* Where it was played, but for what the run says of all of its cases. */
static void write_environment(xml page, const struct report_entry *entry)
{
	struct text own = { 0 };
	size_t index;
	json_t *line;

	json_array_foreach (entry->environment, index, line)
		if (!json_has(entry->of->environment, line))
			text_add(&own, "%s\n", json_string_value(line));
	autofree char *text = text_take(&own);
	if (*text)
		write_folded(page, "Environment", text);
}

/* The report of a failure; the line with the first difference is marked. */
static void write_report(xml page, const char *text)
{
	page_scrolled(page, "pre", "Expected and observed");
	xml_attribute(page, "class", "report");
	while (*text) {
		int length = (int)strcspn(text, "\n");
		autofree char *line = format("%.*s", length, text);

		xml_element(page, strncmp(line, "-->", 3) == 0 ? "mark" : "span",
			    *line ? line : " ");
		text += length + (text[length] == '\n');
	}
	xml_close(page);
	xml_line(page);
}

static void write_trouble(xml page, const struct report_entry *entry)
{
	autofree char *path = format("%s/verdict.json", entry->folder);
	json_auto_t *verdict = json_load(path, NULL);
	const char *reason = member_or_empty(entry->result, "reason");

	if (*reason)
		xml_element_of(page, "p", report_is_bad(entry) ? "bad" : "faint", reason);
	if (*member_or_empty(verdict, "report"))
		write_report(page, member_or_empty(verdict, "report"));
}

/* Of an entry that is not of the run itself: when it was played; of an old one on what, too. */
static char *origin_of(const struct report_entry *entry)
{
	const char *started = member_or_empty(entry->result, "started");

	if (entry->old)
		return format(" (%s on Linux %s, halfopen build %.12s, in the run of %s)",
			      member_or_empty(entry->result, "status"),
			      member_or_empty(entry->result, "kernel"),
			      member_or_empty(entry->result, "build"), started);
	if (json_is_true(json_object_get(entry->result, "kept")))
		return format(" (in the run of %s)", started);
	return format("%s", "");
}

/* Entries of one run that went alike, @alike of them. */
static void write_block(xml page, const struct writing *writing, const struct report_entry *entry,
			size_t alike)
{
	autofree char *run = report_run_name(writing->report, entry->of);
	const char *variant = member_or_empty(entry->result, "variant");
	struct text families = { 0 };

	for (size_t i = 0; i < alike; i++)
		text_add(&families, "%s%s", i ? " and " : "", entry[i].family);
	autofree char *title = text_take(&families);
	autofree char *origin = origin_of(entry);
	autofree char *words =
		format("%s%s%s: %s%s%s%s", title, writing->report->run_count > 1 ? ", " : "",
		       writing->report->run_count > 1 ? run : "", entry->status,
		       *variant ? ", " : "", variant, origin);
	xml_element(page, "h4", words);
	write_trouble(page, entry);
	for (size_t i = 0; i < alike; i++)
		write_files(page, &entry[i]);
	if (strcmp(entry->status, "skipped") == 0)
		return;
	write_picture(page, writing, entry);
	write_counters(page, entry);
	write_environment(page, entry);
}

static void write_claims_of(xml page, const struct report_entry *entry)
{
	const json_t *claims = json_object_get(entry->result, "claims");
	size_t index;
	json_t *claim;

	if (json_array_size(claims) == 0)
		return;
	xml_open(page, "p");
	xml_text(page, "Answers");
	json_array_foreach (claims, index, claim) {
		const char *id = json_string_value(claim);
		autofree char *row = format("claim-%s", id ? id : "");

		xml_text(page, index ? ", " : " ");
		page_link_part(page, row, id ? id : "?");
	}
	xml_text(page, ".");
	xml_close(page);
}

static void write_behaviours_of(xml page, const struct report_entry *entry)
{
	const json_t *covers = json_object_get(entry->result, "covers");
	size_t index;
	json_t *id;

	if (json_array_size(covers) == 0)
		return;
	xml_open(page, "p");
	xml_text(page, "Covers");
	json_array_foreach (covers, index, id) {
		xml_text(page, index ? ", " : " ");
		xml_text(page, json_is_string(id) ? json_string_value(id) : "?");
	}
	xml_text(page, ".");
	xml_close(page);
}

/* The worst of all, and what each is, for the filter. */
static char *statuses_of(const struct report_entry *entries, size_t count, const char **worst)
{
	struct text words = { 0 };

	*worst = entries->status;
	for (size_t i = 0; i < count; i++) {
		text_add(&words, "%s%s", i ? "," : "", entries[i].status);
		if (report_is_bad(&entries[i]) || strcmp(*worst, "skipped") == 0 ||
		    strcmp(*worst, "old") == 0)
			*worst = entries[i].status;
	}
	return text_take(&words);
}

static void write_summary(xml page, const struct report_entry *entries, size_t count,
			  const char *worst)
{
	double kernel_seconds = 0;
	size_t alike = 1;

	for (size_t i = 0; i < count; i++)
		if (member_number(entries[i].result, "kernel_seconds") > kernel_seconds)
			kernel_seconds = member_number(entries[i].result, "kernel_seconds");
	while (alike < count && strcmp(entries[alike].family, entries[0].family) != 0)
		alike++;
	autofree char *time = text_duration(kernel_seconds);
	autofree char *small = format("%s%s%s, %s", entries->family, alike > 1 ? ", " : "",
				      alike > 1 ? entries[1].family : "", time);
	xml_open(page, "summary");
	xml_open(page, "code");
	page_case_name(page, entries->name);
	xml_close(page);
	xml_element_of(page, "span", page_class(worst), worst);
	xml_element(page, "small", small);
	xml_close(page);
}

/* How many went as the @first did, itself included. */
static size_t alike_from(const struct report_entry *entries, size_t count, size_t first)
{
	size_t alike = 1;

	while (first + alike < count && went_alike(&entries[first], &entries[first + alike]))
		alike++;
	return alike;
}

/* What failed comes before what did not. */
void report_write_case(xml page, const struct writing *writing, const struct report_entry *entries,
		       size_t count)
{
	const char *worst;
	autofree char *statuses = statuses_of(entries, count, &worst);
	const struct listed_case *spec = catalogue_case(writing->report->catalogue, entries->name);
	autofree char *text = format(
		"%s %s %s %s", entries->name, member_or_empty(entries->result, "topic"),
		spec && spec->claims ? spec->claims : "", spec && spec->covers ? spec->covers : "");

	xml_open(page, "details");
	xml_attribute(page, "class", "case");
	xml_attribute(page, "id", entries->name);
	xml_attribute(page, "data-status", statuses);
	xml_attribute(page, "data-text", text);
	if (strcmp(page_class(worst), "bad") == 0)
		xml_attribute(page, "open", "open");
	write_summary(page, entries, count, worst);
	xml_open(page, "div");
	write_claims_of(page, entries);
	write_behaviours_of(page, entries);
	for (size_t i = 0; i < count; i += alike_from(entries, count, i))
		if (report_is_bad(&entries[i]))
			write_block(page, writing, &entries[i], alike_from(entries, count, i));
	for (size_t i = 0; i < count; i += alike_from(entries, count, i))
		if (!report_is_bad(&entries[i]))
			write_block(page, writing, &entries[i], alike_from(entries, count, i));
	xml_close(page);
	xml_close(page);
	xml_line(page);
}
