/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_claims: the table of claims in report.html, what each run has shown of them.
 */
#include "runner/pages/page.h"
#include "runner/pages/report.h"

#include <string.h>

static const char *status_of(const struct report *report, const struct report_run *run,
			     const struct claim *claim)
{
	struct evidence evidence = claim_evidence(report->catalogue, run->results, claim->id);

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
			page_link_case(page, json_string_value(name));
		else
			page_case_name(page, json_string_value(name));
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
	page_column(page, "claim");
	page_column(page, "verdict");
	for (size_t i = 0; i < report->run_count; i++) {
		autofree char *name = report_run_name(report, &report->runs[i]);

		page_column(page, name);
	}
	page_column(page, "cases");
	xml_close(page);
	xml_close(page);
}

static const char *verdict_word(int number)
{
	int verdict = CONFIRMED + number;

	return verdict <= ARGUED ? claim_verdict_name((enum claim_verdict)verdict) : NULL;
}

static const char *status_word(int number)
{
	return number <= CLAIM_NOT_RUN ? claim_status_name((enum claim_status)number) : NULL;
}

void report_write_claims(xml page, const struct report *report)
{
	static const struct choice by_verdict = { "verdict", "any verdict", verdict_word };
	static const struct choice by_status = { "status", "any status", status_word };
	const struct catalogue *catalogue = report->catalogue;
	struct documents documents = { .columns = report->run_count + 3 };

	xml_element(page, "h2", "Claims");
	page_open_filter(page, (struct filter){ ".claims tr[id]", "Find a claim" });
	page_choice(page, &by_verdict);
	page_choice(page, &by_status);
	page_close_filter(page);
	xml_open(page, "div");
	xml_attribute(page, "class", "claims");
	xml_open(page, "table");
	write_claim_heads(page, report);
	for (size_t i = 0; i < catalogue->claim_count; i++) {
		if (catalogue->claims[i].verdict == BEHAVIOUR)
			continue;
		page_enter_document(page, &documents, catalogue->claims[i].document);
		write_claim(page, report, &catalogue->claims[i]);
	}
	page_leave_documents(page, &documents);
	xml_close(page);
	xml_close(page);
	xml_line(page);
}
