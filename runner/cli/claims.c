/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims: the table of the documents' claims. The verdict is what the cases assert; the status is
 * what a run showed, and it says "shown" only when nothing that carries the claim is missing.
 */
#include "runner/cli/cli.h"

#include <string.h>
#include <sys/socket.h>

enum { WIDTH = 100, CASE_INDENT = 20 /* names are long */ };

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

static json_t *claim_json(const struct catalogue *catalogue, const struct claim *claim,
			  const json_t *run)
{
	struct evidence evidence = claim_evidence(catalogue, run, claim->id);
	const char *verdict = claim_verdict_name(claim->verdict);
	const char *status = claim_status_name(evidence_status(&evidence));
	json_t *json = json_object();

	json_object_set_new(json, "id", json_text(claim->id));
	json_object_set_new(json, "document", json_text(claim->document));
	json_object_set_new(json, "claim", json_text(claim->text));
	json_object_set_new(json, "verdict", json_text(verdict));
	json_object_set_new(json, "finding", json_text(claim->finding));
	json_object_set_new(json, "status", json_text(status));
	json_object_set_new(json, "variant", variant_json(&evidence));
	json_object_set_new(json, "cases", cases_of_claim(catalogue, claim->id));
	json_object_set_new(json, "kernel", json_text(member_string(run, "kernel")));
	json_object_set_new(json, "date", json_text(member_string(run, "started")));

	json_decref(evidence.variants);
	return json;
}

static void complain_of_pattern(const struct catalogue *catalogue, const char *pattern)
{
	struct nearest nearest = { .typed = pattern };

	for (size_t i = 0; i < catalogue->claim_count; i++) {
		nearest_offer(&nearest, catalogue->claims[i].id);
		nearest_offer(&nearest, catalogue->claims[i].document);
	}
	for (size_t i = 0; i < catalogue->case_count; i++)
		nearest_offer(&nearest, catalogue->cases[i].name);
	autofree char *near = nearest_text(&nearest);
	complain("no claim matches '%s'%s; see halfopen claims", pattern, near);
}

/* ---- by what their cases have counted ------------------------------------------------------- */

/* "      +3  ListenOverflows": whether the name is meant. Exempt counters have a word behind it. */
static bool line_is_meant(const char *line, const char *pattern)
{
	autofree char *delta = text_word(&line), *name = text_word(&line);
	autofree char *reason = text_word(&line);

	return delta && (delta[0] == '+' || delta[0] == '-') && name && !reason &&
	       pattern_matches(pattern, name, LOOSELY);
}

static bool has_moved(const struct options *options, const char *pattern, const char *name)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const char *artifacts = options->artifacts ? options->artifacts : default_artifacts;

	for (size_t i = 0; i < ARRAY_LENGTH(families); i++) {
		autofree char *path =
			format("%s/%s/%s/counters.txt", artifacts, name, family_name(families[i]));
		autofree char *why = NULL, *counters = text_load(path, &why);
		char *rest = counters;

		for (const char *line; (line = strsep(&rest, "\n"));)
			if (line_is_meant(line, pattern))
				return true;
	}
	return false;
}

/* Marks claims one of whose cases has moved such a counter in the run. False: there is none. */
static bool mark_by_counters(const struct options *options, const char *pattern, bool *wanted)
{
	const struct catalogue *catalogue = options->catalogue;
	bool found = false;

	for (size_t i = 0; i < catalogue->case_count; i++) {
		if (!has_moved(options, pattern, catalogue->cases[i].name))
			continue;
		for (size_t j = 0; j < catalogue->claim_count; j++)
			if (text_has_word(catalogue->cases[i].claims, catalogue->claims[j].id))
				found = wanted[j] = true;
	}
	if (found)
		fprintf(options->json ? stderr : stdout,
			"no claim has the word '%s'; cases that answer these have moved such a "
			"counter\n",
			pattern);
	return found;
}

/* NULL after complaining. */
static json_t *wanted_claims(const struct options *options, const json_t *run)
{
	const struct catalogue *catalogue = options->catalogue;
	autofree bool *wanted = must_alloc(catalogue->claim_count + 1, sizeof(*wanted));

	for (size_t i = 0; i < options->word_count; i++)
		if (!claims_mark(catalogue, options->words[i], wanted) &&
		    !mark_by_counters(options, options->words[i], wanted)) {
			complain_of_pattern(catalogue, options->words[i]);
			return NULL;
		}

	json_t *array = json_array();
	for (size_t i = 0; i < catalogue->claim_count; i++)
		if (wanted[i] || options->word_count == 0)
			json_array_append_new(array,
					      claim_json(catalogue, &catalogue->claims[i], run));
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
	autofree char *kept = kept_text(results_kept(run));
	if (kept)
		fprintf(out, "%s\n", kept);
}

/* Where they are installed, or where the source tree has them. */
static void print_document(void)
{
	static const char installed[] = DOCUMENTS "/claims.md";

	printf("\n%s explains them\n",
	       access(installed, R_OK) == 0 ? installed : "docs/claims.md of the source tree");
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
	print_document();
}

static int command_claims(const struct options *options)
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

static const struct cli_option claims_options[] = {
	{ .name = "artifacts",
	  .argument = "DIR",
	  .take = take_string,
	  FIELD(artifacts),
	  .complete = complete_folders,
	  .help = "take the status from the runs in this folder (default: ./artifacts)" },
	{ .name = "json", .take = take_flag, FIELD(json), .help = "an array of objects" },
	{ 0 },
};

const struct command claims_command = {
	.name = "claims",
	.arguments = "[PATTERN...]",
	.summary = "the claims, what the cases assert, and what the last run showed",
	.about = "Print the claims whose id, text, finding or cases match a PATTERN, or the name "
		 "of their document; where none does, those whose cases have moved a counter of "
		 "that name in the run.",
	.options = claims_options,
	.complete = complete_claims,
	.obey = command_claims,
};
