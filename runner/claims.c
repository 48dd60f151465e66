/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims: the table of the documents' claims. The verdict is what the cases assert; the status is
 * what a run showed, and it says "shown" only when nothing that carries the claim is missing.
 */
#include "runner/parts.h"

#include <string.h>

enum { WIDTH = 100, CASE_INDENT = 20 /* names are long */ };

const char *claim_status_name(enum claim_status status)
{
	static const char *const names[] = {
		[CLAIM_SHOWN] = "shown",     [CLAIM_FAILED] = "failed",   [CLAIM_BROKEN] = "error",
		[CLAIM_SKIPPED] = "skipped", [CLAIM_NOT_RUN] = "not run",
	};

	return names[status];
}

static void weigh(struct evidence *evidence, const json_t *result)
{
	const char *variant = json_string_value(json_object_get(result, "variant"));

	switch (ending_from_name(json_string_value(json_object_get(result, "status")))) {
	case PASSED:
		evidence->passed++;
		if (variant)
			json_object_set_new(evidence->variants, variant, json_true());
		break;
	case SKIPPED:
		evidence->skipped++;
		break;
	case FAILED:
		evidence->failed++;
		break;
	default:
		evidence->broken++;
	}
}

/* Adds one case over one family: each of its repetitions must be there. */
static void weigh_entry(struct evidence *evidence, const json_t *run, const char *name,
			const char *family)
{
	size_t expected = (size_t)member_whole(run, "repeat", INT32_MAX), found = 0, index;
	json_t *result;

	json_array_foreach (json_object_get(run, "results"), index, result) {
		if (strcmp(json_string_value(json_object_get(result, "case")), name) != 0 ||
		    strcmp(json_string_value(json_object_get(result, "family")), family) != 0)
			continue;
		found++;
		weigh(evidence, result);
	}
	evidence->missing += found == 0 || found < expected;
}

enum claim_status evidence_status(const struct evidence *evidence)
{
	if (evidence->failed)
		return CLAIM_FAILED;
	if (evidence->broken)
		return CLAIM_BROKEN;
	if (evidence->missing || evidence->passed + evidence->skipped == 0)
		return CLAIM_NOT_RUN;
	return evidence->passed ? CLAIM_SHOWN : CLAIM_SKIPPED;
}

struct evidence claim_evidence(const json_t *run, const char *claim)
{
	struct evidence evidence = { .variants = json_object() };

	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next) {
		if (!text_has_word(spec->claims, claim))
			continue;
		if (case_has_family(spec, AF_INET))
			weigh_entry(&evidence, run, spec->name, family_name(AF_INET));
		if (case_has_family(spec, AF_INET6))
			weigh_entry(&evidence, run, spec->name, family_name(AF_INET6));
	}
	return evidence;
}

/* "a, b", or null where no case saw a variant. */
static json_t *variant_json(const struct evidence *evidence)
{
	struct text text = { 0 };
	const char *key;
	json_t *value;

	json_object_foreach (evidence->variants, key, value)
		text_add(&text, "%s%s", text.length ? ", " : "", key);
	autofree char *all = text_take(&text);

	return *all ? json_text(all) : json_null();
}

static json_t *cases_of(const char *claim)
{
	json_t *cases = json_array();

	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next)
		if (text_has_word(spec->claims, claim))
			json_array_append_new(cases, json_text(spec->name));
	return cases;
}

static json_t *claim_json(const struct claim *claim, const json_t *run)
{
	struct evidence evidence = claim_evidence(run, claim->id);
	json_t *json = json_pack(
		"{s:s, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "id", claim->id, "document",
		json_text(claim->document), "claim", json_text(claim->text), "verdict",
		claim_verdict_name(claim->verdict), "finding", json_text(claim->finding), "status",
		claim_status_name(evidence_status(&evidence)), "variant", variant_json(&evidence),
		"cases", cases_of(claim->id), "kernel",
		json_text(json_string_value(json_object_get(run, "kernel"))), "date",
		json_text(json_string_value(json_object_get(run, "started"))));

	json_decref(evidence.variants);
	return json;
}

/* ---- which claims -------------------------------------------------------------------------- */

static bool claim_matches(const struct claim *claim, const char *pattern,
			  enum strictness strictness)
{
	bool found = pattern_matches(pattern, claim->id, strictness) ||
		     pattern_matches(pattern, claim->document, strictness) ||
		     pattern_matches(pattern, claim->text, strictness);
	json_auto_t *cases = cases_of(claim->id);
	size_t index;
	json_t *name;

	json_array_foreach (cases, index, name)
		found = found || pattern_matches(pattern, json_string_value(name), strictness);
	return found;
}

bool claims_mark(const char *pattern, bool *wanted)
{
	size_t count;
	const struct claim *claims = all_claims(&count);
	bool found = false;

	for (int strictness = EXACTLY; !found && strictness <= LOOSELY; strictness++)
		for (size_t i = 0; i < count; i++)
			if (claim_matches(&claims[i], pattern, (enum strictness)strictness))
				found = wanted[i] = true;
	return found;
}

static void complain_of_pattern(const char *pattern)
{
	size_t count;
	const struct claim *claims = all_claims(&count);
	struct nearest nearest = { .typed = pattern };

	for (size_t i = 0; i < count; i++) {
		nearest_offer(&nearest, claims[i].id);
		nearest_offer(&nearest, claims[i].document);
	}
	for (const struct case_spec *spec = all_cases(); spec; spec = spec->next)
		nearest_offer(&nearest, spec->name);
	autofree char *near = nearest_text(&nearest);
	complain("no claim matches '%s'%s; see halfopen claims", pattern, near);
}

/* NULL after complaining. */
static json_t *wanted_claims(const struct options *options, const json_t *run)
{
	size_t count;
	const struct claim *claims = all_claims(&count);
	autofree bool *wanted = must_alloc(count + 1, sizeof(*wanted));

	for (size_t i = 0; i < options->word_count; i++)
		if (!claims_mark(options->words[i], wanted)) {
			complain_of_pattern(options->words[i]);
			return NULL;
		}

	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		if (wanted[i] || options->word_count == 0)
			json_array_append_new(array, claim_json(&claims[i], run));
	return array;
}

/* ---- what is printed ----------------------------------------------------------------------- */

static void print_claim(const json_t *claim)
{
	static const struct wrap wrap = { .indent = 29, .width = WIDTH };

	printf("%-7s %-10s %-8s  ", member_or_empty(claim, "id"), member_or_empty(claim, "verdict"),
	       member_or_empty(claim, "status"));
	text_wrap(stdout, wrap, member_or_empty(claim, "claim"));
	if (*member_or_empty(claim, "finding")) {
		autofree char *finding = format("Linux: %s", member_or_empty(claim, "finding"));

		printf("%*s", (int)wrap.indent, "");
		text_wrap(stdout, wrap, finding);
	}
	if (*member_or_empty(claim, "variant"))
		printf("%*svariant: %s\n", (int)wrap.indent, "", member_or_empty(claim, "variant"));
	size_t index;
	json_t *name;
	json_array_foreach (json_object_get(claim, "cases"), index, name)
		printf("%*scase: %s\n", CASE_INDENT, "", json_string_value(name));
}

static void print_source(FILE *out, const struct options *options, const json_t *run)
{
	if (!run) {
		fprintf(out,
			"no results.json in %s: nothing was run; `halfopen run` writes one there\n",
			options->artifacts ? options->artifacts : "./artifacts");
		return;
	}
	fprintf(out, "kernel %s, run of %s%s\n", member_or_empty(run, "kernel"),
		member_or_empty(run, "started"),
		json_is_true(json_object_get(run, "complete")) ? "" : ", which did not finish");
}

static void print_claims(const struct options *options, const json_t *run, const json_t *claims)
{
	size_t index;
	json_t *claim;
	const char *document = "";

	print_source(stdout, options, run);
	json_array_foreach (claims, index, claim) {
		if (strcmp(document, member_or_empty(claim, "document")) != 0)
			printf("\n%s\n", member_or_empty(claim, "document"));
		document = member_or_empty(claim, "document");
		print_claim(claim);
	}
}

int command_claims(const struct options *options)
{
	bool missing;
	json_auto_t *run = results_load(options->artifacts, &missing);

	if (!run && !missing)
		return EXIT_RUN_ERROR;
	json_auto_t *claims = wanted_claims(options, run);
	if (!claims)
		return EXIT_USAGE;
	if (!options->json) {
		print_claims(options, run, claims);
		return EXIT_GOOD;
	}
	if (!run)
		print_source(stderr, options, run);
	json_dumpf(claims, stdout, JSON_INDENT(1));
	putchar('\n');
	return EXIT_GOOD;
}
