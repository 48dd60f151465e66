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

/* Pictures are left out, and linked, when the page would get too big for a phone. */
enum { MOST_BYTES = 2600000, MOST_OF_A_PICTURE = 120000 };

/* A case's name may break behind each "_". */
static void write_name(xml page, const char *name)
{
	while (*name) {
		size_t length = strcspn(name, "_");
		autofree char *part = format("%.*s", (int)length + (name[length] == '_'), name);

		xml_text(page, part);
		if (name[length] == '_') {
			xml_open(page, "wbr");
			xml_close_empty(page);
		}
		name += strlen(part);
	}
}

static void write_link_to_case(xml page, const char *name)
{
	autofree char *href = format("#%s", name);

	xml_open(page, "a");
	xml_attribute(page, "href", href);
	write_name(page, name);
	xml_close(page);
}

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

static char *name_of_run(const struct report *report, const struct told_run *told)
{
	const char *kernel = member_or_empty(told->run, "kernel");

	if (report->run_count == 1 || strcmp(told->link, ".") == 0)
		return format("Linux %s", *kernel ? kernel : "?");
	return format("Linux %s (%s)", *kernel ? kernel : "?",
		      strncmp(told->link, "./", 2) == 0 ? told->link + 2 : told->link);
}

static void write_run(xml page, const struct report *report, const struct told_run *told)
{
	const json_t *run = told->run;
	autofree char *name = name_of_run(report, told);
	autofree char *kernel_time = text_duration(member_number(run, "kernel_seconds"));
	autofree char *wall = text_duration(member_number(run, "wall_seconds"));
	autofree char *where = format("%s clock, lane %s, wire %s", member_or_empty(run, "clock"),
				      member_or_empty(run, "lane"),
				      *member_or_empty(run, "wire") ? member_or_empty(run, "wire")
								    : "without netem");
	autofree char *when =
		format("%s, %s of kernel time in %s, halfopen %s", member_or_empty(run, "started"),
		       kernel_time, wall, member_or_empty(run, "halfopen"));

	xml_open(page, "li");
	xml_element(page, "h2", name);
	write_totals(page, run);
	if (*member_or_empty(run, "started")) {
		xml_element(page, "p", where);
		xml_element(page, "p", when);
	}
	if (told->problem)
		xml_element_of(page, "p", "bad", told->problem);
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

/* ---- filters ------------------------------------------------------------------------------- */

struct choice {
	const char *name, *first;
	const char *(*word)(int number); /* from 0 on; behind the last one NULL */
};

static void write_choice(xml page, const struct choice *choice)
{
	xml_open(page, "select");
	xml_attribute(page, "name", choice->name);
	xml_attribute(page, "aria-label", choice->first);
	xml_open(page, "option");
	xml_attribute(page, "value", "");
	xml_text(page, choice->first);
	xml_close(page);
	for (int i = 0; choice->word(i); i++)
		xml_element(page, "option", choice->word(i));
	xml_close(page);
}

/* Left open. Without a script it is not there. */
static void open_filter(xml page, const char *rows, const char *label)
{
	xml_open(page, "form");
	xml_attribute(page, "data-rows", rows);
	xml_attribute(page, "role", "search");
	xml_attribute(page, "hidden", "hidden");
	xml_open(page, "input");
	xml_attribute(page, "type", "search");
	xml_attribute(page, "name", "words");
	xml_attribute(page, "placeholder", label);
	xml_attribute(page, "aria-label", label);
	xml_close_empty(page);
}

static void write_output(xml page)
{
	xml_open(page, "output");
	xml_close(page);
}

/* ---- claims -------------------------------------------------------------------------------- */

static const char *status_of(const struct report *report, const struct told_run *told,
			     const struct claim *claim)
{
	struct evidence evidence = claim_evidence(report->catalogue, told->run, claim->id);

	json_decref(evidence.variants);
	return claim_status_name(evidence_status(&evidence));
}

static void write_status(xml page, const char *word)
{
	xml_open(page, "td");
	xml_element_of(page, "span", page_class(word), word);
	xml_close(page);
}

static void list_cases(xml page, const struct report *report, const json_t *cases)
{
	size_t index;
	json_t *name;

	xml_open(page, "ul");
	json_array_foreach (cases, index, name) {
		xml_open(page, "li");
		if (report_has_case(report, json_string_value(name)))
			write_link_to_case(page, json_string_value(name));
		else
			write_name(page, json_string_value(name));
		xml_close(page);
	}
	xml_close(page);
}

/* A long list is folded away. */
static void write_cases_of(xml page, const struct report *report, const struct claim *claim)
{
	json_auto_t *cases = cases_of_claim(report->catalogue, claim->id);
	size_t count = json_array_size(cases);
	autofree char *words = format("%zu cases", count);

	xml_open(page, "td");
	if (count > 3) {
		xml_open(page, "details");
		xml_element(page, "summary", words);
	}
	if (count > 0)
		list_cases(page, report, cases);
	if (count > 3)
		xml_close(page);
	xml_close(page);
}

static void write_claim(xml page, const struct report *report, const struct claim *claim)
{
	const char *verdict = claim_verdict_name(claim->verdict);
	autofree char *id = format("claim-%s", claim->id);
	autofree char *finding = format("Linux: %s", claim->finding ? claim->finding : "");
	struct text all = { 0 };

	for (size_t i = 0; i < report->run_count; i++)
		text_add(&all, "%s%s", i ? "," : "", status_of(report, &report->runs[i], claim));
	autofree char *statuses = text_take(&all);

	xml_open(page, "tr");
	xml_attribute(page, "id", id);
	xml_attribute(page, "data-verdict", verdict);
	xml_attribute(page, "data-status", statuses);
	page_heading(page, "row");
	xml_element(page, "b", claim->id);
	xml_text(page, " ");
	xml_text(page, claim->text);
	if (claim->finding)
		xml_element(page, "small", finding);
	xml_close(page);
	xml_open(page, "td");
	xml_element_of(page, "span", page_class(verdict), verdict);
	xml_close(page);
	for (size_t i = 0; i < report->run_count; i++)
		write_status(page, status_of(report, &report->runs[i], claim));
	write_cases_of(page, report, claim);
	xml_close(page);
	xml_line(page);
}

static void write_claim_heads(xml page, const struct report *report)
{
	xml_open(page, "thead");
	xml_open(page, "tr");
	page_heading(page, "col");
	xml_text(page, "claim");
	xml_close(page);
	page_heading(page, "col");
	xml_text(page, "verdict");
	xml_close(page);
	for (size_t i = 0; i < report->run_count; i++) {
		autofree char *name = name_of_run(report, &report->runs[i]);

		page_heading(page, "col");
		xml_text(page, name);
		xml_close(page);
	}
	page_heading(page, "col");
	xml_text(page, "cases");
	xml_close(page);
	xml_close(page);
	xml_close(page);
}

static const char *verdict_word(int number)
{
	return number <= ARGUED ? claim_verdict_name((enum claim_verdict)number) : NULL;
}

static const char *status_word(int number)
{
	return number <= CLAIM_NOT_RUN ? claim_status_name((enum claim_status)number) : NULL;
}

static void write_claims(xml page, const struct report *report)
{
	static const struct choice by_verdict = { "verdict", "any verdict", verdict_word };
	static const struct choice by_status = { "status", "any status", status_word };
	const struct catalogue *catalogue = report->catalogue;

	xml_element(page, "h2", "Claims");
	open_filter(page, ".claims tbody tr", "Find a claim");
	write_choice(page, &by_verdict);
	write_choice(page, &by_status);
	write_output(page);
	xml_close(page);
	xml_open(page, "div");
	xml_attribute(page, "class", "claims");
	xml_open(page, "table");
	write_claim_heads(page, report);
	xml_open(page, "tbody");
	for (size_t i = 0; i < catalogue->claim_count; i++)
		write_claim(page, report, &catalogue->claims[i]);
	xml_close(page);
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

/* ---- one case ------------------------------------------------------------------------------ */

static bool is_bad(const struct told *told)
{
	return strcmp(page_class(told->status), "bad") == 0;
}

struct writing {
	const struct report *report;
	size_t *bytes; /* of pictures so far */
};

/* All but its first line, which names the family. */
static const char *body_of(const char *ladder)
{
	return ladder ? ladder + strcspn(ladder, "\n") : "";
}

static bool went_alike(const struct told *a, const struct told *b)
{
	return a->of == b->of && !is_bad(a) && strcmp(a->status, b->status) == 0 && a->ladder &&
	       b->ladder &&
	       strcmp(member_or_empty(a->result, "variant"),
		      member_or_empty(b->result, "variant")) == 0 &&
	       strcmp(body_of(a->ladder), body_of(b->ladder)) == 0;
}

static void write_files(xml page, const struct told *told)
{
	static const char *const files[] = {
		"case.pcapng",  "client.pcap", "server.pcap",   "ladder.txt",
		"ladder.svg",   "ladder.mmd",  "journal.jsonl", "journal.jsonl.gz",
		"counters.txt", "env.txt",     "replay.sh",     "verdict.json",
	};

	xml_open(page, "p");
	xml_attribute(page, "class", "links");
	xml_element_of(page, "span", "faint", told->family);
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		autofree char *path = format("%s/%s", told->folder, files[i]);
		autofree char *href = format("%s/%s", told->link, files[i]);

		if (access(path, F_OK) == 0)
			page_link_file(page, href, files[i]);
	}
	xml_close(page);
}

/* The picture, or a line that says why there is none. */
static void write_picture(xml page, const struct writing *writing, const struct told *told)
{
	autofree char *path = format("%s/journal.jsonl", told->folder);
	autofree char *label = format("Ladder of %s, %s", told->name, told->family);
	char *why = NULL;
	struct journal *journal = journal_exists(told->folder) ? journal_salvage(path, &why) : NULL;

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

/* A text file of the case, folded away. */
static void write_file(xml page, const struct told *told, const char *name, const char *title)
{
	autofree char *path = format("%s/%s", told->folder, name);
	autofree char *why = NULL;
	autofree char *text = text_load(path, &why);

	if (!text)
		return;
	xml_open(page, "details");
	xml_element(page, "summary", title);
	page_scrolled(page, "pre", title);
	xml_text(page, text);
	xml_close(page);
	xml_close(page);
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

static void write_trouble(xml page, const struct told *told)
{
	autofree char *path = format("%s/verdict.json", told->folder);
	json_auto_t *verdict = json_load(path, NULL);
	const char *reason = member_or_empty(told->result, "reason");

	if (*reason)
		xml_element_of(page, "p", is_bad(told) ? "bad" : "faint", reason);
	if (*member_or_empty(verdict, "report"))
		write_report(page, member_or_empty(verdict, "report"));
}

static void write_block(xml page, const struct writing *writing, const struct told *told,
			size_t alike)
{
	autofree char *run = name_of_run(writing->report, told->of);
	const char *variant = member_or_empty(told->result, "variant");
	struct text families = { 0 };

	for (size_t i = 0; i < alike; i++)
		text_add(&families, "%s%s", i ? " and " : "", told[i].family);
	autofree char *title = text_take(&families);
	autofree char *words =
		format("%s%s%s: %s%s%s", title, writing->report->run_count > 1 ? ", " : "",
		       writing->report->run_count > 1 ? run : "", told->status,
		       *variant ? ", " : "", variant);
	xml_element(page, "h4", words);
	write_trouble(page, told);
	for (size_t i = 0; i < alike; i++)
		write_files(page, &told[i]);
	if (strcmp(told->status, "skipped") == 0)
		return;
	write_picture(page, writing, told);
	write_file(page, told, "counters.txt", "Counters");
	write_file(page, told, "env.txt", "Environment");
}

static void write_claims_of(xml page, const struct told *told)
{
	const json_t *claims = json_object_get(told->result, "claims");
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

/* The worst of all, and what each is, for the filter. */
static char *statuses_of(const struct told *told, size_t count, const char **worst)
{
	struct text words = { 0 };

	*worst = told->status;
	for (size_t i = 0; i < count; i++) {
		text_add(&words, "%s%s", i ? "," : "", told[i].status);
		if (is_bad(&told[i]) || strcmp(*worst, "skipped") == 0)
			*worst = told[i].status;
	}
	return text_take(&words);
}

static void write_summary(xml page, const struct told *told, size_t count, const char *worst)
{
	double kernel_seconds = 0;
	size_t alike = 1;

	for (size_t i = 0; i < count; i++)
		if (member_number(told[i].result, "kernel_seconds") > kernel_seconds)
			kernel_seconds = member_number(told[i].result, "kernel_seconds");
	while (alike < count && strcmp(told[alike].family, told[0].family) != 0)
		alike++;
	autofree char *time = text_duration(kernel_seconds);
	autofree char *small = format("%s%s%s, %s", told->family, alike > 1 ? ", " : "",
				      alike > 1 ? told[1].family : "", time);
	xml_open(page, "summary");
	xml_open(page, "code");
	write_name(page, told->name);
	xml_close(page);
	xml_element_of(page, "span", page_class(worst), worst);
	xml_element(page, "small", small);
	xml_close(page);
}

/* How many went as the @first did, itself included. */
static size_t alike_from(const struct told *told, size_t count, size_t first)
{
	size_t alike = 1;

	while (first + alike < count && went_alike(&told[first], &told[first + alike]))
		alike++;
	return alike;
}

/* What failed comes before what did not. */
static void write_case(xml page, const struct writing *writing, const struct told *told,
		       size_t count)
{
	const char *worst;
	autofree char *statuses = statuses_of(told, count, &worst);
	const struct listed_case *spec = catalogue_case(writing->report->catalogue, told->name);
	autofree char *text = format("%s %s %s", told->name, member_or_empty(told->result, "topic"),
				     spec && spec->claims ? spec->claims : "");

	xml_open(page, "details");
	xml_attribute(page, "class", "case");
	xml_attribute(page, "id", told->name);
	xml_attribute(page, "data-status", statuses);
	xml_attribute(page, "data-text", text);
	if (strcmp(page_class(worst), "bad") == 0)
		xml_attribute(page, "open", "open");
	write_summary(page, told, count, worst);
	xml_open(page, "div");
	write_claims_of(page, told);
	for (size_t i = 0; i < count; i += alike_from(told, count, i))
		if (is_bad(&told[i]))
			write_block(page, writing, &told[i], alike_from(told, count, i));
	for (size_t i = 0; i < count; i += alike_from(told, count, i))
		if (!is_bad(&told[i]))
			write_block(page, writing, &told[i], alike_from(told, count, i));
	xml_close(page);
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
		if (is_bad(&report->entries[first + i]))
			return true;
	return false;
}

static void write_failures(xml page, const struct writing *writing)
{
	const struct report *report = writing->report;
	bool any = false;

	for (size_t i = 0; i < report->entry_count; i += entries_of_case(report, i)) {
		if (!case_is_bad(report, i))
			continue;
		if (!any)
			xml_element(page, "h2", "What failed");
		any = true;
		write_case(page, writing, &report->entries[i], entries_of_case(report, i));
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
			write_case(page, writing, &report->entries[i], entries_of_case(report, i));
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
	return number <= BROKEN ? ending_name((enum ending)number) : NULL;
}

static void write_cases(xml page, const struct writing *writing)
{
	static const struct choice by_status = { "status", "any result", ending_word };
	const struct report *report = writing->report;

	xml_element(page, "h2", "Cases");
	open_filter(page, ".case", "Find a case");
	write_choice(page, &by_status);
	xml_open(page, "button");
	xml_attribute(page, "type", "button");
	xml_text(page, "open or close all");
	xml_close(page);
	write_output(page);
	xml_close(page);
	xml_line(page);
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
	write_claims(page, report);
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
