/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims: the table of the documents' claims, and that of the behaviours. The verdict is what the
 * cases assert; the status is what a run showed, and it says "shown" only when nothing that carries
 * the claim is missing. And what pages say of the words, for who knows a symptom only.
 */
#include "runner/cli/cli.h"

#include <string.h>
#include <strings.h>

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
	const char *status = claim_status_name(evidence_status(&evidence));
	json_t *json = claim_as_json(catalogue, claim);

	json_object_set_new(json, "status", json_text(status));
	json_object_set_new(json, "variant", variant_json(&evidence));
	json_object_set_new(json, "cases", cases_of_claim(catalogue, claim->id));
	json_object_set_new(json, "kernel", json_text(member_string(run, "kernel")));
	json_object_set_new(json, "date", json_text(member_string(run, "started")));

	json_decref(evidence.variants);
	return json;
}

/* The words of @text, which live as long as @kept. */
static void offer_words(struct nearest *nearest, struct words *kept, const char *text)
{
	static const char between[] = " \n|,.:;()[]\"'`*=";

	for (text += strspn(text, between); *text; text += strspn(text, between)) {
		size_t length = strcspn(text, between);

		words_add(kept, "%.*s", (int)length, text);
		nearest_offer(nearest, kept->all[kept->count - 1]);
		text += length;
	}
}

static void complain_of_pattern(const struct catalogue *catalogue, const char *pattern)
{
	struct nearest nearest = { .typed = pattern };
	struct words kept = { 0 };

	for (size_t i = 0; i < catalogue->claim_count; i++) {
		nearest_offer(&nearest, catalogue->claims[i].id);
		nearest_offer(&nearest, catalogue->claims[i].document);
		offer_words(&nearest, &kept, catalogue->claims[i].text);
	}
	for (size_t i = 0; i < catalogue->case_count; i++)
		nearest_offer(&nearest, catalogue->cases[i].name);
	for (size_t i = 0; i < catalogue->guide_count; i++)
		offer_words(&nearest, &kept, catalogue->guides[i].text);
	autofree char *near = nearest_text(&nearest);
	complain("no claim or behaviour matches '%s', and no page has it%s; see halfopen claims",
		 pattern, near);
	words_free(&kept);
}

/* ---- by what their cases have counted ------------------------------------------------------- */

/* "      +3  ListenOverflows": whether the name is meant. Exempt counters have a word behind it. */
static bool line_is_meant(const char *line, const char *pattern, enum strictness strictness)
{
	autofree char *delta = text_word(&line), *name = text_word(&line);
	autofree char *reason = text_word(&line);

	return delta && (delta[0] == '+' || delta[0] == '-') && name && !reason &&
	       pattern_matches(pattern, name, strictness);
}

/* Whether the case has moved such a counter: as its folder says, where that is of this result. */
static bool has_moved(const struct options *options, const json_t *result, const char *pattern,
		      enum strictness strictness)
{
	const char *artifacts = artifacts_of(options);

	if (!result_stands(options->catalogue, result, artifacts))
		return false;
	autofree char *folder = result_folder(result);
	autofree char *path = format("%s/%s/counters.txt", artifacts, folder);
	autofree char *why = NULL, *counters = text_load(path, &why);
	char *rest = counters;

	for (const char *line; (line = strsep(&rest, "\n"));)
		if (line_is_meant(line, pattern, strictness))
			return true;
	return false;
}

static void mark_claims_of(const struct catalogue *catalogue, const char *case_name, bool *wanted)
{
	const struct listed_case *spec = catalogue_case(catalogue, case_name);

	for (size_t i = 0; i < catalogue->claim_count; i++)
		wanted[i] |= case_answers(spec, catalogue->claims[i].id);
}

/* ---- which are wanted ----------------------------------------------------------------------- */

/* What the patterns mean: by what is said of a claim, and by what its cases have counted. */
struct wanted {
	bool *said, *counted;   /* one for each claim */
	struct words counters;  /* the patterns that are, or are like, a counter's name */
	struct words said_none; /* those of them that no claim has */
};

static void wanted_free(struct wanted *wanted)
{
	free(wanted->said);
	free(wanted->counted);
	words_free(&wanted->counters);
	words_free(&wanted->said_none);
}

/*
 * Marks claims one of whose cases has moved such a counter, by the results that count. False: there
 * is none.
 */
static bool want_counter(struct wanted *wanted, const struct options *options, const json_t *run,
			 const char *pattern)
{
	enum strictness strictness = LOOSELY;
	bool found = false;
	size_t index;
	json_t *result;

	if (claims_mark(options->catalogue, pattern, wanted->said))
		strictness = EXACTLY; /* a word that is no counter's means nothing else */
	json_array_foreach (json_object_get(run, "results"), index, result) {
		if (!has_moved(options, result, pattern, strictness))
			continue;
		mark_claims_of(options->catalogue, member_string(result, "case"), wanted->counted);
		found = true;
	}
	if (found)
		words_add(&wanted->counters, "%s", pattern);
	if (found && strictness == LOOSELY)
		words_add(&wanted->said_none, "%s", pattern);
	return found || strictness == EXACTLY;
}

/* The word itself, but of "TcpExtListenDrops", as nstat has it, the counter's own name. */
static char *counter_name(char *pattern)
{
	size_t table = strlen("TcpExt");

	return strncasecmp(pattern, "TcpExt", table) == 0 && pattern[table] ? pattern + table
									    : pattern;
}

/* False after complaining. */
static bool want(struct wanted *wanted, const struct options *options, const json_t *run)
{
	size_t count = options->catalogue->claim_count;

	*wanted = (struct wanted){ .said = must_alloc(count + 1, sizeof(bool)),
				   .counted = must_alloc(count + 1, sizeof(bool)) };
	for (size_t i = 0; i < options->word_count; i++) {
		const char *word = counter_name(options->words[i]);

		if (!want_counter(wanted, options, run, word) &&
		    !passages_have(options->catalogue, word)) {
			complain_of_pattern(options->catalogue, options->words[i]);
			return false;
		}
	}
	for (size_t i = 0; options->word_count == 0 && i < count; i++)
		wanted->said[i] = options->catalogue->claims[i].verdict != BEHAVIOUR;
	return true;
}

/* ---- what is printed ----------------------------------------------------------------------- */

static bool is_any(const struct options *options, const bool *marked)
{
	for (size_t i = 0; i < options->catalogue->claim_count; i++)
		if (marked[i])
			return true;
	return false;
}

static const struct wrap beside_status = { .indent = 29, .width = WIDTH };

/* "Linux: ...", nothing where the claim has no such member. */
static void print_more(const json_t *claim, const char *member, const char *label)
{
	autofree char *text = format("%s: %s", label, member_or_empty(claim, member));

	if (!*member_or_empty(claim, member))
		return;
	printf("%*s", (int)beside_status.indent, "");
	text_wrap(stdout, beside_status, text);
}

static void print_claim(const json_t *claim)
{
	printf("%-7s %-10s %-8s  ", member_or_empty(claim, "id"), member_or_empty(claim, "verdict"),
	       member_or_empty(claim, "status"));
	text_wrap(stdout, beside_status, member_or_empty(claim, "claim"));
	print_more(claim, "finding", "Linux");
	print_more(claim, "missing", "missing");
	print_more(claim, "variant", "variant");
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

/* Where it is installed, or where the source tree has it. The caller frees it. */
static char *path_of_page(const char *name)
{
	char *installed = format("%s/%s", DOCUMENTS, name);

	if (access(installed, R_OK) == 0)
		return installed;
	free(installed);
	return format("docs/%s", name);
}

static void print_document(const struct catalogue *catalogue)
{
	size_t behaviours = 0;

	for (size_t i = 0; i < catalogue->claim_count; i++)
		behaviours += catalogue->claims[i].verdict == BEHAVIOUR;

	autofree char *document = path_of_page("claims.md");
	printf("\n%s%s explains them; behaviours.md beside it has %zu behaviours more\n", document,
	       *document == '/' ? "" : " of the source tree", behaviours);
}

static void print_passages(const struct options *options)
{
	struct words words = { 0 };

	for (size_t i = 0; i < options->word_count; i++)
		words_add(&words, "%s", counter_name(options->words[i]));
	struct patterns patterns = { .words = words.all, .count = words.count };
	struct passages found = passages_find(options->catalogue, patterns);

	if (found.count)
		printf("\npages that have %s:\n", options->word_count > 1 ? "these words" : "it");
	for (size_t i = 0; i < found.count; i++) {
		autofree char *page = path_of_page(found.all[i].page);

		printf("%s, \"%s\"\n    ", page, found.all[i].heading);
		text_wrap(stdout, (struct wrap){ .indent = 4, .width = WIDTH }, found.all[i].text);
	}
	if (found.more)
		puts("and others");
	passages_free(&found);
	words_free(&words);
}

/* Those of @marked, below the names of their documents. */
static void print_claims(const struct options *options, const json_t *run, const bool *marked)
{
	const struct catalogue *catalogue = options->catalogue;
	const char *document = "";

	for (size_t i = 0; i < catalogue->claim_count; i++) {
		if (!marked[i])
			continue;
		json_auto_t *claim = claim_json(catalogue, &catalogue->claims[i], run);
		if (strcmp(document, catalogue->claims[i].document) != 0)
			printf("\n%s\n", catalogue->claims[i].document);
		document = catalogue->claims[i].document;
		print_claim(claim);
	}
}

/* A counter's name may mean two lists: each has its heading. */
static void print_all_claims(const struct options *options, const json_t *run,
			     const struct wanted *wanted)
{
	const struct words *counters = &wanted->counters, *none = &wanted->said_none;

	print_source(stdout, options, run);
	if (none->count < options->word_count && counters->count)
		printf("\nclaims that match:\n");
	print_claims(options, run, wanted->said);
	for (size_t i = 0; i < none->count; i++)
		printf("\nno claim has the word '%s'\n", none->all[i]);
	if (counters->count) {
		printf("\nclaims whose cases have moved such a counter:");
		for (size_t i = 0; i < counters->count; i++)
			printf("%s %s", i ? "," : "", counters->all[i]);
		putchar('\n');
	}
	print_claims(options, run, wanted->counted);
	print_document(options->catalogue);
}

static void print_wanted(const struct options *options, const json_t *run,
			 const struct wanted *wanted)
{
	if (is_any(options, wanted->said) || is_any(options, wanted->counted))
		print_all_claims(options, run, wanted);
	print_passages(options);
}

/* Each once, however it was found. */
static void print_json(const struct options *options, const json_t *run,
		       const struct wanted *wanted)
{
	const struct catalogue *catalogue = options->catalogue;
	json_auto_t *claims = json_array();

	if (!run)
		print_source(stderr, options, run);
	for (size_t i = 0; i < catalogue->claim_count; i++)
		if (wanted->said[i] || wanted->counted[i])
			json_array_append_new(claims,
					      claim_json(catalogue, &catalogue->claims[i], run));
	json_dumpf(claims, stdout, JSON_INDENT(1));
	putchar('\n');
}

static int command_claims(const struct options *options)
{
	bool missing;
	json_auto_t *run = results_load(options->artifacts, &missing);
	struct wanted wanted;

	if (!run && !missing)
		return EXIT_RUN_ERROR;
	bool good = want(&wanted, options, run);
	if (good && options->json)
		print_json(options, run, &wanted);
	else if (good)
		print_wanted(options, run, &wanted);
	wanted_free(&wanted);
	return good ? EXIT_GOOD : EXIT_USAGE;
}

static const struct cli_option claims_options[] = {
	ARTIFACTS_OPTION("take the status from the runs in this folder (default: ./artifacts)"),
	{ .name = "json", .take = take_flag, FIELD(json), .help = "an array of objects" },
	{ 0 },
};

const struct command claims_command = {
	.name = "claims",
	.arguments = "[PATTERN...]",
	.summary = "the claims, what the cases assert, and what the last run showed",
	.about =
		"Print the claims and behaviours whose id, text, finding or cases match a PATTERN, "
		"or the name of their document or subject; and, below a heading of its own, those "
		"whose cases have moved a counter of that name in the run. Then come the pages "
		"that "
		"have the words: of an error, a counter, a sysctl, or what else you see. Without a "
		"PATTERN, all claims of the documents.",
	.options = claims_options,
	.complete = complete_claims,
	.obey = command_claims,
};
