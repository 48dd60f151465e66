/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_html: report.html, one page that needs nothing else: the runs and their totals, what
 * failed, the claims, and each case with its ladder as a picture.
 */
#include "captures/draw/draw.h"
#include "runner/pages/page.h"
#include "runner/pages/report.css.h"
#include "runner/pages/report.h"
#include "runner/pages/report.js.h"

#include <string.h>

/* ---- the runs ------------------------------------------------------------------------------ */

static size_t count_of(const json_t *run, const char *status)
{
	size_t index, count = 0;
	json_t *result;

	json_array_foreach (json_object_get(run, "results"), index, result)
		count += strcmp(member_or_empty(result, "status"), status) == 0;
	return count;
}

static void write_totals(xml page, const json_t *run)
{
	static const struct {
		const char *status, *word;
	} totals[] = { { "passed", "passed" },
		       { "failed", "failed" },
		       { "skipped", "skipped" },
		       { "error", "errors" } };

	xml_open(page, "div");
	xml_attribute(page, "class", "totals");
	for (size_t i = 0; i < ARRAY_LENGTH(totals); i++) {
		size_t count = count_of(run, totals[i].status);
		autofree char *number = format("%zu", count);

		xml_open(page, "span");
		xml_attribute(page, "class", count ? page_class(totals[i].status) : "faint");
		xml_element(page, "b", number);
		xml_text(page, " ");
		xml_text(page, totals[i].word);
		xml_close(page);
	}
	xml_close(page);
}

/* What the env.txt of all cases have, folded away. */
static void write_environment(xml page, const json_t *environment)
{
	size_t index;
	json_t *line;

	if (json_array_size(environment) == 0)
		return;
	xml_open(page, "details");
	xml_element(page, "summary", "Environment of all cases");
	xml_open(page, "pre");
	json_array_foreach (environment, index, line) {
		xml_text(page, json_string_value(line));
		xml_text(page, "\n");
	}
	xml_close(page);
	xml_close(page);
}

static void write_run(xml page, const struct report *report, const struct report_run *run)
{
	const json_t *results = run->results;
	autofree char *name = report_run_name(report, run);
	autofree char *kernel_time = text_duration(member_number(results, "kernel_seconds"));
	autofree char *wall = text_duration(member_number(results, "wall_seconds"));
	autofree char *where =
		format("%s clock, lane %s, wire %s", member_or_empty(results, "clock"),
		       member_or_empty(results, "lane"),
		       *member_or_empty(results, "wire") ? member_or_empty(results, "wire")
							 : "without netem");
	autofree char *when = format("%s, %s of kernel time in %s, halfopen %s",
				     member_or_empty(results, "started"), kernel_time, wall,
				     member_or_empty(results, "halfopen"));

	autofree char *kept = kept_text(results_kept(results));

	xml_open(page, "li");
	xml_element(page, "h2", name);
	write_totals(page, results);
	if (*member_or_empty(results, "started")) {
		xml_element(page, "p", where);
		xml_element(page, "p", when);
	}
	if (kept)
		xml_element(page, "p", kept);
	write_environment(page, run->environment);
	if (run->problem)
		xml_element_of(page, "p", "bad", run->problem);
	xml_close(page);
}

static void write_runs(xml page, const struct report *report)
{
	xml_open(page, "ul");
	xml_attribute(page, "class", "runs");
	for (size_t i = 0; i < report->run_count; i++)
		write_run(page, report, &report->runs[i]);
	xml_close(page);
	xml_line(page);
}

static size_t entries_of_case(const struct report *report, size_t first)
{
	size_t count = 1;

	while (first + count < report->entry_count &&
	       strcmp(report->entries[first].name, report->entries[first + count].name) == 0)
		count++;
	return count;
}

static bool case_is_bad(const struct report *report, size_t first)
{
	for (size_t i = 0; i < entries_of_case(report, first); i++)
		if (report_is_bad(&report->entries[first + i]))
			return true;
	return false;
}

/* Of what kind a failure is (failure_kind()). */
static const char *kind_of(const struct report_entry *entry)
{
	const char *kind = member_or_empty(entry->result, "kind");

	return *kind ? kind : member_or_empty(entry->result, "reason");
}

/* Whether the entry failed, and in the same way as the @other one. */
static bool fails_like(const struct report_entry *entry, const struct report_entry *other)
{
	return report_is_bad(entry) && strcmp(kind_of(entry), kind_of(other)) == 0;
}

/* One kind of failure: how many, and a link to each case. */
static void write_kind(xml page, const struct report *report, size_t first)
{
	const struct report_entry *all = report->entries;
	const char *name = "";
	size_t count = 0;

	for (size_t i = first; i < report->entry_count; i++)
		count += fails_like(&all[i], &all[first]);
	autofree char *text = count > 1
				      ? format("%zu alike: %s ", count, kind_of(&all[first]))
				      : format("%s ", member_or_empty(all[first].result, "reason"));

	xml_element_of(page, "span", "bad", text);
	for (size_t i = first; i < report->entry_count; i++) {
		if (!fails_like(&all[i], &all[first]) || strcmp(name, all[i].name) == 0)
			continue;
		name = all[i].name;
		autofree char *link = format("#%s", name);

		xml_open(page, "a");
		xml_attribute(page, "href", link);
		xml_text(page, name);
		xml_close(page);
		xml_text(page, " ");
	}
}

/* What failed, by kinds. */
static void write_index(xml page, const struct report *report)
{
	xml_open(page, "ul");
	for (size_t i = 0; i < report->entry_count; i++) {
		bool is_new = report_is_bad(&report->entries[i]);

		for (size_t j = 0; j < i && is_new; j++)
			is_new = !fails_like(&report->entries[j], &report->entries[i]);
		if (!is_new)
			continue;
		xml_open(page, "li");
		write_kind(page, report, i);
		xml_close(page);
	}
	xml_close(page);
	xml_line(page);
}

static void write_failures(xml page, const struct writing *writing)
{
	const struct report *report = writing->report;
	bool any = false;

	for (size_t i = 0; i < report->entry_count; i += entries_of_case(report, i)) {
		if (!case_is_bad(report, i))
			continue;
		if (!any) {
			xml_element(page, "h2", "What failed");
			write_index(page, report);
		}
		any = true;
		report_write_case(page, writing, &report->entries[i], entries_of_case(report, i));
	}
}

static void write_topic(xml page, const struct writing *writing, const char *topic)
{
	const struct report *report = writing->report;

	xml_open(page, "section");
	xml_attribute(page, "class", "topic");
	xml_element(page, "h3", topic);
	for (size_t i = 0; i < report->entry_count; i += entries_of_case(report, i))
		if (strcmp(member_or_empty(report->entries[i].result, "topic"), topic) == 0 &&
		    !case_is_bad(report, i))
			report_write_case(page, writing, &report->entries[i],
					  entries_of_case(report, i));
	xml_close(page);
}

static bool topic_is_new(const struct report *report, size_t entry)
{
	for (size_t i = 0; i < entry; i++)
		if (strcmp(member_or_empty(report->entries[i].result, "topic"),
			   member_or_empty(report->entries[entry].result, "topic")) == 0)
			return false;
	return true;
}

static const char *ending_word(int number)
{
	if (number <= BROKEN)
		return ending_name((enum ending)number);
	return number == BROKEN + 1 ? "old" : NULL;
}

static void write_cases(xml page, const struct writing *writing)
{
	static const struct choice by_status = { "status", "any result", ending_word };
	const struct report *report = writing->report;

	xml_element(page, "h2", "Cases");
	page_open_filter(page, (struct filter){ ".case", "Find a case" });
	page_choice(page, &by_status);
	xml_open(page, "button");
	xml_attribute(page, "type", "button");
	xml_text(page, "open or close all");
	xml_close(page);
	page_close_filter(page);
	for (size_t i = 0; i < report->entry_count; i++)
		if (topic_is_new(report, i))
			write_topic(page, writing,
				    member_or_empty(report->entries[i].result, "topic"));
}

static void write_body(xml page, const void *context)
{
	const struct report *report = context;
	size_t bytes = 0;
	const struct writing writing = { report, &bytes };

	write_runs(page, report);
	write_failures(page, &writing);
	report_write_legend(page);
	report_write_claims(page, report);
	write_cases(page, &writing);
}

/* A page that is there must be one of ours: nothing else is ever replaced. */
static bool is_in_the_way(const char *path)
{
	autofile FILE *file = is_special_file(path) ? NULL : fopen(path, "re");
	char begin[2000] = "";

	if (!file)
		return false;
	begin[fread(begin, 1, sizeof(begin) - 1, file)] = '\0';
	return *begin && !strstr(begin, "content=\"halfopen ");
}

char *report_store(struct report *report)
{
	autofree char *ladders = ladder_style(), *both = format("%s%s\n", report_css, ladders);
	const struct page page = { .title = "halfopen report",
				   .style = both,
				   .script = report_js,
				   .write = write_body,
				   .context = report };

	if (is_in_the_way(report->path))
		return format("%s is not from halfopen and would be replaced; move it away",
			      report->path);
	report_add_entries(report);
	return page_store(&page, report->path);
}

char *report_of_run(const struct catalogue *catalogue, const char *artifacts)
{
	autofree char *path = format("%s/report.html", artifacts);
	struct report *report = report_new(catalogue, path);
	char *problem = NULL;

	if (!report)
		return cannot_write(path);
	if (report_add_run(report, artifacts))
		problem = report_store(report);
	report_free(report);
	return problem;
}
