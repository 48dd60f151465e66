/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tried: try.html, one page of what a trial has found with a server, made from try.json and the
 * pictures beside it. It needs no other file, so that it can be sent to somebody.
 */
#include "captures/draw/draw.h"
#include "runner/pages/page.h"
#include "runner/pages/report.css.h"
#include "runner/pages/tried.css.h"

#include <errno.h>
#include <string.h>

struct tried_page {
	const char *folder; /* of the artifacts */
	json_t *tried;      /* try.json */
};

/* ---- the trial as a whole ------------------------------------------------------------------- */

/* The command, as it may be typed again. The caller frees it. */
static char *command_text(const json_t *tried)
{
	const json_t *command = json_object_get(json_object_get(tried, "server"), "command");
	struct text text = { 0 };
	size_t index;
	json_t *word;

	json_array_foreach (command, index, word) {
		const char *plain = json_string_value(word) ? json_string_value(word) : "";
		bool quoted = !*plain || strpbrk(plain, " \t\n'\"$&|;<>()*?");

		text_add(&text, "%s%s%s%s", index ? " " : "", quoted ? "'" : "", plain,
			 quoted ? "'" : "");
	}
	return text_take(&text);
}

static void write_total(xml page, const json_t *tried, const char *key, const char *class,
			const char *word)
{
	int count = member_whole(tried, key, INT32_MAX);
	autofree char *number = format("%d", count);

	xml_open(page, "span");
	xml_attribute(page, "class", count ? class : "faint");
	xml_element(page, "b", number);
	xml_text(page, " ");
	xml_text(page, word);
	xml_close(page);
}

static void write_totals(xml page, const json_t *tried)
{
	xml_open(page, "div");
	xml_attribute(page, "class", "totals");
	write_total(page, tried, "findings", "bad",
		    member_whole(tried, "findings", INT32_MAX) == 1 ? "finding" : "findings");
	write_total(page, tried, "played", "good", "played");
	write_total(page, tried, "not_applicable", "faint", "did not apply");
	write_total(page, tried, "errors", "bad",
		    member_whole(tried, "errors", INT32_MAX) == 1 ? "error" : "errors");
	xml_close(page);
}

static void write_about(xml page, const json_t *tried)
{
	autofree char *command = command_text(tried);
	autofree char *took = text_duration(member_number(tried, "seconds"));
	autofree char *where =
		format("Linux %s, %s, in %s, halfopen %s", member_or_empty(tried, "kernel"),
		       member_or_empty(tried, "started"), took, member_or_empty(tried, "halfopen"));

	xml_open(page, "ul");
	xml_attribute(page, "class", "runs");
	xml_open(page, "li");
	xml_open(page, "h2");
	xml_element(page, "code", command);
	xml_close(page);
	write_totals(page, tried);
	xml_element(page, "p", where);
	if (!json_is_true(json_object_get(tried, "complete")))
		xml_element_of(page, "p", "bad",
			       "The trial did not finish: what is missing here was not played.");
	if (*member_or_empty(tried, "error"))
		xml_element_of(page, "p", "bad", member_or_empty(tried, "error"));
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

/* ---- what was found ------------------------------------------------------------------------- */

static const json_t *findings_of(const json_t *scenario)
{
	return json_object_get(scenario, "findings");
}

static bool has_finding(const json_t *scenario, const char *name)
{
	size_t index;
	json_t *finding;

	json_array_foreach (findings_of(scenario), index, finding)
		if (strcmp(member_or_empty(finding, "name"), name) == 0)
			return true;
	return false;
}

static bool is_first_with(const json_t *scenarios, size_t place, const char *name)
{
	for (size_t i = 0; i < place; i++)
		if (has_finding(json_array_get(scenarios, i), name))
			return false;
	return true;
}

/* Links to all scenarios that have it. */
static void write_places(xml page, const json_t *scenarios, const char *name)
{
	const char *last = "";
	size_t index;
	json_t *scenario;

	xml_open(page, "small");
	json_array_foreach (scenarios, index, scenario) {
		const char *family = member_or_empty(scenario, "family");

		if (!has_finding(scenario, name))
			continue;
		xml_text(page, *last ? ", " : "in ");
		last = member_or_empty(scenario, "scenario");
		autofree char *words = format("%s/%s", last, family);
		page_link_part(page, last, words);
	}
	xml_close(page);
}

static void write_ladder(xml page, const char *ladder)
{
	if (!ladder)
		return;
	page_scrolled(page, "pre", "what happened to the client that shows it");
	xml_text(page, ladder);
	xml_close(page);
}

static void write_finding(xml page, const json_t *scenarios, const json_t *finding)
{
	const char *name = member_or_empty(finding, "name");
	bool allowed = json_is_true(json_object_get(finding, "allowed"));

	xml_open(page, "article");
	xml_attribute(page, "class", "finding");
	xml_attribute(page, "id", name);
	xml_open(page, "h3");
	xml_element_of(page, "span", allowed ? "faint" : "bad", name);
	xml_text(page, allowed ? " (allowed) " : " ");
	write_places(page, scenarios, name);
	xml_close(page);
	xml_element(page, "p", member_or_empty(finding, "seen"));
	xml_element(page, "p", member_or_empty(finding, "consequence"));
	xml_open(page, "p");
	xml_element(page, "strong", "What mends it: ");
	xml_text(page, member_or_empty(finding, "mends"));
	xml_close(page);
	write_ladder(page, member_string(finding, "ladder"));
	autofree char *where = format("docs/%s explains it.", member_or_empty(finding, "page"));
	xml_element_of(page, "p", "faint", where);
	xml_close(page);
	xml_line(page);
}

static void write_findings(xml page, const json_t *scenarios)
{
	size_t index, place;
	json_t *scenario, *finding;
	bool some = false;

	json_array_foreach (scenarios, index, scenario)
		json_array_foreach (findings_of(scenario), place, finding) {
			if (!is_first_with(scenarios, index, member_or_empty(finding, "name")))
				continue;
			if (!some)
				xml_element(page, "h2", "What was found");
			some = true;
			write_finding(page, scenarios, finding);
		}
}

/* ---- facts ---------------------------------------------------------------------------------- */

static void write_fact(xml page, const json_t *fact)
{
	const char *unusual = member_string(fact, "unusual");

	xml_open(page, "tr");
	page_heading(page, "row");
	xml_text(page, member_or_empty(fact, "name"));
	xml_close(page);
	xml_open(page, "td");
	xml_text(page, member_or_empty(fact, "text"));
	if (unusual)
		xml_element_of(page, "p", "unusual", unusual);
	xml_close(page);
	xml_close(page);
}

/* As it is where nobody has asked for anything: folded away. */
static bool is_usual(const json_t *fact)
{
	return json_is_true(json_object_get(fact, "usual")) && !member_string(fact, "unusual");
}

static void write_table_of_facts(xml page, const json_t *facts, bool usual)
{
	struct documents groups = { .columns = 2 };
	size_t index;
	json_t *fact;

	xml_open(page, "table");
	xml_attribute(page, "class", "narrow facts");
	json_array_foreach (facts, index, fact) {
		const char *listener = member_string(fact, "listener");

		if (is_usual(fact) != usual)
			continue;
		page_enter_document(page, &groups, listener ? listener : "the process");
		write_fact(page, fact);
	}
	page_leave_documents(page, &groups);
	xml_close(page);
	xml_line(page);
}

static void write_facts(xml page, const json_t *facts)
{
	size_t index, usual = 0;
	json_t *fact;

	if (json_array_size(facts) == 0)
		return;
	xml_element(page, "h2", "The server and its listeners");
	write_table_of_facts(page, facts, false);
	json_array_foreach (facts, index, fact)
		usual += is_usual(fact);
	if (!usual)
		return;
	xml_open(page, "details");
	xml_element(page, "summary", "What is as usual");
	write_table_of_facts(page, facts, true);
	xml_close(page);
}

static void write_sysctls(xml page, const json_t *sysctls)
{
	size_t index;
	json_t *sysctl;

	xml_element(page, "h2", "Sysctls of its machine");
	if (json_array_size(sysctls) == 0) {
		xml_element(page, "p", "They are the kernel's defaults.");
		return;
	}
	xml_open(page, "table");
	xml_attribute(page, "class", "narrow facts");
	xml_open(page, "thead");
	xml_open(page, "tr");
	page_column(page, "sysctl");
	page_column(page, "value");
	page_column(page, "the kernel's default");
	xml_close(page);
	xml_close(page);
	xml_open(page, "tbody");
	json_array_foreach (sysctls, index, sysctl) {
		xml_open(page, "tr");
		page_heading(page, "row");
		xml_element(page, "code", member_or_empty(sysctl, "name"));
		xml_close(page);
		xml_element(page, "td", member_or_empty(sysctl, "value"));
		xml_element(page, "td", member_or_empty(sysctl, "default"));
		xml_close(page);
	}
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

/* ---- a scenario ----------------------------------------------------------------------------- */

/* "1.2 ms"; the caller frees it. */
static char *time_text(const json_t *outcome, const char *key)
{
	double seconds = member_number(outcome, key);
	bool waits = json_is_true(json_object_get(outcome, "waits"));

	if (seconds <= 0)
		return format("%s", "");
	if (seconds < 0.9995)
		return format("%s%.3g ms", waits ? "> " : "", seconds * 1e3);
	return format("%s%.1f s", waits ? "> " : "", seconds);
}

static void write_number(xml page, const char *text)
{
	xml_open(page, "td");
	xml_attribute(page, "class", "number");
	xml_text(page, text);
	xml_close(page);
}

static void write_count(xml page, const json_t *outcome, const char *key)
{
	int count = member_whole(outcome, key, INT32_MAX);
	autofree char *text = format("%d", count);

	write_number(page, count ? text : "");
}

static void write_outcome(xml page, const json_t *outcome)
{
	static const char *const times[] = { "shortest_seconds", "median_seconds",
					     "longest_seconds" };
	const char *role = member_or_empty(outcome, "role");
	bool ordinary = strcmp(role, "client") == 0;
	autofree char *words = format("%s%s%s", ordinary ? "" : role, ordinary ? "" : ": ",
				      member_or_empty(outcome, "words"));

	xml_open(page, "tr");
	write_count(page, outcome, "clients");
	xml_element(page, "td", words);
	for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
		autofree char *time = time_text(outcome, times[i]);

		write_number(page, time);
	}
	write_count(page, outcome, "sent_syn_again");
	xml_close(page);
}

static void write_outcomes(xml page, const json_t *outcomes)
{
	static const char *const columns[] = { "clients",  "what became of them",
					       "shortest", "median",
					       "longest",  "sent their SYN again" };
	size_t index;
	json_t *outcome;

	if (json_array_size(outcomes) == 0)
		return;
	page_scrolled(page, "div", "what became of the clients");
	xml_open(page, "table");
	xml_attribute(page, "class", "narrow outcomes");
	xml_open(page, "thead");
	xml_open(page, "tr");
	for (size_t i = 0; i < ARRAY_LENGTH(columns); i++)
		page_column(page, columns[i]);
	xml_close(page);
	xml_close(page);
	xml_open(page, "tbody");
	json_array_foreach (outcomes, index, outcome)
		write_outcome(page, outcome);
	xml_close(page);
	xml_close(page);
	xml_close(page);
}

/* The clients in time. */
static void write_picture(xml page, const struct tried_page *about, const json_t *scenario)
{
	autofree char *path =
		format("%s/%s/journal.jsonl", about->folder, member_or_empty(scenario, "folder"));
	autofree char *why = NULL;
	struct journal *journal = journal_salvage(path, &why);

	if (!journal)
		return;
	struct told *told = told_of(journal);
	autofree char *svg = clients_svg_part(told);

	page_scrolled(page, "div", "the clients in time");
	xml_raw(page, svg);
	xml_close(page);
	xml_line(page);
	told_free(told);
	journal_free(journal);
}

/* What the server did, as far as it is known. */
static void write_work(xml page, const json_t *server)
{
	double rate = member_number(server, "accepts_per_second");
	struct text text = { 0 };

	text_add(&text, "The server accepted %d", member_whole(server, "accepted", INT32_MAX));
	if (rate > 0)
		text_add(&text, " (%.0f per second)", rate);
	if (json_is_true(json_object_get(server, "watched")))
		text_add(&text, "; at which rate, and with how much CPU time, is not known, as its "
				"accept() calls were watched, which takes time");
	if (json_is_number(json_object_get(server, "cpu_seconds")))
		text_add(&text, ", used %.3f s of CPU time", member_number(server, "cpu_seconds"));
	if (json_is_integer(json_object_get(server, "descriptors")))
		text_add(&text, ", and had %d of %d descriptors in use",
			 member_whole(server, "descriptors", INT32_MAX),
			 member_whole(server, "descriptor_limit", INT32_MAX));
	autofree char *line = text_take(&text);
	xml_element(page, "p", line);
}

static void write_unseen(xml page, const json_t *unseen)
{
	size_t index;
	json_t *words;

	json_array_foreach (unseen, index, words) {
		autofree char *line = format("Not seen: %s.", json_string_value(words));

		xml_element(page, "p", line);
	}
}

static void write_told_facts(xml page, const json_t *facts)
{
	size_t index;
	json_t *fact;

	if (json_array_size(facts) == 0)
		return;
	xml_open(page, "ul");
	json_array_foreach (facts, index, fact)
		xml_element(page, "li", member_or_empty(fact, "seen"));
	xml_close(page);
}

static void write_family(xml page, const struct tried_page *about, const json_t *scenario)
{
	const char *status = member_or_empty(scenario, "status");
	size_t index;
	json_t *finding;

	xml_open(page, "h4");
	xml_text(page, member_or_empty(scenario, "family"));
	json_array_foreach (findings_of(scenario), index, finding) {
		xml_text(page, index ? ", " : ": ");
		page_link_part(page, member_or_empty(finding, "name"),
			       member_or_empty(finding, "name"));
	}
	xml_close(page);
	if (strcmp(status, "skipped") == 0 || strcmp(status, "error") == 0) {
		xml_element_of(page, "p", page_class(status), member_or_empty(scenario, "reason"));
		return;
	}
	write_outcomes(page, json_object_get(scenario, "outcomes"));
	write_picture(page, about, scenario);
	write_work(page, json_object_get(scenario, "server"));
	write_unseen(page, json_object_get(scenario, "not_seen"));
	write_told_facts(page, json_object_get(scenario, "facts"));
}

/* "found something", "error", "nothing found", "does not apply": of all families the worst. */
static const char *word_of(const json_t *scenarios, size_t first, size_t count)
{
	static const struct {
		const char *status, *word;
	} worst_first[] = { { "error", "error" },
			    { "failed", "failed" },
			    { "passed", "nothing found" },
			    { "skipped", "does not apply" } };

	for (size_t i = 0; i < ARRAY_LENGTH(worst_first); i++)
		for (size_t j = first; j < first + count; j++)
			if (strcmp(member_or_empty(json_array_get(scenarios, j), "status"),
				   worst_first[i].status) == 0)
				return worst_first[i].word;
	return "error";
}

static size_t alike_from(const json_t *scenarios, size_t first)
{
	const char *name = member_or_empty(json_array_get(scenarios, first), "scenario");
	size_t count = 1;

	while (first + count < json_array_size(scenarios) &&
	       strcmp(member_or_empty(json_array_get(scenarios, first + count), "scenario"),
		      name) == 0)
		count++;
	return count;
}

static void write_scenario(xml page, const struct tried_page *about, size_t first, size_t count)
{
	const json_t *scenarios = json_object_get(about->tried, "scenarios");
	const json_t *scenario = json_array_get(scenarios, first);
	const char *word = word_of(scenarios, first, count);
	bool found = strcmp(word, "failed") == 0;
	const char *class = found                                 ? "bad"
			    : strcmp(word, "does not apply") == 0 ? "faint"
								  : page_class(word);

	xml_open(page, "details");
	xml_attribute(page, "class", "case");
	xml_attribute(page, "id", member_or_empty(scenario, "scenario"));
	if (strcmp(class, "bad") == 0)
		xml_attribute(page, "open", "open");
	xml_open(page, "summary");
	xml_element(page, "code", member_or_empty(scenario, "scenario"));
	xml_element_of(page, "span", class, found ? "found" : word);
	xml_close(page);
	xml_open(page, "div");
	xml_element(page, "p", member_or_empty(scenario, "question"));
	for (size_t i = first; i < first + count; i++)
		write_family(page, about, json_array_get(scenarios, i));
	xml_close(page);
	xml_close(page);
	xml_line(page);
}

static void write_scenarios(xml page, const struct tried_page *about)
{
	const json_t *scenarios = json_object_get(about->tried, "scenarios");

	xml_element(page, "h2", "Scenarios");
	for (size_t i = 0; i < json_array_size(scenarios); i += alike_from(scenarios, i))
		write_scenario(page, about, i, alike_from(scenarios, i));
}

static void write_body(xml page, const void *context)
{
	const struct tried_page *about = context;

	write_about(page, about->tried);
	write_findings(page, json_object_get(about->tried, "scenarios"));
	write_facts(page, json_object_get(about->tried, "facts"));
	write_scenarios(page, about);
	write_sysctls(page, json_object_get(about->tried, "sysctls"));
}

bool folder_has_trial(const char *folder)
{
	autofree char *path = format("%s/try.json", folder);

	return access(path, F_OK) == 0;
}

char *tried_page(const char *folder, const char *path)
{
	autofree char *source = format("%s/try.json", folder);
	json_error_t error;
	json_auto_t *tried = json_load(source, &error);
	const struct tried_page about = { .folder = folder, .tried = tried };
	autofree char *ladders = ladder_style();
	autofree char *style = format("%s%s%s\n", report_css, tried_css, ladders);
	const struct page page = { .title = "halfopen try",
				   .heading = "What becomes of this server's clients",
				   .style = style,
				   .write = write_body,
				   .context = &about };

	if (!tried)
		return format("cannot read %s: %s", source, error.text);
	return page_store(&page, path);
}
